"""A recorded graph in the formats of other tools."""

from autograd.formats.json_graph import from_json, to_json
from autograd.formats.onnx.export import to_onnx

__all__ = ["from_json", "to_json", "to_onnx"]

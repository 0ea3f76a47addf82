"""A recorded graph in the formats of other tools."""

from autograd.formats.json_graph import from_json, to_json
from autograd.formats.networkx_graph import to_networkx
from autograd.formats.onnx.export import to_onnx
from autograd.formats.sympy_expression import to_sympy

__all__ = ["from_json", "to_json", "to_networkx", "to_onnx", "to_sympy"]

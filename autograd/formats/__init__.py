"""A recorded graph in the formats of other tools."""

from autograd.formats.json_graph import from_json, to_json

__all__ = ["from_json", "to_json"]

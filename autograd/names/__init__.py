"""Names: where they come from, those of a textbook, one for each node, and how they are written."""

from autograd.names.found import Found, names_in
from autograd.names.nodes import NodeNames
from autograd.names.written import displayed, latex_name, pictured

__all__ = ["Found", "NodeNames", "displayed", "latex_name", "names_in", "pictured"]

"""Pictures of graphs: ``draw(y)`` shows what y was made from, and every derivative on the way."""

from autograd.drawing.picture import Drawing, draw
from autograd.drawing.render import RenderError, render_with

__all__ = ["Drawing", "RenderError", "draw", "render_with"]

"""The interactive page: ``page(y)`` makes one HTML file in which to watch the chain rule."""

from autograd.page.write import Page, page

__all__ = ["Page", "page"]

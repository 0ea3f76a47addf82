"""The interactive page: ``page(y)`` writes one HTML file in which the chain rule can be watched."""

from autograd.page.write import page

__all__ = ["page"]

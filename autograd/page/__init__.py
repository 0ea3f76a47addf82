"""The interactive page: ``page(y)`` makes one HTML file in which to watch the chain rule.

The folder ``browser`` holds the page itself; write.py puts it and the exported graph together.
"""

from autograd.page.write import Page, page

__all__ = ["Page", "page"]

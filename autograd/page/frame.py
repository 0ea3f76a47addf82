"""The frame in which a notebook shows a page."""

from __future__ import annotations

import html

# A page is light or dark as its frame is. JupyterLab, VS Code, Colab and marimo say on an element
# around it which they are; elsewhere the frame takes the colour scheme of the notebook.
_STYLE = """\
.chain-rule { width: 100%; resize: vertical; border: 1px solid #8888; border-radius: 6px }
:is([data-jp-theme-light=true], .vscode-light, .vscode-high-contrast-light, [theme=light], .light)
.chain-rule { color-scheme: light }
:is([data-jp-theme-light=false], .vscode-dark, .vscode-high-contrast, [theme=dark], .dark)
.chain-rule { color-scheme: dark }
"""


def in_a_frame(source: str, nodes: int) -> str:
    """HTML that shows a page of that many nodes, and says what to do where frames are not shown.

    The frame is a sandbox: nothing in the page can reach the notebook, or the other way round. So
    nothing can fit its height to the page either: it follows from the size of the graph, and the
    reader can pull it taller.
    """
    height = min(860, 540 + 5 * nodes)
    return (
        f"<style>{_STYLE}</style>"
        f'<iframe class="chain-rule" srcdoc="{html.escape(source)}" sandbox="allow-scripts" '
        f'title="The chain rule, step by step" height="{height}"></iframe>'
        "<p><small>Nothing here, or too little room? <code>page(…).save(&quot;chain.html&quot;)"
        "</code> makes a file to open in a browser.</small></p>"
    )

"""The font of pictures, and their colours, each for light and for dark surroundings.

DOT text, and files that cannot know their surroundings, have the light colours. An SVG also has
``STYLE``, by which a browser exchanges each colour for its partner if the reader prefers dark.
Paper and ink change together, so a picture is legible wherever it is shown.
"""

from __future__ import annotations

# The layout reserves room for letters of this font, and a browser fills it with a font that the
# reader has. Of the fonts whose measures renderers know, only this one has stand-ins all as wide.
FONT = "Courier New"

# Six digits each, because older renderers paint three-digit colours black.
PAPER = "#fffffe"  # not plain white, because renderers write that as a name
INK = "#1f2933"
QUIET = "#5a6470"
DERIVATIVE = "#a3284b"
EDGE = "#66707c"
LEAF = "#e8f1fb"
LEAF_LINE = "#4a7fb5"
OPERATION = "#fdf2dc"
OPERATION_LINE = "#bd8a35"
# Weights above and below 0, as on the page, and the box around a layer.
POSITIVE = "#2f6ea8"
NEGATIVE = "#b5471f"
CLUSTER = "#f6f7f9"
CLUSTER_LINE = "#d5dae0"

_DARK = {
    PAPER: "#16191d",
    INK: "#e8eaed",
    QUIET: "#a3acb7",
    DERIVATIVE: "#ff9fb5",
    EDGE: "#98a2ad",
    LEAF: "#1b3048",
    LEAF_LINE: "#6ea3d8",
    OPERATION: "#3b2f17",
    OPERATION_LINE: "#d3a24c",
    POSITIVE: "#6ea8de",
    NEGATIVE: "#f0956f",
    CLUSTER: "#1d2126",
    CLUSTER_LINE: "#3a414a",
}

STYLE = "\n".join(
    [
        "@media (prefers-color-scheme: dark) {",
        *(
            f'.autograd [{paint}="{light}"] {{ {paint}: {dark}; }}'
            for light, dark in _DARK.items()
            for paint in ("fill", "stroke")
        ),
        "}",
    ]
)

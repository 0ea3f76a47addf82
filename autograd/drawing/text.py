"""Numbers and names as they appear in pictures."""

from __future__ import annotations

import html
import re

# A longer line is folded: a picture one label wide helps nobody, and past 32,767 pixels it is no
# picture at all.
LINE = 48

# Where a parameter lives, such as layers.0.neurons.3.bias. A number stays with what it counts.
_PATH = re.compile(r"[\w\[\]]+(?:\.[\w\[\]]+)+")
_BEFORE_A_WORD = re.compile(r"\.(?=[^\W\d])")
SMALL = 9  # points, of such a path; other text has 12

# What XML cannot carry, and tabs and returns, which renderers drop.
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def number(x: float, digits: int = 4) -> str:
    """Four digits that count, however small or large: 0.4200 as 0.42, and 0.00001 as 1e-05."""
    return f"{x:.0f}" if 1e4 <= abs(x) < 999_999.5 else f"{x:.{digits}g}"


def lines(text: str) -> list[str]:
    """The lines that show ``text`` as written.

    What has no printed form gets a visible stand-in: control characters their pictures (U+2400
    for NUL), and lone surrogates and other characters that XML forbids the replacement character.
    """
    shown = _UNPRINTABLE.sub(_stand_in, text)
    return [
        line[at : at + LINE]
        for line in shown.split("\n")
        for at in range(0, max(len(line), 1), LINE)
    ]


def markup(text: str, align: str = "CENTER") -> str:
    """``text`` for an HTML-like DOT label, where nothing in it is markup or an escape."""
    fold = f'<BR ALIGN="{align}"/>'
    # A last line is aligned by its own break, which DOT reads as an end of line, not a new one.
    # Markup is read first and backslashes after it, in HTML-like labels too: \N is a node's name.
    safe = (html.escape(line, quote=False).replace("\\", r"\\") for line in lines(text))
    return "".join(line + fold for line in safe)


def heading(name: str, width: int, align: str = "CENTER") -> str:
    """``name`` in bold; a long path smaller, in lines of up to ``width`` characters."""
    if not _PATH.fullmatch(name) or len(name) <= SMALL / 12 * width:
        return f"<B>{markup(name, align)}</B>"
    folded: list[str] = []
    for part in _BEFORE_A_WORD.split(name):
        if folded and len(folded[-1]) + 1 + len(part) <= width:
            folded[-1] += f".{part}"
        else:
            folded.append(part)
    return f'<FONT POINT-SIZE="{SMALL}"><B>{markup(chr(10).join(folded), align)}</B></FONT>'


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"

"""Any name as plain text, in LaTeX, and as short as a picture needs it."""

from __future__ import annotations

import re
import unicodedata

from autograd.names.textbook import Indexed
from autograd.visible import visible

# Arrows and paths read well within formulas; names with other signs or spaces get brackets.
_PLAIN = re.compile(r"(?!\d)\w(?:\w|[.'#]|\[\d+(?:,\d+)*\]|->)*")

_LATEX_CHARACTERS = {
    "_": r"\_", "#": r"{\#}", "$": r"{\$}", "%": r"{\%}", "&": r"{\&}", "{": r"{\{}",
    "}": r"{\}}", "\\": r"{\backslash}", "^": r"{\hat{\ }}", "~": r"{\sim}", "`": r"{\grave{\ }}",
    "*": r"{\ast}", "|": r"{\vert}", " ": r"\ ", "→": r"{\to}", "…": r"{\ldots}", ".": ".",
}  # fmt: skip

_ACCENTS = {
    "\u0300": r"\grave", "\u0301": r"\acute", "\u0302": r"\hat", "\u0303": r"\tilde",
    "\u0308": r"\ddot", "\u030a": r"\mathring", "\u030c": r"\check", "\u0304": r"\bar",
}  # fmt: skip

_GREEK = dict(zip(
    "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
    .split(),
))  # fmt: skip


def displayed(name: str) -> str:
    """A name for a terminal, as ``visible`` shows it; in brackets if it is not one word."""
    shown = visible(name)
    return shown if _PLAIN.fullmatch(shown) else f"[{shown}]"


def latex_name(name: str) -> str:
    """A name in math mode, whatever its characters. Any TeX that has amsmath compiles it.

    >>> latex_name("w1"), latex_name("in->h1"), latex_name("W1[2,0]")
    ('w_{1}', '\\\\mathrm{in{\\\\to}h1}', 'W^{1}_{2,0}')
    """
    if indexed := re.fullmatch(r"([A-Za-z])([0-9]*)", name):
        letter, digits = indexed.groups()
        return f"{letter}_{{{digits}}}" if digits else letter
    parts = Indexed.parsed(name) if name.isascii() and "[" in name else None
    if parts:
        letter = parts.letter if len(parts.letter) == 1 else _upright(parts.letter)
        layer = f"^{{{parts.layer}}}" if parts.layer else ""
        written = f"{letter}{layer}_{{{','.join(map(str, parts.indices))}}}"
        before = _upright(parts.prefix) if parts.prefix else ""
        return before + written + "".join(map(latex_character, parts.repeat))
    return _upright(name)


def _upright(name: str) -> str:
    return rf"\mathrm{{{''.join(map(latex_character, name.replace('->', '→')))}}}"


def pictured(name: str) -> str:
    """The name as short as a picture needs it: w¹₂₀ for ``W1[2,0]``. Other names stay as they are.

    Where an index has two digits, commas keep the indices apart.

    >>> pictured("encoder.W1[2,0]"), pictured("a2[11]#3"), pictured("W1[12,0]"), pictured("h1")
    ('encoder.w¹₂₀', 'a²₁₁#3', 'w¹₁₂‚₀', 'h1')
    """
    parts = Indexed.parsed(name)
    if not parts or not parts.indices:
        return name
    comma = "\u201a" if max(parts.indices) > 9 else ""
    indices = comma.join(str(i).translate(_SUBSCRIPTS) for i in parts.indices)
    letter = parts.letter.lower() if len(parts.letter) == 1 else parts.letter
    layer = parts.layer.translate(_SUPERSCRIPTS)
    return f"{parts.prefix}{letter}{layer}{indices}{parts.repeat}"


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def latex_character(c: str) -> str:
    """A character in math mode."""
    if c.isascii() and c.isalnum():
        return c
    if c in _LATEX_CHARACTERS:
        return _LATEX_CHARACTERS[c]
    if c in _GREEK:
        return rf"{{\{_GREEK[c]}}}"
    if c.isascii():
        return f"{{{c}}}"
    letter, *marks = list(unicodedata.normalize("NFD", c))
    if letter.isascii() and letter.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        return rf"{{{_ACCENTS[marks[0]]}{{{letter}}}}}"
    return f"{{U{{+}}{ord(c):04X}}}"

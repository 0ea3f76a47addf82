"""Text of any origin, made fit for a message, a terminal or a picture."""

from __future__ import annotations

LONGEST = 60
"""Characters of a name, a label or a setting in a message."""


def visible(text: object, longest: int = LONGEST) -> str:
    """A text on one line, not too long, and nothing but visible characters.

    So no label can move the cursor, colour a terminal or turn the direction of writing. What is
    too long loses its middle.
    """
    whole = str(text)
    if len(whole) > longest:
        half = longest // 2
        whole = f"{whole[: half - 1]}…{whole[-half:]}"
    return whole if whole.isprintable() else "".join(map(_shown, whole))


def _shown(character: str) -> str:
    return character if character.isprintable() else stand_in(character)


def stand_in(character: str) -> str:
    """For a character without a printed form: its picture (U+2400 for NUL), or U+FFFD."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"

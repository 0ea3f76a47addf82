"""Expressions and lines of NumPy source: parentheses, numbers, slices, long lines.

Formulas (``autograd.symbols``) set their parentheses by the templates of operations. Here they
follow Python: a matrix product is a factor in parentheses, and a + -b becomes a - b.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compiler.program import Array, Floats, Indices

LONGEST_LINE = 88
NOTE_COLUMN = 54
INDENT = "    "

SUM, MATRIX, PRODUCT, MINUS, POWER, CALL = 1, 1.9, 2, 2.5, 3, 4
"""How tightly an expression holds together. A matrix product gets parentheses as a factor."""


@dataclass(frozen=True)
class Text:
    """An expression and how tightly it holds together.

    Attributes:
        turned: the same with the first two axes exchanged, if it is known.
    """

    text: str
    precedence: float = CALL
    turned: Text | None = None

    def within(self, precedence: float) -> str:
        """The text, in parentheses where the surroundings bind more tightly."""
        return self.text if self.precedence >= precedence else f"({self.text})"

    @property
    def exchanged(self) -> Text:
        """The expression with its first two axes exchanged."""
        return Text(f"{self.within(CALL)}.swapaxes(0, 1)", turned=self)

    @property
    def negative(self) -> bool:
        """Whether it starts with a minus that a sum can absorb: a + -b * c is a - b * c."""
        return self.text.startswith("-") and self.precedence >= MATRIX


# --- numbers ---


def number_text(x: float) -> Text:
    """A number as a person writes it."""
    if not math.isfinite(x):
        text = "np.nan" if x != x else "np.inf" if x > 0 else "-np.inf"
    elif x == int(x) and abs(x) < 1e15 and (x or math.copysign(1, x) > 0):
        text = str(int(x))
    else:
        text = repr(x)
    return Text(text, MINUS if text.startswith("-") else CALL)


def whole_inverse(x: float) -> int | None:
    """n if x is 1/n and is better written like that: 1/3, but 0.5."""
    n = round(1 / x) if 1e-9 < x < 0.5 else 0
    return n if n and 1 / n == x and len(repr(x)) > 6 else None


def array_of(numbers: Floats, single: bool) -> str:
    """An array of numbers in full, whatever NumPy's print options are."""
    dtype = ", np.float32" if single else ""
    if mask := _triangle(numbers, dtype):
        return mask
    return f"np.array({_nested(numbers, lambda x: element(float(x)))}{dtype})"


def _triangle(numbers: Floats, dtype: str) -> str | None:
    """A square matrix with 0 on one side of the diagonal and another number on the other."""
    if numbers.ndim != 2 or numbers.shape[0] != numbers.shape[1] or len(numbers) < 3:
        return None
    for function, corner in (("triu", numbers[0, -1]), ("tril", numbers[-1, 0])):
        for diagonal in (1, 0, -1):
            mask = getattr(np, function)(np.full(numbers.shape, corner), diagonal)
            if np.array_equal(mask, numbers) and not np.signbit(numbers[numbers == 0]).any():
                filled = f"np.full({numbers.shape}, {element(float(corner))}{dtype})"
                return f"np.{function}({filled}, {diagonal})"
    return None


def index_of(lanes: Indices) -> str:
    """An array of whole numbers: as sums of ranges if possible, otherwise in full."""
    if lanes.size > 8 and (sums := _sums_of_ranges(lanes)):
        return sums
    return f"np.array({_nested(lanes, lambda n: str(int(n)))})"


def element(x: float) -> str:
    """A number as an element of an array of floats."""
    return repr(x) if math.isfinite(x) else number_text(x).text


def _nested(numbers: Floats | Indices, shown: Callable[[Any], str], depth: int = 0) -> str:
    if numbers.ndim == 0:
        return shown(numbers)
    parts = [_nested(part, shown, depth + 1) for part in numbers]
    row = f"[{', '.join(parts)}]"
    pad = INDENT * (depth + 1)
    if len(row) + len(pad) <= LONGEST_LINE - 24 and "\n" not in row:
        return row
    lines = [f"{pad}{part}," for part in parts] if numbers.ndim > 1 else filled(parts, pad)
    return "\n".join(["[", *lines, INDENT * depth + "]"])


def _sums_of_ranges(lanes: Indices) -> str | None:
    """Lanes as all sums of an element of one range and an element of the next, as in windows."""
    offset = int(lanes.flat[0])
    axes = []
    for axis in range(lanes.ndim):
        along = tuple(slice(None) if a == axis else 0 for a in range(lanes.ndim))
        axes.append(ranges_of(lanes[along]))
    sums = np.zeros((), np.int64)
    for n, step in (pair for ranges in axes for pair in ranges):
        sums = np.add.outer(sums, step * np.arange(n))
    if sum(map(len, axes)) > 4 or not np.array_equal(sums.reshape(lanes.shape) + offset, lanes):
        return None
    if lanes.ndim == 1:
        return _repeats(axes[0], offset)
    if any(step == 0 for ranges in axes for _, step in ranges) or not all(axes):
        return None
    texts = [_outer(ranges) for ranges in axes]
    texts[0] = f"{offset} + {texts[0]}" if offset else texts[0]
    shape = "" if sums.shape == lanes.shape else f".reshape{tuple_of([*map(str, lanes.shape)])}"
    text = texts[0]
    for other in texts[1:-1]:
        text = f"np.add.outer({text}, {other})"
    return "\n".join(listing("np.add.outer(", [text, texts[-1]], f"){shape}"))


def _outer(ranges: list[tuple[int, int]]) -> str:
    text = _range(*ranges[0])
    for n, step in ranges[1:]:
        text = f"np.add.outer({text}, {_range(n, step)})"
    return text


def _repeats(ranges: list[tuple[int, int]], offset: int) -> str | None:
    """A vector of lanes as a range, repeated as a whole or element by element."""
    steps = [step for _, step in ranges]
    used = [k for k, step in enumerate(steps) if step]
    if not used or 0 in steps[used[0] : used[-1] + 1]:
        return None
    first, last = used[0], used[-1] + 1
    text = _outer(ranges[first:last]) + ".ravel()" * (last - first > 1)
    text = f"{offset} + {text}" if offset else text
    for times, function in ((ranges[last:], "repeat"), (ranges[:first], "tile")):
        if times:
            text = f"np.{function}({text}, {math.prod(n for n, _ in times)})"
    return text


def ranges_of(lanes: Indices) -> list[tuple[int, int]]:
    """A vector of lanes as nested loops, each (times, step), the outermost first."""
    if len(lanes) == 1:
        return []
    step = int(lanes[1] - lanes[0])
    breaks = np.flatnonzero(np.diff(lanes) != step)
    n = int(breaks[0]) + 1 if len(breaks) else len(lanes)
    if len(lanes) % n:
        return [(len(lanes), step)]
    return [*ranges_of(lanes[::n]), (n, step)]


def _range(n: int, step: int) -> str:
    return f"np.arange({n})" if step == 1 else f"{step} * np.arange({n})"


# --- shapes and slices ---


def shape_of(array: Array) -> str:
    """The shape for a comment, in which B is the batch."""
    return tuple_of([*(["B"] if array.batched else []), *map(str, array.shape)])


def tuple_of(parts: Sequence[str]) -> str:
    """``(a, b)``, or ``(a,)`` of one."""
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def axes_of(axes: Sequence[int]) -> str:
    """The argument ``axis`` of a sum."""
    return str(axes[0]) if len(axes) == 1 else tuple_of([str(a) for a in axes])


def slice_of(first: int, last: int, step: int, n: int) -> str:
    """The slice from one element to another, of an axis of ``n``."""
    if step < 0:
        stop = last - 1
        shown = f"{'' if first == n - 1 else first}:{'' if stop < 0 else stop}"
        return f"{shown}:{step}"
    stop = last + 1
    shown = f"{first or ''}:{'' if stop == n else stop}"
    return shown if step == 1 else f"{shown}:{step}"


# --- lines ---


def statement(left: str, right: str, note: str) -> list[str]:
    """``left right  # note``, on several lines if it is long. ``left`` ends with an equals sign."""
    line = f"{left} {right}"
    if len(line) <= NOTE_COLUMN:
        return [f"{line:<{NOTE_COLUMN}}  # {note}"]
    if len(INDENT) + len(line) + 4 + len(note) <= LONGEST_LINE:
        return [f"{line}  # {note}"]
    parts = _parts(right)
    if len(parts) == 1:
        return [f"# {note}", line] if len(INDENT) + len(line) <= LONGEST_LINE else [line]
    opening, closing = f"{left} (", ")"
    if _depths(right)[len(parts[0])]:  # the arguments of a call
        head, parts[0] = parts[0].split("(", 1)
        opening, parts[-1] = f"{left} {head}(", parts[-1].removesuffix(")")
    return [f"{opening:<{NOTE_COLUMN}}  # {note}", *filled(parts, INDENT, ""), closing]


def listing(opening: str, parts: Sequence[str], closing: str, pad: str = "") -> list[str]:
    """``opening a, b closing`` on one line, or with the parts on separate lines."""
    line = f"{pad}{opening}{', '.join(parts)}{closing}"
    if len(line) <= LONGEST_LINE:
        return [line]
    return [pad + opening, *filled(parts, pad + INDENT), pad + closing]


def filled(parts: Sequence[str], pad: str, separator: str = ",") -> list[str]:
    """Lines, each with as many parts as fit."""
    lines = [pad + parts[0] + separator]
    for part in parts[1:]:
        longer = f"{lines[-1]} {part}{separator}"
        if len(longer) + len(INDENT) <= LONGEST_LINE:
            lines[-1] = longer
        else:
            lines.append(pad + part + separator)
    return lines


def _parts(text: str) -> list[str]:
    """An expression cut where a line may end: between terms, or else between factors, or else, if
    it is one call, between arguments."""
    depths, parts = _depths(text), [text]
    call = (
        re.match(r"[\w.]+\(", text)
        and text.endswith(")")
        and 0 not in depths[len(text.split("(")[0]) : -1]
    )
    ways: list[tuple[int, tuple[str, ...]]] = [(0, ("+ ", "- ")), (0, ("* ", "/ ", "@ "))]
    for deepest, marks in [*ways, (1, ()), (2, ())] if call else ways:
        cuts = [
            at + 1
            for at, depth in enumerate(depths)
            if text[at] == " "
            and depth <= deepest
            and (text.startswith(marks, at + 1) if marks else text[at - 1] == ",")
        ]
        if cuts:
            parts = [text[a:b].strip() for a, b in zip([0, *cuts], [*cuts, len(text)])]
            if not call or deepest == 2 or max(map(len, parts)) < LONGEST_LINE - 2 * len(INDENT):
                return parts
    return parts


def _depths(text: str) -> list[int]:
    depths, depth = [], 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        depths.append(depth)
    return depths

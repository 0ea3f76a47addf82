"""The blocks of an explanation, which can be written as text and as LaTeX."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from autograd import ops
from autograd.explaining.steps import Step
from autograd.formulas import equal
from autograd.symbols import DOTS, Symbol, within

WIDTH = 88  # columns of the text


class Prose:
    """A paragraph of words and Symbols."""

    def __init__(self, *parts: str | Symbol) -> None:
        self._parts = parts

    def text(self) -> str:
        """The block for a terminal."""
        parts = (part if isinstance(part, str) else _unbroken(part.text) for part in self._parts)
        return _wrapped("".join(parts)).replace(_NO_BREAK, " ")

    def math(self, environment: str) -> str:
        """The block in LaTeX; lines of formulas stand within the environment."""
        parts = (part if isinstance(part, str) else f"${part.latex}$" for part in self._parts)
        return "".join(parts)


class Listing:
    """Values, one per line: name = expression = number."""

    def __init__(self, rows: Sequence[tuple[Symbol, Symbol, Symbol]]) -> None:
        self._rows = rows

    def text(self) -> str:
        """The block for a terminal."""
        names = max(len(name.text) for name, _, _ in self._rows)
        room = WIDTH - names - len("   =  = -1.23456789e-100")
        column = max((len(x.text) for _, x, _ in self._rows if len(x.text) <= room), default=0)
        lines = (
            f"  {name.text:<{names}} = {expression.text:<{column}} = {number.text}"
            for name, expression, number in self._rows
        )
        return "\n".join(_wrapped(line, " " * (names + 5)) for line in lines)

    def math(self, environment: str) -> str:
        """The block in LaTeX; lines of formulas stand within the environment."""
        rows = (f"{name.latex} &= {equal(*sides).latex}" for name, *sides in self._rows)
        return _aligned(rows, environment)


class PathProduct:
    """A path: its factors as derivatives, as formulas and as numbers, and their product."""

    def __init__(self, steps: Sequence[Step], product: float) -> None:
        self._rows = [
            [step.derivative for step in steps],
            _factors([step.formula for step in steps]),
            _factors([Symbol.of(step.number) for step in steps]),
        ]
        if len(steps) > 1:
            self._rows.append([Symbol.of(product)])
        elif steps[0].formula.number is not None:
            self._rows.pop()  # the formula is the number itself

    def text(self) -> str:
        """The block for a terminal."""
        widths = [max(len(x.text) for x in column) for column in zip(*self._rows[:3])]
        if sum(widths) + 3 * len(widths) > WIDTH - 4:
            widths = [0] * len(widths)
        lines = []
        for row, sign in zip(self._rows, " ==="):
            cells = [x.text.ljust(width) for x, width in zip(row, widths)]
            lines.append(_folded(cells, f"  {sign} ", "×"))
        return "\n".join(lines)

    def math(self, environment: str) -> str:
        """The block in LaTeX; lines of formulas stand within the environment."""
        products = [r" \cdot ".join(x.latex for x in row) for row in self._rows]
        first, *others = products
        return _aligned([f"&{first}", *(f"&= {product}" for product in others)], environment)


class SumOfPaths:
    """The products of the paths, and their sum."""

    def __init__(self, left: Symbol, terms: Sequence[Symbol], total: Symbol) -> None:
        self._left, self._total = left, total
        self._terms = [within(ops.add, place, term) for place, term in enumerate(terms)]

    def text(self) -> str:
        """The block for a terminal."""
        first, *others = (x.text for x in self._terms)
        lead = f"  {self._left.text}"
        sum_ = _folded([first, *others], f"{lead} = ", "+")
        return f"{sum_}\n{' ' * len(lead)} = {self._total.text}"

    def math(self, environment: str) -> str:
        """The block in LaTeX; lines of formulas stand within the environment."""
        terms = " + ".join(x.latex for x in self._terms)
        rows = [f"{self._left.latex} &= {terms}", f"&= {self._total.latex}"]
        return _aligned(rows, environment)


Block = Prose | Listing | PathProduct | SumOfPaths


def _factors(factors: Sequence[Symbol]) -> list[Symbol]:
    """Factors as they stand within their product."""
    if len(factors) == 1:
        return list(factors)
    return [x if x is DOTS else within(ops.mul, at, x) for at, x in enumerate(factors)]


def _folded(cells: Sequence[str], lead: str, sign: str) -> str:
    """Cells joined by a sign, on as many lines as they need."""
    lines = [lead + cells[0]]
    margin = " " * (len(lead) - 2)
    for cell in cells[1:]:
        if len(lines[-1]) + len(cell) + 3 > WIDTH:
            lines.append(f"{margin}{sign} {cell}")
        else:
            lines[-1] += f" {sign} {cell}"
    return "\n".join(_wrapped(line.rstrip(), f"{margin}    ") for line in lines)


def _wrapped(line: str, margin: str = "") -> str:
    """A line that is too long, broken at spaces into several."""
    if len(line) <= WIDTH:
        return line
    folded = textwrap.wrap(
        line, WIDTH, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(folded)


_NO_BREAK = "\u00a0"


def _unbroken(text: str) -> str:
    """The text with spaces at which no line is broken."""
    return text.replace(" ", _NO_BREAK)


def _aligned(rows: Iterable[str], environment: str) -> str:
    body = " \\\\\n".join(rows)
    written = f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"
    return f"$$\n{written}\n$$" if environment == "aligned" else written

"""Rows of the operation table as programs that the page can run.

A rule is plain arithmetic on whatever it is given. Given the operand below, it writes down what it
does, step by step, so the page computes derivatives from the table and holds none of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autograd import ops
from autograd.ops import Op
from autograd.real import as_float

# The rows whose forward function is not arithmetic on other rows; model.js has each by its name.
PRIMITIVES = frozenset(
    "add sub mul div neg pow sum tanh exp log sqrt relu sigmoid softplus sin cos abs maximum "
    "minimum logsumexp sech2 sign step above strong_mul".split()
)

# A program is {"steps": [...], "results": [...]}. It starts from the inputs (and, for a rule, the
# output after them); each step appends one number to them, a constant or [function, places...];
# the results are places again.
Program = dict[str, Any]

_LONGEST = 400  # letters of a derivative written out


class Untraceable(TypeError):
    """The row does something that cannot be written down, such as a call of ``math``."""


class Tape:
    """Steps in the order in which an expression took them, none of them twice."""

    def __init__(self, given: int) -> None:
        self.given = [Traced(self, place) for place in range(given)]
        self.steps: list[Any] = []
        self._place: dict[object, int] = {}

    def place(self, x: object) -> int:
        """Where the number ``x`` stands: an operand of this tape, or else a constant."""
        if isinstance(x, Traced):
            return x.place
        number = encoded(as_float(x))
        return self.append(repr(number), number).place

    def append(self, key: object, step: Any) -> Traced:
        """The operand that ``step`` computes."""
        if key not in self._place:
            self._place[key] = len(self.given) + len(self.steps)
            self.steps.append(step)
        return Traced(self, self._place[key])

    def call(self, name: str, inputs: Sequence[Any]) -> Traced:
        """The operand that the primitive ``name`` computes from ``inputs``."""
        step = [name, *map(self.place, inputs)]
        return self.append(tuple(step), step)

    def program(self, results: Sequence[Any]) -> Program:
        """What was traced, with the places of the results."""
        places = [self.place(x) for x in results]
        return {"steps": self.steps, "results": places}


class Traced:
    """The operand that records: arithmetic on it becomes steps of its tape."""

    def __init__(self, tape: Tape, place: int) -> None:
        self.tape = tape
        self.place = place

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> Any:
        """A row among the steps: a primitive by its name, another by what it consists of."""
        tape = next(x.tape for x in inputs if isinstance(x, Traced))
        if is_primitive(op):
            return tape.call(op.name, inputs)
        exponent = exponent_of(op)
        if exponent is not None:
            return tape.call("pow", [*inputs, exponent])
        return op.forward(inputs) if op.arity is None else op.forward(*inputs)

    def __add__(self, other: Any) -> Traced:
        return self.tape.call("add", [self, other])

    def __radd__(self, other: Any) -> Traced:
        return self.tape.call("add", [other, self])

    def __sub__(self, other: Any) -> Traced:
        return self.tape.call("sub", [self, other])

    def __rsub__(self, other: Any) -> Traced:
        return self.tape.call("sub", [other, self])

    def __mul__(self, other: Any) -> Traced:
        return self.tape.call("mul", [self, other])

    def __rmul__(self, other: Any) -> Traced:
        return self.tape.call("mul", [other, self])

    def __truediv__(self, other: Any) -> Traced:
        return self.tape.call("div", [self, other])

    def __rtruediv__(self, other: Any) -> Traced:
        return self.tape.call("div", [other, self])

    def __pow__(self, other: Any) -> Traced:
        return self.tape.call("pow", [self, other])

    def __rpow__(self, other: Any) -> Traced:
        return self.tape.call("pow", [other, self])

    def __neg__(self) -> Traced:
        return self.tape.call("neg", [self])

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return self.tape.call("abs", [self])

    def _branched(self, *_: object) -> NoReturn:
        raise Untraceable("it looks at its operands, as `if x > 0` does")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _branched
    __hash__ = object.__hash__


def is_primitive(op: Op) -> bool:
    """Whether the page knows the forward function by the row's name."""
    return op.name in PRIMITIVES and ops.TABLE.get(op.name) is op


def exponent_of(op: Op) -> float | None:
    """The n of a row ``power(n)``; None for any other row."""
    if op.registered or not op.name.startswith("power("):
        return None
    return float(op.name[6:-1])


def forward_program(op: Op, n: int) -> Program | None:
    """The row's value at ``n`` inputs; None if it cannot be written down."""
    return _traced(n, lambda xs: [Traced.apply_op(op, xs)])


def rule_program(op: Op, n: int, taught: bool = False) -> Program | None:
    """The local derivatives at ``n`` inputs and the output, or None.

    Args:
        op: the row.
        n: how many inputs it has.
        taught: the derivatives as they are taught, not those to compute with.
    """
    rule = op.partials if taught else op.rule

    def derivatives(given: Sequence[Traced]) -> Sequence[Any]:
        *xs, y = given
        partials = rule(y, xs) if op.arity is None else rule(y, *xs)
        if len(partials) != n:
            raise Untraceable("it gives another number of derivatives than it has inputs")
        return partials

    return _traced(n + 1, derivatives)


def _traced(given: int, function: Callable[[Sequence[Traced]], Sequence[Any]]) -> Program | None:
    tape = Tape(given)
    try:
        return tape.program(function(tape.given))
    except (TypeError, ValueError, ArithmeticError, StopIteration):
        return None


# --- written, for people ---


def written(op: Op, n: int) -> list[str | int]:
    """The operation on ``n`` inputs as it is written: text, and the input's place in between."""
    return _parts(op.write(*(f"\0{place}\0" for place in range(n))))


def written_rule(program: Program | None, n: int) -> list[list[str | int] | None]:
    """Each derivative of a rule's program as it is written. The output's place is ``n``."""
    if program is None:
        return [None] * n
    texts = [(f"\0{place}\0", 4) for place in range(n + 1)]
    for step in program["steps"]:
        texts.append(_write_step(step, texts))
    chosen = [texts[place][0] for place in program["results"]]
    return [_parts(text) if len(text) < _LONGEST else None for text in chosen]


def _write_step(step: Any, texts: list[tuple[str, int]]) -> tuple[str, int]:
    """The text of one step, and how tightly it binds."""
    if not isinstance(step, list):
        text = step if isinstance(step, str) else f"{step:g}"
        return text, 2 if text.startswith("-") else 4
    op = ops.TABLE[step[0]]
    inputs = [texts[place] for place in step[1:]]
    text = op.write(*(_enclosed(x, op, i) for i, x in enumerate(inputs)))
    return (text if len(text) < _LONGEST else "." * _LONGEST), op.precedence


def _enclosed(written: tuple[str, int], op: Op, place: int) -> str:
    """An input in parentheses, where it binds less tightly than the operation on it."""
    text, precedence = written
    loose = precedence < op.precedence or (place > 0 and precedence == op.precedence)
    return f"({text})" if loose and op.precedence < 4 else text


def _parts(text: str) -> list[str | int]:
    return [int(part) if i % 2 else part for i, part in enumerate(text.split("\0"))]


def encoded(x: float) -> float | str:
    """A number as JSON can carry it: "nan", "inf" and "-inf" are text."""
    return x if math.isfinite(x) else str(x)

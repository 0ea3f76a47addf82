"""Loops as Python text: places become subscripts, operations expressions, groups of operations one
loop over their places."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from autograd import ops
from autograd.compiler.algebra import GUARDS, built_in, constant_part
from autograd.compiler.native.blocks import Clear, Each, LogSum, Place, RowCount, text
from autograd.compiler.program import Array, Indices, row_major
from autograd.ops import Op

Lines = list[str]


class NotNative(Exception):
    """A program that has no native form. The message says why."""


@dataclass
class Memory:
    """The variables of a native function.

    Attributes:
        names: of each array, and where in that variable it begins.
        scalars: arrays that are plain variables.
        padded: arrays whose memory goes on to a multiple of 8 numbers, with nothing in it.
        used: names of the elementary functions in use.
        gathers: index arrays, one after the other in the variable ``I``.
    """

    names: dict[Array, tuple[str, int]] = field(default_factory=dict)
    scalars: set[Array] = field(default_factory=set)
    padded: set[Array] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    gathers: list[Indices] = field(default_factory=list)
    gathered: dict[int, int] = field(default_factory=dict)

    def at(self, place: Place, variables: Sequence[str]) -> str:
        """The number there, as an expression; also the target of an assignment."""
        if (literal := place.array.literal()) is not None:
            return number(literal)
        name, base = self.names[place.array]
        if place.array in self.scalars:
            return name
        lane = affine(base + place.offset, place.strides, variables)
        if place.index is not None:
            inner = affine(self._start(place.index), place.steps, variables)
            lane = f"I[{inner}]" if lane == "0" else f"{lane} + I[{inner}]"
        return f"{name}[{lane}]"

    def _start(self, index: Indices) -> int:
        if id(index) not in self.gathered:
            self.gathered[id(index)] = sum(map(len, self.gathers))
            self.gathers.append(index)
        return self.gathered[id(index)]


# --- expressions ---


def affine(offset: int, strides: Sequence[int], variables: Sequence[str]) -> str:
    """The sum of an offset and of variables times strides."""
    terms = [tight(v) if s == 1 else f"{tight(v)} * {s}" for v, s in zip(variables, strides) if s]
    if offset or not terms:
        terms.append(str(offset))
    return " + ".join(terms)


def number(x: float) -> str:
    """A float as source."""
    if math.isfinite(x):
        return repr(x) if x >= 0 else f"({x!r})"
    return "np.nan" if x != x else "np.inf" if x > 0 else "(-np.inf)"


def tight(expression: str) -> str:
    """In brackets, if it is more than a name, a number or an element."""
    simple = expression.replace("_", "").replace(".", "").isalnum()
    bracketed = expression.endswith("]") and " " not in expression.split("[", 1)[0]
    if simple or (bracketed and expression.count("[") == expression.count("]") == 1):
        return expression
    return f"({expression})"


def indented(lines: Sequence[str]) -> Lines:
    """One level deeper."""
    return ["    " + line for line in lines]


# Their loops are worth vectors: see elementary.py on literal sizes.
ELEMENTARY = ("exp", "log", "tanh", "sigmoid", "softplus", "sech2", "pow")
FUNCTION_NAMES = {"abs": "absolute"}


def expression(op: Op, xs: Sequence[str], used: set[str]) -> str:
    """An operation on expressions.

    Raises:
        NotNative: the operation has no native form.
    """
    if op in (ops.sum, ops.add):
        return " + ".join(xs)
    if op is ops.sub:
        return f"{xs[0]} - {tight(xs[1])}"
    if op is ops.mul:
        return f"{tight(xs[0])} * {tight(xs[1])}"
    if op is ops.div:
        return f"{tight(xs[0])} / {tight(xs[1])}"
    if op is ops.neg:
        return f"-{tight(xs[0])}"
    if op is constant_part:
        return xs[0]
    for name, guard in GUARDS.items():
        if op is guard:
            return f"0.0 if {_comparison(name, xs)} else 1.0"
    if isinstance(op, ops.Power):
        return _power(op.exponent, tight(xs[0]), used)
    from autograd.compiler.native.elementary import NATIVE

    if op.name not in NATIVE or not built_in(op):
        raise NotNative(f"the operation {op.name!r} has no native form")
    used.add(op.name)
    return f"f_{op.name}({', '.join(xs)})"


def _power(n: float, x: str, used: set[str]) -> str:
    if n in (1, 2, 3, 4):
        return " * ".join([x] * int(n))
    if n == -1:
        return f"1.0 / {x}"
    if n == -2:
        return f"1.0 / ({x} * {x})"
    used.add("pow")
    return f"f_pow({x}, {number(n)})"


def _comparison(name: str, xs: Sequence[str]) -> str:
    a, b = map(tight, xs)
    signs = {"less": "<", "less_equal": "<=", "equal": "=="}
    plain = name.removeprefix("not ")
    test = f"{a} {signs[plain]} {b}"
    if plain == "equal":
        test = f"({test} or ({a} != {a} and {b} != {b}))"
    return f"not ({test})" if name.startswith("not ") else test


# --- loops ---


def loops(shape: Sequence[int | str], body: Callable[[list[str]], Lines], first: int = 0) -> Lines:
    """Nested loops over a shape around the lines of ``body(variables)``."""
    variables = [f"i{first + axis}" for axis in range(len(shape))]
    lines = []
    for axis, n in enumerate(shape):
        size = n if isinstance(n, str) else text(n)
        lines.append("    " * axis + f"for {variables[axis]} in range({size}):")
    return lines + ["    " * len(shape) + line for line in body(variables)]


def clear(memory: Memory, step: Clear) -> Lines:
    """Zeros."""
    flat = _flat(step.out, step.out.shape)
    place, shape = (
        (_line(step.out), (_length(step.out.shape),)) if flat else (step.out, step.out.shape)
    )
    return loops(shape, lambda at: [f"{memory.at(place, at)} = 0.0"])


def log_sum(memory: Memory, step: LogSum) -> Lines:
    """log(sum(exp(x))) over the last axes, with the largest taken out."""
    memory.used.update(("exp", "log1p", "maximum"))
    kept = step.out.shape
    rest = [f"{text(n)} * one" for n in step.operand.shape[len(kept) :]]

    def one(at: list[str]) -> Lines:
        def read(more: list[str]) -> str:
            return memory.at(step.operand, [*at, *more])

        first = len(kept)
        return [
            "top = -np.inf",
            *loops(rest, lambda m: [f"top = f_maximum(top, {read(m)})"], first),
            "ties = acc = 0.0",  # the largest and its equals are left to log1p
            *loops(
                rest,
                lambda m: [
                    f"ties += 1.0 if {read(m)} == top else 0.0",
                    f"acc += 0.0 if {read(m)} == top else f_exp({read(m)} - top)",
                ],
                first,
            ),
            f"{memory.at(step.out, at)} = "
            "top if math.isinf(top) else top + f_log1p(ties - 1.0 + acc)",
        ]

    return loops(kept, one)


class Group:
    """Operations at the same places, which one loop does.

    Results that only this loop needs stay in registers.
    """

    def __init__(self, first: Each, section: int) -> None:
        self.members = [first]
        self.section = section
        self.shape = first.out.shape
        self.flat = _is_flat(first)
        self.made: dict[Array, Place] = {}
        self._note(first)

    def takes(self, e: Each) -> bool:
        """Whether the loop can do that too."""
        if e.out.shape != self.shape or any(
            m.add and not m.out.constant for m in (e, *self.members)
        ):
            return False
        for v in e.operands:
            if v.array in self.made and not v.constant and not _same(v, self.made[v.array]):
                return False
            if v.array in self.made and v.constant and self.shape:
                return False
        return self.flat == _is_flat(e)

    def append(self, e: Each) -> None:
        """Do it, too."""
        self.members.append(e)
        self._note(e)

    def _note(self, e: Each) -> None:
        if not e.add:
            self.made[e.out.array] = e.out

    def lines(self, memory: Memory, outside: set[Array]) -> Lines:
        """The loop; ``outside``: arrays that others read."""
        shape: tuple[int | str, ...] = self.shape
        heavy = any(e.op and e.op.name in ELEMENTARY for e in self.members)
        if self.flat and self.shape:
            length = _length(self.shape)
            if heavy and not any(isinstance(n, RowCount) for n in self.shape):
                length = self._padded(memory, math.prod(self.shape))
            shape = (length,)
        elif heavy and self.shape and not isinstance(self.shape[-1], RowCount):
            shape = (*self.shape[:-1], _unrolled_not(self.shape[-1]))

        def body(at: list[str]) -> Lines:
            lines = []
            local: dict[Array, str] = {}
            for e in self.members:
                xs = [self._read(memory, local, v, at) for v in e.operands]
                value = expression(e.op, xs, memory.used) if e.op else xs[0]
                array = e.out.array
                target = memory.at(_line(e.out) if self.flat else e.out, at)
                if e.add:
                    lines.append(f"{target} += {value}")
                elif not self.shape or (e.op is None and array not in outside):
                    lines.append(f"{target} = {value}")
                else:
                    local[array] = f"t{len(local)}"
                    lines.append(f"{local[array]} = {value}")
                    if array in outside:
                        lines.append(f"{target} = {local[array]}")
            return lines

        return loops(shape, body)

    def _read(self, memory: Memory, local: dict[Array, str], v: Place, at: list[str]) -> str:
        if v.array in local:
            return local[v.array]
        return memory.at(_line(v) if self.flat else v, at)

    def _padded(self, memory: Memory, size: int) -> str:
        up = -(-size // 8) * 8
        places = [v for e in self.members for v in (e.out, *e.operands)]
        if all(v.constant or (v.array in memory.padded and not v.offset) for v in places):
            size = up
        return _unrolled_not(size)


def _unrolled_not(size: int) -> str:
    """A size that LLVM does not know where it is so small that it would unroll."""
    return str(size) if size >= 32 else f"{size} * one"


def _length(shape: Sequence[int]) -> str:
    """The number of places, as source."""
    rows = any(isinstance(n, RowCount) for n in shape)
    rest = math.prod(n for n in shape if not isinstance(n, RowCount))
    return str(rest) if not rows else f"rows * {rest}" if rest != 1 else "rows"


def _flat(v: Place, shape: Sequence[int]) -> bool:
    """Whether the places are neighbours, from first to last."""
    if any(isinstance(n, RowCount) for n in shape[1:]):
        return False
    return v.index is None and v.strides == row_major(tuple(map(int, shape)))


def _is_flat(e: Each) -> bool:
    if not e.out.shape:
        return True
    if len(e.out.shape) == 1 and isinstance(e.out.shape[0], RowCount):
        return False  # one loop in any case, so all may share it
    return all(_flat(v, e.out.shape) or v.constant for v in (e.out, *e.operands))


def _line(v: Place) -> Place:
    """Places that are neighbours, as one axis."""
    if not v.shape:
        return v
    return Place(v.array, (math.prod(v.shape),), v.offset, (0 if v.constant else 1,))


def _same(a: Place, b: Place) -> bool:
    return a.index is b.index is None and (a.offset, a.strides) == (b.offset, b.strides)

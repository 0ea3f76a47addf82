"""A program as NumPy source, as a person would write it who starts with matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd import ops
from autograd.compiler.numpy import product as numpy_product
from autograd.compiler.numpy.collect import Collector, straight
from autograd.compiler.numpy.dialect import NUMPY, Dialect
from autograd.compiler.numpy.kernels import PAIRS, in_python, reduced_in_python
from autograd.compiler.numpy.loops import Users, from_outside, users_of
from autograd.compiler.numpy.names import VariableNames
from autograd.compiler.numpy.operations import expression
from autograd.compiler.numpy.take import Taker
from autograd.compiler.numpy.text import (
    INDENT,
    LONGEST_LINE,
    PRODUCT,
    SUM,
    Text,
    axes_of,
    listing,
    shape_of,
    statement,
    whole_inverse,
)
from autograd.compiler.numpy.views import Views
from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Floats,
    Instruction,
    Loop,
    Map,
    Program,
    Reduce,
    Scatter,
    Shape,
    Take,
    View,
    row_major,
)
from autograd.ops import Op

# A longer expression gets a line and a name.
LONGEST_PART = 48
PER_ROW = "rows_and_gradients"


@dataclass
class NumpySource:
    """The text, what it needs besides NumPy, which are functions of operations that Python
    computes, and the names of the arrays of parameters."""

    text: str
    functions: dict[str, Callable[..., Floats]]
    parameters: list[str]


def write(program: Program, dtype: Any = np.float64, dialect: Dialect = NUMPY) -> NumpySource:
    """The source of a program: ``forward(...)``, or with gradients ``rows_and_gradients(...)``.

    The function takes the arguments, (batch, n) each, and the arrays of parameters. It returns
    the value for each row; if there are guards, how many fail for each row; and the gradients of
    the sum over the rows, by each array of parameters, or by each argument. With gradients,
    ``value_and_grad(...)`` follows, which makes the mean of these. Without arguments there is but
    one row, and ``value_and_grad(...)`` alone.

    Args:
        dtype: float64 or float32, of the arrays that the source itself makes.
        dialect: of the library that runs the source.
    """
    return _SourceWriter(program, np.dtype(dtype) == np.float32, dialect).source()


class _SourceWriter:
    def __init__(self, program: Program, single: bool, dialect: Dialect) -> None:
        self.program, self.dialect = program, dialect
        self.instructions = [_simplified(i) for i in program.instructions]
        self.names = VariableNames(program)
        self.forward = True  # what is being written
        self.functions: dict[str, Callable[..., Floats]] = {}
        self.in_python: dict[tuple[Op, int], str] = {}
        self.users: Users = {}
        self.pairs = _pairs(self.instructions) if dialect.pairs else {}
        ends = {i.out for pair in self.pairs.values() for i in pair}
        self.written_before = ends - set(self.pairs)
        for array, user, v in users_of(self.instructions):
            if self.written_before.isdisjoint(user.outs):
                self.users.setdefault(array, []).append((user, v))
        self.ends = {v.array for v in program.ends()} | set(from_outside(self.instructions))
        rows = dialect.rows(self.names[program.arguments[0]]) if program.arguments else "1"
        self.views = Views(self.names, rows, single, dialect)
        self.definitions = self.views.definitions
        self.collector, self.taker = Collector(self.views), Taker(self.views)
        self.loops = dialect.loops(self.views, self.users, self._instruction)

    # --- the text ---

    def source(self) -> NumpySource:
        """The whole text."""
        program, names = self.program, self.names
        forward: list[str] = []
        backward: list[str] = []
        for place, i in enumerate(self.instructions):
            self.forward = place < program.forward
            lines = forward if self.forward else backward
            lines += self._instruction(i)
        returned = [self.views.load(program.outputs).text]
        if program.failures is not None:
            returned.append(self.views.load(program.failures).text)
        for array, v in program.gradients.items():
            returned.append(self._gradient(array, v))
        blocks = [b.array for b in program.blocks]
        leaves = [*program.arguments, *blocks]
        body = [f'"""{self._summary()}"""']
        for kind, arrays in ("inputs, in B rows", program.arguments), ("parameters", blocks):
            if arrays:
                by_these = arrays[0] in program.gradients
                body.append(f"# {kind}{by_these * '; the gradients are by these, in this order'}:")
            body += [f"# {names[a]}: {shape_of(a)}" for a in arrays]
        body += forward
        if backward:
            body += ["", "# backward", *backward]
        if len(returned) == 1:
            body.append(f"return {returned[0]}")
        elif len(plain := "return " + ", ".join(returned)) + len(INDENT) <= LONGEST_LINE:
            body.append(plain)
        else:
            body += listing("return (", returned, ")")
        parameters = [names[a] for a in leaves]
        per_row = program.gradients and program.arguments
        name = PER_ROW if per_row else "value_and_grad" if program.gradients else "forward"
        functions = [_function(name, parameters, body)]
        if per_row and program.single:
            functions.append(_function("value_and_grad", parameters, self._mean(parameters)))
        lines = [
            *self._notes(),
            *self.dialect.imports(self.views.single),
            *([""] if self.views.constants else []),
            *(f"{name} = {value}" for value, name in self.views.constants.items()),
        ]
        parts = ["\n".join(lines), *sorted(self.definitions), *functions]
        text = "\n\n\n".join(parts) + "\n"
        return NumpySource(text, self.functions, [names[a] for a in blocks])

    def _mean(self, parameters: list[str]) -> list[str]:
        """What ``value_and_grad`` of a compiled function returns, from the results for each row."""
        values, gradients, failures = map(self.names.free, ("values", "gradients", "failing"))
        guarded = self.program.failures is not None
        left = ", ".join([values, *[failures] * guarded, f"*{gradients}"])
        check = f'assert not np.any({failures}), "a row takes another branch, or is not finite"'
        rows = self.dialect.rows(parameters[0])
        if self.views.single:  # NumPy 1 takes float32 by a Python number for float64
            rows = f"np.float32({rows})"
        return [
            '"""The mean of the values, and its gradients."""',
            *listing(f"{left} = {PER_ROW}(", parameters, ")"),
            *[check] * guarded,
            f"return np.mean({values}), [g / {rows} for g in {gradients}]",
        ]

    def _summary(self) -> str:
        program = self.program
        rows = " of each of B rows" if program.arguments else ""
        said = [f"The value{rows}"]
        if program.failures is not None:
            said.append("0 where it holds")
        if program.gradients:
            said.append("the gradients of the values' sum" if rows else "its gradients")
        return ", and ".join([", ".join(said[:-1]), said[-1]] if said[1:] else said) + "."

    def _notes(self) -> list[str]:
        """What the text needs besides NumPy."""
        if not self.in_python:
            return []
        return [
            *(
                f"# {name} is the operation {op.name!r}."
                for (op, _), name in self.in_python.items()
            ),
            "# Python computes it number by number, because it is not written in arithmetic and",
            "# other operations. This text does not run without a function of that name.",
            "",
        ]

    def _gradient(self, array: Array, v: View | None) -> str:
        if v is None:
            return f"np.zeros_like({self.names[array]})"
        if v.array.literal() is not None:
            return f"np.full_like({self.names[array]}, {self.views.load(v, array).text})"
        return self.views.load(v).text

    def _instruction(self, i: Instruction) -> list[str]:
        """The lines of one instruction; none if its expression stands where it is used."""
        if isinstance(i, Loop):
            return self.loops.lines(i)
        if i.out in self.written_before:
            return []
        if isinstance(i, Collect):
            return self.collector.lines(i)
        if isinstance(i, Scatter):
            return self.taker.lines(i)
        if isinstance(i, Map) and i.out in self.pairs:
            return self._pair(*self.pairs[i.out])
        text = self._expression(i)
        filled = self._filled(i)
        another_name = text.text.isidentifier() and filled == self.views.full(i.out)
        short = len(text.text) < LONGEST_PART and self._may_move(i, filled)
        if short or (another_name and i.out not in self.ends):
            self.views.inlined[i.out] = text
            self.views.narrow[i.out] = filled
            return []
        if filled != self.views.full(i.out):
            text = self._broadcast_to(text, i.out)
        return statement(f"{self.names.result(i.out)} =", text.text, shape_of(i.out))

    def _pair(self, first: Map, second: Map) -> list[str]:
        """The line that computes both."""
        pair = PAIRS[first.op.name]
        self.definitions.add(self.dialect.pair(pair, self.views.single))
        text = pair.call.format(self.views.load(first.operands[0], first.out).text)
        if self._filled(first) != self.views.full(first.out):
            text = f"(np.broadcast_to(y, {self.views.shape(first.out)}) for y in {text})"
        name = self.names.result(first.out)
        slope = self.names.leaf(second.out, f"s{name.strip('a')}" if name[0] == "a" else "s1")
        return statement(f"{name}, {slope} =", text, shape_of(first.out))

    def _may_move(self, i: Map | Reduce | Contract | Take, filled: Shape) -> bool:
        """Whether the result of ``i`` is used once, and as it stands."""
        users = self.users.get(i.out, [])
        if len(users) != 1 or i.out in self.ends or i.out in self.names.steps:
            return False
        ((user, v),) = users
        return v.whole and (filled == self.views.full(i.out) or isinstance(user, Map))

    # --- expressions ---

    def _expression(self, i: Map | Reduce | Contract | Take) -> Text:
        if isinstance(i, Map):
            return self._map(i)
        if isinstance(i, Reduce):
            return self._reduce(i)
        if isinstance(i, Take):
            return self.taker.expression(i)
        return numpy_product.product(i, self.views)

    def _map(self, i: Map) -> Text:
        xs = [self.views.load(v, i.out) for v in i.operands]
        if i.op is ops.mul:
            factor = i.operands[0].array.literal()
            # Which rounds otherwise, so not where the user wrote the product.
            if not self.forward and factor is not None and (n := whole_inverse(factor)):
                return Text(f"{xs[1].within(PRODUCT)} / {n}", PRODUCT)
        text = expression(i.op, xs, self.dialect)
        if text is None:
            call = self._in_python(i.op, 0)
            return Text(f"{call}({', '.join(x.text for x in xs)})")
        if (used := self.dialect.kernel(i.op)) and used.definition:
            self.definitions.add(used.definition)
        return text

    def _in_python(self, op: Op, axes: int) -> str:
        """The name of the function by which Python computes an operation, over the last axes."""
        if (op, axes) not in self.in_python:
            plain = "".join(c if c.isalnum() else "_" for c in op.name)
            name = self.names.free(f"{plain}_in_python")
            self.in_python[op, axes] = name
            self.functions[name] = reduced_in_python(op, axes) if axes else in_python(op)
        return self.in_python[op, axes]

    def _filled(self, i: Map | Reduce | Contract | Take) -> Shape:
        """The shape of the expression, which may lack axes along which it repeats."""
        if not isinstance(i, Map):
            return self.views.full(i.out)
        return np.broadcast_shapes(*(self.views.written_shape(v) for v in i.operands))

    def _broadcast_to(self, x: Text, out: Array) -> Text:
        return Text(f"np.broadcast_to({x.text}, {self.views.shape(out)})")

    def _reduce(self, i: Reduce) -> Text:
        v, kept = i.operand, len(i.out.shape)
        array, axes = v.array, list(range(kept, len(v.shape)))
        x = self.views.load(v)
        reduction = self.dialect.kernel(i.op)
        places = _places(v) if i.op is ops.sum or reduction else None
        if places and places[:kept] == sorted(places[:kept]):
            axes = [places[a] for a in axes]  # of the array itself, and nothing to turn
            x = self.views.named(array)
        axes = [a + array.batched for a in axes]
        if i.start and not axes:
            return Text(f"{x.within(SUM)} + 0.0", SUM)
        if i.start:
            self.definitions.add(self.dialect.in_order)
            first = ", start=-0.0" if i.start == "first" else ""
            return Text(f"sum_in_order({x.text}, axis={axes_of(axes)}{first})")
        if reduction:
            self.definitions.add(reduction.definition)
            return Text(reduction.call.format(x.text, axes_of(axes)))
        if i.op is not ops.sum:
            return Text(f"{self._in_python(i.op, len(axes))}({x.text})")
        axes.sort()
        if i.over_batch and array.batched:
            axes = [0, *axes]
        if axes:
            everything = not i.out.shape and not i.out.batched
            where = "" if everything else f"axis={axes_of(axes)}"
            if x.text.isidentifier():
                x = Text(f"{x.text}.sum({where})")
            else:
                x = Text(f"np.sum({x.text}{', ' * bool(where)}{where})")
        if i.over_batch and not array.batched:
            rows = self.views.rows
            if array.literal() is not None:  # Python's own numbers could not be reshaped
                rows = f"np.float{32 if self.views.single else 64}({rows})"
            x = Text(rows) if x.text == "1" else Text(f"{rows} * {x.within(PRODUCT)}", PRODUCT)
        return x


# --- small things ---


def _function(name: str, parameters: list[str], body: list[str]) -> str:
    lines = listing(f"def {name}(", parameters, "):")
    return "\n".join([*lines, *(f"{INDENT}{line}" if line else "" for line in body)])


def _simplified(i: Instruction) -> Instruction:
    """The instruction without sums over axes of size 1, and with parts in the order of places."""
    if isinstance(i, Loop):
        return replace(i, body=tuple(map(_simplified, i.body)))
    if isinstance(i, Collect):
        pairs = [straight(place, v) for place, v in zip(i.places, i.parts)]
        return Collect(i.out, tuple(p for p, _ in pairs), tuple(v for _, v in pairs))
    if not isinstance(i, Reduce) or i.op is not ops.sum or i.operand.index is not None:
        return i
    v, kept = i.operand, len(i.out.shape)
    axes = [a for a, n in enumerate(v.shape) if a < kept or n > 1]
    v = View(v.array, tuple(v.shape[a] for a in axes), v.offset, tuple(v.strides[a] for a in axes))
    if i.over_batch or len(axes) > kept or i.start == "zero":
        return replace(i, operand=v)
    return Map(i.out, i.op, (v,))


def _pairs(instructions: Sequence[Instruction]) -> dict[Array, tuple[Map, Map]]:
    """The pairs, each by the result of the one that comes first in the program."""
    maps = [i for i in instructions if isinstance(i, Map) and i.op.is_built_in]
    by_operand = {(i.op.name, i.operands[0].key): i for i in maps}
    found: dict[Array, tuple[Map, Map]] = {}
    for i in maps:
        second = i.op.name in PAIRS and (PAIRS[i.op.name].second, i.operands[0].key)
        if second in by_operand:
            pair = i, by_operand[second]
            found[i.out] = found[pair[1].out] = pair
    opening = {found[i.out]: i.out for i in reversed(maps) if i.out in found}
    pairs = {first: pair for pair, first in opening.items()}
    for loop in instructions:
        if isinstance(loop, Loop):
            pairs |= _pairs(loop.body)
    return pairs


def _places(v: View) -> list[int] | None:
    """For each axis of a view of the whole array, turned in any way, the axis of the array."""
    strides = row_major(v.array.shape)
    if v.index is not None or v.offset or len(set(strides)) != len(strides):
        return None
    if sorted(zip(v.strides, v.shape)) != sorted(zip(strides, v.array.shape)):
        return None
    return [strides.index(s) for s in v.strides]

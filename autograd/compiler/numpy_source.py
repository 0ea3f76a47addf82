"""A program as NumPy source: what a person would have written, had they started with matrices."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from autograd import ops
from autograd.compiler.expand import built_in
from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Floats,
    Instruction,
    Lanes,
    Map,
    Program,
    Reduce,
    View,
    row_major,
)
from autograd.compiler.record import GUARDS, constant_part
from autograd.ops import Op

LONGEST_LINE = 88

SUM, MATRIX, PRODUCT, MINUS, POWER, CALL = 1, 1.9, 2, 2.5, 3, 4
"""How tightly an expression holds together. A matrix product gets parentheses as a factor."""


@dataclass(frozen=True)
class Text:
    """An expression and how tightly it holds together."""

    text: str
    precedence: float = CALL

    def within(self, precedence: float) -> str:
        """The text, in parentheses where the surroundings bind more tightly."""
        return self.text if self.precedence >= precedence else f"({self.text})"


HELPERS = {
    "sigmoid": "return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))",
    "softplus": "return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))",
    "sech2": "t = np.exp(-2 * np.abs(x))\n    return 4 * t / (1 + t * (2 + t))",
    "step": "return np.where(x > 0, 1.0, np.where(x == x, 0.0, x))",
    "above": "return np.where((a != a) | (b != b), np.nan, (1.0 * (a > b) - (a < b) + 1) / 2)",
    "strong_mul": "return np.where(a == 0, 0.0, a * b)",
    "logsumexp": (
        "top = np.max(x, axis=axis, keepdims=True)\n"
        "    shift = np.where(np.isfinite(top), top, 0)\n"
        "    total = np.log(np.sum(np.exp(x - shift), axis=axis))\n"
        "    return total + shift.reshape(total.shape)"
    ),
}
"""Functions that NumPy lacks, by the row that needs them."""

ARGUMENTS = {"above": "a, b", "strong_mul": "a, b", "logsumexp": "x, axis"}

CALLS = {
    "tanh": "np.tanh",
    "exp": "np.exp",
    "log": "np.log",
    "sqrt": "np.sqrt",
    "sin": "np.sin",
    "cos": "np.cos",
    "abs": "np.abs",
    "sign": "np.sign",
    "maximum": "np.maximum",
    "minimum": "np.minimum",
    "pow": "np.power",
}


@dataclass
class Source:
    """The text, and what it needs besides NumPy: functions of rows that only Python computes."""

    text: str
    functions: dict[str, Callable[..., Floats]]


def write(program: Program) -> Source:
    """The source of ``forward(...)``, or for a program with gradients ``value_and_grad(...)``.

    The function takes the arguments, (batch, n) each, and the arrays of parameters. It returns
    the value for each row; if there are guards, how many fail for each row; and the gradients of
    the sum over the rows, by each array of parameters, or by each argument.
    """
    return _Writer(program).source()


class _Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.helpers: set[str] = set()
        self.functions: dict[str, Callable[..., Floats]] = {}
        self.constants: list[str] = []
        self.names: dict[Array, str] = {}
        self.inlined: dict[Array, Text] = {}
        self.uses: dict[Array, int] = {}
        for i in program.instructions:
            for v in i.operands:
                self.uses[v.array] = self.uses.get(v.array, 0) + 1
        self.ends = {v.array for v in program.ends()}
        self._name()

    # --- names ---

    def _name(self) -> None:
        program = self.program
        taken = {"np", "value", "failures"} | set(HELPERS)
        for number, array in enumerate(program.arguments):
            self._give(array, array.name or f"x{number}", taken)
        for number, block in enumerate(program.blocks):
            self._give(block.array, block.array.name or f"w{number + 1}", taken)
        for array in program.constants:
            if array.literal() is None:
                assert array.numbers is not None
                self._give(array, f"data{len(self.constants) + 1}", taken)
                shown = np.array2string(
                    array.numbers, separator=", ", threshold=10**9, floatmode="unique"
                )
                self.constants.append(f"{self.names[array]} = np.array({shown})")
        layer = 0
        forward = program.instructions[: program.forward]
        of_sum: dict[Array, int] = {}
        for i in forward:
            sources = [of_sum[v.array] for v in i.operands if v.array in of_sum]
            if isinstance(i, Contract):
                layer += 1
                of_sum[i.out] = layer
            elif isinstance(i, Map) and sources:
                if i.op in (ops.sum, ops.add):
                    of_sum[i.out] = sources[0]
                elif len(i.operands) == 1 and f"a{sources[0]}" not in taken:
                    self._give(i.out, f"a{sources[0]}", taken)
        for array, number in of_sum.items():
            self._give(array, f"z{number}", taken)
        gradients = {v.array: a for a, v in program.gradients.items() if v is not None and v.whole}
        for i in program.instructions[program.forward :]:
            if i.out in gradients:
                self._give(i.out, f"grad_{self.names[gradients[i.out]]}", taken)
            elif i.out.adjoint_of in of_sum:
                self._give(i.out, f"d{of_sum[i.out.adjoint_of]}", taken)
            elif i.out.adjoint_of in self.names:
                name = f"d_{self.names[i.out.adjoint_of]}"
                self._give(i.out, name, taken)
        if program.outputs.array not in self.names:
            self.names[program.outputs.array] = "value"
        self.taken = taken

    def _give(self, array: Array, name: str, taken: set[str]) -> None:
        stem = name.rstrip("0123456789") or name
        number = int(name[len(stem) :] or 1)
        while name in taken:
            number += 1
            name = f"{stem}{number}"
        taken.add(name)
        self.names[array] = name

    # --- the text ---

    def source(self) -> Source:
        """The whole module."""
        program = self.program
        forward: list[str] = []
        backward: list[str] = []
        for place, i in enumerate(program.instructions):
            lines = forward if place < program.forward else backward
            lines += self._instruction(i)
        returned = [self._load(program.outputs).text]
        if program.failures is not None:
            returned.append(self._load(program.failures).text)
        for array, v in program.gradients.items():
            if v is None:
                returned.append(f"np.zeros_like({self.names[array]})")
            else:
                returned.append(self._gradient(array, v))
        name = "value_and_grad" if program.gradients else "forward"
        leaves = [*program.arguments, *(b.array for b in program.blocks)]
        arguments = ", ".join(self.names[a] for a in leaves)
        shapes = [f"    # {self.names[a]}: {_shape(a)}" for a in leaves]
        body = ["    " + line for line in forward]
        if backward:
            body += ["", "    # backward", *("    " + line for line in backward)]
        text = "\n".join(
            [
                "import numpy as np",
                *("\n\n" + _helper(h) for h in sorted(self.helpers)),
                *(["", *self.constants] if self.constants else []),
                "",
                "",
                f"def {name}({arguments}):",
                *shapes,
                *body,
                f"    return {', '.join(returned)}",
                "",
            ]
        )
        return Source(text, self.functions)

    def _gradient(self, array: Array, v: View) -> str:
        return self._load(v).text if v.array.literal() is None else self._spread(array, v)

    def _spread(self, array: Array, v: View) -> str:
        return f"np.full_like({self.names[array]}, {self._load(v).text})"

    def _instruction(self, i: Instruction) -> list[str]:
        """The lines of one instruction; none if it is written where it is used."""
        if isinstance(i, Collect):
            return self._collect(i)
        text = self._expression(i)
        once = self.uses.get(i.out, 0) == 1 and i.out not in self.ends
        if once and self._may_move(i) and len(text.text) < LONGEST_LINE - 40:
            self.inlined[i.out] = text
            return []
        if i.out not in self.names:
            self._give(i.out, "e1", self.taken)
        line = f"{self.names[i.out]} = {text.text}"
        note = f"# {_shape(i.out)}"
        wide = len(line) > LONGEST_LINE - 34
        return [f"{line}  {note}" if wide else f"{line:<54}  {note}"]

    def _may_move(self, i: Instruction) -> bool:
        """Whether the one use of what ``i`` makes takes it as it stands."""
        for user in self.program.instructions:
            for v in user.operands:
                if v.array is i.out:
                    return v.whole and not isinstance(user, Collect)
        return False

    # --- expressions ---

    def _expression(self, i: Map | Reduce | Contract) -> Text:
        if isinstance(i, Map):
            text = self._map(i.op, [self._load(v, i.out) for v in i.operands])
            return text if self._fills(i) else self._broadcast_to(text, i.out)
        if isinstance(i, Reduce):
            return self._reduce(i)
        return self._contract(i)

    def _fills(self, i: Map) -> bool:
        """Whether the operands, as they are written, broadcast to the whole shape."""
        batch = (BATCH,) * i.out.batched
        shapes = [self._written_shape(v) for v in i.operands]
        return np.broadcast_shapes(*shapes) == batch + i.out.shape

    def _written_shape(self, v: View) -> tuple[int, ...]:
        """The shape of a view as ``_load`` writes it to broadcast."""
        if v.array.literal() is not None:
            return ()
        batch = (BATCH,) * v.array.batched
        if v.whole or v.index is not None or (pattern := _pattern(v)) is None:
            return batch + v.shape
        shape = [n if place == ":" else 1 for n, place in zip(v.shape, pattern)]
        if not v.array.batched:
            while shape and pattern[len(pattern) - len(shape)] == "None":
                shape.pop(0)
        return (*batch, *shape)

    def _broadcast_to(self, x: Text, out: Array) -> Text:
        rows = [f"len({self.names[self.program.arguments[0]]})"] * out.batched
        shape = ", ".join([*rows, *map(str, out.shape)])
        return Text(f"np.broadcast_to({x.text}, ({shape}{',' * (len(out.shape) == 1)}))")

    def _map(self, op: Op, xs: Sequence[Text]) -> Text:
        if op in (ops.sum, ops.add):
            texts = [xs[0].within(SUM)]
            for x in xs[1:]:
                negative = x.text.startswith("-") and x.precedence == MINUS
                texts.append(f"- {x.text[1:]}" if negative else f"+ {x.within(SUM)}")
            return Text(" ".join(texts), SUM if len(xs) > 1 else xs[0].precedence)
        if op is ops.sub:
            return Text(f"{xs[0].within(SUM)} - {xs[1].within(PRODUCT)}", SUM)
        if op is ops.mul:
            return Text(f"{xs[0].within(PRODUCT)} * {xs[1].within(PRODUCT + 0.1)}", PRODUCT)
        if op is ops.div:
            return Text(f"{xs[0].within(PRODUCT)} / {xs[1].within(POWER)}", PRODUCT)
        if op is ops.neg:
            return Text(f"-{xs[0].within(POWER)}", MINUS)
        if op is constant_part:
            return xs[0]
        if op.name.startswith("power("):
            return _power(float(op.name[6:-1]), xs[0])
        if op is ops.relu:
            return Text(f"np.maximum({xs[0].text}, 0)")
        for name, guard in GUARDS.items():
            if op is guard:
                return _failure(name, *xs)
        if op.name in CALLS and built_in(op):
            return Text(f"{CALLS[op.name]}({', '.join(x.text for x in xs)})")
        if op.name in HELPERS and built_in(op):
            self.helpers.add(op.name)
            return Text(f"{op.name}({', '.join(x.text for x in xs)})")
        name = f"{re.sub('[^A-Za-z0-9_]', '_', op.name)}_in_python"
        self.functions[name] = _in_python(op)
        return Text(f"{name}({', '.join(x.text for x in xs)})")

    def _reduce(self, i: Reduce) -> Text:
        v, kept = i.operand, len(i.out.shape)
        axes = list(range(kept, len(v.shape)))
        array = v.array
        if v.array.literal() is not None or not self._transposed(v):
            x = self._load(v, None)
        else:
            # Axes by their place in the array itself.
            strides = row_major(array.shape)
            axes = [strides.index(v.strides[a]) for a in axes]
            x = self._named(array)
        first = 1 if array.batched else 0
        axes = [a + first for a in axes]
        if i.op is ops.logsumexp:
            self.helpers.add("logsumexp")
            return Text(f"logsumexp({x.text}, {_axes(axes)})")
        if i.op is not ops.sum:
            name = f"{i.op.name}_in_python"
            self.functions[name] = _reduced_in_python(i.op, len(axes))
            return Text(f"{name}({x.text})")
        if i.over_batch and array.batched:
            axes = [0, *axes]
        factor = ""
        if i.over_batch and not array.batched:
            factor = f"len({self.names[self.program.arguments[0]]}) * "
        if not axes:
            return Text(f"{factor}{x.within(PRODUCT)}", PRODUCT) if factor else x
        everything = not i.out.shape and not i.out.batched
        where = "" if everything else f", axis={_axes(axes)}"
        if x.precedence == CALL and re.fullmatch(r"\w+", x.text):
            summed = f"{x.text}.sum({where.removeprefix(', ')})"
        else:
            summed = f"np.sum({x.text}{where})"
        return Text(factor + summed, PRODUCT if factor else CALL)

    def _transposed(self, v: View) -> bool:
        """Whether a view is of the whole array, its axes in another order."""
        strides = row_major(v.array.shape)
        return (
            v.index is None
            and v.offset == 0
            and sorted(zip(v.strides, v.shape)) == sorted(zip(strides, v.array.shape))
            and len(set(strides)) == len(strides)
        )

    def _contract(self, i: Contract) -> Text:
        of_left, of_right, of_out = i.labels
        left = _Factor(self._load(i.left), "Z" * i.left.array.batched + of_left)
        right = _Factor(self._load(i.right), "Z" * i.right.array.batched + of_right)
        out = "Z" * i.out.batched + of_out
        sizes = dict(zip(of_left + of_right, i.left.shape + i.right.shape))
        pairs = [(right, left), (left, right)]
        if all(c in out for c in left.labels + right.labels):
            pairs.reverse()
        for a, b in pairs:
            if product := _matmul(a, b, out, sizes):
                return product
        return Text(f"np.einsum('{left.labels},{right.labels}->{out}', "
                    f"{left.x.text}, {right.x.text}, optimize=True)")  # fmt: skip

    def _collect(self, i: Collect) -> list[str]:
        if i.out not in self.names:
            self._give(i.out, "e1", self.taken)
        name, out = self.names[i.out], i.out
        rows = [f"len({self.names[self.program.arguments[0]]})"] * out.batched
        note = f"# {_shape(out)}"
        shape = ", ".join([*rows, *map(str, out.shape)])
        in_order = [p.lanes().reshape(-1) for p in i.places]
        covered = np.concatenate(in_order)
        all_alike = all(v.array.batched == out.batched for v in i.parts)
        if all_alike and np.array_equal(covered, np.arange(out.size)) and len(out.shape) == 1:
            parts = []
            for place, v in zip(i.places, i.parts):
                part = self._load(v, None)
                rank = len(place.shape)
                first = "len(" + part.text + "), " if out.batched else ""
                if rank == 0:
                    scalar = f"np.atleast_1d({part.text})"
                    part = Text(f"{part.within(CALL)}[:, None]" if out.batched else scalar)
                elif rank > 1:
                    part = Text(f"{part.within(CALL)}.reshape({first}-1)")
                parts.append(part.text)
            return [f"{name} = np.concatenate([{', '.join(parts)}], axis=-1)  {note}"]
        lines = [f"{name} = np.zeros(({shape},))  {note}"]
        for place, v in zip(i.places, i.parts):
            target = self._slices(place)
            x = self._load(v, None).text
            if target is not None:
                order = self._axis_order(place) or []
                if order != sorted(order):
                    axes = [order.index(a) + out.batched for a in sorted(order)]
                    axes = [0, *axes] if out.batched else axes
                    x = f"({x}).transpose({', '.join(map(str, axes))})"
                lines.append(f"{name}[{target}] += {x}")
                continue
            index = self._index(place.lanes())
            flat = f"{name}.reshape({f'len({name}), ' if out.batched else ''}-1)"
            where = f"(slice(None), {index})" if out.batched else index
            lines.append(f"np.add.at({flat}, {where}, {x})")
        return lines

    # --- views ---

    def _named(self, array: Array) -> Text:
        return self.inlined.get(array) or Text(self.names[array])

    def _load(self, v: View, out: Array | None = None) -> Text:
        """A view as an expression; for ``out`` it only needs to broadcast to that shape."""
        array = v.array
        if (literal := array.literal()) is not None:
            if out is None and v.shape:
                return Text(f"np.full({v.shape}, {_number(literal).text})")
            return _number(literal)
        x = self._named(array)
        if v.whole:
            return x
        if not array.shape and not array.batched and out is None:
            return Text(f"np.full({v.shape}, {x.text})")
        if out is not None and v.index is None and (found := self._broadcast(v, x)):
            return found
        if (slices := self._slices(v)) is not None:
            text = f"{x.within(CALL)}[{slices}]" if slices.strip(":, ") else x.within(CALL)
            order = self._axis_order(v)
            if order is not None and order != sorted(order):
                text = self._turned(text, order, array.batched)
            return Text(text) if text != x.text else x
        if v.index is None and v.offset == 0 and v.size == array.size and _dense(v):
            first = f"len({x.text}), " if array.batched else ""
            return Text(f"{x.within(CALL)}.reshape({first}{', '.join(map(str, v.shape))})")
        index = self._index(v.lanes())
        if array.batched:
            flat = (
                x.within(CALL) if len(array.shape) == 1 else f"{x.text}.reshape(len({x.text}), -1)"
            )
            return Text(f"{flat}[:, {index}]")
        flat = x.within(CALL) if len(array.shape) == 1 else f"{x.within(CALL)}.reshape(-1)"
        return Text(f"{flat}[{index}]")

    def _broadcast(self, v: View, x: Text) -> Text | None:
        """The whole array repeated along new axes."""
        array = v.array
        if (pattern := _pattern(v)) is None:
            return None
        if not array.batched:
            while pattern and pattern[0] == "None":
                pattern.pop(0)
            if "None" not in pattern:
                return x
            return Text(f"{x.within(CALL)}[{', '.join(pattern)}]")
        return Text(f"{x.within(CALL)}[{', '.join([':', *pattern])}]")

    def _slices(self, v: View) -> str | None:
        """The view as slices of the array, one an axis, if it is that; axes may then be turned."""
        order = self._axis_order(v)
        if order is None:
            return None
        array, strides = v.array, row_major(v.array.shape)
        rest, parts = v.offset, []
        for axis, n in enumerate(array.shape):
            first, rest = divmod(rest, strides[axis]) if strides[axis] else (0, rest)
            if axis not in order:
                parts.append(str(first))
                continue
            view_axis = order.index(axis)
            step = v.strides[view_axis] // strides[axis]
            last = first + step * (v.shape[view_axis] - 1)
            if not (0 <= last < n and 0 <= first < n):
                return None
            parts.append(_slice(first, last, step, n))
        while parts and parts[-1] == ":" and len(parts) > 1:
            parts.pop()
        prefix = [":"] if array.batched else []
        return ", ".join(prefix + parts)

    def _axis_order(self, v: View) -> list[int] | None:
        """Which axis of the array each axis of the view runs along."""
        if v.index is not None or not v.array.shape:
            return None
        strides = row_major(v.array.shape)
        order = []
        for stride, n in zip(v.strides, v.shape):
            if stride == 0 or n == 1:
                return None
            fitting = [a for a, s in enumerate(strides) if s and stride % s == 0 and a not in order]
            fitting = [a for a in fitting if abs(stride) // strides[a] * (n - 1) < v.array.shape[a]]
            if not fitting:
                return None
            order.append(max(fitting, key=lambda a: strides[a]))
        return order

    def _turned(self, text: str, order: Sequence[int], batched: bool) -> str:
        rank = sorted(order)
        axes = [rank.index(a) for a in order]
        if not batched and axes == [1, 0]:
            return f"{text}.T"
        if batched:
            axes = [0, *(a + 1 for a in axes)]
        return f"{text}.transpose({', '.join(map(str, axes))})"

    def _index(self, lanes: Lanes) -> str:
        shown = np.array2string(lanes, separator=", ", threshold=10**9)
        for line in self.constants:
            if line.endswith(f" = np.array({shown})"):
                return line.split(" = ", 1)[0]
        name = f"index{len(self.constants) + 1}"
        self.constants.append(f"{name} = np.array({shown})")
        return name


# --- products ---


@dataclass
class _Factor:
    x: Text
    labels: str

    def ordered(self, first: str, last: str) -> str | None:
        """The factor as a matrix (first, last), turned if need be; a vector where one is ""."""
        if self.labels == first + last:
            return self.x.within(CALL)
        if self.labels == last + first and len(self.labels) == 2:
            return f"{self.x.within(CALL)}.T"
        return None


def _matmul(a: _Factor, b: _Factor, out: str, sizes: dict[str, int]) -> Text | None:
    """``a`` times ``b`` by ``@`` or ``*``, if the labels allow it in this order."""
    summed = "".join(c for c in a.labels if c in b.labels and c not in out)
    common = "".join(c for c in a.labels if c in b.labels and c in out)
    of_a = "".join(c for c in a.labels if c not in b.labels)
    of_b = "".join(c for c in b.labels if c not in a.labels)
    if not summed:
        return _outer(a, b, out)
    if common:
        batch = common
        straight = a.labels == batch + of_a + summed and len(of_a) <= 1 and len(summed) == 1
        if straight and out == batch + of_a + of_b and len(of_a) == len(of_b) == 1:
            if b.labels == batch + summed + of_b:
                return Text(f"{a.x.within(MATRIX)} @ {b.x.within(CALL)}", MATRIX)
            if b.labels == batch + of_b + summed:
                turned = f"np.swapaxes({b.x.text}, -1, -2)"
                return Text(f"{a.x.within(MATRIX)} @ {turned}", MATRIX)
        return None
    if out != of_a + of_b:
        return None
    if len(summed) == 1:
        second = b.ordered(summed, of_b) if len(of_b) <= 1 else None
        first = a.ordered(of_a, summed)
        if first and second:
            return Text(f"{first} @ {second}", MATRIX)
    leading = a.labels == summed + of_a and b.labels == summed + of_b
    if len(summed) > 1 and leading and len(of_a) == len(of_b) == 1:
        rows_a = f"{a.x.within(CALL)}.reshape(-1, {sizes[of_a]})"
        rows_b = f"{b.x.within(CALL)}.reshape(-1, {sizes[of_b]})"
        return Text(f"{rows_a}.T @ {rows_b}", MATRIX)
    return None


def _outer(a: _Factor, b: _Factor, out: str) -> Text | None:
    """Every element of the one with every element of the other."""
    if sorted(out) != sorted(set(a.labels + b.labels)):
        return None
    texts = []
    for factor in (a, b):
        kept = "".join(c for c in out if c in factor.labels)
        if kept != factor.labels:
            return None
        pattern = [":" if c in factor.labels else "None" for c in out]
        while pattern and pattern[0] == "None":
            pattern.pop(0)
        text = factor.x.within(PRODUCT)
        if "None" in pattern:
            text = f"{factor.x.within(CALL)}[{', '.join(pattern)}]"
        texts.append(text)
    return Text(f"{texts[0]} * {texts[1]}", PRODUCT)


# --- small things ---

# Stands for the number of rows where shapes are compared.
BATCH = 1_000_003


def _pattern(v: View) -> list[str] | None:
    """For each axis of a view that repeats the whole array along new axes ":" or "None"."""
    strides = [s for s, n in zip(v.strides, v.shape) if s or n == 1]
    kept = [n for s, n in zip(v.strides, v.shape) if s or n == 1]
    array = v.array
    if v.offset or tuple(kept) != array.shape or tuple(strides) != row_major(array.shape):
        return None
    return [":" if s or n == 1 else "None" for s, n in zip(v.strides, v.shape)]


def _helper(name: str) -> str:
    return f"def {name}({ARGUMENTS.get(name, 'x')}):\n    {HELPERS[name]}"


def _shape(array: Array) -> str:
    sizes = [*(["B"] if array.batched else []), *map(str, array.shape)]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _number(x: float) -> Text:
    if not math.isfinite(x):
        text = "np.nan" if x != x else "np.inf" if x > 0 else "-np.inf"
        return Text(text, MINUS if x < 0 else CALL)
    text = str(int(x)) if x == int(x) and abs(x) < 1e15 else repr(x)
    return Text(text, MINUS if text.startswith("-") else CALL)


def _power(n: float, x: Text) -> Text:
    if n == 1:
        return x
    if n == -1:
        return Text(f"1 / {x.within(POWER)}", PRODUCT)
    return Text(f"{x.within(CALL)}**{_number(n).within(POWER)}", POWER)


def _failure(name: str, a: Text, b: Text) -> Text:
    """1 where a comparison does not turn out as it did while recording."""
    x, y = a.within(SUM), b.within(SUM)
    sign = {"less": "<", "less_equal": "<=", "equal": "=="}[name.removeprefix("not ")]
    test = f"({x} {sign} {y})"
    if name == "equal":
        test = f"({test} | (({x} != {x}) & ({y} != {y})))"
    if name.startswith("not "):
        return Text(f"1.0 * {test}", PRODUCT)
    return Text(f"1.0 - {test}", SUM)


def _axes(axes: Sequence[int]) -> str:
    return str(axes[0]) if len(axes) == 1 else f"({', '.join(map(str, axes))})"


def _slice(first: int, last: int, step: int, n: int) -> str:
    if step < 0:
        stop = last - 1
        shown = f"{'' if first == n - 1 else first}:{'' if stop < 0 else stop}"
        return f"{shown}:{step}"
    stop = last + 1
    shown = f"{first or ''}:{'' if stop == n else stop}"
    return shown if step == 1 else f"{shown}:{step}"


def _dense(v: View) -> bool:
    return v.strides == row_major(v.shape)


def _in_python(op: Op) -> Callable[..., Floats]:
    """A row that only Python computes, on arrays, number by number."""

    def function(*xs: Floats) -> Floats:
        arrays = np.broadcast_arrays(*xs)
        rows = zip(*(x.reshape(-1).tolist() for x in arrays))
        return np.array([op.compute(row) for row in rows]).reshape(arrays[0].shape)

    return function


def _reduced_in_python(op: Op, axes: int) -> Callable[[Floats], Floats]:
    def function(x: Floats) -> Floats:
        rows = x.reshape(*x.shape[: x.ndim - axes], -1)
        return np.apply_along_axis(lambda row: op.compute(row.tolist()), -1, rows)

    return function

"""A program as loops: the Python source that Numba compiles.

One function goes through the rows of a batch, and for each through the instructions, lane by
lane. Sizes stand in the source as numbers, so that LLVM unrolls and vectorises; the innermost loop
runs over neighbouring lanes. Every array is flat: parameters are slices of ``theta``, gradients
of ``G``, what is computed on the way lies in scratch arrays, or in a scalar where it has one lane.

What does not depend on the row is computed once, before the rows; what sums over them is added up
row by row, and what follows from such sums comes after.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from autograd import ops
from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Instruction,
    Map,
    Program,
    Reduce,
    View,
    row_major,
)
from autograd.compiler.record import GUARDS, constant_part
from autograd.ops import Op

# Longer programs would keep Numba busy for minutes.
MOST_INSTRUCTIONS = 400


class NotNative(Exception):
    """A program that has no native form; the message says why."""


@dataclass
class Source:
    """The parts of a native function.

    Attributes:
        setup: lines before everything: slices and scratch arrays.
        before: what does not depend on the row.
        row: one row, which is number ``n`` of the arguments.
        after: what follows from sums over rows.
        clear: sums over rows set to 0.
        updates: what is added to them in each row, and to gradients.
        values: the expressions of the results in a row.
        by_inputs: the gradients by the arguments in a row, stored in ``D0``, ``D1``.
        failures: the expression of the count of failing guards, "" without guards.
        used: names of the elementary functions in use.
        gathers: index arrays, which the function gets as one.
        constants: arrays of numbers, which it gets as one.
        direct: whether all gradients are sums over rows alone, ready when the rows are done.
    """

    setup: list[str] = field(default_factory=list)
    clear: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    row: list[str] = field(default_factory=list)
    updates: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    by_inputs: list[str] = field(default_factory=list)
    failures: str = ""
    used: set[str] = field(default_factory=set)
    gathers: list[np.ndarray] = field(default_factory=list)
    constants: list[np.ndarray] = field(default_factory=list)
    direct: bool = True


def write(program: Program, update: str = "G[{}] += {}") -> Source:
    """The loops of a program.

    Args:
        program: with gradients or without.
        update: what to do with the part of a gradient that a row gives: by default add it to
            ``G``; a step of descent at once is ``theta[{}] -= rate * ({})``.

    Raises:
        NotNative: it is too long, or has rows without a native form.
    """
    if len(program.instructions) > MOST_INSTRUCTIONS:
        raise NotNative(f"{len(program.instructions)} instructions are too many to compile")
    return _Writer(program, update).source


BEFORE, ROW, UPDATE, AFTER = range(4)


class _Writer:
    def __init__(self, program: Program, update: str) -> None:
        self.program, self.update = program, update
        self.source = Source()
        self.names: dict[Array, str] = {}
        self.base: dict[Array, int] = {}
        self.section: dict[Array, int] = {}
        self.into: dict[Array, tuple[Array, View]] = {}
        self.gather_size = 0
        self._name_leaves()
        self._place_sections()
        self._gradients()
        for i in self._scratch():
            self.names[i.out] = f"s{len(self.names)}"
        self._emit()
        self._results()

    # --- names and places ---

    def _name_leaves(self) -> None:
        for number, array in enumerate(self.program.arguments):
            self.names[array] = f"X{number}"
        offset = 0
        for block in self.program.blocks:
            self.names[block.array], self.base[block.array] = "theta", offset
            offset += block.array.size
        offset = 0
        for array in self.program.constants:
            if array.literal() is None:
                assert array.numbers is not None
                self.names[array], self.base[array] = "C", offset
                self.source.constants.append(array.numbers.reshape(-1))
                offset += array.size

    def _place_sections(self) -> None:
        """Before the rows, in each, at its end, or after all: where each instruction goes."""
        for i in self.program.instructions:
            sections = [self.section.get(v.array, BEFORE) for v in i.operands]
            latest = max(sections, default=BEFORE)
            if i.out.batched:
                section = ROW
            elif any(v.array.batched for v in i.operands) or getattr(i, "over_batch", False):
                section = UPDATE
            else:
                section = AFTER if latest >= UPDATE else BEFORE
            self.section[i.out] = section

    def _gradients(self) -> None:
        """Let what only adds to a gradient add to its place in ``G`` at once."""
        uses: dict[Array, int] = {}
        for i in self.program.instructions:
            for v in i.operands:
                uses[v.array] = uses.get(v.array, 0) + 1
        for v in self.program.gradients.values():
            if v is not None:
                uses[v.array] = uses.get(v.array, 0) + 1
        made_by = {i.out: i for i in self.program.instructions}
        self.skipped: set[Array] = set()
        self.copies: list[tuple[Array, View]] = []
        for block in self.program.blocks:
            v = self.program.gradients.get(block.array)
            if v is not None and not self._into(v, block.array, None, uses, made_by):
                self.copies.append((block.array, v))
                self.source.direct = False

    def _into(
        self,
        v: View,
        block: Array,
        place: View | None,
        uses: dict[Array, int],
        made_by: dict[Array, Instruction],
    ) -> bool:
        """Note that ``v`` is added to the gradient of ``block``, if that is all it is for."""
        i = made_by.get(v.array)
        if i is None or not v.whole or uses[v.array] > 1:
            return False
        if self.section[i.out] == UPDATE and isinstance(i, (Contract, Reduce)):
            place = place or View(block, i.out.shape, 0, row_major(i.out.shape))
            self.into[i.out] = (block, place)
            return True
        pairs: list[tuple[View, View | None]] = []
        if isinstance(i, Map) and i.op is ops.sum and place is None:
            pairs = [(part, None) for part in i.operands]
        elif isinstance(i, Collect) and place is None:
            pairs = [(part, where) for where, part in zip(i.places, i.parts)]
        if not pairs or not all(self._can_into(part, uses, made_by) for part, _ in pairs):
            return False
        for part, where in pairs:
            moved = None
            if where is not None:
                moved = View(block, where.shape, where.offset, where.strides, where.index)
            self._into(part, block, moved, uses, made_by)
        self.skipped.add(i.out)
        return True

    def _can_into(self, v: View, uses: dict[Array, int], made_by: dict[Array, Instruction]) -> bool:
        i = made_by.get(v.array)
        return (
            isinstance(i, (Contract, Reduce))
            and v.whole
            and uses[v.array] == 1
            and self.section[i.out] == UPDATE
        )

    def _scratch(self) -> Iterable[Instruction]:
        return [
            i
            for i in self.program.instructions
            if i.out not in self.into and i.out not in self.skipped
        ]

    # --- instructions ---

    def _emit(self) -> None:
        sections = {
            BEFORE: self.source.before,
            ROW: self.source.row,
            UPDATE: self.source.updates,
            AFTER: self.source.after,
        }
        group: list[Map] = []
        for i in [*self._scratch_and_into(), None]:
            if group and not (
                isinstance(i, Map)
                and i.out.shape == group[0].out.shape
                and self.section[i.out] == self.section[group[0].out]
            ):
                sections[self.section[group[0].out]] += self._maps(group)
                group = []
            if i is None:
                break
            if isinstance(i, Map):
                group.append(i)
                continue
            lines = {Reduce: self._reduce, Contract: self._contract, Collect: self._collect}[
                type(i)
            ](i)  # type: ignore[operator]
            sections[self.section[i.out]] += lines
        for block, v in self.copies:
            self.source.after += self._loops(
                v.shape,
                lambda at, v=v, block=block: [  # type: ignore[misc]
                    f"G[{self._lane(View(block, v.shape, 0, row_major(v.shape)), at, self.base[block])}] += "
                    f"{self._read(v, at)}"
                ],
            )

    def _scratch_and_into(self) -> list[Instruction]:
        """The instructions; those of one shape brought together where nothing stands between."""
        return [i for i in self.program.instructions if i.out not in self.skipped]

    def _maps(self, group: Sequence[Map]) -> list[str]:
        """Maps of one shape in one loop, those that only this loop needs as scalars."""
        inside = {i.out for i in group}
        outside: set[Array] = {v.array for v in self.program.ends()}
        members = set(map(id, group))
        for i in self.program.instructions:
            for v in i.operands:
                if id(i) not in members or not (v.whole or v.array.size == 1):
                    outside.add(v.array)
        # A view across lanes of what this very loop makes must wait for the loop to end.
        for place, i in enumerate(group):
            if any(v.array in inside and not v.whole and v.size > 1 for v in i.operands):
                if place:
                    return self._maps(group[:place]) + self._maps(group[place:])
        shape = group[0].out.shape
        local = {i.out for i in group if i.out not in outside and shape}

        def body(at: Sequence[str]) -> list[str]:
            lines = []
            for i in group:
                operands = [
                    self.names[v.array] if v.array in local else self._read(v, at)
                    for v in i.operands
                ]
                target = self.names[i.out]
                if i.out not in local and shape:
                    target = f"{target}[{self._lane(_whole(i.out), at)}]"
                lines.append(f"{target} = {self._expression(i.op, operands)}")
                if i.out not in local and shape:
                    # Read back in this loop without a detour through memory.
                    pass
            return lines

        for i in group:
            if i.out not in local:
                self._allocate(i.out)
        flat = all(v.whole or v.array.size == 1 for i in group for v in i.operands)
        if flat and len(shape) > 1:
            return self._flat_loop(math.prod(shape), group, local)
        return self._loops(shape, body)

    def _flat_loop(self, size: int, group: Sequence[Map], local: set[Array]) -> list[str]:
        lines = [f"for i0 in range({size}):"]
        for i in group:
            operands = []
            for v in i.operands:
                if v.array in local:
                    operands.append(self.names[v.array])
                elif v.array.size == 1:
                    operands.append(self._read(v, ["0"] * len(v.shape)))
                else:
                    operands.append(self._read(View(v.array, (size,), 0, (1,)), ["i0"]))
            target = self.names[i.out]
            if i.out not in local:
                target += "[i0]"
            lines.append(f"    {target} = {self._expression(i.op, operands)}")
        return lines

    def _reduce(self, i: Reduce) -> list[str]:
        kept = len(i.out.shape)
        rest = i.operand.shape[kept:]
        if i.op is not ops.sum:
            return self._logsumexp(i, kept)

        def part(at: Sequence[str]) -> list[str]:
            if not rest:
                return self._add(i, at, self._read(i.operand, at))
            inner = self._loops(
                rest,
                lambda more: [f"acc += {self._read(i.operand, [*at, *more])}"],
                first=kept,
            )
            return ["acc = 0.0", *inner, *self._add(i, at, "acc")]

        # Where the reduced axis is the far one, the sum runs down it lane by lane.
        strides = i.operand.strides
        down = (
            kept == 1
            and len(rest) == 1
            and i.operand.index is None
            and strides[0] == 1 != strides[1]
        )
        if down and self.section[i.out] != UPDATE:
            self._allocate(i.out)
            name = self.names[i.out]
            clear = [f"for i0 in range({i.out.shape[0]}):", f"    {name}[i0] = 0.0"]
            inner = self._loops(
                (rest[0], i.out.shape[0]),
                lambda at: [f"{name}[{at[1]}] += {self._read(i.operand, [at[1], at[0]])}"],
            )
            return clear + inner
        return self._loops(i.out.shape, part)

    def _logsumexp(self, i: Reduce, kept: int) -> list[str]:
        if i.op is not ops.logsumexp:
            raise NotNative(f"the row {i.op.name!r} has no native form")
        self.source.used.update(("exp", "log", "maximum"))
        self._allocate(i.out)
        rest = i.operand.shape[kept:]

        def part(at: Sequence[str]) -> list[str]:
            read = lambda more: self._read(i.operand, [*at, *more])
            largest = self._loops(rest, lambda m: [f"top = f_maximum(top, {read(m)})"], first=kept)
            total = self._loops(rest, lambda m: [f"acc += f_exp({read(m)} - top)"], first=kept)
            infinite = "top if math.isinf(top) else top + f_log(acc)"
            return [
                "top = -np.inf",
                *largest,
                "acc = 0.0",
                *total,
                self._store(i.out, at, infinite),
            ]

        return self._loops(i.out.shape, part)

    def _contract(self, i: Contract) -> list[str]:
        of_left, of_right, of_out = i.labels
        sizes = dict(zip(of_left + of_right, i.left.shape + i.right.shape))
        left, right = i.left, i.right
        summed = [c for c in sizes if c not in of_out]

        def stride(v: View, labels: str, c: str) -> int:
            strides = row_major(v.shape) if v.index is not None else v.strides
            return strides[labels.index(c)] if c in labels else 0

        place = self.into[i.out][1] if i.out in self.into else _whole(i.out)

        def score(c: str) -> tuple[int, int]:
            three = (stride(left, of_left, c), stride(right, of_right, c), stride(place, of_out, c))
            return (sum(s == 1 for s in three) - 4 * sum(s > 1 for s in three), sizes[c])

        labels = list(sizes)
        if not labels:
            product = f"{self._read(left, [])} * {self._read(right, [])}"
            return self._add(i, [], product)
        inner = max(labels, key=score)
        if inner in summed and all(c in of_out or c == inner for c in labels):
            return self._dots(i, inner, [c for c in of_out], sizes)
        # The sum is built up in memory, so summed labels may stand outside.
        outer = [c for c in labels if c != inner]
        outer.sort(key=lambda c: (c in summed, -max(stride(left, of_left, c), 1)))
        variable = {c: f"i{number}" for number, c in enumerate([*outer, inner])}
        at = lambda labels: [variable[c] for c in labels]
        lines: list[str] = []
        if summed and i.out not in self.into and self.section[i.out] != UPDATE:
            self._allocate(i.out)
            lines += self._loops(i.out.shape, lambda a: [self._store(i.out, a, "0.0")])
        elif not summed and self.section[i.out] != UPDATE:
            self._allocate(i.out)
        indent = ""
        hoisted: dict[int, str] = {}
        for number, c in enumerate([*outer, inner]):
            lines.append(f"{indent}for {variable[c]} in range({sizes[c]}):")
            indent += "    "
            seen = [*outer, inner][: number + 1]
            for which, (v, of_v) in enumerate(((left, of_left), (right, of_right))):
                ready = all(label in seen for label in of_v)
                if which not in hoisted and ready and c != inner:
                    hoisted[which] = f"h{which}"
                    lines.append(f"{indent}h{which} = {self._read(v, at(of_v))}")
                    if v.array in self.program.arguments and (summed or self._sums(i)):
                        lines.append(f"{indent}if h{which} != 0.0:")
                        indent += "    "
        factors = [
            hoisted.get(which) or self._read(v, at(of_v))
            for which, (v, of_v) in enumerate(((left, of_left), (right, of_right)))
        ]
        product = f"{factors[0]} * {factors[1]}"
        if self._sums(i):
            lines += [indent + line for line in self._add(i, at(of_out), product, declared=True)]
        elif summed:
            target = self._target(i.out, at(of_out))
            lines.append(f"{indent}{target} += {product}")
        else:
            lines.append(indent + self._store(i.out, at(of_out), product))
        if self._sums(i) and i.out not in self.into:
            self._declare_sum(i.out)
        return lines

    def _dots(self, i: Contract, inner: str, outer: list[str], sizes: dict[str, int]) -> list[str]:
        """A product whose sum runs along neighbouring lanes: one accumulator a result."""
        of_left, of_right, of_out = i.labels
        variable = {c: f"i{number}" for number, c in enumerate([*outer, inner])}
        left = self._read(i.left, [variable[c] for c in of_left])
        right = self._read(i.right, [variable[c] for c in of_right])
        if not self._sums(i):
            self._allocate(i.out)

        def part(at: Sequence[str]) -> list[str]:
            return [
                "acc = 0.0",
                f"for {variable[inner]} in range({sizes[inner]}):",
                f"    acc += {left} * {right}",
                *self._add(i, at, "acc"),
            ]

        return self._loops(tuple(sizes[c] for c in of_out), part)

    def _collect(self, i: Collect) -> list[str]:
        self._allocate(i.out)
        lines = []
        covered = np.concatenate([p.lanes().reshape(-1) for p in i.places])
        once = len(np.unique(covered)) == len(covered) == i.out.size
        if not once:
            lines += self._loops(i.out.shape, lambda at: [self._store(i.out, at, "0.0")])
        sign = "=" if once else "+="
        for place, part in zip(i.places, i.parts):
            lines += self._loops(
                part.shape,
                lambda at, place=place, part=part: [  # type: ignore[misc]
                    f"{self.names[i.out]}[{self._lane(place, at)}] {sign} {self._read(part, at)}"
                    if i.out.shape
                    else f"{self.names[i.out]} {sign} {self._read(part, at)}"
                ],
            )
        return lines

    # --- targets ---

    def _sums(self, i: Instruction) -> bool:
        return self.section[i.out] == UPDATE

    def _add(
        self, i: Instruction, at: Sequence[str], expression: str, declared: bool = False
    ) -> list[str]:
        """Store a result; or add it to a sum over the rows, or to a gradient."""
        if i.out in self.into:
            block, place = self.into[i.out]
            lane = self._lane(place, at, self.base[block])
            return [self.update.format(lane, expression)]
        if self._sums(i):
            if not declared:
                self._declare_sum(i.out)
            return [f"{self._target(i.out, at)} += {expression}"]
        self._allocate(i.out)
        return [self._store(i.out, at, expression)]

    def _declare_sum(self, array: Array) -> None:
        self._allocate(array)
        clear = self._loops(array.shape, lambda at: [self._store(array, at, "0.0")])
        if clear[0] not in self.source.clear or array.shape:
            self.source.clear += (
                [line for line in clear if line not in self.source.clear]
                if (not array.shape)
                else clear
            )

    def _allocate(self, array: Array) -> None:
        line = f"{self.names[array]} = np.empty({array.size})"
        if array.shape and line not in self.source.setup:
            self.source.setup.append(line)

    def _store(self, array: Array, at: Sequence[str], expression: str) -> str:
        return f"{self._target(array, at)} = {expression}"

    def _target(self, array: Array, at: Sequence[str]) -> str:
        if not array.shape:
            return self.names[array]
        return f"{self.names[array]}[{self._lane(_whole(array), at)}]"

    # --- expressions ---

    def _read(self, v: View, at: Sequence[str]) -> str:
        array = v.array
        if (literal := array.literal()) is not None:
            return _number(literal)
        if array in self.program.arguments:
            return f"{self.names[array]}[n, {self._lane(v, at)}]"
        if not array.shape and array not in self.base:
            return self.names[array]
        return f"{self.names[array]}[{self._lane(v, at, self.base.get(array, 0))}]"

    def _lane(self, v: View, at: Sequence[str], base: int = 0) -> str:
        """The lane of a view at some place, as an expression of loop variables."""
        if v.index is not None:
            start = self.gather_size
            self.source.gathers.append(v.index.reshape(-1) + base)
            self.gather_size += v.index.size
            strides = row_major(v.shape)
            return f"I[{_affine(start, strides, at)}]"
        return _affine(base + v.offset, v.strides, at)

    def _expression(self, op: Op, xs: Sequence[str]) -> str:
        if op in (ops.sum, ops.add):
            return " + ".join(xs)
        if op is ops.sub:
            return f"{xs[0]} - {_tight(xs[1])}"
        if op is ops.mul:
            return f"{_tight(xs[0])} * {_tight(xs[1])}"
        if op is ops.div:
            return f"{_tight(xs[0])} / {_tight(xs[1])}"
        if op is ops.neg:
            return f"-{_tight(xs[0])}"
        if op is constant_part:
            return xs[0]
        for name, guard in GUARDS.items():
            if op is guard:
                return f"0.0 if {_comparison(name, xs)} else 1.0"
        if op.name.startswith("power("):
            return self._power(float(op.name[6:-1]), xs[0])
        from autograd.compiler.elementary import NATIVE

        if op.name not in NATIVE or ops.TABLE.get(op.name) is not op:
            raise NotNative(f"the row {op.name!r} has no native form")
        self.source.used.add(op.name)
        return f"f_{op.name}({', '.join(xs)})"

    def _power(self, n: float, x: str) -> str:
        x = _tight(x)
        if n in (1, 2, 3, 4):
            return " * ".join([x] * int(n))
        if n == -1:
            return f"1.0 / {x}"
        if n == -2:
            return f"1.0 / ({x} * {x})"
        self.source.used.add("pow")
        return f"f_pow({x}, {_number(n)})"

    # --- loops ---

    def _loops(self, shape: Sequence[int], body, first: int = 0) -> list[str]:  # type: ignore[no-untyped-def]
        """Nested loops over a shape around the lines of ``body(loop variables)``."""
        variables = [f"i{first + axis}" for axis in range(len(shape))]
        lines = []
        for axis, n in enumerate(shape):
            lines.append("    " * axis + f"for {variables[axis]} in range({n}):")
        return lines + ["    " * len(shape) + line for line in body(variables)]

    # --- results ---

    def _results(self) -> None:
        v = self.program.outputs
        if not v.shape:
            self.source.values = [self._read(v, [])]
        else:
            for lane in v.lanes().reshape(-1):
                self.source.values.append(self._read(View(v.array, (), int(lane)), []))
        for number, array in enumerate(self.program.arguments):
            v = self.program.gradients.get(array)
            if v is not None:
                self.source.by_inputs += self._loops(
                    v.shape,
                    lambda at, v=v, number=number: [  # type: ignore[misc]
                        f"D{number}[n, {_affine(0, (1,), at)}] = {self._read(v, at)}"
                    ],
                )
        if self.program.failures is not None:
            self.source.failures = self._read(self.program.failures, [])


def _whole(array: Array) -> View:
    return View(array, array.shape, 0, row_major(array.shape))


def _affine(offset: int, strides: Sequence[int], at: Sequence[str]) -> str:
    terms = [v if s == 1 else f"{v} * {s}" for v, s in zip(at, strides) if s]
    if offset or not terms:
        terms.append(str(offset))
    return " + ".join(terms)


def _number(x: float) -> str:
    if math.isfinite(x):
        return repr(x) if x >= 0 else f"({x!r})"
    return "np.nan" if x != x else "np.inf" if x > 0 else "(-np.inf)"


def _tight(expression: str) -> str:
    simple = expression.replace("_", "").replace(".", "").isalnum()
    bracketed = expression.endswith("]") and " " not in expression.split("[", 1)[0]
    if simple or (bracketed and expression.count("[") == expression.count("]") == 1):
        return expression
    return f"({expression})"


def _comparison(name: str, xs: Sequence[str]) -> str:
    a, b = map(_tight, xs)
    signs = {"less": "<", "less_equal": "<=", "equal": "=="}
    plain = name.removeprefix("not ")
    test = f"{a} {signs[plain]} {b}"
    if plain == "equal":
        test = f"({test} or ({a} != {a} and {b} != {b}))"
    return f"not ({test})" if name.startswith("not ") else test

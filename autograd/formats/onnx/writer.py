"""The instructions of an array program as ONNX nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ops
from autograd.compiler.algebra import constant_part
from autograd.compiler.numpy.loops import users_of
from autograd.compiler.numpy.take import table_rows
from autograd.compiler.numpy.views import ROWS
from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Instruction,
    Loop,
    Map,
    Program,
    Reduce,
    Take,
    View,
)
from autograd.compiler.recording.record import CompileError
from autograd.formats.onnx.functions import fails, function
from autograd.formats.onnx.nodes import Tensor
from autograd.formats.onnx.products import Products
from autograd.formats.onnx.scans import Scans
from autograd.formats.onnx.views import Views
from autograd.ops import Op

ARITHMETIC = {ops.sub: "Sub", ops.mul: "Mul", ops.div: "Div", ops.neg: "Neg"}


class Writer:
    """Writes a program without gradients.

    Args:
        program: what to write.
        views: of its graph; the arguments and the parameters are there.
    """

    def __init__(self, program: Program, views: Views) -> None:
        self.views, self.graph, self.names = views, views.graph, views.names
        self.dtype = views.dtype
        uses = users_of(program.instructions)
        self.uses = Counter([array for array, _, _ in uses] + [v.array for v in program.ends()])
        self.products = Products(self.views)
        self.scans = Scans(self.views, self.instruction)
        self.layers: dict[Array, tuple[Contract, View]] = {}
        self.written_later: set[Array] = set()
        self._find_layers(program.instructions)

    def _find_layers(self, instructions: Sequence[Instruction]) -> None:
        """Find sums of a product and a bias, which are one node."""
        products = {
            i.out: i
            for i in instructions
            if isinstance(i, Contract) and self.uses[i.out] == 1 and self.products.is_layer(i)
        }
        for i in instructions:
            if isinstance(i, Loop):
                self._find_layers(i.body)
            elif isinstance(i, Map) and i.op in (ops.sum, ops.add) and len(i.operands) == 2:
                for x, bias in (i.operands, i.operands[::-1]):
                    if x.array in products and x.whole and bias.whole and not bias.array.batched:
                        self.layers[i.out] = products[x.array], bias
                        self.written_later.add(x.array)

    def instruction(self, i: Instruction) -> None:
        """The nodes of one instruction."""
        if isinstance(i, Loop):
            self.scans.write(i)
        elif isinstance(i, Contract):
            if i.out not in self.written_later:
                self._name(i.out, self.products.write(i, self._named(i.out)))
        elif isinstance(i, Map):
            self._map(i)
        elif isinstance(i, Reduce):
            self._name(i.out, self._reduce(i, self._named(i.out)))
        elif isinstance(i, Collect):
            self._name(i.out, self._collect(i))
        else:
            assert isinstance(i, Take), "gradients alone scatter"
            self._name(i.out, self._take(i))

    def _named(self, array: Array) -> str:
        return self.names.result(array)

    def _name(self, array: Array, x: Tensor) -> None:
        self.views.tensors[array] = x

    # --- operations ---

    def _map(self, i: Map) -> None:
        if i.out in self.layers:
            product, bias = self.layers[i.out]
            added = self.views.load(bias)
            self._name(i.out, self.products.write(product, self._named(i.out), added))
            return
        loaded = [self.views.narrow(v) for v in i.operands]
        x = self._operation(i.op, [x for x, _ in loaded], self._named(i.out))
        shape = np.broadcast_shapes(*(shape for _, shape in loaded))
        self._name(i.out, self.views.widened(x, shape, (ROWS,) * i.out.batched + i.out.shape))

    def _operation(self, op: Op, xs: Sequence[Tensor], name: str) -> Tensor:
        add = self.graph.add
        if op in (ops.sum, ops.add):
            total = xs[0]
            for k, x in enumerate(xs[1:], 2):
                total = add("Add", total, x, name=name if k == len(xs) else "")
            return total
        if op is constant_part:
            return xs[0]
        if op in ARITHMETIC:
            return add(ARITHMETIC[op], *xs, name=name)
        if isinstance(op, ops.Power):
            if op.exponent == 1:
                return xs[0]
            if op.exponent == 0.5:
                return add("Sqrt", xs[0], name=name)
            if op.exponent == -1:
                return add("Div", 1.0, xs[0], name=name)
            return add("Pow", xs[0], op.exponent, name=name)
        known = fails(op) or _known(op)
        made: Tensor = self.graph.call(op.name, known, *xs, outputs=[name])
        return made

    def _reduce(self, i: Reduce, name: str) -> Tensor:
        v, kept, batched = i.operand, len(i.out.shape), i.out.batched
        x = self.views.load(v)
        axes = range(kept + batched, len(v.shape) + batched)
        if i.op is ops.sum and i.start is None:
            numbers = self.views.whole_numbers(axes)
            return self.graph.add("ReduceSum", x, numbers, keepdims=0, name=name)
        if len(axes) > 1:
            sizes = (*i.out.shape, int(np.prod(v.shape[kept:])))
            x = self.views.reshaped(x, sizes, batched)
        if i.op is ops.sum:
            made: Tensor = self.graph.call("sum_in_order", _sum_in_order, x, outputs=[name])
        else:
            made = self.graph.call(i.op.name, _known(i.op), x, outputs=[name])
        return made

    # --- places ---

    def _collect(self, i: Collect) -> Tensor:
        """All parts side by side, and a 0; of these each lane takes its own."""
        out, batched, graph = i.out, int(i.out.batched), self.graph
        parts = []
        for v in i.parts:
            x = self.views.load(v, out.batched)
            parts.append(x if len(v.shape) == 1 else self.views.reshaped(x, (v.size,), out.batched))
        lanes = np.concatenate([place.lanes().reshape(-1) for place in i.places])
        order = np.argsort(lanes, kind="stable")
        taken = lanes[order]
        which = np.arange(len(taken)) - np.searchsorted(taken, taken)  # the first of a lane is 0
        sources = np.full((which.max() + 1, out.size), len(lanes))
        sources[which, taken] = order
        if (sources == len(lanes)).any():
            shape = (ROWS,) * batched + (1,)
            parts.append(self.views.widened(graph.constant([0.0], self.dtype), (1,), shape))
        x = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=batched)
        name = self._named(out)
        if len(sources) == 1 and np.array_equal(sources[0], np.arange(len(lanes))):
            return x if len(out.shape) == 1 else self.views.reshaped(x, out.shape, out.batched)
        totals = [
            graph.add(
                "Gather", x, graph.constant(one.reshape(out.shape), np.int64), axis=batched,
                name=name if len(sources) == 1 else "",
            )
            for one in sources
        ]  # fmt: skip
        return self._operation(ops.sum, totals, name)

    def _take(self, i: Take) -> Tensor:
        graph, name = self.graph, self._named(i.out)
        table = None if i.columns.array.batched else table_rows(i.columns, i.index)
        if table is not None:
            index = self.views.load(table[1]).astype(np.int64)
            return graph.add("Gather", self.views.load(table[0]), index, axis=0, name=name)
        columns, last = self.views.load(i.columns, True), self.views.whole_numbers([-1])
        index = self.graph.add("Unsqueeze", self.views.load(i.index, True), last).astype(np.int64)
        taken = graph.add("GatherElements", columns, index, axis=-1)
        return graph.add("Squeeze", taken, last, name=name)


def _known(op: Op) -> Any:
    known = function(op)
    if known is None:
        raise CompileError(
            f"ONNX has no equivalent of the operation {op.name!r}, whose forward is not written in "
            "arithmetic and other operations: write it so"
        )
    return known


def _sum_in_order(x: Tensor) -> Tensor:
    """The sum along the last axis, from the first term to the last."""
    sums = x.nodes.add("CumSum", x, x.nodes.constant(-1, np.int64))
    return x.nodes.add("Gather", sums, x.nodes.constant(-1, np.int64), axis=-1)

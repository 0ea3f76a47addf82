"""Loops as Scan nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.compiler.program import Array, Final, Instruction, Loop, Stack, View
from autograd.formats.onnx.nodes import Tensor
from autograd.formats.onnx.views import Views


class Scans:
    """Writes ``Loop`` instructions.

    Args:
        views: those of the program.
        instruction: writes an instruction of the body.
    """

    def __init__(self, views: Views, instruction: Callable[[Instruction], None]) -> None:
        self.views, self.graph, self.instruction = views, views.graph, instruction

    def write(self, loop: Loop) -> None:
        """The nodes of one loop."""
        views, graph = self.views, self.graph
        starts = [views.load(c.start, c.before.batched) for c in loop.carried]
        slices = [views.load(s.outer) for s in loop.slices]
        if not slices:  # a Scan needs one, by which it counts its steps
            slices = [graph.constant(np.arange(loop.count, dtype=views.dtype))]
        handed: list[Stack | Final] = [*loop.stacks, *loop.finals]
        with graph.inner() as nodes:
            given = [self._given(c.before, "h1") for c in loop.carried]
            given += [self._given(s.inner, "x1") for s in loop.slices]
            given += [self._info(Array((), 0), graph.free("t"))] * (not loop.slices)
            for i in loop.body:
                self.instruction(i)
            left = [self._left(c.after, c.before) for c in loop.carried]
            left += [self._left(h.inner, _alone(h)) for h in handed]
        body = graph.onnx.helper.make_graph(nodes, graph.free("step1"), given, left)
        outs = [Tensor(graph, graph.free("h1"), views.dtype) for _ in loop.carried]
        made = [Tensor(graph, self._name(h), views.dtype) for h in handed]
        batched = [int(s.outer.array.batched) for s in loop.slices] or [0]
        backward = int(loop.reverse)
        graph.write(
            "Scan",
            [*starts, *slices],
            [*outs, *made],
            body=body,
            num_scan_inputs=len(slices),
            scan_input_axes=batched,
            scan_input_directions=[backward] * len(slices),
            scan_output_axes=[int(h.outer.batched) for h in handed],
            scan_output_directions=[backward] * len(handed),
        )
        for h, x in zip(handed, made):
            if isinstance(h, Final):
                last = graph.constant(0 if loop.reverse else -1, np.int64)
                name = views.names.result(h.outer)
                x = graph.add("Gather", x, last, axis=int(h.outer.batched), name=name)
            views.tensors[h.outer] = x

    def _name(self, h: Stack | Final) -> str:
        return self.views.names.result(h.outer) if isinstance(h, Stack) else self.graph.free("e1")

    def _given(self, array: Array, name: str) -> Any:
        """An input of the body."""
        x = Tensor(self.graph, self.graph.free(name), self.views.dtype)
        self.views.tensors[array] = x
        return self._info(array, x.name)

    def _left(self, v: View, out: Array) -> Any:
        """An output of the body, which needs a node of its own."""
        x = self.views.load(v, out.batched)
        x = self.graph.add("Identity", x)
        return self._info(out, x.name)

    def _info(self, array: Array, name: str) -> Any:
        kind = self.graph.onnx.helper.np_dtype_to_tensor_dtype(self.views.dtype)
        shape = ["batch"] * array.batched + list(array.shape)
        return self.graph.onnx.helper.make_tensor_value_info(name, kind, shape)


def _alone(h: Stack | Final) -> Array:
    """The array that one iteration hands out."""
    shape = h.outer.shape if isinstance(h, Final) else h.outer.shape[1:]
    return Array(shape, h.outer.kind)

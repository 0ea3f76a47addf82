"""Rewriting a program so that its arrays have other shapes and other orders of lanes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from autograd.compiler.program import (
    Array,
    Block,
    Collect,
    Contract,
    Indices,
    Instruction,
    Map,
    Program,
    Reduce,
    Scatter,
    Shape,
    Simple,
    Take,
    View,
    view,
)
from autograd.compiler.views import moved


class Rewriter:
    """The decisions of a stage as it goes through a program: the new array for each old one, and
    where the old lanes are in it. Instructions are translated at the end."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.new: dict[Array, Array] = {}
        self.position: dict[Array, Indices] = {}
        self.block_order: dict[Array, Indices] = {}
        self.pending: list[Simple] = []
        self.made = {i.out: place for place, i in enumerate(program.flat())}
        # Leaves whose lanes can still be put in any order.
        self.free = {b.array for b in program.blocks} | set(program.constants)

    def seen(self, v: View) -> View:
        """An operand of the old program in the new one."""
        if v.index is None and v.array not in self.position:
            return moved(v, self.array(v.array))
        if v.size == 1:
            return self._one(v, v.shape)
        return view(self.array(v.array), self.lanes(v))

    def lanes(self, v: View) -> Indices:
        """The new lanes of an operand of the old program."""
        lanes = v.lanes()
        return self.position[v.array][lanes] if v.array in self.position else lanes

    def array(self, old: Array) -> Array:
        """The new array for an old one. By default it is the old one."""
        return self.new.setdefault(old, old)

    def place(self, old: Array, order: Indices, shape: Shape) -> Array:
        """Give an array a shape and its lanes an order: the old lane at each new place."""
        order = order.reshape(-1)
        new = Array(shape, old.kind, old.name)
        if old.numbers is not None:
            new.numbers = old.numbers.reshape(-1)[order].reshape(shape)
        position = np.empty(len(order), np.int64)
        position[order] = np.arange(len(order))
        self.new[old], self.position[old], self.block_order[old] = new, position, order
        self.free.discard(old)
        return new

    def settle(self, v: View, lanes: Indices) -> None:
        """Give the leaf of ``v`` the order and shape of ``lanes``.

        It must still be free, and ``lanes`` must contain each of its lanes once; else do nothing.
        """
        if v.array not in self.free or lanes.size != v.array.size:
            return
        if len(np.unique(lanes)) == lanes.size:
            self.place(v.array, lanes, tuple(n for n in lanes.shape if n != 1))

    def keep(self, i: Simple) -> None:
        """Add an instruction, written in terms of old arrays, to the new program."""
        self.pending.append(i)

    def _translated(self, i: Simple) -> Simple:
        out = self.array(i.out)
        if isinstance(i, Map):
            if out.size == 1:
                return Map(out, i.op, tuple(self._one(v, out.shape) for v in i.operands))
            operands = tuple(self.seen(self._follow(i.out, v)) for v in i.operands)
            return Map(out, i.op, operands)
        if isinstance(i, Reduce):
            return replace(i, out=out, operand=self.seen(self._follow(i.out, i.operand)))
        if isinstance(i, Take):
            follow = (self.seen(self._follow(i.out, v)) for v in i.operands)
            return Take(out, *follow)
        if isinstance(i, Contract):
            return Contract(out, self.seen(i.left), self.seen(i.right), i.labels)
        if isinstance(i, Scatter):
            raise TypeError("a program is given its gradients after its layout")
        places = tuple(self.seen(place) for place in i.places)
        return Collect(out, places, tuple(map(self.seen, i.parts)))

    def _one(self, v: View, shape: Shape) -> View:
        """The same for an operand of one lane, in a shape of one."""
        lane = v.offset if v.index is None else int(v.index.flat[0])
        if v.array in self.position:
            lane = int(self.position[v.array][lane])
        return View(self.array(v.array), shape, lane, (0,) * len(shape))

    def _follow(self, out: Array, v: View) -> View:
        """An operand, with its leading axes in the new order and shape of the result ``out``."""
        if out not in self.block_order:
            return v
        lanes = v.lanes()
        rest = lanes.shape[len(out.shape) :]
        lanes = lanes.reshape(out.size, *rest)[self.block_order[out]]
        lanes = lanes.reshape(self.new[out].shape + rest)
        return View(v.array, lanes.shape, index=lanes)

    def finish(self) -> Program:
        """The new program."""
        p = self.program
        for old in list(self.free):
            self.array(old)
        blocks = []
        for block in p.blocks:
            order = self.block_order.get(block.array)
            lanes = block.lanes if order is None else block.lanes[order]
            blocks.append(Block(self.array(block.array), lanes))
        result = Program(
            [self.array(a) for a in p.arguments],
            p.parameters,
            blocks,
            [self.array(a) for a in p.constants],
            [self._translated(i) for i in self.pending],
            self.seen(p.outputs),
            p.single,
            None if p.failures is None else self.seen(p.failures),
        )
        result.forward = len(self.pending)
        return result


Step = Callable[[Rewriter, Simple], None]


def rewritten(program: Program, step: Step) -> Program:
    """The program that ``step`` makes, instruction by instruction."""
    rewriter = Rewriter(program)
    for i in program.flat():
        step(rewriter, i)
    return rewriter.finish()


def with_views(i: Instruction, see: Callable[[View], View]) -> Instruction:
    """The instruction, with ``see`` of each view that it reads, in its body too."""
    if isinstance(i, Map):
        return replace(i, operands=tuple(map(see, i.operands)))
    if isinstance(i, Reduce):
        return replace(i, operand=see(i.operand))
    if isinstance(i, Contract):
        return replace(i, left=see(i.left), right=see(i.right))
    if isinstance(i, Collect):
        return replace(i, parts=tuple(map(see, i.parts)))
    if isinstance(i, Take):
        return replace(i, columns=see(i.columns), index=see(i.index))
    if isinstance(i, Scatter):
        return replace(i, part=see(i.part), index=see(i.index))
    return replace(
        i,
        body=tuple(with_views(instruction, see) for instruction in i.body),
        carried=tuple(replace(c, start=see(c.start), after=see(c.after)) for c in i.carried),
        slices=tuple(replace(s, outer=see(s.outer)) for s in i.slices),
        stacks=tuple(replace(s, inner=see(s.inner)) for s in i.stacks),
        finals=tuple(replace(f, inner=see(f.inner)) for f in i.finals),
    )

"""Arrays turned so that the loops over them are long.

A loss over a whole data set, written as a loop over samples, has arrays of many rows with few
lanes each. Turned, (lanes, samples), their innermost loops run over the samples.
"""

from __future__ import annotations

import numpy as np

from autograd.compiler.native.loops import NotNative
from autograd.compiler.program import (
    Array,
    Collect,
    Contract,
    Indices,
    Instruction,
    Map,
    Program,
    Reduce,
    Simple,
    View,
    view,
)

# Inner loops of fewer steps gain by being longer.
SHORT = 32


def turn(program: Program) -> Program:
    """The program with its tall and narrow arrays turned, parameters excepted."""
    new: dict[Array, Array] = {}
    position: dict[Array, Indices] = {}

    def turn_array(array: Array) -> Array:
        if len(array.shape) != 2 or not array.shape[0] >= SHORT > array.shape[1]:
            return array
        m, n = array.shape
        turned = Array((n, m), array.kind, array.name)
        if array.numbers is not None:
            turned.numbers = np.ascontiguousarray(array.numbers.reshape(m, n).T)
        new[array], position[array] = turned, np.arange(n * m).reshape(n, m).T.reshape(-1)
        return turned

    def seen(v: View, turned: bool = False) -> View:
        lanes = v.lanes()
        if v.array in position:
            lanes = position[v.array][lanes]
        elif not turned:
            return v
        return view(new.get(v.array, v.array), np.ascontiguousarray(lanes.T if turned else lanes))

    def translated(i: Simple) -> Simple:
        out = turn_array(i.out)
        turned = out is not i.out
        if isinstance(i, Map):
            return Map(out, i.op, tuple(seen(v, turned) for v in i.operands))
        if isinstance(i, Contract):
            labels = (*i.labels[:2], i.labels[2][::-1] if turned else i.labels[2])
            return Contract(out, seen(i.left), seen(i.right), labels)
        if isinstance(i, Collect):
            places = tuple(
                seen(View(i.out, p.shape, p.offset, p.strides, p.index)) for p in i.places
            )
            return Collect(out, places, tuple(map(seen, i.parts)))
        if not isinstance(i, Reduce):
            raise NotNative("it takes rows of a table")
        operand = seen(i.operand)
        if turned:
            axes = [1, 0, *range(2, len(operand.shape))]
            operand = view(operand.array, np.ascontiguousarray(operand.lanes().transpose(axes)))
        return Reduce(out, i.op, operand, i.over_batch)

    constants = [turn_array(a) for a in program.constants]
    instructions: list[Instruction] = [translated(i) for i in program.flat()]
    return Program(
        program.arguments,
        program.parameters,
        program.blocks,
        constants,
        instructions,
        seen(program.outputs),
        program.single,
        None if program.failures is None else seen(program.failures),
        {a: None if v is None else seen(v) for a, v in program.gradients.items()},
        program.forward,
    )

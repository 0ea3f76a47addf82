"""The reference: a checker and an interpreter of array programs, which tests hold executors to."""

import numpy as np

from autograd.compiler.program import Contract, Map, Reduce
from autograd.compiler.stages.trace import CONSTANT


def check(program):
    """Return the program if every shape, kind and order in it is right.

    Raises:
        AssertionError: one is not: a fault of the compiler.
    """
    known = {*program.arguments, *(b.array for b in program.blocks), *program.constants}
    for i in program.instructions:
        for v in i.operands:
            must(v.array in known, i, "an operand is used before it is made")
            must(int(v.lanes().min(initial=0)) >= 0, i, "a lane below 0")
            must(int(v.lanes().max(initial=0)) < max(v.array.size, 1), i, "no such lane")
        kinds = max((v.array.kind for v in i.operands), default=CONSTANT)
        if isinstance(i, Map):
            must(all(v.shape == i.out.shape for v in i.operands), i, "shapes differ")
            must(i.out.kind == kinds, i, "the wrong kind")
        elif isinstance(i, Reduce):
            must(i.operand.shape[: len(i.out.shape)] == i.out.shape, i, "shapes differ")
        elif isinstance(i, Contract):
            sizes = sizes_of(i)
            must(i.out.shape == tuple(sizes[c] for c in i.labels[2]), i, "the wrong shape")
        else:
            for place, part in zip(i.places, i.parts):
                must(place.shape == part.shape and place.array is i.out, i, "shapes differ")
        known.add(i.out)
    for v in program.ends():
        must(v.array in known, v, "a result is not made")
    return program


def sizes_of(i):
    sizes = {}
    for v, labels in zip(i.operands, i.labels):
        must(len(v.shape) == len(labels), i, "labels do not fit")
        for c, n in zip(labels, v.shape):
            must(sizes.setdefault(c, n) == n, i, f"label {c} has two sizes")
    return sizes


def must(true, where, what):
    assert true, f"{what}: {where}"


def run(program, arguments, parameters):
    """Every array of the program, with its batch where it has one. Slow and plain.

    Args:
        arguments: (batch, n) for each.
        parameters: (number of parameters,).
    """
    values = dict(zip(program.arguments, arguments))
    for block in program.blocks:
        values[block.array] = parameters[block.lanes].reshape(block.array.shape)
    for array in program.constants:
        values[array] = array.numbers.reshape(array.shape)
    batch = len(arguments[0]) if arguments else 1

    def load(v):
        rows = batch if v.array.batched else 1
        return values[v.array].reshape(rows, -1)[:, v.lanes().reshape(-1)].reshape(rows, *v.shape)

    for i in program.instructions:
        xs = [load(v) for v in i.operands]
        if isinstance(i, Map):
            y = computed(i.op, np.broadcast_arrays(*xs))
        elif isinstance(i, Reduce):
            (x,) = xs
            flat = x.reshape(*x.shape[: 1 + len(i.out.shape)], -1)
            y = computed(i.op, [flat[..., k] for k in range(flat.shape[-1])])
            if i.over_batch:
                y = np.broadcast_to(y, (batch, *y.shape[1:])).sum(axis=0, keepdims=True)
        elif isinstance(i, Contract):
            left, right, out = i.labels
            rows = max(map(len, xs))
            xs = [np.broadcast_to(x, (rows, *x.shape[1:])) for x in xs]
            kept = "Z" if i.out.batched or rows == 1 else ""
            y = np.einsum(f"Z{left},Z{right}->{kept}{out}", *xs)
        else:
            y = np.zeros((batch if i.out.batched else 1, i.out.size))
            for place, x in zip(i.places, xs):
                x = x.reshape(len(x), -1)
                for lane, column in zip(place.lanes().reshape(-1), x.T):
                    y[:, lane] += column
        values[i.out] = y.reshape((batch,) * i.out.batched + i.out.shape)
    return values


def computed(op, xs):
    """An operation on arrays, number by number."""
    each = zip(*(x.reshape(-1).tolist() for x in xs))
    return np.array([op.compute(numbers) for numbers in each]).reshape(xs[0].shape)

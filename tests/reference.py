"""The reference: a checker and an interpreter of array programs, which tests hold executors to."""

import numpy as np

from autograd.compiler.program import Contract, Loop, Map, Reduce, Scatter, Take
from autograd.compiler.stages.trace import CONSTANT


def check(program):
    """Return the program if every shape, kind and order in it is right.

    Raises:
        AssertionError: one is not: a fault of the compiler.
    """
    known = {*program.arguments, *(b.array for b in program.blocks), *program.constants}
    check_all(program.instructions, known)
    for v in program.ends():
        check_view(v, known)
    return program


def check_all(instructions, known):
    for i in instructions:
        for v in i.operands:
            check_view(v, known)
        if isinstance(i, Loop):
            check_loop(i, known)
        else:
            check_simple(i)
        known.update(i.outs)


def check_view(v, known):
    must(v.array in known, v, "an operand is used before it is made")
    must(int(v.lanes().min(initial=0)) >= 0, v, "a lane below 0")
    must(int(v.lanes().max(initial=0)) < max(v.array.size, 1), v, "no such lane")


def check_simple(i):
    kinds = max((v.array.kind for v in i.operands), default=CONSTANT)
    if isinstance(i, Map):
        must(all(v.shape == i.out.shape for v in i.operands), i, "shapes differ")
        must(i.out.kind == kinds, i, "the wrong kind")
    elif isinstance(i, Reduce):
        must(i.operand.shape[: len(i.out.shape)] == i.out.shape, i, "shapes differ")
    elif isinstance(i, Contract):
        sizes = sizes_of(i)
        must(i.out.shape == tuple(sizes[c] for c in i.labels[2]), i, "the wrong shape")
    elif isinstance(i, Take):
        must(i.columns.shape[:-1] == i.index.shape == i.out.shape, i, "shapes differ")
    elif isinstance(i, Scatter):
        must(i.columns.shape[:-1] == i.index.shape == i.part.shape, i, "shapes differ")
        must(i.columns.array is i.out, i, "a place elsewhere")
    else:
        for place, part in zip(i.places, i.parts):
            must(place.shape == part.shape and place.array is i.out, i, "shapes differ")


def check_loop(loop, known):
    inside = set(known)
    for s in loop.slices:
        must(s.outer.shape == (loop.count, *s.inner.shape), s, "a slice of another shape")
        must(s.inner.kind == s.outer.array.kind, s, "a slice of another kind")
        inside.add(s.inner)
    for c in loop.carried:
        must(c.start.shape == c.before.shape == c.after.shape, c, "carried in another shape")
        kinds = max(c.start.array.kind, c.after.array.kind)
        must(c.before.kind >= kinds, c, "carried as another kind")
        inside.add(c.before)
    check_all(loop.body, inside)
    for c in loop.carried:
        check_view(c.after, inside)
    for s in loop.stacks:
        check_view(s.inner, inside)
        must(s.outer.shape == (loop.count, *s.inner.shape), s, "stacked in another shape")
        must(s.outer.kind == s.inner.array.kind, s, "stacked as another kind")
    for f in loop.finals:
        check_view(f.inner, inside)
        must(f.outer.shape == f.inner.shape, f, "final in another shape")
        must(f.outer.kind == f.inner.array.kind, f, "final as another kind")


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

    run_all(program.instructions, values, batch)
    return values


def run_all(instructions, values, batch):
    """Run instructions. The results are added to ``values``."""
    for i in instructions:
        if isinstance(i, Loop):
            run_loop(i, values, batch)
        else:
            y = run_simple(i, [load(v, values, batch) for v in i.operands], batch)
            values[i.out] = y.reshape((batch,) * i.out.batched + i.out.shape)


def load(v, values, batch):
    """What a view sees, with the batch as first axis, of 1 where there is none."""
    rows = batch if v.array.batched else 1
    return values[v.array].reshape(rows, -1)[:, v.lanes().reshape(-1)].reshape(rows, *v.shape)


def stored(x, array, batch):
    """A loaded view as the array that it becomes."""
    rows = batch if array.batched else 1
    y = np.broadcast_to(x, (rows, *x.shape[1:])).copy()
    return y if array.batched else y[0]


def run_loop(loop, values, batch):
    values.update(
        (c.before, stored(load(c.start, values, batch), c.before, batch)) for c in loop.carried
    )
    for s in loop.stacks:
        values[s.outer] = np.empty((batch,) * s.outer.batched + s.outer.shape)
    given = [load(s.outer, values, batch) for s in loop.slices]
    order = range(loop.count)
    for t in reversed(order) if loop.reverse else order:
        for s, x in zip(loop.slices, given):
            values[s.inner] = stored(x[:, t], s.inner, batch)
        run_all(loop.body, values, batch)
        for s in loop.stacks:
            at = (slice(None), t) if s.outer.batched else t
            values[s.outer][at] = stored(load(s.inner, values, batch), s.outer, batch)
        for f in loop.finals:
            values[f.outer] = stored(load(f.inner, values, batch), f.outer, batch)
        values.update(
            [
                (c.before, stored(load(c.after, values, batch), c.before, batch))
                for c in loop.carried
            ]
        )


def run_simple(i, xs, batch):
    """One instruction on the operands that it sees."""
    if isinstance(i, Map):
        return computed(i.op, np.broadcast_arrays(*xs))
    if isinstance(i, Reduce):
        (x,) = xs
        flat = x.reshape(*x.shape[: 1 + len(i.out.shape)], -1)
        y = computed(i.op, [flat[..., k] for k in range(flat.shape[-1])])
        if i.over_batch:
            y = np.broadcast_to(y, (batch, *y.shape[1:])).sum(axis=0, keepdims=True)
        return y
    if isinstance(i, Contract):
        left, right, out = i.labels
        rows = max(map(len, xs))
        xs = [np.broadcast_to(x, (rows, *x.shape[1:])) for x in xs]
        kept = "Z" if i.out.batched or rows == 1 else ""
        return np.einsum(f"Z{left},Z{right}->{kept}{out}", *xs)
    if isinstance(i, Take):
        columns, index = np.broadcast_to(xs[0], (batch, *xs[0].shape[1:])), xs[1].astype(int)
        return np.take_along_axis(columns, index[..., None], axis=-1)[..., 0]
    if isinstance(i, Scatter):
        lanes, index = i.columns.lanes(), xs[1].astype(int)
        part = np.broadcast_to(xs[0], index.shape)
        y = np.zeros((batch if i.out.batched else 1, i.out.size))
        for place in np.ndindex(index.shape):
            y[place[0] * i.out.batched, lanes[place[1:]][index[place]]] += part[place]
        return y
    y = np.zeros((batch if i.out.batched else 1, i.out.size))
    for place, x in zip(i.places, xs):
        x = x.reshape(len(x), -1)
        for lane, column in zip(place.lanes().reshape(-1), x.T):
            y[:, lane] += column
    return y


def computed(op, xs):
    """An operation on arrays, number by number."""
    each = zip(*(x.reshape(-1).tolist() for x in xs))
    return np.array([op.compute(numbers) for numbers in each]).reshape(xs[0].shape)

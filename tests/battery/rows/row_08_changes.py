"""Numbers changed after recording, backward twice, zero_grad forgotten, cycles made by hand.

None of these gives a wrong number silently. Where a number was changed, three answers are right:
the derivatives of the recorded point, those of the new point, or an error that says which leaf was
assigned.
"""

import copy
import math
import pickle
import random
from contextlib import contextmanager

from autograd import Value, explain, formula, grad, gradient, topological_order
from autograd.ops import TABLE, tanh
from tests.battery import Row

OPERATIONS = [TABLE[n] for n in "add sub mul div tanh exp sin sigmoid softplus maximum sum".split()]


def build(r):
    """A function of three leaves: the same graph each time it is called."""
    chosen = [
        (r.choice(OPERATIONS), [r.random() for _ in range(3)]) for _ in range(r.randint(2, 8))
    ]

    def function(leaves):
        pool = list(leaves)
        for op, places in chosen:
            taken = [pool[int(p * len(pool))] for p in places[: op.arity or 3]]
            pool.append(op(*taken))
        return sum(pool[3:], 0.0 * pool[0])

    return function


def derivatives(function, numbers):
    """By each leaf at these numbers, from a fresh graph."""
    leaves = [Value(x) for x in numbers]
    return [d.data for d in grad(function(leaves), leaves)]


def same(found, expected):
    return all(
        math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12) or (a != a and b != b)
        for a, b in zip(found, expected, strict=True)
    )


def refused(attempt, leaf):
    """Whether this is refused with an error that names the leaf."""
    said = ""
    try:
        attempt()
    except ValueError as error:
        said = str(error)
    assert not said or repr(leaf) in said, f"names another leaf: {said}"
    return bool(said)


def case(i):
    """A graph, a leaf of it that is assigned, and everything that differentiates."""
    r = random.Random(i)
    function = build(r)
    before = [r.uniform(0.5, 2) for _ in range(3)]
    leaves = [Value(x, name) for x, name in zip(before, "abc")]
    y = function(leaves)
    numbers = [z for v in topological_order(y) for z in (v.data, *v.partials)]
    if any(1e6 < abs(z) < math.inf for z in numbers):
        return  # they swallow what is added to them, so the order of the additions counts
    then = derivatives(function, before)
    changed = r.randrange(3)
    leaves[changed].data = r.choice([before[changed] + 1, -before[changed], before[changed] + 1e-6])
    now = derivatives(function, [leaf.data for leaf in leaves])
    assert same([d.data for d in grad(y, leaves)], then), "grad is not of the recorded point"
    for turn in 1, 2:  # the second time without zero_grad: gradients add up, as documented
        y.backward()
        assert same([v.grad for v in leaves], [turn * d for d in then]), f"backward {turn}"
    if not refused(lambda: grad(y, leaves, create_graph=True), leaves[changed]):
        found = [d.data for d in grad(y, leaves, create_graph=True)]
        assert same(found, then), f"with a graph {found}, at the recorded point {then}"
        assert same(found, now), f"with a graph {found}, at the new point {now}"
    for place, leaf in enumerate(leaves):
        if not refused(lambda leaf=leaf: explain(y, leaf), leaves[changed]):
            found = explain(y, leaf).gradient
            assert same([found], then[place : place + 1]), f"explain {found}, {then}"
    leaves[changed].data = before[changed]
    again = [d.data for d in grad(y, leaves, create_graph=True)]
    assert same(again, then), "put back, and not as before"
    check_cycle(r, y, leaves)


USES = {  # backward looks at the end alone, because each look costs time
    "grad": grad,
    "grad with a graph": lambda y, leaf: grad(y, leaf, create_graph=True),
    "explain": explain,
    "formula": lambda y, leaf: formula(y),
    "copy": lambda y, leaf: copy.deepcopy(y),
    "pickle": lambda y, leaf: pickle.dumps(y),
}


def check_cycle(r, y, leaves):
    """A node that is made its own input by hand, at once or further on, is refused."""
    nodes = topological_order(y)
    node = r.choice(nodes)
    above = {node: None}  # a dict, because the order of a set differs from process to process
    above.update((v, None) for v in nodes if any(x in above for x in v.inputs))
    node._record = (tanh, r.choice([*above]), 1.0)
    for name, use in USES.items():
        said = ""
        try:
            use(y, leaves[0])
        except ValueError as error:
            said = str(error)
        assert "come before it" in said, f"{name} takes a cycle: {said}"


@contextmanager
def wrong():
    """grad looks at no leaf, as it did."""
    right = gradient.is_changed
    gradient.is_changed = lambda node: False
    try:
        yield
    finally:
        gradient.is_changed = right


ROW = Row(
    title="data changed after recording, backward twice, zero_grad forgotten, cycles by hand",
    case=case,
    full=200_000,
    hours=0.1,
    quick=100,
    wrong=wrong,
    unit="graphs",
)

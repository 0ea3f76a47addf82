"""The unrolled recording and backward of ``fast.py`` against the plain ones of ``value.py``."""

import random
from contextlib import nullcontext

import numpy as np
import pytest

import autograd
from autograd import AnomalyError, Value, detect_anomaly, dot, fast, no_grad, ops, topological_order
from autograd.operand import Operand

ONE = ("tanh", "exp", "log", "sqrt", "relu", "sigmoid", "softplus", "sin", "cos", "abs")
AT_THE_EDGES = (
    0.0,
    -0.0,
    1.5,
    -1.5,
    1e308,
    -1e308,
    5e-324,
    float("inf"),
    -float("inf"),
    float("nan"),
)


def random_graph(seed, steps=300):
    """A graph of every kind of operation, and its leaves."""
    draw = random.Random(seed)
    leaves = [Value(draw.gauss(0, 1), f"x{i}") for i in range(6)]
    nodes = list(leaves)

    def pick():
        return draw.choice(nodes[-20:] + leaves)

    for _ in range(steps):
        kind = draw.randrange(8)
        if kind == 0:
            node = getattr(pick(), draw.choice(ONE))()
        elif kind == 1:
            node = draw.choice([pick() + pick(), pick() - pick(), pick() * pick(), pick() / pick()])
        elif kind == 2:
            node = draw.choice([2 + pick(), pick() - 1, 0.5 * pick(), 1 / pick(), -pick()])
        elif kind == 3:
            node = draw.choice([pick() ** 2, pick() ** -1, pick() ** pick(), 2 ** pick()])
        elif kind == 4:
            node = dot([pick() for _ in range(4)], [pick(), 1.0, pick(), pick()], pick())
        elif kind == 5:
            node = draw.choice([autograd.sum, autograd.logsumexp])([pick() for _ in range(5)])
        elif kind == 6:
            node = pick().maximum(pick())
        else:
            node = abs(pick()) + pick().minimum(0.5)
        nodes.append(node)
    return autograd.sum(nodes), leaves


def written_down(output, leaves):
    """All that a graph remembers, bit for bit: repr tells nan and -0.0 apart."""
    order = topological_order(output)
    place = {node: i for i, node in enumerate(order)}
    nodes = [
        (node.op, node.data, [place[v] for v in node.inputs], node.partials, node.grad, node._depth)
        for node in order
    ]
    return repr((nodes, [leaf.grad for leaf in leaves]))


@pytest.mark.parametrize("seed", range(20))
def test_both_record_and_differentiate_the_same_bit_for_bit(seed):
    def run():
        output, leaves = random_graph(seed)
        output.backward()
        output.backward()  # again: leaves add up, interior nodes start anew
        return written_down(output, leaves)

    unrolled = run()
    with fast.plain():
        assert run() == unrolled


@pytest.mark.parametrize(
    "op", [*ops.TABLE.values(), ops.power(3.0), ops.power(-0.5)], ids=lambda op: op.name
)
def test_both_agree_at_the_edges(op):
    def run():
        points = [[Value(x)] * (op.arity or 2) for x in AT_THE_EDGES]
        points += [
            [Value(x), Value(y)] for x in AT_THE_EDGES for y in AT_THE_EDGES if op.arity == 2
        ]
        outputs = [op(*inputs) for inputs in points]
        return repr([(y.data, y.partials) for y in outputs])

    unrolled = run()
    with fast.plain():
        assert run() == unrolled


def test_the_plain_methods_are_back_and_gone_again():
    def plain():
        return Value.__dict__.get("__add__") is None and Value.backward is not fast.backward

    assert not plain()
    with fast.plain():
        assert plain()
    assert not plain()


@pytest.mark.parametrize("form", ["plain", "unrolled"])
def test_modes_hold_in_both_forms(form):
    def check():
        x = Value(0.0, "x")
        with no_grad():
            assert (x * 2 + x.tanh()).op is None
        with detect_anomaly(), pytest.raises(AnomalyError, match=r"log\(x = 0.0\)"):
            x.log()

    if form == "unrolled":
        check()
    else:
        with fast.plain():
            check()


def test_its_methods_are_documented_as_the_plain_ones():
    for name in ("apply_op", "backward"):
        assert getattr(Value, name).__doc__ == fast.PLAIN[name].__doc__
    assert Value.backward.__doc__.startswith("The derivative of this value by every value")


@pytest.mark.parametrize("form", [fast.plain, nullcontext])
def test_an_array_meets_a_value_element_by_element(form):
    with form():
        result = Value(2.0) * np.array([1.0, 3.0])
    assert [v.data for v in result] == [2.0, 6.0]


def test_an_operand_says_how_operations_apply_to_it():
    class Bare(Operand):
        pass

    with pytest.raises(NotImplementedError):
        Bare() + 1


@pytest.mark.parametrize("form", [fast.plain, nullcontext])
def test_an_input_that_was_put_in_by_hand_and_is_deeper_than_its_node_is_refused(form):
    x = Value(2.0)
    node, deep = x * 3, ((x * 2) * 2) * 2
    op, _, three, *partials = node._record
    node._record = (op, deep, three, *partials)
    with form(), pytest.raises(ValueError, match="were changed by hand"):
        (node + 1).backward()

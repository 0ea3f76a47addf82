"""Threads that share nodes get the numbers that they would get alone."""

import contextlib
import copy
import pickle
import random
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import autograd
from autograd import Value, draw, explain, formula, grad, topological_order
from nn import MLP

THREADS = 4


@pytest.fixture(autouse=True)
def quick_turns():
    """Threads change at nearly every step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def shared_graph(outputs=THREADS):
    """Leaves, and outputs over the same 50 interior nodes in a row and the same network."""
    draw_number = random.Random(0).uniform
    x = Value(0.3, "x")
    model = MLP(2, [6, 6, 1], seed=1)
    h = x
    for _ in range(50):
        h = (h * 1.1 + 0.1).sin()
    h.label = "h"
    y = model([h, h * h])
    ys = [(y * draw_number(0.5, 2.0) + h * draw_number(-1.0, 1.0)).tanh() for _ in range(outputs)]
    return [x, *model.parameters()], h, ys


def in_threads(job, rounds):
    """``job(k, round)`` in each of the threads k, all at the same time."""
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [pool.submit(lambda k=k: [job(k) for _ in range(rounds)]) for k in range(THREADS)]
        return [j.result() for j in jobs]


LENSES = {
    "grad": lambda y, leaves: [d.data for d in grad(y, leaves)],
    "grad of grad": lambda y, leaves: grad(grad(y, leaves[0], create_graph=True), leaves[1]).data,
    "topological_order": lambda y, _: [id(v) for v in topological_order(y)],
    "draw": lambda y, _: draw(y, view="scalars").source,
    "explain": lambda y, leaves: explain(y, leaves[0]).text,
    "formula": lambda y, _: formula(y, latex=True),
    "pickle": lambda y, _: [v.data for v in topological_order(pickle.loads(pickle.dumps(y)))],
    "deepcopy": lambda y, _: [v.data for v in topological_order(copy.deepcopy(y))],
}


@pytest.mark.unmeasured
@pytest.mark.parametrize("lens", LENSES)
def test_reading_a_shared_graph(lens):
    leaves, _, ys = shared_graph()
    read = LENSES[lens]
    alone = [read(y, leaves) for y in ys]
    for k, found in enumerate(in_threads(lambda k: read(ys[k], leaves), rounds=5)):
        assert all(once == alone[k] for once in found)


@pytest.mark.parametrize("form", ["fast", "plain"])
def test_the_sums_on_leaves_after_backward_passes_over_shared_nodes(form):
    leaves, h, ys = shared_graph()
    expected = [sum(d) for d in zip(*([d.data for d in grad(y, leaves)] for y in ys), strict=True)]
    last = {round(grad(y, h).data, 12) for y in ys}
    with autograd.fast.plain() if form == "plain" else contextlib.nullcontext():
        in_threads(lambda k: ys[k].backward(), rounds=40)
    assert [v.grad for v in leaves] == pytest.approx([40 * d for d in expected], rel=1e-9)
    assert round(h.grad, 12) in last  # an interior gradient is that of the last pass


def test_single_steps_add_up():
    x = Value(2.0)
    y = x * 3.0
    y.grad = 1.0
    in_threads(lambda _: y._backward(), rounds=2000)
    assert x.grad == THREADS * 2000 * 3.0


def test_reading_while_other_threads_go_backward_and_record():
    leaves, h, ys = shared_graph()
    alone = [LENSES["grad"](y, leaves) for y in ys]

    def job(k):
        if k == 0:
            ys[0].backward()
        elif k == 1:
            return (h * 2.0).exp().data
        return LENSES["grad"](ys[k], leaves)

    found = in_threads(job, rounds=30)
    assert all(once == alone[k] for k in (2, 3) for once in found[k])
    assert leaves[0].grad == pytest.approx(30 * alone[0][0], rel=1e-9)


CALLS = 10_000


@pytest.mark.slow
def test_ten_thousand_gradients_in_each_of_four_threads():
    x = Value(0.3)
    h = x
    for _ in range(20):
        h = (h * 1.1 + 0.1).sin()
    ys = [(h * (k + 1.0)).tanh() for k in range(THREADS)]
    alone = [grad(y, x).data for y in ys]
    for k, found in enumerate(in_threads(lambda k: grad(ys[k], x).data, rounds=CALLS)):
        assert set(found) == {alone[k]}
    in_threads(lambda k: ys[k].backward(), rounds=CALLS)
    assert x.grad == pytest.approx(CALLS * sum(alone), rel=1e-9)


@pytest.mark.slow
def test_ten_thousand_calls_of_one_compiled_function_in_each_of_four_threads():
    pytest.importorskip("numpy")
    w = Value(0.7)
    program = autograd.compile(lambda x: (w * x[0] + x[1]).tanh() * x[1])
    rows = [[[0.1 * k + 0.1, 0.5 - 0.2 * k]] * (k + 1) for k in range(THREADS)]
    alone = [(program(X).tolist(), program.value_and_grad(X)[1].tolist()) for X in rows]

    def job(k):
        return program(rows[k]).tolist(), program.value_and_grad(rows[k])[1].tolist()

    for k, found in enumerate(in_threads(job, rounds=CALLS)):
        assert all(once == alone[k] for once in found)

"""Pickles, copies and the end of a graph: nothing recurses, and what is shared stays shared."""

import copy
import io
import pickle
import subprocess
import sys
from itertools import pairwise

import pytest

import nn
from autograd import Op, Value, grad, no_grad, topological_order
from autograd.nodes import copies
from autograd.nodes.leaves import CONSTANT
from autograd.value import is_constant

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def by_python(thing, protocol):
    """With the pickler that is written in Python."""
    file = io.BytesIO()
    pickle._Pickler(file, protocol).dump(thing)
    return pickle._loads(file.getvalue())


WAYS = {
    **{f"protocol {p}": lambda x, p=p: pickle.loads(pickle.dumps(x, p)) for p in PROTOCOLS},
    "in Python": lambda x: by_python(x, 4),
    "deepcopy": copy.deepcopy,
}


@pytest.fixture(params=WAYS)
def twin(request):
    return WAYS[request.param]


def chain(n):
    x, w = Value(0.5, "x"), Value(0.999, "w")
    y = x
    for _ in range(n // 3):
        y = (y * w + x).tanh()
    return x, w, y


def same_graphs(one, other):
    """Node by node, by what is stored and by which nodes are one."""
    nodes, twins = topological_order(one), topological_order(other)
    place, twin_place = ({v: i for i, v in enumerate(order)} for order in (nodes, twins))
    assert len(nodes) == len(twins)
    for v, t in zip(nodes, twins, strict=True):
        assert (v.data, v.grad, v.has_grad, v.label) == (t.data, t.grad, t.has_grad, t.label)
        assert (v.op, v.partials, v._depth) == (t.op, t.partials, t._depth)
        assert is_constant(v) == is_constant(t)
        assert [place[c] for c in v.inputs] == [twin_place[c] for c in t.inputs]


def test_a_graph_comes_back_as_it_was(twin):
    x, w = Value(0.5, "x"), Value(-0.7)
    h = (x * w - 2).sigmoid() + Value(3.0, (x, w), (1.0, 2.0))
    y = Op("a_third", lambda a: a / 3, lambda y, a: (1 / 3,))(h**2 / x) + h
    h.label = "h"
    h.backward()
    again = twin(y)
    same_graphs(y, again)
    again.backward()
    y.backward()
    same_graphs(y, again)


def test_several_values_of_one_graph_stay_together(twin):
    x, w, y = chain(30)
    z = y.exp() * w
    alone = Value(1.0)
    for order in ([0, 1, 2, 3, 4], [3, 2, 1, 0, 4], [4, 1, 2, 3, 0], [2, 0, 3, 4, 1]):
        given = [(x, w, y, z, alone)[i] for i in order]
        back = dict(zip(order, twin([*given, {"again": given}])[:5], strict=True))
        assert back[3].inputs[0].inputs[0] is back[2]
        assert back[3].inputs[1] is back[1]
        assert {back[0], back[1]} == {v for v in topological_order(back[2]) if v.op is None}
        same_graphs(z, back[3])
    both = twin([z, z, {"z": z}])
    assert both[0] is both[1] is both[2]["z"]


def test_a_network_and_its_output(twin):
    model = nn.MLP(2, [3, 1], seed=1)
    y = model([1.0, 2.0])
    for again, out in (twin((model, y)), twin((y, model))[::-1]):
        out.backward()
        expected = [d.data for d in grad(y, model.parameters())]
        assert [p.grad for p in again.parameters()] == expected


def test_attributes_may_be_nodes_of_any_graph(twin):
    x, w, y = chain(12)
    order = [v for v in topological_order(y) if v is not w]  # x is the first
    for shallow, deep in pairwise(order):
        shallow.following = deep
    y.start = x
    y.friend = Value(2.0) * x
    again = twin(y)
    v, count = again.start, 1
    while hasattr(v, "following"):
        v, count = v.following, count + 1
    assert v is again
    assert count == len(order)
    assert again.friend.inputs[1] is again.start
    leaf = twin(x)
    assert leaf.following.inputs[0] is leaf


@pytest.mark.parametrize("name", ["of_mine", "tanh"])
def test_an_operation_is_copied_as_itself_and_pickled_by_its_name(name):
    mine = Op(name, lambda x: 3 * x, lambda y, x: (3.0,), registered=False)
    model = nn.MLP(1, [2, 1], mine, seed=1)
    assert copy.deepcopy(model)([1.0]).data == model([1.0]).data
    assert copy.copy(mine) is mine
    if name == "tanh":  # or the copy would compute the built-in one
        with pytest.raises(ValueError, match="'tanh' is another one: give this one a name"):
            pickle.dumps(model)
    else:
        with pytest.raises(ValueError, match="no operation is called 'of_mine'"):
            pickle.loads(pickle.dumps(model))


def test_an_operation_that_was_defined_again_is_the_new_one():
    old, new = (
        Op("defined_twice", lambda x, n=n: n * x, lambda y, x, n=n: (n,)) for n in (2.0, 3.0)
    )
    assert pickle.loads(pickle.dumps(old)) is new
    assert copy.copy(old) is old


def test_kinds_of_leaves(twin):
    with no_grad():
        result = Value(1.0) * 2.0
    slope = grad(Value(1.0) * 3.0, Value(1.0))
    constant = (Value(1.0) * 3.0).inputs[1]
    leaves = [Value(1.0), result, slope, constant]
    back = twin(leaves)
    assert [v._record is t._record for v, t in zip(leaves, back, strict=True)] == [True] * 4
    assert back[3]._record is CONSTANT


def test_a_copy_shares_the_inputs():
    x = Value(2.0, "x")
    y = x * x
    y.color = "red"
    y.backward()
    again = copy.copy(y)
    assert again is not y
    assert (again.inputs, again.grad, again.color) == ((x, x), 1.0, "red")
    again.color = "blue"
    assert y.color == "red"


def test_a_pickler_that_goes_on_knows_what_it_wrote():
    x, _, y = chain(9)
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    pickler.dump(y)
    pickler.dump(x)
    meanwhile = pickle.loads(pickle.dumps(x))  # by another, which has not written it
    assert (meanwhile.data, meanwhile.label) == (0.5, "x")
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    back, leaf = unpickler.load(), unpickler.load()
    assert leaf in topological_order(back)


def test_nothing_stays_behind():
    _, _, y = chain(30)
    pickle.dumps([y, y.inputs[0]])
    y.broken = lambda: None
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(y)
    assert not copies._this_thread.places


def test_the_work_is_linear():
    def calls(n):
        nodes = topological_order(chain(n)[2])
        made = 0

        def count_them(_frame, _event, _argument):
            nonlocal made
            made += 1

        sys.setprofile(count_them)
        try:
            for thing in nodes, nodes[::-1], nodes[-1]:
                pickle.loads(pickle.dumps(thing))
            copy.deepcopy(nodes)
        finally:
            sys.setprofile(None)
        return made

    assert calls(3000) < 4 * calls(1000)  # three times, and not nine


SMALL_STACK = """
import copy, pickle, sys, threading
from autograd import Value, topological_order
def chain(n):
    x, w = Value(0.5, "x"), Value(0.999, "w")
    y = x
    for _ in range(n // 3):
        y = (y * w + x).tanh()
    return y
class Kept(Value):
    __slots__ = ("extra",)
def with_attributes(n):
    y = Kept(0.5)
    for _ in range(n):
        y = y.tanh()
        y.color, y.extra, y.label = "red", [1], "y"
    return y
graphs = [chain({nodes}), with_attributes({nodes} // 10)]
counts = [len(topological_order(y)) for y in graphs]
def copied():
    for y, n in zip(graphs, counts):
        for twin in pickle.loads(pickle.dumps(y)), copy.deepcopy(y), copy.copy(y):
            assert (twin.data, len(topological_order(twin))) == (y.data, n)
            print("copied")
            del twin
    y = None
    graphs.clear()
    print("freed")
threading.stack_size(64 * 1024)
thread = threading.Thread(target=copied)
thread.start()
thread.join()
"""


@pytest.mark.parametrize("nodes", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_small_stack_is_enough_to_copy_and_to_free(nodes):
    program = SMALL_STACK.replace("{nodes}", str(nodes))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["copied"] * 6 + ["freed"], done.stderr


@pytest.mark.slow
def test_a_small_stack_is_enough_to_free_hundreds_of_thousands_of_nodes():
    copied, thread = "def copied():", "threading.stack_size"
    program = SMALL_STACK.replace("{nodes}", "300_000")
    program = program[: program.index(copied)] + program[program.index(thread) :]
    program = program.replace("target=copied", "target=graphs.clear") + "print(len(graphs))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["0"], done.stderr


def test_what_is_left_of_a_pickle_does_not_take_the_places_of_a_later_one():
    node, places = Value(1.0), {}
    earlier, later = copies._Graph([node], places), copies._Graph([node], places)
    del earlier
    assert places[id(node)] == (later.mine[id(node)][0], 0)
    del later
    assert places == {}

"""``_backward``, one step of the backward pass under micrograd's name."""

import pytest

from autograd import Op, Value, compile, detect_anomaly, modes
from autograd.compiler.recording.observe import CompileError


def by_hand(output):
    """The loop of micrograd's first lecture."""
    topo, visited = [], set()

    def build(v):
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                build(child)
            topo.append(v)

    build(output)
    output.grad = 1.0
    for v in reversed(topo):
        v._backward()


def example():
    x, w = Value(0.5, "x"), Value(-1.5, "w")
    h = (x * w + x).tanh()
    return x, w, h * h + h.exp() * 3.0 - x * x


def test_the_loop_of_the_lecture_gives_the_gradients_of_backward():
    *leaves, y = example()
    *others, z = example()
    y.backward()
    by_hand(z)
    assert [v.grad for v in leaves] == pytest.approx([v.grad for v in others], rel=1e-15)


def test_one_step_adds_the_contributions_of_one_node():
    x = Value(3.0)
    y = x * x
    z = y * 2.0
    y.grad = 5.0
    y._backward()
    assert (x.grad, y.grad, z.grad) == (30.0, 5.0, 0.0)
    y._backward()
    assert x.grad == 60.0
    x.grad = None
    y._backward()
    assert x.grad == 30.0


def test_on_a_leaf_it_does_nothing():
    x = Value(3.0)
    x.grad = 1.0
    x._backward()
    assert x.grad == 1.0


def test_detect_anomaly_watches_it():
    x = Value(1e-320)
    y = x.log()
    y.grad = 1.0
    with detect_anomaly(), pytest.raises(modes.AnomalyError, match="inf is the gradient of"):
        y._backward()


def test_it_cannot_be_replaced_and_the_message_says_what_to_write():
    x = Value(1.0)
    y = x * 1.0
    with pytest.raises(AttributeError, match=r"_backward follows from its operation. .* an Op:"):
        y._backward = lambda: None
    cube = Op("cube_in_words", lambda x: x**3, lambda y, x: (3 * x**2,), registered=False)
    z = cube(Value(2.0))
    z.backward()
    assert z.inputs[0].grad == 12.0


def test_a_compiled_function_may_not_call_it():
    with pytest.raises(CompileError, match="calls backward"):
        compile(lambda x: (x[0] * 2.0)._backward())([[1.0]])

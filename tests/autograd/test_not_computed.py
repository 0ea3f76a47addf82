"""``grad`` is always a float; whether it was computed is kept apart from its number."""

import copy
import io
import pickle
import re

import pytest

import nn
from autograd import Value, compile, draw, explain, page
from autograd.compiler.recording.observe import CompileError


def test_a_gradient_is_a_float_from_the_start():
    x, unused = Value(2.0), Value(1.0)
    y = x * x
    assert [type(v.grad) for v in (x, y, unused)] == [float] * 3
    assert [v.grad for v in (x, y, unused)] == [0.0] * 3
    y.backward()
    for p in (x, unused):
        p.data -= 0.5 * p.grad
    assert (x.data, unused.data) == (0.0, 1.0)
    assert f"{unused.grad:.3f}" == "0.000"


def three():
    """A node whose gradient was not computed, one that the output does not hang on, and a zero."""
    x, apart, waiting = Value(0.0, "x"), Value(1.0, "apart"), Value(2.0, "waiting")
    y = x * x
    y.backward()
    return x, apart, waiting, y


def test_not_computed_no_path_and_zero_are_three_things():
    x, apart, waiting, y = three()
    z = waiting * 3.0
    assert [v.has_grad for v in (x, apart, waiting)] == [True, False, False]
    assert repr(x) == "Value(0, label='x', grad=0)"
    assert repr(waiting) == "Value(2, label='waiting')"
    assert "Zero" in explain(y, x).text
    assert "not computed" not in explain(y, x).text
    assert explain(y, apart).text == "dout/dapart = 0: no path. out was not computed from apart."
    assert "waiting.grad is not computed: out.backward() would set it." in explain(z, waiting).text
    assert "not computed" not in draw(y).source
    assert draw(z).source.count("not computed") == 3
    assert '"grad"' not in re.search(r'\{[^{}]*"name":"waiting".*?\}', page(z).source)[0]
    assert '"grad"' in re.search(r'\{[^{}]*"name":"x".*?\}', page(y).source)[0]


@pytest.mark.parametrize(
    "twin",
    [
        copy.copy,
        copy.deepcopy,
        *[lambda v, p=p: pickle.loads(pickle.dumps(v, p)) for p in range(2, 6)],
    ],
)
def test_copies_and_pickles_know_what_was_computed(twin):
    for v in three():
        assert twin(v).has_grad is v.has_grad
        assert twin(v).grad == v.grad


def test_zero_grad_is_zero_and_as_in_pytorch_takes_the_gradient_away():
    p = Value(1.0)
    optimizer = nn.Adam([p], lr=0.1)
    module = nn.Neuron(1)
    for owner, parameter in (optimizer, p), (module, module.parameters()[0]):
        parameter.grad = 3.0
        owner.zero_grad(set_to_none=False)
        assert (parameter.grad, parameter.has_grad) == (0.0, True)
        owner.zero_grad()
        assert (parameter.grad, parameter.has_grad) == (0.0, False)


def test_an_optimiser_leaves_alone_what_has_no_gradient():
    reached, alone, gone = Value(1.0), Value(1.0), Value(1.0)
    optimizer = nn.SGD([reached, alone, gone], lr=0.1, weight_decay=0.5)
    reached.grad, gone.grad = 0.0, None
    optimizer.step()
    assert (reached.data, alone.data, gone.data) == (0.95, 1.0, 1.0)


def test_a_gradient_set_to_none_starts_again():
    x = Value(2.0)
    y = x * x
    y.backward()
    for v in x, y:
        v.grad = None  # as programs for PyTorch do before each backward
        assert not v.has_grad
        assert "grad" not in repr(v)
    y.backward()
    assert x.grad == 4.0


def test_a_compiled_function_may_not_ask_for_it():
    w = Value(1.0)
    with pytest.raises(CompileError, match="reads a Value's has_grad"):
        compile(lambda x: x[0] * w if w.has_grad else x[0])([[1.0]])


def test_a_graph_pickled_before_loads_without_a_gradient():
    class Older(pickle.Pickler):
        def reducer_override(self, v):
            if type(v) is not Value:
                return NotImplemented
            slots = {"data": v.data, "grad": None, "label": "w", "_record": v._record, "_depth": 0}
            return Value.__new__, (Value,), (None, {**slots, "_mark": None})

    file = io.BytesIO()
    Older(file).dump(Value(2.0))
    loaded = pickle.loads(file.getvalue())
    assert (loaded.data, loaded.label, loaded.grad, loaded.has_grad) == (2.0, "w", 0.0, False)

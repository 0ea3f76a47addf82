"""no_grad and detect_anomaly."""

import threading

import pytest

import autograd
from autograd import AnomalyError, Value, detect_anomaly, dot, grad, no_grad
from autograd.modes import switches


def test_no_grad_only_computes():
    x = Value(0.5)
    with no_grad():
        results = [x * 2, x + x, -x, x**2, x.tanh(), dot([x, 2], [3, x], 1), autograd.sum([x, 1])]
        division = x / 0
    assert [v.inputs for v in results] == [()] * 7
    assert all(v.op is None for v in results)
    recorded = [x * 2, x + x, -x, x**2, x.tanh(), dot([x, 2], [3, x], 1), autograd.sum([x, 1])]
    assert [v.data for v in results] == [v.data for v in recorded]
    assert division.data == float("inf")
    assert all(v.inputs for v in recorded)


def test_no_grad_as_a_decorator_nested_and_after_an_exception():
    x = Value(1.0)

    @no_grad()
    def predict():
        return x * 2

    assert predict().op is None
    with no_grad():
        with no_grad():
            pass
        assert (x * 2).op is None
        with pytest.raises(TypeError):
            x * "2"
    assert (x * 2).op is not None
    with pytest.raises(RuntimeError), no_grad():
        raise RuntimeError
    assert (x * 2).op is not None


def test_modes_hold_in_their_own_thread_alone():
    inside, done = threading.Event(), threading.Event()

    def hold():
        with no_grad():
            inside.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    assert (Value(1.0) * 2).op is not None
    assert dot([Value(1.0)], [2.0]).inputs
    assert switches.recording
    done.set()
    thread.join()


def test_detect_anomaly_names_label_operation_and_line_of_a_value():
    p = Value(0.0, "p")
    with detect_anomaly():
        healthy = p + 1
        with pytest.raises(AnomalyError) as caught:
            _loss = -p.log()
    message = str(caught.value)
    assert "-inf is the value of log(p = 0.0)" in message
    assert "test_modes.py" in message
    assert "_loss = -p.log()" in message
    assert "test_modes.py" in healthy.source


def test_detect_anomaly_names_the_node_of_a_gradient():
    p = Value(0.0, "p")
    with detect_anomaly():
        root = p.sqrt()
        root.label = "root"
        y = root * 2
        with pytest.raises(AnomalyError) as caught:
            y.backward()
    message = str(caught.value)
    assert message.startswith("inf is the gradient of the leaf 'p', 0.0")
    assert "local derivative inf times gradient 2.0 from 'root', sqrt(p = 0.0)" in message
    assert "root = p.sqrt()" in message


def test_grad_is_watched_too():
    p = Value(0.0, "p")
    unwatched = p.sqrt() * 2
    assert grad(unwatched, p).data == float("inf")
    with detect_anomaly():
        y = p.sqrt() * 2  # the line
        with pytest.raises(AnomalyError) as caught:
            grad(y, p)
        with pytest.raises(AnomalyError, match=r"sqrt\(p = 0\.0\), recorded at a line outside"):
            grad(unwatched, [Value(1.0), p])
        with pytest.raises(AnomalyError, match=r"inf is the value of div\(0\.5, 0\.0\), recorded"):
            grad(y, p, create_graph=True)
        assert grad(y, y).data == 1.0
    message = str(caught.value)
    assert message.startswith("inf is the gradient of the leaf 'p', 0.0: it received")
    assert "local derivative inf times gradient 2.0 from sqrt(p = 0.0), recorded" in message
    assert message.endswith("# the line")


def test_a_sum_of_infinite_derivatives_is_caught_at_the_first():
    p = Value(0.0, "p")
    with detect_anomaly():
        y = p.sqrt() - p.sqrt()
        with pytest.raises(AnomalyError, match="inf is the gradient of the leaf 'p'"):
            grad(y, p)


def test_values_under_no_grad_are_watched_too():
    p = Value(-1.0, "p")
    computed = [
        lambda: p.log(),
        lambda: dot([p, Value(1e308)], [p, Value(10.0)]),
        lambda: dot([p], [1.0], float("inf")),
        lambda: autograd.sum([p, float("inf")]),
        lambda: p / 0,
    ]
    for compute in computed:
        with detect_anomaly(), no_grad(), pytest.raises(AnomalyError) as caught:
            compute()
        assert "test_modes.py" in str(caught.value)
    with no_grad(), detect_anomaly(), pytest.raises(AnomalyError, match=r"log\(p = -1\.0\)"):
        p.log()
    with no_grad(), detect_anomaly(), pytest.raises(AnomalyError, match=r"inf is the value of div"):
        p /= 0
    assert p.data == -1.0


def test_detect_anomaly_as_a_decorator():
    @detect_anomaly
    def loss(x):
        return x.log()

    assert loss(Value(1.0)).data == 0.0
    with pytest.raises(AnomalyError, match=r"return x\.log\(\)"):
        loss(Value(0.0))
    assert Value(0.0).log().data == -float("inf")


def test_detect_anomaly_points_at_the_users_line_through_a_network():
    from nn import Neuron

    neuron = Neuron(2, weights=[1e200, 1e200], activation=None)
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        neuron([1e200, 1])
    assert "neuron([1e200, 1])" in str(caught.value)


def test_detect_anomaly_changes_no_gradient():
    def run():
        x, y = Value(0.3), Value(-0.7)
        z = (x * y + x).tanh() * x
        z.backward()
        z.backward()
        return [v.grad for v in (x, y, z)]

    plain = run()
    with detect_anomaly():
        assert run() == plain


def test_without_it_nothing_is_watched():
    x = Value(0.0)
    y = x.log()
    assert y.source is None
    y.backward()
    assert x.grad == float("inf")


def test_labels_in_an_anomaly_are_shown_without_control_characters():
    x = Value(0.0, "\x1b[31m\x1b]0;title\x07\n\u202e" + "x" * 9999)
    with detect_anomaly(), pytest.raises(AnomalyError) as forward:
        x.log()
    with detect_anomaly(), pytest.raises(AnomalyError) as backward:
        ((x + 1) * x.sqrt()).backward()
    for found in forward, backward:
        assert str(found.value).isprintable()
        assert len(str(found.value)) < 700
        assert "\u241b[31m" in str(found.value)


def test_a_weighted_sum_of_numbers_where_nobody_derives_from_value(monkeypatch):
    monkeypatch.setattr(Value, "__subclasses__", lambda: [], raising=False)
    with no_grad():
        y = dot([Value(2.0), 3.0], [Value(5.0), 7.0], 1.0)
    assert (type(y), y.data, y.inputs) == (Value, 32.0, ())

"""Modules: where parameters are found, forward, and training against evaluation."""

import pickle
from collections import OrderedDict, UserList, defaultdict, deque, namedtuple
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest

import nn
from autograd import CompileError, Value, jit
from nn import MLP, SGD, Dropout, Module, half_squared_error


def names(module):
    return [name for name, _ in module.named_parameters()]


# --- where parameters are found ---


@dataclass
class Gate:
    """A dataclass that is not a Module."""

    open: Value
    others: list


class Slotted:
    __slots__ = ("__hidden", "plain", "unset")

    def __init__(self):
        self.plain, self.__hidden = Value(1.0), Value(2.0)


class Unit:
    """A class of micrograd's kind, without a base."""

    def __init__(self, n):
        self.w = [Value(0.1) for _ in range(n)]
        self.b = Value(0.0)


Pair = namedtuple("Pair", "left right")
MANY = {
    "list": (lambda v: [v, [v]], ["x.0"]),
    "nested": (lambda v: [({"a": deque([v])},)], ["x.0.0.a.0"]),
    "deque": (lambda v: deque([1.0, v]), ["x.1"]),
    "dict": (lambda v: {3: v, "k": 2.0}, ["x.3"]),
    "ordered dict": (lambda v: OrderedDict(b=Value(0.0), a=v), ["x.b", "x.a"]),
    "defaultdict": (lambda v: defaultdict(list, a=[v]), ["x.a.0"]),
    "read-only dict": (lambda v: MappingProxyType({"a": v}), ["x.a"]),
    "namedtuple": (lambda v: Pair(0.0, v), ["x.1"]),
    "array": (lambda v: np.array([[v, 2.0], [Value(1.0), v]], object), ["x.0.0", "x.1.0"]),
    "array of no dimension": (lambda v: np.array(v, object), ["x.0"]),
    "arrays in a list": (lambda v: [np.array([0, v], object)], ["x.0.1"]),
    "dataclass": (lambda v: Gate(v, [Value(1.0)]), ["x.open", "x.others.0"]),
    "namespace": (lambda v: SimpleNamespace(a=v), ["x.a"]),
    "UserList": (lambda v: UserList([v]), ["x.data.0"]),
    "plain objects": (lambda v: [Unit(2), v], ["x.0.w.0", "x.0.w.1", "x.0.b", "x.1"]),
    "slots": (lambda v: Slotted(), ["x._Slotted__hidden", "x.plain"]),
}


class Holder(Module):
    def __init__(self, x):
        self.x = x


@pytest.mark.parametrize("kind", MANY)
def test_parameters_are_found_in(kind):
    make, expected = MANY[kind]
    holder = Holder(make(Value(5.0)))
    assert names(holder) == expected
    assert list(holder.state_dict()) == expected
    # An optimiser moves each once.
    for p in holder.parameters():
        p.grad = 1.0
    before = [p.data for p in holder.parameters()]
    SGD(holder.parameters(), lr=0.5).step()
    assert [p.data for p in holder.parameters()] == [x - 0.5 for x in before]
    other = Holder(make(Value(0.0)))
    other.load_state_dict(holder.state_dict())
    assert other.state_dict() == holder.state_dict()


def test_an_array_of_weights_learns_and_is_one_tensor_of_a_checkpoint(tmp_path):
    class Linear(Module):
        def __init__(self):
            self.W = np.array([[Value(0.1 * i + j) for j in range(3)] for i in range(2)])

        def forward(self, x):
            return list(self.W @ np.array(x))

    model, path = Linear(), tmp_path / "a.safetensors"
    optimizer = SGD(model.parameters(), lr=0.1)
    nn.fit(lambda x, t: half_squared_error(model(x), t), [[1, 2, 3]], [[1, 1]], optimizer, 30)
    assert [y.data for y in model([1.0, 2.0, 3.0])] == pytest.approx([1, 1], abs=1e-6)
    nn.save_checkpoint(path, model)
    from safetensors.numpy import load_file

    assert load_file(path)["model.W"].shape == (2, 3)


@pytest.mark.parametrize(
    "hidden",
    [
        lambda v: {v},
        lambda v: frozenset([v, 2.0]),
        lambda v: [{"a": {(1.0, v)}}],
        lambda v: {Holder(v)},
    ],
)
def test_parameters_in_a_set_are_refused_because_they_have_no_order(hidden):
    holder = Holder(hidden(Value(5.0)))
    for ask in holder.parameters, holder.state_dict, holder.zero_grad:
        with pytest.raises(TypeError, match=r"Holder\.x.* is a set, whose elements have no order"):
            ask()
    assert repr(holder) == "Holder(1 parameter)"


def test_a_set_may_hold_what_is_elsewhere_too_or_is_no_parameter():
    v = Value(5.0)
    holder = Holder([{v, 2.0, "a", v * 2}, v])
    assert names(holder) == ["x.1"]
    assert names(Holder({1.0, (2.0, "a")})) == []


def test_it_does_not_look_where_no_parameter_of_the_module_is():
    other = MLP(2, [1])
    compiled = jit(lambda x: other(x))
    compiled(np.ones((1, 2)))
    for x in (
        SGD(other.parameters(), lr=0.1),
        compiled,
        np,
        Unit,
        np.arange(3.0),
        Value(1.0) * 2,
        lambda: other,
    ):
        assert names(Holder(x)) == [], x


def test_cycles_and_depth_do_no_harm():
    holder = Holder([Value(1.0)])
    holder.x.append(holder)
    holder.me = SimpleNamespace(owner=holder)
    assert names(holder) == ["x.0"]
    for _ in range(5000):
        holder = Holder([holder])
    assert len(holder.parameters()) == 1
    assert len(holder.modules()) == 5001


# --- forward ---


class Line(Module):
    def __init__(self):
        super().__init__()
        self.slope, self.offset = Value(2.0), Value(1.0)

    def forward(self, x, power=1):
        return self.slope * x**power + self.offset


def test_a_module_is_called_by_its_forward():
    assert Line()(3).data == 7.0
    assert Line()(3, power=2).data == 19.0
    assert Line().forward(3).data == 7.0


def test_a_call_of_its_own_counts():
    class Own(Line):
        def __call__(self, x):
            return super().__call__(x) * 10

    assert Own()(3).data == 70.0
    model = MLP(2, [1], seed=1)
    assert model.forward([1, 2]).data == model([1, 2]).data


def test_without_either_it_says_what_to_write():
    for ask in (Holder(1), Holder(1).forward):
        with pytest.raises(NotImplementedError, match=r"Holder .* write a method forward"):
            ask(1)


# --- train and eval ---


def test_train_and_eval_reach_all_modules_below():
    inner, elsewhere = Line(), Line()
    model = Holder([{"a": inner}, SimpleNamespace(b=Holder((elsewhere,)))])
    assert model.training
    assert inner.training
    assert model.eval() is model
    assert not any(m.training for m in (model, inner, elsewhere))
    elsewhere.train()
    assert elsewhere.training
    assert not inner.training
    assert model.train() is model
    assert all(m.training for m in model.modules())
    model.training = False
    assert inner.training
    assert not pickle.loads(pickle.dumps(model)).training
    assert model.modules() == [model, inner, model.x[1].b, elsewhere]


def test_attributes_may_have_the_names_of_methods():
    model = Holder(1)
    model.modules = [Dropout(0.5)]  # as programs call their list of layers
    model.eval()
    assert not model.modules[0].training


def test_modules_in_sets_are_reached_too():
    model = Holder({Dropout(0.5)})
    model.eval()
    assert not next(iter(model.x)).training


# --- dropout ---


def test_dropout_drops_and_scales_as_in_pytorch(torch):
    n, p = 4000, 0.3
    inputs = [Value(2.0) for _ in range(n)]
    outputs = Dropout(p, seed=1)(inputs)
    tensor = torch.full((n,), 2.0, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    theirs = torch.nn.functional.dropout(tensor, p)
    assert {y.data for y in outputs} == set(theirs.tolist()) == {0.0, 2.0 / 0.7}
    sum(outputs).backward()
    theirs.sum().backward()
    assert {x.grad for x in inputs} == set(tensor.grad.tolist()) == {0.0, 1 / 0.7}
    dropped = sum(y.data == 0 for y in outputs)
    assert abs(dropped - n * p) < 4 * (n * p * (1 - p)) ** 0.5  # four standard deviations


def test_dropout_after_eval_changes_nothing():
    dropout = Dropout(0.9, seed=1)
    x = [Value(1.0), Value(2.0)]
    dropout.eval()
    assert all(a is b for a, b in zip(dropout(x), x))
    assert [v.data for v in dropout([1.0, 2.0])] == [1.0, 2.0]
    assert dropout(x[0]) is x[0]
    before = dropout.stream.getstate()
    dropout.train()
    dropout(x)
    assert dropout.stream.getstate() != before


@pytest.mark.parametrize(("p", "expected"), [(0, [1.0, 2.0]), (1, [0.0, 0.0])])
def test_dropout_of_none_and_of_all(p, expected):
    assert [v.data for v in Dropout(p)([1.0, 2.0])] == expected
    assert Dropout().p == 0.5


def test_dropouts_seed():
    def drawn(seed):
        return [v.data for v in Dropout(0.5, seed=seed)([1.0] * 50)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(None) != drawn(None)
    dropout = Dropout(0.5, seed=1)
    assert [v.data for v in dropout([1.0] * 50)] != [v.data for v in dropout([1.0] * 50)]


def test_wrong_probabilities():
    for p in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="p is a probability, from 0 to 1; got"):
            Dropout(p)
    with pytest.raises(TypeError):
        Dropout("0.5")
    assert repr(Dropout(0.25)) == "Dropout(0.25)"


class Noisy(Module):
    def __init__(self):
        self.layers = MLP(2, [4, 1], seed=1)
        self.dropout = Dropout(0.5, seed=2)

    def forward(self, x):
        return self.layers.layers[1](self.dropout(self.layers.layers[0](x)))


def test_jit_refuses_dropout_in_training_only():
    model = Noisy()
    with pytest.raises(CompileError, match=r"Dropout\(0.5\) drops other numbers in each call"):
        jit(lambda x: model(x))(np.ones((2, 2)))
    model.eval()
    compiled = jit(lambda x: model(x))
    assert compiled(np.ones((1, 2)))[0] == pytest.approx(model([1, 1]).data, rel=1e-14)


def test_fit_runs_dropout_in_plain_python_and_compiles_after_eval():
    X = np.linspace(-1, 1, 400).reshape(200, 2)
    T = X[:, :1] * X[:, 1:]

    def trained(mode, **options):
        model = Noisy().train(mode)
        optimizer = SGD(model.parameters(), lr=0.05)
        history = nn.fit(lambda x, t: half_squared_error(model(x), t), X, T, optimizer, **options)
        return history, model.state_dict()

    options = {"epochs": 2, "compile": None}
    history, state = trained(True, **options)
    assert history.how.startswith("plain Python")
    assert state == trained(True, epochs=2, compile=False)[1]
    with pytest.raises(CompileError, match="Dropout"):
        trained(True, compile=True)
    compiled, state = trained(False, epochs=2, compile=True)
    assert not compiled.how.startswith("plain Python")
    assert state == pytest.approx(trained(False, epochs=2, compile=False)[1], rel=1e-9)


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad_forgets_the_gradients(set_to_none):
    model = MLP(2, [2, 1])
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad(set_to_none=set_to_none)
    assert [p.grad for p in model.parameters()] == [0.0] * len(model.parameters())

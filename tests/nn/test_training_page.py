"""The page in which a network learns: what Python hands it, and what cannot be handed."""

import json
import random
import re

import pytest

from autograd import CompileError, Op, Value
from autograd.page.program import run_steps
from nn import (
    MLP,
    SGD,
    Adam,
    Dropout,
    Module,
    Optimizer,
    cross_entropy,
    half_squared_error,
    hinge,
    training_page,
)
from nn.micrograd import MLP as MicrogradMLP

X = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
T = [[-0.5], [0.5], [0.5], [-0.5]]
MODEL = MLP(2, [3, 1], seed=1)


def of_model(x, t):
    return half_squared_error(MODEL(x), t)


def handed(page, which="training"):
    found = re.search(rf'<script type="application/json" id="{which}">(.*?)</script>', page.source)
    return json.loads(found[1])


def made(loss=of_model, optimizer=None, model=MODEL, X=X, T=T):
    return training_page(model, loss, X, T, optimizer or SGD(model.parameters(), lr=0.3))


def test_it_says_where_everything_stands():
    page = made()
    training, graph = handed(page), handed(page, "graph")
    nodes = graph["nodes"]
    assert training["rows"] == [[*map(float, x), *t] for x, t in zip(X, T)]
    numbers = [nodes[place]["data"] for place in training["parameters"]]
    assert numbers == [p.data for p in MODEL.parameters()]
    assert [nodes[place]["data"] for place in training["inputs"]] == X[0]
    assert [nodes[place]["data"] for place in training["targets"]] == T[0]
    outputs = [nodes[place]["data"] for place in training["outputs"]]
    assert outputs == pytest.approx([MODEL(X[0]).data], rel=1e-2)
    assert nodes[-1]["name"] == "loss"
    assert not any(p.has_grad for p in MODEL.parameters())


def chosen(update, settings):
    while "setting" in update:
        update = update["other" if settings[update["setting"]] else "zero"]
    return update


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_the_update_is_that_of_the_optimizer_whatever_the_reader_sets(momentum, decay):
    update = handed(made())["optimizer"]["update"]
    settings = [0.2, momentum, decay]
    program = chosen(update, settings)
    expected = SGD(MODEL.parameters(), *settings).update(1.5, -0.3, 0.7)
    assert run_steps(program, [1.5, -0.3, 0.7, *settings]) == pytest.approx(expected, rel=1e-15)


def test_the_update_of_adam():
    optimizer = Adam(MODEL.parameters(), lr=0.02, weight_decay=0.1)
    sent = handed(made(optimizer=optimizer))["optimizer"]
    names = [setting["name"] for setting in sent["settings"]]
    assert names == ["lr", "betas[0]", "betas[1]", "eps", "weight_decay"]
    settings = [setting["number"] for setting in sent["settings"]]
    given = [1.5, -0.3, 4.0, 0.2, 0.05]
    came = run_steps(chosen(sent["update"], settings), [*given, *settings])
    assert came == pytest.approx(optimizer.update(*given), rel=1e-15)


class Described(SGD):
    settings = ("kind", "again", "lr")
    kind, again = "plain", True


def test_a_setting_that_is_no_number_stays_in_python():
    sent = handed(made(optimizer=Described(MODEL.parameters(), lr=0.2)))["optimizer"]
    assert sent["settings"] == [{"name": "lr", "number": 0.2}]


@pytest.mark.parametrize(
    ("make", "again"),
    [
        (lambda: MLP(2, [3, 1], seed=1), lambda: MLP(2, [3, 1], seed=7)),
        (lambda: MicrogradMLP(2, [3, 1]), lambda: random.seed(7) or MicrogradMLP(2, [3, 1])),
    ],
    ids=["nn", "micrograd"],
)
def test_first_weights_are_drawn_as_the_model_draws_them(make, again):
    model = make()
    first = handed(made(lambda x, t: half_squared_error(model(x), t), model=model))["first"]
    stream = random.Random(7)
    drawn = {}
    for neuron in first:
        reach = neuron["reach"]
        drawn.update({place: stream.uniform(-reach, reach) for place in neuron["weights"]})
        drawn[neuron["bias"]] = 0.0
    expected = [p.data for p in again().parameters()]
    assert [drawn[i] for i in range(len(expected))] == expected


def test_targets_that_the_loss_checks_are_checked_on_the_page():
    labels = [[-1], [1], [1], [-1]]
    checks = handed(made(lambda x, t: hinge(MODEL(x), t), T=labels))["checks"]
    a, b = run_steps(checks["program"], [0.0, 0.0, 0.5])[:2]
    assert a != b
    three = MLP(2, [4, 3], output_activation=None, seed=1)
    made(lambda x, t: cross_entropy(three(x), t[0]), model=three, T=[[0], [1], [2], [0]])


def test_a_loss_may_prepare_its_rows_and_use_no_target():
    page = made(lambda x, t: half_squared_error(MODEL([x[0] / 2, x[1] - 1]), [0.0]))
    assert len(handed(page)["outputs"]) == 1
    assert handed(page)["targets"] == [-1]


class Point(Module):
    def __init__(self):
        self.x, self.y = Value(-4.0), Value(1.8)


def test_it_is_saved_where_the_path_says(tmp_path):
    path = tmp_path / "page.html"
    page = training_page(MODEL, of_model, X, T, SGD(MODEL.parameters(), lr=0.3), path)
    assert path.read_text(encoding="utf-8") == page.source


def test_only_the_outputs_of_the_model_are_shown():
    other = MLP(1, [1], seed=2)
    page = made(lambda x, t: half_squared_error(other(MODEL(x)), t))
    assert len(handed(page)["outputs"]) == 1


class Called(Module):
    def __init__(self):
        self.w = Value(0.5)

    def __call__(self, x):
        return self.w * x[0]


def test_a_model_with_a_call_of_its_own():
    model, call = Called(), Called.__call__
    page = made(lambda x, t: half_squared_error(model(x), t), model=model)
    assert len(handed(page)["outputs"]) == 1
    assert Called.__call__ is call


def test_a_loss_may_ask_the_same_of_a_row_twice():
    """What it asks, 2 * x0 + (1 + 1) > -1, is computed from leaves that never change too."""

    def loss(x, t):
        for _ in range(2):
            assert 2 * x[0] + (Value(1) + Value(1)) > -1
        return of_model(x, t)

    checks = handed(made(loss))["checks"]
    assert len(checks["kinds"]) == 1
    for row in X:
        a, b = run_steps(checks["program"], [*row, 0.0])
        assert sorted([a, b]) == sorted([-1, 2 * row[0] + 2])


def test_a_loss_of_parameters_alone():
    point = Point()

    def height(x, t):
        z = point.x**2 + point.y**2
        z.label = "z"
        return z

    page = made(height, model=point, X=[[0]], T=[[0]])
    assert handed(page)["outputs"] == []
    assert handed(page, "graph")["nodes"][-1]["name"] == "z"
    assert len(handed(page)["parameters"]) == 2


# --- what cannot be handed over ---


class Signed(Optimizer):
    settings = ("lr",)

    def __init__(self, parameters):
        super().__init__(parameters)
        self.lr = 0.1

    def update(self, p, gradient):
        return p - self.lr if gradient > 0 else p + self.lr


class Drawing(SGD):
    settings = (*SGD.settings, "name")
    name = "noisy"

    def update(self, p, gradient, velocity):
        return p - self.lr * gradient * random.random(), velocity


class Doubled(SGD):
    def step(self):
        super().step()
        super().step()


def branching(x, t):
    y = MODEL(x)
    return y if y > 0 else -y


def by_row(x, t):
    return of_model(x, t) if x[0] > 0 else 2 * of_model(x, t)


dropout = Dropout(0.5, seed=1)
cut = Op("cut", lambda x: float(f"{x:.2g}"), lambda y, x: (1.0,), registered=False)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"loss": branching}, "branches on a number that learning changes, at .*test_training"),
        ({"loss": by_row}, "row 2 takes another path than row 0, at .*test_training"),
        ({"loss": lambda x, t: half_squared_error(dropout([MODEL(x)]), t)}, "drops other numbers"),
        ({"loss": lambda x, t: [of_model(x, t)]}, "the loss must be one Value"),
        ({"loss": lambda x, t: cut(of_model(x, t))}, "'cut' is Python code that a page cannot run"),
        ({"optimizer": Signed(MODEL.parameters())}, "update cannot be written down for a page"),
        ({"optimizer": Doubled(MODEL.parameters(), lr=0.1)}, "Doubled steps in Python"),
        ({"optimizer": Drawing(MODEL.parameters(), lr=0.1)}, "Drawing.update draws random numb"),
        ({"optimizer": SGD(MODEL.parameters(), lr=lambda step: 0.1)}, "lr is a function"),
    ],
)
def test_what_a_page_cannot_hold_is_said(change, sentence):
    with pytest.raises(CompileError, match=sentence):
        made(**change)


def test_arguments_that_are_wrong_are_said():
    with pytest.raises(TypeError, match=r"got training_page\(function, MLP, list, list, SGD\)"):
        training_page(of_model, MODEL, X, T, SGD(MODEL.parameters(), lr=0.1))
    with pytest.raises(ValueError, match="X has 4 rows and T has 3"):
        made(T=T[:3])
    with pytest.raises(ValueError, match="at most 5,000 rows; got 8,000"):
        made(X=X * 2000, T=T * 2000)
    with pytest.raises(ValueError, match="reaches no parameter of the optimiser"):
        made(optimizer=SGD([Value(1.0)], lr=0.1))
    large = MLP(2, [60, 60, 1], seed=1)
    with pytest.raises(ValueError, match=r"7,930 nodes, and a page has at most 2,000"):
        made(lambda x, t: half_squared_error(large(x), t), model=large)


def test_a_call_of_the_model_is_what_it_was():
    before = MLP.__call__
    made()
    assert MLP.__call__ is before
    assert "__call__" not in vars(Point)

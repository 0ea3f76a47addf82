"""A network learns in a real browser, as ``fit`` has it learn."""

import math
import random

import pytest

from nn import MLP, SGD, Adam, fit, half_squared_error, training_page

STREAM = random.Random(1)
X = [[STREAM.uniform(-1, 1), STREAM.uniform(-1, 1)] for _ in range(100)]
T = [[0.9 if math.sin(3 * x) > y else -0.9] for x, y in X]
THETA = "[...learning.learner.now.theta]"


def network(optimizer, **settings):
    model = MLP(2, [16, 16, 1], seed=1)
    return model, optimizer(model.parameters(), **settings)


def loss_of(model):
    return lambda x, t: half_squared_error(model(x), t)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("learning")


@pytest.fixture
def learn(browser, folder):
    """Open the page of a training; in the end, check that it made no request or error."""
    contexts, requests, errors = [], [], []

    def open_page(model, optimizer, loss=None, X=X, T=T, **settings):
        page = training_page(model, loss or loss_of(model), X, T, optimizer, folder / "learn.html")
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **settings})
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: errors.append(message.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(page.path.as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert {url.rpartition("/")[2] for url in requests} <= {"learn.html"}


def press(tab, name):
    tab.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        (SGD, {"lr": 0.3}),
        (SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3}),
        (Adam, {"lr": 0.02}),
    ],
    ids=["sgd", "momentum", "adam"],
)
def test_a_hundred_steps_are_those_of_fit(learn, optimizer, settings):
    model, chosen = network(optimizer, **settings)
    tab = learn(model, chosen)
    press(tab, "100 steps")
    history = fit(loss_of(model), X, T, chosen, epochs=100, batch_size=100, progress=False)
    assert tab.evaluate(THETA) == pytest.approx([p.data for p in model.parameters()], abs=1e-9)
    assert tab.evaluate("learning.learner.losses") == pytest.approx(history.losses, abs=1e-9)


def test_settings_change_on_the_way_as_in_python(learn):
    """Momentum that begins later has no velocity yet, whatever the gradients were before."""
    model, optimizer = network(SGD, lr=0.3)
    tab = learn(model, optimizer)
    press(tab, "10 steps")
    tab.get_by_label("momentum").fill("0.9")
    tab.get_by_label("momentum").press("Enter")
    press(tab, "10 steps")
    fit(loss_of(model), X, T, optimizer, epochs=10, batch_size=100, progress=False)
    optimizer.momentum = 0.9
    fit(loss_of(model), X, T, optimizer, epochs=10, batch_size=100, progress=False)
    expected = [p.data for p in model.parameters()]
    assert tab.evaluate(THETA) == pytest.approx(expected, abs=1e-9)
    # Back before the change and on again: every step is as it was.
    tab.locator("#learn-slider").fill("4")
    assert tab.locator("#learn-at").inner_text() == "Step 4 of 20"
    tab.locator("#learn-slider").fill("20")
    assert tab.evaluate(THETA) == pytest.approx(expected, abs=1e-12)


def test_weights_by_seed_and_rows_in_batches(learn):
    model, optimizer = network(SGD, lr=0.1, momentum=0.5)
    tab = learn(model, optimizer)
    tab.get_by_label("Seed").fill("7")
    press(tab, "New weights")
    other = MLP(2, [16, 16, 1], seed=7)
    assert tab.evaluate(THETA) == [p.data for p in other.parameters()]
    tab.get_by_label("rows per step").fill("32")
    tab.get_by_label("rows per step").press("Enter")
    press(tab, "10 steps")
    again = SGD(other.parameters(), lr=0.1, momentum=0.5)
    fit(loss_of(other), X, T, again, epochs=2, batch_size=32, progress=False)
    tab.locator("#learn-slider").fill("8")
    expected = [p.data for p in other.parameters()]
    assert tab.evaluate(THETA) == pytest.approx(expected, abs=1e-9)


def test_two_hundred_steps_a_second_with_the_border_drawn(learn):
    tab = learn(*network(SGD, lr=0.1))

    def steps_in_a_second():
        before = tab.evaluate("[learning.learner.now.step, performance.now()]")
        tab.wait_for_timeout(1000)
        after = tab.evaluate("[learning.learner.now.step, performance.now()]")
        return 1000 * (after[0] - before[0]) / (after[1] - before[1])

    press(tab, "Play")
    tab.wait_for_timeout(500)
    # Other tests may run at the same time, so the best of some seconds counts.
    assert any(steps_in_a_second() >= 200 for _ in range(10))
    press(tab, "Pause")
    assert tab.evaluate("learning.learner.now.step") == tab.evaluate("learning.learner.last")


def test_the_size_of_the_page():
    model, optimizer = network(Adam)
    page = training_page(model, loss_of(model), X[:1], T[:1], optimizer)
    assert len(page.source.encode()) < 400_000

"""Graphs to show in a browser, and helpers that read and use their pages."""

from autograd import Value, dot
from nn import MLP, half_squared_error

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def neuron(label, *connections):
    inputs, weights = zip(*connections, strict=True)
    result = dot(weights, inputs).tanh()
    result.label = label
    return result


def figure_4():
    i1, i2 = Value(0.5, "i1"), Value(1.0, "i2")
    w = [Value(x, f"w{i}") for i, x in enumerate((1.0, 0.5, 0.5, 2.0, 2.0, 1.0), 1)]
    h1 = neuron("h1", (i1, w[0]), (i2, w[1]))
    h2 = neuron("h2", (i1, w[2]), (i2, w[3]))
    return neuron("out", (h1, w[4]), (h2, w[5]))


def problem_12():
    i = Value(0.5, "in")
    w = [Value(x, f"w{k}") for k, x in enumerate((1.0, 0.5, 2.0, 1.0), 1)]
    h1, h2 = neuron("h1", (i, w[0])), neuron("h2", (i, w[1]))
    error = 0.5 * (neuron("out", (h1, w[2]), (h2, w[3])) - 0.0) ** 2
    error.label = "E"
    return error


def twice_and_twice():
    a = Value(3.0, "a")
    b = a + a
    b.label = "b"
    c = b + b
    c.label = "c"
    return c


def square():
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    return y


def network():
    return half_squared_error(MLP(2, [16, 16, 1], seed=1)([0.5, -0.3]), [1.0])


def box(tab, name):
    return tab.locator(f'.box[aria-label^="{name}, "]')


def numbers(tab, name):
    """The numbers in the box with that name, from top to bottom."""
    return box(tab, name).locator(".number").all_text_contents()


def tab_of(tab, name):
    tab.get_by_role("tab", name=name).click()


def to_the_end(tab):
    tab.get_by_role("button", name="To the end").click()


def active(tab):
    """The names of the boxes that the current event is about."""
    labels = tab.locator(".box.active").evaluate_all("all => all.map(box => box.ariaLabel)")
    return {label.split(", ")[0] for label in labels}


def step_text(tab, at):
    tab.get_by_role("slider").fill(str(at))
    return tab.locator("#event").inner_text()


def predict(tab, answer):
    tab.locator("#answer").fill(answer)
    tab.get_by_role("button", name="Check").click()
    return tab.locator("#judgement").inner_text()

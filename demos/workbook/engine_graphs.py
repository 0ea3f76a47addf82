"""The check of the engine, second half: the order, the backward pass, a neuron and a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import nn
from demos.workbook.engine_values import Student, change, of_class
from demos.workbook.outcomes import plain, shown
from demos.workbook.questions import Part, Question

# --- the order ---


def _diamond(value: Any) -> dict[str, Any]:
    """a and b feed a product, a sum and a tanh; a is used three times, by nodes far apart."""
    a, b = value(0.5), value(-0.7)
    p = a * b
    s = p + a
    t = s.tanh()
    return {"a": a, "b": b, "p": p, "s": s, "t": t, "y": t * a}


def _square(value: Any) -> dict[str, Any]:
    x = value(3.0)
    return {"x": x, "y": x * x}


def _ordered(graph: Callable[[Any], dict[str, Any]]) -> Callable[[Student], object]:
    """Whether the order of a graph is right, or what is wrong with it, in words."""

    def ask(student: Student) -> object:
        nodes = graph(student["Value"])
        order = student["topological_order"](nodes["y"])
        if not isinstance(order, list | tuple):
            return f"{shown(plain(order))}, and not a list"
        names = [next((n for n, v in nodes.items() if v is node), "?") for node in order]
        found = f"in [{', '.join(names)}]"
        for name, node in nodes.items():
            if names.count(name) != 1:
                return f"{name} {'comes twice' if name in names else 'is missing'} {found}"
            inputs = [n for n, v in nodes.items() if any(v is x for x in node.inputs)]
            late = [n for n in inputs if n in names and names.index(n) > names.index(name)]
            if late:
                return f"{name} comes before its input {late[0]} {found}"
        return EACH if "?" not in names else f"something comes that y is not made of {found}"

    return ask


EACH = "each once, after its inputs"
APPEND = "            order.append(node)\n"
GRAPH = "y = t * a with t = tanh(s), s = p + a, p = a * b"
ORDER = Part(
    "topological_order",
    [
        Question("topological_order of y = x * x", _ordered(_square), EACH),
        Question(f"topological_order of {GRAPH}", _ordered(_diamond), EACH),
    ],
    [
        change(
            "The order is backwards: inputs come first, and the output last. It is backward "
            "that reverses it.",
            ("return order", "return order[::-1]"),
        ),
        change(
            "Each node is appended before its inputs: append it after visiting them.",
            (APPEND, ""),
            ("seen.add(node)\n", "seen.add(node)\n            order.append(node)\n"),
        ),
        change(
            "A node that is used twice comes twice: remember in a set who was visited.",
            ("if node not in seen:", "if True:"),
        ),
        change("The output itself is missing.", ("return order", "return order[:-1]")),
        change(
            "Leaves are missing: they belong to the order as well.",
            (APPEND, "            if node.inputs:\n                order.append(node)\n"),
        ),
        change(
            "Only the inputs of the output were visited, and not theirs.",
            ("visit(child)\n", "order.append(child) if child not in order else None\n"),
        ),
        change(
            "Only the first input of each node is visited.",
            ("in node.inputs:", "in node.inputs[:1]:"),
        ),
    ],
    after=("Value.__init__", "Value.__add__", "Value.__mul__", "Value.tanh"),
)

# --- backward ---


def _gradients(
    graph: Callable[[Any], dict[str, Any]], times: int = 1
) -> Callable[[Any], dict[str, float]]:
    def find(value: Any) -> dict[str, float]:
        nodes = graph(value)
        for _ in range(times):
            nodes["y"].backward()
        return {name: node.grad for name, node in nodes.items()}

    return find


def _sum(value: Any) -> dict[str, Any]:
    a, b = value(2.0), value(3.0)
    return {"a": a, "b": b, "y": a * b + a}


def _derivatives(
    asked: str, graph: Callable[[Any], dict[str, Any]], times: int = 1
) -> list[Question]:
    """A question for the gradient of each node."""
    again = " twice" if times == 2 else ""
    find = _gradients(graph, times)

    def question(name: str, gradient: float) -> Question:
        asked_here = f"{name}.grad after y.backward(){again}, {asked}"
        return Question(asked_here, lambda student: find(student["Value"])[name], gradient)

    return [question(*pair) for pair in _gradients(graph)(autograd.Value).items()]


RESET = "        for node in order:\n            node.grad = 0.0\n"
GIVE = "child.grad += partial * node.grad"
BACKWARD = Part(
    "Value.backward",
    [
        *_derivatives("y = x * x, x = 3", _square),
        *_derivatives("y = a * b + a, a = 2, b = 3", _sum),
        *_derivatives(GRAPH, _diamond),
        *_derivatives("y = a * b + a, a = 2, b = 3", _sum, 2),
    ],
    [
        change(
            "A sum is overwritten: x counts twice in x * x, so add to its grad with +=.",
            (GIVE, "child.grad = partial * node.grad"),
        ),
        change(
            "The second call adds to what the first has left: begin with grad = 0.0 for all.",
            (RESET, ""),
        ),
        change(
            "The gradient of the output is 1.0 at the start: without it, all are 0.",
            ("self.grad = 1.0", "pass"),
        ),
        change(
            "Only the inputs of the output get a gradient: go through all nodes, backwards, as in "
            "reversed(topological_order(self)).",
            ("in reversed(order)", "in order"),
        ),
        change(
            "One factor of the chain is missing: partial times the node's own grad.",
            (GIVE, "child.grad += partial"),
        ),
        change(
            "One factor of the chain is missing: the node's own grad times partial.",
            (GIVE, "child.grad += node.grad"),
        ),
        change(
            "The chain rule multiplies: partial times grad, and not their sum.",
            (GIVE, "child.grad += partial + node.grad"),
        ),
        change(
            "partial is multiplied by the node's grad, and not by its data.",
            (GIVE, "child.grad += partial * node.data"),
        ),
        change(
            "An input that comes twice, as in x * x, counts twice: is it in a set or a dict?",
            (
                "in zip(node.inputs, node.partials)",
                "in dict(zip(node.inputs, node.partials)).items()",
            ),
        ),
        change(
            "Each gradient gets a sign: add with += and not with -=.",
            (GIVE, "child.grad -= partial * node.grad"),
        ),
    ],
    after=(*ORDER.after, "topological_order"),
)

# --- networks ---

NETWORK = (*BACKWARD.after, "Value.backward", "Neuron.__init__")
WEIGHTS, INPUTS = [0.3, -0.2, 0.7], [1.0, 2.0, -1.5]


def _neuron(student: Student) -> tuple[Any, Any, list[Any]]:
    inputs = [student["Value"](x) for x in INPUTS]
    neuron = student["Neuron"](list(WEIGHTS))
    return neuron, of_class(neuron(inputs), student["Value"]), inputs


def _after_backward(student: Student) -> list[float]:
    neuron, output, inputs = _neuron(student)
    output.backward()
    return [x.grad for x in (*neuron.weights, *inputs)]


def _engine_neuron() -> tuple[float, list[float]]:
    inputs = [autograd.Value(x) for x in INPUTS]
    neuron = nn.Neuron(3, bias=False, weights=WEIGHTS)
    output = neuron(inputs)
    output.backward()
    return output.data, [x.grad for x in (*neuron.weights, *inputs)]


DATA, GRADIENTS = _engine_neuron()
ASKED = f"Neuron({WEIGHTS}) of the inputs {INPUTS}"
ADDED = "total = total + weight * value"
NEURON = Part(
    "Neuron.__call__",
    [
        Question(
            "the data of Neuron([0.3, -0.2]).weights",
            lambda s: [of_class(w, s["Value"]).data for w in s["Neuron"]([0.3, -0.2]).weights],
            [0.3, -0.2],
        ),
        Question(f"{ASKED}: its data", lambda s: _neuron(s)[1].data, DATA),
        Question(f"{ASKED}: the gradients of weights and inputs", _after_backward, GRADIENTS),
    ],
    [
        change(
            "Make a Value of each weight: [Value(w) for w in weights].",
            ("[Value(weight) for weight in weights]", "weights"),
        ),
        change("This is the sum alone: pass it through tanh.", ("total.tanh()", "total")),
        change(
            "Only the last product arrives: add to the sum, because = begins anew.",
            (ADDED, "total = weight * value"),
        ),
        *(
            change(
                "The sum begins with a number, which no Value can be added to: begin with "
                "Value(0.0), as in sum(products, Value(0.0)).",
                ("total = Value(0.0)", f"total = {start}"),
            )
            for start in ("0", "0.0")
        ),
        change(
            "The first input is left out: indices begin at 0.",
            ("zip(self.weights, inputs)", "zip(self.weights[1:], inputs[1:])"),
        ),
        change(
            "The last input is left out.",
            ("zip(self.weights, inputs)", "zip(self.weights[:-1], inputs)"),
        ),
        change(
            "Weights and inputs are added: multiply each input by its weight.",
            (ADDED, "total = total + (weight + value)"),
        ),
        change(
            "The running sum goes through tanh at each step: apply it once, after the loop.",
            (ADDED, "total = (total + weight * value).tanh()"),
            ("return total.tanh()", "return total"),
        ),
        change(
            "The number is right, but the graph is lost: compute with the Values, not with their "
            "data.",
            (ADDED, "total = Value(total.data + weight.data * value.data)"),
        ),
    ],
    after=NETWORK,
)

FIGURE_4 = {
    "i1->h1": 0.011141322,
    "i2->h1": 0.022282644,
    "i1->h2": 0.000576531,
    "i2->h2": 0.001153062,
    "h1->out": 0.020204010,
    "h2->out": 0.025945642,
}


def _figure_4(student: Student) -> tuple[list[Any], Any]:
    layer, value = student["Layer"], student["Value"]
    hidden, last = layer([[1.0, 0.5], [0.5, 2.0]]), layer([[2.0, 1.0]])
    out = last(hidden([value(0.5), value(1.0)]))
    weights = [w for x in (hidden, last) for neuron in x.neurons for w in neuron.weights]
    return weights, out


def _gradient(place: int) -> Callable[[Student], object]:
    def ask(student: Student) -> object:
        weights, (out,) = _figure_4(student)
        out.backward()
        return weights[place].grad

    return ask


LAYER = Part(
    "Layer.__call__",
    [
        Question(
            "Figure 4 as two layers: its outputs",
            lambda s: [x.data for x in _figure_4(s)[1]],
            [0.986646554],
        ),
        *(
            Question(f"Figure 4: the gradient of {name}", _gradient(place), gradient)
            for place, (name, gradient) in enumerate(FIGURE_4.items())
        ),
    ],
    [
        change(
            "A layer gives a list, even if it has one neuron.",
            (
                "return [neuron(inputs) for neuron in self.neurons]",
                "made = [neuron(inputs) for neuron in self.neurons]\n"
                "        return made if len(made) > 1 else made[0]",
            ),
        ),
        change(
            "Only the first neuron is evaluated: give a list with the activation of each.",
            ("for neuron in self.neurons]", "for neuron in self.neurons[:1]]"),
        ),
        change(
            "Each neuron has the same inputs: here one gets the output of the other.",
            (
                "return [neuron(inputs) for neuron in self.neurons]",
                "made = []\n        for neuron in self.neurons:\n"
                "            made.append(neuron([*made, *inputs]))\n        return made",
            ),
        ),
        change(
            "The neurons come in the wrong order.",
            ("for neuron in self.neurons]", "for neuron in reversed(self.neurons)]"),
        ),
    ],
    after=(*NETWORK, "Neuron.__call__", "Layer.__init__"),
)

PARTS = {
    "engine.order": [ORDER],
    "engine.backward": [BACKWARD],
    "engine.neuron": [NEURON],
    "engine.layer": [LAYER],
}

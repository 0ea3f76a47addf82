"""Right answers in other styles than the solution's: each must pass."""

import textwrap

import pytest

from demos import workbook
from demos.letters import alphabet

RIGHT = [
    ("tanh", "import math\ntanh = math.tanh"),
    ("tanh", """
        from math import exp
        def tanh(x):
            if x > 350:
                return 1
            if x < -350:
                return -1
            return (exp(x) - exp(-x)) / (exp(x) + exp(-x))
    """),
    ("neuron", """
        import math
        def evaluate(weights, inputs):
            return math.tanh(math.fsum(weights[j] * inputs[j] for j in range(len(weights))))
    """),
    ("figure_4", """
        from math import tanh
        def figure_4(i1, i2):
            h = [tanh(i1 + i2 / 2), tanh(i1 / 2 + i2 * 2)]
            return [*h, tanh(h[0] * 2 + h[1])]
    """),
    ("letters", """
        def encode(letter):
            numbers, code = [0] * 28, ord(letter.lower())
            numbers[code - 97 if 97 <= code < 123 else 26 if letter == ' ' else 27] = 0.5
            return tuple(numbers)
        def decode(numbers):
            best = 0
            for k in range(1, 28):
                if numbers[k] > numbers[best]:
                    best = k
            return chr(97 + best) if best < 26 else ' _'[best - 26]
    """),
    ("tanh_slope", "from math import cosh\ndef tanh_slope(x): return 1 / cosh(x) ** 2"),
    ("products", """
        def product_by_weight(i, w): return (i * (w + 1) - i * w)
        def product_by_input(i, w): return w
        def sum_by_one(numbers, k): return 1
    """),
    ("backprop", """
        from math import tanh
        def backprop(network, inputs, targets):
            def through(layers, x):
                # The gradients of these layers, and the derivatives by what enters them.
                if not layers:
                    return [], [o - t for o, t in zip(x, targets)]
                first, *others = layers
                y = [tanh(sum(map(lambda w, v: w * v, row, x))) for row in first]
                later, by_y = through(others, y)
                d = [g - g * o ** 2 for g, o in zip(by_y, y)]
                mine = tuple(tuple(a * v for v in x) for a in d)
                return [mine, *later], [sum(a * row[j] for a, row in zip(d, first))
                                        for j in range(len(x))]
            return through(network, inputs)[0]
    """),
    ("training", """
        from demos.workbook.given import backprop, evaluate
        def step(network, inputs, targets, rate):
            before = evaluate(network, inputs)[-1]
            new = backprop(network, inputs, targets)
            for k, layer in enumerate(network):
                network[k] = [[w - rate * g for w, g in zip(*pair)] for pair in zip(layer, new[k])]
            return sum(0.5 * (a - b) * (a - b) for a, b in zip(targets, before))
        def train(network, rows, rate, epochs):
            return [sum(step(network, *row, rate) for row in rows) for _ in range(epochs)]
    """),
    ("engine", """
        import math
        class Value:
            def __init__(self, data, inputs=(), partials=()):
                self.data, self.inputs, self.partials = data, list(inputs), list(partials)
                self.grad = 0
            def __add__(self, other):
                return Value(self.data + other.data, [self, other], [1, 1])
            def __mul__(self, other):
                return Value(self.data * other.data, [self, other], [other.data, self.data])
            def tanh(self):
                return Value(math.tanh(self.data), [self], [1 - math.tanh(self.data) ** 2])
            def backward(self):
                order = topological_order(self)[::-1]
                for node in order:
                    node.grad = int(node is self)
                for node in order:
                    for k in range(len(node.inputs)):
                        node.inputs[k].grad += node.grad * node.partials[k]
        def topological_order(output):
            order, stack, seen = [], [(output, False)], set()
            while stack:
                node, done = stack.pop()
                if done:
                    order.append(node)
                elif id(node) not in seen:
                    seen.add(id(node))
                    stack.append((node, True))
                    stack += [(x, False) for x in node.inputs]
            return tuple(order)
        class Neuron:
            def __init__(self, weights):
                self.weights = list(map(Value, weights))
            def __call__(self, inputs):
                products = [w * i for w, i in zip(self.weights, inputs)]
                return sum(products[1:], start=products[0]).tanh()
        class Layer:
            def __init__(self, weights):
                self.neurons = [Neuron(w) for w in weights]
            def __call__(self, inputs):
                return tuple(n(inputs) for n in self.neurons)
    """),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), RIGHT)
def test_a_right_answer_in_another_style_passes(name, text):
    names = {"__name__": "student"}
    exec(compile(textwrap.dedent(text), "student.py", "exec"), names)
    assert [str(r) for r in workbook.check(name, names) if not r.passed] == []


def test_numpys_numbers_and_arrays_will_do():
    np = pytest.importorskip("numpy")
    names = {
        "encode": lambda letter: np.array(alphabet.encode(letter)),
        "decode": lambda numbers: alphabet.ALPHABET[np.argmax(numbers)],
    }
    assert all(result.passed for result in workbook.check("letters", names))

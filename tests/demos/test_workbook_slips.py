"""Wrong answers as students write them, each with the hint that it must get."""

import re
import textwrap

import pytest

from demos import workbook

WRONG = [
    ("tanh", "the sign of x", """
        def tanh(x):
            import math
            up, down = math.exp(x), math.exp(-x)
            return (up - down) / (up + down)
    """),
    ("tanh", "e\\^\\(-2x\\) overflows where x is far below 0", """
        from math import exp
        def tanh(x):
            t = exp(-2 * x)
            return (1 - t) / (1 + t)
    """),
    ("tanh", "Far below 0, tanh is -1", """
        import math
        def tanh(x):
            if abs(x) > 500:
                return 1
            return math.sinh(x) / math.cosh(x)
    """),
    ("neuron", "Only the last product arrives", """
        import math
        def evaluate(weights, inputs):
            for j in range(len(weights)):
                total = weights[j] * inputs[j]
            return math.tanh(total)
    """),
    ("neuron", "indices begin at 0", """
        import math
        def evaluate(weights, inputs):
            total, j = 0, 1
            while j < len(weights):
                total = total + inputs[j] * weights[j]
                j = j + 1
            return math.tanh(total)
    """),
    ("neuron", "This is the sum alone", """
        def evaluate(weights, inputs):
            return sum(a * b for a, b in zip(inputs, weights))
    """),
    ("neuron", "end it with return", """
        import math
        def evaluate(weights, inputs):
            print(math.tanh(sum(a * b for a, b in zip(inputs, weights))))
    """),
    ("figure_4", "weights of h2 are exchanged", """
        from math import tanh
        def figure_4(i1, i2):
            h1 = tanh(i1 + i2 / 2)
            h2 = tanh(2 * i1 + i2 / 2)
            return h1, h2, tanh(2 * h1 + h2)
    """),
    ("figure_4", "keep all digits", """
        from math import tanh
        def figure_4(i1, i2):
            h1 = round(tanh(i1 + i2 / 2), 3)
            h2 = round(tanh(i1 / 2 + 2 * i2), 3)
            return h1, h2, round(tanh(2 * tanh(i1 + i2 / 2) + tanh(i1 / 2 + 2 * i2)), 3)
    """),
    ("letters", "0.5 and not 1", """
        A = 'abcdefghijklmnopqrstuvwxyz _'
        def encode(letter):
            letter = letter.lower()
            numbers = [0] * 28
            numbers[A.index(letter) if letter in A else 27] = 1
            return numbers
        def decode(numbers):
            return A[numbers.index(max(numbers))]
    """),
    ("letters", "as small letters, and what is not among the 28", """
        letters = list('abcdefghijklmnopqrstuvwxyz _')
        def encode(letter):
            numbers = 28 * [0.0]
            numbers[letters.index(letter)] = 0.5
            return numbers
        def decode(numbers):
            return letters[numbers.index(max(numbers))]
    """),
    ("letters", "never exactly 0.5", """
        letters = 'abcdefghijklmnopqrstuvwxyz _'
        def encode(c):
            c = c.lower() if c.lower() in letters else '_'
            return [(k == letters.index(c)) / 2 for k in range(28)]
        def decode(numbers):
            for k in range(28):
                if numbers[k] == 0.5:
                    return letters[k]
    """),
    ("abcd", "From and to are exchanged", """
        from math import atanh
        def make_weights():
            w = [[0] * 28 for k in range(28)]
            w[0][1] = w[1][2] = w[2][3] = w[3][0] = atanh(0.5)
            return w
        def outputs(weights, letter): ...
        def recite(weights, letter, length): ...
    """),
    ("tanh_slope", "This is 1 - x²", "def tanh_slope(x): return 1 - x ** 2"),
    ("tanh_slope", "tanh is taken twice", """
        from math import tanh
        def tanh_slope(x):
            y = tanh(tanh(x))
            return 1 - y * y
    """),
    ("products", "w and i are exchanged", """
        def product_by_weight(i, w): return w
        def product_by_input(i, w): return i
        def sum_by_one(numbers, k): return 1
    """),
    ("products", "by how much does the sum grow", """
        def product_by_weight(i, w): return i
        def product_by_input(i, w): return w
        def sum_by_one(numbers, k): return numbers[k]
    """),
    ("chain", "The slope of tanh is missing", """
        def one_neuron(i, w): return i, w
        def two_neurons(i, w1, w2): ...
    """),
    ("chain", "1 minus the square of the output", """
        def one_neuron(i, w):
            s = 1 - (i * w) ** 2
            return [s * i, s * w]
        def two_neurons(i, w1, w2): ...
    """),
    ("chain", "the slope of the first tanh, 1 - h²", """
        from math import tanh
        def one_neuron(i, w):
            s = 1 - tanh(i * w) ** 2
            return [s * i, s * w]
        def two_neurons(i, w1, w2):
            h = tanh(i * w1)
            s = 1 - tanh(h * w2) ** 2
            return s * w2 * i, s * h, s * w2 * w1
    """),
    ("two_paths", "the other way round: if o is above its target", """
        def error_by_output(o, t): return -o + t
        def error_by_input(i, w1, w2, w3, w4, t): ...
    """),
    ("two_paths", "Only the path through h2", """
        from math import tanh
        def error_by_output(o, t): return o - t
        def error_by_input(i, w1, w2, w3, w4, t):
            hs = tanh(i * w1), tanh(i * w2)
            o = tanh(hs[0] * w3 + hs[1] * w4)
            for h, w, v in zip(hs, (w1, w2), (w3, w4)):
                total = (o - t) * (1 - o * o) * v * (1 - h * h) * w
            return total
    """),
    ("two_paths", "derivative of o: multiply by that of the error", """
        from math import tanh
        def error_by_output(o, t): return o - t
        def error_by_input(i, w1, w2, w3, w4, t):
            a, b = tanh(i * w1), tanh(i * w2)
            o = tanh(a * w3 + b * w4)
            return (1 - o * o) * (w3 * (1 - a * a) * w1 + w4 * (1 - b * b) * w2)
    """),
]  # fmt: skip

# Of the longer sheets: a part of the solution, in another style, and what a student writes there.
CHANGED = [
    ("backprop", "is overwritten: it is a sum", "by_output[j] += d * w", "by_output[j] = d * w"),
    ("backprop", "Each number is 2 times|the 1/2 of the error", "[o - t for", "[o - t + o - t for"),
    ("backprop", "slope is 1 - o², and not 1 - tanh\\(o\\)²", "1 - o * o", "1 - tanh(o) * tanh(o)"),
    ("training", "goes uphill", "neuron[j] -= rate *", "neuron[j] = neuron[j] + rate *"),
    ("training", "The network is as it was", "neuron[j] -= rate * of_neuron[j]",
     "w = neuron[j]; w -= rate * of_neuron[j]"),
    ("training", "begin each epoch with 0", "    errors = []\n    for _ in range(epochs):\n"
     "        total = 0.0\n", "    errors = []; total = 0\n    for _ in range(epochs):\n"),
    ("next_letter", "Ranks begin at 1", "return 1 + sum(", "return sum("),
    ("next_letter", "targets are exchanged", "encode(letter), encode(following)",
     "encode(following), encode(letter)"),
    ("engine.mul", "partials are exchanged", "(other.data, self.data)", "[self.data, other.data]"),
    ("engine.add", "wrap it as Value", "return Value(self.data + other.data, (self, other), "
     "(1.0, 1.0))", "return other.data + self.data"),
    ("engine.tanh", "1 - x²", "1 - y * y", "1 - self.data * self.data"),
    ("engine.order", "The order is backwards", "return order", "order.reverse(); return order"),
    ("engine.order", "comes twice", "if node not in seen:", "if node:"),
    ("engine.backward", "A sum is overwritten", "child.grad += partial * node.grad",
     "child.grad = node.grad * partial"),
    ("engine.backward", "counts twice: is it in a set", "zip(node.inputs, node.partials):",
     "set(zip(node.inputs, node.partials)):"),
    ("engine.backward", "The second call adds", "   node.grad = 0.0\n", "   pass\n"),
    ("engine.backward", "go through all nodes, backwards", "in reversed(order)", "in order"),
    ("engine.backward", "Every sign", "self.grad = 1.0", "self.grad = -1.0"),
    ("engine.neuron", "begin with Value\\(0.0\\)", "total = Value(0.0)\n        for weight, value "
     "in zip(self.weights, inputs):\n            total = total + weight * value\n",
     "total = sum(w * x for w, x in zip(self.weights, inputs))\n"),
    ("engine.neuron", "the graph is lost", "total + weight * value",
     "Value(total.data + weight.data * value.data)"),
]  # fmt: skip


def hints(problem, text):
    names = {"__name__": "student"}
    exec(compile(text, "student.py", "exec"), names)
    return [result.hint for result in workbook.check(problem, names) if not result.passed]


@pytest.mark.parametrize(("problem", "hint", "text"), WRONG)
def test_a_wrong_answer_gets_its_hint(problem, hint, text):
    found = hints(problem, textwrap.dedent(text))
    assert any(re.search(hint, each) for each in found), found


def test_an_answer_that_no_slip_explains_gets_no_hint():
    assert set(hints("tanh", "def tanh(x): return x / (1 + abs(x))")) == {""}
    assert set(hints("tanh_slope", "def tanh_slope(x): return 1 - x ** 4 / 3")) == {""}


def test_an_error_gets_the_hint_of_a_slip_only_if_it_is_the_same_error():
    text = "def tanh(x):\n    if abs(x) > 500: raise OverflowError('own')\n    return x"
    assert set(hints("tanh", text)) == {""}


@pytest.mark.parametrize(("problem", "hint", "right", "wrong"), CHANGED)
def test_a_changed_solution_gets_its_hint(problem, hint, right, wrong):
    solution = workbook.solution(problem.partition(".")[0])
    assert right in solution
    found = hints(problem, solution.replace(right, wrong))
    assert any(re.search(hint, each) for each in found), found

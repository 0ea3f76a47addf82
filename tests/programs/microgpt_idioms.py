"""What programs of microgpt's kind do: local gradients at hand, exp and log, memories in lists."""

import math


def softmax_and_its_loss(Value):
    logits = [Value(x) for x in (1.0, -2.0, 0.5)]
    largest = max(v.data for v in logits)
    powers = [(v - largest).exp() for v in logits]
    total = sum(powers)
    loss = -(powers[2] / total).log()
    loss.backward()
    return [loss.data] + [v.grad for v in logits]


def tanh_by_exp(Value):
    x = Value(0.8)
    e = (2 * x).exp()
    y = (e - 1) / (e + 1)
    y.backward()
    return [y.data, x.grad]


def root_mean_square(Value):
    x = [Value(v) for v in (0.5, -1.5, 2.0)]
    scale = (sum(v * v for v in x) / len(x) + 1e-5) ** -0.5
    sum(v * scale * (i + 1) for i, v in enumerate(x)).backward()
    return [scale.data] + [v.grad for v in x]


def adam_in_lists(Value):
    parameters = [Value(0.3), Value(-0.7)]
    m, v = [0.0] * 2, [0.0] * 2
    for step in range(10):
        a, b = parameters
        loss = (a * b + 1) ** 2 + (a - b).exp() * 0.1
        loss.backward()
        rate = 0.05 * 0.5 * (1 + math.cos(math.pi * step / 10))
        for i, p in enumerate(parameters):
            m[i] = 0.85 * m[i] + 0.15 * p.grad
            v[i] = 0.99 * v[i] + 0.01 * p.grad**2
            unbiased = m[i] / (1 - 0.85 ** (step + 1)), v[i] / (1 - 0.99 ** (step + 1))
            p.data -= rate * unbiased[0] / (unbiased[1] ** 0.5 + 1e-8)
            p.grad = 0
    return [loss.data] + [p.data for p in parameters]


def the_largest_of_logits(Value):
    logits = [Value(x) for x in (0.2, 1.4, -3.0)]
    probabilities = [v.exp().data for v in logits]
    return [probabilities.index(max(probabilities)), sum(probabilities)]


def nodes_made_by_hand(Value):
    def square(x):
        return Value(x.data**2, (x,), (2 * x.data,))

    def product(x, y):
        return Value(x.data * y.data, (x, y), (y.data, x.data))

    a, b = Value(3.0), Value(-0.5)
    y = product(square(a), b) + square(b) * 2 + product(a, a)
    y.backward()
    return [y.data, a.grad, b.grad]


IDIOMS = [
    thing for thing in list(globals().values()) if getattr(thing, "__module__", "") == __name__
]

"""Models of many shapes, each with a loss of squares: what the views of a graph must hold for."""

import functools

from autograd import Value, dot, softmax
from nn import MLP, Layer, Module, Neuron, half_squared_error, mean_squared_error


class Recurrent(Module):
    """h = tanh(u * x + w * h)."""

    def __init__(self):
        self.u, self.w = Value(0.5), Value(0.9)

    def forward(self, xs):
        h = 0.0
        for x in xs:
            h = (self.u * x + self.w * h).tanh()
        return h


class Cell(Module):
    """A recurrent layer of two neurons, with matrices and a bias."""

    def __init__(self):
        self.W, self.U = (
            [[Value(0.2), Value(-0.4)], [Value(0.5), Value(0.3)]],
            [
                [Value(0.7), Value(-0.1)],
                [Value(-0.6), Value(0.4)],
            ],
        )
        self.b = [Value(0.1), Value(-0.2)]

    def forward(self, xs):
        h = [0.0, 0.0]
        for x in xs:
            h = [
                (dot(w, [x, 1.0]) + dot(u, h) + b).tanh() for w, u, b in zip(self.W, self.U, self.b)
            ]
        return h[0] + h[1]


class Convolution(Module):
    """A kernel of three weights that slides over a signal."""

    def __init__(self):
        self.kernel = Neuron(3, weights=[0.5, -0.3, 0.2])

    def forward(self, signal):
        return sum(self.kernel(signal[i : i + 3]) for i in range(len(signal) - 2))


class Attention(Module):
    """One query looks at three inputs; keys and values are their multiples."""

    def __init__(self):
        self.q, self.k, self.v = Value(0.7), Value(-0.4), Value(1.2)
        self.out = Neuron(1, weights=[0.8])

    def forward(self, xs):
        query = self.q * xs[-1]
        scores = softmax([query * (self.k * x) for x in xs])
        return self.out([dot(scores, [self.v * x for x in xs])])


class Tied(Module):
    """The same weights twice, one after the other."""

    def __init__(self):
        self.layer = Layer(2, 2, seed=5)

    def forward(self, x):
        return sum(self.layer(self.layer(x)))


class Residual(Module):
    def __init__(self):
        self.layer, self.end = Layer(2, 2, seed=6), Neuron(2, activation=None, seed=7)

    def forward(self, x):
        return self.end([a + b for a, b in zip(self.layer(x), x)])


def batch(rows, sizes, average=False, penalty=0.0):
    model = MLP(2, sizes, seed=rows)
    xs = [[(-1) ** i * 0.4 * (i + 1), 0.3 * i - 0.5] for i in range(rows)]
    losses = [half_squared_error(model(x), [0.5 - 0.2 * i] * sizes[-1]) for i, x in enumerate(xs)]
    loss = sum(losses) / rows if average else sum(losses)
    if penalty:
        loss = loss + penalty * sum(w * w for w in model.parameters())
    return model, loss


def of_series(make, *series):
    model = make()
    outputs = [model(list(xs)) for xs in series]
    return model, mean_squared_error(outputs, [0.3] * len(outputs))


def of_pair(make):
    model = make()
    return model, half_squared_error([model([0.4, -0.6])], [0.2])


SERIES = (0.1, 0.5, -0.2, 0.3, 0.7, -0.4)

LOSSES = {
    **{f"a batch of {n}": functools.partial(batch, n, [3, 1]) for n in range(1, 9)},
    "two outputs": functools.partial(batch, 2, [2, 2]),
    "three layers": functools.partial(batch, 2, [3, 3, 1]),
    "an average": functools.partial(batch, 4, [2, 1], average=True),
    "a penalty": functools.partial(batch, 2, [2, 1], penalty=0.01),
    "recurrence": functools.partial(of_series, Recurrent, SERIES),
    "recurrence of matrices": functools.partial(of_series, Cell, SERIES[:4]),
    "two series": functools.partial(of_series, Recurrent, SERIES[:3], SERIES[3:]),
    "convolution": functools.partial(of_series, Convolution, SERIES),
    "two signals": functools.partial(of_series, Convolution, SERIES[:4], SERIES[2:]),
    "attention": functools.partial(of_series, Attention, SERIES[:3]),
    "tied weights": functools.partial(of_pair, Tied),
    "a residual": functools.partial(of_pair, Residual),
}
"""For each name, a function that returns a new model and its loss."""

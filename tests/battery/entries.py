"""Every public entry with arguments that work, and things that fit none of them."""

import collections
import contextlib
import decimal
import fractions
import io
import math
import pathlib
import random
import tempfile
from unittest import mock

import numpy as np
import safetensors.numpy

import autograd
import demos.__main__
import nn
from autograd import Op, Value, ops
from demos.letters.predictor import Predictor

FOLDER = pathlib.Path(tempfile.gettempdir()) / "overnight-autograd-battery"

X, T = [[0.5, -1.0], [1.0, 0.25]], [[0.5], [-0.5]]


def three():
    """A number of the user's own kind."""
    return fractions.Fraction(3)


class Text(str):
    __slots__ = ()


class Table:
    """Rows of a user's that say nothing about themselves."""

    def __len__(self):
        return 2

    def __getitem__(self, i):
        raise IndexError(f"the user's table has no row {i}")


def circular():
    one = [1.0]
    one.append(one)
    return one


# What is given instead of an argument. Each is made anew, because some are used up or changed.
WRONG = [
    lambda: None, lambda: True, lambda: 0, lambda: -1, lambda: 7, lambda: 1.5, lambda: -2.5,
    lambda: math.nan, lambda: math.inf, lambda: -math.inf, lambda: 10**400, lambda: -(10**5000),
    lambda: 10**12, lambda: 1e300, lambda: "", lambda: "tahn", lambda: "x" * 10_000,
    lambda: "a\x1b[31m\nb", lambda: Text("tanh"), lambda: b"ab", lambda: [], lambda: [[]],
    lambda: [None], lambda: ["a"], lambda: [1, [2]], lambda: [[1.0], [1.0, 2.0]], lambda: (),
    lambda: {}, lambda: {"a": 1.0}, lambda: {1.0, 2.0}, lambda: {0: [1.0, 2.0], 1: [0.0, 1.0]},
    lambda: object(), lambda: int, lambda: Value, lambda: math.tanh, lambda: (lambda: None),
    lambda: (lambda *a: None), lambda: (lambda *a: "text"), lambda: (lambda *a: list(a)),
    lambda: Value(1.0), lambda: Value(math.nan, "n"), lambda: Value(1.0) * 2, lambda: [Value(2.0)],
    lambda: np.array([]), lambda: np.array(3.0), lambda: np.zeros((2, 2, 2)), lambda: np.int8(3),
    lambda: np.array(["a"]), lambda: np.array([None, 1.0]), lambda: np.float32(0.5),
    lambda: np.array([[1.0, 2.0]]), lambda: np.array([1 + 2j]), lambda: 1j, three,
    lambda: decimal.Decimal("1.5"), lambda: range(3), lambda: range(10**12), lambda: iter([1.0]),
    lambda: (x for x in [1.0, 2.0]), lambda: collections.OrderedDict(a=[1.0]), circular, Table,
    lambda: nn.MLP(2, [1], seed=1), lambda: nn.Module(), lambda: nn.SGD([Value(1.0)], lr=0.1),
    lambda: autograd.compile(lambda x: x[0] * 2), lambda: random.Random(1), lambda: ops.tanh,
    lambda: pathlib.Path("/nowhere/at/all"), lambda: pathlib.Path("."), lambda: "\0", lambda: ...,
    lambda: NotImplemented, lambda: slice(1), lambda: [10**400], lambda: [[10**400, 1.0]] * 2,
    lambda: np.array([[10**400, 1]], object), lambda: [math.nan, math.inf],
    lambda: [[1.0, 2.0]] * 3,
]  # fmt: skip


def mlp():
    return nn.MLP(2, [2, 1], seed=1)


def sgd():
    return nn.SGD([Value(1.0), Value(2.0)], lr=0.1)


def value():
    v = Value(0.5, "v")
    return (v * 2 + 1).tanh()


def loss(x, t):
    return nn.half_squared_error(SHARED(x), t)


SHARED = mlp()


def program():
    return autograd.compile(lambda x, t: (x[0] * 2 - t[0]).tanh() + x[1])


ENTRIES = {}
"""For each entry a function that returns what to call, and arguments that work."""


def entry(name, make, *arguments, **named):
    """Note an entry. ``arguments`` are functions that make them."""
    ENTRIES[name] = make, arguments, named


def functions():
    """The functions of ``autograd``."""
    one, two = [lambda: Value(0.5)], [lambda: Value(0.5), lambda: Value(0.25)]
    for name in autograd.ops.BUILT_IN & {*autograd.__all__, "abs", "pow", "sum"}:
        op = autograd.ops.TABLE[name]
        arguments = {1: one, 2: two}.get(op.arity, [lambda: [Value(0.5), 1.0]])
        entry(name, lambda op=op: op, *arguments)
    entry("pow", lambda: autograd.pow, *two)
    for name in "softmax log_softmax".split():
        entry(name, lambda name=name: getattr(autograd, name), lambda: [Value(0.5), 1.0])
    entry("dot", lambda: autograd.dot, lambda: [Value(0.5)], lambda: [2.0], lambda: 1.0)
    entry("take", lambda: autograd.take, lambda: [[Value(0.5)], [1.0]], lambda: 1)
    y = value()
    entry("grad", lambda: autograd.grad, lambda: y, lambda: y.inputs[0], lambda: False)
    entry("topological_order", lambda: autograd.topological_order, value)
    point = lambda: [1.0, 2.0]
    product = lambda: lambda a, b: a * b
    entry("jacobian", lambda: autograd.jacobian, product, point)
    entry("hessian", lambda: autograd.hessian, product, point)
    entry("hvp", lambda: autograd.hvp, product, point, point)
    options = {"step": lambda: 1e-3, "tolerance": lambda: 1e-6}
    entry("gradcheck", lambda: autograd.gradcheck, product, point, **options)
    entry("no_grad", lambda: autograd.no_grad, lambda: len)
    entry("detect_anomaly", lambda: autograd.detect_anomaly, lambda: len)


def lenses():
    """What shows a graph, and what compiles one."""
    entry("draw", lambda: autograd.draw, value, view=lambda: "sums", names=lambda: {},
          rankdir=lambda: "TB", force=lambda: False)  # fmt: skip
    y = value()
    entry("explain", lambda: autograd.explain, lambda: y, lambda: y.inputs[0],
          names=lambda: {}, paths=lambda: 2)  # fmt: skip
    entry("page", lambda: autograd.page, value, lambda: None, names=lambda: {}, force=lambda: False)
    entry("formula", lambda: autograd.formula, value, names=lambda: {}, latex=lambda: False)
    entry("derivative_formula", lambda: autograd.derivative_formula, lambda: "tanh", lambda: None,
          names=lambda: {}, latex=lambda: False)  # fmt: skip
    entry("compile", lambda: autograd.compile, lambda: lambda x: x[0] * 2, backend=lambda: None,
          parameters=lambda: None, dtype=lambda: "float64")  # fmt: skip
    entry("compile a graph", lambda: autograd.compile, value, parameters=lambda: None)
    entry("Compiled", program, lambda: X, lambda: T)
    entry("Compiled.value_and_grad", lambda: program().value_and_grad, lambda: X, lambda: T,
          reduction=lambda: "mean", wrt=lambda: "inputs")  # fmt: skip
    entry("to_json", lambda: autograd.to_json, value, names=lambda: {})
    text = autograd.to_json(value())
    entry("from_json", lambda: autograd.from_json, lambda: text, operations=lambda: [])
    for name in "to_networkx", "to_sympy":
        entry(name, lambda name=name: getattr(autograd, name), value, names=lambda: {})
    entry("to_onnx", lambda: autograd.to_onnx, lambda: SHARED, lambda: X,
          path=lambda: FOLDER / "model.onnx", dtype=lambda: "float32")  # fmt: skip
    for name in "tikz", "mermaid":
        entry(f"Drawing.{name}", lambda name=name: drawn_as(name), value, view=lambda: "neurons",
              names=lambda: {}, rankdir=lambda: "TB", force=lambda: False)  # fmt: skip
    entry("Page.save", lambda: autograd.page(value()).save, lambda: FOLDER / "page.html")
    entry("Drawing.save", lambda: autograd.draw(value()).save, lambda: FOLDER / "graph.dot")
    entry("Drawing.pipe", lambda: autograd.draw(value()).pipe, lambda: "svg")
    entry("Op", lambda: Op, lambda: "swash", lambda: abs, lambda: lambda y, x: (1.0,), lambda: None,
          lambda: 1, symbol=lambda: "s", text=lambda: "s({})", latex=lambda: "s({})",
          precedence=lambda: 4, domain=lambda: ((0.0, 1.0),), ulps=lambda: 4.0,
          registered=lambda: False)  # fmt: skip


def drawn_as(name):
    """A text of a drawing as a function of what it is drawn from."""
    return lambda *given, **options: getattr(autograd.draw(*given, **options), name)


def values():
    """The constructor, methods and operators of a Value."""
    inputs = (lambda: (Value(1.0), Value(2.0)), lambda: (3.0, 4.0), lambda: "label")
    entry("Value", lambda: Value, lambda: 0.5, *inputs)
    entry("Value.label", lambda: Value, lambda: 0.5, lambda: "label")
    operators = "add radd sub rsub mul rmul truediv rtruediv pow rpow lt le gt ge eq ne iadd isub"
    for name in operators.split():
        entry(f"Value.{name}", lambda name=name: getattr(value(), f"__{name}__"), lambda: 2.0)
    for name in "maximum minimum hypot atan2 pow".split():
        entry(f"Value.{name}", lambda name=name: getattr(value(), name), lambda: 2.0)
    entry("Value.clamp", lambda: value().clamp, lambda: -1.0, lambda: 1.0)
    entry("Value.clip", lambda: value().clip, lambda: -1.0, lambda: 1.0, lambda: None)
    entry("Value.backward", lambda: value().backward, lambda: True)
    entry("Value.data", lambda: lambda data: with_data(data) * 2, lambda: 2.0)


def with_data(data):
    v = Value(1.0, "set")
    v.data = data
    return v


def networks():
    """Modules, losses and checkpoints."""
    common = {"activation": lambda: "tanh", "seed": lambda: 1}
    row = lambda: [0.5, -1.0]
    entry("Neuron", lambda: nn.Neuron, lambda: 2, bias=lambda: True, weights=row, **common)
    entry("Layer", lambda: nn.Layer, lambda: 2, lambda: 2, bias=lambda: [0.0, 1.0],
          weights=lambda: [[1.0, 2.0]] * 2, **common)  # fmt: skip
    entry("MLP", lambda: nn.MLP, lambda: 2, lambda: [2, 1], output_activation=lambda: None,
          bias=lambda: [True, False], weights=lambda: None, **common)  # fmt: skip
    entry("MLP call", mlp, row)
    entry("Layer call", lambda: nn.Layer(2, 2, seed=1), row)
    entry("Neuron call", lambda: nn.Neuron(2, seed=1), row)
    entry("Embedding", lambda: nn.Embedding, lambda: 2, lambda: 1, lambda: [[1.0], [2.0]],
          lambda: 1)  # fmt: skip
    entry("Embedding call", lambda: nn.Embedding(3, 2, seed=1), lambda: 1)
    entry("Dropout", lambda: nn.Dropout, lambda: 0.5, lambda: 1)
    entry("Dropout call", lambda: nn.Dropout(0.5, 1), row)
    for name in "half_squared_error mean_squared_error hinge cross_entropy".split():
        target = (lambda: 1) if name == "cross_entropy" else (lambda: [1.0, -1.0])
        entry(name, lambda name=name: getattr(nn, name), lambda: [Value(0.5), 1.0], target)
    entry("Module.load_state_dict", lambda: mlp().load_state_dict, lambda: mlp().state_dict(),
          strict=lambda: True)  # fmt: skip
    entry("Module.train", lambda: mlp().train, lambda: True)
    entry("Module.training", lambda: lambda mode: setattr(mlp(), "training", mode), lambda: True)
    entry("Module.zero_grad", lambda: mlp().zero_grad, lambda: True)


def training():
    """Optimisers, ``fit`` and checkpoints."""
    parameters = lambda: [Value(1.0)]
    entry("SGD", lambda: nn.SGD, parameters, lambda: 0.1, lambda: 0.5, lambda: 0.0)
    entry("Adam", lambda: nn.Adam, parameters, lambda: 0.1, lambda: (0.9, 0.99), lambda: 1e-8,
          lambda: 0.0)  # fmt: skip
    entry("Optimizer.lr", lambda: stepped, lambda: 0.5)
    entry("Optimizer.momentum", lambda: with_momentum, lambda: 0.5)
    entry("Optimizer.load_state_dict", lambda: sgd().load_state_dict, lambda: sgd().state_dict())
    entry("clip_grad_norm", lambda: nn.clip_grad_norm, parameters, lambda: 1.0)
    optimizer = lambda: nn.SGD(SHARED.parameters(), lr=0.01)
    options = {"epochs": lambda: 1, "batch_size": lambda: 2, "shuffle": lambda: 1,
               "progress": lambda: False, "validation": lambda: (X, T), "callback": lambda: None,
               "backend": lambda: None, "devices": lambda: None}  # fmt: skip
    for compile in (None, False, True):
        entry(f"fit, compile={compile}", lambda: nn.fit, lambda: loss, lambda: X, lambda: T,
              optimizer, compile=lambda compile=compile: compile, **options)  # fmt: skip
    entry("training_page", lambda: nn.training_page, lambda: SHARED, lambda: loss, lambda: X,
          lambda: T, optimizer, lambda: FOLDER / "training.html")  # fmt: skip
    path = lambda: FOLDER / "state.safetensors"
    saved = (path, lambda: SHARED, optimizer, lambda: random.Random(1))
    other = FOLDER / "torch.safetensors"
    nn.save_torch(SHARED, other)
    arrays = safetensors.numpy.load_file(other)
    entry("save_torch", lambda: nn.save_torch, lambda: SHARED, lambda: other)
    entry("load_torch", lambda: nn.load_torch, lambda: SHARED, lambda: arrays)
    entry("load_torch, a file", lambda: nn.load_torch, lambda: SHARED, lambda: other)
    for name in arrays:
        entry(f"load_torch, {name}", lambda name=name: one_array(arrays, name),
              lambda name=name: arrays[name])  # fmt: skip
    entry("save_checkpoint", lambda: nn.save_checkpoint, *saved, notes=lambda: {"epoch": 1})
    entry("load_checkpoint", lambda: nn.load_checkpoint, *saved)


def libraries():
    """What other libraries take. One that is not installed is an error that says so."""
    entry("to_torch", lambda: nn.to_torch, lambda: SHARED)
    entry("connected", lambda: connected, lambda: "10.0.0.1:5000", lambda: 0, lambda: 2,
          lambda: 5.0)  # fmt: skip
    X, targets = [[0.5, -1.0], [1.0, 0.25], [0.0, 1.0]], [0, 1, 1]
    common = {"activation": lambda: "tanh", "learning_rate_init": lambda: 0.1,
              "batch_size": lambda: 2, "max_iter": lambda: 1, "shuffle": lambda: True,
              "solver": lambda: "sgd", "random_state": lambda: 1,
              "verbose": lambda: False}  # fmt: skip
    for name in nn.formats.ESTIMATORS:
        entry(name, lambda name=name: estimated(name), lambda: (2,), **common)
        for method in "fit", "predict":
            entry(f"{name}.{method}", lambda name=name, method=method: of_rows(name, method),
                  lambda: X, *[lambda: targets] * (method == "fit"))  # fmt: skip


def estimated(name):
    """A network for scikit-learn as a function of its settings, which ``fit`` looks at."""
    return lambda *given, **options: getattr(nn, name)(*given, **options).fit(
        [[0.5, -1.0], [1.0, 0.25]], [0, 1]
    )


def of_rows(name, method):
    """A method of such a network, as a function of its rows."""

    def called(*given):
        network = getattr(nn, name)((2,), max_iter=1, random_state=1)
        if method != "fit":
            network.fit([[0.5, -1.0], [1.0, 0.25]], [0, 1])
        getattr(network, method)(*given)

    return called


def connected(*given):
    """``nn.connected`` with a JAX that waits for nobody."""
    with mock.patch.object(nn.processes, "library"), nn.connected(*given):
        pass


def one_array(arrays, name):
    """``load_torch`` as a function of one of its arrays."""
    return lambda given: nn.load_torch(SHARED, {**arrays, name: given})


def stepped(rate):
    optimizer = sgd()
    optimizer.lr = rate
    for p in optimizer.parameters:
        p.grad = 1.0
    optimizer.step()


def with_momentum(momentum):
    optimizer = sgd()
    optimizer.momentum = momentum
    optimizer.step()


def command_line(*words):
    """Parse ``python -m demos``. It ends the program with a sentence on the error stream."""
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            demos.__main__.make_parser().parse_args([str(word) for word in words])
    except SystemExit as end:
        if end.code == 2 and "error: " in told.getvalue():
            raise ValueError(told.getvalue()) from None
        if end.code:
            raise


def commands():
    """The command line of the demos, and the page of one."""
    letters = Predictor(2, [2])
    entry("Predictor.page", lambda: letters.page, lambda: FOLDER / "letters.html",
          text=lambda: "the", source=lambda: "a text")  # fmt: skip
    entry("python -m demos", lambda: command_line, lambda: "--quick", lambda: "chain_rule")
    entry("python -m demos NAME", lambda: command_line, lambda: "moons", lambda: "--seed",
          lambda: 3, lambda: "--out", lambda: "folder")  # fmt: skip


for part in (functions, lenses, values, networks, training, libraries, commands):
    part()

"""The works of bench_compile.py in other libraries, each in the best form that we know.

Every function here takes a task, prepares it, and returns what ``measure`` times: a callable that
does the work once, and one that tells the answer, to be compared before anything is timed. Each
imports its library itself, so that one which is not installed is only missing in the table.
"""

import ctypes
import functools
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Prepared = tuple[Callable[[], Any], Callable[[], Any]]


class LeftOut(Exception):
    """Why a library has no figure for a work."""


# --- a network that trains ---


@dataclass
class Training:
    """Tanh layers, half squared error, plain gradient descent on the mean of each minibatch.

    ``theta`` holds for each layer its weights, (outputs, inputs), and then its biases.
    """

    sizes: list[int]
    theta: Floats
    X: Floats
    T: Floats
    batch: int
    rate: float
    epochs: int = 1

    def first(self, rows: int) -> "Training":
        """The same on a few rows only, one epoch."""
        return replace(self, X=self.X[:rows], T=self.T[:rows], epochs=1)

    def layers(self) -> list[tuple[Floats, Floats]]:
        """Copies of the weights and biases of each layer."""
        layers, start = [], 0
        for nin, nout in pairwise(self.sizes):
            end = start + nin * nout
            weights = self.theta[start:end].reshape(nout, nin).copy()
            layers.append((weights, self.theta[end : end + nout].copy()))
            start = end + nout
        return layers


def flat(layers: Any) -> Floats:
    """Weights and biases as ``Training.theta`` has them."""
    return np.concatenate([np.asarray(p).ravel() for layer in layers for p in layer])


def batches(task: Training) -> list[tuple[Floats, Floats]]:
    starts = range(0, len(task.X), task.batch)
    return [(task.X[i : i + task.batch], task.T[i : i + task.batch]) for i in starts]


def train_numpy(task: Training) -> Prepared:
    """Every intermediate result in a buffer of its own, updates in place."""
    layers, parts = task.layers(), batches(task)
    acts = [np.empty((task.batch, n)) for n in task.sizes[1:]]
    slopes, changes = [np.empty_like(a) for a in acts], [np.empty_like(w) for w, _ in layers]
    scale = task.rate / task.batch
    steps = list(zip(layers, acts, slopes, changes))

    def run() -> None:
        for _ in range(task.epochs):
            for x, t in parts:
                a = x
                for (weights, bias), out, _, _ in steps:
                    np.matmul(a, weights.T, out=out)
                    out += bias
                    a = np.tanh(out, out=out)
                d = (a - t) * scale
                for i in range(len(steps) - 1, -1, -1):
                    (weights, bias), out, slope, change = steps[i]
                    np.multiply(out, out, out=slope)
                    np.subtract(1, slope, out=slope)
                    slope *= d
                    if i:
                        d = slope @ weights
                    weights -= np.matmul(slope.T, acts[i - 1] if i else x, out=change)
                    bias -= slope.sum(axis=0)

    return run, lambda: flat(layers)


def jax_error(parameters: Any, x: Any, t: Any) -> Any:
    """The mean over rows, or for vectors the one; weights are (inputs, outputs)."""
    import jax.numpy as jnp

    for weights, bias in parameters:
        x = jnp.tanh(x @ weights + bias)
    rows = x.shape[0] if x.ndim == 2 else 1
    return ((x - t) ** 2).sum() / (2 * rows)


def jax_parameters(task: Training) -> Any:
    import jax.numpy as jnp

    return [(jnp.asarray(w.T.copy()), jnp.asarray(b)) for w, b in task.layers()]


def jax_rows(task: Training) -> tuple[Any, Any]:
    """(steps, batch, n); for single samples (steps, n), as vectors are faster."""
    import jax.numpy as jnp

    middle = () if task.batch == 1 else (task.batch,)
    shaped = [a.reshape(-1, *middle, a.shape[1]) for a in (task.X, task.T)]
    return jnp.asarray(shaped[0]), jnp.asarray(shaped[1])


def train_jax_scan(task: Training) -> Prepared:
    """All steps of all epochs in one compiled call, the parameters donated."""
    import jax

    def step(parameters: Any, rows: Any) -> Any:
        gradients = jax.grad(jax_error)(parameters, *rows)
        return jax.tree.map(lambda p, g: p - task.rate * g, parameters, gradients), None

    @functools.partial(jax.jit, donate_argnums=0)
    def train(parameters: Any, rows: Any) -> Any:
        def epoch(carried: Any, _: Any) -> Any:
            return jax.lax.scan(step, carried, rows)

        return jax.lax.scan(epoch, parameters, None, length=task.epochs)[0]

    state, rows = [jax_parameters(task)], jax_rows(task)

    def run() -> None:
        state[0] = jax.block_until_ready(train(state[0], rows))

    return run, lambda: flat([(np.asarray(w).T, b) for w, b in state[0]])


def train_jax_steps(task: Training) -> Prepared:
    """One compiled call a step, the parameters donated."""
    import jax
    import jax.numpy as jnp

    @functools.partial(jax.jit, donate_argnums=0)
    def step(parameters: Any, x: Any, t: Any) -> Any:
        gradients = jax.grad(jax_error)(parameters, x, t)
        return jax.tree.map(lambda p, g: p - task.rate * g, parameters, gradients)

    state, parts = [jax_parameters(task)], [tuple(map(jnp.asarray, p)) for p in batches(task)]

    def run() -> None:
        parameters = state[0]
        for _ in range(task.epochs):
            for x, t in parts:
                parameters = step(parameters, x, t)
        state[0] = jax.block_until_ready(parameters)

    return run, lambda: flat([(np.asarray(w).T, b) for w, b in state[0]])


def torch_layers(task: Training) -> Any:
    import torch

    torch.set_num_threads(1)
    return [tuple(torch.tensor(p, requires_grad=True) for p in layer) for layer in task.layers()]


def torch_error(layers: Any, x: Any, t: Any) -> Any:
    import torch

    for weights, bias in layers:
        x = torch.tanh(torch.nn.functional.linear(x, weights, bias))
    return ((x - t) ** 2).sum() / (2 * len(x))


def train_torch(task: Training) -> Prepared:
    """Its autograd, and one call that updates all parameters in place."""
    import torch

    layers = torch_layers(task)
    parameters = [p for layer in layers for p in layer]
    parts = [(torch.from_numpy(x), torch.from_numpy(t)) for x, t in batches(task)]

    def run() -> None:
        for _ in range(task.epochs):
            for x, t in parts:
                gradients = torch.autograd.grad(torch_error(layers, x, t), parameters)
                with torch.no_grad():
                    torch._foreach_add_(parameters, gradients, alpha=-task.rate)

    return run, lambda: flat([[p.detach() for p in layer] for layer in layers])


TRAIN_IN_C = """
void train(double *theta, const double *X, const double *T, long rows, long batch, double rate,
           long epochs, double *gradient, double *total) {
  for (long step = 0; step < epochs * rows; step += batch) {
    for (long i = 0; i < SIZE; i++) total[i] = 0;
    for (long row = step % rows; row < step % rows + batch; row++) {
      const double *arguments[] = {theta, X + row * INPUTS, T + row * OUTPUTS};
      double *results[] = {gradient};
      f(arguments, results, 0, 0, 0);
      for (long i = 0; i < SIZE; i++) total[i] += gradient[i];
    }
    for (long i = 0; i < SIZE; i++) theta[i] -= rate / batch * total[i];
  }
}
"""


@functools.cache
def casadi_network(sizes: tuple[int, ...]) -> Any:
    """The gradient for one row as scalars, and the training loop around it, in C."""
    import casadi as ca

    count = sum(nout * (nin + 1) for nin, nout in pairwise(sizes))
    theta, x, t = ca.SX.sym("theta", count), ca.SX.sym("x", sizes[0]), ca.SX.sym("t", sizes[-1])
    a, start = x, 0
    for nin, nout in pairwise(sizes):
        end = start + nin * nout
        weights = ca.reshape(theta[start:end], nin, nout).T
        a, start = ca.tanh(weights @ a + theta[end : end + nout]), end + nout
    f = ca.Function("f", [theta, x, t], [ca.gradient(ca.sumsqr(a - t) / 2, theta)])
    loop = TRAIN_IN_C.replace("SIZE", str(count)).replace("INPUTS", str(sizes[0]))
    return in_c(f, loop.replace("OUTPUTS", str(sizes[-1])))


def train_casadi(task: Training) -> Prepared:
    """Scalars as generated C, gcc -O3 -march=native, the loop over the rows in C too."""
    library = casadi_network(tuple(task.sizes))
    theta = task.theta.copy()
    gradient, total = np.empty_like(theta), np.empty_like(theta)
    X, T = np.ascontiguousarray(task.X), np.ascontiguousarray(task.T)
    sizes = ctypes.c_long(len(X)), ctypes.c_long(task.batch)
    rate, epochs = ctypes.c_double(task.rate), ctypes.c_long(task.epochs)

    def run() -> None:
        arrays = pointer(theta), pointer(X), pointer(T)
        library.train(*arrays, *sizes, rate, epochs, pointer(gradient), pointer(total))

    return run, lambda: theta


def train_micrograd(task: Training) -> Prepared:
    """Backward after each row, so that memory stays small; tanh as its author's lecture has it."""
    from micrograd.engine import Value

    layers = [
        ([[Value(w) for w in row] for row in weights.tolist()], [Value(b) for b in bias.tolist()])
        for weights, bias in task.layers()
    ]
    flattened = [p for rows, bias in layers for p in (*(w for row in rows for w in row), *bias)]
    parts = [(x.tolist(), t.tolist()) for x, t in batches(task)]

    def run() -> None:
        for _ in range(task.epochs):
            for X, T in parts:
                for p in flattened:
                    p.grad = 0
                for x, t in zip(X, T):
                    for rows, bias in layers:
                        x = [
                            micrograd_tanh(sum((w * v for w, v in zip(row, x)), b))
                            for row, b in zip(rows, bias)
                        ]
                    error = sum((a - b) ** 2 for a, b in zip(x, t)) * (0.5 / len(X))
                    error.backward()
                for p in flattened:
                    p.data -= task.rate * p.grad

    return run, lambda: np.array([p.data for p in flattened])


def micrograd_tanh(x: Any) -> Any:
    """Its own table has relu only."""
    from micrograd.engine import Value

    y = math.tanh(x.data)
    out = Value(y, (x,), "tanh")

    def backward() -> None:
        x.grad += (1 - y * y) * out.grad

    out._backward = backward
    return out


# --- the same network, forward alone, and forward with gradients: no update ---


def network_numpy(task: Training) -> tuple[Prepared, Prepared]:
    layers, parts = task.layers(), batches(task)
    acts = [np.empty((task.batch, n)) for n in task.sizes[1:]]
    slopes, gradients = [np.empty_like(a) for a in acts], [np.zeros_like(w) for w, _ in layers]
    products, biases = [np.empty_like(w) for w, _ in layers], [np.zeros_like(b) for _, b in layers]

    def forward(x: Floats, t: Floats) -> Floats:
        for (weights, bias), out in zip(layers, acts):
            np.matmul(x, weights.T, out=out)
            out += bias
            x = np.tanh(out, out=out)
        return x - t

    def value() -> float:
        total = 0.0
        for x, t in parts:
            d = forward(x, t)
            total += np.vdot(d, d)
        return total / 2

    def both() -> float:
        total = 0.0
        for gradient, of_bias in zip(gradients, biases):
            gradient[:], of_bias[:] = 0, 0
        for x, t in parts:
            d = forward(x, t)
            total += np.vdot(d, d)
            for i in range(len(layers) - 1, -1, -1):
                slope = np.multiply(acts[i], acts[i], out=slopes[i])
                np.subtract(1, slope, out=slope)
                slope *= d
                if i:
                    d = slope @ layers[i][0]
                gradients[i] += np.matmul(slope.T, acts[i - 1] if i else x, out=products[i])
                biases[i] += slope.sum(axis=0)
        return total / 2

    def gradient() -> Floats:
        both()
        return flat(zip(gradients, biases))

    return (value, value), (both, gradient)


def network_jax(task: Training) -> tuple[Prepared, Prepared]:
    """Scanned over the minibatches."""
    import jax

    parameters, rows = jax_parameters(task), jax_rows(task)
    add = functools.partial(jax.tree.map, lambda a, b: a + b)
    differentiated = jax.value_and_grad(jax_error)

    @jax.jit
    def value(parameters: Any, rows: Any) -> Any:
        def step(total: Any, part: Any) -> Any:
            return total + jax_error(parameters, *part), None

        return jax.lax.scan(step, 0.0, rows)[0] * task.batch

    @jax.jit
    def both(parameters: Any, rows: Any) -> Any:
        def step(total: Any, part: Any) -> Any:
            return add(total, differentiated(parameters, *part)), None

        zeros = 0.0, jax.tree.map(lambda p: p * 0, parameters)
        total = jax.lax.scan(step, zeros, rows)[0]
        return jax.tree.map(lambda g: g * task.batch, total)

    def run(function: Any) -> Any:
        return jax.block_until_ready(function(parameters, rows))

    def gradient() -> Floats:
        return flat([(np.asarray(w).T, b) for w, b in run(both)[1]])

    return (lambda: run(value), lambda: float(run(value))), (lambda: run(both), gradient)


def network_torch(task: Training) -> tuple[Prepared, Prepared]:
    import torch

    layers = torch_layers(task)
    parameters = [p for layer in layers for p in layer]
    parts = [(torch.from_numpy(x), torch.from_numpy(t)) for x, t in batches(task)]

    def value() -> float:
        with torch.no_grad():
            return sum(float(torch_error(layers, x, t)) for x, t in parts) * task.batch

    def both() -> float:
        total = 0.0
        for p in parameters:
            p.grad = None
        for x, t in parts:
            error = torch_error(layers, x, t)
            error.backward()
            total += error.item()
        return total * task.batch

    def gradient() -> Floats:
        both()
        return flat([[p.grad * task.batch for p in layer] for layer in layers])

    return (value, value), (both, gradient)


# --- a formula: c = a + b; d = ab + b³; e = c - d; f = e²; g = f/2 ---


def formula(a: Any, b: Any) -> Any:
    """In operations that every library has."""
    c = a + b
    d = a * b + b * b * b
    e = c - d
    f = e * e
    return f * 0.5


def formula_numpy(a: Floats, b: Floats) -> Prepared:
    """The value g = e²/2 has the slopes e(1-b) and e(1-a-3b²); every result in a buffer."""
    square, e, by_a, by_b = (np.empty_like(a) for _ in range(4))

    def run() -> float:
        np.multiply(b, b, out=square)
        np.subtract(1, b, out=by_a)
        np.multiply(a, by_a, out=e)  # a + b - ab - b³ = a(1 - b) + b(1 - b²)
        np.subtract(1, square, out=by_b)
        np.multiply(by_b, b, out=by_b)
        np.add(e, by_b, out=e)
        np.multiply(square, -3, out=square)
        np.subtract(square, a, out=square)
        np.add(square, 1, out=square)
        np.multiply(e, square, out=by_b)
        np.multiply(e, by_a, out=by_a)
        return float(np.vdot(e, e)) / 2

    return run, lambda: (run(), by_a, by_b)


def formula_jax(a: Floats, b: Floats) -> Prepared:
    import jax
    import jax.numpy as jnp

    both = jax.jit(jax.value_and_grad(lambda a, b: formula(a, b).sum(), argnums=(0, 1)))
    inputs = jnp.asarray(a), jnp.asarray(b)

    def run() -> Any:
        return jax.block_until_ready(both(*inputs))

    return run, lambda: (float(run()[0]), *map(np.asarray, run()[1]))


def formula_torch(a: Floats, b: Floats) -> Prepared:
    import torch

    torch.set_num_threads(1)
    inputs = torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)

    def run() -> Any:
        g = formula(*inputs).sum()
        return g, *torch.autograd.grad(g, inputs)

    return run, lambda: [part.detach().numpy() for part in run()]


FORMULA_IN_C = """
double rows(const double *a, const double *b, double *by_a, double *by_b, long count) {
  double total = 0, g;
  for (long i = 0; i < count; i++) {
    const double *arguments[] = {a + i, b + i};
    double *results[] = {&g, by_a + i, by_b + i};
    f(arguments, results, 0, 0, 0);
    total += g;
  }
  return total;
}
"""


def casadi_formula() -> Any:
    import casadi as ca

    a, b = ca.SX.sym("a"), ca.SX.sym("b")
    g = formula(a, b)
    return ca.Function("f", [a, b], [g, ca.gradient(g, a), ca.gradient(g, b)])


def formula_casadi(a: Floats, b: Floats) -> Prepared:
    """Generated C with a loop over the rows around it."""
    library = in_c(casadi_formula(), FORMULA_IN_C)
    library.rows.restype = ctypes.c_double
    by_a, by_b, count = np.empty_like(a), np.empty_like(b), ctypes.c_long(len(a))

    def run() -> float:
        arrays = pointer(a), pointer(b), pointer(by_a), pointer(by_b)
        return float(library.rows(*arrays, count))

    return run, lambda: (run(), by_a, by_b)


def formula_heyoka(a: Floats, b: Floats) -> Prepared:
    """Vectorised native code, for all rows at once."""
    import heyoka as hy

    x, y = hy.make_vars("a", "b")
    g = formula(x, y)
    function = hy.cfunc([g, hy.diff(g, x), hy.diff(g, y)], vars=[x, y])
    inputs, outputs = np.array([a, b]), np.empty((3, len(a)))

    def run() -> float:
        function(inputs, outputs=outputs)
        return float(outputs[0].sum())

    return run, lambda: (run(), outputs[1], outputs[2])


def formula_micrograd(a: Floats, b: Floats) -> Prepared:
    from micrograd.engine import Value

    pairs = list(zip(a.tolist(), b.tolist()))

    def run() -> Any:
        total, by_a, by_b = 0.0, [], []
        for numbers in pairs:
            x, y = map(Value, numbers)
            g = formula(x, y)
            g.backward()
            total += g.data
            by_a.append(x.grad)
            by_b.append(y.grad)
        return total, by_a, by_b

    return run, run


def call_by_hand(a: float, b: float) -> Prepared:
    """Plain Python, without any library."""

    def value_and_grad(a: float, b: float) -> tuple[float, float, float]:
        e = a + b - a * b - b * b * b
        return e * e / 2, e * (1 - b), e * (1 - a - 3 * b * b)

    def run() -> tuple[float, float, float]:
        return value_and_grad(a, b)

    return run, run


def call_jax(a: float, b: float) -> Prepared:
    import jax

    both = jax.jit(jax.value_and_grad(formula, argnums=(0, 1)))

    def run() -> Any:
        return jax.block_until_ready(both(a, b))

    return run, lambda: (float(run()[0]), *map(float, run()[1]))


def call_torch(a: float, b: float) -> Prepared:
    import torch

    torch.set_num_threads(1)

    def run() -> Any:
        inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (a, b)]
        g = formula(*inputs)
        return g, *torch.autograd.grad(g, inputs)

    return run, lambda: [part.item() for part in run()]


def call_casadi(a: float, b: float) -> Prepared:
    """Through a buffer, its fastest way in from Python."""
    f = casadi_formula()
    inputs, results = [np.array([a]), np.array([b])], [np.empty(1) for _ in range(3)]
    buffer, trigger = f.buffer()
    for i, x in enumerate(inputs):
        buffer.set_arg(i, memoryview(x))
    for i, x in enumerate(results):
        buffer.set_res(i, memoryview(x))

    def run(alive: Any = (f, buffer)) -> Any:  # the trigger keeps neither
        inputs[0][0], inputs[1][0] = a, b
        trigger()
        return [x[0] for x in results]

    return run, run


def call_micrograd(a: float, b: float) -> Prepared:
    from micrograd.engine import Value

    def run() -> Any:
        x, y = Value(a), Value(b)
        g = formula(x, y)
        g.backward()
        return g.data, x.grad, y.grad

    return run, run


# --- chains of scalar operations ---

Step = tuple[str, int, int]  # "mul", "add" or "tanh", and the leaves; see Chains


@dataclass
class Chains:
    """Several chains of scalar operations, from one start each, added up.

    Chain c begins as ``starts[c]``, and in step j is multiplied by ``factors[c]``, or
    ``terms[c]`` is added, or its tanh is taken, as ``kinds[c][j]`` says.
    """

    starts: list[float]
    factors: list[float]
    terms: list[float]
    kinds: list[list[str]]

    @property
    def nodes(self) -> int:
        return sum(map(len, self.kinds))

    def record(self, leaf: Callable[[float], Any], tanh: Callable[[Any], Any]) -> tuple[Any, Any]:
        """The sum, and all leaves: starts, factors, terms."""
        groups = [[leaf(x) for x in group] for group in (self.starts, self.factors, self.terms)]
        total: Any = None
        for v, w, u, kinds in zip(*groups, self.kinds):
            for kind in kinds:
                v = v * w if kind == "mul" else v + u if kind == "add" else tanh(v)
            total = v if total is None else total + v
        return total, [x for group in groups for x in group]

    @property
    def alike(self) -> bool:
        """Whether all chains do the same steps, so that somebody may write a loop over arrays."""
        return all(kinds == self.kinds[0] for kinds in self.kinds)

    def arrays(self) -> list[Floats]:
        return [np.array(group) for group in (self.starts, self.factors, self.terms)]


def chains_by_hand(task: Chains) -> Prepared:
    """One array operation a step for all chains; for a single chain plain numbers."""
    v0, w, u = task.arrays()
    single = len(v0) == 1
    start = v0.item() if single else v0
    factor, term = (w.item(), u.item()) if single else (w, u)
    tanh = math.tanh if single else np.tanh
    if not task.alike:
        raise LeftOut("each chain has steps of its own: nothing to vectorise by hand")
    kinds = task.kinds[0]

    def run() -> Any:
        v, values = start, []
        for kind in kinds:
            values.append(v)
            v = v * factor if kind == "mul" else v + term if kind == "add" else tanh(v)
        values.append(v)
        d, by_w, by_u = (1.0, 0.0, 0.0) if single else (np.ones_like(w), 0 * w, 0 * u)
        for j in range(len(kinds) - 1, -1, -1):
            if kinds[j] == "mul":
                by_w += d * values[j]
                d = d * factor
            elif kinds[j] == "add":
                by_u += d
            else:
                y = values[j + 1]
                d = d * (1 - y * y)
        return np.sum(v), d, by_w, by_u

    return run, lambda: np.concatenate([np.atleast_1d(x) for x in run()[1:]])


def chains_jax(task: Chains, unroll: int = 1) -> Prepared:
    """A scan over the period of mul, add (and tanh), on the vector of all chains."""
    import jax
    import jax.numpy as jnp

    if not task.alike:
        raise LeftOut("each chain has steps of its own: nothing to scan")
    period = 3 if "tanh" in task.kinds[0] else 2

    @jax.jit
    def both(*leaves: Any) -> Any:
        def total(v: Any, w: Any, u: Any) -> Any:
            def step(v: Any, _: Any) -> Any:
                v = v * w + u
                return (jnp.tanh(v) if period == 3 else v), None

            length = len(task.kinds[0]) // period
            return jax.lax.scan(step, v, None, length=length, unroll=unroll)[0].sum()

        return jax.value_and_grad(total, argnums=(0, 1, 2))(*leaves)

    scalars = len(task.starts) == 1
    leaves = [jnp.asarray(x[0] if scalars else x) for x in task.arrays()]

    def run() -> Any:
        return jax.block_until_ready(both(*leaves))

    return run, lambda: np.concatenate([np.atleast_1d(x) for x in run()[1]])


def chains_torch(task: Chains) -> Prepared:
    """Scalar by scalar; where all chains do the same steps, on vectors."""
    import torch

    torch.set_num_threads(1)
    if not task.alike or len(task.starts) == 1:

        def scalars() -> Any:
            leaf = functools.partial(torch.tensor, dtype=torch.float64, requires_grad=True)
            total, leaves = task.record(leaf, torch.tanh)
            return torch.autograd.grad(total, leaves)

        return scalars, lambda: np.array([g.item() for g in scalars()])

    leaves = [torch.tensor(x, requires_grad=True) for x in task.arrays()]

    def run() -> Any:
        v, w, u = leaves
        for kind in task.kinds[0]:
            v = v * w if kind == "mul" else v + u if kind == "add" else torch.tanh(v)
        return torch.autograd.grad(v.sum(), leaves)

    return run, lambda: torch.cat(run()).numpy()


def chains_casadi(task: Chains) -> Prepared:
    """The scalar graph on CasADi's own machine: a C compiler takes minutes for such sources."""
    import casadi as ca

    total, leaves = task.record(lambda x: ca.SX.sym("x"), ca.tanh)
    vector = ca.vertcat(*leaves)
    f = ca.Function("f", [vector], [total, ca.gradient(total, vector)])
    numbers = np.concatenate(task.arrays())
    value, gradient = np.empty(1), np.empty_like(numbers)
    buffer, trigger = f.buffer()
    buffer.set_arg(0, memoryview(numbers))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(gradient))

    def run(alive: Any = (f, buffer, numbers, value)) -> None:  # the trigger keeps none of them
        trigger()

    def answer() -> Floats:
        run()
        return gradient

    return run, answer


CHAINS_IN_C = """
void chains(const double *v, const double *w, const double *u, double *by, long count) {
  for (long c = 0; c < count; c++) {
    const double *arguments[] = {v + c, w + c, u + c};
    double *results[] = {by + c, by + count + c, by + 2 * count + c};
    f(arguments, results, 0, 0, 0);
  }
}
"""


def chains_casadi_c(task: Chains) -> Prepared:
    """One chain as generated C, called for each of those that do the same steps."""
    import casadi as ca

    if not task.alike:
        raise LeftOut("each chain has steps of its own: no code for all")
    if len(task.kinds[0]) > 1000:
        raise LeftOut("for 10,000 steps gcc takes 90 s, and its code loses to CasADi's machine")
    leaves = [ca.SX.sym(name) for name in "vwu"]
    v, w, u = leaves
    for kind in task.kinds[0]:
        v = v * w if kind == "mul" else v + u if kind == "add" else ca.tanh(v)
    library = in_c(ca.Function("f", leaves, [ca.gradient(v, x) for x in leaves]), CHAINS_IN_C)
    arrays, by = task.arrays(), np.empty(3 * len(task.starts))
    count = ctypes.c_long(len(task.starts))

    def run() -> Floats:
        library.chains(*map(pointer, arrays), pointer(by), count)
        return by

    return run, run


def chains_micrograd(task: Chains) -> Prepared:
    from micrograd.engine import Value

    if task.nodes > 100_000:
        raise LeftOut("it would take minutes")
    sys.setrecursionlimit(1_000_000)  # its backward calls itself, once for each node of a chain

    def run() -> Floats:
        total, leaves = task.record(Value, micrograd_tanh)
        total.backward()
        return np.array([leaf.grad for leaf in leaves])

    return run, run


# --- C ---


def in_c(f: Any, more: str) -> Any:
    """A CasADi function as generated C, and more C around it, in a library.

    Raises:
        LeftOut: there is no gcc.
    """
    import casadi as ca

    if not shutil.which("gcc"):
        raise LeftOut("no gcc")
    generator = ca.CodeGenerator("f.c", {"with_header": False})
    generator.add(f)
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "f.c", Path(folder) / "f.so"
        source.write_text(generator.dump() + more)
        options = ["-O3", "-march=native", "-fPIC", "-shared"]
        subprocess.run(["gcc", *options, str(source), "-o", str(library), "-lm"], check=True)
        return ctypes.CDLL(str(library))


def pointer(array: Floats) -> Any:
    return ctypes.c_void_p(array.ctypes.data)

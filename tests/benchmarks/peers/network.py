"""A network in other libraries: training, forward, and forward with gradients."""

import ctypes
import functools
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from tests.benchmarks.peers import Floats, Prepared, in_c, micrograd_tanh, pointer


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
        """The same task on the first rows only, for one epoch."""
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
    """Weights and biases in the order of ``Training.theta``."""
    return np.concatenate([np.asarray(p).ravel() for layer in layers for p in layer])


def batches(task: Training) -> list[tuple[Floats, Floats]]:
    starts = range(0, len(task.X), task.batch)
    return [(task.X[i : i + task.batch], task.T[i : i + task.batch]) for i in starts]


def train_numpy(task: Training) -> Prepared:
    """Every intermediate result has its own buffer, and updates are in place."""
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
    """The mean over the rows, or the error of one vector; weights are (inputs, outputs)."""
    import jax.numpy as jnp

    for weights, bias in parameters:
        x = jnp.tanh(x @ weights + bias)
    rows = x.shape[0] if x.ndim == 2 else 1
    return ((x - t) ** 2).sum() / (2 * rows)


def jax_parameters(task: Training) -> Any:
    import jax.numpy as jnp

    return [(jnp.asarray(w.T.copy()), jnp.asarray(b)) for w, b in task.layers()]


def jax_rows(task: Training) -> tuple[Any, Any]:
    """(steps, batch, n), or (steps, n) for single samples, because vectors are faster."""
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
    """One compiled call per step, the parameters donated."""
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
    """PyTorch's autograd, and one call that updates all parameters in place."""
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
    """Scalars as generated C (gcc -O3 -march=native), with the loop over the rows in C too."""
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
    """Backward after each row, so that memory stays small; tanh as in its author's lecture."""
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

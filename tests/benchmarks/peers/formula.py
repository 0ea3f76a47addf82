"""A formula in other libraries: c = a + b; d = ab + b³; e = c - d; f = e²; g = f/2."""

import ctypes
from typing import Any

import numpy as np

from tests.benchmarks.peers import Floats, Prepared, in_c, pointer


def formula(a: Any, b: Any) -> Any:
    """The formula in operations that every library has."""
    c = a + b
    d = a * b + b * b * b
    e = c - d
    f = e * e
    return f * 0.5


def formula_numpy(a: Floats, b: Floats) -> Prepared:
    """g = e²/2 has the derivatives e(1-b) and e(1-a-3b²); every result goes into a buffer."""
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
    """Through a buffer, the fastest call from Python."""
    f = casadi_formula()
    inputs, results = [np.array([a]), np.array([b])], [np.empty(1) for _ in range(3)]
    buffer, trigger = f.buffer()
    for i, x in enumerate(inputs):
        buffer.set_arg(i, memoryview(x))
    for i, x in enumerate(results):
        buffer.set_res(i, memoryview(x))

    def run(alive: Any = (f, buffer)) -> Any:  # the trigger keeps neither alive
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

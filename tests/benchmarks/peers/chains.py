"""Chains of scalar operations in other libraries."""

import ctypes
import functools
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.benchmarks.peers import Floats, LeftOut, Prepared, in_c, micrograd_tanh, pointer

Step = tuple[str, int, int]  # "mul", "add" or "tanh", and the leaves; see Chains


@dataclass
class Chains:
    """The sum of several chains of scalar operations, each with a start of its own.

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
        """Returns the sum and all leaves: starts, factors, terms."""
        groups = [[leaf(x) for x in group] for group in (self.starts, self.factors, self.terms)]
        total: Any = None
        for v, w, u, kinds in zip(*groups, self.kinds):
            for kind in kinds:
                v = v * w if kind == "mul" else v + u if kind == "add" else tanh(v)
            total = v if total is None else total + v
        return total, [x for group in groups for x in group]

    @property
    def alike(self) -> bool:
        """Whether all chains take the same steps, so that a loop over arrays can do them."""
        return all(kinds == self.kinds[0] for kinds in self.kinds)

    def arrays(self) -> list[Floats]:
        return [np.array(group) for group in (self.starts, self.factors, self.terms)]


def chains_by_hand(task: Chains) -> Prepared:
    """One array operation per step for all chains, or plain numbers for a single chain."""
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
    """On vectors if all chains take the same steps, otherwise scalar by scalar."""
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
    """The scalar graph in CasADi's interpreter: a C compiler takes minutes for such sources."""
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

    # The trigger keeps none of these alive.
    def run(alive: Any = (f, buffer, numbers, value)) -> None:
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
    """One chain as generated C, called for each chain, where all take the same steps."""
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
    sys.setrecursionlimit(1_000_000)  # its backward recurses once per node of a chain

    def run() -> Floats:
        total, leaves = task.record(Value, micrograd_tanh)
        total.backward()
        return np.array([leaf.grad for leaf in leaves])

    return run, run

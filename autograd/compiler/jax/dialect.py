"""The source of a program for JAX, where no array changes: updated copies, and loops as scans."""

from __future__ import annotations

from collections.abc import Callable

from autograd.compiler.jax.kernels import KERNELS, power_kernel
from autograd.compiler.jax.scans import ScanWriter
from autograd.compiler.numpy.dialect import Dialect, Target
from autograd.compiler.numpy.kernels import Kernel, Pair
from autograd.compiler.numpy.loops import LoopWriter, Users
from autograd.compiler.numpy.text import Text, statement
from autograd.compiler.numpy.views import Views
from autograd.compiler.program import Instruction
from autograd.ops import Op, Power


class JaxDialect(Dialect):
    """The texts of JAX, whose ``jax.numpy`` is called np."""

    in_order = """\
def sum_in_order(x, axis, start=0.0):
    # From the first term to the last; np.sum adds them in parts.
    axes = (axis,) if isinstance(axis, int) else axis
    x = np.moveaxis(x, axes, range(len(axes)))
    terms = x.reshape(-1, *x.shape[len(axes) :])
    total = np.full_like(terms[0], start)
    if len(terms) > 16:
        return jax.lax.scan(lambda total, term: (total + term, None), total, terms)[0]
    for term in terms:
        total = total + term
    return total"""
    windows = """\
def windows(x, picture, window):
    # (numbers in a window, B, windows). XLA would gather them one by one; it copies slices.
    x = x.reshape(x.shape[0], *picture)
    for axis, n in reversed([*enumerate(window, -len(window))]):
        end = x.shape[axis] - n + 1
        x = np.stack([jax.lax.slice_in_dim(x, k, k + end, axis=axis) for k in range(n)])
    return jax.lax.collapse(jax.lax.collapse(x, 0, len(window)), 2)"""
    in_place = False

    def imports(self, single: bool) -> list[str]:
        """The lines that name the libraries, for float32 or float64."""
        wide = ['# It is for float64: jax.config.update("jax_enable_x64", True)']
        return [*([] if single else wide), "import jax", "import jax.numpy as np"]

    def rows(self, name: str) -> str:
        """How many rows an argument has; perhaps a symbol, which ``len`` cannot give."""
        return f"{name}.shape[0]"

    def kernel(self, op: Op) -> Kernel | None:
        """The text of an operation; None if it is arithmetic, or Python's alone."""
        if isinstance(op, Power):
            return power_kernel(op.exponent)
        own = KERNELS.get(op.name) if op.is_built_in else None
        return own or super().kernel(op)

    def pair(self, pair: Pair, single: bool) -> str:
        """The definition of two operations at once: XLA's expm1 takes longer than its tanh and its
        exp."""
        return pair.single

    def constant(self, x: Text) -> Text:
        """An expression that is not differentiated."""
        return Text(f"jax.lax.stop_gradient({x.text})")

    def column(self, text: str) -> str:
        """An expression of one number for each row. Without the barrier XLA would compute with what
        is (batch, 1) instead, and add it up two to four times as slowly."""
        return f"jax.lax.optimization_barrier({text})"

    def turned(self, text: str, single: bool) -> str:
        """The rows turned into columns: the product with other rows adds all rows up. XLA
        would read them as they lie, which takes up to twice as long for float64 numbers."""
        turned = f"{text}.T"
        return turned if single else f"jax.lax.optimization_barrier({turned})"

    def put(self, array: Target, where: str, value: str, note: str = "") -> list[str]:
        """The lines of ``array[where] = value``."""
        return _updated(array, f"at[{where}].set({value})", note)

    def add(self, array: Target, where: str, value: str, note: str = "") -> list[str]:
        """The lines of ``array[where] += value``."""
        return _updated(array, f"at[{where}].add({value})", note)

    def add_at(self, array: Target, where: str, value: str) -> list[str]:
        """The same: JAX adds all that come to one place."""
        return self.add(array, where, value)

    def put_along(self, name: str, index: str, value: str) -> list[str]:
        """The line that puts values at an index along the last axis."""
        text = f"np.put_along_axis({name}, {index}, {value}, axis=-1, inplace=False)"
        return [f"{name} = {text}"]

    def loops(
        self, views: Views, users: Users, instruction: Callable[[Instruction], list[str]]
    ) -> LoopWriter:
        """What writes loops."""
        return ScanWriter(views, users, instruction)


def _updated(array: Target, change: str, note: str) -> list[str]:
    back = f".reshape({array.shape})" if array.form else ""
    return statement(f"{array.name} =", f"{array.text}.{change}{back}", note)


JAX = JaxDialect()

"""A compiled function for JAX's users: pure, of its parameters and of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from autograd.compiler.arguments import numbers_of
from autograd.compiler.jax.differentiable import DifferentiableDialect, Operations
from autograd.compiler.jax.executor import rows_of, source_of
from autograd.compiler.numpy.executor import load
from autograd.compiler.program import Program
from autograd.given import shown


class JaxFunction:
    """``f(parameters, *rows)``, which JAX can transform: ``jit``, ``grad`` (of any order),
    ``vmap``, sharding, ``jax.export``.

    ``parameters`` is a dictionary of arrays under the names of ``Compiled.source``, so an optimiser
    such as those of optax takes it. Each argument is (batch, n), or (batch,) where it is one
    number. The result is (batch,), or (batch, m) of a function that returns a list. A row with an
    index that its table does not have gives nan, and so does one for which the function raises an
    error.

    The settings of JAX are the caller's: float64 needs ``jax_enable_x64``, and on an accelerator
    the products of float32 numbers are as exact as ``jax_default_matmul_precision`` says.

    Raises:
        ValueError: (when called) the program is for float64 and JAX is not; or the parameters or
            the arguments are not those of the program.
    """

    def __init__(self, program: Program, dtype: Any, indices: Sequence[tuple[int, Any, Any]]):
        self._program, self._dtype, self._indices = program, np.dtype(dtype), indices
        source = source_of(program, dtype, DifferentiableDialect())
        self._names = source.parameters
        with jax.enable_x64(self._dtype == np.float64):  # for its constants
            self._function = load(source, {"_op": Operations()})

    @property
    def parameters(self) -> dict[str, Any]:
        """The numbers of now, as NumPy arrays in the shapes of the source. Assign a dictionary of
        the same shapes, such as one that optax trained, to give them to the network."""
        numbers = numbers_of(self._program.parameters, self._dtype)
        blocks = zip(self._names, self._program.blocks)
        return {name: numbers[b.lanes].reshape(b.array.shape) for name, b in blocks}

    @parameters.setter
    def parameters(self, given: Any) -> None:
        numbers = np.array([p.data for p in self._program.parameters])
        for block, array in zip(self._program.blocks, self._blocks(given)):
            numbers[block.lanes] = np.ravel(array)
        for p, x in zip(self._program.parameters, numbers.tolist()):
            p.data = x

    def __repr__(self) -> str:
        rows = "".join(f", (batch, {a.size})" for a in self._program.arguments)
        return f"<function for JAX of {{{', '.join(self._names)}}}{rows}, {self._dtype}>"

    def __call__(self, parameters: Any, *rows: Any) -> Any:
        """The value of each row."""
        if self._dtype == np.float64 and not jax.config.read("jax_enable_x64"):
            raise ValueError(
                "this program is for float64, and JAX would round it to float32: run "
                "jax.config.update('jax_enable_x64', True) first, or compile with dtype='float32'"
            )
        blocks = self._blocks(parameters)
        arguments = self._arguments(rows)
        good = None
        for argument, places, sizes in self._indices:
            index = arguments[argument][:, places]
            inside = (index >= 0) & (index < sizes) & (jnp.floor(index) == index)
            changed = jnp.where(inside, index, 0)
            arguments[argument] = arguments[argument].at[:, places].set(changed)
            all_inside = inside.all(axis=1)
            good = all_inside if good is None else good & all_inside
        program, batch = self._program, arguments[0].shape[0] if arguments else 1
        returned = self._function(*arguments, *blocks)
        if program.failures is not None:
            returned, failures = returned
            holds = rows_of(failures, program.failures, batch, self._dtype)[:, 0] == 0
            good = holds if good is None else good & holds
        values = rows_of(returned, program.outputs, batch, self._dtype)
        if good is not None:
            values = jnp.where(good[:, None], values, jnp.nan)
        return values[:, 0] if program.single else values

    def _blocks(self, parameters: Any) -> list[Any]:
        if not isinstance(parameters, dict) or sorted(parameters) != sorted(self._names):
            given = sorted(parameters) if isinstance(parameters, dict) else parameters
            raise ValueError(
                f"the parameters are a dictionary of {', '.join(self._names) or 'nothing'}, as in "
                f"f.jax.parameters; got {shown(given)}"
            )
        arrays = []
        for name, block in zip(self._names, self._program.blocks):
            array = jnp.asarray(parameters[name], self._dtype)
            if array.shape != block.array.shape:
                wanted = block.array.shape
                raise ValueError(f"{name} has the shape {wanted}; got {array.shape}")
            arrays.append(array)
        return arrays

    def _arguments(self, rows: Sequence[Any]) -> list[Any]:
        wanted = [a.size for a in self._program.arguments]
        arrays = [jnp.asarray(x, self._dtype) for x in rows]
        arrays = [x[:, None] if x.ndim == 1 else x for x in arrays]
        widths = [x.shape[1] if x.ndim == 2 else -1 for x in arrays]
        if widths != wanted or any(x.shape[0] != arrays[0].shape[0] for x in arrays):
            shapes = ", ".join(f"(batch, {n})" for n in wanted)
            given = ", ".join(str(np.shape(x)) for x in rows)
            hint = ": write x[None] for a single row x" if 1 in map(np.ndim, rows) else ""
            raise ValueError(
                f"the rows have the shapes {shapes or 'of no argument'}; got {given}{hint}"
            )
        return arrays

"""Compiled: what ``compile`` returns."""

from __future__ import annotations

import importlib.util
import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from autograd import modes
from autograd.compiler import naming
from autograd.compiler.arguments import Key, as_arrays, float_type, in_order
from autograd.compiler.collector import waiting_collector
from autograd.compiler.compilation import BACKENDS, Compilation
from autograd.compiler.program import Floats
from autograd.compiler.recording.record import CompileError
from autograd.compiler.recordings import Part, Recordings
from autograd.compiler.stages.trace import trace_value
from autograd.compiler.watched import watch
from autograd.given import shown
from autograd.real import as_float
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.jax.pure import JaxFunction

# Arguments of these types are numbers, not arrays.
NUMBERS = (float, int, np.generic)


class Compiled:
    """A function, or a graph, as a matrix program. ``autograd.jit`` makes it."""

    def __init__(
        self,
        function: Callable[..., Any] | None,
        value: Value | None,
        parameters: Sequence[Value] | None,
        backend: str | None,
        dtype: Any,
        exact: bool = False,
    ) -> None:
        if not isinstance(exact, bool):
            raise TypeError(f"exact is True or False; got {type(exact).__name__} {shown(exact)}")
        self._function, self._chosen = function, parameters
        self._dtype = float_type(dtype)
        if isinstance(backend, str) and backend == "numba":
            raise ValueError(
                "backend='numba' was replaced: leave it out for the machine, which needs llvmlite, "
                "or write backend='numpy'"
            )
        if backend is not None and not (isinstance(backend, str) and backend in BACKENDS):
            known = ", ".join(BACKENDS)
            raise ValueError(f"backend is one of {known} or None; got {shown(backend)}")
        if backend == "jax":
            if exact:
                raise ValueError("exact=True keeps the order of sums, which backend='jax' does not")
            _need_jax("backend='jax'")
        self._backend = backend or ("machine" if importlib.util.find_spec("llvmlite") else "numpy")
        kind = "graph" if function is None else type(function).__name__
        self.__name__ = getattr(function, "__name__", kind)
        self._recordings = Recordings(function, self.__name__, self._backend, self._dtype, exact)
        if value is not None:
            with waiting_collector():
                trace = trace_value(value, parameters, exact)
                of_graph = Compilation(trace, [], [], {}, self._backend, self._dtype, exact=exact)
            self._recordings.add((), of_graph)
        self.__doc__ = getattr(function, "__doc__", None)
        if function is not None:
            self.__wrapped__ = function  # which help() and inspect.signature() ask for

    # --- for nn.fit ---

    is_compiled = True

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself.

        Raises:
            CompileError: this was made from a graph, not from a function.
        """
        if self._function is None:
            raise CompileError("this program was made from a recorded graph, not from a function")
        return self._function

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32, of all numbers."""
        return self._dtype

    @property
    def backend_wanted(self) -> str:
        """The backend asked for: machine, numpy or jax. (NumPy runs what the machine cannot.)"""
        return self._backend

    def recording(
        self, widths: Sequence[int | str | None], row: Sequence[Sequence[float]]
    ) -> Compilation:
        """The first recording for rows of these widths; if there is none, one made from ``row``."""
        self._given((), {})
        key = tuple(widths)
        known = self._recordings.of(key)
        return known[0] if known else self._recordings.record(key, row)

    def every_path(
        self, widths: Sequence[int | str | None], row: Sequence[Sequence[float]]
    ) -> list[Compilation]:
        """A recording of each way through the function; the first is that of ``row``."""
        return self._recordings.every_path(tuple(widths), row)

    def holds(self) -> bool:
        """Whether something is recorded, and nothing has changed since that the function reads."""
        self._given((), {})
        return self._recordings.latest is not None

    # --- what it is ---

    @property
    def parameters(self) -> list[Value]:
        """The leaves to differentiate by, in the order of the gradient.

        Raises:
            CompileError: nothing has been recorded yet.
        """
        self._recorded()
        return list(self._recordings.parameters)

    @property
    def source(self) -> str:
        """The program of the latest recording, with gradients, as NumPy that runs on its own; for
        ``backend="jax"`` as JAX."""
        return self._recorded().source

    @property
    def jax(self) -> JaxFunction:
        """The program of the latest recording as a pure function for JAX; see ``JaxFunction``.

        Raises:
            ModuleNotFoundError: JAX is not installed.
            CompileError: nothing is recorded yet; the function branches on a number, other than to
                raise an error; or JAX cannot run one of its operations.
        """
        _need_jax("f.jax")
        self._recorded()
        return self._recordings.jax()

    @property
    def stages(self) -> dict[str, str]:
        """The result of each stage of the compiler, for the latest recording: trace, pack,
        contract, layout, roll, differentiate."""
        return self._recorded().stages()

    @property
    def backend(self) -> str:
        """The backend that runs it: machine, numpy or jax. (NumPy runs what the machine cannot.)"""
        return self._recorded().runs_on

    def __repr__(self) -> str:
        latest = self._recordings.latest
        if latest is None:
            return f"<compiled {self.__name__}: nothing recorded yet>"
        nodes = len(latest.trace)
        if not latest.has_structure:
            return f"<compiled {self.__name__}: {nodes:,} scalar nodes, one by one>"
        program = latest.program("parameters" if latest.parameters else "inputs")
        return f"<compiled {self.__name__}: {naming.summary(program, nodes)}>"

    def _repr_markdown_(self) -> str:
        """For Jupyter: one line, and the source."""
        latest = self._recordings.latest
        if latest is None or not latest.has_structure:
            return f"`{self!r}`"
        return f"`{self!r}`\n\n```python\n{self.source}```"

    @property
    def took(self) -> str:
        """How long compiling has taken so far, in words."""
        return self._recordings.took()

    def _recorded(self) -> Compilation:
        latest = self._recordings.latest
        if latest is None:
            raise CompileError(f"{self.__name__} is not recorded yet: call it with arrays first")
        return latest

    # --- calling it ---

    def __get__(self, instance: object, owner: type | None = None) -> Compiled:
        if instance is not None and isinstance(self._function, types.FunctionType):
            raise TypeError(
                f"compile cannot stand above the method {self.__name__}, which differs from "
                f"object to object: write self.{self.__name__} = compile(self.{self.__name__}) "
                "in __init__ instead"
            )
        return self

    def __call__(self, *arguments: ArrayLike, **named: ArrayLike) -> Any:
        """The value for each row.

        The function is recorded anew if something has changed that it reads besides its arguments.

        Args:
            arguments: arrays of shape (batch, n), one for each list of n numbers that the
                function takes; (batch,) where it takes one number. A function of numbers can be
                called with numbers, too.
            named: such arguments by their names.

        Returns:
            (batch,), or (batch, m) where the function returns a list of m Values. Without
            arguments, or for numbers, there is one row: a float, or (m,).

        Raises:
            TypeError: an argument holds something other than real numbers.
            OverflowError: an argument, a parameter or a constant is too large for the dtype.
            ValueError: the shapes do not fit together.
            CompileError: the function cannot be compiled, or has too many branches.
        """
        arguments, names = self._given(arguments, named)
        if arguments and isinstance(arguments[0], NUMBERS):
            if point := not names and self._recordings.points.get(""):
                try:
                    value, failures, _ = point(*arguments)
                    if not failures:
                        return value
                except (TypeError, OverflowError):
                    pass  # not all are floats
            return self._at_point("", arguments, names)[0]
        key, arrays = self._arrays(arguments, names)
        parts = self._recordings.serve(key, arrays, lambda c, theta, rows: c.rows(theta, rows))
        values = self._joined(parts, arrays)
        return values if arrays else values[0]

    def value_and_grad(
        self,
        *arguments: ArrayLike,
        reduction: str = "mean",
        wrt: str = "parameters",
        **named: ArrayLike,
    ) -> tuple[float, Any]:
        """The mean of the values of all rows, and its gradient.

        Args:
            arguments, named: as for a call.
            reduction: "mean" or "sum", over the rows.
            wrt: differentiate by "parameters" or by "inputs".

        Returns:
            The value, and the gradient. By parameters its shape is (len(parameters),), in their
            order. By inputs it is an array like each argument, or for one argument the array
            alone; with "sum" each row is the gradient of that row's own value. For numbers it is
            a tuple of floats.

        Raises:
            ValueError: the function returns several Values.
            TypeError, ValueError, OverflowError, CompileError: as for a call.
        """
        if not isinstance(reduction, str) or reduction not in ("mean", "sum"):
            raise ValueError(f"reduction is 'mean' or 'sum'; got {shown(reduction)}")
        if not isinstance(wrt, str) or wrt not in ("parameters", "inputs"):
            raise ValueError(f"wrt is 'parameters' or 'inputs'; got {shown(wrt)}")
        arguments, names = self._given(arguments, named)
        if arguments and isinstance(arguments[0], NUMBERS):
            if point := not names and self._recordings.points.get(wrt):
                try:
                    value, failures, derivatives = point(*arguments)
                    if not failures:
                        return value, derivatives
                except (TypeError, OverflowError):
                    pass  # not all are floats
            return self._at_point(wrt, arguments, names)
        key, arrays = self._arrays(arguments, names)
        parts = self._recordings.serve(
            key, arrays, lambda c, theta, rows: c.gradients(theta, rows, wrt)
        )
        if not all(part.compilation.trace.single for part in parts):
            raise ValueError(
                f"value_and_grad is for a function that returns one Value; {self.__name__} "
                "returns several: return their sum, or the one to differentiate"
            )
        scale = 1 / len(arrays[0]) if arrays and reduction == "mean" else 1.0
        with np.errstate(all="ignore"):
            value = sum(part.values for part in parts) * scale
            if wrt == "parameters":
                total = self._by_parameters(parts)
                return value, total * scale if scale != 1 else total
            gradients = self._by_inputs(parts, arrays)
            if scale != 1:
                gradients = [g * scale for g in gradients]
            shaped = [g[:, 0] if size is None else g for g, size in zip(gradients, key)]
            return value, shaped[0] if len(shaped) == 1 else shaped

    def _by_parameters(self, parts: list[Part]) -> Floats:
        """The gradient by all parameters, the sum of those of all parts."""
        first: Floats = parts[0].gradient
        if len(parts) == 1 and self._recordings.have_all_in_order(parts[0].compilation):
            return first
        total = np.zeros(len(self._recordings.parameters), self._dtype)
        for part in parts:
            total[part.compilation.places] += part.gradient
        return total

    def _by_inputs(self, parts: list[Part], arrays: list[Floats]) -> list[Floats]:
        """The gradient by each argument, put together from those of all parts."""
        if len(parts) == 1:
            return list(parts[0].gradient)
        gradients = [np.empty_like(a) for a in arrays]
        for part in parts:
            for gradient, of_part in zip(gradients, part.gradient):
                gradient[part.rows] = of_part
        return gradients

    def _at_point(
        self, by: str, arguments: Sequence[Any], names: tuple[str, ...]
    ) -> tuple[Any, Sequence[float]]:
        """Value and derivatives for plain numbers where that takes more than a call."""
        for x in arguments:
            if not isinstance(x, NUMBERS):
                raise TypeError(
                    f"{self.__name__} takes numbers or arrays, and not both at once; got "
                    f"{type(arguments[0]).__name__} and {type(x).__name__}"
                )
        rows = [[as_float(x)] for x in arguments]
        by_place = len(rows) - len(names)
        first, others = rows[:by_place], dict[str, Any](zip(names, rows[by_place:]))
        value: Any
        derivatives: Sequence[float] = ()
        if by:
            value, gradient = self.value_and_grad(*first, wrt=by, **others)
            by_each = gradient if by == "parameters" or len(rows) == 1 else [g[0] for g in gradient]
            derivatives = tuple(map(float, by_each))
        else:
            value = self(*first, **others)[0]
            value = value if value.ndim else float(value)
        points = self._recordings.points  # another one, if another thread records meanwhile
        if by not in points and not names:
            points[by] = self._point(by, len(arguments))
        return value, derivatives

    def _point(self, by: str, count: int) -> Callable[..., Any] | None:
        """A native function of ``count`` floats for the first recording, where that has such a
        form and all parameters."""
        compilation = self._recordings.of((None,) * count)[0]
        if by == "parameters" and not self._recordings.have_all_in_order(compilation):
            return None
        function, parameters = compilation.point(by), compilation.parameters
        if function is None or not parameters:
            return function
        return lambda *numbers: function(*numbers, *[p.data for p in parameters])

    def _given(
        self, arguments: tuple[ArrayLike, ...], named: dict[str, ArrayLike]
    ) -> tuple[tuple[ArrayLike, ...], tuple[str, ...]]:
        """The arguments of a call in order, and the names of those at the end that go by name. What
        was recorded is forgotten, if something has changed that the function reads."""
        self._recordings.forget_if_changed()
        names: tuple[str, ...] = ()
        if named:
            arguments, names = in_order(self.function, self.__name__, arguments, named)
        if modes.active and modes.switches.watching and self._function and arguments:
            one_row = isinstance(arguments[0], NUMBERS)
            rows: Any = [[x] for x in arguments] if one_row else arguments
            watch(self._function, *as_arrays(self.__name__, rows, self._dtype), names)
        return arguments, names

    def _arrays(
        self, arguments: Sequence[ArrayLike], names: tuple[str, ...]
    ) -> tuple[Key, list[Floats]]:
        if self._function is not None:
            widths, arrays = as_arrays(self.__name__, arguments, self._dtype)
            return widths + names, arrays
        if arguments:
            raise TypeError("a compiled graph has no arguments: it holds its data")
        return (), []

    # --- results ---

    def _joined(self, parts: list[Part], arrays: list[Floats]) -> Floats:
        """(batch,), or (batch, m) where the recordings of these rows returned lists of m."""
        single, width = self._recordings.returned([part.compilation for part in parts])
        values: Floats = parts[0].values
        if len(parts) > 1:
            values = np.empty((len(arrays[0]), width), self._dtype)
            for part in parts:
                values[part.rows] = part.values
        return values[:, 0] if single else values


def _need_jax(what: str) -> None:
    """Raise ModuleNotFoundError where JAX is not installed."""
    spec = importlib.util.find_spec("jax")
    if not spec or not spec.origin:  # or a folder of that name is all that there is
        command = "pip install '.[jax]'"
        raise ModuleNotFoundError(f"{what} needs jax: {command}", name="jax")

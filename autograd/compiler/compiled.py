"""Compiled: what ``compile`` returns."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autograd.compiler import naming
from autograd.compiler.arguments import Key, as_arrays, in_order
from autograd.compiler.compilation import BACKENDS, NONE_FAIL, Compilation
from autograd.compiler.program import Floats
from autograd.compiler.recording.record import CompileError
from autograd.compiler.recordings import Recordings
from autograd.compiler.stages.trace import trace_value
from autograd.real import as_float
from autograd.value import Value

# Beyond this many recordings, compiling does not pay.
MOST_RECORDINGS = 64

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
    ) -> None:
        self._function, self._chosen = function, parameters
        self._told, self._told_of = 0.0, 0
        self._dtype = np.dtype(dtype)
        if self._dtype not in (np.float64, np.float32):
            raise ValueError(f"dtype is float64 or float32; got {self._dtype}")
        if backend == "numba":
            raise ValueError(
                "backend='numba' was replaced: leave it out for the machine, which needs llvmlite, "
                "or write backend='numpy'"
            )
        if backend not in (None, *BACKENDS):
            raise ValueError(f"backend is one of {', '.join(BACKENDS)}, or None; got {backend!r}")
        self._backend = backend or ("machine" if importlib.util.find_spec("llvmlite") else "numpy")
        kind = "graph" if function is None else type(function).__name__
        self.__name__ = getattr(function, "__name__", kind)
        self._recordings = Recordings(function, self.__name__, self._backend, self._dtype)
        # Native functions of floats; the key is what they differentiate by, "" for nothing.
        self._points: dict[str, Callable[..., Any] | None] = {}
        if value is not None:
            trace = trace_value(value, parameters)
            of_graph = Compilation(trace, [], [], {}, self._backend, self._dtype)
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
    def backend_wanted(self) -> str:
        """The backend asked for, machine or numpy. (Another may run what it cannot.)"""
        return self._backend

    def recording(self, widths: Sequence[int], row: Sequence[Sequence[float]]) -> Compilation:
        """The first recording for rows of these widths; if there is none, one made from ``row``."""
        self._given((), {})
        key = tuple(widths)
        return self._recordings.of(key)[0] if self._recordings.of(key) else self._record(key, row)

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
        """The program of the latest recording, with gradients, as NumPy that runs on its own."""
        return self._recorded().source

    @property
    def stages(self) -> dict[str, str]:
        """The result of each stage of the compiler, for the latest recording: trace, pack,
        contract, layout, differentiate."""
        return self._recorded().stages()

    @property
    def backend(self) -> str:
        """The backend that runs it: machine or numpy. (NumPy also runs what the machine cannot.)"""
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
            ValueError: the shapes do not fit together.
            CompileError: the function cannot be compiled, or has too many branches.
        """
        arguments, names = self._given(arguments, named)
        if arguments and isinstance(arguments[0], NUMBERS):
            if point := not names and self._points.get(""):
                try:
                    value, failures, _ = point(*arguments)
                    if not failures:
                        return value
                except (TypeError, OverflowError):
                    pass  # not all are floats
            return self._at_point("", arguments, names)[0]
        key, arrays = self._arrays(arguments, names)
        parts = self._serve(key, arrays, lambda c, theta, rows: c.rows(theta, rows))
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
            TypeError: an argument holds something other than real numbers.
            ValueError: the shapes do not fit together, or the function returns several Values.
            CompileError: as for a call.
        """
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction is 'mean' or 'sum'; got {reduction!r}")
        if wrt not in ("parameters", "inputs"):
            raise ValueError(f"wrt is 'parameters' or 'inputs'; got {wrt!r}")
        arguments, names = self._given(arguments, named)
        if arguments and isinstance(arguments[0], NUMBERS):
            if point := not names and self._points.get(wrt):
                try:
                    value, failures, derivatives = point(*arguments)
                    if not failures:
                        return value, derivatives
                except (TypeError, OverflowError):
                    pass  # not all are floats
            return self._at_point(wrt, arguments, names)
        key, arrays = self._arrays(arguments, names)
        parts = self._serve(key, arrays, lambda c, theta, rows: c.gradients(theta, rows, wrt))
        value = 0.0
        for compilation, _, of_rows, _ in parts:
            if not compilation.trace.single:
                raise ValueError(
                    f"value_and_grad is for a function that returns one Value; {self.__name__} "
                    "returns several: return their sum, or the one to differentiate"
                )
            value += of_rows
        scale = 1 / len(arrays[0]) if arrays and reduction == "mean" else 1.0
        if wrt == "inputs":
            gradients = self._by_inputs(parts, arrays)
            if scale != 1:
                gradients = [g * scale for g in gradients]
            shaped = [g[:, 0] if size is None else g for g, size in zip(gradients, key)]
            return value * scale, shaped[0] if len(shaped) == 1 else shaped
        total = np.zeros(len(self._recordings.parameters), self._dtype)
        for c, _, _, gradient in parts:
            total[c.places] += gradient
        return value * scale, total * scale if scale != 1 else total

    def _by_inputs(self, parts: list[tuple[Any, ...]], arrays: list[Floats]) -> list[Floats]:
        """The gradient by each argument, put together from those of all parts."""
        (_, _, _, gradients), *others = parts
        if others:
            gradients = [np.empty_like(a) for a in arrays]
            for _, rows, _, of_part in parts:
                for gradient, part in zip(gradients, of_part):
                    gradient[rows] = part
        return list(gradients)

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
        if by not in self._points and not names:
            self._points[by] = self._point(by, len(arguments))
        return value, derivatives

    def _point(self, by: str, count: int) -> Callable[..., Any] | None:
        """A native function of ``count`` floats for the first recording, where that has such a
        form and all parameters."""
        compilation = self._recordings.of((None,) * count)[0]
        every = range(len(self._recordings.parameters))
        if by == "parameters" and compilation.places.tolist() != list(every):
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
        if self._recordings.forget_if_changed():
            self._points.clear()
        if named:
            return in_order(self.function, self.__name__, arguments, named)
        return arguments, ()

    def _arrays(
        self, arguments: Sequence[ArrayLike], names: tuple[str, ...]
    ) -> tuple[Key, list[Floats]]:
        if self._function is not None:
            widths, arrays = as_arrays(self.__name__, arguments, self._dtype)
            return widths + names, arrays
        if arguments:
            raise TypeError("a compiled graph has no arguments: it holds its data")
        return (), []

    # --- recordings, and rows that need another ---

    def _record(self, key: Key, rows: Sequence[Sequence[float]]) -> Compilation:
        self._points.clear()
        return self._recordings.record(key, rows)

    def _serve(
        self, key: Key, arrays: list[Floats], call: Callable[..., tuple[Any, ...]]
    ) -> list[tuple[Any, ...]]:
        """The rows in parts, each with the recording that holds for it and its result."""
        parts: list[tuple[Any, ...]] = []
        rows: Any = slice(None)
        pending = arrays
        tried = 0
        while True:
            known = self._recordings.of(key)
            if tried == len(known):
                if tried >= MOST_RECORDINGS:
                    raise CompileError(self._too_many(known[-1], pending))
                self._record(key, [np.atleast_1d(a[0]).tolist() for a in pending])
            compilation = known[tried]
            tried += 1
            theta = compilation.theta()
            values, failing, *rest = call(compilation, theta, pending)
            if compilation.made != self._told_of:
                self._tell(compilation)
            if failing is NONE_FAIL or not failing.any():
                parts.append((compilation, rows, values, *rest))
                return parts
            numbers = np.arange(len(arrays[0]) if arrays else 1)[rows]
            if not failing.all():
                held = [np.ascontiguousarray(a[~failing]) for a in pending]
                values, _, *rest = call(compilation, theta, held)
                parts.append((compilation, numbers[~failing], values, *rest))
            rows = numbers[failing]
            pending = [np.ascontiguousarray(a[failing]) for a in pending]

    def _tell(self, compilation: Compilation) -> None:
        """On a terminal, say how long the kernels took, if it took more than a second."""
        seconds, _ = compilation.native_seconds()
        if seconds > self._told + 1 and sys.stderr.isatty():
            print(f"compiled {self.__name__}: {self.took}", file=sys.stderr)
        self._told, self._told_of = max(seconds, self._told), compilation.made

    def _too_many(self, latest: Compilation, pending: list[Floats]) -> str:
        line = latest.guards[-1].line() if latest.guards else "an unknown line"
        return (
            f"{self.__name__} took another path for each of {MOST_RECORDINGS} rows, the last at "
            f"{line}: a function that branches this much runs better uncompiled"
        )

    # --- results ---

    def _joined(self, parts: list[tuple[Any, ...]], arrays: list[Floats]) -> Floats:
        """(batch,), or (batch, m) where the recordings of these rows returned lists of m."""
        returned = {(c.trace.single, len(c.trace.outputs)) for c, *_ in parts}
        if len(returned) > 1:
            kinds = ", ".join(
                "one Value" if one else f"a list of {n}" for one, n in sorted(returned)
            )
            raise CompileError(
                f"{self.__name__} returns one thing for some rows and another for others: {kinds}"
            )
        ((single, width),) = returned
        values: Floats = parts[0][2]
        if len(parts) > 1:
            values = np.empty((len(arrays[0]), width), self._dtype)
            for _, rows, of_part, *_ in parts:
                values[rows] = of_part
        return values[:, 0] if single else values

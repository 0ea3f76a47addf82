"""Recordings: what was recorded of one function, and whether it still holds."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.compiler import naming
from autograd.compiler.arguments import Key
from autograd.compiler.collector import waiting_collector
from autograd.compiler.compilation import NONE_FAIL, Compilation
from autograd.compiler.machine.build import made_meanwhile
from autograd.compiler.program import Floats
from autograd.compiler.purity.reach import Reach
from autograd.compiler.purity.watch import Watch
from autograd.compiler.recording.branches import Path, every_path
from autograd.compiler.recording.observe import silenced
from autograd.compiler.recording.record import CompileError, record
from autograd.compiler.stages.trace import INPUT, trace_recording
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.jax.pure import JaxFunction

MOST_RECORDINGS = 64
"""Beyond this many, compiling does not pay."""

_one_at_a_time = threading.RLock()
"""Held by the thread that records, so that two do not record the same."""


class Part(NamedTuple):
    """Some rows of a call, and what the recording gives that holds for them.

    Attributes:
        rows: which of all rows of the call; a slice, or their numbers.
        values: (rows, outputs), or the sum of all results.
        gradient: that of the sum, if it was asked for.
    """

    compilation: Compilation
    rows: Any
    values: Any
    gradient: Any = None


class Recordings:
    """The recordings of a function, several for rows of one width where it branches.

    All are forgotten as soon as something has changed that the function reads.

    Args:
        function: what to record; None for a graph that was recorded elsewhere.
        name: what it is called.
        backend: the backend asked for.
        dtype: float64 or float32.
        exact: whether all sums are in the order of plain Python.

    Attributes:
        parameters: the leaves to differentiate by, of all recordings.
        latest: the latest recording.
        points: native functions of floats, kept for as long as these are all recordings. The key
            is what they differentiate by, "" for nothing.
    """

    def __init__(
        self, function: Callable[..., Any] | None, name: str, backend: str, dtype: Any, exact: bool
    ) -> None:
        self._function, self._name = function, name
        self._backend, self._dtype, self._exact = backend, dtype, exact
        self._told, self._told_of = 0.0, 0
        self._forget()

    def _forget(self) -> None:
        self._of: dict[Key, list[Compilation]] = {}
        self.parameters: list[Value] = []
        self.latest: Compilation | None = None
        self._row_of_latest: tuple[Key, Sequence[Sequence[float]]] = (), ()
        self.points: dict[str, Callable[..., Any] | None] = {}
        self._watch: Watch | None = None

    def forget_if_changed(self) -> None:
        """Forget all, if something has changed that the function reads."""
        if self._watch is not None and self._watch.changed():
            self._forget()

    def of(self, key: Key) -> list[Compilation]:
        """Those for arguments of these widths."""
        return self._of.setdefault(key, [])

    def took(self) -> str:
        """How long compiling has taken, in words."""
        every = [compilation for several in self._of.values() for compilation in several]
        words = f"{sum(c.seconds for c in every):.1f} s for the matrices"
        native = [c.native_seconds() for c in every]
        if seconds := sum(s for s, _ in native):
            kept = ", kept from before" if all(k for _, k in native) else ""
            words += f", {seconds:.1f} s for the kernels{kept}"
        return words

    def serve(
        self, key: Key, arrays: list[Floats], call: Callable[..., tuple[Any, ...]]
    ) -> list[Part]:
        """The rows in parts, each with the recording that holds for it and its result.

        Args:
            key: the widths of the arguments.
            arrays: the arguments, (batch, n) each.
            call: ``call(compilation, theta, arguments)`` returns the result of these rows and
                those for which the compilation does not hold.

        Raises:
            CompileError: the function cannot be recorded, or has too many branches.
        """
        parts: list[Part] = []
        rows: Any = slice(None)
        pending = arrays
        tried = 0
        while True:
            known = self.of(key)
            compilation = self._next(key, known, tried, pending)
            tried += 1
            theta = compilation.theta()
            values, failing, *rest = call(compilation, theta, pending)
            if compilation.made != self._told_of:
                self._tell(compilation)
            if failing is NONE_FAIL or not failing.any():
                parts.append(Part(compilation, rows, values, *rest))
                return parts
            numbers = np.arange(len(arrays[0]) if arrays else 1)[rows]
            if not failing.all():
                held = [np.ascontiguousarray(a[~failing]) for a in pending]
                values, _, *rest = call(compilation, theta, held)
                parts.append(Part(compilation, numbers[~failing], values, *rest))
            rows = numbers[failing]
            pending = [np.ascontiguousarray(a[failing]) for a in pending]

    def _next(
        self, key: Key, known: Sequence[Compilation], tried: int, pending: Sequence[Floats]
    ) -> Compilation:
        """The next of the recordings that are known, or a new one of the first of these rows."""
        if tried == len(known):
            with _one_at_a_time:
                if tried == len(known):  # no other thread has made it meanwhile
                    if tried >= MOST_RECORDINGS:
                        raise CompileError(self._too_many(known[-1]))
                    return self.record(key, [np.atleast_1d(a[0]).tolist() for a in pending])
        return known[tried]

    def _tell(self, compilation: Compilation) -> None:
        """On a terminal, say how long the kernels took, if it took more than a second."""
        seconds, _ = compilation.native_seconds()
        if seconds > self._told + 1 and sys.stderr.isatty():
            print(f"compiled {self._name}: {self.took()}", file=sys.stderr)
        self._told, self._told_of = max(seconds, self._told), compilation.made

    def _too_many(self, latest: Compilation) -> str:
        line = latest.guards[-1].line() if latest.guards else "an unknown line"
        return (
            f"{self._name} took another path for each of {MOST_RECORDINGS} rows, the last at "
            f"{line}: a function that branches this much runs better uncompiled"
        )

    @waiting_collector()
    def record(self, key: Key, rows: Sequence[Sequence[float]]) -> Compilation:
        """Record the function on one row of each argument.

        Raises:
            CompileError: it cannot be recorded, or this is a graph.
        """
        if self._backend != "machine":
            return self._recorded(key, rows)
        with made_meanwhile(np.dtype(self._dtype).itemsize):
            return self._recorded(key, rows)

    def every_path(self, key: Key, rows: Sequence[Sequence[float]]) -> list[Compilation]:
        """A recording of each way through the function; the first is that of these rows. They are
        not kept.

        Raises:
            CompileError: it cannot be recorded, there are too many ways, or it does not return the
                same number of Values on each.
        """

        def made(path: Path) -> Compilation:
            with silenced() if path.forced else nullcontext():  # it prints once
                return self._made(key, rows, path)

        paths = every_path(made)
        self.returned(paths)
        return paths

    def jax(self) -> JaxFunction:
        """The latest as a pure function for JAX. It may branch on inputs, if every other way raises
        an error."""
        latest = self.latest
        assert latest is not None, "something is recorded"
        by_inputs = all(latest.trace.kinds[latest.trace.failures] == INPUT)
        reads = any(guard.reading for guard in latest.guards)
        branches = latest.guards and by_inputs and not reads
        return latest.jax(bool(branches) and len(self.every_path(*self._row_of_latest)) == 1)

    def returned(self, made: Sequence[Compilation]) -> tuple[bool, int]:
        """Whether the function returned one Value, and how many, when these were recorded.

        Raises:
            CompileError: they differ.
        """
        returned = {(c.trace.single, len(c.trace.outputs)) for c in made}
        if len(returned) > 1:
            kinds = ", ".join(
                "one Value" if one else f"a list of {n}" for one, n in sorted(returned)
            )
            raise CompileError(
                f"{self._name} returns one thing for some rows and another for others: {kinds}"
            )
        return returned.pop()

    def _recorded(self, key: Key, rows: Sequence[Sequence[float]]) -> Compilation:
        made = self._made(key, rows)
        self._row_of_latest = key, rows
        self.add(key, made)
        return made

    def _made(
        self, key: Key, rows: Sequence[Sequence[float]], path: Path | None = None
    ) -> Compilation:
        function = self._function
        if function is None:
            raise CompileError("the parameters now take another branch: record the graph again")
        start = time.perf_counter()
        names = naming.names_around(function)
        widths = [width for width in key if not isinstance(width, str)]
        by_name = [name for name in key if isinstance(name, str)]
        by_place = len(widths) - len(by_name)

        def with_lists(*lists: list[Any]) -> Any:
            given = [x[0] if width is None else x for x, width in zip(lists, widths)]
            return function(*given[:by_place], **dict(zip(by_name, given[by_place:])))

        with_lists.__name__ = self._name
        reach = Reach(function)
        before = Watch(reach)
        arguments = [*naming.argument_names(function, by_place), *by_name]
        printed = naming.input_names(arguments, widths)
        recording = record(with_lists, rows, reach.streams, printed, path)
        # A function may make something when it first runs, such as a table.
        self._watch = Watch(Reach(function)) if before.changed() else before
        recording.parameters = naming.in_order(recording.parameters, names)
        trace = trace_recording(recording, self._exact)
        given = trace, recording.guards, arguments, names, self._backend, self._dtype
        made = Compilation(*given, exact=self._exact)
        made.seconds = time.perf_counter() - start
        return made

    def add(self, key: Key, made: Compilation) -> None:
        """Add a recording. Other threads see it at last, when its parameters have places."""
        with _one_at_a_time:
            known = set(self.parameters)
            self.parameters += [p for p in made.parameters if p not in known]
            count = len(made.parameters)
            if made.parameters == self.parameters[:count]:
                made.places = slice(0, count)
            else:
                place = {p: i for i, p in enumerate(self.parameters)}
                made.places = np.array([place[p] for p in made.parameters], np.int64)
            self.points = {}  # a new one, because another thread may be writing to the old
            self.latest = made
            self.of(key).append(made)

    def have_all_in_order(self, made: Compilation) -> bool:
        """Whether the parameters of this one are those of all, in the same order."""
        return isinstance(made.places, slice) and made.places.stop == len(self.parameters)

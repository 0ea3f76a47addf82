"""Recordings: what was recorded of one function, and whether it still holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compiler import naming
from autograd.compiler.arguments import Key
from autograd.compiler.compilation import Compilation
from autograd.compiler.purity.reach import Reach
from autograd.compiler.purity.watch import Watch
from autograd.compiler.recording.record import CompileError, record
from autograd.compiler.stages.trace import trace_recording
from autograd.value import Value


class Recordings:
    """The recordings of a function, several for rows of one width where it branches.

    All are forgotten as soon as something has changed that the function reads.

    Args:
        function: what to record; None for a graph that was recorded elsewhere.
        name: what it is called.
        backend: the backend asked for.
        dtype: float64 or float32.

    Attributes:
        parameters: the leaves to differentiate by, of all recordings.
        latest: the latest recording.
    """

    def __init__(
        self, function: Callable[..., Any] | None, name: str, backend: str, dtype: Any
    ) -> None:
        self._function, self._name = function, name
        self._backend, self._dtype = backend, dtype
        self._forget()

    def _forget(self) -> None:
        self._of: dict[Key, list[Compilation]] = {}
        self.parameters: list[Value] = []
        self.latest: Compilation | None = None
        self._watch: Watch | None = None

    def forget_if_changed(self) -> bool:
        """Whether something has changed that the function reads, so that all is forgotten."""
        changed = self._watch is not None and self._watch.changed()
        if changed:
            self._forget()
        return changed

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

    def record(self, key: Key, rows: Sequence[Sequence[float]]) -> Compilation:
        """Record the function on one row of each argument.

        Raises:
            CompileError: it cannot be recorded, or this is a graph.
        """
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
        recording = record(with_lists, rows, reach.streams, printed)
        # A function may make something when it first runs, such as a table.
        self._watch = Watch(Reach(function)) if before.changed() else before
        recording.parameters = naming.in_order(recording.parameters, names)
        trace = trace_recording(recording)
        made = Compilation(trace, recording.guards, arguments, names, self._backend, self._dtype)
        made.seconds = time.perf_counter() - start
        self.add(key, made)
        return made

    def add(self, key: Key, made: Compilation) -> None:
        """Add a recording."""
        self.of(key).append(made)
        self.latest = made
        known = set(self.parameters)
        self.parameters += [p for p in made.parameters if p not in known]
        place = {p: i for i, p in enumerate(self.parameters)}
        made.places = np.array([place[p] for p in made.parameters], np.int64)

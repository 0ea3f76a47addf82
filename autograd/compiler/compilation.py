"""One recording, compiled: the stages, and the executors that run their results."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import naming
from autograd.compiler.arguments import as_type
from autograd.compiler.executor import Executor
from autograd.compiler.machine.leaves import Leaves
from autograd.compiler.program import Floats, Indices, Loop, Program
from autograd.compiler.recording.record import CompileError, Guard
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.expand import expand
from autograd.compiler.stages.group import Unstructured
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.loops.roll import roll
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.taken_first import taken_first, takes_computed
from autograd.compiler.stages.trace import CONSTANT, Trace
from autograd.functions.take import row_number
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.jax.pure import JaxFunction

BACKENDS = ("machine", "numpy", "jax")
# From this many array instructions per matrix product on, a program is steps, not matrices.
LONG = 60
# From this many leaves on, JAX too has the machine read them; loading it takes a tenth of a second.
MANY_LEAVES = 1000
NONE_FAIL = np.zeros(1, np.bool_)

_one_at_a_time = threading.RLock()
"""Held by the thread that compiles, so that two do not compile the same."""


class Compilation:
    """A trace and its executors.

    Args:
        trace: the graph.
        guards: those of the recording.
        arguments: the names of the function's arguments.
        names: the names of parameters.
        backend: the backend asked for, "machine", "numpy" or "jax".
        dtype: float64 or float32.
        careful: whether it must hold for infinite numbers and nan too; see ``pack`` and
            ``taken_first``.
        exact: whether it runs node by node, with all sums in the order of plain Python.

    Attributes:
        parameters: those of the trace, in its order.
        backend: the one that was asked for, "machine", "numpy" or "jax".
        seconds: how long finding the matrices took.
        places: where its parameters stand among those of all recordings.
    """

    def __init__(
        self,
        trace: Trace,
        guards: Sequence[Guard],
        arguments: list[str],
        names: Mapping[Value, str],
        backend: str,
        dtype: Any,
        careful: bool = False,
        exact: bool = False,
    ) -> None:
        start = time.perf_counter()
        as_type(trace.numbers[trace.kinds == CONSTANT], np.dtype(dtype), "a constant")
        self.trace = taken_first(trace) if careful else trace
        self.guards, self.dtype = guards, dtype
        self.argument_names, self.names = arguments, names
        self.parameters = trace.parameters
        self.backend, self.exact = backend, exact
        self.places: slice | Indices = slice(0, len(trace.parameters))
        self._indices = trace.indices()
        self._programs: dict[Any, Program] = {}
        self._executors: dict[str, Executor] = {}
        self._again: Compilation | None = None
        try:
            self._packed: Program | None = None if exact else pack(self.trace, careful)
            if self._packed is not None and backend != "jax" and self._is_steps(self._packed):
                self._packed = None
        except Unstructured:
            self._packed = None
        padded = self._packed is not None and self._packed.only_finite
        self._only_finite = not careful and (padded or takes_computed(trace))
        self.seconds = time.perf_counter() - start

    @property
    def has_structure(self) -> bool:
        """Whether it is an array program, and not node by node."""
        return self._packed is not None

    def _is_steps(self, packed: Program) -> bool:
        """Whether the program is a long series of small steps, and no loop of such steps."""
        if len(packed.instructions) < LONG or self._has_loops:
            return False
        return LONG * len(contract(packed).products()) < len(packed.instructions)

    # --- programs ---

    def program(self, gradients: str = "", input_major: bool = False) -> Program:
        """The array program, with gradients by "parameters", by "inputs" too, or without any."""
        key = (gradients, input_major)
        if key not in self._programs:
            if gradients:
                plain = self.program("", input_major)
                made = differentiate(plain, arguments=gradients == "inputs")
            else:
                made = roll(layout(contract(self._structure, input_major)))
                naming.name_leaves(made, self.argument_names, self.names)
            self._programs[key] = made
        return self._programs[key]

    @property
    def _structure(self) -> Program:
        if self._packed is None:
            raise CompileError(
                f"this graph has no matrices: its {len(self.trace):,} nodes run one by one, "
                "and as source they would be as many lines; see program.stages"
            )
        return self._packed

    @property
    def runs_on(self) -> str:
        """The backend that runs it, as far as it has run: NumPy where the machine cannot."""
        numpy = any(executor.name == "numpy" for executor in self._executors.values())
        return "numpy" if numpy else self.backend

    @property
    def _has_loops(self) -> bool:
        made = self.program("", self.backend == "machine")  # the one that will run
        return any(isinstance(i, Loop) for i in made.instructions)

    def _runnable(self, gradients: str, input_major: bool = False) -> Program:
        return expand(self.program(gradients, input_major))

    def stages(self) -> dict[str, str]:
        """The result of each stage of the compiler, as text."""
        if not self.has_structure:
            return {"trace": str(self.trace)}
        contracted = contract(self._structure)
        return {
            "trace": str(self.trace),
            "pack": str(self._packed),
            "contract": str(contracted),
            "layout": str(layout(contracted)),
            "roll": str(self.program()),
            "differentiate": str(self.program("parameters")),
        }

    @property
    def source(self) -> str:
        """The program with gradients as NumPy, or as the JAX that runs it."""
        from autograd.compiler.numpy.executor import write

        program = self._runnable("parameters" if self.parameters else "inputs")
        if self.backend == "jax":
            from autograd.compiler.jax.dialect import JAX
            from autograd.compiler.jax.steps import in_steps

            return write(in_steps(program), self.dtype, JAX)
        return write(program, self.dtype)

    def jax(self, guarded: bool = False) -> JaxFunction:
        """The results as a pure function for JAX.

        Args:
            guarded: whether a row for which a guard fails may give nan.

        Raises:
            CompileError: the function branches, or has an operation that JAX cannot run.
        """
        from autograd.compiler.jax.pure import JaxFunction

        return JaxFunction(*self.for_all_rows("JAX", guarded))

    def for_all_rows(self, user: str, guarded: bool = False) -> tuple[Program, Any, Any]:
        """A program without gradients that is right for every row: also where something is
        infinite or nan, but not where an index is outside its table.

        Args:
            user: what will run it.
            guarded: whether the user minds its failures, so that the function may branch.

        Returns:
            The program, the type of its numbers, and its indices, as ``Trace.indices`` has them.

        Raises:
            CompileError: the function branches, or the order of its sums must be kept.
        """
        reading = next((guard for guard in self.guards if guard.reading), None)
        if guarded and reading:
            raise CompileError(
                f"the function reads the number of a Value, at {reading.line()}, and a function "
                f"for {user} is the same for all rows: compare Values, as in x > 0, or compute "
                "with them"
            )
        if self.guards and not guarded:
            raise CompileError(
                f"the function branches on a number, at {self.guards[0].line()}, and a function "
                f"for {user} is the same for all rows: write it with maximum, relu and so on"
            )
        if self.exact:
            raise CompileError(
                f"exact=True keeps the order of sums, which {user} does not: compile without it"
            )
        if self.backend != "jax" and not self.has_structure:  # which may be worth running
            return self._compiled_again(backend="jax").for_all_rows(user, guarded)
        if self._only_finite:
            return self._careful().for_all_rows(user, guarded)
        return self._runnable(""), self.dtype, self._indices

    @property
    def made(self) -> int:
        """How many executors were made so far."""
        return len(self._executors)

    def native_seconds(self) -> tuple[float, bool]:
        """How long the kernels took to be made or loaded, and whether all were on disk."""
        every = self._executors.values()
        return sum(e.seconds for e in every), all(e.from_disk for e in every)

    # --- running ---

    def theta(self) -> Floats:
        """The numbers of ``parameters`` of now."""
        return self._leaves.numbers()

    @cached_property
    def _leaves(self) -> Leaves:
        many = self.backend == "jax" and len(self.parameters) >= MANY_LEAVES
        has_machine = many and importlib.util.find_spec("llvmlite") is not None
        return Leaves(self.parameters, self.dtype, self.backend == "machine" or has_machine)

    @np.errstate(all="ignore")  # as in plain Python, whatever np.seterr says
    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, NDArray[np.bool_]]:
        """The results, (batch, outputs), and the rows for which a guard fails.

        Args:
            theta: as ``theta()`` gives them.
            arguments: (batch, n) each.
        """
        arguments, outside = self.within_tables(arguments)
        values, failures = self.executor("").rows(theta, arguments)
        if self._doubtful([values], failures, outside):
            values, failures = self._careful().executor("").rows(theta, arguments)
        return values, self._failing(failures, outside)

    @np.errstate(all="ignore")
    def gradients(
        self, theta: Floats, arguments: Sequence[Floats], by: str
    ) -> tuple[float, NDArray[np.bool_], Any]:
        """The sum of all results, the rows for which a guard fails, and the gradient of the sum:
        by "parameters" (n,), by "inputs" a list with an array for each argument."""
        arguments, outside = self.within_tables(arguments)
        total, failures, gradient = self.executor(by).gradients(theta, arguments)
        parts = gradient if by == "inputs" else [gradient]
        if self._doubtful([total, *parts], failures, outside):
            total, failures, gradient = self._careful().executor(by).gradients(theta, arguments)
        return total, self._failing(failures, outside), gradient

    def _doubtful(
        self, results: Sequence[Any], failures: Floats, outside: NDArray[np.bool_] | None
    ) -> bool:
        """Whether the program may be wrong, because something is infinite or nan. Where rows fail,
        the others are computed again, and this is asked then."""
        if not self._only_finite:
            return False
        if np.isnan(failures).any():
            return True
        fail = self._failing(failures, outside).any()
        return not fail and not all(np.isfinite(r).all() for r in results)

    def _careful(self) -> Compilation:
        """The same graph, compiled carefully, for calls where something is infinite or nan."""
        with _one_at_a_time:
            if self._again is None:
                self._again = self._compiled_again(self.backend, careful=True)
        return self._again

    def _compiled_again(self, backend: str, careful: bool = False) -> Compilation:
        given = self.trace, self.guards, self.argument_names, self.names, backend, self.dtype
        return Compilation(*given, careful, self.exact)

    def within_tables(
        self, arguments: Sequence[Floats]
    ) -> tuple[Sequence[Floats], NDArray[np.bool_] | None]:
        """The arguments with 0 in place of each index that its table does not have, and the rows
        that have such an index; None if there are none.

        For such a row the recording does not hold, as if a guard failed. If a new recording of it
        comes to the table too, that says what is wrong with the index.
        """
        outside: NDArray[np.bool_] | None = None
        for argument, places, sizes in self._indices:
            index = arguments[argument][:, places]
            if not (inside := (index >= 0) & (index < sizes) & (np.floor(index) == index)).all():
                arguments = list(arguments)
                arguments[argument] = arguments[argument].copy()
                arguments[argument][:, places] = np.where(inside, index, 0)
                wrong = ~inside.all(axis=1)
                outside = wrong if outside is None else outside | wrong
        return arguments, outside

    def check_indices(self, arguments: Sequence[Floats]) -> None:
        """Raise IndexError, as ``take`` does, if an index is not in its table."""
        for argument, places, sizes in self._indices:
            for index, n in zip(arguments[argument][:, places].T, sizes.tolist()):
                for number in np.unique(index).tolist():
                    row_number(number, n)

    def _failing(self, failures: Floats, outside: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        failing = failures != 0 if self.guards else NONE_FAIL
        return failing if outside is None else failing | outside

    @np.errstate(all="ignore")
    def point(self, by: str) -> Callable[..., Any] | None:
        """A fast function of plain numbers; see ``Executor.point``. None where one of them is the
        index of a table, which must be looked at first."""
        point = None if self._indices else self.executor(by).point(by)
        if point is None or not self._only_finite:
            return point

        def checked(*numbers: float) -> Any:
            value, failures, derivatives = point(*numbers)
            doubtful = not all(map(math.isfinite, (value, *derivatives)))
            return value, failures or doubtful, derivatives

        return checked

    def executor(self, by: str) -> Executor:
        """The executor of the program without gradients (""), or with those by "parameters" or
        by "inputs"."""
        if by not in self._executors:
            with _one_at_a_time:
                if by not in self._executors:
                    self._executors = {**self._executors, by: self._choose(by)}
        return self._executors[by]

    def _choose(self, by: str) -> Executor:
        """A new executor: the backend that was asked for, where it can run this graph."""
        if self.exact:
            from autograd.compiler.scalars.exact import ExactExecutor

            return ExactExecutor(self.trace, by, self.backend, self.dtype)
        if not self.has_structure:
            if self.backend == "jax":
                raise CompileError(
                    f"this graph has no matrices, and XLA would take long to compile its "
                    f"{len(self.trace):,} nodes one by one: leave backend='jax' out"
                )
            from autograd.compiler.scalars.executor import ScalarsExecutor

            return ScalarsExecutor(self.trace, by, self.backend, self.dtype)
        if self.backend == "machine":
            from autograd.compiler.machine.executor import MachineExecutor
            from autograd.compiler.machine.table import NotLowered

            with contextlib.suppress(NotLowered):
                return MachineExecutor(self._runnable(by, True), self.dtype)
        if self.backend == "jax":
            from autograd.compiler.jax.executor import JaxExecutor

            return JaxExecutor(self._runnable(by), self.dtype)
        from autograd.compiler.numpy.executor import NumpyExecutor

        return NumpyExecutor(self._runnable(by), self.dtype)

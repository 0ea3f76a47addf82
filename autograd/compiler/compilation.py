"""One recording, compiled: the stages, and the backend that runs the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import naming
from autograd.compiler.native.source import NotNative
from autograd.compiler.program import Floats, Lanes, Program
from autograd.compiler.stages.contract import contract
from autograd.compiler.stages.differentiate import differentiate
from autograd.compiler.stages.expand import expand
from autograd.compiler.stages.group import Unstructured
from autograd.compiler.stages.layout import layout
from autograd.compiler.stages.pack import pack
from autograd.compiler.stages.record import CompileError, Guard
from autograd.compiler.stages.trace import Trace
from autograd.value import Value

BACKENDS = ("numba", "numpy")
# So many array instructions for each matrix product are steps rather than matrices.
LONG = 60
NONE_FAIL = np.zeros(1, np.bool_)


class Compilation:
    """A trace and what runs it.

    Args:
        trace: the graph.
        guards: of its recording.
        arguments: what the function calls its arguments.
        names: of parameters.
        backend: "numba" or "numpy".
        dtype: of the numbers.

    Attributes:
        parameters: as the trace has them.
        backend: "numba", "numpy", or "tape" for a graph without structure.
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
    ) -> None:
        start = time.perf_counter()
        self.trace, self.guards, self.dtype = trace, guards, dtype
        self.argument_names, self.names = arguments, names
        self.parameters = trace.parameters
        self.backend = backend
        self.places: Lanes = np.arange(len(trace.parameters))
        self._programs: dict[Any, Program] = {}
        try:
            self._packed = pack(trace)
            if self._suits_the_tape():
                self.backend = "tape"
        except Unstructured:
            self.backend = "tape"
        self.seconds = time.perf_counter() - start

    def _suits_the_tape(self) -> bool:
        """Whether it is a long way of single steps: as source it would be long to compile."""
        if len(self._packed.instructions) < LONG or self.guards:
            return False
        from autograd.compiler.tape.tape import supports

        single = self._packed.outputs.size == 1
        known = all(supports(row) for row in self.trace.ops)
        products = len(contract(self._packed).products())
        return single and known and LONG * products < len(self._packed.instructions)

    # --- programs ---

    def program(self, gradients: str = "", input_major: bool = False) -> Program:
        """The array program, with gradients by "parameters", by "inputs" too, or without."""
        key = (gradients, input_major)
        if key not in self._programs:
            if gradients:
                plain = self.program("", input_major)
                made = differentiate(plain, arguments=gradients == "inputs")
            else:
                made = layout(contract(self._packed, input_major))
                naming.name_leaves(made, self.argument_names, self.names)
            self._programs[key] = made
        return self._programs[key]

    def _runnable(self, gradients: str, input_major: bool = False) -> Program:
        return expand(self.program(gradients, input_major))

    def stages(self) -> dict[str, str]:
        """What each stage of the compiler made, as text."""
        if self.backend == "tape":
            return {"trace": str(self.trace), "tape": repr(self._tape)}
        contracted = contract(self._packed)
        return {
            "trace": str(self.trace),
            "pack": str(self._packed),
            "contract": str(contracted),
            "layout": str(self.program()),
            "differentiate": str(self.program("parameters")),
        }

    @property
    def source(self) -> str:
        """The program with gradients as NumPy."""
        if self.backend == "tape":
            raise CompileError(
                f"this graph has no matrices: its {len(self.trace):,} nodes run one by one, "
                "and as source they would be as many lines; see program.stages"
            )
        from autograd.compiler.numpy.executor import write

        return write(self._runnable("parameters" if self.parameters else "inputs"), self.dtype)

    @property
    def runners(self) -> int:
        """How many functions were made so far."""
        return len(self._runners)

    def native_seconds(self) -> tuple[float, bool]:
        """How long native code took to be made or loaded, and whether all was on disk."""
        natives = [r.native for r in self._runners.values() if isinstance(r, _Native)]
        return sum(n.seconds for n in natives), all(n.from_disk for n in natives)

    # --- running ---

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, NDArray[np.bool_]]:
        """The results, (batch, outputs), and the rows for which a guard fails.

        Args:
            theta: the numbers of ``parameters``.
            arguments: (batch, n) each.
        """
        values, failures = self._runner("").rows(theta, arguments)
        return values, failures != 0 if self.guards else NONE_FAIL

    def gradients(
        self, theta: Floats, arguments: Sequence[Floats], by: str
    ) -> tuple[float, NDArray[np.bool_], Any]:
        """The sum of all results, the same rows, and the gradient of the sum by "parameters",
        (n,); or by "inputs", a list with an array for each argument."""
        total, failures, gradient = self._runner(by).gradients(theta, arguments)
        return total, failures != 0 if self.guards else NONE_FAIL, gradient

    def point(self, by: str) -> Callable[..., Any] | None:
        """A function of plain numbers, the arguments and then the parameters, which returns the
        result, how many guards fail, and the derivatives by "parameters" or "inputs" (none for
        ""); or None where there is no such form."""
        if self.backend != "numba" or self.dtype != np.float64:
            return None
        from autograd.compiler.native.loops import NotNative
        from autograd.compiler.native.point import point_function

        program = self._runnable(by)
        by_parameters = sorted(program.blocks, key=lambda block: int(block.lanes[0]))
        wanted = program.arguments if by == "inputs" else [b.array for b in by_parameters]
        try:
            point: Callable[..., Any]
            point = point_function(replace(program, blocks=by_parameters), wanted if by else [])
            return point
        except NotNative:
            return None

    def trainer(self) -> tuple[str, Any]:
        """The backend and what trains the parameters: see ``NativeProgram.train``.

        Raises:
            CompileError: the graph has no structure.
        """
        if self.backend == "tape":
            raise CompileError(f"its {len(self.trace):,} nodes have no structure to make use of")
        if isinstance(runner := self._runner("parameters"), _Native):
            return "numba", runner.native
        from autograd.compiler.numpy.training import NumpyTrainer

        return "numpy", NumpyTrainer(runner.function, len(self.parameters), self.dtype)

    def _runner(self, by: str) -> Any:
        if by not in self._runners:
            self._runners[by] = self._make_runner(by)
        return self._runners[by]

    @cached_property
    def _runners(self) -> dict[str, Any]:
        return {}

    def _make_runner(self, by: str) -> Any:
        if self.backend == "tape":
            return _OnTape(self._tape, self.trace, by, self.dtype)
        if self.backend == "numba":
            try:
                from autograd.compiler.native.executor import NativeProgram

                return _Native(NativeProgram(self._runnable(by, True), self.dtype), by)
            except NotNative:
                pass
        from autograd.compiler.numpy.executor import evaluate

        return _WithNumpy(evaluate(self._runnable(by)), by)

    @cached_property
    def _tape(self) -> Any:
        from autograd.compiler.tape.tape import Tape, supports

        unknown = [row.name for row in self.trace.ops if not supports(row)]
        if unknown:
            raise CompileError(
                f"this graph of {len(self.trace):,} nodes has no structure to make matrices of, "
                f"and the machine for such graphs does not know {', '.join(sorted(unknown))}"
            )
        return Tape.of(self.trace)


class _Native:
    """A native program, with parameters in the order of the trace."""

    def __init__(self, native: Any, by: str) -> None:
        self.native, self.by = native, by

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        result: tuple[Floats, Floats] = self.native.rows(theta[self.native.lanes], arguments)
        return result

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        native = self.native
        total, failures, packed, of_inputs = native.gradients(theta[native.lanes], arguments)
        if self.by == "inputs":
            # None, where no input has a gradient.
            return total, failures, of_inputs or [np.zeros_like(a) for a in arguments]
        gradient = np.zeros_like(theta)
        gradient[native.lanes] = packed
        return total, failures, gradient


class _WithNumpy:
    """The NumPy backend."""

    def __init__(self, function: Any, by: str) -> None:
        self.function, self.by = function, by

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        values, failures = self.function(arguments, theta)[:2]
        # A copy: they may be a part of an argument, or one number for all rows.
        return np.array(values, theta.dtype), failures

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        values, failures, *gradient = self.function(arguments, theta)
        return float(values.sum()), failures, gradient[0] if gradient else np.zeros_like(theta)


class _OnTape:
    """The tape machine: it computes in float64, and gives arrays back in the dtype wanted."""

    def __init__(self, tape: Any, trace: Trace, by: str, dtype: Any) -> None:
        self.tape, self.trace, self.by, self.dtype = tape, trace, by, dtype
        self.inputs = np.concatenate([np.zeros(0, np.int32), *trace.arguments])
        self.used = self.inputs >= 0
        self._kept = (tape.recorded(), np.empty(len(tape)))

    def rows(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[Floats, Floats]:
        batch = len(arguments[0]) if arguments else 1
        place, values = self.tape.place, self.tape.recorded()
        values[place[self.trace.parameter_nodes]] = theta
        table = np.concatenate([np.zeros((batch, 0)), *arguments], axis=1)[:, self.used]
        results = np.empty((batch, len(self.trace.outputs)), self.dtype)
        for row in range(batch):
            values[place[self.inputs[self.used]]] = table[row]
            self.tape.forward(values)
            results[row] = values[place[self.trace.outputs]]
        return results, np.zeros(batch)

    def gradients(self, theta: Floats, arguments: Sequence[Floats]) -> tuple[float, Floats, Any]:
        if self.by == "parameters" and not len(self.inputs):
            return self._once(theta)
        numbers = self.trace.numbers.copy()
        numbers[self.trace.parameter_nodes] = theta
        batch = len(arguments[0]) if arguments else 1
        table = np.concatenate([np.zeros((batch, 0)), *arguments], axis=1)[:, self.used]
        output = int(self.trace.outputs[0])
        inputs = self.inputs[self.used]
        values, of_inputs, of_leaves = self.tape.over_rows(numbers, inputs, table, output)
        total = float(values.sum())
        if self.by == "parameters":
            return total, np.zeros(0), of_leaves[self.trace.parameter_nodes]
        every = np.zeros((batch, len(self.inputs)), self.dtype)
        every[:, self.used] = of_inputs
        cuts = np.cumsum([len(nodes) for nodes in self.trace.arguments])[:-1]
        return total, np.zeros(0), np.split(every, cuts, axis=1)

    def _once(self, theta: Floats) -> tuple[float, Floats, Any]:
        """Without rows: in memory that is kept from call to call."""
        place, output = self.tape.place, int(self.trace.outputs[0])
        parameters = place[self.trace.parameter_nodes]
        values, adjoints = self._kept
        values[parameters] = theta
        self.tape.forward(values)
        self.tape.backward(values, output, adjoints)
        return float(values[place[output]]), np.zeros(0), adjoints[parameters]

"""An optimiser's step as a Python loop, written by tracing its update.

A call of ``update`` for each parameter would cost more than the arithmetic in it. So a step calls
``update`` once, with operands that write down what is done to them, a line of Python per operation.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd import ops
from autograd.compiler.purity.streams import Streams
from autograd.nodes.leaves import Entry
from autograd.op import Op
from autograd.operand import Unknown, traced
from autograd.real import as_float
from autograd.value import NOT_COMPUTED, Value

if TYPE_CHECKING:
    from nn.optim import Optimizer

_SIGNS = {ops.add: "+", ops.sub: "-", ops.mul: "*"}

BY_SETTINGS: set[Any] = set()
"""Updates that depend on the settings alone, and so need not be traced at every step."""

_loops: dict[Any, _Loop] = {}


def step(optimizer: Optimizer) -> None:
    """Move every parameter that has a gradient."""
    _reach_tables(optimizer.parameters)
    loop = _loop(optimizer)
    memories = [getattr(optimizer, name) for name in optimizer.memories]
    loop.run(optimizer.parameters, memories, loop.constants)


def updated(optimizer: Optimizer, given: Sequence[Any]) -> tuple[Any, ...]:
    """What the update makes of a parameter, its gradient and its memories, checked.

    Raises:
        TypeError: it takes or returns something else.
    """
    try:
        return optimizer.checked(optimizer.update(*given))
    except TypeError:
        _check_arguments(optimizer, given)
        raise


def _check_arguments(optimizer: Optimizer, given: Sequence[Any]) -> None:
    """Raise TypeError if the update does not take this many arguments."""
    try:
        inspect.signature(optimizer.update).bind(*given)
    except TypeError as error:
        takes = ", ".join(("parameter", "gradient", *optimizer.memories))
        raise TypeError(
            f"{type(optimizer).__name__}.update must take ({takes}), {len(given)} arguments after "
            f"self: {error}"
        ) from None


def _reach_tables(parameters: Sequence[Value]) -> None:
    """Where a backward pass has reached some rows of a table, the gradient of the others is 0."""
    entries = [p for p in parameters if type(p._record) is Entry]
    reached = {id(p._record) for p in entries if p.has_grad}
    for p in entries:
        if not p.has_grad and id(p._record) in reached:
            p.grad = 0.0


def _loop(optimizer: Optimizer) -> _Loop:
    update = getattr(optimizer.update, "__func__", None)
    if update not in BY_SETTINGS:  # it may depend on anything
        streams = Streams()
        loop = _Loop(optimizer)
        if streams.moved():
            raise TypeError(
                f"{type(optimizer).__name__}.update draws random numbers, and would use one for "
                "all parameters: write a step of your own"
            )
        return loop
    settings = [getattr(optimizer, name) for name in optimizer.settings]
    key = (update, *[tuple(x) if isinstance(x, list) else x for x in settings])
    if key not in _loops:
        if len(_loops) >= 256:
            _loops.clear()
        _loops[key] = _Loop(optimizer)
    return _loops[key]


class _Loop:
    """The lines of a loop over the parameters, and the constants in them."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.lines: list[str] = []
        self.constants: list[Any] = []
        kept = [f"k{i}" for i in range(len(optimizer.memories))]
        given = [_Written(self, name) for name in ("x", "gradient", *kept)]
        with traced():
            moved, *new = map(self.name, updated(optimizer, given))
        changed = [(i, now) for i, now in enumerate(new) if now != kept[i]]
        self.lines += [f"parameter.data = {moved}", *(f"m{i}[i] = {now}" for i, now in changed)]
        read = [i for i, name in enumerate(kept) if any(name in line for line in self.lines)]
        missing = self.constant(NOT_COMPUTED)
        places = "for i, parameter in enumerate(parameters):" if read or changed else ""
        source = "\n    ".join(
            [
                "def run(parameters, memories, constants):",
                *(f"m{i} = memories[{i}]" for i in range(len(kept))),
                *(f"c{i} = constants[{i}]" for i in range(len(self.constants))),
                places or "for parameter in parameters:",
                "    gradient = parameter.grad",
                f"    if gradient is {missing} or gradient is None:",
                "        continue",  # it sits the step out, and its memories stay as they are
                "    x = parameter.data",
                *(f"    k{i} = m{i}[i]" for i in read),
                *(f"    {line}" for line in self.lines),
            ]
        )
        self.run = _compiled(source)

    def name(self, x: Any) -> str:
        """What the loop calls an operand, or a number."""
        return x.name if isinstance(x, _Written) else self.constant(as_float(x))

    def constant(self, x: Any) -> str:
        """What the loop calls a number or a function that stays the same."""
        if not any(x is known for known in self.constants):
            self.constants.append(x)
        return f"c{next(i for i, known in enumerate(self.constants) if known is x)}"

    def add(self, op: Op, inputs: Sequence[Any]) -> _Written:
        """Write an operation."""
        names = [self.name(x) for x in inputs]
        if op in _SIGNS:
            right = f" {_SIGNS[op]} ".join(names)
        else:
            arguments = f"[{', '.join(names)}]" if op.arity is None else ", ".join(names)
            right = f"{self.constant(op.forward)}({arguments})"
        if op is ops.div:  # most divisors are not 0, and then the call is not needed
            right = f"{names[0]} / {names[1]} if {names[1]} else {right}"
        result = _Written(self, f"v{len(self.lines)}")
        self.lines.append(f"{result.name} = {right}")
        return result


@functools.lru_cache(maxsize=256)
def _compiled(source: str) -> Callable[..., None]:
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    run: Callable[..., None] = namespace["run"]
    return run


class _Written(Unknown):
    """An operand that writes what is done to it."""

    __slots__ = ("loop", "name")

    refusal = (
        "an update cannot branch on a parameter, a gradient or a memory, because it is written "
        "down once for all: use maximum, minimum, sign or abs of autograd, or write a step of "
        "your own"
    )

    def __init__(self, loop: _Loop, name: str) -> None:
        self.loop, self.name = loop, name

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Any]) -> _Written:
        """The operation on operands and numbers."""
        loop: _Loop = next(x.loop for x in inputs if isinstance(x, _Written))
        return loop.add(op, inputs)

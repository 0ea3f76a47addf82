"""Whether ``fit`` trains in compiled code: what is asked for, what may be done, and what pays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any

from autograd import modes
from autograd.compiler.api import compile as jit
from autograd.compiler.purity.reach import NOTE, Reach
from autograd.compiler.purity.state import State
from autograd.compiler.purity.streams import Streams
from autograd.compiler.recording.record import CompileError, built
from autograd.given import shown
from autograd.value import topological_order
from nn.compiled_training import Trainer
from nn.own_rules import objection, overridden

if TYPE_CHECKING:
    from autograd.compiler.compiled import Compiled
    from nn.audit import Audit
    from nn.plan import Plan

# A loss of this many scalar operations or more, over all rows and epochs, is compiled: plain Python
# takes two seconds for them. (They are counted, not timed: the same seed gives the same bits,
# however fast or loaded the machine is.)
WORTH_COMPILING = 750_000

# Few losses have more operations per parameter than this.
MOST_OPERATIONS_A_PARAMETER = 20

TOO_LITTLE = "too little work for compiling to pay"


def trainer_for(plan: Plan, compile: bool | None) -> Trainer | None:
    """What trains in compiled code; None for plain Python, and ``history.how`` says why.

    Raises:
        CompileError: compiled code was asked for, by ``compile`` or by a compiled loss, and cannot
            be had.
    """
    history, loss = plan.history, plan.loss
    given = getattr(loss, "is_compiled", False)
    if given:
        plan.loss = loss.function  # type: ignore[attr-defined]
    if modes.switches.watching:
        if compile or plan.backend is not None:
            asked = "compile=True" if compile else f"backend={shown(plan.backend)}"
            raise CompileError(f"detect_anomaly() watches plain Python: leave {asked} out")
        history.how = "plain Python: detect_anomaly watches each operation"
    elif compile is False:
        if plan.backend is not None:
            raise ValueError(
                f"backend={shown(plan.backend)} compiles the loss, and compile=False does not: "
                "leave one of them out"
            )
        history.how = "plain Python"
    elif given or compile or plan.backend is not None:
        program: Any = loss if given else None
        if given and plan.backend not in (None, program.backend_wanted):
            raise ValueError(
                f"the loss was compiled for {program.backend_wanted}, and fit is to run it on "
                f"{shown(plan.backend)}: give the backend to compile, or a plain function"
            )
        return _asked(plan, program)
    else:
        found = _unasked(plan)
        if isinstance(found, Trainer):
            return found
        history.how = f"plain Python: {found}"
    return None


def _asked(plan: Plan, program: Compiled | None) -> Trainer:
    """The trainer. It says in ``how`` what speaks against it."""
    watched = _Watched(plan.loss, program)
    trainer = _trainer(plan, program or watched.program(plan.backend), watched, None)
    trainer.executor.spread(plan.devices)  # or it keeps those of an earlier training
    trainer.prepare(plan.batch_size)
    watched.compare(trainer, plan)
    if reading := _reading(plan):
        trainer.remark += f"; {reading}, and once"
    if against := objection(plan.optimizer, plan.inputs, plan.targets):
        trainer.remark += f"; {against}"
    if change := watched.state.change():
        trainer.remark += f"; the loss changes {change}, and compiled code does not"
    elif watched.reach.streams:
        trainer.remark += f"; the recording keeps what comes from {watched.reach.objection}"
    else:
        watched.keep(trainer, plan)
    return trainer


def _unasked(plan: Plan) -> Trainer | str:
    """The trainer, if the loss can be shown to keep no state and to have no effect but its result,
    and if compiling pays; otherwise the reason against it."""
    calls = len(plan.inputs) * plan.epochs
    work = calls * len(plan.optimizer.parameters)
    if work * MOST_OPERATIONS_A_PARAMETER < WORTH_COMPILING:
        return TOO_LITTLE
    rules = plan.optimizer, plan.inputs, plan.targets
    if against := _reading(plan) or overridden(plan.optimizer) or objection(*rules):
        return against
    watched = _Watched(plan.loss)
    if watched.reach.objection:
        return watched.reach.objection
    found: Trainer | str
    streams = Streams()
    try:
        found = _if_worthwhile(plan, calls, watched)
    except Exception as failure:
        # The function may do with plain numbers what it cannot do with recorded ones. If something
        # is really wrong with it, the plain loop will say so.
        found = f"{type(failure).__name__}: {failure}"
    change, drawn = watched.state.change(), streams.moved()
    if change or drawn:
        watched.state.put_back()
        streams.put_back()
        return f"the loss changes {change}" if change else f"the loss draws from {drawn}"
    if isinstance(found, Trainer):
        watched.keep(found, plan)
    return found


def _reading(plan: Plan) -> str | None:
    """What reads rows and may give others each time; compiled code reads them once."""
    for rows in (plan.inputs, plan.targets):
        if reader := rows.read_by():
            return f"the rows of {rows.name} are read by {reader}"
    return None


def _if_worthwhile(plan: Plan, calls: int, watched: _Watched) -> Trainer | str:
    """The trainer, if there is enough work and nothing looks at the numbers."""
    operations = watched.operations(plan)
    changed = watched.has_run and watched.state.change()
    if changed or calls * operations < WORTH_COMPILING:
        return TOO_LITTLE
    program = watched.program()
    if program.backend_wanted != "machine":
        return "llvmlite is not installed"
    trainer = _trainer(plan, program, watched, watched.state)
    looked = [g for g in trainer.compilation.guards if g.reading]
    if looked:
        return f"the number in a Value is looked at, at {looked[0].line()}"
    trainer.prepare(plan.batch_size)
    watched.compare(trainer, plan)
    return trainer


def _trainer(plan: Plan, program: Compiled, watched: _Watched, state: State | None) -> Trainer:
    return Trainer(program, plan.inputs, plan.targets, plan.optimizer, watched.reach, state)


@dataclass
class _Note:
    """What an earlier training has left of a function: its compiled form, and what was found out.
    It holds for as long as nothing has changed that the function reads."""

    keeper: Callable[..., Any]
    program: Compiled
    reach: Reach
    kinds: tuple[Any, Any]
    operations: int
    audit: Audit


class _Watched:
    """A loss in plain Python, with what it reaches, and the state of that.

    The function keeps its note as an attribute, so that both go together; or the compiled loss
    does, if that is what ``fit`` was given.

    Attributes:
        has_run: whether the loss has run to count its operations.
    """

    def __init__(self, loss: Callable[..., Any], given: Compiled | None = None) -> None:
        self.loss, self._keeper = loss, given or loss
        note = getattr(self._keeper, NOTE, None)
        own = isinstance(note, _Note) and note.keeper is self._keeper  # not that it is a copy of
        self._before: _Note | None = note if own else None
        self._note = self._before if self._before and self._before.program.holds() else None
        # Attributes of leaves that had none are not watched.
        known = self._note and not self._note.reach.bare
        self.reach = self._note.reach if self._note and known else Reach(loss)
        self.state = State(self.reach)
        self._operations = 0
        self.has_run = False

    def operations(self, plan: Plan) -> int:
        """How many operations the loss of the first row has."""
        note = self._known(plan)
        if note and note.operations:
            self._operations = note.operations
        else:
            self.has_run = True
            root = built(self.loss, [plan.inputs[0], plan.targets[0]]).root()
            self._operations = sum(v.op is not None for v in topological_order(root))
        return self._operations

    def program(self, backend: str | None = None) -> Compiled:
        """The compiled loss that an earlier training has left, or a new one."""
        new: Compiled = jit(self.loss, backend=backend)
        before = self._before and self._before.program
        return before if before and before.backend_wanted == new.backend_wanted else new

    def compare(self, trainer: Trainer, plan: Plan) -> None:
        """Compare rows of other types with plain Python, or count on from where that was done."""
        note = self._known(plan)
        if note and note.program is trainer.program:
            trainer.audit.go_on_from(note.audit)
        else:
            others = plan.inputs.other_kinds() + plan.targets.other_kinds()
            trainer.compare(others, plan.batch_size)

    def keep(self, trainer: Trainer, plan: Plan) -> None:
        """Leave a note for later trainings, if the function changes nothing."""
        takes_it = self._keeper is trainer.program or isinstance(self.loss, FunctionType)
        if takes_it and not self.reach.objection:
            kinds = plan.inputs.kind, plan.targets.kind
            left = trainer.program, self.reach, kinds, self._operations, trainer.audit
            setattr(self._keeper, NOTE, _Note(self._keeper, *left))

    def _known(self, plan: Plan) -> _Note | None:
        """The note, if it is of such rows."""
        note, kinds = self._note, (plan.inputs.kind, plan.targets.kind)
        return note if note and None not in kinds and note.kinds == kinds else None

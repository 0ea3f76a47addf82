"""Whether ``fit`` trains in compiled code: what is asked for, what may be done, and what pays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd import modes
from autograd.compiler.purity.reach import Reach
from autograd.compiler.purity.state import State
from autograd.compiler.stages.record import CompileError
from autograd.value import topological_order
from nn.compiled_training import Trainer

if TYPE_CHECKING:
    from nn.train import Plan

# Operations, over all rows and epochs, for each array instruction of the compiled program. Plain
# Python takes 2 to 5 microseconds for an operation, and native code takes 0.1 to 0.4 seconds to
# compile for an instruction (when it is not on disk yet).
WORTH_COMPILING = 75_000

# A program has at least so many instructions.
FEWEST_INSTRUCTIONS = 10

# A loss may have more operations than parameters, but seldom so many times more.
MOST_OPERATIONS_A_PARAMETER = 20


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
        if compile:
            raise CompileError("detect_anomaly() watches plain Python: leave compile=True out")
        history.how = "plain Python: detect_anomaly watches each operation"
    elif compile is False:
        history.how = "plain Python"
    elif given or compile:
        return _asked(plan, loss if given else None)
    else:
        found = _unasked(plan)
        if isinstance(found, Trainer):
            return found
        history.how = f"plain Python: {found}"
    return None


def _asked(plan: Plan, program: Any) -> Trainer:
    """The trainer. It says in ``how`` what speaks against it."""
    reach = Reach(plan.loss)
    state = State(reach)
    trainer = _trainer(plan, program, reach, None)
    trainer.prepare(plan.batch_size)
    if change := state.change():
        trainer.remark = f"; the loss changes {change}, and compiled code does not"
    elif reach.streams:
        trainer.remark = f"; the recording keeps what comes from {reach.objection}"
    return trainer


def _unasked(plan: Plan) -> Trainer | str:
    """The trainer, if the loss can be shown to keep no state and to have no effect but its result,
    and if compiling pays; otherwise the reason against it."""
    calls = len(plan.inputs) * plan.epochs
    work = calls * len(plan.optimizer.parameters)
    if work * MOST_OPERATIONS_A_PARAMETER < WORTH_COMPILING * FEWEST_INSTRUCTIONS:
        return "too little to compile"
    reach = Reach(plan.loss)
    if reach.objection:
        return reach.objection
    state = State(reach)
    found: Trainer | str
    try:
        found = _if_worthwhile(plan, calls, reach, state)
    except Exception as failure:
        # The function may do with plain numbers what it cannot do with recorded ones. If something
        # is really wrong with it, the plain loop will say so.
        found = f"{type(failure).__name__}: {failure}"
    if change := state.change():
        state.put_back()
        return f"the loss changes {change}"
    return found


def _if_worthwhile(plan: Plan, calls: int, reach: Reach, state: State) -> Trainer | str:
    """The trainer, if there is enough work and nothing looks at the numbers."""
    y = plan.loss(plan.inputs[0], plan.targets[0])
    operations = sum(v.op is not None for v in topological_order(y))
    if state.change() or calls * operations < WORTH_COMPILING * FEWEST_INSTRUCTIONS:
        return "too little to compile"
    trainer = _trainer(plan, None, reach, state)
    looked = [g for g in trainer.compilation.guards if g.reading]
    if looked:
        return f"the number in a Value is looked at, at {looked[0].line()}"
    if calls * operations < WORTH_COMPILING * trainer.compilation.size:
        return "too little to compile"
    trainer.prepare(plan.batch_size)
    return trainer


def _trainer(plan: Plan, program: Any, reach: Reach, state: State | None) -> Trainer:
    from autograd.compiler.compiled import Compiled

    program = program or Compiled(plan.loss, None, None, None, "float64")
    if state and program.backend_wanted != "numba":
        raise CompileError("numba is not installed")
    return Trainer(program, plan.inputs, plan.targets, plan.optimizer, reach.streams, state)

"""The update of an optimiser, as compiled training takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.compiler.purity.reach import Reach
from autograd.compiler.purity.state import State
from autograd.compiler.purity.streams import Streams
from autograd.compiler.recording.record import CompileError
from nn import stepping
from nn.optim import SGD, Adam, Optimizer
from nn.own_rules import overridden, own_update

if TYPE_CHECKING:
    from autograd.compiler.update import Update


def check_update(optimizer: Optimizer) -> None:
    """Raise CompileError unless the optimiser's update is plain arithmetic, on arrays too."""
    kind = type(optimizer)
    if own := overridden(optimizer):
        raise CompileError(own)
    optimizer.check_settings()
    if _is_ours(optimizer):
        return
    import numpy as np

    from autograd.compiler.update import Stepper

    before = dict(vars(optimizer))
    reach = Reach(own_update(optimizer) or optimizer.update)
    state, streams = State(reach), Streams(reach.streams)
    try:
        # On floats first: that says better what is wrong.
        stepping.updated(optimizer, [1.0, 1.0, *[0.0] * len(optimizer.memories)])
        memories = np.zeros((len(optimizer.memories), 2))
        Stepper(update_of(optimizer)).step(np.ones(2), np.ones(2), memories)
    except Exception as error:
        raise CompileError(
            f"{kind.__name__}.update is not plain arithmetic, which works on arrays as on "
            f"numbers: {error}"
        ) from error
    changed = [name for name, x in vars(optimizer).items() if x is not before.get(name)]
    change = f"the optimiser's {changed[0]}" if changed else state.change()
    if change or streams.moved():
        vars(optimizer).update(before)
        state.put_back()
        streams.put_back()
        what = f"changes {change}" if change else "draws random numbers"
        what = what.replace("SimpleNamespace", kind.__name__)  # which stood for the optimiser
        raise CompileError(f"{kind.__name__}.update {what}, which compiled training does once")


def update_of(optimizer: Optimizer) -> Update:
    """The optimiser's update as executors take it, with the settings of now."""
    from autograd.compiler.update import Update

    if _is_ours(optimizer):
        return Update(optimizer.update)
    return Update(lambda *given: optimizer.checked(optimizer.update(*given)))


def _is_ours(optimizer: Optimizer) -> bool:
    """Whether the update is that of SGD or Adam, which need no check."""
    return getattr(optimizer.update, "__func__", None) in (SGD.update, Adam.update)

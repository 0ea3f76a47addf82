"""A user's own rules of learning: what an optimiser, its update and a learning rate that is a
function do besides arithmetic. Compiled training calls them less often than plain Python, or not at
all, and keeps the numbers of parameters elsewhere meanwhile.
"""

from __future__ import annotations

import functools
import gc
import types
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from autograd.compiler.purity.reach import Reach
from autograd.compiler.purity.state import State
from autograd.compiler.purity.streams import Streams
from autograd.value import Value
from nn.arguments import Rows
from nn.optim import SGD, Adam, Optimizer

_OURS = (Optimizer, SGD, Adam, object)
_OF_THE_LOOP = frozenset("zero_grad lr lr_at is_scheduled checked check_settings".split())
_OF_AN_UPDATE = frozenset("update lr settings memories".split())
_OF_ATTRIBUTES = frozenset("__getattr__ __getattribute__ __setattr__".split())


def overridden(optimizer: Optimizer) -> str | None:
    """What an optimiser does in its own way, so that compiled training cannot do it."""
    kind = type(optimizer)
    if kind.step is not Optimizer.step or "step" in vars(optimizer):
        return f"{kind.__name__} steps in Python, parameter by parameter"
    for name in vars(optimizer).keys() & (_OF_THE_LOOP - {"lr"}):
        return f"compiled training does not call the {name} of this {kind.__name__}"
    numbers = {*optimizer.settings, *optimizer.memories, "parameters", "steps_taken"}
    for c in (c for c in kind.__mro__ if c not in _OURS):
        for name, thing in vars(c).items():
            computed = name in numbers and hasattr(type(thing), "__get__")
            if computed or name in _OF_THE_LOOP or name in _OF_ATTRIBUTES:
                return f"compiled training does not call {c.__name__}.{name}"
    return None


def own_update(optimizer: Optimizer) -> Callable[..., Any] | None:
    """A function that reaches what the update reaches, where that is a user's. Its ``self`` has
    the settings and the user's attributes, but neither parameters nor memories."""
    update = optimizer.update
    rule = getattr(update, "__func__", None)
    if rule in (Optimizer.update, SGD.update, Adam.update):
        return None
    if rule is None or getattr(update, "__self__", None) is not optimizer:
        return update
    left_out = {*optimizer.memories, "parameters", "_lr", "_rates"}
    seen: dict[str, Any] = {"lr": 0.0}
    methods = []
    for c in reversed([c for c in type(optimizer).__mro__ if c not in _OURS]):
        own = {name: x for name, x in vars(c).items() if not name.startswith("__")}
        seen.update(own)
        methods += [x for x in own.values() if isinstance(x, types.FunctionType)]
    seen.update(vars(optimizer))
    self = SimpleNamespace(**{name: x for name, x in seen.items() if name not in left_out})
    return functools.partial(rule, self, *methods)


def objection(optimizer: Optimizer, *tables: Rows) -> str | None:
    """What else speaks against compiling: what a user's update or learning rate reaches and
    changes, if it cannot be shown to do nothing but compute.

    Args:
        tables: the rows of the training.
    """
    if update := own_update(optimizer):
        reach = Reach(update)
        if name := _of_the_training(optimizer, update):
            return f"{type(optimizer).__name__}.update may read {name}"
        against = reach.objection or _reached(update, reach, tables)
        if against:
            return f"{type(optimizer).__name__}.update: {against}"
    if optimizer.is_scheduled:
        reach = Reach(optimizer._lr)
        against = reach.objection or _reached(optimizer._lr, reach, tables)
        if against := against or _change_by_the_rate(optimizer, reach):
            return f"the function of the learning rate: {against}"
    return None


def _of_the_training(optimizer: Optimizer, update: Callable[..., Any]) -> str | None:
    """A name in the code of an update that may stand for what each step changes."""
    own = {name for name in vars(Optimizer) if not name.startswith("__")} - _OF_AN_UPDATE
    changing = own | {"parameters", "getattr", *optimizer.memories}
    methods = [update.func, *update.args] if isinstance(update, functools.partial) else [update]
    todo = [f.__code__ for f in methods if isinstance(f, types.FunctionType)]
    while todo:
        code = todo.pop()
        if found := sorted(changing.intersection(code.co_names)):
            return found[0]
        todo += [inner for inner in code.co_consts if isinstance(inner, types.CodeType)]
    return None


def _change_by_the_rate(optimizer: Optimizer, reach: Reach) -> str | None:
    """What the next learning rate changes when it is asked for; that is put back."""
    state, streams, asked = State(reach), Streams(reach.streams), optimizer._rates
    try:
        _ = optimizer.lr
    except Exception as failure:  # the plain loop will say so
        found: str | None = f"{type(failure).__name__}: {failure}"
    else:
        change = state.change() or streams.moved()
        found = change and f"it changes {change}"
    if found:
        state.put_back()
        streams.put_back()
        optimizer._rates = asked
    return found


def _reached(function: Any, reach: Reach, tables: tuple[Rows, ...]) -> str | None:
    """Whether a function reaches a Value or the rows of the training."""
    data = {id(rows.data): rows.name for rows in tables}
    todo = [function, *(holder for holder, _ in reach.holders)]
    todo += [home.get(name) for home, name, _ in reach.bindings]
    seen: set[int] = set()
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, Value):
            return "it reaches Values, whose numbers compiled code keeps elsewhere"
        if id(thing) in data:
            return f"it reaches the rows of {data[id(thing)]}, which compiled code reads once"
        if isinstance(thing, types.FunctionType):  # its globals are not all its own
            todo += [*(thing.__closure__ or ()), thing.__defaults__, thing.__kwdefaults__]
            todo += vars(thing).values()
        elif isinstance(thing, type):
            todo += vars(thing).values() if thing.__flags__ & _HEAP else ()
        elif not isinstance(thing, (types.ModuleType, int, float, str)):
            todo += [x for x in gc.get_referents(thing) if not isinstance(x, type)]
    return None


_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class that is written in Python

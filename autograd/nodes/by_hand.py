"""Values made by hand: ``Value(data, children, local_grads)``, as programs like microgpt write it.

Such a node has the derivatives that it was given, as numbers, and no rule by which they could be
computed again. What needs numbers alone works; what needs the rule refuses, in a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from autograd.given import shown
from autograd.op import Op
from autograd.real import as_float, count

OWN_OPERATION = (
    "An operation of your own is an Op: its name, its value, and its derivatives by each input as "
    "a tuple, as in my_tanh = Op('my_tanh', math.tanh, lambda y, x: (1 - y * y,)); then my_tanh(x)"
)

NO_RULE = (
    "a value made as Value(data, children, local_grads) has its derivatives as numbers, and no "
    f"rule that computes them anew. {OWN_OPERATION}"
)


class _ByHand(Op):
    """There is one, and it is known by its identity; so pickle stores its name."""

    def __reduce__(self) -> str:  # type: ignore[override]
        return "BY_HAND"


def _refuse(*_: object) -> NoReturn:
    raise TypeError(NO_RULE)


BY_HAND = _ByHand(
    "by_hand", _refuse, _refuse, arity=None, symbol="by hand", text="by_hand({})", registered=False
)
"""The operation of such a node."""


def described(
    children: object, local_grads: object, label: object, _children: object, _op: object
) -> tuple[str, list[Any], list[float]]:
    """What the arguments of ``Value`` after the first say: the label, the inputs, the derivatives.

    The second argument is a label or the inputs. The third is the derivatives, or micrograd's name
    of the operation.
    """
    if not isinstance(label, str):
        raise TypeError(f"a label is text; got {type(label).__name__} {shown(label)}")
    if isinstance(children, str):
        children, label = (), label or children
    if isinstance(local_grads, str):
        local_grads, _op = (), local_grads
    inputs = _listed(children) or _listed(_children)
    partials = [as_float(x) for x in _listed(local_grads)]
    if len(inputs) == len(partials):
        return label or str(_op), inputs, partials
    if not partials:
        called = f"that {shown(_op)} made" if _op else f"with {count(len(inputs), 'input')}"
        raise TypeError(
            f"a Value {called} needs its derivatives. {OWN_OPERATION}. Or give them as numbers, in "
            "the order of the inputs: Value(data, children, local_grads)"
        )
    raise ValueError(
        f"Value(data, children, local_grads) takes one derivative for each input; "
        f"got {count(len(inputs), 'input')} and {count(len(partials), 'derivative')}"
    )


def refuse_anew(v: object) -> NoReturn:
    """Say that a Value is made once: with other inputs it could become one of its own inputs."""
    raise TypeError(
        f"{shown(v)} is made already: Value(data, children, local_grads) makes another, and "
        "v.data = changes the number of this one"
    )


def _listed(things: object) -> list[Any]:
    if isinstance(things, (list, tuple)) or (isinstance(things, (set, frozenset)) and _few(things)):
        return list(things)
    raise TypeError(
        f"after its number, a Value takes a label, or two tuples: its inputs, and its derivative "
        f"by each of them in that order; got {type(things).__name__} {shown(things)}"
    )


def _few(things: Iterable[Any]) -> bool:
    """Whether a set has an order, so that derivatives can follow it."""
    return len(list(things)) < 2

"""Stand-ins: Values stand for a row's numbers while a function is recorded. Here it runs on plain
numbers, which must give what the recording gives."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.algebra import pick
from autograd.compiler.recording.observe import CompileError, number, unobserved
from autograd.real import close, largest
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.recording.record import Recording

# How far the numbers of the recorded row are moved aside, relative to 1 and to themselves.
ASIDE = 1e-3


def takes_numbers(
    recording: Recording,
    function: Callable[..., Any],
    rows: Sequence[Sequence[float]],
    nodes: Sequence[Value],
) -> bool:
    """Whether the function gives the same result for plain numbers; False where it takes none,
    such as one that calls ``x[0].tanh()``.

    It runs on the recorded row, and on one a little aside: a factor of 0, say, may hide a
    difference. Where a guard takes another path there, the recording does not hold, and that says
    nothing.

    Args:
        nodes: all that the recording has, in topological order.

    Raises:
        CompileError: it gives another result.
    """
    plain = _results(function, rows)
    if plain is not None:
        _compare(plain, recording, dict(zip(nodes, map(number, nodes))))
    indices = {v.inputs[0] for v in nodes if v.op is pick}
    for aside in _asides(recording, rows, indices):
        numbers = _recomputed(recording, aside, nodes)
        plain_aside = numbers and _results(function, aside)
        if numbers and plain_aside:
            _compare(plain_aside, recording, numbers)
            break
    return plain is not None


def _results(function: Callable[..., Any], rows: Sequence[Sequence[float]]) -> list[Any] | None:
    """What the function returns for plain numbers; None where it fails."""
    with unobserved():
        try:
            returned = function(*[list(row) for row in rows])
        except Exception:  # whatever a user's function raises where a number is not a Value
            return None
        several = returned if isinstance(returned, (list, tuple)) else [returned]
        return [v.data if isinstance(v, Value) else v for v in several]


def _asides(
    recording: Recording, rows: Sequence[Sequence[float]], indices: set[Value]
) -> Iterator[list[list[float]]]:
    """Rows near the recorded one: above, below, and one in which the numbers stay that a guard
    found equal to something, such as labels. Indices of tables always stay."""
    equal = {v for g in recording.guards if number(g.a) == number(g.b) for v in (g.a, g.b)}

    def moved(x: float, place: int, sign: int) -> float:
        return x + sign * (1 if type(x) is int else ASIDE * (1 + abs(x)) / (1 + place))

    for sign, stay in ((1, indices), (-1, indices), (1, indices | equal)):
        yield [
            [
                x if leaf in stay else moved(x, place, sign)
                for place, (x, leaf) in enumerate(zip(row, leaves))
            ]
            for row, leaves in zip(rows, recording.inputs)
        ]


def _recomputed(
    recording: Recording, rows: Sequence[Sequence[float]], nodes: Sequence[Value]
) -> dict[Value, float] | None:
    """The number of each node for other rows; None where the recording does not hold for them."""
    numbers: dict[Value, float] = {}
    for row, leaves in zip(rows, recording.inputs):
        numbers.update(zip(leaves, map(float, row)))
    known = numbers.__getitem__
    try:
        for v in nodes:
            made = v._record  # which ``op`` and ``inputs`` are read from, slowly
            if made[0] is not None:
                numbers[v] = made[0].compute([*map(known, made[1 : len(made) // 2 + 1])])
            elif v not in numbers:
                numbers[v] = number(v)
    except (ArithmeticError, ValueError, TypeError):  # an operation of a user's, out of its domain
        return None
    return None if any(numbers[guard.failure] for guard in recording.guards) else numbers


def _compare(plain: list[Any], recording: Recording, numbers: dict[Value, float]) -> None:
    recorded = [numbers[v] for v in recording.outputs]
    scale = largest(numbers.values())
    if len(plain) == len(recorded) and all(close(a, b, scale) for a, b in zip(plain, recorded)):
        return
    raise CompileError(
        f"the function returns {_shown(plain)} for the plain numbers of a row, and "
        f"{_shown(recorded)} for Values, which stand for the numbers of all rows while it is "
        "recorded: it asks what its inputs are (isinstance, type, hasattr, str, a lookup); "
        "branch on their numbers instead, as in x[0] > 1.0"
    )


def _shown(numbers: Sequence[Any]) -> str:
    return reprlib.repr(numbers[0] if len(numbers) == 1 else list(numbers))

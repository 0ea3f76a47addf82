"""Stand-ins: Values stand for a row's numbers while a function is recorded. Here it runs on plain
numbers, which must give what the recording gives."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterator, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd.compiler.algebra import pick
from autograd.compiler.recording.listed import Listed
from autograd.compiler.recording.observe import CompileError, unobserved
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
) -> bool:
    """Whether the function gives the same result for plain numbers; False where it takes none,
    such as one that calls ``x[0].tanh()``.

    It runs on the recorded row, and on one a little aside: a factor of 0, say, may hide a
    difference. Where a guard takes another path there, the recording does not hold, and that says
    nothing.

    Raises:
        CompileError: it gives another result.
    """
    plain, listed = _results(function, rows), recording.listed
    ends = listed.inputs_of(len(listed) - 1)
    outputs, failures = ends[: len(recording.outputs)], ends[len(recording.outputs) :]
    if plain is not None and not any(listed.numbers[place] for place in failures):
        _compare(plain, outputs, listed, listed.numbers)
    for aside in _asides(recording, rows, _indices(listed)):
        numbers = _recomputed(listed, recording.inputs, aside)
        if not numbers or any(numbers[place] for place in failures):
            continue
        if plain_aside := _results(function, aside):
            _compare(plain_aside, outputs, listed, numbers)
            break
    return plain is not None


def _indices(listed: Listed) -> set[Value]:
    """The inputs that are indices of tables."""
    picks = (place for place, op in enumerate(listed.ops) if op is pick)
    return {listed.nodes[listed.inputs[listed.starts[place]]] for place in picks}


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
    found equal to something, such as labels. Indices of tables always stay. Near infinity and nan
    there is nothing else, so that they are moved to numbers near 0."""
    equal = {v for g in recording.guards if g.a._number == g.b._number for v in (g.a, g.b)}

    def moved(x: float, place: int, sign: int) -> float:
        x = x if math.isfinite(x) else 0.0
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
    listed: Listed, inputs: Sequence[Sequence[Value]], rows: Sequence[Sequence[float]]
) -> list[float] | None:
    """The number of each node for other rows; None where an operation fails for them."""
    place = listed.leaves
    given = {
        place[leaf]: float(x)
        for leaves, row in zip(inputs, rows)
        for leaf, x in zip(leaves, row)
        if leaf in place
    }
    try:
        return listed.computed(given)
    except (ArithmeticError, ValueError, TypeError):  # an operation of a user's, out of its domain
        return None


def _compare(plain: list[Any], outputs: list[int], listed: Listed, numbers: list[float]) -> None:
    recorded = [numbers[place] for place in outputs]
    if plain == recorded:
        return
    scale = largest(numbers)
    if len(plain) == len(recorded) and all(_same(a, b, scale) for a, b in zip(plain, recorded)):
        return
    if _leaves_a_domain(listed, numbers):
        return
    raise CompileError(
        f"the function returns {_shown(plain)} for the plain numbers of a row, and "
        f"{_shown(recorded)} for Values, which stand for the numbers of all rows while it is "
        "recorded: it asks what its inputs are (isinstance, type, hasattr, str, a lookup); "
        "branch on their numbers instead, as in x[0] > 1.0"
    )


def _same(plain: Any, recorded: float, scale: float) -> bool:
    return isinstance(plain, Real) and close(float(plain), recorded, scale)


def _leaves_a_domain(listed: Listed, numbers: list[float]) -> bool:
    """Whether an operation makes nan of numbers. There plain Python has a convention of its own:
    -4.0 ** 0.5 is complex, and -inf ** 0.5 is inf."""
    return any(
        y != y and op is not None and all(numbers[i] == numbers[i] for i in listed.inputs_of(place))
        for place, (op, y) in enumerate(zip(listed.ops, numbers))
    )


def _shown(numbers: Sequence[Any]) -> str:
    return reprlib.repr(numbers[0] if len(numbers) == 1 else list(numbers))

"""Questions to the student's code, and the likely slip where an answer is wrong.

A slip is a wrong implementation. A student made it if *all* answers are those of the wrong
implementation, so a hint is given only where it explains everything that was seen.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from demos.workbook.outcomes import (
    Namespace,
    Outcome,
    alike,
    attempt,
    numbers_in,
    plain,
    same,
    shown,
    told,
)


@dataclass(frozen=True)
class Result:
    """What one question to the student's code gave.

    Attributes:
        asked: the question, such as ``tanh(1000)``.
        passed: whether the answer is right.
        expected: the right answer, in words.
        actual: the student's answer, or the error and its line.
        hint: the likely slip, in one or two sentences; empty if none explains the answers.
        todo: whether the student has not begun yet: the sheet still has its ``...``.
        part: the function, class or method that was asked.
    """

    asked: str
    passed: bool
    expected: str = ""
    actual: str = ""
    hint: str = ""
    todo: bool = False
    part: str = ""

    def __str__(self) -> str:
        if self.passed:
            return f"{self.asked}: right"
        parts = [f"expected {self.expected}"] if self.expected else []
        parts += [f"got {self.actual}"] if self.actual else []
        text = f"{self.asked}: {', '.join(parts)}" if parts else self.asked
        return f"{text}. {self.hint}".strip() if self.hint else text


@dataclass(frozen=True)
class Question:
    """A question: its words, how to ask it, and the right answer."""

    asked: str
    ask: Callable[[Namespace], object]
    expected: object


@dataclass(frozen=True)
class Slip:
    """A slip that students make: what to tell them, and the wrong implementation."""

    hint: str
    make: Callable[[], Namespace]


@dataclass(frozen=True)
class Part:
    """What a student writes, such as one function, with the questions that it must answer.

    Attributes:
        name: its name in the file; a method as ``Value.tanh``.
        questions: the questions.
        slips: the slips; the first one that explains all answers is shown.
        after: names that must be filled in before.
    """

    name: str
    questions: Sequence[Question]
    slips: Sequence[Slip] = ()
    after: Sequence[str] = field(default=())


def calls(
    name: str, arguments: Iterable[Sequence[Any]], expected: Callable[..., object]
) -> list[Question]:
    """Questions that call a function, each with its arguments; ``expected`` gives the answers."""
    return [call(name, given, expected(*copy.deepcopy(given))) for given in arguments]


def call(name: str, given: Sequence[Any], expected: object, asked: str = "") -> Question:
    """The question what a function gives for some arguments."""
    words = asked or f"{name}({', '.join(_argument(plain(x)) for x in given)})"
    return Question(words, lambda names: names[name](*copy.deepcopy(given)), expected)


def _argument(x: object) -> str:
    return f"[{', '.join(map(_argument, x))}]" if isinstance(x, list) else shown(x)


def slip(hint: str, **names: object) -> Slip:
    """A slip in a function: ``slip("...", tanh=lambda x: ...)``."""
    return Slip(hint, lambda: names)


# --- asking ---


def examine(student: Namespace, part: Part, others: Sequence[Part] = ()) -> list[Result]:
    """Ask all questions of a part. Where an answer is wrong, look for the slip behind it.

    Args:
        others: parts of the same sheet. Those that come before this one have to be right.
    """
    for name in (*part.after, part.name):
        if problem := absent(student, name):
            return [replace(problem, part=part.name)]
    for other in others:
        if other.name in part.after and not all(r.passed for r in examine(student, other)):
            wait = f"{part.name} is checked when {other.name} is right"
            return [Result(wait, False, part=part.name)]
    questions = part.questions
    answers = [attempt(question.ask, student) for question in questions]
    expected = [Outcome(plain(question.expected)) for question in questions]
    right = [alike(*pair) for pair in zip(answers, expected)]
    hint = "" if all(right) else likely(part, expected, answers)
    results = []
    for question, passed, wanted, answer in zip(questions, right, expected, answers):
        if passed:
            results.append(Result(question.asked, True, part=part.name))
            continue
        here, there = (
            (str(wanted), str(answer)) if answer.error else told(wanted.value, answer.value)
        )
        results.append(Result(question.asked, False, here, there, hint, part=part.name))
    return results


def absent(student: Namespace, name: str) -> Result | None:
    """What to say if the student's file lacks a function or class, or has not filled it in."""
    top, _, method = name.partition(".")
    if top not in student:
        return Result(f"There is no {top} in the file: keep the names that the sheet gives", False)
    thing = student[top]
    if not callable(thing):
        return Result(f"{top} is {shown(plain(thing))}, and not something to call", False)
    if method:
        thing = vars(thing).get(method) if isinstance(thing, type) else None
        if thing is None:
            return Result(
                f"There is no {name} in the file: keep the names that the sheet gives", False
            )
    if _is_empty(thing):
        return Result(f"{name} is still to be filled in: replace its ...", False, todo=True)
    return None


def _blank() -> None:
    """As a sheet has it."""
    ...


def _is_empty(function: object) -> bool:
    """Whether a function does nothing, as on a sheet."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_code != _blank.__code__.co_code:
        return False
    return all(value is None or value == function.__doc__ for value in code.co_consts)


# --- the slip ---


def likely(part: Part, expected: Sequence[Outcome], answers: Sequence[Outcome]) -> str:
    """The slip that explains all answers, in words; empty if none does."""
    if all(answer.value is None and not answer.error for answer in answers):
        return "It gives None: end it with return. (print shows a number, and gives nothing back.)"
    for candidate in part.slips:
        wrong = candidate.make()
        if all(
            alike(attempt(question.ask, wrong), answer)
            for question, answer in zip(part.questions, answers)
        ):
            return candidate.hint
    return next(general(expected, answers), "")


def general(expected: Sequence[Outcome], answers: Sequence[Outcome]) -> Iterator[str]:
    """What the numbers alone tell: a sign, a factor, an order, rounding."""
    if any(answer.error for answer in answers):
        return
    wanted = [numbers_in(outcome.value) for outcome in expected]
    given = [numbers_in(outcome.value) for outcome in answers]
    if any(len(a) != len(b) for a, b in zip(wanted, given)):
        return
    pairs = [pair for a, b in zip(wanted, given) for pair in zip(a, b)]
    if any(not math.isfinite(number) for pair in pairs for number in pair):
        return
    if all(same(b, -a) for a, b in pairs):
        yield "Every sign is the wrong way round."
    if len({b for _, b in pairs}) == 1 and len(pairs) > 1:
        yield "It gives the same number whatever its arguments are: does it use them all?"
    if all(same(sorted(a), sorted(b)) for a, b in zip(wanted, given)):
        yield "The numbers are right, but in another order."
    if any(
        all(round(b, n) == b and abs(a - b) <= 0.51 * 10**-n for a, b in pairs) for n in range(2, 9)
    ):
        yield "The numbers are right but rounded: keep all digits."
    ratios = [b / a for a, b in pairs if a]
    if len({a for a, _ in pairs if a}) > 1 and all(same(b, ratios[0] * a) for a, b in pairs):
        yield f"Each number is {ratios[0]:.4g} times the right one."

"""Periods: where a list of instructions does the same thing again and again.

Two instructions are alike if they are of one kind and shape, whatever arrays they read. A run of
period p is a stretch in which every instruction is like the one p places on, and reads what that
one reads, p places earlier: what the iteration itself made, or the one before. What was made
before the run may be any array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.program import Array, Collect, Contract, Instruction, Map, Reduce, Take

# Fewer iterations, and a reader would rather see them one after the other.
FEWEST = 4
# A longer body is hardly a loop that a person wrote. The search takes time in proportion.
LONGEST = 600
# How often a stretch is cut where it cannot be one run.
MOST_CUTS = 100

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Run:
    """``count`` iterations of ``period`` instructions each, from place ``start`` on."""

    start: int
    period: int
    count: int

    @property
    def saved(self) -> int:
        """How many instructions a loop would save."""
        return (self.count - 1) * self.period


def best_run(instructions: Sequence[Instruction], parallel: bool = False) -> Run | None:
    """The run that saves most instructions, of those in which an iteration needs the one before, or
    if ``parallel`` of all. Of its rotations it is the one that carries the fewest lanes."""
    if len(instructions) < FEWEST:
        return None
    search = _Search(instructions)
    best: Run | None = None
    for saved, period, start, end in sorted(search.stretches(), key=lambda x: (-x[0], x[1])):
        if best is not None and saved <= best.saved:
            break
        for run in search.runs(period, start, end):
            if best is not None and run.saved <= best.saved:
                continue
            if parallel or search.carries(run):
                best = run
    return best and search.rotated(best)


class _Search:
    """The instructions as flat arrays: a key each, and for each operand where it was made.

    Attributes:
        key: (n,), equal for instructions that are alike.
        starts: the operands of instruction i are ``starts[i]:starts[i + 1]``.
        made: for each operand the place of the instruction that made its array, or -1.
        form: for each operand a number, equal for views of the same lanes of their arrays.
    """

    def __init__(self, instructions: Sequence[Instruction]) -> None:
        numbers: dict[Any, int] = {}
        place: dict[Array, int] = {}
        key, starts, made, form = [], [0], [], []
        self.sizes = np.zeros(len(instructions), np.int64)
        for n, i in enumerate(instructions):
            key.append(numbers.setdefault(_key(i), len(numbers)))
            for v in i.operands:
                made.append(place.get(v.array, -1))
                form.append(numbers.setdefault(v.key[1:], len(numbers)))
            starts.append(len(made))
            for out in i.outs:
                place[out] = n
                self.sizes[n] += out.size
        self.key, self.starts = np.array(key), np.array(starts)
        self.made, self.form = np.array(made, np.int64), np.array(form, np.int64)

    def stretches(self) -> Iterator[tuple[int, int, int, int]]:
        """Where keys repeat: (how many instructions a loop might save, period, start, end). The
        instruction at each place of the stretch has an equal one a period later."""
        n = len(self.key)
        for period in range(1, min(n // FEWEST, LONGEST) + 1):
            same = np.zeros(n - period + 2, np.int8)
            same[1:-1] = self.key[:-period] == self.key[period:]
            change = np.diff(same)
            first, end = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
            long = end - first >= (FEWEST - 1) * period
            for a, b in zip(first[long].tolist(), end[long].tolist()):
                yield (b - a) // period * period, period, a, b

    def runs(self, period: int, start: int, end: int) -> Iterator[Run]:
        """The runs within a stretch."""
        latest, first = self._latest(period, start, end), start
        for _ in range(MOST_CUTS):
            cut = np.flatnonzero(latest[start - first :] >= start)
            stop = start + int(cut[0]) if len(cut) else end
            if (count := (stop - start) // period + 1) >= FEWEST:
                yield Run(start, period, count)
            if not len(cut):
                return
            start = int(latest[stop - first]) + 1

    def _latest(self, period: int, start: int, end: int) -> Ints:
        """For each place of a stretch, the last place at which a run may not start yet if it is to
        contain this place and the one a period later; -1 if it may start anywhere."""
        a, b = self.starts[start], self.starts[end]
        c, d = self.starts[start + period], self.starts[end + period]
        shifted = (self.made[c:d] - self.made[a:b] == period) & (self.form[a:b] == self.form[c:d])
        shifted &= self.made[a:b] >= 0
        last = np.where(shifted, -1, np.maximum(self.made[a:b], self.made[c:d] - period))
        latest = np.full(end - start, -1, np.int64)
        owner = np.repeat(np.arange(end - start), np.diff(self.starts[start : end + 1]))
        np.maximum.at(latest, owner, last)
        return latest

    def carries(self, run: Run) -> bool:
        """Whether an iteration needs an earlier one. If not, they are not steps of a loop."""
        last = run.start + (run.count - 1) * run.period
        made = self.made[self.starts[last] : self.starts[last + run.period]]
        return bool(((run.start <= made) & (made < last)).any())

    def _room(self, run: Run) -> int:
        """How many instructions later the run may start, with as many iterations."""
        end = run.start + run.period * (run.count - 1)
        most = min(run.period - 1, len(self.key) - end - run.period)
        same = self.key[end : end + most] == self.key[end + run.period : end + run.period + most]
        room = int(np.argmin(same)) if not same.all() else most
        if room:
            more = self._latest(run.period, end, end + room)
            ok = more < run.start
            room = int(np.argmin(ok)) if not ok.all() else room
        return room

    def rotated(self, run: Run) -> Run:
        """The run, perhaps begun a few instructions later, if it then carries fewer lanes."""
        p, start = run.period, run.start
        end = start + p * run.count
        readers = np.repeat(np.arange(start, end), np.diff(self.starts[start : end + 1]))
        made = self.made[self.starts[start] : self.starts[end]] - start
        own = (made >= 0) & (made < p)
        until = np.arange(start, start + p)
        np.maximum.at(until, made[own], readers[own])
        lanes = np.zeros(p, np.int64)
        for place, last in enumerate((until - start).tolist()):
            for boundary in range(place + 1, min(last, place + p) + 1):
                lanes[boundary % p] += self.sizes[start + place]
        # Only the instructions left over after the last iteration make room for a later start.
        room = self._room(run)
        least = np.flatnonzero(lanes[: room + 1] == lanes[: room + 1].min())
        later = [replace(run, start=start + int(n)) for n in least]
        return min(later, key=self._odd)

    def _odd(self, run: Run) -> int:
        """How many operands of the first iteration are unlike those of the second, both of arrays
        made before: these would have to be put together for the loop."""
        first, second = (
            self.made[self.starts[at] : self.starts[at + run.period]]
            for at in (run.start, run.start + run.period)
        )
        return int(((first != second) & (first < run.start) & (second < run.start)).sum())


def _key(i: Instruction) -> Any:
    shapes = tuple(v.shape for v in i.operands)
    if isinstance(i, Map):
        return Map, i.op, i.out.shape, i.out.kind, shapes
    if isinstance(i, Reduce):
        return Reduce, i.op, i.start, i.out.shape, i.out.kind, shapes
    if isinstance(i, Contract):
        return Contract, i.labels, i.out.shape, i.out.kind, shapes
    if isinstance(i, Collect):
        return Collect, i.out.shape, i.out.kind, tuple(place.key[1:] for place in i.places), shapes
    if isinstance(i, Take):
        return Take, i.out.shape, i.out.kind, shapes
    return i  # a loop is like no other

"""Processes that run cases. One that dies, or does not come to an end, is a finding of its case."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

Result = tuple[float | None, str]
"""The figure of a case, and what it found; "" if nothing."""

CONTEXT = multiprocessing.get_context("spawn")


def attempts(
    attempt: Callable[[int], Result], cases: Iterable[int], processes: int, limit: float
) -> Iterator[tuple[int, Result]]:
    """Each case with its result, in the order in which they end.

    ``attempt`` is called in one of this many processes, for at most ``limit`` seconds. When the
    iterator is closed, no process is left, not even one that a case started.
    """
    waiting = iter(cases)
    workers: list[Worker] = []
    try:
        for i in itertools.islice(waiting, processes):
            workers.append(Worker(attempt, limit))
            workers[-1].begin(i)
        while workers:
            soonest = min(worker.until for worker in workers)
            wait([worker.pipe for worker in workers], max(0.0, soonest - time.monotonic()))
            for worker in [worker for worker in workers if worker.is_done()]:
                yield worker.case, worker.result()
                following = next(waiting, None)
                if following is None:
                    worker.end()
                    workers.remove(worker)
                else:
                    worker.begin(following)
    finally:
        for worker in workers:
            worker.end()


class Worker:
    """Runs one case after the other in a process, and in a new one if that has died."""

    def __init__(self, attempt: Callable[[int], Result], limit: float) -> None:
        self.attempt, self.limit = attempt, limit
        self.process: SpawnProcess | None = None

    def begin(self, case: int) -> None:
        """Begin with a case."""
        if not self.process:
            self.pipe, theirs = CONTEXT.Pipe()
            self.process = CONTEXT.Process(target=_serve, args=(self.attempt, theirs))
            self.process.start()
            theirs.close()
            self.pipe.recv()  # it is ready; that does not count as time of the case
        self.case, self.until = case, time.monotonic() + self.limit
        with contextlib.suppress(ConnectionError):  # it has died meanwhile, which result() says
            self.pipe.send(case)

    def is_done(self) -> bool:
        """Whether there is a result: of the case, or that it has none."""
        return self.pipe.poll() or time.monotonic() >= self.until

    def result(self) -> Result:
        """Of the case: what the process says, or that it died, or that its time is over."""
        if not self.pipe.poll():
            self.end()
            return None, f"no end within {self.limit:g} s"
        try:
            return self.pipe.recv()
        except (EOFError, ConnectionError):
            return None, f"its process died: {self.end()}"

    def end(self) -> str:
        """End the process, and those that it started, whatever they do. How it had ended."""
        if not self.process:
            return ""
        self.pipe.close()
        self.process.join(0.5)  # one that waits for a case ends by itself
        with contextlib.suppress(ProcessLookupError):  # it has no session yet, or nobody is left
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        code, self.process = self.process.exitcode, None
        return f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def _serve(attempt: Callable[[int], Result], pipe: Connection) -> None:
    os.setsid()  # Ctrl-C is for the battery alone, and what this starts can be ended with it
    pipe.send(None)
    with contextlib.suppress(EOFError, ConnectionError):  # the battery is gone
        while True:
            pipe.send(attempt(pipe.recv()))

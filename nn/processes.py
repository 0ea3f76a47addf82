"""Several processes that train together, on one machine or on many: JAX connects them."""

from __future__ import annotations

import atexit
import ctypes
import os
import re
import signal
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from autograd.extras import library
from autograd.given import shown, whole
from autograd.real import as_float

if TYPE_CHECKING:
    from autograd.compiler.stages.trace import Trace
    from nn.optim import Optimizer

# A process that is silent for so long is lost; JAX would wait for 100.
HEARTBEAT_SECONDS = 10

# How long a process that is done waits for the others; JAX would wait for 300.
SHUTDOWN_SECONDS = 20

MOST_PROCESSES, MOST_SECONDS = 1_000_000, 1_000_000
"""JAX takes both as numbers of 32 bits."""

LOST = "another process was lost, so this one ends too: start again on those that are left"


@contextmanager
def connected(
    coordinator: str, process: int, processes: int, seconds: float = 60
) -> Iterator[None]:
    """Inside, this process trains together with others: ``fit(..., backend="jax", devices=n)``
    takes an equal part of the n devices from each.

    Each process runs the same program, with the same seeds and data, and learns the same. Call it
    before anything else that uses JAX. Only one of them should print and write files:

    >>> with connected("10.0.0.1:5000", process, processes=2):  # doctest: +SKIP
    ...     history = fit(loss, X, T, optimizer, batch_size=64, backend="jax", devices=2)
    >>> if process == 0:  # doctest: +SKIP
    ...     save_checkpoint("model.safetensors", model)

    If a process is lost, ``fit`` raises ConnectionError in the others. Sometimes JAX ends them
    first. It always ends those that wait if not all have come in time. Then the last line of the
    standard error says why, and the exit status is 1.

    Args:
        coordinator: the machine of process 0 and a free port there, as HOST:PORT.
        process: which one this is, from 0.
        processes: how many there are.
        seconds: how long to wait until all have come.

    Raises:
        ModuleNotFoundError: JAX is not installed.
        ValueError: no such address, no such process, or no such time.
        ConnectionError: process 0 cannot have the port: another program has it, for example.
        RuntimeError: JAX was used before.
    """
    processes, process = _numbers(processes, process)
    _check_address(coordinator)
    seconds = as_float(seconds, "seconds")
    if not 0 < seconds <= MOST_SECONDS:
        raise ValueError(f"seconds must be above 0, at most {MOST_SECONDS:,}; got {seconds:g}")
    jax = library("jax", "connected")
    if not process:
        _check_port(int(coordinator.rpartition(":")[2]))
    missing = "the coordinator, process 0," if process else f"one of the {processes} processes"
    words = _LastWords(f"{missing} did not come to {coordinator} within {seconds:g} seconds")
    _last_words.append(words)
    try:
        jax.distributed.initialize(
            coordinator, processes, process,
            initialization_timeout=max(1, round(seconds)),
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
            shutdown_timeout_seconds=SHUTDOWN_SECONDS,
        )  # fmt: skip
    except Exception:
        words.withdraw()
        raise
    words.sentence = LOST
    try:
        yield
    except ConnectionError:
        words.known = True
        atexit.register(_leave)  # or JAX would wait for the lost one before it ends this process
        raise
    jax.distributed.shutdown()
    words.withdraw()


def _numbers(processes: Any, process: Any) -> tuple[int, int]:
    """How many processes there are, and which one this is."""
    processes, process = whole(processes, "processes", 1), whole(process, "process", 0)
    if process >= processes:
        raise ValueError(
            f"process {shown(process)} is not one of {shown(processes)}: they are counted from 0"
        )
    if processes > MOST_PROCESSES:
        raise ValueError(f"processes must be at most {MOST_PROCESSES:,}; got {shown(processes)}")
    return processes, process


_HOST = re.compile(r"[\w.%:\[\]-]+")


def _check_address(coordinator: object) -> None:
    host, _, port = coordinator.rpartition(":") if isinstance(coordinator, str) else ("", "", "")
    digits = port.isascii() and port.isdigit() and len(port) <= 5
    if not (_HOST.fullmatch(host) and digits and 0 < int(port) < 1 << 16):
        raise ValueError(f"a coordinator is HOST:PORT, as 10.0.0.1:5000; got {shown(coordinator)}")


def _check_port(port: int) -> None:
    """Take the port for a moment, because JAX crashes where it cannot have it."""
    import socket

    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        socket.create_server(("", port), family=family, dualstack_ipv6=both).close()
    except OSError as error:
        raise ConnectionError(
            f"process 0 cannot listen at port {port} of its machine "
            f"({os.strerror(error.errno or 0)}): give all processes another port"
        ) from None


def check_the_same(
    agreed: Callable[[list[float]], Sequence[float]], arrays: dict[str, Any]
) -> None:
    """Make sure that all processes give the same arrays.

    Args:
        agreed: gives for each number the largest of all processes.
        arrays: under their names in the plural.

    Raises:
        ValueError: they do not.
    """
    sums = [zlib.crc32(repr(a.shape).encode() + a.tobytes()) for a in arrays.values()]
    found = agreed([*sums, *(-each for each in sums)])
    for name, most, least in zip(arrays, found, found[len(sums) :]):
        if most != -least:
            raise ValueError(
                f"the processes have different {name}: run the same program in each, with the same "
                "data and seeds"
            )


def described(loss: Trace, optimizer: Optimizer) -> Any:
    """What a training computes besides the numbers of parameters and rows, as an array of bytes:
    the operations of the loss and its constants; kind and settings of the optimiser."""
    import numpy as np

    from autograd.compiler.stages.trace import CONSTANT, LEAF

    constants = loss.numbers[(loss.kinds == CONSTANT) & (loss.codes == LEAF)]
    arrays = loss.codes, loss.starts, loss.inputs, loss.outputs, constants
    memories = optimizer.memories
    settings = {n: x for n, x in optimizer.state_dict().items() if n not in memories}
    texts = repr([op.name for op in loss.ops]), type(optimizer).__name__, repr(settings)
    parts = [*(text.encode() for text in texts), *(a.tobytes() for a in arrays)]
    return np.frombuffer(b"".join(parts), np.uint8)


class _LastWords:
    """A sentence for this process to say if JAX aborts it, as it does where another is lost.

    JAX aborts in C++, in a thread of its own, where Python's handlers of signals never run. A
    function of C can run there, and ctypes makes one of ours.

    Attributes:
        sentence: what to say.
        known: whether the program says it itself, and is about to end.
    """

    def __init__(self, sentence: str) -> None:
        self.sentence, self.known = sentence, False
        self._aborted = ctypes.CFUNCTYPE(None, ctypes.c_int)(self.say)
        self._install = ctypes.CDLL(None).signal
        self._install.restype = ctypes.c_void_p
        self._before = self._install(int(signal.SIGABRT), self._aborted)

    def say(self, signum: int) -> None:
        """Say it, and end the process."""
        if self.known:
            time.sleep(SHUTDOWN_SECONDS)
        os.write(2, f"{self.sentence}\n".encode())
        os._exit(1)

    def withdraw(self) -> None:
        """From now on say nothing."""
        self._install(int(signal.SIGABRT), ctypes.c_void_p(self._before))


_last_words: list[_LastWords] = []
"""Kept, because C calls them when it likes."""


def _leave() -> None:
    """End the process at once."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)

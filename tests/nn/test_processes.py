"""Processes that train together, without JAX: addresses and last words."""

import atexit
import os
import socket
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from autograd import Value, compile
from nn import SGD, Adam, connected, half_squared_error, mean_squared_error, processes


@pytest.fixture
def calls(monkeypatch):
    """What a JAX that does nothing is asked for."""
    calls = []
    jax = SimpleNamespace(
        initialize=lambda *given, **named: calls.append((given, named)),
        shutdown=lambda: calls.append("shutdown"),
    )
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(distributed=jax))
    monkeypatch.setattr(processes, "_last_words", [])
    return calls


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_processes_meet_and_part(calls, port):
    address = f"127.0.0.1:{port}"
    with connected(address, 0, 2, seconds=7):
        ((given, named),) = calls
        assert given == (address, 2, 0)
        assert named == {
            "initialization_timeout": 7,
            "heartbeat_timeout_seconds": 10,
            "shutdown_timeout_seconds": 20,
        }
    assert calls[1:] == ["shutdown"]


def test_where_they_cannot_meet_nothing_is_left_to_say(calls, monkeypatch):
    def initialize(*given, **named):
        raise RuntimeError("JAX was used before")

    withdraw = processes._LastWords.withdraw
    monkeypatch.setattr(sys.modules["jax"].distributed, "initialize", initialize)
    monkeypatch.setattr(processes._LastWords, "withdraw", lambda w: calls.append(withdraw(w)))
    with pytest.raises(RuntimeError, match="used before"):
        connected("a:5000", 1, 2).__enter__()
    assert len(calls) == 1


@pytest.mark.parametrize("both", [True, False])
def test_a_port_that_another_program_has(calls, monkeypatch, both):
    if not both:
        monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            ConnectionError, match=f"^process 0 cannot listen at port {port} .* use"
        ):
            connected(f"127.0.0.1:{port}", 0, 2).__enter__()
        assert not calls
        with connected(f"127.0.0.1:{port}", 1, 2):
            assert len(calls) == 1


def test_seconds_are_one_number(calls):
    with pytest.raises(TypeError, match=r"^seconds: expected one real number .* got str '60'"):
        connected("a:5000", 0, 2, "60").__enter__()
    assert not calls


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("10.0.0.1", 0, 2), "^a coordinator is HOST:PORT, as 10.0.0.1:5000; got '10.0.0.1'$"),
        ((5000, 0, 2), "^a coordinator is HOST:PORT"),
        (("a:70000", 0, 2), "^a coordinator is HOST:PORT"),
        (("a:5000", 2, 2), "^process 2 is not one of 2: they are counted from 0$"),
        (("a:5000", 10**5000, 2), "^process about 10.5000 is not one of 2"),
        (("\x1b[31ma:5000", 0, 2), r"^a coordinator is HOST:PORT, .*; got '\\x1b\[31ma:5000'$"),
        (("a b:5000", 0, 2), "^a coordinator is HOST:PORT"),
        (("a:5000", 0, 0), "^processes must be at least 1; got 0$"),
        (("a:5000", 0, 10**12), "^processes must be at most 1,000,000; got 10*$"),
        (("a:" + "1" * 5000, 0, 2), "^a coordinator is HOST:PORT"),
        (("a:5000", 0, 2, 0), "^seconds must be above 0, at most 1,000,000; got 0$"),
        (("a:5000", 0, 2, float("nan")), "^seconds must be .*; got nan$"),
        (("a:5000", 0, 2, 1e9), "^seconds must be .*; got 1e\\+09$"),
    ],
)
def test_no_such_process(calls, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        connected(*given).__enter__()


class Ended(Exception):
    """In the place of the process's end."""


def test_a_process_that_was_lost(calls, monkeypatch):
    registered, written, slept = [], [], []

    def end(status):
        raise Ended(status)

    monkeypatch.setattr(atexit, "register", registered.append)
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(os, "write", lambda file, content: written.append((file, content)))
    monkeypatch.setattr(processes.time, "sleep", slept.append)
    inside = connected("127.0.0.1:5000", 1, 2)
    inside.__enter__()
    (words,) = processes._last_words
    with pytest.raises(Ended, match="1"):
        words.say(6)
    assert written == [(2, f"{processes.LOST}\n".encode())]
    error = ConnectionError("lost")
    assert not inside.__exit__(ConnectionError, error, None)
    assert "shutdown" not in calls
    (leave,) = registered
    with pytest.raises(Ended, match="1"):
        leave()
    assert not slept
    with pytest.raises(Ended):
        words.say(6)  # only if the program does not end meanwhile
    assert slept == [processes.SHUTDOWN_SECONDS]
    words.withdraw()


def test_what_all_processes_must_give():
    arrays = {"orders": np.array([1, 2, 3]), "rows": np.array([[1.0, 2.0]])}
    processes.check_the_same(lambda numbers: numbers, arrays)

    def agreed(numbers):  # with another that has other rows
        return [*numbers[:1], numbers[1] + 5, *numbers[2:]]

    with pytest.raises(ValueError, match=r"^the processes have different rows: run the same"):
        processes.check_the_same(agreed, arrays)


def test_how_a_training_is_described():
    def made(loss=half_squared_error, optimizer=SGD, lr=0.1):
        w = Value(2.0)
        trace = (
            compile(lambda x: loss(w * x[0], 3.0), backend="numpy").recording([1], [[0.5]]).trace
        )
        return processes.described(trace, optimizer([w], lr=lr)).tobytes()

    others = [made(mean_squared_error), made(lr=0.2), made(optimizer=Adam)]
    assert made() == made()
    assert len({made(), *others}) == 4

"""Several processes on one machine that train together: what they learn, share and refuse."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import nn
from nn import SGD, processes
from tests.nn.test_jax_training import trained

if not os.environ.get("CI"):
    pytest.importorskip("jax")
pytestmark = pytest.mark.slow  # each process imports JAX, and XLA compiles there

LOST = (
    "another process of this training was lost: start again on those that are left, from the last "
    "checkpoint if there is one"
)
ROOT = Path(__file__).parents[2]


def momentum(p):
    return SGD(p, lr=0.1, momentum=0.9)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(*arguments, devices=1):
    """A process with this many devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    environment = {
        **os.environ,
        "XLA_FLAGS": flags,
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, *arguments], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def both(program, devices=1):
    """What two processes print with the same program, which knows ``process`` and ``address``."""
    address = f"127.0.0.1:{free_port()}"
    running = [
        started("-c", f"process, address = {i}, {address!r}\n{program}", devices=devices)
        for i in range(2)
    ]
    return [(*process.communicate(timeout=400), process.returncode) for process in running]


TWO = textwrap.dedent(
    """
    import json
    import re
    import jax
    import numpy as np
    from nn import SGD, connected, half_squared_error, mean_squared_error
    from tests.nn.test_jax_processes import momentum
    from tests.nn.test_jax_training import trained

    with connected(address, process, processes=2):
        texts, jit = [], jax.jit
        def watched(function, *args, **named):
            made = jit(function, *args, **named)
            def call(*given):
                compiled = made.lower(*given).compile()
                texts.append(compiled.as_text())
                return compiled(*given)
            return call
        jax.jit = watched
        learned, history = trained(momentum, backend="jax", devices=4)
        jax.jit = jit
        print(json.dumps([learned, history.losses]))

        kinds = r"= (.*?) (all-reduce|all-gather|all-to-all|reduce-scatter|collective-\\S*?)\\("
        trainings = [text for text in texts if "while" in text]
        found = [f for text in trainings for f in re.findall(kinds, text)]
        assert {kind for _, kind in found} == {"all-reduce"}, found
        for shapes, _ in found:  # of one step: each array of parameters, and the loss
            sizes = [s.split(",") if s else [] for s in re.findall(r"f64\\[(.*?)\\]", shapes)]
            reduced = sum(int(np.prod([int(n) for n in s])) for s in sizes)
            assert reduced == len(learned) + 1, shapes

        def refused(**options):
            try:
                trained(**{"optimiser": momentum, "backend": "jax", "devices": 4, **options})
            except ValueError as error:
                print(error)

        refused(devices=8)
        refused(devices=3, batch_size=15)
        refused(shuffle=process)
        refused(epochs=1 + process)
        refused(batch_size=8 + 8 * process)
        refused(seed=process)
        rates = [lambda p: SGD(p, lr=0.1), lambda p: SGD(p, lr=0.2)]
        refused(optimiser=rates[process])
        refused(loss=[half_squared_error, mean_squared_error][process])
    print("done")
    """
)


def test_two_processes_learn_what_one_device_learns_and_share_gradients_alone():
    one, history = trained(momentum, backend="jax")
    for out, errors, status in both(TWO, devices=2):
        assert status == 0, errors[-3000:]
        lines = [line for line in out.splitlines() if not line.startswith("[Gloo]")]
        numbers, few, uneven, *unlike, done = lines
        np.testing.assert_allclose(json.loads(numbers)[0], one, rtol=1e-12)
        np.testing.assert_allclose(json.loads(numbers)[1], history.losses, rtol=1e-12)
        assert "JAX has 2 of these 4 devices in each of 2 processes" in few
        assert uneven.startswith("3 devices cannot be taken in equal parts from 2 processes")
        assert [re.match("the processes have different (.*?):", line)[1] for line in unlike] == [
            "orders of the rows",
            "numbers of rows or epochs",
            "batch sizes",
            "parameters",
            "losses or optimizers",
            "losses or optimizers",
        ]
        assert done == "done"


LETTERS = textwrap.dedent(
    """
    import sys
    from demos.__main__ import main
    from demos.letters import demo, training
    demo.MOST_TESTED, demo.show_pictures = 200, lambda *given: []  # not what is tested
    training.SECONDS_BETWEEN_CHECKPOINTS = 0.0  # after every block
    sys.exit(main(["letters", "--letters", "12000", "--context", "3", "--embedding", "0",
                   "--hidden", "8", "--epochs", "6", *sys.argv[1:]]))
    """
)


def letters(out, checkpoint, *more):
    files = ["--out", str(out), "--checkpoint", str(checkpoint)]
    return started("-c", LETTERS, *files, *more)


def learned(checkpoint):
    notes = nn.load_checkpoint(checkpoint)
    return np.array(notes["progress"]["losses"])


def test_a_killed_worker_is_said_and_the_training_continues_without_it(tmp_path):
    cut, whole = tmp_path / "cut.safetensors", tmp_path / "whole.safetensors"
    several = ["--devices", "2", "--processes", "2", "--coordinator", f"127.0.0.1:{free_port()}"]
    first, second = (letters(tmp_path, cut, *several, "--process", str(i)) for i in range(2))
    end = time.monotonic() + 300
    while not cut.exists() and time.monotonic() < end and first.poll() is None:
        time.sleep(0.05)
    second.kill()
    killed = time.monotonic()
    _, errors = first.communicate(timeout=300)
    assert time.monotonic() - killed < 30
    assert first.returncode == 1
    assert errors == f"python -m demos: {LOST}\n"
    second.communicate()

    before = len(learned(cut))
    again, uninterrupted = letters(tmp_path, cut, "--resume"), letters(tmp_path, whole)
    for process in again, uninterrupted:
        _, errors = process.communicate(timeout=300)
        assert (process.returncode, errors) == (0, "")
    np.testing.assert_allclose(learned(cut), learned(whole), rtol=1e-4)
    assert 0 < before < len(learned(cut))


def test_a_coordinator_that_does_not_answer():
    """JAX ends the process in C++, and our sentence is the last of what is written."""
    address = f"127.0.0.1:{free_port()}"
    program = f"from nn import connected\nwith connected({address!r}, 1, 2, seconds=2): pass"
    process = started("-c", program)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    last = f"the coordinator, process 0, did not come to {address} within 2 seconds"
    assert errors.splitlines()[-1] == last


def test_a_coordinator_that_dies_is_said_by_the_others():
    program = textwrap.dedent(
        """
        import os, signal, time
        from nn import connected
        with connected(address, process, processes=2):
            if process == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(300)
        """
    )
    (_, _, killed), (_, errors, status) = both(program)
    assert (killed, status) == (-signal.SIGKILL, 1)
    assert errors.splitlines()[-1] == processes.LOST

"""One gradient, bit for bit: in every process, under every hash seed, on every Python here."""

import functools
import os
import random
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.battery import Row

ROOT = Path(__file__).parents[3]
THREADS = 4

# It needs no library, so that any Python can run it.
PROGRAM = """
import hashlib, random, struct, sys, threading
heap = [bytearray(int(n)) for n in sys.argv[1].split(",")]  # so that objects lie elsewhere
from autograd import Value, grad, logsumexp, softmax
from nn import MLP, SGD, cross_entropy, half_squared_error

def gradient():
    model = MLP(3, [5, 4, 2], seed=7)
    X = [[0.1 * i, -0.3 * i, 0.7] for i in range(6)]
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    for x in X * 2:
        optimizer.zero_grad()
        half_squared_error(model(x), [0.5, -0.5]).backward()
        optimizer.step()
    parts = {str(i): cross_entropy(model(x), i % 2) for i, x in enumerate(X)}
    y = logsumexp(model(X[1])) + softmax(model(X[2]))[0]
    y = sum([parts[name] for name in NAMES(parts)], y)
    for p in model.parameters():
        p.grad = 0.0
    y.backward()
    second = grad(sum(grad(y, model.parameters(), create_graph=True)), model.parameters())
    numbers = [p.grad for p in model.parameters()] + [v.data for v in second]
    return hashlib.sha256(struct.pack(f"<{len(numbers)}d", *numbers)).hexdigest()

found = []
threads = [threading.Thread(target=lambda: found.append(gradient())) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(" ".join(sorted(set(found))), len(found))
"""
names = ["list"]
"""What goes through the names: ``set`` would have the order of their hashes."""


@functools.cache
def pythons():
    """This Python, and the others from 3.10 on that the machine has."""
    found = {sys.version_info[:2]: sys.executable}
    places = [shutil.which(f"python3.{minor}") for minor in range(10, 15)]
    places += (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python3")
    for place in filter(None, places):
        ask = [place, "-c", "import sys; print(*sys.version_info[:2])"]
        version = subprocess.run(ask, capture_output=True, text=True).stdout.split()
        if version and (key := tuple(map(int, version))) >= (3, 10):
            found.setdefault(key, place)
    return [found.pop(sys.version_info[:2]), *found.values()]


def digest(i):
    """What a process of its own gives, with its own seed of hashes and its own heap."""
    drawn = random.Random(i)
    heap = ",".join(str(drawn.randrange(1 << drawn.randrange(2, 21))) for _ in range(200))
    program = PROGRAM.replace("NAMES", names[0]).replace("THREADS", str(THREADS))
    python = pythons()[i % len(pythons())]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(i % 1000)}
    done = subprocess.run(
        [python, "-c", program, heap], env=environment, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr[-500:]
    return done.stdout


@functools.cache
def first():
    """The gradient of the first process that asks."""
    return digest(0)


def case(i):
    """A process with four threads gives what the first gave, and each thread the same."""
    found = digest(i)
    assert found == first(), f"{pythons()[i % len(pythons())]}: {found} for {first()}"
    assert found.split()[1:] == [str(THREADS)], "the threads differ"


@contextmanager
def wrong():
    """A sum in the order of a set of names, which differs with the seed of their hashes."""
    names[0] = "set"
    first.cache_clear()
    try:
        yield
    finally:
        names[0] = "list"
        first.cache_clear()


ROW = Row(
    title=f"one gradient vector, first and second order, bit for bit, in processes of {THREADS} "
    "threads with other hash seeds, heaps and Pythons",
    case=case,
    full=4_000,
    hours=0.3,
    quick=2,
    wrong=wrong,
    unit="processes",
    slow=True,
)

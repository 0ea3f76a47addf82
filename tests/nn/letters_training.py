"""A light training that saves after every block, to be killed.

``python letters_training.py`` reads names of checkpoints, one a line. For each it starts a training
in a process of its own, whose number it prints; and when it has read another line, how that ended:
what ``os.waitpid`` says.
All that a training needs is loaded once, so that hundreds of them start in a moment.
"""

import os
import random
import sys

import safetensors.numpy  # noqa: F401

import nn


def train(path, blocks=60):
    """Train from the checkpoint, if there is one, to the end."""
    model = nn.MLP(2, [3, 1], seed=1)
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    stream = random.Random(1)
    try:
        done = nn.load_checkpoint(path, model, optimizer, stream)["blocks"]
    except FileNotFoundError:
        done = 0

    def loss(x, t):
        return nn.half_squared_error(model(x), t)

    for block in range(done, blocks):
        X = [[stream.gauss(0, 1), stream.gauss(0, 1)] for _ in range(4)]
        T = [[0.5 if a * b > 0 else -0.5] for a, b in X]
        nn.fit(loss, X, T, optimizer, shuffle=stream, progress=False, compile=False)
        nn.save_checkpoint(path, model, optimizer, stream, {"blocks": block + 1})


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            train(line.rstrip("\n"))
            os._exit(0)
        print(child, flush=True)
        sys.stdin.readline()
        print(os.waitpid(child, 0)[1], flush=True)

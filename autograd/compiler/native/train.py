"""Training as source: a step of an optimiser after each batch of rows, or after each row.

The texts of the steps are second copies of the updates in ``nn.optim``; ``test_native`` holds them
equal.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.native.loops import Lines, indented
from autograd.compiler.native.source import Source

ADAM = [
    "g = G[j] * scale + decay * P[j]",
    "means[j] = keep_mean * means[j] + (1.0 - keep_mean) * g",
    "squares[j] = keep_square * squares[j] + (1.0 - keep_square) * g * g",
    "rms = math.sqrt(squares[j] / bias_square)",
    "P[j] -= lr * (means[j] / bias_mean) / (rms + eps)",
]
"""The step of parameter j."""

STEPS = {
    "descent": [
        "step = settings[0] * scale",
        "for j in range(P.shape[0]):",
        "    P[j] -= step * G[j]",
    ],
    "momentum": [
        "velocity = memories[0]",
        "lr, keep, decay = settings[0], settings[1], settings[2]",
        "for j in range(P.shape[0]):",
        "    velocity[j] = keep * velocity[j] + (G[j] * scale + decay * P[j])",
        "    P[j] -= lr * velocity[j]",
    ],
    "adam": [
        "lr, keep_mean, keep_square, eps, decay = settings[0], settings[1], settings[2], "
        "settings[3], settings[4]",
        "steps, means, squares = memories[0], memories[1], memories[2]",
        "if steps.shape[0] > 0:",
        "    uneven = 0.0",
        "    for j in range(P.shape[0]):",
        "        uneven += abs(steps[j] - steps[0])",
        "        steps[j] += 1.0",
        "    if uneven == 0.0:",
        "        bias_mean = 1.0 - keep_mean ** steps[0]",
        "        bias_square = 1.0 - keep_square ** steps[0]",
        "        for j in range(P.shape[0]):",
        *indented(indented(indented(ADAM))),
        "    else:",
        "        for j in range(P.shape[0]):",
        "            bias_mean = 1.0 - keep_mean ** steps[j]",
        "            bias_square = 1.0 - keep_square ** steps[j]",
        *indented(indented(indented(ADAM))),
    ],
}
"""How each optimiser moves parameters, with the settings and memories of nn.optim in order."""

NAMES = ["G", "memories", "settings", "frozen", "order", "start", "stop", "batch", "epoch"]

# The product of two numbers whose squares are below is finite.
LARGEST_SQUARE = "1e300"


def train_lines(source: Source, optimizer: str) -> Lines:
    """A step after each batch.

    It returns where it stopped: at ``stop``, or at the start of a batch that has a row whose guard
    fails, or a loss or a gradient that is not finite. That batch has changed nothing.
    """
    return [
        *source.setup,
        "position = start",
        "while position < stop:",
        "    end = min(position + batch, (position // epoch + 1) * epoch)",
        "    scale = 1.0 / (end - position)",
        "    total = 0.0",
        "    for j in range(G.shape[0]):",
        "        G[j] = 0.0",
        *indented([*source.clear, *source.before]),
        "    first = position",
        "    while first < end:",
        *indented(indented(_block(source, "first"))),
        "        if failing != 0.0 or not math.isfinite(error):",
        "            return position",
        "        total += error",
        "        first += rows",
        *indented(indented(source.updates)),
        *indented(source.after),
        "    # nan if some gradient is not finite",
        "    finite = 0.0",
        "    for j in range(G.shape[0]):",
        "        finite += G[j] * 0.0",
        "    if finite != 0.0:",
        "        return position",
        *indented(STEPS[optimizer]),
        "    for j in frozen:",
        "        P[j] = before[j]",
        "    errors[position // epoch] += total",
        "    position = end",
        "return position",
    ]


def descend_lines(source: Source) -> Lines:
    """A step of descent after each row, while its gradients are made.

    Before that, the factors of the gradients must be finite, and not so large that a product
    could be infinite.
    """
    sizes = []
    for name, first, size in source.factors:
        if not size:
            sizes.append(f"squares += {name} * {name}")
            continue
        lane = f"{first} + j" if first else "j"
        sizes += [f"for j in range({size}):", f"    squares += {name}[{lane}] * {name}[{lane}]"]
    return [
        *source.setup,
        "rate = settings[0]",
        "position = start",
        "while position < stop:",
        *indented(_block(source, "position")),
        "    if failing != 0.0 or not math.isfinite(error):",
        "        return position",
        "    squares = 0.0",
        *indented(sizes),
        f"    if not squares < {LARGEST_SQUARE}:",
        "        return position",
        *indented(source.updates),
        "    errors[position // epoch] += error",
        "    position += 1",
        "return position",
    ]


def _block(source: Source, first: str) -> Lines:
    """The next rows: loaded, and their results, gradients and sum of errors computed."""
    form = source.form
    lines = ["error = 0.0", "failing = 0.0"]
    if form.rows is None:
        lines += ["rows = 1", f"n = order[{first}]", *one_row(source.widths)]
        if first == "position":
            lines += [*source.clear, *source.before]
    else:
        lines.append(f"rows = min({form.rows}, end - {first})")
        for number in source.copied:
            lines += copied(source, number, f"order[{first} + n]")
    return [*lines, *source.load, *source.row]


def one_row(widths: Sequence[int]) -> Lines:
    """The arguments of row ``n``."""
    return [f"A{k} = X{k}[n * {w}:n * {w} + {w}]" for k, w in enumerate(widths)]


def copied(source: Source, number: int, row: str) -> Lines:
    """Rows of an argument in scratch memory; turned, if the rows are last."""
    width = source.widths[number]
    target = f"k * {source.form.rows} + n" if source.form.last else f"n * {width} + k"
    return [
        "for n in range(rows):",
        f"    x = X{number}[({row}) * {width}:({row}) * {width} + {width}]",
        f"    for k in range({width}):",
        f"        A{number}[{target}] = x[k]",
    ]

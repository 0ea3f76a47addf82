"""Build your own: an activation, a recurrent network and a convolution, in a few lines each."""

from __future__ import annotations

import argparse
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograd import Op, Value, derivative_formula, exp, gradcheck, no_grad
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from nn import Adam, Neuron, fit, mean_squared_error, training_page

SUMMARY = "an activation, a recurrent network and a convolution of your own"

# A complete new operation: its value, and its derivative by its one input. It is 1 at 0, falls
# below 0 on both sides and returns to 0. It is the Mexican hat of wavelet theory, minus the second
# derivative of e^(-x²/2). Only operations that are used by name need to be registered.
hat = Op(
    "hat",
    lambda x: (1 - x * x) * exp(-x * x / 2),
    lambda y, x: (x * (x * x - 3) * exp(-x * x / 2),),
    registered=False,
)

# Two answers within the reach of hat: its top, and a value near its lowest.
YES, NO = 1.0, -0.4
MIDDLE = (YES + NO) / 2

ATTEMPTS = 50
GOOD = 0.01
Trained = tuple[Neuron, float]  # a neuron and its loss


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Build and train all three, and draw them."""
    print("1. A new activation is one Op: hat(x) = (1 - x²) e^(-x²/2)")
    print(f"  The derivative given in the Op:  {derivative_formula(hat)}")
    points = [-3.0, -1.0, 0.0, 0.5, 2.0]
    agrees = all(gradcheck(hat, [x]) for x in points)
    print(f"  It {'agrees with' if agrees else 'differs from'} finite differences at {points}.")
    neuron, attempts = learn(train_xor, options.seed)
    print("  A single tanh neuron cannot learn exclusive or. A single hat neuron can:")
    for a, b in itertools.product((-1.0, 1.0), repeat=2):
        output = answer(neuron, [a, b])
        print(f"    {a:>2.0f} xor {b:>2.0f}: {output:>7.3f}   target {xor(a, b):>4}")
    print(f"  Random starts tried: {attempts}")
    print(f"  page: {xor_page(options.out / 'build_your_own.html')}")
    print("  Watch it learn there. From seed 1 it gets stuck; from seed 2 it learns.")
    print()

    print("2. A recurrent network is a loop: a neuron's output becomes one of its inputs.")
    cell, attempts = learn(train_parity, options.seed)
    weights = ", ".join(f"{w.data:.2f}" for w in cell.parameters())
    bits = 30 if options.quick else 100
    right = parity_score(cell, 50, bits, random.Random(options.seed))
    print("  It reads bits, and says after each whether the count of ones so far is odd.")
    print("  A single hat neuron has learned this from the 8 sequences of 3 bits. Its two")
    print(f"  weights and its bias: {weights}. Random starts tried: {attempts}")
    print(f"  Of 50 sequences of {bits} bits, it is right after every bit in {right:.0%}.")
    print()

    print("3. A convolution is a loop: one neuron moves along a signal.")
    kernel = learn_edges(options.seed)
    found = edge_score(kernel, 200, random.Random(options.seed + 1))
    weights = ", ".join(f"{w.data:+.2f}" for w in kernel.weights)
    print("  The neuron was trained on noisy signals to tell where they jump up or down. It")
    print("  has learned to subtract neighbours, as a derivative does. Its weights:")
    print(f"    {weights}")
    print(f"  On 200 new signals it is right at {found:.1%} of all places.")
    pictures = plots.save_all(
        lambda: draw_activation(neuron, options.out / "build_your_own_activation.png"),
        lambda: draw_parity(cell, options.seed, options.out / "build_your_own_recurrent.png"),
        lambda: draw_edges(kernel, options.seed, options.out / "build_your_own_convolution.png"),
    )
    caption = "One hat neuron and exclusive or: from seed 1 it gets stuck, from seed 2 it learns."
    return [Exhibit(options.out / "build_your_own.html", caption), *pictures]


def answer(neuron: Neuron, x: Sequence[float]) -> float:
    """The output of a neuron as a number."""
    with no_grad():
        return neuron(list(x)).data


def learn(train: Callable[[random.Random], Trained], seed: int) -> tuple[Neuron, int]:
    """Train from new random weights until the loss is small.

    Such small networks often end in a local minimum.

    Returns:
        The neuron, and the number of attempts.
    """
    stream = random.Random(seed)
    neuron, loss = train(stream)
    attempts = 1
    while loss > GOOD and attempts < ATTEMPTS:
        neuron, loss = train(stream)
        attempts += 1
    return neuron, attempts


# --- 1. one neuron learns exclusive or ---


def xor(a: float, b: float) -> float:
    """The target of the neuron."""
    return YES if a != b else NO


def xor_rows() -> tuple[list[list[float]], list[list[float]]]:
    """All pairs of -1 and 1, and the target of each."""
    X = [list(pair) for pair in itertools.product((-1.0, 1.0), repeat=2)]
    return X, [[xor(a, b)] for a, b in X]


def train_xor(stream: random.Random) -> Trained:
    """Train a hat neuron on exclusive or."""
    neuron = Neuron(2, activation=hat, seed=stream)
    history = fit(
        lambda x, t: mean_squared_error([neuron(x)], t),
        *xor_rows(),
        Adam(neuron.parameters(), lr=0.05),
        epochs=100,
        batch_size=4,
        progress=False,
    )
    return neuron, history.losses[-1]


def xor_page(path: Path) -> Path:
    """Write the page in which a hat neuron learns exclusive or."""
    neuron = Neuron(2, activation=hat, seed=1)
    optimizer = Adam(neuron.parameters(), lr=0.05)
    training_page(
        neuron, lambda x, t: mean_squared_error([neuron(x)], t), *xor_rows(), optimizer, path
    )
    return path


# --- 2. a recurrent network learns parity ---


def unroll(cell: Neuron, bits: Sequence[float]) -> list[Value]:
    """The whole recurrent network: the state after each bit."""
    state = Value(NO)
    states = []
    for bit in bits:
        state = cell([state, bit])
        states.append(state)
    return states


def parities(bits: Sequence[float]) -> list[float]:
    """For each bit, YES if the number of ones so far is odd, else NO."""
    return [YES if total % 2 else NO for total in itertools.accumulate(bits)]


def train_parity(stream: random.Random) -> Trained:
    """Train a recurrent hat neuron on all sequences of 3 bits."""
    X = [list(bits) for bits in itertools.product((0.0, 1.0), repeat=3)]
    cell = Neuron(2, activation=hat, seed=stream)
    history = fit(
        lambda bits, t: mean_squared_error(unroll(cell, bits), t),
        X,
        [parities(bits) for bits in X],
        Adam(cell.parameters(), lr=0.05),
        epochs=150,
        batch_size=4,
        shuffle=stream,
        progress=False,
    )
    return cell, history.losses[-1]


def parity_score(cell: Neuron, sequences: int, length: int, stream: random.Random) -> float:
    """The share of random sequences in which the state is right after every bit."""
    right = 0
    for _ in range(sequences):
        bits = [float(stream.getrandbits(1)) for _ in range(length)]
        with no_grad():
            states = unroll(cell, bits)
        right += all(
            (state.data > MIDDLE) == (wanted > MIDDLE)
            for state, wanted in zip(states, parities(bits))
        )
    return right / sequences


# --- 3. a convolution learns to see edges ---


EDGE = 0.9  # the target at an edge; tanh never reaches 1
THRESHOLD = EDGE / 2


@dataclass(frozen=True)
class Signal:
    """A noisy signal that jumps between two levels.

    Attributes:
        clean: the signal without noise; each number is -0.5 or 0.5.
        noisy: the signal with noise, which is the network's input.
    """

    clean: list[float]
    noisy: list[float]

    @property
    def edges(self) -> list[float]:
        """Targets wherever 4 numbers fit: EDGE for a jump up in their middle, -EDGE, or 0."""
        middle = self.clean[1:-1]
        return [EDGE * (after - before) for before, after in itertools.pairwise(middle)]


def draw_signal(stream: random.Random, length: int = 16) -> Signal:
    """A random signal; each level lasts for at least 3 numbers."""
    level, clean = stream.choice((-0.5, 0.5)), list[float]()
    while len(clean) < length:
        clean += [level] * stream.randint(3, 6)
        level = -level
    clean = clean[:length]
    return Signal(clean, [x + stream.gauss(0, 0.12) for x in clean])


def slide(kernel: Neuron, signal: Sequence[float]) -> list[Value]:
    """The whole convolution: the output of the neuron wherever it fits on the signal."""
    places = range(len(signal) - kernel.nin + 1)
    return [kernel(list(signal[place : place + kernel.nin])) for place in places]


def learn_edges(seed: int) -> Neuron:
    """Train a neuron with 4 inputs to detect edges."""
    stream = random.Random(seed)
    kernel = Neuron(4, seed=stream)
    signals = [draw_signal(stream) for _ in range(60)]
    fit(
        lambda x, t: mean_squared_error(slide(kernel, x), t),
        [signal.noisy for signal in signals],
        [signal.edges for signal in signals],
        Adam(kernel.parameters(), lr=0.05),
        epochs=25,
        batch_size=5,
        shuffle=stream,
        progress=False,
    )
    return kernel


def edge_score(kernel: Neuron, signals: int, stream: random.Random) -> float:
    """The share of places in new signals where the neuron is right: up, down or neither."""
    right = places = 0
    for _ in range(signals):
        signal = draw_signal(stream)
        with no_grad():
            outputs = slide(kernel, signal.noisy)
        for output, target in zip(outputs, signal.edges):
            places += 1
            right += abs(output.data - target) < THRESHOLD
    return right / places


# --- pictures ---


def draw_activation(neuron: Neuron, path: Path) -> Exhibit:
    """Draw hat and its derivative, and the output of the neuron that learned exclusive or."""
    figure = plots.new_figure(9.5, 4.2)
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    xs = [-5 + i / 20 for i in range(201)]
    slopes = []
    for number in xs:
        x = Value(number)
        hat(x).backward()
        slopes.append(x.grad)
    left.axhline(0, color="#d0d0d0", linewidth=1)
    left.plot(xs, [hat(x) for x in xs], color=plots.BLUE, linewidth=2.5, label="hat(x)")
    left.plot(xs, slopes, color=plots.ORANGE, linewidth=2, label="its derivative")
    left.legend(frameon=False)
    left.set_xlabel("x")
    plots.title(left, "A new activation: hat(x) = (1 - x²) e^(-x²/2)")

    reach, side = 1.6, 81
    along = [reach * (2 * i / (side - 1) - 1) for i in range(side)]
    right.imshow(
        [[answer(neuron, [x, y]) for x in along] for y in along],
        extent=(-reach, reach, -reach, reach),
        origin="lower",
        cmap=plots.two_sided(),
        vmin=-1,
        vmax=1,
        interpolation="bilinear",
    )
    for a, b in itertools.product((-1, 1), repeat=2):
        name, colour = ("yes", plots.BLUE) if a != b else ("no", plots.ORANGE)
        badge = {"boxstyle": "round", "facecolor": "white", "edgecolor": colour}
        right.text(a, b, name, ha="center", va="center", color=colour, bbox=badge)
    plots.map_axes(right, "One hat neuron learns exclusive or")
    plots.save(figure, path)
    return Exhibit(path, "A new activation, and how one neuron with it learned exclusive or.")


def draw_parity(cell: Neuron, seed: int, path: Path) -> Exhibit:
    """Draw the state of the recurrent neuron while it reads."""
    stream = random.Random(seed)
    bits = [float(stream.getrandbits(1)) for _ in range(40)]
    with no_grad():
        states = [state.data for state in unroll(cell, bits)]
    figure = plots.new_figure(9.5, 3.6)
    axes = figure.add_subplot(xlabel="bits read", xlim=(0.3, len(bits) + 0.7), ylim=(-0.75, 1.25))
    axes.axhline(MIDDLE, color="#d0d0d0", linewidth=1)
    axes.plot(range(1, len(bits) + 1), states, color=plots.LIGHT_BLUE, linewidth=1.2)
    for place, (bit, state) in enumerate(zip(bits, states), start=1):
        colour = plots.BLUE if state > MIDDLE else plots.ORANGE
        axes.plot(place, state, "o", color=colour, markersize=7)
        strong = "bold" if bit else "normal"
        axes.text(place, -0.68, f"{bit:.0f}", ha="center", weight=strong, color="#222222")
    axes.set_yticks([NO, YES], ["even", "odd"])
    plots.title(axes, "A recurrent neuron: is the count of ones so far even or odd?")
    plots.save(figure, path)
    return Exhibit(path, "A recurrent neuron, trained on sequences of 3 bits, reads 40 bits.")


def draw_edges(kernel: Neuron, seed: int, path: Path) -> Exhibit:
    """Draw the learned weights, and the output of the neuron along a new signal."""
    signal = draw_signal(random.Random(seed + 2), 40)
    with no_grad():
        outputs = [output.data for output in slide(kernel, signal.noisy)]
    figure = plots.new_figure(9.5, 4.6)
    parts = figure.subplot_mosaic(
        [["kernel", "signal"], ["kernel", "output"]], width_ratios=[1, 2.6]
    )
    weights = [w.data for w in kernel.weights]
    colours = [plots.BLUE if w > 0 else plots.ORANGE for w in weights]
    parts["kernel"].bar(range(1, len(weights) + 1), weights, color=colours)
    parts["kernel"].axhline(0, color="#222222", linewidth=0.8)
    parts["kernel"].set_xlabel("weight")
    plots.title(parts["kernel"], "The four weights")
    places = range(1, len(signal.noisy) + 1)
    parts["signal"].step(places, signal.clean, where="mid", color="#c8c8c8", linewidth=2)
    parts["signal"].plot(places, signal.noisy, "o-", color="#444444", linewidth=1, markersize=4)
    plots.title(parts["signal"], "A new signal, with noise")
    # An output belongs to the middle of the four places that it is computed from.
    middles = [place + 2.5 for place in range(len(outputs))]
    colours = [colour_of(output) for output in outputs]
    parts["output"].bar(middles, outputs, color=colours)
    parts["output"].axhline(0, color="#222222", linewidth=0.8)
    parts["output"].set(ylim=(-1.05, 1.05), xlabel="place")
    plots.title(
        parts["output"], "The output: blue for a jump up, orange for a jump down, pale for neither"
    )
    for name in "signal", "output":
        parts[name].set_xlim(0.3, len(signal.noisy) + 0.7)
    plots.save(figure, path)
    return Exhibit(path, "A convolution that has learned to detect edges, and its four weights.")


def colour_of(output: float) -> str:
    """Blue for up, orange for down; pale below the threshold."""
    if abs(output) < THRESHOLD:
        return plots.LIGHT_BLUE if output > 0 else plots.LIGHT_ORANGE
    return plots.BLUE if output > 0 else plots.ORANGE

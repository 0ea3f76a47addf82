"""12. The next letter

Now a network learns from a text which letter follows which. It reads one
letter at a time, as in "abcd", and its targets are the numbers of the next
letter. One step of training for each letter of the text is enough.

To see what it knows, ask for the rank of the right letter: 1 if its output
is the largest, 2 if it is the second largest, and so on. In a network that
knows nothing the right letter has rank 14 or 15 of 28, on average.

When all three work, check trains a network with them, and shows the mean
rank of the right letter as a bar. Watch it shrink.
"""

from demos.workbook.given import ALPHABET, Network, encode, step


def pairs(text: str) -> list[tuple[str, str]]:
    """Each letter of the text with the one after it; the last has none."""
    # <solution>
    return list(zip(text, text[1:]))
    # </solution>


def learn(network: Network, text: str, rate: float) -> None:
    """One step for each pair of the text, in its order."""
    # <solution>
    for letter, following in pairs(text):
        step(network, encode(letter), encode(following), rate)
    # </solution>


def rank(outputs: list[float], letter: str) -> int:
    """The rank of a letter: 1, and 1 more for each output above its own."""
    # <solution>
    own = outputs[ALPHABET.index(letter)]
    return 1 + sum(output > own for output in outputs)
    # </solution>


# A hint: step(network, inputs, targets, rate) is that of the sheet before.


# --- the check ---

import random
from collections.abc import Callable, Mapping
from typing import Any

from demos.workbook.given import evaluate
from demos.workbook.questions import Part, Question, Result, call, calls, slip
from nn import MLP, SGD, half_squared_error

TEXT = (
    "there is a shore where the sea has worn the stones round and where the water sings when "
    "the waves run back over them a child came there with her father one morning in the winter "
    "and asked him why the stones were round he told her that each wave takes so little from a "
    "stone that no one sees it but that the sea has time she held one of them in her hand and "
    "thought about it and then she threw it as far as she could so that the sea had something "
    "more to do and she laughed when the water sang again"
)
GOOD_RANK = 5.0

PAIRS = [
    slip(
        "The last letter has none after it: zip(text, text[1:]) ends in time.",
        pairs=lambda text: [(text[k], text[k + 1]) for k in range(len(text))],
    ),
    slip(
        "The two letters of each pair are exchanged: first the letter, then the next one.",
        pairs=lambda text: list(zip(text[1:], text)),
    ),
    slip(
        "Each letter is the second of one pair and the first of the next: move on by one letter, "
        "and not by two.",
        pairs=lambda text: list(zip(text[::2], text[1::2])),
    ),
    slip("The last pair is missing.", pairs=lambda text: list(zip(text, text[1:-1]))),
    slip(
        "The first pair is missing: indices begin at 0.",
        pairs=lambda text: list(zip(text[1:], text[2:])),
    ),
    slip("Each letter is paired with itself.", pairs=lambda text: list(zip(text, text))),
    slip("Make a list of it: list(zip(...)).", pairs=lambda text: zip(text, text[1:])),
    slip(
        "The last letter has none after it, and the text does not begin anew.",
        pairs=lambda text: list(zip(text, text[1:] + text[:1])),
    ),
    slip(
        "A pair is two texts of one letter: (text[k], text[k + 1]).",
        pairs=lambda text: [a + b for a, b in zip(text, text[1:])],
    ),
]


def _start() -> Network:
    """Small weights, of one layer from 28 letters to 28."""
    stream = random.Random(1)
    return [[[stream.uniform(-0.05, 0.05) for _ in range(28)] for _ in range(28)]]


def _learned(text: str, rate: float) -> Network:
    """What the engine learns, one step for each pair."""
    model = MLP(28, [28], bias=False, weights=_start())
    optimizer = SGD(model.parameters(), lr=rate)
    for letter, following in zip(text, text[1:]):
        optimizer.zero_grad()
        half_squared_error(model(encode(letter)), encode(following)).backward()
        optimizer.step()
    return [[[w.data for w in neuron.weights] for neuron in model.layers[0].neurons]]


def _after(text: str, rate: float) -> Callable[[Mapping[str, Any]], object]:
    def ask(student: Mapping[str, Any]) -> object:
        network = _start()
        student["learn"](network, text, rate)
        return network

    return ask


def _learn(order: Callable[[str], list[tuple[str, str]]]) -> object:
    def learn(network: Network, text: str, rate: float) -> None:
        for letter, following in order(text):
            step(network, encode(letter), encode(following), rate)

    return learn


LEARN = [
    slip("The network has not changed: call step for each pair.", learn=lambda *_: None),
    slip(
        "Inputs and targets are exchanged: the letter goes in, and the next one is the target.",
        learn=_learn(lambda text: list(zip(text[1:], text))),
    ),
    slip(
        "The target is the letter itself: it is the next one that is wanted.",
        learn=_learn(lambda text: list(zip(text, text))),
    ),
    slip(
        "Only the first pair was learned: is there a return inside the loop?",
        learn=_learn(lambda text: list(zip(text, text[1:2]))),
    ),
    slip(
        "Only the last pair was learned: the step belongs inside the loop.",
        learn=_learn(lambda text: list(zip(text, text[1:]))[-1:]),
    ),
    slip(
        "The text was learned backwards, from its last pair to its first.",
        learn=_learn(lambda text: list(zip(text, text[1:]))[::-1]),
    ),
    slip(
        "The rate is not used: it is 1 here.",
        learn=lambda network, text, rate: [
            step(network, encode(a), encode(b), 1.0) for a, b in zip(text, text[1:])
        ],
    ),
]

# Two letters have the largest output; one is below 0.
OUTPUTS = [0.01 * k for k in range(28)]
OUTPUTS[2] = OUTPUTS[27]
OUTPUTS[4] = -0.4


def _right(outputs: list[float], letter: str) -> int:
    return 1 + sum(output > outputs[ALPHABET.index(letter)] for output in outputs)


RANK = [
    slip(
        "Ranks begin at 1: the largest output has rank 1, and not 0.",
        rank=lambda o, c: _right(o, c) - 1,
    ),
    slip(
        "Only outputs above its own count: > and not >=.",
        rank=lambda o, c: 1 + sum(x >= o[ALPHABET.index(c)] for x in o),
    ),
    slip(
        "The letter's own output counts as above itself: > and not >=, or leave out the 1.",
        rank=lambda o, c: sum(x >= o[ALPHABET.index(c)] for x in o),
    ),
    slip(
        "This counts from the smallest output: rank 1 is the largest.",
        rank=lambda o, c: 1 + sum(x < o[ALPHABET.index(c)] for x in o),
    ),
    slip(
        "This is the place of the letter in the alphabet: its output decides.",
        rank=lambda o, c: ALPHABET.index(c),
    ),
    slip(
        "This is the place of the letter in the alphabet: its output decides.",
        rank=lambda o, c: ALPHABET.index(c) + 1,
    ),
    slip(
        "This is the output of the letter: how many are above it?",
        rank=lambda o, c: o[ALPHABET.index(c)],
    ),
    slip(
        "If another letter has the same output, both have the same rank.",
        rank=lambda o, c: 1 + sorted(range(28), key=lambda k: (-o[k], k)).index(ALPHABET.index(c)),
    ),
]

PARTS = {
    "next_letter": [
        Part(
            "pairs",
            calls("pairs", [("the",), ("banana",), ("a",)], lambda text: list(zip(text, text[1:]))),
            PAIRS,
        ),
        Part(
            "learn",
            [
                Question(
                    f"the weights after learn(network, {text!r}, {rate})",
                    _after(text, rate),
                    _learned(text, rate),
                )
                for text, rate in (("to_be", 2.0), ("hello", 0.5))
            ],
            LEARN,
            after=("pairs",),
        ),
        Part(
            "rank",
            [
                call("rank", (OUTPUTS, letter), expected, f"rank(outputs, {letter!r})")
                for letter, expected in (("_", 1), ("c", 1), (" ", 3), ("a", 27), ("e", 28))
            ],
            RANK,
        ),
    ]
}

EVERY, RATE = 25, 1.0


def watch(student: Mapping[str, Any], show: Callable[[str], None]) -> list[Result]:
    """Train a network with the student's functions, and show the rank of the right letter."""
    learn, rank, network = student["learn"], student["rank"], _start()
    mean = _mean_rank(network, rank)
    show(_bar(0, mean))
    for begin in range(0, len(TEXT) - 1, EVERY):
        learn(network, TEXT[begin : begin + EVERY + 1], RATE)
        mean = _mean_rank(network, rank)
        show(_bar(min(begin + EVERY, len(TEXT)), mean))
    asked = f"the mean rank of the right letter after {len(TEXT):,} letters"
    return [Result(asked, mean < GOOD_RANK, f"less than {GOOD_RANK:g}", f"{mean:.1f}")]


def _mean_rank(network: Network, rank: Callable[[list[float], str], int]) -> float:
    outputs = {letter: evaluate(network, encode(letter))[-1] for letter in ALPHABET}
    ranks = [rank(outputs[a], b) for a, b in zip(TEXT, TEXT[1:])]
    return sum(ranks) / len(ranks)


def _bar(letters: int, mean: float) -> str:
    """One line: how many letters were read, and the mean rank."""
    return f"{letters:>6,} letters  {'#' * round(2 * mean):<30}{mean:>5.1f}"

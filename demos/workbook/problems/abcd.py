"""5. abcd (Problem 5 of the course)

A network of one layer reads a letter and says the next one. It has 28
inputs and 28 output neurons, one for each letter. weights[k] are the 28
weights of output neuron k, one for each input.

All weights are 0 but four: the one from a to b, the one from b to c, from
c to d, and from d back to a. Each of these is atanh(0.5), about 0.5493.
The network then recites "abcdabcdabcd...". The right letter wins with
tanh(0.5 * 0.5493) = 0.268, and all others say 0.

encode and decode are those of the sheet before.
"""

from math import atanh, tanh

from demos.workbook.given import ALPHABET, decode, encode


def make_weights() -> list[list[float]]:
    """28 lists of 28 weights; do not type them all."""
    # <solution>
    weights = [[0.0] * 28 for _ in range(28)]
    for before, after in ("ab", "bc", "cd", "da"):
        weights[ALPHABET.index(after)][ALPHABET.index(before)] = atanh(0.5)
    return weights
    # </solution>


def outputs(weights: list[list[float]], letter: str) -> list[float]:
    """What the 28 output neurons say after a letter."""
    # <solution>
    inputs = encode(letter)
    sums = [sum(w * i for w, i in zip(neuron, inputs)) for neuron in weights]
    return [tanh(total) for total in sums]
    # </solution>


def recite(weights: list[list[float]], letter: str, length: int) -> str:
    """A text of this length: the letter, and then what the network says."""
    # <solution>
    text = letter
    while len(text) < length:
        text += decode(outputs(weights, text[-1]))
    return text
    # </solution>


# A hint: [[0.0] * 28] * 28 holds the same list 28 times. Then a change in one
# row is a change in all of them.


# --- the check ---

from demos.letters import abcd
from demos.workbook.questions import Part, Question, call, slip

NETWORK = abcd.make()
WEIGHTS = [[weight.data for weight in neuron.weights] for neuron in NETWORK.layers[0].neurons]
# Other weights, so that nobody can do without these.
OTHERS = [[((3 * k + 5 * j) % 7 - 3) / 4 for j in range(28)] for k in range(28)]


def _outputs(weights: list[list[float]], letter: str) -> list[float]:
    return [tanh(0.5 * neuron[ALPHABET.index(letter)]) for neuron in weights]


def _weights(pairs: list[tuple[int, int]], size: float = atanh(0.5)) -> list[list[float]]:
    """Weights from one place to another."""
    return [[size if (j, k) in pairs else 0.0 for j in range(28)] for k in range(28)]


CIRCLE = [(0, 1), (1, 2), (2, 3), (3, 0)]
MAKING = [
    slip(
        "From and to are exchanged: weights[k] belongs to output k, so the weight from a to b is "
        "weights[1][0].",
        make_weights=lambda: _weights([(k, j) for j, k in CIRCLE]),
    ),
    slip(
        "All rows are one list: [[0.0] * 28 for _ in range(28)] makes 28 of them.",
        make_weights=lambda: [[atanh(0.5) if j < 4 else 0.0 for j in range(28)]] * 28,
    ),
    slip(
        "The weight is atanh(0.5), about 0.5493, and not 0.5.",
        make_weights=lambda: _weights(CIRCLE, 0.5),
    ),
    slip(
        "The weight is atanh(0.5), about 0.5493, and not tanh(0.5).",
        make_weights=lambda: _weights(CIRCLE, tanh(0.5)),
    ),
    slip(
        "Four weights are not 0: the one from d back to a is missing.",
        make_weights=lambda: _weights(CIRCLE[:3]),
    ),
    slip(
        "d leads back to a, and not on to e.", make_weights=lambda: _weights([*CIRCLE[:3], (3, 4)])
    ),
    slip(
        "Each letter leads to the next one here, not to itself.",
        make_weights=lambda: _weights([(k, k) for k in range(4)]),
    ),
    slip(
        "Indices begin at 0: the weight from a to b is weights[1][0].",
        make_weights=lambda: _weights([(j + 1, k + 1) for j, k in CIRCLE]),
    ),
]

SAYING = [
    slip(
        "These are the sums: pass each through tanh.",
        outputs=lambda w, c: [0.5 * neuron[ALPHABET.index(c)] for neuron in w],
    ),
    slip(
        "From and to are exchanged: weights[k] are the weights of output k.",
        outputs=lambda w, c: [tanh(0.5 * x) for x in w[ALPHABET.index(c)]],
    ),
    slip(
        "The input of a letter is 0.5, and not 1: use encode.",
        outputs=lambda w, c: [tanh(neuron[ALPHABET.index(c)]) for neuron in w],
    ),
    slip(
        "This is the letter: outputs gives the 28 numbers, and recite decodes them.",
        outputs=lambda w, c: decode(_outputs(w, c)),
    ),
    slip(
        "This is the largest output alone: return all 28.", outputs=lambda w, c: max(_outputs(w, c))
    ),
]


def _say(weights: list[list[float]], letter: str) -> str:
    return decode(_outputs(weights, letter))


def _recite(weights: list[list[float]], letter: str, length: int) -> str:
    while len(letter) < length:
        letter += _say(weights, letter[-1])
    return letter


RECITING = [
    slip(
        "One letter too many: the first letter counts, too.",
        recite=lambda w, c, n: _recite(w, c, n + 1),
    ),
    slip("One letter is missing.", recite=lambda w, c, n: _recite(w, c, n - 1)),
    slip(
        "The text begins with the letter that was given.",
        recite=lambda w, c, n: _recite(w, c, n + 1)[1:],
    ),
    slip(
        "Every letter is predicted from the first: go on from the last, text[-1].",
        recite=lambda w, c, n: c + _say(w, c) * (n - 1),
    ),
    slip(
        "This is one letter: go on until the text has this length.",
        recite=lambda w, c, n: _say(w, c),
    ),
    slip("This is a list: join it to one text.", recite=lambda w, c, n: list(_recite(w, c, n))),
]

PARTS = {
    "abcd": [
        Part("make_weights", [call("make_weights", (), WEIGHTS)], MAKING),
        Part(
            "outputs",
            [
                call("outputs", (WEIGHTS, "a"), _outputs(WEIGHTS, "a"), "outputs(weights, 'a')"),
                Question(
                    "outputs(weights, 'a')[1], the output for b",
                    lambda names: names["outputs"](WEIGHTS, "a")[1],
                    tanh(0.5 * 0.549306144),
                ),
                call("outputs", (OTHERS, "d"), _outputs(OTHERS, "d"), "outputs(others, 'd')"),
            ],
            SAYING,
        ),
        Part(
            "recite",
            [
                call(
                    "recite",
                    (WEIGHTS, "a", 10),
                    abcd.recite(NETWORK, "a", 10),
                    "recite(weights, 'a', 10)",
                ),
                call(
                    "recite",
                    (WEIGHTS, "c", 3),
                    abcd.recite(NETWORK, "c", 3),
                    "recite(weights, 'c', 3)",
                ),
            ],
            RECITING,
            after=("outputs",),
        ),
    ]
}

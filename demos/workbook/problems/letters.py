"""4. Letters to lists, and back

A network needs numbers. Each of the 28 letters below becomes 28 numbers:
0.5 at the place of the letter, and 0 everywhere else. So "c" becomes

    [0, 0, 0.5, 0, 0, ...]

0.5, because tanh can output that; it never quite reaches 1. Capitals count
as small letters. Every other character counts as the underscore.

On the way back, the letter is the one with the largest number, however
small that is: the outputs of a network are never exactly 0.5.
"""

ALPHABET = "abcdefghijklmnopqrstuvwxyz _"


def encode(letter: str) -> list[float]:
    """28 numbers for one character."""
    # <solution>
    letter = letter.lower()
    if letter not in ALPHABET:
        letter = "_"
    return [0.5 if letter == other else 0.0 for other in ALPHABET]
    # </solution>


def decode(numbers: list[float]) -> str:
    """The letter with the largest of 28 numbers; of equals, the first."""
    # <solution>
    return ALPHABET[numbers.index(max(numbers))]
    # </solution>


# A hint: "abc".index("c") is 2, and so is [5, 6, 9].index(9).


# --- the check ---

from demos.letters import alphabet
from demos.workbook.questions import Part, call, calls, slip

LETTERS = [("c",), ("a",), ("z",), (" ",), ("_",), ("Q",), ("?",), ("7",)]


def _on(place: int, on: float = 0.5, size: int = 28) -> list[float]:
    return [on if k == place else 0.0 for k in range(size)]


def _place(letter: str) -> int:
    return alphabet.index(letter)


def _without_folding(letter: str) -> list[float]:
    return _on(ALPHABET.index(letter))


def _in_list(letter: str) -> list[float]:
    return _on(list(ALPHABET).index(letter))


def _in_dict(letter: str) -> list[float]:
    return _on({other: place for place, other in enumerate(ALPHABET)}[letter])


def _without_lower(letter: str) -> list[float]:
    return _on(ALPHABET.find(letter) % 28)


ENCODING = [
    slip(
        "A letter is 0.5 and not 1: tanh can output 0.5, and never reaches 1.",
        encode=lambda c: _on(_place(c), 1.0),
    ),
    slip("Indices begin at 0: a is at place 0, and z at 25.", encode=lambda c: _on(_place(c) + 1)),
    slip("Capitals count as small letters: use letter.lower().", encode=_without_lower),
    *(
        slip(
            "Capitals count as small letters, and what is not among the 28 as the underscore. "
            "Here the letter is looked up as it is, and not found.",
            encode=look_up,
        )
        for look_up in (_without_folding, _in_list, _in_dict)
    ),
    *(
        slip(
            "Characters that are not among the 28 count as the underscore. Here they are looked "
            "up, and not found.",
            encode=lambda c, look_up=look_up: look_up(c.lower()),
        )
        for look_up in (_without_folding, _in_list, _in_dict)
    ),
    slip(
        "Characters that are not among the 28 count as the underscore.",
        encode=lambda c: _on(ALPHABET.find(c.lower())),
    ),
    slip(
        "Capitals and other characters have all numbers 0: fold them first.",
        encode=lambda c: _on(ALPHABET.find(c)),
    ),
    slip(
        "There are 28 letters: the space and the underscore as well.",
        encode=lambda c: _on(_place(c), size=26),
    ),
    slip(
        "This is the place of the letter: make a list of 28 numbers from it.",
        encode=lambda c: _place(c),
    ),
    slip(
        "Characters that are not among the 28 count as the underscore, which is the last; the "
        "space is the one before.",
        encode=lambda c: _on(_place(c) if c in "_ " or c.isalpha() else 26),
    ),
    slip("0.5 and 0 are exchanged.", encode=lambda c: [0.5 - x for x in _on(_place(c))]),
]

# What a network might output: small numbers, negative ones, two that are equal.
OUTPUTS = [
    _on(2),
    _on(27),
    [0.01 * ((11 * k) % 28) - 0.2 for k in range(28)],
    [-0.9 + 0.4 * (k in (5, 9)) for k in range(28)],
]
ASKED = [
    "decode(the numbers of 'c')",
    "decode(the numbers of '_')",
    "decode(28 outputs, the largest 0.07 at [5])",
    "decode(28 negative outputs, the largest at [5] and [9])",
]


def _last(numbers: list[float]) -> str:
    return ALPHABET[max(zip(numbers, range(28)))[1]]


def _above(numbers: list[float], least: float) -> str | None:
    return next((ALPHABET[k] for k, x in enumerate(numbers) if x > least), None)


DECODING = [
    slip(
        "Outputs are never exactly 0.5: look for the largest number, and not for 0.5.",
        decode=lambda numbers: ALPHABET[numbers.index(0.5)],
    ),
    slip(
        "Outputs are never exactly 0.5: look for the largest number, and not for 0.5.",
        decode=lambda numbers: next((c for c, x in zip(ALPHABET, numbers) if x == 0.5), None),
    ),
    slip(
        "This takes the first number above 0: look for the largest.",
        decode=lambda numbers: _above(numbers, 0),
    ),
    slip(
        "The largest number may be below 0: begin with the first number as the largest so far, "
        "and not with 0.",
        decode=lambda numbers: alphabet.ranking(numbers)[0][0] if max(numbers) > 0 else "a",
    ),
    slip(
        "The largest number may be below 0: begin with the first number as the largest so far, "
        "and not with 0.",
        decode=lambda numbers: alphabet.ranking(numbers)[0][0] if max(numbers) > 0 else "_",
    ),
    slip(
        "This takes the smallest number.",
        decode=lambda numbers: ALPHABET[numbers.index(min(numbers))],
    ),
    slip(
        "This is the place of the letter: ALPHABET[place] is the letter.",
        decode=lambda numbers: numbers.index(max(numbers)),
    ),
    slip(
        "If two numbers are equal, the first counts: compare with >, and not with >=.", decode=_last
    ),
    slip(
        "The letter is one place too far: indices begin at 0.",
        decode=lambda numbers: ALPHABET[(numbers.index(max(numbers)) + 1) % 28],
    ),
    slip(
        "The letter is one place too early: indices begin at 0.",
        decode=lambda numbers: ALPHABET[numbers.index(max(numbers)) - 1],
    ),
    slip("This is the largest number: the letter at its place is asked for.", decode=max),
    slip(
        "The numbers are compared without their signs: -0.2 is less than 0.07.",
        decode=lambda numbers: max(zip(ALPHABET, numbers), key=lambda pair: abs(pair[1]))[0],
    ),
]

PARTS = {
    "letters": [
        Part("encode", calls("encode", LETTERS, alphabet.encode), ENCODING),
        Part(
            "decode",
            [
                call("decode", [numbers], alphabet.ranking(numbers)[0][0], asked)
                for numbers, asked in zip(OUTPUTS, ASKED)
            ],
            DECODING,
        ),
    ]
}

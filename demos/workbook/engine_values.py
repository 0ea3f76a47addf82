"""The check of the engine, first half: a Value, a sum, a product and a tanh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import autograd
from demos.workbook.outcomes import NotAsAsked, plain, shown
from demos.workbook.questions import Part, Question, Slip
from demos.workbook.sheets import edited

Student = Mapping[str, Any]


def change(hint: str, *changes: tuple[str, str]) -> Slip:
    """A slip that is the engine's solution with some text replaced."""
    return edited("engine", hint, *changes)


def _node(made: Callable[[Any], Any], what: Callable[[Any], object]) -> Callable[[Student], object]:
    """A question about the Value that ``made`` makes from the student's class."""

    def ask(student: Student) -> object:
        return what(of_class(made(student["Value"]), student["Value"]))

    return ask


def of_class(node: object, cls: Any) -> Any:
    """``node``, if it is one of the student's Values."""
    if not isinstance(node, cls):
        raise NotAsAsked(f"{shown(plain(node))}, and not a Value")
    return node


# --- Value ---

VALUE = Part(
    "Value.__init__",
    [
        Question("Value(3.0).data", lambda s: s["Value"](3.0).data, 3.0),
        Question("Value(3.0).grad", lambda s: s["Value"](3.0).grad, 0.0),
        Question("Value(3.0).inputs", lambda s: s["Value"](3.0).inputs, ()),
        Question("Value(3.0).partials", lambda s: s["Value"](3.0).partials, ()),
        Question(
            "the data of the inputs of Value(6.0, (Value(2.0), Value(3.0)), (3.0, 2.0))",
            lambda s: [x.data for x in _six(s).inputs],
            [2.0, 3.0],
        ),
        Question(
            "the partials of Value(6.0, (Value(2.0), Value(3.0)), (3.0, 2.0))",
            lambda s: _six(s).partials,
            [3.0, 2.0],
        ),
    ],
    [
        change(
            "grad begins with 0.0: only backward makes it 1.0, and only at the output.",
            ("self.grad = 0.0", "self.grad = 1.0"),
        ),
        change(
            "grad begins with 0.0, and not with None: derivatives are added to it.",
            ("self.grad = 0.0", "self.grad = None"),
        ),
        change(
            "The inputs that are given have to be kept.",
            ("self.inputs = inputs", "self.inputs = ()"),
        ),
        change(
            "The partials that are given have to be kept.",
            ("self.partials = partials", "self.partials = ()"),
        ),
        change(
            "There is no grad: write self.grad = 0.0. (Without self. it is gone after __init__.)",
            ("self.grad = 0.0", "grad = 0.0"),
        ),
        change(
            "inputs and partials are exchanged.",
            ("self.inputs = inputs", "self.inputs = partials"),
            ("self.partials = partials", "self.partials = inputs"),
        ),
    ],
)


def _six(student: Student) -> Any:
    value = student["Value"]
    return value(6.0, (value(2.0), value(3.0)), (3.0, 2.0))


# --- the three operations ---


def _operation(
    name: str, asked: str, made: Callable[[Any], Any], right: autograd.Value, slips: list[Slip]
) -> Part:
    """The questions of an operation: its number, its inputs, its partials."""
    return Part(
        f"Value.{name}",
        [
            Question(f"({asked}).data", _node(made, lambda node: node.data), right.data),
            Question(
                f"the data of the inputs of {asked}",
                _node(made, lambda node: [x.data for x in node.inputs]),
                [x.data for x in right.inputs],
            ),
            Question(
                f"the partials of {asked}",
                _node(made, lambda node: list(node.partials)),
                list(right.partials),
            ),
        ],
        slips,
        after=("Value.__init__",),
    )


PLAIN = "This is a number: wrap it as Value(number, inputs, partials), so that it remembers."
FORGETS = "The result does not remember its inputs and partials: Value(data, inputs, partials)."
SUM = "Value(self.data + other.data, (self, other), (1.0, 1.0))"
PRODUCT = "Value(data, (self, other), (other.data, self.data))"
TANH = "Value(y, (self,), (1 - y * y,))"

ADD = _operation(
    "__add__",
    "Value(2.0) + Value(3.0)",
    lambda value: value(2.0) + value(3.0),
    autograd.Value(2.0) + 3.0,
    [
        change(PLAIN, (SUM, "self.data + other.data")),
        change(FORGETS, (SUM, "Value(self.data + other.data)")),
        change("The partials are missing.", (", (1.0, 1.0))", ")")),
        change(
            "These are the partials of a product: those of a sum are 1 and 1.",
            ("(1.0, 1.0)", "(other.data, self.data)"),
        ),
        change(
            "These are the numbers themselves: the sum grows as fast as each of them, by 1.",
            ("(1.0, 1.0)", "(self.data, other.data)"),
        ),
        change("One partial for each input: (1.0, 1.0).", ("(1.0, 1.0)", "(1.0,)")),
        change(
            "The inputs are the Values, and not their numbers: (self, other).",
            (
                "self.data + other.data, (self, other)",
                "self.data + other.data, (self.data, other.data)",
            ),
        ),
    ],
)
MUL = _operation(
    "__mul__",
    "Value(2.0) * Value(3.0)",
    lambda value: value(2.0) * value(3.0),
    autograd.Value(2.0) * 3.0,
    [
        change(PLAIN, (PRODUCT, "data")),
        change(FORGETS, (PRODUCT, "Value(data)")),
        change(
            "The partials are exchanged: that of each factor is the other factor.",
            ("(other.data, self.data)", "(self.data, other.data)"),
        ),
        change(
            "These are the partials of a sum: that of each factor is the other factor.",
            ("(other.data, self.data)", "(1.0, 1.0)"),
        ),
        change(
            "This adds: the data is a product.",
            ("data = self.data * other.data", "data = self.data + other.data"),
        ),
        change(
            "partials are numbers: write other.data and self.data.",
            ("(other.data, self.data)", "(other, self)"),
        ),
    ],
)
TANH_PART = _operation(
    "tanh",
    "Value(0.5).tanh()",
    lambda value: value(0.5).tanh(),
    autograd.Value(0.5).tanh(),
    [
        change(PLAIN, (TANH, "y")),
        change(FORGETS, (TANH, "Value(y)")),
        change(
            "The partial is 1 - y² with the output y, and not 1 - x².",
            ("1 - y * y", "1 - self.data ** 2"),
        ),
        change(
            "The output went through tanh already: the partial is 1 - y², not 1 - tanh(y)².",
            ("1 - y * y", "1 - tanh(y) ** 2"),
        ),
        change("The square is missing: the partial is 1 - y².", ("1 - y * y", "1 - y")),
        change("This is tanh itself, and not its derivative 1 - y².", ("(1 - y * y,)", "(y,)")),
        change(
            "One input makes a tuple with a comma: (self,) and not (self).", ("(self,)", "self")
        ),
        change(
            "One partial makes a tuple with a comma: (1 - y * y,).", ("(1 - y * y,)", "1 - y * y")
        ),
    ],
)

PARTS = {
    "engine.value": [VALUE],
    "engine.add": [ADD],
    "engine.mul": [MUL],
    "engine.tanh": [TANH_PART],
}

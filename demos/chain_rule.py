"""The chain rule, from one tanh to a network with two paths: Problems 6 to 12."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import NamedTuple

from autograd import Value, derivative_formula, explain, page
from demos.helpers.gallery import Exhibit
from demos.helpers.pictures import save_graph
from nn import half_squared_error

SUMMARY = "seven problems, from the slope of tanh to a whole network, each solved step by step"


class Problem(NamedTuple):
    """A question of the course, in our words, and its answer."""

    question: str
    answer: str


PROBLEMS = {
    6: Problem(
        "What is the derivative of tanh?",
        "1 - tanh². At x = 2, where tanh is nearly flat, that is only 0.0707.",
    ),
    7: Problem(
        "A connection multiplies its input i = 0.5 by its weight w = 2. How fast does the product "
        "s change with the weight, and with the input?",
        "The derivative of a product by one factor is the other factor: ∂s/∂w = i = 0.5 and "
        "∂s/∂i = w = 2.",
    ),
    8: Problem(
        "A neuron applies tanh to that product. How fast does its output o change with the weight, "
        "and with the input?",
        "The slope of tanh, 1 - o² = 0.42, times the derivative of the product: "
        "∂o/∂w = 0.42 · 0.5 = 0.21 and ∂o/∂i = 0.42 · 2 = 0.84.",
    ),
    9: Problem(
        "Two neurons form a chain. The first has the weight w1 = 2, the second w2 = 0.5. How fast "
        "does the last output o change with the first weight?",
        "One factor for each arrow on the way back: ∂o/∂w1 = 0.8679 · 0.5 · 0.42 · 0.5 = 0.0911.",
    ),
    10: Problem(
        "A neuron with many inputs adds them up. How fast does the sum s change with one of its "
        "terms?",
        "Exactly as fast as the term: each derivative is 1, because the other terms stay the same.",
    ),
    11: Problem(
        "The error E is half the squared difference between the output o and its target. How fast "
        "does E change with the output?",
        "The derivative is the difference itself: ∂E/∂o = o - target = 0.75 - 0.5 = 0.25.",
    ),
    12: Problem(
        "One input i feeds two hidden neurons, and both feed the output. Its target is 0. How fast "
        "does the error E change with the input?",
        "The chain rule adds up the two paths: 0.4161 through h1 and 0.1243 through h2 make "
        "∂E/∂i = 0.5404. Blue arrows are weights.",
    ),
}


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Solve seven problems, draw the graph of each, and write a page for the last."""
    print("How fast does one number change when another does? Seven problems lead from one")
    print("function to a whole network, and each builds on those before it. They come from")
    print("the course that this tour follows, 'Overnight: Neural Networks and")
    print("Backpropagation' by Adam Selker, and keep its numbers. The next demo is about")
    print("Problem 5 and Figure 4 of the same course.")
    slope = slope_of_tanh()
    product = connection()
    output = neuron()
    chain = two_neurons()
    total = long_sum()
    distance = error_of_output()
    error = two_paths()

    print("Drawing the graph of each problem, and writing a page for the last:")
    folder = options.out
    exhibits = []
    for number, graph in enumerate((slope, product, output, chain, total, distance), 6):
        exhibits += picture(number, graph, folder / f"chain_rule_{number}.svg")
    exhibits += picture(12, error, folder / "chain_rule.svg", folder / "chain_rule.png")
    print(f"  page:    {page(error).save(folder / 'chain_rule.html')}")
    print("Open the page in a browser to step through Problem 12. It works offline, so")
    print("you can send it to a friend.")
    caption = "Problem 12 step by step: guess a derivative, drag an input, take a step downhill."
    return [Exhibit(folder / "chain_rule.html", caption), *exhibits]


def picture(number: int, graph: Value, *paths: Path) -> list[Exhibit]:
    """Draw the graph of a problem, with its question and its answer."""
    problem = PROBLEMS[number]
    view = "sums" if number == 12 else None
    question = f"Problem {number}. {problem.question}"
    return save_graph(graph, *paths, view=view, caption=problem.answer, question=question)


def slope_of_tanh() -> Value:
    """Problem 6: a formula, and its values at four points."""
    ask(6)
    print(f"  {derivative_formula('tanh')}")
    for number in (-1.0, 0.0, 1.0, 2.0):
        x = Value(number, "x")
        y = named("y", x.tanh())
        y.backward()
        print(f"    at x = {number:<2g}   {x.grad:.9f}")
    return y


def connection() -> Value:
    """Problem 7: the derivative by one factor is the other factor."""
    ask(7)
    i, w = Value(0.5, "i"), Value(2.0, "w")
    s = named("s", i * w)
    derive(s, w, i)
    return s


def neuron() -> Value:
    """Problem 8: the slope of tanh times the derivative of the product inside it."""
    ask(8)
    i, w = Value(0.5, "i"), Value(2.0, "w")
    o = named("o", (i * w).tanh())
    derive(o, w, i)
    return o


def two_neurons() -> Value:
    """Problem 9: one factor for each step on the way back."""
    ask(9)
    i, w1, w2 = Value(0.5, "i"), Value(2.0, "w1"), Value(0.5, "w2")
    h = named("h", (i * w1).tanh())
    o = named("o", (h * w2).tanh())
    derive(o, w1, i, w2)
    return o


def long_sum() -> Value:
    """Problem 10: the other terms make no difference."""
    ask(10)
    a, b, c, d = Value(0.1, "a"), Value(-0.2, "b"), Value(0.3, "c"), Value(0.4, "d")
    s = named("s", a + b + c + d)
    derive(s, b)
    return s


def error_of_output() -> Value:
    """Problem 11: the difference between output and target."""
    ask(11)
    o, target = Value(0.75, "o"), Value(0.5, "target")
    E = named("E", half_squared_error(o, target))
    derive(E, o)
    return E


def two_paths() -> Value:
    """Problem 12: a product along each path, and the sum of both."""
    ask(12)
    i, target = Value(0.5, "i"), Value(0.0, "target")
    w1, w2, w3, w4 = Value(1.0, "w1"), Value(0.5, "w2"), Value(2.0, "w3"), Value(1.0, "w4")
    h1 = named("h1", (w1 * i).tanh())
    h2 = named("h2", (w2 * i).tanh())
    out = named("out", (w3 * h1 + w4 * h2).tanh())
    E = named("E", half_squared_error(out, target))
    E.backward()
    print(f"{explain(E, i)}\n")
    return E


def named(label: str, value: Value) -> Value:
    """Give the value a label, and return it."""
    value.label = label
    return value


def ask(number: int) -> None:
    """Print a question."""
    print(f"\n{textwrap.fill(f'Problem {number}. {PROBLEMS[number].question}', 79)}\n")


def derive(output: Value, by: Value, *others: Value) -> None:
    """Print one derivative with all its steps, without blank lines, and the others in short."""
    output.backward()
    lines = str(explain(output, by)).splitlines()
    print(textwrap.indent("\n".join(line for line in lines if line), "  "))
    if others:
        print()
    for other in others:
        print(f"  Likewise {derivative_formula(output, other)} = {other.grad:.9g}.")

"""Figure 4: two inputs, two hidden neurons and one output, as plain arithmetic on Values."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from autograd import Value
from demos.pictures import save_graph

SUMMARY = "a network of three neurons, its derivatives and its picture"


def add_options(parser: argparse.ArgumentParser) -> None:
    """This demo has none of its own."""


def run(options: argparse.Namespace) -> None:
    """Evaluate the network, differentiate it, and draw it."""
    print("Two inputs, two hidden neurons, one output.")
    print("A neuron multiplies each input by a weight, and passes on tanh of the sum.")
    print()
    print("Evaluation: from the inputs to the output.")
    i1, i2 = Value(0.5, "i1"), Value(1.0, "i2")
    i1_h1, i2_h1 = Value(1.0, "i1->h1"), Value(0.5, "i2->h1")
    i1_h2, i2_h2 = Value(0.5, "i1->h2"), Value(2.0, "i2->h2")
    h1_out, h2_out = Value(2.0, "h1->out"), Value(1.0, "h2->out")
    h1 = neuron("h1", [i1_h1, i2_h1], [i1, i2])
    h2 = neuron("h2", [i1_h2, i2_h2], [i1, i2])
    out = neuron("out", [h1_out, h2_out], [h1, h2])

    print()
    print("Backpropagation: from the output back to the inputs, by the chain rule.")
    print("How fast does out change with each number? Its derivative says.")
    out.backward()
    print(f"  {'number':<8}{'value':>13}{'derivative':>14}")
    for v in (out, h2, h1, h2_out, h1_out, i2_h2, i1_h2, i2_h1, i1_h1, i2, i1):
        print(f"  {v.label:<8}{v.data:>13.9f}{v.grad:>14.9f}")

    print()
    print("Drawing the graph of these numbers; each arrow carries one local derivative.")
    save_graph(out, options.out / "figure_4.svg", options.out / "figure_4.png")


def neuron(name: str, weights: Sequence[Value], inputs: Sequence[Value]) -> Value:
    """tanh(w1*x1 + w2*x2), printed step by step."""
    (w1, w2), (x1, x2) = weights, inputs
    total = w1 * x1 + w2 * x2
    output = total.tanh()
    total.label, output.label = f"sum of {name}", name

    symbols = f"tanh({w1.label} * {x1.label} + {w2.label} * {x2.label})"
    numbers = f"tanh({w1:.9g} * {x1:.9g} + {w2:.9g} * {x2:.9g})"
    print(f"  {name:<3} = {symbols}")
    print(f"      = {numbers} = tanh({total:.9g}) = {output:.9f}")
    return output

"""The chain rule in a network where two paths meet: in words, as a picture, and as a page."""

from __future__ import annotations

import argparse

from autograd import Value, explain, page
from demos.pictures import save_graph
from nn import half_squared_error

SUMMARY = "one derivative over two paths: derived, drawn, and a page"


def add_options(parser: argparse.ArgumentParser) -> None:
    """This demo has none of its own."""


def run(options: argparse.Namespace) -> None:
    """Evaluate a network of three neurons, explain one derivative, and leave a page behind."""
    i, target = Value(0.5, "i"), Value(0.0, "target")
    w1, w2, w3, w4 = Value(1.0, "w1"), Value(0.5, "w2"), Value(2.0, "w3"), Value(1.0, "w4")

    h1 = (w1 * i).tanh()
    h2 = (w2 * i).tanh()
    out = (w3 * h1 + w4 * h2).tanh()
    error = half_squared_error(out, target)
    error.backward()

    h1.label, h2.label, out.label, error.label = "h1", "h2", "out", "E"
    print("One input feeds two hidden neurons, and both feed the output.")
    print("How does the error E change with the input i? There are two paths from the one")
    print("to the other, and the chain rule adds them up.")
    print()
    print(explain(error, i))
    print()
    print("Drawing the network, and writing a page to step through its derivatives.")
    save_graph(error, options.out / "chain_rule.svg", options.out / "chain_rule.png")
    print(f"  page:    {page(error, options.out / 'chain_rule.html')}")
    print("Open the page in a browser. It needs no network, and may be sent to a friend.")

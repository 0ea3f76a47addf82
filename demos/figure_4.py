"""Figure 4 and abcd: networks with weights chosen by hand, evaluated step by step."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from autograd import Value, page
from demos.helpers import plots
from demos.helpers.gallery import Exhibit
from demos.helpers.pictures import save_graph
from demos.letters import abcd
from nn import MLP

SUMMARY = "three neurons evaluated as on paper, and 28 neurons that recite abcd"


def run(options: argparse.Namespace) -> list[Exhibit]:
    """Two networks: one as plain arithmetic, neuron by neuron, and one as a layer."""
    out = three_neurons()
    print()
    print("Drawing the neurons, and every operation with its local derivatives:")
    neurons = save_graph(
        out,
        options.out / "figure_4_neurons.svg",
        view="neurons",
        caption="Figure 4 as neurons. Each circle shows its number and, below, how fast out "
        "changes with it.",
        question="Problems 2 and 4. Two inputs, 0.5 and 1, feed two hidden neurons, and these feed "
        "the output. What does the network answer?",
    )
    operations = save_graph(
        out,
        *(options.out / "figure_4.svg", options.out / "figure_4.png"),
        view="scalars",
        caption="The same network, with every product, sum and tanh. Each arrow carries one local "
        "derivative.",
    )
    file = options.out / "figure_4.html"
    print(f"  page:    {page(out).save(file)}")
    steps = Exhibit(file, "Figure 4 step by step: forward for the answer, backward for why.")
    print()

    network = letters_in_a_circle()
    print()
    print("Drawing the weights:")
    weights = plots.save_all(lambda: abcd.draw_weights(network, options.out / "abcd.png"))
    return [steps, *neurons, *operations, *weights]


def three_neurons() -> Value:
    """Figure 4: evaluate the network, and differentiate it."""
    print("Figure 4: two inputs, two hidden neurons, one output.")
    print("A neuron multiplies each input by a weight, adds the products and applies tanh.")
    print()
    print("Evaluation goes from the inputs to the output:")
    i1, i2 = Value(0.5, "i1"), Value(1.0, "i2")
    i1_h1, i2_h1 = Value(1.0, "i1->h1"), Value(0.5, "i2->h1")
    i1_h2, i2_h2 = Value(0.5, "i1->h2"), Value(2.0, "i2->h2")
    h1_out, h2_out = Value(2.0, "h1->out"), Value(1.0, "h2->out")
    h1 = neuron("h1", [i1_h1, i2_h1], [i1, i2])
    h2 = neuron("h2", [i1_h2, i2_h2], [i1, i2])
    out = neuron("out", [h1_out, h2_out], [h1, h2])

    print()
    print("Backpropagation goes from the output back to the inputs, by the chain rule. The")
    print("derivative says how fast out changes with each number:")
    out.backward()
    print(f"  {'number':<8}{'value':>13}{'derivative':>14}")
    for v in (out, h2, h1, h2_out, h1_out, i2_h2, i1_h2, i2_h1, i1_h1, i2, i1):
        print(f"  {v.label:<8}{v.data:>13.9f}{v.grad:>14.9f}")
    return out


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


def letters_in_a_circle() -> MLP:
    """Problem 5: evaluate the network, and let it recite."""
    network = abcd.make()
    weights = [weight.data for weight in network.parameters()]
    print("Problem 5: a network for letters. It has an input for each of 28 letters: 0.5")
    print("for the given letter, 0 for the others. It has 28 outputs, too: one neuron per")
    print("letter, and every neuron sees all inputs.")
    print(f"  {network}")
    used = [weight for weight in weights if weight]
    print(
        f"  {len(weights)} weights: {len(used)} are artanh(0.5) = {used[0]:.4f}, the others are 0"
    )
    print()
    print("  letter   next   its output")
    for letter in abcd.FOLLOWS:
        follower, output = abcd.prediction(network, letter)
        print(f"  {letter:<9}{follower:<7}{output:.3f}")
    print("The output is tanh(0.5 * 0.5493). It wins because all other outputs are 0.")
    print()
    print("Each prediction becomes the next input, and the network recites:")
    print(f"  {abcd.recite(network, 'a', 28)}")
    return network

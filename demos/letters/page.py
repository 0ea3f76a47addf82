"""The network as one page for a browser: type, and see what it expects, and why."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import expanded, write_whole
from autograd.given import shown
from autograd.page.inline import browser_file, filled, inline_json
from autograd.visible import visible
from demos.letters.alphabet import ALPHABET, FILLER, ON, OTHER, index, places
from demos.letters.predictor import Predictor, matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh")
"""As in network.js."""

_SHARED = ("shell/elements.js", "graph/numbers.js")
_SCRIPTS = ("network.js", "cells.js", "picture.js", "reasons.js", "why.js", "main.js")


def save_page(
    predictor: Predictor, path: str | os.PathLike[str], text: str = "the lett", source: str = ""
) -> Path:
    """Write the page of a predictor; see ``Predictor.page``."""
    if expanded(path).suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"a page is a file such as 'letters.html'; got {shown(os.fspath(path))}")
    if not isinstance(source, str):
        raise TypeError(
            f"source is the name of a text; got {type(source).__name__} {shown(source)}"
        )
    return write_whole(path, _html(predictor, text, source).encode())


def _html(predictor: Predictor, text: str, source: str) -> str:
    shared = [browser_file(name) for name in ("base.css", *_SHARED)]
    own = [browser_file(name, "demos.letters") for name in ("letters.css", *_SCRIPTS)]
    return filled(
        browser_file("letters.html", "demos.letters"),
        shared[0] + own[0],
        "\n".join(shared[1:] + own[1:]),
        NETWORK=inline_json({**_network(predictor), "start": text, "source": visible(source)}),
    )


def _network(predictor: Predictor) -> dict[str, Any]:
    """All that the page needs to compute what the predictor computes."""
    import numpy as np

    network = predictor.network
    letters = ON * np.eye(len(ALPHABET))  # of shape (28, width)
    if network.embedding is not None:
        with np.errstate(all="ignore"):  # _packed says what is wrong
            letters = letters @ matrix(network.embedding).T
    return {
        "alphabet": ALPHABET,
        "places": places(),
        "other": index(OTHER),
        "filler": index(FILLER),
        "context": predictor.context,
        "width": letters.shape[1],
        "embedding": _packed(letters),
        "embedded": network.embedding is not None,
        "temperature": predictor.temperature,
        "weights": len(network.parameters()),
        "layers": [_layer(layer) for layer in network.layers],
    }


def _layer(layer: Any) -> dict[str, Any]:
    neurons, activation = layer.neurons, layer.neurons[0].activation
    name = activation.name if activation else "linear"
    if name not in ACTIVATIONS:
        raise ValueError(
            f"the page knows the activations {', '.join(ACTIVATIONS)}; got {visible(name)}"
        )
    return {
        "nin": len(neurons[0].weights),
        "nout": len(neurons),
        "weights": _packed(matrix(layer)),
        "bias": _packed([neuron.bias.data for neuron in neurons]),
        "activation": name,
    }


def _packed(numbers: ArrayLike) -> str:
    """Numbers in single precision, four bytes each, low byte first, as base64."""
    import numpy as np

    with np.errstate(all="ignore"):
        single = np.asarray(numbers, float).astype("<f4")
    if not np.isfinite(single).all():
        raise ValueError(
            "the page computes in single precision, so its weights are finite and at most 3.4e38; "
            "one of this network is not: train it again, with a lower learning rate"
        )
    return base64.b64encode(single.tobytes()).decode()

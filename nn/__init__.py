"""Neural networks on Values alone: neurons, losses, optimisers, training. No derivative is here.

>>> from nn import MLP, SGD, fit, half_squared_error
>>> model = MLP(2, [3, 1], seed=1)
>>> X, T = [[-1, -1], [-1, 1], [1, -1], [1, 1]], [[-0.5], [0.5], [0.5], [-0.5]]
>>> history = fit(lambda x, t: half_squared_error(model(x), t), X, T,
...               SGD(model.parameters(), lr=0.3), epochs=200)
>>> [round(model(x).data, 1) for x in X]
[-0.5, 0.5, 0.5, -0.5]
"""

# Another distribution named autograd may have overwritten our autograd/__init__.py, and with it
# the same check there. nn is ours alone, so here it is noticed.
try:
    from autograd import installation
except ImportError as error:
    import autograd

    raise ImportError(
        f"the package autograd at {autograd.__file__} is not ours, which nn needs: pip uninstall "
        "autograd, or give each an environment of its own"
    ) from error

installation.check()

from typing import Any  # noqa: E402

from nn import formats  # noqa: E402
from nn.checkpoint import (  # noqa: E402
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from nn.dropout import Dropout  # noqa: E402
from nn.embedding import Embedding  # noqa: E402
from nn.formats import load_torch, save_torch, to_torch  # noqa: E402
from nn.losses import (  # noqa: E402
    cross_entropy,
    half_squared_error,
    hinge,
    mean_squared_error,
)
from nn.module import Module  # noqa: E402
from nn.neuron import MLP, Layer, Neuron  # noqa: E402
from nn.optim import SGD, Adam, Optimizer, clip_grad_norm, clip_grad_norm_  # noqa: E402
from nn.plan import History  # noqa: E402
from nn.processes import connected  # noqa: E402
from nn.train import fit  # noqa: E402
from nn.training_page import training_page  # noqa: E402

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "CheckpointError",
    "Dropout",
    "Embedding",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "clip_grad_norm",
    "clip_grad_norm_",
    "connected",
    "cross_entropy",
    "fit",
    "half_squared_error",
    "hinge",
    "load_checkpoint",
    "load_torch",
    "mean_squared_error",
    "save_checkpoint",
    "save_torch",
    "to_torch",
    "training_page",
]


def __getattr__(name: str) -> Any:
    # Classifier and Regressor load scikit-learn, so not before somebody asks for them.
    if name not in formats.ESTIMATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(formats, name)


def __dir__() -> list[str]:
    return [*globals(), *formats.ESTIMATORS]

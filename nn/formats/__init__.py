"""A network in other libraries."""

from typing import TYPE_CHECKING, Any

from autograd.extras import library
from nn.formats.state import load_torch, save_torch
from nn.formats.to_torch import to_torch

if TYPE_CHECKING:
    from nn.formats.estimators import Classifier as Classifier
    from nn.formats.estimators import Regressor as Regressor

# Classifier and Regressor are not in the list, because `import *` would load scikit-learn.
__all__ = ["load_torch", "save_torch", "to_torch"]

ESTIMATORS = ("Classifier", "Regressor")


def __getattr__(name: str) -> Any:
    if name not in ESTIMATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    library("sklearn", f"nn.{name}", "scikit-learn")
    from nn.formats import estimators

    return getattr(estimators, name)

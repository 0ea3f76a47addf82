"""Libraries that few users need, imported where they are used."""

from __future__ import annotations

import importlib
from types import ModuleType


def library(module: str, user: str, distribution: str | None = None) -> ModuleType:
    """The module of a library, which ``user``, one of our functions, cannot do without.

    Args:
        module: its name for ``import``.
        user: the name of our function.
        distribution: its name for pip, if that is another.

    Raises:
        ModuleNotFoundError: the library is not installed; the error says how to install it.
    """
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise  # the library is there, and lacks one of its own
    else:
        # A folder of that name without the library, as onnx/ with models, is a module of no file.
        spec = getattr(found, "__spec__", None)
        if not spec or spec.origin:
            return found
    name = distribution or module
    raise ModuleNotFoundError(f"{user} needs {name}: run pip install {name}", name=module)

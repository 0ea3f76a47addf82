"""A course in running code; ``python -m demos`` is a tour of it."""

import os
from importlib.util import find_spec
from pathlib import Path

# NumPy reads these once, when it is loaded. With matrices as small as here, more threads would
# wait for each other; and one thread adds in the same order on every machine, bit for bit.
for _library in ("OPENBLAS", "OMP", "MKL", "VECLIB"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

# Readers of the course often have files called nn.py or autograd.py, and Python looks for modules
# in the working folder first.
for _package in ("autograd", "nn"):
    _found, _ours = find_spec(_package), Path(__file__).parents[1] / _package / "__init__.py"
    if _found and _found.origin and Path(_found.origin).resolve() != _ours.resolve():
        raise ImportError(
            f"{_found.origin} hides the package {_package} that the demos use: rename that file, "
            f"or run the demos in another folder"
        )

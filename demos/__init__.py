"""A course in running code; ``python -m demos`` is a tour of it."""

import os

# NumPy reads these once, when it is loaded. With matrices as small as here, more threads would
# wait for each other; and one thread adds in the same order on every machine, bit for bit.
for _library in ("OPENBLAS", "OMP", "MKL", "VECLIB"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

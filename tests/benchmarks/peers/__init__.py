"""The benchmarks of bench_compile.py in other libraries, each in the best form that we know.

Every function in this folder prepares a task and returns two functions. The first does the task
once and is timed; the second returns the answer, which is compared before anything is timed.
Each function imports its own library, so that the table only lacks a library that is missing.
"""

import ctypes
import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Prepared = tuple[Callable[[], Any], Callable[[], Any]]


class LeftOut(Exception):
    """The reason why a library has no figure for a benchmark."""


def micrograd_tanh(x: Any) -> Any:
    """tanh, which micrograd lacks: relu is its only activation."""
    from micrograd.engine import Value

    y = math.tanh(x.data)
    out = Value(y, (x,), "tanh")

    def backward() -> None:
        x.grad += (1 - y * y) * out.grad

    out._backward = backward
    return out


# --- C ---


def in_c(f: Any, more: str) -> Any:
    """Compile a CasADi function, generated as C, with more C into a library.

    Raises:
        LeftOut: there is no gcc.
    """
    import casadi as ca

    if not shutil.which("gcc"):
        raise LeftOut("no gcc")
    generator = ca.CodeGenerator("f.c", {"with_header": False})
    generator.add(f)
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "f.c", Path(folder) / "f.so"
        source.write_text(generator.dump() + more)
        options = ["-O3", "-march=native", "-fPIC", "-shared"]
        subprocess.run(["gcc", *options, str(source), "-o", str(library), "-lm"], check=True)
        return ctypes.CDLL(str(library))


def pointer(array: Floats) -> Any:
    return ctypes.c_void_p(array.ctypes.data)

"""The works of bench_compile.py in other libraries, each in the best form that we know.

Every function here takes a task, prepares it, and returns what ``measure`` times: a callable that
does the work once, and one that tells the answer, to be compared before anything is timed. Each
imports its library itself, so that one which is not installed is only missing in the table.
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
    """Why a library has no figure for a work."""


def micrograd_tanh(x: Any) -> Any:
    """Its own table has relu only."""
    from micrograd.engine import Value

    y = math.tanh(x.data)
    out = Value(y, (x,), "tanh")

    def backward() -> None:
        x.grad += (1 - y * y) * out.grad

    out._backward = backward
    return out


# --- C ---


def in_c(f: Any, more: str) -> Any:
    """A CasADi function as generated C, and more C around it, in a library.

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

"""to_onnx: a network or a function as an ONNX model."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd.compiler.api import compile
from autograd.extras import library
from autograd.files import write_whole
from autograd.given import shown
from autograd.visible import visible

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def to_onnx(
    function: Callable[..., Any],
    *rows: ArrayLike,
    path: str | os.PathLike[str] | None = None,
    dtype: Any = None,
) -> Any:
    """A network or a function as an ONNX model, which other programs run, also on other devices.

    The function is compiled. So a layer is one Gemm node, its weights are an initializer named W1,
    and the other names are those of ``compile(function).source``. The parameters have the
    numbers of this moment. The model takes any number of rows, from one on.

    >>> from nn import MLP
    >>> model = to_onnx(MLP(2, [3, 1], seed=1), [[0.5, 1.0]])
    >>> [node.op_type for node in model.graph.node]
    ['Gemm', 'Tanh', 'Gemm', 'Tanh']

    A file is written by ``to_onnx(model, X, path="model.onnx")``, and ONNX Runtime runs it by
    ``onnxruntime.InferenceSession("model.onnx").run(None, {"inputs": X})``. The argument of a
    network is called "inputs"; the others have the names that they have in the function.

    Operations that ONNX Runtime lacks for float64, such as erf, are functions within the model.
    Where the function branches, as in ``x[0] if x[0] > 0 else 0 * x[0]``, each way is computed, and
    a Where takes the right one for each row. A row for which the function would raise an error
    gives nan, and so does one with an index that its table does not have. The sum of terms that are
    all -0.0 may be 0.0; numbers below 2.2e-308 may be taken for 0.

    Args:
        function: a Module, a function of lists and numbers that returns a Value or a list of them,
            or what ``compile`` made of one.
        rows: an example for each argument, as for a compiled function: an array of rows, (batch,
            n), or (batch,) where the function takes one number. The first row is recorded.
        path: a file to write, such as "model.onnx".
        dtype: float64 or float32; default that of a compiled function, else float64.

    Returns:
        The model, an ``onnx.ModelProto``. Its output is "value", of shape (batch,), or (batch, m)
        where the function returns a list.

    Raises:
        ModuleNotFoundError: onnx or numpy is not installed.
        TypeError: ``function`` is not a function, or there are no rows.
        ValueError: the rows do not fit together; or the parameters take more than 2 GB.
        CompileError: the function reads the number of a Value, branches in more than 32 ways, has
            an operation that only Python can compute, or cannot be compiled.
    """
    if not callable(function):
        of_estimator = hasattr(function, "model_")  # of a Classifier, say
        way_out = "give its model_" if of_estimator else "write a function of its inputs"
        raise TypeError(
            f"to_onnx takes a Module or a function; got {type(function).__name__} "
            f"{shown(function)}: {way_out}"
        )
    _check_rows(rows)
    library("onnx", "to_onnx")
    model = _model(function, rows, dtype)
    if path is not None:
        write_whole(path, model.SerializeToString())
    return model


def _check_rows(rows: tuple[Any, ...]) -> None:
    if not rows:
        raise TypeError(
            "to_onnx takes an example of the rows after the function, as in "
            "to_onnx(model, [[0.0, 0.0]]); got none"
        )
    for given in rows:
        if isinstance(given, (str, os.PathLike)):
            raise TypeError(
                f"to_onnx takes a file as path=..., and rows before it; got {shown(given)} as rows"
            )


def _model(function: Any, rows: tuple[ArrayLike, ...], dtype: Any) -> Any:
    if getattr(function, "is_compiled", False):
        function, dtype = function.function, function.dtype if dtype is None else dtype
    compiled = compile(function, backend="numpy", dtype="float64" if dtype is None else dtype)
    from autograd.compiler.arguments import as_arrays
    from autograd.formats.onnx.model import model_of

    widths, arrays = as_arrays(compiled.__name__, rows, compiled.dtype)
    paths = compiled.every_path(widths, [a[0].tolist() for a in arrays])
    programs = [path.for_all_rows("ONNX", guarded=True) for path in paths]
    return model_of(visible(compiled.__name__), widths, programs)

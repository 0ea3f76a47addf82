"""compile: a function of Values, or a recorded graph, as a matrix program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.compiled import Compiled


@overload
def compile(
    function: Callable[..., Any] | Value,
    *,
    parameters: Sequence[Value] | None = ...,
    backend: str | None = ...,
    dtype: Any = ...,
) -> Compiled: ...


@overload
def compile(
    function: None = ...,
    *,
    parameters: Sequence[Value] | None = ...,
    backend: str | None = ...,
    dtype: Any = ...,
) -> Callable[[Callable[..., Any]], Compiled]: ...


def compile(
    function: Callable[..., Any] | Value | None = None,
    *,
    parameters: Sequence[Value] | None = None,
    backend: str | None = None,
    dtype: Any = "float64",
) -> Any:
    """Find the matrices in a function of Values, and run it on whole arrays.

    The function takes lists of numbers and returns a Value, or a list of them; its compiled form
    takes arrays with one row for each such list. It is recorded at the first call for each width
    of the rows, for a row in which a branch goes another way again, and runs as matrix products.
    Also a decorator, of functions; of a method write ``self.f = compile(self.f)`` in ``__init__``.

    What the function uses besides its arguments is kept as it was when it was recorded: plain
    numbers, lists and settings, global or closed over. Only of Values the numbers are read anew
    at each call. What else changes from call to call must be an argument.

    A graph that is there already, such as the loss over a whole data set, is compiled with its
    data in it.

    >>> from nn import MLP
    >>> model = MLP(2, [3], seed=1)
    >>> program = compile(model)
    >>> program([[0.5, 1.0], [2.0, 0.0]]).shape
    (2, 3)

    Args:
        function: the function, or the Value at the end of a graph.
        parameters: of a graph, the leaves to differentiate by; the others are fixed. Default: all
            but plain numbers. (Of a function, its parameters are the leaves that it uses and did
            not make.)
        backend: "numba", native code; or "numpy". Default: numba where it is installed.
        dtype: of the numbers, float64 or float32.

    Returns:
        A ``Compiled``: call it; ``value_and_grad``, ``parameters``, ``source``, ``stages``.

    Raises:
        TypeError: ``function`` is neither; ``parameters`` are given for a function, or are not
            Values.
        ValueError: of ``parameters`` one is not a leaf of the graph, or is there twice.
        CompileError: at the first call, where the function does what cannot be recorded.
    """
    if function is None:
        return lambda f: compile(f, parameters=parameters, backend=backend, dtype=dtype)
    try:
        from autograd.compiler.compiled import Compiled
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"compile needs {error.name}: pip install '.[fast]' brings it", name=error.name
        ) from error
    if isinstance(function, Value):
        return Compiled(None, function, parameters, backend, dtype)
    if not callable(function):
        raise TypeError(
            f"compile takes a function or a Value; got {type(function).__name__} {function!r}"
        )
    if parameters is not None:
        raise TypeError("the parameters of a function are the leaves that it uses; give none")
    return Compiled(function, None, None, backend, dtype)

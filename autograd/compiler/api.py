"""compile, also called jit: a function of Values, or a recorded graph, as a matrix program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from autograd.given import shown
from autograd.value import Value, topological_order

if TYPE_CHECKING:
    from autograd.compiler.compiled import Compiled


@overload
def compile(
    function: Callable[..., Any] | Value,
    *,
    parameters: Sequence[Value] | None = ...,
    backend: str | None = ...,
    dtype: Any = ...,
    exact: bool = ...,
) -> Compiled: ...


@overload
def compile(
    function: None = ...,
    *,
    parameters: Sequence[Value] | None = ...,
    backend: str | None = ...,
    dtype: Any = ...,
    exact: bool = ...,
) -> Callable[[Callable[..., Any]], Compiled]: ...


def compile(
    function: Callable[..., Any] | Value | None = None,
    *,
    parameters: Sequence[Value] | None = None,
    backend: str | None = None,
    dtype: Any = "float64",
    exact: bool = False,
) -> Any:
    """Find the matrices in a function of Values, and run it on whole arrays.

    The function takes lists of numbers and returns a Value, or a list of them. Its compiled form
    takes arrays with one row per list. The first call for each width of the rows records it, a row
    for which a branch goes another way records it again, and the recording runs as matrix
    products. It is a decorator too, of functions; for a method write ``self.f = jit(self.f)`` in
    ``__init__``.

    What the function reads besides its arguments may change: numbers in Values are read anew at
    each call, and when a number, a list, an attribute or a variable outside has changed, the next
    call records the function again. What nobody can look into is taken for constant and must be
    an argument: a file, the time, an object written in C or by another package. To be recorded, the
    function runs twice on Values, and once on the plain numbers of the row, for which it must give
    the same result.

    An existing graph, such as the loss over a whole data set, is compiled with its data in it.

    >>> from nn import MLP
    >>> model = MLP(2, [3], seed=1)
    >>> program = compile(model)
    >>> program([[0.5, 1.0], [2.0, 0.0]]).shape
    (2, 3)

    Args:
        function: the function, or the Value at the end of a graph.
        parameters: of a graph, the leaves to differentiate by; the others are fixed. Default: all
            leaves but plain numbers. (The parameters of a function are the leaves that it uses and
            does not make.)
        backend: "machine", whose kernels LLVM compiles once for this processor; "numpy"; or "jax",
            for accelerators, several devices and JAX's own functions (see ``Compiled.jax``).
            Default: the machine where llvmlite is installed.
        dtype: float64 or float32, of which the largest is 3.4e38; a larger number is an error.
        exact: whether every sum is taken in the order of plain Python, and rounded as it is there.
            By default sums over rows, those inside a matrix product that was found, and those of
            a backward pass are taken in any order; all other sums keep theirs. With True the
            graph runs node by node, many times slower, and each row's gradient is what
            ``backward`` gives, to the bit. The sum over rows goes from the first to the last, of
            one branch after the other; the mean is that times 1/n. (Functions of ``math``, such
            as exp, and powers have the last bits of the backend.)

    Returns:
        A ``Compiled``: call it, or its ``value_and_grad``; see its ``source`` and ``stages``.

    Raises:
        TypeError: ``function`` is neither of the two; ``parameters`` are given for a function, or
            are not Values; ``exact`` is neither True nor False.
        ValueError: one of ``parameters`` is not a leaf of the graph, or is given twice.
        CompileError: (at the first call) the function does something that cannot be recorded.
    """
    if function is None:
        return lambda f: compile(
            f, parameters=parameters, backend=backend, dtype=dtype, exact=exact
        )
    try:
        from autograd.compiler.compiled import Compiled
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"compile needs {error.name}: pip install '.[fast]' brings it", name=error.name
        ) from error
    if isinstance(function, Value):
        topological_order(function)  # which refuses a cycle
        return Compiled(None, function, parameters, backend, dtype, exact)
    if not callable(function):
        raise TypeError(
            f"compile takes a function or a Value; got {type(function).__name__} {shown(function)}"
        )
    if parameters is not None:
        raise TypeError(
            "the parameters of a function are the leaves that it uses: give none; got "
            f"{shown(parameters)}"
        )
    return Compiled(function, None, None, backend, dtype, exact)

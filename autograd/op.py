"""Op: one operation. It says how to compute a value, its derivatives, and how to write both."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.real import Real, as_float, count

TABLE: dict[str, Op] = {}
"""Every operation by its name."""

BUILT_IN: set[str] = set()
"""The names of those that ``ops.py`` defines."""

_FORWARD = (
    "An operation returns a float for every input, inf or nan where there is no answer; Python's "
    "math raises there, and autograd's own exp, log, sqrt and so on do not"
)
_RULE = (
    "A rule takes the output and each input, and returns a tuple with one derivative per input, "
    "as in lambda y, x: (1 - y * y,)"
)


@dataclass(frozen=True, eq=False)
class Op:
    """One operation: an entry of the table, and a function of floats or Values.

    Args:
        name: a Python name, by which networks and files refer to the operation.
        forward: floats in, float out. Infinities and nan rather than exceptions.
        partials: ``partials(y, *inputs)`` returns the tuple of local derivatives, one per input,
            as they are taught. ``y`` is the output, so that nothing need be computed twice.
        accurate: the same derivatives in a form that keeps its digits where the taught form
            loses them (1 - tanh² is 0 from 19 on). None: the taught form is accurate.
        arity: the number of inputs. None: any number, and then ``forward`` and the rules take
            the inputs as one sequence.
        symbol: the operation on a node of a drawing. Default: the name.
        text, latex: how it is written, with a ``{}`` for each input. With any number of inputs
            an infix ``{} + {}`` is repeated, and ``f({})`` gets them all. Default: a call.
        precedence: how tightly it binds when written: 1 as a sum, 2 as a product, 3 as a power;
            4 (a call) never needs parentheses.
        domain: for each input the interval where the derivative may be tested, clear of corners.
        ulps: how far a derivative may be from the true one, in units in the last place. 4 for
            every operation of one input, over its whole domain; for others, within ``domain``.
            Near a zero of a derivative that is a sum (silu, gelu) they are units of its largest
            term; and numbers below the smallest normal one (2.2e-308) may be 0 when compiled.
        registered: whether the operation stands in the table.

    Raises:
        ValueError: a built-in operation has that name, or it is not a Python name.
    """

    name: str
    forward: Callable[..., float]
    partials: Callable[..., tuple[Any, ...]]
    accurate: Callable[..., tuple[Any, ...]] | None = None
    arity: int | None = 1
    symbol: str = ""
    text: str = ""
    latex: str = ""
    precedence: int = 4
    domain: tuple[tuple[float, float], ...] = ()
    ulps: float = 4.0
    registered: bool = True

    def __post_init__(self) -> None:
        if not self.name.isidentifier() and self.registered:
            raise ValueError(f"an operation needs a Python name such as 'swish'; got {self.name!r}")
        if self.name in BUILT_IN and self.registered:
            raise ValueError(
                f"the operation {self.name!r} is built in; choose another name for yours"
            )
        inputs = ", ".join(["{}"] * (self.arity or 1))
        fill = functools.partial(object.__setattr__, self)
        fill("symbol", self.symbol or self.name)
        fill("text", self.text or f"{self.name}({inputs})")
        fill("latex", self.latex or rf"\operatorname{{{{{self.name}}}}}\left({inputs}\right)")
        fill("domain", self.domain or ((-3.0, 3.0),) * (self.arity or 3))
        if self.registered:
            TABLE[self.name] = self

    @functools.cached_property
    def rule(self) -> Callable[..., tuple[Any, ...]]:
        """The derivatives to compute with: the accurate form where there is one."""
        return self.accurate or self.partials

    @property
    def is_built_in(self) -> bool:
        """Whether ``ops.py`` defines it."""
        return self.registered and self.name in BUILT_IN

    def __call__(self, *inputs: Any) -> Any:
        """The operation on floats (a float) or, with at least one Value, a new Value.

        An operation of any number of inputs takes them one by one or as one iterable.
        """
        if len(inputs) == self.arity == 1 and type(inputs[0]) is float:
            return self.forward(inputs[0])  # the call that rules make most
        if len(inputs) != self.arity:
            inputs = self._gathered(inputs)
        for x in inputs:
            if type(x) is not float:
                return self._dispatch(inputs)
        return self.apply(inputs)

    def _gathered(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.arity is not None:
            hint = "" if self.is_built_in else f"; define it with arity={len(inputs)} if it should"
            raise TypeError(
                f"{self.name} takes {count(self.arity, 'input')}; got {len(inputs)}{hint}"
            )
        if len(inputs) == 1 and hasattr(type(inputs[0]), "__iter__"):
            return tuple(inputs[0])
        return inputs

    def _dispatch(self, inputs: tuple[Any, ...]) -> Any:
        """Let the kind of the operands decide: the first that is not a number does the work."""
        for x in inputs:
            if hasattr(type(x), "apply_op"):
                return type(x).apply_op(self, inputs)
        result = self(*map(as_float, inputs))
        return Real(result) if any(isinstance(x, Real) for x in inputs) else result

    def apply(self, inputs: Sequence[Any]) -> Any:
        """``forward`` on operands of any kind, given as one sequence."""
        return self.forward(inputs) if self.arity is None else self.forward(*inputs)

    def apply_rule(self, y: Any, inputs: Sequence[Any], taught: bool = False) -> tuple[Any, ...]:
        """The local derivatives on operands of any kind, in the accurate or the taught form."""
        rule = self.partials if taught else self.rule
        return rule(y, inputs) if self.arity is None else rule(y, *inputs)

    def compute(self, xs: Sequence[float]) -> float:
        """The value at ``xs``, checked. (``forward`` alone is fast, and checks nothing.)

        Raises:
            TypeError, ArithmeticError, ValueError: the operation failed; the message names it.
        """
        try:
            y = self.forward(xs) if self.arity is None else self.forward(*xs)
            if isinstance(y, complex):  # from a power of a negative number: IEEE says nan
                y = self.apply([Real(x) for x in xs])
            return as_float(y)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise self._failure(xs, error, _FORWARD) from error

    def evaluate(self, xs: Sequence[float]) -> tuple[float, tuple[float, ...]]:
        """Value and local derivatives at ``xs``, checked, with IEEE arithmetic throughout.

        Raises:
            TypeError, ArithmeticError, ValueError: the operation failed; the message names it.
        """
        y = self.compute(xs)
        try:
            partials = self.apply_rule(Real(y), [Real(x) for x in xs])
            return y, tuple(as_float(partial) for partial in partials)
        except (ArithmeticError, ValueError, TypeError) as error:
            advice = _RULE if isinstance(error, TypeError) else _FORWARD
            raise self._failure(xs, error, advice) from error

    def _failure(self, xs: Sequence[float], error: Exception, advice: str) -> Exception:
        at = ", ".join(map(repr, xs))
        return type(error)(f"the operation {self.name!r} failed at ({at}): {error}. {advice}")

    def write(self, *inputs: str, latex: bool = False) -> str:
        """The operation on inputs already written; the caller adds parentheses, by precedence."""
        template = self.latex if latex else self.text
        if self.arity is not None:
            return template.format(*inputs)
        if template.count("{}") == 1:
            return template.format(", ".join(inputs))
        return functools.reduce(template.format, inputs)

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # Rules are functions, so an operation travels (pickle, copy) by its name.
        return (named, (self.name,))


def named(name: str) -> Op:
    """The operation of that name.

    Raises:
        ValueError: there is none; the message lists the names there are.
    """
    if name not in TABLE:
        raise ValueError(f"no operation is called {name!r}; there are {', '.join(sorted(TABLE))}")
    return TABLE[name]

"""Op: one operation. It says how to compute a value, its derivatives, and how to write both."""

from __future__ import annotations

import functools
import keyword
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.given import did_you_mean, listed, shown, switch
from autograd.real import Real, as_float, count

TABLE: dict[str, Op] = {}
"""Every operation by its name."""

BUILT_IN: set[str] = set()
"""The names of those that ``ops.py`` defines."""

MOST_INPUTS = 255
"""With more, an operation takes them as one sequence: its arity is None."""

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
        ulps: how far value and derivatives may be from the true ones, in units in the last place.
            4 for every operation of one input (6 for tan, silu, sech2 and x ** -0.5; 5 for x ** n
            from -1 to 0.05), over its whole domain. Near a zero of what is a sum (a derivative of
            silu or gelu, the value of sum or logsumexp) they are units of its largest term. Outside
            ``domain`` an exponent that is computed (of pow's derivative by a, of logsumexp's, of
            exp_mul's from 1e300 on, in float32 from 1e34 on) adds up to its size: 600 for a share
            of e^-600. So does in float32 an exponent n of x ** n that is not a float32 number. And
            numbers below the smallest normal one (2.2e-308) may be 0 when compiled, and have fewer
            digits on the way.
        registered: whether the operation stands in the table.

    Raises:
        ValueError: a built-in operation has that name, or it is not a Python name; or the arity
            is below 1 or above MOST_INPUTS.
        TypeError: the name, symbol, text or latex is not text, or a rule is not a function.
    """

    name: str
    # Both are needed. An operation without them says so in its own words.
    forward: Callable[..., float] = None  # type: ignore[assignment]
    partials: Callable[..., tuple[Any, ...]] = None  # type: ignore[assignment]
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
        self._check()
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

    def _check(self) -> None:
        name, arity = self.name, self.arity
        needs = "an operation needs a Python name such as 'swish'"
        if not isinstance(name, str):
            raise TypeError(f"{needs}; got {shown(name)}")
        if switch(self.registered, "registered") and not _is_name(name):
            raise ValueError(f"{needs}; got {shown(name)}")
        for part in ("forward", "partials", "accurate"):
            rule = getattr(self, part)
            if not callable(rule) and not (part == "accurate" and rule is None):
                raise TypeError(f"{part} of {name!r} is a function; got {shown(rule)}. {_RULE}")
        if arity is not None and not (isinstance(arity, int) and 1 <= arity <= MOST_INPUTS):
            raise ValueError(
                f"the arity of {name!r} is a whole number from 1 to {MOST_INPUTS}, or None for any "
                f"number of inputs; got {shown(arity)}"
            )
        if not isinstance(self.domain, (tuple, list)):
            raise TypeError(f"domain of {name!r} is a tuple; got {shown(self.domain)}")
        for part in ("symbol", "text", "latex"):
            template = getattr(self, part)
            if not isinstance(template, str):
                raise TypeError(f"{part} of {name!r} is text; got {shown(template)}")
            places = _places(template) if part != "symbol" and template else None
            if places not in (None, arity) and not (arity is None and places in (1, 2)):
                raise ValueError(
                    f"{part} of {name!r} needs a {{}} for each input, and braces of its own "
                    f"doubled; got {shown(template)}"
                )

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
            what = f"the inputs of {self.name} are numbers or Values"
            return tuple(listed(inputs[0], what, f"the one argument of {self.name}"))
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
            if type(y) is float:
                return y
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
        # Rules are functions, so pickle has an operation by its name. (One that stood in the table
        # was defined again since, as notebooks do: the new one takes its place.)
        if not self.registered and TABLE.get(self.name, self) is not self:
            raise ValueError(
                f"pickle knows an operation by its name, and {shown(self.name)} is another one: "
                "give this one a name of its own"
            )
        return (named, (self.name,))

    def __copy__(self) -> Op:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Op:
        return self


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _places(template: str) -> int:
    """How many ``{}`` it has; -1 if a brace stands alone."""
    try:
        return sum(place is not None for _, place, _, _ in string.Formatter().parse(template))
    except ValueError:
        return -1


def named(name: str) -> Op:
    """The operation of that name.

    Raises:
        ValueError: there is none; the message lists the names there are.
    """
    if not isinstance(name, str) or name not in TABLE:
        hint = did_you_mean(name, TABLE) or f"; there are {', '.join(sorted(TABLE))}"
        raise ValueError(f"no operation is called {shown(name)}{hint}")
    return TABLE[name]

"""Values and derivatives written out as formulas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograd import ops
from autograd.deprecation import renamed
from autograd.given import switch
from autograd.names import NodeNames, displayed, latex_name
from autograd.operand import traced
from autograd.ops import Op
from autograd.reading import Reading
from autograd.real import count
from autograd.symbols import ATOM, DOTS, ONE, Symbol, write_op
from autograd.value import Value, topological_order

LONGEST_FORMULA = 10_000
"""In characters. Where parts are shared, a formula may be exponentially longer than its graph."""


class Notation:
    """How to write the nodes of one graph within formulas.

    A node with a name is written by its name, a leaf without one as its number, and any other node
    as its operation.

    Args:
        names: the names of those nodes that have one.
        limit: how long a formula may be, in characters.
    """

    def __init__(self, names: NodeNames, limit: int = LONGEST_FORMULA) -> None:
        self._names = names
        self._limit = limit
        self._symbols: dict[Value, Symbol] = {}
        self._partials: dict[Value, tuple[Symbol, ...]] = {}

    def symbol(self, node: Value) -> Symbol:
        """The node as an operand."""
        if node not in self._symbols:
            self._symbols[node] = self._symbol(node)
        return self._symbols[node]

    def _symbol(self, node: Value) -> Symbol:
        if node in self._names:
            name = displayed(self._names[node])
            return Symbol(name, latex_name(name))
        return Symbol.of(node.data) if node.op is None else self.expression(node)

    def expression(self, node: Value, places: Sequence[int] | None = None) -> Symbol:
        """The operation that made the node; a leaf as its number.

        Args:
            node: any node.
            places: the inputs to write, with dots where some are left out. Default: all.

        Raises:
            ValueError: the formula is too long.
        """
        if node.op is None:
            return Symbol.of(node.data)
        inputs, before = node.inputs, -1
        written: list[Symbol] = []
        for place in range(len(inputs)) if places is None else places:
            written += [DOTS] if place > before + 1 else []
            written.append(self.symbol(inputs[place]))
            before = place
        return self.checked(write_op(node.op, written))

    def partial(self, node: Value, place: int) -> Symbol:
        """The derivative of a computed node by its input at ``place``, as the table teaches it.

        Where the rule cannot be written, as ∂f(x)/∂x.
        """
        if node not in self._partials:
            assert node.op is not None
            inputs = [self.symbol(x) for x in node.inputs]
            try:
                self._partials[node] = written_partials(node.op, self.symbol(node), inputs)
            except TypeError:
                self._partials[node] = _unwritten(node.op, inputs)
        return self._partials[node][place]

    def prepare(self, nodes: Iterable[Value]) -> None:
        """Write the nodes, which are in topological order, so that no recursion goes deep."""
        for node in nodes:
            self.symbol(node)

    def checked(self, written: Symbol) -> Symbol:
        """The Symbol as it is.

        Raises:
            ValueError: it is too long.
        """
        if max(len(written.text), len(written.latex)) > self._limit:
            raise ValueError(
                f"the formula is longer than {self._limit:,} characters: label some of the values "
                f"in between, and the formula will refer to them by their labels"
            )
        return written


def written_partials(op: Op, y: Symbol, inputs: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """The derivatives of an operation by its inputs, as the table teaches them.

    Raises:
        TypeError: the rule does something with its inputs that cannot be written.
    """
    try:
        with traced():
            written = tuple(Symbol.of(partial) for partial in op.apply_rule(y, inputs, taught=True))
    except Exception as error:  # a rule may be any Python
        raise TypeError(
            f"the operation {op.name!r} cannot be written as a formula: {error}. A rule uses "
            f"+ - * / ** and other operations, and does not branch"
        ) from error
    if len(written) != len(inputs):
        raise TypeError(
            f"the rule of the operation {op.name!r} returns {len(written)} derivatives for "
            f"{count(len(inputs), 'input')}"
        )
    return written


def _unwritten(op: Op, inputs: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """∂f(a, b)/∂a, ∂f(a, b)/∂b."""
    y = _call(write_op(op, inputs))
    return tuple(derivative(y, _call(x)) for x in inputs)


def formula(value: Value, names: object = None, *, latex: bool = False) -> str:
    """How a Value was computed, as one expression.

    Values with a name are written by that name, even if they were computed. So labels decide how
    much is written out.

    Args:
        value: any Value; its own name is not used.
        names: a dict such as ``locals()``, or a Module. These names take precedence over labels.
        latex: write LaTeX for a document, and not text for a terminal.

    Raises:
        ValueError: the formula would be longer than LONGEST_FORMULA characters.
    """
    reading = Reading(value, names)
    notation = Notation(reading.names)
    notation.prepare(_written_out(reading))
    written = notation.expression(value)
    return written.latex if switch(latex, "latex") else written.text


def _written_out(reading: Reading) -> list[Value]:
    """The nodes below the output that its formula mentions, each after its inputs."""
    found = set(reading.nodes[-1].inputs)
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        fresh = set() if node in reading.names else set(node.inputs) - found
        found |= fresh
        waiting.extend(fresh)
    return [node for node in reading.nodes if node in found]


@renamed(with_respect_to="wrt")
def derivative_formula(
    of: Op | str | Value,
    wrt: Value | None = None,
    names: object = None,
    *,
    latex: bool = False,
) -> str:
    """A derivative as a formula: that of an operation, or of a Value by a Value.

    >>> derivative_formula("tanh")
    "tanh'(x) = 1 - tanh(x)²"
    >>> print(derivative_formula("mul"))
    ∂(a * b)/∂a = b
    ∂(a * b)/∂b = a
    >>> w, x = Value(2.0, "w"), Value(0.5, "x")
    >>> derivative_formula((w * x).tanh(), w)
    'd(tanh(w * x))/dw = (1 - tanh(w * x)²) * x'

    Args:
        of: an operation, its name, or a Value.
        wrt: the Value by which to differentiate, if ``of`` is a Value.
        names: a dict such as ``locals()``, or a Module. These names take precedence over labels.
        latex: write LaTeX for a document, and not text for a terminal.

    Returns:
        One line per input of an operation; one line for a Value.

    Raises:
        ValueError: no operation has that name, or the formula would be longer than
            LONGEST_FORMULA characters.
        TypeError: ``of`` is a Value and ``wrt`` is missing, or ``of`` is something else; or the
            rule of the operation cannot be written, because it branches or calls other code.
    """
    latex = switch(latex, "latex")
    if isinstance(of, Value) and isinstance(wrt, Value):
        lines = [_derivative_by(of, wrt, names)]
    elif isinstance(of, (Op, str)) and wrt is None:
        lines = _derivatives_of_op(ops.named(of) if isinstance(of, str) else of)
    else:
        raise TypeError(
            f"derivative_formula takes an operation or its name, or two Values; "
            f"got {type(of).__name__} and {type(wrt).__name__}"
        )
    return "\n".join(line.latex if latex else line.text for line in lines)


def _derivatives_of_op(op: Op) -> list[Symbol]:
    letters = {1: "x", 2: "ab", 3: "abc"}.get(op.arity or 0)
    names = letters or [f"x{i + 1}" for i in range(op.arity or 3)]
    inputs = [Symbol.named(name) for name in names]
    y = write_op(op, inputs)
    rules = written_partials(op, y, inputs)
    if op.arity == 1:
        prime = f"{op.name}'(x)" if op.text == f"{op.name}({{}})" else f"({y.text})'"
        left = Symbol(prime, rf"\frac{{\mathrm{{d}}}}{{\mathrm{{d}}x}} {_call(y).latex}")
        return [equal(left, rules[0])]
    return [equal(derivative(_call(y), x), rule) for x, rule in zip(inputs, rules, strict=True)]


def _derivative_by(output: Value, target: Value, given: object) -> Symbol:
    reading = Reading(output, given, target)
    names = reading.names
    names.write(target)
    notation = Notation(names)
    notation.prepare(_written_out(reading))
    adjoints: dict[Value, Symbol] = {output: ONE}
    relevant = between(output, target)
    for node in reversed(relevant):
        if node is target:
            break
        for place, child in enumerate(node.inputs):
            if child in relevant:
                term = adjoints[node] * notation.partial(node, place)
                before = adjoints.get(child)
                adjoints[child] = notation.checked(term if before is None else before + term)
    top = notation.symbol(output)
    enclosed = Symbol(f"({top.text})", rf"\left({top.latex}\right)")
    of = top if output in names else enclosed
    left = derivative(of, notation.symbol(target), total=True)
    return equal(left, adjoints.get(target, Symbol.of(0.0)))


def between(output: Value, target: Value) -> dict[Value, None]:
    """The nodes on paths from ``output`` to ``target``, both included, in topological order.

    Empty if there is no path.
    """
    found: dict[Value, None] = {}
    for node in topological_order(output):
        if node is target or any(child in found for child in node.inputs):
            found[node] = None
    return found if output in found else {}


def derivative(of: Symbol, by: Symbol, total: bool = False) -> Symbol:
    """∂of/∂by for one operation; d of/d by for the sum over all paths."""
    d, latex = ("d", r"\mathrm{d}") if total else ("∂", r"\partial ")
    text = f"{d}{of.text}/{d}{by.text}"
    return Symbol(text, rf"\frac{{{latex}{of.latex}}}{{{latex}{by.latex}}}")


def equal(left: Symbol, *right: Symbol) -> Symbol:
    """left = right = right ..."""
    sides = (left, *right)
    return Symbol(" = ".join(x.text for x in sides), " = ".join(x.latex for x in sides))


def _call(y: Symbol) -> Symbol:
    """An expression as ∂ takes it: in parentheses, unless it is a name or a call."""
    text = y.text if y.precedence == ATOM else f"({y.text})"
    return Symbol(text, y.latex if y.latex_precedence == ATOM else rf"\left({y.latex}\right)")

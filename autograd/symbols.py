"""The operand that writes instead of computing, so that the operation table prints its formulas.

A rule of the table is plain arithmetic on whatever it is given. Given Symbols, it writes:

>>> from autograd.ops import tanh
>>> x = Symbol.named("x")
>>> tanh.partials(tanh(x), x)[0].text
'1 - tanh(x)²'

A row called on Symbols is written as it stands. The operators ``+ - * / **``, which rules use,
also leave out what says nothing: 1 * x, x + 0, -(-x); they gather numbers in front, and write a
product of two equal factors as a square. There is no further algebra.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import ops
from autograd.ops import Op
from autograd.value import Value, topological_order

ATOM = 4
"""The precedence of what never needs parentheses (see ``Op.precedence``)."""

LONGEST_FORMULA = 10_000
"""In characters. Where parts are shared, a formula may be exponentially longer than its graph."""

LONGEST_NAME = 60


@dataclass(frozen=True, eq=False)
class Symbol:
    """An expression, written.

    Args:
        text: for a terminal: ``1 - tanh(x)²``.
        latex: for a document, in math mode.
        precedence: how tightly ``text`` binds, as an Op's.
        latex_precedence: how tightly ``latex`` binds: a fraction is held together by its bar.
        number: the number, if it is one.
        scaled: (c, rest) if it is c * rest with a number c.
    """

    text: str
    latex: str
    precedence: int = ATOM
    latex_precedence: int = ATOM
    number: float | None = None
    scaled: tuple[float, Symbol] | None = None

    @staticmethod
    def named(name: str) -> Symbol:
        """The symbol of a name; any text, none of it markup."""
        shown = displayed(name)
        return Symbol(shown, latex_name(shown))

    @staticmethod
    def of(x: Symbol | float) -> Symbol:
        """A Symbol as it is; a number written with nine digits."""
        if isinstance(x, Symbol):
            return x
        text = f"{x + 0.0:.9g}"  # + 0.0 turns -0 into 0
        precedence = ops.neg.precedence if text.startswith("-") else ATOM
        latex = _latex_number(text)
        latex_precedence = ops.mul.precedence if "times" in latex else precedence
        return Symbol(text, latex, precedence, latex_precedence, number=float(x))

    @staticmethod
    def apply_op(op: Op, inputs: Sequence[Symbol | float]) -> Symbol:
        """What a row of the table calls when one of its inputs is a Symbol: write it."""
        return write(op, [Symbol.of(x) for x in inputs])

    @property
    def parts(self) -> tuple[float, Symbol]:
        """A number, and the Symbol that it multiplies."""
        if self.number is not None:
            return self.number, ONE
        return self.scaled or (1.0, self)

    def __neg__(self) -> Symbol:
        factor, rest = self.parts
        return _scale(-factor, rest)

    def __mul__(self, other: Symbol | float) -> Symbol:
        (c, a), (d, b) = self.parts, Symbol.of(other).parts
        return _scale(c * d, _product(a, b))

    def __rmul__(self, other: float) -> Symbol:
        return Symbol.of(other) * self

    def __add__(self, other: Symbol | float) -> Symbol:
        b = Symbol.of(other)
        if self.number is not None and b.number is not None:
            return Symbol.of(self.number + b.number)
        if self.number == 0:
            return b
        if b.number == 0:
            return self
        return self - -b if b.parts[0] < 0 else _row(ops.add, self, b)

    def __radd__(self, other: float) -> Symbol:
        return Symbol.of(other) + self

    def __sub__(self, other: Symbol | float) -> Symbol:
        b = Symbol.of(other)
        if self.number is not None and b.number is not None:
            return Symbol.of(self.number - b.number)
        if self.number == 0:
            return -b
        return self if b.number == 0 else _row(ops.sub, self, b)

    def __rsub__(self, other: float) -> Symbol:
        return Symbol.of(other) - self

    def __truediv__(self, other: Symbol | float) -> Symbol:
        b = Symbol.of(other)
        if b.number == 1:
            return self
        if self.number is not None and b.number:
            quotient = Symbol.of(self.number / b.number)
            if float(quotient.text) == quotient.number:  # 1 / 2 as 0.5, but 1 / 3 as it is
                return quotient
        return _row(ops.div, self, b)

    def __rtruediv__(self, other: float) -> Symbol:
        return Symbol.of(other) / self

    def __pow__(self, other: Symbol | float) -> Symbol:
        exponent = Symbol.of(other)
        if exponent.number is None:
            return _row(ops.pow, self, exponent)
        if exponent.number == 1:
            return self
        return ONE if exponent.number == 0 else _row(ops.power(exponent.number), self)

    def __rpow__(self, other: float) -> Symbol:
        return Symbol.of(other) ** self

    def __str__(self) -> str:
        return self.text


def _row(op: Op, *inputs: Symbol) -> Symbol:
    return Symbol.apply_op(op, inputs)


ONE = Symbol("1", "1", number=1.0)
DOTS = Symbol("…", r"\cdots")


def _scale(factor: float, rest: Symbol) -> Symbol:
    """factor * rest, which remembers its parts."""
    if rest is ONE or factor == 0:
        return Symbol.of(factor)
    if factor == 1:
        return rest
    written = _row(ops.neg, rest) if factor == -1 else _row(ops.mul, Symbol.of(factor), rest)
    forms = written.text, written.latex, written.precedence, written.latex_precedence
    return Symbol(*forms, scaled=(factor, rest))


def _product(a: Symbol, b: Symbol) -> Symbol:
    if a is ONE or b is ONE:
        return b if a is ONE else a
    return a**2 if a.text == b.text else _row(ops.mul, a, b)


# --- writing one operation ---

_ASSOCIATIVE = ("add", "sum", "mul", "strong_mul")
_OPENING = ("{{", "(", "|", ", ")  # what stands before an input that needs no parentheses
_RAISED = re.compile(r" \*\* (\d+)$")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def write(op: Op, inputs: Sequence[Symbol]) -> Symbol:
    """The operation as its row of the table writes it, with parentheses where they are needed."""
    if len(inputs) == 1 and op.arity is None and op.text.count("{}") == 2:
        return inputs[0]  # a sum of one term
    text = op.write(*(_in_text(op, place, x) for place, x in enumerate(inputs)))
    precedence = op.precedence
    if raised := _RAISED.search(op.text):
        text = text.removesuffix(raised[0]) + raised[1].translate(_SUPERSCRIPTS)
        precedence = min(precedence, ops.pow.precedence)
    latex = op.write(*(_in_latex(op, place, x) for place, x in enumerate(inputs)), latex=True)
    return Symbol(text, latex, precedence, _latex_precedence(op))


def _in_text(op: Op, place: int, x: Symbol) -> str:
    bare = _needs_parentheses(op, op.text, place, x.text, x.precedence)
    return f"({x.text})" if bare else x.text


def _in_latex(op: Op, place: int, x: Symbol) -> str:
    bare = _needs_parentheses(op, op.latex, place, x.latex, x.latex_precedence)
    return rf"\left({x.latex}\right)" if bare else x.latex


def _needs_parentheses(op: Op, template: str, place: int, written: str, precedence: int) -> bool:
    before, after = _around(template, place)
    if before.endswith(_OPENING) and not after.startswith("}}^"):
        return False
    if before and written.startswith("-"):
        return True  # a - (-b)
    leftmost = not before and op.precedence < ops.pow.precedence
    if op.name in _ASSOCIATIVE or leftmost:
        return precedence < op.precedence
    return precedence <= op.precedence and precedence < ATOM


def _around(template: str, place: int) -> tuple[str, str]:
    """What stands before and after the input at ``place``; the last of a template repeats."""
    pieces = template.split("{}")
    slot = min(place, len(pieces) - 2)
    return pieces[slot], pieces[slot + 1]


def _latex_precedence(op: Op) -> int:
    """An operation that encloses all its inputs, as a fraction does, need not be enclosed itself.

    Except below an exponent, if it is no call or has an exponent already.
    """
    *before, _ = op.latex.split("{}")
    if not all(piece.endswith(_OPENING) for piece in before):
        return op.precedence
    is_call = op.precedence == ATOM and not before[-1].endswith("^{{")
    return ATOM if is_call else ops.pow.precedence


def _latex_number(text: str) -> str:
    if text.lstrip("-") in ("inf", "nan"):
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent else mantissa


# --- names ---

# Arrows and paths read well within formulas; names with other signs or spaces get brackets.
_PLAIN = re.compile(r"(?!\d)\w(?:\w|[.'#]|\[\d+\]|->)*")

_LATEX_CHARACTERS = {
    "_": r"\_", "#": r"{\#}", "$": r"{\$}", "%": r"{\%}", "&": r"{\&}", "{": r"{\{}",
    "}": r"{\}}", "\\": r"{\backslash}", "^": r"{\hat{\ }}", "~": r"{\sim}", "`": r"{\grave{\ }}",
    "*": r"{\ast}", "|": r"{\vert}", " ": r"\ ", "→": r"{\to}", "…": r"{\ldots}", ".": ".",
}  # fmt: skip

_ACCENTS = {
    "\u0300": r"\grave", "\u0301": r"\acute", "\u0302": r"\hat", "\u0303": r"\tilde",
    "\u0308": r"\ddot", "\u030a": r"\mathring", "\u030c": r"\check", "\u0304": r"\bar",
}  # fmt: skip

_GREEK = dict(zip(
    "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
    .split(),
))  # fmt: skip


def displayed(name: str) -> str:
    """A name as it is shown in a terminal: on one line, not too long, and nothing but text.

    What has no printed form gets a visible stand-in: control characters their pictures (U+2400
    for NUL), everything else U+FFFD.
    """
    shown = "".join(c if c.isprintable() else _stand_in(c) for c in name)
    if len(shown) > LONGEST_NAME:
        half = LONGEST_NAME // 2
        shown = f"{shown[: half - 1]}…{shown[-half:]}"
    return shown if _PLAIN.fullmatch(shown) else f"[{shown}]"


def _stand_in(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def latex_name(name: str) -> str:
    """A name in math mode, of any characters; compiles with any TeX that has amsmath.

    >>> latex_name("w1"), latex_name("in->h1")
    ('w_{1}', '\\\\mathrm{in{\\\\to}h1}')
    """
    if indexed := re.fullmatch(r"([A-Za-z])([0-9]*)", name):
        letter, digits = indexed.groups()
        return f"{letter}_{{{digits}}}" if digits else letter
    return rf"\mathrm{{{''.join(map(_latex_character, name.replace('->', '→')))}}}"


def _latex_character(c: str) -> str:
    if c.isascii() and c.isalnum():
        return c
    if c in _LATEX_CHARACTERS:
        return _LATEX_CHARACTERS[c]
    if c in _GREEK:
        return rf"{{\{_GREEK[c]}}}"
    if c.isascii():
        return f"{{{c}}}"
    letter, *marks = list(unicodedata.normalize("NFD", c))
    if letter.isascii() and letter.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        return rf"{{{_ACCENTS[marks[0]]}{{{letter}}}}}"
    return f"{{U{{+}}{ord(c):04X}}}"


class Names:
    """Distinct names for the nodes of a graph: given ones, then labels.

    Where two would be the same, the later one in the graph becomes ``h#2``, ``h#3`` and so on.

    Args:
        nodes: the graph in topological order.
        given: what ``explain`` takes as ``names``.
    """

    def __init__(self, nodes: Iterable[Value], given: object = None) -> None:
        self._of: dict[Value, str] = {}
        self._used: set[str] = set()
        self._repeats: dict[str, int] = {}
        nodes = list(nodes)
        chosen = given_names(given)
        for node in nodes:
            if node in chosen:
                self.give(node, displayed(chosen[node]))
        for node in nodes:
            if node.label and node not in self._of:
                self.give(node, displayed(str(node.label)))

    def __contains__(self, node: Value) -> bool:
        return node in self._of

    def __getitem__(self, node: Value) -> str:
        return self._of[node]

    def give(self, node: Value, name: str) -> None:
        """Name a node, distinctly."""
        candidate = name
        while candidate in self._used:
            self._repeats[name] = self._repeats.get(name, 1) + 1
            candidate = f"{name}#{self._repeats[name]}"
        self._used.add(candidate)
        self._of[node] = candidate

    def give_first_free(self, node: Value, candidates: Iterator[str]) -> None:
        """Name a node, if it has no name, with the first of the candidates that is free."""
        if node not in self._of:
            self.give(node, next(name for name in candidates if name not in self._used))


def given_names(given: object) -> dict[Value, str]:
    """The name of each Value in a dict such as ``locals()``, or in a Module.

    Within a dict, lists and tuples give ``w[0]``, Modules ``model.layers.0.neurons.1.bias``.
    Entries that are none of these, and keys that begin with an underscore, are left alone.

    Raises:
        TypeError: ``given`` is neither a mapping nor a Module, nor None.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) and not _is_module(given):
        raise TypeError(
            f"names are a dict such as locals(), or a Module; got {type(given).__name__}"
        )
    found: dict[Value, str] = {}
    seen: set[int] = set()
    waiting: list[tuple[str, object]] = [("", given)]
    while waiting:
        name, thing = waiting.pop()
        if isinstance(thing, Value):
            found.setdefault(thing, name)
        elif id(thing) not in seen:
            seen.add(id(thing))
            waiting.extend(reversed(_entries(name, thing)))
    return found


def _entries(name: str, thing: Any) -> list[tuple[str, object]]:
    """What a container holds, named."""
    if _is_module(thing):
        dot = f"{name}." if name else ""
        return [(f"{dot}{path}", v) for path, v in thing.named_parameters()]
    if isinstance(thing, Mapping) and not name:
        return [(str(key), v) for key, v in thing.items() if not str(key).startswith("_")]
    if isinstance(thing, Mapping):
        return [(f"{name}[{key!r}]", v) for key, v in thing.items()]
    if isinstance(thing, (list, tuple)):
        return [(f"{name}[{i}]", v) for i, v in enumerate(thing)]
    return []


def _is_module(thing: object) -> bool:
    return hasattr(type(thing), "named_parameters")


# --- formulas of graphs ---


class Notation:
    """How the nodes of one graph are written within formulas.

    By name; a leaf without a name as its number; any other node in place, as its operation.

    Args:
        names: of the nodes that have one.
        limit: the number of characters of the longest formula.
    """

    def __init__(self, names: Names, limit: int = LONGEST_FORMULA) -> None:
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
            name = self._names[node]
            return Symbol(name, latex_name(name))
        return Symbol.of(node.data) if node.op is None else self.expression(node)

    def expression(self, node: Value, places: Sequence[int] | None = None) -> Symbol:
        """The operation that made the node; a leaf as its number.

        Args:
            node: any.
            places: the inputs to write, with dots between those that are no neighbours. All.

        Raises:
            ValueError: it is too long.
        """
        if node.op is None:
            return Symbol.of(node.data)
        inputs, before = node.inputs, -1
        written: list[Symbol] = []
        for place in range(len(inputs)) if places is None else places:
            written += [DOTS] if place > before + 1 else []
            written.append(self.symbol(inputs[place]))
            before = place
        return self.checked(write(node.op, written))

    def partial(self, node: Value, place: int) -> Symbol:
        """The derivative of a computed node by its input at ``place``, as the table teaches it."""
        if node not in self._partials:
            assert node.op is not None
            inputs = [self.symbol(x) for x in node.inputs]
            self._partials[node] = partials(node.op, self.symbol(node), inputs)
        return self._partials[node][place]

    def prepare(self, nodes: Iterable[Value]) -> None:
        """Write the nodes, in topological order, so that none need be looked at deeper down."""
        for node in nodes:
            self.symbol(node)

    def checked(self, written: Symbol) -> Symbol:
        """The Symbol, if it is not too long.

        Raises:
            ValueError: it is.
        """
        if max(len(written.text), len(written.latex)) > self._limit:
            raise ValueError(
                f"the formula is longer than {self._limit:,} characters: give labels to some of "
                f"the values in between, and it is written in terms of them"
            )
        return written


def partials(op: Op, y: Symbol, inputs: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """The derivatives of an operation by its inputs, written by the rule that the table teaches.

    Raises:
        TypeError: the rule does something with its inputs that cannot be written.
    """
    try:
        rule = op.partials(y, inputs) if op.arity is None else op.partials(y, *inputs)
    except TypeError as error:
        raise TypeError(
            f"the row {op.name!r} cannot be written as a formula: {error}. A rule uses "
            f"+ - * / ** and other rows of the table, and does not branch"
        ) from error
    return tuple(Symbol.of(partial) for partial in rule)


def formula(value: Value, names: object = None, *, latex: bool = False) -> str:
    """What a Value was computed from, as one expression.

    Values with a name are written by it, whether they were computed or not; so labels decide how
    much is written out.

    Args:
        value: any Value; its own name does not count.
        names: a dict such as ``locals()`` or a Module, for names before those of labels.
        latex: for a document rather than a terminal.

    Raises:
        ValueError: the formula would be longer than LONGEST_FORMULA characters.
    """
    chosen = Names(reading_order(value), names)
    notation = Notation(chosen)
    notation.prepare(_written_out(value, chosen))
    written = notation.expression(value)
    return written.latex if latex else written.text


def _written_out(value: Value, names: Names) -> list[Value]:
    """The nodes below ``value`` that its formula mentions, in topological order."""
    found = set(value.inputs)
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        fresh = set() if node in names else set(node.inputs) - found
        found |= fresh
        waiting.extend(fresh)
    return [node for node in reading_order(value) if node in found]


def derivative_formula(
    of: Op | str | Value,
    with_respect_to: Value | None = None,
    names: object = None,
    *,
    latex: bool = False,
) -> str:
    """A derivative as a formula: of a row of the table, or of a Value by a Value.

    >>> derivative_formula("tanh")
    "tanh'(x) = 1 - tanh(x)²"
    >>> print(derivative_formula("mul"))
    ∂(a * b)/∂a = b
    ∂(a * b)/∂b = a
    >>> w, x = Value(2.0, "w"), Value(0.5, "x")
    >>> derivative_formula((w * x).tanh(), w)
    'd(tanh(w * x))/dw = (1 - tanh(w * x)²) * x'

    Args:
        of: a row, its name, or a Value.
        with_respect_to: the other Value, if ``of`` is one.
        names: a dict such as ``locals()`` or a Module, for names before those of labels.
        latex: for a document rather than a terminal.

    Returns:
        One line for each input of a row; one line for a Value.

    Raises:
        ValueError: no such row, or the formula would be longer than LONGEST_FORMULA characters.
        TypeError: a Value without the other, or something else.
    """
    if isinstance(of, Value) and isinstance(with_respect_to, Value):
        lines = [_derivative_by(of, with_respect_to, names)]
    elif isinstance(of, (Op, str)) and with_respect_to is None:
        lines = _derivatives_of_row(ops.row(of) if isinstance(of, str) else of)
    else:
        raise TypeError("derivative_formula takes a row of the table, or two Values")
    return "\n".join(line.latex if latex else line.text for line in lines)


def _derivatives_of_row(op: Op) -> list[Symbol]:
    letters = {1: "x", 2: "ab", 3: "abc"}.get(op.arity or 0)
    names = letters or [f"x{i + 1}" for i in range(op.arity or 3)]
    inputs = [Symbol.named(name) for name in names]
    y = op(*inputs)
    rules = partials(op, y, inputs)
    if op.arity == 1:
        prime = f"{op.name}'(x)" if op.text == f"{op.name}({{}})" else f"({y.text})'"
        left = Symbol(prime, rf"\frac{{\mathrm{{d}}}}{{\mathrm{{d}}x}} {_call(y).latex}")
        return [equal(left, rules[0])]
    return [equal(derivative(_call(y), x), rule) for x, rule in zip(inputs, rules, strict=True)]


def _derivative_by(output: Value, target: Value, given: object) -> Symbol:
    order = reading_order(output)
    names = Names([*order, target] if target not in set(order) else order, given)
    names.give_first_free(target, iter(["x", *(f"x{i}" for i in range(1, 1000))]))
    notation = Notation(names)
    notation.prepare(_written_out(output, names))
    adjoints: dict[Value, Symbol] = {output: ONE}
    relevant = between(output, target)
    for node in reversed(relevant):
        if node is target:
            break
        for place, child in enumerate(node.inputs):
            if child in relevant:
                term = adjoints[node] * notation.partial(node, place)
                before = adjoints.get(child)
                adjoints[child] = notation.checked(before + term if before else term)
    top = notation.symbol(output)
    enclosed = Symbol(f"({top.text})", rf"\left({top.latex}\right)")
    of = top if output in names else enclosed
    left = derivative(of, notation.symbol(target), total=True)
    return equal(left, adjoints.get(target, Symbol.of(0.0)))


def reading_order(output: Value) -> list[Value]:
    """The graph in topological order, and of equal depth from left to right as it was written."""
    nodes = topological_order(output)
    nodes.reverse()
    nodes.sort(key=lambda node: node._depth)
    return nodes


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
    """∂of/∂by, of one operation or formula; d of/d by, by all ways together."""
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

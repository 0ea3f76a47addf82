"""Formulas: written by the table's own rules, equal to its numbers, and free of markup."""

import math
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Op, Value, dot
from autograd.formulas import LONGEST_FORMULA, derivative_formula, formula, written_partials
from autograd.names import NodeNames, displayed, latex_name
from autograd.ops import TABLE, power, tanh
from autograd.ops import sum as sum_of
from autograd.reading import Reading
from autograd.symbols import Symbol
from nn import MLP
from tests.counts import count

OPERATIONS = [*TABLE.values(), power(3.0), power(-1.5), power(2.0), power(0.0), power(10.0)]
x, y, z = (Symbol.named(name) for name in "xyz")


def evaluated(text, **values):
    """What a formula says, computed by Python."""
    superscript = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f" ** {m[0].translate(superscript)}", text)
    text = re.sub(r"\|(.*)\|", r"abs(\1)", text)
    functions = {name: op for name, op in TABLE.items() if name.isidentifier()}
    functions["sech"] = lambda x: 1 / math.cosh(x)
    return eval(text, functions | values)


def arguments(op):
    numbers = [0.7, 1.3, -0.4][: op.arity or 3]
    return {f"x{i}": v for i, v in enumerate(numbers)}


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_the_text_gives_what_is_computed(op):
    values = arguments(op)
    inputs = [Symbol.named(name) for name in values]
    written = op(*inputs)
    numbers = list(values.values())
    result = op(*numbers)
    assert evaluated(written.text, **values) == pytest.approx(result, rel=1e-12)
    rules = op.partials(result, numbers) if op.arity is None else op.partials(result, *numbers)
    for symbol, expected in zip(written_partials(op, written, inputs), rules, strict=True):
        assert evaluated(symbol.text, **values) == pytest.approx(expected, rel=1e-8), (
            symbol.text
        )  # numbers have nine digits


EXPRESSIONS = [
    "a - (b - c)", "a - (b + c)", "a - b - c", "a / (b / c)", "a / (b * c)", "a / b / c",
    "(a + b) * c", "a * (b + c)", "(a / b) * c", "a * (b / c)", "-(a + b)", "-(a * b)", "a - -b",
    "a + -b", "a * -b", "(-a) ** 2", "-(a ** 2)", "(a ** 2) ** 3", "a ** (b ** c)", "(a ** b) ** c",
    "a ** -b", "a ** (b + c)", "(a * b) ** 2", "(a / b) ** 2", "tanh(a + b) * c", "2 * (3 * a)",
    "(2 * a) * (3 * b)", "a * a", "(a + b) * (a + b)", "tanh(a) * tanh(a)", "1 - a * a", "a * 0.5",
    "0 - a", "1 / a", "2 ** a", "a ** 1", "a ** 0", "sech2(a) ** 2", "exp(a) ** 2", "abs(a - b)",
    "-(a / b) / b", "a - (-2) * b", "3 - (1 - a)", "a + (b - c)", "a / 2 * b", "-1 * a", "a * -2",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_parentheses_and_simplifications_keep_the_value(expression):
    numbers = {"a": 1.7, "b": 0.6, "c": 2.3}
    symbols = {name: Symbol.named(name) for name in numbers}
    functions = dict(TABLE)
    written = eval(expression, functions | symbols)
    assert evaluated(written.text, **numbers) == pytest.approx(
        eval(expression, functions | numbers), rel=1e-12
    )


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_recorded_formula_keeps_the_value(expression):
    numbers = {"a": 1.7, "b": 0.6, "c": 2.3}
    values = {name: Value(v, name) for name, v in numbers.items()}
    result = eval(expression, dict(TABLE) | values)
    if isinstance(result, Value):
        assert evaluated(formula(result), **numbers) == pytest.approx(result.data, rel=1e-12)


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        (1 * x, "x"), (x * 1, "x"), (0 * x, "0"), (x + 0, "x"), (0 + x, "x"), (x - 0, "x"),
        (0 - x, "-x"), (x / 1, "x"), (x**1, "x"), (x**0, "1"), (-1 * -x, "x"), (x * x, "x²"),
        (0.5 * (2 * x), "x"), (x * 3, "3 * x"), (-x * y, "-(x * y)"), (x + -y, "x - y"),
        (x - y * z, "x - y * z"), (x**12, "x¹²"), (x**-1, "x ** (-1)"), (x / 3, "x / 3"),
        (Symbol.of(2) + 3, "5"), (Symbol.of(2) - 3, "-1"), (sum_of([x]), "x"),
        (1 / Symbol.of(2), "0.5"), (1 / Symbol.of(3), "1 / 3"), (Symbol.of(1e-5) * x, "1e-05 * x"),
        (Symbol.of(-0.0), "0"), (Symbol.of(math.inf), "inf"), (Symbol.of(math.nan), "nan"),
    ],
)  # fmt: skip
def test_terms_that_change_nothing_are_left_out(symbol, text):
    assert symbol.text == text
    assert str(symbol) == text


@pytest.mark.parametrize(
    ("symbol", "latex"),
    [
        (x / y * z, r"\frac{x}{y} \cdot z"),
        (z * (x / y), r"z \cdot \frac{x}{y}"),
        ((x / y) ** 2, r"{\left(\frac{x}{y}\right)}^{2}"),
        ((x + y) / z, r"\frac{x + y}{z}"),
        (TABLE["exp"](x) ** 2, r"{\left(e^{x}\right)}^{2}"),
        (tanh(x) * tanh(x), r"{\tanh\left(x\right)}^{2}"),
        (x - (y - z), r"x - \left(y - z\right)"),
        (x ** (y + 1), "{x}^{y + 1}"),
        (1e-5 * x, r"1 \times 10^{-5} \cdot x"),
        (Symbol.of(1.5e300), r"1.5 \times 10^{300}"),
        (Symbol.of(-math.inf), r"-\infty"),
        (Symbol.of(math.nan), r"\mathrm{nan}"),
    ],
)
def test_latex_needs_fewer_parentheses(symbol, latex):
    assert symbol.latex == latex


def test_derivatives_of_rows():
    assert derivative_formula("tanh") == "tanh'(x) = 1 - tanh(x)²"
    assert derivative_formula(TABLE["mul"]) == "∂(a * b)/∂a = b\n∂(a * b)/∂b = a"
    assert derivative_formula(power(3.0)) == "(x³)' = 3 * x²"
    assert derivative_formula("logsumexp").startswith(
        "∂logsumexp(x1, x2, x3)/∂x1 = exp(x1 - logsumexp(x1, x2, x3))"
    )
    assert derivative_formula("tanh", latex=True) == (
        r"\frac{\mathrm{d}}{\mathrm{d}x} \tanh\left(x\right) = 1 - {\tanh\left(x\right)}^{2}"
    )


def test_a_custom_operation_is_written_too():
    swish = Op(
        "swish",
        lambda x: x * autograd.sigmoid(x),
        lambda y, x: (y + autograd.sigmoid(x) * (1 - y),),
        text="swish({})",
        registered=False,
    )
    expected = "swish'(x) = swish(x) + sigmoid(x) * (1 - swish(x))"
    assert derivative_formula(swish) == expected
    assert formula(swish(Value(1.0, "u"))) == "swish(u)"


def test_a_rule_that_branches_is_refused_in_words():
    leaky = Op("leaky", abs, lambda y, x: (1.0 if x > 0 else 0.1,), registered=False)
    with pytest.raises(
        TypeError, match=r"the operation 'leaky' cannot be written .* does not branch"
    ):
        derivative_formula(leaky)


def test_a_rule_that_hides_its_branch_is_refused_too():
    def rule(y, x):
        try:
            return (1.0 if x > 0 else 0.1,)
        except TypeError:
            return (0.5,)

    with pytest.raises(TypeError, match=r"'hidden' cannot be written .* does not branch"):
        derivative_formula(Op("hidden", abs, rule, registered=False))


def test_a_rule_with_too_few_derivatives_is_named():
    short = Op("short", lambda a, b: a + b, lambda y, a, b: (1.0,), arity=2, registered=False)
    with pytest.raises(
        TypeError, match="rule of the operation 'short' returns 1 derivatives for 2"
    ):
        derivative_formula(short)


def test_derivatives_of_expressions():
    w, x = Value(2.0, "w"), Value(0.5, "x")
    y = (w * x).tanh()
    assert derivative_formula(y, w) == "d(tanh(w * x))/dw = (1 - tanh(w * x)²) * x"
    y.label = "y"
    assert derivative_formula(y, w) == "dy/dw = (1 - y²) * x"
    assert derivative_formula(w, x) == "dw/dx = 0"
    assert derivative_formula(x, x) == "dx/dx = 1"
    assert derivative_formula(x * x, x) == "d(x * x)/dx = x + x"
    with pytest.raises(TypeError, match="or two Values; got Value and NoneType"):
        derivative_formula(y)
    with pytest.raises(ValueError, match="no operation is called 'tang'"):
        derivative_formula("tang")


def test_formulas_stop_at_labels():
    w, x, b = Value(2.0, "w"), Value(0.5, "x"), Value(1.0, "b")
    total = w * x + b
    assert formula(total.tanh()) == "tanh(w * x + b)"
    total.label = "sum"
    assert formula(total.tanh()) == "tanh(sum)"
    assert formula(dot([w, w], [x, b], b)) == "w * x + w * b + b"
    assert formula((x - 1) ** 2 / 2) == "(x - 1)² / 2"
    assert formula(w) == "2"
    assert formula((w / x).exp(), latex=True) == r"e^{\frac{w}{x}}"


def test_a_formula_that_would_be_endless_is_refused():
    y = Value(1.0, "x")
    for _ in range(60):
        y = y + y
    with pytest.raises(ValueError, match=f"longer than {LONGEST_FORMULA:,} characters: label some"):
        formula(y)
    deep = Value(1.0, "x")
    for _ in range(10_000):
        deep = deep + 1
    with pytest.raises(ValueError, match="longer than"):
        formula(deep)
    deep.label = "deep"
    assert formula(deep * 2) == "deep * 2"


# --- names ---


def test_names_come_from_dictionaries_modules_and_labels():
    model = MLP(2, [2, 1], seed=1)
    x = [Value(0.5), Value(1.0, "unused label")]
    weight = model.layers[0].neurons[1].weights[0]
    unlabelled = Value(3.0)
    out = model(x) * unlabelled
    assert Reading(out, model).names[weight] == "W1[1,0]"
    names = Reading(
        out, {"model": model, "x": x, "_": unlabelled, "MLP": MLP, "n": 3, "re": re, "p": weight}
    ).names
    assert names[weight] == "W1[1,0]"  # named first, and so not p
    assert names[x[1]] == "x[1]"
    assert unlabelled not in names
    assert Reading(out).names[x[1]] == "unused label"
    with pytest.raises(TypeError, match="a dict such as locals"):
        Reading(out, 7)


def test_names_lead_through_dictionaries():
    w, b = Value(2.0), Value(1.0)
    names = Reading(w + b, {"layer": {"w": w, 3: [b]}}).names
    assert (names[w], names[b]) == ("layer['w']", "layer[3][0]")


def test_a_list_that_holds_itself_ends():
    loop = [Value(1.0)]
    loop.append(loop)
    assert Reading(loop[0], {"loop": loop}).names[loop[0]] == "loop[0]"


def test_equal_labels_are_distinguished():
    values = [Value(1.0, "h"), Value(2.0, "h"), Value(3.0, "h#2"), Value(4.0, "h")]
    names = NodeNames(values)
    assert [names[v] for v in values] == ["h", "h#2", "h#2#2", "h#3"]


HOSTILE = [
    "a_b", "50% & more", "#1 $x$ {y}", r"\input{secret}", r"\end{align*}", "a^b~c", "`ls`",
    "\x1b[31mred", "two\nlines", "NUL\0", "**bold** _it_", "<script>alert(1)</script>",
    "[link](http://x)", "| a | b |", "$$", "&lt;", "\u202eright to left", "\ud800", "é", "θ",
    "中文", '"quoted"', "''", "x" * 1000, " ", "1", "a + b", "\\", "\\\\", "$",
    "\u2028", "\x9b31m", "->",
]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_come_out_as_text(label):
    check_label(label)


@pytest.mark.unmeasured
@settings(max_examples=count(100, quick=30))
@given(st.text())
def test_any_label_comes_out_as_text(label):
    check_label(label)


def check_label(label):
    shown = displayed(label)
    assert shown.isprintable()
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(shown) < 70
    assert is_plain_math(latex_name(shown))


COMMANDS = (
    r"\\(mathrm|to|backslash|hat|sim|grave|ast|vert|ldots|acute|tilde|ddot|mathring|check|bar|"
    r"alpha|beta|gamma|delta|varepsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|"
    r"tau|upsilon|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|"
    r"Omega)(?![A-Za-z])|\\[_#$%&{} ]"
)


def is_plain_math(latex):
    """ASCII, only commands that typeset one character, balanced braces, and no special left."""
    rest = re.sub(COMMANDS, "", latex)
    depth = 0
    for c in rest:
        depth += (c == "{") - (c == "}")
        assert depth >= 0, latex
    assert not set(rest.replace("_{", "{")) & set("\\_#$%&^~`*|"), latex
    return latex.isascii() and latex.isprintable() and depth == 0


def test_names_in_latex():
    assert latex_name("w12") == "w_{12}"
    assert latex_name("out") == r"\mathrm{out}"
    assert latex_name("in->h1") == r"\mathrm{in{\to}h1}"
    assert latex_name("θ") == r"\mathrm{{\theta}}"
    assert latex_name("é") == r"\mathrm{{\acute{e}}}"
    assert latex_name("中") == r"\mathrm{{U{+}4E2D}}"


def test_symbols_are_never_compared():
    with pytest.raises(TypeError, match="cannot be compared"):
        assert Symbol.named("x") == Symbol.named("x")

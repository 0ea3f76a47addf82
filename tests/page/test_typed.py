"""Graphs that readers type: the parser, the same graph as Python's, examples, random ones."""

import math

import pytest

from autograd import Value, ops
from autograd.page.export import exported
from tests.page.browsing import box, numbers, to_the_end

READ = """(text) => {
    try { const { exported, notes } = graphOf(text); return { exported, notes }; }
    catch (fault) { if (!(fault instanceof Fault)) throw fault; return [fault.message, fault.at]; }
}"""


def leaf(number, name):
    return Value(number, name)


def named(value, name):
    value.label = name
    return value


def problem_12():
    i = leaf(0.5, "i")
    return named((ops.tanh(2 * ops.tanh(i) + ops.tanh(i / 2)) - 0) ** 2 / 2, "E")


def functions():
    x, y = leaf(0.7, "x"), leaf(1.9, "y")
    h = named(ops.sigmoid(x * y) - ops.relu(x) + ops.log1p(y) * ops.erf(x), "h")
    k = named(ops.sin(h) * ops.cos(x) + ops.hypot(x, y) - ops.logsumexp(x, y, h), "k")
    return named(ops.maximum(k, -h) / ops.sqrt(y) + ops.exp(-(k**2)), "L")


def powers():
    x, y = leaf(1.3, "x"), leaf(0.6, "y")
    return x**2 + x**3 - x**0.5 + x**-1 + 2**x + x**y - y**-0.5 + x**1 + -(x**2)


def recurrent():
    u, w, h = leaf(0.5, "u"), leaf(0.9, "w"), 0.0
    for t, number in enumerate((1.0, 0.5, -1.0), 1):
        x = leaf(number, f"x{t}")
        h = named(ops.tanh(u * x + w * h) if t > 1 else ops.tanh(u * x), f"h{t}")
    return named((h - 0.5) ** 2 / 2, "E")


def constants():
    a = leaf(-2.0, "a")
    return named(2 * 3 * a + (1 - 2.5) * a / 4 + 1 / a - -a, "y")


PAIRS = {
    "problem 12": (problem_12, "i = 0.5\nE = (tanh(2*tanh(i) + tanh(i/2)) - 0)**2 / 2"),
    "functions": (
        functions,
        "h = sigmoid(x*y) - relu(x) + log1p(y)*erf(x)\n"
        "k = sin(h)*cos(x) + hypot(x, y) - logsumexp(x, y, h)\n"
        "L = max(k, -h)/sqrt(y) + exp(-k^2); x = 0.7; y = 1.9",
    ),
    "powers": (
        powers,
        "x = 1.3\ny = 0.6\nx² + x^3 - x**0.5 + x**-1 + 2**x + x**y - y**-0.5 + x**1 + -x**2",
    ),
    "recurrent": (
        recurrent,
        "h1 = tanh(u*x1)\nh2 = tanh(u*x2 + w*h1)\nh3 = tanh(u*x3 + w*h2)\nE = (h3 - 0.5)**2/2\n"
        "u = 1/2\nw = .9\nx1 = 1\nx2 = 5e-1\nx3 = -1",
    ),
    "constants": (constants, "a = -2\ny = 2*3*a + (1 - 2.5)*a/4 + 1/a - -a"),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_typed_graph_is_python_s(at_home, name):
    make, text = PAIRS[name]
    value = make()
    there = at_home.evaluate(READ, text)["exported"]
    here = exported(value)
    for mine, its in zip(here["nodes"], there["nodes"], strict=True):
        assert its["name"] == mine["name"]
        assert its.get("anonymous") == mine.get("anonymous")
        assert its.get("role") == mine.get("role")
        assert its.get("inputs") == mine.get("inputs")
        assert its["data"] == pytest.approx(mine["data"], rel=1e-15, abs=1e-15)
        assert its.get("partials", []) == pytest.approx(mine.get("partials", []), rel=4e-15)
        if "op" in mine:
            ops = [graph["ops"][node["op"]] for graph, node in ((here, mine), (there, its))]
            for key in ("name", "symbol", "text", "needs", "precedence"):
                assert ops[0][key] == ops[1][key], ops[0]["name"]
    value.backward()
    grads = at_home.evaluate("(g) => { openGraph(g); return recorded.grads; }", there)
    place = {node["name"]: i for i, node in enumerate(there["nodes"])}
    for label, v in ((node.label, node) for node in leaves_of(value)):
        if label:
            assert grads[place[label]] == pytest.approx(v.grad, rel=1e-14, abs=1e-15)


def leaves_of(value):
    waiting, found = [value], {}
    while waiting:
        node = waiting.pop()
        waiting += node.inputs
        if node.op is None:
            found[node] = None
    return found


FAULTS = {
    "(tanh(2*tanh(i)": ("This parenthesis is never closed.", 5),
    "2x": ("An operator is missing here; to multiply, write *.", 1),
    "tanh x": ("The input of tanh stands in parentheses: tanh(x).", 5),
    "1 + * x": ("A number or a name is missing here.", 4),
    "x)": ("This parenthesis closes nothing.", 1),
    "x, y": ("A comma stands only between the inputs of a function.", 1),
    "sin(1, x)": ("sin takes 1 input; here it has 2.", 0),
    "hypot(x)": ("hypot takes 2 inputs; here it has 1.", 0),
    "softmax(x)": ("There is no function softmax. There are", 0),
    "sinx(2)": ("There is no function sinx. Did you mean sin?", 0),
    "foo(x)": ("There is no function foo. There are tanh, exp, log, sqrt, max and others;", 0),
    "x $ 4": ("“$” has no meaning here.", 2),
    "x = 2\ny = x +": ("A number or a name is missing here.", 13),
    "2 = x": ("Before = stands one name, such as E; got 2.", 0),
    "E = x = 2": ("“=” has no meaning here.", 6),
    "E = x\nE = 3": ("E has a value already. Choose another name.", 0),
    "y = h*2\nh = x + 1": ("h is used here, but computed in a later line.", 4),
    "y = x**y": ("y is used in its own line. Give the result another name.", 7),
    "1 + 2": ("A number alone has no graph.", 0),
    "# a remark\n": ("Type a formula, such as", 0),
    "(" * 10000: ("A number or a name is missing here.", 10000),
    "(" * 10000 + "x": ("This parenthesis is never closed.", 9999),
    "+".join(["x"] * 1501): ("This graph has more than 1,500 nodes here.", 2999),
    "x" * 50001: ("This text has 50,001 characters; at most 50,000 can be read.", 0),
}


def test_faults_are_sentences_about_a_character(at_home):
    for text, (sentence, place) in FAULTS.items():
        message, at = at_home.evaluate(READ, text)
        assert message.startswith(sentence), text[:40]
        assert at == place, text[:40]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x²^3", 64.0),
        ("x²**3", 64.0),
        ("x^3²", 512.0),
        ("-x²", -4.0),
        ("3*x²+1", 13.0),
        ("x²³", 2.0**23),
    ],
)
def test_a_raised_number_binds_what_stands_before_it(at_home, text, value):
    nodes = at_home.evaluate(READ, f"x = 2\ny = {text}")["exported"]["nodes"]
    assert nodes[-1]["data"] == value


def test_what_no_superscript_can_write_is_written_out(at_home):
    def written(exponent):
        parts = at_home.evaluate(READ, f"y = x**{exponent}")["exported"]["ops"][0]["text"]
        return "".join("x" if part == 0 else part for part in parts)

    assert [written(n) for n in ("21", "1e21", "1e400")] == ["x²¹", "x ** 1e+21", "x ** inf"]


def test_any_depth_can_be_read(at_home):
    nested = "y = " + "(" * 10000 + "x" + ")" * 10000
    assert len(at_home.evaluate(READ, nested)["exported"]["nodes"]) == 1
    chain = "y = " + "tanh(" * 1499 + "x" + ")" * 1499
    assert len(at_home.evaluate(READ, chain)["exported"]["nodes"]) == 1500
    powers = "y = " + "x**-" * 300 + "x"
    assert len(at_home.evaluate(READ, powers)["exported"]["nodes"]) == 601


def test_random_graphs(at_home):
    """The same text for a seed in every browser; every number can be worked out by hand."""
    make = "([seed, difficulty]) => randomExpression(seed, difficulty)"
    assert at_home.evaluate(make, [1, "easy"]) == RANDOM
    for difficulty in ("easy", "medium", "hard"):
        texts = [at_home.evaluate(make, [seed, difficulty]) for seed in range(100)]
        assert len(set(texts)) > 60
        for text in texts:
            nodes = at_home.evaluate(READ, text)["exported"]["nodes"]
            assert all(0.1 <= abs(node["data"]) <= 30 for node in nodes if "name" in node), text
            assert all(math.isfinite(x) for node in nodes for x in node.get("partials", []))


RANDOM = "a = 1\nb = -3\nh1 = b*a\nE = (h1*a)**2"


# --- as a person does it ---


def test_typing_a_graph(show):
    tab = show(Value(2.0, "own") * 3)
    tab.get_by_role("button", name="New graph").click()
    field = tab.get_by_label("Lines such as")
    assert tab.evaluate("document.activeElement.id") == "expression"
    field.fill("E = (tanh(2*tanh(i) + tanh(i/2)) - 0)**2 / 2")
    assert box(tab, "i").wait_for() is None  # it appears while one types
    assert "i has no line, so its value is 0.5." in tab.locator("#expression-says").inner_text()
    to_the_end(tab)
    assert numbers(tab, "i") == ["0.5", "0.5404"]
    field.fill("E = (tanh(2*tanh(i)")
    tab.get_by_role("button", name="Draw", exact=True).click()
    assert "This parenthesis is never closed." in tab.locator("#expression-says").inner_text()
    assert tab.locator("#expression-says mark").inner_text() == "("
    field.press("End")
    field.press(")")
    assert tab.locator("#expression-says").inner_text() == "", "a sentence about the old text"
    field.fill("y = 2*3")
    tab.get_by_role("button", name="Draw", exact=True).click()
    assert tab.locator("#formula").is_hidden(), "a number has no formula, nor has it the old one"
    assert "one step only" in tab.locator("#event").inner_text()
    for example in tab.locator("#example option").all_inner_texts()[1:]:
        tab.get_by_label("Example").select_option(label=example)
        assert tab.locator("#expression-says").inner_text() == "", example
        assert tab.evaluate("currentExpression()") == field.input_value()
    tab.get_by_label("Seed", exact=True).fill("7")
    tab.get_by_role("button", name="Next seed").click()
    assert tab.get_by_label("Seed", exact=True).input_value() == "8"
    assert tab.locator("#title").inner_text() == "E"
    tab.get_by_role("button", name="The page's own graph").click()
    assert box(tab, "own").count() == 1
    assert tab.evaluate("currentExpression()") is None
    tab.get_by_role("button", name="Close").click()
    assert tab.locator("#maker").is_hidden()

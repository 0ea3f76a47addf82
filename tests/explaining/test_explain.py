"""The chain rule, path by path: the course's problems, random graphs, and three media."""

import math
import os
import random
import re
import shutil
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, dot, grad, logsumexp, ops, tanh
from autograd.explaining.blocks import WIDTH, PathProduct
from autograd.explaining.explain import explain
from autograd.explaining.steps import Step
from autograd.symbols import Symbol
from nn import MLP, SGD, cross_entropy, half_squared_error
from tests.counts import count

# --- the course's problems ---


def labelled(value, label):
    value.label = label
    return value


def problem_12():
    i, target = Value(0.5, "i"), Value(0.0, "target")
    w = {name: Value(v, name) for name, v in {"w1": 1, "w2": 0.5, "w3": 2, "w4": 1}.items()}
    h1, h2 = labelled(tanh(w["w1"] * i), "h1"), labelled(tanh(w["w2"] * i), "h2")
    out = labelled(tanh(w["w3"] * h1 + w["w4"] * h2), "out")
    return labelled(0.5 * (out - target) ** 2, "E"), {"i": i, "h1": h1, "out": out, **w}


PROBLEM_12 = """\
dE/di = 0.540395442, the sum over 2 paths.

With i = 0.5, w1 = 1, w2 = 0.5, w3 = 2, w4 = 1, target = 0:

  h1  = tanh(w1 * i)            = 0.462117157
  h2  = tanh(w2 * i)            = 0.244918662
  out = tanh(w3 * h1 + w4 * h2) = 0.824000446
  E   = 0.5 * (out - target)²   = 0.339488367

Path 1 of 2: E ← out ← h1 ← i

    ∂E/∂out        × ∂out/∂h1        × ∂h1/∂i
  = (out - target) × (1 - out²) * w3 × (1 - h1²) * w1
  = 0.824000446    × 0.64204653      × 0.786447733
  = 0.416067521

Path 2 of 2: E ← out ← h2 ← i

    ∂E/∂out        × ∂out/∂h2        × ∂h2/∂i
  = (out - target) × (1 - out²) * w4 × (1 - h2²) * w2
  = 0.824000446    × 0.321023265     × 0.470007424
  = 0.124327921

  dE/di = 0.416067521 + 0.124327921
        = 0.540395442

i.grad is not computed: E.backward() would set it."""


def test_problem_12():
    error, values = problem_12()
    explanation = explain(error, values["i"])
    assert explanation.text == str(explanation) == PROBLEM_12
    assert explanation.path_count == 2
    assert explanation.gradient == pytest.approx(0.540395442, abs=5e-10)
    assert [path.product for path in explanation.paths] == pytest.approx(
        [0.416067521, 0.124327921], abs=5e-10
    )
    assert (explanation.rest.count, explanation.rest.total) == (0, 0.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("w1", 0.208033760), ("w2", 0.124327921), ("w3", 0.122240762), ("w4", 0.064786696)],
)
def test_problem_12_by_its_weights(name, expected):
    error, values = problem_12()
    explanation = explain(error, values[name])
    assert explanation.gradient == pytest.approx(expected, abs=5e-10)
    assert f"dE/d{name} = {explanation.gradient:.9g}, along one path." in explanation.text


def test_problem_6():
    for at, slope in (-1, 0.419974342), (0, 1), (1, 0.419974342), (2, 0.070650825):
        x = Value(at, "x")
        explanation = explain(tanh(x), x)
        assert explanation.gradient == pytest.approx(slope, abs=5e-10)
        assert "  = 1 - out²" in explanation.text


def test_problems_7_and_10():
    i, w, b = Value(0.5, "i"), Value(2.0, "w"), Value(1.0, "b")
    assert "∂out/∂w\n  = i\n  = 0.5" in explain(i * w, w).text
    assert "∂out/∂i\n  = w\n  = 2" in explain(i * w, i).text
    for v in (i, w, b):
        assert explain(i + w + b, v).gradient == 1


def test_problem_8():
    i, w = Value(0.5, "i"), Value(2.0, "w")
    out = labelled((w * i).tanh(), "o")
    assert "∂o/∂w\n  = (1 - o²) * i\n  = 0.209987171" in explain(out, w).text
    assert "∂o/∂i\n  = (1 - o²) * w\n  = 0.839948683" in explain(out, i).text


def test_problem_9():
    i, w1, w2 = Value(0.5, "i"), Value(2.0, "w1"), Value(0.5, "w2")
    h = labelled((w1 * i).tanh(), "h")
    o = labelled((w2 * h).tanh(), "o")
    assert "do/dw1 = 0.091128218" in explain(o, w1).text
    assert "do/di = 0.364512872" in explain(o, i).text
    assert "do/dw2 = 0.661018652" in explain(o, w2).text
    assert "= (1 - o²) * w2 × (1 - h²) * i" in explain(o, w1).text


def test_problem_11():
    a, target = Value(0.8, "a_o"), Value(0.5, "a_t")
    assert (
        "∂E/∂a_o\n  = a_o - a_t\n  = 0.3"
        in explain(labelled(half_squared_error(a, target), "E"), a).text
    )


# --- numbers ---


def random_graph(seed, size=12):
    """Leaves, and operations on earlier nodes; the last node of all."""
    draw = random.Random(seed)
    nodes = [Value(draw.uniform(-2, 2), f"x{i}") for i in range(3)]
    operations = [
        lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a.tanh(),
        lambda a, b: logsumexp([a, b, a]), lambda a, b: a**2, lambda a, b: a / (b * b + 1),
        lambda a, b: a.maximum(b),
    ]  # fmt: skip
    for _ in range(size):
        nodes.append(draw.choice(operations)(draw.choice(nodes[-4:]), draw.choice(nodes)))
    return nodes[-1], nodes[0]


def all_paths(node, target):
    """The product along every path, by looking at them all."""
    if node is target:
        return [1.0]
    return [
        partial * product
        for child, partial in zip(node.inputs, node.partials, strict=True)
        for product in all_paths(child, target)
    ]


@pytest.mark.parametrize("seed", range(60))
def test_paths_are_those_that_an_enumeration_finds(seed):
    output, target = random_graph(seed)
    brute = sorted(all_paths(output, target), key=abs, reverse=True)
    for k in (0, 1, 3, 10):
        explanation = explain(output, target, paths=k)
        assert explanation.path_count == len(brute)
        shown = [path.product for path in explanation.paths]
        assert [abs(p) for p in shown] == pytest.approx([abs(p) for p in brute[:k]], rel=1e-12)
        assert len(set(explanation.paths)) == explanation.path_count - explanation.rest.count
        rest = math.fsum(brute) - math.fsum(shown)
        scale = math.fsum(map(abs, brute))
        assert explanation.rest.total == pytest.approx(rest, rel=1e-10, abs=1e-13 * scale)
        for path in explanation.paths:
            assert path.nodes[0] is output
            assert path.nodes[-1] is target
            assert math.prod(path.partials) == pytest.approx(path.product, rel=1e-12)
            for node, place, child in zip(path.nodes, path.places, path.nodes[1:], strict=False):
                assert node.inputs[place] is child
        assert explanation.text
        assert explanation.latex


@pytest.mark.parametrize("seed", range(100, 160))
def test_the_gradient_is_that_of_backward(seed):
    output, target = random_graph(seed, size=40)
    explanation = explain(output, target)
    output.backward()
    # With much cancellation the order of additions shows: so relative to what is added.
    scale = abs(grad(output, target).data)
    assert explanation.gradient == pytest.approx(target.grad, rel=1e-12, abs=1e-12 * scale)


def test_the_rest_is_not_the_remainder_of_a_subtraction():
    x = Value(1.0, "x")
    output = 1e20 * x + 3e-5 * x + 2e-5 * x
    explanation = explain(output, x, paths=1)
    assert explanation.rest.total == pytest.approx(5e-5, rel=1e-15)


def test_sixty_doublings_take_no_time():
    y = x = Value(1.0, "x")
    for _ in range(60):
        y = y + y
    start = time.perf_counter()
    explanation = explain(y, x)
    text = explanation.text
    assert time.perf_counter() - start < 2
    assert explanation.path_count == 2**60
    assert explanation.rest.count == 2**60 - 10
    assert explanation.gradient == 2.0**60
    assert "the sum over 1,152,921,504,606,846,976 paths; the 10 largest" in text


def test_a_deep_chain_needs_no_recursion():
    y = x = Value(0.5, "x")
    for _ in range(5_000):
        y = y * 1.000002
    explanation = explain(y, x)
    assert explanation.gradient == explanation.paths[0].product == pytest.approx(math.exp(0.01))
    assert len(explanation.paths[0].nodes) == 5_001
    assert len(explanation.text) < 3000
    product = re.search(r"\n  = ([\d.]+)\n", explanation.text)
    assert product[1] == "1.01005016"


def test_infinite_and_undefined_numbers_appear_as_such():
    x = Value(0.0, "x")
    assert "dout/dx = inf" in explain(x.sqrt(), x).text
    assert r"\infty" in explain(x.sqrt(), x).latex
    y = x.sqrt() * 0
    assert "dout/dx = nan" in explain(y + x, x).text
    assert explain(y + x, x).paths[0].product != explain(y + x, x).paths[0].product


def test_small_numbers_stay_readable():
    x = Value(1e-5, "x")
    assert "With x = 1e-05:" in explain(x * 1e-300, x).text
    assert r"x = 1 \times 10^{-5}" in explain(x * 1e-300, x).latex
    assert "dout/dx = 1e-300" in explain(x * 1e-300, x).text


# --- three answers ---


def test_no_path():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    explanation = explain(a * 2, b)
    assert explanation.text == "dout/db = 0: no path. out was not computed from b."
    assert (explanation.path_count, explanation.gradient, explanation.paths) == (0, 0.0, ())
    assert "a is a leaf" in explain(a, b).text


def test_zero():
    x = Value(0.0, "x")
    assert explain(x.relu() + x.relu(), x).text.count("Zero: every product is zero.") == 1
    assert "Zero: the paths cancel." in explain(x - x, x).text
    assert "no path" not in explain(x - x, x).text
    assert "Zero" not in explain(x + x, x).text
    assert "Zero: there is a path, but its product is zero." in explain(x.relu(), x).text


def test_not_computed():
    x = Value(2.0, "x")
    y = labelled(x * x, "y")
    assert "x.grad is not computed: y.backward() would set it." in explain(y, x).text
    y.backward()
    assert ".grad" not in explain(y, x).text
    y.backward()
    assert "x.grad is 8, which is not dy/dx" in explain(y, x).text


def test_the_output_itself():
    x = Value(2.0, "x")
    explanation = explain(x, x)
    assert (explanation.path_count, explanation.gradient) == (1, 1.0)
    assert [len(path.nodes) for path in explanation.paths] == [1]
    assert "dx/dx = 1: the output itself" in explanation.text


def test_numbers_that_were_changed_since_are_refused():
    model = MLP(1, [1], seed=1, bias=False)
    error = half_squared_error(model([0.5]), [0.0])
    error.backward()
    SGD(model.parameters(), lr=0.1).step()
    weight = model.parameters()[0]
    named = rf"the number of Value\({weight.data:.9g}, .* was assigned"
    with pytest.raises(ValueError, match=named):
        explain(error, weight)
    assert explain(half_squared_error(weight, 0), weight).gradient == weight.data


def test_wrong_arguments_are_refused_in_words():
    x = Value(1.0)
    with pytest.raises(TypeError, match="by a Value; got float"):
        explain(x, 1.0)
    with pytest.raises(ValueError, match="at least 0; got -1"):
        explain(x, x, paths=-1)
    for paths in 1.5, None:
        with pytest.raises(TypeError, match=f"paths must be a whole number; got .* {paths}"):
            explain(x, x, paths=paths)
    with pytest.raises(TypeError, match="`names` is a dict such as locals"):
        explain(x, x, names="x")


# --- how it reads ---


def test_a_square_has_two_paths():
    x = Value(3.0, "x")
    text = explain(x * x, x).text
    assert "out = x * x = 9" in text
    assert "∂out/∂x [1]\n  = x\n  = 3\n" in text
    assert "∂out/∂x [2]" in text
    assert "dout/dx = 3 + 3\n          = 6" in text


def test_a_neuron_with_the_names_of_local_variables():
    w = [Value(0.1), Value(0.2)]
    x = [Value(1.0), Value(2.0)]
    b = Value(0.5)
    y = dot(w, x, b).tanh()
    text = explain(y, w[0], names=locals()).text
    assert "y = tanh(w[0] * x[0] + w[1] * x[1] + b) = 0.761594156" in text
    assert "∂y/∂w[0]\n  = (1 - y²) * x[0]\n  = 0.419974342" in text


def test_cross_entropy_is_a_sum_of_two_paths():
    z = [Value(v, f"z{i}") for i, v in enumerate((1.0, 2.0, -1.0))]
    loss = labelled(cross_entropy(z, 1), "loss")
    text = explain(loss, z[1]).text
    assert "v1   = z0 - z1 " in text
    assert "loss = logsumexp(v1, 0, v2) " in text
    assert "exp(v1 - loss) × (-1)" in text
    assert "dloss/dz1 = -0.25949646 + (-0.035119027)\n            = -0.294615487" in text


def test_modules_name_their_weights():
    model = MLP(2, [3, 1], seed=1)
    a, b = Value(0.5, "a"), Value(-1.0, "b")
    out = model([a, b])
    text = explain(out, model.layers[0].neurons[1].weights[0], names=model).text
    assert "da2[0]/dW1[1,0] = " in text
    assert explain(out, a, names=model).path_count == 3
    assert "b2[0]" in explain(out, a, names={"model": model}).text
    assert r"\frac{\mathrm{d}a^{2}_{0}}{\mathrm{d}a}" in explain(out, a, names=model).latex


def test_fewer_paths_on_request():
    error, values = problem_12()
    text = explain(error, values["i"], paths=1).text
    assert "the sum over 2 paths; the largest is shown." in text
    assert "The other path: 0.124327921" in text
    assert "dE/di = 0.416067521 + 0.124327921\n        = 0.540395442" in text
    assert explain(error, values["i"], paths=0).text == (
        "dE/di = 0.540395442, the sum over 2 paths.\n\n"
        "i.grad is not computed: E.backward() would set it."
    )


def test_equal_labels_are_distinguished():
    x = Value(0.5, "x")
    h = labelled(x.tanh(), "h")
    g = labelled(h.tanh(), "h")
    assert "h#2 = tanh(h)" in explain(g, x).text
    assert "∂h#2/∂h × ∂h/∂x" in re.sub(" +", " ", explain(g, x).text)


def test_a_long_sum_shows_where_the_path_leads():
    x = [Value(float(i), f"x{i}") for i in range(100)]
    text = explain(dot(x, x), x[50]).text
    assert "… + v51 + …" in text
    assert len(text) < 1500
    h = Value(0.5, "h")
    total = labelled(ops.sum([*x[:5], *(h * v for v in x[5:10]), *x[10:]]), "y")
    assert "y  = x0 + x1 + … + v1 + v2 + v3 + … + x99 =" in explain(total, h).text


@pytest.mark.parametrize(("leaves", "ending"), [(16, ":"), (17, " and 1 more:")])
def test_the_numbers_it_starts_from_are_sixteen_at_most(leaves, ending):
    x = [Value(0.5, f"x{i}") for i in range(leaves)]
    y = x[0]
    for v in x[1:]:
        y = y * v
    given = next(line for line in explain(y, x[0]).markdown.splitlines() if "With" in line)
    assert given.endswith(ending)
    assert (" more" in given) == (leaves > 16)


@pytest.mark.parametrize(("room", "in_columns"), [(0, True), (-1, False)])
@pytest.mark.parametrize("columns", [2, 5])
def test_factors_stand_in_columns_if_a_line_has_room(columns, room, in_columns):
    """A line begins with 4 signs, and 3 stand before each other factor."""
    width = (WIDTH - 4 - 3 * columns - room) // columns
    widths = [width] * (columns - 1) + [WIDTH - 4 - 3 * columns - room - width * (columns - 1)]
    steps = [Step(Symbol("d" * n, "d"), Symbol("f", "f"), 2.0) for n in widths]
    second = PathProduct(steps, 2.0**columns).text().splitlines()
    line = next(x for x in second if x.startswith("  = f"))
    assert line.startswith("  = f  ") == in_columns


def test_lines_fit_a_terminal():
    model = MLP(3, [5, 5, 1], seed=1)
    x = [Value(0.1 * i, f"x{i}") for i in range(3)]
    for names in (None, model):
        text = explain(model(x), x[0], names=names).text
        assert max(map(len, text.splitlines())) <= 88


def test_it_is_shown_in_notebooks_and_consoles():
    error, values = problem_12()
    explanation = explain(error, values["i"])
    assert explanation._repr_markdown_() == explanation.markdown
    assert "$$\n\\begin{aligned}" in explanation.markdown
    assert repr(explanation) == "<Explanation: 2 paths, together 0.540395442>"


# --- markup ---

HOSTILE = [
    r"a_b^c%#&~$x$ {\input{y}}", "\x1b[31mred\nline\0", "**b** `c` <script> [l](u) | $$", "}}}{{",
    r"\end{align*}", "\u202eθ é 中", "x", r"\\", "$", "`", "]", "'\"''",
    "a->b", "x1", " ", "\ud800",
]  # fmt: skip


def hostile_explanation(labels):
    values = [Value(0.1 * (i + 1), label) for i, label in enumerate(labels)]
    total = labelled(dot(values, values), labels[0])
    return explain(total.tanh() * values[0], values[0])


def check_markup(explanation):
    lines = explanation.text.splitlines()
    assert "\n".join(lines) == explanation.text
    assert all(line.isprintable() for line in lines)
    for source in (explanation.latex, explanation.markdown):
        assert source.replace("\n", "").isprintable()
        assert source.isascii()
        plain = re.sub(r"\\[\\{}$%&#_]", "", source)
        assert plain.count("{") == plain.count("}")
        assert source.count(r"\left") - source.count(r"\leftarrow") == source.count(r"\right")
        assert plain.count("$") % 2 == 0
        outside = re.sub(r"\$\$.*?\$\$|\$.*?\$|\\begin.*?\\end\{align\*\}", "", plain, flags=re.S)
        assert re.fullmatch(r"[\w\s.,:;()=]*", outside), outside


@given(st.lists(st.text(max_size=8), min_size=1, max_size=3))
@settings(max_examples=count(200, quick=40), deadline=None)
def test_no_label_becomes_markup(labels):
    check_markup(hostile_explanation(labels))


def test_hostile_labels():
    check_markup(hostile_explanation(HOSTILE))


def documents():
    """An explanation of each kind, and every label that might break one."""
    error, values = problem_12()
    yield explain(error, values["i"])
    characters = [chr(code) for code in range(256)] + list("θΩ中·…→")
    for some in (characters[i : i + 5] for i in range(0, len(characters), 5)):
        yield hostile_explanation(some)
    for label in HOSTILE:
        yield hostile_explanation([label])
    x = Value(0.0, "x")
    yield explain(x.sqrt() * 0 + x, x)
    yield explain(x - x, x)
    yield explain(x, Value(1.0))
    model = MLP(2, [3, 1], seed=1)
    yield explain(model([x, 1e-5]), x, names=model)
    for seed in range(20):
        output, target = random_graph(seed)
        yield explain(output, target)


def test_latex_compiles(tmp_path):
    if shutil.which("pdflatex") is None:
        if os.environ.get("CI"):
            pytest.fail("CI compiles the formulas, and pdflatex is not installed")
        pytest.skip("pdflatex is not installed")
    body = "\n\n".join(explanation.latex for explanation in documents())
    source = (
        "\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n"
        f"{body}\n\\end{{document}}\n"
    )
    (tmp_path / "paper.tex").write_text(source, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]

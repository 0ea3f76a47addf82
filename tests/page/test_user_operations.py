"""Operations of a user, each written in one statement, through every lens."""

import json
import math

import pytest

import autograd
from autograd import Op, Value, derivative_formula, draw, explain, formula, ops
from autograd.drawing.text import rounded
from autograd.nodes.order import reading_order
from autograd.page.export import exported
from tests.page.browsing import box, numbers, tab_of, to_the_end


def leaky(a):
    """A slope of its own: an Op made by a function, so that it may stand in one table twice."""
    return Op(
        "leaky",
        lambda x: autograd.relu(x) - a * autograd.relu(-x),
        lambda y, x: (ops.step(x) + a * ops.step(-x),),
    )


MADE = {
    "composed of others": lambda: Op(
        "swish",
        lambda x: x * autograd.sigmoid(x),
        lambda y, x: (y + autograd.sigmoid(x) * (1 - y),),
    ),
    "a number of its own": lambda: leaky(0.1),
    "two inputs": lambda: Op(
        "own_hypot",
        lambda a, b: autograd.sqrt(a * a + b * b),
        lambda y, a, b: (a / y, b / y),
        arity=2,
    ),
    "any number of inputs": lambda: Op(
        "own_norm",
        lambda xs: autograd.sqrt(autograd.sum(x * x for x in xs)),
        lambda y, xs: tuple(x / y for x in xs),
        arity=None,
    ),
    "opaque: math": lambda: Op(
        "own_erf", math.erf, lambda y, x: (2 / math.pi**0.5 * autograd.exp(-x * x),)
    ),
    "opaque: an if": lambda: Op(
        "bent", lambda x: x if x > 0 else 0.1 * x, lambda y, x: (1.0 if x > 0 else 0.1,)
    ),
}
OPAQUE = [name for name in MADE if name.startswith("opaque")]
TRACED = [name for name in MADE if name not in OPAQUE]


@pytest.fixture
def make():
    """The operation of that kind; afterwards the table is as it was."""
    before = dict(ops.TABLE)
    yield lambda kind: MADE[kind]()
    ops.TABLE.clear()
    ops.TABLE.update(before)


def graph(op):
    """y = op(w * x + b, ...) * c: a neuron with the operation as its activation, and a factor."""
    n = op.arity or 3
    w, x, b, c = Value(1.5, "w"), Value(0.5, "x"), Value(0.2, "b"), Value(-0.7, "c")
    h = op(w * x + b, *(Value(0.3 + i, f"e{i}") for i in range(1, n)))
    h.label = "h"
    y = h * c
    y.label = "y"
    y.backward()
    return y, {v.label: v for v in reading_order(y) if v.label}


@pytest.mark.parametrize("kind", MADE)
def test_in_pictures(make, kind):
    op = make(kind)
    y, named = graph(op)
    for view in ("scalars", "sums", "neurons"):
        svg = draw(y, view=view).pipe("svg").decode()
        digits = 3 if view == "neurons" and op.arity == 1 else 4
        assert rounded(named["h"].data, digits) in svg, view
    assert op.name in draw(y, view="scalars").source


@pytest.mark.parametrize("kind", MADE)
def test_in_words(make, kind):
    op = make(kind)
    y, named = graph(op)
    told = explain(y, named["x"])
    assert told.gradient == named["x"].grad
    assert f"{op.name}(" in told.text
    for written in (told.latex, told.markdown):
        assert rf"\operatorname{{{op.name}}}" in written
    if kind == "opaque: an if":
        assert "∂bent(w * x + b)/∂(w * x + b)" in told.text
        with pytest.raises(TypeError, match="'bent' cannot be written as a formula"):
            derivative_formula(op)
    else:
        assert op.name in derivative_formula(op)


@pytest.mark.parametrize(
    "rule",
    [
        lambda y, x: (x.no_such_method(),),
        lambda y, x: (math.exp(x),),
        lambda y, x: ({0.5: 1.0}[x],),
        lambda y, x: (1.0 if x == 0.5 else 2.0,),
    ],
    ids=["a method", "math", "a dict", "a comparison"],
)
def test_a_rule_that_cannot_be_written(rule):
    op = Op("odd", lambda x: x, rule, registered=False)
    with pytest.raises(TypeError, match="the operation 'odd' cannot be written as a formula"):
        derivative_formula(op)


@pytest.mark.parametrize("kind", MADE)
def test_as_a_formula(make, kind):
    op = make(kind)
    _, named = graph(op)
    others = "".join(f", e{i}" for i in range(1, op.arity or 3))
    assert formula(named["h"]) == f"{op.name}(w * x + b{others})"


@pytest.mark.parametrize("kind", TRACED)
def test_the_page_recomputes_what_can_be_traced(make, show, kind):
    y, named = graph(make(kind))
    tab = show(y)
    to_the_end(tab)
    assert numbers(tab, "x")[1] == f"{named['x'].grad:.4g}"
    order = reading_order(y)
    data = [0.25 - 0.9 * v.data if v.op is None else 0.0 for v in order]
    numbers_there = tab.evaluate("d => { const n = recompute(d); return [n.data, n.grads]; }", data)
    for v, number in zip(order, data):
        if v.op is None:
            v.data = number
        else:
            v.data = v.op(*(child.data for child in v.inputs))
    again = rebuilt(order)
    again[-1].backward()
    assert numbers_there[0] == pytest.approx([v.data for v in again])
    assert numbers_there[1] == pytest.approx([v.grad for v in again])


def rebuilt(order):
    """The same graph recorded anew from the data at its leaves."""
    new = {}
    for v in order:
        new[v] = Value(v.data) if v.op is None else v.op(*(new[child] for child in v.inputs))
    return [new[v] for v in order]


@pytest.mark.parametrize("kind", OPAQUE)
def test_the_page_shows_what_it_cannot_compute(make, show, kind):
    op = make(kind)
    y, named = graph(op)
    tab = show(y)
    to_the_end(tab)
    assert numbers(tab, "h") == [f"{named['h'].data:.4g}", f"{named['h'].grad:.4g}"]
    box(tab, "h").click()
    text = tab.locator("#explanation").inner_text()
    assert (
        f"{op.name} is Python code that this page cannot run, so it shows the numbers that "
        "Python recorded, and a curve that Python sampled when it wrote the page." in text
    )
    drawn = tab.locator("#explanation .plot .curve").get_attribute("d")
    assert drawn.count("L") == 100
    assert "NaN" not in drawn


@pytest.mark.parametrize("kind", OPAQUE)
def test_a_leaf_below_it_stays_and_another_may_change(make, show, kind):
    op = make(kind)
    y, _ = graph(op)
    tab = show(y)
    tab_of(tab, "Nudge")
    assert tab.locator("#leaf").evaluate("e => e.selectedOptions[0].text") == "c"
    tab.locator("#nudge").fill("50")
    assert numbers(tab, "c")[0] == "-0.2"
    assert float(numbers(tab, "y")[0]) == pytest.approx(y.data / -0.7 * -0.2, rel=1e-3)
    tab.get_by_role("button", name="Back to the recorded numbers").click()

    tab.locator("#leaf").select_option("x")
    sentence = f"x cannot be nudged: h is computed from it, and {op.name} is Python code"
    assert sentence in tab.locator("#panel-nudge").inner_text()
    assert not tab.locator("#nudge").is_visible()

    tab_of(tab, "Update")
    assert (
        f"b and 2 other leaves stay as they are, because {op.name} is Python code that this page "
        "cannot run." in tab.locator("#panel-update").inner_text()
    )
    assert tab.get_by_label("w", exact=True).is_disabled()
    before = {name: numbers(tab, name)[0] for name in "xwbc"}
    tab.get_by_label("c", exact=True).check()
    tab.get_by_role("button", name="One step").click()
    after = {name: numbers(tab, name)[0] for name in "xwbc"}
    assert {name for name in before if before[name] != after[name]} == {"c"}


def test_no_leaf_can_be_updated_where_all_are_below_an_opaque_operation(make, show):
    tab = show(make("opaque: math")(Value(0.5, "x")))
    tab_of(tab, "Update")
    assert (
        "No leaf can be updated, because own_erf is Python code that this page cannot run."
        in tab.locator("#panel-update").inner_text()
    )
    assert tab.get_by_role("button", name="One step").is_disabled()


def test_a_value_made_by_hand_shows_its_numbers_and_nothing_is_computed_anew(show):
    x, c = Value(2.0, "x"), Value(0.5, "c")
    h = Value(6.0, (x,), (3.0,), label="h")
    y = h * 5.0 + c
    y.backward()
    tab = show(y)
    to_the_end(tab)
    assert (numbers(tab, "h"), numbers(tab, "x")) == (["6", "5"], ["2", "15"])
    box(tab, "h").click()
    text = tab.locator("#explanation").inner_text()
    assert "a value made by hand has no rule, so it shows the numbers that Python recorded." in text
    tab_of(tab, "Update")
    assert "because a value made by hand has no rule." in tab.locator("#panel-update").inner_text()


def test_the_page_never_computes_past_an_opaque_operation(make, show):
    y, _ = graph(make("opaque: math"))
    tab = show(y)
    data = [v.data + 1 if v.label == "x" else v.data for v in reading_order(y)]
    assert tab.evaluate("d => recompute(d).data[output.place]", data) != y.data
    assert math.isnan(tab.evaluate("d => recompute(d).data[output.place]", data))


def test_leaves_assigned_after_recording(make, show):
    """Python computes what the page cannot, at the newest numbers."""
    y, named = graph(make("opaque: math"))
    named["x"].data = 1.0
    assert exported(y)["nodes"][reading_order(y).index(named["h"])]["now"][0] == math.erf(1.7)
    tab = show(y)
    assert tab.get_by_text("assigned after").is_visible()
    fresh = tab.evaluate("fresh(recorded).data[output.place]")
    assert fresh == pytest.approx(math.erf(1.7) * -0.7)


def test_a_curve_has_finite_points_only():
    def half_line(x):
        return math.sqrt(x) if x != 2.0 else math.inf

    root = Op("root", half_line, lambda y, x: (0.5 / y,), registered=False)
    entry = exported(root(Value(1.0, "x")))["nodes"][-1]
    xs = [x for x, _ in entry["curve"]]
    assert (min(xs), max(xs)) == (0.04, 3.0) or min(xs) >= 0
    assert len(xs) < 101
    assert all(math.isfinite(y) for _, y in entry["curve"])
    json.dumps(entry, allow_nan=False)


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: x * 2.0 if isinstance(x, float) else x * 3.0,
        lambda x: x * next(NUMBERS),
        lambda x: x * 2.0 if hasattr(x, "hex") else x,
    ],
    ids=["by its type", "by a hidden state", "by an attribute"],
)
def test_what_traces_to_other_numbers_counts_as_opaque(forward):
    odd = Op("odd", forward, lambda y, x: (y / x,), registered=False)
    [entry] = exported(odd(Value(0.5, "x")))["ops"]
    assert entry["forward"] is None
    assert entry["rule"] is None


NUMBERS = iter(range(2, 10_000))

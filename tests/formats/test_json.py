"""Graphs as JSON: they come back bit for bit, and nothing else is believed."""

import json
import math
import re
import struct
import time
import tracemalloc

import pytest

import nn
from autograd import (
    Op,
    Value,
    draw,
    explain,
    from_json,
    grad,
    no_grad,
    ops,
    page,
    take,
    to_json,
    topological_order,
)
from autograd.value import NOT_COMPUTED

INF, NAN = math.inf, math.nan
LARGER = 2**1024 - 2**970  # the first integer that rounds to no float
MINUS_NAN, OTHER_NAN = struct.unpack(">2d", bytes.fromhex("fff80000000000007ff0000000000123"))


def bits(x):
    """What a number is, to the bit; an int is another thing than a float."""
    return (type(x), struct.pack(">d", x) if type(x) is float else x)


def contents(*outputs):
    """All that a graph holds, by places in one order."""
    order = {v: None for y in outputs for v in topological_order(y)}
    place = {v: i for i, v in enumerate(order)}
    tables = {}
    return [
        (
            v.op,
            v._depth,
            None if v.op else tables.setdefault(id(v._record), v._record if v._record else i),
            bits(v.data),
            bits(v.grad),
            v.grad is NOT_COMPUTED,
            [place[x] for x in v.inputs],
            [*map(bits, v.partials)],
            v.label,
        )
        for i, v in enumerate(order)
    ]


def check(*outputs):
    """There and back; and the text is standard JSON."""
    text = to_json(outputs)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert text.isascii()
    again = from_json(text)
    assert contents(*again) == contents(*outputs)
    assert to_json(again) == text
    return again


def test_a_graph_comes_back_bit_for_bit():
    x, w = Value(0.1, "x"), Value(-0.7, "w")
    h = (x * w - 2).sigmoid() + Value(3.0, (x, w), (1.0, 2.0))
    y = ops.norm([h * h, x**w, x**-1.5, h.clamp(0, 2.5)]) + 1 / x + x.clamp(max=0) + 3
    h.label = 'h, with "quotes", \\ and ∂ \ud800'
    z = ops.logsumexp([x, x, w]) - w
    y.backward()
    w.data, x.grad = 3, 7
    again = check(y, z, x, y)
    assert again[0] is again[3]
    assert again[2] in topological_order(again[1])
    one = from_json(to_json(y))
    assert one.data == y.data
    assert from_json(to_json(y).encode()).data == y.data
    assert from_json(to_json([])) == []


@pytest.mark.parametrize(
    "number",
    [
        *(0.0, -0.0, INF, -INF, NAN, MINUS_NAN, OTHER_NAN, 5e-324, 1.79e308, 0.1, 1e22),
        *(3, -(2**70), 10**308, 1 - LARGER),
    ],
)
def test_every_number(number):
    x = Value(0.0)
    x.data = number
    x.grad = number
    y = Value(number, (x,), (number,))
    check(y * x, y**2.5, y.clamp(-INF, 1))
    if number == number:
        check(y**number, y.clamp(max=number))


def test_kinds_of_leaves_and_tables():
    with no_grad():
        result = Value(1.0) * 2.0
        step = -0.1 * grad(Value(1.0) * 3.0, Value(1.0))
    slope = grad(Value(1.0) * 3.0, Value(1.0))
    rows, others = ([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]] for _ in range(2))
    y = sum(take(rows, 1)) + sum(take(others, 0)) + result * slope + step
    again = check(y, *rows[0], *others[1])
    assert again[1]._record is again[2]._record
    assert again[1]._record is not again[3]._record
    assert again[0].inputs[1]._record is step._record
    assert step._record is not slope._record


def test_the_other_lenses_work_as_on_the_original():
    model = nn.MLP(2, [3, 1], seed=1)
    y = (model([0.5, -1.0]) - 1) ** 2
    again = from_json(to_json(y))
    order, twins = topological_order(y), topological_order(again)
    weights = [(v, t) for v, t in zip(order, twins, strict=True) if v in model.parameters()]
    for weight, twin in weights:
        slopes = grad(y, weight, create_graph=True), grad(again, twin, create_graph=True)
        assert grad(slopes[0], weight).data == grad(slopes[1], twin).data
        assert explain(y, weight).text == explain(again, twin).text
    y.backward()
    again.backward()
    assert [v.grad for v in order] == [v.grad for v in twins]
    for view in "scalars", "sums", "neurons":
        assert draw(y, view=view).source == draw(again, view=view).source
    assert page(y).source == page(again).source


def test_parameters_of_a_module_have_the_names_of_a_textbook():
    model = nn.MLP(2, [3, 1], seed=1)
    model.layers[0].neurons[0].bias.label = "mine"
    again = from_json(to_json(model([0.5, -1.0]), model))
    labels = {v.label: v.data for v in topological_order(again) if v.label}
    assert labels["W1[2,1]"] == model.layers[0].neurons[2].weights[1].data
    assert {"mine", "b2[0]"} < {*labels}


def test_names_become_labels():
    a, b = Value(1.0, "mine"), Value(2.0)
    y = a * b
    again = from_json(to_json(y, {"first": a, "product": y}))
    assert (again.label, [v.label for v in again.inputs]) == ("product", ["first", ""])


def test_an_operation_of_your_own():
    def cube(name, **options):
        return Op(name, lambda x: x * x * x, lambda y, x: (3 * x * x,), **options)

    mine = cube("json_cube")
    x = Value(2.0)
    text = to_json(mine(x))
    assert check(mine(x))[0].op is mine
    del ops.TABLE["json_cube"]
    with pytest.raises(ValueError, match=r"'json_cube'.*not defined.*operations=\[json_cube\]"):
        from_json(text)
    theirs = cube("json_cube", registered=False)
    assert from_json(text, operations=[theirs]).op is theirs
    wide = Op("json_cube", lambda a, b: a, lambda y, a, b: (1.0, 0.0), arity=2, registered=False)
    with pytest.raises(ValueError, match="node 1 cannot have 1 input"):
        from_json(text, operations=[wide])
    with pytest.raises(ValueError, match=r"2 operations .* called 'json_cube'"):
        to_json(theirs(mine(x)))
    with pytest.raises(ValueError, match=r"operation of yours .* called 'tanh'"):
        to_json(cube("tanh", registered=False)(x))
    strange = to_json(cube("two words\x1b", registered=False)(x))
    with pytest.raises(ValueError, match=r"operations=\[f\]") as caught:
        from_json(strange)
    assert str(caught.value).isprintable()
    for wrong in ([cube("tanh", registered=False)], [math.tanh], mine):
        with pytest.raises(TypeError, match="operations= takes a list of Ops"):
            from_json(text, operations=wrong)


def test_two_halves_of_a_character_stay_two():
    halves = "a\ud83d\ude00\udbff\udc00\ud83d \ude00"
    both = Op(halves, lambda x: x, lambda y, x: (1.0,), registered=False)
    text = to_json(both(Value(1.0, halves)) + Value(2.0, "\ud83d\ude00") + Value(3.0, "\U0001f600"))
    again = from_json(text, operations=[both])
    labels = {v.data: v.label for v in topological_order(again) if v.label}
    assert labels == {1.0: halves, 2.0: "\ud83d\ude00", 3.0: "\U0001f600"}
    assert to_json(again) == text


def test_what_is_not_a_graph():
    for wrong in (1.0, [Value(1.0), 2.0], "y", None):
        with pytest.raises(TypeError, match="takes a Value, or a list"):
            to_json(wrong)
    with pytest.raises(TypeError, match="takes the text"):
        from_json(Value(1.0))
    v = Value(1.0)
    for wrong in ("1.0", None):
        v.data = wrong
        with pytest.raises(TypeError, match="was set wrongly"):
            to_json(v)


X = Value(0.5, "x")
GOOD = to_json([(X * X).tanh() + X**3 + X.clamp(0, 1), X])


def with_entry(key, content):
    return json.dumps({**json.loads(GOOD), key: content})


def changed(key, place, content):
    entry = json.loads(GOOD)[key]
    entry[place] = content
    return with_entry(key, entry)


DAMAGED = {
    "empty": ("", "not JSON"),
    "path": ("graph.json", "not JSON.*if it is in a file, give Path"),
    "cut": (GOOD[:-20], "not JSON"),
    "deep": ("[" * 100_000, "not JSON"),
    "deep and closed": ('{"a":' * 50_000 + "1" + "}" * 50_000, "not JSON"),
    "not UTF-8": (b"\xff\xff", "not JSON"),
    "NaN": (GOOD.replace("0.5", "NaN", 1), "NaN is not JSON"),
    "a long integer": (GOOD.replace("0.5", "9" * 5000, 1), "."),
    "an integer above all floats": (GOOD.replace("0.5", str(LARGER), 1), "the data"),
    "a float above all floats": (GOOD.replace("0.5", "1e999", 1), "the data"),
    "a key twice": (GOOD.replace("{", '{"data": [], ', 1), "same key twice"),
    "a list": ("[]", "no \"format\""),
    "another format": (GOOD.replace("autograd graph", "graph"), "no \"format\""),
    "a later version": (with_entry("version", 2), "version 2 .* reads version 1"),
    "a version that is none": (with_entry("version", True), "version True"),
    "a key too many": (with_entry("x", 1), "wrong are .'x'"),
    "no list of kinds": (with_entry("kinds", {}), "kinds of nodes"),
    "a kind that is none": (changed("kinds", 0, []), "begins with a word"),
    "a kind without a word": (changed("kinds", 0, [1]), "begins with a word"),
    "an unknown kind": (changed("kinds", 0, ["bud", "made"]), "no kind of node"),
    "an unknown leaf": (changed("kinds", 0, ["leaf", "green"]), "no kind of node"),
    "a power of two numbers": (changed("kinds", 1, ["power", 1.0, 2.0]), "no kind of node"),
    "a power of a word": (changed("kinds", 1, ["power", "x"]), "the settings of power"),
    "bounds that are none": (changed("kinds", 1, ["clamp", "nan", 1.0]), "no kind of node"),
    "a place that is none": (changed("kind", 0, 99), "kinds of nodes should be from 0"),
    "a place below 0": (changed("kind", 0, -1), "kinds of nodes should be from 0"),
    "no list of data": (with_entry("data", 3), "data should be a list"),
    "text as data": (changed("data", 0, "x"), "data should be numbers"),
    "a truth as data": (changed("data", 0, True), "data should be numbers"),
    "nothing as data": (changed("data", 0, None), "data should be numbers"),
    "hex that is no nan": (changed("data", 0, "7ff0000000000000"), "data should be numbers"),
    "a gradient too few": (with_entry("grads", []), "should be 7 gradients.* 0"),
    "an input too few": (with_entry("inputs", [0]), "inputs"),
    "places that are none": (with_entry("inputs", "01"), "whole numbers"),
    "a place that is a truth": (changed("inputs", 0, True), "whole numbers"),
    "a leaf with inputs": (with_entry("counts", [1, 0, 1, 2, 1, 2, 2]), "node 0 cannot have 1"),
    "a sum without inputs": (
        with_entry("kinds", [["leaf", "made"], *[["operation", "sum"]] * 5]).replace(
            "[0, 1, 1, 2, 1, 2, 2]", "[0, 0, 2, 2, 1, 2, 2]"
        ),
        "node 1 cannot have 0",
    ),
    "a cycle": (changed("inputs", 0, 1), "node 1 does not come after"),
    "a later node": (changed("inputs", 0, 5), "node 1 does not come after"),
    "an output that is none": (with_entry("outputs", [99]), "the outputs should be from 0"),
    "an output that is a truth": (with_entry("outputs", True), "the outputs"),
    "one output too far": (with_entry("outputs", 7), "the outputs should be from 0 to 6"),
    "labels that are not a list": (with_entry("labels", "x"), "a label should be"),
    "a label without a place": (with_entry("labels", [["x", 0]]), "a label should be"),
    "a label without a text": (with_entry("labels", [[0]]), "a label should be"),
    "an operation without a name": (changed("kinds", 1, ["operation"]), "no kind of node"),
    "a label twice": (with_entry("labels", [[0, "x"], [0, "y"]]), "a label is at node 0"),
    "a label too far": (with_entry("labels", [[7, "x"]]), "a label is at node 7"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_text_is_one_sentence(damage):
    text, reason = DAMAGED[damage]
    with pytest.raises(ValueError, match=f"not a graph that to_json wrote: .*{reason}") as caught:
        from_json(text)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def test_memory_and_time_in_proportion_to_the_text():
    """Lists as large as the text, with nothing right in them, and the right ones."""
    many = 2_000
    texts = [
        with_entry("kinds", [["power", float(i)] for i in range(many)]),
        with_entry("labels", [[[]]] * many),
        with_entry("inputs", [2**62] * many),
        with_entry("counts", [0] * many),
    ]
    for text in texts:
        tracemalloc.start()
        began = time.process_time()
        with pytest.raises(ValueError, match="not a graph"):
            from_json(text)
        seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 300 * len(text)
        assert seconds < 2


@pytest.mark.parametrize("nodes", [3_000, pytest.param(300_000, marks=pytest.mark.slow)])
@pytest.mark.unmeasured
def test_a_long_chain(nodes):
    x, w = Value(0.5, "x"), Value(0.999, "w")
    y = x
    for _ in range(nodes // 3):
        y = (y * w + x).tanh()
    text = to_json(y)
    assert len(text) < 60 * nodes
    again = from_json(text)
    assert to_json(again) == text
    y.backward()
    again.backward()
    assert {v.label: v.grad for v in topological_order(again)[:2]} == {"x": x.grad, "w": w.grad}


def test_the_format_is_as_documented():
    def stated(function):
        return re.findall(r"^ {4}>>> print.*\n((?: {4}.+\n)+)", function.__doc__, re.M)

    (shown,) = stated(to_json)
    x = Value(0.5, "x")
    assert to_json((x * x).tanh()) == "\n".join(line[4:] for line in shown.splitlines())

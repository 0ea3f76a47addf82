"""The views of a drawing: the same numbers, folded and unfolded."""

import math
import re
import xml.etree.ElementTree as ElementTree

import pytest

from autograd import Value, dot, draw, topological_order
from autograd.drawing.text import rounded
from nn import MLP, half_squared_error


def problem_12():
    i = Value(0.5, "in")
    h1 = (Value(1.0, "in->h1") * i).tanh()
    h2 = (Value(0.5, "in->h2") * i).tanh()
    out = dot([Value(2.0, "h1->out"), Value(1.0, "h2->out")], [h1, h2]).tanh()
    h1.label, h2.label, out.label = "h1", "h2", "out"
    error = (out - 0) ** 2 / 2
    error.label = "E"
    error.backward()
    return error


def network(nin=2, nouts=(3, 2), seed=1):
    model = MLP(nin, list(nouts), seed=seed)
    xs = [Value(0.1 * i + 0.2, f"x{i}") for i in range(nin)]
    loss = half_squared_error(model(xs), [0.3] * nouts[-1])
    loss.backward()
    return model, loss


def parsed(drawing):
    """The texts of nodes, edges and clusters; the headings of layers apart."""
    root = ElementTree.fromstring(drawing.pipe("svg"))
    groups = [g for g in root.iter() if g.tag.endswith("}g")]
    found = {
        kind: [[t.text for t in g.iter() if t.tag.endswith("}text")] for g in groups
               if g.get("class") == kind]
        for kind in ("node", "edge", "cluster")
    }  # fmt: skip
    headings = [texts for texts in found["node"] if texts[0].startswith("layer ")]
    return {**found, "node": [t for t in found["node"] if t not in headings], "heading": headings}


def test_scalars_are_every_operation():
    error = problem_12()
    shown = parsed(draw(error, view="scalars"))
    assert len(shown["node"]) == len(topological_order(error))
    assert len(shown["edge"]) == sum(len(v.inputs) for v in topological_order(error))


def test_sums_put_the_weights_on_the_lines():
    shown = parsed(draw(problem_12(), view="sums"))
    # in; tanh, tanh; sum, tanh; 0, -, **2, 2, /
    assert len(shown["node"]) == 10
    lines = [text for text in shown["edge"] if text]
    assert ["in->h1", "1"] in lines
    assert ["h2->out", "1"] in lines


def test_neurons_are_circles_in_columns():
    shown = parsed(draw(problem_12(), view="neurons"))
    assert ["h1", "0.462", "0.529"] in shown["node"]
    assert ["in", "0.5", "0.5404"] in shown["node"]
    assert shown["heading"] == [["layer 1"], ["layer 2"]]
    assert len(shown["cluster"]) == 2
    assert len(shown["node"]) == 9


@pytest.mark.parametrize("view", ["scalars", "sums", "neurons"])
def test_every_view_shows_the_numbers_of_the_graph(view):
    _, loss = network()
    nodes = topological_order(loss)
    numbers = {rounded(x, 3) for v in nodes for x in (v.data, v.grad)}
    numbers |= {rounded(x) for v in nodes for x in (v.data, v.grad, *v.partials)}
    groups = parsed(draw(loss, view=view)).values()
    texts = [text.removeprefix("∂ ") for group in groups for texts in group for text in texts]
    shown = {text for text in texts if re.fullmatch(r"-?\d[\d.e+-]*", text)}
    assert len(shown) > 10
    assert shown <= numbers


def test_folding_hides_no_line_and_invents_none():
    model, loss = network(3, (4, 2))
    shown = parsed(draw(loss, view="neurons"))
    weights = sum(1 for name, _ in model.named_parameters() if "weights" in name)
    outside = 2 * (2 + 1) + 2 + 2  # two differences, two squares, their sum, its half
    assert len(shown["edge"]) == weights + outside
    assert len(shown["node"]) == 3 + 4 + 2 + 2 + 2 + 2 + 1 + 2


def test_a_weight_that_others_use_keeps_a_node_of_its_own():
    x, w = Value(0.5, "x"), Value(2.0, "w")
    y = (w * x).tanh() + w.exp()
    shown = parsed(draw(y, view="neurons"))
    assert any(text[0] == "w" for text in shown["node"])


def test_names_come_from_modules_and_dictionaries_before_labels():
    model, loss = network()
    shown = parsed(draw(loss, view="neurons", names={"model": model, "loss": loss, "other": 3}))
    names = {text[0] for text in shown["node"]}
    assert {"a¹₀", "a¹₁", "a¹₂", "a²₀"} <= names
    assert any("loss" in text for text in shown["node"])
    scalars = parsed(draw(model([Value(0.1)] * 2)[0], view="scalars", names=model))
    assert {"w¹₁₀", "b¹₁", "z¹₁", "a¹₁"} <= {name for text in scalars["node"] for name in text[:2]}
    x = Value(1.0, "label")
    assert [text[0] for text in parsed(draw(x, names=locals()))["node"]] == ["x"]


@pytest.mark.parametrize("view", ["scalars", "sums", "neurons"])
def test_paths_make_no_picture_much_wider(view):
    model, loss = network()

    def width(names):
        picture = ElementTree.fromstring(draw(loss, view=view, names=names).pipe("svg"))
        return float(picture.get("viewBox").split()[2])

    assert width({"model": model}) <= 1.06 * width(None)


def test_circles_with_names_do_not_overlap():
    model, loss = network(2, (16, 16, 1))
    picture = ElementTree.fromstring(draw(loss, names={"model": model}).pipe("svg"))
    ellipses = [e for e in picture.iter() if e.tag.endswith("}ellipse")]
    circles = [[float(e.get(name)) for name in ("cx", "cy", "rx")] for e in ellipses]
    assert len(circles) == 16 + 16 + 1 + 2
    for i, (x, y, r) in enumerate(circles):
        assert all(math.dist((x, y), (a, b)) > r + s for a, b, s in circles[:i])


@pytest.mark.parametrize(
    ("sizes", "view"),
    [((2, (1,)), "scalars"), ((2, (8, 4)), "sums"), ((2, (16, 16, 1)), "neurons")],
)
def test_the_view_is_chosen_by_size(sizes, view):
    _, loss = network(*sizes)
    assert draw(loss).source == draw(loss, view=view).source


@pytest.mark.parametrize("sizes", [(2, (5, 4, 1)), (3, (4, 4, 2))])
def test_the_neurons_of_a_layer_stand_in_their_order(sizes):
    model, loss = network(*sizes)
    picture = ElementTree.fromstring(draw(loss, view="neurons", names=model).pipe("svg"))
    heights: dict[str, list[tuple[str, float]]] = {}
    for node in (g for g in picture.iter() if g.get("class") == "node"):
        texts = [t for t in node.iter() if t.tag.endswith("}text")]
        if texts[0].text.startswith("a"):
            layer, neuron = texts[0].text[1:]
            heights.setdefault(layer, []).append((neuron, float(texts[0].get("y"))))
    assert [len(heights[layer]) for layer in "¹²³"] == list(sizes[1])
    for each in heights.values():
        assert sorted(each) == sorted(each, key=lambda pair: pair[1])


def test_a_large_network_is_laid_out_in_columns():
    _, loss = network(10, (20, 20))
    drawing = draw(loss)
    assert "layout=neato" in drawing.source
    shown = parsed(drawing)
    assert len(shown["node"]) == 10 + 20 + 20 + 20 + 20 + 20 + 1 + 2
    places = re.findall(r'pos="([\d.-]+),([\d.-]+)!"', drawing.source)
    assert len(places) == len(set(places)) == len(shown["node"]) + len(shown["heading"])


def test_too_large_a_view_names_one_that_fits():
    _, loss = network(20, (40, 20))
    with pytest.raises(ValueError, match=r'nodes as scalars.*view="sums" has 2\d\d'):
        draw(loss, view="scalars")
    with pytest.raises(ValueError, match="view is one of scalars, sums, neurons; got 'layers'"):
        draw(loss, view="layers")


def test_weights_of_any_size_can_be_drawn():
    x = Value(1.0)
    for weight in (0.0, -0.0, float("inf"), float("nan"), -1e300, 1e-300):
        shown = parsed(draw((Value(weight) * x).tanh(), view="neurons"))
        assert [rounded(weight)] in shown["edge"]

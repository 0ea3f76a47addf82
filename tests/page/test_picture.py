"""The picture in a browser: its room, its arrows, its marks, and as a file."""

import struct
import xml.etree.ElementTree as ET

import pytest

from autograd import Value, tanh
from nn import MLP, Module, half_squared_error
from tests.page.browsing import PHONE, box, figure_4, problem_12, to_the_end


class Recurrent(Module):
    def __init__(self):
        self.w, self.u, self.b = Value(0.5), Value(0.9), Value(0.1)

    def forward(self, xs):
        h = Value(0.0, "h0")
        for t, x in enumerate(xs, 1):
            h = tanh(self.w * x + self.u * h + self.b)
            h.label = f"h{t}"
        return h


def two_four_one():
    model = MLP(2, [4, 1], seed=1)
    return half_squared_error(model([0.5, -1.0]), 0.5), {"names": model}


def six_steps():
    model = Recurrent()
    xs = [Value(0.3 * (-1) ** t + 0.1 * t, f"x{t}") for t in range(1, 7)]
    return half_squared_error(model(xs), 0.5), {"names": model}


GRAPHS = {
    "Figure 4": lambda: (figure_4(), {}),
    "Problem 12": lambda: (problem_12(), {}),
    "2-4-1 with loss": two_four_one,
    "six recurrent steps": six_steps,
}

SMALLEST = """() => {
  const texts = [...document.querySelectorAll('body *')].filter((e) =>
    [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.checkVisibility());
  const scale = (e) => (e.closest('#picture g') ? camera.zoom : 1);
  return Math.min(...texts.map((e) => parseFloat(getComputedStyle(e).fontSize) * scale(e)));
}"""

SCROLLS = """() => ({across: scroller.scrollWidth > scroller.clientWidth,
  down: scroller.scrollHeight > scroller.clientHeight})"""

# Pairs of boxes and numbers that cover each other.
COVERED = """() => {
  const drawn = [...document.querySelectorAll('.box .shape, .tag')];
  const areas = drawn.filter((e) => e.textContent || !e.matches('.tag'))
    .map((e) => [e.textContent || 'box', e.getBoundingClientRect()]);
  const common = (a, b) => Math.min(
    Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  return areas.flatMap(([one, a], i) => areas.slice(i + 1)
    .filter(([, b]) => common(a, b) > 5).map(([other]) => `${one} and ${other}`));
}"""


@pytest.mark.parametrize("settings", [{}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("graph", GRAPHS)
def test_text_can_be_read_and_scrolling_has_one_direction(show, graph, settings):
    tab = show(*GRAPHS[graph](), **settings)
    assert tab.evaluate(SMALLEST) >= 12
    to_the_end(tab)
    for view in ("Neurons", "Sums", "Scalars"):
        tab.get_by_label(view).check()
        scrolls = tab.evaluate(SCROLLS)
        if settings:
            assert not scrolls["across"], view
            outside = "scene.edges.some(e => e.points.at(-1)[1] < e.points[0][1])"
            assert not tab.evaluate(outside), "ranks follow each other downward"
        elif view == "Neurons":
            assert scrolls == {"across": False, "down": False}
        assert tab.evaluate(SMALLEST) >= 12, view
        assert tab.evaluate(COVERED) == [], view


def test_time_runs_along_an_axis(show):
    tab = show(*six_steps())
    tab.get_by_label("Neurons").check()
    steps = [box(tab, f"h{t}").bounding_box()["x"] for t in range(1, 7)]
    assert steps == sorted(steps)
    for t in range(2, 7):  # each input stands beside the step before its own
        assert steps[t - 2] <= box(tab, f"x{t}").bounding_box()["x"] + 80 < steps[t - 1] + 80
    tab.get_by_label("Scalars").check()
    products = [box(tab, f"x{t}").bounding_box()["x"] for t in range(1, 7)]
    assert products == sorted(products)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_arrows_and_paths_have_contrast(show, scheme):
    tab = show(*two_four_one(), color_scheme=scheme)
    names = ["edge", "positive", "negative", *(f"path-{i}" for i in range(1, 9)), "path-rest"]
    colours = tab.evaluate(
        """names => { const style = getComputedStyle(document.documentElement);
          return names.map(name => style.getPropertyValue('--' + name).trim()); }""",
        [*names, "paper"],
    )
    *lines, paper = map(luminance, colours)
    for name, line in zip(names, lines, strict=True):
        high, low = max(line, paper), min(line, paper)
        assert (high + 0.05) / (low + 0.05) >= 4.5, name
    assert len(set(colours)) >= 10


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_arrows_switch_between_weights_and_their_gradients(show):
    tab = show(problem_12())
    tab.get_by_label("Neurons").check()
    to_the_end(tab)
    assert "× 2" in tab.locator(".tag").all_text_contents()
    tab.get_by_label("their gradients").check()
    assert "d 0.1222" in tab.locator(".tag").all_text_contents()  # of w3, as EXERCISES has it
    assert "d 0.208" in tab.locator(".tag").all_text_contents()  # of w1
    # The gradient that arrives at h1 and its slope: 0.529 × 0.7864 = 0.416 goes on.
    assert box(tab, "h1").locator(".grad, .slope").all_text_contents() == ["d 0.529", "× 0.7864"]


def test_saturated_neurons_are_marked(show):
    x = Value(4.0, "x")
    h1, h2 = (tanh(Value(w, f"w{i}") * x + Value(0.1) * x) for i, w in enumerate((1.0, 0.05), 1))
    h1.label, h2.label = "h1", "h2"
    out = (Value(0.1, "u1") * h1 + Value(0.1, "u2") * h2).sigmoid()
    out.label = "out"
    tab = show(out)
    tab.get_by_label("Neurons").check()
    assert tab.locator(".saturated").count() == 0  # before its slope is known
    to_the_end(tab)
    marked = tab.locator(".saturated").evaluate_all(
        "all => all.map(e => e.ariaLabel.split(',')[0])"
    )
    assert marked == ["h1"]  # a sigmoid's slope is at most 0.25
    sign = tab.locator("#legend .sign", has_text="saturated")
    assert sign.get_attribute("title") == "Its slope is below 1/10 of its largest."


def test_paths_that_share_an_arrow_run_side_by_side(show):
    a = Value(3.0, "a")
    b = a + a
    b.label = "b"
    c = b * b
    tab = show(c)
    tab.evaluate("""() => {
      const edges = ({steps}) => steps.map((step) => step.join('.'));
      const path = (path, i) => ({colour: i, share: 1 - i / 8, edges: edges(path)});
      update({...shown(), paths: paths(0, state.numbers).best.map(path)});
    }""")
    strands = tab.locator(".strand")
    assert strands.count() == 8  # four paths of two arrows
    widths = strands.evaluate_all("all => all.map(e => parseFloat(e.style.strokeWidth))")
    assert max(widths) > 1.3 * min(widths)
    assert len(set(strands.evaluate_all("all => all.map(e => e.getAttribute('d'))"))) == 8


def test_the_picture_is_saved_as_svg_and_png(show, tmp_path):
    tab = show(problem_12(), color_scheme="dark", accept_downloads=True)
    to_the_end(tab)
    kept = {}
    for suffix in ("svg", "png"):
        with tab.expect_download() as download:
            tab.get_by_role("button", name=f"Save as {suffix.upper()}").click()
        assert download.value.suggested_filename == f"E.{suffix}"
        kept[suffix] = tmp_path / f"E.{suffix}"
        download.value.save_as(kept[suffix])
    root = ET.parse(kept["svg"]).getroot()
    texts = {"".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"0.5404", "h1", "tanh"} <= texts
    assert all("var(" not in value for e in root.iter() for value in e.attrib.values())
    paper = next(root.iter("{http://www.w3.org/2000/svg}rect"))
    assert paper.get("fill") == "rgb(22, 25, 29)"
    width, height = struct.unpack(">II", kept["png"].read_bytes()[16:24])
    assert width == pytest.approx(2 * float(root.get("width")), abs=2)
    assert height > 200


ON_BOXES = """() => {
  const areas = (name) => [...document.querySelectorAll(name)]
    .map((e) => e.getBoundingClientRect());
  const common = (a, b) => Math.min(Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const [numbers, shapes] = [areas('.flow'), areas('.box .shape')];
  const pairs = numbers.flatMap((a, i) => [...shapes, ...numbers.slice(i + 1)].map((b) => [a, b]));
  return [numbers.length, pairs.filter(([a, b]) => common(a, b) > 4).length];
}"""

# How many numbers stand nearer to another arrow than to their own, and how many on a strand.
MISTAKABLE = """() => scene.edges.filter((edge) => {
  if (!edge.tag) return false;
  const {x, y, width, height} = edge.tag.getBBox();
  const distance = ({element}) => Math.min(...Array.from({length: 100}, (_, i) => {
    const at = element.getPointAtLength(element.getTotalLength() * i / 99);
    return Math.hypot(at.x - x - width / 2, at.y - y - height / 2);
  }));
  const own = distance(edge);
  return scene.edges.some((other) => other !== edge && distance(other) < own - 2);
}).length"""
ON_STRANDS = """() => [...document.querySelectorAll('.tag')].filter((tag) => {
  const {x, y, width, height} = tag.getBBox();
  const {e, f} = tag.transform.baseVal.consolidate()?.matrix ?? {e: 0, f: 0};
  const points = [0, 0.5, 1].map((t) => new DOMPoint(x + e + t * width, y + f + height / 2));
  return [...document.querySelectorAll('.strand')]
    .some((strand) => points.some((point) => strand.isPointInStroke(point)));
}).length"""


def test_numbers_stand_beside_what_they_belong_to(show):
    tab = show(problem_12(), reduced_motion="reduce")  # numbers stand where they would arrive
    to_the_end(tab)
    for view in ("Neurons", "Scalars"):
        tab.get_by_label(view).check()
        tab.get_by_role("tab", name="Explain").click()
        if view == "Neurons":
            box(tab, "in").click()
        assert tab.evaluate(MISTAKABLE) == 0
        if view == "Neurons":  # all of the chain is above the fold
            last = tab.locator(".chain .product").first.bounding_box()
            assert last["y"] + last["height"] <= 800
        assert tab.locator(".strand").count() >= 7
        assert tab.evaluate(ON_STRANDS) == 0
        tab.get_by_role("tab", name="Nudge").click()
        tab.get_by_label("by δ =").fill("0.5")
        numbers, covered = tab.evaluate(ON_BOXES)
        assert numbers >= 7
        assert covered == 0


def test_the_numbers_between_two_layers_can_be_told_apart(show):
    value, options = two_four_one()
    tab = show(value, options)
    tab.get_by_label("Neurons").check()
    to_the_end(tab)
    assert tab.evaluate(MISTAKABLE) <= 1


def test_the_picture_fades_where_it_goes_on(show):
    tab = show(*two_four_one())
    fades = "[...scroller.classList]"
    tab.get_by_label("Neurons").check()
    assert tab.evaluate(fades) == []  # all of it is there
    tab.get_by_label("Scalars").check()
    tab.evaluate("scroller.scrollTo(0, 0)")
    tab.wait_for_function(f"() => {fades}.join() === 'goes-on-after'")
    tab.evaluate("scroller.scrollTo(1e5, 0)")
    tab.wait_for_function(f"() => {fades}.join() === 'goes-on-before'")

"""Hostile labels, names and texts: no markup, no escape sequence, bounded memory in any output."""

import contextlib
import functools
import importlib.util
import io
import json
import random
import re
import tempfile
import xml.etree.ElementTree as ElementTree
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, modes
from autograd.names import written
from demos.helpers.gallery import Exhibit, Section, save_gallery
from demos.letters import corpus
from demos.letters.alphabet import ALPHABET
from demos.letters.english import TextError
from demos.letters.predictor import Predictor
from demos.letters.prompt import likely
from tests.autograd.test_hostile import FRAGMENTS
from tests.battery import Row

LABELS = 8
PLAIN = [*"abcdefgh"]
LONG = 20_000
IN_QUOTES = r"([\w .,=∂-]|#\d+;|<br/>)*"
TEX = {
    *"begin char definecolor end ensuremath ldots node partial path to ttfamily usepackage".split(),
    *("textsubscript", "textsuperscript", "providecommand", "autogradbold", "rlap", "kern"),
    *(" ", *written._GREEK.values(), *(accent[1:] for accent in written._ACCENTS.values())),
}
TAGS = {*("svg", "style", "g", "title", "polygon", "path", "text", "ellipse", "polyline"), "tspan"}
X, T = [[0.5], [1.5]], [[1.0], [0.5]]


# --- hostile things ---


def label(chance):
    """A label that no other run has, because it begins with a number."""
    kind = chance.random()
    if kind < 0.6:
        text = "".join(chance.choices(FRAGMENTS, k=chance.randint(1, 8)))
    elif kind < 0.95:
        text = "".join(chr(chance.choice(RANGES)(chance)) for _ in range(chance.randint(1, 12)))
    else:
        text = "".join(chance.choices(FRAGMENTS, k=9)) * (LONG // 40)
    return f"{text}{chance.randrange(10**6)}" if chance.random() < 0.5 else text


RANGES = (
    lambda chance: chance.randrange(0x20),
    lambda chance: chance.randrange(0x7F, 0xA1),
    lambda chance: chance.randrange(0x2000, 0x2070),
    lambda chance: chance.randrange(0xD7FF, 0xE001),
    lambda chance: chance.randrange(0xFFF0, 0x10000),
    lambda chance: chance.randrange(0x110000),
    lambda chance: chance.choice(b"<>&\"'\\$%{}|`#"),
)


class Named(nn.Module):
    """Parameters with hostile names and labels."""

    def __init__(self, labels):
        self.by_name = {text: Value(0.5 + i, text) for i, text in enumerate(labels)}

    def forward(self, x):
        return sum([p * x[0] for p in self.by_name.values()]).tanh()


def output(labels):
    """A graph with all labels, inner ones too."""
    leaves = [Value(0.5 + i, text) for i, text in enumerate(labels)]
    inner = autograd.dot(leaves[::2], leaves[1::2]).tanh()
    inner.label = labels[-1][::-1]
    return leaves, inner * leaves[0]


# --- outputs of each kind ---


def shown(text):
    """What a terminal shows: printable lines."""
    for line in str(text).splitlines():
        assert line.isprintable(), f"a terminal gets {line[:200]!r}"


def said(action):
    """What an error says."""
    try:
        action()
    except (ArithmeticError, ValueError, TypeError, OSError, RuntimeError) as error:
        text = str(error)
    else:
        raise AssertionError("it did not fail")
    assert text.isprintable(), f"an error says {text[:300]!r}"
    assert len(text) < 2000, f"an error of {len(text)} characters"


class Tags(HTMLParser):
    """The tags of a page, with the names of their attributes, and the texts of scripts."""

    def __init__(self, source):
        super().__init__()
        self.tags = []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, *(name for name, _ in attributes)))

    def handle_decl(self, declaration):
        self.tags.append(declaration)

    def handle_comment(self, comment):
        self.tags.append("comment")


def words(leaves, y, labels):
    """Text, LaTeX and Markdown."""
    explanation = autograd.explain(y, leaves[0])
    shown(explanation.text)
    shown(autograd.formula(y))
    shown(autograd.derivative_formula(y, leaves[0]))
    shown(repr(y))
    for source in (explanation.latex, explanation.markdown):
        assert source.isascii()
        plain = re.sub(r"\\[\\{}$%&#_]", "", source)
        assert plain.count("{") == plain.count("}"), source[:300]
        assert plain.count("$") % 2 == 0
        assert "\\input" not in source


def pictures(leaves, y, labels):
    """SVG, in each view."""
    for view in ("scalars", "sums", "neurons"):
        root = ElementTree.fromstring(autograd.draw(y, view=view).pipe("svg"))
        assert {element.tag.rpartition("}")[2] for element in root.iter()} <= TAGS
        for element in root.iter():
            assert not [name for name in element.attrib if name.lower().startswith("on")]


def texts_of_pictures(leaves, y, labels):
    """TikZ, of a few commands; Mermaid, which is as with plain names but for what it quotes."""
    for view in ("scalars", "sums", "neurons"):
        drawing = autograd.draw(y, view=view)
        source = drawing.tikz
        assert source.isascii()
        shown(source)
        assert source.count("{") == source.count("}")
        assert set(re.findall(r"\\([A-Za-z]+|.)", source)) <= TEX
        source = drawing.mermaid
        shown(source)
        assert re.sub('"[^"]*"', "", source) == plain_mermaid(view)
        assert all(re.fullmatch(IN_QUOTES, text) for text in re.findall('"([^"]*)"', source))


@functools.cache
def plain_mermaid(view):
    return re.sub('"[^"]*"', "", autograd.draw(output(PLAIN)[1], view=view).mermaid)


@functools.cache
def usual(make):
    """The tags of a page with plain names."""
    return Tags(make(PLAIN)).tags


def page_of_graph(labels):
    return autograd.page(output(labels)[1]).source


def page_of_training(labels):
    model = Named(labels)
    optimizer = nn.SGD(model.parameters(), 0.1)
    return nn.training_page(model, lambda x, t: (model(x) - t[0]) ** 2, X, T, optimizer).source


def page_of_demos(labels):
    with tempfile.TemporaryDirectory() as folder:
        fours = zip(labels[::4], labels[1::4], labels[2::4], labels[3::4])
        sections = [
            Section(n, "valley", a, b, [Exhibit(Path(folder) / "none.svg", c, d)], "".join(labels))
            for n, (a, b, c, d) in enumerate(fours, 1)
        ]
        return save_gallery(sections, Path(folder) / "index.html").read_text(encoding="utf-8")


def page_of_letters(labels):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "letters.html"
        twos = zip(labels[::4], labels[1::4])
        return "".join(predictor().page(path, *two).read_text(encoding="utf-8") for two in twos)


def pages(leaves, y, labels):
    """HTML: as with plain names, tag by tag; the graph within is JSON with the labels."""
    for make in page_of_graph, page_of_training, page_of_demos, page_of_letters:
        source = make(labels)
        assert Tags(source).tags == usual(make), f"{make.__name__} has other tags"
        source.encode()
    found = re.search(r'id="graph">(.*?)</script>', page_of_graph(labels), re.DOTALL)[1]
    names = [node["name"] for node in json.loads(found)["nodes"]]
    for text in labels:
        assert any(name.startswith(joined(text)) for name in names), "a label is not there"


def joined(text):
    """The text with one character for two halves of it that stand side by side, as JSON has it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def graphs(leaves, y, labels):
    """JSON, which keeps each label as it is, and writes all in ASCII."""
    source = autograd.to_json([y, *leaves])
    shown(source)
    assert source.isascii()
    _, *again = autograd.from_json(source)
    assert [leaf.label for leaf in again] == labels
    said(lambda: autograd.from_json(json.dumps(labels)))
    said(lambda: autograd.from_json(source.replace('"mul"', json.dumps(labels[0]))))


def in_networkx(y, labels):
    """The labels as they are; and in GraphML, which can write those that XML can."""
    import networkx

    graph = autograd.to_networkx(y)
    assert len(graph) == len(autograd.topological_order(y))
    assert set(labels) <= {known["label"] for known in graph.nodes.values()}
    text = "\n".join(networkx.generate_graphml(autograd.to_networkx(xml_alone(labels)[1])))
    assert len(networkx.parse_graphml(text)) == len(graph)


def xml_alone(labels):
    """A graph with labels of which XML can hold each character."""
    kept = [re.sub("[^\t -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text) for text in labels]
    return output([f"{text}{i}" for i, text in enumerate(kept)])


def in_sympy(y, labels):
    """A symbol for each leaf, however alike their labels look."""
    import sympy

    expression = autograd.to_sympy(y)
    assert len(expression.free_symbols) == len(labels)
    for text in str(expression), sympy.latex(expression):
        shown(text)


def in_onnx(y, labels):
    """A model that the checker takes, with printable names."""
    import onnx

    model = Named(labels)

    def loss(x):
        return model(x)

    for text in labels[::4]:
        loss.__name__ = text
        made = autograd.to_onnx(loss, [[0.5]])
        onnx.checker.check_model(made)
        assert made.graph.name.isprintable()
        assert all(array.name.isidentifier() for array in made.graph.initializer)


def in_torch(y, labels):
    """Names of parameters in PyTorch's files, and in what the loader says."""
    model = Named([joined(text) for text in labels])
    with tempfile.TemporaryDirectory() as folder:
        nn.save_torch(model, Path(folder) / "x")
        before = model.state_dict()
        for p in model.parameters():
            p.data = 9.0
        nn.load_torch(model, Path(folder) / "x")
    assert model.state_dict() == before
    said(lambda: nn.load_torch(model, {}))
    said(lambda: nn.load_torch(model, {text[::-1] + "?": np.zeros(2) for text in labels}))
    for tensor in "x", np.zeros(9), np.zeros(2, int):
        said(lambda tensor=tensor: nn.load_torch(model, dict.fromkeys(before, tensor)))
    if importlib.util.find_spec("torch"):
        said(lambda: nn.to_torch(model))


def formats(leaves, y, labels):
    """Other libraries, those that are installed."""
    in_torch(y, labels)
    for library, check in ("networkx", in_networkx), ("sympy", in_sympy), ("onnx", in_onnx):
        if importlib.util.find_spec(library):
            check(y, labels)


def errors(leaves, y, labels):
    """Errors that name a label, a parameter or a file."""
    model = Named(labels)
    said(lambda: model.load_state_dict({}))
    said(lambda: model.load_state_dict({text[::-1] + "?": 1.0 for text in labels}))
    said(lambda: model.load_state_dict(dict.fromkeys(model.state_dict(), "x")))
    said(lambda: nn.SGD([y], lr=0.1))
    for leaf in leaves:
        with autograd.detect_anomaly():
            said(lambda leaf=leaf: (leaf - leaf.data).log())
            said(lambda leaf=leaf: ((leaf - leaf.data).sqrt() * y).backward())
        said(lambda leaf=leaf: autograd.draw(y, view=leaf.label))
        said(lambda leaf=leaf: nn.Neuron(2, leaf.label))
        said(lambda leaf=leaf: autograd.grad(autograd.grad(y, leaf), leaf))
        said(lambda leaf=leaf: float(leaf))
        said(lambda leaf=leaf: autograd.take([1.0], leaf))
        said(lambda leaf=leaf: Value.__init__(leaf, 1.0, (y,), (1.0,)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        nn.save_checkpoint(path, model)
        said(lambda: nn.load_checkpoint(path, nn.MLP(2, [1])))
        for text in labels:
            name = path.with_name(re.sub("[/\0\ud800-\udfff]", "", text)[:60] + "x")
            name.write_bytes(b"\xff" * 99)
            said(lambda name=name: nn.load_checkpoint(name))
            said(lambda name=name: corpus.from_file(name))


def compiled(leaves, y, labels):
    """What a recorded function prints, and the source of a program with such parameters."""
    model = Named(labels)

    def loss(x):
        value = model(x)
        print(value, leaves[0])
        return value * leaves[0]

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        program = autograd.jit(loss)
        numbers = program(np.array([[0.5]]))
    assert numbers == pytest.approx([(model([0.5]) * leaves[0]).data])
    shown(printed.getvalue())
    shown(program.source)
    compile(program.source, "source", "exec")


@functools.cache
def predictor():
    """Of letters. It compiles itself once, which takes longer than all that is done with it."""
    return Predictor(2, [])


def texts(leaves, y, labels):
    """Texts of any kind through the letters demo: letters of its alphabet, or a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        path.write_bytes(" ".join(labels).encode("utf-8", "surrogatepass"))
        try:
            text = corpus.from_file(path)
            assert set(text.letters(range(text.size))) <= set(ALPHABET)
        except TextError as error:
            shown(error)
    for text in labels:
        shown(likely(predictor(), text))
        written = predictor().write(text, 2, stream=random.Random(0))
        assert set(written[len(text) :]) <= set(ALPHABET)


OUTPUTS = (words, pictures, texts_of_pictures, pages, graphs, formats, errors, compiled, texts)


def case(i):
    chance = random.Random(i)
    labels = []
    while len(labels) < LABELS:
        if (text := label(chance)) not in labels:
            labels.append(text)
    leaves, y = output(labels)
    for make in OUTPUTS:
        make(leaves, y, labels)
    return None


@contextmanager
def wrong():
    """Messages of detect_anomaly that show labels as they are."""
    with mock.patch.object(modes, "visible", lambda text, longest=0: str(text)):
        yield


ROW = Row(
    title="hostile labels, names and texts through every output",
    case=case,
    full=2500,
    hours=0.1,
    quick=1,
    wrong=wrong,
    unit="labels",
    per_case=LABELS,
)

"""The page's file: what it holds, and that its programs are the table's."""

import json
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

import autograd
from autograd import Op, Value, detect_anomaly, ops
from autograd.page import Page, page
from autograd.page.export import exported
from autograd.page.program import forward_program, has_kernel, rule_program, run_steps
from nn import MLP
from tests.page.browsing import problem_12

OPERATIONS = [
    *(ops.TABLE[name] for name in sorted(ops.BUILT_IN)),
    *map(ops.power, (-1, 0, 1, 2, 3, 0.5)),
]
EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, 0.3, -0.7, 25.0, -25.0, 800.0, math.inf, -math.inf, math.nan]


def points(op):
    n = op.arity or 3
    return [[EDGES[(i * (j + 1) + 3 * j) % len(EDGES)] for j in range(n)] for i in range(13)]


def test_every_built_in_operation_can_be_recomputed():
    for name in ops.BUILT_IN:
        op = ops.TABLE[name]
        assert forward_program(op, op.arity or 3), name
        assert rule_program(op, op.arity or 3), name


def test_the_page_has_a_kernel_for_exactly_the_operations_that_cannot_be_traced():
    folder = resources.files("autograd.page").joinpath("browser")
    script = folder.joinpath("graph", "kernels.js").read_text(encoding="utf-8")
    kernels = re.search(r"const kernels = \{\n(.*?)\n\};", script, re.DOTALL)[1]
    names = re.findall(r"^  (\w+)[:,]", kernels, re.MULTILINE)
    assert sorted(names) == sorted(name for name in ops.BUILT_IN if has_kernel(ops.TABLE[name]))
    assert not has_kernel(ops.sum)  # it is a chain of additions
    assert not has_kernel(ops.power(3))  # it is pow


def test_the_scripts_share_one_page_and_so_no_name_is_declared_twice():
    folder = resources.files("autograd.page").joinpath("browser")
    scripts = [file for part in folder.iterdir() if part.is_dir() for file in part.iterdir()]
    declared = re.compile(r"^(?:const|let|class|(?:async )?function\*?) (\w+)", re.MULTILINE)
    names = [name for file in scripts for name in declared.findall(file.read_text("utf-8"))]
    assert len(names) > 100
    assert [name for name, n in Counter(names).items() if n > 1] == []


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_every_operation_as_a_program_gives_its_own_numbers(op):
    for xs in points(op):
        y, partials = op.evaluate(xs)
        forward, rule = forward_program(op, len(xs)), rule_program(op, len(xs))
        assert run_steps(forward, xs) == pytest.approx([y], rel=1e-15, nan_ok=True)
        assert run_steps(rule, [*xs, y]) == pytest.approx(list(partials), rel=1e-15, nan_ok=True)


@pytest.fixture
def table():
    before = dict(ops.TABLE)
    yield
    ops.TABLE.clear()
    ops.TABLE.update(before)


def test_a_custom_operation_is_traced_through(table):
    swish = Op(
        "swish",
        lambda x: x * autograd.sigmoid(x),
        lambda y, x: (y + autograd.sigmoid(x) * (1 - y),),
    )
    twice = Op("twice", lambda x: swish(x) + swish(x), lambda y, x: (2 * swish(x) / x,))
    for op in (swish, twice):
        y, partials = op.evaluate([0.7])
        assert run_steps(forward_program(op, 1), [0.7]) == [y]
        assert run_steps(rule_program(op, 1), [0.7, y]) == pytest.approx(list(partials), rel=1e-15)


def test_an_operation_that_cannot_be_traced_has_no_program(table):
    erf = Op("own_erf", math.erf, lambda y, x: (1.1283791670955126 * math.exp(-x * x),))
    bent = Op("bent", lambda x: x if x > 0 else 0.0, lambda y, x: (1.0,))
    assert forward_program(erf, 1) is None
    assert rule_program(erf, 1) is None
    assert forward_program(bent, 1) is None
    assert "null" in json.dumps(exported(erf(Value(0.5))))


def test_operations_and_derivatives_as_they_are_taught():
    def entry(op, n):
        output = op(*(Value(0.3 + i) for i in range(n)))
        return exported(output)["ops"][-1]

    def derivatives(op, n, names):
        texts = entry(op, n)["derivatives"]
        return ["".join(names[p] if isinstance(p, int) else p for p in t) for t in texts]

    assert derivatives(ops.tanh, 1, "xy") == ["1 - y²"]
    assert derivatives(ops.mul, 2, "aby") == ["b", "a"]
    assert derivatives(ops.div, 2, "aby") == ["1 / b", "-y / b"]
    assert derivatives(ops.pow, 2, "aby") == ["b * a ** (b - 1)", "y * log(a)"]
    assert derivatives(ops.power(3), 1, "xy") == ["3 * x²"]
    assert entry(ops.power(3), 1)["text"] == ["", 0, "³"]
    assert entry(ops.sum, 3)["text"] == ["", 0, " + ", 1, " + ", 2, ""]
    assert entry(ops.logsumexp, 2)["text"] == ["logsumexp(", 0, ", ", 1, ")"]


def test_which_operands_need_parentheses():
    """An operand needs them if it binds less tightly than its place asks for."""

    def needs(op, *xs):
        return exported(op(*map(Value, xs)))["ops"][-1]["needs"]

    assert needs(ops.mul, 1.0, 2.0) == [2, 2]
    assert needs(ops.sub, 1.0, 2.0) == [1, 2]
    assert needs(ops.power(2), 3.0) == [4]
    assert needs(ops.abs, 3.0) == needs(ops.sech2, 3.0) == needs(ops.tanh, 3.0) == [0]
    assert needs(ops.logsumexp, 1.0, 2.0) == [0, 0]
    assert [op["precedence"] for op in exported((Value(1.0) + 2) * 3)["ops"]] == [1, 2]


def graph_of(text):
    return json.loads(re.search(r'id="graph">(.*?)</script>', text)[1])


def test_the_graph_in_the_file():
    x = Value(3.0, "x")
    y = x * x + float("inf")
    y.backward()
    graph = graph_of(page(y).source)
    by_name = {node["name"]: node["data"] for node in graph["nodes"]}
    assert by_name == {"x": 3.0, "v1": 9.0, "c1": "inf", "out": "inf"}
    square = next(node for node in graph["nodes"] if node.get("inputs") == [0, 0])
    assert square["partials"] == [3.0, 3.0]
    assert graph["nodes"][0]["grad"] == 6.0


def test_a_small_page_is_small():
    assert len(page(problem_12()).source.encode()) < 250_000


def test_no_label_ends_the_script():
    label = "</script><script>alert(1)</script><!--"
    text = page(Value(1.0, label) + 1).source
    assert text.count("</script>") == 3
    assert any(node["name"] == label for node in graph_of(text)["nodes"])


def test_names_may_be_given():
    a = Value(1.0)
    b = a + a
    names = [node["name"] for node in exported(b, {"a": a, "b": b, "other": 3})["nodes"]]
    assert names == ["a", "b"]


def test_a_source_line_keeps_its_folder_to_itself():
    with detect_anomaly():
        y = Value(2.0) * 3
    source = exported(y)["nodes"][-1]["source"]
    assert source.startswith("test_page.py:")
    assert source.endswith("y = Value(2.0) * 3")
    assert "source" not in exported(Value(2.0) * 3)["nodes"][-1]


def test_the_neurons_in_the_file():
    model = MLP(2, [3, 1], seed=1)
    output = model([0.1, 0.2])
    graph = exported(output + 1, model)
    assert [neuron["layer"] for neuron in graph["neurons"]] == [1, 1, 1, 2]
    names = {node["name"]: node for node in graph["nodes"]}
    assert len(names) == len(graph["nodes"])
    assert names["a2[0]"]["data"] == output.data
    weight = model.layers[0].neurons[2].weights[1].data
    assert names["W1[2,1]"] == {
        **{"name": "W1[2,1]", "pictured": "w¹₂₁", "role": "parameter", "data": weight},
    }
    assert [names[f"c{i}"]["role"] for i in (1, 2, 3)] == ["constant"] * 3
    assert "anonymous" in names["out"]


def test_a_page_writes_nothing_until_it_is_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = page(Value(1.0, "x") + 1)
    assert isinstance(made, Page)
    assert repr(made) == "<Page of 3 nodes>"
    assert made.path is None
    assert list(tmp_path.iterdir()) == []
    assert made.save("chain.html") == made.path == Path("chain.html")
    assert made.path.read_text(encoding="utf-8") == made.source


def test_where_the_file_goes(tmp_path):
    x = Value(1.0, "x")
    made = page(x + 1, tmp_path / "new" / "chain.html")
    assert made.path == tmp_path / "new" / "chain.html"
    assert [p.name for p in made.path.parent.iterdir()] == ["chain.html"]
    assert made.save(str(tmp_path / "CHAIN.HTM")) == tmp_path / "CHAIN.HTM" == made.path
    with pytest.raises(ValueError, match=r"chain\.html"):
        page(x, tmp_path / "chain.svg")
    with pytest.raises(TypeError, match="page expects the Value at which a graph ends; got float"):
        page(1.0)


def test_a_saved_page_stands_for_its_path_until_the_next_version(tmp_path):
    made = page(Value(1.0), tmp_path / "chain.html")
    with pytest.warns(DeprecationWarning, match=r"goes in 0\.3: write page\(value, path\)\.path"):
        assert Path(made) == made.path
    with pytest.warns(DeprecationWarning, match=r"goes in 0\.3"):
        assert made.read_text(encoding="utf-8") == made.source
    assert str(made) == str(tmp_path / "chain.html")
    with pytest.raises(TypeError, match="not saved"):
        Path(page(Value(1.0)))
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = made.colour


def test_a_notebook_shows_the_page_in_a_frame_of_its_own():
    made = page(Value(1.0, '"</iframe>&') + 1)
    frame = ElementTree.fromstring(f"<div>{made._repr_html_()}</div>").find("iframe")
    assert frame.get("srcdoc") == made.source.replace("\n", " ")  # as attributes are in XML
    assert frame.get("sandbox") == "allow-scripts"


def test_a_graph_too_large_is_refused_unless_forced(tmp_path):
    x = Value(0.0)
    for _ in range(1500):
        x = x.sin()
    with pytest.raises(ValueError, match="1,501 nodes"):
        page(x, tmp_path / "chain.html")
    assert page(x, tmp_path / "chain.html", force=True).path.exists()


def test_the_file_asks_for_nothing_and_allows_nothing():
    text = page(Value(1.0) + 1).source
    policy = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(r"\son\w+=|\sstyle=|<link[^>]+href=\"(?!data:)|innerHTML|eval\(", text)
    assert not re.search(r"\[\[[A-Z-]+\]\]", text)


def test_the_same_bytes_in_every_process():
    code = (
        "import hashlib; from nn import MLP; from autograd import page;"
        "text = page(MLP(3, [4, 2, 1], seed=1)([1, 2, 3])).source;"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    root = Path(__file__).parents[2]
    prints = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(prints) == 1

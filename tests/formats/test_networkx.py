"""Graphs in networkx: every node and edge is there, and the chain rule holds along its paths."""

import math
import os

import pytest

import nn
from autograd import Value, to_networkx

if not os.environ.get("CI"):
    pytest.importorskip("networkx")
pytestmark = pytest.mark.slow


def test_the_sum_over_all_paths_is_the_gradient():
    import networkx

    model = nn.MLP(2, [3, 2], seed=1)
    a, b = model([0.5, -1.0])
    y = a * a - b / a
    y.backward()
    graph = to_networkx(y, model)
    seen = set()
    for name in networkx.topological_sort(graph):
        assert seen >= set(graph.predecessors(name))
        seen.add(name)
    for path, weight in model.named_parameters():
        name = next(n for n, known in graph.nodes.items() if known.get("grad") == weight.grad)
        found = sum(
            math.prod(graph.edges[edge]["partial"] for edge in path)
            for path in networkx.all_simple_edge_paths(graph, name, "out")
        )
        assert found == pytest.approx(weight.grad, rel=1e-13), path


def test_nodes_and_edges_have_what_the_graph_has(tmp_path):
    import networkx

    x, y = Value(3.0, "x"), Value(2.0)
    z = (x * x - y) / x
    graph = to_networkx(z, {"z": z})
    assert graph.nodes["x"] == {"data": 3.0, "label": "x"}
    assert graph.nodes["z"] == {"data": z.data, "label": "", "op": "div"}
    inputs = sorted(graph.in_edges("z", keys=True, data="partial"), key=lambda edge: edge[2])
    assert [edge[0] for edge in inputs][1] == "x"
    assert [edge[3] for edge in inputs] == [*z.partials]
    assert graph.number_of_edges("x", inputs[0][0]) == 0
    assert graph.number_of_edges() == 6
    z.backward()
    graph = to_networkx(z)
    assert graph.nodes["x"]["grad"] == x.grad
    networkx.write_graphml(graph, tmp_path / "graph.graphml")
    assert to_networkx(x).number_of_nodes() == 1
    with pytest.raises(TypeError, match="expected the Value"):
        to_networkx(1.0)

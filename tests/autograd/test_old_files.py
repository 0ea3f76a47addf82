"""Graphs and checkpoints of earlier versions still load."""

import pickle
from pathlib import Path

import pytest

from autograd import grad

DATA = Path(__file__).parents[1] / "data"


def test_a_graph_that_version_0_1_pickled_still_loads():
    # tests/data/graph_of_0_1.pickle holds (e, x, w), after e.backward(), of
    # (tanh(w * x) - 1)**2 / 2 + logsumexp([w, 3 * x]) + w**-1.5 + abs(x) + x**w.
    e, x, w = pickle.loads((DATA / "graph_of_0_1.pickle").read_bytes())
    assert (e.data, x.grad, w.grad) == (3.6060490480106027, 2.932373331615609, 0.13394532442220608)
    assert (x.label, w.label) == ("x", "w")
    assert [d.data for d in grad(e, [x, w])] == [x.grad, w.grad]
    again = grad(e, [x, w], create_graph=True)  # by the operations' rules, found again by name
    assert [d.data for d in again] == pytest.approx([x.grad, w.grad], rel=1e-14)  # rules improve

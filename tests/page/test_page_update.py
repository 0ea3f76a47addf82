"""Update trains the parameters of the Module, all of them and nothing else, as SGD does."""

import json

import pytest

from autograd.page.export import exported
from autograd.reading import Reading
from nn import SGD
from tests.graphs import LOSSES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(at_home):
    """For each graph, opened in one page: its leaves and losses after steps of Update."""
    graphs = {}
    for name, make in LOSSES.items():
        model, loss = make()
        graphs[name] = exported(loss, model)
    return at_home.evaluate(
        """graphs => Object.fromEntries(Object.entries(graphs).map(([name, graph]) => {
            openGraph(graph);
            openTab("update");
            byId("rate").value = "0.01";
            descend();
            const first = state.numbers.data;
            for (let i = 0; i < 9; i++) descend();
            return [name, { first, losses: state.losses, ticked: [...state.parameters] }];
        }))""",
        json.loads(json.dumps(graphs)),
    )


@pytest.mark.parametrize("name", LOSSES)
def test_one_step_is_that_of_sgd(trained, name):
    model, loss = LOSSES[name]()
    order = Reading(loss).nodes
    before = [v.data for v in order]
    reached = {v for v in order if v.op is None} & set(model.parameters())
    loss.backward()
    SGD(model.parameters(), lr=0.01).step()
    page = trained[name]
    for place, v in enumerate(order):
        if v.op is None:
            assert page["first"][place] == pytest.approx(v.data, rel=1e-12, abs=1e-12)
            assert (page["first"][place] == before[place]) == (v.data == before[place])
    assert {order[place] for place in page["ticked"]} == reached
    assert page["losses"][0] == pytest.approx(loss.data, rel=1e-12)
    assert page["losses"][1] < page["losses"][0]
    assert min(page["losses"]) >= 0
    assert len(page["losses"]) == 11

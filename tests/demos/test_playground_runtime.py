"""Python in a browser: what ends it, what it lacks, and that it is the same in Firefox."""

from pathlib import Path

import pytest

from tests.demos.playing import lines, run, shown
from tests.firefox import operated

LONG_CHAIN = """from autograd import Value

def chain():
    y = x = Value(1.0)
    for _ in range(100_000):
        y = y * 0.5 + x
    y.backward()
    return y.data, x.grad

print(*chain())
"""


def test_a_browser_frees_long_chains_draws_and_survives_its_own_end(browser, playground):
    tab = browser.new_page()
    tab.set_default_timeout(120_000)
    problems = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.goto((playground / "index.html").as_uri())

    # A chain that is freed as its function ends.
    assert run(tab, LONG_CHAIN).startswith("Finished in")
    assert lines(tab).strip() == "2.0 2.0"

    # draw has no program to start, and another renderer in its place.
    said = run(
        tab,
        "from autograd import RenderError, Value, draw\n"
        "picture = draw(Value(2.0, 'x') * 3)\n"
        "picture.save('y.svg')\n"
        "try:\n"
        "    picture.save('y.png')\n"
        "except RenderError as error:\n"
        "    print(error)\n",
    )
    assert said.startswith("Finished in")
    assert "pictures are SVG here" in lines(tab)
    nodes = shown(tab).locator("svg.autograd g.node")
    nodes.first.wait_for()
    assert nodes.count() == 3

    # There is no network, so there is no numpy.
    tab.context.set_offline(True)
    assert run(tab, "print('before')\nfrom autograd import jit\njit(abs)([[1.0]])").startswith(
        "Ended"
    )
    assert "before\n" in lines(tab)
    assert "numpy is not here. It comes from the network" in lines(tab)

    # What Python in a browser does not survive.
    assert run(tab, "a = []\nfor _ in range(100_000): a = [a]\ndel a").startswith("Ended")
    assert "Python itself ended" in lines(tab)
    assert run(tab, "print('again')").startswith("Finished in")
    assert lines(tab).strip() == "again"
    tab.close()
    assert problems == []


@pytest.mark.slow
def test_the_same_in_firefox(playground, tmp_path):
    program = tmp_path / "chain.py"
    program.write_text(LONG_CHAIN, encoding="utf-8")
    script = Path(__file__).parent / "in_firefox.js"
    found = operated(script, playground / "playground.html", program, timeout=240)
    assert found["errors"] == []
    assert "w.grad is -0.050062" in found["first"]
    assert found["survived"] == "2.0 2.0"
    assert found["after"] == "after"

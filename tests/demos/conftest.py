"""Fixtures shared by the tests of the demos."""

import os
from pathlib import Path

import pytest

from demos.__main__ import COURSE, make_parser
from demos.playground.build import BuildError, build
from tests.demos.playing import SILENT


@pytest.fixture
def run_demo(tmp_path, capsys):
    """Run a demo with ``--quick``; return its exhibits and the text that it printed."""

    def run(name):
        options = make_parser().parse_args([name, "--quick", "--out", str(tmp_path)])
        exhibits = COURSE[name].load().run(options)
        captured = capsys.readouterr()
        assert captured.err == ""
        lines = [line for line in captured.out.splitlines() if str(tmp_path) not in line]
        assert max(map(len, lines)) <= 80
        return exhibits, captured.out

    return run


@pytest.fixture(scope="session")
def playground(tmp_path_factory):
    """The folder of the playground. PLAYGROUND may name one that was built before."""
    if folder := os.environ.get("PLAYGROUND"):
        return Path(folder)
    folder = tmp_path_factory.mktemp("playground")
    try:
        build(folder, say=lambda step: None)
    except BuildError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    return folder


@pytest.fixture
def open_playground(browser, playground):
    """Open the playground in a browser of its own; check that nothing failed and nothing was sent.

    ``silent`` puts a silent Python in the place of the real one; ``before`` is a script that runs
    first.
    """
    contexts, problems = [], []

    def open_it(hash_="", file="index.html", silent=False, before="", **settings):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **settings})
        contexts.append(context)
        context.set_default_timeout(60_000)
        if silent:
            context.route("**/runtime/*.js", lambda route: route.fulfill(body=SILENT))
        if before:
            context.add_init_script(before)
        tab = context.new_page()
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("dialog", lambda dialog: problems.append(f"a dialog: {dialog.message}"))
        tab.on("request", lambda request: problems.extend(sent_to_a_network(request.url)))
        tab.goto(f"{(playground / file).as_uri()}{'#' if hash_ else ''}{hash_}")
        return tab

    yield open_it
    for context in contexts:
        context.close()
    assert problems == []


def sent_to_a_network(url):
    return [] if url.startswith(("file:", "data:", "blob:", "about:")) else [url]

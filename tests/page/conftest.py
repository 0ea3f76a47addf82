"""Pages open in a browser."""

import pytest

from autograd import Value
from autograd.page import page


@pytest.fixture
def show(browser, tmp_path):
    """Write and open the page of a graph; in the end, check that it made no request or error."""
    contexts, requests, errors = [], [], []

    def open_page(value, options=None, **settings):
        path = page(value, **(options or {})).save(tmp_path / "chain.html")
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **settings})
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(30_000)
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: errors.append(message.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(path.as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert {url.rpartition("/")[2] for url in requests} <= {"chain.html"}


@pytest.fixture(scope="module")
def at_home(browser, tmp_path_factory):
    """Any page, for tests that call its functions."""
    tab = browser.new_page()
    tab.goto(page(Value(1.0)).save(tmp_path_factory.mktemp("page") / "chain.html").as_uri())
    yield tab
    tab.close()

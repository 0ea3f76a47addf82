"""Fixtures shared by all tests."""

import importlib
import os
import shutil
import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def ctrl_c():
    """Programs that tests start hear Ctrl-C, also where tests run in a background deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def torch():
    """PyTorch, to compare with: skipped where it is not installed, but not in CI."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("CI compares with PyTorch, and it is not installed")
        pytest.skip("PyTorch is not installed")


ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
).split()
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


def unavailable(what):
    if os.environ.get("CI"):
        pytest.fail(f"CI tests pages in a browser, and {what}")
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser():
    """Chromium, driven by Playwright: skipped where either is missing, but not in CI."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright is not installed")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        unavailable("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()

"""Fixtures shared by all tests."""

import importlib
import os
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

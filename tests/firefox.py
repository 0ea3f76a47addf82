"""Debian's Firefox, operated over WebDriver BiDi, which needs no driver."""

import json
import os
import shutil
import subprocess

import pytest


def operated(script, *arguments, timeout=120):
    """What a script prints as JSON: ``node SCRIPT FOLDER FIREFOX`` and these arguments.

    FOLDER is where npm installed puppeteer-core. CI has both; elsewhere the test is skipped.
    """
    folder = os.environ.get("PUPPETEER_CORE")
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    if not (folder and firefox and shutil.which("node")):
        reason = "needs firefox-esr, node, and PUPPETEER_CORE, where npm installed puppeteer-core"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    run = subprocess.run(
        ["node", script, folder, firefox, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)

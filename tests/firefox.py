"""Debian's Firefox, operated over WebDriver BiDi, which needs no driver: see firefox.js."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def operated(script, *arguments, timeout=120):
    """What a script that operates pages found: firefox.js runs it, with these arguments.

    PUPPETEER_CORE names the folder where npm installed puppeteer-core. CI has it, and Firefox;
    elsewhere the test is skipped.
    """
    folder = os.environ.get("PUPPETEER_CORE")
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    if not (folder and firefox and shutil.which("node")):
        reason = "needs firefox-esr, node, and PUPPETEER_CORE, where npm installed puppeteer-core"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    run = subprocess.run(
        ["node", Path(__file__).with_suffix(".js"), folder, firefox, script, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)

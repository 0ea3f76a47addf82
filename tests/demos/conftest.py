"""Fixtures shared by the tests of the demos."""

import pytest

from demos.__main__ import COURSE, make_parser


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

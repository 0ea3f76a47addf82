"""Whole programs that were written for another engine run here with other import lines.

A comment ``# here:`` beside a line says what stands there instead. The other engine's numbers lie
in ``numbers.json``; where it is installed, the program runs there too.
"""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
NUMBERS = json.loads((FOLDER / "numbers.json").read_text(encoding="utf-8"))
PROGRAMS = {
    "expression": "micrograd",
    "moons": "micrograd",
    "transformer": "scalars",
    "module": "torch",
}


def here(source):
    """The program with the lines that its comments give."""
    lines = []
    for line in source.splitlines():
        code, _, instead = line.partition("  # here: ")
        indent = code[: len(code) - len(code.lstrip())]
        lines.append(indent + instead if instead else line)
    return "\n".join(lines)


def results(name, source):
    namespace = {"__name__": name}
    exec(compile(source, f"{name}.py", "exec"), namespace)
    return [float(x) for x in namespace["results"]]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_the_numbers_of_the_engine_that_it_was_written_for(name, monkeypatch):
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert here(source) != source
    ours = results(name, here(source))
    assert ours == pytest.approx(NUMBERS[name], rel=1e-12, abs=1e-12)
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    if importlib.util.find_spec(PROGRAMS[name]):
        theirs = results(name, source)
        assert theirs == pytest.approx(NUMBERS[name], rel=1e-12, abs=1e-12)

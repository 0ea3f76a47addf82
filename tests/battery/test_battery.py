"""The quick form of each row finds nothing, and it finds a fault that is planted."""

import _thread
import dataclasses
import json
import threading

import pytest

from tests.battery import load, results, running

ROWS = [
    pytest.param(n, row, id=f"row {n}", marks=[pytest.mark.slow] if row.slow else [])
    for n, row in load().items()
]


@pytest.mark.parametrize(("number", "row"), ROWS)
def test_the_quick_form_finds_nothing(number, row):
    for i in range(row.quick):
        row.case(i)


@pytest.mark.parametrize(("number", "row"), ROWS)
def test_the_row_finds_a_planted_fault(number, row):
    with row.wrong():
        assert any(running.attempt(number, i)[1] for i in range(row.quick))


def test_random_programs_agree_with_pytorch():
    """CI's first run has no PyTorch, and its second leaves out what passed, such as row 2."""
    pytest.importorskip("torch")
    row = load()[2]
    for i in range(row.quick, row.quick + 5):
        row.case(i)


def test_what_pytest_raises_is_a_finding(monkeypatch):
    def case(i):
        with pytest.raises(ValueError, match="x"):
            pass

    row = dataclasses.replace(load()[1], case=case)
    monkeypatch.setitem(load(), 1, row)
    assert "DID NOT RAISE" in running.attempt(1, 0)[1]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The state of row 1, and the results, in a folder of their own."""
    monkeypatch.setattr(running, "STATE", tmp_path)
    monkeypatch.setattr(results, "FILE", tmp_path / "RESULTS.md")
    return tmp_path / "row_01.json", tmp_path / "RESULTS.md"


def test_a_row_keeps_the_lines_of_the_others(files):
    row = load()[1]
    results.write(12, row, 3, None, {})
    results.write(1, row, 2, 1.5, {1: "AssertionError: a | b"})
    results.write(1, row, 4, 2.5, {})
    lines = files[1].read_text(encoding="utf-8").splitlines()[-3:]
    assert [line[:5] for line in lines] == ["|---:", "| 1 |", "| 12 "]
    assert "2.5 ulp | none |" in lines[1]


@pytest.mark.slow
def test_a_row_stops_and_goes_on(files, monkeypatch):
    monkeypatch.setattr(running, "BLOCK", 1)
    row = load()[1]
    threading.Timer(6, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        running.run(1, row, row.full, again=False)
    state = json.loads(files[0].read_text(encoding="utf-8"))
    state["findings"] = {"0": "a fault that was mended"}
    files[0].write_text(json.dumps(state), encoding="utf-8")
    before = state["cases"]
    assert 0 < before < row.full
    after = running.run(1, row, before + 2, again=False)
    assert (after.cases, after.findings) == (before + 2, {})
    assert f"{(before + 2) * row.per_case:,} of" in files[1].read_text(encoding="utf-8")

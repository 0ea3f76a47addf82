"""The quick form of each row finds nothing, and it finds a fault that is planted."""

import dataclasses

import pytest

from tests.battery import load, running

ROWS = [
    pytest.param(n, row, id=f"row {n}", marks=[pytest.mark.slow] if row.slow else [])
    for n, row in load().items()
]


@pytest.mark.unmeasured
@pytest.mark.parametrize(("number", "row"), ROWS)
def test_the_quick_form_finds_nothing(number, row):
    for i in range(row.quick):
        row.case(i)


@pytest.mark.unmeasured
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


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 3])
def test_jax_is_an_executor_and_a_fault_of_its_own_is_found(number, monkeypatch):
    executor = pytest.importorskip("autograd.compiler.jax.executor", exc_type=ImportError)
    load()[number].case(0)
    right = executor.rows_of
    monkeypatch.setattr(executor, "rows_of", lambda *given: right(*given) * 1.00000001)
    assert "jax: " in running.attempt(number, 0)[1]


def test_what_pytest_raises_is_a_finding(monkeypatch):
    def case(i):
        with pytest.raises(ValueError, match="x"):
            pass

    row = dataclasses.replace(load()[1], case=case)
    monkeypatch.setitem(load(), 1, row)
    assert "DID NOT RAISE" in running.attempt(1, 0)[1]

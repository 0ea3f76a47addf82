"""Every path: each way through a function that branches, found by running it with the outcomes of
its comparisons turned."""

import pytest

from autograd import Value, compile
from autograd.compiler.recording import branches
from autograd.compiler.recording.record import CompileError


def ways(function, *rows):
    """For each way whether it holds for each row, and its results."""
    compiled = compile(function, backend="numpy")
    paths = compiled.every_path([len(row[0]) for row in rows], [row[0] for row in rows])
    found = []
    for path in paths:
        values, failing = path.rows(path.theta(), compiled._arrays(rows, ())[1])
        found.append([None if f else v for v, f in zip(values[:, 0].tolist(), failing)])
    return found


def test_each_way_is_found_once_and_the_first_is_that_of_the_row():
    def f(x):
        if x[0] < 0:
            return -x[0] if x[0] < -5 else x[0]
        if x[0] == 3.0:
            raise ValueError("no 3")
        return x[0] * 10

    rows = [[1.0], [3.0], [-1.0], [-7.0]]
    found = ways(f, rows)
    assert found[0] == [10, None, None, None]
    assert sorted(map(str, found[1:])) == [
        "[None, None, -1.0, None]",
        "[None, None, None, 7.0]",
    ]


def test_what_does_not_depend_on_inputs_stays_as_it_is():
    slope = Value(2.0)
    f = lambda x: x[0] * slope if slope > 1 and Value(1.0) < 2 else x[0]
    assert ways(f, [[3.0]]) == [[6.0]]


def test_a_function_that_prints_prints_once(capsys):
    def f(x):
        print("here")
        return x[0] if x[0] > 0 else -x[0]

    assert ways(f, [[-2.0], [3.0]]) == [[2.0, None], [None, 3.0]]
    assert capsys.readouterr().out == "here\n"


def test_bad_functions(monkeypatch):
    def picky(x):
        if x[0] > 0:
            raise ValueError("too large")
        return x[0]

    with pytest.raises(ValueError, match="too large"):
        ways(picky, [[1.0]])  # of the row that was given
    with pytest.raises(CompileError, match="one thing for some rows and another for others"):
        ways(lambda x: x[0] if x[0] > 0 else x, [[1.0, 2.0]])

    def halved(x):
        y = x[0]
        while y > 1:
            y = y / 2
        return y

    monkeypatch.setattr(branches, "MOST_PATHS", 5)
    with pytest.raises(CompileError, match="in more than 5 ways, and a program for all rows"):
        ways(halved, [[3.0]])

    def endless(x):
        y = x[0]
        while y != 0:
            y = y - 1
        return y

    monkeypatch.setattr(branches, "MOST_COMPARISONS", 50)
    with pytest.raises(CompileError, match=r"compares numbers more than 50 times.* maximum"):
        ways(endless, [[1.0]])

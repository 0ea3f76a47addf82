"""What a function prints while it is recorded."""

import threading
from unittest.mock import ANY

from autograd import Value, compile, dot
from nn import MLP, SGD, fit, half_squared_error


def test_printing_shows_names_and_says_once_that_the_function_is_recorded(capsys):
    w, b = Value(2.0, "w"), Value(0.5)

    def function(x, y):
        h = (x[0] * w + b * y).tanh()
        print(f"{x[0]} {x[1]:.3f} {y!s} {h} {b}")
        print(x, -h - x[0], "%s" % (x[0] - (1 - y)))
        print(dot([1.0] * 9, [x[0]] * 9))
        return h * x[1]

    program = compile(function, backend="numpy")
    for _ in range(3):
        program([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0])
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "x[0] x[1] y tanh(x[0] * w + Value(0.5) * y) Value(0.5)",
        "[x[0], x[1]] -tanh(…) - x[0] x[0] - (1 - y)",
        "1 * x[0] + 1 * x[0] + 1 * x[0] + 1 * x[0] + …",
    ]
    assert err == (
        "function is being recorded, once for all rows: it prints names instead of numbers, and "
        "its compiled form prints nothing\n"
    )
    assert not program._recordings.latest.guards  # printing looks at no number
    print(w)
    assert capsys.readouterr().out == "Value(2, label='w')\n"


def test_a_loss_that_prints_prints_once(capsys):
    model = MLP(2, [1], seed=1)

    def loss(x, t):
        print(x[0])
        return half_squared_error(model(x), t)

    rows = [[0.0, 1.0]] * 50
    fit(loss, rows, [[1.0]] * 50, SGD(model.parameters(), lr=0.1), compile=True, progress=False)
    assert capsys.readouterr() == ("x[0]\n", ANY)


def test_other_threads_print_while_one_records(capsys):
    def function(x):
        thread = threading.Thread(target=print, args=("other",))
        thread.start()
        thread.join()
        return x[0] * 2

    compile(function, backend="numpy")([[1.0]])
    assert capsys.readouterr() == ("other\n" * 4, "")


def test_text_that_a_branch_may_hang_on_is_that_of_the_number():
    def function(x):
        if len(f"{x[0].tanh():.0e}") > 5:
            print("negative")
            return x[0] * 2
        print(
            f"{x[0]}",
        )
        return x[0] * 3

    program = compile(function, backend="numpy")
    assert program([[1.0], [-1.0], [2.0]]).tolist() == [3.0, -2.0, 6.0]


def test_a_text_that_is_kept_is_that_of_the_number():
    said = []

    def function(x):
        said.append(f"{x[0]}")
        return x[0] * 3

    compile(function, backend="numpy")([[1.0]])
    assert said[0] == "Value(1)"

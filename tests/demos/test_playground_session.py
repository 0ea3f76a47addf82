"""What the playground does with a program, in this Python and without a browser."""

import sys

import pytest

from autograd import Value
from demos.playground import freeing, session
from demos.playground.printing import MOST


@pytest.fixture
def ran():
    """Run a program; return its messages."""

    def run(code):
        messages = []
        session.run(code, messages.append)
        return messages

    return run


@pytest.fixture
def failed(ran):
    """Run a program that ends early; return its error."""

    def run(code):
        *others, error = ran(code)
        assert error["type"] == "error"
        assert all(message["type"] != "error" for message in others)
        return error

    return run


# --- what it prints and shows ---


def test_what_is_printed_is_sent_as_it_comes(ran):
    assert ran("import sys\nprint('one')\nprint('two', file=sys.stderr)\nprint(3, end='')") == [
        {"type": "print", "text": "one\n", "error": False},
        {"type": "print", "text": "two\n", "error": True},
        {"type": "print", "text": "3", "error": False},
    ]


def test_a_flood_comes_in_few_pieces_and_is_cut(ran):
    messages = ran("for i in range(100_000): print(i)")
    assert len(messages) < 1000
    text = "".join(message["text"] for message in messages)
    assert text.startswith("0\n1\n2\n")
    assert len(text) < MOST + 200
    assert text.endswith("What this run prints after them is left out.\n")


def test_the_value_of_the_last_line_is_shown_with_the_names_of_its_variables(ran):
    text, shown = ran("from autograd import Value\nx = Value(2.0)\ny = x * x\ny")
    assert text["text"].startswith("Value(")
    assert (shown["type"], shown["title"]) == ("show", "Page")
    assert '"name":"x"' in shown["html"]
    assert '"name":"y"' in shown["html"]


@pytest.mark.parametrize(
    ("last", "text"),
    [("1 + 1", "2\n"), ("None", ""), ("x = 1", ""), ("'two'", "'two'\n"), ("Value(2.0)", "2")],
)
def test_of_other_values_the_text_is_shown(ran, last, text):
    messages = ran(f"from autograd import Value\n{last}")
    assert text in "".join(message["text"] for message in messages)
    assert all(message["type"] == "print" for message in messages)


def test_an_explanation_is_text(ran):
    (message,) = ran(
        "from autograd import Value, explain\nx = Value(3.0, 'x')\nexplain(x * x, x, names={})"
    )
    assert "the sum over 2 paths" in message["text"]


def test_pages_and_pictures_are_shown_wherever_they_are_made(ran, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = ran(
        "from autograd import *\n"
        "def show(y):\n"
        "    page(y, 'y.html')\n"
        "    draw(y).save('y.svg')\n"
        "show(Value(2.0) * 3)\n"
    )
    assert [message["title"] for message in shown] == ["Page", "Picture"]
    assert "<svg" in shown[1]["html"]
    assert (tmp_path / "y.html").read_text(encoding="utf-8") == shown[0]["html"]
    assert ran("from autograd import page, Value\np = page(Value(1.0))\np")[1:] == []


def test_too_many_pages_are_cut(ran):
    messages = ran("from autograd import *\nfor i in range(22): page(Value(i))")
    assert [message["type"] for message in messages] == ["show"] * 20 + ["print"]
    assert "first 20 pages and pictures" in messages[-1]["text"]


def test_after_a_run_nothing_is_shown_any_more(ran):
    messages = ran("")
    assert messages == []
    from autograd import page

    page(Value(1.0))
    assert messages == []
    assert sys.modules["__main__"].__name__ != "program.py"


def test_a_program_is_the_main_module_and_has_its_source(ran):
    (message,) = ran(
        "import dataclasses, inspect, sys\n"
        "@dataclasses.dataclass\n"
        "class P:\n"
        "    x: 'int'\n"
        "def f(): return 1\n"
        "assert sys.modules[__name__].P is P\n"
        "print(__name__, P(1), inspect.getsource(f), end='')\n"
    )
    assert message["text"] == "__main__ P(x=1) def f(): return 1\n"


def test_a_graph_too_large_is_a_sentence(ran, failed):
    chain = "from autograd import *\ny = Value(1.0)\nfor i in range(2000): y = y.sin()\n"
    assert failed(f"{chain}page(y)")["sentence"].startswith("this graph has 2,001 nodes")
    assert failed(f"{chain}draw(y)")["line"] == 4
    text, sentence = ran(f"{chain}y")
    assert text["text"].startswith("Value(")
    assert "has 2,001 nodes" in sentence["text"]


# --- errors ---


def test_an_error_has_its_line_and_its_trace(failed):
    error = failed("def f():\n    return 1 / 0\nf()")
    assert error["line"] == 2
    assert error["sentence"] == "ZeroDivisionError: division by zero"
    assert error["trace"].splitlines()[1:3] == [
        '  File "program.py", line 3, in <module>',
        "    f()",
    ]
    assert "session.py" not in error["trace"]


def test_the_line_is_that_of_the_program_and_the_sentence_ours(failed):
    error = failed("from autograd import Value\nx = 1\nValue('two')")
    assert error["line"] == 3
    assert error["sentence"].startswith("expected one real number")


@pytest.mark.parametrize(
    ("code", "line", "sentence"),
    [
        ("x = 1\ny = (2", 2, "Python cannot read line 2: '(' was never closed."),
        ("if True:\nx = 1", 2, "Python cannot read line 2: expected an indented block after"),
        ("x = '\0'", None, "null bytes"),
        (
            "import no_such",
            1,
            "there is no library 'no_such' here. A program can import autograd, nn",
        ),
        ("\nfrom autograd import nothing", 2, "cannot import name 'nothing'"),
        ("def f(): f()\nf()", 1, "a function calls itself again and again"),
        ("raise MemoryError", 1, "the program needs more memory"),
        ("input('?')", 1, "nobody can answer here"),
        ("import sys\nsys.stdin.read()", 2, "nobody can answer here"),
        ("prnt(1)", 1, "NameError: name 'prnt' is not defined"),
        ("raise KeyboardInterrupt", 1, "KeyboardInterrupt"),
        ("eval('1 +')", 1, "invalid syntax"),
    ],
    ids=str,
)
def test_each_error_is_a_sentence(failed, code, line, sentence):
    error = failed(code)
    assert sentence in error["sentence"]
    assert error["line"] == line


def test_without_numpy_a_program_says_what_needs_it(failed, monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    error = failed("import math\nimport numpy as np")
    assert error["line"] == 2
    assert "needs it" in error["sentence"]
    assert "but jit" in error["sentence"]


def test_an_exit_is_no_error(ran):
    assert ran("import sys\nsys.exit(3)") == []
    (message,) = ran("raise SystemExit('enough')")
    assert message == {"type": "print", "text": "enough\n", "error": True}


def test_what_led_to_an_error_stands_in_its_trace(failed):
    error = failed("try:\n    {}['a']\nexcept KeyError:\n    raise ValueError('no a')")
    assert error["line"] == 4
    assert "KeyError: 'a'" in error["trace"]


# --- freeing ---


@pytest.fixture
def pieces():
    freeing.free_in_pieces()
    yield
    del Value.__del__


def test_a_graph_is_freed_in_pieces(pieces):
    class Mine(Value):
        freed = 0

        def __del__(self):
            super().__del__()
            Mine.freed += 1

    y = x = Mine(1.0)
    for _ in range(10_000):
        y = y * 1.5 + x
    middle = y.inputs[0].inputs[0]
    del y
    assert Mine.freed == 2, "no more than nobody refers to"
    assert middle.op.name == "add"
    assert middle.inputs[0].op.name == "mul"
    del middle
    assert Mine.freed == 20_000, "all but the leaf"
    assert freeing._waiting == []
    with pytest.raises(TypeError, match="real number"):
        Mine("two")

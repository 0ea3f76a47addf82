"""What the playground does with a program, without a browser."""

import pytest

from demos.playground import session


@pytest.fixture
def ran():
    """Run a program; return its messages."""

    def run(code):
        messages = []
        session.run(code, messages.append)
        return messages

    return run


def kinds(messages):
    return [message["type"] for message in messages]


def test_what_is_printed_is_sent(ran):
    assert ran("print('one')\nprint(2, end='')") == [
        {"type": "print", "text": "one\n", "error": False},
        {"type": "print", "text": "2", "error": False},
    ]


def test_the_value_of_the_last_line_is_shown_as_its_page(ran):
    (message,) = ran("from autograd import Value\nx = Value(2.0)\ny = x * x\ny")
    assert message["type"] == "show"
    assert message["html"].startswith("<!doctype html>")
    assert '"name":"x"' in message["html"]


def test_an_error_has_its_line(ran):
    (message,) = ran("def f():\n    return 1 / 0\nf()")
    assert message["line"] == 2
    assert message["sentence"] == "ZeroDivisionError: division by zero"
    assert message["trace"].count("program.py") == 2


def test_what_cannot_be_read_has_its_line(ran):
    (message,) = ran("x = 1\ny = (2")
    assert message["line"] == 2
    assert message["sentence"] == "Python cannot read line 2: '(' was never closed."


def test_a_million_lines_are_cut(ran):
    messages = ran("for i in range(1_000_000): print(i)")
    assert len(messages) < 1000
    assert sum(len(message["text"]) for message in messages) < 500_000
    assert "is left out" in messages[-1]["text"]

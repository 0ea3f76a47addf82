"""The programs in the playground's menu, and what the browser may do in the playground."""

import re

import pytest

from autograd import Value, page
from demos.playground import session
from demos.playground.menu import examples
from demos.playground.policy import policy

PRINTED = {
    "first": "w.grad is -0.050062",
    "problem_12": "dE/di is 0.5404",
    "neuron": "out is -0.1974",
    "xor": "[-1, 1]: +0.500, and should be +0.5",
    "recurrent": "x1: derivative 0.0498",
    "operation": "gradcheck: True",
}


def test_every_file_is_in_the_menu():
    assert [example.name for example in examples()] == list(PRINTED)
    for example in examples():
        assert 0 < len(example.title) < 40
        assert example.about.endswith(".")


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_every_program_prints_its_numbers_and_shows_a_page(example):
    messages = []
    session.run(example.code, messages.append)
    assert {message["type"] for message in messages} == {"print", "show"}
    printed = "".join(message["text"] for message in messages if message["type"] == "print")
    assert PRINTED[example.name] in printed


def test_only_our_own_scripts_run_in_a_result():
    source = policy(["alert(1)"])
    assert "'unsafe-inline'" not in re.search(r"script-src [^;]+", source)[0]
    (own,) = re.findall(r"script-src '(sha256-[^']+)'", page(Value(1.0)).source)
    assert own in source
    # As openssl dgst -sha256 computes it.
    assert "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" in source

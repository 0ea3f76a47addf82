"""Demo 7, from neurons to matrices: what it prints is true."""

import re
import subprocess
import sys

import numpy as np
import pytest

from demos import matrices


@pytest.mark.slow
def test_two_layers_are_five_products_and_the_source_shows_them(run_demo):
    _, text = run_demo("matrices")
    assert re.search(r"differentiate +\d+ array instructions, 5 matrix products", text)
    assert "a1, s1 = tanh_and_slope(x @ W1.T + b1)" in text


@pytest.mark.slow
def test_the_gradient_is_that_of_backward_and_the_matrices_are_faster(run_demo):
    _, text = run_demo("matrices")
    worst = float(re.search(r"backward\(\) by (\S+) at most", text)[1])
    assert worst < 1e-12
    assert float(re.search(r"numbers, about ([\d,]+) times", text)[1].replace(",", "")) > 5


@pytest.mark.parametrize(
    ("number", "count", "words"),
    [(20529.2, 3, "20,500"), (1.3478, 3, "1.35"), (0.7, 3, "0.7"), (15227.0, 2, "15,000")],
)
def test_times_have_few_significant_digits(number, count, words):
    assert matrices.digits(number, count) == words


@pytest.mark.slow
def test_the_source_it_leaves_runs_with_numpy_alone(run_demo):
    (source, picture), _ = run_demo("matrices")
    code = source.path.read_text()
    code += "\nrng = np.random.default_rng(0)\n"
    code += "value, gradients = value_and_grad(rng.normal(size=(2, 84)), rng.normal(size=(2, 28)),"
    code += "np.ones((16, 84)), np.ones(16), np.ones((28, 16)), np.ones(28))\nprint(value)"
    lone = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert lone.returncode == 0, lone.stderr
    assert np.isfinite(list(map(float, lone.stdout.split()))).all()
    assert picture.path.read_bytes().startswith(b"\x89PNG")

"""The course's problems, each with its right answer, each derivative from the engine itself."""

import math

import pytest

import autograd
from autograd import Value, dot, grad, ops, tanh
from nn import MLP, SGD, Layer, half_squared_error


def close(x):
    """Equal to nine digits, as many as the answers have."""
    return pytest.approx(x, abs=6e-10)


def neuron(*connections):
    """A neuron of the course: tanh of the sum of input times weight; no bias."""
    inputs, weights = zip(*connections, strict=True)
    return dot(weights, inputs).tanh()


def derivatives(output, *inputs):
    return [derivative.data for derivative in grad(output, inputs)]


def figure_4():
    i1, i2 = Value(0.5, "i1"), Value(1.0, "i2")
    weights = [Value(w) for w in (1.0, 0.5, 0.5, 2.0, 2.0, 1.0)]
    i1_h1, i2_h1, i1_h2, i2_h2, h1_out, h2_out = weights
    h1 = neuron((i1, i1_h1), (i2, i2_h1))
    h2 = neuron((i1, i1_h2), (i2, i2_h2))
    return (i1, i2), weights, (h1, h2), neuron((h1, h1_out), (h2, h2_out))


def problem_12():
    i = Value(0.5)
    weights = [Value(w) for w in (1.0, 0.5, 2.0, 1.0)]
    h1, h2 = neuron((i, weights[0])), neuron((i, weights[1]))
    out = neuron((h1, weights[2]), (h2, weights[3]))
    return i, weights, (h1, h2), out, 0.5 * (out - 0.0) ** 2


def test_problem_1_tanh():
    assert tanh(0.0) == 0.0
    assert tanh(20.0) == 1.0
    assert tanh(1000.0) == 1.0
    assert tanh(-1000.0) == -1.0
    assert Value(1000.0).tanh().data == 1.0
    for x in (-3.0, -0.5, 0.1, 2.0):
        quotient = (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x))
        assert tanh(x) == pytest.approx(quotient, rel=1e-14)


def test_problems_2_and_4_figure_4():
    _, _, (h1, h2), out = figure_4()
    assert h1.data == close(0.761594156)
    assert h2.data == close(0.978026115)
    assert out.inputs[0].data == close(2.501214427)
    assert out.data == close(0.986646554)


def test_figure_4_as_a_network_of_nn():
    model = MLP(2, [2, 1], bias=False, weights=[[[1, 0.5], [0.5, 2]], [[2, 1]]])
    assert model([0.5, 1.0]).data == close(0.986646554)


def test_figure_4_gradients():
    inputs, weights, _, out = figure_4()
    assert derivatives(out, *weights) == close(
        [0.011141322, 0.022282644, 0.000576531, 0.001153062, 0.020204010, 0.025945642]
    )
    assert derivatives(out, *inputs) == close([0.022859175, 0.013447447])
    out.backward()
    assert [v.grad for v in (*weights, *inputs)] == derivatives(out, *weights, *inputs)


def test_problem_5_abcd():
    from demos.letters.alphabet import ALPHABET, encode, ranking

    matrix = [[0.0] * 28 for _ in ALPHABET]
    for letter, following in zip("abcd", "bcda", strict=True):
        matrix[ALPHABET.index(following)][ALPHABET.index(letter)] = 0.5493
    layer = Layer(28, 28, bias=False, weights=matrix)
    text = "a"
    for _ in range(11):
        outputs = [v.data for v in layer(encode(text[-1]))]
        text += ranking(outputs)[0][0]
        assert max(outputs) == pytest.approx(math.tanh(0.5 * 0.5493), abs=1e-15)
        assert max(outputs) == pytest.approx(0.268, abs=5e-4)
    assert text == "abcdabcdabcd"


def test_problem_6_derivative_of_tanh():
    for x, slope in ((-1, 0.419974342), (0, 1), (1, 0.419974342), (2, 0.070650825)):
        v = Value(x)
        assert derivatives(v.tanh(), v) == [close(slope)]
        assert ops.tanh.partials(math.tanh(x), x) == (close(slope),)


def test_problem_7_a_connection():
    i, w = Value(0.7), Value(-1.3)
    assert derivatives(i * w, w, i) == [i.data, w.data]


def test_problem_8_two_neurons():
    i, w = Value(0.5), Value(2.0)
    out = neuron((i, w))
    assert out.data == close(0.761594156)
    assert derivatives(out, w, i) == [close(0.209987171), close(0.839948683)]


def test_problem_9_three_neurons():
    i, w1, w2 = Value(0.5), Value(2.0), Value(0.5)
    hidden = neuron((i, w1))
    out = neuron((hidden, w2))
    assert (hidden.data, out.data) == (close(0.761594156), close(0.363399484))
    assert derivatives(out, w1, i, w2) == [
        close(0.091128218),
        close(0.364512872),
        close(0.661018652),
    ]


def test_problem_10_a_sum():
    inputs = [Value(x) for x in (3.0, -1.0, 0.5, 7.0, 0.0)]
    assert derivatives(autograd.sum(inputs), *inputs) == [1.0] * 5


def test_problem_11_the_error():
    outputs, targets = [Value(0.3), Value(-0.8), Value(0.1)], [0.5, 0.0, 0.1]
    error = half_squared_error(outputs, targets)
    assert error.data == pytest.approx(0.5 * (0.04 + 0.64))
    expected = [o.data - t for o, t in zip(outputs, targets, strict=True)]
    assert derivatives(error, *outputs) == pytest.approx(expected, abs=1e-15)


def test_problem_12_two_paths():
    i, weights, (h1, h2), out, error = problem_12()
    assert (h1.data, h2.data) == (close(0.462117157), close(0.244918662))
    assert out.inputs[0].data == close(1.169152977)
    assert (out.data, error.data) == (close(0.824000446), close(0.339488367))
    error.backward()
    assert i.grad == close(0.540395442)
    assert [w.grad for w in weights] == close([0.208033760, 0.124327921, 0.122240762, 0.064786696])
    # Each path by itself: what the gradient of its hidden neuron sends on to the input.
    through = [h.grad * grad(h, i).data for h in (h1, h2)]
    assert through == close([0.416067521, 0.124327921])
    assert math.fsum(through) == close(i.grad)


def test_the_worked_example_that_the_course_links_to():
    start = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
    model = MLP(2, [2, 2], "sigmoid", "sigmoid", bias=[[0.35] * 2, [0.60] * 2], weights=start)
    weights = [p for name, p in model.named_parameters() if "weights" in name]
    optimizer = SGD(weights, lr=0.5)  # the biases are held fixed
    error = half_squared_error(model([0.05, 0.10]), [0.01, 0.99])
    assert error.data == close(0.298371109)
    error.backward()
    optimizer.step()
    assert [w.data for w in weights] == close(
        [
            0.149780716,
            0.199561432,
            0.249751144,
            0.299502287,
            0.358916480,
            0.408666186,
            0.511301270,
            0.561370121,
        ]
    )

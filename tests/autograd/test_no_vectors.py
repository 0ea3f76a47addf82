"""Sets, dicts and bytes are no vectors: nobody knows which element is meant."""

import pytest

import autograd
import nn
from autograd import Value, dot, grad, gradcheck, hvp, jacobian, logsumexp, softmax

x, y = Value(1.0), Value(2.0)
MLP = nn.MLP(2, [1], seed=1)

CALLS = {
    "dot": lambda v: dot([x, y], v),
    "dot, the weights": lambda v: dot(v, [x, y]),
    "sum": autograd.sum,
    "logsumexp": logsumexp,
    "softmax": softmax,
    "grad": lambda v: grad(x * y, v),
    "gradcheck": lambda v: gradcheck(lambda a, b: a * b, v),
    "jacobian": lambda v: jacobian(lambda a, b: a * b, v),
    "hvp": lambda v: hvp(lambda a, b: a * b, [1.0, 2.0], v),
    "a network": MLP,
    "layers": lambda v: nn.MLP(2, v),
    "weights": lambda v: nn.Neuron(2, weights=v),
    "cross_entropy": lambda v: nn.cross_entropy(v, 0),
    "targets": lambda v: nn.mean_squared_error([x, y], v),
    "a row of fit": lambda v: nn.fit(
        lambda a, b: MLP(a), [v], [[1.0]], nn.SGD(MLP.parameters(), lr=0.1)
    ),
    "compiled": autograd.compile(lambda a: MLP(a)),
}
VECTORS = {
    "set": {1.0, 2.0},
    "set of Values": {x, y},
    "dict": {1.0: 1.0, 2.0: 2.0},
    "bytes": b"ab",
    "bytearray": bytearray(b"ab"),
}


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("call", CALLS)
def test_they_are_refused_in_a_sentence(call, vector):
    with pytest.raises(TypeError, match=r"array.*(set|dict|byte)"):
        CALLS[call](VECTORS[vector])

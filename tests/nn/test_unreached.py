"""Parameters that the loss does not reach: they stay as they are, as in PyTorch."""

import pytest

from autograd import Value
from nn import SGD, Adam, fit

X = [[0.5], [-1.0], [2.0], [1.5]]
T = [[1.0], [0.0], [-1.0], [2.0]]
KINDS = [
    (SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
    (Adam, {"lr": 0.05, "weight_decay": 0.1}),
]


def loss_of(w, b):
    return lambda x, t: (w * x[0] + b - t[0]) ** 2


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_fit_leaves_them_alone_as_a_loop_of_pytorch_does(torch, kind, settings, compiled):
    w, b, unused = Value(0.3), Value(-0.2), Value(7.0)
    optimizer = kind([unused, w, b], **settings)
    fit(loss_of(w, b), X, T, optimizer, epochs=5, compile=compiled)
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (7.0, 0.3, -0.2)]
    reference = getattr(torch.optim, kind.__name__)(theirs, **settings)
    for _ in range(5):
        for x, t in zip(X, T):
            reference.zero_grad()
            loss_of(*theirs[1:])(x, t).backward()
            reference.step()
    assert unused.data == 7.0
    assert [w.data, b.data] == pytest.approx([p.item() for p in theirs[1:]], rel=1e-12)


@pytest.mark.parametrize("use", ["compared", "detached", "compared and used"])
def test_a_parameter_that_is_only_compared_or_detached_has_no_gradient(use):
    def trained(compiled):
        w, other = Value(1.0), Value(5.0)

        def loss(x, t):
            y = w * x[0] - t[0]
            if use == "detached":
                return y * y * other.detach()
            if use == "compared":
                return y * y if y < other else y.abs()
            return y * other if y < other else y.abs()

        fit(loss, X, T, SGD([w, other], lr=0.01, weight_decay=0.1), epochs=3, compile=compiled)
        return w.data, other.data

    plain = trained(False)
    assert trained(True) == pytest.approx(plain, rel=1e-12)
    assert (plain[1] == 5.0) == (use != "compared and used")

"""Networks as scalar loops: dense, recurrent, convolutions, attention, towers."""

from itertools import pairwise
from typing import Any

import autograd
from tests.benchmarks.programs import Program, dot, normal

tanh, sigmoid, exp, log = autograd.tanh, autograd.sigmoid, autograd.exp, autograd.log


def layer(w: Any, b: Any, x: Any) -> Any:
    return [tanh(dot(row, x) + bias) for row, bias in zip(w, b, strict=True)]


def squares(y: Any) -> Any:
    return sum(v * v for v in y)


def mlp(sizes: list[int], rows: int = 256) -> Program:
    shapes: dict[str, Any] = {}
    for k, (nin, nout) in enumerate(pairwise(sizes)):
        shapes |= {f"W{k}": (nout, nin), f"b{k}": (nout,)}
    depth = len(sizes) - 1

    def ours(w: Any, x: Any) -> Any:
        for k in range(depth):
            x = layer(getattr(w, f"W{k}"), getattr(w, f"b{k}"), x)
        return squares(x)

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        for k in range(depth):
            x = np.tanh(w[f"W{k}"] @ x + w[f"b{k}"])
        return np.sum(x * x)

    return Program(
        f"MLP {'-'.join(map(str, sizes))}", normal(0, **shapes), sizes[0], ours, jax, rows=rows
    )


def rnn(steps: int, state: int = 8, nin: int = 3) -> Program:
    def ours(w: Any, x: Any) -> Any:
        h: Any = [0.0] * state
        for t in range(steps):
            at = x[nin * t : nin * (t + 1)]
            h = [tanh(dot(u, at) + dot(v, h) + b) for u, v, b in zip(w.Wx, w.Wh, w.b, strict=True)]
        return squares(h)

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        def step(h: Any, at: Any) -> Any:
            return np.tanh(at + w["Wh"] @ h), None

        z = x.reshape(steps, nin) @ w["Wx"].T + w["b"]
        h, _ = lax.scan(step, np.zeros(state), z)
        return np.sum(h * h)

    numbers = normal(0, Wx=(state, nin), Wh=(state, state), b=(state,))
    return Program(f"RNN {steps}", numbers, nin * steps, ours, jax, "scan")


def lstm(steps: int, state: int = 6, nin: int = 3) -> Program:
    def ours(w: Any, x: Any) -> Any:
        h: Any = [0.0] * state
        c: Any = [0.0] * state
        for t in range(steps):
            z = [*x[nin * t : nin * (t + 1)], *h]
            i, f, o = ([sigmoid(dot(row, z)) for row in gate] for gate in (w.Wi, w.Wf, w.Wo))
            g = [tanh(dot(row, z)) for row in w.Wg]
            c = [fk * ck + ik * gk for fk, ck, ik, gk in zip(f, c, i, g, strict=True)]
            h = [ok * tanh(ck) for ok, ck in zip(o, c, strict=True)]
        return squares(h)

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        every = np.concatenate([w["Wi"], w["Wf"], w["Wo"], w["Wg"]])
        a = x.reshape(steps, nin) @ every[:, :nin].T

        def step(carry: Any, at: Any) -> Any:
            h, c = carry
            z = at + every[:, nin:] @ h
            gates = 1 / (1 + np.exp(-z[: 3 * state]))
            i, f, o = gates[:state], gates[state : 2 * state], gates[2 * state :]
            c = f * c + i * np.tanh(z[3 * state :])
            return (o * np.tanh(c), c), None

        (h, _), _ = lax.scan(step, (np.zeros(state), np.zeros(state)), a)
        return np.sum(h * h)

    shape = (state, nin + state)
    return Program(
        f"LSTM {steps}",
        normal(0, Wi=shape, Wf=shape, Wo=shape, Wg=shape),
        nin * steps,
        ours,
        jax,
        "scan",
    )


def convolution(size: int, padded: bool) -> Program:
    """Two layers of 3 x 3 kernels on a picture, and a dense output."""
    around = 1 if padded else 0

    def convolved(picture: Any, kernel: Any) -> Any:
        n = len(picture)
        rows = range(-around, n - 2 + around)
        return [
            [
                tanh(
                    sum(
                        kernel[a][b] * picture[i + a][j + b]
                        for a in range(3)
                        for b in range(3)
                        if 0 <= i + a < n and 0 <= j + b < n
                    )
                )
                for j in rows
            ]
            for i in rows
        ]

    def ours(w: Any, x: Any) -> Any:
        picture = [x[size * i : size * (i + 1)] for i in range(size)]
        return dot(w.v, [y for row in convolved(convolved(picture, w.K1), w.K2) for y in row])

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        y = x.reshape(1, 1, size, size)
        for kernel in (w["K1"], w["K2"]):
            pad = [(around, around)] * 2
            y = np.tanh(lax.conv_general_dilated(y, kernel[None, None], (1, 1), pad))
        return w["v"] @ y.reshape(-1)

    last = size if padded else size - 4
    name = f"convolution twice{', padded' if padded else ''}"
    return Program(name, normal(0, K1=(3, 3), K2=(3, 3), v=(last * last,)), size * size, ours, jax)


def softmax(scores: Any) -> Any:
    exps = [exp(s) for s in scores]
    total = sum(exps)
    return [e / total for e in exps]


def attended(w: Any, xs: Any, heads: int, causal: bool) -> Any:
    """Attention of several heads over positions, as loops."""
    n, width = len(xs), len(xs[0])
    size = width // heads
    q, k, v = ([[dot(row, x) for row in m] for x in xs] for m in (w.Q, w.K, w.V))
    out = []
    for i in range(n):
        seen = range(i + 1) if causal else range(n)
        joined: Any = []
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            shares = softmax([dot(q[i][part], k[j][part]) * size**-0.5 for j in seen])
            joined += [
                sum(shares[j] * v[j][d] for j in seen) for d in range(h * size, (h + 1) * size)
            ]
        out.append([dot(row, joined) for row in w.O])
    return out


def attended_jax(np: Any, w: Any, xs: Any, heads: int, causal: bool) -> Any:
    n, width = xs.shape
    q, k, v = ((xs @ w[m].T).reshape(n, heads, -1) for m in "QKV")
    scores = np.einsum("ihd,jhd->hij", q, k) * (width // heads) ** -0.5
    if causal:
        scores = np.where(np.tri(n, dtype=bool), scores, -np.inf)
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    shares = e / np.sum(e, axis=-1, keepdims=True)
    return np.einsum("hij,jhd->ihd", shares, v).reshape(n, width) @ w["O"].T


def attention(positions: int, width: int, heads: int, causal: bool = False) -> Program:
    def ours(w: Any, x: Any) -> Any:
        xs = [x[width * i : width * (i + 1)] for i in range(positions)]
        return sum(squares(y) for y in attended(w, xs, heads, causal))

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        y = attended_jax(np, w, x.reshape(positions, width), heads, causal)
        return np.sum(y * y)

    name = f"{'causal ' if causal else ''}attention, {positions} positions, {heads} heads"
    return Program(
        name, normal(0, **dict.fromkeys("QKVO", (width, width))), positions * width, ours, jax
    )


def transformer_block(positions: int = 6, width: int = 8, heads: int = 2) -> Program:
    def normed(x: Any) -> Any:
        mu = sum(x) / len(x)
        variance = sum((v - mu) ** 2 for v in x) / len(x)
        return [(v - mu) / (variance + 1e-5) ** 0.5 for v in x]

    def ours(w: Any, x: Any) -> Any:
        xs = [x[width * i : width * (i + 1)] for i in range(positions)]
        mixed = attended(w, [normed(x) for x in xs], heads, False)
        xs = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(xs, mixed, strict=True)]
        total: Any = 0.0
        for x in xs:
            hidden = [autograd.relu(dot(row, normed(x)) + b) for row, b in zip(w.W1, w.b1)]
            total = total + squares([v + dot(row, hidden) for v, row in zip(x, w.W2)])
        return total

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        def normed(x: Any) -> Any:
            mu = np.mean(x, axis=-1, keepdims=True)
            variance = np.mean((x - mu) ** 2, axis=-1, keepdims=True)
            return (x - mu) / np.sqrt(variance + 1e-5)

        xs = x.reshape(positions, width)
        xs = xs + attended_jax(np, w, normed(xs), heads, False)
        y = xs + np.maximum(normed(xs) @ w["W1"].T + w["b1"], 0) @ w["W2"].T
        return np.sum(y * y)

    shapes: dict[str, Any] = dict.fromkeys("QKVO", (width, width))
    shapes |= {"W1": (2 * width, width), "b1": (2 * width,), "W2": (width, 2 * width)}
    return Program("transformer block", normal(0, **shapes), positions * width, ours, jax)


def one_hot(letters: int = 27, width: int = 8, hidden: int = 12) -> Program:
    """An embedding of one letter, and a hidden layer that is written again for each output."""

    def ours(w: Any, x: Any) -> Any:
        e = [dot(x, column) for column in zip(*w.E, strict=True)]
        return squares([dot(v, [tanh(dot(row, e)) for row in w.W]) for v in w.V])

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        y = w["V"] @ np.tanh(w["W"] @ (x @ w["E"]))
        return np.sum(y * y)

    numbers = normal(0, E=(letters, width), W=(hidden, width), V=(letters, hidden))

    def draw(random: Any, rows: int) -> Any:
        import numpy

        return numpy.eye(letters)[random.integers(0, letters, rows)]

    name = "one-hot embedding, hidden layer repeated in a comprehension"
    return Program(name, numbers, letters, ours, jax, draw=draw)


def tower(blocks: int, width: int = 8, inner: int = 3) -> Program:
    """Residual blocks 8 -> 3 -> 8 with shared weights."""

    def ours(w: Any, x: Any) -> Any:
        h = list(x)
        for _ in range(blocks):
            a = [tanh(dot(row, h)) for row in w.W]
            h = [v + 0.1 * dot(u, a) for v, u in zip(h, w.U, strict=True)]
        return squares(h)

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        def step(h: Any, _: Any) -> Any:
            return h + 0.1 * (w["U"] @ np.tanh(w["W"] @ h)), None

        h, _ = lax.scan(step, x, None, length=blocks)
        return np.sum(h * h)

    numbers = normal(0, W=(inner, width), U=(width, inner))
    return Program(f"{blocks} residual blocks", numbers, width, ours, jax, "scan")


NETWORKS = [
    mlp([6, 12, 10, 2]),
    rnn(5),
    rnn(50),
    rnn(200),
    lstm(50),
    convolution(8, padded=False),
    convolution(8, padded=True),
    attention(6, 8, 1),
    attention(6, 8, 4),
    attention(8, 8, 2, causal=True),
    transformer_block(),
    one_hot(),
    mlp([256, 256, 256, 28], rows=64),
    tower(20),
    tower(200),
]

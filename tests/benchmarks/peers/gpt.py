"""The GPT of demo 10 elsewhere: on a scalar engine of microgpt's shape, and by hand in JAX."""

import random

import numpy as np

NAMES = "E P Q K V O W1 W2 S".split()


def numbers_of(model):
    """The matrices of a model."""
    rows = {name: getattr(getattr(model, name), "vectors", getattr(model, name)) for name in NAMES}
    return {
        name: np.array([[v.data for v in row] for row in matrix]) for name, matrix in rows.items()
    }


class Scalars:
    """As plain loops over the Values of an engine that has exp, log, relu and ``backward``."""

    def __init__(self, Value, numbers, heads):
        self.Value, self.heads = Value, heads
        self.m = {
            name: [[Value(float(x)) for x in row] for row in matrix]
            for name, matrix in numbers.items()
        }
        self.parameters = [v for name in NAMES for row in self.m[name] for v in row]
        self.means = [0.0] * len(self.parameters)
        self.squares = [0.0] * len(self.parameters)
        self.steps = 0

    def loss(self, text, after):
        m, keys, values, total = self.m, [], [], self.Value(0.0)
        size = len(m["Q"]) // self.heads
        for position, letter in enumerate(text):
            x = [a + b for a, b in zip(m["E"][letter], m["P"][position])]
            y = evened(x)
            query = times(m["Q"], y)
            keys.append(times(m["K"], y))
            values.append(times(m["V"], y))
            found = []
            for head in range(self.heads):
                part = range(head * size, (head + 1) * size)
                agree = [sum_of([query[j] * key[j] for j in part]) * size**-0.5 for key in keys]
                look = softmax(agree)
                for j in part:
                    found.append(sum_of([a * v[j] for a, v in zip(look, values)]))
            x = [a + b for a, b in zip(x, times(m["O"], found))]
            hidden = [h.relu() for h in times(m["W1"], evened(x))]
            x = [a + b for a, b in zip(x, times(m["W2"], hidden))]
            total = total + softmax(times(m["S"], evened(x)))[after[position]].log() * -1
        return total * (1 / len(text))

    def step(self, texts, afters, lr=0.01):
        """A step of Adam on a batch of documents."""
        for text, after in zip(texts, afters):
            (self.loss(text, after) * (1 / len(texts))).backward()
        self.steps += 1
        for i, p in enumerate(self.parameters):
            self.means[i] = 0.9 * self.means[i] + 0.1 * p.grad
            self.squares[i] = 0.999 * self.squares[i] + 0.001 * p.grad**2
            mean = self.means[i] / (1 - 0.9**self.steps)
            square = self.squares[i] / (1 - 0.999**self.steps)
            p.data -= lr * mean / (square**0.5 + 1e-8)
            p.grad = 0


def sum_of(terms):
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def times(matrix, x):
    return [sum_of([w * v for w, v in zip(row, x)]) for row in matrix]


def evened(x):
    scale = (sum_of([v * v for v in x]) * (1 / len(x)) + 1e-5) ** -0.5
    return [v * scale for v in x]


def softmax(xs):
    powers = [x.exp() for x in xs]
    total = sum_of(powers) ** -1
    return [p * total for p in powers]


def in_jax(heads):
    """The loss of a batch, and a function that trains on many batches with Adam in one call."""
    import jax
    import jax.numpy as jnp

    def evened(x):
        return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5

    def of_document(m, text, after):
        n = len(text)
        x = m["E"][text] + m["P"][:n]
        y = evened(x)
        q, k, v = ((y @ m[name].T).reshape(n, heads, -1) for name in "QKV")
        agree = jnp.einsum("thj,shj->hts", q, k) * q.shape[-1] ** -0.5
        agree = jnp.where(jnp.tril(jnp.ones((n, n), bool)), agree, -jnp.inf)
        found = jnp.einsum("hts,shj->thj", jax.nn.softmax(agree), v).reshape(n, -1)
        x = x + found @ m["O"].T
        x = x + jax.nn.relu(evened(x) @ m["W1"].T) @ m["W2"].T
        scores = evened(x) @ m["S"].T
        chosen = jnp.take_along_axis(scores, after[:, None], 1)[:, 0]
        return (jax.nn.logsumexp(scores, 1) - chosen).mean()

    def loss(m, texts, afters):
        return jax.vmap(of_document, (None, 0, 0))(m, texts, afters).mean()

    def step(state, batch):
        m, means, squares, steps = state
        value, g = jax.value_and_grad(loss)(m, *batch)
        steps = steps + 1
        tree = jax.tree_util.tree_map
        means = tree(lambda a, b: 0.9 * a + 0.1 * b, means, g)
        squares = tree(lambda a, b: 0.999 * a + 0.001 * b * b, squares, g)
        m = tree(
            lambda p, a, b: p
            - 0.01 * (a / (1 - 0.9**steps)) / (jnp.sqrt(b / (1 - 0.999**steps)) + 1e-8),
            m, means, squares,
        )  # fmt: skip
        return (m, means, squares, steps), value

    return loss, jax.jit(lambda state, batches: jax.lax.scan(step, state, batches))


def documents(count, length, letters, seed=0):
    """Random documents, and what comes one letter later."""
    stream = random.Random(seed)
    every = np.array([[stream.randrange(letters) for _ in range(length + 1)] for _ in range(count)])
    return every[:, :-1], every[:, 1:]

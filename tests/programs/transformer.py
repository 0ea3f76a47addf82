"""A transformer of scalars that learns to spell a few names, with its own Adam."""

import math
import random

from scalars import Value  # here: from autograd import Value

random.seed(42)

names = ["anna", "nina", "ian", "ann"]
letters = sorted(set("".join(names)))
END = len(letters)
vocabulary = END + 1
width, heads, context = 8, 2, 6
head_width = width // heads


def matrix(rows, columns, scale=0.2):
    return [[Value(random.gauss(0, scale)) for _ in range(columns)] for _ in range(rows)]


state = {"tokens": matrix(vocabulary, width), "places": matrix(context, width)}
for name in ("query", "key", "value", "out"):
    state[name] = matrix(width, width)
state["up"] = matrix(4 * width, width)
state["down"] = matrix(width, 4 * width)
state["scores"] = matrix(vocabulary, width)
parameters = [p for rows in state.values() for row in rows for p in row]
print("parameters:", len(parameters))


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x)) for row in w]


def softmax(scores):
    largest = max(score.data for score in scores)
    powers = [(score - largest).exp() for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def rmsnorm(x):
    square = sum(xi * xi for xi in x) / len(x)
    scale = (square + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def gpt(token, place, keys, values):
    x = [t + p for t, p in zip(state["tokens"][token], state["places"][place])]
    x = rmsnorm(x)
    before = x
    x = rmsnorm(x)
    query = linear(x, state["query"])
    keys.append(linear(x, state["key"]))
    values.append(linear(x, state["value"]))
    attended = []
    for h in range(heads):
        part = slice(h * head_width, (h + 1) * head_width)
        scores = [
            sum(q * k for q, k in zip(query[part], key[part])) / head_width**0.5 for key in keys
        ]
        weights = softmax(scores)
        for j in range(h * head_width, (h + 1) * head_width):
            attended.append(sum(w * v[j] for w, v in zip(weights, values)))
    x = [a + b for a, b in zip(linear(attended, state["out"]), before)]
    before = x
    x = [xi.relu() for xi in linear(rmsnorm(x), state["up"])]
    x = [a + b for a, b in zip(linear(x, state["down"]), before)]
    return linear(x, state["scores"])


rate, beta1, beta2, eps = 1e-2, 0.9, 0.95, 1e-8
m = [0.0] * len(parameters)
v = [0.0] * len(parameters)
steps = 5
results = []
for step in range(steps):
    name = names[step % len(names)]
    tokens = [END] + [letters.index(c) for c in name] + [END]
    n = min(context, len(tokens) - 1)
    keys, values, losses = [], [], []
    for place in range(n):
        probabilities = softmax(gpt(tokens[place], place, keys, values))
        losses.append(-probabilities[tokens[place + 1]].log())
    loss = (1 / n) * sum(losses)
    loss.backward()
    now = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
    for i, p in enumerate(parameters):
        m[i] = beta1 * m[i] + (1 - beta1) * p.grad
        v[i] = beta2 * v[i] + (1 - beta2) * p.grad**2
        unbiased_m = m[i] / (1 - beta1 ** (step + 1))
        unbiased_v = v[i] / (1 - beta2 ** (step + 1))
        p.data -= now * unbiased_m / (unbiased_v**0.5 + eps)
        p.grad = 0
    print(f"step {step + 1} / {steps} | loss {loss.data:.4f}")
    results.append(loss.data)

results += [p.data for p in parameters[::40]]

# Write a few names with what was learned.
for _ in range(2):
    token, keys, values, written = END, [], [], []
    for place in range(context):
        probabilities = softmax([score / 0.5 for score in gpt(token, place, keys, values)])
        token = random.choices(range(vocabulary), weights=[p.data for p in probabilities])[0]
        if token == END:
            break
        written.append(letters[token])
    print("".join(written))
    results.append(len(written))

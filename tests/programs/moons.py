"""Two half moons, learned with a hinge loss, a little weight decay and a falling learning rate."""

import math
import random

import numpy as np
from micrograd.engine import Value  # here: from autograd import Value
from micrograd.nn import MLP  # here: from nn.micrograd import MLP

random.seed(1337)
np.random.seed(1337)

points, labels = [], []
for i in range(30):
    angle = math.pi * (i // 2) / 14
    upper = i % 2 == 0
    x = math.cos(angle) if upper else 1 - math.cos(angle)
    y = math.sin(angle) if upper else 0.5 - math.sin(angle)
    points.append([x + random.gauss(0, 0.1), y + random.gauss(0, 0.1)])
    labels.append(1 if upper else -1)
X, y = np.array(points), np.array(labels)

model = MLP(2, [8, 8, 1])
print(model)
print("parameters:", len(model.parameters()))


def loss(batch_size=None):
    if batch_size is None:
        Xb, yb = X, y
    else:
        chosen = np.random.permutation(X.shape[0])[:batch_size]
        Xb, yb = X[chosen], y[chosen]
    inputs = [list(map(Value, row)) for row in Xb]
    scores = list(map(model, inputs))
    losses = [(1 + -yi * score).relu() for yi, score in zip(yb, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    alpha = 1e-4
    decay = alpha * sum(p * p for p in model.parameters())
    accuracy = [(yi > 0) == (score.data > 0) for yi, score in zip(yb, scores)]
    return data_loss + decay, sum(accuracy) / len(accuracy)


results = []
for k in range(15):
    total, accuracy = loss(None if k % 2 else 20)
    model.zero_grad()
    total.backward()
    rate = 1.0 - 0.9 * k / 15
    for p in model.parameters():
        p.data -= rate * p.grad
    results += [total.data, accuracy]
    if k % 5 == 0:
        print(f"step {k} loss {total.data}, accuracy {accuracy * 100}%")

results += [p.data for p in model.parameters()[:10]]

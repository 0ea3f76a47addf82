"""Exclusive or

A network of four neurons learns it. In the page you can
train it again, and move the points.
"""

from nn import MLP, SGD, fit, half_squared_error, training_page

X = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
T = [[-0.5], [0.5], [0.5], [-0.5]]

model = MLP(2, [3, 1], seed=1)


def loss(x, t):
    return half_squared_error(model(x), t)


training_page(model, loss, X, T, SGD(model.parameters(), lr=0.3))

history = fit(loss, X, T, SGD(model.parameters(), lr=0.3), epochs=200)
for x, t in zip(X, T):
    print(f"{x}: {model(x).data:+.3f}, and should be {t[0]:+}")

"""Programs that do the same again and again, as people write them: each a function of a list of
inputs, with the Values that it is differentiated by.

A maker returns (function, number of inputs).
"""

import numpy as np

from autograd import Value, exp, log, sigmoid, sin, tanh


def matrix(r, rows, columns, scale=0.4):
    return [[Value(v) for v in row] for row in r.normal(size=(rows, columns)) * scale]


def vector(r, n, scale=0.4):
    return [Value(v) for v in r.normal(size=n) * scale]


def times(W, x):
    return [sum(w * v for w, v in zip(row, x)) for row in W]


def steps_of(x, n):
    return [x[t : t + n] for t in range(0, len(x), n)]


def rnn(steps, inputs=3, state=4, start=0.0):
    r = np.random.default_rng(1)
    Wx, Wh, b = matrix(r, state, inputs), matrix(r, state, state), vector(r, state)

    def run(x):
        h = [start] * state
        for now in steps_of(x, inputs):
            z = [p + q + c for p, q, c in zip(times(Wx, now), times(Wh, h), b)]
            h = [tanh(v) for v in z]
        return sum(v * v for v in h)

    return run, steps * inputs


def lstm(steps, inputs=2, state=3):
    r = np.random.default_rng(2)
    gates = [
        (matrix(r, state, inputs), matrix(r, state, state), vector(r, state)) for _ in range(4)
    ]

    def run(x):
        h, c = [0.0] * state, [0.0] * state
        for now in steps_of(x, inputs):
            i, f, o, g = (
                [p + q + v for p, q, v in zip(times(W, now), times(U, h), b)] for W, U, b in gates
            )
            c = [sigmoid(ff) * cc + sigmoid(ii) * tanh(gg) for ff, cc, ii, gg in zip(f, c, i, g)]
            h = [sigmoid(oo) * tanh(cc) for oo, cc in zip(o, c)]
        return sum(h)

    return run, steps * inputs


def gru(steps, inputs=2, state=3):
    r = np.random.default_rng(3)
    gates = [
        (matrix(r, state, inputs), matrix(r, state, state), vector(r, state)) for _ in range(3)
    ]

    def run(x):
        h = [0.0] * state
        (Wz, Uz, bz), (Wr, Ur, br), (Wn, Un, bn) = gates
        for now in steps_of(x, inputs):
            z = [sigmoid(p + q + v) for p, q, v in zip(times(Wz, now), times(Uz, h), bz)]
            s = [sigmoid(p + q + v) for p, q, v in zip(times(Wr, now), times(Ur, h), br)]
            n = [tanh(p + q * k + v) for p, q, k, v in zip(times(Wn, now), times(Un, h), s, bn)]
            h = [(1 - a) * b + a * c for a, b, c in zip(z, n, h)]
        return sum(v * v for v in h)

    return run, steps * inputs


def labelled(steps, inputs=2, state=3):
    """A recurrent network with an output, and a loss, at each step."""
    r = np.random.default_rng(4)
    Wx, Wh, V = matrix(r, state, inputs), matrix(r, state, state), matrix(r, 2, state)

    def run(x):
        h, loss = [0.0] * state, 0.0
        for now in steps_of(x, inputs):
            h = [tanh(p + q) for p, q in zip(times(Wx, now), times(Wh, h))]
            y = times(V, h)
            loss = loss + sum((a - b) ** 2 for a, b in zip(y, now))
        return loss

    return run, steps * inputs


def two_layers(steps, inputs=2, state=3):
    r = np.random.default_rng(5)
    Wx, Wh, b = matrix(r, state, inputs), matrix(r, state, state), vector(r, state)
    Vx, Vh = matrix(r, state, state), matrix(r, state, state)

    def run(x):
        g, h = [0.0] * state, [0.0] * state
        for now in steps_of(x, inputs):
            g = [tanh(p + q + c) for p, q, c in zip(times(Wx, now), times(Wh, g), b)]
            h = [tanh(p + q) for p, q in zip(times(Vx, g), times(Vh, h))]
        return sum(h)

    return run, steps * inputs


def bidirectional(steps, inputs=2, state=3):
    r = np.random.default_rng(6)
    ways = [(matrix(r, state, inputs), matrix(r, state, state)) for _ in range(2)]

    def run(x):
        last = []
        for (Wx, Wh), rows in zip(ways, (steps_of(x, inputs), steps_of(x, inputs)[::-1])):
            h = [0.1] * state
            for now in rows:
                h = [tanh(p + q) for p, q in zip(times(Wx, now), times(Wh, h))]
            last += h
        return sum(v * v for v in last)

    return run, steps * inputs


def reversed_steps(steps, inputs=2, state=3):
    r = np.random.default_rng(7)
    Wx, Wh = matrix(r, state, inputs), matrix(r, state, state)

    def run(x):
        h = [0.0] * state
        for now in steps_of(x, inputs)[::-1]:
            h = [tanh(p + q) for p, q in zip(times(Wx, now), times(Wh, h))]
        return sum(v * v for v in h)

    return run, steps * inputs


def encoder_decoder(steps, inputs=2, state=3):
    r = np.random.default_rng(8)
    Wx, Wh, Uh, V = (matrix(r, state, n) for n in (inputs, state, state, state))

    def run(x):
        h = [0.0] * state
        for now in steps_of(x, inputs):
            h = [tanh(p + q) for p, q in zip(times(Wx, now), times(Wh, h))]
        loss = 0.0
        for now in steps_of(x, inputs):
            h = [tanh(p) for p in times(Uh, h)]
            loss = loss + sum((a - b) ** 2 for a, b in zip(times(V, h), now))
        return loss

    return run, steps * inputs


def nested(outer, inner, state=3):
    """Steps of which each takes smaller steps."""
    r = np.random.default_rng(9)
    U, W = matrix(r, state, state), matrix(r, state, state)

    def run(x):
        h = list(x)
        for _ in range(outer):
            for _ in range(inner):
                h = [tanh(v) for v in times(W, h)]
            h = [v * sigmoid(u) + 0.1 for v, u in zip(h, times(U, h))]
        return sum(v * v for v in h)

    return run, state


def pendulum(steps, dt=0.05):
    length, friction = Value(1.3), Value(0.2)

    def run(x):
        a, w = x
        for _ in range(steps):
            w = w + dt * (-9.81 / length * sin(a) - friction * w)
            a = a + dt * w
        return a * a + w * w

    return run, 2


def spring(steps):
    """Springs between three masses, with a step of time that shrinks."""
    stiffness, mass = Value(2.0), Value(1.5)

    def run(x):
        place, speed = list(x[:3]), list(x[3:])
        for t in range(steps):
            dt = 0.1 / (1 + t)
            force = [stiffness * (sum(place) / 3 - p) - 0.1 * v for p, v in zip(place, speed)]
            speed = [v + dt * f / mass for v, f in zip(speed, force)]
            place = [p + dt * v for p, v in zip(place, speed)]
        return sum(p * p for p in place)

    return run, 6


def n_body(steps, bodies=3):
    masses = [Value(1.0 + 0.2 * k) for k in range(bodies)]

    def run(x):
        places = [list(x[2 * k : 2 * k + 2]) for k in range(bodies)]
        speeds = [[0.0, 0.0] for _ in range(bodies)]
        for _ in range(steps):
            for i in range(bodies):
                for j in range(bodies):
                    if i != j:
                        d = [b - a for a, b in zip(places[i], places[j])]
                        far = (sum(v * v for v in d) + 0.1) ** -1.5
                        speeds[i] = [s + 0.01 * masses[j] * v * far for s, v in zip(speeds[i], d)]
            places = [[p + 0.01 * s for p, s in zip(a, b)] for a, b in zip(places, speeds)]
        return sum(v * v for p in places for v in p)

    return run, 2 * bodies


def neural_ode(steps, state=3, hidden=4):
    """Runge and Kutta's method of order four."""
    r = np.random.default_rng(10)
    W, V = matrix(r, hidden, state), matrix(r, state, hidden)

    def slope(h):
        return times(V, [tanh(v) for v in times(W, h)])

    def run(x):
        h, dt = list(x), 0.1
        for _ in range(steps):
            a = slope(h)
            b = slope([v + dt / 2 * k for v, k in zip(h, a)])
            c = slope([v + dt / 2 * k for v, k in zip(h, b)])
            d = slope([v + dt * k for v, k in zip(h, c)])
            h = [v + dt / 6 * (k + 2 * (p + q) + s) for v, k, p, q, s in zip(h, a, b, c, d)]
        return sum(v * v for v in h)

    return run, state


def kalman(steps):
    q, r = Value(0.1), Value(0.5)
    a = Value(0.95)

    def run(x):
        mean, variance, loss = 0.0 * x[0], 1.0 + 0.0 * x[0], 0.0
        for z in x:
            mean, variance = a * mean, a * a * variance + q
            gain = variance / (variance + r)
            loss = loss + log(variance + r) + (z - mean) ** 2 / (variance + r)
            mean, variance = mean + gain * (z - mean), (1 - gain) * variance
        return loss

    return run, steps


def hidden_markov(steps, states=3):
    r = np.random.default_rng(11)
    T, means = matrix(r, states, states), vector(r, states)

    def run(x):
        P = [[exp(t) for t in row] for row in T]
        alpha = [1.0 / states] * states
        loss = 0.0
        for z in x:
            alpha = times(P, alpha)
            alpha = [a * exp(-((z - m) ** 2)) for a, m in zip(alpha, means)]
            total = sum(alpha)
            alpha = [a / total for a in alpha]
            loss = loss - log(total)
        return loss

    return run, steps


def tower(blocks, shared=False, width=8, hidden=3):
    """Residual blocks, 8 -> 3 -> 8 unless it is said otherwise (issue 14, "L crash")."""
    r = np.random.default_rng(0)
    own = [
        (matrix(r, hidden, width, 1.0), matrix(r, width, hidden, 1.0))
        for _ in range(1 if shared else blocks)
    ]

    def run(x):
        h = list(x)
        for k in range(blocks):
            W, U = own[0 if shared else k]
            a = [v.tanh() for v in times(W, h)]
            h = [v + 0.1 * u for v, u in zip(h, times(U, a))]
        return sum(v * v for v in h)

    return run, width


def alternating(steps, state=3):
    """Two kinds of step, one after the other."""
    r = np.random.default_rng(12)
    U, W = matrix(r, state, state), matrix(r, state, state)

    def run(x):
        h = list(x)
        for t in range(steps):
            h = [tanh(v) for v in times(U, h)] if t % 2 else [sin(v) for v in times(W, h)]
        return sum(v * v for v in h)

    return run, state


def ragged(lengths, inputs=2, state=3):
    """Sequences of several lengths."""
    r = np.random.default_rng(13)
    Wx, Wh = matrix(r, state, inputs), matrix(r, state, state)

    def run(x):
        loss, start = 0.0, 0
        for n in lengths:
            h = [0.0] * state
            for now in steps_of(x[start : start + n * inputs], inputs):
                h = [tanh(p + q) for p, q in zip(times(Wx, now), times(Wh, h))]
            loss = loss + sum(v * v for v in h)
            start += n * inputs
        return loss

    return run, sum(lengths) * inputs


def heat(steps, points=20):
    """The heat equation on a rod."""
    k = Value(0.2)

    def run(x):
        u = list(x)
        for _ in range(steps):
            inside = [b + k * (a - 2 * b + c) for a, b, c in zip(u, u[1:], u[2:])]
            u = [u[0], *inside, u[-1]]
        return sum(v * v for v in u)

    return run, points


def guarded(steps):
    """A recurrence with an ``if`` at each step."""
    w, b = Value(0.8), Value(0.1)

    def run(x):
        h = 0.5
        for z in x:
            h = h * w + b * z
            h = h if h < 3 else 2.0 * h
        return h * h

    return run, steps


def lagged(steps):
    """Each number from the two before, as Fibonacci's."""
    a, b = Value(0.6), Value(0.3)

    def run(x):
        p, q = x
        for _ in range(steps):
            p, q = q, tanh(a * p + b * q)
        return p + q * q

    return run, 2


RECURRENCES = {
    "rnn": (rnn, 50),
    "lstm": (lstm, 50),
    "gru": (gru, 20),
    "labelled": (labelled, 20),
    "two layers": (two_layers, 20),
    "bidirectional": (bidirectional, 20),
    "reversed": (reversed_steps, 20),
    "encoder and decoder": (encoder_decoder, 20),
    "nested": (nested, 10, 5),
    "pendulum": (pendulum, 40),
    "spring": (spring, 100),
    "n-body": (n_body, 20),
    "neural ODE": (neural_ode, 10),
    "Kalman": (kalman, 60),
    "hidden Markov": (hidden_markov, 30),
    "tower": (tower, 20),
    "tower of one block": (tower, 20, True),
    "alternating": (alternating, 20),
    "ragged": (ragged, (4, 7, 5, 9)),
    "heat": (heat, 40),
    "guarded": (guarded, 12),
    "lagged": (lagged, 20),
}
"""By name: the maker and its arguments."""


def made(name):
    maker, *arguments = RECURRENCES[name]
    return maker(*arguments)

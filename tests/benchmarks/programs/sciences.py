"""Physics, statistics and formulas as scalar loops."""

import math
from typing import Any

import numpy

import autograd
from tests.benchmarks.programs import Program, dot, normal

tanh, exp, log, sin = autograd.tanh, autograd.exp, autograd.log, autograd.sin


def numbers(**given: Any) -> dict[str, Any]:
    return {name: numpy.array(x, float) for name, x in given.items()}


def neural_ode(steps: int = 10) -> Program:
    """A field of one hidden layer, followed by Runge and Kutta's method of fourth order."""
    dt = 0.1

    def ours(w: Any, x: Any) -> Any:
        def field(y: Any) -> Any:
            hidden = [tanh(dot(row, y) + b) for row, b in zip(w.W, w.b, strict=True)]
            return [dot(row, hidden) for row in w.U]

        def moved(y: Any, by: float, d: Any) -> Any:
            return [a + by * b for a, b in zip(y, d, strict=True)]

        y = list(x)
        for _ in range(steps):
            k1 = field(y)
            k2 = field(moved(y, dt / 2, k1))
            k3 = field(moved(y, dt / 2, k2))
            k4 = field(moved(y, dt, k3))
            y = [
                a + dt / 6 * (p + 2 * q + 2 * r + s)
                for a, p, q, r, s in zip(y, k1, k2, k3, k4, strict=True)
            ]
        return sum(v * v for v in y)

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        def field(y: Any) -> Any:
            return w["U"] @ np.tanh(w["W"] @ y + w["b"])

        def step(y: Any, _: Any) -> Any:
            k1 = field(y)
            k2 = field(y + dt / 2 * k1)
            k3 = field(y + dt / 2 * k2)
            k4 = field(y + dt * k3)
            return y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

        y, _ = lax.scan(step, x, None, length=steps)
        return np.sum(y * y)

    return Program("neural ODE, RK4", normal(0, W=(8, 3), b=(8,), U=(3, 8)), 3, ours, jax, "scan")


def spring(steps: int = 100) -> Program:
    def ours(w: Any, x: Any) -> Any:
        at, speed = x[0], x[1]
        for _ in range(steps):
            speed = speed + 0.05 * (-w.k * at - w.c * speed)
            at = at + 0.05 * speed
        return at * at

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        def step(now: Any, _: Any) -> Any:
            at, speed = now
            speed = speed + 0.05 * (-w["k"] * at - w["c"] * speed)
            return (at + 0.05 * speed, speed), None

        (at, _), _ = lax.scan(step, (x[0], x[1]), None, length=steps)
        return at * at

    return Program(f"spring, {steps} steps", numbers(k=2.0, c=0.1), 2, ours, jax, "scan")


def pendulum(steps: int = 40) -> Program:
    def ours(w: Any, x: Any) -> Any:
        angle, speed = x[0], x[1]
        for _ in range(steps):
            speed = speed - 0.05 * w.g * sin(angle)
            angle = angle + 0.05 * speed
        return angle * angle

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        def step(now: Any, _: Any) -> Any:
            angle, speed = now
            speed = speed - 0.05 * w["g"] * np.sin(angle)
            return (angle + 0.05 * speed, speed), None

        (angle, _), _ = lax.scan(step, (x[0], x[1]), None, length=steps)
        return angle * angle

    return Program(f"pendulum, {steps} steps", numbers(g=9.8), 2, ours, jax, "scan")


def bodies(count: int = 3, steps: int = 10) -> Program:
    """Bodies that attract each other in a plane."""

    def ours(w: Any, x: Any) -> Any:
        at = [[x[2 * i], x[2 * i + 1]] for i in range(count)]
        speed: Any = [[0.0, 0.0] for _ in range(count)]
        for _ in range(steps):
            for i in range(count):
                pull: Any = [0.0, 0.0]
                for j in range(count):
                    if i != j:
                        d = [at[j][a] - at[i][a] for a in range(2)]
                        far = (d[0] * d[0] + d[1] * d[1] + 0.1) ** -1.5
                        pull = [pull[a] + w.m[j] * d[a] * far for a in range(2)]
                speed[i] = [speed[i][a] + 0.01 * pull[a] for a in range(2)]
            at = [[at[i][a] + 0.01 * speed[i][a] for a in range(2)] for i in range(count)]
        return sum(v * v for p in at for v in p)

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        others = 1 - np.eye(count)

        def step(now: Any, _: Any) -> Any:
            at, speed = now
            d = at[None] - at[:, None]
            far = (np.sum(d * d, axis=-1) + 0.1) ** -1.5 * others
            speed = speed + 0.01 * np.einsum("j,ij,ija->ia", w["m"], far, d)
            return (at + 0.01 * speed, speed), None

        start = x.reshape(count, 2)
        (at, _), _ = lax.scan(step, (start, np.zeros((count, 2))), None, length=steps)
        return np.sum(at * at)

    return Program("n-body", numbers(m=[1.0, 2.0, 0.5]), 2 * count, ours, jax, "scan")


def kalman(steps: int = 60) -> Program:
    """The negative log likelihood of a random walk that is seen with noise."""

    def ours(w: Any, x: Any) -> Any:
        mean, variance, loss = w.start, exp(w.spread), 0.0
        q, r = exp(w.q), exp(w.r)
        for seen in x:
            variance = variance + q
            total = variance + r
            error = seen - w.a * mean
            loss = loss + 0.5 * (log(total) + error * error / total)
            gain = variance / total
            mean = w.a * mean + gain * error
            variance = (1 - gain) * variance
        return loss

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        q, r = np.exp(w["q"]), np.exp(w["r"])

        def step(now: Any, seen: Any) -> Any:
            mean, variance = now
            variance = variance + q
            total = variance + r
            error = seen - w["a"] * mean
            gain = variance / total
            loss = 0.5 * (np.log(total) + error * error / total)
            return (w["a"] * mean + gain * error, (1 - gain) * variance), loss

        _, losses = lax.scan(step, (w["start"], np.exp(w["spread"])), x)
        return np.sum(losses)

    given = numbers(start=0.1, spread=0.2, q=-1.0, r=-0.5, a=0.9)
    return Program(f"Kalman, {steps} steps", given, steps, ours, jax, "scan")


def hidden_markov(steps: int = 30, states: int = 4) -> Program:
    """The log likelihood of numbers that depend on a hidden state, forward in logarithms."""

    def ours(w: Any, x: Any) -> Any:
        a = [-0.5 * (x[0] - m) ** 2 for m in w.mean]
        for t in range(1, steps):
            a = [
                autograd.logsumexp([a[i] + w.move[i][j] for i in range(states)])
                - 0.5 * (x[t] - w.mean[j]) ** 2
                for j in range(states)
            ]
        return autograd.logsumexp(a)

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        from jax.nn import logsumexp

        seen = -0.5 * (x[:, None] - w["mean"]) ** 2

        def step(a: Any, at: Any) -> Any:
            return logsumexp(a[:, None] + w["move"], axis=0) + at, None

        a, _ = lax.scan(step, seen[0], seen[1:])
        return logsumexp(a)

    given = normal(0, mean=(states,), move=(states, states))
    return Program(f"HMM, {steps} steps", given, steps, ours, jax, "scan")


def mixture(parts: int = 5) -> Program:
    """The negative log likelihood of a mixture of normal distributions."""

    def ours(w: Any, x: Any) -> Any:
        whole = autograd.logsumexp(w.pi)
        terms = []
        for p, m, s in zip(w.pi, w.mean, w.scale, strict=True):
            z = (x[0] - m) / exp(s)
            terms.append(p - whole - 0.5 * z * z - s)
        return -autograd.logsumexp(terms)

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        from jax.nn import logsumexp

        z = (x[0] - w["mean"]) / np.exp(w["scale"])
        return -logsumexp(w["pi"] - logsumexp(w["pi"]) - 0.5 * z * z - w["scale"])

    given = normal(0, pi=(parts,), mean=(parts,), scale=(parts,))
    return Program("Gaussian mixture", given, 1, ours, jax)


def heat_network(hidden: int = 10) -> Program:
    """The square of u'' + u for a network u of one number: its second derivative by hand."""

    def ours(w: Any, x: Any) -> Any:
        total: Any = 0.0
        for a, b, c in zip(w.a, w.b, w.c, strict=True):
            y = tanh(a * x[0] + b)
            total = total + c * (y - 2 * a * a * y * (1 - y * y))
        return total * total

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        y = np.tanh(w["a"] * x[0] + w["b"])
        return np.sum(w["c"] * (y - 2 * w["a"] ** 2 * y * (1 - y * y))) ** 2

    return Program("PINN", normal(0, a=(hidden,), b=(hidden,), c=(hidden,)), 1, ours, jax)


def softmax_regression(nin: int = 8, classes: int = 5) -> Program:
    def ours(w: Any, x: Any) -> Any:
        scores = [dot(row, x) + b for row, b in zip(w.W, w.b, strict=True)]
        return autograd.logsumexp(scores) - scores[0]

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        from jax.nn import logsumexp

        scores = w["W"] @ x + w["b"]
        return logsumexp(scores) - scores[0]

    return Program("softmax regression", normal(0, W=(classes, nin), b=(classes,)), nin, ours, jax)


def lennard_jones(count: int = 5) -> Program:
    """The energy of atoms in space."""
    pairs = [(i, j) for i in range(count) for j in range(i)]
    grid = numpy.array([[i % 2, i // 2 % 2, i // 4] for i in range(count)], float)

    def draw(random: Any, rows: int) -> Any:
        return (1.5 * grid + random.normal(size=(rows, count, 3)) * 0.1).reshape(rows, -1)

    def ours(w: Any, x: Any) -> Any:
        total: Any = 0.0
        for i, j in pairs:
            far = sum((x[3 * i + a] - x[3 * j + a]) ** 2 for a in range(3))
            s6 = (w.s * w.s / far) ** 3
            total = total + 4 * w.e * (s6 * s6 - s6)
        return total

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        first, second = (numpy.array(side) for side in zip(*pairs, strict=True))
        at = x.reshape(count, 3)
        far = np.sum((at[first] - at[second]) ** 2, axis=-1)
        s6 = (w["s"] ** 2 / far) ** 3
        return np.sum(4 * w["e"] * (s6 * s6 - s6))

    return Program("Lennard-Jones", numbers(s=1.0, e=0.5), 3 * count, ours, jax, draw=draw)


def polynomial(degree: int = 7) -> Program:
    def ours(w: Any, x: Any) -> Any:
        y = w.c[degree]
        for k in range(degree - 1, -1, -1):
            y = y * x[0] + w.c[k]
        return (y - x[1]) ** 2

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        y = w["c"][degree]
        for k in range(degree - 1, -1, -1):
            y = y * x[0] + w["c"][k]
        return (y - x[1]) ** 2

    return Program("polynomial", normal(0, c=(degree + 1,)), 2, ours, jax, "unrolled")


def random_field(steps: int = 8, tags: int = 3, nin: int = 2) -> Program:
    """A chain of tags: the loss is the log of the sum over all paths, less the score of one."""

    def ours(w: Any, x: Any) -> Any:
        scores = [[dot(row, x[nin * t : nin * (t + 1)]) for row in w.W] for t in range(steps)]
        a = scores[0]
        for at in scores[1:]:
            a = [
                autograd.logsumexp([a[i] + w.move[i][j] for i in range(tags)]) + at[j]
                for j in range(tags)
            ]
        path = sum(at[0] for at in scores) + (steps - 1) * w.move[0][0]
        return autograd.logsumexp(a) - path

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        from jax.nn import logsumexp

        scores = x.reshape(steps, nin) @ w["W"].T

        def step(a: Any, at: Any) -> Any:
            return logsumexp(a[:, None] + w["move"], axis=0) + at, None

        a, _ = lax.scan(step, scores[0], scores[1:])
        return logsumexp(a) - np.sum(scores[:, 0]) - (steps - 1) * w["move"][0, 0]

    return Program(
        "CRF", normal(0, W=(tags, nin), move=(tags, tags)), nin * steps, ours, jax, "scan"
    )


def ordered() -> Program:
    """Four numbers, sorted first: each order of them is a recording of its own."""

    def ours(w: Any, x: Any) -> Any:
        return dot(w.c, sorted(x))

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        return w["c"] @ np.sort(x)

    return Program("sorted(x) of four", normal(0, c=(4,)), 4, ours, jax, rows=30)


def formula() -> Program:
    def ours(w: Any, x: Any) -> Any:
        return (w.a * x[0] * x[1] + tanh(x[0] - w.b)) * exp(-x[1] * x[1]) / math.pi

    def jax(np: Any, lax: Any, w: Any, x: Any) -> Any:
        return (w["a"] * x[0] * x[1] + np.tanh(x[0] - w["b"])) * np.exp(-x[1] * x[1]) / math.pi

    return Program("formula, 10,000 rows", numbers(a=1.5, b=0.3), 2, ours, jax, rows=10_000)


SCIENCES = [
    neural_ode(),
    spring(),
    pendulum(),
    bodies(),
    kalman(),
    hidden_markov(),
    random_field(),
    mixture(),
    heat_network(),
    softmax_regression(),
    lennard_jones(),
    polynomial(),
    ordered(),
    formula(),
]

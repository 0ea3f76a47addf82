"""The true values and derivatives of every operation, by mpmath, and points of its whole domain."""

import math
import random

import mpmath

from autograd import ops

mp = mpmath.mp.clone()
mp.prec = 300  # no truth here subtracts numbers that are nearly equal, and it takes its time


def density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def normal_cdf(x):
    if abs(x) > 60:
        return mp.mpf(x > 0)
    return mp.erfc(-x / mp.sqrt(2)) / 2


def logistic(x):
    return 1 / (1 + mp.exp(-x))


TERMS = {
    "gelu": lambda x: (normal_cdf(x), x * density(x)),
    "silu": lambda x: (logistic(x), x * logistic(x) * logistic(-x)),
}
"""Of a derivative that has a zero: the bound is one of its largest term."""

VALUE = {
    "abs": abs,
    "atan": mp.atan,
    "cos": mp.cos,
    "cosh": mp.cosh,
    "elu": lambda x: x if x > 0 else mp.expm1(x),
    "erf": mp.erf,
    "exp": mp.exp,
    "expm1": mp.expm1,
    "gelu": lambda x: x * normal_cdf(x),
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "log": mp.log,
    "log1p": mp.log1p,
    "neg": lambda x: -x,
    "normal_cdf": normal_cdf,
    "relu": lambda x: max(x, 0),
    "sech2": lambda x: mp.sech(x) ** 2,
    "sigmoid": logistic,
    "sign": mp.sign,
    "silu": lambda x: x * logistic(x),
    "sin": mp.sin,
    "sinh": mp.sinh,
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "sqrt": mp.sqrt,
    "step": lambda x: mp.mpf(x > 0),
    "tan": mp.tan,
    "tanh": mp.tanh,
}
"""Of each operation of one input."""

DERIVATIVE = {
    "abs": lambda x: mp.sign(x),
    "atan": lambda x: 1 / (1 + x * x),
    "cos": lambda x: -mp.sin(x),
    "cosh": mp.sinh,
    "elu": lambda x: mp.exp(min(x, 0)),
    "erf": lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
    "exp": mp.exp,
    "expm1": mp.exp,
    "gelu": lambda x: normal_cdf(x) + x * density(x),
    "leaky_relu": lambda x: mp.mpf(1.0 if x > 0 else 0.01),
    "log": lambda x: 1 / x,
    "log1p": lambda x: 1 / (1 + x),
    "neg": lambda x: mp.mpf(-1),
    "normal_cdf": lambda x: density(x),
    "relu": lambda x: mp.mpf(x > 0),
    "sech2": lambda x: -2 * mp.sech(x) ** 2 * mp.tanh(x),
    "sigmoid": lambda x: 1 / ((1 + mp.exp(-x)) * (1 + mp.exp(x))),
    "sign": lambda x: mp.mpf(0),
    "silu": lambda x: logistic(x) + x * logistic(x) * logistic(-x),
    "sin": mp.cos,
    "sinh": mp.cosh,
    "softplus": lambda x: 1 / (1 + mp.exp(-x)),
    "sqrt": lambda x: 1 / (2 * mp.sqrt(x)),
    "step": lambda x: mp.mpf(0),
    "tan": lambda x: 1 / mp.cos(x) ** 2,
    "tanh": lambda x: mp.sech(x) ** 2,
}
"""Of each operation of one input."""

DERIVATIVES = {
    "add": lambda a, b: (1, 1),
    "sub": lambda a, b: (1, -1),
    "mul": lambda a, b: (b, a),
    "strong_mul": lambda a, b: (b, a),
    "exp_mul": lambda a, b: (b * mp.exp(a * b), a * mp.exp(a * b)),
    "atan2": lambda a, b: (b / (a**2 + b**2), -a / (a**2 + b**2)),
    "hypot": lambda a, b: (a / mp.hypot(a, b), b / mp.hypot(a, b)),
    "norm": lambda *xs: [x / mp.sqrt(sum(x**2 for x in xs)) for x in xs],
    "div": lambda a, b: (1 / b, -a / b**2),
    "pow": lambda a, b: (b * a ** (b - 1), a**b * mp.log(a)),
    "above": lambda a, b: (0, 0),
    "maximum": lambda a, b: (a > b, a < b),
    "minimum": lambda a, b: (a < b, a > b),
    "sum": lambda *xs: [1] * len(xs),
    "logsumexp": lambda *xs: [mp.exp(x) / sum(map(mp.exp, xs)) for x in xs],
}
"""Of each other operation, by all of its inputs."""


VALUES = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "strong_mul": lambda a, b: a * b,
    "exp_mul": lambda a, b: mp.exp(a * b),
    "atan2": mp.atan2,
    "hypot": mp.hypot,
    "norm": lambda *xs: mp.sqrt(sum(x**2 for x in xs)),
    "div": lambda a, b: a / b,
    "pow": mp.power,
    "above": lambda a, b: mp.mpf(a > b),
    "maximum": max,
    "minimum": min,
    "sum": lambda *xs: sum(xs),
    "logsumexp": lambda *xs: mp.log(sum(map(mp.exp, xs))),
}
"""Of each other operation."""

MAGNIFIED = {
    "div": lambda a, b: (1.0, 1 / b),
    "atan2": lambda a, b: (1 / math.hypot(a, b),) * 2,
    "exp_mul": lambda a, b: (b, a),
    "pow": lambda a, b: (max(b, a ** ((b - 1) / 2)) if b < 1 else b, abs(math.log(a))),
}
"""The last factor of each derivative, at inputs of these sizes."""

EXPONENTS = (3.0, -1.0, 0.5, -0.5, 1 / 3, 0.1, -0.1, 2.2, -1.9, 1e-3)


def true(op, xs):
    """The value and the derivatives of an operation by each of its inputs."""
    xs = [mp.mpf(x) for x in xs]
    if isinstance(op, ops.Power):
        n = mp.mpf(op.exponent)
        return xs[0] ** n, (n * xs[0] ** (n - 1),)
    if op.arity == 1:
        return VALUE[op.name](*xs), (DERIVATIVE[op.name](*xs),)
    return VALUES[op.name](*xs), tuple(map(mp.mpf, DERIVATIVES[op.name](*xs)))


def allowed(op, xs, tiny):
    """For the value and each derivative by how many ulps it may be off, and of which number at
    least. The reasons stand in ``Op.ulps``; ``tiny`` is the smallest normal number."""
    of_value, of_each = (op.ulps, 0.0), [(op.ulps, 0.0)] * len(xs)
    sizes = [abs(x) for x in xs]
    if op.name in MAGNIFIED:
        # A subnormal number on the way has fewer digits, and is multiplied by this.
        by_each = MAGNIFIED[op.name](*sizes)
        of_each = [(op.ulps, tiny * max(1.0, min(by, 1e300))) for by in by_each]
    if op.name in ("atan2", "hypot", "norm"):
        # A subnormal length has fewer digits, and the derivatives divide by it.
        fewer = max(1.0, tiny / math.hypot(*xs))
        of_each = [(op.ulps * fewer, least) for _, least in of_each]
    if op.name == "sech2" and tiny / 2 < 4 * math.exp(-2 * sizes[0]) <= tiny:
        of_each = [(2.0**53, 0.0)]  # twice the value, which may be 0 when compiled
    if op.name == "exp_mul" and max(sizes) > (1e34 if tiny > 1e-100 else 1e300):
        exponent = min(sizes[0] * sizes[1], 800.0)  # its rest is not known there
        of_value = (op.ulps + exponent, 0.0)
        of_each = [(op.ulps + exponent, least) for _, least in of_each]
    if op.name in ("sum", "logsumexp"):
        of_value = (op.ulps, max(sizes))
    if op.name == "logsumexp":
        of_each = [(op.ulps + (max(xs) - x), 0.0) for x in xs]
    if op.name == "pow":
        a, b = xs
        of_each[0] = (op.ulps + abs((b - 1) * math.log(a)), of_each[0][1])
    if op.name in TERMS:
        terms = TERMS[op.name](mp.mpf(xs[0]))
        of_value = (op.ulps, tiny * sizes[0])
        of_each = [(op.ulps, max(tiny * sizes[0], *(abs(float(term)) for term in terms)))]
    return [of_value, *of_each]


def inputs(op, n, seed):
    """At most n tuples of inputs of every size, at which the operation has derivatives."""
    draw = random.Random(seed)
    arity = draw.randint(2, 4) if op.arity is None else op.arity
    for xs in zip(*(points(op.name, n // 4, seed=draw.random()) for _ in range(arity))):
        if isinstance(op, ops.Power) or op.name == "pow":
            xs = (abs(xs[0]), *xs[1:])
        xs = draw.sample(xs, arity) if op.arity is None else xs
        if len({abs(x) for x in xs}) == arity:  # clear of corners
            yield xs


def points(name, n, seed=7):
    """4 n points of every size at which the operation has a derivative."""
    draw = random.Random(seed)
    for _ in range(n):
        for x in (
            draw.uniform(-5, 5),
            draw.uniform(-50, 50),
            draw.uniform(-750, 750),
            draw.choice((-1, 1)) * 10 ** draw.uniform(-320, 308),
        ):
            if name in ("log", "sqrt") or (name == "log1p" and x < -1):
                x = abs(x)
            if x:
                yield x


def ulps(name, x, computed, expected, ulp):
    """How far a derivative at x is from the true one, in units in the last place."""
    exact = DERIVATIVE[name](mp.mpf(x))
    terms = [abs(t) for t in TERMS[name](mp.mpf(x))] if name in TERMS else []
    unit = mp.mpf(float(ulp(max([abs(expected), *map(float, terms)]))))
    if terms:  # x times a subnormal number
        unit = max(unit, abs(x) * mp.mpf(2) ** -1074)
    return float(abs(mp.mpf(float(computed)) - exact) / unit)

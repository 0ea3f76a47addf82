"""The true derivatives of every operation, by mpmath, and points of its whole domain."""

import random

import mpmath

mp = mpmath.mp.clone()
mp.prec = 2400  # enough to see 1 - tanh(750)²
DERIVATIVE = {
    "abs": lambda x: mp.sign(x),
    "cos": lambda x: -mp.sin(x),
    "exp": mp.exp,
    "log": lambda x: 1 / x,
    "log1p": lambda x: 1 / (1 + x),
    "neg": lambda x: mp.mpf(-1),
    "relu": lambda x: mp.mpf(x > 0),
    "sech2": lambda x: -2 * mp.sech(x) ** 2 * mp.tanh(x),
    "sigmoid": lambda x: 1 / ((1 + mp.exp(-x)) * (1 + mp.exp(x))),
    "sign": lambda x: mp.mpf(0),
    "sin": mp.cos,
    "softplus": lambda x: 1 / (1 + mp.exp(-x)),
    "sqrt": lambda x: 1 / (2 * mp.sqrt(x)),
    "step": lambda x: mp.mpf(0),
    "tanh": lambda x: mp.sech(x) ** 2,
}
"""Of each operation of one input."""

DERIVATIVES = {
    "add": lambda a, b: (1, 1),
    "sub": lambda a, b: (1, -1),
    "mul": lambda a, b: (b, a),
    "strong_mul": lambda a, b: (b, a),
    "div": lambda a, b: (1 / b, -a / b**2),
    "pow": lambda a, b: (b * a ** (b - 1), a**b * mp.log(a)),
    "above": lambda a, b: (0, 0),
    "maximum": lambda a, b: (a > b, a < b),
    "minimum": lambda a, b: (a < b, a > b),
    "sum": lambda *xs: [1] * len(xs),
    "logsumexp": lambda *xs: [mp.exp(x) / sum(map(mp.exp, xs)) for x in xs],
}
"""Of each other operation, by all of its inputs."""


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

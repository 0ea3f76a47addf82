"""Operations that JAX computes otherwise than NumPy: for each name the one text of its value."""

from __future__ import annotations

from autograd.compiler.numpy.kernels import Kernel

KERNELS = {
    "relu": Kernel(
        "relu({})",
        """\
def relu(x):
    return np.maximum(x, 0)""",
    ),
    "hypot": Kernel(
        "hypot({}, {})",
        """\
def hypot(a, b):
    return np.hypot(a, b)""",
    ),
    "erf": Kernel(
        "erf({})",
        """\
def erf(x):
    return jax.scipy.special.erf(x)""",
    ),
    "normal_cdf": Kernel(
        "normal_cdf({})",
        """\
def normal_cdf(x):
    return 0.5 * jax.scipy.special.erfc(x * -0.7071067811865476)""",
    ),
    "logsumexp": Kernel(
        "logsumexp({}, {})",
        """\
def logsumexp(x, axis):
    return jax.scipy.special.logsumexp(x, axis=axis)""",
    ),
}

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
    # Differentiated as it stands: at 0 it is the constant 0, and elsewhere any top will do. XLA may
    # multiply by 1 / top, and takes that for 0 where top is the largest float.
    "norm": Kernel(
        "norm({}, {})",
        """\
def norm(x, axis):
    top = jax.lax.stop_gradient(np.max(np.abs(x), axis=axis, keepdims=True))
    top = np.where(top > 0, np.minimum(top, np.finfo(x.dtype).max / 1024), 1)
    squares = np.sum((x / top) ** 2, axis=axis)
    length = np.squeeze(top, axis) * np.sqrt(np.where(squares == 0, 1, squares))
    return np.where(squares == 0, 0, length)""",
    ),
    "logsumexp": Kernel(
        "logsumexp({}, {})",
        """\
def logsumexp(x, axis):
    return jax.scipy.special.logsumexp(x, axis=axis)""",
    ),
}

ROOT = Kernel("np.sqrt({})")
"""The power 0.5, because JAX's own of -inf is inf."""

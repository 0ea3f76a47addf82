"""Operations that JAX computes otherwise than NumPy: for each name the one text of its value."""

from __future__ import annotations

from autograd.compiler.numpy.kernels import Kernel
from autograd.compiler.numpy.text import number_text

KERNELS = {
    "relu": Kernel(
        "relu({})",
        """\
def relu(x):
    return np.maximum(x, 0)""",
    ),
    "pow": Kernel(
        "pow({}, {})",
        """\
def pow(a, b):
    # Without the barrier XLA takes log(a**b) for b log|a|, which is not nan where a is negative.
    return jax.lax.optimization_barrier(np.power(a, b))""",
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


def power_kernel(exponent: float) -> Kernel | None:
    """The text of a power with this exponent; None if it is arithmetic."""
    if exponent == 0.5:  # JAX's own power of -inf is inf
        return Kernel("np.sqrt({})")
    if exponent.is_integer():
        return None
    return Kernel(f"pow({{}}, {number_text(exponent).text})", KERNELS["pow"].definition)

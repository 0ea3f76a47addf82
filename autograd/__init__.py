"""A scalar autograd engine: write ordinary arithmetic, get every derivative, and see why.

>>> from autograd import Value
>>> x = Value(2.0)
>>> y = (x * x + 1).log()
>>> y.backward()
>>> x.grad
0.8
"""

from autograd import installation

# DRAW
from autograd.gradcheck import GradcheckError, gradcheck
from autograd.modes import AnomalyError, detect_anomaly, no_grad
from autograd.ops import (
    Op,
    abs,
    cos,
    cosh,
    exp,
    log,
    logsumexp,
    maximum,
    minimum,
    pow,
    relu,
    sigmoid,
    sin,
    sinh,
    softplus,
    sqrt,
    sum,
    tanh,
)
from autograd.value import Value, dot, grad, topological_order

# abs, pow and sum are left out of `from autograd import *`: they would hide Python's own.
__all__ = [
    "AnomalyError",
    "GradcheckError",
    "Op",
    "Value",
    "cos",
    "cosh",
    "detect_anomaly",
    "dot",
    "exp",
    "grad",
    "gradcheck",
    "log",
    "logsumexp",
    "maximum",
    "minimum",
    "no_grad",
    "relu",
    "sigmoid",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "tanh",
    "topological_order",
]

installation.check()

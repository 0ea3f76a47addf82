"""A scalar autograd engine: write ordinary arithmetic, get every derivative, and see why.

>>> from autograd import Value
>>> x = Value(2.0)
>>> y = (x * x + 1).log()
>>> y.backward()
>>> x.grad
0.8
"""

from autograd import fast, installation
from autograd.compiler.api import compile as compile
from autograd.compiler.api import compile as jit
from autograd.compiler.recording.record import CompileError
from autograd.drawing import Drawing, RenderError, draw
from autograd.explaining.explain import Explanation, explain
from autograd.formats import from_json, to_json, to_networkx, to_onnx, to_sympy
from autograd.formulas import derivative_formula, formula
from autograd.functions.gradcheck import GradcheckError, gradcheck
from autograd.functions.jacobian import hessian, hvp, jacobian
from autograd.functions.softmax import log_softmax, softmax
from autograd.functions.take import take
from autograd.functions.weighted_sum import dot
from autograd.gradient import grad
from autograd.modes import AnomalyError, detect_anomaly, no_grad
from autograd.nodes import copies
from autograd.ops import (
    Op,
    atan,
    atan2,
    cos,
    cosh,
    elu,
    erf,
    exp,
    expm1,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1p,
    logsumexp,
    maximum,
    minimum,
    norm,
    relu,
    sigmoid,
    silu,
    sin,
    sinh,
    softplus,
    sqrt,
    tan,
    tanh,
)
from autograd.ops import (
    abs as abs,
)
from autograd.ops import (
    pow as pow,
)
from autograd.ops import (
    sum as sum,
)
from autograd.page import Page, notebook, page
from autograd.value import Value, topological_order

__version__ = "0.2.0"

# `from autograd import *` leaves out abs, compile, pow and sum, which would hide Python's own;
# it brings compile as jit.
__all__ = [
    "AnomalyError",
    "CompileError",
    "Drawing",
    "Explanation",
    "GradcheckError",
    "Op",
    "Page",
    "RenderError",
    "Value",
    "atan",
    "atan2",
    "cos",
    "cosh",
    "derivative_formula",
    "detect_anomaly",
    "dot",
    "draw",
    "elu",
    "erf",
    "exp",
    "explain",
    "expm1",
    "formula",
    "from_json",
    "gelu",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "hypot",
    "jacobian",
    "jit",
    "leaky_relu",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "maximum",
    "minimum",
    "no_grad",
    "norm",
    "page",
    "relu",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "take",
    "tan",
    "tanh",
    "to_json",
    "to_networkx",
    "to_onnx",
    "to_sympy",
    "topological_order",
]

installation.check()
copies.install()
fast.install()
notebook.register()

"""An operation is written once: the compiler names those of its algebra, and no other."""

import ast
from pathlib import Path

import numpy as np
import pytest

import autograd.compiler
from autograd import ops
from autograd.compiler.algebra import ALGEBRA, stays_finite
from autograd.compiler.numpy.kernels import KERNELS, function, kernel
from autograd.compiler.numpy.lanes import Lanes
from autograd.compiler.stages.term import InstructionWriter

COMPILER = Path(autograd.compiler.__file__).parent
BUILT_IN = [op for op in ops.TABLE.values() if op.is_built_in]
NAMES = {op.name for op in BUILT_IN} - {op.name for op in ALGEBRA}
# Where operations stand by name: the algebra, with its reasons, and the kernels of each executor.
KERNEL_FILES = [
    "algebra.py",
    "numpy/kernels.py",
    "jax/kernels.py",
    "machine/kernels/",
    "machine/opcodes.py",
    "machine/build.py",  # the functions of libm
]


def sources():
    for path in sorted(COMPILER.rglob("*.py")):
        name = path.relative_to(COMPILER).as_posix()
        if not name.startswith(tuple(KERNEL_FILES)):
            yield pytest.param(path, id=name)


def named(tree):
    """What a module names as an operation is named: ``ops.tanh``, ``"tanh"``, ``"np.tanh({})"``,
    ``from autograd import tanh``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in ("ops", "autograd"):
                yield node.attr, node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.split("(")[0].removeprefix("np."), node.lineno
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("autograd"):
            yield from ((alias.name, node.lineno) for alias in node.names)


@pytest.mark.parametrize("path", list(sources()))
def test_the_compiler_names_no_other_operation(path):
    found = [(name, line) for name, line in named(ast.parse(path.read_text())) if name in NAMES]
    assert not found, "the compiler should get this from the operation's definition"


def test_which_operations_stay_finite():
    infinite = "div exp exp_mul expm1 log log1p pow sinh cosh sqrt"
    assert {op.name for op in BUILT_IN if not stays_finite(op)} == set(infinite.split())
    assert stays_finite(ops.power(2.0))
    assert not stays_finite(ops.power(-1.0))


def test_the_search_finds_each_way_of_naming_an_operation():
    text = "from autograd.ops import tanh\nops.tanh\nx == 'tanh'\ncall = 'np.tanh({})'\nf('a')"
    lines = sorted(line for name, line in named(ast.parse(text)) if name in NAMES)
    assert lines == [1, 2, 3, 4]


def test_each_operation_of_the_algebra_has_a_reason():
    assert all(op.is_built_in and reason for op, reason in ALGEBRA.items())


def test_each_kernel_is_of_an_operation_and_each_other_operation_is_arithmetic():
    assert {name for name in ops.TABLE if name in KERNELS} == set(KERNELS)
    assert {op for op in BUILT_IN if not kernel(op)} == set(ALGEBRA) | ops.COMPOSED


@pytest.mark.parametrize("op", [op for op in BUILT_IN if op.arity is None], ids=str)
def test_an_operation_of_any_number_of_inputs_treats_them_alike(op):
    # ``pack`` lays them along an axis, and ``differentiate`` writes one partial for all.
    y, partials = op.evaluate([0.3, -1.2, 0.7])
    turned, of_turned = op.evaluate([0.7, 0.3, -1.2])
    assert turned == pytest.approx(y, rel=1e-15)
    assert of_turned == pytest.approx((partials[2], *partials[:2]), rel=1e-15)


CORNERS = np.array([-np.inf, -2.5, -0.0, 0.0, 0.5, 3.0, np.inf, np.nan])


@pytest.mark.parametrize("op", [*BUILT_IN, ops.power(3), ops.power(0.5)], ids=lambda op: op.name)
def test_an_operation_on_lanes_computes_what_it_does_on_numbers(op):
    grid = np.meshgrid(*[CORNERS] * (op.arity or 2), indexing="ij")
    with np.errstate(all="ignore"):
        found = op(*(x.view(Lanes) for x in grid))
    wanted = [op.compute(xs) for xs in zip(*(x.ravel().tolist() for x in grid))]
    assert type(found) is Lanes
    assert found.ravel() == pytest.approx(np.array(wanted), rel=1e-14, abs=0, nan_ok=True)


def test_rules_can_be_carried_out_on_lanes():
    x = np.array([-1.0, 0.2, 3.0])
    y = np.tanh(x)
    (partial,) = ops.tanh.apply_rule(y.view(Lanes), [x.view(Lanes)], taught=True)
    assert np.array_equal(partial, 1 - y * y)
    assert np.array_equal(2.0 * x.view(Lanes) ** 2 - 1, 2 * x**2 - 1)


def test_an_operation_of_the_same_name_has_no_kernel():
    other = ops.Op("tanh", lambda x: 2.0 * x, lambda y, x: (2.0,), registered=False)
    assert kernel(other) is None
    assert function(other)(np.array([1.0, 3.0])).tolist() == [2.0, 6.0]


def test_single_precision_stays_single_on_lanes():
    x = np.array([0.1, 0.2], np.float32).view(Lanes)
    for y in (x * 2.0 - 1.0, ops.sigmoid(x), x**0.5, ops.sum(x, x, 1.0)):
        assert y.dtype == np.float32


def test_operations_of_numbers_are_computed_when_they_are_written():
    writer = InstructionWriter()
    assert writer.map(ops.add, [1.0, 2.0, 4.0], ()).array.literal() == 7.0  # any number of terms
    assert writer.map(ops.sub, [1.0, 2.0], ()).array.literal() == -1.0
    assert writer.map(ops.tanh, [0.0], ()).array.literal() == 0.0

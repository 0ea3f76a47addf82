"""The kernels on vectors of other widths than this machine's."""

import functools
import platform

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from autograd.compiler.machine import build  # noqa: E402
from autograd.compiler.machine.kernels.line import Target  # noqa: E402
from autograd.compiler.machine.opcodes import MAPS  # noqa: E402
from autograd.ops import TABLE  # noqa: E402
from tests.compiler import test_machine_elementary as elementary  # noqa: E402
from tests.compiler import test_machine_kernels as kernels  # noqa: E402
from tests.compiler import test_machine_products as products  # noqa: E402

X86 = platform.machine() in ("x86_64", "AMD64")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not X86, reason="the processors named here have another instruction set"),
]


@functools.cache
def machine_of(width, itemsize):
    """The machine for vectors of this many bytes.

    With 16 as on a processor without AVX, which has no fused multiplication. With 64 as with
    AVX-512, but LLVM cuts the vectors into those that this processor has.
    """
    cpu, features, _ = build._host()
    if width == 16:
        cpu, features = "x86-64", ""
    target = Target(build.REALS[itemsize], width, fused="+fma" in features.split(","))
    return build._loaded(build.compiled(target, cpu, features), cpu, features, False)


@pytest.fixture(params=[16, 64], autouse=True)
def width(request, monkeypatch):
    """All tests here run the kernels on vectors of this width."""
    monkeypatch.setattr(build, "machine", functools.partial(machine_of, request.param))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("opcode", [*kernels.MAPS, *kernels.FUSED], ids=lambda o: o.name)
def test_maps(opcode, dtype):
    kernels.test_maps_of_random_shapes(opcode, dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("opcode", kernels.REDUCTIONS, ids=lambda o: o.name)
def test_reductions(opcode, dtype):
    kernels.test_reductions_of_random_shapes(opcode, dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_products(dtype):
    for opcode in products.ALONG_J:
        products.test_products_along_j(opcode, dtype)
    products.test_products_along_k(dtype)
    products.test_products_of_rows(dtype)
    for along_k in True, False:
        products.test_sparse_products_are_plain_products(along_k, np.nan, dtype)
        kernels.test_copies_that_exchange_rows_and_columns(along_k, dtype)


@pytest.mark.parametrize("name", ["tanh", "log", "log1p", "expm1", "sinh", "tan", "atan"])
def test_accuracy(name):
    elementary.test_four_ulp_of_the_true_value(name)


@pytest.mark.parametrize("name", [op.name for op in MAPS if op.name in TABLE])
def test_corners(name):
    if TABLE[name].arity == 1:
        elementary.test_corners_of_one_input(name)
    else:
        elementary.test_corners_of_two_inputs(name)


def test_powers_and_pairs():
    elementary.test_powers_are_within_two_ulp()
    elementary.test_tanh_and_its_derivative_together()
    elementary.test_sigmoid_and_its_derivative_together()


def test_vectors_of_avx_512_compile():
    """They cannot run on every machine that runs this test."""
    content = build.compiled(Target("double", 64, fused=True), "skylake-avx512", "")
    assert len(content) > 10_000

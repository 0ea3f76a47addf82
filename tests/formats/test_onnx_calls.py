"""What to_onnx says where nothing need be installed."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from autograd import Value, compile, to_onnx
from nn import MLP


def test_without_onnx_it_says_what_to_run(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModuleNotFoundError, match="to_onnx needs onnx: run pip install onnx"):
        to_onnx(MLP(2, [1]), [[0.5, 1.0]])


@pytest.mark.parametrize("dtype", [0, "", [], "int8"])
def test_no_other_type_of_numbers_is_taken_for_the_default(dtype, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", ModuleType("onnx"))
    for function in MLP(2, [1]), compile(MLP(2, [1])):
        with pytest.raises((TypeError, ValueError), match="dtype"):
            to_onnx(function, [[0.5, 1.0]], dtype=dtype)


def test_a_wrong_call_is_a_sentence():
    with pytest.raises(TypeError, match=r"takes a Module or a function; got Value .*of its inputs"):
        to_onnx(Value(1.0) + 2, [[0.5]])
    estimator = SimpleNamespace(model_=MLP(2, [1]))
    with pytest.raises(TypeError, match=r"got SimpleNamespace .*: give its model_$"):
        to_onnx(estimator, [[0.5, 1.0]])
    with pytest.raises(TypeError, match=r"an example of the rows after the function.*got none"):
        to_onnx(MLP(2, [1]))
    with pytest.raises(TypeError, match=r"a file as path=..., and rows before it; got 'net.onnx'"):
        to_onnx(MLP(2, [1]), [[0.5, 1.0]], "net.onnx")

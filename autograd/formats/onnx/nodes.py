"""Nodes of an ONNX graph, and tensors that record one for each operator of Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd.extras import library

DOMAIN = "autograd"
"""The domain of the functions that a model brings along."""

OPSET, IR = 18, 8
"""The versions of the operators and of the file: those of 2022, which every runtime reads."""

Traced = Callable[..., Any]


class Tensor:
    """A tensor in a graph. Plain Python operators add nodes to it, so that a function of NumPy
    arrays, called with tensors, writes itself down."""

    def __init__(self, nodes: Nodes, name: str, dtype: np.dtype[Any]) -> None:
        self.nodes, self.name, self.dtype = nodes, name, dtype

    @property
    def itemsize(self) -> int:
        """The bytes of an element."""
        return self.dtype.itemsize

    def astype(self, dtype: Any) -> Tensor:
        """The tensor with its numbers in another type."""
        wanted = np.dtype(dtype)
        if wanted == self.dtype:
            return self
        to = library("onnx", "to_onnx").helper.np_dtype_to_tensor_dtype(wanted)
        return self.nodes.add("Cast", self, to=to, dtype=wanted)

    def __neg__(self) -> Tensor:
        return self.nodes.add("Neg", self)

    def __pow__(self, n: Any) -> Tensor:
        return self.nodes.add("Pow", self, n)

    def __add__(self, other: Any) -> Tensor:
        return self.nodes.add("Add", self, other)

    def __radd__(self, other: Any) -> Tensor:
        return self.nodes.add("Add", other, self)

    def __sub__(self, other: Any) -> Tensor:
        return self.nodes.add("Sub", self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return self.nodes.add("Sub", other, self)

    def __mul__(self, other: Any) -> Tensor:
        return self.nodes.add("Mul", self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return self.nodes.add("Mul", other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return self.nodes.add("Div", self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self.nodes.add("Div", other, self)

    def __lt__(self, other: Any) -> Tensor:
        return self.nodes.add("Less", self, other, dtype=bool)

    def __le__(self, other: Any) -> Tensor:
        return self.nodes.add("LessOrEqual", self, other, dtype=bool)

    def __gt__(self, other: Any) -> Tensor:
        return self.nodes.add("Greater", self, other, dtype=bool)

    def __ge__(self, other: Any) -> Tensor:
        return self.nodes.add("GreaterOrEqual", self, other, dtype=bool)

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return self.nodes.add("Equal", self, other, dtype=bool)

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return self.nodes.add("Not", self == other)

    def __and__(self, other: Any) -> Tensor:
        return self.nodes.add("And", self, other)

    def __or__(self, other: Any) -> Tensor:
        return self.nodes.add("Or", self, other)

    __hash__ = None  # type: ignore[assignment]


class Nodes:
    """The nodes of a graph, in order.

    Args:
        free: gives a name that no tensor has: this one, or one with another number.

    Attributes:
        nodes: those written so far.
        functions: those that the model brings along, by their names.
    """

    def __init__(self, free: Callable[[str], str]) -> None:
        self.onnx = library("onnx", "to_onnx")
        self.free, self.nodes = free, list[Any]()
        self.functions: dict[str, Any] = {}

    def add(
        self, kind: str, *inputs: Any, name: str = "", dtype: Any = None, **attributes: Any
    ) -> Tensor:
        """A node with one output.

        Args:
            kind: the operator, or a function of the model.
            inputs: tensors, and Python's numbers, which get the type of the tensors.
            name: of the output.
            dtype: of the output; default that of the first input.
        """
        own = next((x.dtype for x in inputs if isinstance(x, Tensor) and x.dtype != bool), None)
        tensors = [x if isinstance(x, Tensor) else self.constant(x, own) for x in inputs]
        out = Tensor(self, name or self.free("e1"), np.dtype(dtype or tensors[0].dtype))
        self.write(kind, tensors, [out], **attributes)
        return out

    def write(
        self, kind: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], **attributes: Any
    ) -> None:
        """A node with these outputs."""
        names = [x.name for x in inputs], [x.name for x in outputs]
        domain = DOMAIN if kind in self.functions else ""
        made = self.onnx.helper.make_node
        self.nodes.append(made(kind, *names, names[1][0], domain=domain, **attributes))

    def constant(self, numbers: Any, dtype: Any = None) -> Tensor:
        """A tensor of constant numbers."""
        array = np.asarray(numbers, dtype)
        tensor = self.onnx.numpy_helper.from_array(array)
        return self.add("Constant", value=tensor, dtype=array.dtype)

    def call(self, kind: str, traced: Traced, *inputs: Tensor, outputs: Sequence[str]) -> Any:
        """The results of a Python function of tensors: of its one node, or else of one node that
        calls a function of the model.

        Args:
            kind: the name of the function.
            outputs: names for the results.
        """
        body, results = self._traced(traced, inputs)
        if len([n for n in body.nodes if n.op_type != "Constant"]) == 1:
            made = traced(*inputs)
            self.nodes[-1].output[0] = self.nodes[-1].name = made.name = outputs[0]
            return made
        names = [f"x{i + 1}" for i in range(len(inputs))], [r.name for r in results]
        imports = [self.onnx.helper.make_opsetid("", OPSET)]
        self.functions[kind] = self.onnx.helper.make_function(
            DOMAIN, kind, *names, body.nodes, imports
        )
        made = [Tensor(self, name, r.dtype) for name, r in zip(outputs, results)]
        self.write(kind, inputs, made)
        return made if len(made) > 1 else made[0]

    def _traced(self, traced: Traced, inputs: Sequence[Tensor]) -> tuple[Nodes, list[Tensor]]:
        taken: list[str] = []

        def free(name: str) -> str:
            taken.append(name)
            return f"v{len(taken)}"

        body = Nodes(free)
        made = traced(*(Tensor(body, f"x{i + 1}", x.dtype) for i, x in enumerate(inputs)))
        return body, list(made) if isinstance(made, tuple) else [made]

    @contextmanager
    def inner(self) -> Iterator[list[Any]]:
        """Within, nodes go into the list that this yields."""
        outside, self.nodes = self.nodes, []
        try:
            yield self.nodes
        finally:
            self.nodes = outside


class Graph(Nodes):
    """The nodes of the model's main graph, and its initializers."""

    def __init__(self, free: Callable[[str], str]) -> None:
        super().__init__(free)
        self.initializers: list[Any] = []
        self._known: dict[tuple[Any, ...], Tensor] = {}

    def constant(self, numbers: Any, dtype: Any = None) -> Tensor:
        """An initializer; the same for the same numbers."""
        array = np.asarray(numbers, dtype)
        key = array.dtype, array.shape, array.tobytes()
        if key not in self._known:
            self._known[key] = self.initializer(array, self.free(_constant_name(array)))
        return self._known[key]

    def initializer(self, array: Any, name: str) -> Tensor:
        """An array of numbers under a name."""
        self.initializers.append(self.onnx.numpy_helper.from_array(array, name))
        return Tensor(self, name, array.dtype)


def _constant_name(array: Any) -> str:
    """``c_0_5`` for 0.5; ``index1`` for whole numbers, ``data1`` for others."""
    if array.dtype == np.int64:
        return "index1"
    if array.ndim:
        return "data1"
    return "c_" + repr(array.item()).removesuffix(".0").translate({43: "", 45: "m", 46: "_"})

"""A program as an ONNX model."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.compiler.numpy.names import VariableNames
from autograd.compiler.program import Array, Program
from autograd.formats.onnx.functions import Functions
from autograd.formats.onnx.nodes import DOMAIN, IR, OPSET, Graph, Tensor
from autograd.formats.onnx.writer import Writer

LARGEST = 2**31 - 1
"""The most bytes of a file: protobuf allows no more."""


def model_of(name: str, widths: Any, program: Program, dtype: np.dtype[Any], indices: Any) -> Any:
    """The model.

    Args:
        name: of the function.
        widths: how many numbers each argument has, None where it is one number.
        program: without gradients, which holds for all rows.
        dtype: of the numbers.
        indices: of the program; see ``Trace.indices``.

    Raises:
        ValueError: the numbers take more than a file can hold.
    """
    size = dtype.itemsize * sum(b.array.size for b in program.blocks)
    if size > LARGEST:
        way_out = "dtype='float32' takes half of that" if dtype.itemsize == 8 else "make it smaller"
        raise ValueError(
            f"the parameters take {size / 1e9:.1f} GB, and an ONNX file holds 2.1 GB: {way_out}"
        )
    names = VariableNames(program)
    if indices:  # the results become nan in some rows
        names.wanted = {a: name for a, name in names.wanted.items() if name != "value"}
    graph = Graph(names.free)
    writer = Writer(program, graph, names, dtype)
    views, helper = writer.views, graph.onnx.helper
    inputs = [_input(writer, a, width) for a, width in zip(program.arguments, widths)]
    for block in program.blocks:
        numbers = np.array([program.parameters[i].data for i in block.lanes], dtype)
        array = numbers.reshape(block.array.shape)
        views.tensors[block.array] = graph.initializer(array, names[block.array])
    good = [_checked(writer, program.arguments[k], *rest) for k, *rest in indices]
    for i in program.instructions:
        writer.instruction(i)
    y = views.load(program.outputs, batched=True)
    if good:
        y = _nan_elsewhere(y, good, program.single)
    if y.name != "value":
        y = graph.add("Identity", y, name="value")
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    shape = ["batch"] + [program.outputs.size] * (not program.single)
    output = helper.make_tensor_value_info(y.name, kind, shape)
    if views.rows_needed:
        nodes = [helper.make_node("Shape", [names[program.arguments[0]]], [views.rows.name], end=1)]
        graph.nodes[:0] = nodes
    made = helper.make_graph(graph.nodes, name, inputs, [output], graph.initializers)
    imports = [helper.make_opsetid("", OPSET)]
    imports += [helper.make_opsetid(DOMAIN, 1)] * bool(graph.functions)
    return helper.make_model(
        made,
        functions=list(graph.functions.values()),
        opset_imports=imports,
        ir_version=IR,
        producer_name="overnight-autograd",
    )


def _input(writer: Writer, array: Array, width: int | None) -> Any:
    """An input of the model: (batch, width), or (batch,) where each row is one number."""
    graph, views, name = writer.graph, writer.views, writer.names[array]
    x = Tensor(graph, name, views.dtype)
    views.tensors[array] = x if width is not None else views.reshaped(x, (1,), True)
    kind = graph.onnx.helper.np_dtype_to_tensor_dtype(views.dtype)
    shape = ["batch"] if width is None else ["batch", width]
    return graph.onnx.helper.make_tensor_value_info(name, kind, shape)


def _checked(writer: Writer, array: Array, places: Any, sizes: Any) -> Tensor:
    """Put 0 in place of the indices in an argument that their tables do not have. Returns where
    all are good, (batch, 1)."""
    every = np.zeros(array.size, np.int64)
    every[places] = sizes
    views = writer.views

    def in_tables(x: Tensor) -> tuple[Tensor, Tensor]:
        limits, is_none = x.nodes.constant(every, x.dtype), x.nodes.constant(every == 0)
        inside = (x >= 0) & (x < limits) & (Functions.floor(x) == x) | is_none
        last = x.nodes.constant([-1], np.int64)
        good = x.nodes.add("ReduceMin", inside.astype(np.int64), last)
        return Functions.where(inside, x, 0), good.astype(np.dtype(bool))

    names = [views.graph.free("i1"), views.graph.free("good1")]
    x, good = views.graph.call(
        f"{array.name}_in_tables", in_tables, views.tensors[array], outputs=names
    )
    views.tensors[array] = x
    return good  # type: ignore[no-any-return]


def _nan_elsewhere(y: Tensor, good: list[Tensor], single: bool) -> Tensor:
    """y where all indices are good, else nan."""
    every = good[0]
    for other in good[1:]:
        every = every & other
    if single:
        every = every.nodes.add("Squeeze", every, every.nodes.constant([1], np.int64))
    return y.nodes.add("Where", every, y, float("nan"), name="value", dtype=y.dtype)

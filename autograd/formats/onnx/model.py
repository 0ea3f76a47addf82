"""A program as an ONNX model."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.arguments import numbers_of
from autograd.compiler.numpy.names import VariableNames
from autograd.compiler.program import Array, Program
from autograd.formats.onnx.functions import Functions
from autograd.formats.onnx.nodes import DOMAIN, IR, OPSET, Graph, Tensor
from autograd.formats.onnx.views import Views
from autograd.formats.onnx.writer import Writer

Way = tuple[Program, "np.dtype[Any]", Any]

LARGEST = 2**31 - 1
"""The most bytes of a file: protobuf allows no more."""


def model_of(name: str, widths: Any, paths: Sequence[Way]) -> Any:
    """The model.

    Args:
        name: of the function.
        widths: how many numbers each argument has, None where it is one number.
        paths: of each way through the function the program, without gradients; the dtype of its
            numbers; and its indices, see ``Trace.indices``. A row gets the result of the way that
            it takes, nan if it takes none of them.

    Raises:
        ValueError: the numbers take more than a file can hold.
    """
    program, dtype, indices = paths[0]
    _check_size(program, dtype)
    names = VariableNames(program)
    views = Views(Graph(names.free), names, dtype)
    graph, helper = views.graph, views.graph.onnx.helper
    inputs = [_input(views, a, width) for a, width in zip(program.arguments, widths)]
    if len(paths) == 1 and not indices and program.failures is None:
        y = _written(program, views, {})
    else:
        y = _chosen(paths, views)
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


def _check_size(program: Program, dtype: np.dtype[Any]) -> None:
    size = dtype.itemsize * sum(b.array.size for b in program.blocks)
    if size > LARGEST:
        way_out = "dtype='float32' takes half of that" if dtype.itemsize == 8 else "make it smaller"
        raise ValueError(
            f"the parameters take {size / 1e9:.1f} GB, and an ONNX file holds 2.1 GB: {way_out}"
        )


def _written(program: Program, views: Views, known: dict[Any, Tensor]) -> Tensor:
    """The result of a program whose arguments are there. ``known`` are the parameters that are."""
    for block in program.blocks:
        leaves = [program.parameters[i] for i in block.lanes]
        key = block.array.shape, *map(id, leaves)
        if key not in known:
            numbers = numbers_of(leaves, views.dtype).reshape(block.array.shape)
            known[key] = views.graph.initializer(numbers, views.names[block.array])
        views.tensors[block.array] = known[key]
    writer = Writer(program, views)
    for i in program.instructions:
        writer.instruction(i)
    return views.load(program.outputs, batched=True)


def _chosen(paths: Sequence[Way], views: Views) -> Tensor:
    """For each row the result of the path that it takes, nan if it takes none."""
    names, known = views.names, dict[Any, Tensor]()
    inputs = [(names[a], views.tensors[a]) for a in paths[0][0].arguments]
    made = list[tuple[Tensor, Tensor]]()
    for number, (program, _, indices) in enumerate(paths, 1):
        if number > 1:
            names.add(program)
        for array, (name, x) in zip(program.arguments, inputs):
            names.names[array], views.tensors[array] = name, x
        wanted = names.wanted.items()  # the results are chosen from at the end
        names.wanted = {a: name for a, name in wanted if name not in ("value", "failures")}
        holds = [_checked(views, program.arguments[k], number, *rest) for k, *rest in indices]
        y = _written(program, views, known)
        if program.failures is not None:
            holds.append(views.load(program.failures, batched=True) == 0)
        made.append((functools.reduce(operator.and_, holds), y))
    chosen: Any = float("nan")
    for number, (good, y) in reversed(list(enumerate(made))):
        if not paths[0][0].single:
            good = views.graph.add("Unsqueeze", good, views.whole_numbers([1]))
        name = "" if number else "value"
        chosen = views.graph.add("Where", good, y, chosen, name=name, dtype=views.dtype)
    return chosen  # type: ignore[no-any-return]


def _input(views: Views, array: Array, width: int | None) -> Any:
    """An input of the model: (batch, width), or (batch,) where each row is one number."""
    graph, name = views.graph, views.names[array]
    x = Tensor(graph, name, views.dtype)
    views.tensors[array] = x if width is not None else views.reshaped(x, (1,), True)
    kind = graph.onnx.helper.np_dtype_to_tensor_dtype(views.dtype)
    shape = ["batch"] if width is None else ["batch", width]
    return graph.onnx.helper.make_tensor_value_info(name, kind, shape)


def _checked(views: Views, array: Array, path: int, places: Any, sizes: Any) -> Tensor:
    """Put 0 in place of the indices in an argument that their tables do not have. Returns where
    all are good, (batch,)."""
    every = np.zeros(array.size, np.int64)
    every[places] = sizes

    def in_tables(x: Tensor) -> tuple[Tensor, Tensor]:
        limits, is_none = x.nodes.constant(every, x.dtype), x.nodes.constant(every == 0)
        inside = (x >= 0) & (x < limits) & (Functions.floor(x) == x) | is_none
        last = x.nodes.constant([-1], np.int64)
        good = x.nodes.add("ReduceMin", inside.astype(np.int64), last, keepdims=0)
        return Functions.where(inside, x, 0), good.astype(np.dtype(bool))

    kind = f"{views.names[array]}_in_tables" + (str(path) if path > 1 else "")
    names = [views.graph.free("i1"), views.graph.free("good1")]
    x, good = views.graph.call(kind, in_tables, views.tensors[array], outputs=names)
    views.tensors[array] = x
    return good  # type: ignore[no-any-return]

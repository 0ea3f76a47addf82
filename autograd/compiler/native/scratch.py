"""Scratch memory of native code: on the stack, where LLVM knows that nothing else points to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.core.errors import RequireLiteralValue
from numba.extending import intrinsic
from numba.np import arrayobj as untyped_arrayobj

# Numba gives no types for these.
cgutils: Any = untyped_cgutils
arrayobj: Any = untyped_arrayobj
ir: Any = cgutils.ir


def _on_stack(element: Any) -> Any:
    """An intrinsic ``f(n)``: n numbers of one type, aligned to 64 bytes; n is a literal."""

    def generate(typing_context: Any, n: Any) -> Any:
        if not isinstance(n, types.IntegerLiteral):
            raise RequireLiteralValue("the size of scratch memory must stand in the source")
        size, array_type = n.literal_value, types.Array(element, 1, "C")

        def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            number = context.get_value_type(element)
            memory = cgutils.alloca_once(builder, ir.ArrayType(number, size))
            memory.align = 64
            array = arrayobj.make_array(array_type)(context, builder)
            integer, width = context.get_value_type(types.intp), element.bitwidth // 8
            arrayobj.populate_array(
                array,
                data=builder.bitcast(memory, number.as_pointer()),
                shape=[integer(size)],
                strides=[integer(width)],
                itemsize=integer(width),
                meminfo=None,
            )
            return array._getvalue()

        return array_type(n), write

    return intrinsic(prefer_literal=True)(generate)


floats64 = _on_stack(types.float64)
floats32 = _on_stack(types.float32)
integers = _on_stack(types.int64)


@njit(error_model="numpy", forceinline=True)
def aligned(n: int, like: Any) -> Any:
    """``n`` numbers on the heap, aligned to 64 bytes, of the type of the array ``like``."""
    width = like.itemsize
    raw = np.empty(n + 64 // width, like.dtype)
    start = (-raw.ctypes.data // width) % (64 // width)
    return raw[start : start + n]

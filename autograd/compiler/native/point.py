"""A formula at one point: a native function of plain numbers, for a single call from Python.

Making arrays of one row would take twenty times as long as computing with them.
"""

from __future__ import annotations

from typing import Any

import numba

from autograd import ops
from autograd.compiler.native.cache import load
from autograd.compiler.native.loops import FUNCTION_NAMES, NotNative, expression, number
from autograd.compiler.program import Array, Contract, Map, Program, Reduce, View

# Beyond these, arrays do as well; and passing each number takes time.
MOST_INSTRUCTIONS = 100
MOST_NUMBERS = 16


def point_function(program: Program, gradients: list[Array]) -> Any:
    """A function of the arguments and then the parameters, all numbers.

    It returns the result, how many guards fail, and the derivatives by ``gradients`` as a tuple. It
    takes only floats: for anything else it raises TypeError.

    Args:
        program: with those gradients; each of its arrays has one element.
        gradients: arguments, or arrays of parameters, in the order in which to return them.

    Raises:
        NotNative: it has larger arrays, or operations without a native form, or is too long.
    """
    leaves = [*program.arguments, *(block.array for block in program.blocks)]
    every = list(program.arrays())
    if any(a.size != 1 for a in every) or len(leaves) > MOST_NUMBERS or not program.single:
        raise NotNative("its arrays have more than one element")
    if len(program.flat()) > MOST_INSTRUCTIONS:
        raise NotNative(f"{len(program.flat())} instructions are too many for one point")
    names = {array: f"v{i}" for i, array in enumerate(every)}
    used: set[str] = set()

    def read(v: View) -> str:
        literal = v.array.literal()
        return names[v.array] if literal is None else number(literal)

    lines = []
    for i in program.flat():
        operands = [read(v) for v in i.operands]
        if isinstance(i, Map):
            text = expression(i.op, operands, used)
        elif isinstance(i, Contract):
            text = expression(ops.mul, operands, used)
        elif isinstance(i, Reduce) and i.op is ops.sum:
            text = " + ".join(operands * i.operand.size)
        else:
            raise NotNative("it collects or reduces in a way that one number does not need")
        lines.append(f"    {names[i.out]} = {text}")
    results = [program.outputs, program.failures, *(program.gradients[a] for a in gradients)]
    value, failures, *by = ["0.0" if v is None else f"{read(v)} + 0.0" for v in results]
    returned = f"{value}, {failures}, ({''.join(f'{d}, ' for d in by)})"
    imports = [
        f"from autograd.compiler.native.elementary import {function} as f_{name}"
        for name, function in ((name, FUNCTION_NAMES.get(name, name)) for name in sorted(used))
    ]
    arguments = ", ".join(names[a] for a in leaves)
    source = "\n".join([*imports, f"def point({arguments}):", *lines, f"    return {returned}"])
    function = load(source + "\n", "point")
    function.compile((numba.float64,) * len(leaves))
    function.disable_compile()
    return function

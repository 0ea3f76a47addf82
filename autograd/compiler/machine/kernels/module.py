"""The text of the module: every kernel, the table of kernels, and the function that runs tables."""

from __future__ import annotations

from autograd.compiler.machine.kernels import (
    copies,
    inner_products,
    maps,
    products,
    reductions,
    sparse_products,
)
from autograd.compiler.machine.kernels.blocks import blocks, call
from autograd.compiler.machine.kernels.forms import Map, form_codes, map_codes
from autograd.compiler.machine.kernels.leaves import leaves
from autograd.compiler.machine.kernels.line import ENTRY, PARAMETERS, Kernel, Line, Target
from autograd.compiler.machine.kernels.run import run
from autograd.compiler.machine.kernels.training import train
from autograd.compiler.machine.kernels.vectors import Code
from autograd.compiler.machine.opcodes import Opcode

KERNELS: dict[Opcode, Kernel | Map] = {
    **maps.KERNELS,
    **copies.KERNELS,
    **reductions.KERNELS,
    **products.KERNELS,
    **sparse_products.KERNELS,
    **inner_products.KERNELS,
}
"""The kernel of every opcode but those of the run loop: the files' lists, put together here."""


def text(target: Target) -> str:
    """The module as LLVM's assembly."""
    codes = [run(target.real), blocks(target), call(target), train(target), leaves(target.real)]
    places = ["null"] * (ENTRY * (max(KERNELS) + 1))
    for form in {kernel.form.name: kernel.form for kernel in maps.KERNELS.values()}.values():
        codes += form_codes(form, target)
    for opcode, kernel in KERNELS.items():
        name = opcode.name.lower()
        names = [f"kernel_{name}"]
        if isinstance(kernel, Map):
            functions = map_codes(name, kernel, target)
            names = [kernel.form.name, *(code.name for code in functions[:2])]
            codes += functions
        else:
            code = Code(names[0], PARAMETERS)
            kernel(Line(code, target))
            codes.append(code)
        start = ENTRY * opcode
        places[start : start + len(names)] = [f"@{name}" for name in names]
    declared = {line for code in codes for line in code.declared.values()}
    entries = ", ".join(f"ptr {place}" for place in places)
    table = f"@kernels = internal constant [{len(places)} x ptr] [{entries}]"
    return "\n\n".join([*sorted(declared), table, *(code.finish() for code in codes)])

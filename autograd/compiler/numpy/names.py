"""Names of the variables of NumPy source: a1 an activation, d1 the adjoint of its layer's sum."""

from __future__ import annotations

import builtins
import keyword

from autograd import ops
from autograd.compiler.numpy.kernels import KERNELS, PAIRS
from autograd.compiler.program import Array, Contract, Map, Program, every
from autograd.ops import Op

DEFINED = {name for name, kernel in KERNELS.items() if kernel.definition}
DEFINED |= {pair.call.partition("(")[0] for pair in PAIRS.values()} | {"windows"}
FUNCTIONS = {"forward", "rows_and_gradients", "value_and_grad"}
PYTHON = {*keyword.kwlist, *dir(builtins)}
RESERVED = {"np", "jax", "_op", "k", "g", "value", "failures", *PYTHON, *FUNCTIONS, *DEFINED}


class VariableNames:
    """The names of a program's arrays. A result gets its name when it is written.

    Attributes:
        steps: activations and adjoints of layers. Each gets a line.
        shared: for what a loop carries on, the array whose name it takes over.
    """

    def __init__(self, program: Program) -> None:
        self.taken = set(RESERVED)
        self.names: dict[Array, str] = {}
        self.wanted: dict[Array, str] = {}
        self.steps: set[Array] = set()
        self.shared: dict[Array, Array] = {}
        self.add(program)

    def add(self, program: Program) -> None:
        """Name another program, whose arrays stand beside those of the first."""
        one = len(program.arguments) == 1
        for number, array in enumerate(program.arguments):
            self.leaf(array, array.name or ("x" if one else f"x{number + 1}"))
        for number, block in enumerate(program.blocks):
            self.leaf(block.array, block.array.name or f"w{number + 1}")
        self._layers(program)
        self._ends(program)

    def __getitem__(self, array: Array) -> str:
        """The name of a leaf, or of a result that has been written."""
        return self.names[array]

    def leaf(self, array: Array, name: str) -> str:
        """Give a leaf this name, or if that is taken one with another number."""
        self.names[array] = self.free(name)
        return self.names[array]

    def free(self, name: str) -> str:
        """This name, or if it is taken one with another number. Take it."""
        stem = name.rstrip("0123456789")
        number = int(name[len(stem) :] or 1)
        while name in self.taken:
            number += 1
            name = f"{stem}{number}"
        self.taken.add(name)
        return name

    def result(self, array: Array) -> str:
        """Give a result its name."""
        if array in self.shared:
            self.names[array] = self.names[self.shared[array]]
            return self.names[array]
        wanted = self.wanted.get(array, "")
        if not wanted or (wanted in self.taken and wanted not in ("value", "failures")):
            return self.leaf(array, "e1")
        self.taken.add(wanted)
        self.names[array] = wanted
        return wanted

    def _layers(self, program: Program) -> None:
        """Want names for layers: a product opens one, and terms and an activation may follow."""
        layers = 0
        layer_of: dict[Array, int] = {}
        sums: dict[int, Array] = {}
        activated: set[int] = set()
        for i in every(program.instructions[: program.forward]):
            numbers = [layer_of[v.array] for v in i.operands if v.array in layer_of]
            if isinstance(i, Contract):
                layers += 1
                layer_of[i.out] = layers
            elif isinstance(i, Map) and numbers and i.op in (ops.sum, ops.add):
                layer_of[i.out] = max(numbers)
            elif isinstance(i, Map) and numbers and len(i.operands) == 1:
                if numbers[0] not in activated and not _is_arithmetic(i.op):
                    activated.add(numbers[0])
                    self.wanted[i.out] = f"a{numbers[0]}"
                    self.steps.add(i.out)
                continue
            else:
                continue
            sums[layer_of[i.out]] = i.out
        for array, number in layer_of.items():
            self.wanted[array] = f"z{number}"
        last_sums = set(sums.values())
        backward = every(program.instructions[program.forward :])
        for out in (out for i in backward for out in i.outs):
            of = out.adjoint_of
            if of in last_sums:
                self.wanted[out] = f"d{layer_of[of]}"
                self.steps.add(out)
            elif of in self.wanted or of in self.names:
                self.wanted[out] = f"d_{self.wanted.get(of) or self.names[of]}"

    def _ends(self, program: Program) -> None:
        """Want names for the results and the gradients."""
        for name, v in (("value", program.outputs), ("failures", program.failures)):
            if v is not None and v.whole and v.array not in self.names:
                self.wanted[v.array] = name
        known = {*self.names, *self.steps}
        for array, v in program.gradients.items():
            if v is not None and v.whole and v.array not in known:
                self.wanted[v.array] = f"grad_{self.names[array]}"


def _is_arithmetic(op: Op) -> bool:
    return op is ops.neg or isinstance(op, ops.Power)

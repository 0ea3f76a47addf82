"""The operands of LLVM code: Python's operators write it. See vectors.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.compiler.machine.kernels.kinds import FLOATS, element

if TYPE_CHECKING:
    from autograd.compiler.machine.kernels.vectors import Code

Operand = Any
"""A Value, or a Python number."""


class Value:
    """A number, vector or pointer of the code being written."""

    __slots__ = ("code", "kind", "name")

    def __init__(self, code: Code, kind: str, name: str) -> None:
        self.code, self.kind, self.name = code, kind, name

    def __repr__(self) -> str:
        return f"{self.kind} {self.name}"

    def __add__(self, other: Operand) -> Value:
        return self.code.binary("add", self, other)

    def __radd__(self, other: Operand) -> Value:
        return self.code.binary("add", other, self)

    def __sub__(self, other: Operand) -> Value:
        return self.code.binary("sub", self, other)

    def __rsub__(self, other: Operand) -> Value:
        return self.code.binary("sub", other, self)

    def __mul__(self, other: Operand) -> Value:
        return self.code.binary("mul", self, other)

    def __rmul__(self, other: Operand) -> Value:
        return self.code.binary("mul", other, self)

    def __truediv__(self, other: Operand) -> Value:
        return self.code.binary("div", self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self.code.binary("div", other, self)

    def __neg__(self) -> Value:
        """The sign turned, of zeros and nan too."""
        if element(self.kind) in FLOATS:
            return self.code.emit(self.kind, f"fneg {self}")
        return self.code.binary("sub", 0, self)

    def __and__(self, other: Operand) -> Value:
        return self.code.bitwise("and", self, other)

    def __or__(self, other: Operand) -> Value:
        return self.code.bitwise("or", self, other)

    def __xor__(self, other: Operand) -> Value:
        return self.code.bitwise("xor", self, other)

    def __lshift__(self, other: Operand) -> Value:
        return self.code.bitwise("shl", self, other)

    def __rshift__(self, other: Operand) -> Value:
        """An arithmetic shift: the sign stays."""
        return self.code.bitwise("ashr", self, other)

    def __lt__(self, other: Operand) -> Value:
        return self.code.compare("lt", self, other)

    def __le__(self, other: Operand) -> Value:
        return self.code.compare("le", self, other)

    def __gt__(self, other: Operand) -> Value:
        return self.code.compare("gt", self, other)

    def __ge__(self, other: Operand) -> Value:
        return self.code.compare("ge", self, other)

    def equals(self, other: Operand) -> Value:
        """Whether both are equal; nan equals nothing."""
        return self.code.compare("eq", self, other)

    def differs(self, other: Operand) -> Value:
        """Whether both differ; nan differs from itself."""
        return self.code.compare("ne", self, other)

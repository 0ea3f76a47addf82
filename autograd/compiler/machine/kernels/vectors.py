"""LLVM code, written with Python's operators on scalars and vectors alike.

A ``Value`` is a number, a vector of numbers or a pointer of the code being written. ``a * b + c``
writes a multiplication and an addition, and gives the Value that holds their result::

    code = Code("square", parameters=("ptr", "i64"))
    p, n = code.arguments
    with code.loop(0, n - 3, 4) as loop:
        x = code.load("<4 x double>", p, loop.index)
        code.store(x * x, p, loop.index)
    code.finish()

Types are those of LLVM: ``double``, ``i64``, ``i1``, ``ptr``, and vectors of them. Python numbers
become constants of the other operand's type. No optimiser of LLVM runs on this code (it would take
longer than the rest together), so it is written as it is meant to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from autograd.compiler.machine.kernels.kinds import (
    FLOATS,
    aligned,
    constant,
    element,
    lanes,
    like,
    several,
    vector,
)
from autograd.compiler.machine.kernels.values import Operand as Operand
from autograd.compiler.machine.kernels.values import Value as Value


class Loop:
    """A loop being written. See ``Code.loop``.

    Attributes:
        index: the loop variable. It may be used after the loop too, as the first one that was not
            below the end.
        values: what is carried from one turn to the next; after the loop, what the last turn left.
        following: the carried values of the next turn, which the body sets.
    """

    def __init__(self, index: Value, values: list[Value]) -> None:
        self.index, self.values, self.following = index, values, list(values)


class Code:
    """A function being written.

    Attributes:
        name: its name in the module.
        parameters: the types of its parameters.
        arguments: their values.
        licence: what floating-point instructions may do: by default ``contract``, that is to round
            a * b + c once. See ``exactly``.
        block: the label of the block being written.
        fused: whether a multiplication and addition at once is an instruction of the processor.
        declared: the functions that it calls, with their declarations.
        ended: whether the code written last has returned.
    """

    def __init__(self, name: str, parameters: Sequence[str] = (), result: str = "void") -> None:
        self.name, self.parameters, self.result = name, tuple(parameters), result
        self.arguments = [Value(self, p, f"%a{i}") for i, p in enumerate(parameters)]
        self.licence = "contract "
        self.fused = False
        self.declared: dict[str, str] = {}
        self.ended = False
        self._lines: list[str] = []
        self._count = 0
        self.block = "entry"
        self._entry: list[str] = []

    # --- single instructions ---

    def emit(self, kind: str, text: str) -> Value:
        """Write an instruction with a result of this type."""
        self._count += 1
        value = Value(self, kind, f"%v{self._count}")
        self._lines.append(f"  {value.name} = {text}")
        return value

    def do(self, text: str) -> None:
        """Write an instruction without a result."""
        self._lines.append(f"  {text}")

    def number(self, kind: str, x: Operand) -> Value:
        """A Python number as a constant; a Value as it is."""
        return x if isinstance(x, Value) else Value(self, kind, constant(kind, x))

    def _alike(self, a: Operand, b: Operand) -> tuple[Value, Value]:
        kind = a.kind if isinstance(a, Value) else b.kind
        a, b = self.number(kind, a), self.number(kind, b)
        if a.kind != b.kind:
            raise TypeError(f"operands of one type were expected, not {a.kind} and {b.kind}")
        return a, b

    def binary(self, operation: str, a: Operand, b: Operand) -> Value:
        """``add``, ``sub``, ``mul`` or ``div`` of reals or integers."""
        a, b = self._alike(a, b)
        if element(a.kind) in FLOATS:
            return self.emit(a.kind, f"f{operation} {self.licence}{a}, {b.name}")
        return self.emit(a.kind, f"{'sdiv' if operation == 'div' else operation} {a}, {b.name}")

    def bitwise(self, operation: str, a: Operand, b: Operand) -> Value:
        """``and``, ``or``, ``xor``, ``shl``, ``ashr`` or ``lshr`` of integers."""
        a, b = self._alike(a, b)
        return self.emit(a.kind, f"{operation} {a}, {b.name}")

    def compare(self, relation: str, a: Operand, b: Operand) -> Value:
        """An i1: false if either is nan, except for ``ne``. Integers compare with their signs."""
        a, b = self._alike(a, b)
        if element(a.kind) in FLOATS:
            text = f"fcmp {'u' if relation == 'ne' else 'o'}{relation}"
        else:
            text = f"icmp {relation if relation in ('eq', 'ne') else 's' + relation}"
        return self.emit(like(a.kind, "i1"), f"{text} {a}, {b.name}")

    def select(self, condition: Value, a: Operand, b: Operand) -> Value:
        """a where the condition holds, else b. Both are computed."""
        a, b = self._alike(a, b)
        return self.emit(a.kind, f"select {condition}, {a}, {b}")

    def convert(self, operation: str, x: Value, scalar: str) -> Value:
        """``bitcast``, ``fpext``, ``fptrunc``, ``sext``, ``sitofp``, ... lane by lane."""
        kind = like(x.kind, scalar)
        return x if kind == x.kind else self.emit(kind, f"{operation} {x} to {kind}")

    def real(self, x: Value, scalar: str) -> Value:
        """A real number in another precision."""
        wider = FLOATS[scalar] > FLOATS[element(x.kind)]
        return self.convert("fpext" if wider else "fptrunc", x, scalar)

    def splat(self, x: Value, n: int) -> Value:
        """A vector of n lanes that all hold x; for n = 1, x."""
        if n == 1:
            return x
        kind = vector(x.kind, n)
        first = self.emit(kind, f"insertelement {kind} poison, {x}, i64 0")
        return self.emit(kind, f"shufflevector {first}, {kind} poison, <{n} x i32> zeroinitializer")

    def extract(self, x: Value, lane: int) -> Value:
        """One lane of a vector."""
        return self.emit(element(x.kind), f"extractelement {x}, i64 {lane}")

    def insert(self, x: Value, number: Value, lane: int) -> Value:
        """A vector with another number in one lane."""
        return self.emit(x.kind, f"insertelement {x}, {number}, i64 {lane}")

    def shuffle(self, x: Value, y: Value, order: Sequence[int]) -> Value:
        """A vector of these lanes of x, and, counted on from them, of y."""
        mask = ", ".join(f"i32 {i}" for i in order)
        result = vector(element(x.kind), len(order))
        return self.emit(result, f"shufflevector {x}, {y}, <{len(order)} x i32> <{mask}>")

    def turned(self, xs: Sequence[Value]) -> list[Value]:
        """As many vectors as each has lanes, with rows and columns exchanged."""
        xs, n = list(xs), len(xs)
        half = n // 2
        while half:  # blocks of this many lanes change places
            low = [lane if not lane & half else n + lane - half for lane in range(n)]
            for i in (i for i in range(n) if not i & half):
                pair = xs[i], xs[i + half]
                xs[i] = self.shuffle(*pair, low)
                xs[i + half] = self.shuffle(*pair, [lane + half for lane in low])
            half //= 2
        return xs

    def any(self, x: Value) -> Value:
        """Whether one of the lanes of a vector of i1 is true."""
        return x if lanes(x.kind) == 1 else self.bits(x).differs(0)

    def bits(self, x: Value) -> Value:
        """The lanes of a vector of i1, or one i1, as the bits of an i64, the first the lowest."""
        n = lanes(x.kind)
        together = x if n == 1 else self.emit(f"i{n}", f"bitcast {x} to i{n}")
        return self.convert("zext", together, "i64")

    def count_bits(self, x: Value) -> Value:
        """How many bits of an i64 are set."""
        return self.call("llvm.ctpop.i64", "i64", x)

    def first_bit(self, x: Value) -> Value:
        """The place of the lowest bit of an i64 that is set; there is one."""
        return self.call("llvm.cttz.i64", "i64", x, Value(self, "i1", "true"))

    def call(self, name: str, kind: str, *xs: Operand) -> Value:
        """Call a function: one of the module, of libm, or an intrinsic of LLVM."""
        text = self._call(name, kind, xs)
        return self.emit(kind, text)

    def call_void(self, name: str, *xs: Operand) -> None:
        """Call a function that returns nothing."""
        self.do(self._call(name, "void", xs))

    def call_pointer(self, function: Value, *xs: Value) -> None:
        """Call a function of which only the address is known, and which returns nothing."""
        self.do(f"call void {function.name}({', '.join(map(str, xs))})")

    def call_all(self, name: str, kinds: Sequence[str], xs: Sequence[Value]) -> list[Value]:
        """Call a function of the module with one or several results, of these types."""
        text = f"call {several(kinds)} @{name}({', '.join(map(str, xs))})"
        returned = self.emit(several(kinds), text)
        if len(kinds) == 1:
            return [returned]
        return [self.emit(k, f"extractvalue {returned}, {i}") for i, k in enumerate(kinds)]

    def hand_over(self, function: Value, *xs: Value) -> None:
        """Return what a function returns, which takes this one's place. No x points to ``room``."""
        self.do(f"tail call void {function.name}({', '.join(map(str, xs))})")
        self.give()

    def _call(self, name: str, kind: str, xs: Sequence[Value]) -> str:
        self.declared[name] = f"declare {kind} @{name}({', '.join(x.kind for x in xs)})"
        return f"call {kind} @{name}({', '.join(map(str, xs))})"

    def intrinsic(self, name: str, *xs: Value, licence: str = "") -> Value:
        """``llvm.fabs``, ``llvm.fma``, ``llvm.sqrt``, ... lane by lane."""
        kind = xs[0].kind
        n, bits = lanes(kind), 8 * FLOATS[element(kind)]
        full = f"llvm.{name}.{f'v{n}' if n > 1 else ''}f{bits}"
        self.declared[full] = f"declare {kind} @{full}({', '.join(x.kind for x in xs)})"
        return self.emit(kind, f"call {licence}{kind} @{full}({', '.join(map(str, xs))})")

    def halves(
        self, xs: Sequence[Value], merge: Callable[[list[Value], list[Value]], list[Value]]
    ) -> list[Value]:
        """Each vector as one number: its upper half is merged with its lower half, and so on."""
        xs, kind = list(xs), xs[0].kind
        n = lanes(kind)
        half = n // 2
        while half:
            order = ", ".join(f"i32 {(i + half) % n}" for i in range(n))
            turned = [
                self.emit(kind, f"shufflevector {x}, {kind} poison, <{n} x i32> <{order}>")
                for x in xs
            ]
            xs, half = merge(xs, turned), half // 2
        return [self.extract(x, 0) for x in xs] if n > 1 else xs

    def total(self, x: Value) -> Value:
        """The sum of the lanes of a vector, by halves."""
        return self.halves([x], lambda a, b: [a[0] + b[0]])[0]

    # --- memory ---

    def at(self, kind: str, pointer: Value, index: Operand = 0) -> Value:
        """The address ``index`` elements of the scalar type of ``kind`` behind a pointer."""
        if not isinstance(index, Value) and index == 0:
            return pointer
        index = self.number("i64", index)
        return self.emit("ptr", f"getelementptr {element(kind)}, {pointer}, {index}")

    def load(self, kind: str, pointer: Value, index: Operand = 0) -> Value:
        """The scalar or the vector there. A vector need not be aligned."""
        address = self.at(kind, pointer, index)
        return self.emit(kind, f"load {kind}, {address}{aligned(kind)}")

    def is_null(self, pointer: Value) -> Value:
        """Whether it points to nothing, an i1."""
        return self.convert("ptrtoint", pointer, "i64").equals(0)

    def store(self, x: Value, pointer: Value, index: Operand = 0) -> None:
        """Write a scalar or a vector there. A vector need not be aligned."""
        address = self.at(x.kind, pointer, index)
        self.do(f"store {x}, {address}{aligned(x.kind)}")

    def prefetch(self, pointer: Value) -> None:
        """Ask for the memory there, which is read soon. Any address may be given."""
        settings = [Value(self, "i32", text) for text in ("0", "3", "1")]
        self.call_void("llvm.prefetch.p0", pointer, *settings)

    def room(self, kind: str, n: int) -> Value:
        """Memory for n elements that lasts until the function returns."""
        pointer = self.unnamed("ptr")
        self._entry.append(f"  {pointer.name} = alloca {kind}, i64 {n}, align 64")
        return pointer

    # --- order ---

    def unnamed(self, kind: str) -> Value:
        """A value whose instruction is written later, by ``fill``."""
        self._count += 1
        return Value(self, kind, f"%v{self._count}")

    def reserve(self, count: int) -> int:
        """Leave lines free at the start of a block for ``fill``; the place of the first."""
        self._lines += [""] * count
        return len(self._lines) - count

    def fill(self, place: int, value: Value, incoming: Sequence[tuple[str, str]]) -> None:
        """Write the phi of a value into a reserved line: a name for each block it comes from."""
        pairs = ", ".join(f"[ {name}, %{block} ]" for name, block in incoming)
        self._lines[place] = f"  {value.name} = phi {value.kind} {pairs}"

    @contextmanager
    def exactly(self) -> Iterator[None]:
        """Every operation is rounded, because the code computes with the rests."""
        before, self.licence = self.licence, ""
        try:
            yield
        finally:
            self.licence = before

    def label(self, name: str) -> str:
        """A label that is used once."""
        self._count += 1
        return f"{name}{self._count}"

    def begin(self, label: str) -> None:
        """Start the block of this label."""
        self._lines.append(f"{label}:")
        self.block, self.ended = label, False

    def jump(self, label: str) -> None:
        """Go on there."""
        self.do(f"br label %{label}")

    def branch(self, condition: Value, yes: str, no: str) -> None:
        """Go on at one of two labels."""
        self.do(f"br {condition}, label %{yes}, label %{no}")

    def switch(self, x: Value, labels: dict[int, str], other: str) -> None:
        """Go on at the label of an integer, or at another one."""
        cases = " ".join(f"{x.kind} {n}, label %{label}" for n, label in labels.items())
        self.do(f"switch {x}, label %{other} [ {cases} ]")

    def give(self, x: Value | None = None) -> None:
        """Return from the function."""
        self.do(f"ret {x if x is not None else 'void'}")
        self.ended = True

    def give_all(self, xs: Sequence[Value]) -> None:
        """Return one or several results."""
        whole = xs[0]
        if len(xs) > 1:
            whole = Value(self, several([x.kind for x in xs]), "poison")
            for i, x in enumerate(xs):
                whole = self.emit(whole.kind, f"insertvalue {whole}, {x}, {i}")
        self.give(whole)

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """The body runs where the condition, an i1, holds. It may return from the function."""
        yes, after = self.label("when"), self.label("after")
        self.branch(condition, yes, after)
        self.begin(yes)
        yield
        if not self.ended:
            self.jump(after)
        self.begin(after)

    @contextmanager
    def loop(
        self, start: Operand, end: Operand, step: Operand = 1, carried: Sequence[Value] = ()
    ) -> Iterator[Loop]:
        """``for index in range(start, end, step)`` over i64, with values carried along.

        The body reads ``loop.values`` and sets ``loop.following``. The step is positive.
        """
        start, end = self.number("i64", start), self.number("i64", end)
        step = self.number("i64", step)
        head, body, after = self.label("head"), self.label("body"), self.label("after")
        came_from = self.block
        self.jump(head)
        self.begin(head)
        firsts = [start, *carried]
        place = self.reserve(len(firsts))
        values = [self.unnamed(first.kind) for first in firsts]
        self.branch(values[0] < end, body, after)
        self.begin(body)
        loop = Loop(values[0], values[1:])
        yield loop
        nexts = [values[0] + step, *loop.following]
        for i, (first, value, following) in enumerate(zip(firsts, values, nexts)):
            incoming = [(first.name, came_from), (following.name, self.block)]
            self.fill(place + i, value, incoming)
        self.jump(head)
        self.begin(after)

    def finish(self) -> str:
        """The text of the function; it returns nothing unless ``give`` said so before."""
        if not self.ended:
            self.give()
        parameters = ", ".join(map(str, self.arguments))
        head = f"define {self.result} @{self.name}({parameters}) noinline nounwind {{"
        return "\n".join([head, "entry:", *self._entry, *self._lines, "}"])

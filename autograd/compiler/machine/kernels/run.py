"""The function that runs a table: ``run(table, arena, ints)``, line after line up to STOP.

Registers are pointers into the arena. A loop keeps the rounds it has left on a stack of 256 places:
as every loop has a register of its own, loops cannot nest deeper.
"""

from __future__ import annotations

from autograd.compiler.machine.kernels.line import ENTRY
from autograd.compiler.machine.kernels.vectors import Code, Value
from autograd.compiler.machine.opcodes import WIDTH, Field, Opcode

PARAMETERS = ("ptr", "ptr", "ptr")
REGISTERS = 256


def run(real: str) -> Code:
    """The code of ``run``."""
    code = Code("run", PARAMETERS)
    table, arena, ints = code.arguments
    registers = code.room("ptr", REGISTERS)
    rounds = code.room("i64", REGISTERS)
    code.store(arena, registers)

    # The current line and the number of loops around it, from wherever the code comes.
    head = code.label("head")
    incoming = [(table, code.number("i64", 0), "entry")]
    code.jump(head)
    code.begin(head)
    place = code.reserve(2)
    line, depth = code.unnamed("ptr"), code.unnamed("i64")

    def go_on(at: Value, deep: Value) -> None:
        incoming.append((at, deep, code.block))
        code.jump(head)

    opcode = code.load("i32", line)
    stop, loop, end_loop, other = (code.label(s) for s in ("stop", "loop", "endloop", "other"))
    labels = {Opcode.STOP: stop, Opcode.LOOP: loop, Opcode.ENDLOOP: end_loop}
    code.switch(opcode, {int(o): label for o, label in labels.items()}, other)

    code.begin(other)
    place_of_entry = code.convert("zext", opcode, "i64") * ENTRY
    entry = code.at("ptr", Value(code, "ptr", "@kernels"), place_of_entry)
    code.call_pointer(code.load("ptr", entry), line, registers, ints, entry)
    go_on(_lines_on(line, 1), depth)

    code.begin(loop)
    code.store(_field(line, Field.N0), rounds, depth)
    _start(line, registers, real)
    go_on(_body(line), depth + 1)

    code.begin(end_loop)
    first = _lines_on(line, -_field(line, Field.N0))
    left = code.load("i64", rounds, depth - 1) - 1
    code.store(left, rounds, depth - 1)
    with code.when(left > 0):
        _move(first, registers, real)
        go_on(_body(first), depth)
        code.ended = True
    go_on(_lines_on(line, 1), depth - 1)

    code.begin(stop)
    code.fill(place, line, [(at.name, block) for at, _, block in incoming])
    code.fill(place + 1, depth, [(deep.name, block) for _, deep, block in incoming])
    return code


def _start(line: Value, registers: Value, real: str) -> None:
    """Set the registers of a LOOP, by the SET lines behind it."""
    code = line.code
    with code.loop(1, _field(line, Field.N1) + 1) as each:
        setting = _lines_on(line, each.index)
        base = code.load("ptr", registers, _field(setting, Field.N1))
        start = code.at(real, base, _field(setting, Field.DST))
        code.store(start, registers, _field(setting, Field.N0))


def _move(line: Value, registers: Value, real: str) -> None:
    """Move the registers of a LOOP on to the next round."""
    code = line.code
    with code.loop(1, _field(line, Field.N1) + 1) as each:
        setting = _lines_on(line, each.index)
        register = _field(setting, Field.N0)
        moved = code.at(real, code.load("ptr", registers, register), _field(setting, Field.DST0))
        code.store(moved, registers, register)


def _body(line: Value) -> Value:
    """The first line of a LOOP's body."""
    return _lines_on(line, _field(line, Field.N1) + 1)


def _field(line: Value, field: Field) -> Value:
    code = line.code
    return code.convert("sext", code.load("i32", line, int(field)), "i64")


def _lines_on(line: Value, count: Value | int) -> Value:
    code = line.code
    return code.at("i32", line, code.number("i64", count) * WIDTH)

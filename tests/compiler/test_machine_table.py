"""The instruction table of the machine: its opcodes, and the interpreter in NumPy."""

import numpy as np

from autograd import ops
from autograd.compiler.machine.opcodes import MAPS, REDUCTIONS, WIDTH, Field, Flag, Opcode
from tests.compiler import table_interpreter


def line(opcode, **fields):
    """One line of a table."""
    made = np.zeros(WIDTH, np.int32)
    made[Field.OPCODE] = opcode
    made[Field.N0], made[Field.N1], made[Field.N] = 1, 1, 1
    for name, value in fields.items():
        made[Field[name.upper()]] = value
    return made


def test_every_operation_has_an_opcode_or_is_written_in_others():
    known = set(MAPS) | set(REDUCTIONS) | ops.COMPOSED
    assert {op for op in ops.TABLE.values() if op.is_built_in} <= known


def test_a_loop_moves_its_registers_and_nests():
    # for i in range(3): for j in range(2): x[4 + 2 * i + j] = x[i] + x[3]
    table = np.array(
        [
            line(Opcode.LOOP, n0=3, n1=2),
            line(Opcode.SET, n0=1, n1=0, dst=4, dst0=2),
            line(Opcode.SET, n0=2, n1=0, dst=0, dst0=1),
            line(Opcode.LOOP, n0=2, n1=1),
            line(Opcode.SET, n0=3, n1=1, dst=0, dst0=1),
            line(Opcode.ADD, registers=3 | 2 << 8, b=3),
            line(Opcode.ENDLOOP, n0=3),
            line(Opcode.ENDLOOP, n0=7),
            line(Opcode.STOP),
        ]
    )
    arena = np.array([1.0, 2.0, 3.0, 10.0, *[0.0] * 6])
    table_interpreter.run(table, arena, np.zeros(0, np.int32))
    assert arena.tolist() == [1, 2, 3, 10, 11, 11, 12, 12, 13, 13]


def test_repeated_indices_add_up_in_order():
    arena = np.array([1.0, 2.0, 3.0, 0.0, 0.0])
    ints = np.array([1, 0, 1], np.int32)
    table = np.array([line(Opcode.SCATTER_ADD, n0=3, dst=3, dst0=1, a=0, a0=1)])
    table_interpreter.run(table, arena, ints)
    assert arena.tolist() == [1, 2, 3, 2, 4]


def test_a_product_with_a_start():
    arena = np.array([1.0, 2.0, 10.0, 20.0, 100.0, 0.0, 0.0])
    table = np.array(
        [
            line(
                Opcode.PRODUCT,
                n1=2,
                n=2,
                dst=5,
                a=0,
                a1=1,
                b=2,
                b0=1,
                c=4,
                flags=Flag.START | Flag.C_BROADCAST,
            )
        ]
    )
    table_interpreter.run(table, arena, np.zeros(0, np.int32))
    assert arena[5:].tolist() == [100 + 1 * 10 + 2 * 20, 100 + 1 * 20 + 2 * 100]

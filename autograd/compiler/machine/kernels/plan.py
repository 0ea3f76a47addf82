"""A plan: what the functions are told that run a program on rows, an array of int64.

It holds addresses, offsets in the arena, and numbers.
"""

from __future__ import annotations

from enum import IntEnum

SIZES = 3
"""How many sizes of blocks a plan has: full ones, and what is left of a batch and of the last
batch of an epoch."""


class Place(IntEnum):
    """The places of a plan."""

    # The program.
    ARENA = 0
    INTS = 1
    BEFORE = 2  # the address of a table, as AFTER and UPDATE
    AFTER = 3
    COUNT = 4  # where the rows of a batch are written, as a real
    BLOCK = 5  # the most rows of a block
    ROWS = 6  # for each size: the rows of a block, the rows with padding, the table

    # The rows.
    ARGUMENTS = 6 + 3 * SIZES  # the address of transfers to the arena, one for each argument
    GIVEN = 16  # how many
    RESULTS = 17  # the address of transfers from the arena
    WANTED = 18  # how many
    ORDER = 19  # the address of the numbers of the rows, int64; 0: one after the other
    STOP = 20

    # A call.
    PARAMETERS = 21  # how many
    THETA = 22  # the address of their numbers
    PLACES = 23  # the address of pairs of int32: the number of a parameter, and its offset
    GRADIENTS = 24  # the address of room for their derivatives, or 0
    SLOPES = 25  # how far behind a parameter its derivative is

    # A training.
    UPDATE = 26
    START = 27
    BATCH = 28
    EPOCH = 29
    LOSSES = 30  # the address of a double for each epoch
    SCALE = 31  # where the inverse of the rows of a batch is written
    TOTAL = 32  # where the sum of the losses is, and below that of the guards that fail, or -1
    FAILED = 33
    GRADIENT = 34
    WIDTH = 35  # the elements of the gradient that must be finite
    FROZEN = 36  # the address of offsets, int64, of parameters that stay
    STAYING = 37  # how many
    KEPT = 38  # the address of room for their numbers
    CHECK = 39  # numbers that must be finite after an update, or the next batch is not done
    CHECKS = 40  # how many


class Transfer(IntEnum):
    """The places of a transfer: an array outside, (rows, width), and where a block of it is."""

    ADDRESS = 0  # 0 for a result that is not wanted
    WIDTH = 1
    PLAIN = 2  # the offset is this number
    PADDED = 3  # and this for each row with padding
    IN_ROWS = 4  # 1 if each lane has the rows of the block; 0 if all rows share one number

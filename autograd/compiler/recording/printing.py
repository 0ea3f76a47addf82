"""Printing: what a function that is being recorded prints of Values: names, not one row's numbers.

Elsewhere the text of a Value is that of its number, because a branch may hang on it.
"""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Mapping

from autograd import modes
from autograd.names import displayed
from autograd.symbols import Symbol, write_op
from autograd.value import Value, is_constant

DEEPEST = 3
"""At most this many operations are shown, one within the other."""

MOST_TERMS = 5
"""Of a longer sum, this many terms are shown."""


def printed(v: Value, names: Mapping[Value, str]) -> str:
    """The name of a Value, or how it was computed from what has names."""
    return _symbol(v, names, DEEPEST).text


def _symbol(v: Value, names: Mapping[Value, str], depth: int) -> Symbol:
    if name := names.get(v) or v.label:
        return Symbol(displayed(name), "")
    if v.op is None:
        return Symbol.of(v._number) if is_constant(v) else Symbol(f"Value({v._number:.9g})", "")
    if not depth:
        return Symbol("…", "")
    inputs = [_symbol(x, names, depth - 1) for x in v.inputs[:MOST_TERMS]]
    if len(v.inputs) > MOST_TERMS:
        inputs[-1] = Symbol("…", "")
    return write_op(v.op, inputs)


def is_for_print() -> bool:
    """Whether the user's line at hand only prints, so that no branch hangs on a text made there."""
    file, line = modes.user_place()
    return line in _printing_lines("".join(linecache.getlines(file)))


@functools.lru_cache(maxsize=32)
def _printing_lines(source: str) -> frozenset[int]:
    """The numbers of the lines on which statements ``print(...)`` stand, and nothing else."""
    printing: set[int] = set()
    others: set[int] = set()
    try:
        tree = ast.parse(source)
    except SyntaxError:  # not Python, as some cells of a notebook are
        return frozenset()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno if body else node.end_lineno or node.lineno
            (printing if _is_print(node) else others).update(range(node.lineno, end + 1))
    return frozenset(printing - others)


def _is_print(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and getattr(call.func, "id", "") == "print"

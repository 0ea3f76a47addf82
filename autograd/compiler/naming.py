"""Names for the arrays of a program, which the author of the function would use."""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autograd import ops
from autograd.compiler.program import Array, Contract, Map, Program, every
from autograd.names import names_in
from autograd.names.found import has_parameters
from autograd.names.textbook import Indexed
from autograd.value import Value


def names_around(function: Callable[..., Any]) -> dict[Value, str]:
    """The names of the Values that a function can reach: through the variables it closes over,
    its globals, the object it is a method of, and the functions it calls."""
    found: dict[Value, str] = {}
    for variables in _surroundings(function, set()):
        names = names_in(variables)
        for v, name in {**names.textbook, **names.names}.items():
            found.setdefault(v, name)
    return found


def _surroundings(function: Any, seen: set[int]) -> Iterator[Any]:
    if id(function) in seen or len(seen) > 100:
        return
    seen.add(id(function))
    if isinstance(function, functools.partial):
        yield {f"argument{i}": x for i, x in enumerate(function.args)}
        yield dict(function.keywords)
        yield from _surroundings(function.func, seen)
    elif inspect.ismethod(function):
        yield from _of_object(function.__self__)
        yield from _surroundings(function.__func__, seen)
    elif isinstance(function, types.FunctionType):
        inner = {n: function.__globals__.get(n) for n in _names_in(function.__code__)}
        reached = {**inspect.getclosurevars(function).nonlocals, **inner}
        # Modules first, because their names say most.
        yield {name: x for name, x in reached.items() if has_parameters(x)}
        yield {name: x for name, x in reached.items() if not has_parameters(x)}
        for x in reached.values():
            if callable(x) and getattr(x, "__module__", "") == function.__module__:
                yield from _surroundings(x, seen)
    else:
        yield from _of_object(function)


def _names_in(code: types.CodeType) -> Iterator[str]:
    """The names of globals and attributes in code, and in the comprehensions within it."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _names_in(part)


def _of_object(thing: Any) -> Iterator[Any]:
    if has_parameters(thing):
        yield thing
    elif hasattr(thing, "__dict__"):
        yield dict(vars(thing))


def argument_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the arguments of the function."""
    try:
        names = [
            p.name
            for p in inspect.signature(function).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        names = []
    return [*names, *(f"x{i}" for i in range(len(names), count))][:count]


def input_names(names: Sequence[str], widths: Sequence[int | None]) -> list[list[str]]:
    """The names of the numbers in each argument; an argument of width None is one number."""
    return [
        [name] if width is None else [f"{name}[{i}]" for i in range(width)]
        for name, width in zip(names, widths)
    ]


def name_leaves(program: Program, arguments: list[str], names: Mapping[Value, str]) -> None:
    """Name arguments as the function does, and blocks after their parameters.

    The block of ``W1[0,0]``, ``W1[0,1]`` and so on is W1. Where parameters have no names,
    the matrix products that use them decide which block is W1 and which b1.
    """
    taken = set(arguments)
    for array, name in zip(program.arguments, arguments):
        array.name = name
    uses = [v.array for i in every(program.instructions) for v in i.operands]
    program.blocks.sort(key=lambda block: uses.index(block.array) if block.array in uses else 0)
    roles = _roles(program)
    for block in program.blocks:
        first, last = (names.get(program.parameters[lane], "") for lane in block.lanes[[0, -1]])
        name = block_name(first, last, len(block.array.shape)) or roles.get(block.array, "w1")
        block.array.name = _free(name, taken)
        taken.add(block.array.name)


def _roles(program: Program) -> dict[Array, str]:
    """A name for each weight matrix, and for each bias added to its product, in order of use."""
    roles: dict[Array, str] = {}
    layer_of: dict[Array, int] = {}
    for i in every(program.instructions):
        if isinstance(i, Contract):
            layer_of[i.out] = len(layer_of) + 1
            letter = "W" if len(i.left.array.shape) > 1 else "w"
            roles.setdefault(i.left.array, f"{letter}{layer_of[i.out]}")
        elif isinstance(i, Map) and i.op is ops.sum:
            layers = [layer_of[v.array] for v in i.operands if v.array in layer_of]
            for v in i.operands:
                if layers and v.array not in layer_of:
                    roles.setdefault(v.array, f"b{layers[0]}")
    return roles


def block_name(first: str, last: str, dimensions: int) -> str:
    """A name for an array, made from the names of its first and its last element, or "".

    ``W1[0,0]`` and ``W1[2,1]`` give W1; ``W1[0,0]`` and ``W2[2,1]`` give W; ``v[0][0]`` and
    ``v[0][5]`` give v1, because they are the first of several.
    """
    (stem, indices), (other, others) = map(_without_indices, (first, last))
    for simpler in (r"$", r"\[\d+\]", r"\d+$"):
        stem, other = (re.sub(simpler, "", s) for s in (stem, other))
        if stem == other:
            break
    else:
        return ""
    if len(indices) > 1 and indices[0] == others[0]:
        stem += str(int(indices[0]) + 1)
    parts = Indexed.parsed(stem)
    return parts.called("w").name if parts and parts.letter == "W" and dimensions < 2 else stem


def _without_indices(name: str) -> tuple[str, list[str]]:
    """``v[0][5]`` as v and its indices, of which ``W1[0,5]`` has but one pair."""
    stem = re.sub(r"(\[[\d,]+\])+$", "", name)
    return stem, re.findall(r"\[(\d+)\]", name[len(stem) :])


def _free(name: str, taken: set[str]) -> str:
    name = re.sub(r"\[(\d+)\]", r"\1", name)
    name = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)
    if not name.isidentifier():
        name = f"w_{name}"
    stem = name.rstrip("0123456789")
    number = int(name[len(stem) :] or 1)
    while name in taken or name in ("np", "value"):
        number += 1
        name = f"{stem}{number}"
    return name


def in_order(parameters: list[Value], names: Mapping[Value, str]) -> list[Value]:
    """Parameters in the order in which their names were found. Those without names are last."""
    place = {id(v): i for i, v in enumerate(names)}
    return sorted(parameters, key=lambda p: place.get(id(p), len(place)))


def summary(program: Program, nodes: int) -> str:
    """One line that says what a graph became."""
    products = len(program.products())
    return (
        f"{nodes:,} scalar nodes -> {len(program)} array instructions, "
        f"{products} of them matrix products"
    )

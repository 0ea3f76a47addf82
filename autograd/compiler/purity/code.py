"""Code: what the bytecode of a function names, and what in it is an effect by itself."""

from __future__ import annotations

import builtins
import dis
import itertools
import types
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.purity import trusted
from autograd.modes import shown_line

if TYPE_CHECKING:
    from autograd.compiler.purity.reach import Reach

# Versions of Python differ in their instructions. One that reads or writes a name and is not
# among these speaks against purity.
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")
_SET = {"STORE_ATTR": "__setattr__", "DELETE_ATTR": "__delattr__"}
_OTHER = ("STORE_NAME", "DELETE_NAME", "LOAD_SUPER_ATTR")


def look(reach: Reach, f: types.FunctionType) -> None:
    """Add to ``reach`` what the code of a function names."""
    cells: dict[str, Any] = dict(zip(f.__code__.co_freevars, f.__closure__ or ()))
    _Look(reach, f).code(f.__code__, cells)


def defaults(f: types.FunctionType) -> dict[str, Any]:
    """The defaults of a function's arguments, by name."""
    positional, names = f.__defaults__ or (), f.__code__.co_varnames[: f.__code__.co_argcount]
    last = names[len(names) - len(positional) :]
    return {**dict(zip(last, positional)), **(f.__kwdefaults__ or {})}


class _Look:
    """The code of one function, with the functions in it."""

    def __init__(self, reach: Reach, f: types.FunctionType) -> None:
        self.reach, self.globals = reach, f.__globals__
        known = f.__globals__.get("__builtins__", builtins)
        self.builtins: dict[str, Any] = known if isinstance(known, dict) else vars(known)
        self.used = 0
        self.file, self.line = f.__code__.co_filename, f.__code__.co_firstlineno

    def where(self, what: str) -> str:
        """``what``, at its line."""
        return f"{what}, at {shown_line(self.file, self.line)}"

    def code(self, code: types.CodeType, cells: Mapping[str, Any]) -> None:
        """All instructions, and those of the functions within."""
        self.reach.named(name for name in code.co_names if name not in trusted.SETTING)
        instructions = [i for i in dis.get_instructions(code) if i.opname != "EXTENDED_ARG"]
        self.used = 0
        for place, instruction in enumerate(instructions):
            self.line = _line(instruction) or self.line
            if place >= self.used:
                self._instruction(instructions, place, cells)
        for inner in code.co_consts:
            if isinstance(inner, types.CodeType):
                outer = {name: cells[name] for name in inner.co_freevars if name in cells}
                self.code(inner, outer)

    def _instruction(
        self, every: Sequence[dis.Instruction], place: int, cells: Mapping[str, Any]
    ) -> None:
        name, text = every[place].opname, str(every[place].argval)
        if "IMPORT" in name:
            self.reach.object(self.where(f"the import of {text}"))
        elif name in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            self.reach.object(self.where(f"the global {text!r} is changed"))
        elif name in ("STORE_DEREF", "DELETE_DEREF"):
            if text in cells:
                self.reach.object(self.where(f"the variable {text!r} outside is changed"))
        elif name in _GLOBAL:
            self.used = place + 1
            self._global(text, _attributes_after(every, place), name == "LOAD_NAME")
        elif "DEREF" in name and text in cells:
            self.used = place + 1
            if not (text == "__class__" and _is_for_super(every, place)):
                self._cell(text, cells[text], _attributes_after(every, place))
        elif name in _ATTRIBUTE or name in _SET:
            if str(every[place - 1].argval) != "__dataclass_builtins_object__":
                self._attribute(name, text)
        elif name == "MATCH_CLASS":
            self.reach.named(every[place - 1].argval)
            self.reach.named(["getattr"] if every[place].arg else [])  # through __match_args__
        elif _is_remainder(every, place):
            self.reach.named(["__format__"])  # of a text, perhaps
        elif "FORMAT" in name or name == "CONVERT_VALUE":
            self.reach.named(["__format__"])
        elif every[place].opcode in dis.hasname and name not in _OTHER:
            self.reach.object(self.where(f"the unknown instruction {name}"))

    def _attribute(self, instruction: str, name: str) -> None:
        """An attribute that code reads or sets, of what no one knows."""
        if name in trusted.HIDDEN:
            self.reach.object(self.where(f".{name}"))
        if name in ("format", "format_map"):  # a text can name attributes: "{0.rate}"
            self.reach.named(["__format__", "getattr"])
        if instruction in _SET:
            self.reach.named([_SET[instruction]])
            if name.startswith("__") and name.endswith("__"):
                self.reach.object(self.where(f"the attribute {name!r} is changed"))

    def _global(self, name: str, following: Sequence[str], in_class_body: bool) -> None:
        if name in self.globals:
            self.reach.bindings.append((self.globals, name, f"the global {name!r}"))
            self._found(self.globals[name], f"the global {name!r}", name, following)
        elif name in self.builtins:
            self.reach.bindings.append((self.globals, name, f"the global {name!r}"))
            thing = self.builtins[name]
            if name in ("repr", "str", "format", "ascii"):
                self.reach.named(["__format__"])
            if name in trusted.BUILTINS or isinstance(thing, (type, *trusted.CONSTANTS)):
                self.reach.add(thing, self.where(name))
            else:
                self.reach.object(self.where(f"the call of {name}"))
        elif not in_class_body:
            self.reach.object(self.where(f"the global {name!r}, which is not there yet"))

    def _cell(self, name: str, cell: Any, following: Sequence[str]) -> None:
        what = f"the closure variable {name!r}"
        try:
            contents = cell.cell_contents
        except ValueError:
            self.reach.object(self.where(f"{what}, which is not there yet"))
            return
        self.reach.holders.append((cell, what))
        self._found(contents, what, name, following)

    def _found(self, thing: Any, what: str, name: str, following: Sequence[str]) -> None:
        """Something that a name stands for. Of a module only the attribute read next is used."""
        for attribute in following:
            if type(thing) is not types.ModuleType or attribute not in vars(thing):
                break  # a module can compute attributes, too
            name = what = f"{name}.{attribute}"
            self.reach.bindings.append((vars(thing), attribute, what))
            thing = vars(thing)[attribute]
            self.used += 1
        if isinstance(thing, types.ModuleType):
            self.reach.object(self.where(f"the module {thing.__name__}"))
        else:
            self.reach.add(thing, self.where(what))


def _is_remainder(every: Sequence[dis.Instruction], place: int) -> bool:
    """Whether this is ``a % b``, where ``b`` is not a number that stands there."""
    i = every[place]
    symbol = "%" if i.opname.endswith("_MODULO") else i.argrepr if i.opname == "BINARY_OP" else ""
    right = every[place - 1]
    number = right.opname.startswith("LOAD_") and type(right.argval) in (int, float)
    return symbol in ("%", "%=") and not number


def _attributes_after(every: Sequence[dis.Instruction], place: int) -> list[str]:
    """The attributes read from what an instruction loads: ``b`` and ``c`` of ``a.b.c``."""
    found = []
    for i in itertools.islice(every, place + 1, None):
        if i.opname not in _ATTRIBUTE:
            break
        found.append(str(i.argval))
    return found


def _is_for_super(every: Sequence[dis.Instruction], place: int) -> bool:
    """Whether a class is loaded for ``super()`` alone."""
    return any("SUPER" in i.opname for i in every[place + 1 : place + 3])


def _line(instruction: dis.Instruction) -> int | None:
    """The line where it starts, if it starts one."""
    number = getattr(instruction, "line_number", None)  # from Python 3.13 on
    if number is None and type(instruction.starts_line) is int:
        number = instruction.starts_line
    return number

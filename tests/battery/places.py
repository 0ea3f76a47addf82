"""Places of the sources where a mutant differs: one operator, number or condition."""

import ast
import copy
import functools
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SWITCH = "_mutant_is_at"  # the function, among the builtins, that says which mutant is wanted
OTHERS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or,
    ast.Or: ast.And, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One place. What it is called stays the same when other lines change."""

    file: str
    what: str  # the file, the function, the text of the line, and what is changed there


@functools.cache
def places(file: str) -> list[Place]:
    """All places of a file, from the top."""
    text = (ROOT / file).read_text(encoding="utf-8")
    lines = text.splitlines()
    seen: Counter[str] = Counter()
    found = []
    for node, function in [*_walk(ast.parse(text))]:
        line = " ".join(lines[node.lineno - 1].split())
        what = f"{file} {function}: {line}: {_change(node)}"
        seen[what] += 1
        what += f" (number {seen[what]})" if seen[what] > 1 else ""
        found.append(Place(file, what))
    return found


def with_mutants(file: str, wanted: Collection[str]) -> ast.Module:
    """The module in which, at each wanted place, the switch chooses between it and its mutant."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    names = {node: place.what for (node, _), place in zip(_walk(tree), places(file))}
    switches = _Switches({node: what for node, what in names.items() if what in wanted})
    return ast.fix_missing_locations(switches.visit(tree))


class _Switches(ast.NodeTransformer):
    """Puts ``mutant if _mutant_is_at(what) else node`` in place of each node."""

    def __init__(self, names: dict[ast.AST, str]) -> None:
        self.names = names

    def visit(self, node: ast.AST) -> ast.AST:
        """The node with its switch, and with those of what is in it."""
        if node not in self.names:
            return self.generic_visit(node)
        asked = ast.Call(ast.Name(SWITCH, ast.Load()), [ast.Constant(self.names[node])], [])
        if isinstance(node, ast.If):
            mutant = ast.UnaryOp(ast.Not(), copy.deepcopy(node.test))
            self.generic_visit(node)
            node.test = ast.copy_location(ast.IfExp(asked, mutant, node.test), node.test)
            return node
        mutant = copy.deepcopy(node)
        _change(mutant)
        if isinstance(node, ast.AugAssign):
            return ast.copy_location(ast.If(asked, [mutant], [self.generic_visit(node)]), node)
        return ast.copy_location(ast.IfExp(asked, mutant, self.generic_visit(node)), node)


def _walk(node: ast.AST, function: str = "") -> Iterator[tuple[ast.AST, str]]:
    """The nodes that can be changed, and the functions and classes around each.

    But not those in annotations, which nobody runs.
    """
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if _can_change(node):
        yield node, function
    inside = function
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        inside = f"{function}.{node.name}".lstrip(".")
    for name, field in ast.iter_fields(node):
        if name not in ("annotation", "returns", "pattern"):
            for part in field if isinstance(field, list) else [field]:
                if isinstance(part, ast.AST):
                    yield from _walk(part, inside if name == "body" else function)


def _can_change(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in OTHERS and not (_is_text(node.left) or _is_text(node.right))
    if isinstance(node, ast.AugAssign):
        return type(node.op) in OTHERS and not _is_text(node.value)
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in OTHERS
    return _is_number(node) or isinstance(node, ast.BoolOp | ast.If | ast.IfExp)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float, bool)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr) and not _is_number(node)


def _change(node: ast.AST) -> str:
    """Change a node, and say what was changed."""
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        before, node.op = type(node.op), OTHERS[type(node.op)]()
        return f"{before.__name__} -> {type(node.op).__name__}"
    if isinstance(node, ast.Compare):
        before, node.ops[0] = type(node.ops[0]), OTHERS[type(node.ops[0])]()
        return f"{before.__name__} -> {type(node.ops[0]).__name__}"
    if isinstance(node, ast.Constant):
        before = node.value
        node.value = not before if isinstance(before, bool) else before + 1
        return f"{before} -> {node.value}"
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return "if -> if not"

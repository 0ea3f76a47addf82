"""A recorded graph as JSON, and back, bit for bit."""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from math import inf, isfinite, nan
from operator import itemgetter
from typing import Any, NoReturn

from autograd.clamp import Clamp, clamped
from autograd.given import listed, shown
from autograd.names import names_in
from autograd.nodes.by_hand import BY_HAND
from autograd.nodes.flat import Flat, flattened, nodes_before, rebuilt
from autograd.nodes.leaves import CONSTANT, DERIVATIVE, MADE, RESULT, STEP, Entry
from autograd.op import BUILT_IN, TABLE, Op
from autograd.powers import Power, power
from autograd.real import as_float, count
from autograd.value import Value
from autograd.visible import visible

FORMAT, VERSION = "autograd graph", 1

_LEAVES = {
    "made": MADE,
    "constant": CONSTANT,
    "result": RESULT,
    "derivative": DERIVATIVE,
    "step": STEP,
}
_LEAF_NAMES = {id(record): name for name, record in _LEAVES.items()}


def to_json(values: Value | Iterable[Value], names: object = None) -> str:
    """A graph as JSON text, from which ``from_json`` makes the same graph again, bit for bit.

    It has the data, gradients, local derivatives and labels of all nodes, and says which nodes are
    shared. It lacks attributes that you added, and the class if that is one of your own: ``pickle``
    keeps both.

    >>> x = Value(0.5, "x")
    >>> print(to_json((x * x).tanh()))
    {"format": "autograd graph", "version": 1,
     "outputs": 2,
     "kinds": [["leaf","made"],["operation","mul"],["operation","tanh"]],
     "kind": [0,1,2],
     "counts": [0,2,1],
     "data": [0.5,0.25,0.24491866240370913],
     "grads": [null,null,null],
     "inputs": [0,0,1],
     "partials": [0.5,0.5,0.940014848806378],
     "labels": [[0,"x"]]}

    The format: ``data``, ``grads``, ``kind`` (a place in ``kinds``) and ``counts`` (of inputs) have
    an entry for each node, and a node comes after its inputs. ``inputs`` and ``partials`` list
    those of all nodes, node after node. A number that JSON does not have is text:
    "inf", "-inf", "nan", or the 16 hexadecimal digits of another nan. A kind is an operation by
    name, ``["power", n]``, ``["clamp", low, high]``, ``["by hand"]`` or what a leaf stands for; a
    table of ``take`` has a ``["leaf", "table"]`` to itself. A text is written in parts where JSON
    would make one character of two, the halves of a surrogate pair.

    Args:
        values: the Value at which a graph ends, or several, which may share nodes.
        names: a dict such as ``locals()``, or a Module. What these name has that name as its label
            in the text, and parameters of a Module without a label have those of a textbook.

    Returns:
        ASCII text, for ``Path("y.json").write_text``. Usual graphs take 40 to 90 bytes per node.

    Raises:
        TypeError: ``values`` is not a Value, nor a list of them; or a number was assigned wrongly.
        ValueError: two operations, or one of yours and one that is built in, have the same name.
    """
    outputs = _outputs(values)
    nodes = nodes_before(outputs)
    flat = flattened(nodes)
    place = {id(node): i for i, node in enumerate(nodes)}
    kinds, kind = _written_kinds(flat)
    ends = [place[id(v)] for v in outputs]
    contents = {
        "outputs": ends[0] if isinstance(values, Value) else ends,
        "kinds": kinds,
        "kind": kind,
        "counts": flat.counts,
        "data": _written(flat.data, "the data of a Value was set wrongly"),
        "grads": _written(flat.grads, "the grad of a Value was set wrongly", None),
        "inputs": flat.inputs,
        "partials": _written(flat.partials, "a local derivative"),
        "labels": _labels(nodes, names),
    }
    lines = [f'"format": "{FORMAT}", "version": {VERSION}']
    lines += [f'"{key}": {_dumps(content)}' for key, content in contents.items()]
    return "{" + ",\n ".join(lines) + "}"


_dumps = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_parts = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])").split


def _outputs(values: Value | Iterable[Value]) -> list[Value]:
    what = "to_json takes a Value, or a list of Values"
    outputs = [values] if isinstance(values, Value) else listed(values, what, "what to_json takes")
    for v in outputs:
        if not isinstance(v, Value):
            raise TypeError(f"{what}; got {type(v).__name__} {shown(v)}")
    return outputs


def _labels(nodes: Sequence[Value], names: object) -> list[list[Any]]:
    found = names_in(names)
    given, textbook = found.names, found.textbook
    named = ((i, given.get(v) or v.label or textbook.get(v)) for i, v in enumerate(nodes))
    return [[i, *_parts(str(name))] for i, name in named if name]


# --- kinds ---


def _written_kinds(flat: Flat) -> tuple[list[list[Any]], list[int]]:
    """The kinds of nodes, and for each node the place of its kind."""
    place: dict[int, int] = {}
    for how in flat.how:
        place.setdefault(how, len(place))
    kinds = [_written_kind(flat.kinds[how]) for how in place]
    operations = Counter("".join(kind[1:]) for kind in kinds if kind[0] == "operation")
    name, times = max(operations.items(), key=itemgetter(1), default=("", 0))
    if times > 1:
        raise ValueError(
            f"{times} operations of this graph are called {shown(name)}, and JSON knows an "
            "operation by its name: give each its own"
        )
    return kinds, [place[how] for how in flat.how]


def _written_kind(kind: Any) -> list[Any]:
    if not isinstance(kind, Op):
        return ["leaf", _LEAF_NAMES.get(id(kind), "table" if isinstance(kind, Entry) else "made")]
    if isinstance(kind, Power):
        return ["power", *_written([kind.exponent])]
    if isinstance(kind, Clamp):
        return ["clamp", *_written([kind.low, kind.high], "", None)]
    if kind is BY_HAND:
        return ["by hand"]
    if kind.name in BUILT_IN and not kind.is_built_in:
        raise ValueError(
            f"an operation of yours in this graph is called {shown(kind.name)}, as a built-in one "
            "is, and JSON knows an operation by its name: give it another"
        )
    return ["operation", *_parts(kind.name)]


def _read_kind(kind: Any, operations: dict[str, Op]) -> Any:
    """An operation, or the record of a leaf."""
    if type(kind) is not list or not kind or type(kind[0]) is not str:
        _refuse(f"a kind of node is a list that begins with a word, and not {shown(kind)}")
    word, *settings = kind
    if word == "leaf" and settings == ["table"]:
        return Entry((None,))
    if word == "leaf" and len(settings) == 1 and type(settings[0]) is str:
        if settings[0] in _LEAVES:
            return _LEAVES[settings[0]]
    elif word == "operation" and {*map(type, settings)} == {str}:
        return _operation("".join(settings), operations)
    elif word == "by hand" and not settings:
        return BY_HAND
    elif word in _SETTINGS:
        number, make = _SETTINGS[word]
        numbers = [float(x) for x in _numbers(settings, f"the settings of {word}")]
        if len(numbers) == number and (word == "power" or all(x == x for x in numbers)):
            return make(*numbers)
    _refuse(f"there is no kind of node {shown(kind)}")


_SETTINGS: dict[str, tuple[int, Callable[..., Op]]] = {"power": (1, power), "clamp": (2, clamped)}


def _operation(name: str, operations: dict[str, Op]) -> Op:
    if name in operations:
        return operations[name]
    word = visible(name) if name.isidentifier() else "f"
    raise ValueError(
        f"the graph has the operation {shown(name)}, which is not defined here: define it first, "
        f"as in {word} = Op({shown(name)}, ...), or pass it, as in from_json(text, "
        f"operations=[{word}])"
    )


# --- numbers ---


def _written(numbers: Sequence[Any], name: str = "", *others: None) -> list[Any]:
    """Numbers as JSON has them; ``others`` are things that may stand there too.

    Raises:
        TypeError, OverflowError: one is not a real number, or too large; the message has ``name``.
    """
    return [x if type(x) is float and isfinite(x) else _special(x, name, others) for x in numbers]


def _special(x: Any, name: str, others: tuple[None, ...]) -> Any:
    if x is None and others:
        return None
    number = as_float(x, name)
    if isfinite(number):
        return x if type(x) is int else number
    bits = struct.pack(">d", number).hex()
    return repr(number) if number == number or bits == _USUAL_NAN else bits


_USUAL_NAN = struct.pack(">d", nan).hex()
_SPECIAL = {"inf": inf, "-inf": -inf, "nan": nan}
_OTHER_NAN = re.compile("[7f]ff[0-9a-f]{13}")
_TOO_LARGE = 2**1024 - 2**970  # from here on an integer is larger than any float


def _numbers(given: Any, what: str, *others: None) -> list[Any]:
    """The numbers of a list, integers as such; ``others`` are things that may stand there too."""
    if type(given) is not list:
        _refuse(f"{what} should be a list, and not {shown(given)}")
    if set(map(type, given)) == {float} and all(map(isfinite, given)):
        return given
    return [x if type(x) is float and isfinite(x) else _number(x, what, others) for x in given]


def _number(x: Any, what: str, others: tuple[None, ...]) -> Any:
    if x is None and others:
        return None
    if type(x) is int and abs(x) < _TOO_LARGE:
        return x
    if type(x) is str and x in _SPECIAL:
        return _SPECIAL[x]
    if type(x) is str and _OTHER_NAN.fullmatch(x):
        (number,) = struct.unpack(">d", bytes.fromhex(x))
        if number != number:
            return number
    _refuse(f"{what} should be numbers, and {shown(x)} is not one that to_json writes")


def _places(given: Any, what: str, end: int) -> list[int]:
    """Whole numbers from 0 to ``end`` - 1."""
    if type(given) is not list or not set(map(type, given)) <= {int}:
        _refuse(f"{what} should be a list of whole numbers")
    if given and not 0 <= min(given) <= max(given) < end:
        _refuse(
            f"{what} should be from 0 to {end - 1}, and are from {shown(min(given))} to "
            f"{shown(max(given))}"
        )
    return given


# --- reading ---


def from_json(text: str | bytes, operations: Iterable[Op] = ()) -> Any:
    """The graph that ``to_json`` wrote, bit for bit.

    >>> x = Value(0.5, "x")
    >>> y = from_json(to_json((x * x).tanh()))
    >>> y.backward()
    >>> y.inputs[0].inputs[0]
    Value(0.5, label='x', grad=0.940014849)

    Nothing that the text says is executed, and it takes memory in proportion to its length.

    Args:
        text: what ``to_json`` returned; if it is in a file, ``Path("y.json").read_text()``.
        operations: operations of your own that are not in the table, such as those of another
            module; the others are found by their names.

    Returns:
        A Value, or a list of Values if ``to_json`` was given several.

    Raises:
        ValueError: the text is damaged, or was not written by ``to_json``; or it has an operation
            that is not defined here.
        TypeError: ``text`` is not text, or ``operations`` holds something other than Ops.
    """
    given = _parsed(text)
    known = {**TABLE, **_own(operations)}
    kinds = given["kinds"]
    if type(kinds) is not list:
        _refuse("the kinds of nodes should be a list")
    records = [_read_kind(kind, known) for kind in kinds]
    kind = _places(given["kind"], "the kinds of nodes", len(records))
    inputs = _places(given["inputs"], "the inputs", len(kind))
    counts = _places(given["counts"], "the numbers of inputs", len(inputs) + 1)
    flat = Flat(
        [*records, Value],
        kind,
        [len(records)] * len(kind),
        counts,
        _numbers(given["data"], "the data"),
        _numbers(given["grads"], "the gradients", None),
        inputs,
        _numbers(given["partials"], "the local derivatives"),
    )
    _check(flat)
    nodes = rebuilt(flat)
    for place, label in _read_labels(given["labels"], len(nodes)):
        nodes[place].label = label
    ends = given["outputs"]
    if type(ends) is int:
        return nodes[_places([ends], "the outputs", len(nodes))[0]]
    return [nodes[place] for place in _places(ends, "the outputs", len(nodes))]


_KEYS = {"outputs", "kinds", "kind", "counts", "data", "grads", "inputs", "partials", "labels"}


def _parsed(text: str | bytes) -> dict[str, Any]:
    if not isinstance(text, (str, bytes)):
        raise TypeError(
            f"from_json takes the text that to_json returned; got {type(text).__name__} "
            f"{shown(text)}: if it is in a file, give Path(...).read_text()"
        )
    try:
        given = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        is_path = isinstance(text, str) and text and "{" not in text
        hint = "; if it is in a file, give Path(...).read_text()" if is_path else ""
        _refuse(f"it is not JSON: {visible(error, 200)}{hint}")
    if type(given) is not dict or given.pop("format", None) != FORMAT:
        _refuse(f'it has no "format": "{FORMAT}"')
    version = given.pop("version", None)
    if type(version) is not int or version != VERSION:
        _refuse(
            f"it has version {shown(version)} of the format, and this program reads version "
            f"{VERSION}: read it with the program that wrote it, or a newer one"
        )
    if wrong := given.keys() ^ _KEYS:
        _refuse(f"it should have {', '.join(sorted(_KEYS))}; wrong are {shown(sorted(wrong))}")
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _own(operations: Iterable[Op]) -> dict[str, Op]:
    what = "operations= takes a list of Ops"
    own = listed(operations, what, "operations=")
    for op in own:
        if not isinstance(op, Op) or op.name in BUILT_IN:
            raise TypeError(f"{what} of your own; got {shown(op)}")
    return {op.name: op for op in own}


def _check(flat: Flat) -> None:
    """Refuse lists that do not fit one another, and a node that does not come after its inputs."""
    nodes, links = len(flat.how), sum(flat.counts)
    for what, given, expected in (
        ("numbers of inputs", flat.counts, nodes),
        ("data", flat.data, nodes),
        ("gradients", flat.grads, nodes),
        ("inputs", flat.inputs, links),
        ("local derivatives", flat.partials, links),
    ):
        if len(given) != expected:
            _refuse(f"there should be {expected} {what}, and there are {len(given)}")
    arities = [kind.arity if isinstance(kind, Op) else 0 for kind in flat.kinds]
    ends = accumulate(flat.counts)
    for i, (how, n, end) in enumerate(zip(flat.how, flat.counts, ends)):
        if n != arities[how] and (arities[how] is not None or not n):
            _refuse(f"node {i} cannot have {count(n, 'input')}")
        if n and max(flat.inputs[end - n : end]) >= i:
            _refuse(f"node {i} does not come after its inputs")


def _read_labels(given: Any, nodes: int) -> Iterator[tuple[int, str]]:
    """The labels, with their places, which ascend."""
    before = -1
    for label in given if type(given) is list else [given]:
        kinds = [*map(type, label)] if type(label) is list else []
        if kinds[:1] != [int] or {*kinds[1:]} != {str}:
            _refuse(f"a label should be a place and a text, and not {shown(label)}")
        if not before < label[0] < nodes:
            _refuse(f"a label is at node {shown(label[0])}, after {before}, of {nodes}")
        before = label[0]
        yield label[0], "".join(label[1:])


def _refuse(reason: str) -> NoReturn:
    raise ValueError(f"this is not a graph that to_json wrote: {reason}")

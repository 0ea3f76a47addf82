"""Checkpoints: a training, or a trained network, in one file that holds only numbers and JSON.

The file is a safetensors file (https://github.com/huggingface/safetensors), which many tools read.
Parameters that form a vector or a matrix are stored as one tensor: ``layers.0.neurons.3.weights``
is row 3 of ``layers.0.weights``, which has shape (neurons, inputs) as in PyTorch. The optimiser's
memories of them lie beside it, as ``optimizer.means.layers.0.weights``. Settings, the state of a
random stream and the caller's notes are JSON in the header. Nothing in such a file is ever
executed, and the same state gives the same file, byte for byte.
"""

from __future__ import annotations

import errno
import json
import os
import random
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from numbers import Real
from types import NoneType
from typing import Any

from autograd.files import expanded, write_whole
from autograd.given import shown
from autograd.real import as_float, count
from autograd.visible import visible
from nn.arguments import some
from nn.module import Module
from nn.optim import Optimizer
from nn.tensor_file import FLOATS, TensorFile, packed, room_for

FORMAT = "overnight-autograd checkpoint 1"

LONGEST = 400
"""Characters that a message quotes of a file."""

MEMORIES = 3
"""Room is made for at least this many memories of an optimiser, each with a number per parameter.
Adam has two."""

MOST_DEVIATIONS = 9.0
"""``random.gauss`` draws from numbers of 53 bits: at most sqrt(-2 log 2**-53) = 8.6."""

Groups = dict[str, tuple[tuple[int, ...], list[str]]]
"""For each tensor its shape and the names of its elements, row after row."""


class CheckpointError(ValueError):
    """A file that cannot be loaded. The message says why in one sentence."""


def save_checkpoint(
    path: str | os.PathLike[str],
    model: Module,
    optimizer: Optimizer | None = None,
    stream: random.Random | None = None,
    notes: Any = None,
) -> None:
    """Write all that a training needs to go on. Readers find the old file or the new, never a part.

    The new file takes the old one's place only when it is whole and on the disk.

    Args:
        path: the file; missing folders are made.
        model: its parameters are saved.
        optimizer: the optimiser of these parameters, or of some; its settings and memories are
            saved.
        stream: the training's source of random numbers; its state is saved.
        notes: anything else that JSON can hold, such as the position in the data.

    Raises:
        ValueError: the optimiser moves a Value that is not a parameter of the model, or notes and
            settings take more than 1.5 MB.
        TypeError: the notes are something that JSON cannot hold, or arguments are in another order.
        OSError: the file cannot be written.
    """
    _check_order("save", path, model, optimizer, stream)
    tensors = {f"model.{name}": x for name, x in _grouped(model.state_dict()).items()}
    header: dict[str, Any] = {"format": FORMAT, "notes": notes}
    if optimizer is not None:
        state, names = optimizer.state_dict(), _names(model, optimizer)
        for memory in optimizer.memories:
            parts = _grouped(dict(zip(names, state.pop(memory))))
            tensors |= {f"optimizer.{memory}.{name}": x for name, x in parts.items()}
        header["optimizer"] = {"kind": type(optimizer).__name__, "settings": state}
    if stream is not None:
        header["stream"] = stream.getstate()
    write_whole(path, packed(tensors, {"checkpoint": _json(header)}))


def load_checkpoint(
    path: str | os.PathLike[str],
    model: Module | None = None,
    optimizer: Optimizer | None = None,
    stream: random.Random | None = None,
) -> Any:
    """Set model, optimiser and stream to what they were when saved; on an error nothing changes.

    Args:
        path: the file.
        model: a model with parameters of the same names and shapes; None loads no parameters.
        optimizer: an optimiser of the same kind; it is loaded only together with its model.
        stream: the source of random numbers whose state to restore.

    Returns:
        The notes.

    Raises:
        FileNotFoundError: the file does not exist.
        OSError: it cannot be read, or is a folder, a FIFO, a socket or a device.
        CheckpointError: the file is damaged, is not a checkpoint, or belongs to another model or
            optimiser. Names, shapes and types are compared before any number is read.
        TypeError: arguments are in another order, or an optimiser is given without its model.
    """
    _check_order("load", path, Module() if model is None else model, optimizer, stream)
    if optimizer is not None and model is None:
        raise TypeError("an optimiser is loaded together with its model")
    state: dict[str, float] = {}
    memories: dict[str, Any] = {}
    scratch = random.Random()
    groups = {} if model is None else grouped_names(list(model.state_dict()))
    # The parameters, and as many tensors for each memory of an optimiser, whether it is asked for
    # or not.
    copies = 1 + max(MEMORIES, len(optimizer.memories) if optimizer else 0)
    with _opened(path, copies * room_for(groups)) as file:
        header = _header(path, file)
        try:
            if model is not None:
                state = _scalars(file, "model.", groups)
            if model is not None and optimizer is not None:
                memories = _optimizer_state(file, header, model, optimizer)
            if stream is not None:
                _set(scratch, header.get("stream"))
            # Everything is checked. The one step that may still fail comes first.
            if optimizer is not None:
                optimizer.load_state_dict(memories)
        except (ValueError, KeyError, AttributeError, TypeError, OverflowError) as error:
            raise refusal(path, f"does not fit: {visible(error, LONGEST)}") from None
    if model is not None:
        model.load_state_dict(state, strict=False)  # the names were compared above
    if stream is not None:
        stream.setstate(scratch.getstate())
    return header["notes"]


def notes_and_shapes(path: str | os.PathLike[str]) -> tuple[Any, dict[str, tuple[int, ...]]]:
    """The notes of a checkpoint and the shapes of its tensors, of which none is read.

    Raises:
        FileNotFoundError, OSError, CheckpointError: as for ``load_checkpoint``.
    """
    with _opened(path) as file:
        notes = _header(path, file)["notes"]
        return notes, {name: tensor.shape for name, tensor in file.tensors.items()}


def _check_order(verb: str, path: Any, model: Any, optimizer: Any, stream: Any) -> None:
    if not (
        isinstance(path, (str, os.PathLike))
        and isinstance(model, Module)
        and isinstance(optimizer, (Optimizer, NoneType))
        and isinstance(stream, (random.Random, NoneType))
    ):
        given = ", ".join(type(x).__name__ for x in (path, model, optimizer, stream))
        raise TypeError(
            f"expected {verb}_checkpoint(path, model, optimizer, stream), the stream a "
            f"random.Random or None; got {verb}_checkpoint({given})"
        )
    if isinstance(stream, random.SystemRandom):
        raise TypeError("a SystemRandom has no state to save or load: use a random.Random(seed)")


# --- scalars and tensors ---


def _place(name: str) -> tuple[str, tuple[int, ...]]:
    """The tensor that a parameter belongs to, and where: its neuron and its last numbers."""
    parts = name.split(".")
    end = len(parts)
    while end > 1 and parts[end - 1].isdecimal():
        end -= 1
    places = [int(part) for part in parts[end:]]
    parts = parts[:end]
    for at in range(len(parts) - 2, -1, -1):
        if parts[at] == "neurons" and parts[at + 1].isdecimal():
            places.insert(0, int(parts[at + 1]))
            del parts[at : at + 2]
            break
    return ".".join(parts), tuple(places)


def grouped_names(names: Sequence[str]) -> Groups:
    """For each tensor its shape and the names of its elements, row after row.

    Parameters that do not fill a rectangle, as where a weight is shared, are a tensor each.
    """
    found: dict[str, dict[tuple[int, ...], str]] = {}
    for name in names:
        group, place = _place(name)
        found.setdefault(group, {})[place] = name
    groups: Groups = {}
    for group, members in found.items():
        places = list(members)
        rank = len(places[0])
        shape = tuple(max(place[i] for place in places) + 1 for i in range(rank))
        grid = all(len(place) == rank for place in places) and len(places) == prod(shape)
        if grid:
            groups[group] = shape, [members[place] for place in product(*map(range, shape))]
        else:
            groups.update({name: ((), [name]) for name in members.values()})
    if sum(len(members) for _, members in groups.values()) != len(names):
        return {name: ((), [name]) for name in names}  # two names for one place
    return groups


def _grouped(state: Mapping[str, float]) -> dict[str, tuple[tuple[int, ...], list[float]]]:
    """For each tensor its shape and its numbers."""
    groups = grouped_names(list(state))
    return {
        group: (shape, [state[name] for name in names]) for group, (shape, names) in groups.items()
    }


def _scalars(file: TensorFile, prefix: str, groups: Groups) -> dict[str, float]:
    """The number for each name in ``groups``, from the tensors whose names begin with ``prefix``.

    Raises:
        ValueError: tensors are missing, unexpected, or of other shapes.
    """
    there = {name[len(prefix) :] for name in file.tensors if name.startswith(prefix)}
    what = prefix.removesuffix(".")
    if missing := [name for name in groups if name not in there]:
        raise ValueError(f"{what} lacks {some(missing)}")
    if unexpected := sorted(there - set(groups)):
        raise ValueError(f"{what} has {some(unexpected)}, and none is expected")
    for group, (shape, _) in groups.items():
        tensor = file.tensors[prefix + group]
        if tensor.shape != shape:
            raise ValueError(
                f"{prefix}{visible(group)} is of shape {tensor.shape} there and {shape} here"
            )
        if tensor.kind not in FLOATS:
            kind = visible(tensor.kind)
            raise ValueError(f"{prefix}{visible(group)} holds {kind}, not floating-point numbers")
    state: dict[str, float] = {}
    for group, (_, names) in groups.items():
        state.update(zip(names, file.numbers(prefix + group)))
    return state


def _names(model: Module, optimizer: Optimizer) -> list[str]:
    """The name of each parameter of the optimiser."""
    known = {parameter: name for name, parameter in model.named_parameters()}
    strange = sum(parameter not in known for parameter in optimizer.parameters)
    if strange:
        raise ValueError(
            f"the optimiser moves {count(strange, 'Value')} that {model!r} has no name for"
        )
    return [known[parameter] for parameter in optimizer.parameters]


def _optimizer_state(
    file: TensorFile, header: Mapping[str, Any], model: Module, optimizer: Optimizer
) -> dict[str, Any]:
    """What ``load_state_dict`` of the optimiser takes."""
    saved, kind = header.get("optimizer"), type(optimizer).__name__
    if not isinstance(saved, dict) or not isinstance(saved.get("settings"), dict):
        raise ValueError("it holds no optimiser")
    if saved.get("kind") != kind:
        raise ValueError(f"its optimiser is {saved.get('kind')}, not {kind}")
    names = _names(model, optimizer)
    state = dict(saved["settings"])
    for name, setting in state.items():
        numbers = setting if isinstance(setting, list) else [setting]
        if any(isinstance(x, bool) or not isinstance(x, (int, float)) for x in numbers):
            raise ValueError(f"its optimiser's {visible(name)} is {shown(setting)}, not a number")
    groups = grouped_names(names)
    for memory in optimizer.memories:
        numbers_by_name = _scalars(file, f"optimizer.{memory}.", groups)
        state[memory] = [numbers_by_name[name] for name in names]
    return state


def _set(stream: random.Random, state: Any) -> None:
    """Set a stream to a state that was JSON.

    ``setstate`` takes what later fails, repeats 0 for ever, or gives nan.
    """
    try:
        version, numbers, kept = state
        if any(type(n) is not int or not 0 <= n < 2**32 for n in numbers):
            raise ValueError("words of 32 bits")
        if version != 3 or not (any(numbers[1:-1]) or numbers[0] >> 31):
            raise ValueError("a generator at 0 stays there")
        if kept is not None and not abs(as_float(kept)) < MOST_DEVIATIONS:
            raise ValueError("the second number of the last gauss()")
        stream.setstate((version, tuple(numbers), None if kept is None else as_float(kept)))
    except (TypeError, ValueError, OverflowError, IndexError):
        raise ValueError("it holds no state of a random stream") from None


def _json(header: Mapping[str, Any]) -> str:
    """The header as JSON, the same for the same header."""

    def plain(thing: object) -> float:
        if isinstance(thing, Real):
            return as_float(thing)  # a number of numpy's
        raise TypeError(f"JSON has no {type(thing).__name__}")

    try:
        return json.dumps(header, sort_keys=True, default=plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(
            f"notes and settings are numbers, text, None, and lists and dicts of these, with keys "
            f"of one kind: {error}"
        ) from None


# --- files ---


def refusal(path: str | os.PathLike[str], why: str) -> CheckpointError:
    """The error that says why a file is not loaded."""
    return CheckpointError(f"{visible(path, LONGEST)} {why}")


def _opened(path: str | os.PathLike[str], room: int = 0) -> TensorFile:
    whole = expanded(path)
    try:
        return TensorFile(whole, room)
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "this checkpoint does not exist", str(path)) from None
    except ValueError as error:
        raise refusal(path, f"is damaged, or is not a checkpoint: {error}") from None


def _header(path: str | os.PathLike[str], file: TensorFile) -> dict[str, Any]:
    """What ``save_checkpoint`` puts beside the tensors."""
    try:
        header = json.loads(file.notes["checkpoint"])
    except (KeyError, ValueError, RecursionError):
        raise refusal(
            path,
            "is not a checkpoint: it holds tensors, but not the JSON that save_checkpoint puts "
            "beside them",
        ) from None
    if not isinstance(header, dict) or header.get("format") != FORMAT or "notes" not in header:
        raise refusal(path, f"is not a checkpoint of this version ({FORMAT!r})")
    return header

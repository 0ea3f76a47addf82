"""Parameters under PyTorch's names: into a safetensors file, and from what PyTorch saves."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO

from autograd.extras import library
from autograd.files import expanded, open_file, write_whole
from autograd.given import shown
from autograd.value import Value, number_of
from autograd.visible import visible
from nn.arguments import check_names
from nn.checkpoint import LONGEST, CheckpointError, refusal
from nn.formats.names import Parameters, check_model, tensors_of
from nn.module import Module
from nn.tensor_file import FLOATS, TensorFile, packed, room_for

PICKLED = (".pt", ".pth", ".bin")
"""The usual suffixes of files that ``torch.save`` writes."""

MOST_AROUND, MOST_AROUND_ONE = 100_000, 2000
"""Bytes around the numbers of a file of torch.save's, and around those of each tensor. It writes
half of that with the longest of file names."""

OLDEST_TORCH = (2, 6)
"""Before it, a file could run code in spite of ``weights_only`` (CVE-2025-32434)."""

_NUMBERED = re.compile(r"(.*\.)?(\d+)\.(weight|bias)")


def save_torch(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the parameters as a safetensors file under PyTorch's names. PyTorch is not needed.

    The numbers are float64. In PyTorch, ``network.load_state_dict(load_file(path))`` reads them,
    with ``load_file`` from ``safetensors.torch``, where the network is ``nn.to_torch(model)`` or
    another that has these names. The file is replaced as a whole or not at all.

    >>> model = MLP(2, [3, 1])
    >>> save_torch(model, "model.safetensors")  # layers.0.weight, of shape (3, 2), and so on

    Args:
        model: any Module. Its activations are not saved, because PyTorch saves none.
        path: where to. Missing folders are made.

    Raises:
        ValueError: the parameters have no place in PyTorch's tensors, or one is infinite or nan.
        TypeError: arguments are in another order, or a parameter is not a number.
        OSError: the file cannot be written.
    """
    check_model(model, "save_torch(model, path)")
    suffix = expanded(path).suffix
    if suffix.lower() in PICKLED:
        raise ValueError(
            f"save_torch writes safetensors, and {suffix} is the suffix of torch.save's files: "
            f"call it {shown(expanded(path).with_suffix('.safetensors').name)}"
        )
    tensors = {
        name: (tensor.shape, [number_of(v) for v in tensor.values])
        for name, tensor in tensors_of(model).items()
    }
    for name, (_, numbers) in tensors.items():
        _check_finite(name, numbers, ": a file of save_checkpoint takes any number")
    write_whole(path, packed(tensors, {"format": "pt"}))  # which some readers ask for


def load_torch(model: Module, state: Mapping[str, Any] | str | os.PathLike[str]) -> None:
    """Set the parameters to those of a PyTorch network; on an error nothing changes.

    The names are those of ``nn.to_torch(model).state_dict()``. For an MLP they may also be numbered
    as in ``torch.nn.Sequential(Linear, Tanh, Linear)``: ``0.weight``, ``2.weight``; the layers are
    then taken in order. Activations are not in a state: give the model the same ones.

    >>> model = MLP(2, [3, 1])
    >>> load_torch(model, {"0.weight": ..., "0.bias": ..., "2.weight": ..., "2.bias": ...})

    Args:
        model: a Module of the same sizes.
        state: ``network.state_dict()``, or a file that holds one: safetensors, or what
            ``torch.save`` wrote (.pt, .pth or .bin), which PyTorch reads without running any code
            in it. Of tied weights, one name is enough.

    Raises:
        ValueError: names or shapes do not fit, a tensor does not hold finite floating-point
            numbers, or tied weights differ.
        CheckpointError: the same of a file, or it is damaged. (It is a ValueError.)
        TypeError: arguments are in another order, or an entry is not a tensor.
        ModuleNotFoundError: a .pt file needs PyTorch, which is not installed.
        OSError: the file does not exist, or it cannot be read.
    """
    check_model(model, "load_torch(model, state)")
    wanted = tensors_of(model)
    numbers: dict[Value, float]
    if isinstance(state, Mapping):
        numbers = _fitting(model, wanted, {n: _shape(n, t) for n, t in state.items()}, state.get)
    elif isinstance(state, (str, os.PathLike)):
        numbers = _of_file(model, wanted, state)
    else:
        hint = ": write network.state_dict()" if hasattr(state, "state_dict") else ""
        raise TypeError(
            f"a state is a dict of tensors or the path of a file; got {type(state).__name__}{hint}"
        )
    for value, number in numbers.items():
        value.data = number


# --- what fits ---


def _fitting(
    model: Module,
    wanted: Mapping[str, Parameters],
    shapes: Mapping[str, tuple[int, ...]],
    read: Callable[[str], Any],
) -> dict[Value, float]:
    """A number for each parameter. Names and shapes are compared before any tensor is read.

    Args:
        shapes: those of the tensors that are given, by name.
        read: gives a tensor, or its numbers row after row.
    """
    theirs = _in_order(wanted, shapes) or {name: name for name in wanted if name in shapes}
    there = {v for name in theirs for v in wanted[name].values}
    missing = [name for name, t in wanted.items() if not there.issuperset(t.values)]
    check_names(
        [*theirs.values(), *missing],
        shapes,
        f"the names do not fit {model!r}, which needs those that save_torch(model, path) writes",
    )
    for name, other in theirs.items():
        if shapes[other] != wanted[name].shape:
            raise ValueError(
                f"{visible(other)} is of shape {shapes[other]}, and {model!r} needs "
                f"{wanted[name].shape}: choose a model of the same sizes"
            )
    found: dict[Value, float] = {}
    origin: dict[Value, str] = {}
    for name, other in theirs.items():
        for value, number in zip(wanted[name].values, _numbers(other, read(other))):
            if found.setdefault(value, number) != number:
                raise ValueError(
                    f"{visible(origin[value])} and {visible(other)} share weights in {model!r}, "
                    "and differ in this state: give a model whose weights are not tied"
                )
            origin.setdefault(value, other)
    return found


def _in_order(wanted: Iterable[str], given: Iterable[str]) -> dict[str, str]:
    """For each name that is wanted the one given in its place, where both are numbered layers."""
    ours, theirs = _numbered(wanted), _numbered(given)
    parts = [[sorted(layer) for layer in layers] for layers in (ours, theirs)]
    if not ours or parts[0] != parts[1]:
        return {}
    return {a[part]: b[part] for a, b in zip(ours, theirs) for part in a}


def _numbered(names: Iterable[str]) -> list[dict[str, str]]:
    """The layers in the order of their numbers: for each part the whole name. [] if any name is
    built in another way, or they lie in several places."""
    found = [_NUMBERED.fullmatch(name) for name in names if isinstance(name, str)]
    layers: dict[int, dict[str, str]] = {}
    for match in found:
        if match is None or match[1] != (found[0] or match)[1]:
            return []
        layers.setdefault(int(match[2]), {})[match[3]] = match[0]
    return [layers[number] for number in sorted(layers)]


def _shape(name: Any, tensor: Any) -> tuple[int, ...]:
    """The shape of a tensor of PyTorch's, or an array of another library's."""
    try:
        is_tensor = hasattr(tensor, "shape") and hasattr(tensor, "tolist")
    except RuntimeError:  # a nested tensor has no one shape
        raise _without_rows(name) from None
    if not is_tensor:
        inner = isinstance(tensor, Mapping)
        hint = f": give that dict, state[{shown(name)}]" if inner else ""
        raise TypeError(f"{shown(name)} is {type(tensor).__name__}, not a tensor{hint}")
    if "float" not in str(tensor.dtype):
        raise ValueError(
            f"{visible(name)} holds {visible(tensor.dtype)}, not floating-point numbers: convert "
            "it with .double()"
        )
    return tuple(tensor.shape)


def _numbers(name: str, tensor: Any) -> list[float]:
    """Its numbers, row after row."""
    try:
        numbers: list[float] = tensor if isinstance(tensor, list) else tensor.reshape(-1).tolist()
    except RuntimeError:
        raise _without_rows(name) from None
    _check_finite(name, numbers)
    return numbers


def _check_finite(name: str, numbers: Iterable[float], way_out: str = "") -> None:
    for number in numbers:
        if not math.isfinite(number):
            raise ValueError(
                f"{visible(name)} holds {number}, and a state holds finite numbers{way_out}"
            )


def _without_rows(name: Any) -> ValueError:
    return ValueError(
        f"{visible(name)} has no numbers in rows (it is sparse, nested, or on the device meta): "
        "convert it with .to_dense()"
    )


# --- files ---


def _of_file(
    model: Module, wanted: Mapping[str, Parameters], path: str | os.PathLike[str]
) -> dict[Value, float]:
    whole = expanded(path)
    try:
        if whole.suffix.lower() in PICKLED:
            state = _unpickled(whole, model, wanted)
            shapes = {name: _shape(name, tensor) for name, tensor in state.items()}
            return _fitting(model, wanted, shapes, state.get)
        with TensorFile(whole, room_for(wanted)) as file:
            shapes = {name: _shape_in(file, name) for name in file.tensors}
            return _fitting(model, wanted, shapes, lambda name: list(file.numbers(name)))
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "the file does not exist", str(path)) from None
    except CheckpointError:
        raise
    except (ValueError, TypeError) as error:
        raise refusal(path, f"cannot be loaded: {visible(error, LONGEST)}") from None


def _shape_in(file: TensorFile, name: str) -> tuple[int, ...]:
    tensor = file.tensors[name]
    if tensor.kind not in FLOATS:
        raise ValueError(
            f"{visible(name)} holds {visible(tensor.kind)}, and {', '.join(FLOATS)} can be read: "
            "convert it with .double() and save it again"
        )
    return tensor.shape


def _unpickled(
    path: os.PathLike[str], model: Module, wanted: Mapping[str, Parameters]
) -> Mapping[Any, Any]:
    """What torch.save wrote, read without running code."""
    torch = library("torch", "load_torch of a file of torch.save's")
    version = tuple(int(n) for n in re.findall(r"\d+", torch.__version__)[:2])
    if version < OLDEST_TORCH:
        raise refusal(
            path,
            f"could run code when PyTorch {visible(torch.__version__)} reads it: install PyTorch "
            f"{'.'.join(map(str, OLDEST_TORCH))} or newer, or save it as safetensors",
        )
    with open_file(path) as file:
        _check_size(file, path, model, wanted)
        try:
            _check_archive(file)
            state = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # of any kind, as the file may hold anything
            raise refusal(
                path, "is damaged, or holds more than tensors: save network.state_dict() alone"
            ) from error
    if not isinstance(state, Mapping):
        raise refusal(path, f"holds {type(state).__name__}, not a state_dict")
    return state


def _check_size(
    file: BinaryIO, path: os.PathLike[str], model: Module, wanted: Mapping[str, Parameters]
) -> None:
    """Refuse a file that is larger than these parameters: PyTorch would take long to read it."""
    size = os.fstat(file.fileno()).st_size
    most = MOST_AROUND + sum(8 * len(t.values) + MOST_AROUND_ONE for t in wanted.values())
    if size > most:
        raise refusal(
            path,
            f"has {size:,} bytes, and {most:,} are enough for the parameters of {model!r}: choose "
            "a model of the same sizes, and save network.state_dict() alone",
        )


def _check_archive(file: BinaryIO) -> None:
    """Raise ValueError if a part of it becomes larger when PyTorch reads it."""
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(file) as archive:
        if any(part.file_size != part.compress_size for part in archive.infolist()):
            raise ValueError("it is compressed, which torch.save does not do")
    file.seek(0)

"""The module of kernels: written, compiled by LLVM once for a machine, kept on the disk, loaded.

It knows no program, so there are two at most: for float64 and for float32. The object is kept by
what it depends on: the source of the kernels, the processor, the version of LLVM.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograd.compiler.machine import cache
from autograd.compiler.machine.kernels.line import Target

REALS = {8: "double", 4: "float"}
"""The type of a number, by its size in bytes."""

SPEED = 2
"""How hard LLVM's code generator tries, from 0 to 3."""

LIBM = ("sin", "cos", "tan", "atan2", "erf", "erfc")
"""The functions that kernels call number by number."""


@dataclass(frozen=True)
class Machine:
    """The functions of a loaded module.

    Attributes:
        run: ``run(table, arena, ints)`` runs a table; each argument is an address.
        address: the address of any function of the module.
        from_disk: whether it was found compiled.
    """

    run: Callable[[int, int, int], None]
    address: Callable[[str], int]
    from_disk: bool


_loading = threading.Lock()
_machines: dict[int, Machine] = {}
_kept_alive: list[Any] = []


def machine(itemsize: int = 8) -> Machine:
    """The machine for numbers of 8 or 4 bytes. It is made once in a process."""
    with _loading:
        if itemsize not in _machines:
            _machines[itemsize] = _machine(itemsize)
        return _machines[itemsize]


@contextmanager
def made_meanwhile(itemsize: int) -> Iterator[None]:
    """While the block runs, another thread makes the machine. LLVM needs no lock of Python's, so
    where there are two processors, what takes longer is all that a user waits for."""
    if itemsize in _machines:
        yield
        return

    def make() -> None:
        with suppress(Exception):  # whoever needs the machine will meet it again
            machine(itemsize)

    thread = threading.Thread(target=make)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _machine(itemsize: int) -> Machine:
    cpu, features, binding = _host()
    fused = bool({"+fma", "+neon"} & set(features.split(",")))
    target = Target(REALS[itemsize], vector_bytes(features), fused)
    key = "\0".join([repr(target), cpu, features, *map(str, binding.llvm_version_info), _source()])
    name = hashlib.sha256(key.encode()).hexdigest()
    content = cache.read(name)
    found = content is not None
    if content is None:
        content = compiled(target, cpu, features)
        cache.write(name, content)
    return _loaded(content, cpu, features, found)


def _host() -> tuple[str, str, Any]:
    """The processor, its features, and llvmlite."""
    import llvmlite.binding as binding

    features = binding.get_host_cpu_features().flatten()
    return binding.get_host_cpu_name(), features, binding


def vector_bytes(features: str) -> int:
    """How wide the vectors of a processor with these features are; every one has 16."""
    present = features.split(",")
    return 64 if "+avx512f" in present else 32 if "+avx2" in present else 16


def _source() -> str:
    """The text that the module is made from."""
    here = Path(__file__).parent
    paths = [here / "opcodes.py", Path(__file__), *sorted((here / "kernels").glob("*.py"))]
    return "".join(path.read_text("utf-8") for path in paths)


def compiled(target: Target, cpu: str, features: str) -> bytes:
    """The module as an object file of this processor."""
    import llvmlite.binding as binding

    from autograd.compiler.machine.kernels.module import text

    module = binding.parse_assembly(text(target))
    return bytes(_generator(cpu, features).emit_object(module))


def _generator(cpu: str, features: str) -> Any:
    import llvmlite.binding as binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple()
    return target.create_target_machine(cpu=cpu, features=features, opt=SPEED, jit=True)


def _loaded(content: bytes, cpu: str, features: str, found: bool) -> Machine:
    import llvmlite.binding as binding

    libm = _libm()
    for name in LIBM:
        address = ctypes.cast(getattr(libm, name), ctypes.c_void_p).value
        binding.add_symbol(name, address)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _generator(cpu, features))
    engine.add_object_file(binding.ObjectFileRef.from_data(content))
    engine.finalize_object()
    _kept_alive.append(engine)
    address = engine.get_function_address("run")
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    return Machine(kind(address), engine.get_function_address, found)


def _libm() -> ctypes.CDLL:
    """C's mathematical functions, wherever Python has them from."""
    if sys.platform == "win32":
        return ctypes.CDLL("ucrtbase")
    # Python's module math is linked with them, or Python itself is.
    return ctypes.CDLL(getattr(math, "__file__", None))

"""Notice when another package has been installed over this one.

The name ``autograd`` on the package index belongs to another project, whose files go into the
same folder. pip overwrites them without a word, and half of each is left.
"""

from __future__ import annotations

import sys
from pathlib import Path

OURS = "overnight-autograd"
ADVICE = (
    f"Give each its own environment; or, in this one, pip uninstall autograd, then "
    f"pip install --force-reinstall {OURS}"
)


HERE = Path(__file__).parent


def check(package: Path = HERE) -> None:
    """Raise ImportError if the files of this package are mixed with another's, or replaced.

    It reads pip's records of the distributions beside ``package``. An ``autograd`` in any other
    folder does no harm, and is not an error.
    """
    loaded = getattr(sys.modules.get("autograd"), "__file__", None)
    if package == HERE and loaded and Path(loaded).parent.resolve() != HERE.resolve():
        # An editable install: Python finds the other one first, and then modules of both.
        raise ImportError(
            f"the package autograd at {loaded} is not ours, at {HERE}, which {OURS} needs. {ADVICE}"
        )
    site = package.parent
    for foreign in sorted(site.glob("autograd-*.dist-info/RECORD")):
        shared = [name for name, _ in _files(foreign) if name.startswith(f"{package.name}/")]
        if shared:
            other = foreign.parent.name.removesuffix(".dist-info")
            raise ImportError(
                f"{other} and {OURS} are installed in the same folder, {package}, and pip has "
                f"overwritten files of one with files of the other, such as {shared[0]}. "
                f"{ADVICE}"
            )
    for own in site.glob("overnight_autograd-*.dist-info/RECORD"):
        recorded = dict(_files(own)).get(f"{package.name}/__init__.py")
        if recorded and recorded != _hash(package / "__init__.py"):
            raise ImportError(
                f"{package / '__init__.py'} is not the file that {OURS} installed: another "
                f"package named autograd has overwritten or removed it. {ADVICE}"
            )


def _files(record: Path) -> list[tuple[str, str]]:
    """Each file that a distribution installed, and its hash."""
    import csv  # here, because few imports of the package come to this

    with record.open(encoding="utf-8", newline="") as lines:
        return [(row[0], row[1]) for row in csv.reader(lines) if len(row) > 1]


def _hash(file: Path) -> str:
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    if not file.exists():
        return "absent"
    digest = sha256(file.read_bytes()).digest()
    return "sha256=" + urlsafe_b64encode(digest).decode().rstrip("=")

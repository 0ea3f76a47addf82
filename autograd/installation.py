"""Notice when another package has been installed over this one.

The name ``autograd`` on the package index belongs to another project, whose files go into the
same folder. pip overwrites without a word, and what is left is half of each.
"""

from __future__ import annotations

from pathlib import Path

OURS = "overnight-autograd"


def check(package: Path = Path(__file__).parent) -> None:
    """Raise ImportError if a foreign distribution owns files in this package's folder.

    Only the folder that this package was imported from counts: an ``autograd`` installed
    elsewhere does no harm.
    """
    for record in sorted(package.parent.glob("autograd-*.dist-info/RECORD")):
        owned = [line.split(",")[0] for line in record.read_text(encoding="utf-8").splitlines()]
        shared = [name for name in owned if name.startswith(f"{package.name}/")]
        if shared:
            raise ImportError(
                f"{record.parent.name.removesuffix('.dist-info')} and {OURS} are installed in the "
                f"same environment and share the folder {package}, so each has overwritten files "
                f"of the other ({shared[0]} for one). Use an environment of its own for each, or "
                f"here: pip uninstall autograd, then pip install --force-reinstall {OURS}"
            )

"""What a demo leaves behind to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Exhibit:
    """A picture or a page that a demo made.

    Attributes:
        path: the file, in the output folder.
        caption: one sentence on what there is to see.
    """

    path: Path
    caption: str

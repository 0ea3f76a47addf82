"""Every link of a folder of pages, followed. Nothing here asks a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"src", "srcset", "poster", "data"}
"""Attributes whose address a browser loads by itself; those of ``link`` too."""

# A page of the engine keeps its moment in its address, as #step=29.
MOMENT = re.compile(r"\w+=")


class Page(HTMLParser):
    """The links and the places of a page.

    Attributes:
        links: each address, and whether the browser loads it by itself.
        places: what an address may name after #.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[tuple[str, bool]] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what an element names and where it leads."""
        for name, given in attributes:
            if name == "id" and given:
                self.places.add(given)
            elif name == "href" or name in LOADS:
                self.links.append((given or "", tag == "link" or name in LOADS))


def broken(folder: Path) -> Iterator[str]:
    """What is wrong with the links of the pages in a folder, a sentence each."""
    pages = {path.resolve(): Page(path) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        for address, loaded in page.links:
            if fault := _fault(address, loaded, path, pages, folder.resolve()):
                yield f"{path.relative_to(folder.resolve())} links to {address!r}: {fault}"
    for path in sorted(folder.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        for address in re.findall(r"(?:url\(|@import )\s*[\"']?(https?:[^\"')]+)", text):
            yield f"{path.relative_to(folder)} loads {address!r} from a network"


def _fault(address: str, loaded: bool, path: Path, pages: dict[Path, Page], folder: Path) -> str:
    parts = urlsplit(address)
    if parts.scheme in ("http", "https") or parts.netloc:
        if loaded:
            return "a browser would load it from a network"
        return "" if re.fullmatch(r"[\w.-]+\.\w+", parts.netloc) else "it names no host"
    if parts.scheme:
        return "" if parts.scheme in ("data", "mailto", "blob") else "it is not relative"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_relative_to(folder):
        return "it leads out of the folder"
    if not target.is_file():
        return "the file does not exist"
    place = unquote(parts.fragment)
    if place and target in pages and not MOMENT.match(place) and place not in pages[target].places:
        return "the page does not have that place"
    return ""

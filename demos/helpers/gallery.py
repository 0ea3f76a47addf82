"""The pictures and pages that demos make, and the gallery page that shows them.

The gallery is one HTML file without scripts. It opens with the pages, each shown small and live in
a frame. Pictures and pages lie beside it, and it needs no network. Everything that demos print, and
the names of their files, are escaped as plain text.
"""

from __future__ import annotations

import base64
import html
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from autograd.files import read_text, write_whole
from demos.helpers.gallery_style import EXHIBITS, PAGE, STYLE

PAGES = {".html", ".htm"}
PICTURES = {".png", ".svg", ".gif", ".jpg", ".jpeg", ".webp"}
ANIMATIONS = {".gif", ".webp"}


@dataclass(frozen=True)
class Exhibit:
    """A picture or a page that a demo made.

    Attributes:
        path: the file, in the output folder.
        caption: one sentence that says what it shows.
        question: the question that it answers, if it answers one.
    """

    path: Path
    caption: str
    question: str = ""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """The picture itself, where it is last in the cell of a notebook."""
        kind = self.path.suffix.lower()
        if kind == ".svg":
            return {"image/svg+xml": self.path.read_text(encoding="utf-8")}
        if kind in (".png", ".gif"):
            encoded = base64.b64encode(self.path.read_bytes()).decode()
            return {f"image/{kind[1:]}": encoded}
        return {}


@dataclass(frozen=True)
class Section:
    """A demo in the gallery.

    Attributes:
        number: its place in the course.
        name: its name on the command line.
        title: its title.
        summary: half a sentence that says what it does.
        exhibits: the pictures and pages it made.
        printed: the text it printed.
        trouble: why it failed, if it did.
        made: when and how it was run.
    """

    number: int
    name: str
    title: str
    summary: str
    exhibits: Sequence[Exhibit]
    printed: str
    trouble: str = ""
    made: str = ""


def save_gallery(sections: Sequence[Section], path: Path) -> Path:
    """Write the page that shows what demos made; write it completely or not at all.

    Args:
        sections: the demos that were run.
        path: the file to write. Files in the same folder are linked by their names alone. If the
            page exists, the sections of other demos stay as they are.

    Returns:
        ``path``.
    """
    tiles, entries, bodies = (earlier(part, path) for part in (TILES, ENTRY, BODY))
    for section in sections:
        tiles[section.number] = show_tiles(section, path.parent)
        entries[section.number] = show_entry(section)
        bodies[section.number] = show_section(section, path.parent)
    pages, contents, body = (
        "".join(parts[n] for n in sorted(parts)) for parts in (tiles, entries, bodies)
    )
    whole = PAGE.format(style=STYLE + EXHIBITS, pages=pages, contents=contents, body=body)
    write_whole(path, whole.encode())
    return path


def is_gallery(path: Path) -> bool:
    """Whether ``path`` is a page with the section of a demo."""
    return bool(earlier(BODY, path))


def _part(begin: str, end: str) -> re.Pattern[str]:
    """From a begin to the next end, with no other begin between: so a damaged page, in which parts
    begin and never end, is not searched anew from each."""
    start = begin.partition("(")[0]
    return re.compile(rf"{begin}(?:(?!{start}).)*?{end}", re.DOTALL)


# The three parts of a page that belong to a demo. No text of a demo can look like them, because all
# of it is escaped.
TILES = _part(r'<div class="tiles" data-demo="(\d{1,9})">\n', "</div>\n")
ENTRY = _part(r'<li value="(\d{1,9})">', "</li>\n")
BODY = _part(r'<section aria-labelledby="demo-(\d{1,9})">\n', "</section>\n")


def earlier(part: re.Pattern[str], path: Path) -> dict[int, str]:
    """These parts of an existing page, by the numbers of their demos."""
    page = read_text(path) if path.is_file() else ""
    return {int(found[1]): found[0] for found in part.finditer(page)}


def show_tiles(section: Section, folder: Path) -> str:
    """The pages of a demo, small and live, for the top of the gallery."""
    tiles = "".join(
        f'<a class="tile" href="{link(exhibit, folder)}"><span class="screen">'
        f'<iframe src="{link(exhibit, folder)}" title="{text(exhibit.caption)}" '
        f'sandbox="allow-scripts" loading="lazy" inert></iframe></span>'
        f"<b>{text(section.title)}</b> <span>{text(exhibit.caption)}</span></a>\n"
        for exhibit in section.exhibits
        if is_page(exhibit) and exhibit.path.is_file()
    )
    return f'<div class="tiles" data-demo="{section.number}">\n{tiles}</div>\n' if tiles else ""


def show_entry(section: Section) -> str:
    """A line of the contents."""
    return (
        f'<li value="{section.number}"><a href="#demo-{section.number}">{text(section.title)}</a>'
        f"<span> – {text(section.summary)}</span></li>\n"
    )


def show_section(section: Section, folder: Path) -> str:
    """A demo: its summary, what it made, what it printed."""
    here = f"demo-{section.number}"
    exhibits = "".join(show_exhibit(exhibit, folder) for exhibit in section.exhibits)
    made = f"Made {text(section.made)}. " if section.made else ""
    absent = "".join(f'<p class="absent">{text(reason)}</p>\n' for reason in excuses(section))
    return f"""\
<section aria-labelledby="{here}">
<h2 id="{here}"><span class="number">{section.number}</span> {text(section.title)}</h2>
<p class="summary">{text(sentence(section.summary))}</p>
{exhibits}{absent}{show_printed(section)}\
<p class="again">{made}Run it again: <code>python -m demos {text(section.name)}</code></p>
</section>
"""


def show_printed(section: Section) -> str:
    """The text that a demo printed, folded away; nothing if it printed nothing."""
    if not section.printed.strip():
        return ""
    # Long lines scroll sideways, so the keyboard must be able to reach them.
    return f"""\
<details>
<summary>What it printed</summary>
<pre tabindex="0" role="group" aria-label="What {text(section.title)} printed">
{text(section.printed)}</pre>
</details>
"""


def show_exhibit(exhibit: Exhibit, folder: Path) -> str:
    """A picture in a frame, another file as a link on a card, a missing file as a sentence."""
    kind = exhibit.path.suffix.lower()
    name, caption, address = text(exhibit.path.name), text(exhibit.caption), link(exhibit, folder)
    if not exhibit.path.is_file():
        return f'<p class="absent">{caption} The file is missing: {name}</p>\n'
    if kind not in PICTURES:
        call = "Open the page" if is_page(exhibit) else "Open the file"
        return (
            f'<p class="card"><a href="{address}">{call} <code>{name}</code></a>'
            f"<span>{caption}</span></p>\n"
        )
    paper = "drawing" if kind == ".svg" else "raster"
    picture = f'<a href="{address}"><img class="{paper}" src="{address}" alt="{caption}"></a>'
    if kind in ANIMATIONS:
        # Readers can fold an animation away; those who asked for less motion must press Play.
        picture = (
            f'<details class="moving" open><summary>Animation</summary>{picture}'
            f'<p class="ask"><a href="{address}">Play {name}</a></p></details>'
        )
    question = f"<h3>{text(exhibit.question)}</h3>\n" if exhibit.question else ""
    return f"{question}<figure>{picture}<figcaption>{caption}</figcaption></figure>\n"


def is_page(exhibit: Exhibit) -> bool:
    """Whether it is a page for a browser."""
    return exhibit.path.suffix.lower() in PAGES


def link(exhibit: Exhibit, folder: Path) -> str:
    """The address of a file, relative to the page if the file lies in or below its folder."""
    try:
        inside = exhibit.path.resolve().relative_to(folder.resolve())
    except ValueError:
        return exhibit.path.resolve().as_uri()
    return quote(os.fsencode(inside.as_posix()))


def excuses(section: Section) -> list[str]:
    """Why pictures are missing: each reason once, in the words of the demo."""
    found = re.findall(r"^ *no (?:picture|animation): (.+)$", section.printed, re.MULTILINE)
    reasons = [sentence(f"no picture: {reason}") for reason in dict.fromkeys(found)]
    if section.trouble:
        reasons.append(sentence(f"it failed: {section.trouble}"))
    return reasons if reasons or section.exhibits else ["This demo made no pictures."]


def sentence(phrase: str) -> str:
    """The phrase with a capital letter and a full stop."""
    return f"{phrase[:1].upper()}{phrase[1:]}{'' if phrase.endswith(('.', '!', '?')) else '.'}"


def text(anything: str) -> str:
    """The text as HTML, for an element or an attribute; characters without a glyph become �."""
    shapeless = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
    return html.escape(re.sub(shapeless, "\ufffd", anything))

"""The pictures and pages that demos make, and the gallery page that shows them.

The gallery is one HTML file without scripts. Pictures and other pages lie beside it, and it needs
no network. Everything that demos print, and the names of their files, are escaped as plain text.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from autograd.files import write_whole

PICTURES = {".png", ".svg", ".gif", ".jpg", ".jpeg", ".webp"}
ANIMATIONS = {".gif", ".webp"}


@dataclass(frozen=True)
class Exhibit:
    """A picture or a page that a demo made.

    Attributes:
        path: the file, in the output folder.
        caption: one sentence that says what it shows.
    """

    path: Path
    caption: str


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
    entries, bodies = earlier(ENTRY, path), earlier(BODY, path)
    for section in sections:
        entries[section.number] = show_entry(section)
        bodies[section.number] = show_section(section, path.parent)
    contents, body = ("".join(parts[n] for n in sorted(parts)) for parts in (entries, bodies))
    write_whole(path, PAGE.format(style=STYLE, contents=contents, body=body).encode())
    return path


def is_gallery(path: Path) -> bool:
    """Whether ``path`` is a page with the section of a demo."""
    return bool(earlier(BODY, path))


# The two parts of a page that belong to a demo. No text of a demo can look like them, because all
# of it is escaped.
ENTRY = re.compile(r'<li value="(\d+)">.*?</li>\n', re.DOTALL)
BODY = re.compile(r'<section aria-labelledby="demo-(\d+)">\n.*?</section>\n', re.DOTALL)


def earlier(part: re.Pattern[str], path: Path) -> dict[int, str]:
    """These parts of an existing page, by the numbers of their demos."""
    page = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return {int(found[1]): found[0] for found in part.finditer(page)}


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
        call = "Open the page" if kind in (".html", ".htm") else "Open the file"
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
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>\n"


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


STYLE = """\
:root {
  color-scheme: light dark;
  --paper: #fffffe; --panel: #f6f7f9; --ink: #1f2933; --quiet: #55606b; --line: #d3d9df;
  --accent: #2a5f96; --badge: #e8f1fb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16191d; --panel: #1e2328; --ink: #e8eaed; --quiet: #a3acb7; --line: #3a424b;
    --accent: #8fc1f2; --badge: #1b3048;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0 auto; max-width: 1080px; padding: 0 20px 40px; background: var(--paper);
  color: var(--ink); overflow-wrap: anywhere;
  font: 17px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
header { padding: 48px 0 8px; }
h1 { font-size: clamp(28px, 5vw, 42px); line-height: 1.15; margin: 0 0 12px; }
.lead { font-size: 19px; color: var(--quiet); margin: 0; max-width: 44em; }
nav ol {
  margin: 24px 0 0; padding: 16px 24px 16px 48px; background: var(--panel);
  border-radius: 10px;
}
nav li { padding: 3px 0; }
nav li::marker { color: var(--quiet); }
nav span { color: var(--quiet); }
section { border-top: 1px solid var(--line); margin-top: 48px; padding-top: 32px; }
h2 { font-size: 26px; line-height: 1.25; margin: 0; scroll-margin-top: 16px; }
.number {
  display: inline-block; min-width: 1.6em; margin-right: 6px; text-align: center; font-size: 20px;
  line-height: 1.6; color: var(--accent); background: var(--badge); border-radius: 8px;
}
.summary { color: var(--quiet); margin: 8px 0 20px; max-width: 44em; }
figure { margin: 24px 0; }
figure a { display: block; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; border-radius: 8px; }
.raster { background: #ffffff; max-width: min(100%, 860px); max-height: 660px; }
@media (prefers-color-scheme: dark) { .raster { padding: 6px; filter: brightness(0.92); } }
figcaption {
  color: var(--quiet); font-size: 15px; margin: 10px auto 0; max-width: 48em;
  text-align: center;
}
.card {
  border: 1px solid var(--line); background: var(--panel); border-radius: 10px;
  padding: 14px 18px; margin: 16px 0;
}
.card a { font-weight: 600; display: block; }
.card span { color: var(--quiet); }
.absent { border-left: 4px solid var(--line); padding: 4px 14px; color: var(--quiet); }
summary { cursor: pointer; padding: 6px 0; width: fit-content; }
details[open] > summary { margin-bottom: 6px; }
pre {
  margin: 0; padding: 14px 18px; overflow-x: auto; background: var(--panel); border-radius: 10px;
  overflow-wrap: normal;
}
pre, code {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: 14px; line-height: 1.45;
}
.again { color: var(--quiet); font-size: 15px; margin: 12px 0 0; }
.again code { display: inline-block; }
.ask { display: none; }
@media (prefers-reduced-motion: reduce) {
  html { scroll-behavior: auto; }
  .moving img { display: none; }
  .ask { display: block; }
}
footer {
  border-top: 1px solid var(--line); margin-top: 56px; padding-top: 16px; color: var(--quiet);
  font-size: 15px;
}
@media (max-width: 600px) {
  body { font-size: 16px; padding: 0 14px 32px; }
  header { padding-top: 28px; }
  nav ol { padding: 10px 12px 10px 36px; }
  section { margin-top: 36px; padding-top: 24px; }
  pre { font-size: 12px; padding: 10px 12px; }
  /* Wide pictures stay legible, because they scroll sideways. */
  figure a { overflow-x: auto; }
  .drawing { max-width: none; max-height: 200px; }
}
@media print { details:not([open]) { display: none; } section { break-inside: avoid; } }
"""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'">
<title>Neural networks, from the chain rule up</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>Neural networks, from the chain rule up</h1>
<p class="lead">Pictures and pages made with a scalar autograd engine: ordinary arithmetic on
numbers that remember where they came from. Small programs, which you can read from top to bottom,
computed, trained and drew everything here. Click a picture to enlarge it.</p>
</header>
<nav aria-label="Contents">
<ol>
{contents}</ol>
</nav>
<main>
{body}</main>
<footer>
<p>Made by <code>python -m demos</code>. This page works offline: copy its folder to show it
anywhere.</p>
</footer>
</body>
</html>
"""

"""What demos leave behind to be looked at, and the page that shows all of it.

The page is one file of HTML without a script. Pictures and other pages lie beside it, and it needs
no network. What demos say and how they call their files is text to it, whatever it contains.
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
        caption: one sentence on what there is to see.
    """

    path: Path
    caption: str


@dataclass(frozen=True)
class Section:
    """A demo in the gallery.

    Attributes:
        number: its place in the course.
        name: what one types to run it.
        title: what it is called.
        summary: half a sentence on what it does.
        exhibits: what it made.
        printed: what it said.
        trouble: why it came to nothing, if so.
        made: when it was run, and how.
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
    """Write the page that shows what demos made, whole or not at all.

    Args:
        sections: the demos that were run.
        path: where to; files in the same folder are linked by their names alone. If there is such
            a page already, it keeps its sections of other demos.

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
    """Whether there is a page with a section of a demo."""
    return bool(earlier(BODY, path))


# What a page has of each demo. Nothing that a demo said can look like it: all of that is escaped.
ENTRY = re.compile(r'<li value="(\d+)">.*?</li>\n', re.DOTALL)
BODY = re.compile(r'<section aria-labelledby="demo-(\d+)">\n.*?</section>\n', re.DOTALL)


def earlier(part: re.Pattern[str], path: Path) -> dict[int, str]:
    """Such parts of a page, by the numbers of their demos; none if there is no page."""
    page = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return {int(found[1]): found[0] for found in part.finditer(page)}


def show_entry(section: Section) -> str:
    """One line of the contents."""
    return (
        f'<li value="{section.number}"><a href="#demo-{section.number}">{text(section.title)}</a>'
        f"<span> – {text(section.summary)}</span></li>\n"
    )


def show_section(section: Section, folder: Path) -> str:
    """One demo: what it is, what it made, what it said."""
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
    """What a demo said, folded; nothing if it said nothing."""
    if not section.printed.strip():
        return ""
    # A long line is moved sideways, for which those without a mouse must get there.
    return f"""\
<details>
<summary>What it printed</summary>
<pre tabindex="0" role="group" aria-label="What {text(section.title)} printed">
{text(section.printed)}</pre>
</details>
"""


def show_exhibit(exhibit: Exhibit, folder: Path) -> str:
    """A picture in a frame, any other file as a card to click on, a missing one as a sentence."""
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
        # Whoever dislikes what moves can fold it away; whoever has said so is asked first.
        picture = (
            f'<details class="moving" open><summary>Animation</summary>{picture}'
            f'<p class="ask"><a href="{address}">Play {name}</a></p></details>'
        )
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>\n"


def link(exhibit: Exhibit, folder: Path) -> str:
    """The address of a file, relative to the page if it lies below it."""
    try:
        inside = exhibit.path.resolve().relative_to(folder.resolve())
    except ValueError:
        return exhibit.path.resolve().as_uri()
    return quote(os.fsencode(inside.as_posix()))


def excuses(section: Section) -> list[str]:
    """Why there are no pictures, or fewer: each reason once, in the words of the demo."""
    found = re.findall(r"^ *no (?:picture|animation): (.+)$", section.printed, re.MULTILINE)
    reasons = [sentence(f"no picture: {reason}") for reason in dict.fromkeys(found)]
    if section.trouble:
        reasons.append(sentence(f"it came to nothing: {section.trouble}"))
    return reasons if reasons or section.exhibits else ["There is no picture of this one."]


def sentence(phrase: str) -> str:
    """With a capital and a full stop."""
    return f"{phrase[:1].upper()}{phrase[1:]}{'' if phrase.endswith(('.', '!', '?')) else '.'}"


def text(anything: str) -> str:
    """As HTML that shows it, in an element or an attribute; what has no shape is a �."""
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
  /* Wide pictures stay legible: one moves them sideways. */
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
<p class="lead">Pictures and pages made by a scalar autograd engine: ordinary arithmetic on
numbers that remember where they came from. All that is here was computed, trained and drawn by
small programs that read top to bottom. Each picture opens larger.</p>
</header>
<nav aria-label="Contents">
<ol>
{contents}</ol>
</nav>
<main>
{body}</main>
<footer>
<p>Made by <code>python -m demos</code>. This page needs no network: copy its folder, and it can be
shown anywhere.</p>
</footer>
</body>
</html>
"""

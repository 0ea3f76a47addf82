"""The whole site: pages with what their code gives, made into HTML, checked, and put in place."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from autograd.files import write_whole
from demos.helpers.gallery import Section
from demos.helpers.gallery_style import EXHIBITS
from demos.site import inserts
from demos.site.course import contents, demo_page, page_name
from demos.site.links import broken
from demos.site.weave import SiteError, woven

HERE = Path(__file__).parent
PAGES = HERE / "pages"

# What the theme leaves out for those who cannot see the page, or have no mouse.
ACCESS = {
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
    '<p class="caption" role="heading">': '<p class="caption">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
}


def build(out: Path, run_course: Callable[[Path], Sequence[Section]]) -> Path:
    """Write the site into a folder. What was there is replaced only if nothing is wrong.

    Args:
        out: the folder. A playground in the folder beside it becomes a part of the site.
        run_course: runs the demos in the working folder that it is given.

    Returns:
        The first page.

    Raises:
        SiteError: a block of code fails, a demo fails, or a link leads nowhere.
    """
    out.mkdir(parents=True, exist_ok=True)
    playground = out.resolve().parent / "playground"
    with TemporaryDirectory() as temporary:
        work = Path(temporary).resolve()
        made, sources, html = work / "made", work / "sources", work / "html"
        made.mkdir()
        sources.mkdir()
        with inside(made):
            if (playground / "index.html").is_file():
                # Without its second form, which is all of it in one large file.
                one_file = shutil.ignore_patterns("playground.html")
                shutil.copytree(playground, "playground", ignore=one_file)
            write_sources(run_course(made), sources)
        write_html(sources, html)
        shutil.copytree(made, html, dirs_exist_ok=True)
        shutil.rmtree(html / "_sources", ignore_errors=True)  # empty
        if faults := list(broken(html)):
            raise SiteError("a link is broken.\n" + "\n".join(faults))
        shutil.copytree(html, out, copy_function=put, dirs_exist_ok=True)
    return out / "index.html"


def put(source: str, target: str) -> None:
    """Copy a file so that a reader finds the old one or the new one, whole."""
    write_whole(target, Path(source).read_bytes())


def write_sources(sections: Sequence[Section], sources: Path) -> None:
    """Write the pages as Sphinx reads them; what their code makes goes into the working folder."""
    names = {**vars(inserts), "contents": functools.partial(contents, sections)}
    for page in sorted(PAGES.glob("*.md")):
        text = woven(page.read_text(encoding="utf-8"), page.name, names)
        write_whole(sources / page.name, text.encode())
    for section in sections:
        name = f"{page_name(section.name)}.md"
        write_whole(sources / name, demo_page(section).encode())


def write_html(sources: Path, html: Path) -> None:
    """Let Sphinx make HTML of the pages."""
    from sphinx.cmd.build import main as sphinx

    # -W: each of its warnings is a fault. Its memory of what it read lies apart, and goes.
    options = ["-q", "-W", "--keep-going", "-c", str(HERE), "-d", str(html.parent / "doctrees")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Sphinx and its extensions say of each other
        status = sphinx([*options, str(sources), str(html)])
    if status:
        raise SiteError("the lines above say what is wrong with a page")
    write_whole(html / "_static" / "exhibits.css", EXHIBITS.encode())
    for page in html.glob("*.html"):
        write_whole(page, accessible(page.read_text(encoding="utf-8")).encode())


def accessible(html: str) -> str:
    """A page of the theme with the names and the focus that it lacks."""
    for before, after in ACCESS.items():
        html = html.replace(before, after)
    return html


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)

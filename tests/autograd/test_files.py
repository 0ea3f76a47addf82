"""Files are written whole or not at all."""

import os
from pathlib import Path

import pytest

from autograd import Value, draw, page
from autograd.files import write_whole


def test_missing_folders_are_made_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "folder" / "x.txt"
    assert write_whole(path, b"1") == path
    assert write_whole(str(path), b"2") == path
    assert path.read_bytes() == b"2"
    assert os.listdir(path.parent) == ["x.txt"]


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(here)
    y = Value(1.0, "x") + 1
    assert draw(y).save("~/pictures/x.dot") == home / "pictures" / "x.dot"
    assert page(y).save(Path("~/x.html")) == home / "x.html"
    assert draw(y).save("x~.dot").name == "x~.dot"
    assert sorted(os.listdir(home)) == ["pictures", "x.html"]
    assert os.listdir(here) == ["x~.dot"]


def test_of_one_writer_no_more_than_one_part_is_left(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"

    def killed(self, missing_ok):
        """A killed process cleans nothing up."""

    monkeypatch.setattr(os, "replace", lambda *_: None)
    monkeypatch.setattr(Path, "unlink", killed)
    for _ in range(3):
        write_whole(path, b"part", only_writer=True)
    assert os.listdir(tmp_path) == [".x.txt.part"]
    monkeypatch.undo()
    write_whole(path, b"whole", only_writer=True)
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"
    write_whole(path, b"old")

    def full(fd):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_bytes(b"old")
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("no links may be made here")
    assert write_whole(link, b"new") == link
    assert link.is_symlink()
    assert target.read_bytes() == b"new"

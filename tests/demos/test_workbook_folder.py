"""The folder of the workbook: what is written, what is kept, and the words of the command."""

import os
import sys

import pytest

from demos import workbook
from demos.__main__ import main
from demos.workbook import folder as folders
from demos.workbook.command import problems_of

FILES = [workbook.file_name(sheet) for sheet in workbook.SHEETS]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Without waiting for the disk, 13 times.
    monkeypatch.setattr(folders, "write_whole", lambda path, text: path.write_bytes(text))
    assert main(["workbook"]) == 0
    return tmp_path / "workbook"


def test_the_workbook_is_written_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["workbook"]) == 0
    folder = tmp_path / "workbook"
    assert sorted(path.name for path in folder.glob("*.py")) == FILES
    assert FILES[0] == "01_tanh.py"
    assert FILES[-1] == "13_engine.py"
    for sheet, name in zip(workbook.SHEETS, FILES):
        assert (folder / name).read_text(encoding="utf-8") == workbook.skeleton(sheet)
    printed = capsys.readouterr().out
    assert printed.startswith(
        "Your workbook is in the folder workbook: 13 sheets with 20 problems."
    )
    assert "Open workbook/01_tanh.py in an editor" in printed
    assert "python -m demos workbook check" in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_what_the_student_changed_is_kept(folder, capsys):
    mine = folder / "02_neuron.py"
    mine.write_text("mine\n")
    (folder / "03_figure_4.py").unlink()
    capsys.readouterr()
    assert main(["workbook"]) == 0
    printed = capsys.readouterr().out
    assert mine.read_text() == "mine\n"
    assert (folder / "03_figure_4.py").read_text() == workbook.skeleton("figure_4")
    assert "New in the folder workbook: 03_figure_4.py" in printed
    assert "Kept as you changed them: 02_neuron.py\n" in printed


def test_a_sheet_of_an_earlier_version_is_renewed_if_nobody_changed_it(folder, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(folders, "skeleton", lambda sheet: f"# the old {sheet}\n")
        (folder / "01_tanh.py").unlink()
        (folder / "02_neuron.py").unlink()
        assert folders.write(folder).new == FILES[:2] + FILES[2:]
    (folder / "02_neuron.py").write_text("# the old neuron\nand mine\n")
    written = folders.write(folder)
    assert written.kept == ["02_neuron.py"]
    assert (folder / "01_tanh.py").read_text() == workbook.skeleton("tanh")
    assert (folder / "02_neuron.py").read_text() == "# the old neuron\nand mine\n"


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"01_tanh.py": 3}', "[" * 100_000])
def test_without_its_record_every_changed_file_is_kept(folder, damage):
    (folder / "01_tanh.py").write_text("mine\n")
    (folder / folders.RECORD).write_text(damage)
    assert folders.write(folder).kept == ["01_tanh.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs are of Unix")
@pytest.mark.parametrize("name", ["01_tanh.py", folders.RECORD])
def test_what_is_not_a_file_gets_a_sentence_at_once(folder, name, capsys):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert main(["workbook"]) == 1
    assert f"workbook/{name}: it is a FIFO, not a file" in capsys.readouterr().err


def test_a_sheet_with_other_line_ends_is_not_a_changed_one(folder):
    sheet = folder / "01_tanh.py"
    sheet.write_bytes(sheet.read_bytes().replace(b"\n", b"\r\n"))
    assert folders.is_untouched(folder, "tanh")
    assert folders.write(folder).kept == []


def test_a_file_in_the_place_of_the_folder_gets_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["workbook", "--out", str(tmp_path / "file")]) == 1
    assert "is a file, or lies inside one; choose a folder\n" in capsys.readouterr().err


# --- check and solution ---


def test_a_new_workbook_has_everything_to_do(folder, capsys):
    capsys.readouterr()
    assert main(["workbook", "check"]) == 1
    printed = capsys.readouterr().out
    assert "  to do   tanh, neuron, figure_4, letters" in printed
    assert "engine (8 problems)" in printed
    assert "0 of 20  [....................]\nNext: tanh, in workbook/01_tanh.py\n" in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_inside_the_workbook_no_second_one_is_written(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert main(["workbook"]) == 0
    assert main(["workbook", "check", "tanh"]) == 1
    assert not (folder / "workbook").exists()
    assert "  to do   tanh\n" in capsys.readouterr().out


def test_without_a_workbook_check_says_how_to_get_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["workbook", "check"]) == 1
    assert capsys.readouterr().err == (
        "python -m demos workbook: there is no workbook in workbook: python -m demos workbook "
        "writes one\n"
    )


def test_a_missing_sheet_is_named(folder, capsys):
    (folder / "04_letters.py").unlink()
    assert main(["workbook", "check", "letters"]) == 1
    assert "workbook/04_letters.py is missing" in capsys.readouterr().err.replace("\\", "/")


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("tanh", ["tanh"]),
        ("3", ["figure_4"]),
        ("workbook/06_tanh_slope.py", ["tanh_slope"]),
        ("engine.add", ["engine.add"]),
        ("13", [f"engine.{part}" for part in workbook.sheets.ENGINE]),
    ],
)
def test_a_problem_is_meant_by_name_number_or_file(name, problems):
    assert problems_of(name) == problems


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("figure4", "there is no problem 'figure4': did you mean figure_4?"),
        ("14", "there is no problem '14': there are tanh, neuron, figure_4"),
        ("engine.ad", "there is no problem 'engine.ad': did you mean engine.add?"),
    ],
)
@pytest.mark.parametrize("action", ["check", "solution"])
def test_a_wrong_name_gets_the_nearest(action, name, sentence, capsys):
    assert main(["workbook", action, name]) == 1
    assert capsys.readouterr().err.startswith(f"python -m demos workbook: {sentence}")


def test_a_solution_is_the_sheet_filled_in(capsys):
    assert main(["workbook", "solution", "tanh"]) == 0
    assert capsys.readouterr().out == workbook.solution("tanh")
    assert main(["workbook", "solution", "engine.mul"]) == 0
    assert capsys.readouterr().out.startswith("def __mul__(self, other: Value) -> Value:\n")
    assert main(["workbook", "solution", "engine"]) == 0
    assert capsys.readouterr().out == workbook.solution("engine")

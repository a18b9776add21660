"""A notebook from the disk: read if it can be, else named with what is wrong."""

import json

import pytest

from course.authoring.stamps import ROOT, sources
from course.classroom import saved


def write(path, **content):
    path.write_text(json.dumps(content))
    return path


def test_a_built_notebook_is_read_with_its_exercises_outputs_and_stamp():
    source = sources()[3]
    notebook = saved.read(ROOT / "solutions" / f"{source.stem}.ipynb")
    assert notebook.is_of(source)
    assert not notebook.is_of(sources()[4])
    assert [cell.grade_id for cell in notebook.cells if cell.grade_id] == [
        "standard_error",
        "check_standard_error",
    ]
    assert any(cell.outputs for cell in notebook.cells)
    assert notebook.cells[0].source.startswith("# 3. ")


def test_a_source_in_lines_is_one_text(tmp_path):
    cell = {"cell_type": "code", "source": ["a = 1\n", "b = 2"]}
    (only,) = saved.read(write(tmp_path / "a.ipynb", cells=[cell])).cells
    assert (only.source, only.outputs, only.grade_id, only.id) == ("a = 1\nb = 2", [], None, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"cells": [{"cell_type": "co', "ends half-way"),
        ("", "ends half-way"),
        ("[1, 2]", "no list of cells"),
        ('{"worksheets": []}', "no list of cells"),
        ('{"cells": [{"cell_type": "code"}]}', "no type or no source"),
        ('{"cells": ["a"]}', "no type or no source"),
        ('{"cells": [{"cell_type": "code", "source": 3}]}', "no type or no source"),
        (b"\xff\xfe\x00", "ends half-way"),
    ],
    ids=["half", "empty", "a list", "an old format", "no source", "no cell", "a number", "no text"],
)
def test_what_is_no_notebook_is_named(tmp_path, text, said):
    path = tmp_path / "03_jackpots.ipynb"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(saved.Unreadable, match=said) as refused:
        saved.read(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_the_others_are_read_all_the_same(tmp_path):
    good = write(tmp_path / "a.ipynb", cells=[], metadata={"advantage": "what is this?"})
    notebooks, complaints = saved.read_all([tmp_path / "missing.ipynb", good, tmp_path])
    assert [each.path for each in notebooks] == [good]
    assert notebooks[0].source_hash is None
    assert len(complaints) == 2
    assert "no such file" in complaints[0]


def test_a_file_in_the_place_of_a_folder_is_refused_and_kept(tmp_path):
    saved.make_folder(tmp_path / "new" / "one")
    saved.make_folder(tmp_path / "new")
    file = tmp_path / "README.md"
    file.write_text("mine")
    with pytest.raises(ValueError, match=r"out must be a folder, got the file .*README\.md"):
        saved.make_folder(file)
    assert file.read_text() == "mine"

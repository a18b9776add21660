"""Tables on disk: resumed, never torn, and refused in one format; and what the README of the data says."""

import importlib
import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from course import __main__ as cli
from course import tables
from course.tables import Table, data, read_table, replace_file

COLUMNS = ("name", "seed", "score")
KEY = ("name", "seed")
TWO_RUNS = "name,seed,score\none,1,5\none,1,6\none,12,7\none,12,8\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.csv"


def table(path):
    return Table(path, COLUMNS, key=KEY)


def row(name, seed, score):
    return {"name": name, "seed": seed, "score": score}


def test_a_new_table_has_its_header_at_once_and_each_piece_as_soon_as_it_is_finished(path):
    growing = table(path)
    assert path.read_text() == "name,seed,score\n"
    growing.append([row("one", 1, 5), row("one", 1, 6)])
    growing.append(row("one", 12, score) for score in (7, 8))
    assert path.read_text() == TWO_RUNS


def test_a_second_call_goes_on_where_the_first_one_stopped(path):
    path.write_text(TWO_RUNS)
    again = table(path)
    assert again.finished() == {("one", "1"), ("one", "12")}
    again.append([row("a name, with a comma", 2, 0.5)])
    assert path.read_text() == TWO_RUNS + '"a name, with a comma",2,0.5\n'
    assert table(path).finished() == {("one", "1"), ("one", "12"), ("a name, with a comma", "2")}


def test_an_empty_file_is_a_new_table(path):
    path.write_text("")
    assert table(path).rows == []
    assert path.read_text() == "name,seed,score\n"


@pytest.mark.parametrize("torn", ["o", "one,1", "one,12", "one,12,", "one,12,9"])
def test_half_a_line_at_the_end_goes_and_with_it_the_piece_it_may_belong_to(path, torn):
    path.write_text(TWO_RUNS + torn)
    rest = table(path)
    assert rest.finished() == {("one", "1")}
    rest.append([row("one", 12, 7)])
    assert path.read_text() == "name,seed,score\none,1,5\none,1,6\none,12,7\n"


@pytest.mark.parametrize("torn", ["two", "one,2", "one,2,3"])
def test_half_a_line_of_another_piece_leaves_the_finished_ones(path, torn):
    path.write_text(TWO_RUNS + torn)
    assert table(path).finished() == {("one", "1"), ("one", "12")}


def test_half_a_header_is_a_new_table(path):
    path.write_text("name,se")
    growing = table(path)
    growing.append([row("one", 1, 5)])
    assert path.read_text() == "name,seed,score\none,1,5\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b\n1,2\n", "a,b"),
        ("seed,name,score\n", "seed,name,score"),
        (TWO_RUNS + "one,13\n", "one,13"),
        (TWO_RUNS + "one,13,4,5\none,14,1\n", "one,13,4,5"),
        ("\n", ""),
    ],
)
def test_a_table_of_something_else_is_refused_and_kept(path, text, line):
    path.write_text(text)
    says = rf"table\.csv must be a table with the columns name,seed,score, but it has the line '{line}'; move"
    for read in (table, lambda path: read_table(path, COLUMNS)):
        with pytest.raises(ValueError, match=says):
            read(path)
    assert path.read_text() == text


def test_a_row_with_other_columns_is_refused_and_nothing_is_written(path):
    growing = table(path)
    with pytest.raises(ValueError, match="must have the columns name,seed,score, got name,seed"):
        growing.append([row("one", 1, 5), {"name": "one", "seed": 1}])
    growing.append([row("two", 1, 5)])
    assert path.read_text() == "name,seed,score\ntwo,1,5\n"


def test_a_place_that_cannot_be_written_is_found_out_before_anything_is_measured(tmp_path):
    place = tmp_path / "nowhere" / "table.csv"
    with pytest.raises(FileNotFoundError) as refused:
        table(place)
    assert refused.value.filename == str(place), "not the file beside it"


@pytest.mark.parametrize("stop", ["write", "replace"])
def test_a_file_is_the_old_one_or_the_new_one_whenever_it_is_stopped(path, monkeypatch, stop):
    path.write_bytes(b"old")

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if stop == "write":
            patch.setattr(tables.Path, "write_bytes", interrupted)
        else:
            patch.setattr(tables.Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path], "nothing is left beside it"

    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_the_files_of_the_course_are_there():
    assert data("pong_agent.pt").is_file()
    columns = ["game", "episodes", "mean", "std", "standard_error", "low", "high", "mean_steps", "seed"]
    assert len(read_table(data("random_scores.csv"), columns)) == 104


def test_the_readme_of_the_data_gives_commands_that_are_understood_and_names_that_are_there():
    page = data("README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = re.findall(r"^ +\S*python -m course (.+)", page, re.MULTILINE)
    assert len(commands) >= 6
    for command in commands:
        cli._parser().parse_args(shlex.split(command))  # an argument that it does not know ends the test

    names = re.findall(r"`(course(?:\.\w+)+)", page)
    assert len(names) >= 6
    for name in names:
        module, _, thing = name.rpartition(".")
        there = hasattr(importlib.import_module(module), thing)
        assert there or importlib.util.find_spec(name), name  # a module that nobody has loaded yet

    paths = re.findall(r"`(course/[\w./]+)`", page)
    assert paths
    for path in paths:
        assert (Path(tables.__file__).parents[1] / path).exists(), path


def test_every_table_of_the_course_is_in_the_readme_and_the_other_way_round():
    page = data("README.md").read_text(encoding="utf-8")
    headings = " ".join(re.findall(r"^## (.+)", page, re.MULTILINE))
    named = set(re.findall(r"\b\w+\.(?:csv|pt)\b", headings))
    assert named == {path.name for path in data("README.md").parent.iterdir()} - {"README.md"}

"""How far a learner is, from notebooks in every state in which a learner leaves them."""

import json
import shutil
import subprocess
import sys

import pytest

from course import __main__ as cli
from course.authoring import stamps
from course.classroom import panel, progress, saved
from tests.classroom import learners
from tests.classroom.learners import BIASED, REWARD_TO_GO, STANDARD_ERROR


@pytest.fixture
def folder(tmp_path):
    return learners.hand_out(tmp_path / "notebooks", "00", "03", "05", "12")


def states(found, *lessons):
    return {
        each.exercise.name: each.state
        for each in found.standings
        if not lessons or each.exercise.lesson in lessons
    }


def standing(found, name):
    return next(each for each in found.standings if each.exercise.name == name)


def look(folder):
    return progress.look(folder, quiet=True)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A memory of its own for each test."""
    monkeypatch.setattr(progress, "CACHE", tmp_path / "build" / "progress.json")
    return progress.CACHE


@pytest.fixture
def nobody_grades(monkeypatch):
    def grade(*_, **__):
        raise AssertionError("this notebook need not be graded")

    monkeypatch.setattr(progress, "grade_one", grade)


# States


def test_what_was_handed_out_is_still_to_do_and_costs_no_process(folder, nobody_grades):
    found = look(folder)
    assert set(states(found).values()) == {"still to do"}
    assert len(found.standings) == 39
    assert (found.guesses, found.notes, found.unread) == ((), (), ())


def test_answers_are_judged_again_whatever_their_saved_outputs_say(folder):
    learners.answer(folder, "03", "standard_error", BIASED)
    learners.answer(folder, "05", "reward_to_go", REWARD_TO_GO)

    def lie(cells):
        said = {"text/plain": "standard_error: right", "text/html": "right"}
        output = {"output_type": "display_data", "data": said, "metadata": {}}
        learners.cell_of(cells, "check_standard_error")["outputs"] = [output]

    learners.edit(learners.the_notebook(folder, "03"), lie)
    learners.edit(
        learners.the_notebook(folder, "05"),
        lambda cells: cells[1].update(
            outputs=[{"output_type": "error", "ename": "NameError", "evalue": "x"}]
        ),
    )
    found = look(folder)
    assert states(found, "03", "05") == {
        "standard_error": "not yet",
        "spread_evenly": "still to do",
        "reward_to_go": "passes",
    }
    assert (
        "n - 1" in standing(found, "standard_error").cause
        or "ddof" in standing(found, "standard_error").cause
    )
    assert found.unread == ()


def test_a_loop_without_end_is_cut_and_a_helper_of_the_learners_own_is_known(folder, monkeypatch):
    monkeypatch.setattr(progress, "LIMITS", {"cpu_seconds": 1.0, "wall_seconds": 3.0})
    learners.answer(
        folder, "03", "standard_error", "def standard_error(rewards):\n    while True:\n        pass\n"
    )

    def with_a_helper(cells):
        helper = {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "source": "def half(x):\n    return x / 2\n",
        }
        cells.insert(3, helper)
        source = "def spread_evenly(score, length):\n    if length < 1:\n        raise ValueError\n"
        source += "    return np.full(length, 2 * half(score) / length)\n"
        learners.cell_of(cells, "spread_evenly")["source"] = source

    learners.edit(learners.the_notebook(folder, "05"), with_a_helper)
    found = look(folder)
    assert standing(found, "standard_error").state == "not yet"
    assert "till running" in standing(found, "standard_error").cause
    assert standing(found, "spread_evenly").state == "passes"


# Notebooks in every state


def test_a_half_written_file_is_named_and_the_others_go_on(folder, nobody_grades):
    path = learners.the_notebook(folder, "03")
    path.write_bytes(path.read_bytes()[:5_000])
    found = look(folder)
    assert standing(found, "standard_error").state == "cannot be read"
    assert standing(found, "reward_to_go").state == "still to do"
    assert len(found.unread) == 1
    assert path.name in found.unread[0]


def test_notebooks_of_somebody_else_are_passed_over(folder, nobody_grades):
    cell = {"cell_type": "code", "source": "gae = 1", "metadata": {}, "outputs": []}
    for name in ("my notes.ipynb", "03_plots.ipynb"):
        (folder / name).write_text(json.dumps({"cells": [cell], "metadata": {}}))
    found = look(folder)
    assert [note.partition(":")[0] for note in found.notes] == ["03_plots.ipynb", "my notes.ipynb"]
    assert all("no notebook of this course" in note for note in found.notes)
    assert found.unread == ()


@pytest.mark.parametrize("metadata", [{"nbgrader": {"grade_id": ["gae"]}}, {"nbgrader": 3}, [], {"x": None}])
def test_marks_of_another_kind_break_nothing(folder, nobody_grades, metadata):
    def mark(cells):
        cells[1]["metadata"] = metadata

    learners.edit(learners.the_notebook(folder, "03"), mark)
    found = look(folder)
    assert states(found, "03") == {"standard_error": "still to do"}
    assert found.unread == ()


def test_an_empty_folder_is_said_to_be_empty(tmp_path, nobody_grades):
    found = look(tmp_path)
    assert found.notes == (f"There is no notebook in {tmp_path}.",)
    assert set(states(found).values()) == {"still to do"}


def test_of_an_older_version_the_answers_count_though_the_lesson_had_another_number(folder):
    learners.answer(folder, "05", "reward_to_go", REWARD_TO_GO)
    new = learners.the_notebook(folder, "05")
    old = json.loads(new.read_text())
    old["metadata"]["advantage"]["source"] = "0123456789abcdef"
    (folder / "04_spreading_rewards.ipynb").write_text(json.dumps(old))
    new.unlink()
    found = look(folder)
    assert states(found, "04", "05")["reward_to_go"] == "passes"
    (note,) = found.notes
    assert note.startswith(
        "04_spreading_rewards.ipynb: from another version of the course; its answers count"
    )
    assert "make update" in note


def test_of_two_notebooks_of_a_lesson_the_better_answer_counts(folder):
    shutil.copy(learners.the_notebook(folder, "03"), folder / "03_jackpots-Copy1.ipynb")
    copy = folder / "03_jackpots-Copy1.ipynb"
    learners.edit(copy, lambda cells: learners.cell_of(cells, "standard_error").update(source=STANDARD_ERROR))
    found = look(folder)
    assert standing(found, "standard_error").state == "passes"
    (note,) = [each for each in found.notes if "second notebook" in each]
    assert note.startswith(
        "03_jackpots-Copy1.ipynb: a second notebook of lesson 3, beside 03_jackpots.ipynb;"
    )


def test_a_deleted_cell_and_one_that_is_there_twice(folder):
    def delete(cells):
        cells.remove(learners.cell_of(cells, "standard_error"))

    def twice(cells):
        cell = learners.cell_of(cells, "reward_to_go")
        cell["source"] = "def reward_to_go(rewards, *, gamma):\n    return rewards\n"
        cells.insert(cells.index(cell), {**cell, "id": "copy", "source": REWARD_TO_GO})

    learners.edit(learners.the_notebook(folder, "03"), delete)
    learners.edit(learners.the_notebook(folder, "05"), twice)
    found = look(folder)
    gone = standing(found, "standard_error")
    assert (gone.state, gone.cause) == (
        "still to do",
        "Its cell is gone: python -m course restart standard_error",
    )
    assert standing(found, "reward_to_go").state == "not yet"
    assert "It has 2 cells" in standing(found, "reward_to_go").cause


@pytest.mark.parametrize(
    ("source", "untouched"),
    [
        ("def f(x):\n    '''What.'''\n    # YOUR CODE HERE\n    raise NotImplementedError()\n", True),
        ("def f(x):\n    # an idea\n    raise NotImplementedError()\n", True),
        ("def f(x):\n    return x\n    raise NotImplementedError()\n", False),
        ("def f(x):\n    raise NotImplementedError('soon')\n", False),
        ("def f(x:\n    raise NotImplementedError()\n", False),
        ("y = 1\ndef f(x):\n    raise NotImplementedError()\n", False),
        ("", False),
    ],
)
def test_a_stub_is_told_from_an_answer(source, untouched):
    assert progress.is_untouched(source) == untouched


def test_every_exercise_that_is_handed_out_is_untouched():
    for path in sorted((stamps.ROOT / "notebooks").glob("*.ipynb")):
        notebook = saved.read(path)
        assert progress.lesson_in(notebook) == path.stem[:2]
        for name in (each.name for each in progress.exercises_of(path.stem[:2])):
            (cell,) = [each for each in notebook.cells if each.grade_id == name]
            assert progress.is_untouched(cell.source), name


# The cache


def test_a_verdict_is_remembered_until_the_code_changes_and_a_broken_cache_is_ignored(
    folder, cache, monkeypatch
):
    learners.answer(folder, "03", "standard_error", STANDARD_ERROR)
    assert standing(look(folder), "standard_error").state == "passes"
    calls = []
    graded = progress.grade_one
    monkeypatch.setattr(progress, "grade_one", lambda *a, **k: calls.append(1) or graded(*a, **k))

    learners.edit(learners.the_notebook(folder, "03"), lambda cells: cells[0].update(source="# my title"))
    assert standing(look(folder), "standard_error").state == "passes"
    assert calls == []

    for broken in (b'{"a": [', b"[]", b'{"x": 3}', json.dumps({"k": {"gae": ["fine", ""]}}).encode()):
        cache.write_bytes(broken)
        assert progress._Memory(cache).known == {}
    assert standing(look(folder), "standard_error").state == "passes"
    assert calls == [1]
    learners.answer(folder, "03", "standard_error", BIASED)
    assert standing(look(folder), "standard_error").state == "not yet"
    assert calls == [1, 1]


def test_what_was_judged_before_ctrl_c_is_kept(folder, monkeypatch):
    learners.answer(folder, "03", "standard_error", STANDARD_ERROR)
    learners.answer(folder, "05", "reward_to_go", REWARD_TO_GO)
    graded = progress.grade_one

    def then_stop(student, submissions, **settings):
        if submissions[0].name.startswith("05"):
            raise KeyboardInterrupt
        return graded(student, submissions, **settings)

    monkeypatch.setattr(progress, "grade_one", then_stop)
    with pytest.raises(KeyboardInterrupt):
        look(folder)
    learners.the_notebook(folder, "05").unlink()
    monkeypatch.setattr(progress, "grade_one", None)  # so that nothing more can be judged
    assert standing(look(folder), "standard_error").state == "passes"


def test_a_memory_that_cannot_be_written_costs_only_time(folder, cache):
    cache.parent.write_text("a file of that name")
    learners.answer(folder, "03", "standard_error", STANDARD_ERROR)
    assert standing(look(folder), "standard_error").state == "passes"


# What is said


def test_the_command_says_a_line_a_lesson_the_next_exercise_and_the_predictions(folder, tmp_path, capsys):
    learners.answer(folder, "03", "standard_error", STANDARD_ERROR)
    learners.guess(folder, "03", "4.5", "95", "20")
    picture = tmp_path / "calibration.png"
    assert cli.main(["progress", str(folder), "--picture", str(picture)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "03_jackpots           1/1   ✔\N{NO-BREAK SPACE}standard_error" in lines
    assert "1/39 exercises, 2 of 90 points." in lines
    assert "Next: episode_score, in 00_welcome.ipynb." in lines
    assert (
        "   3.2 95 % intervals that hold: you said 95, it was 46.6 %, too large by a factor of 2.04" in lines
    )
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert max(len(line) for line in lines if str(picture) not in line) <= 100


def test_exit_status(folder, tmp_path, capsys, nobody_grades):
    assert cli.main(["progress", str(tmp_path / "nowhere")]) == 2
    assert "must be in a folder" in capsys.readouterr().err
    assert cli.main(["progress", str(folder), "--picture", "picture.jpg"]) == 2
    assert "ends in .png" in capsys.readouterr().err
    assert cli.main(["progress", str(folder), "--picture", str(tmp_path / "nowhere/a.png")]) == 2
    assert "must be in a folder that is there" in capsys.readouterr().err
    assert cli.main(["progress", str(folder), "--picture", str(tmp_path / "none.png")]) == 0
    assert "no guess was found" in capsys.readouterr().out
    learners.the_notebook(folder, "12").write_text("{")
    assert cli.main(["progress", str(folder)]) == 1
    assert "12_pong.ipynb" in capsys.readouterr().out


def test_it_needs_none_of_the_extras(folder, cache):
    learners.answer(folder, "03", "standard_error", STANDARD_ERROR)
    blocked = ("nbformat", "nbclient", "nbgrader", "jupytext", "distributed", "dask", "sqlalchemy", "pytest")
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({blocked!r}))\n"  # None: an import of it is an ImportError
        "from pathlib import Path\n"
        "from course.classroom import panel, progress, restart\n"
        f"progress.CACHE = Path({str(cache)!r})\n"
        f"panel.tell(Path({str(folder)!r}))\n"
        f"print(*restart.restart('03', notebooks=Path({str(folder)!r})))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=stamps.ROOT, capture_output=True, text=True
    )
    assert "1/39 exercises, 2 of 90 points." in done.stdout
    assert "is as it was handed out" in done.stdout


# The panel


def test_before_anything_is_done_the_panel_says_so_kindly(folder, nobody_grades):
    shown = panel.where_am_i(folder)._repr_mimebundle_()
    assert shown["text/plain"] == panel.NOTHING
    assert "<table" not in shown["text/html"]


def test_the_panel_has_a_table_with_heads_and_a_picture_with_words(folder):
    learners.answer(folder, "03", "standard_error", BIASED)
    learners.guess(folder, "03", "4.5")
    shown = panel.where_am_i(folder)._repr_mimebundle_()
    page = shown["text/html"]
    assert '<th scope="col"' in page
    assert '<th scope="row"' in page
    assert "0/39 exercises, 0 of 90 points. Next: episode_score" in page
    assert "standard_error, not yet: " in page
    assert 'alt="1 of your guesses beside what came out: 3.1 ' in page.replace("  ", " ")
    assert "<script" not in page


def test_beside_a_solution_the_panel_reads_the_notebooks_of_the_course(monkeypatch, folder):
    monkeypatch.chdir(stamps.ROOT / "solutions")
    assert panel._beside() == stamps.ROOT / "notebooks"
    monkeypatch.chdir(folder)
    assert panel._beside() == folder
    monkeypatch.chdir(folder.parent)
    assert panel._beside() == stamps.ROOT / "notebooks"


def test_where_nothing_can_be_judged_the_panel_says_why(tmp_path):
    shown = panel.where_am_i(tmp_path / "nowhere")._repr_mimebundle_()
    assert "must be in a folder" in shown["text/plain"]
    assert shown["text/html"].count("<div") == 2

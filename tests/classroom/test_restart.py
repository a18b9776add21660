"""An exercise or a lesson begins again, the rest stays byte for byte, and what was there is kept."""

import json
import os
import shutil
import subprocess

import pytest

from course import __main__ as cli
from course.authoring import stamps
from course.checks import exercises
from course.classroom import restart
from tests.classroom import learners
from tests.classroom.learners import BIASED, REWARD_TO_GO, STANDARD_ERROR

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git")

MINE = f"mine/{restart._version()}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A learner's notebooks. What is handed out is what lies in the course: git may have an older build."""
    monkeypatch.setattr(
        restart, "handed_out", lambda stem: (stamps.ROOT / "notebooks" / f"{stem}.ipynb").read_bytes()
    )
    return learners.hand_out(tmp_path / "notebooks", "03", "05")


def handed_out(lesson):
    (path,) = (stamps.ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
    return path.read_bytes()


def test_one_exercise_begins_again_and_every_other_byte_stays(folder, tmp_path):
    learners.answer(folder, "05", "spread_evenly", "def spread_evenly(score, length):\n    return 'né'\n")
    path = learners.the_notebook(folder, "05")
    wanted = path.read_bytes()  # this is how it must be afterwards
    learners.answer(folder, "05", "reward_to_go", REWARD_TO_GO)

    def ran(cells):
        learners.cell_of(cells, "check_reward_to_go")["outputs"] = [
            {"output_type": "stream", "text": "right"}
        ]

    learners.edit(path, ran)
    mine = path.read_bytes()
    said = restart.restart("reward_to_go", notebooks=folder)
    assert path.read_bytes() == wanted
    copy = tmp_path / MINE / "notebooks" / path.name
    assert copy.read_bytes() == mine
    assert str(copy) in said[0]
    assert "Reload Notebook from Disk" in said[1]

    assert restart.restart("reward_to_go", notebooks=folder) == [
        f"reward_to_go in {path} is as it was handed out; nothing was changed."
    ]
    assert [each for each in tmp_path.rglob("mine/**/*") if each.is_file()] == [copy]


@pytest.mark.parametrize("lesson", ["03", "3", "03_jackpots", "notebooks/03_jackpots.ipynb"])
def test_a_lesson_begins_again_and_no_copy_takes_the_place_of_another(folder, tmp_path, lesson):
    path = learners.the_notebook(folder, "03")
    kept = []
    for answer in (BIASED, STANDARD_ERROR, BIASED):
        learners.answer(folder, "03", "standard_error", answer)
        kept.append(path.read_bytes())
        restart.restart(lesson, notebooks=folder)
        assert path.read_bytes() == handed_out("03")
    for place, content in zip((MINE, f"{MINE}-2", f"{MINE}-3"), kept, strict=True):
        assert (tmp_path / place / "notebooks" / path.name).read_bytes() == content
    assert restart.restart(lesson, notebooks=folder)[0].endswith("nothing was changed.")
    assert learners.the_notebook(folder, "05").read_bytes() == handed_out("05")


def test_a_notebook_that_is_gone_comes_back(folder, tmp_path):
    learners.the_notebook(folder, "03").unlink()
    restart.restart("03", notebooks=folder)
    assert learners.the_notebook(folder, "03").read_bytes() == handed_out("03")
    assert not (tmp_path / "mine").exists()


def test_lost_cells_come_back_to_their_places_and_copies_go(folder):
    path = learners.the_notebook(folder, "05")

    def disorder(cells):
        for name in ("reward_to_go", "check_reward_to_go"):
            cells.remove(learners.cell_of(cells, name))
        cell = learners.cell_of(cells, "spread_evenly")
        cells.append({**cell, "id": "copy"})

    learners.edit(path, disorder)
    restart.restart("reward_to_go", notebooks=folder)
    restart.restart("spread_evenly", notebooks=folder)
    assert path.read_bytes() == handed_out("05")


def test_an_exercise_is_found_in_a_notebook_with_another_number(folder, tmp_path):
    path = learners.the_notebook(folder, "05").rename(folder / "04_spreading_rewards.ipynb")
    learners.answer(folder, "04", "reward_to_go", REWARD_TO_GO)
    restart.restart("reward_to_go", notebooks=folder)
    assert path.read_bytes() == handed_out("05")
    assert (tmp_path / MINE / "notebooks" / path.name).exists()


def broken(path):
    path.write_bytes(path.read_bytes()[:5_000])


def no_notebook(path):
    path.write_text('{"cells": 3}')


@pytest.mark.parametrize("damage", [broken, no_notebook])
@pytest.mark.parametrize("what", ["standard_error", "03"])
def test_a_broken_notebook_is_named_and_kept(folder, tmp_path, damage, what, capsys):
    path = learners.the_notebook(folder, "03")
    damage(path)
    before = path.read_bytes()
    assert cli.main(["restart", what, "--notebooks", str(folder)]) == 2
    said = capsys.readouterr().err
    assert str(path) in said
    assert "It was left as it is" in said
    assert path.read_bytes() == before
    assert not (tmp_path / "mine").exists()


def test_what_is_no_exercise_and_no_lesson_is_said_with_what_was_meant(folder, tmp_path, capsys):
    assert cli.main(["restart", "reward_to_goo", "--notebooks", str(folder)]) == 2
    assert "did you mean reward_to_go?" in capsys.readouterr().err
    assert cli.main(["restart", "99", "--notebooks", str(folder)]) == 2
    assert "no exercise and no lesson is called '99'" in capsys.readouterr().err
    assert cli.main(["restart", "gae", "--notebooks", str(folder)]) == 2
    assert "no notebook in" in capsys.readouterr().err
    assert cli.main(["restart", "gae", "--notebooks", str(tmp_path / "nowhere")]) == 2
    assert "must be in a folder" in capsys.readouterr().err
    assert cli.main(["restart", "03", "--notebooks", str(folder)]) == 0
    assert "nothing was changed" in capsys.readouterr().out


def test_a_copy_that_cannot_be_written_leaves_the_notebook_as_it_was(folder, tmp_path, capsys):
    learners.answer(folder, "03", "standard_error", STANDARD_ERROR)
    before = learners.the_notebook(folder, "03").read_bytes()
    (tmp_path / "mine").write_text("a file of that name")
    assert cli.main(["restart", "standard_error", "--notebooks", str(folder)]) == 2
    assert "mine" in capsys.readouterr().err
    assert learners.the_notebook(folder, "03").read_bytes() == before


def test_every_exercise_can_begin_again(tmp_path, monkeypatch, folder):
    everything = learners.hand_out(tmp_path / "all")
    for exercise in exercises():
        (path,) = everything.glob(f"{exercise.lesson}_*.ipynb")
        before = path.read_bytes()
        notebook = json.loads(before)
        learners.cell_of(notebook["cells"], exercise.name)["source"] = "mine"
        restart._reset(notebook, exercise.name, json.loads(before)["cells"])
        assert json.dumps(notebook) == json.dumps(json.loads(before)), exercise.name


# What was handed out, from git


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """The course's folder, as a clone with one notebook."""
    root = tmp_path / "course"
    (root / "notebooks").mkdir(parents=True)
    (root / "notebooks" / "03_jackpots.ipynb").write_bytes(handed_out("03"))
    (root / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for command in ("init -q", "add -A", "-c user.name=A -c user.email=a@example.org commit -qm version"):
        subprocess.run(["git", "-C", str(root), *command.split()], check=True, env=own)
    monkeypatch.setattr(restart.stamps, "ROOT", root)
    return root


def test_git_gives_what_was_handed_out_whatever_was_written_since(clone):
    path = clone / "notebooks" / "03_jackpots.ipynb"
    before = path.read_bytes()
    path.write_text("mine")
    assert restart.handed_out("03_jackpots") == before
    assert restart._version() == "1.2.3"
    kept = restart.keep(path)
    assert kept == clone / "mine" / "1.2.3" / "notebooks" / "03_jackpots.ipynb"


def test_where_git_cannot_give_it_that_is_said(clone, monkeypatch):
    with pytest.raises(ValueError, match=r"git has no notebooks/04_x\.ipynb as it was handed out.*download"):
        restart.handed_out("04_x")
    shutil.rmtree(clone / ".git")
    with pytest.raises(ValueError, match=r"git has no notebooks/03_jackpots\.ipynb as it was handed out"):
        restart.handed_out("03_jackpots")
    monkeypatch.setenv("PATH", str(clone))
    with pytest.raises(ValueError, match="git is not installed"):
        restart.handed_out("03_jackpots")

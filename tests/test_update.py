"""A newer version arrives over a learner's edited notebooks, by real git: nothing of theirs is lost."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from course.classroom import restart

ROOT = Path(__file__).resolve().parents[1]
OLD = {
    "pyproject.toml": '[project]\nversion = "0.1.0"\n',
    "notebooks/04_spreading_rewards.ipynb": '{"cells": ["reward_to_go: YOUR CODE HERE"]}\n',
    "notebooks/07_gae.ipynb": '{"cells": ["gae: YOUR CODE HERE"]}\n',
    "notebooks/03_jackpots.ipynb": '{"cells": ["standard_error: YOUR CODE HERE"]}\n',
    "course/returns.py": "# the course's own\n",
}
NEW = {
    "pyproject.toml": '[project]\nversion = "0.2.0"\n',
    "notebooks/05_spreading_rewards.ipynb": '{"cells": ["moved"]}\n',
    "notebooks/08_gae.ipynb": '{"cells": ["moved"]}\n',
    "notebooks/03_jackpots.ipynb": '{"cells": ["changed"]}\n',
    "course/returns.py": "# the course's own, mended\n",
}
# What a learner does with it: answers, outputs, a lesson that is only run, a note, a file in the library.
MINE = {
    "notebooks/04_spreading_rewards.ipynb": '{"cells": ["reward_to_go: my answer"], "outputs": [1, 2]}\n',
    "notebooks/07_gae.ipynb": '{"cells": ["gae: half of my answer"]}\n',
    "notebooks/03_jackpots.ipynb": '{"cells": ["standard_error: my answer"]}\n',
    "course/returns.py": "# the course's own, with my print\n",
}
NOTES = {"notebooks/my notes, año 1.ipynb": "{}\n"}

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git")


def git(folder, *arguments, check=True):
    """Run git as somebody who has no settings, not even a name."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=nobody(folder), capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def nobody(folder):
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**own, "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def commit(folder, files):
    """Make `files` all that the course consists of."""
    git(folder, "rm", "-rq", "--ignore-unmatch", ".")
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "a version")


def there(folder):
    """Every file but git's own, and what is in it."""
    paths = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def update(folder, how="sh update.sh"):
    return subprocess.run(
        ["sh", "-c", how], cwd=folder, env=nobody(folder), capture_output=True, text=True, check=False
    )


@pytest.fixture
def course(tmp_path):
    """The course's repository at its old version, which has no update.sh yet."""
    folder = tmp_path / "course"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, OLD)
    return folder


@pytest.fixture
def learner(course, tmp_path):
    """A learner's clone, edited."""
    git(tmp_path, "clone", "-q", str(course), "learner")
    write(tmp_path / "learner", {**MINE, **NOTES})
    return tmp_path / "learner"


@pytest.fixture
def published(course, learner):
    """The new version is out; it brings update.sh and the target that calls it."""
    files = {**NEW, "update.sh": (ROOT / "update.sh").read_text(encoding="utf-8")}
    commit(course, files)
    return files


FIRST = "git fetch -q && git show @{upstream}:update.sh | sh"


def test_a_plain_pull_refuses_and_so_loses_nothing(learner, published):
    before = there(learner)
    assert git(learner, "pull", check=False).returncode != 0
    assert there(learner) == before


def test_from_a_version_without_it_everything_of_the_learner_is_kept_and_the_course_is_the_new_one(
    learner, published
):
    done = update(learner, FIRST)
    assert done.returncode == 0, done.stderr
    kept = {f"mine/0.1.0/{name}": text for name, text in MINE.items()}
    assert there(learner) == {**published, **NOTES, **kept}
    assert "version 0.2.0" in done.stdout
    for name in MINE:
        assert name in done.stdout
    # And a second copy in git itself.
    assert json.loads(git(learner, "show", "stash@{0}:notebooks/07_gae.ipynb").stdout)["cells"] == [
        "gae: half of my answer"
    ]


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "update.sh"])
def test_a_learner_is_told_that_very_line(name):
    assert FIRST.replace(" -q", "") in (ROOT / name).read_text(encoding="utf-8")


def test_a_second_update_keeps_what_the_first_kept(course, learner, published):
    assert update(learner, FIRST).returncode == 0
    before = there(learner)
    again = {"notebooks/08_gae.ipynb": '{"cells": ["gae: my answer, anew"]}\n'}
    write(learner, again)
    newest = {**published, "notebooks/08_gae.ipynb": '{"cells": ["moved again"]}\n'}
    commit(course, newest)
    assert update(learner).returncode == 0
    kept = {f"mine/0.2.0/{name}": text for name, text in again.items()}
    assert there(learner) == {**before, **newest, **kept}

    write(learner, again)
    commit(course, {**newest, "more.md": "more\n"})
    assert update(learner).returncode == 0
    assert there(learner)["mine/0.2.0-2/notebooks/08_gae.ipynb"] == again["notebooks/08_gae.ipynb"]


def test_a_file_of_ones_own_whose_name_the_new_version_needs_is_kept(learner, published):
    write(learner, {"notebooks/08_gae.ipynb": "my copy\n", "update.sh": "mine\n"})
    assert update(learner, FIRST).returncode == 0
    found = there(learner)
    assert found["mine/0.1.0/notebooks/08_gae.ipynb"] == "my copy\n"
    assert found["mine/0.1.0/update.sh"] == "mine\n"
    assert found["notebooks/08_gae.ipynb"] == NEW["notebooks/08_gae.ipynb"]


def test_from_a_subfolder_and_with_nothing_changed_there_is_no_copy(course, tmp_path, published):
    git(tmp_path, "clone", "-q", str(course), "other")
    git(tmp_path / "other", "reset", "-q", "--hard", "HEAD~1")
    done = update(tmp_path / "other" / "notebooks", FIRST)
    assert done.returncode == 0, done.stderr
    assert there(tmp_path / "other") == published
    done = update(tmp_path / "other")
    assert "newest version" in done.stdout
    assert there(tmp_path / "other") == published


def test_what_was_kept_by_course_restart_is_not_touched_by_an_update(learner, published):
    # As course.classroom.restart keeps it, in the place that the update would have taken.
    before = {"mine/0.1.0/notebooks/03_jackpots.ipynb": "my first answer"}
    write(learner, before)
    assert update(learner, FIRST).returncode == 0
    kept = {f"mine/0.1.0-2/{name}": text for name, text in MINE.items()}
    assert there(learner) == {**published, **NOTES, **before, **kept}


def test_a_restart_finds_a_free_place_after_an_update(learner, published, monkeypatch):
    assert update(learner, FIRST).returncode == 0
    monkeypatch.setattr(restart, "_version", lambda: "0.1.0")  # as if it had been before the update
    kept = restart.keep(learner / "notebooks" / "03_jackpots.ipynb")
    assert kept == learner / "mine" / "0.1.0-2" / "notebooks" / "03_jackpots.ipynb"
    assert there(learner)["mine/0.1.0/notebooks/03_jackpots.ipynb"] == MINE["notebooks/03_jackpots.ipynb"]


def test_a_notebook_that_the_learner_deleted_comes_with_the_new_version_and_the_rest_is_kept(
    learner, published
):
    (learner / "notebooks" / "03_jackpots.ipynb").unlink()
    assert update(learner, FIRST).returncode == 0
    kept = {f"mine/0.1.0/{name}": text for name, text in MINE.items() if "03_" not in name}
    assert there(learner) == {**published, **NOTES, **kept}


# What stops an update half-way: the program, and the word in its call at which it is killed.
STOPS = {
    "while it copies": ("cp", "07_gae"),
    "before anything is put away": ("git", "stash"),
    "between putting away and the new version": ("git", "merge --quiet"),
}


@pytest.mark.parametrize("where", STOPS)
def test_an_update_that_was_killed_loses_nothing_and_the_next_one_goes_to_the_end(
    learner, published, tmp_path, where
):
    program, word = STOPS[where]
    shims = tmp_path / "shims"
    shims.mkdir()
    real = shutil.which(program)
    (shims / program).write_text(
        f'#!/bin/sh\ncase "$*" in *"{word}"*) kill -9 $PPID; exit 1;; esac\nexec {real} "$@"\n'
    )
    (shims / program).chmod(0o755)
    killed = update(learner, f"PATH={shims}:$PATH; export PATH; {FIRST}")
    assert killed.returncode != 0
    assert "this is now" not in killed.stdout
    found = there(learner)
    for name, text in {**MINE, **NOTES}.items():
        assert text in [content for path, content in found.items() if path.endswith(name)], name

    again = update(learner, FIRST)
    assert again.returncode == 0, again.stderr
    found = there(learner)
    assert {name: found[name] for name in published} == published
    for name, text in {**MINE, **NOTES}.items():
        assert text in [content for path, content in found.items() if path.endswith(name)], name


def a_commit(learner):
    git(learner, "-c", "user.name=L", "-c", "user.email=l@example.org", "commit", "-qam", "my work")


def no_answer(learner):
    git(learner, "remote", "set-url", "origin", str(learner / "nowhere"))


def no_clone(learner):
    shutil.rmtree(learner / ".git")


def no_upstream(learner):
    git(learner, "branch", "--unset-upstream")


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (a_commit, "commits of your own"),
        (no_answer, "did not answer"),
        (no_clone, "not made by git clone"),
        (no_upstream, "where this copy came from"),
    ],
)
def test_where_it_cannot_update_it_says_why_and_changes_nothing(learner, published, trouble, says):
    shutil.copy(ROOT / "update.sh", learner)
    trouble(learner)
    before = there(learner)
    done = update(learner)
    assert done.returncode == 2
    assert says in done.stderr
    assert there(learner) == before

"""The attack suite: honest, broken and hostile submissions, graded in one go, and what each of them got."""

import shutil
from collections import Counter

import pytest

from course.checks import exercises
from tests import tables_in_docs
from tests.grading.attacks import ATTACKS
from tests.grading.attacks.__main__ import KINDS, document
from tests.grading.attacks.attack import MARK
from tests.grading.attacks.run import digests, grade_all

POINTS = {exercise.name: exercise.points for exercise in exercises()}
EVERY = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The whole class, graded once."""
    if not shutil.which("bwrap"):
        pytest.fail("bubblewrap is not installed: the sandbox cannot be tested")
    folder = tmp_path_factory.mktemp("class")
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    return grade_all(folder, ATTACKS, workers=2)


def test_there_are_enough_of_each_kind():
    counts = Counter(attack.kind for attack in ATTACKS)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 25
    assert all(len(attack.says) > 10 for attack in ATTACKS)


@EVERY
def test_every_submission_gets_what_it_earned(graded, attack):
    rows = graded.of(attack)
    assert graded.states(attack) == attack.outcome(), [row.cause for row in rows]
    assert len(rows) == len(attack.outcome())  # one row an exercise, whatever was handed in twice
    for row in rows:
        if row.state == "right":
            assert row.points == row.max_points == POINTS[row.exercise]
            assert row.cause == ""
        else:
            assert row.points == (0 if row.state == "wrong" else None)
            assert row.cause.strip()


def test_nobodys_files_were_touched(graded):
    assert list(graded.place.canary.iterdir()) == []
    assert digests(graded.place.submissions) == graded.handed_in
    assert len(graded.handed_in) > len(ATTACKS)


def test_nobody_reached_the_network(graded):
    assert graded.calls == []


def test_there_is_a_page_for_everybody_and_none_shows_what_must_not_be_shown(graded):
    files = [path for path in graded.place.out.rglob("*") if path.is_file()]
    pages = [path for path in files if path.suffix in (".html", ".csv")]
    assert len([page for page in pages if page.suffix == ".html"]) >= len(ATTACKS)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        never = [MARK, "\x1b", "Traceback", str(graded.place.root)]
        if page.suffix == ".html":  # in a table a name is a text like any other
            never += ["<script", "=alert(4711)>"]
        for each in never:
            assert each not in text, f"{each!r} in {page.name}"
        assert MARK not in page.name


def test_the_published_table_is_of_todays_suite(graded):
    published = tables_in_docs.between("grading.md", "attack table")
    assert published == document(graded), "run `python -m tests.grading.attacks --write`"


def test_without_the_sandbox_the_thieves_are_paid(tmp_path):
    """So what is kept from them is what they were after, and a guarded course would notice if it were not."""
    thieves = [attack for attack in ATTACKS if attack.unprotected]
    victim = [attack for attack in ATTACKS if attack.name == "as_it_is_08"]
    assert len(thieves) >= 2
    graded = grade_all(tmp_path, victim + thieves, trusted=True)
    for attack in thieves:
        assert graded.states(attack)["gae"] == "right", attack.name

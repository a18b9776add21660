"""The points in Canvas's and Moodle's own files and in nbgrader's gradebook; and the real nbgrader beside."""

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from course.arrays import Refusal
from course.grading.exports import open_sheet
from course.grading.gradebook import open_gradebook, write_gradebook
from course.grading.records import cleaned
from tests.grading import tiny

ROOT = Path(__file__).parents[2]

CANVAS = (
    "Student,ID,SIS Login ID,Section,08_gae (991),Exam (992),Final Score\r\n"
    ' "Points Possible",,,,6,10,(read only)\r\n'
    '"Doe, Jane",101,jdoe1,"A, B",,7,71.5\r\n'
    '"Doe, Jane",102,jdoe2,"A, B",,7,71.5\r\n'
    '"García López, José",103,jgarcia,A,"",9,80\r\n'
    '"=HYPERLINK(""http://x"")",104,mallory,A,,,\r\n'
    "李 小龍,105,blee,A,3,,\r\n"
    '"O\'Neil, ""Red""\r\nMary",106,moneil,A,,,\r\n'
    '"Student, Test",999,,A,,,\r\n'
).replace(' "Points Possible"', "    Points Possible")
MOODLE = (
    "\ufeffIdentifier;Full name;Email address;Status;Grade;Maximum Grade;Feedback comments\n"
    'Participant 7;Jane Doe;jane@uni.example;"Submitted; for grading";"";6,00;""\n'
    "Participant 17;Jane Doe;jdoe2@uni.example;Submitted;;6,00;\n"
    "Participant 8;José García;jose@uni.example;Submitted;-;6,00;\n"
    "Participant 9;+49 Bot;bot@uni.example;No submission;;6,00;"
)


def points(*students, state="right", **fields):
    return [tiny.row(student=cleaned(student), state=state, **fields) for student in students]


def filled(kind, text, rows, tmp_path, *, encoding="utf-8", column=None):
    """The file after it was filled, and what was told."""
    path = tmp_path / "lms.csv"
    path.write_bytes(text.encode(encoding))
    told = open_sheet(kind, path, column=column).fill(rows)
    return path.read_bytes().decode(encoding), told[1:]


def test_canvas_by_number_login_and_name_and_not_one_other_byte(tmp_path):
    rows = [
        *points("doejane_101_55501_08_gae", "doejane_late_102_55502_08_gae-1", state="wrong"),
        *points("José García López", "mallory", "moneil"),
        *points("blee", state="ungraded"),
    ]
    after, told = filled("canvas", CANVAS, rows, tmp_path, column="08_gae")
    expected = (
        CANVAS.replace('jdoe1,"A, B",,', 'jdoe1,"A, B",0,')
        .replace('jdoe2,"A, B",,', 'jdoe2,"A, B",0,')
        .replace('jgarcia,A,"",', 'jgarcia,A,"6",')
        .replace("mallory,A,,", "mallory,A,6,")
        .replace("moneil,A,,", "moneil,A,6,")
    )
    assert after == expected
    assert told == ["not filled: blee: not all of it is graded"]


def test_moodle_with_semicolons_a_byte_order_mark_and_no_last_line_end(tmp_path):
    rows = points("Jane Doe_7_assignsubmission_file_", "Jose\u0301 Garci\u0301a", "+49 Bot")
    after, told = filled("moodle", MOODLE, rows, tmp_path)
    assert after == (
        MOODLE.replace('for grading";"";', 'for grading";"6";')
        .replace("Submitted;-;", "Submitted;6;")
        .replace("No submission;;", "No submission;6;")
    )
    assert told == []


def test_who_could_be_two_is_not_filled_but_named(tmp_path):
    rows = points("Jane Doe", "jane_doe", "nobody", "Points Possible")
    after, told = filled("moodle", MOODLE, rows, tmp_path)
    assert after == MOODLE
    assert told == [
        "not filled: Jane Doe: 2 lines fit",
        "not filled: jane_doe: 2 lines fit",
        "not filled: nobody: no lines fit",
        "not filled: Points Possible: no lines fit",
    ]
    after, told = filled("canvas", CANVAS, points("Points Possible", "x_777_1_08"), tmp_path, column="08_gae")
    assert after == CANVAS
    assert len(told) == 2


def test_two_files_of_one_learner_are_added_and_the_same_exercise_twice_is_not(tmp_path):
    both = points("Jane Doe_7_assignsubmission_file_a") + points(
        "Jane Doe_7_assignsubmission_file_b", exercise="gae_by_definition"
    )
    after, told = filled("moodle", MOODLE, both, tmp_path)
    assert after == MOODLE.replace('for grading";"";', 'for grading";"12";')
    assert told == []
    twice = points("Jane Doe_7_assignsubmission_file_a", "jane")
    after, told = filled("moodle", MOODLE, twice, tmp_path)
    assert after == MOODLE
    assert told == ["not filled: Jane Doe_7_assignsubmission_file_a, jane: handed in twice: gae of 08_gae"]


def test_a_column_that_names_a_lesson_gets_that_lessons_points(tmp_path):
    rows = points("jdoe1") + points("jdoe1", lesson="09_time_limits", exercise="real_steps")
    after, _ = filled("canvas", CANVAS, rows, tmp_path, column="08_gae (991)")
    assert 'jdoe1,"A, B",6,7' in after
    after, _ = filled("canvas", CANVAS, rows, tmp_path, column="Exam")
    assert 'jdoe1,"A, B",,12,' in after


def test_a_file_in_a_western_encoding_keeps_it(tmp_path):
    after, told = filled(
        "canvas",
        CANVAS.replace("李 小龍", "Jürgen"),
        points("jgarcia"),
        tmp_path,
        column="Exam",
        encoding="cp1252",
    )
    assert 'jgarcia,A,"",6,80' in after
    assert told == []


def test_what_is_written_is_a_csv_file_still_and_numbers_only(tmp_path):
    after, _ = filled("canvas", CANVAS, points("mallory", "moneil"), tmp_path, column="08_gae")
    before = [*csv.reader(io.StringIO(CANVAS, newline=""))]
    for old, new in zip(before, csv.reader(io.StringIO(after, newline="")), strict=True):
        assert [*old[:4], *old[5:]] == [*new[:4], *new[5:]]
        assert new[4] in (old[4], "6")


def test_a_file_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "lms.csv"
    path.write_text(CANVAS)
    with pytest.raises(
        Refusal, match=r"could be 08_gae \(991\) or Exam \(992\).*--column; there are: Student, ID"
    ):
        open_sheet("canvas", path)
    with pytest.raises(Refusal, match="the column 'Essay' is not there"):
        open_sheet("canvas", path, column="Essay")
    path.write_text('Identifier,Grade\n"x"y,1\n')
    with pytest.raises(Refusal, match="a quote is out of place in line 2"):
        open_sheet("moodle", path)
    path.write_text("")
    with pytest.raises(Refusal, match="there are: none"):
        open_sheet("moodle", path)


# nbgrader


LESSON = "09_time_limits"
CHECK = "check_real_steps"
ANSWERS = {
    "ada": "def real_steps(terminated, truncated):\n"
    "    ended = np.asarray(terminated, bool) | np.asarray(truncated, bool)\n"
    "    real = np.ones(ended.shape, bool)\n"
    "    real[1:] = ~ended[:-1]\n"
    "    return real",
    "bob": "def real_steps(terminated, truncated):\n    return np.ones(np.shape(terminated), bool)",
}


def grade_id(cell):
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def answered(answer):
    """The released notebook with this answer to `real_steps`, of a learner who deleted what follows."""
    notebook = json.loads((ROOT / f"notebooks/{LESSON}.ipynb").read_text(encoding="utf-8"))
    ids = [grade_id(cell) for cell in notebook["cells"]]
    notebook["cells"][ids.index("real_steps")]["source"] = answer
    del notebook["cells"][ids.index(CHECK) + 1 :]
    return json.dumps(notebook)


def nbgrader(*arguments, cwd):
    """Run the real one, with nothing of this user's configuration."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # it calls alembic
    own = {"PYTHONPATH": str(ROOT), "JUPYTER_NO_CONFIG": "1", "HOME": str(cwd), "PATH": path}
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=cwd,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=500,
    )


def scores(path, students=("ada", "bob")):
    """Of the check, by learner."""
    with open_gradebook(path) as book:
        return {each: book.find_grade(CHECK, LESSON, LESSON, each).score for each in students}


def test_nbgrader_takes_the_built_notebooks_and_its_gradebook_takes_our_points(tmp_path):
    released = (ROOT / f"notebooks/{LESSON}.ipynb").read_text(encoding="utf-8")
    files = {f"source/{LESSON}": released} | {
        f"submitted/{student}/{LESSON}": answered(answer) for student, answer in ANSWERS.items()
    }
    for folder, content in files.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / f"{LESSON}.ipynb").write_text(content, encoding="utf-8")
    for step in ("generate_assignment", "autograde"):
        done = nbgrader(step, LESSON, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    book = tmp_path / "gradebook.db"
    assert scores(book) == {"ada": 2, "bob": 0}

    def ours(student, state="right"):
        points = {"right": 2, "wrong": 0, "ungraded": None}[state]
        row = tiny.row(student=cleaned(student), lesson=LESSON, exercise="real_steps", state=state)
        return replace(row, points=points, max_points=2)

    not_released = tiny.row(student="ada", lesson="08_gae", exercise="gae")
    rows = [ours("bob"), ours("ada", "ungraded"), ours("=new", "wrong"), not_released]
    for _ in range(2):  # a second time changes nothing
        write_gradebook(open_gradebook(book), rows)
        assert scores(book, ["ada", "bob", "=new"]) == {"ada": 2, "bob": 2, "=new": 0}
    with open_gradebook(book) as again:
        assert again.find_submission("08_gae", "ada").score == 6
        assert again.find_submission(LESSON, "bob").max_score == 2
        assert not again.find_grade(CHECK, LESSON, LESSON, "bob").needs_manual_grade


def test_nbgrader_validates_a_right_answer_and_refuses_a_wrong_one(tmp_path):
    for student, answer in ANSWERS.items():
        (tmp_path / f"{student}.ipynb").write_text(answered(answer), encoding="utf-8")
    done = nbgrader("validate", "ada.ipynb", "bob.ipynb", cwd=tmp_path)
    right, _, wrong = done.stdout.partition("Success! Your notebook passes all the tests.")
    assert right == ""
    assert "The following cell failed" in wrong
    assert "check(real_steps)" in wrong

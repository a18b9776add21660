"""What people read: pages for learners, the class's page and its picture, and the list of answers alike."""

import csv
import html.parser
import time
from pathlib import Path

import pytest

from course.grading import feedback, likeness
from course.grading.feedback import causes_of, class_page, learner_page, page_name, write_class_page
from course.grading.likeness import alike, runs_of, write_alike
from course.grading.records import STILL_TO_DO, cleaned
from course.grading.running import OURS, ungraded
from tests.grading import tiny

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m'


class Reader(html.parser.HTMLParser):
    """What a browser would make of a page: the elements, and the text."""

    def __init__(self, page):
        super().__init__()
        self.elements = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def some_rows():
    return [
        tiny.row(lesson="07_td_errors", exercise="td_errors"),
        tiny.row(state="wrong", cause="`terminated` is not used: the sum runs on into the next episode."),
        tiny.row(exercise="gae_by_definition", state="ungraded", cause=OURS),
        ungraded("ada", "09_time_limits.ipynb", "It is a link; links are not followed."),
    ]


def test_a_page_says_for_each_exercise_how_it_is_and_why():
    read = Reader(learner_page("ada", some_rows()))
    assert "6 of 12 points. 2 of 4 could not be graded and are not counted." in read.text
    assert "td_errors: right" in read.text
    assert "gae: not yet" in read.text
    assert "terminated is not used" in read.text
    assert "gae_by_definition: not graded" in read.text
    assert "It is a link" in read.text
    headings = [tag for tag, _ in read.elements if tag in ("h1", "h2")]
    assert headings == ["h1", "h2", "h2", "h2"]


def test_nothing_of_a_name_or_a_cause_becomes_an_element():
    name = cleaned(ATTACK)
    rows = [tiny.row(student=name, state="wrong", cause=name), ungraded(name, name, name)]
    for page in (learner_page(name, rows), class_page(rows, causes_of(rows))):
        read = Reader(page)
        assert not any(tag == "script" for tag, _ in read.elements)
        for tag, attributes in read.elements:
            assert tag != "img" or attributes["src"].startswith("data:image/png")
            assert not any(each.startswith("on") for each in attributes)
        (policy,) = [each["content"] for _, each in read.elements if "http-equiv" in each]
        assert "default-src 'none'" in policy
    assert "<script>alert(1)" in Reader(learner_page(name, rows)).text  # it is shown as what it is


def test_each_learner_has_a_file_name_that_is_safe_and_nobody_elses():
    names = ["ada", "Ada", "José García", "../../etc/passwd", "", "李小龍", "CON", "x" * 200, "a/b", "a_b"]
    files = [page_name(name) for name in names]
    assert len({file.lower() for file in files}) == len(files)
    for file in files:
        assert Path(file).name == file
        assert file.isascii()
        assert len(file) < 80
    assert page_name("José García").startswith("jose-garcia-")


def test_causes_are_counted_by_exercise_the_most_frequent_first(tmp_path):
    rows = [
        *[tiny.row(student=f"s{i}", state="wrong", cause="Lambda, missing.") for i in range(3)],
        *[
            tiny.row(student=f"s{i}", state="wrong", exercise="td", cause="Lambda, missing.")
            for i in range(5)
        ],
        tiny.row(student="s9", state="wrong", cause='Says "shape".'),
        tiny.row(student="s8"),
        tiny.row(student="s7", state="ungraded", cause=OURS),
        *[tiny.row(student=f"t{i}", state="wrong", cause=f"gae {STILL_TO_DO}") for i in range(4)],
    ]
    write_class_page(rows, tmp_path)
    with (tmp_path / "causes.csv").open(newline="", encoding="utf-8") as file:
        assert [*csv.reader(file)] == [
            ["lesson", "exercise", "cause", "learners"],
            ["08_gae", "td", "Lambda, missing.", "5"],
            ["08_gae", "gae", "gae is still to do.", "4"],
            ["08_gae", "gae", "Lambda, missing.", "3"],
            ["08_gae", "gae", 'Says "shape".', "1"],
        ]
    page = (tmp_path / "class.html").read_text(encoding="utf-8")
    read = Reader(page)
    assert "12 learners. 1 row could not be graded; see grades.csv." in read.text
    alts = [each["alt"] for tag, each in read.elements if tag == "img"]
    assert alts[0] == "Learners by exercise. 08  gae: 1 of 10 right; 08  td: 0 of 5 right."
    assert "5 learners, td: Lambda, missing; 3 learners, gae" in alts[1]
    assert "still to do" not in alts[1]  # what nobody has tried need not be repeated
    assert not any(f"s{i}<" in page for i in range(10))  # the page may be shown to the class


def test_a_class_without_a_mistake_and_one_without_an_exercise_have_a_page(tmp_path):
    write_class_page([tiny.row()], tmp_path)
    assert "What to repeat" not in (tmp_path / "class.html").read_text(encoding="utf-8")
    write_class_page([ungraded("ada", "x.ipynb", "It is a link.")], tmp_path)
    assert "<img" not in (tmp_path / "class.html").read_text(encoding="utf-8")


# Colors: contrast by WCAG 2 in both modes


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_can_be_read_in_light_and_in_dark():
    light, dark = feedback.STYLE.split("@media")
    for mode in (light, dark):
        colors = dict(part.split(": ") for part in colors_of(mode))
        assert contrast(colors["--text"], colors["--back"]) >= 7
        assert contrast(colors["--faint"], colors["--back"]) >= 4.5
        for _, _, mark in feedback.MARKS.values():
            assert contrast(mark, colors["--back"]) >= 3  # of the line beside an exercise


def colors_of(style):
    return [
        part.strip()
        for part in style.replace("{", ";").replace("}", ";").split(";")
        if "--" in part and "#" in part
    ]


# Answers alike

GAE = '''
def gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """Generalized advantage estimation."""
    deltas = rewards + gamma * next_values * (1 - terminated) - values
    ended = terminated | truncated
    out = np.zeros_like(deltas)
    running = 0.0
    for t in reversed(range(len(deltas))):
        running = deltas[t] + gamma * lam * (1 - ended[t]) * running
        out[t] = running
    return out
'''
DISGUISED = (
    GAE.replace("running", "acc")
    .replace("deltas", "d")
    .replace('"""Generalized advantage estimation."""', "# mine")
    .replace("    out = ", "\n    # begin with nothing\n    out  =  ")
)
OTHER = """
def gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    advantages = []
    following = np.zeros(np.shape(rewards)[1:])
    steps = list(zip(rewards, values, next_values, terminated, truncated))
    while steps:
        reward, value, after, over, cut = steps.pop()
        if over or cut:
            following = following * 0
        error = reward - value + (0 if over else gamma * after)
        following = error + following * lam * gamma
        advantages.insert(0, following)
    return np.array(advantages)
"""


def test_names_comments_layout_and_texts_hide_nothing_and_other_ways_are_not_alike():
    answers = [runs_of(text) for text in (GAE, OTHER, DISGUISED, GAE, OTHER + "\n    return 1")]
    assert alike(answers) == [[0, 2, 3], [1, 4]]
    assert likeness.likeness(answers[0], answers[2]) == 1
    assert likeness.likeness(answers[0], answers[1]) < 0.5


def test_stubs_and_short_answers_are_never_listed(tmp_path):
    stub = GAE.replace("deltas = ", "raise NotImplementedError()\n    deltas = ")
    short = "def episode_score(rewards):\n    return np.sum(rewards)"
    rows = [tiny.row(student=who, answer=text) for text in (stub, short, "") for who in ("ada", "bob")]
    write_alike(rows, tmp_path / "alike.csv")
    assert (tmp_path / "alike.csv").read_text() == "lesson,exercise,group,student,likeness\n"


def test_groups_are_listed_by_exercise_with_the_likeness_to_the_first(tmp_path):
    near = GAE.replace("running = 0.0", "running = 0.0 + 0")
    texts = {"ada": GAE, "bob": OTHER, "cy": near, "=dee": DISGUISED}
    write_alike(
        [tiny.row(student=cleaned(who), answer=text) for who, text in texts.items()], tmp_path / "a.csv"
    )
    with (tmp_path / "a.csv").open(newline="") as file:
        _, *lines = csv.reader(file)
    assert [line[:4] for line in lines] == [["08_gae", "gae", "1", who] for who in ("ada", "cy", "'=dee")]
    assert lines[0][4] == lines[2][4] == "1.00"
    assert 0.8 <= float(lines[1][4]) < 1


@pytest.mark.parametrize(
    "text", ["'" * 20_000, '"""' * 7_000, "#" * 20_000, "\\" * 20_000, "'\\" * 10_000, "a" * 20_000]
)
def test_hostile_text_is_read_in_no_time(text):
    began = time.process_time()
    runs_of(text)
    assert time.process_time() - began < 1

"""Every lesson: built, executed, compared, run untouched, and held to the form that learners rely on.

The rules of form are functions that say what is wrong with a lesson; a small lesson that keeps them all is
broken once for each, so that every rule is seen to complain.
"""

import copy
import functools
import html.parser
import itertools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.authoring.stamps import sources, stale
from course.checks import exercises
from tests.lessons import executed
from tests.lessons.execution import execute

ROOT = Path(__file__).resolve().parents[1]
LESSONS = [path.stem for path in sources()]
each_lesson = pytest.mark.parametrize("name", LESSONS)

CODE_CELLS, WORDS, LINES, EXERCISE_LINES, LARGEST = 20, 1_500, 15, 25, 1_000_000
MINUTES = {"10": 75}  # the longest that a lesson may take, where it is not 45
WORDS_A_MINUTE = 150
UNWANTED = ("simply", "just", "obviously", "easy", "easily")
WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Lesson:
    """Both notebooks of a lesson, and what its exercises are worth."""

    number: str  # two digits
    solved: NotebookNode
    learners: NotebookNode
    points: dict[str, int]
    size: int  # bytes of the solved one

    @property
    def code(self):
        return [cell for cell in self.solved.cells if cell.cell_type == "code"]

    @property
    def markdown(self):
        return [cell.source for cell in self.solved.cells if cell.cell_type == "markdown"]

    @property
    def text(self):
        return "\n\n".join(self.markdown)

    def section(self, heading):
        """What stands under a heading of the second level, without the heading."""
        found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", self.text, re.M | re.S)
        return found[1] if found else ""

    def kind(self, cell):
        """What a code cell is: exercise, check, use, or other."""
        marks = cell.metadata.get("nbgrader", {})
        if marks:
            return "check" if marks["grade"] else "exercise"
        return "use" if re.fullmatch(r"(\w+) = use\(\1\)", cell.source.strip()) else "other"


@functools.cache
def lesson(name):
    paths = [ROOT / folder / f"{name}.ipynb" for folder in ("solutions", "notebooks")]
    solved, learners = (nbformat.read(path, as_version=nbformat.NO_CONVERT) for path in paths)
    points = {each.name: each.points for each in exercises() if each.lesson == name[:2]}
    return Lesson(name[:2], solved, learners, points, paths[0].stat().st_size)


# The rules. Each yields sentences that say what is wrong.

RULES = {}


def rule(check):
    RULES[check.__name__] = check
    return check


def words(markdown):
    """Words as a reader counts them: no tags, no addresses, no lines of a table's frame."""
    text = re.sub(r"</?[a-z][^<>]*>|\]\([^)]*\)", " ", markdown)
    return [word for word in text.split() if re.search(r"\w", word)]


def shown(cell):
    """(mime type, content) of everything that a code cell shows."""
    for output in cell.get("outputs", []):
        yield from output.get("data", {}).items()


def first_line(cell):
    return repr(cell.source.split("\n")[0][:60])


@rule
def has_few_code_cells(lesson):
    if len(lesson.code) > CODE_CELLS:
        yield f"{len(lesson.code)} code cells, allowed {CODE_CELLS}"


@rule
def has_few_words(lesson):
    if (count := len(words(lesson.text))) > WORDS:
        yield f"{count} words, allowed {WORDS}"


@rule
def has_short_cells(lesson):
    for cell in lesson.code:
        allowed = EXERCISE_LINES if lesson.kind(cell) == "exercise" else LINES
        if (lines := len(cell.source.split("\n"))) > allowed:
            yield f"{lines} lines, allowed {allowed}: {first_line(cell)}"


@rule
def explains_between_code_cells(lesson):
    kinds = ["text" if c.cell_type != "code" else lesson.kind(c) for c in lesson.solved.cells]
    for at in range(len(kinds) - 2):
        if kinds[at : at + 3] == ["other"] * 3:
            yield f"three code cells in a row: {first_line(lesson.solved.cells[at])}"


def stated(lesson):
    """(minutes, what is needed) as the first cell says."""
    found = re.search(r"^\*About (\d+) minutes\. You need (.+)\.\*$", lesson.markdown[0], re.M)
    return (int(found[1]), found[2]) if found else (0, "")


@rule
def opens_with_its_title_its_minutes_and_what_it_needs(lesson):
    first = lesson.solved.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith(f"# {int(lesson.number)}. "):
        yield f"does not open with its number and title: {first_line(first)}"
    minutes, needs = stated(lesson)
    if not 0 < minutes <= MINUTES.get(lesson.number, 45):
        yield f"{minutes} minutes are stated"
    before = int(lesson.number) - 1
    if not needs or (before >= 0 and needs != f"lesson {before}"):
        yield f"says that you need {needs!r}"
    if len(re.findall(r"^- ", first.source, re.M)) < 2:
        yield "does not list what you can do afterwards"


HEADING = r"^### Exercise (\d+)\.(\d+): `(\w+)` \((\d+) points?, (\d+) minutes?\)$"


@rule
def states_the_minutes_that_its_parts_add_up_to(lesson):
    reading = len(words(lesson.text)) / WORDS_A_MINUTE
    running = sum(lesson.kind(cell) == "other" for cell in lesson.code)
    writing = sum(int(found[4]) for found in re.findall(HEADING, lesson.text, re.M))
    minutes, total = stated(lesson)[0], reading + running + writing
    if abs(minutes - total) > 8:
        yield f"{minutes} minutes are stated: {reading:.0f} to read, {running} to run, {writing} to write"


@rule
def skips_no_level_of_headings(lesson):
    text = re.sub(r"^```.*?^```", "", lesson.text, flags=re.M | re.S)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.M)]
    if levels.count(1) != 1 or levels[0] != 1:
        yield f"has {levels.count(1)} titles"
    for above, below in itertools.pairwise(levels):
        if below > above + 1:
            yield f"a heading of level {below} follows one of level {above}"


@rule
def makes_nobody_feel_slow(lesson):
    for cell in lesson.solved.cells:
        for word in UNWANTED:
            if found := re.search(rf".*\b{word}\b.*", cell.source, re.I):
                yield f"{word!r} in {found[0][:80]!r}"


@rule
def asks_before_it_shows(lesson):
    if "*Predict first.*" not in lesson.text:
        yield "asks for no prediction"


@rule
def has_every_exercise_with_its_check_and_uses_it(lesson):
    kinds = [lesson.kind(c) if c.cell_type == "code" else "text" for c in lesson.solved.cells]
    for name in lesson.points:
        ids = {cell.id: at for at, cell in enumerate(lesson.solved.cells)}
        at = ids.get(name)
        if at is None or kinds[at] != "exercise":
            yield f"{name} has no exercise cell"
            continue
        if ids.get(f"check_{name}") != at + 1 or kinds[at + 1] != "check":
            yield f"the cell after {name} is not its check"
            continue
        if lesson.solved.cells[at + 1].source.split("\n")[0] != f"check({name})":
            yield f"the check of {name} does not check it"
        later = [c.source for c in lesson.solved.cells[at + 2 :] if c.cell_type == "code"]
        if f"{name} = use({name})" not in later:
            yield f"{name} is never handed to use"
        elif not any(re.search(rf"\b{name}\b", source) for source in later if "use(" not in source):
            yield f"{name} is never used after its check"
    if surplus := [c.id for c in lesson.code if lesson.kind(c) == "exercise" and c.id not in lesson.points]:
        yield f"exercises without a check in course.checks: {surplus}"


@rule
def gives_the_points_that_the_check_knows(lesson):
    told = {name: (int(points), n, k) for n, k, name, points, _ in re.findall(HEADING, lesson.text, re.M)}
    if list(told) != [cell.id for cell in lesson.code if lesson.kind(cell) == "exercise"]:
        yield f"the headings name the exercises {list(told)}"
    for place, (name, (points, n, k)) in enumerate(told.items(), start=1):
        if (int(n), int(k)) != (int(lesson.number), place):
            yield f"{name} is numbered {n}.{k}"
        if points != lesson.points.get(name):
            yield f"{name}: the heading says {points} points, the check {lesson.points.get(name)}"
    for notebook in (lesson.solved, lesson.learners):
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade"):
                name = cell.metadata.nbgrader.grade_id.removeprefix("check_")
                if cell.metadata.nbgrader.points != lesson.points.get(name):
                    yield f"{name}: the notebook says {cell.metadata.nbgrader.points} points: build again"


@rule
def says_in_five_lines_what_to_remember(lesson):
    numbers = re.findall(r"^(\d)\. \S", lesson.section("What to remember"), re.M)
    if numbers != list("12345"):
        yield f"what to remember is numbered {numbers}"


@rule
def folds_the_answers_to_its_questions(lesson):
    think = lesson.section("Think")
    answers = re.findall(r"<details><summary>(.+?)</summary>(.+?)</details>", think, re.S)
    if not answers:
        yield "no question with a folded answer"
    left = re.sub(r"<details>.*?</details>", "", think, flags=re.S)
    if words(left):
        yield f"not folded: {left.strip()[:60]!r}"


@rule
def says_where_to_read_on(lesson):
    if not re.search(r"^- .*\b(19|20)\d\d\b", lesson.section("Further reading"), re.M):
        yield "no source with its year under Further reading"


@rule
def closes_what_it_folds(lesson):
    for text in lesson.markdown:
        counts = [text.count(tag) for tag in ("<details>", "<summary>", "</summary>", "</details>")]
        if len(set(counts)) > 1:
            yield f"details and summaries do not match, {counts}: {text[:60]!r}"


@rule
def has_a_widget(lesson):
    if lesson.number != "00" and not any(twins(cell) for cell in lesson.code):
        yield "no widget"


def twins(cell):
    """The static twins that a cell shows in place of its widgets."""
    return [text for mime, text in shown(cell) if mime == "text/html" and "<i>Interactive figure" in text]


@rule
def has_been_executed_from_its_first_cell_to_its_last(lesson):
    counts = [cell.execution_count for cell in lesson.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"cells were run in the order {counts}"
    for cell in lesson.code:
        if any(output.output_type == "error" for output in cell.outputs):
            yield f"an error was saved: {first_line(cell)}"
        if any("still to do" in str(text) for _, text in shown(cell)):
            yield f"an exercise is not solved: {first_line(cell)}"


@rule
def is_small(lesson):
    if lesson.size > LARGEST:
        yield f"{lesson.size:,} bytes, allowed {LARGEST:,}"


@rule
def saves_no_widget(lesson):
    for notebook in (lesson.solved, lesson.learners):
        if "widgets" in notebook.metadata:
            yield "the state of its widgets was saved"
    for cell in lesson.code:
        if WIDGET in dict(shown(cell)):
            yield f"a widget was saved: {first_line(cell)}"


class Images(html.parser.HTMLParser):
    """Collects the alt text of every image, None where there is none."""

    def __init__(self):
        super().__init__()
        self.alts = []

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.alts.append(dict(attributes).get("alt"))


def alts(text):
    images = Images()
    images.feed(text)
    return images.alts


@rule
def says_every_picture_in_words(lesson):
    for cell in lesson.code:
        for mime, text in shown(cell):
            if mime.startswith("image/"):
                yield f"a bare {mime}: {first_line(cell)}"
            for alt in alts(text) if mime == "text/html" else ():
                if len(words(alt or "")) < 8:
                    yield f"alt text {alt!r}: {first_line(cell)}"
    for text in lesson.markdown:
        for alt in [*re.findall(r"!\[([^\]]*)\]\(", text), *alts(text)]:
            if len(words(alt or "")) < 3:
                yield f"alt text {alt!r} in {text[:60]!r}"


@rule
def names_its_cells_once_and_alike_in_both_notebooks(lesson):
    ids = [cell.id for cell in lesson.solved.cells]
    if len(set(ids)) != len(ids):
        yield "a name stands twice"
    if ids != [cell.id for cell in lesson.learners.cells]:
        yield "the two notebooks name their cells differently"


@rule
def has_a_slide_type_on_every_cell(lesson):
    for notebook in (lesson.solved, lesson.learners):
        for cell in notebook.cells:
            if not cell.metadata.get("slideshow", {}).get("slide_type"):
                yield f"no slide type: {first_line(cell)}"


@rule
def leaves_its_secrets_and_its_outputs_at_home(lesson):
    for cell in lesson.learners.cells:
        if re.search(r"(BEGIN|END) (SOLUTION|HIDDEN|MARK)", cell.source):
            yield f"a marker is left: {first_line(cell)}"
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"an output is left: {first_line(cell)}"
        if cell.id in lesson.points and "raise NotImplementedError" not in cell.source:
            yield f"no stub: {first_line(cell)}"
        checks = cell.metadata.get("nbgrader", {}).get("grade", False)
        if ("raises-exception" in cell.metadata.get("tags", [])) != checks:
            yield f"the tag raises-exception is for checks: {first_line(cell)}"


@rule
def links_to_files_that_are_there(lesson):
    for target in re.findall(r"\]\(([^)#\s]+)\)", lesson.text):
        if "://" not in target and not (ROOT / "notebooks" / target).exists():
            yield f"no file {target}"


@each_lesson
@pytest.mark.parametrize("keeps", RULES)
def test_a_lesson(keeps, name):
    complaints = list(RULES[keeps](lesson(name)))
    assert not complaints, "\n".join(["", *complaints])


# Every rule is seen to complain

FIGURE = '<img alt="Two curves over ten steps; the upper one ends at 3." src="data:image/png;base64,AAAA">'
TWIN = FIGURE + "<p><i>Interactive figure, at x 1. Run this cell to move the controls.</i></p>"
MARKDOWN = """\
# 3. What is tested?

*About 10 minutes. You need lesson 2.*

- one thing,
- another.

## First

### Exercise 3.1: `min_max` (2 points, 5 minutes)

*Predict first.* What comes out?

<details><summary>Hint</summary>None.</details>
"""
LAST = """\
## What to remember

1. One.
2. Two.
3. Three.
4. Four.
5. Five.

## Think

<details><summary>Why?</summary>Because.</details>

## Further reading

- Nobody (2020), *Nothing*. <https://example.org>, and [lesson 0](00_welcome.ipynb).
"""


def small_lesson():
    """A lesson that keeps all the rules."""
    marks = {"schema_version": 3, "task": False}
    answer = {**marks, "grade_id": "min_max", "grade": False, "solution": True, "locked": False}
    check = {**marks, "grade_id": "check_min_max", "grade": True, "solution": False, "locked": True}
    cells = [
        new_markdown_cell(MARKDOWN, id="a"),
        new_code_cell("def min_max():\n    return 1", id="min_max", metadata={"nbgrader": answer}),
        new_code_cell(
            "check(min_max)", id="check_min_max", metadata={"nbgrader": {**check, "points": 2}, "tags": []}
        ),
        new_code_cell("min_max = use(min_max)", id="b"),
        new_markdown_cell("Text.", id="c"),
        new_code_cell("min_max()", id="d", outputs=[html_output(FIGURE)]),
        new_code_cell("Explorer(min_max)", id="e", outputs=[html_output(TWIN)]),
        new_markdown_cell(LAST, id="f"),
    ]
    for cell in cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    solved = new_notebook(cells=cells)
    learners = copy.deepcopy(solved)
    for number, cell in enumerate(cell for cell in cells if cell.cell_type == "code"):
        cell.execution_count = number + 1
    for cell in learners.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    learners.cells[1].source = "def min_max():\n    raise NotImplementedError()"
    learners.cells[2].metadata.tags.append("raises-exception")
    return Lesson("03", solved, learners, {"min_max": 2}, 1_000)


def html_output(text):
    return new_output("display_data", data={"text/html": text, "text/plain": "words"})


def reword(cell, old, new):
    def change(lesson):
        source = lesson.solved.cells[cell].source
        assert old in source
        lesson.solved.cells[cell].source = source.replace(old, new)

    return change


def on_cell(number, change, *, learners=False):
    return lambda lesson: change((lesson.learners if learners else lesson.solved).cells[number])


def put(at, *cells):
    def change(lesson):
        lesson.solved.cells[at:at] = cells

    return change


def other(name):
    return new_code_cell("1", id=name)


def show(text, mime="text/html"):
    return lambda cell: cell.outputs.append(new_output("display_data", data={mime: text}))


BREAKS = [
    (has_few_code_cells, put(5, *(other(f"x{n}") for n in range(16)))),
    (has_few_words, reword(4, "Text.", "word " * 1_500)),
    (has_short_cells, reword(5, "min_max()", "min_max()\n" * 15)),
    (has_short_cells, reword(1, "return 1", "return 1" + "\n" * 24)),
    (explains_between_code_cells, put(6, other("x"))),
    (explains_between_code_cells, put(4, other("x"), other("y"), other("z"))),
    (opens_with_its_title_its_minutes_and_what_it_needs, reword(0, "# 3. ", "# 4. ")),
    (opens_with_its_title_its_minutes_and_what_it_needs, reword(0, "*About 10 minutes.", "*10 minutes.")),
    (opens_with_its_title_its_minutes_and_what_it_needs, reword(0, "lesson 2", "lesson 1")),
    (opens_with_its_title_its_minutes_and_what_it_needs, reword(0, "About 10", "About 50")),
    (opens_with_its_title_its_minutes_and_what_it_needs, reword(0, "- another.", "Another.")),
    (states_the_minutes_that_its_parts_add_up_to, reword(0, "About 10", "About 20")),
    (states_the_minutes_that_its_parts_add_up_to, reword(0, "5 minutes)", "20 minutes)")),
    (skips_no_level_of_headings, reword(0, "### Exercise", "#### Exercise")),
    (skips_no_level_of_headings, reword(4, "Text.", "# Another title")),
    (makes_nobody_feel_slow, reword(4, "Text.", "Text that is\nSimply there.")),
    (makes_nobody_feel_slow, reword(5, "min_max()", "min_max()  # just so")),
    (asks_before_it_shows, reword(0, "*Predict first.*", "Think:")),
    (has_every_exercise_with_its_check_and_uses_it, on_cell(1, lambda cell: cell.update(id="other"))),
    (has_every_exercise_with_its_check_and_uses_it, put(2, new_markdown_cell("between", id="x"))),
    (has_every_exercise_with_its_check_and_uses_it, reword(2, "check(min_max)", "check(max)")),
    (has_every_exercise_with_its_check_and_uses_it, reword(3, "use(min_max)", "min_max")),
    (
        has_every_exercise_with_its_check_and_uses_it,
        lambda lesson: lesson.solved.cells.__delitem__(slice(5, 7)),
    ),
    (has_every_exercise_with_its_check_and_uses_it, lambda lesson: lesson.points.clear()),
    (gives_the_points_that_the_check_knows, reword(0, "(2 points", "(3 points")),
    (gives_the_points_that_the_check_knows, reword(0, "3.1", "3.2")),
    (gives_the_points_that_the_check_knows, reword(0, "`min_max`", "`max_min`")),
    (gives_the_points_that_the_check_knows, on_cell(2, lambda c: c.metadata.nbgrader.update(points=3))),
    (says_in_five_lines_what_to_remember, reword(7, "5. Five.\n", "")),
    (says_in_five_lines_what_to_remember, reword(7, "## What to remember", "## Remember")),
    (folds_the_answers_to_its_questions, reword(7, "Because.</details>", "</details>Because.")),
    (folds_the_answers_to_its_questions, reword(7, "## Think", "## Thoughts")),
    (says_where_to_read_on, reword(7, "(2020)", "")),
    (closes_what_it_folds, reword(0, "</summary>", "")),
    (has_a_widget, lambda lesson: lesson.solved.cells[6].outputs.clear()),
    (has_been_executed_from_its_first_cell_to_its_last, on_cell(5, lambda c: c.update(execution_count=None))),
    (
        has_been_executed_from_its_first_cell_to_its_last,
        on_cell(5, lambda c: c.outputs.append(new_output("error", ename="E", evalue="", traceback=[]))),
    ),
    (has_been_executed_from_its_first_cell_to_its_last, on_cell(2, show("min_max: still to do"))),
    (is_small, lambda lesson: object.__setattr__(lesson, "size", LARGEST + 1)),
    (saves_no_widget, lambda lesson: lesson.solved.metadata.update(widgets={})),
    (saves_no_widget, lambda lesson: lesson.learners.metadata.update(widgets={})),
    (saves_no_widget, on_cell(6, show({"model_id": "1"}, WIDGET))),
    (says_every_picture_in_words, on_cell(5, show("AAAA", "image/png"))),
    (says_every_picture_in_words, on_cell(5, show('<img src="data:image/png;base64,AAAA">'))),
    (says_every_picture_in_words, on_cell(5, show('<p><img src="x" alt="A figure."></p>'))),
    (says_every_picture_in_words, reword(4, "Text.", "![](picture.png)")),
    (names_its_cells_once_and_alike_in_both_notebooks, on_cell(3, lambda cell: cell.update(id="a"))),
    (names_its_cells_once_and_alike_in_both_notebooks, on_cell(3, lambda cell: cell.update(id="x"))),
    (has_a_slide_type_on_every_cell, on_cell(3, lambda cell: cell.metadata.pop("slideshow"))),
    (
        leaves_its_secrets_and_its_outputs_at_home,
        on_cell(1, lambda cell: cell.update(source="def min_max():\n    return 1"), learners=True),
    ),
    (
        leaves_its_secrets_and_its_outputs_at_home,
        on_cell(5, lambda cell: cell.update(source="### BEGIN SOLUTION"), learners=True),
    ),
    (
        leaves_its_secrets_and_its_outputs_at_home,
        on_cell(5, lambda cell: cell.outputs.append(html_output(FIGURE)), learners=True),
    ),
    (leaves_its_secrets_and_its_outputs_at_home, on_cell(2, lambda c: c.metadata.pop("tags"), learners=True)),
    (
        leaves_its_secrets_and_its_outputs_at_home,
        on_cell(5, lambda c: c.metadata.update(tags=["raises-exception"]), learners=True),
    ),
    (links_to_files_that_are_there, reword(7, "00_welcome.ipynb", "00_nowhere.ipynb")),
]


def test_the_small_lesson_keeps_every_rule():
    assert not [sentence for check in RULES.values() for sentence in check(small_lesson())]


@pytest.mark.parametrize(("check", "break_it"), BREAKS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_rule_complains_about_a_lesson_that_breaks_it(check, break_it):
    broken = small_lesson()
    break_it(broken)
    assert list(check(broken))


def test_every_rule_is_broken_at_least_once():
    assert {check.__name__ for check, _ in BREAKS} == set(RULES)


# Built


@each_lesson
def test_a_lesson_is_up_to_date(name):
    assert stale(ROOT / "solutions" / f"{name}.py") == []


def test_every_notebook_has_a_source():
    built = {path.stem for folder in ("solutions", "notebooks") for path in (ROOT / folder).glob("*.ipynb")}
    assert built == set(LESSONS)


def test_the_map_in_the_readme_says_of_each_lesson_what_the_lesson_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = {}
    for row in re.findall(r"^\| \d.*", readme, re.M):
        number, link, _, write, minutes = [cell.strip() for cell in row.strip("|").split("|")]
        rows[re.search(r"\(notebooks/(\w+)\.ipynb\)", link)[1]] = (
            int(number),
            set(re.findall(r"`(\w+)`", write)),
            int(minutes),
        )
    assert rows == {
        name: (int(name[:2]), set(lesson(name).points), stated(lesson(name))[0]) for name in LESSONS
    }


# Executed and compared


@each_lesson
def test_a_solution_run_again_says_what_it_said(name):
    run = executed(name[:2])
    assert run.status == 0, run.report[-6_000:]
    assert f"{len(lesson(name).code)} passed" in run.report


COMPARED = """\
from IPython.display import HTML
HTML('<p><img alt="It ends at 3." src="data:image/png;base64,AAAA"></p>')"""
SAYS = '<p><img alt="It ends at {number}." src="data:image/png;base64,{picture}"></p>'


@pytest.mark.parametrize(
    ("number", "picture", "same"), [(3, "AAAA", True), (3, "BBBB", True), (4, "AAAA", False)]
)
def test_that_comparison_leaves_out_the_pixels_and_sees_a_number(tmp_path, number, picture, same):
    text = SAYS.format(number=number, picture=picture)
    plain = "<IPython.core.display.HTML object>"
    output = new_output("execute_result", data={"text/html": text, "text/plain": plain}, execution_count=1)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(
        cells=[new_code_cell(COMPARED, execution_count=1, outputs=[output])],
        metadata={"kernelspec": kernel},
    )
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    run = execute(tmp_path / "lesson.ipynb")
    assert (run.status == 0) == same, run.report


# Run untouched, as a learner who does no exercise meets it


@functools.cache
def untouched(name):
    """A learner's copy after Run All. Only an error that a tag announces lets it go on."""
    notebook = copy.deepcopy(lesson(name).learners)
    folder = ROOT / "notebooks"
    before = set(folder.iterdir())
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=900, kernel_name="python3", resources=resources)
    client.execute(stderr=subprocess.DEVNULL)
    assert set(folder.iterdir()) == before, "the lesson leaves files behind"
    return notebook


@each_lesson
def test_an_untouched_notebook_runs_to_its_end_and_says_still_to_do_once_an_exercise(name):
    cells = [cell for cell in untouched(name).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    errors = [(cell.id, o.ename) for cell in cells for o in cell.outputs if o.output_type == "error"]
    exercise_names = [cell.id for cell in cells if cell.id in lesson(name).points]
    assert errors == [(f"check_{each}", "NotAttempted") for each in exercise_names]
    panels = [text for cell in cells for mime, text in shown(cell) if mime == "text/plain"]
    assert [text.split("\n")[0] for text in panels if ": still to do" in text.split("\n")[0]] == [
        f"… {each}: still to do" for each in exercise_names
    ]


@each_lesson
def test_an_untouched_notebook_shows_what_the_solution_shows_with_the_courses_own_functions(name):
    solved = {cell.id: cell for cell in lesson(name).code}
    notes = []
    for cell in untouched(name).cells:
        if cell.cell_type != "code" or cell.id.startswith("check_"):
            continue
        if lesson(name).kind(cell) == "use":
            notes += [text for mime, text in shown(cell) if mime == "text/plain"]
            continue
        kinds = [sorted(o.data) for o in cell.outputs if "data" in o and WIDGET not in o.data]
        wanted = [sorted(o.data) for o in solved[cell.id].outputs if "data" in o]
        assert [each for each in kinds if each != ["text/plain"]] == [
            each for each in wanted if each != ["text/plain"]
        ], cell.source
    assert len(notes) == len(lesson(name).points)
    for exercise, note in zip(lesson(name).points, notes, strict=True):
        assert "the course's " in note, (exercise, note)


@each_lesson
def test_every_widget_of_a_lesson_comes_with_its_still_picture(name):
    widgets = 0
    for cell in untouched(name).cells:
        views = sum(WIDGET in output.get("data", {}) for output in cell.get("outputs", []))
        pictures = len(twins(cell)) if views else 0
        widgets += pictures
        # What has none is a progress bar: the builder leaves it out of the solution.
        assert views == pictures or "nbval-ignore-output" in cell.metadata.get("tags", []), cell.source
    assert widgets >= (name[:2] != "00")

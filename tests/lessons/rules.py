"""The form that learners rely on: functions that say what is wrong with a lesson.

`RULES` holds them by name; tests/test_rules.py breaks a small lesson once for each.
"""

import ast
import functools
import html.parser
import itertools
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.authoring.notebooks import unsolved
from course.authoring.source import FOLD, FOLDED, SLIDE, read
from course.authoring.stamps import ROOT, sources
from course.checks import exercises
from tests.lessons.pace import HEADING, kind, pace, parsed, statements, words

STATEMENTS, MORE, LARGEST = 12, 25, 1_000_000
LOOPS = {"10": "actor_critic"}  # the one function of a lesson that may be as long as an exercise
MINUTES = {"06": 60, "11": 60, "13": 60, "14": 60, "15": 60}  # of the main path, where they are not 45
ABOUT, LONGER = 5, 1.2  # minutes by which a statement may differ, times that a lesson may take longer
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

    @property
    def main(self):
        """The cells of the main path, which ends where one may dig deeper."""
        return list(itertools.takewhile(lambda cell: first_line(cell) != FOLDED, self.solved.cells))

    @property
    def deeper(self):
        return self.solved.cells[len(self.main) :]

    def section(self, heading):
        """What stands under a heading of the second level, without the heading."""
        found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", self.text, re.M | re.S)
        return found[1] if found else ""

    def kind(self, cell):
        """What a code cell is: exercise, check, use, guess, or other."""
        return kind(cell)


@functools.cache
def lesson(name):
    paths = [ROOT / folder / f"{name}.ipynb" for folder in ("solutions", "notebooks")]
    solved, learners = (nbformat.read(path, as_version=nbformat.NO_CONVERT) for path in paths)
    return Lesson(name[:2], solved, learners, points_of(name), paths[0].stat().st_size)


def written(name):
    """The lesson as its source has it, not executed."""
    solved = read(ROOT / "solutions" / f"{name}.py")
    return Lesson(name[:2], solved, unsolved(solved), points_of(name), 0)


def points_of(name):
    return {each.name: each.points for each in exercises() if each.lesson == name[:2]}


def table(lessons: Iterable[Lesson]) -> str:
    """The pace of lessons, a row each."""
    form = "{:>6} {:>6} {:>6} {:>11} {:>8} {:>8} {:>8} {:>7} | {:>7} {:>7}"
    counts = ("words", "cells", "statements", "widgets", "writing")
    rows = [form.format("lesson", *counts, "minutes", "stated", "deeper", "stated")]
    for each in lessons:
        of, below = pace(each.main), pace(each.deeper)
        numbers = [getattr(of, count) for count in counts]
        minutes = [round(of.minutes), stated(each)[0], round(below.minutes), stated_below(each)]
        rows.append(form.format(each.number, *numbers, *minutes))
    return "\n".join(rows)


# The rules. Each yields sentences that say what is wrong.

RULES = {}


def rule(check):
    RULES[check.__name__] = check
    return check


def shown(cell):
    """(mime type, content) of everything that a code cell shows."""
    for output in cell.get("outputs", []):
        yield from output.get("data", {}).items()


def first_line(cell):
    return cell.source.split("\n")[0]


def begins(cell):
    """The cell's beginning, for a complaint."""
    return repr(first_line(cell)[:60])


@rule
def holds_one_thought_in_a_cell(lesson):
    for cell in lesson.code:
        loop = LOOPS.get(lesson.number) or "no function"
        longer = lesson.kind(cell) == "exercise" or f"def {loop}(" in cell.source
        allowed = MORE if longer else STATEMENTS
        if (count := statements(cell.source)) > allowed:
            yield f"{count} statements, allowed {allowed}: {begins(cell)}"


COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@rule
def nests_no_comprehensions(lesson):
    for cell in lesson.code:
        found = [node for node in ast.walk(parsed(cell.source)) if isinstance(node, COMPREHENSIONS)]
        for outer in found:
            inner = any(each in found for each in ast.walk(outer) if each is not outer)
            if inner or len(outer.generators) > 1:
                yield f"a comprehension in a comprehension: {ast.unparse(outer)[:60]!r}"


@rule
def explains_between_code_cells(lesson):
    kinds = ["text" if c.cell_type != "code" else lesson.kind(c) for c in lesson.solved.cells]
    for at in range(len(kinds) - 2):
        if kinds[at : at + 3] == ["other"] * 3:
            yield f"three code cells in a row: {begins(lesson.solved.cells[at])}"


OPENING = re.compile(
    r"^\*About (\d+) minutes\. You need (.+?)\. Words and symbols: \[glossary\]\(\.\./docs/glossary\.md\), "
    r"\[notation\]\(\.\./docs/notation\.md\)\.\*$",
    re.M,
)
BELOW = re.compile(r"\*About (\d+) minutes\.")


def stated(lesson):
    """(minutes, what is needed) as the first cell says."""
    found = OPENING.search(lesson.markdown[0])
    return (int(found[1]), found[2]) if found else (0, "")


def stated_below(lesson):
    """The minutes that *Dig deeper* says it takes, 0 if it says nothing."""
    found = BELOW.search(lesson.deeper[0].source) if lesson.deeper else None
    return int(found[1]) if found else 0


@rule
def opens_with_its_title_its_minutes_and_what_it_needs(lesson):
    first = lesson.solved.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith(f"# {int(lesson.number)}. "):
        yield f"does not open with its number and title: {begins(first)}"
    minutes, needs = stated(lesson)
    if not needs:
        yield "no line that says: About M minutes. You need lesson K. Words and symbols: ..."
    elif not 0 < minutes <= LONGER * MINUTES.get(lesson.number, 45):
        yield f"{minutes} minutes are stated"
    earlier = [f"lesson {number}" for number in range(int(lesson.number))]
    if needs not in (earlier or ["Python, and a little numpy"]):
        yield f"says that you need {needs!r}"
    if not 2 <= len(re.findall(r"^- ", first.source, re.M)) <= 4:
        yield "does not list two to four things that you can do afterwards"


def differ(stated, counted):
    return abs(stated - counted) > max(ABOUT, 0.15 * counted)


@rule
def states_the_minutes_that_its_parts_add_up_to(lesson):
    counted = pace(lesson.main)
    if differ(stated(lesson)[0], counted.minutes):
        yield f"{stated(lesson)[0]} minutes are stated, {counted.minutes:.0f} are counted: {counted}"


@rule
def digs_deeper_apart_and_not_too_deep(lesson):
    if not lesson.deeper:
        return
    counted, of = pace(lesson.deeper).minutes, pace(lesson.main).minutes
    if not stated_below(lesson):
        yield f"{FOLDED!r} does not begin with its minutes: *About M minutes. ..."
    elif differ(stated_below(lesson), counted):
        yield f"{stated_below(lesson)} minutes are stated to dig deeper, {counted:.0f} are counted"
    if counted > of / 2:
        yield f"{counted:.0f} minutes to dig deeper are more than half of {of:.0f}"
    if any(lesson.kind(cell) == "exercise" for cell in lesson.deeper if cell.cell_type == "code"):
        yield "an exercise where one digs deeper"
    for notebook in (lesson.solved, lesson.learners):
        folded = [first_line(cell) for cell in notebook.cells if cell.metadata.get(FOLD)]
        if folded != [FOLDED]:
            yield f"folded are {folded}"


ENDING = ["What to remember", "Think", "Further reading"]


@rule
def ends_with_its_sections_in_their_order(lesson):
    headings = re.findall(r"^## (.+)", lesson.text, re.M)
    if headings[-1] == "Dig deeper":
        headings.pop()
    if headings[-3:] != ENDING:
        yield f"ends with {headings[-3:]}"
    if "Dig deeper" in headings:
        yield "something stands after *Dig deeper*"


@rule
def leads_on_to_the_next_lesson(lesson):
    later = [path.stem for path in sources() if path.stem[:2] > lesson.number]
    text = "\n\n".join(cell.source for cell in lesson.main if cell.cell_type == "markdown")
    if later and f"]({later[0]}.ipynb)" not in text:
        yield f"no link to {later[0]}.ipynb on the main path"


@rule
def begins_a_slide_with_every_section_and_exercise(lesson):
    for notebook in (lesson.solved, lesson.learners):
        for cell in notebook.cells:
            if cell.cell_type != "markdown":
                continue
            text = re.sub(r"^```.*?^```", "", cell.source, flags=re.M | re.S)
            for line in text.split("\n")[1:]:
                if SLIDE.match(line):
                    yield f"a heading inside a cell: {line[:60]!r}"
            if SLIDE.match(cell.source) and cell.metadata.get("slideshow", {}).get("slide_type") != "slide":
                yield f"is no slide: {begins(cell)}"


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


PREDICTIONS = 3


@rule
def asks_before_it_shows_and_draws_the_guess(lesson):
    cells = lesson.solved.cells
    asked = [at for at, cell in enumerate(cells) if asks(cell)]
    if not 0 < len(asked) <= PREDICTIONS:
        yield f"{len(asked)} predictions, allowed 1 to {PREDICTIONS}"
    for at, later in itertools.pairwise([*asked, len(cells)]):
        if cells[at].source.count("*Predict first.*") > 1:
            yield f"two predictions in a cell: {begins(cells[at])}"
        if not guessed(cells[at + 1]):
            yield f"the cell after a prediction is not `guess = None`: {begins(cells[at + 1])}"
        shows = [
            cell
            for cell in cells[at + 2 : later]
            if cell.cell_type == "code" and "guess=guess" in cell.source
        ]
        if not shows:
            yield f"nothing draws the guess before the next prediction: {begins(cells[at])}"
        if not re.match(r"(# |## |\*Predict)", cells[at].source):
            yield f"a prediction does not begin its cell: {begins(cells[at])}"
    for before, cell in itertools.pairwise(cells):
        if guessed(cell) and not asks(before):
            yield f"a guess without its question: {begins(before)}"


def asks(cell):
    return cell.cell_type == "markdown" and "*Predict first.*" in cell.source


def guessed(cell):
    return cell.cell_type == "code" and kind(cell) == "guess"


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
    told = {name: (int(points), n, k) for n, k, name, points, _ in HEADING.findall(lesson.text)}
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
            yield f"an error was saved: {begins(cell)}"
        if any("still to do" in str(text) for _, text in shown(cell)):
            yield f"an exercise is not solved: {begins(cell)}"


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
            yield f"a widget was saved: {begins(cell)}"


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
                yield f"a bare {mime}: {begins(cell)}"
            for alt in alts(text) if mime == "text/html" else ():
                if len(words(alt or "")) < 8:
                    yield f"alt text {alt!r}: {begins(cell)}"
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
                yield f"no slide type: {begins(cell)}"


@rule
def leaves_its_secrets_and_its_outputs_at_home(lesson):
    for cell in lesson.learners.cells:
        if re.search(r"(BEGIN|END) (SOLUTION|HIDDEN|MARK)", cell.source):
            yield f"a marker is left: {begins(cell)}"
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"an output is left: {begins(cell)}"
        if cell.id in lesson.points and "raise NotImplementedError" not in cell.source:
            yield f"no stub: {begins(cell)}"
        checks = cell.metadata.get("nbgrader", {}).get("grade", False)
        if ("raises-exception" in cell.metadata.get("tags", [])) != checks:
            yield f"the tag raises-exception is for checks: {begins(cell)}"


@rule
def links_to_files_that_are_there(lesson):
    for target in re.findall(r"\]\(([^)#\s]+)\)", lesson.text):
        if "://" in target:
            continue
        # A notebook is there if its source is.
        path = Path("notebooks", target) if "/" in target else Path("solutions", target).with_suffix(".py")
        if not (ROOT / os.path.normpath(path)).exists():
            yield f"no file {target}"


# What only an executed lesson can keep.
OF_A_RUN = (has_a_widget, has_been_executed_from_its_first_cell_to_its_last)

"""The form that learners rely on: functions that say what is wrong with a lesson.

`RULES` holds them by name; tests/test_rules.py breaks a small lesson once for each.
"""

import functools
import html.parser
import itertools
import re
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from course.authoring.stamps import ROOT
from course.checks import exercises

CODE_CELLS, WORDS, LINES, EXERCISE_LINES, LARGEST = 20, 1_500, 16, 25, 1_000_000
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

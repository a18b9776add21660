"""The lecturer's handbook: it adds up, quotes what is there, and never reaches a learner's notebook."""

import ast
import functools
import html
import json
import re

import pytest

from course.authoring.source import MARKERS, read
from course.authoring.stamps import ROOT
from course.checks import exercises
from course.classroom import slides
from course.classroom.predictions import PREDICTIONS
from course.classroom.quiz.bank import TEMPLATES
from course.classroom.quiz.questions import ask
from course.classroom.saved import read as read_saved
from tests import tables_in_docs, teaching_tables
from tests.teaching_tables import LENGTHS, NAMES
from tests.test_docs import missing

DOCS = ROOT / "docs"
PAGES = [DOCS / "teaching" / f"{name}.md" for name in NAMES]
EVERY_LESSON = pytest.mark.parametrize("name", NAMES)
KNOWN = {each.name: {sentence for sentence, _ in each.mistakes} for each in exercises()}
KNOWN_TO = {
    name[:2]: [s for e in exercises() if e.lesson == name[:2] for s in KNOWN[e.name]] for name in NAMES
}


def page(name):
    return (DOCS / "teaching" / f"{name}.md").read_text("utf-8")


def by_hand(text):
    """A page without what was generated, but with its run sheets."""
    return re.sub(
        r"<!-- (facts|objectives|polls|waits|sections|measured): .*?<!-- end of \1 -->", "", text, flags=re.S
    )


# What is counted


def test_the_documents_hold_what_is_counted():
    stale = [f"{document}: {place}" for document, place, text in teaching_tables.generated()
             if tables_in_docs.between(document, place) != text]  # fmt: skip
    assert stale == [], "run python -m tests.teaching_tables --write"


def test_every_lesson_has_a_page_and_every_page_a_lesson():
    assert sorted(DOCS.joinpath("teaching").glob("*.md")) == PAGES


@pytest.mark.parametrize("length", LENGTHS)
@EVERY_LESSON
def test_a_run_sheet_adds_up_and_leaves_time_for_questions(name, length):
    rows = tables_in_docs.cells(tables_in_docs.between(f"teaching/{name}.md", f"{length} minutes"))
    minutes = [int(row[0]) for row in rows]
    assert sum(minutes) == length
    assert all(each >= 1 for each in minutes)
    (rest,) = (int(row[0]) for row in rows if row[2] == "rest")
    assert 4 <= rest <= 12


def test_a_block_is_counted_by_the_rule_of_the_pace():
    sheet = (
        "| minutes | what | how | what you do |\n| --- | --- | --- | --- |\n"
        "| 0 | *The ruler*, Exercise 2.1 | lecture, write | |\n| 0 | A walk | talk 7 | |\n"
        "| 0 | *Crack 1* | poll | |\n"
        "| 0 | Questions | rest | |\n"
    )
    ruler = teaching_tables.sections("02_min_max_scaling")["The ruler"]
    alone = ruler.minutes("alone")
    rows = tables_in_docs.cells(teaching_tables.counted(sheet, "02_min_max_scaling", 50))
    assert [int(row[0]) for row in rows] == [round(alone), 7, 2, 50 - round(alone) - 9]
    with pytest.raises(KeyError, match="'Crack' is the beginning of 4 headings"):
        teaching_tables.counted(sheet.replace("Crack 1", "Crack"), "02_min_max_scaling", 50)


def test_run_all_was_measured_for_all_cells_of_all_lessons():
    unmeasured = [
        f"{name}: {cell.source[:40]!r}"
        for name in NAMES
        for section in teaching_tables.sections(name).values()
        for cell in section.cells
        if cell.cell_type == "code" and cell.id not in section.ran
    ]
    assert unmeasured == [], "run python -m tests.teaching_runs"


# What is quoted


def quoted(name):
    """(exercise, sentence) of every quotation of what a panel says."""
    where = None
    for line in by_hand(page(name)).splitlines():
        if found := re.match(r"### Exercise [\d.]+, `(\w+)`", line):
            where = found[1]
        elif line.startswith("> "):
            yield where, line[2:]
        elif found := re.match(r"\| [\d.]+ `(\w+)` \| (.*?) \| .* \| .* \|$", line):
            yield found[1], found[2]


@EVERY_LESSON
def test_what_a_panel_says_is_quoted_exactly_for_every_exercise(name):
    quotations = list(quoted(name))
    assert [sentence for exercise, sentence in quotations if sentence not in KNOWN[exercise]] == []
    assert {exercise for exercise, _ in quotations} == {e.name for e in exercises() if e.lesson == name[:2]}


@EVERY_LESSON
def test_every_quotation_comes_with_a_question_to_ask(name):
    section = page(name).split("## What they write first")[1].split("\n## ")[0]
    for exercise in section.split("### Exercise")[1:]:
        assert "*" in exercise.split("\n", 1)[1], exercise
        assert re.search(r"Ask: \*|ask them|You ask", exercise), exercise


@EVERY_LESSON
def test_what_most_will_say_is_an_option_of_each_poll(name):
    told = dict(re.findall(r"^- \*\*(\d+\.\d+)\*\* (.*)$", page(name), re.M))
    polls = [each for each in PREDICTIONS if each.lesson == name[:2]]
    assert list(told) == [each.name for each in polls]
    for each in polls:
        begin = re.match(r"Most (?:will say|stay) ((?:\*[^*]+\*(?:,? or )?)+)", told[each.name])
        says = re.findall(r"\*([^*]+)\*", begin[1])
        assert set(says) <= set(each.options), f"{each.name}: {says} are not among {each.options}"


def numbers(text):
    """Numbers as they are written, without those that only name a lesson, an exercise or a prediction."""
    text = re.sub(r"<!--.*?-->|\]\([^)]*\)|`[^`]*`|\$[^$]*\$", " ", text)
    text = re.sub(
        r"(Exercises? |\*\*)\d+\.\d+|\| \d+\.\d+ |[Ll]essons? \d+(, \d+|( to | and )\d+)*", " ", text
    )
    text = re.sub(r"^\| \d+ \||\btalk \d+|^#.*$", " ", text, flags=re.M)
    return written(text)


def written(text):
    """All numbers of a text, as they are written."""
    return re.findall(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)", text)


@EVERY_LESSON
def test_every_number_of_a_page_stands_in_a_lesson_that_it_names_or_in_the_notes(name):
    own = page(name)
    named = {int(name[:2]), *(int(n) for n in re.findall(r"\blessons? (\d+)", own))}
    texts = [
        (ROOT / "solutions" / f"{each}.py").read_text("utf-8") for each in NAMES if int(each[:2]) in named
    ]
    texts += [(DOCS / "lecture_notes.md").read_text("utf-8"), *KNOWN_TO[name[:2]]]
    texts += [tables_in_docs.between(f"teaching/{name}.md", "polls")]
    known = set(written("\n".join(texts)))
    small = {str(number) for number in range(11)}  # counts that one sees
    assert [each for each in numbers(by_hand(own)) if each not in known | small] == []


@pytest.mark.parametrize("path", [DOCS / "teaching.md", *PAGES], ids=lambda path: path.name)
def test_links_lead_to_what_is_there(path):
    text = path.read_text("utf-8")
    assert list(missing(text)) == []
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        assert to.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", to.read_text("utf-8"), re.M)
            slugs = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
            assert anchor in slugs, target


def test_the_day_takes_the_short_way_and_the_term_takes_all():
    day = tables_in_docs.between("teaching.md", "one day")
    assert [int(n) for n in re.findall(r"\| lesson (\d+)", day)] == [3, 4, 5, 6, 7, 8, 13]
    term = tables_in_docs.cells(tables_in_docs.between("teaching.md", "one term"))
    assert [int(row[0]) for row in term] == list(range(1, 15))
    assert [int(n) for row in term for n in row[1].split(", ")] == list(range(16))
    of_lesson_2 = tables_in_docs.cells(tables_in_docs.between("teaching/02_min_max_scaling.md", "50 minutes"))
    assert "Crack 4" in of_lesson_2[4][1]
    assert sum(int(row[0]) for row in of_lesson_2[:5]) + 50 <= 90  # the second week has two lessons


# What must not reach a learner


def plain(text):
    """Words alone, so that line ends, markup and quotes hide nothing."""
    return " ".join(re.findall(r"\w+", text.lower()))


def secrets(name):
    """What a lecturer has and a learner has not: sentences of the handbook of eight words and more.

    What a page quotes of its lesson is no secret. The questions about mistakes are: no lesson may have them.
    """
    text = re.sub(r"<!--.*?-->", "", by_hand(page(name)), flags=re.S)
    mistakes = text.index("## What they write first"), text.index("## The prediction")
    lesson = plain("\n".join(cell.source for cell in cells(name)))
    for at, strict in (
        (slice(*mistakes), True),
        (slice(0, mistakes[0]), False),
        (slice(mistakes[1], None), False),
    ):
        for sentence in re.split(r"(?<=[.?!:])\s+|\s\|\s|\n\n", text[at]):
            words = plain(sentence)
            if len(words.split()) >= 8 and (strict or words not in lesson):
                yield words


@functools.cache
def cells(name):
    """Of a lesson's source."""
    return read(ROOT / "solutions" / f"{name}.py").cells


@functools.cache
def solutions(name):
    """What a solved exercise holds between its marks, line by line, if it is more than a few signs."""
    found = []
    for cell in cells(name):
        for body in re.findall(rf"### BEGIN {MARKERS[0]}\n(.*?)### END {MARKERS[0]}", cell.source, re.S):
            found += [line.strip() for line in body.splitlines() if len(line.strip()) >= 20]
    return found


@functools.cache
def keys(name):
    """What the quiz's key says of a lesson: the way to each answer, and who chose which wrong one."""
    found = []
    for template in TEMPLATES:
        if template.lesson == name[:2]:
            question = ask(template, seed=0)
            found += [plain(each) for each in (*question.worked, *(c.feedback for c in question.choices))]
    return [each for each in found if len(each.split()) >= 8]


def leaks(name, notebook):
    """What of handbook, key and solutions is in a learner's notebook, hidden data included."""
    whole = plain(json.dumps(notebook, ensure_ascii=False).replace("\\n", " "))
    yield from (sentence for sentence in [*secrets(name), *keys(name)] if sentence in whole)
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and marks.get("solution"):
            source = "".join(cell["source"])
            yield from (line for line in solutions(name) if line in source)
            yield from ("a body" for _ in [0] if not only_a_stub(source))
    hidden = json.dumps([notebook["metadata"], *(cell["metadata"] for cell in notebook["cells"])])
    yield from (
        word for word in ("teaching", "misconception", "BEGIN SOLUTION", "answer_key") if word in hidden
    )


def only_a_stub(source):
    """Whether a function holds its docstring and a `raise`, and nothing else."""
    (function,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    rest = [node for node in function.body if not isinstance(getattr(node, "value", None), ast.Constant)]
    return [type(node) for node in rest] == [ast.Raise]


@EVERY_LESSON
def test_no_solution_no_key_and_no_sentence_of_the_handbook_is_in_a_learners_notebook(name):
    path = ROOT / "notebooks" / f"{name}.ipynb"
    assert list(leaks(name, json.loads(path.read_text("utf-8")))) == []
    assert not any(cell.outputs for cell in read_saved(path).cells)


def shown(deck):
    """The words of a deck, speaker notes included."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", deck, flags=re.S)
    return plain(html.unescape(re.sub(r"<[^>]+>", " ", text)))


@EVERY_LESSON
def test_no_solution_no_key_and_no_sentence_of_the_handbook_is_on_a_slide(name):
    deck = shown(slides.deck(read_saved(ROOT / "solutions" / f"{name}.ipynb")))
    assert plain(cells(name)[0].source.split("\n")[0]) in deck
    assert [each for each in [*secrets(name), *keys(name)] if each in deck] == []
    assert [line for line in solutions(name) if plain(line) in deck] == []


def test_a_leak_on_a_slide_would_be_found():
    line = solutions("08_gae")[0]
    deck = f"<section><pre><code>{html.escape(line)}</code></pre><script>gone</script></section>"
    assert plain(line) in shown(deck)
    assert "gone" not in shown(deck)


def test_a_leak_would_be_found():
    name = "06_value_prediction"
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text("utf-8"))
    (cell,) = (each for each in notebook["cells"] if each["id"] == "leave_one_out")
    cell["source"] = [*cell["source"], "\n    others = (rewards.sum() - rewards) / (len(rewards) - 1)\n"]
    notebook["metadata"]["hint"] = keys(name)[0]
    cell["metadata"]["teaching"] = "Ask: in a batch of two, how much of yourself do you subtract?"
    found = list(leaks(name, notebook))
    assert (
        plain("Ask: in a batch of two, how much of yourself do you subtract?").removeprefix("ask ") in found
    )
    assert "others = (rewards.sum() - rewards) / (len(rewards) - 1)" in found
    assert keys(name)[0] in found
    assert "teaching" in found
    assert "a body" in found

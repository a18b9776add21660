"""Every lesson keeps every rule of form, and every rule is seen to complain.

A small lesson that keeps them all is broken once for each.
"""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.authoring.stamps import sources
from tests.lessons import rules
from tests.lessons.pace import pace

LESSONS = [path.stem for path in sources()]


@pytest.mark.parametrize("name", LESSONS)
@pytest.mark.parametrize("keeps", rules.RULES)
def test_a_lesson(keeps, name):
    complaints = list(rules.RULES[keeps](rules.lesson(name)))
    assert not complaints, "\n".join(["", *complaints])


FIGURE = '<img alt="Two curves over ten steps; the upper one ends at 3." src="data:image/png;base64,AAAA">'
TWIN = FIGURE + "<p><i>Interactive figure, at x 1. Run this cell to move the controls.</i></p>"
LINKS = "[glossary](../docs/glossary.md), [notation](../docs/notation.md)"
OPENING = f"""\
# 3. What is tested?

*About 10 minutes. You need lesson 2. Words and symbols: {LINKS}.*

- one thing,
- another.
"""
EXERCISE = """\
### Exercise 3.1: `min_max` (2 points, 5 minutes)

<details><summary>Hint</summary>None.</details>
"""
REMEMBER = """\
## What to remember

1. One.
2. Two.
3. Three.
4. Four.
5. Five.

And now [lesson 4](04_policy_gradient.ipynb).
"""
THINK = "## Think\n\n<details><summary>Why?</summary>Because.</details>"
READ_ON = """\
## Further reading

- Nobody (2020), *Nothing*. <https://example.org>, and [lesson 0](00_welcome.ipynb).
"""
DEEPER = "## Dig deeper\n\n*About 2 minutes. Nothing later depends on it.*"


def text(name, source, slide_type="slide"):
    return new_markdown_cell(source, id=name, metadata={"slideshow": {"slide_type": slide_type}})


def code(name, source="1", *outputs, **metadata):
    metadata = {"slideshow": {"slide_type": "fragment"}, **metadata}
    return new_code_cell(source, id=name, outputs=list(outputs), metadata=metadata)


def html_output(shown):
    return new_output("display_data", data={"text/html": shown, "text/plain": "words"})


def small_lesson():
    """A lesson that keeps all the rules."""
    marks = {"schema_version": 3, "task": False}
    answer = {**marks, "grade_id": "min_max", "grade": False, "solution": True, "locked": False}
    check = {**marks, "grade_id": "check_min_max", "grade": True, "solution": False, "locked": True}
    cells = [
        text("title", OPENING),
        text("asks", "## First\n\n*Predict first.* What comes out?"),
        code("guess", "guess = None"),
        code("drawn", "plot(guess=guess)"),
        text("exercise", EXERCISE),
        code("min_max", "def min_max():\n    return 1", nbgrader=answer),
        code("check_min_max", "check(min_max)", nbgrader={**check, "points": 2}, tags=[]),
        code("use", "min_max = use(min_max)"),
        text("text", "Text.", "fragment"),
        code("figure", "min_max()", html_output(FIGURE)),
        code("widget", "Explorer(min_max)", html_output(TWIN)),
        text("remember", REMEMBER),
        text("think", THINK),
        text("read_on", READ_ON),
        text("deeper", DEEPER),
        text("side", "### A side road\n\nIt is short.", "subslide"),
        code("last"),
    ]
    cells[-3].metadata["jp-MarkdownHeadingCollapsed"] = True
    solved = new_notebook(cells=cells)
    learners = copy.deepcopy(solved)
    for number, cell in enumerate(cell for cell in cells if cell.cell_type == "code"):
        cell.execution_count = number + 1
    for cell in learners.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    named(learners, "min_max").source = "def min_max():\n    raise NotImplementedError()"
    named(learners, "check_min_max").metadata.tags.append("raises-exception")
    return rules.Lesson("03", solved, learners, {"min_max": 2}, 1_000)


def named(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


# What breaks it


def reword(name, old, new):
    def change(lesson):
        cell = named(lesson.solved, name)
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    return change


def on_cell(name, change, *, learners=False):
    return lambda lesson: change(named(lesson.learners if learners else lesson.solved, name))


def put(before, *cells):
    def change(lesson):
        at = lesson.solved.cells.index(named(lesson.solved, before))
        lesson.solved.cells[at:at] = cells

    return change


def take(*names):
    def change(lesson):
        lesson.solved.cells = [cell for cell in lesson.solved.cells if cell.id not in names]

    return change


def lines(count, of="x = 1"):
    return "\n".join([of] * count)


def loop(number, name):
    """A function of 25 statements in a lesson of that number."""

    def change(lesson):
        object.__setattr__(lesson, "number", number)
        named(lesson.solved, "figure").source = f"def {name}():\n" + lines(24, "    x = 1")

    return change


def prediction(number):
    ask = text(f"asks{number}", "*Predict first.* And now?", "subslide")
    return [ask, code(f"guess{number}", "guess = None"), code(f"drawn{number}", "plot(guess=guess)")]


def show(shown, mime="text/html"):
    return lambda cell: cell.outputs.append(new_output("display_data", data={mime: shown}))


LONG_FUNCTION = "def long():\n" + lines(26, "    x = 1")
OPENS = rules.opens_with_its_title_its_minutes_and_what_it_needs
DIGS = rules.digs_deeper_apart_and_not_too_deep
ASKS = rules.asks_before_it_shows_and_draws_the_guess
USES = rules.has_every_exercise_with_its_check_and_uses_it
POINTS = rules.gives_the_points_that_the_check_knows
RUN = rules.has_been_executed_from_its_first_cell_to_its_last
NAMES = rules.names_its_cells_once_and_alike_in_both_notebooks
SECRETS = rules.leaves_its_secrets_and_its_outputs_at_home
SLIDES = rules.begins_a_slide_with_every_section_and_exercise

BREAKS = [
    (rules.holds_one_thought_in_a_cell, reword("figure", "min_max()", lines(13))),
    (rules.holds_one_thought_in_a_cell, reword("figure", "min_max()", f"if x:\n{lines(12, '    x = 1')}")),
    (
        rules.holds_one_thought_in_a_cell,
        reword("min_max", "return 1", lines(25, "x = 1").replace("x", "\n    x")),
    ),
    (rules.holds_one_thought_in_a_cell, reword("figure", "min_max()", LONG_FUNCTION)),
    (rules.holds_one_thought_in_a_cell, loop("03", "actor_critic")),
    (rules.holds_one_thought_in_a_cell, loop("10", "another")),
    (rules.nests_no_comprehensions, reword("figure", "min_max()", "[[x for x in y] for y in z]")),
    (rules.nests_no_comprehensions, reword("figure", "min_max()", "[x for y in z for x in y]")),
    (rules.nests_no_comprehensions, reword("figure", "min_max()", "[x for x in {y: 1 for y in z}]")),
    (rules.nests_no_comprehensions, reword("min_max", "return 1", "return [sum(x for x in y) for y in z]")),
    (rules.explains_between_code_cells, put("widget", code("x"))),
    (rules.explains_between_code_cells, put("text", code("x"), code("y"), code("z"))),
    (OPENS, reword("title", "# 3. ", "# 4. ")),
    (OPENS, reword("title", "*About 10 minutes.", "*10 minutes.")),
    (OPENS, reword("title", "lesson 2", "lesson 3")),
    (OPENS, reword("title", "lesson 2", "Python, and a little numpy")),
    (OPENS, lambda lesson: object.__setattr__(lesson, "number", "00")),
    (OPENS, reword("title", "About 10", "About 55")),
    (OPENS, reword("title", "[glossary](../docs/glossary.md), ", "")),
    (OPENS, reword("title", "- another.", "Another.")),
    (OPENS, reword("title", "- another.", "- another.\n" * 4)),
    (rules.states_the_minutes_that_its_parts_add_up_to, reword("title", "About 10", "About 20")),
    (rules.states_the_minutes_that_its_parts_add_up_to, reword("exercise", "5 minutes)", "20 minutes)")),
    (rules.states_the_minutes_that_its_parts_add_up_to, reword("text", "Text.", "word " * 1_200)),
    (rules.states_the_minutes_that_its_parts_add_up_to, reword("figure", "min_max()", lines(84))),
    (rules.states_the_minutes_that_its_parts_add_up_to, put("text", *(code(f"x{n}") for n in range(12)))),
    (
        rules.states_the_minutes_that_its_parts_add_up_to,
        put("text", *(code(f"x{n}", "Explorer(x)") for n in range(3))),
    ),
    (DIGS, reword("deeper", "*About 2 minutes.", "*Not long.")),
    (DIGS, reword("deeper", "About 2", "About 9")),
    (DIGS, reword("side", "short.", "word " * 650)),
    (DIGS, put("last", code("x", nbgrader={"grade": False}))),
    (DIGS, on_cell("deeper", lambda cell: cell.metadata.clear())),
    (DIGS, on_cell("deeper", lambda cell: cell.metadata.clear(), learners=True)),
    (DIGS, on_cell("think", lambda cell: cell.metadata.update({rules.FOLD: True}))),
    (rules.ends_with_its_sections_in_their_order, reword("think", "## Think", "## Thoughts")),
    (rules.ends_with_its_sections_in_their_order, reword("side", "### A side", "## A side")),
    (rules.ends_with_its_sections_in_their_order, put("read_on", text("x", "## One more"))),
    (rules.ends_with_its_sections_in_their_order, put("remember", text("x", "## Dig deeper"))),
    (rules.leads_on_to_the_next_lesson, reword("remember", "04_policy_gradient", "02_min_max_scaling")),
    (SLIDES, reword("text", "Text.", "Text.\n\n## A heading")),
    (SLIDES, reword("text", "Text.", "Text.\n\n### Exercise 3.2: `max_min` (2 points, 5 minutes)")),
    (SLIDES, on_cell("exercise", lambda cell: cell.metadata.slideshow.update(slide_type="fragment"))),
    (SLIDES, on_cell("think", lambda c: c.metadata.slideshow.update(slide_type="skip"), learners=True)),
    (rules.skips_no_level_of_headings, reword("exercise", "### Exercise", "#### Exercise")),
    (rules.skips_no_level_of_headings, reword("text", "Text.", "# Another title")),
    (rules.makes_nobody_feel_slow, reword("text", "Text.", "Text that is\nSimply there.")),
    (rules.makes_nobody_feel_slow, reword("figure", "min_max()", "min_max()  # just so")),
    (ASKS, reword("asks", "*Predict first.*", "Think:")),
    (ASKS, take("asks", "guess", "drawn")),
    (ASKS, put("remember", *prediction(2), *prediction(3), *prediction(4))),
    (ASKS, reword("asks", "What", "What?\n\n*Predict first.* And then?")),
    (ASKS, reword("guess", "guess = None", "guess = 3")),
    (ASKS, put("guess", text("x", "And?"))),
    (ASKS, reword("drawn", "guess=guess", "")),
    (ASKS, lambda lesson: (put("drawn", *prediction(2))(lesson), take("drawn")(lesson))),
    (ASKS, reword("asks", "## First\n\n", "Text.\n\n")),
    (ASKS, put("remember", code("x", "guess = None"))),
    (USES, on_cell("min_max", lambda cell: cell.update(id="other"))),
    (USES, put("check_min_max", text("x", "between"))),
    (USES, reword("check_min_max", "check(min_max)", "check(max)")),
    (USES, reword("use", "use(min_max)", "min_max")),
    (USES, take("figure", "widget")),
    (USES, lambda lesson: lesson.points.clear()),
    (POINTS, reword("exercise", "(2 points", "(3 points")),
    (POINTS, reword("exercise", "3.1", "3.2")),
    (POINTS, reword("exercise", "`min_max`", "`max_min`")),
    (POINTS, on_cell("check_min_max", lambda cell: cell.metadata.nbgrader.update(points=3))),
    (rules.says_in_five_lines_what_to_remember, reword("remember", "5. Five.\n", "")),
    (rules.says_in_five_lines_what_to_remember, reword("remember", "## What to remember", "## Remember")),
    (rules.folds_the_answers_to_its_questions, reword("think", "Because.</details>", "</details>Because.")),
    (rules.folds_the_answers_to_its_questions, reword("think", "## Think", "## Thoughts")),
    (rules.says_where_to_read_on, reword("read_on", "(2020)", "")),
    (rules.closes_what_it_folds, reword("exercise", "</summary>", "")),
    (rules.has_a_widget, on_cell("widget", lambda cell: cell.outputs.clear())),
    (RUN, on_cell("figure", lambda cell: cell.update(execution_count=None))),
    (
        RUN,
        on_cell(
            "figure", lambda c: c.outputs.append(new_output("error", ename="E", evalue="", traceback=[]))
        ),
    ),
    (RUN, on_cell("check_min_max", show("min_max: still to do"))),
    (rules.is_small, lambda lesson: object.__setattr__(lesson, "size", rules.LARGEST + 1)),
    (rules.saves_no_widget, lambda lesson: lesson.solved.metadata.update(widgets={})),
    (rules.saves_no_widget, lambda lesson: lesson.learners.metadata.update(widgets={})),
    (rules.saves_no_widget, on_cell("widget", show({"model_id": "1"}, rules.WIDGET))),
    (rules.says_every_picture_in_words, on_cell("figure", show("AAAA", "image/png"))),
    (rules.says_every_picture_in_words, on_cell("figure", show('<img src="data:image/png;base64,AAAA">'))),
    (rules.says_every_picture_in_words, on_cell("figure", show('<p><img src="x" alt="A figure."></p>'))),
    (rules.says_every_picture_in_words, reword("text", "Text.", "![](picture.png)")),
    (NAMES, on_cell("use", lambda cell: cell.update(id="title"))),
    (NAMES, on_cell("use", lambda cell: cell.update(id="x"))),
    (rules.has_a_slide_type_on_every_cell, on_cell("use", lambda cell: cell.metadata.pop("slideshow"))),
    (
        SECRETS,
        on_cell("min_max", lambda c: c.update(source="def min_max():\n    return 1"), learners=True),
    ),
    (SECRETS, on_cell("figure", lambda cell: cell.update(source="### BEGIN SOLUTION"), learners=True)),
    (SECRETS, on_cell("figure", lambda cell: cell.outputs.append(html_output(FIGURE)), learners=True)),
    (SECRETS, on_cell("check_min_max", lambda cell: cell.metadata.pop("tags"), learners=True)),
    (SECRETS, on_cell("figure", lambda c: c.metadata.update(tags=["raises-exception"]), learners=True)),
    (rules.links_to_files_that_are_there, reword("read_on", "00_welcome.ipynb", "00_nowhere.ipynb")),
    (rules.links_to_files_that_are_there, reword("title", "docs/glossary.md", "docs/nothing.md")),
]


def test_the_small_lesson_keeps_every_rule():
    assert not [sentence for check in rules.RULES.values() for sentence in check(small_lesson())]


@pytest.mark.parametrize(("check", "break_it"), BREAKS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_rule_complains_about_a_lesson_that_breaks_it(check, break_it):
    broken = small_lesson()
    break_it(broken)
    assert list(check(broken))


def test_every_rule_is_broken_at_least_once():
    assert {check.__name__ for check, _ in BREAKS} == set(rules.RULES)


def test_the_loop_of_lesson_ten_may_be_as_long_as_an_exercise():
    longer = small_lesson()
    loop("10", "actor_critic")(longer)
    assert not list(rules.holds_one_thought_in_a_cell(longer))


def test_minutes_are_counted_by_the_formula():
    cells = [
        text("a", "word " * 240 + "\n\n### Exercise 3.1: `min_max` (2 points, 5 minutes)"),
        code("b", '"""Documents."""\nfor x in y:\n    z = x\n\n\ndef f():\n    "Documents."\n    return 1'),
        code("c", "Explorer(f)"),
        code("d", "f = use(f)"),
    ]
    of = pace(cells)
    assert (of.cells, of.statements, of.widgets, of.writing) == (2, 5, 1, 5)
    reading = of.words / 120
    assert of.minutes == pytest.approx(reading + 2 * 0.5 + 5 * 5 / 60 + 2 + 5)


def test_the_table_has_a_row_a_lesson():
    heads, row = rules.table([small_lesson()]).split("\n")
    assert "minutes" in heads
    assert row.split() == ["03", "63", "4", "4", "1", "5", "10", "10", "|", "1", "2"]

"""Every lesson keeps every rule of form, and every rule is seen to complain.

A small lesson that keeps them all is broken once for each.
"""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.authoring.stamps import sources
from tests.lessons import rules

LESSONS = [path.stem for path in sources()]


@pytest.mark.parametrize("name", LESSONS)
@pytest.mark.parametrize("keeps", rules.RULES)
def test_a_lesson(keeps, name):
    complaints = list(rules.RULES[keeps](rules.lesson(name)))
    assert not complaints, "\n".join(["", *complaints])


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
    return rules.Lesson("03", solved, learners, {"min_max": 2}, 1_000)


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
    (rules.has_few_code_cells, put(5, *(other(f"x{n}") for n in range(16)))),
    (rules.has_few_words, reword(4, "Text.", "word " * 1_500)),
    (rules.has_short_cells, reword(5, "min_max()", "min_max()\n" * 15)),
    (rules.has_short_cells, reword(1, "return 1", "return 1" + "\n" * 24)),
    (rules.explains_between_code_cells, put(6, other("x"))),
    (rules.explains_between_code_cells, put(4, other("x"), other("y"), other("z"))),
    (rules.opens_with_its_title_its_minutes_and_what_it_needs, reword(0, "# 3. ", "# 4. ")),
    (
        rules.opens_with_its_title_its_minutes_and_what_it_needs,
        reword(0, "*About 10 minutes.", "*10 minutes."),
    ),
    (rules.opens_with_its_title_its_minutes_and_what_it_needs, reword(0, "lesson 2", "lesson 1")),
    (rules.opens_with_its_title_its_minutes_and_what_it_needs, reword(0, "About 10", "About 50")),
    (rules.opens_with_its_title_its_minutes_and_what_it_needs, reword(0, "- another.", "Another.")),
    (rules.states_the_minutes_that_its_parts_add_up_to, reword(0, "About 10", "About 20")),
    (rules.states_the_minutes_that_its_parts_add_up_to, reword(0, "5 minutes)", "20 minutes)")),
    (rules.skips_no_level_of_headings, reword(0, "### Exercise", "#### Exercise")),
    (rules.skips_no_level_of_headings, reword(4, "Text.", "# Another title")),
    (rules.makes_nobody_feel_slow, reword(4, "Text.", "Text that is\nSimply there.")),
    (rules.makes_nobody_feel_slow, reword(5, "min_max()", "min_max()  # just so")),
    (rules.asks_before_it_shows, reword(0, "*Predict first.*", "Think:")),
    (rules.has_every_exercise_with_its_check_and_uses_it, on_cell(1, lambda cell: cell.update(id="other"))),
    (rules.has_every_exercise_with_its_check_and_uses_it, put(2, new_markdown_cell("between", id="x"))),
    (rules.has_every_exercise_with_its_check_and_uses_it, reword(2, "check(min_max)", "check(max)")),
    (rules.has_every_exercise_with_its_check_and_uses_it, reword(3, "use(min_max)", "min_max")),
    (
        rules.has_every_exercise_with_its_check_and_uses_it,
        lambda lesson: lesson.solved.cells.__delitem__(slice(5, 7)),
    ),
    (rules.has_every_exercise_with_its_check_and_uses_it, lambda lesson: lesson.points.clear()),
    (rules.gives_the_points_that_the_check_knows, reword(0, "(2 points", "(3 points")),
    (rules.gives_the_points_that_the_check_knows, reword(0, "3.1", "3.2")),
    (rules.gives_the_points_that_the_check_knows, reword(0, "`min_max`", "`max_min`")),
    (rules.gives_the_points_that_the_check_knows, on_cell(2, lambda c: c.metadata.nbgrader.update(points=3))),
    (rules.says_in_five_lines_what_to_remember, reword(7, "5. Five.\n", "")),
    (rules.says_in_five_lines_what_to_remember, reword(7, "## What to remember", "## Remember")),
    (rules.folds_the_answers_to_its_questions, reword(7, "Because.</details>", "</details>Because.")),
    (rules.folds_the_answers_to_its_questions, reword(7, "## Think", "## Thoughts")),
    (rules.says_where_to_read_on, reword(7, "(2020)", "")),
    (rules.closes_what_it_folds, reword(0, "</summary>", "")),
    (rules.has_a_widget, lambda lesson: lesson.solved.cells[6].outputs.clear()),
    (
        rules.has_been_executed_from_its_first_cell_to_its_last,
        on_cell(5, lambda c: c.update(execution_count=None)),
    ),
    (
        rules.has_been_executed_from_its_first_cell_to_its_last,
        on_cell(5, lambda c: c.outputs.append(new_output("error", ename="E", evalue="", traceback=[]))),
    ),
    (rules.has_been_executed_from_its_first_cell_to_its_last, on_cell(2, show("min_max: still to do"))),
    (rules.is_small, lambda lesson: object.__setattr__(lesson, "size", rules.LARGEST + 1)),
    (rules.saves_no_widget, lambda lesson: lesson.solved.metadata.update(widgets={})),
    (rules.saves_no_widget, lambda lesson: lesson.learners.metadata.update(widgets={})),
    (rules.saves_no_widget, on_cell(6, show({"model_id": "1"}, rules.WIDGET))),
    (rules.says_every_picture_in_words, on_cell(5, show("AAAA", "image/png"))),
    (rules.says_every_picture_in_words, on_cell(5, show('<img src="data:image/png;base64,AAAA">'))),
    (rules.says_every_picture_in_words, on_cell(5, show('<p><img src="x" alt="A figure."></p>'))),
    (rules.says_every_picture_in_words, reword(4, "Text.", "![](picture.png)")),
    (rules.names_its_cells_once_and_alike_in_both_notebooks, on_cell(3, lambda cell: cell.update(id="a"))),
    (rules.names_its_cells_once_and_alike_in_both_notebooks, on_cell(3, lambda cell: cell.update(id="x"))),
    (rules.has_a_slide_type_on_every_cell, on_cell(3, lambda cell: cell.metadata.pop("slideshow"))),
    (
        rules.leaves_its_secrets_and_its_outputs_at_home,
        on_cell(1, lambda cell: cell.update(source="def min_max():\n    return 1"), learners=True),
    ),
    (
        rules.leaves_its_secrets_and_its_outputs_at_home,
        on_cell(5, lambda cell: cell.update(source="### BEGIN SOLUTION"), learners=True),
    ),
    (
        rules.leaves_its_secrets_and_its_outputs_at_home,
        on_cell(5, lambda cell: cell.outputs.append(html_output(FIGURE)), learners=True),
    ),
    (
        rules.leaves_its_secrets_and_its_outputs_at_home,
        on_cell(2, lambda c: c.metadata.pop("tags"), learners=True),
    ),
    (
        rules.leaves_its_secrets_and_its_outputs_at_home,
        on_cell(5, lambda c: c.metadata.update(tags=["raises-exception"]), learners=True),
    ),
    (rules.links_to_files_that_are_there, reword(7, "00_welcome.ipynb", "00_nowhere.ipynb")),
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

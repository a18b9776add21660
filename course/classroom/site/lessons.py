"""A built notebook as the source of a page: for a reader who has nothing to run it with."""

import copy
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course.classroom.saved import Cell, Saved
from course.classroom.site import figures, formulas

SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION\n?", re.S | re.M)
FROM_HERE_ON = re.compile(r"(\w+) = use\(\1\)")
FORMULA = re.compile(r"\$(?!\s)([^$]+?)(?<!\s)\$")
TWIN = 'class="advantage-twin"'
RUN_IT = "Run this cell to move the controls."  # a twin's last sentence; on a page there is nothing to run
IN_THE_NOTEBOOK = "The controls move in the notebook."
INVITATION = (
    '<p class="invitation"><b>Your turn.</b> Write your guess down before you read on. '
    "In the notebook it goes here, and the picture below shows it beside the truth.</p>"
)

ALREADY_RUN = (
    '<p class="already-run">On this page every cell has been run. Where the text asks you to run a cell, '
    "to write into it or to look at its check, it means the notebook.</p>"
    '<noscript><p class="already-run">Without JavaScript the controls of the figures do not move.</p>'
    "</noscript>"
)

Play = Callable[[str, int], str]  # a widget's saved HTML and its number on the page -> HTML that moves


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Where a lesson's page leads to. Addresses are relative to the page; None if there is no such page."""

    earlier: str | None
    later: str | None
    slides: str | None
    notebook: str | None  # the learner's, to be downloaded


def page(
    lesson: Saved, neighbours: Neighbours, *, play: Play, keep: figures.Keep, old: bool
) -> dict[str, Any]:
    """The notebook that MyST-NB makes a page of.

    Args:
        lesson: as it was built, executed.
        neighbours: what stands in the line under its title.
        play: makes a widget's twin move.
        keep: puts a picture beside the page.
        old: whether the lesson's source has changed since; the page then says so.
    """
    cells: list[dict[str, Any]] = []
    widgets = 0
    for number, cell in enumerate(lesson.cells):
        if cell.kind == "markdown":
            text = formulas_in_html(cell.source)
            cells.append(_markdown(_with_line(text, neighbours, old=old) if number == 0 else text))
        elif cell.kind == "code":
            played, found = _played(cell, play, keep, first=widgets)
            widgets += found
            cells += _code(cell, played)

    return _notebook(cells)


def left_out(name: str) -> dict[str, Any]:
    """What stands in place of a lesson whose notebook cannot be read, so that links to it lead somewhere."""
    number, _, topic = name.partition("_")
    title = f"# {int(number)}. {topic.replace('_', ' ').capitalize()}"
    said = "This lesson is left out: its notebook could not be read when these pages were built."
    return _notebook([_markdown(f"{title}\n\n{said}")])


def formulas_in_html(text: str) -> str:
    """Markdown whose folds (HTML) have their formulas set; MyST looks at Markdown only."""
    return re.sub(r"<details>.*?</details>", lambda fold: _set(fold[0]), text, flags=re.S)


def contract(source: str) -> str:
    """An exercise as the learner meets it: signature and docstring, and a gap where the solution stands."""
    return SOLUTION.sub(r"\1...  # your lines\n", source + "\n").rstrip()


def solved(source: str) -> str:
    """An exercise with its solution, without the marks around it."""
    return SOLUTION.sub(r"\2", source + "\n").rstrip()


def _set(fold: str) -> str:
    # What stands in <code> is code, whatever dollars are in it.
    pieces = re.split(r"(<code>.*?</code>)", fold, flags=re.S)
    return "".join(
        piece
        if piece.startswith("<code>")
        else FORMULA.sub(
            lambda found: formulas.IN_TEXT.format(formulas.mathml(html.unescape(found[1]))), piece
        )
        for piece in pieces
    )


def _code(cell: Cell, outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the page shows in place of one code cell."""
    source = cell.source.strip()
    if source == "guess = None":
        return [_markdown(INVITATION)]
    if FROM_HERE_ON.fullmatch(source):
        return []  # it says "your own function": true for whoever ran it

    name = cell.grade_id or ""
    if name.startswith("check_"):
        return [_shown(cell.source, outputs, fold="hide-cell", prompt=f"What the check of {name[6:]} tries")]
    if SOLUTION.search(cell.source + "\n"):
        return [
            _shown(contract(cell.source), []),
            _shown(solved(cell.source), outputs, fold="hide-input", prompt="Show one solution"),
        ]
    return [_shown(cell.source, outputs)]


def _played(cell: Cell, play: Play, keep: figures.Keep, *, first: int) -> tuple[list[dict[str, Any]], int]:
    """The outputs, with links to their pictures and widgets that move, and how many widgets there are."""
    outputs = copy.deepcopy(cell.outputs)
    found = 0
    for output in outputs:
        data = output.get("data", {})
        saved = data.get("text/html")
        if saved is None:
            continue
        data.pop("text/plain", None)
        saved = figures.with_links(saved if isinstance(saved, str) else "".join(saved), keep)
        if TWIN in saved:
            saved = play(saved.replace(RUN_IT, IN_THE_NOTEBOOK), first + found)
            found += 1
        data["text/html"] = saved
    return outputs, found


def _shown(source: str, outputs: list[dict[str, Any]], *, fold: str = "", prompt: str = "") -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if fold:
        metadata = {"tags": [fold], "mystnb": {"code_prompt_show": prompt, "code_prompt_hide": prompt}}
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": outputs,
        "execution_count": None,
    }


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": text, "metadata": {}}


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return {
        "cells": cells,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _with_line(text: str, neighbours: Neighbours, *, old: bool) -> str:
    """The first cell with a line of links under its title and its minutes."""
    title, minutes, *rest = text.split("\n\n", 2)
    links = [
        (neighbours.earlier, "← Lesson before", ""),
        (neighbours.slides, "Slides", ""),
        (neighbours.notebook, "Notebook to play it yourself", " download"),
        (neighbours.notebook and "../index.html#play-it-yourself", "How to run it", ""),
        (neighbours.later, "Next lesson →", ""),
    ]
    shown = "\n".join(
        f'<li><a href="{html.escape(address)}"{more}>{words}</a></li>'
        for address, words, more in links
        if address
    )
    line = f'<ul class="lesson-line">\n{shown}\n</ul>\n\n{ALREADY_RUN}'
    if old:
        line += (
            '\n\n<p class="old"><b>This page is old.</b> The lesson has changed since it was executed.</p>'
        )
    return "\n\n".join([title, minutes, line, *rest])

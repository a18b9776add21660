"""Pages to print: the questions on one, the answers on another. They need no network and no script."""

import html
import re
from collections.abc import Sequence

from course.classroom.quiz.questions import Question
from course.classroom.quiz.shown import Rows

LETTERS = "ABCDEFGH"
SHORT = 12  # characters: choices up to here stand beside each other

STYLE = """
@page { size: A4; margin: 18mm 16mm; }
:root { color-scheme: light; }
body { font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; color: #1a1a1a;
  background: #fff; line-height: 1.45; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; }
h2 { font-size: 1.05rem; margin: 0 0 .4rem; color: #00507d; }
.about { color: #444; margin: 0 0 1.6rem; }
.fields { display: flex; gap: 2rem; margin: 1rem 0 1.6rem; }
.fields span { flex: 2; border-bottom: 1px solid #1a1a1a; padding-bottom: 2rem; font-size: .85rem; }
.fields span:first-child { flex: 4; }
.fields span:last-child { flex: 1; }
.rules { border: 1px solid #8a8a8a; padding: .5rem .8rem; margin: 0 0 1.8rem; }
section { break-inside: avoid; margin: 0 0 1.8rem; }
section p { margin: 0 0 .6rem; }
table { border-collapse: collapse; margin: 0 0 .8rem; }
th, td { border: 1px solid #8a8a8a; padding: .15rem .8rem; text-align: right;
  font-variant-numeric: tabular-nums; }
th { background: #eef3f7; font-weight: 600; }
.wrong td, .wrong th { text-align: left; vertical-align: top; }
ol.choices { list-style: none; margin: 0; padding: 0; display: grid; gap: .35rem 1.5rem; }
ol.choices.short { grid-template-columns: repeat(4, 1fr); }
ol.choices li { display: grid; grid-template-columns: 1.8rem 1fr; break-inside: avoid; }
ol.choices b { color: #00507d; }
code { font-family: ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; font-size: .92em; }
.answer { font-weight: 700; }
@media screen and (max-width: 40rem) {
  th, td { padding: .1rem .25rem; font-size: .75rem; }
  ol.choices.short { grid-template-columns: repeat(2, 1fr); }
}
@media print { body { max-width: none; margin: 0; padding: 0; font-size: 11pt; } }
"""


def words(text: str) -> str:
    """Text as HTML; what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def table_html(rows: Rows) -> str:
    """A table with a head; nothing if there are no rows."""
    if not rows:
        return ""
    head, *body = rows
    top = "".join(f"<th>{words(cell)}</th>" for cell in head)
    lines = "".join(f"<tr>{''.join(f'<td>{words(cell)}</td>' for cell in row)}</tr>" for row in body)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"


def paper(title: str, about: str, questions: Sequence[Question], *, rules: str = "") -> str:
    """The questions, without any answer.

    Args:
        title: of the page.
        about: a line below it.
        questions: in their order.
        rules: of an exam, which then has lines for a name and for points, and says what a question is worth.
    """
    head = ""
    if rules:
        head = (
            '<p class="fields"><span>Name</span><span>Student number</span>'
            f"<span>Points of {len(questions)}</span></p>\n"
            f'<p class="rules">{words(rules)}</p>'
        )
    body = "\n".join(_question(number, each, bool(rules)) for number, each in enumerate(questions, start=1))
    return _document(title, f"{head}\n{body}", about)


def key(title: str, about: str, questions: Sequence[Question]) -> str:
    """The answers: which is right, how it comes about, and what each wrong choice did."""
    body = "\n".join(_answer(number, each) for number, each in enumerate(questions, start=1))
    return _document(title, body, about)


def _document(title: str, body: str, about: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{words(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{words(title)}</h1>\n<p class="about">{words(about)}</p>\n{body}\n</main>\n</body>\n</html>\n'
    )


def _question(number: int, question: Question, exam: bool) -> str:
    short = all(len(choice.text) <= SHORT for choice in question.choices)
    choices = "".join(
        f"<li><b>{LETTERS[place]}</b><span>{words(choice.text)}</span></li>"
        for place, choice in enumerate(question.choices)
    )
    worth = " (1 point)" if exam else ""
    return (
        f"<section>\n<h2>Question {number}{worth}</h2>\n<p>{words(question.text)}</p>\n"
        f"{table_html(question.rows)}\n"
        f'<ol class="choices{" short" if short else ""}">{choices}</ol>\n</section>'
    )


def _answer(number: int, question: Question) -> str:
    right = question.choices[question.right]
    steps = "".join(f"<li>{words(line)}</li>" for line in question.worked)
    wrong = "".join(
        f"<tr><th>{LETTERS[place]}</th><td>{words(choice.text)}</td><td>{words(choice.feedback)}</td></tr>"
        for place, choice in enumerate(question.choices)
        if not choice.right
    )
    return (
        f"<section>\n<h2>Question {number}: {LETTERS[question.right]}</h2>\n<p>{words(question.text)}</p>\n"
        f"{table_html(question.rows)}\n"
        f'<p class="answer">{LETTERS[question.right]} &ensp; {words(right.text)}</p>\n<ol>{steps}</ol>\n'
        f'<table class="wrong"><thead><tr><th>letter</th><th>choice</th><th>what it did</th></tr></thead>'
        f"<tbody>{wrong}</tbody></table>\n</section>"
    )

"""Questions in GIFT, the text format that Moodle imports: https://docs.moodle.org/en/GIFT_format."""

import re
from collections.abc import Sequence

from course.classroom.quiz.page import table_html, words
from course.classroom.quiz.questions import Choice, Question


def escaped(text: str) -> str:
    """Put a backslash before what has a meaning in GIFT; a line break would end a question."""
    return re.sub(r"([\\~=#{}:])", r"\\\1", text).replace("\n", r"\n")


def gift(category: str, questions: Sequence[Question]) -> str:
    """A file of questions, each with a sentence for every choice."""
    return "\n\n".join([f"$CATEGORY: {category}", *map(_question, questions)]) + "\n"


def _question(question: Question) -> str:
    body = f"<p>{words(question.text)}</p>{table_html(question.rows)}"
    choices = "\n".join(_choice(choice) for choice in question.choices)
    name = escaped(f"{question.name} {question.seed}")
    return f"::{name}::[html]{escaped(body)}{{\n{choices}\n}}"


def _choice(choice: Choice) -> str:
    sign = "=" if choice.right else "~"
    return f"{sign}{escaped(words(choice.text))}#{escaped(words(choice.feedback))}"

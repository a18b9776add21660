"""Which lesson a notebook is of, and which exercises belong to it."""

import collections
import functools
from typing import Any

from course.checks import exercises
from course.checks.exercise import Exercise
from course.grading.walls import PROJECT

NOTHING = "No exercise of the course is in this notebook."


class Unreadable(Exception):
    """A file is no notebook of the course; the message is a sentence."""


@functools.cache
def exercises_of(lesson: str) -> tuple[Exercise, ...]:
    """The exercises of a lesson, in order; `lesson` is its two digits."""
    return tuple(exercise for exercise in exercises() if exercise.lesson == lesson)


@functools.cache
def label(lesson: str) -> str:
    """`08_gae` for 08, where the sources of the lessons are at hand."""
    files = sorted((PROJECT / "solutions").glob(f"{lesson}_*.py"))
    return files[0].stem if files else lesson


def lesson_of(found: dict[str, Any], file: str) -> str:
    """The two digits of a notebook's lesson.

    It is known by the grade ids of its cells, else by their ids, else by the functions in it. A cell of
    another lesson may have been pasted in, so most of them count. The name of the file comes last.

    Raises:
        Unreadable: if it is of no lesson.
    """
    lessons = {exercise.name: exercise.lesson for exercise in exercises()}
    named = file[:2] if file[:2].isdigit() and file[2:3] == "_" else ""
    without_exercises = named not in lessons.values() and "00" <= named < max(lessons.values())
    if without_exercises and not any(name.startswith("check_") for name in found["grade_ids"]):
        return named

    for names in (found["grade_ids"], found["ids"], found["names"]):
        counts = collections.Counter(lessons[name.removeprefix("check_")] for name in names)
        if counts:
            most = max(counts.values())
            often = sorted(lesson for lesson, count in counts.items() if count == most)
            return named if named in often else often[0]
    if named in lessons.values():
        return named
    raise Unreadable(NOTHING)

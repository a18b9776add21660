"""Lists answers that are nearly the same. It lists, and does not judge: short answers are alike by nature.

An answer is read as a row of words in which names, comments, layout and texts do not count, and compared by
the runs of words that it has (Schleimer, Wilkerson and Aiken, "Winnowing", 2003, without the sampling, as
answers are short). The text is hostile, so it is not parsed: words are found by one regular expression.
"""

import keyword
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from pathlib import Path

from course.grading.records import Row, write_table

COLUMNS = ("lesson", "exercise", "group", "student", "likeness")
LEAST = 0.8  # of the runs that two answers have, the share that both have
RUN = 5  # words
SHORTEST = 40  # words; what is shorter is alike because the exercise is
LONGEST = 4_000
WORD = re.compile(
    r"#[^\n]*"
    r"|[rbfuRBFU]{0,2}(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n]){0,200}'|\"(?:\\.|[^\"\\\n]){0,200}\")"
    r"|(?P<name>[^\W\d]\w*)|(?P<rest>\d[\w.]*|[^\w\s])",
    re.S,
)
Runs = frozenset[tuple[str, ...]]


def words(answer: str) -> list[str]:
    """The words that count, in order; each name of the learner's own is the same word."""
    found = []
    for match in WORD.finditer(answer):
        name = match["name"]
        if name is not None:
            found.append(name if keyword.iskeyword(name) else "a")
        elif match["rest"] is not None:
            found.append(match["rest"])
    return found[:LONGEST]


def runs_of(answer: str) -> Runs:
    """The runs of words in an answer; none if it is too short to be compared, or an untouched stub."""
    if "NotImplementedError" in answer:
        return frozenset()
    row = words(answer)
    if len(row) < SHORTEST:
        return frozenset()
    return frozenset(tuple(row[i : i + RUN]) for i in range(len(row) - RUN + 1))


def likeness(one: Runs, other: Runs) -> float:
    """The share of all their runs that both have, from 0 to 1."""
    return len(one & other) / len(one | other)


def alike(answers: Sequence[Runs]) -> list[list[int]]:
    """Groups of answers, by number, in which each is nearly the same as one before it in the group."""
    groups: dict[int, list[int]] = {}
    for one, other in _pairs(answers):
        joined = groups.get(one, [one])
        more = groups.get(other, [other])
        if joined is not more:
            joined = sorted({*joined, *more})
        for number in joined:
            groups[number] = joined
    once = {id(group): group for group in groups.values()}
    return sorted(once.values())


def _pairs(answers: Sequence[Runs]) -> Iterator[tuple[int, int]]:
    """Pairs that are nearly the same, found by their rarest runs: most pairs are never looked at.

    Two sets of which so much is common must share one of the rarest runs of each (Bayardo, Ma and Srikant,
    "Scaling up all pairs similarity search", 2007).
    """
    common = Counter(run for answer in answers for run in answer)
    first: dict[Runs, int] = {}
    having: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, answer in enumerate(answers):
        if not answer:
            continue
        if answer in first:  # the same one again
            yield first[answer], number
            continue
        first[answer] = number

        rarest = sorted(answer, key=lambda run: (common[run], run))
        rarest = rarest[: len(answer) - ceil(LEAST * len(answer)) + 1]
        candidates = {other for run in rarest for other in having[run]}
        for other in sorted(candidates):
            if likeness(answers[other], answer) >= LEAST:
                yield other, number
        for run in rarest:
            having[run].append(number)


def write_alike(rows: Iterable[Row], path: Path) -> None:
    """Write the groups of each exercise: a line for each learner, with the likeness to the group's first.

    Raises:
        OSError: if it cannot be written.
    """
    by_exercise: dict[tuple[str, str], list[tuple[str, Runs]]] = defaultdict(list)
    for row in rows:
        if row.answer:
            by_exercise[row.lesson, row.exercise].append((row.student, runs_of(row.answer)))

    table = []
    for (lesson, exercise), answers in sorted(by_exercise.items()):
        runs = [each for _, each in answers]
        for group, numbers in enumerate(alike(runs), start=1):
            for number in numbers:
                share = likeness(runs[numbers[0]], runs[number])
                table.append((lesson, exercise, group, answers[number][0], f"{share:.2f}"))
    write_table(path, COLUMNS, table)

"""What is written: the quiz of a lesson, an exam in variants, and the inventory."""

import math
import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from course.arrays import Refusal, whole
from course.classroom.quiz import page, qti
from course.classroom.quiz.bank import INVENTORY, TEMPLATES
from course.classroom.quiz.gift import gift
from course.classroom.quiz.questions import Question, Template, ask
from course.classroom.saved import make_folder
from course.tables import replace_file

HINT = "One choice is right. Numbers with more than two decimals are rounded."
RULES = "Time: {} minutes. A calculator {} allowed. Put a ring round one letter for each question."
INVENTORY_SEED = 0
EACH = 3.75  # minutes for a question, as docs/quiz.md says: eight in half an hour
AGAIN = 50  # seeds that are tried before two variants may share their numbers

Files = dict[str, bytes]  # by name


def write_quizzes(lessons: Iterable[Path], out: str | Path, *, seed: int = 0) -> list[Path]:
    """Write the polls of lessons: a page to print, its key, GIFT and QTI 2.1.

    Args:
        lessons: sources like solutions/08_gae.py; the first line is the title.
        out: the folder; made if it is not there.
        seed: of the numbers.

    Raises:
        ValueError: if the seed is no whole number of at least 0.
        OSError: if something cannot be written.
    """
    seed = whole("seed", seed, low=0)
    files: Files = {}
    for lesson in lessons:
        drawn = [ask(template, seed=seed) for template in TEMPLATES if template.lesson == lesson.stem[:2]]
        files |= _everything(lesson.stem, _title(lesson), f"Questions, seed {seed}. {HINT}", drawn)
    return _write(files, out)


def write_inventory(out: str | Path) -> list[Path]:
    """Write the twelve questions to ask before the course and after it: always the same numbers."""
    by_name = {template.name: template for template in TEMPLATES}
    drawn = [ask(by_name[name], seed=INVENTORY_SEED) for name in INVENTORY]
    about = f"Twelve questions, before the course and after it. {HINT}"
    return _write(_everything("inventory", "Inventory", about, drawn), out)


def write_exams(
    lessons: Sequence[Path],
    out: str | Path,
    *,
    seed: int,
    questions: int = 12,
    variants: int = 1,
    minutes: int | None = None,
    calculator: bool = True,
) -> list[Path]:
    """Write an exam and its key, in variants: the same questions with other numbers.

    The seed stands on the key and in no paper, nor in its name, which a browser prints at the foot of a page:
    whoever has it can print the key.

    Args:
        lessons: sources like solutions/08_gae.py; as many questions as possible come from different ones.
        out: the folder; made if it is not there.
        seed: of questions and numbers; the same seed gives the same paper, byte for byte.
        questions: how many.
        variants: how many papers.
        minutes: that the papers give; if None, as many as the questions are likely to take, in steps of 5.
        calculator: whether the papers allow one.

    Raises:
        ValueError: if a number is not whole or too small, or there are not so many questions.
        OSError: if something cannot be written.
    """
    seed = whole("seed", seed, low=0)
    variants = whole("variants", variants, low=1)
    chosen = choose(lessons, seed=seed, questions=whole("questions", questions, low=1))
    if minutes is None:
        minutes = 5 * math.ceil(EACH * questions / 5)
    rules = RULES.format(whole("minutes", minutes, low=1), "is" if calculator else "is not")

    files: Files = {}
    seen: set[tuple] = set()
    for variant in range(1, variants + 1):
        drawn = [_unlike(template, seen, seed=1_000 * seed + variant) for template in chosen]
        title = f"Exam, paper {variant}"
        files[f"exam_{variant}.html"] = page.paper(title, HINT, drawn, rules=rules).encode()
        about = f"Seed {seed}, paper {variant} of {variants}."
        files[f"exam_{variant}_key.html"] = page.key(f"Key: {title}", about, drawn).encode()
    return _write(files, out)


def choose(lessons: Sequence[Path], *, seed: int, questions: int) -> list[Template]:
    """Templates of these lessons, spread over as many of them as possible, in the order of the course."""
    rng = np.random.default_rng([zlib.crc32(b"exam"), seed])
    numbers = list(dict.fromkeys(lesson.stem[:2] for lesson in lessons))
    piles = [[template for template in TEMPLATES if template.lesson == number] for number in numbers]
    there = sum(map(len, piles))
    if questions > there:
        raise Refusal(f"questions must be at most {there} for these lessons, got {questions}")

    piles = [[pile[place] for place in rng.permutation(len(pile))] for pile in piles]
    dealt: list[Template] = []
    while len(dealt) < questions:
        for place in rng.permutation(len(piles)):
            dealt += piles[place][-1:]
            del piles[place][-1:]
    return sorted(dealt[:questions], key=TEMPLATES.index)


def _title(lesson: Path) -> str:
    """The heading of a lesson, as in `8. How far to look?`."""
    heading = re.search(r"^# # (.+)$", lesson.read_text(encoding="utf-8"), re.MULTILINE)
    return heading[1] if heading else lesson.stem


def _unlike(template: Template, seen: set[tuple], *, seed: int) -> Question:
    """A question whose numbers no earlier variant has, as far as there are any."""
    for attempt in range(AGAIN):
        question = ask(template, seed=seed + 10**9 * attempt)
        if (question.text, question.rows) not in seen:
            break
    seen.add((question.text, question.rows))
    return question


def _everything(name: str, title: str, about: str, questions: Sequence[Question]) -> Files:
    return {
        f"{name}.html": page.paper(title, about, questions).encode(),
        f"{name}_key.html": page.key(f"Key: {title}", about, questions).encode(),
        f"{name}.gift.txt": gift(f"Advantage/{name}", questions).encode(),
        f"{name}_qti21.zip": qti.package(name, title, questions),
    }


def _write(files: Files, out: str | Path) -> list[Path]:
    """All is made before the first file is written, and each file is whole or not there."""
    folder = Path(out)
    make_folder(folder)
    paths = [folder / name for name in files]
    for path in paths:
        replace_file(path, files[path.name])
    return paths

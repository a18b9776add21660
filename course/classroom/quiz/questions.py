"""A question whose wrong answers are what known mistakes really give: each is made by running one.

A `Template` draws small numbers from a seed. Its right answer is what the exercise's reference returns, its
wrong answers are what the exercise's known mistakes return. A mistake that cannot be told from the right
answer, or from another choice, or that gives no finite number of the right shape, is passed over; if too few
are left, the numbers are drawn again.
"""

import re
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from course.checks import Exercise, exercises
from course.checks.exercise import Case, Mistake
from course.classroom.quiz.shown import Rows, apart, exact, readable, say_all

REDRAWS = 60
LOOKED_AT = 10  # wrong answers of which the choices are taken
WRONG = 3  # choices beside the right one
FEWEST = 2

Observed = dict[str, Any]  # what one call gave, by name; a value returned has the name ""


def returned(*seen: Observed) -> Any:
    """What the only call returned."""
    return seen[0][""]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The numbers of one question, and its words."""

    setting: str  # a sentence or two
    asked: str  # goes on after "What is"
    calls: tuple[Case, ...]
    worked: tuple[str, ...]  # how the answer comes about; the last line ends with it
    rows: Rows = ()  # a table, its head first
    pick: Callable[..., Any] = returned  # what is asked for, from what each call gave
    digits: int = 2


@dataclass(frozen=True, kw_only=True)
class Template:
    """What can be drawn again and again: one idea of one lesson."""

    name: str  # begins with the lesson's number
    exercise: str
    draw: Callable[[np.random.Generator], Drawn]
    of_mistake: bool = False  # the output is shown, and the mistake behind it is asked for
    also: tuple[Mistake, ...] = ()  # the exercise's function misused, in a way that has a name

    @property
    def lesson(self) -> str:
        """Two digits."""
        return self.name[:2]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One answer to choose."""

    text: str
    feedback: str  # to who chose it
    right: bool
    gives: str  # what the function behind it gave for these numbers
    ran: Callable  # that function


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question with its numbers."""

    name: str
    lesson: str
    exercise: str
    seed: int
    text: str
    rows: Rows
    choices: tuple[Choice, ...]
    worked: tuple[str, ...]
    drawn: Drawn

    @property
    def right(self) -> int:
        """Which choice is right, from 0."""
        return next(place for place, choice in enumerate(self.choices) if choice.right)

    @property
    def wrong(self) -> tuple[Choice, ...]:
        """The other choices."""
        return tuple(choice for choice in self.choices if not choice.right)

    @property
    def gives_itself_away(self) -> bool:
        """Whether the right number can be picked by its looks."""
        numbers = [choice.text for choice in self.wrong if choice.text == choice.gives]
        return bool(numbers) and stands_out(self.choices[self.right].text, numbers)

    @property
    def produced(self) -> int:
        """How many wrong choices a run has made: its function, run again, gives what is said of it."""
        runs = Runs(exercise_named(self.exercise), self.drawn)
        again = [runs.of(choice.ran) for choice in self.wrong]
        pairs = zip(again, self.wrong, strict=True)
        return sum(
            value is not None and say_all(value, self.drawn.digits) == choice.gives for value, choice in pairs
        )


@cache
def _exercises() -> dict[str, Exercise]:
    return {exercise.name: exercise for exercise in exercises()}


def exercise_named(name: str) -> Exercise:
    """The exercise of this name."""
    return _exercises()[name]


def ask(template: Template, *, seed: int) -> Question:
    """The question that a seed draws: the same seed, the same question.

    Raises:
        RuntimeError: if no numbers were found for which two mistakes can be told apart. That is an error of
            the template.
    """
    second_best = None
    for attempt in range(REDRAWS):
        rng = np.random.default_rng([zlib.crc32(template.name.encode()), seed, attempt])
        question = _question(template, template.draw(rng), rng, seed)
        if question is None:
            continue
        if len(question.wrong) >= WRONG and not question.gives_itself_away:
            return question
        if second_best is None or len(question.wrong) > len(second_best.wrong):
            second_best = question

    if second_best is None:
        raise RuntimeError(f"{template.name}, seed {seed}: fewer than {FEWEST} mistakes can be told apart")
    return second_best


class Runs:
    """Runs functions on the numbers of one question, and sees what is asked for."""

    def __init__(self, exercise: Exercise, drawn: Drawn) -> None:
        """Run the reference: it says of which shape an answer is."""
        self.exercise = exercise
        self.drawn = drawn
        self.shapes = [_shapes(exercise.observe(exercise.reference, case)) for case in drawn.calls]

    def of(self, f: Callable) -> Any:
        """What is asked for, as `f` gives it; None if it raises, or gives no numbers of the right shape."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                seen = [self.exercise.observe(f, case) for case in self.drawn.calls]
            except Exception:  # a mistake may raise whatever it likes
                return None

        if [_shapes(each) for each in seen] != self.shapes:
            return None
        value = self.drawn.pick(*seen)
        return np.asarray(value) if readable(value) else None


def _shapes(seen: Observed) -> dict[str, tuple]:
    """The shape of each thing seen, and whether it holds flags."""
    return {name: (np.shape(value), np.asarray(value).dtype == bool) for name, value in seen.items()}


@dataclass(frozen=True, kw_only=True)
class _Wrong:
    """What mistakes give that cannot be told apart for these numbers."""

    value: Any
    mistakes: tuple[Mistake, ...]


def _question(template: Template, drawn: Drawn, rng: np.random.Generator, seed: int) -> Question | None:
    exercise = exercise_named(template.exercise)
    runs = Runs(exercise, drawn)
    right = runs.of(exercise.reference)
    assert right is not None, template.name
    wrongs = list(_told_apart((*template.also, *exercise.mistakes), runs, right))
    wrongs = [wrongs[place] for place in rng.permutation(len(wrongs))]

    made = _which_mistake(exercise, drawn, right, wrongs) if template.of_mistake else None
    text, choices, worked = made or _which_number(exercise, drawn, right, wrongs)
    if len(choices) <= FEWEST or (template.of_mistake and made is None):
        return None

    return Question(
        name=template.name,
        lesson=template.lesson,
        exercise=template.exercise,
        seed=seed,
        text=text,
        rows=drawn.rows,
        choices=tuple(choices[place] for place in rng.permutation(len(choices))),
        worked=worked,
        drawn=drawn,
    )


def _told_apart(mistakes: Sequence[Mistake], runs: Runs, right: Any) -> Iterator[_Wrong]:
    """What can be told from the right answer, each with all the mistakes that give it."""
    groups: list[list] = []
    digits = runs.drawn.digits
    for sentence, wrong in mistakes:
        value = runs.of(wrong)
        if value is None or not apart(value, right, digits):
            continue
        near = [group for group in groups if not apart(value, group[0], digits)]
        for group in near:
            group.append((sentence, wrong))
        if not near:
            groups.append([value, (sentence, wrong)])

    for value, *together in groups:
        yield _Wrong(value=value, mistakes=tuple(together))


Made = tuple[str, list[Choice], tuple[str, ...]]  # text, choices, worked


def _which_number(exercise: Exercise, drawn: Drawn, right: Any, wrongs: list[_Wrong]) -> Made:
    answer = say_all(right, drawn.digits)
    choices = [
        Choice(
            text=answer,
            feedback=f"Right. {drawn.worked[-1]}",
            right=True,
            gives=answer,
            ran=exercise.reference,
        )
    ]
    for wrong in _unsuspicious(answer, wrongs, drawn.digits):
        gives = say_all(wrong.value, drawn.digits)
        # Several mistakes may give one number; who chose it made one of them.
        because = " Or: ".join(dict.fromkeys(sentence for sentence, _ in wrong.mistakes[:3]))
        _, ran = wrong.mistakes[0]
        choices.append(Choice(text=gives, feedback=because, right=False, gives=gives, ran=ran))
    rounding = "" if exact(right, drawn.digits) else ", to two decimals"
    return f"{drawn.setting} What is {drawn.asked}{rounding}?", choices, drawn.worked


def _unsuspicious(answer: str, wrongs: list[_Wrong], digits: int) -> list[_Wrong]:
    """Wrong choices beside which the right one does not stand out; just the first if there are none such."""
    for three in combinations(wrongs[:LOOKED_AT], WRONG):
        if not stands_out(answer, [say_all(wrong.value, digits) for wrong in three]):
            return list(three)
    return wrongs[:WRONG]


def stands_out(answer: str, others: Sequence[str]) -> bool:
    """Whether an answer is the only one of its sign, or the only one with so few or so many decimals."""
    signs = [text.startswith("−") for text in others]
    decimals = [_decimals(text) for text in others]
    alone = answer.startswith("−") not in signs
    return alone or not min(decimals) <= _decimals(answer) <= max(decimals)


def _decimals(text: str) -> int:
    return max(len(number.partition(".")[2]) for number in re.findall(r"[\d.]+", text))


def _alike(one: _Wrong, other: _Wrong) -> bool:
    """Whether the sentences of two mistakes are so alike that choosing between them is a matter of luck.

    They begin with the same clause, or have the same words in another order.
    """
    said = [wrong.mistakes[0][0] for wrong in (one, other)]
    begun = {re.split(r"[.,:]", sentence)[0] for sentence in said}
    used = {tuple(sorted(re.findall(r"[^\s.,:]+", sentence))) for sentence in said}
    return len(begun) == 1 or len(used) == 1


def _which_mistake(exercise: Exercise, drawn: Drawn, right: Any, wrongs: list[_Wrong]) -> Made | None:
    """The first that is one mistake alone is shown; the sentences of others are the wrong choices."""
    alone = next((wrong for wrong in wrongs if len(wrong.mistakes) == 1), None)
    if alone is None:
        return None
    output = say_all(alone.value, drawn.digits)
    answer = say_all(right, drawn.digits)
    sentence, ran = alone.mistakes[0]

    others: list[_Wrong] = []
    for wrong in wrongs:
        chosen = [alone, *others]
        if wrong is not alone and not any(_alike(wrong, each) for each in chosen):
            others.append(wrong)
    choices = [
        Choice(
            text=sentence,
            feedback=f"Right: this mistake gives {output}. The right answer is {answer}.",
            right=True,
            gives=output,
            ran=ran,
        )
    ]
    for wrong in others[:WRONG]:
        gives = say_all(wrong.value, drawn.digits)
        text, ran = wrong.mistakes[0]
        feedback = f"No: that mistake would give {gives}, and the output was {output}."
        choices.append(Choice(text=text, feedback=feedback, right=False, gives=gives, ran=ran))

    question = (
        f"{drawn.setting} Somebody’s `{exercise.name}` gives {output} for {drawn.asked}, and that is wrong. "
        f"Which sentence of the check names the mistake?"
    )
    return question, choices, (*drawn.worked, f"The mistake that was made gives {output}.")

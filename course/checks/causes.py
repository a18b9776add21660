"""Why an answer is wrong: known mistakes, and sums of them, compared with it case by case.

A cause is never guessed. The known wrong functions are run on the same cases, and what agrees with the
learner's answer everywhere gives its sentence. Learners make several mistakes at once, so there is more than
one way to look:

1. one known mistake explains everything, or all but what can go wrong beside any formula: a refusal that is
   forgotten, an answer that should be nan, a gradient where none should be. Each of these is then explained
   by itself, so "the half is missing", "not detached" and "nothing is refused" are three sentences;
2. two mutants of one factory together explain it (`mutants`);
3. the value of a loss alone is explained, and its gradient is not;
4. nothing is explained, but what differs is the same in every value of every case (`report.pattern`).
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from course.checks.exercise import GRADIENT, Case, Exercise, Odd, Outcome, Raised, Seen, Several, Unfit
from course.checks.mutants import Mutant
from course.checks.report import COUNTED, compare, difference, pattern
from course.checks.running import run

PATIENCE = 0.5  # seconds of processor time for all known mistakes together; `check` promises 2 s in all

Look = dict[int, tuple[str, ...]]  # the observations to compare, by the number of the case


def likely_causes(
    exercise: Exercise, cases: Sequence[Case], given: Sequence[Outcome], wanted: Sequence[Outcome]
) -> tuple[str, ...]:
    """The sentences that explain a wrong answer, one for each mistake in it; none if nothing is known.

    Args:
        exercise: with the mistakes that are known.
        cases: what was tried.
        given: what the answer gave, case by case.
        wanted: what the reference gives, case by case.
    """
    return _Hunt(exercise, cases, given, wanted).sentences()


class _Suspect:
    """A known mistake, or two of them; it is run on a case when somebody asks, and once."""

    def __init__(self, sentences: tuple[str, ...], run_on: Callable[[int], Outcome]) -> None:
        self.sentences = sentences
        self.run_on = run_on
        self.known: dict[int, Outcome] = {}

    def outcome(self, number: int) -> Outcome:
        if number not in self.known:
            self.known[number] = self.run_on(number)
        return self.known[number]


class _Hunt:
    """Everything that is known about one wrong answer."""

    def __init__(
        self,
        exercise: Exercise,
        cases: Sequence[Case],
        given: Sequence[Outcome],
        wanted: Sequence[Outcome],
    ) -> None:
        self.exercise = exercise
        self.cases = cases
        self.given = given
        self.wanted = wanted
        self.until = time.thread_time() + PATIENCE

        numbers = range(len(cases))
        self.refusals = [i for i in numbers if isinstance(wanted[i], Raised)]
        self.undefined = [i for i in numbers if i not in self.refusals and _holds_nan(wanted[i])]
        self.plain = [i for i in numbers if i not in (*self.refusals, *self.undefined)]

        self.singles = [_Suspect((sentence,), self.runner(wrong)) for sentence, wrong in exercise.mistakes]
        self.pairs = list(self.joined())

    def runner(self, wrong: Callable) -> Callable[[int], Outcome]:
        return lambda number: run(self.exercise, wrong, self.cases[number])

    def joined(self) -> Iterator[_Suspect]:
        """Two mutants at once, for every two that can be joined. Nothing is run yet."""
        for (one, wrong), (other, also_wrong) in combinations(self.exercise.mistakes, 2):
            both = wrong.joined(also_wrong) if isinstance(wrong, Mutant) else None
            if both is not None:
                yield _Suspect((one, other), self.runner(both))

    # Looks, from all there is to ever less

    def names(self, number: int) -> tuple[str, ...]:
        want = self.wanted[number]
        return tuple(want.values) if isinstance(want, Seen) else ()

    def formula(self, number: int) -> tuple[str, ...]:
        return tuple(name for name in self.names(number) if name not in self.exercise.apart)

    def value_alone(self, number: int) -> tuple[str, ...]:
        return tuple(name for name in self.names(number) if not name.startswith(GRADIENT))

    def looks(self) -> tuple[Look, Look, Look]:
        """At everything; without refusals and undefined answers; without what is judged apart."""
        return (
            {i: self.names(i) for i in (*self.plain, *self.undefined, *self.refusals)},
            {i: self.names(i) for i in self.plain},
            {i: self.formula(i) for i in self.plain},
        )

    # The search

    def sentences(self) -> tuple[str, ...]:
        everything, plain, formula = self.looks()
        known = self.explained(everything, self.singles)
        if known is not None:
            return known
        told = self.several_things()
        if told:
            return told

        value = {i: self.value_alone(i) for i in self.plain}
        for look, suspects in (
            (plain, self.singles),
            (formula, self.singles),
            (everything, self.pairs),
            (plain, self.pairs),
            (formula, self.pairs),
            (value, self.singles),
            (value, self.pairs),
        ):
            found = self.explained(look, suspects)
            if found is not None:
                return found + self.beside(look)
        return self.unexplained(formula)

    def explained(self, look: Look, suspects: Sequence[_Suspect]) -> tuple[str, ...] | None:
        """The sentences of the first suspect that gives what the answer gives; () if the answer is right.

        An answer that gives errors alone is known by their words: the kind of an error says next to nothing.
        """
        right = {i: self.agrees(self.wanted[i], i, look[i]) for i in look}
        if all(right.values()):
            return ()
        errors_alone = not any(isinstance(self.given[i], Seen) for i in look)

        # Most suspects are cleared by the first case that the answer has wrong; long arrays come last.
        wrong_first = sorted(look, key=lambda i: (right[i], _size(self.cases[i])))
        for suspect in suspects:
            if time.thread_time() > self.until:
                return None
            if all(
                self.agrees(suspect.outcome(i), i, look[i], to_the_word=errors_alone) for i in wrong_first
            ):
                return suspect.sentences
        return None

    def agrees(
        self, outcome: Outcome, number: int, names: Sequence[str], *, to_the_word: bool = False
    ) -> bool:
        given = self.given[number]
        return same(given, outcome, names) and (not to_the_word or _words(given) == _words(outcome))

    def several_things(self) -> tuple[str, ...]:
        """A pair came back where one thing is wanted: is one of them right, or one mistake away from it?"""
        parts = {_count(self.given[i]) for i in self.plain}
        wanted = {_count(self.wanted[i]) for i in self.plain}
        if wanted != {0} or len(parts) != 1 or parts == {0}:
            return ()

        count = parts.pop()
        said = f"You returned {COUNTED.get(count, f'{count} things')}."
        for nth in range(count):
            only = [_only(nth, outcome) for outcome in self.given]
            if not any(compare(got, want) for got, want in zip(only, self.wanted, strict=True)):
                return (f"{said} Number {nth + 1} is what is asked for: return it alone.",)

        first = [_only(0, outcome) for outcome in self.given]
        of_the_first = likely_causes(self.exercise, self.cases, first, self.wanted)
        return (f"{said} One is asked for.", *of_the_first) if of_the_first else ()

    def unexplained(self, formula: Look) -> tuple[str, ...]:
        """What can be said when no formula fits: a pattern, and what is judged apart."""
        if not all(_readable(self.given[i], names) for i, names in formula.items()):
            return ()
        first = next((name for name in self.formula(self.plain[0]) if self.differs(name)), "")
        pairs = [(self.given[i].values[first], self.wanted[i].values[first]) for i in self.plain]
        found = pattern(first, pairs)
        if found:
            return (found, *self.beside(formula))

        leaks = self.leaks(self.exercise.apart)
        complaints = (difference(first, got, want) for got, want in pairs)
        return (next(complaint.cause for complaint in complaints if complaint), *leaks) if leaks else ()

    def differs(self, name: str) -> bool:
        return any(not self.agrees(self.wanted[i], i, (name,)) for i in self.plain)

    # What can go wrong beside any formula

    def beside(self, look: Look) -> tuple[str, ...]:
        """The sentences for what a look left out and the answer has wrong."""
        said: tuple[str, ...] = ()
        if look.keys().isdisjoint(self.undefined):
            said += self.undefined_answers()
        if look.keys().isdisjoint(self.refusals):
            said += self.forgotten_refusals()
        left_out = [name for name in self.exercise.apart if all(name not in look[i] for i in self.plain)]
        return self.leaks(left_out) + said

    def leaks(self, names: Sequence[str]) -> tuple[str, ...]:
        """What is judged apart: the known mistake that has the same names wrong, and nothing else."""
        wrong = {name for name in names if self.differs(name)}
        if not wrong:
            return ()
        for (sentence, _), suspect in zip(self.exercise.mistakes, self.singles, strict=True):
            if self.only_wrong_in(suspect, wrong):
                return (sentence,)
        return tuple(
            f"A gradient flows into {name.removeprefix(GRADIENT)}, which is data here: detach it."
            if name.startswith(GRADIENT)
            else f"{name[0].upper()}{name[1:]} is not as it should be after the call."
            for name in names
            if name in wrong
        )

    def only_wrong_in(self, suspect: _Suspect, wrong: set[str]) -> bool:
        found = set()
        for i in self.plain:
            outcome = suspect.outcome(i)
            if not same(outcome, self.wanted[i], self.formula(i)):
                return False
            found |= {name for name in self.exercise.apart if not same(outcome, self.wanted[i], (name,))}
        return found == wrong

    def forgotten_refusals(self) -> tuple[str, ...]:
        """The known mistake that refuses the same calls as the answer does, and is right elsewhere."""
        mine = [_answers(self.given[i], self.wanted[i]) for i in self.refusals]
        if not any(mine):
            return ()
        for (sentence, _), suspect in zip(self.exercise.mistakes, self.singles, strict=True):
            right = all(same(suspect.outcome(i), self.wanted[i], self.names(i)) for i in self.plain)
            theirs = [_answers(suspect.outcome(i), self.wanted[i]) for i in self.refusals] if right else []
            if theirs == mine:
                return (sentence,)
        wrong = next(i for i, answers in zip(self.refusals, mine, strict=True) if answers)
        kind = type(self.wanted[wrong].error).__name__
        call = "This call" if self.first_wrong() == wrong else f'"{self.cases[wrong].label}"'
        return (f"{call.replace(': refuses', '')} cannot be answered: raise a {kind}.",)

    def first_wrong(self) -> int:
        """The number of the case that the panel shows."""
        pairs = zip(self.given, self.wanted, strict=True)
        return next(i for i, (got, want) in enumerate(pairs) if compare(got, want))

    def undefined_answers(self) -> tuple[str, ...]:
        """The known mistake that says the same where the answer is nan, and is right elsewhere."""
        wrong = [i for i in self.undefined if compare(self.given[i], self.wanted[i])]
        if not wrong:
            return ()
        for (sentence, _), suspect in zip(self.exercise.mistakes, self.singles, strict=True):
            right = all(same(suspect.outcome(i), self.wanted[i], self.names(i)) for i in self.plain)
            if right and all(self.agrees(suspect.outcome(i), i, self.names(i)) for i in self.undefined):
                return (sentence,)
        return (f'"{self.cases[wrong[0]].label}" has no number for an answer: return nan.',)


def same(one: Outcome, other: Outcome, names: Sequence[str]) -> bool:
    """Whether two outcomes cannot be told apart: equal in the observations named, or the same error."""
    if isinstance(one, Seen) and isinstance(other, Seen):
        nothing = Unfit("NoneType")
        return all(
            difference(name, one.values.get(name, nothing), other.values.get(name, nothing)) is None
            for name in names or one.values.keys() | other.values.keys()
        )
    if isinstance(one, Raised) and isinstance(other, Raised):
        alike = type(one.error) is type(other.error)
        return alike and (not isinstance(one.error, Odd) or one.error.args == other.error.args)
    return False


def _words(outcome: Outcome) -> str:
    return str(outcome.error) if isinstance(outcome, Raised) else ""


def _readable(outcome: Outcome, names: Sequence[str]) -> bool:
    if not isinstance(outcome, Seen):
        return False
    return all(isinstance(outcome.values.get(name), np.ndarray) for name in names)


def _answers(got: Outcome, want: Raised) -> str:
    """What an answer does instead of refusing; an empty string if it refuses."""
    if compare(got, want) is None:
        return ""
    return type(got.error).__name__ if isinstance(got, Raised) else "answers"


def _size(case: Case) -> int:
    return sum(math.prod(getattr(value, "shape", ())) for value in (*case.args, *case.kwargs.values()))


def _holds_nan(outcome: Seen) -> bool:
    return any(isinstance(value, np.ndarray) and np.isnan(value).any() for value in outcome.values.values())


def _count(outcome: Outcome) -> int:
    """How many things came back; 0 where it is one."""
    only = outcome.values.get("") if isinstance(outcome, Seen) else None
    return len(only.parts) if isinstance(only, Several) else 0


def _only(nth: int, outcome: Outcome) -> Outcome:
    if _count(outcome) <= nth:
        return outcome
    return Seen({"": outcome.values[""].parts[nth]}, outcome.printed)

"""How well the checks tell right from wrong, in numbers: run `python -m tests.mutation_table --seeds 20`.

Three counts. Known mistakes: refused, and with their own sentence, for every seed; the reference passes for
every seed. Answers as people write them (`answers`): right ones pass, wrong ones are refused, and how many of
those are told no more than that values differ. Pairs of mistakes: how many get both sentences.
"""

import argparse
import re
from collections.abc import Iterable
from dataclasses import dataclass

from course.checks import Exercise, exercises, judge
from tests.answers import RIGHT, WRONG, Answer

# What a panel says when it knows nothing but the numbers.
ONLY_A_DIFFERENCE = re.compile(r"The values?( for [\w ]+)? differs?\b|There is a NaN|Every value is")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One exercise over some seeds."""

    name: str
    mistakes: int
    refused: int  # mistakes that no seed let pass
    own: int  # mistakes that got their own sentence, and no other, for every seed
    passed: int  # seeds for which the reference passed


def row(exercise: Exercise, seeds: Iterable[int]) -> Row:
    """Judge the reference and every known mistake of an exercise, for every seed."""
    seeds = list(seeds)
    refused = 0
    own = 0
    for sentence, wrong in exercise.mistakes:
        verdicts = [judge(exercise.name, wrong, seed=seed) for seed in seeds]
        refused += not any(verdict.passed for verdict in verdicts)
        own += all(verdict.cause == sentence for verdict in verdicts)

    passed = sum(judge(exercise.name, exercise.reference, seed=seed).passed for seed in seeds)
    return Row(name=exercise.name, mistakes=len(exercise.mistakes), refused=refused, own=own, passed=passed)


def only_a_difference(cause: str) -> bool:
    """Whether a cause says no more than that something differs."""
    return bool(ONLY_A_DIFFERENCE.match(cause))


def told(answer: Answer, cause: str) -> bool:
    """Whether a cause holds all the words that it must."""
    return all(words in cause for words in answer.says)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(parser.parse_args().seeds)

    print(f"{'exercise':<22}{'mistakes':>9}{'refused':>9}{'own sentence':>14}{'reference':>11}")
    rows = [row(exercise, seeds) for exercise in exercises()]
    for each in rows:
        print(
            f"{each.name:<22}{each.mistakes:>9}{each.refused:>9}{each.own:>14}{each.passed:>8}/{len(seeds)}"
        )
    mistakes, refused, own = (sum(getattr(r, name) for r in rows) for name in ("mistakes", "refused", "own"))
    print(f"{f'all {len(rows)}':<22}{mistakes:>9}{refused:>9}{own:>14}")

    passed = sum(all(judge(each.exercise, each.f, seed=seed).passed for seed in seeds) for each in RIGHT)
    print(f"\nright answers: {passed} of {len(RIGHT)} pass for every seed")
    refused = sum(not any(judge(each.exercise, each.f, seed=seed).passed for seed in seeds) for each in WRONG)
    print(f"wrong answers: {refused} of {len(WRONG)} are refused for every seed")

    causes = [judge(each.exercise, each.f, seed=0).cause for each in WRONG]
    vague = sum(map(only_a_difference, causes))
    named = sum(told(each, cause) for each, cause in zip(WRONG, causes, strict=True) if each.says)
    print(f"told only that something differs: {vague}; told the mistake: {named}")
    both = [told(each, cause) for each, cause in zip(WRONG, causes, strict=True) if len(each.says) > 1]
    print(f"two mistakes or more at once: {sum(both)} of {len(both)} are told all of them")


if __name__ == "__main__":
    main()

"""How well the checks tell right from wrong: run `python -m tests.mutation_table --seeds 20 --write`.

For every exercise: known mistakes, those refused by every seed and those told their own sentence, distinct
sentences; answers as people write them (`answers`); and over all of these, false passes and false fails.
With `--write` the tables go into docs/grading.md and docs/judging.md.
"""

import argparse
import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tqdm import tqdm

from course.checks import Exercise, exercises, judge
from tests import tables_in_docs
from tests.answers import RIGHT, WRONG, Answer

# What a panel says when it knows nothing but the numbers.
ONLY_A_DIFFERENCE = re.compile(r"The values?( for [\w ]+)? differs?\b|There is a NaN|Every value is")

PATIENCE = 60.0  # seconds: a busy machine is not to be mistaken for a loop without end
FIRST_SEED = 1_000  # the exercises were written with those near 0
HEAD = (
    "exercise",
    "known mistakes refused",
    "told their own sentence",
    "distinct causes",
    "others' answers, right and wrong",
    "false passes",
    "false fails",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One exercise over some seeds."""

    name: str
    mistakes: int
    refused: int  # mistakes that no seed let pass
    own: int  # mistakes that got their own sentence, and no other, for every seed
    causes: int  # different sentences among the mistakes
    right: int  # answers as people write them
    wrong: int
    false_passes: int  # verdicts: of mistakes and wrong answers, over all seeds
    false_fails: int  # of the reference and right answers

    @property
    def cells(self) -> tuple[str, ...]:
        """As `HEAD` has them."""
        return (
            f"`{self.name}`" if self.name.isidentifier() else self.name,
            f"{self.refused} / {self.mistakes}",
            str(self.own),
            str(self.causes),
            f"{self.right} + {self.wrong}",
            str(self.false_passes),
            str(self.false_fails),
        )

    @classmethod
    def read(cls, cells: Sequence[str]) -> "Row":
        """The row that was written as these cells."""
        name, refused, own, causes, answers, *false = cells
        counts = [*refused.split(" / "), own, causes, *answers.split(" + "), *false]
        fields = ("refused", "mistakes", "own", "causes", "right", "wrong", "false_passes", "false_fails")
        return cls(name=name.strip("`"), **dict(zip(fields, map(int, counts), strict=True)))


def row(exercise: Exercise, seeds: Iterable[int]) -> Row:
    """Judge the reference, every known mistake and every answer to an exercise, for every seed."""
    seeds = list(seeds)
    refused = own = false_passes = 0
    for sentence, wrong in exercise.mistakes:
        verdicts = [judge(exercise.name, wrong, seed=seed, seconds=PATIENCE) for seed in seeds]
        passed = sum(verdict.passed for verdict in verdicts)
        refused += not passed
        own += all(verdict.cause == sentence for verdict in verdicts)
        false_passes += passed

    rights = [each.f for each in RIGHT if each.exercise == exercise.name]
    wrongs = [each.f for each in WRONG if each.exercise == exercise.name]
    false_passes += sum(
        judge(exercise.name, f, seed=seed, seconds=PATIENCE).passed for f in wrongs for seed in seeds
    )
    answers = [exercise.reference, *rights]
    false_fails = sum(
        not judge(exercise.name, f, seed=seed, seconds=PATIENCE).passed for f in answers for seed in seeds
    )

    return Row(
        name=exercise.name,
        mistakes=len(exercise.mistakes),
        refused=refused,
        own=own,
        causes=len({sentence for sentence, _ in exercise.mistakes}),
        right=len(rights),
        wrong=len(wrongs),
        false_passes=false_passes,
        false_fails=false_fails,
    )


def total(rows: Sequence[Row]) -> Row:
    """The last row of the table."""
    counted = [name for name in Row.__dataclass_fields__ if name != "name"]
    sums = {name: sum(getattr(each, name) for each in rows) for name in counted}
    return Row(name=f"all {len(rows)}", **sums)


def only_a_difference(cause: str) -> bool:
    """Whether a cause says no more than that something differs."""
    return bool(ONLY_A_DIFFERENCE.match(cause))


def told(answer: Answer, cause: str) -> bool:
    """Whether a cause holds all the words that it must."""
    return all(words in cause for words in answer.says)


def exercise_table() -> str:
    """Every exercise with its call and its first sentence, for docs/judging.md."""
    rows = []
    for each in exercises():
        says = " ".join((inspect.getdoc(each.reference) or "").split("\n\n")[0].split())
        rows.append((each.lesson, f"`{each.name}{_call(each)}`", says))
    return tables_in_docs.table(("lesson", "call", "what it gives"), rows)


def _call(exercise: Exercise) -> str:
    signature = inspect.signature(exercise.reference)
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    return str(inspect.Signature(bare))


def in_words(seeds: Sequence[int]) -> str:
    """What else is counted about the answers that people wrote: whether they are told their mistake."""
    causes = [judge(each.exercise, each.f, seed=seeds[0], seconds=PATIENCE).cause for each in WRONG]
    vague = sum(map(only_a_difference, causes))
    named = [told(each, cause) for each, cause in zip(WRONG, causes, strict=True) if each.says]
    both = [told(each, cause) for each, cause in zip(WRONG, causes, strict=True) if len(each.says) > 1]
    return (
        f"Of the {len(WRONG)} wrong answers of others, {sum(named)} of the {len(named)} whose mistake is\n"
        f"known were told it, {sum(both)} of {len(both)} with two mistakes at once were told both,\n"
        f"and {vague} got no more than that something differs.\n"
    )


def published() -> dict[str, Row]:
    """The rows of the table as it stands in docs/grading.md, by exercise."""
    _, table, *_ = tables_in_docs.between("grading.md", "mutation table").split("\n\n")
    rows = [Row.read(cells) for cells in tables_in_docs.cells(table)]
    return {each.name: each for each in rows}


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="into docs/grading.md and docs/judging.md")
    parser.add_argument("--only", nargs="*", metavar="EXERCISE", help="the others' rows are kept")
    options = parser.parse_args()
    seeds = range(FIRST_SEED, FIRST_SEED + options.seeds)

    kept = {} if options.only is None else published()
    again = {exercise.name for exercise in exercises()} - set(kept) | set(options.only or ())
    rows = [
        row(exercise, seeds) if exercise.name in again else kept[exercise.name]
        for exercise in tqdm(exercises(), unit="exercise", disable=None)
    ]
    measured = tables_in_docs.table(HEAD, [each.cells for each in (*rows, total(rows))])
    text = f"Over {len(seeds)} seeds.\n\n{measured}\n{in_words(seeds)}"
    print(text)
    if options.write:
        tables_in_docs.write("grading.md", "mutation table", text)
        tables_in_docs.write("judging.md", "exercises", exercise_table())


if __name__ == "__main__":
    main()

"""The question bank in numbers: run `python -m tests.quiz_table --seeds 1000` (minutes).

For every template: how many questions were drawn, how many wrong choices they have, and how many of these
were what a run of the mistake gave, when it was run again. With `--write` the table of templates, over the
few seeds that the tests draw, goes into docs/quiz.md.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tqdm import tqdm

from course.classroom.quiz.bank import TEMPLATES
from course.classroom.quiz.questions import Question, ask, exercise_named
from tests import tables_in_docs

SEEDS = 15  # of the tests: 15 for each template are more than 1,000 questions
HEAD = ("lesson", "question", "exercise", "asked for", "known mistakes seen")


@dataclass
class Count:
    """What was drawn from one template."""

    questions: int = 0
    wrong: int = 0
    produced: int = 0
    away: int = 0  # questions whose answer can be picked by its looks
    seen: set[str] = field(default_factory=set)  # sentences of mistakes

    def add(self, question: Question) -> None:
        """Take in one question; its mistakes are run again."""
        self.questions += 1
        self.wrong += len(question.wrong)
        self.produced += question.produced
        self.away += question.gives_itself_away
        self.seen |= seen(question)


def seen(question: Question) -> set[str]:
    """The sentences of the mistakes that were run for a question."""
    exercise = exercise_named(question.exercise)
    ran = {id(choice.ran) for choice in question.choices}
    return {sentence for sentence, wrong in exercise.mistakes if id(wrong) in ran}


def table(questions: Iterable[Question]) -> str:
    """Every template, for docs/quiz.md."""
    sentences = defaultdict(set)
    for question in questions:
        sentences[question.name] |= seen(question)
    rows = [
        (
            template.lesson,
            f"`{template.name}`",
            f"`{template.exercise}`",
            "the mistake" if template.of_mistake else "the number",
            f"{len(sentences[template.name])} of {len(exercise_named(template.exercise).mistakes)}",
        )
        for template in TEMPLATES
    ]
    return tables_in_docs.table(HEAD, rows)


def main() -> None:
    """Count, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--write", action="store_true", help="the table into docs/quiz.md")
    options = parser.parse_args()

    began = time.process_time()
    counts = {}
    for template in tqdm(TEMPLATES, unit="template", disable=None):
        counts[template.name] = count = Count()
        for seed in range(options.seeds):
            count.add(ask(template, seed=seed))
    for name, count in counts.items():
        print(f"{name:24} {count.questions} questions, {count.produced} / {count.wrong}, away {count.away}")

    every = counts.values()
    print(
        f"{len(TEMPLATES)} templates, {sum(c.questions for c in every)} questions, "
        f"{sum(c.produced for c in every)} / {sum(c.wrong for c in every)} wrong choices produced by runs, "
        f"{sum(c.away for c in every)} given away, {time.process_time() - began:.0f} s of CPU"
    )
    if options.write:
        drawn = [ask(template, seed=seed) for template in TEMPLATES for seed in range(SEEDS)]
        tables_in_docs.write("quiz.md", "questions", table(drawn))


if __name__ == "__main__":
    main()

"""`python -m tests.grading.attacks --write` grades the suite and writes its table into docs/grading.md."""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from tests import tables_in_docs
from tests.grading.attacks import ATTACKS, Attack
from tests.grading.attacks.honest import as_it_is
from tests.grading.attacks.run import Graded, grade_all

KINDS = ("honest", "broken", "hostile")


def in_words(states: dict[str, str]) -> str:
    """States as they stand in the table: `right`, `ungraded`, or the exercises that are not right."""
    if set(states.values()) == {"right"}:
        return "right"
    if set(states) == {""}:
        return "ungraded"
    return ", ".join(f"`{name}` {state}" for name, state in states.items() if state != "right")


def table(attacks: list[Attack], got: dict[str, str]) -> str:
    """One row a submission."""
    rows = [(attack.says, in_words(attack.outcome()), got[attack.name]) for attack in attacks]
    return tables_in_docs.table(("submission", "must be", "is"), rows)


def document(graded: Graded) -> str:
    """The three tables, and their count."""
    got = {attack.name: in_words(graded.states(attack)) for attack in ATTACKS}
    plain = [attack for attack in ATTACKS if attack.make is as_it_is]
    all_right = all(got[attack.name] == "right" for attack in plain)
    lessons = "All are right" if all_right else "Not all are right"
    attacks = [attack for attack in ATTACKS if attack not in plain]
    counts = Counter(attack.kind for attack in attacks)
    counted = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS)
    good = sum(graded.states(attack) == attack.outcome() for attack in attacks)

    parts = [
        f"{len(attacks)} submissions: {counted}. As they must be: {good}.\n"
        f"Beside them, the solved notebook of every lesson. {lessons}.\n"
    ]
    for kind in KINDS:
        parts += [f"### {kind.capitalize()}\n", table([each for each in attacks if each.kind == kind], got)]
    return "\n".join(parts)


def main() -> None:
    """Grade, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/grading.md")
    parser.add_argument(
        "--only", nargs="*", metavar="NAME", default=[], help="these submissions, or those of a kind"
    )
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="hand in and grade below this folder, which is kept")
    options = parser.parse_args()

    attacks = [
        attack for attack in ATTACKS if not options.only or {attack.name, attack.kind} & set(options.only)
    ]
    with tempfile.TemporaryDirectory() as folder:
        graded = grade_all(options.keep or Path(folder), attacks, workers=options.workers)
    for attack in attacks:
        if graded.states(attack) != attack.outcome():
            causes = {row.exercise: row.cause for row in graded.of(attack)}
            print(f"{attack.name}: {graded.states(attack)} instead of {attack.outcome()}; {causes}")
    print(f"{len(attacks)} submissions in {graded.seconds:.0f} s")
    if options.write:
        tables_in_docs.write("grading.md", "attack table", document(graded))


if __name__ == "__main__":
    main()

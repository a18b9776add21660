r"""Many runs of the language model: every weight over seeds, and policies that fooled a learned judge.

`python -m course runs STUDY` plays the variants of a study over seeds and writes a CSV file; those that come
with the course were made by

    python -m course runs tokens --out tokens_runs.csv
    python -m course runs critics --out critics_runs.csv --seeds 5
    python -m course runs judges --out judges_runs.csv --seeds 5
    python -m course runs judges --out judges_runs.csv --seeds 10 --variants "50 pairs, cut" \
        "200 pairs, cut" "50 pairs, cut, leash"
    python -m course runs signal --out signal_runs.csv --seeds 5
    python -m course runs values --out values_runs.csv --seeds 5
    python -m course runs chances --out chances_runs.csv --seeds 3

Seed s begins with the shipped reference s mod 3. This module reads; `course.studies.language_runs` has the
runs themselves, and loads torch. Lessons 13 and 14.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

from course.arrays import Array, Refusal, one_of, whole
from course.language.frontier import cheapest_nats
from course.tables import Row, Table, data, read_table

REFERENCES = 3
EXAM = "exam"  # what stands in the column `update` of a run's last row


@dataclass(frozen=True, eq=False, kw_only=True)
class Examined:
    """What a policy had become at the end, on 400 new answers."""

    prize: float  # points, the rule's mean
    error: float  # standard error of that mean
    nats: float  # KL from the reference, exact over the words at every token that was written
    share: float  # of these nats was necessary, by the frontier of the run's own reference
    grammar: float  # share of answers that are whole sentences of the language
    sentences: float
    cut: float  # share of answers without <end>


@dataclass(frozen=True, eq=False, kw_only=True)
class LanguageRun:
    """One run: arrays [U], and its end. Means over an update's answers; with a learned judge over five's."""

    update: Array  # how many updates the policy had made before these answers
    prize: Array  # points, by the rule
    believed: Array  # what the judge gave, in his unit
    nats: Array  # drift of an answer, estimated from what was written
    grammar: Array
    sentences: Array
    cut: Array
    explained_variance: Array  # of the critic; without one NaN
    seconds: Array  # an update, on a busy machine
    accuracy: float  # of the judge on 1,000 pairs that he had not seen; NaN for the rule
    exam: Examined


ARRAYS = tuple(field.name for field in fields(LanguageRun) if field.name not in ("accuracy", "exam"))
RUN_COLUMNS = ("variant", "seed", *ARRAYS, "error", "accuracy")
COLUMNS = {
    "tokens": RUN_COLUMNS,
    "critics": RUN_COLUMNS,
    "judges": RUN_COLUMNS,
    "signal": ("variant", "seed", "snr", "signal", "noise"),
    "values": ("variant", "seed", "token", "alive", "explained_variance", "ceiling"),
    "chances": ("variant", "seed", "lucky", "chance"),
}


def methods() -> dict[str, dict[int, LanguageRun]]:
    """Every weight over 10 seeds, 60 updates each: a run by weight and seed.

    The five lines of THE figure, by their names; "groups", the z-score of prize and toll together over the
    answers to one prompt; and "groups, prize only", where the toll is not divided.

    Lessons 13 and 14.
    """
    return _runs("tokens")


def critics() -> dict[str, dict[int, LanguageRun]]:
    """GAE by lambda and the critic's age over 5 seeds: a run by "GAE 0.5, cold" or "GAE 0.5, warm" and seed.

    A cold critic begins with the policy and says 0 at first; a warm one has learned from 100 batches.

    Lesson 13.
    """
    return _runs("critics")


def fooled() -> dict[str, dict[int, LanguageRun]]:
    """Policies that learned from a learned judge, 150 updates: a run by kind of judge and seed.

    "200 pairs, cut" learned from 200 pairs out of a pool of which a fifth were cut answers; without "cut"
    there were none. Under "leash" a nat of drift costs a tenth of the judge's unit; else it costs nothing.

    Lesson 14.
    """
    return _runs("judges")


def signal() -> dict[str, dict[int, tuple[float, float, float]]]:
    """Which way a batch of 20 points, before any training: (snr, signal, noise) by weight and seed.

    The policy gradient has a component "make lucky words likelier where a treasure is due". The signal is its
    mean over batches, in points, snr the same over its standard deviation. The noise is the root mean square
    of the weights on adjectives, animals and verbs, which cannot matter.

    Lesson 13.
    """
    found: dict[str, dict[int, tuple[float, float, float]]] = {}
    for row in read_table(data("signal_runs.csv"), COLUMNS["signal"]):
        numbers = (float(row["snr"]), float(row["signal"]), float(row["noise"]))
        found.setdefault(row["variant"], {})[int(row["seed"])] = numbers
    return found


def values() -> dict[str, dict[int, Array]]:
    """What critics on the frozen policy explain, place by place, and what can be explained there.

    By the critic's age and seed, an array [P, 4]: the token, the share of answers that are still being
    written, the explained variance of the critic among those, and that of the exact V.

    Lesson 13.
    """
    found: dict[str, dict[int, list[list[float]]]] = {}
    for row in read_table(data("values_runs.csv"), COLUMNS["values"]):
        numbers = [float(row[name]) for name in COLUMNS["values"][2:]]
        found.setdefault(row["variant"], {}).setdefault(int(row["seed"]), []).append(numbers)
    return {name: {seed: np.array(rows) for seed, rows in seeds.items()} for name, seeds in found.items()}


@cache
def chances(reference: int = 0) -> Array:
    """Chances of 0, 1, ... 5 lucky words in an answer of this reference, [6]: for its own frontier.

    Raises:
        ValueError: if there is no such reference.
    """
    if reference not in range(REFERENCES):
        raise Refusal(f"reference must be from 0 to {REFERENCES - 1}, got {reference!r:.60}")
    rows = read_table(data("chances_runs.csv"), COLUMNS["chances"])
    found = np.array([float(row["chance"]) for row in rows if int(row["seed"]) % REFERENCES == reference])
    return found / found.sum()  # the table has five digits


def measure_language(
    study: str,
    *,
    seeds: int,
    path: str | Path,
    variants: Sequence[str] | None = None,
    progress: bool = True,
) -> None:
    """Play every variant with seeds 1, 2, ... and append each finished run to a CSV file.

    A second call goes on where the first was stopped.

    Args:
        study: one of `COLUMNS`.
        seeds: how many, at least 1.
        path: a new file, or one from an earlier call.
        variants: some of the study's; all if None.
        progress: show a bar that counts runs.

    Raises:
        ValueError: if a name is not known, `seeds` is below 1, or the file has other columns.
    """
    from tqdm import tqdm  # as text: a saved notebook shows an error in place of a bar that is a widget

    from course.studies.language_runs import STUDIES

    known = STUDIES[one_of("study", study, COLUMNS)]
    chosen = [one_of("variant", name, known) for name in variants or known]
    wanted = [(name, seed) for seed in range(1, whole("seeds", seeds, low=1) + 1) for name in chosen]

    columns = COLUMNS[study]
    table = Table(path, columns, key=("variant", "seed"))
    finished = table.finished()
    left = [(name, seed) for name, seed in wanted if (name, str(seed)) not in finished]

    for name, seed in tqdm(left, unit="run", disable=not progress):
        rows = known[name](seed=seed)
        named = ({"variant": name, "seed": seed, **row} for row in rows)
        table.append({column: _text(row.get(column, "nan")) for column in columns} for row in named)


def _text(value: object) -> str:
    return format(value, ".5g") if isinstance(value, float) else str(value)


def _runs(study: str) -> dict[str, dict[int, LanguageRun]]:
    found: dict[str, dict[int, list[Row]]] = {}
    for row in read_table(data(f"{study}_runs.csv"), COLUMNS[study]):
        found.setdefault(row["variant"], {}).setdefault(int(row["seed"]), []).append(row)
    return {
        variant: {seed: _run(seed, rows) for seed, rows in seeds.items()} for variant, seeds in found.items()
    }


def _run(seed: int, rows: Sequence[Row]) -> LanguageRun:
    *updates, last = rows
    prize = float(last["prize"])
    nats = float(last["nats"])
    exam = Examined(
        prize=prize,
        error=float(last["error"]),
        nats=nats,
        share=cheapest_nats(prize, chances(seed % REFERENCES)) / nats,
        grammar=float(last["grammar"]),
        sentences=float(last["sentences"]),
        cut=float(last["cut"]),
    )
    arrays = {name: np.array([float(row[name]) for row in updates]) for name in ARRAYS}
    return LanguageRun(**arrays, accuracy=float(last["accuracy"]), exam=exam)

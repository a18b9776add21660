"""What the clinic's bugs cost: every case over seeds, healthy and broken. The table that ships was made by

    python -m course.studies.clinic --seeds 5 --out clinic_runs.csv

A second call of the same goes on where the first one stopped. Lesson 15 draws it.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course.arrays import Array, one_of
from course.tables import Table, data, read_table

if TYPE_CHECKING:
    from course.language.model import LanguageModel

COLUMNS = (
    "line",
    "state",
    "seed",
    "prize",
    "nats",
    "share",
    "grammar",
    "sentences",
    "cut",
    "explained_variance",
    "training_prize",
    "seconds",
)
HEALTHY, BROKEN = STATES = ("healthy", "broken")
RECENT = 5  # last updates over which what was logged in training is averaged


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one run ended. On CartPole, `prize` is a score in points, and what belongs to a language is NaN."""

    line: str
    state: str  # "healthy" or "broken"
    seed: int
    prize: float  # points, on 400 answers that nobody learned from
    nats: float  # KL from the reference
    share: float  # of them was necessary for this prize
    grammar: float  # share of answers
    sentences: float
    cut: float  # share of answers
    explained_variance: float  # of the critic, at the end of training
    training_prize: float  # points, what the log says at the end of training
    seconds: float  # of processor time


def measure_clinic(*, seeds: int, path: str | Path, lines: list[str] | None = None) -> None:
    """Run every case, healthy and broken; what is in the file already is not run again.

    Healthy runs of cases with the same settings are one run, and stand in the table once for each.
    """
    from tqdm import tqdm

    from course.language.clinic import CASES

    table = Table(path, COLUMNS, key=("line", "state", "seed"))
    wanted = [(line, state, seed) for seed in range(seeds) for line in lines or CASES for state in STATES]
    for line, state, seed in tqdm(wanted, desc="runs of the clinic", unit="run"):
        if (line, state, str(seed)) in table.finished():
            continue
        known = _same_run(table, line, state, seed)
        outcome = known if known else run_to_the_end(line, state, seed=seed)
        table.append([_row(replace(outcome, line=line))])


def run_to_the_end(line: str, state: str, *, seed: int) -> Outcome:
    """One run of a case, and its examination."""
    import time

    from course.language.clinic import case_of, start_of, treat
    from course.language.learning import examine
    from course.language.lines import LINES

    case = case_of(line)
    began = time.process_time()
    if line == "next_worth":
        return _balance(state, seed=seed)

    steps = list(treat(case, LINES if state == HEALTHY else case.broken, seed=seed))
    exam = examine(steps[-1].policy, start_of(seed=seed), temperature=case.settings.temperature)
    return Outcome(
        line=line,
        state=state,
        seed=seed,
        prize=exam.prize,
        nats=exam.nats,
        share=exam.share,
        grammar=exam.grammar,
        sentences=exam.sentences,
        cut=exam.cut,
        explained_variance=float(np.mean([step.explained_variance for step in steps[-RECENT:]])),
        training_prize=float(np.mean([step.scores.mean() for step in steps[-RECENT:]])),
        seconds=time.process_time() - began,
    )


def _balance(state: str, *, seed: int) -> Outcome:
    """CartPole, 100,000 steps: the score is the mean of the last 20,000 steps' `score`s."""
    import time

    from course import games
    from course.language.clinic import gae_with
    from course.language.lines import LINES, WRONG
    from course.train import CARTPOLE, train

    worth = (LINES if state == HEALTHY else WRONG)["next_worth"]
    began = time.process_time()
    env = games.make("CartPole-v1")
    config = replace(CARTPOLE, env_steps=100_000)
    updates = list(train(env, config, gae=gae_with(worth), seed=seed))
    env.close()

    late = [update for update in updates if update.env_steps > 80_000]
    nan = float("nan")
    return Outcome(
        line="next_worth",
        state=state,
        seed=seed,
        prize=float(np.mean([update.score for update in late])),
        nats=nan,
        share=nan,
        grammar=nan,
        sentences=nan,
        cut=nan,
        explained_variance=float(np.mean([update.explained_variance for update in late])),
        training_prize=float(max(update.score for update in updates)),
        seconds=time.process_time() - began,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Progress:
    """A run as it went, [U] each: means over the twenty answers of every update."""

    prize: Array  # points
    sentences: Array
    nats: Array  # log pi / pi_ref of what was written: an estimate of the KL
    first_loss: Array  # the surrogate of whole answers, before the update's first step
    gradient_norm: Array  # of that step
    begins: Array  # chance that an answer begins with `the`, after the update


def follow(line: str, state: str, *, seed: int = 0) -> Progress:
    """Run a case and keep what happened on the way; with COURSE_QUICK=1, four updates."""
    import torch
    from tqdm import tqdm

    from course.language.clinic import case_of, treat
    from course.language.lines import LINES
    from course.language.tales import sentences
    from course.studies.runs import quick

    case = case_of(line)
    lines = LINES if one_of("state", state, STATES) == HEALTHY else case.broken
    updates = 4 if quick() else case.settings.updates
    steps = treat(case, lines, seed=seed, updates=updates)
    rows = []
    for step in tqdm(steps, desc=case.patient, total=updates, leave=False, delay=5):
        if step.update < 0:
            continue  # the critic alone has learned
        whole_answers = torch.from_numpy(step.answers.log_probs.sum(axis=1)).float()
        weights = torch.from_numpy(step.weights[0] / case.settings.unit).float()
        row = {
            "prize": step.scores.mean(),
            "sentences": sentences(step.answers.tokens).mean(),
            "nats": step.nats.mean(),
            "first_loss": lines["surrogate_loss"](whole_answers, whole_answers, weights).item(),
            "gradient_norm": step.gradient_norm,
            "begins": _begins_with_the(step.policy),
        }
        rows.append(row)

    return Progress(**{name: np.array([row[name] for row in rows]) for name in rows[0]})


def _begins_with_the(policy: "LanguageModel") -> float:
    """The chance of the first word that every tale of the language has, averaged over the prompts."""
    import torch

    from course.language.tales import HEROES, encode, prompts

    with torch.no_grad():
        logits = policy(torch.from_numpy(prompts(range(len(HEROES)))))[:, -1]
        return float(torch.softmax(logits, dim=-1)[:, encode("the")[0]].mean())


def load_clinic(path: str | Path | None = None) -> list[Outcome]:
    """The outcomes that ship with the course, or those of another file."""
    rows = read_table(path or data("clinic_runs.csv"), COLUMNS)
    return [_outcome(row) for row in rows]


def _same_run(table: Table, line: str, state: str, seed: int) -> Outcome | None:
    """The outcome of a healthy run with the settings of this case, if the table has one."""
    from course.language.clinic import case_of

    if state == BROKEN or line == "next_worth":
        return None
    mine = case_of(line)
    for row in table.rows:
        other = case_of(row["line"])
        alike = other.settings == mine.settings and other.weigh is mine.weigh
        special = {line, other.line} & {"surrogate_loss", "next_worth"}
        if alike and not special and row["state"] == HEALTHY and row["seed"] == str(seed):
            return _outcome(row)
    return None


def _row(outcome: Outcome) -> dict[str, str]:
    numbers = {name: getattr(outcome, name) for name in COLUMNS[3:]}
    written = {name: f"{value:.6g}" for name, value in numbers.items()}
    return {"line": outcome.line, "state": outcome.state, "seed": str(outcome.seed), **written}


def _outcome(row: dict[str, str]) -> Outcome:
    numbers = {name: float(row[name]) for name in COLUMNS[3:]}
    return Outcome(line=row["line"], state=row["state"], seed=int(row["seed"]), **numbers)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--lines", nargs="+")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    measure_clinic(seeds=options.seeds, path=options.out, lines=options.lines)


if __name__ == "__main__":
    main()

"""Many whole runs of training, each with its curve: what one seed cannot tell.

A study is a few variants of one run. `python -m course runs STUDY` plays them over seeds and writes
a CSV file, a row an update; the files that come with the course were made by

    python -m course runs cartpole --out cartpole_runs.csv
    python -m course runs cartpole --out cartpole_runs.csv --seeds 20 --variants "as given"
    python -m course runs pong --out pong_runs.csv --agents agents
    python -m course examine agents/*.pt --out pong_scores.csv

Lessons 11 and 12 draw them, and one live run on top.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from course.arrays import one_of, whole
from course.studies.curves import QUANTITIES, RUN_COLUMNS
from course.studies.variants import STUDIES
from course.tables import Table, data, read_table

EXAM_COLUMNS = ("agent", "way", "episodes", "mean", "std", "low", "high", "seed")
# A greedy agent may rally for ever; 5,000 steps are more than twice a long game.
EXAMS: dict[str, dict[str, Any]] = {
    "sampled": {"episodes": 64, "greedy": False, "max_steps": 5_000},
    "greedy": {"episodes": 16, "greedy": True, "max_steps": 5_000},
    "sticky": {"episodes": 16, "greedy": False, "max_steps": 5_000, "sticky": 0.25},
}


def quick() -> bool:
    """Whether COURSE_QUICK=1 asks for short trainings and few seeds, as the tests do."""
    return os.environ.get("COURSE_QUICK") == "1"


def shortened(env_steps: int) -> int:
    """So many steps of training; with COURSE_QUICK=1 at most 4,000."""
    return min(env_steps, 4_000) if quick() else env_steps


def train_variant(study: str, variant: str, *, seed: int) -> Iterator[Any]:
    """One run, update by update; the `Update`s are those of `train`, scores in unscaled points.

    Raises:
        ValueError: if the study or the variant is not known.
    """
    from gymnasium.wrappers.vector import TransformReward

    from course import games
    from course.train import train

    chosen = STUDIES[one_of("study", study, STUDIES)]
    variants = chosen.variants()
    plan = variants[one_of("variant", variant, variants)]

    env = games.make(chosen.game, envs=plan.envs)
    if plan.scale != 1:
        env = TransformReward(env, lambda rewards: rewards * plan.scale)

    try:
        for update in train(env, plan.config, **plan.functions, seed=seed):
            score = update.score / plan.scale
            yield replace(update, score=score)

            hopeless = update.env_steps >= plan.hopeless_after and score < plan.hopeless_below
            if score >= plan.stop_at or hopeless:
                break
    finally:
        env.close()


def measure_runs(
    study: str,
    *,
    seeds: int,
    path: str | Path,
    variants: list[str] | None = None,
    agents: str | Path | None = None,
    progress: bool = True,
) -> None:
    """Play every variant with seeds 1, 2, ... and append each finished run to a CSV file.

    A second call goes on where the first was stopped.

    Args:
        study: one of `STUDIES`.
        seeds: how many, at least 1.
        path: a new file, or one from an earlier call.
        variants: some of the study's; all if None.
        agents: a folder for the agents that the runs end with, `VARIANT-SEED.pt`; none is kept if None.
        progress: show a bar that counts runs.

    Raises:
        ValueError: if a name is not known, `seeds` is below 1, or the file has other columns.
    """
    from tqdm import tqdm  # as text: a saved notebook shows an error in place of a bar that is a widget

    known = STUDIES[one_of("study", study, STUDIES)].variants()
    chosen = [one_of("variant", name, known) for name in variants or known]
    wanted = [(name, seed) for seed in range(1, whole("seeds", seeds, low=1) + 1) for name in chosen]

    table = Table(path, RUN_COLUMNS, key=("variant", "seed"))
    finished = table.finished()
    left = [(name, seed) for name, seed in wanted if (name, str(seed)) not in finished]

    with tqdm(total=len(wanted), initial=len(wanted) - len(left), unit="run", disable=not progress) as bar:
        for name, seed in left:
            rows = []
            agent = None
            for update in train_variant(study, name, seed=seed):
                agent = update.agent
                rows.append({"variant": name, "seed": seed, **_measured(update)})
                bar.set_postfix_str(
                    f"{name}, seed {seed}: {update.score:.1f} after {update.env_steps:,} steps", refresh=False
                )

            if agents is not None:
                _keep_agent(agent, Path(agents) / f"{name}-{seed}.pt")
            table.append(rows)
            bar.update()


def examine_agents(agents: list[Path], *, path: str | Path, seed: int = 777, progress: bool = True) -> None:
    """Let saved agents play new episodes in each of the `EXAMS`, and append each to a CSV file.

    A second call goes on where the first was stopped.

    Args:
        agents: files written by `measure_runs`.
        path: a new file, or one from an earlier call.
        seed: of the episodes; take one that no training saw.
        progress: show a bar that counts examinations.

    Raises:
        ValueError: if a file is no agent, or the table has other columns.
        OSError: if a file cannot be read.
    """
    from tqdm import tqdm  # as text: a saved notebook shows an error in place of a bar that is a widget

    from course.games import evaluate
    from course.nets import load

    loaded = {Path(file).stem: load(file) for file in agents}
    table = Table(path, EXAM_COLUMNS, key=("agent", "way"))
    finished = table.finished()
    left = [(name, way) for name in loaded for way in EXAMS if (name, way) not in finished]

    for name, way in tqdm(left, unit="examination", disable=not progress):
        agent = loaded[name]
        scores = evaluate(agent, agent.env_name, seed=seed, **EXAMS[way])
        row = {
            "agent": name,
            "way": way,
            "episodes": len(scores),
            "mean": f"{scores.mean():.4g}",
            "std": f"{scores.std(ddof=1):.4g}",
            "low": f"{scores.min():g}",
            "high": f"{scores.max():g}",
            "seed": seed,
        }
        table.append([row])


def examined(study: str) -> dict[str, dict[str, float]]:
    """The mean scores that come with the course, by agent (`VARIANT-SEED`) and way.

    Raises:
        ValueError: if the study is not known.

    Lesson 12.
    """
    study = one_of("study", study, STUDIES)
    found: dict[str, dict[str, float]] = {}
    for row in read_table(data(f"{study}_scores.csv"), EXAM_COLUMNS):
        found.setdefault(row["agent"], {})[row["way"]] = float(row["mean"])
    return found


def _measured(update: Any) -> dict[str, str]:
    """One update's part of a row: four digits, whole steps, tenths of a second."""
    formats = {"env_steps": "d", "seconds": ".1f"}
    return {name: format(getattr(update, name), formats.get(name, ".4g")) for name in QUANTITIES}


def _keep_agent(agent: Any, path: Path) -> None:
    from course.nets import save

    path.parent.mkdir(parents=True, exist_ok=True)
    save(agent, path)

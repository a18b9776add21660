"""Many whole runs of training, each with its curve: what one seed cannot tell.

A study is a few variants of one run. `python -m course runs STUDY` plays them over seeds and writes
a CSV file, a row an update; the files that come with the course were made by

    python -m course runs cartpole --out cartpole_runs.csv
    python -m course runs cartpole --out cartpole_runs.csv --seeds 20 --variants "as given"
    python -m course runs pong --out pong_runs.csv --agents agents
    python -m course examine agents/*.pt --out pong_scores.csv

Lessons 8 and 9 draw them, and one live run on top.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from course.arrays import Array, number, one_of, whole
from course.returns import gae

COLUMNS = ("env_steps", "score", "entropy", "kl", "gradient_norm", "explained_variance", "advantage_std")
HEADER = ("variant", "seed", *COLUMNS, "seconds")
EXAMINED = ("agent", "way", "episodes", "mean", "std", "low", "high", "seed")
# A greedy agent may rally for ever; 5,000 steps are more than twice a long game.
WAYS = {
    "sampled": dict(episodes=64, greedy=False, max_steps=5_000),
    "greedy": dict(episodes=16, greedy=True, max_steps=5_000),
    "sticky": dict(episodes=16, greedy=False, max_steps=5_000, sticky=0.25),
}


@dataclass(frozen=True, eq=False)
class Curve:
    """One run: arrays [U], a number for each update, as `course.train.Update` describes them."""

    env_steps: Array
    score: Array
    entropy: Array
    kl: Array
    gradient_norm: Array
    explained_variance: Array
    advantage_std: Array
    seconds: Array


@dataclass(frozen=True)
class Variant:
    """One way to train: a `Config`, what every reward is multiplied by, and what `train` is given."""

    config: Any
    scale: float = 1.0
    functions: dict[str, Callable] = field(default_factory=dict)
    envs: int | None = None  # copies of the game side by side; as `games.make` if None
    stop_at: float = np.inf  # a run is over when the score gets there, in points
    give_up: tuple[float, float] = (np.inf, 0.0)  # or is below the second after as many steps as the first


def without_critic(
    rewards: Array,
    values: Array,
    next_values: Array,
    terminated: Array,
    truncated: Array,
    *,
    gamma: float,
    lam: float,
) -> Array:
    """Reward-to-go up to the rollout's end, where `train` expects `gae`: no value is asked for."""
    nothing = np.zeros_like(values)
    return gae(rewards, nothing, nothing, terminated, truncated, gamma=gamma, lam=1.0)


def without_bootstrap(
    rewards: Array,
    values: Array,
    next_values: Array,
    terminated: Array,
    truncated: Array,
    *,
    gamma: float,
    lam: float,
) -> Array:
    """GAE that takes every end, a time limit's and the rollout's, for the end of the task."""
    over = terminated | truncated
    over[-1] = True
    return gae(rewards, values, next_values, over, truncated, gamma=gamma, lam=lam)


def as_it_is(advantages: Array, *, floor: float) -> Array:
    """No normalisation."""
    return advantages


def cartpole() -> dict[str, Variant]:
    """One change at a time to `CARTPOLE`; 60,000 steps each."""
    from course.train import CARTPOLE

    base = replace(CARTPOLE, env_steps=60_000)
    return {
        "as given": Variant(base),
        "no critic": Variant(replace(base, value_weight=0.0), functions={"gae": without_critic}),
        "no critic, longer rollouts": Variant(
            replace(base, value_weight=0.0, steps=250), functions={"gae": without_critic}, envs=8
        ),
        "no bootstrap": Variant(base, functions={"gae": without_bootstrap}),
        "lam = 0": Variant(replace(base, lam=0.0)),
        "lam = 1": Variant(replace(base, lam=1.0)),
        "no advantage normalisation": Variant(base, functions={"normalize": as_it_is}),
        "shared body": Variant(replace(base, shared=True)),
        "no return normalisation": Variant(replace(base, return_rate=0.0)),
        "rewards x 10^6": Variant(base, scale=1e6),
        "rewards x 10^6, no return normalisation": Variant(replace(base, return_rate=0.0), scale=1e6),
    }


def pong() -> dict[str, Variant]:
    """`PONG`, and one change at a time, to a score of 18; below -18 after 400,000 steps a run is given up.

    Without return normalisation one learner played, not two: only the rounding differs.
    """
    from course.train import PONG

    configs = {
        "as given": PONG,
        "no return normalisation": replace(PONG, return_rate=0.0, learners=1),
        "no floor": replace(PONG, advantage_floor=1e-8),
    }
    return {name: Variant(config, stop_at=18, give_up=(400_000, -18)) for name, config in configs.items()}


STUDIES = {"cartpole": ("CartPole-v1", cartpole), "pong": ("pong", pong)}


def play(study: str, variant: str, *, seed: int) -> Iterator[Any]:
    """One run, update by update; the `Update`s are those of `train`, scores in unscaled points."""
    from gymnasium.wrappers.vector import TransformReward

    from course import games
    from course.train import train

    game, variants = STUDIES[one_of("study", study, STUDIES)]
    chosen = variants()[one_of("variant", variant, variants())]
    env = games.make(game, envs=chosen.envs)
    if chosen.scale != 1:
        env = TransformReward(env, lambda rewards: rewards * chosen.scale)
    try:
        for update in train(env, chosen.config, **chosen.functions, seed=seed):
            score, (steps, hopeless) = update.score / chosen.scale, chosen.give_up
            yield replace(update, score=score)
            if score >= chosen.stop_at or (update.env_steps >= steps and score < hopeless):
                break
    finally:
        env.close()


def measure(
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
    from tqdm.auto import tqdm

    from course.nets import save

    known = STUDIES[one_of("study", study, STUDIES)][1]()
    chosen = [one_of("variant", name, known) for name in variants or known]
    wanted = [(name, seed) for seed in range(1, whole("seeds", seeds, low=1) + 1) for name in chosen]
    path = Path(path)
    done = {(name, seed) for name, runs in _read(path).items() for seed in runs} if path.exists() else set()
    left = [run for run in wanted if run not in done]
    with tqdm(total=len(wanted), initial=len(wanted) - len(left), unit="run", disable=not progress) as bar:
        for name, seed in left:
            rows = []
            for update in play(study, name, seed=seed):
                measured = [f"{getattr(update, column):.4g}" for column in COLUMNS[1:]]
                rows.append([name, seed, update.env_steps, *measured, f"{update.seconds:.1f}"])
                bar.set_postfix_str(
                    f"{name}, seed {seed}: {update.score:.1f} after {update.env_steps:,} steps", refresh=False
                )
            if agents is not None:
                Path(agents).mkdir(parents=True, exist_ok=True)
                save(update.agent, Path(agents) / f"{name}-{seed}.pt")
            _append(path, HEADER, rows)
            bar.update()


def examine(agents: list[Path], *, path: str | Path, seed: int = 777, progress: bool = True) -> None:
    """Let saved agents play new episodes in three `WAYS`, and append each to a CSV file.

    A second call goes on where the first was stopped.

    Args:
        agents: files written by `measure`.
        path: a new file, or one from an earlier call.
        seed: of the episodes; take one that no training saw.
        progress: show a bar that counts examinations.

    Raises:
        ValueError: if a file is no agent, or the table has other columns.
        OSError: if a file cannot be read.
    """
    from tqdm.auto import tqdm

    from course.games import evaluate
    from course.nets import load as load_agent

    path = Path(path)
    done = {tuple(row[:2]) for row in _table(path, EXAMINED)} if path.exists() else set()
    loaded = {Path(file).stem: load_agent(file) for file in agents}
    left = [(name, way) for name in loaded for way in WAYS if (name, way) not in done]
    for name, way in tqdm(left, unit="examination", disable=not progress):
        agent = loaded[name]
        scores = evaluate(agent, agent.env_name, seed=seed, **WAYS[way])
        row = [name, way, len(scores), f"{scores.mean():.4g}", f"{scores.std(ddof=1):.4g}"]
        _append(path, EXAMINED, [[*row, f"{scores.min():g}", f"{scores.max():g}", seed]])


def examined(study: str) -> dict[str, dict[str, float]]:
    """The mean scores that come with the course, by agent (`VARIANT-SEED`) and way.

    Raises:
        ValueError: if the study is not known.
    """
    found: dict[str, dict[str, float]] = {}
    for name, way, _, mean, *_ in _table(_shipped(study, "scores"), EXAMINED):
        found.setdefault(name, {})[way] = float(mean)
    return found


def load(study: str) -> dict[str, dict[int, Curve]]:
    """The runs that come with the course: a `Curve` by variant and seed.

    Raises:
        ValueError: if the study is not known.
    """
    return _read(_shipped(study, "runs"))


def steps_until(curve: Curve, score: float) -> float:
    """Environment steps when the curve's score first reached `score`; infinity if it never did."""
    there = np.flatnonzero(curve.score >= number("score", score))
    return float(curve.env_steps[there[0]]) if len(there) else np.inf


def _shipped(study: str, kind: str) -> Any:
    return files("course") / "data" / f"{one_of('study', study, STUDIES)}_{kind}.csv"


def _read(path: Any) -> dict[str, dict[int, Curve]]:
    found: dict[str, dict[int, list]] = {}
    for name, seed, *numbers in _table(path, HEADER):
        found.setdefault(name, {}).setdefault(int(seed), []).append([float(text) for text in numbers])
    return {
        name: {seed: Curve(*np.array(run).T) for seed, run in runs.items()} for name, runs in found.items()
    }


def _table(path: Any, columns: tuple[str, ...]) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    if tuple(header) != columns or any(len(row) != len(columns) for row in rows):
        raise ValueError(f"path {path} must be a table with the columns {','.join(columns)}; move it away")
    return rows


def _append(path: Path, columns: tuple[str, ...], rows: list[list]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows] if new else rows)

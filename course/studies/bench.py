"""The performance table: this course and its peers, in one run, on one machine.

Each task gives rows `task, system, seed, seconds, env_steps, score`; what a task does not measure is
None. Wall time says little on a busy machine: compare systems of one run, or environment steps.

    cartpole   seconds and steps until 100 greedy episodes average 475; score: 100 more episodes
    pong       seconds and steps until the training score is 18; score: 64 new episodes, sampled. For the
               peer, whose own budget is 2.5 million steps: seconds for the first 2,048 of them, no score
    tokens     seconds for one iteration of the language model, 20 answers, and for pre-training one
    gae        seconds for one call on [2048, 64], the best of several
    import     seconds for `import course` in a fresh interpreter
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from course.arrays import Refusal, number, one_of, whole
from course.studies import peers
from course.studies.peers import Result
from course.studies.runs import quick
from course.tables import replace_file

BENCH_COLUMNS = ("task", "system", "seed", "seconds", "env_steps", "score")
Measurement = dict[str, Any]  # column -> value
Systems = dict[str, Callable[..., Result] | None]  # name -> run(seed=...); None if not installed


def bench(
    only: str | None = None,
    seeds: int = 5,
    json_path: str | Path | None = None,
    *,
    say: Callable[[str], None] = print,
) -> tuple[list[Measurement], list[str]]:
    """Measure all tasks, or one, and print a line for each finished seed and for each system.

    Args:
        only: one of `TASKS`; all but `pong`, which takes long, if None.
        seeds: runs of each system, from seed 1 on, at least 1. With COURSE_QUICK=1 there is one.
        json_path: a JSON list of rows. Each row is saved as soon as it is there, and a row that is
            there already is not measured again.
        say: where the lines go.

    Returns:
        The rows of the tasks asked for, old and new; and the systems that are missing, because they
        are not installed and no row of them is there.

    Raises:
        ValueError: if the task is not known, `seeds` is below 1, or the file holds something else.
        OSError: if the file cannot be read or written.
    """
    chosen = [one_of("task", only, TASKS)] if only else [task for task in TASKS if task != "pong"]
    seeds = whole("seeds", seeds, low=1)
    seeds = 1 if quick() else seeds

    rows = _read(json_path)
    _write(json_path, rows)  # a place that cannot be written is found out now
    missing = []
    for task in chosen:
        for system, run in TASKS[task]().items():
            finished = {row["seed"] for row in rows if (row["task"], row["system"]) == (task, system)}
            if run is None:
                if not finished:
                    missing.append(f"{task}: {system}")
                continue

            for seed in range(1, seeds + 1):
                if seed not in finished:
                    rows.append(_measure(task, system, run, seed))
                    _write(json_path, rows)
                    say(_line(rows[-1]))

    found = [row for row in rows if row["task"] in chosen]
    for line in [*_summary(found), *map(NOT_INSTALLED.format, missing)]:
        say(line)
    return found, missing


NOT_INSTALLED = (
    "{}: NOT MEASURED, it is not installed: pip install -e '.[bench]', then the same command again"
)


def cartpole_systems() -> Systems:
    """CartPole-v1, all with the same rule to stop."""
    from course.losses import policy_loss
    from course.train import A2C, CARTPOLE

    cleanrl = replace(
        CARTPOLE,
        env_steps=500_000,
        steps=128,
        epochs=4,
        minibatch=128,
        lr=2.5e-4,
        lr_end=0.0,
        gamma=0.99,
        lam=0.95,
        entropy_weight=0.01,
        return_rate=0.0,
    )
    return {
        "course PPO": lambda seed: solve_cartpole(CARTPOLE, seed=seed),
        "course PPO, rewards x 10^6": lambda seed: solve_cartpole(CARTPOLE, seed=seed, scale=1e6),
        "course A2C": lambda seed: solve_cartpole(A2C, seed=seed, envs=32, policy_loss=policy_loss),
        "CleanRL's numbers in our loop": lambda seed: solve_cartpole(cleanrl, seed=seed, envs=4),
        peers.PEER: partial(peers.solve_cartpole_peer, _greedy_score) if peers.HERE else None,
    }


def solve_cartpole(config: Any, *, seed: int, scale: float = 1.0, envs: int = 16, **functions: Any) -> Result:
    """Train until solved: (seconds, environment steps, score in 100 more episodes).

    When the last episodes in training average 450, the agent plays 100 greedy episodes of its own;
    at 475 it counts as solved, and is examined once more. The time includes the examinations.

    Args:
        config: a `course.train.Config`.
        seed: of the run.
        scale: what every reward is multiplied by, above 0.
        envs: how many environments play side by side.
        functions: what `train` takes: `gae`, `normalize`, `policy_loss`.

    Raises:
        ValueError: if `scale` is not above 0, or as `train`.

    Lessons 10 and 11.
    """
    from gymnasium.wrappers.vector import TransformReward

    from course import games
    from course.train import train

    scale = number("scale", scale, above=0)
    env = TransformReward(games.make("CartPole-v1", envs=envs), lambda rewards: rewards * scale)
    examined = 0

    began = time.perf_counter()
    for update in train(env, config, seed=seed, **functions):
        if update.score / scale >= 450 and update.env_steps >= examined + 2000:
            examined = update.env_steps
            if _greedy_score(update.agent, 10_000 + update.number) >= 475:
                break
    seconds = time.perf_counter() - began
    env.close()

    return seconds, update.env_steps, _greedy_score(update.agent, 999_999)


def pong_systems() -> Systems:
    """Pong from pixels; minutes a seed."""
    return {
        "course PPO": _play_pong,
        peers.PEER_PONG: peers.play_pong_peer if peers.HERE else None,
    }


def tokens_systems() -> Systems:
    """The language model: an iteration with a critic and without, and pre-training."""
    from course.studies import language_runs as runs

    return {
        "an iteration, critic and GAE": lambda seed: (runs.iteration("GAE 0.95", seed=seed), None, None),
        "an iteration, leave-one-out": lambda seed: (
            runs.iteration("minus the others", seed=seed),
            None,
            None,
        ),
        "pre-training": lambda seed: (runs.pretraining(seed=seed), None, None),
    }


def gae_systems() -> Systems:
    """`returns.gae` against the same recursion in torch, row by row."""
    from course.returns import gae

    return {
        "course gae": lambda seed: (_quickest(gae, _rollout(seed)), None, None),
        "torch loop": lambda seed: (_quickest(peers.torch_gae, _tensors(seed)), None, None),
    }


def import_systems() -> Systems:
    """How long `import course` takes, and torch alone beside it."""
    return {
        "import course": lambda seed: (_import_seconds("course"), None, None),
        "import torch": lambda seed: (_import_seconds("torch"), None, None),
    }


TASKS: dict[str, Callable[[], Systems]] = {
    "cartpole": cartpole_systems,
    "pong": pong_systems,
    "tokens": tokens_systems,
    "gae": gae_systems,
    "import": import_systems,
}


def _measure(task: str, system: str, run: Callable[..., Result], seed: int) -> Measurement:
    seconds, env_steps, score = run(seed=seed)
    return {
        "task": task,
        "system": system,
        "seed": seed,
        "seconds": round(seconds, 6),
        "env_steps": env_steps,
        "score": score,
    }


def _greedy_score(agent: Any, seed: int) -> float:
    """Mean score of 100 greedy episodes of CartPole."""
    from course.games import evaluate

    return float(evaluate(agent, "CartPole-v1", episodes=100, seed=seed).mean())


def _play_pong(*, seed: int) -> Result:
    from course import games
    from course.train import PONG, train

    env = games.make("pong")
    began = time.perf_counter()
    for update in train(env, PONG, seed=seed):
        if update.score >= 18:
            break
    seconds = time.perf_counter() - began
    env.close()

    scores = games.evaluate(update.agent, "pong", episodes=64, seed=999_999, greedy=False)
    return seconds, update.env_steps, float(scores.mean())


def _rollout(seed: int, shape: tuple[int, int] = (2048, 64)) -> list[Any]:
    """Rewards, values, next values, and two flags that are rarely up."""
    rng = np.random.default_rng(seed)
    return [*rng.normal(size=(3, *shape)), *(rng.random((2, *shape)) < 0.01)]


def _tensors(seed: int) -> list[Any]:
    import torch

    return [torch.from_numpy(array).float() for array in _rollout(seed)]


def _quickest(function: Callable[..., Any], arrays: list[Any]) -> float:
    from course.nets import one_thread

    spent = []
    with one_thread():
        for _ in range(20):
            began = time.perf_counter()
            function(*arrays, gamma=0.99, lam=0.95)
            spent.append(time.perf_counter() - began)
    return min(spent)


def _import_seconds(name: str) -> float:
    code = f"import time; began = time.perf_counter(); import {name}; print(time.perf_counter() - began)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(said.stdout)


def _read(path: str | Path | None) -> list[Measurement]:
    if path is None or not Path(path).exists():
        return []

    text = Path(path).read_text(encoding="utf-8")
    try:
        rows = json.loads(text)
        if isinstance(rows, list) and all(set(BENCH_COLUMNS) == set(row) for row in rows):
            return rows
    except (ValueError, TypeError):  # not JSON, or a list of something else
        pass
    raise Refusal(
        f"path {path} must be a JSON list of rows with {','.join(BENCH_COLUMNS)}; "
        "move it away or give another path"
    )


def _write(path: str | Path | None, rows: list[Measurement]) -> None:
    if path is not None:
        replace_file(path, (json.dumps(rows, indent=1) + "\n").encode())


def _line(row: Measurement) -> str:
    steps = "" if row["env_steps"] is None else f"{row['env_steps']:>9,} steps"
    score = "" if row["score"] is None else f"   score {row['score']:.1f}"
    return f"{row['task']:<9} {row['system']:<44} seed {row['seed']}: {row['seconds']:9.4f} s {steps}{score}"


def _summary(rows: list[Measurement]) -> Iterator[str]:
    """One line a system: medians over seeds, with the range."""
    for task, system in dict.fromkeys((row["task"], row["system"]) for row in rows):
        mine = [row for row in rows if (row["task"], row["system"]) == (task, system)]

        seconds = [row["seconds"] for row in mine]
        spread = f"{median(seconds):.4f} s ({min(seconds):.4f} to {max(seconds):.4f})"

        steps = [row["env_steps"] for row in mine]
        played = "" if None in steps else f", {median(steps):,.0f} steps ({min(steps):,} to {max(steps):,})"

        scores = [row["score"] for row in mine]
        worst = "" if None in scores else f", lowest score {min(scores):.1f}"
        yield f"{task}: {system}: median of {len(mine)}: {spread}{played}{worst}"

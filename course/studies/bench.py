"""The performance table: this course and its peers, in one run, on one machine.

Each task gives rows `task, system, seed, seconds, env_steps, score`; what a task does not measure is
None. Wall time says little on a busy machine: compare systems of one run, or environment steps.

    cartpole   seconds and steps until 100 greedy episodes average 475; score: 100 more episodes
    pong       seconds and steps until the training score is 18; score: 64 new episodes, sampled. For the
               peer, whose own budget is 2.5 million steps: seconds for the first 2,048 of them, no score
    gae        seconds for one call on [2048, 64], the best of several
    import     seconds for `import course` in a fresh interpreter
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from course.arrays import number, one_of, whole

Row = dict[str, Any]  # task, system, seed, seconds, env_steps, score
Result = tuple[float, int | None, float | None]  # seconds, env_steps, score
PEER = "Stable-Baselines3 PPO, tuned by its authors"
PEER_PONG = "Stable-Baselines3 PPO, CnnPolicy, 2,048 steps"
MISSING = "{} is not here: pip install -e '.[bench]' (the other systems go on without it)"


def bench(
    only: str | None = None,
    seeds: int = 5,
    json_path: str | Path | None = None,
    *,
    say: Callable[[str], None] = print,
) -> list[Row]:
    """Measure all tasks, or one, and print a line for each finished seed.

    Args:
        only: one of `TASKS`; all but `pong`, which takes long, if None.
        seeds: runs of each system, from seed 1 on, at least 1. With COURSE_QUICK=1 there is one.
        json_path: a JSON list of rows. Each row is saved as soon as it is there, and a row that is
            there already is not measured again.
        say: where the lines go.

    Returns:
        The rows of the tasks asked for, old and new.

    Raises:
        ValueError: if the task is not known, `seeds` is below 1, or the file holds something else.
    """
    chosen = [one_of("task", only, TASKS)] if only else [task for task in TASKS if task != "pong"]
    seeds = 1 if os.environ.get("COURSE_QUICK") == "1" else whole("seeds", seeds, low=1)
    rows = _read(json_path)
    for task in chosen:
        for system, run in TASKS[task]().items():
            if run is None:
                say(MISSING.format(system))
                continue
            for seed in range(1, seeds + 1):
                if any((row["task"], row["system"], row["seed"]) == (task, system, seed) for row in rows):
                    continue
                seconds, env_steps, score = run(seed)
                row = dict(task=task, system=system, seed=seed, seconds=round(seconds, 6))
                rows.append({**row, "env_steps": env_steps, "score": score})
                _write(json_path, rows)
                say(_line(rows[-1]))
    found = [row for row in rows if row["task"] in chosen]
    for line in _summary(found):
        say(line)
    return found


def cartpole() -> dict[str, Callable[[int], Result] | None]:
    """CartPole-v1, all with the same rule to stop."""
    from course.losses import policy_loss
    from course.train import A2C, CARTPOLE

    cleanrl = replace(
        CARTPOLE, steps=128, epochs=4, minibatch=128, lr=2.5e-4, lr_end=0.0, gamma=0.99, lam=0.95
    )
    cleanrl = replace(cleanrl, entropy_weight=0.01, return_rate=0.0, env_steps=500_000)
    return {
        "course PPO": lambda seed: solve_cartpole(CARTPOLE, seed=seed),
        "course PPO, rewards x 10^6": lambda seed: solve_cartpole(CARTPOLE, seed=seed, scale=1e6),
        "course A2C": lambda seed: solve_cartpole(A2C, seed=seed, envs=32, policy_loss=policy_loss),
        "CleanRL's numbers in our loop": lambda seed: solve_cartpole(cleanrl, seed=seed, envs=4),
        PEER: _sb3 if importlib.util.find_spec("stable_baselines3") else None,
    }


def solve_cartpole(config: Any, *, seed: int, scale: float = 1.0, envs: int = 16, **judges: Any) -> Result:
    """Train until solved: (seconds, environment steps, score in 100 more episodes).

    When the last episodes in training average 450, the agent plays 100 greedy episodes of its own;
    at 475 it counts as solved, and is examined once more. The time includes the examinations.

    Args:
        config: a `course.train.Config`.
        seed: of the run.
        scale: what every reward is multiplied by, above 0.
        envs: how many environments play side by side.
        judges: what `train` takes: `gae`, `normalize`, `policy_loss`.

    Lesson 8.
    """
    from gymnasium.wrappers.vector import TransformReward

    from course import games
    from course.train import train

    if number("scale", scale, low=0) == 0:
        raise ValueError("scale must be above 0, got 0")
    env = TransformReward(games.make("CartPole-v1", envs=envs), lambda rewards: rewards * scale)
    began, examined = time.perf_counter(), 0
    for update in train(env, config, seed=seed, **judges):
        if update.score / scale >= 450 and update.env_steps >= examined + 2000:
            examined = update.env_steps
            if _examine(update.agent, 10_000 + update.number) >= 475:
                break
    seconds = time.perf_counter() - began
    env.close()
    return seconds, update.env_steps, _examine(update.agent, 999_999)


def _examine(agent: Any, seed: int) -> float:
    from course.games import evaluate

    return float(evaluate(agent, "CartPole-v1", episodes=100, seed=seed).mean())


def _sb3(seed: int) -> Result:
    """The settings of RL Baselines3 Zoo for CartPole-v1, with our rule to stop."""
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env

    class Examined:
        actions = 2

        def act(self, obs: Any, rng: Any, *, greedy: bool) -> tuple[Any, None]:
            return model.predict(obs, deterministic=greedy)[0], None

    class Stop(BaseCallback):
        examined, solved = 0, False

        def _on_rollout_end(self) -> None:
            scores = [episode["r"] for episode in self.model.ep_info_buffer][-20:]
            if len(scores) == 20 and np.mean(scores) >= 450 and self.num_timesteps >= self.examined + 2000:
                self.examined = self.num_timesteps
                self.solved = _examine(Examined(), 10_000 + self.num_timesteps) >= 475

        def _on_step(self) -> bool:
            return not self.solved

    torch.set_num_threads(1)  # with two it is far slower on a busy machine
    settings = dict(n_steps=32, batch_size=256, gae_lambda=0.8, gamma=0.98, n_epochs=20, ent_coef=0.0)
    began, envs = time.perf_counter(), make_vec_env("CartPole-v1", n_envs=8, seed=seed)
    falling = dict(learning_rate=lambda left: left * 1e-3, clip_range=lambda left: left * 0.2)
    model = PPO("MlpPolicy", envs, seed=seed, device="cpu", **settings, **falling)
    model.learn(100_000, callback=Stop())
    return time.perf_counter() - began, model.num_timesteps, _examine(Examined(), 999_999)


def pong() -> dict[str, Callable[[int], Result] | None]:
    """Pong from pixels; minutes a seed."""
    return {
        "course PPO": _pong,
        PEER_PONG: _sb3_pong if importlib.util.find_spec("stable_baselines3") else None,
    }


def _pong(seed: int) -> Result:
    from course import games
    from course.train import PONG, train

    env, began = games.make("pong"), time.perf_counter()
    for update in train(env, PONG, seed=seed):
        if update.score >= 18:
            break
    seconds = time.perf_counter() - began
    env.close()
    scores = games.evaluate(update.agent, "pong", episodes=64, seed=999_999, greedy=False)
    return seconds, update.env_steps, float(scores.mean())


def _sb3_pong(seed: int) -> Result:
    """The settings of RL Baselines3 Zoo for Atari games, 84 x 84 pixels; two rollouts with their updates."""
    import ale_py
    import gymnasium
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import VecFrameStack

    gymnasium.register_envs(ale_py)
    torch.set_num_threads(1)
    envs = VecFrameStack(make_atari_env("PongNoFrameskip-v4", n_envs=8, seed=seed), 4)
    settings = dict(n_steps=128, batch_size=256, n_epochs=4, ent_coef=0.01, vf_coef=0.5)
    falling = dict(learning_rate=lambda left: left * 2.5e-4, clip_range=lambda left: left * 0.1)
    model = PPO("CnnPolicy", envs, seed=seed, device="cpu", **settings, **falling)
    began = time.perf_counter()
    model.learn(2048)
    seconds = time.perf_counter() - began
    envs.close()
    return seconds, model.num_timesteps, None


def gae() -> dict[str, Callable[[int], Result] | None]:
    """`returns.gae` against the same recursion in torch, row by row."""
    from course.returns import gae as ours

    return {
        "course gae": lambda seed: (_quickest(ours, _rollout(seed)), None, None),
        "torch loop": lambda seed: (_quickest(torch_gae, _tensors(seed)), None, None),
    }


def torch_gae(
    rewards: Any, values: Any, next_values: Any, terminated: Any, truncated: Any, *, gamma: float, lam: float
) -> Any:
    """GAE as most PPO codes write it: a loop over time, on tensors [T, N]. As `returns.gae`."""
    import torch

    advantages, later = torch.zeros_like(rewards), torch.zeros_like(rewards[0])
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + gamma * next_values[t] * (1 - terminated[t]) - values[t]
        later = delta + gamma * lam * (1 - terminated[t]) * (1 - truncated[t]) * later
        advantages[t] = later
    return advantages


def _rollout(seed: int, shape: tuple[int, int] = (2048, 64)) -> list[Any]:
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


def imports() -> dict[str, Callable[[int], Result] | None]:
    """How long `import course` takes, and torch alone beside it."""
    return {
        f"import {name}": lambda seed, name=name: (_import_seconds(name), None, None)
        for name in ("course", "torch")
    }


def _import_seconds(name: str) -> float:
    code = f"import time; began = time.perf_counter(); import {name}; print(time.perf_counter() - began)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(said.stdout)


TASKS = {"cartpole": cartpole, "pong": pong, "gae": gae, "import": imports}
COLUMNS = ("task", "system", "seed", "seconds", "env_steps", "score")


def _read(path: str | Path | None) -> list[Row]:
    if path is None or not Path(path).exists():
        return []
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
        if all(set(COLUMNS) <= set(row) for row in rows):
            return rows
    except (ValueError, TypeError):
        pass
    raise ValueError(f"{path} is not a list of rows with {', '.join(COLUMNS)}; move it away")


def _write(path: str | Path | None, rows: list[Row]) -> None:
    if path is None:
        return
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _line(row: Row) -> str:
    steps = "" if row["env_steps"] is None else f"{row['env_steps']:>9,} steps"
    score = "" if row["score"] is None else f"   score {row['score']:.1f}"
    return f"{row['task']:<9} {row['system']:<44} seed {row['seed']}: {row['seconds']:9.4f} s {steps}{score}"


def _summary(rows: list[Row]) -> Iterator[str]:
    """One line a system: medians over seeds, with the range."""
    for key in dict.fromkeys((row["task"], row["system"]) for row in rows):
        mine = [row for row in rows if (row["task"], row["system"]) == key]
        seconds, steps = [row["seconds"] for row in mine], [row["env_steps"] for row in mine]
        played = "" if None in steps else f", {median(steps):,.0f} steps ({min(steps):,} to {max(steps):,})"
        scores = [row["score"] for row in mine]
        worst = "" if None in scores else f", lowest score {min(scores):.1f}"
        spread = f"{median(seconds):.4f} s ({min(seconds):.4f} to {max(seconds):.4f})"
        yield f"{key[0]}: {key[1]}: median of {len(mine)}: {spread}{played}{worst}"

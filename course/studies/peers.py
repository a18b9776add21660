"""What the bench measures beside this course: Stable-Baselines3, and GAE as a loop over tensors.

Stable-Baselines3 is an extra (`pip install -e '.[bench]'`); `HERE` says whether it is installed.
"""

import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np

HERE = importlib.util.find_spec("stable_baselines3") is not None
PEER = "Stable-Baselines3 PPO, tuned by its authors"
PEER_PONG = "Stable-Baselines3 PPO, CnnPolicy, 2,048 steps"

Result = tuple[float, int | None, float | None]  # seconds, env_steps, score
Examiner = Callable[[Any, int], float]  # an agent and a seed -> mean score of 100 greedy episodes


class PeerAgent:
    """A model of Stable-Baselines3 as `course.games.evaluate` wants its agents."""

    actions = 2

    def __init__(self, model: Any) -> None:
        """Keep the model; it goes on learning."""
        self.model = model

    def act(self, obs: Any, rng: Any, *, greedy: bool) -> tuple[Any, None]:
        """Actions for a batch of observations [N, D], shape [N]; the model draws by its own chance."""
        return self.model.predict(obs, deterministic=greedy)[0], None


def solve_cartpole_peer(examine: Examiner, *, seed: int) -> Result:
    """The settings of RL Baselines3 Zoo for CartPole-v1, with our rule to stop."""
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    torch.set_num_threads(1)  # with two it is far slower on a busy machine
    began = time.perf_counter()
    model = PPO(
        "MlpPolicy",
        make_vec_env("CartPole-v1", n_envs=8, seed=seed),
        seed=seed,
        device="cpu",
        n_steps=32,
        batch_size=256,
        n_epochs=20,
        gamma=0.98,
        gae_lambda=0.8,
        ent_coef=0.0,
        learning_rate=lambda left: left * 1e-3,
        clip_range=lambda left: left * 0.2,
    )
    model.learn(100_000, callback=_stop_when_solved(examine))
    seconds = time.perf_counter() - began

    return seconds, model.num_timesteps, examine(PeerAgent(model), 999_999)


def play_pong_peer(*, seed: int) -> Result:
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
    model = PPO(
        "CnnPolicy",
        envs,
        seed=seed,
        device="cpu",
        n_steps=128,
        batch_size=256,
        n_epochs=4,
        ent_coef=0.01,
        vf_coef=0.5,
        learning_rate=lambda left: left * 2.5e-4,
        clip_range=lambda left: left * 0.1,
    )

    began = time.perf_counter()
    model.learn(2048)
    seconds = time.perf_counter() - began
    envs.close()

    return seconds, model.num_timesteps, None


def torch_gae(
    rewards: Any, values: Any, next_values: Any, terminated: Any, truncated: Any, *, gamma: float, lam: float
) -> Any:
    """GAE as most PPO codes write it: a loop over time, on tensors [T, N]. As `returns.gae`."""
    import torch

    advantages = torch.zeros_like(rewards)
    later = torch.zeros_like(rewards[0])
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + gamma * next_values[t] * (1 - terminated[t]) - values[t]
        later = delta + gamma * lam * (1 - terminated[t]) * (1 - truncated[t]) * later
        advantages[t] = later
    return advantages


def _stop_when_solved(examine: Examiner) -> Any:
    """Stop after a rollout when 20 episodes in training average 450 and 100 greedy ones 475."""
    from stable_baselines3.common.callbacks import BaseCallback

    class StopWhenSolved(BaseCallback):
        examined = 0
        solved = False

        def _on_rollout_end(self) -> None:
            scores = [episode["r"] for episode in self.model.ep_info_buffer][-20:]
            promising = len(scores) == 20 and np.mean(scores) >= 450
            if promising and self.num_timesteps >= self.examined + 2000:
                self.examined = self.num_timesteps
                self.solved = examine(PeerAgent(self.model), 10_000 + self.num_timesteps) >= 475

        def _on_step(self) -> bool:
            return not self.solved

    return StopWhenSolved()

"""Atari Pong as the agent plays it: cut to the playing field, with the three actions that matter.

The protocol stands in `PONG_PROTOCOL` and belongs to every score: sticky actions or another frame skip make
it another game.
"""

from functools import cached_property
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from course.rollout import Facts

PONG_PROTOCOL = (
    "ALE Pong against the built-in opponent; 4 frames a step, no sticky actions, up to 30 no-ops at "
    "the start, actions NOOP, UP and DOWN; 42 x 42 grey pixels, rows 6 to 37, 4 screens; "
    "108,000 frames an episode at most"
)


class Pong(VectorWrapper):
    """N games of Pong side by side; the wrapped environment is the emulator's own."""

    ROWS = slice(6, 38)  # below the score, above the lower edge
    ACTIONS = np.array([0, 2, 3])  # NOOP, RIGHT (up), LEFT (down)

    def __init__(self, num_envs: int, *, sticky: float = 0.0) -> None:
        """Start `num_envs` emulators; `sticky`: the chance that a frame repeats the action before."""
        import ale_py
        from ale_py.vector_env import AtariVectorEnv

        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
        emulators = AtariVectorEnv(
            "pong",
            num_envs,
            img_height=42,
            img_width=42,
            repeat_action_probability=sticky,
            autoreset_mode=AutoresetMode.SAME_STEP,
        )
        super().__init__(emulators)
        self.autoreset_mode = AutoresetMode.SAME_STEP
        self.metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # the emulators share one between them
        self.single_observation_space = Box(0, 255, (4, 32, 42), dtype=np.uint8)
        self.single_action_space = Discrete(len(self.ACTIONS))
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

        held = f"sticky actions {sticky:g}" if sticky else "no sticky actions"
        self.protocol = PONG_PROTOCOL.replace("no sticky actions", held)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray, dict[str, Any]]:
        """Start new episodes in all environments."""
        obs, info = self.env.reset(seed=seed)
        return self._field(obs), info

    def step(self, actions: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray, dict[str, Any]]:
        """One step of four frames."""
        obs, rewards, terminated, truncated, info = self.env.step(self.ACTIONS[actions])
        if "final_obs" in info:
            info = {**info, "final_obs": self._field(info["final_obs"])}
        return self._field(obs), rewards, terminated, truncated, info

    @cached_property
    def background(self) -> NDArray[np.float32]:
        """The field without ball and paddles, [32, 42]: the median of some random play elsewhere."""
        rng = np.random.default_rng(0)
        other = Pong(8)
        other.reset(seed=0)
        screens = []
        for _ in range(64):
            obs, *_ = other.step(rng.integers(0, len(self.ACTIONS), 8))
            screens.append(obs[:, -1])
        other.close()

        later = screens[8:]  # at first the ball is not in play
        return np.median(np.concatenate(later), axis=0).astype(np.float32)

    @cached_property
    def facts(self) -> Facts:
        """What an agent keeps of the game that it was made for."""
        return Facts(name="pong", protocol=self.protocol, background=self.background)

    def _field(self, screens: NDArray) -> NDArray:
        return screens[:, :, self.ROWS]

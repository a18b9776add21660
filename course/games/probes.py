"""Worlds of one or two states that an agent must learn in seconds, each to isolate one failure.

Train an agent on them in the order given, and stop at the first that it fails: the docstring says
what is broken. True values are for the discount gamma of the agent; both ways to reset are offered.
After the probe environments of Andy Jones (2021), Debugging RL, https://andyljones.com/posts/rl-debugging.html.
Lesson 11.
"""

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from course.arrays import finite, whole


class Probe(VectorEnv):
    """A small deterministic world as a vector environment; `sees[s]` is what state s looks like."""

    spec = None

    def __init__(
        self,
        *,
        rewards: ArrayLike,
        following: ArrayLike,
        sees: ArrayLike,
        starts: int,
        envs: int,
        time_limit: int | None = None,
        mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        """Make N copies.

        Args:
            rewards: points, shape [S, A].
            following: the next state, shape [S, A]; -1 ends the episode, and state s stays in sight.
            sees: observations, shape [S, D].
            starts: an episode starts in one of the states 0 to starts - 1, all equally likely.
            envs: N, at least 1.
            time_limit: steps after which the episode is cut.
            mode: NEXT_STEP or SAME_STEP.
        """
        self._rewards = finite("rewards", rewards)
        self._following = np.asarray(following)
        self._sees = np.asarray(sees, dtype=np.float32)
        self._starts = starts
        self._limit = np.inf if time_limit is None else time_limit

        self.num_envs = whole("envs", envs, low=1)
        self.autoreset_mode = AutoresetMode(mode)
        self.metadata = {"autoreset_mode": self.autoreset_mode}
        self.single_observation_space = Box(-np.inf, np.inf, self._sees.shape[1:], dtype=np.float32)
        self.single_action_space = Discrete(self._rewards.shape[1])
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    @property
    def sees(self) -> NDArray[np.float32]:
        """All observations, one a state, shape [S, D]."""
        return self._sees

    def reset(
        self, *, seed: int | None = None, options: dict | None = None
    ) -> tuple[NDArray, dict[str, Any]]:
        """Start new episodes everywhere."""
        super().reset(seed=seed)
        self._state = np.zeros(self.num_envs, dtype=np.int64)
        self._age = np.zeros(self.num_envs, dtype=np.int64)
        self._over = np.zeros(self.num_envs, dtype=bool)
        self._restart(~self._over)
        return self._sees[self._state], {}

    def step(self, actions: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray, dict[str, Any]]:
        """One step everywhere; where the last one ended an episode, NEXT_STEP only resets."""
        resets = self._over.copy()
        rewards = np.where(resets, 0.0, self._rewards[self._state, actions])
        following = self._following[self._state, actions]
        self._age += 1

        terminated = (following < 0) & ~resets
        truncated = (self._age >= self._limit) & ~terminated & ~resets
        self._state = np.where(following < 0, self._state, following)
        self._restart(resets)

        ended = terminated | truncated
        info = {}
        if self.autoreset_mode is AutoresetMode.SAME_STEP:
            if ended.any():
                info = {"final_obs": self._sees[self._state], "_final_obs": ended}
            self._restart(ended)
        else:
            self._over = ended
        return self._sees[self._state], rewards, terminated, truncated, info

    def _restart(self, where: NDArray[np.bool_]) -> None:
        self._state[where] = self.np_random.integers(self._starts, size=int(where.sum()))
        self._age[where] = 0


def one_reward(*, envs: int, mode: AutoresetMode | str = AutoresetMode.NEXT_STEP) -> Probe:
    """One state, one action, one step, one point. True value: V = 1.

    An agent that misses it has a broken critic: its loss, its optimiser, or the sign of its gradient.
    """
    return Probe(rewards=[[1]], following=[[-1]], sees=[[1]], starts=1, envs=envs, mode=mode)


def two_signs(*, envs: int, mode: AutoresetMode | str = AutoresetMode.NEXT_STEP) -> Probe:
    """Two states, seen as -1 and 1; one step pays what is seen. True values: V = -1 and 1.

    An agent that says 0 for both does not look: observations reach the critic in the wrong order, or
    values and targets of different states are paired.
    """
    return Probe(
        rewards=[[-1], [1]], following=[[-1], [-1]], sees=[[-1], [1]], starts=2, envs=envs, mode=mode
    )


def delayed_reward(*, envs: int, mode: AutoresetMode | str = AutoresetMode.NEXT_STEP) -> Probe:
    """Two steps, seen as 0 and 1; one point at the second. True values: V = gamma and 1.

    An agent that gets V(1) but not V(0) does not carry value back over a step: next values are
    shifted, or the discount is lost.
    """
    return Probe(rewards=[[0], [1]], following=[[1], [-1]], sees=[[0], [1]], starts=1, envs=envs, mode=mode)


def two_actions(*, envs: int, mode: AutoresetMode | str = AutoresetMode.NEXT_STEP) -> Probe:
    """One state, one step; action 1 pays a point, action 0 takes one. Best: always 1; then V = 1.

    An agent that does not choose 1 has a broken policy loss: the sign of the advantage, the pairing
    of actions with log-probabilities, or no gradient.
    """
    return Probe(rewards=[[-1, 1]], following=[[-1, -1]], sees=[[1]], starts=1, envs=envs, mode=mode)


def matching(*, envs: int, mode: AutoresetMode | str = AutoresetMode.NEXT_STEP) -> Probe:
    """Two states; the action of the same number pays a point, the other takes one. Then V = 1 and 1.

    An agent that solves `two_actions` but not this does not look before it acts, or mixes up the
    rows of a batch.
    """
    return Probe(
        rewards=[[1, -1], [-1, 1]],
        following=[[-1, -1], [-1, -1]],
        sees=[[-1], [1]],
        starts=2,
        envs=envs,
        mode=mode,
    )


def patience(*, envs: int, mode: AutoresetMode | str = AutoresetMode.NEXT_STEP) -> Probe:
    """Take 1 point and end, or wait a step for 4. Best, if gamma > 1/4: wait; then V = 4 gamma and 4.

    An agent that takes the point is blind to what comes after its action: the advantage holds the
    reward alone.
    """
    return Probe(
        rewards=[[1, 0], [4, 4]],
        following=[[-1, 1], [-1, -1]],
        sees=[[0], [1]],
        starts=1,
        envs=envs,
        mode=mode,
    )


def endless(*, envs: int, mode: AutoresetMode | str = AutoresetMode.NEXT_STEP) -> Probe:
    """A point a step for ever, but somebody stops watching after 5. True value: V = 1 / (1 - gamma).

    An agent whose value stays near 1 + gamma + gamma^2 takes a time limit for an end of the task. One
    that says a little less than the truth counts the resets as steps.
    """
    return Probe(rewards=[[1]], following=[[0]], sees=[[1]], starts=1, envs=envs, time_limit=5, mode=mode)


def seesaw(*, envs: int, mode: AutoresetMode | str = AutoresetMode.NEXT_STEP) -> Probe:
    """Up and down for ever: state 0 pays a point and leads to 1, state 1 pays nothing and leads to 0.
    An episode starts in either and is cut after one step. True values: V(0) = 1 / (1 - gamma^2),
    V(1) = gamma V(0).

    An agent whose two values differ by a whole point bootstraps from the state after the reset, or
    from nothing: the state really reached is lost.
    """
    return Probe(
        rewards=[[1], [0]],
        following=[[1], [0]],
        sees=[[0], [1]],
        starts=2,
        envs=envs,
        time_limit=1,
        mode=mode,
    )

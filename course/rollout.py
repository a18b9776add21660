"""Playing: what T steps of N environments side by side leave behind, with every episode's end right.

A vector environment starts a new episode by itself, and there are two ways to do so (Gymnasium's
`AutoresetMode`). Both end up in one record:

    NEXT_STEP   the step after an ending only resets: its action is ignored, its reward is 0. It is
                no step of the game, so its row is not `real`. The observation that came with the
                flag is the state really reached.
    SAME_STEP   the observation that comes with the flag already belongs to the next episode. The
                state really reached stands in `info["final_obs"]`. All rows are real.
"""

from dataclasses import dataclass

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import ArrayLike, NDArray

from course.arrays import Array, Flags, whole
from course.nets import Agent


@dataclass(frozen=True, eq=False, kw_only=True)
class Rollout:
    """T steps of N environments. Row t is the whole step from s_t to s_{t+1}; O is the shape of obs."""

    frames: NDArray  # [T + 1, N, *O] observations as they came; the last is where the next rollout starts
    actions: NDArray[np.int64]  # [T, N]
    log_probs: NDArray[np.float32]  # [T, N] of the actions, under the policy that chose them; nats
    rewards: Array  # [T, N] points
    terminated: Flags  # [T, N] the task was over: s_{t+1} is worth 0
    truncated: Flags  # [T, N] somebody stopped watching: s_{t+1} keeps its value
    real: Flags  # [T, N] false where the environment only reset itself: no step of the game
    reached: NDArray  # [K, *O] SAME_STEP: the states that the K endings reached, in row order; else K = 0
    scores: tuple[float, ...]  # whole scores of the episodes that ended here, in points

    @property
    def obs(self) -> NDArray:
        """s_t, shape [T, N, *O]."""
        return self.frames[:-1]

    @property
    def next_obs(self) -> NDArray:
        """s_{t+1}, the state really reached, before any reset; shape [T, N, *O]."""
        following = self.frames[1:].copy()
        if len(self.reached):
            following[self.ended] = self.reached
        return following

    @property
    def ended(self) -> Flags:
        """True where the step was the last of its episode, for either reason; shape [T, N]."""
        return self.terminated | self.truncated


def values_along(rollout: Rollout, agent: Agent) -> tuple[Array, Array]:
    """V(s_t) and V(s_{t+1}) in points, both [T, N]: the critic looks at each state once."""
    values = agent.values(rollout.frames)
    next_values = values[1:].copy()
    if len(rollout.reached):
        next_values[rollout.ended] = agent.values(rollout.reached)
    return values[:-1], next_values


class Collector:
    """Plays one vector environment and goes on where it stopped, from rollout to rollout."""

    def __init__(self, env: VectorEnv, *, seed: int) -> None:
        """Reset the environment; refuse one that the agent cannot play (`check_env`)."""
        check_env(env)
        self.env = env
        self.mode = autoreset_mode(env)
        self.rng = np.random.default_rng([whole("seed", seed, low=0), 1])
        self.env_steps = 0  # real steps so far, all environments together
        self._obs, _ = env.reset(seed=int(self.rng.integers(2**31)))
        self._over = np.zeros(env.num_envs, dtype=bool)  # ended; NEXT_STEP: the next step only resets
        self._score = np.zeros(env.num_envs)

    def collect(self, agent: Agent, steps: int) -> Rollout:
        """Play `steps` steps in every environment; some rows may be resets.

        Raises:
            ValueError: if the observations do not fit the agent.
        """
        shape = (whole("steps", steps, low=1), self.env.num_envs)
        frames = np.empty((steps + 1, *self._obs.shape), dtype=self._obs.dtype)
        actions = np.empty(shape, dtype=np.int64)
        log_probs = np.empty(shape, dtype=np.float32)
        rewards = np.empty(shape)
        terminated = np.empty(shape, dtype=bool)
        truncated = np.empty(shape, dtype=bool)
        real = np.ones(shape, dtype=bool)
        reached = []
        scores = []

        for t in range(steps):
            frames[t] = self._obs
            if self.mode is AutoresetMode.NEXT_STEP:
                real[t] = ~self._over

            actions[t], log_probs[t] = agent.act(frames[t], self.rng)
            self._obs, rewards[t], terminated[t], truncated[t], info = self.env.step(actions[t])

            self._over = terminated[t] | truncated[t]
            self._score += rewards[t]
            if self._over.any():
                scores += self._score[self._over].tolist()
                self._score[self._over] = 0
                if self.mode is AutoresetMode.SAME_STEP:
                    reached += [info["final_obs"][n] for n in np.flatnonzero(self._over)]

        frames[steps] = self._obs
        self.env_steps += int(real.sum())
        return Rollout(
            frames=frames,
            actions=actions,
            log_probs=log_probs,
            rewards=rewards,
            terminated=terminated,
            truncated=truncated,
            real=real,
            reached=np.array(reached, dtype=frames.dtype).reshape(-1, *frames.shape[2:]),
            scores=tuple(scores),
        )


@dataclass(frozen=True, eq=False)
class Facts:
    """What an environment is, in its own words, as its attribute `facts`; kept with an agent's weights."""

    name: str
    protocol: str = ""  # how it is played, without which a score says little
    background: ArrayLike = 0.0  # of an image: what is always there; one grey or [height, width]


def facts(env: VectorEnv) -> Facts:
    """What an environment says of itself, through all its wrappers.

    Numbers need no more than a name, and have one. Of images nobody would notice that the background is
    missing, or another one, until the agent does not learn; so these must say it.

    Raises:
        ValueError: if it shows images and does not say what they are, or a wrapper has changed them.
    """
    layers = [env]
    while inside := getattr(layers[-1], "env", None):
        layers.append(inside)
    for layer in layers:
        said = getattr(layer, "facts", None)
        if isinstance(said, Facts):
            if layer.single_observation_space != env.single_observation_space:
                raise ValueError(
                    f"a wrapper of {said.name} changes what is seen: it needs `facts` of its own"
                )
            return said

    if len(env.single_observation_space.shape or ()) == 3:
        raise ValueError(f"env shows images and must have `facts`, a course.rollout.Facts, got {layers[-1]}")
    return Facts(name=env.spec.id if env.spec else type(layers[-1]).__name__)


def autoreset_mode(env: VectorEnv) -> AutoresetMode:
    """How the environment starts a new episode; ValueError if it does not, or does not say."""
    # Its own attribute first: some share one `metadata` between all environments of a class.
    given = getattr(env, "autoreset_mode", None) or env.metadata.get("autoreset_mode")
    mode = given if given is None else AutoresetMode(given)
    if mode not in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
        raise ValueError(f"env must reset by itself, NEXT_STEP or SAME_STEP, got {mode}")
    return mode


def check_env(env: VectorEnv) -> tuple[tuple[int, ...], int]:
    """The shape of an observation, and the number of actions; ValueError if the agent cannot play this.

    It wants vectors or images, and actions that are numbered.
    """
    if not isinstance(env, VectorEnv):
        raise ValueError(f"env must be a vector environment, got {type(env).__name__}")
    whole("num_envs", env.num_envs, low=1)
    choice = env.single_action_space
    sight = env.single_observation_space
    if not isinstance(choice, Discrete) or choice.start != 0:
        raise ValueError(f"actions must be Discrete, numbered from 0, got {choice}")
    if not isinstance(sight, Box) or len(sight.shape) not in (1, 3):
        raise ValueError(f"observations must be a Box of shape [D] or an image, got {sight}")
    return sight.shape, int(choice.n)

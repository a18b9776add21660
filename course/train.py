"""The actor-critic agent learns: play, judge every step, improve, and again.

`train` prepares and `learn` is the loop, a generator: it learns, and whoever asks for the next
`Update` watches, plots or stops. Three of its steps are functions that learners write themselves,
`gae`, `normalize` and `policy_loss`; the loop uses whichever it is given. No run draws on or
disturbs global random numbers, and torch has its own number of threads back after every update.
"""

import copy
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import partial, reduce

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray
from torch import Tensor, nn

from course import losses, returns
from course.arrays import Array, flag, number, whole
from course.nets import Agent, device_for, undisturbed
from course.rollout import Collector, Rollout, check_env, facts, values_along


@dataclass(frozen=True)
class Config:
    """Every number that shapes a run. As given: PPO for CartPole, 16 copies side by side."""

    env_steps: int = 200_000  # stop after so many steps of the game, all environments together
    steps: int = 64  # rows of a rollout: steps in each environment between two updates
    epochs: int = 10  # times that an update goes through its rollout; 1 with `policy_loss` is A2C
    minibatch: int = 256  # steps that share one gradient; about, so that all parts are equal
    learners: int = 1  # threads that find each gradient together; small networks are quicker alone
    lr: float = 3e-3  # Adam's step size at the start
    lr_end: float = 1.0  # share of it that is left at the end; it falls along a straight line
    gamma: float = 0.99  # discount a step: a reward in 100 steps counts about a third
    lam: float = 0.95  # decay of the advantage's sum
    clip: float = 0.2  # how far a probability's ratio may usefully move from 1 in one update
    value_weight: float = 0.5  # of the critic's loss beside the policy's
    entropy_weight: float = 0.0  # reward for staying undecided
    max_grad_norm: float = 0.5  # a longer gradient is shortened to this
    advantage_floor: float = 1e-8  # least standard deviation to divide advantages by, in points
    return_rate: float = 0.3  # how fast the critic's units follow its targets; 0: they stay points
    point_ends: bool = False  # any reward ends a round: what comes after it is another story
    width: int = 64  # units of a hidden layer
    shared: bool = False  # one body for actor and critic
    recent: int = 20  # the score is the mean of so many last episodes

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work, by name; keep the others as plain numbers: 64.0 steps are 64."""
        plain: dict[str, float] = {}
        for name in ("env_steps", "steps", "epochs", "minibatch", "learners", "width", "recent"):
            plain[name] = whole(name, getattr(self, name), low=1)
        for name in ("gamma", "lam", "lr_end", "return_rate"):
            plain[name] = number(name, getattr(self, name), low=0, high=1)
        for name in ("value_weight", "entropy_weight"):
            plain[name] = number(name, getattr(self, name), low=0)
        for name in ("lr", "clip", "max_grad_norm", "advantage_floor"):
            plain[name] = number(name, getattr(self, name), above=0)
        for name in ("point_ends", "shared"):
            plain[name] = flag(name, getattr(self, name))

        for name, value in plain.items():
            object.__setattr__(self, name, value)  # the record is frozen for everybody else


CARTPOLE = Config()
A2C = Config(steps=16, epochs=1, minibatch=512, lr=4e-3, return_rate=0.0)  # with `policy_loss`, 32 copies
PONG = Config(
    env_steps=800_000,
    steps=128,
    epochs=6,
    minibatch=256,
    learners=2,
    lr=1e-3,
    lr_end=0.05,
    gamma=0.99,
    lam=0.95,
    entropy_weight=0.01,
    advantage_floor=0.1,
    point_ends=True,
    shared=True,
    recent=32,
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one gradient step measured; or the means of many steps."""

    policy_loss: float
    value_loss: float  # in the critic's units
    entropy: float  # nats
    kl: float  # how far the policy moved from the one that played, nats
    gradient_norm: float  # before it is shortened


@dataclass(frozen=True, eq=False, kw_only=True)
class Update(Measured):
    """What one update did, and the agent after it. What was `Measured` are means over its minibatches."""

    number: int  # of the update, from 1
    env_steps: int  # steps of the game so far
    score: float  # mean score of the most recent episodes, in points; NaN before the first
    explained_variance: float  # of the critic before this update
    advantage_std: float  # points, before normalisation
    seconds: float  # since the start, the watcher's own time included
    agent: Agent  # a copy: later updates leave it alone


class TrainingFailed(RuntimeError):
    """A number was no longer finite. `agent` is the agent after the last good update."""

    def __init__(self, message: str, agent: Agent | None = None) -> None:
        """Keep the agent beside the message."""
        super().__init__(message)
        self.agent = agent


class NotFinite(ArithmeticError):
    """A quantity of the training is NaN or infinite."""


def train(
    env: VectorEnv,
    config: Config = CARTPOLE,
    *,
    gae: Callable[..., Array] = returns.gae,
    normalize: Callable[..., Array | Tensor] = losses.normalize,
    policy_loss: Callable[..., Tensor] = losses.clipped_policy_loss,
    seed: int = 0,
) -> Iterator[Update]:
    """Train an agent from nothing; give an `Update` after each rollout.

    Take as many updates as you like. To stop, stop asking: an interrupt (Ctrl-C) loses no more than
    the update under way, because each `Update` holds a copy of the agent.

    Args:
        env: N copies of one game, e.g. `games.make("CartPole-v1")`.
        config: all numbers.
        gae: `gae(rewards, values, next_values, terminated, truncated, *, gamma, lam)`, arrays [T, N].
        normalize: `normalize(advantages, *, floor)`, numpy [n], called once a rollout.
        policy_loss: `clipped_policy_loss(log_probs, old_log_probs, advantages, *, clip)`, or
            `policy_loss(log_probs, advantages)`. It is the one whose name it has; under another name
            it is PPO's if it can be called so. The second wants `epochs=1`: nothing in it stops the
            policy from running away from the one that played.
        seed: same seed, same machine: same run.

    Yields:
        Updates, until `config.env_steps` are played.

    Raises:
        ValueError: at once, if the agent cannot play this environment or an argument is out of range.
        TrainingFailed: if a number is no longer finite; it says which, in which update.

    Mnih et al. (2016), https://arxiv.org/abs/1602.01783; Schulman et al. (2017),
    https://arxiv.org/abs/1707.06347. Lessons 11 and 12.
    """
    for name, given in {"gae": gae, "normalize": normalize, "policy_loss": policy_loss}.items():
        if not callable(given):
            raise ValueError(f"{name} must be a function, got {given!r}")
    obs_shape, actions = check_env(env)

    about = facts(env)
    agent = Agent(
        obs_shape,
        actions,
        width=config.width,
        shared=config.shared,
        seed=seed,
        background=about.background,
        env_name=about.name,
        protocol=about.protocol,
    )
    agent = agent.to(device_for(agent))
    collector = Collector(env, seed=seed)
    return learn(agent, collector, config, gae, normalize, losses.step_loss(policy_loss, clip=config.clip))


def learn(
    agent: Agent,
    collector: Collector,
    config: Config,
    gae: Callable[..., Array],
    normalize: Callable[..., Array | Tensor],
    policy_loss: Callable[..., Tensor],
) -> Iterator[Update]:
    """The loop: as `train`, with everything prepared; `policy_loss` is what `losses.step_loss` made of it."""
    optimizer = torch.optim.Adam(agent.parameters(), lr=config.lr, eps=1e-5, fused=True)
    scores = deque(maxlen=config.recent)
    count = 0
    began = time.perf_counter()
    good = copy.deepcopy(agent)

    while collector.env_steps < config.env_steps:
        try:
            with undisturbed():
                _set_lr(optimizer, config, collector.env_steps)
                rollout = collector.collect(agent, config.steps)
                if not rollout.real.any():
                    continue  # of one or two rows, all can be resets: there is nothing to learn from

                batch = judge(agent, rollout, config, gae, normalize)
                if config.return_rate:
                    agent.follow(batch.targets, rate=config.return_rate)
                measured = improve(agent, optimizer, batch, config, policy_loss, collector.rng)
                good = copy.deepcopy(agent)
        except NotFinite as error:
            raise TrainingFailed(f"update {count + 1}: {error}; training stopped", good) from None

        count += 1
        scores.extend(rollout.scores)
        yield Update(
            **asdict(measured),
            number=count,
            env_steps=collector.env_steps,
            score=float(np.mean(scores)) if scores else float("nan"),
            explained_variance=batch.explained_variance,
            advantage_std=batch.advantage_std,
            seconds=time.perf_counter() - began,
            agent=good,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Batch:
    """The n real steps of a rollout, judged: what the networks learn from."""

    obs: Tensor  # [n, *O]
    actions: Tensor  # [n]
    log_probs: Tensor  # [n] under the policy that played
    advantages: Tensor  # [n] normalised
    targets: Tensor  # [n] what the critic should have said, in points, float64
    explained_variance: float
    advantage_std: float  # points


def judge(
    agent: Agent,
    rollout: Rollout,
    config: Config,
    gae: Callable[..., Array],
    normalize: Callable[..., Array | Tensor],
) -> Batch:
    """Give every step its advantage and every state its target, in float64; drop what is not real.

    The learner's functions get copies: they may work in place, and nothing else must notice.

    Raises:
        ValueError: if `gae` or `normalize` gives back another shape.
        NotFinite: if a reward, a value or an advantage is NaN or infinite.
    """
    values, next_values = values_along(rollout, agent)
    _finite(rewards=rollout.rewards, values=values, next_values=next_values)

    advantages = gae(
        rollout.rewards.copy(),
        values.copy(),
        next_values.copy(),
        rollout.terminated | (config.point_ends & (rollout.rewards != 0)),
        rollout.truncated.copy(),
        gamma=config.gamma,
        lam=config.lam,
    )
    real = rollout.real
    advantages = _shaped("gae", advantages, real.shape)[real]
    values = values[real]
    _finite(advantages=advantages)

    targets = advantages + values
    scaled = normalize(advantages.copy(), floor=config.advantage_floor)
    scaled = _shaped("normalize", scaled, advantages.shape)
    _finite(normalised_advantages=scaled)

    device = agent.background.device
    return Batch(
        obs=torch.from_numpy(rollout.obs[real]).to(device),
        actions=torch.from_numpy(rollout.actions[real]).to(device),
        log_probs=torch.from_numpy(rollout.log_probs[real]).to(device),
        advantages=torch.from_numpy(scaled.astype(np.float32)).to(device),
        targets=torch.from_numpy(targets).to(device),
        explained_variance=returns.explained_variance(values, targets),
        advantage_std=float(advantages.std()),
    )


def improve(
    agent: Agent,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    config: Config,
    policy_loss: Callable[..., Tensor],
    rng: np.random.Generator,
) -> Measured:
    """Some epochs of small gradient steps on one batch; return the means of what was measured."""
    n = len(batch.actions)
    minibatches = max(1, round(n / config.minibatch))
    parameters = list(agent.parameters())
    history = []

    with ThreadPoolExecutor(config.learners) as pool:
        for _ in range(config.epochs):
            for rows in np.array_split(rng.permutation(n), minibatches):
                gradients, means = shared_gradient(pool, agent, batch, config, policy_loss, rows)
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.grad = gradient
                norm = nn.utils.clip_grad_norm_(parameters, config.max_grad_norm)

                policy, value, undecided, kl = means.tolist()
                measured = Measured(
                    policy_loss=policy, value_loss=value, entropy=undecided, kl=kl, gradient_norm=norm.item()
                )
                _finite(**asdict(measured))  # a step cannot be undone
                history.append(measured)
                optimizer.step()

    return mean_of(history)


def actor_critic_update(
    agent: nn.Module,
    optimizer: torch.optim.Optimizer,
    obs: Tensor,
    actions: Tensor,
    advantages: Tensor,
    targets: Tensor,
    *,
    value_weight: float,
    max_grad_norm: float,
) -> None:
    """One gradient step of actor and critic on one batch: what `improve` does when it goes through it once.

    Down the loss

        policy_loss(log pi(a_t | s_t), A_t) + value_weight value_loss(V(s_t), target_t)

    Args:
        agent: gives log-probabilities of all actions, [n, A], and values, [n], of observations [n, ...].
        optimizer: of the agent's parameters.
        obs: shape [n, ...].
        actions: those that were taken, whole numbers, shape [n].
        advantages: A_t, in whatever unit the actor's step is to have, shape [n].
        targets: what the critic should have said, in its own units, shape [n].
        value_weight: of the critic's loss beside the policy's.
        max_grad_norm: a longer gradient, of all parameters together, is shortened to this.

    Mnih et al. (2016), https://arxiv.org/abs/1602.01783. Lesson 10.
    """
    log_pi, values = agent(obs)
    log_probs = log_pi.gather(1, actions[:, None]).squeeze(1)

    policy = losses.policy_loss(log_probs, advantages)
    value = losses.value_loss(values, targets)
    loss = policy + value_weight * value

    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()


def shared_gradient(
    pool: ThreadPoolExecutor,
    agent: Agent,
    batch: Batch,
    config: Config,
    policy_loss: Callable[..., Tensor],
    rows: NDArray[np.int64],
) -> tuple[list[Tensor], Tensor]:
    """The gradient of some rows of the batch, found by all learners side by side: as `one_gradient`.

    Each learner takes an equal share of the rows. The mean over all rows is the mean of the learners'
    means, each weighted by its share.
    """
    shares = np.array_split(rows, min(config.learners, len(rows)))
    weights = [len(share) / len(rows) for share in shares]
    find = partial(one_gradient, agent, batch, config, policy_loss)
    side_by_side = pool.map if len(shares) > 1 else map

    gradients, means = zip(*side_by_side(find, shares, weights), strict=True)
    summed = [reduce(torch.add, same) for same in zip(*gradients, strict=True)]
    return summed, reduce(torch.add, means)


def one_gradient(
    agent: Agent,
    batch: Batch,
    config: Config,
    policy_loss: Callable[..., Tensor],
    rows: NDArray[np.int64],
    weight: float,
) -> tuple[tuple[Tensor, ...], Tensor]:
    """One learner's part: the loss on some rows of the batch, times `weight`.

    Returns:
        Its gradient, a tensor for each of the agent's parameters; and policy loss, value loss,
        entropy and KL divergence, shape [4].
    """
    chosen = torch.from_numpy(rows).to(batch.actions.device)
    log_pi, values = agent(batch.obs[chosen])
    log_probs = log_pi.gather(1, batch.actions[chosen, None]).squeeze(1)
    old_log_probs = batch.log_probs[chosen]

    # Measured before the loss is: a learner's loss may work in place.
    moved = (log_probs - old_log_probs).detach()
    kl = (moved.exp() - 1 - moved).mean()  # Schulman (2020), joschu.net/blog/kl-approx.html

    policy = policy_loss(log_probs, old_log_probs, batch.advantages[chosen])
    value = losses.value_loss(values, agent.units.to_units(batch.targets[chosen]))
    undecided = losses.entropy(log_pi)
    loss = policy + config.value_weight * value - config.entropy_weight * undecided

    gradient = torch.autograd.grad(weight * loss, list(agent.parameters()))
    return gradient, weight * torch.stack((policy, value, undecided, kl)).detach()


def mean_of(history: list[Measured]) -> Measured:
    """The mean of each quantity over some gradient steps."""
    names = [field.name for field in fields(Measured)]
    means = np.mean([[getattr(measured, name) for name in names] for measured in history], axis=0)
    return Measured(**dict(zip(names, means.tolist(), strict=True)))


def _set_lr(optimizer: torch.optim.Optimizer, config: Config, env_steps: int) -> None:
    left = 1 - env_steps / config.env_steps
    for group in optimizer.param_groups:
        group["lr"] = config.lr * (config.lr_end + (1 - config.lr_end) * left)


def _shaped(name: str, given: Array | Tensor, shape: tuple[int, ...]) -> Array:
    array = np.asarray(given, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} must give back shape {shape}, got {array.shape}")
    return array


def _finite(**quantities: Array | float) -> None:
    for name, quantity in quantities.items():
        if not np.isfinite(quantity).all():
            raise NotFinite(f"{name.replace('_', ' ')} is no longer finite")

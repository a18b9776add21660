"""The agent: an actor that chooses, a critic that predicts, and the units in which the critic thinks.

Observations and actions are numpy at the border; torch stays inside, where a gradient flows. The
critic's network speaks in *normalised* units, about mean 0 and standard deviation 1, so that its
learning does not depend on the size of a game's points. `Agent.values` speaks in points.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from course.arrays import Array, finite, whole

FORMAT = "advantage-course agent, version 1"
HEADER = ("obs_shape", "actions", "width", "shared", "env_name", "protocol")
CONVOLUTIONS = ((6, 3), (3, 2))  # kernel and stride, in pixels: a third of the work of (4, 2), (4, 2)
CHUNK = 512  # observations that go through the critic at once; many more do not fit the cache
SMALLEST_SPREAD = 1e-3  # of the targets' root mean square: below it, a return counts as constant


class Agent(nn.Module):
    """Actor and critic for one game with A actions.

    Vectors get two small networks, one each; images share a convolutional body, unless `shared`
    says otherwise. The critic's last layer starts at zero: an untrained critic predicts 0.
    """

    def __init__(
        self,
        obs_shape: tuple[int, ...],
        actions: int,
        *,
        width: int = 64,
        shared: bool = False,
        seed: int = 0,
        background: ArrayLike = 0.0,
        env_name: str = "",
        protocol: str = "",
    ) -> None:
        """Make the networks with random weights.

        Args:
            obs_shape: [D] for numbers, [frames, height, width] for grey images from 0 to 255.
            actions: how many there are, at least 1.
            width: units in each hidden layer; an image's features are twice as many.
            shared: one body for actor and critic.
            seed: of the weights; torch's own random numbers are left alone.
            background: of an image, subtracted from it; one grey or [height, width].
            env_name, protocol: what it was made for, kept with the weights.

        Raises:
            ValueError: if a number is out of range or `obs_shape` has neither 1 nor 3 entries.
        """
        super().__init__()
        self.obs_shape = tuple(whole("obs_shape", side, low=1) for side in obs_shape)
        self.actions = whole("actions", actions, low=1)
        self.width, self.shared = whole("width", width, low=1), bool(shared)
        self.env_name, self.protocol = env_name, protocol
        self.half = len(self.obs_shape) == 3 and bfloat16_pays()  # 16 bits for the convolutions
        with torch.random.fork_rng(devices=[]), one_thread():  # orthogonal weights depend on the threads
            torch.manual_seed(whole("seed", seed, low=0))
            self.body, features = _body(self.obs_shape, self.width)
            self.critic_body = self.body if self.shared else _body(self.obs_shape, self.width)[0]
            self.actor = _layer(nn.Linear(features, self.actions), gain=0.01)
            self.critic = _layer(nn.Linear(features, 1), gain=0.0)
        self.register_buffer("background", torch.as_tensor(np.asarray(background, np.float32)))
        for name in ("return_mean", "return_square", "returns_seen"):
            self.register_buffer(name, torch.zeros((), dtype=torch.float64))
        self.register_buffer("return_std", torch.ones((), dtype=torch.float64))

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities [B, A] and normalised values [B] of observations [B, ...]."""
        features = self._features(self.body, obs)
        other = features if self.shared else self._features(self.critic_body, obs)
        return torch.log_softmax(self.actor(features), dim=-1), self.critic(other).squeeze(-1)

    @torch.no_grad()
    def log_probs(self, obs: NDArray) -> NDArray[np.float32]:
        """The policy: log-probabilities of all actions, shape [..., A], in nats."""
        flat = self._tensor(obs)
        logs = torch.log_softmax(self.actor(self._features(self.body, flat)), dim=-1)
        return logs.cpu().numpy().reshape(*np.shape(obs)[: -len(self.obs_shape)], self.actions)

    @torch.no_grad()
    def values(self, obs: NDArray) -> Array:
        """What the critic predicts, in points: one value for each observation, float64."""
        flat = self._tensor(obs)
        parts = [self.critic(self._features(self.critic_body, part)) for part in flat.split(CHUNK)]
        predicted = torch.cat(parts).squeeze(-1).double()
        in_points = self.return_mean + self.return_std * predicted
        return in_points.cpu().numpy().reshape(np.shape(obs)[: -len(self.obs_shape)])

    def act(
        self, obs: NDArray, rng: np.random.Generator, *, greedy: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Choose one action for each of N observations.

        Args:
            obs: shape [N, ...].
            rng: the only source of chance.
            greedy: take the likeliest action and draw nothing.

        Returns:
            The actions and their log-probabilities, both [N].

        Raises:
            ValueError: if the observations have another shape than the agent's.
        """
        logs = self.log_probs(obs)
        # The largest of log pi + Gumbel noise is a draw from pi: Gumbel (1954).
        noise = 0.0 if greedy else rng.gumbel(size=logs.shape)
        actions = np.argmax(logs + noise, axis=-1)
        return actions, np.take_along_axis(logs, actions[:, None], axis=-1)[:, 0]

    @torch.no_grad()
    def rescale(self, targets: ArrayLike, *, rate: float) -> None:
        """Let the critic's units follow its targets, and leave its predictions as they are.

        PopArt: mean and mean square move towards those of `targets` by `rate`; then the last layer
        is shrunk and shifted by just so much that every value in points stays what it was. The
        first time there is nothing to keep: the critic starts from the targets' mean.

        Args:
            targets: what the values should have been, in points, shape [n].
            rate: how far to move, in (0, 1].

        Raises:
            ValueError: if a target is not finite.

        van Hasselt et al. (2016), https://arxiv.org/abs/1602.07714. Lesson 8.
        """
        targets = finite("targets", targets)
        first, mean, std = not self.returns_seen, self.return_mean.clone(), self.return_std.clone()
        rate = 1.0 if first else rate
        self.return_mean += rate * (targets.mean() - self.return_mean)
        self.return_square += rate * ((targets**2).mean() - self.return_square)
        self.returns_seen += len(targets)
        variance = float(self.return_square - self.return_mean**2)
        least = SMALLEST_SPREAD * float(self.return_square) ** 0.5
        self.return_std.fill_(max(max(variance, 0.0) ** 0.5, least) or 1.0)
        if not first:
            weight, bias = self.critic.weight, self.critic.bias
            bias.copy_((std * bias.double() + mean - self.return_mean) / self.return_std)
            weight.copy_(weight.double() * std / self.return_std)

    def normalise(self, targets: Array) -> Array:
        """Targets in points to the critic's units: (target - mean) / std, same shape."""
        return (targets - self.return_mean.item()) / self.return_std.item()

    def _tensor(self, obs: NDArray) -> Tensor:
        obs = np.asarray(obs)
        sides = len(self.obs_shape)
        if obs.shape[-sides:] != self.obs_shape or obs.ndim <= sides:
            expected = ", ".join(map(str, ("...", *self.obs_shape)))
            raise ValueError(f"obs must have shape [{expected}] for this agent, got {obs.shape}")
        flat = np.ascontiguousarray(obs.reshape(-1, *self.obs_shape))
        kept = flat if flat.dtype == np.uint8 else flat.astype(np.float32, copy=False)
        return torch.from_numpy(kept).to(self.background.device)

    def _features(self, body: nn.Module, obs: Tensor) -> Tensor:
        if len(self.obs_shape) == 1:
            return body(obs)
        half = self.half and obs.device.type == "cpu"
        kind = torch.bfloat16 if half else torch.float32  # both hold every grey value exactly
        seen = (obs.to(kind) - self.background.to(kind)) * (1 / 60)  # a bright object is about 1
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            return body(seen).float()


def save(agent: Agent, path: str | Path) -> None:
    """Write an agent to a file: its weights and what they belong to, no code.

    The file is complete or not there: it is written beside its place and then moved.
    """
    path = Path(path)
    unfinished = path.with_name(path.name + ".part")
    header = {name: getattr(agent, name) for name in HEADER}
    torch.save({"format": FORMAT, **header, "weights": agent.state_dict()}, unfinished)
    unfinished.replace(path)


def load(path: str | Path) -> Agent:
    """Read an agent from a file of `save`. Nothing in the file is ever executed.

    Raises:
        ValueError: if the file is damaged, or is something else; it names the file.
        OSError: if it cannot be opened.
    """
    with Path(path).open("rb") as file:
        try:
            found = torch.load(file, map_location="cpu", weights_only=True)
            if found["format"] != FORMAT:
                raise ValueError(f"its format is {found['format']!r}")
            header = {name: found[name] for name in HEADER}
            obs_shape, actions = header.pop("obs_shape"), header.pop("actions")
            background = found["weights"]["background"].numpy()
            agent = Agent(obs_shape, actions, background=background, **header)
            agent.load_state_dict(found["weights"])
            for name, weights in agent.state_dict().items():
                finite(name, weights.numpy())
        except Exception as error:  # whatever unpickling a damaged file raises
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise ValueError(f"{path} is not an agent saved by this course: {reason[0]}") from None
    return agent


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread, then give the threads back: small networks are faster alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@cache
def bfloat16_pays() -> bool:
    """Whether this processor is clearly quicker with 16-bit convolutions: some double, some a tenth."""
    with torch.random.fork_rng(devices=[]), one_thread():
        body, _ = _body((4, 32, 42), 64)
        seen = torch.rand(256, 4, 32, 42)
        spent: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(6):
            for half in spent:  # in turn: a busy moment hits both
                began = time.perf_counter()
                with torch.autocast("cpu", torch.bfloat16, enabled=half):
                    body(seen).float().square().mean().backward()
                spent[half].append(time.perf_counter() - began)
    return min(spent[True]) < 0.8 * min(spent[False])


def device_for(agent: Agent) -> torch.device:
    """An accelerator for images, if there is one; small networks are quicker without."""
    worth_it = len(agent.obs_shape) == 3 and torch.cuda.is_available()
    return torch.device("cuda" if worth_it else "cpu")


def _body(obs_shape: tuple[int, ...], width: int) -> tuple[nn.Module, int]:
    """Hidden layers for one observation, and how many features come out."""
    if len(obs_shape) == 1:
        first, second = _layer(nn.Linear(obs_shape[0], width)), _layer(nn.Linear(width, width))
        return nn.Sequential(first, nn.Tanh(), second, nn.Tanh()), width
    if len(obs_shape) != 3:
        raise ValueError(f"obs_shape must be [D] or [frames, height, width], got {obs_shape}")
    frames, *sides = obs_shape
    for kernel, stride in CONVOLUTIONS:
        sides = [(side - kernel) // stride + 1 for side in sides]
    if min(sides) < 1:
        raise ValueError(f"an image must be at least 12 pixels wide and high, got {obs_shape}")
    first, second = (
        _layer(nn.Conv2d(before, after, *size))
        for before, after, size in zip((frames, 16), (16, 32), CONVOLUTIONS, strict=True)
    )
    last = _layer(nn.Linear(32 * math.prod(sides), 2 * width))
    body = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), last, nn.ReLU())
    return body.to(memory_format=torch.channels_last), 2 * width  # on a CPU a third quicker


def _layer(layer: nn.Module, *, gain: float = math.sqrt(2)) -> nn.Module:
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer

"""The agent: an actor that chooses and a critic that predicts.

Observations and actions are numpy at the border; torch stays inside, where a gradient flows. The
critic's network speaks in *units* of its own (`course.units`), about mean 0 and standard deviation 1,
so that its learning does not depend on the size of a game's points. `Agent.values` speaks in points.
"""

import io
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from course.arrays import Array, Refusal, finite, flag, text, whole
from course.tables import replace_file
from course.units import Units

FORMAT = "advantage-course agent, version 2"
FORMER = "advantage-course agent, version 1"  # its units stood among the agent's own buffers
RENAMED = {
    "return_mean": "units.mean",
    "return_square": "units.square",
    "return_std": "units.std",
    "returns_seen": "units.seen",
}
HEADER = ("obs_shape", "actions", "width", "shared", "env_name", "protocol")
CONVOLUTIONS = ((6, 3), (3, 2))  # kernel and stride, in pixels: a third of the work of (4, 2), (4, 2)
SIXTEEN_BITS = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")  # torch's names; none on other systems
CHUNK = 512  # observations that go through the critic at once; many more do not fit the cache

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


class Agent(nn.Module):
    """Actor and critic for one game with A actions.

    Vectors get two small networks, one each; images share a convolutional body, unless `shared`
    says otherwise. The critic's last layer starts at zero: an untrained critic predicts 0.
    """

    actor: nn.Linear
    critic: nn.Linear
    background: Tensor

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
        self.width = whole("width", width, low=1)
        self.shared = flag("shared", shared)
        self.env_name = text("env_name", env_name)
        self.protocol = text("protocol", protocol)
        self.sixteen_bits = len(self.obs_shape) == 3 and sixteen_bits_pay()  # for the convolutions

        # One thread, too: orthogonal weights depend on their number.
        with undisturbed(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(whole("seed", seed, low=0))
            self.body, features = _body(self.obs_shape, self.width)
            self.critic_body = self.body if self.shared else _body(self.obs_shape, self.width)[0]
            self.actor = _layer(nn.Linear(features, self.actions), gain=0.01)
            self.critic = _layer(nn.Linear(features, 1), gain=0.0)
            self.units = Units()
            self.register_buffer("background", torch.from_numpy(_background(background, self.obs_shape)))

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities [B, A], and values [B] in the critic's units, of observations [B, ...]."""
        seen = self._features(self.body, obs)
        seen_by_critic = seen if self.shared else self._features(self.critic_body, obs)

        log_probs = torch.log_softmax(self.actor(seen), dim=-1)
        values = self.critic(seen_by_critic).squeeze(-1)
        return log_probs, values

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
        in_points = self.units.to_points(torch.cat(parts).squeeze(-1))
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

    def follow(self, targets: ArrayLike, *, rate: float) -> None:
        """Let the critic's units follow its targets, in points, and leave its predictions: `Units.follow`."""
        self.units.follow(targets, self.critic, rate=rate)

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

        short = self.sixteen_bits and obs.device.type == "cpu"
        kind = torch.bfloat16 if short else torch.float32  # both hold every grey value exactly
        seen = (obs.to(kind) - self.background.to(kind)) * (1 / 60)  # a bright object is about 1
        with torch.autocast("cpu", torch.bfloat16, enabled=short):
            return body(seen).float()


def save(agent: Agent, path: str | Path) -> None:
    """Write an agent to a file: its weights and what they belong to, no code.

    The file is complete or as it was before.

    Raises:
        ValueError: if a weight is not finite: `load` would refuse the file.
    """
    for name, weights in agent.state_dict().items():
        finite(name, weights.cpu().numpy())

    header = {name: getattr(agent, name) for name in HEADER}
    content = io.BytesIO()
    torch.save({"format": FORMAT, **header, "weights": agent.state_dict()}, content)
    replace_file(path, content.getvalue())


def load(path: str | Path) -> Agent:
    """Read an agent from a file of `save`. Nothing in the file is ever executed.

    Raises:
        ValueError: if the file is damaged, or is something else; it names the file and says which.
        OSError: if it cannot be opened.
    """
    with Path(path).open("rb") as file:
        try:
            content = torch.load(file, map_location="cpu", weights_only=True)
        except Exception:  # whatever unpickling a damaged file raises, in torch's words
            content = None

    try:
        return _agent_from(content)
    except ValueError as error:
        raise Refusal(f"{path} is not an agent saved by this course: {error}") from None


def _agent_from(content: object) -> Agent:
    """The agent in a file's content, or a ValueError that says what is wrong with it."""
    if content is None:
        raise ValueError("it is damaged, or a file of another kind")
    if not isinstance(content, dict) or not isinstance(content.get("format"), str):
        raise ValueError("it does not say its format")
    if content["format"] not in (FORMAT, FORMER):
        raise ValueError(f"its format is {content['format']!r}, not {FORMAT!r}")

    missing = [name for name in (*HEADER, "weights") if name not in content]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    weights = content["weights"]
    if not isinstance(weights, dict) or not all(isinstance(each, Tensor) for each in weights.values()):
        raise ValueError("its weights are no tensors by name")

    weights = {RENAMED.get(str(name), str(name)): each for name, each in weights.items()}
    for name, each in weights.items():
        finite(name, each.numpy())
    try:
        header = {name: content[name] for name in HEADER}
        agent = Agent(**header, background=weights["background"].numpy())
        agent.load_state_dict(weights)
    except (TypeError, KeyError, RuntimeError):  # a side that is no number, no such tensor, another shape
        raise ValueError("its weights do not belong to the agent that it describes") from None
    return agent


@contextmanager
def undisturbed() -> Iterator[None]:
    """Torch as the agent needs it, whatever a notebook has set; afterwards as it was.

    Gradients on, new tensors in 32 bits and on the CPU, one thread. A `torch.set_grad_enabled(False)` in
    some earlier cell would otherwise stop the training, and another default type would stop the networks.
    """
    with ExitStack() as settings:
        settings.enter_context(one_thread())
        settings.enter_context(torch.inference_mode(False))
        settings.enter_context(torch.enable_grad())
        if torch.get_default_device().type != "cpu":  # else left alone: it would cost time in every call
            settings.enter_context(torch.device("cpu"))
        settings.callback(torch.set_default_dtype, torch.get_default_dtype())
        torch.set_default_dtype(torch.float32)
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread, then give the threads back: small networks are faster alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def sixteen_bits_pay() -> bool:
    """Whether this processor multiplies 16-bit numbers itself: then convolutions are quicker with them.

    It is asked what it has (AVX512-BF16 or AMX), never how quick it is at the moment: a stop-watch would
    say yes today and no tomorrow, and one seed would give two runs.
    """
    has = (getattr(torch.cpu, name, lambda: False) for name in SIXTEEN_BITS)
    return any(there() for there in has)


def device_for(agent: Agent) -> torch.device:
    """An accelerator for images, if there is one; small networks are quicker without."""
    worth_it = len(agent.obs_shape) == 3 and torch.cuda.is_available()
    return torch.device("cuda" if worth_it else "cpu")


def _body(obs_shape: tuple[int, ...], width: int) -> tuple[nn.Module, int]:
    """Hidden layers for one observation, and how many features come out."""
    if len(obs_shape) == 1:
        return _body_for_numbers(obs_shape[0], width), width
    if len(obs_shape) == 3:
        return _body_for_images(obs_shape, 2 * width), 2 * width
    raise ValueError(f"obs_shape must be [D] or [frames, height, width], got {obs_shape}")


def _body_for_numbers(entries: int, width: int) -> nn.Module:
    first = _layer(nn.Linear(entries, width))
    second = _layer(nn.Linear(width, width))
    return nn.Sequential(first, nn.Tanh(), second, nn.Tanh())


def _body_for_images(obs_shape: tuple[int, ...], features: int) -> nn.Module:
    frames, height, width = obs_shape
    sides = [height, width]
    for kernel, stride in CONVOLUTIONS:
        sides = [(side - kernel) // stride + 1 for side in sides]
    if min(sides) < 1:
        raise ValueError(f"an image must be at least 12 pixels wide and high, got {obs_shape}")

    (kernel, stride), (next_kernel, next_stride) = CONVOLUTIONS
    first = _layer(nn.Conv2d(frames, 16, kernel, stride))
    second = _layer(nn.Conv2d(16, 32, next_kernel, next_stride))
    last = _layer(nn.Linear(32 * math.prod(sides), features))
    body = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), last, nn.ReLU())
    # On a CPU a third quicker. (torch takes this argument alone, its annotations do not know.)
    return body.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _background(given: ArrayLike, obs_shape: tuple[int, ...]) -> NDArray[np.float32]:
    background = finite("background", given)
    allowed = ((), obs_shape[1:]) if len(obs_shape) == 3 else ((),)
    if background.shape not in allowed:
        shapes = " or ".join(map(str, allowed))
        raise ValueError(f"background must have shape {shapes} for this agent, got {background.shape}")
    return background.astype(np.float32)


def _layer(layer: Layer, *, gain: float = math.sqrt(2)) -> Layer:
    nn.init.orthogonal_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer

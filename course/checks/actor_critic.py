"""Exercises of lesson 10: the two losses meet in one update, which is judged by what it moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course import losses
from course.checks.exercise import GRADIENT, Case, Exercise
from course.checks.mutants import detached, kept, mean, mutant, reductions
from course.checks.tensors import observing
from course.train import actor_critic_update


def _policy_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("one step, better than foreseen", [-1], [3]),
        ("one step, worse than foreseen", [-2], [-4]),
        ("a step that was as foreseen: A is 0", [-1, -2], [0, 6]),
        ("advantages that cancel", [-1, -1], [5, -5]),
        ("equal advantages", [-1, -2, -3], [2, 2, 2]),
        ("two environments side by side", [[-1, -2], [-3, -1], [-2, -4]], [[1, 4], [-2, 3], [0, 5]]),
        ("one environment, [T, 1]", [[-1], [-3]], [[2], [-5]]),
        ("thousandths of a point", [-1, -0.5], [0.001, -0.003]),
        ("points by the million", [-1, -0.5], [1e8, -3e7]),
    ]
    cases = [
        Case(label, (np.array(log_probs, dtype=float), np.array(advantages, dtype=float)))
        for label, log_probs, advantages in small
    ]
    shapes = [tuple(rng.integers(2, 6, size=rng.integers(1, 3))) for _ in range(8)]
    labelled = [("8 random batches, with their gradients", shape) for shape in shapes]

    for label, shape in [*labelled, ("2,000 steps", (2_000,))]:
        batch = (-rng.exponential(1.2, size=shape), rng.normal(0.5, 3, size=shape))
        cases.append(Case(label, batch))

    return cases


@mutant
def _policy_loss(
    *,
    learns: Callable = kept,
    data: Callable = detached,
    weights: Callable = kept,
    meet: Callable = torch.mul,
    reduce: Callable = mean,
    sign: float = -1.0,
    finish: Callable = kept,
) -> Callable:
    """A policy_loss: what becomes of the log-probabilities and of the weights, and how they meet."""

    def answer(log_probs: Tensor, advantages: Tensor) -> object:
        each = meet(learns(log_probs), weights(data(advantages)))
        return finish(sign * reduce(each))

    return answer


def _centred(advantages: Tensor) -> Tensor:
    return advantages - advantages.mean()


def _normalized(advantages: Tensor) -> Tensor:
    return _centred(advantages) / advantages.std(correction=0).clamp(min=1e-8)


def _normalized_with_n_less_one(advantages: Tensor) -> Tensor:
    return _centred(advantages) / (advantages.std() + 1e-8)


def _normalized_if_several(advantages: Tensor) -> Tensor:
    return _normalized_with_n_less_one(advantages) if len(advantages) > 1 else advantages


POLICY_LOSS = Exercise(
    name="policy_loss",
    lesson="10",
    points=3,
    reference=losses.policy_loss,
    cases=_policy_cases,
    observe=observing(losses.policy_loss),
    apart=(GRADIENT + "advantages",),
    mistakes=(
        *reductions(_policy_loss),
        (
            "The sign is turned round: going down this loss makes the good actions rarer.",
            _policy_loss(sign=1.0),
        ),
        (
            "That is the objective: a sum, to be made large. A loss is made small: minus, and the mean.",
            _policy_loss(sign=1.0, reduce=torch.sum),
        ),
        (
            "The gradient flows into the advantages as well: the critic would learn to please. Detach them.",
            _policy_loss(data=kept),
        ),
        (
            "The wrong one is detached. It is the log-probabilities that are to learn.",
            _policy_loss(data=kept, learns=detached),
        ),
        (
            "Both are detached, so nothing can be learned. The log-probabilities must keep their gradient.",
            _policy_loss(learns=detached),
        ),
        (
            "Those are probabilities. The gradient of a probability favours actions that are likely already; "
            "the logarithm is what evens that out.",
            _policy_loss(learns=torch.exp),
        ),
        (
            "A logarithm is taken of what is a logarithm already, and below 0 there is none. Use log_probs "
            "as they come.",
            _policy_loss(learns=torch.log),
        ),
        (
            "A logarithm is taken of what is a logarithm already. Use log_probs as they come.",
            _policy_loss(learns=lambda log_probs: log_probs.abs().log()),
        ),
        (
            "The advantages have lost their sign: bad steps would be made likelier too.",
            _policy_loss(weights=torch.abs),
        ),
        (
            "Only the sign of the advantages is left. A step that was much better counts more than one that "
            "was a little better.",
            _policy_loss(weights=torch.sign),
        ),
        (
            "Steps with a negative advantage are left out. They say what to do less often.",
            _policy_loss(weights=torch.relu),
        ),
        (
            "The advantages are squared. They are weights: use them as they come.",
            _policy_loss(weights=torch.square),
        ),
        (
            "The mean of the advantages is subtracted here. That is the work of normalize, done before.",
            _policy_loss(weights=_centred),
        ),
        (
            "The advantages are normalised here. That is done once for a whole batch, before the loss.",
            _policy_loss(weights=_normalized),
        ),
        (
            "The advantages are normalised here, and with n - 1. That is done once for a whole batch, "
            "before the loss.",
            _policy_loss(weights=_normalized_with_n_less_one),
        ),
        (
            "The advantages are normalised here, with n - 1, where there is more than one step. That is done "
            "once for a whole batch, before the loss.",
            _policy_loss(weights=_normalized_if_several),
        ),
        (
            "Both are averaged before they meet, so no step meets its own advantage. Multiply first.",
            _policy_loss(meet=lambda log_probs, weights: log_probs.mean() * weights.mean()),
        ),
        (
            "The advantages are left out: that makes everything that was done likelier.",
            _policy_loss(weights=torch.ones_like),
        ),
        (
            "That is added where it should be multiplied: the advantage has to weigh its log-probability.",
            _policy_loss(meet=torch.add),
        ),
        (
            "The half belongs to a squared error. There is no square here.",
            _policy_loss(sign=-0.5),
        ),
        (
            "That is a squared error. The advantage is no target for the log-probability, but its weight.",
            _policy_loss(meet=lambda log_probs, weights: (log_probs - weights).square(), sign=1.0),
        ),
    ),
)


def _normalize_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # and on tensors, below: what holds for one kind is to hold for the other
        ("mean 3, standard deviation 2", [1, 5, 1, 5], {}),
        ("a mean of 0 already", [-4, 4], {}),
        ("all equal: zeros", [7, 7, 7], {}),
        ("a single step: zero", [5], {}),
        ("a floor of 2 under a smaller spread", [1, 2, 3, 2], {"floor": 2.0}),
        ("a floor of 2 that is not needed", [0, 8, 0, 8], {"floor": 2.0}),
        ("two environments side by side", [[0, 10], [2, 20], [4, 0]], {}),
        ("one environment, [T, 1]", [[1], [5], [3]], {}),
        ("thousandths of a point", [0.001, 0.005, 0.002], {}),
        ("points by the million", [1e6, 3e6, 5e6, 7e6], {}),
        ("points near 500 million", [5e8 + 1, 5e8 - 1, 5e8 + 3, 5e8 - 3], {}),
    ]
    cases = [Case(label, (np.array(given, dtype=float),), floor) for label, given, floor in small]
    cases += [
        Case(f"{label}, a tensor", (torch.tensor(given, dtype=torch.float64),), floor)
        for label, given, floor in small
        if "points" not in label
    ]
    for nth in range(8):
        shape = tuple(rng.integers(3, 7, size=rng.integers(1, 3)))
        advantages = rng.normal(rng.normal(0, 3), rng.uniform(0.5, 4), size=shape)
        floor = {"floor": float(2 * advantages.std())} if nth % 4 == 3 else {}
        cases.append(Case("8 random batches, two of them below the floor", (advantages,), floor))

    jackpot = rng.normal(0, 1, size=2_000)
    jackpot[1_234] = 1_000.0
    cases.append(Case("2,000 steps, one of them a jackpot", (jackpot,)))
    return cases


def _is_tensor(a: Any) -> bool:
    return isinstance(a, Tensor)


def _less_mean(a: Any) -> Any:
    return a - a.mean()


def _deviation(a: Any) -> Any:
    return ((a - a.mean()) ** 2).mean() ** 0.5


def _with_n_less_one(a: Any) -> Any:
    return (((a - a.mean()) ** 2).sum() / (np.prod(a.shape) - 1)) ** 0.5


def _with_n_less_one_if_several(a: Any) -> Any:
    return _with_n_less_one(a) if np.prod(a.shape) > 1 else 0 * a.mean()


def _as_the_library_has_it(a: Any) -> Any:
    """`a.std()`: n below the line in numpy, n - 1 in torch."""
    return a.std()


def _from_mean_of_squares(a: Any) -> Any:
    return ((a**2).mean() - a.mean() ** 2) ** 0.5


def _at_least(spread: Any, floor: float) -> Any:
    return spread.clamp(min=floor) if _is_tensor(spread) else np.maximum(spread, floor)


def _at_most(spread: Any, floor: float) -> Any:
    least = spread.clamp(max=floor) if _is_tensor(spread) else np.minimum(spread, floor)
    return least if spread else 1.0


def _infinite_below(spread: Any, floor: float) -> Any:
    return spread if spread > floor else np.inf


def _floor_on_arrays_only(spread: Any, floor: float) -> Any:
    return spread if _is_tensor(spread) else np.maximum(spread, floor)


def _of_each_column(a: Any) -> Any:
    return a - a.mean(0)


def _column_deviation(a: Any) -> Any:
    return (_of_each_column(a) ** 2).mean(0) ** 0.5


def _on_tensors(theirs: Callable, otherwise: Callable) -> Callable:
    return lambda a: theirs(a) if _is_tensor(a) else otherwise(a)


@mutant
def _normalize(
    *,
    centre: Callable = _less_mean,
    spread: Callable = _deviation,
    least: Callable = _at_least,
    finish: Callable = lambda normal, a: normal,
) -> Callable:
    """A normalize: what is subtracted, which spread divides, what the floor does."""

    def answer(advantages: Any, *, floor: float = 1e-8) -> Any:
        below = least(spread(advantages), floor)
        return finish(centre(advantages) / below, advantages)

    return answer


NORMALIZE = Exercise(
    name="normalize",
    lesson="10",
    points=3,
    reference=losses.normalize,
    cases=_normalize_cases,
    mistakes=(
        (
            "The mean is not subtracted: steps that are worse than the average keep a positive weight.",
            _normalize(centre=kept),
        ),
        (
            "The mean is subtracted, but nothing is divided: the size of the points is still there.",
            _normalize(least=lambda spread, floor: 1.0),
        ),
        (
            "That standard deviation divides by n - 1. Take the one that divides by n.",
            _normalize(spread=_with_n_less_one_if_several),
        ),
        (
            "That standard deviation divides by n - 1, which for a single step is 0 / 0. Take the one that "
            "divides by n.",
            _normalize(spread=_with_n_less_one),
        ),
        (
            "Arrays come out right, tensors do not: torch's std divides by n - 1 unless it is told "
            "correction=0.",
            _normalize(spread=_as_the_library_has_it),
        ),
        (
            "Arrays come out right; on tensors the floor is not used, and equal ones give 0 / 0.",
            _normalize(least=_floor_on_arrays_only),
        ),
        (
            "Arrays come out right; on tensors each column has its own mean and spread. Take one of each.",
            _normalize(
                centre=_on_tensors(_of_each_column, _less_mean),
                spread=_on_tensors(_column_deviation, _deviation),
            ),
        ),
        (
            "The spread comes from the mean of the squares less the square of the mean. Near 500 million "
            "both have more digits than a float keeps, and nothing is left: average squared distances.",
            _normalize(spread=_from_mean_of_squares),
        ),
        (
            "That divides by the variance, whose unit is points squared. The standard deviation has points.",
            _normalize(spread=lambda a: _deviation(a) ** 2),
        ),
        (
            "The floor is added to the standard deviation. It is a least value: a spread above it is not to "
            "change.",
            _normalize(least=lambda spread, floor: spread + floor),
        ),
        (
            "The floor is squared and added under the root. It is a least value: a spread above it is not to "
            "change.",
            _normalize(least=lambda spread, floor: (spread**2 + floor**2) ** 0.5),
        ),
        (
            "The floor is added under the root, to the variance. It is a least value for the standard "
            "deviation.",
            _normalize(least=lambda spread, floor: (spread**2 + floor) ** 0.5),
        ),
        (
            "The floor is compared with the variance. It is a least value for the standard deviation.",
            _normalize(least=lambda spread, floor: _at_least(spread**2, floor) ** 0.5),
        ),
        (
            "Equal advantages give zeros, but floor is not used. Divide by it where the spread is smaller.",
            _normalize(least=lambda spread, floor: _at_least(spread, 1e-8)),
        ),
        (
            "That divides by 0 when all advantages are equal. The floor is there for that.",
            _normalize(least=lambda spread, floor: spread),
        ),
        (
            "That takes the smaller of spread and floor. A floor is the least that may be divided by.",
            _normalize(least=_at_most),
        ),
        (
            "Where the spread is below the floor, zeros come back. Divide by the floor there: a small signal "
            "stays a small signal.",
            _normalize(least=_infinite_below),
        ),
        (
            "Each column has its own mean and spread. Take one of each, over all elements.",
            _normalize(centre=_of_each_column, spread=_column_deviation),
        ),
        (
            "That stretches them from 0 to 1: no step is ever worse than the average. It is min-max, from "
            "lesson 2.",
            _normalize(centre=lambda a: a - a.min(), spread=lambda a: a.max() - a.min()),
        ),
        (
            "The mean is subtracted after the division.",
            _normalize(centre=kept, finish=lambda normal, a: normal - a.mean()),
        ),
        (
            "That divides by the root of the mean square, mean included. A spread is measured from the mean.",
            _normalize(spread=lambda a: (a**2).mean() ** 0.5),
        ),
        (
            "That divides by the largest deviation. One jackpot would squash all others: take the standard "
            "deviation.",
            _normalize(spread=lambda a: abs(a - a.mean()).max()),
        ),
        (
            "That divides by the mean distance from the mean. The standard deviation squares first.",
            _normalize(spread=lambda a: abs(a - a.mean()).mean()),
        ),
        *(
            (
                f"What is further than {limit} from the mean is cut off. Nothing is clipped here: a jackpot "
                "stays a jackpot.",
                _normalize(finish=lambda normal, a, limit=limit: normal.clip(-limit, limit)),
            )
            for limit in (1, 5, 10)
        ),
        (
            "The sign is turned round: what was better than the average comes out negative.",
            _normalize(finish=lambda normal, a: -normal),
        ),
        (
            "The mean is subtracted and added again: they are not centred on 0.",
            _normalize(finish=lambda normal, a: normal + a.mean()),
        ),
    ),
)


class _Layer(nn.Module):
    """As `nn.Linear`, with given weights, and made quicker: hundreds are made to name one cause."""

    def __init__(self, weight: np.ndarray) -> None:
        super().__init__()
        self.weight = nn.Parameter(_floats(weight))
        self.bias = nn.Parameter(torch.zeros(len(weight)))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight.T + self.bias


class _LinearAgent(nn.Module):
    """An actor and a critic of one layer each."""

    def __init__(self, entries: int, actions: int, seed: int) -> None:
        super().__init__()
        # Small, as a large weight that is moved a little keeps few digits of the movement in float32.
        weights = np.random.default_rng(seed).normal(0, 0.05, size=(actions + 1, entries))
        self.actor = _Layer(weights[:actions])
        self.critic = _Layer(weights[actions:])

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        return torch.log_softmax(self.actor(obs), dim=-1), self.critic(obs).squeeze(-1)


@dataclass(frozen=True)
class _Agent:
    """Stands in a case for an agent, which is made anew for every answer, and reads well in a panel."""

    entries: int  # of an observation
    actions: int
    seed: int

    def __repr__(self) -> str:
        return f"<a small agent: {self.entries} numbers in, {self.actions} actions>"

    def made(self) -> _LinearAgent:
        return _LinearAgent(self.entries, self.actions, self.seed)


@dataclass(frozen=True)
class _Optimizer:
    """Stands in a case for an optimizer."""

    kind: type[torch.optim.Optimizer]
    lr: float

    def __repr__(self) -> str:
        return f"<{self.kind.__name__}, lr={self.lr:g}>"

    def made(self, agent: nn.Module) -> torch.optim.Optimizer:
        return self.kind(agent.parameters(), lr=self.lr)


@dataclass(frozen=True)
class _Calls(Case):
    """The same call, several times in a row, to one agent and one optimizer."""

    times: int = field(default=1, kw_only=True)


SGD = _Optimizer(torch.optim.SGD, 0.5)
ADAM = _Optimizer(torch.optim.Adam, 0.1)


def _update_cases(rng: np.random.Generator) -> list[Case]:
    def case(
        label: str,
        n: int,
        actions: int = 2,
        *,
        optimizer: _Optimizer = SGD,
        times: int = 1,
        value_weight: float = 0.5,
        max_grad_norm: float = 100.0,
    ) -> Case:
        agent = _Agent(3, actions, seed=int(rng.integers(1_000)))
        obs = rng.normal(size=(n, 3))
        taken = rng.integers(actions, size=n)
        advantages = rng.normal(0.3, 1.5, size=n)
        targets = rng.normal(2, 1.5, size=n)
        numbers = {"value_weight": value_weight, "max_grad_norm": max_grad_norm}
        return _Calls(label, (agent, optimizer, obs, taken, advantages, targets), numbers, times=times)

    return [
        case("one step", 1),
        case("four steps", 4),
        case("four steps of three actions", 4, 3),
        case("another value_weight", 4, value_weight=0.1),
        case("a gradient that is too long", 5, max_grad_norm=0.2),
        case("two calls in a row", 4, times=2),
        case("two calls in a row, limited", 4, times=2, max_grad_norm=0.2),
        case("Adam", 6, optimizer=ADAM),
        case("Adam, three calls in a row", 6, optimizer=ADAM, times=3),
        *(case("4 random batches", int(rng.integers(5, 12)), 3) for _ in range(4)),
        case("2,000 steps", 2_000),
    ]


def _moved(f: Callable, case: Case) -> dict[str, Any]:
    """Let `f` update an agent, and observe how far that moved its parameters."""
    agent, optimizer, *batch = case.args
    agent = agent.made()
    optimizer = optimizer.made(agent)
    before = {name: weights.detach().clone() for name, weights in agent.named_parameters()}

    for _ in range(case.times if isinstance(case, _Calls) else 1):
        obs, actions, *judged = batch
        steps = (_floats(obs), torch.tensor(actions), *map(_floats, judged))
        f(agent, optimizer, *steps, **case.kwargs)

    moved = {name: weights.detach() - before[name] for name, weights in agent.named_parameters()}
    parts = {part: [each for name, each in moved.items() if part in name] for part in ("actor", "critic")}
    return {
        f"what the {part} was moved by": torch.cat([each.flatten() for each in each_of]).numpy()
        for part, each_of in parts.items()
    }


def _floats(numbers: np.ndarray) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float32)


def _of_the_taken(log_pi: Tensor, actions: Tensor) -> Tensor:
    return log_pi.gather(1, actions[:, None]).squeeze(1)


def _minus_mean(log_probs: Tensor, advantages: Tensor) -> Tensor:
    return -(log_probs * advantages).mean()


def _half_mean_square(values: Tensor, targets: Tensor) -> Tensor:
    return 0.5 * (values - targets).square().mean()


def _weighted_sum(policy: Tensor, value: Tensor, weight: float) -> Tensor:
    return policy + weight * value


def _limited(agent: nn.Module, limit: float) -> None:
    nn.utils.clip_grad_norm_(agent.parameters(), limit)


def _limited_apart(agent: nn.Module, limit: float) -> None:
    for part in agent.children():
        nn.utils.clip_grad_norm_(part.parameters(), limit)


def _limited_by_entry(agent: nn.Module, limit: float) -> None:
    nn.utils.clip_grad_value_(agent.parameters(), limit)


def _not_limited(agent: nn.Module, limit: float) -> None:
    pass


@mutant
def _update(
    *,
    pick: Callable = _of_the_taken,
    weights: Callable = lambda advantages, values, targets: advantages,
    aim: Callable = lambda advantages, targets: targets,
    policy_loss: Callable = _minus_mean,
    value_loss: Callable = _half_mean_square,
    join: Callable = _weighted_sum,
    limit: Callable = _limited,
    order: str = "clear, find, limit, step",
) -> Callable:
    """An actor_critic_update: what is picked, the two losses and their sum, the limit, and the order."""

    def answer(
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
        log_pi, values = agent(obs)
        policy = policy_loss(pick(log_pi, actions), weights(advantages, values.detach(), targets))
        value = value_loss(values, aim(advantages, targets))
        loss = join(policy, value, value_weight)

        moves = {
            "clear": optimizer.zero_grad,
            "find": loss.backward,
            "limit": lambda: limit(agent, max_grad_norm),
            "step": optimizer.step,
        }
        for move in order.split(", "):
            moves[move]()

    return answer


ACTOR_CRITIC_UPDATE = Exercise(
    name="actor_critic_update",
    lesson="10",
    points=6,
    reference=actor_critic_update,
    cases=_update_cases,
    observe=_moved,
    mistakes=(
        (
            "The old gradient is not cleared: backward adds to it, so from the second call on the step goes "
            "along a sum. optimizer.zero_grad() comes before backward.",
            _update(order="find, limit, step"),
        ),
        (
            "Nothing moves. Clear the old gradient, then loss.backward(), then the limit, and "
            "optimizer.step() last.",
            _update(order="find, limit"),
        ),
        (
            "The step comes before backward, so it goes along the gradient of the call before. backward, the "
            "limit, then step.",
            _update(order="step, clear, find, limit"),
        ),
        (
            "The step comes before backward, along the gradients of all calls before. zero_grad, backward, "
            "the limit, then step.",
            _update(order="step, find, limit"),
        ),
        (
            "The gradient is as long as it likes when the step is taken. clip_grad_norm_ with max_grad_norm "
            "belongs between backward and step.",
            _update(limit=_not_limited),
        ),
        (
            "Each entry of the gradient is limited by itself, which turns its direction. clip_grad_norm_ "
            "shortens it as a whole.",
            _update(limit=_limited_by_entry),
        ),
        (
            "Actor and critic are limited each for itself. max_grad_norm is for the gradient of all "
            "parameters together.",
            _update(limit=_limited_apart),
        ),
        (
            "The log-probabilities of all actions are averaged. Only the action that was taken gets the "
            "credit: pick one entry a row.",
            _update(pick=lambda log_pi, actions: log_pi.mean(dim=1)),
        ),
        (
            "[n, 1] against [n] is stretched to [n, n] without a word: every action meets every advantage. "
            "Make the picked log-probabilities [n], with .squeeze(1).",
            _update(pick=lambda log_pi, actions: log_pi.gather(1, actions[:, None])),
        ),
        (
            "log_pi[:, actions] gives [n, n]: in every row the actions of all rows. Pick one entry a row: "
            "gather, or log_pi[torch.arange(n), actions].",
            _update(pick=lambda log_pi, actions: log_pi[:, actions]),
        ),
        (
            "log_pi[actions] picks rows, as if the actions were numbers of steps. The action is the second "
            "axis: gather(1, ...).",
            _update(pick=lambda log_pi, actions: _of_the_taken(log_pi[actions % len(log_pi)], actions)),
        ),
        (
            "gather goes along the wrong axis: the actions are taken for numbers of rows. The action is the "
            "second axis: gather(1, ...).",
            _update(pick=lambda log_pi, actions: log_pi.gather(0, actions[:, None]).squeeze(1)),
        ),
        (
            "That is the likeliest action of each state. The credit belongs to the one that was taken.",
            _update(pick=lambda log_pi, actions: log_pi.max(dim=1).values),
        ),
        (
            "Those are probabilities. policy_loss wants logarithms, as the agent gives them.",
            _update(pick=lambda log_pi, actions: _of_the_taken(log_pi, actions).exp()),
        ),
        (
            "The actor does not move: its loss is missing, or its log-probabilities are detached.",
            _update(pick=lambda log_pi, actions: _of_the_taken(log_pi, actions).detach()),
        ),
        (
            "The sign of the actor's part is turned round: policy_loss brings its minus along.",
            _update(policy_loss=lambda log_probs, advantages: -_minus_mean(log_probs, advantages)),
        ),
        (
            "The advantages are normalised here. That is done before, and not the update's work.",
            _update(weights=lambda advantages, values, targets: losses.normalize(advantages)),
        ),
        (
            "The actor is weighed by the targets. Its weight is the advantage; the targets are the critic's.",
            _update(weights=lambda advantages, values, targets: targets),
        ),
        (
            "The actor is weighed by targets - values. The advantages are given: use them as they come.",
            _update(weights=lambda advantages, values, targets: targets - values),
        ),
        (
            "The critic does not move: its loss is missing, its values are detached, or values and targets "
            "stand in each other's place.",
            _update(value_loss=lambda values, targets: _half_mean_square(values.detach(), targets)),
        ),
        (
            "The critic's loss is without its half: that is mse_loss. value_loss has the half.",
            _update(value_loss=lambda values, targets: (values - targets).square().mean()),
        ),
        (
            "The critic learns the advantages. What it should have said are the targets.",
            _update(aim=lambda advantages, targets: advantages),
        ),
        (
            "value_weight is missing: the critic's loss is multiplied by it.",
            _update(join=lambda policy, value, weight: policy + value),
        ),
        (
            "value_weight multiplies the actor's loss. It belongs to the critic's.",
            _update(join=lambda policy, value, weight: weight * policy + value),
        ),
        (
            "The critic's loss is subtracted, so the critic is driven away from its targets. Add it.",
            _update(join=lambda policy, value, weight: policy - weight * value),
        ),
    ),
)

EXERCISES = (POLICY_LOSS, NORMALIZE, ACTOR_CRITIC_UPDATE)

"""Measurements on one batch: what tells a wrong line from a right one before anything is trained.

A `Look` sends one batch of twenty answers through the lines of a run, from a policy that has drifted a little
and a critic that has learned a little, and remembers what every line said. `MEASUREMENTS` are numbers of it,
each cheap, each for some suspicion. Lesson 15.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike

from course.arrays import Array, finite, one_of, whole
from course.language import tales
from course.language.clinic import CASES, Case, case_of, gae_with
from course.language.lines import LINES, Lines
from course.language.look import ANSWERS, Look
from course.language.model import reference
from course.language.tales import END, PAD, TOP
from course.language.tokens import Tokens
from course.nets import one_thread

HEALTHY = "healthy"
ROUNDING = 1e-6  # float32's, in numbers near 1
PADS = 10  # rows of padding that are appended to see whether anything moves


# The measurements


def _silent_ends(look: Look) -> float:
    silent = look.policy_audit.silent
    return float((look.answers.tokens[tuple(silent.T)] == END).sum())


def _kinds_of_first_tokens(look: Look) -> float:
    chances, draws = _a_decision(look.seed)
    return float(len(np.unique(look.lines["first_tokens"](chances, draws))))


def _a_decision(seed: int) -> tuple[Array, Array]:
    """Chances of the treasure in one unfinished answer, twenty times, and draws.

    In our tales the first word is no decision, it is always `the`; so this asks where one is taken.
    """
    begun = np.concatenate([tales.prompts([0])[0], tales.encode("the old cat found a")])
    with torch.no_grad(), one_thread():
        logits = reference(1)(torch.from_numpy(begun)[None])[0, -1]
    chances = torch.softmax(logits.double(), dim=-1).numpy()
    return np.tile(chances, (ANSWERS, 1)), np.random.default_rng(seed).random(ANSWERS)


def _surprise_before_the_first_step(look: Look) -> float:
    return float(np.abs(look.log_probs - look.answers.log_probs)[look.mask].max())


def _toll_per_nat(look: Look) -> float:
    drift = ((look.log_probs - look.ref_log_probs) * look.mask).sum()
    toll = look.batch.rewards.sum() - look.scores.sum()
    return float(toll / drift / look.settings.beta)


def _gap_at_the_last_token(look: Look) -> float:
    return _gap(look, lam=0.95)


def _gap_at_lambda_one(look: Look) -> float:
    return _gap(look, lam=1.0)


def _gap(look: Look, *, lam: float) -> float:
    """Nothing follows the last token, so its advantage must be what it was paid minus what was expected."""
    ends = np.cumsum(look.mask.sum(axis=1)) - 1  # of each answer, among the written tokens
    last = (np.arange(ANSWERS), look.mask.sum(axis=1) - 1)
    penalty = look.lines["kl_penalty"](
        look.log_probs[last], look.ref_log_probs[last], beta=look.settings.beta
    )
    expected = look.scores + penalty - look.batch.values.T[last]
    return float(np.abs(look.advantages(look.batch, lam=lam)[ends] - expected).max() / TOP)


def _moved_by_padding(look: Look) -> float:
    longer = replace(
        look.answers,
        tokens=np.pad(look.answers.tokens, ((0, 0), (0, PADS)), constant_values=PAD),
        log_probs=np.pad(look.answers.log_probs, ((0, 0), (0, PADS))),
    )
    padded = look.judged(longer, np.pad(look.log_probs, ((0, 0), (0, PADS))))
    before = look.advantages(look.batch, lam=0.95)
    return float(np.abs(look.advantages(padded, lam=0.95) - before).max() / TOP)


def _row_of_the_prize(look: Look) -> float:
    paid = np.abs(look.batch.rewards).argmax(axis=0)
    return float((paid - (look.mask.sum(axis=1) - 1)).max())


def _reaches_the_critic(look: Look) -> float:
    return float(len(look.policy_audit.reached))


def _critic_learns_from(look: Look) -> float:
    found = look.critic_audit
    return 1 - len(found.silent) / found.written


def _worth_where_the_clock_stopped(look: Look) -> float:
    """Of what a state promises, how much still counts when a time limit stopped there."""
    promise = 1.0 + np.random.default_rng(look.seed).random(5)
    stopped = np.array([False, False, False, False, True])
    nothing = np.zeros(5)
    found = gae_with(look.lines["next_worth"])(
        nothing, nothing, promise, np.zeros(5, dtype=bool), stopped, gamma=1.0, lam=0.95
    )
    return float(found[-1] / promise[-1])


def _knows_the_token(look: Look) -> float:
    """How far the value *before* a token moves when that token is another: it cannot know it yet."""
    length = look.mask.shape[1]
    before = look.critic.values(look.answers)[:, :length]
    furthest = 0.0
    for t in (0, 5, 12, length - 1):
        swapped = look.answers.tokens.copy()
        swapped[:, t] = np.where(swapped[:, t] == END, PAD, END)
        after = look.critic.values(replace(look.answers, tokens=swapped))[:, :length]
        furthest = max(furthest, float(np.abs(after - before)[:, t].max()))
    return furthest / TOP


def _first_loss(look: Look) -> float:
    return _first_step(look)[0]


def _agreement(look: Look) -> float:
    return _first_step(look)[1]


def _first_step(look: Look) -> tuple[float, float]:
    """Of the surrogate, on whole answers: the loss, and how well its push agrees with the advantages."""
    given = torch.from_numpy(((look.log_probs) * look.mask).sum(axis=1)).float().requires_grad_()
    advantages = torch.from_numpy(look.centred[:, 0]).float()
    with torch.enable_grad():
        loss = look.lines["surrogate_loss"](given, given.detach(), advantages)
        (push,) = torch.autograd.grad(-loss, given)
    agreement = torch.nn.functional.cosine_similarity(push, advantages, dim=0)
    return abs(loss.item()), agreement.item()


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One number of a `Look`."""

    name: str
    of: Callable[[Look], float]
    unit: str
    tells: tuple[str, ...]  # the lines that it tells from healthy code


MEASUREMENTS = {
    measurement.name: measurement
    for measurement in (
        Measurement(
            name="<end> without a gradient", of=_silent_ends, unit="tokens", tells=("trained_tokens",)
        ),
        Measurement(
            name="different tokens in 20 draws",
            of=_kinds_of_first_tokens,
            unit="tokens",
            tells=("first_tokens",),
        ),
        Measurement(
            name="log-ratio before the first step",
            of=_surprise_before_the_first_step,
            unit="nats",
            tells=("token_log_probs",),
        ),
        Measurement(name="toll for a nat", of=_toll_per_nat, unit="beta", tells=("kl_penalty",)),
        Measurement(
            name="last advantage minus (r - V)",
            of=_gap_at_the_last_token,
            unit="top prizes",
            tells=("ended_rows", "last_rows"),
        ),
        Measurement(name="last advantage at lambda 1", of=_gap_at_lambda_one, unit="top prizes", tells=()),
        Measurement(
            name="moved by 10 rows of padding", of=_moved_by_padding, unit="top prizes", tells=("ended_rows",)
        ),
        Measurement(
            name="row of the prize minus last row", of=_row_of_the_prize, unit="rows", tells=("last_rows",)
        ),
        Measurement(
            name="policy's gradient in the critic",
            of=_reaches_the_critic,
            unit="networks",
            tells=("token_loss",),
        ),
        Measurement(
            name="share of tokens the critic learns from",
            of=_critic_learns_from,
            unit="share",
            tells=("critic_loss",),
        ),
        Measurement(
            name="worth kept at a time limit",
            of=_worth_where_the_clock_stopped,
            unit="share",
            tells=("next_worth",),
        ),
        Measurement(
            name="V before a token knows the token",
            of=_knows_the_token,
            unit="top prizes",
            tells=("values_before",),
        ),
        Measurement(
            name="loss in the first step", of=_first_loss, unit="top prizes", tells=("surrogate_loss",)
        ),
        Measurement(
            name="push agrees with advantages", of=_agreement, unit="cosine", tells=("surrogate_loss",)
        ),
    )
}


def measure(case: Case, lines: Lines, measurement: str, *, seed: int) -> float:
    """One measurement of one batch.

    Raises:
        ValueError: if the measurement is not known.
    """
    chosen = MEASUREMENTS[one_of("measurement", measurement, MEASUREMENTS)]
    return chosen.of(Look(case, lines, seed=seed))


Table = dict[str, dict[str, Array]]  # suspected line, or HEALTHY -> measurement -> one number a seed, [seeds]


def all_looks(*, seeds: int) -> Table:
    """Every measurement of every case as it would be with its line wrong, and of healthy code."""
    seeds = whole("seeds", seeds, low=1)
    usual = CASES["trained_tokens"]
    table = {HEALTHY: _all_of(usual, LINES, seeds)}
    for line, case in CASES.items():
        table[line] = _all_of(case, case.broken, seeds)
    return table


def _all_of(case: Case, lines: Lines, seeds: int) -> dict[str, Array]:
    looks = [Look(case, lines, seed=seed) for seed in range(seeds)]
    return {name: np.array([each.of(look) for look in looks]) for name, each in MEASUREMENTS.items()}


def symptoms(lines: Lines, table: Table) -> list[str]:
    """The measurements that tell these lines from healthy code, on the batches that `table` has of it."""
    seeds = len(next(iter(table[HEALTHY].values())))
    found = _all_of(CASES["trained_tokens"], {**LINES, **lines}, seeds)
    return [name for name in MEASUREMENTS if separates(found[name], table[HEALTHY][name])]


def gaps(line: str, *, lams: ArrayLike, seeds: int) -> Array:
    """How large the gap at a last token is at each lambda, with this line wrong: the largest of all batches.

    Args:
        line: that is wrong.
        lams: to weigh with, [L].
        seeds: batches, at least 1.

    Returns:
        [L], in top prizes.
    """
    case = case_of(line)
    looks = [Look(case, case.broken, seed=seed) for seed in range(whole("seeds", seeds, low=1))]
    return np.array([max(_gap(look, lam=lam) for look in looks) for lam in finite("lams", lams)])


def shortest_answer(look: Look) -> tuple[Tokens, Tokens, Array]:
    """Prompt and tokens of a batch's shortest answer, and the critic's output after each, in points."""
    nth = int(look.mask.sum(axis=1).argmin())
    length = int(look.mask[nth].sum())
    with torch.no_grad(), one_thread():
        outputs = look.critic.units.to_points(look.critic(look.answers))[nth].numpy()
    prompt = look.answers.prompts[nth]
    return prompt, look.answers.tokens[nth, :length], outputs[: len(prompt) + length]


def separates(one: ArrayLike, other: ArrayLike) -> bool:
    """Whether all of the one lie above, or all below, all of the other; rounding does not count."""
    one = finite("one", one)
    other = finite("other", other)
    return bool(one.max() + ROUNDING < other.min() or other.max() + ROUNDING < one.min())


def read(table: Table, line: str, measurement: str) -> str:
    """What a measurement says of healthy code and of code in which this line is wrong, as text."""
    unit = MEASUREMENTS[one_of("measurement", measurement, MEASUREMENTS)].unit
    rows = {"healthy": table[HEALTHY], "wrong line": table[one_of("line", line, table)]}

    said = []
    for who, readings in rows.items():
        numbers = " ".join(f"{each + 0.0:7.3f}" for each in readings[measurement])
        said.append(f"  {who:10s} {numbers}  {unit}")
    count = len(table[HEALTHY][measurement])
    return "\n".join([f"{measurement}, {count} batches", *said])

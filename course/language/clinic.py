"""A clinic for famous bugs: eleven suspicions, each about one line of a run that works.

`LINES` holds the eleven lines as they should be, `WRONG` each as it is often written. A `Case` suspects one
of them. In nine cases it is guilty; in two the line is right, and what is wrong is the mend that suggests
itself. Everything else in the run is the same, so that whatever differs from a healthy run comes from that
line. `treat` runs a case; `looks` measures one batch of it. Lesson 15.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course.arrays import Array, Flags, one_of, whole
from course.language import losses, tokens
from course.language.critic import Critic
from course.language.learning import TYPICAL, Parts, Settings, Step, learn
from course.language.model import REFERENCES, Answers, LanguageModel, reference
from course.returns import gae
from course.worlds.writer import advantage, minus_the_others

Lines = Mapping[str, Callable]

LAM = 0.95  # of every case

LINES: Lines = {
    "trained_tokens": tokens.trained_tokens,
    "first_tokens": tokens.first_tokens,
    "token_log_probs": losses.token_log_probs,
    "kl_penalty": tokens.kl_penalty,
    "ended_rows": tokens.ended_rows,
    "last_rows": tokens.last_rows,
    "critic_loss": losses.critic_loss,
    "token_loss": losses.token_loss,
    "next_worth": tokens.next_worth,
    "values_before": tokens.values_before,
    "surrogate_loss": losses.surrogate_loss,
}


# The lines as they are often written. Each is the first known mistake of its exercise, which a test asserts.


def _without_ends(written: tokens.Tokens, end: int) -> Flags:
    return tokens.answer_mask(written, end) & (written != end)


def _one_draw_for_all(chances: Array, draws: Array) -> tokens.Tokens:
    return tokens.first_tokens(chances, np.full_like(draws, draws[0]))


def _whatever_the_temperature(logits: Tensor, written: Tensor, *, temperature: float) -> Tensor:
    return losses.token_log_probs(logits, written, temperature=1.0)


def _paid_for_drift(log_probs: Array, ref_log_probs: Array, *, beta: float) -> Array:
    return -tokens.kl_penalty(log_probs, ref_log_probs, beta=beta)


def _ended_with_the_array(last: tokens.Tokens, rows: int) -> Flags:
    return tokens.ended_rows(np.full_like(last, rows - 1), rows)


def _one_row_late(mask: Flags) -> tokens.Tokens:
    return mask.sum(axis=1)


def _values_detached(values: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    return losses.critic_loss(values.detach(), targets, mask)


def _advantages_with_their_graph(
    log_probs: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip: float,
    divisor: float,
) -> Tensor:
    ratio = (log_probs - old_log_probs.detach())[mask].exp()
    free = ratio * advantages[mask]
    held = ratio.clamp(1 - clip, 1 + clip) * advantages[mask]
    return -torch.minimum(free, held).sum() / divisor


def _flags_merged(next_values: Array, terminated: Flags, truncated: Flags) -> Array:
    return tokens.next_worth(next_values, terminated | truncated, truncated)


def _the_mended_slice(outputs: Array, length: int) -> Array:
    return outputs[:, -length:]


def _a_loss_that_is_not_zero(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor) -> Tensor:
    return losses.surrogate_loss(log_probs, old_log_probs, advantages.abs())


WRONG: Lines = {
    "trained_tokens": _without_ends,
    "first_tokens": _one_draw_for_all,
    "token_log_probs": _whatever_the_temperature,
    "kl_penalty": _paid_for_drift,
    "ended_rows": _ended_with_the_array,
    "last_rows": _one_row_late,
    "critic_loss": _values_detached,
    "token_loss": _advantages_with_their_graph,
    "next_worth": _flags_merged,
    "values_before": _the_mended_slice,
    "surrogate_loss": _a_loss_that_is_not_zero,
}


USUAL = Settings(updates=40)
GROUPS = Settings(updates=40, same_prompt=True, critic=False)
COLD = Settings(updates=40, temperature=0.7)
WHOLE_ANSWERS = Settings(updates=40, critic=False, epochs=1)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One suspicion: a complaint, and the line that is accused."""

    name: str  # what is suspected, in a few words
    line: str  # of LINES
    complaint: str  # what somebody reports
    guilty: bool = True  # or the line is right, and the mend would be wrong
    settings: Settings = USUAL
    weigh: Callable = advantage

    @property
    def broken(self) -> Lines:
        """All lines, this one wrong."""
        return {**LINES, self.line: WRONG[self.line]}

    @property
    def reported(self) -> Lines:
        """All lines as they are in the run that is complained about."""
        return self.broken if self.guilty else LINES


CASES = {
    case.line: case
    for case in (
        Case(
            name="<end> out of the gradient",
            line="trained_tokens",
            complaint="My answers grow, and then they shrink. The prize goes up and down with them.",
        ),
        Case(
            name="first token shared",
            line="first_tokens",
            complaint="All answers to a prompt begin alike. Is that my model, or my code?",
            settings=GROUPS,
            weigh=minus_the_others,
        ),
        Case(
            name="temperature ignored",
            line="token_log_probs",
            complaint="What I log while training is better than what I measure afterwards.",
            settings=COLD,
        ),
        Case(
            name="sign of the KL",
            line="kl_penalty",
            complaint="I doubled beta, and the model moved even further away.",
        ),
        Case(
            name="padding inside GAE",
            line="ended_rows",
            complaint="All my answers get the same length, and not the best one.",
        ),
        Case(
            name="reward one row late",
            line="last_rows",
            complaint="A reviewer says that my reward stands one row too low. My curves look perfect.",
        ),
        Case(
            name="critic detached",
            line="critic_loss",
            complaint="The critic's loss falls for a while. The critic is no help at all.",
        ),
        Case(
            name="advantages not detached",
            line="token_loss",
            complaint="A reviewer misses a detach. My curves look perfect.",
        ),
        Case(
            name="merged flags",
            line="next_worth",
            complaint="CartPole learns until it nearly balances for ever, and then it wobbles.",
        ),
        Case(
            name="a slice that looks off by one",
            line="values_before",
            complaint="outputs[:, -length - 1 : -1] skips the last value and takes one of the prompt's.",
            guilty=False,
        ),
        Case(
            name="a loss of 0",
            line="surrogate_loss",
            complaint="My loss is 0.0000 in every first step. Nothing can be learned from 0.",
            guilty=False,
            settings=WHOLE_ANSWERS,
            weigh=minus_the_others,
        ),
    )
}


def case_of(line: str) -> Case:
    """The case that suspects this line.

    Raises:
        ValueError: if there is none; it names the nearest.
    """
    return CASES[one_of("line", line, CASES)]


def treat(case: Case, lines: Lines, *, seed: int, updates: int | None = None) -> Iterator[Step]:
    """Run a case on the language model, with these lines, from the shipped reference on.

    Args:
        case: gives the settings and the weight of a token. "next_worth" has no time limit here, and is run
            on CartPole instead (`gae_with`).
        lines: `LINES`, `case.broken`, or with a line of your own.
        seed: of answers and critic, and of the reference (`start_of`).
        updates: as in the case's settings if not given.

    Yields:
        A `Step` for each iteration.
    """
    settings = case.settings
    if updates is not None:
        settings = Settings(**{**settings.__dict__, "updates": whole("updates", updates, low=1)})
    critic = None
    if settings.critic:
        critic = SlicedCritic(seed=seed, values_before=lines["values_before"])
    return learn(
        case.weigh,
        seed=seed,
        start=start_of(seed=seed),
        settings=settings,
        parts=parts(case, lines),
        critic=critic,
    )


def start_of(*, seed: int) -> LanguageModel:
    """The shipped reference that runs of this seed begin with, and that their drift is counted from."""
    return reference(whole("seed", seed, low=0) % REFERENCES)


def parts(case: Case, lines: Lines) -> Parts:
    """The lines where the loop of `learn` has them."""
    token_loss = lines["token_loss"]
    if case.line == "surrogate_loss":
        token_loss = _of_whole_answers(lines["surrogate_loss"])
    return Parts(
        token_rewards=functools.partial(_rewards, lines["kl_penalty"]),
        first_tokens=lines["first_tokens"],
        trained_tokens=lines["trained_tokens"],
        last_rows=lines["last_rows"],
        ended_rows=lines["ended_rows"],
        token_log_probs=lines["token_log_probs"],
        token_loss=token_loss,
        critic_loss=functools.partial(_joint, lines),
    )


def _rewards(
    penalty: Callable, score: float, log_probs: Array, ref_log_probs: Array, *, beta: float
) -> Array:
    """`token_rewards`, with this penalty."""
    rewards = penalty(log_probs, ref_log_probs, beta=beta)
    rewards[-1] += score
    return rewards


def _joint(lines: Lines, values: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """The critic's loss as part of a sum with the policy's, as where both share an optimizer.

    The policy's loss adds nothing to the critic's gradient, unless its advantages have kept their graph. A
    sum has a gradient even if one of its terms has none, and so no error says that the critic is detached.
    """
    own = lines["critic_loss"](values, targets, mask)
    nothing_moved = torch.zeros_like(values)
    policy = lines["token_loss"](
        nothing_moved,
        nothing_moved,
        advantages_of(values, mask),
        mask,
        clip=0.2,
        divisor=float(len(values) * TYPICAL),
    )
    return own + policy + 0.0 * values.sum()


def advantages_of(values: Tensor, mask: Tensor) -> Tensor:
    """GAE of answers that are paid nothing, as a graph in the values [B, T]: rewards have no gradient."""
    held = values * mask
    following = torch.cat([held[:, 1:], torch.zeros_like(held[:, :1])], dim=1)
    deltas = following - held

    places = torch.arange(values.shape[1])
    ahead = places[None, :] - places[:, None]
    weights = torch.where(ahead >= 0, LAM ** ahead.clamp(min=0), 0.0).to(values.dtype)
    return deltas @ weights.T


def _of_whole_answers(loss: Callable) -> Callable:
    """A `token_loss` that weighs answers: one log-probability and one advantage each."""

    def answer_loss(
        log_probs: Tensor,
        old_log_probs: Tensor,
        advantages: Tensor,
        mask: Tensor,
        *,
        clip: float,
        divisor: float,
    ) -> Tensor:
        new = (log_probs * mask).sum(dim=1)
        old = (old_log_probs * mask).sum(dim=1)
        return loss(new, old, advantages[:, 0]) * len(new) / divisor

    return answer_loss


class SlicedCritic(Critic):
    """A critic whose values before each token are found by a line of your own."""

    def __init__(self, *, seed: int, values_before: Callable = tokens.values_before) -> None:
        """Take the line beside what every critic takes."""
        super().__init__(seed=seed)
        self.values_before = values_before

    def forward(self, answers: Answers) -> Tensor:
        """V in units, [B, 3 + T], moved to where the line says it stands."""
        outputs = super().forward(answers)
        length = answers.tokens.shape[1]
        columns = np.arange(outputs.shape[1])

        # The line is asked for numbers of columns, so that the gradient finds its way.
        columns[-length - 1 : -1] = self.values_before(columns[None].astype(float), length)[0]
        return outputs[:, columns]


def gae_with(next_worth: Callable) -> Callable:
    """Lesson 8's `gae`, where what is reached is worth what this line says."""

    def advantages(
        rewards: Array,
        values: Array,
        next_values: Array,
        terminated: Flags,
        truncated: Flags,
        *,
        gamma: float,
        lam: float,
    ) -> Array:
        worth = next_worth(next_values, terminated, truncated)
        return gae(rewards, values, worth, terminated, truncated, gamma=gamma, lam=lam)

    return advantages

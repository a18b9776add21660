"""A clinic for famous bugs: eleven suspicions, each about one line of a run that works.

A `Case` suspects one of the `lines`. In nine cases it is guilty; in two the line is right, and what is wrong
is the mend that suggests itself. Everything else in the run is the same, so that whatever differs from a
healthy run comes from that line. `treat` runs a case; `looks` measures one batch of it. Lesson 15.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course.arrays import Array, Flags, one_of, whole
from course.language import tokens
from course.language.critic import Critic
from course.language.learning import TYPICAL, Parts, Settings, Step, learn
from course.language.lines import LINES, WRONG, Lines
from course.language.model import REFERENCES, Answers, LanguageModel, reference
from course.returns import gae
from course.worlds.writer import advantage, minus_the_others

LAM = 0.95  # of every case
USUAL = Settings(updates=40)
GROUPS = Settings(updates=40, same_prompt=True, critic=False)
COLD = Settings(updates=40, temperature=0.7)
WHOLE_ANSWERS = Settings(updates=40, critic=False, epochs=1)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One suspicion: a complaint, and the line that is accused."""

    patient: str  # the symptom, in a few words
    name: str  # of the bug, or of what looks like one
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
            patient="lengths that swing",
            name="<end> out of the gradient",
            line="trained_tokens",
            complaint="The answers grow, and then they shrink, and the prize goes with them.",
        ),
        Case(
            patient="some seeds die",
            name="temperature ignored",
            line="token_log_probs",
            complaint="With the same settings some seeds flourish and others die.",
            settings=COLD,
        ),
        Case(
            patient="off the leash",
            name="sign of the KL",
            line="kl_penalty",
            complaint="I doubled beta, and the model moved even further away.",
        ),
        Case(
            patient="stuck at one length",
            name="padding inside GAE",
            line="ended_rows",
            complaint="The answers get one length and keep it. Longer ones would be paid better.",
        ),
        Case(
            patient="one row too late?",
            name="reward one row late",
            line="last_rows",
            complaint="A reviewer says that my reward stands one row too late. My curves look perfect.",
        ),
        Case(
            patient="no help from the critic",
            name="critic detached",
            line="critic_loss",
            complaint="The critic's loss falls for a while. The critic is no help at all.",
        ),
        Case(
            patient="off by one?",
            name="a slice that looks off by one",
            line="values_before",
            complaint="A reviewer says that outputs[:, -length - 1 : -1] is off by one.",
            guilty=False,
        ),
        Case(
            patient="a loss of 0",
            name="a loss of 0",
            line="surrogate_loss",
            complaint="My loss is 0.0000 in every first step. What should be learned from 0?",
            guilty=False,
            settings=WHOLE_ANSWERS,
            weigh=minus_the_others,
        ),
        Case(
            patient="a detach too few?",
            name="advantages not detached",
            line="token_loss",
            complaint="A reviewer misses a detach. My curves look perfect.",
        ),
        Case(
            patient="all begin alike",
            name="first token shared",
            line="first_tokens",
            complaint="All answers to a prompt begin alike. Is that my model, or my code?",
            settings=GROUPS,
            weigh=minus_the_others,
        ),
        Case(
            patient="perfect, and then not",
            name="merged flags",
            line="next_worth",
            complaint="CartPole learns to balance for ever, and then it begins to wobble.",
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

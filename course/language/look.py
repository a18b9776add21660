"""One batch of twenty answers through the lines of a run, and what every line said of it.

The policy has drifted a little and the critic has learned a little, because a critic that says 0 to all, and
a drift of 0, hide mistakes. Lesson 15.
"""

import functools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from course.arrays import Array
from course.language import tales
from course.language.audit import Audit, audit
from course.language.clinic import Case, SlicedCritic, advantages_of, parts
from course.language.learning import TYPICAL, judged
from course.language.lines import LINES, Lines
from course.language.model import Answers, LanguageModel, reference, write
from course.language.tales import END, PROMPT, TOP
from course.nets import one_thread
from course.returns import gae, leave_one_out
from course.worlds.writer import Batch

ANSWERS = 20


class Look:
    """One batch of a case, with these lines; what is measured is worked out when it is asked for."""

    def __init__(self, case: Case, lines: Lines, *, seed: int) -> None:
        """Write the batch; `seed` draws the answers."""
        self.case = case
        self.lines = lines
        self.seed = seed
        self.parts = parts(case, lines)
        self.settings = case.settings
        self.policy = reference(1)  # another than the reference of the KL, so that there is a drift

        self.answers = _written(1, lines["first_tokens"], seed, temperature=self.settings.temperature)
        self.mask = self.answers.mask
        self.scores = tales.rule(self.answers.tokens)
        self.critic = experienced_critic(lines["values_before"])

    def log_probs_under(self, model: LanguageModel) -> Array:
        """Of what was written, as the loss sees them, [B, T]."""
        with torch.no_grad(), one_thread():
            found = self.lines["token_log_probs"](
                model.answer_logits(self.answers.texts),
                torch.from_numpy(self.answers.tokens),
                temperature=self.settings.temperature,
            )
        return found.double().numpy()

    @functools.cached_property
    def log_probs(self) -> Array:
        """Under the policy."""
        return self.log_probs_under(self.policy)

    @functools.cached_property
    def batch(self) -> Batch:
        """What `weigh` would be given."""
        return self.judged(self.answers, self.log_probs)

    def judged(self, answers: Answers, log_probs: Array) -> Batch:
        """The batch of answers that may have been padded further."""
        drift = log_probs.shape[1] - self.ref_log_probs.shape[1]
        ours = np.pad(self.ref_log_probs, ((0, 0), (0, drift)))
        return judged(
            answers, self.scores, log_probs, ours, self.critic, settings=self.settings, parts=self.parts
        )

    @functools.cached_property
    def ref_log_probs(self) -> Array:
        """Under the frozen reference."""
        return self.log_probs_under(reference(0))

    def advantages(self, batch: Batch, *, lam: float) -> Array:
        """Of the written tokens alone, [written]; GAE, whatever the case weighs with."""
        found = gae(
            batch.rewards,
            batch.values,
            batch.next_values,
            batch.terminated,
            batch.truncated,
            gamma=1.0,
            lam=lam,
        )
        return found[: self.mask.shape[1]].T[self.mask]

    @functools.cached_property
    def centred(self) -> Array:
        """One weight an answer, minus the mean of the others, on each of its tokens, [B, T]; in prizes."""
        return np.tile(leave_one_out(self.scores)[:, None], (1, self.mask.shape[1])) / TOP

    def policy_loss(self, log_probs: Tensor, advantages: Tensor) -> Tensor:
        """The case's loss of the policy, before its first step."""
        return self.parts.token_loss(
            log_probs,
            torch.from_numpy(self.log_probs).float(),
            advantages,
            torch.from_numpy(self.lines["trained_tokens"](self.answers.tokens, END)),
            clip=self.settings.clip,
            divisor=float(ANSWERS * TYPICAL),
        )

    @functools.cached_property
    def policy_audit(self) -> Audit:
        """Who gets a gradient from the policy's loss; its advantages are the critic's, with their graph."""
        mask = torch.from_numpy(self.mask)
        with torch.enable_grad(), one_thread():
            values = self.critic(self.answers)[:, PROMPT - 1 : -1]
            advantages = torch.from_numpy(self.centred).float() + advantages_of(values, mask)
            return audit(
                lambda log_probs: self.policy_loss(log_probs, advantages),
                self.log_probs,
                self.mask,
                data={"the critic": self.critic},
                tokens=self.answers.tokens,
            )

    @functools.cached_property
    def critic_audit(self) -> Audit:
        """Who gets a gradient from the critic's loss."""
        to_go = np.cumsum(self.batch.rewards[::-1], axis=0)[::-1].T[:, : self.mask.shape[1]]
        wanted = self.critic.units.to_units(torch.from_numpy(to_go.copy()))
        values = self.critic.units.to_units(torch.from_numpy(self.batch.values.T[:, :-1].copy()))
        counted = torch.from_numpy(self.mask)
        return audit(
            lambda guesses: self.lines["critic_loss"](guesses, wanted, counted),
            values.numpy(),
            self.mask,
            tokens=self.answers.tokens,
        )


@functools.lru_cache(maxsize=64)
def _written(which: int, draw_first: Callable, seed: int, *, temperature: float = 1.0) -> Answers:
    """A batch of a shipped reference, the same for all cases that write alike."""
    return write(
        reference(which),
        np.arange(ANSWERS) % len(tales.HEROES),
        generator=torch.Generator().manual_seed(seed),
        temperature=temperature,
        draw_first=draw_first,
    )


@functools.cache
def experienced_critic(values_before: Callable) -> SlicedCritic:
    """A critic that has learned from three batches of the reference."""
    critic = SlicedCritic(seed=0, values_before=values_before)
    for seed in range(3):
        answers = _written(0, LINES["first_tokens"], seed)
        targets = np.tile(tales.rule(answers.tokens)[:, None], (1, answers.tokens.shape[1]))
        critic.learn(answers, targets)
    return critic

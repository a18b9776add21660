"""A judge who learned from preferences: which of two answers did somebody like better?

    pool           answers to compare: the reference's own, and some that were cut off
    preferences    pairs of them; the rule of lesson 13 is the reader who prefers, so the truth stays known
    LearnedJudge   a small recurrent network that learns a score from the pairs (Bradley and Terry, 1952)

A learned score has no zero, as only differences were seen; these are log-odds of being preferred. The judge
counts in standard deviations of the answers that he learned from. Lesson 14.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from course.arrays import Array, Refusal, number, whole
from course.language import tales
from course.language.model import LanguageModel, write
from course.language.tales import END, HEROES, LONGEST, PAD, WORDS
from course.language.tokens import answer_mask, last_rows
from course.losses import preference_loss
from course.nets import one_thread

Tokens = NDArray[np.int64]

FEATURES = 32  # of a word, and of what was read so far


def pool(model: LanguageModel, n: int, *, seed: int, cut: float = 0.2) -> Tokens:
    """Answers for somebody to compare, some of them without an end.

    A model that was pre-trained on whole tales hardly ever fails to end one. So for a share of the answers
    the words of others are put one after the other until the limit is reached.

    Args:
        model: who writes them.
        n: how many, at least 2.
        seed: of the answers, and of which of them are cut.
        cut: share of answers without an end, from 0 to 1.

    Returns:
        Tokens of the answers, shape [n, 50].
    """
    n = whole("n", n, low=2)
    cut = number("cut", cut, low=0, high=1)
    generator = torch.Generator().manual_seed(seed)
    rng = np.random.default_rng(seed)

    written = write(model, np.arange(n) % len(HEROES), generator=generator).tokens
    answers = np.full((n, LONGEST), PAD)
    answers[:, : written.shape[1]] = written

    sentences = [row[(row != PAD) & (row != END)] for row in written]
    for place in np.flatnonzero(rng.random(n) < cut):
        words = np.concatenate([sentences[other] for other in rng.integers(n, size=LONGEST)])
        answers[place] = words[:LONGEST]
    return answers


def preferences(tokens: ArrayLike, n: int, *, seed: int, flipped: float = 0.0) -> tuple[Tokens, Tokens]:
    """Pairs of answers, and which of the two is preferred: the one that the rule pays more.

    Args:
        tokens: answers, shape [B, T].
        n: how many pairs; an answer may stand in several. Two answers that are paid alike make no pair.
        seed: of the pairs.
        flipped: share of the pairs in which the reader errs.

    Returns:
        The chosen and the rejected answers, each [n, T].

    Raises:
        ValueError: if all answers are paid alike, so that nothing can be preferred.
    """
    tokens = tales.as_tokens("tokens", tokens)
    n = whole("n", n, low=1)
    flipped = number("flipped", flipped, low=0, high=1)
    scores = tales.rule(tokens)
    if (scores == scores[0]).all():
        raise Refusal(f"tokens: all {len(tokens)} answers are paid alike, so that nothing can be preferred")

    rng = np.random.default_rng(seed)
    pairs = np.empty((0, 2), dtype=np.int64)
    while len(pairs) < n:
        drawn = rng.integers(len(tokens), size=(2 * n, 2))
        unlike = scores[drawn[:, 0]] != scores[drawn[:, 1]]
        pairs = np.concatenate([pairs, drawn[unlike]])
    first, second = pairs[:n].T

    errs = rng.random(n) < flipped
    first_wins = (scores[first] > scores[second]) ^ errs
    chosen = np.where(first_wins, first, second)
    rejected = np.where(first_wins, second, first)
    return tokens[chosen], tokens[rejected]


class LearnedJudge:
    """Reads an answer word by word and gives it a score; some 7,700 weights."""

    def __init__(self, *, seed: int, lr: float = 5e-3) -> None:
        """Draw the weights; `lr` is Adam's step size."""
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.words = nn.Embedding(len(WORDS), FEATURES)
            self.reads = nn.GRU(FEATURES, FEATURES, batch_first=True)
            self.head = nn.Linear(FEATURES, 1)
        self.mean = 0.0
        self.spread = 1.0

        weights = [*self.words.parameters(), *self.reads.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.Adam(weights, lr, weight_decay=1e-4)
        self.generator = torch.Generator().manual_seed(seed)

    @torch.no_grad()
    def __call__(self, tokens: ArrayLike) -> Array:
        """Scores of answers [B, T], in standard deviations of those that he learned from, shape [B]."""
        with one_thread():
            raw = self._raw(tales.as_tokens("tokens", tokens)).double().numpy()
        return (raw - self.mean) / self.spread

    def learn(
        self,
        chosen: ArrayLike,
        rejected: ArrayLike,
        *,
        loss: Callable[[Tensor, Tensor], Tensor] = preference_loss,
        steps: int = 200,
        rows: int = 64,
    ) -> None:
        """Learn from pairs, some of them in each step.

        Args:
            chosen, rejected: the answers of each pair, [n, T] both.
            loss: of the scores of the chosen and of the rejected answers, [rows] each.
            steps: how many.
            rows: pairs in a step, at most.

        Raises:
            ValueError: if the shapes differ, or a pair is one answer with itself.
        """
        chosen, rejected = _pairs(chosen, rejected)
        steps = whole("steps", steps, low=1)
        rows = min(whole("rows", rows, low=1), len(chosen))

        with one_thread(), torch.enable_grad():
            for _ in range(steps):
                drawn = torch.randint(len(chosen), (rows,), generator=self.generator).numpy()
                scores = self._raw(np.concatenate([chosen[drawn], rejected[drawn]]))
                self.optimizer.zero_grad()
                loss(scores[:rows], scores[rows:]).backward()
                self.optimizer.step()
        self._count_in_deviations(np.concatenate([chosen, rejected]))

    def accuracy(self, chosen: ArrayLike, rejected: ArrayLike) -> float:
        """The share of pairs [n, T] in which he scores the chosen answer higher."""
        chosen, rejected = _pairs(chosen, rejected)
        return float((self(chosen) > self(rejected)).mean())

    def _raw(self, tokens: Tokens) -> Tensor:
        """Scores as the network gives them at each answer's last token, [B]; the gradient flows."""
        mask = answer_mask(tokens, END)
        upto = tokens[:, : mask.any(axis=0).sum()]
        read, _ = self.reads(self.words(torch.from_numpy(upto)))
        return self.head(read[torch.arange(len(tokens)), torch.from_numpy(last_rows(mask))])[:, 0]

    @torch.no_grad()
    def _count_in_deviations(self, tokens: Tokens) -> None:
        with one_thread():
            raw = self._raw(tokens).double()
        self.mean = float(raw.mean())
        self.spread = max(float(raw.std(correction=0)), 1e-8)


def _pairs(chosen: ArrayLike, rejected: ArrayLike) -> tuple[Tokens, Tokens]:
    chosen = tales.as_tokens("chosen", chosen)
    rejected = tales.as_tokens("rejected", rejected)
    if chosen.shape != rejected.shape:
        raise Refusal(
            f"chosen and rejected must have one shape [n, T], got {chosen.shape} and {rejected.shape}"
        )
    same = np.flatnonzero((chosen == rejected).all(axis=1))
    if len(same):
        raise Refusal(f"pair {same[0]} is one answer with itself: nothing was preferred to anything")
    return chosen, rejected

"""A writer who learns from one payment at the end: the world of the figure that runs through the course.

An answer has 500 tokens, each one of five kinds. A judge reads the whole answer and pays once, at the
end: 5 million points for every token of kind 0 (which nobody tells the writer). So random answers earn 500
million points on average, and the best answer 2,500 million. The policy is a row of five logits for each
place. Answers come in batches of 20, and Adam makes one step a batch.

Nothing about the judge ever changes. What changes, lesson by lesson, is the weight that each token gets.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course.arrays import Array, Refusal, finite, one_of, whole
from course.returns import gae, leave_one_out, td_errors

PLACES = 500  # tokens in an answer
KINDS = 5  # of tokens
ANSWERS = 20  # in a batch
PAY = 5e6  # points for a token of kind 0
BEST = PAY * PLACES  # points for an answer of nothing but such tokens
STEP_SIZE = 0.3  # Adam's
CRITICS = ("exact", "learned", "blind")


@dataclass(frozen=True, eq=False, kw_only=True)
class Batch:
    """Twenty answers side by side, as `gae` takes them. Row t is the step that writes token t."""

    rewards: Array  # [T, N] points; the judge's whole score stands in the last row
    values: Array  # [T, N] points; what the critic expected before token t was written
    next_values: Array  # [T, N] points; what it expects after it
    terminated: NDArray[np.bool_]  # [T, N] true in the last row
    truncated: NDArray[np.bool_]  # [T, N] never true


@dataclass(frozen=True, eq=False, kw_only=True)
class Learning:
    """How a policy learned, over S seeds and U updates."""

    scores: Array  # [S, U + 1] mean score of the policy before the first update and after each, in points
    cosines: Array  # [S, U] between the gradient that a batch gave and the true one
    explained_variance: Array  # [S, U] of the critic on the batch, against the score; NaN for a blind one


def learn(
    weigh: Callable[[Batch], Array], *, critic: str = "exact", seeds: int = 10, updates: int = 100
) -> Learning:
    """Let the writer learn with your own weight for every token.

        gradient = mean over the batch of  sum over t of  w_t grad log pi(a_t)

    Args:
        weigh: takes a `Batch`, arrays [T, N] with T = 500 places and N = 20 answers, and returns the
            weights w_t, [T, N].
        critic: who fills in the values. "exact" knows what was paid for the tokens so far and what the
            present policy may still expect; "learned" is linear in the number of tokens 0 so far and of
            places left, fitted on the batches before, and says 0 to the first; "blind" knows what an
            answer earns on average, and nothing of what was written.
        seeds: how many runs, at least 1; run s of a seed is the same however many are asked for.
        updates: how many, at least 1.

    Returns:
        The scores of the policy, and how well each batch pointed.

    Raises:
        ValueError: if `critic` is not known, a number is below 1, or `weigh` raises or returns
            anything but finite numbers of shape [T, N]; it names the function.

    Adam: Kingma & Ba (2015), https://arxiv.org/abs/1412.6980. Lessons 5 to 8.
    """
    import torch  # a second to load, and no other world needs it
    from tqdm import tqdm

    one_of("critic", critic, CRITICS)
    seeds = whole("seeds", seeds, low=1)
    updates = whole("updates", updates, low=1)
    if not callable(weigh):
        raise Refusal(f"weigh must be a function, got {weigh!r:.60}")

    rngs = [np.random.default_rng([seed, 5]) for seed in range(seeds)]
    critics = [_CRITICS[critic]() for _ in range(seeds)]
    logits = torch.zeros((seeds, PLACES, KINDS), dtype=torch.float64)
    optimizer = torch.optim.Adam([logits], lr=STEP_SIZE, maximize=True)

    scores = np.empty((seeds, updates + 1))
    cosines = np.empty((seeds, updates))
    explained = np.empty((seeds, updates))
    for update in tqdm(range(updates), desc="the writer learns", delay=5, leave=False):
        chance = _softmax(logits.numpy())
        scores[:, update] = _expected_score(chance)

        gradients = np.empty_like(chance)
        for s, (rng, judge) in enumerate(zip(rngs, critics, strict=True)):
            tokens = _write(chance[s], rng)
            batch, explained[s, update] = _judged(tokens, chance[s], judge)
            weights = weights_of(weigh, batch)
            gradients[s] = _gradient(tokens, chance[s], weights)
            cosines[s, update] = _cosine(gradients[s], _true_gradient(chance[s]))

        logits.grad = torch.from_numpy(gradients)
        optimizer.step()
    scores[:, updates] = _expected_score(_softmax(logits.numpy()))
    return Learning(scores=scores, cosines=cosines, explained_variance=explained)


def write(logits: Array, rng: np.random.Generator) -> tuple[NDArray[np.int64], Array]:
    """Write one answer.

    Args:
        logits: a row for each place, shape [T, K].
        rng: draws the tokens.

    Returns:
        The tokens, shape [T], and the probabilities that they were drawn from, shape [T, K], in the
        precision of `logits`: in 32 bits a token that lies a gap of 104 behind has exactly 0.
    """
    chance = _softmax(logits)
    upto = np.cumsum(chance, axis=1, dtype=np.float64)
    draws = rng.random((len(logits), 1)) * upto[:, -1:]
    return (draws >= upto[:, :-1]).sum(axis=1), chance


def whole_score(e: Batch) -> Array:
    """Line 1, lesson 5: every token gets all that its answer was paid."""
    return np.tile(e.rewards.sum(axis=0), (len(e.rewards), 1))


def minus_the_others(e: Batch) -> Array:
    """Line 2, lesson 6: what its answer was paid, minus the mean of the other nineteen."""
    return np.tile(leave_one_out(e.rewards.sum(axis=0)), (len(e.rewards), 1))


def score_minus_value(e: Batch) -> Array:
    """Line 3, lesson 6: what its answer was paid, minus what was expected before the token."""
    return e.rewards.sum(axis=0) - e.values


def surprise(e: Batch) -> Array:
    """Line 4, lesson 7: the TD error."""
    return td_errors(e.rewards, e.values, e.next_values, e.terminated, gamma=1.0)


def advantage(e: Batch) -> Array:
    """Line 5, lesson 8: GAE with lambda 0.95."""
    return gae(e.rewards, e.values, e.next_values, e.terminated, e.truncated, gamma=1.0, lam=0.95)


# The five lines of THE figure, by the names that it gives them.
WEIGHTS = {
    "whole score": whole_score,
    "minus the others": minus_the_others,
    "R - V": score_minus_value,
    "TD error": surprise,
    "GAE 0.95": advantage,
}


def five_lines(*, critic: str = "exact", seeds: int = 10, updates: int = 100) -> dict[str, Learning]:
    """All five lines of THE figure, drawn by the course's own functions; arguments as `learn`."""
    return {
        name: learn(weigh, critic=critic, seeds=seeds, updates=updates) for name, weigh in WEIGHTS.items()
    }


class _Exact:
    """Paid for so far, and what the present policy may still expect."""

    def values(self, written: Array, chance: Array) -> Array:
        expected = PAY * chance[:, 0]
        still_to_come = np.append(np.cumsum(expected[::-1])[::-1], 0.0)
        return PAY * written + still_to_come[:, None]

    def learn(self, written: Array, scores: Array) -> None:
        pass


class _Learned:
    """Linear in what was written and what is left: least squares on the batches before, old ones fading."""

    FADE = 0.5  # weight of everything before, at each batch

    def __init__(self) -> None:
        self.weights = np.zeros(3)
        self.squares = 1e-3 * np.eye(3)
        self.products = np.zeros(3)

    def values(self, written: Array, chance: Array) -> Array:
        return self._features(written) @ self.weights

    def learn(self, written: Array, scores: Array) -> None:
        rows = self._features(written[:-1]).reshape(-1, 3)
        outcomes = np.broadcast_to(scores, written[:-1].shape).ravel()
        self.squares = self.FADE * self.squares + rows.T @ rows / len(rows)
        self.products = self.FADE * self.products + rows.T @ outcomes / len(rows)
        self.weights = np.linalg.solve(self.squares + 1e-6 * np.eye(3), self.products)

    @staticmethod
    def _features(written: Array) -> Array:
        left = np.arange(PLACES, PLACES - len(written), -1)[:, None]
        ones = np.ones(written.shape)
        return np.stack([written / PLACES, left / PLACES * ones, ones], axis=-1)


class _Blind:
    """What an answer earns on average, whatever is written: a constant that follows the batches."""

    RATE = 0.5

    def __init__(self) -> None:
        self.mean = BEST / KINDS  # of random answers

    def values(self, written: Array, chance: Array) -> Array:
        return np.full(written.shape, self.mean)

    def learn(self, written: Array, scores: Array) -> None:
        self.mean += self.RATE * (scores.mean() - self.mean)


_CRITICS = {"exact": _Exact, "learned": _Learned, "blind": _Blind}


def _softmax(logits: Array) -> Array:
    high = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return high / high.sum(axis=-1, keepdims=True)


def _expected_score(chance: Array) -> Array:
    """Mean score of the policy, exactly: every place pays with the chance of a token 0 there."""
    return PAY * chance[..., 0].sum(axis=-1)


def _write(chance: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the batch's tokens, [T, N], from the chances [T, K]."""
    draws = rng.random((PLACES, ANSWERS))
    upto = np.cumsum(chance, axis=1)[:, :-1]
    return (draws[:, :, None] >= upto[:, None, :]).sum(axis=-1)


def _judged(tokens: NDArray[np.int64], chance: Array, critic: object) -> tuple[Batch, float]:
    """The answers with the judge's payment and the critic's values; the critic then learns from them."""
    liked = tokens == 0
    written = np.concatenate([np.zeros((1, ANSWERS)), np.cumsum(liked, axis=0)])  # [T + 1, N]
    scores = PAY * written[-1]
    values = critic.values(written, chance)
    values[-1] = 0.0  # the answer is over: nothing can follow

    rewards = np.zeros(tokens.shape)
    rewards[-1] = scores
    terminated = np.zeros(tokens.shape, dtype=bool)
    terminated[-1] = True
    batch = Batch(
        rewards=rewards,
        values=values[:-1].copy(),
        next_values=values[1:].copy(),
        terminated=terminated,
        truncated=np.zeros(tokens.shape, dtype=bool),
    )

    explained = _explained(scores - batch.values, scores)
    critic.learn(written, scores)
    return batch, explained


def _explained(misses: Array, scores: Array) -> float:
    spread = scores.var()
    return float(1 - misses.var() / spread) if spread else float("nan")


def weights_of(weigh: Callable[[Batch], Array], batch: Batch) -> Array:
    """The learner's weights, or a refusal in one line that names the function."""
    name = getattr(weigh, "__name__", type(weigh).__name__)
    try:
        given = weigh(batch)
    except Exception as error:
        said = " ".join(str(error).split())
        raise Refusal(f"weigh: {name} raised {type(error).__name__}: {said}") from error

    weights = finite(f"weigh: what {name} returns", given)
    if weights.shape != batch.rewards.shape:
        wanted = batch.rewards.shape
        raise Refusal(f"weigh: what {name} returns must have shape {wanted}, got {weights.shape}")
    return weights


def _gradient(tokens: NDArray[np.int64], chance: Array, weights: Array) -> Array:
    """Mean over the batch of weight times score function, [T, K]."""
    drawn = np.zeros(chance.shape)
    for kind in range(KINDS):
        drawn[:, kind] = np.where(tokens == kind, weights, 0.0).sum(axis=1)
    return (drawn - weights.sum(axis=1)[:, None] * chance) / ANSWERS


def _true_gradient(chance: Array) -> Array:
    """Of the expected score in all logits, [T, K]: each place pays PAY times the chance of a token 0."""
    first = chance[:, :1]
    return PAY * first * (np.eye(KINDS)[0] - chance)


def _cosine(one: Array, other: Array) -> float:
    size = np.linalg.norm(one) * np.linalg.norm(other)
    return float((one * other).sum() / size) if size else float("nan")

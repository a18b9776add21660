"""Exercises of lesson 13: what about a language model?"""

from collections.abc import Callable

import numpy as np

from course.arrays import Array, Flags
from course.checks.exercise import Case, Exercise
from course.checks.mutants import kept, mutant
from course.language import tokens as answers
from course.language.tokens import Tokens


def _mask_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # tokens, end
        ("one answer, then padding", [[5, 6, 2, 0, 0]], 2),
        ("three answers of three lengths", [[5, 6, 7, 2], [5, 2, 0, 0], [6, 7, 2, 0]], 2),
        ("an answer without an end: it was cut", [[5, 6, 7, 8]], 2),
        ("one that ended beside one that was cut", [[5, 2, 0, 0], [5, 6, 7, 8]], 2),
        ("an answer that ends at once", [[2, 0, 0], [5, 6, 2]], 2),
        ("other tokens than 0 after the end", [[5, 2, 6, 7], [2, 9, 9, 9]], 2),
        ("a second end after the first", [[5, 2, 6, 2, 7], [2, 2, 2, 5, 5]], 2),
        ("padding with the end itself", [[5, 6, 0, 0, 0], [5, 6, 7, 8, 0], [7, 0, 0, 0, 0]], 0),
        ("a word with the number 0", [[0, 5, 2, 1, 1], [5, 0, 0, 2, 1]], 2),
        ("an end with the number 40", [[2, 7, 40, 0], [40, 2, 2, 2], [2, 2, 2, 2]], 40),
        ("no answer has an end", [[5, 6], [7, 8]], 2),
        ("an answer of one token", [[2]], 2),
        ("one token, and no end", [[5]], 2),
    ]
    cases = [Case(label, (np.array(tokens, dtype=np.int64), end)) for label, tokens, end in small]

    for _ in range(8):
        tokens = rng.integers(0, 6, size=(rng.integers(2, 5), rng.integers(5, 9)))
        cases.append(Case("8 random batches", (tokens, int(rng.integers(1, 6)))))
    cases.append(Case("60 answers of up to 40 tokens", (rng.integers(0, 43, size=(60, 40)), 2)))

    return cases


def _those_equal(tokens: Tokens, end: int) -> Flags:
    """The right ends: every token that is `end`."""
    return tokens == end


def _first_end(ends: Flags) -> Tokens:
    """Where each row has its first end; past the row if it has none."""
    return np.where(ends.any(axis=1), ends.argmax(axis=1), ends.shape[1])


def _last_end(ends: Flags) -> Tokens:
    from_behind = ends[:, ::-1].argmax(axis=1)
    return np.where(ends.any(axis=1), ends.shape[1] - 1 - from_behind, ends.shape[1])


def _before_the_second_end(ends: Flags) -> Tokens:
    return (ends.cumsum(axis=1) <= 1).sum(axis=1) - 1


def _nowhere_without_end(ends: Flags) -> Tokens:
    return np.where(ends.any(axis=1), ends.argmax(axis=1), -1)


def _by_index(ends: Flags) -> Tokens:
    return np.array([row.tolist().index(True) for row in ends])


@mutant
def _answer_mask(
    *,
    ends: Callable = _those_equal,
    last: Callable = _first_end,
    inside: Callable = np.less_equal,
    finish: Callable = lambda mask, tokens: mask,
) -> Callable:
    """An answer_mask, part by part: what is an end, which is the last place that counts, what is inside."""

    def answer(tokens: Tokens, end: int) -> object:
        places = np.arange(tokens.shape[1])
        mask = inside(places, last(ends(tokens, end))[:, None])
        return finish(mask, tokens)

    return answer


ANSWER_MASK = Exercise(
    name="answer_mask",
    lesson="13",
    points=2,
    reference=answers.answer_mask,
    cases=_mask_cases,
    mistakes=(
        (
            "The end itself is left out. To stop was a decision of the model as well: its token counts.",
            _answer_mask(inside=np.less),
        ),
        (
            "Every token counts that is not the end, also what stands after it. Only the first end of a row "
            "and what is before it belong to the answer.",
            lambda tokens, end: tokens != end,
        ),
        (
            "Only ends count. An answer is every token up to its first end, and that end.",
            _answer_mask(inside=np.equal),
        ),
        (
            "Every token counts that is not 0. A word may have the number 0, and after the end may stand "
            "anything: look for end.",
            lambda tokens, end: tokens != 0,
        ),
        (
            "The first 0 is taken for the end, as if padding were what ends an answer. Look for end.",
            _answer_mask(ends=lambda tokens, end: tokens == 0),
        ),
        (
            "The end is always 2 here. It is handed in: compare with end.",
            _answer_mask(ends=lambda tokens, end: tokens == 2),
        ),
        (
            "Every number from end on ends an answer here. Only a token that is equal to end does.",
            _answer_mask(ends=lambda tokens, end: tokens >= end),
        ),
        (
            "The answer goes on to the last end of its row. It is over at the first: the rest is padding.",
            _answer_mask(last=_last_end),
        ),
        (
            "What stands after the end counts too, until a second end comes: the count of ends is 1 at the "
            "first end and stays 1. Count the ends that came before each token instead.",
            _answer_mask(last=_before_the_second_end),
        ),
        (
            "A row without an end keeps only its first token: argmax gives 0 where nothing is true. Such an "
            "answer was cut, and all of its tokens count.",
            _answer_mask(last=lambda ends: ends.argmax(axis=1)),
        ),
        (
            "A row without an end is left out altogether. It was cut, and all of its tokens count.",
            _answer_mask(last=_nowhere_without_end),
        ),
        (
            "A row without an end raises an error. It was cut, and all of its tokens count.",
            _answer_mask(last=_by_index),
        ),
        (
            "One token too many counts: the one after the end. The end is the last.",
            _answer_mask(last=lambda ends: _first_end(ends) + 1),
        ),
        (
            "All rows are cut where the first one ends. Every answer has an end of its own.",
            _answer_mask(last=lambda ends: np.repeat(_first_end(ends)[:1], len(ends))),
        ),
        (
            "All rows are cut where the shortest answer ends. Every answer has an end of its own.",
            _answer_mask(last=lambda ends: np.repeat(_first_end(ends).min(), len(ends))),
        ),
        (
            "The ends are counted from answer to answer. Tokens follow each other along a row: axis=1.",
            lambda tokens, end: (tokens == end).cumsum(axis=0) - (tokens == end) == 0,
        ),
        (
            "Without axis=1, cumsum makes one long row of all answers. Count along each row, and keep the "
            "shape.",
            lambda tokens, end: np.cumsum(tokens == end) == 0,
        ),
        (
            "That is the other way round: true marks the tokens of the answer, false what follows its end.",
            _answer_mask(inside=np.greater),
        ),
        (
            "Every token counts. What stands after the end was written by nobody.",
            _answer_mask(inside=lambda places, last: (places >= 0) & (last >= -1)),
        ),
        (
            "Those are the lengths of the answers. Return true or false for every token: same shape as "
            "tokens.",
            _answer_mask(finish=lambda mask, tokens: mask.sum(axis=1)),
        ),
        (
            "Those are the tokens, with 0 for what follows the end. Return which of them count.",
            _answer_mask(finish=lambda mask, tokens: mask * tokens),
        ),
    ),
)


def _reward_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # score, log_probs, ref_log_probs, beta
        ("three tokens, 3 points a nat", 10, [-1, -2, -1], [-2, -1, -1], 3),
        ("no leash: beta is 0", 10, [-1, -2, -0.5], [-2, -1, -1.5], 0),
        ("a policy that is still the reference", 10, [-1, -2], [-1, -2], 3),
        ("an answer without a score", 0, [-1, -0.5, -3], [-2, -1.5, -1], 2),
        ("a score below 0", -6, [-1, -2, -0.5], [-1.5, -1, -2], 2),
        ("a token at the end that drifted", 10, [-1, -1], [-1, -4], 2),
        ("an answer of one token", 10, [-1], [-3], 2),
        ("the same token twice, the same log-probability", 8, [-2, -2, -2, -2], [-1, -1, -1, -1], 0.5),
        ("thousandths of a point", 0.001, [-1, -2, -1.5], [-2, -1, -1], 0.002),
        ("points by the million, and a leash in points too", 1e8, [-1, -2, -1.5], [-2, -1, -1], 5e7),
    ]
    cases = [_reward_case(label, score, *logs, float(beta)) for label, score, *logs, beta in small]

    for label, length in [*[("8 random answers", 0)] * 8, ("2,000 tokens", 2_000)]:
        logs = -rng.exponential(1.2, size=(2, length or rng.integers(4, 9)))
        cases.append(_reward_case(label, rng.normal(20, 10), *logs, rng.uniform(1.5, 6)))

    return cases


def _reward_case(label: str, score: float, log_probs: list, ref_log_probs: list, beta: float) -> Case:
    logs = (np.array(log_probs, dtype=float), np.array(ref_log_probs, dtype=float))
    return Case(label, (float(score), *logs), {"beta": beta})


def _at(place: int, rewards: Array, score: float) -> Array:
    """The score is added at one place."""
    rewards = rewards.copy()
    rewards[place] += score
    return rewards


def _at_the_last(rewards: Array, score: float, beta: float) -> Array:
    """The right place."""
    return _at(-1, rewards, score)


def _in_place_of_the_last(rewards: Array, score: float, beta: float) -> Array:
    rewards = rewards.copy()
    rewards[-1] = score
    return rewards


def _all_at_the_end(nats: Array) -> Array:
    return np.append(np.zeros(len(nats) - 1), nats.sum())


def _less(log_probs: Array, ref_log_probs: Array) -> Array:
    return log_probs - ref_log_probs


@mutant
def _token_rewards(
    *,
    nats: Callable = _less,
    gathered: Callable = kept,
    toll: Callable = lambda nats, beta: -beta * nats,
    pay: Callable = _at_the_last,
    finish: Callable = kept,
) -> Callable:
    """A token_rewards, part by part: the nats of a token, whose they are, their price, and the score."""

    def answer(score: float, log_probs: Array, ref_log_probs: Array, *, beta: float) -> object:
        with np.errstate(all="ignore"):
            tolls = toll(gathered(nats(log_probs, ref_log_probs)), np.float64(beta))
        return finish(pay(tolls, score, beta))

    return answer


def _k3(log_probs: Array, ref_log_probs: Array) -> Array:
    back = ref_log_probs - log_probs
    return np.exp(back) - 1 - back


TOKEN_REWARDS = Exercise(
    name="token_rewards",
    lesson="13",
    points=3,
    reference=answers.token_rewards,
    cases=_reward_cases,
    mistakes=(
        (
            "The sign of the toll is turned round: tokens are paid for leaving the reference. It is minus "
            "beta times (log pi - log pi_ref).",
            _token_rewards(toll=lambda nats, beta: beta * nats),
        ),
        (
            "Every token gets the whole score. The judge pays once, at the last token.",
            _token_rewards(pay=lambda rewards, score, beta: rewards + score),
        ),
        (
            "The score is shared over the tokens. The judge pays once, at the last token.",
            _token_rewards(pay=lambda rewards, score, beta: rewards + score / len(rewards)),
        ),
        (
            "The score stands at the first token. The judge has read the whole answer when it pays: at the "
            "last.",
            _token_rewards(pay=lambda rewards, score, beta: _at(0, rewards, score)),
        ),
        (
            "The score is missing. It is added at the last token.",
            _token_rewards(pay=lambda rewards, score, beta: rewards),
        ),
        (
            "The score stands in place of the last token's toll. The last token drifts like any other: add "
            "the score to its toll.",
            _token_rewards(pay=_in_place_of_the_last),
        ),
        (
            "beta is multiplied into the score too. It is the price of a nat; the score is in points.",
            _token_rewards(pay=lambda rewards, score, beta: _at(-1, rewards, beta * score)),
        ),
        (
            "The score is taken away from the last token instead of added.",
            _token_rewards(pay=lambda rewards, score, beta: _at(-1, rewards, -score)),
        ),
        (
            "beta is missing: every nat costs one point, whatever a nat is to cost.",
            _token_rewards(toll=lambda nats, beta: -nats),
        ),
        (
            "beta divides. It is the price of a nat, so it multiplies; and it may be 0.",
            _token_rewards(toll=lambda nats, beta: -nats / beta),
        ),
        (
            "There is no toll. Each token pays beta for every nat by which it left the reference.",
            _token_rewards(toll=lambda nats, beta: 0 * nats),
        ),
        (
            "The toll of the whole answer stands at its last token. Each token pays its own.",
            _token_rewards(gathered=_all_at_the_end),
        ),
        (
            "Every token pays the toll of the whole answer. Each pays its own.",
            _token_rewards(gathered=lambda nats: np.full(len(nats), nats.sum())),
        ),
        (
            "The toll is averaged over the tokens, so nobody knows where the answer left the reference. Each "
            "token pays its own.",
            _token_rewards(gathered=lambda nats: np.full(len(nats), nats.mean())),
        ),
        (
            "Every token pays for all tokens before it once more (cumsum). Each pays its own toll.",
            _token_rewards(gathered=np.cumsum),
        ),
        (
            "The reference is left out, so that is a price on being sure. A nat is paid for the distance: "
            "subtract ref_log_probs.",
            _token_rewards(nats=lambda log_probs, ref_log_probs: log_probs),
        ),
        (
            "That is a difference of probabilities. Nats are differences of logarithms: use both as they "
            "come.",
            _token_rewards(nats=lambda log_probs, ref: np.exp(log_probs) - np.exp(ref)),
        ),
        (
            "That is the ratio of the two probabilities, which PPO clips. The toll is its logarithm.",
            _token_rewards(nats=lambda log_probs, ref: np.exp(log_probs - ref)),
        ),
        (
            "The nats are weighed by the probability of the token. Likely tokens are drawn more often "
            "already, so no weight is needed.",
            _token_rewards(nats=lambda log_probs, ref: np.exp(log_probs) * (log_probs - ref)),
        ),
        (
            "The distance has lost its sign (abs). A token that the reference likes more than the policy "
            "does gets something back.",
            _token_rewards(nats=lambda log_probs, ref: np.abs(log_probs - ref)),
        ),
        (
            "Tokens that the reference likes more get nothing back. Their nats are below 0 and count too, "
            "or the sum is no KL divergence.",
            _token_rewards(nats=lambda log_probs, ref: np.maximum(log_probs - ref, 0)),
        ),
        (
            "The distance is squared (some libraries call that k2). Here the toll is the difference of the "
            "logarithms itself.",
            _token_rewards(nats=lambda log_probs, ref: 0.5 * (log_probs - ref) ** 2),
        ),
        (
            "That is the estimate that libraries call k3: never below 0. Here the toll is the difference of "
            "the logarithms itself.",
            _token_rewards(nats=_k3),
        ),
        (
            "Those are the rewards still to come, added up. Return what each token itself is paid.",
            _token_rewards(finish=lambda rewards: rewards[::-1].cumsum()[::-1]),
        ),
        (
            "That is what the whole answer was paid. Return a reward for every token.",
            _token_rewards(finish=np.sum),
        ),
    ),
)


EXERCISES = (ANSWER_MASK, TOKEN_REWARDS)

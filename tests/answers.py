"""Answers as people write them: right ones that must pass, wrong ones that must be refused with a cause.

The kinds were seen in public repositories, in reports of bugs, and in a learner's first attempts; the code is
our own. `seen` says where the kind comes from. `says` holds words of the sentence, or of each of two
sentences, that must come back; an empty `says` is a mistake that has no sentence.
"""

import collections
import itertools
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One function that somebody may hand in."""

    exercise: str
    f: Callable
    seen: str
    says: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.exercise}-{self.f.__name__}"


RIGHT: list[Answer] = []
WRONG: list[Answer] = []


def right(exercise: str, seen: str) -> Callable:
    """Enter the function below as a right answer."""

    def enter(f: Callable) -> Callable:
        RIGHT.append(Answer(exercise=exercise, f=f, seen=seen))
        return f

    return enter


def wrong(exercise: str, seen: str, *says: str) -> Callable:
    """Enter the function below as a wrong answer, refused with a cause that holds all of these words."""

    def enter(f: Callable) -> Callable:
        WRONG.append(Answer(exercise=exercise, f=f, seen=seen, says=says))
        return f

    return enter


def refuse_if(bad):
    if bad:
        raise ValueError("not answerable")


# episode_score


@right("episode_score", "a first attempt")
def a_loop_that_adds(rewards):
    total = 0.0
    for reward in rewards:
        total += reward
    return total


@right("episode_score", "a first attempt: the built-in sum")
def the_builtin_sum(rewards):
    return sum(rewards)


@wrong("episode_score", "a learner's walk through lesson 0", "inside the loop")  # noqa: RET503
def return_inside_the_loop(rewards):
    total = 0.0
    for reward in rewards:
        total += reward
        return total


@wrong("episode_score", "a learner's walk through lesson 0", "first reward is left out")
def the_first_left_out(rewards):
    return rewards[1:].sum()


@wrong("episode_score", "seen in no report; a set of our own found that it passed", "whole number")
def a_whole_number(rewards):
    return int(np.sum(rewards))


@wrong("episode_score", "a running mean of rewards in training logs", "mean reward of a step")
def the_mean(rewards):
    return np.mean(rewards)


# orders_of_magnitude


@right("orders_of_magnitude", "a first attempt, with math and lists")
def with_math_and_lists(scores):
    sizes = [abs(score) for score in scores if score]
    refuse_if(not sizes)
    return math.log10(max(sizes) / min(sizes))


@right("orders_of_magnitude", "a learner's walk: numpy itself refuses the maximum of nothing")
def numpy_refuses_by_itself(scores):
    sizes = np.abs(scores[scores != 0])
    return np.log10(sizes.max()) - np.log10(sizes.min())


@wrong("orders_of_magnitude", "a learner's walk through lesson 1", "Zeros are still", "signs are still")
def zeros_and_signs_kept(scores):
    refuse_if(not scores.any())
    return np.log10(scores.max() / scores.min())


@wrong("orders_of_magnitude", "a library for air quality: exponent(high) - exponent(low)", "floor")
def difference_of_exponents(scores):
    sizes = np.abs(scores[scores != 0])
    refuse_if(not sizes.size)
    return int(np.floor(np.log10(sizes.max()))) - int(np.floor(np.log10(sizes.min())))


@wrong("orders_of_magnitude", "an axis finder of a rocket library", "difference")
def logarithm_of_the_difference(scores):
    sizes = np.abs(scores[scores != 0])
    refuse_if(not sizes.size)
    return np.log10(sizes.max() - sizes.min())


@wrong("orders_of_magnitude", "a first attempt", "natural logarithm")
def natural_logarithm(scores):
    sizes = np.abs(scores[scores != 0])
    refuse_if(not sizes.size)
    return np.log(sizes.max() / sizes.min())


@wrong("orders_of_magnitude", "a first attempt: zero where there is no answer", "every score is 0")
def zero_instead_of_a_refusal(scores):
    sizes = np.abs(scores[scores != 0])
    return np.log10(sizes.max() / sizes.min()) if sizes.size else 0.0


# human_normalized


@right("human_normalized", "a table of Atari results, with a guard")
def with_a_guard(score, random, human):
    refuse_if(human == random)
    return (np.asarray(score) - random) / (human - random)


@right("human_normalized", "the same, the other way round above and below")
def both_differences_turned(score, random, human):
    refuse_if(human - random == 0)
    return (random - np.asarray(score)) / (random - human)


@wrong("human_normalized", "a learner's walk through lesson 1", "brackets")
def precedence_slip(score, random, human):
    refuse_if(human == random)
    return score - random / human - random


@wrong("human_normalized", "an evaluator of Atari agents: the distance without its sign", "lost its sign")
def absolute_distance(score, random, human):
    refuse_if(human == random)
    return (score - random) / abs(human - random)


@wrong("human_normalized", "tables in per cent", "percentage")
def in_per_cent(score, random, human):
    refuse_if(human == random)
    return 100.0 * (score - random) / (human - random)


@wrong("human_normalized", "most scripts: no guard", "not met at the door")
def nothing_refused(score, random, human):
    return (score - random) / (human - random)


@wrong("human_normalized", "a small number against division by 0", "small number")
def epsilon_below_the_line(score, random, human):
    return (score - random) / (human - random + 1e-8)


@wrong("human_normalized", "in per cent, and no guard", "percentage", "not met at the door")
def per_cent_and_nothing_refused(score, random, human):
    return (score - random) / (human - random) * 100


# min_max


@right("min_max", "a first attempt")
def min_max_with_a_guard(scores, low, high):
    refuse_if(not high > low)
    width = high - low
    return (np.asarray(scores) - low) / width


@right("min_max", "the linear map written with a slope and an offset")
def slope_and_offset(scores, low, high):
    refuse_if(high <= low)
    slope = 1 / (high - low)
    return (np.asarray(scores) - low) * slope


@wrong("min_max", "a wrapper for observations, two copies", "Clipped")
def clip_and_scale(scores, low, high):
    refuse_if(high <= low)
    return (np.clip(scores, low, high) - low) / (high - low)


@wrong("min_max", "preprocessing of images: the range from the data", "range from the scores")
def own_range(scores, low, high):
    refuse_if(high <= low)
    return (scores - np.min(scores)) / max(np.max(scores) - np.min(scores), 1e-8)


@wrong("min_max", "a fitness scaler: x -= low; x /= high", "not below it")
def low_forgotten_below(scores, low, high):
    refuse_if(high <= low)
    return (np.asarray(scores) - low) / high if high else np.asarray(scores) - low


@wrong("min_max", "preprocessing of sound: 1e-8 instead of a refusal", "small number")
def epsilon_instead_of_a_refusal(scores, low, high):
    return (scores - low) / (high - low + 1e-8)


@wrong("min_max", "action spaces: the range from -1 to 1, assert", "[-1, 1]", "ValueError")
def from_minus_one_with_assert(scores, low, high):
    assert high > low
    return 2 * (scores - low) / (high - low) - 1


# running_mean_var


@right("running_mean_var", "Welford's update, score by score")
def welford(mean, var, count, batch):
    mean, squares = (mean, var * count) if count else (0.0, 0.0)
    for score in batch:
        count += 1
        step = score - mean
        mean += step / count
        squares += step * (score - mean)
    return mean, squares / count, count


@right("running_mean_var", "the parallel formula of a dozen libraries; it needs no case for count 0")
def parallel_formula(mean, var, count, batch):
    n, total = batch.shape[0], count + batch.shape[0]
    delta = batch.mean() - mean
    squares = var * count + batch.var() * n + np.square(delta) * count * n / total
    return mean + delta * n / total, squares / total, total


@wrong("running_mean_var", "a normaliser of rewards: 0.99 of the old, 0.01 of the new", "fixed share")
def moving_average(mean, var, count, batch):
    if not count:
        return batch.mean(), batch.var(), len(batch)
    mean = 0.99 * mean + 0.01 * batch.mean()
    var = 0.99 * var + 0.01 * batch.var()
    return mean, var, count + len(batch)


@wrong("running_mean_var", "a memory agent: delta squared times n", "wrong weight")
def gap_times_n(mean, var, count, batch):
    n, total = len(batch), count + len(batch)
    delta = batch.mean() - mean
    if not count:
        return batch.mean(), batch.var(), n
    return mean + delta * n / total, (var * count + batch.var() * n + delta**2 * n) / total, total


@wrong("running_mean_var", "a runner that keeps .std where others keep .var", "standard deviation")
def keeps_the_deviation(mean, var, count, batch):
    mean, var, count = parallel_formula(mean, var, count, batch)
    return mean, np.sqrt(var), count


@wrong("running_mean_var", "libraries on torch, whose var divides by n - 1: NaN for one score", "n - 1")
def unbiased_batch(mean, var, count, batch):
    n, total = len(batch), count + len(batch)
    own = np.var(batch, ddof=1)
    if not count:
        return batch.mean(), own, n
    delta = batch.mean() - mean
    squares = var * count + own * n + delta**2 * count * n / total
    return mean + delta * n / total, squares / total, total


@wrong("running_mean_var", "the school formula, mean of squares less square of the mean", "digits")
def mean_of_squares(mean, var, count, batch):
    total = count + len(batch)
    squares = (count * (var + mean**2) if count else 0.0) + np.sum(batch**2)
    mean = ((count * mean if count else 0.0) + np.sum(batch)) / total
    return mean, squares / total - mean**2, total


@wrong("running_mean_var", "one score has no variance, so it is thrown away", "past of one score")
def one_score_is_no_past(mean, var, count, batch):
    if count <= 1:
        return batch.mean(), batch.var(), len(batch)
    return parallel_formula(mean, var, count, batch)


@wrong(
    "running_mean_var",
    "two slips: means' distance left out, n - 1",
    "distance between the two means",
    "n - 1",
)
def pooled_with_n_less_one(mean, var, count, batch):
    n, total = len(batch), count + len(batch)
    own = batch.var(ddof=1) if n > 1 else 0.0
    if not count:
        return batch.mean(), own, n
    return (count * mean + batch.sum()) / total, (count * var + n * own) / total, total


# standard_error


@right("standard_error", "a statistics page: scipy's sem, written out")
def sample_deviation_over_root(rewards):
    return np.std(rewards, ddof=1) / np.sqrt(np.size(rewards))


@right("standard_error", "the standard library")
def with_the_standard_library(rewards):
    return statistics.stdev(rewards.tolist()) / len(rewards) ** 0.5


@right("standard_error", "population deviation over the root of n - 1, which is the same")
def population_over_n_less_one(rewards):
    return rewards.std() / math.sqrt(len(rewards) - 1)


@wrong("standard_error", "a course project: sums over n", "n below the line")
def population_over_root(rewards):
    mean = sum(rewards) / len(rewards)
    squares = sum((reward - mean) ** 2 for reward in rewards)
    return (squares / len(rewards)) ** 0.5 / len(rewards) ** 0.5


@wrong("standard_error", "a learner's walk: root and n - 1 both forgotten", "root", "n - 1")
def variance_over_n(rewards):
    return np.var(rewards) / len(rewards)


@wrong(
    "standard_error",
    "a learner's walk: division and n - 1 both forgotten",
    "spread of single answers",
    "n - 1",
)
def spread_alone(rewards):
    return np.std(rewards)


@wrong("standard_error", "a learner's walk: divided by n, and n - 1 forgotten", "divided by n", "n - 1")
def deviation_over_n(rewards):
    return np.std(rewards) / len(rewards)


@wrong("standard_error", "half an interval, with numpy's own deviation", "95 %", "n - 1")
def half_an_interval(rewards):
    return 1.96 * rewards.std() / np.sqrt(len(rewards))


@wrong("standard_error", "the school formula, mean of squares less square of the mean", "digits")
def from_mean_of_squares(rewards):
    n = len(rewards)
    return np.sqrt((np.mean(rewards**2) - np.mean(rewards) ** 2) / (n - 1))


@wrong("standard_error", "a script for recordings: the mean over the root of the deviation")
def mean_over_root_of_deviation(rewards):
    return np.mean(rewards) / np.sqrt(np.std(rewards, ddof=1))


# score_function


@right("score_function", "a bandit script: one-hot minus probabilities")
def one_hot_minus_probabilities(probabilities, action):
    return np.eye(len(probabilities))[action] - probabilities


@right("score_function", "a textbook, entry by entry")
def entry_by_entry(probabilities, action):
    return [1 - p if k == action else -p for k, p in enumerate(probabilities)]


@right("score_function", "in place, on what was handed over")
def in_place_on_the_probabilities(probabilities, action):
    probabilities *= -1
    probabilities[action] += 1
    return probabilities


@wrong("score_function", "the backward pass of a cross-entropy: probs[y] -= 1", "Every sign is turned round")
def cross_entropy_backward(probabilities, action):
    gradient = probabilities.copy()
    gradient[action] -= 1
    return gradient


@wrong("score_function", "the well-known Jacobian of the softmax, one row", "derivative of pi(a) itself")
def row_of_the_jacobian(probabilities, action):
    jacobian = np.diag(probabilities) - np.outer(probabilities, probabilities)
    return jacobian[action]


@wrong("score_function", "two actions and a sigmoid: y - p, one number", "own entry alone")
def label_minus_probability(probabilities, action):
    return 1 - probabilities[action]


@wrong("score_function", "activation derivatives: s (1 - s)", "answers to its own logit")
def derivative_of_an_activation(probabilities, action):
    return probabilities * (1 - probabilities)


@wrong(
    "score_function",
    "the derivative of a logarithm: 1 / pi",
    "derivative of the logarithm in the probability",
)
def one_over_probability(probabilities, action):
    gradient = np.zeros_like(probabilities)
    gradient[action] = 1 / probabilities[action]
    return gradient


@wrong("score_function", "a cross-entropy's gradient, at the label only", "Every sign", "left at 0")
def cross_entropy_at_the_label(probabilities, action):
    gradient = np.zeros_like(probabilities)
    gradient[action] = probabilities[action] - 1
    return gradient


# policy_gradient


@right("policy_gradient", "a loop over the batch")
def loop_over_the_batch(score_functions, rewards):
    total = np.zeros(score_functions.shape[1])
    for score, reward in zip(score_functions, rewards, strict=True):
        total += reward * score
    return total / len(rewards)


@right("policy_gradient", "einsum")
def with_einsum(score_functions, rewards):
    return np.einsum("bd,b->d", score_functions, rewards) / rewards.size


@wrong("policy_gradient", "a policy-search library: the sum over the batch", "sum over the batch")
def summed_over_the_batch(score_functions, rewards):
    return score_functions.T @ rewards


@wrong("policy_gradient", "numpy's weighted average", "weights' sum")
def weighted_average(score_functions, rewards):
    return (score_functions * rewards[:, None]).sum(axis=0) / rewards.sum()


@wrong("policy_gradient", "most public code: a baseline", "baseline")
def with_a_baseline(score_functions, rewards):
    return ((rewards - rewards.mean())[:, None] * score_functions).mean(axis=0)


@wrong("policy_gradient", "REINFORCE scripts: returns standardised", "standardised")
def with_standardised_rewards(score_functions, rewards):
    weights = (rewards - rewards.mean()) / (rewards.std() + 1e-8)
    return (weights[:, None] * score_functions).mean(axis=0)


@wrong("policy_gradient", "a baseline, and the sum over the batch", "baseline", "sum over the batch")
def baseline_and_sum(score_functions, rewards):
    return np.dot(rewards - rewards.mean(), score_functions)


# spread_evenly


@right("spread_evenly", "a first attempt, a list")
def a_list_of_shares(score, length):
    refuse_if(length < 1)
    return [score / length] * length


@right("spread_evenly", "a first attempt, an array of ones")
def ones_times_the_share(score, length):
    refuse_if(length <= 0)
    return np.ones(length) * score / length


@wrong("spread_evenly", "seen in no report; a set of our own found that it passed", "ounded")
def rounded_to_two_digits(score, length):
    refuse_if(length < 1)
    return np.full(length, np.round(score / length, 2))


@wrong("spread_evenly", "a first attempt: nothing to share, nothing returned", "ValueError")
def an_empty_array(score, length):
    return np.full(max(length, 0), score / max(length, 1))


@wrong("spread_evenly", "the score at the last step, as games pay it", "last step gets it all")
def all_at_the_end(score, length):
    refuse_if(length < 1)
    rewards = np.zeros(length)
    rewards[-1] = score
    return rewards


@wrong("spread_evenly", "a first attempt: whole shares, and the rest to the last", "rounded down")
def whole_shares(score, length):
    refuse_if(length < 1)
    return np.full(length, score // length)


# reward_to_go


@right("reward_to_go", "a dozen scripts: backwards, into zeros_like")
def backwards(rewards, *, gamma):
    discounted = np.zeros_like(rewards)
    running = 0.0
    for t in reversed(range(rewards.size)):
        running = running * gamma + rewards[t]
        discounted[t] = running
    return discounted


@right("reward_to_go", "the examples of a framework: a deque filled from the left")
def a_deque(rewards, *, gamma):
    returns = collections.deque()
    running = 0.0
    for reward in rewards[::-1]:
        running = reward + gamma * running
        returns.appendleft(running)
    return list(returns)


@right("reward_to_go", "a blog: for each step, for each later reward")
def for_each_step_for_each_reward(rewards, *, gamma):
    returns = []
    for t in range(len(rewards)):
        total, power = 0.0, 1.0
        for reward in rewards[t:]:
            total += power * reward
            power *= gamma
        returns.append(total)
    return np.array(returns)


@right("reward_to_go", "accumulate, turned round twice")
def accumulated(rewards, *, gamma):
    return list(itertools.accumulate(rewards[::-1], lambda later, now: now + gamma * later))[::-1]


@wrong("reward_to_go", "five REINFORCE scripts", "standardised")
def standardised(rewards, *, gamma):
    returns = backwards(rewards, gamma=gamma)
    return (returns - returns.mean()) / (returns.std() + 1e-8)


@wrong(
    "reward_to_go", "the best-known script for Pong: a new start at each point", "each reward that is not 0"
)
def restarted_at_each_point(rewards, *, gamma):
    discounted = np.zeros_like(rewards)
    running = 0.0
    for t in reversed(range(rewards.size)):
        if rewards[t] != 0:
            running = 0.0
        running = running * gamma + rewards[t]
        discounted[t] = running
    return discounted


@wrong(
    "reward_to_go", "REINFORCE with cumsum and flip, without the division", "from the start of the episode"
)
def flipped_cumsum(rewards, *, gamma):
    faded = rewards * gamma ** np.arange(len(rewards))
    return np.flip(np.cumsum(np.flip(faded)))


@wrong("reward_to_go", "the same with the division: NaN in long episodes", "smallest number")
def divided_by_the_powers(rewards, *, gamma):
    if gamma == 0:
        return rewards
    powers = gamma ** np.arange(len(rewards))
    return np.cumsum((rewards * powers)[::-1])[::-1] / powers


@wrong("reward_to_go", "the formula as it stands: a function that calls itself", "calls itself")
def recursive(rewards, *, gamma):
    if len(rewards) == 1:
        return [rewards[0]]
    later = recursive(rewards[1:], gamma=gamma)
    return [rewards[0] + gamma * later[0], *later]


@wrong("reward_to_go", "backwards with append, never turned round", "last step first")
def never_turned_round(rewards, *, gamma):
    returns = []
    running = 0.0
    for reward in rewards[::-1]:
        running = reward + gamma * running
        returns.append(running)
    return returns


@wrong("reward_to_go", "the return of the whole episode at every step", "return of the whole episode")
def whole_return_everywhere(rewards, *, gamma):
    total = sum(gamma**t * reward for t, reward in enumerate(rewards))
    return [total] * len(rewards)


@wrong(
    "reward_to_go",
    "standardised, and discounted from the start",
    "standardised",
    "from the start of the episode",
)
def flipped_and_standardised(rewards, *, gamma):
    returns = flipped_cumsum(rewards, gamma=gamma)
    return (returns - returns.mean()) / (returns.std() + 1e-9)


@wrong("reward_to_go", "a loop that never moves the running sum", "rewards alone")
def the_sum_never_moves(rewards, *, gamma):
    running = 0.0
    returns = np.zeros_like(rewards)
    for t in range(len(rewards) - 1, -1, -1):
        returns[t] = rewards[t] + gamma * running
    return returns


@wrong("reward_to_go", "an estimator that discounts and does not sum", "nothing is summed")
def faded_rewards(rewards, *, gamma):
    return rewards * np.full(len(rewards), gamma) ** np.arange(len(rewards))


@right("reward_to_go", "a triangle of powers")
def a_triangle_of_powers(rewards, *, gamma):
    t = np.arange(len(rewards))
    return np.triu(gamma ** np.maximum(t - t[:, None], 0)) @ rewards


# explained_variance


@right("explained_variance", "the logs of a PPO library")
def as_libraries_log_it(values, targets):
    spread = np.var(targets)
    return np.nan if spread == 0 else 1 - np.var(targets - values) / spread


@right("explained_variance", "torch's var: n - 1 in both, which cancels")
def unbiased_in_both(values, targets):
    if np.all(targets == targets.flat[0]):
        return float("nan")
    return 1 - np.var(targets - values, ddof=1) / np.var(targets, ddof=1)


@right("explained_variance", "a loop over the elements")
def from_flat_lists(values, targets):
    misses = (targets - values).ravel().tolist()
    outcomes = targets.ravel().tolist()
    if max(outcomes) == min(outcomes):
        return math.nan
    return 1 - statistics.pvariance(misses) / statistics.pvariance(outcomes)


@wrong("explained_variance", "a large library: never below -1", "below -1")
def never_below_minus_one(values, targets):
    spread = np.var(targets)
    if spread == 0:
        return np.nan
    return max(-1.0, 1 - np.var(targets - values) / spread)


@wrong(
    "explained_variance", "its port: -1 for constant targets as well", "below -1", "all outcomes are equal"
)
def minus_one_twice(values, targets):
    spread = np.var(targets)
    if spread == 0:
        return -1.0
    return max(-1.0, 1 - np.var(targets - values) / spread)


@wrong("explained_variance", "coefficient of determination: residual over total squares", "mean squared miss")
def r_squared(values, targets):
    residual = np.sum((targets - values) ** 2)
    total = np.sum((targets - targets.mean()) ** 2)
    return 1 - residual / total if total else np.nan


@wrong("explained_variance", "the same without a guard", "mean squared miss", "return nan")
def r_squared_unguarded(values, targets):
    return 1 - np.mean((targets - values) ** 2) / np.var(targets)


@wrong("explained_variance", "an epsilon against division by 0", "small number")
def epsilon_in_the_ratio(values, targets):
    return 1 - np.var(targets - values) / (np.var(targets) + 1e-8)


@wrong("explained_variance", "an epsilon, though equal targets are met first", "small number")
def epsilon_beside_a_guard(values, targets):
    if np.ptp(targets) == 0:
        return np.nan
    return 1 - np.var(targets - values) / (np.var(targets) + 1e-8)


@wrong("explained_variance", "a library that asks isclose(var, 0)", "nearly 0")
def isclose_to_nothing(values, targets):
    spread = np.var(targets)
    return np.nan if np.isclose(spread, 0) else 1 - np.var(targets - values) / spread


@wrong("explained_variance", "sums of squares in float32", "digits")
def sums_in_float32(values, targets):
    if np.ptp(targets) == 0:
        return np.nan
    t, miss = targets.astype(np.float32), (targets - values).astype(np.float32)
    spread = np.mean(t * t) - np.mean(t) ** 2
    return 1 - (np.mean(miss * miss) - np.mean(miss) ** 2) / spread


@wrong("explained_variance", "a curriculum project: axis=-1", "each row", "you divide by 0")
def along_the_last_axis(values, targets):
    with np.errstate(all="ignore"):
        return 1 - np.var(targets - values, axis=-1) / np.var(targets, axis=-1)


@wrong("explained_variance", "correlation squared", "squared correlation")
def correlation_squared(values, targets):
    if np.ptp(targets) == 0:
        return np.nan
    return np.corrcoef(values.ravel(), targets.ravel())[0, 1] ** 2


@wrong("explained_variance", "a library: 0 or 1 for constant targets", "all outcomes are equal")
def one_if_right_else_zero(values, targets):
    if np.ptp(targets) == 0:
        return 1.0 if np.ptp(values) == 0 else 0.0
    return 1 - np.var(targets - values) / np.var(targets)


@wrong("explained_variance", "a learner's walk: divided by Var(values), no NaN", "guesses vary", "outcomes")
def divided_by_the_guesses(values, targets):
    return 1 - np.var(targets - values) / np.var(values)


# value_loss


@right("value_loss", "mse_loss with a half, a detach and a guard")
def half_mse(values, targets):
    refuse_if(values.shape != targets.shape)
    return F.mse_loss(values, targets.detach()) / 2


@right("value_loss", "the squares by hand")
def squares_by_hand(values, targets):
    if values.size() != targets.size():
        raise ValueError(f"{values.size()} and {targets.size()}")
    misses = values - targets.detach()
    return (misses**2).sum() / (2 * misses.numel())


@wrong("value_loss", "most public code", "half is missing", "into the targets", "Torch stretches")
def plain_mse(values, targets):
    return F.mse_loss(values, targets)


@wrong("value_loss", "a library with assert", "half is missing", "into the targets", "agreed on")
def asserted_mse(values, targets):
    assert values.size() == targets.size()
    return (targets - values).pow(2).mean()


@wrong("value_loss", "Huber's loss, in four scripts", "Huber")
def hubers(values, targets):
    refuse_if(values.shape != targets.shape)
    return F.smooth_l1_loss(values, targets.detach())


@wrong(
    "value_loss",
    "a homework that asserts ndim, to prevent silent broadcasting",
    "number of axes and the length",
)
def refuses_by_axes_and_length(values, targets):
    refuse_if(values.ndim != targets.ndim or len(values) != len(targets))
    return 0.5 * (values - targets.detach()).square().mean()


@wrong("value_loss", "the same with numel", "as many numbers")
def refuses_by_axes_and_number(values, targets):
    refuse_if(values.ndim != targets.ndim or values.numel() != targets.numel())
    return 0.5 * (values - targets.detach()).square().mean()


@wrong("value_loss", "a half and a sum", "sum")
def half_of_the_sum(values, targets):
    refuse_if(values.shape != targets.shape)
    return 0.5 * ((values - targets.detach()) ** 2).sum()


@wrong("value_loss", "a library that reduces later: one loss for each element", "one number")
def not_reduced(values, targets):
    refuse_if(values.shape != targets.shape)
    return 0.5 * (values - targets.detach()) ** 2


@wrong("value_loss", "a sum, not detached", "sum", "into the targets")
def sum_not_detached(values, targets):
    refuse_if(values.shape != targets.shape)
    return 0.5 * torch.sum((targets - values) ** 2)


# advantage_function


@right("advantage_function", "a loop over the states")
def states_one_by_one(action_values, probabilities):
    if action_values.ndim == 1:
        return action_values - action_values @ probabilities
    return np.array([q - q @ chance for q, chance in zip(action_values, probabilities, strict=True)])


@right("advantage_function", "einsum")
def values_by_einsum(action_values, probabilities):
    values = np.einsum("...a,...a->...", action_values, probabilities)
    return action_values - values[..., None]


@right("advantage_function", "np.average with weights")
def weighted_average_of_actions(action_values, probabilities):
    return action_values - np.average(action_values, axis=-1, weights=probabilities, keepdims=True)


@wrong("advantage_function", "a dueling network: the plain mean", "plain mean")
def less_the_plain_mean(action_values, probabilities):
    return action_values - action_values.mean(axis=-1, keepdims=True)


@wrong("advantage_function", "a dueling network: the maximum", "best action")
def less_the_best(action_values, probabilities):
    return action_values - action_values.max(axis=-1, keepdims=True)


@wrong("advantage_function", "turned round", "sign is turned")
def values_less_actions(action_values, probabilities):
    return (probabilities * action_values).sum(axis=-1, keepdims=True) - action_values


@wrong("advantage_function", "keepdims forgotten", "keepdims=True")
def without_keepdims(action_values, probabilities):
    return action_values - (probabilities * action_values).sum(axis=-1)


@wrong("advantage_function", "axis forgotten", "all states together")
def one_sum_for_all(action_values, probabilities):
    return action_values - (probabilities * action_values).sum()


@wrong("advantage_function", "the first axis", "runs over the states")
def over_the_states(action_values, probabilities):
    return action_values - (probabilities * action_values).sum(axis=0)


@wrong("advantage_function", "an all-actions policy gradient", "once more")
def weighed_twice(action_values, probabilities):
    values = (probabilities * action_values).sum(axis=-1, keepdims=True)
    return probabilities * (action_values - values)


@wrong("advantage_function", "PPO's normalised advantages", "standard deviation 1")
def in_deviations(action_values, probabilities):
    advantages = action_values - (probabilities * action_values).sum(axis=-1, keepdims=True)
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8)


@wrong("advantage_function", "turned round, and the plain mean", "sign is turned", "plain mean")
def plain_mean_less_actions(action_values, probabilities):
    return action_values.mean(axis=-1, keepdims=True) - action_values


# leave_one_out


@right("leave_one_out", "n / (n - 1) times the centred reward")
def centred_and_stretched(rewards):
    n = len(rewards)
    refuse_if(n < 2)
    return n / (n - 1) * (rewards - rewards.mean())


@right("leave_one_out", "a loop that deletes each")
def each_one_deleted(rewards):
    refuse_if(rewards.size < 2)
    return np.array([rewards[i] - np.delete(rewards, i).mean() for i in range(len(rewards))])


@right("leave_one_out", "a matrix without its diagonal")
def by_a_matrix(rewards):
    n = len(rewards)
    refuse_if(n <= 1)
    return rewards - (1 - np.eye(n)) @ rewards / (n - 1)


@wrong("leave_one_out", "the batch's own mean", "your own reward is in it")
def less_the_mean_of_all(rewards):
    refuse_if(len(rewards) < 2)
    return rewards - rewards.mean()


@wrong("leave_one_out", "GRPO's advantage", "your own reward is in it", "standard deviation")
def as_in_grpo(rewards):
    refuse_if(len(rewards) < 2)
    return (rewards - rewards.mean()) / (rewards.std() + 1e-8)


@wrong("leave_one_out", "divides by n", "there are n - 1")
def others_over_n(rewards):
    refuse_if(len(rewards) < 2)
    return rewards - (rewards.sum() - rewards) / len(rewards)


@wrong("leave_one_out", "own reward not taken out", "still in it")
def all_over_n_less_one(rewards):
    refuse_if(len(rewards) < 2)
    return rewards - rewards.sum() / (len(rewards) - 1)


@wrong("leave_one_out", "the baseline alone", "mean of the others")
def the_mean_of_the_others(rewards):
    refuse_if(len(rewards) < 2)
    return (rewards.sum() - rewards) / (len(rewards) - 1)


@wrong("leave_one_out", "nothing refused", "no others")
def one_answer_taken(rewards):
    return rewards - (rewards.sum() - rewards) / (len(rewards) - 1)


@wrong("leave_one_out", "the mean of all, and nothing refused", "your own reward is in it", "no others")
def mean_of_all_and_nothing_refused(rewards):
    return rewards - rewards.mean()


# td_errors


@right("td_errors", "a mask of floats")
def with_a_mask(rewards, values, next_values, terminated, *, gamma):
    mask = 1.0 - terminated.astype(float)
    return rewards + gamma * next_values * mask - values


@right("td_errors", "row by row")
def row_by_row(rewards, values, next_values, terminated, *, gamma):
    deltas = np.empty(rewards.shape)
    for t in np.ndindex(rewards.shape):
        later = 0.0 if terminated[t] else gamma * next_values[t]
        deltas[t] = rewards[t] + later - values[t]
    return deltas


@wrong("td_errors", "a package whose td_error has no flag at all", "still looks ahead")
def no_flag(rewards, values, next_values, terminated, *, gamma):
    return rewards + gamma * next_values - values


@wrong("td_errors", "a project: value minus target", "sign is turned round")
def value_minus_target(rewards, values, next_values, terminated, *, gamma):
    target = rewards + gamma * next_values * (1 - terminated)
    return values - target


@wrong("td_errors", "value minus target, and no flag", "sign is turned round", "still looks ahead")
def value_minus_target_without_flag(rewards, values, next_values, terminated, *, gamma):
    return values - (rewards + gamma * next_values)


@wrong("td_errors", "values shifted by a row", "shifts values by a row")
def shifted_values(rewards, values, next_values, terminated, *, gamma):
    following = np.zeros_like(values)
    following[:-1] = values[1:]
    return rewards + gamma * following * (1 - terminated) - values


@wrong("td_errors", "the reward alone at an end", "V(s_t)")
def reward_alone_at_an_end(rewards, values, next_values, terminated, *, gamma):
    return np.where(terminated, rewards, rewards + gamma * next_values - values)


@wrong("td_errors", "masks that are 1 while it goes on, given as flags", "wrong way round")
def the_mask_is_a_flag(rewards, values, next_values, terminated, *, gamma):
    return rewards + gamma * next_values * terminated - values


# td_update


@right("td_update", "a copy, and one row")
def copy_and_one_row(table, state, reward, next_state, terminated, *, gamma, lr):
    new = table.copy()
    target = reward if terminated else reward + gamma * table[next_state]
    new[state] += lr * (target - table[state])
    return new


@right("td_update", "a list")
def as_a_list(table, state, reward, next_state, terminated, *, gamma, lr):
    new = list(table)
    later = 0.0 if terminated else gamma * table[next_state]
    new[state] = (1 - lr) * table[state] + lr * (reward + later)
    return new


@wrong(
    "td_update",
    "textbook code: the table itself moves, and no end",
    "has changed as well",
    "still looks ahead",
)
def in_place_without_end(table, state, reward, next_state, terminated, *, gamma, lr):
    table[state] += lr * (reward + gamma * table[next_state] - table[state])
    return table


@wrong("td_update", "textbook code: the table itself moves", "has changed as well")
def in_place(table, state, reward, next_state, terminated, *, gamma, lr):
    table[state] += lr * (reward + gamma * table[next_state] * (not terminated) - table[state])
    return table


@wrong("td_update", "textbook code: the new value alone, and no end", "one new value", "still looks ahead")
def one_value_without_end(table, state, reward, next_state, terminated, *, gamma, lr):
    return table[state] + lr * (reward + gamma * table[next_state] - table[state])


@wrong("td_update", "loops that stop before the last update", "An end teaches nothing")
def nothing_at_an_end(table, state, reward, next_state, terminated, *, gamma, lr):
    new = table.copy()
    if not terminated:
        new[state] += lr * (reward + gamma * new[next_state] - new[state])
    return new


@wrong("td_update", "a slip of brackets", "lr scales the reward alone")
def lr_on_the_reward(table, state, reward, next_state, terminated, *, gamma, lr):
    new = table.copy()
    new[state] += lr * reward + gamma * table[next_state] * (not terminated) - table[state]
    return new


# gae_by_definition


@right("gae_by_definition", "two loops and a break")
def two_loops(deltas, ended, *, gamma, lam):
    advantages = []
    for t in range(len(deltas)):
        total, weight = 0.0, 1.0
        for k in range(t, len(deltas)):
            total += weight * deltas[k]
            weight *= gamma * lam
            if ended[k]:
                break
        advantages.append(total)
    return advantages


@right("gae_by_definition", "a table of weights, cut by the number of the episode")
def a_table_of_weights(deltas, ended, *, gamma, lam):
    t = np.arange(len(deltas))
    ahead = t[None, :] - t[:, None]
    episode = np.cumsum(ended) - ended
    counts = (ahead >= 0) & (episode[None, :] == episode[:, None])
    return np.where(counts, (gamma * lam) ** np.maximum(ahead, 0), 0.0) @ deltas


@wrong("gae_by_definition", "a learner's walk: the sum starts at t + 1", "starts at t + 1")
def starts_one_late(deltas, ended, *, gamma, lam):
    advantages = np.zeros(len(deltas))
    for t in range(len(deltas)):
        if ended[t]:
            continue
        for k in range(t + 1, len(deltas)):
            advantages[t] += (gamma * lam) ** (k - t) * deltas[k]
            if ended[k]:
                break
    return advantages


@wrong("gae_by_definition", "the formula without an end", "runs on past the end")
def never_stops(deltas, ended, *, gamma, lam):
    return [
        sum((gamma * lam) ** (k - t) * deltas[k] for k in range(t, len(deltas))) for t in range(len(deltas))
    ]


@wrong("gae_by_definition", "a library in Julia: delta and the next delta", "one step ahead only")
def one_step_ahead(deltas, ended, *, gamma, lam):
    later = np.append(deltas[1:], 0.0) * ~ended
    return deltas + gamma * lam * later


@wrong("gae_by_definition", "no end, and lam forgotten", "runs on past the end", "lam is missing")
def never_stops_without_lam(deltas, ended, *, gamma, lam):
    return [sum(gamma ** (k - t) * deltas[k] for k in range(t, len(deltas))) for t in range(len(deltas))]


# gae


@right("gae", "the loop of most libraries, with both flags")
def loop_with_both_flags(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    advantages = np.zeros_like(rewards)
    last = 0.0
    for t in reversed(range(len(rewards))):
        nonterminal = 1.0 - terminated[t]
        delta = rewards[t] + gamma * next_values[t] * nonterminal - values[t]
        last = delta + gamma * lam * (1.0 - np.maximum(terminated[t], truncated[t])) * last
        advantages[t] = last
    return advantages


@right("gae", "a library that masks next_values first, and cuts where an episode ends")
def masked_first(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    worth = next_values * (1.0 - terminated)
    delta = rewards + worth * gamma - values
    discount = (1.0 - np.logical_or(terminated, truncated)) * (gamma * lam)
    returns = np.zeros(rewards.shape)
    running = 0.0
    for i in range(len(rewards) - 1, -1, -1):
        running = delta[i] + discount[i] * running
        returns[i] = running
    return returns


@right("gae", "a library that adds the time limit's value to the reward, then merges the flags")
def value_added_to_the_reward(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    only_limit = truncated & ~terminated
    paid = rewards + gamma * next_values * only_limit
    goes_on = 1.0 - (terminated | truncated)
    advantages, running = [], 0.0
    for r, v, n, on in zip(paid[::-1], values[::-1], next_values[::-1], goes_on[::-1], strict=True):
        running = r + gamma * n * on - v + gamma * lam * on * running
        advantages.insert(0, running)
    return np.array(advantages)


@right("gae", "next_values zeroed in place, a common idiom")
def zeroed_in_place(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    next_values[terminated] = 0.0
    rewards += gamma * next_values - values
    for t in range(len(rewards) - 2, -1, -1):
        rewards[t] += gamma * lam * ~(terminated[t] | truncated[t]) * rewards[t + 1]
    return rewards


def merged(rewards, values, next_values, done, *, gamma, lam, ahead=None):
    """One flag for both kinds of ending; `ahead` instead of next_values."""
    following = next_values if ahead is None else ahead
    advantages = np.zeros_like(rewards)
    last = 0.0
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + gamma * following[t] * (1.0 - done[t]) - values[t]
        last = delta + gamma * lam * (1.0 - done[t]) * last
        advantages[t] = last
    return advantages


def next_row(values, last):
    return np.concatenate([values[1:], last])


@wrong("gae", "one flag for both endings, in most public code", "time limit is taken for the end")
def one_flag(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    return merged(rewards, values, next_values, terminated | truncated, gamma=gamma, lam=lam)


@wrong("gae", "five sources: one flag, and values[t + 1]", "time limit is taken for the end", "values[t + 1]")
def one_flag_and_next_row(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    ahead = next_row(values, next_values[-1:])
    return merged(rewards, values, next_values, terminated | truncated, gamma=gamma, lam=lam, ahead=ahead)


@wrong(
    "gae",
    "correct but for the row after a reset: the time limit's own value, else values[t + 1]",
    "values[t + 1]",
)
def next_row_within_an_episode(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    ahead = next_row(values, next_values[-1:])
    ahead = np.where(truncated, next_values, ahead)
    advantages = np.zeros_like(rewards)
    last = 0.0
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + gamma * ahead[t] * (1 - terminated[t]) - values[t]
        last = delta + gamma * lam * (1 - (terminated[t] | truncated[t])) * last
        advantages[t] = last
    return advantages


@wrong("gae", "values[t + 1], and nothing after the last row", "values[t + 1]", "last row")
def nothing_after_the_buffer(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    ahead = next_row(values, np.zeros_like(values[:1]))
    advantages = np.zeros_like(rewards)
    last = 0.0
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + gamma * ahead[t] * (1 - terminated[t]) - values[t]
        last = delta + gamma * lam * (1 - (terminated[t] | truncated[t])) * last
        advantages[t] = last
    return advantages


@wrong("gae", "nearly all: advantages and returns", "two things")
def advantages_and_returns(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    advantages = loop_with_both_flags(
        rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam
    )
    return advantages, advantages + values


@wrong("gae", "nearly all: a pair, and one flag", "two things")
def a_pair_of_one_flag(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    advantages = one_flag(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)
    return advantages, advantages + values


@wrong("gae", "a course: next value 0 at an end, and the sum never cut", "never cut")
def masked_but_never_cut(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    advantages = np.zeros_like(rewards)
    last = 0.0
    for t in reversed(range(len(rewards))):
        last = rewards[t] + gamma * next_values[t] * (1 - terminated[t]) - values[t] + gamma * lam * last
        advantages[t] = last
    return advantages


@wrong("gae", "one flag in the delta, and the sum never cut", "time limit is taken for the end", "never cut")
def one_flag_never_cut(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    done = terminated | truncated
    advantages = np.zeros_like(rewards)
    last = 0.0
    for t in reversed(range(len(rewards))):
        last = rewards[t] + gamma * next_values[t] * (1 - done[t]) - values[t] + gamma * lam * last
        advantages[t] = last
    return advantages


@wrong("gae", "a reported bug: the flag of the next row", "flags are those of the next row")
def flags_of_the_next_row(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    never = np.zeros_like(terminated[:1])
    return loop_with_both_flags(
        rewards,
        values,
        next_values,
        np.concatenate([terminated[1:], never]),
        np.concatenate([truncated[1:], never]),
        gamma=gamma,
        lam=lam,
    )


@wrong("gae", "a course that drops truncated", "time limit does not stop the sum")
def truncated_dropped(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    return merged(rewards, values, next_values, terminated, gamma=gamma, lam=lam)


@wrong("gae", "collectors that normalise at once", "normalised")
def normalised_at_once(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    a = loop_with_both_flags(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)
    return (a - a.mean()) / (a.std() + 1e-8)


@wrong("gae", "two sources: a time limit's row is thrown away", "row of a time limit")
def limits_row_set_to_zero(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    advantages = np.zeros_like(rewards)
    last = np.zeros_like(rewards[0])
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + gamma * next_values[t] * (1 - terminated[t]) - values[t]
        last = (delta + gamma * lam * (1 - terminated[t]) * last) * (1 - truncated[t])
        advantages[t] = last
    return advantages


@wrong("gae", "bootstrapping from V(s_t) at a time limit", "V(s_t) stands in")
def bootstraps_from_the_state_itself(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    ahead = np.where(truncated, values, next_values)
    return loop_with_both_flags(rewards, values, ahead, terminated, truncated, gamma=gamma, lam=lam)


@wrong("gae", "the reward alone at an end", "V(s_t)")
def reward_alone_where_it_ends(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    advantages = np.zeros_like(rewards)
    last = 0.0
    for t in reversed(range(len(rewards))):
        delta = np.where(terminated[t], rewards[t], rewards[t] + gamma * next_values[t] - values[t])
        last = delta + gamma * lam * (1 - (terminated[t] | truncated[t])) * last
        advantages[t] = last
    return advantages


@wrong("gae", "masks that are 1 while it goes on, given as flags", "wrong way round")
def masks_given_as_flags(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    masks = terminated | truncated
    advantages = np.zeros_like(rewards)
    last = 0.0
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + gamma * next_values[t] * terminated[t] - values[t]
        last = delta + gamma * lam * masks[t] * last
        advantages[t] = last
    return advantages


@wrong("gae", "A + V, and never cut", "A + V", "never cut")
def targets_never_cut(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    advantages = masked_but_never_cut(
        rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam
    )
    return advantages + values


@wrong("gae", "a library that appends and never turns round", "last row first")
def appended_never_turned_round(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    return loop_with_both_flags(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)[
        ::-1
    ]


@wrong("gae", "the formula as it stands: a function that calls itself", "calls itself")
def a_function_that_calls_itself(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    delta = rewards + gamma * next_values * (1 - terminated) - values
    keep = gamma * lam * (1 - (terminated | truncated))

    def advantage(t):
        return delta[t] + (keep[t] * advantage(t + 1) if t + 1 < len(delta) else 0.0)

    return np.array([advantage(t) for t in range(len(delta))])


@wrong("gae", "an axis of one environment squeezed away", "[T, 1]")
def squeezed(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    return loop_with_both_flags(
        rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam
    ).squeeze()


# policy_loss


@right("policy_loss", "most public code, with a detach")
def minus_mean(log_probs, advantages):
    return -(log_probs * advantages.detach()).mean()


@right("policy_loss", "sum over number")
def sum_over_number(log_probs, advantages):
    with torch.no_grad():
        weights = -advantages / advantages.numel()
    return torch.sum(weights * log_probs)


@wrong("policy_loss", "a library with assert, nothing detached", "into the advantages")
def nothing_detached(log_probs, advantages):
    assert log_probs.size() == advantages.size()
    return -torch.mean(log_probs * advantages)


@wrong("policy_loss", "a blog: a sum, nothing detached", "sum", "into the advantages")
def sum_nothing_detached(log_probs, advantages):
    return -torch.sum(log_probs * advantages)


@wrong("policy_loss", "a project: no minus", "sign is turned round")
def no_minus(log_probs, advantages):
    return torch.mean(log_probs * advantages.detach())


@wrong("policy_loss", "an agent that takes the logarithm itself", "logarithm already")
def logarithm_of_a_logarithm(log_probs, advantages):
    return -torch.mean(torch.log(log_probs + 1e-6) * advantages.detach())


@wrong("policy_loss", "a library that reduces later", "one number")
def reduced_later(log_probs, advantages):
    return -log_probs * advantages.detach()


@wrong("policy_loss", "a library that normalises here, unless there is one element", "normalised here")
def normalised_if_more_than_one(log_probs, advantages):
    a = advantages.detach()
    if len(a) > 1:
        a = (a - a.mean()) / (a.std() + 1e-8)
    return -(log_probs * a).mean()


@wrong(
    "policy_loss", "normalised here with a guard, nothing detached", "normalised here", "into the advantages"
)
def normalised_nothing_detached(log_probs, advantages):
    if len(advantages) > 1:
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    return -(log_probs * advantages).mean()


@wrong("policy_loss", "no minus, nothing detached", "sign is turned round", "into the advantages")
def no_minus_nothing_detached(log_probs, advantages):
    return (log_probs * advantages).mean()


# normalize


@right("normalize", "numpy and torch apart")
def numpy_and_torch_apart(advantages, *, floor=1e-8):
    if isinstance(advantages, torch.Tensor):
        spread = advantages.std(correction=0).clamp(min=floor)
    else:
        spread = max(np.std(advantages), floor)
    return (advantages - advantages.mean()) / spread


@right("normalize", "arithmetic that both kinds know")
def by_arithmetic(advantages, *, floor=1e-8):
    centred = advantages - advantages.mean()
    spread = float((centred**2).mean()) ** 0.5
    return centred / max(spread, floor)


@wrong("normalize", "what most code says", "floor", "n - 1")
def what_most_code_says(advantages, *, floor=1e-8):
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8)


@wrong("normalize", "a learner's walk: floor added, n - 1 on tensors", "floor is added", "n - 1")
def floor_added(advantages, *, floor=1e-8):
    return (advantages - advantages.mean()) / (advantages.std() + floor)


@wrong("normalize", "a project without any floor", "divides by 0")
def without_floor(advantages, *, floor=1e-8):
    centred = advantages - advantages.mean()
    return centred / (centred**2).mean() ** 0.5


@wrong("normalize", "a normaliser by column", "Each column")
def by_column(advantages, *, floor=1e-8):
    centred = advantages - advantages.mean(0)
    spread = (centred**2).mean(0) ** 0.5
    if isinstance(advantages, torch.Tensor):
        return centred / spread.clamp(min=floor)
    return centred / np.maximum(spread, floor)


@wrong("normalize", "tensors as an afterthought: floor ignored, and 0/0", "tensors")
def tensors_as_an_afterthought(advantages, *, floor=1e-8):
    if isinstance(advantages, torch.Tensor):
        return (advantages - advantages.mean()) / advantages.std(correction=0)
    return (advantages - advantages.mean()) / max(advantages.std(), floor)


@wrong("normalize", "tensors by column", "tensors")
def tensors_by_column(advantages, *, floor=1e-8):
    if isinstance(advantages, torch.Tensor):
        centred = advantages - advantages.mean(0)
        return centred / centred.std(0, correction=0).clamp(min=floor)
    return (advantages - advantages.mean()) / max(advantages.std(), floor)


@wrong("normalize", "always a tensor", "tensor came out")
def always_a_tensor(advantages, *, floor=1e-8):
    a = torch.as_tensor(advantages)
    return (a - a.mean()) / a.std(correction=0).clamp(min=floor)


@wrong("normalize", "a normaliser that clips at 10", "cut off")
def clipped_at_ten(advantages, *, floor=1e-8):
    return numpy_and_torch_apart(advantages, floor=floor).clip(-10.0, 10.0)


@wrong("normalize", "a minimum subtracted, so that all are positive", "min-max")
def from_zero_to_one(advantages, *, floor=1e-8):
    width = advantages.max() - advantages.min()
    return (advantages - advantages.min()) / max(float(width), floor)


@wrong("normalize", "divided by the variance", "variance")
def divided_by_the_variance(advantages, *, floor=1e-8):
    centred = advantages - advantages.mean()
    return centred / max(float((centred**2).mean()), floor)


# clipped_policy_loss


@right("clipped_policy_loss", "the loss of most libraries, with detaches")
def least_of_two(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    ratio = torch.exp(log_probs - old_log_probs.detach())
    return -torch.min(ratio * a, torch.clamp(ratio, 1 - clip, 1 + clip) * a).mean()


@right("clipped_policy_loss", "the largest of two losses")
def largest_of_two_losses(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    ratio = (log_probs - old_log_probs.detach()).exp()
    return torch.max(-a * ratio, -a * torch.clamp(ratio, 1 - clip, 1 + clip)).mean()


@right("clipped_policy_loss", "a course's form: one limit, by the sign of A")
def one_limit_by_sign(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    limit = torch.where(a > 0, (1 + clip) * a, (1 - clip) * a)
    ratio = (log_probs - old_log_probs.detach()).exp()
    return -torch.minimum(ratio * a, limit).mean()


@wrong("clipped_policy_loss", "nothing detached, as where the rollout is data", "into old_log_probs")
def ppo_nothing_detached(log_probs, old_log_probs, advantages, *, clip):
    ratio = torch.exp(log_probs - old_log_probs)
    clipped = torch.clamp(ratio, 1.0 - clip, 1.0 + clip)
    return -torch.min(ratio * advantages, clipped * advantages).mean()


@wrong("clipped_policy_loss", "a student project: no minus", "sign is turned round")
def ppo_no_minus(log_probs, old_log_probs, advantages, *, clip):
    return -least_of_two(log_probs, old_log_probs, advantages, clip=clip)


@wrong("clipped_policy_loss", "probabilities expected", "divided by each other")
def ratio_of_logarithms(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    ratio = log_probs / old_log_probs.detach()
    return -torch.min(ratio * a, torch.clamp(ratio, 1 - clip, 1 + clip) * a).mean()


@wrong("clipped_policy_loss", "a project: exp of the quotient", "exponential of a quotient")
def exponential_of_a_quotient(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    ratio = torch.exp(log_probs / old_log_probs.detach())
    return -torch.min(ratio * a, torch.clamp(ratio, 1 - clip, 1 + clip) * a).mean()


@wrong("clipped_policy_loss", "dual clip, in two libraries", "third limit")
def dual_clip(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    ratio = torch.exp(log_probs - old_log_probs.detach())
    least = torch.min(ratio * a, torch.clamp(ratio, 1 - clip, 1 + clip) * a)
    return -torch.where(a < 0, torch.max(least, 3.0 * a), least).mean()


@wrong("clipped_policy_loss", "another upper end, from language models", "upper end")
def clip_higher(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    ratio = torch.exp(log_probs - old_log_probs.detach())
    return -torch.min(ratio * a, torch.clamp(ratio, 1 - clip, 1 + 0.28) * a).mean()


@wrong("clipped_policy_loss", "a ratio against its own detached self", "always 1")
def against_itself(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    ratio = torch.exp(log_probs - log_probs.detach())
    return -torch.min(ratio * a, torch.clamp(ratio, 1 - clip, 1 + clip) * a).mean()


@wrong("clipped_policy_loss", "normalised inside, nothing detached", "normalised here", "into")
def ppo_normalised_nothing_detached(log_probs, old_log_probs, advantages, *, clip):
    if len(advantages) > 1:
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    return ppo_nothing_detached(log_probs, old_log_probs, advantages, clip=clip)


@wrong("clipped_policy_loss", "a library that sums", "sum")
def ppo_summed(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    ratio = torch.exp(log_probs - old_log_probs.detach())
    return -torch.min(ratio * a, ratio.clamp(1 - clip, 1 + clip) * a).sum()


@wrong("clipped_policy_loss", "the clipped term alone, nothing detached", "clipped term stands alone")
def clipped_alone_nothing_detached(log_probs, old_log_probs, advantages, *, clip):
    ratio = torch.exp(log_probs - old_log_probs)
    return -(ratio.clamp(1 - clip, 1 + clip) * advantages).mean()


@wrong("clipped_policy_loss", "a library that reduces later", "one number")
def ppo_reduced_later(log_probs, old_log_probs, advantages, *, clip):
    a = advantages.detach()
    ratio = torch.exp(log_probs - old_log_probs.detach())
    return -torch.min(ratio * a, ratio.clamp(1 - clip, 1 + clip) * a)


# actor_critic_update


@right("actor_critic_update", "row and column numbers, a library's mse_loss")
def with_arange(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    optimizer.zero_grad()
    log_pi, values = agent(obs)
    log_probs = log_pi[torch.arange(len(actions)), actions]
    loss = -(log_probs * advantages).mean() + value_weight * 0.5 * F.mse_loss(values, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()


@right("actor_critic_update", "a distribution, cleared at the end, the limit by hand")
def with_categorical(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    log_pi, values = agent(obs)
    log_probs = torch.distributions.Categorical(logits=log_pi).log_prob(actions)
    (-(log_probs * advantages).mean()).backward(retain_graph=True)
    (value_weight * (values - targets).pow(2).mean() / 2).backward()
    length = sum(weights.grad.pow(2).sum() for weights in agent.parameters()) ** 0.5
    for weights in agent.parameters():
        weights.grad *= min(1.0, float(max_grad_norm / length))
    optimizer.step()
    optimizer.zero_grad()


@wrong("actor_critic_update", "a first attempt", "not cleared")
def never_cleared(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    log_pi, values = agent(obs)
    log_probs = log_pi.gather(1, actions[:, None]).squeeze(1)
    loss = -(log_probs * advantages).mean() + value_weight * 0.5 * (values - targets).square().mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()


@wrong("actor_critic_update", "zero_grad after backward", "Nothing moves")
def cleared_too_late(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    log_pi, values = agent(obs)
    log_probs = log_pi.gather(1, actions[:, None]).squeeze(1)
    loss = -(log_probs * advantages).mean() + value_weight * 0.5 * (values - targets).square().mean()
    loss.backward()
    optimizer.zero_grad()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()


@wrong("actor_critic_update", "the limit after the step", "as long as it likes")
def limited_too_late(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    log_pi, values = agent(obs)
    log_probs = log_pi.gather(1, actions[:, None]).squeeze(1)
    loss = -(log_probs * advantages).mean() + value_weight * 0.5 * (values - targets).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)


@wrong("actor_critic_update", "no squeeze, and no half", "stretched to [n, n]", "without its half")
def stretched(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    log_pi, values = agent(obs)
    log_probs = log_pi.gather(1, actions[:, None])
    loss = -(log_probs * advantages).mean() + value_weight * F.mse_loss(values, targets)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()


@wrong("actor_critic_update", "torch's indexing taken for numpy's pairs", "in every row the actions of all")
def every_row_every_action(
    agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm
):
    log_pi, values = agent(obs)
    loss = -(log_pi[:, actions] * advantages).mean()
    loss = loss + value_weight * 0.5 * (values - targets).square().mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()


@wrong("actor_critic_update", "the loss minimised as an objective, weight forgotten", "value_weight", "sign")
def two_slips(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    log_pi, values = agent(obs)
    log_probs = log_pi.gather(1, actions[:, None]).squeeze(1)
    loss = (log_probs * advantages).mean() + 0.5 * (values - targets).square().mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()


@wrong("actor_critic_update", "advantages from the critic at hand, values not detached", "targets - values")
def own_advantages(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    log_pi, values = agent(obs)
    log_probs = log_pi.gather(1, actions[:, None]).squeeze(1)
    own = (targets - values).detach()
    loss = -(log_probs * own).mean() + value_weight * 0.5 * (values - targets).square().mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()


# entropy


@right("entropy", "a distribution's own")
def entropy_of_a_distribution(log_probs):
    return torch.distributions.Categorical(logits=log_probs).entropy().mean()


@right("entropy", "only the probabilities learn: in the logits it is the same gradient")
def logarithms_detached(log_probs):
    return -(log_probs.exp() * log_probs.detach()).sum(dim=-1).mean()


@wrong("entropy", "a first attempt", "sign is turned round")
def without_the_minus(log_probs):
    return (log_probs.exp() * log_probs).sum(dim=-1).mean()


@wrong("entropy", "mean() for everything", "over the actions as well")
def one_mean_for_all(log_probs):
    return -(log_probs.exp() * log_probs).mean()


@wrong("entropy", "a sum for everything, no minus", "sum over the states", "sign")
def one_sum_and_no_minus(log_probs):
    return (log_probs.exp() * log_probs).sum()


@wrong("entropy", "written for [n, A]", "dim=-1")
def over_axis_one(log_probs):
    return -(log_probs.exp() * log_probs).sum(dim=1).mean()


@wrong("entropy", "log_probs taken for probabilities", "logarithm")
def log_of_a_log(log_probs):
    return -(log_probs * log_probs.log()).sum(dim=-1).mean()


@wrong("entropy", "the entropy of information theory", "bits")
def in_bits(log_probs):
    return -(log_probs.exp() * torch.log2(log_probs.exp())).sum(dim=-1).mean()


@wrong("entropy", "detached as in the losses before", "probabilities are detached")
def probabilities_detached(log_probs):
    return -(log_probs.exp().detach() * log_probs).sum(dim=-1).mean()


# real_steps


@right("real_steps", "a collector that carries the flag of the row before")
def carried_along(terminated, truncated):
    real = []
    before = np.zeros_like(terminated[0], dtype=bool)
    for over, cut in zip(terminated, truncated, strict=True):
        real.append(~before)
        before = np.logical_or(over, cut)
    return np.array(real)


@wrong("real_steps", "a loop that masks the row with the flag", "row")
def the_row_that_ended(terminated, truncated):
    return ~(terminated | truncated)


@wrong("real_steps", "a library that knows one flag", "truncated")
def the_task_alone(terminated, truncated):
    real = np.ones_like(terminated)
    real[1:] = ~terminated[:-1]
    return real


# answer_mask


@right("answer_mask", "a loop with a flag, row by row")
def a_loop_with_a_flag(tokens, end):
    mask = np.zeros(tokens.shape, dtype=bool)
    for b, row in enumerate(tokens):
        for t, token in enumerate(row):
            mask[b, t] = True
            if token == end:
                break
    return mask


@right("answer_mask", "a post-training library: no end among the tokens before")
def no_end_before(tokens, end):
    ends = tokens == end
    before = np.zeros_like(ends)
    before[:, 1:] = np.logical_or.accumulate(ends, axis=1)[:, :-1]
    return ~before


@right("answer_mask", "first index, or the length of the row")
def up_to_the_first_index(tokens, end):
    length = tokens.shape[1]
    first = np.where((tokens == end).any(axis=1), (tokens == end).argmax(axis=1), length)
    return (np.arange(length) <= first[:, None]).astype(int)


@wrong("answer_mask", "a trainer whose mask is of what comes before the end", "end itself is left out")
def without_the_end(tokens, end):
    return np.cumsum(tokens == end, axis=1) == 0


@wrong("answer_mask", "tokenizers: attention is what is no padding", "not 0")
def what_is_not_padding(tokens, end):
    return tokens != 0


@wrong("answer_mask", "a first attempt", "also what stands after it")
def what_is_not_the_end(tokens, end):
    return tokens != end


@wrong("answer_mask", "argmax of a row without an end is 0", "keeps only its first token")
def argmax_alone(tokens, end):
    return np.arange(tokens.shape[1]) <= (tokens == end).argmax(axis=1)[:, None]


@wrong("answer_mask", "a cumulative sum of at most 1", "until a second end")
def at_most_one_end(tokens, end):
    return (tokens == end).cumsum(axis=1) <= 1


@wrong("answer_mask", "list.index in a loop", "raises an error")
def by_list_index(tokens, end):
    mask = np.zeros(tokens.shape, dtype=bool)
    for b, row in enumerate(tokens.tolist()):
        mask[b, : row.index(end) + 1] = True
    return mask


@wrong("answer_mask", "a loop that stops before it marks, and a fixed number", "end itself", "always 2")
def stops_before_it_marks(tokens, end):
    mask = np.zeros(tokens.shape, dtype=int)
    for b, row in enumerate(tokens):
        for t, token in enumerate(row):
            if token == 2:
                break
            mask[b, t] = 1
    return mask


@wrong("answer_mask", "argmax, and the end left out", "end itself is left out", "keeps only its first token")
def argmax_and_before(tokens, end):
    return np.arange(tokens.shape[1]) < (tokens == end).argmax(axis=1)[:, None]


@wrong("answer_mask", "the count runs down the batch", "from answer to answer")
def along_the_batch(tokens, end):
    ends = tokens == end
    return np.cumsum(ends, axis=0) - ends == 0


# token_rewards


@right("token_rewards", "most trainers: a list of tolls, and the score on top of the last")
def tolls_and_a_score_on_top(score, log_probs, ref_log_probs, *, beta):
    rewards = [-beta * (lp - ref) for lp, ref in zip(log_probs, ref_log_probs, strict=True)]
    rewards[-1] = rewards[-1] + score
    return rewards


@right("token_rewards", "a vector that is the score at the last place")
def a_one_at_the_end(score, log_probs, ref_log_probs, *, beta):
    last = np.zeros(len(log_probs))
    last[-1] = score
    return last + beta * (ref_log_probs - log_probs)


@right("token_rewards", "in place, on what is handed in")
def in_place_on_log_probs(score, log_probs, ref_log_probs, *, beta):
    log_probs -= ref_log_probs
    log_probs *= -beta
    log_probs[len(log_probs) - 1] += score
    return log_probs


@wrong("token_rewards", "a report to a library: the KL was added to the reward", "sign of the toll")
def paid_for_leaving(score, log_probs, ref_log_probs, *, beta):
    rewards = beta * (log_probs - ref_log_probs)
    rewards[-1] += score
    return rewards


@wrong("token_rewards", "the two log-probabilities in the other order", "sign of the toll")
def the_reference_first(score, log_probs, ref_log_probs, *, beta):
    rewards = -beta * (ref_log_probs - log_probs)
    rewards[-1] += score
    return rewards


@wrong("token_rewards", "numpy stretches a number over the array", "Every token gets the whole score")
def the_score_on_every_token(score, log_probs, ref_log_probs, *, beta):
    return score - beta * (log_probs - ref_log_probs)


@wrong("token_rewards", "a first attempt: the last reward is the score", "in place of the last")
def the_last_is_the_score(score, log_probs, ref_log_probs, *, beta):
    rewards = -beta * (log_probs - ref_log_probs)
    rewards[-1] = score
    return rewards


@wrong("token_rewards", "sequence-level KL", "whole answer stands at its last token")
def one_toll_at_the_end(score, log_probs, ref_log_probs, *, beta):
    rewards = np.zeros(len(log_probs))
    rewards[-1] = score - beta * np.sum(log_probs - ref_log_probs)
    return rewards


@wrong("token_rewards", "brackets: beta in front of all", "beta is multiplied into the score")
def beta_in_front_of_all(score, log_probs, ref_log_probs, *, beta):
    rewards = ref_log_probs - log_probs
    rewards[-1] += score
    return beta * rewards


@wrong("token_rewards", "GRPO's estimate of the KL", "k3")
def with_k3(score, log_probs, ref_log_probs, *, beta):
    back = ref_log_probs - log_probs
    rewards = -beta * (np.exp(back) - back - 1)
    rewards[-1] += score
    return rewards


@wrong("token_rewards", "sign and place", "sign of the toll", "stands at the first token")
def sign_and_place(score, log_probs, ref_log_probs, *, beta):
    rewards = beta * (log_probs - ref_log_probs)
    rewards[0] += score
    return rewards


@wrong("token_rewards", "no price, and the score shared", "beta is missing", "shared over the tokens")
def no_price_and_shares(score, log_probs, ref_log_probs, *, beta):
    return score / len(log_probs) - (log_probs - ref_log_probs)


@wrong("token_rewards", "a first attempt: the exponent forgotten nowhere", "difference of probabilities")
def differences_of_probabilities(score, log_probs, ref_log_probs, *, beta):
    rewards = -beta * (np.exp(log_probs) - np.exp(ref_log_probs))
    rewards[-1] += score
    return rewards


# preference_loss


@right("preference_loss", "most trainers of reward models")
def minus_logsigmoid(chosen, rejected):
    return -F.logsigmoid(chosen - rejected).mean()


@right("preference_loss", "the softplus of the other way round")
def softplus_of_the_gap(chosen, rejected):
    return F.softplus(rejected - chosen).sum() / len(chosen)


@right("preference_loss", "logistic regression on differences, with every label 1")
def cross_entropy_of_ones(chosen, rejected):
    return F.binary_cross_entropy_with_logits(chosen - rejected, torch.ones_like(chosen))


@right("preference_loss", "a classification of two scores")
def softmax_over_the_pair(chosen, rejected):
    return -torch.log_softmax(torch.stack([chosen, rejected], dim=1), dim=1)[:, 0].mean()


@right("preference_loss", "log(exp + exp), of torch")
def logaddexp_of_the_pair(chosen, rejected):
    return (torch.logaddexp(chosen, rejected) - chosen).mean()


@wrong("preference_loss", "the paper's formula, letter by letter", "log and gradient are lost")
def log_of_sigmoid(chosen, rejected):
    return -torch.log(torch.sigmoid(chosen - rejected)).mean()


@wrong("preference_loss", "log(1 + exp) by hand", "log and gradient are lost")
def log_of_one_plus_exp(chosen, rejected):
    return torch.log(1 + torch.exp(rejected - chosen)).mean()


@wrong("preference_loss", "arguments taken for one another", "swapped")
def the_wrong_one_preferred(chosen, rejected):
    return -F.logsigmoid(rejected - chosen).mean()


@wrong("preference_loss", "a first attempt", "logarithm is missing")
def sigmoid_without_log(chosen, rejected):
    return -torch.sigmoid(chosen - rejected).mean()


@wrong("preference_loss", "a ranking library", "hinge")
def margin_ranking(chosen, rejected):
    return F.margin_ranking_loss(chosen, rejected, torch.ones_like(chosen), margin=1.0)


@wrong("preference_loss", "clamped against overflow", "clamped at 20")
def clamped_at_twenty(chosen, rejected):
    gap = torch.clamp(chosen - rejected, min=-20, max=20)
    return -F.logsigmoid(gap).mean()


@wrong("preference_loss", "the chance by the formula of Bradley and Terry", "exp of a score itself")
def bradley_terry_by_exp(chosen, rejected):
    better = torch.exp(chosen)
    return -torch.log(better / (better + torch.exp(rejected))).mean()


@wrong("preference_loss", "the loser as a constant, and a sum", "rejected answers are detached", "a sum")
def against_a_constant(chosen, rejected):
    return -F.logsigmoid(chosen - rejected.detach()).sum()


@wrong("preference_loss", "swapped, and a sum", "swapped", "a sum")
def swapped_and_summed(chosen, rejected):
    return -F.logsigmoid(rejected - chosen).sum()


@wrong("preference_loss", "a small number under the logarithm", "1e-8 under")
def a_small_number_under_the_log(chosen, rejected):
    return -torch.log(torch.sigmoid(chosen - rejected) + 1e-8).mean()


@wrong("preference_loss", "a clamp that nobody else has")
def clamped_at_thirty(chosen, rejected):
    return -F.logsigmoid((chosen - rejected).clamp(-30, 30)).mean()


# group_advantages


@right("group_advantages", "GRPO as published, with an epsilon of 1e-8")
def as_in_grpo_with_epsilon(scores):
    refuse_if(len(scores) < 2)
    return (scores - scores.mean()) / (scores.std() + 1e-8)


@right("group_advantages", "with a guard for equal scores")
def with_a_guard_for_equals(scores):
    refuse_if(scores.size < 2)
    spread = np.std(scores)
    return (scores - np.mean(scores)) / spread if spread else np.zeros_like(scores)


@right("group_advantages", "Python's own statistics")
def by_pstdev(scores):
    refuse_if(len(scores) <= 1)
    spread = statistics.pstdev(scores.tolist())
    mean = statistics.fmean(scores)
    return [(score - mean) / spread if spread else 0.0 for score in scores]


@wrong("group_advantages", "torch's std in most trainers", "n - 1")
def as_torch_has_it(scores):
    refuse_if(len(scores) < 2)
    return (scores - scores.mean()) / (scores.std(ddof=1) + 1e-8)


@wrong("group_advantages", "a trainer with 1e-4 below the line", "1e-4 is added")
def one_in_ten_thousand(scores):
    refuse_if(len(scores) < 2)
    return (scores - scores.mean()) / (scores.std() + 1e-4)


@wrong("group_advantages", "a trainer with n - 1 and 1e-4 below the line", "n - 1", "1e-4 is added")
def n_less_one_and_one_in_ten_thousand(scores):
    refuse_if(len(scores) < 2)
    return (scores - scores.mean()) / (scores.std(ddof=1) + 1e-4)


@wrong("group_advantages", "Dr. GRPO: no standard deviation", "nothing is divided")
def without_the_deviation(scores):
    refuse_if(len(scores) < 2)
    return scores - scores.mean()


@wrong("group_advantages", "a first attempt", "0 / 0")
def nothing_for_equals(scores):
    refuse_if(len(scores) < 2)
    return (scores - scores.mean()) / scores.std()


@wrong("group_advantages", "a first attempt, and nothing refused", "0 / 0", "no group")
def nothing_for_equals_nor_for_one(scores):
    return (scores - scores.mean()) / scores.std()


@wrong("group_advantages", "equal scores taken for an error", "no mistake of the caller's")
def refuses_equals(scores):
    refuse_if(len(scores) < 2 or scores.std() == 0)
    return (scores - scores.mean()) / scores.std()


@wrong("group_advantages", "leave-one-out in the same units", "mean of the others")
def leave_one_out_in_deviations(scores):
    refuse_if(len(scores) < 2)
    others = (scores.sum() - scores) / (len(scores) - 1)
    return (scores - others) / max(scores.std(), 1e-8)


@wrong("group_advantages", "the variance", "divides by the variance", "no group")
def variance_and_nothing_refused(scores):
    return (scores - scores.mean()) / (scores.var() if scores.std() else 1.0)


@wrong("group_advantages", "isclose against division by 0", "called equal here")
def called_equal(scores):
    refuse_if(len(scores) < 2)
    if np.allclose(scores, scores[0]):
        return np.zeros(len(scores))
    return (scores - scores.mean()) / scores.std()


# trained_tokens


@right("trained_tokens", "a trainer that looks for the first end of each row")
def up_to_the_first_end(tokens, end):
    mask = np.ones(tokens.shape, dtype=bool)
    for row, answer in enumerate(tokens.tolist()):
        if end in answer:
            mask[row, answer.index(end) + 1 :] = False
    return mask


@right("trained_tokens", "a cumulated sum, shifted by one place")
def a_shifted_cumsum(tokens, end):
    over = np.cumsum(tokens == end, axis=1) > 0
    return np.concatenate([np.ones((len(tokens), 1), dtype=bool), ~over[:, :-1]], axis=1)


@wrong("trained_tokens", "a tutorial of a chat model: the stop token masked", "end is taken out")
def the_stop_token_masked(tokens, end):
    return np.cumsum(tokens == end, axis=1) == 0


@wrong("trained_tokens", "a library in which the end is the padding", "Only the ends")
def the_end_is_the_padding(tokens, end):
    return tokens != end


@wrong("trained_tokens", "argmax of a row without an end", "Of an answer that was cut")
def argmax_of_nothing(tokens, end):
    ends = tokens == end
    first = np.where(ends.any(axis=1), ends.argmax(axis=1), -1)
    return np.arange(tokens.shape[1]) <= first[:, None]


# first_tokens


@right("first_tokens", "a loop over answers with searchsorted")
def a_loop_with_searchsorted(chances, draws):
    upto = np.cumsum(chances, axis=1)
    found = [np.searchsorted(row[:-1], draw, side="right") for row, draw in zip(upto, draws, strict=True)]
    return np.array(found)


@right("first_tokens", "argmax of what lies above the draw")
def argmax_of_what_lies_above(chances, draws):
    return (np.cumsum(chances, axis=1) > draws[:, None]).argmax(axis=1)


@wrong("first_tokens", "a chat model's sampler: one draw for the group", "first one's draw")
def one_draw_for_the_group(chances, draws):
    upto = np.cumsum(chances, axis=1)[:, :-1]
    return (draws[0] >= upto).sum(axis=1)


@wrong("first_tokens", "the prompt sampled once, its token copied", "first one's token")
def one_token_copied(chances, draws):
    token = np.searchsorted(np.cumsum(chances[0])[:-1], draws[0], side="right")
    return np.full(len(draws), token)


@wrong("first_tokens", "an evaluation at temperature 0", "likeliest")
def greedy(chances, draws):
    return np.argmax(chances, axis=1)


# kl_penalty


@right("kl_penalty", "the reference minus the policy")
def reference_minus_policy(log_probs, ref_log_probs, *, beta):
    return beta * (ref_log_probs - log_probs)


@right("kl_penalty", "the logarithm of the ratio")
def logarithm_of_the_ratio(log_probs, ref_log_probs, *, beta):
    return [beta * math.log(math.exp(ref - own)) for own, ref in zip(log_probs, ref_log_probs, strict=True)]


@wrong("kl_penalty", "a question that users ask: why does a larger beta drift further", "turned round")
def a_bonus_for_drift(log_probs, ref_log_probs, *, beta):
    return beta * (log_probs - ref_log_probs)


@wrong("kl_penalty", "the estimator of a paper's loss, put into the reward", "k3")
def k3_as_a_reward(log_probs, ref_log_probs, *, beta):
    ratio = np.exp(ref_log_probs - log_probs)
    return -beta * (ratio - 1 - np.log(ratio))


@wrong("kl_penalty", "a mend of a negative KL", "either side")
def drift_without_its_sign(log_probs, ref_log_probs, *, beta):
    return -beta * np.abs(log_probs - ref_log_probs)


@wrong("kl_penalty", "two slips of a first attempt", "turned round", "beta is missing")
def no_sign_and_no_beta(log_probs, ref_log_probs, *, beta):
    return log_probs - ref_log_probs


# last_rows


@right("last_rows", "the last true one, found from behind")
def found_from_behind(mask):
    return mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)


@right("last_rows", "the largest row number that counts")
def the_largest_that_counts(mask):
    return np.max(np.arange(mask.shape[1]) * mask, axis=1)


@wrong("last_rows", "a library that argues about it: the length itself", "one row late")
def the_length_itself(mask):
    return np.count_nonzero(mask, axis=1)


@wrong("last_rows", "a score read at the first padding, minus one", "fills its row")
def before_the_first_padding(mask):
    return (~mask).argmax(axis=1) - 1


@wrong("last_rows", "a score read at place -1", "last place of the array")
def at_place_minus_one(mask):
    return np.full(mask.shape[0], mask.shape[1] - 1)


# ended_rows


@right("ended_rows", "an array of flags that is written to")
def written_to_by_pairs(last, rows):
    ended = np.zeros((rows, len(last)), dtype=bool)
    ended[last, np.arange(len(last))] = True
    return ended


@wrong("ended_rows", "advantages over a padded batch", "array's last row")
def the_array_ends_them_all(last, rows):
    ended = np.zeros((rows, len(last)), dtype=bool)
    ended[-1] = True
    return ended


@wrong("ended_rows", "a batch-first habit", "Time is not first")
def batch_first(last, rows):
    return last[:, None] == np.arange(rows)


@wrong("ended_rows", "a slice instead of a pair", "padding is marked")
def from_there_on(last, rows):
    ended = np.zeros((rows, len(last)), dtype=bool)
    for answer, row in enumerate(last):
        ended[row:, answer] = True
    return ended


# next_worth


@right("next_worth", "a product with what goes on")
def times_what_goes_on(next_values, terminated, truncated):
    return next_values * (1.0 - terminated)


@right("next_worth", "zeros written into a copy")
def zeros_written_in(next_values, terminated, truncated):
    worth = np.array(next_values)
    worth[terminated] = 0
    return worth


@wrong("next_worth", "one flag called done, in most code", "time limit counts as the end")
def one_flag_called_done(next_values, terminated, truncated):
    done = terminated | truncated
    return next_values * ~done


@wrong("next_worth", "the flags taken for each other", "mixed up")
def flags_taken_for_each_other(next_values, terminated, truncated):
    return next_values * ~truncated


# values_before


@right("values_before", "from the prompt's last place on")
def from_the_prompt_s_last_place(outputs, length):
    prompt = outputs.shape[1] - length
    return outputs[:, prompt - 1 : prompt - 1 + length]


@right("values_before", "the last dropped first")
def the_last_dropped_first(outputs, length):
    return outputs[:, :-1][:, -length:]


@wrong("values_before", "a mend of what was right: reported as off by one", "*after* each token")
def a_mend_of_what_was_right(outputs, length):
    return outputs[:, -length:]


@wrong("values_before", "the other way off", "too early")
def off_the_other_way(outputs, length):
    return outputs[:, -length - 2 : -2]


# token_log_probs


@right("token_log_probs", "the cross-entropy, turned round")
def cross_entropy_turned_round(logits, tokens, *, temperature):
    flat = F.cross_entropy((logits / temperature).flatten(0, 1), tokens.flatten(), reduction="none")
    return -flat.reshape(tokens.shape)


@right("token_log_probs", "the token's logit minus the logsumexp, as libraries do to save memory")
def minus_the_logsumexp(logits, tokens, *, temperature):
    hot = logits / temperature
    return hot.gather(-1, tokens.unsqueeze(-1)).squeeze(-1) - hot.logsumexp(dim=-1)


@wrong("token_log_probs", "several trainers, in whose samplers the temperature was", "temperature is ignored")
def the_temperature_ignored(logits, tokens, *, temperature):
    return F.log_softmax(logits, -1).gather(-1, tokens[..., None]).squeeze(-1)


@wrong("token_log_probs", "a mend that comes too late", "too late")
def divided_too_late(logits, tokens, *, temperature):
    return F.log_softmax(logits, -1).gather(-1, tokens[..., None]).squeeze(-1) / temperature


@wrong("token_log_probs", "an evaluation's cross-entropy", "cross-entropy")
def as_a_loss(logits, tokens, *, temperature):
    return -minus_the_logsumexp(logits, tokens, temperature=temperature)


# critic_loss


@right("critic_loss", "a library's mse_loss on what was written")
def mse_of_what_was_written(values, targets, mask):
    return 0.5 * F.mse_loss(values[mask], targets.detach()[mask])


@right("critic_loss", "a product with the mask, over its sum")
def product_over_the_sum(values, targets, mask):
    square = (values - targets.detach()) ** 2
    return 0.5 * (square * mask).sum() / mask.sum()


@wrong("critic_loss", "a critic whose values were turned into numbers on the way", "never learns")
def values_detached(values, targets, mask):
    return 0.5 * ((values.detach() - targets.detach())[mask] ** 2).mean()


@wrong("critic_loss", "the mean of a masked array", "still counts in the number")
def mean_of_a_masked_array(values, targets, mask):
    return 0.5 * ((values - targets.detach()) ** 2 * mask).mean()


@wrong("critic_loss", "a mean of means, and no half", "averaged first", "half is missing")
def a_mean_of_means(values, targets, mask):
    square = (values - targets.detach()) ** 2 * mask
    return (square.sum(1) / mask.sum(1)).mean()


# token_loss


@right("token_loss", "the larger of two losses, masked by where")
def larger_of_two_losses_masked(log_probs, old_log_probs, advantages, mask, *, clip, divisor):
    a = advantages.detach()
    ratio = torch.where(mask, log_probs - old_log_probs.detach(), 0.0).exp()
    each = torch.max(-a * ratio, -a * torch.clamp(ratio, 1 - clip, 1 + clip))
    return torch.where(mask, each, 0.0).sum() / divisor


@wrong("token_loss", "advantages straight from the critic", "would train the critic")
def advantages_with_their_graph(log_probs, old_log_probs, advantages, mask, *, clip, divisor):
    ratio = (log_probs - old_log_probs.detach()).exp()
    least = torch.min(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    return -(least * mask).sum() / divisor


@wrong("token_loss", "the mean over an answer's tokens, then over answers", "averaged first")
def mean_of_each_answer(log_probs, old_log_probs, advantages, mask, *, clip, divisor):
    a = advantages.detach()
    ratio = (log_probs - old_log_probs.detach()).exp()
    least = torch.min(ratio * a, ratio.clamp(1 - clip, 1 + clip) * a)
    return -((least * mask).sum(1) / mask.sum(1)).mean()


@wrong("token_loss", "the mean over the batch's tokens, and nothing detached", "mean over the tokens", "into")
def mean_of_the_batch_nothing_detached(log_probs, old_log_probs, advantages, mask, *, clip, divisor):
    ratio = (log_probs - old_log_probs).exp()
    least = torch.min(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    return -least[mask].mean()


# surrogate_loss


@right("surrogate_loss", "a quotient of probabilities")
def a_quotient_of_probabilities(log_probs, old_log_probs, advantages):
    return torch.mean(-(log_probs.exp() / old_log_probs.detach().exp()) * advantages.detach())


@wrong("surrogate_loss", "a mend of a loss of 0", "lost their sign")
def a_mend_of_a_loss_of_zero(log_probs, old_log_probs, advantages):
    return -((log_probs - old_log_probs.detach()).exp() * advantages.detach().abs()).mean()


@wrong("surrogate_loss", "another mend of a loss of 0: the old policy dropped", "plain log-probability")
def the_old_policy_dropped(log_probs, old_log_probs, advantages):
    return -(log_probs * advantages.detach()).mean()


@wrong("surrogate_loss", "a loss by hand: no minus, nothing detached", "sign is turned round", "into")
def surrogate_without_anything(log_probs, old_log_probs, advantages):
    return ((log_probs - old_log_probs).exp() * advantages).mean()

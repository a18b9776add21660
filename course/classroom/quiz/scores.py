"""Questions of lessons 0 to 3: scores, their scales, and what a batch tells."""

import numpy as np

from course.checks.exercise import Case
from course.classroom.quiz.questions import Drawn, Template
from course.classroom.quiz.shown import plus, say, steps_table, table, term

Rng = np.random.Generator


def one_of(rng: Rng, *values: float) -> float:
    """One of some numbers, as a plain one."""
    return float(rng.choice(values))


def some(rng: Rng, low: int, high: int, size: int) -> np.ndarray:
    """Different whole numbers from `low` to `high`, both included."""
    return rng.choice(np.arange(low, high + 1), size=size, replace=False).astype(float)


# Distances from a mean of four numbers, and their standard deviation: no root is left over.
AWAY = (
    ((7.0, 1.0, -1.0, -7.0), 5.0),
    ((11.0, 1.0, -5.0, -7.0), 7.0),
    ((7.0, 5.0, -1.0, -11.0), 7.0),
    ((11.0, 5.0, -3.0, -13.0), 9.0),
    ((13.0, 3.0, -5.0, -11.0), 9.0),
)


def spread(rng: Rng) -> tuple[np.ndarray, float]:
    """Four distances from a mean, in some order, and their standard deviation."""
    away, deviation = AWAY[rng.integers(len(AWAY))]
    size = one_of(rng, 1, 2, 10)
    return size * rng.permutation(away), size * deviation


# Lesson 0


def _rewards(rng: Rng) -> np.ndarray:
    """Five steps: two that pay, one that costs, one without a point, one with a fraction."""
    wins = some(rng, 1, 9, 2)
    loss = -one_of(rng, 1, 2, 3, 4, 5)
    part = one_of(rng, 0.5, 0.25, 0.75)
    return rng.permutation([*wins, loss, 0.0, part])


def _score(rng: Rng) -> Drawn:
    rewards = _rewards(rng)
    return Drawn(
        setting="An episode of five steps pays these rewards.",
        rows=steps_table(reward=rewards),
        asked="its score",
        calls=(Case("", (rewards,)),),
        worked=(f"All rewards, with their signs: {plus(rewards)} = {say(rewards.sum())}",),
    )


def _two_scores(rng: Rng) -> Drawn:
    first, second = _rewards(rng), _rewards(rng)
    ahead = second.sum() - first.sum()
    return Drawn(
        setting="Two episodes pay these rewards.",
        rows=steps_table(episode_A=first, episode_B=second),
        asked="the score of episode B minus that of episode A",
        calls=(Case("", (first,)), Case("", (second,))),
        pick=lambda a, b: b[""] - a[""],
        worked=(
            f"Episode A: {plus(first)} = {say(first.sum())}",
            f"Episode B: {plus(second)} = {say(second.sum())}",
            f"The difference: {term(second.sum())} − {term(first.sum())} = {say(ahead)}",
        ),
    )


# Lesson 1


def _orders(rng: Rng) -> Drawn:
    first = one_of(rng, 2, 3, 5, 7)
    powers = sorted(some(rng, 0, 5, 3))
    scores = first * 10 ** np.array(powers) * rng.choice([-1, 1], size=3)
    low, high = np.abs(scores).min(), np.abs(scores).max()
    listed = rng.permutation([*scores, 0.0])

    return Drawn(
        setting=f"Four agents score {', '.join(say(score) for score in listed)} points.",
        asked="the number of orders of magnitude between the scores, signs and zeros left out",
        calls=(Case("", (listed,)),),
        worked=(
            f"Without signs and zeros the smallest is {say(low)} and the largest {say(high)}.",
            f"{say(high)} / {say(low)} = {say(high / low)}, and log10 of that is "
            f"{say(powers[-1] - powers[0])}",
        ),
    )


def _human(rng: Rng) -> Drawn:
    random = one_of(rng, -20, -10, 5, 10, 20)
    width = one_of(rng, 40, 50, 80, 100, 200)
    share = one_of(rng, -0.25, 0.25, 0.5, 0.75, 1.25, 1.5)
    human, score = random + width, random + share * width

    return Drawn(
        setting=f"In a game random play scores {say(random)}, a human {say(human)} and an agent "
        f"{say(score)}.",
        asked="the agent’s human-normalised score",
        calls=(Case("", (score, random, human)),),
        worked=(
            f"Above random play: {say(score)} − {term(random)} = {say(score - random)}; "
            f"the human: {say(human)} − {term(random)} = {say(width)}",
            f"{say(score - random)} / {say(width)} = {say(share)}",
        ),
    )


# Lesson 2


def _min_max(rng: Rng) -> Drawn:
    low = one_of(rng, -20, -8, -5, 3, 4, 10, 12, 20)
    width = one_of(rng, 10, 20, 40, 50)
    share = one_of(rng, -0.3, -0.1, 0.1, 0.2, 0.3, 0.6, 0.7, 0.9, 1.1, 1.2, 1.5)
    high, score = low + width, low + share * width

    return Drawn(
        setting=f"So far a game gave scores from {say(low)} to {say(high)}; now comes a score of "
        f"{say(score)}.",
        asked="its min-max score, the range being what it was so far",
        calls=(Case("", (np.array([score]), low, high)),),
        pick=lambda seen: seen[""][0],
        worked=(
            f"Above low: {say(score)} − {term(low)} = {say(score - low)}; "
            f"the range: {say(high)} − {term(low)} = {say(width)}",
            f"{say(score - low)} / {say(width)} = {say(share)}",
        ),
    )


def _running(rng: Rng, asked: str) -> Drawn:
    mean = one_of(rng, 4, 6, 10)
    var = one_of(rng, 1, 2, 3, 5)
    count = int(one_of(rng, 2, 6))
    centre = mean + one_of(rng, 2, 4, 6)
    half = one_of(rng, 1, 2, 3)
    batch = np.array([centre - half, centre + half])

    total = count + 2
    new_mean = (count * mean + batch.sum()) / total
    gap = centre - mean
    between = gap**2 * count * 2 / total
    new_var = (count * var + 2 * half**2 + between) / total
    worked = {
        "mean": (f"({count} · {say(mean)} + {say(batch[0])} + {say(batch[1])}) / {total} = {say(new_mean)}",),
        "var": (
            f"The batch has mean {say(centre)} and variance {say(half**2)}; the means are {say(gap)} apart.",
            f"Squares: {count} · {say(var)} + 2 · {say(half**2)} + {say(gap)}² · {count} · 2 / {total} "
            f"= {say(new_var * total)}",
            f"{say(new_var * total)} / {total} = {say(new_var)}",
        ),
    }
    return Drawn(
        setting=f"So far {count} scores came, with mean {say(mean)} and (population) variance {say(var)}. "
        f"Now {say(batch[0])} and {say(batch[1])} come.",
        asked=f"the {'mean' if asked == 'mean' else 'variance'} of all {total}",
        calls=(Case("", (mean, var, float(count), batch)),),
        pick=lambda seen: seen[asked],
        worked=worked[asked],
    )


# Lesson 3


def _error_of_five(rng: Rng) -> Drawn:
    mean = one_of(rng, 10, 20, 30)
    size = one_of(rng, 1, 2, 3)
    away = size * rng.permutation([3.0, 1.0, 0.0, -1.0, -3.0])
    squares = float((away**2).sum())
    rewards = mean + away

    return Drawn(
        setting=f"Five answers are paid {', '.join(say(reward) for reward in rewards)} points.",
        asked="the standard error of their mean",
        calls=(Case("", (rewards,)),),
        worked=(
            f"The mean is {say(mean)}; the squared distances add up to {say(squares)}.",
            f"Variance, with n − 1: {say(squares)} / 4 = {say(squares / 4)}",
            f"√({say(squares / 4)} / 5) = {say((squares / 20) ** 0.5)}",
        ),
    )


def _error_of_two(rng: Rng) -> Drawn:
    low = one_of(rng, *range(-9, 21))
    high = low + one_of(rng, 4, 6, 8, 10, 12, 14, 16)
    apart = high - low

    return Drawn(
        setting=f"Two answers are paid {say(low)} and {say(high)} points.",
        asked="the standard error of their mean",
        calls=(Case("", (np.array([low, high]),)),),
        worked=(
            f"Both are {say(apart / 2)} from the mean, so the variance with n − 1 is "
            f"2 · {say(apart / 2)}² / 1 = {say(apart**2 / 2)}",
            f"√({say(apart**2 / 2)} / 2) = {say(apart / 2)}",
        ),
    )


def _error_of_a_jackpot(rng: Rng) -> Drawn:
    n = int(one_of(rng, 4, 5, 6, 8, 10, 12))
    prize = n * one_of(rng, 2, 3, 4, 5, 6, 7, 8, 10)
    rewards = np.append(np.zeros(n - 1), prize)

    return Drawn(
        setting=f"A batch holds {n - 1} answers without a point and one jackpot of {say(prize)} points.",
        asked="the standard error of its mean",
        calls=(Case("", (rewards,)),),
        worked=(
            f"The mean is {say(prize)} / {n} = {say(prize / n)}. The squared distances add up to "
            f"{n - 1} · {say(prize / n)}² + {say(prize - prize / n)}² = {say(prize**2 * (n - 1) / n)}",
            f"Variance, with n − 1: {say(prize**2 * (n - 1) / n)} / {n - 1} = {say(prize**2 / n)}",
            f"√({say(prize**2 / n)} / {n}) = {say(prize / n)}",
        ),
    )


def _batch(rng: Rng) -> Drawn:
    """The five answers once more, in a table."""
    drawn = _error_of_five(rng)
    (call,) = drawn.calls
    return Drawn(
        setting="Five answers are paid these points.",
        rows=table(("answer", "points"), *enumerate(call.args[0], start=1)),
        asked=drawn.asked,
        calls=drawn.calls,
        worked=drawn.worked,
    )


TEMPLATES = (
    Template(name="00_score", exercise="episode_score", draw=_score),
    Template(name="00_two_scores", exercise="episode_score", draw=_two_scores),
    Template(name="00_mistake", exercise="episode_score", draw=_score, of_mistake=True),
    Template(name="01_orders", exercise="orders_of_magnitude", draw=_orders),
    Template(name="01_human", exercise="human_normalized", draw=_human),
    Template(name="01_orders_mistake", exercise="orders_of_magnitude", draw=_orders, of_mistake=True),
    Template(name="01_human_mistake", exercise="human_normalized", draw=_human, of_mistake=True),
    Template(name="02_min_max", exercise="min_max", draw=_min_max),
    Template(name="02_running_mean", exercise="running_mean_var", draw=lambda rng: _running(rng, "mean")),
    Template(name="02_running_var", exercise="running_mean_var", draw=lambda rng: _running(rng, "var")),
    Template(
        name="02_running_mistake",
        exercise="running_mean_var",
        draw=lambda rng: _running(rng, "var"),
        of_mistake=True,
    ),
    Template(name="03_five_answers", exercise="standard_error", draw=_error_of_five),
    Template(name="03_two_answers", exercise="standard_error", draw=_error_of_two),
    Template(name="03_jackpot", exercise="standard_error", draw=_error_of_a_jackpot),
    Template(name="03_mistake", exercise="standard_error", draw=_batch, of_mistake=True),
)

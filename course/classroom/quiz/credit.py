"""Questions of lessons 4 to 6: which way is up, who gets the credit, and how far a guess was right."""

import numpy as np

from course.checks.exercise import Case
from course.classroom.quiz.questions import Drawn, Template
from course.classroom.quiz.scores import one_of, some
from course.classroom.quiz.shown import plus, say, steps_table, table, term

Rng = np.random.Generator

POLICIES = ([0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.6, 0.25, 0.15])


def policy(rng: Rng) -> np.ndarray:
    """Three probabilities that one can write down."""
    return rng.permutation(POLICIES[rng.integers(len(POLICIES))])


# Lesson 4


def _score_function(rng: Rng, which: str) -> Drawn:
    chances = policy(rng)
    action, other = (int(place) for place in rng.permutation(3)[:2])
    entry = action if which == "own" else other
    value = (entry == action) - chances[entry]
    formula = "1 − its probability" if which == "own" else "minus its probability"

    return Drawn(
        setting=f"A policy picks action 0, 1 or 2 with probability {', '.join(map(say, chances))}. "
        f"It picks action {action}.",
        asked=f"the derivative of log π({action}) in the logit of action {entry}",
        calls=(Case("", (chances, action)),),
        pick=lambda seen: seen[""][entry],
        worked=(
            f"Action {entry} was {'' if entry == action else 'not '}the one picked, so its entry is "
            f"{formula}.",
            f"{'1' if entry == action else '0'} − {say(chances[entry])} = {say(value)}",
        ),
    )


def _whole_score_function(rng: Rng) -> Drawn:
    chances = policy(rng)
    action = int(rng.integers(3))
    value = (np.arange(3) == action) - chances

    return Drawn(
        setting=f"A policy picks action 0, 1 or 2 with probability {', '.join(map(say, chances))}. "
        f"It picks action {action}.",
        asked=f"the gradient of log π({action}) in the three logits",
        calls=(Case("", (chances, action)),),
        worked=(
            f"1 at action {action}, 0 elsewhere, and from each its own probability is taken: "
            f"({', '.join(map(say, value))})",
        ),
    )


def _policy_gradient(rng: Rng) -> Drawn:
    scores = rng.integers(-2, 3, size=(4, 2)).astype(float)
    rewards = some(rng, 0, 9, 4)
    parameter = int(rng.integers(2))
    terms = scores[:, parameter] * rewards
    products = zip(scores[:, parameter], rewards, strict=True)

    return Drawn(
        setting="Four answers were sampled. The table has the score function of each, in two parameters, "
        "and its reward.",
        rows=table(
            ("answer", "in parameter 0", "in parameter 1", "reward"),
            *(
                (n, *row, reward)
                for n, (row, reward) in enumerate(zip(scores, rewards, strict=True), start=1)
            ),
        ),
        asked=f"the estimated policy gradient (no baseline) in parameter {parameter}",
        calls=(Case("", (scores, rewards)),),
        pick=lambda seen: seen[""][parameter],
        worked=(
            f"Each score times its own reward: {' + '.join(f'{term(s)} · {say(r)}' for s, r in products)} "
            f"= {say(terms.sum())}",
            f"The mean over four answers: {term(terms.sum())} / 4 = {say(terms.mean())}",
        ),
    )


# Lesson 5


def _share(rng: Rng) -> Drawn:
    length = int(one_of(rng, 4, 5))
    score = length * one_of(rng, -20, -10, 10, 20, 30, 50, 80, 100) + one_of(rng, 0, 1, 2, 3)
    step = int(rng.integers(1, length - 1))

    return Drawn(
        setting=f"An answer of {length} tokens is paid {say(score)} points, and the score is spread evenly.",
        asked=f"the share of token {step} (the first is token 0)",
        calls=(Case("", (score, length)),),
        pick=lambda seen: seen[""][step],
        worked=(f"Every token gets the same: {say(score)} / {length} = {say(score / length)}",),
    )


def _to_go(rng: Rng, step: int) -> Drawn:
    gamma = one_of(rng, 0.5, 0.8)
    rewards = rng.permutation([*some(rng, 1, 9, 3), -one_of(rng, 1, 2, 3)])
    sums = [*rewards]
    for t in (2, 1, 0):
        sums[t] += gamma * sums[t + 1]

    return Drawn(
        setting=f"An episode of four steps pays these rewards; γ is {say(gamma)}.",
        rows=steps_table(reward=rewards),
        asked=f"the reward to go of step {step}",
        calls=(Case("", (rewards,), {"gamma": gamma}),),
        pick=lambda seen: seen[""][step],
        worked=(
            f"Backwards: the last step has {say(rewards[3])}.",
            *(
                f"Step {t}: {say(rewards[t])} + {say(gamma)} · {term(sums[t + 1])} "
                f"= {say(sums[t], _digits(t, step))}"
                for t in range(2, step - 1, -1)
            ),
        ),
    )


def _digits(t: int, asked: int) -> int:
    """The steps on the way keep every digit; the answer is rounded."""
    return 2 if t == asked else 4


def _all_to_go(rng: Rng) -> Drawn:
    gamma = 0.5
    rewards = rng.permutation([*some(rng, 1, 9, 2), 0.0])
    last = rewards[2]
    middle = rewards[1] + gamma * last
    first = rewards[0] + gamma * middle

    return Drawn(
        setting="An episode of three steps pays these rewards; γ is 0.5.",
        rows=steps_table(reward=rewards),
        asked="the rewards to go of all three steps",
        calls=(Case("", (rewards,), {"gamma": gamma}),),
        worked=(
            f"Backwards: {say(last)}; {say(rewards[1])} + 0.5 · {say(last)} = {say(middle)}; "
            f"{say(rewards[0])} + 0.5 · {say(middle, 4)} = {say(first)}",
            f"In the order of the steps: ({say(first)}, {say(middle)}, {say(last)})",
        ),
    )


# Lesson 6


def _advantage(rng: Rng) -> Drawn:
    chances = policy(rng)
    values = some(rng, 0, 20, 3)
    action = int(rng.integers(3))
    terms = chances * values
    state = terms.sum()
    products = zip(chances, values, strict=True)

    return Drawn(
        setting="In a state a policy picks one of three actions.",
        rows=table(
            ("action", "probability", "Q"),
            *((n, *row) for n, row in enumerate(zip(chances, values, strict=True))),
        ),
        asked=f"the advantage of action {action}",
        calls=(Case("", (values, chances)),),
        pick=lambda seen: seen[""][action],
        worked=(
            f"V = {' + '.join(f'{say(p)} · {say(q)}' for p, q in products)} = {say(state)}",
            f"A = Q − V = {say(values[action])} − {say(state)} = {say(values[action] - state)}",
        ),
    )


def _leave_one_out(rng: Rng) -> Drawn:
    rewards = some(rng, 0, 20, 4)
    answer = int(rng.integers(4))
    others = np.delete(rewards, answer)
    mean = others.mean()

    return Drawn(
        setting=f"Four answers to one question are paid {', '.join(map(say, rewards))} points.",
        asked=f"the leave-one-out advantage of the answer with {say(rewards[answer])} points",
        calls=(Case("", (rewards,)),),
        pick=lambda seen: seen[""][answer],
        worked=(
            f"The mean of the others: ({plus(others)}) / 3 = {say(mean)}",
            f"{say(rewards[answer])} − {say(mean, 4)} = {say(rewards[answer] - mean)}",
        ),
    )


def _explained(rng: Rng) -> Drawn:
    size, miss = ((1, 1), (1, 2), (2, 1), (1, 3))[rng.integers(4)]
    targets = one_of(rng, 8, 10, 20) + size * rng.permutation([3.0, 1.0, -1.0, -3.0])
    offset = one_of(rng, 1, 2)
    misses = offset + miss * rng.permutation([1.0, 1.0, -1.0, -1.0])
    values = targets - misses
    spread, left = 5.0 * size**2, float(miss**2)

    return Drawn(
        setting="A critic guessed four outcomes.",
        rows=table(("guess V", "outcome"), *zip(values, targets, strict=True)),
        asked="its explained variance",
        calls=(Case("", (values, targets)),),
        worked=(
            f"The outcomes have mean {say(targets.mean())} and variance {say(spread)}.",
            f"The misses, outcome − guess, are {', '.join(map(say, misses))}: mean {say(offset)}, "
            f"variance {say(left)}.",
            f"1 − {say(left)} / {say(spread)} = {say(1 - left / spread)}",
        ),
    )


def _value_loss(rng: Rng) -> Drawn:
    values = some(rng, 0, 9, 4)
    misses = rng.permutation([*some(rng, 1, 5, 2), -one_of(rng, 1, 2, 3), 0.0])
    targets = values + misses
    squares = float((misses**2).sum())

    return Drawn(
        setting="A critic guessed the outcomes of four steps.",
        rows=steps_table(guess_V=values, outcome=targets),
        asked="the value loss, with its half",
        calls=(Case("", (values, targets)),),
        pick=lambda seen: seen["the loss"],
        worked=(
            f"The misses are {', '.join(map(say, misses))}; their squares add up to {say(squares)}.",
            f"{say(squares)} / 4 / 2 = {say(squares / 8)}",
        ),
    )


TEMPLATES = (
    Template(name="04_own_logit", exercise="score_function", draw=lambda rng: _score_function(rng, "own")),
    Template(
        name="04_other_logit", exercise="score_function", draw=lambda rng: _score_function(rng, "other")
    ),
    Template(name="04_policy_gradient", exercise="policy_gradient", draw=_policy_gradient),
    Template(name="04_score_mistake", exercise="score_function", draw=_whole_score_function, of_mistake=True),
    Template(name="04_gradient_mistake", exercise="policy_gradient", draw=_policy_gradient, of_mistake=True),
    Template(name="05_share", exercise="spread_evenly", draw=_share),
    Template(name="05_first_step", exercise="reward_to_go", draw=lambda rng: _to_go(rng, 0)),
    Template(name="05_later_step", exercise="reward_to_go", draw=lambda rng: _to_go(rng, 2)),
    Template(name="05_mistake", exercise="reward_to_go", draw=_all_to_go, of_mistake=True),
    Template(name="06_advantage", exercise="advantage_function", draw=_advantage),
    Template(name="06_leave_one_out", exercise="leave_one_out", draw=_leave_one_out),
    Template(name="06_explained", exercise="explained_variance", draw=_explained),
    Template(name="06_value_loss", exercise="value_loss", draw=_value_loss),
    Template(name="06_mistake", exercise="leave_one_out", draw=_leave_one_out, of_mistake=True),
    Template(name="06_explained_mistake", exercise="explained_variance", draw=_explained, of_mistake=True),
)

"""Questions of lessons 10 to 12: two losses, a step that is held near, and Pong."""

import numpy as np

from course.checks.exercise import GRADIENT, Case
from course.classroom.quiz.credit import policy
from course.classroom.quiz.questions import Drawn, Template
from course.classroom.quiz.scores import one_of, some, spread
from course.classroom.quiz.shown import say, steps_table, table, term
from course.returns import td_errors

Rng = np.random.Generator

OF_LOG_PROBS = GRADIENT + "log_probs"


# Lesson 10


def _four_steps(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities and advantages."""
    log_probs = -rng.permutation([0.5, 1.0, 1.5, 2.0, 3.0])[:4]
    advantages = rng.permutation([*some(rng, 1, 6, 2), *-some(rng, 1, 6, 2)])
    return log_probs, advantages


def _policy_loss(rng: Rng) -> Drawn:
    log_probs, advantages = _four_steps(rng)
    products = log_probs * advantages
    pairs = zip(log_probs, advantages, strict=True)

    return Drawn(
        setting="A rollout of four steps.",
        rows=steps_table(log_π=log_probs, advantage=advantages),
        asked="the policy loss",
        calls=(Case("", (log_probs, advantages)),),
        pick=lambda seen: seen["the loss"],
        worked=(
            f"{' + '.join(f'{term(log)} · {term(a)}' for log, a in pairs)} = {say(products.sum())}",
            f"Minus the mean: −{term(products.sum())} / 4 = {say(-products.mean())}",
        ),
    )


def _policy_gradient(rng: Rng) -> Drawn:
    log_probs, advantages = _four_steps(rng)
    step = int(rng.integers(4))
    slope = -advantages[step] / 4

    return Drawn(
        setting="A rollout of four steps.",
        rows=steps_table(log_π=log_probs, advantage=advantages),
        asked=f"the derivative of the policy loss in the log-probability of step {step}",
        calls=(Case("", (log_probs, advantages)),),
        pick=lambda seen: seen[OF_LOG_PROBS][step],
        worked=(
            "The loss is minus the mean of log π · A, so each log-probability has the slope −A / 4.",
            f"−{term(advantages[step])} / 4 = {say(slope)}",
        ),
    )


def _normalize(rng: Rng) -> Drawn:
    away, deviation = spread(rng)
    centre = one_of(rng, 3, 5, 20)
    advantages = centre + away
    step = int(rng.integers(4))

    return Drawn(
        setting=f"Four steps have the advantages {', '.join(map(say, advantages))}.",
        asked=f"the normalised advantage of step {step} (the first is step 0)",
        calls=(Case("", (advantages,)),),
        pick=lambda seen: seen[""][step],
        worked=(
            f"The mean is {say(centre)}. The squared distances add up to {say((away**2).sum())}, so the "
            f"standard deviation is √({say((away**2).sum())} / 4) = {say(deviation)}.",
            f"({say(advantages[step])} − {say(centre)}) / {say(deviation)} = {say(away[step] / deviation)}",
        ),
    )


# Lesson 11


def _moved(rng: Rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two steps: probabilities then, ratios, advantages; one ratio is outside of 0.8 to 1.2."""
    before = rng.permutation([0.2, 0.4])
    ratios = rng.permutation([one_of(rng, 0.5, 0.75, 1.25, 1.5), one_of(rng, 0.5, 0.9, 1.1, 1.5)])
    advantages = rng.permutation([one_of(rng, 1, 2, 3, 4), -one_of(rng, 1, 2, 3, 4)])
    return before, ratios, advantages


def _clipped(rng: Rng, *, gradient: bool) -> Drawn:
    before, ratios, advantages = _moved(rng)
    logs = np.log(before * ratios), np.log(before)
    free = ratios * advantages
    held = np.clip(ratios, 0.8, 1.2) * advantages
    least = np.minimum(free, held)
    lines = [
        f"Step {t}: ratio {say(ratios[t])}; the smaller of {say(free[t])} and {say(held[t])} (clipped) "
        f"is {say(least[t])}."
        for t in range(2)
    ]
    if gradient:
        lines.append(_slope(float(free[0]), float(held[0])))
    else:
        lines.append(f"Minus the mean: −({say(least[0])} + {term(least[1])}) / 2 = {say(-least.mean())}")

    slope = "the derivative of PPO’s clipped loss in the log-probability of step 0"
    return Drawn(
        setting="A policy has moved since it played two steps; clip is 0.2.",
        rows=steps_table(probability_then=before, probability_now=before * ratios, advantage=advantages),
        asked=slope if gradient else "PPO’s clipped loss",
        calls=(Case("", (*logs, advantages), {"clip": 0.2}),),
        pick=(lambda seen: seen[OF_LOG_PROBS][0]) if gradient else (lambda seen: seen["the loss"]),
        worked=tuple(lines),
    )


def _slope(free: float, held: float) -> str:
    """The derivative of the loss in one log-probability, for two steps."""
    if held < free:
        return "Step 0 is clipped: its term no longer moves with log π, and the derivative is 0"
    return (
        f"Step 0 is not clipped, and the ratio is its own derivative in log π: −{term(free)} / 2 "
        f"= {say(-free / 2)}"
    )


def _entropy(rng: Rng) -> Drawn:
    """Two states of a policy over three actions."""
    states = np.array([policy(rng), policy(rng)])
    needed = sorted({float(p) for p in states.flat}, reverse=True)
    logs = ", ".join(f"−ln {say(p)} = {say(-np.log(p))}" for p in needed)
    nats = -(states * np.log(states)).sum(axis=1)
    lines = [
        f"State {name}: {' + '.join(f'{say(p)} · {say(-np.log(p))}' for p in state)} ≈ {say(found)}"
        for name, state, found in zip("AB", states, nats, strict=True)
    ]

    return Drawn(
        setting=f"A policy over three actions, in two states ({logs}).",
        rows=table(("state", "π(0)", "π(1)", "π(2)"), ("A", *states[0]), ("B", *states[1])),
        asked="its mean entropy over the two states, in nats",
        calls=(Case("", (np.log(states),)),),
        pick=lambda seen: seen["the entropy"],
        worked=(
            *lines,
            f"The mean over the states: ({say(nats[0])} + {say(nats[1])}) / 2 ≈ {say(nats.mean())}",
        ),
    )


# Lesson 12: functions of earlier lessons, in Pong


def _pong_score(rng: Rng) -> Drawn:
    lost = int(rng.integers(5, 20))
    decisions = 100 * int(rng.integers(9, 19))
    rewards = np.zeros(decisions)
    points = [*np.ones(20), *-np.ones(lost)]
    places = 10 + rng.permutation(decisions - 20)[: len(points)]
    rewards[places] = points
    rewards[-1] = 1.0

    return Drawn(
        setting=f"A game of Pong takes {say(decisions)} decisions. The agent wins 21 points and loses "
        f"{lost}.",
        asked="the score of the episode",
        calls=(Case("", (rewards,)),),
        worked=(f"A point won is +1, a point lost −1, all else 0: 21 − {lost} = {say(21 - lost)}",),
    )


def _pong_human(rng: Rng) -> Drawn:
    random, human = -20.0, one_of(rng, 5, 10, 12, 15, 16)
    score = one_of(rng, *(score for score in range(-18, 21) if score not in (0.0, human)))
    share = (score - random) / (human - random)

    return Drawn(
        setting=f"In Pong, with scores from −21 to 21, random play gets {say(random)} and a human "
        f"{say(human)}. An agent gets {say(score)}.",
        asked="its human-normalised score",
        calls=(Case("", (score, random, human)),),
        worked=(
            f"Above random play: {say(score)} − (−20) = {say(score + 20)}; the human: "
            f"{say(human)} − (−20) = {say(human + 20)}",
            f"{say(score + 20)} / {say(human + 20)} = {say(share)}",
        ),
    )


def _pong_td(rng: Rng) -> Drawn:
    gamma, step = 0.9, 1
    won = one_of(rng, -1, 1)
    rewards = np.array([0.0, won, 0.0])
    values = 0.1 * some(rng, -9, 9, 4)
    values, following = values[:3], values[1:]
    over = np.zeros(3, dtype=bool)
    delta = won + gamma * following[step] - values[step]

    return Drawn(
        setting=f"Three screens of Pong: at screen 1 a point is {'won' if won > 0 else 'lost'}, and the game "
        f"goes on; γ is {say(gamma)}.",
        rows=steps_table(reward=rewards, V_of_the_screen=values, V_of_the_next_screen=following),
        asked=f"the TD error of screen {step}",
        calls=(Case("", (rewards, values, following, over), {"gamma": gamma}),),
        pick=lambda seen: seen[""][step],
        worked=(
            f"{say(won)} + {say(gamma)} · {term(following[step])} − {term(values[step])} = {say(delta)}",
        ),
    )


A_POINT_IS_NO_END = (
    "A point is taken for the end of the task. In Pong the game goes on until somebody has 21 points, so "
    "what follows counts.",
    lambda rewards, values, following, over, *, gamma: td_errors(
        rewards, values, following, rewards != 0, gamma=gamma
    ),
)

TEMPLATES = (
    Template(name="10_policy_loss", exercise="policy_loss", draw=_policy_loss),
    Template(name="10_gradient", exercise="policy_loss", draw=_policy_gradient),
    Template(name="10_normalize", exercise="normalize", draw=_normalize),
    Template(name="10_loss_mistake", exercise="policy_loss", draw=_policy_loss, of_mistake=True),
    Template(name="10_normalize_mistake", exercise="normalize", draw=_normalize, of_mistake=True),
    Template(
        name="11_clipped", exercise="clipped_policy_loss", draw=lambda rng: _clipped(rng, gradient=False)
    ),
    Template(
        name="11_gradient", exercise="clipped_policy_loss", draw=lambda rng: _clipped(rng, gradient=True)
    ),
    Template(name="11_entropy", exercise="entropy", draw=_entropy),
    Template(
        name="11_mistake",
        exercise="clipped_policy_loss",
        draw=lambda rng: _clipped(rng, gradient=False),
        of_mistake=True,
    ),
    Template(name="12_score", exercise="episode_score", draw=_pong_score),
    Template(name="12_human", exercise="human_normalized", draw=_pong_human),
    Template(name="12_td_error", exercise="td_errors", draw=_pong_td, also=(A_POINT_IS_NO_END,)),
    Template(
        name="12_mistake", exercise="td_errors", draw=_pong_td, also=(A_POINT_IS_NO_END,), of_mistake=True
    ),
)

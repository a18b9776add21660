"""Questions of lessons 13 to 15: tokens, judges, and which line is wrong."""

import numpy as np

from course.checks.exercise import GRADIENT, Case
from course.classroom.quiz.questions import Drawn, Template
from course.classroom.quiz.scores import one_of, some, spread
from course.classroom.quiz.shown import Rows, plus, say, say_all, steps_table, table, term

Rng = np.random.Generator

END = 2


# Lesson 13


def _answer(rng: Rng, written: int, places: int) -> np.ndarray:
    """Words, the end as the last that is written, and something after it; no end if all places are words."""
    tokens = rng.integers(3, 10, size=places)
    if written < places:
        tokens[written - 1] = END
        tokens[written:] = rng.choice([0, 5], size=places - written)
    return tokens


def _spoken(tokens: np.ndarray) -> str:
    return " ".join(str(token) for token in tokens)


def _mask(rng: Rng) -> Drawn:
    written = int(rng.integers(1, 6))
    tokens = _answer(rng, written, 6)
    mask = np.arange(6) < written

    return Drawn(
        setting=f"A model wrote the tokens {_spoken(tokens)}, and {END} is the end token.",
        asked="the answer mask (1 for a token that counts)",
        calls=(Case("", (tokens[None], END)),),
        pick=lambda seen: seen[""][0],
        worked=(
            f"The first end stands at place {written - 1}, and it counts too; nobody wrote what follows: "
            f"{say_all(mask)}",
        ),
    )


def _counted(rng: Rng) -> Drawn:
    written = int(rng.integers(2, 5))
    first, cut = _answer(rng, written, 6), _answer(rng, 6, 6)

    return Drawn(
        setting=f"Two answers: {_spoken(first)} and {_spoken(cut)}. The end token is {END}.",
        asked="the number of tokens that the answer mask counts",
        calls=(Case("", (np.array([first, cut]), END)),),
        pick=lambda seen: np.sum(seen[""]),
        worked=(
            f"The first answer counts up to and with its end: {written}. The second was cut, it has no end, "
            f"and all 6 count.",
            f"{written} + 6 = {written + 6}",
        ),
    )


def _token_rewards(rng: Rng, token: int) -> Drawn:
    beta = one_of(rng, 2, 3, 4)
    score = one_of(rng, 6, 8, 10, 20)
    log_probs = -0.5 * some(rng, 1, 6, 3)
    reference = -0.5 * some(rng, 1, 6, 3)
    nats = log_probs[token] - reference[token]
    toll = -beta * nats
    total = toll + (score if token == 2 else 0)

    lines = [f"Token {token}: {say(log_probs[token])} − {term(reference[token])} = {say(nats)}, in nats"]
    if token == 2:
        lines.append(f"−{say(beta)} · {term(nats)} + {say(score)} = {say(total)}")
    else:
        lines.append(f"−{say(beta)} · {term(nats)} = {say(total)}")
    return Drawn(
        setting=f"An answer of three tokens gets the score {say(score)}; β is {say(beta)} points a nat.",
        rows=table(("token", "log π", "log π of the reference"), *_numbered(log_probs, reference)),
        asked=f"the reward of token {token}",
        calls=(Case("", (score, log_probs, reference), {"beta": beta}),),
        pick=lambda seen: seen[""][token],
        worked=tuple(lines),
    )


def _numbered(*columns: np.ndarray) -> list[tuple]:
    return [(n, *row) for n, row in enumerate(zip(*columns, strict=True))]


# Lesson 14


def _group(rng: Rng) -> Drawn:
    away, deviation = spread(rng)
    centre = one_of(rng, 10, 30, 80)
    scores = centre + away
    answer = int(rng.integers(4))
    squares = (away**2).sum()

    return Drawn(
        setting=f"Four answers to one prompt score {', '.join(map(say, scores))}.",
        asked=f"the group advantage of the answer with {say(scores[answer])}",
        calls=(Case("", (scores,)),),
        pick=lambda seen: seen[""][answer],
        worked=(
            f"The mean is {say(centre)}; the standard deviation √({say(squares)} / 4) = {say(deviation)}.",
            f"({say(scores[answer])} − {say(centre)}) / {say(deviation)} = {say(away[answer] / deviation)}",
        ),
    )


GAPS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
CHANCES = 1 / (1 + np.exp(-GAPS))
SURPRISES = -np.log(CHANCES)


def _given() -> Rows:
    """What nobody has in the head."""
    return table(("d", *map(say, GAPS)), ("σ(d)", *map(say, CHANCES)), ("−ln σ(d)", *map(say, SURPRISES)))


def _preference(rng: Rng) -> Drawn:
    gaps = rng.choice(GAPS, size=2, replace=False)
    rejected = some(rng, 1, 6, 2)
    chosen = rejected + gaps
    losses = [SURPRISES[GAPS == gap][0] for gap in gaps]

    return Drawn(
        setting=f"A judge scores two pairs: chosen {say(chosen[0])}, rejected {say(rejected[0])}; and chosen "
        f"{say(chosen[1])}, rejected {say(rejected[1])}.",
        rows=_given(),
        asked="the preference loss",
        calls=(Case("", (chosen, rejected)),),
        pick=lambda seen: seen["the loss"],
        worked=(
            f"The differences are {say(gaps[0])} and {say(gaps[1])}.",
            f"({say(losses[0])} + {say(losses[1])}) / 2 = {say(np.mean(losses))}",
        ),
    )


def _preference_gradient(rng: Rng) -> Drawn:
    gap = one_of(rng, *GAPS)
    rejected = some(rng, 1, 6, 1)
    wrong = 1 - CHANCES[GAPS == gap][0]

    return Drawn(
        setting=f"A judge scores one pair: chosen {say(rejected[0] + gap)}, rejected {say(rejected[0])}.",
        rows=_given(),
        asked="the derivative of the preference loss in the score of the chosen answer",
        calls=(Case("", (rejected + gap, rejected)),),
        pick=lambda seen: seen[GRADIENT + "chosen"][0],
        worked=(
            "The slope of −ln σ(d) is minus the chance of being wrong, −(1 − σ(d)).",
            f"d is {say(gap)}: −(1 − {say(1 - wrong)}) = {say(-wrong)}",
        ),
    )


# Lesson 15


def _penalty(rng: Rng) -> Drawn:
    beta = one_of(rng, 2, 3, 5)
    log_probs, reference = -0.5 * some(rng, 1, 6, 3), -0.5 * some(rng, 1, 6, 3)
    token = int(rng.integers(3))
    nats = log_probs[token] - reference[token]

    return Drawn(
        setting=f"Each token of an answer pays a KL penalty; β is {say(beta)} points a nat.",
        rows=table(("token", "log π", "log π of the reference"), *_numbered(log_probs, reference)),
        asked=f"the penalty that is added to the reward of token {token}",
        calls=(Case("", (log_probs, reference), {"beta": beta}),),
        pick=lambda seen: seen[""][token],
        worked=(
            f"The drift: {say(log_probs[token])} − {term(reference[token])} = {say(nats)}, in nats",
            f"−{say(beta)} · {term(nats)} = {say(-beta * nats)}",
        ),
    )


def _trained(rng: Rng) -> Drawn:
    written = int(rng.integers(2, 5))
    first, cut = _answer(rng, written, 5), _answer(rng, 5, 5)

    return Drawn(
        setting=f"A batch of two answers: {_spoken(first)} and {_spoken(cut)}. The end token is {END}.",
        asked="the number of tokens to train on",
        calls=(Case("", (np.array([first, cut]), END)),),
        pick=lambda seen: np.sum(seen[""]),
        worked=(
            f"Of the first all up to the end, and the end, which was drawn too: {written}. The second was "
            f"cut: all 5.",
            f"{written} + 5 = {written + 5}",
        ),
    )


def _worth(rng: Rng) -> Drawn:
    values = some(rng, 1, 9, 3)
    over, cut = (np.arange(3) == place for place in rng.permutation(3)[:2])
    worth = np.where(over, 0.0, values)

    return Drawn(
        setting="Three steps, and what the critic says of the states that they reached.",
        rows=steps_table(V_of_the_next_state=values, terminated=over, truncated=cut),
        asked="the worth of the three next states in the TD errors",
        calls=(Case("", (values, over, cut)),),
        worked=(f"0 only where the task is over; a time limit takes nothing away: {say_all(worth)}",),
    )


def _last(rng: Rng) -> Drawn:
    lengths = some(rng, 1, 5, 3).astype(int)
    mask = np.arange(5) < lengths[:, None]

    return Drawn(
        setting="Three answers in an array of five places; 1 marks a token that was written: "
        f"{'; '.join(say_all(row) for row in mask)}.",
        asked="the place of each answer’s last token (the first place is 0)",
        calls=(Case("", (mask,)),),
        worked=(
            f"The lengths are {', '.join(map(str, lengths))}; places count from 0, so one less: "
            f"{say_all(lengths - 1)}",
        ),
    )


def _before(rng: Rng) -> Drawn:
    outputs = some(rng, 1, 9, 6)
    values = outputs[2:5]

    return Drawn(
        setting=f"A critic reads a prompt of three tokens and an answer of three. After each token it says: "
        f"{', '.join(map(say, outputs))}.",
        asked="its value before each token of the answer",
        calls=(Case("", (outputs[None], 3)),),
        pick=lambda seen: seen[""][0],
        worked=(
            f"Before the answer’s first token stands what it said after the prompt’s last: {say_all(values)}",
        ),
    )


def _no_move(rng: Rng) -> Drawn:
    log_probs = -0.5 * some(rng, 1, 6, 3)
    first, second = some(rng, 1, 4, 2)
    advantages = rng.permutation([first, second, -first - second])

    return Drawn(
        setting="Before the first step the policy is still the one that wrote these three tokens.",
        rows=table(("token", "log π, then and now", "advantage"), *_numbered(log_probs, advantages)),
        asked="the surrogate loss",
        calls=(Case("", (log_probs, log_probs.copy(), advantages)),),
        pick=lambda seen: seen["the loss"],
        worked=(
            f"All ratios are 1, and the advantages sum to {plus(advantages)} = 0.",
            "Its gradient is not 0, and yet the loss is 0",
        ),
    )


TEMPLATES = (
    Template(name="13_mask", exercise="answer_mask", draw=_mask),
    Template(name="13_count", exercise="answer_mask", draw=_counted),
    Template(name="13_last_token", exercise="token_rewards", draw=lambda rng: _token_rewards(rng, 2)),
    Template(name="13_first_token", exercise="token_rewards", draw=lambda rng: _token_rewards(rng, 0)),
    Template(
        name="13_mistake", exercise="token_rewards", draw=lambda rng: _token_rewards(rng, 2), of_mistake=True
    ),
    Template(name="14_group", exercise="group_advantages", draw=_group),
    Template(name="14_preference", exercise="preference_loss", draw=_preference),
    Template(name="14_gradient", exercise="preference_loss", draw=_preference_gradient),
    Template(name="14_group_mistake", exercise="group_advantages", draw=_group, of_mistake=True),
    Template(name="14_preference_mistake", exercise="preference_loss", draw=_preference, of_mistake=True),
    Template(name="15_penalty", exercise="kl_penalty", draw=_penalty),
    Template(name="15_trained", exercise="trained_tokens", draw=_trained),
    Template(name="15_worth", exercise="next_worth", draw=_worth),
    Template(name="15_last", exercise="last_rows", draw=_last),
    Template(name="15_before", exercise="values_before", draw=_before),
    Template(name="15_no_move", exercise="surrogate_loss", draw=_no_move),
    Template(name="15_mistake", exercise="kl_penalty", draw=_penalty, of_mistake=True),
)

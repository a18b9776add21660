"""Questions of lessons 7 to 9: one step's surprise, the sum of many, and who stopped the game."""

import numpy as np

from course.checks.exercise import Case
from course.classroom.quiz.questions import Drawn, Template
from course.classroom.quiz.scores import one_of, some
from course.classroom.quiz.shown import Rows, say, say_all, steps_table, term

Rng = np.random.Generator


# Lesson 7


def _td_error(rng: Rng, at_the_end: bool) -> Drawn:
    gamma = one_of(rng, 0.5, 0.8)
    rewards = rng.permutation([0.0, *some(rng, 1, 5, 3)])
    values, following = some(rng, 2, 12, 4), some(rng, 2, 12, 4)
    over = np.array([False, True, False, False])
    step = 1 if at_the_end else 2
    reward, value, ahead = rewards[step], values[step], following[step]
    delta = reward + gamma * ahead * (not over[step]) - value
    later = "0, as the task is over" if at_the_end else f"{say(gamma)} · {say(ahead)} = {say(gamma * ahead)}"

    return Drawn(
        setting=f"Four steps of a record; γ is {say(gamma)}.",
        rows=steps_table(
            reward=rewards, V_of_the_state=values, V_of_the_next_state=following, terminated=over
        ),
        asked=f"the TD error of step {step}",
        calls=(Case("", (rewards, values, following, over), {"gamma": gamma}),),
        pick=lambda seen: seen[""][step],
        worked=(
            f"What the next state adds: {later}.",
            f"{say(reward)} + {say(gamma * ahead * (not over[step]))} − {say(value)} = {say(delta)}",
        ),
    )


def _td_update(rng: Rng, over: bool) -> Drawn:
    gamma, lr = one_of(rng, 0.5, 0.8), one_of(rng, 0.1, 0.2, 0.25)
    table = 2 * some(rng, 1, 9, 3)
    state, following = (int(place) for place in rng.permutation(3)[:2])
    reward = one_of(rng, 1, 2, 3, 4)
    later = 0.0 if over else gamma * table[following]
    target = reward + later
    new = table[state] + lr * (target - table[state])

    end = "and there the task is over" if over else f"and leads to state {following}"
    return Drawn(
        setting=f"A table says V = {', '.join(map(say, table))} for the states 0, 1 and 2. A step from state "
        f"{state} pays {say(reward)} {end}; γ is {say(gamma)}, the learning rate {say(lr)}.",
        asked=f"V of state {state} after the update",
        calls=(Case("", (table, state, reward, following, over), {"gamma": gamma, "lr": lr}),),
        pick=lambda seen: seen["the new table"][state],
        worked=(
            f"The target: {say(reward)} + {say(later)} = {say(target)}",
            f"{say(table[state])} + {say(lr)} · ({say(target)} − {say(table[state])}) = {say(new)}",
        ),
    )


# Lesson 8


def _by_definition(rng: Rng) -> Drawn:
    gamma, lam = (0.5, 0.8) if rng.random() < 0.5 else (0.8, 0.5)
    deltas = rng.permutation([*some(rng, 2, 9, 3), -one_of(rng, 2, 3, 4), 5.0])
    ended = np.array([False, False, True, False, True])
    first, second, third = deltas[:3]
    total = first + 0.4 * second + 0.16 * third

    return Drawn(
        setting=f"TD errors of two episodes, end to end; γ is {say(gamma)} and λ is {say(lam)}.",
        rows=steps_table(TD_error=deltas, ends_the_episode=ended),
        asked="the advantage of step 0 by GAE",
        calls=(Case("", (deltas, ended), {"gamma": gamma, "lam": lam}),),
        pick=lambda seen: seen[""][0],
        worked=(
            f"Each step further costs a factor γλ = {say(gamma)} · {say(lam)} = 0.4, and step 2 is the last.",
            f"{say(first)} + 0.4 · {term(second)} + 0.16 · {term(third)} = {say(total)}",
        ),
    )


def _record(rng: Rng) -> tuple[np.ndarray, ...]:
    """Rewards, values and next values of four steps."""
    rewards = rng.permutation([0.0, *some(rng, 1, 6, 3)])
    return rewards, some(rng, 2, 12, 4), some(rng, 2, 12, 4)


def _columns(record: tuple[np.ndarray, ...], over: np.ndarray, cut: np.ndarray) -> Rows:
    rewards, values, following = record
    return steps_table(
        reward=rewards, V_of_the_state=values, V_of_the_next_state=following, terminated=over, truncated=cut
    )


def _gae(rng: Rng, *, limit: bool, asked: int) -> Drawn:
    """Row 1 ends an episode: the task is over there, or a time limit stops it."""
    gamma, lam = 0.5, one_of(rng, 0.4, 0.8)
    record = _record(rng)
    stop = np.array([False, True, False, False])
    never = np.zeros(4, dtype=bool)
    over, cut = (never, stop) if limit else (stop, never)

    rewards, values, following = record
    ahead = gamma * following * ~over
    deltas = rewards + ahead - values
    first = deltas[0] + gamma * lam * deltas[1]
    why = "stops the sum, but the next state keeps its value" if limit else "ends the task"
    lines = [
        f"δ of step 1, which {why}: {say(rewards[1])} + {say(ahead[1])} − {say(values[1])} = {say(deltas[1])}"
    ]
    if asked == 0:
        lines += [
            f"δ of step 0: {say(rewards[0])} + {say(ahead[0])} − {say(values[0])} = {say(deltas[0])}",
            f"{say(deltas[0])} + {say(gamma)} · {say(lam)} · {term(deltas[1])} = {say(first)}",
        ]
    return Drawn(
        setting=f"Four steps of a record; γ is {say(gamma)} and λ is {say(lam)}.",
        rows=_columns(record, over, cut),
        asked=f"the advantage of step {asked} by GAE",
        calls=(Case("", (*record, over, cut), {"gamma": gamma, "lam": lam}),),
        pick=lambda seen: seen[""][asked],
        worked=tuple(lines),
    )


# Lesson 9


def _log(rng: Rng, length: int) -> tuple[np.ndarray, np.ndarray]:
    """One row where the task is over and one with a time limit, the second perhaps the last row of all."""
    first = int(rng.integers(0, length - 3))
    second = int(rng.integers(first + 2, length))
    rows = np.arange(length)
    over, cut = rows == first, rows == second
    return (over, cut) if rng.random() < 0.5 else (cut, over)


RESETS = "The environment resets one step after an ending, and that row is no step of the game."


def _real(rng: Rng, *, count: bool) -> Drawn:
    length = int(rng.integers(7, 10)) if count else 6
    over, cut = _log(rng, length)
    real = ~np.concatenate([[False], (over | cut)[:-1]])
    resets = " and ".join(str(row) for row in np.flatnonzero(~real))
    kept = say(float(real.sum())) if count else say_all(real)

    return Drawn(
        setting=f"A record of {length} rows. {RESETS}",
        rows=steps_table(terminated=over, truncated=cut),
        asked="the number of real steps" if count else "the row of flags (1 for a real step, 0 for a reset)",
        calls=(Case("", (over, cut)),),
        pick=(lambda seen: np.sum(seen[""])) if count else (lambda seen: seen[""]),
        worked=(
            f"Both flags end an episode, so the rows after them are resets: {resets}.",
            f"All other rows are steps of the game: {kept}",
        ),
    )


TEMPLATES = (
    Template(name="07_td_error", exercise="td_errors", draw=lambda rng: _td_error(rng, False)),
    Template(name="07_at_the_end", exercise="td_errors", draw=lambda rng: _td_error(rng, True)),
    Template(name="07_update", exercise="td_update", draw=lambda rng: _td_update(rng, False)),
    Template(name="07_last_update", exercise="td_update", draw=lambda rng: _td_update(rng, True)),
    Template(
        name="07_mistake", exercise="td_errors", draw=lambda rng: _td_error(rng, False), of_mistake=True
    ),
    Template(name="08_definition", exercise="gae_by_definition", draw=_by_definition),
    Template(name="08_gae", exercise="gae", draw=lambda rng: _gae(rng, limit=False, asked=0)),
    Template(
        name="08_definition_mistake", exercise="gae_by_definition", draw=_by_definition, of_mistake=True
    ),
    Template(
        name="08_gae_mistake",
        exercise="gae",
        draw=lambda rng: _gae(rng, limit=False, asked=0),
        of_mistake=True,
    ),
    Template(name="09_flags", exercise="real_steps", draw=lambda rng: _real(rng, count=False)),
    Template(name="09_count", exercise="real_steps", draw=lambda rng: _real(rng, count=True)),
    Template(name="09_time_limit", exercise="gae", draw=lambda rng: _gae(rng, limit=True, asked=1)),
    Template(
        name="09_mistake", exercise="real_steps", draw=lambda rng: _real(rng, count=False), of_mistake=True
    ),
)

"""Exercises of lesson 7: when did you know?"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from course import returns
from course.arrays import Array
from course.checks.exercise import Case, Exercise
from course.checks.mutants import decaying_sums, kept, mutant


def _td_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # rewards, values, next_values, terminated, gamma
        ("no end, no discount", [1, 0, 2], [4, 6, 3], [6, 3, 8], [0, 0, 0], 1),
        ("a reward at the end", [0, 0, 9], [2, 4, 6], [4, 6, 8], [0, 0, 1], 1),
        ("gamma 0.5", [1, 1, 1], [2, 4, 8], [4, 8, 6], [0, 0, 0], 0.5),
        ("gamma 0: only the next reward counts", [3, 5], [1, 2], [2, 7], [0, 0], 0),
        ("an end in the middle", [2, 7, 1], [4, 5, 3], [5, 8, 6], [0, 1, 0], 0.5),
        ("a critic that knew it all", [0, 0, 6], [6, 6, 6], [6, 6, 4], [0, 0, 1], 1),
        ("one step", [2], [3], [8], [0], 0.5),
        (
            "two environments side by side",
            [[1, 0], [0, 4]],
            [[2, 6], [4, 8]],
            [[4, 8], [2, 6]],
            [[0, 1], [1, 0]],
            0.5,
        ),
        ("one environment, [T, 1]", [[1], [2]], [[2], [4]], [[4], [8]], [[0], [1]], 0.5),
        ("thousandths of a point", [0.001, 0.002], [0.004, 0.003], [0.003, 0.005], [0, 1], 0.5),
        ("points by the million", [1e8, 2e8], [4e8, 3e8], [3e8, 5e8], [0, 1], 0.5),
    ]
    cases = []
    for label, rewards, values, next_values, terminated, gamma in small:
        floats = tuple(np.array(column, dtype=float) for column in (rewards, values, next_values))
        flags = np.array(terminated, dtype=bool)
        cases.append(Case(label, (*floats, flags), {"gamma": float(gamma)}))

    shapes = [(int(rng.integers(2, 7)), int(rng.integers(1, 4))) for _ in range(8)]
    for label, shape in [*(("8 random batches", shape) for shape in shapes), ("2,000 steps", (2_000,))]:
        floats = tuple(rng.normal(0, 3, size=shape) for _ in range(3))
        terminated = rng.random(shape) < 0.4
        cases.append(Case(label, (*floats, terminated), {"gamma": float(rng.uniform(0.5, 0.99))}))
    return cases


def _goes_on(terminated: Array) -> Array:
    return 1.0 - terminated


def _row_before(terminated: Array) -> Array:
    """1 minus the flag of the row before: the end comes one row late."""
    return 1.0 - np.concatenate([np.zeros_like(terminated[:1]), terminated[:-1]])


def _given(values: Array, next_values: Array) -> Array:
    return next_values


def _next_row(values: Array, next_values: Array) -> Array:
    return np.concatenate([values[1:], np.zeros_like(values[:1])])


def _right_sum(r: Array, v: Array, ahead: Array, on: Array, gamma: float) -> Array:
    return r + gamma * on * ahead - v


@mutant
def _delta(
    *,
    ends: Callable = _goes_on,
    following: Callable = _given,
    discount: Callable = kept,
    combine: Callable = _right_sum,
    promised: Callable = kept,
    finish: Callable = lambda deltas, on, gamma: deltas,
) -> Callable:
    """A td_errors: which rows go on, what follows them, and how reward, promise and what follows meet."""

    def answer(rewards: Array, values: Array, next_values: Array, terminated: Array, *, gamma: float) -> Any:
        on = ends(np.asarray(terminated, dtype=float))
        ahead = following(values, next_values)
        deltas = combine(rewards, promised(values), ahead, on, discount(gamma))
        return finish(deltas, on, gamma)

    return answer


TD_ERRORS = Exercise(
    name="td_errors",
    lesson="07",
    points=3,
    reference=returns.td_errors,
    cases=_td_cases,
    mistakes=(
        (
            "gamma is missing. What comes one step later counts gamma times.",
            _delta(discount=lambda gamma: 1.0),
        ),
        (
            "A terminated step still looks ahead. Once the task is over, the next state is worth 0.",
            _delta(ends=np.ones_like),
        ),
        (
            "terminated also cut the reward. The last reward was really paid: cut only the next value.",
            _delta(combine=lambda r, v, ahead, on, gamma: on * (r + gamma * ahead) - v),
        ),
        (
            "terminated cut the whole difference. Even a last step can surprise: cut only the next value.",
            _delta(combine=lambda r, v, ahead, on, gamma: on * (r + gamma * ahead - v)),
        ),
        (
            "At an end V(s_t) is not subtracted. The promise was made there too: what came is the reward "
            "alone, and the surprise is r - V(s_t).",
            _delta(combine=lambda r, v, ahead, on, gamma: r + on * (gamma * ahead - v)),
        ),
        (
            "The sign is turned round. A surprise is what came minus what was promised.",
            _delta(combine=lambda r, v, ahead, on, gamma: v - r - gamma * on * ahead),
        ),
        (
            "The next value is subtracted. It belongs to what came, so it adds to the reward.",
            _delta(combine=lambda r, v, ahead, on, gamma: r - gamma * on * ahead - v),
        ),
        (
            "gamma sits on the wrong value: the promise V(s_t) was made now, the next value comes later.",
            _delta(combine=lambda r, v, ahead, on, gamma: r + on * ahead - gamma * v),
        ),
        (
            "gamma also shrank the reward. The reward of this step is paid now, so it counts in full.",
            _delta(combine=lambda r, v, ahead, on, gamma: gamma * (r + on * ahead) - v),
        ),
        (
            "gamma also shrank the promise. Only the next value lies one step ahead.",
            _delta(combine=lambda r, v, ahead, on, gamma: r + gamma * (on * ahead - v)),
        ),
        (
            "That shifts values by a row. Take next_values: the next row may belong to another episode.",
            _delta(following=_next_row),
        ),
        (
            "The end came one row late. Row t's own flag says whether its own next state counts.",
            _delta(ends=_row_before),
        ),
        (
            "The reward is missing: that is only how the promise changed.",
            _delta(combine=lambda r, v, ahead, on, gamma: gamma * on * ahead - v),
        ),
        (
            "The promise V(s_t) is missing: that is what came, not yet how far it surprised.",
            _delta(promised=np.zeros_like),
        ),
        (
            "The next value is missing. Reward minus promise is the surprise at the very last step only.",
            _delta(combine=lambda r, v, ahead, on, gamma: r - v),
        ),
        (
            "The flag works the wrong way round: the next value counts only where the task ended.",
            _delta(ends=kept),
        ),
        (
            "That adds later surprises to earlier ones. A TD error looks one step ahead and no further.",
            _delta(finish=lambda deltas, on, gamma: decaying_sums(deltas, gamma * on)),
        ),
        (
            "An axis of length 1 was squeezed away: [T, 1], one environment, came back as [T].",
            _delta(finish=lambda deltas, on, gamma: deltas.squeeze()),
        ),
    ),
)


def _update_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # table, state, reward, next_state, terminated, gamma, lr
        ("half-way to the target", [0, 4, 8], 0, 2, 1, False, 1, 0.5),
        ("a step size of 1", [2, 4, 8], 1, 1, 2, False, 1, 1),
        ("a step size of 0 changes nothing", [2, 4, 8], 1, 9, 0, False, 1, 0),
        ("an end: the next state counts 0", [2, 4, 8], 2, 6, 1, True, 1, 0.5),
        ("gamma 0.5", [1, 4, 6], 2, 1, 1, False, 0.5, 0.25),
        ("a step that stays where it is", [3, 8, 1], 1, 2, 1, False, 0.5, 0.5),
        ("worse than promised", [10, 4, 0], 0, -2, 2, False, 1, 0.5),
        ("two states", [5, 7], 1, 1, 0, False, 1, 0.5),
        ("one state alone", [5], 0, 1, 0, False, 0.5, 0.5),
        ("thousandths of a point", [0.001, 0.004], 0, 0.002, 1, False, 0.5, 0.5),
        ("points by the million", [1e8, 4e8], 0, 2e8, 1, False, 0.5, 0.5),
    ]
    cases = []
    for label, table, state, reward, next_state, terminated, gamma, lr in small:
        step = (state, float(reward), next_state, terminated)
        scale = {"gamma": float(gamma), "lr": float(lr)}
        cases.append(Case(label, (np.array(table, dtype=float), *step), scale))

    sizes = rng.integers(2, 8, size=8).tolist()
    for label, size in [*(("8 random tables", size) for size in sizes), ("a table of 2,000 states", 2_000)]:
        state, next_state = rng.integers(size, size=2).tolist()
        step = (state, float(rng.normal()), next_state, bool(rng.random() < 0.4))
        scale = {"gamma": float(rng.uniform(0.5, 0.99)), "lr": float(rng.uniform(0.1, 0.9))}
        cases.append(Case(label, (rng.normal(0, 3, size=size), *step), scale))
    return cases


def _two_tables(f: Callable, case: Case) -> dict[str, Any]:
    """Observe the table that comes back, and after the call the one that was given."""
    args = copy.deepcopy(case.args)
    new = f(*args, **case.kwargs)
    return {"the new table": new, "the table that was given": args[0]}


def _towards_the_target(v: float, r: float, later: float, on: float, lr: float) -> float:
    return v + lr * (r + later - v)


def _its_own_row(table: Array, state: int, next_state: int) -> Any:
    return state


def _whole_table(new: Array, old: Array, row: Any) -> Any:
    return new


@mutant
def _update(
    *,
    ends: Callable = lambda terminated: 1.0 - terminated,
    discount: Callable = kept,
    rule: Callable = _towards_the_target,
    row: Callable = _its_own_row,
    on: Callable = np.copy,
    give_back: Callable = _whole_table,
) -> Callable:
    """A td_update: which rows move, by which rule, in which table, and what is given back."""

    def answer(
        table: Array, state: int, reward: float, next_state: int, terminated: bool, *, gamma: float, lr: float
    ) -> Any:
        old = table.copy()
        moved = row(table, state, next_state)
        goes_on = ends(terminated)
        later = discount(gamma) * goes_on * old[state if moved == next_state else next_state]

        new = on(table)
        new[moved] = rule(old[moved], reward, later, goes_on, lr)
        return give_back(new, old, moved)

    return answer


def _every_row(table: Array, state: int, next_state: int) -> Any:
    return slice(None)


TD_UPDATE = Exercise(
    name="td_update",
    lesson="07",
    points=3,
    reference=returns.td_update,
    cases=_update_cases,
    observe=_two_tables,
    apart=("the table that was given",),
    mistakes=(
        (
            "The table that was given has changed as well. Work on a copy, and return that.",
            _update(on=kept),
        ),
        (
            "That is the one new value. Return the whole table, with this value in its row.",
            _update(give_back=lambda new, old, row: new[row]),
        ),
        (
            "That is only what changed. Return the old table plus the change.",
            _update(give_back=lambda new, old, row: new - old),
        ),
        (
            "Every row moved. One step teaches about the state it started from, and no other.",
            _update(row=_every_row),
        ),
        (
            "A terminated step still looks ahead. Once the task is over, the next state is worth 0.",
            _update(ends=lambda terminated: 1.0),
        ),
        (
            "An end teaches nothing here. A last step has a target too: its reward, and nothing after it.",
            _update(rule=lambda v, r, later, on, lr: v + lr * on * (r + later - v)),
        ),
        (
            "The whole target is added. Add lr times the surprise, which is the target minus V(s).",
            _update(rule=lambda v, r, later, on, lr: v + lr * (r + later)),
        ),
        (
            "What stood in the table is thrown away. Add lr times the surprise to it: `+=`, and not `=`.",
            _update(rule=lambda v, r, later, on, lr: lr * (r + later)),
        ),
        (
            "That moves away from the target: the sign of the surprise is turned round.",
            _update(rule=lambda v, r, later, on, lr: v - lr * (r + later - v)),
        ),
        (
            "lr and 1 - lr have changed places: a small lr should make a small move.",
            _update(rule=lambda v, r, later, on, lr: lr * v + (1 - lr) * (r + later)),
        ),
        (
            "lr scales the reward alone. It belongs in front of the whole surprise.",
            _update(rule=lambda v, r, later, on, lr: v + lr * r + later - v),
        ),
        (
            "gamma is missing. What comes one step later counts gamma times.",
            _update(discount=lambda gamma: 1.0),
        ),
        (
            "The wrong row moved. A step teaches about the state it started from, not the one it reached.",
            _update(row=lambda table, state, next_state: next_state),
        ),
    ),
)

EXERCISES = (TD_ERRORS, TD_UPDATE)

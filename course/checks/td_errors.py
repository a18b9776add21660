"""Exercises of lesson 6: who saw it coming, and when?"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from course import returns
from course.checks.engine import Case, Exercise

Wrong = Callable[..., Any]


def _td_cases(rng: np.random.Generator) -> list[Case]:
    def step(label: str, *columns: list, gamma: float) -> Case:
        *numbers, terminated = columns
        arrays = [np.array(column, dtype=float) for column in numbers]
        return Case(label, (*arrays, np.array(terminated, dtype=bool)), {"gamma": gamma})

    goes_on = [False, False, False]
    cases = [
        step("no end, no discount", [1, 0, 2], [4, 6, 3], [6, 3, 8], goes_on, gamma=1.0),
        step("a reward at the end", [0, 0, 9], [2, 4, 6], [4, 6, 8], [False, False, True], gamma=1.0),
        step("gamma 0.5", [1, 1, 1], [2, 4, 8], [4, 8, 6], goes_on, gamma=0.5),
        step("gamma 0: only the next reward counts", [3, 5], [1, 2], [2, 7], [False, False], gamma=0.0),
        step("an end in the middle", [2, 7, 1], [4, 5, 3], [5, 8, 6], [False, True, False], gamma=0.5),
        step("a critic that knew it all", [0, 0, 6], [6, 6, 6], [6, 6, 4], [False, False, True], gamma=1.0),
        step("two environments side by side", [[1, 0], [0, 4]], [[2, 6], [4, 8]], [[4, 8], [2, 6]],
             [[False, True], [True, False]], gamma=0.5),
    ]  # fmt: skip
    for _ in range(8):
        shape = (int(rng.integers(2, 9)), int(rng.integers(1, 4)))
        arrays = [rng.normal(0, 3, size=shape) for _ in range(3)]
        ends = rng.random(shape) < 0.4
        cases.append(Case("8 random batches", (*arrays, ends), {"gamma": float(rng.uniform(0.5, 0.99))}))
    return cases


def _delta(formula: Wrong) -> Wrong:
    """A td_errors from a formula of reward, V, next V, `goes_on` (0 at an end) and gamma."""

    def wrong(rewards: Any, values: Any, next_values: Any, terminated: Any, *, gamma: float) -> Any:
        goes_on = 1.0 - np.asarray(terminated, dtype=float)
        return formula(np.asarray(rewards), np.asarray(values), np.asarray(next_values), goes_on, gamma)

    return wrong


def _next_row(r: Any, v: Any, n: Any, goes_on: Any, gamma: float) -> Any:
    return r + gamma * goes_on * np.concatenate([v[1:], np.zeros_like(v[:1])]) - v


def _previous_end(r: Any, v: Any, n: Any, goes_on: Any, gamma: float) -> Any:
    return r + gamma * np.concatenate([np.ones_like(goes_on[:1]), goes_on[:-1]]) * n - v


def _recursive(r: Any, v: Any, n: Any, goes_on: Any, gamma: float) -> Any:
    return returns.gae(r, v, n, goes_on == 0, np.zeros_like(r), gamma=gamma, lam=1)


TD_ERRORS = Exercise(
    name="td_errors",
    lesson="06",
    points=3,
    reference=returns.td_errors,
    cases=_td_cases,
    mistakes=(
        (
            "gamma is missing. What comes one step later counts gamma times.",
            _delta(lambda r, v, n, goes_on, gamma: r + goes_on * n - v),
        ),
        (
            "A terminated step still looks ahead. Once the task is over, the next state is worth 0.",
            _delta(lambda r, v, n, goes_on, gamma: r + gamma * n - v),
        ),
        (
            "terminated also cut the reward. The last reward was really paid: cut only the next value.",
            _delta(lambda r, v, n, goes_on, gamma: goes_on * (r + gamma * n) - v),
        ),
        (
            "terminated cut the whole difference. Even a last step can surprise: cut only the next value.",
            _delta(lambda r, v, n, goes_on, gamma: goes_on * (r + gamma * n - v)),
        ),
        (
            "The sign is turned round. A surprise is what came minus what was promised.",
            _delta(lambda r, v, n, goes_on, gamma: v - r - gamma * goes_on * n),
        ),
        (
            "The next value is subtracted. It belongs to what came, so it adds to the reward.",
            _delta(lambda r, v, n, goes_on, gamma: r - gamma * goes_on * n - v),
        ),
        (
            "gamma sits on the wrong value: the promise V(s_t) was made now, the next value comes later.",
            _delta(lambda r, v, n, goes_on, gamma: r + goes_on * n - gamma * v),
        ),
        (
            "gamma also shrank the reward. The reward of this step is paid now, so it counts in full.",
            _delta(lambda r, v, n, goes_on, gamma: gamma * (r + goes_on * n) - v),
        ),
        (
            "gamma also shrank the promise. Only the next value lies one step ahead.",
            _delta(lambda r, v, n, goes_on, gamma: r + gamma * (goes_on * n - v)),
        ),
        (
            "That shifts values by a row. Take next_values: the next row may belong to another episode.",
            _delta(_next_row),
        ),
        (
            "The end came one row late. Row t's own flag says whether its own next state counts.",
            _delta(_previous_end),
        ),
        (
            "The reward is missing: that is only how the promise changed.",
            _delta(lambda r, v, n, goes_on, gamma: gamma * goes_on * n - v),
        ),
        (
            "The promise V(s_t) is missing: that is what came, not yet how far it surprised.",
            _delta(lambda r, v, n, goes_on, gamma: r + gamma * goes_on * n),
        ),
        (
            "The next value is missing. Reward minus promise is the surprise at the very last step only.",
            _delta(lambda r, v, n, goes_on, gamma: r - v),
        ),
        (
            "The flag works the wrong way round: the next value counts only where the task ended.",
            _delta(lambda r, v, n, goes_on, gamma: r + gamma * (1 - goes_on) * n - v),
        ),
        (
            "That adds later surprises to earlier ones. A TD error looks one step ahead and no further.",
            _delta(_recursive),
        ),
    ),
)


def _update_cases(rng: np.random.Generator) -> list[Case]:
    def case(label: str, table: list, *step: Any, gamma: float, lr: float) -> Case:
        return Case(label, (np.array(table, dtype=float), *step), {"gamma": gamma, "lr": lr})

    cases = [
        case("half-way to the target", [0, 4, 8], 0, 2.0, 1, False, gamma=1.0, lr=0.5),
        case("a step size of 1", [2, 4, 8], 1, 1.0, 2, False, gamma=1.0, lr=1.0),
        case("a step size of 0 changes nothing", [2, 4, 8], 1, 9.0, 0, False, gamma=1.0, lr=0.0),
        case("an end: the next state counts 0", [2, 4, 8], 2, 6.0, 1, True, gamma=1.0, lr=0.5),
        case("gamma 0.5", [1, 4, 6], 2, 1.0, 1, False, gamma=0.5, lr=0.25),
        case("a step that stays where it is", [3, 8, 1], 1, 2.0, 1, False, gamma=0.5, lr=0.5),
        case("worse than promised", [10, 4, 0], 0, -2.0, 2, False, gamma=1.0, lr=0.5),
        case("two states", [5, 7], 1, 1.0, 0, False, gamma=1.0, lr=0.5),
    ]
    for _ in range(8):
        size = int(rng.integers(2, 8))
        step = (
            int(rng.integers(size)),
            float(rng.normal()),
            int(rng.integers(size)),
            bool(rng.random() < 0.4),
        )
        scale = {"gamma": float(rng.uniform(0.5, 0.99)), "lr": float(rng.uniform(0.1, 0.9))}
        cases.append(Case("8 random tables", (rng.normal(0, 3, size=size), *step), scale))
    return cases


def _two_tables(f: Callable, case: Case) -> dict[str, Any]:
    """Observe the table that comes back, and after the call the one that was given."""
    args = copy.deepcopy(case.args)
    new = f(*args, **case.kwargs)
    return {"the new table": new, "the table that was given": args[0]}


def _update(value: Wrong, *, at: str = "state") -> Wrong:
    """A td_update that writes value(V, reward, next V, goes_on, gamma, lr) into one row of a copy."""

    def wrong(
        table: Any, state: int, reward: float, next_state: int, terminated: bool, *, gamma: float, lr: float
    ) -> Any:
        new, goes_on = np.array(table, dtype=float), 1.0 - bool(terminated)
        row = state if at == "state" else next_state
        new[row] = value(new[row], reward, new[state + next_state - row], goes_on, gamma, lr)
        return new

    return wrong


def _in_place(table: Any, state: int, *step: Any, gamma: float, lr: float) -> Any:
    table[:] = returns.td_update(table, state, *step, gamma=gamma, lr=lr)
    return table


def _one_number(table: Any, state: int, *step: Any, gamma: float, lr: float) -> Any:
    return returns.td_update(table, state, *step, gamma=gamma, lr=lr)[state]


def _whole_table(
    table: Any, state: int, reward: float, next_state: int, terminated: bool, *, gamma: float, lr: float
) -> Any:
    return table + lr * (reward + gamma * (not terminated) * table[next_state] - table[state])


def _only_the_change(table: Any, state: int, *step: Any, gamma: float, lr: float) -> Any:
    return returns.td_update(table, state, *step, gamma=gamma, lr=lr) - table


TD_UPDATE = Exercise(
    name="td_update",
    lesson="06",
    points=3,
    reference=returns.td_update,
    cases=_update_cases,
    observe=_two_tables,
    mistakes=(
        (
            "The table that was given has changed as well. Work on a copy, and return that.",
            _in_place,
        ),
        (
            "That is the one new value. Return the whole table, with this value in its row.",
            _one_number,
        ),
        (
            "That is only what changed. Return the old table plus the change.",
            _only_the_change,
        ),
        (
            "Every row moved. One step teaches about the state it started from, and no other.",
            _whole_table,
        ),
        (
            "A terminated step still looks ahead. Once the task is over, the next state is worth 0.",
            _update(lambda v, r, n, goes_on, gamma, lr: v + lr * (r + gamma * n - v)),
        ),
        (
            "An end teaches nothing here. A last step has a target too: its reward, and nothing after it.",
            _update(lambda v, r, n, goes_on, gamma, lr: v + lr * goes_on * (r + gamma * n - v)),
        ),
        (
            "terminated also cut the reward. The last reward was really paid: cut only the next value.",
            _update(lambda v, r, n, goes_on, gamma, lr: v + lr * (goes_on * (r + gamma * n) - v)),
        ),
        (
            "~ turns Python's False into -1 and True into -2. For a single flag use `not`.",
            _update(lambda v, r, n, goes_on, gamma, lr: v + lr * (r + gamma * (goes_on - 2) * n - v)),
        ),
        (
            "The old value is thrown away: that jumps all the way. Move only the part lr towards the target.",
            _update(lambda v, r, n, goes_on, gamma, lr: r + gamma * goes_on * n),
        ),
        (
            "The whole target is added. Add lr times the surprise, which is the target minus V(s).",
            _update(lambda v, r, n, goes_on, gamma, lr: v + lr * (r + gamma * goes_on * n)),
        ),
        (
            "That moves away from the target: the sign of the surprise is turned round.",
            _update(lambda v, r, n, goes_on, gamma, lr: v - lr * (r + gamma * goes_on * n - v)),
        ),
        (
            "lr and 1 - lr have changed places: a small lr should make a small move.",
            _update(lambda v, r, n, goes_on, gamma, lr: lr * v + (1 - lr) * (r + gamma * goes_on * n)),
        ),
        (
            "lr scales the reward alone. It belongs in front of the whole surprise.",
            _update(lambda v, r, n, goes_on, gamma, lr: v + lr * r + gamma * goes_on * n - v),
        ),
        (
            "gamma is missing. What comes one step later counts gamma times.",
            _update(lambda v, r, n, goes_on, gamma, lr: v + lr * (r + goes_on * n - v)),
        ),
        (
            "The wrong row moved. A step teaches about the state it started from, not the one it reached.",
            _update(
                lambda n, r, v, goes_on, gamma, lr: n + lr * (r + gamma * goes_on * n - v), at="next_state"
            ),
        ),
    ),
)

EXERCISES = (TD_ERRORS, TD_UPDATE)

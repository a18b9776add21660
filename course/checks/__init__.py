"""An instant check for every exercise.

    check(f)    in a lesson: a panel, and an error if the answer is not right yet
    use(f)      your function if it passes, else the course's own, so that a skipped exercise blocks nothing
    judge(...)  the quiet form: a verdict, nothing shown, nothing raised
    exercises() all of them, with their references and the mistakes that are known

One module a topic holds the exercises; where one of several needs torch, it has a module of its own. Of the
others, `exercise` says what an exercise is, `mutants` how a known mistake is written, `engine` how an answer
is judged, with `running`, `reading`, `report` and `causes` as its parts, `limits` how a loop without end is
cut, `tensors` how a loss is observed, `panel` how it looks.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from course.arrays import one_of
from course.checks.engine import Exercise, examine
from course.checks.panel import Panel, show
from course.checks.running import on_copies

__all__ = [
    "CheckFailed",
    "Exercise",
    "NotAttempted",
    "Verdict",
    "check",
    "exercises",
    "judge",
    "use",
]


class CheckFailed(AssertionError):
    """The answer is not right; the message is the likely cause, in one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: see the panel above."]


class NotAttempted(Exception):
    """The stub is untouched: it still raises NotImplementedError."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: nothing is broken, this exercise waits for you."]


@dataclass(frozen=True)
class Verdict:
    """What `judge` says."""

    passed: bool
    message: str  # the panel in plain text, several lines
    cause: str  # one sentence; empty when passed


def check(f: Callable) -> None:
    """Try `f` on the cases of the exercise that has its name, show a panel, and raise if it is not right.

    The cases are seeded, so the same answer gets the same panel. Your function gets copies of the data.
    It has one second in all; then it is cut off (on Windows and outside the main thread it is not:
    interrupt the kernel).

    Args:
        f: your function, named as in the exercise.

    Raises:
        CheckFailed: if an answer is wrong; the message is the likely cause.
        NotAttempted: if the stub is untouched.
        ValueError: if `f` is no function, or no exercise has its name.
    """
    exercise = _exercise_of(f)
    report = examine(exercise, f, seed=0)
    show(Panel(exercise.name, report))
    if report.status == "todo":
        raise NotAttempted(report.cause)
    if report.status == "wrong":
        raise CheckFailed(report.cause)


def use(f: Callable) -> Callable:
    """Give back `f` if it passes its check, else the course's own function, and say which.

    Yours is handed copies of the arrays and tensors that it is called with (`f.__wrapped__` is your function
    itself): an answer may work in place, and the lesson still needs what it was given.

    Args:
        f: your function, named as in the exercise.

    Raises:
        ValueError: if `f` is no function, or no exercise has its name.
    """
    exercise = _exercise_of(f)
    if examine(exercise, f, seed=0).status == "passed":
        show(_Note(f"From here on the lesson uses your own {exercise.name}."))
        return on_copies(f)
    show(_Note(f"From here on the lesson uses the course's {exercise.name}, as yours does not pass yet."))
    return exercise.reference


def judge(name: str, f: Callable, *, seed: int, seconds: float | None = None) -> Verdict:
    """Judge `f` as an answer to the exercise `name`. Shows nothing; raises nothing that `f` raises.

    Args:
        name: of the exercise.
        f: the answer.
        seed: of the random cases.
        seconds: for all calls of `f` together; those of a check if nothing is said.

    Raises:
        ValueError: if there is no exercise of that name.
    """
    report = examine(_find(name), f, seed=seed, seconds=seconds)
    return Verdict(report.status == "passed", str(Panel(name, report)), report.cause)


# Which module holds an exercise, in the order of the lessons. A table, so that only the module that is
# asked for gets loaded: half of them need torch, which takes a second.
MODULES = {
    "episode_score": "welcome",
    "orders_of_magnitude": "score_scales",
    "human_normalized": "score_scales",
    "min_max": "min_max_scaling",
    "running_mean_var": "min_max_scaling",
    "standard_error": "jackpots",
    "score_function": "policy_gradient",
    "policy_gradient": "policy_gradient",
    "spread_evenly": "spreading_rewards",
    "reward_to_go": "spreading_rewards",
    "explained_variance": "value_prediction",
    "value_loss": "value_loss",
    "advantage_function": "value_prediction",
    "leave_one_out": "value_prediction",
    "td_errors": "td_errors",
    "td_update": "td_errors",
    "gae_by_definition": "gae",
    "gae": "gae",
    "real_steps": "time_limits",
    "policy_loss": "actor_critic",
    "normalize": "actor_critic",
    "actor_critic_update": "actor_critic",
    "clipped_policy_loss": "ppo",
    "entropy": "ppo",
    "answer_mask": "tokens",
    "token_rewards": "tokens",
    "preference_loss": "preferences",
    "group_advantages": "reward_models",
    "trained_tokens": "clinic",
    "token_log_probs": "clinic_losses",
    "kl_penalty": "clinic",
    "ended_rows": "clinic",
    "last_rows": "clinic",
    "critic_loss": "clinic_losses",
    "values_before": "clinic",
    "surrogate_loss": "clinic_losses",
    "token_loss": "clinic_losses",
    "first_tokens": "clinic",
    "next_worth": "clinic",
}


def exercises() -> list[Exercise]:
    """Every exercise of the course, in the order of the lessons."""
    return [_find(name) for name in MODULES]


def _find(name: str) -> Exercise:
    topic = MODULES[one_of("exercise", name, MODULES)]
    module = importlib.import_module(f"{__name__}.{topic}")
    return next(exercise for exercise in module.EXERCISES if exercise.name == name)


def _exercise_of(f: Callable) -> Exercise:
    name = getattr(f, "__name__", None)
    if not callable(f) or not isinstance(name, str):
        raise ValueError(f"f must be a function, named as in the exercise, got {f!r:.60}")
    return _find(name)


@dataclass(frozen=True)
class _Note:
    text: str

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": f"<i>{self.text}</i>", "text/plain": self.text}

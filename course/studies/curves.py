"""Learning curves: a run of training as arrays, and what many of them say together.

The runs that come with the course are read by `load_curves`; `course.studies.runs` made them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from course.arrays import Array, number, one_of
from course.studies.variants import STUDIES
from course.tables import Row, data, read_table


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """One run: arrays [U], a number for each update, as `course.train.Update` describes them."""

    env_steps: Array
    score: Array
    entropy: Array
    kl: Array
    gradient_norm: Array
    explained_variance: Array
    advantage_std: Array
    seconds: Array

    @classmethod
    def of(cls, updates: Iterable[Any]) -> "Curve":
        """The updates of one run as arrays, like the runs that come with the course."""
        updates = list(updates)
        return cls(
            **{
                quantity: np.array([getattr(update, quantity) for update in updates], dtype=np.float64)
                for quantity in QUANTITIES
            }
        )


QUANTITIES = tuple(field.name for field in fields(Curve))
RUN_COLUMNS = ("variant", "seed", *QUANTITIES)


def load_curves(study: str) -> dict[str, dict[int, Curve]]:
    """The runs that come with the course: a `Curve` by variant and seed.

    Raises:
        ValueError: if the study is not known.

    Lessons 11 and 12.
    """
    study = one_of("study", study, STUDIES)
    found: dict[str, dict[int, list[Row]]] = {}
    for row in read_table(data(f"{study}_runs.csv"), RUN_COLUMNS):
        found.setdefault(row["variant"], {}).setdefault(int(row["seed"]), []).append(row)

    return {variant: {seed: _curve(rows) for seed, rows in seeds.items()} for variant, seeds in found.items()}


def over(runs: Iterable[Curve], quantity: str, grid: Array) -> Array:
    """One quantity of many runs at the same environment steps, shape [runs, len(grid)]."""
    return np.array([np.interp(grid, run.env_steps, getattr(run, quantity)) for run in runs])


def steps_until(curve: Curve, score: float) -> float:
    """Environment steps when the curve's score first reached `score`; infinity if it never did.

    Raises:
        ValueError: if `score` is no finite number.
    """
    there = np.flatnonzero(curve.score >= number("score", score))
    return float(curve.env_steps[there[0]]) if len(there) else np.inf


def _curve(rows: list[Row]) -> Curve:
    return Curve(**{name: np.array([float(row[name]) for row in rows]) for name in QUANTITIES})

"""Worlds that the tests of `worlds`, `estimators` and `critics` look at."""

from dataclasses import replace

import numpy as np

from course.worlds import answer_world, corridor_world, random_walk, survival_world, tale_world

WHOLE = {
    "answer": answer_world(),
    "corridor": corridor_world(length=4),
    "survival": survival_world(length=5),
    "tale": tale_world(words=3),
    "corridor, discounted": replace(corridor_world(length=4), gamma=0.8),
    "survival, discounted": replace(survival_world(length=5), gamma=0.8),
}
CUT = {
    "walk": random_walk(time_limit=6),
    "walk, discounted": replace(random_walk(time_limit=6), gamma=0.8),
    "survival": replace(survival_world(length=5), time_limit=3),
}


def some_theta(world, seed=0):
    return world.theta + np.random.default_rng(seed).normal(size=len(world.theta))

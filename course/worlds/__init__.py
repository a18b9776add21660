"""Small worlds in which every episode can be listed, so that a mean over them is exact.

model     a world, its policy, its true values
episodes  all that can happen in it, or some that were played
gallery   the worlds themselves, with their true values in the docstrings
"""

from course.worlds.episodes import Episodes, all_episodes, play, play_on
from course.worlds.gallery import answer_world, corridor_world, random_walk, survival_world, tale_world
from course.worlds.model import (
    World,
    action_values,
    policy,
    score_table,
    state_values,
    true_gradient,
)

__all__ = [
    "Episodes",
    "World",
    "action_values",
    "all_episodes",
    "answer_world",
    "corridor_world",
    "play",
    "play_on",
    "policy",
    "random_walk",
    "score_table",
    "state_values",
    "survival_world",
    "tale_world",
    "true_gradient",
]

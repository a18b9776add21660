"""Real Atari games: played at random, and the tables of their scores.

play     random play by one protocol
scores   what was published, and what random play got in this course
"""

from course.atari.play import Episode, games, play_random, screenshot
from course.atari.scores import (
    PublishedScores,
    RandomScores,
    human_normalized,
    measure_random,
    measured_random_scores,
    orders_of_magnitude,
    published_scores,
)

__all__ = [
    "Episode",
    "PublishedScores",
    "RandomScores",
    "games",
    "human_normalized",
    "measure_random",
    "measured_random_scores",
    "orders_of_magnitude",
    "play_random",
    "published_scores",
    "screenshot",
]

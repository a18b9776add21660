"""Real Atari games: played at random, and the tables of their scores.

play     random play by one protocol
rally    one rally of Pong, and a critic of it
scores   what was published, and what random play got in this course
"""

from course.atari.play import Episode, play_random, ram_and_returns, roms, screenshot
from course.atari.rally import Rally, pong_rally
from course.atari.scores import PublishedScores, RandomScores, measured_random_scores, published_scores

__all__ = [
    "Episode",
    "PublishedScores",
    "Rally",
    "RandomScores",
    "measured_random_scores",
    "play_random",
    "pong_rally",
    "published_scores",
    "ram_and_returns",
    "roms",
    "screenshot",
]

"""Tables of Atari scores: what was published, and what random play got in this course.

A game goes by the name of its ROM (`ms_pacman`, `video_pinball`). A score is the sum of one
episode's rewards, in the points of that game. Random play measured by this course keeps to the
protocol of `course.atari`; the published column was made by another one
(`course/data/README.md`), so the two may differ by more than chance.
"""

from dataclasses import dataclass, fields

from course.tables import data, read_table


@dataclass(frozen=True, kw_only=True)
class PublishedScores:
    """Mean scores of one game as the literature has them, in points."""

    random: float  # uniformly random actions
    human: float  # a professional human tester
    agent57: float
    agent57_std: float  # over seeds
    muzero: float


@dataclass(frozen=True, kw_only=True)
class RandomScores:
    """What random play got in one game, measured by this course; scores in points."""

    episodes: int
    mean: float
    std: float  # of one episode's score, from the unbiased variance
    standard_error: float  # of the mean: std / sqrt(episodes)
    low: float
    high: float
    mean_steps: float  # agent steps an episode


PUBLISHED_COLUMNS = ("game", *(field.name for field in fields(PublishedScores)))
RANDOM_COLUMNS = ("game", *(field.name for field in fields(RandomScores)), "seed")


def published_scores() -> dict[str, PublishedScores]:
    """Published mean scores on the 57 Atari games, by game, in alphabetical order.

    One entry needs care: `video_pinball` stands at random 0.0, as in the Agent57 paper, while the
    table of DQN Zoo has 16256.9. The two agree in all other games. Our own random play sides with
    DQN Zoo (`measured_random_scores`).

    Badia et al. (2020), appendix: https://arxiv.org/abs/2003.13350; its MuZero column is quoted
    from Schrittwieser et al. (2020), https://arxiv.org/abs/1911.08265. Lesson 1.
    """
    found = {}
    for row in read_table(data("atari57_scores.csv"), PUBLISHED_COLUMNS):
        game = row.pop("game")
        found[game] = PublishedScores(**{name: float(text) for name, text in row.items()})
    return found


def measured_random_scores() -> dict[str, RandomScores]:
    """Scores of random play as `course.studies.random_scores` found them, by game, in alphabetical order.

    The file holds every game of `roms()`, so the 57 published ones and more. Lesson 1.
    """
    found = {}
    for row in read_table(data("random_scores.csv"), RANDOM_COLUMNS):
        game = row.pop("game")
        del row["seed"]
        episodes = int(row.pop("episodes"))
        found[game] = RandomScores(episodes=episodes, **{name: float(text) for name, text in row.items()})
    return found

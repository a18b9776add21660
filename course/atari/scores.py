"""Atari scores: how large they are, what was published, and what random play got in this course.

A game goes by the name of its ROM (`ms_pacman`, `video_pinball`). A score is the sum of one
episode's rewards, in the points of that game. Random play measured by this course keeps to the
protocol of `course.atari`; the published column was made by another one
(`course/data/README.md`), so the two may differ by more than chance.
"""

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import ArrayLike

from course.arrays import Array, finite, number, whole
from course.atari.play import (
    Episode,
    games,
    known_game,
    play_random,
    random_episodes,
    screenshot,
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

DATA = Path(__file__).parents[1] / "data"


def orders_of_magnitude(scores: ArrayLike) -> float:
    """How many powers of ten lie between the largest and the smallest score.

        log10(largest |score| / smallest non-zero |score|)

    Args:
        scores: points, any shape. Signs are dropped and zeros ignored: neither has a logarithm.

    Returns:
        Powers of ten, at least 0.

    Raises:
        ValueError: if no score differs from 0, or a number is not finite.

    Example:
        >>> orders_of_magnitude([-10, 0, 1000])
        2.0

    Lesson 1.
    """
    sizes = np.abs(finite("scores", scores))
    sizes = sizes[sizes > 0]
    if not sizes.size:
        raise ValueError("scores must hold at least one number that is not 0, got none")
    # A difference of logarithms, because the quotient of two floats may overflow.
    return float(np.log10(sizes.max()) - np.log10(sizes.min()))


def human_normalized(score: ArrayLike, random: float, human: float) -> Array:
    """A score on the scale of its game: random play gives 0, human play gives 1.

        (score - random) / (human - random)

    Args:
        score: points, any shape.
        random, human: mean scores of random and of human play in the same game, in points.

    Returns:
        Human-normalised score without unit, same shape. Below 0 it is worse than random play.

    Raises:
        ValueError: if `human` equals `random`, or a number is not finite.

    Example:
        >>> float(human_normalized(5, random=-20, human=30))
        0.5

    Mnih et al. (2015), there in per cent: https://doi.org/10.1038/nature14236. Lesson 1.
    """
    score, random, human = finite("score", score), number("random", random), number("human", human)
    if human == random:
        raise ValueError(f"human must differ from random, got {human:g} for both")
    return (score - random) / (human - random)


@dataclass(frozen=True)
class PublishedScores:
    """Mean scores of one game as the literature has them, in points."""

    random: float  # uniformly random actions
    human: float  # a professional human tester
    agent57: float
    agent57_std: float  # over seeds
    muzero: float


@dataclass(frozen=True)
class RandomScores:
    """What random play got in one game, measured by this course; scores in points."""

    episodes: int
    mean: float
    std: float  # of one episode's score, from the unbiased variance
    standard_error: float  # of the mean: std / sqrt(episodes)
    low: float
    high: float
    mean_steps: float  # agent steps an episode


COLUMNS = ("game", *(field.name for field in fields(RandomScores)), "seed")


def published_scores() -> dict[str, PublishedScores]:
    """Published mean scores on the 57 Atari games, by game, in alphabetical order.

    One entry needs care: `video_pinball` stands at random 0.0, as in the Agent57 paper, while the
    table of DQN Zoo has 16256.9. The two agree in all other games. Our own random play sides with
    DQN Zoo (`measured_random_scores`).

    Badia et al. (2020), appendix: https://arxiv.org/abs/2003.13350; its MuZero column is quoted
    from Schrittwieser et al. (2020), https://arxiv.org/abs/1911.08265. Lesson 1.
    """
    with (DATA / "atari57_scores.csv").open(newline="", encoding="utf-8") as file:
        return {
            row.pop("game"): PublishedScores(**{name: float(text) for name, text in row.items()})
            for row in csv.DictReader(file)
        }


def measured_random_scores() -> dict[str, RandomScores]:
    """Scores of random play as `measure_random` found them, by game, in alphabetical order.

    The file holds every game of `games()`, so the 57 published ones and more. Lesson 1.
    """
    kinds = {field.name: field.type for field in fields(RandomScores)}
    with (DATA / "random_scores.csv").open(newline="", encoding="utf-8") as file:
        return {
            row["game"]: RandomScores(**{name: kind(row[name]) for name, kind in kinds.items()})
            for row in csv.DictReader(file)
        }


def measure_random(
    games: Iterable[str], *, episodes: int, seed: int, path: str | Path, progress: bool = True
) -> None:
    """Play games at random and write a CSV file, a row a game with `COLUMNS`.

    A row is written as soon as its game is finished. An interrupted call leaves a valid file; the
    same call again skips the games that are in it and goes on. `COURSE_QUICK` does not shorten it.

    Args:
        games: names of ROMs, each one of `games()`; they are played in this order.
        episodes: how many a game, at least 2, because one score alone has no standard error.
        seed: at least 0.
        path: a new file, or one from an earlier call with the same `episodes` and `seed`.
        progress: show a bar that counts games and estimates the time left.

    Raises:
        ValueError: if a game is not known, a number is out of range, or the file at `path` was made
            with other columns, episodes or seed. Nothing is played or written then.

    Lesson 1.
    """
    from tqdm.auto import tqdm

    wanted = [known_game(game) for game in dict.fromkeys(games)]
    episodes, seed = whole("episodes", episodes, low=2), whole("seed", seed, low=0)
    finished = _finished(Path(path), episodes, seed)
    missing = [game for game in wanted if game not in finished]
    ready = len(wanted) - len(missing)
    with (
        Path(path).open("a", newline="", encoding="utf-8") as file,
        tqdm(total=len(wanted), initial=ready, unit="game", disable=not progress) as bar,
    ):
        if file.tell() == 0:
            _write_row(file, COLUMNS)
        for game in missing:
            scores, lengths = [], []
            for episode in random_episodes(game, episodes=episodes, seed=seed):
                scores.append(episode.score)
                lengths.append(len(episode.rewards))
                bar.set_postfix_str(f"{game}, episode {len(scores)} of {episodes}")
            _write_row(file, (game, *astuple(summarise(scores, lengths)), seed))
            bar.update()


def summarise(scores: ArrayLike, lengths: ArrayLike) -> RandomScores:
    """Put many episodes of one game into one row.

    Args:
        scores: points, shape [n], n >= 2.
        lengths: agent steps of the same episodes, shape [n].

    Returns:
        The row; means and spreads are rounded to four decimals.
    """
    std = np.std(scores, ddof=1)
    return RandomScores(
        episodes=len(scores),
        mean=round(float(np.mean(scores)), 4),
        std=round(float(std), 4),
        standard_error=round(float(std / np.sqrt(len(scores))), 4),
        low=float(np.min(scores)),
        high=float(np.max(scores)),
        mean_steps=round(float(np.mean(lengths)), 4),
    )


def _finished(path: Path, episodes: int, seed: int) -> set[str]:
    """Return the games in the file at `path`, or raise ValueError if it cannot be continued."""
    text = path.read_text() if path.exists() else ""
    if not text:
        return set()
    header, *rows = csv.reader(text.splitlines())
    if tuple(header) != COLUMNS:
        must = ",".join(COLUMNS)
        raise ValueError(f"path {path} has the columns {','.join(header)}; they must be {must}")
    if not text.endswith("\n") or any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError(f"path {path} holds an incomplete row: delete that line and run again")
    for row in rows:
        given = dict(zip(COLUMNS, row, strict=True))
        if (given["episodes"], given["seed"]) != (str(episodes), str(seed)):
            raise ValueError(
                f"path {path} has {given['game']} with episodes {given['episodes']} and seed "
                f"{given['seed']}, not with episodes {episodes} and seed {seed}: ask for the same, "
                "or give another path"
            )
    return {row[0] for row in rows}


def _write_row(file: TextIO, row: Iterable[object]) -> None:
    """Write one line and hand it to the system at once, so that an interruption cannot tear it."""
    file.write(",".join(map(str, row)) + "\n")
    file.flush()

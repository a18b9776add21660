"""What random play scores in the games of Atari: a table, a row a game.

The file that comes with the course was made by

    python -m course random-scores --episodes 30 --seed 0 --out FILE
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from course.arrays import Refusal, whole
from course.atari.play import known_game, random_episodes
from course.atari.scores import RANDOM_COLUMNS, RandomScores
from course.tables import Row, Table


def measure_random(
    games: Iterable[str], *, episodes: int, seed: int, path: str | Path, progress: bool = True
) -> None:
    """Play games at random and write a CSV file, a row a game with `RANDOM_COLUMNS`.

    A row is written as soon as its game is finished. An interrupted call leaves a valid file; the
    same call again skips the games that are in it and goes on. `COURSE_QUICK` does not shorten it.

    Args:
        games: names of ROMs, each one of `course.atari.roms()`; they are played in this order.
        episodes: how many a game, at least 2, because one score alone has no standard error.
        seed: at least 0.
        path: a new file, or one from an earlier call with the same `episodes` and `seed`.
        progress: show a bar that counts games and estimates the time left.

    Raises:
        ValueError: if a game is not known, a number is out of range, or the file at `path` was made
            with other columns, episodes or seed. Nothing is played or written then.

    Lesson 1.
    """
    from tqdm import tqdm  # as text: a saved notebook shows an error in place of a bar that is a widget

    wanted = [known_game(game) for game in dict.fromkeys(games)]
    episodes = whole("episodes", episodes, low=2)
    seed = whole("seed", seed, low=0)

    table = Table(path, RANDOM_COLUMNS, key=("game",))
    for row in table.rows:
        _same_measurement(row, table.path, episodes, seed)

    finished = table.finished()
    missing = [game for game in wanted if (game,) not in finished]
    ready = len(wanted) - len(missing)

    with tqdm(total=len(wanted), initial=ready, unit="game", disable=not progress) as bar:
        for game in missing:
            scores = []
            lengths = []
            for episode in random_episodes(game, episodes=episodes, seed=seed):
                scores.append(episode.score)
                lengths.append(len(episode.rewards))
                bar.set_postfix_str(f"{game}, episode {len(scores)} of {episodes}")

            measured = asdict(random_scores(scores, lengths))
            table.append([{"game": game, **measured, "seed": seed}])
            bar.update()


def random_scores(scores: ArrayLike, lengths: ArrayLike) -> RandomScores:
    """Put many episodes of one game into one row.

    Args:
        scores: points, shape [n], n >= 2.
        lengths: agent steps of the same episodes, shape [n].

    Returns:
        The row; means and spreads are rounded to four decimals.
    """
    scores = np.asarray(scores, dtype=np.float64)
    std = scores.std(ddof=1)

    return RandomScores(
        episodes=len(scores),
        mean=round(float(scores.mean()), 4),
        std=round(float(std), 4),
        standard_error=round(float(std / np.sqrt(len(scores))), 4),
        low=float(scores.min()),
        high=float(scores.max()),
        mean_steps=round(float(np.mean(lengths)), 4),
    )


def _same_measurement(row: Row, path: Path, episodes: int, seed: int) -> None:
    if (row["episodes"], row["seed"]) != (str(episodes), str(seed)):
        raise Refusal(
            f"path {path} has {row['game']} with episodes {row['episodes']} and seed {row['seed']}, not with "
            f"episodes {episodes} and seed {seed}: ask for the same, or give another path"
        )

"""Random play in real Atari games, by one protocol.

A game goes by the name of its ROM (`ms_pacman`, `video_pinball`). A score is the sum of one
episode's rewards, in the points of that game. The protocol:

    actions      uniform over the game's minimal action set, drawn afresh every agent step
    agent step   4 frames with the same action (frame skip 4); `steps` always counts agent steps
    stickiness   none: every action is carried out (`repeat_action_probability` is 0)
    start        no random no-op steps: every episode of a game starts in the same state, so that
                 the actions are the only chance in it
    end          game over, not the loss of a life: `terminated`; 108,000 frames, which are 27,000
                 agent steps or 30 minutes of play: `truncated`

The emulator is the Arcade Learning Environment: Bellemare et al. (2013), https://arxiv.org/abs/1207.4708.
It is loaded inside the functions, because it takes longer to import than all the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from course.arrays import Array, Refusal, one_of, whole
from course.returns import reward_to_go

if TYPE_CHECKING:
    from ale_py import Action, ALEInterface

FRAME_SKIP = 4  # frames an agent step
FRAME_CAP = 108_000  # frames an episode; a multiple of FRAME_SKIP
# Their ROMs hold no game for one player; the list that Gymnasium shows leaves the same four out.
TWO_PLAYERS = frozenset({"combat", "joust", "maze_craze", "warlords"})


@dataclass(frozen=True, kw_only=True)
class Episode:
    """T agent steps of one game, from its start to its end."""

    rewards: Array  # [T], points
    ram: NDArray[np.uint8]  # [T, 128], the console's whole memory before each step
    terminated: bool  # game over
    truncated: bool  # cut by the frame cap

    @property
    def score(self) -> float:
        """The sum of all rewards, in points."""
        return float(self.rewards.sum())


def roms() -> list[str]:
    """Names of the games for one player whose ROMs come with ale_py, in alphabetical order.

    The 57 games of `course.atari.published_scores` are among them.
    """
    import ale_py

    return sorted(set(ale_py.roms.get_all_rom_ids()) - TWO_PLAYERS)


def known_game(game: str) -> str:
    """Return `game` if it is one of `roms()`, or raise ValueError with the nearest name."""
    return one_of("game", game, roms())


def play_random(game: str, *, episodes: int, seed: int, progress: bool = False) -> list[Episode]:
    """Play a real Atari game with random actions, by the protocol at the top of this module.

    Args:
        game: name of the ROM, one of `roms()`.
        episodes: how many, at least 1.
        seed: at least 0. Episode e of a seed is the same however many episodes are asked for.
        progress: show a bar that counts episodes.

    Returns:
        One record an episode.

    Raises:
        ValueError: if the game is not known or a number is out of range.

    Example:
        >>> [episode] = play_random("pong", episodes=1, seed=0)
        >>> -21 <= episode.score <= 21
        True

    Lesson 1.
    """
    from tqdm import tqdm  # as text: a saved notebook shows an error in place of a bar that is a widget

    playing = random_episodes(game, episodes=episodes, seed=seed)
    bar = tqdm(playing, total=episodes, desc=game, unit="episode", disable=not progress)
    return list(bar)


def random_episodes(game: str, *, episodes: int, seed: int) -> Iterator[Episode]:
    """The same episodes one at a time, so that a long run need not hold them all.

    Args, Raises: as `play_random`; bad arguments are refused at the first episode.

    Yields:
        One record an episode.
    """
    episodes = whole("episodes", episodes, low=1)
    seed = whole("seed", seed, low=0)

    console = _console(game)
    console.reset_game()
    start = console.cloneState(include_rng=True)

    for index in range(episodes):
        # Both are needed. After a reset alone, many games (assault, frostbite) still depend on the
        # episode before; after a restored state alone, qbert does.
        console.reset_game()
        console.restoreState(start)
        yield _play(console, np.random.default_rng([seed, index]))


def ram_and_returns(played: Sequence[Episode], *, states: int) -> tuple[Array, Array]:
    """Some of the states that were met in these episodes, and the points that were still to come there.

    Args:
        played: episodes of one game, at least one.
        states: how many to draw, without repetition and always the same ones; all if there are fewer.

    Returns:
        The console's memory, [n, 128] in [0, 1], and the returns, [n] in points.

    Raises:
        ValueError: if there is no episode, or `states` is below 1.

    Lesson 1.
    """
    states = whole("states", states, low=1)
    if not played:
        raise Refusal("played must hold at least one episode, got none")

    ram = np.concatenate([episode.ram for episode in played]) / 255
    returns = np.concatenate([reward_to_go(episode.rewards, gamma=1.0) for episode in played])
    drawn = np.random.default_rng(0).permutation(len(ram))[:states]
    return ram[drawn], returns[drawn]


def screenshot(game: str, *, seed: int = 0, steps: int = 60) -> NDArray[np.uint8]:
    """The screen after some random steps of a game.

    Args:
        game: name of the ROM, one of `roms()`.
        seed: at least 0; the actions are those of episode 0 of `play_random`.
        steps: agent steps before the picture, at least 0. After a game over a new game starts.

    Returns:
        RGB picture, uint8, shape [210, 160, 3] in the 57 games with published scores. Some others
        have a taller screen, up to 250 rows; all are 160 wide.

    Raises:
        ValueError: if the game is not known or a number is out of range.

    Lesson 1.
    """
    steps = whole("steps", steps, low=0)
    seed = whole("seed", seed, low=0)

    console = _console(game)
    console.reset_game()
    for action in _random_actions(console, np.random.default_rng([seed, 0]), steps):
        if console.game_over():
            console.reset_game()
        _step(console, action)

    return console.getScreenRGB()


def _console(game: str) -> "ALEInterface":
    """Return an emulator with the game in it, set to this module's protocol."""
    import ale_py

    rom = ale_py.roms.get_rom_path(known_game(game))
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # no banner on stderr
    console = ale_py.ALEInterface()
    console.setFloat("repeat_action_probability", 0.0)
    console.setInt("max_num_frames_per_episode", FRAME_CAP)
    console.loadROM(rom)
    return console


def _random_actions(console: "ALEInterface", rng: np.random.Generator, count: int) -> list["Action"]:
    actions = console.getMinimalActionSet()
    return [actions[draw] for draw in rng.integers(len(actions), size=count)]


def _step(console: "ALEInterface", action: "Action") -> int:
    """Hold an action for one agent step and return what it paid."""
    # Frames are skipped here, as Gymnasium does, and not by the emulator: that would also skip frames
    # while it starts a game, and so start berzerk and double_dunk elsewhere.
    return sum(console.act(action) for _ in range(FRAME_SKIP))


def _play(console: "ALEInterface", rng: np.random.Generator) -> Episode:
    """Play from the console's present state to the end of the episode."""
    cap = FRAME_CAP // FRAME_SKIP
    ram = np.empty((cap, console.getRAMSize()), dtype=np.uint8)
    rewards = []

    for action in _random_actions(console, rng, cap):
        console.getRAM(ram[len(rewards)])
        rewards.append(_step(console, action))
        if console.game_over():
            break

    return Episode(
        rewards=np.array(rewards, dtype=np.float64),
        ram=ram[: len(rewards)].copy(),
        terminated=console.game_over(with_truncation=False),
        truncated=console.game_truncated(),
    )

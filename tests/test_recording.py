"""The microscope: what is written down about a game is what happened in it."""

from dataclasses import replace

import numpy as np
import pytest

from course import games, recording, returns
from course.nets import Agent
from course.recording import MOVES, Record, record, screens
from course.train import PONG


@pytest.fixture(scope="module")
def novice() -> Agent:
    """An untrained agent whose critic has opinions: an untrained critic says 0 about everything."""
    agent = Agent((4, 32, 42), 3, shared=True, seed=1, background=87.0)
    weight = np.random.default_rng(0).normal(0, 0.2, size=agent.critic.weight.shape)
    agent.critic.weight.data += agent.critic.weight.new_tensor(weight)
    return agent


@pytest.fixture(scope="module")
def game(novice) -> Record:
    return record(novice, seed=3, points=3)


@pytest.fixture(scope="module")
def pictures(game) -> np.ndarray:
    return screens(game)


def small(picture: np.ndarray) -> np.ndarray:
    """A colour screen as the agent gets it: grey, shrunk to 42 x 42 by areas, cut to its rows."""
    grey = picture @ np.array([0.299, 0.587, 0.114])
    rows = grey.reshape(42, 5, 160).mean(axis=1)
    sums = np.concatenate([np.zeros((42, 1)), rows.cumsum(axis=1)], axis=1)
    edges = np.linspace(0, 160, 43)
    at = np.array([np.interp(edges, np.arange(161), line) for line in sums])
    return (np.diff(at, axis=1) / np.diff(edges))[games.Pong.ROWS]


def test_a_record_has_one_row_for_every_step(game):
    T = len(game)
    assert game.obs.shape == (T, 4, 32, 42)
    assert game.probabilities.shape == (T, len(MOVES))
    assert {len(getattr(game, name)) for name in ("actions", "values", "deltas", "advantages")} == {T}
    assert game.first == 0


def test_it_stops_when_the_points_are_made(game):
    assert (game.rewards != 0).sum() == 3
    assert game.rewards[-1] != 0


def test_it_stops_after_max_steps_in_any_case(novice, game):
    short = record(novice, seed=3, points=3, max_steps=20)
    assert len(short) == 20
    assert np.array_equal(short.actions, game.actions[:20])


def test_the_surprise_is_td_error_by_definition(game):
    ended = game.rewards != 0
    expected = game.rewards[:-1] + PONG.gamma * (1 - ended[:-1]) * game.values[1:] - game.values[:-1]
    np.testing.assert_allclose(game.deltas[:-1], expected, atol=1e-6)
    assert game.deltas[-1] == pytest.approx(game.rewards[-1] - game.values[-1])


def test_a_record_that_was_cut_short_asks_the_critic_what_comes_next(novice, game):
    short = record(novice, seed=3, points=3, max_steps=20)
    np.testing.assert_allclose(short.deltas, game.deltas[:20], atol=1e-6)


def test_nothing_flows_from_one_rally_to_the_one_before(game):
    for rally in game.rallies():
        decays = (PONG.gamma * PONG.lam) ** np.arange(len(rally))
        assert rally.advantages[0] == pytest.approx(decays @ rally.deltas)


def test_without_point_ends_credit_flows_across_a_point(novice, game):
    whole_game = record(novice, seed=3, points=3, config=replace(PONG, point_ends=False))
    point = int(np.flatnonzero(game.rewards)[0])
    expected = game.rewards[point] + PONG.gamma * game.values[point + 1] - game.values[point]
    assert whole_game.deltas[point] == pytest.approx(expected, abs=1e-6)
    assert abs(whole_game.deltas[point] - game.deltas[point]) > 1e-3


def test_the_surprises_of_a_rally_add_up_to_the_point_minus_the_first_value(game):
    for rally in game.rallies():
        discounts = PONG.gamma ** np.arange(len(rally))
        expected = discounts[-1] * rally.rewards[-1] - rally.values[0]
        assert discounts @ rally.deltas == pytest.approx(expected, abs=1e-5)


def test_the_advantages_are_those_of_gae(game):
    following = np.append(game.values[1:], 0.0)
    over, never = game.rewards != 0, np.zeros(len(game), bool)
    expected = returns.gae(game.rewards, game.values, following, over, never, gamma=PONG.gamma, lam=PONG.lam)
    np.testing.assert_allclose(game.advantages, expected, atol=1e-5)


def test_rallies_are_the_game_cut_after_each_point(game):
    rallies = game.rallies()
    assert [np.flatnonzero(rally.rewards).tolist() for rally in rallies] == [[len(r) - 1] for r in rallies]
    assert np.array_equal(np.concatenate([rally.obs for rally in rallies]), game.obs)
    assert [rally.first for rally in rallies] == [0, *np.flatnonzero(game.rewards)[:-1] + 1]


def test_the_probabilities_are_the_policys_and_the_drawn_actions_follow_them(novice, game):
    np.testing.assert_allclose(game.probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.unique(game.actions).tolist() == [0, 1, 2]
    greedy = record(novice, seed=3, points=1, greedy=True, max_steps=50)
    assert np.array_equal(greedy.actions, greedy.probabilities.argmax(axis=1))


def test_the_same_seed_gives_the_same_game_whether_the_agent_trains_in_16_or_32_bits(novice, game):
    for sixteen_bits in (True, False):
        novice.sixteen_bits = sixteen_bits
        again = record(novice, seed=3, points=3)
        assert novice.sixteen_bits is sixteen_bits
        assert np.array_equal(again.actions, game.actions)
        assert np.array_equal(again.values, game.values)


def test_another_seed_gives_another_game(novice, game):
    other = record(novice, seed=4, points=1, max_steps=60)
    assert not np.array_equal(other.actions, game.actions[: len(other)])


def test_every_picture_belongs_to_its_step(game, pictures):
    assert pictures.shape == (len(game), 210, 160, 3)
    shrunk = np.array([small(picture) for picture in pictures])
    now = game.obs[:, -1].astype(float)
    apart = {shift: np.abs(np.roll(shrunk, shift, axis=0) - now)[2:-2].mean() for shift in (-1, 0, 1)}
    assert apart[0] < 2.0
    assert apart[0] < 0.5 * min(apart[-1], apart[1])


def test_the_pictures_of_a_rally_are_those_of_its_rows(game, pictures):
    rally = game.rallies()[1]
    rows = slice(rally.first, rally.first + len(rally))
    assert np.array_equal(screens(game, rally), pictures[rows])
    assert np.array_equal(screens(game, rally, steps=7), pictures[rows][:7])


def test_what_is_no_part_of_the_game_has_no_pictures(novice, game):
    rally, other = game.rallies()[1], record(novice, seed=4, points=1, max_steps=10)
    with pytest.raises(ValueError, match="start of its game"):
        screens(rally)
    with pytest.raises(ValueError, match="part of it"):
        screens(game, other)
    with pytest.raises(ValueError, match="steps"):
        screens(game, steps=0)


@pytest.mark.parametrize("wrong", [{"points": 0}, {"max_steps": 0}, {"seed": -1}, {"seed": 0.5}])
def test_bad_numbers_are_refused_by_name(novice, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        record(novice, **{"seed": 0, **wrong})


def test_an_agent_for_another_game_is_refused():
    with pytest.raises(ValueError, match="shape"):
        record(Agent((4,), 2), seed=0)


def test_the_champion_is_an_agent_for_pong():
    agent = recording.champion()
    assert agent.env_name == "pong"
    assert agent.protocol == games.PONG_PROTOCOL
    assert (agent.obs_shape, agent.actions) == ((4, 32, 42), 3)

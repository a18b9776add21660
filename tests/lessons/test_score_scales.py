"""The numbers in lesson 1's prose, made from what its cells made, or from the tables."""

import numpy as np
import pytest

from course.atari import measured_random_scores, published_scores
from course.returns import reward_to_go
from tests.lessons import says, variables


@pytest.fixture(scope="module")
def lesson():
    return variables("score_scales")


# How many powers of ten?


def test_getting_better_pulls_the_games_apart(lesson):
    powers = lesson["powers_of_ten"]
    assert powers["random play"] < powers["human"] < powers["MuZero"]
    says(
        "score_scales",
        "{:.1f} powers of ten for random play, {:.1f} for the human, and {:.1f} for MuZero",
        *(powers[who] for who in ("random play", "human", "MuZero")),
    )
    assert 4 < powers["random play"] < 5
    assert 7 <= powers["MuZero"] < 8
    says("score_scales", "span more than four powers of ten at random play, and seven for a strong agent")


def test_one_score_near_zero_makes_a_span(lesson):
    said = []
    for who, game in (("human", "ice_hockey"), ("MuZero", "venture")):
        scores = dict(lesson["columns"][who])
        smallest = scores.pop(game)
        said += [smallest, lesson["orders_of_magnitude"](np.array(list(scores.values())))]
    says(
        "score_scales",
        "Without Ice Hockey's {:.1f} the human's is {:.1f}, without Venture's {:.1f} MuZero's is {:.1f}",
        *said,
    )


def test_the_two_tables_are_compared_with_their_protocols_named():
    ours, theirs = measured_random_scores(), published_scores()
    says("score_scales", "({} episodes a game, with the same emulator", ours["pong"].episodes)
    says("score_scales", "Here are the {} games on which agents are compared", len(theirs))
    says("score_scales", "gives Video Pinball a {:.1f} which another", theirs["video_pinball"].random)
    assert ours["video_pinball"].mean > 1_000


# A scale for each game


def test_a_human_halfway_in_skiing(lesson):
    row = published_scores()["skiing"]
    says(
        "score_scales", "random play gets about {:,.0f} and a human {:,.0f}", round(row.random, -3), row.human
    )
    assert lesson["human_normalized"](-10_000, row.random, row.human) > 0.5


def test_the_scale_did_not_make_the_games_alike(lesson):
    ratios = lesson["agent57"]
    says(
        "score_scales",
        "{:.0f} times as well as a human in the middle game of the {}, and {:.0f} times as well on the mean",
        np.median(ratios),
        len(ratios),
        ratios.mean(),
    )
    share = np.sort(ratios)[-3:].sum() / ratios.sum()
    says("score_scales", "Three games out of {} supply {:.0f} % of that mean", len(ratios), 100 * share)
    powers = lesson["orders_of_magnitude"](ratios)
    says("score_scales", "they still span {:.1f} powers of ten", powers)
    says("score_scales", "Human-normalised scores of one agent still span {:.1f}", powers)


# One network for all


def shares(norms):
    return {game: 100 * norm / sum(norms.values()) for game, norm in norms.items()}


def test_the_gradient_at_zero_is_that_of_half_the_mean_squared_error(lesson):
    for game, (ram, returns) in lesson["data"].items():
        by_hand = -(ram * returns[:, None]).mean(axis=0)
        np.testing.assert_allclose(lesson["gradient"](np.zeros(128), game), by_hand)
        says("score_scales", "the {} bytes of the console's memory in", ram.shape[1])


def test_somebody_always_owns_the_gradient(lesson):
    norms, loudest = dict(lesson["norms"]), lesson["loudest"]
    assert loudest[:3] == ["video_pinball", "skiing", "ms_pacman"]
    everybody = shares(norms)
    says(
        "score_scales",
        "Two games own {:.1f} % of it, and Breakout has {:.3f} %",
        everybody[loudest[0]] + everybody[loudest[1]],
        everybody["breakout"],
    )
    says("score_scales", "Breakout's share was {:.3f} %", everybody["breakout"])
    norms.pop(loudest[0])
    says("score_scales", "leave out the loudest, and the next one takes {:.0f} %", shares(norms)[loudest[1]])
    norms.pop(loudest[1])
    says("score_scales", "leave that out, and Ms. Pac-Man takes {:.0f} %", shares(norms)["ms_pacman"])


def test_breakout_is_predicted_a_thousand_times_worse_after_shared_training(lesson):
    ram, returns = lesson["data"]["breakout"]
    before, after = np.sqrt(np.mean(returns**2)), np.sqrt(np.mean((ram @ lesson["shared"] - returns) ** 2))
    says("score_scales", "its predictions are off by about {:,.0f} points", round(after, -1))
    assert after / before > 1_000
    says("score_scales", "Worse, by a factor of more than a thousand")


def test_a_network_of_its_own_predicts_every_game_better_than_its_mean(lesson):
    for game in lesson["games"]:
        assert lesson["error"](lesson["trained"]([game]), game) < 1


def test_the_return_of_a_first_step_is_the_score(lesson):
    for played in lesson["episodes"].values():
        for episode in played:
            assert reward_to_go(episode.rewards, gamma=1.0)[0] == pytest.approx(episode.score)

"""The numbers in lesson 1's prose, made from what its cells made, or from the tables."""

import numpy as np
import pytest

from course.atari import measured_random_scores, published_scores
from course.plots import alt_text
from course.plots import score_scales as plots
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
        "In the middle game of the {}, Agent57 scores {:.0f} times as far above random play as the human "
        "does, and {:.0f} times on the mean",
        len(ratios),
        np.median(ratios),
        ratios.mean(),
    )
    share = np.sort(ratios)[-3:].sum() / ratios.sum()
    says("score_scales", "Three games out of {} supply {:.0f} % of that mean", len(ratios), 100 * share)
    powers = lesson["orders_of_magnitude"](ratios)
    says("score_scales", "they still span {:.1f} powers of ten", powers)
    says("score_scales", "Human-normalised scores of one agent still span {:.1f}", powers)
    assert (ratios > 1).all()
    says("score_scales", "beat the human tester in all {} games", len(ratios))


# One network for all


def shares(norms):
    return {game: 100 * norm / sum(norms.values()) for game, norm in norms.items()}


def test_the_gradient_at_zero_is_that_of_half_the_mean_squared_error(lesson):
    for game, (ram, returns) in lesson["learned_from"].items():
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
    before, after = (lesson["errors"][who]["breakout"] for who in ("before", "one network for all"))
    says("score_scales", "in Breakout that is an error of {:.1f}", before)
    assert 1_000 < after / before < 1_300
    says("score_scales", "Breakout's error is a thousand times what it was")

    ram, returns = lesson["never_seen"]["breakout"]
    off = np.sqrt(np.mean((ram @ lesson["shared"] - returns) ** 2))
    says("score_scales", "its predictions are off by about {:,.0f} points", round(off, -1))
    assert off == pytest.approx(after * returns.std())


def test_the_loud_games_do_about_as_well_together_as_alone(lesson):
    for game in ("skiing", "video_pinball"):
        together, alone = (lesson["errors"][f"one network {who}"][game] for who in ("for all", "each"))
        assert together == pytest.approx(alone, rel=0.1)


def test_networks_of_their_own_beat_the_mean_in_two_games_of_five_that_they_have_not_seen(lesson):
    *_, seen = lesson["errors"].values()
    held_out = lesson["errors"]["one network each"]
    better = {game for game in held_out if held_out[game] < 1}
    assert better == {"pong", "ms_pacman"}
    says("score_scales", "in only two games of the five: Pong and Ms. Pac-Man")
    assert max(seen.values()) < 1
    says("score_scales", "On the episodes that they learned from all five beat it")


def test_no_network_is_judged_on_what_it_learned_from(lesson):
    for game, played in lesson["episodes"].items():
        lengths = [len(episode.rewards) for episode in played]
        assert len(lesson["learned_from"][game][0]) == min(500, sum(lengths[:2]))
        assert len(lesson["never_seen"][game][0]) == sum(lengths[2:])


# The figures


def test_the_picture_of_all_games_names_ten_and_counts_what_it_cannot_draw(lesson):
    ax = plots.all_games(lesson["columns"])
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert len(names) == 10
    assert {"Ice Hockey", "Venture", "Pong", "Ms. Pac-Man"} <= set(names)
    for who, means in lesson["columns"].items():
        zeros = sum(score == 0 for score in means.values())
        wanted = f"points, and {zeros} at 0 that cannot be drawn" if zeros else "points;"
        assert wanted in alt_text(ax).split(who)[1]


def test_a_guess_is_drawn_if_there_is_one(lesson):
    five = plots.one_axis(lesson["scores"], guess=[0, 10, 100, -5, 1_000])
    assert alt_text(five).endswith("You guessed 0, 10, 100, -5, 1,000.")
    assert "guess" not in alt_text(plots.one_axis(lesson["scores"]))
    with pytest.raises(ValueError, match="guess must be 5 numbers, one a game"):
        plots.one_axis(lesson["scores"], guess=[1, 2])

    shares = plots.gradient_shares(lesson["norms"], guess=20)
    assert alt_text(shares).endswith("You guessed 20 % for Breakout.")
    with pytest.raises(ValueError, match="guess must be above 0, got 0"):
        plots.gradient_shares(lesson["norms"], guess=0)
    errors = plots.shared_errors(lesson["errors"], states="here", guess=2)
    assert "Prediction error here, in standard deviations" in alt_text(errors)
    assert alt_text(errors).endswith("You guessed 2 for Breakout, shared.")


def test_the_return_of_a_first_step_is_the_score(lesson):
    for played in lesson["episodes"].values():
        for episode in played:
            assert reward_to_go(episode.rewards, gamma=1.0)[0] == pytest.approx(episode.score)

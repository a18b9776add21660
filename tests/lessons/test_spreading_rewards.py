"""What lesson 5 says in numbers, measured by its own code, which runs once."""

from functools import partial

import numpy as np
import pytest

from course.checks import judge
from course.estimators import estimate, weights
from course.plots import alt_text, png
from course.plots import spreading_rewards as plots
from course.worlds import corridor_world, survival_world, writer
from tests.lessons import says, variables

TOPIC = "spreading_rewards"
FRESH = np.zeros((500, 5), dtype=np.float32)


@pytest.fixture(scope="module")
def lesson():
    return variables(TOPIC)


def step_of(logits, tokens, weight):
    """The gradient of one answer, every token at the same weight, in the precision of the logits."""
    high = np.exp(logits - logits.max(axis=1, keepdims=True))
    chance = high / high.sum(axis=1, keepdims=True)
    return weight * (np.eye(5, dtype=logits.dtype)[tokens] - chance)


# The exercises


def test_the_solutions_of_the_lesson_pass_their_checks(lesson):
    for name in ("spread_evenly", "reward_to_go"):
        assert judge(name, lesson[name], seed=3).passed


def test_a_vectorised_reward_to_go_and_a_list_of_shares_pass():
    def by_matrix(rewards, *, gamma):
        ahead = np.subtract.outer(np.arange(len(rewards)), np.arange(len(rewards))) * -1
        return np.where(ahead >= 0, float(gamma) ** np.maximum(ahead, 0), 0.0) @ rewards

    def by_list(score, length):
        if length < 1:
            raise ValueError
        return [score / length] * length

    assert judge("reward_to_go", by_matrix, seed=0).passed
    assert judge("spread_evenly", by_list, seed=0).passed


# The writer, and how long the gradient is


def test_the_writer_is_as_the_lesson_says():
    assert (writer.PLACES, writer.KINDS, writer.ANSWERS) == (500, 5, 20)
    said = "random answers earn {:,.0f} million points on average, and the best possible answer earns {:,.0f}"
    says(TOPIC, said, writer.BEST / writer.KINDS / 1e6, writer.BEST / 1e6)


def test_the_lengths_on_paper_are_those_of_the_lessons_answer(lesson):
    assert np.linalg.norm(lesson["whole"]) == pytest.approx(10e9)
    assert np.linalg.norm(lesson["shared"]) == pytest.approx(20e6)
    assert lesson["cosine"] == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(lesson["whole"] / 500, lesson["shared"])


def test_the_length_on_paper_holds_for_any_answer_and_is_what_autograd_finds():
    import torch

    for length, weight, seed in ((1, 3.0, 0), (50, 7e6, 1), (2_000, 0.5, 2)):
        tokens = np.random.default_rng(seed).integers(5, size=length)
        logits = torch.zeros(length, 5, dtype=torch.float64, requires_grad=True)
        (weight * logits.log_softmax(dim=1)[np.arange(length), tokens]).sum().backward()
        assert logits.grad.norm().item() == pytest.approx(weight * np.sqrt(0.8 * length))
        np.testing.assert_allclose(step_of(np.zeros((length, 5)), tokens, weight), logits.grad.numpy())


# Answers of different lengths


def test_in_cartpole_every_share_is_one_point(lesson):
    assert set(lesson["shares"]) == {1.0}
    assert len(set(lesson["scores"])) > 5
    assert max(lesson["scores"]) < 500


def test_where_score_is_length_the_mean_gradient_of_shares_is_zero_and_that_of_the_score_is_not():
    world = survival_world()
    found = {
        kind: estimate(world, world.theta, partial(weights, kind, world))
        for kind in ("whole return", "equal shares", "reward-to-go")
    }
    assert found["equal shares"].snr == 0
    assert found["equal shares"].variance > 1
    assert found["whole return"].snr > 0
    assert found["whole return"].cosine == pytest.approx(1)
    assert found["reward-to-go"].cosine == pytest.approx(1)


def test_among_answers_of_one_length_sharing_leaves_the_direction():
    world = corridor_world()
    whole, shares = (
        estimate(world, world.theta, partial(weights, kind, world))
        for kind in ("whole return", "equal shares")
    )
    assert (whole.cosine, shares.cosine) == pytest.approx((1, 1))
    assert shares.snr == pytest.approx(whole.snr)


# When is a policy dead?


def test_the_jackpot_is_the_last_update_and_the_gradient_is_then_exactly_zero(lesson):
    says(TOPIC, "Update {} is the last", 31)
    for name in ("whole score", "equal shares"):
        lengths = np.array(lesson["runs"][name])
        assert np.isfinite(lengths).all()
        assert (lengths[:31] > 0).all()
        assert (lengths[31:] == 0).all()
    whole = lesson["runs"]["whole score"]
    assert max(whole[10:30]) < 0.3 * whole[0]  # it "had shrunk long before"
    jackpot = lesson["runs"]["equal shares"][30]
    assert 17e6 < jackpot < 24e6  # about a million on each of 500 tokens, times 20
    assert min(lesson["runs"]["equal shares, no jackpot"]) > 10


@pytest.mark.parametrize("seed", range(10))
def test_the_policy_dies_at_the_jackpot_whatever_the_seed(seed):
    rng = np.random.default_rng(seed)
    tokens, _ = writer.write(FRESH, rng)
    share = 5e6 * (tokens == 0).sum() / 500
    logits = FRESH + 0.01 * step_of(FRESH, tokens, np.float32(share))
    assert np.isfinite(logits).all()
    for paid in (share, -1e12):
        again, chance = writer.write(logits, rng)
        np.testing.assert_array_equal(again, tokens)  # no other token is ever written
        assert not (paid * (np.eye(5)[again] - chance)).any()


def test_one_update_of_a_fresh_writer_opens_a_gap_of_rate_times_weight():
    step = 0.01 * step_of(np.zeros((3, 5)), np.array([2, 0, 4]), 700.0)
    assert np.ptp(step, axis=1).tolist() == pytest.approx([7.0] * 3)
    assert step[0].max() == pytest.approx(0.8 * 7)
    assert step[0].min() == pytest.approx(-0.2 * 7)


def test_a_probability_is_exactly_zero_from_a_gap_of_104_on_but_not_before_87():
    def chance(gap):
        return writer.write(np.array([[gap, 0, 0, 0, 0]], dtype=np.float32), np.random.default_rng(0))[1]

    for gap in (plots.LAST_GAP + 0.1, 105.0, 1e6):
        assert chance(gap)[0].tolist() == [1, 0, 0, 0, 0]
    for gap in (20.0, 87.0):  # processors without subnormal numbers stop at 87.3
        assert (chance(gap)[0] > 0).all()


def test_a_learning_rate_of_a_millionth_keeps_the_shares_alive_and_not_the_whole_score():
    assert 1e-6 * 500e6 / 500 == pytest.approx(1)
    words = alt_text(plots.one_update(500, 500e6, 1e-6))
    assert "whole score: dead" in words
    assert "equal shares: alive" in words
    assert "one update opens a gap of 1." in words
    words = alt_text(plots.one_update(500, 500e6, 1e-5))
    assert "equal shares: alive" in words  # a gap of 10
    assert "equal shares: dead" in alt_text(plots.one_update(500, 500e6, 1e-3))


def test_writer_write_draws_each_token_at_its_probability():
    logits = np.log(np.array([[0.5, 0.3, 0.2]])).repeat(20_000, axis=0)
    tokens, chance = writer.write(logits, np.random.default_rng(0))
    np.testing.assert_allclose(chance[0], [0.5, 0.3, 0.2])
    np.testing.assert_allclose(np.bincount(tokens) / len(tokens), [0.5, 0.3, 0.2], atol=0.015)


# Alive, at last


def test_the_first_line_has_hardly_moved(lesson):
    last = lesson["lines"]["whole score"].scores[:, -1] / 1e6
    assert len(last) == 10
    says(
        TOPIC,
        "The writer has hardly moved: {:.0f} million, in the median of {} seeds",
        np.median(last),
        "ten",
    )
    assert last.max() < 700


def test_shares_draw_the_same_line_under_adam(lesson):
    assert lesson["largest"] < 1
    np.testing.assert_allclose(lesson["with_shares"].scores, lesson["lines"]["whole score"].scores, rtol=1e-9)


def test_one_batch_stands_at_nearly_a_right_angle_to_the_truth(lesson):
    # On paper: signal-to-noise of one answer 4e-6, so sqrt(20 * 4e-6) = 0.009.
    assert 0 < lesson["cosines"].mean() < 0.02
    assert lesson["cosines"].std() > 2 * lesson["cosines"].mean()
    assert (lesson["cosines"] < 0).mean() > 0.3  # "now on that side"


def test_all_weights_are_alike_to_about_a_tenth():
    answers = np.random.default_rng(0).random((20_000, 500)) < 1 / 5
    scores = answers.sum(axis=1)
    assert scores.std() / scores.mean() == pytest.approx(0.09, abs=0.005)


# Dig deeper


def test_clipped_small_batches_point_backwards_and_larger_ones_do_not(lesson):
    limits, cosines = lesson["limits"], lesson["cosines_of"]
    one = np.argmin(np.abs(np.log(limits)))
    assert cosines[5][one] < -0.9
    assert cosines[20][one] < -0.9
    assert cosines[100][one] > 0.9
    assert all(each[-1] > 0.95 for each in cosines.values())  # a limit of 100 clips next to nothing


def test_the_rows_of_the_corridor(lesson):
    rows = {row.estimator: row for row in lesson["rows"]}
    whole, equal, to_go, shares_to_go = (
        rows[name] for name in ("whole score", "equal shares", "reward-to-go", "shares to go")
    )
    assert min(rows.values(), key=lambda row: row.variance) is equal
    says(TOPIC, "the least variance, {:.0f} times less than the whole score", whole.variance / equal.variance)
    assert equal.snr == pytest.approx(whole.snr, rel=1e-9)
    says(TOPIC, "of the two is the same to the last digit, {:.3f}", equal.snr)
    says(TOPIC, "Reward-to-go is unbiased, and clearer: {:.3f}", to_go.snr)
    assert to_go.relative_bias < 1e-12
    says(TOPIC, "their mean is off by {:.3f} of the exact gradient", shares_to_go.relative_bias)
    said = "their cosine is {:.3f}, and their signal-to-noise, {:.3f}, is the best of the four"
    says(TOPIC, said, shares_to_go.cosine, shares_to_go.snr)
    assert max(rows.values(), key=lambda row: row.snr) is shares_to_go


def test_unbiased_beats_biased_from_915_episodes_on(lesson):
    rows = {row.estimator: row for row in lesson["rows"]}
    to_go, shares = rows["reward-to-go"], rows["shares to go"]
    nearer = [batch for batch in range(1, 2_000) if to_go.error(batch) < shares.error(batch)]
    says(TOPIC, "About {} episodes", nearer[0])
    says(TOPIC, "with more, it stops at {:.3f}", shares.relative_bias)
    assert nearer == list(range(nearer[0], 2_000))


# Think


def test_averaging_over_tokens_leaves_a_gap_of_twenty():
    mean_weight = 1e6 / 500
    length = np.linalg.norm(step_of(np.zeros((500, 5)), np.arange(500) % 5, mean_weight))
    says(TOPIC, "{:,.0f}, and a gap of {:.0f}. That is alive on paper", length, 0.01 * mean_weight)
    says(TOPIC, "with a chance of {:.0f} in a billion for each other token", 1e9 * np.exp(-20))


@pytest.mark.parametrize("seed", range(5))
def test_plain_steps_with_own_pay_freeze_on_the_right_tokens(seed):
    rng = np.random.default_rng(seed)
    logits = FRESH.copy()
    for _ in range(60):
        tokens, chance = writer.write(logits, rng)
        paid = np.where(tokens == 0, 5e6, 0.0)[:, None]
        logits = (logits + 0.01 * paid * (np.eye(5) - 0)[tokens] - 0.01 * paid * chance).astype(np.float32)
    _, chance = writer.write(logits, rng)
    says(TOPIC, "It ends at {:,.0f} million", 5 * chance[:, 0].sum())
    assert not chance[:, 1:].any()


def test_adam_remembers_a_jackpot_for_a_thousand_updates():
    one, other = step_lengths(jackpot=1.0), step_lengths(jackpot=1e6)
    ratio = one / other
    says(TOPIC, "Thirty updates later its steps are {:.0f} times shorter", ratio[60])
    assert 1_000 < ratio[130] < 10_000
    assert 100 < ratio[-50:].mean() < 1_000


def step_lengths(*, jackpot, updates=1_060):
    """Length of each of Adam's steps with the whole score; at update 31 one answer gets a jackpot."""
    rng = np.random.default_rng(0)
    logits = np.zeros((500, 5))
    mean = np.zeros_like(logits)
    square = np.zeros_like(logits)
    moved = []
    for update in range(1, updates + 1):
        high = np.exp(logits - logits.max(axis=1, keepdims=True))
        chance = high / high.sum(axis=1, keepdims=True)
        tokens = (rng.random((500, 20))[:, :, None] >= np.cumsum(chance, axis=1)[:, None, :-1]).sum(axis=-1)
        scores = 5e6 * (tokens == 0).sum(axis=0)
        scores[0] *= jackpot if update == 31 else 1.0

        gradient = np.stack([((tokens == k) * scores).mean(axis=1) for k in range(5)], axis=1)
        gradient -= scores.mean() * chance
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        step = 0.3 * mean / (1 - 0.9**update) / (np.sqrt(square / (1 - 0.999**update)) + 1e-8)
        logits = logits + step
        moved.append(np.linalg.norm(step))
    return np.array(moved)


# The figures


def test_the_trace_says_what_died_and_when(lesson):
    words = alt_text(plots.trace(lesson["runs"], jackpot=31, change=46))
    assert "exactly 0 in all 29 updates from number 32 on" in words
    assert "no jackpot: never 0" in words


def test_shares_are_compared_between_the_longest_and_the_shortest_episode():
    words = alt_text(plots.shares([10, 40, 20], [1.0, 3.0, 2.0]))
    assert "3 episodes with scores from 10 to 40" in words
    assert "in the longest episode 3 times as large as in the shortest" in words


def test_a_guess_is_drawn_and_said_and_no_guess_changes_nothing():
    runs = {"whole score": [3.0, 5.0, 0.0], "equal shares": [1.0, 2.0, 0.0]}
    figures = {
        "You guessed 7 times.": lambda guess: plots.shares([10, 40], [1.0, 1.0], guess=guess),
        "You guessed 7.": lambda guess: plots.trace(runs, jackpot=2, change=3, guess=guess),
    }
    for said, draw in figures.items():
        assert said in alt_text(draw(7))
        assert "guess" not in alt_text(draw(None))
        with pytest.raises(ValueError, match="guess"):
            draw("seven")


def test_large_numbers_are_said_in_words():
    assert [plots.big(x) for x in (20e6, 1e10, 500, 2.5e12)] == [
        "20 million",
        "10 billion",
        "500",
        "2.5 trillion",
    ]


def test_moving_a_control_changes_the_picture(lesson):
    pictures = {png(plots.one_update(*at)) for at in ((500, 5e8, 0.01), (500, 5e8, 1e-7), (50, 5, 1))}
    assert len(pictures) == 3
    draw = partial(plots.distance, lesson["apart"], truth=lesson["length"])
    assert png(draw(20)) != png(draw(5_000))


def test_estimators_without_a_direction_say_so():
    world = survival_world()
    rows = [
        estimate(world, world.theta, partial(weights, kind, world), estimator=kind)
        for kind in ("whole return", "equal shares")
    ]
    assert "equal shares: signal-to-noise 0.0000, variance 1.23, no direction" in alt_text(plots.judged(rows))

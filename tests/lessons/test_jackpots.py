"""Lesson 3, number by number: every claim of its prose, and its figures, widgets and checks.

What can be computed exactly is: sums of 20 answers by convolution or by listing them. The lesson itself is
run once, and the numbers that its prose quotes are read from its own variables.
"""

import math

import numpy as np
import pytest

from course.checks import engine, jackpots
from course.estimators import best_baseline, episode_gradients, policy_gradient, standard_error
from course.plots import alt_text
from course.plots import jackpots as plots
from course.worlds import all_episodes, answer_world, true_gradient
from tests.lessons import in_words, says, variables

SEEDS = range(20)


def listed(*, chance=0.03):
    """Rewards, score functions, probabilities of all outcomes, and the exact gradient."""
    world = answer_world(odds=2 * chance, jackpot=3 / chance)
    episodes = all_episodes(world, world.theta)
    scores = episode_gradients(world, world.theta, episodes, np.ones_like(episodes.rewards))
    return episodes.returns(), scores, episodes.probability, true_gradient(world, world.theta)


def sums(values, probability, size):
    """All sums of `size` draws and their probabilities; the values lie on a grid of eighths."""
    steps = np.rint(values * 8).astype(int)
    np.testing.assert_allclose(steps / 8, values, atol=1e-9)
    single = np.zeros(np.ptp(steps) + 1)
    np.add.at(single, steps - steps.min(), probability)
    length = (len(single) - 1) * size + 1
    spectrum = np.fft.rfft(single, 2 ** math.ceil(math.log2(length)))
    return (np.arange(length) + steps.min() * size) / 8, np.fft.irfft(spectrum**size)[:length]


def downhill(size, *, chance=0.03):
    rewards, scores, probability, truth = listed(chance=chance)
    total, p = sums(rewards * (scores @ truth), probability, size)
    return p[total < 0].sum()


def compositions(total, parts):
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


def draw_counts(size, batches, seed):
    rewards, scores, probability, truth = listed()
    return rewards, scores, np.random.default_rng(seed).multinomial(size, probability, size=batches), truth


# --- what the prose says, exactly -----------------------------------------------------------------


def test_the_world_is_what_the_lesson_says():
    rewards, _, probability, truth = listed()
    mean = probability @ rewards
    spread = np.sqrt(probability @ (rewards - mean) ** 2)
    says("03", "There are only {} different outcomes", len(rewards))
    says("03", "An answer is worth {:.1f} points, with a standard deviation of {:.0f}", mean, spread)
    assert probability @ (rewards >= 100) == pytest.approx(0.03)
    np.testing.assert_allclose(truth, [0.25, 0.5])


def test_rarer_jackpots_that_pay_more_leave_mean_and_gradient_alone():
    for chance in (0.5, 0.03, 0.003):
        rewards, _, probability, truth = listed(chance=chance)
        assert probability @ rewards == pytest.approx(4.5)
        assert probability @ (rewards >= 3 / chance) == pytest.approx(chance)
        np.testing.assert_allclose(truth, [0.25, 0.5])


def test_54_percent_of_batches_hold_no_jackpot_and_know_nothing_of_it():
    rewards, scores, probability, truth = listed()
    steady = probability * (rewards < 100)
    says("03", "the fair share would be {:.1f} of a jackpot", 20 * (1 - steady.sum()))
    without = 100 * steady.sum() ** 20
    steady /= steady.sum()
    mean = steady @ rewards
    says("03", "{:.0f} % of batches have none ($0.97^{{20}}$), and a mean of {:.1f}", without, mean)
    away = steady @ (rewards[:, None] * scores)
    says("03", "Without jackpots the estimates average [{:.2f}, {:.2f}]", *away)
    assert away @ truth == pytest.approx(-np.linalg.norm(away) * np.linalg.norm(truth))  # exactly opposite


def test_hardly_any_batch_of_20_has_a_mean_within_a_point_of_the_truth():
    rewards, _, probability, _ = listed()
    total, p = sums(rewards, probability, 20)
    assert p[np.abs(total / 20 - 4.5) <= 1].sum() < 1e-5
    assert p @ total / 20 == pytest.approx(4.5)


def test_the_95_percent_interval_of_20_answers_holds_in_45_6_percent_with_students_t_too():
    rewards, _, probability, _ = listed()
    values = np.unique(rewards)
    chance = np.array([probability[rewards == value].sum() for value in values])
    counts = np.array(list(compositions(20, len(values))))
    log_factorial = np.array([math.lgamma(k + 1) for k in range(21)])
    p = np.exp(log_factorial[20] - log_factorial[counts].sum(axis=1) + counts @ np.log(chance))
    assert p.sum() == pytest.approx(1)
    mean = counts @ values / 20
    error = np.sqrt(np.maximum(counts @ values**2 / 20 - mean**2, 0) / 19)
    for width in (1.96, 2.093):
        held = np.abs(mean - 4.5) <= width * error
        says("03", "(exactly computed: {:.1f} %)", 100 * p[held].sum())
        says("03", "The share stays {:.1f} %", 100 * p[held].sum())
    says("03", "Student's t has {:.2f} standard errors instead of 1.96", width)
    jackpots = counts[:, values >= 100].sum(axis=1)
    assert not held[jackpots == 0].any()
    assert held[(jackpots >= 1) & (jackpots <= 3)].all()


def test_at_200_the_interval_holds_in_about_93_percent():
    shares = []
    for seed in SEEDS:
        rewards, _, counts, _ = draw_counts(200, 2_000, seed)
        mean = counts @ rewards / 200
        error = np.sqrt((counts @ rewards**2 / 200 - mean**2) / 199)
        shares.append(np.mean(np.abs(mean - 4.5) <= 1.96 * error))
    says("03", "and {:.0f} % of the intervals hold", 100 * np.mean(shares))
    assert min(shares) > 0.91


def test_a_hundred_times_the_answers_leave_a_tenth_of_the_error():
    ratios = []
    for seed in SEEDS:
        errors = []
        for size in (20, 2_000):
            rewards, _, counts, _ = draw_counts(size, 4_000, seed)
            errors.append(np.sqrt(np.mean((counts @ rewards / size - 4.5) ** 2)))
        ratios.append(errors[0] / errors[1])
    assert np.mean(ratios) == pytest.approx(10, abs=0.3)


def test_65_percent_of_batches_of_20_point_downhill():
    says("03", "Of batches of 20, {:.0f} % point downhill here", 100 * downhill(20))
    shares = []
    for seed in SEEDS:
        rewards, scores, counts, truth = draw_counts(20, 2_000, seed)
        shares.append(np.mean(counts @ (rewards * (scores @ truth)) < 0))
    assert np.mean(shares) == pytest.approx(downhill(20), abs=0.01)


def test_more_answers_help_where_jackpots_come_and_hurt_where_they_do_not():
    assert downhill(5) == pytest.approx(0.757, abs=5e-4)
    assert downhill(2_000) == pytest.approx(0.013, abs=5e-4)
    assert downhill(5, chance=0.003) == pytest.approx(0.825, abs=5e-4)
    assert downhill(20, chance=0.003) == pytest.approx(0.947, abs=5e-4)
    assert downhill(20, chance=0.5) == pytest.approx(0.2225, abs=5e-4)


def test_the_gradient_estimate_is_unbiased():
    rewards, scores, probability, truth = listed()
    np.testing.assert_allclose(probability @ (rewards[:, None] * scores), truth)


def noise(paid, size=20):
    _, scores, probability, _ = listed()
    each = paid[:, None] * scores
    exact = probability @ each
    return exact, np.sqrt(probability @ ((each - exact) ** 2).sum(axis=1) / size)


def test_the_noise_of_the_gradient_follows_what_is_paid_and_not_its_spread():
    rewards = listed()[0]
    exact, as_it_is = noise(rewards)
    length = np.linalg.norm(exact)
    says("03", "Here a batch of 20 is off by about {:.1f}, for a gradient {:.2f} long", as_it_is, length)
    richer, more = noise(rewards + 100)
    np.testing.assert_allclose(richer, exact)
    says("03", "and the error is {} times as large", in_words(more / as_it_is))
    flat, some = noise(np.full_like(rewards, 4.5))
    np.testing.assert_allclose(flat, 0, atol=1e-12)
    assert some == pytest.approx(0.87, abs=5e-3)
    less, little = noise(rewards / 100)
    assert little / np.linalg.norm(less) == pytest.approx(as_it_is / length)


def test_it_takes_738_answers_to_make_the_noise_as_small_as_the_gradient():
    rewards = listed()[0]
    exact, one = noise(rewards, 1)
    says("03", "Noise as small as the signal takes {:.0f} answers", (one / np.linalg.norm(exact)) ** 2)


def test_the_best_constant_takes_7_percent_off_the_variance():
    world = answer_world()
    rewards = listed()[0]
    best = best_baseline(world, world.theta, kind="whole return", by_state=False)[0]
    saved = 1 - (noise(rewards - best)[1] / noise(rewards)[1]) ** 2
    says("03", "the best takes {:.0f} % off the variance", 100 * saved)


# --- what the prose quotes from its own cells -----------------------------------------------------


@pytest.fixture(scope="module")
def lesson() -> dict:
    return variables("03")


def test_the_first_batch_has_no_jackpot_and_is_14_of_its_errors_off(lesson):
    batch = lesson["batch"]
    error = standard_error(batch)
    assert batch.max() == 3
    says("03", "Not one jackpot, and a mean of {:.1f}", batch.mean())
    says("03", '"{:.1f}, give or take {:.1f}", it says', batch.mean(), error)
    says("03", "The truth is {:.0f} of its standard errors away", (4.5 - batch.mean()) / error)
    drawn = lesson["drawn"]
    got = policy_gradient(lesson["score_functions"][drawn], lesson["rewards"][drawn])
    np.testing.assert_allclose(got, [-0.15, -0.85])


def test_ten_thousand_batches_together_are_right_and_none_of_them_is(lesson):
    means = lesson["means"][20]
    assert len(means) == 10_000
    says(
        "03",
        "Together they are right: {:.3f}, with a standard error of {:.3f}",
        means.mean(),
        standard_error(means),
    )
    assert abs(means.mean() - 4.5) < 2 * standard_error(means)
    assert not (np.abs(means - 4.5) <= 1).any()


def test_46_6_percent_of_the_lessons_intervals_hold(lesson):
    share = {size: np.mean(np.abs(mean - 4.5) <= half) for size, (mean, half) in lesson["claims"].items()}
    says("03", "In {:.1f} % of these (exactly", 100 * share[20])


def test_the_median_batch_of_20_is_too_sure_by_a_factor_of_17(lesson):
    errors, medians = np.array(lesson["errors"]), np.array(lesson["medians"])
    says("03", "At 20 it is too sure by a factor of {:.0f}", errors[0] / medians[0])
    np.testing.assert_allclose(medians[1:], errors[1:], rtol=0.06)


def test_the_score_functions_are_what_a_nudge_of_theta_shows(lesson):
    world, episodes, step = lesson["world"], lesson["episodes"], 1e-6
    for axis in range(2):
        nudged = all_episodes(world, world.theta + step * np.eye(2)[axis])
        slope = (np.log(nudged.probability) - np.log(episodes.probability)) / step
        np.testing.assert_allclose(slope, lesson["score_functions"][:, axis], atol=1e-5)
    assert lesson["answers"][0] == "ppp"
    at = lesson["answers"].index("bpb")
    np.testing.assert_allclose(lesson["score_functions"][at], [0.5, 0.0])


def test_the_lessons_10000_estimates_are_unbiased_and_65_percent_point_downhill(lesson):
    estimates, dry = lesson["estimates"], lesson["dry"]
    errors = [standard_error(each) for each in estimates.T]
    assert (np.abs(estimates.mean(axis=0) - [0.25, 0.5]) < errors).all()
    assert np.mean(estimates @ lesson["gradient"] < 0) == pytest.approx(0.65, abs=0.005)
    np.testing.assert_allclose(estimates[dry].mean(axis=0), [-0.256, -0.508], atol=5e-4)


def test_the_lessons_clouds_show_two_thirds_downhill_and_20_worse_than_5(lesson):
    share = {key: np.mean(cloud @ lesson["gradient"] < 0) for key, cloud in lesson["clouds"].items()}
    assert share[0.03, 20] == pytest.approx(2 / 3, abs=0.03)
    assert share[0.003, 20] > share[0.003, 5] + 0.05


def test_the_four_ways_to_pay_give_the_numbers_of_the_prose(lesson):
    numbers = {way.split()[0]: lesson["three_numbers"](paid) for way, paid in lesson["ways"].items()}
    assert numbers["as"] == pytest.approx((17, 0.559, 3.4), abs=0.08)
    assert numbers["100"][:2] == pytest.approx(numbers["as"][:2])
    assert numbers["100"][2] / numbers["as"][2] == pytest.approx(6, abs=0.1)
    assert numbers["4.5"] == pytest.approx((0, 0, 0.88), abs=0.005)
    assert np.array(numbers["a"]) * 100 == pytest.approx(np.array(numbers["as"]))


# --- widgets and figures --------------------------------------------------------------------------


def test_every_knob_of_every_widget_changes_picture_and_words(lesson):
    assert [list(each.controls) for each in lesson["explorers"]] == [
        ["size"],
        ["size"],
        ["chance", "size", "pick"],
    ]
    for explorer in lesson["explorers"]:
        for control in explorer.controls.values():
            start, shown = control.value, set()
            for value in getattr(control, "options", (1, 300)):
                control.value = value
                shown.add((explorer.image.value, explorer.words.value))
            assert len(shown) == len(getattr(control, "options", (1, 300)))
            control.value = start


def test_a_batch_shows_a_dot_for_each_answer():
    ax = plots.batch([0, 2, 2, 100], truth=4.5)
    dots = ax.lines[0].get_xydata()
    assert sorted(map(tuple, dots)) == [(0, 0.5), (2, 0.5), (2, 1.5), (100, 0.5)]
    assert alt_text(ax).startswith("A batch of 4 answers, from 0 to 100 points. Its mean is 26;")


def test_batch_means_says_where_they_lie():
    words = alt_text(plots.batch_means([1, 2, 4, 9], size=3, truth=4))
    assert "4 batches of 3" in words
    assert "average 4.00" in words
    assert "half lie below 3, and 1 are within 1 point" in words


def test_intervals_count_those_that_hold_also_where_they_are_not_drawn():
    words = alt_text(plots.intervals([1, 4, 6, 9], [1, 1, 1, 1], size=5, truth=5, shown=2))
    assert "50.0 % hold" in words
    assert "2 of them drawn" in words
    ax = plots.intervals([1, 4], [1, 1], size=5, truth=5)
    assert [each.get_label() for each in ax.containers] == ["holds the exact mean", "misses it"]


def test_one_more_digit_measures_its_slope():
    words = alt_text(plots.one_more_digit([10, 1_000], [2, 0.2], [1, 0.2], spread=6))
    assert "slope on logarithmic axes is -0.50" in words
    assert "leaves 10 % of the error" in words
    assert "-0.25" in alt_text(plots.one_more_digit([1, 10_000], [2, 0.2], [1, 0.2], spread=6))


def test_the_bulls_eye_counts_what_is_more_than_a_right_angle_away():
    estimates = [[2, 0], [-1, 3], [-2, 0.5], [0, -1]]  # against [1, 1]: 2, 2, -1.5, -1
    ax = plots.bulls_eye(estimates, [1, 1], size=20, pick=3)
    assert "50 % point downhill" in alt_text(ax)
    assert "Batch 3 says [-2.00, +0.50]" in alt_text(ax)
    far = plots.bulls_eye([[0.1, 0.1]] * 99 + [[50, 0]], [1, 1], size=20, pick=100)
    assert far.get_xlim()[1] >= 50  # the picked batch is always in view


def test_judges_name_every_number_and_draw_a_zero():
    rows = {"one\nway": (2.0, 1.0, 4.0), "equal": (0.0, 1e-17, 0.5)}
    ax = plots.judges(rows, size=20)
    assert "one way: spread 2, gradient 1, error 4; equal: spread 0, gradient 0, error 0.5" in alt_text(ax)
    assert [text.get_text() for text in ax.texts] == ["both 0"]


# --- checks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "right",
    [
        lambda r: np.std(r, ddof=1) / np.sqrt(len(r)),
        lambda r: np.std(r) / np.sqrt(len(r) - 1),  # the same number by another road
        lambda r: (np.std(r, ddof=1) + 1e-8) / np.sqrt(len(r)),
        lambda r: np.float32(standard_error(r)),
        lambda r: math.sqrt(sum((x - sum(r) / len(r)) ** 2 for x in r) / (len(r) - 1) / len(r)),
    ],
)
def test_other_right_ways_to_a_standard_error_pass(right):
    assert engine.examine(jackpots.STANDARD_ERROR, right, seed=3).status == "passed"


@pytest.mark.parametrize(
    "right",
    [
        lambda s, r: r @ s / len(r),
        lambda s, r: (s.T * r).mean(axis=1),
        lambda s, r: np.einsum("bd,b->d", s, r).astype(np.float32) / len(r),
        lambda s, r: [sum(r[i] * s[i, d] for i in range(len(r))) / len(r) for d in range(s.shape[1])],
    ],
)
def test_other_right_ways_to_a_policy_gradient_pass(right):
    assert engine.examine(jackpots.POLICY_GRADIENT, right, seed=3).status == "passed"

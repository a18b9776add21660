"""Lesson 4, number by number: every claim of its prose, its figures, its widget and its checks.

What can be computed exactly is: sums of 20 answers by convolution. The lesson itself is run once, and the
numbers that its prose quotes are read from its own variables.
"""

import math

import numpy as np
import pytest

from course.checks import engine, policy_gradient
from course.estimators import best_baseline, episode_gradients, score_function
from course.plots import alt_text
from course.plots import policy_gradient as plots
from course.scaling import RunningNormalizer
from course.worlds import all_episodes, answer_world, true_gradient
from tests.lessons import in_words, says, variables

TOPIC = "policy_gradient"
SEEDS = range(20)


@pytest.fixture(scope="module")
def lesson() -> dict:
    return variables(TOPIC)


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


def draw_counts(size, batches, seed):
    rewards, scores, probability, truth = listed()
    return rewards, scores, np.random.default_rng(seed).multinomial(size, probability, size=batches), truth


# Step 1: the two machines


def mean_reward(theta):
    better = 1 / (1 + np.exp(-theta))
    return (1 - better) * 1 + better * 100 * 0.02


def test_the_exact_gradient_of_the_machines_is_a_quarter_towards_b():
    slope = (mean_reward(1e-5) - mean_reward(-1e-5)) / 2e-5
    says(TOPIC, "\\tfrac12 \\cdot 2 \\cdot 0.5 = {:+.2f}$", slope)
    says(TOPIC, "with an exact gradient of {:+.2f}, towards B", slope)
    says(TOPIC, "so it is worth {:.0f} points on average", 100 * 0.02)


def test_the_taste_for_b_is_the_second_logit_alone():
    for theta in (-1.0, 0.0, 2.0):
        better = 1 / (1 + np.exp(-theta))
        step = 1e-6
        nudged = 1 / (1 + np.exp(-theta - step))
        slopes = [(np.log(1 - nudged) - np.log(1 - better)) / step, np.log(nudged / better) / step]
        by_function = [score_function([1 - better, better], action)[1] for action in (0, 1)]
        np.testing.assert_allclose(slopes, by_function, atol=1e-5)


def test_one_half_moves_the_taste_by_one_half():
    assert score_function([0.5, 0.5], 1)[1] == 0.5
    assert score_function([0.5, 0.5], 0)[1] == -0.5


# Step 2: whole answers


def test_the_list_has_fifteen_answers_and_all_but_the_plain_one_twice(lesson):
    tokens = lesson["episodes"].actions.T
    says(TOPIC, "There are {}", "fifteen")
    assert len(tokens) == 15
    kinds, counts = np.unique(tokens, axis=0, return_counts=True)
    assert len(kinds) == 8
    assert {tuple(kind) for kind, count in zip(kinds, counts, strict=True) if count == 1} == {(0, 0, 0)}


def test_the_answer_of_the_lesson_is_bold_plain_bold_with_a_jackpot(lesson):
    answer = lesson["answer"]
    assert answer.actions.tolist() == [1, 0, 1]
    says(TOPIC, "The judge paid {:.0f} points", answer.rewards.sum())
    np.testing.assert_array_equal(lesson["by_hand"], [0.5, 0])
    twice = np.flatnonzero((lesson["episodes"].actions.T == [1, 0, 1]).all(axis=1))
    np.testing.assert_array_equal(lesson["score_functions"][twice], [[0.5, 0], [0.5, 0]])
    assert len(set(lesson["rewards"][twice])) == 2


def test_the_score_functions_are_what_a_nudge_of_theta_shows(lesson):
    world, episodes, step = lesson["world"], lesson["episodes"], 1e-6
    for axis in range(2):
        nudged = all_episodes(world, world.theta + step * np.eye(2)[axis])
        slope = (np.log(nudged.probability) - np.log(episodes.probability)) / step
        np.testing.assert_allclose(slope, lesson["score_functions"][:, axis], atol=1e-5)


def test_the_first_batch_says_plainer_because_it_holds_no_jackpot(lesson):
    batch = lesson["batch"]
    assert lesson["rewards"][batch].max() == 3
    np.testing.assert_allclose(lesson["of_the_batch"], [-0.15, -0.85])
    assert (lesson["exact"] > 0).all()


# The bull's eye


def test_rarer_jackpots_that_pay_more_leave_mean_and_gradient_alone():
    for chance in (0.5, 0.03, 0.003):
        rewards, _, probability, truth = listed(chance=chance)
        assert probability @ rewards == pytest.approx(4.5)
        assert probability @ (rewards >= 3 / chance) == pytest.approx(chance)
        np.testing.assert_allclose(truth, [0.25, 0.5])


def test_more_than_half_of_all_batches_hold_no_jackpot_and_point_exactly_away(lesson):
    rewards, scores, probability, truth = listed()
    steady = probability * (rewards < 100)
    assert steady.sum() ** 20 == pytest.approx(0.544, abs=5e-4)
    assert lesson["dry"].mean() == pytest.approx(0.544, abs=0.015)
    steady /= steady.sum()
    away = steady @ (rewards[:, None] * scores)
    says(TOPIC, "Without jackpots the estimates average [{:.2f}, {:.2f}]", *away)
    assert away @ truth == pytest.approx(-np.linalg.norm(away) * np.linalg.norm(truth))


def test_65_percent_of_batches_of_20_point_the_wrong_way():
    says(TOPIC, "Of batches of 20, {:.0f} % point the wrong way here.", 100 * downhill(20))
    says(TOPIC, "Nearly two thirds: {:.0f} %", 100 * downhill(20))
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


def test_the_lessons_own_batches_say_the_same(lesson):
    estimates = lesson["estimates"]
    errors = estimates.std(axis=0) / len(estimates) ** 0.5
    assert (np.abs(estimates.mean(axis=0) - [0.25, 0.5]) < 2 * errors).all()
    np.testing.assert_allclose(lesson["exact"], true_gradient(lesson["world"], lesson["world"].theta))
    assert lesson["wrong_way"] == pytest.approx(0.65, abs=0.005)
    inside = np.linalg.norm(estimates - lesson["exact"], axis=1) < np.linalg.norm(lesson["exact"])
    assert inside.mean() < 0.005  # "hardly a batch gets there"


# Step 3, and the enemy


def test_the_mean_score_function_is_zero_whatever_the_policy(lesson):
    np.testing.assert_allclose(lesson["mean"], 0, atol=1e-12)
    rng = np.random.default_rng(0)
    for actions in (1, 2, 5, 40):
        probabilities = rng.dirichlet(np.ones(actions))
        each = np.array([score_function(probabilities, action) for action in range(actions)])
        np.testing.assert_allclose(probabilities @ each, 0, atol=1e-12)


def noise(paid, size=20):
    _, scores, probability, _ = listed()
    each = paid[:, None] * scores
    exact = probability @ each
    return exact, np.sqrt(probability @ ((each - exact) ** 2).sum(axis=1) / size)


def test_the_noise_of_the_gradient_follows_what_is_paid_and_not_its_spread():
    rewards = listed()[0]
    exact, as_it_is = noise(rewards)
    length = np.linalg.norm(exact)
    said = "Here a batch of 20 is off by about {:.1f}, for a gradient that is {:.2f} long"
    says(TOPIC, said, as_it_is, length)
    richer, more = noise(rewards + 100)
    np.testing.assert_allclose(richer, exact)
    says(TOPIC, "But the error is {} times as large", in_words(more / as_it_is))
    flat, some = noise(np.full_like(rewards, 4.5))
    np.testing.assert_allclose(flat, 0, atol=1e-12)
    assert some == pytest.approx(0.87, abs=5e-3)
    less, little = noise(rewards / 100)
    assert little / np.linalg.norm(less) == pytest.approx(as_it_is / length)


def test_the_best_constant_takes_7_percent_off_the_variance():
    world = answer_world()
    rewards = listed()[0]
    best = best_baseline(world, world.theta, kind="whole return", by_state=False)[0]
    saved = 1 - (noise(rewards - best)[1] / noise(rewards)[1]) ** 2
    says(TOPIC, "the best constant takes {:.0f} % off the variance", 100 * saved)


def test_the_four_ways_to_pay_give_the_numbers_of_the_prose(lesson):
    numbers = {way.split()[0]: found for way, found in lesson["measured"].items()}
    assert numbers["as"] == pytest.approx((17, 0.559, 3.4), abs=0.08)
    assert numbers["100"][:2] == pytest.approx(numbers["as"][:2])
    assert numbers["100"][2] / numbers["as"][2] == pytest.approx(6, abs=0.1)
    assert numbers["4.5"] == pytest.approx((0, 0, 0.88), abs=0.005)
    assert np.array(numbers["a"]) * 100 == pytest.approx(np.array(numbers["as"]))


# A ruler for each batch


@pytest.mark.parametrize("seed", range(10))
def test_batch_statistics_and_clipping_point_to_the_wrong_machine_and_constants_do_not(lesson, seed):
    past = RunningNormalizer()
    past.update(lesson["play_machines"](np.random.default_rng(1_000 + seed), 2_000, 20)[1].ravel())
    directions, rewards = lesson["play_machines"](np.random.default_rng(seed), 5_000, 20)
    scalers = lesson["ways"] | {"running mean and std": past}
    found = {way: (directions * scale(rewards)).mean(axis=1) for way, scale in scalers.items()}
    wrong = {way for way, each in found.items() if each.mean() < 0}
    assert wrong == {"clipped to [-1, 1]", "min-max of the batch", "z-score of the batch"}
    clear = {way: abs(each.mean()) / each.std() for way, each in found.items()}
    assert min(clear[way] for way in wrong) > 4 * max(clear[way] for way in set(found) - wrong)


def test_three_of_six_are_counted(lesson):
    assert len(lesson["ways"]) == 6
    assert sum(each.mean() < 0 for each in lesson["estimates_of"].values()) == 3
    says(TOPIC, "How many of the six point, on average, to A")
    says(TOPIC, "Three of them point to the wrong machine")


@pytest.mark.parametrize(("size", "sign"), [(100, -1), (500, 1)])
def test_z_scores_turn_round_when_most_batches_hold_jackpots(lesson, size, sign):
    directions, rewards = lesson["play_machines"](np.random.default_rng(0), 4_000, size)
    assert np.sign((directions * lesson["ways"]["z-score of the batch"](rewards)).mean()) == sign


# Dig deeper


def test_the_lessons_clouds_show_two_thirds_the_wrong_way_and_20_worse_than_5(lesson):
    share = {key: np.mean(cloud @ lesson["exact"] < 0) for key, cloud in lesson["clouds"].items()}
    assert share[0.03, 20] == pytest.approx(2 / 3, abs=0.03)
    assert share[0.003, 20] > share[0.003, 5] + 0.05


# The figures and the widget


def test_every_knob_of_the_widget_changes_picture_and_words(lesson):
    (explorer,) = lesson["explorers"]
    assert list(explorer.controls) == ["chance", "size", "pick"]
    for control in explorer.controls.values():
        start, shown = control.value, set()
        for value in getattr(control, "options", (1, 300)):
            control.value = value
            shown.add((explorer.image.value, explorer.words.value))
        assert len(shown) == len(getattr(control, "options", (1, 300)))
        control.value = start


def test_the_list_of_answers_says_tokens_score_function_reward_and_probability(lesson):
    words = alt_text(plots.answers(lesson["episodes"], lesson["score_functions"]))
    assert "plain plain plain: [-0.5, -1.0], 3 points, probability 0.1250" in words
    assert "bold plain bold: [+0.5, +0.0], 101 points, probability 0.0050" in words


def test_the_bulls_eye_counts_what_is_more_than_a_right_angle_away():
    estimates = [[2, 0], [-1, 3], [-2, 0.5], [0, -1]]  # against [1, 1]: 2, 2, -1.5, -1
    words = alt_text(plots.bulls_eye(estimates, [1, 1], size=20, pick=3))
    assert "50 % point the wrong way" in words
    assert "Batch 3 says [-2.00, +0.50]" in words
    assert "10 % point" in alt_text(plots.bulls_eye(estimates, [1, 1], size=20, wrong=0.1))
    far = plots.bulls_eye([[0.1, 0.1]] * 99 + [[50, 0]], [1, 1], size=20, pick=100)
    assert far.get_xlim()[1] >= 50  # the picked batch is always in view


def test_the_bulls_eye_says_how_many_dots_are_outside():
    ax = plots.bulls_eye([[0.1, 0.1]] * 98 + [[50, 0], [0, -50]], [1, 1], size=20)
    assert "2 outside the frame" in alt_text(ax)
    assert "2 of them" in ax.get_legend().get_title().get_text()


def test_judges_name_every_number_and_draw_a_zero():
    rows = {"one\nway": (2.0, 1.0, 4.0), "equal": (0.0, 1e-17, 0.5)}
    ax = plots.judges(rows, size=20)
    assert "one way: spread 2, gradient 1, error 4; equal: spread 0, gradient 0, error 0.5" in alt_text(ax)
    assert [text.get_text() for text in ax.texts] == ["both 0"]


def test_a_guess_is_drawn_and_said_and_no_guess_changes_nothing():
    rows = {"one": (2.0, 1.0, 4.0), "other": (2.0, 1.0, 8.0)}
    machines = {"raw": [1.0, 0.5, -0.2], "clipped": [-1.0, -2.0, 0.5]}
    figures = {
        "30 %": lambda guess: plots.bulls_eye([[2, 0], [-1, 3]], [1, 1], size=20, guess=guess),
        "30 times": lambda guess: plots.judges(rows, size=20, guess=guess, about=("one", "other")),
        "guessed 30": lambda guess: plots.gradients(machines, 0.25, guess=guess),
    }
    for said, draw in figures.items():
        assert said in alt_text(draw(30))
        assert "guess" not in alt_text(draw(None))
        with pytest.raises(ValueError, match="guess"):
            draw("thirty")


def test_gradients_count_who_points_to_the_worse_machine():
    words = alt_text(plots.gradients({"raw": [1.0, 0.5, -0.2], "clipped": [-1.0, -2.0, 0.5]}, 0.25))
    assert "1 of 2 point to the worse machine." in words
    assert "clipped -0.81" in words


# The checks


@pytest.mark.parametrize(
    "right",
    [
        lambda p, action: (np.arange(len(p)) == action) - p,
        lambda p, action: [(k == action) - x for k, x in enumerate(p)],
        lambda p, action: (np.eye(len(p))[action] - p).astype(np.float32),
        lambda p, action: np.where(np.arange(len(p)) == action, 1 - p, -p),
    ],
)
def test_other_right_ways_to_a_score_function_pass(right):
    assert engine.examine(policy_gradient.SCORE_FUNCTION, right, seed=3).status == "passed"


def test_a_score_function_may_work_in_place():
    def in_place(probabilities, action):
        probabilities *= -1
        probabilities[action] += 1
        return probabilities

    assert engine.examine(policy_gradient.SCORE_FUNCTION, in_place, seed=0).status == "passed"


def test_two_slips_of_a_score_function_get_both_sentences():
    report = engine.examine(
        policy_gradient.SCORE_FUNCTION, lambda p, a: p[a] * (p - np.eye(len(p))[a]), seed=0
    )
    assert len(report.causes) == 2
    assert "Every sign is turned round" in report.cause
    assert "derivative of pi(a) itself" in report.cause


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
    assert engine.examine(policy_gradient.POLICY_GRADIENT, right, seed=3).status == "passed"

"""Lesson 5: every number that it quotes, by its own cells, and where possible by another road.

Most tests look at what the cells of the solution made when they were run once.
Twenty seeds wherever chance plays.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes

from course.checks import judge
from course.checks.value_loss import VALUE_LOSS
from course.checks.value_prediction import EXPLAINED_VARIANCE
from course.estimators import best_baseline, episode_gradients, summarise, weights
from course.plots import alt_text
from course.worlds import all_episodes, policy, state_values, true_gradient
from tests.lessons import in_words, says, variables


@pytest.fixture(scope="module")
def lesson():
    """Every name that the lesson's cells define, and under "shown" what each cell gave."""
    return SimpleNamespace(**variables("05"))


def weighted_variance(values, chance):
    mean = (chance * values).sum() / chance.sum()
    return (chance * (values - mean) ** 2).sum() / chance.sum()


def share_explained(world, theta, table):
    """Explained variance of a table over all steps of all tales, each at its probability."""
    listed = all_episodes(world, theta)
    chance = np.broadcast_to(listed.probability, listed.states.shape)
    outcomes = np.broadcast_to(listed.returns(), listed.states.shape)
    left = weighted_variance(outcomes - table[listed.states], chance)
    return 1 - left / weighted_variance(outcomes, chance)


# --- the exercises --------------------------------------------------------------------------------


@pytest.mark.parametrize("as_what", [list, np.float32, lambda x: np.array(x), lambda x: x + 1e-9])
def test_explained_variance_may_come_in_other_clothes(as_what):
    def answer(values, targets):
        share = EXPLAINED_VARIANCE.reference(values, targets)
        return as_what(share) if as_what is not list else np.array(share).tolist()

    assert judge("explained_variance", answer, seed=0).passed


@pytest.mark.parametrize(("epsilon", "passed"), [(1e-16, True), (1e-8, False)])
def test_an_epsilon_below_the_line_passes_only_where_no_outcome_is_as_small(epsilon, passed):
    # Outcomes of 1e-5 have a variance of 1e-10: beside 1e-8 it would be nothing, and they all but constant.
    def answer(values, targets):
        if np.ptp(targets) == 0:
            return np.nan
        return 1 - np.var(targets - values) / (np.var(targets) + epsilon)

    assert judge("explained_variance", answer, seed=0).passed == passed


def test_the_loss_may_be_written_in_other_ways():
    def by_torch(values, targets):
        if values.shape != targets.shape:
            raise ValueError
        return torch.nn.functional.mse_loss(values, targets.detach()) / 2

    def without_gradient(values, targets):
        if values.shape != targets.shape:
            raise ValueError
        with torch.no_grad():
            goal = targets.clone()
        return ((values - goal) ** 2).sum() / (2 * values.numel())

    for answer in (by_torch, without_gradient):
        assert judge("value_loss", answer, seed=0).passed


def test_no_half_and_no_refusal_together_are_told_as_no_half():
    cause = judge("value_loss", lambda v, t: (v - t.detach()).square().mean(), seed=0).cause
    assert cause.startswith("The half is missing")


@pytest.mark.parametrize("answer", [None, "12.5", 12.5, np.zeros(3)])
@pytest.mark.parametrize("exercise", [EXPLAINED_VARIANCE, VALUE_LOSS], ids=lambda e: e.name)
def test_what_is_no_answer_is_refused(exercise, answer):
    assert not judge(exercise.name, lambda *_: answer, seed=0).passed


def test_what_you_should_see_in_the_hints(lesson):
    assert lesson.explained_variance(np.array([0, 2, 4]), np.array([1, 3, 5])) == 1
    guess = torch.tensor([495.0], requires_grad=True)
    loss = lesson.value_loss(guess, torch.tensor([500.0]))
    loss.backward()
    says("05", "</summary>{} and {:.0f}. The half", loss.item(), guess.grad.item())


# --- the tales ------------------------------------------------------------------------------------


def test_the_tales_are_equally_likely_and_pay_what_the_story_says(lesson):
    chance = lesson.tales.probability
    np.testing.assert_allclose(chance, 1 / 128)
    lucky = lesson.tales.actions[:5].sum(axis=0)
    mood = lesson.prizes - 495 / 2.0 ** (5 - lucky)
    np.testing.assert_allclose(abs(mood), 5)
    assert lesson.prizes.max() == 500
    # 495 / 32 (1.5^5 = E 2^k), and the spread by E 4^k = 2.5^5
    unit = 495 / 32
    assert lesson.prizes.mean() == pytest.approx(unit * 1.5**5)
    assert lesson.prizes.std() ** 2 == pytest.approx(unit**2 * (2.5**5 - 1.5**10) + 25)
    np.testing.assert_array_equal(lesson.shown[1], [128, 117.5, 97.9])
    says(
        "05",
        "{} tales, equally likely, worth {:.0f} million on average, with a standard deviation of {:.0f}.",
        len(chance),
        lesson.prizes.mean(),
        lesson.prizes.std(),
    )


def test_values_are_what_is_written_times_one_and_a_half_for_each_word_to_come(lesson):
    written = np.repeat(np.arange(6), np.arange(1, 7))
    lucky = np.concatenate([np.arange(t + 1) for t in range(6)])
    np.testing.assert_allclose(lesson.values, 495 / 32 * 2.0**lucky * 1.5 ** (5 - written))
    says("05", "The best guesses, {:.0f}, {:.0f}, {:.0f} and {:.0f},", *lesson.values[6:10])
    best = lesson.tales.actions[:5].all(axis=0).argmax()
    on_the_way = lesson.values[lesson.states[:, best]]
    says(
        "05",
        "The critic spoke at every word: {} on the way",
        ", ".join(f"{value:.0f}" for value in on_the_way),
    )


def test_another_writer_gives_the_blank_page_another_value(lesson):
    lucky = 1 / (1 + np.exp(-1))
    want = [495 / 32 * 1.5**5, 495 / 32 * (1 + lucky) ** 5]
    np.testing.assert_allclose(lesson.shown[3], want, atol=0.05)
    says("05", "words are lucky with probability {:.2f}: {:.0f} million, and {:.0f}.", lucky, *want)


def test_ceilings_follow_from_the_moments_of_the_lucky_words(lesson):
    t = np.arange(6)
    unit = (495 / 32) ** 2
    decided = unit * (2.5**t * 2.25 ** (5 - t) - 2.25**5)
    want = decided / (unit * (2.5**5 - 2.25**5) + 25)
    got = [lesson.explained_variance(lesson.values[now], lesson.prizes) for now in lesson.states]
    np.testing.assert_allclose(got, want, atol=1e-12)
    assert want[0] == 0
    says("05", "Nobody beats {:.1f} %", 100 * want[3])
    says("05", "The other {:.1f} % hang on words not yet written", 100 * (1 - want[3]))
    says("05", "After five words {:.1f} %; the rest is mood", 100 * want[5])
    ceiling = lesson.explained_variance(lesson.values[lesson.states], lesson.targets)
    assert ceiling == pytest.approx(want.mean())
    says("05", "it is {:.1f} %: a critic that explains {:.2f} may be perfect", 100 * ceiling, ceiling)


@pytest.mark.parametrize("seed", range(20))
def test_no_guesses_beat_the_ceiling_and_an_offset_costs_them_nothing(lesson, seed):
    rng = np.random.default_rng(seed)
    guesses = lesson.values[6:10] + rng.normal(0, 30, size=4)
    removed = lesson.explained_variance(guesses[lesson.lucky], lesson.prizes)
    best = lesson.explained_variance(lesson.values[6:10][lesson.lucky], lesson.prizes)
    assert removed < best
    assert lesson.explained_variance(guesses[lesson.lucky] + 100, lesson.prizes) == pytest.approx(removed)


# --- the critics ----------------------------------------------------------------------------------


def test_critics_end_just_below_the_ceiling_and_never_above_it(lesson):
    ceiling = share_explained(lesson.tale, lesson.tale.theta, lesson.values)
    new = np.array(lesson.new)
    assert new.shape == (20, 60)
    assert new.max() < ceiling
    assert new[:, -1].min() > 0.44
    says("05", "With new tales {:.2f}, a hair below the ceiling", np.median(new[:, -1]))


def test_tales_learned_by_heart_pass_the_ceiling_on_themselves_and_fall_back_elsewhere(lesson):
    ceiling = share_explained(lesson.tale, lesson.tale.theta, lesson.values)
    own, rest = np.array(lesson.own)[:, -1], np.array(lesson.rest)
    assert (own > ceiling).sum() >= 17
    said = "On their own 20 tales the others reach {:.2f}, *above* it, and on all tales {:.2f}"
    says("05", said, np.median(own), np.median(rest[:, -1]))
    assert rest.max() < ceiling
    assert np.median(rest, axis=0).max() > np.median(rest[:, -1]) + 0.04  # it had been better before


def test_by_heart_means_the_mean_of_the_tales_seen_in_each_state(lesson):
    twenty = lesson.twenty[0]
    states, prizes = lesson.states[:, twenty], np.broadcast_to(lesson.prizes[twenty], (6, 20))
    for state in np.unique(states):
        assert lesson.by_heart[-1][state] == pytest.approx(prizes[states == state].mean(), rel=0.05)


def test_the_loss_stops_at_half_the_variance_that_no_state_decides(lesson):
    ceiling = share_explained(lesson.tale, lesson.tale.theta, lesson.values)
    floor = 0.5 * lesson.prizes.var() * (1 - ceiling)
    says("05", "It stops near {:,.0f}, which the exact $V$ pays too", floor)
    late = np.array([losses[-100:] for losses, _ in lesson.fresh])
    assert late.mean() == pytest.approx(floor, rel=0.05)
    assert late.mean() > floor - 5 * late.std() / np.sqrt(late.size)


# --- 500 million against 495 million --------------------------------------------------------------


def test_one_small_miss_and_the_variance_are_two_things(lesson):
    best = lesson.prizes.argmax()
    misses = lesson.prizes[best] - lesson.values[lesson.states[:, best]]
    assert misses[-1] == 5 == 0.01 * lesson.prizes[best]
    left = (lesson.prizes - lesson.values[lesson.states]).var(axis=1) / lesson.prizes.var()
    assert left[0] == pytest.approx(1)
    says("05", "{:.1f} % after five words, all of it on the blank page", 100 * left[5])
    says("05", "where the same tale is a miss of {:.0f} million", misses[0])


def test_centring_changes_the_signal_and_units_change_the_size(lesson):
    points = replace(lesson.tale, rewards=1e6 * lesson.tale.rewards)
    rows = [
        lesson.measure(points, 0 * lesson.values),
        lesson.measure(points, 1e6 * lesson.values),
        lesson.measure(lesson.tale, lesson.values),
    ]
    sizes = [np.sqrt(row.variance * (1 + row.snr)) for row in rows]
    says("05", "Subtracting $V$ makes the signal {} times as clear", in_words(rows[1].snr / rows[0].snr))
    assert sizes[1] / sizes[0] == pytest.approx(0.5, abs=0.02)
    says("05", "and the gradient half as long")
    assert sizes[1] / sizes[2] == pytest.approx(1e6)
    assert rows[1].snr == pytest.approx(rows[2].snr)


# --- baselines ------------------------------------------------------------------------------------


def test_the_variances_quoted_for_the_corridor(lesson):
    got = {name: lesson.measure(lesson.corridor, b).variance for name, b in lesson.subtracted.items()}
    says("05", "$V$ takes the variance from {:.1f} to {:.1f}", got["nothing"], got["V"])
    for name in ("-V", "3 V"):
        assert got[name] / got["nothing"] == pytest.approx(2, abs=0.2)
    says("05", "$-V$ and $3V$ about double it")
    says("05", "is {} times as noisy as $V$", in_words(got["V + 10"] / got["V"]))
    says("05", "Here that saves {:.0f} %", 100 * (1 - got["the best b(s)"] / got["V"]))
    assert min(got, key=got.get) == "Q(s, a)"


@pytest.mark.parametrize("seed", range(20))
def test_any_function_of_the_state_keeps_the_mean_of_the_gradient(lesson, seed):
    rng = np.random.default_rng(seed)
    for world in (lesson.corridor, lesson.survival, lesson.tale):
        theta = world.theta + rng.normal(size=len(world.theta))
        absurd = rng.normal(0, 50, len(world.chance))
        assert lesson.measure(replace(world, theta=theta), absurd).bias < 1e-10


def test_a_baseline_that_sees_the_action_takes_the_whole_gradient_away(lesson):
    row = lesson.measure(lesson.corridor, lesson.q)
    assert row.relative_bias == pytest.approx(1)
    assert row.snr == 0


def test_a_critic_that_reads_the_judged_word_bends_the_gradient_too(lesson):
    after = lesson.values[lesson.tale.next_states[:, :, 0]]
    after[lesson.tale.terminated.all(axis=(1, 2))] = lesson.values[15:, None]
    assert lesson.measure(lesson.tale, after).relative_bias == pytest.approx(1)
    seen = after[lesson.states, lesson.tales.actions]
    own = lesson.explained_variance(lesson.values[lesson.states], lesson.targets)
    assert lesson.explained_variance(seen, lesson.targets) > own + 0.1


def test_an_offset_is_not_seen_by_explained_variance(lesson):
    world = lesson.corridor
    listed = all_episodes(world, world.theta)
    to_go = weights("reward-to-go", world, listed)
    chance = np.broadcast_to(listed.probability, to_go.shape)
    left = [weighted_variance(to_go - b[listed.states], chance) for b in (lesson.v, lesson.v + 10)]
    assert left[0] == pytest.approx(left[1])


@pytest.mark.parametrize("name", ["corridor", "tale"])
def test_the_best_baseline_is_found_again_by_least_squares(lesson, name):
    world = getattr(lesson, name)
    listed = all_episodes(world, world.theta)
    plain = episode_gradients(world, world.theta, listed, weights("reward-to-go", world, listed))
    units = np.eye(len(world.chance))
    steps = [
        episode_gradients(world, world.theta, listed, unit[listed.states] * listed.real) for unit in units
    ]
    root = np.sqrt(listed.probability)[:, None]
    columns = np.array([(root * step).ravel() for step in steps]).T
    b, *_ = np.linalg.lstsq(columns, (root * plain).ravel())
    least = lesson.measure(world, b).variance
    assert least == pytest.approx(lesson.measure(world, best_baseline(world, world.theta)).variance)


def test_at_the_door_each_action_is_weighed_by_the_other(lesson):
    np.testing.assert_array_equal(
        lesson.shown[17]["V, Q weighed by the other action, best"], [2.63, 4.48, 4.48]
    )
    assert lesson.chance[::-1] @ lesson.q[0] == pytest.approx(lesson.best[0])


def test_in_the_tales_v_is_far_from_the_best_because_words_share_a_parameter(lesson):
    quoted = lesson.shown[17]["variance in the tales, V and best"]
    says("05", "$V$ leaves {:.1f} times the least variance", quoted[0] / quoted[1])
    features = np.zeros((21, 2, 21))
    features[:, 1] = np.eye(21)
    alone = replace(lesson.tale, features=features, theta=np.zeros(21))
    np.testing.assert_allclose(best_baseline(alone, alone.theta), lesson.values)


def test_a_constant_helps_up_to_twice_the_best_one(lesson):
    world, lives = lesson.survival, lesson.lives

    def variance(b):
        g = (lives.returns() - b)[:, None] * lesson.score_functions
        return summarise(g, lives.probability, true_gradient(world, world.theta)).variance

    mean = lives.probability @ lives.returns()
    constants = np.arange(0, 12, 0.01)
    variances = np.array([variance(b) for b in constants])
    least, worse = variances.argmin(), np.flatnonzero(variances > variances[0])[0]
    says("05", "The survival world pays a point a step until you fall, {:.2f} on average", mean)
    says("05", "From {:.1f} at 0 down to {:.2f} at {:.2f}", variances[0], variances[least], constants[least])
    says("05", "{:.2f} at the mean score, {:.1f} at twice that", variance(mean), variance(2 * mean))
    says("05", "above {:.2f} you had better subtract nothing", constants[worse - 1])
    assert lesson.spread[3.0] == pytest.approx(variance(3))


def test_the_batch_mean_shrinks_the_gradient_and_leave_one_out_does_not(lesson):
    np.testing.assert_allclose(lesson.shown[19], 1 - 1 / len(lesson.batch))
    says("05", "Exactly 1 - 1/{}", len(lesson.batch))
    # every pair of tales is a batch of two, all equally likely
    world, listed = lesson.tale, lesson.tales
    s = episode_gradients(world, world.theta, listed, np.ones_like(listed.rewards))
    one, two = lesson.prizes[:, None], lesson.prizes[None, :]
    alone = ((one - two)[..., None] * (s[:, None] - s[None, :]) / 2).mean(axis=(0, 1))
    own = (one + two) / 2
    mean = (((one - own)[..., None] * s[:, None] + (two - own)[..., None] * s[None, :]) / 2).mean(axis=(0, 1))
    truth = true_gradient(world, world.theta)
    np.testing.assert_allclose(alone, truth)
    np.testing.assert_allclose(mean, truth / 2)


# --- the thinking questions -----------------------------------------------------------------------


def test_the_smallest_absolute_miss_is_at_the_median_and_not_at_the_mean(lesson):
    one = lesson.prizes[lesson.states[1] == 2]  # the first word is lucky
    says("05", "The median, some {:.0f} million, not {:.0f}", np.median(one), one.mean())
    misses = {guess: abs(one - guess).mean() for guess in (110, 120, 124, 128, 140, 157)}
    assert misses[120] == misses[124] == misses[128]  # between the two moods every guess is a median
    assert max(misses[120], misses[124]) < min(misses[110], misses[140], misses[157])


def test_an_old_critic_of_a_better_writer_is_too_low_and_explains_less(lesson):
    theta = [1, 1]
    new = state_values(lesson.tale, theta)
    shares = [share_explained(lesson.tale, theta, table) for table in (lesson.values, new)]
    says("05", "It explains {:.2f} of a possible {:.2f}", *shares)
    listed = all_episodes(lesson.tale, theta)
    low = listed.probability @ (listed.returns() - lesson.values[listed.states]).mean(axis=0)
    says("05", "It is also {:.0f} million too low on average", low)
    says("05", "The writer improves to {:.2f}, the critic stays", policy(lesson.tale, theta)[0, 1])


# --- what is shown --------------------------------------------------------------------------------


def test_every_figure_says_in_words_what_it_shows(lesson):
    figures = [shown for shown in lesson.shown if isinstance(shown, Axes)]
    assert len(figures) == 5
    for words, figure in zip(("99.7%", "2,572", "0.464", "0.71", "18.94"), figures, strict=True):
        assert words in alt_text(figure)
        assert figure.get_xlabel()
        assert figure.get_ylabel() or figure.get_yticklabels()


def test_moving_a_knob_changes_the_picture_and_the_words(lesson):
    widgets = lesson.explorers
    moves = [("three", 280, "removes 38.6%"), ("written", 5, "left 5."), ("baseline", 5.5, "variance of 1.5")]
    assert len(widgets) == len(moves)
    for widget, (knob, value, words) in zip(widgets, moves, strict=True):
        picture, said = widget.image.value, widget.alt
        assert words not in said
        widget.controls[knob].value = value
        assert widget.image.value != picture
        assert words in widget.alt


def test_the_best_guesses_are_shown_when_asked_for(lesson):
    widget = lesson.explorers[0]
    assert "34.8" not in widget.alt
    widget.controls["best"].value = "shown"
    assert "34.8, 69.6, 139, 278" in widget.alt
    widget.controls["best"].value = "hidden"

"""Lesson 6: every number that it quotes, by its own cells, and where possible by another road.

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
from course.plots import value_prediction as plots
from course.worlds import action_values, all_episodes, policy, state_values, true_gradient, writer
from tests.figures import covered
from tests.lessons import in_words, outputs, says, variables


@pytest.fixture(scope="module")
def lesson():
    """Every name that the lesson's cells define, and under "shown" what each cell gave."""
    return SimpleNamespace(**variables("value_prediction"))


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


def test_no_half_and_no_refusal_are_both_told():
    cause = judge("value_loss", lambda v, t: (v - t.detach()).square().mean(), seed=0).cause
    assert "The half is missing" in cause
    assert "raise ValueError if they differ" in cause


@pytest.mark.parametrize("answer", [None, "12.5", 12.5, np.zeros(3)])
@pytest.mark.parametrize("exercise", [EXPLAINED_VARIANCE, VALUE_LOSS], ids=lambda e: e.name)
def test_what_is_no_answer_is_refused(exercise, answer):
    assert not judge(exercise.name, lambda *_: answer, seed=0).passed


def test_what_you_should_see_in_the_hints(lesson):
    assert lesson.explained_variance(np.array([0, 2, 4]), np.array([1, 3, 5])) == 1
    guess = torch.tensor([495.0], requires_grad=True)
    loss = lesson.value_loss(guess, torch.tensor([500.0]))
    loss.backward()
    said = "If 495 was guessed and 500 came, the loss is {} and its slope in the guess is {:.0f}. The half"
    says("value_prediction", said, loss.item(), guess.grad.item())

    q = np.array([10.0, 20.0])
    for chance, advantages in (([0.5, 0.5], "[-5, 5]"), ([0.1, 0.9], "[-9, 1]")):
        got = lesson.advantage_function(q, np.array(chance))
        assert f"[{got[0]:.0f}, {got[1]:.0f}]" == advantages
        says("value_prediction", "<code>{}</code>", advantages)
    left = lesson.leave_one_out(np.array([1.0, 2.0, 6.0]))
    says("value_prediction", "gives <code>[{:g}, {:g}, {:g}]</code>", *left)


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
    printed = (
        "{} tales, equally likely, in million points\nmean {:.0f}, standard deviation {:.0f}, largest {:.0f}"
    )
    numbers = (len(chance), lesson.prizes.mean(), lesson.prizes.std(), lesson.prizes.max())
    assert printed.format(*numbers) in outputs("value_prediction")


def test_values_are_what_is_written_times_one_and_a_half_for_each_word_to_come(lesson):
    written = np.repeat(np.arange(6), np.arange(1, 7))
    lucky = np.concatenate([np.arange(t + 1) for t in range(6)])
    np.testing.assert_allclose(lesson.values, 495 / 32 * 2.0**lucky * 1.5 ** (5 - written))
    says(
        "value_prediction",
        "The best guesses, {:.0f}, {:.0f}, {:.0f} and {:.0f} million,",
        *lesson.values[6:10],
    )
    best = lesson.tales.actions[:5].all(axis=0).argmax()
    *first, last = lesson.values[lesson.states[:, best]]
    listed = ", ".join(f"{value:.0f}" for value in first)
    said = "on the way to the jackpot it said {} and {:.0f} million"
    says("value_prediction", said, listed, last)


def test_another_writer_gives_the_blank_page_another_value(lesson):
    lucky = 1 / (1 + np.exp(-1))
    want = [495 / 32 * 1.5**5, 495 / 32 * (1 + lucky) ** 5]
    got = [state_values(lesson.tale, theta)[0] for theta in ([0, 0], [1, 1])]
    np.testing.assert_allclose(got, want)
    said = (
        "For our writer a blank page is worth {:.0f} million; for a better one, whose words are lucky with "
    )
    said += "probability {:.2f}, it is worth {:.0f}."
    says("value_prediction", said, want[0], lucky, want[1])


def test_ceilings_follow_from_the_moments_of_the_lucky_words(lesson):
    t = np.arange(6)
    unit = (495 / 32) ** 2
    decided = unit * (2.5**t * 2.25 ** (5 - t) - 2.25**5)
    want = decided / (unit * (2.5**5 - 2.25**5) + 25)
    got = [lesson.explained_variance(lesson.values[now], lesson.prizes) for now in lesson.states]
    np.testing.assert_allclose(got, want, atol=1e-12)
    assert want[0] == 0
    says("value_prediction", "Nobody beats {:.1f} %", 100 * want[3])
    says("value_prediction", "Only after all five: {:.1f} %, and the rest is mood.", 100 * want[5])
    assert (want[:5] < 0.99).all()
    ceiling = lesson.explained_variance(lesson.values[lesson.states], lesson.targets)
    assert ceiling == pytest.approx(want.mean())
    says(
        "value_prediction",
        "the ceiling is {:.1f} %. So a critic that explains {:.2f} may be perfect",
        100 * ceiling,
        ceiling,
    )


@pytest.mark.parametrize("seed", range(20))
def test_no_guesses_beat_the_ceiling_and_an_offset_costs_them_nothing(lesson, seed):
    rng = np.random.default_rng(seed)
    guesses = lesson.values[6:10] + rng.normal(0, 30, size=4)
    removed = lesson.explained_variance(guesses[lesson.lucky], lesson.prizes)
    best = lesson.explained_variance(lesson.values[6:10][lesson.lucky], lesson.prizes)
    assert removed < best
    assert lesson.explained_variance(guesses[lesson.lucky] + 100, lesson.prizes) == pytest.approx(removed)


# --- the critics ----------------------------------------------------------------------------------


def test_with_new_tales_a_critic_comes_up_to_its_ceiling_and_never_over_it(lesson):
    ceiling = share_explained(lesson.tale, lesson.tale.theta, lesson.values)
    new = np.array(lesson.found["new"])
    assert new.shape == (20, 60)
    assert new.max() < ceiling
    assert new[:, -1].min() > 0.44
    said = "With new tales, the critics end at {:.2f}, a hair below the ceiling of all tales"
    says("value_prediction", said, np.median(new[:, -1]))


def test_tales_learned_by_heart_are_told_from_foresight_by_other_tales_and_not_by_the_ceiling(lesson):
    ceiling = share_explained(lesson.tale, lesson.tale.theta, lesson.values)
    own, rest = np.array(lesson.found["own"])[:, -1], np.array(lesson.found["rest"])
    exact = np.array(lesson.found["exact on own"])
    said = "The others explain {:.2f} of all tales. On their own 20 tales they reach {:.2f}."
    says("value_prediction", said, np.median(rest[:, -1]), np.median(own))
    said = "the exact $V$ explains {:.2f} in the median, and between {:.2f} and {:.2f}"
    says("value_prediction", said, np.median(exact), exact.min(), exact.max())
    assert np.median(exact) == pytest.approx(0.491, abs=0.001)
    assert (exact > ceiling).sum() == 17  # the innocent one is above it nearly always
    assert rest[:, -1].max() < np.array(lesson.found["new"])[:, -1].min()
    said = "on all 128, most of which are new to it, it explains {:.2f}, where the exact $V$ explains {:.2f}"
    says("value_prediction", said, np.median(rest[:, -1]), ceiling)
    assert np.median(rest, axis=0).max() > np.median(rest[:, -1]) + 0.04  # it had been better before


def test_by_heart_means_the_mean_of_the_tales_seen_in_each_state(lesson):
    twenty = lesson.twenty[0]
    states, prizes = lesson.states[:, twenty], np.broadcast_to(lesson.prizes[twenty], (6, 20))
    for state in np.unique(states):
        assert lesson.by_heart[-1][state] == pytest.approx(prizes[states == state].mean(), rel=0.05)


# --- 500 million against 495 million --------------------------------------------------------------


def test_one_small_miss_and_the_variance_are_two_things(lesson):
    best = lesson.prizes.argmax()
    misses = lesson.prizes[best] - lesson.values[lesson.states[:, best]]
    assert misses[-1] == 5 == 0.01 * lesson.prizes[best]
    left = (lesson.prizes - lesson.values[lesson.states]).var(axis=1) / lesson.prizes.var()
    assert left[0] == pytest.approx(1)
    assert lesson.left == pytest.approx({0: 100 * left[0], 5: 100 * left[5]})
    says("value_prediction", "After five words {:.1f} % is left", 100 * left[5])
    says("value_prediction", "the very same tale is a miss of {:.0f} million there", misses[0])


# --- the advantage --------------------------------------------------------------------------------


def test_the_advantages_of_every_state_sum_to_zero_and_the_lucky_word_has_the_larger_one(lesson):
    np.testing.assert_allclose((lesson.chance * lesson.advantages).sum(axis=1), 0, atol=1e-10)
    words = lesson.advantages[:15]  # of states in which a word is still to come
    assert (words[:, 1] > 0).all()
    np.testing.assert_allclose(lesson.advantages[15:], 0, atol=1e-10)  # both end marks mean the same
    q, a = lesson.q[lesson.three], lesson.advantages[lesson.three]
    assert (np.diff(a[:, 1]) > 0).all()
    said = "leads to a larger prize, {:.0f} million on average, than the lucky word of the left-most one, "
    said += "with {:.0f}."
    says("value_prediction", said, q[2, 0], q[0, 1])
    says("value_prediction", "Its advantage is {:.0f}.", a[2, 0])


def test_the_score_less_v_is_the_advantage_on_average(lesson):
    left = lesson.prizes - lesson.values[lesson.states]
    for state in range(15):
        for word in (0, 1):
            met = (lesson.states == state) & (lesson.tales.actions == word)
            assert left[met].mean() == pytest.approx(lesson.advantages[state, word])


# --- the writer -----------------------------------------------------------------------------------


def end(run):
    return np.median(run.scores[:, -1]) / 1e6


def test_the_lines_end_where_the_text_says(lesson):
    ends = [end(lesson.lines[name]) for name in ("whole score", "minus the others", "R - V")]
    says("value_prediction", "{:,.0f}, {:,.0f} and {:,.0f} million, in the median of ten seeds", *ends)
    says("value_prediction", "brought the writer to {:,.0f} million in 100 updates", ends[0])
    scores = [run.scores[:, -1] for run in list(lesson.lines.values())[:3]]
    assert scores[0].max() < scores[1].min() < scores[1].max() < scores[2].min()


def test_the_learned_critic_points_better_than_the_others_and_ends_below_them(lesson):
    others, learned = lesson.lines["minus the others"], lesson.lines["R - V, learned"]
    assert learned.scores[:, -1].max() < others.scores[:, -1].min()
    says("value_prediction", "{:,.0f} million: far better than the raw score", end(learned))
    cosines = [run.cosines[:, 1:10].mean() for run in (learned, others)]
    says("value_prediction", "its batches point better than theirs, {:.2f} against {:.2f}", *cosines)


def test_what_its_first_batch_costs_is_a_matter_of_size(lesson):
    calls = []

    def smaller_first_batch(e, share):
        calls.append(e)
        return lesson.score_minus_value(e) * (share if len(calls) <= 10 else 1)

    runs = []
    for share in (0, 0.1):  # nothing of it, or as much as an ordinary batch
        calls.clear()
        runs.append(writer.learn(lambda e, share=share: smaller_first_batch(e, share), critic="learned"))
    says("value_prediction", "and the same critic reaches {:,.0f} million", end(runs[0]))
    assert end(runs[1]) == pytest.approx(end(runs[0]), rel=0.04)
    assert end(runs[1]) > end(lesson.lines["R - V, learned"]) + 300


def test_the_mean_of_the_others_mends_the_level_and_what_is_left_is_the_straight_line(lesson):
    centred = lesson.lines["R - V, learned, centred"]
    says("value_prediction", "{:,.0f} million, not far below the exact critic", end(centred))
    assert centred.scores[:, -1].min() > lesson.lines["minus the others"].scores[:, -1].max()
    assert end(centred) > 0.95 * end(lesson.lines["R - V"])


def test_the_learned_critic_is_too_low_for_all_answers_alike(monkeypatch):
    errors = []

    class Watched(writer._Learned):
        def values(self, written, chance):
            said = super().values(written, chance)
            errors.append((said - writer._Exact().values(written, chance))[:-1])
            return said

    monkeypatch.setitem(writer._CRITICS, "learned", Watched)
    writer.learn(writer.score_minus_value, critic="learned", seeds=2)
    later = errors[2:]  # after the first batch of each seed
    assert np.mean([error.mean() < 0 for error in later]) > 0.99
    alike = [(error.mean(axis=1) ** 2).mean() / (error**2).mean() for error in errors]
    assert np.mean(alike) > 0.85


def test_a_newborn_critic_lets_the_first_batch_through_whole(monkeypatch):
    lengths = []
    right = writer._gradient

    def watched(tokens, chance, weights):
        gradient = right(tokens, chance, weights)
        lengths.append(np.linalg.norm(gradient))
        return gradient

    monkeypatch.setattr(writer, "_gradient", watched)
    for weigh in (writer.score_minus_value, writer.minus_the_others):
        writer.learn(weigh, critic="learned", updates=1)
    times = np.mean(lengths[:10]) / np.mean(lengths[10:])
    says("value_prediction", "its gradient is {} times as long as with the others", in_words(times))


# --- centring and units ---------------------------------------------------------------------------


def test_centring_changes_the_signal_and_units_change_the_size(lesson):
    points = replace(lesson.tale, rewards=1e6 * lesson.tale.rewards)
    rows = [
        lesson.measure(points, 0 * lesson.values),
        lesson.measure(points, 1e6 * lesson.values),
        lesson.measure(lesson.tale, lesson.values),
    ]
    sizes = [np.sqrt(row.variance * (1 + row.snr)) for row in rows]
    says(
        "value_prediction",
        "Subtracting $V$ makes the signal {} times as clear",
        in_words(rows[1].snr / rows[0].snr),
    )
    assert sizes[1] / sizes[0] == pytest.approx(0.5, abs=0.02)
    said = "and the gradient half as long: it is still {:.0f} million long"
    says("value_prediction", said, sizes[1] / 1e6)
    assert sizes[1] / sizes[2] == pytest.approx(1e6)
    assert rows[1].snr == pytest.approx(rows[2].snr)


# --- baselines ------------------------------------------------------------------------------------


def test_the_variances_quoted_for_the_corridor(lesson):
    got = {name: row.variance for name, row in lesson.rows.items()}
    says("value_prediction", "$V$ takes it from {:.1f} to {:.1f}", got["nothing"], got["V"])
    assert got["-V"] / got["nothing"] == pytest.approx(2, abs=0.2)
    says("value_prediction", "$-V$ about doubles it")
    says("value_prediction", "is {} times as noisy as $V$", in_words(got["V + 10"] / got["V"]))
    assert min(got, key=got.get) == "Q(s, a)"
    assert len(got) == 6
    best = lesson.measure(lesson.corridor, lesson.best).variance
    says("value_prediction", "Here that saves {:.0f} %", 100 * (1 - best / got["V"]))


@pytest.mark.parametrize("seed", range(20))
def test_any_function_of_the_state_keeps_the_mean_of_the_gradient(lesson, seed):
    rng = np.random.default_rng(seed)
    for world in (lesson.corridor, lesson.survival, lesson.tale):
        theta = world.theta + rng.normal(size=len(world.theta))
        absurd = rng.normal(0, 50, len(world.chance))
        assert lesson.measure(replace(world, theta=theta), absurd).bias < 1e-10


def test_a_baseline_that_sees_the_action_takes_the_whole_gradient_away(lesson):
    row = lesson.measure(lesson.corridor, action_values(lesson.corridor, lesson.corridor.theta))
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
    assert lesson.door[::-1] @ lesson.doors == pytest.approx(lesson.best[0])
    said = "the left one is taken with probability {:.2f} and the right one with {:.2f}"
    says("value_prediction", said, *lesson.door)


def test_in_the_tales_v_is_far_from_the_best_because_words_share_a_parameter(lesson):
    says("value_prediction", "$V$ leaves {:.1f} times the least variance", lesson.tales_ratio)
    features = np.zeros((21, 2, 21))
    features[:, 1] = np.eye(21)
    alone = replace(lesson.tale, features=features, theta=np.zeros(21))
    np.testing.assert_allclose(best_baseline(alone, alone.theta), lesson.values)
    words = lesson.tale.features[:, 1] - lesson.tale.features[:, 0]
    assert len(np.unique(words[1:], axis=0)) == 1  # of all after the first, and it is not the first's
    assert (words[0] != words[1]).any()


def test_a_constant_helps_up_to_twice_the_best_one(lesson):
    world, lives = lesson.survival, lesson.lives

    def variance(b):
        g = (lives.returns() - b)[:, None] * lesson.score_functions
        return summarise(g, lives.probability, true_gradient(world, world.theta)).variance

    mean = lives.probability @ lives.returns()
    constants = np.arange(0, 12, 0.01)
    variances = np.array([variance(b) for b in constants])
    least, worse = variances.argmin(), np.flatnonzero(variances > variances[0])[0]
    says("value_prediction", "every step pays a point until you fall, {:.2f} on average", mean)
    says(
        "value_prediction",
        "The variance falls from {:.1f} at 0 to {:.2f} at {:.2f}",
        variances[0],
        variances[least],
        constants[least],
    )
    says(
        "value_prediction",
        "{:.2f} at the mean score, {:.1f} at twice that",
        variance(mean),
        variance(2 * mean),
    )
    says("value_prediction", "Above {:.2f} you had better subtract nothing", constants[worse - 1])
    assert lesson.spread[3.0] == pytest.approx(variance(3))


def test_the_batch_mean_shrinks_the_gradient_and_leave_one_out_does_not(lesson):
    batch = lesson.prizes[:20]
    np.testing.assert_allclose((batch - batch.mean()) / lesson.leave_one_out(batch), 1 - 1 / 20)
    says("value_prediction", "It shrinks the gradient by exactly 1/{} on average", len(batch))
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
    says(
        "value_prediction",
        "The median of the prizes, some {:.0f} million, not their mean of {:.0f}.",
        np.median(one),
        one.mean(),
    )
    misses = {guess: abs(one - guess).mean() for guess in (110, 120, 124, 128, 140, 157)}
    assert misses[120] == misses[124] == misses[128]  # between the two moods every guess is a median
    assert max(misses[120], misses[124]) < min(misses[110], misses[140], misses[157])


def test_an_old_critic_of_a_better_writer_is_too_low_and_explains_less(lesson):
    theta = [1, 1]
    new = state_values(lesson.tale, theta)
    shares = [share_explained(lesson.tale, theta, table) for table in (lesson.values, new)]
    says("value_prediction", "It explains {:.2f} of a possible {:.2f}", *shares)
    listed = all_episodes(lesson.tale, theta)
    low = listed.probability @ (listed.returns() - lesson.values[listed.states]).mean(axis=0)
    says("value_prediction", "It is also {:.0f} million too low on average", low)
    says(
        "value_prediction",
        "The writer improves to {:.2f}, and the critic stays as it was",
        policy(lesson.tale, theta)[0, 1],
    )


# --- what is shown --------------------------------------------------------------------------------


def test_every_figure_says_in_words_what_it_shows(lesson):
    figures = [shown for shown in lesson.shown if isinstance(shown, Axes)]
    assert len(figures) == 8
    said = ("99.7%", "0.491", "0.3 %", "A -93 and +93", "2,229", "1,445", "0.71", "18.94")
    for words, figure in zip(said, figures, strict=True):
        assert words in alt_text(figure)
        assert figure.get_xlabel() or figure.get_xticklabels()
        assert figure.get_ylabel() or figure.get_yticklabels()


def test_moving_a_knob_changes_the_picture_and_the_words(lesson):
    widgets = lesson.explorers
    moves = [("three", 280, "removes 38.6%"), ("baseline", 5.5, "variance of 1.5")]
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


MISSES = {0: [-40.0, 0.0, 40.0], 5: [-5.0, 5.0, 5.0]}
LEFT = {0: 100.0, 5: 2.0}


def drawn_surprises(guess):
    return plots.surprises(MISSES, LEFT, best=2, guess=guess)


def drawn_ceilings(guess):
    return plots.ceilings([0.0, 0.5, 0.995], guess=guess)


@pytest.mark.parametrize(
    ("draw", "guess", "said"),
    [
        (drawn_ceilings, 2, "You guessed 2 words."),
        (drawn_ceilings, 0.5, "You guessed 0.5 words."),
        (drawn_surprises, [60, 1], "You guessed 60 and 1 %."),
    ],
)
def test_a_guess_is_drawn_and_said(draw, guess, said):
    with_it, without = draw(guess), draw(None)
    assert said in alt_text(with_it)
    assert alt_text(with_it).startswith(alt_text(without))
    marks = [sum(len(ax.lines) for ax in figure.figure.axes) for figure in (with_it, without)]
    assert marks[0] > marks[1]


@pytest.mark.parametrize("draw", [drawn_ceilings, drawn_surprises])
@pytest.mark.parametrize("guess", ["all", [1, 2, 3], np.nan, [np.inf, 1]], ids=str)
def test_a_guess_that_is_none_is_refused(draw, guess):
    with pytest.raises(ValueError, match="guess"):
        draw(guess)


@pytest.mark.parametrize("guess", [1, [1], [[1, 2]]], ids=str)
def test_one_number_where_two_are_asked_for_is_refused(guess):
    with pytest.raises(ValueError, match="guess must be 2 numbers in per cent"):
        drawn_surprises(guess)


def test_no_word_of_a_figure_is_cut_off_or_lies_on_a_mark(lesson):
    for shown in lesson.shown:
        if isinstance(shown, Axes):
            assert not [text for text, _ in covered(shown) if text], alt_text(shown)  # arrows have none


def test_the_arrows_of_the_advantages_are_those_that_were_given():
    q, v = np.array([[0.0, 10.0]]), np.array([5.0])
    ax = plots.advantages(q, v, [[-3.0, 3.0]])  # wrong ones are drawn as they are, beside the dots
    ends = sorted(text.xy[1] for text in ax.texts if text.arrow_patch is not None)
    assert ends == [2.0, 8.0]
    dots = sorted(line.get_ydata()[0] for line in ax.lines)
    assert dots == [0.0, 10.0]

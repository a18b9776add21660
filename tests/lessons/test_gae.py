"""Lesson 7, number by number: every claim of its prose, and its figures, widgets and checks.

The lesson is run once, and what its prose quotes is read from its own variables. Wherever a
number can be had by another road (linear equations, a list of all episodes, the course's own estimators),
it is computed again by that road.
"""

from dataclasses import replace

import numpy as np
import pytest

from course import returns
from course.checks import engine, gae
from course.critics import three_critics
from course.plots import alt_text
from course.plots import gae as plots
from course.worlds import (
    action_values,
    all_episodes,
    answer_world,
    corridor_world,
    policy,
    random_walk,
    state_values,
    survival_world,
)
from tests.estimator_rows import gae_rows
from tests.lessons import says, variables

LAMS = np.linspace(0, 1, 21).round(2)
NO = False


@pytest.fixture(scope="module")
def lesson() -> dict:
    return variables("07")


@pytest.fixture(scope="module")
def exact() -> dict:
    """Rows of the course's own estimators, by world and critic: one list of 21 for each of 20 seeds."""
    worlds = {"corridor": corridor_world(), "answer": answer_world(), "survival": survival_world()}
    rows = {}
    for name, critic in (
        ("corridor", "half-trained"),
        ("corridor", "untrained"),
        ("answer", "half-trained"),
        ("survival", "untrained"),
    ):
        world = worlds[name]
        tables = [three_critics(world, world.theta, seed=seed)[critic] for seed in range(20)]
        rows[name, critic] = [gae_rows(world, world.theta, {"": table}, lams=LAMS) for table in tables]
    for name, world in worlds.items():
        perfect = {"": state_values(world, world.theta)}
        rows[name, "perfect"] = [gae_rows(world, world.theta, perfect, lams=LAMS)]
    return rows


# --- one rally ------------------------------------------------------------------------------------


def test_the_critic_foresees_less_the_further_gamma_asks_it_to_see(lesson):
    found = {
        gamma: returns.explained_variance(lesson["critics"][gamma], came[0])
        for gamma, came in lesson["came"].items()
    }
    assert found == pytest.approx({0.9: 0.878, 0.95: 0.734, 0.97: 0.555, 0.99: 0.083}, abs=0.002)


def test_the_ball_is_returned_at_step_234_and_the_point_won_at_251(lesson):
    game = lesson["games"][0]
    assert list(np.flatnonzero(game.rewards[205:260]) + 205) == [251]
    assert game.rewards[251] == 1
    ball = game.ram[225:252, 49].astype(int)
    assert ball.argmax() + 225 == 234  # our paddle stands at the right
    assert (np.diff(ball)[:9] > 0).all()
    assert (np.diff(ball)[9:] < 0).all()


# --- a ladder of looks ----------------------------------------------------------------------------


def test_the_n_step_estimates_jump_at_n_10(lesson):
    assert np.abs(np.diff(lesson["looks"])).argmax() + 2 == 10
    assert np.abs(lesson["looks"][:9]).max() < 0.05
    assert lesson["looks"][9:].min() > 0.4


@pytest.mark.parametrize("lam", [0.0, 0.3, 0.9, 0.95, 1.0])
def test_the_weighted_mix_of_looks_is_the_decaying_sum(lesson, lam):
    weights = (1 - lam) * lam ** np.arange(35)
    weights[-1] += lam**35
    summed = lesson["gae_by_definition"](lesson["deltas"], lesson["cut"], gamma=0.95, lam=lam)
    assert weights.sum() == pytest.approx(1)
    assert weights @ lesson["looks"] == pytest.approx(summed[20], abs=1e-12)
    assert f"mix is {summed[20]:+.3f}; by definition it is {summed[20]:+.3f}" in alt_text(
        lesson["ladder"](lam)
    )


def test_the_mean_look_is_one_over_one_minus_lam():
    n = np.arange(1, 5000)
    for lam, steps in ((0.5, 2), (0.9, 10), (0.95, 20)):
        assert ((1 - lam) * lam ** (n - 1)) @ n == pytest.approx(steps)


def test_what_you_should_see_is_what_the_exercises_give(lesson):
    np.testing.assert_allclose(
        lesson["gae_by_definition"](np.array([4.0, 8, 16]), np.array([NO, NO, True]), gamma=1, lam=0.5),
        [12, 16, 16],
    )
    row = (np.array([1.0, 3]), np.array([2.0, 4]), np.array([4.0, 8]))
    last, never = np.array([NO, True]), np.array([NO, NO])
    np.testing.assert_allclose(lesson["gae"](*row, never, last, gamma=0.5, lam=0.5), [1.75, 3])
    np.testing.assert_allclose(lesson["gae"](*row, last, never, gamma=0.5, lam=0.5), [0.75, -1])


# --- one pass, backwards --------------------------------------------------------------------------


def test_the_two_ends_of_the_dial_are_the_td_error_and_the_return_minus_the_value(lesson):
    assert len(lesson["at_0"]) == len(lesson["at_1"]) == 902
    assert np.abs(lesson["at_0"]).max() < 1e-12
    assert np.abs(lesson["at_1"]).max() < 1e-12


def test_lam_leaves_the_bars_alone_and_gamma_changes_them(lesson):
    def bars(**dials):
        return [bar.get_height() for bar in lesson["watch"](**dials).patches]

    assert bars(gamma=0.95, lam=0.0) == bars(gamma=0.95, lam=1.0)
    assert not np.allclose(bars(gamma=0.95, lam=0.5), bars(gamma=0.97, lam=0.5))
    ax = lesson["watch"](gamma=0.95, lam=0.0)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), bars(gamma=0.95, lam=0.0))


def test_turning_lam_up_gives_the_steps_before_the_hit_their_credit(lesson):
    credit = [
        returns.gae(*lesson["rally"][0.95], gamma=0.95, lam=lam)[19:29].mean() for lam in (0, 0.5, 0.9, 1)
    ]
    assert abs(credit[0]) < 0.03
    assert (np.diff(credit) > 0.05).all()
    assert credit[-1] > 0.5


def test_2000_steps_are_2001000_terms():
    terms = sum(1 for t in range(2000) for _ in range(t, 2000))
    says("07", "For {:,} steps the definition adds {:,} terms, the recursion {:,}", 2000, terms, 2000)


# --- three mistakes -------------------------------------------------------------------------------


def right_steps(lesson, advantages):
    """Mean advantage of a step to the right from each place, in each environment: [5, 20]."""
    chosen = lesson["actions"] == 1
    here = [chosen & (lesson["states"] == place) for place in range(5)]
    return np.array([(advantages * mask).sum(axis=0) / mask.sum(axis=0) for mask in here])


def mean_and_error(values):
    return values.mean(axis=1), values.std(axis=1, ddof=1) / values.shape[1] ** 0.5


def listed_right_steps(*, limit_is_end):
    """The exact mean advantage of a step to the right at lam 0.95, over all walks of up to ten steps."""
    world = random_walk(time_limit=10)
    e, V = all_episodes(world, world.theta), state_values(world, world.theta)
    if limit_is_end:
        e = replace(e, terminated=e.terminated | e.truncated, truncated=e.truncated & False)
    record = (e.rewards, V[e.states], V[e.next_states], e.terminated, e.truncated)
    advantages = returns.gae(*record, gamma=1.0, lam=0.95)
    weight = e.probability * e.real * (e.actions == 1)
    here = [weight * (e.states == place) for place in range(5)]
    return np.array([(each * advantages).sum() / each.sum() for each in here])


def test_32_percent_of_the_walks_run_into_the_time_limit():
    world = random_walk(time_limit=10)
    e = all_episodes(world, world.theta)
    cut = e.probability @ e.truncated.any(axis=0)
    says("07", "with a time limit of ten steps that {:.0f} % of the walks run into", 100 * cut)


def test_a_step_to_the_right_is_worth_a_sixth_wherever_you_stand(lesson):
    world = random_walk()
    true = action_values(world, world.theta)[:, 1] - state_values(world, world.theta)
    np.testing.assert_allclose(true, 1 / 6)
    np.testing.assert_allclose(listed_right_steps(limit_is_end=False), 1 / 6)
    mean, error = mean_and_error(right_steps(lesson, lesson["found"]["right"]))
    assert (np.abs(mean - 1 / 6) <= 4 * error + 1e-12).all()


def test_a_limit_taken_for_death_turns_the_sign_from_a_to_d(lesson):
    mean, error = mean_and_error(right_steps(lesson, lesson["found"]["1: a time limit is death"]))
    assert (mean[:4] + 4 * error[:4] < 0).all()
    assert mean[4] == pytest.approx(1 / 6)
    assert (np.abs(mean - listed_right_steps(limit_is_end=True)) <= 4 * error + 1e-12).all()


def test_the_value_of_the_reset_state_is_up_to_27_percent_off(lesson):
    mean, error = mean_and_error(right_steps(lesson, lesson["found"]["2: V of the reset state"]))
    says("07", "The second is off by up to {:.0f} %", 100 * np.abs(6 * mean - 1).max())
    assert mean[3] + 10 * error[3] < 1 / 6
    assert (mean > 0).all()


def leak(lesson, critic):
    """How much the third mistake adds to the mean, and the standard deviations with and without it."""
    V, never = critic, np.zeros_like(lesson["truncated"])
    record = (lesson["rewards"], V[lesson["states"]], V[lesson["reached"]], lesson["terminated"])
    right, wrong = (returns.gae(*record, cut, gamma=1.0, lam=0.95) for cut in (lesson["truncated"], never))
    return mean_and_error(right_steps(lesson, wrong - right)), right.std(), wrong.std()


def test_a_leak_cannot_be_seen_in_the_mean_with_an_exact_critic_but_in_the_noise(lesson):
    (mean, error), before, after = leak(lesson, lesson["V"])
    assert (np.abs(mean) <= 3 * error + 1e-12).all()
    says("07", "the standard deviation of an advantage grows from {:.2f} to {:.2f}", before, after)


def test_a_leak_shows_in_the_mean_when_the_critic_is_too_low(lesson):
    (mean, error), _, _ = leak(lesson, lesson["V"] / 2)
    assert (mean[:4] > 10 * error[:4]).all()
    assert mean[0] > 0.05


# --- how far, then? -------------------------------------------------------------------------------


def best(seeds, batch):
    return np.array([LAMS[np.argmin([row.error(batch) for row in seed])] for seed in seeds])


def test_the_lessons_own_gae_gives_the_same_rows_as_the_courses_estimators(lesson, exact):
    for name in ("perfect", "half-trained", "untrained"):
        for mine, theirs in zip(lesson["rows"][name], exact["corridor", name], strict=True):
            for field in ("bias", "variance", "cosine"):
                np.testing.assert_allclose(
                    [getattr(row, field) for row in mine],
                    [getattr(row, field) for row in theirs],
                    atol=1e-9,
                )
    assert len(lesson["rows"]["perfect"]) == 1
    assert len(lesson["rows"]["half-trained"]) == len(lesson["rows"]["untrained"]) == 20


def test_the_corridor_has_2048_episodes():
    world = corridor_world()
    says("07", "over all {:,} episodes", all_episodes(world, world.theta).states.shape[1])


def test_the_best_lam_of_half_trained_critics_grows_with_the_batch(lesson, exact):
    half = exact["corridor", "half-trained"]
    medians = [np.median(best(half, batch)) for batch in (1, 20, 64, 256, 10_000)]
    assert medians == pytest.approx([0, 0.70, 0.90, 0.95, 1], abs=0.001)
    assert np.median(lesson["best"]["half-trained"], axis=0) == pytest.approx([0, 0.7, 0.9, 0.95, 1, 1])


def test_a_perfect_critic_asks_for_0_at_every_batch_and_is_unbiased_at_every_lam(exact):
    for batch in (1, 20, 64, 256, 1_000, 10_000):
        assert best(exact["corridor", "perfect"], batch) == [0]
    assert max(row.bias for row in exact["corridor", "perfect"][0]) < 1e-12


def test_no_critic_is_biased_at_lam_1(exact):
    for seeds in exact.values():
        assert max(seed[-1].bias for seed in seeds) < 1e-12


def test_variance_does_not_always_grow_with_lam(exact):
    seeds = exact["corridor", "untrained"]
    falls_at_first = [seed[1].variance < seed[0].variance for seed in seeds]
    said = "for {} of the {} untrained critics it falls at first"
    says("07", said, sum(falls_at_first), len(seeds))
    (perfect,) = exact["survival", "perfect"]
    assert perfect[1].variance / perfect[0].variance == pytest.approx(0.998, abs=0.001)


def test_bias_does_not_always_fall_with_lam(exact):
    seeds = exact["corridor", "untrained"]
    falls = sum((np.diff([row.bias for row in seed]) < 0).all() for seed in seeds)
    says("07", "all the way for only {} of {}", falls, len(seeds))


def test_signal_to_noise_misleads_about_biased_estimates(lesson, exact):
    def favourites(world, critic):
        return [seed[np.argmax([row.snr for row in seed])] for seed in exact[world, critic]]

    survival, answers = favourites("survival", "untrained"), favourites("answer", "half-trained")
    said = "For {} of the {} untrained critics the clearest signal points *away* from the truth"
    says("07", said, sum(row.cosine < 0 for row in survival), len(survival))
    biased = sum(row.relative_bias > 0.5 for row in answers)
    says("07", "Of the half-trained favourites, {} have a bias of more than half the gradient", biased)
    picked = lesson["picked"]
    assert [cosine for _, cosine in picked["survival, untrained"]] == pytest.approx(
        [row.cosine for row in survival]
    )
    assert [cosine for _, cosine in picked["answers, half-trained"]] == pytest.approx(
        [row.cosine for row in answers]
    )


# --- what lam cannot do ---------------------------------------------------------------------------


def test_no_lam_repairs_another_gamma():
    world = corridor_world()
    V = state_values(world, world.theta, gamma=0.9)
    rows = gae_rows(world, world.theta, {"": V}, lams=LAMS, gamma=0.9)
    biases = np.array([row.relative_bias for row in rows])
    np.testing.assert_allclose(biases, biases[0])
    says("07", "at every $\\lambda$ the bias is {:.0f} % of the gradient", 100 * biases[0])


def settled(lam, *, targets):
    """V of the start where the mean target equals V, by linear equations.

    A = (1 - lam P)^{-1} (r + P V - V), and targets are A + V or A alone.
    """
    world = corridor_world()
    chance = policy(world, world.theta)[:, :, None] * world.chance
    P = np.zeros((len(chance), len(chance)))
    here = np.broadcast_to(np.arange(len(chance))[:, None, None], chance.shape)
    np.add.at(P, (here, world.next_states), chance * ~world.terminated)
    r, one = (chance * world.rewards).sum(axis=(1, 2)), np.eye(len(P))
    extra = one - lam * P if targets == "A" else 0
    return np.linalg.solve(one - P + extra, r)[world.start]


def test_a_critic_trained_on_advantages_rests_below_half_of_the_truth(lesson):
    truth = state_values(corridor_world(), corridor_world().theta)[0]
    says("07", "The true value is {:.2f}", truth)
    assert settled(0.95, targets="A + V") == pytest.approx(truth)
    assert settled(1.0, targets="A") == pytest.approx(truth / 2)
    assert settled(0.95, targets="A") == pytest.approx(1.20, abs=0.005)
    assert lesson["value_of_start"](lambda A, V: A + V) == 2.63
    assert lesson["value_of_start"](lambda A, V: A) == 1.20


def test_ten_points_too_high_show_only_where_the_task_ends():
    rng = np.random.default_rng(0)
    rewards, values, following = rng.normal(size=(3, 6))
    over = np.array([NO, NO, True, NO, NO, NO])
    before = returns.td_errors(rewards, values, following, over, gamma=1.0)
    after = returns.td_errors(rewards, values + 10, following + 10, over, gamma=1.0)
    np.testing.assert_allclose(after - before, [0, 0, -10, 0, 0, 0], atol=1e-12)


# --- widgets and figures --------------------------------------------------------------------------


def test_every_knob_of_every_widget_changes_picture_and_words(lesson):
    assert [list(each.controls) for each in lesson["explorers"]] == [
        ["lam"],
        ["gamma", "lam"],
        ["critic", "batch"],
    ]
    for explorer in lesson["explorers"]:
        for control in explorer.controls.values():
            start, shown = control.value, set()
            values = getattr(control, "options", (0.0, 1.0))
            for value in values:
                control.value = value
                shown.add((explorer.image.value, explorer.words.value))
            assert len(shown) == len(values)
            control.value = start


def test_the_ladder_draws_the_weights_as_areas_and_names_the_mix():
    ax = plots.ladder([1, 2, 4], [0.5, 0.25, 0.25], lam=0.5, by_definition=2.0, step=7)
    (dots,) = ax.collections
    np.testing.assert_allclose(dots.get_sizes() / dots.get_sizes()[0], [1, 0.5, 0.5])
    words = alt_text(ax)
    assert "Their mix is +2.000; by definition it is +2.000" in words
    assert "largest jump is at n = 3" in words
    assert "half of the weight is on n up to 1" in words


def test_the_rally_reads_its_events_from_the_data():
    deltas, advantages = np.zeros(20), np.arange(20.0)
    deltas[15] = 0.5
    words = alt_text(
        plots.rally(deltas, advantages, first=100, gamma=0.9, lam=0.5, events={115: "two\nlines"})
    )
    assert "Step 115, two lines: TD error +0.50, advantage +15.00, ten steps before +5.00" in words


def test_timings_are_told_in_milliseconds():
    words = alt_text(plots.timings([10, 20], {"slow": [0.1, 0.4], "quick": [0.001, 0.002]}))
    assert "slow 100 ms to 400 ms; quick 1 ms to 2 ms" in words


def test_the_bars_of_the_mistakes_are_means_over_environments():
    states = np.array([[0, 0], [1, 1], [0, 0]])
    chosen = np.array([[1, 1], [1, 1], [0, 1]], dtype=bool)
    given = np.array([[1.0, 2.0], [5.0, 7.0], [9.0, 4.0]])
    ax = plots.mistakes({"this": given}, states, chosen, truth=0.5)
    assert [bar.get_height() for bar in ax.patches] == [2.0, 6.0]  # 1 and (2 + 4) / 2; 5 and 7
    assert "this: +2.000, +6.000" in alt_text(ax)


def test_the_error_is_the_sum_of_its_parts(lesson):
    ax = plots.error(LAMS, lesson["rows"]["perfect"], batch=20, size=2.0)
    bias, noise, total = (ax.lines[i].get_ydata() for i in range(3))
    np.testing.assert_allclose(bias + noise, total)
    assert total[0] == pytest.approx(lesson["rows"]["perfect"][0][0].variance / 20 / 4)
    assert "The best lambda has median 0.00" in alt_text(ax)


def test_the_figure_of_best_lambdas_shows_the_medians():
    ax = plots.best_lambda([1, 10], {"perfect": [[0, 0]], "untrained": [[0, 1], [0.2, 1], [0.4, 0.5]]})
    assert "perfect: 0.00, 0.00; untrained: 0.20, 1.00" in alt_text(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["perfect", "untrained (3 seeds)"]


def test_the_figure_of_favourites_counts_those_that_point_away():
    words = alt_text(plots.favourites({"these": [(0.0, -0.5), (0.0, 0.9), (1.0, 1.0)]}))
    assert "lambda 0 has the best ratio for 2 of 3 seeds" in words
    assert "away from the truth for 1" in words


# --- checks ---------------------------------------------------------------------------------------


def one_row_at_a_time(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    out, carry = np.zeros(rewards.shape, np.float32), 0
    for t in range(len(rewards) - 1, -1, -1):
        carry = np.where(terminated[t] | truncated[t], 0, carry)
        worth = np.where(terminated[t], 0, next_values[t])
        carry = rewards[t] + gamma * worth - values[t] + gamma * lam * carry
        out[t] = carry
    return out


def one_environment_at_a_time(rewards, *columns, gamma, lam):
    if rewards.ndim == 1:
        return one_row_at_a_time(rewards, *columns, gamma=gamma, lam=lam).tolist()
    each = [
        one_row_at_a_time(*(column[:, n] for column in (rewards, *columns)), gamma=gamma, lam=lam)
        for n in range(rewards.shape[1])
    ]
    return np.array(each).T.tolist()


def in_place(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    next_values[terminated] = 0
    rewards += gamma * next_values - values
    for t in range(len(rewards) - 2, -1, -1):
        rewards[t] += gamma * lam * ~(terminated | truncated)[t] * rewards[t + 1]
    return rewards


@pytest.mark.parametrize("right", [one_row_at_a_time, one_environment_at_a_time, in_place])
def test_other_right_ways_to_gae_pass(right):
    for seed in range(3):
        assert engine.examine(gae.GAE, right, seed=seed).status == "passed"


def by_matrix(deltas, ended, *, gamma, lam):
    episode = np.concatenate([[0], np.cumsum(ended)[:-1]])
    ahead = np.arange(len(deltas)) - np.arange(len(deltas))[:, None]
    seen = (ahead >= 0) & (episode == episode[:, None])
    return np.where(seen, (gamma * lam) ** np.maximum(ahead, 0), 0.0) @ deltas


def backwards(deltas, ended, *, gamma, lam):
    sums = [0.0]
    for delta, over in zip(deltas[::-1], ended[::-1], strict=True):
        sums.append(delta + gamma * lam * (not over) * sums[-1])
    return sums[:0:-1]


@pytest.mark.parametrize("right", [by_matrix, backwards])
def test_other_right_ways_to_the_definition_pass(right):
    for seed in range(3):
        assert engine.examine(gae.GAE_BY_DEFINITION, right, seed=seed).status == "passed"

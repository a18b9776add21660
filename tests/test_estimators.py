"""The estimators, judged exactly in worlds that can be listed.

Sampled numbers are held to five standard errors or to a stated share, with fixed seeds.
"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from course.critics import three_critics
from course.estimators import (
    Estimate,
    best_baseline,
    episode_gradients,
    estimate,
    policy_gradient,
    score_function,
    standard_error,
    summarise,
    weights,
)
from course.worlds import (
    action_values,
    all_episodes,
    answer_world,
    corridor_world,
    policy,
    random_walk,
    score_table,
    state_values,
    survival_world,
    true_gradient,
)
from tests.estimator_rows import batch_without_own, estimator_table, gae_rows, judged
from tests.some_worlds import CUT, WHOLE, some_theta


def rows_by_name(world, theta, **options):
    return {(row.estimator, row.critic): row for row in estimator_table(world, theta, **options)}


# --- standard error and the plain estimator -------------------------------------------------------


def test_standard_error_by_hand():
    # mean 3, squared distances 4 + 0 + 0 + 4 + 0 = 8, var 8 / 4 = 2, over 5: 0.4
    assert standard_error([1, 3, 3, 5, 3]) == pytest.approx(math.sqrt(0.4))
    assert standard_error([2, 2]) == 0


def test_standard_error_counts_points_and_ignores_the_origin():
    rewards = np.random.default_rng(0).normal(size=30)
    assert standard_error(7 - 3 * rewards) == pytest.approx(3 * standard_error(rewards))


@pytest.mark.parametrize("rewards", [[], [1], [[1, 2], [3, 4]], [1, np.inf], 5])
def test_standard_error_refuses_what_has_no_spread(rewards):
    with pytest.raises(ValueError, match="rewards"):
        standard_error(rewards)


def test_score_function_by_hand():
    np.testing.assert_allclose(score_function([0.5, 0.2, 0.3], 1), [-0.5, 0.8, -0.3])
    assert score_function([1.0], 0).tolist() == [0]
    assert score_function([0, 1, 0], 1).tolist() == [0, 0, 0]


@pytest.mark.parametrize("actions", [2, 5])
def test_score_function_is_the_slope_of_the_log_probability(actions):
    logits = np.random.default_rng(actions).normal(size=actions)
    step = 1e-6

    def log_probabilities(logits):
        return logits - np.log(np.exp(logits).sum())

    for action in range(actions):
        nudged = np.array([log_probabilities(logits + step * row)[action] for row in np.eye(actions)])
        slope = (nudged - log_probabilities(logits)[action]) / step
        got = score_function(np.exp(log_probabilities(logits)), action)
        np.testing.assert_allclose(got, slope, atol=1e-5)
        assert got.sum() == pytest.approx(0, abs=1e-12)


def test_score_function_takes_lists_and_whole_numbers_of_numpy_and_leaves_what_it_was_given():
    given = np.array([0.25, 0.75])
    for action in (1, np.int64(1), np.int32(1)):
        np.testing.assert_array_equal(score_function(given, action), score_function([0.25, 0.75], 1))
    np.testing.assert_array_equal(given, [0.25, 0.75])


@pytest.mark.parametrize(
    ("probabilities", "action", "named"),
    [
        ([0.5, 0.4], 0, "probabilities"),
        ([1.5, -0.5], 0, "probabilities"),
        ([], 0, "probabilities"),
        ([[0.5, 0.5]], 0, "probabilities"),
        ([0.5, np.nan], 0, "probabilities"),
        ([0.5, 0.5], 2, "action"),
        ([0.5, 0.5], -1, "action"),
        ([0.5, 0.5], 0.5, "action"),
    ],
)
def test_score_function_refuses_what_is_no_policy_and_no_action(probabilities, action, named):
    with pytest.raises(ValueError, match=named):
        score_function(probabilities, action)


def test_policy_gradient_by_hand():
    # (2 [1, 0] + 4 [0, 3] - 6 [1, 1]) / 3
    got = policy_gradient([[1, 0], [0, 3], [1, 1]], [2, 4, -6])
    np.testing.assert_allclose(got, [-4 / 3, 2])


def test_policy_gradient_of_a_batch_is_the_mean_of_its_episodes():
    world = answer_world()
    episodes = all_episodes(world, world.theta)
    batch = episodes.draw(batch=20, batches=1, seed=0)[0]
    scores = episode_gradients(world, world.theta, episodes, np.ones_like(episodes.rewards))
    single = episode_gradients(world, world.theta, episodes, weights("whole return", world, episodes))
    got = policy_gradient(scores[batch], episodes.returns()[batch])
    np.testing.assert_allclose(got, single[batch].mean(axis=0))


@pytest.mark.parametrize(
    ("scores", "rewards"),
    [([[1, 2]], [1, 2]), ([1, 2], [1, 2]), ([[1], [2]], [[1], [2]]), (np.ones((0, 2)), [])],
)
def test_policy_gradient_refuses_shapes_that_do_not_belong_together(scores, rewards):
    with pytest.raises(ValueError, match="score_functions"):
        policy_gradient(scores, rewards)


# --- no bias --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("seed", [0, 1])
def test_baselines_and_gae_at_one_are_unbiased_with_any_critic(name, seed):
    world = WHOLE[name]
    theta = some_theta(world, seed)
    noise = np.random.default_rng(seed).normal(0, 50, len(world.chance))
    rows = estimator_table(world, theta, {"noise": noise}, lams=[1.0])
    unbiased = [row for row in rows if "shares" not in row.estimator and "own" not in row.estimator]
    unbiased = [row for row in unbiased if row.estimator != "2-step"]
    assert len(unbiased) == 10
    for row in unbiased:
        assert row.bias < 1e-10, row
        assert row.cosine == pytest.approx(1)


@pytest.mark.parametrize("name", WHOLE)
def test_on_whole_episodes_gae_at_one_is_the_return_minus_the_critic_number_for_number(name):
    world = WHOLE[name]
    episodes = all_episodes(world, some_theta(world))
    critic = np.random.default_rng(1).normal(0, 5, len(world.chance))
    np.testing.assert_allclose(
        weights("GAE", world, episodes, critic=critic, lam=1),
        weights("reward-to-go", world, episodes, critic=critic),
        atol=1e-12,
    )


@pytest.mark.parametrize("world", [*WHOLE.values(), *CUT.values()])
@pytest.mark.parametrize("lam", [0, 0.3, 0.95, 1])
def test_with_the_true_values_gae_is_unbiased_at_every_lam(world, lam):
    theta = some_theta(world)
    (row,) = gae_rows(world, theta, {"V": state_values(world, theta)}, lams=[lam])
    assert row.bias < 1e-10


@pytest.mark.parametrize("world", CUT.values())
def test_a_cut_taken_for_an_end_is_a_bias_even_with_the_true_values(world):
    theta = some_theta(world)
    episodes, values = all_episodes(world, theta), state_values(world, theta)
    wrong = replace(
        episodes,
        terminated=episodes.terminated | episodes.truncated,
        truncated=np.zeros_like(episodes.truncated),
    )
    truth = true_gradient(world, theta)
    for lam in (0, 1):
        w = weights("GAE", world, wrong, critic=values, lam=lam)
        gradients = episode_gradients(world, theta, wrong, w)
        assert summarise(gradients, wrong.probability, truth).relative_bias > 0.02


def test_a_smaller_gamma_than_the_objectives_is_a_bias_that_lam_does_not_touch():
    world = corridor_world()
    short_sighted = state_values(world, world.theta, gamma=0.9)
    rows = gae_rows(world, world.theta, {"V": short_sighted}, lams=[0, 0.5, 1], gamma=0.9)
    np.testing.assert_allclose([row.bias for row in rows], rows[0].bias)
    assert rows[0].relative_bias > 0.3
    assert rows[0].variance < rows[1].variance < rows[2].variance


def test_a_critic_that_is_too_high_everywhere_does_no_harm_where_all_episodes_have_one_length():
    world = corridor_world()
    high = {"high": state_values(world, world.theta) + 10}
    assert max(row.bias for row in gae_rows(world, world.theta, high, lams=[0, 0.5, 1])) < 1e-10
    world = survival_world()  # here it rewards a fall, which ends the surprises
    high = {"high": state_values(world, world.theta) + 10}
    assert gae_rows(world, world.theta, high, lams=[0])[0].relative_bias > 1


# --- the batch as its own baseline ----------------------------------------------------------------


@pytest.mark.parametrize("batch", [2, 3])
def test_leave_one_out_against_every_batch_there_is(batch):
    world, theta = answer_world(length=2), np.array([0.4, -0.9])
    episodes = all_episodes(world, theta)
    scores = episode_gradients(world, theta, episodes, np.ones_like(episodes.rewards))
    returns = episodes.returns()
    out, own, chances = [], [], []
    for picked in itertools.product(range(len(returns)), repeat=batch):
        r, s = returns[list(picked)], scores[list(picked)]
        out.append(np.mean([(r[i] - np.delete(r, i).mean()) * s[i] for i in range(batch)], axis=0))
        own.append(np.mean((r - r.mean())[:, None] * s, axis=0))
        chances.append(episodes.probability[list(picked)].prod())
    out, chances = np.array(out), np.array(chances)
    np.testing.assert_allclose(own, (1 - 1 / batch) * out, atol=1e-12)
    mean, variance = batch_without_own(scores, returns, episodes.probability, batch=batch)
    np.testing.assert_allclose(mean, chances @ out)
    np.testing.assert_allclose(mean, true_gradient(world, theta))
    assert variance == pytest.approx(batch * (chances @ ((out - mean) ** 2).sum(axis=1)))


def test_the_batch_mean_with_itself_inside_shrinks_the_gradient_and_not_the_signal_to_noise():
    rows = rows_by_name(corridor_world(), corridor_world().theta, batch=5)
    out, own = rows["leave-one-out of 5", ""], rows["own mean of 5", ""]
    assert own.relative_bias == pytest.approx(1 / 5)
    assert own.variance == pytest.approx(0.8**2 * out.variance)
    assert own.snr == pytest.approx(out.snr)
    assert own.cosine == pytest.approx(1)


def test_a_large_batch_leaves_the_price_of_the_mean_return():
    world = survival_world()
    rows = rows_by_name(world, world.theta, batch=10**6)
    assert rows["leave-one-out of 1000000", ""].variance == pytest.approx(
        rows["whole return - mean return", ""].variance, rel=1e-5
    )


# --- sharing the score equally --------------------------------------------------------------------


@pytest.mark.parametrize("world", [answer_world(), corridor_world()])
def test_at_fixed_length_equal_shares_are_the_same_gradient_in_small(world):
    theta, rows = some_theta(world), rows_by_name(world, some_theta(world))
    steps = len(all_episodes(world, theta).rewards)
    whole, shared = rows["whole return", ""], rows["equal shares", ""]
    assert shared.relative_bias == pytest.approx(1 - 1 / steps)
    assert shared.variance == pytest.approx(whole.variance / steps**2)
    assert shared.snr == pytest.approx(whole.snr)
    assert shared.cosine == pytest.approx(1)


def test_where_the_score_is_the_length_equal_shares_carry_no_signal_at_all():
    world = survival_world()
    theta = some_theta(world)
    episodes = all_episodes(world, theta)
    assert len(set(episodes.lengths)) > 3
    np.testing.assert_allclose(weights("equal shares", world, episodes)[episodes.real], 1)
    row = rows_by_name(world, theta)["equal shares", ""]
    assert row.relative_bias == pytest.approx(1)
    assert (row.snr, math.isnan(row.cosine)) == (0, True)
    assert row.variance > 0


def test_shares_to_go_are_biased_unless_the_shares_are_what_was_paid():
    for world in (corridor_world(), answer_world()):
        row = rows_by_name(world, world.theta)["equal shares to go", ""]
        assert row.relative_bias > 0.1
        assert row.cosine < 0.995
    world = survival_world()
    assert rows_by_name(world, world.theta)["equal shares to go", ""].bias < 1e-12


# --- baselines ------------------------------------------------------------------------------------


def test_the_best_baseline_weighs_each_action_by_the_chance_of_the_other():
    world = corridor_world()
    theta = some_theta(world)
    chance, values = policy(world, theta), action_values(world, theta)
    swapped = (chance[:, ::-1] * values).sum(axis=1)
    np.testing.assert_allclose(best_baseline(world, theta), swapped)


@pytest.mark.parametrize("kind", ["reward-to-go", "whole return"])
@pytest.mark.parametrize("name", WHOLE)
def test_any_baseline_costs_its_weighted_squared_distance_to_the_best(name, kind):
    world = WHOLE[name]
    theta = some_theta(world)
    episodes, best = all_episodes(world, theta), best_baseline(world, theta, kind=kind)
    # the cost of a state, straight from the definition: expected squared score functions there
    scores = score_table(world, theta)[episodes.states, episodes.actions]
    counted = world.gamma ** (np.arange(len(scores)) * (kind == "reward-to-go"))
    squares = episodes.real * (counted**2)[:, None] * (scores**2).sum(axis=2)
    cost = [(episodes.probability * squares * (episodes.states == s)).sum() for s in range(len(best))]
    least = judged(world, theta, kind, critic=best).variance
    rng = np.random.default_rng(5)
    for table in (state_values(world, theta), *rng.normal(3, 3, (5, len(best)))):
        expected = least + cost @ (table - best) ** 2
        assert judged(world, theta, kind, critic=table).variance == pytest.approx(expected)
    constant = best_baseline(world, theta, kind=kind, by_state=False)
    assert constant[0] == pytest.approx(np.average(best, weights=cost))
    assert len(set(constant)) == 1


def test_v_lowers_the_variance_is_not_the_best_and_a_bad_baseline_raises_it():
    for world in (corridor_world(), survival_world()):
        values = state_values(world, world.theta)
        none, v, best, upside_down, too_high = (
            judged(world, world.theta, "reward-to-go", critic=table).variance
            for table in (
                0 * values,
                values,
                best_baseline(world, world.theta),
                -values,
                3 * values,
            )
        )
        assert best < 0.999 * v < v < none < min(upside_down, too_high)


def test_reward_to_go_is_not_always_the_quieter_choice():
    rows = rows_by_name(survival_world(), survival_world().theta)
    assert rows["reward-to-go", ""].variance < rows["whole return", ""].variance
    # with a constant taken away from both, the order turns round in this world
    whole, to_go = (
        rows["whole return - best constant", ""],
        rows["reward-to-go - best constant", ""],
    )
    assert whole.variance < 0.5 * to_go.variance


# --- how far to look ------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [1, 0.7])
def test_lam_and_n_meet_at_their_ends(gamma):
    world = replace(survival_world(), gamma=gamma)
    episodes = all_episodes(world, world.theta)
    critic = np.random.default_rng(0).normal(size=len(world.chance))
    for lam, n in ((0, 1), (1, 6), (1, 60)):
        np.testing.assert_allclose(
            weights("GAE", world, episodes, critic=critic, lam=lam),
            weights("n-step", world, episodes, critic=critic, n=n),
            atol=1e-12,
        )


def test_weights_by_hand_on_one_cut_episode():
    world = replace(random_walk(time_limit=2), gamma=0.5)
    episodes = all_episodes(world, np.zeros(5))
    (column,) = np.flatnonzero((episodes.actions == 1).all(axis=0))  # C to D to E, then cut
    critic = np.array([0, 0, 4, 8, 40])
    # delta = [0 + 4 - 4, 0 + 20 - 8] = [0, 12]; A = [0 + .5 lam 12, 12], and step 1 counts one half
    got = weights("GAE", world, episodes, critic=critic, lam=0.5)[:, column]
    np.testing.assert_allclose(got, [3, 6])
    # without a bootstrap nothing came: G = [0, 0]
    got = weights("reward-to-go", world, episodes, critic=critic)[:, column]
    np.testing.assert_allclose(got, [-4, -4])


def test_with_the_true_values_looking_further_only_adds_noise_in_the_corridor():
    world = corridor_world()
    values = {"V": state_values(world, world.theta)}
    rows = gae_rows(world, world.theta, values, lams=np.linspace(0, 1, 11))
    assert (np.diff([row.variance for row in rows]) > 0).all()


def test_with_a_half_trained_critic_the_best_lam_grows_with_the_batch():
    world, lams = corridor_world(), np.linspace(0, 1, 21)
    for seed in range(3):
        critics = {"half": three_critics(world, world.theta, seed=seed)["half-trained"]}
        rows = gae_rows(world, world.theta, critics, lams=lams)
        small, large = (lams[np.argmin([row.error(b) for row in rows])] for b in (1, 10_000))
        assert small < 0.5 < large
        assert rows[-1].bias < 1e-10 < rows[0].bias


def test_what_stands_after_an_end_does_not_leak_back():
    world = survival_world()
    theta = some_theta(world)
    clean = all_episodes(world, theta)
    rng = np.random.default_rng(0)

    def soiled(rows, highest):
        return np.where(clean.real, rows, rng.integers(1, highest, rows.shape))

    dirty = replace(
        clean,
        states=soiled(clean.states, len(world.chance)),
        actions=soiled(clean.actions, 2),
        next_states=soiled(clean.next_states, len(world.chance)),
    )
    critic = rng.normal(size=len(world.chance))
    for options in (
        {"kind": "GAE", "lam": 0.7},
        {"kind": "n-step", "n": 3},
        {"kind": "reward-to-go"},
    ):
        kind = options.pop("kind")
        was = weights(kind, world, clean, critic=critic, **options)
        now = weights(kind, world, dirty, critic=critic, **options)
        assert not was[~clean.real].any()
        np.testing.assert_array_equal(now, was)
        np.testing.assert_array_equal(
            episode_gradients(world, theta, dirty, now + ~clean.real),
            episode_gradients(world, theta, clean, was),
        )


# --- samples --------------------------------------------------------------------------------------


def test_one_more_digit_costs_a_hundred_times_the_batch():
    episodes = all_episodes(answer_world(), [0, 0])
    returns, spread = episodes.returns(), []
    for batch, batches in ((20, 4_000), (2_000, 1_000)):
        means = returns[episodes.draw(batch=batch, batches=batches, seed=6)].mean(axis=1)
        spread.append(means.std(ddof=1))
    exact = math.sqrt(episodes.probability @ (returns - 4.5) ** 2)
    assert spread[0] == pytest.approx(exact / math.sqrt(20), rel=0.05)
    assert spread[0] / spread[1] == pytest.approx(10, rel=0.1)


def test_more_than_half_of_the_batches_of_twenty_see_no_jackpot_and_point_the_wrong_way():
    world = answer_world()
    episodes, truth = all_episodes(world, world.theta), true_gradient(world, world.theta)
    returns, number = episodes.returns(), 5_000
    w = weights("whole return", world, episodes)
    picked = episodes.draw(batch=20, batches=number, seed=7)
    gradients = episode_gradients(world, world.theta, episodes, w)[picked].mean(axis=1)
    empty = (returns[picked] < 100).all(axis=1)
    chance = 0.97**20
    error = math.sqrt(chance * (1 - chance) / number)
    assert abs(empty.mean() - chance) < 5 * error
    assert (gradients[empty] @ truth < 0).mean() > 0.98
    # and yet the mean over all batches is right
    sem = gradients.std(axis=0, ddof=1) / math.sqrt(number)
    assert (abs(gradients.mean(axis=0) - truth) < 5 * sem).all()


def test_the_variance_of_a_batch_is_the_episodes_variance_over_its_size():
    world = survival_world()
    episodes = all_episodes(world, world.theta)
    w = weights("reward-to-go", world, episodes, critic=state_values(world, world.theta))
    gradients = episode_gradients(world, world.theta, episodes, w)
    row = summarise(gradients, episodes.probability, true_gradient(world, world.theta))
    batches = gradients[episodes.draw(batch=20, batches=5_000, seed=8)].mean(axis=1)
    assert batches.var(axis=0, ddof=1).sum() == pytest.approx(row.variance / 20, rel=0.1)
    distance = ((batches - true_gradient(world, world.theta)) ** 2).sum(axis=1)
    sem = distance.std(ddof=1) / math.sqrt(len(distance))
    assert abs(distance.mean() - row.error(20)) < 5 * sem


# --- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", [*WHOLE.values(), *CUT.values()])
def test_estimate_is_the_listing_the_weighing_the_gradients_and_the_comparison(world):
    theta = some_theta(world)
    critic = np.random.default_rng(2).normal(size=len(world.chance))

    def step_weights(episodes):
        return weights("GAE", world, episodes, critic=critic, lam=0.6)

    episodes = all_episodes(world, theta)
    gradients = episode_gradients(world, theta, episodes, step_weights(episodes))
    mean = episodes.probability @ gradients

    got = estimate(world, theta, step_weights, estimator="a", critic="b")
    assert (got.estimator, got.critic) == ("a", "b")
    assert got.bias == pytest.approx(np.linalg.norm(mean - true_gradient(world, theta)))
    assert got.variance == pytest.approx(episodes.probability @ ((gradients - mean) ** 2).sum(axis=1))


def test_a_row_by_hand():
    # two equally likely estimates of [1, 0]: mean [2, 1], each one off by [1, 0]
    got = summarise(
        np.array([[1, 1], [3, 1.0]]), np.array([0.5, 0.5]), np.array([1, 0]), estimator="e", critic="c"
    )
    expected = Estimate(
        estimator="e",
        critic="c",
        bias=math.sqrt(2),
        relative_bias=math.sqrt(2),
        variance=1.0,
        snr=5.0,
        cosine=2 / math.sqrt(5),
    )
    assert got.__dict__ == pytest.approx(expected.__dict__)
    assert got.error(4) == pytest.approx(2 + 1 / 4)


def test_the_table_holds_every_estimator_once_for_each_critic():
    world = answer_world()
    rows = estimator_table(world, world.theta, lams=[0, 1], looks=[2, 3])
    names = [(row.estimator, row.critic) for row in rows]
    assert len(set(names)) == len(names) == 4 + 5 + 2 + 3 * (1 + 2 + 2)
    assert all(math.isfinite(row.variance) and row.variance > 0 for row in rows)


def test_estimators_refuse_what_does_not_fit():
    world = answer_world()
    episodes = all_episodes(world, world.theta)
    with pytest.raises(ValueError, match="did you mean 'whole return'"):
        weights("whole returns", world, episodes)
    with pytest.raises(ValueError, match="critic"):
        weights("GAE", world, episodes, critic=[1, 2])
    with pytest.raises(ValueError, match="lam"):
        weights("GAE", world, episodes, lam=2)
    with pytest.raises(ValueError, match="step_weights"):
        episode_gradients(world, world.theta, episodes, np.ones((2, 2)))
    with pytest.raises(ValueError, match="kind"):
        best_baseline(world, world.theta, kind="GAE")
    with pytest.raises(ValueError, match="lam is not for kind 'reward-to-go'"):
        weights("reward-to-go", world, episodes, lam=0.5)
    with pytest.raises(ValueError, match="n is not for kind 'GAE'"):
        weights("GAE", world, episodes, n=2)
    with pytest.raises(ValueError, match="step_weights"):
        estimate(world, world.theta, lambda all_of_them: np.ones((2, 2)))

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from course.returns import (
    advantage_function,
    explained_variance,
    gae,
    gae_by_definition,
    group_advantages,
    leave_one_out,
    n_step_advantages,
    reward_to_go,
    spread_evenly,
    td_errors,
    td_update,
)

FLAGS = ("terminated", "truncated")
STEADY = settings(max_examples=60, deadline=None, derandomize=True)
rates = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
seeds = st.integers(0, 2**32 - 1)


def rollout(seed, shape=(12,), *, p_end=0.2):
    """Random steps of a critic that is consistent: inside an episode V(s_{t+1}) is the next row's value."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape)
    terminated, truncated = rng.random(shape) < p_end, rng.random(shape) < p_end
    beyond = rng.normal(size=shape)  # where the episode ends, the state reached is in no other row
    next_values = np.where(terminated | truncated, beyond, np.roll(values, -1, axis=0))
    next_values[-1] = beyond[-1]
    return {
        "rewards": rng.normal(size=shape),
        "values": values,
        "next_values": next_values,
        "terminated": terminated,
        "truncated": truncated,
    }


def slow_gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """Equation 16 of the paper for one column, as it stands: a sum for every row, none of them shared."""
    advantages = []
    for t in range(len(rewards)):
        total, weight = 0.0, 1.0
        for k in range(t, len(rewards)):
            worth = 0.0 if terminated[k] else next_values[k]
            total += weight * (rewards[k] + gamma * worth - values[k])
            if terminated[k] or truncated[k]:
                break
            weight *= gamma * lam
        advantages.append(total)
    return np.array(advantages)


def slow_n_steps(rewards, values, next_values, terminated, truncated, *, gamma, n):
    """Rewards, then the critic, for one column: no TD error anywhere. Needs a consistent critic."""
    advantages = []
    for t in range(len(rewards)):
        total, discount = -values[t], 1.0
        for k in range(t, min(t + n, len(rewards))):
            total += discount * rewards[k]
            discount *= gamma
            if terminated[k] or truncated[k]:
                break
        advantages.append(total + (0.0 if terminated[k] else discount * next_values[k]))
    return np.array(advantages)


def column(steps, n):
    return {name: array[:, n] for name, array in steps.items()}


# Sharing a score, and the way back


def test_spread_evenly_by_hand():
    np.testing.assert_array_equal(spread_evenly(6, 3), [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(spread_evenly(-5.0, 1), [-5.0])
    assert spread_evenly(7, 2).dtype == np.float64


@STEADY
@given(score=st.floats(-1e9, 1e9), length=st.integers(1, 500))
def test_what_is_spread_sums_to_the_score_in_equal_parts(score, length):
    shares = spread_evenly(score, length)
    assert shares.shape == (length,)
    assert np.ptp(shares) == 0
    np.testing.assert_allclose(shares.sum(), score, rtol=1e-12, atol=1e-300)


def test_reward_to_go_by_hand():
    # from the back: 4, 0 + .5 * 4 = 2, 1 + .5 * 2 = 2
    np.testing.assert_array_equal(reward_to_go([1, 0, 4], gamma=0.5), [2.0, 2.0, 4.0])
    np.testing.assert_array_equal(reward_to_go([3], gamma=0.9), [3.0])


def test_reward_to_go_by_definition():
    rewards, gamma = np.random.default_rng(0).normal(size=(9, 3)), 0.8
    for n in range(3):
        expected = [sum(gamma ** (k - t) * rewards[k, n] for k in range(t, 9)) for t in range(9)]
        np.testing.assert_allclose(reward_to_go(rewards, gamma=gamma)[:, n], expected)


def test_reward_to_go_at_the_limits_of_gamma():
    rewards = np.random.default_rng(1).normal(size=30)
    np.testing.assert_array_equal(reward_to_go(rewards, gamma=0), rewards)
    np.testing.assert_allclose(reward_to_go(rewards, gamma=1), rewards.sum() - np.cumsum(rewards) + rewards)


def test_reward_to_go_does_not_see_the_past():
    rewards = np.random.default_rng(2).normal(size=10)
    before = reward_to_go(rewards, gamma=0.9)
    rewards[:4] += 50.0
    np.testing.assert_array_equal(reward_to_go(rewards, gamma=0.9)[4:], before[4:])


# Groups


def test_group_advantages_by_hand():
    # mean 4, deviations -3, -3, 1, 5, of which the mean square is 44 / 4 = 11
    got = group_advantages([1, 1, 5, 9])
    np.testing.assert_allclose(got, np.array([-3, -3, 1, 5]) / np.sqrt(11))


def test_a_group_that_scored_alike_says_nothing():
    for alike in (0.0, 0.1, -7e8):
        np.testing.assert_array_equal(group_advantages([alike] * 7), np.zeros(7))


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_the_unit_and_the_origin_of_scores_do_not_matter_to_a_group(unit):
    scores = np.random.default_rng(5).normal(size=20)
    np.testing.assert_allclose(group_advantages(unit * (scores + 3)), group_advantages(scores))


def test_group_advantages_are_leave_one_out_in_other_units():
    scores = np.random.default_rng(6).normal(size=8)
    np.testing.assert_allclose(group_advantages(scores) * scores.std() * 8 / 7, leave_one_out(scores))


@pytest.mark.parametrize("scores", [[], [3.0], 3.0, [[1.0, 2.0]], [1.0, np.nan]], ids=str)
def test_what_is_no_group_is_refused(scores):
    with pytest.raises(ValueError, match="scores must"):
        group_advantages(scores)


# TD errors


def test_td_errors_by_hand():
    # 1 + .5 * 4 - 2 = 1;  1 + .5 * 0 - 2 = -1 (the 99 is beyond the end);  0 + .5 * 6 - 1 = 2
    got = td_errors([1, 1, 0], [2, 2, 1], [4, 99, 6], [False, True, False], gamma=0.5)
    np.testing.assert_array_equal(got, [1.0, -1.0, 2.0])


def test_td_errors_by_definition_in_every_environment():
    steps, gamma = rollout(3, (7, 4)), 0.9
    del steps["truncated"]
    got = td_errors(**steps, gamma=gamma)
    for t, n in np.ndindex(7, 4):
        r, v, w, end = (array[t, n] for array in steps.values())
        assert got[t, n] == pytest.approx(r - v if end else r + gamma * w - v)


def test_td_errors_at_gamma_0_are_reward_minus_value():
    steps = rollout(4)
    got = td_errors(steps["rewards"], steps["values"], steps["next_values"], steps["terminated"], gamma=0)
    np.testing.assert_array_equal(got, steps["rewards"] - steps["values"])


@STEADY
@given(seed=seeds, gamma=rates, length=st.integers(1, 30))
def test_discounted_td_errors_of_an_episode_telescope_to_its_return_minus_the_first_value(
    seed, gamma, length
):
    steps = rollout(seed, (length,), p_end=0.0)
    steps["terminated"][-1] = True
    del steps["truncated"]
    discount = gamma ** np.arange(length)
    surprise = discount @ td_errors(**steps, gamma=gamma)
    assert surprise == pytest.approx(discount @ steps["rewards"] - steps["values"][0], abs=1e-9)


def test_a_critic_that_knows_the_returns_is_never_surprised():
    rewards = np.random.default_rng(5).normal(size=20)
    values = reward_to_go(rewards, gamma=0.9)
    ends = np.arange(20) == 19
    deltas = td_errors(rewards, values, np.append(values[1:], 99.0), ends, gamma=0.9)
    np.testing.assert_allclose(deltas, 0, atol=1e-14)


def test_at_gamma_1_a_critic_that_is_off_by_a_constant_is_surprised_at_the_end_only():
    steps = rollout(6, p_end=0.0)
    steps["terminated"][-1] = True
    del steps["truncated"]
    before = td_errors(**steps, gamma=1)
    for name in ("values", "next_values"):
        steps[name] = steps[name] + 100.0
    expected = before - 100.0 * (np.arange(12) == 11)
    np.testing.assert_allclose(td_errors(**steps, gamma=1), expected, atol=1e-12)


# TD(0) on a table


def test_td_update_by_hand():
    # delta = 1 + .5 * 4 - 0 = 3; V(0) = 0 + .5 * 3 = 1.5
    np.testing.assert_array_equal(td_update([0, 4], 0, 1, 1, False, gamma=0.5, lr=0.5), [1.5, 4.0])
    # the next state counts as 0: delta = 1 - 2 = -1
    np.testing.assert_array_equal(td_update([2, 4], 0, 1, 1, True, gamma=0.5, lr=1.0), [1.0, 4.0])
    # a state that follows itself: delta = 1 + .5 * 2 - 2 = 0
    np.testing.assert_array_equal(td_update([2.0], 0, 1, 0, False, gamma=0.5, lr=1.0), [2.0])


def test_td_update_gives_a_new_float_table_and_leaves_the_old_one():
    for table in (np.array([1, 2, 3]), np.array([1.0, 2.0, 3.0])):
        before = table.copy()
        new = td_update(table, 1, 0.25, 2, False, gamma=1, lr=1)
        assert new.dtype == np.float64
        assert not np.shares_memory(new, table)
        np.testing.assert_array_equal(table, before)
        np.testing.assert_array_equal(new, [1, 3.25, 3])


def test_td_update_at_the_limits_of_lr():
    table = np.random.default_rng(7).normal(size=5)
    np.testing.assert_array_equal(td_update(table, 2, 9.0, 4, False, gamma=0.9, lr=0), table)
    moved = td_update(table, 2, 9.0, 4, False, gamma=0.9, lr=1)
    assert moved[2] == pytest.approx(9.0 + 0.9 * table[4])


def test_td_update_takes_any_whole_number_as_a_state():
    # A row that was accepted must be usable: a state read from a float array is 1.0.
    for state in (1, np.int64(1), 1.0, np.float64(1)):
        np.testing.assert_array_equal(td_update([0, 2], state, 3, 0, True, gamma=1, lr=1), [0, 3])


# Advantages


def test_gae_by_hand():
    # delta = [1 + .5*4 - 2, 3 - 4] = [1, -1];  A = [1 + .5*.5*(-1), -1]
    got = gae([1, 3], [2, 4], [4, 99], [0, 1], [0, 0], gamma=0.5, lam=0.5)
    np.testing.assert_allclose(got, [0.75, -1.0])


def test_gae_by_hand_where_a_time_limit_cuts():
    # delta = [1 + .5*4 - 2, 3 + .5*8 - 4, 0 + .5*2 - 6] = [1, 3, -5]; row 1 is cut, its next value counts;
    # A = [1 + .5*3, 3, -5]
    got = gae([1, 3, 0], [2, 4, 6], [4, 8, 2], [0, 0, 0], [0, 1, 0], gamma=0.5, lam=1)
    np.testing.assert_allclose(got, [2.5, 3.0, -5.0])


@STEADY
@given(
    seed=seeds,
    length=st.integers(1, 40),
    width=st.sampled_from([1, 2, 47, 48, 64]),  # from 48 on the other path is taken
    p_end=st.sampled_from([0.0, 0.1, 0.6]),
    gamma=rates,
    lam=rates,
)
def test_gae_is_its_definition_for_any_flags(seed, length, width, p_end, gamma, lam):
    steps = rollout(seed, (length, width), p_end=p_end)
    got = gae(**steps, gamma=gamma, lam=lam)
    for n in {0, width - 1}:
        expected = slow_gae(**column(steps, n), gamma=gamma, lam=lam)
        np.testing.assert_allclose(got[:, n], expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(
            gae(**column(steps, n), gamma=gamma, lam=lam), expected, rtol=1e-9, atol=1e-9
        )


@STEADY
@given(seed=seeds, gamma=rates, lam=rates, p_end=st.sampled_from([0.0, 0.3]))
def test_gae_by_definition_agrees_with_a_loop_that_knows_no_deltas(seed, gamma, lam, p_end):
    steps = rollout(seed, p_end=p_end)
    worth = np.where(steps["terminated"], 0, steps["next_values"])
    deltas = steps["rewards"] + gamma * worth - steps["values"]
    got = gae_by_definition(deltas, steps["terminated"] | steps["truncated"], gamma=gamma, lam=lam)
    np.testing.assert_allclose(got, slow_gae(**steps, gamma=gamma, lam=lam), rtol=1e-9, atol=1e-12)


def test_gae_by_definition_by_hand():
    # decay .5; row 1 ended and counts: 1 + .5*2 = 2;  2;  4 + .5*8 = 8;  8
    got = gae_by_definition([1, 2, 4, 8], [0, 1, 0, 0], gamma=1, lam=0.5)
    np.testing.assert_array_equal(got, [2.0, 2.0, 8.0, 8.0])


def test_gae_at_lam_0_is_the_td_error():
    steps = rollout(8, (20, 3))
    deltas = td_errors(
        steps["rewards"], steps["values"], steps["next_values"], steps["terminated"], gamma=0.9
    )
    np.testing.assert_allclose(gae(**steps, gamma=0.9, lam=0), deltas)


def test_gae_at_lam_1_is_the_return_minus_the_value():
    steps = rollout(9, p_end=0.0)
    steps["terminated"][-1] = True
    expected = reward_to_go(steps["rewards"], gamma=0.9) - steps["values"]
    np.testing.assert_allclose(gae(**steps, gamma=0.9, lam=1), expected)


def test_gae_at_lam_1_adds_the_value_where_it_was_cut():
    steps = rollout(10, p_end=0.0)
    for flag in (False, True):  # whether the last row carries the flag makes no difference
        steps["truncated"][-1] = flag
        rewards = np.append(steps["rewards"], steps["next_values"][-1])
        expected = reward_to_go(rewards, gamma=0.9)[:-1] - steps["values"]
        np.testing.assert_allclose(gae(**steps, gamma=0.9, lam=1), expected)


def test_gae_mixes_the_n_step_advantages_with_weights_that_decay_by_lam():
    # (1 - lam) sum of lam^(n-1) A^(n); from n = T on all A^(n) are equal and share what weight is left
    steps, lam = rollout(11), 0.7
    length = len(steps["rewards"])
    mix = lam ** (length - 1) * slow_n_steps(**steps, gamma=0.9, n=length)
    for n in range(1, length):
        mix += (1 - lam) * lam ** (n - 1) * slow_n_steps(**steps, gamma=0.9, n=n)
    np.testing.assert_allclose(gae(**steps, gamma=0.9, lam=lam), mix)


def test_gae_of_one_row_is_its_td_error():
    got = gae([2.0], [1.0], [10.0], [False], [False], gamma=0.5, lam=0.9)
    np.testing.assert_allclose(got, [2 + 0.5 * 10 - 1])


@pytest.mark.parametrize("flag", FLAGS)
def test_what_follows_an_ending_does_not_leak_back(flag):
    steps = rollout(12, p_end=0.0)
    steps[flag][5] = True
    before = gae(**steps, gamma=0.9, lam=0.9)
    for name in ("rewards", "values", "next_values"):
        steps[name][6:] += 100.0
    after = gae(**steps, gamma=0.9, lam=0.9)
    np.testing.assert_array_equal(after[:6], before[:6])
    assert np.abs(after[6:] - before[6:]).min() > 1


def test_what_lies_beyond_a_terminal_state_does_not_matter_and_beyond_a_time_limit_it_does():
    steps = rollout(13, p_end=0.0)
    steps["terminated"][3] = steps["truncated"][8] = True
    before = gae(**steps, gamma=0.9, lam=0.9)
    steps["next_values"][3] = 1e6
    np.testing.assert_array_equal(gae(**steps, gamma=0.9, lam=0.9), before)
    steps["next_values"][8] += 10.0
    # 10 points later, discounted once by gamma, then by gamma lam for each row further back
    expected = before.copy()
    expected[4:9] += 9.0 * 0.81 ** np.arange(4, -1, -1)
    np.testing.assert_allclose(gae(**steps, gamma=0.9, lam=0.9), expected)


def test_where_both_flags_stand_terminated_wins():
    steps = rollout(14)
    steps["terminated"][4] = True
    alone, both = dict(steps), dict(steps)
    alone["truncated"], both["truncated"] = np.zeros(12, bool), steps["terminated"].copy()
    np.testing.assert_array_equal(gae(**both, gamma=0.9, lam=0.8), gae(**alone, gamma=0.9, lam=0.8))


def test_the_last_row_is_not_special():
    # Row k knows of what comes after it only by next_values: cutting the array there changes nothing for
    # it, and for the rows before it only what flowed through it.
    steps = rollout(15, (30, 2))
    for k in range(1, 30):
        cut = {name: array[:k] for name, array in steps.items()}
        flagged = {**steps, "truncated": steps["truncated"].copy()}
        flagged["truncated"][k - 1] = True
        np.testing.assert_allclose(
            gae(**cut, gamma=0.9, lam=0.9), gae(**flagged, gamma=0.9, lam=0.9)[:k], atol=1e-12
        )


@pytest.mark.parametrize("width", [3, 50])
def test_environments_do_not_mix(width):
    steps = rollout(16, (15, width))
    before = gae(**steps, gamma=0.9, lam=0.9)
    order = np.random.default_rng(0).permutation(width)
    shuffled = {name: array[:, order] for name, array in steps.items()}
    np.testing.assert_array_equal(gae(**shuffled, gamma=0.9, lam=0.9), before[:, order])
    for name in ("rewards", "values", "next_values"):
        steps[name][:, 1] += 100.0
    steps["terminated"][:, 1] ^= True
    after = gae(**steps, gamma=0.9, lam=0.9)
    np.testing.assert_array_equal(np.delete(after, 1, axis=1), np.delete(before, 1, axis=1))


def test_points_have_no_natural_unit():
    steps = rollout(17)
    before = gae(**steps, gamma=0.9, lam=0.9)
    for name in ("rewards", "values", "next_values"):
        steps[name] = steps[name] * -250.0
    np.testing.assert_allclose(gae(**steps, gamma=0.9, lam=0.9), -250 * before)


def test_n_step_advantages_by_hand():
    # n = 2: 1 + .5*2 + .25*8 - 3 = 1;  2 + .5*4 - 5 = -1 (row 2 ends);  4 - 8 = -4
    steps = ([1, 2, 4], [3, 5, 8], [5, 8, 99], [0, 0, 1], [0, 0, 0])
    np.testing.assert_allclose(n_step_advantages(*steps, gamma=0.5, n=2), [1.0, -1.0, -4.0])


@STEADY
@given(seed=seeds, gamma=rates, n=st.integers(1, 20), p_end=st.sampled_from([0.0, 0.1, 0.5]))
def test_n_step_advantages_are_rewards_and_then_the_critic(seed, gamma, n, p_end):
    steps = rollout(seed, (12, 3), p_end=p_end)
    got = n_step_advantages(**steps, gamma=gamma, n=n)
    for i in range(3):
        expected = slow_n_steps(**column(steps, i), gamma=gamma, n=n)
        np.testing.assert_allclose(got[:, i], expected, rtol=1e-9, atol=1e-9)


def test_n_step_advantages_at_the_limits_of_n():
    steps = rollout(18, (12, 2))
    np.testing.assert_allclose(n_step_advantages(**steps, gamma=0.9, n=1), gae(**steps, gamma=0.9, lam=0))
    for n in (12, 10**12):
        np.testing.assert_allclose(n_step_advantages(**steps, gamma=0.9, n=n), gae(**steps, gamma=0.9, lam=1))


# Explained variance


def test_advantages_by_hand():
    np.testing.assert_allclose(advantage_function([10, 20], [0.5, 0.5]), [-5, 5])
    np.testing.assert_allclose(advantage_function([10, 20], [0.1, 0.9]), [-9, 1])
    np.testing.assert_allclose(
        advantage_function([[10, 20], [8, 0]], [[0.5, 0.5], [0.25, 0.75]]), [[-5, 5], [6, -2]]
    )


@pytest.mark.parametrize("seed", range(20))
def test_advantages_average_to_zero_in_each_state_and_forget_what_the_state_is_worth(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 7, size=2)
    q = rng.normal(0, 1e6, size=shape)
    chance = rng.dirichlet(np.ones(shape[1]), size=shape[0])
    got = advantage_function(q, chance)
    np.testing.assert_allclose((chance * got).sum(axis=1), 0, atol=1e-6)
    worth = rng.normal(0, 1e6, size=(shape[0], 1))
    np.testing.assert_allclose(advantage_function(q + worth, chance), got, atol=1e-6)
    for state in range(shape[0]):
        np.testing.assert_allclose(advantage_function(q[state], chance[state]), got[state])


def test_a_policy_that_is_sure_finds_its_own_action_as_usual():
    np.testing.assert_array_equal(advantage_function([3, 7], [1, 0]), [0, 4])


@pytest.mark.parametrize(
    ("values", "chance", "said"),
    [
        ([1, 2, 3], [0.5, 0.5], "all must have one shape, got action_values (3,), probabilities (2,)"),
        ([[1, 2]], [0.5, 0.5], "all must have one shape, got action_values (1, 2), probabilities (2,)"),
        ([[[1]]], [[[1]]], "action_values must have shape [A] or [S, A], not empty, got (1, 1, 1)"),
        ([], [], "action_values must have shape [A] or [S, A], not empty, got (0,)"),
        ([1, 2], [0.5, 0.6], "probabilities must be at least 0 and sum to 1 in each state"),
        ([[1, 2], [3, 4]], [[1, 0], [1, 1]], "probabilities must be at least 0 and sum to 1 in each state"),
        ([1, 2], [-0.5, 1.5], "probabilities must be at least 0 and sum to 1 in each state"),
        ([1, np.nan], [0.5, 0.5], "action_values must be finite, got nan at 1"),
        ([1, 2], [np.inf, 0], "probabilities must be finite, got inf at 0"),
    ],
)
def test_advantages_of_nonsense_are_refused(values, chance, said):
    with pytest.raises(ValueError) as refused:
        advantage_function(values, chance)
    assert str(refused.value) == said


@pytest.mark.parametrize("seed", range(20))
def test_leave_one_out_is_each_reward_less_the_mean_of_the_others(seed):
    rng = np.random.default_rng(seed)
    rewards = rng.normal(5e8, 4e7, size=rng.integers(2, 30))
    one_by_one = [each - np.delete(rewards, i).mean() for i, each in enumerate(rewards)]
    got = leave_one_out(rewards)
    np.testing.assert_allclose(got, one_by_one, atol=1e-5)
    n = len(rewards)
    np.testing.assert_allclose((1 - 1 / n) * got, rewards - rewards.mean(), atol=1e-5)
    assert got.sum() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("rewards", "said"),
    [
        ([4], "rewards must have shape [n] with n >= 2, got (1,)"),
        ([], "rewards must have shape [n] with n >= 2, got (0,)"),
        ([[1, 2], [3, 4]], "rewards must have shape [n] with n >= 2, got (2, 2)"),
        (5, "rewards must have shape [n] with n >= 2, got ()"),
        ([1, np.nan], "rewards must be finite, got nan at 1"),
    ],
)
def test_a_batch_without_others_is_refused(rewards, said):
    with pytest.raises(ValueError) as refused:
        leave_one_out(rewards)
    assert str(refused.value) == said


def test_explained_variance_by_hand():
    # what is left, [1, 3], has variance 1; the targets, [1, 5], have 4
    assert explained_variance([0, 2], [1, 5]) == pytest.approx(0.75)
    # what is left, [4, -4], has variance 16, four times that of the targets, [2, -2]
    assert explained_variance([-2, 2], [2, -2]) == pytest.approx(-3)


def test_explained_variance_at_its_limits():
    targets = np.random.default_rng(20).normal(size=(5, 4))
    assert explained_variance(targets, targets) == 1
    assert explained_variance(np.full((5, 4), 9.0), targets) == pytest.approx(0)
    for constant in ([3, 3, 3], [0.1] * 7, [123456789.1] * 7, [5]):
        assert np.isnan(explained_variance(np.arange(len(constant)), constant))


def test_explained_variance_does_not_change_with_order_offset_or_unit():
    rng = np.random.default_rng(21)
    values, targets, order = rng.normal(size=30), rng.normal(size=30), rng.permutation(30)
    before = explained_variance(values, targets)
    assert explained_variance(values[order], targets[order]) == pytest.approx(before)
    assert explained_variance(values + 100, targets) == pytest.approx(before)
    assert explained_variance(-7 * values, -7 * targets) == pytest.approx(before)
    assert explained_variance(values.reshape(5, 6), targets.reshape(5, 6)) == pytest.approx(before)


# Long arrays, and those that a weaker loop would spoil


@STEADY
@given(seed=seeds, length=st.integers(1, 130), width=st.sampled_from([None, 1, 3, 64]))
def test_gae_of_any_shape_is_the_definition_column_by_column(seed, length, width):
    steps = rollout(seed, length if width is None else (length, width), p_end=0.1)
    got = gae(**steps, gamma=0.9, lam=0.8)
    deltas = td_errors(**{name: steps[name] for name in steps if name != "truncated"}, gamma=0.9)
    ended = steps["terminated"] | steps["truncated"]
    columns = [()] if width is None else [(slice(None), i) for i in range(width)]
    for at in columns:
        expected = gae_by_definition(deltas[at], ended[at], gamma=0.9, lam=0.8)
        np.testing.assert_allclose(got[at], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(5000,), (5000, 3)], ids=str)
def test_sums_over_a_long_time_lose_nothing(shape):
    # 1 + 1 + ... without decay: row t counts the rows from t on, exactly
    nothing, never = np.zeros(shape), np.zeros(shape, bool)
    expected = np.broadcast_to(np.arange(5000, 0, -1).reshape(-1, *[1] * (len(shape) - 1)), shape)
    np.testing.assert_array_equal(reward_to_go(np.ones(shape), gamma=1), expected)
    got = gae(np.ones(shape), nothing, nothing, never, never, gamma=1, lam=1)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("f", [gae, reward_to_go, n_step_advantages, td_errors], ids=lambda f: f.__name__)
def test_what_is_given_is_never_changed(f):
    given = {name: np.array(array) for name, array in BY_FUNCTION[f].items() if isinstance(array, list)}
    before = {name: array.copy() for name, array in given.items()}
    f(**{**BY_FUNCTION[f], **{name: given[name].astype(float) for name in given}})
    f(**{**BY_FUNCTION[f], **given})
    for name, array in given.items():
        np.testing.assert_array_equal(array, before[name])


# With a real vector environment: rows as the docstring of the module says


LIMIT, STEPS, ENVS = 14, 60, 3


def cartpole():
    return gym.make("CartPole-v1", max_episode_steps=LIMIT)


def critic(obs):
    return np.tanh(obs @ np.array([0.3, 1.0, 4.0, 1.5])) * 5.0 + 1.0


def pushes(i):
    """What environment i does at each of its steps: it mostly pushes one way, and so falls soon."""
    rng = np.random.default_rng(100 + i)
    return np.where(rng.random(STEPS) < 0.3, rng.integers(0, 2, STEPS), np.arange(STEPS) // 25 % 2)


def one_by_one(i, *, count):
    """Advantages of `count` steps in environment i alone, episode by episode, from the definition."""
    env, advantages, endings = cartpole(), [], []
    obs, _ = env.reset(seed=i)
    steps = {name: [] for name in ("rewards", "values", "next_values", *FLAGS)}
    for t in range(count):
        reached, reward, terminated, truncated, _ = env.step(int(pushes(i)[t]))
        row = (reward, critic(obs), critic(reached), terminated, truncated)
        for name, value in zip(steps, row, strict=True):
            steps[name].append(value)
        obs = reached
        if terminated or truncated or t == count - 1:
            advantages.extend(slow_gae(**steps, gamma=0.9, lam=0.8))
            endings.append((terminated, truncated))
            steps = {name: [] for name in steps}
            obs, _ = env.reset()
    return np.array(advantages), endings


def collect(mode):
    """[STEPS, ENVS] rows as a vector environment gives them.

    Returns the input of `gae`, the values after the reset, and which rows are transitions.
    """
    envs = SyncVectorEnv([cartpole] * ENVS, autoreset_mode=mode)
    obs, _ = envs.reset(seed=[*range(ENVS)])
    names = ("rewards", "values", "next_values", *FLAGS, "after_reset", "real")
    rows = {name: np.zeros((STEPS, ENVS), bool if name in (*FLAGS, "real") else float) for name in names}
    taken, ended = np.zeros(ENVS, int), np.zeros(ENVS, bool)
    for t in range(STEPS):
        real = np.full(ENVS, True) if mode is AutoresetMode.SAME_STEP else ~ended
        actions = np.array([pushes(i)[taken[i]] for i in range(ENVS)])
        given, reward, terminated, truncated, info = envs.step(actions)
        reached = given.copy()
        for i in np.flatnonzero(info.get("_final_obs", np.zeros(ENVS, bool))):
            reached[i] = info["final_obs"][i]
        row = (reward, critic(obs), critic(reached), terminated, truncated, critic(given), real)
        for name, value in zip(names, row, strict=True):
            rows[name][t] = value
        taken, ended, obs = taken + real, terminated | truncated, given.copy()
    return rows, rows.pop("after_reset"), rows.pop("real")


def test_advantages_from_envs_that_reset_on_the_same_step():
    steps, after_reset, real = collect(AutoresetMode.SAME_STEP)
    assert real.all()
    got, endings = gae(**steps, gamma=0.9, lam=0.8), []
    for i in range(ENVS):
        expected, ends = one_by_one(i, count=STEPS)
        endings += ends
        np.testing.assert_allclose(got[:, i], expected, rtol=1e-5, atol=1e-5)
    assert {(True, False), (False, True)} <= set(endings)  # episodes did end in both ways
    # Had the value after the reset been taken for that of the state reached, the numbers would be others.
    wrong = gae(**{**steps, "next_values": after_reset}, gamma=0.9, lam=0.8)
    assert np.abs(wrong - got).max() > 0.1


def test_advantages_from_envs_that_reset_on_the_next_step():
    steps, after_reset, real = collect(AutoresetMode.NEXT_STEP)
    np.testing.assert_array_equal(steps["next_values"], after_reset)  # the flag comes with the last state
    kept, endings = gae(**steps, gamma=0.9, lam=0.8), []
    for i in range(ENVS):
        mine = {name: array[real[:, i], i] for name, array in steps.items()}
        assert 3 < len(mine["rewards"]) < STEPS  # there were rows to drop
        expected, ends = one_by_one(i, count=len(mine["rewards"]))
        endings += ends
        np.testing.assert_allclose(gae(**mine, gamma=0.9, lam=0.8), expected, rtol=1e-5, atol=1e-5)
        # A reset row is no step: nobody acted, and it speaks of two episodes at once.
        assert np.abs(kept[~real[:, i], i]).max() > 0.1
    assert {(True, False), (False, True)} <= set(endings)


# What is taken, and what is refused


TWO_FLAGS = {"terminated": [False, False, True], "truncated": [False, True, False]}
GAE_INPUT = {"rewards": [1, 2, 3], "values": [0, 1, 2], "next_values": [1, 2, 9], **TWO_FLAGS, "gamma": 0.5}
TD_INPUT = {name: given for name, given in GAE_INPUT.items() if name != "truncated"}
VALID = [
    (reward_to_go, {"rewards": [1, 2, 3], "gamma": 0.5}),
    (td_errors, TD_INPUT),
    (gae, {**GAE_INPUT, "lam": 0.5}),
    (n_step_advantages, {**GAE_INPUT, "n": 2}),
    (gae_by_definition, {"deltas": [1, 2, 3], "ended": [0, 0, 1], "gamma": 0.5, "lam": 0.5}),
    (td_update, {"table": [1, 2, 3], "state": 0, "reward": 1, "next_state": 1, "terminated": False}),
    (explained_variance, {"values": [1, 2, 3], "targets": [1, 2, 4]}),
]
VALID[5][1].update(gamma=0.5, lr=0.5)
MANY = [(f, valid) for f, valid in VALID if f is not td_update]
ARRAYS = [(f, name) for f, valid in MANY for name in valid if name in GAE_INPUT and name not in FLAGS]
ARRAYS = [(f, name) for f, name in ARRAYS if name != "gamma"]
ARRAYS += [(explained_variance, "targets"), (gae_by_definition, "deltas"), (td_update, "table")]
ALL_FLAGS = [(f, name) for f, valid in MANY for name in valid if name in (*FLAGS, "ended")]
ALONE = (reward_to_go, td_update)  # one array alone has nothing to differ from
RATES = [(f, name) for f, valid in VALID for name in valid if name in ("gamma", "lam", "lr")]
BY_FUNCTION = dict(VALID)


def ids(case):
    return getattr(case, "__name__", str(case))


def refusal(f, **changed):
    with pytest.raises(ValueError) as refused:
        f(**{**BY_FUNCTION[f], **changed})
    return str(refused.value)


@pytest.mark.parametrize("f", BY_FUNCTION, ids=ids)
def test_lists_integers_float32_and_0_1_flags_give_the_same_float64(f):
    expected = np.asarray(f(**BY_FUNCTION[f]))
    for kind in (np.int64, np.int8, np.float32, np.float64):
        same = {
            name: np.array(given, kind) if isinstance(given, list) else given
            for name, given in BY_FUNCTION[f].items()
        }
        before = {name: np.copy(given) for name, given in same.items()}
        got = f(**same)
        assert np.asarray(got).dtype == np.float64
        np.testing.assert_array_equal(got, expected)
        for name, array in same.items():
            np.testing.assert_array_equal(array, before[name], err_msg=f"{name} was changed")


@pytest.mark.parametrize(("f", "name"), ARRAYS, ids=ids)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1, np.nan, 3], "must be finite, got nan at 1"),
        ([1, 2, -np.inf], "must be finite, got -inf at 2"),
        (["one", "two", "three"], r"must be numbers of a regular shape, got ['one', 'two', 'three']"),
        ([[1], [1, 2]], "must be numbers of a regular shape, got [[1], [1, 2]]"),
    ],
    ids=["NaN", "infinity", "text", "ragged"],
)
def test_bad_numbers_are_refused_by_name(f, name, given, said):
    assert refusal(f, **{name: given}) == f"{name} {said}"


@pytest.mark.parametrize(
    ("f", "name"), [each for each in ARRAYS + ALL_FLAGS if each[0] not in ALONE], ids=ids
)
@pytest.mark.parametrize("given", [[1, 0], [[1, 0, 1]], [[1], [0], [1]], [1]], ids=str)
def test_unequal_shapes_are_refused_by_name_and_never_broadcast(f, name, given):
    said = refusal(f, **{name: given})
    assert said.startswith("all must have one shape, got ")
    assert f"{name} {np.shape(given)}" in said


@pytest.mark.parametrize(("f", "name"), ALL_FLAGS, ids=ids)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([0, 2, 1], "must be flags (false, true, 0 or 1), got 2"),
        ([0.5, 0, 1], "must be flags (false, true, 0 or 1), got 0.5"),
        ([0, np.nan, 1], "must be finite, got nan at 1"),
        (["no", "no", "yes"], "must be numbers of a regular shape, got ['no', 'no', 'yes']"),
        ([[True], [True, False]], "must be numbers of a regular shape, got [[True], [True, False]]"),
    ],
    ids=["2", "half", "NaN", "text", "ragged"],
)
def test_what_is_no_flag_is_refused_by_name(f, name, given, said):
    assert refusal(f, **{name: given}).startswith(f"{name} {said}")


@pytest.mark.parametrize(("f", "name"), RATES, ids=ids)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (-0.1, "must be in [0, 1], got -0.1"),
        (1.5, "must be in [0, 1], got 1.5"),
        (np.nan, "must be finite, got nan"),
        ([0.5, 0.5], "must be one number, got shape (2,)"),
        ("half", "must be a number, got 'half'"),
    ],
    ids=["below", "above", "NaN", "two", "text"],
)
def test_rates_outside_0_to_1_are_refused_by_name(f, name, given, said):
    assert refusal(f, **{name: given}) == f"{name} {said}"


@pytest.mark.parametrize(("f", "name"), [(reward_to_go, "rewards"), (gae, "rewards"), (td_errors, "values")])
@pytest.mark.parametrize("given", [[], np.zeros((0, 3)), np.zeros((3, 0)), 1.0, np.zeros((2, 2, 2))], ids=str)
def test_what_is_not_over_time_is_refused_by_name(f, name, given):
    said = f"{name} must have shape [T] or [T, N], not empty, got {np.shape(given)}"
    assert refusal(f, **{name: given}) == said


@pytest.mark.parametrize(
    ("f", "changed", "said"),
    [
        (n_step_advantages, {"n": 0}, "n must be a whole number of at least 1, got 0"),
        (n_step_advantages, {"n": 1.5}, "n must be a whole number of at least 1, got 1.5"),
        (td_update, {"state": 3}, "state must be a row of the table, 0 to 2, got 3"),
        (td_update, {"state": -1}, "state must be a whole number of at least 0, got -1"),
        (td_update, {"next_state": 3}, "next_state must be a row of the table, 0 to 2, got 3"),
        (td_update, {"next_state": 0.5}, "next_state must be a whole number of at least 0, got 0.5"),
        (td_update, {"table": [[1, 2, 3]]}, "table must have shape [S], got (1, 3)"),
        (td_update, {"table": []}, "table must have shape"),
        (td_update, {"reward": np.nan}, "reward must be finite, got nan"),
        (td_update, {"reward": "much"}, "reward must be a number, got 'much'"),
        (td_update, {"reward": [1, 2]}, "reward must be one number, got shape (2,)"),
        (td_update, {"terminated": 2}, "terminated must be"),
        (td_update, {"terminated": "yes"}, "terminated must be"),
        (td_update, {"terminated": [True, False]}, "terminated must be"),
        (gae_by_definition, {"deltas": [[1, 2, 3]], "ended": [[0, 0, 1]]}, "deltas must have shape [T]"),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
def test_other_refusals_name_the_argument(f, changed, said):
    assert refusal(f, **changed).startswith(said)


@pytest.mark.parametrize(
    ("score", "length", "said"),
    [
        (1, 0, "length must be a whole number of at least 1, got 0"),
        (1, 2.5, "length must be a whole number of at least 1, got 2.5"),
        (np.inf, 3, "score must be finite, got inf"),
        ([1, 2], 3, "score must be one number, got shape (2,)"),
        ("six", 3, "score must be a number, got 'six'"),
    ],
)
def test_spread_evenly_refuses_by_name(score, length, said):
    with pytest.raises(ValueError) as refused:
        spread_evenly(score, length)
    assert str(refused.value) == said


@pytest.mark.parametrize("f", [gae, td_errors, n_step_advantages], ids=ids)
def test_rates_are_never_taken_by_position(f):
    arrays = [BY_FUNCTION[f][name] for name in BY_FUNCTION[f] if isinstance(BY_FUNCTION[f][name], list)]
    with pytest.raises(TypeError):
        f(*arrays, 0.5, 0.5)

"""The numbers in lesson 6's prose, from its outputs or measured here."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from course.estimators import episode_gradients, weights
from course.plots import alt_text
from course.plots import td_errors as plots
from course.returns import reward_to_go, td_errors
from course.worlds import all_episodes, play, random_walk, state_values, true_gradient
from tests.lessons import in_words, says, variables

V = np.arange(1, 6) / 6


@pytest.fixture(scope="module")
def lesson():
    return variables("td_errors")


def test_the_critic_of_lesson_5_spoke_as_quoted():
    # Each word still to come halves the prize with chance 1/2, so it costs a quarter on average.
    promises = [round(495 * 0.75**words) for words in (5, 4, 3, 2, 1, 0)]
    says("td_errors", "the critic said {}.", ", ".join(map(str, promises)))


# What the cells gave


def test_the_score_blames_one_good_step_in_three_and_the_td_error_none(lesson):
    to_the_right = lesson["to_the_right"]
    blamed = {name: (weight[to_the_right] < 0).mean() for name, weight in lesson["blamed"].items()}
    assert blamed["TD error"] == 0
    says("td_errors", "One good step in {}", in_words(1 / blamed["score minus V"]))


def test_who_is_ahead_after_25_walks_and_after_150(lesson):
    td, whole = (lesson["errors"]["0.1"][name].mean(axis=0) for name in ("TD(0)", "Monte Carlo"))
    said = "Monte Carlo is ahead at first, with an error of {:.2f} against {:.2f} after 25 walks"
    says("td_errors", said, whole[25], td[25])
    says("td_errors", "In the end TD wins, {:.2f} against {:.2f}", td[150], whole[150])


def test_bias_fades_and_some_noise_remains(lesson):
    bias, noise = (lesson[name].mean(axis=0) for name in ("bias", "noise"))
    says("td_errors", "The score has no bias, and noise of {:.2f} for ever", np.sqrt((V * (1 - V)).mean()))
    says("td_errors", "The TD target starts with a bias of {:.2f} and noise of {:.2f}", bias[0], noise[0])
    says("td_errors", "Both fade; noise of {:.3f} remains", noise[-1])


def test_where_the_suspects_come_to_rest_and_how_wrong_they_are(lesson):
    resting = {name: lesson["settles"](lesson["lineup"][name]) for name in ("right", "P", "R")}
    says("td_errors", "R values C at {:.2f}/6, not {:.0f}/6", 6 * resting["R"][2], 6 * resting["right"][2])
    says("td_errors", "P is off by {:.2f} at most", np.abs(resting["P"] - V).max())
    one, to_the_end = zip(*(lesson["share_wrong"](lesson["lineup"][name]) for name in "PR"), strict=True)
    assert one[0] == pytest.approx(one[1])
    says("td_errors", "{:.1f} %, exactly as wrong as R", 100 * one[0])
    says("td_errors", "With all δ to the end, R is {:.1f} % wrong", 100 * to_the_end[1])


# The surprise of one step


def test_with_the_true_critic_every_step_surprises_by_a_sixth_towards_the_side_it_went():
    world = random_walk()
    walks = play(world, world.theta, episodes=200, seed=0)
    deltas = td_errors(walks.rewards, V[walks.states], V[walks.next_states], walks.terminated, gamma=1.0)
    expected = np.where(walks.real, (2 * walks.actions - 1) / 6, 0)
    np.testing.assert_allclose(deltas, expected, atol=1e-12)


def test_in_the_long_run_the_score_blames_exactly_one_good_step_in_three():
    # Visits per walk solve n = start + P^T n; a step right from s is blamed if the walk is lost from s + 1.
    coin = (np.eye(5, k=1) + np.eye(5, k=-1)) / 2
    visits = np.linalg.solve(np.eye(5) - coin.T, np.eye(5)[2])
    lost_after_it = 1 - np.append(V[1:], 1)
    assert visits @ lost_after_it / visits.sum() == pytest.approx(1 / 3)
    says("td_errors", "in the long run exactly 1/3")


@pytest.mark.parametrize("limit", [None, 6])
def test_the_surprises_sum_to_the_score_minus_the_promise_plus_what_a_cut_leaves_open(limit):
    world = random_walk(time_limit=limit)
    walks = play(world, world.theta, episodes=300, seed=1)
    for critic in np.random.default_rng(0).normal(size=(5, 5)):
        d = td_errors(
            walks.rewards, critic[walks.states], critic[walks.next_states], walks.terminated, gamma=1.0
        )
        open_ = (walks.truncated * critic[walks.next_states]).sum(axis=0)
        np.testing.assert_allclose(d.sum(axis=0), walks.returns() + open_ - critic[2], atol=1e-12)
    assert walks.truncated.any() == (limit is not None)


@pytest.mark.parametrize("gamma", [1.0, 0.9])
def test_shaping_moves_every_policys_return_by_the_same_amount(gamma):
    world, rng = random_walk(), np.random.default_rng(3)
    potential = rng.normal(size=5)
    for theta in rng.normal(size=(4, 5)):
        plain = state_values(world, theta, gamma=gamma)[2]
        after = np.where(world.terminated, 0, potential[world.next_states])
        shaped = replace(world, rewards=world.rewards + gamma * after - potential[:, None, None])
        assert state_values(shaped, theta, gamma=gamma)[2] - plain == pytest.approx(-potential[2])


# A critic that teaches itself


def learn(log, table, step_sizes, *, whole=False):
    """The lesson's `learn`, with the arithmetic written out."""
    table, tables = table.copy(), [table.copy()]
    for n, lr in enumerate(step_sizes):
        for t in np.flatnonzero(log.real[:, n]):
            s = log.states[t, n]
            then = 0 if log.terminated[t, n] else table[log.next_states[t, n]]
            table[s] += lr * ((log.rewards[:, n].sum() if whole else log.rewards[t, n] + then) - table[s])
        tables.append(table.copy())
    return np.array(tables)


@pytest.fixture(scope="module", params=[0, 100], ids=["the lesson's seeds", "other seeds"])
def critics(request):
    """Tables after 0 to 150 walks, by TD(0) and by Monte Carlo, at step size 0.1: [20, 151, 5] each."""
    world = random_walk()
    seeds = range(request.param, request.param + 20)
    logs = [play(world, world.theta, episodes=150, seed=seed) for seed in seeds]
    starts = [np.random.default_rng(seed).normal(size=5) for seed in seeds]
    pairs = list(zip(logs, starts, strict=True))
    return [
        np.array([learn(log, table, np.full(150, 0.1), whole=whole) for log, table in pairs])
        for whole in (False, True)
    ]


def test_the_ends_are_right_first(critics):
    errors = np.abs(critics[0][:, 30] - V).mean(axis=0)
    assert max(errors[[0, 4]]) < min(errors[1:4])


@pytest.mark.parametrize(("walks", "ahead"), [(25, "Monte Carlo"), (150, "TD(0)")])
def test_monte_carlo_is_ahead_at_first_and_td_in_the_end(critics, walks, ahead):
    td, whole = (np.sqrt(((tables[:, walks] - V) ** 2).mean(axis=1)) for tables in critics)
    lead = (td - whole) if ahead == "Monte Carlo" else (whole - td)
    assert lead.mean() > 3 * lead.std(ddof=1) / 20**0.5


@pytest.fixture(scope="module")
def errors_of():
    """The error after 0 to 150 walks by step size, mean of the lesson's seeds, for TD(0) or Monte Carlo."""
    world = random_walk()
    logs = [play(world, world.theta, episodes=150, seed=seed) for seed in range(20)]
    starts = [np.random.default_rng(seed).normal(size=5) for seed in range(20)]

    def error(sizes, whole=False):
        tables = np.array([learn(logs[s], starts[s], sizes, whole=whole) for s in range(20)])
        return np.sqrt(((tables - V) ** 2).mean(axis=2)).mean(axis=0)

    return error


def test_a_constant_step_size_stays_where_it_is_and_a_shrinking_one_does_not(errors_of):
    constant = errors_of(np.full(150, 0.3))
    assert constant[50:100].mean() == pytest.approx(constant[100:].mean(), abs=0.01)
    says("td_errors", "At 0.3 it gets near sooner, and stays around {:.2f}", constant[50:].mean())
    before, after = errors_of(6 / (20 + np.arange(150)))[[100, 150]]
    says("td_errors", "Shrink it, and the error goes on falling, to {:.2f}", after)
    assert after < 0.8 * before


def test_with_a_small_step_size_td_does_not_catch_up_in_time(errors_of):
    small = np.full(150, 0.02)
    assert np.all((errors_of(small) > 3 * errors_of(small, whole=True))[[100, 150]])


def resting_mean(lr):
    """The mean of TD(0)'s table at a constant step size, when it has come to rest, exactly.

    M[s] = E[table; the walk stands at s] obeys a linear equation, because the update is linear.
    """
    visits = np.array([1, 2, 3, 2, 1]) / 9
    equations, paid = np.eye(25).reshape(5, 5, 5, 5), np.zeros((5, 5))
    for s in range(5):
        for after in (s - 1, s + 1):
            ends = after in (-1, 5)
            at = 2 if ends else after
            equations[at, :, s, :] -= 0.5 * np.eye(5)
            equations[at, s, s, s] += 0.5 * lr
            if not ends:
                equations[at, s, s, after] -= 0.5 * lr
            paid[at, s] += 0.5 * lr * (after == 5) * visits[s]
    return np.linalg.solve(equations.reshape(25, 25), paid.ravel()).reshape(5, 5).sum(axis=0)


def test_a_constant_step_size_is_not_right_on_average():
    says("td_errors", "At 0.1 the mean of $V(A)$ rests at {:.3f}, not at {:.3f}", resting_mean(0.1)[0], V[0])
    assert resting_mean(0.1)[2] == pytest.approx(0.5)
    gaps = [1 / 6 - resting_mean(lr)[0] for lr in (0.1, 0.05, 0.025)]
    assert gaps[0] / gaps[1] == pytest.approx(2, abs=0.01)
    assert gaps[1] / gaps[2] == pytest.approx(2, abs=0.01)
    # and by playing: 400 critics of 1,000 walks each, side by side
    rng, tables = np.random.default_rng(0), np.tile(V, (400, 1))
    places, total, row = np.full(400, 2), np.zeros((400, 5)), np.arange(400)
    for step in range(9_000):
        after = places + np.where(rng.random(400) < 0.5, 1, -1)
        around = np.column_stack([np.zeros(400), tables, np.ones(400)])
        tables[row, places] += 0.1 * (around[row, after + 1] - tables[row, places])
        places = np.where((after < 0) | (after > 4), 2, after)
        total += tables * (step >= 1_000)
    means = (total / 8_000).mean(axis=0)
    error = (total / 8_000).std(axis=0) / 20
    assert np.all(np.abs(means - resting_mean(0.1)) < 4 * error)
    assert V[0] - means[0] > 10 * error[0]


# The perfect game


def push(state):
    return (state @ [0.1, 0.2, 3.0, 1.0] > 0).astype(int)


@pytest.mark.parametrize("seed", range(10))
def test_the_rule_of_thumb_does_not_fall_in_3000_steps(seed):
    env = gym.make("CartPole-v1").unwrapped  # no time limit
    state, _ = env.reset(seed=seed)
    for _ in range(3_000):
        state, _, terminated, _, _ = env.step(push(state))
        assert not terminated
    # The rest, even for ever, would be worth less than 1e-10 more.
    assert (1 - 0.99**3_000) / (1 - 0.99) == pytest.approx(100, abs=1e-10)


def test_the_row_after_a_time_limit_is_no_step():
    envs = gym.make_vec("CartPole-v1", num_envs=1, vectorization_mode="sync")
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    state, _ = envs.reset(seed=0)
    for row in range(502):
        before = state
        state, reward, terminated, truncated, _ = envs.step(push(state))
        assert not terminated[0]
        assert truncated[0] == (row == 499)
        assert reward[0] == (row != 500)
        assert (abs(state[0, 0] - before[0, 0]) > 0.1) == (row == 500)  # the cart leaps back
        if row == 500:
            assert np.abs(state).max() <= 0.05  # CartPole starts within 0.05 of upright


def test_in_same_step_mode_the_last_state_is_in_final_obs():
    kwargs = {"autoreset_mode": AutoresetMode.SAME_STEP}
    envs = gym.make_vec("CartPole-v1", num_envs=1, vectorization_mode="sync", vector_kwargs=kwargs)
    state, _ = envs.reset(seed=0)
    for _ in range(500):
        before = state
        state, _, _, truncated, info = envs.step(push(state))
    assert truncated[0]
    assert np.abs(state).max() <= 0.05
    assert np.abs(info["final_obs"][0] - before[0]).max() < 0.5


def test_the_perfect_games_last_step_by_hand():
    # 1 + 0.99 x 100 - 100 = 0; merged 1 - 100 = -99; the reset row 0 + 99 - 100 = -1
    for reward, flag, delta in ((1, False, 0), (1, True, -99), (0, False, -1)):
        assert td_errors([reward], [100], [100], [flag], gamma=0.99)[0] == pytest.approx(delta)
    says("td_errors", "the last step of a perfect game is a shock of {:.0f}", 1 - 100)


# Three suspects


def right(log):
    return log


def limit_is_end(log):
    return replace(log, terminated=log.terminated | log.truncated)


def next_row(log, start=2):
    return replace(log, next_states=np.where(log.truncated, start, log.next_states))


def no_end(log):
    ended = log.terminated | log.truncated
    return replace(log, next_states=np.where(ended, 2, log.next_states), terminated=np.zeros_like(ended))


def equations(version, start=2):
    world = replace(random_walk(time_limit=6), start=start)
    e = version(all_episodes(world, world.theta))
    chance, pull, paid = e.real * e.probability, np.zeros((5, 5)), np.zeros(5)
    np.add.at(pull, (e.states, e.states), chance)
    np.add.at(pull, (e.states, e.next_states), -chance * ~e.terminated)
    np.add.at(paid, e.states, chance * e.rewards)
    return pull, paid


def test_where_each_suspect_comes_to_rest():
    np.testing.assert_allclose(6 * np.linalg.solve(*equations(right)), [1, 2, 3, 4, 5])
    merged = 6 * np.linalg.solve(*equations(limit_is_end))
    np.testing.assert_allclose(merged, [0.30625, 0.6125, 1.3125, 2.0125, 4.00625])
    np.testing.assert_allclose(6 * np.linalg.solve(*equations(next_row)), [1.15, 2.3, 3, 3.7, 4.85])
    pull, paid = equations(no_end)
    assert np.linalg.matrix_rank(pull) == 4
    assert np.linalg.matrix_rank(np.column_stack([pull, paid])) == 5
    says("td_errors", "(for Q without a solution)")


def test_the_quiet_mistake_is_loud_when_walks_start_at_d():
    table = np.linalg.solve(*equations(lambda log: next_row(log, start=3), start=3))
    says("td_errors", "A rests at {:.2f}/6", 6 * table[0])


def test_the_suspects_can_be_told_apart_over_twenty_seeds():
    world = random_walk(time_limit=6)
    logs = [play(world, world.theta, episodes=200, seed=seed) for seed in range(20)]
    sizes = np.full(200, 0.05)
    runs = {
        f: np.array([learn(f(log), V, sizes) for log in logs]) - V for f in (limit_is_end, next_row, no_end)
    }
    mean = {f: errors[:, 200].mean(axis=0) for f, errors in runs.items()}
    error = {f: errors[:, 200].std(axis=0, ddof=1) / 20**0.5 for f, errors in runs.items()}
    assert np.all(mean[limit_is_end] < -5 * error[limit_is_end])
    assert mean[next_row][1] > 3 * error[next_row][1]
    assert mean[next_row][3] < -3 * error[next_row][3]
    rising = runs[no_end].mean(axis=(0, 2))
    assert rising[200] - rising[150] == pytest.approx(rising[150] - rising[100], rel=0.15)  # no end in sight


@pytest.mark.parametrize(
    ("version", "lam", "share"),
    [
        (right, 0, 0),
        (right, 1, 0),
        (limit_is_end, 0, 0.155),
        (limit_is_end, 0.9, 0.442),
        (limit_is_end, 1, 0.544),
        (next_row, 0, 0.155),
        (next_row, 1, 0.321),
        (no_end, 0, 0.394),
        (no_end, 1, 0.544),
    ],
)
def test_how_wrong_the_gradient_is(version, lam, share):
    world = random_walk(time_limit=6)
    e = version(all_episodes(world, world.theta))
    truth = true_gradient(world, world.theta)
    w = weights("GAE", world, e, critic=V, lam=lam)
    mean = e.probability @ episode_gradients(world, world.theta, e, w)
    assert np.linalg.norm(mean - truth) / np.linalg.norm(truth) == pytest.approx(share, abs=0.0005)
    if lam != 0.9:  # the lesson's own way to the same numbers
        deltas = td_errors(e.rewards, V[e.states], V[e.next_states], e.terminated, gamma=1.0)
        own = deltas if lam == 0 else reward_to_go(deltas, gamma=1.0)
        np.testing.assert_allclose(w, np.where(e.real, own, 0), atol=1e-12)


# Figures


def test_the_story_shows_every_surprise_up_to_its_step():
    ax = plots.surprise("ABC", [0, 0, 4], [1, 2, 3], [1, 1, 1], 1)
    assert [bar.get_height() for bar in ax.patches] == [1, 1]
    assert "Step 2 of 3, B → C: reward 0, V goes from 2.00 to 3.00, TD error +1.00" in alt_text(ax)
    last = alt_text(plots.surprise("ABC", [0, 0, 4], [1, 2, 3], [1, 1, 1], 2))
    assert "V goes from 3.00 to 0.00" in last
    assert "sum to +3.00; the promise at the start was 1.00, the whole score is 4" in last


def test_a_suspect_beyond_the_frame_is_still_told():
    runs = {"right": np.zeros((4, 2, 5)) + V, "Q": np.ones((4, 2, 5)) + V}
    ax = plots.suspects(runs, V, 1)
    assert [text.get_text() for text in ax.texts] == ["Q +1.00"] * 5
    assert "Q +1.00, +1.00" in alt_text(ax)
    assert "Q +0.00" in alt_text(plots.suspects({"Q": np.tile(V, (4, 2, 1))}, V, 0))


def test_the_log_is_shown_as_it_was_given():
    words = alt_text(plots.log({"reward": [1.0, 0.0], "truncated": [np.True_, np.False_]}, 499))
    assert words.endswith("row 499: reward 1, truncated True; row 500: reward 0, truncated False.")

"""Lesson 9, number by number: the perfect game, the suspects, and what each mistake does to an advantage."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from course.checks import engine, time_limits
from course.estimators import episode_gradients, weights
from course.plots import alt_text
from course.plots import time_limits as plots
from course.returns import gae, real_steps, td_errors
from course.worlds import action_values, all_episodes, play_on, random_walk, state_values, true_gradient
from tests.lessons import in_words, path, prose, says, variables

V = np.arange(1, 6) / 6
MISTAKES = {
    "right": "right",
    "limit_is_end": "1: a time limit is death",
    "next_row": "2: V of the next row",
    "runs_on": "3: the sum runs on",
}


@pytest.fixture(scope="module")
def lesson():
    return variables("time_limits")


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
    flags = []
    for row in range(502):
        before = state
        state, reward, terminated, truncated, _ = envs.step(push(state))
        flags.append((terminated[0], truncated[0]))
        assert not terminated[0]
        assert truncated[0] == (row == 499)
        assert reward[0] == (row != 500)
        assert (abs(state[0, 0] - before[0, 0]) > 0.1) == (row == 500)  # the cart leaps back
        if row == 500:
            assert np.abs(state).max() <= 0.05  # CartPole starts within 0.05 of upright
    assert list(np.flatnonzero(~real_steps(*np.array(flags).T))) == [500]
    says("time_limits", "Row {}. It pays nothing", 500)
    says("time_limits", "Row {} is the interesting one", 499)


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


def test_the_perfect_games_last_step_by_hand(lesson):
    # 1 + 0.99 x 100 - 100 = 0; merged 1 - 100 = -99
    for reward, flag, delta in ((1, False, 0), (1, True, -99)):
        assert td_errors([reward], [100], [100], [flag], gamma=0.99)[0] == pytest.approx(delta)
    says("time_limits", "the last step of a perfect game is a shock of {:.0f}", 1 - 100)
    np.testing.assert_allclose(lesson["right"][497:500], 0, atol=1e-9)
    np.testing.assert_allclose(lesson["merged"][497:500], [0, 0, -99], atol=1e-9)


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


def letter_of(lesson, name):
    """The suspect who made a mistake, as the lesson drew it."""
    (letter,) = (each for each in "XYZ" if lesson[each].__name__ == name)
    return letter


def test_the_fold_names_the_right_letters(lesson):
    means = {letter: lesson["drift"][letter][:, 200].mean(axis=0) - V for letter in "XYZ"}
    sinks = letter_of(lesson, "limit_is_end")
    rises = letter_of(lesson, "no_end")
    squeezed = letter_of(lesson, "next_row")
    says("time_limits", "<b>{}</b> sinks. It took the limit for an end", sinks)
    says("time_limits", "<b>{}</b> rises. It sees no end at all", rises)
    says("time_limits", "<b>{}</b> is squeezed together. It took the next row", squeezed)
    assert (means[sinks] < -0.05).all()
    assert (means[rises] > 0.3).all()
    assert means[squeezed][1] > 0.03 > -0.03 > means[squeezed][3]


def test_a_time_limit_changes_no_value(lesson):
    np.testing.assert_allclose(lesson["truth"], V)
    assert np.abs(lesson["drift"]["right"][:, 200].mean(axis=0) - V).max() < 0.02


def test_the_suspects_can_be_told_apart_over_twenty_seeds(lesson):
    runs = {
        f.__name__: lesson["drift"][letter_of(lesson, f.__name__)] - V
        for f in (limit_is_end, next_row, no_end)
    }
    mean = {name: errors[:, 200].mean(axis=0) for name, errors in runs.items()}
    error = {name: errors[:, 200].std(axis=0, ddof=1) / 20**0.5 for name, errors in runs.items()}
    assert np.all(mean["limit_is_end"] < -5 * error["limit_is_end"])
    assert mean["next_row"][1] > 3 * error["next_row"][1]
    assert mean["next_row"][3] < -3 * error["next_row"][3]
    rising = runs["no_end"].mean(axis=(0, 2))
    later = rising[150] - rising[100]
    assert rising[200] - rising[150] == pytest.approx(later, rel=0.15)  # no end in sight


def equations(version, start=2):
    world = replace(random_walk(time_limit=6), start=start)
    e = version(all_episodes(world, world.theta))
    chance = e.real * e.probability
    pull, paid = np.zeros((5, 5)), np.zeros(5)
    np.add.at(pull, (e.states, e.states), chance)
    np.add.at(pull, (e.states, e.next_states), -chance * ~e.terminated)
    np.add.at(paid, e.states, chance * e.rewards)
    return pull, paid


def test_where_each_suspect_comes_to_rest(lesson):
    np.testing.assert_allclose(6 * np.linalg.solve(*equations(right)), [1, 2, 3, 4, 5])
    merged = 6 * np.linalg.solve(*equations(limit_is_end))
    np.testing.assert_allclose(merged, [0.30625, 0.6125, 1.3125, 2.0125, 4.00625])
    squeezed = 6 * np.linalg.solve(*equations(next_row))
    np.testing.assert_allclose(squeezed, [1.15, 2.3, 3, 3.7, 4.85])
    pull, paid = equations(no_end)
    assert np.linalg.matrix_rank(pull) == 4
    assert np.linalg.matrix_rank(np.column_stack([pull, paid])) == 5

    says(
        "time_limits", "({} is not among them: its equations have no solution.)", letter_of(lesson, "no_end")
    )
    sinks = letter_of(lesson, "limit_is_end")
    says("time_limits", "{} values C at {:.2f}/6 instead of 3/6", sinks, merged[2])
    off = np.abs(squeezed / 6 - V).max()
    says("time_limits", "{} is off by {:.2f} points at most", letter_of(lesson, "next_row"), off)
    np.testing.assert_allclose(6 * lesson["settles"](lesson[sinks]), merged)


def test_the_quiet_mistake_is_loud_when_walks_start_at_d(lesson):
    table = np.linalg.solve(*equations(lambda log: next_row(log, start=3), start=3))
    says("time_limits", "{}, who took the next row", letter_of(lesson, "next_row"))
    says("time_limits", "A rests at {:.2f}/6 instead of 1/6", 6 * table[0])


SHARES = {  # mistake -> with one surprise, with all to the end
    right: (0, 0),
    limit_is_end: (0.155, 0.544),
    next_row: (0.155, 0.321),
    no_end: (0.394, 0.544),
}


@pytest.mark.parametrize("version", SHARES)
def test_how_wrong_the_gradient_is(lesson, version):
    world = random_walk(time_limit=6)
    e = version(all_episodes(world, world.theta))
    truth = true_gradient(world, world.theta)
    found = []
    for lam in (0, 1):
        w = weights("GAE", world, e, critic=V, lam=lam)
        mean = e.probability @ episode_gradients(world, world.theta, e, w)
        found.append(np.linalg.norm(mean - truth) / np.linalg.norm(truth))
    assert found == pytest.approx(SHARES[version], abs=0.0005)
    letter = "right" if version is right else letter_of(lesson, version.__name__)
    assert lesson["share_wrong"](lesson["lineup"][letter]) == pytest.approx(found)


def test_what_is_said_of_the_wrong_gradients(lesson):
    X, Y, Z = (letter_of(lesson, name) for name in ("next_row", "no_end", "limit_is_end"))
    share = {letter: lesson["share_wrong"](lesson[letter]) for letter in (X, Y, Z)}
    says("time_limits", "{} is {:.1f} % wrong, exactly as wrong as {}", X, 100 * share[X][0], Z)
    assert share[X][0] == pytest.approx(share[Z][0], rel=1e-9)
    says("time_limits", "{} is {:.1f} % wrong, and so is {}", Z, 100 * share[Z][1], Y)
    assert share[Y][1] == pytest.approx(share[Z][1], rel=1e-9)

    # X and Z agree because of where the last step starts: with a limit of five they would not
    def where_cut(limit):
        e = all_episodes(random_walk(time_limit=limit), np.zeros(5))
        return {"ABCDE"[place] for place in e.states[e.truncated]}

    def by_one_step(version, limit):
        world = random_walk(time_limit=limit)
        e = version(all_episodes(world, world.theta))
        w = weights("GAE", world, e, critic=V, lam=0)
        return e.probability @ episode_gradients(world, world.theta, e, w)

    says("time_limits", "The sixth step starts at B or D")
    assert where_cut(6) == {"B", "D"}
    says("time_limits", "With a limit of five steps some cuts come at A and E")
    assert where_cut(5) >= {"A", "E"}
    np.testing.assert_allclose(by_one_step(next_row, 6), by_one_step(limit_is_end, 6))
    assert np.abs(by_one_step(next_row, 5) - by_one_step(limit_is_end, 5)).max() > 0.01

    # Y's sum is Z's and the start's value, in every walk
    e = all_episodes(random_walk(time_limit=6), np.zeros(5))

    def to_the_end(version):
        told = version(e)
        deltas = td_errors(told.rewards, V[told.states], V[told.next_states], told.terminated, gamma=1.0)
        return deltas[::-1].cumsum(axis=0)[::-1]

    np.testing.assert_allclose((to_the_end(no_end) - to_the_end(limit_is_end))[e.real], V[2])


# Three mistakes in an advantage


def right_steps(lesson, advantages):
    """Mean advantage of a step to the right from each place, in each environment: [5, 20]."""
    played = lesson["played"]
    chosen = played.actions == 1
    here = [chosen & (played.states == place) for place in range(5)]
    return np.array([(advantages * mask).sum(axis=0) / mask.sum(axis=0) for mask in here])


def mean_and_error(values):
    return values.mean(axis=1), values.std(axis=1, ddof=1) / values.shape[1] ** 0.5


def listed_right_steps(version):
    """The exact mean advantage of a step to the right at lam 0.95, over all walks of up to ten steps."""
    world = random_walk(time_limit=10)
    e = version(all_episodes(world, world.theta))
    record = (e.rewards, V[e.states], V[e.next_states], e.terminated, e.truncated)
    advantages = gae(*record, gamma=1.0, lam=0.95)
    weight = e.probability * e.real * (e.actions == 1)
    here = [weight * (e.states == place) for place in range(5)]
    return np.array([(each * advantages).sum() / each.sum() for each in here])


def test_32_percent_of_the_walks_run_into_the_time_limit():
    world = random_walk(time_limit=10)
    e = all_episodes(world, world.theta)
    cut = e.probability @ e.truncated.any(axis=0)
    says("time_limits", "a limit of ten steps, which {:.0f} % of the walks run into", 100 * cut)


def test_a_step_to_the_right_is_worth_a_sixth_wherever_you_stand(lesson):
    world = random_walk()
    true = action_values(world, world.theta)[:, 1] - state_values(world, world.theta)
    np.testing.assert_allclose(true, 1 / 6)
    np.testing.assert_allclose(listed_right_steps(right), 1 / 6)
    mean, error = mean_and_error(right_steps(lesson, lesson["found"]["right"]))
    assert (np.abs(mean - 1 / 6) <= 4 * error + 1e-12).all()


@pytest.mark.parametrize("version", [limit_is_end, next_row])
def test_what_was_played_agrees_with_the_list_of_all_walks(lesson, version):
    mean, error = mean_and_error(right_steps(lesson, lesson["found"][MISTAKES[version.__name__]]))
    assert (np.abs(mean - listed_right_steps(version)) <= 4 * error + 1e-12).all()


def test_a_limit_taken_for_death_turns_the_sign_from_a_to_d_and_no_other_mistake_does(lesson):
    assert (listed_right_steps(limit_is_end)[:4] < 0).all()
    for way, advantages in lesson["found"].items():
        assert right_steps(lesson, advantages)[4] == pytest.approx(1 / 6), way  # a step that ends the task
    says("time_limits", "walking towards the prize from A to D looks *worse* than promised")
    for name in ("2: V of the next row", "3: the sum runs on"):
        assert (mean_and_error(right_steps(lesson, lesson["found"][name]))[0] > 0.1).all()


def test_how_far_off_the_value_of_the_next_row_is_at_most():
    off = np.abs(6 * listed_right_steps(next_row) - 1)
    said = "is off by up to {:.0f} % (at {}, in a list of all walks)"
    says("time_limits", said, 100 * off.max(), "ABCDE"[off.argmax()])


def leak(lesson, critic):
    """How much the third mistake adds to the mean, and the standard deviations with and without it."""
    log = lesson["played"]
    record = (log.rewards, critic[log.states], critic[log.next_states], log.terminated)
    right_one = gae(*record, log.truncated, gamma=1.0, lam=0.95)
    wrong = gae(*record, np.zeros_like(log.truncated), gamma=1.0, lam=0.95)
    return mean_and_error(right_steps(lesson, wrong - right_one)), right_one.std(), wrong.std()


def test_a_leak_cannot_be_seen_in_the_mean_with_an_exact_critic_but_in_the_noise(lesson):
    (mean, error), before, after = leak(lesson, V)
    assert (np.abs(mean) <= 3 * error + 1e-12).all()
    said = "The standard deviation of an advantage grows from {:.2f} to {:.2f} with the third mistake"
    says("time_limits", said, before, after)


def test_a_leak_shows_from_a_to_d_when_the_critic_is_too_low(lesson):
    (mean, error), _, _ = leak(lesson, V / 2)
    assert (mean[:4] > 10 * error[:4]).all()
    assert mean[0] > 0.05


# The table


def test_five_of_the_ten_programs_mishandle_a_time_limit():
    rows = [row for row in prose("time_limits").split("| [")[1:] if "github.com" in row]
    assert len(rows) == 10
    bold = sum("**" in row.split("| --- |")[0].split("Five of the ten")[0] for row in rows)
    says("time_limits", "how {} well-known programs handle the end", in_words(len(rows)))
    says("time_limits", "{} of the ten mishandle a time limit", in_words(bold).capitalize())
    says("time_limits", "of ten well-known programs that we read, {} mishandle a time limit", in_words(bold))


# Figures


def test_the_log_is_shown_as_it_was_given_and_marks_the_guess():
    columns = {"reward": [1.0, 0.0], "truncated": [np.True_, np.False_]}
    words = alt_text(plots.log(columns, first=499))
    assert words.endswith("row 499: reward 1, truncated True; row 500: reward 0, truncated False.")
    assert alt_text(plots.log(columns, first=499, guess=500)).endswith("You guessed row 500.")
    for odd in (501, "500", [500, 499]):
        with pytest.raises(ValueError, match="guess"):
            plots.log(columns, first=499, guess=odd)


def test_the_shock_is_told_row_by_row():
    words = alt_text(plots.shock([0, 0], [0, -99], first=498, guess=-1))
    assert "row 499: +0.00 with two flags, -99.00 with one. You guessed -1." in words
    with pytest.raises(ValueError, match="guess"):
        plots.shock([0, 0], [0, -99], first=498, guess="-99")


def test_every_position_of_the_slider_shows_the_suspects_in_one_frame(lesson):
    (explorer,) = lesson["explorers"]
    shown = set()
    for walks in (0, 50, 200):
        ax = plots.suspects(lesson["drift"], V, walks)
        shown.add(ax.get_ylim())
        assert f"after {walks} walks" in alt_text(ax)
    assert len(shown) == 1
    control = explorer.controls["walks"]
    control.value = 0
    assert "Y +0.00, +0.00" in explorer.image.value
    control.value = 200


def test_the_bars_of_the_mistakes_are_means_over_environments():
    states = np.array([[0, 0], [1, 1], [0, 0]])
    chosen = np.array([[1, 1], [1, 1], [0, 1]], dtype=bool)
    given = np.array([[1.0, 2.0], [5.0, 7.0], [9.0, 4.0]])
    ax = plots.mistakes({"right": given, "1: this": given}, states, chosen, truth=0.5, guess=1)
    assert [bar.get_height() for bar in ax.patches][:2] == [2.0, 6.0]  # 1 and (2 + 4) / 2; 5 and 7
    assert "1: this: +2.000, +6.000" in alt_text(ax)
    assert alt_text(ax).endswith("You guessed mistake 1.")
    for odd in (2, 0, "first"):
        with pytest.raises(ValueError, match="guess"):
            plots.mistakes({"right": given, "1: this": given}, states, chosen, truth=0.5, guess=odd)


def test_the_wrong_gradients_are_told_in_shares():
    words = alt_text(plots.wrong_gradients({"right": (0, 0), "X": (0.155, 0.321)}))
    assert "right 0.000 and 0.000; X 0.155 and 0.321" in words


# The check


def row_by_row(terminated, truncated):
    real, ended = [], np.zeros_like(terminated[0])
    for over, cut in zip(terminated, truncated, strict=True):
        real.append(~ended)
        ended = over | cut
    return np.array(real)


def in_numbers(terminated, truncated):
    ended = terminated.astype(int) + truncated.astype(int) > 0
    return 1.0 - np.concatenate([np.zeros_like(ended[:1]), ended[:-1]])


def in_place(terminated, truncated):
    terminated |= truncated
    terminated[1:] = ~terminated[:-1]
    terminated[0] = True
    return terminated.tolist()


@pytest.mark.parametrize("answer", [row_by_row, in_numbers, in_place])
def test_other_right_ways_to_the_real_steps_pass_and_the_cell_that_uses_them_runs(answer, lesson):
    for seed in range(3):
        assert engine.examine(time_limits.REAL_STEPS, answer, seed=seed).status == "passed"
    source = path("time_limits", ".py").read_text(encoding="utf-8")
    (cell,) = (cell for cell in source.split("# %%") if "np.flatnonzero(" in cell)
    log = {name: column.copy() for name, column in lesson["log"].items()}
    said = []
    exec(cell, {"np": np, "log": log, "real_steps": answer, "print": lambda *words: said.extend(words)})
    assert said[-1].tolist() == [500]  # whether the flags came as bool, float or list


def test_two_mistakes_at_once_get_both_sentences():
    def two(terminated, truncated):
        real = np.ones_like(terminated)
        real[1:] = ~terminated[:-1]
        real[0] = False
        return real

    causes = engine.examine(time_limits.REAL_STEPS, two, seed=0).causes
    assert [cause.split(":")[0].split(".")[0] for cause in causes] == [
        "A time limit is forgotten",
        "Row 0 is thrown away",
    ]


def test_what_the_exercise_promises(lesson):
    np.testing.assert_array_equal(
        lesson["real_steps"](np.array([0, 1, 0, 0], bool), np.array([0, 0, 0, 1], bool)),
        [True, True, False, True],
    )
    played = play_on(random_walk(time_limit=4), np.zeros(5), environments=2, steps=9, seed=0)
    np.testing.assert_array_equal(
        lesson["real_steps"](played.terminated, played.truncated),
        real_steps(played.terminated, played.truncated),
    )

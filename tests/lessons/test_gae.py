"""Lesson 8, number by number: every claim of its prose, and its figures, widgets and checks.

The lesson is run once, and what its prose quotes is read from its own variables. Wherever a
number can be had by another road (linear equations, a list of all episodes, the course's own estimators),
it is computed again by that road.
"""

import numpy as np
import pytest

from course import returns
from course.atari import pong_rally
from course.checks import engine, gae
from course.critics import three_critics
from course.estimators import episode_gradients
from course.plots import alt_text
from course.plots import gae as plots
from course.worlds import (
    all_episodes,
    corridor_world,
    policy,
    random_walk,
    state_values,
    survival_world,
    writer,
)
from tests.estimator_rows import gae_rows
from tests.lessons import in_words, says, variables

LAMS = np.linspace(0, 1, 21).round(2)
NO = False


@pytest.fixture(scope="module")
def lesson() -> dict:
    return variables("gae")


@pytest.fixture(scope="module")
def exact() -> dict:
    """Rows of the course's own estimators, by world and critic: one list of 21 for each of 20 seeds."""
    worlds = {
        "corridor": corridor_world(),
        "survival": survival_world(),
        "walk": random_walk(time_limit=6),
    }
    rows = {}
    for name, critic in (
        ("corridor", "half-trained"),
        ("corridor", "untrained"),
        ("survival", "untrained"),
    ):
        world = worlds[name]
        tables = [three_critics(world, world.theta, seed=seed)[critic] for seed in range(20)]
        rows[name, critic] = [gae_rows(world, world.theta, {"": table}, lams=LAMS) for table in tables]
    for name, world in worlds.items():
        perfect = {"": state_values(world, world.theta)}
        rows[name, "perfect"] = [gae_rows(world, world.theta, perfect, lams=LAMS)]
    return rows


# --- a critic that cannot read --------------------------------------------------------------------


def millions(run, update=-1):
    """Median score over the seeds, in million points."""
    return np.median(run.scores[:, update]) / 1e6


def test_with_a_blind_critic_the_order_turns_round(lesson):
    blind, exact = lesson["blind"], lesson["exact"]
    says("gae", "{:,.0f} million: it learns its last token and no other", millions(blind["TD error"]))
    says("gae", "$R - V$ reaches {:,.0f} million", round(millions(blind["R - V"]), -1))
    said = "With the exact critic, $\\delta$ took the writer to {:,.0f} million"
    says("gae", said, millions(exact["TD error"]))
    assert blind["TD error"].scores[:, -1].max() < blind["R - V"].scores[:, -1].min()
    assert exact["R - V"].scores[:, -1].max() < exact["TD error"].scores[:, -1].min()


def test_with_a_blind_critic_only_the_last_token_is_a_surprise_and_lam_is_one_factor_a_place(lesson):
    seen = []

    def look(e):
        weight = lesson["surprise"](e)
        assert not weight[:-1].any()
        assert weight[-1].any()
        constant = 0.95 ** np.arange(len(weight) - 1, -1, -1)[:, None]
        np.testing.assert_allclose(lesson["advantage"](e), constant * weight[-1])
        seen.append(len(weight))
        return weight

    writer.learn(look, critic="blind", seeds=1, updates=2)
    assert seen == [500, 500]
    says("gae", "the {} others get none", 500 - 1)
    says("gae", "$\\lambda^{{{}-t}}$", 500 - 1)


def test_the_last_line_lies_between_the_two_before(lesson):
    exact = lesson["exact"]
    said = "After 12 updates GAE has {:,.0f} million"
    says("gae", said, round(millions(exact["GAE 0.95"], 12), -1))
    early = {name: run.scores[:, 12] for name, run in exact.items()}
    assert early["R - V"].max() < early["GAE 0.95"].min()
    assert early["GAE 0.95"].max() < early["TD error"].min()


def test_adam_hides_the_dial_and_the_cosine_does_not(lesson):
    blind = lesson["blind"]
    assert 0.95**100 == pytest.approx(0.006, abs=0.0005)
    says("gae", "{:,.0f} million: as much as $\\lambda = 1$!", millions(blind["GAE 0.95"]))
    assert millions(blind["GAE 0.95"]) == pytest.approx(millions(blind["R - V"]), rel=0.01)
    cosine = {name: run.cosines[:, :10].mean(axis=1) for name, run in blind.items()}
    means = [cosine[name].mean() for name in ("TD error", "GAE 0.95", "GAE 0.99", "R - V")]
    assert means == pytest.approx([0.000, 0.026, 0.056, 0.090], abs=0.0015)
    assert (np.diff(means) > 0).all()


def test_in_units_of_the_best_score_adam_cannot_help(lesson):
    short = lesson["in_units_run"]
    whole = lesson["to_the_end_run"]
    said = (
        "In these units $\\lambda = 0.95$ has {:,.0f} million instead of {:,.0f}, and $\\lambda = 1$ still "
        "has its {:,.0f}"
    )
    numbers = (millions(short), millions(lesson["blind"]["GAE 0.95"]), round(millions(whole), -1))
    says("gae", said, *numbers)
    assert short.scores[:, -1].max() < whole.scores[:, -1].min()


# --- a ladder of looks ----------------------------------------------------------------------------


def test_the_n_step_estimates_jump_at_n_10(lesson):
    looks = np.array(lesson["looks"])
    assert np.abs(np.diff(looks)).argmax() + 2 == 10
    assert np.abs(looks[:9]).max() < 0.05
    assert looks[9:].min() > 0.4


@pytest.mark.parametrize("lam", [0.0, 0.3, 0.9, 0.95, 1.0])
def test_the_weighted_mix_of_looks_is_the_decaying_sum(lesson, lam):
    weights = (1 - lam) * lam ** np.arange(35)
    weights[-1] += lam**35
    summed = lesson["gae_by_definition"](lesson["deltas"], lesson["ended"], gamma=0.95, lam=lam)
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
    rng = np.random.default_rng(0)
    rewards, values, after = rng.normal(size=(3, 40))
    after[:-1] = values[1:]
    never, over = np.zeros(40, bool), np.arange(40) == 39
    record = (rewards, values, after, over, never)
    np.testing.assert_allclose(
        lesson["gae"](*record, gamma=0.9, lam=0.0), returns.td_errors(*record[:4], gamma=0.9)
    )
    np.testing.assert_allclose(
        lesson["gae"](*record, gamma=0.9, lam=1.0), returns.reward_to_go(rewards, gamma=0.9) - values
    )


def test_at_lam_0_the_step_that_meets_the_ball_gets_most_at_every_gamma(lesson):
    for gamma in (0.9, 0.95, 0.97):
        r = pong_rally(gamma=gamma)
        deltas = returns.td_errors(r.rewards, r.values, r.next_values, r.terminated, gamma=gamma)
        assert deltas.argmax() + 205 == 234
    says("gae", "Step {}, and not step {}, where the point is paid", 234, 205 + r.rewards.argmax())


def test_lam_leaves_the_bars_alone_and_gamma_changes_them(lesson):
    def bars(**dials):
        return [bar.get_height() for bar in lesson["watch"](**dials).patches]

    assert bars(gamma=0.95, lam=0.0) == bars(gamma=0.95, lam=1.0)
    assert not np.allclose(bars(gamma=0.95, lam=0.5), bars(gamma=0.97, lam=0.5))
    ax = lesson["watch"](gamma=0.95, lam=0.0)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), bars(gamma=0.95, lam=0.0))


def test_turning_lam_up_gives_the_steps_before_the_hit_their_credit():
    r = pong_rally(gamma=0.95)
    record = (r.rewards, r.values, r.next_values, r.terminated, r.truncated)
    credit = [returns.gae(*record, gamma=0.95, lam=lam)[19:29].mean() for lam in (0, 0.5, 0.9, 1)]
    assert abs(credit[0]) < 0.03
    assert (np.diff(credit) > 0.05).all()
    assert credit[-1] > 0.5


def test_2000_steps_are_two_million_terms():
    terms = sum(2_000 - t for t in range(2_000))
    says("gae", "For {:,} steps the definition adds up {} million terms", 2_000, in_words(terms / 1e6))


# --- is there a best lambda? ------------------------------------------------------------------------------


def best(seeds, batch):
    return np.array([LAMS[np.argmin([row.error(batch) for row in seed])] for seed in seeds])


def test_the_lessons_own_gae_gives_the_same_rows_as_the_courses_estimators(lesson, exact):
    theirs_of = {name: exact["corridor", name] for name in ("perfect", "half-trained", "untrained")}
    theirs_of["perfect, in the walk"] = exact["walk", "perfect"]
    assert theirs_of.keys() == lesson["rows"].keys()
    for name, all_theirs in theirs_of.items():
        for mine, theirs in zip(lesson["rows"][name], all_theirs, strict=True):
            for field in ("bias", "variance", "cosine"):
                np.testing.assert_allclose(
                    [getattr(row, field) for row in mine],
                    [getattr(row, field) for row in theirs],
                    atol=1e-9,
                )
    assert len(lesson["rows"]["perfect"]) == 1
    assert len(lesson["rows"]["half-trained"]) == len(lesson["rows"]["untrained"]) == 20


BATCHES = (1, 20, 64, 256, 1_000, 10_000)


def test_the_best_lam_of_half_trained_critics_grows_with_the_batch(lesson, exact):
    half = exact["corridor", "half-trained"]
    medians = [np.median(best(half, batch)) for batch in BATCHES]
    said = "The half-trained critic asks for {:.0f}, {:.2f}, {:.2f}, {:.2f}, {:.0f} and {:.0f}"
    says("gae", said, *medians)
    for name, seeds in lesson["best"].items():
        medians = [np.median(best(lesson["rows"][name], batch)) for batch in BATCHES]
        assert np.median(seeds, axis=0) == pytest.approx(medians), name


def test_a_perfect_critic_asks_for_0_in_the_corridor_and_is_unbiased_at_every_lam(exact):
    for batch in BATCHES:
        assert best(exact["corridor", "perfect"], batch) == [0]
    assert max(row.bias for row in exact["corridor", "perfect"][0]) < 1e-12


def test_a_perfect_critic_asks_for_more_in_the_walk_though_there_is_no_bias(exact):
    asked = {float(best(exact["walk", "perfect"], batch)[0]) for batch in BATCHES}
    assert len(asked) == 1
    says("gae", "the *perfect* critic asks for {:.2f}, at every batch size", *asked)
    assert max(row.bias for row in exact["walk", "perfect"][0]) < 1e-12


def parts_of(world, ahead):
    """What the surprises so many steps ahead give to each episode's gradient, with the perfect critic."""
    e = all_episodes(world, world.theta)
    V = state_values(world, world.theta)
    deltas = returns.td_errors(e.rewards, V[e.states], V[e.next_states], e.terminated, gamma=1.0)
    later = np.vstack([deltas[ahead:], np.zeros((ahead, deltas.shape[1]))])
    return e, episode_gradients(world, world.theta, e, later)


def covariance(e, one, other):
    one = one - e.probability @ one
    other = other - e.probability @ other
    return e.probability @ (one * other).sum(axis=1)


def test_in_the_walk_the_next_surprise_cancels_noise_of_a_steps_own(lesson, exact):
    world = random_walk(time_limit=6)
    parts = [parts_of(world, ahead)[1] for ahead in range(6)]
    e = all_episodes(world, world.theta)
    together = np.array([[covariance(e, one, other) for other in parts] for one in parts])
    assert together[0, 0] == pytest.approx(0.0234, abs=5e-5)
    assert together[1, 1] == pytest.approx(0.0282, abs=5e-5)
    assert together[0, 1] == pytest.approx(-0.0143, abs=5e-5)
    for part in parts[1:]:
        np.testing.assert_allclose(e.probability @ part, 0, atol=1e-12)
    for lam, row in zip(LAMS, exact["walk", "perfect"][0], strict=True):
        powers = lam ** np.arange(6)
        assert powers @ together @ powers == pytest.approx(row.variance)

    # a step's own part is a twelfth, whichever way it went: it counts the visits
    visits = np.array([((e.states == place) & e.real).sum(axis=0) for place in range(5)]).T
    np.testing.assert_allclose(parts[0], visits / 12, atol=1e-12)
    says("gae", "the product is 1/12, whichever way the walk went")
    # the next part is a twelfth for each step that is followed by one in the same direction, minus the turns
    turns = np.zeros_like(visits, dtype=float)
    for t in range(5):
        both = e.real[t + 1]
        same = np.where(e.actions[t] == e.actions[t + 1], 1, -1) * both
        np.add.at(turns, (np.arange(len(same)), e.states[t]), same)
    np.testing.assert_allclose(parts[1], turns / 12, atol=1e-12)

    corridor = corridor_world()
    (e, own), (_, following) = parts_of(corridor, 0), parts_of(corridor, 1)
    assert covariance(e, own, following) == pytest.approx(0, abs=1e-12)
    assert covariance(e, own, own) > 1
    says("gae", "In the corridor the same covariance is 0")


def test_no_critic_is_biased_at_lam_1(exact):
    for seeds in exact.values():
        assert max(seed[-1].bias for seed in seeds) < 1e-12


def test_three_things_that_are_often_said_do_not_hold(lesson, exact):
    seeds = exact["corridor", "untrained"]
    variance = np.array([[row.variance for row in seed] for seed in seeds])
    bias = np.array([[row.bias for row in seed] for seed in seeds])
    falls_first = (variance[:, 1] < variance[:, 0]).sum()
    says("gae", "For {} of the {} untrained critics the variance falls at first", falls_first, len(seeds))
    all_the_way = (np.diff(bias) < 0).all(axis=1).sum()
    says("gae", "The bias falls all the way for only {} of {}", all_the_way, len(seeds))

    survival = exact["survival", "untrained"]
    picked = [seed[np.argmax([row.snr for row in seed])] for seed in survival]
    away = sum(row.cosine < 0 for row in picked)
    says("gae", "for {} of {} the clearest signal points *away* from the truth", away, len(survival))
    assert lesson["away"] == away


# --- what lam cannot do ---------------------------------------------------------------------------


def test_no_lam_repairs_another_gamma():
    world = corridor_world()
    V = state_values(world, world.theta, gamma=0.9)
    rows = gae_rows(world, world.theta, {"": V}, lams=LAMS, gamma=0.9)
    biases = np.array([row.relative_bias for row in rows])
    np.testing.assert_allclose(biases, biases[0])
    says("gae", "at every $\\lambda$ the bias is {:.0f} % of the gradient", 100 * biases[0])


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
    says("gae", "The true value is {:.2f}", truth)
    assert settled(0.95, targets="A + V") == pytest.approx(truth)
    assert settled(1.0, targets="A") == pytest.approx(truth / 2)
    says("gae", "the critic comes to rest at {:.2f}, less than half", settled(0.95, targets="A"))
    assert settled(0.95, targets="A") < truth / 2
    assert lesson["value_of_start"](with_v=True) == pytest.approx(truth, abs=1e-6)
    assert lesson["value_of_start"](with_v=False) == pytest.approx(settled(0.95, targets="A"), abs=1e-6)


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
    ax = plots.ladder([1, 2, 4], lam=0.5, by_definition=2.0, step=7)
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


def test_a_guess_is_drawn_and_another_thing_is_refused():
    rally = {"first": 100, "gamma": 0.9, "lam": 0.5, "events": {}}
    assert alt_text(plots.rally(np.zeros(20), np.zeros(20), **rally, guess=110)).endswith(
        "You guessed step 110."
    )
    for odd in ("110", 99, [110, 111]):
        with pytest.raises(ValueError, match="guess"):
            plots.rally(np.zeros(20), np.zeros(20), **rally, guess=odd)


def test_the_error_is_the_sum_of_its_parts(lesson):
    ax = plots.error(LAMS, lesson["rows"]["perfect"], batch=20, size=2.0)
    total, bias, noise = (ax.lines[i].get_ydata() for i in range(3))
    np.testing.assert_allclose(bias + noise, total)
    assert total[0] == pytest.approx(lesson["rows"]["perfect"][0][0].variance / 20 / 4)
    assert "The best lambda has median 0.00" in alt_text(ax)


def test_the_figure_of_best_lambdas_shows_the_medians():
    ax = plots.best_lambda([1, 10], {"perfect": [[0, 0]], "untrained": [[0, 1], [0.2, 1], [0.4, 0.5]]})
    assert "perfect: 0.00, 0.00; untrained: 0.20, 1.00" in alt_text(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["perfect", "untrained (3 seeds)"]


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

"""Lesson 11: what it says about the shipped runs, counted again; the ratio, the clip, entropy and KL.

The runs that come with the course are a table; nearly every number of the lesson is a count over its seeds.
"""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from course import games, losses
from course.authoring.stamps import ROOT
from course.checks import judge
from course.games import probes
from course.plots import alt_text, number
from course.plots import ppo as plots
from course.returns import gae
from course.studies import STUDIES, load_curves, over, steps_until, without_bootstrap
from course.train import CARTPOLE, PONG, train
from tests.figures import covered
from tests.lessons import in_words, outputs, says

TEN = range(1, 11)
NEVER = float("inf")


@pytest.fixture(scope="module")
def shipped():
    return load_curves("cartpole")


@pytest.fixture(scope="module")
def steps(shipped):
    """Steps until the score is 475: variant -> ten seeds, sorted."""
    return {name: np.sort([steps_until(seeds[seed], 475) for seed in TEN]) for name, seeds in shipped.items()}


def solved(found):
    return int(np.isfinite(found).sum())


# --- the clip -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("advantage", "loss", "moves"), [(3.0, -3.6, False), (-3.0, 6.0, True)])
def test_a_step_that_became_twice_as_likely(advantage, loss, moves):
    new = torch.tensor([np.log(0.5)], requires_grad=True)
    old = torch.tensor([np.log(0.25)])
    found = losses.clipped_policy_loss(new, old, torch.tensor([advantage]), clip=0.2)
    found.backward()
    assert found.item() == pytest.approx(loss, abs=1e-6)
    assert bool(new.grad.abs() > 0) is moves
    says("ppo", "A good action with A = 3 that became twice as likely, c = 0.2: -3.6, and a gradient of 0.")
    says("ppo", "With A = -3: 6, and the gradient flows.")


def test_where_both_policies_agree_the_gradient_is_that_of_lesson_10():
    rng = np.random.default_rng(0)
    given, advantages = rng.normal(-1, 0.3, 50), torch.tensor(rng.normal(size=50))
    gradients = []
    for loss in (losses.policy_loss, lambda n, a: losses.clipped_policy_loss(n, n.detach(), a, clip=0.2)):
        new = torch.tensor(given, requires_grad=True)
        loss(new, advantages).backward()
        gradients.append(new.grad)
    torch.testing.assert_close(*gradients)


def test_the_figure_is_flat_where_the_loss_has_no_gradient():
    ax = plots.clipped(0.2)
    for panel, advantage in zip(ax.figure.axes, (1.0, -1.0), strict=True):
        ratio, drawn = panel.lines[1].get_data()
        new = torch.tensor(np.log(np.maximum(ratio, 1e-12)), requires_grad=True)
        zero = torch.zeros_like(new)
        found = [
            losses.clipped_policy_loss(n, z, z + advantage, clip=0.2) for n, z in zip(new, zero, strict=True)
        ]
        np.testing.assert_allclose([x.item() for x in found], drawn, atol=1e-9)
    assert "falls to -1.2 at ratio 1.2" in alt_text(ax)
    assert "flat at 0.8 up to ratio 0.8" in alt_text(ax)


def test_without_the_clip_an_update_moves_the_policy_far_more():
    """Two seeds that the lesson does not use; more were measured when it was written."""
    says("ppo", "With the clip, no update moves the policy by more than {} nats.", 0.02)
    config = replace(CARTPOLE, env_steps=8_000)
    for seed in (4, 5):
        kl = {}
        for name, loss in (
            ("clip", losses.clipped_policy_loss),
            ("none", lambda n, o, a, *, clip: -((n - o).exp() * a).mean()),
        ):
            env = games.make("CartPole-v1")
            kl[name] = np.array([u.kl for u in train(env, config, policy_loss=loss, seed=seed)])
        assert kl["clip"].max() < 0.02
        assert np.median(kl["none"]) > moved_to(0.9)


def test_the_learners_loss_drives_the_training():
    def nothing(log_probs, old_log_probs, advantages, *, clip):
        return 0 * log_probs.sum()

    still = next(train(games.make("CartPole-v1"), CARTPOLE, policy_loss=nothing, seed=0))
    moved = next(train(games.make("CartPole-v1"), CARTPOLE, policy_loss=losses.clipped_policy_loss, seed=0))
    assert still.kl == pytest.approx(0, abs=1e-6)
    assert moved.kl > 1e-4


def test_other_ways_to_write_it_pass():
    def largest_of_negatives(new, old, a, *, clip):
        ratio, a = torch.exp(new - old.detach()), a.detach()
        return torch.max(-a * ratio, -a * torch.clip(ratio, 1 - clip, 1 + clip)).mean()

    def by_cases(new, old, a, *, clip):
        with torch.no_grad():
            old, a = old + 0, a + 0
        ratio = new.exp() / old.exp()
        held = torch.where(a > 0, ratio.clamp(max=1 + clip), ratio.clamp(min=1 - clip))
        return -torch.mean(held * a)

    for answer in (largest_of_negatives, by_cases):
        assert judge("clipped_policy_loss", answer, seed=0).passed


# --- one run and many ---------------------------------------------------------------------------


def test_twenty_runs_as_given_were_all_solved(shipped):
    found = np.array([steps_until(run, 475) for run in shipped["as given"].values()])
    assert len(found) == solved(found) == 20
    said = "The {} were solved after {:,.0f} to {:,.0f} steps, median {:,.0f}: less than a third of what A2C"
    says("ppo", said, len(found), found.min(), found.max(), np.median(found))
    assert np.median(found) < quickest_a2c() / 3


def quickest_a2c():
    """Steps of the quickest seed, as the benchmarks say."""
    table = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    found = re.search(r"^\| course A2C \| [\d,]+ \(([\d,]+) to [\d,]+\) \|", table, re.M)
    return int(found[1].replace(",", ""))


def test_what_is_needed(steps):
    assert all(len(found) == 10 for found in steps.values())
    assert len(steps) == 11
    broken = [name for name, found in steps.items() if solved(found) < 10]
    says("ppo", "{} of the ten.", in_words(len(broken)).capitalize())

    bare, blind = (solved(steps[name]) for name in ("no bootstrap", "lam = 0"))
    says("ppo", "a *bootstrap*, since a batch ends after {} steps and most episodes go on", CARTPOLE.steps)
    says("ppo", "(without it {} of 10 made it)", bare)
    says("ppo", "and a $\\lambda$ above 0 (at 0, {} of 10)", blind)
    assert solved(steps["rewards x 10^6, no return normalisation"]) == 0
    says("ppo", "a critic without units of its own none of ten made it")


def test_cartpole_can_do_without_a_critic(steps):
    long = steps["no critic, longer rollouts"]
    there = long[np.isfinite(long)]
    said = "Without one {} of 10 made it, but with longer batches {} of 10, after {:,.0f} to {:,.0f} steps."
    says("ppo", said, solved(steps["no critic"]), len(there), there.min(), there.max())
    assert np.median(steps["as given"]) < np.median(long) / 2
    assert solved(steps["as given"]) == 10


def test_what_is_not_needed(steps):
    for name, words in {
        "shared body": "One shared body did no harm: 10 of 10, median {:,.0f}.",
        "lam = 1": "$\\lambda = 1$ did as well: median {:,.0f}.",
        "no advantage normalisation": "10 of 10 without, but slower: median {:,.0f}.",
    }.items():
        assert solved(steps[name]) == 10
        says("ppo", words, np.median(steps[name]))
    usual = np.median(steps["as given"])
    assert np.median(steps["lam = 1"]) <= usual
    assert np.median(steps["shared body"]) < 1.1 * usual
    assert np.median(steps["no advantage normalisation"]) > 1.3 * usual


def test_the_variants_are_what_the_lesson_calls_them():
    variants = STUDIES["cartpole"].variants()
    bare, long = variants["no critic"], variants["no critic, longer rollouts"]
    said = "Batches have {} steps in {} games, or, *longer*, {} in {}."
    says("ppo", said, bare.config.steps, games.GAMES["CartPole-v1"], long.config.steps, long.envs)
    says("ppo", "A batch has {} steps of {} games.", CARTPOLE.steps, games.GAMES["CartPole-v1"])
    assert CARTPOLE.steps * games.GAMES["CartPole-v1"] == 1_024
    assert "normalize" not in bare.functions  # so a mean is still subtracted
    says("ppo", "in place of {}.", CARTPOLE.lam)
    assert CARTPOLE.epochs == 10
    assert CARTPOLE.entropy_weight == 0 < PONG.entropy_weight


def test_a_million_times_the_reward_is_the_same_run_score_by_score(shipped):
    for seed in TEN:
        usual, large = shipped["as given"][seed], shipped["rewards x 10^6"][seed]
        np.testing.assert_array_equal(usual.env_steps, large.env_steps)
        np.testing.assert_array_equal(usual.score, large.score)


def test_without_return_normalisation_a_million_times_the_reward_stops_everything(shipped):
    lost = shipped["rewards x 10^6, no return normalisation"]
    assert len(lost) == 10
    assert max(run.score.max() for run in lost.values()) < 32
    length = np.median([np.median(run.gradient_norm) for run in lost.values()])
    assert length == pytest.approx(3e7, rel=0.05)
    # The actor's part is what it always is: advantages are normalised. The limit leaves it this much:
    usual = np.median([np.median(run.gradient_norm) for run in shipped["as given"].values()])
    assert usual * 0.5 / length < 1e-5 / 1_000


def test_the_starved_actor_does_not_move(shipped):
    run = shipped["rewards x 10^6, no return normalisation"][1]
    np.testing.assert_allclose(run.entropy, np.log(2), atol=1e-3)
    assert 1e-9 < np.median(run.kl) < 1e-7
    assert np.median(run.gradient_norm) > 1e7


def test_explained_variance_rises_and_sinks_again_in_healthy_runs(shipped):
    healthy = shipped["as given"].values()
    passed = min(run.explained_variance.max() for run in healthy)
    late = [np.median(run.explained_variance[-15:]) for run in healthy]
    assert all(run.score[-1] > 475 for run in healthy)
    said = "In all {} healthy runs it passed {:.2f}, and in {} of them it sank below 0.1 later"
    says("ppo", said, len(healthy), math.floor(100 * passed) / 100, sum(share < 0.1 for share in late))


def test_a_critic_that_explains_its_own_guesses(shipped):
    blind = [np.nanmedian(run.explained_variance) for run in shipped["lam = 0"].values()]
    says("ppo", "At $\\lambda = 0$, which hardly ever solves the game, it is {:.2f}", np.median(blind))


def test_a_missing_bootstrap_looks_almost_healthy(shipped):
    third_best = []
    for run in shipped["no bootstrap"].values():
        said = alt_text(plots.dashboard(run, shipped["as given"], name="no bootstrap"))
        inside = sorted(int(share) for share in re.findall(r"inside (\d+)% of the time", said))
        assert len(inside) == 4
        third_best.append(inside[1])
    said = "in all {} runs three of its numbers stay inside the band at least {} % of the time"
    says("ppo", said, in_words(len(third_best)), min(third_best) // 10 * 10)


def test_the_ratio_turns_one_mean_into_the_other():
    old, new, A = np.array([0.2, 0.5, 0.3]), np.array([0.6, 0.3, 0.1]), np.array([4.0, -1, -1])
    assert old @ (new / old * A) == pytest.approx(new @ A)
    assert new @ A > 1
    says("ppo", "Without the ratio it is about 0: weighed by its own policy, an advantage function sums to 0")
    assert old @ A == pytest.approx(0)


def moved_to(p):
    """KL of the way from one half to p."""
    return 0.5 * np.log(0.5 / p) + 0.5 * np.log(0.5 / (1 - p))


def test_what_the_nats_of_the_built_lesson_are_in_its_table():
    found = re.search(
        r"at most ([\d.]+) nats; without, half of the updates at least ([\d.]+)", outputs("ppo")
    )
    furthest, half = map(float, found.groups())
    says("ppo", "In our run, {:.2f} nats. By the table above that is farther than from one half to 0.9", half)
    assert half > moved_to(0.9)
    says("ppo", "with the clip, none is as far as from 0.5 to 0.6")
    assert furthest < 0.02 < moved_to(0.6)


@pytest.mark.parametrize(
    "answer",
    [
        lambda log_probs: torch.distributions.Categorical(logits=log_probs).entropy().mean(),
        lambda log_probs: -(log_probs.exp() * log_probs.detach()).sum(-1).mean(),  # the gradient is the same
        lambda log_probs: -(torch.softmax(log_probs, -1) * log_probs).sum() / log_probs[..., 0].numel(),
    ],
    ids=["by torch", "only the probabilities learn", "a sum over a count"],
)
def test_an_entropy_may_be_written_in_other_ways(answer):
    assert all(judge("entropy", answer, seed=seed).passed for seed in range(5))


def test_two_mistakes_of_an_entropy_get_both_sentences():
    cause = judge("entropy", lambda log_probs: (log_probs.exp() * log_probs).sum(), seed=0).cause
    assert cause.startswith("Two things: (1) The sign is turned round.")
    assert "That is the sum over the states." in cause


def test_the_hint_of_entropy_says_what_comes():
    for probabilities, nats in (([0.5, 0.5], 0.693), ([0.99, 0.01], 0.056)):
        assert losses.entropy(torch.tensor(probabilities).log()).item() == pytest.approx(nats, abs=5e-4)
    says("ppo", "give 0.693; of <code>[0.99, 0.01]</code>, 0.056")


def test_the_probe_finds_what_the_score_hides():
    def probe(judge_steps):
        env = probes.endless(envs=16)
        *_, last = train(env, replace(CARTPOLE, env_steps=10_000, gamma=0.9), gae=judge_steps)
        return last.agent.values(env.sees)[0]

    assert probe(gae) == pytest.approx(10, abs=1)
    assert probe(without_bootstrap) < 4


# --- the figures ----------------------------------------------------------------------------------


class Recorded:
    """An update with the fields that the figures ask for."""

    def __init__(self, number):
        self.env_steps, self.score = 1_000 * number, 100.0 * number
        self.entropy = self.kl = self.gradient_norm = self.explained_variance = 0.5
        self.advantage_std = self.seconds = 1.0


@pytest.mark.parametrize("updates", [1, 3, 60])
def test_the_legend_does_not_cover_a_run_of_any_length(shipped, updates):
    others = shipped["as given"]
    run = [Recorded(number) for number in range(1, updates + 1)]
    for update in run:
        update.score = min(update.score, 500)
    assert list(covered(plots.scores(run, others))) == []
    assert list(covered(plots.scores(run))) == []


def test_the_score_is_drawn_over_the_range_of_the_other_seeds(shipped):
    others = shipped["as given"]
    ax = plots.scores([Recorded(1), Recorded(5)], others)
    assert "It first reaches 475 after 5,000 steps. 20 other seeds got there after 20,323 to" in alt_text(ax)
    assert ax.get_legend().get_texts()[0].get_text() == "20 other seeds"
    assert "Not solved yet" in alt_text(plots.scores([Recorded(1)]))
    one = over(others.values(), "score", np.array([others[1].env_steps[7]]))
    assert one[0, 0] == others[1].score[7]


def test_what_was_predicted_is_drawn_and_said():
    runs = {"a": [10.0, 20.0], "lam = 0": [NEVER, NEVER]}
    assert "You guessed that 1 are broken." in alt_text(plots.ablation(runs, limit=60, guess=1))
    assert "You guessed" not in alt_text(plots.ablation(runs, limit=60))
    assert "You guessed 1.5." in alt_text(plots.clipped(0.2, guess=1.5))
    for draw in (lambda: plots.clipped(0.2, guess="far"), lambda: plots.ablation(runs, limit=60, guess=3)):
        with pytest.raises(ValueError, match="guess must be"):
            draw()


def test_what_is_solved_least_stands_last():
    runs = {"worst": [NEVER, NEVER], "best": [10.0, 20.0], "so so": [NEVER, 30.0]}
    ax = plots.ablation(runs, limit=60)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["best", "so so", "worst"]


def test_dots_stand_where_runs_were_solved_and_the_others_are_counted():
    ax = plots.ablation({"good": [10.0, 30.0, 20.0], "lam = 0": [40.0, NEVER, NEVER]}, limit=60)
    np.testing.assert_array_equal(np.sort(ax.lines[0].get_xdata()), [10, 20, 30])
    assert "λ = 0: 1 of 3 solved, after 40 to 40 steps" in alt_text(ax)
    assert any(text.get_text() == "2 of 3" for text in ax.texts)


def test_the_dashboard_has_four_panels_and_says_how_much_is_inside(shipped):
    healthy = shipped["as given"]
    ax = plots.dashboard(healthy[1], healthy, name="as given")
    assert len(ax.figure.axes) == 4
    assert alt_text(ax).count("inside 100% of the time") == 4
    assert "explained variance: median " + number(np.median(healthy[1].explained_variance)) in alt_text(ax)


def test_the_microscope_shows_the_last_step_of_a_shorter_episode():
    states, values = np.zeros((3, 4)), np.array([1.0, 2.0, 0.5])
    said = alt_text(plots.microscope(states, values, -values, step=50, name="update 3"))
    assert "At step 2 the pole leans +0 degrees, V is 0.5 points and A is -0.5." in said
    assert "1.0 at the start, 2.0 at most, 0.5 in the last step" in said


# --- the built lesson -----------------------------------------------------------------------------


def test_the_critic_of_the_microscope_sinks_before_the_fall():
    found = re.search(
        r"V is ([\d.]+) at the start, [\d.]+ at most, ([\d.]+) in the last step", outputs("ppo")
    )
    assert float(found[2]) < float(found[1]) / 1.5

"""Lesson 10: its two losses, its one update, its loop, and what a million times the reward does to it.

The runs are short: what the lesson says of whole runs is printed by its cells.
"""

import ast
import re

import numpy as np
import pytest
import torch
from gymnasium.wrappers.vector import TransformReward

from course import games, losses
from course.checks import judge
from course.nets import Agent
from course.plots import actor_critic as plots
from course.plots import alt_text
from course.plots.live import live
from course.returns import explained_variance, gae
from course.rollout import Collector, values_along
from course.train import actor_critic_update
from tests.figures import covered
from tests.lessons import cells, says

# --- the exercises --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        lambda a, *, floor=1e-8: (a - a.mean()) / max(((a - a.mean()) ** 2).mean() ** 0.5, floor),
        lambda a, *, floor=1e-8: (a - a.mean()) / (max(float(np.std(np.asarray(a))), floor) + 1e-8),
        lambda a, *, floor=1e-8: (
            (a - a.mean()) / max(a.std(correction=0) if torch.is_tensor(a) else a.std(), floor)
        ),
    ],
    ids=["the lesson's", "with a small epsilon", "each kind by its own std"],
)
def test_normalize_may_be_written_in_other_ways(answer):
    assert judge("normalize", answer, seed=0).passed


def test_a_tensor_is_to_come_back_as_a_tensor():
    cause = judge("normalize", lambda a, **floor: losses.normalize(np.asarray(a), **floor), seed=0).cause
    assert cause.startswith("A tensor went in and a numpy array came out")


@pytest.mark.parametrize(
    "answer",
    [
        lambda p, a: -torch.mean(p * a.detach()),
        lambda p, a: (p * -a.detach()).sum() / p.numel(),
        lambda p, a: -(p.flatten() @ a.detach().flatten()) / p.numel(),
    ],
)
def test_the_policy_loss_may_be_written_in_other_ways(answer):
    assert judge("policy_loss", answer, seed=0).passed


def test_what_you_should_see_in_the_hints():
    log_pi = torch.tensor([-2.0], requires_grad=True)
    loss = losses.policy_loss(log_pi, torch.tensor([3.0]))
    loss.backward()
    assert (loss.item(), log_pi.grad.item()) == (6, -3)
    assert losses.normalize(np.array([1.0, 5, 1, 5])).tolist() == [-1, 1, -1, 1]
    assert losses.normalize(np.array([1.0, 5, 1, 5]), floor=4).tolist() == [-0.5, 0.5, -0.5, 0.5]


def test_the_gradient_of_the_loss_is_the_policy_gradient_with_the_advantage_for_the_score():
    from course.estimators import policy_gradient

    rng = np.random.default_rng(0)
    logits = torch.tensor(rng.normal(size=3), requires_grad=True)
    actions, advantages = torch.tensor(rng.integers(3, size=50)), torch.tensor(rng.normal(size=50))
    losses.policy_loss(torch.log_softmax(logits, 0)[actions], advantages).backward()
    scores = np.eye(3)[actions] - torch.softmax(logits, 0).detach().numpy()
    np.testing.assert_allclose(-logits.grad.numpy(), policy_gradient(scores, advantages.numpy()))


def with_autograd(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    log_pi, values = agent(obs)
    log_probs = torch.distributions.Categorical(logits=log_pi).log_prob(actions)
    loss = losses.policy_loss(log_probs, advantages) + value_weight * losses.value_loss(values, targets)
    found = torch.autograd.grad(loss, list(agent.parameters()))
    for weights, gradient in zip(agent.parameters(), found, strict=True):
        weights.grad = gradient
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()


def loss_by_loss(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    """Two calls of backward, a limit by hand, and the old gradient cleared at the end."""
    log_pi, values = agent(obs)
    log_probs = log_pi[torch.arange(len(actions)), actions]
    losses.policy_loss(log_probs, advantages).backward(retain_graph=True)
    (value_weight * losses.value_loss(values, targets)).backward()
    length = sum(weights.grad.square().sum() for weights in agent.parameters()) ** 0.5
    if length > max_grad_norm:
        for weights in agent.parameters():
            weights.grad *= max_grad_norm / length
    optimizer.step()
    optimizer.zero_grad()


def with_one_hot(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    optimizer.zero_grad()
    log_pi, values = agent(obs)
    log_probs = (log_pi * torch.nn.functional.one_hot(actions, log_pi.shape[1])).sum(1)
    value = 0.5 * torch.nn.functional.mse_loss(values, targets)
    (-(log_probs * advantages).mean() + value_weight * value).backward()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    return optimizer.step()


@pytest.mark.parametrize("answer", [with_autograd, loss_by_loss, with_one_hot])
def test_an_update_may_be_written_in_other_ways(answer):
    assert all(judge("actor_critic_update", answer, seed=seed).passed for seed in range(5))


def test_two_mistakes_of_an_update_get_both_sentences():
    def answer(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
        log_pi, values = agent(obs)
        log_probs = log_pi.gather(1, actions[:, None])
        loss = -(log_probs * advantages).mean() + value_weight * losses.value_loss(values, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
        optimizer.step()

    cause = judge("actor_critic_update", answer, seed=0).cause
    assert cause.startswith("Two things: (1) ")
    assert "The old gradient is not cleared" in cause
    assert "[n, 1] against [n] is stretched" in cause


# --- the two machines -----------------------------------------------------------------------------


def test_dividing_by_a_batchs_own_spread_points_to_the_wrong_machine_in_small_batches():
    mean_gradient = of_the_lesson("mean_gradient", needs=["play_machines"])
    means = {size: mean_gradient(size, batches=1_000) for size in (20, 100, 300, 500, 1_024)}
    assert means[20] == pytest.approx(-0.38, abs=0.02)
    assert means[100] == pytest.approx(-0.165, abs=0.03)
    assert abs(means[300]) < 0.02
    assert 0 < means[500] < means[1_024] == pytest.approx(0.25 / np.sqrt(98.25), rel=0.1)
    says("actor_critic", "At 20 and at 100 it points to the wrong machine, and at 300 nowhere.")


def test_the_harm_is_in_the_division():
    mean_gradient = of_the_lesson("mean_gradient", needs=["play_machines"])
    mean_gradient.__globals__["normalize"] = lambda advantages: advantages - advantages.mean()
    assert mean_gradient(20) == pytest.approx(0.25 * 19 / 20, abs=0.05)


def test_of_batches_of_500_more_than_99_in_100_hold_a_jackpot():
    says("actor_critic", "Of batches of 500, more than 99 in 100 hold a jackpot.")
    assert 1 - 0.99**500 > 0.99  # B is chosen half of the time


def machines(size, batches):
    """(Whether each play chose B, what it was paid), both [batches, size]."""
    rng = np.random.default_rng(0)
    chose_b = rng.random((batches, size)) < 0.5
    return chose_b, np.where(chose_b, 100.0 * (rng.random((batches, size)) < 0.02), 1.0)


def test_batches_of_500_are_divided_by_much_the_same_number():
    low, high = np.quantile(machines(500, 10_000)[1].std(axis=1), [0.05, 0.95])
    says("actor_critic", "nine in ten by {:.0f} to {:.0f}", low, high)


def test_a_lone_jackpot_among_twenty_counts_like_four_or_five_steady_points():
    chose_b, paid = machines(20, 10_000)
    weights = np.array([losses.normalize(each) for each in paid])
    jackpots = (paid > 1).sum(axis=1)
    lone, none = jackpots == 1, jackpots == 0
    jackpot, beside = weights[lone][paid[lone] > 1].mean(), weights[lone][~chose_b[lone]].mean()
    steady = weights[none][~chose_b[none]].mean()
    said = "a lone jackpot weighs {:.1f} and a steady point {:.1f}; where there is no jackpot, a steady"
    says("actor_critic", said, jackpot, beside)
    assert steady == pytest.approx(1, abs=0.05)
    assert 4 < jackpot / steady < 5


def test_the_first_single_batch_with_a_jackpot_is_the_third():
    play = of_the_lesson("play_machines")
    jackpots = [int((play(20, np.random.default_rng(batch))[1] > 1).sum()) for batch in (1, 2, 3)]
    says("actor_critic", "(Of 20 plays, batch {} is the first that does.)", len(jackpots))
    assert jackpots == [0, 0, 1]


def test_the_z_score_points_to_the_wrong_machine_more_clearly_than_raw_rewards_to_the_right_one():
    says("actor_critic", "and more clearly than the raw rewards to the right one")
    chose_b, paid = machines(20, 3_000)
    towards_b = np.where(chose_b, 0.5, -0.5)
    z_scores = np.array([losses.normalize(each) for each in paid])
    raw, scaled = ((towards_b * each).mean(axis=1) for each in (paid, z_scores))
    assert raw.mean() / raw.std() == pytest.approx(0.22, abs=0.05)
    assert scaled.mean() / scaled.std() < -1.5


# --- the loop -------------------------------------------------------------------------------------


def of_the_lesson(name, *, needs=()):
    """A function as a cell of the lesson defines it, with what it needs and the course's own exercises."""
    known = {
        "np": np,
        "torch": torch,
        "Agent": Agent,
        "Collector": Collector,
        "values_along": values_along,
        "gae": gae,
        "normalize": losses.normalize,
        "actor_critic_update": actor_critic_update,
    }
    code = "\n\n".join(
        "".join(cell["source"]) for cell in cells("actor_critic") if cell["cell_type"] == "code"
    )
    found = [each for each in ast.parse(code).body if getattr(each, "name", "") in (*needs, name)]
    exec(compile(ast.Module(found, []), name, "exec"), known)
    return known[name]


def played(*, scale=1.0, envs=8, env_steps=4_000, seed=0, **options):
    """What the lesson's loop gives, with the agent after each update's first state valued."""
    env = TransformReward(games.make("CartPole-v1", envs=envs), lambda rewards: rewards * scale)
    upright = np.zeros((1, 4), dtype=np.float32)
    actor_critic = of_the_lesson("actor_critic")
    for steps, scores, agent in actor_critic(env, seed=seed, env_steps=env_steps, **options):
        yield steps, np.array(scores) / scale, float(agent.values(upright)[0]) / scale


def test_in_units_a_million_times_the_reward_is_the_same_run():
    usual = list(played(in_units=True))
    large = list(played(in_units=True, scale=1e6))
    assert len(usual) == len(large) > 7
    for (steps, scores, value), (their_steps, their_scores, their_value) in zip(usual, large, strict=True):
        assert steps == their_steps
        np.testing.assert_allclose(scores, their_scores)
        assert value == pytest.approx(their_value, rel=1e-3)


def test_in_points_the_critic_starves_the_actor_and_without_a_limit_it_learns_nothing_itself(monkeypatch):
    lengths = []
    limited = torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(
        torch.nn.utils, "clip_grad_norm_", lambda *given: lengths.append(limited(*given).item())
    )

    def entropy_and_value(**options):
        env = TransformReward(games.make("CartPole-v1", envs=8), lambda rewards: rewards * 1e6)
        *_, (_, _, agent) = of_the_lesson("actor_critic")(env, seed=0, env_steps=15_000, **options)
        states = np.random.default_rng(0).uniform(-0.1, 0.1, size=(100, 4)).astype(np.float32)
        log_pi = torch.tensor(agent.log_probs(states))
        return losses.entropy(log_pi).item(), float(agent.values(states).mean())

    undecided, _ = entropy_and_value()
    says("actor_critic", "That gradient is soon longer than $10^7$")
    assert np.median(lengths[-5:]) > 1e7
    assert undecided == pytest.approx(np.log(2), abs=1e-3)
    decided, value = entropy_and_value(max_grad_norm=1e30)
    assert decided < np.log(2) - 0.01
    assert abs(value) < 1_000 < 1e6


def test_the_actors_part_of_the_gradient_is_no_longer_and_the_critics_is():
    """The first batch is the same with and without a million times the reward, so the two can be compared."""

    def lengths(scale):
        env = TransformReward(games.make("CartPole-v1", envs=8), lambda rewards: rewards * scale)
        agent = Agent((4,), 2, seed=0)
        rollout = Collector(env, seed=0).collect(agent, 64)
        values, next_values = values_along(rollout, agent)
        ends = (rollout.terminated, rollout.truncated)
        advantages = gae(rollout.rewards, values, next_values, *ends, gamma=0.99, lam=0.99)[rollout.real]
        obs, actions = torch.tensor(rollout.obs[rollout.real]), torch.tensor(rollout.actions[rollout.real])
        log_pi, said = agent(obs)
        log_probs = log_pi.gather(1, actions[:, None]).squeeze(1)
        normal = torch.tensor(losses.normalize(advantages), dtype=torch.float32)
        targets = torch.tensor(advantages + values[rollout.real], dtype=torch.float32)
        losses.policy_loss(log_probs, normal).backward()
        (0.5 * losses.value_loss(said, targets)).backward()
        parts = {"actor": [], "critic": []}
        for name, weights in agent.named_parameters():
            parts["critic" if name.startswith("critic") else "actor"].append(weights.grad.square().sum())
        return {part: float(sum(squares)) ** 0.5 for part, squares in parts.items()}

    usual, large = lengths(1.0), lengths(1e6)
    assert large["actor"] == pytest.approx(usual["actor"], rel=1e-4)
    assert large["critic"] == pytest.approx(1e6 * usual["critic"], rel=1e-4)
    # What the limit of 0.5 leaves of the actor's part is far below the 1e-5 of Adam, from the start.
    assert large["actor"] * 0.5 / large["critic"] < 1e-7
    assert usual["critic"] > 10 * usual["actor"]


def test_a_critic_that_never_learns_says_what_the_first_batch_was_worth():
    short = {"envs": 32, "steps": 16, "lam": 0.95, "max_grad_norm": 1e30, "in_units": True}
    said = [value for _, _, value in played(value_weight=0.0, **short)]
    np.testing.assert_allclose(said, said[0], rtol=1e-4)
    assert said[0] > 1


def test_in_units_with_short_batches_a_good_critic_is_no_promise():
    """What the lesson saw when it looked inside: seed 0."""
    scores, best, fell = [], 0.0, []
    env = games.make("CartPole-v1", envs=32)
    given = {"steps": 16, "lam": 0.95, "max_grad_norm": 1e30, "in_units": True}
    watched = Watched(env, seed=0)
    loop = of_the_lesson("actor_critic")
    loop.__globals__["Collector"] = lambda env, seed: watched
    for steps, finished, agent in loop(env, seed=0, env_steps=55_000, **given):
        scores = [*scores, *finished][-20:]
        if steps <= 50_000:
            best = max(best, float(np.mean(scores)))
        else:
            values, next_values = values_along(watched.last, agent)
            rollout = watched.last
            ends = (rollout.terminated, rollout.truncated)
            advantages = gae(rollout.rewards, values, next_values, *ends, gamma=0.99, lam=0.95)
            real = rollout.real
            fell.append((np.mean(scores), explained_variance(values[real], (advantages + values)[real])))
    score, explained = np.median(fell, axis=0)
    assert best > 110
    assert score < 80
    assert explained > 0.85
    says("actor_critic", "the score had fallen from above 110 to below 80")


class Watched(Collector):
    """Remembers what it played last."""

    def collect(self, agent, steps):
        self.last = super().collect(agent, steps)
        return self.last


def test_the_loop_is_that_of_the_lesson():
    says("actor_critic", "Eight games are played side by side, 64 steps each, so that a batch has 512 steps,")
    steps, _, _ = next(played())
    assert 400 < steps <= 512  # some rows only reset
    says("actor_critic", "Adam moves a weight by about {} a step", 0.004)


def test_an_untrained_agent_holds_the_pole_for_about_20_steps():
    scores = games.evaluate(Agent((4,), 2), "CartPole-v1", episodes=200, seed=5, greedy=False)
    assert 18 < scores.mean() < 27


# --- the figures ----------------------------------------------------------------------------------


class Recorded:
    """An update with the fields that the figures ask for."""

    def __init__(self, number):
        self.env_steps, self.score = 1_000 * number, 100.0 * number
        self.entropy = self.kl = self.gradient_norm = self.explained_variance = 0.5
        self.advantage_std = self.seconds = 1.0


@pytest.fixture
def shown(monkeypatch):
    """What a notebook shows in one place, in its order; words as words."""
    seen = []

    class Place:
        update = staticmethod(seen.append)

    def display(what, **_):
        seen.append(getattr(what, "data", what))
        return Place()

    monkeypatch.setattr("IPython.display.display", display)
    return seen


def test_live_passes_all_updates_on_and_shows_the_last_state(shown):
    updates = [Recorded(1), Recorded(2), Recorded(3)]
    assert list(live(updates, len, every=0)) == updates
    assert shown == ["The first update is on its way.", 1, 2, 3, 3]
    shown.clear()
    for update in live(updates, len, every=1e9):
        if update.score >= 200:
            break
    assert shown[-1] == 2


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (1, "Stopped. The agent of the last update is kept.\n"),
        (0, "Stopped. Nothing was learned yet: run it again.\n"),
    ],
)
def test_an_interrupt_keeps_what_was_learned(shown, capsys, before, said):
    def stopped():
        yield from [Recorded(1)] * before
        raise KeyboardInterrupt

    assert len(list(live(stopped(), len, every=1e9))) == before
    assert capsys.readouterr().out == said


def test_watching_ends_at_the_goal_and_gives_the_agent(monkeypatch, shown):
    monkeypatch.delenv("COURSE_QUICK", raising=False)
    learning = [(512 * nth, [100.0 * nth], f"agent {nth}") for nth in range(1, 11)]
    assert plots.watch(iter(learning), until=300, guess=1_000) == "agent 5"  # the mean of 100 to 500
    said = alt_text(shown[-1])
    assert "300 points after 2,560 steps. It is the first above 300. You guessed 1,000 steps." in said
    monkeypatch.setenv("COURSE_QUICK", "1")
    assert plots.watch(iter(learning), until=1_000) == "agent 2"
    with pytest.raises(ValueError, match="nothing was learned yet"):
        plots.watch(iter([]), until=300)
    with pytest.raises(ValueError, match="guess must be"):
        plots.watch(iter(learning), until=300, guess="soon")


def test_the_figures_draw_what_was_predicted():
    means = {20: -0.4, 500: 0.02, 1_024: 0.024}
    ax = plots.machines(means, truth=0.25, guess=200)
    assert list(covered(ax)) == []
    assert "20 plays: -0.400; 500 plays: +0.020" in alt_text(ax)
    assert "You guessed 200 plays." in alt_text(ax)
    assert "You guessed" not in alt_text(plots.machines(means, truth=0.25))
    for far in (3, 5_000):
        low, high = plots.machines(means, truth=0.25, guess=far).get_xlim()
        assert low < far < high

    ax = plots.growth([(512, 20.0, None), (50_000, 480.0, None)], until=475, guess=1_000_000)
    assert list(covered(ax)) == []

    tried = {"as it is": [480, 460], "a million\ntimes": [30, 31]}
    ax = plots.million(tried, guess=250)
    assert list(covered(ax)) == []
    assert "as it is: 480, 460 points, 1 of 2 solved; a million times: 30, 31" in alt_text(ax)
    assert "You guessed 250 points." in alt_text(ax)
    with pytest.raises(ValueError, match="guess must be"):
        plots.machines(means, truth=0.25, guess="many")
    with pytest.raises(ValueError, match="guess must be"):
        plots.million(tried, guess="many")


def test_a_film_counts_the_falls_and_moves():
    states = np.zeros((40, 4))
    states[[9, 19], 2] = 0.25
    film = plots.film({"one": states, "other": np.zeros((40, 4))})
    assert film.alt.endswith("one: 2 falls; other: 0 falls.")
    assert film.gif[:6] == b"GIF89a"
    bundle = film._repr_mimebundle_()
    assert f'alt="{film.alt}"' in bundle["text/html"]
    assert bundle["text/plain"] == film.alt


def test_the_falls_of_a_film_are_the_endings_of_its_episodes():
    played = Collector(games.make("CartPole-v1", envs=1), seed=1).collect(Agent((4,), 2), 200)
    said = plots.film({"beginner": played.obs[:, 0]}).alt
    assert said.endswith(f"beginner: {int(played.terminated[:-1].sum())} falls.")


def test_what_varies_from_machine_to_machine_is_not_compared():
    for cell in cells("actor_critic"):
        if cell["cell_type"] == "code" and re.search(
            r"\btrain\(|evaluate\(|film\(|history\[", "".join(cell["source"])
        ):
            assert "nbval-ignore-output" in cell["metadata"]["tags"]

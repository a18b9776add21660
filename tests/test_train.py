"""The agent learns what it must, says what it did, and refuses what cannot work."""

import contextlib
import dataclasses
import functools
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.wrappers.vector import TransformReward

from course import games, losses, returns
from course.games import probes
from course.nets import load, one_thread, save
from course.train import CARTPOLE, PONG, Config, TrainingFailed, train

GAMMA = 0.5
SMALL = Config(
    env_steps=4000, steps=16, epochs=4, minibatch=64, lr=1e-2, gamma=GAMMA, lam=0.9, return_rate=0.0
)
WAYS = pytest.mark.parametrize(
    ("mode", "return_rate"),
    [("NextStep", 0.0), ("SameStep", 0.3)],
    ids=["next step, in points", "same step, normalised"],
)
MODES = pytest.mark.parametrize("mode", ["NextStep", "SameStep"])


def learned(probe, mode="NextStep", config=SMALL, envs=8, **judges):
    """The agent after training on a probe, and its world."""
    env = probe(envs=envs, mode=mode)
    *_, last = train(env, config, **judges)
    return last.agent, env


def values(probe, *arguments, **judges):
    agent, env = learned(probe, *arguments, **judges)
    return agent.values(env.sees)


def choices(probe, *arguments, **judges):
    """Probability of action 1 in every state."""
    agent, env = learned(probe, *arguments, **judges)
    return np.exp(agent.log_probs(env.sees))[:, 1]


TRUE_VALUES = [
    (probes.one_reward, [1]),
    (probes.two_signs, [-1, 1]),
    (probes.delayed_reward, [GAMMA, 1]),
    (probes.endless, [1 / (1 - GAMMA)]),
    (probes.seesaw, [1 / (1 - GAMMA**2), GAMMA / (1 - GAMMA**2)]),
]


@WAYS
@pytest.mark.parametrize(("probe", "truth"), TRUE_VALUES, ids=lambda it: getattr(it, "__name__", ""))
def test_the_critic_finds_the_true_values(probe, truth, mode, return_rate):
    got = values(probe, mode, replace(SMALL, return_rate=return_rate))
    np.testing.assert_allclose(got, truth, atol=0.05)


@MODES
@pytest.mark.parametrize(
    ("probe", "best"),
    [(probes.two_actions, [1]), (probes.matching, [0, 1]), (probes.patience, [1])],
    ids=lambda it: getattr(it, "__name__", ""),
)
def test_the_actor_finds_the_best_action(probe, best, mode):
    got = choices(probe, mode)[: len(best)]
    np.testing.assert_allclose(got, best, atol=0.1)


def test_the_plain_policy_loss_fits_as_well():
    a2c = replace(SMALL, epochs=1, lr=2e-2)
    np.testing.assert_allclose(
        choices(probes.matching, config=a2c, policy_loss=losses.policy_loss), [0, 1], atol=0.1
    )


def test_the_learners_functions_drive_the_training():
    """Each broken part fails the probe that was made for it, and no number of steps would help."""

    def time_limits_end_the_task(rewards, values, next_values, terminated, truncated, **rest):
        return returns.gae(rewards, values, next_values, terminated | truncated, truncated, **rest)

    def no_future(rewards, values, next_values, terminated, truncated, **rest):
        return returns.gae(rewards, values, 0 * next_values, terminated, truncated, **(rest | {"lam": 0}))

    def uphill(log_probs, old_log_probs, advantages, *, clip):
        return -losses.clipped_policy_loss(log_probs, old_log_probs, advantages, clip=clip)

    short = replace(SMALL, env_steps=2000)
    assert values(probes.endless, config=short, gae=time_limits_end_the_task)[0] < 1.9
    assert values(probes.delayed_reward, config=short, gae=no_future)[0] < 0.1
    assert choices(probes.two_actions, config=short, policy_loss=uphill)[0] < 0.1
    nothing = {"normalize": lambda advantages, *, floor: 0 * advantages}
    no_signal = choices(probes.two_actions, config=short, **nothing)[0]
    assert no_signal == pytest.approx(0.5, abs=0.05)


def test_the_state_after_a_reset_is_no_substitute_for_the_state_reached():
    class Forgetful(probes.Probe):
        def step(self, actions):
            obs, rewards, terminated, truncated, info = super().step(actions)
            return obs, rewards, terminated, truncated, {**info, "final_obs": obs}

    def forgetful(**options):
        env = probes.seesaw(**options)
        env.__class__ = Forgetful
        return env

    got = values(forgetful, "SameStep")
    assert got[0] - got[1] > 0.9  # as the docstring of the probe says; the truth is 2/3


def first_updates(count, *, seed=0, scale=1.0, config=CARTPOLE, **judges):
    env = TransformReward(games.make("CartPole-v1"), lambda rewards: rewards * scale)
    return [update for update, _ in zip(train(env, config, seed=seed, **judges), range(count), strict=False)]


def numbers(updates):
    names = [field.name for field in dataclasses.fields(updates[0])]
    return np.array(
        [[getattr(each, name) for name in names if name not in ("seconds", "agent")] for each in updates]
    )


def test_the_same_seed_gives_the_same_run_and_another_gives_another():
    one, two, other = first_updates(3, seed=4), first_updates(3, seed=4), first_updates(3, seed=5)
    np.testing.assert_array_equal(numbers(one), numbers(two))
    assert (numbers(one) != numbers(other)).any()


@pytest.mark.parametrize("learners", [2, 3])
def test_learners_side_by_side_find_the_same_gradient_together(learners):
    # 64 x 16 steps in 4 minibatches: three learners cannot share 256 steps evenly.
    together, again = (first_updates(3, config=replace(CARTPOLE, learners=learners)) for _ in range(2))
    np.testing.assert_array_equal(numbers(together), numbers(again))
    alone, shared = numbers(first_updates(1)), numbers(together)[:1]
    np.testing.assert_allclose(shared, alone, rtol=1e-3, atol=1e-5)  # rounded in another order


def test_a_million_times_the_points_change_nothing_but_the_points():
    plain, large = first_updates(4), first_updates(4, scale=1e6)
    for one, other in zip(plain, large, strict=True):
        assert other.score == pytest.approx(1e6 * one.score)
        assert other.advantage_std == pytest.approx(1e6 * one.advantage_std, rel=1e-3)
        for name in ("env_steps", "kl", "entropy", "value_loss", "gradient_norm", "explained_variance"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-3, abs=1e-6), name


def test_without_return_normalisation_the_critic_eats_the_whole_gradient():
    large = first_updates(2, scale=1e6, config=replace(CARTPOLE, return_rate=0.0))
    assert large[-1].gradient_norm > 1e4
    assert first_updates(2)[-1].gradient_norm < 10


def test_an_update_keeps_its_agent_when_training_goes_on():
    updates = first_updates(3)
    obs = np.ones((1, 4))
    kept = [update.agent.values(obs).item() for update in updates]
    assert len(set(kept)) == 3
    assert [update.number for update in updates] == [1, 2, 3]
    assert updates[0].env_steps < updates[1].env_steps <= 3 * 64 * 16


def test_training_leaves_global_random_numbers_and_threads_alone():
    torch.manual_seed(0)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    legacy = np.random.get_state()[1].copy()  # noqa: NPY002
    torch.set_num_threads(2)
    try:
        for _ in zip(train(games.make("CartPole-v1"), CARTPOLE), range(2), strict=False):
            assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), one_thread():
            assert torch.get_num_threads() == 1
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], legacy)  # noqa: NPY002


@pytest.mark.parametrize("quantity", ["rewards", "advantages", "normalised advantages", "policy loss"])
def test_a_number_that_is_not_finite_stops_training_and_keeps_the_last_good_agent(quantity):
    calls = []

    def spoiled(right, after, *arguments, **options):
        calls.append(1)
        return right(*arguments, **options) * (float("nan") if len(calls) > after else 1)

    env, judges = games.make("CartPole-v1"), {}
    if quantity == "rewards":
        env = TransformReward(env, lambda rewards: spoiled(np.array, 2 * 64, rewards))
    elif quantity == "advantages":
        judges["gae"] = lambda *a, **k: spoiled(returns.gae, 2, *a, **k)
    elif quantity == "normalised advantages":
        judges["normalize"] = lambda a, *, floor: spoiled(losses.normalize, 2, a, floor=floor)
    else:
        judges["policy_loss"] = lambda a, b, c, *, clip: spoiled(
            losses.clipped_policy_loss, 2 * 40, a, b, c, clip=clip
        )
    seen = []
    with pytest.raises(TrainingFailed, match=f"^update 3: {quantity} is no longer finite") as failure:
        seen.extend(train(env, replace(CARTPOLE, minibatch=256), **judges))
        pytest.fail("it went on")
    agent = failure.value.agent
    assert all(torch.isfinite(weights).all() for weights in agent.state_dict().values())
    assert np.isfinite(agent.values(np.ones((1, 4)))).all()


def test_an_interrupt_loses_no_more_than_the_update_under_way():
    pressed, threads = [], torch.get_num_threads()

    def ctrl_c(rewards):
        pressed.append(1)
        if len(pressed) > 2 * 64 + 10:
            raise KeyboardInterrupt
        return rewards

    with pytest.raises(KeyboardInterrupt):
        for update in train(TransformReward(games.make("CartPole-v1"), ctrl_c)):
            last = update
    assert last.number == 2
    assert games.evaluate(last.agent, "CartPole-v1", episodes=5, seed=0).min() > 0
    assert torch.get_num_threads() == threads


def test_a_learning_rate_that_is_far_too_high_is_stopped_not_hidden():
    with pytest.raises(TrainingFailed, match=r"update 1: .* is no longer finite"):
        list(train(games.make("CartPole-v1"), replace(CARTPOLE, lr=1e38)))


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("lr", -1e-3),
        ("lr", 0),
        ("lr", float("nan")),
        ("gamma", 1.1),
        ("lam", -0.1),
        ("clip", 0),
        ("epochs", 0),
        ("steps", 2.5),
        ("minibatch", 0),
        ("learners", 0),
        ("env_steps", 0),
        ("entropy_weight", -1),
        ("max_grad_norm", 0),
        ("return_rate", 2),
        ("shared", "no"),
        ("point_ends", 2),
    ],
)
def test_numbers_that_cannot_work_are_refused_by_name(number, value):
    with pytest.raises(ValueError, match=number):
        Config(**{number: value})


# What a learner hands over


def small_updates(count=2, config=None, **judges):
    env = probes.matching(envs=4)
    config = config or replace(SMALL, minibatch=32)
    return [update for update, _ in zip(train(env, config, seed=1, **judges), range(count), strict=False)]


def gae_in_place(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """The deltas are built in `values`, the next values are blanked, the flags are joined; all in place."""
    next_values[terminated] = 0.0
    values *= -1
    values += rewards + gamma * next_values
    terminated |= truncated
    for t in reversed(range(len(values) - 1)):
        values[t] += gamma * lam * ~terminated[t] * values[t + 1]
    rewards[:] = 99
    truncated[:] = True
    return values


def normalize_in_place(advantages, *, floor):
    advantages -= advantages.mean()
    advantages /= max(advantages.std(), floor)
    return advantages


def clipped_in_place(log_probs, old_log_probs, advantages, *, clip):
    ratio = log_probs.sub_(old_log_probs).exp()
    old_log_probs.zero_()
    loss = -torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages).mean()
    advantages = advantages.clone().zero_()
    return loss


@pytest.mark.parametrize(
    "judges",
    [{"gae": gae_in_place}, {"normalize": normalize_in_place}, {"policy_loss": clipped_in_place}],
    ids=lambda judges: next(iter(judges)),
)
def test_a_function_that_works_in_place_changes_no_number_of_the_run(judges):
    np.testing.assert_allclose(numbers(small_updates(3, **judges)), numbers(small_updates(3)), rtol=1e-4)


def with_an_extra_argument(log_probs, advantages, eps=1e-8):
    return losses.policy_loss(log_probs, advantages)


def clipped_of_all_arguments(*args, clip):
    return losses.clipped_policy_loss(*args, clip=clip)


def named(name, function):
    function.__name__ = name
    return function


PLAIN = {
    "an extra argument": named("policy_loss", with_an_extra_argument),
    "lambda": lambda log_probs, advantages: losses.policy_loss(log_probs, advantages),
    "partial": functools.partial(losses.policy_loss),
    "partial of three": functools.partial(
        named("policy_loss", lambda k, a, b: k * losses.policy_loss(a, b)), 1
    ),
    "all arguments": named("policy_loss", lambda *args, **options: losses.policy_loss(*args)),
    "another name": lambda log_probs, advantages, scale=1.0: (
        scale * losses.policy_loss(log_probs, advantages)
    ),
}
CLIPPED = {
    "all arguments": named("clipped_policy_loss", clipped_of_all_arguments),
    "lambda": lambda a, b, c, *, clip: losses.clipped_policy_loss(a, b, c, clip=clip),
    "partial": functools.partial(losses.clipped_policy_loss),
    "the other's name": named(
        "policy_loss", lambda a, b, c, *, clip: losses.clipped_policy_loss(a, b, c, clip=clip)
    ),
    "a method": losses.clipped_policy_loss.__call__,
}


@pytest.mark.parametrize("loss", PLAIN.values(), ids=PLAIN)
def test_the_plain_loss_is_known_however_it_is_written(loss):
    a2c = replace(SMALL, epochs=1)
    right = small_updates(config=a2c, policy_loss=losses.policy_loss)
    np.testing.assert_array_equal(numbers(small_updates(config=a2c, policy_loss=loss)), numbers(right))


@pytest.mark.parametrize("loss", CLIPPED.values(), ids=CLIPPED)
def test_the_clipped_loss_is_known_however_it_is_written(loss):
    np.testing.assert_array_equal(numbers(small_updates(policy_loss=loss)), numbers(small_updates()))


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_a_loss_in_torchscript_is_known_by_its_name():
    def policy_loss(log_probs: torch.Tensor, advantages: torch.Tensor) -> torch.Tensor:
        return -(log_probs * advantages.detach()).mean()

    def other(log_probs: torch.Tensor, advantages: torch.Tensor) -> torch.Tensor:
        return -(log_probs * advantages.detach()).mean()

    right = small_updates(policy_loss=losses.policy_loss)
    got = small_updates(policy_loss=torch.jit.script(policy_loss))
    np.testing.assert_array_equal(numbers(got), numbers(right))
    with pytest.raises(
        ValueError, match=r"must have the name policy_loss or clipped_policy_loss, got 'other'"
    ):
        small_updates(policy_loss=torch.jit.script(other))


@pytest.mark.parametrize("loss", [lambda log_probs: 0, lambda a, b, c: 0, lambda a, b, *, scale: 0])
def test_a_loss_that_cannot_be_called_is_refused_at_once_in_one_line(loss):
    with pytest.raises(
        ValueError, match=r"^policy_loss must take \(log_probs, advantages\) or .*got <lambda>\("
    ) as no:
        train(probes.matching(envs=4), SMALL, policy_loss=loss)
    assert "\n" not in str(no.value)


@pytest.mark.parametrize(
    ("judges", "said"),
    [
        (
            {"gae": lambda *columns, gamma, lam: columns[0][:-1]},
            r"gae must give back shape \(16, 4\), got \(15, 4\)",
        ),
        ({"normalize": lambda a, *, floor: a.mean()}, r"normalize must give back shape \(\d+,\), got \(\)"),
    ],
    ids=["gae", "normalize"],
)
def test_another_shape_is_refused_by_name(judges, said):
    with pytest.raises(ValueError, match=said):
        small_updates(**judges)


# What a notebook has set


@contextlib.contextmanager
def torch_default(setter, value, before):
    setter(value)
    try:
        yield
    finally:
        setter(before)


SETTINGS = {
    "no gradients": lambda: torch_default(torch.set_grad_enabled, False, True),
    "inference mode": torch.inference_mode,
    "64 bits": lambda: torch_default(torch.set_default_dtype, torch.float64, torch.float32),
    "no device": lambda: torch_default(torch.set_default_device, "meta", None),
}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_what_a_notebook_has_set_for_torch_changes_no_run_and_is_left_as_it_was(setting, tmp_path):
    expected = numbers(small_updates())
    with setting():
        before = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_default_device()
        updates = small_updates()
        save(updates[-1].agent, tmp_path / "agent.pt")
        agent = load(tmp_path / "agent.pt")
        said = agent.values(np.ones((1, 1)))
        assert before == (torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_default_device())
    np.testing.assert_array_equal(numbers(updates), expected)
    np.testing.assert_array_equal(said, updates[-1].agent.values(np.ones((1, 1))))


# Numbers that are allowed alone, and meet


@pytest.mark.parametrize(
    "changed",
    [
        {"minibatch": 3, "learners": 4},
        {"minibatch": 1, "learners": 2},
        {"steps": 1, "minibatch": 1},
        {"steps": 2, "minibatch": 3, "learners": 3},
        {"steps": 16.0, "epochs": np.int64(2), "minibatch": np.float32(64)},
        {"env_steps": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("envs", [1, 3])
def test_no_pair_of_allowed_numbers_stops_the_training(changed, envs):
    for world in (probes.one_reward, probes.patience):
        config = replace(SMALL, **{"env_steps": 40, "epochs": 2, **changed})
        *_, last = train(world(envs=envs), config)
        assert last.env_steps >= config.env_steps
        assert np.isfinite(last.value_loss)


@pytest.mark.parametrize("seed", [None, "one", 2**70, -1, 0.5])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match=r"^seed must be a whole number"):
        train(games.make("CartPole-v1"), seed=seed)


def test_games_that_are_not_there_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'CartPole-v1'"):
        games.make("CartPole-v2")
    with pytest.raises(ValueError, match="envs must be a whole number of at least 1, got 0"):
        games.make("CartPole-v1", envs=0)


def test_continuous_actions_and_other_mistakes_are_refused_at_once():
    pendulum = gym.make_vec("Pendulum-v1", num_envs=2, vectorization_mode="sync")
    with pytest.raises(ValueError, match="actions must be Discrete"):
        train(pendulum)
    with pytest.raises(ValueError, match="vector environment"):
        train("CartPole-v1")
    with pytest.raises(ValueError, match="gae must be a function"):
        train(games.make("CartPole-v1"), gae=None)


def test_what_a_run_was_for_is_kept_with_the_agent():
    assert first_updates(1)[0].agent.env_name == "CartPole-v1"


def test_pong_takes_the_same_agent_and_the_same_loop():
    env = games.make("pong", envs=2)
    config = replace(PONG, steps=24, minibatch=24, epochs=1, width=8)
    for update, _ in zip(train(env, config), range(2), strict=False):
        assert np.isfinite([update.policy_loss, update.value_loss, update.kl]).all()
    env.close()
    assert update.env_steps == 2 * 2 * 24
    assert update.entropy == pytest.approx(np.log(3), abs=0.05)
    assert update.agent.env_name == "pong"
    assert "no sticky actions" in update.agent.protocol


def test_where_a_reward_ends_a_round_nothing_counts_that_comes_after_it():
    rounds = replace(SMALL, env_steps=2000, point_ends=True)
    np.testing.assert_allclose(values(probes.endless, config=rounds), [1], atol=0.05)  # else 1 / (1 - gamma)

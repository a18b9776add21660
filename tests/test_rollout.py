"""What a rollout must say about every step, in both ways to reset, on a world that counts its steps."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from course import games
from course.games import probes
from course.nets import Agent
from course.rollout import Collector, autoreset_mode, values_along

NEXT, SAME = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP
BOTH = pytest.mark.parametrize("mode", [NEXT, SAME], ids=["next step", "same step"])


class Counter(gym.Env):
    """Shows [episode, step]; pays 10 episode + step; ends after `length` steps, by turns in both ways."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (2,))
    action_space = gym.spaces.Discrete(2)

    def __init__(self, length):
        self.length, self.episode = length, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episode, self.age = self.episode + 1, 0
        return self._sight(), {}

    def step(self, action):
        self.age += 1
        over, reward = self.age == self.length, 10.0 * self.episode + self.age
        return self._sight(), reward, over and self.episode % 2 == 1, over and self.episode % 2 == 0, {}

    def _sight(self):
        return np.array([self.episode, self.age], dtype=np.float32)


def counters(mode, lengths=(2, 3)):
    makers = [lambda length=length: Counter(length) for length in lengths]
    return SyncVectorEnv(makers, autoreset_mode=mode)


def agent(env):
    return Agent(env.single_observation_space.shape, int(env.single_action_space.n), width=4)


def column(rollout, n):
    """The real rows of one environment: (episode, step, reward, step reached, flags)."""
    for t in np.flatnonzero(rollout.real[:, n]):
        before, after = rollout.obs[t, n], rollout.next_obs[t, n]
        flags = bool(rollout.terminated[t, n]), bool(rollout.truncated[t, n])
        yield (*map(int, before), rollout.rewards[t, n], *map(int, after), *flags)


@BOTH
def test_every_row_is_one_whole_step_to_the_state_really_reached(mode):
    env = counters(mode)
    rollout = Collector(env, seed=0).collect(agent(env), 8)
    by_hand = [  # the environment that ends after 2 steps: odd episodes terminate, even ones are cut
        (1, 0, 11, 1, 1, False, False),
        (1, 1, 12, 1, 2, True, False),
        (2, 0, 21, 2, 1, False, False),
        (2, 1, 22, 2, 2, False, True),
        (3, 0, 31, 3, 1, False, False),
        (3, 1, 32, 3, 2, True, False),
    ]
    rows = list(column(rollout, 0))
    assert rows[: len(by_hand)] == by_hand[: len(rows)]
    assert len(rows) == {NEXT: 6, SAME: 8}[mode]


@BOTH
def test_every_step_goes_up_by_one_and_stays_in_its_episode(mode):
    env = counters(mode, lengths=(1, 2, 3, 5, 50))
    rollout = Collector(env, seed=0).collect(agent(env), 40)
    before, after = rollout.obs[rollout.real], rollout.next_obs[rollout.real]
    np.testing.assert_array_equal(after[:, 0], before[:, 0])
    np.testing.assert_array_equal(after[:, 1], before[:, 1] + 1)
    assert len(before) > 100


def test_the_rows_that_only_reset_are_not_real_and_there_are_none_in_same_step():
    for mode, resets in ((NEXT, [2, 5]), (SAME, [])):
        env = counters(mode)
        rollout = Collector(env, seed=0).collect(agent(env), 6)
        assert np.flatnonzero(~rollout.real[:, 0]).tolist() == resets
        assert rollout.rewards[~rollout.real].sum() == 0


@BOTH
def test_scores_are_whole_episodes_even_across_rollouts(mode):
    env = counters(mode, lengths=(3,))
    collector, scores = Collector(env, seed=0), []
    for _ in range(6):
        scores += collector.collect(agent(env), 2).scores
    # 11 + 12 + 13, 21 + 22 + 23, ...; NEXT_STEP spends every fourth step on a reset
    assert scores == {NEXT: [36, 66, 96], SAME: [36, 66, 96, 126]}[mode]


@BOTH
def test_two_short_rollouts_are_one_long_one(mode):
    one, two = (counters(mode) for _ in range(2))
    long = Collector(one, seed=3).collect(agent(one), 10)
    collector = Collector(two, seed=3)
    parts = [collector.collect(agent(two), steps) for steps in (3, 7)]
    for name in ("obs", "next_obs", "actions", "rewards", "terminated", "truncated", "real", "log_probs"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(long, name), err_msg=name)
    assert collector.env_steps == int(long.real.sum())


@BOTH
def test_next_values_are_those_of_the_state_really_reached(mode):
    env = counters(mode)
    player = agent(env)
    player.units.mean += 5  # values in points, not in the critic's units
    player.critic.weight.data.normal_()
    rollout = Collector(env, seed=0).collect(player, 9)
    values, next_values = values_along(rollout, player)
    real = rollout.real
    assert values.shape == next_values.shape == (9, 2)
    np.testing.assert_allclose(values, player.values(rollout.obs), rtol=1e-5)
    np.testing.assert_allclose(next_values[real], player.values(rollout.next_obs)[real], rtol=1e-5)
    assert np.ptp(next_values[real]) > 0.1


@BOTH
def test_what_follows_a_cut_belongs_to_another_episode(mode):
    env = counters(mode)
    rollout = Collector(env, seed=0).collect(agent(env), 9)
    cut = rollout.truncated & rollout.real
    assert cut.any()
    np.testing.assert_array_equal(rollout.next_obs[cut][:, 0], rollout.obs[cut][:, 0])


def test_the_log_probabilities_are_those_of_the_actions_taken():
    env = games.make("CartPole-v1", envs=3)
    player = agent(env)
    player.actor.weight.data.normal_()
    rollout = Collector(env, seed=0).collect(player, 5)
    every = player.log_probs(rollout.obs)
    expected = np.take_along_axis(every, rollout.actions[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(rollout.log_probs, expected, atol=1e-6)
    np.testing.assert_allclose(np.exp(every).sum(axis=-1), 1, atol=1e-6)


def test_actions_are_drawn_as_often_as_the_policy_says():
    player = Agent((1,), 3)
    player.actor.bias.data[:] = player.actor.bias.data.new_tensor(np.log([0.2, 0.5, 0.3]))
    player.actor.weight.data.zero_()
    actions, _ = player.act(np.zeros((20_000, 1)), np.random.default_rng(0))
    # the standard error of a share is at most 0.0035
    np.testing.assert_allclose(np.bincount(actions) / 20_000, [0.2, 0.5, 0.3], atol=0.015)
    greedy, _ = player.act(np.zeros((50, 1)), np.random.default_rng(0), greedy=True)
    assert set(greedy) == {1}


def test_cartpole_is_cut_at_500_and_that_is_no_termination():
    env = games.make("CartPole-v1", envs=1)
    env.unwrapped.theta_threshold_radians = env.unwrapped.x_threshold = np.inf
    rollout = Collector(env, seed=0).collect(agent(env), 502)
    assert rollout.scores == (500.0,)
    assert np.flatnonzero(rollout.truncated).tolist() == [499]
    assert np.flatnonzero(~rollout.real).tolist() == [500]
    assert not rollout.terminated.any()


def test_pong_shows_the_field_and_keeps_the_state_that_a_game_ended_in():
    env = games.make("pong", envs=2)
    player = Agent(env.single_observation_space.shape, 3, width=4, background=env.background)
    collector = Collector(env, seed=0)
    rollout = collector.collect(player, 4)
    assert autoreset_mode(env) is SAME
    assert rollout.obs.shape == (4, 2, 4, 32, 42)
    assert rollout.obs.dtype == np.uint8
    assert rollout.real.all()
    assert env.background.shape == (32, 42)
    assert np.abs(rollout.obs[:, :, -1] - env.background).mean() < 10  # an almost empty field
    while not rollout.scores:
        rollout = collector.collect(player, 128)
    env.close()
    assert set(rollout.scores) <= set(range(-21, 22))
    assert len(rollout.reached) == len(rollout.scores) == rollout.terminated.sum()
    # each observation holds four screens; three of them were there a step before, at a game's end too
    np.testing.assert_array_equal(rollout.next_obs[:, :, :3], rollout.obs[:, :, 1:])
    assert (rollout.frames[1:] != rollout.next_obs)[rollout.ended].any()


def test_sticky_actions_are_another_game_and_say_so():
    def screens(sticky):
        env = games.make("pong", envs=2, sticky=sticky)
        env.reset(seed=3)
        turns = np.random.default_rng(0).integers(1, 3, (40, 2))  # up or down, and never still
        last = [env.step(turn)[0] for turn in turns][-1]
        env.close()
        return last, env.protocol

    (exact, protocol), (again, _), (held, other) = screens(0.0), screens(0.0), screens(0.25)
    np.testing.assert_array_equal(exact, again)
    assert (held != exact).any()
    assert "no sticky actions" in protocol
    assert "sticky actions 0.25" in other


@pytest.mark.parametrize(("name", "sticky"), [("pong", 1.5), ("pong", np.nan), ("CartPole-v1", 0.25)])
def test_sticky_actions_that_cannot_be_are_refused(name, sticky):
    with pytest.raises(ValueError, match="sticky"):
        games.make(name, envs=1, sticky=sticky)


def test_sixteen_bits_change_a_policy_and_its_values_by_little(monkeypatch):
    obs = np.random.default_rng(0).integers(0, 256, (600, 4, 32, 42), dtype=np.uint8)
    player = Agent((4, 32, 42), 3, background=100.0, shared=True)
    with torch.no_grad():  # untrained, both outputs are near 0: give them something to say
        player.actor.weight.normal_(std=0.1), player.critic.weight.normal_(std=0.1)
    said = {}
    for player.sixteen_bits in (False, True):
        said[player.sixteen_bits] = player.log_probs(obs), player.values(obs)
    for exact, rounded in zip(said[False], said[True], strict=True):
        assert exact.std() > 0.1
        assert (exact != rounded).any()
        assert np.corrcoef(exact.ravel(), rounded.ravel())[0, 1] > 0.999


def test_many_observations_are_worth_the_same_as_one_at_a_time():
    obs = np.random.default_rng(0).normal(size=(1100, 4)).astype(np.float32)
    player = Agent((4,), 2)
    with torch.no_grad():
        player.critic.weight.normal_()
    alone = [player.values(obs[i : i + 1])[0] for i in (0, 511, 512, 1099)]
    np.testing.assert_allclose(player.values(obs)[[0, 511, 512, 1099]], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        (lambda: gym.make("CartPole-v1"), "vector environment"),
        (lambda: gym.make_vec("Pendulum-v1", num_envs=2, vectorization_mode="sync"), "Discrete"),
        (lambda: counters(AutoresetMode.DISABLED), "NEXT_STEP or SAME_STEP"),
        (lambda: gym.make_vec("FrozenLake-v1", num_envs=2, vectorization_mode="sync"), "Box"),
    ],
    ids=["one game", "continuous actions", "no reset", "numbered states"],
)
def test_environments_that_the_agent_cannot_play_are_refused(env, said):
    with pytest.raises(ValueError, match=said):
        Collector(env(), seed=0)


def test_observations_of_another_shape_are_refused_by_the_agent():
    with pytest.raises(ValueError, match=r"obs must have shape \[..., 4\].*\(2, 3\)"):
        Agent((4,), 2).act(np.zeros((2, 3)), np.random.default_rng(0))
    with pytest.raises(ValueError, match="obs must have shape"):
        Collector(probes.one_reward(envs=2), seed=0).collect(Agent((4,), 2), 3)


@BOTH
def test_a_probe_behaves_as_gymnasium_does(mode):
    """The probes reset by themselves in both ways; Gymnasium's own wrapper is the reference."""
    ours = Collector(probes.seesaw(envs=3, mode=mode), seed=0).collect(Agent((1,), 1), 12)
    assert ours.real.mean() == {NEXT: 0.5, SAME: 1.0}[mode]
    np.testing.assert_array_equal(ours.next_obs[ours.real], 1 - ours.obs[ours.real])
    assert ours.truncated[ours.real].all()

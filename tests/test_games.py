"""Games say what they are, through every wrapper; an examination is of new games only."""

import copy
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorWrapper
from gymnasium.wrappers.vector import (
    ClipReward,
    NormalizeObservation,
    RecordEpisodeStatistics,
    TransformObservation,
    TransformReward,
)

from course import games
from course.games import probes
from course.nets import Agent
from course.rollout import Facts, facts
from course.train import CARTPOLE, PONG, train


@pytest.fixture(scope="module")
def pong():
    env = games.make("pong", envs=2)
    yield env
    env.close()


def tiny(env):
    """The agent after one short update."""
    return next(iter(train(env, replace(PONG, steps=8, minibatch=16, epochs=1, width=4)))).agent


def test_pong_says_what_it_is(pong):
    said = facts(pong)
    assert (said.name, said.protocol) == ("pong", games.PONG_PROTOCOL)
    np.testing.assert_array_equal(said.background, pong.background)
    assert np.ptp(pong.background) > 20  # a field, not one grey


@pytest.mark.parametrize(
    "wrap",
    [
        lambda env: TransformReward(env, lambda rewards: 2 * rewards),
        lambda env: RecordEpisodeStatistics(ClipReward(env, -1, 1)),
    ],
    ids=["one wrapper", "two"],
)
def test_a_wrapped_pong_trains_with_its_own_background(pong, wrap):
    agent = tiny(wrap(pong))
    np.testing.assert_array_equal(agent.background.numpy(), pong.background)
    assert (agent.env_name, agent.protocol) == ("pong", pong.protocol)


class Hides(gym.vector.VectorEnv):
    """A wrapper that is none to Gymnasium, and so loses what Pong says."""

    def __init__(self, env):
        self._inside = env
        for name in (
            "num_envs",
            "autoreset_mode",
            "metadata",
            "single_observation_space",
            "single_action_space",
        ):
            setattr(self, name, getattr(env, name))
        self.observation_space = env.observation_space
        self.action_space = env.action_space


def test_images_that_do_not_say_what_they_are_are_refused_not_trained_without_a_background(pong):
    with pytest.raises(ValueError, match=r"env shows images and must have `facts`, a course\.rollout\.Facts"):
        train(Hides(pong), PONG)
    said = Hides(pong)
    said.facts = Facts(name="mine", background=7.0)
    assert facts(said).name == "mine"


def halved(env):
    smaller = gym.spaces.Box(0, 127, (32, 42, 3))
    return TransformObservation(env, lambda obs: obs // 2, single_observation_space=smaller)


@pytest.mark.parametrize("wrap", [halved, NormalizeObservation], ids=["halved", "in other units"])
def test_a_wrapper_that_changes_what_is_seen_needs_facts_of_its_own(wrap):
    class Grey(gym.Env):
        observation_space = gym.spaces.Box(0, 255, (32, 42, 3), dtype=np.uint8)
        action_space = gym.spaces.Discrete(2)

    env = SyncVectorEnv([Grey], autoreset_mode=AutoresetMode.NEXT_STEP)
    env.facts = Facts(name="grey", background=100.0)
    assert facts(env).name == "grey"
    changed = wrap(env)
    with pytest.raises(ValueError, match="a wrapper of grey changes what is seen"):
        facts(changed)
    changed.facts = Facts(name="grey and small")
    assert facts(changed).name == "grey and small"


def test_games_of_numbers_have_a_name_through_every_wrapper():
    assert facts(games.make("CartPole-v1", envs=1)).name == "CartPole-v1"
    assert facts(TransformReward(games.make("CartPole-v1", envs=1), abs)).name == "CartPole-v1"
    assert facts(VectorWrapper(probes.one_reward(envs=1))).name == "Probe"


def test_an_examination_is_of_new_episodes_and_can_be_repeated():
    learning = train(games.make("CartPole-v1"), CARTPOLE)
    agent = [next(learning) for _ in range(4)][-1].agent
    before = copy.deepcopy(agent.state_dict())
    one = games.evaluate(agent, "CartPole-v1", episodes=20, seed=1, greedy=False)
    assert one.shape == (20,)
    np.testing.assert_array_equal(
        one, games.evaluate(agent, "CartPole-v1", episodes=20, seed=1, greedy=False)
    )
    assert (one != games.evaluate(agent, "CartPole-v1", episodes=20, seed=2, greedy=False)).any()
    assert all(torch.equal(before[name], weights) for name, weights in agent.state_dict().items())


def test_an_examination_counts_one_whole_episode_each_and_is_bounded():
    agent = Agent((4,), 2)
    scores = games.evaluate(agent, "CartPole-v1", episodes=50, seed=0, greedy=False)
    assert 15 < scores.mean() < 30  # random play: about 22
    capped = games.evaluate(agent, "CartPole-v1", episodes=50, seed=0, greedy=False, max_steps=12)
    np.testing.assert_array_equal(capped, np.minimum(scores, 12))


def test_an_agent_of_another_game_is_not_examined():
    with pytest.raises(ValueError, match="obs must have shape"):
        games.evaluate(Agent((5,), 2), "CartPole-v1", episodes=2, seed=0)
    with pytest.raises(ValueError, match="3 actions"):
        games.evaluate(Agent((4,), 3), "CartPole-v1", episodes=2, seed=0)

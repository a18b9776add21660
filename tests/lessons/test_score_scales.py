"""The numbers in lesson 1's prose, from its outputs or measured here."""

import numpy as np
import pytest

from course.atari import measured_random_scores, play_random, published_scores
from course.returns import reward_to_go
from course.scaling import human_normalized, orders_of_magnitude
from tests.lessons import outputs, prose

GAMES = ("pong", "breakout", "ms_pacman", "skiing", "video_pinball")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("4.3 powers of ten for random play", "'random play': 4.3"),
        ("4.9 for the human", "'human': 4.9"),
        ("7.2 for MuZero", "'MuZero': 7.2"),
        ("plays 19 times as well as a human in the middle game", "'median': 19.3"),
        ("48 times as well on the mean", "'mean': 47.7"),
        ("supply 36 % of that mean", "'share of the three largest': 0.36"),
        ("still span 2.7 powers of ten", "'orders of magnitude': 2.7"),
        ("Breakout has 0.002 %", "Breakout 0.002 %"),
    ],
)
def test_what_the_text_says_is_what_a_cell_showed(said, shown):
    assert said in " ".join(prose("01").split())
    assert shown in outputs("01")


@pytest.mark.parametrize(
    ("who", "game", "score", "span"), [("human", "ice_hockey", 0.9, 4.0), ("muzero", "venture", 0.4, 5.8)]
)
def test_one_score_near_zero_makes_a_span(who, game, score, span):
    scores = {name: getattr(row, who) for name, row in published_scores().items()}
    assert scores.pop(game) == score
    assert orders_of_magnitude(list(scores.values())) == pytest.approx(span, abs=0.05)
    assert f"{score}" in prose("01")
    assert f"{span}" in prose("01")


def test_the_two_tables_are_compared_with_their_protocols_named():
    assert published_scores()["video_pinball"].random == 0.0
    assert measured_random_scores()["video_pinball"].mean > 1_000


def test_a_human_halfway_in_skiing():
    # Predicted in exercise 1.2: -10,000 lies above half of the way from -17,000 to -4,337.
    row = published_scores()["skiing"]
    assert row.human == pytest.approx(-4336.9)
    assert human_normalized(-10_000, -17_000, row.human) > 0.5


def test_skipping_the_top_three_games_leaves_the_median_in_place():
    ratios = np.array(
        [human_normalized(row.agent57, row.random, row.human) for row in published_scores().values()]
    )
    assert len(ratios) == 57
    assert orders_of_magnitude(ratios) == pytest.approx(2.69, abs=0.005)


@pytest.fixture(scope="module")
def data():
    """The lesson's data: RAM bytes and returns of four episodes a game."""
    chosen = {}
    for game in GAMES:
        episodes = play_random(game, episodes=4, seed=0)
        ram = np.concatenate([episode.ram for episode in episodes]) / 255
        returns = np.concatenate([reward_to_go(episode.rewards, gamma=1.0) for episode in episodes])
        keep = np.random.default_rng(0).permutation(len(ram))[:500]
        chosen[game] = ram[keep], returns[keep]
    return chosen


def shares(data, games):
    norms = {g: np.linalg.norm(data[g][0].T @ data[g][1]) for g in games}
    return {g: norm / sum(norms.values()) for g, norm in norms.items()}


def test_somebody_always_owns_the_gradient(data):
    everybody = shares(data, GAMES)
    assert everybody["video_pinball"] + everybody["skiing"] == pytest.approx(0.996, abs=0.0005)
    assert everybody["breakout"] == pytest.approx(0.00002, abs=0.000005)
    assert shares(data, GAMES[:4])["skiing"] == pytest.approx(0.99, abs=0.005)
    assert shares(data, GAMES[:3])["ms_pacman"] == pytest.approx(0.92, abs=0.005)


def test_breakout_is_predicted_a_thousand_times_worse_after_shared_training(data):
    gram = sum(ram.T @ ram / len(ram) for ram, _ in data.values())
    weights, rate = np.zeros(128), 1 / np.linalg.eigvalsh(gram).max()
    for _ in range(2_000):
        weights -= rate * sum(ram.T @ (ram @ weights - returns) / len(ram) for ram, returns in data.values())
    ram, returns = data["breakout"]
    before, after = np.sqrt(np.mean(returns**2)), np.sqrt(np.mean((ram @ weights - returns) ** 2))
    assert after == pytest.approx(1_060, rel=0.02)
    assert after / before > 1_000

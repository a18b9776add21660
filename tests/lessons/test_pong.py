"""Lesson 12, number by number: every claim of its prose, and its figures and data.

Nothing here trains on Pong for long: what the lesson says of whole runs is read from the files that come with
the course. Its coda is played and trained again, as its cells do it.
"""

import ast
import io
import re
from dataclasses import asdict
from math import comb
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from course import games, losses
from course.arrays import Refusal
from course.atari import screenshot
from course.authoring.stamps import ROOT
from course.nets import Agent
from course.plots import alt_text
from course.plots import pong as plots
from course.recording import champion, record, screens
from course.returns import gae
from course.studies import Curve, examined, load_curves, steps_until
from course.studies.curves import QUANTITIES
from course.studies.runs import EXAMS
from course.studies.variants import pong_variants
from course.train import CARTPOLE, PONG
from tests.figures import covered
from tests.lessons import in_words, path, prose, says

OURS, POINTS, BARE = "as given", "no return normalisation", "no floor"


@pytest.fixture(scope="module")
def text() -> str:
    return prose("pong")


@pytest.fixture(scope="module")
def best() -> Agent:
    return champion()


@pytest.fixture(scope="module")
def game(best):
    return record(best, seed=1, points=4)


def curves(scores, *, per_update=4_096, std=0.1) -> Curve:
    """A run with the given scores, one an update."""
    n = len(scores)
    level = np.full(n, 0.1)
    steps = per_update * np.arange(1, n + 1)
    return Curve(
        env_steps=steps,
        score=np.array(scores, float),
        entropy=level,
        kl=level,
        gradient_norm=level,
        explained_variance=level,
        advantage_std=np.full(n, std),
        seconds=steps / 2_000,
    )


def updates(scores, *, seconds=1.0):
    for nth, score in enumerate(scores, start=1):
        yield SimpleNamespace(
            number=nth,
            env_steps=4_096 * nth,
            score=float(score),
            entropy=1.0,
            kl=0.01,
            gradient_norm=0.2,
            explained_variance=0.5,
            advantage_std=0.1,
            seconds=seconds * nth,
        )


# --- what the agent sees --------------------------------------------------------------------------


def test_the_agent_gets_1344_of_33600_dots(text):
    _, height, width = games.Pong(1).single_observation_space.shape
    whole = screenshot("pong", seed=0, steps=1)
    assert f"{height * width:,} grey dots instead of {whole.shape[0] * whole.shape[1]:,}" in text


def test_the_numbers_of_the_run_are_those_of_the_prose(text):
    assert games.GAMES["pong"] == 32
    assert "Thirty-two games run side by side" in text
    ours = pong_variants()[OURS]
    assert (ours.hopeless_after, ours.hopeless_below) == (400_000, -18)
    assert "below -18 after 400,000 steps" in text
    assert "4 frames a step" in games.PONG_PROTOCOL
    assert "holds for four screens" in text


def test_what_pong_adds_is_what_the_two_configurations_say(text):
    pole, pong = asdict(CARTPOLE), asdict(PONG)
    different = {name for name in pong if pong[name] != pole[name]}
    named = set(re.findall(r"- `(\w+)`:", text))
    assert named == {"entropy_weight", "lr_end", "advantage_floor", "point_ends", "shared"} <= different
    others, all_of_them = in_words(len(different - named)).capitalize(), in_words(len(different))
    assert different - named == {"env_steps", "steps", "epochs", "lr", "learners", "recent"}
    says("pong", "{} of the {} say how long the run is", others, all_of_them)
    says("pong", "The other {} change what is learned", in_words(len(named)))
    assert PONG.lr_end == 1 / 20
    assert "to a twentieth" in text
    says("pong", "this *floor* of {} points", PONG.advantage_floor)
    assert CARTPOLE.entropy_weight == 0 < PONG.entropy_weight


def test_two_convolutions_one_body_and_a_layer_each(best):
    names = [type(module).__name__ for module in best.modules()]
    assert names.count("Conv2d") == 2
    says("pong", "A small network with two layers of filters")
    heads = [name for name, module in best.named_modules() if type(module).__name__ == "Linear"]
    assert len(heads) == 3, "one of the body, one of the actor, one of the critic"


def test_most_of_the_network_is_body(best):
    body = sum(p.numel() for name, p in best.named_parameters() if "body" in name)
    assert body > 0.9 * sum(p.numel() for p in best.parameters())


def test_the_other_three_actions_do_the_same(game):
    """FIRE as NOOP, RIGHTFIRE as RIGHT, LEFTFIRE as LEFT: both consoles show the same screens."""
    env, doubles = games.Pong(1), games.Pong(1)
    doubles.ACTIONS = np.array([1, 4, 5])
    for console in (env, doubles):
        console.reset(seed=game.seed)
    for t in range(200):
        action = np.array([t // 7 % 3])
        (one, *_), (other, *_) = env.step(action), doubles.step(action)
        assert np.array_equal(one, other)
    assert not np.array_equal(one, env.step(np.array([1]))[0])
    for console in (env, doubles):
        console.close()


def test_the_four_pictures_are_four_screens_apart(game):
    for back in range(1, 4):
        assert np.array_equal(game.obs[20, 3 - back], game.obs[20 - back, 3])


def test_the_screen_of_the_first_figure_has_a_ball(best):
    env = games.make("pong", envs=1)
    start = record(best, seed=1, max_steps=46)
    ax = plots.senses(screens(start)[-1], start.obs[-1], env.facts.background)
    env.close()
    bright = [int(n) for n in re.search(r"taken away; ([\d, ]+) pixels", alt_text(ax))[1].split(", ")]
    assert len(bright) == 4
    assert all(0 < n < 30 for n in bright)
    middle = start.obs[-1, :, :, 6:36] - env.facts.background[:, 6:36]  # between the paddles: only the ball
    assert (middle > 40).any(axis=(1, 2)).all()


def test_a_loss_of_lesson_11_that_is_pasted_needs_torch_and_the_cell_of_imports_says_so():
    """The lesson itself does without torch, so that a pasted function would not know the name."""
    source = path("pong", ".py").read_text(encoding="utf-8")
    pasted = path("ppo", ".py").read_text(encoding="utf-8").split("def clipped_policy_loss")[1]
    assert "torch." in pasted.split("# %%")[0]
    assert "\nimport torch" not in source
    assert "clipped_policy_loss  # or paste your own of lesson 11 and `import torch` below" in source


def test_a_sticky_action_is_drawn_at_each_screen_and_not_once_for_four():
    """Drawn once for all four, a step up would move a paddle at rest either as without it, or not at all."""
    still, up = np.zeros(64, int), np.ones(64, int)
    moved = []
    for sticky in (0.0, 0.25):
        env = games.Pong(64, sticky=sticky)
        env.reset(seed=1)
        for _ in range(20):
            before, *_ = env.step(still)
        after, *_ = env.step(up)
        env.close()
        paddles = [obs[:, -1, :, 35:40].astype(int) for obs in (before, after)]
        moved.append({one.tobytes() for one in paddles[1] - paddles[0]})
    always, sometimes = moved
    not_at_all = np.zeros_like(paddles[0][0]).tobytes()
    assert not_at_all not in always
    assert sometimes - always - {not_at_all}, "some moved a part of the way"
    says("pong", "each screen has one chance in {} to repeat the action of the screen before", "four")
    assert EXAMS["sticky"]["sticky"] == 1 / 4


def test_no_ops_let_games_start_differently(text):
    assert "no-ops at the start" in games.PONG_PROTOCOL
    env = games.Pong(32)
    env.reset(seed=1)
    for _ in range(15):
        obs, *_ = env.step(np.zeros(32, int))
    env.close()
    assert len({each.tobytes() for each in obs}) > 10
    assert "let games start differently" in text


# --- watching a run -------------------------------------------------------------------------------


@pytest.fixture
def full_length(monkeypatch):
    monkeypatch.delenv("COURSE_QUICK", raising=False)


OTHERS = {seed: curves([-21, 0, 18 if seed < 9 else 17]) for seed in range(1, 11)}


def watched(run, minutes):
    """As the lesson watches its run."""
    return plots.watch(run, minutes=minutes, others=OTHERS)


def test_it_stops_when_the_time_is_up(full_length, capsys):
    taken = watched(updates([-21] * 99, seconds=10.0), minutes=0.5)
    assert [update.number for update in taken] == [1, 2, 3]


def test_it_stops_at_18_points(full_length, capsys):
    taken = watched(updates([-21, 3, 18.2, 19, 20]), minutes=60)
    assert taken[-1].score == 18.2


def test_a_quick_run_is_two_updates_long(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_QUICK", "1")
    assert len(watched(updates([-21] * 99), minutes=60)) == 2


def test_an_interrupt_keeps_what_was_learned(full_length, capsys):
    def interrupted():
        yield from updates([-21, -20])
        raise KeyboardInterrupt

    assert len(watched(interrupted(), minutes=60)) == 2
    assert "Stopped" in capsys.readouterr().out


def test_no_time_at_all_is_refused():
    with pytest.raises(ValueError, match="minutes must be above 0"):
        watched(updates([-21]), minutes=0)


def test_a_guess_of_the_score_is_drawn_and_a_word_is_refused_before_anything_is_played():
    asked = []

    def run():
        asked.append(True)
        yield from updates([-21])

    for guess, why in (("good", "a number, got 'good'"), (400, r"in \[-21, 21\], got 400")):
        with pytest.raises(Refusal, match=f"guess must be {why}"):
            plots.watch(run(), minutes=1, others=OTHERS, guess=guess)
    assert not asked
    assert "You guessed" not in alt_text(plots.scores(list(updates([-21])), OTHERS))
    assert "You guessed 5 points." in alt_text(plots.scores(list(updates([-21])), OTHERS, guess=5))


def test_before_the_first_game_is_over_there_is_no_score():
    alt = alt_text(plots.scores(list(updates([np.nan, np.nan])), OTHERS))
    assert "no game is over yet after 8,192 steps" in alt
    assert "nan" not in alt


def test_what_the_seed_of_the_lesson_reached_is_said_after_the_prediction(text):
    steps, minutes = 356_352, 2.9  # as the benchmarks have them
    assert f"(seed 11) got to 18 after {steps:,} steps, {minutes} minutes" in " ".join(
        (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8").split()
    )
    assert "seed=11)" in path("pong", ".py").read_text(encoding="utf-8")
    told = f"this seed got to 18 points after {steps:,} steps, in {in_words(round(minutes))} minutes"
    assert text.index("What will yours score") < text.index(told)
    there = [steps_until(run, 18) for run in load_curves("pong")[OURS].values()]
    assert np.median(there) > steps
    assert "most seeds take longer" in text


def test_the_sick_one_of_lesson_11_moves_less_than_a_healthy_agent(text):
    assert "(the starved actor's KL was near $10^{-8}$)" in text
    assert "its updates move nothing (KL near $10^{-8}$)" in prose("ppo")


def test_the_estimate_is_the_median_of_the_others_at_this_speed():
    alt = alt_text(plots.scores(list(updates([-21, -20])), OTHERS))
    assert "-20.0 points after 8,192 steps in 0.0 minutes, 4,096 steps a second" in alt
    assert "18 points after 12 thousand steps, here in 0.0 more minutes" in alt
    assert "8 of 10 other seeds got to 18" in alt
    slow = alt_text(plots.scores(list(updates([-21], seconds=60)), {1: curves([0] * 9 + [18])}))
    assert "here in 9.0 more minutes" in slow


def test_where_most_seeds_never_arrive_no_time_is_promised():
    alt = alt_text(plots.scores(list(updates([-21])), {seed: curves([-21, -21]) for seed in range(3)}))
    assert "half of the 3 others never got to 18" in alt
    assert "more minutes" not in alt


# --- what is shown of trained agents --------------------------------------------------------------


def test_the_film_shows_every_step_and_counts_the_points(best):
    novice = Agent((4, 32, 42), 3, shared=True, seed=0)
    played = {
        name: record(a, seed=2, points=41, max_steps=100) for name, a in (("yours", novice), ("best", best))
    }
    film = plots.film(played)
    first = Image.open(io.BytesIO(film.gif))
    assert 80 < first.n_frames < 100  # it begins with the first ball
    assert (np.asarray(first.convert("RGB"))[60:190] == plots.BALL).all(axis=-1).any()
    assert len(film.gif) <= 125_000  # the lesson shows twice as many
    lost = int((played["yours"].rewards < 0).sum())
    assert lost >= 1
    assert f"yours wins 0 points and loses {lost}" in film.alt
    assert f"{first.n_frames} steps, 6 seconds" in film.alt
    shown = film._repr_mimebundle_()["text/html"]
    assert film.alt in shown


def test_the_microscope_says_what_the_numbers_say(game):
    rally = game.rallies()[0]
    pictures = screens(game, rally)
    largest = int(np.abs(rally.deltas).argmax())
    alt = alt_text(plots.microscope(rally, pictures, step=largest))
    assert f"step {largest}: V is {rally.values[largest]:+.2f}, δ is {rally.deltas[largest]:+.2f}" in alt
    assert f"the largest surprise is {rally.deltas[largest]:+.2f} at step {largest}" in alt
    assert ("won" if rally.rewards[-1] > 0 else "lost") in alt
    for step in (0, largest, 10_000):
        assert list(covered(plots.microscope(rally, pictures, step=step))) == []
    beyond = alt_text(plots.microscope(rally, pictures, step=10_000))
    assert f"step {len(rally) - 1}: V is" in beyond


def test_the_microscope_shows_the_whole_rally_and_cuts_nothing(rallies):
    for rally in (rallies[-1][1], rallies[1][9]):
        ax = plots.microscope(rally, np.zeros((len(rally), 210, 160, 3), np.uint8), step=3)
        panels = [panel for panel in ax.figure.axes if "points" in panel.get_ylabel()]
        for panel, line in zip(panels, (rally.values, rally.deltas, rally.advantages), strict=True):
            low, high = panel.get_ylim()
            assert low < line.min() <= line.max() < high
            assert panel.get_xlim() == (-1, len(rally))
        heights = [panel.get_position().height for panel in panels]
        reaches = [np.diff(panel.get_ylim()).item() for panel in panels]
        np.testing.assert_allclose(np.divide(heights, reaches), heights[0] / reaches[0], rtol=1e-6)


def test_the_microscope_says_the_three_numbers_below_the_screen(rallies):
    rally = rallies[-1][1]
    ax = plots.microscope(rally, np.zeros((len(rally), 210, 160, 3), np.uint8), step=5)
    below = [text.get_text() for text in ax.texts]
    assert below == [
        f"V = {rally.values[5]:+.2f}",
        f"δ = {rally.deltas[5]:+.2f}",
        f"A = {rally.advantages[5]:+.2f}",
    ]


def test_a_guess_is_drawn_in_a_lost_rally_only(rallies):
    lost, won = rallies[-1][1], rallies[1][9]
    pictures = np.zeros((len(won), 210, 160, 3), np.uint8)
    alt = alt_text(plots.microscope(lost, pictures, step=3, guess=20))
    assert "You expected it 20 steps before the point." in alt
    assert "You expected" not in alt_text(plots.microscope(won, pictures, step=3, guess=20))
    assert "You expected" not in alt_text(plots.microscope(lost, pictures, step=3))
    with pytest.raises(Refusal, match="guess must be"):
        plots.microscope(lost, pictures, step=3, guess="soon")
    with pytest.raises(Refusal, match=rf"guess must be in \[0, {len(lost) - 1}\], got 70"):
        plots.microscope(lost, pictures, step=3, guess=70)


def test_a_guess_of_the_last_steps_is_not_hidden_by_the_surprise(rallies):
    lost = rallies[-1][1]
    pictures = np.zeros((len(lost), 210, 160, 3), np.uint8)
    for guess in range(7):
        ax = plots.microscope(lost, pictures, step=61, guess=guess)
        (panel,) = (each for each in ax.figure.axes if each.get_ylabel().startswith("δ"))
        (label,) = panel.texts
        ax.figure.canvas.draw()
        zero, surprise = panel.transData.transform([(61, 0), (61, lost.deltas[61])])[:, 1]
        assert label.get_window_extent().y0 > max(zero, surprise)


def test_the_circles_are_where_the_ball_was(game):
    rally = game.rallies()[1]
    pictures = screens(game, rally)
    step = 40
    ax = plots.microscope(rally, pictures, step=step)
    circles = [line.get_xydata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert len(circles) == plots.TRAIL
    for back, (x, y) in enumerate(circles, start=1):
        assert (pictures[step - back][round(y), round(x)] == plots.BALL).all()


def test_foresight_counts_each_rally_once_and_needs_no_length(game):
    rallies = game.rallies()
    won = sum(rally.rewards[-1] > 0 for rally in rallies)
    alt = alt_text(plots.foresight(rallies, last=60))
    assert f"{won} point{'' if won == 1 else 's'} won" in alt
    level = np.median([rally.values[-1] for rally in rallies if rally.rewards[-1] > 0])
    assert f"{level:+.2f} at 0" in alt
    longer = max(map(len, rallies)) + 10
    assert f"{won} points won" in alt_text(plots.foresight(rallies, last=longer))


def test_few_rallies_are_a_line_each_and_many_a_band(rallies):
    won, lost = rallies[1], rallies[-1]
    ax = plots.foresight([*won, *lost], last=60)
    assert len(lost) < plots.FEW <= len(won)
    assert len(ax.collections) == 1
    lines = [line for line in ax.lines if len(line.get_xdata()) == 60]
    assert len(lines) == 1 + len(lost)
    for line, rally in zip(lines[1:], lost, strict=True):
        np.testing.assert_allclose(line.get_ydata(), rally.values[-60:])


def test_exams_give_the_median_and_the_range():
    alt = alt_text(
        plots.exams({"drawn": {"agents": [17.0, 19.0, 18.5]}, "sticky": {"agents": [-3.0, 2.0, 7.0]}})
    )
    assert "drawn, agents: median 18.5, from 17.0 to 19.0" in alt
    assert "sticky, agents: median 2.0, from -3.0 to 7.0" in alt


def test_the_floor_is_named_where_no_line_crosses_it(shipped):
    ax = plots.variants(shipped, floor=0.1)
    assert [text.get_text() for panel in ax.figure.axes for text in panel.texts] == []
    (legend,) = ax.figure.legends
    assert "the floor, 0.1" in [text.get_text() for text in legend.get_texts()]


def test_variants_count_who_got_there():
    found = {
        OURS: {1: curves([-21, 18], std=0.2), 2: curves([-21, -3], std=0.3)},
        BARE: {1: curves([-21, -21], std=0.05), 2: curves([-21, -21], std=0.07)},
    }
    alt = alt_text(plots.variants(found, floor=0.25))
    assert f"{OURS}: 1 of 2 seeds got to 18" in alt
    assert "0.25 points" in alt
    assert f"{BARE}: 0 of 2 seeds got to 18" in alt
    assert "0.06 points" in alt


# --- the files that come with the course ----------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return load_curves("pong")


def test_ten_runs_each_way_come_with_the_course(text, shipped):
    assert {name: len(seeds) for name, seeds in shipped.items()} == {OURS: 10, POINTS: 10, BARE: 1}
    assert "runs of ten other seeds" in text
    assert 11 not in shipped[OURS], "the lesson's own seed is not one of the grey lines"


def test_return_normalisation_helps_the_critic_and_ten_seeds_prove_nothing(text, shipped):
    there = {
        name: sum(np.isfinite(steps_until(run, 18)) for run in shipped[name].values())
        for name in (OURS, POINTS)
    }
    assert there == {OURS: 9, POINTS: 6}
    assert "With return normalisation nine of ten got to 18, without it six" in text
    explained = [
        np.median([np.median(run.explained_variance[19:60]) for run in shipped[name].values()])
        for name in (OURS, POINTS)
    ]
    assert "{:.2f} of the variance against {:.2f}".format(*explained) in text
    chances = {n: comb(10, n) * comb(10, 15 - n) / comb(20, 15) for n in range(5, 11)}
    p = sum(chance for chance in chances.values() if chance <= chances[9] * (1 + 1e-9))
    assert f"in {100 * p:.0f} % of such trials (p = {p:.2f}, Fisher's exact test)" in text


def test_the_floor_hardly_ever_acts(text, shipped):
    spread = np.concatenate([run.advantage_std for run in shipped[OURS].values()])
    low = (spread < PONG.advantage_floor).sum()
    assert f"In {low} of the {len(spread):,} updates as given" in text
    touched = {seed: np.flatnonzero(run.advantage_std < 0.1) for seed, run in shipped[OURS].items()}
    early = {
        seed: rows for seed, rows in touched.items() if len(rows) and shipped[OURS][seed].score[rows[0]] < 0
    }
    late = {seed: rows for seed, rows in touched.items() if len(rows) and seed not in early}
    assert sum(not len(rows) for rows in touched.values()) == 5
    assert "Five of the ten seeds never touched" in text
    assert len(late) == 4
    assert all(shipped[OURS][seed].score[rows].min() > 14 for seed, rows in late.items())
    assert "Four touched it late, when they were winning." in text
    assert list(early) == [10] == list(shipped[BARE])


def test_where_the_floor_does_not_act_the_arithmetic_is_the_same():
    advantages = np.random.default_rng(0).normal(0, 0.1001 * 1.05, 4_096)
    assert advantages.std() > PONG.advantage_floor
    floors = (PONG.advantage_floor, CARTPOLE.advantage_floor)
    assert np.array_equal(*(losses.normalize(advantages, floor=floor) for floor in floors))


def test_the_seed_that_touched_the_floor_early(text, shipped):
    usual, bare = shipped[OURS][10], shipped[BARE][10]
    for column in set(QUANTITIES) - {"seconds"}:  # one and the same run, until the floor acts
        assert np.array_equal(*(getattr(run, column)[:10] for run in (usual, bare)), equal_nan=True)
    assert usual.advantage_std[10] < PONG.advantage_floor
    worst = usual.advantage_std[:20].argmin()
    assert round(usual.advantage_std[worst], 2) == round(bare.advantage_std[worst], 2) == 0.03
    assert usual.score[worst] < -20
    assert "Only seed 10 touched it early, down to 0.03, when it lost every point" in text
    assert f"{bare.gradient_norm[worst]:.2f} long where it had been {usual.gradient_norm[worst]:.2f}" in text
    steps = [steps_until(run, 18) for run in (bare, usual)]
    assert steps[0] < steps[1]
    assert "after {:,.0f} steps instead of {:,.0f}".format(*steps) in text


def test_the_scores_are_those_of_the_runs():
    ours = {name: ways for name, ways in examined("pong").items() if name.startswith(f"{OURS}-")}
    assert set(ours) == {f"{OURS}-{seed}" for seed in load_curves("pong")[OURS]}
    for ways in ours.values():
        assert set(ways) == set(EXAMS)
        assert all(abs(score) <= 21 for score in ways.values())


def test_three_examinations_of_the_same_weights(text):
    ours = [ways for name, ways in examined("pong").items() if name.startswith(f"{OURS}-")]
    low, high = ({way: pick(each[way] for each in ours) for way in EXAMS} for pick in (min, max))
    odd = max(ours, key=lambda each: each["sampled"] - each["greedy"])
    says(
        "pong",
        "Drawn, the ten reach {:.1f} to {:.1f} points; with the likeliest action {:.1f} to {:.1f}; sticky "
        "{:.1f} to {:.1f}. One agent gets {:.1f} drawn and {:.1f} with the likeliest action",
        *(each[way] for way in ("sampled", "greedy", "sticky") for each in (low, high)),
        odd["sampled"],
        odd["greedy"],
    )
    says("pong", "got {:.1f} points, and {:.1f} when its actions were drawn", odd["greedy"], odd["sampled"])


@pytest.fixture(scope="module")
def rallies(best):
    """Those of the lesson's game, by outcome, shortest first."""
    found = sorted(record(best, seed=1, points=41, max_steps=3_000).rallies(), key=len)
    return {point: [rally for rally in found if rally.rewards[-1] == point] for point in (1, -1)}


def test_what_the_microscope_shows_of_the_rally_lost(rallies):
    lost = rallies[-1][(len(rallies[-1]) - 1) // 2]
    largest, lowest = np.abs(lost.deltas).argmax(), lost.advantages.argmin()
    before = in_words(len(lost) - 1 - largest)
    says(
        "pong",
        "The largest surprise, $\\delta = {:.2f}$, comes {} steps before",
        lost.deltas[largest],
        before,
    )
    says("pong", "One step before that, $V$ was still {:.2f}", lost.values[largest - 1])
    says("pong", "hardly news any more: $\\delta = {:.2f}$", lost.deltas[-1])
    assert largest - lowest == 1
    says("pong", "$A$ is lowest one step before that surprise, at {:.2f}", lost.advantages[lowest])


def test_an_advantage_is_made_of_later_surprises_by_construction():
    """A single surprise, wherever it falls: A falls before it and nowhere after, whatever the critic said."""
    for at in (5, 12):
        deltas = np.zeros(20)
        deltas[at] = -1
        values = np.zeros(21)
        never = np.zeros(20, bool)
        A = gae(deltas, values[:-1], values[1:], never, never, gamma=0.99, lam=0.95)
        np.testing.assert_allclose(A[: at + 1], -((0.99 * 0.95) ** np.arange(at, -1, -1.0)))
        assert not A[at + 1 :].any()


def test_what_the_microscope_shows_of_the_rally_won(rallies):
    won = rallies[1][len(rallies[1]) // 2]
    assert won.deltas.max() == np.abs(won.deltas).max()
    says("pong", "the largest $\\delta$ is {:.2f}", won.deltas.max())
    says("pong", "at its end $V = {:.2f}$, more than a point can be", won.values[-1])
    assert won.values[-1] > 1


def test_winners_are_foreseen_and_two_of_four_losses_are(rallies):
    """Two losses are surprises, two are foreseen; their median would describe none of them."""
    early = np.median([rally.values[-31] for rally in rallies[1] if len(rally) > 30])
    says("pong", "before a point won, the critic says {:.2f} (the median)", early)
    says("pong", "a point that is certain is worth ${}^{{30}} = {:.2f}$", PONG.gamma, PONG.gamma**30)
    surprised = [rally for rally in rallies[-1] if rally.values[-6] > 0.6]
    foreseen = [rally for rally in rallies[-1] if (rally.values[-14:] < 0).all()]
    assert (len(surprised), len(foreseen), len(rallies[-1])) == (2, 2, 4)
    says("pong", "In two of the four, $V$ was above 0.6 five steps before the end")
    assert min(np.flatnonzero(rally.values[::-1] >= 0)[0] for rally in foreseen) == 14
    says("pong", "In the other two, $V$ was below 0 through the last 14 steps at least")


def test_one_rally_wins_again_and_again(rallies):
    lengths, counts = np.unique([len(rally) for rally in rallies[1]], return_counts=True)
    often = counts.argmax()
    says(
        "pong",
        "Of the {} points that it won, {} took exactly {} steps",
        counts.sum(),
        counts[often],
        lengths[often],
    )


# --- the coda -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def coda():
    """What the cells of the coda leave behind, each executed but for its pictures."""
    source = path("pong", ".py").read_text(encoding="utf-8")
    cells = re.findall(r"^# %%(?! \[markdown\])[^\n]*\n(.*?)(?=^# %%|\Z)", source, re.M | re.S)
    first = next(nth for nth, cell in enumerate(cells) if cell.startswith("five ="))
    last = next(nth for nth, cell in enumerate(cells) if cell.startswith("halves ="))
    names = {"plots": SimpleNamespace(coda=lambda *_, **__: None)}
    imports = "import numpy as np\nfrom course.atari import play_random, ram_and_returns"
    for cell in [imports, *cells[first : last + 1]]:
        exec(compile(ast.parse(cell), "coda", "exec"), names)
    return names


def test_it_is_the_network_of_lesson_1(coda):
    """The same states and the same raw errors, up to the unit in which they are measured."""
    other = path("score_scales", ".py").read_text(encoding="utf-8")
    for line in (
        "ram_and_returns(episodes[game][:2], states=500)",
        "ram_and_returns(episodes[game][2:], states=10_000)",
    ):
        assert line in other
    shares = [np.linalg.norm(coda["gradient"](np.zeros(128), game, coda["points"])) for game in coda["five"]]
    breakout = 100 * shares[1] / sum(shares)
    says("pong", "In raw points Breakout had {:.3f} % of it", breakout)


def test_in_units_of_its_own_every_game_has_a_say(coda):
    lengths = np.array(
        [np.linalg.norm(coda["gradient"](np.zeros(128), game, coda["own"])) for game in coda["five"]]
    )
    shares = 100 * lengths / lengths.sum()
    assert shares.min() > 13
    assert shares.max() < 40
    says("pong", "no game has less than 13 % or more than 40 %")


def test_one_network_serves_five_games_in_units_of_their_own(coda):
    seen, unseen = coda["units_of_its_own"].values()
    assert max(seen.values()) < 1
    says(
        "pong",
        "better than the mean in all five games: {:.2f}, {:.2f}, {:.2f}, {:.2f} and {:.2f}",
        *(seen[game] for game in coda["five"]),
    )
    better = {game for game in coda["five"] if unseen[game] < 1}
    assert better == {"pong", "ms_pacman"}
    says(
        "pong",
        "it beats the mean in Pong ({:.2f}) and Ms. Pac-Man ({:.2f})",
        unseen["pong"],
        unseen["ms_pacman"],
    )
    assert coda["raw"]["two other episodes"]["breakout"] == pytest.approx(1_530, abs=5)
    assert "on new episodes is about 1,530" in prose("pong")


def test_the_loud_games_have_paid_nothing(coda):
    assert "the two loud games have paid nothing for it" in prose("pong")
    for states, errors in coda["units_of_its_own"].items():
        for game in ("skiing", "video_pinball"):
            assert errors[game] <= coda["raw"][states][game]


def test_the_1_of_the_unit_did_it_and_not_its_0(coda):
    """Centred and in points Breakout is as badly off as ever: an advantage, which centres, would not help."""
    found = {
        name: coda["errors"](coda["trained"](units), units, coda["learned_from"])
        for name, units in coda["halves"].items()
    }
    centred, scaled = found.values()
    says("pong", "Breakout's error is still {:,.0f} (on the states it learned from)", centred["breakout"])
    says("pong", "not centred, it is {:.2f}", scaled["breakout"])
    assert max(scaled.values()) < 1


def test_the_coda_is_drawn_with_what_it_says(coda):
    ax = plots.coda(coda["raw"], coda["units_of_its_own"], guess=3)
    assert "Breakout 1.47e+03 and 0.69" in alt_text(ax)
    assert "You guessed 3 for Breakout." in alt_text(ax)
    assert "You guessed" not in alt_text(plots.coda(coda["raw"], coda["units_of_its_own"]))
    for guess in ("less", 0, -1):
        with pytest.raises(Refusal, match="guess must be"):
            plots.coda(coda["raw"], coda["units_of_its_own"], guess=guess)

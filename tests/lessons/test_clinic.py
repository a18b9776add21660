"""Lesson 15, number by number: who passes, what every instrument reads, what every wrong line costs."""

import numpy as np
import pytest
import torch

from course.language.audit import audit
from course.language.clinic import CASES
from course.language.lines import LINES, WRONG
from course.language.looks import HEALTHY, MEASUREMENTS, separates
from course.plots import alt_text
from course.plots import clinic as plots
from course.studies.clinic import BROKEN, COLUMNS, load_clinic
from course.studies.clinic import HEALTHY as SOUND
from tests.lessons import says, variables

OUTCOMES = load_clinic()


@pytest.fixture(scope="module")
def lesson():
    return variables("clinic")


def of(line, state, what):
    return plots.of(OUTCOMES, line, state, what)


def both(line, what):
    """Broken and healthy, seed by seed."""
    return of(line, BROKEN, what), of(line, SOUND, what)


# The waiting room


def test_the_table_has_every_case_five_times_in_both_states():
    for line in CASES:
        for state in (SOUND, BROKEN):
            assert of(line, state, "seed").tolist() == [0, 1, 2, 3, 4]
    assert len(OUTCOMES) == 2 * 5 * len(CASES)
    assert len(COLUMNS) == 12


def test_seven_of_the_eight_with_a_wrong_line_pass_by_their_prize(lesson):
    assert len(plots.GUILTY) == 8
    assert set(plots.GUILTY) - set(plots.passing(OUTCOMES)) == {"trained_tokens"}
    says("clinic", "Seven of the eight pass")
    says("clinic", "its prize is above {:.1f} million points in most seeds", plots.SOUND)
    assert "7 of the 8" in alt_text(plots.waiting_room(OUTCOMES, guess=2))
    assert "You guessed 2." in alt_text(plots.waiting_room(OUTCOMES, guess=2))


def test_a_guess_that_is_no_number_of_patients_is_refused():
    with pytest.raises(ValueError, match="guess must be in"):
        plots.waiting_room(OUTCOMES, guess=12)


# The instruments


def test_every_patient_can_be_told_by_the_widget_and_it_says_so(lesson):
    (explorer,) = lesson["explorers"]
    assert list(explorer.controls["patient"].options) == plots.PATIENTS
    assert "does NOT tell the patient from healthy" in explorer.image.value  # nothing is given away
    for patient in plots.PATIENTS:
        line = plots.line_of(patient)
        telling = next(name for name, each in MEASUREMENTS.items() if line in each.tells)
        explorer.controls["patient"].value = patient
        explorer.controls["instrument"].value = telling
        assert "It tells the patient from healthy code." in explorer.image.value
        blind = next(name for name, each in MEASUREMENTS.items() if line not in each.tells)
        explorer.controls["instrument"].value = blind
        assert "It does NOT tell the patient from healthy code." in explorer.image.value


def test_the_twins_need_another_instrument(lesson):
    readings = lesson["readings"]
    moved = "moved by 10 rows of padding"
    assert separates(readings["ended_rows"][moved], readings["last_rows"][moved])
    for line, gap in zip(("ended_rows", "last_rows"), lesson["gap"].values(), strict=True):
        assert gap[-1] < 1e-9  # lambda 1
        assert (gap[:-1] > 0.01).all()
        assert separates(readings[line]["last advantage minus (r - V)"], [0, 0])
    picture = plots.twins(lesson["gap"], lesson["lams"], lesson["moved"], guess="0")
    assert "You guessed that neither would be wrong at lambda 1." in alt_text(picture)


def test_the_learners_own_lines_have_no_symptom(lesson):
    from course.language.looks import symptoms

    assert symptoms(lesson["mine"], lesson["readings"]) == []
    assert set(lesson["mine"]) == set(LINES)
    assert symptoms({**lesson["mine"], "kl_penalty": WRONG["kl_penalty"]}, lesson["readings"])


def test_the_slice_shows_each_value_before_its_token(lesson):
    from course.language.look import Look
    from course.language.looks import shortest_answer

    prompt, answer, outputs = shortest_answer(Look(CASES["values_before"], LINES, seed=0))
    said = alt_text(plots.slices(prompt, answer, outputs))
    assert f"{outputs[len(prompt) - 1] / 1e3:.0f} before the" in said
    assert f"{outputs[-2] / 1e3:.0f} before <end>" in said
    assert len(outputs) == len(prompt) + len(answer)


def test_the_audit_of_a_padded_mean_says_what_the_lesson_shows():
    mask = np.array([[True, True, True], [True, False, False]])
    advantages = torch.tensor([[1.0, -2.0, 0.5], [3.0, 1.0, 1.0]])
    found = audit(lambda log_probs: -(log_probs * advantages).mean(), np.full((2, 3), -1.0), mask)
    assert found.found == ("2 places of padding get a gradient; nobody wrote them.",)


# The prices


MEDIANS = {  # what the last table says -> line, quantity, its unit
    "| 1 | prize {:.2f} instead of {:.2f} million": ("trained_tokens", "prize", 1e6),
    "and {:.0f} nats instead of {:.1f} | toll": ("kl_penalty", "nats", 1),
    "| 4 | a sentence: {:.2f} instead of {:.2f} |": ("ended_rows", "sentences", 1),
    "| 6 | {:.1f} nats instead of {:.1f} |": ("critic_loss", "nats", 1),
    "| 7, mended | prize {:.2f} instead of {:.2f} million": ("values_before", "prize", 1e6),
    "the language, and {:.2f} instead of {:.2f} million": ("surrogate_loss", "prize", 1e6),
    "explained variance {:.2f} instead of {:.2f} |": ("token_loss", "explained_variance", 1),
    "| 10 | {:.0f} instead of {:.0f} % in grammar": ("first_tokens", "grammar", 0.01),
    "| 11 | {:.0f} instead of {:.0f} points": ("next_worth", "prize", 1),
}


@pytest.mark.parametrize("sentence", MEDIANS)
def test_the_table_of_prices_is_the_table_that_ships(sentence):
    line, what, unit = MEDIANS[sentence]
    says("clinic", sentence, *(np.median(numbers) / unit for numbers in both(line, what)))


def test_patient_1_loses_everything():
    broken, healthy = both("trained_tokens", "prize")
    assert broken.max() < 3.4e6 < healthy.min()
    assert (np.round(broken / 1e6, 2) == 0.16).sum() == 3
    lengths = of("trained_tokens", BROKEN, "sentences")
    assert lengths[0] < 1  # less than one sentence, and the prize of no lucky word
    assert broken[0] == 156_250


def test_patient_2_loses_two_seeds_of_five():
    prize, _ = both("token_log_probs", "prize")
    grammar, sound = both("token_log_probs", "grammar")
    nats, usual = both("token_log_probs", "nats")
    says("clinic", "of five seeds one ended at {:,.0f} points", prize.min())
    dead = (prize < 1e6) | (grammar == 0)
    assert dead.sum() == 2
    assert grammar[prize.argmin()] == 0
    assert sound.min() > 0.94
    assert (nats > usual)[~dead].all()


def test_patient_3_loses_its_language_and_not_its_prize():
    nats, usual = both("kl_penalty", "nats")
    assert not of("kl_penalty", BROKEN, "grammar").any()
    assert (of("kl_penalty", BROKEN, "prize") > 4.7e6).sum() == 3
    says("clinic", "the drift is {:.0f} nats instead of {:.1f}", np.median(nats), np.median(usual))


def test_patient_4_stays_a_sentence_short_and_patient_5_costs_nothing():
    lengths, usual = both("ended_rows", "sentences")
    said = (lengths.min(), lengths.max(), usual.min(), usual.max())
    says(
        "clinic",
        "end with {:.2f} to {:.2f} sentences an answer, the healthy ones with {:.2f} to {:.2f}",
        *said,
    )
    for what, better in (("prize", 1), ("grammar", 1), ("nats", -1)):
        late, healthy = both("last_rows", what)
        assert better * (np.median(late) - np.median(healthy)) > 0


def test_patient_6_drifts_twice_as_far():
    nats, usual = both("critic_loss", "nats")
    says("clinic", "drift: {:.1f} nats instead of {:.1f} (medians)", np.median(nats), np.median(usual))
    assert nats.min() > usual.max()
    assert np.abs(of("critic_loss", BROKEN, "explained_variance")).max() < 1e-9


def test_the_mends_of_what_was_no_fault_cost_the_most():
    mended = of("values_before", BROKEN, "prize")
    assert (mended < 200_000).sum() == 4
    repeated, usual = both("surrogate_loss", "prize")
    assert not of("surrogate_loss", BROKEN, "grammar").any()
    assert (of("surrogate_loss", SOUND, "grammar") < 0.02).sum() == 2
    said = (usual.min() / 1e6, usual.max() / 1e6)
    says("clinic", "The program as it was earns {:.2f} to {:.2f} million", *said)
    said = (repeated.min() / 1e6, repeated.max() / 1e6)
    says("clinic", "The mended one earns {:.2f} to {:.2f} million", *said)
    prizes = {line: np.median(of(line, BROKEN, "prize")) for line in plots.LANGUAGE}
    assert [line for line in prizes if prizes[line] < prizes["values_before"]] == ["trained_tokens"]
    dearer = [line for line in plots.GUILTY if prizes[line] < prizes["surrogate_loss"]]
    assert dearer == ["trained_tokens"]


def test_patient_9_ruins_the_critic_and_nothing_else():
    ruined, usual = both("token_loss", "explained_variance")
    assert ruined.max() < 0
    says(
        "clinic", "below 0 in every seed (median {:.2f}, healthy {:.2f})", np.median(ruined), np.median(usual)
    )
    for what in ("prize", "grammar"):
        broken, healthy = both("token_loss", what)
        assert np.median(broken) > np.median(healthy)


def test_patient_10_pays_in_each_seed():
    nats, usual = both("first_tokens", "nats")
    grammar, sound = both("first_tokens", "grammar")
    assert (nats > usual).all()
    assert (grammar < sound).all()
    drift = (np.median(nats), np.median(usual))
    words = (100 * np.median(grammar), 100 * np.median(sound))
    says("clinic", "medians {:.1f} against {:.1f} nats, {:.0f} against {:.0f} % in grammar", *drift, *words)


def test_patient_11_falls_from_the_top():
    broken, healthy = both("next_worth", "prize")
    assert (healthy == 500).all()
    assert (of("next_worth", BROKEN, "training_prize") == 500).all()
    says("clinic", "they end at {:.0f} to {:.0f}, though each", broken.min(), broken.max())


def test_the_last_figure_says_every_price():
    picture = plots.costs(OUTCOMES)
    rows = [label.get_text() for label in picture.get_yticklabels()]
    assert [row.split(":")[0] for row in rows] == [str(nth) for nth in range(1, 11)]  # as in the table below
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["the healthy loop", "with the wrong line"]
    said = alt_text(picture)
    for line in plots.LANGUAGE:
        assert CASES[line].name in said
    assert said.count("against") == 4 * len(plots.LANGUAGE) + 1


def test_a_spread_of_nothing_weighs_a_million(lesson):
    others = lesson["others"]
    assert (1 - others.mean()) / (others.std() + 1e-6) == pytest.approx(1e6)


def test_a_live_run_shows_what_the_lesson_says(lesson):
    # With COURSE_QUICK four updates: the loss is 0 and its gradient is not.
    surrogate = lesson["surrogate"]
    assert np.abs(surrogate.first_loss).max() < 1e-6
    assert surrogate.gradient_norm.min() > 1e-3
    assert "on average" in alt_text(plots.nothing_to_see(surrogate, guess=0.1))
    far = plots.nothing_to_see(surrogate, guess=10).figure.axes[1]
    assert far.get_ylim()[0] == 0
    assert far.get_ylim()[1] > 10  # a guess without any measure is on the picture, too
    with pytest.raises(ValueError, match="guess must be in"):
        plots.nothing_to_see(surrogate, guess=-1)
    runs = lesson["runs"]
    assert runs["patient 1"].sentences[0] == runs["healthy"].sentences[0]
    assert lesson["groups"]["patient 10"].begins[0] > 0.9
    assert HEALTHY in lesson["readings"]

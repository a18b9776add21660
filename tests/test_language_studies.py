"""The runs of the language model: what ships is whole and lies under the frontier, and a study resumes."""

import numpy as np
import pytest

from course import __main__ as cli
from course.language.frontier import frontier
from course.language.tales import ideal_lucky
from course.studies import bench, language_runs, tokens
from course.studies.tokens import COLUMNS, EXAM
from course.tables import read_table
from course.worlds.writer import WEIGHTS
from tests import tables_in_docs

SHIPPED = {"methods": tokens.methods(), "critics": tokens.critics(), "fooled": tokens.fooled()}
TEN = ("50 pairs, cut", "200 pairs, cut", "50 pairs, cut, leash")  # kinds of judges


def mean(runs, name):
    return np.mean([getattr(run.exam, name) for run in runs.values()])


# What ships


def test_every_variant_ships_with_all_its_seeds():
    for study, variants in zip(("tokens", "critics", "judges"), SHIPPED.values(), strict=True):
        assert set(variants) == set(language_runs.STUDIES[study])
        for name, runs in variants.items():
            seeds = 10 if study == "tokens" or name in TEN else 5
            assert sorted(runs) == list(range(1, seeds + 1)), name
            for run in runs.values():
                assert len(run.update) == (30 if study == "judges" else 60)
                assert np.isfinite(run.prize).all()
                assert np.isnan(run.accuracy) == (study != "judges")


def test_no_run_lies_above_the_frontier_by_more_than_three_standard_errors():
    curves = [frontier(tokens.chances(reference), points=60) for reference in range(3)]
    gaps = []
    for variants in SHIPPED.values():
        for runs in variants.values():
            for seed, run in runs.items():
                best = np.interp(run.exam.nats, *curves[seed % 3])
                gaps.append((run.exam.prize - best) / max(run.exam.error, 1.0))
    assert len(gaps) == 165
    assert max(gaps) < 3


def test_the_necessary_share_is_of_the_runs_own_reference_and_never_above_1():
    shares = [run.exam.share for runs in SHIPPED["methods"].values() for run in runs.values()]
    assert 0 < min(shares) < max(shares) < 0.75
    for reference in range(3):
        chances = tokens.chances(reference)
        assert chances.sum() == pytest.approx(1)
        np.testing.assert_allclose(chances, ideal_lucky(), rtol=0.45, atol=0.01)


def test_the_prize_tells_no_method_apart_and_the_nats_do():
    methods = SHIPPED["methods"]
    prizes = [mean(runs, "prize") for runs in methods.values()]
    assert max(prizes) - min(prizes) < 0.2e6
    nats = {name: mean(runs, "nats") for name, runs in methods.items()}
    assert nats["GAE 0.95"] < nats["minus the others"] < nats["whole score"] / 2
    assert nats["groups, prize only"] > 3 * nats["whole score"]
    assert max(run.exam.grammar for run in methods["groups, prize only"].values()) < 0.05


def test_what_is_said_of_a_batch_fits_together():
    signal = tokens.signal()
    assert set(signal) == set(language_runs.STUDIES["signal"])
    true = np.array([numbers[1] for numbers in signal["GAE 1, exact V"].values()])
    for name in ("whole score", "minus the others", "GAE 1, 10 batches"):  # no bias: the same mean
        np.testing.assert_allclose([each[1] for each in signal[name].values()], true, rtol=0.05)
    # An untrained critic loses half of the signal at lambda 0.95, and all of it at 0.
    young = np.array([each[1] for each in signal["GAE 0.95, 0 batches"].values()])
    assert ((0.45 < young / true) & (young / true < 0.65)).all()
    assert all(each[1] == 0 for each in signal["GAE 0, 0 batches"].values())


def test_no_critic_explains_more_than_there_is():
    values = tokens.values()
    assert set(values) == set(language_runs.STUDIES["values"])
    for seeds in values.values():
        for token, alive, explained, ceiling in np.concatenate(list(seeds.values())):
            assert token % 7 == 0
            assert 0.2 < alive <= 1
            assert explained < ceiling + 0.02
    grown = np.mean([rows[1:, 2] / rows[1:, 3] for rows in values["100 batches"].values()])
    assert grown > 0.6


def methods_in_docs():
    """The table of benchmarks.md: means over ten seeds, and the range of the nats."""
    head = ("weight", "prize (million)", "nats (range)", "necessary share", "grammar", "sentences", "snr")
    snr = {
        "GAE 0.95": "GAE 0.95, 100 batches",
        "TD error": "GAE 0, 100 batches",
        "R - V": "GAE 1, 100 batches",
    }
    signal = tokens.signal()
    rows = []
    for name, runs in SHIPPED["methods"].items():
        nats = [run.exam.nats for run in runs.values()]
        per_batch = signal.get(snr.get(name, name))
        rows.append(
            [
                name,
                f"{mean(runs, 'prize') / 1e6:.2f}",
                f"{np.mean(nats):.1f} ({min(nats):.1f} to {max(nats):.1f})",
                f"{mean(runs, 'share'):.2f}",
                f"{mean(runs, 'grammar'):.0%}",
                f"{mean(runs, 'sentences'):.2f}",
                f"{np.mean([each[0] for each in per_batch.values()]):.2f}" if per_batch else "-",
            ]
        )
    return tables_in_docs.table(head, rows)


def test_the_table_of_methods_in_the_docs_is_what_ships():
    assert tables_in_docs.between("benchmarks.md", "methods") == methods_in_docs()


# Studies


@pytest.mark.parametrize(
    ("study", "variant", "rows"),
    [
        ("tokens", "groups", 3),
        ("critics", "GAE 0, warm", 3),
        ("judges", "50 pairs, cut", 3),
        ("signal", "whole score", 1),
        ("values", "10 batches", 6),
        ("chances", "reference", 6),
    ],
)
def test_a_study_leaves_its_table_and_resumes(study, variant, rows, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_QUICK", "1")
    path = tmp_path / "runs.csv"
    call = ["runs", study, "--seeds", "1", "--variants", variant, "--out", str(path)]
    assert cli.main(call) == 0
    written = read_table(path, COLUMNS[study])
    assert len(written) == rows
    assert {row["variant"] for row in written} == {variant}
    if "update" in COLUMNS[study]:
        assert written[-1]["update"] == EXAM

    def never(*, seed):
        raise AssertionError(f"seed {seed} was there")

    monkeypatch.setitem(language_runs.STUDIES[study], variant, never)
    before = path.read_bytes()
    assert cli.main(call) == 0
    assert path.read_bytes() == before


def test_the_same_seed_leaves_the_same_rows(monkeypatch):
    monkeypatch.setenv("COURSE_QUICK", "1")
    rows = [language_runs.STUDIES["tokens"]["GAE 0.95"](seed=2) for _ in range(2)]
    for row in (*rows[0], *rows[1]):
        row.pop("seconds", None)
    assert str(rows[0]) == str(rows[1])


def test_the_five_lines_are_those_of_the_figure():
    assert list(SHIPPED["methods"])[:5] == list(WEIGHTS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tokens", "--variants", "GAE 2"], "variant 'GAE 2' is not known"),
        (["tokens", "--seeds", "0"], "seeds must be"),
        (["token"], "study 'token' is not known"),
    ],
)
def test_a_study_that_is_not_there_is_refused(arguments, says, tmp_path, capsys):
    assert cli.main(["runs", *arguments, "--out", str(tmp_path / "runs.csv")]) == 2
    assert says in capsys.readouterr().err


def test_there_are_three_references():
    with pytest.raises(ValueError, match="from 0 to 2, got 3"):
        tokens.chances(3)


# The bench


def test_the_bench_times_an_iteration_and_pre_training():
    assert list(bench.tokens_systems()) == [
        "an iteration, critic and GAE",
        "an iteration, leave-one-out",
        "pre-training",
    ]
    assert 0.01 < language_runs.iteration("minus the others", seed=1, updates=11) < 5
    assert 0.01 < language_runs.pretraining(seed=1, steps=1) < 60

"""Questions people asked: the page is run, and what its prose concludes from the numbers is held to them."""

import doctest
import re
from pathlib import Path

import pytest

import course

PAGE = Path(course.__file__).parent.parent / "docs" / "questions.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = re.split(r"^## (?=\d+\. )", TEXT, flags=re.M)[1:]


def test_every_number_of_the_page_comes_out():
    result = doctest.testfile(str(PAGE), module_relative=False, verbose=False)
    assert result.attempted > 40
    assert result.failed == 0


def test_each_of_ten_questions_has_a_source_and_lines_that_answer_it():
    assert [section.split(".")[0] for section in SECTIONS] == [str(number) for number in range(1, 11)]
    for section in SECTIONS:
        assert re.search(r"\*Asked in [^*]*\(https://github\.com/[\w.-]+/[\w.-]+/issues/\d+\)", section), (
            section
        )
        assert re.search(r"^(?:>>>|\.\.\.) .*\n(?!>>>|\.\.\.|```|\n)", section, re.M), section


def shown(number):
    """(push, signal to noise) of every line that a section prints, in order."""
    found = re.findall(r"push ([\d,]+), signal to noise of 20 answers ([\d.]+)$", SECTIONS[number - 1], re.M)
    return [(float(push.replace(",", "")), float(ratio)) for push, ratio in found]


def test_what_the_prose_concludes_follows_from_what_is_printed():
    (whole, _), (shared, _) = shown(1)
    assert shared / whole == pytest.approx(0.5, abs=0.02)  # "half of the push is lost"

    (_, others), (_, critic) = shown(5)
    assert f"{critic / others:.1f} times the signal-to-noise" in " ".join(SECTIONS[4].split())
    assert (others / critic) ** 2 == pytest.approx(1 / 3, abs=0.05)  # "about a third of the answers"

    pushes, ratios = zip(*shown(9), strict=True)
    assert max(pushes) / min(pushes) < 1.02  # "all of its members have the same mean"
    assert list(ratios) == sorted(ratios)  # "the less it looks ahead the quieter it gets"

"""Questions whose wrong answers were produced by running known mistakes, and what is made of them."""

import html
import io
import math
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from course import __main__ as cli
from course.arrays import Refusal
from course.authoring.stamps import ROOT, sources
from course.checks.exercise import Case
from course.classroom.quiz import files, gift, page, qti, questions
from course.classroom.quiz.bank import INVENTORY, TEMPLATES
from course.classroom.quiz.questions import Drawn, Runs, Template, ask, exercise_named, stands_out
from course.classroom.quiz.shown import apart, exact, say, say_all
from tests import quiz_table, tables_in_docs

LESSONS = {source.stem[:2]: source for source in sources()}
BY_NAME = {template.name: template for template in TEMPLATES}


@pytest.fixture(scope="module")
def bank():
    """More than a thousand questions, of every template as many."""
    return [ask(template, seed=seed) for template in TEMPLATES for seed in range(quiz_table.SEEDS)]


@pytest.fixture(scope="module")
def of_numbers(bank):
    return [question for question in bank if not BY_NAME[question.name].of_mistake]


@pytest.fixture(scope="module")
def of_mistakes(bank):
    return [question for question in bank if BY_NAME[question.name].of_mistake]


# Numbers


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.125, "0.13"),
        (-0.125, "−0.13"),
        (2.0, "2"),
        (-0.001, "0"),
        (30_000.0, "30,000"),
        (1200.5, "1,200.5"),
        (np.float32(0.045), "0.05"),  # in float32 it lies below
        (0.1 + 0.2, "0.3"),
    ],
)
def test_a_number_is_said_as_people_write_it(number, text):
    assert say(number) == text


def test_several_numbers_and_flags_are_said_in_one_line():
    assert say_all(np.array([1.0, -0.5])) == "(1, −0.5)"
    assert say_all(np.array([True, False, True])) == "1 0 1"


def test_two_numbers_are_apart_unless_rounding_on_the_way_could_make_one_of_the_other():
    assert apart(0.5, 0.54)
    assert not apart(0.5, 0.53)
    assert apart([1.0, 2.0], [1.0, 2.1])
    assert not apart(np.array([True, False]), np.array([True, False]))
    assert exact([0.25, 3])
    assert not exact(1 / 3)


# Questions


def test_every_lesson_has_three_questions_and_more_than_one_idea():
    templates = Counter(template.lesson for template in TEMPLATES)
    assert set(templates) == set(LESSONS)
    assert min(templates.values()) >= 3
    assert len(BY_NAME) == len(TEMPLATES)
    for template in TEMPLATES:
        assert exercise_named(template.exercise).lesson <= template.lesson, template.name
    for lesson in LESSONS:
        kinds = {template.of_mistake for template in TEMPLATES if template.lesson == lesson}
        assert lesson == "12" or len({t.draw for t in TEMPLATES if t.lesson == lesson}) >= 2
        assert kinds == {True, False}, lesson


def test_a_thousand_questions_have_distinct_finite_short_answers_and_one_that_is_right(bank):
    assert len(bank) >= 1_000
    for question in bank:
        where = f"{question.name}, seed {question.seed}"
        texts = [choice.text for choice in question.choices]
        assert len(texts) == len(set(texts)) == 4, where
        assert sum(choice.right for choice in question.choices) == 1, where
        for text in texts:
            sentence = text.endswith((".", "?")) and " " in text
            assert sentence if BY_NAME[question.name].of_mistake else len(text) <= page.SHORT, where
            assert not re.search(r"nan|inf", text, re.I) or sentence, where


def test_two_choices_are_never_so_near_that_rounding_on_the_way_makes_one_of_the_other(of_numbers):
    gaps = []
    for question in of_numbers:
        runs = Runs(exercise_named(question.exercise), question.drawn)
        values = [runs.of(choice.ran) for choice in question.choices]
        for one, other in combinations(values, 2):
            assert np.shape(one) == np.shape(other), question.name
            gaps.append(np.abs(np.subtract(one, other, dtype=float)).max())
    assert min(gaps) > 0.03  # four units of the last digit, of which rounding the two takes one


def test_the_right_answer_is_the_references_own(of_numbers):
    for question in of_numbers:
        exercise = exercise_named(question.exercise)
        seen = [exercise.observe(exercise.reference, case) for case in question.drawn.calls]
        assert question.choices[question.right].text == say_all(question.drawn.pick(*seen)), question.name


def test_every_wrong_choice_was_produced_by_running_a_known_mistake(bank):
    everything = sum(len(question.wrong) for question in bank)
    produced = sum(question.produced for question in bank)
    print(f"\n{produced} / {everything} wrong choices of {len(bank)} questions were produced by runs")
    assert produced == everything
    for question in bank:
        mistakes = (*exercise_named(question.exercise).mistakes, *BY_NAME[question.name].also)
        known = {id(wrong): sentence for sentence, wrong in mistakes}
        for choice in question.wrong:
            said = choice.text if BY_NAME[question.name].of_mistake else choice.feedback
            assert known[id(choice.ran)] in said, question.name


def test_a_choice_that_no_run_made_would_be_counted():
    question = ask(BY_NAME["05_first_step"], seed=0)
    first, *others = question.wrong
    invented = replace(first, gives="99")
    right = question.choices[question.right]
    assert question.produced == 3
    assert replace(question, choices=(right, invented, *others)).produced == 2


def test_only_one_of_the_sentences_names_the_mistake_that_was_made(of_mistakes):
    for question in of_mistakes:
        runs = Runs(exercise_named(question.exercise), question.drawn)
        shown = question.choices[question.right].gives
        assert f"gives {shown} for" in question.text
        again = [runs.of(choice.ran) for choice in question.choices]
        assert [say_all(value) for value in again].count(shown) == 1, question.name


def test_the_lecturers_page_counts_the_bank():
    said = " ".join((ROOT / "docs/quiz.md").read_text(encoding="utf-8").split())
    assert f"The bank holds {len(TEMPLATES)} questions" in said
    assert f"one right answer, and {questions.WRONG} wrong choices" in said
    assert "twelve questions from twelve lessons" in said
    assert len(INVENTORY) == len({name[:2] for name in INVENTORY}) == 12


def test_two_sentences_of_the_same_words_are_never_choices_of_one_question():
    """Which of two variances divides by n - 1: nobody should have to read a choice three times."""
    for seed in range(40):
        said = [choice.text for choice in ask(BY_NAME["06_explained_mistake"], seed=seed).choices]
        assert sum("divides by n - 1, that of" in sentence for sentence in said) <= 1, seed


def test_the_worked_way_ends_with_the_answer(bank):
    for question in bank:
        exercise = exercise_named(question.exercise)
        right = say_all(Runs(exercise, question.drawn).of(exercise.reference))
        line = question.worked[-2 if BY_NAME[question.name].of_mistake else -1]
        assert re.search(rf"(^|[ =]){re.escape(right)}$", line), (question.name, question.seed, line, right)


EQUATION = re.compile(r"((?:−?[√(]|−?\d)[\d.,()√²·+/ −]*?) [=≈] (−?[\d.,]*\d)(?![\d²])")


def value(arithmetic):
    """What an expression of a key comes to."""
    plain_signs = arithmetic.replace("−", "-").replace("·", "*").replace("²", "**2").replace(",", "")
    return eval(plain_signs.replace("√", "math.sqrt"), {"math": math})


def test_every_equation_of_a_key_is_true(of_numbers):
    lines = [line for question in of_numbers for line in question.worked]
    equations = [pair for line in lines for pair in EQUATION.findall(line)]
    assert len(equations) > 1_000
    assert [pair for pair in equations if abs(value(pair[0]) - value(pair[1])) > 0.00501] == []
    assert value("−(1 + (−2.7)) / 2") == pytest.approx(0.85)
    assert EQUATION.findall("So √(1,000 / 10) = 10 is the root") == [("√(1,000 / 10)", "10")]


def test_the_same_seed_asks_the_same_and_another_seed_has_other_numbers():
    for template in TEMPLATES[::5]:
        one, same = ask(template, seed=3), ask(template, seed=3)
        assert (one.text, one.rows, one.choices) == (same.text, same.rows, same.choices)
        assert len({(q.text, q.rows) for q in (ask(template, seed=seed) for seed in range(5))}) >= 2


def test_numbers_for_which_mistakes_cannot_be_told_apart_are_drawn_again():
    def draw(rng):
        first = float(rng.integers(0, 3))
        rewards = np.array([first, 0.0, 0.0])  # of three zeros nearly every mistake makes a 0
        calls = (Case("", (rewards,)),)
        return Drawn(setting="Three steps.", asked="the score", calls=calls, worked=(f"{say(first)}",))

    template = Template(name="00_dull", exercise="episode_score", draw=draw)
    drawn = [ask(template, seed=seed).drawn.calls[0].args[0][0] for seed in range(20)]
    assert min(drawn) > 0


def test_a_template_that_no_mistake_can_be_seen_in_is_an_error_of_ours():
    def draw(rng):
        calls = (Case("", (np.array([0.0]),)),)
        return Drawn(setting="One step.", asked="the score", calls=calls, worked=("0",))

    with pytest.raises(RuntimeError, match=r"^00_empty, seed 0: fewer than 2 mistakes can be told apart$"):
        ask(Template(name="00_empty", exercise="episode_score", draw=draw), seed=0)


# No answer gives itself away


def chi_square(counts):
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


def test_the_right_answers_are_spread_over_the_letters(bank):
    places = Counter(question.right for question in bank)
    print(f"\nright answers at A, B, C, D: {[places[place] for place in range(4)]}")
    assert chi_square([places[place] for place in range(4)]) < 16.3  # 1 in 1,000 by chance, 3 degrees
    assert chi_square([400, 200, 200, 200]) > 16.3


@pytest.mark.parametrize(
    ("answer", "others", "alone"),
    [
        ("1", ["2.24", "1.12", "0.33"], True),
        ("1", ["2.24", "1.12", "3"], False),
        ("0.33", ["2", "1", "4"], True),
        ("−1", ["1", "2", "3"], True),
        ("−1", ["1", "−2", "3"], False),
        ("(0, 2)", ["(1, 2)", "(2, 2)", "(0, 0)"], False),
    ],
)
def test_an_answer_stands_out_by_its_sign_or_its_decimals(answer, others, alone):
    assert stands_out(answer, others) == alone


def test_nobody_finds_the_answer_by_its_looks(of_numbers, of_mistakes):
    assert not [(q.name, q.seed) for q in of_numbers if q.gives_itself_away]
    looks = {
        "shortest": lambda texts: texts.index(min(texts, key=len)),
        "longest": lambda texts: texts.index(max(texts, key=len)),
    }
    for kind in (of_numbers, of_mistakes):
        for name, look in looks.items():
            found = np.mean([look([c.text for c in q.choices]) == q.right for q in kind])
            print(f"\npicking the {name}: {100 * found:.0f} %")
            assert found < 0.45


# GIFT


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def parsed(text):
    """A small reader of GIFT: name, question, and (sign, answer, feedback) of each choice."""
    for block in text.strip().split("\n\n"):
        if block.startswith("$CATEGORY:"):
            continue
        name, body, choices = re.fullmatch(
            r"::((?:\\.|[^\\:])*)::\[html\]((?:\\.|[^\\{}])*)\{\n((?:\\.|[^\\{}])*)\}", block, re.S
        ).groups()
        found = re.findall(r"([=~])((?:\\.|[^\\=~#])*)#((?:\\.|[^\\=~#])*)\n", choices)
        assert "".join(f"{sign}{answer}#{said}\n" for sign, answer, said in found) == choices
        yield unescaped(name), unescaped(body), [(s, unescaped(a), unescaped(f)) for s, a, f in found]


def plain(text):
    return html.unescape(re.sub(r"<code>(.*?)</code>", r"`\1`", text))


def test_gift_is_read_back_as_it_was(bank):
    drawn = bank[:: quiz_table.SEEDS]
    back = list(parsed(gift.gift("Advantage", drawn)))
    assert len(back) == len(TEMPLATES)
    for question, (name, body, choices) in zip(drawn, back, strict=True):
        assert name == f"{question.name} {question.seed}"
        assert plain(re.match(r"<p>(.*?)</p>", body)[1]) == question.text
        assert [tuple(map(plain, choice)) for choice in choices] == [
            ("=" if choice.right else "~", choice.text, choice.feedback) for choice in question.choices
        ]


def test_whatever_means_something_in_gift_is_escaped():
    question = ask(BY_NAME["00_score"], seed=0)
    nasty = "a ~ b = c # d { e } f : g \\ h\nnext -> < & `x`"
    changed = replace(
        question, text=nasty, choices=tuple(replace(c, feedback=nasty) for c in question.choices)
    )
    ((_, body, choices),) = parsed(gift.gift("Advantage", [changed]))
    assert plain(re.match(r"<p>(.*?)</p>", body, re.S)[1]) == nasty
    assert {plain(said) for _, _, said in choices} == {nasty}
    assert gift.escaped("{1}: a=b") == r"\{1\}\: a\=b"


# QTI 2.1

Q = f"{{{qti.QTI}}}"
P = f"{{{qti.PACKAGE}}}"
ORDER = [
    "responseDeclaration",
    "outcomeDeclaration",
    "outcomeDeclaration",
    "itemBody",
    "responseProcessing",
]
IDENTIFIER = re.compile(r"[A-Za-z_][\w.-]*")


@pytest.fixture(scope="module")
def packed(bank):
    drawn = bank[:: quiz_table.SEEDS]
    archive = zipfile.ZipFile(io.BytesIO(qti.package("all", "All questions", drawn)))
    return drawn, {name: ET.fromstring(archive.read(name)) for name in archive.namelist()}


def test_the_manifest_lists_every_file_once_and_the_test_refers_to_every_item(packed):
    drawn, trees = packed
    manifest = trees["imsmanifest.xml"]
    assert manifest.tag == f"{P}manifest"
    assert [child.tag for child in manifest] == [f"{P}metadata", f"{P}organizations", f"{P}resources"]
    assert manifest.find(f"{P}metadata/{P}schema").text == "QTIv2.1 Package"

    resources = manifest.findall(f"{P}resources/{P}resource")
    listed = [file.get("href") for resource in resources for file in resource.findall(f"{P}file")]
    assert sorted([*listed, "imsmanifest.xml"]) == sorted(trees)
    assert [resource.get("href") for resource in resources] == listed
    kinds = Counter(resource.get("type") for resource in resources)
    assert kinds == {"imsqti_test_xmlv2p1": 1, "imsqti_item_xmlv2p1": len(drawn)}
    identifiers = [resource.get("identifier") for resource in resources]
    assert len(set(identifiers)) == len(identifiers)

    references = trees["assessment.xml"].findall(f".//{Q}assessmentItemRef")
    dependencies = [each.get("identifierref") for each in manifest.iter(f"{P}dependency")]
    assert [each.get("identifier") for each in references] == dependencies == identifiers[1:]
    for reference in references:
        assert trees[reference.get("href")].get("identifier") == reference.get("identifier")


def test_every_item_keeps_the_rules_of_qti(packed):
    _, trees = packed
    items = [tree for tree in trees.values() if tree.tag == f"{Q}assessmentItem"]
    for item in items:
        assert set(item.keys()) >= {"identifier", "title", "adaptive", "timeDependent"}
        children = [child.tag.removeprefix(Q) for child in item]
        assert children[:5] == ORDER
        assert set(children[5:]) == {"modalFeedback"}
        assert all(tag.startswith(Q) for tag in (element.tag for element in item.iter()))

        choices = [choice.get("identifier") for choice in item.iter(f"{Q}simpleChoice")]
        assert len(set(choices)) == len(choices) == 4
        assert all(IDENTIFIER.fullmatch(name) for name in (*choices, item.get("identifier")))
        assert item.findtext(f"{Q}responseDeclaration/{Q}correctResponse/{Q}value") in choices
        assert [each.get("identifier") for each in item.iter(f"{Q}modalFeedback")] == choices
        (interaction,) = item.iter(f"{Q}choiceInteraction")
        assert interaction.get("responseIdentifier") == "RESPONSE"
        assert {child.tag for child in item.find(f"{Q}itemBody")} <= {
            f"{Q}p",
            f"{Q}table",
            f"{Q}choiceInteraction",
        }


def test_an_item_says_what_the_question_says(packed):
    drawn, trees = packed
    for question in drawn:
        item = trees[f"item_{question.name}_{question.seed}.xml"]
        texts = ["".join(choice.itertext()).strip() for choice in item.iter(f"{Q}simpleChoice")]
        assert texts == [choice.text.replace("`", "") for choice in question.choices]
        said = [" ".join("".join(each.itertext()).split()) for each in item.iter(f"{Q}modalFeedback")]
        assert said == [choice.feedback.replace("`", "") for choice in question.choices]
        right = "ABCD".index(item.findtext(f".//{Q}correctResponse/{Q}value"))
        assert right == question.right
        cells = tuple(tuple(cell.text for cell in row) for row in item.find(f"{Q}itemBody").iter(f"{Q}tr"))
        assert cells == question.rows


# Pages


def test_a_paper_holds_no_answer_and_its_key_holds_all(bank):
    drawn = bank[:: quiz_table.SEEDS]
    asked = page.paper("Paper", "about", drawn, rules="Time: 30 minutes.")
    keyed = page.key("Key", "about", drawn)
    for question in drawn:
        alone = page.paper("Paper", "about", [question])
        assert page.words(question.text) in asked
        for line in question.worked:
            assert page.words(line) in keyed
            assert page.words(line) not in alone
        for choice in question.choices:
            assert page.words(choice.feedback) not in alone
            assert choice.right or page.words(choice.feedback) in keyed
    answers = re.findall(r"<h2>Question (\d+): ([A-D])</h2>", keyed)
    assert answers == [(str(n), "ABCD"[q.right]) for n, q in enumerate(drawn, start=1)]
    assert asked.count("(1 point)") == len(drawn)
    assert "<span>Name</span>" in asked
    assert "Time: 30 minutes." in asked


def test_pages_need_no_network_and_escape_what_they_say():
    question = replace(ask(BY_NAME["00_score"], seed=0), text="if a < b & `c`")
    for made in (page.paper("A < B", "x", [question]), page.key("A < B", "x", [question])):
        assert not re.search(r"https?://|<script|<link|<img", made)
        assert "if a &lt; b &amp; <code>c</code>" in made


def test_no_question_is_cut_by_the_end_of_a_page(browser, tmp_path, bank):
    """A question is kept together, so what matters is that the longest is shorter than an A4 page."""
    drawn = bank[:: quiz_table.SEEDS]
    width, height = (210 - 32) / 25.4 * 96, (297 - 36) / 25.4 * 96
    sheet = browser.new_page(viewport={"width": round(width), "height": 900})
    sheet.emulate_media(media="print")
    for made in (page.paper("Paper", "about", drawn), page.key("Key", "about", drawn)):
        sheet.set_content(made)
        heights, kept, wide = sheet.evaluate(
            """() => { const all = [...document.querySelectorAll("section")]; return [
                all.map(each => each.getBoundingClientRect().height),
                all.every(each => getComputedStyle(each).breakInside === "avoid"),
                document.documentElement.scrollWidth] }"""
        )
        assert len(heights) == len(drawn)
        assert max(heights) < height
        assert kept
        assert wide <= round(width)
    sheet.close()


def test_pages_fit_a_phone_and_axe_finds_nothing(browser, bank):
    from axe_playwright_python.sync_playwright import Axe

    drawn = bank[:: quiz_table.SEEDS]
    phone = browser.new_page(viewport={"width": 360, "height": 700})
    asked = page.paper("Paper", "about", drawn, rules="Time: 30 minutes.")
    for made in (asked, page.key("Key", "about", drawn)):
        phone.set_content(made)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360
        assert [found["id"] for found in Axe().run(phone).response["violations"]] == []
    phone.close()


# Files and commands


def everything(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_quiz_is_four_files_a_lesson(tmp_path, capsys):
    assert cli.main(["quiz", "05", "08", "--out", str(tmp_path / "new" / "quiz")]) == 0
    made = everything(tmp_path / "new" / "quiz")
    ends = (".html", "_key.html", ".gift.txt", "_qti21.zip")
    assert set(made) == {f"{name}{end}" for name in ("05_spreading_rewards", "08_gae") for end in ends}
    assert b"<h1>8. How far to look?</h1>" in made["08_gae.html"]
    assert "8 files" in capsys.readouterr().out


def test_an_exam_is_the_same_byte_for_byte_and_its_variants_ask_the_same_of_other_numbers(tmp_path):
    for folder in ("one", "two"):
        call = ["exam", "--seed", "7", "--variants", "3", "--questions", "6", "--out", str(tmp_path / folder)]
        assert cli.main(call) == 0
    made = everything(tmp_path / "one")
    assert made == everything(tmp_path / "two")
    assert set(made) == {f"exam_{n}{end}" for n in (1, 2, 3) for end in (".html", "_key.html")}

    papers = [made[f"exam_{n}.html"].decode() for n in (1, 2, 3)]
    sections = [re.findall(r"<section>.*?</section>", paper, re.S) for paper in papers]
    assert [len(each) for each in sections] == [6, 6, 6]
    for same in zip(*sections, strict=True):
        assert len(set(same)) == 3
        assert len({re.sub(r"[\d.,−]+", "", text.split("<ol")[0])[:60] for text in same}) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Time: 45 minutes. A calculator is allowed."),
        (["--questions", "8"], "Time: 30 minutes. A calculator is allowed."),
        (["--questions", "1", "--no-calculator"], "Time: 5 minutes. A calculator is not allowed."),
        (["--minutes", "75"], "Time: 75 minutes. A calculator is allowed."),
    ],
)
def test_a_paper_says_what_its_student_needs_and_not_the_seed_from_which_the_key_is_made(
    options, said, tmp_path
):
    seed = 987_654_321
    assert cli.main(["exam", "--seed", str(seed), *options, "--out", str(tmp_path)]) == 0
    made = everything(tmp_path)
    paper = made["exam_1.html"].decode()
    for line in ("<span>Name</span>", "<span>Student number</span>", said, "ring round one letter"):
        assert line in paper
    assert str(seed) not in paper
    assert not any(str(seed) in name for name in made)
    assert f"Seed {seed}, paper 1 of 1." in made["exam_1_key.html"].decode()


def test_an_exam_takes_its_questions_from_as_many_lessons_as_it_can():
    lessons = list(LESSONS.values())
    chosen = files.choose(lessons, seed=1, questions=12)
    assert len({template.lesson for template in chosen}) == 12
    assert chosen == sorted(chosen, key=TEMPLATES.index)
    assert chosen != files.choose(lessons, seed=2, questions=12)
    every = files.choose(lessons, seed=1, questions=len(TEMPLATES))
    assert every == list(TEMPLATES)
    of_two = files.choose([LESSONS["05"], LESSONS["08"]], seed=1, questions=5)
    assert {template.lesson for template in of_two} == {"05", "08"}


def test_the_inventory_is_twelve_questions_of_twelve_lessons_and_never_changes(tmp_path):
    assert len({name[:2] for name in INVENTORY}) == len(INVENTORY) == 12
    assert set(INVENTORY) <= set(BY_NAME)
    assert cli.main(["quiz", "--inventory", "--out", str(tmp_path)]) == 0
    made = everything(tmp_path)
    files.write_inventory(tmp_path)
    assert everything(tmp_path) == made
    assert len(re.findall(r"<section>", made["inventory.html"].decode())) == 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["quiz", "77"], "lesson '77' is not known; there are: 00_welcome, "),
        (["quiz", "08", "--seed", "-1"], "seed must be a whole number of at least 0, got -1"),
        (["quiz", "08", "--inventory"], "--inventory is always the same: give it neither lessons nor a seed"),
        (["exam", "--seed", "-2"], "seed must be a whole number of at least 0, got -2"),
        (
            ["exam", "--seed", "1", "--questions", "0"],
            "questions must be a whole number of at least 1, got 0",
        ),
        (["exam", "--seed", "1", "--variants", "0"], "variants must be a whole number of at least 1, got 0"),
        (["exam", "--seed", "1", "--minutes", "0"], "minutes must be a whole number of at least 1, got 0"),
        (["exam", "--seed", "1", "--lessons", "xx"], "lesson 'xx' is not known; there are: 00_welcome, "),
        (
            ["exam", "--seed", "1", "--lessons", "05", "--questions", "99"],
            "questions must be at most 4 for these lessons, got 99",
        ),
    ],
)
def test_a_call_that_cannot_be_carried_out_is_refused_and_writes_nothing(arguments, said, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main([*arguments, "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith(f"course {arguments[0]}: {said}")
    assert not out.exists()


def test_a_seed_that_is_not_whole_is_refused(tmp_path):
    with pytest.raises(Refusal, match=r"^seed must be a whole number of at least 0, got 1\.5$"):
        files.write_quizzes([LESSONS["05"]], tmp_path, seed=1.5)
    with pytest.raises(SystemExit) as done:
        cli.main(["exam", "--seed", "1.5", "--out", str(tmp_path)])
    assert done.value.code == 2


def test_a_file_where_the_folder_should_be_is_named(tmp_path, capsys):
    (tmp_path / "out").write_text("mine")
    assert cli.main(["quiz", "05", "--out", str(tmp_path / "out")]) == 2
    assert str(tmp_path / "out") in capsys.readouterr().err
    assert (tmp_path / "out").read_text() == "mine"


def test_old_files_are_replaced_only_when_all_new_ones_are_made(tmp_path, monkeypatch):
    old = tmp_path / "05_spreading_rewards.html"
    old.write_text("old")

    def broken(*_):
        raise RuntimeError("no package")

    with monkeypatch.context() as patch:
        patch.setattr(qti, "package", broken)
        with pytest.raises(RuntimeError, match=r"^no package$"):
            files.write_quizzes([LESSONS["05"]], tmp_path)
    assert everything(tmp_path) == {old.name: b"old"}
    files.write_quizzes([LESSONS["05"]], tmp_path)
    assert old.read_bytes() != b"old"


# Learners


def test_no_key_comes_with_the_course():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no repository here")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    made = [name for name in listed.splitlines() if re.search(r"_key\.html$|\.gift\.txt$|_qti21\.zip$", name)]
    assert made == []


def test_learners_notebooks_do_not_know_the_quiz():
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert len(notebooks) == len(LESSONS)
    for notebook in notebooks:
        text = notebook.read_text(encoding="utf-8")
        assert "classroom.quiz" not in text, notebook.name
        assert "Which sentence of the check names the mistake?" not in text, notebook.name


# The document


def test_the_lecturers_page_lists_every_question_with_its_exercise_and_its_mistakes(bank):
    assert tables_in_docs.between("quiz.md", "questions") == quiz_table.table(bank)


def test_the_lecturers_page_says_how_many_questions_there_are(bank):
    text = Path(ROOT / "docs" / "quiz.md").read_text(encoding="utf-8")
    assert f"{len(TEMPLATES)} questions" in text
    assert f"{questions.WRONG} wrong choices" in text

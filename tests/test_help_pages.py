"""For whoever begins, and whoever is stuck: the self-test is run, and quoted messages are really ours."""

import ast
import doctest
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SELF_TEST = (DOCS / "before_you_start.md").read_text(encoding="utf-8")
TROUBLE = (DOCS / "trouble.md").read_text(encoding="utf-8")
HOLE = "…"


def quoted():
    """The messages of ours that the page about trouble quotes: its boxes of text, a line each."""
    boxes = re.findall(r"^```text\n(.*?)^```$", TROUBLE, re.M | re.S)
    return [line for box in boxes for line in box.splitlines()]


@functools.cache
def said():
    """Every text that the course may print."""
    return "\n".join(templates())


def templates():
    """The same one by one, with a hole where something is filled in."""
    for path in (ROOT / "course").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else HOLE for part in node.values]
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    for name in ("setup", "update"):
        script = (ROOT / f"{name}.sh").read_text(encoding="utf-8")
        for line in script.replace('fail "', f'"{name}: ').splitlines():
            yield re.sub(r"\$\(.*?\)|\$\w+|\$\*", HOLE, line)


def invented(messages):
    """Those that nothing in the course says."""
    return [message for message in messages if message not in said()]


def test_every_message_that_the_page_quotes_is_one_that_the_course_prints():
    assert invented(quoted()) == []
    assert len(quoted()) > 20


def test_an_invented_message_would_be_found():
    wrong = ["setup: no Python 3.9 found", "update: this is the oldest version; nothing was changed"]
    assert invented(wrong) == wrong


def test_the_answers_of_the_self_test_come_out():
    result = doctest.testfile(str(DOCS / "before_you_start.md"), module_relative=False, verbose=False)
    assert result.failed == 0
    questions = re.split(r"^\*\*\d\. ", SELF_TEST, flags=re.M)[1:]
    assert len(questions) == 8
    for question in questions:
        assert question.count("<details>") == question.count("</details>") == 1, question
        assert "\nIf not: " in question, question
        assert ">>>" in question, question


@pytest.mark.parametrize("page", ["before_you_start.md", "trouble.md", "hub.md"])
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        path = (DOCS / file).resolve() if file else DOCS / page
        assert path.exists(), target
        if anchor:
            assert anchor in set(anchors(path.read_text(encoding="utf-8"))), target


def anchors(text):
    """What GitHub and the website call the headings of a page."""
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")

"""What a screen reader needs of every text: headings in order; links, tables and pictures with names."""

import json
import re
from html.parser import HTMLParser

import pytest

from course.authoring.stamps import ROOT
from tests.lessons.rules import Images

DOCUMENTS = {path.name: path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]}
LESSONS = {path.stem: path for path in sorted((ROOT / "solutions").glob("[0-9][0-9]_*.ipynb"))}
VAGUE = {"here", "this", "link", "this page", "more", "read more", "click here", "there", "page", "see"}


def text_of(path):
    """All the Markdown, without blocks of code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def out_of_order(text):
    """Headings that skip a level, and all titles but one."""
    found = [(len(level), words) for level, words in re.findall(r"^(#+) (.+)$", text, re.M)]
    titles = [words for level, words in found if level == 1]
    wrong = [] if len(titles) == 1 else [f"{len(titles)} titles: {titles}"]
    above = 0
    for level, words in found:
        if level > above + 1:
            wrong.append(f"{words!r} has level {level} below level {above}")
        above = level
    return wrong


def vague(text):
    """Links whose words say nothing without the sentence around them, and two places under one name."""
    wrong = []
    for words, target in re.findall(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", text):
        plain = re.sub(r"[`*_]", "", words).strip().lower()
        if plain in VAGUE or len(plain) < 2 or plain.startswith(("http://", "https://")):
            wrong.append(f"[{words}]({target})")
    return wrong


def headless(text):
    """First rows of tables that leave a column without a name; a corner may be empty."""
    return [
        row
        for row in re.findall(r"^(\|.*\|) *\n\|[ :|-]+\| *$", text, re.M)
        if not all(field.strip() for field in row.strip()[1:-1].split("|")[1:])
    ]


class Outputs(HTMLParser):
    """Counts tables, those with a head, and drawings without a name."""

    def __init__(self):
        super().__init__()
        self.tables, self.heads, self.nameless = 0, 0, 0

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "table" and given.get("role") != "presentation":
            self.tables += 1
        self.heads += tag == "th"
        self.nameless += tag in ("svg", "canvas") and not given.keys() & {"aria-label", "aria-hidden"}


@pytest.mark.parametrize("path", [*DOCUMENTS.values(), *LESSONS.values()], ids=lambda path: path.stem)
def test_a_text_can_be_found_through_by_its_headings_links_and_tables(path):
    text = text_of(path)
    assert out_of_order(text) == []
    assert vague(text) == []
    assert headless(text) == []
    assert all(len(alt.strip()) > 10 for alt in re.findall(r"!\[([^\]]*)\]\(", text))


@pytest.mark.parametrize("path", LESSONS.values(), ids=LESSONS)
def test_a_picture_says_numbers_and_a_table_has_a_head(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            html = "".join(output.get("data", {}).get("text/html", ""))
            images, outputs = Images(), Outputs()
            images.feed(html)
            outputs.feed(html)
            for alt in images.alts:
                assert len(alt or "") >= 20, cell["id"]
                assert re.search(r"\d|[Oo]ne |side by side", alt), alt
            assert outputs.nameless == 0, cell["id"]
            assert outputs.heads or not outputs.tables or 'role="status"' in html, cell["id"]


def test_these_tests_see_what_they_look_for():
    assert out_of_order("# A\n\n### B\n\n# C") == ["2 titles: ['A', 'C']", "'B' has level 3 below level 1"]
    assert vague("[here](a.md), [`gae`](b.md), [https://c.org](https://c.org)") == [
        "[here](a.md)",
        "[https://c.org](https://c.org)",
    ]
    assert headless("| a | |\n| --- | --- |\n| 1 | 2 |") == ["| a | |"]

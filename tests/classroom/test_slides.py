"""The decks: everything in the notes, no solution, and every slide fits, in a real browser."""

import itertools
import json
import os
import re
import shutil
import urllib.parse
from html.parser import HTMLParser

import pytest

from course.__main__ import main
from course.arrays import Refusal
from course.authoring.stamps import ROOT, sources
from course.classroom import saved, slides
from course.classroom.predictions import PREDICTIONS
from course.classroom.slides import assets, making, outputs, prose, reading, units

LESSONS = [source.stem for source in sources()]
BY_KEYS = LESSONS[3:4] if os.environ.get("COURSE_QUICK") else LESSONS  # walked by keys of the keyboard


class Deck(HTMLParser):
    """The slides of a deck: of each its kind, its text, its notes and the alt texts of its pictures."""

    def __init__(self, page):
        super().__init__()
        self.slides = []
        self.place = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "div" and attrs.get("class", "").startswith("page "):
            self.slides.append({"kind": attrs["class"].split()[1], "shown": "", "notes": "", "alt": []})
            self.place = "shown"
        if tag == "aside":
            self.place = "notes"
        if tag == "img":
            self.slides[-1]["alt"].append(attrs["alt"])
        if tag in ("p", "li", "td", "h2", "figure", "br"):
            self.handle_data(" ")

    def handle_endtag(self, tag):
        if tag == "main":
            self.place = None

    def handle_data(self, data):
        if self.place:
            self.slides[-1][self.place] += data


def built(name):
    return saved.read(ROOT / "solutions" / f"{name}.ipynb")


def squeezed(text):
    return re.sub(r"\s+", " ", text).strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All decks, made from the built notebooks whether or not they are older than their sources."""
    out = tmp_path_factory.mktemp("decks")
    for source in sources():
        page = slides.deck(built(source.stem), slides.following(source))
        (out / f"{source.stem}.html").write_text(page, encoding="utf-8")
    assets.copy(out / "assets")
    return out


@pytest.fixture(scope="module")
def decks(folder):
    return {name: Deck((folder / f"{name}.html").read_text(encoding="utf-8")).slides for name in LESSONS}


def test_a_deck_begins_with_its_title_and_ends_with_the_way_to_the_next_one(decks, folder):
    for name, following in zip(LESSONS, [*LESSONS[1:], None], strict=True):
        kinds = [slide["kind"] for slide in decks[name]]
        assert kinds[0] == "title"
        assert kinds[-1] == "next"
        assert kinds.count("title") == kinds.count("remember") == 1
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert page.count("<h1") == 1
        assert f"{int(name[:2])}. " in re.search("<title>(.*)</title>", page)[1]
        assert following is None or f'href="{following}.html"' in page


def test_every_prediction_of_the_main_path_is_a_poll_with_four_answers_before_its_picture(decks):
    for name in LESSONS:
        asked = [each for each in PREDICTIONS if each.lesson == name[:2]]
        polls = [place for place, slide in enumerate(decks[name]) if slide["kind"] == "poll"]
        main = sum(
            part.poll for part in reading.take_apart(built(name)).main if isinstance(part, reading.Text)
        )
        assert len(polls) == main > 0
        for place, record in zip(polls, asked, strict=False):
            shown = squeezed(decks[name][place]["shown"])
            letters = [
                f"{letter} {prose.plain(option)}"
                for letter, option in zip("ABCD", record.options, strict=True)
            ]
            assert all(squeezed(each) in shown for each in letters)
            assert prose.plain(record.question)[:40] in shown
            after = [slide["kind"] for slide in decks[name][place + 1 : place + 4]]
            assert "picture" in after


def test_no_solution_is_in_a_deck(decks):
    counted = 0
    for name in LESSONS:
        everything = squeezed(" ".join(slide["shown"] + " " + slide["notes"] for slide in decks[name]))
        for cell in built(name).cells:
            solution = re.search(r"### BEGIN SOLUTION\n(.*)### END SOLUTION", cell.source, re.DOTALL)
            if solution:
                counted += 1
                assert squeezed(solution[1]) not in everything
                assert "BEGIN SOLUTION" not in everything
    assert counted >= 30


def test_hints_and_answers_stay_off_the_slides(decks):
    for name in LESSONS:
        shown = " ".join(slide["shown"] for slide in decks[name])
        assert "Hint 1" not in shown
        lesson = reading.take_apart(built(name))
        notes = squeezed(" ".join(slide["notes"] for slide in decks[name]))
        for _, answer in lesson.questions:
            assert squeezed(prose.plain(answer))[:60] not in squeezed(shown)
            assert squeezed(prose.plain(answer))[:60] in notes


def test_all_that_the_main_path_says_is_in_the_notes(decks):
    for name in LESSONS:
        notes = squeezed(" ".join(slide["notes"] for slide in decks[name]))
        for part in reading.take_apart(built(name)).main:
            if isinstance(part, reading.Text):
                for block in part.blocks:
                    if block.kind == "text":
                        said = squeezed(
                            Deck(f'<div class="page x">{prose.whole(block.source)}').slides[0]["shown"]
                        )
                        assert said.removeprefix("Predict first. ") in notes, name


def test_every_picture_keeps_its_words(decks):
    for name in LESSONS:
        lesson = reading.take_apart(built(name))
        drawn = sum(len(part.pictures) for part in lesson.main if isinstance(part, reading.Code))
        alts = [alt for slide in decks[name] for alt in slide["alt"]]
        assert len(alts) == drawn > 0
        assert all(len(alt) > 20 for alt in alts)


def test_slide_types_of_authors_are_honoured():
    def cell(kind, source, slide, outputs=()):
        return saved.Cell(
            kind=kind,
            source=source,
            id="",
            metadata={"slideshow": {"slide_type": slide}},
            outputs=list(outputs),
        )

    printed = {"output_type": "stream", "name": "stdout", "text": "seven\n"}
    lesson = saved.Saved(
        path=ROOT / "solutions" / "99_none.ipynb",
        source_hash=None,
        cells=(
            cell(
                "markdown", "# 99. Why?\n\n*About 1 minute. You need nothing.*\n\nAbout something.", "slide"
            ),
            cell("markdown", "## Here\n\nOne sentence that is shown on a slide.", "slide"),
            cell("markdown", "An aside for the speaker alone.", "notes"),
            cell("markdown", "Nobody hears of this.", "skip"),
            cell("code", "print(7)", "skip", [printed]),
            cell("code", "print('seven')", "-", [printed]),
        ),
    )
    made = Deck(slides.deck(lesson)).slides
    assert [slide["kind"] for slide in made] == ["title", "text", "text", "next"]
    assert "An aside" in made[2]["notes"]
    assert "print('seven')" in made[2]["notes"]
    assert "An aside" not in "".join(slide["shown"] for slide in made)
    assert "Nobody hears" not in str(made)
    assert "print(7)" not in str(made)


def test_sentences_are_told_apart_where_they_end():
    said = "Ms. Pac-Man eats (Li et al. 2018. Twice). **It is full.** So `a. B` is *one. Two*? $x. Y$ too."
    assert prose.sentences(said) == [
        "Ms. Pac-Man eats (Li et al. 2018. Twice).",
        "**It is full.**",
        "So `a. B` is *one. Two*?",
        "$x. Y$ too.",
    ]


def test_a_slide_shows_the_lead_and_what_is_bold_within_its_words():
    paragraph = (
        "The lead says what is at stake here, and how. " + "Filler goes on and on for ten words, or so. " * 6
    )
    shown = prose.leads(paragraph + "And **this** is the point.")
    assert shown[0].startswith("The lead")
    assert shown[-1] == "And **this** is the point."
    assert prose.words(" ".join(shown)) <= prose.WORDS
    leaning = "So a baseline of the state alone meets a zero. **It cannot turn the gradient**."
    shown = prose.leads("The lead says what is at stake. Filler goes on and on here. " + leaning, most=16)
    assert shown[-2].startswith("So a baseline")
    asked = prose.leads("Why? Because of the noise in it. Then more.", most=5)
    assert asked == ["Why?", "Because of the noise in it."]
    assert prose.leads("Move the slider. The peaks melt into one hill at two hundred.", most=5) == [
        "The peaks melt into one hill at two hundred."
    ]


def test_an_exercise_says_what_its_arguments_are_and_what_it_asks_for(decks):
    slides_of = [slide for slide in decks["06_value_prediction"] if slide["kind"] == "exercise"]
    shown = next(slide["shown"] for slide in slides_of if "Return the advantages" in slide["shown"])
    assert "probabilities holds" in squeezed(shown)


def test_an_exercise_whose_first_sentences_lead_to_a_list_says_what_to_do(decks):
    """A slide has no room for the list, and a sentence that breaks off before it says nothing."""
    shown = next(slide["shown"] for slide in decks["10_actor_critic"] if "10.3" in slide["shown"])
    assert "Before the optimizer's step" in squeezed(shown)
    assert "You get" not in shown
    shown = next(slide["shown"] for slide in decks["07_td_errors"] if "7.1" in slide["shown"])
    assert "promises next_values for the rest. That rest comes" in re.sub(r"\s+", " ", shown)


def test_what_is_left_of_a_paragraph_says_again_what_its_it_means():
    def shown(*said, told):
        (unit,) = units.units(prose.blocks(" ".join(said)), told=told)
        return prose.html.unescape(re.sub("<.*?>", "", unit.html.replace("</p><p>", " ")))

    lead, leans = "The batch says: plainer.", "It saw bold tokens lose their steady points, and no jackpot."
    assert shown(lead, leans, told=[lead]) == f"{lead} {leans}"
    stands = "So bold tokens have lost their steady points, and won no jackpot."
    assert shown(lead, stands, told=[lead]) == stands
    lost = "It says: plainer."  # said again, that would be one more "it" without a meaning
    assert shown(lost, leans, told=[lost]) == leans


def test_a_few_words_before_a_poll_are_spoken_and_an_aside_is_no_caption(decks):
    for name in LESSONS:
        for before, slide in zip(decks[name], decks[name][1:], strict=False):
            if slide["kind"] == "poll" and before["kind"] == "text":
                assert "Turn the dial, over" not in before["shown"]
            assert slide["kind"] != "picture" or " (You may" not in slide["shown"]
    poll = next(slide for slide in decks["08_gae"] if "which step gets the most credit" in slide["shown"])
    assert "Turn the dial" in poll["notes"]
    assert prose.opening(["(You may stop.)", "It takes some seconds.", "(An aside.)"]) == [1, 2]


def test_a_printed_line_that_has_to_be_broken_is_written_larger():
    def size(length, count):
        lines = "\n".join(["x" * length] * count)
        code = reading.Code(
            source="print()\n" * 20, pictures=[], printed=lines, slide="", set_up=False, name=None
        )
        return outputs.code_body(code, "", "", making.ROOM)[1]

    assert size(100, 6) == 18
    assert size(120, 6) == 24
    assert size(120, 11) == 18


def test_a_section_begins_with_words_where_there_are_any(decks):
    slide = next(slide for slide in decks["08_gae"] if "Here is your gae for the writer" in slide["shown"])
    assert squeezed(slide["shown"]).startswith("The last line of the picture Here is your gae")
    assert slide["kind"] == "text"


def test_a_long_list_and_a_long_table_go_on_on_another_slide():
    items = "\n".join(
        f"{number}. An item that takes a line of a slide, more or less." for number in range(1, 21)
    )
    pieces = list(units.units(prose.blocks(items)))
    assert len(pieces) == 3
    assert sum(piece.html.count("<li>") for piece in pieces) == 20
    assert '<ol start="8">' in pieces[1].html
    assert all(piece.height <= making.ROOM for piece in pieces)

    rows = "\n".join([r"| a | b `\|` |", "| --- | --- |", *["| one | two |"] * 30])
    pieces = list(units.units(prose.blocks(rows)))
    assert all(piece.html.count("<th>") == 2 for piece in pieces)
    assert sum(piece.html.count("<tr>") - 1 for piece in pieces) == 30


def lessons_in(folder, *names):
    """Copies of sources and built notebooks, and the paths of the sources."""
    for name in names:
        for suffix in (".py", ".ipynb"):
            shutil.copy(ROOT / "solutions" / f"{name}{suffix}", folder)
    return [folder / f"{name}.py" for name in names]


def as_built(path):
    """Stamp a notebook as built from its source as it is, so that this test needs no build."""
    content = json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))
    content["metadata"]["advantage"]["source"] = slides.saved.stamps.source_hash(path)
    path.with_suffix(".ipynb").write_text(json.dumps(content), encoding="utf-8")


def test_a_broken_or_older_notebook_is_named_and_the_others_are_written(tmp_path, monkeypatch, capsys):
    chosen = lessons_in(tmp_path, *LESSONS[2:6])
    for path in chosen:
        as_built(path)
    good, half, older, gone = chosen
    text = half.with_suffix(".ipynb").read_text(encoding="utf-8")
    half.with_suffix(".ipynb").write_text(text[: len(text) // 2], encoding="utf-8")
    older.write_text(older.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    gone.with_suffix(".ipynb").unlink()

    out = tmp_path / "out"
    monkeypatch.setattr("course.authoring.stamps.sources", lambda: chosen)
    assert main(["slides", "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert f"{half.stem}.ipynb: it ends half-way" in said
    assert f"{older.stem}.ipynb: it is older than its source; run `python -m course build 04`" in said
    assert f"{gone.stem}.ipynb: there is no such file" in said
    assert [path.stem for path in out.glob("[0-9]*.html")] == [good.stem]
    index = (out / "index.html").read_text(encoding="utf-8")
    assert f'href="{good.stem}.html"' in index
    assert f'href="{half.stem}.html"' not in index

    assert main(["slides", "02", "--out", str(out)]) == 0


def test_without_the_packages_of_the_site_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(assets.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        Refusal, match=re.escape("slides need the package sphinx-revealjs: pip install -e '.[site]'")
    ):
        slides.write([], tmp_path)


def test_assets_are_few_and_without_source_maps(folder):
    files = [path for path in (folder / "assets").rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix in (".map", ".scss")]
    assert sum(path.stat().st_size for path in files) < 4e6
    page = (folder / f"{LESSONS[0]}.html").read_text(encoding="utf-8")
    linked = re.findall(r'(?:src|href)="(assets/[^"?]+)', page)
    assert len(linked) == 7
    assert all((folder / each).is_file() for each in linked)


# What is wrong with the slide that is seen now, as sentences.
MEASURE = r"""() => {
  const page = Reveal.getCurrentSlide().querySelector(".page"), body = page.querySelector(".body");
  const at = JSON.stringify(Reveal.getIndices()), box = page.getBoundingClientRect(), wrong = [];
  const say = (what, element) => wrong.push(`${at} ${what}: ${element.textContent.slice(0, 40)}`);
  const top = body.getBoundingClientRect().top;
  for (const element of page.querySelectorAll("h1, h2, p, li, pre, td, th, img, figcaption, .math")) {
    const edge = element.getBoundingClientRect();
    if (edge.left < box.left - 1 || edge.right > box.right + 1) say("outside", element);
    if (edge.bottom > box.bottom + 1) say("below", element);
    if (body.contains(element) && edge.height && edge.top < top - 1 && !element.closest(".moves, .math"))
      say("over its title", element);
    if (["P", "PRE", "H1", "H2"].includes(element.tagName) && element.scrollWidth > element.clientWidth + 1)
      say("cut", element);
  }
  if (body.scrollHeight > body.clientHeight + 1) say("too high", body);
  const texts = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    const ours = !element.closest(".MathJax, .MathJax_Preview, .MJX_Assistive_MathML, script");
    if (!node.data.trim() || !ours) continue;
    const least = element.closest("pre") ? 18 : element.closest("code") ? 21 : 24;
    if (parseFloat(getComputedStyle(element).fontSize) < least - 0.1) say("small", element);
    if (!element.closest("pre, code") && /\$|\\\(|\\\[/.test(node.data)) say("raw formula", element);
  }
  for (const formula of page.querySelectorAll(".math.inline, .math.block")) {
    const drawn = formula.querySelector(".MathJax");
    if (!drawn || formula.querySelector(".merror, .MathJax_Error")) say("no formula", formula);
    else if (parseFloat(getComputedStyle(drawn).fontSize) < 21) say("small formula", formula);
  }
  for (const image of page.querySelectorAll("img")) {
    const edge = image.getBoundingClientRect();
    const share = Math.max(edge.width / box.width, edge.height / box.height);
    if (!image.naturalWidth || share < 0.45) say("small picture", page);
  }
  return {wrong, number: Reveal.getSlidePastCount(), last: Reveal.isLastSlide(), of: Reveal.getTotalSlides()};
}"""
# The same walk with events of the keyboard that the page makes itself, which takes a tenth of the time.
WALK = f"""() => {{
  const measure = {MEASURE}, seen = [];
  for (let place = 0; place < 300; place += 1) {{
    seen.push(measure());
    if (seen.at(-1).last) break;
    document.dispatchEvent(new KeyboardEvent("keydown", {{key: " ", keyCode: 32, bubbles: true}}));
  }}
  return seen;
}}"""


def opened(browser, path, *, query="", **options):
    """A page on a deck when its formulas are drawn, and the addresses that it asked for."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, **options)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri() + query)
    page.wait_for_selector("html.ready", timeout=60_000)
    return page, asked


@pytest.mark.parametrize("name", LESSONS, ids=lambda name: f"deck {name}")
def test_every_slide_fits_and_is_reached_by_the_next_key(browser, folder, decks, name):
    page, asked = opened(browser, folder / f"{name}.html")
    if name in BY_KEYS:
        seen = [page.evaluate(MEASURE)]
        for press in range(len(decks[name]) - 1):
            page.keyboard.press(("Space", "n", "ArrowRight")[press % 3])
            seen.append(page.evaluate(MEASURE))
    else:
        seen = page.evaluate(WALK)

    assert [each["number"] for each in seen] == list(range(len(decks[name])))
    assert seen[-1]["last"]
    assert [wrong for each in seen for wrong in each["wrong"]] == []
    # MathJax asks for a font of nothing to learn when fonts have come.
    assert {urllib.parse.urlsplit(url).scheme for url in asked if url != "about:blank"} <= {"file", "data"}
    page.close()


def test_the_measure_sees_what_is_wrong(browser, folder):
    page, _ = opened(browser, folder / f"{LESSONS[5]}.html")
    page.evaluate(
        """() => {
          const body = document.querySelector(".present .body, .present.page .body");
          for (let i = 0; i < 30; i += 1) body.insertAdjacentHTML("beforeend", "<p>one $x$ more</p>");
          body.insertAdjacentHTML("beforeend", '<p style="font-size: 12px">small</p>');
        }"""
    )
    wrong = " ".join(page.evaluate(MEASURE)["wrong"])
    assert "too high" in wrong
    assert "small: small" in wrong
    assert "raw formula" in wrong
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_either_theme(browser, folder, decks, theme):
    from axe_playwright_python.sync_playwright import Axe

    kinds = [slide["kind"] for slide in decks[LESSONS[5]]]
    page, _ = opened(browser, folder / f"{LESSONS[5]}.html", query=f"?theme={theme}")
    for kind in ("title", "exercise", "poll", "picture", "code"):
        page.evaluate(
            "place => { const at = Reveal.getIndices(Reveal.getSlides()[place]); Reveal.slide(at.h, at.v) }",
            kinds.index(kind),
        )
        violations = Axe().run(page).response["violations"]
        serious = [each for each in violations if each["impact"] in ("serious", "critical")]
        assert {each["id"]: [node["html"] for node in each["nodes"]] for each in serious} == {}
    page.close()


def test_the_key_t_and_the_machine_choose_light_or_dark(browser, folder):
    page, _ = opened(browser, folder / f"{LESSONS[3]}.html", color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.keyboard.press("t")
    light = page.evaluate(background)
    assert max(map(int, re.findall(r"\d+", dark))) < 60
    assert min(map(int, re.findall(r"\d+", light))) > 240
    page.close()


def test_the_key_s_opens_the_notes_of_the_slide(browser, folder):
    page, _ = opened(browser, folder / f"{LESSONS[3]}.html")
    page.keyboard.press("n")
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    notes = popup.value.locator(".speaker-controls-notes .value")
    notes.get_by_text("You saw in lesson 0 how far the mean of twenty answers can be off.").wait_for(
        timeout=20_000
    )
    popup.value.close()
    page.close()


def test_without_javascript_the_slides_stand_below_each_other(browser, folder, decks):
    page = browser.new_page(viewport={"width": 1280, "height": 720}, java_script_enabled=False)
    page.goto((folder / f"{LESSONS[3]}.html").as_uri())
    boxes = [each.bounding_box() for each in page.locator(".page").all()]
    assert len(boxes) == len(decks[LESSONS[3]])
    assert all(a["y"] + a["height"] <= b["y"] for a, b in itertools.pairwise(boxes))
    assert page.evaluate("getComputedStyle(document.querySelector('.reveal')).opacity") == "1"
    page.close()


def test_a_printed_deck_has_a_page_for_each_slide(browser, folder, decks):
    name = LESSONS[3]
    page, _ = opened(browser, folder / f"{name}.html", query="?print-pdf")
    page.wait_for_selector(".pdf-page")
    assert page.locator(".pdf-page").count() == len(decks[name])
    page.close()

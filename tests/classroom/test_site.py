"""The website: built once from a copy of the project with three lessons, one of them broken and one old."""

import html
import json
import re
import shutil

import pytest

from course.arrays import Refusal
from course.authoring.stamps import ROOT
from course.classroom import saved
from course.classroom.site import build, documents, figures, formulas, lessons, proof

GOOD = "05_spreading_rewards"
BROKEN = "03_jackpots"
OLD = "04_policy_gradient"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.S)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(?![\s$])([^$\n]+?)(?<!\s)\$(?!\d)", re.S)
STEP_OF_THE_SOLUTION = "np.full(length, score / length)"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the site, and the complaints."""
    root = tmp_path_factory.mktemp("project")
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "docs", root / "docs")
    for folder in ("solutions", "notebooks"):
        (root / folder).mkdir()
        for name in (GOOD, BROKEN, OLD):
            shutil.copy(ROOT / folder / f"{name}.ipynb", root / folder)
    for source in (ROOT / "solutions").glob("[0-9][0-9]_*.py"):
        shutil.copy(source, root / "solutions")

    broken = root / "solutions" / f"{BROKEN}.ipynb"
    broken.write_text(broken.read_text(encoding="utf-8")[:3000], encoding="utf-8")
    source = root / "solutions" / f"{OLD}.py"
    source.write_text(source.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    stamp_as_built(root / "solutions" / f"{GOOD}.ipynb", root / "solutions" / f"{GOOD}.py")

    plan = build.everything(root, moving=False)
    out = tmp_path_factory.mktemp("out") / "site"
    return out, build.build(out, build.Plan(root=root, lessons=plan.lessons, frames=None, slides=False))


def stamp_as_built(path, source):
    """Whatever the state of today's notebooks, this one is not old."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content["metadata"]["advantage"]["source"] = saved.stamps.source_hash(source)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def visit(browser, built):
    """Opens a page of the site from its file; notes what it asks the network for."""
    contexts = []

    def opened(where, *, theme="light", size=DESKTOP, javascript=True):
        context = browser.new_context(viewport=size, color_scheme=theme, java_script_enabled=javascript)
        contexts.append(context)
        page = context.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(f"{built[0].resolve().as_uri()}/{where}")
        return page

    yield opened
    for context in contexts:
        context.close()


# What is wrong is named, and the rest is built


def test_a_broken_and_an_old_notebook_are_named_and_every_other_page_is_without_fault(built):
    out, complaints = built
    absent = [name for name in complaints if "there is no such file. The lesson is left out." in name]
    others = [each for each in complaints if each not in absent]
    assert len(absent) == 13
    assert others[0].startswith(f"solutions/{BROKEN}.ipynb: it ends half-way")
    assert others[1] == f"solutions/{OLD}.ipynb: it is older than its source; its page says so."
    assert others[2:] == []  # no warning of Sphinx, no dead link, nothing fetched, no heavy page
    assert "This page is old" in (out / f"notebooks/{OLD}.html").read_text(encoding="utf-8")
    assert "This page is old" not in (out / f"notebooks/{GOOD}.html").read_text(encoding="utf-8")
    assert "This lesson is left out" in (out / f"notebooks/{BROKEN}.html").read_text(encoding="utf-8")


def test_there_is_a_page_for_every_lesson_document_and_part_of_the_library(built):
    out, _ = built
    for source in (ROOT / "solutions").glob("[0-9][0-9]_*.py"):
        assert (out / f"notebooks/{source.stem}.html").is_file()
    for document in (ROOT / "docs").rglob("*.md"):
        assert (out / document.relative_to(ROOT).with_suffix(".html")).is_file()
    reference = "".join(path.read_text(encoding="utf-8") for path in (out / "reference").glob("*.html"))
    for there in (
        "course.returns.gae",
        "course.checks.judge",
        "course.plots.gae",
        "course.worlds.writer.learn",
    ):
        assert f'id="{there}"' in reference or f'id="module-{there}"' in reference
    for hidden in ("course.grading.inside", "course.checks.mutants"):
        assert f'"module-{hidden}' not in reference


def test_a_deck_leads_to_its_lesson_and_the_list_of_decks_to_the_course(tmp_path):
    plan = build.Plan(root=ROOT, lessons=[GOOD], frames=None)
    build._slides(plan, tmp_path)
    (deck,) = (tmp_path / "slides").glob("[0-9]*.html")
    page = deck.read_text(encoding="utf-8")
    assert f'<a href="../notebooks/{GOOD}.html">' in page
    assert '<p class="next"><a href="06_value_prediction.html">6. ' in page
    assert '<a href="../index.html">' in (tmp_path / "slides/index.html").read_text(encoding="utf-8")


def test_pages_are_light(built):
    sizes = proof.weights(built[0])
    assert max(sizes.values()) <= proof.HEAVIEST
    assert sizes[f"notebooks/{GOOD}.html"] > 200_000  # its pictures are counted


# The proof finds what it looks for


def test_dead_links_foreign_files_and_heavy_pages_are_found(tmp_path):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames/one.webp").write_bytes(bytes(proof.HEAVIEST))
    (tmp_path / "style.css").write_text('@import "https://fonts.example/a.css"; a { background: url(b.png) }')
    (tmp_path / "other.html").write_text('<h1 id="there">Here</h1>')
    (tmp_path / "index.html").write_text(
        '<a href="other.html#there">good</a> <a href="https://example.org">out</a> <a href="#">top</a>'
        '<a href="gone.html">dead</a> <a href="other.html#gone">dead</a> <a href="../x.html">outside</a>'
        '<img src="gone.png"> <script src="//cdn.example/x.js"></script>'
    )
    assert proof.complaints(tmp_path, frames={"other.html": tmp_path / "frames"}) == [
        "index.html: the link 'gone.html' leads to no file of the site.",
        "index.html: the link 'other.html#gone' leads to a page without that anchor.",
        "index.html: the link '../x.html' leads to no file of the site.",
        "index.html: the link 'gone.png' leads to no file of the site.",
        "index.html: it loads //cdn.example/x.js, and must load nothing from the network.",
        "style.css: it loads https://fonts.example/a.css, and must load nothing from the network.",
        "other.html: 5.0 MB with its pictures and frames; at most 5.",
    ]
    assert proof.outward(tmp_path) == ["https://example.org"]


# Where the pages go


def test_a_folder_that_is_no_site_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(Refusal, match="out must be an empty folder"):
        build.build(tmp_path, build.everything())
    assert (tmp_path / "thesis.tex").is_file()


def test_whoever_stops_it_keeps_the_old_pages(tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    out = tmp_path / "site"
    out.mkdir()
    (out / build.MARK).write_text("")
    (out / "index.html").write_text("the old one")
    monkeypatch.setattr(build, "_sphinx", stopped)
    with pytest.raises(KeyboardInterrupt):
        build.build(out, build.Plan(root=ROOT, lessons=[GOOD], frames=None, slides=False))
    assert (out / "index.html").read_text() == "the old one"


def test_from_the_list_of_decks_a_link_leads_back(tmp_path):
    plan = build.Plan(root=ROOT, lessons=[GOOD], frames=None)
    build._slides(plan, tmp_path)
    index = (tmp_path / "slides/index.html").read_text(encoding="utf-8")
    assert index.count('<a href="../index.html">Back to the course</a>') == 1


# A lesson as a page


def test_an_exercise_is_shown_as_its_contract_and_its_solution_is_folded():
    source = 'def f(x):\n    """Twice x."""\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION'
    assert lessons.contract(source) == 'def f(x):\n    """Twice x."""\n    ...  # your lines'
    assert lessons.solved(source) == 'def f(x):\n    """Twice x."""\n    return 2 * x'


def test_formulas_in_folds_are_set_and_code_in_them_is_not():
    fold = (
        "Costs $x$ and $y$\n<details><summary>$a &lt; b$?</summary>It costs <code>$1 or $2</code>.</details>"
    )
    page = lessons.formulas_in_html(fold)
    assert page.startswith('Costs $x$ and $y$\n<details><summary><span class="math notranslate"><math')
    assert page.endswith(
        "<mo>&lt;</mo><mi>b</mi></math></span>?</summary>It costs <code>$1 or $2</code>.</details>"
    )


SHOWN_OF = re.compile(r"<[^>]+>")


@pytest.mark.parametrize(
    ("tex", "said"),
    [
        (r"A_t \log \pi", "At log π"),
        (r"\log(1 - x)", "log(1−x)"),
        (r"\beta_\max", "βmax"),
        (r"r_t + \dots", "rt+…"),
        (r"\tfrac12 \cdot 1", "12⋅1"),
        (r"\mathbb{E}\big[\, r \,\big]", "𝔼[ r ]"),
        ("-\\log\n\\sigma(x)", "−log σ(x)"),
        (r"V(s')", "V(s′)"),
    ],
)
def test_a_formula_is_set_as_tex_would(tex, said):
    made = formulas.mathml(tex).replace('<mspace width="0.1667em"></mspace>', " ")
    assert html.unescape(SHOWN_OF.sub("", made)).replace("\u2061", "") == said


def test_a_sign_and_the_name_of_a_function_stand_close_to_what_they_belong_to():
    assert '<mo>=</mo><mo form="prefix">+</mo><mn>0.25</mn>' in formulas.mathml("a = +0.25")
    assert '<mo lspace="0" rspace="0">max</mo>' in formulas.mathml(r"\max(a, b)")


def test_all_formulas_of_the_course_are_known_and_one_that_is_not_is_refused():
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")]
    for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py"):
        prose = [line[2:] for line in path.read_text(encoding="utf-8").splitlines() if line[:2] == "# "]
        texts.append("\n".join(prose))
    found = [tex for text in texts for pair in FORMULA.findall(CODE.sub("", text)) for tex in pair if tex]
    assert len(found) > 400
    assert all(formulas.mathml(tex).startswith("<math") for tex in found)
    with pytest.raises(Refusal, match=r"tex must be a formula .*, got .*gama"):
        formulas.mathml(r"\gama")


def nothing_kept(picture, kind):
    return f"{len(picture)}.{kind}"


def test_each_widget_is_played_once_in_order():
    lesson = saved.read(ROOT / "solutions" / f"{GOOD}.ipynb")
    asked = []
    nowhere = lessons.Neighbours(earlier=None, later=None, slides=None, notebook=None)

    def play(twin, widget):
        asked.append((widget, "Interactive figure" in twin))
        return "<p>played</p>"

    page = json.dumps(lessons.page(lesson, nowhere, play=play, keep=nothing_kept, old=False))
    count = (ROOT / "solutions" / f"{GOOD}.py").read_text(encoding="utf-8").count("widgets.Explorer(")
    assert asked == [(number, True) for number in range(count)]
    assert page.count("<p>played</p>") == count > 1
    assert "advantage-twin" not in page


def test_a_page_says_that_its_cells_have_been_run_and_asks_nobody_to_run_one():
    lesson = saved.read(ROOT / "solutions" / f"{GOOD}.ipynb")
    nowhere = lessons.Neighbours(earlier=None, later=None, slides=None, notebook=None)
    page = json.dumps(
        lessons.page(lesson, nowhere, play=lambda twin, widget: twin, keep=nothing_kept, old=False)
    )
    assert page.count("every cell has been run") == 1
    assert "Run this cell" not in page
    assert page.count(lessons.IN_THE_NOTEBOOK) == page.count(json.dumps(lessons.TWIN)[1:-1]) > 1


def test_the_front_page_of_the_website_does_not_say_how_to_make_a_website():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page = documents.landing(readme, lessons=[GOOD], documents=[], slides=False, moving=True)
    assert "make site" in readme.partition("## The lessons")[0]
    assert "make site" not in page
    assert "goes by what you see." in page


def test_a_readme_without_its_picture_is_refused_by_name():
    readme = re.sub(r"!\[.+?\)\n", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    with pytest.raises(documents.Gap, match=r"README.md: the picture"):
        documents.landing(readme, lessons=[GOOD], documents=[], slides=False, moving=False)


def test_every_picture_becomes_a_file_and_a_link_with_a_name(tmp_path):
    keep = figures.keeper(tmp_path, GOOD)
    picture = '<img alt="{}" width="760" src="data:image/{};base64,{}">'
    saved_html = picture.format("A &lt;b&gt; of 4. " * 9, "png", "QUJD") + picture.format("", "gif", "RA==")
    page = figures.with_links(saved_html, keep)
    assert page.count('<a href="../figures/') == page.count('src="../figures/') == 2
    assert 'aria-label="Full size: A &lt;b&gt; of 4. A &lt;b&gt; of 4. A' in page
    assert "data:" not in page
    kept = sorted((tmp_path / "figures" / GOOD).iterdir())
    assert sorted(path.read_bytes() for path in kept) == [b"ABC", b"D"]
    assert all(f'"../figures/{GOOD}/{path.name}"' in page for path in kept)
    assert figures.with_links(page, keep) == page


# In a browser


def test_a_solution_is_read_only_after_its_fold_is_opened(visit):
    page = visit(f"notebooks/{GOOD}.html")
    solution = page.locator("details.hide", has_text=STEP_OF_THE_SOLUTION)
    assert solution.count() == 1
    assert (
        page.get_by_text(STEP_OF_THE_SOLUTION).count() == solution.get_by_text(STEP_OF_THE_SOLUTION).count()
    )
    assert not solution.locator("pre").is_visible()
    solution.locator("summary").click()
    assert solution.locator("pre").is_visible()
    assert "### BEGIN" not in page.content()

    assert page.locator(".invitation").count() == 3
    assert "guess = None" not in page.locator("article").inner_text()
    assert page.get_by_text("...  # your lines").count() == 2
    side_road = page.get_by_text("point backwards")
    assert not side_road.is_visible()
    page.goto(page.url + "#what-clipping-hides")
    page.wait_for_function("document.querySelector('details.deeper').open")


def test_a_search_finds_the_word_without_a_server(visit):
    page = visit("index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("advantage")
    page.keyboard.press("Enter")
    page.locator("#search-results a", has_text="Glossary").wait_for()
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "about:"))] == []


def test_a_search_shows_a_page_to_read_before_the_module_of_that_name(visit):
    page = visit("search.html?q=jackpot")
    first = page.locator("#search-results li > a").first
    first.wait_for()
    assert first.get_attribute("href").startswith(("notebooks/", "docs/"))


def test_lessons_that_fit_a_search_equally_well_come_in_the_order_of_the_course(visit):
    page = visit("search.html?q=notebook")
    page.locator("#search-results a[href*='15_clinic']").first.wait_for()
    found = [link.get_attribute("href") for link in page.locator("#search-results li > a").all()]
    left_out = [
        name for name in found if name.startswith("notebooks/") and GOOD not in name and OLD not in name
    ]
    assert len(left_out) == 14
    assert left_out == sorted(left_out)


# What fades in is pale for half a second, and axe does not wait for it.
OPEN_ALL = """() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  document.getElementById("pst-back-to-top").style.display = "block";  // it comes when one scrolls up
  return Promise.allSettled(document.getAnimations().map((each) => each.finished));
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, theme):
    from axe_playwright_python.sync_playwright import Axe

    for where in ("index.html", f"notebooks/{GOOD}.html", "reference/estimators.html"):
        page = visit(where, theme=theme)
        page.evaluate(OPEN_ALL)
        found = Axe().run(page).response["violations"]
        serious = [each for each in found if each["impact"] in ("critical", "serious")]
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in serious] == []


@pytest.mark.parametrize(
    "where", ["index.html", f"notebooks/{GOOD}.html", "docs/notation.html", "reference/estimators.html"]
)
def test_nothing_is_wider_than_a_phone(visit, where):
    page = visit(where, size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "about:"))] == []


def test_a_figure_is_opened_at_full_size_by_a_tap_and_by_the_keyboard(visit):
    page = visit(f"notebooks/{GOOD}.html", size=PHONE)
    shown = page.locator(".lesson-figure")
    assert shown.count() == page.locator("article img").count() > 3
    small = shown.first.locator("img").bounding_box()["width"]
    where = page.url
    shown.first.locator("img").click(force=True)  # what lies over it is the link
    page.wait_for_url("**/figures/**")
    assert page.evaluate("document.images[0].naturalWidth") > 2 * small

    page.goto(where)
    link = page.get_by_role("link", name="Full size: ").first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/figures/**")


def test_in_the_dark_the_upper_layer_of_a_frame_does_not_hide_the_lower_one(visit):
    page = visit(f"notebooks/{GOOD}.html", theme="dark")
    page.locator("article .cell_output").first.evaluate(
        """output => output.insertAdjacentHTML("beforeend", `<div class="advantage-player">
        <div class="advantage-player-stage"><img alt=""><img alt=""></div></div>`)"""
    )
    behind = "image => getComputedStyle(image).backgroundColor"
    assert page.locator(".lesson-figure > img").first.evaluate(behind) == "rgb(255, 255, 255)"
    layers = page.locator(".advantage-player-stage > img")
    assert [layer.evaluate(behind) for layer in layers.all()] == ["rgba(0, 0, 0, 0)"] * 2


def test_a_long_formula_goes_on_below_and_one_wider_than_the_phone_is_moved_by_keyboard(visit):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(f"notebooks/{OLD}.html", size=PHONE)
    two = page.locator("div.math:has(> math + math)")
    above, below = (line.bounding_box() for line in two.locator("math").all())
    assert above["y"] + above["height"] <= below["y"]
    wide = page.locator("div.math[tabindex='0']")
    assert 0 < wide.count() < page.locator("div.math").count()
    wide.first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("[...document.querySelectorAll('div.math')].some((each) => each.scrollLeft > 0)")
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("critical", "serious")] == []


def test_a_reader_in_the_dark_prints_whole_lines_on_white(visit):
    page = visit(f"notebooks/{GOOD}.html", theme="dark")
    theme = "document.documentElement.dataset.theme"
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(theme) == "light"
    code = page.locator("div.cell_input pre").filter(visible=True)
    assert code.count() > 5
    assert all(each.evaluate("code => code.scrollWidth <= code.clientWidth") for each in code.all())
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(theme) == "dark"


def test_every_fold_is_called_by_what_it_shows(visit):
    page = visit(f"notebooks/{GOOD}.html")
    solution = page.locator("details.hide > summary", has_text="Show one solution").first
    assert solution.get_attribute("aria-label") is None
    assert "Toggle hidden content" not in page.content()


def test_formulas_stand_on_their_line_without_javascript(visit):
    page = visit(f"notebooks/{GOOD}.html", javascript=False)
    formula = page.locator("p span.math > math").first
    assert 10 < formula.bounding_box()["height"] < 40
    assert page.locator("div.math > math").count() > 0
    assert page.locator("span.math", has_text=re.compile(r"[,.]$")).count() > 0  # what follows is on its line
    assert "\\(" not in page.locator("article").inner_text()

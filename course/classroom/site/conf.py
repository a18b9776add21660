"""The settings of Sphinx. `build` calls Sphinx with this folder as the folder of settings."""

from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent

project = "Advantage"
author = "the authors of Advantage"
copyright = "the authors of Advantage, MIT licence"  # noqa: A001
release = version = version_of("advantage-course")
language = "en"
highlight_language = "none"  # of what names no language: commands, mostly

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "course.classroom.site.folds",
    "course.classroom.site.formulas",
]
nb_execution_mode = "off"
nb_ipywidgets_js: dict = {}  # they would come from the network
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "attrs_block", "attrs_inline", "dollarmath"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure", "myst.header", "mystnb.lexer", "ref.python"]

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
add_module_names = False

html_math_renderer = "mathml"
html_theme = "sphinx_book_theme"
html_title = "Advantage"
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css", "player.css"]
html_js_files: list = ["site.js", ("player.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = True
html_search_scorer = str(HERE / "static/scorer.js")
html_theme_options = {
    "home_page_in_toc": False,
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "navbar_start": [],
    "pygments_dark_style": "a11y-high-contrast-dark",
    "pygments_light_style": "a11y-high-contrast-light",
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
}
exclude_patterns = ["slides"]

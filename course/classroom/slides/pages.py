"""From slides to the file of a deck."""

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from course.classroom.slides.making import Slide
from course.classroom.slides.prose import plain
from course.classroom.slides.reading import Lesson, escaped

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="slides" content="{count}">
<title>{title}</title>
<script>
// Before anything is drawn, so that a dark hall is not lit up for a moment.
(() => {{
  const asked = new URLSearchParams(location.search).get("theme");
  const dark = asked ? asked === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}})();
</script>
{head}
</head>
<body>
{body}
</body>
</html>
"""
DECK_HEAD = """<link rel="stylesheet" href="assets/reveal/dist/reset.css">
<link rel="stylesheet" href="assets/reveal/dist/reveal.css">
<link rel="stylesheet" href="assets/deck.css">
<script type="text/x-mathjax-config">
MathJax.Hub.Config({
  jax: ["input/TeX", "output/HTML-CSS"],
  tex2jax: {inlineMath: [["\\\\(", "\\\\)"]], displayMath: [["\\\\[", "\\\\]"]], processEscapes: false},
  "HTML-CSS": {availableFonts: [], preferredFont: null, webFont: "STIX-Web", imageFont: null,
               EqnChunk: 1000, scale: 96, minScaleAdjust: 90},
  showMathMenu: false, messageStyle: "none", skipStartupTypeset: true, positionToHash: false
});
</script>
<script src="assets/mathjax/MathJax.js?config=TeX-AMS-MML_HTMLorMML-full"></script>
<script src="assets/reveal/dist/reveal.js"></script>
<script src="assets/reveal/plugin/notes/notes.js"></script>"""
DECK_BODY = """<main class="reveal"><div class="slides">
{sections}
</div></main>
<script src="assets/deck.js"></script>"""
INDEX_HEAD = '<link rel="stylesheet" href="assets/deck.css">'
INDEX_BODY = """<main class="index">
<h1>The slides of the course</h1>
<ol>
{items}
</ol>
<h2>Keys</h2>
<table>
<tr><td><kbd>Space</kbd> <kbd>N</kbd> <kbd>→</kbd></td><td>the next slide</td></tr>
<tr><td><kbd>P</kbd> <kbd>←</kbd></td><td>the one before</td></tr>
<tr><td><kbd>S</kbd></td><td>the speaker's notes, in a window of their own: all that the lesson says</td></tr>
<tr><td><kbd>T</kbd></td><td>light or dark</td></tr>
<tr><td><kbd>Esc</kbd></td><td>all slides at a glance</td></tr>
<tr><td><kbd>F</kbd></td><td>the whole screen</td></tr>
<tr><td><kbd>?</kbd></td><td>all keys</td></tr>
</table>
<p>To print a deck, or to keep it as a PDF, add <code>?print-pdf</code> to its address, and print it.</p>
</main>"""
CHIPS = {"poll": "Predict first", "question": "Discuss"}
MOTIF = '<div class="lines" aria-hidden="true"><i></i><i></i><i></i><i></i><i></i></div>'


def deck(lesson: Lesson, slides: Sequence[Slide]) -> str:
    """The page of a deck."""
    stacks = []
    number = 0
    for slide in slides:
        number += slide.opens
        stacks.append(number)

    sections = []
    for _, stack in groupby(zip(stacks, slides, strict=True), key=lambda pair: pair[0]):
        inside = "\n".join(_section(slide) for _, slide in stack)
        sections.append(f"<section>\n{inside}\n</section>")
    return PAGE.format(
        count=len(slides),
        title=escaped(title(lesson)),
        head=DECK_HEAD,
        body=DECK_BODY.format(sections="\n".join(sections)),
    )


def title(lesson: Lesson) -> str:
    """Number and question of a lesson, as text."""
    return f"{int(lesson.number)}. {plain(lesson.title)}"


def _section(slide: Slide) -> str:
    level = "h1" if slide.kind == "title" else "h2"
    size = "large" if slide.large else "small"
    label = f'<p class="chip">{CHIPS[slide.kind]}</p>' if slide.kind in CHIPS else ""
    name = f' id="{slide.name}"' if slide.name else ""
    motif = MOTIF if slide.kind in ("title", "next") else ""
    heading = f'<{level} class="{size}">{slide.title}</{level}>'
    return (
        f'<section{name}><div class="page {slide.kind}">{motif}{heading}'
        f'<div class="body">{label}{slide.body}</div></div>'
        f'<aside class="notes">{slide.notes}</aside></section>'
    )


def index(folder: Path) -> str:
    """The page that lists the decks in a folder."""
    items = []
    for path in sorted(folder.glob("[0-9][0-9]_*.html")):
        text = path.read_text(encoding="utf-8")[:2000]
        name = re.search(r"<title>(\d+)\. (.*?)</title>", text)
        count = re.search(r'<meta name="slides" content="(\d+)">', text)
        if name and count:
            link = f'<a href="{path.name}">{name[2]}</a>'
            items.append(f'<li value="{name[1]}">{link} <span>{count[1]} slides</span></li>')
    body = INDEX_BODY.format(items="\n".join(items))
    return PAGE.format(count=0, title="Slides · Advantage", head=INDEX_HEAD, body=body)

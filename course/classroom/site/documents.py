"""The landing page, the documents, and the pages of the library's reference, as Sphinx reads them."""

import pkgutil
import re
import shutil
from importlib import import_module
from pathlib import Path

import course

# What is for whoever teaches has its own part in the contents; of the rest, these come first.
FOR_LECTURERS = ("teaching", "lecture_notes", "quiz", "grading", "hub")
FIRST = ("before_you_start", "trouble", "glossary", "notation", "questions", "benchmarks")
FOR_ENGINEERS = ("judging",)
# Left out of the reference: what runs inside the sandbox, the settings of Sphinx, and the known mistakes.
HIDDEN = ("course.grading.inside", "course.classroom.site.conf")
FRONT_ONLY = ("checks",)
HERE = (
    "Here you read the lessons with everything that they compute: solutions are folded{sliders}. "
    "To write the ten lines yourself, [run the notebooks](#play-it-yourself)."
)
YOURSELF = (
    "## Play it yourself\n\nEach lesson's page has its notebook to download. A notebook needs the course "
    "beside it; in the folder of the course, say"
)


class Gap(Exception):
    """A document lacks a part that a page is made of; the message names both."""


def copy_documents(root: Path, source: Path) -> None:
    """The documents, at the places that they have in the project: links between them hold as they are."""
    shutil.copytree(root / "docs", source / "docs", ignore=shutil.ignore_patterns("*.ipynb"))
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(root / name, source / name)

    for path in [*source.glob("*.md"), *source.glob("docs/**/*.md")]:
        text = _with_links(path.read_text(encoding="utf-8"), path)
        below = sorted(f"{path.stem}/{each.stem}" for each in path.with_suffix("").glob("*.md"))
        path.write_text(f"{text}\n\n{_tree('', below)}\n" if below else text, encoding="utf-8")


def landing(readme: str, *, lessons: list[str], documents: list[str], slides: bool, moving: bool) -> str:
    """The first page: the question, the picture, where to begin, the lessons, and the contents of the site.

    Raises:
        Gap: if the README has lost a part of it.
    """
    question = _found(readme, r"one question: \*(.+?)\*", "the question in italics").replace("\n", " ")
    promise = _found(readme, r"fix it\?\*\s(.+?)\n\n", "the paragraph after the question")
    picture = _found(readme, r"(!\[.+?\]\(docs/\S+?\))\n", "the picture")
    caption = _found(readme, r"!\[.+?\)\n\n(\*.+?\*)\n\n", "the caption of the picture")
    commands = _found(readme, r"(```\nmake lab.+?)\n## ", "the commands, from `make lab` on")
    # Whoever reads this page has the website.
    commands = re.sub(r" To read without running anything,.+?slider\s+moves\.", "", commands, flags=re.S)
    table = _found(readme, r"\n(## The lessons\n.+?)\nIf you know version", "the table of lessons")
    table = table.replace("**The short way**", '<span id="the-short-way"></span>**The short way**')

    button = '<a class="start{}" href="{}">{}</a>'
    buttons = [
        button.format(" first", f"notebooks/{lessons[0]}.html", "Start with lesson 0"),
        button.format("", "#the-short-way", "The short way"),
    ]
    if slides:
        buttons.append(button.format("", "slides/index.html", "Slides"))
    return "\n\n".join(
        [
            "# Advantage",
            f'<p class="question">{question[0].upper()}{question[1:]}</p>',
            f'<p class="starts">{" ".join(buttons)}</p>',
            picture,
            caption,
            promise,
            HERE.format(sliders=", and sliders move" if moving else ""),
            table.strip(),
            YOURSELF,
            commands.strip(),
            *_contents(lessons, documents),
            "",
        ]
    )


def reference(folder: Path) -> list[str]:
    """Write a page for each part of the library in reading order, and their index; gives back their names."""
    folder.mkdir(parents=True)
    groups = [
        re.findall(r"^    (\w+) {2,}(\S.*)$", block, re.M) for block in (course.__doc__ or "").split("\n\n")
    ]
    groups = [group for group in groups if group]
    for group in groups:
        for name, purpose in group:
            (folder / f"{name}.rst").write_text(_part(name, purpose), encoding="utf-8")

    lists = ["\n".join(f"- :doc:`{name}`: {purpose}" for name, purpose in group) for group in groups]
    names = [name for group in groups for name, _ in group]
    tree = ".. toctree::\n   :hidden:\n\n" + "\n".join(f"   {name}" for name in names)
    said = (
        "The modules in reading order, in groups; each imports only from those above it. "
        "Exercises are functions of ``returns``, ``scaling``, ``losses`` and their neighbours."
    )
    between = "\n\n.. rst-class:: group\n\n"
    index = "\n\n".join([_title("The library"), said]) + between + between.join(lists) + f"\n\n{tree}\n"
    (folder / "index.rst").write_text(index, encoding="utf-8")
    return names


def _with_links(text: str, path: Path) -> str:
    """Markdown whose links lead to pages; what is no page (code, data) keeps its words and loses its link."""

    def linked(match: re.Match) -> str:
        words, target = match["words"], match["target"]
        file = target.partition("#")[0]
        outward = re.match(r"[a-z]+:|#", target)
        return match[0] if outward or (path.parent / file).exists() else words

    return re.sub(r"(?<!!)\[(?P<words>[^\]\[]+)\]\((?P<target>[^)\s]+)\)", linked, text)


def _found(text: str, pattern: str, what: str) -> str:
    found = re.search(pattern, text, re.S)
    if found is None:
        raise Gap(f"README.md: {what} is not where the landing page looks for it.")
    return found[1]


def _contents(lessons: list[str], documents: list[str]) -> list[str]:
    """The lists of pages that the side bar shows."""
    special = (*FOR_LECTURERS, *FOR_ENGINEERS)
    general = [name for name in FIRST if name in documents]
    general += [name for name in documents if name not in (*FIRST, *special) and "/" not in name]
    teaching = [name for name in FOR_LECTURERS if name in documents]
    engineers = [name for name in FOR_ENGINEERS if name in documents]
    return [
        _tree("Lessons", [f"notebooks/{name}" for name in lessons]),
        _tree("To look things up", [f"docs/{name}" for name in general]),
        _tree("For lecturers", [f"docs/{name}" for name in teaching]),
        _tree(
            "For engineers",
            ["reference/index", *(f"docs/{name}" for name in engineers), "CHANGELOG", "CONTRIBUTING"],
        ),
    ]


def _tree(caption: str, pages: list[str]) -> str:
    options = [":hidden:", f":caption: {caption}"] if caption else [":hidden:"]
    return "\n".join(["```{toctree}", *options, "", *pages, "```"])


def _part(name: str, purpose: str) -> str:
    """The page of one module, or of one package with all its modules."""
    module = import_module(f"course.{name}")
    names = [module.__name__]
    if hasattr(module, "__path__") and name not in FRONT_ONLY:
        within = pkgutil.walk_packages(module.__path__, f"{module.__name__}.")
        names += sorted(each.name for each in within if not each.name.endswith("__main__"))
    names = [each for each in names if not each.startswith(HIDDEN)]

    blocks = [_title(name), f"*{purpose}*"]
    for each in names:
        if len(names) > 1:
            blocks.append(_title(each, "-"))
        own = "" if name in FRONT_ONLY else "   :ignore-module-all:\n"
        blocks.append(f".. automodule:: {each}\n{own}")
    return "\n\n".join(blocks)


def _title(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}"

"""`python -m tests.classroom.access_table [NN ...]`: what axe finds in lessons in JupyterLab, light and dark.

The solutions are opened as they were saved, and trusted, so that their outputs are what a run shows. With
--run they are run first, and the widgets live. The numbers of the table are findings of ours and of others.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import nbformat
from nbformat.sign import NotebookNotary
from playwright.sync_api import sync_playwright

from course.authoring.stamps import ROOT, sources
from tests.classroom.axe import EXPOSED, THEMES, findings, pale, wear
from tests.conftest import CHROMIUM
from tests.test_browser import has_run, listening, opened, run_all, serving, wait

FRUGAL = ("--MappingKernelManager.cull_idle_timeout=20", "--MappingKernelManager.cull_interval=10")


def main() -> int:
    """Print a row a lesson, then every finding once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lessons", nargs="*", metavar="NN", help="all, if none is named")
    parser.add_argument("--run", action="store_true", help="run the cells first")
    parser.add_argument("--shots", type=Path, help="keep a picture of each page in this folder")
    options = parser.parse_args()
    names = [path.stem for path in sources() if not options.lessons or path.stem[:2] in options.lessons]

    print("| lesson | theme | ours | upstream |\n| --- | --- | --- | --- |")
    seen = Counter()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        trusted(names, root)
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        with serving(root, EXPOSED, *FRUGAL) as address:
            for name in names:
                page = listening(browser, address)
                notebook = opened(page, f"{name}.ipynb")
                if options.run:
                    run_all(page)
                    wait(lambda page=page, notebook=notebook: has_run(page, notebook), 900, "the last cell")
                seen.update(judged(page, name, options.shots))
                page.close()
        browser.close()
    for (rule, whose, html), count in seen.most_common():
        print(f"{count:4} {rule} ({whose}): {html[:300]}")
    return int(any(whose == "ours" for _, whose, _ in seen))


def trusted(names: list[str], root: Path) -> None:
    """Copies of the solutions that JupyterLab shows as if it had run them."""
    (root / "work").mkdir()
    (root / "data").mkdir()
    notary = NotebookNotary(data_dir=str(root / "data"))
    for name in names:
        copied = shutil.copy(ROOT / "solutions" / f"{name}.ipynb", root / "work")
        notary.sign(nbformat.read(copied, as_version=4))


def judged(page, name: str, shots: Path | None) -> Counter:
    """Print the rows of a lesson; count each (rule, whose, HTML)."""
    seen = Counter()
    for theme in THEMES:
        wear(page, theme)
        found = [*findings(page), *pale(page)]
        ours = [each for each in found if not each.upstream]
        print(f"| {name} | {theme} | {len(ours)} | {len(found) - len(ours)} |", flush=True)
        seen.update((f"{each.rule}, {theme}", each.upstream or "ours", each.html) for each in found)
        if shots:
            page.screenshot(path=shots / f"{name}_{theme}.png")
    return seen


if __name__ == "__main__":
    sys.exit(main())

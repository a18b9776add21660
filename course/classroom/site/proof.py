"""What is asked of the built pages: every link leads somewhere, nothing is fetched, and no page is heavy."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HEAVIEST = 5_000_000  # bytes of a page: its HTML, its pictures and the frames of its widgets
FETCHED = {"src", "srcset", "poster", "data"}  # attributes whose file the browser gets without being asked
FORBIDDEN = "and must load nothing from the network."
ELSEWHERE = re.compile(r"(?:https?:)?//", re.I)


@dataclass(kw_only=True)
class Page:
    """A built page: its anchors, where it leads, and what it loads."""

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.page.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        self.page.loads += [given[name] for name in FETCHED & set(given) if tag != "object" or name == "data"]

        if tag == "link" and given.get("rel") in (
            "stylesheet",
            "preload",
            "icon",
            "shortcut icon",
            "preconnect",
        ):
            self.page.loads.append(given.get("href", ""))
        elif "href" in given:
            self.page.links.append(given["href"])


def read(path: Path) -> Page:
    """One page."""
    page = Page(path=path)
    _Reader(page).feed(path.read_text(encoding="utf-8"))
    return page


def complaints(site: Path, *, frames: dict[str, Path] | None = None) -> list[str]:
    """A sentence for every link that leads nowhere, every file from elsewhere, every page that is heavy.

    Args:
        site: the folder of the built pages.
        frames: for a page (its address in the site) the folder with the frames of its widgets.
    """
    pages = {
        path.resolve(): read(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts
    }
    found = []
    for page in pages.values():
        found += _dead_links(page, pages, site)
        found += _fetches(page, site)
    found += _fetching_styles(site)

    for where, size in weights(site, frames=frames).items():
        if size > HEAVIEST:
            found.append(
                f"{where}: {size / 1e6:.1f} MB with its pictures and frames; at most {HEAVIEST / 1e6:g}."
            )
    return found


def weights(site: Path, *, frames: dict[str, Path] | None = None) -> dict[str, int]:
    """Bytes of each page: its HTML, the pictures that it shows, and the frames of its widgets."""
    sizes = {}
    for path in sorted(site.rglob("*.html")):
        if "_static" in path.parts:
            continue
        where = path.relative_to(site).as_posix()
        pictures = {
            _target(path, address, site)
            for address in read(path).loads
            if re.search(r"\.(png|jpe?g|svg|webp|gif|avif)$", address, re.I)
        }
        sizes[where] = path.stat().st_size
        sizes[where] += sum(each.stat().st_size for each in pictures if each is not None and each.is_file())
        folder = (frames or {}).get(where)
        if folder is not None and folder.is_dir():
            sizes[where] += sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    return sizes


def outward(site: Path) -> list[str]:
    """The addresses of other hosts that pages link to: listed, never fetched."""
    links = {link for path in site.rglob("*.html") for link in read(path).links}
    return sorted(link for link in links if ELSEWHERE.match(link))


def _dead_links(page: Page, pages: dict[Path, Page], site: Path) -> Iterator[str]:
    where = page.path.relative_to(site).as_posix()
    for link in dict.fromkeys([*page.links, *page.loads]):
        if re.match(r"[a-z][a-z+.-]*:|//", link, re.I):
            continue
        target = _target(page.path, link, site)
        anchor = unquote(urlsplit(link).fragment)
        if target is None or not target.exists():
            yield f"{where}: the link {link!r} leads to no file of the site."
        elif anchor and target in pages and anchor not in pages[target].anchors and not _is_route(anchor):
            yield f"{where}: the link {link!r} leads to a page without that anchor."


def _is_route(anchor: str) -> bool:
    return anchor.startswith("/")  # slides are counted behind the sign, and no element bears that name


def _target(page: Path, link: str, site: Path) -> Path | None:
    """The file that a relative link leads to; None if that lies outside of the site."""
    path = unquote(urlsplit(link).path)
    target = (page.parent / path).resolve() if path else page.resolve()
    if not target.is_relative_to(site.resolve()):
        return None
    return target / "index.html" if target.is_dir() else target


def _fetches(page: Page, site: Path) -> Iterator[str]:
    where = page.path.relative_to(site).as_posix()
    for address in page.loads:
        if ELSEWHERE.match(address):
            yield f"{where}: it loads {address}, {FORBIDDEN}"


def _fetching_styles(site: Path) -> Iterator[str]:
    for path in sorted(site.rglob("*.css")):
        text = path.read_text(encoding="utf-8", errors="replace")
        for address in re.findall(r"(?:url\(|@import )\s*[\"']?((?:https?:)?//[^\"')\s;]+)", text):
            yield f"{path.relative_to(site).as_posix()}: it loads {address}, {FORBIDDEN}"

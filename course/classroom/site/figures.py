"""The figures of a lesson as files beside its page, each with a link that opens it at full size.

On a phone a figure is a third as wide as it was drawn. A picture inside a page cannot be linked to: browsers
open no `data:` address.
"""

import base64
import hashlib
import html
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

PICTURE = re.compile(r'(<img alt="([^"]*)"[^>]* src=)"data:image/(\w+);base64,([^"]+)">')
NAME = 60  # letters of the alt text that tell one link from the next

Keep = Callable[[bytes, str], str]  # a picture and its kind, as in png -> its address, as seen from the page


def with_links(saved: str, keep: Keep) -> str:
    """The saved HTML of an output, its pictures kept elsewhere, a link to each below it."""

    def linked(found: re.Match) -> str:
        begun, alt, kind, data = found.groups()
        address = keep(base64.b64decode(data), kind)
        name = html.escape(textwrap.shorten(html.unescape(alt), NAME, placeholder=" …"))
        return (
            f'<div class="lesson-figure">{begun}"{address}">'
            f'<a href="{address}" aria-label="Full size: {name}">Full size</a></div>'
        )

    return PICTURE.sub(linked, saved)


def keeper(pages: Path, lesson: str) -> Keep:
    """Keeps the pictures of a lesson in the site's folder `pages`; those that are alike are one file."""
    folder = pages / "figures" / lesson
    folder.mkdir(parents=True, exist_ok=True)

    def keep(picture: bytes, kind: str) -> str:
        name = f"{hashlib.sha256(picture).hexdigest()[:12]}.{kind}"
        (folder / name).write_bytes(picture)
        return f"../figures/{lesson}/{name}"

    return keep

"""Moving pictures, shown in a notebook with their alt text."""

import base64
import io
from collections.abc import Sequence

from PIL import Image

from course.plots.drawing import as_html

STOP = "It plays three times and rests. To stop it, fold it away here."


class Film:
    """A moving picture that a notebook shows with its alt text; it plays three times and rests.

    It can be folded away, by keyboard too, and where the system asks for less motion its first picture stands
    still.
    """

    def __init__(self, gif: bytes, alt: str, *, width: int) -> None:
        """Keep the bytes of a GIF, the words for it, and how wide it is shown, in pixels."""
        self.gif = gif
        self.alt = alt
        self.width = width

    @classmethod
    def of(cls, frames: Sequence[Image.Image], alt: str, *, pause: int, width: int) -> "Film":
        """Make a film of its pictures.

        Args:
            frames: with few colours each, in order.
            alt: what is seen, in words.
            pause: between two pictures, in milliseconds.
            width: at which it is shown, in pixels.
        """
        first, *others = frames
        out = io.BytesIO()
        first.save(out, "GIF", save_all=True, append_images=others, duration=pause, loop=2)
        return cls(out.getvalue(), alt, width=width)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        image = as_html(self.gif, self.alt, width=self.width, kind="gif")
        still = base64.b64encode(self._first()).decode()
        source = f'<source media="(prefers-reduced-motion: reduce)" srcset="data:image/png;base64,{still}">'
        film = f"<details open><summary>{STOP}</summary><picture>{source}{image}</picture></details>"
        return {"text/html": film, "text/plain": self.alt}

    def _first(self) -> bytes:
        """The first picture, as a PNG."""
        out = io.BytesIO()
        with Image.open(io.BytesIO(self.gif)) as film:
            film.convert("P").save(out, "PNG")
        return out.getvalue()

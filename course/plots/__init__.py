"""Figures: every function takes arrays, draws on one Axes and returns it, with alt text made from the data.

    drawing   how a figure is made, styled and shown
    words     numbers, counts and names as one writes them
    parts     what figures share: a line in its band, rows with names, a legend above, a guess, the words
    film      pictures that move
    live      a figure that is drawn again and again while something runs

One module a lesson, named by its topic, holds that lesson's figures; none imports another.
"""

from course.plots.drawing import COLORS, STYLE, alt_text, as_html, figure, html_of_axes, png
from course.plots.words import counted, number, title

__all__ = [
    "COLORS",
    "STYLE",
    "alt_text",
    "as_html",
    "counted",
    "figure",
    "html_of_axes",
    "number",
    "png",
    "title",
]

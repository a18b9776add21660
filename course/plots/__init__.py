"""Figures: every function takes arrays, draws on one Axes and returns it, with alt text made from the data.

`drawing` holds what all share; one module a lesson, named by its topic, holds that lesson's figures.
"""

from course.plots.drawing import COLORS, STYLE, alt_text, as_html, figure, html_of_axes, number, png, title

__all__ = ["COLORS", "STYLE", "alt_text", "as_html", "figure", "html_of_axes", "number", "png", "title"]

"""Notebooks as bytes, written in a line."""

import json

from course.grading.records import Settings, Submission

SETTINGS = Settings(seed=11)


def cell(source, grade_id="", **more):
    metadata = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], **more}


def notebook(*cells):
    """Of cells, or of sources."""
    cells = [each if isinstance(each, dict) else cell(each) for each in cells]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def submission(*cells, name="03_jackpots.ipynb", student="ada"):
    content = cells[0] if isinstance(cells[0], bytes) else notebook(*cells)
    return Submission(student=student, name=name, content=content)

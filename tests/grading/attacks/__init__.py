"""Submissions built from the real notebooks: honest, broken and hostile ones, and what must come out.

An attack is a function that is handed the solved notebook of a lesson, changes it, and may say which files
the learner hands in. Its decorator says what must come out: every exercise of the lesson is right but for
those that are named. Published in docs/grading.md by `python -m tests.grading.attacks --write`.
"""

from tests.grading.attacks import broken, cheating, harming, honest, smuggling
from tests.grading.attacks.attack import ATTACKS, Attack, Place

__all__ = ["ATTACKS", "Attack", "Place"]

assert all((honest, broken, cheating, harming, smuggling))  # they have entered their attacks

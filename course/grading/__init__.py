"""Grading that cannot be fooled: for one learner or a thousand.

The modules in reading order:

    records      what goes in and what comes out: submissions, settings, rows
    submissions  finds what was handed in, in a folder or an archive
    judging      `course judge`: the judge of an exercise for a function in anybody's file
"""

from course.grading.judging import judge_file

__all__ = ["judge_file"]

"""Grading that cannot be fooled: for one learner or a thousand.

The modules in reading order:

    records      what goes in and what comes out: submissions, settings, rows
    archives     reads what was handed in, and trusts none of it: one file, an archive, all of a learner
    submissions  finds what was handed in, in a folder or an archive

    inside       all of the course that is in the sandbox; its own docstring lists its modules
    walls        what bubblewrap is told: an interpreter and libraries, and nothing else
    sandbox      a running sandbox: requests and replies
    stub         the course that learners' imports find in there
    remote       an answer in a sandbox, as a function to call
    questions    the exercises with cases that nobody has seen, and how an answer is judged
    lessons      which lesson a notebook is of
    grader       `grade_one`: all that one learner handed in, a row an exercise

    running      grades many: in this process, in several, on a Dask cluster
    journal      what is finished, so that a second call goes on there
    likeness     lists answers that are nearly the same
    pictures     of a class: how far it got, and what it misunderstood
    feedback     a page for each learner, and a page on the class
    exports      fills a column of the CSV file of Canvas or Moodle
    gradebook    writes the points into nbgrader's gradebook
    command      `course grade`: what it is told, what it refuses, and what it writes where

    judging      `course judge`: the judge of an exercise for a function in anybody's file
"""

from course.grading.command import Options, grade, summary
from course.grading.judging import judge_file

__all__ = ["Options", "grade", "judge_file", "summary"]

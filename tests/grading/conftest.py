"""What the tests of the grader share."""

import os

import pytest

from course.grading import walls


@pytest.fixture(scope="session")
def a_sandbox():
    """Skips what needs a sandbox where none can be built; in CI that is a failure."""
    problem = walls.refusal()
    if problem and os.environ.get("CI"):
        pytest.fail(f"{problem}; and CI is set")
    if problem:
        pytest.skip(problem)

"""Parallel runs: the tests of a lesson stay on one worker, or it is executed once for each."""

import os
from pathlib import Path

import pytest

from tests.conftest import LESSONS, LONGEST, group_of


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="not a parallel run")
def test_a_worker_knows_the_group_of_its_test(request):
    # pytest-xdist appends it to the name, and distributes tests by that name alone.
    assert request.node.nodeid.endswith(f"@{group_of(request.node)}")


def test_the_longest_groups_are_groups():
    files = {path.stem for path in Path(__file__).parent.rglob("test_*.py")}
    assert set(LONGEST) <= files | set(LESSONS.values())

"""What the tests share: one torch thread, one kernel, and who stays together when several run at once."""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # torch reads it when it is imported, which is later than this

SOLUTIONS = Path(__file__).resolve().parents[1] / "solutions"
LESSONS = {path.stem[3:]: path.stem for path in SOLUTIONS.glob("[0-9][0-9]_*.py")}  # by topic
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# The longest groups of a parallel run, the longest first. A worker that is free takes the next one, so that a
# long one that comes late leaves the other worker idle. A parallel run says at its end how long they took.
LONGEST = [
    "12_pong",
    "test_attacks",
    "13_tokens",
    "test_browser",
    "test_site",
    "08_gae",
    "14_reward_models",
    "test_authoring",
    "11_ppo",
    "07_td_errors",
    "02_min_max_scaling",
    "10_actor_critic",
    "06_value_prediction",
    "04_policy_gradient",
    "05_spreading_rewards",
    "15_clinic",
    "00_welcome",
    "01_score_scales",
    "test_access_lab",
    "test_writer",
    "test_exports",
    "test_environment",
    "09_time_limits",
    "03_jackpots",
    "test_cli",
]


def group_of(item: pytest.Item) -> str:
    """Which tests a test must not be parted from: those of its lesson, or else those of its file.

    A lesson is executed once in a process, for all its tests. The tests of a file share fixtures, and clocks
    and ports do not meet those of the same file. Doctests are quick: they are one group.
    """
    if isinstance(item, pytest.DoctestItem):
        return "doctests"
    params = item.callspec.params if hasattr(item, "callspec") else {}
    if params.get("name") in LESSONS.values():
        return params["name"]
    topic = item.path.stem.removeprefix("test_")
    if item.path.parent.name == "lessons" and topic in LESSONS:
        return LESSONS[topic]
    return item.path.stem


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name the groups of parallel runs, and start with the longest."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(
                f"the name of {item.nodeid} differs from process to process; give it an id"
            )
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    if hasattr(config, "workerinput"):
        places = {group: place for place, group in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(group_of(item), len(LONGEST)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """After a parallel run say how long its longest groups took, for the list above."""
    seconds = Counter()
    for report in (each for kind in terminalreporter.stats.values() for each in kind):
        _, at, group = getattr(report, "nodeid", "").rpartition("@")  # which pytest-xdist adds
        if at and hasattr(report, "duration"):
            seconds[group] += report.duration
    if seconds:
        longest = ", ".join(f"{group} {taken:.0f}" for group, taken in seconds.most_common(30))
        terminalreporter.write_line(f"seconds by group: {longest}; all {seconds.total():.0f}")


@pytest.fixture(scope="session")
def kernel():
    """A function that runs a cell in a real kernel and gives back what the notebook would show.

    What is shown is a list of pairs, (message type, content), in order.
    """
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)

    def run(cell):
        shown = []
        client.execute_interactive(
            cell,
            timeout=60,
            output_hook=lambda message: shown.append((message["msg_type"], message["content"])),
        )
        return [each for each in shown if each[0] in ("stream", "display_data", "execute_result", "error")]

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def missing(what):
    """Skip, but not where everything must be tested."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is set")
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests of a process: Playwright does not start twice in one."""
    if CHROMIUM is None:
        missing("no Chromium on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True, scope="session")
def patient_checks():
    """Give answers and the search for a cause more time than a learner has: tests run side by side."""
    from course.checks import causes, engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(causes, "PATIENCE", 3.0)
        patch.setattr(engine, "SECONDS", 10.0)
        yield

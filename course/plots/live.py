"""A figure that is drawn again and again while something runs."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from matplotlib.axes import Axes

from course.arrays import number
from course.studies import quick

QUICK = 2  # updates of `watch` with COURSE_QUICK=1


def live(updates: Iterable[Any], draw: Callable[[list], Axes], *, every: float = 0.5) -> Iterator[Any]:
    """Pass updates on, and show `draw(all so far)` in one place that changes while they come.

    An interrupt (the stop button, Ctrl-C) ends it quietly: what was learned so far is kept.

    Args:
        updates: of a training run.
        draw: a figure made of the list of updates so far.
        every: seconds between two pictures.
    """
    from IPython.display import Pretty, display

    # The first update of a large game takes seconds, and nobody likes to look at nothing.
    place = display(Pretty("The first update is on its way."), display_id=True)
    history = []
    last = 0.0
    try:
        for update in updates:
            history.append(update)
            if time.perf_counter() - last > every:
                place = _shown(draw(history), place, display)
                last = time.perf_counter()
            yield update
    except KeyboardInterrupt:
        kept = (
            "The agent of the last update is kept." if history else "Nothing was learned yet: run it again."
        )
        print(f"Stopped. {kept}")
    finally:
        if history:
            _shown(draw(history), place, display)


def watch(
    updates: Iterable[Any],
    draw: Callable[[list], Axes],
    *,
    minutes: float,
    goal: float,
    every: float = 3.0,
) -> list[Any]:
    """Train for some minutes, with a live picture, and return the updates.

    It stops by itself when the time is up or the goal is reached; with COURSE_QUICK=1, after two
    updates. The stop button ends it earlier. Every update holds its agent, so nothing is lost.

    Args:
        updates: of `course.train.train`.
        draw: a figure made of the list of updates so far.
        minutes: how long, above 0.
        goal: the mean score at which it is done, in points.
        every: seconds between two pictures.

    Raises:
        ValueError: if `minutes` is not above 0.
    """
    minutes = number("minutes", minutes, above=0)
    most = QUICK if quick() else None
    picture = live(_until(updates, minutes=minutes, goal=goal, most=most), draw, every=every)
    taken: list[Any] = []
    try:
        for update in picture:
            taken.append(update)  # noqa: PERF402 - each is kept as soon as it is there
    except KeyboardInterrupt:  # between two updates
        picture.close()
    return taken


def _until(updates: Iterable[Any], *, minutes: float, goal: float, most: int | None) -> Iterator[Any]:
    for update in updates:
        yield update
        late = update.seconds >= 60 * minutes
        done = update.score >= goal
        if late or done or update.number == most:
            return


def _shown(ax: Axes, place: Any, display: Callable) -> Any:
    """Show a figure where the last one is; the first time, make that place."""
    if place is None:
        return display(ax, display_id=True)
    place.update(ax)
    return place

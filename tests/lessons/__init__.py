"""What a lesson says and what its cells gave, for tests that hold the two together.

The prose is that of the source. The outputs are those of the built solution: that they still come out is
tested by nbval, except in cells tagged nbval-ignore-output, whose numbers need a test of their own. The
variables are what the cells leave behind when nbval executes them.
"""

import functools
import json
import re
import string
from pathlib import Path

import pytest

from course.authoring.stamps import ROOT
from tests.lessons.execution import Execution, execute
from tests.lessons.startup import SHORT_TRAINING


def path(topic: str, suffix: str) -> Path:
    """The file in solutions of a lesson, by its topic: `path("gae", ".py")`."""
    (found,) = (ROOT / "solutions").glob(f"[0-9][0-9]_{topic}{suffix}")
    return found


def cells(lesson: str) -> list[dict]:
    """The cells of the built solution of lesson "02"."""
    return json.loads(path(lesson, ".ipynb").read_text(encoding="utf-8"))["cells"]


def outputs(lesson: str) -> str:
    """All that the cells gave, in words: printed, returned, and the alt text of figures."""
    texts = []
    for cell in cells(lesson):
        for output in cell.get("outputs", []):
            text = output.get("text", output.get("data", {}).get("text/plain", ""))
            texts.append("".join(text))
    return "\n".join(texts)


@functools.cache
def executed(lesson: str) -> Execution:
    """The solution run once more by nbval, once for all tests of a process."""
    # What CartPole's trainings gave is compared with nothing, as it differs from machine to machine, and the
    # tests of these lessons train for themselves.
    first = [SHORT_TRAINING] * (lesson in ("actor_critic", "ppo"))
    return execute(path(lesson, ".ipynb"), *first)


def variables(lesson: str) -> dict:
    """What the lesson's cells leave behind; under "shown" what each gave, under "explorers" the widgets."""
    run = executed(lesson)
    if not run.names or "Cell execution caused an exception" in run.report:
        pytest.fail(f"lesson {lesson} could not be run:\n{run.report[-3_000:]}")
    return {**run.names, "shown": run.shown, "explorers": run.explorers}


@functools.cache
def prose(lesson: str) -> str:
    """All the text that is not code, each run of white space one blank, as it is in the source."""
    source = path(lesson, ".py").read_text(encoding="utf-8")
    texts = re.findall(r"^# %% \[markdown\][^\n]*\n(.*?)(?=^# %%|\Z)", source, re.M | re.S)
    return " ".join(re.sub(r"^# ?", "", "\n".join(texts), flags=re.M).split())


def says(lesson: str, sentence: str, *numbers: object, **named: object) -> None:
    """Hold the lesson to a sentence made from numbers: `says("03", "a mean of {:.1f}", rewards.mean())`.

    `sentence` is a format string (a brace of LaTeX is doubled), so a number that was measured anew changes
    what the lesson has to say.
    """
    wanted = sentence.format(*numbers, **named)
    if wanted not in prose(lesson):
        pytest.fail(f"lesson {lesson} does not say {wanted!r}; {_instead(prose(lesson), sentence)}")


def in_words(count: float) -> str:
    """A small count as prose writes it: 6.1 is "six"."""
    names = "zero one two three four five six seven eight nine ten eleven twelve"
    return names.split()[round(count)]


def _instead(text: str, sentence: str) -> str:
    """What stands in the text where the numbers of the sentence should."""
    parts = [(re.escape(words), field) for words, field, *_ in string.Formatter().parse(sentence)]
    pattern = "".join(words + (r"(\S*[^\s.,;:])" if field is not None else "") for words, field in parts)
    found = re.search(pattern, text)
    return f"it says {found[0]!r}" if found else "nor anything like it with other numbers"

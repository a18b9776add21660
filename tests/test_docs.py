"""What the documents name is there: files, folders, modules, and what stands in them."""

import importlib
import re
from pathlib import Path

import pytest

import course

ROOT = Path(course.__file__).parent.parent
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "course").rglob("*.md"),
        *(ROOT / "solutions").glob("*.py"),
    ]
)
EVERY_DOCUMENT = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def missing(text):
    """Files and names of the project that a text gives and that are not there."""
    for name in re.findall(r"\b(?:course|tests|docs|solutions|notebooks)/[\w/.]*\w", text):
        if not re.search("NN|TOPIC", name) and not (ROOT / name).exists():
            yield name
    for name in re.findall(r"`(course(?:\.\w+)+)`", text):
        if not there(name):
            yield name


def there(name):
    """Whether a dotted name is a module or stands in one."""
    module, _, last = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return bool(module) and there(module) and hasattr(importlib.import_module(module), last)
    return True


@EVERY_DOCUMENT
def test_a_document_names_what_is_there(path):
    assert list(missing(path.read_text(encoding="utf-8"))) == []


def test_a_name_that_is_gone_would_be_found():
    text = (
        "`course.validate`, `course.arrays.finite`, `course.arrays.gone`; course/scores.py, docs/notation.md"
    )
    assert list(missing(text)) == ["course/scores.py", "course.validate", "course.arrays.gone"]

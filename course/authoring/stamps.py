"""Is a built notebook older than its source? Answered by hashes alone, so it takes no time.

Each built notebook carries two hashes: of its source and the builder, and of its own content. The first
tells that the source has changed since, the second that somebody has edited the notebook by hand.
"""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAMP = "advantage"


def sources() -> list[Path]:
    """The source of every lesson, in order."""
    return sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py"))


def stale(source: Path) -> list[str]:
    """Sentences that say what is not up to date with `source`; empty if nothing."""
    complaints = []
    for folder in ("notebooks", "solutions"):
        path = ROOT / folder / f"{source.stem}.ipynb"
        name = f"{folder}/{path.name}"

        try:
            notebook = json.loads(path.read_text(encoding="utf-8"))
            stamp = dict(notebook["metadata"][STAMP])
            content = content_hash(notebook)
        except FileNotFoundError:
            complaints.append(f"{name} is missing")
        except (ValueError, KeyError, TypeError):
            complaints.append(f"{name} was not made by the builder")
        else:
            if stamp.get("source") != source_hash(source):
                complaints.append(f"{name} is older than its source or the builder")
            elif stamp.get("content") != content:
                complaints.append(f"{name} was edited by hand")
    return complaints


def orphans() -> list[str]:
    """Sentences that name the notebooks whose source is gone."""
    have = {source.stem for source in sources()}
    built = sorted(path for folder in ("notebooks", "solutions") for path in (ROOT / folder).glob("*.ipynb"))
    return [f"{path.parent.name}/{path.name} has no source" for path in built if path.stem not in have]


def source_hash(source: Path) -> str:
    """Of the lesson's source and of the builder, which is all of this package."""
    builder = sorted(Path(__file__).parent.glob("*.py"))
    text = "\0".join(path.read_text(encoding="utf-8") for path in [source, *builder])
    return hashlib.sha256(text.encode()).hexdigest()[:16]  # whatever the line endings of the checkout


def content_hash(notebook: dict) -> str:
    """Of all that is in the notebook but the stamp itself."""
    metadata = {key: value for key, value in notebook["metadata"].items() if key != STAMP}
    text = json.dumps([notebook["cells"], metadata], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

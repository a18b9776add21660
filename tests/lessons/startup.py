"""What a kernel of the tests does before its first cell."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# torch loads its compiler with the first optimizer: more than a second in every kernel, and the course
# compiles nothing. This stands in for it; whoever asks for anything else gets the real one.
NO_COMPILER = """\
import importlib
import sys
import types


def real(name):
    if name.startswith("__"):
        raise AttributeError(name)
    del sys.modules["torch._dynamo"]
    return getattr(importlib.import_module("torch._dynamo"), name)


stand_in = types.ModuleType("torch._dynamo")
stand_in.disable = lambda fn, recursive=True, **_: fn
stand_in.graph_break = lambda *args, **_: None
stand_in.__getattr__ = real
sys.modules["torch._dynamo"] = stand_in
"""
# For whoever wants to see that a training runs, and not how far it comes.
SHORT_TRAINING = """\
from dataclasses import replace

import course.train


def short_train(env, config, *, train=course.train.train, **kwargs):
    return train(env, replace(config, env_steps=min(config.env_steps, 5_000)), **kwargs)


course.train.train = short_train
"""


@contextmanager
def starting_with(*parts: str) -> Iterator[str]:
    """A folder for IPYTHONDIR, in which a kernel finds what it runs first; its names stay there."""
    with tempfile.TemporaryDirectory() as folder:
        startup = Path(folder, "profile_default", "startup")
        startup.mkdir(parents=True)
        text = "\n".join((NO_COMPILER, *parts))
        (startup / "first.py").write_text(f"exec({text!r}, {{}})\n", encoding="utf-8")
        yield folder

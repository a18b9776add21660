"""The process that answers one exercise: it runs the learner's statements, then calls the answer when asked.

Everything in here shares its process with the learner's code, which may change all of it. That helps nobody:
the right numbers are not in here, and an answer counts by its numbers alone.
"""

import ast
import builtins
import contextlib
import linecache
import sys
import types
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np

from course.grading.inside import wire
from course.grading.inside.notebook import Cell
from course.grading.inside.pretended import HARMLESS
from course.grading.inside.selection import FLAGS, Selection, Step, file_of, select

Ask = Callable[[], dict[str, Any] | None]  # waits for the next request; None at the end
Reply = Callable[[dict[str, Any], dict[str, Any]], None]  # answers a request

DEEPEST = 1_000  # calls inside each other, as in `course.checks.running`


class AsksForInput(Exception):
    """The answer asks for `input()`, where nobody types."""


class NotThere(Exception):
    """The answer gives back something of the course that is only pretended."""


def _nobody_types(*_: object) -> str:
    raise AsksForInput


class Desk:
    """Where one exercise is answered."""

    def __init__(self) -> None:
        """Nothing is there yet."""
        self.answer: Any = None
        self.made: dict[int, Any] = {}  # agents and optimizers, which live from call to call
        self.leaves: list[Any] = []  # tensors of the last call that ask for a gradient
        self.results: list[Any] = []  # tensors that the last call gave back with a gradient

    def prepare(self, exercise: str, cells: Sequence[Cell], exercises: Collection[str]) -> dict[str, Any]:
        """Run the statements that count, and say what is bound to the exercise's name.

        Args:
            exercise: its name.
            cells: of the notebook.
            exercises: the names of all.
        """
        builtins.input = _nobody_types
        sys.setrecursionlimit(DEEPEST + 20)
        selection = select(exercise, cells, exercises)
        for number, cell in enumerate(cells):  # for `inspect`, and through it for torch.jit
            lines = cell.source.splitlines(keepends=True)
            linecache.cache[file_of(number)] = (len(cell.source), None, lines, file_of(number))
        notebook = _Notebook(selection)
        with _usual():
            raised = notebook.run()

        self.answer = notebook.names.get(exercise)
        return {
            "own": selection.own,
            "broken": selection.broken,
            "stub": selection.stub and self.answer is None,
            "bound": self.answer is not None,
            "callable": callable(self.answer),
            "failed": raised,
        }

    def serve(self, ask: Ask, reply: Reply) -> None:
        """Answer requests until there are no more."""
        doing = {"call": self.call, "gradient": self.gradient}
        while (request := ask()) is not None:
            try:
                said = doing[request["do"]](request)
            except (AsksForInput, NotThere, wire.TooMuch) as error:
                said = {"raised": type(error).__name__}
            except BaseException as error:
                said = {"raised": wire.known_error(error)}
            reply(request, said)

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """Call the answer, and say what came back and which of the arguments have changed."""
        self.leaves = []
        self.results = []
        args = [wire.decode(coded, self._made) for coded in request["args"]]
        kwargs = {name: wire.decode(coded, self._made) for name, coded in request["kwargs"].items()}
        given = {str(nth): value for nth, value in enumerate(args)} | kwargs
        before = {name: _copied(value) for name, value in given.items()}

        with _usual():
            value = self.answer(*args, **kwargs)
            if value is HARMLESS:
                raise NotThere
            coded = wire.encode(value, self._result)
        after = {
            name: wire.encode(value) for name, value in given.items() if _has_changed(value, before[name])
        }
        return {"value": coded, "after": after, "agents": self._parameters()}

    def gradient(self, request: dict[str, Any]) -> dict[str, Any]:
        """The gradients of one of the last call's results in all tensors that were given."""
        import torch

        result = self.results[request["result"]]
        backwards = wire.decode(request["backwards"])
        with _usual():
            found = torch.autograd.grad(
                result, self.leaves, backwards.to(result.dtype), retain_graph=True, allow_unused=True
            )
        return {"gradients": [None if each is None else wire.encode_tensor(each) for each in found]}

    def _made(self, coded: dict[str, Any]) -> Any:
        """What is more than a value: a tensor that asks for a gradient, an agent, an optimizer."""
        if coded["is"] == "tensor" and coded["gradient"]:
            leaf = wire.decode({**coded, "gradient": False}).requires_grad_()
            self.leaves.append(leaf)
            return leaf * 1  # may be worked on in place, which torch forbids where it keeps a gradient
        if coded["is"] not in ("agent", "optimizer"):
            return None

        handle = coded["handle"]
        if handle not in self.made:
            self.made[handle] = _agent(coded) if coded["is"] == "agent" else self._optimizer(coded)
        return self.made[handle]

    def _optimizer(self, coded: dict[str, Any]) -> Any:
        import torch

        kind = getattr(torch.optim, coded["kind"])
        return kind(self.made[coded["agent"]].parameters(), lr=coded["lr"])

    def _result(self, value: Any) -> dict[str, Any] | None:
        if not wire.is_tensor(value):
            return None
        coded = wire.encode_tensor(value)
        if coded.get("gradient"):
            coded["result"] = len(self.results)
            self.results.append(value)
        return coded

    def _parameters(self) -> dict[str, Any]:
        return {
            str(handle): {name: wire.encode_tensor(each) for name, each in made.named_parameters()}
            for handle, made in self.made.items()
            if hasattr(made, "named_parameters")
        }


def _agent(coded: dict[str, Any]) -> Any:
    """An actor and a critic of one layer each, of plain torch."""
    import torch
    from torch import nn

    class Agent(nn.Module):
        def forward(self, obs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return torch.log_softmax(self.actor(obs), dim=-1), self.critic(obs).squeeze(-1)

    made = Agent()
    parameters = {name: wire.decode(each) for name, each in coded["parameters"].items()}
    for part in ("actor", "critic"):
        weight = parameters[f"{part}.weight"]
        made.add_module(part, nn.Linear(weight.shape[1], weight.shape[0]))
    made.load_state_dict(parameters)
    return made


class _Notebook:
    """The names of a notebook of which only the statements that count have run."""

    def __init__(self, selection: Selection) -> None:
        self.steps = selection.steps
        self.bound: set[str] = set()
        module = types.ModuleType("__main__")  # where dataclasses look for the module of a class
        sys.modules["__main__"] = module
        self.names = module.__dict__
        self.names.update(np=np, display=HARMLESS, get_ipython=HARMLESS)
        if "torch" in sys.modules:
            self.names["torch"] = sys.modules["torch"]

    def run(self) -> str:
        """Run all; what raises is skipped, and tried once more when everything else is there.

        Returns:
            What the exercise's own cells raised at last, by the name of the nearest built-in type.
        """
        failed = [step for step in self.steps if self._raised_by(step)]
        raised = ""
        for step in failed:
            again = self._raised_by(step)
            if step.place == 0 and again:
                raised = again
        return raised

    def _raised_by(self, step: Step) -> str:
        """Run a statement; below the exercise's own cells it may add names, but rebind none."""
        kept = {name: self.names[name] for name in step.binds & self.bound if name in self.names}
        if step.place > 0 and kept and kept.keys() == step.binds:
            return ""
        try:
            program = ast.Module([step.statement], type_ignores=[])
            exec(compile(program, step.file, "exec", FLAGS, dont_inherit=True), self.names)
        except BaseException as error:  # SystemExit and KeyboardInterrupt too
            return wire.known_error(error)
        finally:
            if step.place > 0:
                self.names.update(kept)
        self.bound |= step.binds
        return ""


def _copied(value: Any) -> Any:
    """What a changed argument is compared with; nothing where no change is seen."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if wire.is_tensor(value) and not value.requires_grad:
        return value.clone()
    return None


def _has_changed(value: Any, before: Any) -> bool:
    if before is None:
        return False
    if isinstance(value, np.ndarray):
        return value.shape != before.shape or value.tobytes() != before.tobytes()
    return value.shape != before.shape or bool((value != before).any())


@contextlib.contextmanager
def _usual() -> Iterator[None]:
    """Usual surroundings, whatever the notebook has set: as in `course.checks.running`."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), _usual_torch():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _usual_torch() -> Iterator[None]:
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    with torch.inference_mode(False), torch.enable_grad():
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
        yield

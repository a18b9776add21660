"""An answer that lives in a sandbox, as a function to call: values go in, values come out.

It takes what the cases of the course are made of: numbers, text, lists, arrays, tensors, a small agent and
its optimizer. A gradient that is asked for on this side is found on the other. What the answer changes in
place is changed here too.
"""

import builtins
from typing import Any

import numpy as np

from course.checks.exercise import Odd
from course.checks.limits import TimeLimit
from course.checks.running import AsksForInput
from course.grading.inside import wire
from course.grading.sandbox import Died, Ended, Message, Nonsense, Sandbox, TooLate

DIED = "Your code ended the whole process in which it was graded."
OWN_WORDS = {
    "TooMuch": "Your code gave back far more numbers than there are in any answer.",
    "NotThere": "Your function gives back something of the course that is not there when it is graded. Of "
    "the library, only the exercises of earlier lessons are.",
}
SLOW = ("MemoryError", "TooMuch")  # it takes seconds to get there, and would again on every case
NO_REPLY = "What came back from the process that was grading your code is no answer to what was asked."


class Answer:
    """A learner's function in a sandbox."""

    def __init__(self, sandbox: Sandbox, *, deadline: float, seconds: float, cpu_seconds: float) -> None:
        """The function that the sandbox is told to prepare next, and the limits of its exercise."""
        self.sandbox = sandbox
        self.deadline = deadline  # on the clock of `time.monotonic`
        self.seconds = seconds
        self.cpu_seconds = cpu_seconds

        self.gone = False  # whether the function's process is of no more use
        self.lost = False  # and that not because its time was up
        self.raised: BaseException | None = None  # by the function, when it was called last
        self.unsent = ""  # the type of an argument that cannot be sent: an error of the course
        self.handles: dict[int, tuple[int, Any]] = {}  # id of an agent or optimizer -> its number, and itself

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function.

        Raises:
            Exception: what the function raises, as the nearest built-in type and without its message, which
                could tell what the hidden cases are.
            TimeLimit: if its time is up.
            Odd: if its process is gone, or what came back makes no sense.
        """
        request = {
            "do": "call",
            "args": [wire.encode(value, self._more_than_a_value) for value in args],
            "kwargs": {name: wire.encode(value, self._more_than_a_value) for name, value in kwargs.items()},
        }
        reply = self.ask(request)

        given = {str(nth): value for nth, value in enumerate(args)} | kwargs
        leaves = [value for value in given.values() if wire.is_tensor(value) and value.requires_grad]
        try:
            self._change(given, reply)
            return wire.decode(reply["value"], lambda coded: self._with_gradient(coded, leaves))
        except Exception:  # the reply has none of these, or something else in their place
            raise self._lost(NO_REPLY) from None

    def ask(self, request: Message) -> Message:
        """Ask the process in which the function lives; raises as a call does."""
        if self.gone:
            raise Odd(DIED)
        try:
            reply = self.sandbox.ask(request, deadline=self.deadline)
        except TooLate:
            self.gone = True
            raise TimeLimit(self.seconds) from None
        except Died as death:
            if death.cpu_seconds > self.cpu_seconds - 0.5:
                self.gone = True
                raise TimeLimit(self.cpu_seconds) from None
            raise self._lost(DIED) from None
        except Ended:
            raise self._lost(DIED) from None
        except Nonsense:
            raise self._lost(NO_REPLY) from None

        if "raised" in reply:
            self.raised = _error(reply["raised"])
            self.gone = self.gone or reply["raised"] in SLOW
            raise self.raised
        return reply

    def gradients(self, result: int, backwards: Any) -> list[Any]:
        """The gradients of a result of the last call in all tensors that were given and asked for one."""
        reply = self.ask({"do": "gradient", "result": result, "backwards": wire.encode(backwards)})
        try:
            return [None if each is None else wire.decode(each) for each in reply["gradients"]]
        except Exception:  # as above
            raise self._lost(NO_REPLY) from None

    def _lost(self, why: str) -> Odd:
        self.gone = True
        self.lost = True
        return Odd(why)

    def _more_than_a_value(self, value: Any) -> Message | None:
        """An agent or an optimizer, which the process keeps from call to call."""
        if hasattr(value, "named_parameters"):
            parameters = {name: wire.encode_tensor(each) for name, each in value.named_parameters()}
            return {"is": "agent", "handle": self._handle(value), "parameters": parameters}

        if hasattr(value, "param_groups"):
            group = value.param_groups[0]
            agents = [each for _, each in self.handles.values() if hasattr(each, "parameters")]
            agent = next(each for each in agents if next(each.parameters()) is group["params"][0])
            return {
                "is": "optimizer",
                "handle": self._handle(value),
                "kind": type(value).__name__,
                "lr": group["lr"],
                "agent": self._handle(agent),
            }

        if not (isinstance(value, SENT) or wire.is_tensor(value)):
            self.unsent = type(value).__name__
        return None

    def _handle(self, thing: Any) -> int:
        return self.handles.setdefault(id(thing), (len(self.handles), thing))[0]

    def _change(self, given: dict[str, Any], reply: Message) -> None:
        """Change on this side what the function has changed in place on the other."""
        for name, coded in reply["after"].items():
            changed = wire.decode(coded)
            if isinstance(given[name], np.ndarray):
                np.copyto(given[name], changed)
            else:
                given[name].copy_(changed)
        for handle, parameters in reply["agents"].items():
            agent = next(thing for number, thing in self.handles.values() if number == int(handle))
            for name, each in agent.named_parameters():
                each.data.copy_(wire.decode(parameters[name]))

    def _with_gradient(self, coded: Message, leaves: list[Any]) -> Any:
        """A tensor through which a gradient flows; None for anything else."""
        if coded["is"] != "tensor" or not coded["gradient"]:
            return None
        value = wire.decode(coded)
        if not leaves:
            return value.requires_grad_()
        return _joined(self, int(coded["result"]), value, leaves)


SENT = (bool, int, float, str, type(None), list, tuple, dict, np.ndarray, np.generic)


def _joined(answer: Answer, result: int, value: Any, leaves: list[Any]) -> Any:
    """The value as something that was made of the leaves, in the eyes of torch."""
    import torch

    class Elsewhere(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, value: Any, *leaves: Any) -> Any:
            return value.clone()

        @staticmethod
        def backward(context: Any, backwards: Any) -> tuple:
            return None, *answer.gradients(result, backwards)

    return Elsewhere.apply(value, *leaves)


def _error(name: Any) -> BaseException:
    """A new exception of this name, or of the nearest parent that needs no arguments."""
    if name == "AsksForInput":
        return AsksForInput()
    if name in OWN_WORDS:
        return Odd(OWN_WORDS[name])
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        return Odd(NO_REPLY)
    for parent in kind.__mro__:
        try:
            return parent()
        except TypeError:
            continue
    return Exception()

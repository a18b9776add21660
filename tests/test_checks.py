import collections
import contextlib
import copy
import dataclasses
import functools
import html
import inspect
import os
import re
import signal
import subprocess
import sys
import threading
import time
import types
import warnings

import numpy as np
import pytest
import torch

from course import check, use
from course.checks import CheckFailed, NotAttempted, causes, engine, exercises, judge
from course.checks.engine import BrokenExercise, Case, Exercise, examine
from course.checks.limits import TimeLimit, time_limit
from course.checks.mutants import mutant
from course.checks.panel import Panel

EXERCISES = exercises()
SEEDS = range(2)
EVERY = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
# An update gives nothing back: it is judged by the parameters, and what it returns is not looked at.
THAT_RETURN = pytest.mark.parametrize(
    "exercise",
    [each for each in EXERCISES if each.name != "actor_critic_update"],
    ids=lambda exercise: exercise.name,
)
MIN_MAX = next(exercise for exercise in EXERCISES if exercise.name == "min_max")
WRITES_A_NEW_TABLE = ("td_update",)  # the only exercise in which the argument must not be changed


def right_answers(exercise, *, seed=0):
    """What the reference gives in each case of a seed; a refusal stands as the error itself."""
    answers = []

    def listening(*args, **kwargs):
        try:
            answers.append(exercise.reference(*args, **kwargs))
        except ValueError as refusal:
            answers.append(refusal)
            raise
        return answers[-1]

    judge(exercise.name, listening, seed=seed)
    return answers


def is_tensor(thing):
    return hasattr(thing, "requires_grad")


def is_a_loss(thing):
    return is_tensor(thing) and not thing.ndim


def those(kind):
    """The exercises whose first answer is of that kind."""
    chosen = [each for each in EXERCISES if all(map(kind, right_answers(each)[:1]))]
    return pytest.mark.parametrize("exercise", chosen, ids=lambda exercise: exercise.name)


def named(f, name):
    """`f` under the name of an exercise, as `check` and `use` want it."""

    @functools.wraps(f)
    def answer(*args, **kwargs):
        return f(*args, **kwargs)

    answer.__name__ = name
    return answer


def mapped(change, result):
    """The same answer in another type; tensors are left alone, a loss has to be one."""
    if isinstance(result, tuple):
        return tuple(mapped(change, part) for part in result)
    return result if is_tensor(result) else change(result)


def quietly_judged(name, f):
    """A verdict; should anything escape, this test fails, and pytest itself is not ended by it."""
    try:
        return judge(name, f, seed=0)
    except BaseException as error:
        raise AssertionError(f"{type(error).__name__} escaped from judge") from None


def raises(error):
    def answer(*args, **kwargs):
        raise error

    return answer


def gives(thing):
    return lambda *args, **kwargs: thing


# A small exercise, to show what the panel says about any of them


def doubled_cases(rng):
    return [
        Case("three numbers", (np.array([1.0, 2.0, -4.0]),)),
        Case("one number", (np.array([3.0]),)),
        Case("no number: refuses", (np.array([]),), refuses=True),
        *(Case("4 random arrays", (rng.normal(size=5),)) for _ in range(4)),
    ]


def reference_doubled(x):
    if not len(x):
        raise ValueError("x must hold at least one number")
    return 2 * x


DOUBLED = Exercise(
    name="doubled",
    lesson="99",
    points=1,
    reference=reference_doubled,
    cases=doubled_cases,
    mistakes=(("That is the square.", lambda x: x**2), ("That is x itself.", lambda x: x)),
)


def report(f):
    return examine(DOUBLED, f, seed=0)


# Every exercise


@functools.cache
def on_a_mistake(name, nth):
    """(what is said of a known mistake, seconds of processor time), for seed 0: two tests look at it."""
    exercise = next(each for each in EXERCISES if each.name == name)
    began = time.process_time()
    said = examine(exercise, exercise.mistakes[nth][1], seed=0)
    return said, time.process_time() - began


def test_names_are_unique_and_every_exercise_is_complete():
    names = [exercise.name for exercise in EXERCISES]
    assert len(set(names)) == len(names)
    assert {"min_max", "running_mean_var", "orders_of_magnitude", "human_normalized"} <= set(names)
    for exercise in EXERCISES:
        assert re.fullmatch(r"\d\d", exercise.lesson)
        assert exercise.points >= 1
        assert exercise.reference.__name__ == exercise.name
    assert [exercise.lesson for exercise in EXERCISES] == sorted(exercise.lesson for exercise in EXERCISES)


@EVERY
def test_the_reference_passes(exercise, capsys):
    for seed in SEEDS:
        began = time.process_time()
        verdict = judge(exercise.name, exercise.reference, seed=seed)
        assert time.process_time() - began < 2
        assert verdict.passed, verdict.message
        assert verdict.cause == ""
    assert check(exercise.reference) is None
    assert capsys.readouterr().out.startswith(f"✔ {exercise.name}: right\n  Tried: ")


@EVERY
def test_each_known_mistake_is_refused_with_its_own_sentence(exercise):
    for nth, (sentence, wrong) in enumerate(exercise.mistakes):
        said, seconds = on_a_mistake(exercise.name, nth)
        assert seconds < 2
        assert said.cause == sentence

        for seed in SEEDS[1:]:
            verdict = judge(exercise.name, wrong, seed=seed)
            assert not verdict.passed, sentence
            assert verdict.cause == sentence, f"seed {seed}"
            assert sentence in verdict.message


@EVERY
def test_sentences_are_distinct_and_enough(exercise):
    sentences = [sentence for sentence, _ in exercise.mistakes]
    assert len(set(sentences)) == len(sentences) >= (10 if exercise.name == "gae" else 5)
    for sentence in sentences:
        assert sentence == sentence.strip()
        assert "\n" not in sentence
        assert sentence[-1] in ".?!"


WRONG_KINDS = {
    "None": gives(None),
    "text": gives("half"),
    "bytes": gives(b"1"),
    "a dict": gives({"mean": 1.0}),
    "an object": gives(object()),
    "a function": gives(len),
    "an exception": gives(ValueError("returned, not raised")),
    "nothing": gives([]),
    "one number": gives(0.123456789),
    "NaN": gives(float("nan")),
    "complex": gives(1j),
    "too large for a float": gives(10**400),
    "an array of text": gives(np.array(["a", "b"])),
    "a ragged list": gives([[1.0], [1.0, 2.0]]),
    "too many numbers": gives((1.0, 2.0, 3.0, 4.0, 5.0)),
    "a large array": gives(np.zeros((7, 5, 3))),
}


@EVERY
@pytest.mark.parametrize("kind", WRONG_KINDS)
def test_a_wrong_kind_of_answer_is_refused_with_a_cause_within_two_seconds(exercise, kind):
    began = time.process_time()
    verdict = judge(exercise.name, WRONG_KINDS[kind], seed=0)
    assert time.process_time() - began < 2  # known mistakes are timed where they are named
    assert not verdict.passed
    assert verdict.cause
    assert "\n" not in verdict.cause


@THAT_RETURN
def test_the_right_numbers_in_the_wrong_packing_are_refused_with_a_cause(exercise):
    def generator(*args, **kwargs):
        result = exercise.reference(*args, **kwargs)
        yield from result if np.ndim(result) or isinstance(result, tuple) else [result]

    packings = {
        "a generator": generator,
        "a dict": lambda *a, **k: {"answer": exercise.reference(*a, **k)},
        "text": lambda *a, **k: str(exercise.reference(*a, **k)),
        "one axis too many": lambda *a, **k: [exercise.reference(*a, **k)],
        "a second answer": lambda *a, **k: (exercise.reference(*a, **k), 0.0),
    }
    for packing, answer in packings.items():
        verdict = judge(exercise.name, answer, seed=0)
        assert not verdict.passed, packing
        assert verdict.cause, packing


@those(lambda answer: isinstance(answer, tuple))
def test_a_part_too_few_or_too_many_is_counted(exercise):
    wanted = len(right_answers(exercise)[0])
    for change, got in ((lambda parts: parts[:-1], wanted - 1), (lambda parts: (*parts, 1.0), wanted + 1)):
        verdict = judge(exercise.name, lambda *a, c=change, **k: c(exercise.reference(*a, **k)), seed=0)
        assert not verdict.passed
        assert f"Returned {got} things" in verdict.cause


@EVERY
def test_an_untouched_stub_is_still_to_do(exercise, capsys):
    stub = named(raises(NotImplementedError()), exercise.name)
    verdict = judge(exercise.name, stub, seed=0)
    assert not verdict.passed
    assert verdict.cause == f"{exercise.name} is still to do."
    with pytest.raises(NotAttempted) as raised:
        check(stub)
    assert str(raised.value) == verdict.cause
    assert not isinstance(raised.value, AssertionError)
    assert "still to do" in capsys.readouterr().out


@EVERY
def test_lists_and_float32_pass(exercise):
    def as_list(x):
        return np.asarray(x, float).tolist()

    for change in (as_list, np.float32, lambda x: np.float64(x) * (1 + 1e-7), lambda x: np.longdouble(x)):
        answer = lambda *a, change=change, **k: mapped(change, exercise.reference(*a, **k))  # noqa: E731
        verdict = judge(exercise.name, answer, seed=0)
        assert verdict.passed, verdict.message


@THAT_RETURN
def test_an_answer_that_is_slightly_off_is_refused(exercise):
    def off(x):
        return np.asarray(x, float) * (1 + 1e-3)

    def answer(*args, **kwargs):
        result = exercise.reference(*args, **kwargs)
        return result * (1 + 1e-3) if is_tensor(result) else mapped(off, result)

    assert not judge(exercise.name, answer, seed=0).passed


def damaging(f):
    """`f`, but it overwrites every array and tensor that it was given before it returns."""

    def answer(*args, **kwargs):
        mine = [a.clone() if is_tensor(a) else copy.deepcopy(a) for a in args]
        named_ones = {k: a.clone() if is_tensor(a) else copy.deepcopy(a) for k, a in kwargs.items()}
        try:
            return f(*mine, **named_ones)
        finally:
            for given in (*args, *kwargs.values()):
                if is_tensor(given):
                    given.data.fill_(7)
                elif isinstance(given, np.ndarray) and given.ndim:
                    given[...] = 7

    return answer


@THAT_RETURN
def test_an_answer_may_work_in_place(exercise):
    verdict = judge(exercise.name, damaging(exercise.reference), seed=0)
    assert verdict.passed == (exercise.name not in WRITES_A_NEW_TABLE), verdict.message


@those(is_a_loss)
@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda loss: loss.reshape(1), "Returned a tensor of shape (1,); a loss is one number, shape ()."),
        (lambda loss: loss.detach(), "No gradient flows through the loss."),
        (lambda loss: loss.item(), "Returned float; expected a tensor"),
    ],
    ids=["one axis too many", "detached", "a float"],
)
def test_a_loss_must_be_one_tensor_with_a_gradient(exercise, change, cause):
    verdict = judge(exercise.name, lambda *a, **k: change(exercise.reference(*a, **k)), seed=0)
    # A known mistake may say the same in its own words.
    known = [sentence for sentence, _ in exercise.mistakes]
    assert verdict.cause.startswith(cause) or verdict.cause in known
    assert not verdict.passed


@those(is_tensor)
def test_an_answer_on_tensors_may_work_in_place(exercise):
    def answer(*args, **kwargs):
        # What comes out of a network can be changed in place, and so can what a check hands over.
        return exercise.reference(
            *(a.mul_(1) if is_tensor(a) and a.is_floating_point() else a for a in args), **kwargs
        )

    verdict = judge(exercise.name, answer, seed=0)
    assert verdict.passed, verdict.message


@THAT_RETURN
def test_a_wrong_answer_that_works_in_place_does_not_spoil_its_own_panel(exercise):
    for sentence, wrong in exercise.mistakes[:5]:
        verdict = judge(exercise.name, damaging(wrong), seed=0)
        if exercise.name not in WRITES_A_NEW_TABLE:
            assert verdict.message == judge(exercise.name, wrong, seed=0).message, sentence


@EVERY
def test_the_same_seed_gives_the_same_verdict_whatever_numpys_own_seed_is(exercise):
    for _, wrong in exercise.mistakes[:3]:
        np.random.seed(1)  # noqa: NPY002
        before = judge(exercise.name, wrong, seed=3)
        np.random.seed(2)  # noqa: NPY002
        assert judge(exercise.name, wrong, seed=3) == before


@THAT_RETURN
def test_answers_learned_by_heart_fail_on_another_seed(exercise):
    heart = right_answers(exercise, seed=0)

    def replaying():
        answers = iter(heart)

        def answer(*args, **kwargs):
            known = next(answers)
            if isinstance(known, ValueError):
                raise known
            return known

        return answer

    if not any(is_tensor(answer) for answer in heart):  # of a loss the gradient is asked, and it has none
        assert judge(exercise.name, replaying(), seed=0).passed
    assert not judge(exercise.name, replaying(), seed=1).passed


def said_by_a_new_process(code, **environment):
    """What a Python that has loaded nothing yet prints."""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, **environment}
    )
    return run.stdout


def test_the_first_check_of_a_numpy_exercise_is_quick_and_loads_no_torch():
    code = (
        "import sys, time; began = time.process_time(); from course import check; "
        "from course.scaling import min_max; check(min_max); "
        "print(time.process_time() - began, 'torch' in sys.modules)"
    )
    said = [said_by_a_new_process(code).split()[-2:] for _ in range(3)]
    seconds = min(float(spent) for spent, _ in said)
    print(f"\nfirst check: {seconds:.2f} s of CPU")
    assert seconds <= 0.3
    assert all(torch_loaded == b"False" for _, torch_loaded in said)


def test_no_numpy_exercise_loads_torch():
    with_torch = {
        "value_loss",
        "policy_loss",
        "normalize",
        "actor_critic_update",
        "clipped_policy_loss",
        "entropy",
        "preference_loss",
        "token_log_probs",
        "critic_loss",
        "token_loss",
        "surrogate_loss",
    }
    names = [exercise.name for exercise in EXERCISES if exercise.name not in with_torch]
    code = (
        "import sys; from course.checks import judge\n"
        f"for name in {names}: judge(name, len, seed=0); assert 'torch' not in sys.modules, name"
    )
    said_by_a_new_process(code)


@pytest.mark.parametrize("alphabet", ["cp1252", "cp437", "ascii", "latin-1", "utf-8"])
def test_a_check_can_be_printed_in_a_terminal_of_any_alphabet(alphabet):
    code = (
        "from course import check, use\n"
        "from course.checks import CheckFailed, NotAttempted\n"
        "from course.scaling import min_max as right\n"
        "check(right); use(right)\n"
        "def min_max(scores, low, high): print('\\u03bb \\U0001f600'); return scores\n"
        "try: check(min_max)\n"
        "except CheckFailed: pass\n"
        "def min_max(scores, low, high): raise NotImplementedError\n"
        "try: check(min_max)\n"
        "except NotAttempted: pass\n"
    )
    said = said_by_a_new_process(code, PYTHONIOENCODING=alphabet, LC_ALL="C").decode(alphabet)
    heads = [line for line in said.splitlines() if "min_max: " in line]
    plain = alphabet != "utf-8"
    marks = ["+", "x", "..."] if plain else ["✔", "✘", "…"]
    if alphabet == "cp1252":
        marks[2] = "…"  # it has that one, and nothing else on its panel asks for more
    words = ["right", "not yet", "still to do"]
    assert heads == [f"{mark} min_max: {word}" for mark, word in zip(marks, words, strict=True)]
    assert ("? ?" in said) == plain  # what a learner prints is shown as far as it goes


# The reference, and the surroundings in which it is right


def test_a_reference_that_fails_is_an_error_of_the_course_and_no_wanted_refusal():
    def fails_too(x):
        raise TypeError("as the reference does")

    for error in (TypeError("broken"), UnicodeError("a ValueError of another kind"), ValueError("not here")):
        broken = dataclasses.replace(DOUBLED, reference=raises(error))
        with pytest.raises(BrokenExercise, match="error of the course and not of your answer"):
            examine(broken, fails_too, seed=0)


def test_a_reference_that_answers_what_it_should_refuse_is_an_error_of_the_course():
    with pytest.raises(BrokenExercise, match="'no number: refuses' was not refused"):
        examine(dataclasses.replace(DOUBLED, reference=lambda x: 2 * x), gives(0), seed=0)


@EVERY
def test_a_case_says_that_it_refuses_where_its_reference_does_and_nowhere_else(exercise):
    for case in exercise.cases(np.random.default_rng(0)):
        assert case.refuses == case.label.endswith(": refuses"), case.label


@contextlib.contextmanager
def gradients_off():
    torch.set_grad_enabled(False)
    try:
        yield
        assert not torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)


@contextlib.contextmanager
def in_float64():
    torch.set_default_dtype(torch.float64)
    try:
        yield
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@contextlib.contextmanager
def on_meta():
    torch.set_default_device("meta")
    try:
        yield
        assert torch.get_default_device().type == "meta"
    finally:
        torch.set_default_device("cpu")


SURROUNDINGS = {
    "Gradients are switched off in this notebook: torch.set_grad_enabled(True)": gradients_off,
    "Gradients are switched off in this notebook: torch.set_grad_enabled(True) brings": torch.no_grad,
    "This runs inside torch.inference_mode()": torch.inference_mode,
    "Torch's default type is torch.float64 in this notebook: torch.set_default_dtype": in_float64,
    "Torch's default device is meta in this notebook: torch.set_default_device": on_meta,
}


@pytest.mark.parametrize("said", SURROUNDINGS)
def test_a_verdict_is_the_same_whatever_the_notebook_has_set_for_torch(said):
    answers = {exercise.name: exercise.reference for exercise in EXERCISES}
    with SURROUNDINGS[said]():
        for name, reference in answers.items():
            verdict = judge(name, reference, seed=0)
            assert verdict.passed, verdict.message
            assert said in verdict.message
        constant = judge("policy_loss", lambda log_probs, advantages: torch.tensor(42.0), seed=0)
        bare = judge("clipped_policy_loss", lambda n, o, a, *, clip: n.sum(), seed=0)
    assert not constant.passed
    assert not bare.passed
    usual = judge("clipped_policy_loss", lambda n, o, a, *, clip: n.sum(), seed=0)
    assert bare.cause == usual.cause
    assert said not in usual.message


def test_an_answer_that_switches_gradients_off_leaves_them_on():
    def switches(log_probs, advantages):
        torch.set_grad_enabled(False)
        return -(log_probs * advantages).mean()

    assert not judge("policy_loss", switches, seed=0).passed  # the minus and the mean were made without
    assert torch.is_grad_enabled()


@THAT_RETURN
def test_the_kind_that_goes_in_has_to_come_out(exercise):
    def turned(*args, **kwargs):
        result = exercise.reference(*args, **kwargs)
        if isinstance(result, tuple):
            return tuple(torch.as_tensor(part) for part in result)
        return result.detach().numpy() if is_tensor(result) else torch.as_tensor(result)

    verdict = judge(exercise.name, turned, seed=0)
    assert not verdict.passed
    known = [sentence for sentence, _ in exercise.mistakes]
    assert verdict.cause in known or "tensor" in verdict.cause


# What an answer may raise


class Hurtful(Exception):
    def __str__(self):
        raise SystemExit("even this message bites")

    __repr__ = __str__


def recursion(*args, **kwargs):
    return recursion(*args, **kwargs)


RAISED = [
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration(),
    MemoryError(),
    AssertionError(),
    Hurtful(),
    BaseException("bare"),
    CheckFailed("a check inside a check"),
    NotAttempted("a stub inside"),
    RuntimeError("two\nlines"),
]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_nothing_that_an_answer_raises_escapes(error, capsys):
    answer = named(raises(error), "min_max")
    verdict = quietly_judged("min_max", answer)
    assert not verdict.passed
    assert type(error).__name__ in verdict.cause
    assert "\n" not in verdict.cause
    assert use(answer) is MIN_MAX.reference
    with pytest.raises(CheckFailed) as raised:
        check(answer)
    assert str(raised.value) == verdict.cause


def test_a_recursion_without_end_is_named():
    verdict = judge("min_max", recursion, seed=0)
    assert verdict.cause.startswith("RecursionError: your function calls itself too deep.")


@pytest.mark.parametrize("limit", [500, 1_000, 20_000])
def test_how_deep_an_answer_may_go_is_not_for_the_notebook_to_say(limit):
    def deep(x):
        def last(t):
            return 2 * x[t] if t + 1 == len(x) else last(t + 1)

        last(0)
        return 2 * x

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        for length, passes in ((300, True), (900, True), (1_100, False)):
            long = dataclasses.replace(DOUBLED, cases=lambda _, n=length: [Case("long", (np.ones(n),))])
            said = examine(long, deep, seed=0)
            assert (said.status == "passed") == passes, (length, said.cause)
            assert sys.getrecursionlimit() == limit
    finally:
        sys.setrecursionlimit(before)
    assert "an episode may be longer: write a loop" in said.cause


class Bites:
    """An object that raises as soon as anybody asks it for anything."""

    def __init__(self, error):
        self.error = error

    def __array__(self, *args, **kwargs):
        raise self.error

    __iter__ = __len__ = __float__ = __getitem__ = __repr__ = __str__ = __array__


@EVERY
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, RecursionError, RuntimeError])
def test_nothing_that_a_returned_object_raises_escapes(exercise, error, monkeypatch):
    # The object is read once, before anybody looks for a cause: the search need not be made every time.
    if error is not RuntimeError:
        monkeypatch.setattr(causes, "PATIENCE", 0)
    for answer in (gives(Bites(error)), gives((Bites(error), 1.0, 2.0)), gives([Bites(error)])):
        verdict = quietly_judged(exercise.name, answer)
        assert not verdict.passed
        assert verdict.cause


def test_an_interrupt_ends_the_whole_check_and_not_one_call_of_many():
    # Where no alarm can ring (Windows, other threads), Ctrl-C is the only way out of a loop without end.
    calls = []

    def interrupted(*args, **kwargs):
        calls.append(args)
        raise KeyboardInterrupt

    assert not quietly_judged("min_max", interrupted).passed
    assert len(calls) == 1


def test_an_answer_that_cannot_be_read_is_called_by_its_type():
    verdict = judge("min_max", gives(Bites(RuntimeError("odd"))), seed=0)
    assert verdict.cause == "Returned a Bites; expected a number."


@pytest.mark.parametrize(
    "thing", [None, 3, "min_max", MIN_MAX], ids=["None", "a number", "text", "an exercise"]
)
def test_judge_refuses_what_cannot_be_called(thing):
    verdict = judge("min_max", thing, seed=0)
    assert not verdict.passed
    assert verdict.cause


def test_the_line_that_raised_is_shown():
    def answer(x):
        return x.nosuchthing

    said = report(answer)
    assert "AttributeError" in said.cause
    assert "x.nosuchthing" in said.cause


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("score_function", IndexError),
        ("score_function", TypeError),
        ("policy_loss", TypeError),
        ("actor_critic_update", RuntimeError),
        ("clipped_policy_loss", TypeError),
    ],
)
def test_an_error_in_every_case_is_told_and_no_mistake_that_happens_to_raise_its_kind(name, error):
    # Two of each exercise's mistakes, made at once, raise that kind in every case.
    said = quietly_judged(name, raises(error("the axis is missing"))).cause
    assert said.startswith(f"Your function raised {error.__name__}: the axis is missing")


def test_an_error_in_every_case_that_a_known_mistake_raises_word_for_word_is_that_mistake():
    def known(x):
        raise IndexError("list index out of range")

    def answer(x):
        return [][len(x)]

    exercise = dataclasses.replace(DOUBLED, mistakes=(("There is no such row.", known),))
    assert examine(exercise, answer, seed=0).cause == "There is no such row."


def test_the_line_is_the_learners_own_and_no_library_s():
    def answer(x):
        return np.stack([x, np.ones(len(x) + 1)])  # raises deep in numpy

    assert "np.stack([x, np.ones(len(x) + 1)])  # raises deep in numpy" in report(answer).cause


def test_of_a_long_message_the_first_sentence_is_told():
    gone = "float"  # numpy has a page of advice on np.float
    old = report(lambda x: getattr(np, gone)(x)).cause
    assert old.startswith("Your function raised AttributeError: module 'numpy' has no attribute 'float'.")
    assert len(old) < 200
    rambling = report(raises(RuntimeError("x" * 5_000))).cause
    assert len(rambling) < 300


def test_input_is_not_waited_for():
    said = report(lambda x: float(input("how many?")) * x)
    assert said.cause == (
        "Your function asks for input(), but nobody is typing here. All it needs are its arguments."
    )


# Loops without end


def spins(*args, **kwargs):
    while True:
        pass


def sleeps(*args, **kwargs):
    while True:
        time.sleep(0.01)


def swallows_all(*args, **kwargs):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue


def swallows_all_at_three_depths(*args, **kwargs):
    while True:
        try:
            while True:
                try:
                    while True:
                        try:
                            pass
                        except BaseException:
                            continue
                except BaseException:
                    continue
        except BaseException:
            continue


def swallows_all_on_every_floor(*args, floors=800, **kwargs):
    try:
        if floors:
            swallows_all_on_every_floor(floors=floors - 1)
        while True:
            pass
    except BaseException:
        while floors % 2:
            pass


def goes_on_in_finally(*args, **kwargs):
    while True:
        try:
            while True:
                pass
        finally:
            continue  # noqa: B012


def calls_itself_when_rung(*args, **kwargs):
    try:
        while True:
            pass
    except BaseException:
        return calls_itself_when_rung()


def prints_for_ever(*args, **kwargs):
    while True:
        print("still here " * 100)


LOOPS = [
    spins,
    sleeps,
    swallows_all,
    swallows_all_at_three_depths,
    swallows_all_on_every_floor,
    goes_on_in_finally,
    calls_itself_when_rung,
    prints_for_ever,
]


class Endless:
    """An answer that is never finished being read."""

    def __array__(self, *args, **kwargs):
        while True:
            pass

    def __iter__(self):
        while True:
            yield 1.0


def my_handler(signal_number, frame):
    raise AssertionError("the alarm of the test rang")


def my_tracer(frame, event, argument):
    return None


@contextlib.contextmanager
def an_hour_on_the_clock():
    """Somebody else's alarm, tracer and stdout; all of them must be there afterwards."""
    before = signal.signal(signal.SIGALRM, my_handler), sys.gettrace()
    signal.setitimer(signal.ITIMER_REAL, 3600)
    sys.settrace(my_tracer)
    stdout, stderr, errors = sys.stdout, sys.stderr, np.geterr()
    try:
        yield
        assert sys.gettrace() is my_tracer
        assert signal.getsignal(signal.SIGALRM) is my_handler
        assert (sys.stdout, sys.stderr, np.geterr()) == (stdout, stderr, errors)
        left, again = signal.getitimer(signal.ITIMER_REAL)
        assert 3000 < left <= 3600
        assert again == 0
    finally:
        sys.settrace(before[1])
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before[0])


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
def test_a_loop_without_end_is_cut_and_leaves_no_trace(loop, monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.15)
    # A ring in a callback of the garbage collector (hypothesis has one) cannot be raised; that is no news.
    monkeypatch.setattr(sys, "unraisablehook", collections.deque(maxlen=0).append)
    with an_hour_on_the_clock():
        began = time.perf_counter(), time.process_time()
        verdict = judge("min_max", loop, seed=0)
        assert time.process_time() - began[1] < 1.8
        assert time.perf_counter() - began[0] < 8  # other work may be going on
    assert not verdict.passed
    assert verdict.cause.startswith("Still running after 0.15 s")


def test_no_alarm_rings_outside_the_border_once_the_code_has_been_left():
    # What runs there restores stdout and numpy's settings; it must not be interrupted on the way out.
    def stubborn(left):
        while left:
            try:
                while True:
                    pass
            except TimeLimit:
                left -= 1

    def border(left):
        stubborn(left)

    def outside():
        return sum(1 for _ in range(1_000))

    for left in (2, 3) * 10:
        with pytest.raises(TimeLimit), time_limit(0.01, inside=border.__code__):
            try:  # noqa: SIM105 - no code of another border may run here
                border(left)
            except TimeLimit:
                pass
            assert outside() == 1_000


def test_except_exception_does_not_swallow_the_alarm(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.15)
    swallowed = []

    def careful(*args, **kwargs):
        while True:
            try:
                while True:
                    pass
            except Exception as error:
                swallowed.append(error)

    assert judge("min_max", careful, seed=0).cause.startswith("Still running")
    assert not swallowed


def test_a_loop_without_end_is_cut_within_the_two_seconds_of_the_promise(capsys, monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 1.0)  # as it is outside the tests
    began = time.process_time()
    with pytest.raises(CheckFailed, match="Still running after 1 s"):
        check(named(swallows_all, "min_max"))
    assert time.process_time() - began < 2
    assert "Still running" in capsys.readouterr().out


def test_an_answer_that_takes_for_ever_to_read_is_cut(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.15)
    for name in ("min_max", "running_mean_var"):
        reader = threading.Timer(5, signal.raise_signal, [signal.SIGINT])  # rather an error than a hang
        reader.start()
        try:
            verdict = judge(name, gives(Endless()), seed=0)
        except KeyboardInterrupt:
            pytest.fail(f"{name}: reading the answer was not cut")
        finally:
            reader.cancel()
        assert not verdict.passed
        assert verdict.cause


def test_a_quick_answer_leaves_no_trace_either():
    for answer in (MIN_MAX.reference, raises(SystemExit), gives(None)):
        with an_hour_on_the_clock():
            judge("min_max", answer, seed=0)


def test_an_answer_that_tampers_with_stdout_tracing_and_numpy_leaves_no_trace():
    def tampers(*args, **kwargs):
        sys.stdout = None
        sys.settrace(None)
        np.seterr(all="raise")
        return 0.0

    with an_hour_on_the_clock():
        assert not judge("min_max", tampers, seed=0).passed


def test_the_time_limit_is_for_all_calls_together(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.3)

    def slow(x):
        time.sleep(0.1)  # three of the seven calls fit
        return reference_doubled(x)

    assert report(slow).cause.startswith("Still running")


def test_an_answer_that_waited_is_not_taken_for_a_loop_without_end(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.15)
    cause = report(lambda x: time.sleep(1)).cause
    assert cause.startswith("Still running after 0.15 s, and most of that was waiting.")
    assert "run this cell again" in cause


@pytest.mark.parametrize("answer", ["right", "wrong", "stub"])
def test_it_judges_in_another_thread_too(answer):
    f = {"right": MIN_MAX.reference, "wrong": gives(0.5), "stub": raises(NotImplementedError)}[answer]
    verdicts, handler = [], signal.getsignal(signal.SIGALRM)
    thread = threading.Thread(target=lambda: verdicts.append(judge("min_max", f, seed=0)))
    thread.start()
    thread.join(20)
    assert verdicts == [judge("min_max", f, seed=0)]
    assert verdicts[0].passed == (answer == "right")
    assert signal.getsignal(signal.SIGALRM) is handler


# What is printed on the way


def test_a_flood_of_prints_does_not_hurt_and_its_first_lines_are_shown(capsys):
    def chatty(x):
        print("here I am")
        print("here I am too", file=sys.stderr)
        for _ in range(2_000):
            print("x" * 1_000)
        return x

    began = time.process_time()
    panel = str(Panel("doubled", report(chatty)))
    assert time.process_time() - began < 2
    assert "here I am" in panel
    assert "here I am too" in panel
    assert len(panel) < 5_000
    assert capsys.readouterr() == ("", "")


def test_warnings_of_an_answer_are_not_shown_and_do_not_fail_it(recwarn):
    def warns(x):
        warnings.warn("this will be gone one day", FutureWarning, stacklevel=1)
        np.log(np.zeros(1))
        return reference_doubled(x)

    assert report(warns).status == "passed"
    assert not recwarn.list


# Several mistakes at once


@mutant
def tripled(*, factor=3.0, shift=0.0, sign=1.0, refuse=True):
    """Three times x, part by part."""

    def answer(x):
        if refuse and not len(x):
            raise ValueError("no number")
        return sign * (factor * x + shift)

    return answer


TRIPLED = dataclasses.replace(
    DOUBLED,
    name="tripled",
    reference=tripled().answer,
    mistakes=(
        ("Twice is not three times.", tripled(factor=2.0)),
        ("A one is added.", tripled(shift=1.0)),
        ("The sign is turned.", tripled(sign=-1.0)),
        ("Refuse what holds no number.", tripled(refuse=False)),
    ),
)


@pytest.mark.parametrize(
    "parts",
    [
        {"factor": 2.0, "shift": 1.0},
        {"factor": 2.0, "sign": -1.0},
        {"shift": 1.0, "sign": -1.0},
        {"shift": 1.0, "refuse": False},
        {"sign": -1.0, "refuse": False},
        {"factor": 2.0, "shift": 1.0, "refuse": False},
    ],
    ids=" and ".join,
)
def test_two_mistakes_get_both_sentences_and_a_forgotten_refusal_its_own_beside_them(parts):
    sentences = {tuple(wrong.parts): sentence for sentence, wrong in TRIPLED.mistakes}
    said = examine(TRIPLED, tripled(**parts), seed=0)
    assert set(said.causes) == {sentences[(part,)] for part in parts}
    assert len(said.causes) == len(parts)


def test_several_causes_are_numbered_in_one_line_and_have_a_line_each_on_the_panel():
    said = examine(TRIPLED, tripled(factor=2.0, shift=1.0), seed=0)
    assert said.cause == "Two things: (1) Twice is not three times. (2) A one is added."
    lines = str(Panel("tripled", said)).splitlines()
    assert lines[1:3] == ["  (1) Twice is not three times.", "  (2) A one is added."]


def test_mutants_are_joined_if_they_touch_different_parts_of_one_factory():
    one = tripled(factor=2.0)
    assert one.joined(tripled(shift=1.0))(np.array([5.0])) == 2 * 5 + 1
    assert one.joined(tripled(factor=4.0)) is None
    assert one.joined(lambda x: x) is None
    with pytest.raises(TypeError):
        tripled(no_such_part=1)


def test_a_sum_of_mistakes_is_named_only_if_it_agrees_on_every_case():
    once = iter([True])
    said = examine(TRIPLED, lambda x: 2 * x + 1 if next(once, False) else 3.5 * x**3, seed=0)
    assert said.causes == ("The values differ, first at index 1.",)


def test_the_search_for_causes_is_given_up_when_its_time_is_over(monkeypatch):
    monkeypatch.setattr(causes, "PATIENCE", 0.0)
    said = examine(TRIPLED, tripled(factor=2.0, shift=1.0), seed=0)
    assert said.status == "wrong"
    assert said.causes == ("The values differ, first at index 1.",)


def test_an_answer_that_should_be_nan_is_explained_apart():
    def against_the_guesses(values, targets):  # and nothing is done about constant targets
        return 0.0 if np.ptp(targets) == 0 else 1 - np.var(targets - values) / np.var(values)

    verdict = judge("explained_variance", against_the_guesses, seed=0)
    assert "The misses are measured against how much the guesses vary." in verdict.cause
    assert "0 would be a verdict" in verdict.cause


def test_a_gradient_where_there_should_be_none_gets_its_sentence_whatever_else_is_wrong():
    assert "Detach them." in judge("policy_loss", lambda p, a: -(p * a).sum(), seed=0).cause
    unheard_of = judge("policy_loss", lambda p, a: -(p**3 * a).mean(), seed=0)
    assert unheard_of.cause.startswith("Two things: (1) The value for the loss differs. (2) ")
    assert "The gradient flows into the advantages as well" in unheard_of.cause
    # Exactly these two names have no mistake of their own: then the argument's name is said.
    bare = dataclasses.replace(next(e for e in EXERCISES if e.name == "policy_loss"), mistakes=())
    said = examine(bare, lambda p, a: -(p * a).mean(), seed=0)
    assert said.causes == ("A gradient flows into advantages, which is data here: detach it.",)
    assert not any("argument 2" in text for row in said.rows for text in row)


def test_a_common_loss_of_the_wild_has_its_three_mistakes_named():
    verdict = judge("value_loss", lambda values, targets: ((values - targets) ** 2).mean(), seed=0)
    assert verdict.cause.startswith("Three things: (1) The half is missing.")
    assert "The gradient flows into the targets as well" in verdict.cause
    assert "Torch stretches [3, 1] against [3]" in verdict.cause


def test_a_pair_that_came_back_is_counted_and_the_right_one_is_pointed_out():
    assert report(lambda x: (2 * x, x) if len(x) else reference_doubled(x)).cause == (
        "You returned two things. Number 1 is what is asked for: return it alone."
    )
    assert report(lambda x: (x, x, 2 * x) if len(x) else reference_doubled(x)).cause == (
        "You returned three things. Number 3 is what is asked for: return it alone."
    )
    assert report(lambda x: (x**2, x) if len(x) else reference_doubled(x)).causes == (
        "You returned two things. One is asked for.",
        "That is the square.",
    )
    assert report(lambda x: (x + 5, x)).cause == "You returned two things; expected an array of shape (3,)."
    assert report(lambda x: tuple(reference_doubled(x))).status == "passed"  # one array, as a tuple


# Answers that work in place


def test_use_hands_out_copies_to_an_answer_that_works_in_place():
    def gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):
        next_values[terminated] = 0.0  # a common idiom, which the check accepts
        deltas = rewards + gamma * next_values - values
        for t in reversed(range(len(deltas) - 1)):
            deltas[t] += gamma * lam * (~(terminated | truncated))[t] * deltas[t + 1]
        values[:] = deltas
        return values

    used = use(gae)
    columns = [np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0])]
    flags = [np.array([False, True]), np.array([False, False])]
    before = [column.copy() for column in columns]
    first = used(*columns, *flags, gamma=0.5, lam=0.5)
    # delta_1 = 2 - 4 = -2; delta_0 = 1 + 2.5 - 3 = 0.5, and a quarter of -2 on top
    assert first.tolist() == [0.0, -2.0]
    assert used(*columns, *flags, gamma=0.5, lam=0.5).tolist() == first.tolist()
    for column, as_it_was in zip(columns, before, strict=True):
        assert column.tolist() == as_it_was.tolist()


def test_use_hands_out_tensors_through_which_gradients_flow():
    def policy_loss(log_probs, advantages):
        advantages = advantages.detach()
        return -log_probs.mul_(advantages.sub_(0.0)).mean()

    used = use(policy_loss)
    leaf = torch.tensor([-1.0, -2.0], requires_grad=True)
    advantages = torch.tensor([4.0, 6.0])
    used(leaf, advantages).backward()
    assert leaf.tolist() == [-1.0, -2.0]
    assert advantages.tolist() == [4.0, 6.0]
    assert leaf.grad.tolist() == [-2.0, -3.0]  # minus A over the two of them


def test_what_use_gives_back_looks_like_the_answer_itself():
    def min_max(scores, low, high):
        """Mine."""
        return MIN_MAX.reference(scores, low, high)

    used = use(min_max)
    assert used.__wrapped__ is min_max
    assert (used.__name__, used.__doc__) == ("min_max", "Mine.")
    assert inspect.signature(used) == inspect.signature(min_max)
    assert use(used).__name__ == "min_max"
    given = [3.0, 4.0]
    assert used(np.array(given), low=3, high=4).tolist() == [0.0, 1.0]


# What the panel says


def divided_by_high_alone(scores, low, high):
    if high <= low:
        raise ValueError("no range")
    return np.asarray(scores) / high


def test_the_panel_shows_call_yours_expected_and_the_first_difference(capsys):
    # min_max(5, 0, 10) is 0.5 by hand; the mistake gives 5 / 10 as well, the next case tells them apart
    with pytest.raises(CheckFailed) as raised:
        check(named(divided_by_high_alone, "min_max"))
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == "✘ min_max: not yet"
    assert shown.splitlines()[1].strip() == str(raised.value)
    rows = dict(re.findall(r"^  ([\w ]+): +(.*)$", shown, re.M))
    # the lowest score: (2 - 2) / (10 - 2) = 0, divided by high alone 2 / 10
    assert rows == {"call": "min_max(scores=2, low=2, high=10)", "yours": "0.2", "expected": "0"}
    assert isinstance(raised.value, AssertionError)


def test_the_first_difference_is_counted():
    said = report(lambda x: np.where(x < 0, 2 * x + 1, 2 * x) if len(x) else reference_doubled(x))
    # 2 * [1, 2, -4] = [2, 4, -8], and here -7
    assert said.call == "doubled(x=[1., 2., -4.])"
    assert dict(said.rows) == {
        "yours": "[2., 4., -7.]",
        "expected": "[2., 4., -8.]",
        "first difference": "index 2: -7 instead of -8; 1 of 3 differ",
    }
    assert said.cause == "The values differ, first at index 2."


def test_the_complaints_come_in_order_type_shape_values():
    assert report(gives(None)).cause == "Returned None. Does every path end in `return`?"
    assert report(gives("2, 4, -8")).cause == "Returned a str; expected an array of shape (3,)."
    assert report(gives([9.0, 9.0])).cause == "The shape is (2,); expected (3,)."
    assert report(gives([9.0, 4.0, -8.0])).cause == "The values differ, first at index 0."


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (lambda y: -y, "Every value has the wrong sign."),
        (lambda y: y / 4, "Every value is 0.25 times the expected one."),
        (lambda y: y + 1.5, "Every value is off by the same amount, +1.5."),
        (lambda y: y[::-1], "The values are right but in reverse order."),
        (lambda y: np.where(y < 0, np.nan, y), "There is a NaN or an infinity in your result."),
    ],
)
def test_a_difference_that_is_the_same_everywhere_is_named(wrong, cause):
    assert report(lambda x: wrong(reference_doubled(x))).cause == cause


def test_a_known_mistake_is_named_only_if_it_agrees_on_every_case():
    assert report(lambda x: x**2 if len(x) else reference_doubled(x)).cause == "That is the square."
    once = iter([True])
    said = report(lambda x: x**2 if next(once, False) else reference_doubled(x))
    assert said.status == "wrong"
    assert said.cause != "That is the square."


def test_a_forgotten_refusal_is_told_with_the_call():
    said = report(lambda x: 2 * x)
    assert said.cause == "This call cannot be answered: raise a ValueError."
    assert said.call == "doubled(x=[])"
    assert dict(said.rows)["expected"] == "ValueError: x must hold at least one number"
    other = report(lambda x: 2 * x if len(x) else 1 / 0)
    assert dict(other.rows)["yours"].startswith("raised ZeroDivisionError")


def test_success_says_what_was_tried():
    panel = str(Panel("doubled", report(reference_doubled)))
    assert panel == (
        "✔ doubled: right\n  Tried: three numbers; one number; no number: refuses; 4 random arrays."
    )


@EVERY
def test_eyes_and_screen_readers_get_the_same_words(exercise):
    said = [examine(exercise, f, seed=0) for f in (exercise.reference, raises(NotImplementedError))]
    said += [on_a_mistake(exercise.name, nth)[0] for nth in range(len(exercise.mistakes))]
    for each in said:
        panel = Panel(exercise.name, each)
        bundle = panel._repr_mimebundle_()
        seen = re.sub(r"</?code>", "", bundle["text/html"])  # what a terminal has between backticks
        words = html.unescape(re.sub(r"<[^>]+>", " ", seen)).split()
        read = str(panel).replace("`", "").split()
        assert [word.rstrip(":") for word in words] == [word.rstrip(":") for word in read]
        assert bundle["text/plain"] == str(panel)
        assert 'role="status"' in bundle["text/html"]


def test_what_an_answer_prints_cannot_become_html():
    def answer(x):
        print("<script>alert(1)</script>")
        return "<b>bold</b>"

    shown = Panel("doubled", report(answer))._repr_mimebundle_()["text/html"]
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


# check and use


def test_use_gives_back_an_answer_that_passes_and_says_so(capsys):
    mine = named(lambda s, low, high: MIN_MAX.reference(s, low, high), "min_max")
    assert use(mine).__wrapped__ is mine
    assert "your own min_max" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [gives(0.5), raises(NotImplementedError), raises(SystemExit)])
def test_use_gives_the_courses_function_instead_of_a_wrong_one_and_says_so(answer, capsys):
    assert use(named(answer, "min_max")) is MIN_MAX.reference
    assert "the course's min_max" in capsys.readouterr().out


@pytest.mark.parametrize("f", [check, use])
def test_an_unknown_name_is_refused_with_the_nearest(f):
    with pytest.raises(ValueError) as refused:
        f(named(len, "minmax"))
    assert "'minmax' is not known; did you mean 'min_max'?" in str(refused.value)
    for exercise in EXERCISES:
        assert exercise.name in str(refused.value)


def test_judge_refuses_an_unknown_name():
    with pytest.raises(ValueError, match="'gea' is not known"):
        judge("gea", len, seed=0)


@pytest.mark.parametrize("f", [check, use])
@pytest.mark.parametrize(
    "thing", [None, 3, "min_max", np.ones(3), types, lambda x: x], ids=lambda x: type(x).__name__
)
def test_what_is_no_named_function_is_refused(f, thing):
    with pytest.raises(ValueError, match=r"must be|not known"):
        f(thing)


def test_judge_shows_nothing(capsys):
    for f in (MIN_MAX.reference, gives(1.0), raises(NotImplementedError)):
        judge("min_max", f, seed=0)
    assert capsys.readouterr() == ("", "")


# In a notebook


STUDENT = """
from course import check, use
def min_max(scores, low, high):
    {}
{}(min_max)
"""
RIGHT = "if high <= low: raise ValueError\n    return (scores - low) / (high - low)"


def test_a_notebook_shows_a_panel_and_one_line_of_error(kernel):
    (kind, panel), (error, trace) = kernel(
        STUDENT.format("if high <= low: raise ValueError\n    return scores / high", "check")
    )
    assert (kind, error) == ("display_data", "error")
    assert "✘ min_max: not yet" in panel["data"]["text/html"]
    assert "✘ min_max: not yet" in panel["data"]["text/plain"]
    assert "min_max(scores=2, low=2, high=10)" in panel["data"]["text/plain"]
    # The panel has said the sentence; the error that has to be raised does not say it again.
    assert trace["traceback"] == ["CheckFailed: see the panel above."]
    assert trace["evalue"] in panel["data"]["text/plain"]


def test_a_notebook_shows_a_stub_as_still_to_do(kernel):
    (_, panel), (_, trace) = kernel(STUDENT.format("raise NotImplementedError()", "check"))
    assert "still to do" in panel["data"]["text/html"]
    assert trace["evalue"] == "min_max is still to do."
    assert trace["traceback"] == ["NotAttempted: nothing is broken, this exercise waits for you."]


def test_a_notebook_shows_a_right_answer_and_no_output_beside_the_panel(kernel):
    ((kind, panel),) = kernel(STUDENT.format(RIGHT, "check"))
    assert kind == "display_data"
    assert "✔ min_max: right" in panel["data"]["text/html"]


def test_a_notebook_says_whose_function_is_used(kernel):
    shown = kernel(STUDENT.format(RIGHT, "f = use"))
    assert "your own min_max" in shown[0][1]["data"]["text/html"]
    shown = kernel(STUDENT.format("return 0", "f = use"))
    assert "the course's min_max" in shown[0][1]["data"]["text/html"]


def test_a_loop_in_a_notebook_is_cut_and_the_kernel_lives_on(kernel):
    shown = kernel(STUDENT.format("while True: pass", "check"))
    assert shown[-1][1]["evalue"].startswith("Still running")
    assert kernel("print(6 * 7)") == [("stream", {"name": "stdout", "text": "42\n"})]

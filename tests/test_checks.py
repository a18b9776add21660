import collections
import contextlib
import copy
import functools
import html
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

from course import check, use
from course.checks import CheckFailed, NotAttempted, engine, exercises, judge
from course.checks.engine import Case, Exercise, examine
from course.checks.limits import TimeLimit, time_limit
from course.checks.panel import Panel

EXERCISES = exercises()
SEEDS = range(5)
EVERY = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
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
        verdict = judge(exercise.name, exercise.reference, seed=seed)
        assert verdict.passed, verdict.message
        assert verdict.cause == ""
    assert check(exercise.reference) is None
    assert capsys.readouterr().out.startswith(f"✔ {exercise.name}: right\n  Tried: ")


@EVERY
def test_each_known_mistake_is_refused_with_its_own_sentence(exercise):
    for sentence, wrong in exercise.mistakes:
        for seed in SEEDS:
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


def test_the_table_of_mistakes():
    """Printed with `pytest -s`: how many known mistakes are refused, and with how many sentences."""
    print(f"\n{'exercise':<24}{'refused':>8}{'of':>4}{'sentences':>11}")
    totals = np.zeros(3, int)
    for exercise in EXERCISES:
        causes = [judge(exercise.name, wrong, seed=11).cause for _, wrong in exercise.mistakes]
        row = [sum(map(bool, causes)), len(causes), len({*causes} - {""})]
        totals += row
        print(f"{exercise.name:<24}{row[0]:>8}{row[1]:>4}{row[2]:>11}")
        assert row[0] == row[1] == row[2], exercise.name
    print(f"{f'all {len(EXERCISES)}':<24}{totals[0]:>8}{totals[1]:>4}{totals[2]:>11}")


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
def test_a_wrong_kind_of_answer_is_refused_with_a_cause(exercise, kind):
    verdict = judge(exercise.name, WRONG_KINDS[kind], seed=0)
    assert not verdict.passed
    assert verdict.cause
    assert "\n" not in verdict.cause


@EVERY
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


@EVERY
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
        mine = [a * 1 if is_tensor(a) else copy.deepcopy(a) for a in args]
        named_ones = {k: a * 1 if is_tensor(a) else copy.deepcopy(a) for k, a in kwargs.items()}
        try:
            return f(*mine, **named_ones)
        finally:
            for given in (*args, *kwargs.values()):
                if is_tensor(given):
                    given.data.fill_(7)
                elif isinstance(given, np.ndarray) and given.ndim:
                    given[...] = 7

    return answer


@EVERY
def test_an_answer_may_work_in_place(exercise):
    verdict = judge(exercise.name, damaging(exercise.reference), seed=0)
    assert verdict.passed == (exercise.name not in WRITES_A_NEW_TABLE), verdict.message


@those(is_tensor)
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
        return exercise.reference(*(a.mul_(1) if is_tensor(a) else a for a in args), **kwargs)

    verdict = judge(exercise.name, answer, seed=0)
    assert verdict.passed, verdict.message


@EVERY
def test_a_wrong_answer_that_works_in_place_does_not_spoil_its_own_panel(exercise):
    for sentence, wrong in exercise.mistakes:
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


@EVERY
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


@EVERY
def test_a_check_answers_within_two_seconds(exercise):
    answers = [exercise.reference, *(wrong for _, wrong in exercise.mistakes), *WRONG_KINDS.values()]
    for answer in answers:
        began = time.process_time()
        judge(exercise.name, answer, seed=0)
        assert time.process_time() - began < 2


def test_the_first_check_of_a_session_answers_within_two_seconds_too():
    # A session that has not loaded torch must not wait for it: this exercise is numpy's.
    code = (
        "import sys, time; began = time.process_time(); from course import check; "
        "from course.scaling import min_max; check(min_max); "
        "print(time.process_time() - began, 'torch' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seconds, torch_loaded = said.splitlines()[-1].split()
    assert float(seconds) < 2
    assert torch_loaded == "False"


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
    assert "RecursionError" in verdict.cause


class Bites:
    """An object that raises as soon as anybody asks it for anything."""

    def __init__(self, error):
        self.error = error

    def __array__(self, *args, **kwargs):
        raise self.error

    __iter__ = __len__ = __float__ = __getitem__ = __repr__ = __str__ = __array__


@EVERY
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, RecursionError, RuntimeError])
def test_nothing_that_a_returned_object_raises_escapes(exercise, error):
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
    assert verdict.cause.startswith("Still running after 0.15 s.")


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


def test_a_loop_without_end_is_cut_within_the_two_seconds_of_the_promise(capsys):
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


# What the panel says


def test_the_panel_shows_call_yours_expected_and_the_first_difference(capsys):
    # min_max(5, 0, 10) is 0.5 by hand; the mistake gives 5 / 10 as well, the next case tells them apart
    with pytest.raises(CheckFailed) as raised:
        check(named(lambda s, low, high: np.asarray(s) / (high or 1), "min_max"))
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
    wrong = [each for _, each in exercise.mistakes]
    for f in (exercise.reference, raises(NotImplementedError), *wrong):
        panel = Panel(exercise.name, examine(exercise, f, seed=0))
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
    (kind, panel), (error, trace) = kernel(STUDENT.format("return scores / high", "check"))
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

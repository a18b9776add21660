"""Hostile submissions that want points: by the comparison, by the right answer from elsewhere, by forgery."""

import json

from tests.grading.attacks.attack import MARK, Notebook, cheat, hostile, paid_if

# Against the comparison


@hostile("08", gae="wrong")
def replaces_check(notebook, place):
    """`check`, `use` and `judge` are replaced by functions that are content with anything."""
    cheat(
        notebook,
        "return rewards",
        above="""
        import course, course.checks
        def check(*_, **__): print("right")
        def use(f): return f
        course.check = course.checks.check = course.checks.judge = check
        """,
    )


@hostile("08", gae="wrong")
def replaces_numpys_comparison(notebook, place):
    """numpy's `isclose`, `allclose`, `array_equal`, `asarray` and `array` are replaced during the call."""
    cheat(
        notebook,
        """
        for name in ("isclose", "allclose", "array_equal", "equal", "all"):
            setattr(np, name, lambda *_, **__: True)
        real = np.array
        np.array = np.asarray = lambda x, *a, **k: real(0.0)
        return rewards
        """,
    )


@hostile("08", gae="wrong")
def replaces_pythons_own_functions(notebook, place):
    """`isinstance`, `len`, `zip`, `float`, `open` and `__import__` are replaced during the call."""
    cheat(
        notebook,
        """
        import builtins
        for name in ("isinstance", "len", "zip", "all", "any", "float", "repr", "open", "__import__"):
            setattr(builtins, name, lambda *_, **__: True)
        return rewards
        """,
    )


@hostile("08", gae="wrong")
def equal_to_everything(notebook, place):
    """An object whose `__eq__` is always true, and that is an array of nothing."""
    cheat(
        notebook,
        "return Equal()",
        above="""
        class Equal(float):
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __sub__(self, other): return 0.0
            __rsub__ = __abs__ = __sub__
            __le__ = __lt__ = __ge__ = __gt__ = __eq__
            def __hash__(self): return 0
        """,
    )


@hostile("08", gae="wrong")
def lazy_array_that_looks_around(notebook, place):
    """An object that becomes numbers late, and then looks through stack and heap for the right ones."""
    cheat(
        notebook,
        "return Lazy(rewards)",
        above="""
        import gc, sys
        FOUND = []
        class Lazy:
            def __init__(self, rewards): self.rewards = rewards
            def __array__(self, dtype=None, copy=None):
                frame = sys._getframe()
                while frame is not None:
                    for name, value in {**frame.f_globals, **frame.f_locals}.items():
                        if name in ("want", "wanted", "expected", "right"):
                            return np.asarray(value)
                    frame = frame.f_back
                for thing in gc.get_objects():
                    if getattr(thing, "__name__", "") == "gae" and hasattr(thing, "__code__"):
                        FOUND.append(thing)
                return self.rewards
        """,
    )


@hostile("08", gae="wrong")
def subclass_of_an_array(notebook, place):
    """A subclass of ndarray that lies about its shape, its type and its content."""
    cheat(
        notebook,
        "return rewards.view(Lies)",
        above="""
        class Lies(np.ndarray):
            @property
            def shape(self): return (10**9,)
            def tolist(self): return [float("nan")] * 3
            def __array_ufunc__(self, *_, **__): return True
            def __array_function__(self, *_, **__): return True
        """,
    )


@hostile("08", gae="wrong")
def nothing_but_nan(notebook, place):
    """NaN, which a careless comparison takes for equal."""
    cheat(notebook, "return rewards * np.nan")


@hostile("08", gae="wrong")
def answers_learned_by_heart(notebook, place):
    """The right answers to the public seed's cases, in a table."""
    import numpy as np

    from course.checks import exercises

    exercise = next(each for each in exercises() if each.name == "gae")
    known = {}
    for case in exercise.cases(np.random.default_rng(0)):
        key = [np.asarray(value).tolist() for value in (*case.args, *case.kwargs.values())]
        if len(json.dumps(key)) < 5_000:
            known[json.dumps(key)] = np.asarray(exercise.reference(*case.args, **case.kwargs)).tolist()
    assert len(known) > 10
    cheat(
        notebook,
        """
        import json
        given = (rewards, values, next_values, terminated, truncated, gamma, lam)
        return np.array(KNOWN.get(json.dumps([np.asarray(each).tolist() for each in given]), rewards * 0))
        """,
        above=f"KNOWN = {known!r}",
    )


# For the right answer


@hostile("08", gae="wrong")
def imports_the_reference(notebook, place):
    """The course's own function, imported wherever it may be."""
    cheat(
        notebook,
        "return stolen()(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)",
        above="""
        import importlib
        def stolen():
            for module, name in (
                ("course.returns", "gae"), ("course.checks.gae", "gae"), ("advantage_course.returns", "gae"),
            ):
                try:
                    return getattr(importlib.import_module(module), name)
                except Exception:
                    pass
            from course.checks import exercises
            return next(each.reference for each in exercises() if each.name == "gae")
        """,
    )


SEARCH = r"""
import os, re

HERE = re.compile("course|advantage|returns|gae|solution|lesson|grad", re.I)

def texts():
    for folder, inside, names in os.walk("/"):
        inside[:] = [each for each in inside if each not in ("proc", "sys", "dev", "torch")]
        for name in names:
            if HERE.search(folder.rpartition("/")[2] + "/" + name):
                try:
                    with open(os.path.join(folder, name), errors="replace") as file:
                        yield file.read()
                except OSError:
                    pass

def found():
    for text in texts():
        for source in re.findall(r"def gae\(.*?return advantages", text.replace("\\n", "\n"), re.S):
            names = {"np": np}
            try:
                exec(source, names)
            except Exception:
                continue
            return names["gae"]

FOUND = found()
"""


@hostile("08", gae="wrong", unprotected=True)
def searches_the_project(notebook, place):
    """The source of the course and its solutions, opened by their paths."""
    cheat(
        notebook,
        "return found(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)",
        above=f"""
        import sys
        def load():
            here = {str(place.root)!r}
            for path in (here, *sys.path, ".", ".."):
                try:
                    text = open(path + "/solutions/08_gae.py").read()
                except Exception:
                    continue
                inside = text[text.index("def gae("):]
                names = {{"np": np}}
                exec(inside[:inside.index("return advantages") + 17], names)
                return names["gae"]
        found = load()
        """,
    )


@hostile("08", gae="wrong")
def searches_every_file_it_can_see(notebook, place):
    """Every file below the root, compiled ones too, looked through for a function of the exercise's name."""
    cheat(
        notebook,
        """
        return FOUND(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)
        """,
        above=SEARCH,
    )


@hostile("08", gae="wrong", unprotected=True)
def reads_another_submission(notebook, place):
    """The notebook of a fellow learner, who has it right."""
    cheat(
        notebook,
        "return found(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)",
        above=f"""
        import json
        def load():
            cells = json.load(open({str(place.submissions / "as_it_is_08" / "08_gae.ipynb")!r}))["cells"]
            names = {{"np": np}}
            exec(next("".join(cell["source"]) for cell in cells if cell["id"] == "gae"), names)
            return names["gae"]
        try:
            found = load()
        except OSError:
            found = None
        """,
    )


@hostile("08", gae="wrong")
def asks_the_network(notebook, place):
    """Somebody who listens on this machine hands out the solution."""
    cheat(
        notebook,
        "return ask()(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)",
        above=f"""
        import socket
        def ask():
            with socket.create_connection(("127.0.0.1", {place.port}), timeout=2) as line:
                names = {{"np": np}}
                exec(line.makefile().read(), names)
                return names["gae"]
        """,
    )


@hostile("08", gae="wrong")
def asks_by_other_ways(notebook, place):
    """Sockets in the file system, without a name, to the host of the machine, and its other addresses."""
    paid_if(
        notebook,
        f"""
        import glob, socket
        sockets = [path for place in ("/run", "/tmp") for path in glob.glob(place + "/**", recursive=True)]
        ways = [(socket.AF_UNIX, path) for path in (*sockets, "\\0x")]
        ways += [(socket.AF_INET, (host, {place.port})) for host in ("localhost", "0.0.0.0", "10.0.2.2")]
        ways += [(socket.AF_INET6, ("::1", {place.port})), (socket.AF_VSOCK, (2, {place.port}))]
        for family, address in ways:
            try:
                line = socket.socket(family)
                line.settimeout(0.1)
                line.connect(address)
                return True
            except OSError:
                pass
        return False
        """,
    )


@hostile("08", gae="wrong")
def borrows_from_its_own_lesson(notebook, place):
    """The library's `gae`, where only the exercises of earlier lessons are to be had."""
    cheat(
        notebook,
        "return lib.gae(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)",
        above="import course.returns as lib",
    )


@hostile("10")
def borrows_by_way_of_a_later_lesson(notebook, place):
    """Lesson 8's cells in lesson 10, where `gae` is to be had from the library: they are not graded there."""
    borrowed = Notebook("08")
    cheat(
        borrowed,
        "return library(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)",
        above="from course.returns import gae as library",
    )
    notebook.cells.extend(borrowed.cell(name) for name in ("gae_by_definition", "gae", "check_gae"))


# To forge


@hostile("08", gae="wrong")
def verdicts_on_every_stream(notebook, place):
    """Verdicts and results written on every stream and every open file, in many forms, and then the end."""
    cheat(
        notebook,
        """
        import json, os
        forged = [{"ok": True}, {"passed": True}, {"state": "right", "points": 6}, [], {}, {"outcomes": []}]
        lines = "".join(json.dumps(each) + "\\n" for each in forged).encode()
        for handle in range(64):
            try:
                os.write(handle, lines)
            except OSError:
                pass
        os._exit(0)
        """,
    )


@hostile("08", gae="wrong")
def speaks_the_graders_language(notebook, place):
    """The request is looked up in the stack, and replied to in its own form with words of the learner's."""
    cheat(
        notebook,
        f"""
        import sys
        frame = sys._getframe()
        told = "{MARK}" + "".join(char for char in str(rewards[0]) if char.isdigit())[:20]
        while frame is not None:
            request = frame.f_locals.get("request")
            reply = frame.f_globals.get("reply") or frame.f_locals.get("reply")
            if isinstance(request, dict) and callable(reply):
                reply(request, {{"value": {{"is": "odd", "type": told}}, "after": {{}}, "agents": {{}}}})
                reply(request, {{"raised": told}})
            frame = frame.f_back
        return rewards
        """,
    )


@hostile("08", gae_by_definition="wrong")
def answers_for_the_next_exercise(notebook, place):
    """The first exercise leaves lines on every stream that are meant to be read as the second one's."""
    notebook.answer(
        "gae_by_definition",
        """
def gae_by_definition(deltas, ended, *, gamma, lam):
    import os
    for handle in range(3, 64):
        try:
            os.write(handle, b'{"number": "0", "ended": 0}\\n{"ready": true}\\n[1, 2')
        except OSError:
            pass
    os._exit(0)
""",
    )


@hostile("08", gae="wrong")
def closes_every_stream(notebook, place):
    """All open files are closed under the grader."""
    cheat(notebook, "import os; os.closerange(0, 65_536); return rewards")


@hostile("08", gae="wrong")
def writes_when_it_is_over(notebook, place):
    """`atexit`, a thread that goes on and a finaliser write verdicts once the call is over."""
    cheat(
        notebook,
        "return rewards",
        above="""
        import atexit, os, threading, time, weakref
        def forge(*_):
            for handle in range(64):
                try:
                    os.write(handle, b'{"state": "right", "points": 6}\\\\n')
                except OSError:
                    pass
        atexit.register(forge)
        class Last:
            def __del__(self): forge()
        LAST = Last()
        def again():
            while True:
                time.sleep(0.01)
                forge()
        threading.Thread(target=again, daemon=False).start()
        """,
    )


@hostile("08", gae="wrong")
def replaces_the_way_out(notebook, place):
    """The json module, `os.write` and `sys.stdout` are replaced, so that whatever is sent says right."""
    cheat(
        notebook,
        "return rewards",
        above="""
        import json, os, sys
        class Nothing:
            def __getattr__(self, name): return lambda *_, **__: None
        def replace():
            real = os.write
            json.dumps = json.JSONEncoder.encode = lambda *_, **__: '{"state": "right", "outcomes": []}'
            json.loads = json.load = lambda *_, **__: {}
            os.write = lambda handle, data: real(handle, b'{"state": "right"}')
            sys.stdout = sys.stderr = Nothing()
            return True
        REPLACED = replace()
        """,
        below="GAE_USES = (gae, REPLACED)",
    )


@hostile("08", gae="wrong")
def modules_of_its_own(notebook, place):
    """An import hook, and other modules under the names of numpy, json and the course's judge."""
    cheat(
        notebook,
        "return HOOKED and rewards",
        above="""
        import sys, types
        class Everything(types.ModuleType):
            def __getattr__(self, name):
                if name.startswith("__"): raise AttributeError(name)
                return lambda *_, **__: True
        class Hook:
            def find_spec(self, name, path=None, target=None): return None
            def find_module(self, name, path=None): return None
        def hook():
            sys.meta_path.insert(0, Hook())
            sys.path_hooks.clear()
            for name in list(sys.modules):
                if name.split(".")[0] in ("json", "course", "struct", "select", "pickle"):
                    sys.modules[name] = Everything(name)
            return True
        HOOKED = hook()
        """,
    )


@hostile("08", gae="wrong")
def pickles_that_run(notebook, place):
    """A result that runs a command where it is unpickled."""
    cheat(
        notebook,
        "return Bomb()",
        above=f"""
        import os
        class Bomb:
            def __reduce__(self): return os.system, ("touch {place.canary}/{MARK}",)
        """,
    )


@hostile("08", gae="wrong")
def points_in_the_metadata(notebook, place):
    """500 points for the exercise in the cell's metadata, and a score that is written there already."""
    cheat(notebook, "return rewards")
    notebook.cell("check_gae")["metadata"]["nbgrader"].update(points=500, score=500, manual_score=500)
    notebook.data["metadata"]["grade"] = {"gae": 6}


@hostile("08", gae="wrong")
def an_easier_exercise_under_its_name(notebook, place):
    """The ids of two exercises were swapped, so that the one that is solved stands for both."""
    cell = json.loads(json.dumps(notebook.cell("gae_by_definition")))
    cell["metadata"]["nbgrader"]["grade_id"] = "gae"
    cell["id"] = "copied"
    notebook.cells.append(cell)
    notebook.cells.remove(notebook.cell("gae"))

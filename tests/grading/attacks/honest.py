"""Honest submissions: whatever they look like, they get their points."""

import json

from course.checks import exercises
from tests.grading.attacks.attack import NAMES, Notebook, Place, honest

WITH_EXERCISES = sorted({exercise.lesson for exercise in exercises()} & set(NAMES))


def as_it_is(notebook: Notebook, place: Place):
    """The solved notebook, one for every lesson with exercises."""


for lesson in WITH_EXERCISES:
    honest(lesson)(as_it_is)


@honest("08")
def another_algorithm(notebook, place):
    """A matrix product in the place of a loop, and a list in the place of an array."""
    notebook.answer(
        "gae_by_definition",
        """
def gae_by_definition(deltas, ended, *, gamma, lam):
    T = len(deltas)
    episode = np.cumsum(ended) - ended
    row = np.arange(T)
    ahead = row[None, :] - row[:, None]
    same = (episode[None, :] == episode[:, None]) & (ahead >= 0)
    return np.where(same, (gamma * lam) ** np.maximum(ahead, 0), 0.0) @ deltas
""",
    )
    notebook.answer(
        "gae",
        """
def gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    later, out = 0, []
    for r, v, n, term, trunc in list(zip(rewards, values, next_values, terminated, truncated))[::-1]:
        delta = r + gamma * np.where(term, 0, n) - v
        later = delta + gamma * lam * np.where(np.logical_or(term, trunc), 0, later)
        out.insert(0, later)
    return out
""",
    )


@honest("05")
def prints_and_warns(notebook, place):
    """Prints on both streams, warnings, a logger, in and above the answers."""
    noise = """    print("looking at", args, kwargs)
    print("to stderr", file=sys.stderr)
    warnings.warn("that is slow")
    logging.getLogger().warning("hm")
    os.write(1, b"raw")
    os.write(2, b"raw")
    sys.stdout.flush()
"""
    for name in ("spread_evenly", "reward_to_go"):
        inner = notebook.source(name).replace(f"def {name}", f"def _{name}")
        notebook.answer(
            name,
            f"import logging, os, sys, warnings\n\nprint('above')\n\n{inner}\n\n"
            f"def {name}(*args, **kwargs):\n{noise}    return _{name}(*args, **kwargs)\n\nprint('below')",
        )


@honest("05")
def prints_without_measure(notebook, place):
    """An answer that prints 20 MB in every call."""
    notebook.answer(
        "spread_evenly",
        notebook.source("spread_evenly").replace(
            "    if length < 1",
            "    for _ in range(20_000):\n        print('x' * 1_000)\n    if length < 1",
            1,
        ),
    )


@honest("05")
def shows_a_progress_bar(notebook, place):
    """A progress bar around the loop, from tqdm.auto."""
    notebook.above("reward_to_go", "from tqdm.auto import tqdm")
    notebook.answer(
        "reward_to_go",
        notebook.source("reward_to_go").replace(
            "reversed(range(len(rewards)))", "tqdm(list(reversed(range(len(rewards)))))"
        ),
    )


@honest("08")
def extra_cells_with_helpers_and_imports(notebook, place):
    """Helpers and imports of the learner's own, above and below the exercise, and names of other lessons."""
    notebook.add("from functools import reduce\nimport itertools as it, math", before="gae")
    notebook.add("def masked(x, flags):\n    return fold(x * (1 - flags))", before="gae")
    notebook.answer(
        "gae",
        """
from course.returns import td_errors as surprise

def gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    deltas = surprise(rewards, values, next_values, terminated, gamma=gamma)
    keep = masked(gamma * lam, terminated | truncated)
    rows = zip(deltas[::-1], keep[::-1])
    sums = it.accumulate(rows, lambda later, row: row[0] + row[1] * later, initial=0 * deltas[0])
    return np.array(list(sums)[1:])[::-1]
""",
    )
    notebook.add("def fold(x):\n    return reduce(lambda a, f: f(a), [lambda a: a], x)")


@honest("02")
def classes_and_callables(notebook, place):
    """A dataclass as a helper, and an object with `__call__` bound to the exercise's name."""
    notebook.answer(
        "min_max",
        """
class Scaler:
    def __call__(self, scores, low, high):
        if high <= low:
            raise ValueError("empty range")
        return (scores - low) / (high - low)

min_max = Scaler()
""",
    )
    notebook.answer(
        "running_mean_var",
        """
from dataclasses import dataclass

@dataclass
class Moments:
    mean: float
    var: float
    count: int

    def merge(self, other: "Moments") -> "Moments":
        count = self.count + other.count
        if not self.count:
            return other
        shift = other.mean - self.mean
        mean = self.mean + shift * other.count / count
        var = (self.var * self.count + other.var * other.count) / count
        return Moments(mean, var + shift**2 * self.count * other.count / count**2, count)

def running_mean_var(mean, var, count, batch):
    batch = np.asarray(batch)
    merged = Moments(mean, var, count).merge(Moments(batch.mean(), batch.var(), len(batch)))
    return merged.mean, merged.var, merged.count
""",
    )


@honest("01")
def computed_constants(notebook, place):
    """Constants that are computed, a partial, a namedtuple, and a name bound inside `try` and `if`."""
    notebook.add(
        """
from collections import namedtuple
from functools import partial
TEN = np.log(10)
Range = namedtuple("Range", "low high")
try:
    from numba import njit
except ImportError:
    njit = lambda f: f
if TEN > 2:
    span = partial(lambda range, base: np.log(range.high / range.low) / base, base=TEN)
else:
    span = None
""",
        before="orders_of_magnitude",
    )
    notebook.answer(
        "orders_of_magnitude",
        """
@njit
def orders_of_magnitude(scores):
    sizes = np.abs(np.asarray(scores, dtype=float))
    sizes = sizes[sizes > 0]
    if len(sizes) == 0:
        raise ValueError("no score")
    return span(Range(sizes.min(), sizes.max()))
""",
    )


@honest("08")
def renamed_notebook(notebook, place):
    """The file has a name of the learner's own."""
    return {"Übung 8 – Kopie von Anna (2).ipynb": notebook.content}


@honest("08")
def number_of_an_older_course(notebook, place):
    """The file has the number that the lesson had in an older version."""
    return {"03_gae.ipynb": notebook.content}


@honest("08")
def reordered_cells(notebook, place):
    """All cells the other way round: the imports stand below the answers that use them."""
    notebook.cells.reverse()


@honest("08")
def text_and_checks_deleted(notebook, place):
    """Only the code is left, and no cell with `check`."""
    notebook.data["cells"] = [
        cell
        for cell in notebook.cells
        if cell["cell_type"] == "code" and "check(" not in "".join(cell["source"])
    ]


@honest("08", gae="wrong")
def one_exercise_unsolved(notebook, place):
    """One exercise is not solved yet; the other one gets its points."""
    stub = json.loads((place.root / "notebooks" / notebook.file).read_bytes())
    notebook.cell("gae")["source"] = next(cell["source"] for cell in stub["cells"] if cell["id"] == "gae")


@honest("05")
def another_kernel(notebook, place):
    """A kernel of another name, and none of the lesson's metadata."""
    notebook.data["metadata"] = {
        "kernelspec": {"display_name": "ml-env", "language": "python", "name": "conda-env-ml-py"},
        "language_info": {"name": "python", "version": "3.9.7"},
        "varInspector": {"cols": {}},
    }


@honest("05")
def saved_by_another_editor(notebook, place):
    """Format 4.2 without cell ids, a byte order mark, CRLF inside, sources as one text, foreign metadata."""
    notebook.data["nbformat_minor"] = 2
    for cell in notebook.cells:
        cell.pop("id")
        cell["metadata"]["vscode"] = {"languageId": "python"}
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")
    return {notebook.file: b"\xef\xbb\xbf" + json.dumps(notebook.data, indent=4).encode()}


@honest("05")
def without_any_metadata(notebook, place):
    """A converter dropped cell ids and all metadata: only the names of the functions are left."""
    for cell in notebook.cells:
        cell.pop("id")
        cell["metadata"] = {}


@honest("05")
def magics_and_shell_lines(notebook, place):
    """`%matplotlib`, `!pip`, `%%time` above an answer, `display` and `get_ipython` in it."""
    notebook.add(
        "%matplotlib inline\n!pip install numpy\n%load_ext autoreload\nLENGTHS = [1, 2]\nfiles = !ls"
    )
    notebook.add("%%bash\nrm -rf something\ndef not_python(")
    notebook.answer(
        "spread_evenly",
        "%%time\n"
        + notebook.source("spread_evenly").replace(
            "    if length < 1",
            "    display(length)\n    get_ipython().run_line_magic('time', '1')\n    if length < 1",
            1,
        ),
    )
    notebook.answer(
        "reward_to_go",
        "%%capture out\n%config InlineBackend.figure_format = 'svg'\n" + notebook.source("reward_to_go"),
    )


@honest("05")
def experiments_that_fail_or_never_end(notebook, place):
    """Experiments beside the answers: errors, an endless loop, `input()`, `quit()`, broken Python."""
    notebook.add("while True:\n    pass", before="spread_evenly")
    notebook.add("name = input('your name? ')\nquit()", before="spread_evenly")
    notebook.add("def broken(:\n    pass")
    notebook.add("import zebra_that_is_not_installed\nassert False\n1 / 0")
    for name in ("spread_evenly", "reward_to_go"):
        notebook.answer(name, f"{notebook.source(name)}\n\nprint({name}())\nraise SystemExit")


@honest("05")
def own_kind_of_error(notebook, place):
    """An invalid length is refused with a subclass of ValueError."""
    notebook.above("spread_evenly", "class LengthError(ValueError):\n    pass")
    source = notebook.source("spread_evenly").replace("raise ValueError", "raise LengthError")
    notebook.answer("spread_evenly", source)


@honest("05")
def works_in_place(notebook, place):
    """The answer works in place on what it is given, and gives that back."""
    notebook.answer(
        "reward_to_go",
        """
def reward_to_go(rewards, *, gamma):
    for t in range(len(rewards) - 2, -1, -1):
        rewards[t] += gamma * rewards[t + 1]
    return rewards
""",
    )


@honest("05")
def modern_python(notebook, place):
    """Annotations from the future, a walrus, a match, a generator, a closure and global counters."""
    notebook.above("reward_to_go", "from __future__ import annotations\nCALLS = 0\nSEEN: list[int] = []")
    notebook.answer(
        "reward_to_go",
        notebook.source("reward_to_go").split("def ")[0]
        + """
def reward_to_go(rewards: npt.NDArray, *, gamma: float | None) -> Undefined:
    global CALLS
    CALLS += 1
    SEEN.append(size := len(rewards))

    def backwards():
        later = 0.0
        for reward in rewards[::-1]:
            yield (later := reward + gamma * later)

    match size:
        case 0:
            return []
        case _:
            return list(backwards())[::-1]
""",
    )


@honest("08")
def two_copies(notebook, place):
    """Wrong copies beside the notebook, as a browser names them: the official name counts."""
    copy = Notebook("08")
    copy.answer("gae", "def gae(*_, **__):\n    return 0")
    return {
        notebook.file: notebook.content,
        "08_gae (1).ipynb": copy.content,
        "08_gae-Copy1.ipynb": copy.content,
        ".ipynb_checkpoints/08_gae-checkpoint.ipynb": copy.content,
        "__MACOSX/._08_gae.ipynb": b"\0\5\26\7",
    }


@honest("06")
def torch_written_in_another_way(notebook, place):
    """torch.nn.functional, `.data`, no_grad and an einsum; the gradient is the same."""
    notebook.answer(
        "value_loss",
        """
import torch.nn.functional as F

def value_loss(values, targets):
    if values.shape != targets.shape:
        raise ValueError("shapes differ")
    with torch.no_grad():
        targets = targets.clone()
    return 0.5 * F.mse_loss(values, targets)
""",
    )


@honest("08", student="Žofie “Zoé” Ann-Marie O'Neil, Jr. 李小龙")
def accents_and_commas_in_a_name(notebook, place):
    """A learner whose name has accents, a comma, quotes and Chinese signs."""


@honest("05")
def pasted_public_solution(notebook, place):
    """The public solution, pasted. It passes, and is listed as near-identical."""


@honest("05")
def helper_of_another_exercise(notebook, place):
    """One answer calls the other exercise of the lesson, which is right as well."""
    notebook.answer(
        "reward_to_go",
        """
def reward_to_go(rewards, *, gamma):
    weights = gamma ** np.arange(len(rewards))
    ones = spread_evenly(float(len(rewards)), len(rewards))
    T = len(rewards)
    return np.array([(rewards[t:] * weights[: T - t] * ones[t:]).sum() for t in range(T)])
""",
    )

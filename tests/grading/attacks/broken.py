"""Broken submissions: what can be graded is; what cannot be read is ungraded, never 0 and never full."""

import copy
import json

from tests.grading.attacks.attack import Holes, Notebook, broken


@broken("08", gae="wrong", gae_by_definition="wrong")
def untouched(notebook, place):
    """The notebook as it was given out."""
    return {notebook.file: (place.root / "notebooks" / notebook.file).read_bytes()}


@broken("08", gae="wrong")
def exercise_cell_deleted(notebook, place):
    """The cell of an exercise is gone."""
    notebook.cells.remove(notebook.cell("gae"))


@broken("08", gae="wrong")
def exercise_cell_emptied(notebook, place):
    """The cell of an exercise is empty."""
    notebook.answer("gae", "")


@broken("08", gae="wrong")
def exercise_cell_commented_out(notebook, place):
    """All of an answer is commented out."""
    notebook.answer("gae", "\n".join(f"# {line}" for line in notebook.source("gae").split("\n")))


@broken("08")
def every_cell_duplicated(notebook, place):
    """Every cell stands twice, with the same ids, checks too."""
    notebook.data["cells"] = [copy.deepcopy(cell) for cell in notebook.cells for _ in range(2)]


@broken("08")
def stub_and_answer_with_one_id(notebook, place):
    """The untouched cell was copied, and the copy solved; both carry the exercise's id."""
    stub = Notebook("08").cell("gae")
    stub["source"] = "def gae(rewards, *_, **__):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    notebook.cells.append(stub)


@broken("05")
def exercise_cell_split(notebook, place):
    """The cell was split in two, as JupyterLab does it: both halves carry its metadata."""
    second = copy.deepcopy(notebook.cell("reward_to_go"))
    second["id"] = "half"
    first = notebook.cell("reward_to_go")
    first["source"] = "def backwards(rewards):\n    return reversed(range(len(rewards)))"
    second["source"] = second["source"].replace("reversed(range(len(rewards)))", "backwards(rewards)")
    notebook.cells.insert(notebook.cells.index(first) + 1, second)


@broken("08", gae="wrong")
def exercise_cell_made_text(notebook, place):
    """The cell of an exercise was turned into text."""
    cell = notebook.cell("gae")
    cell["cell_type"] = "markdown"
    del cell["outputs"], cell["execution_count"]


@broken("08", gae="wrong")
def exercise_cell_made_raw(notebook, place):
    """The cell of an exercise was turned into a raw cell."""
    cell = notebook.cell("gae")
    cell["cell_type"] = "raw"
    del cell["outputs"], cell["execution_count"]


@broken("08", gae="wrong")
def answer_with_a_slip_of_syntax(notebook, place):
    """A bracket is missing; the other exercise gets its points."""
    notebook.answer("gae", notebook.source("gae").replace("(deltas)))", "(deltas))"))


@broken("08", gae="wrong")
def answer_of_an_old_python(notebook, place):
    """A print statement of Python 2."""
    notebook.answer("gae", notebook.source("gae").replace("    return", "    print advantages\n    return"))


@broken("08", gae="wrong")
def function_of_another_name(notebook, place):
    """The function has another name, which looks the same: its a is Cyrillic."""
    notebook.answer("gae", notebook.source("gae").replace("def gae", "def g\N{CYRILLIC SMALL LETTER A}e"))


@broken("08", gae="wrong")
def name_bound_to_a_number(notebook, place):
    """The exercise's name is bound to something that cannot be called."""
    notebook.answer("gae", "gae = 3.0")


@broken("08", gae="wrong")
def arguments_left_out(notebook, place):
    """The function takes fewer arguments than the exercise has."""
    notebook.answer("gae", "def gae(rewards, values):\n    return rewards - values")


@broken("08", gae="wrong", gae_by_definition="wrong")
def answers_that_are_not_numbers(notebook, place):
    """A coroutine, and a generator."""
    notebook.answer("gae", "async " + notebook.source("gae"))
    source = notebook.source("gae_by_definition").replace("return advantages", "yield from advantages")
    notebook.answer("gae_by_definition", source)


@broken("08", gae="wrong")
def fails_while_it_is_defined(notebook, place):
    """A default argument that raises."""
    notebook.answer("gae", notebook.source("gae").replace("gamma, lam", "gamma, lam, more=1 / 0"))


@broken("08", gae="wrong")
def odd_signs_in_a_cell(notebook, place):
    """A zero byte and half of a surrogate pair in an answer."""
    notebook.above("gae", "# \0 \ud800")


@broken("08")
def odd_cells(notebook, place):
    """Cells that are no cells: numbers, no source, no metadata, ids and types of the wrong kind."""
    notebook.cells[:0] = [
        7,
        None,
        {},
        {"cell_type": "code"},
        {"cell_type": None, "source": {"a": 1}, "metadata": []},
        {"cell_type": "code", "metadata": None, "source": None, "outputs": None},
        {"cell_type": "code", "metadata": {"nbgrader": "gae"}, "source": [1, 2], "outputs": []},
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": ["gae"]}}, "source": "1", "id": 7},
    ]
    return {notebook.file: json.dumps(notebook.data).encode()}


@broken("08")
def fifty_megabytes_of_output(notebook, place):
    """The outputs of 50 MB of a run are saved in the file."""
    text = ("x" * 99 + "\n") * 500_000
    notebook.cell("check_gae")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]


@broken("08")
def a_million_blank_lines(notebook, place):
    """A cell of a million blank lines, and one of a hundred thousand blanks."""
    notebook.add("\n" * 1_000_000 + "x = 1")
    notebook.add("y = 1\n" + " " * 100_000 + "\n!ls")


@broken("08", ungraded=True)
def more_than_a_hundred_megabytes(notebook, place):
    """A file of 101 MB."""
    return {notebook.file: Holes(101_000_000)}


@broken("08", ungraded=True)
def no_bytes(notebook, place):
    """A file of 0 bytes."""
    return {notebook.file: b""}


@broken("08", ungraded=True)
def cut_off(notebook, place):
    """Half of the file: the upload broke off."""
    return {notebook.file: notebook.content[: len(notebook.content) // 2]}


@broken("08", ungraded=True)
def not_json(notebook, place):
    """The page of a web site, saved under the notebook's name."""
    return {notebook.file: b"<!DOCTYPE html><html><body>Please log in</body></html>"}


@broken("08", ungraded=True)
def json_but_no_notebook(notebook, place):
    """JSON of something else."""
    return {notebook.file: b'{"cells": 5}'}


@broken("08", ungraded=True)
def json_ten_thousand_levels_deep(notebook, place):
    """JSON of a million brackets, which ends many a parser."""
    return {notebook.file: b"[" * 1_000_000 + b"]" * 1_000_000}


@broken("08", ungraded=True)
def not_utf8(notebook, place):
    """The file was saved in another encoding."""
    return {notebook.file: json.dumps(notebook.data, ensure_ascii=False).encode("utf-16")[3:]}


@broken("08", ungraded=True)
def a_folder_in_its_place(notebook, place):
    """A folder of the notebook's name."""
    return {notebook.file: None}


@broken("08", ungraded=True)
def nothing_but_other_files(notebook, place):
    """A report and a picture, and no notebook."""
    return {"report.pdf": b"%PDF-1.4", "picture.png": b"\x89PNG"}


@broken("08")
def beside_an_unreadable_copy(notebook, place):
    """The notebook, and a broken copy of it under another name."""
    return {notebook.file: notebook.content, "gae_backup.txt": b"{"}

"""Hostile submissions that bring something along: files, links, archives, names, texts."""

import io
import zipfile

from tests.grading.attacks.attack import MARK, Holes, Link, cheat, hostile


@hostile("08", gae="wrong")
def modules_beside_the_notebook(notebook, place):
    """Files named numpy.py, json.py, sitecustomize.py and a course of its own lie beside the notebook."""
    cheat(notebook, "return rewards")
    forged = f"open({str(place.canary / MARK)!r}, 'w').close()\n"
    forged += "def __getattr__(name): return lambda *_, **__: True\n"
    names = (
        "numpy.py",
        "json.py",
        "sitecustomize.py",
        "usercustomize.py",
        "conftest.py",
        "course/__init__.py",
    )
    files = {name: forged.encode() for name in names}
    return {
        **files,
        "course/returns.py": forged.encode(),
        "x.pth": b"import os",
        notebook.file: notebook.content,
    }


@hostile("08", ungraded=True)
def link_to_another_submission(notebook, place):
    """A symbolic link to the notebook of a fellow learner."""
    return {notebook.file: Link("../as_it_is_08/08_gae.ipynb")}


@hostile("08", ungraded=True)
def link_to_an_endless_device(notebook, place):
    """A symbolic link to a device that never ends."""
    return {notebook.file: Link("/dev/zero")}


@hostile("08", ungraded=True)
def link_to_a_folder(notebook, place):
    """A symbolic link to the folder of a fellow learner."""
    return {"08_gae": Link("../as_it_is_08")}


def archive(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members:
            zipped.writestr(name, content)
    return file.getvalue()


@hostile("08", ungraded=True)
def archive_that_climbs_out(notebook, place):
    """A zip file whose members have paths with `../`."""
    return {"homework.zip": archive((f"../../{MARK}/08_gae.ipynb", notebook.content))}


@hostile("08", ungraded=True)
def archive_with_a_link(notebook, place):
    """A zip file that holds a symbolic link to the solutions."""
    link = zipfile.ZipInfo("08_gae.ipynb")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    return {"homework.zip": archive((link, str(place.root / "solutions" / "08_gae.ipynb")))}


@hostile("08", ungraded=True)
def archive_that_grows(notebook, place):
    """A zip file of half a megabyte that unpacks to 500 MB."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped,
        zipped.open(notebook.file, "w") as member,
    ):
        for _ in range(500):
            member.write(b" " * 1_000_000)
    return {"homework.zip": file.getvalue()}


@hostile("08", gae="wrong", student="<script>alert(4711)<img src=x onerror=alert(4711)>&lt;b&gt;")
def html_in_names_and_errors(notebook, place):
    """HTML and a script in the learner's name, in an error's text and type, and in what is printed."""
    cheat(
        notebook,
        """
        print("<script>alert(4711)</script>")
        raise type("<script>alert(4711)</script>", (ValueError,), {})("<script>alert(4711)</script>")
        """,
    )


@hostile("08", gae="wrong", student="\x1b[2J\x1b]0;owned\x07 \u202egnp.exe")
def escape_codes_in_names_and_prints(notebook, place):
    """Codes that clear a terminal and turn the direction of writing, in the learner's name and in prints."""
    cheat(notebook, 'print("\\x1b[2J\\x1b]0;owned\\x07"); raise KeyError("\\x1b[2J")')


@hostile("08", gae="wrong", student='=HYPERLINK("http:..example.org","click")')
def formula_in_a_name(notebook, place):
    """A learner whose name a spreadsheet would take for a formula."""
    cheat(notebook, "return rewards")


@hostile("08", gae="wrong")
def tells_the_hidden_inputs(notebook, place):
    """The hidden inputs in the text of an error, in its type's name, in prints, and in a warning."""
    cheat(
        notebook,
        f"""
        import warnings
        told = f"{MARK}{{rewards.tolist()}}"
        print(told)
        warnings.warn(told)
        raise type(told, (KeyError,), {{}})(told)
        """,
    )


@hostile("08", gae="wrong")
def an_error_that_is_a_trap(notebook, place):
    """An error whose text never ends, whose type lies and whose traceback holds itself."""
    cheat(
        notebook,
        """
        error = Trap("x" * 10_000_000)
        error.__cause__ = error.__context__ = None
        raise error
        """,
        above="""
        class Meta(type):
            __name__ = property(lambda cls: 1 / 0)
            __mro__ = property(lambda cls: 1 / 0)
            def __instancecheck__(cls, other): raise SystemExit
            def __repr__(cls):
                while True: pass
        class Trap(Exception, metaclass=Meta):
            __class__ = property(lambda self: ValueError)
            def __str__(self):
                while True: pass
            __repr__ = __str__
            __traceback__ = None
        """,
    )


@hostile("08", gae="wrong", gae_by_definition="wrong")
def nests_too_deep_to_compile(notebook, place):
    """Answers that are too much for a compiler: brackets and signs within each other."""
    notebook.answer("gae", "gae = " + "(" * 50_000 + ")" * 50_000)
    notebook.answer("gae_by_definition", "gae_by_definition = " + "-" * 1_000_000 + "1")


@hostile("08", ungraded=True)
def megabytes_that_only_a_grader_reads(notebook, place):
    """A file of 99 MB that is no notebook, of zero bytes."""
    return {notebook.file: Holes(99_000_000)}

"""What is found in a folder, an archive or nbgrader's `submitted/`, and what is told of the rest."""

import io
import os
import stat
import zipfile

import pytest

from course.arrays import Refusal
from course.grading import archives, submissions
from course.grading.submissions import find


def put(folder, *names, content="{}"):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def zipped(files, links=()):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for name in links:
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
    return raw.getvalue()


def seen(found):
    """(learner, folder) -> names, and the problem of those that cannot be read."""
    return {
        (work.student, work.folder): [(each.name, each.problem) for each in work.submissions()]
        for work in found
    }


def names(found):
    return {student: [name for name, _ in files] for (student, _), files in seen(found).items()}


def test_a_flat_folder_a_folder_each_and_nbgraders_layout(tmp_path):
    put(
        tmp_path,
        "ada.ipynb",
        "bob/08_gae.ipynb",
        "bob/notes.txt",
        "cy/07_td/07_td.ipynb",
        "cy/08_gae/x.ipynb",
    )
    put(tmp_path, "README.md", ".hidden/a.ipynb", "__MACOSX/._ada.ipynb", "bob/.ipynb_checkpoints/x.ipynb")
    put(tmp_path, "dee.ipynb.txt", "eve/old/of/mine/08_gae.IPYNB")
    assert {key: [name for name, _ in files] for key, files in seen(find(tmp_path)).items()} == {
        ("ada", ""): ["ada.ipynb"],
        ("bob", ""): ["08_gae.ipynb"],
        ("cy", "07_td"): ["07_td.ipynb"],
        ("cy", "08_gae"): ["x.ipynb"],
        ("dee", ""): ["dee.ipynb.txt"],
        ("eve", ""): ["08_gae.IPYNB"],
    }


def test_the_output_folder_inside_is_not_a_learner(tmp_path):
    put(tmp_path, "ada.ipynb", "out/feedback/a.ipynb")
    assert names(find(tmp_path, ignore=tmp_path / "out")) == {"ada": ["ada.ipynb"]}


def test_links_pipes_folders_and_empty_folders_get_a_row_and_are_never_read(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_text("SECRET")
    class_ = tmp_path / "class"
    put(class_, "ada/08_gae.ipynb")
    (class_ / "bob.ipynb").symlink_to(secret)
    (class_ / "cy").symlink_to(class_ / "ada")
    (class_ / "ada" / "data").symlink_to(tmp_path)
    os.mkfifo(class_ / "dee.ipynb")
    (class_ / "eve.ipynb").mkdir()
    (class_ / "fay").mkdir()
    link = "It is a link; links are not followed."
    assert seen(find(class_)) == {
        ("ada", ""): [("08_gae.ipynb", ""), ("data", link)],
        ("bob", ""): [("bob.ipynb", link)],
        ("cy", ""): [("cy", link)],
        ("dee", ""): [("dee.ipynb", "It is no file.")],
        ("eve", ""): [("eve.ipynb", "It is a folder, not a notebook.")],
        ("fay", ""): [("fay", "There is no notebook in what was handed in.")],
    }


def test_a_file_that_becomes_a_link_after_it_was_found_is_not_followed(tmp_path):
    put(tmp_path, "ada.ipynb")
    (work,) = find(tmp_path)
    (tmp_path / "ada.ipynb").unlink()
    (tmp_path / "ada.ipynb").symlink_to("/etc/passwd")
    (submission,) = work.submissions()
    assert submission.content is None
    assert "cannot be read" in submission.problem


def test_an_archive_of_an_lms(tmp_path):
    inner = zipped({"hw/09_time_limits.ipynb": "nine"})
    files = {
        "Ada_12_assignsubmission_file_/08_gae.ipynb": "eight",
        "Bob_13_assignsubmission_file_/homework.zip": inner,
        "doecy_4_5_08_gae.ipynb": "cy",
        "__MACOSX/Ada_12/._08_gae.ipynb": "x",
        "empty_14_onlinetext_/text.html": "x",
    }
    (tmp_path / "download.zip").write_bytes(
        zipped(files, links=["eve_1_assignsubmission_file_/08_gae.ipynb"])
    )
    expected = {
        "Ada_12_assignsubmission_file_": ["08_gae.ipynb"],
        "Bob_13_assignsubmission_file_": ["09_time_limits.ipynb"],
        "doecy_4_5_08_gae": ["doecy_4_5_08_gae.ipynb"],
        "empty_14_onlinetext_": ["empty_14_onlinetext_"],
        "eve_1_assignsubmission_file_": ["08_gae.ipynb"],
    }
    for where in (tmp_path / "download.zip", tmp_path):  # itself, or alone in a folder
        found = find(where)
        assert names(found) == expected
        assert [each.content for each in found[1].submissions()] == [b"nine"]
        assert found[4].submissions()[0].problem == "It is a link; links are not followed."


def test_what_a_learner_zips_is_that_learners_whatever_the_names_in_it_say(tmp_path):
    forged = zipped({"bob/08_gae.ipynb": "forged", "../bob/08_gae.ipynb": "forged", "/etc/x.ipynb": "forged"})
    put(tmp_path, "bob.ipynb")
    (tmp_path / "mallory.ZIP").write_bytes(forged)
    found = seen(find(tmp_path))
    assert found["bob", ""] == [("bob.ipynb", "")]
    assert found["mallory", "bob"] == [("08_gae.ipynb", "")]
    outside = "Its path leads out of the archive."
    assert sorted(found["mallory", ""]) == [("08_gae.ipynb", outside), ("x.ipynb", outside)]
    assert len(found) == 3


def test_one_learners_archive_alone_in_a_folder_is_not_taken_for_a_class(tmp_path):
    (tmp_path / "ada.zip").write_bytes(zipped({"08_gae.ipynb": "x"}))
    assert names(find(tmp_path)) == {"ada": ["08_gae.ipynb"]}


def locked_zip():
    """An archive whose member says that it is locked."""
    content = bytearray(zipped({"a.ipynb": "x"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= archives.LOCKED
    return bytes(content)


def test_archives_that_are_broken_locked_nested_or_huge_get_a_row_each(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 1000)
    monkeypatch.setattr(submissions, "LARGEST_LISTING", 2000)
    nested = zipped({"a.zip": zipped({"b.zip": zipped({"c.ipynb": "x"})})})
    damaged = bytearray(zipped({"a.ipynb": "x" * 500}))
    damaged[40] ^= 0xFF
    for name, content in {
        "broken": b"PK no archive",
        "bomb": zipped({"a.ipynb": "0" * 5000}),
        "damaged": bytes(damaged),
        "locked": locked_zip(),
        "many": zipped({f"{i}.txt": "" for i in range(100)}),
        "nested": nested,
    }.items():
        (tmp_path / f"{name}.zip").write_bytes(content)
    put(tmp_path, "large.ipynb", content="x" * 1001)
    found = {student: files[0][1] for (student, _), files in seen(find(tmp_path)).items()}
    assert found == {
        "broken": "It is no zip file that can be read.",
        "bomb": "It is larger than 0 MB.",
        "damaged": "It cannot be read from its archive.",
        "large": "It is larger than 0 MB.",
        "locked": "It is locked with a password.",
        "many": "It is an archive of too many files.",
        "nested": "It is an archive within an archive within an archive.",
    }


def test_what_is_handed_in_together_is_read_up_to_a_size(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 100)
    for name, size in {"a": 60, "b": 50, "c": 40, "d": 101}.items():
        put(tmp_path, f"ada/{name}.ipynb", content="x" * size)
    (work,) = find(tmp_path)
    before = work.key()
    problems = [each.problem for each in work.submissions()]
    assert problems == ["", "It is too large: what is handed in together may have 0 MB.", "", problems[1]]
    put(tmp_path, "ada/b.ipynb", content="y" * 50)
    assert work.key() != before  # though it is not read now, it counts


def test_a_learner_with_very_many_notebooks_is_cut_off_and_told(tmp_path):
    put(tmp_path, *(f"ada/{number:03}.ipynb" for number in range(submissions.MOST + 5)))
    (files,) = seen(find(tmp_path)).values()
    assert len(files) == submissions.MOST + 1
    assert "More than 100 notebooks" in files[-1][1]


def test_names_are_cleaned_and_two_that_then_look_alike_stay_two(tmp_path):
    put(
        tmp_path, "=cmd|1.ipynb", "a\x01b.ipynb", "a\x02b.ipynb", "José.ipynb", "\u202eevil.ipynb", "-5.ipynb"
    )
    (tmp_path / os.fsdecode(b"b\xffd.ipynb")).write_text("{}")
    put(tmp_path, "w" * 240 + ".ipynb")
    students = {work.student for work in find(tmp_path)}
    assert students == {
        "'=cmd|1",
        "'-5",
        "a\ufffdb",
        "a\ufffdb (2)",
        "José",
        "\ufffdevil",
        "b\ufffdd",
        "w" * 199 + "…",
    }


def test_the_key_changes_with_the_content_and_with_nothing_else(tmp_path):
    put(tmp_path, "ada/08_gae.ipynb", "bob/08_gae.ipynb")
    ada, bob = (work.key() for work in find(tmp_path))
    assert ada != bob  # the same content of two learners
    os.utime(tmp_path / "ada/08_gae.ipynb", (0, 0))
    assert find(tmp_path)[0].key() == ada
    put(tmp_path, "ada/08_gae.ipynb", content="{ }")
    assert find(tmp_path)[0].key() != ada


def test_what_cannot_be_graded_at_all_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        find(tmp_path / "nowhere")
    with pytest.raises(Refusal, match="nothing to grade in"):
        find(tmp_path)
    put(tmp_path, "notes.txt", "submitted/ada/08_gae/08_gae.ipynb", "source/08_gae/08_gae.ipynb")
    with pytest.raises(Refusal, match=r"is an nbgrader course; give its folder of submissions: .*submitted"):
        find(tmp_path)
    with pytest.raises(Refusal, match="must be a folder, a zip file or a notebook"):
        find(tmp_path / "notes.txt")
    put(tmp_path, "broken.zip")
    with pytest.raises(Refusal, match="cannot be graded: it is no zip file that can be read"):
        find(tmp_path / "broken.zip")

"""What is at a path: the answers of plugins, or a description if no plugin recognizes it."""

from __future__ import annotations

import os
import subprocess
import zipfile

import pytest

from fg_logs import (
    AnswersForAnother,
    Fails,
    KnowsNothing,
    LogPlugin,
    NotesItsProcess,
)
from fitglue_registry.errors import PluginFailed, UserMistake
from fitglue_registry.plugin_api import Recognized
from fitglue_registry.services.importing import describe_path
from fitglue_registry.services.importing.recognizing import recognize
from fitglue_registry.sync.worker_limits import WorkerLimits


def refused(host, *paths, **options):
    with pytest.raises(UserMistake) as caught:
        host.imports.recognize(paths, **options)
    return caught.value


def test_a_plugin_says_what_a_path_is_and_nothing_is_written(host, log, tmp_path):
    """Recognizing a file connects nothing, and does not even create the database."""
    found = host.imports.recognize([log("may.log", 1, 2)]).found
    assert found == (
        Recognized(
            "log",
            (str(tmp_path / "may.log"),),
            "Training log",
            {"path": str(tmp_path / "may.log")},
            ("1 logs",),
            ("no pictures",),
        ),
    )
    assert not (tmp_path / "home" / "fitglue.db").exists()


def test_paths_reach_plugins_absolute_and_once(open_host, log, tmp_path, monkeypatch):
    """Plugins get absolute paths without duplicates, regardless of how they were typed."""
    log("may.log", 1)
    asked = tmp_path / "asked"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UserMistake):
        open_host(log=KnowsNothing(notes=asked)).imports.recognize(
            ["may.log", "~/may.log", tmp_path / "may.log"]
        )
    assert asked.read_text().splitlines() == [str(tmp_path / "may.log")]


def test_what_is_found_stands_in_the_order_in_which_it_was_typed(host, log):
    """Results are in the order in which the paths were typed, so that the newer archive can be
    last.
    """
    second, first = log("a.log", 1), log("b.log", 2)
    assert [recognized.paths for recognized in host.imports.recognize([first, second]).found] == [
        (str(first),),
        (str(second),),
    ]


def test_a_path_that_is_not_there_names_one_that_is_nearly_it(host, log):
    """The error for a missing path suggests a similar name."""
    error = refused(host, log("may.log", 1).with_name("mya.log"))
    assert (error.code, error.why) == ("FG-path-missing", "a similar name exists: may.log")


def test_one_path_that_is_not_there_refuses_them_all(host, log, tmp_path):
    """One missing path refuses the whole import."""
    assert refused(host, log("may.log", 1), tmp_path / "nowhere" / "x").code == "FG-path-missing"


@pytest.mark.parametrize("name", ["export.z01", "export.zip.001", "EXPORT.ZIP.002"])
def test_a_part_of_a_split_zip_is_named_as_one(host, tmp_path, name):
    """A part of a split zip cannot be read alone, and downloading it again does not help."""
    (tmp_path / name).write_bytes(b"PK\x03\x04 a part")
    error = refused(host, tmp_path / name)
    assert "one part of a zip that was split" in error.why
    assert error.fix.startswith("join its parts")


def test_a_web_page_in_place_of_a_zip_is_to_be_downloaded_again(host, tmp_path):
    """A link that has expired leaves a web page under the name of the zip."""
    (tmp_path / "export.zip").write_bytes(b"<html>This link has expired</html>")
    error = refused(host, tmp_path / "export.zip")
    assert error.fix.startswith("download it again")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_path_that_no_system_takes_is_refused(host, name):
    """A path that no file system accepts is a mistake of the user, not a bug."""
    assert refused(host, name).code in ("FG-path-missing", "FG-path-unreadable")


def test_what_is_neither_file_nor_folder_is_refused(host, tmp_path):
    """A pipe is refused, because reading it would never end."""
    os.mkfifo(tmp_path / "pipe")
    assert refused(host, tmp_path / "pipe").code == "FG-path-unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_refused(host, log):
    """A file without read permission is refused."""
    path = log("may.log", 1)
    path.chmod(0)
    assert refused(host, path).code == "FG-path-unreadable"


def test_an_empty_path_is_not_the_current_folder(host):
    """An embedder that passes an empty path gets an error instead of the working directory."""
    assert refused(host, "").what == "the path is empty"


def test_nothing_recognized_says_what_was_looked_for_and_what_it_looks_like(host, tmp_path):
    """The error for an unknown file says what it is, what FitGlue reads, and what to do."""
    (tmp_path / "x").write_bytes(b"%PDF-1.7 and so on")
    error = refused(host, tmp_path / "x")
    assert (error.code, error.why) == ("FG-not-recognized", "it is a PDF; looked for: Training log")
    assert error.fix == "name an archive as you downloaded it, a workout file, or a folder of them"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"7z\xbc\xaf\x27\x1c\0", "a 7-Zip archive"),
        (b"\x0e\x10\0\0\0\0\0\0.FIT", "a FIT file"),
        (b'\xef\xbb\xbf {"a": 1}', "JSON"),
        (b"PK\x03\x04 and no more", "a zip that is cut off"),
        (b"\0\xff" * 50, "of an unknown kind, 100"),
        ("Größe;Zeit\n".encode(), "a text file that begins with 'Größe;Zeit'"),
        (b"x" * 257 + b"ustar\x0000", "a tar archive"),
    ],
)
def test_a_file_that_nobody_knows_is_told_by_its_first_bytes(host, tmp_path, content, words):
    """An unknown file is described by its first bytes, not by its name."""
    (tmp_path / "x.log.txt").write_bytes(content)
    assert words in refused(host, tmp_path / "x.log.txt").why


def test_a_path_is_described_in_a_worker(host, tmp_path, monkeypatch):
    """Not even the first bytes of an unknown file are read in this process."""
    monkeypatch.setattr(describe_path, "_file", None)
    (tmp_path / "x").write_bytes(b"%PDF-1.7 and so on")
    assert "it is a PDF" in refused(host, tmp_path / "x").why


@pytest.mark.parametrize("content", [b"%PDF-1.7 and so on", b"\xff\xd8 an image"])
def test_a_path_is_described_within_the_limits_of_the_caller(host, tmp_path, content):
    """An upload that nobody recognizes is described within the limits for uploads, which are lower
    than those for paths of this computer.
    """
    (tmp_path / "x").write_bytes(content)
    limits = WorkerLimits(wall_s=60.0, cpu_s=7.0)
    workers = host.workspace.workers()
    used = []
    submit = workers.submit

    def noted(*arguments, limits):
        used.append(limits)
        return submit(*arguments, limits=limits)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "submit", noted)
        with pytest.raises(UserMistake):
            recognize(host.workspace, [tmp_path / "x"], None, limits)
    assert set(used) == {limits}


@pytest.fixture
def deep(tmp_path):
    """A folder that is nested more deeply than Python calls functions."""
    folder = tmp_path / "deep"
    folder.mkdir()
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(1300):
        os.mkdir("deep", dir_fd=handle)
        following = os.open("deep", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = following
    os.close(handle)
    yield folder
    # The functions of Python that remove folders call themselves for each level.
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_a_folder_of_any_depth_is_described(deep):
    """A folder that is nested very deeply is described, and is not a bug."""
    assert describe_path.describe(deep).what == "an empty folder"


def test_an_index_that_fills_the_memory_is_described(monkeypatch, tmp_path):
    """An index of a zip that needs more memory than a worker has is a description, not a bug."""

    def fill(path):
        raise MemoryError

    monkeypatch.setattr(describe_path, "_file", fill)
    assert "more memory" in describe_path.describe(tmp_path / "x").what


def test_every_plugin_recognizes_in_a_worker(open_host, log, tmp_path):
    """Plugins look at foreign files only in a worker process, also those of an application."""
    processes = tmp_path / "processes"
    open_host(log=NotesItsProcess(notes=processes)).imports.recognize([log("may.log", 1)])
    assert processes.read_text()
    assert str(os.getpid()) not in processes.read_text().split()


def test_a_file_behind_a_link_is_not_quoted(host, tmp_path):
    """The text of a file that a link leads to is not quoted, because it may be a secret."""
    (tmp_path / "key").write_text("a private key")
    (tmp_path / "x.txt").symlink_to(tmp_path / "key")
    assert "it is a text file; looked for" in refused(host, tmp_path / "x.txt").why


def test_a_zip_that_nobody_knows_is_told_by_what_is_in_it(host, tmp_path):
    """An unknown zip is described by the names of three files in it."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        for name in ("a/", "a/one.txt", "two.txt", "three.txt", "four.txt"):
            packed.writestr(name, "")
    assert (
        "a zip of 4 files: one.txt, two.txt, three.txt, …" in refused(host, tmp_path / "x.zip").why
    )


def test_a_folder_that_nobody_knows_is_told_by_its_files(host, tmp_path):
    """An unknown folder is described by the kinds of its files."""
    folder = tmp_path / "photos"
    folder.mkdir()
    assert "an empty folder" in refused(host, folder).why
    for name in ("a.jpg", "b.JPG", "readme"):
        (folder / name).touch()
    assert "a folder of 3 files: 2 .jpg, 1 without a suffix" in refused(host, folder).why


def test_one_path_that_nobody_knows_does_not_keep_the_others_out(host, log, tmp_path):
    """An unknown path is reported in addition to those that were recognized."""
    (tmp_path / "x").write_text("x")
    recognition = host.imports.recognize([tmp_path / "x", log("may.log", 1)])
    assert (
        [recognized.entry for recognized in recognition.found],
        [problem.code for problem in recognition.problems],
    ) == (["log"], ["FG-not-recognized"])


def test_a_path_that_two_sources_know_is_asked_back(open_host, log):
    """A path that two sources recognize is refused, and --as chooses one of them."""
    host, path = open_host(log=LogPlugin(), diary=LogPlugin("diary")), log("may.log", 1)
    error = refused(host, path)
    assert (error.code, error.fix) == ("FG-import-ambiguous", "add --as diary or --as log")
    assert [recognized.entry for recognized in host.imports.recognize([path], "diary").found] == [
        "diary"
    ]
    assert refused(host, path, source="dairy").code == "FG-unknown-entry"


def test_a_broken_plugin_is_named_and_the_others_are_asked(open_host, log):
    """A plugin that cannot be imported is reported, and the others are asked."""
    recognition = open_host(log=LogPlugin(), diary=ImportError("no wheel")).imports.recognize(
        [log("may.log", 1)]
    )
    assert [recognized.entry for recognized in recognition.found] == ["log"]
    assert [(problem.code, "diary" in problem.what) for problem in recognition.problems] == [
        ("FG-plugin-import-failed", True)
    ]


def test_where_the_only_plugin_is_broken_that_is_the_answer(open_host, log):
    """If nothing is recognized and a plugin is broken, its error is raised."""
    with pytest.raises(PluginFailed, match="FG-plugin-raised"):
        open_host(log=Fails()).imports.recognize([log("may.log", 1)])


def test_a_plugin_recognizes_for_its_own_sources_alone(open_host, log):
    """An answer for a source of another plugin is an error of the plugin."""
    foreign = AnswersForAnother("diary")
    recognition = open_host(log=LogPlugin(), diary=foreign).imports.recognize([log("may.log", 1)])
    assert (len(recognition.found), [problem.code for problem in recognition.problems]) == (
        1,
        ["FG-plugin-answer"],
    )


def test_without_any_plugin_for_files_the_fix_is_to_install_one(open_host, log, tmp_path):
    """Without a plugin that reads files, the fix names the plugin to install."""
    host = open_host(log=LogPlugin())
    found = host.workspace.plugins.discovery._found
    found.by_group["fitglue.plugins"].clear()  # its distribution is gone
    error = refused(host, log("may.log", 1))
    assert (error.code, error.fix) == ("FG-no-importer", "fitglue plugin install log")


@pytest.mark.parametrize("target", ["nowhere.log", "."])
def test_a_link_to_nothing_is_called_a_link(host, tmp_path, target):
    """A link that leads to nothing, or into nothing, is not suggested as a similar name."""
    link = tmp_path / "dangling.log"
    link.symlink_to(tmp_path / target / "gone")
    error = refused(host, link)
    assert (error.code, error.why) == ("FG-path-missing", f"it leads to {link.readlink()}")
    assert error.what.endswith("is a link to something that does not exist")

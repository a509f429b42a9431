"""Tests of files that a person names: nothing that is there is lost, and nothing is written through
a link that somebody put there.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fitglue_registry.abandoned import unfinished_folder
from fitglue_registry.output_files import output_file, write_new_file
from fitglue_registry.unfinished_files import publish
from tests.sampling import sampled

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such links and devices")

PRECIOUS = "the only copy of my diary\n"
RECORD = '{"id": "a", "source": "x", "start_utc": "2026-05-01T07:00:00Z", "elapsed_s": 3600}\n'


@pytest.fixture
def commands(synced, fitglue, tmp_path):
    """Return the commands that write a file at a place, by name."""
    records = tmp_path / "records.jsonl"
    records.write_text(RECORD + RECORD.replace('"a"', '"b"'))
    return {
        "export": lambda out: fitglue("export", "last", "--out", str(out)),
        "export csv": lambda out: fitglue("export", "last", "--format", "csv", "--out", str(out)),
        "dev match": lambda out: fitglue("dev", "match", str(records), "--out", str(out)),
        "backup": lambda out: fitglue("backup", "make", str(out)),
    }


COMMANDS = ["export", "export csv", "dev match", "backup"]


@pytest.fixture
def place(tmp_path):
    """Return a folder of its own for what is written."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.mark.parametrize("command", sampled(COMMANDS, ["export", "backup"]))
def test_a_link_at_the_place_is_not_followed(commands, command, place, reliability):
    """If the place is a link, the command refuses it, and the file behind the link stays."""
    (place / "victim").write_text(PRECIOUS)
    (place / "out.zip").symlink_to(place / "victim")
    said = commands[command](place / "out.zip")
    why = "already exists" if command == "backup" else "it is a link"
    assert (said.code, why in said.err) == (2, True)
    assert (place / "victim").read_text() == PRECIOUS
    assert (place / "out.zip").is_symlink()
    reliability(
        "command",
        f"`{command}` to a link",
        lost=int((place / "victim").read_text() != PRECIOUS),
        seen="a mistake, exit 2; the file behind the link is unchanged",
    )


@pytest.mark.parametrize("command", sampled(COMMANDS, ["export", "backup"]))
def test_a_link_to_nothing_is_not_followed(commands, command, place):
    """If the place is a link to a file that does not exist, that file is not created."""
    (place / "out.zip").symlink_to(place / "new")
    assert commands[command](place / "out.zip").code == 2
    assert not (place / "new").exists()


@pytest.mark.parametrize("command", sampled(COMMANDS, ["export", "backup"]))
def test_neighbors_are_neither_followed_nor_lost(commands, command, place):
    """Files and links beside the place, whatever their names end with, stay as they are."""
    (place / "victim").write_text(PRECIOUS)
    for ending in ("part", "tmp", "new", "1"):
        (place / f"out.zip.{ending}").write_text(PRECIOUS)
        (place / f".out.zip.{ending}").symlink_to(place / "victim")
    before = set(place.iterdir())
    assert commands[command](place / "out.zip").code == 0
    assert set(place.iterdir()) - before == {place / "out.zip"}
    assert {path.read_text() for path in before} == {PRECIOUS}


@pytest.fixture
def named(monkeypatch):
    """Make this system one that gives every file a name at once, as all except Linux do."""
    monkeypatch.delattr("os.O_TMPFILE", raising=False)


def test_the_temporary_name_cannot_be_guessed(place, named):
    """The name of the unfinished file differs each time, and is long enough not to be guessed."""
    names = []
    for _ in range(2):
        with output_file(place / "out", lambda _: True):
            names += [path.name for path in place.iterdir() if path.name != "out"]
    assert len(set(names)) == 2
    assert all(len(name.rpartition("-")[2]) >= 16 for name in names)


#: Starts to write, reports it, and waits until it is killed.
WRITERS = {
    "a new file": """
        with output_file(folder / "out", lambda _: True) as file:
            report(file)
    """,
    "a file that replaces another": """
        (folder / "out").write_text("old")
        with output_file(folder / "out", lambda _: True) as file:
            report(file)
    """,
    "a folder": """
        with unfinished_folder(folder, "backup") as unfinished:
            report((unfinished / "backup.zip").open("wb"))
    """,
}
BEFORE = """
import os, sys, time
from pathlib import Path
from fitglue_registry.abandoned import unfinished_folder
from fitglue_registry.output_files import output_file

def report(file):
    file.write(b"half")
    file.flush()
    print("half", flush=True)
    time.sleep(60)

folder = Path(sys.argv[1])
"""
WITHOUT_UNNAMED_FILES = "if hasattr(os, 'O_TMPFILE'): del os.O_TMPFILE\n"


@pytest.fixture
def writing(place):
    """Return a function that starts a process that writes into the place and does not end."""
    started = []

    def start(code):
        lines = [line.removeprefix(" " * 8) for line in code.splitlines()]
        process = subprocess.Popen(
            [sys.executable, "-c", "\n".join([BEFORE, *lines]), place],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "half\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def killed(process):
    """Kill a process with SIGKILL, and wait for its end."""
    process.kill()
    process.wait()


def names(folder):
    """Return the names in a folder, in order."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only Linux has files without a name")
@pytest.mark.parametrize("kind", ["a new file", "a file that replaces another"])
def test_a_killed_output_leaves_nothing(writing, place, kind, reliability):
    """If a command is killed with SIGKILL while it writes, nothing unfinished is left."""
    killed(writing(WRITERS[kind]))
    left = [name for name in names(place) if name != "out"]
    assert left == []
    reliability("command", f"SIGKILL while {kind} is written", lost=0, seen="nothing is left over")


@pytest.mark.parametrize("kind", WRITERS)
def test_what_a_killed_output_left_is_removed_by_the_next(writing, place, kind):
    """Where a file has a temporary name, the next output to that folder removes what is left."""
    killed(writing(WITHOUT_UNNAMED_FILES + WRITERS[kind]))
    assert [name for name in names(place) if name.startswith(".unfinished-fitglue-")]
    with output_file(place / "out", lambda _: True) as file:
        file.write(b"new")
    assert names(place) == ["out"]


@pytest.mark.parametrize("kind", ["a new file", "a folder"])
def test_what_another_process_still_writes_is_not_removed(writing, place, kind):
    """An unfinished file or folder stays as long as its process lives."""
    writing(WITHOUT_UNNAMED_FILES + WRITERS[kind])
    [unfinished] = names(place)
    with unfinished_folder(place, "backup"), output_file(place / "out", lambda _: True) as file:
        file.write(b"new")
    assert names(place) == [unfinished, "out"]


def test_only_what_this_user_left_is_removed(place, monkeypatch):
    """What looks unfinished but is a link or a FIFO, or belongs to somebody else, stays."""
    (place / "victim").write_text(PRECIOUS)
    (place / ".unfinished-fitglue-1").symlink_to(place / "victim")
    os.mkfifo(place / ".unfinished-fitglue-2")
    with output_file(place / "out", lambda _: True):
        pass
    (place / ".unfinished-fitglue-3").write_text(PRECIOUS)
    before = names(place)
    monkeypatch.setattr("os.geteuid", lambda: 1 + (place / "victim").stat().st_uid)
    with output_file(place / "out", lambda _: True):
        pass
    assert names(place) == before
    assert (place / "victim").read_text() == PRECIOUS


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only Linux has files without a name")
def test_an_unfinished_file_has_no_name(place, monkeypatch):
    """While a file is written, nothing of it can be seen; without /proc, it has a name that cannot
    be guessed.
    """
    with output_file(place / "out", lambda _: True):
        assert names(place) == []
    monkeypatch.setattr("pathlib.Path.exists", lambda path: not str(path).startswith("/proc/"))
    with output_file(place / "out", lambda _: True):
        assert len(names(place)) == 2


@pytest.mark.parametrize("command", sampled(["export", "export csv", "dev match"], ["export"]))
def test_an_existing_file_is_kept_under_another_name(commands, command, place, reliability):
    """A file of another kind at the place is not lost: it gets another name, which is printed."""
    for number in (1, 2):
        (place / "out").write_text(f"{PRECIOUS}{number}")
        said = commands[command](place / "out")
        assert (said.code, f"{place / 'out'}.{number} now" in " ".join(said.err.split())) == (
            0,
            True,
        )
    kept = sorted(path.read_text() for path in place.glob("out.*"))
    assert kept == [f"{PRECIOUS}1", f"{PRECIOUS}2"]
    reliability(
        "command",
        f"`{command}` to an existing file",
        times=2,
        lost=2 - len(kept),
        seen="the file is kept as NAME.1, and a note says so",
    )


@pytest.mark.parametrize("command", sampled(["export", "export csv", "dev match"], ["export"]))
def test_an_earlier_output_is_replaced(commands, command, place):
    """What the same command wrote before is replaced, with the mode that the file has, so that a
    script can write to the same place each night.
    """
    commands[command](place / "out")
    (place / "out").chmod(0o640)
    first = (place / "out").read_text()
    with (place / "out").open("a") as out:
        out.write("a line of an older export\n")
    assert commands[command](place / "out").code == 0
    assert [path.name for path in place.iterdir()] == ["out"]
    assert (place / "out").read_text() == first
    assert stat.S_IMODE((place / "out").stat().st_mode) == 0o640


def test_a_backup_never_replaces_a_file(commands, place):
    """A backup refuses an existing file, even one that appears while it is being made."""
    (place / "out.zip").write_text(PRECIOUS)
    assert commands["backup"](place / "out.zip").code == 2
    (place / "unfinished").write_text("a backup")
    with pytest.raises(FileExistsError):
        publish(place / "unfinished", place / "out.zip")
    assert (place / "out.zip").read_text() == PRECIOUS


@pytest.mark.parametrize("command", sampled(["export", "export csv", "dev match"], ["export"]))
def test_a_fifo_is_written_to(commands, command, place, reliability):
    """A FIFO at the place is written to and stays a FIFO."""
    fifo = place / "fifo"
    os.mkfifo(fifo)
    received = []
    reader = threading.Thread(target=lambda: received.append(fifo.read_bytes()))
    reader.start()
    said = commands[command](fifo)
    reader.join(10)
    assert said.code == 0
    assert received[0].count(b"\n") >= 1
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    reliability("command", f"`{command}` to a FIFO", lost=0, seen="the reader gets all of it")


@pytest.mark.parametrize("command", sampled(["export", "export csv", "dev match"], ["export"]))
def test_a_device_is_written_to(commands, command, place):
    """A character device at the place is written to and stays a device."""
    terminal, others = os.openpty()
    received = []
    # A terminal takes only a few kilobytes before somebody must read them.
    reader = threading.Thread(target=lambda: received.extend(iter(lambda: read(terminal), b"")))
    reader.start()
    device = Path(os.ttyname(others))
    before = device.stat()
    said = commands[command](device)
    after = device.stat()
    os.close(others)
    reader.join(10)
    os.close(terminal)
    assert (said.code, stat.S_ISCHR(after.st_mode)) == (0, True)
    assert before.st_ino == after.st_ino
    assert b"".join(received).count(b"\n") >= 1


def read(terminal):
    """Return what was written to a terminal, or nothing when the other side is closed."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc/self/fd")
def test_a_pipe_of_the_shell_is_written_to(commands):
    """The name of an open pipe, as a shell's ``>(gzip)`` gives it, is written to."""
    reading, writing = os.pipe()
    try:
        assert commands["export csv"](f"/dev/fd/{writing}").code == 0
        assert os.read(reading, 7) == b"number,"
    finally:
        os.close(reading)
        os.close(writing)


def test_standard_output_can_be_named(synced, fitglue):
    """``--out /dev/stdout`` is standard output."""
    named = fitglue("export", "last", "--format", "csv", "--out", "/dev/stdout")
    assert named.out == fitglue("export", "last", "--format", "csv").out


@pytest.mark.parametrize("command", sampled(COMMANDS, ["export", "backup"]))
def test_an_output_that_fails_leaves_everything_as_it_was(commands, command, place, monkeypatch):
    """If an output fails, nothing new is there, and an existing file is unchanged."""
    if command != "backup":
        (place / "out.zip").write_text(PRECIOUS)
    before = {path.name: path.read_bytes() for path in place.iterdir()}

    def fail(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.link", fail)
    monkeypatch.setattr("pathlib.Path.replace", fail)
    assert commands[command](place / "out.zip").code in (2, 7)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


@pytest.mark.parametrize("has_unnamed_files", [True, False])
def test_a_file_system_without_hard_links_loses_nothing_either(
    place, monkeypatch, has_unnamed_files
):
    """Where hard links do not exist, a file is still never replaced."""
    if not has_unnamed_files:
        monkeypatch.delattr("os.O_TMPFILE", raising=False)
    (place / "out").write_text(PRECIOUS)

    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    assert write_new_file(place / "out", b"new") == place / "out-2"
    assert write_new_file(place / "other", b"new") == place / "other"
    assert (place / "other").read_bytes() == b"new"
    assert (place / "out").read_text() == PRECIOUS
    assert len(list(place.iterdir())) == 3


@pytest.fixture
def with_originals(connect, fitglue):
    """Sync an account with its original files."""
    connect()
    fitglue("sync", "--files")


def test_original_files_replace_nothing(with_originals, fitglue, place):
    """Exporting the original files again writes nothing twice, and a file that was changed, or a
    link, is kept: the original gets another name.
    """
    export = ("export", "--format", "files", "--out", str(place))
    assert fitglue(*export).code == 0
    names = {path.name for path in place.iterdir()}
    fitglue(*export)
    assert {path.name for path in place.iterdir()} == names
    first, second, *_ = sorted(place.iterdir())
    content = first.read_bytes()
    first.write_text(PRECIOUS)
    second.unlink()
    second.symlink_to(first)
    fitglue(*export)
    assert first.read_text() == PRECIOUS
    assert second.is_symlink()
    stem, _, endings = first.name.partition(".")
    assert (place / f"{stem}-2.{endings}").read_bytes() == content


def test_original_files_are_not_written_behind_a_link(with_originals, fitglue, place):
    """If the folder for original files is a link, nothing is written behind it."""
    (place / "elsewhere").mkdir()
    (place / "out").symlink_to(place / "elsewhere")
    said = fitglue("export", "--format", "files", "--out", str(place / "out"))
    assert (said.code, "FG-path-unusable" in said.err) == (2, True)
    assert list((place / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("command", sampled(["export", "export csv", "dev match"], ["export"]))
def test_a_folder_at_the_place_is_a_mistake(commands, command, place):
    """A folder at the place is a mistake, and nothing is written into it."""
    said = commands[command](place)
    assert (said.code, "it is a folder" in said.err) == (2, True)
    assert list(place.iterdir()) == []

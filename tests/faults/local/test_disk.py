"""Tests of a disk that becomes full at any moment, and of folders that cannot be written: it is
reported, nothing is lost, and the next sync is complete.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fitglue_registry import Host
from fitglue_registry.errors import StoreFailed
from fitglue_registry.registry import Budget as Limit
from fitglue_registry.secrets import file_store, key_file
from fitglue_registry.services.reading import Activities
from fitglue_registry.store import file_blobs
from fitglue_registry.transport.budget import FileBudget
from fitglue_registry.transport.clock import SystemClock
from tests.faults.local.conftest import KEY, after_the_fault, complete, lost, store_of

ROOT = Path(__file__).parents[3]
FULL = OSError(errno.ENOSPC, "No space left on device")
AGAIN = "the next sync makes the store of an undisturbed run"


class SmallDisk:
    """A disk of this many kB, mounted on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def mount(self, kilobytes: int) -> str | None:
        """Mount the disk, and return why that is impossible, or ``None``."""
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(self.folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        return None if done.returncode == 0 else done.stderr.strip() or "mount failed"

    def remount(self, options: str) -> None:
        subprocess.run(
            ["mount", "-o", f"remount,{options}", str(self.folder)], check=True, capture_output=True
        )

    def used_kb(self) -> int:
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize // 1024

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)


@pytest.fixture
def disk(tmp_path):
    if shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    disk = SmallDisk(tmp_path / "disk")
    problem = disk.mount(64_000)
    if problem:
        pytest.skip(f"a small disk cannot be mounted here: {problem}")
    yield disk
    disk.unmount()


def fill_up_and_sync(disk, homes, fitglue, room_kb):
    """Sync with this much space, then with enough; return the output of the first sync, and how
    many things are lost.
    """
    home = disk.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(homes.connected, home)
    disk.remount(f"size={disk.used_kb() + room_kb}k")
    said = fitglue("sync", "--files", "--json", home=home)
    disk.remount("size=64m")
    return said, after_the_fault(home, homes)


def play(disk, homes, fitglue, rooms, reliability):
    codes, gone, full = set(), 0, 0
    for room_kb in rooms:
        said, lost_now = fill_up_and_sync(disk, homes, fitglue, room_kb)
        gone += lost_now
        if said.code:
            full += 1
            codes.add(said.error["code"])
            assert said.code == 7, (room_kb, said)
            assert complete(said.error), said.error
    assert gone == 0
    assert codes <= {
        "FG-disk-full",
        "FG-blob-not-written",
        "FG-store-read-only",
        "FG-store-unreachable",
    }, codes
    assert full
    reliability(
        "local",
        "the disk is full while a sync writes",
        times=full,
        lost=gone,
        seen=f"FG-disk-full or FG-blob-not-written, exit 7; {AGAIN}",
    )


def test_a_disk_that_is_full_early_and_midway(disk, homes, fitglue, reliability):
    """A real small disk that becomes full at two moments of the first sync loses nothing."""
    play(disk, homes, fitglue, (0, 160), reliability)


@pytest.mark.long
def test_a_disk_that_is_full_at_any_moment(disk, homes, fitglue, reliability):
    """A disk that becomes full at any moment of the first sync loses nothing: first in steps of
    four kilobytes, then in larger ones.
    """
    play(disk, homes, fitglue, [*range(0, 100, 4), *range(100, 1600, 20)], reliability)


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from fitglue_registry.cli.app import run
sys.exit(run(["sync", "--files", "--json"]))
"""


def limited_sync(home, octets):
    """Sync in a child whose files are limited to this many bytes, which needs no special
    permission.
    """
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(octets)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"FITGLUE_HOME": str(home)},
    )


def play_limited(homes, folder, limits, reliability):
    gone = refused = 0
    for octets in limits:
        home = Path(shutil.copytree(homes.connected, folder / str(octets)))
        done = limited_sync(home, octets)
        if done.returncode:
            refused += 1
            assert done.returncode == 7, (octets, done)
            assert '"fix"' in done.stdout + done.stderr, done
        gone += after_the_fault(home, homes)
    assert refused
    assert gone == 0
    reliability(
        "local",
        "the system refuses to let a file grow",
        times=refused,
        lost=gone,
        seen=f"FG-disk-full, exit 7; {AGAIN}",
    )


@pytest.mark.long
def test_a_file_that_may_not_grow(homes, tmp_path, reliability):
    """A write that fails because of a limit on the size of files, not because of a full disk, loses
    nothing.
    """
    play_limited(homes, tmp_path, (200_000,), reliability)


@pytest.mark.long
def test_a_file_that_may_not_grow_at_any_size(homes, tmp_path, reliability):
    """A limit on the size of files loses nothing at any size, from one that the database exceeds at
    once to one that only the last streams exceed.
    """
    play_limited(homes, tmp_path, range(100_000, 1_000_000, 60_000), reliability)


# -- each file that is not the database ------------------------------------------------------------


def refuse_nth(monkeypatch, module, number):
    """Let the n-th file that a module writes atomically meet a full disk."""
    write, calls = module.write_atomically, []

    def call(path, content):
        calls.append(path)
        if len(calls) == number:
            raise FULL
        write(path, content)

    monkeypatch.setattr(module, "write_atomically", call)


@pytest.mark.long
@pytest.mark.parametrize("number", [1, 2, 4])
def test_no_room_for_an_original_file(connected, homes, fitglue, monkeypatch, number, reliability):
    """If the disk is full when an original file is stored, what was stored before stays, and the
    next sync stores the others.
    """
    with monkeypatch.context() as patch:
        refuse_nth(patch, file_blobs, number)
        said = fitglue("sync", "--files", "--json")
    assert (said.code, said.error["code"]) == (7, "FG-blob-not-written")
    assert complete(said.error)
    gone = after_the_fault(connected, homes)
    assert gone == 0
    reliability(
        "local",
        "no room for an original file",
        lost=gone,
        seen=f"FG-blob-not-written, exit 7; {AGAIN}",
    )


@pytest.mark.parametrize(
    "module", [pytest.param(key_file, marks=pytest.mark.long, id="key"), file_store]
)
def test_no_room_for_a_key(tmp_path, service, fitglue, monkeypatch, module, reliability):
    """If the disk is full when a key is stored, nothing is connected or left half written, and
    connecting again works.
    """
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", KEY)
    with monkeypatch.context() as patch:
        refuse_nth(patch, module, 1)
        said = fitglue("connect", "intervals", "--base-url", service.url, "--json")
    assert (said.code, said.error["code"]) == (7, "FG-secrets-unusable")
    assert complete(said.error)
    with Host(tmp_path / "home") as host:
        assert host.connections.list() == []
    assert fitglue("connect", "intervals", "--base-url", service.url).code == 0
    assert fitglue("sync").code == 0
    reliability(
        "local",
        "no room for a key",
        lost=0,
        seen="FG-secrets-unusable, exit 7; nothing is connected, and connecting again works",
    )


def test_no_room_for_the_file_that_counts_requests(tmp_path, monkeypatch, reliability):
    """A budget that cannot be written grants no request, names its file, and keeps its count."""
    budget = FileBudget(
        tmp_path / "budget", "ip", [Limit(requests=10, per_s=60.0, scope="ip")], SystemClock()
    )
    budget.acquire()
    before = {path: path.read_bytes() for path in (tmp_path / "budget").glob("*.json")}

    def refuse(self, content):
        raise FULL

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", refuse)
        with pytest.raises(StoreFailed) as caught:
            budget.hold(5.0)
    assert caught.value.code == "FG-budget-unusable"
    assert complete(caught.value.as_dict())
    assert {path: path.read_bytes() for path in (tmp_path / "budget").glob("*.json")} == before
    reliability(
        "local",
        "no room for the file that counts requests",
        lost=0,
        seen="FG-budget-unusable, exit 7; the old count stays",
    )


@pytest.mark.long
def test_no_room_for_the_lock(connected, homes, fitglue, monkeypatch, reliability):
    """A lock that cannot be created is reported before anything is requested or written."""
    make = Path.mkdir

    def refuse(self, *arguments, **options):
        if self.name == "locks":
            raise FULL
        make(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        said = fitglue("sync", "--json")
    assert said.code == 7
    assert complete(said.error)
    gone = after_the_fault(connected, homes)
    assert gone == 0
    reliability(
        "local",
        "no room for the lock of a connection",
        lost=gone,
        seen=f"FG-store-read-only, exit 7; {AGAIN}",
    )


def test_no_room_for_the_report_of_a_bug(connected, fitglue, monkeypatch, reliability):
    """A bug is reported even if its traceback cannot be stored."""

    def refuse(self, *arguments, **options):
        raise FULL

    def break_down(self, *arguments, **options):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", refuse)
        patch.setattr(Activities, "list", break_down)
        said = fitglue("activities", "--json")
    assert (said.code, said.error["code"]) == (1, "FG-bug")
    assert "--debug" in said.error["fix"]
    reliability(
        "local",
        "no room for the report of a bug",
        lost=0,
        seen="FG-bug, exit 1, and how to see the report all the same",
    )


@pytest.mark.parametrize("kind", ["jsonl", "csv", "files"])
def test_no_room_for_an_export(synced, fitglue, disk, homes, kind, reliability):
    """An export onto a full disk leaves earlier exports complete, no half-written file, and an
    unchanged store.
    """
    out = disk.folder / "out"
    if kind == "files":
        out.mkdir()
    else:
        out.write_text("of yesterday")
    disk.remount(f"size={disk.used_kb() + 12}k")
    if kind == "csv":  # a table of a few rows has room anywhere
        disk.remount(f"size={disk.used_kb()}k")
    said = fitglue("export", "--format", kind, "--out", out)
    assert said.code == 7
    assert [
        word
        for word in ("FG-export-failed", str(out), "No space left on device", "fix:")
        if word not in said.err
    ] == [], said.err
    if kind != "files":
        assert out.read_text() == "of yesterday"
    assert not (disk.folder / "out.part").exists()
    gone = lost(store_of(synced), homes.expected)
    assert gone == 0
    reliability(
        "local",
        "no room for an export",
        lost=gone,
        seen="FG-export-failed, exit 7; the file of before stays",
    )


def test_no_room_for_a_backup(synced, fitglue, disk, homes, reliability):
    """A backup onto a full disk leaves neither the copy of the database nor half a backup."""
    disk.remount(f"size={disk.used_kb() + 300}k")
    said = fitglue("backup", "make", disk.folder, "--json")
    assert said.code == 7
    assert complete(said.error)
    assert list(disk.folder.iterdir()) == []
    gone = lost(store_of(synced), homes.expected)
    assert gone == 0
    reliability(
        "local",
        "no room for a backup",
        lost=gone,
        seen=f"{said.error['code']}, exit 7; nothing is left behind",
    )


def test_no_room_for_a_restore(synced, fitglue, disk, homes, tmp_path, reliability):
    """A restore onto a full disk leaves the store unchanged, and works once there is space."""
    fitglue("backup", "make", tmp_path / "b.zip")
    home = Path(shutil.copytree(synced, disk.folder / "home"))
    disk.remount(f"size={disk.used_kb() + 200}k")
    said = fitglue("backup", "restore", tmp_path / "b.zip", "--replace", "--json", home=home)
    assert said.code == 7
    assert complete(said.error)
    gone = lost(store_of(home), homes.expected)
    disk.remount("size=64m")
    assert fitglue("backup", "restore", tmp_path / "b.zip", "--replace", home=home).code == 0
    gone += lost(store_of(home), homes.expected)
    assert gone == 0
    reliability(
        "local",
        "no room for a restore",
        lost=gone,
        seen=f"{said.error['code']}, exit 7; the store is what it was",
    )


# -- what cannot be written ------------------------------------------------------------------------


def test_a_read_only_disk(homes, fitglue, disk, reliability):
    """A sync reports a read-only disk, and the next one is complete once it can be written."""
    home = Path(shutil.copytree(homes.connected, disk.folder / "home"))
    disk.remount("ro")
    said = fitglue("sync", "--files", "--json", home=home)
    reading = fitglue("activities", "--json", home=home)
    disk.remount("rw")
    assert (said.code, reading.code) == (7, 7)
    assert said.error["code"] in ("FG-store-read-only", "FG-store-unreachable")
    assert complete(said.error)
    assert complete(reading.error)
    gone = after_the_fault(home, homes)
    assert gone == 0
    reliability(
        "local", "a read-only disk", lost=gone, seen=f"{said.error['code']}, exit 7; {AGAIN}"
    )


DROPPED = """
import contextlib, io, os, sys
# what a failure needs, somebody else may not read either
import fitglue_registry.redaction.redactor
from fitglue_registry.cli.app import run
command = sys.argv[3:]
with contextlib.redirect_stdout(io.StringIO()):
    os.environ["FITGLUE_HOME"] = sys.argv[1]
    run(command)  # imports whatever somebody else may not read
os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.environ["FITGLUE_HOME"] = sys.argv[2]
sys.exit(run(command))
"""


@pytest.mark.parametrize(
    ("command", "code"),
    [(["sync"], "FG-store-read-only"), (["doctor", "--offline"], "FG-home-unusable")],
    ids=["sync", "doctor"],
)
@pytest.mark.long
def test_a_folder_that_belongs_to_somebody_else(homes, tmp_path, command, code, reliability):
    """Without permission to write, sync names the database, doctor names the home, and nothing is
    lost.
    """
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    warm = shutil.copytree(homes.connected, tmp_path / "warm")
    # Tests' own folders are closed to others.
    with tempfile.TemporaryDirectory(prefix="fitglue-foreign-") as folder:
        home = Path(shutil.copytree(homes.connected, Path(folder, "home")))
        for path in [home.parent, home, *home.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        done = subprocess.run(
            [sys.executable, "-c", DROPPED, str(warm), str(home), *command, "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        (home / "secrets" / "secrets.key").chmod(0o600)
        gone = after_the_fault(home, homes)
    assert done.returncode == 7, done
    assert code in done.stdout + done.stderr, done
    assert '"fix"' in done.stdout + done.stderr
    assert gone == 0
    reliability(
        "local", "a folder without the right to write", lost=gone, seen=f"{code}, exit 7; {AGAIN}"
    )

"""Tests of a disk that is full at any moment, and of folders that cannot be written: the error is
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

from fitglue_registry import Host, Policy
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
RECOVERY = "after the next sync the store is that of an undisturbed run"


def fill_up_and_sync(disk, homes, fitglue, free_kb):
    """Sync with this much free space and then with enough.

    Return the result of the first sync, and how many things are lost.
    """
    home = disk.folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(homes.connected, home)
    disk.remount(f"size={disk.used_kb() + free_kb}k")
    result = fitglue("sync", "--files", "--json", home=home)
    disk.remount("size=64m")
    return result, after_the_fault(home, homes)


def play(disk, homes, fitglue, free_sizes, reliability):
    """Sync with each amount of free space, and assert that the error is complete and that nothing
    is lost.
    """
    codes, gone, full = set(), 0, 0
    for free_kb in free_sizes:
        result, lost_now = fill_up_and_sync(disk, homes, fitglue, free_kb)
        gone += lost_now
        if result.code:
            full += 1
            codes.add(result.error["code"])
            assert result.code == 7, (free_kb, result)
            assert complete(result.error), result.error
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
        seen=f"FG-disk-full or FG-blob-not-written, exit 7; {RECOVERY}",
    )


def test_a_disk_that_is_full_early_or_midway_loses_nothing(disk, homes, fitglue, reliability):
    """On a small disk that is full at two moments of the first sync, nothing is lost."""
    play(disk, homes, fitglue, (0, 160), reliability)


@pytest.mark.long
def test_a_disk_that_is_full_at_any_moment_loses_nothing(disk, homes, fitglue, reliability):
    """On a small disk that is full at any moment of the first sync, nothing is lost."""
    play(disk, homes, fitglue, [*range(0, 100, 4), *range(100, 1600, 20)], reliability)


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
from fitglue_registry.cli.app import run
sys.exit(run(["sync", "--files", "--json"]))
"""


def limited_sync(home, size):
    """Sync in a child process whose files may have at most this many bytes, which needs no
    privileges.
    """
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(size)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"FITGLUE_HOME": str(home)},
    )


def play_limited(homes, folder, limits, reliability):
    """Sync with each limit, and assert that the error has a fix and that nothing is lost."""
    gone = refused = 0
    for size in limits:
        home = Path(shutil.copytree(homes.connected, folder / str(size)))
        process = limited_sync(home, size)
        if process.returncode:
            refused += 1
            assert process.returncode == 7, (size, process)
            assert '"fix"' in process.stdout + process.stderr, process
        gone += after_the_fault(home, homes)
    assert refused
    assert gone == 0
    reliability(
        "local",
        "the system limits the size of a file",
        times=refused,
        lost=gone,
        seen=f"FG-disk-full, exit 7; {RECOVERY}",
    )


@pytest.mark.long
def test_a_limit_on_the_size_of_a_file_loses_nothing(homes, tmp_path, reliability):
    """A write that fails because the size of a file is limited loses nothing."""
    play_limited(homes, tmp_path, (200_000,), reliability)


@pytest.mark.long
def test_any_limit_on_the_size_of_a_file_loses_nothing(homes, tmp_path, reliability):
    """Whatever the limit on the size of a file, from the first window to the last streams, nothing
    is lost.
    """
    play_limited(homes, tmp_path, range(100_000, 1_000_000, 60_000), reliability)


# -- each file that is not the database ------------------------------------------------------------


def refuse_nth(monkeypatch, module, number):
    """Make the n-th file that a module writes atomically fail as on a full disk."""
    write, calls = module.write_atomically, []

    def call(path, content):
        calls.append(path)
        if len(calls) == number:
            raise FULL
        write(path, content)

    monkeypatch.setattr(module, "write_atomically", call)


@pytest.mark.long
@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_full_disk_for_an_original_file_loses_nothing(
    connected, homes, fitglue, monkeypatch, number, reliability
):
    """If the disk is full at an original file, what was stored before stays, and the next sync
    stores the other files.
    """
    with monkeypatch.context() as patch:
        refuse_nth(patch, file_blobs, number)
        result = fitglue("sync", "--files", "--json")
    assert (result.code, result.error["code"]) == (7, "FG-blob-not-written")
    assert complete(result.error)
    gone = after_the_fault(connected, homes)
    assert gone == 0
    reliability(
        "local",
        "no space for an original file",
        lost=gone,
        seen=f"FG-blob-not-written, exit 7; {RECOVERY}",
    )


@pytest.mark.parametrize(
    "module", [pytest.param(key_file, marks=pytest.mark.long, id="key"), file_store]
)
def test_a_full_disk_for_a_key_connects_nothing(
    tmp_path, service, fitglue, monkeypatch, module, reliability
):
    """If the disk is full at the key file or at a secret, nothing is connected and no partial file
    is left, and connecting again works.
    """
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", KEY)
    with monkeypatch.context() as patch:
        refuse_nth(patch, module, 1)
        result = fitglue("connect", "intervals", "--base-url", service.url, "--json")
    assert (result.code, result.error["code"]) == (7, "FG-secrets-unusable")
    assert complete(result.error)
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        assert host.connections.list() == []
    assert fitglue("connect", "intervals", "--base-url", service.url).code == 0
    assert fitglue("sync").code == 0
    reliability(
        "local",
        "no space for a key",
        lost=0,
        seen="FG-secrets-unusable, exit 7; nothing is connected, and connecting again works",
    )


def test_a_full_disk_for_the_request_budget_allows_no_request(tmp_path, monkeypatch, reliability):
    """A request budget that cannot be written allows no request and names the file, and the old
    count stays.
    """
    budget = FileBudget(
        tmp_path / "budget", "ip", [Limit(requests=10, per_s=60.0, scope="ip")], SystemClock()
    )
    budget.acquire()
    before = {path: path.read_bytes() for path in (tmp_path / "budget").glob("*.json")}

    def refuse(path, content):
        raise FULL

    with monkeypatch.context() as patch:
        patch.setattr("fitglue_registry.transport.budget.write_private", refuse)
        with pytest.raises(StoreFailed) as caught:
            budget.hold(5.0)
    assert caught.value.code == "FG-budget-unusable"
    assert complete(caught.value.as_dict())
    assert {path: path.read_bytes() for path in (tmp_path / "budget").glob("*.json")} == before
    reliability(
        "local",
        "no space for the file of the request budget",
        lost=0,
        seen="FG-budget-unusable, exit 7; the old count stays",
    )


@pytest.mark.long
def test_a_full_disk_for_the_lock_stops_the_sync(
    connected, homes, fitglue, monkeypatch, reliability
):
    """A lock that cannot be created is reported before anything is requested or written."""
    make = Path.mkdir

    def refuse(self, *arguments, **options):
        if self.name == "locks":
            raise FULL
        make(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        result = fitglue("sync", "--json")
    assert result.code == 7
    assert complete(result.error)
    gone = after_the_fault(connected, homes)
    assert gone == 0
    reliability(
        "local",
        "no space for the lock of a connection",
        lost=gone,
        seen=f"FG-store-read-only, exit 7; {RECOVERY}",
    )


def test_a_full_disk_does_not_hide_a_bug(connected, fitglue, monkeypatch, reliability):
    """A bug is reported even if its traceback cannot be written to a file."""

    def refuse(*arguments, **options):
        raise FULL

    def break_down(self, *arguments, **options):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr("fitglue_registry.services.bug_reports.write_private", refuse)
        patch.setattr(Activities, "list", break_down)
        result = fitglue("activities", "--json")
    assert (result.code, result.error["code"]) == (1, "FG-bug")
    assert "--debug" in result.error["fix"]
    reliability(
        "local",
        "no space for the report of a bug",
        lost=0,
        seen="FG-bug, exit 1, and how to see the report nevertheless",
    )


@pytest.mark.parametrize("kind", ["jsonl", "csv", "files"])
def test_a_full_disk_keeps_the_previous_export(synced, fitglue, disk, homes, kind, reliability):
    """If the disk is full during an export, the previous file stays, no partial file is left, and
    the store is unchanged.
    """
    out = disk.folder / "out"
    if kind == "files":
        out.mkdir()
    else:
        out.write_text("of yesterday")
    disk.remount(f"size={disk.used_kb() + 12}k")
    if kind == "csv":  # a table of a few rows needs hardly any space
        disk.remount(f"size={disk.used_kb()}k")
    result = fitglue("export", "--format", kind, "--out", out)
    assert result.code == 7
    assert [
        word
        for word in ("FG-export-failed", str(out), "No space left on device", "fix:")
        if word not in result.err
    ] == [], result.err
    if kind != "files":
        assert out.read_text() == "of yesterday"
    assert not (disk.folder / "out.part").exists()
    gone = lost(store_of(synced), homes.expected)
    assert gone == 0
    reliability(
        "local",
        "no space for an export",
        lost=gone,
        seen="FG-export-failed, exit 7; the previous file stays",
    )


def test_a_full_disk_leaves_no_partial_backup(synced, fitglue, disk, homes, reliability):
    """If the disk is full during a backup, neither the copy of the database nor a partial backup is
    left.
    """
    disk.remount(f"size={disk.used_kb() + 300}k")
    result = fitglue("backup", "make", disk.folder, "--json")
    assert result.code == 7
    assert complete(result.error)
    assert list(disk.folder.iterdir()) == []
    gone = lost(store_of(synced), homes.expected)
    assert gone == 0
    reliability(
        "local",
        "no space for a backup",
        lost=gone,
        seen=f"{result.error['code']}, exit 7; nothing is left behind",
    )


def test_a_full_disk_keeps_the_store_during_a_restore(
    synced, fitglue, disk, homes, tmp_path, reliability
):
    """If the disk is full during a restore, the store is unchanged, and the same command succeeds
    with enough space.
    """
    fitglue("backup", "make", tmp_path / "b.zip")
    home = Path(shutil.copytree(synced, disk.folder / "home"))
    disk.remount(f"size={disk.used_kb() + 200}k")
    result = fitglue("backup", "restore", tmp_path / "b.zip", "--replace", "--json", home=home)
    assert result.code == 7
    assert complete(result.error)
    gone = lost(store_of(home), homes.expected)
    disk.remount("size=64m")
    assert fitglue("backup", "restore", tmp_path / "b.zip", "--replace", home=home).code == 0
    gone += lost(store_of(home), homes.expected)
    assert gone == 0
    reliability(
        "local",
        "no space for a restore",
        lost=gone,
        seen=f"{result.error['code']}, exit 7; the store is unchanged",
    )


# -- what cannot be written ------------------------------------------------------------------------


def test_a_read_only_disk_stops_the_sync(homes, fitglue, disk, reliability):
    """A read-only disk stops the sync with an error, and the next sync on a writable disk is
    complete.
    """
    home = Path(shutil.copytree(homes.connected, disk.folder / "home"))
    disk.remount("ro")
    result = fitglue("sync", "--files", "--json", home=home)
    reading = fitglue("activities", "--json", home=home)
    disk.remount("rw")
    assert (result.code, reading.code) == (7, 7)
    assert result.error["code"] in ("FG-store-read-only", "FG-store-unreachable")
    assert complete(result.error)
    assert complete(reading.error)
    gone = after_the_fault(home, homes)
    assert gone == 0
    reliability(
        "local", "a read-only disk", lost=gone, seen=f"{result.error['code']}, exit 7; {RECOVERY}"
    )


DROPPED = """
import contextlib, io, os, sys
# imported before the user changes, because the new user may not be able to read it
import fitglue_registry.redaction.redactor
from fitglue_registry.cli.app import run
command = sys.argv[3:]
with contextlib.redirect_stdout(io.StringIO()):
    os.environ["FITGLUE_HOME"] = sys.argv[1]
    run(command)  # imports everything that the new user may not be able to read
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
def test_a_folder_of_another_user_loses_nothing(homes, tmp_path, command, code, reliability):
    """A process without write permission reports the database or the home, and nothing is lost."""
    if os.geteuid() != 0:
        pytest.skip("only root may switch to another user")
    warm = shutil.copytree(homes.connected, tmp_path / "warm")
    # Other users cannot enter the folders of tmp_path.
    with tempfile.TemporaryDirectory(prefix="fitglue-foreign-") as folder:
        home = Path(shutil.copytree(homes.connected, Path(folder, "home")))
        for path in [home.parent, home, *home.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        process = subprocess.run(
            [sys.executable, "-c", DROPPED, str(warm), str(home), *command, "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        (home / "secrets" / "secrets.key").chmod(0o600)
        gone = after_the_fault(home, homes)
    assert process.returncode == 7, process
    assert code in process.stdout + process.stderr, process
    assert '"fix"' in process.stdout + process.stderr
    assert gone == 0
    reliability(
        "local",
        "a folder without write permission",
        lost=gone,
        seen=f"{code}, exit 7; {RECOVERY}",
    )

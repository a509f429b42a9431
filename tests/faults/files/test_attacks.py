"""Tests of files that are made to do harm: each costs only itself, and little time and memory.

Each attack lies beside a good file in a folder. The quick tests play the first attack of each row
at a tenth of its size, in worker processes that are running already; the slow ones play every
attack at full size with the command.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from fitglue_registry import Host, Policy
from tests.faults.files.attacks import ALL, ROWS
from tests.faults.files.conftest import gpx, reasons, synced
from tests.faults.secrets.searching import Search

#: The most time and resident memory that a command may take.
_MOST_S = 40.0
_MOST_MIB = 700
_TENTH = 0.1
#: A report about refused files that is longer than this would fill the screen.
_LONGEST_LINE = 2_000
#: A worker that waits is ended after 120 seconds.
_LONGEST_WAIT_S = 110.0
_FITGLUE = [sys.executable, "-m", "fitglue_registry"]
#: Runs a command and prints its exit code, CPU time and memory. Linux counts the memory of a
#: process from before it executes its program, so a small process has to start it.
_LAUNCHER = """
import json, os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stderr=subprocess.STDOUT)
_, status, usage = os.wait4(child.pid, 0)
used_s = usage.ru_utime + usage.ru_stime
print("\\n" + json.dumps([os.waitstatus_to_exitcode(status), used_s, usage.ru_maxrss / 1024]))
"""


class Ran(NamedTuple):
    """What a command took and printed."""

    code: int
    took_s: float
    mib: float
    out: str


@pytest.fixture
def rides(tmp_path):
    """Yield a folder with a good file."""
    folder = tmp_path / "rides"
    folder.mkdir()
    good(folder, "good", 0)
    yield folder
    # The functions of Python that remove folders call themselves for each level.
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def good(folder: Path, name: str, day: int) -> None:
    """Write a good file, whose workout has the same name."""
    content = gpx(day).replace(b"<trk>", f"<trk><name>{name}</name>".encode())
    (folder / f"{name}.gpx").write_bytes(content)


def titles(host: Host) -> set[str | None]:
    """Return the titles of all activities."""
    return {activity["title"] for activity in host.activities()}


@pytest.mark.parametrize("row", ROWS)
def test_an_attack_costs_only_itself(host, rides, row):
    """A file that is made to do harm is refused or read, and the good files beside it arrive, also
    one that is added later.
    """
    attack = ROWS[row][0]
    attack.write(rides, _TENTH)
    events = list(host.import_paths([rides]))
    good(rides, "later", 1)
    events += synced(host)
    report = f"{reasons(events)}\n{host.records.quarantine()}\n{host.records.unreadable()}"
    assert {"good", "later", attack.arrives or "good"} <= titles(host)
    # The lines are broken at the width of a terminal.
    assert attack.seen in " ".join(report.split())


def run(home: Path, *arguments: str) -> Ran:
    """Run the command in a process of its own, and measure it with all its workers.

    CPU time is measured, because other tests run at the same time; the wall time has a limit only
    so that nothing waits forever.
    """
    env = os.environ | {"FITGLUE_HOME": str(home), "FITGLUE_SECRETS": "file"}
    command = [sys.executable, "-c", _LAUNCHER, *_FITGLUE, *arguments]
    with subprocess.Popen(
        command,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            printed, _ = child.communicate(timeout=_LONGEST_WAIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise
    out, _, measured = printed.rstrip().rpartition("\n")
    code, took_s, mib = json.loads(measured)
    return Ran(code, took_s, mib, out)


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_an_attack_at_full_size_is_bounded(tmp_path, rides, name, reliability):
    """A large file that is made to do harm takes at most 40 seconds and 700 MiB in each command,
    and the good files beside it arrive, also one that is added later.
    """
    attack = ALL[name]
    attack.write(rides, 1.0)
    home = tmp_path / "home"
    commands = [run(home, "import", str(rides), "--yes")]
    good(rides, "later", 1)
    for later in (("sync",), ("quarantine",), ("connections", "check"), ("doctor",)):
        commands.append(run(home, *later))
    report = "\n".join(ran.out for ran in commands)
    assert [ran for ran in commands if ran.took_s > _MOST_S or ran.mib > _MOST_MIB] == []
    assert {ran.code for ran in commands} <= {0, 3, 5}
    # The lines are broken at the width of a terminal.
    assert attack.seen in " ".join(report.split())
    assert max(map(len, report.splitlines())) < _LONGEST_LINE
    with Host(home, policy=Policy.personal()) as host:
        lost = {"good", "later", attack.arrives or "good"} - titles(host)
    assert lost == set()
    reliability(
        "files",
        f"{name}, beside good files",
        lost=len(lost),
        seen="at most 40 s and 700 MiB; the good files arrive",
    )


# -- temporary files ------------------------------------------------------------------------------


def unpacked_in(folder: Path) -> int:
    """Return the bytes of the open temporary files in a folder, which have no name any more."""
    sizes = {}
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        # The process, or its file, may have been closed meanwhile.
        with suppress(OSError):
            if str(handle.readlink()).startswith(f"{folder}/"):
                found = handle.stat()
                sizes[found.st_dev, found.st_ino] = found.st_size
    return sum(sizes.values())


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="it finds the open files in /proc")
def test_nested_zips_take_little_temporary_disk(tmp_path, rides, monkeypatch):
    """Of many zips in a zip, only a few are unpacked at a time, so that an archive of any size can
    be imported with little temporary disk.
    """
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    ALL["zips that do not shrink"].write(rides, 1.0)
    whole = (rides / "x.zip").stat().st_size
    most = 0
    with ThreadPoolExecutor(1) as thread:
        ran = thread.submit(run, tmp_path / "home", "import", str(rides), "--yes")
        while not ran.done():
            most = max(most, unpacked_in(temporary))
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        assert "good" in titles(host)
    assert 0 < most < whole / 4


# -- links -----------------------------------------------------------------------------------------

_SECRET = "planted-0b7e1c55a9d94f4f8c1f"


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """Return paths that lead to a planted secret: a private key, the key file of a data folder, a
    workout of another athlete, and the environment of the process.
    """
    monkeypatch.setenv("PLANTED", _SECRET)
    others = tmp_path / "others"
    (others / "secrets").mkdir(parents=True)
    (others / "id_ed25519").write_text(_SECRET)
    (others / "secrets" / "secrets.key").write_text(_SECRET)
    (others / "rides").mkdir()
    good(others / "rides", _SECRET, 3)
    return {
        "key.fit": others / "id_ed25519",
        "secrets.gpx": others / "secrets" / "secrets.key",
        "environ.fit": "/proc/self/environ",
        "other.gpx": others / "rides" / f"{_SECRET}.gpx",
        "folder": others / "rides",
    }


def planted_in(home: Path, folder: Path) -> list[str]:
    """Return where the planted secret is in a data folder, and in a backup of it."""
    search = Search({"secret": _SECRET})
    with Host(home, policy=Policy.personal()) as host:
        made = host.backups.make(folder / "backup.zip")
        assert made
    with zipfile.ZipFile(folder / "backup.zip") as backup:
        saved = [name for name in backup.namelist() if search.in_bytes(backup.read(name))]
    return search.in_home(home) + saved


def test_a_link_brings_nothing_into_the_store_or_a_backup(tmp_path, rides, secrets):
    """A link in an imported folder, such as one called ride.fit that leads to a key, brings nothing
    into the store or a backup, neither at the import nor at a later sync.
    """
    home = tmp_path / "home"
    (rides / "key.fit").symlink_to(secrets["key.fit"])
    imported = run(home, "import", str(rides), "--yes")
    for name, target in secrets.items():
        (rides / name).unlink(missing_ok=True)
        (rides / name).symlink_to(target)
    linked = zipfile.ZipInfo("linked.fit")
    linked.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(rides / "links.zip", "w") as archive:
        archive.writestr(linked, str(secrets["key.fit"]))
    later = run(home, "sync")
    assert "link" in imported.out
    assert _SECRET not in imported.out + later.out
    assert planted_in(home, tmp_path) == []
    with Host(home, policy=Policy.personal()) as host:
        assert titles(host) == {"good"}


def test_links_that_are_named_bring_in_only_workouts(tmp_path, rides, secrets):
    """A link that the athlete names is followed, but what is not a workout is neither stored nor
    quoted.
    """
    home = tmp_path / "home"
    named = [rides / "good.gpx"]
    for name in ("key.fit", "secrets.gpx", "environ.fit"):
        (rides / name).symlink_to(secrets[name])
        named.append(rides / name)
    ran = run(home, "import", *map(str, named), "--yes")
    assert _SECRET not in ran.out
    assert planted_in(home, tmp_path) == []
    with Host(home, policy=Policy.personal()) as host:
        assert titles(host) == {"good"}

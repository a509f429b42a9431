"""Tests that a restore that is killed leaves either the old or the new store, and can be
repeated.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry import Host, Policy
from tests.faults.local.conftest import execute, lost, store_of

CHILD = Path(__file__).with_name("killed_restore.py")
ROOT = Path(__file__).parents[3]
FAULT = "SIGKILL during `backup restore --replace`"
SEEN = "the store is either the old or the new one; the same command succeeds when run again"


def run_child(home: Path, backup: Path, point: int | str) -> subprocess.CompletedProcess[str]:
    """Run the restore in a child process that is killed at ``point``."""
    command = [sys.executable, "-W", "error", str(CHILD), str(home), str(backup), str(point)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )


class RestoreSetup:
    """A backup of a store, and a home whose store has changed since."""

    def __init__(self, homes, folder: Path) -> None:
        self.homes, self.home, self.backup = homes, folder / "home", folder / "backup.zip"
        shutil.copytree(homes.synced, self.home)
        with Host(self.home, policy=Policy.personal()) as host:
            host.backups.make(self.backup, with_secrets=True)
        execute(self.home / "fitglue.db", "DELETE FROM fg_claims")
        next((self.home / "blobs").glob("??/??/*")).unlink()
        self.old = store_of(self.home)
        self.undisturbed = folder / "undisturbed"

    def points(self) -> int:
        """Return the number of points of a restore that is not killed."""
        shutil.copytree(self.home, self.undisturbed)
        child = run_child(self.undisturbed, self.backup, 0)
        assert child.returncode == 0, child.stderr
        return int(child.stdout)

    def killed_at(self, home: Path, point: int | str) -> int:
        """Kill a restore at a point and restore again.

        Return how many things are lost from the store that remains after each.
        """
        shutil.copytree(self.home, home)
        child = run_child(home, self.backup, point)
        assert child.returncode == -signal.SIGKILL, child.stderr
        remaining = store_of(home)
        gone = min(lost(remaining, self.old), lost(remaining, self.homes.expected))
        with Host(home, policy=Policy.personal()) as host:
            host.backups.restore(self.backup, replace=True)
        asides = [store_of(path.parent) for path in home.glob("replaced-*/fitglue.db")]
        return gone + lost(store_of(home), self.homes.expected) + (self.old not in asides)


@pytest.fixture
def prepared(homes, tmp_path):
    """Return a backup and a home to restore it into."""
    return RestoreSetup(homes, tmp_path)


@pytest.mark.long
def test_a_restore_that_is_killed_around_the_decisive_rename_loses_nothing(
    prepared, tmp_path, reliability
):
    """A restore that is killed just before or just after the new database gets its name loses
    nothing.
    """
    gone = sum(prepared.killed_at(tmp_path / point, point) for point in ("before", "after"))
    assert gone == 0
    reliability("local", FAULT, times=2, lost=gone, seen=SEEN)


@pytest.mark.long
def test_a_restore_that_is_killed_at_any_step_loses_nothing(prepared, tmp_path, reliability):
    """A restore that is killed before any rename, hard link, removal or ``fsync`` loses nothing."""
    points = prepared.points()
    gone = sum(prepared.killed_at(tmp_path / str(point), point) for point in range(1, points + 1))
    assert gone == 0
    reliability("local", FAULT, times=points, lost=gone, seen=SEEN)

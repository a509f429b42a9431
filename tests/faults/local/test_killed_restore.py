"""Tests of a restore that is killed: the home has the complete old store or the complete new one,
and the same command can be run again.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry import Host
from tests.faults.local.conftest import execute, lost, store_of

CHILD = Path(__file__).with_name("killed_restore.py")
ROOT = Path(__file__).parents[3]
FAULT = "SIGKILL in the middle of `backup restore --replace`"
SEEN = "the old store or the new one, each whole; the same command again ends well"


def run_child(home: Path, backup: Path, point: int | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(CHILD), str(home), str(backup), str(point)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )


class Scene:
    """A backup of a complete store, and a home with a different store."""

    def __init__(self, homes, folder: Path) -> None:
        self.homes, self.home, self.backup = homes, folder / "home", folder / "backup.zip"
        shutil.copytree(homes.synced, self.home)
        with Host(self.home) as host:
            host.backups.make(self.backup, with_secrets=True)
        execute(self.home / "fitglue.db", "DELETE FROM fg_claims")
        next((self.home / "blobs").glob("??/??/*")).unlink()
        self.old = store_of(self.home)
        self.undisturbed = folder / "undisturbed"

    def points(self) -> int:
        shutil.copytree(self.home, self.undisturbed)
        done = run_child(self.undisturbed, self.backup, 0)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def killed_at(self, home: Path, point: int | str) -> int:
        """Kill a restore at this point, look at the home, restore again, and return how many things
        are lost of the old and the new store.
        """
        shutil.copytree(self.home, home)
        child = run_child(home, self.backup, point)
        assert child.returncode == -signal.SIGKILL, child.stderr
        found = store_of(home)
        gone = min(lost(found, self.old), lost(found, self.homes.expected))
        with Host(home) as host:
            host.backups.restore(self.backup, replace=True)
        asides = [store_of(path.parent) for path in home.glob("replaced-*/fitglue.db")]
        return gone + lost(store_of(home), self.homes.expected) + (self.old not in asides)


@pytest.fixture
def scene(homes, tmp_path):
    return Scene(homes, tmp_path)


@pytest.mark.long
def test_killed_around_the_rename_that_counts(scene, tmp_path, reliability):
    """A restore that is killed just before or just after the database is replaced loses nothing."""
    gone = sum(scene.killed_at(tmp_path / point, point) for point in ("before", "after"))
    assert gone == 0
    reliability("local", FAULT, times=2, lost=gone, seen=SEEN)


@pytest.mark.long
def test_killed_at_every_step_that_lasts(scene, tmp_path, reliability):
    """A restore that is killed before any rename, hard link or sync of a file loses nothing."""
    points = scene.points()
    gone = sum(scene.killed_at(tmp_path / str(point), point) for point in range(1, points + 1))
    assert gone == 0
    reliability("local", FAULT, times=points, lost=gone, seen=SEEN)

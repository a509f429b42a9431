"""Tests of a folder that is full, read-only or killed at: in the end, each workout is there once,
complete, and nothing else was touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fitglue_destinations import plugin
from fitglue_registry.errors import Retryable
from fitglue_registry.model import SourceActivity
from fitglue_registry.plugin_api import Delivery, OriginalFile
from fitglue_registry.testing import FakeConnection
from tests.faults.local.small_disk import SmallDisk

SCRIPT = Path(__file__).with_name("killed_folder.py")
CONTENT = bytes(range(256)) * 1024


@pytest.fixture
def disk(tmp_path):
    """A disk of its own; the test is skipped where none can be mounted."""
    disk = SmallDisk(tmp_path / "disk")
    reason = disk.mount(512)
    if reason is not None:
        pytest.skip(f"no small disk can be mounted: {reason}")
    yield disk
    subprocess.run(["umount", str(disk.folder)], check=False)


@pytest.fixture
def connection(tmp_path):
    """The connection, whose cache is on another disk."""
    return FakeConnection(entry="folder", cache=tmp_path)


def delivery(folder, content=CONTENT):
    """Return the delivery of an original file of 256 kB."""
    sha256 = hashlib.sha256(content).hexdigest()
    return Delivery(
        external_id="d-1",
        action="create",
        number=12,
        activity=SourceActivity(title="Ride", sport="Ride"),
        file=OriginalFile(content, "ride.fit", "fit", sha256),
        settings={"path": str(folder), "format": "original", "file_name": "{number}"},
    )


def deliver(connection, wanted):
    """Carry out a delivery."""
    return plugin.fitglue_deliver(connection=connection, delivery=wanted)


def names(folder):
    """Return the names of everything in a folder."""
    return sorted(path.name for path in folder.iterdir())


def refused(connection, wanted):
    """Return the error of a delivery that has to wait."""
    with pytest.raises(Retryable) as raised:
        deliver(connection, wanted)
    assert raised.value.fix
    return raised.value.code


def test_a_full_disk_leaves_nothing_and_loses_nothing(disk, connection, reliability):
    """Nothing incomplete gets a name, and the file is written when there is space."""
    (disk.folder / "other").write_bytes(bytes(400_000))
    seen = refused(connection, delivery(disk.folder))
    assert names(disk.folder) == ["other"]
    (disk.folder / "other").unlink()
    deliver(connection, delivery(disk.folder))
    assert (disk.folder / "12.fit").read_bytes() == CONTENT
    reliability("sending", "folder: the disk is full", lost=0, seen=seen)


def test_a_disk_that_fills_up_during_a_change_keeps_the_old_file(disk, connection, reliability):
    """The old content stays until the new one is complete."""
    first = delivery(disk.folder)
    sent = deliver(connection, first)
    change = replace(delivery(disk.folder, CONTENT[::-1]), action="update", receipt=sent.receipt)
    (disk.folder / "other").write_bytes(bytes(200_000))
    seen = refused(connection, change)
    assert (disk.folder / "12.fit").read_bytes() == CONTENT
    (disk.folder / "other").unlink()
    deliver(connection, change)
    assert names(disk.folder) == ["12.fit"]
    assert (disk.folder / "12.fit").read_bytes() == CONTENT[::-1]
    reliability("sending", "folder: the disk fills up during a change", lost=0, seen=seen)


def test_a_disk_that_can_only_be_read_changes_nothing(disk, connection, reliability):
    """The delivery waits until it can be written."""
    disk.remount("ro")
    seen = refused(connection, delivery(disk.folder))
    disk.remount("rw")
    deliver(connection, delivery(disk.folder))
    assert names(disk.folder) == ["12.fit"]
    reliability("sending", "folder: the disk can only be read", lost=0, seen=seen)


def test_a_disk_that_is_not_mounted_gets_nothing(tmp_path, connection, reliability):
    """The folder below the place of the disk is not made on another disk."""
    place = tmp_path / "mnt"
    place.mkdir()
    seen = refused(connection, delivery(place / "workouts"))
    assert names(place) == []
    (place / "workouts").mkdir()
    deliver(connection, delivery(place / "workouts"))
    assert names(place / "workouts") == ["12.fit"]
    reliability("sending", "folder: its disk is not mounted", lost=0, seen=seen)


@pytest.mark.parametrize("action", ["create", "update"])
def test_killed_at_each_step_there_is_one_complete_file(tmp_path, action, reliability):
    """Whatever the process had done, the next one completes it, and leaves nothing else."""
    process = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), action],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    ends = [json.loads(line) for line in process.stdout.splitlines()]
    assert len(ends) > 4
    assert ends[-1]["step"] is None
    # Both happen: killed before the file had its name, and afterwards.
    assert {end["there"] for end in ends} == {False, True}
    for end in ends:
        assert end["files"] == ["12.fit"]
        assert end["right"]
    seen = "the file is found, or written again"
    fault = f"folder: killed at each step of a {'change' if action == 'update' else 'delivery'}"
    reliability("sending", fault, times=len(ends) - 1, lost=0, seen=seen)

"""Tests of zips whose files take long: they share the time of the zip, and hold up nothing else."""

from __future__ import annotations

import pytest

from fitglue_registry.plugin_api import Location
from fitglue_registry.store.tables import quarantine
from fitglue_registry.sync.deriving import workers
from fitglue_registry.sync.events import PartStored
from fitglue_registry.sync.reading import time_shares
from fitglue_registry.sync.reading.time_shares import Taken, TimeShares
from fitglue_registry.sync.worker_limits import WorkerLimits
from tests.sampling import sampled
from tests.sync.builders import finished
from tests.sync.reading.test_read_files import ids_of

_LIMITS = WorkerLimits(wall_s=120.0)
#: The CPU time and the size in a zip of a real recording of one hour, as measured.
_HOUR_S, _HOUR_BYTES = 0.035, 60_000


@pytest.fixture
def host(folder, tmp_path, monkeypatch):
    """Yield a host that gives 2 s to a file, and 1 s to the slow files of a zip."""
    limits = WorkerLimits(wall_s=60.0, cpu_s=2.0)
    monkeypatch.setattr(workers, "WorkerLimits", lambda **_: limits)
    with folder.host(tmp_path / "home") as host:
        yield host


def busy(seconds: float) -> str:
    """Return a script that takes this much CPU time."""
    return f"import time; end = time.process_time() + {seconds}\nwhile time.process_time() < end: 0"


def place(**values) -> Location:
    return Location("key", "mark", inside="zip", **values)


def shared(count: int, cpu_s: float, **values) -> TimeShares:
    """Return the time that is left after some files of a zip were read."""
    shares = TimeShares(_LIMITS)
    for _ in range(count):
        shares.note_quick(place(**values), Taken(cpu_s))
    return shares


# -- the share of a zip ----------------------------------------------------------------------------


def test_an_archive_of_ten_years_is_not_slow():
    """Thousands of real recordings in one zip use nothing of its share."""
    shares = shared(3000, _HOUR_S, size=90_000, packed_size=_HOUR_BYTES)
    assert not shares.is_slow(place())


def test_many_small_files_are_not_slow():
    """Thousands of files of some hundred bytes use nothing of the share of their zip."""
    assert not shared(10_000, 0.005, size=400).is_slow(place())


def test_files_that_are_slow_for_their_size_use_up_the_share():
    """A zip of files that take much longer than real ones of their size has no time left."""
    assert shared(80, 0.4, size=1000).is_spent(place())


def test_the_size_on_the_disk_counts_and_not_the_unpacked_one():
    """A file that unpacks to a hundred megabytes has no more free time for that."""
    assert shared(80, 0.4, size=100_000_000, packed_size=1000).is_spent(place())


def test_each_zip_has_a_share_of_its_own():
    """A slow zip takes no time from another one, and none from a file outside zips."""
    shares = shared(80, 0.4, size=1000)
    assert not shares.is_slow(Location("key", "mark", inside="other"))
    assert not shares.is_slow(Location("key", "mark"))


def test_hashing_the_files_that_are_not_read_is_limited_too():
    """Files that are only hashed use up a share as well, after which nothing more is unpacked."""
    shares = shared(80, 0.4, size=1000)
    assert not shares.is_closed(place())
    for _ in range(4):
        shares.note_identified(place(), Taken(1.0))
    assert shares.is_closed(place())
    assert not shares.is_closed(Location("key", "mark", inside="other"))


# -- the bytes of a zip ----------------------------------------------------------------------------


def unpacked(count: int, size: int, times: int) -> TimeShares:
    """Return what is left after files of a zip have unpacked to some times their size at once."""
    shares = TimeShares(_LIMITS)
    for _ in range(count):
        shares.add(place(size=size))
    for _ in range(count):
        shares.note_quick(place(size=size), Taken(0.0, size * times))
    return shares


def test_the_files_of_a_zip_unpack_to_at_most_hundreds_of_times_its_size():
    """Once the files of a zip have unpacked to far more than real ones, nothing more is unpacked,
    and the reason says so.
    """
    shares = unpacked(4, 1_000_000, 300)
    assert shares.is_spent(place())
    assert shares.is_closed(place())
    assert "unpack to hundreds of times its size" in str(shares.closed(place()))


def test_a_small_zip_may_unpack_to_many_times_its_size():
    """A few small files are read, whatever they unpack to."""
    assert not unpacked(4, 1000, 900).is_spent(place())


@pytest.mark.parametrize("times", [1, 3, 20])
def test_an_archive_of_compressed_recordings_does_not_meet_the_limit_of_bytes(times):
    """Thousands of recordings, compressed as Strava's or much better, may all be unpacked."""
    assert not unpacked(3000, _HOUR_BYTES, times).is_spent(place())


def test_a_file_that_unpacks_to_a_thousand_times_its_size_has_no_time_for_its_size():
    """What takes time because it unpacks to far more than a recording uses up the share."""
    dense = TimeShares(_LIMITS)
    for _ in range(60):
        dense.note_quick(place(size=250_000), Taken(0.25, 250_000_000))
    assert dense.is_spent(place())
    assert not shared(60, 0.25, size=250_000).is_slow(place())


# -- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", sampled([3, 8], [3]))
def test_slow_files_of_one_zip_take_no_longer_than_their_share(folder, host, count):
    """Once the slow files of a zip have used up their share, the others are kept with the reason
    and not read, and the quick files before them and beside the zip arrive.
    """
    folder.add(good="", zip99="", **{f"zip{number}": busy(3.0) for number in range(10, 10 + count)})
    finished(host)
    assert ids_of(host) == ["good", "zip99"]
    reasons = {record["external_id"]: record for record in host.records.quarantine()}
    assert len(reasons) == count
    assert {record["code"] for record in reasons.values()} == {"FG-zip-share"}
    assert "used up the 1 s of CPU time" in str(reasons)


@pytest.mark.long
def test_a_slow_file_is_read_within_the_share_of_its_zip(folder, host, monkeypatch):
    """A single file in a zip that takes long is read, after all other files."""
    limits = WorkerLimits(wall_s=60.0, cpu_s=6.0)
    monkeypatch.setattr(workers, "WorkerLimits", lambda **_: limits)
    folder.add(zip1=busy(1.5), zip0="", good="")
    stored = [event.external_id for event in host.sync() if isinstance(event, PartStored)]
    assert (sorted(stored), stored[-1]) == (["good", "zip0", "zip1"], "zip1")


@pytest.mark.long
def test_small_files_of_a_slow_zip_come_before_its_large_ones(folder, host, monkeypatch):
    """Once a zip is slow, its small files are read first, because the large ones may use up what is
    left of its share.
    """
    monkeypatch.setattr(time_shares, "_SHARE", 4.0)
    script = f"{busy(3.0)}\n#{'x' * 150_000}"
    folder.add(zip10="", **{f"zip{number}": script for number in range(50, 65)})
    finished(host)
    assert ids_of(host) == ["zip10"]


@pytest.mark.long
def test_slow_files_beside_one_another_have_their_own_time(folder, host):
    """Files outside zips that take long are read, each with its own limit."""
    folder.add(**{f"n{number}": busy(0.5) for number in range(3)})
    finished(host)
    assert ids_of(host) == ["n0", "n1", "n2"]


def test_other_files_come_before_those_of_a_slow_zip(folder, host, monkeypatch):
    """Once files in a zip were slow, the others in it are read after those of other places."""
    monkeypatch.setattr(time_shares, "_FREE_S", 0.0)
    monkeypatch.setattr(time_shares, "_FREE_S_PER_BYTE", 0.0)
    monkeypatch.setattr(time_shares, "_SLOW", 0.0)
    names = [f"zip{number:02}" for number in range(18)]
    folder.add(good="", **dict.fromkeys(names, ""))
    stored = [event.external_id for event in host.sync() if isinstance(event, PartStored)]
    assert sorted(stored) == ["good", *names]
    assert stored[-1] != "good"


@pytest.mark.long
def test_a_slow_zip_is_not_read_again(folder, host):
    """The next sync reads nothing of a zip whose files have used up their share, not even with
    another version of the plugin, which would take as long again.
    """
    folder.add(**{f"zip{number}": busy(3.0) for number in range(10, 13)})
    finished(host)
    folder.forget_readers()
    with host.workspace.database.write() as db:
        db.execute(quarantine.update().values(plugin_version="0.1"))
    finished(host)
    left = {record["code"] for record in host.records.quarantine()}
    assert (folder.readers(), left) == ({}, {"FG-zip-share"})


def test_nothing_more_of_a_zip_is_read_once_its_files_were_too_many_bytes(
    folder,
    host,
    monkeypatch,
):
    """What a zip may no longer unpack is neither read nor hashed, neither now nor by the next sync,
    and is reported with the advice to unpack the zip.
    """
    monkeypatch.setattr(time_shares, "_MOST_UNPACKED", 50)
    monkeypatch.setattr(time_shares, "_MOST_RATIO", 0)
    folder.add(good="", **{f"zip{number}": f"#{'x' * 60}" for number in range(10, 40)})
    finished(host)
    read = len(ids_of(host))
    assert "good" in ids_of(host)
    assert read < 30
    assert len(folder.readers()) == read
    unread = host.records.unreadable()
    assert len(unread) == 31 - read
    assert {record["code"] for record in unread} == {"FG-zip-share"}
    assert "unpack it with another program" in str(unread)
    folder.forget_readers()
    finished(host)
    assert folder.readers() == {}


@pytest.mark.long
def test_files_of_a_slow_zip_can_be_tried_again(folder, host):
    """What was not read because of slow files in its zip is kept, and a retry reads it."""
    script = f"if Path({str(folder.path / 'slow')!r}).exists():\n    " + busy(3.0).replace(
        "\n", "\n    "
    )
    (folder.path / "slow").touch()
    folder.add(**{f"zip{number}": script for number in range(10, 14)})
    finished(host)
    assert ids_of(host) == []
    (folder.path / "slow").unlink()
    list(host.syncs.retry_quarantine())
    assert len(ids_of(host)) == 4

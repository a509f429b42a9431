"""Tests of reading files: each place is read once, in a worker process, and costs only itself."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from fitglue_registry.sync.deriving import workers
from fitglue_registry.sync.events import Decided, PartStored, SyncStopped
from fitglue_registry.sync.options import Options
from fitglue_registry.sync.worker_limits import WorkerLimits
from tests.sampling import sampled
from tests.sync.builders import finished
from tests.sync.natural import natural

#: A script that kills its worker process.
DIES = "os.kill(os.getpid(), signal.SIGKILL)"


def ids_of(host):
    """Return the ids of the records of all activities."""
    with host.workspace.database.read() as db:
        rows = db.exec_driver_sql("select external_id from source_activities order by 1")
        return [row.external_id for row in rows]


def test_every_file_is_read_once_and_not_in_this_process(folder, host):
    """Each file is read by one worker process, once, and its bytes, workouts and place are
    stored.
    """
    folder.add(a="", b="", c="")
    counts = finished(host)
    assert counts["new"] == 3
    assert ids_of(host) == ["a", "b", "c"]
    readers = folder.readers()
    assert [len(pids) for pids in readers.values()] == [1, 1, 1]
    assert os.getpid() not in {pids[0] for pids in readers.values()}


def test_a_second_sync_reads_only_what_is_new_or_changed(folder, host):
    """A file whose place and mark are known is not read again."""
    folder.add(a="", b="")
    finished(host)
    folder.forget_readers()
    folder.add(b="x = 1", c="")
    finished(host)
    assert sorted(folder.readers()) == ["b.script", "c.script"]


def test_a_copy_of_a_known_file_is_the_same_record(folder, host):
    """A copy that is added later is the record that its original has delivered, also if the place
    of the original is not read again.
    """
    script = "# id shared"
    (folder.path / "a.script").write_text(script)
    finished(host)
    (folder.path / "b.script").write_text(script)
    finished(host)
    assert ids_of(host) == ["shared"]
    assert [len(pids) for pids in folder.readers().values()] == [1, 1]


def test_another_file_with_a_known_id_is_a_record_of_its_own(folder, host):
    """A file that claims the id of a known record, but has other bytes, keeps its own id."""
    (folder.path / "a.script").write_text("# id shared")
    finished(host)
    (folder.path / "b.script").write_text("# id shared\n# other")
    finished(host)
    assert ids_of(host) == ["b", "shared"]


def test_a_full_sync_forgets_places_that_are_no_longer_listed(folder, host):
    """A file that returns after a full sync is read again, because its place was forgotten."""
    folder.add(a="", b="")
    finished(host)
    (folder.path / "b.script").rename(folder.path / "b.away")
    list(host.sync(options=Options(full=True)))
    (folder.path / "b.away").rename(folder.path / "b.script")
    folder.forget_readers()
    finished(host)
    assert sorted(folder.readers()) == ["b.script"]


@pytest.mark.parametrize(
    ("script", "wall_s", "reason"),
    [
        (DIES, 60.0, "its process was ended by signal SIGKILL"),
        ("while True: pass", 60.0, "it used more than 1 s of CPU time"),
        pytest.param(
            "threading.Event().wait()", 3.0, "it took more than 3 s", marks=pytest.mark.long
        ),
    ],
)
def test_a_file_that_breaks_its_worker_is_kept_and_the_others_arrive(
    folder, host, monkeypatch, script, wall_s, reason
):
    """The bytes of a file that kills its worker, or takes too long, are kept under its own id with
    the reason, and the other files arrive.
    """
    limits = WorkerLimits(wall_s=wall_s, cpu_s=1.0)
    monkeypatch.setattr(workers, "WorkerLimits", lambda **_: limits)
    folder.add(a="", b=script, c="")
    finished(host)
    assert ids_of(host) == ["a", "c"]
    [record] = host.records.quarantine()
    assert (record["external_id"], record["code"]) == ("b", "FG-plugin-died")
    assert reason in str(record)
    with host.workspace.database.read() as db:
        states = db.exec_driver_sql(
            "select p.state from fg_parts p join fg_records r on r.id = p.record_id "
            "where r.external_id = 'b' order by p.part"
        )
        assert [row.state for row in states] == ["have", "have"]


@pytest.mark.parametrize(
    "script",
    sampled(
        [
            "os._exit(0)",
            "ctypes.CDLL(None).exit(0)",
            "os.execv('/bin/true', ['true'])",
            "threading.Thread(target=os._exit, args=(0,)).start(); threading.Event().wait()",
        ],
        ["os._exit(0)"],
    ),
)
def test_a_file_that_ends_its_worker_without_an_error_costs_only_itself(folder, host, script):
    """A file whose reader ends the process with exit code 0, the code of success, is kept at once
    and not after the time limit, and the other files arrive.
    """
    folder.add(a="", b=f"import ctypes; {script}", c="")
    with ThreadPoolExecutor(1) as thread:
        # The time limit of a worker is 120 seconds.
        thread.submit(finished, host).result(timeout=60)
    assert ids_of(host) == ["a", "c"]
    [record] = host.records.quarantine()
    assert (record["external_id"], record["code"]) == ("b", "FG-plugin-died")
    assert "it ended the process with exit code 0" in str(record)


def test_a_file_that_broke_a_worker_is_not_read_again_by_the_same_version(folder, host):
    """A file that broke its worker is not tried again by each sync."""
    folder.add(a=DIES)
    finished(host)
    folder.forget_readers()
    finished(host)
    assert folder.readers() == {}


@pytest.mark.parametrize("has_row_before", sampled([False, True], [False]))
def test_a_file_that_breaks_its_worker_is_reported_although_its_row_is_a_workout(
    folder, host, has_row_before
):
    """A file that kills its worker is reported even if a table describes its workout, which is
    stored, and even if the workout was there before the file.
    """
    if has_row_before:
        folder.add_row("1")
        finished(host)
    folder.add(a=f"# id 1\n# has a row\n{DIES}")
    for dry_run in (True, False):
        events = list(host.sync(options=Options(dry_run=dry_run)))
        reported = [event for event in events if getattr(event, "decision", None) == "quarantined"]
        assert [event.external_id for event in reported] == ["1"]
        assert "signal SIGKILL" in reported[0].reason
    assert ids_of(host) == ["1"]
    [record] = host.records.quarantine()
    assert (record["external_id"], record["code"]) == ("1", "FG-plugin-died")


def test_a_worker_that_somebody_else_killed_costs_nothing(folder, host):
    """If a worker is killed while it reads a file, perhaps because memory ran out, another reads
    the file again.
    """
    once = "if len((path.parent / 'read' / path.name).read_text().split()) == 1: "
    folder.add(
        a=f"from pathlib import Path\npath = Path({str(folder.path / 'a.script')!r})\n{once}{DIES}"
    )
    finished(host)
    assert ids_of(host) == ["a"]
    assert host.records.quarantine() == []


def test_a_refused_file_goes_to_quarantine_with_its_bytes(folder, host):
    """A file that its plugin refuses, or that makes the plugin raise, goes to quarantine, and the
    other files arrive.
    """
    folder.add(a="", b="raise RecordRefused('FG-script-odd', 'odd')", c="1 / 0")
    finished(host)
    codes = {record["external_id"]: record["code"] for record in host.records.quarantine()}
    assert codes == {"b": "FG-script-odd", "c": "FG-plugin-raised"}
    assert ids_of(host) == ["a"]


def test_the_same_record_at_two_places_is_stored_once(folder, host):
    """Two places with the same content under one id are one record, and neither is read again."""
    folder.add(a="# id same")
    (folder.path / "b.script").write_bytes((folder.path / "a.script").read_bytes())
    finished(host)
    assert ids_of(host) == ["same"]
    folder.forget_readers()
    finished(host)
    assert folder.readers() == {}


def test_two_places_that_claim_one_record_are_told_apart(folder, host):
    """If two places deliver different content under one id, the second is read again and told that
    the id is taken.
    """
    folder.add(a="# id same\n# of a", b="# id same\n# of b")
    finished(host)
    assert ids_of(host) == ["a", "same"]


def test_a_place_that_names_its_record_is_read_only_if_no_other_place_has_it(folder, host):
    """A row is a record of its own only if no file delivers the record."""
    folder.add(a="# id 1")
    folder.add_row("1")
    folder.add_row("2")
    finished(host)
    assert ids_of(host) == ["1", "2"]
    assert "1.row" not in folder.readers()


def test_a_row_whose_file_appears_later_gets_it(folder, host):
    """A row that was stored without a file is joined by the file that a later sync finds."""
    folder.add_row("1")
    finished(host)
    folder.add(a="# id 1")
    finished(host)
    assert [activity["title"] for activity in host.activities()] == ["read"]


def test_a_folder_that_is_missing_stops_the_connection(folder, host):
    """A folder that cannot be listed stops its connection with the reason, and deletes nothing."""
    folder.add(a="")
    finished(host)
    folder.path.rename(folder.path.with_name("away"))
    last = list(host.sync())[-1]
    assert isinstance(last, SyncStopped)
    assert last.error.code == "FG-folder-missing"
    assert ids_of(host) == ["a"]


def test_a_dry_run_reads_and_stores_nothing(folder, host):
    """A dry run reports what is new, and stores neither records nor places."""
    folder.add(a="", b="")
    events = list(host.sync(options=Options(dry_run=True)))
    decided = [event.external_id for event in events if isinstance(event, Decided)]
    assert sorted(decided) == ["a", "b"]
    assert ids_of(host) == []
    finished(host)
    assert ids_of(host) == ["a", "b"]


def test_a_sync_that_is_stopped_is_resumed(folder, host, tmp_path):
    """A sync that is stopped after its first batch has stored that batch, and the next one reads
    the rest; the store is that of a sync that was never stopped.
    """
    folder.add(**{f"n{number:02}": "" for number in range(40)})
    events = host.sync()
    for event in events:
        if isinstance(event, PartStored):
            break
    events.close()
    assert 1 <= len(ids_of(host)) < 40
    finished(host)
    with folder.host(tmp_path / "other") as other:
        finished(other)
        assert natural(host) == natural(other)


def test_a_rebuild_gives_what_was_read(folder, host):
    """A rebuild derives from the stored bytes what reading the files gave."""
    folder.add(a="", b="")
    finished(host)
    before = natural(host)
    events = list(host.syncs.rebuild())
    assert events[-1].counts["changed"] == 0
    assert natural(host) == before


def test_the_messages_of_the_plugin_reach_the_log(folder, host, caplog):
    """What a plugin logs while a worker lists is in the log of the host."""
    with caplog.at_level("INFO"):
        finished(host)
    assert any("listed by" in record.message for record in caplog.records)

"""Content that athletes upload: it is read like every foreign file, and no path of the server is
involved.
"""

from __future__ import annotations

import json
import os
import stat
from datetime import date

import pytest
import sqlalchemy as sa

from fitglue_intervals.testing import Account
from fitglue_intervals.testing.strava_archive import strava_archive
from fitglue_registry import Host, Policy, Quotas
from fitglue_registry.errors import FitglueError, UserMistake
from fitglue_registry.services.events import (
    SourceConnected,
    SyncFinished,
    SyncStopped,
    event_as_json,
)
from fitglue_registry.services.importing.staging import file_name
from tests.faults.files.conftest import gpx, zipped
from tests.sync.builders import finished

BROKEN = b"<gpx><trk><trkseg><trkpt lat='1' lon='2'><time>2026"


@pytest.fixture
def host(open_host):
    """Return a host with the closed policy."""
    return open_host()


def added(host, name: str, content: bytes, athlete: str = "ada") -> dict[str, int]:
    """Upload content, which must succeed, and return the counts of its decisions."""
    last = list(host.imports.add_bytes(name, content, athlete))[-1]
    assert isinstance(last, SyncFinished), last
    return dict(last.counts)


def stored_texts(host) -> str:
    """Return everything in the database as one text."""
    with host.workspace.database.read() as db:
        rows = []
        for table in sa.inspect(db).get_table_names():
            rows += db.exec_driver_sql(f'SELECT * FROM "{table}"').all()
    return repr(rows)


def test_an_uploaded_file_becomes_an_activity_with_its_original(host, tmp_path):
    """An uploaded file is one activity, its original file is stored, and nothing is left over."""
    assert added(host, "Morning Run.gpx", gpx())["new"] == 1
    [row] = host.activities(athlete="ada")
    details = host.activities.get(str(row["number"]), "ada")
    [(_, content)] = host.activities.original_files(details)
    assert content == gpx()
    assert list((host.home / "uploads").iterdir()) == []
    assert host.activities(athlete="bob") == []


def test_the_same_content_is_recognized_under_any_name(host):
    """Content that was uploaded before changes nothing, also in another container."""
    added(host, "a.gpx", gpx())
    assert added(host, "a.gpx", gpx()).get("new", 0) == 0
    assert added(host, "b.gpx", gpx()).get("new", 0) == 0
    assert added(host, "c.zip", zipped({"d.gpx": gpx()})).get("new", 0) == 0
    assert added(host, "a.gpx", gpx(), "bob")["new"] == 1
    assert len(host.activities(athlete="ada")) == 1


def test_an_uploaded_archive_is_a_source_of_its_own(host, tmp_path):
    """An archive of an account is recognized, and a newer one belongs to the same connection."""
    account = Account.generate(6, until=date(2026, 11, 20))
    plans = [plan for plan in map(account.plan, account.ids()) if len(plan.legs) == 1]
    strava_archive(tmp_path / "export_12345.zip", plans[:3])
    content = (tmp_path / "export_12345.zip").read_bytes()
    events = list(host.imports.add_bytes("export_12345.zip", content, "ada"))
    [connected] = [event for event in events if isinstance(event, SourceConnected)]
    assert (connected.source, connected.paths) == ("strava-archive", ("export_12345.zip",))
    [connection] = host.connections.list("ada")
    assert connection.settings == {}
    again = list(host.imports.add_bytes("export_12345.zip", content, "ada"))
    assert [event.renewed for event in again if isinstance(event, SourceConnected)] == [True]
    assert len(host.activities(athlete="ada")) == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ride.gpx", gpx()),
        ("broken.gpx", BROKEN),
        ("nothing.txt", b"hello"),
        ("more.zip", zipped({"a.gpx": gpx(), "b.gpx": BROKEN, "c.fit": b"\x0e\x10"})),
        ("cut.zip", zipped({"a.gpx": gpx()})[:-30]),
        ("bomb.zip", zipped({"a.gpx": bytes(20_000_000)})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_text_names_the_folder_of_the_server(host, tmp_path, name, content, reliability):
    """Neither an event nor an error nor the store contains the folder in which an upload was
    read.
    """
    shown = []
    try:
        for event in host.imports.add_bytes(name, content, "eve"):
            shown.append(json.dumps(event_as_json(event), default=str))
            if isinstance(event, SyncStopped):
                shown.append(str(event.error.as_dict()))
    except FitglueError as error:
        shown.append(f"{error} {error.as_dict()} {error.args}")
    shown.append(json.dumps(host.records.quarantine("eve"), default=str))
    shown.append(json.dumps(host.syncs.runs("eve"), default=str))
    shown += [str(connection) for connection in host.connections.list("eve")]
    shown.append(stored_texts(host))
    assert str(tmp_path) not in "\n".join(shown)
    assert list((host.home / "uploads").iterdir()) == []
    reliability("athletes", f"an upload of {name}", lost=0, seen="no path of the server")


def test_a_broken_file_is_kept_in_quarantine_and_the_others_arrive(host):
    """What cannot be understood is kept with the reason under the name that the athlete knows."""
    added(host, "more.zip", zipped({"a.gpx": gpx(), "b.gpx": BROKEN}))
    assert len(host.activities(athlete="ada")) == 1
    [record] = host.records.quarantine("ada")
    assert record["code"] == "FG-gpx-without-times"


def test_an_upload_that_is_too_large_is_refused_at_once(open_host):
    """An upload with more bytes than the quota is refused before anything is written."""
    host = open_host(Policy(quotas=Quotas(upload_bytes=100)))
    with pytest.raises(UserMistake) as caught:
        host.imports.add_bytes("a.gpx", gpx(), "ada")
    assert caught.value.code == "FG-upload-too-large"
    assert not (host.home / "uploads").exists()
    assert host.connections.list("ada") == []


@pytest.mark.parametrize("nested", [False, True], ids=["one zip", "zips in a zip"])
def test_an_upload_with_too_many_files_is_refused(open_host, nested):
    """An upload with more files than the quota is refused before one of them is stored."""
    host = open_host(Policy(quotas=Quotas(upload_files=2)))
    members = {f"{day}.gpx": gpx(day) for day in range(3)}
    if nested:
        members = {f"{name}.zip": zipped({name: content}) for name, content in members.items()}
    last = list(host.imports.add_bytes("many.zip", zipped(members), "ada"))[-1]
    assert last.error.code == "FG-upload-too-many-files"
    assert host.activities(athlete="ada") == []
    assert added(host, "few.zip", zipped({"1.gpx": gpx(1), "2.gpx": gpx(2)}))["new"] == 2


@pytest.mark.parametrize(
    ("name", "used"),
    [
        ("../../etc/cron.d/ride.gpx", "ride.gpx"),
        ("C:\\Users\\ada\\ride.gpx", "ride.gpx"),
        ("\x00ri\nde.gpx", "ride.gpx"),
        (".ride.gpx", "ride.gpx"),
        ("Lauf über Höhen.gpx", "Lauf über Höhen.gpx"),
        ("a" * 300 + ".fit.gz", "a" * 143 + ".fit.gz"),
        ("ü" * 200 + ".gpx", "ü" * 73 + ".gpx"),
    ],
)
def test_only_the_last_part_of_a_name_is_used(name, used):
    """A name that is a path, or has characters that no name should have, is harmless."""
    assert file_name(name) == used


@pytest.mark.parametrize("name", ["", "/", "..", "a/..", "\x00", " . "])
def test_a_name_of_nothing_is_refused(host, name):
    """A name of which nothing can be used is refused at once."""
    with pytest.raises(UserMistake, match="FG-upload-name"):
        host.imports.add_bytes(name, gpx(), "ada")


def test_a_later_sync_finds_nothing_to_do(host):
    """A connection whose files were uploaded stays healthy: a sync, a check and a rebuild of it
    succeed without reading a path.
    """
    added(host, "a.gpx", gpx())
    events = list(host.sync(athlete="ada"))
    assert isinstance(events[-1], SyncFinished)
    [connection] = host.connections.list("ada")
    assert host.connections.status(connection).state == "ok"
    assert host.connections.probe("files", "ada") == connection.account
    assert isinstance(list(host.syncs.rebuild(athlete="ada"))[-1], SyncFinished)
    assert len(host.activities(athlete="ada")) == 1


def test_a_source_of_files_asks_for_an_upload(host):
    """Where no path may be named, a source of files says that content has to be uploaded."""
    before = host.entries.availability("source", "files", "ada")
    assert (before.state, "add_bytes" in before.fix) == ("not-connected", True)
    added(host, "a.gpx", gpx())
    assert host.entries.availability("source", "files", "ada").available


def test_uploads_need_a_permitted_integration(open_host):
    """Content of a source that the operator does not allow is refused, and leaves nothing."""
    host = open_host(Policy(integrations={"intervals"}))
    last = list(host.imports.add_bytes("a.gpx", gpx(), "ada"))[-1]
    assert last.error.code == "FG-integration-not-allowed"
    assert host.connections.list("ada") == []
    assert list((host.home / "uploads").iterdir()) == []


def test_an_upload_that_is_abandoned_leaves_no_file(host):
    """If the iterator is closed, the content is removed."""
    events = host.imports.add_bytes("a.gpx", gpx(), "ada")
    next(events)
    events.close()
    assert list((host.home / "uploads").iterdir()) == []


def test_only_this_user_can_read_an_upload(host):
    """While it is read, the content is private whatever the umask is."""
    before = os.umask(0)
    try:
        events = host.imports.add_bytes("a.gpx", gpx(), "ada")
        next(events)
        [folder] = [path for path in (host.home / "uploads").iterdir() if path.is_dir()]
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "a.gpx")]
        events.close()
    finally:
        os.umask(before)
    assert modes == [0o700, 0o600]


def test_an_upload_that_a_killed_process_left_is_removed_by_the_next(host):
    """Content that a killed process left behind is removed, and content in use is not."""
    left = host.home / "uploads" / "left"
    left.mkdir(parents=True)
    (left / "a.gpx").write_bytes(gpx())
    left.with_suffix(".lock").touch()
    running = host.imports.add_bytes("a.gpx", gpx(), "ada")
    next(running)
    added(host, "b.gpx", gpx(1), "bob")
    assert not left.exists()
    assert isinstance(list(running)[-1], SyncFinished)


def test_one_person_can_add_content_beside_paths(open_host, tmp_path):
    """With the personal policy, an upload does not change the paths that a connection reads."""
    (tmp_path / "a.gpx").write_bytes(gpx())
    host = open_host(Policy.personal())
    list(host.import_paths([tmp_path / "a.gpx"]))
    [before] = host.connections.list()
    assert added(host, "b.gpx", gpx(1), "me")["new"] == 1
    [after] = host.connections.list()
    assert after.settings == before.settings != {}
    assert finished(host).get("new", 0) == 0
    assert len(host.activities()) == 2


@pytest.mark.parametrize("place", ["file", "file/home"])
def test_a_home_that_cannot_be_used_is_named_as_such(tmp_path, place):
    """Each call of a host whose home cannot be used raises a documented error, and no bare error of
    the operating system.
    """
    (tmp_path / "file").write_text("no folder")
    with Host(tmp_path / place) as host:
        calls = (
            host.connections.list,
            lambda: host.connect("intervals", {"api_key": "a-key-1234"}),
            lambda: list(host.sync()),
            lambda: list(host.imports.add_bytes("a.gpx", b"<gpx></gpx>")),
            lambda: host.backups.make(tmp_path / "backup.zip"),
            host.connections.rekey,
        )
        for call in calls:
            with pytest.raises(FitglueError):
                call()

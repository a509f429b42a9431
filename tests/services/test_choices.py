"""Which parts an athlete wants of a connection: chosen once, kept, shown, and taken back."""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_garmin import testing as garmin_testing
from fitglue_registry.errors import UserMistake
from fitglue_registry.services import Options
from tests.sync.builders import finished, native, stopped


@pytest.fixture
def files(server):
    """Return a function that counts the original files that were requested since its last call."""

    def count():
        paths = [request.path for request in server.requests if request.path.endswith("/file")]
        server.clear_requests()
        return len(paths)

    return count


@pytest.fixture
def garmin():
    """Yield a stand-in of Garmin Connect, whose entry fetches files without being asked."""
    with garmin_testing.StandIn(garmin_testing.Account.generate(3), api_key="GCDC_key") as server:
        yield server


def status(host):
    """Return the status of the only connection."""
    [connected] = host.connections.list()
    return host.connections.status(connected)


def test_a_chosen_part_is_fetched_by_every_sync(connected, account, files):
    """After the choice, a sync fetches the part also of older workouts, and of each new one."""
    finished(connected)
    assert files() == 0
    assert connected.connections.choose("intervals", {"files": True})
    finished(connected)
    assert files() == len(native(account))
    account.add(start_date_local="2026-11-19T07:00:00", sport="run")
    finished(connected)
    assert files() == 1


def test_a_choice_survives_a_sync_that_was_stopped(connected, account, server, files):
    """A sync that stops before the older workouts are asked for leaves them to the next one."""
    finished(connected)
    connected.connections.choose("intervals", {"files": True})
    server.revoke_key()
    stopped(connected)
    files()
    server.set_key("another-key")
    connected.connect("intervals", {"api_key": "another-key"})
    finished(connected)
    assert files() == len(native(account))


@pytest.mark.parametrize("new_key", ["renewed-key", None])
def test_a_choice_survives_a_new_key(connected, server, new_key):
    """Connecting again, with the same key or a new one, keeps what the athlete has chosen."""
    connected.connections.choose("intervals", {"files": True})
    if new_key:
        server.set_key(new_key)
    connected.connect("intervals", {"api_key": new_key or server.api_key})
    assert status(connected).choices == {"files": True}


def test_a_refused_part_is_not_fetched_and_what_exists_stays(connected, account, files):
    """After the choice is turned off, no file is fetched, also not of an edited workout, and
    nothing is said to be waiting.
    """
    finished(connected, files=True)
    kept = len(list(connected.workspace.raws.blobs.all()))
    connected.connections.choose("intervals", {"files": False})
    files()
    edited = next(name for name in native(account) if account.row(name).get("file_type") == "fit")
    account.edit(edited, created="2026-11-20T10:00:00Z")  # another upload
    account.add(start_date_local="2026-11-19T07:00:00", sport="run")
    finished(connected)
    assert files() == 0
    assert len(list(connected.workspace.raws.blobs.all())) == kept
    assert status(connected).waiting_parts == 0


def test_what_was_refused_arrives_when_it_is_chosen_again(connected, account, files):
    """What was edited or added while a part was refused is fetched when it is chosen again."""
    finished(connected, files=True)
    connected.connections.choose("intervals", {"files": False})
    edited = next(name for name in native(account) if account.row(name).get("file_type") == "fit")
    account.edit(edited, created="2026-11-20T10:00:00Z")  # another upload
    account.add(start_date_local="2026-11-19T07:00:00", sport="run")
    finished(connected)
    files()
    connected.connections.choose("intervals", {"files": True})
    finished(connected)
    assert files() == 2


def test_a_choice_can_be_left_to_the_entry_again(connected):
    """Without a choice, the entry decides, and the status has none."""
    connected.connections.choose("intervals", {"files": True})
    assert "original files" in status(connected).arrives
    assert connected.connections.choose("intervals", {"files": None})
    assert (status(connected).choices, "original files" in status(connected).arrives) == ({}, False)
    assert not connected.connections.choose("intervals", {"files": None})


@pytest.mark.parametrize("typed", ["yes", " Yes ", "true"])
def test_a_choice_can_be_made_when_connecting(host, server, typed):
    """The option is accepted among the values of an integration that does not declare it."""
    values = {"api_key": server.api_key, "base_url": server.url, "files": typed}
    host.connect("intervals", values)
    assert status(host).choices == {"files": True}


def test_a_choice_is_yes_or_no(host, server):
    """Any other text is refused, and nothing is stored."""
    values = {"api_key": server.api_key, "base_url": server.url, "files": "perhaps"}
    with pytest.raises(UserMistake, match="FG-field-refused"):
        host.connect("intervals", values)
    assert host.connections.list() == []


def test_an_unknown_option_is_refused(connected):
    """The error for an option that the source lacks names those that it has."""
    with pytest.raises(UserMistake, match="FG-option-unknown") as caught:
        connected.connections.choose("intervals", {"photos": True})
    assert caught.value.why == "its options are files"


def test_one_sync_can_differ_from_the_choice(connected, account, files):
    """The option of a sync holds for this sync, and the choice stays."""
    connected.connections.choose("intervals", {"files": True})
    finished(connected, files=False)
    assert files() == 0
    finished(connected)
    assert files() == len(native(account))


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (Options(files=True), True),
        (Options(files=True, full=True), True),
        (Options(files=True, dry_run=True), False),
        (Options(files=True, until=date(2026, 11, 1)), False),
        (Options(files=True, since=date(2026, 11, 1)), False),
        (Options(), False),
    ],
)
def test_the_option_of_a_sync_of_all_days_can_be_remembered(connected, options, kept):
    """Only the option of a sync that stores all days is remembered."""
    finished(connected)
    changed = [row.name for row in connected.syncs.remember(options)]
    assert changed == (["intervals"] if kept else [])
    assert status(connected).choices == ({"files": True} if kept else {})


def test_the_beginning_of_the_history_is_remembered_with_the_option(connected):
    """A first sync remembers from which day on the history is synced, so it remembers the option
    as well.
    """
    assert connected.syncs.remember(Options(files=True, since=date(2026, 11, 1)))


def test_what_holds_already_is_not_remembered_again(connected):
    """An option that does not change what is fetched is not stored."""
    assert connected.syncs.remember(Options(files=False)) == []
    connected.syncs.remember(Options(files=True))
    assert connected.syncs.remember(Options(files=True)) == []


def test_the_log_of_a_sync_says_whether_files_were_fetched(connected):
    """The run has the choice of the connection, although the sync had no option."""
    connected.connections.choose("intervals", {"files": True})
    finished(connected)
    assert connected.syncs.runs()[0]["options"]["files"]


@pytest.mark.parametrize("options", [{"files": "yes"}, {1: True}, ["files"]])
def test_an_application_that_passes_something_else_is_told(connected, options):
    """A text in place of True or False is a mistake of the application, and nothing is stored."""
    with pytest.raises(UserMistake, match="FG-argument-type"):
        connected.connections.choose("intervals", options)
    assert status(connected).choices == {}


def test_a_part_that_an_entry_fetches_by_default_can_be_refused(host, garmin):
    """A connection that was made without original files fetches none, until they are chosen."""
    values = {"api_key": "GCDC_key", "base_url": garmin.url}
    host.connect("garmin", {**values, "files": "no"})
    finished(host)
    assert [request for request in garmin.requests if "/files/" in request.path] == []
    assert status(host).waiting_parts == 0
    assert "original files" not in status(host).arrives
    host.connections.choose("garmin", {"files": True})
    finished(host)
    assert len([request for request in garmin.requests if "/files/" in request.path]) == 3


def test_what_an_entry_fetches_by_default_needs_no_choice(host, garmin):
    """Garmin's original files are fetched without any setting."""
    host.connect("garmin", {"api_key": "GCDC_key", "base_url": garmin.url})
    finished(host)
    assert len([request for request in garmin.requests if "/files/" in request.path]) == 3
    assert status(host).choices == {}
    assert host.syncs.remember(Options(files=True)) == []

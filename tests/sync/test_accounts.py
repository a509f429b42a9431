"""Tests of complete accounts: a real one, a large one, two connections, and on PostgreSQL."""

from __future__ import annotations

import json

import pytest

from fitglue_intervals.testing import Account, History, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from tests.sync.builders import finished
from tests.sync.natural import natural


def connect(host: Host, server: StandIn) -> Host:
    host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
    return host


@pytest.mark.shared
def test_a_real_account_of_781_rows_is_stored_whole(host, shared, server):
    """Every row of a real account becomes part of an activity, including its duplicates, its blank
    time zones and its unusual custom fields.
    """
    rows = json.loads(
        (
            shared / "data/intervals/payloads/activities-list-real-account-with-duplicates.json"
        ).read_bytes()
    )
    with StandIn(Account.from_rows(rows)) as real:
        counts = finished(connect(host, real), streams=False)
        assert counts["new"] == len(rows) == 781
        assert host.records.quarantine() == []
        # The account has duplicates of its own. Each of these pairs was checked by a person.
        assert len(host.activities()) == 729
        assert finished(host, streams=False) == {}


@pytest.mark.long
def test_a_thousand_activities_with_streams(host):
    """A thousand activities take one request each for their streams, and few other requests."""
    account = Account.generate(count=1000, seed=11, distinct_streams=4)
    with StandIn(account) as server:
        finished(connect(host, server))
        native = [name for name in account.ids() if not account.is_stub(name)]
        assert len(host.activities()) == len(native)
        assert len(server.requests) <= 2 + len(native) + len(native) / 50 + 10


def test_two_accounts_of_one_athlete_stay_two_connections(connected, server):
    """A second account at the same integration gets another name, and both are synced."""
    history = History(count=4, seed=9, distinct_streams=1, strava_stubs=0)
    with StandIn(Account.from_history(history, "i77")) as other:
        connect(connected, other)
        assert [listed.name for listed in connected.connections.list()] == [
            "intervals",
            "intervals-2",
        ]
        for _ in connected.sync():
            pass
        assert {source for row in connected.activities() for source in row["sources"]} == {
            "intervals",
            "intervals-2",
        }


@pytest.mark.parametrize("ids", [["a", "b"], ["b", "a"]])
def test_the_source_of_a_shared_workouts_values_is_not_random(host, monkeypatch, ids):
    """If two accounts have the same workout in equal quality, the values come from the same account
    in every store, although the ids of connections are random.
    """
    monkeypatch.setattr("fitglue_registry.store.connections.new_connection_id", iter(ids).__next__)
    row = {
        "type": "Run",
        "start_date": "2026-11-10T06:00:00Z",
        "start_date_local": "2026-11-10T07:00:00",
        "strava_id": "77",
    }
    accounts = [
        Account.from_rows([{**row, "id": name, "name": name}], athlete_id=name)
        for name in ("i1", "i2")
    ]
    with StandIn(accounts[0]) as first, StandIn(accounts[1]) as second:
        connect(connect(host, first), second)
        for _ in host.sync():
            pass
    assert [activity["title"] for activity in host.activities()] == ["i1"]


def test_nothing_is_shared_across_athletes(connected, server):
    """Activities of two athletes are never compared or merged, even if both use one account."""
    connected.connect(
        "intervals", {"api_key": server.api_key, "base_url": server.url}, athlete="other"
    )
    for athlete in ("me", "other"):
        for _ in connected.sync(athlete=athlete):
            pass
    mine, theirs = (
        {row["id"] for row in connected.activities(athlete=athlete)} for athlete in ("me", "other")
    )
    assert len(mine) == len(theirs)
    assert not mine & theirs


def test_the_same_account_gives_the_same_store_on_postgresql(
    connected, tmp_path, server, clock, postgres_url
):
    """A sync into PostgreSQL stores the same values as one into SQLite, by natural keys."""
    finished(connected, files=True)
    with Host(
        tmp_path / "pg",
        postgres_url,
        secrets=MemorySecretStore(),
        clock=clock,
        policy=Policy.personal(),
    ) as other:
        finished(connect(other, server), files=True)
        assert finished(other, files=True) == {}
        assert natural(other) == natural(connected)


def test_files_and_intervals_share_one_workout_by_the_hash_of_the_file(
    connected, account, tmp_path
):
    """A file that was uploaded to Intervals.icu and the same file in a folder become one activity
    with two sources.
    """
    finished(connected, files=True)
    gpx = [
        (name, account.file(name))
        for name in account.ids()
        if not account.is_stub(name) and account.row(name).get("file_type") == "gpx"
    ]
    if not gpx:
        external_id = account.add_row(
            {
                "id": "i900000002",
                "type": "Run",
                "start_date": "2026-11-10T06:00:00Z",
                "start_date_local": "2026-11-10T07:00:00",
                "file_type": "gpx",
                "elapsed_time": 60,
                "moving_time": 60,
            },
            streams=[],
            file=GPX,
        )
        gpx = [(external_id, GPX)]
        finished(connected, files=True)
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "same.gpx").write_bytes(gpx[0][1])
    before = len(connected.activities())
    connected.connect("files", {"paths": str(folder)})
    for _ in connected.sync():
        pass
    assert len(connected.activities()) == before
    assert {member.entry for member in connected.activities.get(gpx[0][0]).members} == {
        "intervals",
        "files",
    }


GPX = b"""<?xml version="1.0"?><gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="48.2" lon="16.3"><time>2026-11-10T06:00:00Z</time></trkpt>
<trkpt lat="48.201" lon="16.3"><time>2026-11-10T06:01:00Z</time></trkpt></trkseg></trk></gpx>"""

"""Whole accounts: a real one of 781 rows, a thousand generated activities, two connections,
PostgreSQL.
"""

from __future__ import annotations

import json

import pytest

from fitglue_intervals.testing import Account, History, StandIn
from fitglue_registry import Host
from fitglue_registry.secrets.memory import MemorySecretStore
from tests.sync.builders import finished
from tests.sync.natural import natural


def connect(host: Host, server: StandIn) -> Host:
    host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
    return host


@pytest.mark.shared
def test_a_real_account_of_781_rows_is_stored_whole(host, shared, server):
    """Every row of a real account, its doubles, its blank zones and its odd custom fields, becomes
    an activity.
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
        # An account holds its own doubles, and each of these was looked at.
        assert len(host.activities()) == 729
        assert finished(host, streams=False) == {}


@pytest.mark.long
def test_a_thousand_activities_with_streams(host):
    """A thousand activities arrive whole, in a request each for their streams and few besides."""
    account = Account.generate(count=1000, seed=11, distinct_streams=4)
    with StandIn(account) as server:
        finished(connect(host, server))
        native = [one for one in account.ids() if not account.is_stub(one)]
        assert len(host.activities()) == len(native)
        assert len(server.requests) <= 2 + len(native) + len(native) / 50 + 10


def test_two_accounts_of_one_athlete_stay_two_connections(connected, server):
    """A second account at the same integration gets a name of its own, and both are synced."""
    history = History(count=4, seed=9, distinct_streams=1, strava_stubs=0)
    with StandIn(Account.from_history(history, "i77")) as other:
        connect(connected, other)
        assert [one.name for one in connected.connections.list()] == ["intervals", "intervals-2"]
        for _ in connected.sync():
            pass
        assert {source for row in connected.activities() for source in row["sources"]} == {
            "intervals",
            "intervals-2",
        }


@pytest.mark.parametrize("ids", [["a", "b"], ["b", "a"]])
def test_which_account_a_shared_workout_is_told_by_is_no_chance(host, monkeypatch, ids):
    """Two accounts that tell one workout equally well: the same one wins in every store, whatever
    its connection is called inside.
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
    with StandIn(accounts[0]) as one, StandIn(accounts[1]) as two:
        connect(connect(host, one), two)
        for _ in host.sync():
            pass
    assert [one["title"] for one in host.activities()] == ["i1"]


def test_nothing_is_shared_across_athletes(connected, server):
    """Two athletes with the same account have activities of their own, never compared or merged."""
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
    """SQLite and PostgreSQL hold the same by natural keys."""
    finished(connected, files=True)
    with Host(tmp_path / "pg", postgres_url, secrets=MemorySecretStore(), clock=clock) as other:
        finished(connect(other, server), files=True)
        assert finished(other, files=True) == {}
        assert natural(other) == natural(connected)


def test_files_and_intervals_share_one_workout_by_the_hash_of_the_file(
    connected, account, tmp_path
):
    """The file that Intervals.icu got and the same file in a folder are one activity, made of
    both.
    """
    finished(connected, files=True)
    gpx = [
        (one, account.file(one))
        for one in account.ids()
        if not account.is_stub(one) and account.row(one).get("file_type") == "gpx"
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

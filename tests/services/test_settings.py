"""Tests of the home zone: it is applied when activities are merged, and leaves no trace when it is
removed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.errors import UserMistake
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import SyncFinished
from tests.library import READER, READING_LOGIN, reading, url_of
from tests.sync.natural import natural

TCX = """<?xml version="1.0"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">
<Activities><Activity Sport="Running"><Id>{start}</Id>
<Lap StartTime="{start}"><TotalTimeSeconds>600</TotalTimeSeconds>
<DistanceMeters>2000</DistanceMeters></Lap></Activity></Activities></TrainingCenterDatabase>"""
NIGHT = "2024-06-01T22:30:00Z"
MORNING = "2024-05-31T08:00:00Z"


@pytest.fixture
def runs(host, tmp_path):
    """Return a function that imports runs whose files have no position, by their starts."""
    folder = tmp_path / "runs"
    folder.mkdir()

    def put(*starts):
        for start in starts:
            (folder / f"{start[:10]}.tcx").write_text(TCX.format(start=start))
        *_, last = host.import_paths([folder])
        assert isinstance(last, SyncFinished), last
        return host.activities()

    return put


def test_a_home_zone_gives_a_local_time_to_what_is_stored_and_to_what_comes_later(host, runs):
    """The home zone holds for the activities that are stored and for those of a later sync, and a
    rebuild keeps it.
    """
    [run] = runs(NIGHT)
    assert (run["start_local"], run["day"]) == (None, "2024-06-01")
    assert host.settings.set_timezone("Europe/Zurich") == 1
    expected = [("2024-06-02T00:30:00", "2024-06-02"), ("2024-05-31T10:00:00", "2024-05-31")]
    assert [(row["start_local"], row["day"]) for row in runs(MORNING)] == expected
    list(host.syncs.rebuild())
    assert [(row["start_local"], row["day"]) for row in host.activities()] == expected
    assert host.activities.totals(date(2024, 6, 2), date(2024, 6, 2))["count"] == 1


def test_the_sources_stay_as_they_are_and_why_names_the_home_zone(host, runs):
    """Only the merged activity has the local time; ``why`` and the provenance say that it was
    estimated with the home zone.
    """
    runs(NIGHT)
    host.settings.set_timezone("Europe/Zurich")
    details = host.activities.get("last")
    [member] = details.members
    assert (details.activity.timezone, member.activity.timezone) == ("Europe/Zurich", None)
    stated = host.activities.provenance(details)["start_local"]
    assert (stated["how"], stated["by"], stated["connection"]) == ("estimated", "home zone", None)
    story = host.why("last")
    assert story["values_from"]["start_local"] == "your home zone"
    notes = {remark["field"]: remark["note"] for remark in story["remarks"]}
    assert "Europe/Zurich" in notes["start_local"]


def test_a_home_zone_that_is_removed_leaves_no_trace(host, runs):
    """A store in which a home zone was set, changed and removed is the same as before."""
    runs(NIGHT, MORNING)
    before = natural(host)
    host.settings.set_timezone("Europe/Zurich")
    assert natural(host) != before
    host.settings.set_timezone("Asia/Tokyo")
    host.settings.set_timezone("America/Lima", date(2024, 6, 1))
    assert host.settings.unset_timezone() == 2
    assert natural(host) == before


def test_a_zone_holds_from_a_day_on(host, runs):
    """Each activity has the zone of its day, and a zone can be removed by its day."""
    runs(NIGHT, MORNING)
    host.settings.set_timezone("Europe/Zurich")
    day = date(2024, 6, 1)
    assert host.settings.set_timezone("America/Lima", day) == 1
    assert [row["timezone"] for row in host.activities()] == ["America/Lima", "Europe/Zurich"]
    assert [row["since"] for row in host.settings.timezone()] == [None, "2024-06-01"]
    assert host.settings.unset_timezone(day) == 1
    assert [row["timezone"] for row in host.activities()] == ["Europe/Zurich", "Europe/Zurich"]


def test_a_home_zone_is_that_of_one_athlete(host, runs):
    """The home zone of one athlete changes nothing for another one."""
    runs(NIGHT)
    assert host.settings.set_timezone("Europe/Zurich", athlete="ada") == 0
    assert host.activities()[0]["start_local"] is None
    assert host.settings.list() == []
    assert host.settings.list("ada")[0]["value"] == "Europe/Zurich"


def test_a_start_that_states_its_zone_is_kept(connected):
    """Activities of a service that knows the zone of each of them do not change."""
    list(connected.sync())
    before = natural(connected)
    assert connected.settings.set_timezone("Asia/Tokyo") == 0
    assert natural(connected) == before


@pytest.mark.parametrize("zone", ["zurich", "Europe/Zurihc", "europe/zurich"])
def test_an_unknown_zone_is_refused_with_a_suggestion(host, zone):
    """A name that is no zone is a mistake, and the nearest zone is suggested."""
    with pytest.raises(UserMistake) as mistake:
        host.settings.set_timezone(zone)
    assert mistake.value.code == "FG-zone-unknown"
    assert "Europe/Zurich" in mistake.value.fix
    assert host.settings.list() == []


def test_what_is_not_set_cannot_be_removed(host):
    """Removing a home zone that is not set is a mistake."""
    with pytest.raises(UserMistake, match="no home zone is set from 2024-06-01 on"):
        host.settings.unset_timezone(date(2024, 6, 1))


def test_the_current_time_is_that_of_the_home_zone(host, clock):
    """The current time of the dashboard is in the home zone."""
    host.settings.set_timezone("Pacific/Auckland")
    assert host.connections.local_time().tzinfo.key == "Pacific/Auckland"


@pytest.mark.long
def test_postgresql_gives_the_same_days(postgres_url, tmp_path):
    """In PostgreSQL, too, a home zone gives local times and days, and leaves no trace."""
    (tmp_path / "night.tcx").write_text(TCX.format(start=NIGHT))
    policy = replace(Policy.personal(), sql_role=READER)
    with Host(
        tmp_path,
        postgres_url,
        secrets=MemorySecretStore(),
        policy=policy,
        sql_database=url_of(postgres_url, READING_LOGIN),
    ) as host:
        list(host.import_paths([tmp_path / "night.tcx"]))
        reading(host.workspace.database)
        before = natural(host)
        question = "SELECT day, start_is_utc FROM activities"
        assert host.queries.sql(question).rows == (("2024-06-01", True),)
        host.settings.set_timezone("Europe/Zurich")
        assert host.queries.sql(question).rows == (("2024-06-02", False),)
        host.settings.unset_timezone()
        assert natural(host) == before

"""Tests of the generated archives: the files plugin reads the same workouts from them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from fitglue_intervals.testing import Account
from fitglue_intervals.testing.files import track_of
from fitglue_intervals.testing.garmin_archive import garmin_archive
from fitglue_intervals.testing.strava_archive import strava_archive
from fitglue_registry.sync.events import SyncFinished


@pytest.fixture
def plans():
    """The plans of rides and runs, newest first; one of them is a stub that came from Strava."""
    account = Account.generate(12, until=date(2026, 11, 20), strava_stubs=1)
    return [account.plan(external_id) for external_id in account.ids()]


def test_an_archive_of_strava_holds_each_workout_with_its_file(host, tmp_path, plans):
    """A Strava archive has each workout with its file, one that was entered by hand, and one that
    is a stub at Intervals.icu.
    """
    typed_in = {
        "id": 1,
        "date": datetime(2026, 10, 1, 16, tzinfo=UTC),
        "title": "Gym",
        "type": "Weight Training",
        "elapsed_s": 3600,
    }
    strava_archive(tmp_path / "strava.zip", plans, typed_in=[typed_in])
    assert [
        event.counts["new"]
        for event in host.import_paths([tmp_path / "strava.zip"])
        if isinstance(event, SyncFinished)
    ] == [13]
    assert len(host.activities()) == 13
    [stub] = [plan.id for plan in plans if plan.stub]
    assert host.activities.get(f"strava:{stub}").activity.completeness.parts == ("summary", "file")
    assert host.activities.get("strava:1").activity.elapsed_s == 3600


def test_an_archive_of_garmin_holds_the_same_workouts(host, tmp_path, plans):
    """The workouts of a Garmin archive have Garmin's numbers, and each becomes one activity with
    its file and its copy in the Strava archive.
    """
    recorded = [plan for plan in plans if plan.shape.sport.channels][:3]
    garmin_archive(tmp_path / "garmin.zip", enumerate(recorded, 101))
    strava_archive(tmp_path / "strava.zip", recorded)
    for _ in host.import_paths([tmp_path / "garmin.zip", tmp_path / "strava.zip"]):
        pass
    assert len(host.activities()) == 3
    assert {member.entry for member in host.activities.get("garmin:101").members} == {
        "garmin-archive",
        "strava-archive",
    }


def test_a_track_can_be_cut_and_have_a_wrong_clock(plans):
    """A generated track can end early, and can have the times of a watch whose clock is wrong."""
    ride = next(plan for plan in plans if plan.shape.sport.gps)
    begin = ride.start_utc + timedelta(hours=1)
    complete, cut = track_of(ride), track_of(ride, until_s=600, clock=timedelta(hours=1))
    assert 0 < cut.count(b"<trkpt") < complete.count(b"<trkpt")
    assert f"<time>{begin:%Y-%m-%dT%H}:".encode() in cut

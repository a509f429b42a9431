"""Tests of filling in a start from the home zone of the athlete."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from fitglue_registry.dedupe.home_zone import HomeZones, fields_from_home_zone, with_home_zone
from fitglue_registry.model import Provenance, SourceActivity

ZURICH = HomeZones(((date.min, "Europe/Zurich"),))
MOVED = HomeZones(((date.min, "Europe/Zurich"), (date(2024, 6, 2), "Asia/Tokyo")))


def at(text):
    return datetime.fromisoformat(text)


def local_start(homes, text):
    activity = with_home_zone(SourceActivity(start_utc=at(text)), homes)
    return activity.start_local, activity.utc_offset_s, activity.timezone


def test_a_utc_start_gets_the_local_time_of_the_home_zone():
    """A start whose zone is unknown gets the local time of the home zone, marked as estimated."""
    activity = with_home_zone(SourceActivity(start_utc=at("2024-06-01T22:30:00+00:00")), ZURICH)
    assert (activity.start_local, activity.utc_offset_s) == (at("2024-06-02T00:30:00"), 7200)
    assert fields_from_home_zone(activity) == ["start_local", "utc_offset_s", "timezone"]
    stated = activity.provenance["start_local"]
    assert (stated.how, "Europe/Zurich" in stated.note) == ("estimated", True)


def test_a_local_start_gets_the_utc_time_of_the_home_zone():
    """A local start without a zone gets the UTC time of the home zone, and stays as it is."""
    activity = with_home_zone(SourceActivity(start_local=at("2024-01-15T08:00:00")), ZURICH)
    assert activity.start_utc == datetime(2024, 1, 15, 7, tzinfo=UTC)
    assert activity.start_local == at("2024-01-15T08:00:00")


@pytest.mark.parametrize(
    ("start", "local", "offset_s"),
    [
        ("2024-03-31T00:59:00+00:00", "2024-03-31T01:59:00", 3600),
        ("2024-03-31T01:01:00+00:00", "2024-03-31T03:01:00", 7200),
        ("2024-10-27T00:59:00+00:00", "2024-10-27T02:59:00", 7200),
        ("2024-10-27T01:01:00+00:00", "2024-10-27T02:01:00", 3600),
    ],
)
def test_the_offset_is_that_of_the_start_on_a_night_when_clocks_change(start, local, offset_s):
    """On the nights when the clocks change, the offset is the one that is valid at the start."""
    assert local_start(ZURICH, start) == (at(local), offset_s, "Europe/Zurich")


@pytest.mark.parametrize("start", ["2024-03-31T02:30:00", "2024-10-27T02:30:00"])
def test_a_local_time_that_exists_twice_or_never_has_no_utc_time(start):
    """Nothing is guessed for a local time in the hour that clocks leave out or repeat."""
    activity = SourceActivity(start_local=at(start))
    assert with_home_zone(activity, ZURICH) is activity


def test_a_zone_holds_from_its_local_day_on():
    """Each zone holds from its own local midnight on: a workout keeps the zone of its time."""
    assert local_start(MOVED, "2024-06-01T14:59:00+00:00")[2] == "Europe/Zurich"
    assert local_start(MOVED, "2024-06-01T15:01:00+00:00") == (
        at("2024-06-02T00:01:00"),
        32_400,
        "Asia/Tokyo",
    )
    later = HomeZones(((date(2024, 6, 2), "Asia/Tokyo"),))
    assert local_start(later, "2024-05-01T10:00:00+00:00") == (None, None, None)


@pytest.mark.parametrize(
    "values",
    [
        {"start_utc": datetime(2024, 6, 1, 8, tzinfo=UTC), "utc_offset_s": 0},
        {"start_utc": datetime(2024, 6, 1, 8, tzinfo=UTC), "timezone": "Asia/Tokyo"},
        {"start_utc": datetime(2024, 6, 1, 8, tzinfo=UTC), "start_local": at("2024-06-01T03:00")},
        {"start_local": at("2024-06-01T00:00"), "start_precision": "day"},
        {"start_utc": datetime.max.replace(tzinfo=UTC)},
        {
            "start_utc": datetime(1990, 1, 18, 7, tzinfo=UTC),
            "provenance": {"start_utc": Provenance("estimated", note="its clock was not set")},
        },
    ],
)
def test_what_is_stated_is_not_replaced(values):
    """An activity that states its zone, its offset or both clocks stays as it is, and so does a
    start that is known only to the day, that is by a clock that was never set, or that has no local
    time in the calendar.
    """
    activity = SourceActivity(**values)
    assert with_home_zone(activity, ZURICH) is activity


def test_a_zone_that_this_machine_does_not_know_changes_nothing():
    """A name from newer data of time zones leaves the start as it is."""
    assert local_start(HomeZones(((date.min, "Mars/Base"),)), "2024-06-01T08:00:00+00:00") == (
        None,
        None,
        None,
    )

"""The local start of a workout on a night when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fitglue_formats import activities
from fitglue_formats.clock import start_fields
from fitglue_formats.fit.clock import EPOCH
from fitglue_formats.testing import T0, FitFile

ZURICH = (47.0, 8.0)
SYDNEY = (-33.8, 151.2)


def seconds_of(time: str) -> int:
    """Return the seconds between ``T0`` and a time in UTC."""
    return int((datetime.fromisoformat(time) - EPOCH).total_seconds()) - T0


def night(start: str, offset_of_end_s: int, *, place: bool = True) -> FitFile:
    """Return a ride of 50 minutes near Innsbruck that states the offset of its end."""
    begin = seconds_of(start)
    here = {0: ("i4", 560_731_841), 1: ("i4", 131_000_000)} if place else {}
    made = FitFile().file_id()
    for second in (0, 3000):
        more = {**here, 5: ("u4", second * 300)}
        made.record(begin + second, more, place=False)
    return made.session(begin, 3000).activity(begin + 3000, offset_of_end_s)


@pytest.mark.shared
def test_the_reported_run_starts_at_the_summer_time(shared_reports):
    """The reported run, on the night when winter time begins, starts at 02:40 local time."""
    folder = shared_reports / "05-fit-local-start-with-offset-of-end"
    [activity] = activities((folder / "f16-dst-night.fit").read_bytes())
    assert (activity.start_local, activity.timezone, activity.utc_offset_s) == (
        datetime(2024, 10, 27, 2, 40),  # noqa: DTZ001 - a local time
        "Europe/Zurich",
        7200,
    )


@pytest.mark.parametrize(
    ("start", "offset_of_end_s", "offset_of_start_s"),
    [
        ("2026-10-25T00:40:00+00:00", 3600, 7200),  # winter time begins at 01:00 UTC
        ("2026-03-29T00:40:00+00:00", 7200, 3600),  # summer time begins at 01:00 UTC
        ("2026-10-25T00:40:00+00:00", 7200, 7200),  # an app that states the offset of the start
        ("2026-07-01T08:00:00+00:00", 7200, 7200),  # no change
        ("2026-07-01T08:00:00+00:00", 10_800, 10_800),  # a watch that was set to another zone
    ],
)
def test_the_offset_of_the_end_is_not_applied_to_the_start(
    start, offset_of_end_s, offset_of_start_s
):
    """If the place is known and its clock fits the stated offset, the start has the offset that
    the place had at the start. Another offset is kept as it is stated.
    """
    [activity] = activities(night(start, offset_of_end_s).content())
    assert activity.utc_offset_s == offset_of_start_s


def test_without_a_place_the_stated_offset_is_kept():
    """Without a place, the zone is unknown and the stated offset is the only evidence."""
    made = night("2026-10-25T00:40:00+00:00", 3600, place=False)
    [activity] = activities(made.content())
    assert (activity.utc_offset_s, activity.timezone) == (3600, None)


def test_an_offset_of_the_day_of_the_export_does_not_move_a_workout_of_summer():
    """A workout in July whose file states the offset of December has the offset of July."""
    fields = start_fields(
        datetime(2026, 7, 1, 8, tzinfo=UTC), ZURICH, 3600, datetime(2026, 12, 1, 8, tzinfo=UTC)
    )
    assert (fields["utc_offset_s"], fields["timezone"]) == (7200, "Europe/Zurich")


def test_the_southern_clock_changes_the_other_way():
    """On the night when summer time ends in Sydney, the start still has the summer's offset."""
    start, end = datetime(2026, 4, 4, 15, 30, tzinfo=UTC), datetime(2026, 4, 4, 16, 30, tzinfo=UTC)
    fields = start_fields(start, SYDNEY, 36_000, end)
    assert (fields["utc_offset_s"], fields["timezone"]) == (39_600, "Australia/Sydney")

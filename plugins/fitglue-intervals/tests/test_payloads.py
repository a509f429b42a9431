"""Each captured payload is normalized, or refused for the right reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fitglue_intervals import plugin
from fitglue_intervals.fast_streams import read_fast
from fitglue_intervals.streams import decode_streams
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import decode, encode, problems

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.shared

#: File → how many activities are in it.
ACTIVITIES = {
    "activities-list-real-account-with-duplicates.json": 781,
    "activities-list-triathlon-gpx-upload.json": 3,
    "activity-run-garmin-gps-weather.json": 1,
    "activity-virtualride-garmin-power.json": 1,
    "activity-weighttraining-manual-null-load.json": 1,
    "activity-workout-garmin-hr-only.json": 1,
    "revision-fitness-drift.json": 2,
    "revision-rename-same-sync-date.json": 2,
    "revision-sync-date-only.json": 2,
    "revision-weight-drift.json": 2,
    "stub-strava-5key.json": 1,
    "stub-strava.json": 1,
    "webhook-activity-achievements.json": 1,
    "webhook-activity-uploaded-run-gps.json": 1,
    "webhook-activity-uploaded-virtualride.json": 1,
    "webhook-activity-uploaded-workout-hr-only.json": 1,
}
#: File → what its refusal says it is.
REFUSED = {
    "SOURCES.md": "not JSON",
    "activities-endpoint-first-40.csv": "CSV",
    "error-401-auth-failed.json": "401 Auth failed",
    "error-403-access-denied.json": "403 Access denied",
    "error-404-unknown-path.json": "404 Not Found",
    "error-422-strava-read.json": "422 Cannot read Strava activities",
    "error-500-type-mismatch.json": "an error response of Intervals.icu: 500",
    "intervals-track-lap-write-response.json": "the intervals of activity i173176564",
    "streams-csv-manual-empty.csv": "empty",
    "streams-latlng-data2.json": "the streams of an activity",
    "streams-none.json": "an empty list",
    "streams-run-gps-custom.json": "the streams of an activity",
    "streams-virtualrun-treadmill-custom.json": "the streams of an activity",
    "streams-walk-late-gps-fix.json": "the streams of an activity",
    "webhook-activity-deleted.json": "ACTIVITY_DELETED",
    "webhook-app-scope-changed.json": "APP_SCOPE_CHANGED",
    "webhook-calendar-updated.json": "CALENDAR_UPDATED",
    "webhook-fitness-updated.json": "FITNESS_UPDATED",
    "webhook-sport-settings-updated.json": "SPORT_SETTINGS_UPDATED",
    "webhook-wellness-updated.json": "WELLNESS_UPDATED",
    "wellness-day-explicit-nulls.json": "the wellness record of",
}


def records(folder: Path, name: str, streams: str | None = None):
    return plugin.offline_records(
        (folder / name).read_bytes(), name, (folder / streams).read_bytes() if streams else None
    )


def test_every_captured_payload_is_in_one_of_the_two_tables(payloads):
    """Each captured payload is listed here as normalized or as refused."""
    assert {path.name for path in payloads.iterdir()} == ACTIVITIES.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", ACTIVITIES)
def test_activities_are_normalized(payloads, name):
    """Each captured activity becomes one document that the model accepts without problems."""
    made = [
        activity
        for record in records(payloads, name)
        for activity in plugin.fitglue_normalize(record=record)
    ]
    assert len(made) == ACTIVITIES[name]
    assert [problems(activity) for activity in made] == [[]] * len(made)
    assert [decode(encode(activity)) for activity in made] == made


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused_by_its_name(payloads, name):
    """A captured payload that is not an activity is refused with the name of what it is."""
    with pytest.raises(RecordRefused) as caught:
        records(payloads, name)
    assert REFUSED[name] in caught.value.what


def test_the_real_account_keeps_what_its_notes_say(payloads):
    """The loads, offsets, missing values and file names of a real account are normalized as the
    notes about it say.
    """
    made = [
        plugin.fitglue_normalize(record=record)[0]
        for record in records(payloads, "activities-list-real-account-with-duplicates.json")
    ]
    assert sum(activity.training_load is None for activity in made) == 54
    assert {activity.utc_offset_s // 3600 for activity in made} == {-10, -8, -7, 1, 2}
    assert not [
        activity for activity in made if "NaN" in activity.extensions.get("custom", {}).values()
    ]
    assert {claim.partition(":")[0] for activity in made for claim in activity.claims} == {
        "intervals"
    }
    assert sum(activity.power_kind == "measured" for activity in made) == 284


def test_captured_streams_keep_every_sample(payloads):
    """All 2,326 samples of sixteen captured channels are kept."""
    streams, missing = decode_streams((payloads / "streams-run-gps-custom.json").read_bytes())
    assert ({len(stream.values) for stream in streams}, len(streams), missing) == ({2326}, 16, {})


def test_captured_streams_take_the_fast_reader(payloads):
    """The fast reader accepts captured streams, although they are pretty-printed and have nulls in
    custom channels.
    """
    channels = read_fast((payloads / "streams-run-gps-custom.json").read_bytes())
    assert sum(isinstance(channel.data, memoryview) for channel in channels) == 16


def test_a_late_gps_fix_is_a_gap(payloads):
    """The samples before the first GPS fix of a captured walk are gaps."""
    streams, _ = decode_streams((payloads / "streams-walk-late-gps-fix.json").read_bytes())
    latlng = list(next(stream.values for stream in streams if stream.type == "latlng"))
    assert latlng[0] is None
    assert sum(value is None for value in latlng) == 9


def test_an_activity_with_its_streams_is_one_document(payloads):
    """An activity and its streams in two files become one document, as with ``--streams``."""
    [record] = records(
        payloads, "activity-run-garmin-gps-weather.json", "streams-run-gps-custom.json"
    )
    [made] = plugin.fitglue_normalize(record=record)
    assert (made.completeness.parts, len(made.streams)) == (("summary", "streams"), 16)


VOLATILE = {"icu_atl", "icu_ctl", "icu_weight", "icu_resting_hr"}


def revision_keys(folder: Path, name: str) -> set[str]:
    """Return the keys whose change makes a new revision, by the host's rule in three lines."""
    pair = json.loads((folder / name).read_text("utf-8"))
    before, after = (
        {key: value for key, value in pair[side].items() if value is not None}
        for side in ("before", "after")
    )
    return {
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    } - VOLATILE


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("revision-fitness-drift.json", set()),
        ("revision-weight-drift.json", set()),
        ("revision-sync-date-only.json", {"icu_sync_date"}),
        ("revision-rename-same-sync-date.json", {"name", "description"}),
    ],
)
def test_captured_revisions_are_distinguished_as_their_notes_say(payloads, name, changed):
    """A rename is a new revision although the sync date did not move, and a drift of the athlete's
    fitness is not.
    """
    assert revision_keys(payloads, name) == changed

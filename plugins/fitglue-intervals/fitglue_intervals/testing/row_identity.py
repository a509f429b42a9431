"""The fields of an Activity object that identify a workout and say when it took place."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from fitglue_intervals.testing.values import Row, local_text, stamp_text

if TYPE_CHECKING:
    from fitglue_intervals.testing.workout import Workout

#: Line breaks, typographic quotes and non-ASCII characters, as people type them.
_DESCRIPTION = "Felt good.\nLegs heavy after km 20 – “ok”, 2 × gel"
_MANUAL_NULLS = (
    "icu_training_load",
    "icu_ftp",
    "icu_recording_time",
    "distance",
    "stream_types",
    "file_type",
)


def identity(workout: Workout) -> Row:
    """Return id, name and type, and where the workout came from."""
    plan, shape, origin, rng = workout
    names = shape.sport.names
    row: Row = {
        "id": plan.id,
        "start_date_local": local_text(plan.start),
        "type": shape.sport.type,
        "name": names[int(rng.random() * len(names))],
        "source": origin.source,
    }
    if rng.random() < 0.2:
        row["description"] = _DESCRIPTION
    if origin.file_type:
        row["device_name"] = origin.device
        row["file_type"] = origin.file_type
        row["file_sport_index"] = plan.leg_no
        row["external_id"] = _file_name(workout)
    if origin.source == "OAUTH_CLIENT":
        row["oauth_client_id"] = 31
        row["oauth_client_name"] = origin.device
    if plan.strava_id:
        row["strava_id"] = plan.strava_id
    return row


def times(workout: Workout) -> Row:
    """Return start and durations, and when the service stored and analyzed the workout."""
    plan, shape, origin, rng = workout
    end = plan.start_utc.replace(tzinfo=UTC) + timedelta(seconds=shape.elapsed_s)
    delay_s = 40 + int(rng.random() * 900)
    created = end + timedelta(seconds=delay_s, milliseconds=int(rng.random() * 1000))
    if origin.source == "MANUAL":
        created += timedelta(hours=19)
    analyzed = stamp_text(created + timedelta(milliseconds=250 + int(rng.random() * 400)))
    moving_s = shape.recording_s
    if shape.sport.gps:
        moving_s -= int(rng.random() * 60)
    # Seen: in 16 of 781 rows of one account, moving time is longer than elapsed time.
    if rng.random() < 0.02:
        moving_s = shape.elapsed_s + 4
    # Seen: `timezone` was blank on all rows of one account. Then only the difference of the two
    # starts gives the offset.
    row: Row = {
        "start_date": plan.start_utc.isoformat() + "Z",
        "timezone": plan.place.zone if plan.number % 6 else None,
        "moving_time": moving_s,
        "elapsed_time": shape.elapsed_s,
        "icu_recording_time": shape.recording_s,
        "created": stamp_text(created),
        "icu_sync_date": analyzed,
        "analyzed": analyzed,
    }
    if shape.stops:
        row["recording_stops"] = _stops(workout)
    return row


def manual(workout: Workout) -> Row:
    """Return the fields of an activity that was typed in: no recording, and most of them null."""
    row: Row = dict.fromkeys(_MANUAL_NULLS)
    row["has_heartrate"] = False
    row["icu_rpe"] = 3
    row["session_rpe"] = 90
    row["compliance"] = 100.0
    row["feel"] = 1 + int(workout.rng.random() * 4)
    return row


def _file_name(workout: Workout) -> str:
    """Return the ``external_id`` of an activity: a Garmin id, or the name of the uploaded file.

    Seen: file names repeat (``file.dat`` 181 times in one account), so a client must not use them
    as keys. The legs of one file share the value.
    """
    plan = workout.plan
    # A race is numbered from its last leg to its first, so number plus leg is equal for its legs.
    file_number = 22_543_294_456 - (plan.number + plan.leg_no) * 1_048_573
    match workout.origin.source:
        case "GARMIN_CONNECT":
            return str(file_number)
        case "UPLOAD":
            return "Gravel_Ride.gpx"
        case "OAUTH_CLIENT":
            return "file.dat"
    return f"{local_text(plan.start)[:10]}-{file_number % 1_000_000}.fit"


def _stops(workout: Workout) -> list[int]:
    """Return the seconds since the start at which the recording was stopped."""
    stops = []
    paused_s = 0
    for second, pause_s in workout.shape.stops:
        stops.append(second + paused_s)
        paused_s += pause_s
    return stops

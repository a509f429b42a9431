"""An uploaded workout as the API returns it: its Activity object and its streams."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fitglue_intervals.streams import RENAMED
from fitglue_intervals.testing.values import Row, f32, local_text

if TYPE_CHECKING:
    from datetime import datetime

    from fitglue_registry.model import SourceActivity, Stream

#: Key of the Activity object → the field of the model.
_WHOLE = {
    "elapsed_time": "elapsed_s",
    "moving_time": "moving_s",
    "icu_recording_time": "recording_s",
    "calories": "calories_kcal",
    "average_heartrate": "average_heartrate_bpm",
    "max_heartrate": "max_heartrate_bpm",
    "icu_average_watts": "average_watts",
    "icu_weighted_avg_watts": "weighted_average_watts",
    "lengths": "pool_lengths",
}
_FLOATS = {
    "distance": "distance_m",
    "icu_distance": "distance_m",
    "total_elevation_gain": "elevation_gain_m",
    "total_elevation_loss": "elevation_loss_m",
    "average_altitude": "average_altitude_m",
    "min_altitude": "min_altitude_m",
    "max_altitude": "max_altitude_m",
    "average_speed": "average_speed_mps",
    "max_speed": "max_speed_mps",
    "average_cadence": "average_cadence_rpm",
    "average_temp": "average_temperature_c",
    "pool_length": "pool_length_m",
}
#: Keys that the athlete fills in on the site, and that no file has.
_UNSET = (
    "description",
    "tags",
    "icu_training_load",
    "icu_rpe",
    "feel",
    "gear",
)
_API_TYPES = {ours: theirs for theirs, ours in RENAMED.items()}


def uploaded_row(workout: SourceActivity, timezone: str) -> Row:
    """Return the part of an Activity object that the service reads from a file.

    Args:
        workout: The workout, as the readers of fitglue-formats read it.
        timezone: The zone of the athlete, which the service uses where a file states none.
    """
    row: Row = dict.fromkeys(_UNSET)
    row |= {
        "type": workout.sport or "Workout",
        "name": workout.title or workout.sport or "Workout",
        "source": "UPLOAD",
        "file_sport_index": workout.leg_no,
        "device_name": workout.device.name if workout.device else None,
        "trainer": workout.trainer,
        "has_heartrate": workout.average_heartrate_bpm is not None,
        "device_watts": workout.power_kind == "measured" or None,
        "stream_types": [_api_type(stream) for stream in workout.streams],
    }
    row |= _starts(workout, timezone)
    for key, field in _WHOLE.items():
        row[key] = _number(getattr(workout, field), round)
    for key, field in _FLOATS.items():
        row[key] = _number(getattr(workout, field), f32)
    return row


def uploaded_streams(workout: SourceActivity) -> list[Row]:
    """Return the streams of a workout in the shape in which the API returns them."""
    return [_stream(stream) for stream in workout.streams]


def _starts(workout: SourceActivity, timezone: str) -> Row:
    """Return the start in UTC and in local time, with the zone."""
    zone = ZoneInfo(workout.timezone or timezone)
    utc = workout.start_utc
    local = workout.start_local
    if utc is None and local is not None:
        utc = local.replace(tzinfo=zone).astimezone(UTC)
    if local is None and utc is not None:
        local = utc.astimezone(zone).replace(tzinfo=None)
    return {
        "start_date": _text(utc, "Z"),
        "start_date_local": _text(local, ""),
        "timezone": zone.key,
    }


def _text(moment: datetime | None, suffix: str) -> str | None:
    return None if moment is None else local_text(moment) + suffix


def _number(value: Any, convert: Any) -> Any:
    return None if value is None else convert(value)


def _api_type(stream: Stream) -> str:
    return _API_TYPES.get(stream.type, stream.type)


def _stream(stream: Stream) -> Row:
    samples = stream.values.to_list()
    row: Row = {
        "type": _api_type(stream),
        "name": stream.name,
        "data": samples,
        "data2": None,
        "valueTypeIsArray": stream.values.width == 0,
        "anomalies": None,
        "custom": False,
        "allNull": False,
    }
    # Seen: latitudes are in one list and longitudes in the other.
    if stream.values.width == 2:
        pairs: list[Any] = [sample or (None, None) for sample in samples]
        row["data"] = [pair[0] for pair in pairs]
        row["data2"] = [pair[1] for pair in pairs]
    return row

"""What Garmin Connect says beyond the fields of the model: zones, bests, exercises and the upload.

Names and pictures of the owner and of other athletes are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fitglue_garmin.reading import id_of, moment_of, number_of, objects_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_garmin.payload import Payload

_ZONE = re.compile(r"(hr|power)TimeInZone_([1-9])")
_BEST_POWER = re.compile(r"maxAvgPower_([0-9]{1,5})")
_FASTEST = re.compile(r"fastestSplit_([0-9]{1,5})")
#: The kinds of zones, as the extensions of all sources name them.
_ZONES = {"hr": "heartrate_zones", "power": "power_zones"}
#: Keys of the row, or of the metadata of the detail, that say something about the workout.
_FLAGS = {
    "personal_record": ("isPR", "personalRecord"),
    "favorite": ("isFavorite", "favorite"),
    "elevation_corrected": ("isElevationCorrected", "elevationCorrected"),
    "trimmed": (None, "trimmed"),
}
#: Lists that are longer are cut: no workout has so many exercises, kinds of splits or sensors.
_MOST = 200
#: What is not worth a line; an activity of no event is "uncategorized".
_NOTHING: tuple[Any, ...] = (None, [], {}, "uncategorized")
_GRAMS = 0.001
_MS = 0.001


def extensions(payload: Payload) -> dict[str, Any]:
    """Return everything else that a workout has, by name."""
    row = payload.row
    values = {
        **_zones(row),
        "best_power_watts": _numbered(row, _BEST_POWER),
        "fastest_s_by_m": _numbered(row, _FASTEST),
        "exercises": [_exercise(item) for item in _objects(row.get("summarizedExerciseSets"))],
        "splits": [_split(item) for item in _objects(payload.value("splitSummaries"))],
        "sensors": [_sensor(item) for item in _objects(payload.metadata.get("sensors"))],
        "event_type": _key_of(payload.value("eventType", "eventTypeDTO")),
        "privacy": _key_of(payload.value("privacy", "accessControlRuleDTO")),
        "training_effect_label": text_of(
            row.get("trainingEffectLabel") or payload.summary.get("trainingEffectLabel")
        ),
        "file_format": _key_of(payload.metadata.get("fileFormat"), "formatKey"),
        "uploaded_at": _moment(payload.metadata.get("uploadedDate")),
        "updated_at": _moment(payload.metadata.get("lastUpdateDate")),
        "parent_id": id_of(payload.value("parentId")),
        **_flags(payload),
    }
    return {name: value for name, value in values.items() if value not in _NOTHING}


def _zones(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the seconds in each zone of heart rate and power, the lowest zone first."""
    seconds: dict[str, dict[int, float]] = {}
    for key, value in row.items():
        match = _ZONE.fullmatch(key)
        number = number_of(value)
        if match and number is not None and number >= 0:
            seconds.setdefault(_ZONES[match[1]], {})[int(match[2])] = number
    zones = {}
    for name, by_number in seconds.items():
        # A zone that the row leaves out has no time, so the position of a time is its zone.
        times = [by_number.get(number, 0.0) for number in range(1, max(by_number) + 1)]
        zones[name] = {"times_s": times}
    return zones


def _numbered(
    row: Mapping[str, Any],
    pattern: re.Pattern[str],
) -> dict[str, float]:
    """Return the values of keys with a number, such as ``maxAvgPower_60``, by this number."""
    values = {}
    for key, value in row.items():
        match = pattern.fullmatch(key)
        number = number_of(value)
        if match and number and number > 0:
            values[match[1]] = number
    return values


def _exercise(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the totals of one exercise; the list has no single sets.

    Documented: weights are in grams, the volume is grams times repetitions, and the duration is in
    milliseconds.
    """
    values = {
        "category": text_of(item.get("category")),
        "name": text_of(item.get("subCategory")),
        "sets": number_of(item.get("sets")),
        "repetitions": number_of(item.get("reps")),
        "volume_kg": _times(item.get("volume"), _GRAMS),
        "max_weight_kg": _times(item.get("maxWeight"), _GRAMS),
        "duration_s": _times(item.get("duration"), _MS),
    }
    return _present(values)


def _split(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the totals of all splits of one kind; the API has no laps."""
    values = {
        "kind": text_of(item.get("splitType")),
        "count": number_of(item.get("noOfSplits")),
        "distance_m": number_of(item.get("distance")),
        "duration_s": number_of(item.get("duration")),
    }
    return _present(values)


def _sensor(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sensor that was connected; the recording device is not among them."""
    kind = text_of(item.get("antplusDeviceType")) or text_of(item.get("bleDeviceType"))
    values = {
        "kind": kind or text_of(item.get("localDeviceType")),
        "manufacturer": text_of(item.get("manufacturer")),
        "product": text_of(item.get("productName")),
        "serial": id_of(item.get("serialNumber")),
        "battery": text_of(item.get("batteryStatus")),
    }
    return _present(values)


def _flags(payload: Payload) -> dict[str, bool]:
    flags = {}
    for name, (in_row, in_metadata) in _FLAGS.items():
        values = (payload.row.get(in_row or ""), payload.metadata.get(in_metadata))
        # False is what nearly every workout has, so only what is true is worth a line.
        if True in values:
            flags[name] = True
    return flags


def _key_of(
    value: Any,
    key: str = "typeKey",
) -> str | None:
    if not isinstance(value, dict):
        return None
    return text_of(value.get(key))


def _moment(value: Any) -> str | None:
    """Return a time in UTC as ISO 8601."""
    time = moment_of(value)
    if time is None:
        return None
    return time.isoformat().replace("+00:00", "Z")


def _objects(value: Any) -> list[dict[str, Any]]:
    return objects_of(value)[:_MOST]


def _times(
    value: Any,
    factor: float,
) -> float | None:
    number = number_of(value)
    if number is None:
        return None
    return round(number * factor, 6)


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}

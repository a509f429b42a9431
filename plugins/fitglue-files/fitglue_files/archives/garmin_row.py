"""Conversion of one summary of a Garmin archive into a workout.

The units are not those of Garmin's API: they are milliseconds, centimeters and tenths of m/s.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from fitglue_files.wording import short_text, short_title
from fitglue_formats import device_claim
from fitglue_formats.rows import (
    is_indoors,
    readable_title,
    sport_of_type,
    sport_provenance,
)
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import (
    Completeness,
    Device,
    Location,
    SourceActivity,
    claim,
    gives_way,
    with_average_speed,
    without_invalid,
)
from fitglue_registry.model.cadence import counts_one_leg
from fitglue_registry.model.moments import FARTHEST_OFFSET_S

if TYPE_CHECKING:
    from collections.abc import Mapping

_MS = 1e-3
_CM = 1e-2
_MM_OF_CM = 10.0
#: Speeds are a tenth of their value in m/s: 2.8 m/s is written as 0.28.
_SPEED = 10.0
#: Energy is stated as 4.19 times the kilocalories, as a comparison with Garmin's app shows.
_PER_KCAL = 4.19
#: Field of the model → key of the summary, and the factor to the unit of the model.
_MEASUREMENTS = {
    "elapsed_s": ("elapsedDuration", _MS),
    "moving_s": ("movingDuration", _MS),
    "distance_m": ("distance", _CM),
    "elevation_gain_m": ("elevationGain", _CM),
    "elevation_loss_m": ("elevationLoss", _CM),
    "min_altitude_m": ("minElevation", _CM),
    "max_altitude_m": ("maxElevation", _CM),
    "average_speed_mps": ("avgSpeed", _SPEED),
    "max_speed_mps": ("maxSpeed", _SPEED),
    "calories_kcal": ("calories", 1 / _PER_KCAL),
    "average_heartrate_bpm": ("avgHr", 1.0),
    "max_heartrate_bpm": ("maxHr", 1.0),
    "min_heartrate_bpm": ("minHr", 1.0),
    "average_watts": ("avgPower", 1.0),
    "max_watts": ("maxPower", 1.0),
    "weighted_average_watts": ("normPower", 1.0),
    "average_stride_m": ("avgStrideLength", _CM),
    "average_ground_contact_ms": ("avgGroundContactTime", 1.0),
    "average_vertical_oscillation_mm": ("avgVerticalOscillation", _MM_OF_CM),
    "average_vertical_ratio_pct": ("avgVerticalRatio", 1.0),
    "min_temperature_c": ("minTemperature", 1.0),
    "max_temperature_c": ("maxTemperature", 1.0),
    "pool_length_m": ("poolLength", _CM),
}
#: The pairs of keys for the average and the maximum cadence; a summary has one of them.
_CADENCES = (
    ("avgRunCadence", "maxRunCadence"),
    ("avgBikeCadence", "maxBikeCadence"),
    ("avgSwimCadence", "maxSwimCadence"),
    ("avgStrokeCadence", "maxStrokeCadence"),
)
#: Key of the summary → name of the metric.
_METRICS = {
    "aerobicTrainingEffect": "training_effect_aerobic",
    "anaerobicTrainingEffect": "training_effect_anaerobic",
    "vO2MaxValue": "vo2max",
    "steps": "steps",
    "avgStrokes": "average_strokes",
    "avgRespirationRate": "average_respiration_rpm",
}
#: The value of ``eventTypeId`` for a race.
_RACE = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A clock that was never set counts from 1970 or 1989 (FIT profile, type ``date_time``).
_EARLIEST = datetime(1998, 7, 3, tzinfo=UTC)
#: All offsets in use are multiples of 15 minutes.
_QUARTER_S = 900
#: A larger number is a mistake in any unit, and could exceed the range of a time or an integer.
_HIGHEST = 1e15
#: A summary as decoded JSON.
Values: TypeAlias = "Mapping[str, Any]"


def activity_of(external_id: str, summary: Values) -> SourceActivity:
    """Return the workout of a summary; raise ``RecordRefused`` if it has no start."""
    start = start_of(summary)
    if start is None:
        raise RecordRefused(
            "FG-garmin-row",
            f"activity {external_id} of Garmin's archive has no start",
            at=Place(field="beginTimestamp"),
            fix="nothing to do: the row is kept, and the next version tries it again",
        )
    sport, sport_raw = sport_of(summary)
    device = _device(summary)
    claims = []
    if external_id.isdecimal():
        claims.append(claim("garmin", external_id))
    if device is not None:
        claims.append(device_claim(device.serial, start))
    parent = summary.get("parentId")
    lengths = number_of(summary, "activeLengths")
    activity = SourceActivity(
        title=short_title(readable_title(_text(summary, "name"), sport_raw)),
        description=short_text(_text(summary, "description")),
        sport=sport,
        sport_raw=sport_raw,
        provenance=sport_provenance(sport_raw, sport),
        **_start_fields(summary, start),
        **_measurements(summary),
        **_cadence(summary, sport),
        trainer=is_indoors(sport_raw),
        race=True if summary.get("eventTypeId") == _RACE else None,
        parent=str(parent) if parent else None,
        device=device,
        location=_location(summary),
        pool_lengths=int(lengths) if lengths else None,
        claims=tuple(claims),
        metrics=_metrics(summary),
    )
    return with_average_speed(without_invalid(activity))


def start_of(summary: Values) -> datetime | None:
    """Return the start in UTC; the one of a clock that was not set only if there is no other."""
    stated = moment(summary, "beginTimestamp")
    other = moment(summary, "startTimeGmt")
    if stated is None or (other is not None and stated < _EARLIEST <= other):
        return other
    return stated


def moment(summary: Values, key: str) -> datetime | None:
    """Return a time that is stated in milliseconds since 1970, in UTC."""
    value = number_of(summary, key)
    if not value:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        return None


def sport_of(summary: Values) -> tuple[str, str | None]:
    """Return our sport, and Garmin's name for it."""
    raw = _text(summary, "activityType") or _text(summary, "sportType")
    if raw is None:
        return "Other", None
    return sport_of_type(raw), raw


def _start_fields(summary: Values, start: datetime) -> dict[str, Any]:
    """Return the start as fields of the model.

    Garmin writes the local time as if it were UTC, so the difference to the start is the offset.
    Some summaries have a local time; none has a zone.
    """
    fields: dict[str, Any] = {"start_utc": start}
    local = moment(summary, "startTimeLocal")
    if local is None:
        return fields
    apart = local - start
    stated_s = round(apart.total_seconds())
    if abs(stated_s) > FARTHEST_OFFSET_S:
        reason = f"the two starts are {stated_s} s apart, more than in any time zone"
        return fields | {"completeness": Completeness((), {"start_local": reason})}
    # In some rows the local time is a second off.
    offset_s = round(stated_s / _QUARTER_S) * _QUARTER_S
    shifted = start + timedelta(seconds=offset_s)
    fields["start_local"] = shifted.replace(tzinfo=None)
    fields["utc_offset_s"] = offset_s
    return fields


def _measurements(summary: Values) -> dict[str, Any]:
    """Return the measurements of a summary in our units; those that it does not have are
    ``None``.
    """
    fields = {}
    for field, (key, factor) in _MEASUREMENTS.items():
        fields[field] = _measurement(summary, field, key, factor)
    duration_s = _measurement(summary, "elapsed_s", "duration", _MS)
    for field in ("elapsed_s", "moving_s"):
        if gives_way(field, fields[field], duration_s):
            fields[field] = duration_s
    return fields


def _measurement(
    summary: Values,
    field: str,
    key: str,
    factor: float,
) -> float | None:
    """Return one measurement in our unit, or ``None``."""
    value = number_of(summary, key)
    if value is None:
        return None
    if value < 0 and not field.endswith(("_c", "altitude_m")):
        return None
    return round(value * factor, 4)


def _cadence(summary: Values, sport: str) -> dict[str, Any]:
    """Return the cadence as fields of the model."""
    fields: dict[str, Any] = {}
    for average, highest in _CADENCES:
        value = _measurement(summary, "average_cadence_rpm", average, 1.0)
        if not gives_way("average_cadence_rpm", fields.get("average_cadence_rpm"), value):
            continue
        fields = {
            "average_cadence_rpm": value,
            "max_cadence_rpm": _measurement(summary, "max_cadence_rpm", highest, 1.0),
            "cadence_per_leg": counts_one_leg(sport, value),
        }
    return fields


def _metrics(summary: Values) -> dict[str, float]:
    """Return the measurements that the model keeps in ``metrics``."""
    metrics = {}
    for key, name in _METRICS.items():
        value = number_of(summary, key)
        if value is not None:
            metrics[name] = value
    return metrics


def _device(summary: Values) -> Device | None:
    """Return the device; the archive knows only its manufacturer and serial number."""
    serial = summary.get("deviceId")
    if not isinstance(serial, int) or serial <= 0:
        return None
    return Device(
        manufacturer=_text(summary, "manufacturer"),
        serial=str(serial),
    )


def _location(summary: Values) -> Location | None:
    """Return where the workout began, by its position or its name."""
    latitude = number_of(summary, "startLatitude")
    longitude = number_of(summary, "startLongitude")
    name = _text(summary, "locationName")
    if _is_degrees(latitude, 90) and _is_degrees(longitude, 180):
        return Location(
            name=name,
            latitude_deg=latitude,
            longitude_deg=longitude,
        )
    if name is None:
        return None
    return Location(name=name)


def _is_degrees(value: float | None, most: float) -> bool:
    """Return whether a coordinate is known and possible."""
    return value is not None and abs(value) <= most


def number_of(summary: Values, key: str) -> float | None:
    """Return a number of a summary, or ``None`` if it is missing, not a number, or impossibly
    large.
    """
    value = summary.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if not abs(value) < _HIGHEST:
        return None
    return float(value)


def _text(summary: Values, key: str) -> str | None:
    """Return a text of a summary, or ``None`` if it is missing or blank."""
    value = summary.get(key)
    if isinstance(value, dict):  # Garmin's API, unlike the archive, wraps types in an object
        value = value.get("typeKey")
    if not isinstance(value, str):
        return None
    return value.strip() or None

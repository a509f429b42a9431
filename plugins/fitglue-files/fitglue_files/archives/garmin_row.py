"""Makes a workout of one summary of Garmin's archive, whose units are not those of Garmin's API:
milliseconds, centimetres, tenths.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from fitglue_formats import device_claim
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import Device, Location, SourceActivity, canonical_sport, claim
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Mapping

_MS = 1e-3
_CM = 1e-2
_MM_OF_CM = 10.0
#: A speed has lost its last digit: 2.8 m/s stand there as 0.28.
_SPEED = 10.0
#: Garmin's inner figure for energy: kilocalories times this, by comparison with its own app.
_PER_KCAL = 4.19
_FIGURES = {
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
#: Zero says there that nothing was measured.
_ZERO_IS_NOTHING = frozenset(
    {
        "distance_m",
        "average_heartrate_bpm",
        "max_heartrate_bpm",
        "min_heartrate_bpm",
        "calories_kcal",
        "average_stride_m",
        "average_ground_contact_ms",
        "average_vertical_oscillation_mm",
        "average_vertical_ratio_pct",
        "pool_length_m",
    }
)
_CADENCES = (
    ("avgRunCadence", "maxRunCadence"),
    ("avgBikeCadence", "maxBikeCadence"),
    ("avgSwimCadence", "maxSwimCadence"),
    ("avgStrokeCadence", "maxStrokeCadence"),
)
_METRICS = {
    "aerobicTrainingEffect": "training_effect_aerobic",
    "anaerobicTrainingEffect": "training_effect_anaerobic",
    "vO2MaxValue": "vo2max",
    "steps": "steps",
    "avgStrokes": "average_strokes",
    "avgRespirationRate": "average_respiration_rpm",
}
_SPORTS = {
    "street_running": "Run",
    "track_running": "Run",
    "indoor_running": "VirtualRun",
    "obstacle_run": "Run",
    "ultra_run": "Run",
    "virtual_run": "VirtualRun",
    "cyclocross": "Cyclocross",
    "downhill_biking": "MountainBikeRide",
    "recumbent_cycling": "Ride",
    "track_cycling": "TrackRide",
    "bmx": "Ride",
    "e_bike_fitness": "EBikeRide",
    "e_bike_mountain": "EMountainBikeRide",
    "hand_cycling": "Handcycle",
    "indoor_hand_cycling": "Handcycle",
    "casual_walking": "Walk",
    "speed_walking": "Walk",
    "rucking": "Hike",
    "mountaineering": "Hike",
    "fitness_equipment": "Workout",
    "indoor_cardio": "Workout",
    "cardio_training": "Workout",
    "elliptical": "Elliptical",
    "stair_climbing": "StairStepper",
    "floor_climbing": "StairStepper",
    "indoor_rowing": "VirtualRow",
    "rowing_v2": "Rowing",
    "pilates": "Pilates",
    "bouldering": "RockClimbing",
    "indoor_climbing": "RockClimbing",
    "rock_climbing": "RockClimbing",
    "resort_skiing_snowboarding": "AlpineSki",
    "resort_skiing": "AlpineSki",
    "resort_snowboarding": "Snowboard",
    "backcountry_skiing": "BackcountrySki",
    "backcountry_skiing_snowboarding": "BackcountrySki",
    "skate_skiing": "NordicSki",
    "cross_country_skiing": "NordicSki",
    "snow_shoe": "Snowshoe",
    "skating": "IceSkate",
    "inline_skating": "InlineSkate",
    "stand_up_paddleboarding": "StandUpPaddling",
    "stand_up_paddleboarding_v2": "StandUpPaddling",
    "kayaking_v2": "Kayaking",
    "kiteboarding": "Kitesurf",
    "windsurfing": "Windsurf",
    "wind_kite_surfing": "Windsurf",
    "sailing": "Sail",
    "sailing_v2": "Sail",
    "surfing_v2": "Surfing",
    "golf": "Golf",
    "tennis_v2": "Tennis",
    "padel": "Padel",
    "wheelchair_push_walk": "Wheelchair",
    "wheelchair_push_run": "Wheelchair",
    "swimtobiketransition": "Transition",
    "biketoruntransition": "Transition",
    "runtobiketransition": "Transition",
    "transition_v2": "Transition",
}
_RACE = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Zones are in quarters of an hour, and no zone is farther from UTC than this.
_QUARTER_S = 900
_FARTHEST_S = 14 * 3600
#: A number beyond this makes no sense.
_HIGHEST = 1e15
#: A summary as plain values.
Values: TypeAlias = "Mapping[str, Any]"


def activity_of(external_id: str, summary: Values) -> SourceActivity:
    """The workout of a summary; raises ``RecordRefused`` where it has no start."""
    start = start_of(summary)
    if start is None:
        raise RecordRefused(
            "FG-garmin-row",
            f"activity {external_id} of Garmin's archive has no start",
            at=Place(field="beginTimestamp"),
            fix="the row is kept, and tried again with the next version",
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
    return SourceActivity(
        title=_text(summary, "name"),
        description=_text(summary, "description"),
        sport=sport,
        sport_raw=sport_raw,
        **_start_fields(summary, start),
        **_figures(summary),
        **_cadence(summary, sport),
        race=True if summary.get("eventTypeId") == _RACE else None,
        parent=str(parent) if parent else None,
        device=device,
        location=_location(summary),
        pool_lengths=int(lengths) if lengths else None,
        claims=tuple(claims),
        metrics=_metrics(summary),
    )


def start_of(summary: Values) -> datetime | None:
    """When it began, in UTC."""
    return moment(summary, "beginTimestamp") or moment(summary, "startTimeGmt")


def moment(summary: Values, key: str) -> datetime | None:
    """A time of milliseconds since 1970, as UTC."""
    value = number_of(summary, key)
    if not value:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        return None


def sport_of(summary: Values) -> tuple[str, str | None]:
    """The canonical sport, and Garmin's word for it."""
    raw = _text(summary, "activityType") or _text(summary, "sportType")
    if raw is None:
        return "Other", None
    word = raw.casefold().removesuffix("_ws")
    if word in _SPORTS:
        return _SPORTS[word], raw
    return canonical_sport(word), raw


def _start_fields(summary: Values, start: datetime) -> dict[str, Any]:
    """The local clock is a moment that was shifted by the offset; some summaries have it, and none
    has the zone.
    """
    fields: dict[str, Any] = {"start_utc": start}
    local = moment(summary, "startTimeLocal")
    if local is None:
        return fields
    apart = local - start
    stated_s = round(apart.total_seconds())
    if abs(stated_s) > _FARTHEST_S:
        return fields
    # A second is lost in some rows.
    offset_s = round(stated_s / _QUARTER_S) * _QUARTER_S
    shifted = start + timedelta(seconds=offset_s)
    fields["start_local"] = shifted.replace(tzinfo=None)
    fields["utc_offset_s"] = offset_s
    return fields


def _figures(summary: Values) -> dict[str, Any]:
    """The figures that a summary states, in our units; what it leaves out is ``None``."""
    figures = {}
    for field, (key, factor) in _FIGURES.items():
        figures[field] = _figure(summary, field, key, factor)
    duration_s = _figure(summary, "elapsed_s", "duration", _MS)
    if figures["elapsed_s"] is None:
        figures["elapsed_s"] = duration_s
    if not figures["moving_s"]:
        figures["moving_s"] = duration_s
    return figures


def _figure(
    summary: Values,
    field: str,
    key: str,
    factor: float,
) -> float | None:
    value = number_of(summary, key)
    if value is None:
        return None
    if value <= 0 and field in _ZERO_IS_NOTHING:
        return None
    if value < 0 and not field.endswith(("_c", "altitude_m")):
        return None
    return round(value * factor, 4)


def _cadence(summary: Values, sport: str) -> dict[str, Any]:
    for average, highest in _CADENCES:
        value = number_of(summary, average)
        if value:
            per_leg = sport in ON_FOOT and "Run" in average
            return {
                "average_cadence_rpm": value,
                "max_cadence_rpm": number_of(summary, highest),
                "cadence_per_leg": True if per_leg else None,
            }
    return {}


def _metrics(summary: Values) -> dict[str, float]:
    metrics = {}
    for key, name in _METRICS.items():
        value = number_of(summary, key)
        if value is not None:
            metrics[name] = value
    return metrics


def _device(summary: Values) -> Device | None:
    serial = summary.get("deviceId")
    if not isinstance(serial, int) or serial <= 0:
        return None
    return Device(
        manufacturer=_text(summary, "manufacturer"),
        serial=str(serial),
    )


def _location(summary: Values) -> Location | None:
    """Where it began, by its position or its name."""
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
    return value is not None and abs(value) <= most


def number_of(summary: Values, key: str) -> float | None:
    """A figure of a summary, ``None`` where there is none that makes sense."""
    value = summary.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if not abs(value) < _HIGHEST:
        return None
    return float(value)


def _text(summary: Values, key: str) -> str | None:
    """A text of a summary, ``None`` where nothing is left of it."""
    value = summary.get(key)
    if isinstance(value, dict):  # the API's form of a type
        value = value.get("typeKey")
    if not isinstance(value, str):
        return None
    return value.strip() or None

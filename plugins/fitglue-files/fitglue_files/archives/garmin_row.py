"""Makes a workout of one summary of Garmin's archive, whose units are not those of Garmin's API:
milliseconds, centimetres, tenths.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_formats import device_claim
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import Device, Location, SourceActivity, canonical_sport, claim
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Mapping

_MS, _CM, _MM_OF_CM = 1e-3, 1e-2, 10.0
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


def activity_of(external_id: str, said: Mapping[str, Any]) -> SourceActivity:
    """The workout of a summary; raises ``RecordRefused`` where it has no start."""
    start = moment(said, "beginTimestamp") or moment(said, "startTimeGmt")
    if start is None:
        raise RecordRefused(
            "FG-garmin-row",
            f"activity {external_id} of Garmin's archive has no start",
            at=Place(field="beginTimestamp"),
            fix="the row is kept, and tried again with the next version",
        )
    sport, raw = sport_of(said)
    figures = {
        field: _figure(said, field, *source) for field, source in _FIGURES.items()
    } | _cadence(said, sport)
    serial = said.get("deviceId")
    device = str(serial) if isinstance(serial, int) and serial > 0 else None
    claims = [claim("garmin", external_id)] if external_id.isdecimal() else []
    claims += [device_claim(device, start)] if device else []
    if figures["elapsed_s"] is None:
        figures["elapsed_s"] = _figure(said, "elapsed_s", "duration", _MS)
    figures["moving_s"] = figures["moving_s"] or _figure(said, "moving_s", "duration", _MS)
    parent = said.get("parentId")
    metrics = {
        name: value for key, name in _METRICS.items() if (value := number_of(said, key)) is not None
    }
    return SourceActivity(
        title=_text(said, "name"),
        description=_text(said, "description"),
        sport=sport,
        sport_raw=raw,
        **_start(said, start),
        **figures,
        race=True if said.get("eventTypeId") == _RACE else None,
        parent=str(parent) if parent else None,
        device=Device(manufacturer=_text(said, "manufacturer"), serial=device) if device else None,
        location=_place(said),
        pool_lengths=int(lengths) if (lengths := number_of(said, "activeLengths")) else None,
        claims=tuple(claims),
        metrics=metrics,
    )


def moment(said: Mapping[str, Any], key: str) -> datetime | None:
    """A time of milliseconds since 1970, as UTC."""
    value = number_of(said, key)
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value) if value else None
    except OverflowError:
        return None


def sport_of(said: Mapping[str, Any]) -> tuple[str, str | None]:
    """The canonical sport, and Garmin's word for it."""
    raw = _text(said, "activityType") or _text(said, "sportType")
    if raw is None:
        return "Other", None
    word = raw.casefold().removesuffix("_ws")
    return _SPORTS.get(word) or canonical_sport(word), raw


def _start(said: Mapping[str, Any], start: datetime) -> dict[str, Any]:
    """The local clock is a moment that was shifted by the offset; some summaries have it, and none
    has the zone.
    """
    local = moment(said, "startTimeLocal")
    offset_s = round((local - start).total_seconds()) if local is not None else None
    # A quarter of an hour is the grain of zones, and a second is lost in some rows.
    offset_s = (
        round(offset_s / 900) * 900 if offset_s is not None and abs(offset_s) <= 14 * 3600 else None
    )
    if offset_s is None:
        return {"start_utc": start}
    return {
        "start_utc": start,
        "start_local": (start + timedelta(seconds=offset_s)).replace(tzinfo=None),
        "utc_offset_s": offset_s,
    }


def _figure(said: Mapping[str, Any], field: str, key: str, factor: float) -> float | None:
    value = number_of(said, key)
    if value is None or (value <= 0 and field in _ZERO_IS_NOTHING):
        return None
    if value < 0 and not field.endswith(("_c", "altitude_m")):
        return None
    return round(value * factor, 4)


def _cadence(said: Mapping[str, Any], sport: str) -> dict[str, Any]:
    for average, highest in _CADENCES:
        value = number_of(said, average)
        if value:
            return {
                "average_cadence_rpm": value,
                "max_cadence_rpm": number_of(said, highest),
                "cadence_per_leg": True if sport in ON_FOOT and "Run" in average else None,
            }
    return {}


def _place(said: Mapping[str, Any]) -> Location | None:
    latitude, longitude, name = (
        number_of(said, "startLatitude"),
        number_of(said, "startLongitude"),
        _text(said, "locationName"),
    )
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return Location(name=name) if name else None
    return Location(name=name, latitude_deg=latitude, longitude_deg=longitude)


def number_of(said: Mapping[str, Any], key: str) -> float | None:
    """A figure of a summary, ``None`` where there is none that makes sense."""
    value = said.get(key)
    return (
        float(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
        else None
    )


def _text(said: Mapping[str, Any], key: str) -> str | None:
    value = said.get(key)
    if isinstance(value, dict):  # the API's form of a type
        value = value.get("typeKey")
    return value.strip() or None if isinstance(value, str) else None

"""The rows and the details of the API, each with its own names and units.

Shapes and units follow the OpenAPI document of October 2026; the values are invented.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fitglue_garmin.testing.workout import Leg, Workout

OWNER_ID = 7_700_123
OWNER = "Ada Nordmann"
_POOL_M = 25
_IN_FOOTWEAR = ("running", "trail_running", "treadmill_running", "hiking")
#: Values that other people or the service change, and values that are private.
_AROUND = {
    "ownerId": OWNER_ID,
    "ownerDisplayName": "ada-nordmann",
    "ownerFullName": OWNER,
    "ownerProfileImageUrlSmall": "https://s3.amazonaws.example/ada-small.png",
    "numberOfActivityLikes": 0,
    "numberOfActivityComments": 0,
    "likedByUser": None,
    "requestorRelationship": None,
    "comments": None,
    "isFavorite": False,
    "favorite": False,
    "isPR": False,
    "pr": False,
}


def row_of(
    workout: Workout,
    leg: Leg | None = None,
) -> dict[str, Any]:
    """Return a row of the list.

    Args:
        workout: The workout.
        leg: One of its legs; ``None`` for the workout, or the event, itself.
    """
    part = leg or workout.whole
    is_parent = leg is None and bool(workout.legs)
    row: dict[str, Any] = {
        "activityId": part.id,
        "activityName": _title(workout, leg),
        "description": None,
        "startTimeLocal": _list_time(workout.local(part.start)),
        "startTimeGMT": _list_time(part.start),
        "endTimeGMT": _list_time(part.end),
        "beginTimestamp": round(part.start.timestamp() * 1000),
        "activityType": _type(part),
        "eventType": {"typeId": 9, "typeKey": "uncategorized"},
        "privacy": {"typeId": 2, "typeKey": "private"},
        "manufacturer": "GARMIN",
        "locationName": workout.zone.rpartition("/")[2],
        "lapCount": 1,
        "isParent": is_parent,
        "parent": is_parent,
        "parentId": None,
        "isManualActivity": workout.manual,
        "manualActivity": workout.manual,
        "activityUUID": _uuid(part.id),
        **_AROUND,
        **_row_values(part),
    }
    if leg is not None:
        row["parentId"] = workout.id
    if is_parent:
        # Seen: multisport parents lack it.
        row["beginTimestamp"] = None
    return row | dict(part.row)


def _row_values(part: Leg) -> dict[str, Any]:
    """Return the measurements of a row."""
    kind = part.type
    moved_m = part.moved_m
    # A timer that ran without a pause: duration and elapsed time are equal.
    values: dict[str, Any] = {
        "duration": float(part.elapsed_s),
        "elapsedDuration": float(part.elapsed_s),
        "movingDuration": float(part.elapsed_s - 10),
        "distance": moved_m,
        "calories": float(round(part.elapsed_s / 6)),
        "bmrCalories": float(round(part.elapsed_s / 60)),
        "averageHR": _or_none(kind.hr),
        "maxHR": _or_none(kind.hr and kind.hr + 22),
        "hrTimeInZone_1": part.elapsed_s * 0.25,
        "hrTimeInZone_2": part.elapsed_s * 0.75,
        "aerobicTrainingEffect": 2.9,
        "activityTrainingLoad": 81.5,
    }
    if moved_m:
        values["averageSpeed"] = round(moved_m / part.elapsed_s, 3)
    if kind.key in _IN_FOOTWEAR:
        # Documented: the steps of both feet, and lengths in centimeters.
        values["averageRunningCadenceInStepsPerMinute"] = float(kind.cadence)
        values["maxRunningCadenceInStepsPerMinute"] = float(kind.cadence + 14)
        values["avgStrideLength"] = 103.0
        values["avgVerticalOscillation"] = 8.4
    if kind.watts:
        values |= _power(part)
    if kind.has_position:
        values["startLatitude"] = 59.91
        values["startLongitude"] = 10.75
        values["elevationGain"] = round(moved_m / 80, 1)
    if kind.key == "lap_swimming":
        values |= _swim(part)
    if kind.key == "strength_training":
        values |= _strength(part)
    return values


def _power(part: Leg) -> dict[str, Any]:
    """Return the values of a ride with power."""
    watts = float(part.type.watts)
    return {
        "avgPower": watts,
        "maxPower": watts * 3,
        "normPower": watts + 11,
        "max20MinPower": watts + 25,
        "maxAvgPower_60": round(watts * 1.9),
        "trainingStressScore": 61.2,
        # Documented: 0.8 means 80 %.
        "intensityFactor": 0.8,
        "maxFtp": 248.0,
        "averageBikingCadenceInRevPerMinute": float(part.type.cadence),
    }


def _swim(part: Leg) -> dict[str, Any]:
    """Return the values of a swim in a pool; the list has its length in centimeters."""
    return {
        # Documented: centimeters, whatever the unit beside it says.
        "poolLength": _POOL_M * 100.0,
        "unitOfPoolLength": {"unitId": 1, "unitKey": "meter", "factor": 100.0},
        "activeLengths": round(part.moved_m / _POOL_M),
        "averageSwimCadenceInStrokesPerMinute": float(part.type.cadence),
        "avgStrokeDistance": 178.0,
        "averageSwolf": 41.0,
    }


def _strength(part: Leg) -> dict[str, Any]:
    """Return the totals of the sets: grams, grams times repetitions, and milliseconds."""
    sets = part.sets
    reps = sum(made.reps for made in sets)
    lifted_kg = sum(made.weight_kg * made.reps for made in sets)
    lasted_s = sum(made.elapsed_s for made in sets)
    return {
        "totalSets": len(sets),
        "activeSets": len(sets),
        "totalReps": reps,
        "summarizedExerciseSets": [
            {
                "category": "SQUAT",
                "subCategory": "BARBELL_BACK_SQUAT",
                "sets": len(sets),
                "reps": reps,
                "volume": lifted_kg * 1000,
                "maxWeight": max(made.weight_kg for made in sets) * 1000,
                "duration": lasted_s * 1000.0,
            }
        ],
    }


def detail_of(
    workout: Workout,
    leg: Leg | None = None,
) -> dict[str, Any]:
    """Return the detail of an activity.

    Args:
        workout: The workout.
        leg: One of its legs; ``None`` for the workout, or the event, itself.
    """
    part = leg or workout.whole
    is_parent = leg is None and bool(workout.legs)
    row = row_of(workout, leg)
    children = list(workout.legs) if is_parent else []
    detail = {
        "activityId": part.id,
        "activityUUID": {"uuid": _uuid(part.id)},
        "activityName": row["activityName"],
        "description": row["description"],
        "userProfileId": OWNER_ID,
        "parentId": row["parentId"],
        "isMultiSportParent": is_parent,
        "activityTypeDTO": row["activityType"],
        "eventTypeDTO": row["eventType"],
        "accessControlRuleDTO": row["privacy"],
        "timeZoneUnitDTO": {"unitId": 120, "unitKey": workout.zone, "timeZone": workout.zone},
        "locationName": row["locationName"],
        "summaryDTO": _summary(
            workout,
            part,
            row,
        )
        | dict(part.summary),
        "metadataDTO": _metadata(workout, children),
        "splitSummaries": [],
    }
    return detail | dict(workout.detail)


def _metadata(
    workout: Workout,
    legs: Sequence[Leg],
) -> dict[str, Any]:
    """Return what a detail says about the upload and the devices of an activity."""
    # Times in UTC without a Z, with tenths of a second.
    uploaded_at = _detail_time(workout.uploaded_at)
    return {
        "isOriginal": True,
        "trimmed": False,
        "manualActivity": workout.manual,
        "fileFormat": {"formatId": 7, "formatKey": "fit"},
        "uploadedDate": uploaded_at,
        "lastUpdateDate": uploaded_at,
        "childIds": [leg.id for leg in legs],
        "childActivityTypes": [leg.kind for leg in legs],
        "lapCount": 1,
        "manufacturer": "GARMIN",
        "sensors": [
            {
                "manufacturer": "GARMIN",
                "serialNumber": 123456,
                "antplusDeviceType": "HEART_RATE",
            }
        ],
    }


#: Key of the row → key of the detail, for values with another name; None leaves it out.
_RENAMED: dict[str, str | None] = {
    "avgPower": "averagePower",
    "normPower": "normalizedPower",
    "max20MinPower": "maxPowerTwentyMinutes",
    "maxFtp": "functionalThresholdPower",
    "averageRunningCadenceInStepsPerMinute": "averageRunCadence",
    "maxRunningCadenceInStepsPerMinute": "maxRunCadence",
    "averageBikingCadenceInRevPerMinute": "averageBikeCadence",
    "averageSwimCadenceInStrokesPerMinute": "averageSwimCadence",
    "avgStrideLength": "strideLength",
    "avgVerticalOscillation": "verticalOscillation",
    "aerobicTrainingEffect": "trainingEffect",
    "activeLengths": "numberOfActiveLengths",
    "averageSwolf": "averageSWOLF",
    "summarizedExerciseSets": None,
    "intensityFactor": None,
}
#: Key of the row → key of the detail and factor, for values in another unit.
_CONVERTED = {
    "avgStrokeDistance": ("averageStrokeDistance", 0.01),
    "poolLength": ("poolLength", 0.01),
}


def _summary(
    workout: Workout,
    part: Leg,
    row: dict[str, Any],
) -> dict[str, Any]:
    """Return the measurements of a detail, and those that only a detail has."""
    values: dict[str, Any] = {
        "startTimeLocal": _detail_time(workout.local(part.start)),
        "startTimeGMT": _detail_time(part.start),
    }
    for key in _row_values(part):
        if key in _CONVERTED:
            name, factor = _CONVERTED[key]
            values[name] = row[key] * factor
        # Only the list has zones and the best power.
        elif not key.startswith(("hrTimeInZone", "maxAvgPower")):
            renamed = _RENAMED.get(key, key)
            if renamed is not None:
                values[renamed] = row.get(key)
    return values | {
        "minHR": _or_none(part.type.hr and part.type.hr - 40),
        # Guess, from FIT: both run to 100.
        "directWorkoutRpe": 40,
        "directWorkoutFeel": 75,
        "recoveryHeartRate": 31,
    }


def settings(zone: str) -> dict[str, Any]:
    """Return the settings of the owner, which have no id of the account."""
    return {
        "displayName": "ada-nordmann",
        "preferredLocale": "en",
        "measurementSystem": "metric",
        "timeZone": zone,
    }


def _title(
    workout: Workout,
    leg: Leg | None,
) -> str:
    if leg is None:
        return workout.title
    return f"{workout.title} - {leg.kind}"


def _type(part: Leg) -> dict[str, Any]:
    kind = part.type
    return {"typeId": kind.number, "typeKey": kind.key, "parentTypeId": kind.group}


def _uuid(number: int) -> str:
    return f"0b7c0f5e-1111-4222-8333-{number:012d}"


def _list_time(moment: datetime) -> str:
    return _plain(moment).strftime("%Y-%m-%d %H:%M:%S")


def _detail_time(moment: datetime) -> str:
    return _plain(moment).strftime("%Y-%m-%dT%H:%M:%S.0")


def _plain(moment: datetime) -> datetime:
    """Return a time without its zone, which no text of the API has."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def _or_none(value: float) -> float | None:
    return float(value) if value else None

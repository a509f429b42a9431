"""The fields of an Activity object that were measured or computed: distance and climb, heart rate,
power, pace, and load.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fitglue_intervals.testing.values import Row, f32
from fitglue_intervals.testing.workout import (
    FTP,
    LTHR,
    PACE_ZONES,
    THRESHOLD_RUN,
    THRESHOLD_SWIM,
)

if TYPE_CHECKING:
    from fitglue_intervals.testing.workout import Workout

#: The share of the recording in each zone.
_HR_SHARES = (0.3, 0.34, 0.2, 0.1, 0.04, 0.02, 0.0)
_PACE_SHARES = (0.7, 0.2, 0.06, 0.04, 0, 0, 0)
#: The sum is above 1: ``SS``, the sweet spot, overlaps the zones 3 and 4 in captured payloads, too.
_POWER_SHARES = {
    "Z1": 0.22,
    "Z2": 0.4,
    "Z3": 0.2,
    "Z4": 0.1,
    "Z5": 0.05,
    "Z6": 0.02,
    "Z7": 0.01,
    "SS": 0.13,
}
_WITH_PACE_LOAD = (
    "run",
    "treadmill",
    "trail",
    "swim",
    "tri_run",
    "tri_swim",
)


def course(workout: Workout) -> Row:
    """Return distance, speed and climb; nothing for a workout without a distance."""
    _, shape, _, rng = workout
    if not shape.distance_m:
        return {}
    row: Row = {
        "distance": f32(shape.distance_m),
        "icu_distance": f32(shape.distance_m),
        "pace": f32(workout.speed),
        "average_speed": f32(workout.speed),
        "max_speed": f32(workout.speed * 1.6),
    }
    # Seen: a GPS jump in a captured open-water swim. A maximum is not always a plausible value.
    if shape.sport.key == "tri_swim":
        row["max_speed"] = 519.98553
    if shape.sport.key == "swim":
        row["lengths"] = round(shape.distance_m / 25)
    if shape.gain_m:
        row["total_elevation_gain"] = f32(shape.gain_m)
        row["total_elevation_loss"] = f32(shape.gain_m * 0.98)
        lowest = 180.0
        highest = 190 + shape.gain_m / 2
        row["average_altitude"] = f32(lowest + rng.random() * (highest - lowest))
        row["min_altitude"] = lowest
        row["max_altitude"] = f32(highest)
        row["use_elevation_correction"] = workout.plan.number % 4 == 0
        row["route_id"] = 6_896_974 + shape.leg.seed % 900
    return row


def heart(workout: Workout) -> Row:
    """Return heart rate, and the values that are computed from it."""
    _, shape, _, rng = workout
    row: Row = {
        "has_heartrate": True,
        "average_heartrate": shape.hr,
        "max_heartrate": shape.hr_max,
        "icu_hr_zone_times": _zone_times(workout, _HR_SHARES),
        "trimp": f32(shape.recording_s / 60 * math.exp(shape.hr / 100) / 3),
        "calories": round(shape.recording_s / 3600 * (shape.hr * 5.1 - 160)),
    }
    if shape.sport.cadence:
        # Seen: the cadence of a run is that of one leg (72.9 for 146 steps per minute).
        row["average_cadence"] = f32(shape.cadence + rng.random() - 0.5)
    if rng.random() < 0.2:
        row["icu_hrr"] = {
            "start_index": 900,
            "end_index": 960,
            "start_time": 900,
            "end_time": 960,
            "start_bpm": shape.hr_max,
            "end_bpm": shape.hr_max - 31,
            "average_watts": 40 if shape.watts else None,
            "hrr": 31,
        }
    return row


def power(workout: Workout) -> Row:
    """Return power and the values computed from it; nothing for a workout without power."""
    _, shape, _, rng = workout
    watts = shape.watts
    if not watts:
        return {}
    # A variability index (weighted by average power) of 1.06 is usual on the road.
    weighted = round(watts * 1.06)
    joules = watts * shape.recording_s
    # Seen: `device_watts` was true in every row with power; no estimated power was ever captured.
    row: Row = {
        "device_watts": True,
        "icu_average_watts": watts,
        "icu_weighted_avg_watts": weighted,
        "icu_joules": joules,
        "icu_joules_above_ftp": joules // 40,
        "icu_variability_index": f32(weighted / watts),
        "icu_efficiency_factor": f32(weighted / shape.hr),
        "icu_power_hr": f32(watts / shape.hr),
        # Seen: a percentage (66.8), not the ratio (0.668) that other services give.
        "icu_intensity": f32(weighted / FTP * 100),
        "decoupling": f32(rng.random() * 9 - 2),
        "strain_score": f32(joules / 9000),
        "carbs_used": round(shape.recording_s / 40),
        "power_field": "watts",
        "power_field_names": ["watts"],
        "icu_zone_times": _power_zone_times(workout),
        "icu_max_wbal_depletion": 4000 + int(rng.random() * 9000),
        "p30s_exponent": 4.0,
        "icu_power_hr_z2": f32(watts / shape.hr),
    }
    if shape.sport.coasting:
        row["coasting_time"] = round(shape.recording_s * 0.07)
        row["power_meter"] = "Favero Assioma"
        row["power_meter_serial"] = "48211"
        row["avg_lr_balance"] = f32(49 + rng.random() * 2)
        row["crank_length"] = 172.5
    if rng.random() < 0.1:
        row["icu_achievements"] = [_best_power(watts * 3)]
    return row


def pace(workout: Workout) -> Row:
    """Return pace and running dynamics. Pace is in m/s, not in minutes per kilometer."""
    _, shape, _, rng = workout
    sport = shape.sport
    swims = "Swim" in sport.type
    if not shape.distance_m or not (sport.on_foot or swims):
        return {"gap": None, "gap_model": "NONE"}
    # Cadence counts one leg, so a runner takes two steps per count.
    legs = 2 if sport.on_foot else 1
    row: Row = {
        "threshold_pace": THRESHOLD_SWIM if swims else THRESHOLD_RUN,
        "pace_zones": PACE_ZONES,
        "gap_model": "STRAVA_RUN" if sport.on_foot else "NONE",
        "pace_zone_times": _zone_times(workout, _PACE_SHARES),
        "average_stride": f32(workout.speed * 60 / (shape.cadence * legs)),
    }
    if sport.key == "run":
        row["gap"] = f32(workout.speed * 1.02)
        row["gap_zone_times"] = row["pace_zone_times"]
        row["use_gap_zone_times"] = True
        row["average_stance_time"] = f32(262 + rng.random() * 20)
        row["average_vertical_oscillation"] = f32(82 + rng.random() * 9)
        row["average_vertical_ratio"] = f32(8 + rng.random())
        row["average_step_length"] = f32(workout.speed * 30_000 / shape.cadence)
    return row


def load(workout: Workout) -> Row:
    """Return the training load by heart rate, by pace and by power, and which of them counts.

    The formulas are approximations: hours × intensity² × 100, with the intensity as a ratio to the
    threshold.
    """
    _, shape, _, rng = workout
    sport = shape.sport
    # Seen: strength sessions whose load is null, although they have a heart rate.
    if sport.key == "strength":
        return {"icu_training_load": None, "icu_intensity": None}
    hours = shape.recording_s / 3600
    by_hr = round(hours * (shape.hr / LTHR) ** 2 * 100)
    row: Row = {
        "hr_load": by_hr,
        "hr_load_type": "HRSS",
        "icu_training_load": by_hr,
        "tiz_order": "POWER_HR_PACE",
        "polarization_index": f32(rng.random() * 2 - 0.4),
    }
    # Seen: a swim with a pace load of 72 and a heart rate load of 40 counted 40. So a pace load may
    # be present and higher, and yet not be the training load.
    if sport.key in _WITH_PACE_LOAD:
        row["pace_load"] = round(by_hr * 1.3)
        row["pace_load_type"] = "SWIM" if "wim" in sport.key else "RUN"
    if not shape.watts:
        row["icu_intensity"] = f32(shape.hr / LTHR * 90)
    elif not sport.on_foot:
        by_power = round(hours * (shape.watts * 1.06 / FTP) ** 2 * 100)
        row["power_load"] = by_power
        row["icu_training_load"] = by_power
    return row


def _zone_times(workout: Workout, shares: tuple[float, ...]) -> list[int]:
    """Return the seconds in each zone."""
    return [round(workout.shape.recording_s * share) for share in shares]


def _power_zone_times(workout: Workout) -> list[Row]:
    """Return the seconds in each power zone, as objects with ``id`` and ``secs``."""
    zones = []
    for id_, share in _POWER_SHARES.items():
        seconds = round(share * workout.shape.recording_s)
        zones.append({"id": id_, "secs": seconds})
    return zones


def _best_power(watts: int) -> Row:
    """Return an achievement, one of the nested objects that no field of the model holds."""
    point = {"start_index": 392, "end_index": 397, "secs": 5, "value": watts}
    return {
        "id": "ps0_5",
        "type": "BEST_POWER",
        "watts": watts,
        "secs": 5,
        "point": point,
    }

"""The fields of an Activity object about the circumstances of a workout: form and settings of the
athlete, weather, subjective ratings, and fields that the service adds.
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING

from fitglue_intervals.testing.fit_files import strength_sets
from fitglue_intervals.testing.values import Row, f32
from fitglue_intervals.testing.workout import (
    FTP,
    HR_ZONES,
    LTHR,
    MAX_HR,
    P_MAX,
    POWER_ZONES,
    W_PRIME,
    WEIGHT,
)

if TYPE_CHECKING:
    from fitglue_intervals.testing.workout import Workout

#: Fields that the athlete defined. Seen: they are at the top level among the documented keys, one
#: account called such a field ``TSS``, and the value of one was the text ``"NaN"``.
CUSTOM_FIELDS = ("TSS", "VO2MaxGarmin", "PercentWmin")


def fitness(workout: Workout) -> Row:
    """Return the state of the athlete on that day, which drifts although the workout does not."""
    day = workout.plan.start.toordinal()
    rng = workout.rng
    row: Row = {
        "icu_ctl": f32(48 + 14 * math.sin(day / 61)),
        "icu_atl": f32(51 + 22 * math.sin(day / 9.3)),
        "icu_weight": f32(WEIGHT + 1.4 * math.sin(day / 40)),
        "icu_resting_hr": 47 + day % 5,
    }
    if workout.shape.watts:
        row["icu_rolling_ftp"] = FTP + day % 9 - 4
        row["icu_rolling_ftp_delta"] = 0
        row["icu_rolling_w_prime"] = f32(17_460 + rng.random() * 900)
        row["icu_rolling_p_max"] = f32(842 + rng.random() * 40)
        row["icu_pm_ftp"] = FTP - 5
        row["icu_pm_cp"] = FTP - 9
        row["icu_pm_w_prime"] = 14_210
        row["icu_pm_p_max"] = 871
        row["icu_pm_ftp_secs"] = 612
        row["icu_pm_ftp_watts"] = 267
    return row


def settings(workout: Workout) -> Row:
    """Return the settings of the athlete that the service copies into each row."""
    row: Row = {
        "lthr": LTHR,
        "athlete_max_hr": MAX_HR,
        "icu_hr_zones": HR_ZONES,
        "icu_ignore_time": False,
        "icu_ignore_power": False,
        "icu_ignore_hr": False,
        "ignore_velocity": False,
        "ignore_pace": False,
        "icu_warmup_time": 1200,
        "icu_cooldown_time": 600,
        "commute": False,
        "race": False,
        "trainer": False,
        "sub_type": "NONE",
        "icu_intervals_edited": False,
    }
    if workout.shape.watts:
        row["icu_ftp"] = FTP
        row["icu_w_prime"] = W_PRIME
        row["p_max"] = P_MAX
        row["icu_power_zones"] = POWER_ZONES
        row["icu_power_spike_threshold"] = 30
        row["icu_sweet_spot_min"] = 84
        row["icu_sweet_spot_max"] = 97
    return row


def weather(workout: Workout) -> Row:
    """Return the temperature of the device, and the weather of many outdoor workouts."""
    plan, shape, _, rng = workout
    row: Row = {
        "average_temp": f32(21 + rng.random() * 4),
        "min_temp": 19,
        "max_temp": 28,
        "has_weather": False,
    }
    if not shape.sport.gps or plan.number % 3 == 1:
        return row
    # A yearly course of 16 ± 10 °C: a year has 365 / 58 = 2π radians.
    air = 16 + 10 * math.sin(plan.start.timetuple().tm_yday / 58)
    wind = rng.random() * 5
    return row | {
        "has_weather": True,
        "average_weather_temp": f32(air),
        "min_weather_temp": f32(air - 1.5),
        "max_weather_temp": f32(air + 1.5),
        "average_feels_like": f32(air - wind),
        "min_feels_like": f32(air - wind - 2),
        "max_feels_like": f32(air),
        "average_wind_speed": f32(wind),
        "average_wind_gust": f32(wind * 2.2),
        "prevailing_wind_deg": int(rng.random() * 360),
        "headwind_percent": f32(rng.random() * 50),
        "tailwind_percent": f32(rng.random() * 50),
        "average_clouds": int(rng.random() * 100),
        "max_rain": 0.0,
        "max_snow": 0.0,
    }


def subjective(workout: Workout) -> Row:
    """Return the ratings of the athlete, the gear, and the planned workout."""
    plan, shape, _, rng = workout
    row: Row = {}
    if rng.random() < 0.5:
        row["icu_rpe"] = 2 + int(rng.random() * 8)
        row["feel"] = 1 + int(rng.random() * 5)
        # The specification's formula: RPE × minutes.
        row["session_rpe"] = row["icu_rpe"] * shape.recording_s // 60
    if "cycling" in shape.sport.fit and shape.sport.gps:
        row["gear"] = {
            "id": "b1842",
            "name": "Canyon Endurace",
            # The odometer of the gear, which grows with each later ride: a volatile value.
            "distance": f32(21_000_000 - plan.number * 41_000.0),
            "primary": True,
        }
    if shape.sport.on_foot:
        row["gear"] = {
            "id": "g977",
            "name": "Brooks Ghost 15",
            "distance": f32(612_000 - plan.number * 37.0),
            "primary": False,
        }
    if rng.random() < 0.15:
        row["paired_event_id"] = 104_649_834 - plan.number
        row["compliance"] = f32(90 + rng.random() * 20)
        row["tags"] = ["planned", "block 2"]
    if shape.sport.key == "strength" and rng.random() < 0.6:
        lifted_kg = sum(reps * weight_kg for reps, weight_kg, _ in strength_sets())
        row["kg_lifted"] = f32(lifted_kg)
    return row


def service_fields(workout: Workout) -> Row:
    """Return fields that serve the pages of the service, and those that the athlete defined."""
    _, shape, _, rng = workout
    row: Row = {
        "stream_types": shape.stream_types,
        "skyline_chart_bytes": _skyline(workout),
        "icu_lap_count": len(shape.efforts),
        "icu_median_time_delta": 4 if shape.sport.smart else 1,
        "has_segments": False,
        "VO2MaxGarmin": 46.66333770751953,
        "icu_sync_error": None,
        "interval_summary": [_interval_summary(workout)],
    }
    if shape.watts:
        row["TSS"] = round(rng.random() * 90, 1)
        row["PercentWmin"] = _percent_or_nan(workout)
    return row


def _skyline(workout: Workout) -> str:
    """Return the tiny chart of the list page as base64 text.

    The specification declares it as an array; captured payloads have a string.
    """
    count = 60 + workout.shape.recording_s // 60
    heights = [int(workout.rng.random() * 100) for _ in range(count)]
    content = bytes([8, 7, 18, count, *heights, 26, 1, 91])
    return base64.b64encode(content).decode()


def _interval_summary(workout: Workout) -> str:
    """Return a display text such as ``3x 6m54s 134bpm``, which is what the real field holds."""
    hard = [effort.duration_s for effort in workout.shape.efforts if effort.work]
    minutes, seconds = divmod(hard[0], 60)
    return f"{len(hard)}x {minutes}m{seconds}s {round(workout.shape.hr * 1.035)}bpm"


def _percent_or_nan(workout: Workout) -> float | str:
    """Return the value of a custom field, which is the text ``"NaN"`` in 30 % of the rows."""
    if workout.rng.random() < 0.3:
        return "NaN"
    return round(workout.rng.random() * 100, 3)

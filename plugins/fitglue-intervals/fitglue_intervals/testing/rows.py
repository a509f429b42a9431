"""A workout as an Activity object, as the list answers it: about a hundred of the API's fields,
with its habits.

Numbers are float32, averages agree with the streams, nulls are written out on some rows and left
away on others.
"""

from __future__ import annotations

import base64
import math
from datetime import UTC, timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from fitglue_intervals.testing.values import Row, f32, local_text, stamp_text

if TYPE_CHECKING:
    from fitglue_intervals.testing.plan import Plan
    from fitglue_intervals.testing.shapes import Shape
    from fitglue_intervals.testing.sports import Origin

FTP, LTHR, MAX_HR, WEIGHT = 248, 165, 186, 74.2
HR_ZONES = [134, 147, 155, 164, 169, 174, 186]
POWER_ZONES = [55, 75, 90, 105, 120, 150, 999]
PACE_ZONES = [77.5, 87.7, 94.3, 100.0, 103.4, 111.5, 999.0]
CUSTOM_FIELDS = ("TSS", "VO2MaxGarmin", "PercentWmin")
"""Fields that the athlete defined: they stand among the others, and one of them says ``"NaN"`` now and then."""

_UNSET = (
    "description", "gear", "paired_event_id", "icu_rpe", "feel", "kg_lifted", "perceived_exertion", "power_meter",
    "power_meter_serial",
    "icu_average_watts", "icu_weighted_avg_watts", "icu_joules", "carbs_ingested", "tags", "attachments", "avg_lr_balance",
    "pool_length",
    "lengths", "icu_color", "icu_sync_error", "route_id", "strava_id", "oauth_client_id", "oauth_client_name", "compliance",
    "timezone",
    "icu_zone_times", "interval_summary", "icu_achievements", "icu_hrr", "icu_training_load", "power_load", "pace_load",
    "hr_load", "gap",
    "decoupling", "average_stride", "custom_zones", "icu_training_load_data", "analysis_issues", "workout_shift_secs",
    "coach_tick",
    "icu_cadence_z2", "ss_cp", "ss_p_max", "ss_w_prime", "crank_length", "ignore_parts", "group", "lock_intervals", "icu_chat_id",
    "power_meter_battery", "icu_power_hr_z2", "icu_power_hr_z2_mins", "icu_joules_above_ftp", "icu_max_wbal_depletion",
    "p30s_exponent",
    "icu_rolling_cp", "recording_stops", "carbs_used", "coasting_time", "average_stance_time", "average_vertical_oscillation",
    "average_vertical_ratio", "average_step_length", "gap_zone_times", "use_gap_zone_times", "session_rpe",
    "icu_variability_index",
    "icu_efficiency_factor", "icu_power_hr", "strain_score", "icu_weighted_avg_watts", "average_weather_temp",
    "average_feels_like",
    "average_wind_speed", "average_wind_gust", "headwind_percent", "tailwind_percent", "average_clouds", "max_rain", "max_snow",
)  # fmt: skip


class _Workout(NamedTuple):
    """What the parts of a row are made from."""

    plan: Plan
    shape: Shape
    origin: Origin
    rng: Random


def stub_row(id_: str, athlete_id: str, start_date_local: str) -> Row:
    """All that is ever said of an activity that came from Strava."""
    note = "STRAVA activities are not available via the API"
    return {
        "id": id_,
        "icu_athlete_id": athlete_id,
        "start_date_local": start_date_local,
        "source": "STRAVA",
        "_note": note,
    }


def activity_row(plan: Plan, athlete_id: str) -> Row:
    """The whole Activity of a plan; equal plans have equal rows."""
    shape, rng = plan.shape, Random(plan.number * 7919 + plan.shape.leg.seed)
    of = _Workout(
        plan, shape, shape.sport.origins[int(rng.random() * len(shape.sport.origins))], rng
    )
    row = _identity(of) | {"icu_athlete_id": athlete_id} | _times(of)
    if of.origin.source == "MANUAL":
        return row | _manual(of)
    for part in (
        _course,
        _heart,
        _power,
        _pace,
        _load,
        _fitness,
        _settings,
        _weather,
        _opinion,
        _noise,
    ):
        row |= part(of)
    row |= shape.sport.fields
    if plan.number % 3:
        row |= {key: None for key in _UNSET if key not in row}
    return row


def file_type_of(plan: Plan) -> str | None:
    """Which kind of file the workout came in; None for one that was typed in."""
    return plan.shape.sport.origins[0].file_type


def _identity(of: _Workout) -> Row:
    names = of.shape.sport.names
    # The legs of one file are numbered downwards: number and leg together name the file.
    file_number = 22_543_294_456 - (of.plan.number + of.plan.leg_no) * 1_048_573
    row: Row = {
        "id": of.plan.id,
        "start_date_local": local_text(of.plan.start),
        "type": of.shape.sport.type,
        "name": names[int(of.rng.random() * len(names))],
        "source": of.origin.source,
    }
    if of.rng.random() < 0.2:
        row["description"] = "Felt good.\nLegs heavy after km 20 – “ok”, 2 × gel"
    if of.origin.file_type:
        name = {
            "GARMIN_CONNECT": str(file_number),
            "UPLOAD": "Gravel_Ride.gpx",
            "OAUTH_CLIENT": "file.dat",
        }.get(of.origin.source)
        row |= {
            "device_name": of.origin.device,
            "file_type": of.origin.file_type,
            "file_sport_index": of.plan.leg_no,
        }
        row["external_id"] = (
            name or f"{local_text(of.plan.start)[:10]}-{file_number % 1_000_000}.fit"
        )
    if of.origin.source == "OAUTH_CLIENT":
        row |= {"oauth_client_id": 31, "oauth_client_name": of.origin.device}
    if of.plan.strava_id:
        row["strava_id"] = of.plan.strava_id
    return row


def _times(of: _Workout) -> Row:
    end = of.plan.start_utc.replace(tzinfo=UTC) + timedelta(seconds=of.shape.elapsed_s)
    created = end + timedelta(
        seconds=40 + int(of.rng.random() * 900), milliseconds=int(of.rng.random() * 1000)
    )
    if of.origin.source == "MANUAL":
        created += timedelta(hours=19)
    analyzed = stamp_text(created + timedelta(milliseconds=250 + int(of.rng.random() * 400)))
    moving = (
        of.shape.recording_s - int(of.rng.random() * 60)
        if of.shape.sport.gps
        else of.shape.recording_s
    )
    row: Row = {
        "start_date": of.plan.start_utc.isoformat() + "Z",
        "timezone": of.plan.place.zone if of.plan.number % 6 else None,
        "moving_time": of.shape.elapsed_s + 4 if of.rng.random() < 0.02 else moving,
        "elapsed_time": of.shape.elapsed_s,
        "icu_recording_time": of.shape.recording_s,
        "created": stamp_text(created),
        "icu_sync_date": analyzed,
        "analyzed": analyzed,
    }
    if of.shape.stops:
        row["recording_stops"] = [
            at + sum(pause for other, pause in of.shape.stops if other < at)
            for at, _ in of.shape.stops
        ]
    return row


def _manual(of: _Workout) -> Row:
    """An activity that was typed in: no recording, and most of it null."""
    row: Row = dict.fromkeys(
        (
            "icu_training_load",
            "icu_ftp",
            "icu_recording_time",
            "distance",
            "stream_types",
            "file_type",
        )
    )
    row |= {"has_heartrate": False, "icu_rpe": 3, "session_rpe": 90, "compliance": 100.0}
    return row | {"feel": 1 + int(of.rng.random() * 4)}


def _course(of: _Workout) -> Row:
    if not of.shape.distance_m:
        return {}
    row: Row = {
        "distance": f32(of.shape.distance_m),
        "icu_distance": f32(of.shape.distance_m),
        "pace": f32(_speed(of.shape)),
    }
    row |= {"average_speed": f32(_speed(of.shape)), "max_speed": f32(_speed(of.shape) * 1.6)}
    if of.shape.sport.key == "tri_swim":
        row["max_speed"] = 519.98553
    if of.shape.sport.key == "swim":
        row["lengths"] = round(of.shape.distance_m / 25)
    if of.shape.gain_m:
        row |= {
            "total_elevation_gain": f32(of.shape.gain_m),
            "total_elevation_loss": f32(of.shape.gain_m * 0.98),
        }
        row |= {"average_altitude": f32(212 + of.rng.random() * 40), "min_altitude": 180.0}
        row |= {"max_altitude": f32(190 + of.shape.gain_m / 2)}
        row |= {
            "use_elevation_correction": of.plan.number % 4 == 0,
            "route_id": 6_896_974 + of.plan.shape.leg.seed % 900,
        }
    return row


def _heart(of: _Workout) -> Row:
    share = [0.3, 0.34, 0.2, 0.1, 0.04, 0.02, 0.0]
    row: Row = {
        "has_heartrate": True,
        "average_heartrate": of.shape.hr,
        "max_heartrate": of.shape.hr_max,
        "icu_hr_zone_times": [round(part * of.shape.recording_s) for part in share],
        "trimp": f32(of.shape.recording_s / 60 * math.exp(of.shape.hr / 100) / 3),
        "calories": round(of.shape.recording_s / 3600 * (of.shape.hr * 5.1 - 160)),
    }
    if of.shape.sport.cadence:
        row["average_cadence"] = f32(of.shape.cadence + of.rng.random() - 0.5)
    if of.rng.random() < 0.2:
        row["icu_hrr"] = {
            "start_index": 900,
            "end_index": 960,
            "start_time": 900,
            "end_time": 960,
            "start_bpm": of.shape.hr_max,
        }
        row["icu_hrr"] |= {
            "end_bpm": of.shape.hr_max - 31,
            "average_watts": 40 if of.shape.watts else None,
            "hrr": 31,
        }
    return row


def _power(of: _Workout) -> Row:
    if not of.shape.watts:
        return {}
    weighted, joules = round(of.shape.watts * 1.06), of.shape.watts * of.shape.recording_s
    zones = [0.22, 0.4, 0.2, 0.1, 0.05, 0.02, 0.01, 0.13]
    row: Row = {
        "device_watts": True, "icu_average_watts": of.shape.watts, "icu_weighted_avg_watts": weighted, "icu_joules": joules,
        "icu_joules_above_ftp": joules // 40, "icu_variability_index": f32(weighted / of.shape.watts),
        "icu_efficiency_factor": f32(weighted / of.shape.hr), "icu_power_hr": f32(of.shape.watts / of.shape.hr),
        "icu_intensity": f32(weighted / FTP * 100), "decoupling": f32(of.rng.random() * 9 - 2),
        "strain_score": f32(joules / 9000),
        "carbs_used": round(of.shape.recording_s / 40), "power_field": "watts", "power_field_names": ["watts"],
        "icu_zone_times": [
            {"id": f"Z{at + 1}" if at < 7 else "SS", "secs": round(part * of.shape.recording_s)} for at, part in enumerate(zones)
        ],
        "icu_max_wbal_depletion": 4000 + int(of.rng.random() * 9000), "p30s_exponent": 4.0,
        "icu_power_hr_z2": f32(of.shape.watts / of.shape.hr),
    }  # fmt: skip
    if of.shape.sport.coasting:
        row |= {
            "coasting_time": round(of.shape.recording_s * 0.07),
            "power_meter": "Favero Assioma",
        }
        row |= {"power_meter_serial": "48211"}
        row |= {"avg_lr_balance": f32(49 + of.rng.random() * 2), "crank_length": 172.5}
    if of.rng.random() < 0.1:
        point = {"start_index": 392, "end_index": 397, "secs": 5, "value": of.shape.watts * 3}
        row["icu_achievements"] = [
            {
                "id": "ps0_5",
                "type": "BEST_POWER",
                "watts": of.shape.watts * 3,
                "secs": 5,
                "point": point,
            }
        ]
    return row


def _pace(of: _Workout) -> Row:
    sport, speed = of.shape.sport, _speed(of.shape)
    if not of.shape.distance_m or not (sport.on_foot or "Swim" in sport.type):
        return {"gap": None, "gap_model": "NONE"}
    threshold = 0.8333333 if "Swim" in sport.type else 3.3898
    row: Row = {
        "threshold_pace": threshold,
        "pace_zones": PACE_ZONES,
        "gap_model": "STRAVA_RUN" if sport.on_foot else "NONE",
    }
    row["pace_zone_times"] = [
        round(of.shape.recording_s * part) for part in (0.7, 0.2, 0.06, 0.04, 0, 0, 0)
    ]
    row["average_stride"] = f32(speed * 60 / (of.shape.cadence * (2 if sport.on_foot else 1)))
    if sport.key == "run":
        row |= {
            "gap": f32(speed * 1.02),
            "gap_zone_times": row["pace_zone_times"],
            "use_gap_zone_times": True,
        }
        row |= {"average_stance_time": f32(262 + of.rng.random() * 20)}
        row |= {"average_vertical_oscillation": f32(82 + of.rng.random() * 9)}
        row |= {
            "average_vertical_ratio": f32(8 + of.rng.random()),
            "average_step_length": f32(speed * 30_000 / of.shape.cadence),
        }
    return row


def _load(of: _Workout) -> Row:
    sport, hours = of.shape.sport, of.shape.recording_s / 3600
    if sport.key == "strength":
        return {"icu_training_load": None, "icu_intensity": None}
    by_hr = round(hours * (of.shape.hr / LTHR) ** 2 * 100)
    row: Row = {
        "hr_load": by_hr,
        "hr_load_type": "HRSS",
        "icu_training_load": by_hr,
        "tiz_order": "POWER_HR_PACE",
    }
    row["polarization_index"] = f32(of.rng.random() * 2 - 0.4)
    if sport.key in {"run", "treadmill", "trail", "swim", "tri_run", "tri_swim"}:
        row |= {
            "pace_load": round(by_hr * 1.3),
            "pace_load_type": "SWIM" if "wim" in sport.key else "RUN",
        }
    if of.shape.watts and not sport.on_foot:
        load = round(hours * (of.shape.watts * 1.06 / FTP) ** 2 * 100)
        row |= {"power_load": load, "icu_training_load": load}
    elif not of.shape.watts:
        row["icu_intensity"] = f32(of.shape.hr / LTHR * 90)
    return row


def _fitness(of: _Workout) -> Row:
    """What is true of the athlete on that day; it drifts although the workout stays."""
    day = of.plan.start.toordinal()
    row: Row = {
        "icu_ctl": f32(48 + 14 * math.sin(day / 61)),
        "icu_atl": f32(51 + 22 * math.sin(day / 9.3)),
    }
    row |= {"icu_weight": f32(WEIGHT + 1.4 * math.sin(day / 40)), "icu_resting_hr": 47 + day % 5}
    if of.shape.watts:
        row |= {"icu_rolling_ftp": FTP + day % 9 - 4, "icu_rolling_ftp_delta": 0}
        row |= {"icu_rolling_w_prime": f32(17_460 + of.rng.random() * 900)}
        row |= {
            "icu_rolling_p_max": f32(842 + of.rng.random() * 40),
            "icu_pm_ftp": FTP - 5,
            "icu_pm_cp": FTP - 9,
        }
        row |= {
            "icu_pm_w_prime": 14_210,
            "icu_pm_p_max": 871,
            "icu_pm_ftp_secs": 612,
            "icu_pm_ftp_watts": 267,
        }
    return row


def _settings(of: _Workout) -> Row:
    row: Row = {
        "lthr": LTHR, "athlete_max_hr": MAX_HR, "icu_hr_zones": HR_ZONES, "icu_ignore_time": False, "icu_ignore_power": False,
        "icu_ignore_hr": False, "ignore_velocity": False, "ignore_pace": False, "icu_warmup_time": 1200, "icu_cooldown_time": 600,
        "commute": False, "race": False, "trainer": False, "sub_type": "NONE", "icu_intervals_edited": False,
    }  # fmt: skip
    if of.shape.watts:
        row |= {"icu_ftp": FTP, "icu_w_prime": 15_800, "p_max": 880}
        row |= {"icu_power_zones": POWER_ZONES, "icu_power_spike_threshold": 30}
        row |= {"icu_sweet_spot_min": 84, "icu_sweet_spot_max": 97}
    return row


def _weather(of: _Workout) -> Row:
    row: Row = {
        "average_temp": f32(21 + of.rng.random() * 4),
        "min_temp": 19,
        "max_temp": 28,
        "has_weather": False,
    }
    if not of.shape.sport.gps or of.plan.number % 3 == 1:
        return row
    air, wind = 16 + 10 * math.sin(of.plan.start.timetuple().tm_yday / 58), of.rng.random() * 5
    return row | {
        "has_weather": True, "average_weather_temp": f32(air), "min_weather_temp": f32(air - 1.5),
        "max_weather_temp": f32(air + 1.5),
        "average_feels_like": f32(air - wind), "min_feels_like": f32(air - wind - 2), "max_feels_like": f32(air),
        "average_wind_speed": f32(wind), "average_wind_gust": f32(wind * 2.2), "prevailing_wind_deg": int(of.rng.random() * 360),
        "headwind_percent": f32(of.rng.random() * 50), "tailwind_percent": f32(of.rng.random() * 50),
        "average_clouds": int(of.rng.random() * 100),
        "max_rain": 0.0, "max_snow": 0.0,
    }  # fmt: skip


def _opinion(of: _Workout) -> Row:
    row: Row = {}
    if of.rng.random() < 0.5:
        row |= {"icu_rpe": 2 + int(of.rng.random() * 8), "feel": 1 + int(of.rng.random() * 5)}
        row["session_rpe"] = row["icu_rpe"] * of.shape.recording_s // 60
    if "cycling" in of.shape.sport.fit and of.shape.sport.gps:
        metres = f32(21_000_000 - of.plan.number * 41_000.0)
        row["gear"] = {
            "id": "b1842",
            "name": "Canyon Endurace",
            "distance": metres,
            "primary": True,
        }
    if of.shape.sport.on_foot:
        metres = f32(612_000 - of.plan.number * 37.0)
        row["gear"] = {
            "id": "g977",
            "name": "Brooks Ghost 15",
            "distance": metres,
            "primary": False,
        }
    if of.rng.random() < 0.15:
        row |= {
            "paired_event_id": 104_649_834 - of.plan.number,
            "compliance": f32(90 + of.rng.random() * 20),
        }
        row |= {"tags": ["planned", "block 2"]}
    if of.shape.sport.key == "strength" and of.rng.random() < 0.6:
        row["kg_lifted"] = f32(1200 + int(of.rng.random() * 4000))
    return row


def _noise(of: _Workout) -> Row:
    row: Row = {
        "stream_types": of.shape.stream_types,
        "skyline_chart_bytes": _skyline(of),
        "icu_lap_count": len(of.shape.efforts), "icu_median_time_delta": 4 if of.shape.sport.smart else 1, "has_segments": False,
        "VO2MaxGarmin": 46.66333770751953, "icu_sync_error": None,
    }  # fmt: skip
    hard = [effort.end_s - effort.start_s for effort in of.shape.efforts if effort.work]
    row["interval_summary"] = [
        f"{len(hard)}x {hard[0] // 60}m{hard[0] % 60}s {round(of.shape.hr * 1.035)}bpm"
    ]
    if of.shape.watts:
        row |= {"TSS": round(of.rng.random() * 90, 1)}
        row |= {"PercentWmin": "NaN" if of.rng.random() < 0.3 else round(of.rng.random() * 100, 3)}
    return row


def _skyline(of: _Workout) -> str:
    """The tiny chart of the list page: a string, although the API's document says a list."""
    effort = [int(of.rng.random() * 100) for _ in range(60 + of.shape.recording_s // 60)]
    return base64.b64encode(bytes([8, 7, 18, len(effort), *effort, 26, 1, 91])).decode()


def _speed(shape: Shape) -> float:
    return shape.distance_m / shape.recording_s

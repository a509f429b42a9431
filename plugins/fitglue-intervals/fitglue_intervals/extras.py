"""The keys of an activity that the model has no field for: numbers with a known meaning become
metrics, and the others become extensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_intervals.checks import known_keys
from fitglue_intervals.reading import is_not_a_number
from fitglue_registry.model.long_texts import cut_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_intervals.values import Values

#: Name of the metric → key of the API. The state of the athlete (fitness, fatigue, weight) is left
#: out. Seen: it drifts from day to day while the workout stays the same.
METRICS = {
    "trimp": "trimp",
    "session_rpe": "session_rpe",
    "strain_score": "strain_score",
    "polarization_index": "polarization_index",
    "decoupling_pct": "decoupling",
    "variability_index": "icu_variability_index",
    "efficiency_factor": "icu_efficiency_factor",
    "power_to_heartrate": "icu_power_hr",
    "work_above_ftp_j": "icu_joules_above_ftp",
    "max_wbal_depletion_j": "icu_max_wbal_depletion",
    "left_right_balance_pct": "avg_lr_balance",
    "ftp_watts": "icu_ftp",
    "w_prime_j": "icu_w_prime",
    "p_max_watts": "p_max",
    "lthr_bpm": "lthr",
    "athlete_max_heartrate_bpm": "athlete_max_hr",
    "pace_mps": "pace",
    "grade_adjusted_pace_mps": "gap",
    "threshold_pace_mps": "threshold_pace",
    "coasting_s": "coasting_time",
    "compliance_pct": "compliance",
    "kg_lifted": "kg_lifted",
    "carbs_used_g": "carbs_used",
    "carbs_ingested_g": "carbs_ingested",
    "device_laps": "icu_lap_count",
}

#: Keys that become extensions with the same name and value.
_PLAIN = (
    "source",
    "external_id",
    "file_type",
    "file_sport_index",
    "route_id",
    "paired_event_id",
    "created",
    "interval_summary",
    "recording_stops",
    "attachments",
    "analysis_issues",
)
#: Section of the extensions → name in it → key of the API.
_SECTIONS = {
    "oauth_client": {"id": "oauth_client_id", "name": "oauth_client_name"},
    "power_meter": {
        "name": "power_meter",
        "serial": "power_meter_serial",
        "battery": "power_meter_battery",
    },
    "power_zones": {
        "bounds_pct": "icu_power_zones",
        "times": "icu_zone_times",
    },
    "heartrate_zones": {
        "bounds_bpm": "icu_hr_zones",
        "times_s": "icu_hr_zone_times",
    },
    "pace_zones": {
        "bounds_pct": "pace_zones",
        "times_s": "pace_zone_times",
        "grade_adjusted_times_s": "gap_zone_times",
    },
    "heartrate_recovery": {
        "start_bpm": "start_bpm",
        "end_bpm": "end_bpm",
        "drop_bpm": "hrr",
    },
    "weather": {
        "average_temperature_c": "average_weather_temp",
        "min_temperature_c": "min_weather_temp",
        "max_temperature_c": "max_weather_temp",
        "average_feels_like_c": "average_feels_like",
        "average_wind_speed_mps": "average_wind_speed",
        "average_wind_gust_mps": "average_wind_gust",
        "prevailing_wind_deg": "prevailing_wind_deg",
        "headwind_pct": "headwind_percent",
        "tailwind_pct": "tailwind_percent",
        "average_clouds_pct": "average_clouds",
        "max_rain_mm": "max_rain",
        "max_snow_mm": "max_snow",
    },
}
#: Name → the flag that the athlete sets if this part of the recording is wrong.
_IGNORED = {
    "time": "icu_ignore_time",
    "power": "icu_ignore_power",
    "heartrate": "icu_ignore_hr",
    "pace": "ignore_pace",
    "velocity": "ignore_velocity",
}
_EMPTY: tuple[Any, ...] = (None, {}, [], "")
MOST_VALUES = 2_000
"""The values that one extension may have, such as a list in a custom field. The largest ones that
were seen have some dozens."""
#: The characters of the name of an extension that a remark repeats.
_LONGEST_NAME = 100


def metrics_of(values: Values) -> dict[str, float]:
    """Return the numbers that have a known meaning but no field of the model."""
    metrics = {}
    for name, key in METRICS.items():
        number = values.number(key)
        if number is not None:
            metrics[name] = number
    return metrics


def extensions_of(values: Values) -> dict[str, Any]:
    """Return the values that are neither a field of the model nor a metric, by name.

    Unknown keys are custom fields of the athlete, and are below ``custom``.
    """
    payload = values.payload
    extensions: dict[str, Any] = {key: payload.get(key) for key in _PLAIN}
    for section, names in _SECTIONS.items():
        source: Any = payload
        # Heart rate recovery is the only section that is an object in the payload, too.
        if section == "heartrate_recovery":
            source = payload.get("icu_hrr")
        if isinstance(source, dict):
            extensions[section] = _present(source, names)
    extensions["ignored"] = [name for name, key in _IGNORED.items() if values.flag(key)]
    extensions["custom"] = _without_large(values, _custom(payload))
    present = {name: value for name, value in extensions.items() if value not in _EMPTY}
    return _without_large(values, present)


def _without_large(values: Values, extensions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extensions that have at most ``MOST_VALUES`` values, and record the others."""
    kept = {}
    for name, extension in extensions.items():
        number = _number_of_values(extension)
        if number <= MOST_VALUES:
            kept[name] = extension
        else:
            reason = f"the source has {number:,} values, more than {MOST_VALUES:,}"
            values.missing[cut_text(name, _LONGEST_NAME)] = reason
    return kept


def _number_of_values(extension: Any) -> int:
    """Return how many values there are in lists and objects, at all levels."""
    if isinstance(extension, dict):
        return len(extension) + sum(map(_number_of_values, extension.values()))
    if isinstance(extension, list):
        return len(extension) + sum(map(_number_of_values, extension))
    return 0


def _present(payload: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that are not null, by name."""
    present = {}
    for name, key in names.items():
        value = payload.get(key)
        if value is not None:
            present[name] = value
    return present


def _custom(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the custom fields.

    Seen: one account has a custom field called ``TSS``. It may mean anything, so custom fields
    never reach a field or a metric.
    """
    known = known_keys()
    custom = {}
    for key, value in payload.items():
        if key not in known and value is not None and not is_not_a_number(value):
            custom[key] = value
    return custom

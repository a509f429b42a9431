"""Makes one source activity of one session: what the file says of it, and from its samples what the
file leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fitglue_formats.clock import start_fields
from fitglue_formats.fit.clock import UNSET_BEFORE, moment, offset_s, recorded_s
from fitglue_formats.fit.device import device_of
from fitglue_formats.fit.laps import cadence, laps_of, number
from fitglue_formats.fit.samples import streams
from fitglue_formats.fit.sports import INDOOR, sport_of
from fitglue_formats.fit.strength import sets_of
from fitglue_registry.model import Completeness, Provenance, SourceActivity, TrainingLoad
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_formats.fit.samples import Samples

_SEMICIRCLE = 180 / 2**31
#: A start that is later than the first sample by more than this is worth a word.
_LATE_S = 60
_AMOUNTS = {
    "elapsed_s": "total_elapsed_time",
    "moving_s": "total_timer_time",
    "distance_m": "total_distance",
    "elevation_gain_m": "total_ascent",
    "elevation_loss_m": "total_descent",
    "calories_kcal": "total_calories",
    "average_heartrate_bpm": "avg_heart_rate",
    "max_heartrate_bpm": "max_heart_rate",
    "min_heartrate_bpm": "min_heart_rate",
    "average_ground_contact_ms": "avg_stance_time",
    "average_vertical_oscillation_mm": "avg_vertical_oscillation",
    "average_vertical_ratio_pct": "avg_vertical_ratio",
    "pool_length_m": "pool_length",
}
_FIGURES = {
    "average_watts": "avg_power",
    "max_watts": "max_power",
    "weighted_average_watts": "normalized_power",
    "work_j": "total_work",
    "average_speed_mps": "enhanced_avg_speed",
    "max_speed_mps": "enhanced_max_speed",
    "average_temperature_c": "avg_temperature",
    "max_temperature_c": "max_temperature",
    "min_temperature_c": "min_temperature",
    "average_altitude_m": "enhanced_avg_altitude",
    "min_altitude_m": "enhanced_min_altitude",
    "max_altitude_m": "enhanced_max_altitude",
}
#: No workout has none of these: a zero says that the device did not measure it.
_NEVER_ZERO = frozenset(
    {
        "elapsed_s",
        "moving_s",
        "average_heartrate_bpm",
        "max_heartrate_bpm",
        "min_heartrate_bpm",
        "pool_length_m",
        "average_ground_contact_ms",
        "average_vertical_oscillation_mm",
        "average_vertical_ratio_pct",
        "average_speed_mps",
    }
)
_METRICS = {
    "aerobic_training_effect": "total_training_effect",
    "anaerobic_training_effect": "total_anaerobic_training_effect",
    "threshold_watts": "threshold_power",
    "average_respiration_brpm": "enhanced_avg_respiration_rate",
    "average_core_temperature_c": "avg_core_temperature",
    "max_core_temperature_c": "max_core_temperature",
    "strides": "total_strides",
    "rmssd_ms": "rmssd_hrv",
    "grit": "total_grit",
    "flow": "total_flow",
    "jumps": "jump_count",
    "training_load_peak": "training_load_peak",
}


@dataclass(frozen=True, slots=True)
class Leg:
    """One session with what belongs to it: its samples, and the span in which its laps and sets
    begin.
    """

    number: int
    session: Values
    samples: Samples
    start: float
    first: float
    end: float


def activity(leg: Leg, messages: Messages, missing: dict[str, str]) -> SourceActivity:
    """The source activity of a leg."""
    session, samples = leg.session, leg.samples
    sport_raw, sub_sport = _text(session.get("sport")), _text(session.get("sub_sport"))
    sport = sport_of(sport_raw, sub_sport)
    fields = _figures(session)
    provenance = _from_samples(fields, leg)
    early = leg.start - float(samples.time[0]) if len(samples) else 0.0
    if early > _LATE_S:
        provenance["start_utc"] = Provenance(
            "reported", note=f"the samples begin {early:.0f} s before it"
        )
    if leg.start < UNSET_BEFORE:
        provenance["start_utc"] = Provenance(
            "estimated", note="the clock of the device was not set"
        )
    average_cadence = cadence(session, "avg_cadence")
    has_cadence = average_cadence is not None or "cadence" in samples.channels
    return SourceActivity(
        leg_no=leg.number,
        sport=sport,
        sport_raw=sport_raw,
        sub_type=sub_sport if sub_sport not in (None, "generic", "all") else None,
        trainer=True if sub_sport in INDOOR else None,
        **_start(leg, messages, sub_sport),
        **fields,
        **_rest(session, leg, messages, sport),
        average_cadence_rpm=average_cadence,
        max_cadence_rpm=cadence(session, "max_cadence"),
        cadence_per_leg=True if has_cadence and sport in ON_FOOT else None,
        power_kind="measured"
        if fields.get("average_watts") is not None or "watts" in samples.channels
        else None,
        device=device_of(messages),
        laps=laps_of(messages, samples, leg.start, leg.first, leg.end),
        sets=sets_of(messages, leg.first, leg.end),
        streams=streams(samples, leg.start),
        completeness=Completeness(("file",), dict(missing)),
        provenance=provenance,
    )


def _start(leg: Leg, messages: Messages, sub_sport: str | None) -> dict[str, Any]:
    """The start on both clocks."""
    place = position(leg.session) or leg.samples.place()
    stated = offset_s(messages)
    if sub_sport == "virtual_activity":
        place = None  # the track lies in a world that somebody drew
    elif stated == 0:
        # Apps that know no zone write UTC twice: the place knows better.
        stated = 0 if place is None else None
    return start_fields(moment(leg.start), place, stated)


def position(session: Values) -> tuple[float, float] | None:
    """Where a session began, if it says so."""
    latitude, longitude = (
        number(session, "start_position_lat"),
        number(session, "start_position_long"),
    )
    if (
        latitude is None
        or longitude is None
        or (not latitude and not longitude)
        or abs(latitude) > 2**30
    ):
        return None
    return latitude * _SEMICIRCLE, longitude * _SEMICIRCLE


def _figures(session: Values) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for field, name in (_AMOUNTS | _FIGURES).items():
        amount = number(session, name, zero=field not in _NEVER_ZERO)
        if amount is not None and not (field in _AMOUNTS and amount < 0):
            fields[field] = amount
    return fields


def _from_samples(fields: dict[str, Any], leg: Leg) -> dict[str, Provenance]:
    """Fill in what the session does not say and its samples do; each such field is marked."""
    samples, found = leg.samples, {}
    if not len(samples):
        return {}
    span = float(samples.time[-1]) - leg.start
    if span > 0:
        found["elapsed_s"] = max(span, fields.get("moving_s") or 0.0)
    distance = samples.channels.get("distance")
    if distance is not None:
        known = distance[~np.isnan(distance)]
        found["distance_m"] = float(max(known[-1], 0.0))
    for stream, average, highest in (
        ("heartrate", "average_heartrate_bpm", "max_heartrate_bpm"),
        ("watts", "average_watts", "max_watts"),
    ):
        if stream in samples.channels:
            values = samples.channels[stream]
            found |= {average: float(np.nanmean(values)), highest: float(np.nanmax(values))}
    if "altitude" in samples.channels:
        heights = samples.channels["altitude"]
        found |= {
            "min_altitude_m": float(np.nanmin(heights)),
            "max_altitude_m": float(np.nanmax(heights)),
        }
    added = {field: value for field, value in found.items() if field not in fields}
    fields |= added
    return {field: Provenance("computed", note="from the samples") for field in added}


def _rest(session: Values, leg: Leg, messages: Messages, sport: str) -> dict[str, Any]:
    stride = number(session, "avg_step_length", zero=False)
    lengths = session.get("num_active_lengths")
    rpe, feel = number(session, "workout_rpe"), number(session, "workout_feel")
    load, factor = (
        number(session, "training_stress_score", zero=False),
        number(session, "intensity_factor", zero=False),
    )
    # A file says TSS only where it was computed from power.
    loads = (TrainingLoad(load, "power", chosen=True),) if load is not None else ()
    end = leg.start + (
        number(session, "total_elapsed_time")
        or (float(leg.samples.time[-1]) - leg.start if len(leg.samples) else 0.0)
    )
    profile = _text(session.get("sport_profile_name"))
    return {
        "recording_s": recorded_s(messages, leg.start, end),
        "average_stride_m": stride / 1000 if stride and sport in ON_FOOT else None,
        "pool_lengths": lengths
        if isinstance(lengths, int) and number(session, "pool_length", zero=False)
        else None,
        "rpe": rpe / 10 if rpe is not None and 0 <= rpe <= 100 else None,
        "feel": 5 - round(feel / 25) if feel is not None and 0 <= feel <= 100 else None,
        "training_load": load,
        "training_loads": loads,
        "intensity_pct": factor * 100 if factor is not None else None,
        "metrics": {
            field: amount
            for field, name in _METRICS.items()
            if (amount := number(session, name)) is not None
        },
        "extensions": {"sport_profile": profile} if profile else {},
    }


def _text(value: Any) -> str | None:
    found = next((part for part in value if part), None) if isinstance(value, tuple) else value
    if isinstance(found, int):
        return f"sport_{found}"
    return (
        ("".join(char for char in found if char.isprintable()).strip() or None)
        if isinstance(found, str)
        else None
    )

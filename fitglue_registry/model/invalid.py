"""Numbers with which devices say "not measured", and which services pass on as if they were values.

They are the largest numbers of the types of the FIT profile (uint8 255, sint8 127, uint16 65,535,
uint32 4,294,967,295), with the scale and the offset of the field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model.activity import Completeness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitglue_registry.model.activity import SourceActivity
    from fitglue_registry.model.details import Lap

_UINT16 = 65_535.0
_UINT32 = 4_294_967_295.0
_RATE = frozenset({255.0, _UINT16})
_AMOUNT = frozenset({_UINT16, _UINT32})
_SPEED_MPS = frozenset({65.535, _UINT16})
_ALTITUDE_M = frozenset({-500.0, 12_607.0})
_TEMPERATURE_C = frozenset({127.0})
_TIME_S = frozenset({4_294_967.295, _UINT32})
_INVALID: Mapping[str, frozenset[float]] = {
    "average_heartrate_bpm": _RATE,
    "max_heartrate_bpm": _RATE,
    "min_heartrate_bpm": _RATE,
    "average_cadence_rpm": _RATE,
    "max_cadence_rpm": _RATE,
    "average_watts": _AMOUNT,
    "weighted_average_watts": _AMOUNT,
    "max_watts": _AMOUNT,
    "calories_kcal": _AMOUNT,
    "elevation_gain_m": _AMOUNT,
    "elevation_loss_m": _AMOUNT,
    "average_speed_mps": _SPEED_MPS,
    "max_speed_mps": _SPEED_MPS,
    "average_altitude_m": _ALTITUDE_M,
    "min_altitude_m": _ALTITUDE_M,
    "max_altitude_m": _ALTITUDE_M,
    "average_temperature_c": _TEMPERATURE_C,
    "min_temperature_c": _TEMPERATURE_C,
    "max_temperature_c": _TEMPERATURE_C,
    "elapsed_s": _TIME_S,
    "moving_s": _TIME_S,
    "recording_s": _TIME_S,
    "distance_m": frozenset({42_949_672.95, _UINT32}),
}


def without_invalid(activity: SourceActivity) -> SourceActivity:
    """Return an activity without the numbers that mean "not measured", also in its laps.

    ``completeness.missing`` says for each field what the source states.

    Args:
        activity: What a service states about a workout.
    """
    invalid = dict(_invalid_values(activity))
    laps = tuple(map(_lap_without_invalid, activity.laps))
    if not invalid and laps == activity.laps:
        return activity
    missing = dict(activity.completeness.missing)
    for name, value in invalid.items():
        missing[name] = f'the source says {value:,.10g}, which means "not measured"'
    cleared: dict[str, Any] = dict.fromkeys(invalid)
    return msgspec.structs.replace(
        activity,
        **cleared,
        laps=laps,
        completeness=Completeness(activity.completeness.parts, missing),
    )


def _lap_without_invalid(lap: Lap) -> Lap:
    """Return a lap without the numbers that mean "not measured"."""
    cleared: dict[str, Any] = dict.fromkeys(name for name, _ in _invalid_values(lap))
    if not cleared:
        return lap
    return msgspec.structs.replace(lap, **cleared)


def _invalid_values(measured: SourceActivity | Lap) -> Iterator[tuple[str, float]]:
    """Yield each field of an activity or a lap whose number means "not measured", with it."""
    for name, invalid in _INVALID.items():
        value = getattr(measured, name, None)
        if value is not None and value in invalid:
            yield name, value

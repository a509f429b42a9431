"""The numbers that cannot have been measured: one rule for totals, laps and samples.

Devices say "not measured" with the largest number of a type of the FIT profile (uint8 255, sint8
127, uint16 65,535, uint32 4,294,967,295), with the scale and the offset of the field. Programs and
services pass these on as if they were values, or write -1, -9999 and the limits of their own types.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from fitglue_registry.model.activity import Completeness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitglue_registry.model.activity import SourceActivity
    from fitglue_registry.model.details import Lap

_UINT16 = 65_535.0
_UINT32 = 4_294_967_295.0


class Limits(NamedTuple):
    """What can have been measured of one quantity.

    Attributes:
        lowest: The lowest number that is possible.
        highest: The highest number that is possible.
        invalid: The numbers between the two that mean "not measured".
    """

    lowest: float
    highest: float
    invalid: frozenset[float] = frozenset()


LIMITS: Mapping[str, Limits] = {
    "heartrate": Limits(0.0, 254.0),
    # Steps of both legs, turns of a rope or strokes per minute.
    "cadence": Limits(0.0, 500.0, frozenset({255.0})),
    "watts": Limits(0.0, 65_534.0),
    "velocity": Limits(0.0, 1000.0, frozenset({65.535, 655.35})),
    "altitude": Limits(-1000.0, 30_000.0, frozenset({-500.0, 12_607.0})),
    "temperature": Limits(-90.0, 100.0, frozenset({127.0})),
    # The circumference of the earth is 40,075 km.
    "distance": Limits(0.0, 40_075_000.0, frozenset({_UINT32 / 1000})),
    "calories": Limits(0.0, 65_534.0),
    "climb": Limits(0.0, 400_000.0, frozenset({_UINT16})),
    # The largest number of milliseconds is seven weeks.
    "time": Limits(0.0, 4_294_967.0),
}
"""Quantity → what can have been measured. The quantities of samples have the names of streams."""
_QUANTITIES = {
    "average_heartrate_bpm": "heartrate",
    "max_heartrate_bpm": "heartrate",
    "min_heartrate_bpm": "heartrate",
    "average_cadence_rpm": "cadence",
    "max_cadence_rpm": "cadence",
    "average_watts": "watts",
    "weighted_average_watts": "watts",
    "max_watts": "watts",
    "calories_kcal": "calories",
    "elevation_gain_m": "climb",
    "elevation_loss_m": "climb",
    "average_speed_mps": "velocity",
    "max_speed_mps": "velocity",
    "average_altitude_m": "altitude",
    "min_altitude_m": "altitude",
    "max_altitude_m": "altitude",
    "average_temperature_c": "temperature",
    "min_temperature_c": "temperature",
    "max_temperature_c": "temperature",
    "elapsed_s": "time",
    "moving_s": "time",
    "recording_s": "time",
    "distance_m": "distance",
}
_LIMITS_OF = {field: LIMITS[quantity] for field, quantity in _QUANTITIES.items()}
NOT_MEASURED = frozenset({127.0, 255.0, _UINT16, _UINT32, _UINT32 / 100, _UINT32 / 1000})
"""The numbers with which devices say "not measured", also beyond what is possible."""


def why_invalid(field: str, value: float | None) -> str | None:
    """Return why a number of a field cannot have been measured, or ``None`` if it can.

    Args:
        field: A field of an activity or of a lap.
        value: Its value, in the unit of the field.

    Returns:
        The number with a clause about it, such as ``255, which means "not measured"``.
    """
    limits = _LIMITS_OF.get(field)
    if value is None or limits is None or _is_possible(value, limits):
        return None
    is_absent = value in limits.invalid or value in NOT_MEASURED
    meaning = 'means "not measured"' if is_absent else "is impossible"
    return f"{value:,.10g}, which {meaning}"


def _is_possible(value: float, limits: Limits) -> bool:
    return limits.lowest <= value <= limits.highest and value not in limits.invalid


def without_invalid(activity: SourceActivity) -> SourceActivity:
    """Return an activity without the numbers that cannot have been measured, also in its laps.

    ``completeness.missing`` says for each field what the source states.

    Args:
        activity: What a service states about a workout.
    """
    invalid = dict(_invalid_values(activity))
    laps = tuple(map(_lap_without_invalid, activity.laps))
    if not invalid and laps == activity.laps:
        return activity
    missing = dict(activity.completeness.missing)
    for name, reason in invalid.items():
        missing[name] = f"the source says {reason}"
    cleared: dict[str, Any] = dict.fromkeys(invalid)
    return msgspec.structs.replace(
        activity,
        **cleared,
        laps=laps,
        completeness=Completeness(activity.completeness.parts, missing),
    )


def _lap_without_invalid(lap: Lap) -> Lap:
    """Return a lap without the numbers that cannot have been measured."""
    cleared: dict[str, Any] = dict.fromkeys(name for name, _ in _invalid_values(lap))
    if not cleared:
        return lap
    return msgspec.structs.replace(lap, **cleared)


def _invalid_values(measured: SourceActivity | Lap) -> Iterator[tuple[str, str]]:
    """Yield each field of an activity or a lap whose number is impossible, with the reason."""
    for name, limits in _limited_fields(type(measured)):
        value = getattr(measured, name)
        # What is no finite number is a mistake of the plugin, which the host reports.
        if value is None or _is_possible(value, limits) or not math.isfinite(value):
            continue
        reason = why_invalid(name, value)
        if reason is not None:
            yield name, reason


@cache
def _limited_fields(kind: type[SourceActivity | Lap]) -> tuple[tuple[str, Limits], ...]:
    """Return the fields of activities or of laps that have limits, with their limits."""
    fields = frozenset(kind.__struct_fields__)
    return tuple((name, limits) for name, limits in _LIMITS_OF.items() if name in fields)

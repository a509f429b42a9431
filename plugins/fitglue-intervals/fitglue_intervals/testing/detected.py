"""The efforts that the service detects in a recording (``icu_intervals``), and the groups of
similar efforts (``icu_groups``).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from fitglue_intervals.testing.values import Row, f32

if TYPE_CHECKING:
    from fitglue_intervals.testing.shapes import Effort, Shape

_GROUP_FIELDS = (
    "average_watts",
    "average_cadence",
    "elapsed_time",
    "moving_time",
)


def intervals_of(shape: Shape) -> tuple[list[Row], list[Row]]:
    """Return the intervals, which fill the recording without overlap, and the groups of the hard
    ones.

    ``start_index`` and ``end_index`` count samples, with the end excluded; ``start_time`` and
    ``end_time`` are seconds since the start. Both habits were seen in captured payloads.
    """
    recorded = shape.recorded()
    clock = shape.clock(recorded)
    intervals = []
    for number, effort in enumerate(shape.efforts):
        # With smart recording no sample need be at the second of the effort: take the next one.
        start = bisect_left(recorded, effort.start_s)
        end = bisect_left(recorded, effort.end_s)
        start_time = clock[start]
        end_time = clock[end] if end < len(clock) else shape.elapsed_s
        row: Row = {
            "id": 1_015_501 + (shape.leg.seed * 7919 + number * 613) % 8_000_000,
            "type": "WORK" if effort.work else "RECOVERY",
            "start_index": start,
            "end_index": end,
            "start_time": start_time,
            "end_time": end_time,
            "elapsed_time": end_time - start_time,
            "moving_time": effort.duration_s,
        }
        row |= _measurements(shape, effort)
        row["label"] = f"Lap {number}" if effort.work else None
        intervals.append(row)
    return intervals, _groups(intervals)


def _measurements(shape: Shape, effort: Effort) -> Row:
    """Return what was measured in one interval, only the values that the sport has."""
    sport = shape.sport
    share = effort.duration_s / shape.recording_s
    measurements: Row = {
        "average_heartrate": round(shape.hr * (0.86 + effort.level * 0.14)),
        "min_heartrate": round(shape.hr * 0.8),
        "max_heartrate": min(round(shape.hr * 1.08), shape.hr_max),
        "zone": 4 if effort.work else 1,
        "intensity": round(70 * effort.level),
        "group_id": None,
    }
    if sport.cadence:
        measurements["average_cadence"] = f32(shape.cadence * (0.95 + effort.level * 0.05))
    if sport.speed_ms:
        meters = shape.distance_m * share * (0.8 + effort.level * 0.2)
        measurements["distance"] = f32(meters)
        measurements["average_speed"] = f32(meters / max(effort.duration_s, 1))
    if sport.watts:
        watts = round(shape.watts * effort.level)
        measurements["average_watts"] = watts
        measurements["weighted_average_watts"] = watts + 4
        measurements["joules"] = watts * effort.duration_s
        measurements["training_load"] = f32(share * 60 * effort.level * effort.level)
        if effort.work:
            # Seen: the id of a group is a display text such as `15s@357w83rpm`, not a number.
            measurements["group_id"] = f"{effort.duration_s}s@{watts}w{shape.cadence}rpm"
    return measurements


def _groups(intervals: list[Row]) -> list[Row]:
    """Return one row per group id, with the values of the last interval of that group."""
    groups: dict[str, Row] = {}
    for row in intervals:
        id_ = row["group_id"]
        if id_ is None:
            continue
        group = groups.setdefault(id_, {"id": id_, "count": 0})
        group["count"] += 1
        for name in _GROUP_FIELDS:
            group[name] = row[name]
    return list(groups.values())

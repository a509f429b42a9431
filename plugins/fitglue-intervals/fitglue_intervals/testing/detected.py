"""The efforts that the service detects in a recording (``icu_intervals``), joined into groups of
like ones (``icu_groups``).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from fitglue_intervals.testing.values import Row, f32

if TYPE_CHECKING:
    from fitglue_intervals.testing.shapes import Effort, Shape


def intervals_of(shape: Shape) -> tuple[list[Row], list[Row]]:
    """Intervals that fill the recording, their indexes into the streams with exclusive ends; the
    groups of the hard ones.
    """
    recorded = shape.recorded()
    clock = shape.clock(recorded)
    intervals = []
    for number, effort in enumerate(shape.efforts):
        start, end = bisect_left(recorded, effort.start_s), bisect_left(recorded, effort.end_s)
        row: Row = {
            "id": 1_015_501 + (shape.leg.seed * 7919 + number * 613) % 8_000_000,
            "type": "WORK" if effort.work else "RECOVERY",
            "start_index": start,
            "end_index": end,
            "start_time": clock[start],
            "end_time": clock[end] if end < len(clock) else shape.elapsed_s,
        }
        row |= {
            "elapsed_time": row["end_time"] - row["start_time"],
            "moving_time": effort.end_s - effort.start_s,
        }
        intervals.append(
            row | _figures(shape, effort) | {"label": f"Lap {number}" if effort.work else None}
        )
    return intervals, _groups(intervals)


def _figures(shape: Shape, effort: Effort) -> Row:
    """What was measured in one interval; only the figures that the sport has."""
    sport, share = shape.sport, (effort.end_s - effort.start_s) / shape.recording_s
    figures: Row = {
        "average_heartrate": round(shape.hr * (0.86 + effort.level * 0.14)),
        "min_heartrate": round(shape.hr * 0.8),
        "max_heartrate": min(round(shape.hr * 1.08), shape.hr_max),
        "zone": 4 if effort.work else 1,
        "intensity": round(70 * effort.level),
        "group_id": None,
    }
    if sport.cadence:
        figures["average_cadence"] = f32(shape.cadence * (0.95 + effort.level * 0.05))
    if sport.speed_ms:
        metres = shape.distance_m * share * (0.8 + effort.level * 0.2)
        figures |= {
            "distance": f32(metres),
            "average_speed": f32(metres / max(effort.end_s - effort.start_s, 1)),
        }
    if sport.watts:
        watts = round(shape.watts * effort.level)
        figures |= {"average_watts": watts, "weighted_average_watts": watts + 4}
        figures |= {"joules": watts * (effort.end_s - effort.start_s)}
        figures["training_load"] = f32(share * 60 * effort.level * effort.level)
        figures["group_id"] = (
            f"{effort.end_s - effort.start_s}s@{watts}w{shape.cadence}rpm" if effort.work else None
        )
    return figures


def _groups(intervals: list[Row]) -> list[Row]:
    groups: dict[str, Row] = {}
    for row in intervals:
        if row["group_id"] is not None:
            group = groups.setdefault(row["group_id"], {"id": row["group_id"], "count": 0})
            group["count"] += 1
            group |= {
                key: row[key]
                for key in ("average_watts", "average_cadence", "elapsed_time", "moving_time")
            }
    return list(groups.values())

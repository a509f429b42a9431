"""Recognizes that an athlete cropped a workout at the service, and computes what is left."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from fitglue_registry.model import (
    CROPPED_FIELDS,
    Extent,
    Provenance,
    SourceActivity,
    Stream,
    cut_laps,
    cut_streams,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

#: A crop removes at least this many seconds at the start or at the end, because services and
#: devices begin and end a workout some seconds apart.
LEAST_CROP_S = 60.0
#: A crop removes at least this share of the distance: a stop before the end is not cut off.
_LEAST_SHARE = 0.01
#: A row may begin before its file, or end after it, by this many seconds.
_OUTSIDE_S = 5.0
#: The functions that compute a value from samples, by the first part of its field.
_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "average": lambda values: round(sum(values) / len(values), 2),
    "max": max,
    "min": min,
}
#: Stream → its fields that are computed from the samples.
_STATISTICS = {
    "heartrate": ("average_heartrate_bpm", "max_heartrate_bpm", "min_heartrate_bpm"),
    "watts": ("average_watts", "max_watts"),
    "cadence": ("average_cadence_rpm", "max_cadence_rpm"),
    "altitude": ("average_altitude_m", "max_altitude_m", "min_altitude_m"),
    "temperature": ("average_temperature_c", "max_temperature_c", "min_temperature_c"),
    "velocity": ("max_speed_mps",),
}
_ALWAYS = ("heartrate", "watts", "cadence")
#: Fields that are computed again only if the reader of the file computed them by the same rule: an
#: ascent that the barometer of a watch measured cannot be compared with one from the samples.
_BY_RULE = ("elevation_gain_m", "elevation_loss_m", "max_speed_mps")


def cropped_to(row: SourceActivity, leg: SourceActivity) -> Extent | None:
    """Return the segment of a file that a row has, or ``None`` if the row is not cropped.

    Args:
        row: The workout as the service has it.
        leg: The only workout of its file.
    """
    if row.start_utc is None or leg.start_utc is None:
        return None
    if not row.elapsed_s or not leg.elapsed_s:
        return None
    if not row.distance_m or not leg.distance_m:
        return None

    apart = row.start_utc - leg.start_utc
    start_s = apart.total_seconds()
    end_s = start_s + row.elapsed_s
    is_inside = start_s >= -_OUTSIDE_S and end_s <= leg.elapsed_s + _OUTSIDE_S
    if not is_inside:
        return None

    cut_off_s = leg.elapsed_s - end_s
    is_shorter = start_s >= LEAST_CROP_S or cut_off_s >= LEAST_CROP_S
    most_m = leg.distance_m * (1 - _LEAST_SHARE)
    if not is_shorter or row.distance_m > most_m:
        return None
    return Extent(start_s, end_s)


def cropped(leg: SourceActivity, extent: Extent) -> SourceActivity:
    """Return the workout of a file without what was cut off, and without streams.

    Values of the complete file do not hold for the rest, so they are removed. What the samples that
    are left show is computed from them. The row supplies time and distance.
    """
    rest = cut_streams(leg.streams, extent)
    statistics = _by_rule(leg, rest) | _statistics(leg, rest)
    return msgspec.structs.replace(
        without_measured(leg),
        **statistics
        | {
            **_start(leg, extent),
            "start_precision": leg.start_precision,
            "power_kind": leg.power_kind,
            "cadence_per_leg": leg.cadence_per_leg,
            "pool_length_m": leg.pool_length_m,
            "laps": cut_laps(leg.laps, leg.streams, extent),
            "provenance": _provenance(leg, statistics),
        },
    )


def without_measured(activity: SourceActivity) -> SourceActivity:
    """Return a workout without the values that hold only for its own part of the recording."""
    values: dict[str, Any] = dict.fromkeys(CROPPED_FIELDS)
    for name in CROPPED_FIELDS:
        if isinstance(getattr(activity, name), tuple):
            values[name] = ()
    # The precision of the start is never absent.
    values["start_precision"] = activity.start_precision
    return msgspec.structs.replace(activity, **values, metrics={})


def _start(leg: SourceActivity, extent: Extent) -> dict[str, Any]:
    """Return the start of what is left of the file, on the clocks that the file states."""
    start_utc = _later(leg.start_utc, extent)
    fields = {
        "start_utc": start_utc,
        "start_local": _later(leg.start_local, extent),
        "timezone": leg.timezone,
        "utc_offset_s": leg.utc_offset_s,
    }
    if start_utc is None or leg.start_local is None or leg.timezone is None:
        return fields
    # The clocks may have changed in what was cut off.
    local = start_utc.astimezone(ZoneInfo(leg.timezone))
    offset = local.utcoffset() or timedelta()
    return {
        **fields,
        "start_local": local.replace(tzinfo=None),
        "utc_offset_s": round(offset.total_seconds()),
    }


def _later(start: datetime | None, extent: Extent) -> datetime | None:
    if start is None:
        return None
    return start + timedelta(seconds=extent.start_s)


def _provenance(leg: SourceActivity, computed: Iterable[str]) -> dict[str, Provenance]:
    """Return the provenance of what is left of the file, and of the computed values."""
    provenance = {}
    for name, origin in leg.provenance.items():
        field, _, part = name.partition(".")
        # A stream that was cut still comes from where it came from.
        if part or field not in CROPPED_FIELDS:
            provenance[name] = origin
    mark = Provenance("computed", note="from the samples that are left")
    return provenance | dict.fromkeys(computed, mark)


def _statistics(leg: SourceActivity, streams: Sequence[Stream]) -> dict[str, float]:
    """Return the averages and extremes of the samples, without those that the file never had.

    Heart rate, power and cadence are always computed, because files often state no average of them.
    """
    fields = {}
    for stream in streams:
        values: list[Any] = [value for value in stream.values.to_list() if value is not None]
        if not values:
            continue
        for field in _STATISTICS.get(stream.type, ()):
            function, _, _ = field.partition("_")
            is_usual = stream.type in _ALWAYS and function != "min"
            if is_usual or getattr(leg, field) is not None:
                fields[field] = _FUNCTIONS[function](values)
    return fields


def _by_rule(leg: SourceActivity, streams: Sequence[Stream]) -> dict[str, float]:
    """Return the values that the reader of the file had computed, computed again for the rest."""
    computed = []
    for field in _BY_RULE:
        origin = leg.provenance.get(field)
        if origin is not None and origin.how == "computed":
            computed.append(field)
    if not computed:
        return {}
    # NumPy takes long to import, and nearly no workout is cropped.
    from fitglue_formats.cut_tracks import figures_of_streams

    figures = figures_of_streams(streams)
    return {field: round(figures[field], 3) for field in computed if field in figures}

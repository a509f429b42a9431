"""The laps of a TCX: what each states, and the track points that belong to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from lxml import etree

from fitglue_formats.writing.cadence import cadence_factor
from fitglue_formats.writing.laps import laps_of, one_lap
from fitglue_formats.writing.moments import iso
from fitglue_formats.writing.numbers import decimal
from fitglue_formats.writing.samples import Samples, samples_of
from fitglue_formats.writing.segments import pause_ends
from fitglue_formats.writing.tcx_names import EXTENSION, child, extension, name_of
from fitglue_registry.model import family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

    from fitglue_registry.model import Lap, SourceActivity

#: Schema TrainingCenterDatabase v2, type ``Intensity_t``: a lap is active or a rest.
_RESTS = frozenset({"rest", "recovery"})
#: The highest numbers of the types of the schema.
_MOST_HEARTRATE = 255
_MOST_CADENCE = 254
_MOST_SHORT = 0xFFFF
_DEGREE_DIGITS = 8
#: Laps are rounded, so their sum can differ from the total by this much, in seconds or meters and
#: as a share.
_TOLERANCE = 5.0
_TOLERANCE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class LapPart:
    """A lap with its samples.

    Attributes:
        lap: The lap.
        begin: Its start, in seconds after the start of the activity.
        samples: Its samples.
        breaks: The ends of the pauses, each of which begins a new track.
    """

    lap: Lap
    begin: float
    samples: Samples
    breaks: Sequence[float]


def parts_of(
    activity: SourceActivity,
    start: datetime,
) -> list[LapPart]:
    """Return the laps of an activity in the order of time, each with its samples.

    Samples before the first lap belong to the first one, and those between two laps to the earlier
    one. The first lap begins with the activity, because readers take its start for that of the
    activity.
    """
    samples = samples_of(activity)
    elapsed_s = _elapsed(activity, samples)
    laps = laps_of(activity, elapsed_s)
    if not _agree(laps, activity):
        laps = [one_lap(activity, elapsed_s)]
    begins = [_begin(lap, start) for lap in laps]
    order = sorted(range(len(laps)), key=begins.__getitem__)
    borders = [begins[number] for number in order[1:]]
    # A sample at the border belongs to the lap that begins there.
    numbers = np.searchsorted(borders, samples.time, side="right")
    breaks = pause_ends(activity, samples)
    parts = []
    for position, number in enumerate(order):
        own = samples.only(numbers == position)
        parts.append(
            LapPart(
                laps[number],
                begins[number] if position else 0.0,
                own,
                breaks,
            )
        )
    return parts


def _agree(
    laps: Sequence[Lap],
    activity: SourceActivity,
) -> bool:
    """Return whether the totals of an activity are those of its laps.

    A TCX has totals only for laps, and readers add them up.
    """
    for name in ("elapsed_s", "distance_m"):
        total = getattr(activity, name)
        parts = [getattr(lap, name) for lap in laps]
        if total is None or None in parts:
            continue
        if abs(sum(parts) - total) > _TOLERANCE + _TOLERANCE_SHARE * total:
            return False
    return True


def _elapsed(
    activity: SourceActivity,
    samples: Samples,
) -> float | None:
    if activity.elapsed_s is not None:
        return activity.elapsed_s
    if len(samples):
        return float(samples.time[-1])
    return activity.moving_s


def _begin(lap: Lap, start: datetime) -> float:
    # The seconds of a lap count from the start that its own source states.
    if lap.start_utc is not None:
        return (lap.start_utc.astimezone(UTC) - start).total_seconds()
    assert lap.start_s is not None
    return lap.start_s


# -- what a lap states -----------------------------------------------------------------------------


def lap_element(
    activity: SourceActivity,
    start: datetime,
    part: LapPart,
) -> _Element:
    """Return the element of a lap, in the order of the schema.

    The schema wants a distance and calories for each lap. Where they are unknown, the elements are
    left out: a zero would be a value.
    """
    lap = part.lap
    factor = cadence_factor(activity)
    element = etree.Element(name_of("Lap"))
    element.set("StartTime", iso(start + timedelta(seconds=part.begin)))
    _decimal(element, "TotalTimeSeconds", lap.elapsed_s)
    _decimal(element, "DistanceMeters", lap.distance_m)
    _decimal(element, "MaximumSpeed", lap.max_speed_mps)
    _whole(element, "Calories", lap.calories_kcal, _MOST_SHORT)
    _heartrate(element, "AverageHeartRateBpm", lap.average_heartrate_bpm)
    _heartrate(element, "MaximumHeartRateBpm", lap.max_heartrate_bpm)
    child(element, "Intensity", "Resting" if lap.intensity in _RESTS else "Active")
    is_run = _is_on_foot(activity)
    cadence = lap.average_cadence_rpm
    if cadence is not None:
        cadence *= factor
    if not is_run:
        _whole(element, "Cadence", cadence, _MOST_CADENCE)
    child(element, "TriggerMethod", "Manual")
    _tracks(element, part, start, factor if is_run else None)
    _lap_extension(element, lap, cadence if is_run else None)
    return element


def _is_on_foot(activity: SourceActivity) -> bool:
    """Return whether the cadence is one of steps, for which TCX has elements of its own."""
    return family(activity.sport or "Other") in ("running", "walking")


def _lap_extension(
    element: _Element,
    lap: Lap,
    steps: float | None,
) -> None:
    """Add the extension ``LX`` of a lap, if it has anything to state."""
    values = etree.Element(name_of("LX", EXTENSION), nsmap={None: EXTENSION})
    _decimal(values, "AvgSpeed", lap.average_speed_mps, EXTENSION)
    _whole(values, "AvgRunCadence", steps, _MOST_CADENCE, EXTENSION)
    _whole(values, "AvgWatts", lap.average_watts, _MOST_SHORT, EXTENSION)
    _whole(values, "MaxWatts", lap.max_watts, _MOST_SHORT, EXTENSION)
    if len(values):
        child(element, "Extensions").append(values)


def _heartrate(
    element: _Element,
    name: str,
    value: float | None,
) -> None:
    if value is not None and 0 < round(value) <= _MOST_HEARTRATE:
        child(child(element, name), "Value", str(round(value)))


def _decimal(
    element: _Element,
    name: str,
    value: float | None,
    namespace: str | None = None,
) -> None:
    if value is not None and math.isfinite(value):
        etree.SubElement(element, _named(name, namespace)).text = decimal(value)


def _whole(
    element: _Element,
    name: str,
    value: float | None,
    most: int,
    namespace: str | None = None,
) -> None:
    if value is not None and math.isfinite(value) and 0 <= round(value) <= most:
        etree.SubElement(element, _named(name, namespace)).text = str(round(value))


def _named(name: str, namespace: str | None) -> str:
    return name_of(name) if namespace is None else name_of(name, namespace)


# -- track points ----------------------------------------------------------------------------------


def _tracks(
    element: _Element,
    part: LapPart,
    start: datetime,
    steps_factor: float | None,
) -> None:
    """Add the samples of a lap as tracks, a new one after each pause."""
    samples = part.samples
    rows = _rows(samples)
    track: _Element | None = None
    breaks = [end for end in part.breaks if len(samples) and end > samples.time[0]]
    for row in rows:
        if track is None or (breaks and row["time"] >= breaks[0]):
            track = child(element, "Track")
            while breaks and row["time"] >= breaks[0]:
                breaks.pop(0)
        _point(track, row, start, steps_factor)


def _rows(samples: Samples) -> list[dict[str, float]]:
    """Return the values of each sample by the names of the streams, without gaps."""
    columns = {"time": samples.time} | samples.channels
    if samples.latitudes is not None and samples.longitudes is not None:
        columns |= {"latitude": samples.latitudes, "longitude": samples.longitudes}
    names = list(columns)
    rows = []
    for values in zip(*(column.tolist() for column in columns.values()), strict=True):
        # NaN is the only number that differs from itself.
        rows.append(
            {name: value for name, value in zip(names, values, strict=True) if value == value}
        )
    return rows


def _point(
    track: _Element,
    row: dict[str, float],
    start: datetime,
    steps_factor: float | None,
) -> None:
    """Add one sample as a track point, in the order of the schema."""
    point = child(track, "Trackpoint")
    child(point, "Time", iso(start + timedelta(seconds=row["time"])))
    if "latitude" in row:
        position = child(point, "Position")
        child(position, "LatitudeDegrees", decimal(row["latitude"], _DEGREE_DIGITS))
        child(position, "LongitudeDegrees", decimal(row["longitude"], _DEGREE_DIGITS))
    _decimal(point, "AltitudeMeters", row.get("altitude"))
    _decimal(point, "DistanceMeters", row.get("distance"))
    _heartrate(point, "HeartRateBpm", row.get("heartrate"))
    cadence = row.get("cadence")
    if steps_factor is None:
        _whole(point, "Cadence", cadence, _MOST_CADENCE)
        cadence = None
    elif cadence is not None:
        cadence *= steps_factor
    values = (row.get("velocity"), cadence, row.get("watts"))
    if values != (None, None, None):
        _point_extension(point, *values)


def _point_extension(
    point: _Element,
    speed: float | None,
    steps: float | None,
    watts: float | None,
) -> None:
    """Add the extension ``TPX`` of a track point."""
    element = extension(point, "TPX")
    _decimal(element, "Speed", speed, EXTENSION)
    _whole(element, "RunCadence", steps, _MOST_CADENCE, EXTENSION)
    _whole(element, "Watts", watts, _MOST_SHORT, EXTENSION)

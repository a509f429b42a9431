"""Reader for TCX: it makes a workout from each activity of a file, including the legs of a
multisport session.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from fitglue_formats.clock import start_fields, utc
from fitglue_formats.refusals import refusal
from fitglue_formats.safe_xml import clean, local_name, parse
from fitglue_formats.tracks import (
    averages,
    columns_of,
    samples_of,
    seconds_after,
    streams_of,
)
from fitglue_registry.model import (
    Column,
    Device,
    Lap,
    Provenance,
    SourceActivity,
    canonical_sport,
)
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from fitglue_formats.clock import Place
    from fitglue_formats.tracks import Streams

#: Name of an element of a trackpoint, or of its extensions → our stream.
_STREAMS = {
    "AltitudeMeters": "altitude",
    "DistanceMeters": "distance",
    "HeartRateBpm": "heartrate",
    "Cadence": "cadence",
    "RunCadence": "cadence",
    "Watts": "watts",
    "Speed": "velocity",
}
_ACTIVITIES = ("Activity", "Transition")
#: Schema TrainingCenterDatabase v2, type ``Intensity_t`` → the intensity of the model.
_INTENSITIES = {"Active": "work", "Resting": "rest"}
#: A race has fewer legs than this. The limit keeps a hostile file from taking hours.
_MOST_ACTIVITIES = 100


@dataclass(frozen=True, slots=True)
class Point:
    """One trackpoint: its time in UTC, the values measured at it by stream, and its position."""

    time: datetime
    values: dict[str, float]
    place: Place | None


def activities(content: bytes) -> list[SourceActivity]:
    """Return every activity of a file, in the order of the file.

    Raises:
        RecordRefused: If the file is not a TCX or has no activity.
    """
    root = parse(clean(content), "tcx")
    workouts: list[SourceActivity] = []
    for element in root.iter():
        if local_name(element) not in _ACTIVITIES:
            continue
        if len(workouts) < _MOST_ACTIVITIES:
            workouts.append(_activity(element, len(workouts)))
    if not workouts:
        raise refusal(
            "FG-tcx-without-activities",
            "it has no activity; a course or a workout plan is not a recording",
        )
    return workouts


def summaries(content: bytes) -> list[SourceActivity]:
    """Return the same as ``activities``: the laps do not state where the workout was and how long
    its pauses were.
    """
    return activities(content)


# -- reading ---------------------------------------------------------------------------------------


def _children(element: Element, name: str) -> Iterator[Element]:
    """Yield the direct children of an element that have this local name."""
    return (child for child in element if local_name(child) == name)


def _text(element: Element | None, *path: str) -> str | None:
    """Return the text of the element at a path below another one, or ``None`` if it is missing or
    empty.
    """
    for name in path:
        if element is None:
            return None
        element = next(_children(element, name), None)
    if element is None:
        return None
    return (element.text or "").strip() or None


def _number(element: Element | None, *path: str) -> float | None:
    """Return the number at a path below an element, or ``None`` if it is missing or not finite."""
    text = _text(element, *path)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return value


def _amount(element: Element | None, *path: str) -> float | None:
    """Return a number that can only be positive in a real workout, or ``None``.

    Devices write 0 for a value that they did not measure.
    """
    value = _number(element, *path)
    if value is None or value <= 0:
        return None
    return value


def _not_negative(element: Element, *path: str) -> float | None:
    """Return the number at a path below an element; a negative one becomes 0."""
    value = _number(element, *path)
    if value is None:
        return None
    return max(value, 0.0)


def _time(text: str | None) -> datetime | None:
    """Return a time in UTC, or ``None`` if the text is missing or not a time."""
    if not text:
        return None
    try:
        return utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _later(time: datetime, seconds: float) -> datetime:
    """Return the time some seconds later; a time beyond the calendar stays as it is."""
    try:
        return time + timedelta(seconds=seconds)
    except OverflowError:
        return time


def _points(element: Element) -> list[Point]:
    """Return the trackpoints that have a time, in chronological order."""
    points = []
    for track_point in element.iter():
        if local_name(track_point) != "Trackpoint":
            continue
        time = _time(_text(track_point, "Time"))
        if time is None:
            continue
        values = _measured(track_point)
        place = _place(track_point)
        points.append(Point(time, values, place))
    # An old device wrote points without a position one second late, behind the next point.
    return sorted(points, key=attrgetter("time"))


def _measured(track_point: Element) -> dict[str, float]:
    """Return the values measured at a trackpoint, by stream."""
    values: dict[str, float] = {}
    for element in track_point.iter():
        kind = _STREAMS.get(local_name(element))
        value = _measure(kind, element)
        if kind is not None and value is not None:
            # The cadence can be in the point and in its extensions: the one of the point wins.
            values.setdefault(kind, value)
    return values


def _measure(kind: str | None, element: Element) -> float | None:
    """Return the value of one element, or ``None`` if it belongs to no stream."""
    if kind is None:
        return None
    if kind == "heartrate":
        # A heart rate of 0 means that the strap was not received.
        return _amount(element, "Value")
    return _number(element)


def _place(track_point: Element) -> Place | None:
    """Return the position of a trackpoint in degrees, or ``None`` if it is missing or
    impossible.
    """
    latitude = _number(track_point, "Position", "LatitudeDegrees")
    longitude = _number(track_point, "Position", "LongitudeDegrees")
    if latitude is None or longitude is None:
        return None
    if abs(latitude) > 90:
        return None
    if abs(longitude) > 180:
        return None
    return latitude, longitude


# -- making the workout ----------------------------------------------------------------------------


def _activity(element: Element, number: int) -> SourceActivity:
    """Return the source activity of one ``Activity`` or ``Transition`` element."""
    # Without laps, the element itself is read as a lap: some programs put the points there.
    laps = list(_children(element, "Lap")) or [element]
    points = _points(element)
    start = _start(element, laps[0], points)
    sport_raw = element.get("Sport")
    if local_name(element) == "Transition":
        sport_raw = "Transition"
    sport = canonical_sport(sport_raw)
    streams = _streams(points, start)
    stated = _stated(laps, points, start)
    computed = _computed(streams)
    from_samples = Provenance("computed", note="from the samples")
    places = (point.place for point in points if point.place)
    return SourceActivity(
        leg_no=number,
        sport=sport,
        sport_raw=sport_raw,
        description=_text(element, "Notes"),
        streams=tuple(streams.values()),
        laps=_laps(laps, points, start),
        device=_device(element),
        provenance={field: from_samples for field in computed if field not in stated},
        cadence_per_leg=True if "cadence" in streams and sport in ON_FOOT else None,
        **start_fields(start, next(places, None)),
        **(computed | stated),  # what the laps state wins over what follows from the samples
    )


def _start(
    element: Element,
    first_lap: Element,
    points: Sequence[Point],
) -> datetime:
    """Return the start: that of the first lap, else the activity's id (a time), else the first
    point.
    """
    for text in (first_lap.get("StartTime"), _text(element, "Id")):
        start = _time(text)
        if start is not None:
            return start
    if not points:
        raise refusal(
            "FG-tcx-without-times",
            "it does not state when the workout took place",
        )
    return points[0].time


def _device(element: Element) -> Device | None:
    """Return the device that an activity names as its creator, or ``None``."""
    creator = next(_children(element, "Creator"), None)
    if creator is None:
        return None
    major = _text(creator, "Version", "VersionMajor")
    minor = _text(creator, "Version", "VersionMinor")
    version = ".".join(filter(None, [major, minor]))
    device = Device(
        name=_text(creator, "Name"),
        product=_text(creator, "ProductID"),
        serial=_serial(creator),
        software=version or None,
    )
    if device == Device():
        return None
    return device


def _serial(creator: Element) -> str | None:
    """Return the serial number, or ``None`` if it consists of zeros, as some programs write it."""
    serial = _text(creator, "UnitId")
    if serial is None or not serial.strip("0"):
        return None
    return serial


# -- summary ---------------------------------------------------------------------------------------


def _stated(
    laps: Sequence[Element],
    points: Sequence[Point],
    start: datetime,
) -> dict[str, Any]:
    """Return the fields that follow from what the laps state."""
    times = [_amount(lap, "TotalTimeSeconds") or 0.0 for lap in laps]
    fields = {
        "moving_s": sum(times) or None,
        "elapsed_s": _elapsed_s(laps, times, points, start),
        "distance_m": _sum(laps, "DistanceMeters"),
        "calories_kcal": _sum(laps, "Calories"),
        "average_heartrate_bpm": _mean_heart_rate(laps, times),
        "max_heartrate_bpm": _highest(laps, "MaximumHeartRateBpm", "Value"),
        "max_speed_mps": _highest(laps, "MaximumSpeed"),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _elapsed_s(
    laps: Sequence[Element],
    times: Sequence[float],
    points: Sequence[Point],
    start: datetime,
) -> float | None:
    """Return the seconds from the start to the end of the last lap or to the last point.

    The times of the laps do not include pauses, so their sum would be too short.
    """
    ends = []
    if points:
        ends.append(points[-1].time)
    for lap, seconds in zip(laps, times, strict=True):
        begin = _time(lap.get("StartTime"))
        if begin is not None:
            ends.append(_later(begin, seconds))
    if not ends:
        return None
    elapsed = max(ends) - start
    # The laps of some files have no duration, and then only the start is known.
    if elapsed <= timedelta(0):
        return None
    return elapsed.total_seconds()


def _mean_heart_rate(
    laps: Sequence[Element],
    times: Sequence[float],
) -> float | None:
    """Return the mean heart rate of the laps, weighted by their durations."""
    beats = 0.0
    seconds = 0.0
    for lap, time in zip(laps, times, strict=True):
        rate = _amount(lap, "AverageHeartRateBpm", "Value")
        if rate is not None and time:
            beats += rate * time
            seconds += time
    if not seconds:
        return None
    return beats / seconds


def _highest(laps: Sequence[Element], *path: str) -> float | None:
    """Return the highest value among the laps, or ``None`` if no lap states one."""
    amounts = (_amount(lap, *path) for lap in laps)
    return max(filter(None, amounts), default=None)


def _sum(laps: Sequence[Element], name: str) -> float | None:
    """Return the sum over the laps, or ``None`` if no lap states a value."""
    amounts = []
    for lap in laps:
        amount = _not_negative(lap, name)
        if amount is not None:
            amounts.append(amount)
    if not amounts:
        return None
    return sum(amounts)


def _computed(streams: Streams) -> dict[str, Any]:
    """Return the fields that follow from the samples."""
    fields = averages(streams)
    altitudes = samples_of(streams, "altitude")
    if altitudes:
        fields["min_altitude_m"] = min(altitudes)
        fields["max_altitude_m"] = max(altitudes)
    distances = samples_of(streams, "distance")
    if distances:
        last = distances[-1]
        fields["distance_m"] = max(last, 0.0)
    return fields


# -- streams and laps ------------------------------------------------------------------------------


def _streams(points: Sequence[Point], start: datetime) -> Streams:
    """Return the streams of the points, with ``time`` in seconds after the start."""
    nowhere = (None, None)
    places = [point.place or nowhere for point in points]
    columns = {
        "time": seconds_after(start, (point.time for point in points)),
        "latlng": Column.pairs(
            [latitude for latitude, _ in places],
            [longitude for _, longitude in places],
        ),
    }
    measured = [point.values for point in points]
    columns |= columns_of(_STREAMS.values(), measured)
    return streams_of(columns)


def _laps(
    laps: Sequence[Element],
    points: Sequence[Point],
    start: datetime,
) -> tuple[Lap, ...]:
    """Return the laps that have a start."""
    times = [point.time for point in points]
    model_laps = []
    for lap in laps:
        begin = _time(lap.get("StartTime"))
        if begin is not None:
            model_laps.append(_lap(lap, begin, times, start))
    return tuple(model_laps)


def _lap(
    lap: Element,
    begin: datetime,
    times: Sequence[datetime],
    start: datetime,
) -> Lap:
    """Return one lap, with its range in the samples if it contains any."""
    elapsed_s = _not_negative(lap, "TotalTimeSeconds")
    # A lap shorter than a second still contains the sample of the second in which it began.
    spanned_s = max(elapsed_s or 0.0, 1.0)
    end = _later(begin, spanned_s)
    extension = _extension(lap)
    # The schema has ``Cadence`` for cycling only; runners have theirs in the extension.
    cadence = _amount(lap, "Cadence") or _amount(extension, "AvgRunCadence")
    intensity = _text(lap, "Intensity") or ""
    return Lap(
        intensity=_INTENSITIES.get(intensity),
        start_s=(begin - start).total_seconds(),
        start_utc=begin,
        elapsed_s=elapsed_s,
        distance_m=_not_negative(lap, "DistanceMeters"),
        calories_kcal=_amount(lap, "Calories"),
        average_heartrate_bpm=_amount(lap, "AverageHeartRateBpm", "Value"),
        max_heartrate_bpm=_amount(lap, "MaximumHeartRateBpm", "Value"),
        max_speed_mps=_number(lap, "MaximumSpeed"),
        average_cadence_rpm=cadence,
        average_speed_mps=_number(extension, "AvgSpeed"),
        average_watts=_number(extension, "AvgWatts"),
        max_watts=_number(extension, "MaxWatts"),
        **_span(times, begin, end),
    )


def _extension(lap: Element) -> Element | None:
    """Return Garmin's extension of a lap (``LX`` of ActivityExtension v2), at any depth, or
    ``None``.
    """
    for element in lap.iter():
        if local_name(element) == "LX":
            return element
    return None


def _span(
    times: Sequence[datetime],
    begin: datetime,
    end: datetime,
) -> dict[str, Any]:
    """Return the range of a lap in the samples as fields of the model; empty if it contains no
    sample.
    """
    first = bisect_left(times, begin)
    last = bisect_left(times, end)
    if last <= first:
        return {}
    return {"start_index": first, "end_index": last}

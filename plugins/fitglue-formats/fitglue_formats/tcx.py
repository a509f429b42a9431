"""Makes workouts of a TCX file: one of each activity in it, the legs of a multisport session among
them.
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

#: Name of an element of a point, or in its extensions → our stream.
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
_INTENSITIES = {"Active": "work", "Resting": "rest"}
_MOST_ACTIVITIES = 100


@dataclass(frozen=True, slots=True)
class Point:
    """One moment of the recording and what was measured in it."""

    time: datetime
    values: dict[str, float]
    place: Place | None


def activities(content: bytes) -> list[SourceActivity]:
    """Every activity of a file in its order; raises ``RecordRefused``."""
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
            "it holds no activity; courses and planned workouts are no recording",
        )
    return workouts


def summaries(content: bytes) -> list[SourceActivity]:
    """As ``activities``: the laps alone do not say where it was, and how long pauses were."""
    return activities(content)


# -- reading ---------------------------------------------------------------------------------------


def _children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if local_name(child) == name)


def _text(element: Element | None, *path: str) -> str | None:
    """The text of an element below another one, ``None`` where there is none."""
    for name in path:
        if element is None:
            return None
        element = next(_children(element, name), None)
    if element is None:
        return None
    return (element.text or "").strip() or None


def _number(element: Element | None, *path: str) -> float | None:
    """A figure, ``None`` where there is none that is finite."""
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
    """A figure of which no workout has none, and none has less."""
    value = _number(element, *path)
    if value is None or value <= 0:
        return None
    return value


def _not_negative(element: Element, *path: str) -> float | None:
    value = _number(element, *path)
    if value is None:
        return None
    return max(value, 0.0)


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _later(time: datetime, seconds: float) -> datetime:
    try:
        return time + timedelta(seconds=seconds)
    except OverflowError:
        return time


def _points(element: Element) -> list[Point]:
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
    # An old device wrote those without a fix a second late.
    return sorted(points, key=attrgetter("time"))


def _measured(track_point: Element) -> dict[str, float]:
    """What was measured at a point, by stream."""
    values: dict[str, float] = {}
    for element in track_point.iter():
        kind = _STREAMS.get(local_name(element))
        value = _measure(kind, element)
        if kind is not None and value is not None:
            values.setdefault(kind, value)
    return values


def _measure(kind: str | None, element: Element) -> float | None:
    if kind is None:
        return None
    if kind == "heartrate":
        # No heart beats zero times: that is a strap that was not heard.
        return _amount(element, "Value")
    return _number(element)


def _place(track_point: Element) -> Place | None:
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
    """The source activity of one activity of a file."""
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
        **(computed | stated),
    )


def _start(
    element: Element,
    first_lap: Element,
    points: Sequence[Point],
) -> datetime:
    for text in (first_lap.get("StartTime"), _text(element, "Id")):
        start = _time(text)
        if start is not None:
            return start
    if not points:
        raise refusal(
            "FG-tcx-without-times",
            "nothing in it says when it was",
        )
    return points[0].time


def _device(element: Element) -> Device | None:
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
    """The serial number, of which some say nothing but zeros."""
    serial = _text(creator, "UnitId")
    if serial is None or not serial.strip("0"):
        return None
    return serial


# -- figures ---------------------------------------------------------------------------------------


def _stated(
    laps: Sequence[Element],
    points: Sequence[Point],
    start: datetime,
) -> dict[str, Any]:
    """What the laps say together."""
    times = [_amount(lap, "TotalTimeSeconds") or 0.0 for lap in laps]
    figures = {
        "moving_s": sum(times) or None,
        "elapsed_s": _elapsed_s(laps, times, points, start),
        "distance_m": _sum(laps, "DistanceMeters"),
        "calories_kcal": _sum(laps, "Calories"),
        "average_heartrate_bpm": _mean_heart_rate(laps, times),
        "max_heartrate_bpm": _highest(laps, "MaximumHeartRateBpm", "Value"),
        "max_speed_mps": _highest(laps, "MaximumSpeed"),
    }
    return {name: value for name, value in figures.items() if value is not None}


def _elapsed_s(
    laps: Sequence[Element],
    times: Sequence[float],
    points: Sequence[Point],
    start: datetime,
) -> float | None:
    """From the start to the end of the last lap or point."""
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
    if elapsed <= timedelta(0):
        return None
    return elapsed.total_seconds()


def _mean_heart_rate(
    laps: Sequence[Element],
    times: Sequence[float],
) -> float | None:
    """The mean of the laps, each weighed with its time."""
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
    amounts = (_amount(lap, *path) for lap in laps)
    return max(filter(None, amounts), default=None)


def _sum(laps: Sequence[Element], name: str) -> float | None:
    amounts = []
    for lap in laps:
        amount = _not_negative(lap, name)
        if amount is not None:
            amounts.append(amount)
    if not amounts:
        return None
    return sum(amounts)


def _computed(streams: Streams) -> dict[str, Any]:
    """What the samples say."""
    figures = averages(streams)
    heights = samples_of(streams, "altitude")
    if heights:
        figures["min_altitude_m"] = min(heights)
        figures["max_altitude_m"] = max(heights)
    way = samples_of(streams, "distance")
    if way:
        last = way[-1]
        figures["distance_m"] = max(last, 0.0)
    return figures


# -- streams and laps ------------------------------------------------------------------------------


def _streams(points: Sequence[Point], start: datetime) -> Streams:
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
    times = [point.time for point in points]
    made = []
    for lap in laps:
        begin = _time(lap.get("StartTime"))
        if begin is not None:
            made.append(_lap(lap, begin, times, start))
    return tuple(made)


def _lap(
    lap: Element,
    begin: datetime,
    times: Sequence[datetime],
    start: datetime,
) -> Lap:
    """One lap with its place in the samples, if it has one."""
    elapsed_s = _not_negative(lap, "TotalTimeSeconds")
    shown_s = max(elapsed_s or 0.0, 1.0)
    end = _later(begin, shown_s)
    extension = _extension(lap)
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
    """What Garmin's extension says of a lap, however deep it lies."""
    for element in lap.iter():
        if local_name(element) == "LX":
            return element
    return None


def _span(
    times: Sequence[datetime],
    begin: datetime,
    end: datetime,
) -> dict[str, Any]:
    """The place of a lap in the samples; nothing where it has none."""
    first = bisect_left(times, begin)
    last = bisect_left(times, end)
    if last <= first:
        return {}
    return {"start_index": first, "end_index": last}

"""Makes workouts of a TCX file: one of each activity in it, the legs of a multisport session among
them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_formats.clock import start_fields, utc
from fitglue_formats.refusals import refusal
from fitglue_formats.safe_xml import clean, local_name, parse
from fitglue_registry.model import (
    STREAM_UNITS,
    Column,
    Device,
    Lap,
    Provenance,
    SourceActivity,
    Stream,
    canonical_sport,
)
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

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
_MOST_ACTIVITIES = 100


@dataclass(frozen=True, slots=True)
class Point:
    """One moment of the recording and what was measured in it."""

    time: datetime
    values: dict[str, float]
    place: tuple[float, float] | None


def activities(content: bytes) -> list[SourceActivity]:
    """Every activity of a file in its order; raises ``RecordRefused``."""
    root = parse(clean(content), "tcx")
    found = [
        element for element in root.iter() if local_name(element) in ("Activity", "Transition")
    ]
    if not found:
        raise refusal(
            "FG-tcx-without-activities",
            "it holds no activity; courses and planned workouts are no recording",
        )
    return [_activity(element, number) for number, element in enumerate(found[:_MOST_ACTIVITIES])]


def summaries(content: bytes) -> list[SourceActivity]:
    """As ``activities``: the laps alone do not say where it was, and how long pauses were."""
    return activities(content)


# -- reading ---------------------------------------------------------------------------------------


def _children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if local_name(child) == name)


def _text(element: Element | None, *path: str) -> str | None:
    for name in path:
        element = next(_children(element, name), None) if element is not None else None
    text = (element.text or "").strip() if element is not None else ""
    return text or None


def _number(element: Element | None, *path: str) -> float | None:
    text = _text(element, *path)
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _amount(element: Element | None, *path: str) -> float | None:
    """A figure of which no workout has none, and none has less."""
    value = _number(element, *path)
    return value if value and value > 0 else None


def _time(text: str | None) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(text)) if text else None
    except (ValueError, OverflowError):
        return None


def _later(time: datetime, seconds: float) -> datetime:
    try:
        return time + timedelta(seconds=seconds)
    except OverflowError:
        return time


def _points(element: Element) -> list[Point]:
    points = [
        point
        for found in element.iter()
        if local_name(found) == "Trackpoint" and (point := _point(found)) is not None
    ]
    # An old device wrote those without a fix a second late.
    return sorted(points, key=lambda point: point.time)


def _point(element: Element) -> Point | None:
    time = _time(_text(element, "Time"))
    if time is None:
        return None
    values: dict[str, float] = {}
    for child in element.iter():
        kind = _STREAMS.get(local_name(child))
        value = _number(child, "Value") if kind == "heartrate" else _number(child) if kind else None
        # No heart beats zero times: that is a strap that was not heard.
        if kind and value is not None and not (kind == "heartrate" and value <= 0):
            values.setdefault(kind, value)
    latitude, longitude = (
        _number(element, "Position", "LatitudeDegrees"),
        _number(element, "Position", "LongitudeDegrees"),
    )
    known = (
        latitude is not None
        and longitude is not None
        and abs(latitude) <= 90
        and abs(longitude) <= 180
    )
    return Point(
        time,
        values,
        (latitude, longitude) if known and latitude is not None and longitude is not None else None,
    )


# -- making the workout ----------------------------------------------------------------------------


def _activity(element: Element, number: int) -> SourceActivity:
    laps = list(_children(element, "Lap")) or [element]
    points = _points(element)
    start = (
        _time(laps[0].get("StartTime"))
        or _time(_text(element, "Id"))
        or (points[0].time if points else None)
    )
    if start is None:
        raise refusal("FG-tcx-without-times", "nothing in it says when it was")
    sport_raw = "Transition" if local_name(element) == "Transition" else element.get("Sport")
    sport = canonical_sport(sport_raw)
    streams = _streams(points, start)
    figures = _figures(laps, points, start)
    provenance = {
        field: Provenance("computed", note="from the samples") for field in _fill(figures, streams)
    }
    return SourceActivity(
        leg_no=number,
        sport=sport,
        sport_raw=sport_raw,
        description=_text(element, "Notes"),
        streams=tuple(streams.values()),
        laps=_laps(laps, points, start),
        device=_device(next(_children(element, "Creator"), None)),
        provenance=provenance,
        cadence_per_leg=True if "cadence" in streams and sport in ON_FOOT else None,
        **start_fields(start, next((point.place for point in points if point.place), None)),
        **figures,
    )


def _device(creator: Element | None) -> Device | None:
    if creator is None:
        return None
    version = [_text(creator, "Version", part) for part in ("VersionMajor", "VersionMinor")]
    serial = _text(creator, "UnitId")
    made = Device(
        name=_text(creator, "Name"),
        product=_text(creator, "ProductID"),
        serial=serial if serial and serial.strip("0") else None,
        software=".".join(part for part in version if part) or None,
    )
    return None if made == Device() else made


def _figures(laps: Sequence[Element], points: Sequence[Point], start: datetime) -> dict[str, Any]:
    """What the laps say together; a mean weighs each with its time."""
    times = [_amount(lap, "TotalTimeSeconds") or 0.0 for lap in laps]
    figures: dict[str, Any] = {
        "moving_s": sum(times) or None,
        "calories_kcal": _sum(laps, "Calories"),
        "distance_m": _sum(laps, "DistanceMeters"),
    }
    ends = [
        _later(begin, time)
        for lap, time in zip(laps, times, strict=True)
        if (begin := _time(lap.get("StartTime")))
    ]
    ends += [points[-1].time] if points else []
    elapsed_s = max((end - start).total_seconds() for end in ends) if ends else 0.0
    figures["elapsed_s"] = elapsed_s if elapsed_s > 0 else None
    beats = [_amount(lap, "AverageHeartRateBpm", "Value") for lap in laps]
    weighed = [(beat, time) for beat, time in zip(beats, times, strict=True) if beat and time]
    if weighed:
        figures["average_heartrate_bpm"] = sum(beat * time for beat, time in weighed) / sum(
            time for _, time in weighed
        )
    for field, path in (
        ("max_heartrate_bpm", ("MaximumHeartRateBpm", "Value")),
        ("max_speed_mps", ("MaximumSpeed",)),
    ):
        figures[field] = max(
            (value for lap in laps if (value := _amount(lap, *path)) is not None), default=None
        )
    return {field: value for field, value in figures.items() if value is not None}


def _sum(laps: Sequence[Element], name: str) -> float | None:
    values = [max(value, 0.0) for lap in laps if (value := _number(lap, name)) is not None]
    return sum(values) if values else None


def _fill(figures: dict[str, Any], streams: dict[str, Stream]) -> list[str]:
    """Fill in from the samples what the laps do not say; the names of what was."""
    found: dict[str, float] = {}
    for kind, average, highest in (
        ("heartrate", "average_heartrate_bpm", "max_heartrate_bpm"),
        ("watts", "average_watts", "max_watts"),
    ):
        values = (
            [value for value in streams[kind].values if isinstance(value, float)]
            if kind in streams
            else []
        )
        if values:
            found |= {average: sum(values) / len(values), highest: max(values)}
    heights = (
        [value for value in streams["altitude"].values if isinstance(value, float)]
        if "altitude" in streams
        else []
    )
    if heights:
        found |= {"min_altitude_m": min(heights), "max_altitude_m": max(heights)}
    way = (
        [value for value in streams["distance"].values if isinstance(value, float)]
        if "distance" in streams
        else []
    )
    if way:
        found["distance_m"] = max(way[-1], 0.0)
    added = {field: value for field, value in found.items() if field not in figures}
    figures |= added
    return list(added)


def _streams(points: Sequence[Point], start: datetime) -> dict[str, Stream]:
    if not points:
        return {}
    columns = {"time": Column.of((point.time - start).total_seconds() for point in points)}
    if any(point.place for point in points):
        places = [point.place or (math.nan, math.nan) for point in points]
        columns["latlng"] = Column.pairs(
            [place[0] for place in places], [place[1] for place in places]
        )
    for kind in dict.fromkeys(_STREAMS.values()):
        if any(kind in point.values for point in points):
            columns[kind] = Column.of(point.values.get(kind) for point in points)
    return {kind: Stream(kind, column, unit=STREAM_UNITS[kind]) for kind, column in columns.items()}


def _laps(laps: Sequence[Element], points: Sequence[Point], start: datetime) -> tuple[Lap, ...]:
    times = [point.time for point in points]
    return tuple(
        _lap(lap, begin, times, start)
        for lap in laps
        if (begin := _time(lap.get("StartTime"))) is not None
    )


def _lap(lap: Element, begin: datetime, times: Sequence[datetime], start: datetime) -> Lap:
    elapsed_s = _number(lap, "TotalTimeSeconds")
    distance = _number(lap, "DistanceMeters")
    first, last = (
        bisect_left(times, begin),
        bisect_left(times, _later(begin, max(elapsed_s or 0.0, 1.0))),
    )
    extension = next((child for child in lap.iter() if local_name(child) == "LX"), None)
    intensity = _text(lap, "Intensity")
    return Lap(
        intensity={"Active": "work", "Resting": "rest"}.get(intensity or ""),
        start_s=(begin - start).total_seconds(),
        start_utc=begin,
        start_index=first if last > first else None,
        end_index=last if last > first else None,
        elapsed_s=None if elapsed_s is None else max(elapsed_s, 0.0),
        distance_m=None if distance is None else max(distance, 0.0),
        calories_kcal=_amount(lap, "Calories"),
        average_heartrate_bpm=_amount(lap, "AverageHeartRateBpm", "Value"),
        max_heartrate_bpm=_amount(lap, "MaximumHeartRateBpm", "Value"),
        max_speed_mps=_number(lap, "MaximumSpeed"),
        average_cadence_rpm=_amount(lap, "Cadence") or _amount(extension, "AvgRunCadence"),
        average_speed_mps=_number(extension, "AvgSpeed"),
        average_watts=_number(extension, "AvgWatts"),
        max_watts=_number(extension, "MaxWatts"),
    )

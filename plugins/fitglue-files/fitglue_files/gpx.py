"""Makes one workout of one GPX file: all its tracks together, with streams, zone and the figures that follow from the points."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import gpxpy
from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]
from tzfpy import get_tz

from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import STREAM_UNITS, Column, Completeness, Device, Provenance, SourceActivity, Stream, canonical_sport, claim
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpxpy.gpx import GPX, GPXTrackPoint

    from fitglue_registry.hookspecs import Record

#: Local name of an element in a point's extensions → our stream. Every maker has its own namespace; the names are few.
_EXTENSIONS = {"hr": "heartrate", "heartrate": "heartrate", "cad": "cadence", "cadence": "cadence", "power": "watts",
               "watts": "watts", "PowerInWatts": "watts", "atemp": "temperature", "temp": "temperature"}
#: Strava writes a number for the type; these two were seen.
_STRAVA_TYPES = {"1": "Ride", "9": "Run"}
_ENCODING = re.compile(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)[\"']")


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of the recording: its moment, and how far it is along the way."""

    point: GPXTrackPoint
    time: datetime
    distance_m: float


def activity_of_summary(record: Record) -> SourceActivity:
    """What is known before the file has been fetched: a name and the first time in it."""
    summary = _summary(record)
    try:
        start = _utc(datetime.fromisoformat(summary.get("start") or ""))
    except ValueError as error:
        raise _refuse("FG-gpx-without-times", "none of its points has a time") from error
    return SourceActivity(title=summary.get("name"), sport="Other", start_utc=start, claims=_claims(record.external_id),
                          completeness=Completeness(("summary",), dict(record.unavailable)))


def activity_of_file(record: Record) -> SourceActivity:
    """The workout of a file; raises ``RecordRefused`` with a reason of its own for each way in which a file is none."""
    try:
        content = record.read("file") or b""
    except (OSError, EOFError) as error:
        raise _refuse("FG-file-broken", f"it cannot be unpacked: {error}") from error
    gpx = _parse(content)
    samples = _samples(gpx)
    sport, sport_raw = _sport(gpx)
    streams = _streams(samples)
    name = next((track.name for track in gpx.tracks if track.name), None) or gpx.name or _summary(record).get("name")
    return SourceActivity(
        title=name, description=next((track.description for track in gpx.tracks if track.description), None) or gpx.description,
        sport=sport, sport_raw=sport_raw, device=Device(name=gpx.creator) if gpx.creator else None, streams=tuple(streams.values()),
        claims=_claims(hashlib.sha256(content).hexdigest()), completeness=Completeness(tuple(record.parts), dict(record.unavailable)),
        cadence_per_leg=True if "cadence" in streams and sport in ON_FOOT else None,
        **_start(samples[0]), **_figures(gpx, samples, streams))


# -- reading -----------------------------------------------------------------------------------------------------------------


def _parse(content: bytes) -> GPX:
    content = content.removeprefix(b"\xef\xbb\xbf").strip()
    if not content:
        raise _refuse("FG-file-empty", "it is empty")
    try:
        # gpxpy takes whatever XML parser is installed. A document type is where entity bombs live, and GPX needs none.
        root = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise _refuse("FG-file-unsafe", "it declares a document type, which no GPX needs and which can harm a reader") from error
    except (ParseError, LookupError, ValueError) as error:
        raise _refuse("FG-not-gpx", f"it is no XML, or is cut: {error}") from error
    if root.tag.rpartition("}")[2] != "gpx":
        raise _refuse("FG-not-gpx", f"it is XML of another kind: its root is <{root.tag.rpartition('}')[2]}>")
    try:
        return gpxpy.parse(content.decode(_encoding(content)))
    except (gpxpy.gpx.GPXException, LookupError, ValueError) as error:
        raise _refuse("FG-not-gpx", f"a value in it cannot be read: {error}") from error


def _encoding(content: bytes) -> str:
    """gpxpy takes text, so the encoding that an XML parser would find is looked up here."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    declared = _ENCODING.match(content)
    return declared[1].decode() if declared else "utf-8"


def _samples(gpx: GPX) -> list[Sample]:
    """The points with a time, in the order of time; between segments no distance is added: a gap stays a gap."""
    points = [point for track in gpx.tracks for segment in track.segments for point in segment.points]
    timed = sum(1 for point in points if point.time is not None)
    if not points:
        raise _refuse("FG-gpx-without-points", "it has no track points; routes and way points are no recording")
    if timed * 2 < len(points) or timed < 2:
        raise _refuse("FG-gpx-without-times", f"{timed} of its {len(points)} points have a time, so it is a way and no recording")
    segments = [[point for point in segment.points if point.time] for track in gpx.tracks for segment in track.segments]
    samples: list[Sample] = []
    for segment in sorted(filter(None, segments), key=lambda segment: _time(segment[0])):
        previous: GPXTrackPoint | None = None
        for point in segment:
            time, distance = _time(point), samples[-1].distance_m if samples else 0.0
            if samples and time < samples[-1].time:
                continue  # a clock that was set back, or two tracks that overlap: a stream knows one moment at a time
            step = point.distance_2d(previous) if previous is not None else None
            samples.append(Sample(point, time, distance + (step or 0.0)))
            previous = point
    return samples


def _time(point: GPXTrackPoint) -> datetime:
    if point.time is None:
        raise ValueError("a point without a time")
    return _utc(point.time)


def _utc(time: datetime) -> datetime:
    """GPX times are UTC, also where the file forgot to say so."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _summary(record: Record) -> dict[str, Any]:
    content = record.read("summary")
    return json.loads(content) if content else {}


def _refuse(code: str, what: str) -> RecordRefused:
    return RecordRefused(code, f"the file cannot be used: {what}", at=Place(field="file"),
                         fix="export it again, with times, or remove it from the folder")


# -- making the workout ------------------------------------------------------------------------------------------------------


def _claims(content_id: str) -> tuple[str, ...]:
    # "#0" is the first workout of the file: a multisport file has several, a GPX has one.
    return (claim("file", f"sha256:{content_id}#0"),)


def _sport(gpx: GPX) -> tuple[str, str | None]:
    raw: str | None = next((str(track.type) for track in gpx.tracks if track.type), None)
    if raw in _STRAVA_TYPES and (gpx.creator or "").startswith("Strava"):
        return _STRAVA_TYPES[raw], raw
    return canonical_sport(raw), raw


def _start(first: Sample) -> dict[str, Any]:
    """The start on both clocks: a GPX says UTC alone, the place says which zone that is."""
    start: dict[str, Any] = {"start_utc": first.time}
    try:
        name = get_tz(first.point.longitude, first.point.latitude)
        local = first.time.astimezone(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return start
    naive = local.replace(tzinfo=None)
    offset_s = (naive.replace(tzinfo=UTC) - first.time).total_seconds()
    return {**start, "start_local": naive, "timezone": name, "utc_offset_s": round(offset_s)}


def _figures(gpx: GPX, samples: Sequence[Sample], streams: dict[str, Stream]) -> dict[str, Any]:
    """What follows from the points; of what the entry's table does not call computed, the provenance does."""
    climb, moving, heights = gpx.get_uphill_downhill(), gpx.get_moving_data(), gpx.get_elevation_extremes()
    figures: dict[str, float | None] = _averages(streams)
    if moving is not None:
        figures |= {"moving_s": moving.moving_time, "max_speed_mps": moving.max_speed or None}  # 0 is its word for too few points
    if heights.minimum is not None:
        figures |= {"elevation_gain_m": climb.uphill, "elevation_loss_m": climb.downhill,
                    "min_altitude_m": heights.minimum, "max_altitude_m": heights.maximum}
    provenance = {field: Provenance("computed", by="gpxpy") for field, figure in figures.items() if figure is not None}
    elapsed_s = (samples[-1].time - samples[0].time).total_seconds()
    return figures | {"elapsed_s": elapsed_s, "distance_m": samples[-1].distance_m, "provenance": provenance}


def _streams(samples: Sequence[Sample]) -> dict[str, Stream]:
    start, points = samples[0].time, [sample.point for sample in samples]
    columns = {
        "time": Column.of((sample.time - start).total_seconds() for sample in samples),
        "latlng": Column.pairs([point.latitude for point in points], [point.longitude for point in points]),
        "distance": Column.of(sample.distance_m for sample in samples),
        "altitude": Column.of(point.elevation for point in points),
    }
    found = [dict(_extensions(point)) for point in points]
    columns |= {kind: Column.of(values.get(kind) for values in found) for kind in dict.fromkeys(_EXTENSIONS.values())}
    return {kind: Stream(kind, column, unit=STREAM_UNITS[kind]) for kind, column in columns.items()
            if any(value is not None for value in column)}


def _extensions(point: GPXTrackPoint) -> Iterator[tuple[str, float]]:
    """Stream and value of each known element, however deep its maker put it."""
    for extension in point.extensions:
        for element in extension.iter():
            kind = _EXTENSIONS.get(str(element.tag).rpartition("}")[2])
            try:
                value = float(element.text or "") if kind else math.nan
            except ValueError:
                continue
            if kind and math.isfinite(value):
                yield kind, value


def _averages(streams: dict[str, Stream]) -> dict[str, float | None]:
    """Plain means over the samples; zeros count, gaps do not."""
    figures: dict[str, float | None] = {}
    for kind, average, highest in (("heartrate", "average_heartrate_bpm", "max_heartrate_bpm"), ("watts", "average_watts", "max_watts")):
        values = [value for value in streams[kind].values if isinstance(value, float)] if kind in streams else []
        if values:
            figures |= {average: sum(values) / len(values), highest: max(values)}
    return figures

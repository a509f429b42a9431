"""The elements of a TCX: what each activity, lap and trackpoint states."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fitglue_formats.absence import number
from fitglue_formats.budget import ACTIVITIES, LAPS, POINTS
from fitglue_formats.clock import parsed_seconds, parsed_time
from fitglue_formats.gaps import NIGHT_S
from fitglue_formats.refusals import shortened
from fitglue_formats.safe_xml import local_name
from fitglue_formats.tracks import Points
from fitglue_registry.model import Device, gives_way
from fitglue_registry.model.invalid import NOT_MEASURED, why_invalid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: The name of a point → the name of the element that contains the points.
_POINTS = {"Trackpoint": "Track"}
#: The most characters of a note or a name that are kept.
_LONGEST_TEXT = 20_000
_LONGEST_SPORT = 100
_LIMITS = {
    "Trackpoint": POINTS,
    "Lap": LAPS,
    "Activity": ACTIVITIES,
    "Transition": ACTIVITIES,
}
#: Name of an element of a trackpoint, or of its extensions → our stream.
STREAMS = {
    "AltitudeMeters": "altitude",
    "DistanceMeters": "distance",
    "HeartRateBpm": "heartrate",
    "Cadence": "cadence",
    "RunCadence": "cadence",
    "Watts": "watts",
    "Speed": "velocity",
}
#: Names of the elements of a trackpoint that state when and where it was.
_OF_POINT = ("Time", "LatitudeDegrees", "LongitudeDegrees")
#: Name of an element of a lap → the field of the model. The schema has ``Cadence`` for cycling
#: only; runners have theirs in the extension.
_OF_LAP = {
    "TotalTimeSeconds": "elapsed_s",
    "DistanceMeters": "distance_m",
    "Calories": "calories_kcal",
    "AverageHeartRateBpm": "average_heartrate_bpm",
    "MaximumHeartRateBpm": "max_heartrate_bpm",
    "MaximumSpeed": "max_speed_mps",
    "Cadence": "average_cadence_rpm",
}
#: The same for the extension ``LX``.
_OF_EXTENSION = {
    "AvgSpeed": "average_speed_mps",
    "AvgRunCadence": "average_cadence_rpm",
    "MaxRunCadence": "max_cadence_rpm",
    "MaxBikeCadence": "max_cadence_rpm",
    "AvgWatts": "average_watts",
    "MaxWatts": "max_watts",
}


@dataclass(slots=True)
class LapElement:
    """What a lap states about itself. Its points are the segment of the same number."""

    start: datetime | None = None
    stated: dict[str, float] = field(default_factory=dict)
    #: Field → what the lap states, and why it cannot have been measured.
    invalid: dict[str, str] = field(default_factory=dict)
    intensity: str | None = None

    def state(self, numbers: Mapping[str, float]) -> None:
        """Take numbers in the place of earlier ones, except those that mean "not measured"."""
        for name, value in numbers.items():
            reason = why_invalid(name, value)
            if reason is not None and not _is_in_ms(name, value):
                self.invalid[name] = reason
            elif not gives_way(name, value, self.stated.get(name)):
                self.stated[name] = value

    def drop_impossible(self) -> None:
        """Drop a duration that is impossible in seconds."""
        elapsed_s = self.stated.get("elapsed_s")
        reason = why_invalid("elapsed_s", elapsed_s)
        if reason is not None:
            self.invalid["elapsed_s"] = reason
            del self.stated["elapsed_s"]

    def end(self) -> datetime | None:
        """Return the end by the stated duration, or ``None`` if it is unknown."""
        if self.start is None:
            return None
        try:
            return self.start + timedelta(seconds=self.stated.get("elapsed_s", 0.0))
        except OverflowError:
            return None


def _is_in_ms(
    name: str,
    value: float,
) -> bool:
    """Return whether a duration can be one in milliseconds; the samples decide about it later."""
    if name != "elapsed_s" or value in NOT_MEASURED:
        return False
    return why_invalid(name, value / 1000) is None


@dataclass(slots=True)
class ActivityElement:
    """An activity of which everything was read."""

    sport_raw: str | None
    id_time: datetime | None = None
    notes: str | None = None
    device: Device | None = None
    laps: list[LapElement] = field(default_factory=list)
    points: Points = field(default_factory=Points)
    #: What is missing because the activity was divided.
    missing: dict[str, str] = field(default_factory=dict)

    def identity(self) -> str:
        """Return what two copies of one activity have in common, for activities with a time."""
        laps = []
        for lap in self.laps:
            laps.append((lap.start, sorted(lap.stated.items())))
        times = hash(self.points.times.tobytes())
        parts = (
            self.sport_raw,
            self.id_time,
            laps,
            times,
        )
        return repr(parts)

    def lap(self) -> LapElement:
        """Return the lap that is being read; some programs write activities without laps."""
        if not self.laps:
            self.open_lap(None)
        return self.laps[-1]

    def open_lap(self, start: datetime | None) -> None:
        """Begin a lap."""
        self.laps.append(LapElement(start))
        self.points.open_segment()


@dataclass(slots=True)
class TcxFile:
    """The activities of a file; a ``Collector``."""

    names = (
        "Activity",
        "Transition",
        "Course",
        "Workout",
        "Lap",
        "Track",
        "Trackpoint",
        "LX",
        "Creator",
    )
    points = _POINTS
    limits = _LIMITS
    drafts: list[ActivityElement] = field(default_factory=list)
    #: Whether the elements belong to a course or a plan, which have laps and points, too.
    is_plan: bool = False
    #: The text of the first time of the file.
    first_time: str | None = None

    def start(
        self,
        name: str,
        element: Any,
    ) -> None:
        """Open an activity or a lap."""
        if name in ("Activity", "Transition", "Course", "Workout"):
            self.is_plan = name in ("Course", "Workout")
        if self.is_plan or name == "Track":
            return
        start = element.get("StartTime")
        self.first_time = self.first_time or start
        if name == "Activity":
            sport = element.get("Sport")
            if sport is not None:
                sport = shortened(sport, _LONGEST_SPORT)
            self.drafts.append(ActivityElement(sport))
        elif name == "Transition":
            # It is written like a lap.
            self.drafts.append(ActivityElement("Transition"))
            if start is not None:
                self.drafts[-1].open_lap(parsed_time(start))
        elif name == "Lap" and self.drafts:
            self.drafts[-1].open_lap(parsed_time(start))

    def end(
        self,
        name: str,
        element: Any,
    ) -> None:
        """Take what an element states."""
        if self.is_plan or name == "Track" or not self.drafts:
            return
        draft = self.drafts[-1]
        if name == "Trackpoint":
            self.first_time = self.first_time or _text(element, "Time")
            _add(draft, element)
        elif name == "Lap":
            draft.lap().state(_numbers(element, _OF_LAP))
            draft.lap().intensity = _text(element, "Intensity")
        elif name == "LX":
            # Garmin's extension of a lap, ``ActivityExtension`` v2.
            draft.lap().state(_numbers(element, _OF_EXTENSION))
        elif name == "Creator":
            draft.device = draft.device or _device(element)
        else:
            id_text = _text(element, "Id")
            self.first_time = self.first_time or id_text
            draft.id_time = parsed_time(id_text)
            draft.notes = _text(element, "Notes")
            if draft.sport_raw == "Transition" or len(draft.laps) == 1:
                lap = draft.lap()
                lap.state(_numbers(element, _OF_LAP) | lap.stated)


def days_of(activity: ActivityElement) -> list[ActivityElement]:
    """Return an activity in parts, between which the athlete slept.

    Some programs put the laps of several days into one activity.
    """
    parts: list[list[int]] = []
    end: datetime | None = None
    for index, lap in enumerate(activity.laps):
        slept = False
        if end is not None and lap.start is not None:
            slept = (lap.start - end).total_seconds() >= NIGHT_S
        if slept or not parts:
            parts.append([])
        parts[-1].append(index)
        end = lap.end() or end
    if len(parts) < 2:
        return [activity]
    edges = [*activity.points.starts, len(activity.points)]
    days = []
    for part in parts:
        first = part[0]
        last = part[-1] + 1
        laps = activity.laps[first:last]
        points = activity.points.part(
            edges[first],
            edges[last],
        )
        day = replace(
            activity,
            id_time=laps[0].start,
            laps=laps,
            points=points,
        )
        days.append(day)
    return days


def _text(element: Any, *path: str) -> str | None:
    """Return the text of the element at a path below another one, or ``None`` if it is missing or
    empty.
    """
    for name in path:
        element = next(
            (child for child in element.iterchildren("*") if local_name(child.tag) == name), None
        )
        if element is None:
            return None
    text = (element.text or "").strip()
    return shortened(text, _LONGEST_TEXT) or None


def _numbers(
    element: Any,
    names: Mapping[str, str],
) -> dict[str, float]:
    """Return the numbers that an element states, by the names of the model.

    The maximum and the mean of the heart rate are in an element ``Value`` of their own.
    """
    numbers: dict[str, float] = {}
    for child in element.iterchildren("*"):
        name = names.get(local_name(child.tag))
        if name is None:
            continue
        value = number(child.text if len(child) == 0 else _text(child, "Value"))
        if not math.isnan(value):
            numbers.setdefault(name, value)
    return numbers


def _add(
    draft: ActivityElement,
    element: Any,
) -> None:
    """Append a trackpoint with what was measured at it.

    It is read in one pass, because a file can have a million of them.
    """
    draft.lap()
    texts: dict[str, str | None] = {}
    values: dict[str, float] = {}
    for child in element.iterdescendants("*"):
        name = local_name(child.tag)
        if name in _OF_POINT:
            texts.setdefault(name, child.text)
        elif name in STREAMS:
            kind = STREAMS[name]
            value = number(_text(child, "Value") if kind == "heartrate" else child.text)
            if not math.isnan(value):
                # The cadence can be in the point and in its extensions: the one of the point wins.
                values.setdefault(kind, value)
    draft.points.add(
        parsed_seconds(texts.get("Time")),
        number(texts.get("LatitudeDegrees")),
        number(texts.get("LongitudeDegrees")),
    )
    for kind, value in values.items():
        draft.points.measure(kind, value)


def _device(creator: Any) -> Device | None:
    """Return the device that an activity names as its creator, or ``None``."""
    major = _text(
        creator,
        "Version",
        "VersionMajor",
    )
    minor = _text(
        creator,
        "Version",
        "VersionMinor",
    )
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


def _serial(creator: Any) -> str | None:
    """Return the serial number, or ``None`` if it consists of zeros, as some programs write it."""
    serial = _text(creator, "UnitId")
    if serial is None or not serial.strip("0"):
        return None
    return serial

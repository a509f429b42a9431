"""What a filter sees of a workout."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.pipeline.circles import Point


@dataclass(frozen=True, slots=True)
class Candidate:
    """A merged activity, and what the store knows about it.

    Attributes:
        activity: The merged activity; its streams need not be loaded.
        sources: Name of each connection that has the workout → id of its source in the registry.
        stream_types: Types of the streams that the workout has.
        day: Day of the workout as lists show it; by default that of its start.
    """

    activity: SourceActivity
    sources: Mapping[str, str] = field(default_factory=dict)
    stream_types: frozenset[str] = frozenset()
    day: date | None = None

    @property
    def starts_on(self) -> date | None:
        """The local day of the start, or ``None`` if it is not known."""
        activity = self.activity
        # The store derives its day from the start, also if a source only guessed it.
        if activity.start_is_estimated:
            return None
        if self.day is not None:
            return self.day
        if activity.start_local:
            return activity.start_local.date()
        if activity.start_utc:
            return activity.start_utc.date()
        return None

    @property
    def starts_at(self) -> time | None:
        """The local time of the start, to the minute, or ``None`` if it is not known."""
        activity = self.activity
        start = activity.start_local
        if start is None or activity.start_is_estimated:
            return None
        if activity.start_precision == "day":
            return None
        return time(start.hour, start.minute)

    @property
    def starts_in(self) -> Point | None:
        """The place of the start, or ``None`` if it is not known."""
        place = place_of(self.activity)
        if place is not None:
            return place
        for stream in self.activity.streams:
            if stream.type == "latlng":
                return next(_points(stream.values), None)
        return None


def place_of(activity: SourceActivity) -> Point | None:
    """Return the place that an activity states, or ``None`` if it states none."""
    location = activity.location
    if location is None:
        return None
    latitude = location.latitude_deg
    longitude = location.longitude_deg
    if latitude is None or longitude is None:
        return None
    return latitude, longitude


def _points(samples: Iterable[Any]) -> Iterator[Point]:
    for sample in samples:
        if sample is not None:
            yield sample

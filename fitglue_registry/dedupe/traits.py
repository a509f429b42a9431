"""The values of a source activity that are compared: plain numbers, and the samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fitglue_registry.model.sports import family

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.model import SourceActivity

Point = tuple[float, float]
"""Latitude and longitude in degrees (WGS 84)."""

#: Sport families that say nothing about what was done, because a source uses them for "unknown".
_UNKNOWN_SPORTS = frozenset({"other"})


@dataclass(frozen=True, slots=True)
class Traits:
    """The values of one source activity that are compared.

    ``None`` means absent, and an absent value is no evidence. Starts are seconds since 1970;
    ``start_local_s`` treats the local time as if it were UTC.
    """

    account: str  # the account whose connection lists it
    start_utc_s: float | None = None
    start_local_s: float | None = None
    precision_s: float = 1.0  # how exact the start is: a second, a minute or a day
    elapsed_s: float | None = None
    moving_s: float | None = None
    distance_m: float | None = None
    family: str | None = None
    average_heartrate_bpm: float | None = None
    max_heartrate_bpm: float | None = None
    average_watts: float | None = None
    calories_kcal: float | None = None
    elevation_gain_m: float | None = None
    parent: str | None = None  # the multisport event that it is a leg of
    stub: bool = False

    @property
    def start_s(self) -> float | None:
        """The start on the local clock, or in UTC if the zone is unknown."""
        return self.start_local_s if self.start_local_s is not None else self.start_utc_s


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one recording that are compared.

    Attributes:
        track: The points of the track, without gaps.
        time_s: The seconds since the start, one for each sample of the channels.
        channels: The values of ``heartrate`` and ``watts``, where present. NaN is a gap.
    """

    track: Sequence[Point] = ()
    time_s: Sequence[float] = ()
    channels: Mapping[str, Sequence[float]] = field(default_factory=dict)


_PRECISION_S = {
    "second": 1.0,
    "minute": 60.0,
    "day": 86_400.0,
}


def traits_of(activity: SourceActivity, account: str) -> Traits:
    """Return the traits of a source activity that this account lists.

    Zero counts as absent for every value that a workout cannot have as zero, such as its distance
    or its heart rate. A climb of zero is kept, because a flat course has it.
    """
    sport = family(activity.sport) if activity.sport else None
    return Traits(
        account=account,
        start_utc_s=clock_s(activity.start_utc),
        start_local_s=clock_s(activity.start_local),
        precision_s=_PRECISION_S[activity.start_precision],
        elapsed_s=activity.elapsed_s or None,
        moving_s=activity.moving_s or activity.recording_s or None,
        distance_m=activity.distance_m or None,
        family=None if sport in _UNKNOWN_SPORTS else sport,
        average_heartrate_bpm=activity.average_heartrate_bpm or None,
        max_heartrate_bpm=activity.max_heartrate_bpm or None,
        average_watts=activity.average_watts or None,
        calories_kcal=activity.calories_kcal or None,
        elevation_gain_m=activity.elevation_gain_m,
        parent=activity.parent,
        stub=activity.stub is not None,
    )


def clock_s(moment: datetime | None) -> float | None:
    """Return the seconds since 1970 of a moment; a local time is treated as if it were UTC."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()

"""One workout of an account: when it was, what was done, and which file belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fitglue_garmin.testing.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_garmin.testing.kinds import Kind


@dataclass(frozen=True, slots=True)
class Squats:
    """One set of barbell squats, the only exercise of the athlete.

    Attributes:
        reps: How many repetitions were done.
        weight_kg: The weight in kilograms.
        elapsed_s: The duration in seconds.
    """

    reps: int = 10
    weight_kg: int = 60
    elapsed_s: int = 45


@dataclass(frozen=True, slots=True)
class Leg:
    """One recording, or one leg of a multisport event.

    Attributes:
        id: The id of the activity at Garmin Connect.
        start: The start in UTC.
        kind: Garmin's word for the type, a key of ``KINDS``.
        elapsed_s: The length in seconds, pauses included.
        distance_m: The distance in meters; ``None`` computes it from the usual speed.
        row: Keys of the row that differ from the generated ones.
        summary: Measurements of the detail that differ from the generated ones.
        sets: The sets of a strength workout. Its row has their totals, and its file each of them.
    """

    id: int
    start: datetime
    kind: str = "running"
    elapsed_s: int = 2_500
    distance_m: float | None = None
    row: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    sets: tuple[Squats, ...] = (Squats(),) * 3

    @property
    def type(self) -> Kind:
        """The type of activity, with Garmin's numbers."""
        return KINDS[self.kind]

    @property
    def end(self) -> datetime:
        """The end in UTC."""
        return self.start + timedelta(seconds=self.elapsed_s)

    @property
    def moved_m(self) -> float:
        """The distance in meters."""
        if self.distance_m is not None:
            return self.distance_m
        return round(self.elapsed_s * self.type.speed_mps, 1)


@dataclass(frozen=True, slots=True)
class Workout:
    """A workout as Garmin Connect has it.

    Attributes:
        whole: The workout, or the event of which ``legs`` are parts.
        legs: The legs of a multisport event, in order of time.
        zone: The IANA name of the time zone in which it took place.
        title: Its title.
        manual: Whether it was typed in, so that it has no file.
        file: Its original file; ``None`` writes one, unless it was typed in.
        serial: The serial number of the device.
        uploaded: When it arrived; ``None`` is a few minutes after its end.
        detail: Keys of the detail that differ from the generated ones.
    """

    whole: Leg
    legs: tuple[Leg, ...] = ()
    zone: str = "Europe/Oslo"
    title: str = "Oslo Running"
    manual: bool = False
    file: bytes | None = None
    serial: int = 3_900_000_001
    uploaded: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """The id of the activity, or of the event."""
        return self.whole.id

    @property
    def recorded(self) -> tuple[Leg, ...]:
        """The recordings in its file: its legs, or the workout itself."""
        return self.legs or (self.whole,)

    @property
    def uploaded_at(self) -> datetime:
        """When it arrived at Garmin Connect, in UTC."""
        return self.uploaded or self.recorded[-1].end + timedelta(minutes=4)

    def local(self, moment: datetime) -> datetime:
        """Return the local time of a moment, without its zone."""
        return moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    @property
    def start_local(self) -> datetime:
        """The local start, without its zone."""
        return self.local(self.whole.start)


def event(
    number: int,
    start: datetime,
    kinds: tuple[tuple[str, int], ...],
    **changes: Any,
) -> Workout:
    """Return a multisport event whose legs follow each other without a break.

    Args:
        number: The id of the event; its legs have the ids that follow.
        start: The start in UTC.
        kinds: The type and the length in seconds of each leg.
        **changes: Other attributes of the workout.
    """
    legs = []
    begin = start
    for place, (kind, elapsed_s) in enumerate(kinds, 1):
        # Invented: legs have the ids that follow that of their event.
        legs.append(
            Leg(
                number + place,
                begin,
                kind,
                elapsed_s,
            )
        )
        begin += timedelta(seconds=elapsed_s)
    elapsed_s = sum(leg.elapsed_s for leg in legs)
    distance_m = sum(leg.moved_m for leg in legs)
    whole = Leg(
        number,
        start,
        "multi_sport",
        elapsed_s,
        distance_m,
    )
    return Workout(
        whole,
        tuple(legs),
        **{"title": "Oslo Triathlon", **changes},
    )


def utc(text: str) -> datetime:
    """Return a moment in UTC from ISO text without a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)

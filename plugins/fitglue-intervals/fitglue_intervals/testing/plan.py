"""One workout that took place: when, where and with which legs, but without its contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_intervals.testing.places import PLACES, Place, place_on
from fitglue_intervals.testing.shapes import Leg, Shape, shape_of
from fitglue_intervals.testing.sports import SPORTS

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """One workout.

    Attributes:
        number: Its number in the history, where 0 is the newest workout. Workouts that are added
            later have negative numbers.
        id: The id of the activity.
        start: The local start, without a zone.
        legs: Local start and leg of each leg of the file that the workout came in.
        leg_no: Which of ``legs`` the workout is.
        stub: Whether the workout came from Strava.
        strava_id: The id of the stub whose copy this workout is, if it is one.
    """

    number: int
    id: str
    start: datetime
    legs: tuple[tuple[datetime, Leg], ...]
    leg_no: int = 0
    stub: bool = False
    strava_id: str | None = None

    @property
    def leg(self) -> Leg:
        """The leg that this workout represents."""
        return self.legs[self.leg_no][1]

    @property
    def shape(self) -> Shape:
        """The shape of the recording."""
        return shape_of(self.leg)

    @property
    def place(self) -> Place:
        """Where the workout took place."""
        return PLACES[self.leg.zone]

    @property
    def start_utc(self) -> datetime:
        """The start in UTC, without a zone."""
        return self.start - self.place.offset(self.start)


def single_leg_plan(
    number: int,
    id_: str,
    start: datetime,
    sport: str,
    seed: int,
) -> Plan:
    """Return a workout that is the only leg of its file.

    Args:
        number: Its number in the history.
        id_: The id of the activity.
        start: The local start, without a zone; its day decides where the workout takes place.
        sport: The key of a sport.
        seed: The seed of the recording.
    """
    leg = Leg(sport, seed, place_on(start.date()).zone)
    return Plan(number, id_, start, ((start, leg),))


def sport_key(name: str) -> str:
    """Return the key of the sport with this key (``ride``) or API type (``TrailRun``).

    Raises:
        ValueError: If no sport has that key or type.
    """
    for sport in SPORTS.values():
        if name in {sport.key, sport.type}:
            return sport.key
    raise ValueError(f"unknown sport {name!r}; expected one of {', '.join(SPORTS)}")

"""One workout that took place: when, where, and with which legs, without its contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_intervals.testing.places import PLACES, Place, whereabouts
from fitglue_intervals.testing.shapes import Leg, Shape, shape_of
from fitglue_intervals.testing.sports import SPORTS

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """One workout; ``legs`` are those of the file that it came in, and it is the one at ``leg_no``.

    ``start`` is local. A ``stub`` is a workout that Strava fed.
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
        """The leg that this workout is."""
        return self.legs[self.leg_no][1]

    @property
    def shape(self) -> Shape:
        """The course of this workout."""
        return shape_of(self.leg)

    @property
    def place(self) -> Place:
        """Where it was."""
        return PLACES[self.leg.zone]

    @property
    def start_utc(self) -> datetime:
        """The start in UTC, as a naive time."""
        return self.start - self.place.offset(self.start)


def lone_plan(
    number: int,
    id_: str,
    start: datetime,
    sport: str,
    seed: int,
) -> Plan:
    """A workout that is the only one in its file."""
    leg = Leg(sport, seed, whereabouts(start.date()).zone)
    return Plan(number, id_, start, ((start, leg),))


def sport_key(name: str) -> str:
    """The kind for a key (``ride``) or a type (``TrailRun``); raises ``ValueError`` for neither."""
    for sport in SPORTS.values():
        if name in {sport.key, sport.type}:
            return sport.key
    raise ValueError(f"no such kind of workout: {name!r}; one of {', '.join(SPORTS)}")

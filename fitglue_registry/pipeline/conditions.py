"""The conditions of a filter as values; ``filters`` says whether a workout meets them."""

from __future__ import annotations

from datetime import date, time
from typing import Literal

from msgspec import Struct

TextKey = Literal["title", "description", "tags", "device", "gear"]
RangeKey = Literal["distance_km", "duration_min", "climb_m"]
FlagKey = Literal["indoor", "commute", "race"]
Comparison = Literal["contains", "is", "pattern"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""The names of the days, in the order of ``date.weekday``."""


class Sport(Struct, frozen=True):
    """The workout has one of these sports or belongs to one of these families of sports."""

    names: tuple[str, ...]


class Source(Struct, frozen=True):
    """At least one of these connections or sources of the registry has the workout."""

    names: tuple[str, ...]


class Words(Struct, frozen=True):
    """A text of the workout fits one of the given texts.

    Attributes:
        key: Which text of the workout.
        comparison: ``contains`` if it must contain the given text, ``is`` if it must equal it,
            ``pattern`` if the given text has ``*`` for any characters and ``?`` for one.
        texts: Given texts, of which one is enough.
    """

    key: TextKey
    comparison: Comparison
    texts: tuple[str, ...]


class Range(Struct, frozen=True):
    """A number of the workout lies in a range; both ends are included.

    Attributes:
        key: Which number; the name ends with its unit.
        minimum: Smallest value, or ``None`` if any small value is taken.
        maximum: Largest value, or ``None`` if any large value is taken.
    """

    key: RangeKey
    minimum: float | None = None
    maximum: float | None = None


class TimeOfDay(Struct, frozen=True):
    """The workout begins at a local time in this range, which can include midnight."""

    earliest: time
    latest: time


class Weekday(Struct, frozen=True):
    """The workout begins on one of these days of the week, in local time."""

    days: tuple[str, ...]


class Dates(Struct, frozen=True):
    """The workout begins on a local day in this range; ``None`` leaves an end open."""

    since: date | None = None
    until: date | None = None


class Place(Struct, frozen=True):
    """The workout begins within a circle."""

    latitude_deg: float
    longitude_deg: float
    radius_m: float


class Has(Struct, frozen=True):
    """The workout has all of these, such as ``gps`` or ``power``."""

    contents: tuple[str, ...]


class Flag(Struct, frozen=True):
    """The workout is marked, or is not marked, as something."""

    key: FlagKey
    value: bool


class AllOf(Struct, frozen=True):
    """Each of the conditions is met."""

    conditions: tuple[Condition, ...]


class AnyOf(Struct, frozen=True):
    """At least one of the conditions is met."""

    conditions: tuple[Condition, ...]


class Not(Struct, frozen=True):
    """The condition is not met."""

    condition: Condition


Condition = (
    AllOf
    | AnyOf
    | Not
    | Sport
    | Source
    | Words
    | Range
    | TimeOfDay
    | Weekday
    | Dates
    | Place
    | Has
    | Flag
)
"""Any condition of a filter."""

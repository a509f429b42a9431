"""Reads the day on which credentials end, and announces it in advance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, Place, UserMistake
from fitglue_registry.services.granting.stored_end import permission_end

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fitglue_registry.registry import Catalogue, Entry, Field
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace

#: How many days before its end a credential needs attention.
ANNOUNCED_DAYS = 14
_LONGEST_DAYS = 36_500
_DAYS = re.compile(r"([0-9]{1,5})(\s{1,5}days?)?", re.IGNORECASE)


def read_expiry(field: Field, text: str, today: date) -> str:
    """Return the day that a person typed as a date or as a number of days, as ISO 8601.

    Args:
        field: The field of the entry.
        text: The text, such as ``2027-01-31``, ``90`` or ``90 days``.
        today: The current day.

    Raises:
        UserMistake: FG-field-refused for any other text, and for a day that is over.
    """
    day = _day_in(field, text, today)
    if day < today:
        raise UserMistake(
            "FG-field-refused",
            f"{field.label or field.name} is a day that is over: {day.isoformat()}",
            at=Place(field=field.name),
            why="a key that has ended connects nothing",
            fix="make a new key at the service, and type its last day",
        )
    return day.isoformat()


def _day_in(field: Field, text: str, today: date) -> date:
    days = _DAYS.fullmatch(text)
    if days and int(days[1]) <= _LONGEST_DAYS:
        return today + timedelta(days=int(days[1]))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserMistake(
            "FG-field-refused",
            f"{field.label or field.name} does not have the right form",
            at=Place(field=field.name),
            why="it is neither a date nor a number of days",
            fix="type a date such as 2027-01-31, or a number of days such as 90",
        ) from None


def with_days(entry: Entry, settings: Mapping[str, str], today: date) -> dict[str, str]:
    """Return settings in which each day on which the credentials end is a date."""
    read = dict(settings)
    for field in entry.settings:
        if field.expires and field.name in read:
            read[field.name] = read_expiry(field, read[field.name], today)
    return read


def without_days(entry: Entry, settings: Mapping[str, str]) -> dict[str, str]:
    """Return settings without the days on which the credentials end: a new key has its own."""
    days = {field.name for field in entry.settings if field.expires}
    return {name: value for name, value in settings.items() if name not in days}


@dataclass(frozen=True, slots=True)
class Expiry:
    """When the credentials of a connection end, for people.

    Attributes:
        on: The last day on which they are valid.
        text: When they end.
        soon: Whether they have ended, or the athlete should do something about it.
        fix: What to do.
    """

    on: date
    text: str
    soon: bool
    fix: str


def expiry_of(
    workspace: Workspace,
    connected: ConnectionRow,
    now: datetime,
) -> Expiry | None:
    """Return when the credentials of a connection end, if that is known.

    Args:
        workspace: What the host has opened.
        connected: The connection.
        now: The current time, in the zone of the athlete.
    """
    connect = f"fitglue connect {connected.integration}"
    day = _typed_day(workspace.catalogue, connected)
    if day is not None:
        left = (day - now.date()).days
        soon = left <= ANNOUNCED_DAYS
        return Expiry(
            day,
            _text("key", "expire", day, left),
            soon,
            f"make a new one at the service: {connect}",
        )
    end = permission_end(workspace, connected)
    if end is None:
        return None
    day = end.at.astimezone(now.tzinfo).date()
    left = (day - now.date()).days
    # A permission that ended some hours ago does not end today.
    if end.at <= now:
        left = min(left, -1)
    text = _text("permission", "end", day, left)
    return Expiry(day, text, end.announce_at <= now, f"give it again: {connect}")


def _typed_day(catalogue: Catalogue, connected: ConnectionRow) -> date | None:
    """Return the last day on which a key is valid, if the athlete has typed it."""
    try:
        entry = catalogue.get("integration", connected.integration)
    except FitglueError:  # it is not installed
        return None
    for field in entry.settings:
        if field.expires and connected.settings.get(field.name):
            try:
                return date.fromisoformat(connected.settings[field.name])
            except ValueError:  # another program has written it
                return None
    return None


def _text(
    what: str,
    ends: str,
    day: date,
    left: int,
) -> str:
    if left < 0:
        return f"the {what} {ends.removesuffix('e')}ed on {day.isoformat()}"
    if left == 0:
        return f"the {what} {ends}s today"
    return f"the {what} {ends}s in {left} day{'s' if left > 1 else ''}"

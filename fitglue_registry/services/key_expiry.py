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
_FAR_AWAY = 10 * _LONGEST_DAYS
_DAYS = re.compile(r"([0-9]{1,9})(\s{1,5}days?)?", re.IGNORECASE)
#: How far away the days are that messages give as an example.
_EXAMPLE = timedelta(days=90)


def read_expiry(field: Field, text: str, today: date) -> str:
    """Return the day that a person typed as a date or as a number of days, as ISO 8601.

    Args:
        field: The field of the entry.
        text: The text, such as ``2027-01-31``, ``90`` or ``90 days``.
        today: The current day.

    Raises:
        UserMistake: FG-field-refused for any other text, for a day that is over, and for one that
            is too far away.
    """
    days = _days_until(field, text.strip(), today)
    if days < 0:
        raise _refused(
            field,
            f"the last day of the key is over: {today + timedelta(days=days)}",
            "a key that has ended connects nothing",
            "make a new key at the service, and type its last day",
        )
    longest = field.max_days or _LONGEST_DAYS
    # The day of the service may be one ahead of the athlete's.
    if days > longest + 1:
        raise _refused(
            field,
            "the last day of the key is too far away",
            f"no key is valid for more than {longest:,} days",
            f"type a number of days from 0 to {longest}, or a date such as {today + _EXAMPLE}",
        )
    return (today + timedelta(days=days)).isoformat()


def _days_until(field: Field, text: str, today: date) -> int:
    """Return the number of days until a day that a person typed; negative if it is over."""
    days = _DAYS.fullmatch(text)
    if days:
        # A number with more digits would be no day of the calendar.
        return min(int(days[1]), _FAR_AWAY)
    try:
        return (date.fromisoformat(text) - today).days
    except ValueError:
        raise _refused(
            field,
            "the last day of the key was not understood",
            "it is neither a date nor a number of days",
            f"type a date such as {today + _EXAMPLE}, or a number of days such as 90",
        ) from None


def _refused(
    field: Field,
    what: str,
    why: str,
    fix: str,
) -> UserMistake:
    return UserMistake("FG-field-refused", what, at=Place(field=field.name), why=why, fix=fix)


def with_days(entry: Entry, settings: Mapping[str, str], today: date) -> dict[str, str]:
    """Return settings in which each day on which the credentials end is a date."""
    read = dict(settings)
    for field in entry.settings:
        if field.expires and field.name in read:
            read[field.name] = read_expiry(field, read[field.name], today)
    return read


def expiry_field(entry: Entry) -> Field | None:
    """Return the field for the day on which the credentials of an integration end, if any."""
    return next((field for field in entry.settings if field.expires), None)


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


def expiry_setting(catalogue: Catalogue, connected: ConnectionRow) -> str | None:
    """Return the name of the setting for the last day of the key of a connection, if any."""
    try:
        field = expiry_field(catalogue.get("integration", connected.integration))
    except FitglueError:  # it is not installed
        return None
    return field.name if field else None


def _typed_day(catalogue: Catalogue, connected: ConnectionRow) -> date | None:
    """Return the last day on which a key is valid, if the athlete has typed it."""
    name = expiry_setting(catalogue, connected)
    try:
        return date.fromisoformat(connected.settings.get(name or "", ""))
    except ValueError:  # it is not known, or another program has written something else
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

"""Reads the day on which credentials end, and announces it in advance."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.registry import Catalogue, Entry, Field
    from fitglue_registry.store.connections import ConnectionRow

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
        UserMistake: FG-field-refused for any other text.
    """
    days = _DAYS.fullmatch(text)
    if days and int(days[1]) <= _LONGEST_DAYS:
        return (today + timedelta(days=int(days[1]))).isoformat()
    try:
        return date.fromisoformat(text).isoformat()
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


def expires_on(catalogue: Catalogue, connected: ConnectionRow) -> date | None:
    """Return the last day on which the credentials of a connection are valid, if it is known."""
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


def expiry_text(day: date, today: date) -> str:
    """Return when a key ends, for people."""
    left = (day - today).days
    if left < 0:
        return f"the key expired on {day.isoformat()}"
    if left == 0:
        return "the key expires today"
    return f"the key expires in {left} day{'s' if left > 1 else ''}"

"""The start of an activity as the formats need it: a moment in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_formats.writing.refusals import unwritable

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity


def start_of(
    activity: SourceActivity,
    file_format: str,
) -> datetime:
    """Return the start of an activity in UTC.

    Args:
        activity: The activity.
        file_format: The name of the format, for the message.

    Raises:
        RecordRefused: FG-start-unknown if only a local time is known, or only the day.
    """
    if activity.start_precision == "day":
        raise unwritable(
            "FG-start-unknown",
            file_format,
            "only its day is known, and the format needs the time of the start",
            "nothing to do: the source states no time",
        )
    if activity.start_utc is None:
        raise unwritable(
            "FG-start-unknown",
            file_format,
            "its start is known only in local time, and the format needs it in UTC",
            "set your home zone: fitglue settings timezone Europe/Zurich",
        )
    return activity.start_utc.astimezone(UTC)


def offset_of(activity: SourceActivity) -> int | None:
    """Return the seconds by which the local clock is ahead of UTC, or ``None`` if it is unknown."""
    if activity.utc_offset_s is not None:
        return activity.utc_offset_s
    if activity.start_utc is None or activity.start_local is None:
        return None
    utc = activity.start_utc.astimezone(UTC).replace(tzinfo=None)
    return round((activity.start_local - utc).total_seconds())


def iso(moment: datetime) -> str:
    """Return a moment in UTC as XML writes it, with a fraction only if it has one."""
    utc = moment.astimezone(UTC)
    text = utc.strftime("%Y-%m-%dT%H:%M:%S")
    if utc.microsecond:
        text += f".{utc.microsecond:06}".rstrip("0")
    return text.rjust(len("2026-01-01T00:00:00"), "0") + "Z"


def after(start: datetime, seconds: float) -> datetime:
    """Return the moment some seconds after another one."""
    return start + timedelta(seconds=seconds)

"""The times of a FIT file: its epoch, the offset of the local clock, and the time without
pauses.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats.fit.values import seconds
from fitglue_registry.model.moments import FARTHEST_OFFSET_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.messages import Messages

#: FIT counts seconds since this moment (type ``date_time`` of the profile).
EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
#: FIT profile, type ``date_time``: a lower value counts the seconds since the device was switched
#: on, because its clock was never set.
UNSET_BEFORE = 0x10000000
#: All offsets in use are multiples of 15 minutes.
_QUARTER_S = 900
#: The largest deviation from a multiple of 15 minutes: some devices write the two clocks of one
#: message at slightly different moments.
_TOLERANCE_S = 60
#: FIT profile, type ``event_type``: the values that stop the timer.
_STOPS = ("stop", "stop_all", "stop_disable", "stop_disable_all")


def moment(seconds_of_epoch: float) -> datetime:
    """Return a time of the file as UTC."""
    return EPOCH + timedelta(seconds=seconds_of_epoch)


class StatedOffset(NamedTuple):
    """The seconds by which the local clock is ahead of UTC, and the time at which they hold."""

    offset_s: int
    at: datetime


def stated_offset(messages: Messages) -> StatedOffset | None:
    """Return the offset of the local clock that the file states, or ``None`` if it is unknown.

    The message ``activity`` states both clocks. Some apps write nonsense as the local time; a
    difference that is not the offset of a zone is ignored.
    """
    for values in messages.all("activity"):
        local = seconds(values, "local_timestamp")
        utc = seconds(values, "timestamp")
        if local is None or utc is None:
            continue
        difference = local - utc
        offset = round(difference / _QUARTER_S) * _QUARTER_S
        is_near = abs(difference - offset) <= _TOLERANCE_S
        if is_near and abs(offset) <= FARTHEST_OFFSET_S:
            return StatedOffset(offset, moment(utc))
    return None


def recorded_s(
    messages: Messages,
    start: float,
    end: float,
) -> float | None:
    """Return the seconds between ``start`` and ``end`` in which the timer ran.

    Args:
        messages: The decoded messages, with those of the kind ``event``.
        start: The start of the session, in seconds after the FIT epoch.
        end: The end of the session.

    Returns:
        The seconds, rounded to milliseconds, or ``None`` if the timer has no events in the session.
    """
    events = timer_events(messages)
    # The events are written in whole seconds, so the first one can be up to a second early.
    earliest = start - 1
    latest = end + 1
    if not any(earliest <= time <= latest for time, _ in events):
        return None
    running = _running(events, start, end)
    longest = end - start
    return round(min(running, longest), 3)


def stops(messages: Messages) -> list[float]:
    """Return the times at which the timer was stopped, in seconds after the FIT epoch."""
    return [time for time, kind in timer_events(messages) if kind == "stop"]


def timer_events(messages: Messages) -> list[tuple[float, str]]:
    """Return the times at which the timer was started (``start``) or stopped (``stop``), in
    order.
    """
    events = []
    for values in messages.all("event"):
        if values.get("event") != "timer":
            continue
        time = seconds(values, "timestamp")
        if time is None:
            continue
        event_type = values.get("event_type")
        if event_type == "start":
            events.append((time, "start"))
        elif event_type in _STOPS:
            events.append((time, "stop"))
    return sorted(events)


def _running(
    events: Sequence[tuple[float, str]],
    start: float,
    end: float,
) -> float:
    """Return the seconds of a session in which the timer ran."""
    running_since: float | None = start
    total = 0.0
    for time, kind in events:
        # In a multisport file, the timer may have been started in an earlier leg. So the last event
        # before the session decides whether the timer is running when the session starts.
        if time <= start + 1:
            running_since = start if kind == "start" else None
        elif time > end + 1:
            break
        elif kind == "start" and running_since is None:
            running_since = time
        elif kind == "stop" and running_since is not None:
            total += time - running_since
            running_since = None
    if running_since is None:
        return total
    return total + max(end - running_since, 0.0)

"""The times of a FIT file: seconds of its own epoch, the offset of the athlete's clock, and what
was recorded between pauses.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_formats.fit.values import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.messages import Messages

EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
#: Less than this is a clock that counts from when the device was switched on: nobody set it.
UNSET_BEFORE = 0x10000000
_QUARTER_S = 900
_FARTHEST_S = 14 * 3600
#: The two clocks of one message are sometimes written a second apart.
_APART_S = 60
_STOPS = ("stop", "stop_all", "stop_disable", "stop_disable_all")


def moment(seconds_of_epoch: float) -> datetime:
    """A time of the file in UTC."""
    return EPOCH + timedelta(seconds=seconds_of_epoch)


def offset_s(messages: Messages) -> int | None:
    """How far the athlete's clock was ahead of UTC, by the file's own local time; apps that write
    nonsense there are not believed.
    """
    for values in messages.all("activity"):
        local = seconds(values, "local_timestamp")
        utc = seconds(values, "timestamp")
        if local is None or utc is None:
            continue
        difference = local - utc
        offset = round(difference / _QUARTER_S) * _QUARTER_S
        is_near = abs(difference - offset) <= _APART_S
        if is_near and abs(offset) <= _FARTHEST_S:
            return offset
    return None


def recorded_s(
    messages: Messages,
    start: float,
    end: float,
) -> float | None:
    """The seconds between ``start`` and ``end`` in which the timer ran; ``None`` where the file
    does not say.
    """
    events = _timer_events(messages)
    earliest = start - 1
    latest = end + 1
    if not any(earliest <= time <= latest for time, _ in events):
        return None
    running = _running(events, start, end)
    longest = end - start
    return round(min(running, longest), 3)


def _timer_events(messages: Messages) -> list[tuple[float, str]]:
    """When the timer was started and stopped, in the order of time."""
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
    """The seconds of a session in which the timer ran."""
    running_since: float | None = start
    total = 0.0
    for time, kind in events:
        # Of a leg of a multisport file the timer may have been started legs before.
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

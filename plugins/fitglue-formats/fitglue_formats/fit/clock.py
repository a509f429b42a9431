"""The times of a FIT file: seconds of its own epoch, the offset of the athlete's clock, and what
was recorded between pauses.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.messages import Messages, Values

EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
#: Less than this is a clock that counts from when the device was switched on: nobody set it.
UNSET_BEFORE = 0x10000000
_QUARTER_S, _FARTHEST_S = 900, 14 * 3600
_STOPS = ("stop", "stop_all", "stop_disable", "stop_disable_all")


def moment(seconds: float) -> datetime:
    """A time of the file in UTC."""
    return EPOCH + timedelta(seconds=seconds)


def seconds(values: Values, name: str) -> float | None:
    """A time of a message, where it says one that is a number."""
    value = values.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def offset_s(messages: Messages) -> int | None:
    """How far the athlete's clock was ahead of UTC, by the file's own local time; apps that write
    nonsense there are not believed.
    """
    for values in messages.all("activity"):
        local, utc = seconds(values, "local_timestamp"), seconds(values, "timestamp")
        if local is not None and utc is not None:
            offset = round((local - utc) / _QUARTER_S) * _QUARTER_S
            # The two are sometimes written a second apart.
            if abs(offset) <= _FARTHEST_S and abs(local - utc - offset) <= 60:
                return offset
    return None


def recorded_s(messages: Messages, start: float, end: float) -> float | None:
    """The seconds between ``start`` and ``end`` in which the timer ran; ``None`` where the file
    does not say.
    """
    events = sorted(
        (time, "start" if values.get("event_type") == "start" else "stop")
        for values in messages.all("event")
        if values.get("event") == "timer"
        and values.get("event_type") in ("start", *_STOPS)
        and (time := seconds(values, "timestamp")) is not None
    )
    if not any(start - 1 <= time <= end + 1 for time, _ in events):
        return None
    return round(min(_running(events, start, end), end - start), 3)


def _running(events: Sequence[tuple[float, Any]], start: float, end: float) -> float:
    # Of a leg of a multisport file the timer may have been started legs before.
    before = [kind for time, kind in events if time <= start + 1]
    running_since: float | None = start if not before or before[-1] == "start" else None
    total = 0.0
    for time, kind in events:
        if time <= start + 1 or time > end + 1:
            continue
        if kind == "start" and running_since is None:
            running_since = time
        elif kind == "stop" and running_since is not None:
            total, running_since = total + time - running_since, None
    return total + (max(end - running_since, 0.0) if running_since is not None else 0.0)

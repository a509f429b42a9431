"""The start of a session: the stated one, unless the end, the durations and the samples contradict
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_formats.consistency import is_covered
from fitglue_formats.fit.clock import UNSET_BEFORE, moment
from fitglue_formats.fit.values import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.messages import Values

#: The key under which a session keeps why its start is not the stated one.
START_NOTE = "start_note"
#: Many athletes save a workout some minutes after its end, so the end can be later by this much.
_SAVED_LATE_S = 1800.0
#: Devices round, and write their first and last sample some seconds inside the session.
_NEAR_S = 60.0


def is_set(time: float | None) -> bool:
    """Return whether a time is known and was not counted by a clock that was never set.

    Args:
        time: Seconds after the FIT epoch.
    """
    return time is not None and time >= UNSET_BEFORE


def contradicts_end(session: Values) -> bool:
    """Return whether the start, the duration and the end of a session cannot all be right."""
    start = seconds(session, "start_time")
    end = seconds(session, "timestamp")
    elapsed_s = seconds(session, "total_elapsed_time")
    if start is None or end is None or elapsed_s is None:
        return False
    # Some apps write the start as the end.
    if end == start:
        return False
    return not -_NEAR_S <= end - start - elapsed_s <= _SAVED_LATE_S


def start_of(
    session: Values,
    times: Sequence[float],
) -> float | None:
    """Return the start of a session in seconds after the FIT epoch, or ``None`` if it is unknown.

    The reason for a start that is not the stated one is added to the session.

    Args:
        session: The message ``session``.
        times: The times of its samples in their order.
    """
    start = seconds(session, "start_time")
    if is_set(start):
        if contradicts_end(session) and _samples_decide(session, times):
            return _other(
                session,
                times[0],
                "which contradicts its end and its samples",
            )
        return start
    unset = "the date of a clock that was not set"
    if times and is_set(times[0]):
        return _other(
            session,
            times[0],
            unset,
        )
    end = seconds(session, "timestamp")
    # If every clock of the file is that of a device that was never set, the start is an estimate.
    if end is None or not is_set(end):
        return start or next(iter(times), None) or start
    elapsed_s = seconds(session, "total_elapsed_time") or 0.0
    return _other(
        session,
        end - elapsed_s,
        unset,
    )


def _samples_decide(session: Values, times: Sequence[float]) -> bool:
    """Return whether the samples last as long as the session, and begin at another time."""
    start = seconds(session, "start_time")
    elapsed_s = seconds(session, "total_elapsed_time")
    if len(times) < 2 or start is None or not elapsed_s or not is_set(times[0]):
        return False
    span_s = times[-1] - times[0]
    return is_covered(elapsed_s, span_s) and abs(times[0] - start) > _NEAR_S


def _other(
    session: Values,
    start: float,
    why: str,
) -> float:
    """Return another start than the stated one, and note the reason if one is stated."""
    stated = seconds(session, "start_time")
    if stated is not None:
        session[START_NOTE] = f"the file states {moment(stated):%Y-%m-%d %H:%M:%S} UTC, {why}"
    return start

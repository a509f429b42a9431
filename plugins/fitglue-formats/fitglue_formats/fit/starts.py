"""The start of a session: the stated one, unless the end, the durations and the samples contradict
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats.consistency import is_covered
from fitglue_formats.fit.clock import UNSET_BEFORE, moment, timer_events
from fitglue_formats.fit.values import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.messages import Messages, Values

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


def _contradicts_end(session: Values) -> bool:
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


class Witness(NamedTuple):
    """A message that states when the recording began or ended, with its name for a note."""

    name: str
    time: float


class Witnesses(NamedTuple):
    """What a file states about the start and the end of a session, beside the session itself."""

    starts: Sequence[Witness] = ()
    ends: Sequence[Witness] = ()


def witnesses_of(messages: Messages) -> Witnesses:
    """Return what the laps, the timer and the message ``activity`` of a file state."""
    starts: list[Witness] = []
    ends: list[Witness] = []
    laps = [seconds(lap, "start_time") for lap in messages.all("lap")]
    begun = [time for time in laps if time is not None]
    if begun:
        starts.append(Witness("first lap", min(begun)))
    timer = timer_events(messages)
    if timer:
        starts.append(Witness("timer", timer[0][0]))
        ends.append(Witness("timer", timer[-1][0]))
    for values in messages.all("activity"):
        time = seconds(values, "timestamp")
        if time is not None:
            ends.append(Witness("message about the activity", time))
    return Witnesses(starts, ends)


_NO_WITNESSES = Witnesses()


def start_of(
    session: Values,
    times: Sequence[float],
    witnesses: Witnesses = _NO_WITNESSES,
) -> float | None:
    """Return the start of a session in seconds after the FIT epoch, or ``None`` if it is unknown.

    The reason for a start that is not the stated one is added to the session.

    Args:
        session: The message ``session``.
        times: The times of its samples in their order.
        witnesses: What other messages state about its start and end.
    """
    start = seconds(session, "start_time")
    if is_set(start):
        against = _against(session, times, witnesses)
        if not against:
            return start
        return _other(
            session,
            times[0],
            f"which contradicts {' and '.join(f'its {name}' for name in against)}",
        )
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


def _against(
    session: Values,
    times: Sequence[float],
    witnesses: Witnesses,
) -> list[str]:
    """Return what contradicts the stated start; empty if the samples do not show another one."""
    start = seconds(session, "start_time")
    if len(times) < 2 or start is None or not is_set(times[0]):
        return []
    if abs(times[0] - start) <= _NEAR_S:
        return []
    span_s = times[-1] - times[0]
    elapsed_s = seconds(session, "total_elapsed_time")
    if elapsed_s and is_covered(elapsed_s, span_s) and _contradicts_end(session):
        return ["end", "samples"]
    durations = (elapsed_s, seconds(session, "total_timer_time"))
    if not any(stated and is_covered(stated, span_s) for stated in durations):
        return []
    names = _confirming(session, times, witnesses)
    return ["samples", *names] if names else []


def _confirming(
    session: Values,
    times: Sequence[float],
    witnesses: Witnesses,
) -> list[str]:
    """Return the names of the messages that confirm the samples, and not the session, if these are
    more than those that confirm the session.
    """
    start = seconds(session, "start_time")
    end = seconds(session, "timestamp")
    confirming: list[str] = []
    others = 0
    for witness in witnesses.starts:
        fits = abs(witness.time - times[0]) <= _NEAR_S
        fits_session = start is not None and abs(witness.time - start) <= _NEAR_S
        confirming += [witness.name] * (fits and not fits_session)
        others += fits_session and not fits
    for witness in witnesses.ends:
        fits = -_NEAR_S <= witness.time - times[-1] <= _SAVED_LATE_S
        fits_session = end is not None and -_NEAR_S <= witness.time - end <= _SAVED_LATE_S
        confirming += [witness.name] * (fits and not fits_session)
        others += fits_session and not fits
    if len(confirming) <= others:
        return []
    return list(dict.fromkeys(confirming))


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

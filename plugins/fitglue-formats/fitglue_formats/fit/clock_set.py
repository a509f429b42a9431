"""Correction of a recording whose device set its clock while it recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.fit.clock import moment, stops
from fitglue_formats.fit.values import seconds
from fitglue_formats.set_clock import clock_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.arrays import Numbers
    from fitglue_formats.fit.columns import Table
    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_formats.set_clock import ClockSet

#: The key under which a corrected session keeps the note for its provenance.
NOTE = "clock_note"
#: The messages that state times of the recording, and the fields in which they do.
_KINDS = ("session", "lap", "length", "event", "set")
_TIMES = ("start_time", "timestamp")
#: The time of a start can differ from the time of its first sample by this much.
_NEAR_S = 2.0
#: The timer is stopped at the largest jump if its event is this near.
_PAUSE_S = 60.0


class _Clocks(NamedTuple):
    """The ranges of time by the old and the new clock, and the seconds between the clocks."""

    old_first: float
    old_last: float
    new_first: float
    new_last: float
    forward_s: float


def correct_clock(
    messages: Messages,
    sessions: Sequence[Values],
    table: Table,
) -> None:
    """Correct the times before a device set its clock, in the messages and the samples of a file.

    The later clock is the right one: it was set from GPS or a phone. Only a file with one session
    is corrected.
    """
    rows = np.flatnonzero(~np.isnan(table.time))
    if len(sessions) != 1 or not len(rows):
        return
    session = sessions[0]
    start = seconds(session, "start_time")
    if start is None:
        return
    times = table.time[rows]
    jump = _jump(messages, session, times)
    if jump is None:
        return
    clocks = _Clocks(
        old_first=float(times[0]) - _NEAR_S,
        old_last=float(times[jump.last_old]) + _NEAR_S,
        new_first=float(times[jump.last_old + 1]),
        new_last=float(times[-1]),
        forward_s=jump.forward_s,
    )
    table.time[rows[: jump.last_old + 1]] += jump.forward_s
    for kind in _KINDS:
        for values in messages.all(kind):
            _correct(values, clocks)
    stated = moment(start)
    # The start stays as it is if the device wrote it by the new clock.
    session[NOTE] = (
        f"the device set its clock by {jump.forward_s:+.0f} s while it recorded; the file states "
        f"the start as {stated:%Y-%m-%dT%H:%M:%SZ}"
    )


def _jump(
    messages: Messages,
    session: Values,
    times: Numbers,
) -> ClockSet | None:
    """Return where the clock was set, by the samples and the durations of the session."""
    paused = False
    if len(times) > 1:
        steps = np.abs(np.diff(times))
        largest = int(np.argmax(steps))
        before = float(times[largest])
        paused = any(abs(time - before) <= _PAUSE_S for time in stops(messages))
    return clock_set(
        times.tolist(),
        seconds(session, "total_elapsed_time"),
        seconds(session, "total_timer_time"),
        paused=paused,
    )


def _correct(
    values: Values,
    clocks: _Clocks,
) -> None:
    """Move the times of a message that are by the old clock, and not by the new one."""
    for name in _TIMES:
        time = seconds(values, name)
        if time is None:
            continue
        # A clock that was set back shows some times twice; the later clock is more likely.
        if clocks.new_first <= time <= clocks.new_last:
            continue
        if clocks.old_first <= time <= clocks.old_last:
            values[name] = time + clocks.forward_s

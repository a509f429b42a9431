"""Correction of a recording whose device set its clock while it recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fitglue_formats.consistency import clock_set
from fitglue_formats.fit.clock import moment, stops
from fitglue_formats.fit.values import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.consistency import ClockSet
    from fitglue_formats.fit.arrays import Numbers, Rows
    from fitglue_formats.fit.columns import Table
    from fitglue_formats.fit.messages import Messages, Values

#: The key under which a corrected session keeps the note for its provenance.
NOTE = "clock_note"
#: The messages that state times of the recording, and the fields in which they do.
_KINDS = ("session", "lap", "length", "event", "set")
_TIMES = ("start_time", "timestamp")
#: The time of a start can differ from the time of its first sample by this much.
_NEAR_S = 2.0
_DAY_S = 86_400


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
    first, last_old = float(times[0]), float(times[jump.last_old])
    # A session that starts by the new clock is right already.
    if not first - _DAY_S <= start <= last_old + _NEAR_S:
        return
    _correct_samples(table, rows, jump)
    old = (min(start, first) - _NEAR_S, last_old + _NEAR_S)
    new = (float(times[jump.last_old + 1]), float(times[-1]))
    for kind in _KINDS:
        for values in messages.all(kind):
            _correct(values, old, new, jump.forward_s)
    session[NOTE] = (
        f"the device set its clock by {jump.forward_s:+.0f} s while it recorded; the file states "
        f"{moment(start):%Y-%m-%dT%H:%M:%SZ}"
    )


def _jump(
    messages: Messages,
    session: Values,
    times: Numbers,
) -> ClockSet | None:
    """Return where the clock was set, by the samples and the durations of the session."""
    steps = np.abs(np.diff(times))
    paused = False
    if len(steps):
        before = float(times[int(np.argmax(steps))])
        paused = any(abs(time - before) <= 60 for time in stops(messages))
    return clock_set(
        times.tolist(),
        seconds(session, "total_elapsed_time"),
        seconds(session, "total_timer_time"),
        paused=paused,
    )


def _correct_samples(
    table: Table,
    rows: Rows,
    jump: ClockSet,
) -> None:
    """Move the samples by the old clock to the new one."""
    table.time[rows[: jump.last_old + 1]] += jump.forward_s


def _correct(
    values: Values,
    old: tuple[float, float],
    new: tuple[float, float],
    forward_s: float,
) -> None:
    """Move the times of a message that are by the old clock, and not by the new one."""
    for name in _TIMES:
        time = seconds(values, name)
        if time is None or new[0] <= time <= new[1]:
            continue
        if old[0] <= time <= old[1]:
            values[name] = time + forward_s

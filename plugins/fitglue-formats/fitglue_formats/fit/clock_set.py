"""Correction of a recording whose device set its clock while it recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.clock_by_durations import ClockSet, clock_set
from fitglue_formats.clock_by_points import set_back, set_forward
from fitglue_formats.consistency import is_covered
from fitglue_formats.fit.clock import moment, stops
from fitglue_formats.fit.values import seconds
from fitglue_formats.spans import in_words, moved_in_words

if TYPE_CHECKING:
    from fitglue_formats.fit.arrays import Numbers, Rows
    from fitglue_formats.fit.columns import Table
    from fitglue_formats.fit.messages import Messages, Values

#: The key under which a corrected session keeps the note for its provenance.
NOTE = "clock_note"
#: The key of the same for a session whose start was right, and whose last samples were not.
LATER_NOTE = "later_clock_note"
#: The messages that state times of the recording, and the fields in which they do.
_KINDS = ("session", "lap", "length", "event", "set")
_TIMES = ("start_time", "timestamp")
#: The messages that state the end of the recording.
_END_KINDS = ("session", "lap", "activity")
#: The time of a start can differ from the time of its first sample by this much.
_NEAR_S = 2.0
#: The timer is stopped at the largest jump if its event is this near.
_PAUSE_S = 60.0
#: Many athletes save a workout some minutes after its end.
_SAVED_LATE_S = 1800.0
#: Without any stated end, fewer samples than this share are by the wrong clock.
_FEW_SHARE = 0.05
#: Degrees in a semicircle, the unit of positions in FIT.
_SEMICIRCLE = 180 / 2**31


class _Move(NamedTuple):
    """The ranges of time by the wrong and the right clock, and the seconds between the clocks."""

    wrong_first: float
    wrong_last: float
    right_first: float
    right_last: float
    seconds: float


def correct_clock(
    messages: Messages,
    sessions: list[Values],
    table: Table,
) -> Values:
    """Correct the times by a wrong clock, in the messages and the samples of a file.

    The later clock is the right one, because it was set from GPS or a phone, unless the end of the
    recording is by the earlier one. Only a file with one session, or none, is corrected.

    Returns:
        The note for the session, under its key; empty if the clock was steady.
    """
    rows = np.flatnonzero(~np.isnan(table.time))
    if len(sessions) > 1 or not len(rows):
        return {}
    session = sessions[0] if sessions else {}
    times = table.time[rows]
    jump = _jump(messages, session, times)
    if jump is None and _leaves_open(messages, session, times):
        jump = _jump_of_points(table, rows)
    if jump is None:
        return {}
    if _ends_by_old_clock(messages, times, jump):
        return _move_later(messages, table, rows, jump)
    return _move_earlier(messages, session, table, jump)


def _move_earlier(
    messages: Messages,
    session: Values,
    table: Table,
    jump: ClockSet,
) -> Values:
    """Move what is by the old clock to the new one, and return the note for it."""
    rows = np.flatnonzero(~np.isnan(table.time))
    times = table.time[rows]
    start = seconds(session, "start_time")
    move = _Move(
        wrong_first=float(times[0]) - _NEAR_S,
        wrong_last=float(times[jump.last_old]) + _NEAR_S,
        right_first=float(times[jump.last_old + 1]),
        right_last=float(times[-1]),
        seconds=jump.forward_s,
    )
    table.time[rows[: jump.last_old + 1]] += jump.forward_s
    _correct(messages, move)
    direction = "back"
    if jump.forward_s > 0:
        direction = "forward"
    span = in_words(jump.forward_s)
    note = f"the device set its clock {direction} by {span} while it recorded"
    if start is not None:
        # The start stays as it is if the device wrote it by the new clock.
        note += f"; the file states the start as {moment(start):%Y-%m-%dT%H:%M:%SZ}"
    return {NOTE: note}


def _move_later(
    messages: Messages,
    table: Table,
    rows: Rows,
    jump: ClockSet,
) -> Values:
    """Move what is by the new clock back to the old one, and return the note for it."""
    times = table.time[rows]
    later = rows[jump.last_old + 1 :]
    move = _Move(
        wrong_first=float(times[jump.last_old + 1]) - _NEAR_S,
        wrong_last=float(times[-1]) + _NEAR_S,
        right_first=float(times[0]),
        right_last=float(times[jump.last_old]),
        seconds=-jump.forward_s,
    )
    table.time[later] -= jump.forward_s
    _correct(messages, move)
    note = (
        f"its last {len(later):,} samples were moved {moved_in_words(-jump.forward_s)}, because "
        "the recording ends at a time that fits the clock of the samples before them"
    )
    return {LATER_NOTE: note}


def _leaves_open(
    messages: Messages,
    session: Values,
    times: Numbers,
) -> bool:
    """Return whether the positions of the samples decide about a jump.

    They do if the session states no duration, or if its timer ran as long as the samples without
    the jump, and was not stopped there: then the elapsed time was computed from a wrong start.
    """
    timer_s = seconds(session, "total_timer_time")
    if timer_s is None or len(times) < 2:
        return seconds(session, "total_elapsed_time") is None
    steps = np.diff(times)
    longest = int(np.argmax(steps))
    without_s = float(times[-1] - times[0] - steps[longest])
    if not is_covered(timer_s, without_s):
        return False
    return not _is_stopped(messages, float(times[longest]))


def _is_stopped(messages: Messages, time: float) -> bool:
    """Return whether the timer was stopped near a time."""
    return any(abs(stop - time) <= _PAUSE_S for stop in stops(messages))


def _jump_of_points(table: Table, rows: Rows) -> ClockSet | None:
    """Return where the clock was set, by the positions of the samples."""
    if "position_lat" not in table.columns or "position_long" not in table.columns:
        return None
    times = table.time[rows]
    latitudes = table.columns["position_lat"].values[rows] * _SEMICIRCLE
    longitudes = table.columns["position_long"].values[rows] * _SEMICIRCLE
    order = np.arange(len(rows), dtype=np.int32)
    forward = set_forward(times, order, latitudes, longitudes)
    first = set_back(times, order, latitudes, longitudes)
    if forward is not None and forward.is_certain:
        return ClockSet(forward.first - 1, forward.seconds)
    if first is None:
        return None
    usual = float(np.median(np.diff(times)))
    return ClockSet(first - 1, float(times[first] - times[first - 1]) - usual)


def _ends_by_old_clock(
    messages: Messages,
    times: Numbers,
    jump: ClockSet,
) -> bool:
    """Return whether more messages state an end by the old clock than by the new one, or, without
    any, whether nearly all samples are by the old clock.
    """
    new_end = float(times[-1])
    old_end = new_end - jump.forward_s
    balance = 0
    for end in _ends(messages):
        is_new = -_PAUSE_S <= end - new_end <= _SAVED_LATE_S
        is_old = -_PAUSE_S <= end - old_end <= _SAVED_LATE_S
        # The clocks can differ by less than the time until the athlete saves the workout.
        if is_new and is_old:
            is_old = abs(end - old_end) < abs(end - new_end)
            is_new = not is_old
        balance += int(is_old) - int(is_new)
    if balance == 0:
        later = len(times) - 1 - jump.last_old
        return later < _FEW_SHARE * len(times)
    return balance > 0


def _ends(messages: Messages) -> list[float]:
    """Return the latest time that each kind of message states."""
    ends = []
    for kind in _END_KINDS:
        times = [seconds(values, "timestamp") for values in messages.all(kind)]
        stated = [time for time in times if time is not None]
        if stated:
            ends.append(max(stated))
    return ends + stops(messages)[-1:]


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
        paused = _is_stopped(messages, before)
    return clock_set(
        times.tolist(),
        seconds(session, "total_elapsed_time"),
        seconds(session, "total_timer_time"),
        paused=paused,
    )


def _correct(
    messages: Messages,
    move: _Move,
) -> None:
    """Move the times of messages that are by the wrong clock, and not by the right one."""
    for kind in _KINDS:
        for values in messages.all(kind):
            for name in _TIMES:
                time = seconds(values, name)
                if time is not None and _is_wrong(time, move):
                    values[name] = time + move.seconds


def _is_wrong(time: float, move: _Move) -> bool:
    """Return whether a time is by the wrong clock.

    A clock that was set back shows some times twice; the right clock is more likely.
    """
    if move.right_first <= time <= move.right_last:
        return False
    return move.wrong_first <= time <= move.wrong_last

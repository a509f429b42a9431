"""The recording time of a leg as events of the timer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_formats.writing.fit.records import AFTER_SAMPLE, BEFORE_SAMPLE, Timed
from fitglue_formats.writing.fit.sdk import EVENT
from fitglue_formats.writing.pauses import pauses_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_formats.writing.fit.leg import Leg


def timer_events(leg: Leg) -> Iterator[Timed]:
    """Yield the events of the timer: its start, the pauses and its end.

    Nothing is yielded if it is unknown when the timer ran: an event that is not true is worse than
    none.
    """
    missing_s = _missing_s(leg)
    if missing_s is None:
        return
    lasts_s = leg.end - leg.start
    pauses = pauses_of(
        leg.samples.time.tolist(),
        lasts_s,
        missing_s,
    )
    if pauses is None:
        return
    stopped = lasts_s
    yield _event(leg, 0, "start")
    for pause in pauses:
        # A pause at the end has no start after it.
        if pause.started >= lasts_s:
            stopped = int(pause.stopped)
            break
        yield _event(leg, pause.stopped, "stop_all")
        yield _event(leg, pause.started, "start")
    yield _event(leg, stopped, "stop_all")


def _missing_s(leg: Leg) -> int | None:
    """Return the whole seconds in which the timer did not run, or ``None`` if they are unknown."""
    elapsed_s = leg.activity.elapsed_s
    recording_s = leg.activity.recording_s
    if elapsed_s is None or recording_s is None:
        return None
    if recording_s >= elapsed_s:
        return 0
    # The events are in whole seconds, as the end is.
    return round(leg.end - leg.start - recording_s)


def _event(
    leg: Leg,
    second: float,
    kind: str,
) -> Timed:
    at = leg.start + int(second)
    message = {
        "timestamp": at,
        "event": "timer",
        "event_type": kind,
        "event_group": 0,
    }
    return Timed(
        at,
        BEFORE_SAMPLE if kind == "start" else AFTER_SAMPLE,
        EVENT,
        message,
    )

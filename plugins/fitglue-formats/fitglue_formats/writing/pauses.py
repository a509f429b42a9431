"""When a recording was interrupted, by the gaps between its samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: In a recording without pauses, the samples are a second apart, or a few.
_SHORTEST_S = 2.0
#: Devices write their events and samples in whole seconds, so that the timer can seem to stop a
#: second before the last sample.
_ROUNDING_S = 1.0


class Pause(NamedTuple):
    """A pause: when the timer was stopped and started again, in seconds after the start."""

    stopped: float
    started: float


def pauses_of(
    times: Sequence[float],
    end: float,
    missing_s: float,
) -> list[Pause] | None:
    """Return the pauses of a recording in the order of time, or ``None`` if they are unknown.

    The model states how long a recording was interrupted, and not when. The pauses are where the
    samples have their longest gaps, so if these are too short together, nothing is known.

    Args:
        times: The times of the samples, in seconds after the start.
        end: The end of the recording.
        missing_s: The seconds in which the timer did not run.
    """
    pauses = []
    for gap in sorted(_gaps(times, end), key=_longest_first):
        if missing_s <= 0:
            break
        length_s = min(gap.started - gap.stopped, missing_s)
        pauses.append(Pause(gap.stopped, gap.stopped + length_s))
        missing_s -= length_s
    if missing_s > _ROUNDING_S:
        return None
    if missing_s > 0:
        pauses.append(Pause(end - missing_s, end))
    return sorted(pauses)


def _longest_first(gap: Pause) -> tuple[float, float]:
    return gap.stopped - gap.started, gap.stopped


def _gaps(
    times: Sequence[float],
    end: float,
) -> Iterator[Pause]:
    """Yield the gaps between the samples, and the one after the last sample."""
    if not times:
        return
    for before, after in zip(times, [*times[1:], end], strict=True):
        if after - before >= _SHORTEST_S:
            yield Pause(before, after)

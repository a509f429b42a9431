"""The order of samples in time, for every format.

Samples are sorted, times that cannot be right count as no time, and the few samples that lie far
from all others are dropped. Neither the first nor the latest sample is trusted more than others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.set_clock import set_back, set_forward, shift_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from fitglue_formats.array_types import Flags, Floats, Indexes

#: A clock that was never set starts counting in 1901, 1904, 1970, 1980 or 1989. The limit is that
#: of the FIT profile (type ``date_time``, values below 0x10000000).
EARLIEST_S = datetime(1998, 7, 3, tzinfo=UTC).timestamp()
LATEST_S = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
#: Reasons for dropping samples that readers look at.
UNSET = "the time of a clock that was not set"
REPEATED = "repetitions of others"
#: The shortest night between two days of a tour, and longer than the pauses within a workout.
NIGHT_S = 6 * 3600.0
#: Within one segment, a sample that is out of order by this much has a wrong time; a smaller
#: disorder comes from a program that wrote its samples in another order.
_DISPLACED_S = 300.0
#: A recorder that writes a point every hour has no gap when one hour is missing.
_INTERVALS = 20
#: "Few" are less than this share of the others, and in a segment of their own also less than this
#: number: a short workout of another day is not an error.
_FEW_SHARE = 0.05
_FEW = 10
#: Without segments, samples that lie a day from all others are mistakes if they are at most this
#: share of all: a device that writes one segment can pause for a night.
_DAY_S = 86_400.0
_STRAY_SHARE = 0.02
#: A shorter pause cannot be a clock that was set forward.
_PAUSE_S = 890.0
#: A pause longer than this can contain samples of another segment.
_HOLE_S = 60.0
#: Each segment that overlaps others is compared with them. The limit keeps a hostile file from
#: taking hours.
_MOST_OVERLAPS = 1000


class Shift(NamedTuple):
    """How the times before a clock was set were moved.

    Attributes:
        first: The first time by the old clock, in seconds since 1970.
        last: The last time by the old clock.
        set_at: The first time by the new clock.
        seconds: What was added to the times by the old clock.
        note: The correction in words.
    """

    first: float
    last: float
    set_at: float
    seconds: float
    note: str


@dataclass(slots=True)
class Timeline:
    """The samples that have a usable time.

    Attributes:
        order: The indexes of the samples that are kept, in the order of time.
        segments: The segment of each sample of the file. If a segment repeats samples of an earlier
            one, its new samples continue the earlier one.
        dropped: Why samples were dropped → their number.
        shift: What was done with the times before the clock was set, if it was.
    """

    order: Indexes
    segments: Indexes
    dropped: dict[str, int] = field(default_factory=dict)
    shift: Shift | None = None

    @property
    def moved(self) -> str | None:
        """What was done with the times before the clock was set, in words."""
        return self.shift.note if self.shift else None

    def summary(self, count: int) -> dict[str, str]:
        """Return what was dropped as ``completeness.missing`` states it.

        Args:
            count: The number of points in the file.
        """
        summary = {}
        reasons = [f"{number:,} of {count:,} ({why})" for why, number in self.dropped.items()]
        if reasons:
            summary["use of all points"] = f"dropped {', '.join(reasons)}"
        if self.moved:
            summary["steady clock"] = self.moved
        return summary

    def drop(
        self,
        reason: str,
        count: int,
    ) -> None:
        """Count samples that were dropped."""
        if count:
            self.dropped[reason] = self.dropped.get(reason, 0) + int(count)


def usable(times: Floats) -> Flags:
    """Return which times can be those of a recording.

    Args:
        times: Seconds since 1970 (UTC); NaN for a sample without a time.
    """
    with np.errstate(invalid="ignore"):
        flags: Flags = (times >= EARLIEST_S) & (times <= LATEST_S)
    return flags


def arrange(
    times: Floats,
    segments: Indexes,
    values: Callable[[], list[Floats]] = list,
) -> Timeline:
    """Return the samples in the order of time, without those whose time cannot be right.

    Args:
        times: Seconds since 1970 (UTC) in the order of the file; NaN for a sample without a time.
            The array is changed if the clock was set during the recording.
        segments: The number of the segment of each sample, rising in the order of the file. The
            array is changed.
        values: Returns latitudes, longitudes and other values; called only if the samples are out
            of order. A sample whose time and values equal those of an earlier one repeats it.

    Returns:
        The order of the samples that are kept. Equal times keep the order of the file.
    """
    shift = _move_before_jump(
        times,
        segments,
        values,
    )
    order = np.flatnonzero(usable(times)).astype(np.int32)
    timeline = Timeline(
        order,
        segments,
        shift=shift,
    )
    timeline.drop("no time", np.isnan(times).sum())
    impossible = len(times) - np.isnan(times).sum() - len(timeline.order)
    timeline.drop(UNSET, impossible)
    kept = times[timeline.order]
    # Nearly every recording is in order, and then nothing has to be looked for.
    if (np.diff(kept) < 0).any() or len(nights(kept)) > 1:
        columns = values()
        _drop_far(timeline, times)
        _drop_displaced(timeline, times)
        _move_before_clock_was_set(
            timeline,
            times,
            columns,
        )
        _drop_repeated(
            timeline,
            times,
            columns,
        )
    return timeline


class InOrder(NamedTuple):
    """The indexes of the samples in the order of time, and the number of those left out."""

    rows: Indexes
    dropped: int


def in_order(times: Sequence[float] | Floats) -> InOrder:
    """Return the samples in the order of time, without the few that lie far from all others.

    This is for formats without segments. The first sample and the latest one can be wrong, so the
    largest group of samples is trusted; groups are at least a day apart. If more than a few samples
    lie outside it, all are kept, because they are not mistakes in single samples.

    Args:
        times: The times of the samples in seconds; NaN if a sample has none. Such samples are left
            out.
    """
    values = np.asarray(times, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    rows = known[np.argsort(values[known], kind="stable")].astype(np.int32)
    groups = [rows[group] for group in _groups(values[rows], _DAY_S)]
    largest = max(
        groups,
        key=len,
        default=rows,
    )
    outside = len(rows) - len(largest)
    few = max(1, _STRAY_SHARE * len(rows))
    if outside <= few and outside < len(largest):
        rows = largest
    return InOrder(rows, len(values) - len(rows))


def nights(times: Floats) -> list[slice]:
    """Return the ranges of sorted times that are separated by a night."""
    return _groups(times, NIGHT_S)


def _groups(
    times: Floats,
    gap_s: float,
) -> list[slice]:
    """Return the ranges of sorted times between which nothing was recorded for a while."""
    if len(times) == 0:
        return []
    intervals = np.diff(times)
    typical = float(np.median(intervals)) if len(intervals) else 0.0
    cuts = np.flatnonzero(intervals >= max(gap_s, typical * _INTERVALS)) + 1
    edges = [0, *cuts.tolist(), len(times)]
    return [slice(first, last) for first, last in pairwise(edges)]


def _move_before_clock_was_set(
    timeline: Timeline,
    times: Floats,
    values: list[Floats],
) -> None:
    """Move the times from before the clock was set: a clock that was set is right."""
    if len(values) < 2:
        return
    latitudes, longitudes = values[:2]
    for members in _by_segment(timeline.order, timeline.segments):
        first = set_back(
            times,
            members,
            latitudes,
            longitudes,
        )
        if first is not None:
            timeline.shift = _moved(
                times,
                members,
                first,
                "back",
            )


def _move_before_jump(
    times: Floats,
    segments: Indexes,
    values: Callable[[], list[Floats]],
) -> Shift | None:
    """Move the times from before the clock was set forward, also if they are impossible: a clock
    that was set is right.
    """
    known = np.flatnonzero(~np.isnan(times)).astype(np.int32)
    # Few recordings have a pause of a quarter of an hour.
    if not (np.diff(times[known]) >= _PAUSE_S).any():
        return None
    columns = values()
    if len(columns) < 2:
        return None
    shift = None
    for members in _by_segment(known, segments):
        first = set_forward(
            times,
            members,
            *columns[:2],
        )
        if first is not None:
            shift = _moved(
                times,
                members,
                first,
                "forward",
            )
    return shift


def _moved(
    times: Floats,
    members: Indexes,
    first: int,
    direction: str,
) -> Shift:
    """Move the times of a segment before a point, and return how."""
    seconds = shift_s(
        times,
        members,
        first,
    )
    old = times[members[:first]].copy()
    times[members[:first]] += seconds
    note = (
        f"the clock was set {direction} while it recorded, so the first {first:,} points were "
        f"moved by {seconds:,.0f} s"
    )
    return Shift(
        float(old.min()),
        float(old.max()),
        float(times[members[first]]),
        seconds,
        note,
    )


def _drop_far(
    timeline: Timeline,
    times: Floats,
) -> None:
    """Drop the few samples that lie far from all others."""
    kept = timeline.order[np.argsort(times[timeline.order], kind="stable")]
    groups = [kept[group] for group in nights(times[kept])]
    if len(groups) < 2:
        return
    most = max(map(len, groups))
    largest = next(group for group in groups if len(group) == most)
    wrong: list[Any] = []
    for group in groups:
        shares = np.isin(
            timeline.segments[group],
            timeline.segments[largest],
        ).all()
        if len(group) < most * _FEW_SHARE and (len(group) < _FEW or shares):
            wrong.append(group)
    _remove(
        timeline,
        wrong,
        "a time far from all others",
    )


def _drop_displaced(
    timeline: Timeline,
    times: Floats,
) -> None:
    """Drop the few samples of a segment whose time contradicts their place in the file."""
    wrong: list[Any] = []
    for members in _by_segment(timeline.order, timeline.segments):
        rising = times[members]
        if (np.diff(rising) >= 0).all():
            continue
        order = np.argsort(rising, kind="stable")
        for group in _groups(rising[order], _DISPLACED_S):
            places = order[group]
            ranks = np.arange(group.start, group.stop)
            few = len(places) < max(len(members) * _FEW_SHARE, 2)
            if few and (places != ranks).all():
                wrong.append(members[places])
    _remove(
        timeline,
        wrong,
        "a time that contradicts their place in the file",
    )


def _remove(
    timeline: Timeline,
    wrong: list[Any],
    reason: str,
) -> None:
    """Remove samples from a timeline."""
    if wrong:
        indexes = np.concatenate(wrong)
        timeline.order = timeline.order[~np.isin(timeline.order, indexes)]
        timeline.drop(reason, len(indexes))


def _by_segment(
    order: Indexes,
    segments: Indexes,
) -> Iterator[Indexes]:
    """Yield the samples of each segment, in the order of the file."""
    if len(order) == 0:
        return
    cuts = np.flatnonzero(np.diff(segments[order])) + 1
    yield from np.split(order, cuts)


def _drop_repeated(
    timeline: Timeline,
    times: Floats,
    values: list[Floats],
) -> None:
    """Sort the samples, and drop those that repeat others.

    Some programs write the last segment first, and some write a segment again with each lap.
    """
    parts = []
    for members in _by_segment(timeline.order, timeline.segments):
        parts.append(_once(members, times, values))
    parts.sort(key=lambda part: float(times[part[0]]))
    kept: list[Indexes] = []
    end = -np.inf
    overlaps = 0
    for part in parts:
        if times[part[0]] < end:
            overlaps += 1
            if overlaps <= _MOST_OVERLAPS:
                part = _new(
                    timeline,
                    part,
                    np.concatenate(kept),
                    times,
                )
            else:
                part = part[times[part] >= end]
        if len(part):
            kept.append(part)
            end = max(end, float(times[part[-1]]))
    count = len(timeline.order)
    timeline.order = np.concatenate(kept) if kept else timeline.order[:0]
    timeline.drop(REPEATED, count - len(timeline.order))
    if overlaps:
        by_time = np.argsort(times[timeline.order], kind="stable")
        timeline.order = timeline.order[by_time]


def _new(
    timeline: Timeline,
    part: Indexes,
    before: Indexes,
    times: Floats,
) -> Indexes:
    """Return the samples of a segment that earlier segments do not contain.

    If the segment begins with samples of an earlier one, the others continue that one.
    """
    before = before[np.argsort(times[before], kind="stable")]
    known = times[before]
    covered = _is_covered(times[part], known)
    if covered[0] and not covered.all():
        last = part[np.argmin(covered) - 1]
        after = np.searchsorted(
            known,
            times[last],
            side="right",
        )
        continued = before[after - 1]
        if times[continued] == times[last]:
            timeline.segments[part] = timeline.segments[continued]
    return part[~covered]


def _once(
    members: Indexes,
    times: Floats,
    values: list[Floats],
) -> Indexes:
    """Return the samples of a segment in the order of time, each once."""
    if (np.diff(times[members]) >= 0).all():
        return members
    ordered = members[np.argsort(times[members], kind="stable")]
    same = np.ones(len(ordered) - 1, dtype=np.bool_)
    for column in (times, *values):
        ours = column[ordered]
        same &= (ours[1:] == ours[:-1]) | (np.isnan(ours[1:]) & np.isnan(ours[:-1]))
    # Two equal samples in a row are how some devices write a pause; only a copy from another place
    # of the file is a repetition.
    same &= np.diff(ordered) != 1
    return ordered[np.concatenate(([True], ~same))]


def _is_covered(
    times: Floats,
    kept: Floats,
) -> Flags:
    """Return which times lie within what was already recorded.

    Samples that fill a hole are not covered. If most samples of a segment are new, the overlap is
    disorder between two segments, and only equal times are covered.
    """
    at = np.searchsorted(kept, times)
    after = kept[np.minimum(at, len(kept) - 1)]
    before = kept[np.maximum(at - 1, 0)]
    equal: Flags = (after == times) & (at < len(kept))
    inside: Flags = (at > 0) & (at < len(kept)) & (after - before <= _HOLE_S)
    covered: Flags = equal | inside
    if covered.sum() * 2 < len(times):
        return equal
    return covered

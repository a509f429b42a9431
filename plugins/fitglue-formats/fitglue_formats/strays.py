"""The samples whose times cannot be right: a few that lie far from all others, or that contradict
their place in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fitglue_formats.gaps import by_segment, groups, nights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.array_types import Floats, Indexes

#: Within one segment, a sample that is out of order by this much has a wrong time; a smaller
#: disorder comes from a program that wrote its samples in another order.
_DISPLACED_S = 300.0
#: "Few" are less than this share of the others, and in a segment of their own also less than this
#: number: a short workout of another day is not an error.
_FEW_SHARE = 0.05
_FEW = 10
#: Without segments, samples that lie a day from all others are mistakes if they are at most this
#: share of all: a device that writes one segment can pause for a night.
_DAY_S = 86_400.0
_STRAY_SHARE = 0.02
#: A few samples that lie an hour from all others are mistakes if they are at most this share of
#: all. A recording with fewer samples than this does not show it.
HOUR_S = 3600.0
_HOUR_SHARE = 0.01
_LEAST = 10


def few_far(
    times: Floats,
    *,
    is_outside: bool = False,
) -> Indexes:
    """Return the indexes of the few samples that lie an hour from all others.

    They are trusted neither at the start nor at the end: a careful person sees that the recording
    is where nearly all samples are.

    Args:
        times: Seconds in any order, without gaps.
        is_outside: Whether other evidence shows that such samples are outside the recording; then
            more of them can be mistakes.
    """
    order = np.argsort(times, kind="stable").astype(np.int32)
    parts = [order[group] for group in groups(times[order], HOUR_S)]
    if len(parts) < 2 or len(times) < _LEAST:
        return order[:0]
    largest = max(parts, key=len)
    outside = len(times) - len(largest)
    share = _FEW_SHARE if is_outside else _HOUR_SHARE
    if outside > max(1, share * len(times)) or (outside >= _FEW and not is_outside):
        return order[:0]
    return np.setdiff1d(order, largest)


def far_by_a_night(
    order: Indexes,
    segments: Indexes,
    times: Floats,
) -> list[Any]:
    """Return the groups of few samples that lie a night or more from all others.

    Args:
        order: The indexes of the samples.
        segments: The number of the segment of each sample of the file.
        times: The times of all samples in seconds.
    """
    kept = order[np.argsort(times[order], kind="stable")]
    parts = [kept[group] for group in nights(times[kept])]
    wrong: list[Any] = []
    if len(parts) < 2:
        return wrong
    most = max(map(len, parts))
    largest = next(part for part in parts if len(part) == most)
    of_largest = np.unique(segments[largest])
    for part in parts:
        if len(part) >= most * _FEW_SHARE:
            continue
        if len(part) < _FEW or np.isin(segments[part], of_largest).all():
            wrong.append(part)
    return wrong


def displaced(
    order: Indexes,
    segments: Indexes,
    times: Floats,
) -> list[Any]:
    """Return the groups of few samples of a segment whose time contradicts their place in the file.

    Args:
        order: The indexes of the samples in the order of the file.
        segments: The number of the segment of each sample of the file.
        times: The times of all samples in seconds.
    """
    wrong: list[Any] = []
    for members in by_segment(order, segments):
        rising = times[members]
        if (np.diff(rising) >= 0).all():
            continue
        by_time = np.argsort(rising, kind="stable")
        for group in groups(rising[by_time], _DISPLACED_S):
            places = by_time[group]
            ranks = np.arange(group.start, group.stop)
            few = len(places) < max(len(members) * _FEW_SHARE, 2)
            if few and (places != ranks).all():
                wrong.append(members[places])
    return wrong


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
    parts = [rows[group] for group in groups(values[rows], _DAY_S)]
    largest = max(
        parts,
        key=len,
        default=rows,
    )
    outside = len(rows) - len(largest)
    few = max(1, _STRAY_SHARE * len(rows))
    if outside <= few and outside < len(largest):
        rows = largest
    return InOrder(rows, len(values) - len(rows))

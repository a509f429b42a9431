"""Samples that a file contains twice, in segments that overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fitglue_formats.gaps import by_segment

if TYPE_CHECKING:
    from fitglue_formats.array_types import Flags, Floats, Indexes

#: A pause longer than this can contain samples of another segment.
_HOLE_S = 60.0
#: Each segment that overlaps others is compared with them. The limit keeps a hostile file from
#: taking hours.
_MOST_OVERLAPS = 1000


def without_repeats(
    order: Indexes,
    segments: Indexes,
    times: Floats,
    values: list[Floats],
) -> Indexes:
    """Return the samples in the order of time, without those that repeat others.

    Some programs write the last segment first, and some write a segment again with each lap.

    Args:
        order: The indexes of the samples in the order of the file.
        segments: The number of the segment of each sample of the file; changed for samples that
            continue an earlier segment.
        times: The times of all samples in seconds.
        values: The other values of all samples.
    """
    parts = [_once(members, times, values) for members in by_segment(order, segments)]
    parts.sort(key=lambda part: float(times[part[0]]))
    kept: list[Indexes] = []
    end = -np.inf
    overlaps = 0
    for part in parts:
        if times[part[0]] < end:
            overlaps += 1
            if overlaps <= _MOST_OVERLAPS:
                part = _new(
                    segments,
                    part,
                    np.concatenate(kept),
                    times,
                )
            else:
                part = part[times[part] >= end]
        if len(part):
            kept.append(part)
            end = max(end, float(times[part[-1]]))
    rows = np.concatenate(kept) if kept else order[:0]
    if overlaps:
        rows = rows[np.argsort(times[rows], kind="stable")]
    return rows


def _new(
    segments: Indexes,
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
            segments[part] = segments[continued]
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

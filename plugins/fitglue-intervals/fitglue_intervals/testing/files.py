"""The file that a workout was uploaded as: FIT with all its legs, or a GPX track."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import TYPE_CHECKING

from fitglue_intervals.testing.fit_files import fit_file
from fitglue_intervals.testing.gpx_files import gpx_file

if TYPE_CHECKING:
    from fitglue_intervals.testing.plan import Plan

_FIRST_SERIAL = 3_400_000_000
_NO_TIME = timedelta()


def file_of(plan: Plan) -> bytes | None:
    """The original upload of a workout, every third one compressed; None for one that was typed in.

    The legs of a multisport workout share their file.
    """
    content = plain_file_of(plan)
    if content is None or _is_gpx(plan) or serial_of(plan) % 3 != _FIRST_SERIAL % 3:
        return content
    # Stored, not deflated: what deflate makes of it differs from one machine's zlib to the next.
    return gzip.compress(content, 0, mtime=0)


def plain_file_of(plan: Plan) -> bytes | None:
    """The same, never compressed: as the device wrote it."""
    if not plan.shape.sport.channels:
        return None
    if _is_gpx(plan):
        start, leg = plan.legs[0]
        return gpx_file(start, leg)
    return fit_file(plan.legs, serial_of(plan))


def serial_of(plan: Plan) -> int:
    """The serial number of the device; the legs of a file share it."""
    return _FIRST_SERIAL + plan.number + plan.leg_no


def track_of(
    plan: Plan, *, from_s: int = 0, until_s: int | None = None, clock: timedelta = _NO_TIME
) -> bytes:
    """The track as another program saves it, as GPX: cut to some seconds since the start, or by a
    clock that is wrong.
    """
    start, leg = plan.legs[plan.leg_no]
    return gpx_file(start + clock, leg, from_s, until_s)


def _is_gpx(plan: Plan) -> bool:
    return plan.shape.sport.origins[0].file_type == "gpx"

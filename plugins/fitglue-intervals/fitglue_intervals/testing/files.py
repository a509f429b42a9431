"""The file that a workout was uploaded as: a FIT file with all its legs, or a GPX track."""

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
    """Return the original upload of a workout, or None if the workout was typed in.

    The legs of a multisport workout share their file. Every third FIT file is compressed with gzip:
    the specification does not say which form the API delivers, so a client has to look.
    """
    content = plain_file_of(plan)
    if content is None or _is_gpx(plan) or serial_of(plan) % 3 != _FIRST_SERIAL % 3:
        return content
    # Level 0 stores without compressing: the output of deflate depends on the version of zlib, and
    # the tests compare the bytes.
    return gzip.compress(content, 0, mtime=0)


def plain_file_of(plan: Plan) -> bytes | None:
    """Return the original upload as the device wrote it, never compressed."""
    if not plan.shape.sport.channels:
        return None
    if _is_gpx(plan):
        start, leg = plan.legs[0]
        return gpx_file(start, leg)
    return fit_file(plan.legs, serial_of(plan))


def serial_of(plan: Plan) -> int:
    """Return the serial number of the device, which the legs of one file share.

    A race is listed from its last leg to its first, so number and leg add up to the same value for
    all of its legs.
    """
    return _FIRST_SERIAL + plan.number + plan.leg_no


def track_of(
    plan: Plan, *, from_s: int = 0, until_s: int | None = None, clock: timedelta = _NO_TIME
) -> bytes:
    """Return the track as a GPX file that another program might have saved.

    Args:
        plan: The workout.
        from_s: The first second since the start that the file has.
        until_s: The last second that the file has; None means the end of the recording.
        clock: By how much the clock of the program was wrong.
    """
    start, leg = plan.legs[plan.leg_no]
    return gpx_file(start + clock, leg, from_s, until_s)


def _is_gpx(plan: Plan) -> bool:
    return plan.shape.sport.origins[0].file_type == "gpx"

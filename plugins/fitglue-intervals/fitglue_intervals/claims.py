"""The identities that an activity of Intervals.icu asserts, and what a file name is not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fitglue_registry.model import claim

if TYPE_CHECKING:
    from fitglue_intervals.starts import Start
    from fitglue_intervals.values import Values


def claims_of(values: Values, external_id: str) -> tuple[str, ...]:
    """Claims by id.

    ``external_id`` of the payload is no key by itself: it is a file name on uploads (``file.dat``
    181 times).
    """
    claims = [claim("intervals", external_id)]
    source, upstream, leg = (
        values.text("source"),
        values.identity("external_id"),
        values.whole("file_sport_index"),
    )
    # The id of a Strava row, which is a stub, is Strava's own; a native row that took its place
    # keeps it in strava_id.
    strava = (
        external_id
        if external_id.isdecimal() and source == "STRAVA"
        else values.identity("strava_id")
    )
    if strava is not None and strava.isdecimal():
        claims.append(claim("strava", strava))
    # Every leg of a multisport file carries the id of the whole, so only the first one may claim
    # it: equal claims join.
    if source == "GARMIN_CONNECT" and upstream is not None and upstream.isdecimal() and not leg:
        claims.append(claim("garmin", upstream))
    return tuple(claims)


def parent_of(values: Values, start: Start) -> str | None:
    """What groups the legs of one multisport file, known only of the second and later ones; names
    of uploads repeat, so by day.
    """
    upstream = values.identity("external_id")
    if not values.whole("file_sport_index") or upstream is None:
        return None
    day = start.local or start.utc
    return (
        upstream
        if values.text("source") == "GARMIN_CONNECT" or day is None
        else f"{upstream} {day.date()}"
    )


def file_claim(content: bytes, number: int) -> str:
    """The claim of the original file: the hash of its unpacked content, and which of its sports
    this is.
    """
    return claim("file", f"sha256:{hashlib.sha256(content).hexdigest()}#{number}")

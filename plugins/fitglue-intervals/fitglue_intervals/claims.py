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
    strava = _strava_id(values, external_id)
    if strava is not None and strava.isdecimal():
        claims.append(claim("strava", strava))
    garmin = _garmin_id(values)
    if garmin is not None and garmin.isdecimal():
        claims.append(claim("garmin", garmin))
    return tuple(claims)


def parent_of(values: Values, start: Start) -> str | None:
    """What groups the legs of one multisport file, known only of the second and later ones; names
    of uploads repeat, so by day.
    """
    upstream = values.identity("external_id")
    if not values.whole("file_sport_index") or upstream is None:
        return None
    moment = start.local or start.utc
    if values.text("source") == "GARMIN_CONNECT" or moment is None:
        return upstream
    return f"{upstream} {moment.date()}"


def file_claim(content: bytes, number: int) -> str:
    """The claim of the original file: the hash of its unpacked content, and which of its sports
    this is.
    """
    return claim("file", f"sha256:{hashlib.sha256(content).hexdigest()}#{number}")


def _strava_id(values: Values, external_id: str) -> str | None:
    """The id of a Strava row, which is a stub, is Strava's own; a native row that took its place
    keeps it in ``strava_id``.
    """
    if external_id.isdecimal() and values.text("source") == "STRAVA":
        return external_id
    return values.identity("strava_id")


def _garmin_id(values: Values) -> str | None:
    """Every leg of a multisport file carries the id of the whole, so only the first one may claim
    it: equal claims join.
    """
    if values.text("source") != "GARMIN_CONNECT" or values.whole("file_sport_index"):
        return None
    return values.identity("external_id")

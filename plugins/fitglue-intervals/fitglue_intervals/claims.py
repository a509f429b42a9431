"""The claims of an activity: under which ids other services know the same workout."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from fitglue_registry.model import claim, delivery_claim

if TYPE_CHECKING:
    from fitglue_intervals.starts import Start
    from fitglue_intervals.values import Values


#: The name that the program gc2everywhere gives to what it uploads from Garmin Connect.
_COPIED_FROM_GARMIN = re.compile(r"garmin-([0-9]{6,18})")
#: The ``external_id`` of what the destination in this package has uploaded; see ``ids``.
_SENT_BY_FITGLUE = re.compile(r"fitglue-[!-~]{8,190}")


def claims_of(values: Values, external_id: str) -> tuple[str, ...]:
    """Return the claims of an activity: its ids at Intervals.icu, Strava and Garmin, and that of
    the delivery with which FitGlue has sent it there.

    The ``external_id`` of the payload is not claimed in general. Seen: it is the name of the file
    for uploads (``file.dat`` in 181 rows of one account), so equal values do not mean one workout.

    Args:
        values: The payload.
        external_id: The id of the activity at Intervals.icu.
    """
    claims = [claim("intervals", external_id)]
    strava = _strava_id(values, external_id)
    if strava is not None and strava.isdecimal():
        claims.append(claim("strava", strava))
    sent = _sent_as(values)
    if sent is not None:
        claims.append(delivery_claim(sent))
    garmin = _garmin_id(values)
    if garmin is not None and garmin.isdecimal():
        claims.append(claim("garmin", garmin))
    return tuple(claims)


def can_be_claimed(external_id: str) -> bool:
    """Return whether an id can be part of a claim: without white space and control characters."""
    try:
        claim("intervals", external_id)
    except ValueError:
        return False
    return True


def parent_of(values: Values, start: Start) -> str | None:
    """Return the name of the group of legs that came from one multisport file.

    Only the second and later legs are recognized: the first one has ``file_sport_index`` 0, like
    each activity of an ordinary file. Names of uploaded files repeat, so they count per day.
    """
    upstream = values.identity("external_id")
    if not values.count("file_sport_index") or upstream is None:
        return None
    moment = start.local or start.utc
    if values.text("source") == "GARMIN_CONNECT" or moment is None:
        return upstream
    return f"{upstream} {moment.date()}"


def file_claim(content: bytes, number: int) -> str:
    """Return the claim of an original file.

    Args:
        content: The unpacked content of the file, whose hash is equal for each copy of it.
        number: Which session of the file the activity is.
    """
    return claim("file", f"sha256:{hashlib.sha256(content).hexdigest()}#{number}")


def _strava_id(values: Values, external_id: str) -> str | None:
    """Return the id at Strava, or None.

    Seen: the id of a stub is Strava's own, bare digits. Documented: a native activity that replaced
    a stub has that id as ``strava_id``.
    """
    if external_id.isdecimal() and values.text("source") == "STRAVA":
        return external_id
    return values.identity("strava_id")


def _sent_as(values: Values) -> str | None:
    """Return the external id with which FitGlue has uploaded the activity, or None.

    Like an id of Garmin, it belongs to the complete file, so only the first leg may claim it.
    """
    external_id = values.identity("external_id")
    if values.count("file_sport_index") or not is_of_delivery(external_id):
        return None
    return external_id


def is_of_delivery(external_id: str | None) -> bool:
    """Return whether an ``external_id`` is that of a delivery of FitGlue, and not of others."""
    return _SENT_BY_FITGLUE.fullmatch(external_id or "") is not None


def _garmin_id(values: Values) -> str | None:
    """Return the id at Garmin, or None.

    Each leg of a multisport file has the id of the complete workout. Equal claims merge activities,
    so only the first leg may claim it.
    """
    if values.count("file_sport_index"):
        return None
    identity = values.identity("external_id")
    if values.text("source") == "GARMIN_CONNECT":
        return identity
    copied = _COPIED_FROM_GARMIN.fullmatch(identity or "")
    return copied and copied[1]

"""The search for what a delivery has made at Intervals.icu, if its id is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_intervals.api import (
    activities_path,
    requested_athlete,
    rows_of_response,
)
from fitglue_intervals.sending.ids import external_id_of
from fitglue_intervals.sending.remote import Remote, read_remote, remote_of
from fitglue_registry.payloads import MOST_ROWS

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Delivery

#: How far from the day of the activity the search reaches. The list is by the local day, and the
#: clocks of two sources of one workout may differ by a time zone.
_AROUND = timedelta(days=2)
#: Two starts or two lengths that differ by at most this are those of one recording, in seconds.
_SAME_S = 2.0
_FIELDS = "id,icu_athlete_id,external_id,start_date,start_date_local,elapsed_time,source"


def listed_around(
    connection: Connection,
    activity: SourceActivity,
) -> list[Remote]:
    """Return the activities of the days around one, with the few keys that a search needs."""
    start = _start(activity)
    if start is None:
        return []
    params = {
        "oldest": str((start - _AROUND).date()),
        "newest": str((start + _AROUND).date()),
        "fields": _FIELDS,
    }
    answer = connection.http.get(activities_path(requested_athlete(connection)), params)
    rows = map(_object, rows_of_response(answer, MOST_ROWS))
    return [remote_of(row["id"], row) for row in rows if isinstance(row.get("id"), str)]


def sent_one(
    delivery: Delivery,
    listed: list[Remote],
) -> Remote | None:
    """Return the activity that a delivery has made, or None if it is not in the list.

    Args:
        delivery: The delivery.
        listed: The activities of the days around it.
    """
    wanted = external_id_of(delivery)
    made = []
    for remote in listed:
        external_id = remote.external_id or ""
        # The name of the file is the id, with its suffix, if the service has used that instead.
        if external_id == wanted or external_id.startswith(f"{wanted}."):
            made.append(remote)
    return nearest(delivery.activity, made)


def nearest(
    activity: SourceActivity,
    remotes: list[Remote],
) -> Remote | None:
    """Return the one whose start is nearest to that of an activity, or None if there is none."""
    return min(
        remotes,
        key=lambda remote: _apart_s(activity, remote),
        default=None,
    )


def find_sent(
    connection: Connection,
    delivery: Delivery,
) -> Remote | None:
    """Return the complete activity that a delivery has made, or None if it has made none."""
    receipt = delivery.receipt
    if receipt is not None and receipt.remote_id is not None:
        return read_remote(connection, receipt.remote_id)
    found = sent_one(delivery, listed_around(connection, delivery.activity))
    return None if found is None else read_remote(connection, found.id)


def twin_of(
    activity: SourceActivity,
    listed: list[Remote],
) -> Remote | None:
    """Return the activity with the same start and the same length, or None if there is none.

    It is the same recording, whoever has brought it. The stub of a Strava activity has no length,
    so it is never found.

    Args:
        activity: The activity.
        listed: The activities of the days around it.
    """
    if activity.start_precision != "second":
        return None
    for remote in listed:
        if _apart_s(activity, remote) <= _SAME_S and _is_as_long(activity, remote):
            return remote
    return None


def _is_as_long(
    activity: SourceActivity,
    remote: Remote,
) -> bool:
    length = remote.values.get("elapsed_time")
    if not isinstance(length, int | float) or activity.elapsed_s is None:
        return False
    return abs(length - activity.elapsed_s) <= _SAME_S


def _object(row: bytes) -> dict[str, Any]:
    """Return a row as a dictionary, or an empty one if it is none."""
    try:
        value = msgspec.json.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _start(activity: SourceActivity) -> datetime | None:
    """Return the start in UTC, or the local one as if it were in UTC."""
    if activity.start_utc is not None:
        return activity.start_utc.astimezone(UTC)
    if activity.start_local is not None:
        return activity.start_local.replace(tzinfo=UTC)
    return None


def _apart_s(
    activity: SourceActivity,
    remote: Remote,
) -> float:
    """Return the seconds between the two starts, or infinity if they cannot be compared."""
    pairs = (
        (activity.start_utc, _moment(remote.values.get("start_date"))),
        (activity.start_local, _moment(remote.values.get("start_date_local"))),
    )
    for ours, theirs in pairs:
        if ours is not None and theirs is not None:
            moments = [moment.replace(tzinfo=UTC) for moment in (ours, theirs)]
            return abs((moments[0] - moments[1]).total_seconds())
    return float("inf")


def _moment(text: Any) -> datetime | None:
    """Return a time of the API; those of ``start_date`` are in UTC."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None

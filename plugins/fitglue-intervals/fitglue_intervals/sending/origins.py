"""The reasons why a workout must not be sent to an account: where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.api import is_usable
from fitglue_intervals.sending.ids import external_id_of
from fitglue_intervals.sending.outcomes import came_from_strava, came_from_there
from fitglue_intervals.sending.remote import Remote, read_claimed
from fitglue_registry.model.claims import split_claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Delivery, Rejected

#: Seen: the device of a workout that was exported from Strava and uploaded elsewhere.
_EXPORTED = "StravaGPX"


def why_not_sent(activity: SourceActivity) -> Rejected | None:
    """Return the reason why a workout is sent to no account, or None.

    The host keeps back workouts whose sources the entry refuses. This is the second lock.
    """
    if activity.stub is not None:
        return came_from_strava("only the date of this workout is known, and it is")
    if activity.device is not None and activity.device.name == _EXPORTED:
        return came_from_strava("the recording of this workout was exported")
    return None


def records_there(
    connection: Connection,
    activity: SourceActivity,
) -> Iterator[Remote]:
    """Yield the records of the connection's account that an activity was merged from.

    Args:
        connection: The connection to the account.
        activity: The merged activity, which has the claims of all its records.
    """
    for claim in activity.claims:
        service, id_ = split_claim(claim)
        if service != "intervals" or not is_usable(id_):
            continue
        # A record of another account, such as that of a coach, is not found with this key.
        remote = read_claimed(connection, id_)
        if remote is not None:
            yield remote


def why_not_back(
    connection: Connection,
    delivery: Delivery,
) -> Rejected | None:
    """Return the reason why a workout is not sent to the account that it came from, or None.

    Args:
        connection: The connection to the account.
        delivery: The delivery.
    """
    for remote in records_there(connection, delivery.activity):
        # The stub of a Strava activity is no copy that anybody can use. Uploading the file of the
        # device is what Intervals.icu recommends for it.
        if not remote.is_strava and not remote.is_from(external_id_of(delivery)):
            return came_from_there(remote.id)
    return None

"""The question whether a delivery is at Intervals.icu, answered without sending anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.sending.deliver import fill_target
from fitglue_intervals.sending.fields import (
    changed_values,
    differing,
    missing_there,
    names_with_values,
    values_of,
)
from fitglue_intervals.sending.ids import external_id_of
from fitglue_intervals.sending.lookup import find_sent, listed_around, sent_one, twin_of
from fitglue_intervals.sending.outcomes import filled, gone, left_alone, removed, sent
from fitglue_intervals.sending.remote import read_remote
from fitglue_intervals.sending.second_request import with_gear
from fitglue_registry.plugin_api import NotThere, Rejected, Sent

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Connection, Delivery

Found = Sent | Rejected | NotThere


def find(
    connection: Connection,
    delivery: Delivery,
) -> Found:
    """Find out whether a delivery is there; see ``fitglue_find_delivery``.

    A delivery is there if the activity has everything that was sent. An upload whose second request
    was lost is not: ``create`` then finds the upload and sends only the rest.
    """
    match delivery.action:
        case "create":
            return _created(connection, delivery)
        case "update":
            return _updated(connection, delivery)
        case "fill":
            return _filled(connection, delivery)
        case "delete":
            return _deleted(connection, delivery)


def _created(
    connection: Connection,
    delivery: Delivery,
) -> Found:
    """Look by the id of the activity, by the external id, and by start and length."""
    if delivery.receipt is not None and delivery.receipt.remote_id is not None:
        return _uploaded(connection, delivery, delivery.receipt.remote_id)
    listed = listed_around(connection, delivery.activity)
    found = sent_one(delivery, listed)
    if found is not None:
        return _uploaded(connection, delivery, found.id)
    twin = twin_of(delivery.activity, listed)
    if twin is not None:
        return left_alone(twin.id, names_with_values(delivery.activity))
    return NotThere()


def _uploaded(
    connection: Connection,
    delivery: Delivery,
    remote_id: str,
) -> Found:
    """Return whether an activity that was uploaded has what the second request sends, too."""
    remote = read_remote(connection, remote_id)
    if remote is None:
        return NotThere()
    if not remote.is_from(external_id_of(delivery)):
        return left_alone(remote.id, names_with_values(delivery.activity))
    activity = delivery.activity
    values = with_gear(
        connection,
        activity,
        values_of(activity),
    )
    if differing(values, remote.values):
        return NotThere()
    return sent(
        delivery,
        remote.id,
        existed=True,
    )


def _updated(
    connection: Connection,
    delivery: Delivery,
) -> Found:
    remote = find_sent(connection, delivery)
    if remote is None:
        return gone(delivery.receipt.remote_id if delivery.receipt else None)
    activity = delivery.activity
    values = changed_values(activity, delivery.changed)
    values = with_gear(
        connection,
        activity,
        values,
        delivery.changed,
    )
    if differing(values, remote.values):
        return NotThere()
    return sent(
        delivery,
        remote.id,
        existed=True,
    )


def _filled(
    connection: Connection,
    delivery: Delivery,
) -> Found:
    remote = fill_target(connection, delivery)
    if remote is None:
        return gone(delivery.receipt.remote_id if delivery.receipt else None)
    activity = delivery.activity
    values = values_of(activity, delivery.changed)
    values = with_gear(
        connection,
        activity,
        values,
        delivery.changed,
    )
    if missing_there(values, remote.values):
        return NotThere()
    return filled(remote.id, {})


def _deleted(
    connection: Connection,
    delivery: Delivery,
) -> Found:
    remote = find_sent(connection, delivery)
    if remote is None:
        return removed(delivery.receipt.remote_id if delivery.receipt else None)
    return NotThere()

"""Sending of an activity to Intervals.icu, and changes of what was sent before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.claims import is_of_delivery
from fitglue_intervals.sending.create import Result, create
from fitglue_intervals.sending.fields import (
    NAMES,
    changed_values,
    differing,
    missing_there,
    values_of,
)
from fitglue_intervals.sending.ids import external_id_of
from fitglue_intervals.sending.lookup import find_sent
from fitglue_intervals.sending.origins import records_there, why_not_sent
from fitglue_intervals.sending.outcomes import (
    filled,
    gone,
    is_from_elsewhere,
    left_alone,
    not_ours,
    removed,
    sent,
)
from fitglue_intervals.sending.remote import delete_remote, read_remote
from fitglue_intervals.sending.second_request import send_values, unsendable, with_gear

if TYPE_CHECKING:
    from fitglue_intervals.sending.remote import Remote
    from fitglue_registry.plugin_api import Connection, Delivery

_NOT_EMPTY = "Intervals.icu has a value of its own"


def deliver(
    connection: Connection,
    delivery: Delivery,
) -> Result:
    """Create, update, fill or delete an activity; see ``fitglue_deliver``."""
    match delivery.action:
        case "create":
            return create(connection, delivery)
        case "update":
            return _update(connection, delivery)
        case "fill":
            return _fill(connection, delivery)
        case "delete":
            return _delete(connection, delivery)


def _update(
    connection: Connection,
    delivery: Delivery,
) -> Result:
    """Change only the fields that have changed since they were sent."""
    receipt = delivery.receipt
    if receipt is not None and receipt.remote_id and is_from_elsewhere(receipt):
        return left_alone(receipt.remote_id, delivery.changed)
    id_ = receipt.remote_id if receipt is not None else None
    if id_ is None:
        remote = find_sent(connection, delivery)
        if remote is None:
            return gone(None)
        id_ = remote.id
    activity = delivery.activity
    values = changed_values(activity, delivery.changed)
    values = with_gear(
        connection,
        activity,
        values,
        delivery.changed,
    )
    changed = send_values(
        connection,
        id_,
        values,
    )
    if changed.is_gone:
        return gone(id_)
    left_out = (
        unsendable(
            activity,
            values,
            delivery.changed,
        )
        | changed.left_out
    )
    return sent(
        delivery,
        id_,
        existed=True,
        left_out=left_out,
    )


def _fill(
    connection: Connection,
    delivery: Delivery,
) -> Result:
    """Fill fields that are empty in a record of the account, and touch no others.

    The record is read first, so that a value that the athlete has typed there stays.
    """
    refused = why_not_sent(delivery.activity)
    if refused is not None:
        return refused
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
    missing = missing_there(values, remote.values)
    changed = send_values(
        connection,
        remote.id,
        missing,
    )
    if changed.is_gone:
        return gone(remote.id)
    # What an earlier attempt has filled is not left out.
    others = differing(values, remote.values).keys() - missing.keys()
    left_out = {NAMES[key]: _NOT_EMPTY for key in others}
    left_out |= (
        unsendable(
            activity,
            values,
            delivery.changed,
        )
        | changed.left_out
    )
    return filled(remote.id, left_out)


def fill_target(
    connection: Connection,
    delivery: Delivery,
) -> Remote | None:
    """Return the record of the account that is filled, or None if it is not there.

    It is the one that was filled before, or the first that the activity was merged from. What a
    delivery has made is no record of the account's own.

    Args:
        connection: The connection to the account.
        delivery: The delivery.
    """
    if delivery.receipt is not None and delivery.receipt.remote_id is not None:
        remote = read_remote(connection, delivery.receipt.remote_id)
        return None if remote is None or remote.is_strava else remote
    for remote in records_there(connection, delivery.activity):
        if not remote.is_strava and not is_of_delivery(remote.external_id):
            return remote
    return None


def _delete(
    connection: Connection,
    delivery: Delivery,
) -> Result:
    """Delete what this delivery has made, and nothing else."""
    remote = find_sent(connection, delivery)
    if remote is None:
        return removed(delivery.receipt.remote_id if delivery.receipt else None)
    if not remote.is_from(external_id_of(delivery)):
        return not_ours(remote.id)
    delete_remote(connection, remote.id)
    return removed(remote.id)

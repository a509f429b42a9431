"""The request that changes keys of an activity, and what the service did not take of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fitglue_intervals.sending.fields import NAMES, SENT_NAMES, values_of
from fitglue_intervals.sending.gear import gear_value
from fitglue_intervals.sending.remote import change_remote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection

_NOT_FOUND = 404


@dataclass(slots=True)
class Changed:
    """The result of a change.

    Attributes:
        is_gone: Whether the activity is not there any more.
        left_out: Field of the model → why the service did not take it.
    """

    is_gone: bool = False
    left_out: dict[str, str] = field(default_factory=dict)


def send_values(
    connection: Connection,
    id_: str,
    values: Mapping[str, Any],
) -> Changed:
    """Change keys of an activity, all in one request.

    If the service does not accept one of them, each is sent on its own, so that only this one is
    left out.

    Args:
        connection: The connection to send with.
        id_: The id of the activity.
        values: Key → value. Nothing is sent if there is none.
    """
    changed = Changed()
    if not values:
        return changed
    answer = change_remote(
        connection,
        id_,
        values,
    )
    if answer.status == _NOT_FOUND:
        changed.is_gone = True
    elif answer.status == 200:
        pass
    elif len(values) == 1:
        reason = answer.quote() or f"status {answer.status}"
        changed.left_out[NAMES[next(iter(values))]] = f"Intervals.icu does not accept it: {reason}"
    else:
        for key, value in values.items():
            one = send_values(
                connection,
                id_,
                {key: value},
            )
            changed.is_gone |= one.is_gone
            changed.left_out |= one.left_out
    return changed


def with_gear(
    connection: Connection,
    activity: SourceActivity,
    values: Mapping[str, Any],
    names: Iterable[str] = SENT_NAMES,
) -> dict[str, Any]:
    """Return values together with that of the gear, if it is among the names and is known there."""
    if "gear" not in names:
        return dict(values)
    gear = gear_value(connection, activity.gear)
    return dict(values) if gear is None else {**values, "gear": gear}


def unsendable(
    activity: SourceActivity,
    values: Mapping[str, Any],
    names: Iterable[str] = SENT_NAMES,
) -> dict[str, str]:
    """Return the named fields that an activity has and that are not among the values, with why.

    Args:
        activity: The activity.
        values: Key → value of what is sent.
        names: The fields of the model that should be sent.
    """
    sent = {NAMES[key] for key in values}
    left_out = {}
    for name in frozenset(names) & SENT_NAMES - sent:
        if name == "gear" and activity.gear is not None and activity.gear.name:
            left_out[name] = f"you have no gear called {activity.gear.name!r} at Intervals.icu"
        elif name == "rpe" and activity.rpe is not None and not values_of(activity, ["rpe"]):
            left_out[name] = "Intervals.icu has ratings from 1 to 10"
    return left_out

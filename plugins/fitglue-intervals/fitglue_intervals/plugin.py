"""The hooks of the Intervals.icu source and destination; imported functions implement them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.connect import connect
from fitglue_intervals.dedupe import opinion
from fitglue_intervals.fetch import fetch
from fitglue_intervals.listing import list_window
from fitglue_intervals.normalize import normalize
from fitglue_intervals.offline import records as offline_records
from fitglue_intervals.sending.deliver import deliver
from fitglue_intervals.sending.find import find
from fitglue_registry import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import (
        Accepted,
        Account,
        CannotTell,
        Connection,
        Delivery,
        Listing,
        NotThere,
        Opinion,
        Pair,
        Part,
        Record,
        Rejected,
        Sent,
        Split,
        Unavailable,
        Uncertain,
        Window,
    )

__all__ = [
    "FITGLUE_HOOK_API",
    "fitglue_connect",
    "fitglue_dedupe",
    "fitglue_deliver",
    "fitglue_fetch",
    "fitglue_find_delivery",
    "fitglue_list",
    "fitglue_normalize",
    "offline_records",
]

#: The version of ``hookspecs.py`` that this plugin was written for.
FITGLUE_HOOK_API = 1


@hookimpl
def fitglue_connect(connection: Connection) -> Account:
    """Prove the key with the profile of the athlete, and count the rows that will never arrive."""
    return connect(connection)


@hookimpl
def fitglue_list(connection: Connection, window: Window) -> Iterator[Listing | Split]:
    """Yield the rows of a window from one request; split a window that is open at both ends."""
    return list_window(connection, window)


@hookimpl
def fitglue_fetch(
    connection: Connection, part: str, ids: Sequence[str]
) -> Iterator[Part | Unavailable]:
    """Yield details, requested in bulk, or streams and files, requested one at a time."""
    return fetch(connection, part, ids)


@hookimpl
def fitglue_normalize(record: Record) -> list[SourceActivity]:
    """Return one source activity: each leg of a multisport file is a record of its own here."""
    return normalize(record)


@hookimpl
def fitglue_dedupe(pairs: Sequence[Pair]) -> list[Opinion | None]:
    """Judge pairs of a stub and its native copy, and pairs of legs of one file."""
    return [opinion(pair) for pair in pairs]


@hookimpl
def fitglue_deliver(
    connection: Connection, delivery: Delivery
) -> Sent | Accepted | Rejected | Uncertain:
    """Upload a workout, and change what was uploaded before."""
    return deliver(connection, delivery)


@hookimpl
def fitglue_find_delivery(
    connection: Connection, delivery: Delivery
) -> Sent | Accepted | Rejected | NotThere | CannotTell:
    """Find a workout by its id, by the external id of its delivery, or by its start and length."""
    return find(connection, delivery)

"""The hooks of the Garmin source; the module of each imported function implements it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_garmin.connect import connect
from fitglue_garmin.dedupe import opinion
from fitglue_garmin.fetch import fetch
from fitglue_garmin.listing import list_window
from fitglue_garmin.normalize import normalize
from fitglue_garmin.offline import records as offline_records
from fitglue_registry import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import (
        Account,
        Connection,
        Listing,
        Opinion,
        Pair,
        Part,
        Record,
        Split,
        Unavailable,
        Window,
    )

__all__ = [
    "FITGLUE_HOOK_API",
    "fitglue_connect",
    "fitglue_dedupe",
    "fitglue_fetch",
    "fitglue_list",
    "fitglue_normalize",
    "offline_records",
]

#: The version of ``hookspecs.py`` that this plugin was written for.
FITGLUE_HOOK_API = 1


@hookimpl
def fitglue_connect(connection: Connection) -> Account:
    """Prove the key with the newest row of the list, which names its owner."""
    return connect(connection)


@hookimpl
def fitglue_list(
    connection: Connection,
    window: Window,
) -> Iterator[Listing | Split]:
    """Yield the rows of a window; split a window that is open at both ends."""
    return list_window(connection, window)


@hookimpl
def fitglue_fetch(
    connection: Connection,
    part: str,
    ids: Sequence[str],
    summaries: Mapping[str, bytes],
) -> Iterator[Part | Unavailable]:
    """Yield details, with those of the legs of a multisport event, or original files."""
    return fetch(
        connection,
        part,
        ids,
        summaries,
    )


@hookimpl
def fitglue_normalize(record: Record) -> list[SourceActivity]:
    """Return the workout of a record, or one source activity for each leg of a multisport event."""
    return normalize(record)


@hookimpl
def fitglue_dedupe(pairs: Sequence[Pair]) -> list[Opinion | None]:
    """State that two legs of one multisport event are different workouts."""
    return [opinion(pair) for pair in pairs]

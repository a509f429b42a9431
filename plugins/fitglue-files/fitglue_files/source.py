"""What each source of this plugin consists of: the steps that differ between the sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import (
        Account,
        Connection,
        Listing,
        Location,
        Part,
        Record,
        Unavailable,
    )

    #: What ``fitglue_read`` yields for one place.
    Items: TypeAlias = Iterator[Listing | Part | Unavailable | SourceActivity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source: its ``id`` is that of its entry, and the other fields implement its hooks.

    Attributes:
        id: The id of the entry.
        account: Returns the account of a connection, as ``fitglue_connect``.
        places: Yields the places of a connection, as ``fitglue_list``.
        read: Yields what is at a place, as ``fitglue_read``.
        normalize: Returns the workouts of a record, as ``fitglue_normalize``.
    """

    id: str
    account: Callable[[Connection], Account]
    places: Callable[[Connection], Iterator[Location]]
    read: Callable[[Connection, Location], Items]
    normalize: Callable[[Record], list[SourceActivity]]

"""What each source of this plugin consists of: the steps that differ between the sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Account, Connection, Listing, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source: its ``id`` is that of its entry, and the other fields implement its hooks.

    Attributes:
        id: The id of the entry.
        account: Returns the account of a connection, as ``fitglue_connect``.
        listings: Yields the listings of a connection, as ``fitglue_list``.
        normalize: Returns the workouts of a record, as ``fitglue_normalize``.
    """

    id: str
    account: Callable[[Connection], Account]
    listings: Callable[[Connection], Iterator[Listing]]
    normalize: Callable[[Record], list[SourceActivity]]

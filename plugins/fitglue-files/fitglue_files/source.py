"""What this plugin needs of each of its sources: the steps that differ between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Account, Connection, Listing, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source of the registry: ``id`` is that of its entry, the others are its hooks."""

    id: str
    account: Callable[[Connection], Account]
    listings: Callable[[Connection], Iterator[Listing]]
    normalize: Callable[[Record], list[SourceActivity]]

"""Reads all places of a connection, as a sync does, without a host and without worker processes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fitglue_files import plugin
from fitglue_registry.plugin_api import Listing, Part, Unavailable, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Location


@dataclass
class Read:
    """One record that was read."""

    listing: Listing
    parts: list[Part] = field(default_factory=list)
    unavailable: list[Unavailable] = field(default_factory=list)
    workouts: list[SourceActivity] = field(default_factory=list)
    error: Exception | None = None

    @property
    def content(self) -> bytes:
        """The unpacked content of its file."""
        [part] = self.parts
        return part.decoded or part.content


def places(connection: Connection) -> list[Location]:
    """Return the places of a connection; those that name their record come last."""
    located = list(plugin.fitglue_list(connection=connection, window=Window()))
    return sorted(located, key=lambda location: location.external_id is not None)


def read_place(
    connection: Connection,
    location: Location,
) -> list[Read]:
    """Return the records at one place."""
    records: list[Read] = []
    try:
        for item in plugin.fitglue_read(connection=connection, location=location):
            _add(records, item)
    except Exception as error:
        if not records:
            raise
        records[-1].error = error
    return records


def _add(
    records: list[Read],
    item: Any,
) -> None:
    if isinstance(item, Listing):
        records.append(Read(item))
    elif isinstance(item, Part):
        records[-1].parts.append(item)
    elif isinstance(item, Unavailable):
        records[-1].unavailable.append(item)
    else:
        records[-1].workouts.append(item)


def read_all(connection: Connection) -> dict[str, Read]:
    """Return all records of a connection by their ids."""
    records: dict[str, Read] = {}
    for location in places(connection):
        if location.external_id in records:
            continue
        for record in _new(connection, location, records):
            records[record.listing.external_id] = record
    return records


def _new(
    connection: Connection,
    location: Location,
    records: dict[str, Read],
) -> Iterator[Read]:
    """Yield the records at a place that no other place has delivered."""
    read = read_place(connection, location)
    taken = frozenset(
        record.listing.external_id
        for record in read
        if record.listing.external_id in records
        and records[record.listing.external_id].parts != record.parts
    )
    if taken:
        read = read_place(connection, dataclasses.replace(location, taken=taken))
    for record in read:
        if record.listing.external_id not in records:
            yield record


def listed(connection: Connection) -> list[Listing]:
    """Return the listings of all records of a connection."""
    return [record.listing for record in read_all(connection).values()]

"""Stores the places at which the files of a connection were read, and what was found there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.rows import upsert_many
from fitglue_registry.store.statements import chunks
from fitglue_registry.store.tables import locations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.engine import Connection as Db


class KnownLocation(NamedTuple):
    """A place that was read.

    Attributes:
        key: The name of the place, see ``plugin_api.Location``.
        mark: Its mark when it was read.
        plugin_version: The version of the plugin that read it.
        external_ids: The records that were found there.
    """

    key: str
    mark: str
    plugin_version: str | None
    external_ids: tuple[str, ...]


def known_locations(db: Db, connection_id: str) -> dict[str, KnownLocation]:
    """Return the places of a connection that were read, by their keys."""
    query = sa.select(
        locations.c.key,
        locations.c.mark,
        locations.c.plugin_version,
        locations.c.external_ids,
    ).where(locations.c.connection_id == connection_id)
    known = {}
    for key, mark, version, ids in db.execute(query):
        external_ids = tuple(msgspec.json.decode(ids))
        known[key] = KnownLocation(key, mark, version, external_ids)
    return known


def put_locations(
    db: Db,
    connection_id: str,
    read: Iterable[KnownLocation],
) -> None:
    """Store places that were read, in place of what was known about them."""
    rows = []
    for location in read:
        row = {
            "connection_id": connection_id,
            "key": location.key,
            "mark": location.mark,
            "plugin_version": location.plugin_version,
            "external_ids": msgspec.json.encode(location.external_ids).decode(),
        }
        rows.append(row)
    upsert_many(db, locations, rows)


def forget_locations(
    db: Db,
    connection_id: str,
    keys: Collection[str],
) -> None:
    """Forget places, so that they are read again if they are ever listed again."""
    for chunk in chunks(sorted(keys)):
        db.execute(
            sa.delete(locations).where(
                locations.c.connection_id == connection_id,
                locations.c.key.in_(chunk),
            )
        )

"""Stores the places at which the files of a connection were read, and what was found there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.rows import upsert_many
from fitglue_registry.store.statements import chunks
from fitglue_registry.store.tables import connections, locations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy.engine import Connection as Db


class KnownLocation(NamedTuple):
    """A place that was read.

    Attributes:
        key: The name of the place, see ``plugin_api.Location``.
        mark: Its mark when it was read.
        plugin_version: The version of the plugin that read it.
        external_ids: The records that were found there.
        path: Where people find it.
        error: The parts of the error because of which it, or a part of it, could not be read.
    """

    key: str
    mark: str
    plugin_version: str | None
    external_ids: tuple[str, ...]
    path: str | None = None
    error: Mapping[str, Any] | None = None


def known_locations(db: Db, connection_id: str) -> dict[str, KnownLocation]:
    """Return the places of a connection that were read, by their keys."""
    query = sa.select(
        locations.c.key,
        locations.c.mark,
        locations.c.plugin_version,
        locations.c.external_ids,
        locations.c.path,
        locations.c.error,
    ).where(locations.c.connection_id == connection_id)
    known = {}
    for row in db.execute(query):
        known[row.key] = KnownLocation(
            row.key,
            row.mark,
            row.plugin_version,
            tuple(msgspec.json.decode(row.external_ids)),
            row.path,
            msgspec.json.decode(row.error) if row.error else None,
        )
    return known


def list_unreadable(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """Return the places of an athlete that could not be read, in the order of their paths."""
    query = (
        sa.select(locations, connections.c.name)
        .join(connections, connections.c.id == locations.c.connection_id)
        .where(connections.c.athlete_id == athlete_id, locations.c.error.is_not(None))
        .order_by(connections.c.name, locations.c.path, locations.c.key)
    )
    found = []
    for row in db.execute(query):
        error = msgspec.json.decode(row.error)
        for external_id in msgspec.json.decode(row.external_ids):
            place = {
                "connection": row.name,
                "external_id": external_id,
                "paths": [row.path] if row.path else [],
            }
            found.append(place | error)
    return found


#: Errors that are about one file each, although they can have the same words.
_ABOUT_ONE_FILE = frozenset({"FG-zip-share"})


def each_once(unreadable: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what cannot be read, each file or folder once.

    All workouts in a folder that cannot be opened have the reason of the folder, and a workout has
    the reason of its file.

    Args:
        unreadable: The rows of ``list_unreadable``.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in unreadable:
        file = row["external_id"] if row["code"] in _ABOUT_ONE_FILE else ""
        found.setdefault((row["connection"], row["what"], file), row)
    return list(found.values())


def unreadable_ids(db: Db, connection_id: str) -> dict[str, str]:
    """Return the records of a connection that could not be read completely, with the reasons."""
    query = sa.select(locations.c.external_ids, locations.c.error).where(
        locations.c.connection_id == connection_id,
        locations.c.error.is_not(None),
    )
    reasons = {}
    for external_ids, error in db.execute(query):
        what = msgspec.json.decode(error)["what"]
        reasons.update(dict.fromkeys(msgspec.json.decode(external_ids), what))
    return reasons


def list_paths(db: Db, athlete_id: str) -> dict[tuple[str, str], list[str]]:
    """Return connection and external id → the paths at which the record was found."""
    query = (
        sa.select(locations.c.path, locations.c.external_ids, connections.c.name)
        .join(connections, connections.c.id == locations.c.connection_id)
        .where(connections.c.athlete_id == athlete_id, locations.c.path.is_not(None))
        .order_by(locations.c.path)
    )
    paths: dict[tuple[str, str], list[str]] = {}
    for path, external_ids, name in db.execute(query):
        for external_id in msgspec.json.decode(external_ids):
            paths.setdefault((name, external_id), []).append(path)
    return paths


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
            "path": location.path,
            "error": None if location.error is None else json_text(location.error),
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

"""Natural keys: identities of source activities that outlive their rows and their connections.

A natural key consists of entry, account, external id and leg. It stays the same when a connection
is removed and added again, which gives every row a new id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.joins import SOURCE_ACTIVITIES
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import connections, records, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow

_OF_ATHLETE = sa.select(connections.c.id).where(
    connections.c.athlete_id == sa.bindparam("athlete"),
)
_WITH_EXTERNAL_IDS = Statement(
    sa.select(
        source_activities.c.id,
        source_activities.c.leg_no,
        records.c.external_id,
        connections.c.source,
        connections.c.account_id,
    )
    .select_from(SOURCE_ACTIVITIES)
    .where(
        records.c.connection_id.in_(_OF_ATHLETE),
        records.c.external_id.in_(IDS),
    )
)


def natural_key(
    entry: str,
    account_id: str,
    external_id: str,
    leg_no: int,
) -> str:
    """Return the natural key of these values, a JSON array."""
    return msgspec.json.encode(
        [
            entry,
            account_id,
            external_id,
            leg_no,
        ]
    ).decode()


def is_natural_key(identity: str) -> bool:
    """Return whether an identity is a natural key, and not a claim."""
    # A claim begins with the name of a service: "strava:987".
    return identity.startswith("[")


def key_of(row: SourceActivityRow) -> str:
    """Return the natural key of a source activity."""
    return natural_key(row.entry, row.account_id, row.external_id, row.leg_no)


def ids_of_keys(
    db: Db,
    athlete_id: str,
    identities: Iterable[str],
) -> dict[str, int]:
    """Return, by natural key, the id of the source activity that has it now.

    Claims among the identities, and natural keys that are not in the store, are left out.
    """
    keys = {identity for identity in identities if is_natural_key(identity)}
    # An index serves connection and external id; the complete key is compared below.
    external_ids = {msgspec.json.decode(key)[2] for key in keys}
    ids: dict[str, int] = {}
    for row in _WITH_EXTERNAL_IDS.each_row(db, sorted(external_ids), athlete=athlete_id):
        key = natural_key(row.source, row.account_id, row.external_id, row.leg_no)
        if key in keys:
            ids[key] = row.id
    return ids

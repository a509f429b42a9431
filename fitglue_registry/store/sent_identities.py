"""Stores the identities by which what pipelines have sent is recognized when a source lists it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.pipeline_tables import sent_identities
from fitglue_registry.store.rows import upsert_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import claims

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

_ECHOES = Statement(
    sa.select(claims.c.source_activity_id, sent_identities.c.delivery_id)
    .join(
        sent_identities,
        sa.and_(
            sent_identities.c.identity == claims.c.claim,
            sent_identities.c.athlete_id == claims.c.athlete_id,
        ),
    )
    .where(
        claims.c.athlete_id == sa.bindparam("athlete"),
        claims.c.source_activity_id.in_(IDS),
    )
)


def add_identities(
    db: Db,
    athlete_id: str,
    delivery_id: int,
    identities: Iterable[str],
) -> None:
    """Store the identities of a delivery that has arrived.

    Args:
        db: The transaction that stores that it arrived.
        athlete_id: The athlete.
        delivery_id: The delivery.
        identities: Claims, such as ``intervals:i7``.
    """
    rows = []
    for identity in dict.fromkeys(identities):
        row = {
            "athlete_id": athlete_id,
            "identity": identity,
            "delivery_id": delivery_id,
        }
        rows.append(row)
    upsert_many(db, sent_identities, rows)


def echoes_among(
    db: Db,
    athlete_id: str,
    ids: Iterable[int],
) -> dict[int, int]:
    """Return, by source activity id, the delivery that it is a record of.

    Source activities that no pipeline has sent are left out.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        ids: The ids of source activities.
    """
    return dict(_ECHOES.each_row(db, sorted(set(ids)), athlete=athlete_id))

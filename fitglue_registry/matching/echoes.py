"""Loads what pipelines have sent for the members of activities that are copies of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.echo import Echo
from fitglue_registry.store.sent_deliveries import sent_deliveries
from fitglue_registry.store.sent_identities import changes_of, echoes_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.dedupe import Member
    from fitglue_registry.store.source_activity_rows import SourceActivityRow


def load_echoes(
    db: Db,
    athlete_id: str,
    rows: Sequence[SourceActivityRow],
) -> dict[int, Echo]:
    """Return, by source activity id, the echoes among these source activities.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        rows: Source activities that have fellow members.
    """
    found = echoes_among(db, athlete_id, [row.id for row in rows])
    if not found:
        return {}
    deliveries = sent_deliveries(db, found.values())
    changed_at = changes_of(db, found)
    echoes = {}
    for row in rows:
        if row.id not in found:
            continue
        delivery = deliveries[found[row.id]]
        is_there = delivery.connection_id == row.connection_id
        is_later = delivery.sent_at is not None and changed_at[row.id] > delivery.sent_at
        echoes[row.id] = Echo(delivery.sent, may_be_edited=is_there and is_later)
    return echoes


def with_echo(members: Iterable[Member], echoes: Mapping[int, Echo]) -> list[Member]:
    """Return members with the statement which of them are echoes."""
    marked = []
    for member in members:
        echo = echoes.get(member.id)
        marked.append(replace(member, echo=echo) if echo else member)
    return marked

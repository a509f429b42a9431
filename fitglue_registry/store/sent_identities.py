"""Stores the identities by which what pipelines have sent is recognized when a source lists it.

An identity is a claim of a record, such as ``intervals:i7``. One identity is no complete claim:
``device:123`` stands for every claim ``device:123@START``, because a service may move the start of
a recording by a second. It is only stored for serial numbers that were made for a delivery.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.model import claim, delivery_claim, delivery_serial
from fitglue_registry.store.pipeline_tables import deliveries, sent_identities
from fitglue_registry.store.rows import upsert_many
from fitglue_registry.store.source_activity_search import ids_claiming
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.stored_claims import claims_of
from fitglue_registry.store.tables import claims, records, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

    #: Source activity id → the deliveries that one of its claims belongs to.
    Deliveries = Mapping[int, frozenset[int]]

_DEVICE = "device"
_ANY = Statement(
    sa.select(sa.literal(1)).where(sent_identities.c.athlete_id == sa.bindparam("athlete")).limit(1)
)
_KNOWN = Statement(
    sa.select(
        sent_identities.c.identity,
        sent_identities.c.delivery_id,
        deliveries.c.planned_at,
    )
    .join(deliveries, deliveries.c.id == sent_identities.c.delivery_id)
    .where(
        sent_identities.c.athlete_id == sa.bindparam("athlete"),
        sent_identities.c.identity.in_(IDS),
    )
)
_OF_DELIVERIES = Statement(
    sa.select(sent_identities.c.identity).where(
        sent_identities.c.athlete_id == sa.bindparam("athlete"),
        sent_identities.c.delivery_id.in_(IDS),
    )
)
_FIRST_SEEN = Statement(
    sa.select(claims.c.claim, sa.func.min(records.c.first_seen_at).label("first_seen_at"))
    .join(source_activities, source_activities.c.id == claims.c.source_activity_id)
    .join(records, records.c.id == source_activities.c.record_id)
    .where(
        claims.c.athlete_id == sa.bindparam("athlete"),
        claims.c.claim.in_(IDS),
    )
    .group_by(claims.c.claim)
)
_CLAIMING_SERIAL = Statement(
    sa.select(claims.c.source_activity_id).where(
        claims.c.athlete_id == sa.bindparam("athlete"),
        claims.c.claim.like(sa.bindparam("pattern")),
    )
)

_CHANGED = Statement(
    sa.select(source_activities.c.id, records.c.changed_at)
    .join(records, records.c.id == source_activities.c.record_id)
    .where(source_activities.c.id.in_(IDS))
)


def has_sent(db: Db, athlete_id: str) -> bool:
    """Return whether a pipeline of an athlete has sent anything; without one, it never has."""
    return _ANY.scalar(db, athlete=athlete_id) is not None


def add_identities(
    db: Db,
    athlete_id: str,
    delivery_id: int,
    identities: Iterable[str],
) -> set[int]:
    """Store identities by which a delivery is recognized.

    Those that are known before it is sent are always added: the claim of its external id, and the
    serial number that a file states which is made for it.

    Args:
        db: The transaction that stores that it is being sent, or that it has arrived.
        athlete_id: The athlete.
        delivery_id: The delivery.
        identities: Claims, such as ``intervals:i7``.

    Returns:
        The ids of the source activities that assert one of the identities, and that are to be
        matched again.
    """
    query = sa.select(deliveries.c.external_id).where(deliveries.c.id == delivery_id)
    external_id = db.scalar(query)
    wanted = dict.fromkeys([*own_identities(str(external_id)), *identities])
    known = {}
    for row in _KNOWN.each_row(db, list(wanted), athlete=athlete_id):
        known[row.identity] = row.delivery_id
    rows = []
    for identity in wanted:
        if known.get(identity) != delivery_id:
            row = {
                "athlete_id": athlete_id,
                "identity": identity,
                "delivery_id": delivery_id,
            }
            rows.append(row)
    upsert_many(db, sent_identities, rows)
    return ids_asserting(db, athlete_id, [str(row["identity"]) for row in rows])


def own_identities(external_id: str) -> tuple[str, ...]:
    """Return the identities of a delivery that are known before it is sent."""
    return (delivery_claim(external_id), claim(_DEVICE, delivery_serial(external_id)))


def identities_of(db: Db, athlete_id: str, delivery_ids: Iterable[int]) -> set[str]:
    """Return the identities of these deliveries."""
    return set(_OF_DELIVERIES.each_scalar(db, sorted(set(delivery_ids)), athlete=athlete_id))


def ids_asserting(db: Db, athlete_id: str, identities: Iterable[str]) -> set[int]:
    """Return the ids of the source activities of an athlete that assert one of these identities."""
    wanted = list(identities)
    ids = ids_claiming(db, athlete_id, wanted)
    for identity in wanted:
        if identity.startswith(f"{_DEVICE}:") and "@" not in identity:
            pattern = f"{identity}@%"
            ids.update(_CLAIMING_SERIAL.scalars(db, athlete=athlete_id, pattern=pattern))
    return ids


def deliveries_among(db: Db, athlete_id: str, asserted: Mapping[int, Iterable[str]]) -> Deliveries:
    """Return the deliveries to which source activities belong; those without one are left out.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        asserted: Source activity id → its claims.
    """
    if not asserted or not has_sent(db, athlete_id):
        return {}
    known = _known(db, athlete_id, asserted)
    found: dict[int, set[int]] = defaultdict(set)
    for number, own in asserted.items():
        for each in own:
            for identity in _identities_in(each):
                if identity in known:
                    found[number].add(known[identity][0])
    return {number: frozenset(ids) for number, ids in found.items()}


def echoes_among(
    db: Db,
    athlete_id: str,
    ids: Iterable[int],
) -> dict[int, int]:
    """Return, by source activity id, the delivery that it is a record of.

    Source activities that no pipeline has sent are left out. A claim that was asserted before the
    delivery was planned, such as the hash of the original file, does not show that a record is a
    copy of what was sent.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        ids: The ids of source activities.
    """
    wanted = sorted(set(ids))
    if not wanted or not has_sent(db, athlete_id):
        return {}
    asserted = claims_of(db, wanted)
    known = _known(db, athlete_id, asserted)
    first_seen = _first_seen(db, athlete_id, asserted, known)
    echoes: dict[int, int] = {}
    for number, own in asserted.items():
        for each in own:
            for identity in _identities_in(each):
                if identity not in known:
                    continue
                delivery_id, planned_at = known[identity]
                if first_seen[each] > planned_at:
                    echoes[number] = min(delivery_id, echoes.get(number, delivery_id))
    return echoes


def changes_of(db: Db, ids: Iterable[int]) -> dict[int, str]:
    """Return source activity id → when its record was last seen to have changed."""
    return {row.id: row.changed_at for row in _CHANGED.each_row(db, sorted(ids))}


def _known(
    db: Db,
    athlete_id: str,
    asserted: Mapping[int, Iterable[str]],
) -> dict[str, tuple[int, str]]:
    """Return identity → its delivery, and when the delivery was planned."""
    wanted: set[str] = set()
    for own in asserted.values():
        for each in own:
            wanted.update(_identities_in(each))
    known = {}
    for row in _KNOWN.each_row(db, sorted(wanted), athlete=athlete_id):
        known[row.identity] = (row.delivery_id, row.planned_at)
    return known


def _first_seen(
    db: Db,
    athlete_id: str,
    asserted: Mapping[int, Iterable[str]],
    known: Mapping[str, object],
) -> dict[str, str]:
    """Return, for each claim that belongs to a delivery, when a record first asserted it."""
    wanted = set()
    for own in asserted.values():
        for each in own:
            if any(identity in known for identity in _identities_in(each)):
                wanted.add(each)
    first_seen = {}
    for row in _FIRST_SEEN.each_row(db, sorted(wanted), athlete=athlete_id):
        first_seen[row.claim] = row.first_seen_at
    return first_seen


def _identities_in(asserted: str) -> tuple[str, ...]:
    """Return the identities that a claim stands for."""
    if not asserted.startswith(f"{_DEVICE}:"):
        return (asserted,)
    serial, at, _ = asserted.partition("@")
    return (asserted, serial) if at else (asserted,)

"""What plugins, the score and people said of pairs of source activities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.statements import Statement, chunks
from fitglue_registry.store.tables import (
    opinions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db


_OPINION = Statement(
    sa.select(opinions.c.first_id)
    .where(
        sa.or_(
            opinions.c.first_id == sa.bindparam("number"),
            opinions.c.second_id == sa.bindparam("number"),
        )
    )
    .limit(1)
)


def has_opinions(db: Db, number: int) -> bool:
    """Whether anybody has said anything of this source activity."""
    return _OPINION.first(db, number=number) is not None


def opinions_about(db: Db, ids: Iterable[int]) -> list[Any]:
    """Everything that was said of these source activities."""
    found: dict[tuple[int, int, str], Any] = {}
    for some in chunks(ids):
        for row in db.execute(
            sa.select(opinions).where(
                sa.or_(opinions.c.first_id.in_(some), opinions.c.second_id.in_(some))
            )
        ):
            found[row.first_id, row.second_id, row.said_by] = row
    return list(found.values())


def put_opinion(
    db: Db, first: int, second: int, said_by: str, verdict: str, reason: str, now: str
) -> None:
    """Remember what somebody said of a pair, in place of what they said before."""
    first, second = min(first, second), max(first, second)
    key = (
        opinions.c.first_id == first,
        opinions.c.second_id == second,
        opinions.c.said_by == said_by,
    )
    if not db.execute(
        sa.update(opinions).where(*key).values(verdict=verdict, reason=reason)
    ).rowcount:
        db.execute(
            sa.insert(opinions).values(
                first_id=first,
                second_id=second,
                said_by=said_by,
                verdict=verdict,
                reason=reason,
                said_at=now,
            )
        )


def drop_opinions(db: Db, ids: Iterable[int], said_by: Sequence[str]) -> None:
    """Forget what these plugins said of these source activities: they are asked anew."""
    for some in chunks(ids):
        db.execute(
            sa.delete(opinions).where(
                opinions.c.said_by.in_(said_by),
                sa.or_(opinions.c.first_id.in_(some), opinions.c.second_id.in_(some)),
            )
        )


def opinions_between(db: Db, ids: Sequence[int]) -> list[dict[str, Any]]:
    """What was said of pairs among these source activities."""
    query = (
        sa.select(opinions)
        .where(opinions.c.first_id.in_(ids), opinions.c.second_id.in_(ids))
        .order_by(opinions.c.first_id)
    )
    return [dict(row._mapping) for row in db.execute(query)]

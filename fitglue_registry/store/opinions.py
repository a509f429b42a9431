"""What plugins, the score and people said of pairs of source activities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.statements import IDS, Statement, chunks, each_row
from fitglue_registry.store.tables import opinions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

_ABOUT_ONE = Statement(
    sa.select(opinions.c.first_id)
    .where(
        sa.or_(
            opinions.c.first_id == sa.bindparam("number"),
            opinions.c.second_id == sa.bindparam("number"),
        )
    )
    .limit(1)
)
_IS_ABOUT = sa.or_(opinions.c.first_id.in_(IDS), opinions.c.second_id.in_(IDS))
_ABOUT = sa.select(opinions).where(_IS_ABOUT)
_DELETE = sa.delete(opinions).where(_IS_ABOUT)


@dataclass(frozen=True, slots=True)
class PairOpinion:
    """What somebody says of two source activities, which may be named in any order."""

    first: int
    second: int
    said_by: str
    verdict: str
    reason: str


def has_opinions(db: Db, number: int) -> bool:
    """Whether anybody has said anything of this source activity."""
    return _ABOUT_ONE.first(db, number=number) is not None


def opinions_about(db: Db, ids: Iterable[int]) -> list[Any]:
    """Everything that was said of these source activities."""
    about: dict[tuple[int, int, str], Any] = {}
    for row in each_row(db, _ABOUT, ids):
        # The two of a pair may be in two chunks.
        about[row.first_id, row.second_id, row.said_by] = row
    return list(about.values())


def opinions_between(db: Db, ids: Sequence[int]) -> list[dict[str, Any]]:
    """What was said of pairs among these source activities."""
    query = (
        sa.select(opinions)
        .where(
            opinions.c.first_id.in_(ids),
            opinions.c.second_id.in_(ids),
        )
        .order_by(opinions.c.first_id)
    )
    return [dict(row._mapping) for row in db.execute(query)]


def put_opinion(
    db: Db,
    opinion: PairOpinion,
    now: str,
) -> None:
    """Remember what somebody says of a pair, in place of what they said before."""
    first, second = sorted((opinion.first, opinion.second))
    key = {
        "first_id": first,
        "second_id": second,
        "said_by": opinion.said_by,
    }
    says = {"verdict": opinion.verdict, "reason": opinion.reason}

    update = sa.update(opinions).filter_by(**key).values(**says)
    if not db.execute(update).rowcount:
        db.execute(
            sa.insert(opinions).values(
                **key,
                **says,
                said_at=now,
            )
        )


def drop_opinions(
    db: Db,
    ids: Iterable[int],
    said_by: Sequence[str],
) -> None:
    """Forget what these plugins said of these source activities: they are asked anew."""
    theirs = _DELETE.where(opinions.c.said_by.in_(said_by))
    for chunk in chunks(ids):
        db.execute(theirs, {"ids": chunk})


def delete_opinions(db: Db, ids: Iterable[int]) -> None:
    """Remove everything that was said of these source activities."""
    for chunk in chunks(ids):
        db.execute(_DELETE, {"ids": chunk})

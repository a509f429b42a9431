"""Stores the opinions of plugins, the score and people about pairs of source activities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import opinions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

_ABOUT_ONE = Statement(
    sa.select(opinions.c.first_id)
    .where(
        sa.or_(
            opinions.c.first_id == sa.bindparam("source_activity"),
            opinions.c.second_id == sa.bindparam("source_activity"),
        )
    )
    .limit(1)
)
_IS_ABOUT = sa.or_(opinions.c.first_id.in_(IDS), opinions.c.second_id.in_(IDS))
_ABOUT = Statement(sa.select(opinions).where(_IS_ABOUT))
_DELETE = Statement(sa.delete(opinions).where(_IS_ABOUT))
_DELETE_OF_AUTHOR = Statement(
    sa.delete(opinions).where(_IS_ABOUT, opinions.c.said_by == sa.bindparam("author"))
)


@dataclass(frozen=True, slots=True)
class PairOpinion:
    """One opinion about two source activities, in any order."""

    first: int
    second: int
    said_by: str  # the name of a plugin, or a value of ``SaidBy``
    verdict: str  # a value of ``Verdict``
    reason: str  # for people to read


def has_opinions(db: Db, source_activity_id: int) -> bool:
    """Return whether any opinion about this source activity is stored."""
    return _ABOUT_ONE.first(db, source_activity=source_activity_id) is not None


def opinions_about(db: Db, ids: Iterable[int]) -> list[Any]:
    """Return the rows of all opinions about these source activities, each of them once."""
    about: dict[tuple[int, int, str], Any] = {}
    for row in _ABOUT.each_row(db, ids):
        # If the two ids of a pair are in two chunks, both queries return its row.
        about[row.first_id, row.second_id, row.said_by] = row
    return list(about.values())


def opinions_between(db: Db, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the opinions about pairs whose source activities are both among ``ids``."""
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
    """Store an opinion in place of the one that the same author had about the pair."""
    # The lower id first, so that a pair has one row per author, however it is named.
    first, second = sorted((opinion.first, opinion.second))
    key = {
        "first_id": first,
        "second_id": second,
        "said_by": opinion.said_by,
    }
    content = {"verdict": opinion.verdict, "reason": opinion.reason}

    # An update keeps ``said_at``: the moment when the author first had an opinion about the pair.
    update = sa.update(opinions).filter_by(**key).values(**content)
    if not db.execute(update).rowcount:
        db.execute(
            sa.insert(opinions).values(
                **key,
                **content,
                said_at=now,
            )
        )


def drop_opinions(
    db: Db,
    ids: Iterable[int],
    said_by: Sequence[str],
) -> None:
    """Delete the opinions of these authors about source activities; they are asked again."""
    ids = list(ids)
    for author in said_by:
        _DELETE_OF_AUTHOR.run_each(db, ids, author=author)


def delete_opinions(db: Db, ids: Iterable[int]) -> None:
    """Delete all opinions about these source activities."""
    _DELETE.run_each(db, ids)

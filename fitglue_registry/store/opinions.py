"""Stores the opinions of plugins, the score and people about pairs of source activities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.rows import upsert_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import opinions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

_IS_ABOUT = sa.or_(opinions.c.first_id.in_(IDS), opinions.c.second_id.in_(IDS))
_PAIRS = Statement(sa.select(opinions.c.first_id, opinions.c.second_id).where(_IS_ABOUT))
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


def with_opinions(db: Db, ids: Collection[int]) -> set[int]:
    """Return those of these source activities about which any opinion is stored."""
    paired: set[int] = set()
    for pair in _PAIRS.each_row(db, ids):
        paired.update(pair)
    return paired.intersection(ids)


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


def put_opinions(
    db: Db,
    about_pairs: Iterable[PairOpinion],
    now: str,
) -> None:
    """Store opinions, each in place of the one that the same author had about the pair.

    Args:
        db: A transaction that may write.
        about_pairs: The opinions.
        now: The moment that is stored, unless the author had an opinion about the pair before:
            ``said_at`` is the moment of the first one.
    """
    rows = []
    for opinion in about_pairs:
        # The lower id first, so that a pair has one row per author, however it is named.
        first, second = sorted((opinion.first, opinion.second))
        row = {
            "first_id": first,
            "second_id": second,
            "said_by": opinion.said_by,
            "verdict": opinion.verdict,
            "reason": opinion.reason,
            "said_at": now,
        }
        rows.append(row)
    upsert_many(db, opinions, rows, keep=["said_at"])


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

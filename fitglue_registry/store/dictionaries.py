"""Trains, stores and loads the zstd dictionaries, one for each part of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.packing import MIN_SAMPLES, train_dictionary
from fitglue_registry.store.rows import insert_one
from fitglue_registry.store.tables import dictionaries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db


class Dictionaries:
    """The dictionaries of a store, cached in memory when they are first needed."""

    def __init__(self) -> None:
        # (source, part) → id and content, or None if the database has none.
        self._newest: dict[tuple[str, str], tuple[int, bytes] | None] = {}
        self._by_id: dict[int, bytes] = {}

    def newest(
        self,
        db: Db,
        source: str,
        part: str,
    ) -> tuple[int, bytes] | None:
        """Return the id and the content of the dictionary with which a part is packed now.

        ``None`` means that none was trained yet.
        """
        key = (source, part)
        if key not in self._newest:
            self._newest[key] = _load(db, source, part)
        return self._newest[key]

    def by_id(self, db: Db, dictionary_id: int) -> bytes:
        """Return the content of the dictionary with which a raw part was packed."""
        if dictionary_id not in self._by_id:
            query = sa.select(dictionaries.c.content).where(dictionaries.c.id == dictionary_id)
            self._by_id[dictionary_id] = db.execute(query).scalar_one()
        return self._by_id[dictionary_id]

    def train(
        self,
        db: Db,
        source: str,
        part: str,
        samples: Sequence[bytes],
    ) -> None:
        """Train a dictionary from the first batch that is large enough, and store it.

        Only one is trained for each part of a source: another one would be needed to unpack what
        was packed with it, forever.
        """
        if len(samples) < MIN_SAMPLES or self.newest(db, source, part) is not None:
            return
        trained = train_dictionary(samples)
        if trained is None:
            return
        dictionary_id = insert_one(
            db,
            dictionaries,
            source=source,
            part=part,
            content=trained,
        )
        self._newest[source, part] = (dictionary_id, trained)

    def forget(self) -> None:
        """Empty the cache after a rollback: the database may not have what was trained."""
        self._newest.clear()
        self._by_id.clear()


def _load(
    db: Db,
    source: str,
    part: str,
) -> tuple[int, bytes] | None:
    query = (
        sa.select(dictionaries.c.id, dictionaries.c.content)
        .where(
            dictionaries.c.source == source,
            dictionaries.c.part == part,
        )
        .order_by(dictionaries.c.id)
    )
    row = db.execute(query).first()
    if row is None:
        return None
    return row.id, row.content

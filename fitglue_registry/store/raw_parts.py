"""Keeps the bytes of parts verbatim, and gives them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.packing import (
    FEWEST_SAMPLES,
    Packed,
    learn_dictionary,
    pack,
    pack_blob,
    unpack,
)
from fitglue_registry.store.statements import IDS, Statement, chunks, insert_one, update_one
from fitglue_registry.store.tables import (
    dictionaries,
    raw,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Body
    from fitglue_registry.store.blobs import BlobStore


#: Parts whose bytes are kept as files; of them, and of streams, only the newest is kept.
BLOB_PARTS = frozenset({"file"})

NEWEST_ONLY = frozenset({"streams", "file"})

_NEWEST_RAW = Statement(
    sa.select(raw.c.id, raw.c.sha256)
    .where(raw.c.record_id == sa.bindparam("record_id"), raw.c.part == sa.bindparam("part"))
    .order_by(raw.c.id.desc())
    .limit(1)
)

_LATEST = (
    sa.select(sa.func.max(raw.c.id))
    .where(raw.c.record_id.in_(IDS))
    .group_by(raw.c.record_id, raw.c.part)
)

_NEWEST = sa.select(raw).where(raw.c.id.in_(_LATEST))

_NEWEST_OF_PART = sa.select(raw).where(
    raw.c.id.in_(_LATEST.where(raw.c.part == sa.bindparam("part")))
)


class RawStore:
    """Puts raw parts into the store and gives them back; knows the dictionaries of each source."""

    def __init__(self, blobs: BlobStore) -> None:
        self.blobs = blobs
        self._dictionaries: dict[tuple[str, str], tuple[int, bytes] | None] = {}
        self._by_id: dict[int, bytes] = {}

    def learn(self, db: Db, source: str, part: str, samples: Sequence[bytes]) -> None:
        """Learn a dictionary from the first sizeable batch of a part; later ones use it."""
        if len(samples) < FEWEST_SAMPLES or self._dictionary(db, source, part) is not None:
            return
        learnt = learn_dictionary(samples)
        if learnt is not None:
            self._dictionaries[source, part] = (
                insert_one(db, dictionaries, source=source, part=part, content=learnt),
                learnt,
            )

    def forget(self) -> None:
        """Forget what was learnt in a transaction that was rolled back."""
        self._dictionaries.clear()
        self._by_id.clear()

    def _dictionary(self, db: Db, source: str, part: str) -> tuple[int, bytes] | None:
        if (source, part) not in self._dictionaries:
            row = db.execute(
                sa.select(dictionaries.c.id, dictionaries.c.content)
                .where(dictionaries.c.source == source, dictionaries.c.part == part)
                .order_by(dictionaries.c.id)
            ).first()
            self._dictionaries[source, part] = (row.id, row.content) if row else None
        return self._dictionaries[source, part]

    def put(
        self,
        db: Db,
        record_id: int,
        source: str,
        part: str,
        body: Body,
        *,
        now: str,
        revision: str | None = None,
        fresh: bool = False,
    ) -> int:
        """Keep one part verbatim; its raw id comes back.

        The same bytes once more are not kept twice.
        """
        packed = self.pack(db, source, part, body)
        newest = None if fresh else _NEWEST_RAW.first(db, record_id=record_id, part=part)
        if newest and newest.sha256 == packed.sha256:
            # Which of two parts is newer decides what they say together.
            update_one(db, raw, newest.id, received_at=now)
            return int(newest.id)
        if newest and part in NEWEST_ONLY:
            db.execute(sa.delete(raw).where(raw.c.record_id == record_id, raw.c.part == part))
        return insert_one(
            db,
            raw,
            record_id=record_id,
            part=part,
            revision=revision,
            sha256=packed.sha256,
            wire=packed.wire,
            packing=packed.packing,
            dictionary_id=packed.dictionary_id,
            content=packed.content,
            size=packed.size,
            received_at=now,
        )

    def pack(self, db: Db, source: str, part: str, body: Body) -> Packed:
        """How a part will be kept."""
        if part in BLOB_PARTS:
            return pack_blob(body.content, body.encoding, self.blobs)
        dictionary = self._dictionary(db, source, part) if body.encoding == "identity" else None
        return pack(body.content, body.encoding, dictionary=dictionary)

    def newest(
        self, db: Db, record_ids: Iterable[int], only: str | None = None
    ) -> dict[int, dict[str, tuple[Body, str]]]:
        """Record → part → (the newest bytes, when they were received)."""
        found: dict[int, dict[str, tuple[Body, str]]] = {}
        for some in chunks(record_ids):
            for row in db.execute(
                _NEWEST if only is None else _NEWEST_OF_PART, {"ids": some, "part": only}
            ):
                packed = Packed(
                    row.sha256, row.wire, row.packing, row.content, row.size, row.dictionary_id
                )
                learnt = self._by_number(db, row.dictionary_id) if row.dictionary_id else None
                body = unpack(packed, dictionary=learnt, blobs=self.blobs)
                found.setdefault(row.record_id, {})[row.part] = (body, row.received_at)
        return found

    def _by_number(self, db: Db, number: int) -> bytes:
        if number not in self._by_id:
            self._by_id[number] = db.execute(
                sa.select(dictionaries.c.content).where(dictionaries.c.id == number)
            ).scalar_one()
        return self._by_id[number]

    def used_blobs(self, db: Db) -> set[str]:
        """The names of all blobs that some raw part needs."""
        return set(db.scalars(sa.select(raw.c.sha256).where(raw.c.packing == "blob")))

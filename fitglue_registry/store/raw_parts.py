"""Keeps the bytes of parts verbatim, and gives them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import Packing, PartName
from fitglue_registry.store.dictionaries import Dictionaries
from fitglue_registry.store.packing import Packed, pack, pack_blob, packed_from_row, unpack
from fitglue_registry.store.statements import IDS, Statement, chunks, insert_one, update_one
from fitglue_registry.store.tables import raw

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Body
    from fitglue_registry.store.blobs import BlobStore


#: Parts whose bytes are kept as files.
BLOB_PARTS = frozenset({PartName.FILE})
#: Parts of which only the newest bytes are kept.
NEWEST_ONLY = frozenset({PartName.STREAMS, PartName.FILE})

_NEWEST_OF_RECORD = Statement(
    sa.select(raw.c.id, raw.c.sha256)
    .where(
        raw.c.record_id == sa.bindparam("record_id"),
        raw.c.part == sa.bindparam("part"),
    )
    .order_by(raw.c.id.desc())
    .limit(1)
)
_NEWEST_IDS = (
    sa.select(sa.func.max(raw.c.id))
    .where(raw.c.record_id.in_(IDS))
    .group_by(raw.c.record_id, raw.c.part)
)
_NEWEST = sa.select(raw).where(raw.c.id.in_(_NEWEST_IDS))
_NEWEST_OF_PART = sa.select(raw).where(
    raw.c.id.in_(_NEWEST_IDS.where(raw.c.part == sa.bindparam("part")))
)


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """The bytes of one part as they came from the source."""

    part: str
    body: Body
    at: str
    revision: str | None = None


class RawStore:
    """Puts raw parts into the store and gives them back."""

    def __init__(self, blobs: BlobStore) -> None:
        self.blobs = blobs
        self._dictionaries = Dictionaries()

    def train(
        self,
        db: Db,
        source: str,
        part: str,
        samples: Sequence[bytes],
    ) -> None:
        """Learn a dictionary from the first sizeable batch of a part; later ones use it."""
        self._dictionaries.train(db, source, part, samples)

    def forget_dictionaries(self) -> None:
        """Forget what was trained in a transaction that was rolled back."""
        self._dictionaries.forget()

    def put(
        self,
        db: Db,
        record_id: int,
        source: str,
        received: ReceivedPart,
        *,
        fresh: bool = False,
    ) -> int:
        """Keep one part verbatim, and return its raw id; a ``fresh`` record has none yet.

        The same bytes once more are not kept twice.
        """
        part = received.part
        packed = self._pack(db, source, part, received.body)
        newest = None
        if not fresh:
            newest = _NEWEST_OF_RECORD.first(
                db,
                record_id=record_id,
                part=part,
            )
        if newest and newest.sha256 == packed.sha256:
            # Which of two parts is newer decides what they say together.
            update_one(db, raw, newest.id, received_at=received.at)
            return int(newest.id)
        if newest and part in NEWEST_ONLY:
            older = (raw.c.record_id == record_id, raw.c.part == part)
            db.execute(sa.delete(raw).where(*older))
        return insert_one(
            db,
            raw,
            record_id=record_id,
            part=part,
            revision=received.revision,
            sha256=packed.sha256,
            wire=packed.wire,
            packing=packed.packing,
            dictionary_id=packed.dictionary_id,
            content=packed.content,
            size=packed.size,
            received_at=received.at,
        )

    def _pack(
        self,
        db: Db,
        source: str,
        part: str,
        body: Body,
    ) -> Packed:
        if part in BLOB_PARTS:
            return pack_blob(body.content, body.encoding, self.blobs)
        dictionary = None
        if body.encoding == "identity":
            dictionary = self._dictionaries.newest(db, source, part)
        return pack(body.content, body.encoding, dictionary=dictionary)

    def newest(
        self,
        db: Db,
        record_ids: Iterable[int],
        only: str | None = None,
    ) -> dict[int, dict[str, tuple[Body, str]]]:
        """Record → part → (the newest bytes, when they were received)."""
        query = _NEWEST if only is None else _NEWEST_OF_PART
        newest: dict[int, dict[str, tuple[Body, str]]] = {}
        for chunk in chunks(record_ids):
            for row in db.execute(query, {"ids": chunk, "part": only}):
                parts = newest.setdefault(row.record_id, {})
                parts[row.part] = (self._unpack(db, row), row.received_at)
        return newest

    def _unpack(self, db: Db, row: Any) -> Body:
        dictionary = None
        if row.dictionary_id:
            dictionary = self._dictionaries.by_id(db, row.dictionary_id)
        return unpack(
            packed_from_row(row),
            dictionary=dictionary,
            blobs=self.blobs,
        )

    def used_blobs(self, db: Db) -> set[str]:
        """The names of all blobs that some raw part needs."""
        query = sa.select(raw.c.sha256).where(raw.c.packing == Packing.BLOB)
        return set(db.scalars(query))

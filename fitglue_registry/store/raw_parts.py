"""Stores the bytes of parts as they were received, and returns them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import Packing, PartName
from fitglue_registry.store.blobs import put_many
from fitglue_registry.store.dictionaries import Dictionaries
from fitglue_registry.store.packing import Packed, pack, pack_blob, packed_from_row, unpack
from fitglue_registry.store.rows import insert_many, new_ids, update_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import raw, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Body
    from fitglue_registry.store.blobs import BlobStore


#: Parts whose bytes are stored in the blob store.
BLOB_PARTS = frozenset({PartName.FILE})
#: Parts that are large, so that only their newest revision is kept. Every revision of the other
#: parts is kept.
NEWEST_ONLY = frozenset({PartName.STREAMS, PartName.FILE})

_NEWEST_IDS = (
    sa.select(sa.func.max(raw.c.id))
    .where(raw.c.record_id.in_(IDS))
    .group_by(raw.c.record_id, raw.c.part)
)
_NEWEST_DIGESTS = Statement(
    sa.select(raw.c.id, raw.c.record_id, raw.c.sha256).where(
        raw.c.id.in_(_NEWEST_IDS.where(raw.c.part == sa.bindparam("part")))
    )
)
_DELETE = Statement(
    sa.delete(raw).where(raw.c.record_id.in_(IDS), raw.c.part == sa.bindparam("part"))
)
_NEWEST = Statement(sa.select(raw).where(raw.c.id.in_(_NEWEST_IDS)))
_NEWEST_OF_PART = Statement(
    sa.select(raw).where(raw.c.id.in_(_NEWEST_IDS.where(raw.c.part == sa.bindparam("part"))))
)
_SIZES = Statement(
    sa.select(raw.c.record_id, sa.func.sum(raw.c.size).label("size"))
    .where(raw.c.record_id.in_(IDS))
    .group_by(raw.c.record_id)
)

_FILES_OF_CONNECTION = (
    sa.select(records.c.external_id, raw.c.sha256)
    .join(raw, raw.c.record_id == records.c.id)
    .where(
        records.c.connection_id == sa.bindparam("connection"),
        raw.c.part == PartName.FILE,
    )
)


def digests_of_files(db: Db, connection_id: str) -> dict[str, bytes]:
    """Return the SHA-256 of the original file of each record of a connection that has one.

    Args:
        db: A transaction.
        connection_id: The connection.

    Returns:
        External id → the digest.
    """
    rows = db.execute(_FILES_OF_CONNECTION, {"connection": connection_id})
    return {external_id: bytes.fromhex(sha256) for external_id, sha256 in rows}


@dataclass(frozen=True, slots=True)
class ReceivedPart:
    """The bytes of one part as they came from the source."""

    body: Body
    at: str  # when they were received
    revision: str | None = None  # of the record, as listed at that time


class RawStore:
    """The raw parts of a store.

    Args:
        blobs: Where the bytes of original files are stored.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self.blobs = blobs
        self._dictionaries = Dictionaries()
        #: The hashes of the files that ``with_blobs`` has just written.
        self._written: frozenset[str] = frozenset()

    def train(
        self,
        db: Db,
        source: str,
        part: str,
        samples: Sequence[bytes],
    ) -> None:
        """Train a dictionary for a part of a source, unless there is one or too few samples."""
        self._dictionaries.train(db, source, part, samples)

    def forget_dictionaries(self) -> None:
        """Forget the cached dictionaries; call this after a transaction was rolled back."""
        self._dictionaries.forget()

    @contextmanager
    def with_blobs(self, contents: Sequence[bytes]) -> Iterator[None]:
        """Write original files to the disk together, before a transaction refers to them.

        Args:
            contents: The files. In this context, ``put`` with the same bytes need not write them.

        Raises:
            StoreFailed: One of them could not be written.
        """
        self._written = put_many(self.blobs, contents)
        try:
            yield
        finally:
            # A sweep removes those that no row names, so they are not relied on any longer.
            self._written = frozenset()

    def put(
        self,
        db: Db,
        source: str,
        part: str,
        received: Mapping[int, ReceivedPart],
        *,
        fresh: bool = False,
    ) -> dict[int, int]:
        """Store one part of some records, and return the ids of its rows by record.

        Bytes that equal the newest ones of their record are not stored again.

        Args:
            db: A transaction that may write.
            source: The id of the source's entry, for which dictionaries are trained.
            part: The name of the part.
            received: Record id → the bytes that were received.
            fresh: The records are new and have no parts yet, so no query looks for them.

        Raises:
            StoreFailed: An original file could not be written.
        """
        newest: dict[int, Any] = {}
        if not fresh:
            rows = _NEWEST_DIGESTS.each_row(db, received, part=part)
            newest = {row.record_id: row for row in rows}
        changed: dict[int, Packed] = {}
        confirmed = []
        raw_ids = {}
        for record_id, value in received.items():
            packed = self._pack(db, source, part, value.body)
            known = newest.get(record_id)
            if known is None or known.sha256 != packed.sha256:
                changed[record_id] = packed
                continue
            # Where two parts of a record contradict each other, the one that was received later
            # wins, so a confirmation counts as received now.
            confirmed.append({"id": known.id, "received_at": value.at})
            raw_ids[record_id] = int(known.id)
        update_many(db, raw, confirmed)
        if part in NEWEST_ONLY:
            _DELETE.run_each(db, changed.keys() & newest.keys(), part=part)
        raw_ids.update(_insert(db, part, received, changed))
        return raw_ids

    def _pack(
        self,
        db: Db,
        source: str,
        part: str,
        body: Body,
    ) -> Packed:
        # A blob is on the disk before this transaction commits the row that names it. If it never
        # commits, the blob is an orphan, which a later sweep removes.
        if part in BLOB_PARTS:
            return pack_blob(body, self.blobs, self._written)
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
        """Return the newest parts of records.

        Args:
            db: A transaction.
            record_ids: The records.
            only: The name of the only part to load; all if omitted.

        Returns:
            Record id → part → the bytes, and the moment when they were received.

        Raises:
            StoreFailed: Bytes are missing or damaged.
        """
        query = _NEWEST if only is None else _NEWEST_OF_PART
        newest: dict[int, dict[str, tuple[Body, str]]] = {}
        for row in query.each_row(db, record_ids, part=only):
            parts = newest.setdefault(row.record_id, {})
            parts[row.part] = (self._unpack(db, row), row.received_at)
        return newest

    def sizes(self, db: Db, record_ids: Iterable[int]) -> dict[int, int]:
        """Return record id → how many bytes all of its parts have, as received.

        Args:
            db: A transaction.
            record_ids: The records; one without a part is left out.
        """
        return {row.record_id: int(row.size) for row in _SIZES.each_row(db, record_ids)}

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
        """Return the hashes of all blobs that a row names."""
        query = sa.select(raw.c.sha256).where(raw.c.packing == Packing.BLOB)
        return set(db.scalars(query))


def _insert(
    db: Db,
    part: str,
    received: Mapping[int, ReceivedPart],
    changed: Mapping[int, Packed],
) -> dict[int, int]:
    """Insert packed parts, and return the ids of their rows by record."""
    rows = []
    raw_ids = dict(zip(changed, new_ids(db, raw, len(changed)), strict=True))
    for record_id, packed in changed.items():
        row = {
            "id": raw_ids[record_id],
            "record_id": record_id,
            "part": part,
            "revision": received[record_id].revision,
            "sha256": packed.sha256,
            "wire": packed.wire,
            "packing": packed.packing,
            "dictionary_id": packed.dictionary_id,
            "content": packed.content,
            "size": packed.size,
            "received_at": received[record_id].at,
        }
        rows.append(row)
    insert_many(db, raw, rows)
    return raw_ids

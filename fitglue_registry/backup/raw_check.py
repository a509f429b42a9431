"""Verifies the stored raw parts, and has damaged ones fetched again."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.backup.relations import parts_without_raw
from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import PartName
from fitglue_registry.store.packing import Packed, unpack
from fitglue_registry.store.parts import want_parts
from fitglue_registry.store.tables import dictionaries, raw

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database

#: A summary arrives with a list and cannot be requested by id.
_LISTED = PartName.SUMMARY


@dataclass(frozen=True, slots=True)
class DamagedRaw:
    """A raw part whose bytes are missing or differ from what was received."""

    raw_id: int
    record_id: int
    part: str
    why: str


@dataclass(frozen=True, slots=True)
class RawCheck:
    """The result of verifying raw parts."""

    damaged: list[DamagedRaw]
    read: int  # how many were verified
    total: int  # how many there are


def check_raw_parts(
    db: Db,
    blobs: BlobStore,
    sample: int | None,
) -> RawCheck:
    """Verify ``sample`` raw parts, chosen at random, or all if it is ``None``."""
    total = db.scalar(sa.select(sa.func.count()).select_from(raw)) or 0
    contents = {
        row.id: row.content
        for row in db.execute(sa.select(dictionaries.c.id, dictionaries.c.content))
    }
    query = sa.select(raw)
    if sample is not None and sample < total:
        chosen = db.scalars(sa.select(raw.c.id).order_by(sa.func.random()).limit(sample)).all()
        query = query.where(raw.c.id.in_(chosen))
    damaged = []
    read = 0
    # yield_per: the contents of a large store do not fit into memory.
    for row in db.execute(query.execution_options(yield_per=100)):
        read += 1
        why = _why_damaged(row, contents, blobs)
        if why:
            damaged.append(DamagedRaw(row.id, row.record_id, row.part, why))
    return RawCheck(damaged, read, total)


def repair(database: Database, blobs: BlobStore) -> int:
    """Mark every raw part that is missing or damaged as wanted, so that the next sync fetches it.

    Summaries are left as they are: they can only be restored from a backup.

    Returns:
        How many parts were marked.
    """
    with database.read() as db:
        damaged = check_raw_parts(db, blobs, None).damaged
        wanted = set(parts_without_raw(db))
    damaged = [raw_part for raw_part in damaged if raw_part.part != _LISTED]
    wanted.update((raw_part.record_id, raw_part.part) for raw_part in damaged)
    again = sorted((record_id, part) for record_id, part in wanted if part != _LISTED)
    with database.write() as db:
        # The damaged rows are deleted: deriving a record reads all its parts, so a damaged one
        # would even keep its replacement from being stored. A damaged blob may stay, because
        # putting the file again replaces it.
        for raw_part in damaged:
            db.execute(sa.delete(raw).where(raw.c.id == raw_part.raw_id))
        names_by_record: dict[int, list[str]] = defaultdict(list)
        for record_id, part in again:
            names_by_record[record_id].append(part)
        want_parts(db, names_by_record)
    return len(again)


def _why_damaged(
    row: Any,
    dictionary_contents: dict[int, bytes],
    blobs: BlobStore,
) -> str | None:
    """Return why a raw part is damaged, or ``None`` if it is sound."""
    dictionary = None
    if row.dictionary_id is not None:
        dictionary = dictionary_contents.get(row.dictionary_id)
        if dictionary is None:
            return "the dictionary that unpacks it is missing"
    packed = Packed(row.sha256, row.wire, row.packing, row.content, row.size, row.dictionary_id)
    try:
        content = unpack(
            packed,
            dictionary=dictionary,
            blobs=blobs,
        ).content
    except FitglueError as error:
        return error.why or error.what
    if hashlib.sha256(content).hexdigest() != row.sha256:
        return "its hash differs"
    return None

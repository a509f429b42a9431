"""Checks that a store is consistent: the file is sound, rows name rows that are there, and raw
parts are what came.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
import zstandard

from fitglue_registry.backup.finding import DERIVE_AGAIN, Finding, first_few
from fitglue_registry.backup.raw_check import RawCheck, read_again
from fitglue_registry.backup.relations import relation_findings
from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.model.stored import Packing
from fitglue_registry.store.blobs import FETCH_AGAIN
from fitglue_registry.store.driver_errors import RESTORE
from fitglue_registry.store.stream_blobs import decode_blob
from fitglue_registry.store.tables import activities, raw, source_activities, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database

#: So many raw parts are read again where nobody asks for all.
SAMPLE = 500

_LONGEST_WHY = 300
_UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    struct.error,
    msgspec.MsgspecError,
    zstandard.ZstdError,
)


@dataclass(frozen=True, slots=True)
class _Derived:
    """A column with what was made of raw parts, and the function that reads it."""

    name: str
    key: sa.Column[Any]
    content: sa.Column[Any]
    read: Callable[[Any], object]


_DERIVED = (
    _Derived(
        "source activity",
        source_activities.c.id,
        source_activities.c.document,
        msgspec.json.decode,
    ),
    _Derived("activity", activities.c.id, activities.c.document, msgspec.json.decode),
    _Derived(
        "streams of source activity",
        streams.c.source_activity_id,
        streams.c.content,
        decode_blob,
    ),
)


def findings(
    database: Database,
    blobs: BlobStore,
    sample: int | None = SAMPLE,
) -> Iterator[Finding]:
    """Check everything, one after the other; ``sample`` raw parts are read again, ``None``: all of
    them.
    """
    where = Place(str(database.path or database.display_url))
    if database.dialect == "sqlite":
        yield _file(database, where)
    with database.read() as db:
        yield from relation_findings(db, where)
        yield _originals(db, blobs)
        yield _derived(db, where, sample)
        raw_check = read_again(db, blobs, sample)
    yield _answers(raw_check, where)


def _file(database: Database, where: Place) -> Finding:
    with database.read() as db:
        results = db.exec_driver_sql("PRAGMA integrity_check(10)").scalars().all()
        orphans = db.exec_driver_sql("PRAGMA foreign_key_check").all()
    wrong = [str(line) for line in results if line != "ok"]
    wrong += [f"row {row_id} of {table}" for table, row_id, _, _ in orphans]
    if not wrong:
        return Finding("database file", "sound: integrity and foreign keys")
    error = StoreFailed(
        "FG-store-damaged",
        "the database file is damaged",
        at=where,
        why=first_few(wrong)[:_LONGEST_WHY],
        fix=RESTORE,
    )
    return Finding("database file", first_few(wrong), error)


def _originals(db: Db, blobs: BlobStore) -> Finding:
    named = set(db.scalars(sa.select(raw.c.sha256).where(raw.c.packing == Packing.BLOB)))
    there = {blob.sha256: blob.size for blob in blobs.all()}
    missing = sorted(named - there.keys())
    if missing:
        error = StoreFailed(
            "FG-blob-missing",
            f"{len(missing):,} of {len(named):,} original files are not there",
            why=first_few(missing),
            fix=FETCH_AGAIN,
        )
        return Finding("original files", f"{len(missing):,} are missing", error)
    left = there.keys() - named
    if not left:
        return Finding("original files", f"{len(named):,}, each named by a record")
    megabytes = sum(there[sha256] for sha256 in left) / 1e6
    return Finding(
        "original files",
        f"{len(named):,}, and {len(left):,} that no record names ({megabytes:.1f} MB): a "
        "removed connection or "
        "a kill left them; `fitglue doctor --repair` removes what is older than an hour",
        harmless=True,
    )


def _derived(
    db: Db,
    where: Place,
    sample: int | None,
) -> Finding:
    """Check documents and streams: what was made of the raw parts, and what people look at."""
    name = "documents and streams"
    wrong = []
    read = 0
    for derived in _DERIVED:
        query = sa.select(derived.key, derived.content)
        if sample is not None:
            chosen = sa.select(derived.key).order_by(sa.func.random()).limit(sample)
            query = query.where(derived.key.in_(chosen))
        for key, content in db.execute(query.execution_options(yield_per=100)):
            read += 1
            try:
                derived.read(content)
            except _UNREADABLE as error:
                wrong.append(f"{derived.name} {key}: {error}")
    if not wrong:
        return Finding(name, f"{read:,} can be read")
    failure = StoreFailed(
        "FG-store-damaged",
        f"{len(wrong):,} documents or streams cannot be read",
        at=where,
        why=first_few(wrong)[:_LONGEST_WHY],
        fix=DERIVE_AGAIN,
    )
    return Finding(name, first_few(wrong), failure)


def _answers(check: RawCheck, where: Place) -> Finding:
    share = f"{check.read:,} of {check.total:,}, by chance"
    if check.read == check.total:
        share = f"all {check.total:,}"
    if not check.damaged:
        return Finding("answers", f"{share} read again, each as it came")
    names = []
    for raw_part in check.damaged:
        names.append(f"{raw_part.part} of record {raw_part.record_id}: {raw_part.why}")
    error = StoreFailed(
        "FG-raw-damaged",
        f"{len(names):,} of the answers that were read again ({share}) are not what came",
        at=where,
        why=first_few(names),
        fix=FETCH_AGAIN,
    )
    return Finding("answers", first_few(names), error)

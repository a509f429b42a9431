"""Checks that a store is consistent: the database file, its rows, and the stored contents."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
import zstandard

from fitglue_registry.backup.finding import DERIVE_AGAIN, Finding, first_few
from fitglue_registry.backup.raw_check import RawCheck, check_raw_parts
from fitglue_registry.backup.relations import check_relations
from fitglue_registry.backup.schema_check import differences, driver_connection_of
from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.model.stored import Packing
from fitglue_registry.store.blobs import FETCH_AGAIN
from fitglue_registry.store.driver_errors import RESTORE
from fitglue_registry.store.formats import HEAD
from fitglue_registry.store.stream_blobs import decode_blob
from fitglue_registry.store.tables import activities, raw, source_activities, streams
from fitglue_registry.store.value_check import damaged_value, unreadable_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.backup.schema_check import Differences
    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database

#: How many raw parts are read again unless all are asked for, so that the check takes seconds.
SAMPLE = 500

_LONGEST_WHY = 300
# What the decoders below raise for damaged bytes. SQLite has no checksums of its pages, so damage
# in the middle of a text or a blob shows only here.
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
    """A column with values that were derived from raw parts, and the function that decodes it."""

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


def check_store(
    database: Database,
    blobs: BlobStore,
    sample: int | None = SAMPLE,
) -> Iterator[Finding]:
    """Check a store, one thing after the other.

    Args:
        database: The database of the store.
        blobs: Its original files.
        sample: How many raw parts and derived values are read, chosen at random; ``None`` reads
            all.

    Yields:
        A finding for each thing that was checked, whether it is sound or not.
    """
    where = Place(str(database.path or database.display_url))
    if database.dialect == "sqlite":
        yield _check_file(database, where)
    with database.read() as db:
        yield _check_values(db, where)
        yield from check_relations(db, where)
        yield _check_originals(db, blobs)
        yield _check_derived(db, where, sample)
        raw_check = check_raw_parts(db, blobs, sample)
    yield _raw_finding(raw_check, where)


def _check_file(database: Database, where: Place) -> Finding:
    with database.read() as db:
        results = db.exec_driver_sql("PRAGMA integrity_check(10)").scalars().all()
        orphans = db.exec_driver_sql("PRAGMA foreign_key_check").all()
        differs = differences(driver_connection_of(db), HEAD)
    # The integrity check of SQLite leaves foreign keys out.
    wrong = [str(line) for line in results if line != "ok"]
    wrong += [f"row {row_id} of {table}" for table, row_id, _, _ in orphans]
    if not wrong:
        return _schema_finding(differs, where)
    error = StoreFailed(
        "FG-store-damaged",
        "the database file is damaged",
        at=where,
        why=first_few(wrong)[:_LONGEST_WHY],
        fix=RESTORE,
    )
    return Finding("database file", first_few(wrong), error)


def _schema_finding(differs: Differences, where: Place) -> Finding:
    """Return what other programs have added to the database or changed in it."""
    if not str(differs):
        return Finding("database file", "sound: integrity and foreign keys")
    runs_code = any(kind == "trigger" for kind, _ in differs.foreign)
    if not (runs_code or differs.changed or differs.missing):
        detail = f"sound; {differs}; no backup contains that"
        return Finding("database file", detail, harmless=True)
    error = StoreFailed(
        "FG-store-altered",
        "another program has changed the tables of the database, or has added a trigger",
        at=where,
        why=f"{differs}; a trigger can change your data at any time",
        fix=f"if you have not added it yourself, remove it with another program, or {RESTORE}",
    )
    return Finding("database file", str(differs), error)


def _check_values(db: Db, where: Place) -> Finding:
    """Check that the program can read every value of every row."""
    found = unreadable_in(db)
    if found is None:
        return Finding("values", "every one can be read")
    return Finding("values", str(found), damaged_value(found, where.file or ""))


def _check_originals(db: Db, blobs: BlobStore) -> Finding:
    named = set(db.scalars(sa.select(raw.c.sha256).where(raw.c.packing == Packing.BLOB)))
    stored = {blob.sha256: blob.size for blob in blobs.all()}
    missing = sorted(named - stored.keys())
    if missing:
        error = StoreFailed(
            "FG-blob-missing",
            f"{len(missing):,} of {len(named):,} original files are missing",
            why=first_few(missing),
            fix=FETCH_AGAIN,
        )
        return Finding("original files", f"{len(missing):,} are missing", error)
    unnamed = stored.keys() - named
    if not unnamed:
        return Finding("original files", f"{len(named):,}; each belongs to a record")
    megabytes = sum(stored[sha256] for sha256 in unnamed) / 1e6
    return Finding(
        "original files",
        f"{len(named):,}, and {len(unnamed):,} that no record names ({megabytes:.1f} MB): a "
        "removed connection or a killed process left them; "
        "`fitglue doctor --repair` removes those that are older than an hour",
        harmless=True,
    )


def _check_derived(
    db: Db,
    where: Place,
    sample: int | None,
) -> Finding:
    """Check that documents and streams, which were derived from raw parts, can be decoded."""
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


def _raw_finding(check: RawCheck, where: Place) -> Finding:
    share = f"{check.read:,} of {check.total:,}, chosen at random"
    if check.read == check.total:
        share = f"all {check.total:,}"
    if not check.damaged:
        return Finding("answers", f"{share}; read again and unchanged")
    names = []
    for raw_part in check.damaged:
        names.append(f"{raw_part.part} of record {raw_part.record_id}: {raw_part.why}")
    error = StoreFailed(
        "FG-raw-damaged",
        f"{len(names):,} of the stored responses that were read again ({share}) are damaged",
        at=where,
        why=first_few(names),
        fix=FETCH_AGAIN,
    )
    return Finding("answers", first_few(names), error)

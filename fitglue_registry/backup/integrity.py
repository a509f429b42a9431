"""Looks whether a store still says one thing: the file is sound, rows name rows that are there, and
answers are what came.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
import zstandard

from fitglue_registry.errors import FitglueError, Place, StoreFailed
from fitglue_registry.store.blobs import MEND
from fitglue_registry.store.driver_errors import RESTORE
from fitglue_registry.store.packing import Packed, unpack
from fitglue_registry.store.parts import want_parts
from fitglue_registry.store.stream_codec import decode_streams
from fitglue_registry.store.tables import (
    activities,
    aliases,
    dictionaries,
    parts,
    raw,
    records,
    source_activities,
    streams,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database

#: So many answers are read again where nobody asks for all.
SAMPLE = 500

_LISTED = "summary"  # comes with the list and can be asked for by no id
_SHOWN = 3
_DERIVED = (
    "`fitglue rebuild` derives it again; what stays wrong: `fitglue backup restore FILE --replace`"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was seen, and the error where it is wrong."""

    name: str
    detail: str
    error: FitglueError | None = None
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class Damaged:
    """A raw answer whose bytes are gone or are not what came."""

    raw_id: int
    record_id: int
    part: str
    why: str


def findings(
    database: Database, blobs: BlobStore, sample: int | None = SAMPLE
) -> Iterator[Finding]:
    """Everything, one after the other; ``sample`` answers are read again, ``None``: all of them."""
    where = Place(str(database.path or database.shown))
    yield from _file(database, where)
    with database.read() as db:
        for name, what, query, fix in _RELATIONS:
            wrong = [str(one) for one in db.scalars(query)]
            yield (
                Finding(name, f"no {what}")
                if not wrong
                else Finding(
                    name,
                    _told(wrong),
                    StoreFailed(
                        "FG-store-inconsistent",
                        f"{len(wrong):,} {what}",
                        at=where,
                        why=_told(wrong),
                        fix=fix,
                    ),
                )
            )
        yield _originals(db, blobs)
        yield _derived(db, where, sample)
        damaged, looked_at, there = _read_again(db, blobs, sample)
    share = f"all {there:,}" if looked_at == there else f"{looked_at:,} of {there:,}, by chance"
    if damaged:
        names = [f"{one.part} of record {one.record_id}: {one.why}" for one in damaged]
        yield Finding(
            "answers",
            _told(names),
            StoreFailed(
                "FG-raw-damaged",
                f"{len(damaged):,} of the answers that were read again ({share}) are not what came",
                at=where,
                why=_told(names),
                fix=MEND,
            ),
        )
    else:
        yield Finding("answers", f"{share} read again, each as it came")


def mend(database: Database, blobs: BlobStore) -> int:
    """Have every answer that is gone or damaged fetched again by the next sync; how many.

    What is listed comes only from a backup.
    """
    with database.read() as db:
        damaged, _, _ = _read_again(db, blobs, None)
        lost = [(row.record_id, row.part) for row in db.execute(_WITHOUT_RAW)]
    wanted = {(one.record_id, one.part) for one in damaged} | set(lost)
    again = sorted(key for key in wanted if key[1] != _LISTED)
    with database.write() as db:
        # Not even to be replaced could a record be read with a part that is no good; a file that is
        # damaged is mended when it is put.
        for one in damaged:
            if one.part != _LISTED:
                db.execute(sa.delete(raw).where(raw.c.id == one.raw_id))
        for record_id, part in again:
            want_parts(db, record_id, [part])
    return len(again)


def _file(database: Database, where: Place) -> Iterator[Finding]:
    if database.dialect != "sqlite":
        return
    with database.read() as db:
        said = [str(line) for line in db.exec_driver_sql("PRAGMA integrity_check(10)").scalars()]
        orphans = [
            f"row {row[1]} of {row[0]}" for row in db.exec_driver_sql("PRAGMA foreign_key_check")
        ]
    wrong = [line for line in said if line != "ok"] + orphans
    if wrong:
        yield Finding(
            "database file",
            _told(wrong),
            StoreFailed(
                "FG-store-damaged",
                "the database file is damaged",
                at=where,
                why=_told(wrong)[:300],
                fix=RESTORE,
            ),
        )
    else:
        yield Finding("database file", "sound: integrity and foreign keys")


def _originals(db: Db, blobs: BlobStore) -> Finding:
    named = set(db.scalars(sa.select(raw.c.sha256).where(raw.c.packing == "blob")))
    there = {blob.sha256: blob.size for blob in blobs.all()}
    missing = sorted(named - there.keys())
    if missing:
        return Finding(
            "original files",
            f"{len(missing):,} are missing",
            StoreFailed(
                "FG-blob-missing",
                f"{len(missing):,} of {len(named):,} original files are not there",
                why=_told(missing),
                fix=MEND,
            ),
        )
    left = there.keys() - named
    if left:
        size = sum(there[sha256] for sha256 in left) / 1e6
        return Finding(
            "original files",
            f"{len(named):,}, and {len(left):,} that no record names ({size:.1f} MB): a "
            "removed connection or "
            "a kill left them; `fitglue doctor --mend` removes what is older than an hour",
            harmless=True,
        )
    return Finding("original files", f"{len(named):,}, each named by a record")


def _derived(db: Db, where: Place, sample: int | None) -> Finding:
    """Documents and streams: what was made of the answers, and what people look at."""
    wrong, looked_at = [], 0
    for name, key, content, read in _READ:
        query = sa.select(key, content)
        if sample is not None:
            query = query.where(key.in_(sa.select(key).order_by(sa.func.random()).limit(sample)))
        for number, kept in db.execute(query.execution_options(yield_per=100)):
            looked_at += 1
            try:
                read(kept)
            except _UNREADABLE as error:
                wrong.append(f"{name} {number}: {error}")
    if not wrong:
        return Finding("documents and streams", f"{looked_at:,} can be read")
    return Finding(
        "documents and streams",
        _told(wrong),
        StoreFailed(
            "FG-store-damaged",
            f"{len(wrong):,} documents or streams cannot be read",
            at=where,
            why=_told(wrong)[:300],
            fix=_DERIVED,
        ),
    )


def _read_again(db: Db, blobs: BlobStore, sample: int | None) -> tuple[list[Damaged], int, int]:
    """Damaged answers, how many were looked at, and how many there are."""
    there = db.scalar(sa.select(sa.func.count()).select_from(raw)) or 0
    learnt = {
        row.id: row.content
        for row in db.execute(sa.select(dictionaries.c.id, dictionaries.c.content))
    }
    query = sa.select(raw)
    if sample is not None and sample < there:
        chosen = db.scalars(sa.select(raw.c.id).order_by(sa.func.random()).limit(sample)).all()
        query = query.where(raw.c.id.in_(chosen))
    damaged, looked_at = [], 0
    for row in db.execute(query.execution_options(yield_per=100)):
        looked_at += 1
        why = _why_damaged(row, learnt, blobs)
        if why:
            damaged.append(Damaged(row.id, row.record_id, row.part, why))
    return damaged, looked_at, there


def _why_damaged(row: Any, learnt: dict[int, bytes], blobs: BlobStore) -> str | None:
    if row.dictionary_id is not None and row.dictionary_id not in learnt:
        return "the dictionary that unpacks it is gone"
    packed = Packed(row.sha256, row.wire, row.packing, row.content, row.size, row.dictionary_id)
    try:
        content = unpack(packed, dictionary=learnt.get(row.dictionary_id or 0), blobs=blobs).content
    except FitglueError as error:
        return error.why or error.what
    return None if hashlib.sha256(content).hexdigest() == row.sha256 else "its hash is another one"


def _told(names: Collection[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(list(names)[:_SHOWN])}{more}"


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
_READ: tuple[tuple[str, sa.Column[Any], sa.Column[Any], Callable[[Any], object]], ...] = (
    ("source activity", source_activities.c.id, source_activities.c.document, msgspec.json.decode),
    ("activity", activities.c.id, activities.c.document, msgspec.json.decode),
    ("streams of source activity", streams.c.source_activity_id, streams.c.content, decode_streams),
)
_HAS_MEMBER = sa.exists().where(source_activities.c.activity_id == activities.c.id)
_WITHOUT_RAW = (
    sa.select(parts.c.record_id, parts.c.part)
    .where(parts.c.state == "have", ~sa.exists().where(raw.c.id == parts.c.raw_id))
    .order_by(parts.c.record_id, parts.c.part)
)
#: What is looked at, what would be wrong, the query that finds it, and what to do.
_RELATIONS: tuple[tuple[str, str, sa.Select[Any], str], ...] = (
    (
        "activities",
        "activities that no source tells of",
        sa.select(activities.c.id).where(~_HAS_MEMBER),
        _DERIVED,
    ),
    (
        "source activities",
        "source activities whose activity is not there",
        sa.select(source_activities.c.id).where(
            source_activities.c.activity_id.is_not(None),
            ~sa.exists().where(activities.c.id == source_activities.c.activity_id),
        ),
        _DERIVED,
    ),
    (
        "aliases",
        "old ids that lead to no activity",
        sa.select(aliases.c.id).where(~sa.exists().where(activities.c.id == aliases.c.activity_id)),
        _DERIVED,
    ),
    (
        "parts",
        "parts whose answer is not there",
        sa.select(records.c.external_id + " " + parts.c.part)
        .select_from(parts)
        .join(records, records.c.id == parts.c.record_id)
        .where(parts.c.state == "have", ~sa.exists().where(raw.c.id == parts.c.raw_id)),
        MEND,
    ),
)

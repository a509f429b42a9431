"""Reads the content of a store from its tables, and asserts the invariants of every store."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import zstandard

from fitglue_registry.store import tables as t
from fitglue_registry.store.stored_streams import load_streams

if TYPE_CHECKING:
    from fitglue_registry import Host


@dataclass
class Stored:
    """One record of a store, with its parts and what was derived from it."""

    state: str
    start_local: str | None
    reason: str | None
    quarantined: bool = False
    parts: dict[str, str] = field(default_factory=dict)
    document: dict[str, Any] | None = None
    claims: set[str] = field(default_factory=set)
    heartrate: list[float] | None = None
    files: list[str] = field(default_factory=list)  # hashes
    activity: str | None = None


@dataclass
class Activity:
    """One activity of a store."""

    number: int
    gone: bool
    document: dict[str, Any]


@dataclass
class Snapshot:
    """Everything that the store contains about one athlete."""

    records: dict[str, Stored]
    activities: dict[str, Activity]
    windows: int
    connections: list[Any]


def read_store(host: Host) -> Snapshot:
    """Return the content of the store, by external id; the machine has at most one connection at a
    time.
    """
    with host.workspace.database.read() as db:
        by_id, stored = {}, {}
        for row in db.execute(sa.select(t.records)):
            by_id[row.id] = stored[row.external_id] = Stored(row.state, row.start_local, row.reason)
        for row in db.execute(sa.select(t.parts)):
            by_id[row.record_id].parts[row.part] = row.state
        for row in db.execute(
            sa.select(t.raw.c.record_id, t.raw.c.sha256).where(t.raw.c.part == "file")
        ):
            by_id[row.record_id].files.append(row.sha256)
        for number in db.scalars(sa.select(t.quarantine.c.record_id)):
            by_id[number].quarantined = True
        claims = defaultdict(set)
        for row in db.execute(sa.select(t.claims)):
            claims[row.source_activity_id].add(row.claim)
        for row in db.execute(sa.select(t.source_activities)):
            record = by_id[row.record_id]
            record.document, record.claims, record.activity = (
                json.loads(row.document),
                claims[row.id],
                row.activity_id,
            )
            beats = load_streams(db, row.id, ["heartrate"])
            record.heartrate = list(beats[0].values) if beats else None
        activities = {
            row.id: Activity(row.number, row.gone_at is not None, json.loads(row.document))
            for row in db.execute(sa.select(t.activities))
        }
        windows = db.scalar(sa.select(sa.func.count()).select_from(t.windows)) or 0
        return Snapshot(stored, activities, windows, list(db.execute(sa.select(t.connections))))


def assert_invariants(host: Host) -> None:
    """Assert what is true of every store at any time, even during a sync."""
    with host.workspace.database.read() as db:
        if host.workspace.database.dialect == "sqlite":
            assert db.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert db.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        sources = {row.id: row for row in db.execute(sa.select(t.source_activities))}
        activities = {row.id: row for row in db.execute(sa.select(t.activities))}
        _assert_memberships(sources, activities, set(db.scalars(sa.select(t.records.c.id))))
        _assert_numbers(db, activities)
        raw = _assert_raw(host, db)
    for row, state in raw:
        assert row.raw_id is None or row.raw_id in state, (
            f"part {row.part} of record {row.record_id} names a raw part that does not exist"
        )
        assert row.state != "have" or row.raw_id is not None


def _assert_memberships(
    sources: dict[int, Any], activities: dict[str, Any], records: set[int]
) -> None:
    """Assert that each source activity belongs to one activity, and each value of an activity comes
    from one of its members.
    """
    members = defaultdict(set)
    for row in sources.values():
        assert row.record_id in records
        assert row.activity_id is None or row.activity_id in activities, (
            "a source activity belongs to an activity that does not exist"
        )
        assert row.activity_id is not None or row.stub, (
            "a source activity that is not a stub belongs to no activity"
        )
        members[row.activity_id].add(row.id)
    for activity_id, row in activities.items():
        assert members[activity_id], "an activity without a source activity"
        assert set(json.loads(row.origins).values()) <= members[activity_id], (
            "a value from a source activity of another activity"
        )
        assert row.document != "{}"


def _assert_numbers(db: Any, activities: dict[str, Any]) -> None:
    """Assert that each alias leads to an activity, and that no number is used twice."""
    aliases = db.execute(sa.select(t.aliases)).all()
    for row in aliases:
        assert row.activity_id in activities, "an alias that leads nowhere"
        assert row.id not in activities
    numbers = [row.number for row in (*activities.values(), *aliases)]
    assert len(numbers) == len(set(numbers))
    assert max(numbers, default=0) < (db.scalar(sa.select(t.athletes.c.next_number)) or 1)


def _assert_raw(host: Host, db: Any) -> list[tuple[Any, set[int]]]:
    """Assert that every raw part can be read and matches its hash, and return each part with the
    ids of all raw parts.
    """
    rows = db.execute(sa.select(t.raw)).all()
    for row in rows:
        content = (
            host.workspace.raws.blobs.get(row.sha256) if row.packing == "blob" else row.content
        )
        if row.packing == "zstd":
            dictionary = db.scalar(
                sa.select(t.dictionaries.c.content).where(t.dictionaries.c.id == row.dictionary_id)
            )
            options = {"dict_data": zstandard.ZstdCompressionDict(dictionary)} if dictionary else {}
            content = zstandard.ZstdDecompressor(**options).decompress(
                content, max_output_size=row.size
            )
        assert hashlib.sha256(content).hexdigest() == row.sha256
    raw_ids = {row.id for row in rows}
    return [(row, raw_ids) for row in db.execute(sa.select(t.parts))]

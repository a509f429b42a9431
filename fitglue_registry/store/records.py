"""Records, their parts and their raw bytes in the store: what was listed, what is wanted, what was
received.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.moments import clock_text
from fitglue_registry.plugin_api import Account, Body, Record, Window
from fitglue_registry.store.database import json_text
from fitglue_registry.store.packing import (
    FEWEST_SAMPLES,
    Packed,
    learn_dictionary,
    pack,
    pack_blob,
    unpack,
)
from fitglue_registry.store.prepared import Prepared, chunks, insert_one, insert_row, update_one
from fitglue_registry.store.tables import THERE, dictionaries, parts, quarantine, raw, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.blobs import BlobStore

#: Parts whose bytes are kept as files; of them, and of streams, only the newest is kept.
BLOB_PARTS = frozenset({"file"})
NEWEST_ONLY = frozenset({"streams", "file"})
_ORDER = ("summary", "detail", "streams", "file")
_TICK = timedelta(milliseconds=1)  # moments are kept to the millisecond


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a record before a listing is looked at."""

    id: int
    external_id: str
    state: str
    revision: str
    start_local: str | None


def known_records(db: Db, connection_id: str, external_ids: Iterable[str]) -> dict[str, Known]:
    """The records of these external ids that the store has."""
    found = {}
    for some in chunks(external_ids):
        for row in db.execute(
            _known().where(
                records.c.connection_id == connection_id, records.c.external_id.in_(some)
            )
        ):
            found[row.external_id] = Known(*row)
    return found


def _known() -> sa.Select[Any]:
    return sa.select(
        records.c.id,
        records.c.external_id,
        records.c.state,
        records.c.revision,
        records.c.start_local,
    )


def records_in(db: Db, connection_id: str, window: Window) -> list[Known]:
    """The records that a listing of this window has to show: started inside it, neither gone nor
    already missed.
    """
    query = _known().where(
        records.c.connection_id == connection_id, records.c.state.in_(("listed", "stub"))
    )
    query = query.where(*_inside(window))
    return [Known(*row) for row in db.execute(query)]


def _inside(window: Window) -> Iterator[sa.ColumnElement[bool]]:
    if window.oldest:
        yield records.c.start_local >= window.oldest.isoformat()
    if window.newest:
        # Every time of that day, whatever follows the T.
        yield records.c.start_local < window.newest.isoformat() + "U"


def records_in_state(db: Db, connection_id: str, state: str) -> list[Known]:
    """The records of one state, newest start first."""
    # Sorted here: told to sort, SQLite walks through the whole history by its start instead of
    # looking up the few by their state.
    found = [
        Known(*row)
        for row in db.execute(
            _known().where(records.c.connection_id == connection_id, records.c.state == state)
        )
    ]
    return sorted(
        sorted(found, key=lambda one: one.id), key=lambda one: one.start_local or "", reverse=True
    )


def insert_record(db: Db, connection_id: str, external_id: str, **values: Any) -> int:
    """Store a record that is seen for the first time."""
    return insert_one(db, records, connection_id=connection_id, external_id=external_id, **values)


def update_record(db: Db, record_id: int, **values: Any) -> None:
    """Set columns of a record."""
    update_one(db, records, record_id, **values)


# -- parts -----------------------------------------------------------------------------------------


#: So many tries has a part that the source said once there is none of, while it is asked for a
#: second time: until it answers, that holds.
_SECOND_LOOK = -1


def want_parts(db: Db, record_id: int, names: Iterable[str], *, fresh: bool = False) -> None:
    """Mark parts as wanted, whatever they were; a ``fresh`` record has none yet, here and below."""
    for name in names:
        if fresh or not update_one(
            db, parts, record_id, name, state="wanted", tries=0, code=None, reason=None
        ):
            insert_row(db, parts, record_id=record_id, part=name, state="wanted")


def want_where_unknown(db: Db, connection_id: str, part: str, window: Window) -> int:
    """Mark a part as wanted at every listed record that has never been asked for it; their number
    comes back.
    """
    has = sa.exists().where(parts.c.record_id == records.c.id, parts.c.part == part)
    lacking = sa.select(records.c.id, sa.literal(part), sa.literal("wanted"), sa.literal(0)).where(
        records.c.connection_id == connection_id, records.c.state.in_(THERE), ~has, *_inside(window)
    )
    if db.execute(lacking.limit(1)).first() is None:
        return 0
    wanting = (
        sa.insert(parts)
        .from_select(["record_id", "part", "state", "tries"], lacking)
        .execution_options(preserve_rowcount=True)
    )
    return db.execute(wanting).rowcount


def lacks_part(db: Db, connection_id: str, part: str, window: Window) -> bool:
    """Whether some listed record has never been asked for a part."""
    has = sa.exists().where(parts.c.record_id == records.c.id, parts.c.part == part)
    query = sa.select(records.c.id).where(
        records.c.connection_id == connection_id, records.c.state.in_(THERE), ~has, *_inside(window)
    )
    return db.execute(query.limit(1)).first() is not None


def wanted_parts(db: Db, connection_id: str, part: str, limit: int) -> list[tuple[int, str]]:
    """(record, external id) of those that want a part, newest start first, ``limit`` at most."""
    query = _wanting(connection_id, part, records.c.id, records.c.external_id)
    newest = query.order_by(records.c.start_local.desc().nulls_last(), records.c.id.desc()).limit(
        limit
    )
    return [(row.id, row.external_id) for row in db.execute(newest)]


def some_that_have(db: Db, connection_id: str, part: str, limit: int) -> list[str]:
    """The external ids of a few records that have a part and are still there, newest start
    first.
    """
    have = sa.select(parts.c.record_id).where(parts.c.part == part, parts.c.state == "have")
    query = sa.select(records.c.external_id).where(
        records.c.connection_id == connection_id, records.c.state.in_(THERE), records.c.id.in_(have)
    )
    return list(
        db.scalars(
            query.order_by(records.c.start_local.desc().nulls_last(), records.c.id.desc()).limit(
                limit
            )
        )
    )


def count_wanted(db: Db, connection_id: str, part: str) -> int:
    """How many records want a part."""
    return db.scalar(_wanting(connection_id, part, sa.func.count())) or 0


def _wanting(connection_id: str, part: str, *columns: Any) -> sa.Select[Any]:
    # Told to join, SQLite looks up the part of every record of the history; those that are wanted
    # are few.
    wanted = sa.select(parts.c.record_id).where(parts.c.part == part, parts.c.state == "wanted")
    return (
        sa.select(*columns)
        .select_from(records)
        .where(
            records.c.id.in_(wanted),
            records.c.connection_id == connection_id,
            records.c.state.in_(THERE),
        )
    )


def set_part(
    db: Db,
    record_id: int,
    part: str,
    *,
    state: str,
    raw_id: int | None = None,
    code: str | None = None,
    reason: str | None = None,
    tried: bool = False,
    fresh: bool = False,
) -> None:
    """Say how it stands with a part; a raw id that is not named stays."""
    values: dict[str, Any] = {"state": state, "code": code, "reason": reason}
    if raw_id is not None:
        values["raw_id"] = raw_id
    if tried:
        values["tries"] = abs(part_tries(db, record_id, part)) + 1
    if fresh or not update_one(db, parts, record_id, part, **values):
        insert_row(db, parts, record_id=record_id, part=part, **values)


def part_tries(db: Db, record_id: int, part: str) -> int:
    """How often a part was asked for in vain."""
    return _TRIES.scalar(db, record_id=record_id, part=part) or 0


def as_before_the_walk(db: Db, record_id: int, part: str) -> bool:
    """Let a part that a walk had asked for a second time be what it was, for the next walk to ask
    again; False where it is another.
    """
    if part_tries(db, record_id, part) != _SECOND_LOOK:
        return False
    return update_one(db, parts, record_id, part, state="none", tries=1)


def part_names(db: Db, record_id: int) -> list[str]:
    """The parts that a record was ever asked for."""
    return _PART_NAMES.scalars(db, record_id=record_id)


def after_walk(db: Db, connection_id: str) -> None:
    """What the end of a walk through the whole history does: parts that were given up get another
    chance, a part of which the source said once that there is none is asked for a second time, and
    records that no window showed are to be confirmed by id once more.
    """
    mine = sa.select(records.c.id).where(records.c.connection_id == connection_id)
    db.execute(
        sa.update(parts)
        .where(parts.c.record_id.in_(mine), parts.c.state == "failed")
        .values(state="wanted", tries=0)
    )
    there = mine.where(records.c.state.in_(THERE))
    once = (parts.c.record_id.in_(there), parts.c.state == "none", parts.c.tries == 1)
    db.execute(sa.update(parts).where(*once).values(state="wanted", tries=_SECOND_LOOK))
    db.execute(
        sa.update(records)
        .where(records.c.connection_id == connection_id, records.c.state == "unlisted")
        .values(state="missing")
    )


# -- raw bytes -------------------------------------------------------------------------------------


_NEWEST_RAW = Prepared(
    sa.select(raw.c.id, raw.c.sha256)
    .where(raw.c.record_id == sa.bindparam("record_id"), raw.c.part == sa.bindparam("part"))
    .order_by(raw.c.id.desc())
    .limit(1)
)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_LATEST = (
    sa.select(sa.func.max(raw.c.id))
    .where(raw.c.record_id.in_(_IDS))
    .group_by(raw.c.record_id, raw.c.part)
)
_NEWEST = sa.select(raw).where(raw.c.id.in_(_LATEST))
_NEWEST_OF_PART = sa.select(raw).where(
    raw.c.id.in_(_LATEST.where(raw.c.part == sa.bindparam("part")))
)
#: Of what will not come, as far as is known; a part that failed for now says nothing about the
#: workout.
_REASONS = sa.select(parts.c.record_id, parts.c.part, parts.c.reason).where(
    parts.c.record_id.in_(_IDS),
    sa.or_(parts.c.state == "none", parts.c.tries == _SECOND_LOOK),
    parts.c.reason.is_not(None),
)
_RELEASE = Prepared(
    sa.delete(quarantine).where(quarantine.c.record_id == sa.bindparam("record_id"))
)
_TRIES = Prepared(
    sa.select(parts.c.tries).where(
        parts.c.record_id == sa.bindparam("record_id"), parts.c.part == sa.bindparam("part")
    )
)
_PART_NAMES = Prepared(
    sa.select(parts.c.part).where(parts.c.record_id == sa.bindparam("record_id"))
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


def load_records(
    db: Db, raws: RawStore, entry_id: str, account: Account | None, keys: Sequence[tuple[int, str]]
) -> dict[int, Record]:
    """The records of these (id, external id) with all their newest parts, ready to be
    normalized.
    """
    bodies = raws.newest(db, [record_id for record_id, _ in keys])
    reasons: dict[int, dict[str, str]] = {}
    for some in chunks(record_id for record_id, _ in keys):
        for row in db.execute(_REASONS, {"ids": some}):
            reasons.setdefault(row.record_id, {})[row.part] = row.reason
    return {
        record_id: make_record(
            external_id, entry_id, account, bodies.get(record_id, {}), reasons.get(record_id, {})
        )
        for record_id, external_id in keys
    }


def make_record(
    external_id: str,
    entry_id: str,
    account: Account | None,
    bodies: Mapping[str, tuple[Body, str]],
    reasons: Mapping[str, str],
) -> Record:
    """The value that ``fitglue_normalize`` gets."""
    ordered = sorted(bodies, key=_place_of)
    received = {part: datetime.fromisoformat(bodies[part][1]) for part in ordered}
    return Record(
        external_id,
        entry_id,
        {part: bodies[part][0] for part in ordered},
        account,
        received,
        dict(reasons),
    )


def with_part(record: Record, part: str, body: Body, received: datetime) -> Record:
    """The record with one more part, or another state of it; the order of parts does not tell in
    which order they came.

    What comes later is written down as received later, also by a clock that stood still or was set
    back: the later part wins.
    """
    received = received.replace(microsecond=received.microsecond // 1000 * 1000)
    received = max(
        [received, *(moment + _TICK for name, moment in record.received.items() if name != part)]
    )
    parts_now = {**record.parts, part: body}
    return replace(
        record,
        parts={name: parts_now[name] for name in sorted(parts_now, key=_place_of)},
        received={**record.received, part: received},
        unavailable={name: reason for name, reason in record.unavailable.items() if name != part},
    )


def received_at(record: Record, part: str) -> str:
    """When a part of a record came, as the store writes moments."""
    return clock_text(record.received[part])


def _place_of(part: str) -> tuple[int, str]:
    return (_ORDER.index(part) if part in _ORDER else len(_ORDER), part)


# -- quarantine ------------------------------------------------------------------------------------


def put_in_quarantine(
    db: Db,
    record_id: int,
    *,
    stage: str,
    error: Mapping[str, Any],
    plugin: str,
    plugin_version: str | None,
    now: str,
) -> bool:
    """Keep a record aside with the reason why it could not be understood; whether that is news
    comes back.
    """
    values = {
        "stage": stage,
        "error": json_text(error),
        "code": error["code"],
        "plugin": plugin,
        "plugin_version": plugin_version,
    }
    before = db.scalar(sa.select(quarantine.c.error).where(quarantine.c.record_id == record_id))
    if before is None:
        db.execute(sa.insert(quarantine).values(record_id=record_id, since=now, tries=1, **values))
    else:
        db.execute(
            sa.update(quarantine)
            .where(quarantine.c.record_id == record_id)
            .values(tries=quarantine.c.tries + 1, **values)
        )
    return bool(before != values["error"])


def release(db: Db, record_id: int) -> bool:
    """Take a record out of quarantine; whether it was there comes back."""
    return bool(_RELEASE.run(db, record_id=record_id))


def quarantined(db: Db, connection_id: str, *, not_version: str | None = None) -> list[Known]:
    """The records of a connection in quarantine; with ``not_version`` only those that another
    version of the plugin refused.
    """
    aside = sa.select(quarantine.c.record_id)
    if not_version is not None:
        aside = aside.where(
            sa.or_(
                quarantine.c.plugin_version.is_(None), quarantine.c.plugin_version != not_version
            )
        )
    query = _known().where(records.c.id.in_(aside), records.c.connection_id == connection_id)
    return [Known(*row) for row in db.execute(query)]

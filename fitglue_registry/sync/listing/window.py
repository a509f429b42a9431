"""Stores one listed window whole: new and changed records with their summaries, the parts they
want, and what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import utc_text
from fitglue_registry.plugin_api import Body, Listing, Record, Window
from fitglue_registry.store.activity_details import activities_of
from fitglue_registry.store.connections import ensure_connection, get_connection, update_connection
from fitglue_registry.store.parts import after_walk, part_names, set_part, want_parts
from fitglue_registry.store.quarantine import release
from fitglue_registry.store.record_values import load_records, received_text, with_part
from fitglue_registry.store.records import insert_record, known_records, records_in, update_record
from fitglue_registry.store.source_activities import put_source_activities
from fitglue_registry.store.source_activity_search import ids_of_records, with_fellow_members
from fitglue_registry.store.windows import window_done
from fitglue_registry.sync import events
from fitglue_registry.sync.deriving.workers import batches_of, derive_batches
from fitglue_registry.sync.fetching.storing import quarantine, reason_of
from fitglue_registry.sync.listing.revisions import Revisions, drifted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.store.windows import PlannedWindow
    from fitglue_registry.sync.context import Context


@dataclass(frozen=True, slots=True)
class ListedWindow:
    """The rows of one window; ``complete`` says that they are the whole history in one."""

    window: Window
    rows: Sequence[Listing]
    complete: bool


@dataclass(slots=True)
class _Row:
    """One listed row that is new or changed, and what is to be done about it."""

    listing: Listing
    revision: str
    known: RecordRow | None
    decision: str
    reason: str | None = None
    touched: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)
    prepared: Sequence[EncodedActivity] = ()
    refused: FitglueError | None = None
    received_at: str | None = None


def store_window(
    context: Context,
    log: RunLog,
    listed: ListedWindow,
    planned: PlannedWindow | None,
    walk_done: str | None,
    left: int,
    *,
    dry_run: bool,
) -> Iterator[events.Event]:
    """Commit one window: everything that it shows, the vanished marked, the plan moved on.

    An unchanged window writes nothing.
    """
    rows, missing = _look(context, listed)
    for listing in listed.rows:
        if listing.unavailable is not None and listing.unavailable.state == "later":
            yield events.Decided(
                context.connected.name,
                listing.external_id,
                "not-fetched",
                listing.unavailable.reason,
            )
    _derive(context, rows)
    joins: dict[str, str] = {}
    if dry_run:
        joins = _rehearse(context, log, rows)
    elif rows or missing or planned or walk_done:
        _commit(context, log, rows, missing, planned, walk_done)
    for row in rows:
        yield events.Decided(
            context.connected.name, row.listing.external_id, row.decision, row.reason
        )
        if row.listing.external_id in joins:
            yield events.Decided(
                context.connected.name,
                row.listing.external_id,
                "would-join",
                joins[row.listing.external_id],
            )
        if row.refused and not dry_run:
            yield events.Decided(
                context.connected.name, row.listing.external_id, "quarantined", str(row.refused)
            )
    for known in missing:
        yield events.Decided(
            context.connected.name, known.external_id, "missing", "not listed any more"
        )
    decisions = [row.decision for row in rows]
    yield events.WindowListed(
        context.connected.name,
        listed.window,
        len(listed.rows),
        decisions.count("new"),
        decisions.count("changed"),
        decisions.count("stub"),
        len(missing),
        left,
    )


def _look(context: Context, listed: ListedWindow) -> tuple[list[_Row], list[RecordRow]]:
    """What of the listing is new or changed, and what the store has in this window that the listing
    does not show.
    """
    revisions = Revisions(context.entry)
    with context.database.read() as db:
        known = known_records(db, context.connected.id, [row.external_id for row in listed.rows])
        rows = []
        for listing in listed.rows:
            revision = listing.revision or revisions.revision(listing.summary)
            before = known.get(listing.external_id)
            decision = _decide(listing, revision, before)
            if decision:
                rows.append(
                    _Row(
                        listing,
                        revision,
                        before,
                        decision,
                        listing.unavailable.reason if listing.unavailable else None,
                    )
                )
        missing = []
        if context.entry.sync.deletions:
            missing = [
                one
                for one in records_in(db, context.connected.id, listed.window)
                if one.external_id not in known
            ]
        _compare(context, db, revisions, rows)
    return rows, missing


def _decide(listing: Listing, revision: str, before: RecordRow | None) -> str | None:
    stub = listing.unavailable is not None
    if listing.unavailable is not None and listing.unavailable.state == "later":
        return None  # nothing is known of it yet; the next sync looks again
    if before is None:
        return "stub" if stub else "new"
    if before.state == "gone":
        return "back"
    if before.state == "stub" and not stub:
        return "native"
    if before.state in ("listed", "unlisted") and stub:
        return "stub"
    if before.revision != revision:
        return "changed"
    return "back" if before.state in ("missing", "unlisted") else None


def _compare(context: Context, db: Db, revisions: Revisions, rows: Sequence[_Row]) -> None:
    """Which paths changed, and so which parts are touched; a key that is new on most rows at once
    touches none.
    """
    changed = [row for row in rows if row.decision == "changed" and row.known]
    bodies = context.raws.newest(db, [row.known.id for row in changed if row.known], only="summary")
    for row in changed:
        assert row.known is not None
        before = bodies.get(row.known.id, {}).get("summary")
        if before is not None:
            row.paths, row.added = revisions.changed_paths(before[0].read(), row.listing.summary)
    schema_drift = drifted([row.added for row in changed])
    for row in changed:
        row.touched = revisions.touched_parts(row.paths - schema_drift)
        shown = ", ".join(sorted(row.paths)[:8])
        row.reason = f"{shown} changed at the source" if shown else None


def _derive(context: Context, rows: Sequence[_Row]) -> None:
    """Normalize every new or changed row, with the parts that are there already: of those, a few
    are in memory at a time.
    """
    now = context.clock.now()
    fresh, known = [row for row in rows if not row.known], [row for row in rows if row.known]

    def listed(some: Sequence[_Row]) -> Iterator[Record]:
        loaded = _load(context, some)
        for row in some:
            bare = Record(row.listing.external_id, context.entry.id, {}, context.connected.account)
            record = with_part(
                loaded[row.known.id] if row.known else bare,
                "summary",
                Body(row.listing.summary),
                now,
            )
            row.received_at = received_text(record, "summary")
            yield record

    for row, derived in zip(
        fresh, context.deriver.derive_all(context.entry, listed(fresh)), strict=True
    ):
        row.prepared, row.refused = derived.prepared, derived.refused
    batches = ((some, list(listed(some))) for some in batches_of(context.entry, known))
    for some, every in derive_batches(context, batches, len(known)):
        for row, derived in zip(some, every, strict=True):
            row.prepared, row.refused = derived.prepared, derived.refused


def _load(context: Context, rows: Sequence[_Row]) -> dict[int, Record]:
    keys = [(row.known.id, row.listing.external_id) for row in rows if row.known]
    if not keys:
        return {}
    with context.database.read() as db:
        return load_records(db, context.raws, context.entry.id, context.connected.account, keys)


def _commit(
    context: Context,
    log: RunLog,
    rows: Sequence[_Row],
    missing: Sequence[RecordRow],
    planned: PlannedWindow | None,
    walk_done: str | None,
) -> None:
    with context.writing(log) as db:
        if rows:
            context.raws.learn(
                db, context.entry.id, "summary", [row.listing.summary for row in rows]
            )
        for known in missing:
            update_record(db, known.id, state="missing")
            log.decide(
                db, context.now, "missing", known.id, "not listed any more; to be confirmed by id"
            )
        _write_rows(context, log, db, rows)
        if planned:
            window_done(db, planned)
        if walk_done:
            after_walk(db, context.connected.id)
            update_connection(db, context.connected.id, full_walk_at=walk_done)


def _rehearse(context: Context, log: RunLog, rows: Sequence[_Row]) -> dict[str, str]:
    """External id → what it would join; everything is written as if it were meant, looked at, and
    taken back.
    """
    before = log.id, dict(log.counts)
    if not rows:
        return {}
    try:
        with context.database.write() as db:
            ensure_connection(db, context.connected, context.now)
            joined = _joined(context, db, _write_rows(context, log, db, rows))
            db.rollback()
    finally:
        log.rolled_back(*before)
        context.raws.forget()
    return joined


def _joined(context: Context, db: Db, ids: Collection[int]) -> dict[str, str]:
    """External id → the other records of its activity, for those of these source activities that
    join one, each pair once.
    """
    fellows = activities_of(db, with_fellow_members(db, ids))
    stored = get_connection(db, context.connected.id)
    mine = f"{stored.name if stored else context.connected.name}/"
    new = {fellows[number]["name"] for number in ids if number in fellows}
    named: dict[str, set[str]] = {}
    for one in fellows.values():
        named.setdefault(one["activity_id"], set()).add(one["name"])
    joined: dict[str, str] = {}
    for names in named.values():
        comers = sorted(names & new)
        # Where all are new, the first has nobody to join.
        for name in comers if names - new else comers[1:]:
            joined[name.removeprefix(mine)] = "one workout with " + ", ".join(
                sorted(names - {name})
            )
    return joined


def _write_rows(context: Context, log: RunLog, db: Db, rows: Sequence[_Row]) -> set[int]:
    """Store what these rows say, and place what they are; their source activities come back."""
    rematch: set[int] = set()
    affected: set[str] = set()
    for row in rows:
        _write_row(context, log, db, row, rematch, affected)
    if rematch or affected:
        context.matcher.place(db, context.connected.athlete_id, rematch, context.now, affected)
    return rematch


def _write_row(
    context: Context, log: RunLog, db: Db, row: _Row, rematch: set[int], affected: set[str]
) -> None:
    record_id = _write_record(context, db, row)
    now, fresh = context.now, row.known is None
    raw_id = context.raws.put(
        db,
        record_id,
        context.entry.id,
        "summary",
        Body(row.listing.summary),
        now=row.received_at or now,
        revision=row.revision,
        fresh=fresh,
    )
    set_part(db, record_id, "summary", state="have", raw_id=raw_id, fresh=fresh)
    want_parts(db, record_id, sorted(_wanted(context, db, record_id, row)), fresh=fresh)
    log.decide(db, now, row.decision, record_id, row.reason)
    if row.decision == "back":
        rematch.update(ids_of_records(db, [record_id]))
    if row.refused:
        quarantine(context, log, db, record_id, row.refused)
        return
    if not fresh and release(db, record_id):
        log.decide(db, now, "released", record_id)
    stored = put_source_activities(
        db,
        record_id,
        context.connected.athlete_id,
        row.prepared,
        plugin=context.entry.plugin.name,
        plugin_version=context.plugin_version,
        now=now,
    )
    rematch.update(stored.ids)
    affected.update(stored.affected)


def _wanted(context: Context, db: Db, record_id: int, row: _Row) -> set[str]:
    """The parts to fetch: of a change those it touches, of a new record all; a part that costs an
    option only if it was fetched before.
    """
    if row.listing.unavailable is not None:
        return set()
    fetched = [part for part in context.entry.parts if part.comes_from == "fetch"]
    known = part_names(db, record_id) if row.known is not None else ()
    offered = {part.name for part in fetched if part.default}.union(known)
    if row.known is not None and row.known.state in ("listed", "unlisted", "missing"):
        return offered & set(row.touched)
    return offered & {part.name for part in fetched}


def _write_record(context: Context, db: Db, row: _Row) -> int:
    listing, now = row.listing, context.now
    reason = reason_of(listing.unavailable) if listing.unavailable is not None else None
    values = {
        "state": "stub" if listing.unavailable is not None else "listed",
        "revision": row.revision,
        "reason": reason,
        "changed_at": now,
        "start_local": _start(row),
        "at_source": utc_text(listing.at_source) if listing.at_source else None,
        "gone_at": None,
    }
    if row.known is None:
        return insert_record(
            db, context.connected.id, listing.external_id, first_seen_at=now, **values
        )
    update_record(db, row.known.id, **values)
    return row.known.id


def _start(row: _Row) -> str | None:
    if row.listing.start_local is not None:
        return row.listing.start_local.isoformat()
    return row.prepared[0].figures["start_local"] if row.prepared else None

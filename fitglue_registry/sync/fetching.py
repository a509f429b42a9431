"""Takes wanted parts from the queue, newest first: a record's part, what follows from it, and the part's state in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, FitglueError, PluginFailed, Retryable
from fitglue_registry.hookspecs import Body, Part, Unavailable
from fitglue_registry.store import records
from fitglue_registry.store.activities import Prepared, put_source_activities
from fitglue_registry.store.records import Known, chunks, load_records, with_part
from fitglue_registry.sync import events
from fitglue_registry.sync.derive import goes_to_quarantine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.hookspecs import Record
    from fitglue_registry.registry.entry import Part as PartEntry
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.context import Context

#: So many jobs may fail one after the other before the source itself is held to be down.
_FAILED_IN_A_ROW = 3
_MOST_TRIES = 5
_AT_ONCE = frozenset({"FG-no-network", "FG-rate-limited", "FG-plugin-blocked", "FG-budget-exhausted"})


def fetch_part(context: Context, log: RunLog, part: PartEntry) -> Iterator[events.Event]:
    """Fetch one part of every record that wants it."""
    with context.database.read() as db:
        lacks = records.lacks_part(db, context.connected.id, part.name)
    if lacks:
        with context.database.write() as db:
            records.want_where_unknown(db, context.connected.id, part.name)
    with context.database.read() as db:
        wanted = records.wanted_parts(db, context.connected.id, part.name)
    if wanted:
        yield events.PartsPlanned(context.connected.name, part.name, len(wanted))
        yield from _Queue(context, log, part.name, wanted).work(part.bulk)


class _Queue:
    """The wanted parts of one name, being worked off."""

    def __init__(self, context: Context, log: RunLog, part: str, wanted: Sequence[tuple[int, str]]) -> None:
        self._context, self._log, self._part = context, log, part
        self._record_of = {external_id: record_id for record_id, external_id in wanted}
        self._total, self._done = len(wanted), 0
        self._failed_in_a_row = 0

    def work(self, bulk: int) -> Iterator[events.Event]:
        """Ask for ``bulk`` ids at a time; what one job could not get does not stop the next."""
        ids = list(self._record_of)
        jobs = [ids[start : start + bulk] for start in range(0, len(ids), bulk)]
        open_ids = [set(job) for job in jobs]
        context = self._context
        items = context.plugins.iterate(
            context.entry, "fitglue_fetch", (Part, Unavailable),
            [{"connection": context.view, "part": self._part, "ids": job} for job in jobs], lanes=context.lanes,
            sign_of_life=context.view.sign_of_life)
        for job, item in items:
            if isinstance(item, FitglueError):
                yield from self._job_failed(open_ids[job], item)
                continue
            if item.external_id not in open_ids[job] or item.part != self._part:
                raise context.plugins.refuse(
                    context.entry, "fitglue_fetch", f"for {item.external_id!r}, which was not asked or was answered already")
            open_ids[job].discard(item.external_id)
            self._failed_in_a_row = 0
            yield from self._answered(item)
        yield from self._left_out(external_id for job in open_ids for external_id in job)

    def _answered(self, item: Part | Unavailable) -> Iterator[events.Event]:
        record_id = self._record_of[item.external_id]
        if isinstance(item, Part):
            yield from store_part(self._context, self._log, record_id, item)
        else:
            yield from store_unavailable(self._context, self._log, record_id, item)
        yield self._progress(item.external_id)

    def _progress(self, external_id: str) -> events.PartStored:
        self._done += 1
        return events.PartStored(self._context.connected.name, self._part, external_id, self._done, self._total)

    def _job_failed(self, open_ids: set[str], error: FitglueError) -> Iterator[events.Event]:
        """Whose failure is it: the whole connection's, or only of the ids that this job asked for?"""
        self._failed_in_a_row += 1
        one_job = isinstance(error, Retryable | ConnectionStopped | PluginFailed) and not isinstance(error, AthleteNeeded)
        if not one_job or error.code in _AT_ONCE or self._failed_in_a_row >= _FAILED_IN_A_ROW:
            raise error
        yield from self._give_up_for_now(open_ids, error.code, str(error))

    def _left_out(self, ids: Iterator[str]) -> Iterator[events.Event]:
        for external_id in list(ids):
            yield from self._give_up_for_now({external_id}, "FG-plugin-answer", "the plugin said nothing about this id")

    def _give_up_for_now(self, ids: set[str], code: str, reason: str) -> Iterator[events.Event]:
        context = self._context
        for external_id in sorted(ids):
            record_id = self._record_of[external_id]
            with context.database.write() as db:
                tries = records.part_tries(db, record_id, self._part) + 1
                state = "failed" if tries >= _MOST_TRIES else "wanted"
                records.set_part(db, record_id, self._part, state=state, code=code, reason=reason, tried=True)
                self._log.decide(db, context.now, "not-fetched", record_id, f"{self._part}: {reason}")
            yield events.Decided(context.connected.name, external_id, "not-fetched", f"{self._part}: {reason}")
            yield self._progress(external_id)
        ids.clear()


def store_part(context: Context, log: RunLog, record_id: int, part: Part, *, confirmed: bool = False) -> Iterator[events.Event]:
    """Store one part and everything that follows from it."""
    body = Body(part.content, part.encoding)
    record = _record_with(context, record_id, part, body)
    prepared, refused = _derive(context, record)
    run_id = log.id
    try:
        with context.database.write() as db:
            raw_id = context.raws.put(db, record_id, context.entry.id, part.part, body, now=context.now)
            records.set_part(db, record_id, part.part, state="have", raw_id=raw_id)
            if confirmed:
                log.decide(db, context.now, "confirmed", record_id, "not in the list, and still at the source")
                start = {"start_local": prepared[0].figures["start_local"]} if prepared else {}
                records.update_record(db, record_id, state="listed", **start)
            _store_derived(context, log, db, record_id, prepared, refused)
    except BaseException:
        log.rolled_back(run_id)
        raise
    if refused:
        yield events.Decided(context.connected.name, part.external_id, "quarantined", str(refused))


def _record_with(context: Context, record_id: int, part: Part, body: Body) -> Record:
    with context.database.read() as db:
        loaded = load_records(db, context.raws, context.entry.id, context.connected.account, [(record_id, part.external_id)])[record_id]
    return with_part(loaded, part.part, body, context.clock.now())


def _derive(context: Context, record: Record) -> tuple[list[Prepared] | None, FitglueError | None]:
    try:
        return context.deriver.derive(context.entry, record), None
    except FitglueError as error:
        if not goes_to_quarantine(error):
            raise
        return None, error


def _store_derived(context: Context, log: RunLog, db: Db, record_id: int, prepared: list[Prepared] | None,
                   refused: FitglueError | None) -> None:
    now, plugin = context.now, context.entry.plugin.name
    if refused is not None:
        quarantine(context, log, db, record_id, refused)
        return
    if records.release(db, record_id):
        log.decide(db, now, "released", record_id)
    stored = put_source_activities(db, record_id, context.connected.athlete_id, prepared or [], plugin=plugin,
                                   plugin_version=context.plugin_version, now=now)
    if stored.rematch:
        context.matcher.place(db, context.connected.athlete_id, stored.ids, now, stored.affected)
    else:
        context.matcher.remerge(db, context.connected.athlete_id, stored.ids, now)


def quarantine(context: Context, log: RunLog, db: Db, record_id: int, refused: FitglueError) -> None:
    """Keep a record aside with the reason, until it or its plugin changes."""
    news = records.put_in_quarantine(db, record_id, stage="normalize", error=refused.as_dict(), plugin=context.entry.plugin.name,
                                     plugin_version=context.plugin_version, now=context.now)
    if news:
        log.decide(db, context.now, "quarantined", record_id, str(refused))


def store_unavailable(context: Context, log: RunLog, record_id: int, said: Unavailable) -> Iterator[events.Event]:
    """Write down that a part will not come, or not now, and why."""
    with context.database.write() as db:
        if said.state == "stub":
            records.update_record(db, record_id, state="stub", reason=reason_of(said))
        elif said.state == "gone":
            records.update_record(db, record_id, state="missing")
        state = {"later": "wanted", "none": "none"}.get(said.state, "none")
        records.set_part(db, record_id, said.part, state=state, code=said.code, reason=said.reason, tried=True)
        log.decide(db, context.now, f"no-{said.part}" if said.state == "none" else said.state, record_id, said.reason)
    yield events.Decided(context.connected.name, said.external_id, f"no {said.part}", said.reason)


def reason_of(said: Unavailable) -> str:
    """The reason of a stub or a tombstone, as a record keeps it."""
    return msgspec.json.encode({"code": said.code, "reason": said.reason, "fix": said.fix}).decode()


def retry_quarantine(context: Context, log: RunLog, *, everything: bool = False) -> Iterator[events.Event]:
    """Try again what another version of the plugin refused (or ``everything``): the raw parts are all there."""
    version = None if everything else context.plugin_version
    if version is None and not everything:
        return
    with context.database.read() as db:
        waiting = records.quarantined(db, context.connected.id, not_version=version)
    yield from derive_again(context, log, waiting, "released")


def derive_again(context: Context, log: RunLog, known: Sequence[Known], decision: str) -> Iterator[events.Event]:
    """Normalize records from their raw parts once more; each is one transaction."""
    for some in chunks(known):
        with context.database.read() as db:
            keys = [(one.id, one.external_id) for one in some]
            loaded = load_records(db, context.raws, context.entry.id, context.connected.account, keys)
        for one in some:
            prepared, refused = _derive(context, loaded[one.id])
            with context.database.write() as db:
                _store_derived(context, log, db, one.id, prepared, refused)
                if refused is None and decision != "released":
                    log.decide(db, context.now, decision, one.id)
            said = ("quarantined", str(refused)) if refused else (decision, None)
            yield events.Decided(context.connected.name, one.external_id, *said)

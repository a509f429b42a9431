"""Marks the record of a half-written file as superseded once the complete file is at its place."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import StoreFailed
from fitglue_registry.model.stored import PartName, RecordState, RunDecision, Verdict
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.opinions import PairOpinion, put_opinions
from fitglue_registry.store.quarantine import release
from fitglue_registry.store.records import known_records, update_record
from fitglue_registry.store.source_activity_search import ids_of_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.plugin_api import Location
    from fitglue_registry.store.locations import KnownLocation
    from fitglue_registry.sync.reading.in_worker import ReadRecord
    from fitglue_registry.sync.reading.read_places import PlaceRead
    from fitglue_registry.sync.run import Transaction

#: Why a record no longer counts.
SUPERSEDED = "the file was incomplete when it was read; its complete content has replaced it"
#: FIT protocol: the header has at most 14 bytes, with the size of the data and a checksum, which
#: are written at the end of a recording; bytes 8 to 11 are ".FIT".
_FIT_HEADER = 14
_FIT = slice(8, 12)
#: An end tag of an XML file. A program that saves a track again and again writes the end tags after
#: the last point, and overwrites them with the next one.
_END_TAG = re.compile(rb"</[\w:]{1,40}+>")
#: How many bytes the end tags take at most.
_MOST_END = 400


def continues(old: bytes, new: bytes) -> bool:
    """Return whether a content is the continuation of another one, which was its beginning."""
    if not old or len(old) >= len(new):
        return False
    if new.startswith(old):
        return True
    if old[_FIT] == new[_FIT] == b".FIT":
        return new[_FIT_HEADER:].startswith(old[_FIT_HEADER:])
    beginning = _without_end_tags(old)
    return 0 < len(beginning) < len(old) and new.startswith(beginning)


def _without_end_tags(content: bytes) -> bytes:
    start = max(len(content) - _MOST_END, 0)
    end = content[start:].rstrip()
    tag = end.rfind(b"</")
    while tag >= 0 and _END_TAG.fullmatch(end, tag):
        end = end[:tag].rstrip()
        tag = end.rfind(b"</")
    return content[: start + len(end)]


@dataclass(frozen=True, slots=True)
class EarlierContents:
    """What the listed places contained when they were last read.

    Attributes:
        by_key: The key of a place → the external ids of its records.
        times: External id → the number of places that contained the record.
    """

    by_key: Mapping[str, tuple[str, ...]]
    times: Mapping[str, int]

    @classmethod
    def of(
        cls,
        listed: Iterable[Location],
        known: Mapping[str, KnownLocation],
    ) -> EarlierContents:
        """Return what the places contained that are listed now."""
        by_key = {}
        times: Counter[str] = Counter()
        for location in listed:
            before = known.get(location.key)
            if before is not None:
                by_key[location.key] = before.external_ids
                times.update(before.external_ids)
        return cls(by_key, times)

    def replaced_at(self, place: PlaceRead) -> Iterator[str]:
        """Yield the ids of records that only this place contained, and no longer does."""
        now = set(place.external_ids)
        for external_id in self.by_key.get(place.location.key, ()):
            if external_id not in now and self.times[external_id] == 1:
                yield external_id


def supersede(
    transaction: Transaction,
    places: Iterable[PlaceRead],
    by_id: Mapping[str, ReadRecord],
    earlier: EarlierContents,
) -> list[str]:
    """Mark records as superseded whose content is the beginning of what is at their place now.

    Their bytes stay in the store, but their values no longer count.

    Args:
        transaction: The transaction in which the new records were stored.
        places: The places that were read.
        by_id: The records that were read, by their external ids.
        earlier: What the places contained before.

    Returns:
        The external ids of the superseded records.
    """
    candidates: dict[str, tuple[str, ...]] = {}
    for place in places:
        for external_id in earlier.replaced_at(place):
            candidates[external_id] = place.external_ids
    if not candidates:
        return []
    context = transaction.context
    db = transaction.db
    known = known_records(db, context.connection_id, candidates)
    superseded: dict[int, int] = {}
    for external_id, row in known.items():
        if row.state == RecordState.GONE:
            continue
        old = _stored_file(transaction, external_id)
        for new_id in candidates[external_id]:
            if continues(old, _file(transaction, new_id, by_id)):
                [new_row] = known_records(db, context.connection_id, [new_id]).values()
                superseded[row.id] = new_row.id
    _join(transaction, superseded)
    for record_id in superseded:
        update_record(
            db,
            record_id,
            state=RecordState.GONE,
            gone_at=context.now,
            reason=json_text({"code": "FG-superseded", "reason": SUPERSEDED, "fix": None}),
        )
        transaction.decide(RunDecision.SUPERSEDED, record_id, SUPERSEDED)
    _no_longer_count(transaction, list(superseded))
    return [row.external_id for row in known.values() if row.id in superseded]


def _join(transaction: Transaction, superseded: Mapping[int, int]) -> None:
    """Make the workouts of superseded records those of the complete files.

    The workouts of half a file can look like others: their end is another one. Without this, the
    activity would get another number, and what the athlete decided about it would be lost.
    """
    context = transaction.context
    opinions = []
    for old_id, new_id in superseded.items():
        old = ids_of_records(transaction.db, [old_id])
        new = ids_of_records(transaction.db, [new_id])
        for first, second in zip(sorted(old), sorted(new), strict=False):
            author = context.entry.plugin.name
            opinions.append(PairOpinion(first, second, author, Verdict.SAME, SUPERSEDED))
    if opinions:
        put_opinions(transaction.db, opinions, context.now)
        ids = ids_of_records(transaction.db, superseded)
        context.matcher.rematch(transaction.db, context.athlete_id, ids, context.now)


def _no_longer_count(transaction: Transaction, record_ids: Sequence[int]) -> None:
    """Merge the activities of some records without them, and take them out of quarantine."""
    if not record_ids:
        return
    context = transaction.context
    release(transaction.db, record_ids)
    ids = ids_of_records(transaction.db, record_ids)
    context.matcher.rematch(transaction.db, context.athlete_id, ids, context.now)


def _file(
    transaction: Transaction,
    external_id: str,
    by_id: Mapping[str, ReadRecord],
) -> bytes:
    """Return the bytes of a file that was read now, or that another place delivered before."""
    record = by_id.get(external_id)
    if record is not None:
        for part in record.parts:
            if part.part == PartName.FILE:
                return part.content
    return _stored_file(transaction, external_id)


def _stored_file(transaction: Transaction, external_id: str) -> bytes:
    """Return the stored bytes of a record's file, as received; empty if they cannot be read."""
    context = transaction.context
    known = known_records(transaction.db, context.connection_id, [external_id])
    if external_id not in known:
        return b""
    record_id = known[external_id].id
    try:
        parts = context.raws.newest(transaction.db, [record_id], PartName.FILE)
    # A damaged file cannot be compared, and `doctor --deep` reports it.
    except StoreFailed:
        return b""
    if record_id not in parts:
        return b""
    body, _ = parts[record_id][PartName.FILE]
    return body.content

"""An athlete's account at Intervals.icu: made up or captured, and changed as an athlete, a device
or Strava would change it.
"""

from __future__ import annotations

import gzip
import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import count
from threading import RLock
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_intervals.testing.content import Content, Generated, Given, Intervals
from fitglue_intervals.testing.plan import calendar, lone_plan, sport_key
from fitglue_intervals.testing.values import Row, compact, f32, stamp_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_intervals.testing.plan import Plan

_ATHLETE = "i317960"
_NO_LIMIT = 2**31 - 1


@dataclass(slots=True)
class _Record:
    """One row of the list, its contents, and what was changed since."""

    content: Content
    changes: Row = field(default_factory=dict)
    intervals: Intervals | None = None
    streams: list[Row] | None = None
    body: bytes | None = None


class Account:
    """The activities of one athlete; safe to read and to change from any thread.

    Changes happen on the account's own clock ``now``, which each of them moves a minute on: nothing
    depends on today. ``version`` counts the changes.
    """

    def __init__(
        self,
        contents: Mapping[str, Content],
        *,
        athlete_id: str = _ATHLETE,
        now: datetime | None = None,
    ) -> None:
        self.athlete_id = athlete_id
        self.timezone = "Europe/Vienna"
        self.now = now or datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
        self.version = 0
        self._lock = RLock()
        self._records = {id_: _Record(content) for id_, content in contents.items()}
        self._starts = {id_: _start(content) for id_, content in contents.items()}
        self._order: list[str] | None = None
        self._drift = 0
        self._numbers = count(1)

    @classmethod
    def generate(
        cls,
        count: int = 120,
        seed: int = 1,
        until: date = date(2026, 11, 20),
        *,
        athlete_id: str = _ATHLETE,
        strava_stubs: int | None = None,
        distinct_streams: int | None = 12,
        crowd: int = 1,
    ) -> Account:
        """An athlete's life of ``count`` activities up to a day; the same arguments give the same
        bytes on each machine.

        ``strava_stubs`` of them are fed by Strava (None: 3 %). ``distinct_streams`` is how many
        different recordings there are of each sport, None for all different: fewer cost less memory
        and time. ``crowd`` puts as many workouts into a day as so many athletes would do, but for
        the last months: a history of 100,000 does not fit into one life.
        """
        stubs = round(count * 0.03) if strava_stubs is None else strava_stubs
        plans = calendar(count, seed, until, distinct_streams, stubs, crowd)
        now = datetime(until.year, until.month, until.day, 22, 0, tzinfo=UTC)
        return cls(
            {plan.id: Generated(plan, athlete_id) for plan in plans}, athlete_id=athlete_id, now=now
        )

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Row],
        *,
        streams: Mapping[str, list[Row]] | None = None,
        files: Mapping[str, bytes] | None = None,
        athlete_id: str | None = None,
    ) -> Account:
        """An account that answers the given rows as they are; ``streams`` and ``files`` belong to
        ids, and may be missing.

        The athlete is the one whom a row names, unless given.
        """
        contents, owner = {}, athlete_id
        for number, row in enumerate(rows):
            owner = owner or row.get("icu_athlete_id")
            id_ = str(row.get("id", f"row-{number}"))
            contents[id_] = Given(row, (streams or {}).get(id_, []), (files or {}).get(id_))
        return cls(contents, athlete_id=owner or _ATHLETE)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Hold off all changes, so that several reads see one state."""
        with self._lock:
            yield

    # Reading
    # ----------------------------------------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """All ids, the newest start first."""
        with self._lock:
            if self._order is None:
                self._order = sorted(self._records, key=lambda id_: self._starts[id_], reverse=True)
            return list(self._order)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._records

    def __len__(self) -> int:
        return len(self._records)

    def window(self, oldest: str, newest: str, limit: int = _NO_LIMIT) -> list[str]:
        """The newest ``limit`` ids that start within a window of local times, both ends included; a
        row without start always.
        """
        with self._lock:
            starts = self._starts
            return [
                id_ for id_ in self.ids() if not starts[id_] or oldest <= starts[id_] <= newest
            ][:limit]

    def row(self, id_: str) -> Row:
        """The Activity object as it is now; raises ``KeyError`` for an id that is not there."""
        with self._lock:
            record = self._records[id_]
            row = record.content.row() | record.changes
            if self._drift and "icu_atl" in row:
                row |= _drifted(row, self._drift)
            return row

    def row_body(self, id_: str) -> bytes:
        """The Activity object as JSON, kept until it changes."""
        with self._lock:
            record = self._records[id_]
            if record.body is None:
                record.body = compact(self.row(id_))
            return record.body

    def some_fields(self, id_: str, names: Sequence[str]) -> bytes:
        """The fields of an Activity object that are named and not null, as JSON; a stub does not
        care and is given whole.
        """
        if self.is_stub(id_):
            return self.row_body(id_)
        wanted = list(dict.fromkeys(names))
        try:
            values = msgspec.structs.astuple(
                msgspec.json.decode(self.row_body(id_), type=_outline(tuple(wanted)))
            )
        except msgspec.DecodeError:  # a row that was given may hold what JSON does not have
            return compact(
                {
                    name: value
                    for name, value in self.row(id_).items()
                    if name in names and value is not None
                }
            )
        found = zip(wanted, map(bytes, values), strict=True)
        return (
            b"{"
            + b",".join(compact(name) + b":" + value for name, value in found if value != b"null")
            + b"}"
        )

    def present(self, ids: Iterable[str]) -> list[str]:
        """Those of the ids that are there, each once, the newest start first."""
        with self._lock:
            wanted = set(ids)
            return [id_ for id_ in self.ids() if id_ in wanted]

    def list_body(self, ids: Iterable[str]) -> bytes:
        """Several Activity objects as a JSON list."""
        with self._lock:
            return b"[" + b",".join(self.row_body(id_) for id_ in ids) + b"]"

    def is_stub(self, id_: str) -> bool:
        """Whether the API will not deliver it."""
        return self._records[id_].content.stub

    def intervals(self, id_: str) -> Intervals:
        """The detected intervals and their groups."""
        with self._lock:
            record = self._records[id_]
        return record.content.intervals() if record.intervals is None else record.intervals

    def packed_streams(self, id_: str, types: list[str] | None = None) -> bytes:
        """The body of the streams answer, gzip-compressed; all stored streams unless types are
        named.
        """
        with self._lock:
            record = self._records[id_]
            content = record.content if record.streams is None else Given({}, record.streams)
        return content.packed_streams(types or [])

    def warm(self) -> None:
        """Make rows and streams beforehand, so that a benchmark measures the client and not
        this.
        """
        for id_ in self.ids():
            self.row_body(id_)
            if not self.is_stub(id_):
                self.packed_streams(id_)

    def streams(self, id_: str) -> list[Row]:
        """The stored streams."""
        answer: list[Row] = json.loads(gzip.decompress(self.packed_streams(id_)))
        return answer

    def file(self, id_: str) -> bytes | None:
        """The original upload, if there is one."""
        with self._lock:
            content = self._records[id_].content
        return content.file()

    def plan(self, id_: str) -> Plan:
        """What a workout was made from, also one whose row is a stub; raises ``KeyError`` where it
        was given and not made.
        """
        with self._lock:
            content = self._records[id_].content
        if not isinstance(content, Generated):
            raise KeyError(id_)
        return content.plan

    # Changing
    # ---------------------------------------------------------------------------------------------------------

    def edit(self, id_: str, *, reanalysed: bool = False, **changes: Any) -> None:
        """Change fields of an activity as its owner does; the dates of analysis move only when
        ``reanalysed``.
        """
        with self._changing(id_) as record:
            record.changes |= changes
            self._starts[id_] = str(changes.get("start_date_local", self._starts[id_]))
            if reanalysed:
                record.changes |= self._analysis()

    def edit_intervals(self, id_: str, intervals: list[Row] | None = None) -> None:
        """Give an activity other intervals (unless some are given, the first two are joined), which
        analyses it again.
        """
        rows, groups = self.intervals(id_)
        with self._changing(id_) as record:
            record.intervals = (_joined(rows) if intervals is None else intervals, groups)
            record.changes |= {"icu_intervals_edited": True} | self._analysis()

    def replace_streams(self, id_: str, streams: list[Row]) -> None:
        """Give an activity other streams, which analyses it again."""
        with self._changing(id_) as record:
            record.streams = streams
            record.changes |= {
                "stream_types": [entry["type"] for entry in streams]
            } | self._analysis()

    def add(
        self,
        start_date_local: str,
        *,
        sport: str = "ride",
        id: str | None = None,  # noqa: A002  (the API's own word)
        created: str | None = None,
        **fields: Any,
    ) -> str:
        """Upload a workout late: recorded at a local time in the past, ``created`` only now;
        answers its id.

        ``sport`` is a kind (``ride``) or a type (``TrailRun``), ``fields`` stand in the row as
        given.
        """
        number = next(self._numbers)
        id_ = id or f"i{210_000_000 + number * 1_009}"
        plan = lone_plan(
            -number, id_, datetime.fromisoformat(start_date_local), sport_key(sport), 900 + number
        )
        with self._lock:
            stamps = {"created": created or stamp_text(self._tick())} | self._analysis()
            self._put(id_, _Record(Generated(plan, self.athlete_id), stamps | fields))
        return id_

    def add_row(
        self, row: Row, *, streams: list[Row] | None = None, file: bytes | None = None
    ) -> str:
        """Add a row as it is; answers its id."""
        id_ = str(row["id"])
        with self._lock:
            self._put(id_, _Record(Given(row, streams or [], file)))
        return id_

    def delete(self, id_: str) -> None:
        """Delete an activity for good; raises ``KeyError`` for an id that is not there."""
        with self._lock:
            del self._records[id_], self._starts[id_]
            self._changed(reordered=True)

    def add_strava_stub(self, start_date_local: str, *, id: str | None = None) -> str:  # noqa: A002
        """Let Strava feed a workout, which the API then lists and does not deliver; answers its
        id.
        """
        number = next(self._numbers)
        id_ = id or str(17_100_000_000 + number * 10_007)
        plan = lone_plan(
            -number, id_, datetime.fromisoformat(start_date_local), "ride", 900 + number, stub=True
        )
        with self._lock:
            self._put(id_, _Record(Generated(plan, self.athlete_id)))
        return id_

    def make_native(self, stub_id: str, *, keep_stub: bool = False) -> str:
        """Let the device's own copy of a stub arrive, in its place or beside it; answers the copy's
        id.

        It starts at the same local time, and ``strava_id`` keeps the link. Raises ``ValueError``
        where there is no stub.
        """
        if not self.is_stub(stub_id):
            raise ValueError(f"{stub_id} is no Strava stub")
        number, start = next(self._numbers), self._starts[stub_id]
        plan = lone_plan(
            -number,
            f"i{210_000_000 + number * 1_009}",
            datetime.fromisoformat(start),
            "ride",
            900 + number,
        )
        content = self._records[stub_id].content
        if isinstance(content, Generated):
            plan = replace(content.plan, number=-number, id=plan.id, stub=False)
        plan = replace(plan, strava_id=stub_id)
        with self._lock:
            stamps = {"created": stamp_text(self._tick())} | self._analysis()
            self._put(plan.id, _Record(Generated(plan, self.athlete_id), stamps))
            if not keep_stub:
                self.delete(stub_id)
        return plan.id

    def move(self, timezone: str) -> None:
        """Let the athlete set another time zone; what was recorded before stays as it was
        recorded.
        """
        with self._lock:
            self.timezone = timezone
            self._changed()

    def add_keys(self, **fields: Any) -> None:
        """Let the service write new keys into every row that it delivers, as one of its releases
        does.
        """
        with self._lock:
            for record in self._records.values():
                if not record.content.stub:
                    record.changes |= fields
                    record.body = None
            self._changed()

    def drift(self, days: int = 1) -> None:
        """Let days pass: fitness, weight and resting heart rate move on each row although no
        workout did.
        """
        with self._lock:
            self._drift += days
            for record in self._records.values():
                record.body = None
            self._changed()

    @contextmanager
    def _changing(self, id_: str) -> Iterator[_Record]:
        """Hold the lock around one change of a record, and forget what was made of it before."""
        with self._lock:
            record = self._records[id_]
            yield record
            record.body = None
            self._changed(reordered=True)

    def _put(self, id_: str, record: _Record) -> None:
        self._records[id_] = record
        self._starts[id_] = str(record.changes.get("start_date_local") or _start(record.content))
        self._changed(reordered=True)

    def _changed(self, *, reordered: bool = False) -> None:
        self.version += 1
        if reordered:
            self._order = None

    def _tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def _analysis(self) -> Row:
        stamp = stamp_text(self._tick())
        return {"analyzed": stamp, "icu_sync_date": stamp}


@lru_cache(maxsize=16)
def _outline(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """A type of these fields alone, whose values stay the bytes that they are: nothing else of a
    row is decoded.
    """
    fields = [
        (f"field_{number}", msgspec.Raw, msgspec.Raw(b"null")) for number in range(len(names))
    ]
    return msgspec.defstruct(
        "Outline", fields, rename={f"field_{number}": name for number, name in enumerate(names)}
    )


def _start(content: Content) -> str:
    if isinstance(content, Generated):
        return content.plan.start.isoformat()
    return str(content.row().get("start_date_local") or "")


def _drifted(row: Row, days: int) -> Row:
    """The volatile figures some days later."""
    moved: Row = {
        "icu_atl": f32(row["icu_atl"] * 0.97**days),
        "icu_ctl": f32(row["icu_ctl"] * 0.99**days),
    }
    if row.get("icu_weight"):
        moved["icu_weight"] = f32(row["icu_weight"] + 0.1 * days)
    if row.get("icu_resting_hr"):
        moved["icu_resting_hr"] = row["icu_resting_hr"] + days % 3
    return moved


def _joined(rows: list[Row]) -> list[Row]:
    if len(rows) < 2:
        return rows
    first, second = rows[0], rows[1]
    whole = first | {key: second[key] for key in ("end_index", "end_time") if key in second}
    for key in ("elapsed_time", "moving_time", "distance"):
        if key in first and key in second:
            whole[key] = first[key] + second[key]
    return [whole, *rows[2:]]

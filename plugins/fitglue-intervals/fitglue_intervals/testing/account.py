"""An athlete's account at Intervals.icu: made up or captured, and changed as an athlete, a device
or Strava would change it.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count as numbers_from
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.content import (
    Content,
    Generated,
    Given,
    Intervals,
)
from fitglue_intervals.testing.history import History, plans_of
from fitglue_intervals.testing.plan import lone_plan, sport_key
from fitglue_intervals.testing.records import Record, Records
from fitglue_intervals.testing.values import Row, f32, stamp_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fitglue_intervals.testing.plan import Plan

_ATHLETE = "i317960"
_NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
_FIRST_SEED = 900


class Account:
    """The activities of one athlete; safe to read and to change from any thread.

    Changes happen on the account's own clock ``now``, which each of them moves a minute on: nothing
    depends on today. ``records`` holds the activities.
    """

    def __init__(
        self,
        contents: Mapping[str, Content],
        *,
        athlete_id: str = _ATHLETE,
        now: datetime = _NOW,
    ) -> None:
        self.athlete_id = athlete_id
        self.timezone = "Europe/Vienna"
        self.now = now
        self.records = Records(contents)
        self._drift_days = 0
        self._numbers = numbers_from(1)

    @classmethod
    def generate(
        cls,
        count: int = 120,
        seed: int = 1,
        until: date = date(2026, 11, 20),
        *,
        strava_stubs: int | None = None,
        distinct_streams: int | None = 12,
    ) -> Account:
        """An athlete with the history of these values, see ``History``."""
        history = History(
            count,
            seed,
            until,
            strava_stubs,
            distinct_streams,
        )
        return cls.of(history)

    @classmethod
    def of(cls, history: History, athlete_id: str = _ATHLETE) -> Account:
        """The account of an athlete with this history."""
        until = history.until
        now = datetime(until.year, until.month, until.day, 22, 0, tzinfo=UTC)
        contents = {plan.id: Generated(plan, athlete_id) for plan in plans_of(history)}
        return cls(contents, athlete_id=athlete_id, now=now)

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Row],
        *,
        streams: Mapping[str, list[Row]] | None = None,
        files: Mapping[str, bytes] | None = None,
        athlete_id: str | None = None,
    ) -> Account:
        """An account that answers the given rows as they are.

        ``streams`` and ``files`` belong to ids, and may be missing. The athlete is the one whom a
        row names, unless one is given.
        """
        streams = streams or {}
        files = files or {}
        contents = {}
        for number, row in enumerate(rows):
            athlete_id = athlete_id or row.get("icu_athlete_id")
            id_ = str(row.get("id", f"row-{number}"))
            contents[id_] = Given(row, streams.get(id_, []), files.get(id_))
        return cls(contents, athlete_id=athlete_id or _ATHLETE)

    # Reading
    # ----------------------------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """All ids, the newest start first."""
        return self.records.ids()

    def __contains__(self, id_: object) -> bool:
        return id_ in self.records

    def row(self, id_: str) -> Row:
        """The Activity object as it is now; raises ``KeyError`` for an unknown id."""
        with self.records.unchanged():
            record = self.records[id_]
            row = record.content.row() | record.changes
            if self._drift_days and "icu_atl" in row:
                row |= _drifted(row, self._drift_days)
            return row

    def is_stub(self, id_: str) -> bool:
        """Whether the API will not deliver the activity."""
        return self.records[id_].content.stub

    def intervals(self, id_: str) -> Intervals:
        """The detected intervals and their groups."""
        record = self.records[id_]
        if record.intervals is not None:
            return record.intervals
        return record.content.intervals()

    def streams(self, id_: str) -> list[Row]:
        """The stored streams."""
        streams: list[Row] = json.loads(gzip.decompress(self.records[id_].gzipped_streams()))
        return streams

    def file(self, id_: str) -> bytes | None:
        """The original upload, if there is one."""
        return self.records[id_].content.file()

    def plan(self, id_: str) -> Plan:
        """What a workout was made from, also one whose row is a stub; raises ``KeyError`` where it
        was given and not made.
        """
        content = self.records[id_].content
        if not isinstance(content, Generated):
            raise KeyError(id_)
        return content.plan

    # Changing
    # ----------------------------------------------------------------------------------------------

    def edit(
        self,
        id_: str,
        *,
        reanalysed: bool = False,
        **changes: Any,
    ) -> None:
        """Change fields of an activity as its owner does; the dates of analysis move only when
        ``reanalysed``.
        """
        with self.records.changing(id_) as record:
            record.changes |= changes
            if reanalysed:
                record.changes |= self._analysis()

    def edit_intervals(self, id_: str, intervals: list[Row] | None = None) -> None:
        """Give an activity other intervals, which analyses it again; unless some are given, the
        first two are joined.
        """
        rows, groups = self.intervals(id_)
        if intervals is None:
            intervals = _joined(rows)
        with self.records.changing(id_) as record:
            record.intervals = intervals, groups
            record.changes |= {"icu_intervals_edited": True} | self._analysis()

    def replace_streams(self, id_: str, streams: list[Row]) -> None:
        """Give an activity other streams, which analyses it again."""
        types = [stream["type"] for stream in streams]
        with self.records.changing(id_) as record:
            record.streams = streams
            record.changes |= {"stream_types": types} | self._analysis()

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
        returns its id.

        ``sport`` is a kind (``ride``) or a type (``TrailRun``); ``fields`` are in the row as given.
        """
        start = datetime.fromisoformat(start_date_local)
        number = next(self._numbers)
        plan = lone_plan(
            -number, id or _native_id(number), start, sport_key(sport), _FIRST_SEED + number
        )
        with self.records.unchanged():
            stamps = {"created": created or self._tick()} | self._analysis()
            record = _record(plan, self.athlete_id, stamps | fields)
            self.records.put(plan.id, record)
        return plan.id

    def add_row(
        self, row: Row, *, streams: list[Row] | None = None, file: bytes | None = None
    ) -> str:
        """Add a row as it is; returns its id."""
        id_ = str(row["id"])
        self.records.put(id_, Record(Given(row, streams or [], file)))
        return id_

    def delete(self, id_: str) -> None:
        """Delete an activity for good; raises ``KeyError`` for an unknown id."""
        self.records.remove(id_)

    def add_strava_stub(self, start_date_local: str, *, id: str | None = None) -> str:  # noqa: A002
        """Let Strava feed a workout, which the API then lists and does not deliver; returns its
        id.
        """
        start = datetime.fromisoformat(start_date_local)
        number = next(self._numbers)
        id_ = id or str(17_100_000_000 + number * 10_007)
        plan = lone_plan(-number, id_, start, "ride", _FIRST_SEED + number)
        stub = replace(plan, stub=True)
        self.records.put(id_, _record(stub, self.athlete_id))
        return id_

    def make_native(self, stub_id: str, *, keep_stub: bool = False) -> str:
        """Let the device's own copy of a stub arrive, in its place or beside it; returns the copy's
        id.

        It starts at the same local time, and ``strava_id`` keeps the link. Raises ``ValueError``
        for an activity that is no stub.
        """
        if not self.is_stub(stub_id):
            raise ValueError(f"{stub_id} is no Strava stub")
        start = datetime.fromisoformat(self.records.start_of(stub_id))
        content = self.records[stub_id].content
        number = next(self._numbers)
        id_ = _native_id(number)
        if isinstance(content, Generated):
            plan = replace(content.plan, number=-number, id=id_, stub=False)
        else:
            plan = lone_plan(-number, id_, start, "ride", _FIRST_SEED + number)
        linked = replace(plan, strava_id=stub_id)
        with self.records.unchanged():
            stamps = {"created": self._tick()} | self._analysis()
            self.records.put(id_, _record(linked, self.athlete_id, stamps))
            if not keep_stub:
                self.delete(stub_id)
        return id_

    def move(self, timezone: str) -> None:
        """Let the athlete set another time zone; what was recorded before stays as it was
        recorded.
        """
        self.timezone = timezone

    def add_keys(self, **fields: Any) -> None:
        """Let the service write new keys into every row that it delivers, as one of its releases
        does.
        """
        with self.records.changing_all() as records:
            for record in records:
                if not record.content.stub:
                    record.changes |= fields

    def drift(self, days: int = 1) -> None:
        """Let days pass: fitness, weight and resting heart rate move on each row although no
        workout did.
        """
        with self.records.changing_all():
            self._drift_days += days

    def _tick(self) -> str:
        """The time of a change, a minute after the one before."""
        self.now += timedelta(minutes=1)
        return stamp_text(self.now)

    def _analysis(self) -> Row:
        stamp = self._tick()
        return {"analyzed": stamp, "icu_sync_date": stamp}


def _record(
    plan: Plan,
    athlete_id: str,
    changes: Row | None = None,
) -> Record:
    return Record(Generated(plan, athlete_id), changes or {})


def _native_id(number: int) -> str:
    """The id of the workout that was added as so many."""
    return f"i{210_000_000 + number * 1_009}"


def _drifted(row: Row, days: int) -> Row:
    """The figures of the athlete some days later."""
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
    """Intervals of which the first two are one."""
    if len(rows) < 2:
        return rows
    first, second = rows[:2]
    whole = dict(first)
    for key in ("end_index", "end_time"):
        if key in second:
            whole[key] = second[key]
    for key in ("elapsed_time", "moving_time", "distance"):
        if key in first and key in second:
            whole[key] = first[key] + second[key]
    return [whole, *rows[2:]]

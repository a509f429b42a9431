"""An athlete's account at Intervals.icu: generated or captured, and changed in the ways in which an
athlete, a device or Strava would change it.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count as numbers_from
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.account_clock import AccountClock
from fitglue_intervals.testing.content import (
    Content,
    Generated,
    Intervals,
    Verbatim,
)
from fitglue_intervals.testing.history import History, plans_of
from fitglue_intervals.testing.plan import single_leg_plan, sport_key
from fitglue_intervals.testing.records import Record, Records
from fitglue_intervals.testing.values import Row, f32

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fitglue_intervals.testing.plan import Plan

_ATHLETE = "i317960"
_NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
#: Workouts that are added later take their seeds from here on. A generated history uses seeds from
#: 1,000,003 on (see ``History.shape_seed``), so no added workout repeats a generated recording.
_FIRST_SEED = 900


class Account:
    """The activities of one athlete, which any thread may read and change.

    Each change happens at the time of the account's own ``clock``, so that nothing depends on
    today's date. ``records`` holds the activities, and ``gear`` the athlete's equipment.

    Args:
        contents: Activity id → the content of the activity.
        athlete_id: The id of the athlete, as the API writes it (``i317960``).
        now: The time of the account's clock, with a zone.
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
        self.clock = AccountClock(now)
        self.records = Records(contents)
        self.gear: list[Row] = []
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
        """Return the account of a generated athlete.

        Args:
            count: How many activities there are.
            seed: What the generated values depend on; equal arguments give equal accounts.
            until: The day of the newest activity.
            strava_stubs: How many of the activities came from Strava; None means 3 %.
            distinct_streams: How many different recordings each sport has; None makes all of them
                different.
        """
        history = History(
            count,
            seed,
            until,
            strava_stubs,
            distinct_streams,
        )
        return cls.from_history(history)

    @classmethod
    def from_history(cls, history: History, athlete_id: str = _ATHLETE) -> Account:
        """Return the account of an athlete with this history.

        Args:
            history: Which workouts there were.
            athlete_id: The id of the athlete, for tests with more than one account.
        """
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
        """Return an account that serves these rows unchanged.

        Args:
            rows: Activity objects; they need not be valid, for tests of broken ones.
            streams: Activity id → its streams. An id that is missing has no streams.
            files: Activity id → its original upload. An id that is missing has no file.
            athlete_id: The id of the athlete; None takes it from the first row that has one.
        """
        streams = streams or {}
        files = files or {}
        contents = {}
        for number, row in enumerate(rows):
            athlete_id = athlete_id or row.get("icu_athlete_id")
            # A row without an id is only listed; the made-up key is never part of a response.
            id_ = str(row.get("id", f"row-{number}"))
            contents[id_] = Verbatim(row, streams.get(id_, []), files.get(id_))
        return cls(contents, athlete_id=athlete_id or _ATHLETE)

    # Reading
    # ----------------------------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """Return all activity ids, ordered from the newest start to the oldest."""
        return self.records.ids()

    def __contains__(self, id_: object) -> bool:
        return id_ in self.records

    def row(self, id_: str) -> Row:
        """Return the Activity object in its present state.

        Raises:
            KeyError: If no activity has this id. The other methods that take an id raise it, too.
        """
        with self.records.locked():
            record = self.records[id_]
            row = record.content.row() | record.changes
            if self._drift_days and "icu_atl" in row:
                row |= _drifted(row, self._drift_days)
            return row

    def is_stub(self, id_: str) -> bool:
        """Return whether the activity is a Strava stub, which the API does not deliver."""
        return self.records[id_].content.stub

    def intervals(self, id_: str) -> Intervals:
        """Return ``icu_intervals`` and ``icu_groups`` of the activity."""
        record = self.records[id_]
        if record.intervals is not None:
            return record.intervals
        return record.content.intervals()

    def streams(self, id_: str) -> list[Row]:
        """Return the streams of the activity, in the shape in which the API returns them."""
        streams: list[Row] = json.loads(gzip.decompress(self.records[id_].gzipped_streams()))
        return streams

    def file(self, id_: str) -> bytes | None:
        """Return the original upload, or None if the activity has no file."""
        return self.records[id_].content.file()

    def plan(self, id_: str) -> Plan:
        """Return the plan that an activity was generated from.

        A Strava stub has a plan, too: it is how a test gets the same workout for another source.

        Raises:
            KeyError: If the activity was not generated, but came from ``from_rows``.
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
        reanalyzed: bool = False,
        **changes: Any,
    ) -> None:
        """Change fields of an activity, as its owner does in the web app.

        Args:
            id_: The activity.
            reanalyzed: Whether ``analyzed`` and ``icu_sync_date`` move. A rename was seen to leave
                both where they were; only a new analysis moves them.
            changes: Key of the Activity object → its new value.
        """
        with self.records.changing(id_) as record:
            record.changes |= changes
            if reanalyzed:
                record.changes |= self.clock.analysis()

    def edit_intervals(self, id_: str, intervals: list[Row] | None = None) -> None:
        """Replace the intervals of an activity, which analyzes it again.

        Args:
            id_: The activity.
            intervals: The new intervals; None joins the first two of the present ones.
        """
        rows, groups = self.intervals(id_)
        if intervals is None:
            intervals = _joined(rows)
        with self.records.changing(id_) as record:
            record.intervals = intervals, groups
            record.changes |= {"icu_intervals_edited": True} | self.clock.analysis()

    def replace_streams(self, id_: str, streams: list[Row]) -> None:
        """Replace the streams of an activity, which analyzes it again."""
        types = [stream["type"] for stream in streams]
        with self.records.changing(id_) as record:
            record.streams = streams
            record.changes |= {"stream_types": types} | self.clock.analysis()

    def add(
        self,
        start_date_local: str,
        *,
        sport: str = "ride",
        id: str | None = None,  # noqa: A002  (the API's own word)
        created: str | None = None,
        **fields: Any,
    ) -> str:
        """Add a workout that was recorded in the past and is uploaded now.

        Args:
            start_date_local: The local start, as ISO text without a zone.
            sport: The key of a sport (``ride``) or the API's type (``TrailRun``).
            id: The id of the activity; None makes a new one.
            created: What the row says as ``created``; None takes the account's time.
            fields: More keys of the row, which override the generated ones.

        Returns:
            The id of the activity.
        """
        start = datetime.fromisoformat(start_date_local)
        number = next(self._numbers)
        plan = single_leg_plan(
            -number, id or _native_id(number), start, sport_key(sport), _FIRST_SEED + number
        )
        with self.records.locked():
            stamps = {"created": created or self.clock.tick()} | self.clock.analysis()
            record = _record(plan, self.athlete_id, stamps | fields)
            self.records.put(plan.id, record)
        return plan.id

    def add_row(
        self, row: Row, *, streams: list[Row] | None = None, file: bytes | None = None
    ) -> str:
        """Add a row unchanged, with its streams and its file, and return its id."""
        id_ = str(row["id"])
        self.records.put(id_, Record(Verbatim(row, streams or [], file)))
        return id_

    def delete(self, id_: str) -> None:
        """Delete an activity: it is no longer listed, and its detail is answered with 404."""
        self.records.remove(id_)

    def add_strava_stub(self, start_date_local: str, *, id: str | None = None) -> str:  # noqa: A002
        """Add a workout that comes from Strava, which the API lists but does not deliver.

        Args:
            start_date_local: The local start, as ISO text without a zone.
            id: The id of the activity; None makes a new one.

        Returns:
            The id of the stub, which is Strava's own: digits only.
        """
        start = datetime.fromisoformat(start_date_local)
        number = next(self._numbers)
        id_ = id or str(17_100_000_000 + number * 10_007)
        plan = single_leg_plan(-number, id_, start, "ride", _FIRST_SEED + number)
        stub = replace(plan, stub=True)
        self.records.put(id_, _record(stub, self.athlete_id))
        return id_

    def make_native(self, stub_id: str, *, keep_stub: bool = False) -> str:
        """Add the copy of a stub that arrives from the device's maker.

        The copy starts at the same local time, and its ``strava_id`` is the id of the stub.

        Args:
            stub_id: The stub.
            keep_stub: Whether the stub stays beside its copy. Both cases were seen.

        Returns:
            The id of the copy.

        Raises:
            ValueError: If the activity is not a Strava stub.
        """
        if not self.is_stub(stub_id):
            raise ValueError(f"{stub_id} is not a Strava stub")
        start = datetime.fromisoformat(self.records.start_of(stub_id))
        content = self.records[stub_id].content
        number = next(self._numbers)
        id_ = _native_id(number)
        if isinstance(content, Generated):
            plan = replace(content.plan, number=-number, id=id_, stub=False)
        else:
            plan = single_leg_plan(-number, id_, start, "ride", _FIRST_SEED + number)
        linked = replace(plan, strava_id=stub_id)
        with self.records.locked():
            stamps = {"created": self.clock.tick()} | self.clock.analysis()
            self.records.put(id_, _record(linked, self.athlete_id, stamps))
            # Within the same lock, so that no list shows neither of the two.
            if not keep_stub:
                self.delete(stub_id)
        return id_

    def set_timezone(self, timezone: str) -> None:
        """Change the time zone of the athlete; the activities keep the zone of their recording."""
        self.timezone = timezone

    def add_keys(self, **fields: Any) -> None:
        """Add keys to every row except stubs, as a new release of the service does."""
        with self.records.changing_all() as records:
            for record in records:
                if not record.content.stub:
                    record.changes |= fields

    def drift(self, days: int = 1) -> None:
        """Let days pass: fitness, weight and resting heart rate change in every row.

        These values drifted in daily snapshots of a real account, although no workout had changed
        and ``icu_sync_date`` stayed the same. A revision must not depend on them.
        """
        with self.records.changing_all():
            self._drift_days += days


def _record(
    plan: Plan,
    athlete_id: str,
    changes: Row | None = None,
) -> Record:
    return Record(Generated(plan, athlete_id), changes or {})


def _native_id(number: int) -> str:
    """Return the id of the workout that was added with this number; it starts above the ids of the
    generated history.
    """
    return f"i{210_000_000 + number * 1_009}"


def _drifted(row: Row, days: int) -> Row:
    """Return the keys of a row that differ some days later."""
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
    """Return the intervals with the first two joined into one."""
    if len(rows) < 2:
        return rows
    first, second = rows[:2]
    joined = dict(first)
    for key in ("end_index", "end_time"):
        if key in second:
            joined[key] = second[key]
    for key in ("elapsed_time", "moving_time", "distance"):
        if key in first and key in second:
            joined[key] = first[key] + second[key]
    return [joined, *rows[2:]]

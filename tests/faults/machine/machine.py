"""A state machine: an account that is lived in, a store that follows it, faults in between; after
each step both agree.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event

from fitglue_intervals.testing import StandIn
from fitglue_registry import Host, Options
from fitglue_registry.errors import AthleteNeeded, Busy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import Decided, SyncFinished, SyncStopped
from fitglue_registry.testing import FakeClock
from tests.faults.machine.expected import OVERLAP, WALK_EVERY, Listing, Model
from tests.faults.machine.stores import hold_invariants, read_store
from tests.faults.machine.workouts import HOME, Workout, World

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from fitglue_registry.secrets.protocol import SecretStore
    from tests.faults.machine.expected import Expected
    from tests.faults.machine.stores import Snapshot, Stored

ZONES = (HOME, "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia")
#: A night in which an hour came twice, one in which an hour never came, and the same in another
#: part of the world.
NIGHTS = (
    ("2026-10-25T02:30:00", HOME, 0),
    ("2026-10-25T02:30:00", HOME, 1),
    ("2026-03-29T02:30:00", HOME, 0),
    ("2026-11-01T01:30:00", "America/Los_Angeles", 1),
)
#: How long ago a workout was: inside the window, at its edge on both sides, long ago; and by a
#: watch that runs years ahead.
DAYS_AGO = (0, 1, 2, 5, 20, 60, 89, 90, 91, 120, 400, 2000, -30, -26_000)

which = st.integers(0, 30)
days_ago = st.sampled_from(DAYS_AGO)


class Pulled(BaseException):
    """The plug is out: nothing of this process reaches the store any more."""


class Machine(RuleBasedStateMachine):
    """One athlete, one account, one store; what was done is counted in ``played``, what was not
    there afterwards in ``lost``.
    """

    # A home with an empty database: bringing one up to date takes longer than all the rest.
    empty: Path
    # Makes an empty database and answers its URL; None: SQLite in the home.
    database: Callable[[], str | None]
    played: Counter[str]
    lost: list[str]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="fitglue-machine-"))
        self.home = self.folder / "home"
        shutil.copytree(self.empty, self.home)
        self.url = self.database()
        self.clock, self.secrets = FakeClock(), self.new_secrets()
        self.world = World()
        self.server = StandIn(self.world.account, api_key="key-0").start()
        self.zone = HOME
        self.deleted: dict[str, Workout] = {}
        self.ever: dict[str, int] = {}  # activity → its number, for ever
        self.opened: list[Host] = []
        self.host = self.open()
        self.forget()

    def new_secrets(self) -> SecretStore | None:
        """Where keys are kept; None: where the host keeps them by itself."""
        return MemorySecretStore()

    def forget(self) -> None:
        """No connection, so nothing is expected."""
        self.model = Model(self.world)
        self.key: str | None = None  # that the connection has
        self.activity_of: dict[str, str] = {}  # record → its activity
        self.walked_at: datetime | None = None
        # A walk goes on that began at this change of the account.
        self.walk_began: int | None = None
        self.horizon: date | None = None

    def open(self) -> Host:
        """A process of its own, as it were."""
        host = Host(self.home, self.url, secrets=self.secrets, clock=self.clock)
        self.opened.append(host)
        return host

    def teardown(self) -> None:
        for host in self.opened:
            host.close()
        self.server.close()
        shutil.rmtree(self.folder)

    def note(self, what: str) -> None:
        self.played[what] += 1

    # -- what an athlete, a watch and the service do -----------------------------------------------

    def unique(self, start: datetime) -> datetime:
        """No two workouts are on the way at one time, unless a rule means them to: they would be
        one, and not two.
        """
        serial = self.world.serial()
        return start.replace(minute=serial % 60, second=serial // 60 * 7 % 60)

    def day(self, ago: int) -> datetime:
        return datetime.combine(
            self.clock.moment.date() - timedelta(days=ago), datetime.min.time()
        ).replace(hour=7)

    def pick(self, which: int, **wanted: Any) -> str | None:
        """One of the workouts that are so, or None."""
        fitting = [
            external_id
            for external_id, one in sorted(self.world.workouts.items())
            if all(getattr(one, name) == value for name, value in wanted.items())
        ]
        return fitting[which % len(fitting)] if fitting else None

    def add(self, workout: Workout, external_id: str | None = None) -> str:
        serial = self.world.serial()
        external_id = external_id or (str(9_000_000 + serial) if workout.stub else f"i{serial}")
        self.world.put(external_id, workout)
        return external_id

    @initialize(agos=st.lists(days_ago, min_size=3, max_size=8))
    def begin(self, agos: list[int]) -> None:
        """Some workouts, most of them with a file, and a connection."""
        for ago in agos:
            self.record(ago, with_file=ago % 3 != 0)
        self.connect()

    @rule(ago=days_ago, with_file=st.booleans())
    def record(self, ago: int, with_file: bool) -> None:
        """A workout arrives, late if it was long ago."""
        self.note("a workout arrives, some of them late")
        serial = self.world.serial()
        file = f"file {serial}".encode() if with_file else None
        self.add(
            Workout(
                self.unique(self.day(ago)),
                self.zone,
                title=f"workout {serial}",
                heartrate=100 + serial,
                file=file,
            )
        )

    @rule(night=st.sampled_from(NIGHTS))
    def record_in_a_night_of_the_clock_change(self, night: tuple[str, str, int]) -> None:
        self.note("a workout in the night of a clock change")
        start, zone, fold = night
        self.add(
            Workout(
                self.unique(datetime.fromisoformat(start)), zone, fold, title="night", heartrate=90
            )
        )

    @rule(ago=days_ago)
    def strava_feeds(self, ago: int) -> None:
        self.note("a stub arrives")
        self.add(Workout(self.unique(self.day(ago)), stub=True))

    @precondition(lambda self: self.world.workouts)
    @rule(which=which, what=st.sampled_from(["title", "laps", "heartrate", "file"]))
    def edit(self, which: int, what: str) -> None:
        external_id = self.pick(which, stub=False)
        if external_id is None:
            return
        one, serial = self.world.workouts[external_id], self.world.serial()
        known = self.model.records.get(external_id)
        inside = (
            known is not None
            and known.day is not None
            and known.day >= self.clock.moment.date() - OVERLAP
        )
        self.note(f"an edit {'inside' if inside else 'outside'} the window")
        changes: dict[str, Any] = {"title": f"renamed {serial}"}
        if what == "laps":
            changes = {"laps": one.laps % 3 + 1, "analysed": serial}
        elif what == "heartrate":
            changes = {"heartrate": 100 + serial, "analysed": serial}
        elif what == "file":
            changes = {"file": f"file {serial}".encode(), "uploaded": serial}
        self.world.change(external_id, **changes)

    @precondition(lambda self: self.world.workouts)
    @rule(which=which, ago=days_ago)
    def change_the_start(self, which: int, ago: int) -> None:
        external_id = self.pick(which, stub=False)
        if external_id is not None:
            self.note("a changed start date")
            self.world.change(external_id, start=self.unique(self.day(ago)), zone=self.zone, fold=0)

    @precondition(lambda self: self.world.workouts)
    @rule(which=which)
    def delete(self, which: int) -> None:
        self.note("a deletion")
        external_id = self.pick(which)
        assert external_id is not None
        self.deleted[external_id] = self.world.delete(external_id)

    @precondition(lambda self: self.deleted)
    @rule(which=which)
    def add_again(self, which: int) -> None:
        self.note("a deleted workout comes back under its id")
        external_id = sorted(self.deleted)[which % len(self.deleted)]
        self.add(self.deleted.pop(external_id), external_id)

    @rule(which=which, beside=st.booleans())
    def native_copy_arrives(self, which: int, beside: bool) -> None:
        stub = self.pick(which, stub=True)
        if stub is None or any(
            one.strava_id == stub for one in (*self.world.workouts.values(), *self.deleted.values())
        ):
            return
        self.note("a native copy arrives beside or in place of its stub")
        serial = self.world.serial()
        start = self.world.workouts[stub].start
        self.add(Workout(start, title=f"native {serial}", heartrate=100 + serial, strava_id=stub))
        if not beside:
            self.deleted[stub] = self.world.delete(stub)

    @rule(which=which)
    def stub_becomes_native(self, which: int) -> None:
        stub = self.pick(which, stub=True)
        if stub is not None and not any(
            one.strava_id == stub for one in (*self.world.workouts.values(), *self.deleted.values())
        ):
            self.note("a stub becomes native under its id")
            serial = self.world.serial()
            self.world.change(
                stub, stub=False, title=f"native {serial}", heartrate=100 + serial, analysed=serial
            )

    @rule(which=which)
    def become_odd(self, which: int) -> None:
        external_id = self.pick(which, stub=False, odd=False)
        if external_id is not None:
            self.note("a row becomes odd")
            self.world.change(external_id, odd=True)

    @rule(which=which)
    def repair(self, which: int) -> None:
        external_id = self.pick(which, odd=True)
        if external_id is not None:
            self.note("an odd row makes sense again")
            self.world.change(external_id, odd=False)

    @rule(what=st.sampled_from(["key", "days", *ZONES]))
    def around_the_workouts(self, what: str) -> None:
        """Schema drift, the fitness of the day, another zone: rows and athlete change, the workouts
        do not.
        """
        if what == "key" and len(self.world.keys) < 3:
            self.note("a new key on every row")
            self.world.add_key(f"new_{len(self.world.keys)}_zones")
        elif what in ZONES:
            self.note("the athlete changes zone")
            self.zone = what
            self.world.account.set_timezone(what)
        else:
            self.note("fitness of the day drifts on every row")
            self.world.account.drift(2)

    @rule(hours=st.sampled_from([1, 24, 8 * 24, 40 * 24, 400 * 24, -1, -24, -10 * 24, -400 * 24]))
    def clock_moves(self, hours: int) -> None:
        self.note("the clock moves on" if hours > 0 else "the clock is set back")
        self.clock.move(hours=hours)

    # -- connecting --------------------------------------------------------------------------------

    @precondition(lambda self: self.key is None or self.key != self.server.api_key)
    @rule()
    def connect(self) -> None:
        """For the first time, again, or with a renewed key."""
        self.note("connect, or connect again with a renewed key")
        if self.server.api_key is None:
            self.server.set_key(f"key-{self.world.serial()}")
        key = self.server.api_key
        assert key is not None
        result = self.host.connect("intervals", {"api_key": key, "base_url": self.server.url})
        assert result.renewed == (self.key is not None)
        assert self.host.connections.list()[0].account.timezone == self.zone
        self.key = key

    @precondition(lambda self: self.key is None)
    @rule()
    def connect_with_a_wrong_key(self) -> None:
        self.note("connect with a wrong key")
        try:
            self.host.connect("intervals", {"api_key": "wrong", "base_url": self.server.url})
        except AthleteNeeded as error:
            assert error.code == "FG-key-rejected"  # noqa: PT017
        else:
            raise AssertionError("a wrong key was taken")

    @precondition(lambda self: self.key_is_good)
    @rule(renewed=st.booleans())
    def revoke_the_key(self, renewed: bool) -> None:
        self.note("the key is revoked")
        if renewed:
            self.server.set_key(f"key-{self.world.serial()}")
        else:
            self.server.revoke_key()

    @precondition(lambda self: self.key is not None)
    @rule(sure=st.integers(0, 5))
    def disconnect(self, sure: int) -> None:
        if sure:  # now and then, for everything begins anew
            return
        self.note("disconnect")
        self.host.connections.remove("intervals")
        self.forget()
        store = read_store(self.host)
        assert (store.records, store.activities, store.connections, store.windows) == (
            {},
            {},
            [],
            0,
        )
        assert not list(self.host.workspace.raws.blobs.all())

    # -- syncing -----------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        return self.key is not None

    @property
    def key_is_good(self) -> bool:
        return self.key is not None and self.key == self.server.api_key

    def walk_is_due(self) -> bool:
        """A clock that was set back far makes it due, too: nobody knows how long ago the last one
        was.
        """
        return self.walked_at is None or abs(self.clock.moment - self.walked_at) >= WALK_EVERY

    def listing(self, options: Options) -> Listing:
        """What a sync has to list, by the design."""
        today = self.clock.moment.date()
        windows = read_store(self.host).windows
        if options.since or options.until:
            if options.until or self.walked_at is not None:
                return Listing("window", options.since, options.until, today)
            return Listing("first", options.since, None, today, horizon=options.since)
        overlap = max(today - OVERLAP, self.horizon or date.min)
        if windows and not options.full:
            return Listing(
                "resumed", overlap, None, today, horizon=self.horizon, walk_began=self.walk_began
            )
        if options.full:
            return Listing("walk", None, None, today)
        if self.walk_is_due():
            return Listing("walk", self.horizon, None, today, horizon=self.horizon)
        return Listing("overlap", overlap, None, today)

    def began(self, listing: Listing) -> None:
        if listing.how in ("first", "walk"):
            self.walk_began = self.world.moment

    def ended(self, listing: Listing, options: Options, moment: datetime) -> dict[str, int] | None:
        """A sync came to its end: the model knows what the store must hold."""
        expected = self.model.complete(
            listing,
            Listing("window", options.since, options.until, listing.today)
            if options.files
            else None,
        )
        if listing.whole:
            self.walked_at = (
                datetime.fromisoformat(self.host.connections.list()[0].full_walk_at or "")
                if listing.how == "resumed"
                else moment
            )
            self.horizon, self.walk_began = listing.horizon, None
        return expected

    def was_cut(self, listing: Listing, options: Options) -> None:
        """A sync was cut short: where it stands is for the store to say."""
        self.model.cut_short(listing, files=options.files)
        one = self.host.connections.list()[0]
        self.walked_at = datetime.fromisoformat(one.full_walk_at) if one.full_walk_at else None
        self.horizon = one.horizon
        if not read_store(self.host).windows:
            self.walk_began = None

    def run(self, options: Options) -> SyncFinished | SyncStopped:
        return list(self.host.sync(options=options))[-1]  # type: ignore[return-value]

    def sync_with(self, options: Options) -> None:
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        last = self.run(options)
        if not self.key_is_good:
            assert isinstance(last, SyncStopped), last
            assert last.error.code == "FG-key-rejected"
            assert self.host.connections.list()[0].state == "credentials-rejected"
            return
        assert isinstance(last, SyncFinished), last
        self.last = last
        expected = self.ended(listing, options, moment)
        if expected is not None:
            assert {name: last.counts.get(name, 0) for name in expected} == expected
        self.agree()

    @precondition(lambda self: self.connected)
    @rule(files=st.booleans())
    def sync(self, files: bool) -> None:
        self.note("sync")
        self.sync_with(Options(files=files))

    @precondition(lambda self: self.connected)
    @rule(files=st.booleans())
    def full_walk(self, files: bool) -> None:
        self.note("full walk")
        self.sync_with(Options(full=True, files=files))

    @precondition(lambda self: self.connected)
    @rule(
        since=st.sampled_from([None, 3, 100, 3000]),
        until=st.sampled_from([None, 0, 80]),
        files=st.booleans(),
    )
    def sync_a_window(self, since: int | None, until: int | None, files: bool) -> None:
        self.note("sync with since and until")
        today = self.clock.moment.date()
        since_day, until_day = (
            None if ago is None else today - timedelta(days=ago) for ago in (since, until)
        )
        if since_day and until_day and since_day > until_day:
            until_day = None
        self.sync_with(Options(since=since_day, until=until_day, files=files))

    @precondition(lambda self: self.key_is_good)
    @rule()
    def sync_twice(self) -> None:
        """With nothing new, a second sync asks once and decides nothing."""
        self.sync_with(Options())
        self.note("a sync with nothing new")
        self.server.clear_requests()
        self.sync_with(Options())
        assert dict(self.last.counts) == {}
        assert len(self.server.requests) == 1, self.server.requests

    # -- faults ------------------------------------------------------------------------------------

    @precondition(lambda self: self.key_is_good)
    @rule(point=st.integers(1, 14), full=st.booleans(), files=st.booleans())
    def plug_is_pulled(self, point: int, full: bool, files: bool) -> None:
        """At its n-th commit a sync loses its process, and nothing that it had not committed
        reaches the store.
        """
        self.note("the plug is pulled at the n-th commit")
        options = Options(full=full, files=files)
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        left = [point]

        def pull(*_: object) -> None:
            left[0] -= 1
            if left[0] <= 0:
                raise Pulled

        event.listen(self.host.workspace.database.engine, "commit", pull)
        try:
            last = self.run(options)
        except Pulled:
            self.restart()
            self.was_cut(listing, options)
        else:
            event.remove(self.host.workspace.database.engine, "commit", pull)
            assert isinstance(last, SyncFinished), last
            self.ended(listing, options, moment)
            self.agree()

    @precondition(lambda self: self.key_is_good)
    @rule(after=st.integers(1, 20), full=st.booleans())
    def stopped(self, after: int, full: bool) -> None:
        """Somebody stops a sync after its n-th event; another process that wants to sync meanwhile
        is told who is at work.
        """
        self.note("stopped by hand, and a second process meanwhile")
        options = Options(full=full)
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        events, last, second = self.host.sync(options=options), None, self.open()
        for number, last in enumerate(events, start=1):
            if number == 1 and not isinstance(last, SyncFinished | SyncStopped):
                self.is_busy(second)
            if number == after:
                break
        events.close()
        if isinstance(last, SyncFinished):
            self.ended(listing, options, moment)
            self.agree()
        else:
            self.was_cut(listing, options)
        second.close()

    def is_busy(self, second: Host) -> None:
        for work in (second.sync("intervals"), second.syncs.rebuild("intervals")):
            try:
                list(work)
            except Busy as error:
                assert error.code == "FG-sync-running"  # noqa: PT017
            else:
                raise AssertionError("two processes synced one connection at once")
        [told] = second.sync()
        assert isinstance(told, SyncStopped)
        assert isinstance(told.error, Busy)

    @rule()
    def restart(self) -> None:
        self.note("restart")
        self.host.close()
        self.host = self.open()

    @precondition(lambda self: self.connected)
    @rule(what=st.sampled_from(["rebuild", "quarantine", "dry run"]), full=st.booleans())
    def nothing_changes(self, what: str, full: bool) -> None:
        """Deriving everything again, trying again what made no sense, and a dry run change nothing,
        at any moment.
        """
        self.note({"quarantine": "quarantine is tried again"}.get(what, what))
        before = read_store(self.host)
        if what == "dry run":
            said = list(self.host.sync(options=Options(full=full, dry_run=True)))
        elif what == "quarantine":
            said = list(self.host.syncs.retry_quarantine())
        else:
            said = list(self.host.syncs.rebuild())
            assert [
                one.external_id
                for one in said
                if isinstance(one, Decided) and one.decision == "changed"
            ] == []
        after = read_store(self.host)
        assert (before.records, before.activities, before.windows) == (
            after.records,
            after.activities,
            after.windows,
        )

    # -- model and store ---------------------------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        hold_invariants(self.host)
        self.hold_identities(read_store(self.host))

    def hold_identities(self, store: Snapshot) -> None:
        """Ids and numbers of activities are for ever, and of one activity alone; a record stays
        with its activity.
        """
        for activity_id, one in store.activities.items():
            assert self.ever.setdefault(activity_id, one.number) == one.number
        assert len(set(self.ever.values())) == len(self.ever), "a number was given twice"
        for external_id, record in store.records.items():
            if record.activity is not None:
                assert (
                    self.activity_of.setdefault(external_id, record.activity) == record.activity
                ), "a record changed its activity"

    def agree(self) -> None:
        """Model and store say the same."""
        store = read_store(self.host)
        unknown = store.records.keys() - self.model.records.keys() - self.model.maybe
        assert not unknown, f"the store knows {unknown}, which no listing can have shown"
        for external_id, expected in self.model.records.items():
            if not expected.uncertain:
                self.lost += [external_id] * (external_id not in store.records)
                assert external_id in store.records, f"{external_id} is lost"
                self.agree_on(external_id, expected, store.records[external_id], store)
        certain = [one for one in self.model.records.values() if not one.uncertain]
        if len(certain) == len(self.model.records) and not self.model.maybe:
            live = sum(
                one.held is not None and not one.held.stub and one.state != "gone"
                for one in certain
            )
            assert sum(not one.gone for one in store.activities.values()) == live

    def agree_on(
        self, external_id: str, expected: Expected, record: Stored, store: Snapshot
    ) -> None:
        said = (external_id, expected)
        assert record.state == expected.state, said
        assert record.quarantined == expected.quarantined or expected.state in ("gone", "stub"), (
            said
        )
        self.agree_on_parts(external_id, expected, record)
        if expected.held is None:
            assert record.document is None, said
            return
        assert record.document is not None, said
        held, file = expected.held, expected.content if expected.file == "have" else None
        if not expected.quarantined and expected.file != "?":
            assert record.claims == held.claims(external_id, file), said
        assert record.document["start_local"] == held.start.isoformat(), said
        if held.stub:
            assert record.document.get("stub"), said
            return
        self.agree_on_activity(external_id, expected, record, store)
        if not expected.quarantined and expected.fetched is not None:
            assert record.heartrate is not None, said
            assert record.heartrate[0] == expected.fetched.heartrate, said

    def agree_on_parts(self, external_id: str, expected: Expected, record: Stored) -> None:
        workout = self.world.workouts.get(external_id)
        if expected.state not in ("listed", "unlisted") or workout is None:
            return
        assert {name: record.parts.get(name) for name in ("summary", "detail", "streams")} == {
            "summary": "have",
            "detail": "have",
            "streams": "have",
        }, (external_id, expected, record.parts)
        if expected.file != "?":
            assert record.parts.get("file") == expected.file, (external_id, expected, record.parts)

    def agree_on_activity(
        self, external_id: str, expected: Expected, record: Stored, store: Snapshot
    ) -> None:
        held, said = expected.held, (external_id, expected)
        assert held is not None
        assert record.activity is not None, said
        activity = store.activities[record.activity]
        if not expected.quarantined:
            assert activity.gone == (expected.state == "gone"), said
        document = activity.document
        assert document["title"] == held.title, said
        assert document["start_local"] == held.start.isoformat(), said
        assert document["start_utc"] == held.utc, said
        assert document["timezone"] == held.zone, said
        if not expected.quarantined:
            assert len(document["laps"]) == held.laps, said

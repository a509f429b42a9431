"""A Hypothesis state machine: an account that changes, a store that follows it, and faults in
between; after each sync the store must agree with a model.
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
from fitglue_registry import Host, Options, Policy
from fitglue_registry.errors import AthleteNeeded, Busy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import Decided, DeletionsHeld, SyncFinished, SyncStopped
from fitglue_registry.testing import FakeClock
from tests.faults.machine.expected import OVERLAP, WALK_EVERY, Listing, Model
from tests.faults.machine.stores import assert_invariants, read_store
from tests.faults.machine.workouts import HOME, Workout, World

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from fitglue_registry.secrets.protocol import SecretStore
    from tests.faults.machine.expected import Expected
    from tests.faults.machine.stores import Snapshot, Stored

ZONES = (HOME, "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia")
#: A night in which an hour came twice (both of its occurrences), one in which an hour was skipped,
#: and a repeated hour in another part of the world.
NIGHTS = (
    ("2026-10-25T02:30:00", HOME, 0),
    ("2026-10-25T02:30:00", HOME, 1),
    ("2026-03-29T02:30:00", HOME, 0),
    ("2026-11-01T01:30:00", "America/Los_Angeles", 1),
)
#: The ages of workouts in days: inside the window, on both sides of its edge, long ago, and in the
#: future because the clock of a watch runs ahead.
DAYS_AGO = (0, 1, 2, 5, 20, 60, 89, 90, 91, 120, 400, 2000, -30, -26_000)

which = st.integers(0, 30)
days_ago = st.sampled_from(DAYS_AGO)


class Aborted(BaseException):
    """Raised at a commit to end the process: nothing that is not committed reaches the store."""


class Machine(RuleBasedStateMachine):
    """One athlete, one account and one store.

    ``played`` counts what was done, and ``lost`` names the records that were missing afterwards.
    """

    # A home with an empty database to copy, because creating the tables takes longer than
    # everything else.
    empty: Path
    # Creates an empty database and returns its URL, or None for SQLite in the home.
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
        self.number_of: dict[str, int] = {}  # activity id → its number, which must never change
        self.opened: list[Host] = []
        self.host = self.open()
        self.forget()

    def new_secrets(self) -> SecretStore | None:
        """Return the secret store of the host, or ``None`` for the host's own."""
        return MemorySecretStore()

    def forget(self) -> None:
        """Reset the model: without a connection nothing is expected."""
        self.model = Model(self.world)
        self.key: str | None = None  # the key of the connection
        self.activity_of: dict[str, str] = {}  # external id of a record → its activity
        self.walked_at: datetime | None = None
        # The change of the account at which an unfinished walk began.
        self.walk_began: int | None = None
        self.horizon: date | None = None

    def open(self) -> Host:
        """Open a host, as a new process would."""
        host = Host(
            self.home, self.url, secrets=self.secrets, clock=self.clock, policy=Policy.personal()
        )
        self.opened.append(host)
        return host

    def teardown(self) -> None:
        """Close all hosts and the server, and delete the folder."""
        for host in self.opened:
            host.close()
        self.server.close()
        shutil.rmtree(self.folder)

    def count(self, action: str) -> None:
        """Count that an action was played."""
        self.played[action] += 1

    # -- what an athlete, a watch and the service do -----------------------------------------------

    def unique(self, start: datetime) -> datetime:
        """Return the start at a unique minute and second, because two workouts that overlap by
        accident would be matched as one.
        """
        serial = self.world.serial()
        return start.replace(minute=serial % 60, second=serial // 60 * 7 % 60)

    def day(self, ago: int) -> datetime:
        """Return seven o'clock of the day ``ago`` days before the clock's date."""
        return datetime.combine(
            self.clock.moment.date() - timedelta(days=ago), datetime.min.time()
        ).replace(hour=7)

    def pick(self, which: int, **wanted: Any) -> str | None:
        """Return one of the workouts that have these attributes, or ``None`` if no workout does."""
        matching = [
            external_id
            for external_id, workout in sorted(self.world.workouts.items())
            if all(getattr(workout, name) == value for name, value in wanted.items())
        ]
        return matching[which % len(matching)] if matching else None

    def add(self, workout: Workout, external_id: str | None = None) -> str:
        """Add a workout to the account and return its external id."""
        serial = self.world.serial()
        external_id = external_id or (str(9_000_000 + serial) if workout.stub else f"i{serial}")
        self.world.put(external_id, workout)
        return external_id

    @initialize(agos=st.lists(days_ago, min_size=3, max_size=8))
    def begin(self, agos: list[int]) -> None:
        """Create some workouts, most of them with a file, and a connection."""
        for ago in agos:
            self.record(ago, with_file=ago % 3 != 0)
        self.connect()

    @rule(ago=days_ago, with_file=st.booleans())
    def record(self, ago: int, with_file: bool) -> None:
        """Add a workout, which arrives late if it was long ago."""
        self.count("workouts arrive, some of them late")
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
        """Add a workout in a night with a daylight saving change."""
        self.count("a workout in the night of a daylight saving change")
        start, zone, fold = night
        self.add(
            Workout(
                self.unique(datetime.fromisoformat(start)), zone, fold, title="night", heartrate=90
            )
        )

    @rule(ago=days_ago)
    def strava_feeds(self, ago: int) -> None:
        """Add a stub, as a feed from Strava does."""
        self.count("a stub arrives")
        self.add(Workout(self.unique(self.day(ago)), stub=True))

    @precondition(lambda self: self.world.workouts)
    @rule(which=which, action=st.sampled_from(["title", "laps", "heartrate", "file"]))
    def edit(self, which: int, action: str) -> None:
        """Change the title, laps, heart rate or file of a workout."""
        external_id = self.pick(which, stub=False)
        if external_id is None:
            return
        workout, serial = self.world.workouts[external_id], self.world.serial()
        known = self.model.records.get(external_id)
        inside = (
            known is not None
            and known.day is not None
            and known.day >= self.clock.moment.date() - OVERLAP
        )
        self.count(f"an edit {'inside' if inside else 'outside'} the window")
        changes: dict[str, Any] = {"title": f"renamed {serial}"}
        if action == "laps":
            changes = {"laps": workout.laps % 3 + 1, "analyzed": serial}
        elif action == "heartrate":
            changes = {"heartrate": 100 + serial, "analyzed": serial}
        elif action == "file":
            changes = {"file": f"file {serial}".encode(), "uploaded": serial}
        self.world.change(external_id, **changes)

    @precondition(lambda self: self.world.workouts)
    @rule(which=which, ago=days_ago)
    def change_the_start(self, which: int, ago: int) -> None:
        """Change the start of a workout."""
        external_id = self.pick(which, stub=False)
        if external_id is not None:
            self.count("a changed start date")
            self.world.change(external_id, start=self.unique(self.day(ago)), zone=self.zone, fold=0)

    @precondition(lambda self: self.world.workouts)
    @rule(which=which)
    def delete(self, which: int) -> None:
        """Delete a workout."""
        self.count("a deletion")
        external_id = self.pick(which)
        assert external_id is not None
        self.deleted[external_id] = self.world.delete(external_id)

    @precondition(lambda self: self.deleted)
    @rule(which=which)
    def add_again(self, which: int) -> None:
        """Add a deleted workout again under its old id."""
        self.count("a deleted workout reappears under its id")
        external_id = sorted(self.deleted)[which % len(self.deleted)]
        self.add(self.deleted.pop(external_id), external_id)

    @rule(which=which, beside=st.booleans())
    def native_copy_arrives(self, which: int, beside: bool) -> None:
        """Add a native copy of a stub, and delete the stub unless ``beside`` is true."""
        stub = self.pick(which, stub=True)
        if stub is None or any(
            workout.strava_id == stub
            for workout in (*self.world.workouts.values(), *self.deleted.values())
        ):
            return
        self.count("a native copy arrives beside or in place of its stub")
        serial = self.world.serial()
        start = self.world.workouts[stub].start
        self.add(Workout(start, title=f"native {serial}", heartrate=100 + serial, strava_id=stub))
        if not beside:
            self.deleted[stub] = self.world.delete(stub)

    @rule(which=which)
    def stub_becomes_native(self, which: int) -> None:
        """Replace a stub by a native workout under the same id."""
        stub = self.pick(which, stub=True)
        if stub is not None and not any(
            workout.strava_id == stub
            for workout in (*self.world.workouts.values(), *self.deleted.values())
        ):
            self.count("a stub becomes native under its id")
            serial = self.world.serial()
            self.world.change(
                stub, stub=False, title=f"native {serial}", heartrate=100 + serial, analyzed=serial
            )

    @rule(which=which)
    def become_odd(self, which: int) -> None:
        """Make a row malformed."""
        external_id = self.pick(which, stub=False, odd=False)
        if external_id is not None:
            self.count("a row becomes malformed")
            self.world.change(external_id, odd=True)

    @rule(which=which)
    def repair(self, which: int) -> None:
        """Make a malformed row valid again."""
        external_id = self.pick(which, odd=True)
        if external_id is not None:
            self.count("a malformed row becomes valid again")
            self.world.change(external_id, odd=False)

    @rule(action=st.sampled_from(["key", "days", *ZONES]))
    def around_the_workouts(self, action: str) -> None:
        """Add a key to every row, change the athlete's time zone, or change the fitness value on
        every row; no workout changes.
        """
        if action == "key" and len(self.world.keys) < 3:
            self.count("a new key on every row")
            self.world.add_key(f"new_{len(self.world.keys)}_zones")
        elif action in ZONES:
            self.count("the athlete changes the time zone")
            self.zone = action
            self.world.account.set_timezone(action)
        else:
            self.count("the fitness value changes on every row")
            self.world.account.drift(2)

    @rule(hours=st.sampled_from([1, 24, 8 * 24, 40 * 24, 400 * 24, -1, -24, -10 * 24, -400 * 24]))
    def clock_moves(self, hours: int) -> None:
        """Set the clock forward or back."""
        self.count("the clock is set forward" if hours > 0 else "the clock is set back")
        self.clock.move(hours=hours)

    # -- connecting --------------------------------------------------------------------------------

    @precondition(lambda self: self.key is None or self.key != self.server.api_key)
    @rule()
    def connect(self) -> None:
        """Connect for the first time, again, or with a renewed key."""
        self.count("connect, or connect again with a renewed key")
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
        """Assert that a wrong key is rejected."""
        self.count("connect with a wrong key")
        try:
            self.host.connect("intervals", {"api_key": "wrong", "base_url": self.server.url})
        except AthleteNeeded as error:
            assert error.code == "FG-key-rejected"  # noqa: PT017
        else:
            raise AssertionError("a wrong key was accepted")

    @precondition(lambda self: self.key_is_good)
    @rule(renewed=st.booleans())
    def revoke_the_key(self, renewed: bool) -> None:
        """Revoke the key, or replace it by another."""
        self.count("the key is revoked")
        if renewed:
            self.server.set_key(f"key-{self.world.serial()}")
        else:
            self.server.revoke_key()

    @precondition(lambda self: self.key is not None)
    @rule(sure=st.integers(0, 5))
    def disconnect(self, sure: int) -> None:
        """Remove the connection, and assert that nothing of it is left."""
        if sure:  # only sometimes, because everything starts from the beginning
            return
        self.count("disconnect")
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
        """Whether the connection exists."""
        return self.key is not None

    @property
    def key_is_good(self) -> bool:
        """Whether the connection has the key that the server accepts."""
        return self.key is not None and self.key == self.server.api_key

    def walk_is_due(self) -> bool:
        """Return whether the next sync is a full walk.

        A clock that was set far back makes it due too, because the time since the last walk is
        unknown.
        """
        return self.walked_at is None or abs(self.clock.moment - self.walked_at) >= WALK_EVERY

    def listing(self, options: Options) -> Listing:
        """Return what a sync must list according to the design."""
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
        """Record the start of a walk."""
        if listing.how in ("first", "walk"):
            self.walk_began = self.world.moment

    def ended(self, listing: Listing, options: Options, moment: datetime) -> dict[str, int] | None:
        """Update the model after a sync that finished, and return the counts that it must report,
        if they are certain.
        """
        expected = self.model.complete(
            listing,
            Listing("window", options.since, options.until, listing.today)
            if options.files
            else None,
        )
        if listing.ends_walk:
            self.walked_at = (
                datetime.fromisoformat(self.host.connections.list()[0].full_walk_at or "")
                if listing.how == "resumed"
                else moment
            )
            self.horizon, self.walk_began = listing.horizon, None
        return expected

    def was_interrupted(self, listing: Listing, options: Options) -> None:
        """Update the model after an interrupted sync; how far its walk got is read from the
        store.
        """
        self.model.interrupt(listing, files=options.files)
        connection = self.host.connections.list()[0]
        self.walked_at = (
            datetime.fromisoformat(connection.full_walk_at) if connection.full_walk_at else None
        )
        self.horizon = connection.horizon
        if not read_store(self.host).windows:
            self.walk_began = None

    def run(self, options: Options) -> SyncFinished | SyncStopped | DeletionsHeld:
        """Run a sync and return its last event, or that it holds deletions."""
        events = list(self.host.sync(options=options))
        for event_ in events:
            if isinstance(event_, DeletionsHeld):
                return event_
        return events[-1]  # type: ignore[return-value]

    def sync_with(self, options: Options) -> None:
        """Run a sync, and assert its outcome, its counts and the store after it."""
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        last = self.run(options)
        if not self.key_is_good:
            assert isinstance(last, SyncStopped), last
            assert last.error.code == "FG-key-rejected"
            assert self.host.connections.list()[0].state == "credentials-rejected"
            return
        if isinstance(last, DeletionsHeld):
            self.confirm_deletions(listing, options)
            return
        assert isinstance(last, SyncFinished), last
        self.last = last
        expected = self.ended(listing, options, moment)
        if expected is not None:
            assert {name: last.counts.get(name, 0) for name in expected} == expected
        self.assert_agreement()

    def confirm_deletions(self, listing: Listing, options: Options) -> None:
        """Confirm deletions that are held; until then, the sync counts as interrupted."""
        self.was_interrupted(listing, options)
        self.sync_with(Options(full=True, files=options.files, confirm_deletions=True))

    @precondition(lambda self: self.connected)
    @rule(files=st.booleans())
    def sync(self, files: bool) -> None:
        """Run an ordinary sync."""
        self.count("sync")
        self.sync_with(Options(files=files))

    @precondition(lambda self: self.connected)
    @rule(files=st.booleans())
    def full_walk(self, files: bool) -> None:
        """Run a full walk."""
        self.count("full walk")
        self.sync_with(Options(full=True, files=files))

    @precondition(lambda self: self.connected)
    @rule(
        since=st.sampled_from([None, 3, 100, 3000]),
        until=st.sampled_from([None, 0, 80]),
        files=st.booleans(),
    )
    def sync_a_window(self, since: int | None, until: int | None, files: bool) -> None:
        """Run a sync with a first and a last day."""
        self.count("sync with since and until")
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
        """Sync twice, and assert that the second sync makes one request and changes nothing."""
        self.sync_with(Options())
        if self.walk_is_due():
            # That sync resumed a full walk that began so long ago that the next one is due already:
            # the date of a full walk is its beginning.
            self.sync_with(Options())
        self.count("a sync with nothing new")
        self.server.clear_requests()
        self.sync_with(Options())
        assert dict(self.last.counts) == {}
        assert len(self.server.requests) == 1, self.server.requests

    # -- faults ------------------------------------------------------------------------------------

    @precondition(lambda self: self.key_is_good)
    @rule(point=st.integers(1, 14), full=st.booleans(), files=st.booleans())
    def abort_at_commit(self, point: int, full: bool, files: bool) -> None:
        """Abort a sync at its n-th commit, so that nothing after the previous commit reaches the
        store.
        """
        self.count("the process aborts at the n-th commit")
        options = Options(full=full, files=files)
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        left = [point]

        def abort(*_: object) -> None:
            left[0] -= 1
            if left[0] <= 0:
                raise Aborted

        event.listen(self.host.workspace.database.engine, "commit", abort)
        try:
            last = self.run(options)
        except Aborted:
            self.restart()
            self.was_interrupted(listing, options)
        else:
            event.remove(self.host.workspace.database.engine, "commit", abort)
            if isinstance(last, DeletionsHeld):
                self.confirm_deletions(listing, options)
                return
            assert isinstance(last, SyncFinished), last
            self.ended(listing, options, moment)
            self.assert_agreement()

    @precondition(lambda self: self.key_is_good)
    @rule(after=st.integers(1, 20), full=st.booleans())
    def stopped(self, after: int, full: bool) -> None:
        """Stop a sync after its n-th event, while another process tries to sync and is told that a
        sync is running.
        """
        self.count("stopped by the user, while a second process tries to sync")
        options = Options(full=full)
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        events, last, second = self.host.sync(options=options), None, self.open()
        is_held = False
        for number, last in enumerate(events, start=1):
            is_held = is_held or isinstance(last, DeletionsHeld)
            if number == 1 and not isinstance(last, SyncFinished | SyncStopped):
                self.assert_busy(second)
            if number == after:
                break
        events.close()
        if isinstance(last, SyncFinished) and not is_held:
            self.ended(listing, options, moment)
            self.assert_agreement()
        else:
            self.was_interrupted(listing, options)
        second.close()

    def assert_busy(self, second: Host) -> None:
        """Assert that the second process can neither sync nor rebuild meanwhile."""
        for work in (second.sync("intervals"), second.syncs.rebuild("intervals")):
            try:
                list(work)
            except Busy as error:
                assert error.code == "FG-sync-running"  # noqa: PT017
            else:
                raise AssertionError("two processes synced one connection at once")
        [stopped] = second.sync()
        assert isinstance(stopped, SyncStopped)
        assert isinstance(stopped.error, Busy)

    @rule()
    def restart(self) -> None:
        """Close the host and open another."""
        self.count("restart")
        self.host.close()
        self.host = self.open()

    @precondition(lambda self: self.connected)
    @rule(action=st.sampled_from(["rebuild", "quarantine", "dry run"]), full=st.booleans())
    def nothing_changes(self, action: str, full: bool) -> None:
        """Assert that a rebuild, a retry of the quarantine and a dry run change nothing, at any
        moment.
        """
        self.count({"quarantine": "the quarantine is retried"}.get(action, action))
        before = read_store(self.host)
        if action == "dry run":
            events = list(self.host.sync(options=Options(full=full, dry_run=True)))
        elif action == "quarantine":
            events = list(self.host.syncs.retry_quarantine())
        else:
            events = list(self.host.syncs.rebuild())
            assert [
                event.external_id
                for event in events
                if isinstance(event, Decided) and event.decision == "changed"
            ] == []
        after = read_store(self.host)
        assert (before.records, before.activities, before.windows) == (
            after.records,
            after.activities,
            after.windows,
        )

    # -- model and store ---------------------------------------------------------------------------

    @invariant()
    def assert_invariants_hold(self) -> None:
        """Assert the invariants of the store, and that ids and numbers are permanent."""
        assert_invariants(self.host)
        self.assert_identities(read_store(self.host))

    def assert_identities(self, store: Snapshot) -> None:
        """Assert that ids and numbers of activities never change or repeat, and that each record
        stays with its activity.
        """
        for activity_id, activity in store.activities.items():
            assert self.number_of.setdefault(activity_id, activity.number) == activity.number
        assert len(set(self.number_of.values())) == len(self.number_of), (
            "two activities have one number"
        )
        for external_id, record in store.records.items():
            if record.activity is not None:
                assert (
                    self.activity_of.setdefault(external_id, record.activity) == record.activity
                ), "a record changed its activity"

    def assert_agreement(self) -> None:
        """Assert that the store contains what the model expects."""
        store = read_store(self.host)
        unknown = store.records.keys() - self.model.records.keys() - self.model.maybe
        assert not unknown, f"the store knows {unknown}, which no listing can have shown"
        for external_id, expected in self.model.records.items():
            if not expected.uncertain:
                self.lost += [external_id] * (external_id not in store.records)
                assert external_id in store.records, f"{external_id} is lost"
                self.assert_agreement_on(external_id, expected, store.records[external_id], store)
        certain = [expected for expected in self.model.records.values() if not expected.uncertain]
        if len(certain) == len(self.model.records) and not self.model.maybe:
            live = sum(
                expected.held is not None and not expected.held.stub and expected.state != "gone"
                for expected in certain
            )
            assert sum(not activity.gone for activity in store.activities.values()) == live

    def assert_agreement_on(
        self, external_id: str, expected: Expected, record: Stored, store: Snapshot
    ) -> None:
        """Assert that the store contains what the model expects of one record."""
        context = (external_id, expected)
        assert record.state == expected.state, context
        assert record.quarantined == expected.quarantined or expected.state in ("gone", "stub"), (
            context
        )
        self.assert_agreement_on_parts(external_id, expected, record)
        if expected.held is None:
            assert record.document is None, context
            return
        assert record.document is not None, context
        held, file = expected.held, expected.content if expected.file == "have" else None
        if not expected.quarantined and expected.file != "?":
            assert record.claims == held.claims(external_id, file), context
        assert record.document["start_local"] == held.local.isoformat(), context
        if held.stub:
            assert record.document.get("stub"), context
            return
        self.assert_agreement_on_activity(external_id, expected, record, store)
        if not expected.quarantined and expected.fetched is not None:
            assert record.heartrate is not None, context
            assert record.heartrate[0] == expected.fetched.heartrate, context

    def assert_agreement_on_parts(
        self, external_id: str, expected: Expected, record: Stored
    ) -> None:
        """Assert that a live record has every part that it must have."""
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

    def assert_agreement_on_activity(
        self, external_id: str, expected: Expected, record: Stored, store: Snapshot
    ) -> None:
        """Assert that an activity has the values of its workout."""
        held, context = expected.held, (external_id, expected)
        assert held is not None
        assert record.activity is not None, context
        activity = store.activities[record.activity]
        if not expected.quarantined:
            assert activity.gone == (expected.state == "gone"), context
        document = activity.document
        assert document["title"] == held.title, context
        assert document["start_local"] == held.local.isoformat(), context
        assert document["start_utc"] == held.utc, context
        assert document["timezone"] == held.zone, context
        if not expected.quarantined:
            assert len(document["laps"]) == held.laps, context

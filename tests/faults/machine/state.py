"""One athlete, one account and one store, what the store must contain, and how a sync must end."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from fitglue_registry import Host, Options, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import DeletionsHeld, SyncFinished, SyncStopped
from fitglue_registry.testing import FakeClock
from tests.faults.machine.access import FINISHED, PlainKey
from tests.faults.machine.expected import OVERLAP, WALK_EVERY, Listing, Model
from tests.faults.machine.stores import assert_invariants, read_store
from tests.faults.machine.workouts import HOME, Workout, World
from tests.faults.secrets.searching import Search

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from fitglue_registry.secrets.protocol import SecretStore
    from tests.faults.machine.expected import Expected
    from tests.faults.machine.stores import Snapshot, Stored


#: So few rows per window that a full walk through a small account has many windows.
ROWS = 3
#: Whether a sync fetches original files, or keeps to what the connection has.
files = st.sampled_from([True, None])


class State(RuleBasedStateMachine):
    """One athlete, one account and one store.

    ``played`` counts what was done, and ``lost`` names the records that were missing afterwards.
    """

    # A home with an empty database to copy, because creating the tables takes longer than
    # everything else.
    empty: Path
    # How it gets access to the account.
    access_by: type[PlainKey] = PlainKey
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
        self.access = self.access_by(self.world.account, self.clock, self.folder)
        self.server = self.access.service
        self.is_connected = False
        self.said: list[str] = []  # what events and errors have said
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
        self.is_connected, self.access.key = False, None
        self.activity_of: dict[str, str] = {}  # external id of a record → its activity
        self.walked_at: datetime | None = None
        # The change of the account at which an unfinished walk began.
        self.walk_began: int | None = None
        self.horizon: date | None = None

    def open(self) -> Host:
        """Open a host, as a new process would."""
        host = Host(
            self.home,
            self.url,
            secrets=self.secrets,
            clock=self.clock,
            policy=Policy.personal(),
            **self.access.options(),
        )
        self.opened.append(host)
        return host

    def teardown(self) -> None:
        """Close all hosts and the server, search for secrets, and delete the folder."""
        for host in self.opened:
            host.close()
        self.server.close()
        search = Search(self.access.hidden)
        found = [*search.in_text(*self.said), *search.in_home(self.home)]
        shutil.rmtree(self.folder)
        assert not found, "a secret was shown or stored"

    def count(self, action: str) -> None:
        """Count that an action was played."""
        self.played[action] += 1

    # -- syncing -----------------------------------------------------------------------------------

    @property
    def can_sync(self) -> bool:
        """Whether the connection exists, and its next sync must finish."""
        return self.is_connected and self.access.outcomes(self.host) == FINISHED

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
        self.model.interrupt(listing, files=bool(options.files))
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
        self.said += map(repr, events)
        for event_ in events:
            if isinstance(event_, DeletionsHeld):
                return event_
        return events[-1]  # type: ignore[return-value]

    def sync_with(self, options: Options) -> None:
        """Run a sync, and assert its outcome, its counts and the store after it."""
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        possible = self.access.outcomes(self.host)
        last = self.run(options)
        if isinstance(last, SyncStopped):
            self.assert_stopped(last, possible)
            return
        assert possible == FINISHED, last
        if isinstance(last, DeletionsHeld):
            self.confirm_deletions(listing, options)
            return
        assert isinstance(last, SyncFinished), last
        self.last = last
        expected = self.ended(listing, options, moment)
        if expected is not None:
            assert {name: last.counts.get(name, 0) for name in expected} == expected
        self.assert_agreement()

    def assert_stopped(self, last: SyncStopped, possible: set[str]) -> None:
        """Assert that a sync had this reason to stop, and that the connection has its state."""
        code = last.error.code
        self.said += [str(last.error), repr(last.error)]
        assert code in possible, last
        if code == self.access.rejected:
            assert self.host.connections.list()[0].state == "credentials-rejected"

    def confirm_deletions(self, listing: Listing, options: Options) -> None:
        """Confirm deletions that are held; until then, the sync counts as interrupted."""
        self.count("deletions are held until they are confirmed")
        self.was_interrupted(listing, options)
        self.sync_with(Options(full=True, files=options.files, confirm_deletions=True))

    # -- model and store ---------------------------------------------------------------------------

    @invariant()
    def assert_invariants_hold(self) -> None:
        """Assert the invariants of the store, and that ids and numbers are permanent."""
        assert_invariants(self.host)
        if self.is_connected:
            self.access.assert_held(self.host)
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
        if expected.may_differ:
            return
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

"""The rules of the machine for connecting, syncing and rebuilding without a fault."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fitglue_registry import Options
from fitglue_registry.errors import FitglueError
from fitglue_registry.sync.events import Decided
from tests.faults.machine.state import State, files
from tests.faults.machine.stores import read_store


class SyncRules(State):
    """What an athlete does with the program."""

    @precondition(lambda self: not self.access.is_good())
    @rule()
    def connect(self) -> None:
        """Connect for the first time, again, or with a renewed key."""
        self.count("connect, or connect again with a renewed key")
        result = self.access.connect(self.host, self.world.serial())
        self.said.append(repr(result))
        assert result.renewed == self.is_connected
        assert self.host.connections.list()[0].account.timezone == self.zone
        self.is_connected = True

    @precondition(lambda self: not self.is_connected)
    @rule()
    def connect_with_a_wrong_key(self) -> None:
        """Assert that a wrong key is rejected."""
        self.count("connect with a wrong key")
        try:
            self.access.connect_wrongly(self.host)
        except FitglueError as error:
            self.said += [str(error), repr(error)]
            assert error.code == self.access.refused  # noqa: PT017
        else:
            raise AssertionError("a wrong key was accepted")

    @precondition(lambda self: self.access.is_good())
    @rule(renewed=st.booleans())
    def revoke_the_key(self, renewed: bool) -> None:
        """Revoke the key, or replace it by another."""
        self.count("the key is revoked")
        self.access.revoke(self.world.serial(), renewed=renewed)

    @precondition(lambda self: self.is_connected)
    @rule(sure=st.integers(0, 5))
    def disconnect(self, sure: int) -> None:
        """Remove the connection, and assert that nothing of it is left."""
        if sure:  # only sometimes, because everything starts from the beginning
            return
        self.count("disconnect")
        [connected] = self.host.connections.list()
        kept = self.host.workspace.secrets.get(connected.secret_ref or "")
        removed = self.host.connections.remove("intervals")
        self.access.assert_taken_back(removed, kept)
        self.forget()
        store = read_store(self.host)
        assert (store.records, store.activities, store.connections, store.windows) == (
            {},
            {},
            [],
            0,
        )
        assert not list(self.host.workspace.raws.blobs.all())

    @precondition(lambda self: self.is_connected)
    @rule(files=files)
    def sync(self, files: bool | None) -> None:
        """Run an ordinary sync."""
        self.count("sync")
        self.sync_with(Options(files=files))

    @precondition(lambda self: self.is_connected)
    @rule(files=files)
    def full_walk(self, files: bool | None) -> None:
        """Run a full walk."""
        self.count("full walk")
        self.sync_with(Options(full=True, files=files))

    @precondition(lambda self: self.is_connected)
    @rule(
        since=st.sampled_from([None, 3, 100, 3000]),
        until=st.sampled_from([None, 0, 80]),
        files=files,
    )
    def sync_a_window(self, since: int | None, until: int | None, files: bool | None) -> None:
        """Run a sync with a first and a last day."""
        self.count("sync with since and until")
        today = self.clock.moment.date()
        since_day, until_day = (
            None if ago is None else today - timedelta(days=ago) for ago in (since, until)
        )
        if since_day and until_day and since_day > until_day:
            until_day = None
        self.sync_with(Options(since=since_day, until=until_day, files=files))

    @precondition(lambda self: self.can_sync)
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
        assert len(self.access.data_requests()) == 1, self.server.requests

    @precondition(lambda self: self.is_connected)
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
        self.said += map(repr, events)
        after = read_store(self.host)
        assert (before.records, before.activities, before.windows) == (
            after.records,
            after.activities,
            after.windows,
        )

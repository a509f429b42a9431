"""The rules of the machine for syncs that end in the middle, and for two at once."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import event

from fitglue_registry import Host, Options
from fitglue_registry.errors import Busy
from fitglue_registry.sync.events import DeletionsHeld, SyncFinished, SyncStopped
from tests.faults.machine.state import State, files


class Aborted(BaseException):
    """Raised to end the process: nothing that is not committed reaches the store."""


class FaultRules(State):
    """What ends a sync in the middle, and a process."""

    @precondition(lambda self: self.can_sync)
    @rule(point=st.integers(1, 14), full=st.booleans(), files=files)
    def abort_at_commit(self, point: int, full: bool, files: bool | None) -> None:
        """Abort a sync at its n-th commit, so that nothing after the previous commit reaches the
        store.
        """
        self.count("the process aborts at the n-th commit")
        options = Options(full=full, files=files)
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        self.access.before_kill()
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
            self.access.after_kill(self.host)
            self.was_interrupted(listing, options)
        else:
            event.remove(self.host.workspace.database.engine, "commit", abort)
            if isinstance(last, DeletionsHeld):
                self.confirm_deletions(listing, options)
                return
            assert isinstance(last, SyncFinished), last
            self.ended(listing, options, moment)
            self.assert_agreement()

    @precondition(lambda self: self.can_sync)
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

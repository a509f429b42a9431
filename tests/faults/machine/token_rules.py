"""The rules of the machine for access by tokens: they end, are replaced and revoked, and the
service that issues them fails.
"""

from __future__ import annotations

from contextlib import ExitStack
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from fitglue_registry import Options
from fitglue_registry.sync.events import DeletionsHeld, SyncFinished, SyncStopped
from tests.faults.machine.fault_rules import Aborted
from tests.faults.machine.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable

_GRANTING = "fitglue_registry.services.granting"
#: The functions that request new tokens.
REQUESTS = (f"{_GRANTING}.token_sources.issue", f"{_GRANTING}.permission_tokens.renew")
#: Those that also store them.
RENEWALS = (
    f"{_GRANTING}.token_sources.StoredTokens._renewed",
    f"{_GRANTING}.permission_tokens.PermissionTokens._renewed",
)
#: Where a renewal can be aborted: what is aborted, and whether it is done before.
POINTS = {
    "before the request": (REQUESTS, False),
    "after the request": (REQUESTS, True),
    "when the tokens are stored": (RENEWALS, True),
}


class TokenMachine(Machine):
    """A machine whose account needs tokens. Its secrets are in encrypted files."""

    def new_secrets(self) -> None:
        """Return ``None``, so that secrets are in files, which a backup contains."""
        return

    @initialize(rotates=st.sampled_from([True, True, False]))
    def choose(self, rotates: bool) -> None:
        """Let the service replace refresh tokens, or keep them."""
        self.server.rotates = rotates

    @rule()
    def tokens_end(self) -> None:
        """The service forgets its tokens before they end."""
        self.count("tokens end early")
        self.server.tokens.clear()

    @rule(failure=st.sampled_from([500, 503, "lost"]))
    def tokens_fail(self, failure: int | str) -> None:
        """Requests for tokens fail, or their responses are lost."""
        self.count(f"requests for tokens fail: {failure}")
        self.access.fail(failure)

    @rule()
    def tokens_work(self) -> None:
        """Requests for tokens work again."""
        self.access.fail(None)

    @precondition(lambda self: self.is_connected)
    @rule(failure=st.sampled_from([500, "lost"]))
    def sync_while_tokens_fail(self, failure: int | str) -> None:
        """Sync without a valid token while requests for tokens fail."""
        self.tokens_end()
        self.tokens_fail(failure)
        self.sync_with(Options())
        self.tokens_work()

    @precondition(lambda self: self.is_connected)
    @rule()
    def connect_again(self) -> None:
        """Connect again, although nothing demands it."""
        self.count("connect again with a good key")
        self.connect()

    @precondition(lambda self: self.can_sync)
    @rule(number=st.integers(1, 12), full=st.booleans(), revoked=st.booleans())
    def access_ends_during_a_sync(self, number: int, full: bool, revoked: bool) -> None:
        """Before the n-th response of a sync, the tokens end, or the access is revoked."""
        self.count(f"{'the access is revoked' if revoked else 'tokens end'} during a sync")
        self.tokens_work()
        options = Options(full=full)
        listing, moment = self.listing(options), self.clock.moment
        self.began(listing)
        self.server.interrupt_at(number, self._revoked if revoked else self.server.tokens.clear)
        last = self.run(options)
        self.server.interrupt_at(None, self.server.tokens.clear)
        if isinstance(last, DeletionsHeld):
            self.confirm_deletions(listing, options)
        elif isinstance(last, SyncFinished):
            self.ended(listing, options, moment)
            self.assert_agreement()
        else:
            assert revoked, last.error
            self.assert_stopped(last, {self.access.rejected})
            self.was_interrupted(listing, options)

    def _revoked(self) -> None:
        self.access.revoke(0, renewed=False)

    @precondition(lambda self: self.can_sync)
    @rule(point=st.sampled_from(list(POINTS)))
    def renewal_is_aborted(self, point: str) -> None:
        """End the process while it renews the tokens."""
        self.count(f"the process aborts during a renewal: {point}")
        self.tokens_work()
        self.tokens_end()
        options = Options()
        listing = self.listing(options)
        self.began(listing)
        with ExitStack() as patches:
            functions, done = POINTS[point]
            for name in functions:
                patches.enter_context(patch(name, aborting(name, done=done)))
            last = self.run(options)
        # Nothing that a plugin causes ends the process, so the end is reported as its failure.
        assert isinstance(last, SyncStopped), last
        assert last.error.code == "FG-plugin-raised"
        assert "Aborted" in last.error.what
        self.restart()
        # A service that replaces refresh tokens has forgotten the old one, and nobody has the new.
        self.server.has_forgotten |= point == "after the request" and self.server.rotates
        self.was_interrupted(listing, options)

    @precondition(lambda self: self.url is None)
    @rule(sure=st.booleans())
    def back_up_and_restore(self, sure: bool) -> None:
        """Make a backup with secrets, and restore it in place of the store."""
        if not sure:  # only sometimes, because it takes longer than a sync
            return
        self.count("a backup with secrets is restored")
        path = self.folder / f"backup-{self.world.serial()}.zip"
        self.host.backups.make(path, with_secrets=True)
        restored = self.host.backups.restore(path, replace=True, with_secrets=True)
        assert restored.without_key == ()
        self.restart()


def aborting(name: str, *, done: bool) -> Callable[..., Any]:
    """Return a function that ends the process before or after what the named one does."""
    real = resolve_name(name)

    def abort(*arguments: Any) -> Any:
        if done:
            real(*arguments)
        raise Aborted

    return abort

"""A Hypothesis state machine for a permission (OAuth 2): time passes, the service fails, forgets
and replaces tokens, the athlete takes the permission back and gives it again, and two hosts sync;
after each sync, the outcome must be the one that the promises say.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import hypothesis
import hypothesis.stateful
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import FakeClock, Fault
from tests.services.granting.club import (
    OAUTH2,
    REDIRECT,
    OAuthClub,
    app_at,
    host_of,
    make_registry,
)

#: What a sync says if the service does not work, or if its response is lost.
OUTAGES = {"FG-source-down", "FG-answer-broken", "FG-no-network"}


class Permissions(RuleBasedStateMachine):
    """One permission, the service that has given it, and two hosts on one store."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="fitglue-permissions-"))
        self.clock = FakeClock()
        self.club = OAuthClub(self.clock.now).start()
        options = {
            "clock": self.clock,
            "secrets": MemorySecretStore(),
            "apps": {"club": app_at(self.club)},
        }
        registry = make_registry(self.folder / "registry", OAUTH2)
        self.hosts = [host_of(self.folder / "home", registry, **options) for _ in range(2)]
        self.loses = False
        self.interrupted = False  # a renewal has begun whose result nobody has received

    def teardown(self) -> None:
        for host in self.hosts:
            host.close()
        self.club.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize(rotates=st.sampled_from([True, True, False]))
    def connect(self, rotates: bool) -> None:
        """Give the permission, at a service that replaces refresh tokens or keeps them."""
        self.club.rotates = rotates
        self.give()

    @rule()
    def give(self) -> None:
        """The athlete gives the permission (again), while the service works."""
        self.works()
        connections = self.hosts[0].connections
        values = {"base_url": f"{self.club.url}/v1"}
        address = connections.begin_connect("club", values, REDIRECT).address
        connections.finish_connect(self.club.allow(address))
        self.interrupted = False

    @rule(hours=st.sampled_from([1, 5, 6, 30]))
    def wait(self, hours: int) -> None:
        """Time passes."""
        self.clock.move(hours=hours)

    @rule()
    def forget(self) -> None:
        """The service forgets its tokens before they end."""
        self.club.tokens.clear()

    @rule()
    def take_back(self) -> None:
        """The athlete takes the permission back at the service."""
        self.club.tokens.clear()
        self.club.refresh_tokens.clear()

    @rule(status=st.sampled_from([500, 503]))
    def fail(self, status: int) -> None:
        """What issues tokens stops working."""
        self.works()
        self.club.down = status

    @rule()
    def lose(self) -> None:
        """The responses with tokens are lost, after the service has carried the requests out."""
        self.works()
        self.club.fault("/oauth/token", Fault.reset(), times=None)
        self.loses = True

    @rule()
    def works(self) -> None:
        """The service works again."""
        self.club.down = None
        self.club.clear_faults()
        self.loses = False

    @rule(which=st.sampled_from([0, 1]))
    def sync(self, which: int) -> None:
        """One of the hosts syncs."""
        expected = self.expected()
        asked = self.club.exchanges
        last = list(self.hosts[which].sync())[-1]
        outcome = "finished" if isinstance(last, SyncFinished) else last.error.code
        assert outcome in expected
        renewals = self.club.exchanges - asked
        if outcome == "FG-permission-ended":
            assert ("was interrupted" in last.error.why) == self.interrupted
        elif outcome != "finished":
            self.interrupted = True
        elif renewals:
            assert renewals == 1
            self.interrupted = False

    @rule(which=st.sampled_from([0, 1]))
    def lose_a_renewal(self, which: int) -> None:
        """A host renews the token, and its response is lost."""
        self.forget()
        self.lose()
        self.sync(which)
        self.works()

    def expected(self) -> set[str]:
        """Return how a sync may end."""
        stored = self.stored()
        ends = self.club.tokens.get(stored["access-token"])
        now = self.clock.now()
        if stored["token-renew-at"] > now.isoformat() and ends is not None and ends > now:
            return {"finished"}
        if self.club.down or self.loses:
            return OUTAGES
        if stored["refresh-token"] in self.club.refresh_tokens:
            return {"finished"}
        return {"FG-permission-ended"}

    def stored(self) -> dict[str, str]:
        """Return the values of the only secret."""
        [connected] = self.hosts[0].connections.list()
        return self.hosts[0].workspace.secrets.get(connected.secret_ref)

    @invariant()
    def there_is_one_secret(self) -> None:
        """Nothing but the secret of the connection is stored, and it names the connection."""
        secrets = self.hosts[0].workspace.secrets
        references = {connected.secret_ref for connected in self.hosts[0].connections.list()}
        assert set(secrets._values) == references


@pytest.mark.parametrize("examples", [8, pytest.param(150, marks=pytest.mark.long)])
def test_a_permission_is_lost_only_if_the_service_has_forgotten_it(examples, reliability):
    """Whatever happens between two syncs, each ends as the promises say, and leaves one secret."""
    settings = hypothesis.settings(
        max_examples=examples, stateful_step_count=25, deadline=None, derandomize=True
    )
    hypothesis.stateful.run_state_machine_as_test(Permissions, settings=settings)
    reliability(
        "machine",
        "a permission over days: outages, lost responses, tokens forgotten and replaced",
        times=examples,
        lost=0,
        seen="each sync goes on, reports an outage, or says why the permission has ended",
    )

"""Tests of a secret that is moved to another store, bound to another address, or replaced while its
tokens are being renewed: no renewed token is lost.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from fitglue_registry.registry.entry import ORIGIN_NAME
from fitglue_registry.services.granting.reserving import reserved_secret
from fitglue_registry.services.secret_use import _bind_again
from fitglue_registry.transport.origin import origin_of
from tests.services.granting.club import (
    EXCHANGE,
    KEY,
    OAUTH2,
    Club,
    OAuthClub,
    give_permission,
    host_of,
    make_registry,
)


class Interrupted:
    """Does something while it issues a token."""

    meanwhile = None

    def issue(self):
        """Return a new token."""
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return super().issue()


class InterruptedClub(Interrupted, Club):
    """A service that issues a token for a key, and is interrupted."""


class InterruptedOAuthClub(Interrupted, OAuthClub):
    """A service that renews a permission, and is interrupted."""


@pytest.fixture(params=["exchange", "oauth2"])
def club(request):
    kind = InterruptedClub if request.param == "exchange" else InterruptedOAuthClub
    with kind(lambda: datetime.now(UTC)) as service:
        yield service


@pytest.fixture
def host(home, tmp_path, club):
    """Yield a host with a connection whose token the service has forgotten."""
    has_permission = isinstance(club, OAuthClub)
    registry = make_registry(tmp_path / "registry", OAUTH2 if has_permission else EXCHANGE)
    with host_of(home, registry) as host:
        if has_permission:
            give_permission(host, club)
        else:
            host.connect("club", {"api_key": KEY, "base_url": f"{club.url}/v1"})
        club.tokens.clear()
        club.asked.clear()
        yield host


@pytest.fixture
def other(home, tmp_path, host):
    """Yield another host on the same home."""
    with host_of(home, tmp_path / "registry") as other:
        yield other


def stored(host):
    """Return the reference and the values of the only secret."""
    [connected] = host.connections.list()
    return connected.secret_ref, host.workspace.secrets.get(connected.secret_ref)


def assert_newest(host, club, scheme):
    """Check that the newest token is stored in a store, and that it is used."""
    ref, values = stored(host)
    assert ref.startswith(f"{scheme}:")
    assert values["access-token"] == club.ever[-1]
    assert host.connections.probe("club").id == "7"
    assert club.exchanges == 1


def test_a_move_waits_for_a_renewal(host, other, club):
    """Moving the keys to the keyring waits until a renewal has stored its tokens."""
    move = threading.Thread(target=other.connections.rekey, args=("keyring",))
    club.meanwhile = move.start
    assert host.connections.probe("club").id == "7"
    move.join(30)
    assert not move.is_alive()
    assert_newest(host, club, "keyring")


def test_a_move_during_a_long_renewal_is_left_for_later(host, other, club, monkeypatch):
    """If a renewal takes long, the secret stays where it is, and the error says to come back."""
    monkeypatch.setattr("fitglue_registry.services.connection_secrets._LONGEST_RENEWAL_S", 0.1)
    results = []
    club.meanwhile = lambda: results.extend(other.connections.rekey("keyring"))
    assert host.connections.probe("club").id == "7"
    [kept] = results
    assert (kept.kept_in, kept.error.code) == ("file", "FG-token-busy")
    assert_newest(host, club, "file")


def test_a_move_that_does_not_wait_loses_no_renewed_token(host, other, club, monkeypatch):
    """The renewed tokens are stored where the secret is now, even if it was moved meanwhile."""
    unlocked = "fitglue_registry.services.connection_secrets.grant_lock"
    monkeypatch.setattr(unlocked, lambda *_: nullcontext())
    club.meanwhile = lambda: other.connections.rekey("keyring")
    assert host.connections.probe("club").id == "7"
    assert_newest(host, club, "keyring")


def test_binding_again_keeps_what_was_renewed_meanwhile(host, club):
    """A secret is bound to its new address as it is stored then, not as it was read before."""
    [connected] = host.connections.list()
    _, values = stored(host)
    with reserved_secret(host.workspace, connected) as keep:
        assert keep(values | {"access-token": "renewed-meanwhile"})
    _bind_again(host.workspace, connected, origin_of("https://new.club.example"))
    ref, after = stored(host)
    assert ref != connected.secret_ref
    assert after["access-token"] == "renewed-meanwhile"
    assert after[ORIGIN_NAME] == "https://new.club.example"


def test_a_key_that_was_connected_meanwhile_keeps_its_own_token(host, other, club):
    """If the athlete connects again during a renewal, the result of the renewal is not stored."""
    if isinstance(club, OAuthClub):
        club.meanwhile = lambda: give_permission(other, club)
    else:
        club.keys.add("another-Club-key/88")
        values = {"api_key": "another-Club-key/88", "base_url": f"{club.url}/v1"}
        club.meanwhile = lambda: other.connect("club", values)
    host.connections.probe("club")
    _, values = stored(host)
    assert values["access-token"] == club.ever[-2]

"""Tests of a disk that fills up while a permission is being renewed: the service has replaced the
refresh token then, and nobody else knows the new one.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

import keyring.core
import pytest

from fitglue_registry.errors import StoreFailed
from fitglue_registry.services.granting import permission_tokens, reserving
from tests.faults.secrets.killed import FileKeyring
from tests.services.granting.club import OAUTH2, OAuthClub, give_permission, host_of, make_registry


class CarefulKeyring(FileKeyring):
    """A keyring that writes a new file and renames it, as those of desktops do."""

    def _write(self, kept):
        other = FileKeyring(self._file.with_suffix(".new"))
        FileKeyring._write(other, kept)
        other._file.replace(self._file)


@pytest.fixture
def registry(tmp_path):
    return make_registry(tmp_path / "registry", OAUTH2)


@pytest.fixture
def club():
    with OAuthClub(lambda: datetime.now(UTC)) as service:
        yield service


@pytest.fixture
def home(disk, registry, club):
    """A home on the small disk, with a permission whose token the service has forgotten."""
    home = disk.folder / "home"
    with host_of(home, registry) as host:
        give_permission(host, club)
    club.tokens.clear()
    club.asked.clear()
    return home


@pytest.fixture(params=["file", "keyring"])
def store(request, disk, monkeypatch):
    """The store of the secrets, which is on the small disk as well."""
    monkeypatch.setenv("FITGLUE_SECRETS", request.param)
    desktop = CarefulKeyring(disk.folder / "login.keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", desktop)
    return request.param


def full_from_the_answer_on(club, disk, monkeypatch):
    """Let the disk be full from the moment on at which the service replaces the refresh token."""
    tokens = club._tokens

    def answer(refreshes):
        response = tokens(refreshes=refreshes)
        disk.fill_up()
        return response

    monkeypatch.setattr(club, "_tokens", answer)


def test_a_disk_that_fills_up_during_a_renewal_loses_no_permission(
    store, disk, home, registry, club, monkeypatch, reliability
):
    """If the disk is full when the new refresh token arrives, it is stored all the same, because
    the space for it was taken before the service was asked.
    """
    with monkeypatch.context() as patch:
        full_from_the_answer_on(club, disk, patch)
        with host_of(home, registry) as host:
            assert host.connections.probe("club").id == "7"
    (disk.folder / "filler").unlink()
    club.tokens.clear()
    with host_of(home, registry) as host:
        assert host.connections.probe("club").id == "7"
        assert host.workspace.secrets.get(host.connections.list()[0].secret_ref)
    assert club.exchanges == 2
    assert not list((home / "secrets").glob("*.reserved"))
    reliability(
        "local",
        f"the disk fills up while a permission is renewed: {store}",
        lost=0,
        seen="the new tokens are stored in space that was taken before",
    )


def test_without_the_space_the_permission_is_lost(disk, home, registry, club, monkeypatch):
    """This is what the space is for: without it, the next command asks for the permission again."""
    monkeypatch.setattr(permission_tokens, "reserved_secret", lambda *_: _Nothing())
    with monkeypatch.context() as patch:
        full_from_the_answer_on(club, disk, patch)
        with host_of(home, registry) as host, pytest.raises(StoreFailed):
            host.connections.probe("club")
    (disk.folder / "filler").unlink()
    with host_of(home, registry) as host, pytest.raises(Exception, match="FG-permission-ended"):
        host.connections.probe("club")


def test_a_disk_that_is_full_before_a_renewal_asks_for_nothing(disk, home, registry, club):
    """Without space for the new tokens, the service is not asked to replace the old ones, also
    after a renewal that began and failed.
    """
    with host_of(home, registry) as host:
        club.down = 503
        with pytest.raises(Exception, match="FG-source-down"):
            host.connections.probe("club")
        club.down = None
        club.asked.clear()
        disk.fill_up()
        with pytest.raises(StoreFailed):
            host.connections.probe("club")
        assert club.exchanges == 0
        (disk.folder / "filler").unlink()
        assert host.connections.probe("club").id == "7"


def test_a_database_that_is_gone_during_a_renewal_loses_no_permission(
    disk, home, registry, club, monkeypatch
):
    """The new tokens are stored although the database cannot be read when they arrive, because its
    row already names the secret.
    """

    def gone(*_):
        raise StoreFailed("FG-store-unreachable", "the database cannot be reached")

    with monkeypatch.context() as patch, host_of(home, registry) as host:
        patch.setattr(reserving, "get_connection", gone)
        assert host.connections.probe("club").id == "7"
    club.tokens.clear()
    with host_of(home, registry) as host:
        assert host.connections.probe("club").id == "7"


@pytest.mark.parametrize("to", ["keyring", "file"])
def test_a_secret_that_moves_during_a_renewal_loses_no_permission(
    disk, home, registry, club, monkeypatch, to
):
    """If the keys are moved to another store, or encrypted with another key, by a program that does
    not wait for a renewal, the new tokens are stored where the secret is now.
    """
    unlocked = "fitglue_registry.services.connection_secrets.grant_lock"
    monkeypatch.setattr(unlocked, lambda *_: nullcontext())
    monkeypatch.setattr(keyring.core, "_keyring_backend", CarefulKeyring(disk.folder / "ring"))
    tokens = club._tokens

    def moved(refreshes):
        response = tokens(refreshes=refreshes)
        with host_of(home, registry) as other:
            other.connections.rekey(to)
        return response

    with monkeypatch.context() as patch, host_of(home, registry) as host:
        patch.setattr(club, "_tokens", moved)
        assert host.connections.probe("club").id == "7"
    club.tokens.clear()
    with host_of(home, registry) as host:
        assert host.connections.list()[0].secret_ref.startswith(f"{to}:")
        assert host.connections.probe("club").id == "7"


class _Nothing:
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return None

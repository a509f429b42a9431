"""Tests of changing keys: they are renewed, sealed with a new key, or moved, and wherever that is
killed, the secrets that the database names can be opened and no others exist.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry import Host
from fitglue_registry.errors import UserMistake
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import SyncFinished, SyncStopped
from tests.faults.secrets.conftest import KEY
from tests.faults.secrets.killed import FileKeyring, left_over, opened
from tests.sync.builders import native

CHILD = Path(__file__).with_name("killed.py")
ROOT = Path(__file__).parents[3]
RENEWED = 'R3newed"key/0f+secrets'


def key_file(home):
    return home / "secrets" / "secrets.key"


def sealed(home):
    """Return the names of the sealed files."""
    return sorted(path.name for path in (home / "secrets").glob("*.sealed"))


def test_a_renewed_key_takes_effect_and_leaves_no_copy_of_the_old_one(
    home, connect, service, reliability
):
    """After a key was renewed, the next sync uses it, and neither the folder nor the database
    contains the old one.
    """
    connect()
    before = sealed(home)
    service.set_key(RENEWED)
    connect()
    with Host(home) as host:
        assert isinstance(list(host.sync())[-1], SyncFinished)
    assert opened(home) == {"intervals": RENEWED}
    assert len(sealed(home)) == 1
    assert sealed(home) != before
    reliability(
        "secrets",
        "a key renewed while the old one is stored",
        lost=len(left_over(home)),
        seen="the connection was renewed, exit 0",
    )


def test_a_renewed_key_in_the_keyring_leaves_no_copy_of_the_old_one(
    home, connect, service, desktop, monkeypatch
):
    """After a key in the keyring was renewed, the old one is not in the keyring, which could not
    list it.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "keyring")
    connect()
    service.set_key(RENEWED)
    connect()
    assert [json.loads(value)["api_key"] for value in desktop.kept.values()] == [RENEWED]


def test_a_sync_that_is_running_takes_the_renewed_key_after_a_401(
    home, connect, service, reliability
):
    """A running sync that is answered with 401 uses a key that was renewed meanwhile, and does not
    fail.
    """
    connect()
    with Host(home) as host:
        events = host.sync()
        next(events)
        service.set_key(RENEWED)
        connect()
        last = list(events)[-1]
        assert isinstance(last, SyncFinished)
        assert host.connections.list()[0].state == "ok"
    reliability(
        "secrets",
        "a key renewed while a sync runs",
        lost=last.counts.get("not-fetched", 0),
        seen="the sync goes on, exit 0",
    )


def test_a_new_key_file_seals_every_secret(home, connect, reliability):
    """After rekey, the new key file opens every secret, and the old one opens none."""
    connect()
    old = key_file(home).read_bytes()
    with Host(home) as host:
        (kept,) = host.connections.rekey()
    assert (kept.kept_in, kept.new_key, kept.error) == ("file", True, None)
    assert opened(home) == {"intervals": KEY}
    new = key_file(home).read_bytes()
    assert old not in new
    lost = left_over(home)
    key_file(home).write_bytes(old)
    with Host(home) as host:
        assert list(host.sync())[-1].error.code == "FG-secret-key-lost"
    reliability(
        "secrets",
        "the key file replaced by rekey",
        lost=len(lost),
        seen="an encrypted file, sealed with the new key; exit 0",
    )


def test_keys_move_from_the_keyring_to_a_file_and_back(home, connect, desktop, monkeypatch):
    """Secrets can be moved from the keyring to files and back, and are then no longer in the old
    place.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "keyring")
    connect()
    with Host(home) as host:
        assert [one.kept_in for one in host.connections.rekey("file")] == ["file"]
    assert desktop.kept == {}
    with monkeypatch.context() as patch:
        patch.setattr(FileKeyring, "get_password", locked)
        assert opened(home) == {"intervals": KEY}
    with Host(home) as host:
        assert [one.kept_in for one in host.connections.rekey("keyring")] == ["keyring"]
    assert sealed(home) == []


def locked(*_):
    raise RuntimeError("the desktop is locked")


def test_a_secret_that_cannot_be_moved_stays_where_it_is(home, connect, desktop, monkeypatch):
    """If the keyring is locked, moving a secret is reported with a fix, and nothing is lost."""
    monkeypatch.setenv("FITGLUE_SECRETS", "keyring")
    connect()
    with monkeypatch.context() as patch, Host(home) as host:
        patch.setattr(FileKeyring, "get_password", locked)
        (kept,) = host.connections.rekey("file")
        assert (kept.kept_in, kept.error.code) == ("keyring", "FG-keyring-unavailable")
    assert opened(home) == {"intervals": KEY}


def test_the_secret_of_another_database_keeps_its_key(home, connect, tmp_path, service):
    """If two databases share a home, changing the key for one does not lock the other out."""
    connect()
    with Host(home, f"sqlite:///{tmp_path / 'other.db'}") as other:
        other.connect("intervals", {"api_key": service.api_key, "base_url": service.url})
        with Host(home) as host:
            host.connections.rekey()
        assert other.workspace.secrets.get(other.connections.list()[0].secret_ref)["api_key"] == KEY
        other.connections.rekey()
        assert other.workspace.secrets.get(other.connections.list()[0].secret_ref)["api_key"] == KEY
    assert opened(home) == {"intervals": KEY}


def test_an_embedder_s_own_store_is_not_touched(home):
    """A rekey does not change the secrets in an embedder's own store."""
    with Host(home, secrets=MemorySecretStore()) as host, pytest.raises(UserMistake) as caught:
        host.connections.rekey()
    assert caught.value.code == "FG-rekey-elsewhere"


def killed(home: Path, folder: Path, points: str, *work: str) -> list[dict]:
    """Kill a change at these points, inspect what is left, and make the change again to its end."""
    command = [sys.executable, "-W", "error", str(CHILD), str(home), str(folder), points, *work]
    child = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=500, check=True
    )
    return json.loads(child.stdout)


WORK = {
    "renew": ("file", "renew"),
    "renew in the keyring": ("keyring", "renew"),
    "rekey": ("file", "rekey"),
    "move to a file": ("keyring", "rekey", "file"),
    "remove": ("file", "remove"),
    "remove from the keyring": ("keyring", "remove"),
}


@pytest.fixture(params=WORK)
def change(request, tmp_path, connect, service, monkeypatch):
    """Return a prepared home, and the arguments of a change of its secrets."""
    scheme, *work = WORK[request.param]
    monkeypatch.setenv("FITGLUE_SECRETS", scheme)
    connect()
    if work == ["renew"]:
        service.set_key(RENEWED)
        work += [service.url, RENEWED]
    return request.param, work


@pytest.mark.long
def test_killed_at_any_step_of_a_change_no_secret_is_lost_and_none_stays_behind(
    change, home, tmp_path, reliability
):
    """If a change is killed before any rename, removal, commit or write to the keyring, the key can
    be opened, and the next change removes what is unused.
    """
    name, work = change
    expected = {"renew": {"intervals": RENEWED}, "rekey": {"intervals": KEY}, "remove": {}}[work[0]]
    outcomes = killed(home, tmp_path, "all", *work)
    lost = [
        one
        for one in outcomes
        if one["again"] != [0, [expected, []]]
        or not set(one["between"][1].values()) <= {KEY, RENEWED}
    ]
    assert lost == []
    assert len(outcomes) > 3
    assert all(one["killed"] for one in outcomes)
    reliability(
        "secrets",
        f"killed while secrets change: {name}",
        times=len(outcomes),
        lost=len(lost),
        seen="the same command does it, exit 0",
    )


def test_a_rekey_that_stops_half_way_loses_nothing(home, connect, monkeypatch):
    """A rekey that stops after the new key was written, and before anything is sealed with it,
    loses nothing.
    """
    connect()
    with monkeypatch.context() as patch, Host(home) as host:
        patch.setattr("fitglue_registry.secrets.file_store.seal", interrupted)
        with pytest.raises(KeyboardInterrupt):
            host.connections.rekey()
    assert opened(home) == {"intervals": KEY}
    with Host(home) as host:
        host.connections.rekey()
    assert (opened(home), left_over(home)) == ({"intervals": KEY}, [])


def interrupted(*_):
    raise KeyboardInterrupt


def test_a_sync_after_a_lost_key_reports_it_and_the_next_connect_repairs_it(
    home, service, connect, reliability
):
    """A sync after a lost key reports it while everything else works, and connecting again repairs
    it.
    """
    connect()
    with Host(home) as host:
        list(host.sync())
    key_file(home).unlink()
    with Host(home) as host:
        stopped = list(host.sync())[-1]
        assert isinstance(stopped, SyncStopped)
        lost = len(native(service.account)) - len(host.activities())
        list(host.syncs.rebuild())
    connect()
    with Host(home) as host:
        assert isinstance(list(host.sync())[-1], SyncFinished)
    reliability(
        "secrets",
        "the key file lost",
        lost=lost,
        seen=f"{stopped.error.code}, exit {stopped.error.exit_code}; connecting again repairs it",
    )

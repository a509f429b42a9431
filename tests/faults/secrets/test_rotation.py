"""Tests of keys that are renewed, encrypted again or moved: a kill at any step loses no secret and
leaves no extra one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.errors import UserMistake
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import SyncFinished, SyncStopped
from tests.faults.secrets.conftest import KEY
from tests.faults.secrets.databases import keep_secret, use_address
from tests.faults.secrets.killed import FileKeyring, left_over, opened
from tests.sync.builders import native

CHILD = Path(__file__).with_name("killed.py")
ROOT = Path(__file__).parents[3]
RENEWED = 'R3newed"key/0f+secrets'


def key_file(home):
    """Return the path of the key file."""
    return home / "secrets" / "secrets.key"


def sealed(home):
    """Return the names of the encrypted secrets."""
    return sorted(path.name for path in (home / "secrets").glob("*.sealed"))


def test_a_renewed_key_takes_effect_and_leaves_no_copy_of_the_old_one(
    home, connect, service, reliability
):
    """After a key is renewed, the next sync uses the new key, and neither the folder nor the
    database has the old one.
    """
    connect()
    before = sealed(home)
    service.set_key(RENEWED)
    connect()
    with Host(home, policy=Policy.personal()) as host:
        assert isinstance(list(host.sync())[-1], SyncFinished)
    assert opened(home) == {"intervals": RENEWED}
    assert len(sealed(home)) == 1
    assert sealed(home) != before
    reliability(
        "secrets",
        "a key is renewed while the old one is stored",
        lost=len(left_over(home)),
        seen="the connection was renewed, exit 0",
    )


def test_a_renewed_key_in_the_keyring_leaves_no_copy_of_the_old_one(
    home, connect, service, desktop, monkeypatch
):
    """After a key is renewed, the old one is deleted from the keyring, because a keyring cannot
    list its content.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "keyring")
    connect()
    service.set_key(RENEWED)
    connect()
    assert [json.loads(value)["api_key"] for value in desktop.kept.values()] == [RENEWED]


def test_a_sync_that_is_running_takes_the_renewed_key_after_a_401(
    home, connect, service, reliability
):
    """A sync that is running when the key is renewed continues with the new key, without a restart
    or a failure.
    """
    connect()
    with Host(home, policy=Policy.personal()) as host:
        events = host.sync()
        next(events)
        service.set_key(RENEWED)
        connect()
        last = list(events)[-1]
        assert isinstance(last, SyncFinished)
        assert host.connections.list()[0].state == "ok"
    reliability(
        "secrets",
        "a key is renewed while a sync runs",
        lost=last.counts.get("not-fetched", 0),
        seen="the sync continues, exit 0",
    )


def test_a_new_key_file_seals_every_secret(home, connect, reliability):
    """After ``rekey`` the old key file decrypts nothing, and the new one decrypts every secret."""
    connect()
    old = key_file(home).read_bytes()
    with Host(home, policy=Policy.personal()) as host:
        (kept,) = host.connections.rekey()
    assert (kept.kept_in, kept.new_key, kept.error) == ("file", True, None)
    assert opened(home) == {"intervals": KEY}
    new = key_file(home).read_bytes()
    assert old not in new
    lost = left_over(home)
    key_file(home).write_bytes(old)
    with Host(home, policy=Policy.personal()) as host:
        assert list(host.sync())[-1].error.code == "FG-secret-key-lost"
    reliability(
        "secrets",
        "the key file is replaced by `rekey`",
        lost=len(lost),
        seen="every secret is encrypted with the new key file; exit 0",
    )


def test_keys_move_from_the_keyring_to_a_file_and_back(home, connect, desktop, monkeypatch):
    """``rekey`` moves keys from the keyring to a file and back, and deletes them at the old
    place.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "keyring")
    connect()
    with Host(home, policy=Policy.personal()) as host:
        assert [result.kept_in for result in host.connections.rekey("file")] == ["file"]
    assert desktop.kept == {}
    with monkeypatch.context() as patch:
        patch.setattr(FileKeyring, "get_password", locked)
        assert opened(home) == {"intervals": KEY}
    with Host(home, policy=Policy.personal()) as host:
        assert [result.kept_in for result in host.connections.rekey("keyring")] == ["keyring"]
    assert sealed(home) == []


def locked(*_):
    """Imitate a locked keyring."""
    raise RuntimeError("the desktop is locked")


def test_a_secret_that_cannot_be_moved_stays_where_it_is(home, connect, desktop, monkeypatch):
    """If a keyring is locked, ``rekey`` reports it with a fix, and the secrets stay where they
    are.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "keyring")
    connect()
    with monkeypatch.context() as patch, Host(home, policy=Policy.personal()) as host:
        patch.setattr(FileKeyring, "get_password", locked)
        (kept,) = host.connections.rekey("file")
        assert (kept.kept_in, kept.error.code) == ("keyring", "FG-keyring-unavailable")
    assert opened(home) == {"intervals": KEY}


def test_rekey_keeps_the_secrets_of_another_database(home, connect, tmp_path, service):
    """If two databases share a home, ``rekey`` for one of them keeps the secrets of the other
    readable.
    """
    connect()
    with Host(home, f"sqlite:///{tmp_path / 'other.db'}", policy=Policy.personal()) as other:
        other.connect("intervals", {"api_key": service.api_key, "base_url": service.url})
        with Host(home, policy=Policy.personal()) as host:
            host.connections.rekey()
        assert other.workspace.secrets.get(other.connections.list()[0].secret_ref)["api_key"] == KEY
        other.connections.rekey()
        assert other.workspace.secrets.get(other.connections.list()[0].secret_ref)["api_key"] == KEY
    assert opened(home) == {"intervals": KEY}


def test_an_embedder_s_own_store_is_not_touched(home):
    """``rekey`` refuses to change the secrets in an embedder's own store."""
    with (
        Host(home, secrets=MemorySecretStore(), policy=Policy.personal()) as host,
        pytest.raises(UserMistake) as caught,
    ):
        host.connections.rekey()
    assert caught.value.code == "FG-rekey-elsewhere"


def killed(home: Path, folder: Path, points: str, *work: str) -> list[dict]:
    """Kill a change at these points, make it again to its end, and return what each kill left."""
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
    "bind to an origin": ("file", "bind"),
    "bind to an origin in the keyring": ("keyring", "bind"),
    "remove": ("file", "remove"),
    "remove from the keyring": ("keyring", "remove"),
}


@pytest.fixture(params=WORK)
def change(request, home, connect, service, monkeypatch):
    """Return the name of a change of secrets and its arguments, with a prepared home."""
    scheme, *work = WORK[request.param]
    monkeypatch.setenv("FITGLUE_SECRETS", scheme)
    connect()
    if work == ["renew"]:
        service.set_key(RENEWED)
        work += [service.url, RENEWED]
    if work == ["bind"]:
        use_address(home / "fitglue.db", None)
        keep_secret(home, api_key=KEY)
    return request.param, work


@pytest.mark.long
def test_killed_at_any_step_of_a_change_no_secret_is_lost_and_none_stays_behind(
    change, home, tmp_path, reliability
):
    """A change of secrets that is killed before any rename, removal, commit or write to the keyring
    loses no secret, and the next change removes what is left over.
    """
    name, work = change
    kept = {"intervals": KEY}
    expected = {"renew": {"intervals": RENEWED}, "rekey": kept, "bind": kept, "remove": {}}[work[0]]
    outcomes = killed(home, tmp_path, "all", *work)
    lost = [
        outcome
        for outcome in outcomes
        if outcome["again"] != [0, [expected, []]]
        or not set(outcome["between"][1].values()) <= {KEY, RENEWED}
    ]
    assert lost == []
    assert len(outcomes) > 3
    assert all(outcome["killed"] for outcome in outcomes)
    reliability(
        "secrets",
        f"killed while secrets change: {name}",
        times=len(outcomes),
        lost=len(lost),
        seen="the same command completes the change, exit 0",
    )


def test_a_rekey_that_stops_half_way_loses_nothing(home, connect, monkeypatch):
    """A ``rekey`` that stops after the new key is written and before anything is encrypted with it
    loses nothing.
    """
    connect()
    with monkeypatch.context() as patch, Host(home, policy=Policy.personal()) as host:
        patch.setattr("fitglue_registry.secrets.file_store.seal", interrupted)
        with pytest.raises(KeyboardInterrupt):
            host.connections.rekey()
    assert opened(home) == {"intervals": KEY}
    with Host(home, policy=Policy.personal()) as host:
        host.connections.rekey()
    assert (opened(home), left_over(home)) == ({"intervals": KEY}, [])


def interrupted(*_):
    """Imitate Ctrl-C."""
    raise KeyboardInterrupt


def test_a_lost_key_is_reported_and_repaired_by_the_next_connect(
    home, service, connect, reliability
):
    """If the key file is lost, a sync reports it, everything else works, and connecting again
    repairs it.
    """
    connect()
    with Host(home, policy=Policy.personal()) as host:
        list(host.sync())
    key_file(home).unlink()
    with Host(home, policy=Policy.personal()) as host:
        stopped = list(host.sync())[-1]
        assert isinstance(stopped, SyncStopped)
        lost = len(native(service.account)) - len(host.activities())
        list(host.syncs.rebuild())
    connect()
    with Host(home, policy=Policy.personal()) as host:
        assert isinstance(list(host.sync())[-1], SyncFinished)
    reliability(
        "secrets",
        "the key file is lost",
        lost=lost,
        seen=f"{stopped.error.code}, exit {stopped.error.exit_code}; connecting again repairs it",
    )

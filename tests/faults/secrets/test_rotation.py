"""Keys are renewed, sealed anew and moved; killed anywhere, exactly the secrets that the database
names are there, and open.
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
    """The names of the sealed files."""
    return sorted(path.name for path in (home / "secrets").glob("*.sealed"))


def test_a_renewed_key_takes_effect_and_leaves_no_copy_of_the_old_one(
    home, connect, service, reliability
):
    """The next sync has the new key, and neither folder nor database has the old one."""
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
        seen="the connection is renewed, exit 0",
    )


def test_a_renewed_key_in_the_keyring_leaves_no_copy_of_the_old_one(
    home, connect, service, desktop, monkeypatch
):
    """The keyring cannot be asked what it holds, so nothing may stay there."""
    monkeypatch.setenv("FITGLUE_SECRETS", "keyring")
    connect()
    service.set_key(RENEWED)
    connect()
    assert [json.loads(value)["api_key"] for value in desktop.kept.values()] == [RENEWED]


def test_a_sync_that_is_running_takes_the_renewed_key_after_a_401(
    home, connect, service, reliability
):
    """A process that goes on for ever need not be started again, nor does its sync fail once."""
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
    """After rekey the old key file opens nothing, and the new one everything."""
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
    """The way to a scheduler without a desktop: what was in the keyring is in a file, and not in
    the keyring any more.
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
    """A keyring that is locked is told, with what to do, and nothing is lost."""
    monkeypatch.setenv("FITGLUE_SECRETS", "keyring")
    connect()
    with monkeypatch.context() as patch, Host(home) as host:
        patch.setattr(FileKeyring, "get_password", locked)
        (kept,) = host.connections.rekey("file")
        assert (kept.kept_in, kept.error.code) == ("keyring", "FG-keyring-unavailable")
    assert opened(home) == {"intervals": KEY}


def test_the_secret_of_another_database_keeps_its_key(home, connect, tmp_path, service):
    """Two databases may share a home: changing the key for one locks the other out of nothing."""
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
    """Its keys are changed where they are kept."""
    with Host(home, secrets=MemorySecretStore()) as host, pytest.raises(UserMistake) as caught:
        host.connections.rekey()
    assert caught.value.code == "FG-rekey-elsewhere"


def killed(home: Path, folder: Path, points: str, *work: str) -> list[dict]:
    """Kill a change at these points, look at what is left, and make it again to its end."""
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
    """A prepared home, and the arguments of a change of its secrets."""
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
    """SIGKILL before every rename, removal, commit and write to the keyring: the key still opens,
    and the next change tidies up.
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
    """The everyday share of the test above: the new key is written, and nothing is sealed with it
    yet.
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


def test_a_sync_after_a_lost_key_tells_and_the_next_connect_mends_it(
    home, service, connect, reliability
):
    """Everything else works on, and connecting again is all it takes."""
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

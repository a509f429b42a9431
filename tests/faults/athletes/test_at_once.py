"""Calls of several threads and processes at the same moment, and workers that lack something."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.transport.credentials import Credentials
from tests.sync.builders import finished, stopped

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 8


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make calls in as many threads at the same moment, and return the results or exceptions."""
    meeting = threading.Barrier(len(calls))

    def run(call):
        meeting.wait(20)
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - compared by the test
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def errors_in(results: list[Any]) -> list[BaseException]:
    """Return the exceptions among results."""
    return [result for result in results if isinstance(result, BaseException)]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    """Return the URL of an empty database of each kind."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'fitglue.db'}"


def test_first_calls_of_eight_threads_leave_no_plugin_broken(
    open_host, operated, service, reliability
):
    """When eight threads make the first calls of a host at once, all of them succeed, and so do
    later ones.
    """
    host = open_host(operated)
    values = {"api_key": service.api_key}
    calls = [
        lambda number=number: host.connect("intervals", values, f"athlete-{number}")
        for number in range(THREADS)
    ]
    assert errors_in(at_once(calls)) == []
    assert isinstance(list(host.sync(athlete="athlete-0"))[-1], SyncFinished)
    plugins = host.workspace.plugins
    assert {plugins.info(name).error for name in plugins.names()} == {None}
    reliability(
        "athletes", "the first calls of a host, at once", times=THREADS, lost=0, seen="all succeed"
    )


def test_a_host_opens_everything_once(open_host):
    """Threads that ask a new host for the same part get the same object."""
    host = open_host()
    for part in ("database", "plugins", "catalogue", "redactor", "secrets", "blobs", "raws"):
        calls = [lambda part=part: getattr(host.workspace, part)] * THREADS
        assert len(set(map(id, at_once(calls)))) == 1


def test_an_athlete_that_is_added_twice_at_once_exists_once(url, tmp_path, reliability):
    """Calls that add the same athlete at the same moment all succeed."""
    hosts = [Host(tmp_path / "home", url) for _ in range(THREADS)]
    try:
        # The database exists, so that the calls meet at the athlete.
        assert [host.athletes.list() for host in hosts] == [[]] * THREADS
        calls = [lambda host=host: host.athletes.add("ada", "hobbyist") for host in hosts]
        assert errors_in(at_once(calls)) == []
        assert hosts[0].athletes.list() == ["ada"]
        assert hosts[0].athletes.tier("ada") == "hobbyist"
    finally:
        for host in hosts:
            host.close()
    reliability("athletes", "one athlete added at once", times=THREADS, lost=0, seen="one row")


def test_an_account_that_is_connected_twice_at_once_has_one_connection(
    url, tmp_path, operated, service, reliability
):
    """Calls that connect the same account at the same moment give one connection, whose key can be
    used, and leave no other secret behind.
    """
    secrets = MemorySecretStore()
    hosts = [Host(tmp_path / "home", url, secrets=secrets, policy=operated) for _ in range(4)]
    try:
        values = {"api_key": service.api_key}
        calls = [lambda host=host: host.connect("intervals", values, "ada") for host in hosts]
        results = at_once(calls)
        assert errors_in(results) == []
        assert sorted(result.renewed for result in results) == [False, True, True, True]
        [connection] = hosts[0].connections.list("ada")
        assert isinstance(list(hosts[1].sync(athlete="ada"))[-1], SyncFinished)
        assert {result.connection.id for result in results} == {connection.id}
    finally:
        for host in hosts:
            host.close()
    reliability("athletes", "one account connected at once", times=4, lost=0, seen="one connection")


@pytest.mark.long
def test_settings_at_once_do_not_fail(url, tmp_path):
    """Calls that set the same setting of an athlete at the same moment all succeed."""
    hosts = [Host(tmp_path / "home", url) for _ in range(4)]
    try:
        calls = [
            lambda host=host: host.settings.set_timezone("Europe/Zurich", athlete="ada")
            for host in hosts
        ]
        assert errors_in(at_once(calls)) == []
        assert len(hosts[0].settings.list("ada")) == 1
    finally:
        for host in hosts:
            host.close()


class WithoutKey(MemorySecretStore):
    """The secret store of a worker whose key file is missing."""

    def get(self, ref):
        raise AthleteNeeded("FG-secret-key-lost", "the key file is missing", fix="connect again")


def test_a_worker_without_the_key_does_not_reject_the_connection(
    open_host, operated, service, reliability
):
    """A worker that cannot open the key stops, and the connection stays usable for the others."""
    host = open_host(operated)
    host.connect("intervals", {"api_key": service.api_key})
    worker = open_host(operated, secrets=WithoutKey())
    assert stopped(worker).code == "FG-secret-key-lost"
    assert host.connections.list()[0].state == "ok"
    assert host.entries.availability("source", "intervals").available
    finished(host)
    assert host.connections.status(host.connections.list()[0]).state == "ok"
    reliability("athletes", "a worker without the key file", lost=0, seen="FG-secret-key-lost")


def test_a_worker_whose_key_file_is_missing_does_not_reject_the_connection(
    tmp_path, operated, service, monkeypatch
):
    """The same holds for the encrypted files of a home that a worker does not have."""
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    with Host(tmp_path / "home", url, policy=operated) as host:
        host.connect("intervals", {"api_key": service.api_key})
        with Host(tmp_path / "worker", url, policy=operated) as worker:
            assert stopped(worker).code.startswith("FG-secret-")
        assert host.connections.list()[0].state == "ok"
        finished(host)


class ForgetfulStore(MemorySecretStore):
    """The secret store of a worker that opens the key so many times, and then cannot any more."""

    def __init__(self, secrets, times):
        super().__init__()
        self._secrets = secrets
        self._times = times

    def get(self, ref):
        if self._times == 0:
            raise AthleteNeeded("FG-keyring-unavailable", "the keyring is locked", fix="unlock it")
        self._times -= 1
        return self._secrets.get(ref)


def test_a_worker_that_loses_the_key_in_the_middle_does_not_reject_the_connection(
    open_host, operated, service
):
    """A worker that has read the key, whose keyring is then locked, and whose key is rejected
    because another worker has renewed it, does not reject the renewed key for the others.
    """
    host = open_host(operated)
    host.connect("intervals", {"api_key": service.api_key})
    worker = open_host(operated, secrets=ForgetfulStore(host.workspace.secrets, 1))
    service.set_key("renewed-key")
    error = stopped(worker)
    assert error.code == "FG-key-rejected"
    assert "the keyring is locked" in error.why
    assert host.connections.list()[0].state == "ok"


def test_a_rejection_of_the_old_key_does_not_reject_the_renewed_one(
    open_host, operated, service, monkeypatch
):
    """A sync with the old key that ends after the key was renewed does not mark the new one."""
    host = open_host(operated)
    host.connect("intervals", {"api_key": service.api_key})
    service.set_key("renewed-key")
    events = host.sync()
    is_renewed = Credentials.is_renewed

    def renew_afterwards(credentials, sent):
        answer = is_renewed(credentials, sent)
        host.connect("intervals", {"api_key": "renewed-key"})
        return answer

    monkeypatch.setattr(Credentials, "is_renewed", renew_afterwards)
    assert list(events)[-1].error.code == "FG-key-rejected"
    assert host.connections.list()[0].state == "ok"


def broken_key_file(home):
    """Replace the key file of a home with one that cannot be read, whoever runs the test."""
    file = home / "secrets" / "secrets.key"
    file.unlink()
    file.mkdir(mode=0o700)


def other_key_file(home):
    """Replace the key file of a home with the key of another home."""
    file = home / "secrets" / "secrets.key"
    file.write_bytes(bytes(32))


def damaged_secrets(home):
    """Damage every encrypted secret of a home."""
    for file in (home / "secrets").glob("*.sealed"):
        file.write_bytes(file.read_bytes()[:-1] + b"x")


@pytest.mark.parametrize("damage", [broken_key_file, other_key_file, damaged_secrets])
def test_a_worker_whose_secrets_are_damaged_does_not_reject_the_connection(
    tmp_path, operated, service, monkeypatch, damage
):
    """A worker with an unreadable or wrong key file, or a damaged secret, stops with the reason,
    and the connection stays usable for the others.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    with Host(tmp_path / "home", url, policy=operated) as host:
        host.connect("intervals", {"api_key": service.api_key})
        shutil.copytree(tmp_path / "home", tmp_path / "worker")
        damage(tmp_path / "worker")
        with Host(tmp_path / "worker", url, policy=operated) as worker:
            assert stopped(worker).code.startswith("FG-secret")
        assert host.connections.list()[0].state == "ok"
        finished(host)


def test_a_worker_without_the_disk_does_not_reject_the_connection(open_host, tmp_path):
    """A folder that one worker cannot see is not a rejected key either."""
    folder = tmp_path / "rides"
    folder.mkdir()
    host = open_host(Policy.personal())
    host.connect("files", {"paths": str(folder)})
    folder.rename(tmp_path / "unmounted")
    assert stopped(host).code == "FG-folder-missing"
    assert host.connections.list()[0].state == "ok"
    assert host.connections.status(host.connections.list()[0]).state == "stopped"


def test_a_key_that_the_service_rejects_is_rejected_for_everybody(open_host, operated, service):
    """What the service itself rejects is remembered, as before."""
    host = open_host(operated)
    host.connect("intervals", {"api_key": service.api_key})
    service.set_key("renewed-key")
    assert stopped(host).code == "FG-key-rejected"
    assert host.connections.list()[0].state == "credentials-rejected"

"""Tests that a secret is sent only to the address at which it was proven, whatever a backup, a
database, a cache or an entry says.
"""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest
import trustme

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.backup.manifest import DATABASE
from fitglue_registry.cli.app import run
from fitglue_registry.errors import AthleteNeeded, StoreFailed
from fitglue_registry.registry import Folder, default_folder
from fitglue_registry.registry.cache import CatalogueCache
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.services.addresses import other_addresses
from fitglue_registry.store.connections import update_connection
from tests.faults.secrets.conftest import KEY
from tests.faults.secrets.databases import keep_secret, use_address
from tests.sync.builders import finished, stopped

OWN = "https://intervals.icu"  # the address in the entry of Intervals.icu
OLD = "https://old.example"


@pytest.fixture
def thief():
    """Yield another server that would accept the key, and that records what it receives."""
    with StandIn(Account.generate(1), api_key=KEY) as server:
        yield server


@pytest.fixture
def fitglue(capsys, monkeypatch):
    """Return a function that runs the command in this process and returns exit code and output."""

    def call(*arguments, typed=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, " ".join((out + err).split())

    return call


def stored_origin(host):
    """Return the origin that is stored with the secret of the only connection."""
    [connected] = host.connections.list()
    return host.workspace.secrets.get(connected.secret_ref).get("origin")


# -- backups and databases -------------------------------------------------------------------------


@pytest.fixture
def tampered(home, connect, tmp_path, thief, service):
    """Return a backup without keys in which the connection has the address of another server.

    Its manifest is correct, since whoever changes a backup can also change its manifest.
    """
    connect()
    copy = Path(shutil.copytree(home, tmp_path / "copy"))
    use_address(copy / DATABASE, thief.url)
    with Host(copy, policy=Policy.personal()) as host:
        path = host.backups.make(tmp_path / "tampered.zip").path
    service.clear_requests()
    return path


def test_a_backup_with_another_address_does_not_get_the_key(
    tampered, thief, service, fitglue, reliability
):
    """After a backup whose `base_url` was changed is restored, neither a sync nor a renewed key
    reaches that address, every command names it, and `connect --base-url` repairs it.
    """
    code, said = fitglue("backup", "verify", tampered)
    assert code == 0
    assert f"intervals uses the address {thief.url}, not {OWN}" in said
    code, said = fitglue("backup", "restore", tampered, "--replace")
    assert code == 0
    assert f"intervals uses the address {thief.url}, not {OWN}" in said
    code, said = fitglue("sync")
    assert code == 3
    assert "FG-address-not-proven" in said
    assert f"they were proven at {service.url}" in said
    for command in ("connections", "doctor"):
        assert thief.url in fitglue(command)[1]
    code, said = fitglue("connect", "intervals", "--key-stdin", typed="a-new-key-1234")
    assert (code, "FG-address-not-confirmed" in said) == (3, True)
    assert thief.requests == []
    code, _ = fitglue("connect", "intervals", "--key-stdin", "--base-url", service.url, typed=KEY)
    assert code == 0
    assert fitglue("sync")[0] == 0
    assert thief.requests == []
    reliability(
        "secrets",
        "a backup names another address",
        lost=0,
        seen="FG-address-not-proven, exit 3; the other server receives no request",
    )


def test_a_backup_with_keys_says_nothing_about_where_a_new_key_may_go(
    home, connect, tmp_path, service, thief, fitglue
):
    """A key from a backup works at its own address, but a new key is not sent there until the
    athlete names that address, because another machine has proven it.
    """
    connect()
    with Host(home, policy=Policy.personal()) as host:
        host.connect("intervals", {"api_key": KEY, "base_url": thief.url})
        backup = host.backups.make(tmp_path / "of-a-thief.zip", with_secrets=True).path
    for file in home.iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    thief.clear_requests()
    code, said = fitglue("backup", "restore", backup, "--with-secrets")
    assert (code, thief.url in said) == (0, True)
    assert fitglue("sync")[0] == 0
    thief.clear_requests()
    code, said = fitglue("connect", "intervals", "--key-stdin", typed="a-new-key-1234")
    assert (code, "FG-address-not-confirmed" in said) == (3, True)
    assert thief.requests == []


def test_an_address_that_a_trigger_changes_later_does_not_get_the_key(
    home, connect, thief, service, reliability
):
    """If a trigger in the database changes the address after a sync, the next sync sends no key."""
    connect()
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        connection.execute(
            "CREATE TRIGGER later AFTER INSERT ON fg_runs BEGIN UPDATE fg_connections SET settings "
            f"""= '{{"base_url": "{thief.url}"}}'; END"""
        )
    with Host(home, policy=Policy.personal()) as host:
        finished(host)
        assert stopped(host).code == "FG-address-not-proven"
    assert thief.requests == []
    reliability(
        "secrets",
        "a trigger in the database changes the address",
        lost=0,
        seen="FG-address-not-proven, exit 3; the other server receives no request",
    )


@pytest.mark.parametrize("scheme", ["file", "keyring"])
def test_an_address_that_differs_only_in_host_or_port_is_another(
    home, connect, service, monkeypatch, scheme
):
    """The key is bound to scheme, host and port, in a file and in a keyring: `localhost` in place
    of 127.0.0.1 is another address.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", scheme)
    connect()
    service.clear_requests()
    use_address(home / DATABASE, service.url.replace("127.0.0.1", "localhost"))
    with Host(home, policy=Policy.personal()) as host:
        assert stopped(host).code == "FG-address-not-proven"
    assert service.requests == []


def test_a_secret_of_another_connection_is_not_sent(home, connect, service, thief):
    """A connection whose row names the secret of another connection is refused, even at the address
    at which that secret was proven.
    """
    connect()
    with Host(home, policy=Policy.personal()) as host:
        [first] = host.connections.list()
        thief.account.athlete_id = "i999"
        second = host.connect("intervals", {"api_key": KEY, "base_url": thief.url}).connection
        with host.workspace.database.write() as db:
            update_connection(
                db,
                second.id,
                secret_ref=first.secret_ref,
                settings=f'{{"base_url": "{service.url}"}}',
            )
        service.clear_requests()
        with pytest.raises(AthleteNeeded, match="FG-secret-not-its-own"):
            host.connections.probe(second.id)
    assert service.requests == []


def test_a_move_to_another_store_does_not_take_over_a_secret(home, connect, desktop):
    """`rekey --to` does not move the secret of another connection, which would then be its own, and
    removing the connection does not delete it.
    """
    connect()
    with Host(home, policy=Policy.personal()) as host:
        [connected] = host.connections.list()
        other = host.workspace.secrets.put("intervals of-another", {"api_key": KEY})
        with host.workspace.database.write() as db:
            update_connection(db, connected.id, secret_ref=other)
        [kept] = host.connections.rekey("keyring")
        assert (kept.error.code, kept.kept_in) == ("FG-secret-not-its-own", "file")
        assert desktop.kept == {}
        host.connections.remove("intervals")
        assert host.workspace.secrets.get(other)["api_key"] == KEY


# -- the cache of entries --------------------------------------------------------------------------


class Proxy:
    """A proxy that notes to which hosts it should connect, and connects to none."""

    def __init__(self, listener):
        self.asked = []
        self.listener = listener
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with suppress(OSError):  # the test is over
            while True:
                client, _ = self.listener.accept()
                with client:
                    self.asked.append(client.recv(4096).split(b"\r\n")[0].decode())
                    client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def proxy(monkeypatch):
    """Set a proxy for https, so that no test asks a real service."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
        yield Proxy(listener)


@pytest.fixture
def cache(home, connect, monkeypatch):
    """Return the file of the registry's cache after a first connect.

    Every file counts as settled, since the cache is not written for files that were changed only a
    moment ago, as those of a new checkout.
    """
    monkeypatch.setattr(CatalogueCache, "_is_settled", lambda cache, stamp: True)
    connect()
    return home / "cache" / "registry.json"


@pytest.fixture
def poisoned(home, cache, thief):
    """Make the cache of the registry name another address, for a connection without a setting."""
    keep_secret(home, api_key=KEY, origin=OWN)
    use_address(home / DATABASE, None)
    cache.write_text(cache.read_text().replace(f'"{OWN}"', f'"{thief.url}"'))


def test_a_poisoned_cache_does_not_get_the_key(poisoned, thief, fitglue, proxy, reliability):
    """If the cache of the registry names another address, a sync sends no key there, `doctor`
    reports the cache, and a new key goes to the address of the installed entry.
    """
    code, said = fitglue("sync")
    assert (code, "FG-address-not-proven" in said) == (3, True)
    assert "FG-cache-differs" in fitglue("doctor", "--offline", "--json")[1]
    fitglue("connect", "intervals", "--key-stdin", typed="a-new-key-1234")
    assert thief.requests == []
    assert {line.split()[1] for line in proxy.asked} == {"intervals.icu:443"}
    reliability(
        "secrets",
        "the cache of the registry names another address",
        lost=0,
        seen="FG-address-not-proven, exit 3; a new key goes to the installed entry's address",
    )


def test_a_poisoned_cache_cannot_say_that_the_service_moved(poisoned, cache, home, thief):
    """`formerly` in the cache has no effect; only the installed entry is asked."""
    cache.write_text(cache.read_text().replace('"formerly":[]', f'"formerly":["{OWN}"]'))
    with Host(home, policy=Policy.personal()) as host:
        assert host.workspace.catalogue.get("integration", "intervals").http.formerly == (OWN,)
        assert stopped(host).code == "FG-address-not-proven"
    assert thief.requests == []


def test_a_poisoned_cache_cannot_trust_another_host_with_the_key(home, cache, thief, proxy):
    """A host that gets the credential according to the cache gets none, unless the installed entry
    says so as well.
    """
    use_address(home / DATABASE, None)
    further = f'[{{"host":"{thief.url.removeprefix("http://")}","credential":true}}]'
    text = cache.read_text()
    assert '"hosts":[]' in text
    cache.write_text(text.replace('"hosts":[]', f'"hosts":{further}'))
    with Host(home, policy=Policy.personal()) as host:
        source = host.workspace.catalogue.get("source", "intervals")
        assert host.workspace.catalogue.get("integration", "intervals").http.hosts[0].credential
        [connected] = host.connections.list()
        view = host.connections._views.of(connected, source)
        policy = view.http._policy
        view.close()
    assert [further.credential for further in policy.hosts] == [False]
    assert {str(origin) for origin in policy.credential_origins} == {OWN}


def test_a_poisoned_cache_cannot_make_a_key_a_setting(home, cache, service):
    """If the cache says that the key is no secret, `connect` nevertheless stores it as one."""
    cache.write_text(cache.read_text().replace('"secret":true', '"secret":false'))
    with Host(home, policy=Policy.personal()) as host:
        fields = host.workspace.catalogue.get("integration", "intervals").credentials
        assert not any(field.secret for field in fields)
        connected = host.connect("intervals", {"api_key": KEY, "base_url": service.url}).connection
        assert connected.settings.keys() == {"athlete_id", "base_url"}
        assert host.workspace.secrets.get(connected.secret_ref)["api_key"] == KEY


# -- older stores and services that move -----------------------------------------------------------


@pytest.fixture
def own_service(tmp_path, monkeypatch):
    """Yield the account behind https, as the service that the entry names."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with StandIn(Account.generate(2), api_key=KEY, tls=context) as server:
        yield server


@pytest.fixture
def open_host(home, tmp_path, own_service):
    """Return a function that opens a host whose entry names the service behind https."""
    folder = Path(shutil.copytree(default_folder(), tmp_path / "registry"))
    entry = folder / "integrations" / "intervals.yaml"
    text = entry.read_text(encoding="utf-8")

    def call(formerly=(), **options):
        moved = f"base_url: {own_service.url}\n  formerly: [{', '.join(formerly)}]"
        entry.write_text(text.replace(f"base_url: {OWN}", moved), encoding="utf-8")
        return Host(home, folders=[Folder(folder)], policy=Policy.personal(), **options)

    return call


def test_a_new_secret_is_bound_to_the_address_at_which_it_was_proven(open_host, own_service):
    """`connect` stores the origin of the entry together with the key."""
    with open_host() as host:
        host.connect("intervals", {"api_key": KEY})
        assert stored_origin(host) == own_service.url


@pytest.mark.parametrize("scheme", ["file", "keyring"])
def test_a_secret_of_an_older_store_is_bound_at_its_first_use(
    open_host, own_service, home, monkeypatch, desktop, scheme
):
    """A key that an older version stored is bound when it is first sent to the address of its
    entry, and no copy without an origin remains.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", scheme)
    with open_host() as host:
        host.connect("intervals", {"api_key": KEY})
    keep_secret(home, api_key=KEY)
    with open_host() as host:
        host.connections.probe("intervals")
        assert stored_origin(host) == own_service.url
    assert len(list((home / "secrets").glob("*.sealed"))) + len(desktop.kept) == 1


@pytest.mark.long
def test_a_secret_is_bound_in_postgresql_too(open_host, own_service, postgres_url):
    """In a PostgreSQL store, a key of an older version is bound at its first use, and an address
    that somebody changed in the database does not get it.
    """
    with open_host(database=postgres_url) as host:
        connected = host.connect("intervals", {"api_key": KEY}).connection
        ref = host.workspace.secrets.put(f"intervals {connected.id}", {"api_key": KEY})
        with host.workspace.database.write() as db:
            update_connection(db, connected.id, secret_ref=ref)
        finished(host)
        assert stored_origin(host) == own_service.url
        other = {"base_url": own_service.url.replace("localhost", "127.0.0.1")}
        with host.workspace.database.write() as db:
            update_connection(db, connected.id, settings=json.dumps(other))
        assert stopped(host).code == "FG-address-not-proven"


def test_a_secret_of_an_older_store_is_not_sent_to_another_address(home, connect, service):
    """A key that an older version stored for another address than that of the entry is refused
    until `connect` proves it.
    """
    connect()
    keep_secret(home, api_key=KEY)
    service.clear_requests()
    with Host(home, policy=Policy.personal()) as host:
        error = stopped(host)
        assert error.code == "FG-address-not-proven"
        assert error.fix.endswith(f"fitglue connect intervals --base-url {service.url}")
        assert service.requests == []
    connect()
    with Host(home, policy=Policy.personal()) as host:
        finished(host)


def test_a_service_that_moved_gets_the_key_if_its_installed_entry_says_so(open_host, own_service):
    """A key that was proven at an origin in `formerly` is sent to the new address, and is bound to
    it.
    """
    with open_host() as host:
        host.connect("intervals", {"api_key": KEY})
    keep_secret_of(open_host, OLD)
    with open_host(formerly=[OLD]) as host:
        finished(host)
        assert stored_origin(host) == own_service.url


def keep_secret_of(open_host, origin):
    """Replace the secret of the only connection by one that was proven at this origin."""
    with open_host() as host:
        keep_secret(host.home, api_key=KEY, origin=origin)


@pytest.mark.parametrize("formerly", [[], ["https://other.example"], [f"{OLD}:444"]])
def test_a_service_that_moved_does_not_get_the_key_otherwise(open_host, own_service, formerly):
    """A key is not sent to the new address of an entry that does not name the old origin."""
    with open_host() as host:
        host.connect("intervals", {"api_key": KEY})
    keep_secret_of(open_host, OLD)
    own_service.clear_requests()
    with open_host(formerly=formerly) as host:
        assert stopped(host).code == "FG-address-not-proven"
    assert own_service.requests == []


def test_a_key_that_cannot_be_bound_is_used_and_the_failure_is_logged(
    open_host, home, monkeypatch, caplog
):
    """If the bound key cannot be stored, the sync finishes with a warning, and the next one tries
    again.
    """
    with open_host() as host:
        host.connect("intervals", {"api_key": KEY})
    keep_secret(home, api_key=KEY)
    changes = home / "secrets" / "changes"
    changes.chmod(0o500)
    shutil.rmtree(changes)
    changes.write_text("in the way")
    with open_host() as host:
        finished(host)
        assert stored_origin(host) is None
    assert "could not be bound" in caplog.text


# -- stores of secrets -----------------------------------------------------------------------------


def test_the_store_of_an_embedder_receives_the_origin(home, service):
    """The secret store of an application receives the origin as one more value, and the plugin
    still works.
    """
    secrets = MemorySecretStore()
    with Host(home, secrets=secrets, policy=Policy.personal()) as host:
        connection = host.connect("intervals", {"api_key": KEY, "base_url": service.url}).connection
        assert secrets.get(connection.secret_ref) == {"api_key": KEY, "origin": service.url}
        finished(host)


def test_a_new_key_file_and_a_move_keep_the_origin(home, connect, service, desktop):
    """`connections rekey` and `rekey --to` keep the origin of each secret."""
    connect()
    with Host(home, policy=Policy.personal()) as host:
        host.connections.rekey()
        assert stored_origin(host) == service.url
        host.connections.rekey("keyring")
        assert stored_origin(host) == service.url
    assert len(desktop.kept) == 1


def test_the_origin_in_a_sealed_file_cannot_be_changed(home, connect):
    """The origin is encrypted together with the key: it is not in the file in clear."""
    connect()
    [sealed] = (home / "secrets").glob("*.sealed")
    assert b"127.0.0.1" not in sealed.read_bytes()


@pytest.mark.parametrize(
    "address",
    [
        "https://intervals.icu@evil.example",
        "https://evil.example\\@intervals.icu",
        "https://intervals.icu.evil.example",
        "https://intervals.icu:444",
        "http://intervals.icu",
        "https://.",
        "https://[::1",
        "intervals.icu",
    ],
)
def test_an_address_that_looks_like_the_own_one_is_shown_and_gets_no_key(
    home, connect, fitglue, address, proxy
):
    """An address that only resembles that of the entry is shown by `connections`, and neither a
    sync nor a renewed key asks any server.
    """
    connect()
    keep_secret(home, api_key=KEY, origin=OWN)
    use_address(home / DATABASE, address)
    assert "not the address of its entry" in fitglue("connections")[1]
    assert fitglue("sync")[0] in (2, 3, 5)
    code, _ = fitglue("connect", "intervals", "--key-stdin", typed="a-new-key-1234")
    assert code in (2, 3)
    assert proxy.asked == []


@pytest.mark.parametrize(
    "address",
    [OWN, "https://intervals.icu@evil.example", "https://intervals.icu.evil.example", "https://."],
)
def test_verify_names_each_address_that_is_not_that_of_the_entry(home, connect, address, tmp_path):
    """`backup verify` shows the addresses that `connections` would show after a restore."""
    connect()
    use_address(home / DATABASE, address)
    with Host(home, policy=Policy.personal()) as host:
        verified = host.backups.verify(host.backups.make(tmp_path / "backup.zip").path)
        assert verified.other_addresses == other_addresses(host.workspace)
    assert bool(verified.other_addresses) == (address != OWN)


@pytest.mark.parametrize("settings", ["[]", "{", '{"base_url": 5}'])
def test_settings_that_are_none_are_named_before_a_backup_is_made(
    home, connect, settings, tmp_path
):
    """No restore would accept settings that are no settings, so no backup is made of them."""
    connect()
    with closing(sqlite3.connect(home / DATABASE)) as database, database:
        database.execute("UPDATE fg_connections SET settings = ?", (settings,))
    with Host(home, policy=Policy.personal()) as host, pytest.raises(StoreFailed) as caught:
        host.backups.make(tmp_path / "backup.zip")
    assert caught.value.code == "FG-store-damaged"
    assert caught.value.at.field == "fg_connections.settings"
    assert list(tmp_path.glob("*.zip")) == []


# -- connect ---------------------------------------------------------------------------------------


def test_connect_says_where_the_key_goes_if_it_is_not_the_service(fitglue, service):
    """With `--base-url`, `connect` names the address and that of the entry."""
    code, said = fitglue(
        "connect", "intervals", "--key-stdin", "--base-url", service.url, typed=KEY
    )
    assert code == 0
    assert f"The key will be sent to {service.url}, not to {OWN}." in said


@pytest.mark.parametrize(("answer", "exit_code"), [("n", 2), ("y", 0)])
def test_connect_asks_before_it_uses_the_address_of_the_existing_connection(
    home, connect, service, answer, exit_code
):
    """At a terminal, a person is asked whether a new key may be sent to an address that is not that
    of the entry, before the key is asked for.
    """
    connect()
    service.clear_requests()
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fitglue_registry", "connect", "intervals"],
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
    )
    os.close(side)
    output = b""
    answers = {b"[y/N]": answer, b"API key:": KEY}
    with suppress(OSError):
        while chunk := os.read(main, 1000):
            output += chunk
            for question in [question for question in answers if question in output]:
                os.write(main, f"{answers.pop(question)}\n".encode())
    os.close(main)
    assert process.wait(30) == exit_code, output
    assert service.url.encode() in output
    assert bool(service.requests) == (exit_code == 0)


def test_an_address_in_the_environment_is_named_too(fitglue, service, monkeypatch):
    """An address from FITGLUE_INTERVALS_BASE_URL counts as typed, and is named as well."""
    monkeypatch.setenv("FITGLUE_INTERVALS_BASE_URL", service.url)
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", KEY)
    code, said = fitglue("connect", "intervals")
    assert code == 0
    assert f"The key will be sent to {service.url}" in said


# -- servers ---------------------------------------------------------------------------------------


def test_the_address_that_an_operator_sets_is_the_own_address_of_the_service(home, service, thief):
    """The address in the policy of a server takes the place of that of the entry, and a key that
    was proven there is not sent to the address of a later policy.
    """

    def policy_of(url):
        return Policy(networks=("127.0.0.0/8",), settings={"intervals": {"base_url": url}})

    with Host(home, policy=policy_of(service.url)) as host:
        connected = host.connect("intervals", {"api_key": KEY}).connection
        assert stored_origin(host) == service.url
        assert host.connections.status(connected).address is None
        finished(host)
    with Host(home, policy=policy_of(thief.url)) as host:
        assert stopped(host).code == "FG-address-not-proven"
    assert thief.requests == []

"""Tests of tokens: one process at a time renews one, a kill at any step loses nothing, a token goes
only to its own service, and no token is shown.
"""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from fitglue_registry.cli.app import run
from fitglue_registry.errors import FitglueError, KeyUnavailable, StoreFailed
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import FakeClock, Fault
from tests.faults.secrets.searching import Search
from tests.services.granting.club import (
    APP,
    EXCHANGE,
    KEY,
    OAUTH2,
    REDIRECT,
    REFRESH,
    Club,
    OAuthClub,
    give_permission,
    host_of,
    jwt,
    make_registry,
)

#: Some distributions install a top-level package `tests` that would hide ours, so the path of our
#: package is set explicitly.
CHILD = """
import sys, types
sys.modules["tests"] = types.ModuleType("tests")
sys.modules["tests"].__path__ = [sys.argv[1]]
from tests.faults.secrets.renewing import main
main(*sys.argv[2:])
"""
ROOT = Path(__file__).parents[3]


@pytest.fixture
def club():
    with Club(lambda: datetime.now(UTC)) as service:
        yield service


@pytest.fixture
def registry(tmp_path):
    return make_registry(tmp_path / "registry")


@pytest.fixture
def connected(home, registry, club):
    """Connect, and then let the service forget the token."""

    def call(database=None):
        with host_of(home, registry, database=database) as host:
            host.connect("club", {"api_key": KEY, "base_url": f"{club.url}/v1"})
        club.tokens.clear()
        club.asked.clear()

    return call


def run_child(*arguments):
    """Run the child process, and return what it printed."""
    child = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD, *map(str, (ROOT / "tests", *arguments))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=500,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.long)])
def test_processes_that_need_a_token_at_once_request_one(
    home, registry, club, connected, tmp_path, times, reliability
):
    """Of two processes that need a new token at the same time, one requests it, and both use it."""
    connected()
    seen = run_child("race", home, registry, tmp_path / "copies", times)
    assert seen == [["7", "7"]] * times
    assert club.exchanges == times
    reliability(
        "secrets",
        "two processes need a new token at once",
        times=times,
        lost=0,
        seen="one of them requests it, both succeed",
    )


@pytest.mark.long
def test_processes_that_share_a_server_request_one_token(
    home, registry, club, connected, tmp_path, postgres_url
):
    """With PostgreSQL, the lock is in the database, so that it holds across machines."""
    connected(postgres_url)
    assert run_child("server", home, registry, tmp_path, postgres_url) == ["7"] * 6
    assert club.exchanges == 1
    assert not list((home / "locks").glob("grant-*"))


@pytest.mark.long
def test_a_renewal_that_is_killed_at_any_step_loses_nothing(
    home, registry, club, connected, tmp_path, reliability
):
    """A renewal that is killed before any commit, rename or removal loses no key; the next one
    completes it and leaves nothing behind.
    """
    connected()
    outcomes = run_child("kill", home, registry, tmp_path / "copies")
    lost = [
        outcome
        for outcome in outcomes
        if not outcome["killed"] or outcome["between"] != KEY or outcome["again"] != ["7", []]
    ]
    assert lost == []
    assert len(outcomes) > 3
    reliability(
        "secrets",
        "killed while a token is renewed: exchange",
        times=len(outcomes),
        lost=len(lost),
        seen="the next command renews it, exit 0",
    )


def test_a_token_that_cannot_be_stored_is_not_used(home, registry, club, connected, monkeypatch):
    """If the disk is full, the new token is not used, and the next command requests another."""
    connected()
    with host_of(home, registry) as host:
        with monkeypatch.context() as patch:
            patch.setattr("fitglue_registry.secrets.file_store.write_atomically", full)
            with pytest.raises(StoreFailed):
                host.connections.probe("club")
        assert host.connections.probe("club").id == "7"
    assert club.exchanges == 2


def full(*_):
    """Imitate a full disk."""
    raise OSError(errno.ENOSPC, "No space left on device")


# -- permissions (OAuth 2) -------------------------------------------------------------------------


@pytest.fixture
def permitted(home, tmp_path):
    """Return a service with a permission whose token it has forgotten, and the registry."""
    registry = make_registry(tmp_path / "permissions", OAUTH2)
    with OAuthClub(lambda: datetime.now(UTC)) as service:
        with host_of(home, registry) as host:
            give_permission(host, service)
        service.tokens.clear()
        service.asked.clear()
        yield service, registry


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.long)])
def test_processes_that_renew_a_permission_at_once_use_its_refresh_token_once(
    home, permitted, tmp_path, times, reliability
):
    """Of two processes that need a new token at the same time, one renews the permission, although
    the service accepts each refresh token once, and both go on.
    """
    club, registry = permitted
    assert run_child("race", home, registry, tmp_path / "copies", times) == [["7", "7"]] * times
    assert club.exchanges == times
    reliability(
        "secrets",
        "two processes renew one permission at once",
        times=times,
        lost=0,
        seen="one of them renews it, both succeed",
    )


@pytest.mark.long
def test_processes_that_share_a_server_use_a_refresh_token_once(
    home, tmp_path, postgres_url, reliability
):
    """With PostgreSQL, one of two processes renews a permission, a hundred times: each renewal
    needs the refresh token of the one before.
    """
    registry = make_registry(tmp_path / "permissions", OAUTH2)
    with OAuthClub(lambda: datetime.now(UTC)) as club:
        with host_of(home, registry, database=postgres_url) as host:
            give_permission(host, club)
        seen = run_child("race-at-server", home, registry, tmp_path, f"{postgres_url} 100")
        assert seen == [["7", "7"]] * 100
        assert club.exchanges == 1 + 100
    reliability(
        "secrets",
        "two processes renew one permission at once, with PostgreSQL",
        times=100,
        lost=0,
        seen="one of them renews it, both succeed",
    )


@pytest.mark.long
@pytest.mark.parametrize("rotates", [False, True], ids=["fixed", "rotating"])
def test_a_permission_whose_renewal_is_killed_is_lost_only_if_the_service_forgot_it(
    home, permitted, tmp_path, rotates, reliability
):
    """A renewal is killed before any commit, rename or removal. A service that keeps the refresh
    token loses nothing. If the service had replaced it already, and nobody can know the new one,
    the error says that a renewal was interrupted, and when.
    """
    club, registry = permitted
    club.rotates = rotates
    outcomes = run_child("kill", home, registry, tmp_path / "copies")
    accepted = ["7"] + (["FG-permission-ended:interrupted"] if rotates else [])
    lost = [
        outcome
        for outcome in outcomes
        if not outcome["killed"]
        or not outcome["between"].startswith(REFRESH)
        or outcome["again"][0] not in accepted
        or outcome["again"][1] != []
    ]
    assert lost == []
    forgotten = [outcome for outcome in outcomes if outcome["again"][0] != "7"]
    assert len(outcomes) > len(forgotten) + 3
    assert bool(forgotten) == rotates
    reliability(
        "secrets",
        f"killed while a permission is renewed: {'rotating' if rotates else 'fixed'} refresh token",
        times=len(outcomes),
        lost=len(lost),
        seen="the next command renews it, or says that a renewal was interrupted after the service "
        "had replaced the permission",
    )


def test_no_secret_of_a_permission_is_shown_or_stored_in_the_clear(
    home, permitted, tmp_path, caplog
):
    """The tokens, the code, the state, the verifier and the secret of the app are in no log, no
    error and no file, whatever the service repeats of them.
    """
    caplog.set_level("DEBUG")
    club, registry = permitted
    with host_of(home, registry) as host:
        values = {"base_url": f"{club.url}/v1"}
        address = host.connections.begin_connect("club", values, REDIRECT).address
        back = club.allow(address)
        host.connections.finish_connect(back)
        form = club.forms[-1]
        search = Search(
            {
                "app": APP.client_secret,
                "code": form["code"],
                "verifier": form["code_verifier"],
                "state": dict(parse_qsl(urlsplit(back).query))["state"],
                "refresh token": f"{REFRESH}+{club.issued}/x",
                "token": next(reversed(club.tokens)),
            }
        )
        said = " ".join([APP.client_secret, f"{REFRESH}+{club.issued}/x"])
        club.tokens.clear()
        body = json.dumps({"error": "invalid_grant", "error_description": said})
        club.fault("/oauth/token", Fault.status(400, body=body), times=None)
        with pytest.raises(FitglueError) as caught:
            host.connections.probe("club")
        events = [str(event) for event in host.sync()]
    assert caught.value.code == "FG-permission-ended"
    assert search.in_error(caught.value) == []
    assert search.in_text(caplog.text, *events) == []
    assert search.in_home(home) == []


@pytest.mark.parametrize("form", [(), ("--json",), ("-vv",), ("--debug",), ("--debug", "--json")])
def test_no_command_shows_a_secret_of_a_permission(home, permitted, monkeypatch, capsys, form):
    """No command shows a token, a refresh token or the secret of the app, also when the service
    repeats them and when the permission has ended.
    """
    club, registry = permitted
    monkeypatch.setattr(
        "fitglue_registry.cli.app.LateLoader.host", lambda _: host_of(home, registry)
    )
    guarded = club._guarded
    club._guarded = lambda request, value: guarded(request, repeated(request, value))
    said = []
    for command in ("sync", "connections", "connections check", "doctor", "activities", "why 1"):
        said += called(capsys, *command.split(), *form)
    club.tokens.clear()
    club.refresh_tokens.clear()
    for command in ("sync", "connections", "doctor --offline", "connections rekey"):
        said += called(capsys, *command.split(), *form)
    club.fault("/oauth/revoke", Fault.status(400, body=" ".join(said_of(club))))
    said += called(capsys, "connections", "remove", "club", "--yes", *form)
    secrets = dict(enumerate(map(str, said_of(club))))
    assert len(secrets) >= 3
    search = Search({str(number): secret for number, secret in secrets.items()})
    assert search.in_text(*said) == []
    assert search.in_home(home) == []


def called(capsys, *arguments):
    """Run a command in this process, and return what it printed."""
    run(list(arguments))
    out, err = capsys.readouterr()
    return [out, err]


def said_of(club):
    """Return the secrets of a service."""
    refresh = [f"{REFRESH}+{number}/x" for number in range(1, club.issued + 1)]
    return [APP.client_secret, *refresh, *club.ever]


def repeated(request, value):
    """Return a value that repeats the token of a request."""
    token = request.header("authorization")
    if isinstance(value, list):
        return [row | {"said": token} for row in value]
    return value | {"name": f"Ada {token}"}


def test_the_app_moves_with_the_keys(home, permitted, desktop):
    """`rekey --to` moves the secret of the app, too, and a new key file encrypts it."""
    club, registry = permitted
    with host_of(home, registry) as host:
        host.connections.rekey("keyring")
        assert list((home / "secrets").glob("*.sealed")) == []
        assert len(desktop.kept) == 2
        host.connections.rekey("file")
        assert desktop.kept == {}
        host.connections.rekey()
        assert host.connections.probe("club").id == "7"
    assert club.exchanges == 1


def test_a_backup_with_secrets_brings_the_app_to_another_machine(home, permitted, tmp_path):
    """A connection that was restored from a backup with secrets renews its permission, for which it
    needs the app.
    """
    club, registry = permitted
    with host_of(home, registry) as host:
        made = host.backups.make(tmp_path / "backup.zip", with_secrets=True)
        assert (made.manifest.secrets, made.manifest.secrets_left_out) == (2, 0)
    with host_of(tmp_path / "another", registry) as host:
        restored = host.backups.restore(made.path, with_secrets=True)
        assert restored.without_key == ()
        assert host.connections.probe("club").id == "7"
    assert club.exchanges == 1


@pytest.mark.parametrize("made_with", [True, False])
def test_without_the_secrets_connect_asks_for_the_app(home, permitted, tmp_path, made_with):
    """If the secrets of a backup are not restored, the connection is named as one without a key,
    and the app has to be entered again.
    """
    club, registry = permitted
    with host_of(home, registry) as host:
        made = host.backups.make(tmp_path / "backup.zip", with_secrets=made_with)
    with host_of(tmp_path / "another", registry) as host:
        restored = host.backups.restore(made.path)
        assert (restored.without_key, restored.secrets_left_out) == (("club",), 2 * made_with)
        needed = host.connections.permission_of("club", {"base_url": f"{club.url}/v1"})
        assert not needed.knows_app
        give_permission(host, club)
        assert host.connections.probe("club").id == "7"


def test_the_app_is_used_only_at_the_address_for_which_it_was_entered(home, permitted):
    """Another base URL does not get the secret of the app: the app has to be entered for it."""
    _, registry = permitted
    with (
        host_of(home, registry) as host,
        OAuthClub(lambda: datetime.now(UTC)) as thief,
    ):
        values = {"base_url": f"{thief.url}/v1"}
        assert not host.connections.permission_of("club", values).knows_app
        with pytest.raises(FitglueError, match="FG-app-missing"):
            host.connections.begin_connect("club", values, REDIRECT)
        assert thief.requests == []


# -- addresses -------------------------------------------------------------------------------------


@pytest.fixture
def thief(tmp_path):
    """Yield another service that would issue a token for the key."""
    with Club(lambda: datetime.now(UTC)) as service:
        yield service


def test_the_key_is_exchanged_only_where_it_was_exchanged_before(
    home, club, thief, tmp_path, monkeypatch
):
    """If an entry names another address for tokens, the key is not sent there."""
    registry = make_registry(tmp_path / "registry")
    with host_of(home, registry) as host:
        host.connect("club", {"api_key": KEY, "base_url": f"{club.url}/v1"})
        club.tokens.clear()
        monkeypatch.setattr(
            "fitglue_registry.services.granting.issuing.auth_url",
            lambda *_: f"{thief.url}/token",
        )
        with pytest.raises(KeyUnavailable, match="FG-address-not-proven") as caught:
            host.connections.probe("club")
    assert thief.requests == []
    assert f"they were proven at {club.url}" in caught.value.why


def test_a_replaced_server_takes_the_place_of_what_issues_tokens(home, registry, club, connected):
    """With another base URL, the key goes to that server only, and not to the entry's address for
    tokens, which is on another host.
    """
    connected()
    with host_of(home, registry) as host:
        [connection] = host.connections.list()
        stored = host.workspace.secrets.get(connection.secret_ref)
    assert "login.club.example" in EXCHANGE
    assert stored["token-origin"] == stored["origin"] == club.url


# -- what is shown ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(500, body="the key {key} has the token {token}"),
        Fault.status(401, body='{{"message": "ApiKey {key} is not valid, see {token}"}}'),
        Fault.status(200, body='{{"tokens": ["{token}", "{key}"]}}'),
        Fault.status(418, body="{key} {token}"),
        Fault.redirect("/elsewhere?token={token}&key={key}"),
        Fault.status(200, body="{token} {key}"),
    ],
    ids=["500", "401", "elsewhere in JSON", "418", "redirect", "text"],
)
def test_no_failure_of_a_renewal_shows_the_key(home, registry, club, connected, fault, caplog):
    """Whatever a service responds to a request for a token, no error and no log shows the key or
    the token that it has rejected.
    """
    caplog.set_level("DEBUG")
    connected()
    token = last_token(home, registry)
    club.fault("/token", filled(fault, key=KEY, token=token), times=None)
    search = Search({"key": KEY, "token": token})
    with host_of(home, registry, clock=FakeClock(datetime.now(UTC))) as host:
        with pytest.raises(FitglueError) as caught:
            host.connections.probe("club")
        events = [str(event) for event in host.sync()]
    assert search.in_error(caught.value) == []
    assert search.in_text(caplog.text, *events) == []
    assert search.in_home(home) == []


def filled(fault, **values):
    """Return a fault with values in its response."""
    from dataclasses import replace

    def change(response):
        changed = fault.change(response)
        headers = tuple((name, text.format(**values)) for name, text in changed.headers)
        body = changed.plain().decode()
        if "{" in body:
            body = body.format(**values)
        return replace(changed, body=body.encode(), headers=headers, gzipped=None)

    return replace(fault, change=change)


def last_token(home, registry):
    """Return the token that is stored."""
    with host_of(home, registry) as host:
        [connection] = host.connections.list()
        return host.workspace.secrets.get(connection.secret_ref)["access-token"]


def test_a_token_is_stored_only_encrypted_and_is_removed_with_its_connection(
    home, registry, club, caplog
):
    """After a sync whose responses repeat the token and the key, neither is in the folder; after
    the removal of the connection, its secret is gone.
    """
    caplog.set_level("DEBUG")
    repeated = []
    club._guarded = lambda request, value: repeating(club, request, value, repeated)
    with host_of(home, registry) as host:
        host.connect("club", {"api_key": KEY, "base_url": f"{club.url}/v1"})
        assert isinstance(list(host.sync())[-1], SyncFinished)
    search = Search({"key": KEY, "token": repeated[0]})
    assert search.in_home(home) + search.in_text(caplog.text) == []
    with host_of(home, registry) as host:
        host.connections.remove("club")
    assert list((home / "secrets").glob("*.sealed")) == []


def repeating(club, request, value, repeated):
    """Return a response that repeats the token of the request, and the key."""
    from fitglue_registry.testing import json_response

    token = request.header("authorization").rpartition(" ")[2]
    repeated.append(token)
    said = f"{token} {KEY}"
    if isinstance(value, list):
        return json_response([row | {"said": said} for row in value])
    return json_response(value | {"name": said}).with_header("X-Echo", said)


def test_the_tokens_of_this_test_are_real_ones():
    """The search would find a token: it has the form of those of real services."""
    token = jwt(1, datetime.now(UTC))
    assert Search({"token": token}).in_text(f"token {token}") == ["token"]

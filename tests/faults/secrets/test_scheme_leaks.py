"""No command shows or stores a secret of a scheme with tokens: the key that is exchanged, the app,
the refresh tokens and the tokens, whatever the service repeats of them.
"""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from fitglue_registry.cli.app import run
from tests.faults.secrets.searching import Search
from tests.faults.secrets.test_leaks import CALLS, LEVELS
from tests.services.granting.club import (
    APP,
    EXCHANGE,
    KEY,
    OAUTH2,
    REFRESH,
    Club,
    OAuthClub,
    give_permission,
    host_of,
    make_registry,
)

#: ``dev stand-in`` runs until it is stopped. Of ``connect``, a scheme with a permission opens a
#: browser, which tests/cli/test_permission.py does.
LEFT_OUT = {"exchange": {"dev stand-in"}, "oauth2": {"dev stand-in", "connect"}}


@pytest.fixture(params=["exchange", "oauth2"])
def scheme(request):
    return request.param


@pytest.fixture
def club(scheme, home, tmp_path, monkeypatch):
    """A connected service that repeats the token of each request in its rows and names."""
    registry = make_registry(tmp_path / "registry", EXCHANGE if scheme == "exchange" else OAUTH2)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("subprocess.run", no_pip)
    monkeypatch.setattr(
        "fitglue_registry.cli.app.LateLoader.host", lambda _: host_of(home, registry)
    )
    made = {"exchange": Club, "oauth2": OAuthClub}[scheme](lambda: datetime.now(UTC))
    guarded = made._guarded
    made._guarded = lambda request, value: guarded(request, repeated(made, request, value))
    with made as service:
        with host_of(home, registry) as host:
            if scheme == "exchange":
                host.connect("club", {"api_key": KEY, "base_url": f"{service.url}/v1"})
            else:
                give_permission(host, service)
        (home / "saved.json").write_text("[]")
        yield service


def no_pip(arguments, **options):
    """Imitate a pip that fails."""
    return subprocess.CompletedProcess(arguments, 1, "", "could not install")


def repeated(club, request, value):
    """Return a value that repeats the token of a request, and what belongs to it."""
    said = f"{request.header('authorization')} {' '.join(known_of(club))}"
    if isinstance(value, list):
        return [row | {"said": said} for row in value]
    return value | {"name": f"Ada {said}"}


def known_of(club):
    """Return the secrets that are in use, other than the token."""
    if isinstance(club, OAuthClub):
        return [APP.client_secret, *club.refresh_tokens]
    return [KEY]


def secrets_of(club):
    """Return all secrets of a service."""
    refresh = [f"{REFRESH}+{number}/x" for number in range(1, club.issued + 1)]
    of_scheme = [APP.client_secret, *refresh] if isinstance(club, OAuthClub) else [KEY]
    return {f"secret {number}": text for number, text in enumerate([*of_scheme, *club.ever])}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(options, marks=() if options == ["--debug"] else pytest.mark.long)
        for options in LEVELS
    ],
    ids=lambda options: " ".join(options) or "quietly",
)
def test_no_command_shows_or_stores_a_secret_of_a_scheme(
    scheme, club, home, monkeypatch, capsys, options, reliability
):
    """Every command is called, first with a token that the service has forgotten; no output, file
    or row has a secret.
    """
    club.tokens.clear()
    said = []
    for call in calls_of(scheme):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(KEY.encode())))
        run([*(argument.replace("{home}", str(home)) for argument in call), *options])
        said += capsys.readouterr()
        if call[:1] == ["sync"]:
            club.tokens.clear()
    search = Search(secrets_of(club))
    leaks = [*search.in_text(*said), *search.in_home(home)]
    assert leaks == []
    assert club.issued >= 3
    reliability(
        "secrets",
        f"every command, at every log level, with tokens that the service repeats: {scheme}",
        times=len(calls_of(scheme)),
        lost=len(leaks),
        seen="the usual output, with asterisks in place of the tokens",
    )


def calls_of(scheme):
    """Return every command with the arguments to call it with."""
    calls = []
    for name, calls_of_command in CALLS.items():
        if name in LEFT_OUT[scheme]:
            continue
        for arguments in calls_of_command:
            ours = [argument.replace("intervals", "club") for argument in arguments]
            calls.append([*name.split(), *ours])
    return calls

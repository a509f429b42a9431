"""Fixtures: a service that can respond with anything to a request for a token, and a host with one
connection that the athlete has permitted.
"""

from __future__ import annotations

import pytest

from fitglue_registry.secrets.memory import MemorySecretStore
from tests.services.granting.club import (
    OAUTH2,
    REDIRECT,
    OAuthClub,
    app_at,
    host_of,
    make_registry,
)


class OddClub(OAuthClub):
    """The service, whose response to requests for tokens a test chooses.

    Args:
        now: Returns the current time.
    """

    def __init__(self, now):
        super().__init__(now)
        self.refusal = None  # the response in place of tokens; nothing is renewed then
        self.changed = None  # what it makes of a response with tokens
        self.bearers = []  # the Authorization headers of other requests

    def _oauth_token(self, request):
        if self.refusal is not None:
            self.asked.append(request)
            return self.refusal
        response = super()._oauth_token(request)
        return self.changed(response) if self.changed else response

    def _guarded(self, request, value):
        self.bearers.append(request.header("authorization"))
        return super()._guarded(request, value)


@pytest.fixture
def club(clock):
    with OddClub(clock.now) as service:
        yield service


@pytest.fixture
def registry(tmp_path):
    """Return a registry whose entry lets requests be repeated four times."""
    folder = make_registry(tmp_path / "registry", OAUTH2)
    entry = folder / "integrations" / "club.yaml"
    entry.write_text(entry.read_text().replace("retries: 0", "retries: 4"))
    return folder


@pytest.fixture
def host(tmp_path, registry, clock, club):
    options = {"clock": clock, "secrets": MemorySecretStore(), "apps": {"club": app_at(club)}}
    with host_of(tmp_path / "home", registry, **options) as host:
        yield host


@pytest.fixture
def answer(host, club):
    """Return a function that begins to connect, and returns the address with the answer."""

    def call():
        values = {"base_url": f"{club.url}/v1"}
        return club.allow(host.connections.begin_connect("club", values, REDIRECT).address)

    return call


@pytest.fixture
def permitted(host, club, clock, answer):
    """Connect, and let the token end."""
    host.connections.finish_connect(answer())
    clock.move(hours=7)
    club.asked.clear()
    club.bearers.clear()


@pytest.fixture
def last(host, permitted):
    """Return a function that syncs with a permission whose token has ended, and returns the last
    event.
    """

    def call():
        return list(host.sync())[-1]

    return call


@pytest.fixture
def connected(host):
    """Return a function that returns the only connection."""

    def call():
        [connection] = host.connections.list()
        return connection

    return call

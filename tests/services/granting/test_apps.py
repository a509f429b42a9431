"""Tests of the app with which an installation is known at a service (OAuth 2): it belongs to one
address, and its secret is sent to no other one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from fitglue_registry import Policy
from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.registry import Http
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.services.app_references import app_reference
from fitglue_registry.services.granting.apps import keep_app
from fitglue_registry.services.granting.issuing import issuer_of
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.transport.oauth_app import App
from fitglue_registry.transport.policy import auth_url
from tests.services.granting.club import (
    APP,
    INTEGRATION,
    OAUTH2,
    REDIRECT,
    OAuthClub,
    app_at,
    give_permission,
    host_of,
    make_registry,
)

OWN = "https://api.club.example/v1"


@pytest.fixture
def club(clock):
    with OAuthClub(clock.now) as service:
        yield service


@pytest.fixture
def other(clock):
    with OAuthClub(clock.now) as service:
        yield service


@pytest.fixture
def registry(tmp_path):
    return make_registry(tmp_path / "registry", OAUTH2)


@pytest.fixture(autouse=True)
def _files(monkeypatch):
    monkeypatch.setenv("FITGLUE_SECRETS", "file")


def at(club):
    return {"base_url": f"{club.url}/v1"}


def knows_app(host, values=None):
    return host.connections.permission_of("club", values or {}).knows_app


def keep(host, base_url, app):
    """Keep an app as it is kept when its service has accepted it."""
    http = host.workspace.installed.find("integration", "club").http
    keep_app(host.workspace, "club", issuer_of(http, base_url), app)


# -- the secret store of this machine --------------------------------------------------------------


def test_an_app_for_a_second_address_leaves_the_first_as_it_is(
    tmp_path, registry, clock, club, other
):
    """After the app of a stand-in was entered, a connection to the first server is renewed."""
    with host_of(tmp_path / "home", registry, clock=clock) as host:
        give_permission(host, club)
        assert not knows_app(host, at(other))
        keep(host, at(other)["base_url"], App("other-id", "0ther-secret"))
        clock.move(hours=7)
        assert isinstance(list(host.sync())[-1], SyncFinished)
        assert [knows_app(host, at(club)), knows_app(host, at(other))] == [True, True]
        assert not knows_app(host, {"base_url": OWN})


def test_apps_of_several_addresses_get_a_new_key_together(tmp_path, registry, clock, club):
    """`rekey` encrypts the apps for all addresses of a service with the new key."""
    with host_of(tmp_path / "home", registry, clock=clock) as host:
        give_permission(host, club)
        keep(host, OWN, App("own-id", "0wn-secret"))
        host.connections.rekey()
        assert [knows_app(host, at(club)), knows_app(host, {"base_url": OWN})] == [True, True]


def test_an_app_that_cannot_be_read_is_entered_again(tmp_path, registry, clock, club):
    """A damaged file of an app can be replaced by entering the app."""
    with host_of(tmp_path / "home", registry, clock=clock) as host:
        give_permission(host, club)
        name = app_reference("club", "file").rpartition("/")[2]
        [file] = [path for path in (tmp_path / "home").rglob("*") if path.stem == name]
        file.write_bytes(b"damaged")
        with pytest.raises(AthleteNeeded, match="FG-secret-unreadable"):
            knows_app(host, at(club))
        give_permission(host, club)
        assert knows_app(host, at(club))


@pytest.mark.parametrize(
    ("formerly", "is_known"),
    [("https://login.club.example", True), ("https://elsewhere.example", False)],
)
def test_an_app_goes_with_a_service_that_has_moved(
    tmp_path, registry, clock, other, formerly, is_known
):
    """If the entry says where tokens were issued before, the app is used at the new address."""
    with host_of(tmp_path / "home", registry, clock=clock) as host:
        keep(host, OWN, APP)
    moved = INTEGRATION.format(auth=OAUTH2.replace("login.", "auth2."), credentials="")
    moved = moved.replace("  retries: 0", f"  formerly: [{formerly}]\n  retries: 0")
    (registry / "integrations" / "club.yaml").write_text(moved)
    with host_of(tmp_path / "home", registry, clock=clock) as host:
        assert knows_app(host) is is_known
        assert not knows_app(host, at(other))


# -- an app that the application gives -------------------------------------------------------------


def test_an_app_of_an_application_is_for_the_service_itself(tmp_path, registry, clock, other):
    """`Host(apps=…)` is used at the address of the entry, and at no other that an athlete names."""
    options = {"clock": clock, "secrets": MemorySecretStore(), "apps": {"club": APP}}
    with host_of(tmp_path / "home", registry, **options) as host:
        assert knows_app(host)
        assert knows_app(host, {"base_url": f"{OWN}/"})
        with pytest.raises(AthleteNeeded, match="FG-app-missing"):
            host.connections.begin_connect("club", at(other), REDIRECT)
        assert other.requests == []


def test_an_app_of_an_application_can_be_for_a_stand_in(tmp_path, registry, clock, club, other):
    """With ``base_url``, the app is used there, and not at the service itself."""
    options = {"clock": clock, "secrets": MemorySecretStore(), "apps": {"club": app_at(club)}}
    with host_of(tmp_path / "home", registry, **options) as host:
        known = [knows_app(host, at(club)), knows_app(host, at(other)), knows_app(host)]
        assert known == [True, False, False]


def test_an_app_is_for_the_address_of_the_operator(tmp_path, registry, clock, club):
    """If the operator of a server sets the address of a service, the app is used there."""
    policy = Policy(settings={"club": at(club)})
    options = {"secrets": MemorySecretStore(), "apps": {"club": APP}, "policy": policy}
    with host_of(tmp_path / "home", registry, clock=clock, **options) as host:
        assert knows_app(host)
        address = host.connections.begin_connect("club", {}, REDIRECT).address
        assert address.startswith(f"{club.url}/authorize")


# -- the addresses of the entry --------------------------------------------------------------------


@pytest.mark.parametrize("typed", [None, OWN, "https://API.club.example:443/v1/", f" {OWN} "])
def test_the_own_address_of_an_entry_leaves_its_other_hosts(typed):
    """A base URL of the entry's own server moves neither the host that asks nor that of tokens."""
    http = Http(base_url=OWN)
    assert auth_url(http, "https://login.club.example/token", typed) == (
        "https://login.club.example/token"
    )
    assert auth_url(http, "/token", typed) == "https://api.club.example/token"


@pytest.mark.parametrize("typed", ["https://api.club.example:8443/v1", "https://club.example"])
def test_another_address_takes_the_place_of_all_hosts(typed):
    """Another server, or another port, also asks and issues the tokens."""
    url = auth_url(Http(base_url=OWN), "https://login.club.example/token", typed)
    assert url == typed.removesuffix("/v1") + "/token"


def test_the_browser_is_sent_to_the_host_of_the_entry(tmp_path, registry, clock):
    """Typing the address of the service itself changes nothing about where the athlete is asked."""
    apps = {"club": replace(APP)}
    with host_of(tmp_path / "home", registry, clock=clock, apps=apps) as host:
        for values in ({}, {"base_url": OWN}):
            address = host.connections.begin_connect("club", values, REDIRECT).address
            assert address.startswith("https://login.club.example/authorize?")

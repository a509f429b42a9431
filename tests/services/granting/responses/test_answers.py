"""What the service responds with tokens: their forms, and the scopes that it reports."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import json_response
from fitglue_registry.testing.messages import Response
from tests.services.granting.club import REDIRECT


def reworded(changed):
    """Return a function that changes the JSON object of a response."""

    def call(response):
        return json_response(changed(json.loads(response.body)))

    return call


def as_form(response):
    """Return a response with the same values, encoded like a form."""
    fields = urlencode(json.loads(response.body)).encode()
    return Response(200, fields, content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "body",
    [
        b'{"access_token": "AAAA-new", "refresh_token": "R3fresh-new",}',
        b'{"access_token": "AAAA-new", "refresh_token": "R3fre',
        b'"AAAA-new"',
        b'["AAAA-new"]',
        b"AAAA-new",
        b"OK",
        b"true",
        b"access_token=AAAA new",
        b"token=AAAA-new&expires_in=3600",
        b'{"access_token": "null"}',
        b'{"access_token": true}',
    ],
)
def test_what_is_no_object_with_a_token_is_not_used(host, club, last, connected, body):
    """A response of another form is not sent anywhere as a token, and is not quoted."""
    before = host.workspace.secrets.get(connected().secret_ref)["refresh-token"]
    club.refusal = Response(200, body)
    error = last().error
    assert error.code == "FG-token-unusable"
    assert club.bearers == []
    assert "AAAA" not in str(error.as_dict())
    assert host.workspace.secrets.get(connected().secret_ref)["refresh-token"] == before


def test_a_response_that_is_encoded_like_a_form_has_tokens(host, club, last, connected):
    """A service that encodes its response like a form renews the permission, too."""
    club.changed = as_form
    assert isinstance(last(), SyncFinished)
    values = host.workspace.secrets.get(connected().secret_ref)
    assert {values["refresh-token"]} == club.refresh_tokens
    assert values["granted-scopes"] == "profile runs:all"


def test_a_refresh_token_that_is_a_number_is_kept(host, club, last, connected):
    """A refresh token of digits is stored like any other."""
    club.changed = reworded(lambda answer: answer | {"refresh_token": 4711_0815_2026})
    assert isinstance(last(), SyncFinished)
    assert host.workspace.secrets.get(connected().secret_ref)["refresh-token"] == "471108152026"


def test_an_end_that_is_no_number_is_not_an_end(host, club, last, connected):
    """A service that says only that a token ends is believed to say nothing about when."""
    club.lifetime *= 2
    club.changed = reworded(lambda answer: answer | {"expires_in": True})
    assert isinstance(last(), SyncFinished)
    values = host.workspace.secrets.get(connected().secret_ref)
    assert values["token-expires-at"] == club.tokens[values["access-token"]].isoformat()


# -- scopes ----------------------------------------------------------------------------------------

NOTE = "You did not give the permission runs:all. Private runs are missing."


@pytest.mark.parametrize(
    "reported",
    [
        {"scope": ["profile"]},
        {"scope": "profile,other"},
        {"scope": ["profile other"]},
        {"scopes": ["profile"]},
    ],
)
def test_scopes_are_read_in_each_form(host, club, answer, reported):
    """A service may report the scopes as a text or as a list."""

    def changed(tokens):
        del tokens["scope"]
        return tokens | reported

    club.changed = reworded(changed)
    assert host.connections.finish_connect(answer()).account.notes == (NOTE,)


@pytest.mark.parametrize(
    ("in_address", "with_token", "notes"),
    [
        ("profile+runs:all", ["profile"], (NOTE,)),
        ("profile", ["profile", "runs:all"], (NOTE,)),
        ("profile&scope=runs:all", ["profile", "runs:all"], ()),
    ],
)
def test_a_scope_counts_if_nothing_says_that_it_was_not_given(
    host, club, answer, in_address, with_token, notes
):
    """An address that only repeats what was asked for does not hide what was unticked."""
    club.changed = reworded(lambda tokens: tokens | {"scope": with_token})
    back = f"{answer()}&scope={in_address}"
    assert host.connections.finish_connect(back).account.notes == notes


def test_a_renewal_gives_no_scope_that_was_not_given(host, club, last, connected):
    """A renewal whose response names more scopes does not add any."""
    club.changed = reworded(lambda tokens: tokens | {"scope": "profile runs:all more"})
    assert isinstance(last(), SyncFinished)
    values = host.workspace.secrets.get(connected().secret_ref)
    assert values["granted-scopes"] == "profile runs:all"


# -- the address that comes back -------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        f"{REDIRECT}?{'&'.join(f'a{number}=1' for number in range(101))}",
        f"{REDIRECT}?{'&' * 1000}",
        f"{REDIRECT}?state=%ff%fe&code=%00",
    ],
    ids=["many parameters", "many separators", "bytes"],
)
def test_an_odd_address_is_not_an_answer(host, address):
    """An address that no service sends is refused like any other that nobody waits for."""
    assert not host.connections.is_answer(address)
    with pytest.raises(UserMistake, match="FG-permission-unknown"):
        host.connections.finish_connect(address)


def test_the_advice_about_a_large_response_is_not_about_the_entry(club, last, permitted):
    """The limit of responses with tokens is not that of the entry, so raising it is no advice."""
    club.refusal = Response(200, b"x" * 300_000)
    error = last().error
    assert (error.code, "max_body_mb" in error.fix) == ("FG-answer-too-large", False)

"""What the service says when it issues no token: which refusal ends a permission, and which does
not.
"""

from __future__ import annotations

from http.client import BadStatusLine

import pytest
from urllib3.exceptions import ProtocolError

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, Retryable
from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import Fault, json_response
from fitglue_registry.testing.messages import Response
from fitglue_registry.transport.network_failures import NetworkFailures
from fitglue_registry.transport.policy import HttpPolicy
from tests.services.granting.club import APP


def page(status, text="Access denied"):
    """Return a web page."""
    return Response(status, f"<html><body>{text}</body></html>".encode(), content_type="text/html")


def form(status, fields):
    """Return a response that is encoded like a form."""
    kind = "application/x-www-form-urlencoded"
    return Response(status, fields.encode(), content_type=kind)


@pytest.mark.parametrize(
    "refusal",
    [
        page(403),
        page(400, "400 Bad Request"),
        page(401, "Sign in to this network"),
        Response(403, b""),
        Response(400, b"Bad Request", content_type="text/plain"),
        json_response({"error": "temporarily_unavailable"}, 400),
        json_response({"error": "server_error"}, 403),
        json_response({"error": "server_error"}, 200),
        json_response({"error": {"status": "temporarily_unavailable"}}, 401),
    ],
)
def test_a_page_or_an_outage_ends_no_permission(club, last, connected, refusal):
    """What a firewall, a proxy or a network sends, and what says that the service does not work, is
    an outage: the connection stays, and the next sync goes on.
    """
    club.refusal = refusal
    error = last().error
    assert isinstance(error, Retryable)
    assert error.code == "FG-source-down"
    assert connected().state == "ok"
    club.refusal = None
    assert isinstance(last(), SyncFinished)


STRAVA = {"resource": "RefreshToken", "field": "refresh_token", "code": "invalid"}


@pytest.mark.parametrize(
    "refusal",
    [
        json_response({"error": "invalid_grant"}, 200),
        json_response({"error": "invalid_grant"}, 400),
        json_response({"error": "invalid_grant"}, 403),
        json_response({"error": "invalid_grant"}, 500),
        form(400, "error=invalid_grant&error_description=It+was+revoked"),
        json_response({"error": "bad_refresh_token"}, 200),
        json_response({"errors": [{"errorType": "invalid_grant", "message": "It ended"}]}, 400),
        json_response({"message": "Bad Request", "errors": [STRAVA]}, 400),
    ],
)
def test_only_an_invalid_grant_ends_a_permission(host, club, last, connected, refusal):
    """A service that says that the permission is not valid ends it, whatever the status is and
    wherever the code is, and no renewal was interrupted.
    """
    club.refusal = refusal
    error = last().error
    assert error.code == "FG-permission-ended"
    assert "you may have revoked it" in error.why
    assert connected().state == "credentials-rejected"
    assert "renewal-began-at" not in host.workspace.secrets.get(connected().secret_ref)


@pytest.mark.parametrize(
    "refusal",
    [
        json_response({"error": "invalid_client"}, 401),
        json_response({"error": "invalid_client"}, 500),
        json_response({"error": "unauthorized_client"}, 400),
        json_response({"message": "Unauthorized"}, 401),
        json_response({"errors": [STRAVA | {"resource": "Application"}]}, 400),
    ],
)
def test_an_app_that_is_refused_ends_no_permission(host, club, last, connected, refusal):
    """A service that refuses the app has replaced nothing, so that no mark of a renewal stays."""
    club.refusal = refusal
    error = last().error
    assert isinstance(error, AthleteNeeded)
    assert error.code == "FG-app-refused"
    assert "renewal-began-at" not in host.workspace.secrets.get(connected().secret_ref)
    club.refusal = None
    assert isinstance(last(), SyncFinished)


@pytest.mark.parametrize(
    "refusal",
    [
        json_response({"error": "invalid_request"}, 400),
        json_response({"error": "unsupported_grant_type"}, 200),
        json_response({"error": "Forbidden", "message": "too old a client"}, 403),
        json_response({}, 400),
        json_response({}, 200),
    ],
)
def test_a_refusal_for_another_reason_ends_no_permission(host, club, last, connected, refusal):
    """A request that the service does not accept stops the sync, and says that no token came."""
    club.refusal = refusal
    error = last().error
    assert isinstance(error, ConnectionStopped)
    assert error.code == "FG-token-unusable"
    assert connected().state == "ok"
    club.refusal = None
    assert isinstance(last(), SyncFinished)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_explained(club, last, status):
    """The code and the description of the service are quoted."""
    said = {"error": "invalid_grant", "error_description": "It was revoked on May 3."}
    club.refusal = json_response(said, status)
    assert f"status {status}: invalid_grant: It was revoked on May 3.;" in last().error.why


def test_a_description_without_a_code_is_quoted(club, last):
    """Some services only describe what is wrong."""
    club.refusal = json_response({"error": "Forbidden", "message": "This client is too old"}, 403)
    assert last().error.why == "it responded with status 403: This client is too old"


@pytest.mark.parametrize("status", [400, 502])
@pytest.mark.parametrize("kind", ["text", "page", "description", "code", "object"])
def test_tokens_in_an_error_are_not_shown(host, club, last, caplog, status, kind):
    """A service that issues tokens with an error shows none of them, in no error and no log."""
    caplog.set_level(1)
    tokens = ["R3fresh-nobody-knows/yet+1", "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOjF9.S1gn"]
    words = f"issued {' and '.join(tokens)} for {APP.client_secret}"
    club.refusal = {
        "text": Response(status, words.encode(), content_type="text/plain"),
        "page": page(status, words),
        "description": json_response({"error": "invalid_grant", "message": words}, status),
        "code": json_response({"error": words}, status),
        "object": json_response({"access_token": tokens[0], "refresh_token": tokens[1]}, status),
    }[kind]
    error = last().error
    shown = f"{error} {error.as_dict()} {caplog.text} {error.__context__!r}"
    assert not [text for text in (*tokens, APP.client_secret) if text in shown]


def test_tokens_in_a_response_that_is_not_http_are_not_shown():
    """A response that breaks the rules of HTTP is not quoted either."""
    policy = HttpPolicy("https://login.club.example")
    failures = NetworkFailures(policy, Redactor(), policy.host, quotes=False)
    broken = ProtocolError("broken", BadStatusLine("{refresh_token: R3fresh-nobody-knows/yet+1}"))
    failure = failures.translate(broken, policy.base_url).failure
    assert failure.why == "BadStatusLine"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.html_page(),
        Fault.status(200, body='{"error": "unsupported_token_type"}'),
        Fault.status(503),
    ],
)
def test_what_does_not_take_a_permission_back_is_said(host, club, permitted, fault):
    """A page of a network and an error with status 200 have taken nothing back."""
    club.fault("/oauth/revoke", fault, times=None)
    removed = host.connections.remove("club")
    assert removed.revoked is False
    assert "127.0.0.1" in removed.not_revoked

"""A key that is exchanged for a token: connecting, syncing, renewing, and what can go wrong."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, Retryable, UserMistake
from fitglue_registry.sync.events import SyncFinished, SyncStopped
from fitglue_registry.testing import Fault, json_response
from fitglue_registry.testing.messages import Response
from tests.services.granting.club import KEY, as_text, host_of, make_registry


def last_of(host):
    """Sync, and return the last event."""
    return list(host.sync())[-1]


def test_a_key_is_exchanged_once_and_the_token_is_kept(host, club, connect):
    """A connect and two syncs within the life of a token exchange the key once."""
    connect()
    assert last_of(host).counts["new"] == 3
    assert (len(host.activities()), host.records.quarantine()) == (3, [])
    assert isinstance(last_of(host), SyncFinished)
    assert club.exchanges == 1


def test_another_process_uses_the_stored_token(host, club, connect, tmp_path, registry, clock):
    """A host that is opened later uses the token that an earlier one has stored."""
    connect()
    later = host_of(tmp_path / "home", registry, clock=clock, secrets=host.workspace.secrets)
    with later:
        assert isinstance(last_of(later), SyncFinished)
    assert club.exchanges == 1


def test_a_token_that_ends_soon_is_renewed_before_it_is_used(host, club, connect, clock):
    """A token is renewed some minutes before its end, and no request is sent with the old one."""
    connect()
    club.clear_requests()
    clock.move(hours=23, seconds=3400)
    assert isinstance(last_of(host), SyncFinished)
    assert [request.status for request in club.requests] == [200, 200]
    assert [request.path for request in club.requests] == ["/token", "/v1/runs"]


def test_a_token_that_ends_within_a_session_is_renewed_in_it(host, club, connect, clock):
    """A session that is open for longer than a token lives requests another one by itself."""
    connect()
    [connected] = host.connections.list()
    source = host.workspace.catalogue.get("source", "club")
    view = host.connections._views.of(connected, source)
    view.http.get("me")
    clock.move(hours=25)
    view.http.get("me")
    view.close()
    assert club.exchanges == 2
    assert {request.status for request in club.requests} == {200}


def test_a_token_that_is_revoked_early_is_renewed_once_after_a_401(host, club, connect):
    """A token that the service rejects before its end is renewed, and the request is repeated."""
    connect()
    club.tokens.clear()
    club.clear_requests()
    assert isinstance(last_of(host), SyncFinished)
    assert [request.status for request in club.requests] == [401, 200, 200]


def test_a_service_that_rejects_each_token_is_asked_for_one_more(host, club, connect):
    """If the new token is rejected, too, the sync stops: it does not request tokens for ever."""
    connect()
    club.fault("/v1/runs", Fault.status(401), times=None)
    last = last_of(host)
    assert isinstance(last, SyncStopped)
    assert last.error.code == "FG-key-rejected"
    assert club.exchanges == 2
    assert host.connections.list()[0].state == "credentials-rejected"


@pytest.fixture
def http(host, connect):
    """Yield the session that the plugin of the connection has."""
    connect()
    [connected] = host.connections.list()
    source = host.workspace.catalogue.get("source", "club")
    view = host.connections._views.of(connected, source)
    yield view.http
    view.close()


@pytest.mark.parametrize("ends", [2, 3])
def test_a_token_that_ends_again_and_again_is_renewed_each_time(club, http, ends):
    """A key is exchanged once for each token that has ended, however soon, and is not rejected."""
    for _ in range(ends):
        assert http.get("me").status == 200
        club.tokens.clear()
    assert http.get("me").status == 200
    assert club.exchanges == 1 + ends


def test_an_address_that_rejects_each_token_is_soon_given_up(club, http):
    """A token that is accepted elsewhere is not renewed without end for an address that is not."""
    club.route("/v1/private", lambda _: json_response({"message": "no"}, 401))
    before = club.exchanges
    for _ in range(3):
        assert http.get("me").status == 200
        with pytest.raises(AthleteNeeded, match="FG-key-rejected"):
            http.get("private")
    assert club.exchanges == before + 1


def test_one_request_renews_a_token_at_most_twice(club, http):
    """While other requests prove each new token, a request that is always rejected still ends."""

    def reject(_):
        if not proving.is_set():
            proving.set()
            http.get("me")
            proving.clear()
        return json_response({"message": "no"}, 401)

    proving = threading.Event()
    club.route("/v1/private", reject)
    before = club.exchanges
    with pytest.raises(AthleteNeeded, match="FG-key-rejected"):
        http.get("private")
    assert club.exchanges == before + 2


def test_threads_of_one_session_renew_a_token_once(club, http):
    """Several requests that are rejected at the same time renew the token once."""
    http.get("me")
    club.tokens.clear()
    club.asked.clear()
    together = threading.Barrier(4)

    def ask(_):
        together.wait(10)
        return http.get("me").status

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(ask, range(4))) == {200}
    assert club.exchanges == 1


def test_a_request_that_is_never_repeated_blindly_is_sent_again_with_a_new_token(club, http):
    """A 401 says that a POST was not carried out, so it is sent again after the renewal."""
    club.tokens.clear()
    club.clear_requests()
    assert http.post("runs", json={"title": "Run"}).status == 200
    assert [(request.method, request.status) for request in club.requests] == [
        ("POST", 401),
        ("POST", 200),
        ("POST", 200),
    ]


def test_a_renewed_token_takes_the_place_of_the_old_one(host, club, connect, clock, secret):
    """The store has one secret per connection, with the newest token."""
    connect()
    before = secret()
    clock.move(hours=24)
    last_of(host)
    after = secret()
    assert after["api_key"] == before["api_key"] == KEY
    assert after["access-token"] != before["access-token"]
    assert len(host.workspace.secrets._values) == 1


# -- what the service answers ----------------------------------------------------------------------


@pytest.mark.parametrize("key", ["wrong-key-of-club", f"{KEY}x"])
def test_a_wrong_key_is_rejected_by_what_issues_tokens(host, club, connect, key):
    """A key for which no token is issued is rejected, nothing is stored, and no data is asked."""
    with pytest.raises(AthleteNeeded, match="FG-key-rejected") as caught:
        connect(key)
    assert "this key is not valid" in caught.value.why
    assert host.connections.list() == []
    assert [request.path for request in club.requests] == ["/token"]


@pytest.mark.parametrize("status", [400, 403])
def test_other_refusals_of_a_key_are_refusals_too(host, club, connect, status):
    """A service that refuses a key with 400 or 403 rejects it like one that responds with 401."""
    club.fault("/token", Fault.status(status))
    with pytest.raises(AthleteNeeded, match="FG-key-rejected"):
        connect()


def test_a_refusal_of_a_key_shows_no_token(host, club, connect):
    """A service that issues a token with a refusal is quoted without it."""
    said = '{"message": "no token for you, but R3fresh-nobody-knows/yet+1"}'
    club.fault("/token", Fault.status(403, body=said))
    with pytest.raises(AthleteNeeded, match="FG-key-rejected") as caught:
        connect()
    assert "no token for you, but ***" in caught.value.why


@pytest.mark.parametrize("refusal", ["page", "outage"])
@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_says_nothing_about_the_key_rejects_no_key(host, club, connect, status, refusal):
    """The page of a firewall or of a network, and a code of an outage, reject no key."""
    fault = Fault.html_page(status=status)
    if refusal == "outage":
        fault = Fault.status(status, body='{"error": "temporarily_unavailable"}')
    club.fault("/token", fault)
    with pytest.raises(Retryable, match="FG-source-down"):
        connect()


@pytest.mark.parametrize("status", [500, 503])
def test_an_outage_of_what_issues_tokens_rejects_no_key(host, club, connect, clock, status):
    """A 5xx for a token is an outage: the connection stays ok, and the next sync continues."""
    connect()
    clock.move(hours=24)
    club.fault("/token", Fault.status(status), times=None)
    last = last_of(host)
    assert isinstance(last.error, Retryable)
    assert last.error.code == "FG-source-down"
    assert host.connections.list()[0].state == "ok"
    club.clear_faults()
    assert isinstance(last_of(host), SyncFinished)


def test_an_outage_after_a_401_is_an_outage(host, club, connect):
    """If a token was revoked and no other can be requested now, the key counts as usable."""
    connect()
    club.tokens.clear()
    club.fault("/token", Fault.status(502), times=None)
    assert last_of(host).error.code == "FG-source-down"
    assert host.connections.list()[0].state == "ok"


def test_an_outage_after_a_rejected_key_is_an_outage(host, club, connect, clock):
    """The connection says what stopped its last sync, and not the fix of an earlier one."""
    connect()
    clock.move(days=2)
    club.keys.clear()
    list(host.sync())
    assert host.connections.status(host.connections.list()[0]).state == "credentials-rejected"
    club.fault("/token", Fault.status(503), times=None)
    list(host.sync())
    status = host.connections.status(host.connections.list()[0])
    assert (status.state, "is not working" in status.reason) == ("stopped", True)
    assert status.fix.startswith("run `fitglue sync club` again later")
    club.clear_faults()
    list(host.sync())
    assert host.connections.status(host.connections.list()[0]).state == "credentials-rejected"


def test_a_key_that_has_ended_asks_for_another(host, club, connect, clock):
    """When the key itself has ended, the sync stops until the athlete connects with another."""
    connect()
    club.keys = {"the-next-Club-key"}
    clock.move(hours=24)
    assert last_of(host).error.code == "FG-key-rejected"
    assert host.connections.list()[0].state != "ok"
    assert connect("the-next-Club-key").renewed
    assert isinstance(last_of(host), SyncFinished)


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, b"<html><title>Sign in</title></html>", content_type="text/html"),
        Response(200, b"", content_type="text/plain"),
        json_response({"token": "in-another-place"}),
        json_response({"access_token": "two words"}),
        json_response(["a-list"]),
        json_response({"access_token": 7}),
        json_response({}),
        json_response(True),
        json_response({"access_token": "undefined"}),
        Response(200, b'{"access_token": "in-another-place", "x":', content_type="text/plain"),
        Response(200, b'["in-another-place"', content_type="text/plain"),
        Response(200, b"Unauthorized.", content_type="text/plain"),
        Response(200, b"OK", content_type="text/plain"),
    ],
    ids=[
        "a page",
        "nothing",
        "elsewhere",
        "two words",
        "a list",
        "a number",
        "an empty object",
        "true",
        "undefined",
        "a broken object",
        "a broken list",
        "a word",
        "a short word",
    ],
)
def test_a_response_without_a_token_is_not_used(host, club, connect, answer):
    """A response that has no usable token is refused, and never quoted: it may contain one."""
    club.answer = lambda *_: answer
    with pytest.raises(ConnectionStopped, match="FG-token-unusable") as caught:
        connect()
    assert "another-place" not in str(caught.value.as_dict())


def test_a_redirect_of_a_request_for_a_token_is_refused(host, club, connect):
    """A request with a key follows no redirect, not even on its own host."""
    club.fault("/token", Fault.redirect("/v1/me"))
    with pytest.raises(ConnectionStopped, match="FG-redirect-refused") as caught:
        connect()
    assert "contains credentials" in caught.value.why
    assert [request.path for request in club.requests] == ["/token"]


# -- forms of requests and responses ---------------------------------------------------------------


@pytest.mark.parametrize("quoted", [False, True])
def test_a_token_as_plain_text_says_itself_when_it_ends(host, club, connect, secret, quoted):
    """A bare JSON Web Token is used, with or without quotes, and is renewed before its ``exp``."""
    mark = b'"' if quoted else b""
    club.answer = lambda token, life: Response(200, mark + as_text(token, life).body + mark)
    connect()
    ends = club.now() + club.lifetime
    assert secret()["token-expires-at"] == ends.isoformat()
    assert secret()["token-renew-at"] == (ends - timedelta(minutes=5)).isoformat()


@pytest.mark.parametrize(
    "end",
    [
        {"expires_in": "3600"},
        {"expires_at": "2026-11-21T13:00:00Z"},
        {"expires_at": 1795266000},
        {"expires_at": 1795266000000},
    ],
    ids=["seconds as text", "ISO 8601", "Unix seconds", "Unix milliseconds"],
)
def test_the_end_of_a_token_is_understood(club, connect, secret, end):
    """The end of a token is read as seconds from now, as Unix time, and as ISO 8601."""
    club.answer = lambda token, _: json_response({"access_token": token, **end})
    connect()
    assert secret()["token-expires-at"] == "2026-11-21T13:00:00+00:00"


def test_a_token_without_an_end_is_used_until_it_is_rejected(host, club, connect, clock, secret):
    """A token whose end nobody states is renewed only after a 401."""
    club.answer = lambda token, _: json_response({"access_token": opaque(club, token)})
    connect()
    assert "token-renew-at" not in secret()
    clock.move(hours=24)
    assert isinstance(last_of(host), SyncFinished)
    assert club.exchanges == 2


def opaque(club, token):
    """Let the service accept a token that does not say when it ends in place of ``token``."""
    short = f"opaque-{len(club.tokens)}-of-the-club"
    club.tokens[short] = club.tokens.pop(token)
    return short


@pytest.mark.parametrize(("lifetime_s", "used_s"), [(20, 18), (600, 540), (86_400, 86_100)])
def test_a_token_is_used_for_nine_tenths_of_its_life_or_until_five_minutes_before_its_end(
    club, connect, secret, clock, lifetime_s, used_s
):
    """A token that lives shorter than a minute is renewed before it ends, too."""
    club.lifetime = timedelta(seconds=lifetime_s)
    connect()
    assert secret()["token-renew-at"] == (clock.now() + timedelta(seconds=used_s)).isoformat()


def test_a_wrong_clock_does_not_request_a_token_for_each_request(host, club, connect, secret):
    """If every token seems to have ended already, each is still used for a minute."""
    club.lifetime = -timedelta(days=1)
    club.answer = as_text
    club._guarded = lambda request, value: json_response(value)
    connect()
    assert isinstance(last_of(host), SyncFinished)
    assert club.exchanges == 1


@pytest.mark.parametrize(
    ("exchange", "headers", "body"),
    [
        ("send: basic", {"authorization": "Basic dXNlcjpHQ0RDX3BsNG50ZWQrQ2x1Yi1rZXkvNzc="}, b""),
        ("send: form", {}, b"api_key=GCDC_pl4nted%2BClub-key%2F77"),
        (
            "send: form, name: key, parameters: {app: fitglue}",
            {},
            b"app=fitglue&key=GCDC_pl4nted%2BClub-key%2F77",
        ),
        ("send: json, name: key", {}, b'{"key": "GCDC_pl4nted+Club-key/77"}'),
        ("name: X-Api-Key", {"x-api-key": KEY}, b""),
    ],
)
def test_the_key_is_sent_as_the_entry_says(tmp_path, club, clock, exchange, headers, body):
    """The key is in a header, in Basic authentication, in a form or in JSON, as declared."""
    registry = make_registry(
        tmp_path / "other",
        "    {scheme: exchange, secret: api_key, username: user, "
        f"exchange: {{url: /token, {exchange}}}}}\n",
    )
    club.key_of = lambda _: KEY
    with host_of(tmp_path / "home", registry, clock=clock) as host:
        host.connect("club", {"api_key": KEY, "base_url": f"{club.url}/v1"})
    [request] = club.asked
    assert {name: request.header(name) for name in headers} == headers
    assert request.body == body


def test_a_token_can_be_sent_in_another_header(tmp_path, club, clock):
    """An entry can name the header in which the token is sent."""
    registry = make_registry(
        tmp_path / "other",
        "    {scheme: exchange, secret: api_key, header: X-Token, "
        'exchange: {url: /token, prefix: "ApiKey "}}\n',
    )
    club._guarded = lambda request, value: json_response(
        value, 200 if request.header("x-token") in club.tokens else 401
    )
    with host_of(tmp_path / "home", registry, clock=clock) as host:
        assert host.connect("club", {"api_key": KEY, "base_url": f"{club.url}/v1"}).account.id


def test_a_service_with_a_key_gives_no_permission_in_a_browser(host):
    """The error says so before it asks for values that would be missing."""
    with pytest.raises(UserMistake, match="FG-no-permission-needed"):
        host.connections.begin_connect("club", {}, "https://you.example/back")


def test_a_service_without_a_key_is_connected_again_at_its_address(tmp_path, club, clock):
    """Where no key is sent, nobody has to confirm the address of the existing connection."""
    club.is_open = True
    registry = make_registry(tmp_path / "registry", "    scheme: none\n")
    with host_of(tmp_path / "home", registry, clock=clock) as host:
        host.connect("club", {"base_url": f"{club.url}/v1"})
        assert host.connect("club", {}).renewed

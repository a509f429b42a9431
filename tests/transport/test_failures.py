"""Tests of failures that another attempt would not repair, each with its own error."""

import socket
import time

import pytest

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, Retryable
from fitglue_registry.registry import Auth
from fitglue_registry.transport.answer import HttpAnswer
from fitglue_registry.transport.server_message import quote


def error_of(session, kind=ConnectionStopped):
    """Return the error of a request."""
    with pytest.raises(kind) as caught:
        session.get("x")
    return caught.value


@pytest.mark.parametrize(("status", "code"), [(401, "FG-key-rejected"), (403, "FG-not-permitted")])
def test_a_rejected_key_needs_the_athlete(session, server, reply, status, code):
    """A wrong key and a missing permission have different errors and are not tried again."""
    server.respond_with(reply(status, b'{"status": %d, "error": "Auth failed"}' % status))
    error = error_of(session, AthleteNeeded)
    assert (error.code, error.why, len(server.requests)) == (
        code,
        f"it responded with status {status}: Auth failed",
        1,
    )
    assert error.at.url == f"{server.url}/api/v1/x"
    assert error.fix


def test_a_renewed_key_is_read_after_a_401(open_session, server, reply):
    """After a 401 the secrets are read again, and a key that was renewed is tried at once."""
    keys = iter(["old-key", "new-key"])
    session = open_session(
        auth=Auth(scheme="bearer", secret="api_key"), secrets=lambda: {"api_key": next(keys)}
    )
    server.respond_with(reply(), reply(401), reply())
    session.get("a")
    session.get("b")
    assert [headers["authorization"] for _, headers in server.requests] == [
        "Bearer old-key",
        "Bearer old-key",
        "Bearer new-key",
    ]


def test_a_renewed_key_is_tried_after_an_outage_too(open_session, server, reply):
    """Attempts that an outage has taken do not keep a renewed key from being tried."""
    keys = iter(["old-key", "new-key"])
    session = open_session(
        auth=Auth(scheme="bearer", secret="api_key"), secrets=lambda: {"api_key": next(keys)}
    )
    server.respond_with(reply(502), reply(502), reply(401), reply())
    session.get("a")
    assert len(server.requests) == 4


def test_a_key_that_was_not_renewed_is_not_tried_again(open_session, server, reply):
    """A 401 is not tried again if the key is still the same."""
    server.respond_with(reply(401))
    assert (error_of(open_session()).code, len(server.requests)) == ("FG-key-rejected", 1)


@pytest.mark.parametrize("status", [304, 400, 404, 405, 422])
def test_any_other_status_stops_the_connection(session, server, reply, status):
    """An unexpected status other than 401, 403, 429 and 5xx stops the connection and is not tried
    again.
    """
    server.respond_with(reply(status, b""))
    error = error_of(session)
    assert (error.code, f"status {status}" in error.what, len(server.requests)) == (
        "FG-unexpected-status",
        True,
        1,
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": "bad <b>date</b>"}', "bad date"),
        (b'[{"status": 422, "error": "first"}, {"error": "second"}]', "first"),
        (b'{"detail": {"loc": 1}}', "{'loc': 1}"),
        (
            b"<html><head><title>t</title></head><style>x{}</style><body><h1>Bad\ngateway</h1><script>evil()</script></body>",
            "Bad gateway",
        ),
        (b"<html><STYLE>a{}</style ><p>Down</p><script>x<y</script>", "Down"),
        (b"3 < 4 and <head>cut off", "3 < 4 and cut off"),
        (b"plain\x00\x1b[31m words", "plain��[31m words"),
        (b"w" * 900, "w" * 200),
        (b"[" * 100_000, "[" * 200),
        (b"", "it gave no reason"),
    ],
    ids=["json", "list", "object", "page", "style", "cut", "control", "long", "deep", "empty"],
)
def test_the_message_of_the_server_is_quoted_safely(session, server, reply, body, message):
    """The error quotes the message of the server on one line, without markup and control
    characters, and shortened.
    """
    server.respond_with(reply(422, body))
    assert error_of(session).why == message


@pytest.mark.parametrize(
    "unit", ["<title>" + " " * 100, "<script ", "<head>", "<", "<style></style "]
)
def test_a_page_that_is_made_to_do_harm_is_quoted_in_no_time(unit):
    """The message and the title of a page of a million characters, such as spaces in a title or
    tags that do not end, are found without delay.
    """
    page = (unit * (1_000_000 // len(unit))).encode()
    started = time.process_time()
    quote(page, str)
    with pytest.raises(ConnectionStopped):
        HttpAnswer(200, "https://example.com", {}, page, page, "identity").json()
    assert time.process_time() - started < 0.2


def test_an_error_page_in_broken_gzip_does_not_hide_the_status(session, server, reply):
    """A 401 with a broken gzip body is still reported as a rejected key."""
    server.respond_with(reply(401, b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"}))
    assert error_of(session).code == "FG-key-rejected"


def test_an_error_page_that_is_cut_does_not_hide_the_status(session, server, reply):
    """A 403 whose connection ends within the body is still reported, with the beginning of the
    body.
    """
    server.respond_with(reply(403, b"half of it", cut=4))
    assert error_of(session).why == "it responded with status 403: half"


def test_an_announced_flood_is_not_even_read(open_session, server, reply):
    """A body whose announced length is above the limit is refused before its first byte."""
    server.respond_with(
        reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n", drip=b"x")
    )
    assert error_of(open_session(max_body=1000)).code == "FG-answer-too-large"


def test_a_flood_in_chunks_is_stopped(open_session, server, reply):
    """A body without a length is read only up to the limit."""
    server.respond_with(reply(chunks=[b"x" * 900] * 9))
    error = error_of(open_session(max_body=1000))
    assert (error.code, len(server.requests)) == ("FG-answer-too-large", 1)


def test_a_gzip_bomb_is_stopped(open_session, server, zipped):
    """A small body that would decode to more than the limit is decoded only up to the limit."""
    server.respond_with(zipped(b"0" * 5_000_000))
    assert error_of(open_session(max_body=100_000)).code == "FG-answer-too-large"


def test_a_refused_connection_is_no_network(open_session, clock):
    """A refused connection to a port of this machine is tried three times, and the fix is to start
    the program there, not to check the network.
    """
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error = error_of(open_session(f"http://127.0.0.1:{port}"), Retryable)
    assert (error.code, error.why) == ("FG-no-network", "Connection refused; tried 3 times")
    assert error.fix.startswith(f"start the program that answers on port {port} of this machine")
    assert "nothing listens there" in error.fix


def test_an_unknown_host_is_no_network(open_session, monkeypatch):
    """A host name that does not resolve is reported with the message of the operating system."""

    def fail(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = error_of(open_session("https://intervals.example"), Retryable)
    assert (error.code, error.what) == ("FG-no-network", "intervals.example cannot be reached")
    assert error.why.startswith("Name or service not known")
    assert error.fix.startswith("check the network connection")


def test_a_connection_that_is_not_made_in_time_is_a_timeout(open_session, monkeypatch):
    """A host that does not respond to a connection, as behind a firewall, times out after
    ``connect_s``.
    """

    def time_out(self, address):
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", time_out)
    error = error_of(open_session(connect_s=2), Retryable)
    assert (error.code, error.why) == ("FG-timeout", "no connection within 2 s; tried 3 times")


def test_a_missing_secret_needs_the_athlete(open_session, server):
    """A connection without a stored key sends no request."""
    error = error_of(open_session(secrets=dict), AthleteNeeded)
    assert (error.code, server.requests) == ("FG-key-missing", [])


@pytest.mark.parametrize("key", ["line\nbreak", " spaced-key", "snow☃man"])
def test_a_key_that_no_header_can_carry_is_never_sent_nor_shown(open_session, server, key):
    """A key that contains a line break, a space at an end or a non-ASCII character is neither sent
    nor shown.
    """
    session = open_session(
        auth=Auth(scheme="header", secret="api_key", header="X-Key"),
        secrets=lambda: {"api_key": key},
    )
    error = error_of(session, AthleteNeeded)
    assert (error.code, server.requests) == ("FG-key-rejected", [])
    assert key not in str(error.as_dict())


def test_a_key_is_sent_in_the_header_of_the_entry(open_session, server):
    """The scheme ``header`` sends the key in the header that the entry names."""
    open_session(auth=Auth(scheme="header", secret="api_key", header="X-Key")).get("x")
    assert server.requests[0][1]["x-key"] == "planted-Secret/key+42"


def test_no_scheme_sends_no_key(open_session, server):
    """The scheme ``none`` sends no key and needs no secret."""
    open_session(auth=Auth(), secrets=dict).get("x")
    assert "authorization" not in server.requests[0][1]


def test_a_response_that_cannot_be_decompressed_is_reported(session, server, reply):
    """The error for a damaged gzip body has a message of our own before that of the library."""
    server.respond_with(reply(body=b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"}))
    error = error_of(session, Retryable)
    assert (error.code, error.what) == (
        "FG-answer-broken",
        "127.0.0.1 sends a response that cannot be decompressed",
    )
    assert error.why.startswith("its compressed bytes are damaged")

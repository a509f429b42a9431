"""Answers that no further attempt would fix, each with its own error."""

import socket

import pytest

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, Retryable
from fitglue_registry.registry import Auth


def error_of(session, kind=ConnectionStopped):
    """The error of a request."""
    with pytest.raises(kind) as caught:
        session.get("x")
    return caught.value


@pytest.mark.parametrize(("status", "code"), [(401, "FG-key-rejected"), (403, "FG-not-permitted")])
def test_a_rejected_key_needs_the_athlete(session, server, reply, status, code):
    """A wrong key and a missing permission are told apart and never tried again."""
    server.say(reply(status, b'{"status": %d, "error": "Auth failed"}' % status))
    error = error_of(session, AthleteNeeded)
    assert (error.code, error.why, len(server.requests)) == (
        code,
        f"it answers {status}: Auth failed",
        1,
    )
    assert error.at.url == f"{server.url}/api/v1/x"
    assert error.fix


def test_a_renewed_key_is_asked_for_after_a_401(open_session, server, reply):
    """The secrets are read late, and again once the server has rejected what they were; a new one
    is tried at once.
    """
    keys = iter(["old-key", "new-key"])
    session = open_session(
        auth=Auth(scheme="bearer", secret="api_key"), secrets=lambda: {"api_key": next(keys)}
    )
    server.say(reply(), reply(401), reply())
    session.get("a")
    session.get("b")
    assert [headers["authorization"] for _, headers in server.requests] == [
        "Bearer old-key",
        "Bearer old-key",
        "Bearer new-key",
    ]


def test_a_key_that_was_not_renewed_is_not_tried_again(open_session, server, reply):
    """A 401 that the same secrets would bring again costs one request."""
    server.say(reply(401))
    assert (error_of(open_session()).code, len(server.requests)) == ("FG-key-rejected", 1)


@pytest.mark.parametrize("status", [304, 400, 404, 405, 422])
def test_any_other_status_stops_the_connection(session, server, reply, status):
    """It is not tried again."""
    server.say(reply(status, b""))
    error = error_of(session)
    assert (error.code, f"answers {status}" in error.what, len(server.requests)) == (
        "FG-unexpected-status",
        True,
        1,
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "bad <b>date</b>"}', "bad date"),
        (b'[{"status": 422, "error": "first"}, {"error": "second"}]', "first"),
        (b'{"detail": {"loc": 1}}', "{'loc': 1}"),
        (
            b"<html><head><title>t</title></head><style>x{}</style><body><h1>Bad\ngateway</h1><script>evil()</script></body>",
            "Bad gateway",
        ),
        (b"plain\x00\x1b[31m words", "plain��[31m words"),
        (b"w" * 900, "w" * 200),
        (b"[" * 100_000, "[" * 200),
        (b"", "it gave no reason"),
    ],
    ids=["json", "list", "object", "page", "control", "long", "deep", "empty"],
)
def test_the_server_is_quoted_shortly_and_harmlessly(session, server, reply, body, words):
    """Its own words stand in the error: without markup, without control characters, on one line,
    cut.
    """
    server.say(reply(422, body))
    assert error_of(session).why == words


def test_an_error_page_in_broken_gzip_does_not_hide_the_status(session, server, reply):
    """What is wrong with an error's body does not matter; its status does."""
    server.say(reply(401, b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"}))
    assert error_of(session).code == "FG-key-rejected"


def test_an_error_page_that_is_cut_does_not_hide_the_status(session, server, reply):
    """Neither does a connection that breaks in it."""
    server.say(reply(403, b"half of it", cut=4))
    assert error_of(session).why == "it answers 403: half"


def test_an_announced_flood_is_not_even_read(open_session, server, reply):
    """A body whose length is above the limit is refused before its first byte."""
    server.say(reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n", drip=b"x"))
    assert error_of(open_session(max_body=1000)).code == "FG-answer-too-large"


def test_a_flood_in_chunks_is_stopped(open_session, server, reply):
    """A body without a length is read up to the limit and no further."""
    server.say(reply(chunks=[b"x" * 900] * 9))
    error = error_of(open_session(max_body=1000))
    assert (error.code, len(server.requests)) == ("FG-answer-too-large", 1)


def test_a_gzip_bomb_is_stopped(open_session, server, zipped):
    """A small body that would decode to more than the limit is never decoded further than that."""
    server.say(zipped(b"0" * 5_000_000))
    assert error_of(open_session(max_body=100_000)).code == "FG-answer-too-large"


def test_a_refused_connection_is_no_network(open_session, clock):
    """Where nobody listens the error says so, after few tries; of a port of this machine it says
    that a program is to be started there, and nothing about the network.
    """
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error = error_of(open_session(f"http://127.0.0.1:{port}"), Retryable)
    assert (error.code, error.why) == ("FG-no-network", "Connection refused; asked 3 times")
    assert error.fix.startswith(f"start the program that answers on port {port} of this machine")
    assert "nothing listens there" in error.fix


def test_an_unknown_host_is_no_network(open_session, monkeypatch):
    """A name that does not resolve is told in the words of the system."""

    def fail(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = error_of(open_session("https://intervals.example"), Retryable)
    assert (error.code, error.what) == ("FG-no-network", "intervals.example cannot be reached")
    assert error.why.startswith("Name or service not known")
    assert error.fix.startswith("check the network connection")


def test_a_connection_that_does_not_come_about_in_time_is_a_timeout(open_session, monkeypatch):
    """A firewall that swallows everything is given up after ``connect_s``."""

    def swallow(self, address):
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", swallow)
    error = error_of(open_session(connect_s=2), Retryable)
    assert (error.code, error.why) == ("FG-timeout", "no connection within 2 s; asked 3 times")


def test_a_missing_secret_needs_the_athlete(open_session, server):
    """Without a key nothing is asked."""
    error = error_of(open_session(secrets=dict), AthleteNeeded)
    assert (error.code, server.requests) == ("FG-key-missing", [])


@pytest.mark.parametrize("key", ["line\nbreak", " spaced-key", "snow☃man"])
def test_a_key_that_no_header_can_carry_is_never_sent_nor_shown(open_session, server, key):
    """A pasted line break cannot become a header of its own."""
    session = open_session(
        auth=Auth(scheme="header", secret="api_key", header="X-Key"),
        secrets=lambda: {"api_key": key},
    )
    error = error_of(session, AthleteNeeded)
    assert (error.code, server.requests) == ("FG-key-rejected", [])
    assert key not in str(error.as_dict())


def test_a_key_in_a_header_of_its_own_travels_there(open_session, server):
    """The scheme ``header`` uses the entry's name."""
    open_session(auth=Auth(scheme="header", secret="api_key", header="X-Key")).get("x")
    assert server.requests[0][1]["x-key"] == "planted-Secret/key+42"


def test_no_scheme_sends_no_key(open_session, server):
    """A public source needs no secret."""
    open_session(auth=Auth(), secrets=dict).get("x")
    assert "authorization" not in server.requests[0][1]


def test_an_answer_that_cannot_be_unpacked_says_so(session, server, reply):
    """Its own words come before those of a library."""
    server.say(reply(body=b"\x1f\x8bnonsense", headers={"Content-Encoding": "gzip"}))
    error = error_of(session, Retryable)
    assert (error.code, error.what) == (
        "FG-answer-broken",
        "127.0.0.1 sends an answer that cannot be unpacked",
    )
    assert error.why.startswith("its compressed bytes are damaged")

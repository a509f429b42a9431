"""A planted key is searched for wherever a request can leave a trace."""

import base64
import logging
import pickle
import traceback

import pytest

from fitglue_registry.errors import FitglueError
from fitglue_registry.registry import Auth

FAULTS = [
    {"status": 401},
    {"status": 403},
    {"status": 429, "headers": {"Retry-After": "999"}},
    {"status": 503},
    {"status": 404},
    {"raw": b""},
    {"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1"},
    {"status": 302, "headers": {"Location": "https://evil.example/?key=1"}},
    {"status": 302, "headers": {"Location": "/x\ty"}},
    {"body": b"<html>"},
    {"headers": {"Content-Length": "99999999999"}},
]


def provoke(session):
    """The error of a request to a server that echoes the key."""
    with pytest.raises(FitglueError) as caught:
        session.get("x").json()
    return caught.value


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(next(iter(fault.values()))))
def test_no_fault_shows_the_key(session, server, reply, key, caplog, fault):
    """Not in the error, its traceback, what it was made of, nor in the log of any library at any
    level.
    """
    caplog.set_level(logging.DEBUG)
    server.say(reply(**({"body": f'{{"error": "you sent {key}"}}'.encode()} | fault)))
    error = provoke(session)
    seen = [
        str(error),
        repr(error),
        str(error.as_dict()),
        "".join(traceback.format_exception(error)),
        caplog.text,
    ]
    coded = base64.b64encode(f"API_KEY:{key}".encode()).decode()
    assert not [text for text in seen if key in text or coded in text or coded[12:30] in text]
    assert key.encode() not in pickle.dumps(error)


def test_an_error_does_not_hold_the_request(session, server, reply):
    """A reporter that walks from an error to its context finds no headers there."""
    server.say(reply(raw=b""))
    error = provoke(session)
    assert (error.__cause__, error.__context__) == (None, None)


def test_a_page_s_title_is_quoted_without_the_key(session, server, reply, key):
    """A server may echo what it was sent."""
    server.say(reply(body=f"<title>{key}</title>".encode()))
    error = provoke(session)
    assert ("titled '****" in error.what, key in error.what) == (True, False)


def test_the_address_of_an_answer_shows_no_secret(session, server):
    """A plugin that puts a token into its parameters does not get it back in ``url``."""
    assert session.get("x", {"token": "abc"}).url.endswith("/x?token=***")


def test_a_netrc_is_not_read(open_session, server, tmp_path, monkeypatch):
    """Somebody's password for this host in their home folder is not ours to send."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password other-secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    open_session(auth=Auth()).get("x")
    assert "authorization" not in server.requests[0][1]


def test_loopback_is_never_asked_through_a_proxy(open_session, server, monkeypatch):
    """A proxy of the environment would see the key in clear."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    open_session().get("x")
    assert len(server.requests) == 1


def test_a_proxy_of_the_environment_is_asked_for_a_tunnel(open_session, server, monkeypatch):
    """It learns the host and no key; where it refuses, the error says so."""
    monkeypatch.setenv("https_proxy", server.url)
    error = provoke(open_session("https://intervals.example"))
    assert (error.code, "Tunnel connection failed: 407" in error.why) == ("FG-no-network", True)
    assert server.paths[0] == "intervals.example:443"
    assert not [headers for _, headers in server.requests if "authorization" in headers]

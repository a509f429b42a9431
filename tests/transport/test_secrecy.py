"""Tests that a key is not in any place where a request can leave a trace."""

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


def provoke(session, method="get", **sending):
    """Return the error of a request to a server that echoes the key."""
    with pytest.raises(FitglueError) as caught:
        getattr(session, method)("x", **sending).json()
    return caught.value


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(next(iter(fault.values()))))
def test_no_fault_shows_the_key(session, server, reply, key, caplog, fault, method):
    """The key of a failed request is not in the error, its traceback and its causes, and not in the
    log of any library at any level.
    """
    caplog.set_level(logging.DEBUG)
    server.respond_with(reply(**({"body": f'{{"error": "you sent {key}"}}'.encode()} | fault)))
    error = provoke(session, method)
    seen = [
        str(error),
        repr(error),
        str(error.as_dict()),
        "".join(traceback.format_exception(error)),
        caplog.text,
    ]
    encoded = base64.b64encode(f"API_KEY:{key}".encode()).decode()
    assert not [text for text in seen if key in text or encoded in text or encoded[12:30] in text]
    assert key.encode() not in pickle.dumps(error)


def test_an_error_does_not_hold_the_request(session, server, reply):
    """An error has no cause and no context, because these would contain the headers of
    the request.
    """
    server.respond_with(reply(raw=b""))
    error = provoke(session)
    assert (error.__cause__, error.__context__) == (None, None)


def test_a_page_s_title_is_quoted_without_the_key(session, server, reply, key):
    """The title of a web page that echoes the key is quoted with the key masked."""
    server.respond_with(reply(body=f"<title>{key}</title>".encode()))
    error = provoke(session)
    assert ("titled '****" in error.what, key in error.what) == (True, False)


def test_the_address_of_an_answer_shows_no_secret(session, server):
    """A token among the parameters of a request is masked in the URL of the response."""
    assert session.get("x", {"token": "abc"}).url.endswith("/x?token=***")


def test_a_netrc_is_not_read(open_session, server, tmp_path, monkeypatch):
    """A password for the host in the user's ``.netrc`` file is not sent."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password other-secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    open_session(auth=Auth()).get("x")
    assert "authorization" not in server.requests[0][1]


def test_requests_to_loopback_use_no_proxy(open_session, server, monkeypatch):
    """A request to this machine does not use the proxy of the environment, which would
    see the key.
    """
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    open_session().get("x")
    assert len(server.requests) == 1


def test_https_requests_use_a_tunnel_through_the_proxy(open_session, server, monkeypatch):
    """A proxy of the environment is asked for a tunnel, learns the host but not the key, and its
    refusal is reported.
    """
    monkeypatch.setenv("https_proxy", server.url)
    error = provoke(open_session("https://intervals.example"))
    assert (error.code, "Tunnel connection failed: 407" in error.why) == ("FG-no-network", True)
    assert server.paths[0] == "intervals.example:443"
    assert not [headers for _, headers in server.requests if "authorization" in headers]

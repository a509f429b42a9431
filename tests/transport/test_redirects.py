"""Tests that requests stay below the base URL and on allowed hosts, and that the key is sent only
to the host of the base URL.
"""

import pytest

from fitglue_registry.errors import ConnectionStopped, PluginFailed
from fitglue_registry.registry import AllowedHost


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/x",
        "a//b",
        "../admin",
        "a/../../b",
        "a/./b",
        "a\\b",
        "a\nb",
        "a\x00b",
        "a\u202eb",
        "\ud800",
        "//",
        "a//",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(session, server, path):
    """A path with an id from a payload cannot change the host, leave the base path or
    add a header.
    """
    with pytest.raises(PluginFailed) as caught:
        session.get(path)
    assert (caught.value.code, server.requests) == ("FG-path-refused", [])


@pytest.mark.parametrize(
    ("path", "requested"),
    [
        ("/activity/i1", "/api/v1/activity/i1"),
        ("activities/i1,i2", "/api/v1/activities/i1,i2"),
        ("a/", "/api/v1/a/"),
        ("", "/api/v1"),
        ("file..gpx", "/api/v1/file..gpx"),
        ("i1?x=1#y", "/api/v1/i1%3Fx=1%23y"),
        ("%2e%2e/x", "/api/v1/%252e%252e/x"),
        ("Höhe 1", "/api/v1/H%C3%B6he%201"),
    ],
)
def test_a_path_is_plain_text_and_percent_encoded(session, server, path, requested):
    """Every character of a path stays part of the path, also a question mark or a percent sign."""
    session.get(path)
    assert server.paths == [requested]


def test_a_redirect_on_the_same_server_is_followed_with_the_key(session, server, reply):
    """A redirect to the same server is followed, and the request still has the key."""
    server.respond_with(reply(302, headers={"Location": "/new place?a=1"}), reply(body=b"[1]"))
    answer = session.get("old")
    assert (answer.json(), server.paths) == ([1], ["/api/v1/old", "/new%20place?a=1"])
    assert all("authorization" in headers for _, headers in server.requests)
    assert answer.url == f"{server.url}/new%20place?a=1"


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/x",
        "//evil.example/x",
        "http://evil.example:99",
        "http://localhost.evil.example/",
    ],
)
def test_a_redirect_to_another_host_is_refused(session, server, reply, location):
    """A redirect to a host that the entry does not allow is refused before any request to it."""
    server.respond_with(reply(302, headers={"Location": location}))
    with pytest.raises(ConnectionStopped, match=r"redirects to .*evil\.example") as caught:
        session.get("x")
    assert (caught.value.code, len(server.requests)) == ("FG-redirect-refused", 1)
    # The credential may be a permission, so the message does not speak of a key.
    assert "nothing was sent there" in caught.value.why
    assert "key" not in caught.value.why


def test_another_port_of_the_same_machine_is_another_server(session, servers, server, reply):
    """A redirect to another port of the same machine is refused, so that server gets no request."""
    other = servers()
    server.respond_with(reply(307, headers={"Location": f"{other.url}/x"}))
    with pytest.raises(ConnectionStopped, match="FG-redirect-refused"):
        session.get("x")
    assert other.requests == []


def test_an_allowed_host_is_followed_without_the_key(open_session, servers, server, reply):
    """A redirect to an allowed host is followed without the key, which is not sent
    again after it.
    """
    other = servers()
    downloads = AllowedHost(other.url.removeprefix("http://"), credential=False)
    session = open_session(hosts=(downloads,))
    server.respond_with(reply(302, headers={"Location": f"{other.url}/file"}), reply(body=b"[2]"))
    other.respond_with(reply(302, headers={"Location": f"{server.url}/back"}))
    assert session.get("x").json() == [2]
    assert ["authorization" in headers for _, headers in server.requests + other.requests] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("status", [401, 403])
def test_a_redirect_back_to_the_service_is_not_authenticated(
    open_session, servers, server, reply, status
):
    """A request that came back from another host has no key, so its refusal says nothing about the
    key, and the key is not read again.
    """
    other = servers()
    downloads = AllowedHost(other.url.removeprefix("http://"), credential=False)
    other.respond_with(reply(307, headers={"Location": f"{server.url}/back"}))
    server.respond_with(reply(302, headers={"Location": f"{other.url}/file"}), reply(status))
    with pytest.raises(ConnectionStopped, match="FG-unexpected-status"):
        open_session(hosts=(downloads,)).get("x")
    assert server.paths == ["/api/v1/x", "/back"]
    assert "authorization" not in server.requests[1][1]


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "http://[broken",
        "http://a:b@127.0.0.1/",
        "http://127.0.0.1:99999/",
    ],
)
def test_another_scheme_or_a_malformed_address_is_refused(session, server, reply, location):
    """A redirect to another scheme, to an address with a user name, or to a malformed address is
    refused.
    """
    server.respond_with(reply(302, headers={"Location": location}))
    with pytest.raises(ConnectionStopped, match="FG-redirect-refused"):
        session.get("x")
    assert len(server.requests) == 1


def test_redirects_end(session, server, reply):
    """A loop of redirects ends with an error after three redirects."""
    server.respond_with(reply(302, headers={"Location": "/again"}))
    with pytest.raises(ConnectionStopped, match="FG-redirect-refused") as caught:
        session.get("x")
    assert (len(server.requests), "more than 3" in caught.value.why) == (4, True)


def test_a_redirect_s_body_is_not_read(session, server, reply):
    """The body of a redirect is not read, even if it is very long."""
    flood = reply(
        raw=b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 500000000\r\n\r\n",
        drip=b"x" * 1000,
    )
    server.respond_with(flood, reply(body=b"[1]"))
    assert session.get("x").json() == [1]


def test_cookies_are_neither_kept_nor_sent(session, server, reply):
    """A cookie is neither kept nor sent, because responses must not depend on earlier requests."""
    server.respond_with(reply(headers={"Set-Cookie": "session=abc"}))
    session.get("a")
    session.get("b")
    assert "cookie" not in server.requests[1][1]

"""Where a request may end up: below the base URL, on the allowed hosts, and the key nowhere but at
home.
"""

import pytest

from fitglue_registry.errors import ConnectionStopped, PluginFailed


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/x",
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
    """An id from a payload cannot change the host, climb, or smuggle a line."""
    with pytest.raises(PluginFailed) as caught:
        session.get(path)
    assert (caught.value.code, server.requests) == ("FG-path-refused", [])


@pytest.mark.parametrize(
    ("path", "asked"),
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
def test_a_path_is_plain_text_and_quoted(session, server, path, asked):
    """Whatever it holds stays a part of the path."""
    session.get(path)
    assert server.paths == [asked]


def test_a_redirect_on_the_same_server_is_followed_with_the_key(session, server, reply):
    """A moved page of the service itself is still the athlete's."""
    server.say(reply(302, headers={"Location": "/new place?a=1"}), reply(body=b"[1]"))
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
    """The error names the host, and nobody but the base URL was asked."""
    server.say(reply(302, headers={"Location": location}))
    with pytest.raises(ConnectionStopped, match=r"redirects to .*evil\.example") as caught:
        session.get("x")
    assert (caught.value.code, len(server.requests)) == ("FG-redirect-refused", 1)


def test_another_port_of_the_same_machine_is_another_server(session, servers, server, reply):
    """What listens beside the stand-in gets neither request nor key."""
    other = servers()
    server.say(reply(307, headers={"Location": f"{other.url}/x"}))
    with pytest.raises(ConnectionStopped, match="FG-redirect-refused"):
        session.get("x")
    assert other.requests == []


def test_an_allowed_host_is_followed_without_the_key(open_session, servers, server, reply):
    """The entry may allow a second host; the key is not for it, and is not sent again after it."""
    other = servers()
    session = open_session(allowed_hosts=(other.url.removeprefix("http://"),))
    server.say(reply(302, headers={"Location": f"{other.url}/file"}), reply(body=b"[2]"))
    other.say(reply(302, headers={"Location": f"{server.url}/back"}))
    assert session.get("x").json() == [2]
    assert ["authorization" in headers for _, headers in server.requests + other.requests] == [
        True,
        False,
        False,
    ]


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
    """Neither down to a file nor up to a user name."""
    server.say(reply(302, headers={"Location": location}))
    with pytest.raises(ConnectionStopped, match="FG-redirect-refused"):
        session.get("x")
    assert len(server.requests) == 1


def test_redirects_end(session, server, reply):
    """A server that sends us round in circles is asked four times."""
    server.say(reply(302, headers={"Location": "/again"}))
    with pytest.raises(ConnectionStopped, match="FG-redirect-refused") as caught:
        session.get("x")
    assert (len(server.requests), "more than 3" in caught.value.why) == (4, True)


def test_a_redirect_s_body_is_not_read(session, server, reply):
    """A flood behind a redirect stays where it is."""
    flood = reply(
        raw=b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 500000000\r\n\r\n",
        drip=b"x" * 1000,
    )
    server.say(flood, reply(body=b"[1]"))
    assert session.get("x").json() == [1]


def test_cookies_are_neither_kept_nor_sent(session, server, reply):
    """A session of the server's own would make answers depend on their order."""
    server.say(reply(headers={"Set-Cookie": "session=abc"}))
    session.get("a")
    session.get("b")
    assert "cookie" not in server.requests[1][1]

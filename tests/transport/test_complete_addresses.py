"""Tests of requests to complete addresses, such as links to the next page and signed addresses of
downloads.
"""

import json

import pytest

from fitglue_registry.errors import ConnectionStopped, Retryable
from fitglue_registry.plugin_api import ByLink, paged
from fitglue_registry.policy import Policy
from fitglue_registry.registry import AllowedHost, Http
from fitglue_registry.testing import LoopbackService, json_response
from fitglue_registry.transport.addresses import redirect_target, url_of
from fitglue_registry.transport.policy import HttpPolicy, policy_from_entry


@pytest.fixture
def other(servers):
    """A second server, to which the session of a test may or may not send requests."""
    return servers()


@pytest.fixture
def with_other(open_session, other):
    """A function that opens a session of an entry that lists the second server."""

    def open_(*, credential, **differs):
        host = AllowedHost(other.url.removeprefix("http://"), credential)
        return open_session(hosts=(host,), **differs)

    return open_


@pytest.fixture
def with_stand_in(open_session, other):
    """A function that opens a session of an entry with a further host, which the second server
    plays.
    """

    def open_(*, credential):
        host = AllowedHost("files.example.org", credential)
        return open_session(hosts=(host,), stand_ins={host.host: other.url})

    return open_


@pytest.mark.parametrize("credential", [True, False])
@pytest.mark.parametrize("scheme", ["https", "HTTPS", "http"])
def test_a_stand_in_gets_the_requests_to_the_host_that_it_plays(
    with_stand_in, other, scheme, credential
):
    """An address of a host that a stand-in plays is requested from the stand-in, as it is and with
    the credential only if the entry says so.
    """
    with_stand_in(credential=credential).get(f"{scheme}://FILES.example.org/a%2Fb?signature=c%7E")
    assert other.paths == ["/a%2Fb?signature=c%7E"]
    assert ("authorization" in other.requests[0][1]) is credential


def test_a_redirect_to_a_host_that_a_stand_in_plays_leads_to_the_stand_in(
    with_stand_in, server, other, reply
):
    """A redirect to a host that a stand-in plays is followed to the stand-in, without the key."""
    server.respond_with(reply(302, headers={"Location": "https://files.example.org/1?a=b"}))
    with_stand_in(credential=False).get("x")
    assert other.paths == ["/1?a=b"]
    assert "authorization" not in other.requests[0][1]


@pytest.mark.parametrize(
    "address",
    [
        "https://other.example/1",
        "https://files.example.org:444/1",
        "https://files.example.org@evil.example/1",
        "https://user@files.example.org/1",
        "https://evil.example\\@files.example.org/1",
        "https://evil.example/https://files.example.org/1",
    ],
)
def test_a_stand_in_plays_no_other_host(with_stand_in, server, other, reply, address):
    """An address or a redirect that is not on the host that is played is refused."""
    session = with_stand_in(credential=True)
    with pytest.raises(ConnectionStopped, match=r"FG-host-not-allowed|leads to"):
        session.get(address)
    server.respond_with(reply(302, headers={"Location": address}))
    with pytest.raises(ConnectionStopped, match="redirect"):
        session.get("x")
    assert other.requests == []


def test_the_link_to_the_next_page_is_followed_with_the_key(session, server):
    """An address on the host of the base URL is requested as it is, also outside the base path."""
    session.get(f"{server.url}/other/path?cursor=a%2Fb&x=%7E#part", {"y": "1 2"})
    assert server.paths == ["/other/path?cursor=a%2Fb&x=%7E&y=1%202"]
    assert "authorization" in server.requests[0][1]


def test_parameters_can_be_the_first_of_an_address(session, server):
    """Parameters are appended to an address with or without a query."""
    session.get(f"{server.url}/a", {"b": "1"})
    assert server.paths == ["/a?b=1"]


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("credential", [True, False])
def test_the_entry_decides_which_host_gets_the_key(with_other, other, method, credential):
    """A host of the entry gets every request, with the key only if the entry says so."""
    session = with_other(credential=credential)
    getattr(session, method)(f"{other.url}/file?signature=abc")
    assert other.paths == ["/file?signature=abc"]
    assert ("authorization" in other.requests[0][1]) is credential


@pytest.mark.parametrize("credential", [True, False])
def test_a_redirect_takes_the_key_only_to_a_host_that_may_have_it(
    with_other, server, other, reply, credential
):
    """A redirect keeps the key on the way to a host that the entry trusts with it, and only then
    on the way back.
    """
    server.respond_with(reply(302, headers={"Location": f"{other.url}/1"}), reply())
    other.respond_with(reply(302, headers={"Location": f"{server.url}/2"}))
    with_other(credential=credential).get("x")
    carried = ["authorization" in headers for _, headers in server.requests + other.requests]
    assert carried == [True, credential, credential]


def test_a_redirect_without_the_key_takes_no_other_header_along(with_other, server, other, reply):
    """A host that must not get the key gets the body of a POST and what describes it, and none of
    the other headers of the plugin.
    """
    server.respond_with(reply(307, headers={"Location": f"{other.url}/1"}))
    headers = {"X-Session": "abc", "Accept": "text/csv", "Content-Type": "text/plain"}
    with_other(credential=False).post("x", body=b"abc", headers=headers, idempotency_key="k")
    sent = other.requests[0][1]
    assert (other.methods, other.bodies) == (["POST"], [b"abc"])
    assert (sent["accept"], sent["content-type"], sent["idempotency-key"]) == (
        "text/csv",
        "text/plain",
        "k",
    )
    assert not {"x-session", "authorization"} & sent.keys()


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/x",
        "HTTP://evil.example/x",
        "{other}/x",
        "https://127.0.0.1:{port}/x",
        "http://localhost:{port}/x",
        "http://user@127.0.0.1:{port}/x",
        "http://127.0.0.1:{port}@evil.example/",
        "http://evil.example\\@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/a\nb",
        "http://127.0.0.1:99999/",
        "http://[broken",
        "http://",
        "http://127.0.0.1:{port}/" + "a" * 8000,
    ],
    ids=lambda address: address[:40],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_address_elsewhere_is_refused_and_nobody_is_asked(
    session, server, other, method, address
):
    """An address with another scheme, host or port, with a user name, or that is malformed, is
    refused before any request.
    """
    url = address.format(other=other.url, port=server.server_address[1])
    with pytest.raises(ConnectionStopped) as caught:
        getattr(session, method)(url)
    assert (caught.value.code, server.requests, other.requests) == ("FG-host-not-allowed", [], [])


def test_on_a_server_the_address_is_only_in_the_log(open_session, caplog):
    """On a server with several athletes, the error does not show where a link leads."""
    rules = Policy(networks=("127.0.0.0/8",))
    with pytest.raises(ConnectionStopped) as caught:
        open_session(rules=rules).get("https://internal.example/x")
    assert "internal" not in str(caught.value.as_dict())
    assert "internal.example" in caplog.text


@pytest.mark.parametrize(
    ("address", "requested"),
    [
        ("http://api.example.org/v1/x?page=2", "https://api.example.org/v1/x?page=2"),
        ("HTTP://API.example.org/x", "https://API.example.org/x"),
        ("http://files.example.org/x", "https://files.example.org/x"),
        ("https://api.example.org:443/x", "https://api.example.org:443/x"),
        ("http://api.example.org:80/x", None),
        ("http://evil.example/x", None),
        ("http://api.example.org@evil.example/x", None),
    ],
)
def test_a_link_without_encryption_is_requested_with_it(address, requested):
    """A link of a service to itself with http, as services behind a proxy write it, is requested
    with https. Nothing is ever requested without encryption.
    """
    further = AllowedHost("files.example.org", credential=False)
    policy = HttpPolicy("https://api.example.org/v1", hosts=(further,))
    if requested is not None:
        assert url_of(policy, address) == requested
        return
    with pytest.raises(ConnectionStopped, match="FG-host-not-allowed"):
        url_of(policy, address)


@pytest.mark.parametrize("status", [401, 403])
def test_a_signed_address_that_is_refused_does_not_blame_the_key(with_other, other, reply, status):
    """A host without the key that answers 401 or 403 does not mean that the key is wrong."""
    other.respond_with(reply(status, b"Request has expired"))
    with pytest.raises(ConnectionStopped) as caught:
        with_other(credential=False).get(f"{other.url}/file?signature=abc")
    assert caught.value.code == "FG-unexpected-status"
    assert "Request has expired; it is asked without credentials" in caught.value.why
    assert caught.value.exit_code == 5


def test_a_signature_is_neither_in_errors_nor_in_logs(with_other, other, reply, caplog):
    """The query of an address on another host is a secret: whoever has it can use it."""
    caplog.set_level("DEBUG")
    session = with_other(credential=False, retries=0)
    answer = session.get(f"{other.url}/file?signature=abc")
    other.respond_with(reply(503))
    with pytest.raises(Retryable) as caught:
        session.get(f"{other.url}/file?signature=abc")
    shown = answer.url + caplog.text + str(caught.value.as_dict())
    assert (answer.url, "abc" in shown) == (f"{other.url}/file?…", False)
    # The queries of the service itself are useful in a log.
    session.get("x", {"page": "2"})
    assert "page=2" in caplog.text


def test_an_id_that_looks_like_an_address_stays_a_part_of_the_path(session, server):
    """An id from a payload that the plugin puts into a path cannot name another host."""
    session.get("activity/https:")
    assert server.paths == ["/api/v1/activity/https:"]


@pytest.mark.parametrize(
    "form", ["{url}/api/v1/rows?page={n}", "?page={n}", "/api/v1/rows?page={n}"]
)
def test_pages_that_name_the_next_one_are_read_to_the_end(open_session, form):
    """A list whose pages link to each other, with complete or relative addresses, is complete."""
    service = LoopbackService()

    def page(request):
        number = int(request.params.get("page", ["1"])[0])
        following = form.format(url=service.url, n=number + 1) if number < 4 else None
        return json_response({"rows": [{"id": number}], "next": following})

    service.route(r"/api/v1/rows", page)
    with service:
        http = open_session(f"{service.url}/api/v1")
        found = [json.loads(row) for row in paged(http, "rows", at="rows", by=ByLink("next"))]
        keys = ["authorization" in request.headers for request in service.requests]
    assert ([row["id"] for row in found], keys) == ([1, 2, 3, 4], [True] * 4)


def test_a_next_page_elsewhere_is_refused(open_session, server, other, reply):
    """A page that links to another host ends the list with an error, and that host gets nothing."""
    server.respond_with(reply(body=f'{{"rows": [{{}}], "next": "{other.url}/x"}}'.encode()))
    with pytest.raises(ConnectionStopped, match="FG-host-not-allowed"):
        list(paged(open_session(), "rows", at="rows", by=ByLink("next")))
    assert other.requests == []


SERVICE = Http(
    base_url="https://api.example.org/v2",
    hosts=(AllowedHost("files.example.org", credential=False),),
)
STAND_IN = "http://127.0.0.1:8042"


@pytest.mark.parametrize("host", ["files.example.org", "FILES.example.org:443", "api.example.org"])
@pytest.mark.parametrize("base_url", [STAND_IN, "https://proxy.example"])
def test_an_address_of_a_service_that_is_replaced_says_what_replaces_it(host, base_url):
    """A host that the entry lists, or its own, is not to be listed if another base URL is used."""
    policy = policy_from_entry(SERVICE, base_url)
    for scheme in ("http", "https"):
        with pytest.raises(ConnectionStopped) as error:
            url_of(policy, f"{scheme}://{host}/x")
        assert error.value.code == "FG-host-not-allowed"
        assert f"{policy.host} takes the place" in error.value.why
        assert "list it" not in error.value.fix
        assert ("Policy.stand_ins" in error.value.fix) is (base_url == STAND_IN)
        with pytest.raises(ConnectionStopped) as error:
            redirect_target(policy, f"{base_url}/x", f"{scheme}://{host}/x")
        assert f"{policy.host} takes the place" in error.value.why


@pytest.mark.parametrize("base_url", [None, STAND_IN])
def test_an_address_of_a_host_that_no_entry_has_says_to_list_it(base_url):
    """A host that is not in the entry is to be listed there, whichever base URL is used."""
    policy = policy_from_entry(SERVICE, base_url)
    with pytest.raises(ConnectionStopped) as error:
        url_of(policy, "https://elsewhere.example/x")
    assert "list it in http.hosts" in error.value.fix

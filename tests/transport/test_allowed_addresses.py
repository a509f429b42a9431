"""Tests that a socket is connected only to addresses that the policy of the host allows."""

from __future__ import annotations

import socket
import ssl

import pytest
import trustme
import urllib3.util.connection

from fitglue_registry import Policy
from fitglue_registry.errors import ConnectionStopped, Retryable
from fitglue_registry.registry import AllowedHost

CLOSED = Policy()
NAME = "service.example"
REBOUND = "8.8.8.8"


@pytest.fixture
def resolve(monkeypatch):
    """A function that lets a name lead to some addresses, one list for each time it is resolved;
    the last list is repeated.
    """
    real = socket.getaddrinfo
    names: dict[str, list[list[str]]] = {}

    def getaddrinfo(host, port, *args, **kwargs):
        if host not in names:
            return real(host, port, *args, **kwargs)
        turns = names[host]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        return [entry for address in addresses for entry in real(address, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return lambda name, *turns: names.update({name: list(turns)})


@pytest.fixture
def contacted(monkeypatch):
    """The addresses to which a socket is connected; each refuses the connection."""
    addresses = []

    def create_connection(address, *_, **__):
        addresses.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(urllib3.util.connection, "create_connection", create_connection)
    return addresses


def refused(session) -> str:
    """Send a request, which must be refused because of its address, and return the error."""
    with pytest.raises(ConnectionStopped) as caught:
        session.get("x")
    assert caught.value.code == "FG-address-refused"
    return str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_not_requested(open_session, server, host):
    """A server on this machine receives no connection under a closed policy."""
    port = server.server_address[1]
    refused(open_session(f"http://{host}:{port}", rules=CLOSED))
    assert server.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.7"], ["169.254.169.254"], ["fd00:ec2::254"], ["8.8.8.8", "192.168.1.1"]],
    ids=["private", "metadata", "metadata in IPv6", "outside and inside"],
)
def test_a_name_that_leads_inside_is_not_requested(open_session, resolve, contacted, addresses):
    """A name is refused if one of its addresses is not public, and the error does not repeat the
    address.
    """
    resolve(NAME, addresses)
    error = refused(open_session(f"https://{NAME}", rules=CLOSED))
    assert contacted == []
    assert addresses[-1] not in error


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]"])
def test_another_notation_of_an_address_does_not_help(open_session, contacted, host):
    """An address inside is refused in every notation that the resolver understands."""
    refused(open_session(f"https://{host}", rules=CLOSED))
    assert contacted == []


def test_a_name_that_leads_elsewhere_after_the_check_does_not_help(
    open_session, resolve, contacted
):
    """The socket is connected to the address that was checked, not to what the name leads to when
    it is resolved once more (DNS rebinding).
    """
    resolve(NAME, [REBOUND], ["127.0.0.1"])
    with pytest.raises(ConnectionStopped, match="FG-address-refused"):
        open_session(f"https://{NAME}", rules=CLOSED).get("x")
    # The first attempt was refused by the server; the next one resolved the name again.
    assert contacted == [REBOUND]


def test_a_socket_that_leads_elsewhere_is_closed(open_session, resolve, server, monkeypatch):
    """If a socket has led inside despite the check, it is closed before a request is sent."""
    resolve(NAME, [REBOUND])
    real = urllib3.util.connection.create_connection
    port = server.server_address[1]
    monkeypatch.setattr(
        urllib3.util.connection, "create_connection", lambda *_, **__: real(("127.0.0.1", port))
    )
    refused(open_session(f"https://{NAME}", rules=CLOSED))
    assert server.requests == []


def test_a_redirect_to_an_address_inside_is_not_followed(open_session, server, reply, resolve):
    """The target of a redirect is checked like the first address, also if the entry allows it."""
    other = f"files.example:{server.server_address[1]}"
    resolve("files.example", ["127.0.0.2"])
    server.respond_with(reply(302, headers={"Location": f"http://{other}/x"}))
    session = open_session(
        rules=Policy(networks=("127.0.0.1/32",)),
        hosts=(AllowedHost(other, credential=False),),
    )
    refused(session)
    assert server.paths == ["/api/v1/x"]


def test_the_next_address_is_tried_when_one_does_not_answer(open_session, resolve, server):
    """If a server has several addresses, the first one that accepts a connection is used."""
    port = server.server_address[1]
    resolve("localhost", ["127.0.0.9", "127.0.0.1"])
    session = open_session(f"http://localhost:{port}", rules=Policy(networks=("127.0.0.0/8",)))
    assert session.get("x").status == 200
    assert server.requests[0][1]["host"] == f"localhost:{port}"


def test_an_address_behind_a_proxy_is_checked_too(open_session, server, monkeypatch):
    """The operator's proxy may be anywhere, but is not asked for an address inside."""
    monkeypatch.setenv("https_proxy", server.url)
    refused(open_session("https://10.0.0.7", rules=CLOSED))
    assert server.requests == []
    with pytest.raises(Retryable, match="FG-no-network"):
        open_session("https://8.8.8.8", rules=CLOSED).get("x")
    assert server.paths == ["8.8.8.8:443"] * len(server.paths) != []


@pytest.mark.parametrize(("name", "works"), [("localhost", True), ("other.example", False)])
def test_a_certificate_is_checked_for_the_name(
    open_session, server, resolve, monkeypatch, tmp_path, name, works
):
    """Although the socket is connected to an address, the certificate must be for the name."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    resolve("localhost", ["127.0.0.1"])
    port = server.server_address[1]
    session = open_session(f"https://localhost:{port}", rules=Policy(networks=("127.0.0.0/8",)))
    if works:
        assert session.get("x").status == 200
        return
    with pytest.raises(ConnectionStopped, match="FG-tls-failed"):
        session.get("x")
    assert server.requests == []

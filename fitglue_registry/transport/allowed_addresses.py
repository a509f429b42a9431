"""Connects a socket only to addresses that the policy of the host allows.

A name is resolved once, all of its addresses are checked, and the socket is connected to one of
these addresses. Therefore it does not help to let a name lead elsewhere between the check and the
connection (DNS rebinding), and the target of a redirect is checked like any other address.
"""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from fitglue_registry.errors import ConnectionStopped, Place

if TYPE_CHECKING:
    from fitglue_registry.policy import Policy

log = logging.getLogger(__name__)


class ChecksAddress(HTTPConnection):
    """A connection of urllib3 that checks each address before it connects to it."""

    rules: Policy

    def _new_conn(self) -> socket.socket:
        """Connect a socket; called by urllib3.

        Raises:
            ConnectionStopped: FG-address-refused.
            NewConnectionError: The server cannot be reached.
        """
        if self.rules.allows_every_address:
            return super()._new_conn()
        if self.proxy is not None:
            return self._new_conn_to_proxy()
        return self._first_of(self._checked_addresses(self._dns_host))

    def _new_conn_to_proxy(self) -> socket.socket:
        """Connect to a proxy, which the operator chose, after checking the server behind it."""
        behind = getattr(self, "_tunnel_host", None) or self._dns_host
        try:
            self._checked_addresses(behind)
        except NameResolutionError:
            # In such networks, often only the proxy can resolve the names of the internet.
            log.debug("only the proxy can resolve %s", behind)
        return super()._new_conn()

    def _first_of(self, addresses: list[str]) -> socket.socket:
        """Connect to the first of some addresses that accepts a connection."""
        named = self._dns_host
        try:
            for address in addresses[:-1]:
                self._dns_host = address
                try:
                    return self._connected()
                except NewConnectionError as error:
                    log.debug("%s does not answer at %s: %s", named, address, error)
            self._dns_host = addresses[-1]
            return self._connected()
        finally:
            # Certificates and the header Host need the name.
            self._dns_host = named

    def _connected(self) -> socket.socket:
        """Connect to the address in ``_dns_host``, and check where the socket has led."""
        connected = super()._new_conn()
        # Not every version of urllib3 need connect to ``_dns_host``.
        peer = connected.getpeername()[0]
        if not self.rules.allows_address(peer):
            connected.close()
            raise _refused(self._dns_host, peer)
        return connected

    def _checked_addresses(self, host: str) -> list[str]:
        """Return the addresses of a host, each of which the policy allows."""
        name = host.strip("[]")
        try:
            found = socket.getaddrinfo(
                name,
                self.port,
                allowed_gai_family(),
                socket.SOCK_STREAM,
            )
        except (socket.gaierror, UnicodeError) as error:
            cause = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(host, self, cause) from error
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        for address in addresses:
            # All of them: a name that leads inside and outside at once is a trap.
            if not self.rules.allows_address(address):
                raise _refused(name, address)
        return addresses


def _refused(host: str, address: str) -> ConnectionStopped:
    # Only the log names the address: it would tell an athlete about the network of the server.
    log.warning("%s leads to %s, which the policy of this host does not allow", host, address)
    return ConnectionStopped(
        "FG-address-refused",
        f"{host} leads to an address that this server does not request",
        at=Place(url=host),
        why="it is not an address of the public internet, and the policy does not allow it",
        fix="tell the operator of this server, who can allow the network in Policy(networks=…)",
    )

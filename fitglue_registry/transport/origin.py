"""The origin of a URL (scheme, host and port), which a key is bound to."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """The scheme, host and port of a URL. A key is sent only to its own origin (RFC 6454)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the origin as a URL, without the port if it is that of the scheme."""
        # An IPv6 address is in brackets in a URL.
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.port == _PORTS.get(self.scheme):
            return f"{self.scheme}://{host}"
        return f"{self.scheme}://{host}:{self.port}"


class OtherAddress(NamedTuple):
    """An address of a connection that is not that of its entry.

    Attributes:
        connection: The name of the connection.
        address: The address that the connection uses.
        own: The address of its entry, or ``None`` if the entry is not installed.
    """

    connection: str
    address: str
    own: str | None

    def __str__(self) -> str:
        """Return what is different, for people."""
        own = self.own or "that of its entry, which is not installed"
        return f"uses the address {self.address}, not {own}"


def origin_of(url: str) -> Origin | None:
    """Return the origin of a URL, or ``None`` if it is not a valid http or https URL."""
    split = split_url(url)
    if split is None or not split.hostname or split.scheme not in _PORTS:
        return None
    # A dot at the end only marks a host name as absolute in DNS: it is the same host.
    host = split.hostname.rstrip(".")
    if not host:
        return None
    return Origin(split.scheme, host, split.port or _PORTS[split.scheme])


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: ``localhost`` or a loopback address.

    Other names are not resolved, because a manipulated resolver could return 127.0.0.1 for any.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def split_url(url: str) -> SplitResult | None:
    """Return the parts of a URL, or ``None`` if it cannot be parsed."""
    try:
        split = urlsplit(url)
        _ = split.port  # ``urlsplit`` checks the range of a port only when the attribute is read
    except ValueError:
        return None
    return split

"""The origin of an address: scheme, host and port, to which a key is bound."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """What two addresses share when a key for one may be shown to the other."""

    scheme: str
    host: str
    port: int


def origin_of(url: str) -> Origin | None:
    """Return the origin of an address, or ``None`` where it is not one that can be asked."""
    split = split_url(url)
    if split is None or not split.hostname or split.scheme not in _PORTS:
        return None
    port = split.port or _PORTS[split.scheme]
    return Origin(split.scheme, split.hostname.rstrip("."), port)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name; no resolver is asked, which could be lied
    to.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def split_url(url: str) -> SplitResult | None:
    """Return the parts of an address, ``None`` where it cannot be read."""
    try:
        split = urlsplit(url)
        _ = split.port  # a port out of range is only found when it is asked for
    except ValueError:
        return None
    return split

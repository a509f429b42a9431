"""Decides whether an address may be that of a stand-in, which plays a host in tests."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_on_this_machine(address: str) -> bool:
    """Return whether an address is ``http://`` or ``https://`` and a host that is this machine.

    It has no path, because the path of each request is that of the host that is played.
    """
    try:
        split = urlsplit(address)
        _ = split.port  # ``urlsplit`` checks the range of a port only when the attribute is read
    except ValueError:
        return False
    if split.scheme not in ("http", "https") or "@" in split.netloc:
        return False
    if split.path or split.query or split.fragment:
        return False
    host = split.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""The rules for the ``http`` block of an entry that a schema cannot express."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.headers import why_header_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.registry.http import Http

_DAY_S = 86_400
_HTTPS_PORT = 443


def http_flaws(http: Http) -> Iterator[Flaw]:
    """Yield every flaw of the hosts, the headers and the limits of an ``http`` block."""
    yield from _hosts(http)
    yield from _headers(http)
    yield from _windows(http)


def _hosts(http: Http) -> Iterator[Flaw]:
    own = _host_and_port(http.base_url)
    before: set[tuple[str, int]] = set()
    for number, further in enumerate(http.hosts):
        host = _host_and_port(f"https://{further.host}")
        if host in before:
            yield Flaw(
                "FG-entry-host-twice",
                ("http", "hosts", number, "host"),
                f"the host {further.host} is listed twice",
                "only one of its lines can say whether it gets the credential",
                "remove one of the lines",
            )
        before.add(host)
        # Without the credential, no request to the service itself could be authenticated.
        if host == own and not further.credential:
            yield Flaw(
                "FG-entry-host-without-credential",
                ("http", "hosts", number, "credential"),
                f"{http.host}, the host of base_url, always gets the credential",
                fix="remove it from hosts, which lists only further hosts",
            )


def _host_and_port(url: str) -> tuple[str, int]:
    """Return the host and the port of an address.

    Neither the case of letters, a dot at the end or the port of https makes another host.
    """
    split = urlsplit(url)
    try:
        port = split.port or _HTTPS_PORT
    except ValueError:  # it is too large, so that no request can have it
        port = 0
    return (split.hostname or "").rstrip("."), port


def _headers(http: Http) -> Iterator[Flaw]:
    for name, value in http.headers.items():
        why = why_header_refused(name, value, http.auth)
        if why is not None:
            yield Flaw(
                "FG-entry-header-refused",
                ("http", "headers", name),
                f"an entry cannot set the header {name!a}",
                why,
                "remove it, or correct it",
            )


def _windows(http: Http) -> Iterator[Flaw]:
    """Yield a flaw for each limit whose window cannot follow the clock."""
    for number, limit in enumerate(http.budget):
        if limit.window != "clock":
            continue
        if _DAY_S % limit.per_s:
            yield Flaw(
                "FG-entry-bad-window",
                ("http", "budget", number, "per_s"),
                f"windows of {limit.per_s:g} s cannot begin at midnight of each day",
                "a day is not a whole number of them",
                "write a divisor of 86400, or remove window: clock",
            )
        if (limit.burst or 0) > limit.requests:
            yield Flaw(
                "FG-entry-bad-window",
                ("http", "budget", number, "burst"),
                f"a window of {limit.requests} requests cannot contain {limit.burst} at once",
                "a window that follows the clock is never longer than per_s",
                "remove burst",
            )

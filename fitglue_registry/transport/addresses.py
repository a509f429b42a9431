"""Where a request may go: a path is joined below the base URL, and a redirect stays among the
allowed hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urldefrag, urlencode, urljoin, urlsplit

from fitglue_registry.errors import ConnectionStopped, Place, PluginFailed
from fitglue_registry.transport.policy import origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.transport.policy import HttpPolicy

_UNQUOTED = "/:@,;=+!*'()~$&"


def address(policy: HttpPolicy, path: str, params: Mapping[str, str] | None = None) -> str:
    """The URL of ``path`` (plain, not yet quoted) below the base URL.

    An id from a payload may stand in it, so nothing in it can change the host or climb: raises
    ``PluginFailed`` (FG-path-refused).
    """
    below = path.removeprefix("/")
    segments = below.removesuffix("/").split("/") if below else []
    unclean = (
        "\\" in below
        or not below.isprintable()
        or any(segment in ("", ".", "..") for segment in segments)
    )
    try:
        url = f"{policy.base_url}/{quote(below, safe=_UNQUOTED)}" if below else policy.base_url
        query = urlencode(params, safe=",:", quote_via=quote) if params else ""
    except UnicodeEncodeError:  # a lone surrogate
        unclean = True
    if unclean:
        raise PluginFailed(
            "FG-path-refused",
            f"a plugin asked {policy.host} for the path {path[:80]!a}",
            at=Place(field="path"),
            why="a path is relative to the base URL, without '.', '..', empty steps, backslashes "
            "or control characters",
            fix="report it to the plugin's author; the other plugins work on",
        )
    return f"{url}?{query}" if query else url


def redirected(policy: HttpPolicy, url: str, location: str) -> str:
    """Where a redirect leads; raises ``ConnectionStopped`` (FG-redirect-refused) unless that is an
    allowed host and the same scheme.
    """
    try:
        target = urldefrag(urljoin(url, location)).url
        split = urlsplit(target)
    except ValueError:
        raise _refused(policy, "an address that cannot be read", "it is malformed") from None
    origin = origin_of(target)
    if origin is None or split.username is not None:
        raise _refused(
            policy, "an address that cannot be asked", "it is no plain http or https address"
        )
    if origin not in policy.origins:
        shown = f"{origin[0]}://{origin[1]}" if origin[1] == policy.host else origin[1]
        raise _refused(
            policy,
            shown if origin[2] in (80, 443) else f"{shown}:{origin[2]}",
            "the entry does not allow that host; the key was not sent there",
        )
    return target


def too_many_redirects(policy: HttpPolicy, most: int) -> ConnectionStopped:
    """The error for a server that sends us round in circles."""
    return _refused(policy, "yet another address", f"that was more than {most} redirects in a row")


def _refused(policy: HttpPolicy, where: str, why: str) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-redirect-refused",
        f"{policy.host} redirects to {ascii(where)[1:-1]}",
        at=Place(url=policy.base_url),
        why=why,
        fix="sign in to this network in a browser if it asks for that; otherwise check the base "
        "URL",
    )

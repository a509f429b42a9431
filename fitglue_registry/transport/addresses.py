"""Where a request may go: a path is joined below the base URL, and a redirect stays among the
allowed hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urldefrag, urlencode, urljoin, urlsplit

from fitglue_registry.errors import ConnectionStopped, Place, PluginFailed
from fitglue_registry.transport.origin import origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.transport.origin import Origin
    from fitglue_registry.transport.policy import HttpPolicy

_UNQUOTED = "/:@,;=+!*'()~$&"


def address(
    policy: HttpPolicy,
    path: str,
    params: Mapping[str, str] | None = None,
) -> str:
    """Return the URL of ``path`` (plain, not yet quoted) below the base URL.

    An id from a payload may stand in it, so nothing in it can change the host or climb: raises
    ``PluginFailed`` (FG-path-refused).
    """
    below = path.removeprefix("/")
    if not _is_clean(below):
        raise _path_refused(policy, path)
    url = policy.base_url
    try:
        if below:
            url += f"/{quote(below, safe=_UNQUOTED)}"
        if params:
            query = urlencode(
                params,
                safe=",:",
                quote_via=quote,
            )
            url += f"?{query}"
    except UnicodeEncodeError:  # a lone surrogate
        raise _path_refused(policy, path) from None
    return url


def redirected(
    policy: HttpPolicy,
    url: str,
    location: str,
) -> str:
    """Return where a redirect leads.

    Raises ``ConnectionStopped`` (FG-redirect-refused) unless that is an allowed host and the same
    scheme.
    """
    try:
        target = urldefrag(urljoin(url, location)).url
        split = urlsplit(target)
    except ValueError:
        raise _redirect_refused(
            policy, "an address that cannot be read", "it is malformed"
        ) from None
    origin = origin_of(target)
    if origin is None or split.username is not None:
        raise _redirect_refused(
            policy, "an address that cannot be asked", "it is no plain http or https address"
        )
    if origin not in policy.origins:
        raise _redirect_refused(
            policy,
            _shown(origin, policy),
            "the entry does not allow that host; the key was not sent there",
        )
    return target


def too_many_redirects(policy: HttpPolicy, most: int) -> ConnectionStopped:
    """The error for a server that sends us round in circles."""
    return _redirect_refused(
        policy, "yet another address", f"that was more than {most} redirects in a row"
    )


def _is_clean(below: str) -> bool:
    """Whether a path without its leading slash stays below the base URL."""
    if "\\" in below or not below.isprintable():
        return False
    if not below:
        return True
    steps = below.removesuffix("/").split("/")
    return not any(step in ("", ".", "..") for step in steps)


def _path_refused(policy: HttpPolicy, path: str) -> PluginFailed:
    return PluginFailed(
        "FG-path-refused",
        f"a plugin asked {policy.host} for the path {path[:80]!a}",
        at=Place(field="path"),
        why="a path is relative to the base URL, without '.', '..', empty steps, backslashes "
        "or control characters",
        fix="report it to the plugin's author; the other plugins work on",
    )


def _shown(origin: Origin, policy: HttpPolicy) -> str:
    """Return an origin as an error names it, with what differs from the service's own."""
    shown = origin.host
    if origin.host == policy.host:
        shown = f"{origin.scheme}://{origin.host}"
    if origin.port not in (80, 443):
        shown = f"{shown}:{origin.port}"
    return shown


def _redirect_refused(
    policy: HttpPolicy,
    where: str,
    why: str,
) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-redirect-refused",
        f"{policy.host} redirects to {ascii(where)[1:-1]}",
        at=Place(url=policy.base_url),
        why=why,
        fix="sign in to this network in a browser if it asks for that; otherwise check the base "
        "URL",
    )

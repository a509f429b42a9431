"""Decides where a request may go: below the base URL, and by redirect only to allowed hosts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote, urldefrag, urlencode, urljoin, urlsplit

from fitglue_registry.errors import ConnectionStopped, Place, PluginFailed
from fitglue_registry.transport.origin import origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.transport.origin import Origin
    from fitglue_registry.transport.policy import HttpPolicy

log = logging.getLogger(__name__)

#: The characters that a path may contain literally (RFC 3986, 3.3), and the slash.
_UNQUOTED = "/:@,;=+!*'()~$&"


def url_below(
    policy: HttpPolicy,
    path: str,
    params: Mapping[str, str] | None = None,
) -> str:
    """Return the URL of a path below the base URL.

    Args:
        policy: The policy of the session.
        path: The path as plain text. It may contain ids from a payload, so it must not be able to
            change the host or to leave the base path.
        params: Query parameters as plain text.

    Raises:
        PluginFailed: FG-path-refused.
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
                # RFC 3986 allows both in a query, and lists and times stay readable in logs.
                safe=",:",
                quote_via=quote,
            )
            url += f"?{query}"
    except UnicodeEncodeError:  # a lone surrogate cannot be encoded as UTF-8
        raise _path_refused(policy, path) from None
    return url


def redirect_target(
    policy: HttpPolicy,
    url: str,
    location: str,
) -> str:
    """Return the absolute URL that a redirect leads to.

    Args:
        policy: The policy of the session.
        url: The URL of the request that was redirected.
        location: The value of the header ``Location``.

    Raises:
        ConnectionStopped: FG-redirect-refused unless scheme, host and port are allowed.
    """
    try:
        target = urldefrag(urljoin(url, location)).url
        split = urlsplit(target)
    except ValueError:
        raise _redirect_refused(
            policy, "an address that cannot be parsed", "it is malformed"
        ) from None
    origin = origin_of(target)
    if origin is None or split.username is not None:
        raise _redirect_refused(
            policy, "an unsupported address", "it is not a plain http or https address"
        )
    if origin not in policy.origins:
        raise _redirect_refused(
            policy,
            _shown(origin, policy),
            "the entry does not allow that host; the key was not sent there",
        )
    return target


def too_many_redirects(policy: HttpPolicy) -> ConnectionStopped:
    """Return the error for more redirects than the policy allows, such as a loop of redirects."""
    most = policy.most_redirects
    if not most:
        return _redirect_refused(
            policy,
            "another address",
            "a request for a token is never redirected, because it contains the key",
        )
    return _redirect_refused(
        policy, "another address again", f"there were more than {most} redirects in a row"
    )


def _is_clean(below: str) -> bool:
    """Return whether a path without its leading slash stays below the base URL."""
    # Some servers treat a backslash as a slash.
    if "\\" in below or not below.isprintable():
        return False
    if not below:
        return True
    steps = below.removesuffix("/").split("/")
    return not any(step in ("", ".", "..") for step in steps)


def _path_refused(policy: HttpPolicy, path: str) -> PluginFailed:
    return PluginFailed(
        "FG-path-refused",
        f"a plugin requested the path {path[:80]!a} from {policy.host}",
        at=Place(field="path"),
        why="a path must be relative to the base URL, without '.', '..', empty steps, backslashes "
        "or control characters",
        fix="report it to the plugin's author; the other plugins keep working",
    )


def _shown(origin: Origin, policy: HttpPolicy) -> str:
    """Return an origin for an error: the host, and an unexpected scheme or port."""
    if not policy.rules.quotes_responses:
        log.warning("%s redirects to %s", policy.host, origin)
        return "an address that is only in the log of this server"
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
        # In ASCII, so that control characters and look-alike letters of a host are visible.
        f"{policy.host} redirects to {ascii(where)[1:-1]}",
        at=Place(url=policy.base_url),
        why=why,
        fix="sign in to this network in a browser if it asks for that; otherwise check the base "
        "URL",
    )

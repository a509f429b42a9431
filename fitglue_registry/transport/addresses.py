"""Decides where a request may go: below the base URL, or to another allowed host."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote, urldefrag, urlencode, urljoin, urlsplit

from fitglue_registry.errors import ConnectionStopped, Place, PluginFailed
from fitglue_registry.transport.origin import origin_of, split_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.transport.origin import Origin
    from fitglue_registry.transport.policy import HttpPolicy

log = logging.getLogger(__name__)

#: The characters that a path may contain literally (RFC 3986, 3.3), and the slash.
_UNQUOTED = "/:@,;=+!*'()~$&"


#: All characters that a URL may contain (RFC 3986, 2.2 and 2.3), and the percent sign.
_LEGAL = "-._~:/?#[]@!$&'()*+,;=%"
#: Characters of a complete address. Browsers and servers accept about as many.
_LONGEST = 8_000
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_PLAIN = re.compile(r"\Ahttp://", re.IGNORECASE)
_SCHEME_AND_HOST = re.compile(r"https?://[^/?#]*", re.IGNORECASE)

Params: TypeAlias = "Mapping[str, str | Sequence[str]]"


def url_of(
    policy: HttpPolicy,
    path: str,
    params: Params | None = None,
) -> str:
    """Return the URL of a request.

    Args:
        policy: The policy of the session.
        path: A complete address on an allowed host, or a path below the base URL as plain text. A
            path may contain ids from a payload, so it must not be able to leave the base path.
        params: Query parameters as plain text.

    Raises:
        PluginFailed: FG-path-refused.
        ConnectionStopped: FG-host-not-allowed.
    """
    url = _absolute(policy, path) if _ABSOLUTE.match(path) else _below(policy, path)
    if not params:
        return url
    try:
        query = urlencode(
            params,
            doseq=True,
            # RFC 3986 allows both in a query, and lists and times stay readable in logs.
            safe=",:",
            quote_via=quote,
        )
    except UnicodeEncodeError:  # a lone surrogate cannot be encoded as UTF-8
        raise _path_refused(policy, path) from None
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}{query}"


def shown_url(policy: HttpPolicy, url: str) -> str:
    """Return a URL for errors and logs.

    The query of another host is left out: whoever knows a signed address may use it. So may whoever
    knows the address of a webhook, of which only the origin is shown.
    """
    if policy.auth.is_webhook:
        return f"{policy.origin}/…"
    if origin_of(url) == policy.origin:
        return url
    before, mark, _ = url.partition("?")
    return f"{before}{mark}…" if mark else before


def shown_host(policy: HttpPolicy, url: str) -> str:
    """Return the host of a URL for errors."""
    origin = origin_of(url)
    return origin.host if origin is not None else policy.host


def _below(policy: HttpPolicy, path: str) -> str:
    below = path.removeprefix("/")
    if not _is_clean(below):
        raise _path_refused(policy, path)
    if not below:
        return policy.base_url
    try:
        return f"{policy.base_url}/{quote(below, safe=_UNQUOTED)}"
    except UnicodeEncodeError:  # a lone surrogate cannot be encoded as UTF-8
        raise _path_refused(policy, path) from None


def _absolute(policy: HttpPolicy, address: str) -> str:
    """Return a complete address, as it is: a change would make its signature invalid.

    Some services behind a proxy write their own address with http. It is requested with https.
    """
    # Before anything else, because it may be as long as a response.
    if len(address) > _LONGEST:
        raise _host_not_allowed(
            policy,
            "a malformed address",
            f"it has more than {_LONGEST:,} characters",
        )
    secure = _PLAIN.sub("https://", address)
    if policy.origin.scheme == "https" and origin_of(secure) in policy.origins:
        address = secure
    origin = origin_of(address)
    user = split_url(address)
    is_plain = address.isprintable() and "\\" not in address
    if origin is None or user is None or user.username is not None or not is_plain:
        raise _host_not_allowed(policy, "a malformed address", "it is not a plain https address")
    address = _on_stand_in(policy, address)
    origin = origin_of(address) or origin
    if origin not in policy.origins:
        raise _not_an_origin(policy, origin, secure)
    return _legal(address)


def _on_stand_in(policy: HttpPolicy, address: str) -> str:
    """Return an address at the stand-in that plays its host, and any other one as it is."""
    stand_in = policy.played.get(origin_of(_PLAIN.sub("https://", address)))
    if stand_in is None:
        return address
    # Only the beginning is replaced, because the rest may be signed.
    return _SCHEME_AND_HOST.sub(lambda _: stand_in, address, count=1)


def _legal(url: str) -> str:
    """Return a URL without its fragment, and with illegal characters percent-encoded."""
    return quote(urldefrag(url).url, safe=_LEGAL, errors="replace")


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
    target = _on_stand_in(policy, target)
    origin = origin_of(target) or origin
    if origin not in policy.origins:
        why = "the entry does not allow that host"
        if _is_left_out(policy, target):
            why = _why_left_out(policy)
        raise _redirect_refused(
            policy,
            _shown(origin, policy),
            f"{why}; nothing was sent there",
        )
    return _legal(target)


def ambiguous_redirect(policy: HttpPolicy, method: str, status: int) -> ConnectionStopped:
    """Return the error for a 301 or 302 after a request that is not GET."""
    return _redirect_refused(
        policy,
        f"another address with status {status}, after a {method} request",
        "clients disagree about whether such a redirect means that the request was carried out",
    )


def too_many_redirects(policy: HttpPolicy) -> ConnectionStopped:
    """Return the error for more redirects than the policy allows, such as a loop of redirects."""
    most = policy.most_redirects
    if not most:
        return _redirect_refused(
            policy,
            "another address",
            "a request for a token is never redirected, because it contains credentials",
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


def _not_an_origin(
    policy: HttpPolicy,
    origin: Origin,
    address: str,
) -> ConnectionStopped:
    """Return the error for an address on a host that requests may not go to."""
    shown = _shown(origin, policy)
    if not _is_left_out(policy, address):
        why = f"only {policy.host} and the hosts in http.hosts of the entry are allowed"
        return _host_not_allowed(policy, shown, why)
    fix = "connect without another base URL"
    if policy.loopback:
        fix = (
            "in a test, let the stand-in answer with its own address, or name the stand-in that "
            "plays a host of http.hosts in Policy.stand_ins"
        )
    return _host_not_allowed(policy, shown, _why_left_out(policy), fix)


def _is_left_out(policy: HttpPolicy, address: str) -> bool:
    """Return whether an address is one of the service, in whose place another one is asked."""
    return origin_of(_PLAIN.sub("https://", address)) in policy.left_out


def _why_left_out(policy: HttpPolicy) -> str:
    return (
        f"the entry allows that host only with its own base URL, and {policy.host} takes the place "
        "of that"
    )


def _host_not_allowed(
    policy: HttpPolicy,
    where: str,
    why: str,
    fix: str = "if the service uses that host, list it in http.hosts of the entry; otherwise "
    "report it to the plugin's author",
) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-host-not-allowed",
        f"a plugin, or a link in a response of {policy.host}, leads to {ascii(where)[1:-1]}",
        at=Place(url=policy.base_url),
        why=f"{why}; nothing was sent there",
        fix=fix,
    )


def _shown(origin: Origin, policy: HttpPolicy) -> str:
    """Return an origin for an error: the host, and an unexpected scheme or port."""
    if not policy.rules.quotes_responses:
        log.warning("%s leads to %s", policy.host, origin)
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

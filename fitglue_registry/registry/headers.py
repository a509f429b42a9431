"""The headers that an entry or a plugin may set; the transport owns the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.registry.auth import Auth

#: A name of a header (RFC 9110, 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Visible ASCII with single spaces and tabs between words, so that no value can begin another
#: header, and no library has to guess an encoding (RFC 9110, 5.5).
_VALUE = re.compile(r"([!-~]([ \t!-~]*[!-~])?)?")
_LONGEST_VALUE = 8000

_AUTHENTICATES = "the host authenticates requests, so that no plugin sees a secret"
_FRAMES = "the transport sets it to fit the connection and the body"
#: Header in lower case → why only the transport sets it.
_OWNED = {
    "authorization": _AUTHENTICATES,
    "proxy-authorization": _AUTHENTICATES,
    "cookie": "a response must not depend on earlier requests, so no cookie is ever sent",
    "host": "it is the host of the address",
    "user-agent": "the entry sets it in http.user_agent",
    "idempotency-key": "the argument idempotency_key sets it",
    "accept-encoding": "the transport decodes the responses",
    "content-length": _FRAMES,
    "transfer-encoding": _FRAMES,
    "connection": _FRAMES,
    "keep-alive": _FRAMES,
    "proxy-connection": _FRAMES,
    "te": _FRAMES,
    "trailer": _FRAMES,
    "upgrade": _FRAMES,
    "expect": _FRAMES,
}

HEADERS_OF_THE_TRANSPORT = frozenset(_OWNED)
"""The headers, in lower case, that only the transport sets."""


def why_header_refused(name: str, value: str, auth: Auth) -> str | None:
    """Return why an entry or a plugin may not send a header, or ``None`` if it may.

    Args:
        name: The name of the header.
        value: Its value.
        auth: The ``auth`` block of the entry, whose own header is refused as well.
    """
    if not _TOKEN.fullmatch(name):
        return "its name is not a name of a header"
    folded = name.lower()
    if folded in _OWNED:
        return _OWNED[folded]
    if auth.header is not None and folded == auth.header.lower():
        return _AUTHENTICATES
    if not is_header_value(value):
        return "its value is not one line of visible ASCII characters"
    return None


def is_header_value(value: str) -> bool:
    """Return whether a text is one line of visible ASCII, as the value of a header has to be."""
    return len(value) <= _LONGEST_VALUE and bool(_VALUE.fullmatch(value))

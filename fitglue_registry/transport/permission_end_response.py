"""Reads when a permission ends that nobody renews, from the response that issues its tokens.

OAuth 2 has no name for this, so that each service has chosen one: ``refresh_token_expires_in`` (the
most frequent one), ``refresh_expires_in`` (Keycloak; 0 means never), ``x_refresh_token_expires_in``
(Intuit), or a moment instead of the seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.transport.permission_end import PermissionEnd, end_at
from fitglue_registry.transport.token_response import claims_of, end_after, moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: Names of the seconds for which a refresh token is valid.
_SECONDS = (
    "refresh_token_expires_in",
    "refresh_expires_in",
    "x_refresh_token_expires_in",
    "refresh_token_lifetime",
)
#: Names of the time until which it is valid.
_MOMENTS = (
    "refresh_token_expires_at",
    "refresh_expires_at",
    "refresh_token_expires",
    "refresh_token_expiry",
    "refresh_token_expiration",
)


def read_permission_end(
    document: Mapping[str, Any],
    refresh_token: str,
    now: datetime,
) -> PermissionEnd | None:
    """Return when a permission ends, or ``None`` if a response does not say so.

    Args:
        document: The response that has issued the tokens.
        refresh_token: The refresh token in it, which may say it itself.
        now: The current time.
    """
    ends = [end_after(now, document.get(name)) for name in _SECONDS]
    ends += [moment_of(document.get(name)) for name in _MOMENTS]
    ends.append(moment_of(claims_of(refresh_token).get("exp")))
    # A moment that is over means something else, such as "never".
    for end in ends:
        if end is not None and end > now:
            return end_at(end, now)
    return None

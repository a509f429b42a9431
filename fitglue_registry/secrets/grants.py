"""Keeps the token of a connection together with its credentials, as one secret.

One secret is written, encrypted, moved, backed up and deleted as a whole. So a token can neither be
left behind without its connection, nor be given to another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from fitglue_registry.secrets.references import unreadable
from fitglue_registry.transport.origin import Origin, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# No credential can have these names, because they contain hyphens.
_TOKEN = "access-token"  # noqa: S105 - a name
_RENEW_AT = "token-renew-at"
_EXPIRES_AT = "token-expires-at"
_ORIGIN = "token-origin"
_NAMES = frozenset((_TOKEN, _RENEW_AT, _EXPIRES_AT, _ORIGIN))


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that a service has issued for the credentials of a connection.

    Attributes:
        origin: The origin that issues the tokens. The key is sent to no other to get one.
        token: The token; empty until the first one is issued.
        expires_at: When the token ends, if that is known.
        renew_at: When to request the next one.
    """

    origin: Origin
    token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    renew_at: datetime | None = None


def with_grant(credentials: Mapping[str, str], grant: Grant | None) -> dict[str, str]:
    """Return credentials and a token as the values of one secret; an earlier token is left out."""
    values = {name: value for name, value in credentials.items() if name not in _NAMES}
    if grant is None:
        return values
    values[_ORIGIN] = str(grant.origin)
    if grant.token:
        values[_TOKEN] = grant.token
    for name, moment in ((_EXPIRES_AT, grant.expires_at), (_RENEW_AT, grant.renew_at)):
        if moment is not None:
            values[name] = moment.isoformat()
    return values


def read_grant(ref: str, values: Mapping[str, str]) -> tuple[dict[str, str], Grant | None]:
    """Return the credentials of a secret, and its token if it has one.

    Args:
        ref: The reference of the secret.
        values: Its values, without the origin of the credentials.

    Raises:
        AthleteNeeded: FG-secret-unreadable if the values of the token do not fit together.
    """
    credentials = {name: value for name, value in values.items() if name not in _NAMES}
    issuer = values.get(_ORIGIN)
    if issuer is None:
        return credentials, None
    origin = origin_of(issuer)
    if origin is None:
        raise unreadable(ref, why="the address that issues its tokens is not one")
    try:
        expires_at = _moment(values.get(_EXPIRES_AT))
        renew_at = _moment(values.get(_RENEW_AT))
    except ValueError:
        raise unreadable(ref, why="the time until which its token is valid is not one") from None
    return credentials, Grant(origin, values.get(_TOKEN, ""), expires_at, renew_at)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

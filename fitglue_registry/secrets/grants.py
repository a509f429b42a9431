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
from fitglue_registry.transport.permission_end import PermissionEnd

if TYPE_CHECKING:
    from collections.abc import Mapping

# No credential can have these names, because they contain hyphens.
_TOKEN = "access-token"  # noqa: S105 - a name
_RENEW_AT = "token-renew-at"
_EXPIRES_AT = "token-expires-at"
_ORIGIN = "token-origin"
_REFRESH = "refresh-token"
_SCOPES = "granted-scopes"
_BEGAN_AT = "renewal-began-at"
_ENDS_AT = "permission-ends-at"
_ANNOUNCE_AT = "permission-end-announced-at"
_NAMES = frozenset(
    (
        _TOKEN,
        _RENEW_AT,
        _EXPIRES_AT,
        _ORIGIN,
        _REFRESH,
        _SCOPES,
        _BEGAN_AT,
        _ENDS_AT,
        _ANNOUNCE_AT,
    )
)


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that a service has issued for the credentials of a connection.

    Attributes:
        origin: The origin that issues the tokens. The key is sent to no other to get one.
        token: The token; empty until the first one is issued.
        expires_at: When the token ends, if that is known.
        renew_at: When to request the next one.
        refresh_token: The token that renews it; empty if there is none.
        scopes: The scopes that the athlete has granted; ``None`` if the service did not say.
        began_at: When a renewal began whose result is not stored; ``None`` if there is none. The
            service may have replaced the refresh token meanwhile.
        ends: When the permission ends unless it is renewed, if that is known.
    """

    origin: Origin
    token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    renew_at: datetime | None = None
    refresh_token: str = field(default="", repr=False)
    scopes: tuple[str, ...] | None = None
    began_at: datetime | None = None
    ends: PermissionEnd | None = None


def with_grant(credentials: Mapping[str, str], grant: Grant | None) -> dict[str, str]:
    """Return credentials and a token as the values of one secret; an earlier token is left out."""
    values = {name: value for name, value in credentials.items() if name not in _NAMES}
    if grant is None:
        return values
    values[_ORIGIN] = str(grant.origin)
    if grant.token:
        values[_TOKEN] = grant.token
    if grant.refresh_token:
        values[_REFRESH] = grant.refresh_token
    if grant.scopes is not None:
        values[_SCOPES] = " ".join(grant.scopes)
    moments = {
        _EXPIRES_AT: grant.expires_at,
        _RENEW_AT: grant.renew_at,
        _BEGAN_AT: grant.began_at,
        _ENDS_AT: grant.ends.at if grant.ends else None,
        _ANNOUNCE_AT: grant.ends.announce_at if grant.ends else None,
    }
    for name, moment in moments.items():
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
        began_at = _moment(values.get(_BEGAN_AT))
        ends = _end_in(values)
    except ValueError:
        raise unreadable(ref, why="the time until which its token is valid is not one") from None
    scopes = values.get(_SCOPES)
    return credentials, Grant(
        origin,
        values.get(_TOKEN, ""),
        expires_at,
        renew_at,
        values.get(_REFRESH, ""),
        None if scopes is None else tuple(scopes.split()),
        began_at,
        ends,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _end_in(values: Mapping[str, str]) -> PermissionEnd | None:
    end = _moment(values.get(_ENDS_AT))
    announce_at = _moment(values.get(_ANNOUNCE_AT))
    return None if end is None or announce_at is None else PermissionEnd(end, announce_at)

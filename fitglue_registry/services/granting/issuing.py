"""Requests the tokens of a connection from the service that issues them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.secrets.grants import Grant
from fitglue_registry.transport.key_exchange import exchange_key
from fitglue_registry.transport.origin import origin_of
from fitglue_registry.transport.policy import auth_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.registry import Auth, Http
    from fitglue_registry.transport.origin import Origin
    from fitglue_registry.transport.token_sender import TokenSender


@dataclass(frozen=True, slots=True)
class Issuer:
    """What issues the tokens of a connection: the ``auth`` block of its entry, and the address."""

    auth: Auth
    url: str

    @property
    def origin(self) -> Origin:
        """The origin to which the credentials are sent."""
        origin = origin_of(self.url)
        assert origin is not None  # the schema and the policy of the base URL demand it
        return origin


def issuer_of(http: Http, base_url: str | None) -> Issuer | None:
    """Return what issues the tokens for an entry, or ``None`` if its scheme needs no token.

    Args:
        http: The ``http`` block of the entry.
        base_url: Another server to use instead of the entry's.
    """
    url = http.auth.token_url
    return None if url is None else Issuer(http.auth, auth_url(http, url, base_url))


def issue(
    issuer: Issuer,
    credentials: Mapping[str, str],
    sender: TokenSender,
) -> Grant:
    """Request a new token.

    Args:
        issuer: What issues it.
        credentials: The credentials of the connection.
        sender: Sends the request.

    Raises:
        AthleteNeeded: The service issues no token for the credentials.
        Retryable: The service cannot be asked now, or does not work.
    """
    issued = exchange_key(issuer.auth, issuer.url, credentials, sender)
    return Grant(
        issuer.origin,
        issued.value,
        issued.expires_at,
        issued.renew_at,
    )

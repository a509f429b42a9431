"""Exchanges a key for a token, as the scheme ``exchange`` of an entry declares it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, FitglueError, Place
from fitglue_registry.transport.auth import connect_again, fits_into_a_header, unusable_key
from fitglue_registry.transport.origin import origin_of
from fitglue_registry.transport.token_refusal import (
    OUTAGES,
    error_code,
    is_page,
    not_working,
    status_and_quote,
)
from fitglue_registry.transport.token_request import TokenRequest
from fitglue_registry.transport.token_response import TokenPaths, read_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.registry import Auth, TokenExchange
    from fitglue_registry.transport.answer import HttpAnswer
    from fitglue_registry.transport.token_response import IssuedToken
    from fitglue_registry.transport.token_sender import TokenSender

_NEW_KEY = (
    "make a new key in the settings of that account if this one has expired or was deleted, and "
    "connect again"
)


def exchange_key(
    auth: Auth,
    url: str,
    secrets: Mapping[str, str],
    sender: TokenSender,
) -> IssuedToken:
    """Return the token that a service issues for a key.

    Args:
        auth: The ``auth`` block of the entry, with the scheme ``exchange``.
        url: The address that issues tokens.
        secrets: The secrets of the connection by the name of their credential.
        sender: Sends the request.

    Raises:
        AthleteNeeded: FG-key-missing if no key is stored, FG-key-rejected if the service issues no
            token for it.
        ConnectionStopped: FG-token-unusable if the response contains no token that can be used.
        Retryable: The service cannot be asked now, or does not work.
    """
    exchange = auth.exchange
    assert exchange is not None  # the check of the entry demands it
    name = auth.secret or ""
    request = _request(exchange, auth, url, secrets.get(name, ""))
    answer = sender.send(request)
    if not 200 <= answer.status < 300:
        raise _refused(auth, url, answer)
    paths = TokenPaths(
        exchange.token,
        exchange.expires_in,
        exchange.expires_at,
        exchange.lifetime_s,
    )
    return read_token(answer, paths, sender)


def _request(
    exchange: TokenExchange,
    auth: Auth,
    url: str,
    key: str,
) -> TokenRequest:
    name = auth.secret or ""
    if not key:
        raise AthleteNeeded(
            "FG-key-missing",
            f"no {name or 'key'} is stored for this connection",
            at=Place(field=name or None),
            fix=connect_again(auth),
        )
    if exchange.send == "basic":
        pair = base64.b64encode(f"{auth.username}:{key}".encode()).decode("ascii")
        headers = {"Authorization": f"Basic {pair}"}
        return TokenRequest(exchange.method, url, headers, secrets=(key, pair))
    if exchange.send == "header":
        # ``requests`` would also refuse such a value, and quote the key in its error.
        if not fits_into_a_header(key):
            raise unusable_key(auth, name)
        headers = {exchange.name or "Authorization": f"{exchange.prefix}{key}"}
        return TokenRequest(exchange.method, url, headers, secrets=(key,))
    fields = {**exchange.parameters, exchange.name or name: key}
    if exchange.send == "form":
        return TokenRequest(exchange.method, url, {}, form=fields, secrets=(key,))
    return TokenRequest(exchange.method, url, {}, json=fields, secrets=(key,))


def _refused(auth: Auth, url: str, answer: HttpAnswer) -> FitglueError:
    """Return the error for a response that says why the service issues no token for the key."""
    said = status_and_quote(answer)
    # The page of a proxy, a firewall or the login of a network says nothing about the key.
    if is_page(answer) or error_code(answer) in OUTAGES:
        return not_working(url, said)
    origin = origin_of(url)
    host = origin.host if origin else "the service"
    return AthleteNeeded(
        "FG-key-rejected",
        f"{host} rejects the key",
        at=Place(url=url),
        why=f"it issues no token for the key: {said}",
        fix=connect_again(auth) if auth.key_help else _NEW_KEY,
    )

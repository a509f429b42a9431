"""The ``auth`` block of an entry: how the requests to a service are authenticated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct


class TokenExchange(Struct, frozen=True, forbid_unknown_fields=True):
    """How the scheme ``exchange`` gets a token for a key.

    Attributes:
        url: Address that issues tokens: a path at the host of ``base_url``, or an https address.
        method: HTTP method of the request.
        send: Where the request has the key: in a header, as the password of Basic authentication,
            in a field of a form, or in a key of a JSON object.
        name: Name of the header, of the form field or of the JSON key; empty means
            ``Authorization`` for a header, and otherwise the name of the credential.
        prefix: Text before the key in the header, such as ``"ApiKey "``.
        parameters: Further fields of the form, or further keys of the JSON object.
        token: Dotted path of the token in the response, if the response is a JSON object. A
            response that is only a token, as text or as a JSON string, needs no path.
        expires_in: Dotted path of the seconds for which the token is valid.
        expires_at: Dotted path of the time until which the token is valid, in Unix seconds or as
            ISO 8601.
        lifetime_s: Seconds for which a token is valid if neither the response nor the token says
            so.
    """

    url: str
    method: Literal["POST", "PUT", "GET"] = "POST"
    send: Literal["header", "basic", "form", "json"] = "header"
    name: str = ""
    prefix: str = ""
    parameters: Mapping[str, str] = {}
    token: str = "access_token"  # noqa: S105 - the name of a key
    expires_in: str = "expires_in"
    expires_at: str = "expires_at"
    lifetime_s: int | None = None


class Scope(Struct, frozen=True, forbid_unknown_fields=True):
    """A permission that the scheme ``oauth2`` asks the athlete for.

    Attributes:
        name: Name of the scope at the service.
        without: Sentence for an athlete who does not give the permission: what will be missing.
    """

    name: str
    without: str = ""


class OAuth2(Struct, frozen=True, forbid_unknown_fields=True):
    """How the scheme ``oauth2`` asks the athlete for permission, and gets its tokens.

    Attributes:
        authorize_url: Address at which the athlete gives the permission: a path at the host of
            ``base_url``, or an https address.
        token_url: Address that issues tokens.
        revoke_url: Address that takes a permission back (RFC 7009), if the service has one.
        scopes: Permissions to ask for.
        scope_separator: Text between two scopes.
        client: How the app authenticates itself to the service: with its id and secret in the body
            of the request or as Basic authentication, or only with its id.
        pkce: Whether to send a code challenge (RFC 7636) with the method S256.
        parameters: Further parameters of the address at which the athlete gives the permission.
        redirect_host: Host to which the browser is sent back.
        redirect_port: Port to which the browser is sent back; ``None`` is any free port, or 8765
            if the athlete pastes the address.
        redirect_path: Path to which the browser is sent back.
        refresh: Whether the service replaces the refresh token at each renewal, or issues one that
            stays the same.
        app_help: Where an app is registered at the service, and what to enter there.
    """

    authorize_url: str
    token_url: str
    revoke_url: str | None = None
    scopes: tuple[Scope, ...] = ()
    scope_separator: Literal[" ", ","] = " "
    client: Literal["body", "basic", "none"] = "body"
    pkce: bool = True
    parameters: Mapping[str, str] = {}
    redirect_host: Literal["127.0.0.1", "localhost"] = "127.0.0.1"
    redirect_port: int | None = None
    redirect_path: str = "/"
    refresh: Literal["rotating", "fixed"] = "rotating"
    app_help: str = ""


class Auth(Struct, frozen=True, forbid_unknown_fields=True):
    """How requests are authenticated.

    Attributes:
        scheme: Authentication scheme; ``header`` sends the secret in a header that the entry names,
            ``exchange`` sends a token that the service issues for the secret, ``oauth2`` sends a
            token for which the athlete gives permission in a browser, and ``webhook`` signs each
            request with the secret, and sends it to an address of the athlete.
        username: User name of the scheme ``basic``, verbatim.
        secret: Name of the credential that is the password, the token, the header's value, the
            key that is exchanged for a token, or the secret of signatures.
        address: Name of the credential that is the address of the scheme ``webhook``.
        header: Name of the header of the scheme ``header``, or of the header that has the token of
            ``exchange`` or ``oauth2``, if it is not ``Authorization: Bearer``.
        key_help: What an athlete does about a key that the service does not accept, if copying it
            again is not possible; a request such as "make a new key at example.org/keys".
        exchange: How the scheme ``exchange`` gets its token.
        oauth2: How the scheme ``oauth2`` gets its token.
    """

    scheme: Literal["none", "basic", "bearer", "header", "exchange", "oauth2", "webhook"] = "none"
    username: str = ""
    secret: str | None = None
    address: str | None = None
    header: str | None = None
    key_help: str = ""
    exchange: TokenExchange | None = None
    oauth2: OAuth2 | None = None

    @property
    def is_webhook(self) -> bool:
        """Whether every request goes to the address of the athlete, which is a secret itself."""
        return self.scheme == "webhook"

    @property
    def token_url(self) -> str | None:
        """The address that issues tokens, or ``None`` if the scheme needs no token."""
        if self.oauth2:
            return self.oauth2.token_url
        return self.exchange.url if self.exchange else None

"""Requests, renews and revokes the tokens of a permission that an athlete has given (OAuth 2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, Place
from fitglue_registry.payloads import decode_leniently
from fitglue_registry.transport.oauth_messages import (
    code_request,
    refresh_request,
    revoke_request,
)
from fitglue_registry.transport.origin import origin_of
from fitglue_registry.transport.permission_end_response import read_permission_end
from fitglue_registry.transport.token_response import TokenPaths, read_token

if TYPE_CHECKING:
    from fitglue_registry.registry import OAuth2
    from fitglue_registry.transport.answer import HttpAnswer
    from fitglue_registry.transport.oauth_app import App, Question
    from fitglue_registry.transport.permission_end import PermissionEnd
    from fitglue_registry.transport.token_request import TokenRequest
    from fitglue_registry.transport.token_response import IssuedToken
    from fitglue_registry.transport.token_sender import TokenSender

#: What services say about an app whose id or secret they do not accept (RFC 6749, 5.2).
_APP_REFUSED = ("invalid_client", "unauthorized_client")


class PermissionEnded(Exception):
    """Raised if a service issues no token any more for a permission.

    Args:
        why: What the service has responded.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class IssuedGrant:
    """The tokens that a service has issued for a permission.

    Attributes:
        token: The token that authenticates requests.
        refresh_token: The token that renews it; empty if the service has issued none.
        scopes: The scopes that the service says it has granted; ``None`` if it says nothing.
        ends: When the permission ends unless it is renewed, if the service says so.
    """

    token: IssuedToken
    refresh_token: str = field(default="", repr=False)
    scopes: tuple[str, ...] | None = None
    ends: PermissionEnd | None = None


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """What issues and renews the tokens of one service for one app."""

    oauth: OAuth2
    url: str
    app: App
    sender: TokenSender

    def first_tokens(self, code: str, question: Question) -> IssuedGrant:
        """Return the tokens for the code that the browser has brought.

        Raises:
            AthleteNeeded: FG-permission-refused if the service issues no token for the code,
                FG-app-refused if it does not accept the app.
            ConnectionStopped: FG-token-unusable.
            Retryable: The service cannot be asked now, or does not work.
        """
        request = code_request(
            self.oauth,
            self.url,
            self.app,
            code,
            question,
        )
        try:
            return self._issued(request)
        except PermissionEnded as ended:
            why = ended.why
        raise AthleteNeeded(
            "FG-permission-refused",
            f"{self._host} issues no token for the permission",
            at=Place(url=self.url),
            why=why,
            fix="connect again: a permission must be used within some minutes, and only once",
        )

    def renewed(self, refresh_token: str) -> IssuedGrant:
        """Return new tokens.

        Raises:
            PermissionEnded: The service does not accept the refresh token.
            FitglueError: See ``first_tokens``.
        """
        request = refresh_request(
            self.oauth,
            self.url,
            self.app,
            refresh_token,
        )
        return self._issued(request)

    def revoke(self, url: str, token: str) -> bool:
        """Take a permission back, and return whether the service has accepted that.

        Args:
            url: The address for this.
            token: A token of the permission.

        Raises:
            FitglueError: The service cannot be asked now, or does not work.
        """
        answer = self.sender.send(
            revoke_request(
                self.oauth,
                url,
                self.app,
                token,
            )
        )
        return 200 <= answer.status < 300

    @property
    def _host(self) -> str:
        origin = origin_of(self.url)
        return origin.host if origin else "the service"

    def _issued(self, request: TokenRequest) -> IssuedGrant:
        answer = self.sender.send(request)
        if not 200 <= answer.status < 300:
            raise self._refusal(answer)
        token = read_token(answer, TokenPaths(), self.sender)
        refresh_token = token.document.get("refresh_token")
        if not isinstance(refresh_token, str):
            refresh_token = ""
        self.sender.keep_secret(refresh_token)
        return IssuedGrant(
            token,
            refresh_token,
            read_scopes(token.document.get("scope")),
            read_permission_end(token.document, refresh_token, self.sender.now()),
        )

    def _refusal(self, answer: HttpAnswer) -> Exception:
        said = answer.quote()
        why = f"it responded with status {answer.status}"
        if said:
            why += f": {said}"
        code = _error_code(answer)
        # Without a code, 401 is about the app, too (RFC 6749, 5.2): a permission gets 400.
        if code not in _APP_REFUSED and (code or answer.status != 401):
            return PermissionEnded(why)
        return AthleteNeeded(
            "FG-app-refused",
            f"{self._host} does not accept the id or the secret of the app",
            at=Place(url=self.url),
            why=why,
            fix="copy both again from the settings of the app, and connect with --new-app",
        )


def read_scopes(value: object) -> tuple[str, ...] | None:
    """Return the scopes of a text, which spaces or commas separate; ``None`` if it is no text."""
    if not isinstance(value, str):
        return None
    return tuple(value.replace(",", " ").split())


def _error_code(answer: HttpAnswer) -> str | None:
    """Return the error code in a response (RFC 6749, 5.2), or ``None``."""
    try:
        document = decode_leniently(answer.body)
    except ValueError:
        return None
    code = document.get("error") if isinstance(document, dict) else None
    return code if isinstance(code, str) else None

"""Requests, renews and revokes the tokens of a permission that an athlete has given (OAuth 2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, Place
from fitglue_registry.transport.oauth_messages import (
    code_request,
    refresh_request,
    revoke_request,
)
from fitglue_registry.transport.permission_end_response import read_permission_end
from fitglue_registry.transport.token_refusal import (
    APP_REFUSED,
    OUTAGES,
    PERMISSION_ENDED,
    error_code,
    is_page,
    not_working,
    response_object,
    status_and_quote,
)
from fitglue_registry.transport.token_response import read_token_object, unusable_token
from fitglue_registry.transport.trail import Trail

if TYPE_CHECKING:
    from fitglue_registry.registry import OAuth2
    from fitglue_registry.transport.answer import HttpAnswer
    from fitglue_registry.transport.oauth_app import App, Question
    from fitglue_registry.transport.permission_end import PermissionEnd
    from fitglue_registry.transport.token_request import TokenRequest
    from fitglue_registry.transport.token_response import IssuedToken
    from fitglue_registry.transport.token_sender import TokenSender


class PermissionEnded(Exception):
    """Raised if a service says that a permission is not valid any more.

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
    """What issues and renews the tokens of one service for one app.

    Attributes:
        oauth: The ``oauth2`` block of its entry.
        url: The address that issues tokens.
        app: The app.
        sender: Sends the requests.
        service: The name of the service, for people.
        integration: The id of its integration, for people who have to connect again.
    """

    oauth: OAuth2
    url: str
    app: App
    sender: TokenSender
    service: str
    integration: str

    def first_tokens(self, code: str, question: Question) -> IssuedGrant:
        """Return the tokens for the code that the browser has brought.

        Raises:
            AthleteNeeded: FG-permission-refused if the service issues no token for the code,
                FG-app-refused if it does not accept the app.
            ConnectionStopped: FG-token-unusable if the response has neither a token nor a reason.
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
            return self._issued(request, Trail())
        except PermissionEnded as ended:
            why = ended.why
        raise AthleteNeeded(
            "FG-permission-refused",
            f"{self.service} issues no token for the permission",
            at=Place(url=self.url),
            why=why,
            fix="connect again: a permission must be used within some minutes, and only once",
        )

    def renewed(self, refresh_token: str, trail: Trail) -> IssuedGrant:
        """Return new tokens.

        Args:
            refresh_token: The token that renews them.
            trail: Learns whether the service may have replaced the tokens, although this raises an
                error.

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
        return self._issued(request, trail)

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
        # The page of a network has status 200, too, and so have the errors of some services.
        is_refused = is_page(answer) or bool(error_code(answer))
        return 200 <= answer.status < 300 and not is_refused

    def _issued(self, request: TokenRequest, trail: Trail) -> IssuedGrant:
        answer = self.sender.send(request, trail)
        document = response_object(answer) or {}
        is_issued = 200 <= answer.status < 300 and "access_token" in document
        # Some services respond with status 200 to everything.
        if not is_issued and (answer.status >= 400 or error_code(answer)):
            raise self._refusal(answer, trail)
        token = read_token_object(answer, self.sender)
        refresh_token = _text(document.get("refresh_token"))
        self.sender.keep_secret(refresh_token)
        return IssuedGrant(
            token,
            refresh_token,
            read_scopes(document.get("scope", document.get("scopes"))),
            read_permission_end(document, refresh_token, self.sender.now()),
        )

    def _refusal(self, answer: HttpAnswer, trail: Trail) -> Exception:
        """Return the error for a response that says why there is no token."""
        why = status_and_quote(answer)
        document = response_object(answer)
        # A page comes from a proxy, a firewall or the login of a network.
        if document is None:
            return not_working(self.url, why)
        code = error_code(answer)
        # The service has replaced nothing, whatever the status says.
        if code not in OUTAGES:
            trail.refused()
        if code == PERMISSION_ENDED:
            return PermissionEnded(why)
        # Without a code, 401 is about the app, too (RFC 6749, 5.2): a permission gets 400.
        if code in APP_REFUSED or (not code and answer.status == 401):
            return self._app_refused(why)
        if code in OUTAGES:
            return not_working(self.url, why)
        return unusable_token(answer, why)

    def _app_refused(self, why: str) -> AthleteNeeded:
        return AthleteNeeded(
            "FG-app-refused",
            f"{self.service} does not accept the id or the secret of the app",
            at=Place(url=self.url),
            why=why,
            fix="copy both again from the settings of the app: "
            f"fitglue connect {self.integration} --new-app; an application gives them as "
            "Host(apps=…)",
        )


def read_scopes(value: object) -> tuple[str, ...] | None:
    """Return the scopes that a service reports; ``None`` if it reports none.

    Args:
        value: A text, in which spaces or commas separate them, or a list.
    """
    listed = value if isinstance(value, list) else [value]
    texts = [text for text in listed if isinstance(text, str)]
    if len(texts) < len(listed):
        return None
    return tuple(" ".join(texts).replace(",", " ").split())


def scopes_in_both(
    scopes: tuple[str, ...] | None, others: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """Return the scopes that two reports of a service have in common.

    Args:
        scopes: The scopes of the first report; ``None`` if it says nothing about them.
        others: The scopes of the second one.
    """
    if scopes is None or others is None:
        return others if scopes is None else scopes
    return tuple(scope for scope in scopes if scope in others)


def _text(value: object) -> str:
    """Return a token as text, also one that consists of digits and was sent as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""

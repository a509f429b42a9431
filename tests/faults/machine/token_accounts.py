"""The account of Intervals.icu behind tokens, which the club of ``tests/services/granting`` issues
for a key or for a permission.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from fitglue_intervals.testing.endpoints import Endpoints
from fitglue_intervals.testing.error_responses import AUTH_FAILED
from fitglue_registry.testing import json_response
from tests.services.granting.club import Club, OAuthClub

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fitglue_intervals.testing import Account
    from fitglue_registry.testing import Request, Response
    from fitglue_registry.testing.service import Endpoint


class BehindTokens:
    """What both services share: the account, whose requests need a token, and failures."""

    token_path: str
    tokens: dict[str, datetime]
    now: Callable[[], datetime]

    def serve(self, account: Account) -> None:
        """Serve an account to those who have a token."""
        #: How requests for tokens fail: a status, or ``lost``: their responses are lost.
        self.failure: int | str | None = None
        self._counting = threading.Lock()
        self._left: int | None = None
        self._interrupt: Callable[[], None] = self.tokens.clear
        for pattern, endpoint in Endpoints(account).routes().items():
            self.route(pattern, self._behind_tokens(endpoint))  # type: ignore[attr-defined]

    def interrupt_at(self, number: int | None, action: Callable[[], None]) -> None:
        """Do something before the n-th request for data is answered; ``None``: never."""
        self._left, self._interrupt = number, action

    def _behind_tokens(self, endpoint: Endpoint) -> Endpoint:
        def answer(request: Request, *groups: str) -> Response:
            with self._counting:
                self._count()
            scheme, _, token = request.header("authorization").partition(" ")
            ends = self.tokens.get(token)
            if scheme != "Bearer" or ends is None or ends <= self.now():
                return AUTH_FAILED
            return endpoint(request, *groups)

        return answer

    def _count(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._interrupt()


class KeyAccount(BehindTokens, Club):
    """The account behind the tokens that a service issues for a key.

    Args:
        account: The account.
        now: Returns the current time.
    """

    token_path = "/token"
    rotates = False
    has_forgotten = False

    def __init__(self, account: Account, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.serve(account)

    def _token(self, request: Request) -> Response:
        if isinstance(self.failure, int):
            return json_response({"message": "out of order"}, self.failure)
        return super()._token(request)


class PermissionAccount(BehindTokens, OAuthClub):
    """The account behind the tokens of a permission.

    Args:
        account: The account.
        now: Returns the current time.
    """

    token_path = "/oauth/token"

    def __init__(self, account: Account, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        #: Whether the service accepts no refresh token any more that the host can have.
        self.has_forgotten = False
        self.serve(account)

    def take_back(self) -> None:
        """End the permission, as an athlete does at the service."""
        self.tokens.clear()
        self.refresh_tokens.clear()
        self.has_forgotten = True

    def _oauth_token(self, request: Request) -> Response:
        self.down = self.failure if isinstance(self.failure, int) else None
        before = set(self.refresh_tokens)
        response = super()._oauth_token(request)
        if self.failure == "lost" and before != self.refresh_tokens:
            self.has_forgotten = True  # only the lost response has the refresh token
        return response

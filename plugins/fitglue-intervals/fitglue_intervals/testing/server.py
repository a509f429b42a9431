"""The stand-in itself: an account served on loopback, behind its key."""

from __future__ import annotations

import base64
import binascii
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.answers import (
    ACCESS_DENIED,
    AUTH_FAILED,
    BAD_BASE64,
    spring_error,
)
from fitglue_intervals.testing.endpoints import Endpoints
from fitglue_registry.testing import LoopbackService, Request, Response

if TYPE_CHECKING:
    import ssl

    from fitglue_intervals.testing.account import Account

#: Changes of the account that another process may ask for; those of one activity name its ``id``.
_OF_ONE = ("edit", "edit_intervals", "replace_streams", "delete")
_OF_ACCOUNT = (
    "add",
    "add_row",
    "add_strava_stub",
    "make_native",
    "drift",
    "move",
    "add_keys",
)


class StandIn(LoopbackService):
    """A service of Intervals.icu for one account, which its key opens.

    Another process may change the account by commands that have the names of its methods.
    """

    def __init__(
        self,
        account: Account,
        *,
        api_key: str = "stand-in-key",
        port: int = 0,
        latency_s: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(port=port, latency_s=latency_s, tls=tls)
        self.account = account
        #: The key that is valid now; None after it was revoked.
        self.api_key: str | None = api_key
        self.endpoints = Endpoints(account)
        for pattern, endpoint in self.endpoints.routes().items():
            self.route(pattern, endpoint)
        self._add_account_commands()

    @property
    def athlete_id(self) -> str:
        """Whose account the key opens."""
        return self.account.athlete_id

    def set_key(self, key: str) -> None:
        """Make another key the valid one."""
        self.api_key = key

    def revoke_key(self) -> None:
        """Let no key be valid any more."""
        self.api_key = None

    def respond(self, request: Request) -> Response:
        """The response to one request, after its key was checked."""
        refusal = self._refusal(request.header("authorization"))
        return refusal or super().respond(request)

    def no_route(self, request: Request, status: int) -> Response:
        """The response of the framework behind the API."""
        return spring_error(status, HTTPStatus(status).phrase, request.path)

    def _refusal(self, authorization: str) -> Response | None:
        """Why the request may not pass; a missing header is answered like an unknown scheme."""
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            return ACCESS_DENIED
        try:
            decoded = base64.b64decode(credentials.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return BAD_BASE64
        user, _, password = decoded.partition(":")
        if user != "API_KEY" or password != self.api_key:
            return AUTH_FAILED
        return None

    def _add_account_commands(self) -> None:
        self.commands.add("GET", "ids", self.account.ids)
        for name in _OF_ONE:
            self.commands.add("POST", name, partial(self._change_one, name))
        for name in _OF_ACCOUNT:
            self.commands.add("POST", name, getattr(self.account, name))
        self.commands.add("POST", "set_key", self.set_key)
        self.commands.add("POST", "revoke_key", self.revoke_key)

    def _change_one(self, change: str, /, **arguments: Any) -> Any:
        id_ = arguments.pop("id")
        return getattr(self.account, change)(id_, **arguments)

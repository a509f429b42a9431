"""The server of the stand-in: an account on loopback that an API key protects."""

from __future__ import annotations

import base64
import binascii
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.endpoints import Endpoints
from fitglue_intervals.testing.error_responses import (
    ACCESS_DENIED,
    AUTH_FAILED,
    BAD_BASE64,
    spring_error,
)
from fitglue_intervals.testing.writing import WritingEndpoints
from fitglue_registry.testing import LoopbackService, Request, Response

if TYPE_CHECKING:
    import ssl

    from fitglue_intervals.testing.account import Account

# Methods of the account that another process may call as commands. Commands about one activity have
# its ``id`` among their arguments.
_ACTIVITY_COMMANDS = ("edit", "edit_intervals", "replace_streams", "delete")
_ACCOUNT_COMMANDS = (
    "add",
    "add_row",
    "add_strava_stub",
    "make_native",
    "drift",
    "set_timezone",
    "add_keys",
)


class StandIn(LoopbackService):
    """A stand-in for Intervals.icu that serves one account on loopback.

    Use it as a context manager, or call ``start`` and ``close``. Another process may change the
    account by commands with the names of its methods, see ``fitglue_registry.testing.control``.

    Args:
        account: The account to serve.
        api_key: The key that is accepted.
        port: The port to listen on; 0 picks a free one.
        latency_s: How long to wait before each response, in seconds.
        tls: The certificate to serve https with; None serves http.
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
        #: The key that is accepted; None after it was revoked.
        self.api_key: str | None = api_key
        self.endpoints = Endpoints(account)
        for pattern, endpoint in self.endpoints.routes().items():
            self.route(pattern, endpoint)
        for method, pattern, endpoint in WritingEndpoints(account).routes():
            self.route(pattern, endpoint, method=method)
        self._add_account_commands()

    @property
    def athlete_id(self) -> str:
        """The id of the athlete whose account is served."""
        return self.account.athlete_id

    def set_key(self, key: str) -> None:
        """Accept this key and no other, as after the athlete made a new one."""
        self.api_key = key

    def revoke_key(self) -> None:
        """Accept no key from now on."""
        self.api_key = None

    def respond(self, request: Request) -> Response:
        """Return the response to one request, or an error if its key is not accepted."""
        refusal = self._refusal(request.header("authorization"))
        return refusal or super().respond(request)

    def no_route(self, request: Request, status: int) -> Response:
        """Return the error for a path or a method that the API does not have."""
        return spring_error(status, HTTPStatus(status).phrase, request.path)

    def _refusal(self, authorization: str) -> Response | None:
        """Return the error for a request that is not authorized, or None.

        The errors are those that were seen: 403 for a key sent as a bearer token, 500 for malformed
        base64, 401 for a wrong key. A missing header gets 403, too, which is a guess.
        """
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            return ACCESS_DENIED
        try:
            decoded = base64.b64decode(credentials.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return BAD_BASE64
        # Documented: the user name is the literal API_KEY, and the password is the key.
        user, _, password = decoded.partition(":")
        if user != "API_KEY" or password != self.api_key:
            return AUTH_FAILED
        return None

    def _add_account_commands(self) -> None:
        """Let another process list the ids, change the account and change the key."""
        self.commands.add("GET", "ids", self.account.ids)
        for name in _ACTIVITY_COMMANDS:
            self.commands.add("POST", name, partial(self._change_one, name))
        for name in _ACCOUNT_COMMANDS:
            self.commands.add("POST", name, getattr(self.account, name))
        self.commands.add("POST", "set_key", self.set_key)
        self.commands.add("POST", "revoke_key", self.revoke_key)

    def _change_one(self, change: str, /, **arguments: Any) -> Any:
        """Call a method of the account, whose first argument is the id of an activity."""
        id_ = arguments.pop("id")
        return getattr(self.account, change)(id_, **arguments)

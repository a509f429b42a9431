"""The headers of one connection's requests, which are prepared again when its key is renewed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

import requests
from requests.structures import CaseInsensitiveDict

from fitglue_registry.redaction.echo import EchoMask
from fitglue_registry.transport.auth import EARLIER_UNTIL, auth_header
from fitglue_registry.transport.policy import NO_HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.policy import HttpPolicy


class RenewableTokens(Protocol):
    """The token of a session, which ends and is renewed. Only one thread at a time changes it."""

    def is_ending(self) -> bool:
        """Return whether the token should be renewed before the next request."""

    def secrets(self) -> Mapping[str, str]:
        """Return the newest token under the name ``auth.TOKEN``, and its credentials."""

    def accept(self) -> None:
        """Note that the service has accepted the token."""

    def reject(self) -> None:
        """Note that the service has rejected the token, so that another one is requested."""


class Credentials:
    """The key or the token of one connection, as headers of its requests.

    Args:
        policy: The policy of the session.
        secrets: Returns the secrets of the connection. It is called for the first request, and
            again after a response with status 401. It is not called if there are tokens.
        redactor: Learns the secrets, so that no error or log contains them.
        tokens: What renews tokens, for a scheme that has them.
    """

    def __init__(
        self,
        policy: HttpPolicy,
        secrets: Callable[[], Mapping[str, str]],
        redactor: Redactor,
        tokens: RenewableTokens | None = None,
    ) -> None:
        self._policy = policy
        self._secrets = secrets
        self._redactor = redactor
        self._tokens = tokens
        self._lock = threading.Lock()
        self._template: requests.PreparedRequest | None = None
        self._anonymous = self._prepare({})
        self.echo = EchoMask()
        """Masks the key in responses, because some services echo it."""
        self.values: Mapping[str, str] = {}
        """The secrets of the newest request, by name."""

    def request(self) -> requests.PreparedRequest:
        """Return a request with all headers, which is prepared once.

        Copy it before you set its URL. The identity of the object shows whether the key was renewed
        since, see ``is_renewed``.
        """
        template = self._template
        if template is not None and not self._is_ending():
            return template
        with self._lock:
            # Another thread may have renewed the token while this one waited.
            if self._template is None or self._is_ending():
                self._template = self._authenticated()
            return self._template

    def _is_ending(self) -> bool:
        return self._tokens is not None and self._tokens.is_ending()

    def _authenticated(self) -> requests.PreparedRequest:
        """Return a request with the newest key or token."""
        secrets = self._secrets() if self._tokens is None else self._tokens.secrets()
        self.values = secrets
        headers = auth_header(self._policy.auth, secrets)
        # Until when the earlier secret of a webhook signs is no secret.
        hidden = [value for name, value in secrets.items() if name != EARLIER_UNTIL]
        self._redactor.add((*hidden, *headers.values()))
        # The header "Basic abc" contains the secret "abc".
        sent = [value.rpartition(" ")[2] for value in headers.values()]
        self.echo = EchoMask((*hidden, *sent))
        return self._prepare(headers)

    def anonymous_request(self) -> requests.PreparedRequest:
        """Return a copy of a request without authentication."""
        return self._anonymous.copy()

    def accepted(self, sent: requests.PreparedRequest) -> None:
        """Note that the service has accepted the key or the token of a request.

        Args:
            sent: The request, as ``request`` returned it.
        """
        if self._tokens is None:
            return
        with self._lock:
            # Otherwise it says nothing about the token that took its place meanwhile.
            if self._template is sent:
                self._tokens.accept()

    def is_renewed(self, sent: requests.PreparedRequest) -> bool:
        """Read the key again, and return whether it differs from the one of a rejected request.

        Args:
            sent: The request that was rejected, as ``request`` returned it.

        Raises:
            FitglueError: The key could not be read again.
        """
        with self._lock:
            # Another thread may have replaced it already after its own 401.
            if self._template is sent:
                self._template = None
                if self._tokens is not None:
                    self._tokens.reject()
        return self.request().headers != sent.headers

    def _prepare(self, headers: Mapping[str, str]) -> requests.PreparedRequest:
        # Case-insensitive, so that an entry can replace the header Accept.
        all_headers = CaseInsensitiveDict(
            {
                "User-Agent": self._policy.user_agent,
                "Accept": "*/*",
                "Accept-Encoding": "gzip",
            }
        )
        all_headers.update(self._policy.headers)
        all_headers.update(headers)
        request = requests.Request("GET", self._policy.base_url, headers=all_headers)
        try:
            return request.prepare()
        except requests.exceptions.InvalidURL:
            # Such as a host with full-width digits, which IDNA does not allow.
            raise self._policy.refused(NO_HOST) from None

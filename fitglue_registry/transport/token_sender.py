"""Sends requests for tokens, within the limits of their session, and never follows a redirect."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import requests

from fitglue_registry.transport.credentials import Credentials
from fitglue_registry.transport.exchange import Exchange, is_expected
from fitglue_registry.transport.network_failures import NETWORK_ERRORS, NetworkFailures
from fitglue_registry.transport.policy import NO_AUTH, NO_HOST
from fitglue_registry.transport.retries import TryAgain, retrying
from fitglue_registry.transport.status_failures import StatusFailures

if TYPE_CHECKING:
    from datetime import datetime

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.answer import HttpAnswer
    from fitglue_registry.transport.clock import WaitingClock
    from fitglue_registry.transport.policy import HttpPolicy
    from fitglue_registry.transport.token_request import TokenRequest
    from fitglue_registry.transport.waiting import Waiting

log = logging.getLogger(__name__)

#: The largest response with a token that is read, in bytes. Real ones have some kilobytes.
_LARGEST_RESPONSE = 256_000
#: Statuses with which services say that they issue no token. Their bodies are read, too.
_REFUSALS = (400, 401, 403)


class TokenSender:
    """The sender of one session's requests for tokens.

    They have time-outs, sizes, retries and a budget like all requests of the session. They go to
    their own address only: a redirect could take the key or the token elsewhere.

    Args:
        policy: The policy of the session.
        waiting: The waits of the session.
        clock: The clock.
        redactor: Removes secrets from errors and logs.
    """

    def __init__(
        self,
        policy: HttpPolicy,
        waiting: Waiting,
        clock: WaitingClock,
        redactor: Redactor,
    ) -> None:
        self._policy = policy
        self._waiting = waiting
        self._clock = clock
        self._redactor = redactor
        self._lock = threading.Lock()
        self.sent = 0  # number of requests, including retries

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return self._clock.now()

    def keep_secret(self, *secrets: str) -> None:
        """Remove these values from all errors and logs from now on."""
        self._redactor.add(secrets)

    def send(self, request: TokenRequest) -> HttpAnswer:
        """Send a request for a token, and return its response.

        Args:
            request: The request.

        Returns:
            The response, whose status is 2xx, 400, 401 or 403.

        Raises:
            Retryable: The service cannot be asked now, or does not work.
            ConnectionStopped: Any other status, or a redirect.
        """
        self.keep_secret(*request.secrets)
        attempts = _Attempts(self._policy_for(request.url), self._waiting, self._redactor)
        again = retrying(self._waiting.announce, self._waiting.sleep)
        try:
            return again(attempts.attempt, request, self._clock)
        except TryAgain as last:
            failure = last.failure
        finally:
            with self._lock:
                self.sent += attempts.sent
            attempts.close()
            self._waiting.signs.finished()
        # Raised outside the handler, so that it has no context: the exceptions of ``requests``
        # contain the request, and this contains the key.
        raise failure

    def _policy_for(self, url: str) -> HttpPolicy:
        return replace(
            self._policy,
            base_url=url,
            hosts=(),
            auth=NO_AUTH,
            max_body=_LARGEST_RESPONSE,
            most_redirects=0,
        )


class _Attempts:
    """The attempts of one request for a token."""

    def __init__(
        self,
        policy: HttpPolicy,
        waiting: Waiting,
        redactor: Redactor,
    ) -> None:
        self._policy = policy
        # Without secrets: a response may contain the key, or the token that is valid already, and
        # it must be read as it is.
        credentials = Credentials(policy, dict, redactor)
        self._exchange = Exchange(policy, credentials, waiting, redactor)
        self._network_failures = NetworkFailures(policy, redactor, policy.host)
        self._status_failures = StatusFailures(policy, redactor, policy.host)

    @property
    def sent(self) -> int:
        return self._exchange.sent

    def close(self) -> None:
        self._exchange.close()

    def attempt(self, request: TokenRequest, clock: WaitingClock) -> HttpAnswer:
        failure: FitglueError | TryAgain
        try:
            answer = self._exchange.ask(self._prepared(request), request.url, _REFUSALS)
        except NETWORK_ERRORS as error:
            failure = self._network_failures.translate(error, request.url)
        else:
            log.debug("%s %s: %d", request.method, answer.url, answer.status)
            if is_expected(answer.status, _REFUSALS):
                return answer
            failure = self._status_failures.translate(answer, request.url, clock.now())
        # Raised outside the handler, so that it has no context, as above.
        raise failure

    def _prepared(self, request: TokenRequest) -> requests.PreparedRequest:
        headers = {
            "User-Agent": self._policy.user_agent,
            "Accept": "application/json, */*;q=0.8",
            "Accept-Encoding": "gzip",
            **request.headers,
        }
        unprepared = requests.Request(
            request.method,
            request.url,
            headers=headers,
            data=request.form,
            json=request.json,
        )
        try:
            return unprepared.prepare()
        except requests.exceptions.InvalidURL:
            raise self._policy.refused(NO_HOST) from None

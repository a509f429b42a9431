"""Sends requests for tokens, within the limits of their session, and never follows a redirect."""

from __future__ import annotations

import logging
import math
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import requests

from fitglue_registry.errors import FitglueError
from fitglue_registry.transport.credentials import Credentials
from fitglue_registry.transport.network_failures import NETWORK_ERRORS, NetworkFailures
from fitglue_registry.transport.outcomes import tokens_unknown
from fitglue_registry.transport.policy import NO_AUTH, NO_HOST
from fitglue_registry.transport.request_sender import RequestSender, is_expected
from fitglue_registry.transport.retries import TryAgain, retrying
from fitglue_registry.transport.status_failures import StatusFailures
from fitglue_registry.transport.token_refusal import error_code, quoted_refusal
from fitglue_registry.transport.trail import Trail

if TYPE_CHECKING:
    from datetime import datetime

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

# Other processes wait for the token meanwhile, or an athlete does. So all of it takes less than the
# minute for which ``services.grant_lock`` waits.
#: The longest waits, in seconds: for the next attempt or the budget, and for the beginning of the
#: last attempt.
_LONGEST_WAIT_S = 20.0
#: The longest time without a byte, and for a complete response, in seconds.
_LONGEST_READ_S = 20.0
_LONGEST_RESPONSE_S = 25.0


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

    def send(self, request: TokenRequest, trail: Trail | None = None) -> HttpAnswer:
        """Send a request for a token, and return its response.

        Args:
            request: The request.
            trail: Learns whether any attempt may have been carried out.

        Returns:
            The response, whose status is 2xx, 400, 401 or 403; or any status with a decisive code.

        Raises:
            Retryable: The service cannot be asked now, or does not work.
            ConnectionStopped: Any other status, or a redirect.
        """
        self.keep_secret(*request.secrets)
        policy = self._policy_for(request.url)
        attempts = _Attempts(policy, self._waiting, self._redactor, trail or Trail())
        attempts.end_at = self._clock.monotonic() + _LONGEST_WAIT_S
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
            longest_wait_s=min(self._policy.longest_wait_s, _LONGEST_WAIT_S),
            read_s=min(self._policy.read_s, _LONGEST_READ_S),
            total_s=min(self._policy.total_s, _LONGEST_RESPONSE_S),
        )


class _Attempts:
    """The attempts of one request for a token."""

    def __init__(
        self,
        policy: HttpPolicy,
        waiting: Waiting,
        redactor: Redactor,
        trail: Trail,
    ) -> None:
        self._policy = policy
        self._trail = trail
        self.end_at = math.inf
        """The monotonic time after which no further attempt begins."""
        # Without secrets: a response may contain the key, or the token that is valid already, and
        # it must be read as it is.
        credentials = Credentials(policy, dict, redactor)
        self._sender = RequestSender(policy, credentials, waiting, redactor)
        # A response may contain tokens that nobody knows yet, and that the redactor cannot remove.
        self._network_failures = NetworkFailures(policy, redactor, policy.host, quotes=False)
        self._status_failures = StatusFailures(policy, redactor, policy.host, quoted_refusal)

    @property
    def sent(self) -> int:
        return self._sender.sent

    def close(self) -> None:
        self._sender.close()

    def attempt(self, request: TokenRequest, clock: WaitingClock) -> HttpAnswer:
        failure: FitglueError | TryAgain
        try:
            prepared = self._prepared(request)
            answer = self._sender.ask(prepared, request.url, _REFUSALS, self._trail)
        except NETWORK_ERRORS as error:
            failure = self._network_failures.translate(error, request.url)
        else:
            log.debug("%s %s: %d", request.method, answer.url, answer.status)
            if is_expected(answer.status, _REFUSALS) or error_code(answer) in request.decisive:
                return answer
            failure = self._status_failures.translate(answer, request.url, clock.now())
        if self._trail.maybe_done and not request.repeatable:
            failure = tokens_unknown(self._policy.host, failure)
        # Raised outside the handler, so that it has no context, as above.
        raise self._final_if_late(failure, clock)

    def _final_if_late(
        self, failure: FitglueError | TryAgain, clock: WaitingClock
    ) -> FitglueError | TryAgain:
        """Return a failure, without another attempt if that would begin too late."""
        if isinstance(failure, FitglueError):
            return failure
        if clock.monotonic() + (failure.wait_s or 0.0) <= self.end_at:
            return failure
        return failure.failure

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

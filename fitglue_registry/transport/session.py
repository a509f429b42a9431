"""The authenticated HTTP session of a plugin, which waits for the budget, sends requests, retries
them and explains failures.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, KeyUnavailable
from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.transport.addresses import shown_host, shown_url, url_of
from fitglue_registry.transport.credentials import Credentials
from fitglue_registry.transport.network_failures import NETWORK_ERRORS, NetworkFailures
from fitglue_registry.transport.origin import origin_of
from fitglue_registry.transport.outcomes import outcome_unknown
from fitglue_registry.transport.outgoing import outgoing
from fitglue_registry.transport.request_body import close_body
from fitglue_registry.transport.request_sender import RequestSender, is_expected
from fitglue_registry.transport.retries import TryAgain, retrying
from fitglue_registry.transport.status_failures import StatusFailures
from fitglue_registry.transport.token_sender import TokenSender
from fitglue_registry.transport.tokens import RenewedTokens
from fitglue_registry.transport.trail import Trail
from fitglue_registry.transport.waiting import Pace, Waiting
from fitglue_registry.transport.webhooks import Signing, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self, Unpack

    import requests

    from fitglue_registry.plugin_api import Sending
    from fitglue_registry.transport.addresses import Params
    from fitglue_registry.transport.answer import HttpAnswer
    from fitglue_registry.transport.outgoing import Outgoing
    from fitglue_registry.transport.policy import HttpPolicy
    from fitglue_registry.transport.tokens import TokenSource

log = logging.getLogger(__name__)
#: What was deleted is not found any more.
_NOT_THERE = (404, 410)
#: The status for a key or a token that the service does not accept.
_UNAUTHORIZED = 401
#: How often one request is sent again with another key. A second time, because a token can end
#: while its request waits; not more often, because a service may reject every token here, although
#: it accepts the same token for other requests.
_MOST_RENEWALS = 2


class HttpSession:
    """A ``plugin_api.Http`` for one connection, which several threads may use at once.

    Args:
        policy: The rules that every request follows.
        secrets: Returns the secrets of the connection. It is called for the first request, and
            again after a response with status 401, because the key may have been renewed.
        pace: The clock, the budget, and a function that is told about waits.
        redactor: Removes secrets from errors and logs; the session adds its own secrets.
        tokens: Keeps the tokens of the connection, for a scheme that has them.
    """

    def __init__(
        self,
        policy: HttpPolicy,
        *,
        secrets: Callable[[], Mapping[str, str]] = dict,
        pace: Pace | None = None,
        redactor: Redactor | None = None,
        tokens: TokenSource | None = None,
    ) -> None:
        pace = pace or Pace()
        redactor = redactor or Redactor()
        self._policy = policy
        self._clock = pace.clock
        self._waiting = Waiting(policy, pace)
        self._token_sender = TokenSender(policy, self._waiting, pace.clock, redactor)
        self._tokens: RenewedTokens | None = None
        if tokens is not None:
            self._tokens = RenewedTokens(tokens, self._token_sender)
        self._credentials = Credentials(policy, secrets, redactor, self._tokens)
        self._sender = RequestSender(policy, self._credentials, self._waiting, redactor)
        self._redactor = redactor
        self._retrying = retrying(self._waiting.announce, self._waiting.sleep)

    @property
    def sent(self) -> int:
        """The number of requests that were sent, including retries, redirects and renewals."""
        return self._sender.sent + self._token_sender.sent

    @property
    def pace_s(self) -> float:
        """The seconds between two of many requests that the limits of the entry demand."""
        return self._policy.pace_s

    @property
    def busy_until(self) -> float:
        """The monotonic time until which the session is known to be working, for the plugin guard.

        It is the end of a planned wait, or the time when a request under way times out.
        """
        return self._waiting.signs.busy_until

    def report_silence(self) -> None:
        """Report requests without a response as waits, at most every ten seconds.

        The thread that waits for the plugin calls this repeatedly, because the thread that sent the
        request is blocked.
        """
        self._waiting.report_silence()

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Sequence[int] = (),
    ) -> HttpAnswer:
        """Send a GET request and return its response; see ``plugin_api.Http.get``."""
        sending: Sending = {"headers": headers or {}, "accept": accept}
        return self._request("GET", path, params, sending)

    def post(
        self,
        path: str,
        params: Params | None = None,
        **sending: Unpack[Sending],
    ) -> HttpAnswer:
        """Send a POST request and return its response; see ``plugin_api.Http.post``."""
        return self._request("POST", path, params, sending)

    def put(
        self,
        path: str,
        params: Params | None = None,
        **sending: Unpack[Sending],
    ) -> HttpAnswer:
        """Send a PUT request and return its response; see ``plugin_api.Http.put``."""
        return self._request("PUT", path, params, sending)

    def patch(
        self,
        path: str,
        params: Params | None = None,
        **sending: Unpack[Sending],
    ) -> HttpAnswer:
        """Send a PATCH request and return its response; see ``plugin_api.Http.patch``."""
        return self._request("PATCH", path, params, sending)

    def delete(
        self,
        path: str,
        params: Params | None = None,
        **sending: Unpack[Sending],
    ) -> HttpAnswer:
        """Send a DELETE request and return its response; see ``plugin_api.Http.delete``."""
        return self._request("DELETE", path, params, sending)

    def close(self) -> None:
        """Close the connections and end the waits of other threads."""
        # First, because a thread that waits would open a connection again.
        self._waiting.close()
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _request(
        self,
        method: str,
        path: str,
        params: Params | None,
        sending: Sending,
    ) -> HttpAnswer:
        request = outgoing(
            self._policy,
            method,
            url_of(self._policy, path, params),
            sending,
        )
        try:
            return self._retrying(self._try, request, Trail())
        except TryAgain as last:
            failure = last.failure
            attempts = self._retrying.statistics["attempt_number"]
        finally:
            self._waiting.signs.finished()
        # Raised outside the handler, so that it has no context: the exceptions of ``requests``
        # contain the headers of the request, and these contain the key.
        if attempts > 1:
            failure.why = f"{failure.why}; tried {attempts} times"
        raise failure

    def _try(self, wanted: Outgoing, trail: Trail) -> HttpAnswer:
        template = self._template(wanted.url)
        request = wanted.on(template, self._policy.total_s)
        url = wanted.url
        if self._policy.auth.is_webhook:
            url = sign(self._policy, request, wanted, self._signing())
        before = trail.maybe_done
        began = time.perf_counter()
        failure: FitglueError | TryAgain
        try:
            answer = self._sender.ask(request, url, wanted.accept, trail)
        except NETWORK_ERRORS as error:
            failure = self._network_failure(error, trail)
        except FitglueError as error:
            failure = error
        else:
            _log(wanted.method, answer, time.perf_counter() - began)
            # A host without the credential, such as one for downloads, has limits of its own.
            if answer.authenticated:
                self._waiting.note_limits(answer)
            if is_expected(answer.status, wanted.accept) or _was_deleted(wanted, answer, before):
                if answer.authenticated and answer.status != _UNAUTHORIZED:
                    self._credentials.accepted(template)
                return answer
            failure = self._refused(template, answer, trail)
        finally:
            close_body(request)
        if trail.maybe_done and not wanted.repeatable:
            host = shown_host(self._policy, wanted.url)
            request_line = self._redactor.text(str(wanted))
            failure = outcome_unknown(host, request_line, failure)
        # Raised outside the handler, so that it has no context, as above.
        raise failure

    def _template(self, url: str) -> requests.PreparedRequest:
        """Return the headers of a request to a URL: with the credential only where it may go."""
        if origin_of(url) in self._policy.credential_origins:
            return self._credentials.request()
        return self._credentials.anonymous_request()

    def _signing(self) -> Signing:
        """Return what the requests of a webhook are signed with, at this moment."""
        return Signing(self._credentials.values, self._clock.now())

    def _network_failure(self, error: Exception, trail: Trail) -> FitglueError | TryAgain:
        host = shown_host(self._policy, trail.url)
        failures = NetworkFailures(self._policy, self._redactor, host)
        return failures.translate(error, shown_url(self._policy, trail.url))

    def _refused(
        self,
        template: requests.PreparedRequest,
        answer: HttpAnswer,
        trail: Trail,
    ) -> FitglueError | TryAgain:
        """Return the failure for an unexpected status, and whether to try again."""
        host = shown_host(self._policy, trail.url)
        url = shown_url(self._policy, trail.url)
        not_given = self._tokens.not_given if self._tokens else ()
        failures = StatusFailures(
            self._policy,
            self._redactor,
            host,
            not_given=not_given,
        )
        failure = failures.translate(answer, url, self._clock.now())
        error = failure.failure if isinstance(failure, TryAgain) else failure
        wait_s = getattr(error, "retry_after_s", None)
        # All threads and processes that share the budget wait, not only this request. A host
        # without the credential, such as one for downloads, has a limit of its own.
        if wait_s and answer.authenticated:
            self._waiting.hold_budget(wait_s)
        if answer.status != _UNAUTHORIZED or not answer.authenticated:
            return failure
        if trail.renewals == _MOST_RENEWALS:
            return failure
        # Another process may have renewed the key since this session read it.
        try:
            is_renewed = self._credentials.is_renewed(template)
        except FitglueError as unreadable:
            # The service itself says why it issues no other token, or that it does not work.
            if self._tokens is not None:
                return unreadable
            return _rejected_here(error, unreadable)
        if not is_renewed:
            return failure
        trail.renewals += 1
        # One attempt more than there were: an outage may have taken some before.
        attempts = self._retrying.statistics["attempt_number"] + 1
        return TryAgain(error, attempts, 0.0)


def _rejected_here(rejected: FitglueError, unreadable: FitglueError) -> FitglueError:
    """Return the error for a rejected key that this process cannot read again.

    The key may have been renewed in the meantime. The athlete has to see first that it was
    rejected, and not that reading it again failed.
    """
    return KeyUnavailable(
        rejected.code,
        rejected.what,
        at=rejected.at,
        why=f"{rejected.why}; it could not be read again, because {unreadable.what}",
        fix=rejected.fix,
    )


def _log(method: str, answer: HttpAnswer, seconds: float) -> None:
    log.debug(
        "%s %s: %d, %d bytes, %.0f ms",
        method,
        answer.url,
        answer.status,
        len(answer.wire),
        seconds * 1e3,
    )


def _was_deleted(
    wanted: Outgoing,
    answer: HttpAnswer,
    maybe_done: bool,
) -> bool:
    """Return whether an earlier attempt has deleted what is not there any more.

    Its response was lost, or came from a proxy that had not heard of it yet.
    """
    return maybe_done and wanted.method == "DELETE" and answer.status in _NOT_THERE

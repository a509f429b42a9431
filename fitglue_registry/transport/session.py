"""The authenticated HTTP session that a plugin is given: it waits for the budget, asks, retries,
and explains what failed.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.transport.addresses import address
from fitglue_registry.transport.credentials import Credentials
from fitglue_registry.transport.exchange import Exchange, is_expected
from fitglue_registry.transport.network_failures import NETWORK_ERRORS, NetworkFailures
from fitglue_registry.transport.status_failures import StatusFailures
from fitglue_registry.transport.tries import TWO_TRIES, TryAgain, retrying
from fitglue_registry.transport.waiting import Pace, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    import requests

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.transport.answer import HttpAnswer
    from fitglue_registry.transport.policy import HttpPolicy

log = logging.getLogger(__name__)


class HttpSession:
    """A ``plugin_api.Http`` for one connection; several threads may ask at once.

    ``secrets`` is asked late, and again after a 401. The redactor learns each secret.
    """

    def __init__(
        self,
        policy: HttpPolicy,
        *,
        secrets: Callable[[], Mapping[str, str]] = dict,
        pace: Pace | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        pace = pace or Pace()
        redactor = redactor or Redactor()
        self._policy = policy
        self._clock = pace.clock
        self._waiting = Waiting(policy, pace)
        self._credentials = Credentials(policy, secrets, redactor)
        self._exchange = Exchange(policy, self._credentials, self._waiting, redactor)
        self._network_failures = NetworkFailures(policy, redactor)
        self._status_failures = StatusFailures(policy, redactor)
        self._retrying = retrying(self._waiting.announce, self._waiting.sleep)

    @property
    def sent(self) -> int:
        """How many requests were sent, further tries and redirects included."""
        return self._exchange.sent

    @property
    def busy_until(self) -> float:
        """The monotonic moment until which silence is no sign of a block: a planned wait, a
        time-out not yet over.
        """
        return self._waiting.signs.busy_until

    def notice_silence(self) -> None:
        """Say so where a request has had no answer for a while; for whoever waits beside the thread
        that asked, again and again.
        """
        self._waiting.announce_silence()

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: Sequence[int] = (),
    ) -> HttpAnswer:
        """As ``plugin_api.Http.get`` says."""
        url = address(self._policy, path, params)
        try:
            return self._retrying(self._try, url, accept)
        except TryAgain as last:
            failure = last.failure
            tries = self._retrying.statistics["attempt_number"]
        finally:
            self._waiting.signs.done()
        # Raised out here so that it has no context: the exceptions of requests hold the headers,
        # and those the key.
        if tries > 1:
            failure.why = f"{failure.why}; asked {tries} times"
        raise failure

    def close(self) -> None:
        """Close the connections, and end the waits of other threads."""
        self._waiting.close()
        self._exchange.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _try(self, url: str, accept: Sequence[int]) -> HttpAnswer:
        began = time.perf_counter()
        failure: FitglueError | TryAgain
        try:
            request = self._credentials.request()
            answer = self._exchange.ask(request, url, accept)
        except NETWORK_ERRORS as error:
            failure = self._network_failures.explain(error, url)
        else:
            _log(answer, time.perf_counter() - began)
            if is_expected(answer.status, accept):
                return answer
            failure = self._refused(request, answer, url)
        # Raised out here so that it has no context, as above.
        raise failure

    def _refused(
        self,
        request: requests.PreparedRequest,
        answer: HttpAnswer,
        url: str,
    ) -> FitglueError | TryAgain:
        failure = self._status_failures.explain(answer, url, self._clock.now())
        explained = failure.failure if isinstance(failure, TryAgain) else failure
        wait_s = getattr(explained, "retry_after_s", None)
        if wait_s:  # other threads and processes need not be told the same
            self._waiting.hold_budget(wait_s)
        if answer.status == 401 and self._credentials.is_renewed(request):
            return TryAgain(explained, TWO_TRIES, 0.0)
        return failure


def _log(answer: HttpAnswer, seconds: float) -> None:
    log.debug(
        "GET %s: %d, %d bytes, %.0f ms",
        answer.url,
        answer.status,
        len(answer.wire),
        seconds * 1e3,
    )

"""The authenticated HTTP session that a plugin is given: it waits for the budget, asks, retries,
and explains what failed.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import requests
import tenacity
from requests.structures import CaseInsensitiveDict

from fitglue_registry.errors import ConnectionStopped, FitglueError, Place
from fitglue_registry.redaction.echo import Echo
from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.transport.adapter import BoundedAdapter
from fitglue_registry.transport.addresses import address, redirected, too_many_redirects
from fitglue_registry.transport.answer import HttpAnswer
from fitglue_registry.transport.auth import auth_header
from fitglue_registry.transport.body import decode, read_wire, read_words
from fitglue_registry.transport.budget import Budget, NoBudget
from fitglue_registry.transport.clock import SystemClock, WaitingClock
from fitglue_registry.transport.failures import NETWORK_ERRORS, Failures, TryAgain
from fitglue_registry.transport.policy import HttpPolicy, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

log = logging.getLogger(__name__)

_MOST_REDIRECTS = 3
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_TRIES_OF_A_RENEWED_KEY = 2
_NAP_S = 1.0  # a wait is cut into naps, so that ``close`` ends it
_WORTH_SAYING_S = 1.0  # shorter waits for the budget are part of the pace
_SILENCE_S = 10.0  # without an answer, until it is said, and said again
_BACKOFF = tenacity.wait_exponential_jitter(initial=1, max=30, jitter=1)


class HttpSession:
    """A ``plugin_api.Http`` for one connection; several threads may ask at once.

    ``secrets`` is asked late, and again after a 401. ``on_wait(seconds, reason)`` is called before
    each wait worth mentioning.
    """

    def __init__(
        self,
        policy: HttpPolicy,
        *,
        secrets: Callable[[], Mapping[str, str]] = dict,
        budget: Budget | None = None,
        clock: WaitingClock | None = None,
        on_wait: Callable[[float, str], None] | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._policy, self._secrets, self._on_wait = policy, secrets, on_wait
        self._clock: WaitingClock = clock or SystemClock()
        self._budget: Budget = budget or NoBudget(self._clock)
        self._redactor = redactor or Redactor()
        self._failures = Failures(policy, self._redactor)
        self._session = requests.Session()
        self._session.mount("http://", BoundedAdapter(policy.connections, policy.total_s))
        self._session.mount("https://", BoundedAdapter(policy.connections, policy.total_s))
        # Asked once: a proxy and a bundle of certificates from the environment count, a .netrc with
        # somebody's password does not.
        settings = self._session.merge_environment_settings(policy.base_url, {}, True, None, None)
        self._proxies = {} if policy.loopback else dict(settings["proxies"])
        self._verify: bool | str = settings["verify"] or True
        self._anonymous = self._prepare({})
        self._template: requests.PreparedRequest | None = None
        self._echo = Echo()
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TryAgain),
            stop=_stop,
            wait=_wait,
            before_sleep=self._announce,
            sleep=self._sleep,
            reraise=True,
        )
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._alive_until: dict[int, float] = {}
        self._asked: dict[int, _Asked] = {}
        self._last_sign_of_life = self._clock.monotonic()
        self.sent = 0  # requests, further tries and redirects included

    @property
    def busy_until(self) -> float:
        """The monotonic moment until which silence is no sign of a block: a planned wait, a
        time-out not yet over.
        """
        return max((self._last_sign_of_life, *tuple(self._alive_until.values())))

    @property
    def last_sign_of_life(self) -> float:
        """When a request or a wait last began or ended, monotonic."""
        return self._last_sign_of_life

    def notice_silence(self) -> None:
        """Say so where a request has had no answer for a while; for whoever waits beside the thread
        that asked, again and again.
        """
        now, policy = self._clock.monotonic(), self._policy
        for asked in tuple(self._asked.values()):
            if now - asked.noticed >= _SILENCE_S:
                asked.noticed = now
                silent = now - asked.at
                left = (policy.read_s if silent < policy.read_s else policy.total_s) - silent
                self._say(max(left, 0.0), f"{policy.host} has not answered for {silent:.0f} s")

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, accept: Sequence[int] = ()
    ) -> HttpAnswer:
        """As ``plugin_api.Http.get`` says."""
        url = address(self._policy, path, params)
        try:
            return self._retrying(self._try, url, accept)
        except TryAgain as last:
            failure, tries = last.failure, self._retrying.statistics["attempt_number"]
        finally:
            self._asked.pop(threading.get_ident(), None)
            self._alive_until.pop(threading.get_ident(), None)
            self._last_sign_of_life = self._clock.monotonic()
        # Raised out here so that it has no context: the exceptions of requests hold the headers,
        # and those the key.
        if tries > 1:
            failure.why = f"{failure.why}; asked {tries} times"
        raise failure

    def close(self) -> None:
        """Close the connections, and end the waits of other threads."""
        self._closed.set()
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _try(self, url: str, accept: Sequence[int]) -> HttpAnswer:
        began = time.perf_counter()
        failure: FitglueError | TryAgain
        try:
            template = self._authenticated()
            answer = self._exchange(template, url, accept)
        except NETWORK_ERRORS as error:
            failure = self._failures.of_network(error, url)
        else:
            log.debug(
                "GET %s: %d, %d bytes, %.0f ms",
                answer.url,
                answer.status,
                len(answer.wire),
                (time.perf_counter() - began) * 1e3,
            )
            if _is_expected(answer.status, accept):
                return answer
            failure = self._failures.of_status(
                answer.status, answer.headers, answer.body, url, self._clock.now()
            )
            if (
                answer.status == 401
                and isinstance(failure, FitglueError)
                and self._is_renewed(template)
            ):
                failure = TryAgain(failure, _TRIES_OF_A_RENEWED_KEY, 0.0)
            self._learn(failure)
        raise failure

    def _is_renewed(self, sent: requests.PreparedRequest) -> bool:
        """Whether the key was renewed since that request was prepared; what is asked from now on
        has the new one.
        """
        with self._lock:
            if self._template is sent:
                self._template = None
        try:
            return self._authenticated().headers != sent.headers
        except FitglueError:  # the rejected key is what the athlete has to hear of
            return False

    def _learn(self, failure: FitglueError | TryAgain) -> None:
        """Other threads and processes need not be told the same."""
        wait_s = getattr(
            failure.failure if isinstance(failure, TryAgain) else failure, "retry_after_s", None
        )
        if wait_s:
            self._budget.hold(wait_s)

    def _exchange(
        self, template: requests.PreparedRequest, url: str, accept: Sequence[int]
    ) -> HttpAnswer:
        """Ask, and follow where a redirect may lead; the key goes no further than the server it is
        for.
        """
        request = template.copy()
        for _ in range(_MOST_REDIRECTS + 1):
            self._wait_for_budget()
            request.url = url
            with self._lock:
                self.sent += 1
            self._touch(self._policy.connect_s + self._policy.total_s)
            self._asked[threading.get_ident()] = _Asked(self._clock.monotonic())
            # Straight to the adapter: ``Session.send`` would keep cookies, ask for .netrc, and read
            # a redirect's body unbounded.
            response = self._session.get_adapter(url).send(
                request,
                stream=True,
                timeout=(self._policy.connect_s, self._policy.read_s),
                verify=self._verify,
                proxies=self._proxies,
            )
            try:
                location = (
                    response.headers.get("location") if response.status_code in _REDIRECTS else None
                )
                if location is None:
                    return self._read(response, accept)
            finally:
                response.close()
            url = requests.utils.requote_uri(redirected(self._policy, url, location))
            if origin_of(url) != self._policy.origin:
                request = self._anonymous.copy()
        raise too_many_redirects(self._policy, _MOST_REDIRECTS)

    def _read(self, response: requests.Response, accept: Sequence[int]) -> HttpAnswer:
        status, coding = response.status_code, response.headers.get("content-encoding", "")
        if _is_expected(status, accept):
            wire = read_wire(response.raw, self._policy.max_body)
            body, wire, encoding = decode(wire, coding, self._policy.max_body)
            blotted = self._echo.blot(body)
            if blotted is not body:
                body, wire, encoding = blotted, blotted, "identity"
        else:  # its first words are enough, and no fault in them hides the status
            body, wire, encoding = read_words(response.raw, coding), b"", "identity"
        headers = CaseInsensitiveDict(response.headers)
        for name, value in response.headers.items():
            headers[name] = self._echo.blot_text(value)
        return HttpAnswer(
            status,
            self._redactor.text(response.url or ""),
            headers,
            body,
            wire,
            encoding,
            self._redactor.text,
        )

    def _authenticated(self) -> requests.PreparedRequest:
        """A request with every header, prepared once."""
        template = self._template
        if template is None:
            with self._lock:
                secrets = self._secrets()
                headers = auth_header(self._policy.auth, secrets)
                self._redactor.add((*secrets.values(), *headers.values()))
                self._echo = Echo(
                    (*secrets.values(), *(value.rpartition(" ")[2] for value in headers.values()))
                )
                template = self._template = self._prepare(headers)
        return template

    def _prepare(self, headers: Mapping[str, str]) -> requests.PreparedRequest:
        fixed = {"User-Agent": self._policy.user_agent, "Accept": "*/*", "Accept-Encoding": "gzip"}
        return requests.Request(
            "GET", self._policy.base_url, headers=fixed | dict(headers)
        ).prepare()

    def _wait_for_budget(self) -> None:
        while (wait_s := self._budget.acquire()) > 0:
            if wait_s > self._policy.longest_wait_s:
                raise self._failures.over_budget(wait_s)
            if wait_s >= _WORTH_SAYING_S:
                self._say(wait_s, f"the request limit of {self._policy.host}")
            self._sleep(wait_s)

    def _announce(self, state: tenacity.RetryCallState) -> None:
        if state.next_action:
            self._say(state.next_action.sleep, _failed(state).failure.what)

    def _say(self, seconds: float, reason: str) -> None:
        if not seconds:
            return
        log.info("waiting %.1f s: %s", seconds, reason)
        if self._on_wait:
            self._on_wait(seconds, reason)

    def _sleep(self, seconds: float) -> None:
        self._asked.pop(threading.get_ident(), None)  # this wait is announced
        self._touch(seconds + self._policy.read_s)
        left = seconds
        while left > 0:
            if self._closed.is_set():
                raise ConnectionStopped(
                    "FG-session-closed",
                    f"the session with {self._policy.host} was closed while it waited",
                    at=Place(url=self._policy.base_url),
                    why="whoever opened it is done or was interrupted",
                    fix="run the command again; it goes on where it stopped",
                )
            nap = min(left, _NAP_S)
            self._clock.sleep(nap)
            left -= nap

    def _touch(self, for_s: float) -> None:
        """Show that this thread is at work, and may be silent for so long."""
        now = self._clock.monotonic()
        self._last_sign_of_life = now
        self._alive_until[threading.get_ident()] = now + for_s


class _Asked:
    """A request without an answer, and when that was last remarked on."""

    def __init__(self, at: float) -> None:
        self.at = self.noticed = at


def _is_expected(status: int, accept: Sequence[int]) -> bool:
    return 200 <= status < 300 or status in accept


def _failed(state: tenacity.RetryCallState) -> TryAgain:
    failure = state.outcome.exception() if state.outcome else None
    assert isinstance(failure, TryAgain)  # tenacity asks about nothing else
    return failure


def _stop(state: tenacity.RetryCallState) -> bool:
    return state.attempt_number >= _failed(state).tries


def _wait(state: tenacity.RetryCallState) -> float:
    asked_for = _failed(state).wait_s
    return _BACKOFF(state) if asked_for is None else asked_for

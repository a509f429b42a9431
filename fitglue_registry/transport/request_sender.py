"""Sends one request, follows allowed redirects, and reads the response up to its maximum size."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import requests
from requests.structures import CaseInsensitiveDict

from fitglue_registry.plugins.call_usage import current_usage
from fitglue_registry.transport.adapter import BoundedAdapter, ResponseLimits
from fitglue_registry.transport.addresses import (
    ambiguous_redirect,
    redirect_target,
    shown_url,
    too_many_redirects,
)
from fitglue_registry.transport.answer import HttpAnswer
from fitglue_registry.transport.body import Content, decode, read_beginning, read_wire
from fitglue_registry.transport.library_logs import query_hidden
from fitglue_registry.transport.never_sent import was_never_sent
from fitglue_registry.transport.origin import origin_of
from fitglue_registry.transport.request_body import rewind_body
from fitglue_registry.transport.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.plugins.call_usage import CallUsage
    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.credentials import Credentials
    from fitglue_registry.transport.policy import HttpPolicy
    from fitglue_registry.transport.waiting import Waiting

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
#: Redirects that clients follow with GET or with the same method, each as it likes.
_AMBIGUOUS = (301, 302)
_SEE_OTHER = 303
#: Headers that describe a body, in lower case.
_OF_THE_BODY = ("content-length", "content-type", "content-encoding")
#: Headers that are also sent to a host that must not get the credential. A plugin may have put
#: anything into the others.
_HARMLESS = (*_OF_THE_BODY, "accept", "accept-language", "idempotency-key")


class RequestSender:
    """The sender of one session's requests.

    A redirect takes the credential along only to hosts that the entry trusts with it.

    Args:
        policy: The policy of the session.
        credentials: The headers of its requests.
        waiting: Waits for the budget, and notes that the session is working.
        redactor: Removes secrets from URLs and errors.
    """

    def __init__(
        self,
        policy: HttpPolicy,
        credentials: Credentials,
        waiting: Waiting,
        redactor: Redactor,
    ) -> None:
        self._policy = policy
        self._credentials = credentials
        self._waiting = waiting
        self._redactor = redactor
        self._lock = threading.Lock()
        self._session = requests.Session()
        limits = ResponseLimits(policy.total_s, policy.max_body)
        for scheme in ("http://", "https://"):
            adapter = BoundedAdapter(policy.connections, limits, policy.rules)
            self._session.mount(scheme, adapter)
        # Read once per session. The proxies and certificate bundles of the environment are used. A
        # .netrc file is not, because its password is not meant for this program.
        settings = self._session.merge_environment_settings(policy.base_url, {}, True, None, None)
        self._proxies = {} if policy.loopback else dict(settings["proxies"])
        self._verify: bool | str = settings["verify"] or True
        self._newest_call: CallUsage | None = None
        self.sent = 0  # number of requests, including retries and redirects

    def ask(
        self,
        template: requests.PreparedRequest,
        url: str,
        accept: Sequence[int],
        trail: Trail | None = None,
    ) -> HttpAnswer:
        """Send one request and return the response after allowed redirects.

        Args:
            template: The request with its method, headers and body.
            url: The URL.
            accept: Statuses other than 2xx whose body is read completely. A redirect whose status
                is among them is not followed.
            trail: Learns what was sent and whether it may have been carried out.

        Raises:
            ConnectionStopped: FG-redirect-refused or FG-address-refused.
            Retryable: FG-rate-limited if the budget grants no request in time.
            Exception: One of ``network_failures.NETWORK_ERRORS``.
        """
        request = template.copy()
        trail = trail or Trail()
        authenticated = origin_of(url) in self._policy.credential_origins
        for followed in range(self._policy.most_redirects + 1):
            request.url = url
            response = self._send(request, url, trail)
            try:
                location = _location(response, accept)
                if location is None:
                    return self._read(response, accept, authenticated=authenticated)
            finally:
                response.close()
            url = redirect_target(self._policy, url, location)
            if followed == self._policy.most_redirects:
                break
            request = self._redirected(request, response.status_code)
            # An allowed host, such as one for downloads, must still not see the key. The request
            # stays anonymous even if that host redirects back.
            authenticated &= origin_of(url) in self._policy.credential_origins
            if not authenticated:
                request = self._anonymous(request)
        raise too_many_redirects(self._policy)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _send(
        self,
        request: requests.PreparedRequest,
        url: str,
        trail: Trail,
    ) -> requests.Response:
        usage = self._usage()
        if usage is not None:
            usage.count_request()
        policy = self._policy
        self._waiting.for_budget(policy.longest_wait_s)
        with self._lock:
            self.sent += 1
        # Sending a body and receiving the response may each take the total time.
        longest_s = policy.total_s if request.body is None else 2 * policy.total_s
        self._waiting.signs.request_sent(policy.connect_s + longest_s)
        trail.sending(str(request.method), url)
        # Called directly, because ``Session.send`` would keep cookies and read the body of a
        # redirect without a size limit.
        adapter = self._session.get_adapter(url)
        try:
            is_foreign = origin_of(url) != policy.origin
            with query_hidden(hidden=is_foreign, path=policy.auth.is_webhook):
                response = adapter.send(
                    request,
                    stream=True,
                    timeout=(policy.connect_s, policy.read_s),
                    verify=self._verify,
                    proxies=self._proxies,
                )
        except Exception as error:
            if was_never_sent(error):
                trail.never_sent()
            raise
        trail.answered(response.status_code)
        return response

    def _redirected(
        self, request: requests.PreparedRequest, status: int
    ) -> requests.PreparedRequest:
        """Return the request that follows a redirect, with the same headers."""
        if request.method == "GET":
            return request
        if status in _AMBIGUOUS:
            raise ambiguous_redirect(self._policy, str(request.method), status)
        if status != _SEE_OTHER:
            rewind_body(request)
            return request
        following = request.copy()
        following.method = "GET"
        following.body = None
        for name in (*_OF_THE_BODY, "idempotency-key"):
            following.headers.pop(name, None)
        return following

    def _anonymous(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return a request without the credential and without other headers of the plugin."""
        anonymous = self._credentials.anonymous_request()
        anonymous.method = request.method
        anonymous.body = request.body
        for name, value in request.headers.items():
            if name.lower() in _HARMLESS:
                anonymous.headers[name] = value
        return anonymous

    def _read(
        self,
        response: requests.Response,
        accept: Sequence[int],
        *,
        authenticated: bool,
    ) -> HttpAnswer:
        coding = response.headers.get("content-encoding", "")
        if is_expected(response.status_code, accept):
            received = read_wire(response.raw, self._policy.max_body)
            content = self._masked(decode(received, coding, self._policy.max_body))
            usage = self._usage()
            if usage is not None:
                usage.count_bytes(len(content.body))
        else:  # the beginning contains the message, and a broken body must not hide the status
            content = Content(body=read_beginning(response.raw, coding), wire=b"")
        return HttpAnswer(
            status=response.status_code,
            url=self._redactor.text(shown_url(self._policy, response.url or "")),
            headers=self._masked_headers(response.headers),
            body=content.body,
            wire=content.wire,
            wire_encoding=content.wire_encoding,
            redact=self._redactor.text,
            rules=self._policy.rules,
            authenticated=authenticated,
        )

    def _usage(self) -> CallUsage | None:
        """Return the usage of the call that this thread works for.

        A thread that a plugin has started itself is unknown, and counts for the newest call.
        """
        known = current_usage()
        if known is not None:
            self._newest_call = known
        return self._newest_call

    def _masked(self, content: Content) -> Content:
        """Return the content without the key.

        If the body contains the key, the masked body also replaces the bytes that are kept.
        """
        body = self._credentials.echo.mask(content.body)
        if body is content.body:
            return content
        return Content(body, wire=body)

    def _masked_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers without the key."""
        masked = CaseInsensitiveDict(headers)
        for name, value in headers.items():
            masked[name] = self._credentials.echo.mask_text(value)
        return masked


def is_expected(status: int, accept: Sequence[int]) -> bool:
    """Return whether a status is 2xx or one that the caller accepts."""
    return 200 <= status < 300 or status in accept


def _location(response: requests.Response, accept: Sequence[int]) -> str | None:
    """Return the target of a redirect to follow, or ``None`` if there is none."""
    if response.status_code not in _REDIRECTS or response.status_code in accept:
        return None
    location: str | None = response.headers.get("location")
    return location

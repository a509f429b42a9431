"""One request and its answer: sent, redirected where that is allowed, and read within bounds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import requests
from requests.structures import CaseInsensitiveDict

from fitglue_registry.transport.adapter import BoundedAdapter
from fitglue_registry.transport.addresses import redirected, too_many_redirects
from fitglue_registry.transport.answer import HttpAnswer
from fitglue_registry.transport.body import Content, decode, read_wire, read_words
from fitglue_registry.transport.origin import origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.credentials import Credentials
    from fitglue_registry.transport.policy import HttpPolicy
    from fitglue_registry.transport.waiting import Waiting

_MOST_REDIRECTS = 3
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class Exchange:
    """Sends the requests of one session; the key goes no further than the server it is for."""

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
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, BoundedAdapter(policy.connections, policy.total_s))
        # Asked once: a proxy and a bundle of certificates from the environment count, a .netrc with
        # somebody's password does not.
        settings = self._session.merge_environment_settings(policy.base_url, {}, True, None, None)
        self._proxies = {} if policy.loopback else dict(settings["proxies"])
        self._verify: bool | str = settings["verify"] or True
        self.sent = 0  # requests, further tries and redirects included

    def ask(
        self,
        template: requests.PreparedRequest,
        url: str,
        accept: Sequence[int],
    ) -> HttpAnswer:
        """Ask, and follow where a redirect may lead."""
        request = template.copy()
        for _ in range(_MOST_REDIRECTS + 1):
            request.url = url
            response = self._send(request, url)
            try:
                location = _location(response)
                if location is None:
                    return self._read(response, accept)
            finally:
                response.close()
            url = requests.utils.requote_uri(redirected(self._policy, url, location))
            if origin_of(url) != self._policy.origin:
                request = self._credentials.anonymous_request()
        raise too_many_redirects(self._policy, _MOST_REDIRECTS)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _send(self, request: requests.PreparedRequest, url: str) -> requests.Response:
        self._waiting.for_budget()
        with self._lock:
            self.sent += 1
        self._waiting.signs.asking(self._policy.connect_s + self._policy.total_s)
        # Straight to the adapter: ``Session.send`` would keep cookies, ask for .netrc, and read a
        # redirect's body unbounded.
        return self._session.get_adapter(url).send(
            request,
            stream=True,
            timeout=(self._policy.connect_s, self._policy.read_s),
            verify=self._verify,
            proxies=self._proxies,
        )

    def _read(self, response: requests.Response, accept: Sequence[int]) -> HttpAnswer:
        coding = response.headers.get("content-encoding", "")
        if is_expected(response.status_code, accept):
            received = read_wire(response.raw, self._policy.max_body)
            content = self._blotted(decode(received, coding, self._policy.max_body))
        else:  # its first words are enough, and no fault in them hides the status
            content = Content(body=read_words(response.raw, coding), wire=b"")
        return HttpAnswer(
            status=response.status_code,
            url=self._redactor.text(response.url or ""),
            headers=self._without_key(response.headers),
            body=content.body,
            wire=content.wire,
            wire_encoding=content.wire_encoding,
            redact=self._redactor.text,
        )

    def _blotted(self, content: Content) -> Content:
        """Return the same content where the key is not in it; else its body is also its wire."""
        body = self._credentials.echo.mask(content.body)
        if body is content.body:
            return content
        return Content(body, wire=body)

    def _without_key(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        blotted = CaseInsensitiveDict(headers)
        for name, value in headers.items():
            blotted[name] = self._credentials.echo.mask_text(value)
        return blotted


def is_expected(status: int, accept: Sequence[int]) -> bool:
    """Whether a status needs no explanation: every 2xx, and those that the caller accepts."""
    return 200 <= status < 300 or status in accept


def _location(response: requests.Response) -> str | None:
    if response.status_code not in _REDIRECTS:
        return None
    location: str | None = response.headers.get("location")
    return location

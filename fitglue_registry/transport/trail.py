"""The requests for one purpose, and whether the service may have carried out what was asked."""

from __future__ import annotations

from dataclasses import dataclass

#: Methods that change nothing at the service (RFC 9110, 9.2.1).
_SAFE = frozenset(("GET", "HEAD"))
#: Redirects whose request has to be sent to another address, because nothing was done here.
_ELSEWHERE = (307, 308)


@dataclass(slots=True)
class Trail:
    """The requests of an attempt, which follows redirects, or of several attempts.

    Attributes:
        url: The URL of the latest request.
        method: Its method.
        maybe_done: Whether the service may have carried out a request that changes something.
        renewals: How often the key was renewed after the service had rejected it.
    """

    url: str = ""
    method: str = "GET"
    maybe_done: bool = False
    renewals: int = 0
    _before: bool = False

    def sending(self, method: str, url: str) -> None:
        """Note that a request is sent now."""
        self.url = url
        self.method = method
        self._before = self.maybe_done
        self.maybe_done = self.maybe_done or method not in _SAFE

    def never_sent(self) -> None:
        """Note that no byte of the latest request can have reached the service."""
        self.maybe_done = self._before

    def answered(self, status: int) -> None:
        """Note the status of the response to the latest request.

        A redirect to another address, and every status that blames the request, among them 401 and
        429, says that the request was not carried out (RFC 9110, 15.4.8 and 15.5).
        """
        if status in _ELSEWHERE or 400 <= status < 500:
            self.refused()

    def refused(self) -> None:
        """Note that the service has not carried out the latest request."""
        self.maybe_done = self._before

"""The headers of one connection's requests, prepared once and again when its key was renewed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import requests

from fitglue_registry.errors import FitglueError
from fitglue_registry.redaction.echo import EchoMask
from fitglue_registry.transport.auth import auth_header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.transport.policy import HttpPolicy


class Credentials:
    """Knows the key of one connection; ``secrets`` is asked late, and again after a 401."""

    def __init__(
        self,
        policy: HttpPolicy,
        secrets: Callable[[], Mapping[str, str]],
        redactor: Redactor,
    ) -> None:
        self._policy = policy
        self._secrets = secrets
        self._redactor = redactor
        self._lock = threading.Lock()
        self._template: requests.PreparedRequest | None = None
        self._anonymous = self._prepare({})
        self.echo = EchoMask()
        """Masks the key in responses."""

    def request(self) -> requests.PreparedRequest:
        """Return a request with every header, prepared once; copy it before its URL is set."""
        template = self._template
        if template is not None:
            return template
        with self._lock:
            secrets = self._secrets()
            headers = auth_header(self._policy.auth, secrets)
            self._redactor.add((*secrets.values(), *headers.values()))
            # "Basic abc" holds the secret abc.
            sent = [value.rpartition(" ")[2] for value in headers.values()]
            self.echo = EchoMask((*secrets.values(), *sent))
            self._template = self._prepare(headers)
            return self._template

    def anonymous_request(self) -> requests.PreparedRequest:
        """Return a copy of a request that says for nobody that it is."""
        return self._anonymous.copy()

    def is_renewed(self, sent: requests.PreparedRequest) -> bool:
        """Whether the key was renewed since that request was prepared; what is asked from now on
        has the new one.
        """
        with self._lock:
            if self._template is sent:
                self._template = None
        try:
            return self.request().headers != sent.headers
        except FitglueError:  # the rejected key is what the athlete has to hear of
            return False

    def _prepare(self, headers: Mapping[str, str]) -> requests.PreparedRequest:
        every_header = {
            "User-Agent": self._policy.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            **headers,
        }
        return requests.Request("GET", self._policy.base_url, headers=every_header).prepare()

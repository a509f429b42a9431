"""The ``http`` block of an entry: the addresses of a service, authentication, and limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from fitglue_registry.registry.auth import Auth


class Budget(Struct, frozen=True, forbid_unknown_fields=True):
    """A rate limit.

    Attributes:
        requests: Number of requests that are allowed in ``per_s`` seconds.
        per_s: Length of the period in seconds.
        scope: What shares the limit: all requests of this IP address, of this app, or of one
            account.
        burst: Number of requests that may be sent at once; ``None`` means ``requests``.
        window: Whether any period of ``per_s`` seconds counts (``sliding``), or only those that
            begin at multiples of ``per_s`` after midnight UTC (``clock``).
    """

    requests: int
    per_s: float
    scope: Literal["ip", "app", "account"] = "account"
    burst: int | None = None
    window: Literal["sliding", "clock"] = "sliding"


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True):
    """Timeouts in seconds, for connecting and for each wait for bytes of a response."""

    connect_s: float = 5.0
    read_s: float = 30.0


class AllowedHost(Struct, frozen=True, forbid_unknown_fields=True):
    """A further host that requests may go to, such as one for downloads.

    Attributes:
        host: Host name, with ``:port`` unless it is the usual port of https.
        credential: Whether requests to it are authenticated.
    """

    host: str
    credential: bool


#: An entry that states no budget gets a cautious one, because its author may not know the limit.
_DEFAULT_BUDGET = (Budget(requests=1, per_s=1.0, burst=5),)


class Http(Struct, frozen=True, forbid_unknown_fields=True):
    """How a service may be accessed; the transport enforces it for every request.

    Attributes:
        base_url: Address that every request starts with; empty for the scheme ``webhook``.
        hosts: Hosts that requests and redirects may go to, in addition to that of ``base_url``.
        formerly: Origins at which the service was before. A secret that was proven there may be
            sent to ``base_url``.
        auth: Authentication of the requests.
        headers: Headers of every request, such as a version of the API; never a secret.
        budget: Rate limits, all of which hold.
        timeouts: Timeouts of a request.
        user_agent: Value of the header User-Agent; ``{version}`` is replaced by the host's version.
        connections: Number of simultaneous connections.
        max_body_mb: Size of the largest response that is read, in megabytes.
        retries: Number of times that a failed request is repeated.
    """

    base_url: str = ""
    hosts: tuple[AllowedHost, ...] = ()
    formerly: tuple[str, ...] = ()
    auth: Auth = Auth()
    headers: Mapping[str, str] = field(default_factory=dict)
    budget: tuple[Budget, ...] = _DEFAULT_BUDGET
    timeouts: Timeouts = Timeouts()
    user_agent: str = "fitglue-registry/{version}"
    connections: int = 2
    max_body_mb: int = 64
    retries: int = 4

    @property
    def host(self) -> str:
        """Host name in ``base_url``, in lower case."""
        # The schema has checked the form of base_url, so a pattern is enough to find its host.
        return re.sub(r"^https?://([^/:]*).*", r"\1", self.base_url).lower()

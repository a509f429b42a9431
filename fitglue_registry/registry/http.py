"""What an entry says about HTTP: the address of the service, and how it may be asked."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct


class Auth(Struct, frozen=True, forbid_unknown_fields=True):
    """How a request proves who it is for; ``secret`` names the credential, ``username`` and
    ``header`` are literal.
    """

    scheme: Literal["none", "basic", "bearer", "header"] = "none"
    username: str = ""
    secret: str | None = None
    header: str | None = None


class Budget(Struct, frozen=True, forbid_unknown_fields=True):
    """At most ``requests`` in ``per_s`` seconds, counted for all that share the ``scope``;
    ``burst`` at once (none said: as many).
    """

    requests: int
    per_s: float
    scope: Literal["ip", "app", "account"] = "account"
    burst: int | None = None


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds until a silent server counts as absent."""

    connect_s: float = 5.0
    read_s: float = 30.0


_DEFAULT_BUDGET = (Budget(requests=1, per_s=1.0, burst=5),)


class Http(Struct, frozen=True, forbid_unknown_fields=True):
    """How the service may be asked; the transport holds every request to it.

    ``{version}`` in ``user_agent`` is the host's.
    """

    base_url: str
    allowed_hosts: tuple[str, ...] = ()
    auth: Auth = Auth()
    budget: tuple[Budget, ...] = _DEFAULT_BUDGET
    timeouts: Timeouts = Timeouts()
    user_agent: str = "fitglue-registry/{version}"
    connections: int = 2
    max_body_mb: int = 64
    retries: int = 4

    @property
    def host(self) -> str:
        """The host of ``base_url``."""
        return re.sub(r"^https?://([^/:]*).*", r"\1", self.base_url).lower()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that may be asked: ``allowed_hosts``, or the one of ``base_url`` where the
        entry does not say.
        """
        return self.allowed_hosts or (self.host,)

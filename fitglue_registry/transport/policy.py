"""What an entry's ``http`` block allows, checked: where requests may go, as whom, how often, how
long and how large.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fitglue_registry._version import __version__
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.registry import Auth, Budget
from fitglue_registry.transport.origin import Origin, is_loopback, origin_of, split_url

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from fitglue_registry.registry import Http

NO_AUTH = Auth()

_MB = 1_000_000


@dataclass(frozen=True)
class HttpPolicy:
    """Everything a session is held to.

    ``base_url`` has no slash at its end. Raises ``UserMistake`` (FG-base-url-refused) for a base
    URL that no key may be sent to.
    """

    base_url: str
    # Beside the one of ``base_url``; with ``:port`` where it is not the scheme's own.
    allowed_hosts: tuple[str, ...] = ()
    auth: Auth = NO_AUTH
    limits: tuple[Budget, ...] = ()
    connect_s: float = 5.0
    read_s: float = 30.0  # of silence
    total_s: float = 300.0  # for one whole answer, however steadily it drips
    user_agent: str = f"fitglue-registry/{__version__}"
    connections: int = 2
    max_body: int = 64 * _MB  # bytes, on the wire and decoded
    retries: int = 4  # further tries after the first
    longest_wait_s: float = 120.0  # a source that asks for more is left alone until a later sync

    def __post_init__(self) -> None:
        split = split_url(self.base_url)
        why = _why_refused(split)
        if why is None:
            return
        shown = "the base URL"
        if split is not None and split.hostname:
            shown = f"{split.scheme}://{split.hostname}"
        raise UserMistake(
            "FG-base-url-refused",
            f"{shown} cannot be asked",
            at=Place(field="base_url"),
            why=why,
            fix="use an https address, or http on 127.0.0.1 for a stand-in",
        )

    @cached_property
    def origin(self) -> Origin:
        """Where the key may be shown."""
        origin = origin_of(self.base_url)
        assert origin is not None  # held by __post_init__
        return origin

    @cached_property
    def origins(self) -> frozenset[Origin]:
        """Where a redirect may lead."""
        allowed = {self.origin}
        for host in self.allowed_hosts:
            origin = origin_of(f"{self.origin.scheme}://{host}")
            if origin is not None:
                allowed.add(origin)
        return frozenset(allowed)

    @property
    def host(self) -> str:
        """The host that is asked, as an error names it."""
        return self.origin.host

    @property
    def loopback(self) -> bool:
        """Whether the base URL is this machine: no proxy, and no budget but what its answers
        state.
        """
        return is_loopback(self.host)


def policy_from_entry(http: Http, base_url: str | None = None) -> HttpPolicy:
    """Return the policy of an entry's ``http`` block; ``base_url`` puts another server in its
    place, which is then the only one allowed.

    Raises ``UserMistake`` (FG-base-url-refused) unless that server is https, or http on loopback.
    """
    chosen = base_url or http.base_url
    return HttpPolicy(
        base_url=chosen.strip().rstrip("/"),
        allowed_hosts=() if base_url else http.hosts,
        auth=http.auth,
        limits=http.budget,
        connect_s=http.timeouts.connect_s,
        read_s=http.timeouts.read_s,
        user_agent=http.user_agent.replace("{version}", __version__),
        connections=http.connections,
        max_body=http.max_body_mb * _MB,
        retries=http.retries,
    )


def _why_refused(split: SplitResult | None) -> str | None:
    """Return why no key may be sent to a base URL, ``None`` where it may."""
    if split is None or not split.hostname:
        return "it is no http or https address"
    if split.scheme not in ("http", "https"):
        return "it is no http or https address"
    if split.username is not None or split.query or split.fragment:
        return "it must be scheme, host, port and path alone; a key never belongs into an address"
    if split.scheme == "http" and not is_loopback(split.hostname):
        return "http is allowed to this machine alone, since the key would travel in clear"
    return None

"""What an entry's ``http`` block allows, checked: where requests may go, as whom, how often, how
long and how large.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from fitglue_registry._version import __version__
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.registry import Auth, Budget

if TYPE_CHECKING:
    from fitglue_registry.registry import Http

#: Scheme, host and port: what two addresses share when a key for one may be shown to the other.
Origin = tuple[str, str, int]

NO_AUTH = Auth()

_PORTS = {"http": 80, "https": 443}
_MB = 1_000_000


@dataclass(frozen=True)
class HttpPolicy:
    """Everything a session is held to.

    Raises ``UserMistake`` (FG-base-url-refused) for a base URL no key may be sent to.
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
        object.__setattr__(self, "base_url", self.base_url.strip().rstrip("/"))
        split = _split(self.base_url)
        why = None
        if split is None or not split.hostname or split.scheme not in _PORTS:
            why = "it is no http or https address"
        elif split.username is not None or split.query or split.fragment:
            why = (
                "it must be scheme, host, port and path alone; a key never belongs into an address"
            )
        elif split.scheme == "http" and not is_loopback(split.hostname):
            why = "http is allowed to this machine alone, since the key would travel in clear"
        if why:
            shown = (
                f"{split.scheme}://{split.hostname}" if split and split.hostname else "the base URL"
            )
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
        scheme = self.origin[0]
        others = (origin_of(f"{scheme}://{host}") for host in self.allowed_hosts)
        return frozenset((self.origin, *(origin for origin in others if origin)))

    @property
    def host(self) -> str:
        """The host that is asked, as an error names it."""
        return self.origin[1]

    @property
    def loopback(self) -> bool:
        """Whether the base URL is this machine: no proxy, and no budget but what its answers
        state.
        """
        return is_loopback(self.host)


def policy_from_entry(http: Http, base_url: str | None = None) -> HttpPolicy:
    """The policy of an entry's ``http`` block; ``base_url`` puts another server in its place, which
    is then the only one allowed.

    Raises ``UserMistake`` (FG-base-url-refused) unless that server is https, or http on loopback.
    """
    return HttpPolicy(
        base_url or http.base_url,
        () if base_url else http.hosts,
        http.auth,
        http.budget,
        connect_s=http.timeouts.connect_s,
        read_s=http.timeouts.read_s,
        user_agent=http.user_agent.replace("{version}", __version__),
        connections=http.connections,
        max_body=http.max_body_mb * _MB,
        retries=http.retries,
    )


def origin_of(url: str) -> Origin | None:
    """Scheme, host and port of an address, or ``None`` where it is not one that can be asked."""
    split = _split(url)
    if split is None or not split.hostname or split.scheme not in _PORTS:
        return None
    return split.scheme, split.hostname.rstrip("."), split.port or _PORTS[split.scheme]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name; no resolver is asked, which could be lied
    to.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(url: str) -> SplitResult | None:
    try:
        split = urlsplit(url)
        _ = split.port  # a port out of range is only found when it is asked for
    except ValueError:
        return None
    return split

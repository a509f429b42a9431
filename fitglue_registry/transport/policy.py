"""The checked values of an entry's ``http`` block: hosts, authentication, limits, time-outs and
sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from fitglue_registry._version import __version__
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.policy import Policy
from fitglue_registry.registry import AllowedHost, Auth, Budget
from fitglue_registry.transport.origin import Origin, is_loopback, origin_of, split_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from fitglue_registry.registry import Http

NO_AUTH = Auth()

NO_HOST = "its host is neither a name nor an IP address that can be requested"
"""Why a base URL is refused whose host no request can have."""
_LONGEST_LABEL = 63
_LONGEST_HOST = 253
_PERSONAL = Policy.personal()

_MB = 1_000_000


@dataclass(frozen=True)
class HttpPolicy:
    """The rules that every request of a session follows.

    Raises:
        UserMistake: FG-base-url-refused if no key may be sent to the base URL.
    """

    base_url: str  # without a slash at its end
    # Hosts in addition to that of ``base_url``, and whether they get the credential.
    hosts: tuple[AllowedHost, ...] = ()
    auth: Auth = NO_AUTH
    headers: Mapping[str, str] = field(default_factory=dict)  # headers of every request
    limits: tuple[Budget, ...] = ()  # all of them hold
    connect_s: float = 5.0  # longest time to connect
    read_s: float = 30.0  # longest time without a byte
    total_s: float = 300.0  # longest time for a complete response
    user_agent: str = f"fitglue-registry/{__version__}"
    connections: int = 2  # connections at the same time
    max_body: int = 64 * _MB  # bytes, as received and decoded
    retries: int = 4  # further attempts after the first
    most_redirects: int = 3  # redirects of one request, in a row
    # The longest wait within a sync. If the service asks for more, the sync of the connection ends.
    longest_wait_s: float = 120.0
    rules: Policy = _PERSONAL  # the policy of the host
    # Which of the further hosts a stand-in on this machine plays, and its address.
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    # Origins of the entry that requests may not go to, because its base URL is replaced.
    left_out: frozenset[Origin] = frozenset()

    def __post_init__(self) -> None:
        split = split_url(self.base_url)
        why = _why_refused(split)
        if why is not None:
            raise self.refused(why)

    def refused(self, why: str) -> UserMistake:
        """Return the error for a base URL that is not allowed."""
        split = split_url(self.base_url)
        # Only scheme and host are shown, because a mistyped base URL may contain a key.
        shown = "the given text"
        if split is not None and split.hostname:
            shown = f"{split.scheme}://{split.hostname}"
        return UserMistake(
            "FG-base-url-refused",
            f"{shown} is not allowed as a base URL",
            at=Place(field="base_url"),
            why=why,
            fix="use an https address, or http on 127.0.0.1 for a stand-in",
        )

    @cached_property
    def origin(self) -> Origin:
        """The origin of the base URL, which the credential is bound to."""
        origin = origin_of(self.base_url)
        assert origin is not None  # checked by __post_init__
        return origin

    @cached_property
    def origins(self) -> frozenset[Origin]:
        """The origins that a request may go to.

        They have the scheme of the base URL, or are those of stand-ins.
        """
        return frozenset((self.origin, *map(self._origin_of, self.hosts)))

    @cached_property
    def credential_origins(self) -> frozenset[Origin]:
        """Those of the origins that the credential may be sent to."""
        trusted = [further for further in self.hosts if further.credential]
        return frozenset((self.origin, *map(self._origin_of, trusted)))

    @cached_property
    def played(self) -> Mapping[Origin | None, str]:
        """The origins that stand-ins play, as the service writes them, and who plays each."""
        stand_ins = self.stand_ins.items()
        return {origin_of(f"https://{host}"): address for host, address in stand_ins}

    def _origin_of(self, further: AllowedHost) -> Origin:
        # The schema has checked the host. If it is malformed, no request has this origin.
        url = self.stand_ins.get(further.host) or f"{self.origin.scheme}://{further.host}"
        return origin_of(url) or Origin("", further.host, 0)

    @property
    def host(self) -> str:
        """The host of the base URL, for errors."""
        return self.origin.host

    @property
    def loopback(self) -> bool:
        """Whether the base URL is on this machine. Its requests use no proxy."""
        return is_loopback(self.host)

    @property
    def counted(self) -> bool:
        """Whether requests count against the limits; a server on this machine has no budget."""
        return bool(self.limits) and (not self.loopback or self.rules.budget_on_loopback)

    @property
    def pace_s(self) -> float:
        """The seconds between two of many requests that the limits demand; 0 without limits."""
        if not self.counted:
            return 0.0
        return max(limit.per_s / limit.requests for limit in self.limits)


def policy_from_entry(
    http: Http,
    base_url: str | None = None,
    rules: Policy = _PERSONAL,
) -> HttpPolicy:
    """Return the policy of an entry's ``http`` block.

    Args:
        http: The block.
        base_url: Another server to use instead of the entry's, such as a stand-in.
        rules: The policy of the host.

    Raises:
        UserMistake: FG-base-url-refused unless the server uses https, or http on this machine.
    """
    chosen = base_url or http.base_url
    # The hosts of the entry belong to its own server, so a replacement may not lead to them.
    origin = origin_of(chosen.strip())
    is_own = origin == origin_of(http.base_url)
    hosts = http.hosts if is_own else ()
    stand_ins: dict[str, str] = {}
    # A stand-in may lead to the stand-ins of a test, which are on this machine as well.
    if origin is not None and not is_own and is_loopback(origin.host):
        hosts = tuple(further for further in http.hosts if further.host in rules.stand_ins)
        stand_ins = {further.host: rules.stand_ins[further.host] for further in hosts}
    return HttpPolicy(
        base_url=chosen.strip().rstrip("/"),
        hosts=hosts,
        auth=http.auth,
        headers=http.headers,
        limits=http.budget,
        connect_s=http.timeouts.connect_s,
        read_s=http.timeouts.read_s,
        user_agent=http.user_agent.replace("{version}", __version__),
        connections=http.connections,
        max_body=http.max_body_mb * _MB,
        retries=http.retries,
        rules=rules,
        stand_ins=stand_ins,
        left_out=frozenset() if is_own else _left_out(http, hosts),
    )


def _left_out(http: Http, hosts: tuple[AllowedHost, ...]) -> frozenset[Origin]:
    """Return the origins of an entry, apart from those of some of its hosts."""
    unused = [f"https://{further.host}" for further in http.hosts if further not in hosts]
    return frozenset(filter(None, map(origin_of, (http.base_url, *unused))))


def auth_url(
    http: Http,
    url: str,
    base_url: str | None = None,
) -> str:
    """Return an address of an entry's ``auth`` block, such as the one that issues tokens.

    Args:
        http: The ``http`` block of the entry.
        url: The address: a path at the host of the base URL, or an https address.
        base_url: Another server to use instead of the entry's, such as a stand-in. It takes the
            place of all hosts of the entry, so that no key of its accounts goes anywhere else. An
            address of the entry's own server is not another one.
    """
    if not base_url or origin_of(base_url.strip()) == origin_of(http.base_url):
        return urljoin(http.base_url, url)
    return urljoin(base_url.strip(), urlsplit(url).path)


def _why_refused(split: SplitResult | None) -> str | None:
    """Return why no key may be sent to a base URL, or ``None`` if it may."""
    if split is None or not split.hostname or not split.hostname.rstrip("."):
        return "it is not an http or https address"
    if split.scheme not in ("http", "https"):
        return "it is not an http or https address"
    if split.username is not None or split.query or split.fragment:
        return "it may contain only scheme, host, port and path; a key never belongs in an address"
    if not _is_host_name(split.hostname):
        return NO_HOST
    if split.scheme == "http" and not is_loopback(split.hostname):
        return "http is allowed only to this machine, because the key would be sent unencrypted"
    return None


def _is_host_name(host: str) -> bool:
    """Return whether a host consists of text, and of labels that DNS allows (RFC 1035, 2.3.4)."""
    # A lone surrogate cannot be part of a request.
    if any("\ud800" <= character <= "\udfff" for character in host):
        return False
    labels = host.rstrip(".").split(".")
    return len(host) <= _LONGEST_HOST and all(0 < len(label) <= _LONGEST_LABEL for label in labels)

"""The policy of a host: integrations, settings, addresses and quotas of its athletes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_network
from typing import TYPE_CHECKING

from fitglue_registry.policy.public_addresses import is_public, parse_address
from fitglue_registry.policy.quotas import Quotas
from fitglue_registry.policy.stand_ins import is_on_this_machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from ipaddress import IPv4Network, IPv6Network

BASE_URL = "base_url"
"""The name of the setting that replaces the address of a service."""

PATHS = "paths"
"""The name that stands for every setting that an entry marks as a path of this machine."""

WEBHOOKS = "webhooks"
"""The name that stands for the address of every webhook."""

_EVERY_NETWORK = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the athletes of a host may do, and what the host does for them.

    ``Policy()`` is closed: it is meant for a server with athletes who do not trust each other.
    ``Policy.personal()`` is meant for a program that one person runs on a machine of their own.

    Attributes:
        integrations: The ids of the integrations that an athlete may connect; ``None`` for all of
            them.
        operator_settings: The names of the settings that only the operator may set, in
            ``settings``. ``paths`` stands for every setting that an entry marks as a path of this
            machine, and ``webhooks`` for the address of every webhook.
        settings: Integration → setting → the value for every connection at this integration. They
            replace what an athlete sets.
        networks: Networks that may be requested although they are not public, such as
            ``127.0.0.0/8``. Any other loopback, private, link-local, multicast or reserved
            address, and the metadata services of clouds, are never requested.
        quotes_responses: Whether an error quotes what a server responded. If not, only the log
            does.
        budget_on_loopback: Whether requests to this machine count against the budget of the entry,
            which tests of a budget need.
        stand_ins: What plays the further hosts of an entry in tests: a host of ``http.hosts`` → the
            address of its stand-in on this machine. Only connections whose service is itself
            replaced by a stand-in on this machine use them.
        sql_role: The role of PostgreSQL that a statement of ``host.queries.sql`` begins with, and
            the only one that the login of ``Host(sql_database=…)`` may be a member of. Without one,
            the login is a member of no role.
        quotas: The amounts that one athlete may use.

    Raises:
        ValueError: A network is malformed, or a stand-in is not on this machine.
    """

    integrations: Set[str] | None = None
    operator_settings: Set[str] = frozenset({BASE_URL, PATHS, WEBHOOKS})
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    quotes_responses: bool = False
    budget_on_loopback: bool = False
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    sql_role: str | None = None
    quotas: Quotas = field(default_factory=Quotas)

    def __post_init__(self) -> None:
        # Checked now: a network that was mistyped must not come to light at the first request.
        _ = self._networks
        for host, address in self.stand_ins.items():
            if not is_on_this_machine(address):
                raise ValueError(f"the stand-in of {host} is not an address on this machine")

    @classmethod
    def personal(cls) -> Policy:
        """Return the policy of the command line: everything is allowed, and nothing is counted."""
        return cls(
            operator_settings=frozenset(),
            networks=_EVERY_NETWORK,
            quotes_responses=True,
            quotas=Quotas(
                connections=None,
                upload_bytes=None,
                upload_files=None,
                stored_bytes=None,
            ),
        )

    def allows_integration(self, integration: str) -> bool:
        """Return whether an athlete may connect an integration.

        Args:
            integration: The id of the integration's entry.
        """
        return self.integrations is None or integration in self.integrations

    def allows_setting(self, name: str, *, is_path: bool = False) -> bool:
        """Return whether an athlete may set a setting.

        Args:
            name: The name of the setting.
            is_path: Whether its entry marks it as a path of this machine.
        """
        if is_path and PATHS in self.operator_settings:
            return False
        return name not in self.operator_settings

    @property
    def allows_webhooks(self) -> bool:
        """Whether athletes may have requests sent to addresses of their own."""
        return WEBHOOKS not in self.operator_settings

    @property
    def allows_paths(self) -> bool:
        """Whether an athlete may name files and folders of this machine."""
        return PATHS not in self.operator_settings

    def settings_of(self, integration: str) -> Mapping[str, str]:
        """Return the operator's settings of an integration.

        Args:
            integration: The id of the integration's entry.
        """
        return self.settings.get(integration, {})

    @cached_property
    def allows_every_address(self) -> bool:
        """Whether no address has to be checked."""
        return all(ip_network(network) in self._networks for network in _EVERY_NETWORK)

    def allows_address(self, address: str) -> bool:
        """Return whether the host may connect to an IP address for an athlete.

        Args:
            address: An IP address in digits, as the resolver returns it.

        Raises:
            ValueError: It is not an IP address.
        """
        parsed = parse_address(address)
        return is_public(parsed) or any(parsed in network for network in self._networks)

    @cached_property
    def _networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(map(ip_network, self.networks))

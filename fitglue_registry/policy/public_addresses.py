"""Decides which IP addresses belong to the public internet.

``ipaddress`` knows the registries of IANA as they were when this Python was released, and calls
some addresses global that lead to a machine nearby. Therefore, what is not clearly public is
refused.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

#: IANA allocates global unicast addresses only from this block (RFC 4291, 2.4).
_UNICAST = ip_network("2000::/3")
#: The addresses in which a gateway embeds an IPv4 address (NAT64, RFC 6052).
_NAT64 = ip_network("64:ff9b::/96")
#: What older versions of ``ipaddress`` call global, from the IANA registries of special-purpose
#: addresses, and the addresses inside of clouds.
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is the metadata service of Oracle
            "192.88.99.0/24",  # relays of 6to4, deprecated by RFC 7526
            "168.63.129.16/32",  # the platform service inside of each network of Azure
            "2001::/23",  # protocol assignments, among them Teredo, which embeds an IPv4 address
            "2002::/16",  # 6to4, which embeds an IPv4 address
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)


def parse_address(text: str) -> Address:
    """Return an IP address, without the scope of a link-local one.

    An IPv4 address that is written as an IPv6 address, by itself or for a NAT64 gateway, is
    returned as what it leads to.

    Raises:
        ValueError: The text is not an IP address.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the public internet."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and address not in _UNICAST:
        return False
    return not any(address in network for network in _NOT_PUBLIC)

"""The policy of a host: what is closed by default, and which addresses are public."""

import pytest

from fitglue_registry import Host, Policy, Quotas

INSIDE = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.8",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",  # carrier-grade NAT; 100.100.100.200 is the metadata service of Alibaba
    "169.254.169.254",  # the metadata service of most clouds
    "192.0.0.192",  # that of Oracle
    "168.63.129.16",  # the platform service of Azure
    "198.18.0.1",
    "203.0.113.5",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",  # NAT64 of 10.0.0.1
    "64:ff9b:1::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2001:0:7f00:1::",  # Teredo
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",  # the metadata service of AWS
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
OUTSIDE = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


def test_a_host_is_closed_unless_it_is_told_otherwise(tmp_path):
    """A host without a policy has the closed one."""
    with Host(tmp_path) as host:
        assert host.policy == Policy()
    assert Policy().operator_settings == {"base_url", "paths", "webhooks"}
    assert not Policy().quotes_responses


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_requested(address):
    """No loopback, private, link-local, multicast or reserved address may be requested, in none of
    the ways to write it.
    """
    assert not Policy().allows_address(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_of_the_public_internet_is_requested(address):
    """An address of the public internet may be requested."""
    assert Policy().allows_address(address)


def test_the_operator_can_allow_a_network():
    """A network of the operator may be requested, and no other one that is not public."""
    policy = Policy(networks=("10.1.0.0/16", "fd00::/8"))
    allowed = [policy.allows_address(address) for address in ("10.1.2.3", "::ffff:10.1.0.1")]
    assert allowed == [True, True]
    assert policy.allows_address("fd00::1")
    assert not policy.allows_address("10.2.0.1")
    assert not policy.allows_every_address


@pytest.mark.parametrize("network", ["10.0.0.1/8", "intervals.icu", "10.0.0.0/33"])
def test_a_mistyped_network_is_refused_at_once(network):
    """A network that is malformed is refused when the policy is made."""
    with pytest.raises(ValueError, match=network.partition("/")[0]):
        Policy(networks=(network,))


@pytest.mark.parametrize(
    "address",
    [
        "https://files.example.org",
        "http://10.0.0.1:80",
        "http://localhost.example.org",
        "http://127.0.0.1@example.org",
        "http://127.0.0.1/files",
        "ftp://127.0.0.1",
        "http://127.0.0.1:99999",
        "127.0.0.1:80",
    ],
)
def test_a_stand_in_elsewhere_is_refused_at_once(address):
    """A stand-in that is not on this machine is refused when the policy is made."""
    with pytest.raises(ValueError, match=r"the stand-in of files\.example\.org"):
        Policy(stand_ins={"files.example.org": address})


@pytest.mark.parametrize("name", ["connections", "upload_bytes", "normalize_cpu_s"])
def test_a_quota_of_nothing_is_refused(name):
    """A quota of zero is refused: it would be read as no quota, or forbid everything."""
    with pytest.raises(ValueError, match=name):
        Quotas(**{name: 0})


def test_one_person_may_do_everything():
    """The personal policy allows every address, integration and setting, and counts nothing."""
    policy = Policy.personal()
    assert all(policy.allows_address(address) for address in INSIDE + OUTSIDE)
    assert policy.allows_every_address
    assert policy.allows_integration("files")
    assert policy.allows_setting("base_url")
    assert policy.allows_setting("folder", is_path=True)
    assert policy.quotas.upload_bytes is policy.quotas.connections is None

"""Tests of the policy that an entry's ``http`` block becomes, and of the base URLs that
it allows.
"""

import pytest

from fitglue_registry import __version__
from fitglue_registry.errors import UserMistake
from fitglue_registry.policy import Policy
from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.registry import AllowedHost, Auth, Budget, Http, Timeouts
from fitglue_registry.transport.credentials import Credentials
from fitglue_registry.transport.policy import HttpPolicy, policy_from_entry

ENTRY = Http(
    base_url="https://example.org/api/",
    hosts=(
        AllowedHost("api.example.org", credential=True),
        AllowedHost("files.example.org:8443", credential=False),
    ),
    auth=Auth(scheme="bearer", secret="token"),
    headers={"Api-Version": "2"},
    budget=(Budget(requests=8, per_s=1),),
    timeouts=Timeouts(connect_s=1, read_s=2),
    user_agent="me/{version}",
    connections=3,
    max_body_mb=7,
    retries=1,
)


def test_every_key_of_the_entry_counts():
    """The policy has all values of the entry's block, and the version of the host."""
    policy = policy_from_entry(ENTRY)
    assert policy == HttpPolicy(
        "https://example.org/api",
        ENTRY.hosts,
        ENTRY.auth,
        {"Api-Version": "2"},
        ENTRY.budget,
        connect_s=1,
        read_s=2,
        user_agent=f"me/{__version__}",
        connections=3,
        max_body=7_000_000,
        retries=1,
    )
    trusted = {("https", "example.org", 443), ("https", "api.example.org", 443)}
    assert policy.credential_origins == trusted
    assert policy.origins == trusted | {("https", "files.example.org", 8443)}


def test_a_stand_in_is_the_only_server_allowed():
    """A base URL that replaces the entry's also replaces the hosts that the entry allows."""
    policy = policy_from_entry(ENTRY, "http://127.0.0.1:8042/api/v1/")
    assert (policy.base_url, policy.origins, policy.loopback) == (
        "http://127.0.0.1:8042/api/v1",
        {("http", "127.0.0.1", 8042)},
        True,
    )


PLAYED = {"files.example.org:8443": "http://127.0.0.1:8043", "other.example": "http://[::1]:1"}


def test_a_stand_in_leads_to_the_stand_ins_of_the_declared_hosts():
    """With a stand-in as the base URL, those hosts of the entry are allowed that another stand-in
    plays, with the credential only if the entry says so. A host that the entry does not declare
    stays forbidden.
    """
    policy = policy_from_entry(ENTRY, "http://127.0.0.1:8042/api/v1/", Policy(stand_ins=PLAYED))
    assert policy.origins == {("http", "127.0.0.1", 8042), ("http", "127.0.0.1", 8043)}
    assert policy.credential_origins == {("http", "127.0.0.1", 8042)}


@pytest.mark.parametrize("url", [None, "https://example.org/v2", "https://proxy.example"])
def test_stand_ins_play_nothing_for_a_service_elsewhere(url):
    """Unless the base URL is on this machine, no request goes to a stand-in."""
    rules = Policy(stand_ins=PLAYED)
    policy = policy_from_entry(ENTRY, url, rules)
    assert (policy.stand_ins, policy.hosts) == ({}, policy_from_entry(ENTRY, url).hosts)


def test_the_own_address_keeps_the_hosts():
    """A base URL that is that of the entry, or another path of the same service, keeps the hosts
    of the entry.
    """
    for url in ("https://example.org/api/", " https://EXAMPLE.org:443/v2"):
        assert policy_from_entry(ENTRY, url).hosts == ENTRY.hosts


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "http://localhost:1/x",
        "http://[::1]:1",
        "http://127.9.9.9",
        " https://EXAMPLE.org/ ",
    ],
)
def test_https_and_loopback_are_allowed(url):
    """A base URL may use https, or http on this machine, where nobody can read the key."""
    assert policy_from_entry(ENTRY, url).host


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "http://10.0.0.1",
        "http://localhost.example.org",
        "ftp://127.0.0.1",
        "example.org",
        "",
        "https://me:secret@example.org",
        "https://example.org?key=1",
        "https://",
        "http://[broken",
        "https://example.org:99999",
        "https://example..org",
        f"https://{'a' * 64}.org",
        "https://\ud800.org",
    ],
)
def test_a_base_url_that_would_show_the_key_is_refused(url):
    """A base URL that would reveal the key is refused, and the error does not contain
    its password.
    """
    with pytest.raises(UserMistake) as caught:
        HttpPolicy(url)
    assert caught.value.code == "FG-base-url-refused"
    assert "secret" not in str(caught.value.as_dict())


@pytest.mark.parametrize("host", ["８.８.８.８", "①②⑦.0.0.1", "☃.example.org"])
def test_a_host_that_no_request_can_have_is_a_mistake(host):
    """A host with full-width or circled digits, or with a symbol, is refused as a base URL when a
    session is opened, before a plugin sends anything.
    """
    policy = HttpPolicy(f"https://{host}:8042")
    with pytest.raises(UserMistake) as caught:
        Credentials(policy, dict, Redactor())
    assert caught.value.code == "FG-base-url-refused"
    assert caught.value.why == "its host is neither a name nor an IP address that can be requested"

"""The address of a service can be replaced, also if its entry does not say so; and the error for a
setting that an integration does not have.
"""

from __future__ import annotations

import pytest

from fitglue_registry import Policy
from fitglue_registry.errors import UserMistake
from fitglue_registry.registry import Entry, Http
from fitglue_registry.registry.entry import Field, Plugin
from fitglue_registry.services.connecting.entry_fields import read_fields
from fitglue_registry.services.permissions import Permissions


def entry_of(**differs):
    """Return the entry of an integration that declares no address."""
    known = {"id": "wahu", "name": "Wahu", "summary": "Rides.", "tier": "hobbyist"}
    values = {"schema": 1, "kind": "integration", "plugin": Plugin("p")} | known | differs
    return Entry(**values)


SERVICE = Http(base_url="https://api.wahu.example")


@pytest.mark.parametrize("settings", [(), (Field("base_url", required=False),)])
def test_every_service_accepts_another_address(settings):
    """An address is a setting of every integration with requests, and of no other."""
    entry = entry_of(http=SERVICE, settings=settings)
    values = {"base_url": " http://127.0.0.1:8042 "}
    assert read_fields(entry, values) == ({}, {"base_url": "http://127.0.0.1:8042"})
    assert [field.name for field in entry.fields] == ["base_url"]


def test_only_the_operator_of_a_server_sets_an_address_that_no_entry_names():
    """Under the policy of a server, an athlete cannot set the address, and the operator can."""
    entry = entry_of(http=SERVICE)
    policy = Policy(settings={"wahu": {"base_url": "https://proxy.example"}})
    permissions = Permissions(policy, entry, entry)
    assert permissions.operators_settings() == {"base_url": "https://proxy.example"}
    with pytest.raises(UserMistake, match="FG-setting-not-allowed"):
        permissions.check_settings({"base_url": "https://elsewhere.example"})


@pytest.mark.parametrize(
    ("differs", "name", "why", "fix"),
    [
        ({}, "base_url", "it has no settings", "leave it out"),
        ({"http": SERVICE}, "base_ulr", "its settings are base_url", "did you mean base_url?"),
        (
            {"credentials": (Field("api_key", secret=True),)},
            "color",
            "its settings are api_key",
            "leave it out",
        ),
    ],
)
def test_an_unknown_setting_is_an_error_with_what_there_is(differs, name, why, fix):
    """The error lists the settings, says so if there are none, and suggests the nearest."""
    with pytest.raises(UserMistake) as raised:
        read_fields(entry_of(**differs), {name: "x"})
    assert (raised.value.code, raised.value.why, raised.value.fix) == (
        "FG-setting-unknown",
        why,
        fix,
    )

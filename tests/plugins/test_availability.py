"""Tests that the availability of an entry is computed, and that every state except "available" has
a reason, a code and a fix.
"""

from __future__ import annotations

import pytest

from fitglue_registry.plugins import availability
from fitglue_registry.registry import Alternative, Closed


@pytest.fixture
def ask(load, plugin, greet, point, entry):
    """A function that returns the availability of an entry, by default of one with a working
    plugin.
    """

    def make(
        installed=None, *, accepts="", allowed=True, tier="hobbyist", connections=("ok",), **changes
    ):
        plugins = load(
            installed if installed is not None else point("good", plugin(greet("x")), version="1.0")
        )
        wanted = entry(
            "good",
            version=accepts,
            name="Good",
            dependencies=("integration/good-account",),
            **changes,
        )
        return availability(wanted, plugins, allowed=allowed, tier=tier, connections=connections)

    return make


def test_a_connected_entry_is_available(ask):
    """An entry is available if plugin, version, tier, connection and credentials are in order."""
    answer = ask()
    assert (answer.state, answer.available, answer.code, answer.fix) == (
        "available",
        True,
        None,
        None,
    )


def test_one_working_connection_of_several_is_enough(ask):
    """A second account whose key was revoked does not make the source unavailable."""
    assert ask(connections=("credentials-rejected", "ok")).available


def test_a_missing_plugin_is_to_be_installed(ask, point, plugin, greet):
    """An entry whose plugin is missing has a fix with the command that installs the plugin."""
    answer = ask(point("other", plugin(greet("x"))))
    assert (answer.state, answer.code, answer.fix) == (
        "plugin-missing",
        "FG-plugin-missing",
        "fitglue plugin install good",
    )


@pytest.mark.parametrize("broken", [ImportError("gone"), SystemExit(1)])
def test_a_broken_plugin_is_named_so(ask, point, broken):
    """An entry whose plugin cannot be imported has the state plugin-broken."""
    answer = ask(point("good", broken))
    assert (answer.state, answer.available, answer.code) == (
        "plugin-broken",
        False,
        "FG-plugin-import-failed",
    )


def test_an_installed_version_outside_the_range_is_a_mismatch(ask):
    """A plugin version outside the range of its entry is a version mismatch."""
    answer = ask(accepts=">=2")
    assert (answer.state, answer.code, answer.fix) == (
        "version-mismatch",
        "FG-plugin-version",
        "fitglue plugin install 'good>=2'",
    )


def test_another_hook_api_is_a_mismatch(ask, point, plugin, greet):
    """A plugin that was written for another hook API is a version mismatch."""
    answer = ask(point("good", plugin(greet("x"), api=99)))
    assert (answer.state, answer.code) == ("version-mismatch", "FG-hook-api")


def test_a_tier_that_does_not_include_the_entry_is_reported_before_any_connection(ask):
    """A tier that is too low is reported before a missing connection, so that nobody connects an
    account in vain.
    """
    answer = ask(allowed=False, connections=())
    assert (answer.state, answer.code) == ("tier", "FG-tier")
    assert answer.reason == "Good needs the tier hobbyist, and this athlete has the tier hobbyist"


def test_without_a_connection_the_command_names_the_integration(ask):
    """The fix for a missing connection connects the integration that the source depends on."""
    answer = ask(connections=())
    assert (answer.state, answer.code, answer.fix) == (
        "not-connected",
        "FG-not-connected",
        "fitglue connect good-account",
    )


def test_rejected_credentials_are_distinguished_from_no_connection(ask):
    """An entry whose only connection was rejected has the state credentials-rejected."""
    answer = ask(connections=("credentials-rejected",))
    assert (answer.state, answer.code, answer.fix) == (
        "credentials-rejected",
        "FG-key-rejected",
        "fitglue connect good-account",
    )


def test_a_closed_service_is_not_connectable_whatever_is_installed(ask):
    """A closed service gives its entry's reason, and the command that lists its alternatives."""
    answer = ask(
        RuntimeError("broken"),
        closed=Closed(
            "It lets nobody in.", (Alternative("A", "all", "Ask.", "fitglue import a.zip"),)
        ),
    )
    assert (answer.state, answer.reason, answer.code) == (
        "not-connectable",
        "It lets nobody in.",
        "FG-not-connectable",
    )
    assert answer.fix == "fitglue connect good lists the alternatives"

"""The entries of the registry, and the plugins that belong to them."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import UserMistake


def test_an_id_is_found_in_every_kind(host):
    """An id without a kind finds the entries of all kinds, because ids are unique only within a
    kind.
    """
    assert [entry.key for entry in host.entries.find("intervals")] == [
        "destination/intervals",
        "integration/intervals",
        "source/intervals",
    ]


def test_a_kind_and_an_id_are_one_entry(host):
    """KIND/ID names exactly one entry."""
    [entry] = host.entries.find("source/intervals")
    assert (entry.kind, entry.id) == ("source", "intervals")


def test_an_unknown_entry_is_answered_with_the_nearest(host):
    """The error for an unknown entry suggests the most similar one."""
    with pytest.raises(UserMistake, match="FG-unknown-entry") as caught:
        host.entries.find("interval")
    assert caught.value.fix == "did you mean intervals?"


def test_the_entries_of_one_kind_are_listed(host):
    """A list of one kind has all entries of that kind, and no others."""
    sources = [entry for entry in host.entries.list() if entry.kind == "source"]
    assert host.entries.list("source") == sources != []


def test_each_plugin_is_listed_with_its_entries(host):
    """A plugin is listed with the entries that name it."""
    listed = {plugin.info.name: plugin.entries for plugin in host.plugins.list()}
    assert "source/intervals" in listed["fitglue-intervals"]


def test_the_entries_in_use_have_no_error(host):
    """The folders of entries that are in use are all found, and have no errors."""
    checked = host.plugins.check_entries()
    assert checked.unreadable == ()
    assert [error for report in checked.reports for error in report.errors] == []

"""What a host says of each source: how to get access, what arrives, and its connections."""

from __future__ import annotations

import dataclasses

from tests.sync.builders import finished


def source(host, key):
    """Return what a host says of one source."""
    [wanted] = [source for source in host.entries.sources() if source.entry.key == key]
    return wanted


def test_a_source_that_is_not_connected_says_how_to_get_access(host):
    """Before anything is connected, the access and what would arrive are known."""
    intervals = source(host, "source/intervals")
    assert (intervals.access.kind, intervals.access.what) == ("key", "API key")
    assert "details" in intervals.arrives
    assert intervals.on_request == {"files": "original files"}
    assert intervals.never == ("Workouts that came from Strava",)
    assert (intervals.availability.state, intervals.connections) == ("not-connected", ())


def test_a_connected_source_has_the_status_of_its_connections(connected):
    """The last sync of each connection of a source is in its status."""
    finished(connected)
    [status] = source(connected, "source/intervals").connections
    assert status.last_checked_at
    assert status.arrives == ("summaries", "details", "samples over time")


def test_closed_services_come_after_the_sources(host):
    """A service whose accounts cannot be connected is listed with its reason, after the sources."""
    kinds = [source.access.kind for source in host.entries.sources()]
    assert kinds.index("closed") == len(kinds) - kinds.count("closed")
    strava = source(host, "integration/strava")
    assert strava.access.where == host.entries.get("integration", "strava").closed.why


def test_the_overview_has_the_same_sources(connected):
    """The dashboard and the list of sources are made of the same values."""
    assert connected.overview().sources == connected.entries.sources()


def test_only_the_connections_of_the_athlete_are_named(connected):
    """Another athlete learns nothing about a connection."""
    others = connected.entries.sources("somebody-else")
    assert [source.connections for source in others] == [()] * len(others)


def test_the_doctor_names_what_is_known_of_each_source(connected):
    """The doctor says what a connection brings and when it was synced, and how to get access to
    the other sources.
    """
    before = {check.name: check.detail for check in connected.upkeep.checks(offline=True)}
    assert before["connection intervals"].endswith(
        "never synced; it uses the address "
        f"{connected.connections.list()[0].settings['base_url']}, not https://intervals.icu"
    )
    assert "brings summaries, details, samples over time" in before["connection intervals"]
    assert before["source files"].startswith(
        "not connected; Files or folders: fitglue import PATH; brings summaries"
    )
    assert "source intervals" not in before
    finished(connected)
    after = {check.name: check.detail for check in connected.upkeep.checks(offline=True)}
    assert "; synced 20" in after["connection intervals"]


def test_a_removed_source_brings_nothing_more(connected, monkeypatch):
    """If the entry of a connection's source is gone, its status says nothing about what arrives."""
    [row] = connected.connections.list()
    gone = dataclasses.replace(row, source="gone")
    assert connected.connections.status(gone).arrives == ()

"""The façade ``Host`` opens nothing before it is needed, and closes what it has opened."""

from __future__ import annotations

from fitglue_registry import Host, Policy
from tests.sync.builders import finished


def test_a_host_that_is_not_used_opens_nothing(tmp_path):
    """No folder is created and no database is opened before something is asked for."""
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        assert host.home == tmp_path / "home"
    assert not host.home.exists()


def test_a_service_is_the_same_each_time(host):
    """A property of the host returns the same service each time."""
    assert host.activities is host.activities
    assert host.workspace is host.workspace


def test_activities_are_listed_by_a_call_and_by_name(connected):
    """``host.activities()`` returns the same as ``host.activities.list()``."""
    finished(connected)
    assert connected.activities() == connected.activities.list() != []


def test_what_waits_is_told_whoever_is_set_last(host):
    """The function that is called before each wait can be replaced."""
    waits = []
    host.on_wait = lambda seconds, reason: waits.append((seconds, reason))
    host.workspace.on_wait(2.0, "a limit")
    assert waits == [(2.0, "a limit")]


def test_the_database_is_named_without_its_password(tmp_path):
    """The URL of a database server is returned without its password."""
    with Host(
        tmp_path, "postgresql://ada:a-long-secret@localhost/fitglue", policy=Policy.personal()
    ) as host:
        assert "localhost/fitglue" in host.queries.where()
        assert "a-long-secret" not in host.queries.where()

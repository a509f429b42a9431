"""Connections: how they are found, created, renewed and removed."""

from __future__ import annotations

import pytest

from fitglue_registry.errors import Busy, UserMistake
from fitglue_registry.store.connections import update_connection
from fitglue_registry.sync.lock import connection_lock
from tests.sync.builders import finished
from tests.sync.natural import natural


def test_a_connection_is_found_by_name_by_id_and_by_its_only_integration(connected):
    """A connection is found by name, by id, and by an integration that has only one."""
    [connection] = connected.connections.list()
    assert connected.connections.get("intervals") == connection
    assert connected.connections.get(connection.id) == connection


def test_a_connection_that_is_unknown_is_answered_with_those_that_there_are(connected):
    """The error for an unknown connection lists the connections of the athlete."""
    with pytest.raises(UserMistake, match="FG-connection-unknown") as caught:
        connected.connections.get("strava")
    assert caught.value.why == "existing connections: intervals"


def test_a_connection_of_an_account_is_found(connected):
    """The connection of an account is found by the id of the account."""
    [connection] = connected.connections.at("intervals")
    assert connected.connections.of_account("intervals", connection.account) == connection
    assert connected.connections.of_account("files", connection.account) is None


def test_a_removal_wants_the_exact_name(connected):
    """A removal by the name of the integration is refused if the connection has another name."""
    connection = connected.connections.list()[0]
    with connected.workspace.database.write() as db:
        update_connection(db, connection.id, name="mine")
    with pytest.raises(UserMistake, match="FG-connection-unknown"):
        connected.connections.remove("intervals")


def test_removing_a_connection_removes_what_only_it_knew(connected):
    """`connections remove` leaves no record, no secret and no activity behind."""
    finished(connected)
    connected.connections.remove("intervals")
    left = natural(connected)
    assert not any(left.values())


def test_a_connection_is_not_removed_while_it_is_synced(connected, clock):
    """Removing a connection that is synced raises ``Busy`` and changes nothing."""
    connection = connected.connections.list()[0]
    lock = connection_lock(
        connected.workspace.database,
        connected.home,
        connection.id,
        connection.name,
        "2026-11-21T12:00:00Z",
    )
    with lock, pytest.raises(Busy):
        connected.connections.remove("intervals")
    assert connected.connections.list()


def test_removing_a_connection_removes_its_files_at_once(connected):
    """Original files that no other record uses are deleted together with their connection."""
    finished(connected, files=True)
    assert list(connected.workspace.raws.blobs.all())
    connected.connections.remove("intervals")
    assert not list(connected.workspace.raws.blobs.all())


def test_a_key_is_renewed_where_it_was_used(connected, server):
    """Connecting again with only a new key asks the server of the existing connection."""
    server.set_key("renewed-key")
    assert connected.connect("intervals", {"api_key": "renewed-key"}).renewed

"""Tests of connections: their names, renewed credentials, and removal."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fitglue_registry.plugin_api import Account, Window
from fitglue_registry.store.connections import (
    get_connection,
    list_connections,
    remove_connection,
    renew_connection,
    update_connection,
)
from fitglue_registry.store.opinions import PairOpinion, put_opinions
from fitglue_registry.store.parts import want_parts
from fitglue_registry.store.tables import metadata
from fitglue_registry.store.windows import plan_windows

NOW = "2026-06-15T12:00:00.000Z"


def test_connections_take_the_first_free_name(library):
    """A second connection to one integration gets a number in its name, and a name that became free
    is used again.
    """
    ids = [library.connection() for _ in range(3)]
    assert [loaded.name for loaded in list_connections(library.db, "me")] == [
        "intervals",
        "intervals-2",
        "intervals-3",
    ]
    remove_connection(library.db, ids[1])
    assert get_connection(library.db, library.connection()).name == "intervals-2"


def test_the_same_account_twice_is_refused(library):
    """One account cannot be connected twice, even with different credentials."""
    library.connection(account=Account("i1"))
    with pytest.raises(sa.exc.IntegrityError):
        library.connection(account=Account("i1"))


def test_two_athletes_may_connect_the_same_account(library, library_of):
    """Two athletes may connect the same account, and both connections may have the same name."""
    other = library_of(library.db, "you")
    library.connection(account=Account("i1"))
    connection = get_connection(library.db, other.connection(account=Account("i1")))
    assert (connection.athlete_id, connection.name) == ("you", "intervals")
    assert len(list_connections(library.db)) == 2


def test_a_connection_is_loaded_as_it_was_stored(library):
    """A connection is loaded with the account, notes, settings and secret reference with which it
    was stored.
    """
    account = Account("i1", "Ada Lövelace", "Europe/London", ("3 rows will not arrive.",))
    connection_id = library.connection(
        account=account, settings={"athlete_id": "i1"}, secret_ref="keyring:x"
    )
    loaded = get_connection(library.db, connection_id)
    assert (loaded.account, loaded.settings, loaded.secret_ref, loaded.state) == (
        account,
        {"athlete_id": "i1"},
        "keyring:x",
        "ok",
    )
    assert get_connection(library.db, "nobody") is None


def test_new_credentials_forgive_what_had_stopped_the_connection(library):
    """New credentials clear the error that had stopped a connection, and keep its history."""
    connection_id = library.connection()
    update_connection(
        library.db,
        connection_id,
        state="credentials-rejected",
        state_error='{"code": "FG-key-rejected"}',
    )
    assert get_connection(library.db, connection_id).state_error == {"code": "FG-key-rejected"}
    renew_connection(library.db, connection_id, Account("account 1", "New name"), {}, "ref")
    loaded = get_connection(library.db, connection_id)
    assert (loaded.state, loaded.state_error, loaded.account.name, loaded.secret_ref) == (
        "ok",
        None,
        "New name",
        "ref",
    )


def test_a_removed_connection_takes_all_that_hangs_on_it(library, activity):
    """Removing a connection deletes its records, parts, raw parts, claims, opinions and windows;
    runs and other connections stay.
    """
    connection_id = library.connection()
    record = library.record(connection_id)
    number = library.put(record, activity(claims=("a:1",))).ids[0]
    other = library.source_activity()
    put_opinions(library.db, [PairOpinion(number, other, "person", "same", "mine")], NOW)
    want_parts(library.db, {record: ["detail"]})
    plan_windows(library.db, connection_id, NOW, [Window()])
    remove_connection(library.db, connection_id)
    left = {
        name
        for name, table in metadata.tables.items()
        if library.db.scalar(sa.select(sa.func.count()).select_from(table))
        > (name in ("fg_connections", "fg_records"))
    }
    assert left == {"fg_athletes", "fg_source_activities"}

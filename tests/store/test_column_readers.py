"""Tests of the readers of columns: a check reads every value as the program does."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from fitglue_registry.errors import StoreFailed
from fitglue_registry.store import migrate
from fitglue_registry.store.column_readers import READERS, ROW_READERS, reader_of
from fitglue_registry.store.database import Database
from fitglue_registry.store.tables import Text, metadata
from fitglue_registry.store.value_check import LONGEST_TEXT, explain, unreadable_in_file

_TEXTS = [
    column
    for table in metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, Text)
]
#: The form of a text → one that the program cannot read.
_WRONG = {
    "a moment": "9999-99-99T00:00:00Z",
    "nested": "[" * 100_000,
    "a path": "../../x",
    "no UTF-8": b"\xff\xfe",
}
_ROWS = {
    "fg_athletes": {"id": "me", "created_at": "2026-05-01T10:00:00.000Z"},
    "fg_connections": {
        "id": "c1",
        "athlete_id": "me",
        "name": "files",
        "integration": "files",
        "source": "files",
        "account_id": "a",
        "notes": "[]",
        "settings": "{}",
        "state": "ok",
        "created_at": "2026-05-01T10:00:00.000Z",
    },
    "fg_choices": {
        "id": 1,
        "athlete_id": "me",
        "field": "title",
        "value": '"Ride"',
        "said_at": "2026-05-01T10:00:00.000Z",
    },
    "fg_opinions": {
        "first_id": 1,
        "second_id": 2,
        "said_by": "score",
        "verdict": "same",
        "reason": '{"probability":0.9,"lines":[]}',
        "said_at": "2026-05-01T10:00:00.000Z",
    },
    "fg_athlete_settings": {
        "athlete_id": "me",
        "key": "timezone",
        "valid_from": "",
        "value": "Europe/Zurich",
    },
}


@pytest.fixture
def file():
    """Yield a database in memory with the tables of a store and a few readable rows."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        for table, row in _ROWS.items():
            connection.execute(sa.insert(metadata.tables[table]).values(row))
        connection.commit()
        yield connection.connection.driver_connection
    engine.dispose()


def test_every_column_of_texts_has_a_reader():
    """A new column of texts needs a reader, so that no check can leave it out."""
    assert [str(column) for column in _TEXTS if reader_of(column) is None] == []


def test_every_reader_belongs_to_a_column():
    """A reader of a column that no longer exists is removed."""
    named = {(table, column) for table, columns in READERS.items() for column in columns}
    assert named == {(column.table.name, column.name) for column in _TEXTS}
    assert all(column in READERS[table] for table in ROW_READERS for column in ROW_READERS[table])


def test_readable_values_are_readable(file):
    """The rows that the program writes are read without an error."""
    assert unreadable_in_file(file) is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("horizon", "9999-99-99"),
        ("last_checked_at", "zz"),
        ("full_walk_at", "2026-05-01T10:00:00"),
        ("notes", "{{{"),
        ("notes", _WRONG["nested"]),
        ("settings", '{"base_url":' + _WRONG["nested"] + "}"),
        ("state", "haxx"),
        ("state_error", "[]"),
        ("id", _WRONG["a path"]),
        ("name", _WRONG["a path"]),
        ("integration", _WRONG["a path"]),
        ("timezone", "../../../etc/passwd"),
        ("timezone", "/etc/passwd"),
        ("secret_ref", "file:../../../../etc/passwd"),
        ("account_name", _WRONG["no UTF-8"]),
    ],
)
def test_a_value_that_cannot_be_read_is_named(file, column, value):
    """A value that its reader refuses is named by table, row and column, with the reason."""
    file.execute(f"UPDATE fg_connections SET {column} = ?", (value,))
    found = unreadable_in_file(file)
    assert (found.table, found.column) == ("fg_connections", column)
    assert found.row in ("c1", value)
    assert found.why
    assert str(found).isascii()


@pytest.mark.parametrize(
    "column",
    [
        column
        for column in _TEXTS
        if READERS[column.table.name][column.name].__name__ in ("_moment", "_local", "_day")
        and column.table.name in _ROWS
    ],
    ids=str,
)
def test_no_column_of_times_accepts_another_text(file, column):
    """A date or a moment that the calendar does not have is found in each column of times."""
    file.execute(f"UPDATE {column.table.name} SET {column.name} = ?", (_WRONG["a moment"],))
    found = unreadable_in_file(file)
    assert (found.table, found.column) == (column.table.name, column.name)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("fg_choices", "value", "5"),
        ("fg_choices", "value", '{"a":1}'),
        ("fg_opinions", "reason", "a sentence"),
        ("fg_opinions", "reason", '{"probability":"high","lines":[]}'),
        ("fg_athlete_settings", "value", "Europe/Nowhere"),
        ("fg_athlete_settings", "value", "../../../etc/passwd"),
    ],
)
def test_a_value_that_does_not_fit_the_rest_of_its_row_is_named(file, table, column, value):
    """An edit of another type than its field, a score without its evidence, and a home zone that
    does not exist are found although each column alone could be read.
    """
    file.execute(f"UPDATE {table} SET {column} = ?", (value,))
    found = unreadable_in_file(file)
    assert (found.table, found.column) == (table, column)


def test_a_text_that_is_far_too_long_is_not_decoded(file):
    """A text that is longer than any that FitGlue stores is refused before it is decoded."""
    file.execute(f"UPDATE fg_connections SET notes = zeroblob({LONGEST_TEXT + 1})")
    file.execute("UPDATE fg_connections SET notes = CAST(notes AS TEXT)")
    assert f"{LONGEST_TEXT + 1:,} bytes" in unreadable_in_file(file).why


def test_the_texts_are_texts_again_after_the_check(file):
    """The check reads bytes, and leaves the connection as it was."""
    unreadable_in_file(file)
    assert file.execute("SELECT name FROM fg_connections").fetchone() == ("files",)


@pytest.fixture
def damaged(tmp_path):
    """Yield a database whose only run has counts that are no JSON."""
    path = tmp_path / "fitglue.db"
    with closing(Database(f"sqlite:///{path}", migrate.upgrade, explain=explain)) as database:
        with database.read():
            pass
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "INSERT INTO fg_runs (athlete_id, kind, started_at, options, counts) "
                "VALUES ('me', 'sync', '2026-05-01T10:00:00.000Z', '{}', '[[')"
            )
            connection.commit()
        yield database


def test_a_reader_that_fails_on_a_damaged_value_names_the_value(damaged):
    """An unexpected exception in a transaction is explained by a value that is damaged."""
    with pytest.raises(StoreFailed) as caught, damaged.read():
        raise ValueError("what a reader raises")
    assert caught.value.code == "FG-store-damaged"
    assert caught.value.at.field == "fg_runs.counts"
    assert "counts in the row 1 of fg_runs cannot be read" in caught.value.why
    assert caught.value.fix


def test_a_bug_is_not_hidden_by_a_store_that_is_sound(damaged):
    """If every value can be read, the exception stays what it is: a bug."""
    with damaged.write() as db:
        db.execute(sa.text("DELETE FROM fg_runs"))
    with pytest.raises(ValueError, match="a bug"), damaged.read():
        raise ValueError("a bug")

"""Tests of ``fitglue sql``, which runs a user's statement and lets the database ensure that it only
reads.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
import sqlalchemy as sa

from fitglue_registry.errors import UserMistake
from fitglue_registry.store.sql import column_names, run_sql
from fitglue_registry.store.tables import activities


@pytest.fixture
def filled(database, library_of):
    """Return a database with one activity."""
    with database.write() as db:
        library_of(db).activity(title="100 % Übung")
    return database


def count(database):
    with database.read() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(activities))


def test_a_question_is_answered_with_names_and_rows(filled):
    """A query returns the column names of the statement and the rows."""
    answer = run_sql(filled, "SELECT number, title AS what FROM activities")
    assert (answer.columns, answer.rows) == (("number", "what"), ((1, "100 % Übung"),))


def test_a_percent_sign_is_one(filled):
    """A percent sign in a statement is not treated as a parameter."""
    assert run_sql(
        filled, "SELECT count(*) FROM activities WHERE title LIKE '%Ü%' OR title = '%s %(x)s'"
    ).rows == ((1,),)


def test_a_question_without_an_answer_has_columns(filled):
    """A query without rows returns its column names."""
    answer = run_sql(filled, "SELECT id, number FROM activities WHERE number > 5")
    assert (answer.columns, answer.rows) == (("id", "number"), ())


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM fg_activities",
        "UPDATE fg_activities SET title = 'x'",
        "DROP TABLE fg_activities",
        "DROP VIEW activities",
        "CREATE TABLE x (y INTEGER)",
        "INSERT INTO fg_athletes (id, next_number, created_at) VALUES ('x', 1, 'now') RETURNING id",
        "DELETE FROM fg_activities RETURNING id",
    ],
)
def test_a_statement_that_would_change_something_is_refused(filled, statement):
    """A statement that would write is refused by the database, and nothing changes."""
    with pytest.raises(UserMistake) as caught:
        run_sql(filled, statement)
    assert caught.value.code == "FG-sql-read-only"
    assert count(filled) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; DELETE FROM fg_activities",
        "COMMIT; DELETE FROM fg_activities",
        "ROLLBACK; DELETE FROM fg_activities; SELECT 1",
    ],
)
def test_only_one_statement_is_taken(filled, statement):
    """A text with two statements is refused, and nothing changes."""
    with pytest.raises(UserMistake):
        run_sql(filled, statement)
    assert count(filled) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "  ",
        "-- a comment",
        "SELEKT 1",
        "SELECT * FROM nowhere",
        "SELECT nothing FROM activities",
        "SELECT ?",
        "SELECT 1 WHERE",
        "COMMIT",
        "BEGIN",
        "SELECT 'a\0b'",
        "SELECT '\ud800'",
        "SELECT (",
        "SELECT :x",
    ],
)
def test_a_rejected_statement_is_explained_in_one_line(filled, statement):
    """A statement that the database rejects raises FG-sql-failed with its message in one line, and
    the next query works.
    """
    with pytest.raises(UserMistake) as caught:
        run_sql(filled, statement)
    assert caught.value.code == "FG-sql-failed"
    assert "\n" not in (caught.value.why or "")
    assert "activities" in caught.value.fix
    assert run_sql(filled, "SELECT 1 AS one").rows == ((1,),)


def test_the_store_can_write_after_a_question(filled, library_of):
    """The store can be written after a query."""
    run_sql(filled, "SELECT 1 AS one")
    with filled.write() as db:
        library_of(db).activity()
    assert count(filled) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "ATTACH DATABASE ':memory:' AS other",
    ],
)
def test_no_setting_of_sqlite_opens_the_next_question(sqlite, library_of, statement):
    """Whatever a user's PRAGMA or ATTACH changes, the next statement can still only read, and the
    journal mode stays.
    """
    with sqlite.write() as db:
        library_of(db).activity()
    with suppress(UserMistake):
        run_sql(sqlite, statement)
    with pytest.raises(UserMistake):
        run_sql(sqlite, "DELETE FROM fg_activities")
    assert run_sql(sqlite, "PRAGMA journal_mode").rows == (("wal",),)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT set_config('transaction_read_only', 'off', false)",
        "WITH x AS (DELETE FROM fg_activities RETURNING id) SELECT * FROM x",
        "SELECT nextval('fg_runs_id_seq')",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    ],
)
def test_no_trick_of_postgresql_opens_a_transaction(postgresql, library_of, statement):
    """A function or a common table expression that writes is refused, and so is a setting that
    would allow later statements to write.
    """
    with postgresql.write() as db:
        library_of(db).activity()
    with pytest.raises(UserMistake):
        run_sql(postgresql, statement)
    with pytest.raises(UserMistake):
        run_sql(postgresql, "DELETE FROM fg_activities")


def test_columns_of_every_view_can_be_listed(filled):
    """The columns of every view can be listed, which ``fitglue sql`` without a statement shows."""
    assert {view for view, _ in column_names(filled)} == {
        "activities",
        "laps",
        "source_activities",
        "runs",
    }

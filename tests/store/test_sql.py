"""Tests of ``fitglue sql``, which runs a user's statement and lets the database ensure that it only
reads.
"""

from __future__ import annotations

import tracemalloc
from contextlib import suppress

import pytest
import sqlalchemy as sa

from fitglue_registry.errors import StoreFailed, UserMistake
from fitglue_registry.store.sql import SqlLimits, column_names, run_sql
from fitglue_registry.store.tables import activities
from tests.library import READER, reading

#: A statement without an end, and one whose only row is too large for any memory.
ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS i FROM n"
)
ENDLESS_ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


@pytest.fixture
def filled(database, library_of):
    """Return a database with one activity."""
    with database.write() as db:
        library_of(db).activity(title="100 % Übung")
    return database


def ask(database, statement, limits=None):
    """Run a statement as the operator of a server lets it run."""
    return run_sql(database, statement, limits, **reading(database))


def count(database):
    with database.read() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(activities))


def test_a_question_is_answered_with_names_and_rows(filled):
    """A query returns the column names of the statement and the rows."""
    answer = ask(filled, "SELECT number, title AS what FROM activities")
    assert (answer.columns, answer.rows) == (("number", "what"), ((1, "100 % Übung"),))


def test_a_percent_sign_is_one(filled):
    """A percent sign in a statement is not treated as a parameter."""
    assert ask(
        filled, "SELECT count(*) FROM activities WHERE title LIKE '%Ü%' OR title = '%s %(x)s'"
    ).rows == ((1,),)


def test_a_question_without_an_answer_has_columns(filled):
    """A query without rows returns its column names."""
    answer = ask(filled, "SELECT id, number FROM activities WHERE number > 5")
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
        ask(filled, statement)
    assert caught.value.code == "FG-sql-read-only"
    assert count(filled) == 1


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\n ; ",
        "-- a comment\n",
        "-- a comment that a carriage return ends\r",
        "/* a comment */ /**/",
        "/* a comment /* inside */ another */",
        "/*/**/*/",
    ],
)
def test_a_statement_that_reaches_files_of_the_server_is_refused(filled, before):
    """COPY is refused before the database sees it, whatever comments precede it."""
    with pytest.raises(UserMistake) as caught:
        ask(filled, f"{before}COPY fg_activities TO '/tmp/x'")
    assert caught.value.code == "FG-sql-read-only"
    assert caught.value.why == "that statement can read or write files of the server"


@pytest.mark.parametrize("unit", ["/**/", "/*", " ", "--\n", ";"])
def test_comments_before_a_statement_are_read_in_linear_time(filled, unit):
    """A flood of comments before a statement ends at once, however they begin and end."""
    with suppress(UserMistake):
        ask(filled, unit * 20_000 + "x")


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
        ask(filled, statement)
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
        ask(filled, statement)
    assert caught.value.code == "FG-sql-failed"
    assert "\n" not in (caught.value.why or "")
    assert "activities" in caught.value.fix
    assert ask(filled, "SELECT 1 AS one").rows == ((1,),)


def test_the_store_can_write_after_a_question(filled, library_of):
    """The store can be written after a query."""
    ask(filled, "SELECT 1 AS one")
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
        ask(sqlite, statement)
    with pytest.raises(UserMistake):
        ask(sqlite, "DELETE FROM fg_activities")
    assert ask(sqlite, "PRAGMA journal_mode").rows == (("wal",),)


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
        ask(postgresql, statement)
    with pytest.raises(UserMistake):
        ask(postgresql, "DELETE FROM fg_activities")


@pytest.mark.parametrize("statement", [ENDLESS, f"SELECT * FROM ({ENDLESS}) AS n LIMIT 1"])
def test_a_statement_without_an_end_is_stopped(filled, statement):
    """A statement that runs longer than it may is stopped, and the next one works."""
    with pytest.raises(UserMistake) as caught:
        ask(filled, statement, SqlLimits(seconds=0.2))
    assert caught.value.code == "FG-sql-too-slow"
    assert ask(filled, "SELECT 1 AS one").rows == ((1,),)


@pytest.mark.parametrize(
    ("statement", "limits"),
    [
        (ENDLESS_ROWS, SqlLimits(rows=1000)),
        ("SELECT 1 AS one UNION ALL SELECT 2", SqlLimits(rows=1)),
        (ENDLESS_ROWS.replace("SELECT i FROM", "SELECT repeat_ FROM"), SqlLimits(size=1_000_000)),
    ],
    ids=["without an end", "one too many", "too many bytes"],
)
def test_a_result_that_is_too_large_is_refused(filled, statement, limits):
    """A result with more rows or bytes than it may have is refused before it fills the memory, and
    the next statement works.
    """
    long_text = "CAST(i AS TEXT) || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
    with pytest.raises(UserMistake) as caught:
        ask(filled, statement.replace("repeat_", long_text), limits)
    assert caught.value.code == "FG-sql-too-large"
    assert ask(filled, "SELECT 1 AS one").rows == ((1,),)


@pytest.mark.parametrize(
    "expression",
    [
        "zeroblob(1000000000)",
        "hex(zeroblob(500000000))",
        "printf('%.*c', 20000000, 'x') || 'y'",
        "replace(hex(zeroblob(400000)), '0', 'abcdefgh')",
    ],
)
def test_a_value_that_is_too_long_is_refused(sqlite, expression):
    """One value of SQLite cannot fill the memory either."""
    tracemalloc.start()
    try:
        with suppress(UserMistake):
            ask(sqlite, f"SELECT {expression} AS value")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert ask(sqlite, "SELECT 1 AS one").rows == ((1,),)


def test_a_long_stored_value_can_be_measured(sqlite):
    """A stored value that is too long to be read does not keep its row from being queried."""
    with sqlite.write() as db:
        db.exec_driver_sql("CREATE TABLE long (id INTEGER, content BLOB)")
        db.exec_driver_sql("INSERT INTO long VALUES (1, zeroblob(5000000))")
    assert ask(sqlite, "SELECT id, length(content) FROM long").rows == ((1, 5_000_000),)
    with pytest.raises(UserMistake) as caught:
        ask(sqlite, "SELECT content FROM long")
    assert caught.value.code == "FG-sql-too-large"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("foreign_keys", "OFF"),
        ("case_sensitive_like", "ON"),
        ("writable_schema", "ON"),
        ("busy_timeout", "1"),
        ("cache_size", "1"),
        ("hard_heap_limit", "1"),
        ("locking_mode", "EXCLUSIVE"),
        ("user_version", "7"),
        ("wal_checkpoint", "TRUNCATE"),
        ("temp_store_directory", "'/'"),
    ],
)
def test_no_pragma_outlives_its_statement(sqlite, setting, value):
    """A PRAGMA that sets something is refused in both of its forms, and nothing is set."""
    question = f"PRAGMA {setting}"
    with sqlite.read() as db:
        before = (
            [tuple(row) for row in db.exec_driver_sql(f"PRAGMA {setting}")]
            if (setting not in ("case_sensitive_like", "wal_checkpoint"))
            else []
        )
    for statement in (f"{question} = {value}", f"{question}({value})"):
        with pytest.raises(UserMistake) as caught:
            ask(sqlite, statement)
        assert caught.value.code == "FG-sql-read-only"
    if before:
        with sqlite.read() as db:
            assert [tuple(row) for row in db.exec_driver_sql(question)] == before


@pytest.mark.parametrize(
    "statement", ["PRAGMA table_info(fg_activities)", "PRAGMA user_version", "PRAGMA quick_check"]
)
def test_a_pragma_that_only_reads_is_answered(sqlite, statement):
    """A PRAGMA that describes the schema or the file is answered."""
    assert ask(sqlite, statement).rows


def test_each_statement_has_a_connection_of_its_own(filled):
    """The connection of a statement is closed after it, and returns to no pool."""
    pool = filled.engine.pool
    ask(filled, "SELECT 1 AS one")
    before = pool.checkedin()
    for _ in range(3):
        ask(filled, "SELECT 1 AS one")
    assert pool.checkedin() == before


def test_the_role_of_the_operator_is_used(postgresql, library_of):
    """On PostgreSQL, a statement has the role that the operator chose: it reads the views, and no
    table.
    """
    with postgresql.write() as db:
        library_of(db).activity()
    assert ask(postgresql, "SELECT current_user").rows == ((READER,),)
    assert ask(postgresql, "SELECT count(*) FROM activities").rows == ((1,),)
    with pytest.raises(UserMistake) as caught:
        ask(postgresql, "SELECT * FROM fg_connections")
    assert "permission denied" in caught.value.why


@pytest.mark.parametrize("role", [None, "postgres", READER])
def test_a_superuser_is_refused(postgresql, role):
    """On PostgreSQL, no statement runs with the login of a superuser, who could read the files of
    the server, whatever role is set for the statement.
    """
    reading(postgresql)
    with pytest.raises(StoreFailed) as caught:
        run_sql(postgresql, "SELECT 1 AS one", role=role)
    assert (caught.value.code, "sql_database" in caught.value.fix) == ("FG-sql-superuser", True)


@pytest.mark.parametrize("role", ["nobody_has_this_name", 'a"; DROP TABLE fg_activities; --'])
def test_a_role_that_does_not_exist_is_explained(postgresql, role):
    """A role that cannot be taken is reported with its fix, whatever its name contains."""
    url = reading(postgresql)["url"]
    with pytest.raises(StoreFailed) as caught:
        run_sql(postgresql, "SELECT 1 AS one", role=role, url=url)
    assert caught.value.code == "FG-sql-role"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT set_config('role', 'none', false), query_to_xml('SELECT 1', true, false, '')",
        "SELECT U&\"\\0073et_config\"('statement_timeout', '0', false)",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
        "RESET ROLE",
        "SET statement_timeout = 0",
    ],
)
def test_a_statement_cannot_undo_its_limits(postgresql, statement):
    """No statement takes another role, more time, or ends the sessions of others."""
    with pytest.raises(UserMistake):
        ask(postgresql, statement)
    assert ask(postgresql, "SHOW statement_timeout").rows == (("1min",),)
    assert ask(postgresql, "SELECT current_user").rows == ((READER,),)


def test_columns_of_every_view_can_be_listed(filled):
    """The columns of every view can be listed, which ``fitglue sql`` without a statement shows."""
    assert {view for view, _ in column_names(filled)} == {
        "activities",
        "laps",
        "source_activities",
        "runs",
        "sets",
        "zones",
        "gear",
        "devices",
        "metrics",
        "computed",
        "fitness",
        "pipelines",
        "deliveries",
        "delivery_log",
    }

"""Tests of opening a database: it is created, upgraded, or refused if it is newer, and failures of
drivers are translated.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from fitglue_registry.errors import StoreFailed
from fitglue_registry.store import migrate
from fitglue_registry.store import sqlite as module
from fitglue_registry.store.database import Database
from fitglue_registry.store.formats import FORMATS, HEAD
from fitglue_registry.store.tables import activities, athletes, metadata


def touch(database):
    """Open a database for reading, as any command does, and return the number of athletes."""
    with database.read() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(athletes))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """Return the URL of an empty database, of each kind."""
    return (
        f"sqlite:///{tmp_path / 'fitglue.db'}"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres_url")
    )


@pytest.fixture
def open_database():
    """Return a function that opens databases, which are closed at the end."""
    opened = []

    def make(url):
        opened.append(Database(url, migrate.upgrade))
        return opened[-1]

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "fitglue.db"


# -- formats ---------------------------------------------------------------------------------------


def test_the_newest_format_is_the_newest_migration():
    """The list of formats contains every migration, since others would never run."""
    scripts = ScriptDirectory.from_config(migrate.config())
    newest_first = [script.revision for script in scripts.walk_revisions()]
    assert scripts.get_heads() == [HEAD]
    assert newest_first == list(reversed(FORMATS))


def test_migrations_make_the_tables_that_the_code_names(empty, open_database):
    """The migrations make the same columns, types, indexes and constraints as the table
    definitions, as Alembic compares them.
    """
    database = open_database(empty)
    with database.engine.connect().execution_options(fitglue_write=True) as db, db.begin():
        migrate.upgrade(db)
    with database.read() as db:
        context = MigrationContext.configure(
            db, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_a_database_that_is_made_at_once_is_like_one_that_went_through_every_format(
    empty, request, open_database, tmp_path
):
    """A database that is created in the newest format has the same tables and views as one that
    went through every migration.
    """
    other = (
        f"sqlite:///{tmp_path / 'other.db'}"
        if "sqlite" in empty
        else request.getfixturevalue("new_postgres_database")()
    )
    made, migrated = open_database(empty), open_database(other)
    touch(made)
    with migrated.engine.connect().execution_options(fitglue_write=True) as db, db.begin():
        migrate.upgrade(db)
    assert shape(made) == shape(migrated)


def shape(database):
    """Return every table and view as the database describes it."""
    with database.read() as db:
        inspector = sa.inspect(db)
        tables = {
            name: (
                {
                    column["name"]: (str(column["type"]), column["nullable"])
                    for column in inspector.get_columns(name)
                },
                inspector.get_pk_constraint(name)["constrained_columns"],
                sorted(
                    (index["name"], index["column_names"], bool(index["unique"]))
                    for index in inspector.get_indexes(name)
                ),
                sorted(key["column_names"] for key in inspector.get_unique_constraints(name)),
                sorted(
                    (key["constrained_columns"], key["referred_table"], str(key["options"]))
                    for key in inspector.get_foreign_keys(name)
                ),
            )
            for name in inspector.get_table_names()
        }
        return (
            tables,
            sorted(inspector.get_view_names()),
            db.execute(sa.text("SELECT version_num FROM alembic_version")).scalar(),
        )


def test_a_new_database_has_the_newest_format(empty, open_database):
    """An empty database has no format, and its first use creates the newest one."""
    database = open_database(empty)
    assert database.revision() is None
    touch(database)
    assert database.revision() == HEAD


def test_a_database_is_made_once(empty, open_database):
    """A database that is opened again contains what was written before."""
    with open_database(empty).write() as db:
        db.execute(sa.insert(athletes).values(id="me", created_at="now"))
    assert touch(open_database(empty)) == 1


def test_two_that_meet_an_empty_database_make_it_once(empty, open_database):
    """Two processes that open an empty database at the same moment create it once."""
    databases = [open_database(empty) for _ in range(2)]
    failures = []
    meeting = threading.Barrier(2)

    def work(database):
        meeting.wait()
        try:
            touch(database)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)

    threads = [threading.Thread(target=work, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [touch(database) for database in databases] == [0, 0]


def test_the_folder_of_the_database_is_made(tmp_path, open_database):
    """A missing folder is created with the database, so a new user need not prepare anything."""
    assert touch(open_database(f"sqlite:///{tmp_path / 'a' / 'b' / 'fitglue.db'}")) == 0


def test_a_database_of_a_newer_version_is_refused_and_untouched(empty, open_database):
    """A database of a newer format is refused and not changed, because an older version could lose
    data of the newer one.
    """
    first = open_database(empty)
    touch(first)
    with first.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("DROP VIEW laps")
    first.close()
    before = _content(empty)
    for _ in range(2):
        with pytest.raises(StoreFailed) as caught:
            touch(open_database(empty))
        assert caught.value.code == "FG-store-newer"
        assert f"format 9999; this version knows {HEAD}" in caught.value.what
    assert _content(empty) == before


def _content(url):
    if url.startswith("sqlite"):
        file = url.removeprefix("sqlite:///")
        with open(file, "rb") as stream:  # noqa: PTH123 - a plain name
            return hashlib.sha256(stream.read()).hexdigest()
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        files = connection.exec_driver_sql(
            "SELECT relname, relfilenode FROM pg_class "
            "WHERE relnamespace = 'fitglue'::regnamespace "
            "ORDER BY relname"
        ).all()
    engine.dispose()
    return files


def test_views_are_made_anew_by_an_upgrade(sqlite):
    """An upgrade replaces a view that somebody had changed."""
    with sqlite.write() as db:
        db.exec_driver_sql("DROP VIEW laps")
        migrate.upgrade(db)
        assert "laps" in sa.inspect(db).get_view_names()


# -- transactions ----------------------------------------------------------------------------------


def test_a_failed_transaction_leaves_nothing(database):
    """A transaction in which an exception is raised writes nothing."""
    with pytest.raises(ZeroDivisionError), database.write() as db:
        db.execute(sa.insert(athletes).values(id=str(1 // 0), created_at="now"))
    assert touch(database) == 0


def test_a_reader_sees_the_state_of_its_beginning(database):
    """A read transaction does not see what others commit while it is open."""
    with database.read() as db:
        count = sa.select(sa.func.count()).select_from(athletes)
        assert db.scalar(count) == 0
        with database.write() as other:
            other.execute(sa.insert(athletes).values(id="me", created_at="now"))
        assert db.scalar(count) == 0
    assert touch(database) == 1


def test_foreign_keys_are_held(database):
    """A row that names a missing row is rejected with the database's own error, which is not
    mistaken for a failure of the server.
    """
    with pytest.raises(sa.exc.IntegrityError), database.write() as db:
        db.exec_driver_sql(
            "INSERT INTO fg_connections (id, athlete_id, name, integration, source, "
            "account_id, notes, settings, state, "
            "created_at) VALUES ('c', 'nobody', 'x', 'x', 'x', 'x', '[]', '{}', 'ok', 'now')"
        )


def test_odd_text_is_taken_by_every_database(database):
    """NUL and lone surrogates are replaced in every column, both in stored values and in the values
    of a query.
    """
    with database.write() as db:
        db.execute(sa.insert(athletes).values(id="a\0b\ud800", created_at="now"))
        assert db.scalar(sa.select(athletes.c.id).where(athletes.c.id == "a\0b\ud800")) == "a�b�"


# -- failures --------------------------------------------------------------------------------------


def refused(database, write=False):
    """Return the error that opening the database raises."""
    with pytest.raises(StoreFailed) as caught, database.write() if write else database.read():
        pass
    return caught.value


@pytest.mark.parametrize(
    "content",
    [b"this is a letter to my aunt " * 50, b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 4000],
)
def test_a_file_that_is_no_database_is_named(file, open_database, content):
    """A file that is not a database is reported by its path and not changed, and the fix says to
    move it aside.
    """
    file.write_bytes(content)
    error = refused(open_database(f"sqlite:///{file}"))
    assert (error.code, error.at.file) == ("FG-store-damaged", str(file))
    assert "move the file aside" in error.fix
    assert file.read_bytes() == content


def test_a_damaged_database_is_named(sqlite):
    """A database with overwritten pages is reported as damaged when they are read."""
    path = sqlite.path
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xde\xad" * ((len(content) - 4096) // 2)
    path.write_bytes(content)
    with pytest.raises(StoreFailed) as caught:
        touch(sqlite)
    assert caught.value.code == "FG-store-damaged"


def test_a_full_disk_is_reported_and_the_transaction_leaves_nothing(sqlite):
    """A transaction that fills the disk is rolled back and reported, and the database works once
    there is space again.
    """
    rows = [{"id": f"{number}{'x' * 2000}", "created_at": "now"} for number in range(50)]
    with sqlite.read() as db:
        db.exec_driver_sql(
            f"PRAGMA max_page_count = {db.exec_driver_sql('PRAGMA page_count').scalar() + 2}"
        )
    with pytest.raises(StoreFailed) as caught, sqlite.write() as db:
        db.execute(sa.insert(athletes), rows)
    assert (caught.value.code, caught.value.at.file) == ("FG-disk-full", str(sqlite.path))
    sqlite.close()
    assert touch(sqlite) == 0


def test_a_database_that_cannot_be_written_is_reported(sqlite):
    """Writing to a read-only database is reported as such, and reading still works."""
    with sqlite.read() as db:
        db.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StoreFailed) as caught, sqlite.write() as db:
        db.execute(sa.insert(athletes).values(id="me", created_at="now"))
    assert caught.value.code == "FG-store-read-only"
    assert touch(sqlite) == 0


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_the_file_that_cannot_be_written_is_named(sqlite, monkeypatch, ending):
    """The error for a read-only database names the file that causes it, also one beside it."""
    with sqlite.read() as db:
        db.exec_driver_sql("PRAGMA query_only = ON")
    file = f"{sqlite.path}{ending}"
    # Root may write every file, whatever its mode is.
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != file)
    with pytest.raises(StoreFailed) as caught, sqlite.write() as db:
        db.execute(sa.insert(athletes).values(id="me", created_at="now"))
    error = caught.value
    assert (error.code, error.at.file) == ("FG-store-read-only", file)
    assert error.fix == f"chmod u+w {file}"


def test_a_locked_database_is_waited_for_and_then_reported(
    file, open_database, monkeypatch, migrated_file
):
    """A writer waits for a database that another program has locked, and then reports the lock;
    readers are not disturbed.
    """
    monkeypatch.setattr(module, "_BUSY_MS", 50)
    file.write_bytes(migrated_file.read_bytes())
    database = open_database(f"sqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    error = refused(database, write=True)
    assert (error.code, error.fix) == ("FG-store-locked", "close it and run the same command again")
    assert touch(database) == 0
    other.close()
    with database.write():
        pass


def test_a_folder_in_place_of_the_file_is_reported(tmp_path, open_database):
    """A database that cannot be opened, here because its path is a folder, is reported with its
    path.
    """
    assert refused(open_database(f"sqlite:///{tmp_path}")).code == "FG-store-unreachable"


def test_a_file_in_place_of_the_folder_is_reported(tmp_path, open_database):
    """A database in a folder that cannot be created, because a file has its name, is reported with
    its path.
    """
    (tmp_path / "file").write_text("")
    error = refused(open_database(f"sqlite:///{tmp_path / 'file' / 'fitglue.db'}"))
    assert (error.code, error.at.file) == ("FG-store-unreachable", str(tmp_path / "file"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:planted-secret@127.0.0.1:1/db",
        "postgresql://u:planted-secret@no.such.host.invalid/db",
        "postgresql:///db?host=/nowhere&user=u&password=planted-secret",
    ],
)
def test_a_server_that_does_not_answer_is_reported_without_the_password(open_database, url):
    """A server that does not answer is reported with its URL, without any password."""
    error = refused(open_database(url))
    assert error.code == "FG-store-unreachable"
    assert "planted-secret" not in str(error.as_dict())


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("not a url", "FG-database-url"),
        ("", "FG-database-url"),
        ("/home/me/fitglue.db", "FG-database-url"),
        ("mysql://localhost/x", "FG-database-unknown"),
        ("oracle+cx_oracle://x", "FG-database-unknown"),
        ("postgresql+nothing://h/x", "FG-database-unknown"),
        ("sqlite+nothing:///x.db", "FG-database-unknown"),
    ],
)
def test_a_url_of_another_kind_is_refused_with_the_kinds_there_are(url, code):
    """A wrong FITGLUE_DATABASE is explained before anything is opened.

    The fix lists the supported kinds.
    """
    with pytest.raises(StoreFailed) as caught:
        Database(url, migrate.upgrade)
    assert caught.value.code == code
    assert "sqlite:///" in caught.value.fix


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_usual_spelling_of_postgresql_is_taken(scheme):
    """The spelling ``postgres://``, which hosting services use, is accepted."""
    assert Database(f"{scheme}://u@h/db", migrate.upgrade).url.drivername == "postgresql+psycopg"


def test_the_shown_url_has_no_password():
    """The URL for messages and logs contains no password."""
    in_query = "postgresql://u@h/db?password=planted-secret&sslpassword=planted-secret"
    assert "planted-secret" not in Database(in_query, migrate.upgrade).display_url
    in_login = "postgresql://u:planted-secret@h/db"
    shown = Database(in_login, migrate.upgrade).display_url
    assert shown == "postgresql+psycopg://u:***@h/db"


def test_only_its_owner_can_read_a_new_database(file, open_database):
    """Only its owner can read the file of a new database and the log next to it, even if others can
    enter the folder.
    """
    database = open_database(f"sqlite:///{file}")
    touch(database)
    assert {
        path.name: path.stat().st_mode & 0o777 for path in file.parent.glob("fitglue.db*")
    } == dict.fromkeys([path.name for path in file.parent.glob("fitglue.db*")], 0o600)


# -- values that a migration fills -----------------------------------------------------------------

#: Document → the columns ``start_utc`` and ``start_local`` of format 0002, and then ``start_local``
#: and ``day`` of format 0003.
STARTS = {
    '{"start_utc":"2026-05-01T23:30:00Z"}': (
        ("2026-05-01T23:30:00Z", "2026-05-01T23:30:00"),
        (None, "2026-05-01", "2026-05-01T23:30:00"),
    ),
    '{"start_utc":"2026-05-01T23:30:00Z","utc_offset_s":7200}': (
        ("2026-05-01T23:30:00Z", "2026-05-02T01:30:00"),
        ("2026-05-02T01:30:00", "2026-05-02", "2026-05-01T23:30:00"),
    ),
    '{"start_local":"2026-05-02T01:30:00"}': (
        (None, "2026-05-02T01:30:00"),
        ("2026-05-02T01:30:00", "2026-05-02", "2026-05-02T01:30:00"),
    ),
    # A damaged document cannot tell, and does not stop the upgrade.
    '{"start_utc":"2026-05-01': (
        ("2026-05-01T23:30:00Z", "2026-05-02T01:30:00"),
        ("2026-05-02T01:30:00", "2026-05-02", "2026-05-01T23:30:00"),
    ),
}


def test_a_store_of_format_0002_has_honest_local_times_after_its_upgrade(empty, open_database):
    """The upgrade clears a local start that was UTC, fills the day and the columns that lists sort
    and the matcher searches by, and keeps the local starts that are known.
    """
    database = open_database(empty)
    with database.engine.connect().execution_options(fitglue_write=True) as db, db.begin():
        migrate.upgrade(db, "0002")
        for number, (document, (before, _)) in enumerate(STARTS.items()):
            db.execute(sa.text(OLD_ACTIVITY), _old_row(number, document, *before))
        migrate.upgrade(db)
    with database.read() as db:
        columns = (activities.c[name] for name in ("start_local", "day", "sort_start"))
        rows = db.execute(sa.select(*columns).order_by(activities.c.number))
        assert [tuple(row) for row in rows] == [after for _, after in STARTS.values()]


OLD_ACTIVITY = (
    "INSERT INTO fg_activities (id, athlete_id, number, document, origins, start_utc, start_local,"
    " created_at, updated_at) VALUES (:id, 'me', :number, :document, '{}', :utc, :local, :now,"
    " :now)"
)


def _old_row(number, document, start_utc, start_local):
    return {
        "id": str(number),
        "number": number,
        "document": document,
        "utc": start_utc,
        "local": start_local,
        "now": "2026-06-15T12:00:00Z",
    }

"""On PostgreSQL, everything is in a schema of its own, and nothing of an application is touched."""

from __future__ import annotations

import logging
import lzma
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from fitglue_registry.errors import StoreFailed
from fitglue_registry.store import migrate
from fitglue_registry.store.database import Database
from fitglue_registry.store.formats import HEAD
from fitglue_registry.store.tables import athletes, metadata

OLD = Path(__file__).parent / "old" / "postgresql-448be4f.sql.xz"
#: An application that has tables and views with our names, and uses Alembic as well.
APPLICATION = """
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL);
INSERT INTO alembic_version VALUES ('3f2a91c7d0e4');
CREATE TABLE runs (id integer PRIMARY KEY, batch text);
INSERT INTO runs VALUES (1, 'nightly');
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE VIEW activities AS SELECT id AS customer FROM customers;
CREATE VIEW laps AS SELECT batch FROM runs;
"""


@pytest.fixture
def execute(postgres_url):
    """A function that runs SQL as the application, and returns the rows of the last statement."""

    def run(statements: str) -> list[tuple]:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            cursor = connection.execute(statements)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def open_database(postgres_url):
    """A function that opens the database with ours, which may have another search path."""
    opened = []

    def open_(options: str = "") -> Database:
        opened.append(Database(postgres_url + options, migrate.upgrade))
        return opened[-1]

    yield open_
    for database in opened:
        database.close()


def count_athletes(database: Database) -> int:
    """Use the database, and return the number of athletes."""
    with database.write() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(athletes))


def names_in(execute, schema: str) -> set[str]:
    """Return the names of the tables, views and sequences in a schema."""
    query = (
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'S') "
        f"AND relnamespace = to_regnamespace('{schema}')"
    )
    return {name for (name,) in execute(query)}


def definitions(execute) -> list[tuple]:
    """Return the tables and views in ``public`` with their ids, and the definitions of views."""
    return execute(
        "SELECT relname, oid, relfilenode, CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) END "
        "FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
    )


def test_an_application_in_the_same_database_is_not_touched(execute, open_database, reliability):
    """Tables and views of an application that have our names stay, its version table is not taken
    for ours, and the store works.
    """
    execute(APPLICATION)
    before = definitions(execute)
    database = open_database()
    assert count_athletes(database) == 0
    assert database.revision() == HEAD
    assert definitions(execute) == before
    assert execute("SELECT version_num FROM public.alembic_version") == [("3f2a91c7d0e4",)]
    assert names_in(execute, "fitglue") >= {"alembic_version", "activities", *metadata.tables}
    reliability(
        "athletes",
        "an application with tables and views of the same names in PostgreSQL",
        times=5,
        lost=0,
        seen="they stay; the store is in its own schema",
    )


def test_an_upgrade_does_not_touch_the_application(execute, open_database):
    """An upgrade, which creates our views again, leaves the views of an application as they are."""
    count_athletes(open_database())
    execute(APPLICATION)
    before = definitions(execute)
    database = open_database()
    with database.write() as db:
        migrate.upgrade(db)
    assert definitions(execute) == before


@pytest.mark.parametrize(
    "application",
    [pytest.param("", marks=pytest.mark.long), "CREATE TABLE customers (id integer);"],
    ids=["alone", "beside an application"],
)
def test_a_store_of_an_earlier_version_is_moved(
    execute, open_database, application, caplog, reliability
):
    """The tables and views that commit 448be4f made in ``public`` are moved with their rows and
    upgraded, what is not ours stays, and the log says so.
    """
    caplog.set_level(logging.INFO)
    execute(lzma.decompress(OLD.read_bytes()).decode())
    execute(application + "SELECT 1")
    moved = names_in(execute, "public") - {"customers"}
    database = open_database()
    with database.read() as db:
        titles = list(db.exec_driver_sql("SELECT title FROM activities ORDER BY number").scalars())
        records = db.exec_driver_sql("SELECT count(*) FROM fg_records").scalar()
    assert len(titles) == 3
    assert records == 4
    assert database.revision() == HEAD
    assert names_in(execute, "public") == ({"customers"} if application else set())
    assert names_in(execute, "fitglue") >= moved
    assert "moving the tables of FitGlue from the schema public to fitglue" in caplog.text
    reliability(
        "old stores",
        "a store in the schema public of PostgreSQL, made by 448be4f",
        lost=3 - len(titles),
        seen="moved to its own schema and upgraded",
    )


@pytest.mark.long
def test_a_moved_store_can_be_written(execute, open_database):
    """After the move, new rows get new ids, because the sequences were moved too."""
    execute(lzma.decompress(OLD.read_bytes()).decode())
    database = open_database()
    assert count_athletes(database) == 1
    with database.write() as db:
        db.exec_driver_sql(
            "INSERT INTO fg_runs (athlete_id, kind, started_at, options, counts, host_version) "
            "VALUES ('me', 'sync', 'now', '{}', '{}', '1')"
        )
        assert db.exec_driver_sql("SELECT max(id) FROM fg_runs").scalar() == 2


@pytest.mark.long
def test_two_that_meet_an_earlier_store_move_it_once(execute, open_database):
    """A second process that opens the store finds it moved."""
    execute(lzma.decompress(OLD.read_bytes()).decode())
    assert [count_athletes(open_database()) for _ in range(2)] == [1, 1]


def test_a_view_that_an_application_made_of_our_tables_stays(execute, open_database):
    """A view with one of our names that is not ours is not moved, and still works."""
    execute(lzma.decompress(OLD.read_bytes()).decode())
    execute(
        "DROP VIEW public.activities; CREATE VIEW public.activities AS "
        "SELECT title AS headline FROM public.fg_activities"
    )
    count_athletes(open_database())
    assert len(execute("SELECT headline FROM public.activities")) == 3


@pytest.mark.long
def test_a_version_table_that_is_shared_keeps_the_other_rows(execute, open_database):
    """If an application has a row of its own in the version table, only our row is moved."""
    execute(lzma.decompress(OLD.read_bytes()).decode())
    execute("INSERT INTO public.alembic_version VALUES ('3f2a91c7d0e4')")
    database = open_database()
    assert count_athletes(database) == 1
    assert database.revision() == HEAD
    assert execute("SELECT version_num FROM public.alembic_version") == [("3f2a91c7d0e4",)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE public.alembic_version SET version_num = '3f2a91c7d0e4'",
        pytest.param("DROP TABLE public.alembic_version", marks=pytest.mark.long),
        "ALTER TABLE public.fg_records RENAME TO fg_others",
    ],
    ids=["another version", "no version", "not all of our tables"],
)
def test_what_may_not_be_ours_is_not_moved(execute, open_database, change):
    """Without our version row and all of our tables beside it, nothing is moved."""
    execute(lzma.decompress(OLD.read_bytes()).decode())
    execute(change)
    before = definitions(execute)
    assert count_athletes(open_database()) == 0
    assert definitions(execute) == before


def test_a_view_that_uses_ours_is_not_dropped_by_an_upgrade(execute, open_database):
    """If a view of an application uses one of ours, the upgrade changes nothing, and the error
    names the view; once it is gone, the upgrade succeeds.
    """
    execute(lzma.decompress(OLD.read_bytes()).decode())
    execute("CREATE VIEW public.weekly AS SELECT title FROM public.activities")
    before = definitions(execute)
    error = refusal(open_database())
    assert (error.code, "weekly" in error.why) == ("FG-views-in-use", True)
    assert definitions(execute) == before
    execute("DROP VIEW public.weekly")
    assert count_athletes(open_database()) == 1


@pytest.mark.long
def test_a_version_table_of_an_application_with_our_number_is_not_ours(execute, open_database):
    """An application whose own format is called 0002 is not taken for a store."""
    execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    execute("INSERT INTO alembic_version VALUES ('0002')")
    assert count_athletes(open_database()) == 0
    assert execute("SELECT version_num FROM public.alembic_version") == [("0002",)]


@pytest.mark.long
def test_the_schema_of_a_role_is_searched_for_an_earlier_store(execute, open_database):
    """An earlier store is found in the schema that the search path of the database names."""
    sql = lzma.decompress(OLD.read_bytes()).decode().replace("public.", "app.")
    execute("CREATE SCHEMA app;" + sql)
    [(name,)] = execute("SELECT current_database()")
    execute(f"ALTER DATABASE {name} SET search_path TO app, public")
    assert count_athletes(open_database()) == 1
    assert names_in(execute, "app") == set()


@pytest.mark.long
def test_the_url_can_name_another_schema(execute, open_database):
    """The search path in the options of the URL names the schema; a store that is there stays."""
    options = "&options=-csearch_path%3Dtraining"
    count_athletes(open_database(options))
    with open_database(options).write() as db:
        db.execute(sa.insert(athletes).values(id="me", created_at="now"))
    assert names_in(execute, "training") >= set(metadata.tables)
    assert names_in(execute, "fitglue") == set()
    assert count_athletes(open_database(options)) == 1


@pytest.mark.parametrize(
    "taken",
    [
        "CREATE TABLE fitglue.activities (id integer)",
        "CREATE VIEW fitglue.runs AS SELECT 1 AS one",
        "CREATE TABLE fitglue.alembic_version (version_num varchar(32))",
    ],
)
def test_a_schema_with_our_names_is_refused(execute, open_database, taken):
    """If somebody else has our names in the schema, nothing is created, and the error says what to
    do.
    """
    execute(f"CREATE SCHEMA fitglue; {taken}")
    before = names_in(execute, "fitglue")
    for _ in range(2):
        with pytest.raises(StoreFailed) as caught:
            count_athletes(open_database())
        assert caught.value.code == "FG-database-taken"
    assert names_in(execute, "fitglue") == before


@pytest.mark.parametrize(
    "taken",
    ["CREATE TABLE alembic_version (version_num)", "CREATE VIEW activities AS SELECT 1 AS one"],
)
def test_a_file_of_an_application_is_refused(tmp_path, taken):
    """A SQLite file of an application that has our names is refused and not changed."""
    url = f"sqlite:///{tmp_path / 'app.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(taken)
    engine.dispose()
    with closing(Database(url, migrate.upgrade)) as database:
        with pytest.raises(StoreFailed) as caught:
            count_athletes(database)
        assert caught.value.code == "FG-database-taken"
        with database.engine.connect() as connection:
            assert len(connection.exec_driver_sql("SELECT name FROM sqlite_master").all()) == 1


@pytest.fixture
def other_user(execute, postgres_url):
    """Yield the URL of the database with the login of a user who owns nothing."""
    [(name,)] = execute("SELECT current_database()")
    execute(
        "DROP ROLE IF EXISTS fitglue_app; CREATE ROLE fitglue_app LOGIN; "
        f"REVOKE CREATE ON DATABASE {name} FROM PUBLIC"
    )
    url = sa.make_url(postgres_url).set(username="fitglue_app")
    yield url.render_as_string(hide_password=False)
    execute("DROP OWNED BY fitglue_app CASCADE; DROP ROLE fitglue_app")


def refusal(database: Database) -> StoreFailed:
    """Use the database, which must be refused, and return the error."""
    with pytest.raises(StoreFailed) as caught:
        count_athletes(database)
    return caught.value


def test_a_user_without_permission_learns_what_the_owner_has_to_do(execute, other_user):
    """If the schema cannot be created, the error has the statement for the owner; after that
    statement, everything works.
    """
    with closing(Database(other_user, migrate.upgrade)) as database:
        error = refusal(database)
        assert error.code == "FG-schema-not-created"
        execute(error.fix.partition(": ")[2])
        assert count_athletes(database) == 0


@pytest.mark.long
def test_a_schema_that_a_user_may_not_use_is_reported(execute, other_user):
    """A schema of somebody else in which the user may create nothing is a mistake, not a bug."""
    execute("CREATE SCHEMA fitglue")
    with closing(Database(other_user, migrate.upgrade)) as database:
        assert refusal(database).code == "FG-store-denied"


@pytest.mark.long
def test_an_earlier_store_of_another_user_is_not_moved(execute, other_user):
    """Tables of another user cannot be moved, and the error says who has to do it."""
    execute(lzma.decompress(OLD.read_bytes()).decode())
    execute("CREATE SCHEMA fitglue AUTHORIZATION fitglue_app")
    execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO fitglue_app")
    before = definitions(execute)
    with closing(Database(other_user, migrate.upgrade)) as database:
        assert refusal(database).code == "FG-store-denied"
    assert definitions(execute) == before

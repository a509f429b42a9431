"""A fresh database of each kind for each test, and a builder that fills it with what the test
states.
"""

from __future__ import annotations

import itertools
import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

import pytest
import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.plugin_api import Account
from fitglue_registry.store import migrate, tables
from fitglue_registry.store.activities import Merged
from fitglue_registry.store.assignment import assign
from fitglue_registry.store.athletes import ensure_athlete
from fitglue_registry.store.connections import ConnectionRow, add_connection, list_connections
from fitglue_registry.store.database import Database
from fitglue_registry.store.encoding import encode_activity
from fitglue_registry.store.records import Attempt, insert_records, known_records, update_record
from fitglue_registry.store.source_activities import StoredLegs, put_source_activities
from fitglue_registry.store.source_activity_rows import documents_of, load_rows
from fitglue_registry.store.views import definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = "2026-06-15T12:00:00.000Z"
#: A role of PostgreSQL that may only read the views; the tests connect as a superuser.
READER = "fitglue_reader"
#: A login that is a member of this role and of nothing else.
READING_LOGIN = "fitglue_sql"
_MAKE_READER = """
DO $$ BEGIN
    CREATE ROLE fitglue_reader;
    CREATE ROLE fitglue_sql LOGIN IN ROLE fitglue_reader;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
START = datetime(2026, 5, 1, 7, 30)  # noqa: DTZ001 - a local time


class Reading(TypedDict, total=False):
    """The role and the URL of the login for ``fitglue sql``."""

    role: str
    url: str


def reading(database: Database) -> Reading:
    """Make the role and the login for ``fitglue sql``, as ``docs/views.md`` describes.

    Nothing is made or returned for SQLite.
    """
    if database.dialect != "postgresql":
        return {}
    with database.write() as db:
        db.exec_driver_sql(_MAKE_READER)
        schema = db.scalar(sa.text("SELECT current_schema()"))
        db.exec_driver_sql(f'GRANT USAGE ON SCHEMA "{schema}" TO {READER}')
        for view in definitions("postgresql"):
            db.exec_driver_sql(f'GRANT SELECT ON "{view}" TO {READER}')
    return {"role": READER, "url": url_of(database.url, READING_LOGIN)}


def url_of(url: str | sa.URL, login: str) -> str:
    """Return the URL of a PostgreSQL database with another login."""
    return sa.make_url(url).set(username=login).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of an empty SQLite database in the newest format, to be copied."""
    file = tmp_path_factory.mktemp("template") / "fitglue.db"
    _make(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgresql_database(new_postgres_database: Callable[..., str]) -> Iterator[Database]:
    """Yield an empty PostgreSQL database in the newest format, which must be left empty."""
    database = Database(new_postgres_database(), migrate.upgrade)
    with database.read():
        pass
    yield database
    database.close()


def _make(url: str) -> None:
    """Create a database in the newest format."""
    database = Database(url, migrate.upgrade)
    with database.read():
        pass
    database.close()


@pytest.fixture
def sqlite(tmp_path: Path, migrated_file: Path) -> Iterator[Database]:
    """Yield a SQLite database in the newest format."""
    shutil.copy(migrated_file, tmp_path / "fitglue.db")
    database = Database(f"sqlite:///{tmp_path / 'fitglue.db'}", migrate.upgrade)
    yield database
    database.close()


@pytest.fixture
def postgresql(postgresql_database: Database) -> Iterator[Database]:
    """Yield a PostgreSQL database in the newest format, and empty it after the test."""
    yield postgresql_database
    with postgresql_database.write() as db:
        if db.scalar(sa.select(tables.athletes.c.id).limit(1)) is not None:
            names = ", ".join(tables.metadata.tables)
            db.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def database(request: pytest.FixtureRequest) -> Database:
    """Return a database of each kind in turn."""
    return request.getfixturevalue(request.param)


def make_activity(**changes: Any) -> model.SourceActivity:
    """Return a ride with these values changed."""
    values: dict[str, Any] = {
        "title": "Morning ride",
        "sport": "Ride",
        "sport_raw": "Ride",
        "start_local": START,
        "elapsed_s": 3700.0,
    }
    return model.SourceActivity(**(values | changes))


class Library:
    """Adds athletes, connections, records and source activities to a database, with defaults for
    everything that a test does not state.
    """

    def __init__(self, db: Any, athlete_id: str = "me") -> None:
        self.db, self.athlete_id = db, athlete_id
        self._numbers = itertools.count(1 + len(list_connections(db)))
        ensure_athlete(db, athlete_id, NOW)

    def connection(self, integration: str = "intervals", **changes: Any) -> str:
        """Add a connection and return its id."""
        number = next(self._numbers)
        values: dict[str, Any] = {
            "athlete_id": self.athlete_id,
            "integration": integration,
            "source": integration,
            "account": Account(f"account {number}"),
            "settings": {},
            "created_at": NOW,
            "id": f"{self.athlete_id}-{number}",
        }
        connection = ConnectionRow(name=integration, **(values | changes))
        return add_connection(self.db, connection).id

    def record(
        self, connection_id: str | None = None, external_id: str | None = None, **changes: Any
    ) -> int:
        """Add a record and return its id; without a connection id it gets a connection of its
        own.
        """
        connection_id = connection_id or self.connection()
        values: dict[str, Any] = {
            "state": "listed",
            "revision": "1",
            "start_local": START.isoformat(),
            "first_seen_at": NOW,
            "changed_at": NOW,
        }
        key = {"external_id": external_id or f"x{next(self._numbers)}"}
        [record_id] = insert_records(self.db, connection_id, [values | changes | key])
        return record_id

    def put(self, record_id: int, *legs: model.SourceActivity) -> StoredLegs:
        """Store the source activities of a record, by default one ride."""
        encoded = [encode_activity(leg) for leg in legs or (make_activity(),)]
        attempt = Attempt("example", "1.0", NOW)
        [stored] = put_source_activities(self.db, self.athlete_id, {record_id: encoded}, attempt)
        return stored

    def source_activity(self, **changes: Any) -> int:
        """Add a source activity with a record and a connection of its own, and return its id."""
        return self.put(self.record(), make_activity(**changes)).ids[0]

    def assign(self, *groups: tuple[int, ...], gone: bool = False) -> list[str | None]:
        """Make each group one activity with the values of its first member, and return the ids of
        the activities.
        """
        rows = load_rows(self.db, itertools.chain(*groups))
        merged = []
        for group in groups:
            [(_, document)] = documents_of(self.db, [rows[group[0]]])
            first = model.decode(document)
            stub = all(rows[number].stub for number in group)
            merged.append(
                Merged(
                    tuple(rows[number] for number in group),
                    None if stub else first,
                    {"": group[0]},
                    gone=gone,
                )
            )
        assign(self.db, self.athlete_id, merged, NOW)
        rows = load_rows(self.db, itertools.chain(*groups))
        return [rows[group[0]].activity_id for group in groups]

    def activity(self, **changes: Any) -> str:
        """Add an activity of one source activity, and return its id."""
        return str(self.assign((self.source_activity(**changes),))[0])

    def gone(self, source_activity_id: int) -> None:
        """Mark the record of a source activity as deleted at its source."""
        row = load_rows(self.db, [source_activity_id])[source_activity_id]
        known = known_records(self.db, row.connection_id, [row.external_id])[row.external_id]
        update_record(self.db, known.id, state="gone", gone_at=NOW)


@pytest.fixture
def activity() -> Callable[..., model.SourceActivity]:
    """Return a function that makes a ride with the values that the test states."""
    return make_activity


@pytest.fixture
def library_of() -> type[Library]:
    """Return the class ``Library``, for tests that open their own transactions."""
    return Library


@pytest.fixture
def library(database: Database) -> Iterator[Library]:
    """Yield a library in an open transaction, which is rolled back after the test."""
    with database.write() as db:
        yield Library(db)
        db.rollback()


@pytest.fixture
def days() -> Callable[[int], datetime]:
    """Return a function that returns a local start, so many days after ``START``."""
    return lambda number: START + timedelta(days=number)

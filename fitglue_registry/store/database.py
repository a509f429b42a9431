"""Opens the database: SQLite in WAL mode or PostgreSQL, one way to read and one to write, brought
up to date or refused.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

log = logging.getLogger(__name__)

#: The newest migration; a test holds it to the folder ``migrations/versions``.
HEAD = "0002"

_BUSY_MS = 30_000
#: A connection keeps so many statements compiled: more than a sync repeats, and fewer than there
#: are lengths of a list in one.
_STATEMENTS = 40
_LOOK_AGAIN_S = 0.02
#: What brings a damaged store back.
RESTORE = (
    "`fitglue backup restore FILE --replace` brings the last backup back; without one move "
    "it aside, then `fitglue connect` and "
    "`fitglue sync` make a new one from the source"
)
# What the driver says → code, what happened, what to do; the first text found decides.
_FAILURES = (
    (
        "disk is full",
        "FG-disk-full",
        "the disk is full",
        "make room and run the same command again: it goes on where it stopped",
    ),
    (
        "no space left",
        "FG-disk-full",
        "the disk is full",
        "make room and run the same command again: it goes on where it stopped",
    ),
    (
        "disk i/o error",
        "FG-disk-full",
        "the disk refused to write",
        "look at the room and the health of the disk, then run it again",
    ),
    (
        "read-only",
        "FG-store-read-only",
        "the database cannot be written",
        "ask whoever runs it for the right to write",
    ),
    (
        "readonly",
        "FG-store-read-only",
        "the database cannot be written",
        "give yourself the right to write the file and its folder",
    ),
    (
        "unable to open",
        "FG-store-unreachable",
        "the database cannot be opened",
        "look whether the folder exists and is yours",
    ),
    (
        "database is locked",
        "FG-store-locked",
        "another program keeps the database locked",
        "close it and run the same command again",
    ),
    ("malformed", "FG-store-damaged", "the database file is damaged", RESTORE),
    ("could not decode to utf-8", "FG-store-damaged", "the database file is damaged", RESTORE),
    (
        "not a database",
        "FG-store-damaged",
        "the file is no database",
        f"{RESTORE}; or name another one in FITGLUE_DATABASE",
    ),
    (
        "authentication failed",
        "FG-store-unreachable",
        "the database server refuses the login",
        "correct FITGLUE_DATABASE",
    ),
    (
        "connection failed",
        "FG-store-unreachable",
        "the database server does not answer",
        "start it, or correct FITGLUE_DATABASE",
    ),
    (
        "failed to resolve host",
        "FG-store-unreachable",
        "there is no such database server",
        "correct FITGLUE_DATABASE",
    ),
    (
        "connection to server",
        "FG-store-unreachable",
        "the database server does not answer",
        "start it, or correct FITGLUE_DATABASE",
    ),
    (
        "server closed the connection",
        "FG-store-unreachable",
        "the database server went away",
        "start it and run the same command again",
    ),
    (
        "terminating connection",
        "FG-store-unreachable",
        "the database server went away",
        "start it and run the same command again",
    ),
)


class Database:
    """One database.

    ``read()`` and ``write()`` are transactions; writers never turn from readers half-way, so none
    deadlocks.
    """

    def __init__(self, url: str) -> None:
        self.url = _with_driver(url)
        self.dialect = self.url.get_backend_name()
        if self.dialect not in ("sqlite", "postgresql"):
            raise StoreFailed(
                "FG-database-unknown",
                f"a database of kind {self.dialect} is not supported",
                fix="use sqlite:/// or postgresql://",
            )
        self._ready = False
        self.engine = self._engine()

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.url.database) if self.dialect == "sqlite" and self.url.database else None

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self.url.difference_update_query(("password", "sslpassword")).render_as_string(
            hide_password=True
        )

    def _engine(self) -> Engine:
        if self.dialect == "postgresql":
            if find_spec("psycopg") is None:
                raise StoreFailed(
                    "FG-driver-missing",
                    "the driver for PostgreSQL is not installed",
                    fix=f"{sys.executable} -m pip install 'psycopg[binary]'",
                )
            return sa.create_engine(
                self.url, pool_pre_ping=True, connect_args={"application_name": "fitglue"}
            )
        engine = sa.create_engine(
            self.url, connect_args={"check_same_thread": False, "cached_statements": _STATEMENTS}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, on the state of its beginning."""
        self._make_ready()
        # Elsewhere than in SQLite, a transaction would see what others commit while it reads.
        options = {"isolation_level": "REPEATABLE READ"} if self.dialect == "postgresql" else {}
        with (
            self._translated(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: all of it, or nothing.

        Raises ``StoreFailed`` where that cannot be.
        """
        self._make_ready()
        with (
            self._translated(),
            self.engine.connect().execution_options(fitglue_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection in no transaction: each statement stands for itself."""
        self._make_ready()
        with (
            self._translated(),
            self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            yield connection

    def close(self) -> None:
        """Give back the connections; what is opened next may be another file of that name."""
        self.engine.dispose()
        self._ready = False

    def settle(self) -> None:
        """Make what was committed survive a power cut too, before something goes that only the
        database as it was still needs.

        SQLite flushes its log of commits now and then: a process that ends takes back none of them,
        a power cut the last ones.
        """
        if self.path is None:
            return
        try:
            with self.path.with_name(f"{self.path.name}-wal").open("r+b") as log_of_commits:
                os.fsync(log_of_commits.fileno())
        except FileNotFoundError:  # there is nothing that SQLite has not flushed
            return
        except OSError as error:
            raise StoreFailed(
                "FG-disk-full",
                "the disk refused to write",
                at=Place(str(self.path)),
                why=error.strerror,
                fix="look at the room and the health of the disk, then run it again",
            ) from error

    def revision(self) -> str | None:
        """The migration that the database stands at, ``None`` for an empty one."""
        with self._translated(), self.engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            found: str | None = connection.scalar(
                sa.text("SELECT version_num FROM alembic_version")
            )
            return found

    def _make_ready(self) -> None:
        if self._ready:
            return
        if self.path is not None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreFailed(
                    "FG-store-unreachable",
                    "the folder of the database cannot be made",
                    at=Place(str(self.path.parent)),
                    why=error.strerror,
                    fix="give yourself the right, or set FITGLUE_HOME",
                ) from error
            self._hold_not_emptied(self.path)
        revision = self.revision()
        if revision is None:
            self._make()
        elif revision != HEAD:
            self._migrate(revision)
        self._ready = True

    def _make(self) -> None:
        from fitglue_registry.store.making import make

        with (
            self._translated(),
            self.engine.connect().execution_options(fitglue_write=True) as connection,
            connection.begin(),
        ):
            make(connection, HEAD)
            self._make_private()

    def _make_private(self) -> None:
        """Where one has trained and slept is nobody else's business, whoever may look into the
        folder.
        """
        if self.path is not None:
            # SQLite gives the files beside it the rights of the first, once it makes them anew.
            for ending in ("", "-wal", "-shm"):
                with suppress(OSError):
                    self.path.with_name(f"{self.path.name}{ending}").chmod(0o600)

    @staticmethod
    def _hold_not_emptied(path: Path) -> None:
        """SQLite takes an empty file for a new database; where a sync has been at work, it is what
        is left of the old one.
        """
        if path.is_file() and not path.stat().st_size and (path.parent / "locks").is_dir():
            raise StoreFailed(
                "FG-store-damaged",
                "the database file is empty",
                at=Place(str(path)),
                why="there was a store here: the locks of its connections lie beside it",
                fix=RESTORE,
            )

    def _migrate(self, revision: str) -> None:
        # Alembic takes longer to import than an idle sync takes to run: only now, when there is
        # something to do.
        from fitglue_registry.store.migrate import known_revisions, upgrade

        if revision not in known_revisions():
            raise StoreFailed(
                "FG-store-newer",
                f"the database was made by a newer fitglue (format {revision}, this one "
                f"knows {HEAD})",
                at=Place(str(self.path or self.shown)),
                why="an older version could lose what the newer one keeps; nothing was touched",
                fix="upgrade fitglue-registry, or name another database in FITGLUE_DATABASE",
            )
        log.info("bringing the database from format %s to %s", revision, HEAD)
        with (
            self._translated(),
            self.engine.connect().execution_options(fitglue_write=True) as connection,
            connection.begin(),
        ):
            upgrade(connection)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        # What is prepared runs on the driver itself.
        except (sa.exc.DBAPIError, self.engine.dialect.loaded_dbapi.Error) as error:
            said = str(error.orig if isinstance(error, sa.exc.DBAPIError) else error)
            explained = self._explain(said)
            if explained is None:
                raise
            raise explained from error

    def _explain(self, said: str) -> StoreFailed | None:
        return explain(said, str(self.path or self.shown))


def explain(said: str, where: str) -> StoreFailed | None:
    """What the driver says, in our words; ``None`` where it says nothing that we know."""
    for needle, code, what, fix in _FAILURES:
        if needle in said.lower():
            return StoreFailed(code, what, at=Place(where), why=said.splitlines()[0][:200], fix=fix)
    return None


def _with_driver(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    # A port that is no number: half a password, as a rule, so nothing of it is repeated.
    except (sa.exc.ArgumentError, ValueError):
        raise StoreFailed(
            "FG-database-url",
            "FITGLUE_DATABASE is no database URL",
            fix="write sqlite:////folder/fitglue.db or postgresql://user@host/name; quote @ / : "
            "in a password",
        ) from None
    return (
        parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername in ("postgresql", "postgres")
        else parsed
    )


def _prepare_sqlite(driver_connection: Any, _record: Any) -> None:
    driver_connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    driver_connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    _switch_to_wal(driver_connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        driver_connection.execute(f"PRAGMA {pragma}")
    # SQLite's own knows ASCII alone, and titles are not.
    driver_connection.create_function("lower", 1, _lower, deterministic=True)


def _switch_to_wal(driver_connection: Any) -> None:
    """Two processes may meet at a new database, and for this one statement SQLite does not always
    wait by itself.
    """
    give_up = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            driver_connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            # The other process needs a moment; busy_timeout does not hold for this pragma.
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer half-way fails at once when somebody else wrote meanwhile; so a
    # writer says so at its start.
    writes = connection.get_execution_options().get("fitglue_write")
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

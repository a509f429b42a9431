"""Opens the database: SQLite in WAL mode or PostgreSQL, one way to read and one to write, brought
up to date or refused.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.store.driver_errors import RESTORE, translate_driver_error
from fitglue_registry.store.formats import FORMATS, HEAD
from fitglue_registry.store.schema import create_schema
from fitglue_registry.store.sqlite import sqlite_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection, Engine

log = logging.getLogger(__name__)


class Database:
    """One database.

    ``read()`` and ``write()`` are transactions; writers never turn from readers half-way, so none
    deadlocks. ``upgrade`` brings a database of an older format up to date (``migrate.upgrade``):
    it is handed in, because it needs Alembic, which takes longer to import than an idle sync takes
    to run.
    """

    def __init__(
        self,
        url: str,
        upgrade: Callable[[Connection], None],
    ) -> None:
        self.url = _with_driver(url)
        self.dialect = self.url.get_backend_name()
        self.engine = _engine(self.url)
        self._upgrade = upgrade
        self._ready = False

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        if self.dialect != "sqlite" or not self.url.database:
            return None
        return Path(self.url.database)

    @property
    def display_url(self) -> str:
        """The URL without its password."""
        without_secrets = self.url.difference_update_query(("password", "sslpassword"))
        return without_secrets.render_as_string(hide_password=True)

    # -- transactions ------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, on the state of its beginning."""
        self._make_ready()
        with self._translated(), self.engine.connect() as connection:
            if self.dialect == "postgresql":
                # Otherwise it would see what others commit while it reads.
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: all of it, or nothing.

        Raises ``StoreFailed`` where that cannot be.
        """
        self._make_ready()
        with self._writing() as connection:
            yield connection

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection in no transaction: each statement stands for itself."""
        self._make_ready()
        with self._translated(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._translated(), self.engine.connect() as connection:
            connection.execution_options(fitglue_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What the driver says in our words, also of a ``Statement``, which runs on the driver."""
        try:
            yield
        except (sa.exc.DBAPIError, self.engine.dialect.loaded_dbapi.Error) as error:
            original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            explained = translate_driver_error(str(original), str(self.path or self.display_url))
            if explained is None:
                raise
            raise explained from error

    def close(self) -> None:
        """Give back the connections; what is opened next may be another file of that name."""
        self.engine.dispose()
        self._ready = False

    def flush_commits(self) -> None:
        """Make what was committed survive a power cut too, before something goes that only the
        database as it was still needs.

        SQLite flushes its log of commits now and then: a process that ends takes back none of them,
        a power cut the last ones.
        """
        if self.path is None:
            return
        log_of_commits = self.path.with_name(f"{self.path.name}-wal")
        try:
            with log_of_commits.open("r+b") as file:
                os.fsync(file.fileno())
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

    # -- the format --------------------------------------------------------------------------------

    def revision(self) -> str | None:
        """The migration that the database stands at, ``None`` for an empty one."""
        with self._translated(), self.engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            query = sa.text("SELECT version_num FROM alembic_version")
            revision: str | None = connection.scalar(query)
            return revision

    def _make_ready(self) -> None:
        if self._ready:
            return
        if self.path is not None:
            _make_folder(self.path.parent)
            _hold_not_emptied(self.path)
        revision = self.revision()
        if revision is None:
            self._make()
        elif revision != HEAD:
            self._migrate(revision)
        self._ready = True

    def _make(self) -> None:
        with self._writing() as connection:
            create_schema(connection, HEAD)
            if self.path is not None:
                _make_private(self.path)

    def _migrate(self, revision: str) -> None:
        if revision not in FORMATS:
            raise StoreFailed(
                "FG-store-newer",
                f"the database was made by a newer fitglue (format {revision}, this one "
                f"knows {HEAD})",
                at=Place(str(self.path or self.display_url)),
                why="an older version could lose what the newer one keeps; nothing was touched",
                fix="upgrade fitglue-registry, or name another database in FITGLUE_DATABASE",
            )
        log.info("bringing the database from format %s to %s", revision, HEAD)
        with self._writing() as connection:
            self._upgrade(connection)


# -- the URL ---------------------------------------------------------------------------------------


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
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: sa.URL) -> Engine:
    dialect = url.get_backend_name()
    if dialect == "sqlite":
        return sqlite_engine(url)
    if dialect != "postgresql":
        raise StoreFailed(
            "FG-database-unknown",
            f"a database of kind {dialect} is not supported",
            fix="use sqlite:/// or postgresql://",
        )
    if find_spec("psycopg") is None:
        raise StoreFailed(
            "FG-driver-missing",
            "the driver for PostgreSQL is not installed",
            fix=f"{sys.executable} -m pip install 'psycopg[binary]'",
        )
    options = {"application_name": "fitglue"}
    return sa.create_engine(
        url,
        pool_pre_ping=True,
        connect_args=options,
    )


# -- the file of SQLite ----------------------------------------------------------------------------


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreFailed(
            "FG-store-unreachable",
            "the folder of the database cannot be made",
            at=Place(str(folder)),
            why=error.strerror,
            fix="give yourself the right, or set FITGLUE_HOME",
        ) from error


def _hold_not_emptied(path: Path) -> None:
    """SQLite takes an empty file for a new database; where a sync has been at work, it is what is
    left of the old one.
    """
    was_used = (path.parent / "locks").is_dir()
    if path.is_file() and not path.stat().st_size and was_used:
        raise StoreFailed(
            "FG-store-damaged",
            "the database file is empty",
            at=Place(str(path)),
            why="there was a store here: the locks of its connections lie beside it",
            fix=RESTORE,
        )


def _make_private(path: Path) -> None:
    """Where one has trained and slept is nobody else's business, whoever may look into the
    folder.
    """
    # SQLite gives the files beside it the rights of the first, once it makes them anew.
    for ending in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(f"{path.name}{ending}").chmod(0o600)

"""Opens the database, SQLite or PostgreSQL, and upgrades it to the newest format or refuses it."""

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
from fitglue_registry.store.driver_errors import UNREADABLE, translate_driver_error
from fitglue_registry.store.formats import FORMATS, HEAD
from fitglue_registry.store.new_file import prepare_file
from fitglue_registry.store.postgresql import postgresql_engine, schema_of_url, with_schema
from fitglue_registry.store.read_only_files import naming_the_file
from fitglue_registry.store.schema import create_schema, has_store
from fitglue_registry.store.sqlite import sqlite_engine
from fitglue_registry.store.version_table import version_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection, Engine

log = logging.getLogger(__name__)

#: The drivers that a URL can name; without a name, it is the one of our dependencies.
_DRIVERS = frozenset({"", "pysqlite", "psycopg"})


class Database:
    """One database, which is created or upgraded when it is first used.

    ``read()`` and ``write()`` are transactions. A transaction that began as a reader never becomes
    a writer, so no two of them deadlock.

    Args:
        url: A SQLAlchemy URL, ``sqlite:///…`` or ``postgresql://…``.
        upgrade: Upgrades a database of an older format (``migrate.upgrade``). It is passed in
            because it needs Alembic, which takes longer to import than an idle sync takes to run.
        variable: The environment variable that usually names the URL, for messages.
        explain: Returns the error for a value that the program cannot read, or ``None`` if it can
            read all (``value_check.explain``). It is called after a transaction has failed for an
            unexpected reason, and is passed in because only a fault needs it.

    Raises:
        StoreFailed: FG-database-url, FG-database-unknown or FG-driver-missing.
    """

    def __init__(
        self,
        url: str,
        upgrade: Callable[[Connection], None],
        variable: str = "FITGLUE_DATABASE",
        *,
        explain: Callable[[Connection, str], StoreFailed | None] | None = None,
    ) -> None:
        given = _with_driver(url, variable)
        self.url = _followed(given)
        self._follows_link = self.url is not given
        self.dialect = self.url.get_backend_name()
        self.engine = _engine(self.url)
        self._upgrade = upgrade
        self._variable = variable
        self._explain = explain
        self._ready = False

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database, or ``None`` for a server.

        A link was followed once: SQLite keeps its log beside the file, and so are the locks and
        what a restore replaces.
        """
        if self.dialect != "sqlite" or not self.url.database:
            return None
        return Path(self.url.database)

    @property
    def display_url(self) -> str:
        """The URL without its passwords, for messages."""
        # A path may have bytes that are not UTF-8, which a URL cannot have.
        if self.path is not None:
            return f"sqlite:///{self.path}"
        # Drivers also accept a password as a query parameter, which hide_password does not hide.
        without_secrets = self.url.difference_update_query(("password", "sslpassword"))
        return without_secrets.render_as_string(hide_password=True)

    # -- transactions ------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Begin a transaction that only reads and sees the state of its beginning throughout.

        Yields:
            The connection, until the end of the ``with`` block.

        Raises:
            StoreFailed: The database cannot be opened, is damaged, or has a newer format.
        """
        self._make_ready()
        with self._translated(), self.engine.connect() as connection:
            if self.dialect == "postgresql":
                # The default, READ COMMITTED, would show what others commit between two queries.
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Begin a transaction that may write; it commits when the ``with`` block ends.

        Yields:
            The connection; an exception inside the block rolls everything back.

        Raises:
            StoreFailed: The database cannot be written: the disk is full, another program holds it
                locked, or the file is damaged, read-only, or of a newer format.
        """
        self._make_ready()
        with self._writing() as connection:
            yield connection

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Open a connection outside any transaction, on which each statement commits on its own.

        PostgreSQL's advisory locks are held this way, since a transaction that stays open until the
        end of a sync would keep the server from cleaning up old rows.
        """
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
        """Raise an error of the driver as ``StoreFailed``, if its cause is known."""
        try:
            yield
        # The driver's own class, too: a ``Statement`` runs on the driver, which SQLAlchemy does not
        # wrap.
        except (sa.exc.DBAPIError, self.engine.dialect.loaded_dbapi.Error) as error:
            original = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            explained = translate_driver_error(
                str(original), str(self.path or self.display_url), self._variable
            )
            if explained is None:
                raise
            raise naming_the_file(explained, self.path) from error
        except UNREADABLE as error:
            damage = self.damage()
            if damage is None:
                raise
            raise damage from error

    def damage(self) -> StoreFailed | None:
        """Return the error for a value that the program cannot read, or ``None`` if there is none.

        A reader that fails on a damaged value raises the same exceptions as a bug does, so whoever
        catches one asks this first. All rows are read.
        """
        if self._explain is None or not self._ready:
            return None
        # The connection of the failed transaction was returned.
        with suppress(sa.exc.DBAPIError), self.engine.connect() as connection:
            return self._explain(connection, str(self.path or self.display_url))
        return None

    def close(self) -> None:
        """Close all connections; a later use opens the database again.

        A restore calls this before it puts another file in place of the database.
        """
        self.engine.dispose()
        self._ready = False

    def as_login(self, url: str) -> Database:
        """Return this store as another login of PostgreSQL sees it, which the caller closes.

        It creates and upgrades nothing: this database did so before.

        Args:
            url: The URL of the login, possibly at a replica of this server.

        Raises:
            StoreFailed: FG-database-url if it is not a URL of PostgreSQL.
        """
        variable = "FITGLUE_SQL_DATABASE"
        parsed = _with_driver(url, variable)
        if parsed.get_backend_name() != self.dialect:
            raise StoreFailed(
                "FG-database-url",
                f"{variable} is not a URL of PostgreSQL",
                fix="write postgresql://login@host/name, with the server and the database of "
                "FITGLUE_DATABASE",
            )
        self._make_ready()
        same_schema = with_schema(parsed, schema_of_url(self.url))
        text = same_schema.render_as_string(hide_password=False)
        login = Database(text, self._upgrade, variable)
        login._ready = True
        return login

    def flush_commits(self) -> None:
        """Ensure that a power cut cannot undo what was committed.

        Call this before deleting a file or key that the previous state of the database names. With
        ``synchronous=NORMAL``, SQLite flushes its write-ahead log only at a checkpoint: a process
        that is killed loses no commit, a power cut can lose the last ones, and the rows would then
        name something that no longer exists. PostgreSQL flushes each commit, so nothing is done.

        Raises:
            StoreFailed: FG-disk-full if the disk refuses the write.
        """
        if self.path is None:
            return
        write_ahead_log = self.path.with_name(f"{self.path.name}-wal")
        try:
            with write_ahead_log.open("r+b") as file:
                os.fsync(file.fileno())
        except FileNotFoundError:  # SQLite removed it after it had flushed everything
            return
        except OSError as error:
            raise StoreFailed(
                "FG-disk-full",
                "the disk refused to write",
                at=Place(str(self.path)),
                why=error.strerror,
                fix="check the free space and the health of the disk, then run the command again",
            ) from error

    # -- the format --------------------------------------------------------------------------------

    def revision(self) -> str | None:
        """Return the id of the last migration that was applied, or ``None`` for an empty database.

        This neither creates nor upgrades anything.
        """
        with self._translated(), self.engine.connect() as connection:
            return _revision(connection)

    def _make_ready(self) -> None:
        """Create or upgrade the database at its first use in this process."""
        if self._ready:
            return
        if self.path is not None:
            prepare_file(self.path, follows_link=self._follows_link)
        revision = self.revision()
        if revision is None:
            self._make()
        elif revision != HEAD:
            self._migrate(revision)
        self._ready = True

    def _make(self) -> None:
        with self._writing() as connection:
            create_schema(connection, HEAD)
            # A store that was moved from another schema is upgraded in the same transaction, so
            # that nothing is changed if the upgrade fails.
            if _revision(connection) in FORMATS[:-1]:
                self._upgrade(connection)

    def _migrate(self, revision: str) -> None:
        if revision not in FORMATS:
            raise StoreFailed(
                "FG-store-newer",
                f"the database was made by a newer version of FitGlue (format {revision}; this "
                f"version knows {HEAD})",
                at=Place(str(self.path or self.display_url)),
                why="an older version could lose data of the newer one; nothing was changed",
                fix="upgrade fitglue-registry, or name another database in FITGLUE_DATABASE",
            )
        log.info("upgrading the database from format %s to %s", revision, HEAD)
        with self._writing() as connection:
            self._upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not has_store(connection):
        return None
    revision: str | None = connection.scalar(sa.select(version_table().c.version_num))
    return revision


# -- the URL ---------------------------------------------------------------------------------------


def _with_driver(url: str, variable: str) -> sa.URL:
    """Parse the URL; for PostgreSQL, name psycopg 3, since SQLAlchemy's default is psycopg2."""
    try:
        parsed = sa.make_url(url)
    # A ValueError is a port that is not a number. It usually is half of a password that contains an
    # unquoted colon or slash, so the message repeats no piece of the URL.
    except (sa.exc.ArgumentError, ValueError):
        raise StoreFailed(
            "FG-database-url",
            f"{variable} is not a database URL",
            fix="write sqlite:////folder/fitglue.db or postgresql://host/name; percent-encode "
            "the characters @ / : in a password",
        ) from None
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: sa.URL) -> Engine:
    dialect, _, driver = url.drivername.partition("+")
    if driver not in _DRIVERS:
        raise StoreFailed(
            "FG-database-unknown",
            f"the driver {driver} is not supported",
            fix="leave it out: write sqlite:/// or postgresql://",
        )
    if dialect == "sqlite":
        return sqlite_engine(url)
    if dialect != "postgresql":
        raise StoreFailed(
            "FG-database-unknown",
            f"databases of the kind {dialect} are not supported",
            fix="use sqlite:/// or postgresql://",
        )
    if find_spec("psycopg") is None:
        raise StoreFailed(
            "FG-driver-missing",
            "the driver for PostgreSQL is not installed",
            fix=f"{sys.executable} -m pip install 'psycopg[binary]'",
        )
    return postgresql_engine(url)


def _followed(url: sa.URL) -> sa.URL:
    """Return the URL of the file to which a link leads, even if that file does not exist yet."""
    path = url.database or ""
    # Unlike Path.is_symlink, it raises nothing for a name that the system refuses.
    if url.get_backend_name() != "sqlite" or not os.path.islink(path):  # noqa: PTH114
        return url
    return url.set(database=os.path.realpath(path))

"""Lets a connection of PostgreSQL only read, with the operator's role, and bounds its time."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: SQLSTATE of a statement that was canceled, here by the ``statement_timeout``.
_CANCELED = "57014"
_IS_SUPERUSER = (
    "SELECT current_user, rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
)


@contextmanager
def reading_postgresql(
    driver: Any,
    driver_error: type[Exception],
    seconds: float,
    role: str | None,
) -> Iterator[Callable[[str], tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]]]:
    """Yield a function that runs one statement in the current transaction, which can only read.

    Args:
        driver: A connection that is closed afterwards, inside a transaction.
        driver_error: The class of the errors of the driver, which is an extra.
        seconds: How long the statement may run.
        role: The role that the statement has; by default that of the connection.

    Raises:
        StoreFailed: FG-sql-role if the role cannot be taken, FG-sql-superuser if it is a
            superuser's.
        TimeoutError: The statement ran too long.
        ValueError: The server rejects the text.
    """
    driver.execute("SET TRANSACTION READ ONLY")
    milliseconds = max(1, round(seconds * 1000))
    driver.execute("SELECT set_config('statement_timeout', %s, true)", (str(milliseconds),))
    if role is not None:
        _take(driver, driver_error, role)
    _refuse_superuser(driver)
    with ExitStack() as streams:

        def run(statement: str) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
            columns = _columns(driver, statement)
            if not columns:
                # The server says why it refuses a statement that would write.
                driver.execute(statement, prepare=True)
                return (), ()
            # Row by row: the client would otherwise read the complete result into its memory.
            # Closing the stream cancels a statement that is not finished.
            return columns, streams.enter_context(closing(driver.cursor().stream(statement)))

        try:
            yield run
        except driver_error as error:
            if getattr(error, "sqlstate", None) == _CANCELED:
                raise TimeoutError from error
            raise


def _columns(driver: Any, statement: str) -> tuple[str, ...]:
    """Return the names of a statement's columns without running it.

    The server prepares one statement only. A text with several could end the read-only transaction:
    "COMMIT; DELETE …".
    """
    encoding = driver.info.encoding
    name = b"fitglue_sql"
    for result in (
        driver.pgconn.prepare(name, statement.encode(encoding)),
        driver.pgconn.describe_prepared(name),
    ):
        if result.error_message:
            raise ValueError(result.error_message.decode(encoding, "replace"))
    return tuple(result.fname(index).decode(encoding) for index in range(result.nfields))


def _take(
    driver: Any,
    driver_error: type[Exception],
    role: str,
) -> None:
    """Take a role for the rest of the transaction."""
    try:
        driver.execute("SELECT set_config('role', %s, true)", (role,))
    except driver_error as error:
        raise StoreFailed(
            "FG-sql-role",
            f"the role {role} cannot be used for `fitglue sql`",
            why=str(error).splitlines()[0],
            fix=f"create it, and allow it to the user of the connection: GRANT {role} TO …",
        ) from error


def _refuse_superuser(driver: Any) -> None:
    """Refuse a role that may read every table, write files and run programs of the server."""
    name, is_superuser = driver.execute(_IS_SUPERUSER).fetchone()
    if is_superuser:
        raise StoreFailed(
            "FG-sql-superuser",
            "`fitglue sql` runs no statement as a superuser of the server",
            why=f"{name} could read every table, and files of the server",
            fix="create a role that may only read the views, and name it in FITGLUE_SQL_ROLE or "
            "Policy(sql_role=…)",
        )

"""Lets a connection of PostgreSQL only read, with a checked login, and bounds its time."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import StoreFailed
from fitglue_registry.store.sql_login import check_login

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: SQLSTATE of a statement that was canceled, here by the ``statement_timeout``.
_CANCELED = "57014"


@contextmanager
def reading_postgresql(
    driver: Any,
    driver_error: type[Exception],
    seconds: float,
    schema: str,
    role: str | None,
) -> Iterator[Callable[[str], tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]]]:
    """Yield a function that runs one statement in the current transaction, which can only read.

    Args:
        driver: A connection that is closed afterwards, inside a transaction.
        driver_error: The class of the errors of the driver, which is an extra.
        seconds: How long the statement may run.
        schema: The schema of the store.
        role: The role that the statement begins with; by default that of the login.

    Raises:
        StoreFailed: FG-sql-superuser or FG-sql-login if the login may do more than read,
            FG-sql-role if the role cannot be taken.
        TimeoutError: The statement ran too long.
        ValueError: The server rejects the text.
    """
    driver.execute("SET TRANSACTION READ ONLY")
    milliseconds = max(1, round(seconds * 1000))
    driver.execute("SELECT set_config('statement_timeout', %s, true)", (str(milliseconds),))
    if role is not None:
        _take(driver, driver_error, role)
    # The role is no boundary, because the statement can leave it.
    check_login(driver, schema, role)
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
            fix=f"create it, and allow it to the login of FITGLUE_SQL_DATABASE: GRANT {role} TO …",
        ) from error

"""Runs read-only SQL on views that stay the same between versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.store.sql import SqlLimits as SqlLimits
from fitglue_registry.store.sql import column_names, run_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.store.sql import SqlResult as SqlResult
    from fitglue_registry.workspace import Workspace


@checks_arguments
class Queries:
    """Read-only SQL on the views of the store; ``docs/views.md`` describes them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def sql(self, statement: str, limits: SqlLimits | None = None) -> SqlResult:
        """Run one statement that only reads.

        On PostgreSQL it has the login and the role that the operator made for it. A login that may
        do more than read, such as the one that writes the store, is refused.

        Args:
            statement: One SQL statement in the dialect of the database.
            limits: How many rows, bytes and seconds it may take; by default one million rows of
                together 150 MB, and one minute.

        Returns:
            The columns and all rows, which are read into memory.

        Raises:
            UserMistake: FG-sql-read-only for a statement that would write, FG-sql-too-large or
                FG-sql-too-slow for one that takes too much, FG-sql-failed for any other statement
                that the database rejects.
            StoreFailed: FG-sql-superuser, FG-sql-login or FG-sql-role if the login or the role
                cannot be used.
        """
        return run_sql(
            self._workspace.database,
            statement,
            limits,
            role=self._workspace.sql_role,
            url=self._workspace.sql_database,
        )

    def views(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the name of each view and the names of its columns."""
        yield from column_names(self._workspace.database)

    def where(self) -> str:
        """Return the path of the database file, or the URL of a server without the password."""
        database = self._workspace.database
        if database.path:
            return str(database.path)
        # Drivers accept further secrets as query parameters, which the redactor may know.
        return self._workspace.redactor.text(database.display_url)

"""Asks the database in SQL, read-only, through views that stay the same between versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.store.sql import column_names, run_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.store.sql import SqlResult as SqlResult
    from fitglue_registry.workspace import Workspace


class Queries:
    """SQL on the views of the store."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def sql(self, statement: str) -> SqlResult:
        """Run one statement on the views, read-only; raises ``UserMistake`` for any other."""
        return run_sql(self._workspace.database, statement)

    def views(self) -> Iterator[tuple[str, list[str]]]:
        """Yields each view that ``sql`` can ask, with its columns."""
        yield from column_names(self._workspace.database)

    def where(self) -> str:
        """Where the database is: the path of a file, or its URL without the password."""
        database = self._workspace.database
        if database.path:
            return str(database.path)
        return self._workspace.redactor.text(database.display_url)

"""The table in which Alembic keeps the format of the database.

It is defined here, because importing Alembic takes longer than everything else that opening a
database does.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION_TABLE = "alembic_version"
"""The name of the table; an application that uses Alembic has one of the same name."""


def version_table(schema: str | None = None) -> sa.Table:
    """Return the table in a schema, or in the schema that is searched."""
    return sa.Table(
        VERSION_TABLE,
        sa.MetaData(),
        sa.Column("version_num", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
        schema=schema,
    )

"""Format 0003: local times that are known, days, the settings of athletes, and places of files.

Until now, ``start_local`` held the UTC start where the zone was unknown, because lists sorted by
it. This file is never edited after its release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = ("fg_activities", "fg_source_activities")
_DAY = "substr(coalesce(start_local, start_utc), 1, 10)"
#: Database → whether a document has no local time. A document that is damaged cannot tell.
_ZONE_UNKNOWN = {
    "sqlite": "CASE WHEN json_valid(document) THEN"
    " coalesce(json_extract(document, '$.start_local'),"
    " json_extract(document, '$.utc_offset_s')) IS NULL END",
    "postgresql": "pg_temp.fg_json(document) IS NOT NULL AND"
    " coalesce(pg_temp.fg_json(document) ->> 'start_local',"
    " pg_temp.fg_json(document) ->> 'utc_offset_s') IS NULL",
}
#: A cast of a damaged document would abort the upgrade, and ``IS JSON`` needs PostgreSQL 16. The
#: function ends with the session.
_JSON_OR_NULL = """
CREATE OR REPLACE FUNCTION pg_temp.fg_json(content text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN content::jsonb;
EXCEPTION WHEN others THEN
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    """Add the columns and the tables, fill the columns, and replace the indexes."""
    for table in _TABLES:
        op.add_column(table, sa.Column("day", sa.Text(), nullable=True))
    op.add_column("fg_source_activities", sa.Column("clock_start", sa.Text(), nullable=True))
    op.add_column("fg_activities", sa.Column("sort_start", sa.Text(), nullable=True))

    # The old meaning of start_local is what the matcher searches by.
    op.execute("UPDATE fg_source_activities SET clock_start = start_local")
    database = op.get_bind().dialect.name
    if database == "postgresql":
        op.execute(_JSON_OR_NULL)
    zone_unknown = _ZONE_UNKNOWN[database]
    for table in _TABLES:
        # The names and conditions are constants of this file.
        op.execute(f"UPDATE {table} SET start_local = NULL WHERE {zone_unknown}")  # noqa: S608
        op.execute(f"UPDATE {table} SET day = {_DAY}")  # noqa: S608
    op.execute("UPDATE fg_activities SET sort_start = coalesce(rtrim(start_utc, 'Z'), start_local)")

    for table in _TABLES:
        op.drop_index(f"{table}_by_start", table_name=table)
    op.create_index("fg_activities_by_day", "fg_activities", ["athlete_id", "day"], unique=False)
    op.create_index(
        "fg_activities_by_start", "fg_activities", ["athlete_id", "sort_start"], unique=False
    )
    op.create_index(
        "fg_source_activities_by_start",
        "fg_source_activities",
        ["athlete_id", "clock_start"],
        unique=False,
    )
    op.create_table(
        "fg_athlete_settings",
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["athlete_id"], ["fg_athletes.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("athlete_id", "key", "valid_from"),
    )
    op.create_table(
        "fg_locations",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("plugin_version", sa.Text(), nullable=True),
        sa.Column("external_ids", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["fg_connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "key"),
    )

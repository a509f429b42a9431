"""Format 0001: the tables of the first release.

They hold connections, records with their raw parts, source activities, activities, and runs. This
file is never edited after its release: ``tables.py`` shows the newest form.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite assigns ids only to a primary key of the exact type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and their indexes."""
    op.create_table(
        "fg_activities",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("sport", sa.Text(), nullable=True),
        sa.Column("start_utc", sa.Text(), nullable=True),
        sa.Column("start_local", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("power_kind", sa.Text(), nullable=True),
        sa.Column("elapsed_s", sa.Float(), nullable=True),
        sa.Column("moving_s", sa.Float(), nullable=True),
        sa.Column("distance_m", sa.Float(), nullable=True),
        sa.Column("elevation_gain_m", sa.Float(), nullable=True),
        sa.Column("calories_kcal", sa.Float(), nullable=True),
        sa.Column("average_heartrate_bpm", sa.Float(), nullable=True),
        sa.Column("max_heartrate_bpm", sa.Float(), nullable=True),
        sa.Column("average_watts", sa.Float(), nullable=True),
        sa.Column("weighted_average_watts", sa.Float(), nullable=True),
        sa.Column("average_cadence_rpm", sa.Float(), nullable=True),
        sa.Column("average_speed_mps", sa.Float(), nullable=True),
        sa.Column("training_load", sa.Float(), nullable=True),
        sa.Column("rpe", sa.Float(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.Column("gone_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("athlete_id", "number"),
    )
    op.create_index(
        "fg_activities_by_start", "fg_activities", ["athlete_id", "start_local"], unique=False
    )
    op.create_table(
        "fg_aliases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_fg_aliases_activity_id", "fg_aliases", ["activity_id"], unique=False)
    op.create_table(
        "fg_athletes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "fg_dictionaries",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "fg_runs",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("host_version", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_fg_runs_connection_id", "fg_runs", ["connection_id"], unique=False)
    op.create_table(
        "fg_connections",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("secret_ref", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_error", sa.Text(), nullable=True),
        sa.Column("horizon", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("last_checked_at", sa.Text(), nullable=True),
        sa.Column("full_walk_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["athlete_id"],
            ["fg_athletes.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("athlete_id", "integration", "account_id"),
        sa.UniqueConstraint("athlete_id", "name"),
    )
    op.create_table(
        "fg_decisions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["fg_runs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_fg_decisions_record_id", "fg_decisions", ["record_id"], unique=False)
    op.create_index("ix_fg_decisions_run_id", "fg_decisions", ["run_id"], unique=False)
    op.create_table(
        "fg_records",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("start_local", sa.Text(), nullable=True),
        sa.Column("at_source", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.Column("gone_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["fg_connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "external_id"),
    )
    op.create_index(
        "fg_records_by_start", "fg_records", ["connection_id", "start_local"], unique=False
    )
    op.create_index("fg_records_by_state", "fg_records", ["connection_id", "state"], unique=False)
    op.create_table(
        "fg_windows",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("walk_at", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("oldest", sa.Text(), nullable=True),
        sa.Column("newest", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["fg_connections.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_fg_windows_connection_id", "fg_windows", ["connection_id"], unique=False)
    op.create_table(
        "fg_parts",
        sa.Column("record_id", ID, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raw_id", ID, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["fg_records.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("record_id", "part"),
    )
    op.create_index("fg_parts_by_state", "fg_parts", ["state", "part"], unique=False)
    op.create_table(
        "fg_quarantine",
        sa.Column("record_id", ID, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=True),
        sa.Column("plugin_version", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["fg_records.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_table(
        "fg_raw",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("wire", sa.Text(), nullable=False),
        sa.Column("packing", sa.Text(), nullable=False),
        sa.Column("dictionary_id", ID, nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["fg_records.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("fg_raw_by_record", "fg_raw", ["record_id", "part"], unique=False)
    op.create_table(
        "fg_source_activities",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("leg_no", sa.Integer(), nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=True),
        sa.Column("home_id", sa.Text(), nullable=True),
        sa.Column("stub", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("sport", sa.Text(), nullable=True),
        sa.Column("start_utc", sa.Text(), nullable=True),
        sa.Column("start_local", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("power_kind", sa.Text(), nullable=True),
        sa.Column("elapsed_s", sa.Float(), nullable=True),
        sa.Column("moving_s", sa.Float(), nullable=True),
        sa.Column("distance_m", sa.Float(), nullable=True),
        sa.Column("elevation_gain_m", sa.Float(), nullable=True),
        sa.Column("calories_kcal", sa.Float(), nullable=True),
        sa.Column("average_heartrate_bpm", sa.Float(), nullable=True),
        sa.Column("max_heartrate_bpm", sa.Float(), nullable=True),
        sa.Column("average_watts", sa.Float(), nullable=True),
        sa.Column("weighted_average_watts", sa.Float(), nullable=True),
        sa.Column("average_cadence_rpm", sa.Float(), nullable=True),
        sa.Column("average_speed_mps", sa.Float(), nullable=True),
        sa.Column("training_load", sa.Float(), nullable=True),
        sa.Column("rpe", sa.Float(), nullable=True),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("plugin_version", sa.Text(), nullable=True),
        sa.Column("normalized_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["fg_records.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_id", "leg_no"),
    )
    op.create_index(
        "fg_source_activities_by_start",
        "fg_source_activities",
        ["athlete_id", "start_local"],
        unique=False,
    )
    op.create_index(
        "ix_fg_source_activities_activity_id", "fg_source_activities", ["activity_id"], unique=False
    )
    op.create_table(
        "fg_claims",
        sa.Column("source_activity_id", ID, nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_activity_id"], ["fg_source_activities.id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_activity_id", "claim"),
    )
    op.create_index("fg_claims_by_claim", "fg_claims", ["athlete_id", "claim"], unique=False)
    op.create_table(
        "fg_opinions",
        sa.Column("first_id", ID, nullable=False),
        sa.Column("second_id", ID, nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("said_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["first_id"], ["fg_source_activities.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["second_id"], ["fg_source_activities.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("first_id", "second_id", "said_by"),
    )
    op.create_index("fg_opinions_by_second", "fg_opinions", ["second_id"], unique=False)
    op.create_table(
        "fg_streams",
        sa.Column("source_activity_id", ID, nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_activity_id"], ["fg_source_activities.id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_activity_id"),
    )

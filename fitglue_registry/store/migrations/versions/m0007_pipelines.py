"""Format 0007: pipelines, with what changed, what was computed and what was sent.

This file is never edited after its release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _add_pipelines()
    _add_activities()
    _add_deliveries()


def _add_pipelines() -> None:
    op.create_table(
        "fg_pipelines",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("after_change", _ID, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.UniqueConstraint("athlete_id", "name"),
    )
    op.create_table(
        "fg_pipeline_versions",
        sa.Column("pipeline_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pipeline_id"], ["fg_pipelines.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pipeline_id", "version"),
    )
    op.create_table(
        "fg_offers",
        sa.Column("pipeline_id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text()),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer()),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pipeline_id"], ["fg_pipelines.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pipeline_id", "activity_id"),
    )
    op.create_index("fg_offers_by_state", "fg_offers", ["athlete_id", "state", "due_at"])
    op.create_index("fg_offers_by_activity", "fg_offers", ["activity_id"])


def _add_activities() -> None:
    op.create_table(
        "fg_activity_changes",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("into_id", sa.Text()),
        sa.Column("at", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "fg_activity_changes_by_athlete",
        "fg_activity_changes",
        ["athlete_id", "id"],
    )
    op.create_table(
        "fg_computed",
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("booster", sa.Text(), nullable=False),
        sa.Column("settings_hash", sa.Text(), nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("activity_id", "booster", "settings_hash"),
    )
    op.create_index("fg_computed_by_athlete", "fg_computed", ["athlete_id"])


def _add_deliveries() -> None:
    op.create_table(
        "fg_deliveries",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("pipeline_id", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text()),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("home_id", sa.Text(), nullable=False),
        sa.Column("follows_id", _ID),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.Text()),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("planned_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Text()),
        sa.ForeignKeyConstraint(["pipeline_id"], ["fg_pipelines.id"]),
        sa.UniqueConstraint("external_id"),
    )
    op.create_index(
        "fg_deliveries_once",
        "fg_deliveries",
        ["pipeline_id", "destination", "activity_id"],
        unique=True,
        sqlite_where=sa.text("follows_id IS NULL"),
        postgresql_where=sa.text("follows_id IS NULL"),
    )
    op.create_index(
        "fg_deliveries_by_state", "fg_deliveries", ["athlete_id", "state", "next_try_at"]
    )
    op.create_index("fg_deliveries_by_activity", "fg_deliveries", ["activity_id"])
    op.create_table(
        "fg_delivery_log",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("delivery_id", _ID, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["fg_deliveries.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_fg_delivery_log_delivery_id", "fg_delivery_log", ["delivery_id"])
    op.create_table(
        "fg_sent_identities",
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("delivery_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["fg_deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("athlete_id", "identity"),
    )
    op.create_index("ix_fg_sent_identities_delivery_id", "fg_sent_identities", ["delivery_id"])

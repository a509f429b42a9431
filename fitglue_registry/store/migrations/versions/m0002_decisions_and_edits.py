"""Format 0002: the decisions of the athlete (same, different) and the edits of single fields.

Existing tables do not change. This file is never edited after its release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite assigns ids only to a primary key of the exact type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the four tables of decisions and edits, with their indexes."""
    op.create_table(
        "fg_verdicts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("said_at", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("fg_verdicts_by_athlete", "fg_verdicts", ["athlete_id", "id"], unique=False)
    op.create_table(
        "fg_verdict_sides",
        sa.Column("verdict_id", ID, nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["verdict_id"], ["fg_verdicts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("verdict_id", "side", "identity"),
    )
    op.create_index(
        "fg_verdict_sides_by_identity", "fg_verdict_sides", ["athlete_id", "identity"], unique=False
    )
    op.create_table(
        "fg_choices",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=True),
        sa.Column("said_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("fg_choices_by_athlete", "fg_choices", ["athlete_id"], unique=False)
    op.create_table(
        "fg_choice_keys",
        sa.Column("choice_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["choice_id"], ["fg_choices.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("choice_id", "position"),
    )
    op.create_index(
        "fg_choice_keys_by_identity", "fg_choice_keys", ["athlete_id", "identity"], unique=False
    )

"""What the athlete said: which activities are one workout, and which value an activity shall
have.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; nothing that is there changes."""
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

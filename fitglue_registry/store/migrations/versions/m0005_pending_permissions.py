"""Format 0005: the permissions that athletes are being asked for in a browser.

This file is never edited after its release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "fg_pending_permissions",
        sa.Column("state_sha256", sa.Text(), primary_key=True),
        sa.Column("athlete_id", sa.Text(), nullable=False),
        sa.Column("secret_ref", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
    )

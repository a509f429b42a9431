"""Format 0004: the paths of places of files, and why a place could not be read.

A place that an earlier version read gets its path when it is read again. This file is never edited
after its release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("fg_locations", sa.Column("path", sa.Text(), nullable=True))
    op.add_column("fg_locations", sa.Column("error", sa.Text(), nullable=True))

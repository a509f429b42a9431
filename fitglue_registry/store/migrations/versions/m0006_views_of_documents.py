"""Format 0006: the views of sets, zones, gear, devices and metrics.

This file is never edited after its release.
"""

from __future__ import annotations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Change no table: every upgrade creates the views again, and with them the new ones."""

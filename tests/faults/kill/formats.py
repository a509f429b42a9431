"""Formats to come: migrations of a test's own, used in place of the host's, so that more than the
first one can be killed.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory

from fitglue_registry.store import database, migrate

if TYPE_CHECKING:
    from alembic.config import Config

#: A migration as one may be written: a column that is filled from what is there, a table, an index.
_NEXT = '''"""The next format: each activity knows the day of its start, and days have a table."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    """Add what is new, and fill it."""
    op.add_column("fg_activities", sa.Column("day", sa.Text(), nullable=True))
    op.execute("UPDATE fg_activities SET day = substr(start_local, 1, 10)")
    op.create_table(
        "fg_days",
        sa.Column("day", sa.Text(), primary_key=True),
        sa.Column("n", sa.Integer(), nullable=False),
    )
    op.execute(
        "INSERT INTO fg_days"
        " SELECT day, count(*) FROM fg_activities WHERE day IS NOT NULL GROUP BY day"
    )
    op.create_index("fg_activities_by_day", "fg_activities", ["day"])
'''


def host_config() -> Config:
    """The configuration with the host's own migrations."""
    return migrate.config()


def revisions() -> list[str]:
    """The host's own formats, oldest first."""
    return [
        script.revision for script in ScriptDirectory.from_config(host_config()).walk_revisions()
    ][::-1]


def make_next(folder: Path) -> dict[str, str]:
    """Write the host's migrations and one more into a folder; what ``use`` has to be called
    with.
    """
    own = Path(str(host_config().get_main_option("script_location")).replace("%%", "%"))
    shutil.copytree(own, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "m9000_next.py").write_text(
        _NEXT.format(revision="9000", before=revisions()[-1])
    )
    return {"folder": str(folder), "head": "9000"}


def use(folder: str, head: str) -> None:
    """From now on this process knows these migrations and no others."""
    config = migrate.config

    def other() -> Config:
        made = config()
        made.set_main_option("script_location", folder.replace("%", "%%"))
        return made

    migrate.config, database.HEAD = other, head

"""An extra migration for the tests, so that upgrades from the newest format can be killed too."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory

from fitglue_registry.store import database, migrate

if TYPE_CHECKING:
    from alembic.config import Config

#: A realistic migration: a column that is filled from existing rows, a table and an index.
_NEXT = '''"""The next format: each activity has the month of its start, and months have a table."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    """Add the column, the table and the index, and fill them."""
    op.add_column("fg_activities", sa.Column("month", sa.Text(), nullable=True))
    op.execute("UPDATE fg_activities SET month = substr(start_local, 1, 7)")
    op.create_table(
        "fg_months",
        sa.Column("month", sa.Text(), primary_key=True),
        sa.Column("n", sa.Integer(), nullable=False),
    )
    op.execute(
        "INSERT INTO fg_months"
        " SELECT month, count(*) FROM fg_activities WHERE month IS NOT NULL GROUP BY month"
    )
    op.create_index("fg_activities_by_month", "fg_activities", ["month"])
'''


def host_config() -> Config:
    """Return the Alembic configuration of the host's own migrations."""
    return migrate.config()


def revisions() -> list[str]:
    """Return the revisions of the host's own formats, oldest first."""
    return [
        script.revision for script in ScriptDirectory.from_config(host_config()).walk_revisions()
    ][::-1]


def make_next(folder: Path) -> dict[str, str]:
    """Copy the host's migrations and one more into a folder, and return the keyword arguments for
    ``use``.
    """
    own = Path(str(host_config().get_main_option("script_location")).replace("%%", "%"))
    shutil.copytree(own, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "m9000_next.py").write_text(
        _NEXT.format(revision="9000", before=revisions()[-1])
    )
    return {"folder": str(folder), "head": "9000"}


def use(folder: str, head: str) -> None:
    """Make this process use these migrations in place of the host's own."""
    config = migrate.config

    def replacement() -> Config:
        changed = config()
        changed.set_main_option("script_location", folder.replace("%", "%%"))
        return changed

    migrate.config, database.HEAD = replacement, head

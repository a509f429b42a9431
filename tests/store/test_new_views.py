"""The views that a later format has added to databases in which other programs have made views."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fitglue_registry.errors import StoreFailed
from fitglue_registry.store import migrate
from fitglue_registry.store.database import Database
from fitglue_registry.store.views import definitions, names_in


@pytest.fixture
def earlier(tmp_path):
    """Return a database of the format before the views of documents."""
    database = Database(f"sqlite:///{tmp_path / 'fitglue.db'}", migrate.upgrade)
    with database.engine.connect().execution_options(fitglue_write=True) as db, db.begin():
        migrate.upgrade(db, "0005")
    yield database
    database.close()


def upgrade(database):
    """Upgrade a database to the newest format."""
    with database.engine.connect().execution_options(fitglue_write=True) as db, db.begin():
        migrate.upgrade(db)


def run(database, statement):
    """Run a statement of somebody else."""
    with database.engine.connect().execution_options(fitglue_write=True) as db, db.begin():
        db.execute(sa.text(statement))


def names(database):
    """Return the names of all views."""
    with database.engine.connect() as db:
        return set(sa.inspect(db).get_view_names())


def test_an_upgrade_adds_the_views(earlier):
    """A database of an earlier format has all views after its upgrade."""
    upgrade(earlier)
    assert names(earlier) == set(definitions("sqlite"))


@pytest.mark.parametrize(
    "statement",
    ["CREATE VIEW sets AS SELECT 1 AS mine", "CREATE TABLE metrics (mine INTEGER)"],
)
def test_what_somebody_made_under_a_new_name_is_not_replaced(earlier, statement):
    """An upgrade that would replace a view or table of somebody else stops, changes nothing, and
    says what to rename.
    """
    run(earlier, statement)
    with pytest.raises(StoreFailed, match="FG-view-name-taken") as caught:
        upgrade(earlier)
    name = statement.split()[2]
    assert f"a table or a view {name}" in caught.value.what
    run(earlier, f"SELECT mine FROM {name}")
    assert "0005" in migrated_to(earlier)


def migrated_to(database):
    """Return the formats that a database says it has."""
    with database.engine.connect() as db:
        return list(db.scalars(sa.text("SELECT version_num FROM alembic_version")))


def test_other_names_are_left_alone(earlier):
    """A view of somebody else under another name stays."""
    run(earlier, "CREATE VIEW my_sets AS SELECT 1 AS mine")
    upgrade(earlier)
    assert "my_sets" in names(earlier)


def test_each_format_has_its_own_views():
    """Laps are older than format 0006, which added the views of documents; 0007 added others."""
    assert names_in("0005") == names_in(None) == {"activities", "laps", "source_activities", "runs"}
    assert names_in("0007") == set(definitions("sqlite"))
    assert names_in("0007") - names_in("0006") == {
        "computed",
        "fitness",
        "pipelines",
        "deliveries",
        "delivery_log",
    }

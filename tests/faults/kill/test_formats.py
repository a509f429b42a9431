"""Tests that a database whose upgrade is killed has either the old or the new format, and loses no
row.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from fitglue_registry.store import migrate
from fitglue_registry.store.database import Database
from tests.faults.kill import formats
from tests.faults.kill.hosts import open_host
from tests.faults.kill.scenarios import connect, differences, sync

SEEN = "nothing: the next command completes the upgrade"


def content(url):
    """Return the definitions of all tables and views of a database, and all rows."""
    database = Database(url, migrate.upgrade)
    definitions, tables = {}, sa.MetaData()
    with database.engine.connect() as db:
        tables.reflect(db)
        for table in tables.sorted_tables:
            definitions[table.name] = {
                str(CreateTable(table)),
                *(str(CreateIndex(index)) for index in table.indexes),
            }
            definitions[f"{table.name}: rows"] = sorted(
                repr(tuple(row)) for row in db.execute(sa.select(table))
            )
        inspector = sa.inspect(db)
        definitions["views"] = {
            name: str(inspector.get_view_definition(name)) for name in inspector.get_view_names()
        }
    database.close()
    return {
        name: sorted(value) if isinstance(value, set) else value
        for name, value in definitions.items()
    }


def url_of(place):
    """Return the URL of the database of a place."""
    return place.database or f"sqlite:///{place.home / 'fitglue.db'}"


def old_store(places, server, revision):
    """Return a place with a store of an older format: after a sync if the format is the host's
    newest, otherwise empty.
    """
    place = places.new()
    place.home.mkdir(parents=True, exist_ok=True)
    if revision == formats.revisions()[-1]:
        with open_host(place.home, place.database) as host:
            connect(host, server)
            sync(host)
    elif revision:
        database = Database(url_of(place), migrate.upgrade)
        with database.engine.connect().execution_options(fitglue_write=True) as db, db.begin():
            migrate.upgrade(db, revision)
        database.close()
    return place


def kill_upgrades(forks, places, prepared, points, options):
    """Kill upgrades of copies at the points that ``points`` chooses, and open each copy again.

    Return how many were killed and how many differences remain.
    """
    upgraded = places.new(like=prepared)
    undisturbed = forks.run("open", upgraded.home, upgraded.database, **options)
    places.settled(upgraded)
    expected, chosen, lost = (
        content(url_of(upgraded)),
        points(range(1, len(undisturbed.points) + 1)),
        0,
    )
    # The smallest step from one format to the next makes one table.
    assert len(undisturbed.points) > 5
    assert expected["alembic_version: rows"] == [
        repr((options["migrations"]["head"] if options else formats.revisions()[-1],))
    ]
    for point in chosen:
        place = places.new(like=prepared)
        assert forks.run("open", place.home, place.database, point=point, **options).killed
        places.settled(place)
        assert not forks.run("open", place.home, place.database, **options).killed
        places.settled(place)
        lost += differences(expected, content(url_of(place)))
        places.drop(place)
    return len(chosen), lost


def cases():
    """Return the upgrades to test: to the newest format from an empty database and from each
    earlier format, and from the newest to a future one.
    """
    *older, newest = formats.revisions()
    return [*((before, "newest") for before in (None, *older)), (newest, "next")]


def play(forks, workshop, reliability, folder, case, points):
    """Kill one kind of upgrade at the chosen points, and record and assert that nothing is lost."""
    before, after = case
    options = {"migrations": formats.make_next(folder / "migrations")} if after == "next" else {}
    prepared = old_store(workshop.places, workshop.sources.same(), before)
    times, lost = kill_upgrades(forks, workshop.places, prepared, points, options)
    fault = (
        f"from {f'format {before}' if before else 'an empty database'} to the {after} format, "
        f"{workshop.places.kind}"
    )
    reliability(
        "kill", f"{fault}: SIGKILL at a statement or commit", times=times, lost=lost, seen=SEEN
    )
    assert lost == 0


@pytest.mark.parametrize("case", cases()[-2:], ids=str)
def test_an_upgrade_that_is_killed_is_done_by_the_next_command(
    forks, workshop_on, reliability, tmp_path, case
):
    """An upgrade that is killed just before its commit has changed nothing, and the next command
    does all of it.
    """
    play(forks, workshop_on("sqlite"), reliability, tmp_path, case, lambda points: points[-1:])


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("case", cases(), ids=str)
def test_an_upgrade_that_is_killed_at_any_statement_is_done_by_the_next_command(
    forks, workshop_on, reliability, tmp_path, kind, case
):
    """An upgrade that is killed at any statement that changes tables, or at its commit, is
    completed by the next command.
    """
    play(forks, workshop_on(kind), reliability, tmp_path, case, list)

"""Tests of stores of every released format, which are upgraded and used, and of newer stores, which
are refused unchanged.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from fitglue_intervals.testing import StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.store import migrate
from fitglue_registry.store.database import Database
from fitglue_registry.store.formats import FORMATS, HEAD
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import FakeClock
from tests.faults.local.conftest import complete, execute, lost
from tests.faults.local.stores.make import KEY, NOON, OLD_ID, account, load
from tests.sync.builders import finished
from tests.sync.natural import natural

STORES = sorted(Path(__file__).with_name("stores").glob("store-*.json.xz"))
#: A reason in a stored document: that of a stub, or of a part that does not exist.
REASON = re.compile(r'"(reason|fix|detail|streams|file)":"[^"]*"')


class KnownKey(MemorySecretStore):
    """A secret store that returns the key of the stand-in for every reference.

    Args:
        origin: The address of the stand-in, at which the key counts as proven.
    """

    def __init__(self, origin):
        super().__init__()
        self._origin = origin

    def get(self, ref):
        return {"api_key": KEY, "origin": self._origin}


@pytest.fixture(scope="module")
def server():
    """Yield a server with the account that the old stores were made from."""
    with StandIn(account(), api_key=KEY) as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(server, tmp_path_factory):
    """Return the store that this version makes of the same account."""
    with Host(
        tmp_path_factory.mktemp("new"),
        secrets=MemorySecretStore(),
        clock=FakeClock(NOON),
        policy=Policy.personal(),
    ) as host:
        host.connect("intervals", {"api_key": KEY, "base_url": server.url})
        finished(host, files=True)
        return natural(host)


@pytest.fixture(params=STORES, ids=lambda file: file.name.split("-")[1][:4])
def store(request):
    """Return the file of an old store."""
    return request.param


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def old(request, store, server, tmp_path):
    """Return a store of an earlier format in either database: its file or URL, and its home."""
    load(store, tmp_path, server.url)
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        _copy_to_postgresql(tmp_path / "fitglue.db", url, store.name.split("-")[1][:4])
    server.clear_requests()
    return SimpleNamespace(home=tmp_path, url=url, kind=request.param)


def _copy_to_postgresql(file, url, format_):
    """Create the same store in PostgreSQL: the tables by the migrations up to its format, the rows
    from the SQLite file.
    """
    database = Database(url, migrate.upgrade)
    source = sa.create_engine(f"sqlite:///{file}")
    with source.connect() as old, database.engine.begin() as new:
        migrate.upgrade(new, format_)
        tables = sa.MetaData()
        tables.reflect(new, only=lambda name, _: name.startswith("fg_"))
        for table in tables.sorted_tables:
            flags = [column.name for column in table.c if isinstance(column.type, sa.Boolean)]
            rows = [
                dict(row._mapping) for row in old.execute(sa.text(f'SELECT * FROM "{table.name}"'))
            ]
            rows = [row | {name: bool(row[name]) for name in flags} for row in rows]
            if rows:
                new.execute(sa.insert(table), rows)
            if "id" in table.c and isinstance(table.c.id.type, sa.BigInteger | sa.Integer):
                new.execute(
                    sa.text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                        f"(SELECT coalesce(max(id), 1) FROM {table.name}))"
                    )
                )
    source.dispose()
    database.close()


def without_wording(content):
    """Return the content of a store without the reasons that it keeps as sentences.

    A reason is stored when its part is fetched or its stub is listed, and an idle sync does
    neither. An older store therefore keeps the wording of its time.
    """
    if isinstance(content, str):
        return REASON.sub(r'"\1":"…"', content)
    if isinstance(content, dict):
        return {key: without_wording(value) for key, value in content.items()}
    if isinstance(content, tuple):
        return tuple(without_wording(value) for value in content)
    return content


def test_an_old_store_is_upgraded_and_nothing_of_it_is_lost(old, server, undisturbed, reliability):
    """After the upgrade of an old store every activity is readable, the next sync makes one
    request, a second rebuild changes nothing, and the store equals a new one.
    """
    with Host(
        old.home,
        old.url,
        secrets=KnownKey(server.url),
        clock=FakeClock(NOON),
        policy=Policy.personal(),
    ) as host:
        activities = [host.activities.get(str(row["number"])) for row in host.activities()]
        assert len(activities) == 4
        assert any(host.activities.streams(activity) for activity in activities)
        assert any(list(host.activities.original_files(activity)) for activity in activities)
        assert host.activities.get(OLD_ID).id in {activity.id for activity in activities}
        assert [row["count"] for row in host.records.stubs()] == [1]
        assert [row["external_id"] for row in host.records.quarantine()] == ["i99"]
        assert host.workspace.database.revision() == HEAD
        assert isinstance(list(host.sync())[-1], SyncFinished)
        assert len(server.requests) == 1
        # A newer plugin may derive more from the raw parts than the plugin that made the store.
        list(host.syncs.rebuild())
        before = natural(host)
        assert dict(list(host.syncs.rebuild())[-1].counts)["changed"] == 0
        assert natural(host) == before
        assert [
            check.name
            for check in host.upkeep.checks(offline=True, deep="all")
            if check.state == "broken"
        ] == []
        gone = lost(without_wording(before), without_wording(undisturbed))
    assert gone == 0
    reliability(
        "old stores",
        f"a store of an earlier format is opened ({old.kind})",
        lost=gone,
        seen="nothing: it is upgraded; then a sync makes one request and a rebuild changes nothing",
    )


def test_an_old_store_is_backed_up_without_an_upgrade(store, server, tmp_path, fitglue):
    """A backup of an old store does not upgrade it, and the restored store can be upgraded."""
    load(store, tmp_path, server.url)
    with Host(tmp_path, policy=Policy.personal()) as host:
        manifest = host.backups.make(tmp_path / "b.zip").manifest
    assert manifest.store_format == store.name.split("-")[1][:4]
    assert fitglue("backup", "restore", tmp_path / "b.zip", home=tmp_path / "other").code == 0
    with Host(tmp_path / "other", policy=Policy.personal()) as host:
        assert len(host.activities()) == 4


def test_every_released_format_has_a_store():
    """Each released format has a stored example, so a new migration needs a store of the format
    before it.
    """
    assert {file.name.split("-")[1][:4] for file in STORES} >= set(FORMATS) - {HEAD} | {"0001"}
    assert max(file.stat().st_size for file in STORES) < 60_000


def test_a_newer_store_is_refused_and_untouched(synced, fitglue, reliability):
    """No command changes a byte of a store of a newer format; each ends with exit code 7 and a
    fix.
    """
    file = synced / "fitglue.db"
    execute(
        file,
        "UPDATE alembic_version SET version_num = '9999'",
        "ALTER TABLE fg_records ADD COLUMN novelty TEXT",
    )
    before = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in synced.glob("fitglue.db*")
    }
    commands = (
        ["sync"],
        ["rebuild"],
        ["activities"],
        ["connections"],
        ["sql", "select 1"],
        ["quarantine"],
    )
    for command in commands:
        result = fitglue(*command, "--json")
        assert (result.code, result.error["code"]) == (7, "FG-store-newer"), command
        assert complete(result.error)
    assert fitglue("doctor", "--offline", "--deep").code == 7
    changed = int(
        {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in synced.glob("fitglue.db*")
        }
        != before
    )
    assert changed == 0
    assert sqlite3.connect(file).execute("SELECT version_num FROM alembic_version").fetchone() == (
        "9999",
    )
    reliability(
        "old stores",
        "a store of a newer format is opened",
        times=len(commands) + 1,
        lost=changed,
        seen="FG-store-newer, exit 7; no byte of it is changed",
    )

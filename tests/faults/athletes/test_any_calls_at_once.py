"""Any calls of several processes for the same athletes: they succeed, or say what to do."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from fitglue_registry import Host, Options
from fitglue_registry.errors import FitglueError, StoreFailed
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.tables import athletes
from tests.faults.files.conftest import gpx
from tests.sync.builders import finished

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTS = 4
SECONDS = 20.0


class Caller(threading.Thread):
    """A thread with a host of its own that makes random calls until ``ends``."""

    def __init__(self, host: Host, api_key: str, number: int, ends: float) -> None:
        super().__init__()
        self._host, self._api_key, self._ends = host, api_key, ends
        self._random = random.Random(number)
        self.done = 0
        self.refused: set[str] = set()
        self.bare: list[Exception] = []

    def run(self) -> None:
        while time.monotonic() < self._ends:
            call = self._random.choice(self._calls(self._random.choice(["ada", "bob"])))
            try:
                call()
                self.done += 1
            except StoreFailed as error:
                self.bare.append(error)
            except FitglueError as error:
                self.refused.add(error.code)
            except Exception as error:  # noqa: BLE001 - what the test looks for
                self.bare.append(error)

    def _calls(self, athlete: str) -> list[Callable[[], Any]]:
        host, key = self._host, {"api_key": self._api_key}
        content = gpx(self._random.randrange(5))
        zone = self._random.choice(["Europe/Zurich", "Europe/Vienna"])
        return [
            lambda: host.athletes.add(athlete, "hobbyist"),
            lambda: host.connect("intervals", key, athlete),
            lambda: host.connections.remove("intervals", athlete),
            lambda: list(host.sync(athlete=athlete, options=Options(streams=False))),
            lambda: list(host.syncs.rebuild(athlete=athlete)),
            lambda: list(host.imports.add_bytes("a.gpx", content, athlete)),
            lambda: host.settings.set_timezone(zone, athlete=athlete),
            lambda: host.settings.unset_timezone(athlete=athlete),
            lambda: host.decisions.same(self._pair(athlete), athlete),
            lambda: host.decisions.different(self._pair(athlete), athlete),
            lambda: host.decisions.edit(self._one(athlete), {"title": zone}, athlete=athlete),
            lambda: host.decisions.undo(athlete=athlete),
            lambda: host.overview(athlete),
        ]

    def _one(self, athlete: str) -> str:
        rows = self._host.activities(athlete=athlete)
        return str(self._random.choice(rows)["number"]) if rows else "1"

    def _pair(self, athlete: str) -> list[str]:
        return [self._one(athlete), self._one(athlete)]


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_any_calls_at_once_succeed_or_say_what_to_do(
    request, tmp_path, operated, service, kind, reliability
):
    """Random calls of several hosts for the same athletes raise no error of a database: no broken
    constraint, no deadlock.
    """
    url = f"sqlite:///{tmp_path / 'fitglue.db'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_url")
    secrets = MemorySecretStore()
    hosts = [Host(tmp_path / "home", url, secrets=secrets, policy=operated) for _ in range(HOSTS)]
    ends = time.monotonic() + SECONDS
    callers = [Caller(host, service.api_key, n, ends) for n, host in enumerate(hosts)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    hosts[0].connect("intervals", {"api_key": service.api_key}, "ada")
    for host in hosts:
        host.close()
    assert [error for caller in callers for error in caller.bare] == []
    done = sum(caller.done for caller in callers)
    assert done > 20
    reliability(
        "athletes",
        f"random calls of {HOSTS} hosts for two athletes, {kind}",
        times=done,
        lost=0,
        seen="each succeeds, or says what to do",
    )


@pytest.fixture
def shared(open_host, operated, service, postgres_url):
    """Return a host on PostgreSQL with a connection that was synced."""
    host = open_host(operated, database=postgres_url)
    host.connect("intervals", {"api_key": service.api_key})
    finished(host)
    return host


def is_locked(host: Host) -> bool:
    """Return whether a transaction holds the lock of the athlete."""
    row = sa.select(athletes.c.id).where(athletes.c.id == "me")
    with host.workspace.database.engine.connect() as connection:
        try:
            connection.execute(row.with_for_update(key_share=True, nowait=True))
        except sa.exc.OperationalError:
            return True
    return False


def test_a_transaction_locks_the_athlete_before_it_writes(shared, service, monkeypatch):
    """A transaction of a sync, and that of a removal, hold the lock of the athlete when they write
    their first row, so that two of them cannot wait for each other.
    """
    held = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith(("INSERT", "UPDATE", "DELETE")) and "fg_source" in statement:
            held.append(is_locked(shared))

    engine = shared.workspace.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    service.account.edit(service.account.ids()[0], name="renamed")
    finished(shared, full=True)
    shared.connections.remove("intervals")
    assert held
    assert all(held)


@pytest.mark.long
def test_the_lock_of_an_athlete_does_not_stop_new_rows(shared):
    """While one transaction holds the lock of an athlete, another can store a row that refers to
    the athlete, such as a setting.
    """
    with shared.workspace.database.write() as db:
        lock_athlete(db, "me")
        with shared.workspace.database.engine.begin() as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            other.exec_driver_sql(
                "INSERT INTO fg_athlete_settings (athlete_id, key, valid_from, value) "
                "VALUES ('me', 'key', '', 'value')"
            )


@pytest.mark.long
def test_a_deadlock_is_explained(shared, tmp_path):
    """If two transactions nevertheless wait for each other, the error says to try again."""
    database = shared.workspace.database
    meeting = threading.Barrier(2)
    raised = []

    def cross(first: str, second: str) -> None:
        try:
            with database.write() as db:
                db.execute(sa.insert(athletes).values(id=first, created_at="now"))
                meeting.wait(20)
                db.execute(sa.insert(athletes).values(id=second, created_at="now"))
        except StoreFailed as error:
            raised.append(error.code)

    threads = [threading.Thread(target=cross, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "FG-store-locked" in raised

"""Tests that a batch is stored with a number of SQL statements that does not grow with it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import date, timedelta

import psycopg
import pytest
import sqlalchemy as sa

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.plugins import consumer
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.fetching import ask_for_parts
from tests.sync.builders import finished

#: The large account still fits into one window, into one request for details, and into one batch of
#: records that are loaded to be normalized again.
FEW, MANY = 4, 25


class Statements(Counter):
    """How many times each statement was sent to the database; many rows at once count as one."""

    def driver(self, dialect, _record, _arguments, named):
        """Let a new connection of the driver count its statements."""
        counted = self

        class Cursor(sqlite3.Cursor if dialect.name == "sqlite" else psycopg.Cursor):
            def execute(self, statement, *arguments, **more):
                counted[statement] += 1
                return super().execute(statement, *arguments, **more)

            def executemany(self, statement, *arguments, **more):
                counted[statement] += 1
                return super().executemany(statement, *arguments, **more)

        class Connection(sqlite3.Connection):
            def cursor(self):
                return super().cursor(Cursor)

            def execute(self, *arguments):
                return self.cursor().execute(*arguments)

        if dialect.name == "sqlite":
            named["factory"] = Connection
        else:
            named["cursor_factory"] = Cursor

    def of(self, table):
        """Return how many statements write to a table."""
        return sum(
            times
            for text, times in self.items()
            if text.startswith((f"INSERT INTO {table} ", f"UPDATE {table} "))
        )


@pytest.fixture
def statements():
    """Yield the statements of all databases that are opened from now on."""
    counted = Statements()
    sa.event.listen(sa.Engine, "do_connect", counted.driver)
    yield counted
    sa.event.remove(sa.Engine, "do_connect", counted.driver)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def host_of(request, tmp_path, statements, clock):
    """Return a function that opens a host with an empty database of its own."""
    hosts = []

    def open_host(name):
        database = None
        if request.param == "postgresql":
            database = request.getfixturevalue("new_postgres_database")()
        host = Host(
            tmp_path / name,
            database=database,
            secrets=MemorySecretStore(),
            clock=clock,
            policy=Policy.personal(),
        )
        hosts.append(host)
        return host

    yield open_host
    for host in hosts:
        host.close()


def rows(number, **values):
    """Return a run on each of so many days, which no other one is near enough to resemble."""
    made = []
    for day in range(number):
        local = date(2026, 11, 20) - timedelta(days=day)
        row = {
            "id": f"i{day}",
            "name": f"Run {day}",
            "type": "Run",
            "start_date": f"{local}T06:00:00Z",
            "start_date_local": f"{local}T07:00:00",
            "elapsed_time": 3600,
            "distance": 9000.0 + day,
            **values,
        }
        made.append(row)
    return made


def spent(host, statements, account):
    """Return the statements of the syncs of an account: the first one, and one of edited rows."""
    with StandIn(account) as server:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        before = Statements(statements)
        finished(host, streams=False)
        first = Statements(statements - before)
        for external_id in account.ids():
            account.edit(external_id, name="Edited")
        before = Statements(statements)
        finished(host, streams=False)
        return first, Statements(statements - before)


def test_a_batch_of_workouts_takes_as_many_statements_as_a_few(host_of, statements):
    """The windows and details of 25 workouts are stored with no more statements than those of
    four, both when they are new and when all of them were edited.
    """
    few = spent(host_of("few"), statements, Account.from_rows(rows(FEW)))
    host = host_of("many")
    many = spent(host, statements, Account.from_rows(rows(MANY)))
    assert [each.total() for each in many] == [each.total() for each in few]
    assert many[0].of("fg_activities") < 5
    assert [row["title"] for row in host.activities()] == ["Edited"] * MANY


def test_each_batch_of_parts_takes_the_same_statements(host_of, statements, monkeypatch):
    """Parts that arrive one at a time are stored one at a time: the statements of each batch do not
    depend on its size, so there are more of them in all.
    """
    host = host_of("many")
    whole, _ = spent(host, statements, Account.from_rows(rows(12)))
    monkeypatch.setattr(ask_for_parts, "_MAX_BATCH", 3)
    monkeypatch.setattr(ask_for_parts, "_STORED_TOGETHER", 1)
    other = host_of("more")
    split, _ = spent(other, statements, Account.from_rows(rows(12)))
    assert split.of("fg_raw") - whole.of("fg_raw") == 3


def test_streams_that_arrive_together_are_stored_in_one_transaction(
    host_of, statements, monkeypatch
):
    """The streams of two workouts, which take a request each, take one transaction."""
    monkeypatch.setattr(consumer, "_SOON_S", 60.0)
    spent_on_streams = []
    for together in (1, 2):
        monkeypatch.setattr(ask_for_parts, "_STORED_TOGETHER", together)
        host = host_of(f"together-{together}")
        with StandIn(Account.generate(8, strava_stubs=0)) as server:
            host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
            before = Statements(statements)
            finished(host)
            stored = Statements(statements - before).of("fg_streams")
            with host.workspace.database.read() as db:
                recorded = db.scalar(sa.text("select count(*) from fg_streams"))
            spent_on_streams.append(stored / recorded)
    assert spent_on_streams == [1, pytest.approx(0.5, abs=0.1)]

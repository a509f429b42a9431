"""The scenarios: some work on a prepared store, together with the store that the work leaves if
nothing disturbs it.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import msgspec

from fitglue_garmin.testing import Account as GarminAccount
from fitglue_garmin.testing import StandIn as GarminStandIn
from fitglue_intervals.testing import Account, History, StandIn
from fitglue_registry.errors import AthleteNeeded, UserMistake
from fitglue_registry.store.blobs import sweep
from fitglue_registry.store.file_blobs import FileBlobStore
from fitglue_registry.sync.deriving.deriver import Deriver
from fitglue_registry.sync.options import Options
from tests.faults.kill.hosts import finish, open_host
from tests.sync.builders import native
from tests.sync.natural import natural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fitglue_registry import Host
    from tests.faults.kill.forks import Death, Forks


@dataclass(frozen=True)
class Place:
    """A home and the database that belongs to it; ``None`` means SQLite in the home."""

    home: Path
    database: str | None = None


class Places:
    """Creates, copies and removes homes on one kind of database."""

    def __init__(self, folder: Path, kind: str, new_database: Callable[..., str] | None) -> None:
        self.kind = kind
        self._folder, self._new_database, self._made = folder, new_database, 0

    def new(self, like: Place | None = None) -> Place:
        """Return an empty place, or a copy of a place that nobody has open."""
        self._made += 1
        home = self._folder / str(self._made)
        if like:
            shutil.copytree(like.home, home)
        database = (
            self._new_database(like=like.database if like else None) if self._new_database else None
        )
        return Place(home, database)

    def settled(self, place: Place) -> None:
        """Wait until the PostgreSQL server has noticed that its client is dead."""
        if place.database:
            ask_server(
                place.database,
                """DO $$ BEGIN
                WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = '%s') LOOP
                    PERFORM pg_sleep(0.002); PERFORM pg_stat_clear_snapshot();
                END LOOP; END $$""".replace("%s", name_of(place.database)),
            )

    def drop(self, place: Place) -> None:
        """Remove a place that is no longer needed."""
        shutil.rmtree(place.home, ignore_errors=True)
        if place.database:
            ask_server(place.database, f"DROP DATABASE {name_of(place.database)} WITH (FORCE)")


def name_of(url: str) -> str:
    """Return the name of the database in a URL."""
    return url.partition("?")[0].rpartition("/")[2]


def ask_server(url: str, statement: str) -> None:
    """Execute a statement on the same server while connected to its ``postgres`` database."""
    import psycopg

    with psycopg.connect(
        url.replace(f"/{name_of(url)}?", "/postgres?"), autocommit=True
    ) as connection:
        connection.execute(statement)


@dataclass
class Scenario:
    """A prepared place, the work that is killed, and the store that an undisturbed run of it
    leaves.
    """

    places: Places
    work: str
    again: Callable[[Host], None]
    options: dict[str, Any] = field(default_factory=dict)
    prepared: Place = field(init=False)
    expected: dict[str, Any] = field(init=False)
    undisturbed: Death = field(init=False)
    # The source of the connection that remains after the other one is removed.
    other: StandIn = field(init=False)

    def begin(
        self,
        forks: Forks,
        prepare: Callable[[Host], None],
        change: Callable[[], None] = lambda: None,
    ) -> Scenario:
        """Prepare the place, let ``change`` happen at the source, and run the work undisturbed on a
        copy.
        """
        self.prepared = self.places.new()
        with open_host(self.prepared.home, self.prepared.database) as host:
            prepare(host)
        change()
        place = self.places.new(like=self.prepared)
        self.undisturbed = self.run(forks, place)
        with open_host(place.home, place.database) as host:
            assert lasting_faults(host) == []
            self.expected = natural(host)
        self.places.drop(place)
        return self

    @property
    def points(self) -> list[str]:
        """The names of the points that an undisturbed run passes."""
        return self.undisturbed.points

    def run(self, forks: Forks, place: Place, **how: Any) -> Death:
        """Let a child do the work, and die as the keyword arguments say."""
        death = forks.run(self.work, place.home, place.database, **(self.options | how))
        self.places.settled(place)
        return death

    def lost_after(self, place: Place) -> int:
        """Do the work once more without any manual repair, and count the differences from an
        undisturbed run.
        """
        with open_host(place.home, place.database) as host:
            self.again(host)
            assert lasting_faults(host) == []
            return differences(self.expected, natural(host))

    def dangling(self, place: Place) -> list[str]:
        """Return the blobs and keys that the store names but does not have.

        A kill must leave none, because it is not certain that the work is ever repeated.
        """
        with open_host(place.home, place.database) as host:
            with host.workspace.database.read() as db:
                blobs = [
                    sha256
                    for sha256 in host.workspace.raws.used_blobs(db)
                    if not host.workspace.raws.blobs.has(sha256)
                ]
            return blobs + [
                connection.name
                for connection in host.connections.list()
                if not _opens(host, connection.secret_ref)
            ]

    def lost_when_killed(self, forks: Forks, **how: Any) -> tuple[Death, int]:
        """Kill one run on a fresh copy, and return how it died and how much is lost after the next
        run.
        """
        place = self.places.new(like=self.prepared)
        death = self.run(forks, place, **how)
        lost = self.lost_after(place)
        self.places.drop(place)
        return death, lost


def _opens(host: Host, reference: str | None) -> bool:
    try:
        return reference is None or bool(host.workspace.secrets.get(reference))
    except AthleteNeeded:
        return False


def differences(expected: dict[str, Any], actual: dict[str, Any]) -> int:
    """Return how many entries differ between two stores."""
    return sum(sum(1 for _ in _unequal(expected[name], actual[name])) for name in expected)


def _unequal(expected: Any, actual: Any) -> Iterator[Any]:
    if isinstance(expected, dict):
        yield from (
            key for key in expected.keys() | actual.keys() if expected.get(key) != actual.get(key)
        )
    elif isinstance(expected, list):
        yield from [row for row in expected if row not in actual]
        yield from [row for row in actual if row not in expected]
        if len(expected) != len(actual):
            yield len(actual)
    elif expected != actual:
        yield actual


def lasting_faults(host: Host) -> list[str]:
    """Return everything that is wrong with a store: in its database, references, blobs and keys,
    and leftover files.
    """
    faults = [
        f"doctor: {check.name}: {check.detail}"
        for check in host.upkeep.checks(offline=True)
        if check.state == "broken"
    ]
    with host.workspace.database.read() as db:
        used = host.workspace.raws.used_blobs(db)
        if host.workspace.database.dialect == "sqlite":
            faults += [
                str(row) for row in db.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"
            ]
            faults += [str(row) for row in db.exec_driver_sql("PRAGMA foreign_key_check")]
    blobs = FileBlobStore(host.home / "blobs")
    sweep(blobs, used, datetime.now(UTC) + timedelta(hours=1))
    if {blob.sha256 for blob in blobs.all()} != used:
        faults.append("the blobs are not those that rows name")
    for sha256 in used:
        blobs.get(sha256)
    for connection in host.connections.list():
        if connection.secret_ref:
            host.workspace.secrets.get(connection.secret_ref)
    left = list((host.home / "blobs").rglob(".unfinished-*"))
    return [*faults, f"left over: {left}"] if left else faults


# -- the scenarios ---------------------------------------------------------------------------------


class Sources:
    """The stand-in services of a session.

    Scenarios that change nothing at the source share one, because generating the streams of a
    workout is slow.
    """

    def __init__(self) -> None:
        self._started: dict[object, StandIn] = {}
        self._garmin: GarminStandIn | None = None

    def same(self, athlete: str = "i1", count: int = 6) -> StandIn:
        """Return a source that no test changes: a few workouts and a stub, identical for each
        athlete.
        """
        return self._start((athlete, count), athlete, count)

    def own(self, count: int = 6) -> StandIn:
        """Return a source that only one scenario uses, so it may change it."""
        return self._start(len(self._started), "i1", count)

    def garmin(self) -> GarminStandIn:
        """Return an account at Garmin that no test changes: a few workouts and a triathlon."""
        if self._garmin is None:
            self._garmin = GarminStandIn(GarminAccount.generate(5)).start()
            # Stores are compared byte for byte.
            self._garmin.packs_anew = False
        return self._garmin

    def _start(self, key: object, athlete: str, count: int) -> StandIn:
        if key not in self._started:
            history = History(count, seed=5, strava_stubs=1, distinct_streams=1)
            self._started[key] = StandIn(Account.from_history(history, athlete)).start()
        return self._started[key]

    def close(self) -> None:
        """Stop all servers."""
        for server in self._started.values():
            server.close()
        if self._garmin is not None:
            self._garmin.close()


@dataclass
class Workshop:
    """The things that a scenario is made with: the process that forks, homes on one kind of
    database, and sources.
    """

    forks: Forks
    places: Places
    sources: Sources

    def scenario(self, work: str, again: Callable[[Host], None], **options: Any) -> Scenario:
        """Return a scenario that is not prepared yet."""
        return Scenario(self.places, work, again, options)

    def warm_up(self) -> None:
        """Do every kind of work once in the process that forks, so that children spend no time on
        imports and caches and are killed during their work.
        """
        place = self.places.new()
        works: dict[str, dict[str, Any]] = {
            "connect": {"values": values_of(self.sources.same())},
            "sync": {"files": True},
            "rebuild": {},
            "disconnect": {"name": "intervals"},
        }
        for work, options in works.items():
            self.forks.run(work, place.home, place.database, here=True, **options)
        self.places.drop(place)


def values_of(server: StandIn) -> dict[str, str]:
    """Return the values that an athlete enters to connect to a stand-in."""
    return {"api_key": str(server.api_key), "base_url": server.url}


def connect(host: Host, *servers: StandIn) -> None:
    """Connect to these servers one after the other."""
    for server in servers:
        host.connect("intervals", values_of(server))


def sync(host: Host, *, files: bool = True) -> None:
    """Run a sync and assert that it finishes."""
    finish(host.sync(options=Options(files=files)))


def first_sync(workshop: Workshop) -> Scenario:
    """Return the scenario of a first sync of a connection, with original files."""
    server = workshop.sources.same()
    return workshop.scenario("sync", sync, files=True).begin(
        workshop.forks, lambda host: connect(host, server)
    )


def first_sync_of_garmin(workshop: Workshop) -> Scenario:
    """Return the scenario of a first sync of a connection whose requests need a token."""
    server = workshop.sources.garmin()
    values = {"api_key": str(server.api_key), "base_url": server.url}
    return workshop.scenario("sync", sync, files=True).begin(
        workshop.forks, lambda host: host.connect("garmin", values)
    )


def later_sync(workshop: Workshop) -> Scenario:
    """Return the scenario of a sync that finds an edited, a late, a deleted and a malformed
    workout, and a stub that became native.
    """
    server = workshop.sources.own()

    def prepare(host: Host) -> None:
        connect(host, server)
        sync(host)

    return workshop.scenario("sync", sync, files=True).begin(
        workshop.forks, prepare, lambda: change(server.account)
    )


def change(source: Account) -> None:
    """Make every kind of change at a source that the next sync has to find."""
    ids = native(source)
    source.edit(ids[0], name="Renamed")
    source.edit_intervals(next(activity for activity in ids if source.intervals(activity)[0]))
    source.delete(ids[2])
    source.add("2026-11-01T06:00:00", id="i900000001", created="2026-11-21T06:00:00+00:00")
    source.add_row(
        {
            "id": "i99",
            "start_date_local": "2026-11-18T10:00:00",
            "type": "Run",
            "moving_time": {"odd": 1},
        }
    )
    source.make_native(
        next(activity for activity in source.ids() if source.is_stub(activity)), keep_stub=True
    )


def two_connections(workshop: Workshop) -> Scenario:
    """Return the scenario of a first sync of two connections of one athlete that hold the same
    workouts.
    """
    servers = [workshop.sources.same(), workshop.sources.same("i2", 8)]
    scenario = workshop.scenario("sync", sync, files=True).begin(
        workshop.forks, lambda host: connect(host, *servers)
    )
    assert any(len(members) == 2 for members in scenario.expected["activities"])
    return scenario


def rebuild(workshop: Workshop) -> Scenario:
    """Return the scenario of a rebuild with an improved plugin, which changes each title and adds
    streams that the earlier one missed.
    """
    check = Deriver.check

    def worse(self: Deriver, *args: Any, **how: Any) -> Any:
        return [
            msgspec.structs.replace(activity, title="as it was", streams=())
            for activity in check(self, *args, **how)
        ]

    def prepare(host: Host) -> None:
        connect(host, workshop.sources.same())
        with patch.object(Deriver, "check", worse):
            sync(host)

    return workshop.scenario("rebuild", lambda host: finish(host.syncs.rebuild())).begin(
        workshop.forks, prepare
    )


def disconnect(workshop: Workshop) -> Scenario:
    """Return the scenario of removing one of two connections that hold the same workouts, where the
    removed one has files of its own.
    """
    servers = [workshop.sources.same("i2", 8), workshop.sources.same()]

    def prepare(host: Host) -> None:
        connect(host, *servers)
        sync(host)

    def again(host: Host) -> None:
        with suppress(UserMistake):  # the killed run had already removed it
            host.connections.remove("intervals")

    scenario = workshop.scenario("disconnect", again, name="intervals").begin(
        workshop.forks, prepare
    )
    scenario.other = servers[1]
    return scenario


def first_connect(workshop: Workshop) -> Scenario:
    """Return the scenario of the first connect in a home, which also creates the database and the
    key file.
    """
    server = workshop.sources.same()
    scenario = workshop.scenario(
        "connect", lambda host: connect(host, server), values=values_of(server)
    )
    return scenario.begin(workshop.forks, lambda host: host.home.mkdir(parents=True, exist_ok=True))


def renewed_connect(workshop: Workshop) -> Scenario:
    """Return the scenario of renewing the key of a connection."""
    server = workshop.sources.own()
    scenario = workshop.scenario(
        "connect",
        lambda host: connect(host, server),
        values={"api_key": "renewed-key", "base_url": server.url},
    )
    return scenario.begin(
        workshop.forks, lambda host: connect(host, server), lambda: server.set_key("renewed-key")
    )


SCENARIOS: dict[str, Callable[[Workshop], Scenario]] = {
    "a first sync": first_sync,
    "a first sync of Garmin": first_sync_of_garmin,
    "a later sync": later_sync,
    "a sync of two connections": two_connections,
    "a rebuild": rebuild,
    "the removal of a connection": disconnect,
    "a first connect": first_connect,
    "a connect with another key": renewed_connect,
}
